//! OSCAL profiles as they are written, in JSON or YAML, bounded.
//!
//! ```text
//! {"profile": {"metadata": {"title", "last-modified", "version", "props"?: [{"name", "ns", "value", "remarks"}]},
//!   "imports": [{"href", "include-all"? | "include-controls"?: [select], "exclude-controls"?: [select]}],
//!     select: {"with-ids"?, "with-child-controls"?: "yes" | "no", "matching"?: [{"pattern"}]}
//!   "modify"?: {"set-parameters"?: [{"param-id", …}], "alters"?: [{"control-id", "removes"?, "adds"?: [{"parts", "props", …}]}]}}}
//! ```
//!
//! Reasons are properties of the metadata in our namespace, `reason`, whose value is the requirement and whose remarks say why: OSCAL
//! has no place for remarks where a control is left out.

use conformity::ids::{DocumentRef, RequirementId};
use conformity::time::Day;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{IMPORTS_MAX, NAMES_MAX, NAMESPACE, ProfileError};
use crate::import::yaml;

/// Where the documents of a registry are found.
const DOCUMENTS: &str = "/v1/documents/";

#[derive(Deserialize)]
struct File {
    profile: Body,
}

#[derive(Debug, Deserialize)]
pub(super) struct Body {
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) imports: Vec<Import>,
    #[serde(default)]
    pub(super) modify: Modify,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    pub(super) title: String,
    pub(super) last_modified: String,
    pub(super) version: String,
    #[serde(default)]
    props: Vec<Property>,
    #[serde(default)]
    pub(super) remarks: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Property {
    name: String,
    value: String,
    ns: Option<String>,
    remarks: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Import {
    href: String,
    include_controls: Option<Vec<Select>>,
    #[serde(default)]
    exclude_controls: Vec<Select>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Select {
    with_child_controls: Option<String>,
    #[serde(default)]
    with_ids: Vec<String>,
    #[serde(default)]
    matching: Vec<Matching>,
}

#[derive(Debug, Deserialize)]
struct Matching {
    pattern: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Modify {
    pub(super) set_parameters: Vec<SetParameter>,
    pub(super) alters: Vec<Alter>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SetParameter {
    pub(super) param_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Alter {
    control_id: String,
    #[serde(default)]
    removes: Vec<IgnoredAny>,
    #[serde(default)]
    adds: Vec<Add>,
}

#[derive(Debug, Deserialize)]
struct Add {
    title: Option<IgnoredAny>,
    #[serde(default)]
    params: Vec<IgnoredAny>,
    #[serde(default)]
    parts: Vec<Value>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Body, ProfileError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let File { profile: body } = match bytes.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice(bytes)?,
        _ => yaml::read(bytes).map_err(|because| ProfileError::Yaml { because })?,
    };
    let selects = || {
        body.imports.iter().flat_map(|import| import.include_controls.iter().flatten().chain(&import.exclude_controls))
    };
    let Modify { set_parameters, alters } = &body.modify;
    let names = selects().map(|select| select.with_ids.len() + select.matching.len()).sum::<usize>()
        + set_parameters.len()
        + alters.len()
        + body.metadata.props.len();
    for (what, count, limit) in [("imports", body.imports.len(), IMPORTS_MAX), ("names", names, NAMES_MAX)] {
        if count > limit {
            return Err(ProfileError::TooMany { what, count, limit });
        }
    }
    if body.imports.is_empty() {
        return Err(ProfileError::NoImport);
    }
    selects().try_for_each(Select::is_read)?;
    Ok(body)
}

impl Select {
    /// Whether all that it says is read: nothing of a selection may be passed over.
    fn is_read(&self) -> Result<(), ProfileError> {
        let word = self.with_child_controls.as_deref().unwrap_or("no");
        if !["yes", "no"].contains(&word) {
            return Err(ProfileError::Selection { what: format!("with-child-controls: {}", cut(word)) });
        }
        match self.matching.iter().find(|one| one.pattern.len() > PATTERN_MAX) {
            Some(long) => Err(ProfileError::Selection { what: format!("the pattern {}", cut(&long.pattern)) }),
            None => Ok(()),
        }
    }

    /// The controls that it names.
    pub(super) fn ids(&self) -> impl Iterator<Item = Result<RequirementId, ProfileError>> {
        self.with_ids.iter().map(|id| named(id))
    }

    /// Whether what is within each comes with it.
    pub(super) fn takes_parts(&self) -> bool {
        self.with_child_controls.as_deref() == Some("yes")
    }

    /// Patterns of names, in which `*` stands for any characters and `?` for one.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &str> {
        self.matching.iter().map(|one| one.pattern.as_str())
    }
}

/// Most bytes of a pattern.
const PATTERN_MAX: usize = 80;

/// Whether a name fits a pattern, in time that grows with the product of their lengths.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let name = name.as_bytes();
    // Whether what was read of the pattern fits the first bytes of the name, by how many.
    let mut fits: Vec<bool> = std::iter::once(true).chain(std::iter::repeat_n(false, name.len())).collect();
    for wanted in pattern.bytes() {
        let before = fits.clone();
        fits[0] = before[0] && wanted == b'*';
        for end in 1..fits.len() {
            fits[end] = match wanted {
                b'*' => before[end] || fits[end - 1],
                b'?' => before[end - 1],
                _ => before[end - 1] && wanted == name[end - 1],
            };
        }
    }
    fits.last().copied().unwrap_or(false)
}

impl Body {
    /// The day on which it was last modified.
    pub(super) fn day(&self) -> Result<Day, ProfileError> {
        let text: String = self.metadata.last_modified.chars().take(10).collect();
        text.parse().map_err(|_| ProfileError::Day(text.clone()))
    }

    /// What it gives a reason for, and which.
    pub(super) fn reasons(&self) -> impl Iterator<Item = Result<(RequirementId, &str), ProfileError>> {
        let ours = |property: &&Property| property.name == "reason" && property.ns.as_deref() == Some(NAMESPACE);
        self.metadata
            .props
            .iter()
            .filter(ours)
            .map(|property| Ok((named(&property.value)?, property.remarks.as_deref().unwrap_or_default())))
    }
}

impl Import {
    /// The document that its address means.
    pub(super) fn document(&self, other: Option<&DocumentRef>) -> Result<DocumentRef, ProfileError> {
        let ours = self.href.strip_prefix(DOCUMENTS).and_then(|name| name.parse().ok());
        let wrong = || ProfileError::Address { href: self.href.chars().take(80).collect() };
        ours.or_else(|| other.cloned()).ok_or_else(wrong)
    }

    /// What it selects; nothing where it takes all that is in force.
    pub(super) fn included(&self) -> Option<&[Select]> {
        self.include_controls.as_deref()
    }

    /// What it leaves out of that.
    pub(super) fn excluded(&self) -> &[Select] {
        &self.exclude_controls
    }
}

fn named(id: &str) -> Result<RequirementId, ProfileError> {
    id.parse().map_err(|because| ProfileError::Name { id: cut(id), because })
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

impl Alter {
    /// What it alters.
    pub(super) fn control(&self) -> Result<RequirementId, ProfileError> {
        named(&self.control_id)
    }

    /// Whether it takes something away. What is removed is not looked at: it may have been asked for.
    pub(super) const fn takes_away(&self) -> bool {
        !self.removes.is_empty()
    }

    /// Whether it may ask for something: properties, links and guidance do not.
    pub(super) fn asks_for_more(&self) -> bool {
        let guides = |part: &Value| matches!(part["name"].as_str(), Some("guidance" | "overview" | "example"));
        self.adds.iter().any(|add| add.title.is_some() || !add.params.is_empty() || !add.parts.iter().all(guides))
    }

    /// The parts that it adds.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Value> {
        self.adds.iter().flat_map(|add| &add.parts)
    }
}
