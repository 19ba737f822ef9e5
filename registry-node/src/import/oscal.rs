//! Requirements documents as OSCAL catalogues (JSON and XML).
//!
//! In scope: which requirements a catalogue names, which of them it calls withdrawn, and what it says of itself. Out of
//! scope: the text of the requirements (it stays in the attachment, under its publisher's terms) and every other OSCAL
//! model: a profile selects from catalogues and is refused until it is resolved into one.
//!
//! What counts as a requirement: every `control`, except one that merely heads others, i.e. that has controls below it
//! and no statement of its own. In SP 800-171 r3 that leaves each requirement once, not once as heading and once as
//! text; in SP 800-53 an enhancement counts beside its control, because both say something.

mod json;
mod xml;

use std::collections::BTreeSet;

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
    pub requirements: Vec<Requirement>,
    /// Controls that only head others.
    pub headings: usize,
}

/// One requirement, by identifier only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Its identifier in the catalogue.
    pub id: String,
    /// The catalogue's class for it: `subcategory`, `SP800-53-enhancement`.
    pub class: Option<String>,
    /// Whether it still binds.
    pub standing: Standing,
}

/// Whether a requirement binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It binds.
    InForce,
    /// It was withdrawn; `into` names what takes its place, as the catalogue writes it.
    Withdrawn {
        /// Identifiers that incorporate or address it.
        into: Vec<String>,
    },
}

impl Catalogue {
    /// Requirements that bind.
    pub fn in_force(&self) -> usize {
        self.requirements.len() - self.withdrawn()
    }

    /// Requirements that the catalogue calls withdrawn.
    pub fn withdrawn(&self) -> usize {
        self.requirements.iter().filter(|requirement| requirement.standing != Standing::InForce).count()
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
    /// The same identifier twice: requirements could no longer be told apart.
    #[error("the requirement {id:?} occurs twice")]
    Repeated {
        /// The identifier.
        id: String,
    },
    /// A catalogue without a requirement.
    #[error("the catalogue names no requirement")]
    Empty,
}

fn advice(model: &str) -> &'static str {
    match model {
        "profile" => ": resolve it first, and give the resolved catalogue",
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

/// What both syntaxes yield.
#[derive(Default)]
struct Draft {
    title: Option<String>,
    version: Option<String>,
    oscal_version: Option<String>,
    last_modified: Option<String>,
    controls: Vec<Control>,
}

/// A control with what decides whether it is a requirement.
#[derive(Default)]
struct Control {
    id: String,
    class: Option<String>,
    withdrawn: bool,
    into: Vec<String>,
    has_statement: bool,
    has_controls: bool,
}

impl Control {
    /// Takes a property; only the status of OSCAL itself counts, not one of somebody's own namespace.
    fn property(&mut self, name: &str, value: &str, namespace: Option<&str>) {
        let own = namespace.is_none_or(|ns| ns == "http://csrc.nist.gov/ns/oscal");
        if own && name == "status" && value.eq_ignore_ascii_case("withdrawn") {
            self.withdrawn = true;
        }
    }

    /// Takes a link; these say where a withdrawn requirement went.
    fn link(&mut self, relation: &str, target: &str) {
        if matches!(relation, "incorporated-into" | "incorporated_into" | "addressed_by" | "moved-to" | "moved_to") {
            self.into.push(target.trim_start_matches('#').to_owned());
        }
    }

    fn requirement(self) -> Option<Requirement> {
        let standing = match self.withdrawn {
            true => Standing::Withdrawn { into: self.into },
            false if self.has_controls && !self.has_statement => return None,
            false => Standing::InForce,
        };
        Some(Requirement { id: self.id, class: self.class, standing })
    }
}

impl Draft {
    fn control(&mut self, control: Control) -> Result<(), CatalogueError> {
        if self.controls.len() == CONTROLS_MAX {
            return Err(CatalogueError::TooManyControls { limit: CONTROLS_MAX });
        }
        self.controls.push(control);
        Ok(())
    }

    fn finish(self) -> Result<Catalogue, CatalogueError> {
        let total = self.controls.len();
        let mut ids = BTreeSet::new();
        if let Some(twice) = self.controls.iter().find(|control| !ids.insert(control.id.as_str())) {
            return Err(CatalogueError::Repeated { id: twice.id.clone() });
        }
        let requirements: Vec<_> = self.controls.into_iter().filter_map(Control::requirement).collect();
        if requirements.is_empty() {
            return Err(CatalogueError::Empty);
        }
        Ok(Catalogue {
            title: required(self.title, "title")?,
            version: required(self.version, "version")?,
            oscal_version: required(self.oscal_version, "oscal-version")?,
            last_modified: required(self.last_modified, "last-modified")?,
            headings: total - requirements.len(),
            requirements,
        })
    }
}

/// A member of the metadata, its white space (layout of the file) folded.
fn required(text: Option<String>, member: &'static str) -> Result<String, CatalogueError> {
    let folded = text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    folded.filter(|text| !text.is_empty()).ok_or(CatalogueError::Missing { member })
}

#[cfg(test)]
mod tests;
