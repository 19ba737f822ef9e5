//! Requirements documents as OSCAL catalogues (JSON and XML).
//!
//! In scope: which requirements a catalogue names, which of them it calls withdrawn, and what it says of itself. Out of
//! scope: the text of the requirements (it stays in the attachment, under its publisher's terms) and every other OSCAL
//! model: a profile selects from catalogues, see `profile`, which resolves it into one.
//!
//! What counts as a requirement: every `control`, except one that merely heads others, i.e. that has controls below it
//! and no statement of its own. In SP 800-171 r3 that leaves each requirement once, not once as heading and once as
//! text; in SP 800-53 an enhancement counts beside its control, because both say something.
//!
//! A group whose id is a viewpoint says from where its requirements are assessed.

mod json;
mod number;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use number::token;

use conformity::catalogue::{self, Entry, NumberedTwice, Standing};
use conformity::ids::{NameError, RequirementId};
use conformity::viewpoint::Viewpoint;

/// The largest catalogue, in bytes: the ledger's limit for an attachment.
pub(crate) const CATALOGUE_MAX: u64 = 16 * 1024 * 1024;

/// Controls of one catalogue (SP 800-53 has 1,200).
const CONTROLS_MAX: usize = 50_000;

/// What a catalogue says of itself, and its requirements in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    /// Its title.
    pub title: String,
    /// The version its publisher gives.
    pub version: String,
    /// The version of OSCAL it follows.
    pub oscal_version: String,
    /// When it was last modified, as written.
    pub last_modified: String,
    /// Its requirements, headings left out.
    pub requirements: catalogue::Catalogue,
    /// Controls that only head others.
    pub headings: usize,
    /// Web addresses to which requirements refer, by the requirement's number.
    pub references: Vec<(RequirementId, Vec<String>)>,
    /// The words of the requirements, headings left out, in their order.
    pub wordings: Vec<(RequirementId, Wording)>,
    /// Parameters of requirements by their id.
    pub parameters: BTreeMap<String, Parameter>,
    /// The requirements that stand within one, at any depth, by its number.
    pub within: BTreeMap<RequirementId, Vec<RequirementId>>,
}

/// What a requirement is called and asks for, as its publisher words it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wording {
    /// Its title, in whatever languages the publisher gives it.
    pub title: String,
    /// What it asks for, in the catalogue's own language.
    pub text: String,
    /// The same in Japanese, where a statement of class `ja` gives it.
    pub japanese: String,
}

/// A parameter of a requirement: what whoever uses the catalogue can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Of which requirement.
    pub of: RequirementId,
    /// Whether the catalogue sets it already.
    pub is_set: bool,
}

impl Catalogue {
    /// Requirements that bind.
    pub fn in_force(&self) -> usize {
        self.requirements.in_force().count()
    }

    /// Requirements that the catalogue calls withdrawn.
    pub fn withdrawn(&self) -> usize {
        self.requirements.withdrawn().count()
    }
}

/// Why a file is not a catalogue that can be registered.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Neither JSON nor XML.
    #[error("the file is neither JSON nor XML: give an OSCAL catalogue in one of the two")]
    UnknownFormat,
    /// Not UTF-8.
    #[error("the file is not UTF-8 at byte {offset}: OSCAL files are UTF-8")]
    NotUtf8 {
        /// Where it stops being UTF-8.
        offset: usize,
    },
    /// Malformed JSON.
    #[error("not a readable OSCAL file: {0}")]
    Json(#[from] serde_json::Error),
    /// Malformed XML.
    #[error("not a readable OSCAL file: {0}")]
    Xml(#[from] quick_xml::Error),
    /// A document type declaration or a self-made entity.
    #[error("the file declares or uses its own entities ({what}): OSCAL needs none, and they are never expanded")]
    Entity {
        /// The entity or declaration.
        what: String,
    },
    /// Another model than a catalogue.
    #[error("the file is an OSCAL {model}, not a catalogue{}", advice(.model))]
    OtherModel {
        /// Its root.
        model: String,
    },
    /// No OSCAL model at all.
    #[error("the file has no OSCAL catalogue at its root")]
    NoModel,
    /// A member that every catalogue has.
    #[error("the catalogue has no {member}")]
    Missing {
        /// The member.
        member: &'static str,
    },
    /// Elements nested deeper than any catalogue.
    #[error("elements nest deeper than {limit}")]
    TooDeep {
        /// What is allowed.
        limit: usize,
    },
    /// More controls than any catalogue.
    #[error("the catalogue has more than {limit} controls")]
    TooManyControls {
        /// What is allowed.
        limit: usize,
    },
    /// The same requirement twice: they could no longer be told apart.
    #[error(transparent)]
    Repeated(#[from] NumberedTwice),
    /// The same identifier twice.
    #[error("the control {id:?} occurs twice")]
    RepeatedId {
        /// The identifier.
        id: String,
    },
    /// An identifier that no requirement can have.
    #[error("the control {id:?} has a name that cannot be used: {because}")]
    Name {
        /// The identifier, cut to 80 characters.
        id: String,
        /// Why.
        because: NameError,
    },
    /// A catalogue without a requirement.
    #[error("the catalogue names no requirement")]
    Empty,
}

fn advice(model: &str) -> &'static str {
    match model {
        "profile" => ": say --profile to resolve it",
        _ => "",
    }
}

/// Reads a catalogue in either syntax, told apart by its first character.
pub(super) fn read(bytes: &[u8]) -> Result<Catalogue, CatalogueError> {
    let text = std::str::from_utf8(bytes).map_err(|error| CatalogueError::NotUtf8 { offset: error.valid_up_to() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let draft = match text.trim_start().chars().next() {
        Some('{') => json::read(text)?,
        Some('<') => xml::read(text)?,
        _ => return Err(CatalogueError::UnknownFormat),
    };
    draft.finish()
}

/// A catalogue, from the attachment of a document's publication.
///
/// # Errors
/// It is no catalogue.
pub fn catalogue(attachment: &[u8]) -> Result<Catalogue, CatalogueError> {
    read(attachment)
}

/// The requirements of a document, from the attachment of its publication.
///
/// # Errors
/// It is no catalogue.
pub fn requirements(attachment: &[u8]) -> Result<catalogue::Catalogue, CatalogueError> {
    Ok(read(attachment)?.requirements)
}

/// The requirements of a document that bind, each with its words, from the attachment of its publication.
///
/// # Errors
/// It is no catalogue.
pub fn wordings(attachment: &[u8]) -> Result<Vec<(RequirementId, Wording)>, CatalogueError> {
    let Catalogue { requirements, wordings, .. } = read(attachment)?;
    let binding: BTreeSet<&RequirementId> = requirements.in_force().collect();
    Ok(wordings.into_iter().filter(|(number, _)| binding.contains(number)).collect())
}

/// What both syntaxes yield.
#[derive(Default)]
struct Draft {
    title: Option<String>,
    version: Option<String>,
    oscal_version: Option<String>,
    last_modified: Option<String>,
    /// Each stands after the one that it is part of.
    controls: Vec<Control>,
    /// Web addresses by the id of the resource that gives them.
    resources: BTreeMap<String, Vec<String>>,
}

/// A control with what decides whether it is a requirement.
#[derive(Default)]
struct Control {
    id: String,
    /// The position of the control that it is part of.
    within: Option<usize>,
    label: Option<String>,
    sort_id: Option<String>,
    withdrawn: bool,
    into: Vec<String>,
    /// Ids of resources that it refers to.
    references: Vec<String>,
    /// Its parameters, and whether each is set.
    parameters: Vec<(String, bool)>,
    /// The viewpoint after which a group around it is named.
    viewpoint: Option<Viewpoint>,
    has_statement: bool,
    wording: Wording,
    /// How many controls are part of it.
    parts: usize,
}

impl Control {
    /// Takes a property; only those of OSCAL itself count, not one of somebody's own namespace.
    fn property(&mut self, name: &str, value: &str, namespace: Option<&str>, class: Option<&str>) {
        if namespace.is_some_and(|ns| ns != "http://csrc.nist.gov/ns/oscal") {
            return;
        }
        match name {
            "status" if value.eq_ignore_ascii_case("withdrawn") => self.withdrawn = true,
            "label" if class.is_none() => self.label = Some(value.to_owned()),
            "sort-id" => self.sort_id = Some(value.to_owned()),
            _ => {}
        }
    }

    /// Takes a link; these say where a withdrawn requirement went, and what a requirement refers to.
    fn link(&mut self, relation: &str, target: &str) {
        let target = target.trim_start_matches('#').to_owned();
        match relation {
            "incorporated-into" | "incorporated_into" | "addressed_by" | "moved-to" | "moved_to" => {
                self.into.push(target);
            }
            "reference" => self.references.push(target),
            _ => {}
        }
    }

    /// Whether it merely heads others.
    fn is_heading(&self) -> bool {
        !self.withdrawn && self.parts > 0 && !self.has_statement
    }

    fn standing(&self) -> Standing {
        match self.withdrawn {
            true => Standing::Withdrawn { into: self.into.iter().filter_map(|name| name.parse().ok()).collect() },
            false => Standing::InForce,
        }
    }
}

impl Draft {
    fn control(&mut self, control: Control) -> Result<usize, CatalogueError> {
        if self.controls.len() == CONTROLS_MAX {
            return Err(CatalogueError::TooManyControls { limit: CONTROLS_MAX });
        }
        if let Some(whole) = control.within.and_then(|position| self.controls.get_mut(position)) {
            whole.parts += 1;
        }
        self.controls.push(control);
        Ok(self.controls.len() - 1)
    }

    fn finish(self) -> Result<Catalogue, CatalogueError> {
        let mut ids = BTreeSet::new();
        if let Some(twice) = self.controls.iter().find(|control| !ids.insert(control.id.as_str())) {
            return Err(CatalogueError::RepeatedId { id: twice.id.clone() });
        }
        let (mut entries, mut references, mut wordings) = (Vec::new(), Vec::new(), Vec::new());
        let mut parameters = BTreeMap::new();
        let mut numbers: Vec<Option<RequirementId>> = vec![None; self.controls.len()];
        for (place, control) in self.controls.iter().enumerate().filter(|(_, control)| !control.is_heading()) {
            let heading = self.heading_of(control);
            let entry: Entry = number::entry(control, heading)?;
            numbers[place] = Some(entry.number.clone());
            let referred = self.referred(control).chain(heading.into_iter().flat_map(|heading| self.referred(heading)));
            references.push((entry.number.clone(), referred.collect()));
            let title = heading.unwrap_or(control).wording.title.clone();
            wordings.push((entry.number.clone(), Wording { title, ..control.wording.clone() }));
            for (id, is_set) in [Some(control), heading].into_iter().flatten().flat_map(|control| &control.parameters) {
                parameters.insert(id.clone(), Parameter { of: entry.number.clone(), is_set: *is_set });
            }
            entries.push(entry);
        }
        if entries.is_empty() {
            return Err(CatalogueError::Empty);
        }
        let (headings, within) = (self.controls.len() - entries.len(), self.within(&numbers));
        Ok(Catalogue {
            title: required(self.title, "title")?,
            version: required(self.version, "version")?,
            oscal_version: required(self.oscal_version, "oscal-version")?,
            last_modified: required(self.last_modified, "last-modified")?,
            headings,
            requirements: catalogue::Catalogue::new(entries)?,
            references,
            wordings,
            parameters,
            within,
        })
    }

    /// The requirements within each, `numbers` being those of the controls.
    fn within(&self, numbers: &[Option<RequirementId>]) -> BTreeMap<RequirementId, Vec<RequirementId>> {
        let mut within: BTreeMap<RequirementId, Vec<RequirementId>> = BTreeMap::new();
        for (control, number) in self.controls.iter().zip(numbers) {
            let Some(number) = number else { continue };
            // Each stands after the one that it is part of, so this ends.
            let mut around = control.within;
            while let Some(place) = around {
                if let Some(whole) = &numbers[place] {
                    within.entry(whole.clone()).or_default().push(number.clone());
                }
                around = self.controls[place].within;
            }
        }
        within
    }

    /// The heading of which a control is the only part: both are one requirement.
    fn heading_of(&self, control: &Control) -> Option<&Control> {
        let heading = self.controls.get(control.within?)?;
        (heading.is_heading() && heading.parts == 1).then_some(heading)
    }

    fn referred(&self, control: &Control) -> impl Iterator<Item = String> {
        control.references.iter().filter_map(|id| self.resources.get(id)).flatten().cloned()
    }
}

/// A member of the metadata, its white space (layout of the file) folded.
fn required(text: Option<String>, member: &'static str) -> Result<String, CatalogueError> {
    let folded = text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    folded.filter(|text| !text.is_empty()).ok_or(CatalogueError::Missing { member })
}

#[cfg(test)]
mod tests;
