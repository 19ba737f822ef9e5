//! OSCAL catalogues in JSON. The parser's own limit of nesting bounds the recursion.

use conformity::viewpoint::Viewpoint;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{CatalogueError, Control, Draft, Wording};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Root {
    catalog: Option<Catalog>,
    profile: Option<IgnoredAny>,
    component_definition: Option<IgnoredAny>,
    system_security_plan: Option<IgnoredAny>,
    assessment_plan: Option<IgnoredAny>,
    assessment_results: Option<IgnoredAny>,
    plan_of_action_and_milestones: Option<IgnoredAny>,
    mapping_collection: Option<IgnoredAny>,
}

impl Root {
    fn other_model(&self) -> Option<&'static str> {
        [
            (self.profile.is_some(), "profile"),
            (self.component_definition.is_some(), "component-definition"),
            (self.system_security_plan.is_some(), "system-security-plan"),
            (self.assessment_plan.is_some(), "assessment-plan"),
            (self.assessment_results.is_some(), "assessment-results"),
            (self.plan_of_action_and_milestones.is_some(), "plan-of-action-and-milestones"),
            (self.mapping_collection.is_some(), "mapping-collection"),
        ]
        .into_iter()
        .find_map(|(present, name)| present.then_some(name))
    }
}

#[derive(Deserialize)]
struct Catalog {
    metadata: Metadata,
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    controls: Vec<JsonControl>,
    #[serde(rename = "back-matter")]
    back_matter: Option<BackMatter>,
}

#[derive(Deserialize)]
struct BackMatter {
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    uuid: String,
    #[serde(default)]
    rlinks: Vec<RemoteLink>,
}

#[derive(Deserialize)]
struct RemoteLink {
    href: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    title: Option<String>,
    version: Option<String>,
    oscal_version: Option<String>,
    last_modified: Option<String>,
}

#[derive(Deserialize)]
struct Group {
    id: Option<String>,
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    controls: Vec<JsonControl>,
}

#[derive(Deserialize)]
struct JsonControl {
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    props: Vec<Prop>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    params: Vec<Param>,
    #[serde(default)]
    controls: Vec<JsonControl>,
}

#[derive(Deserialize)]
struct Param {
    id: String,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Deserialize)]
struct Prop {
    name: String,
    value: String,
    ns: Option<String>,
    class: Option<String>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
    rel: Option<String>,
}

#[derive(Deserialize)]
struct Part {
    name: Option<String>,
    class: Option<String>,
    prose: Option<String>,
    #[serde(default)]
    parts: Vec<Part>,
}

impl Part {
    fn says_something(&self) -> bool {
        self.prose.as_ref().is_some_and(|prose| !prose.trim().is_empty()) || self.parts.iter().any(Part::says_something)
    }

    /// All of it, a line for each part.
    fn write(&self, words: &mut String) {
        if let Some(prose) = self.prose.as_deref().map(str::trim).filter(|prose| !prose.is_empty()) {
            if !words.is_empty() {
                words.push('\n');
            }
            words.push_str(prose);
        }
        self.parts.iter().for_each(|part| part.write(words));
    }
}

pub(super) fn read(text: &str) -> Result<Draft, CatalogueError> {
    let root: Root = serde_json::from_str(text)?;
    let other = root.other_model();
    let Some(catalog) = root.catalog else {
        return Err(match other {
            Some(model) => CatalogueError::OtherModel { model: model.to_owned() },
            None => CatalogueError::NoModel,
        });
    };
    let mut draft = Draft {
        title: catalog.metadata.title,
        version: catalog.metadata.version,
        oscal_version: catalog.metadata.oscal_version,
        last_modified: catalog.metadata.last_modified,
        ..Draft::default()
    };
    for resource in catalog.back_matter.into_iter().flat_map(|matter| matter.resources) {
        draft.resources.insert(resource.uuid, resource.rlinks.into_iter().map(|link| link.href).collect());
    }
    controls(catalog.controls, Place::default(), &mut draft)?;
    groups(catalog.groups, Place::default(), &mut draft)?;
    Ok(draft)
}

/// Where controls stand.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The control of which they are part.
    within: Option<usize>,
    /// The viewpoint after which a group around them is named.
    viewpoint: Option<Viewpoint>,
}

fn groups(found: Vec<Group>, around: Place, draft: &mut Draft) -> Result<(), CatalogueError> {
    for group in found {
        let viewpoint = group.id.and_then(|id| id.parse().ok()).or(around.viewpoint);
        let place = Place { viewpoint, ..around };
        controls(group.controls, place, draft)?;
        groups(group.groups, place, draft)?;
    }
    Ok(())
}

fn controls(found: Vec<JsonControl>, place: Place, draft: &mut Draft) -> Result<(), CatalogueError> {
    let Place { within, viewpoint } = place;
    for control in found {
        let position = draft.control(Control { within, viewpoint, ..shape(&control) })?;
        controls(control.controls, Place { within: Some(position), viewpoint }, draft)?;
    }
    Ok(())
}

fn shape(control: &JsonControl) -> Control {
    let mut wording = Wording { title: control.title.clone(), ..Wording::default() };
    for part in control.parts.iter().filter(|part| part.name.as_deref() == Some("statement")) {
        part.write(if part.class.as_deref() == Some("ja") { &mut wording.japanese } else { &mut wording.text });
    }
    let mut shaped = Control {
        wording,
        id: control.id.clone(),
        has_statement: control
            .parts
            .iter()
            .any(|part| part.name.as_deref() == Some("statement") && part.says_something()),
        ..Control::default()
    };
    for prop in &control.props {
        shaped.property(&prop.name, &prop.value, prop.ns.as_deref(), prop.class.as_deref());
    }
    shaped.parameters = control.params.iter().map(|param| (param.id.clone(), !param.values.is_empty())).collect();
    for link in &control.links {
        shaped.link(link.rel.as_deref().unwrap_or_default(), &link.href);
    }
    shaped
}
