//! OSCAL profiles (JSON or YAML): documents that tailor others, by a sector or for a baseline.
//!
//! ```text
//! profile ──read──▶ Profile ──resolve(catalogues of what it tailors)──▶ one document, and a crosswalk to each of those
//!
//!   kept as it is          equal-to         added to, or a parameter set that was open    superset-of: it asks for more
//!   something removed      subset-of        both, or a parameter set otherwise            intersects-with
//!   left out               no map           from another catalogue (added)                no map to this one
//! ```
//!
//! So a verdict under the profile counts for what it tailors exactly as far as the profile keeps it, by the rules that hold for every
//! crosswalk. In scope: selecting, leaving out, altering, setting parameters, and the reasons. Out of scope: texts, which stay with what
//! is tailored: the resolved document has numbers, and what the profile itself adds.

mod outline;
mod resolve;
mod wire;

use std::io::Read;

use conformity::crosswalk::Unsound;
use conformity::document::Tailoring;
use conformity::ids::{CrosswalkRef, DocumentRef, NameError, RequirementId};
use conformity::text::TextError;
use conformity::time::Day;

use super::crosswalk::{CrosswalkError, CrosswalkOrder, Unknown, planned as planned_crosswalk};
use super::document::{DocumentError, DocumentOrder, DocumentPlan, planned as planned_document};
use super::error::ImportError;
use super::oscal::{CATALOGUE_MAX, Catalogue};
use super::plan::{Holdings, Planned};
use super::source::read_bytes;

use resolve::{Resolved, resolve};

/// The namespace of the properties by which a profile gives its reasons.
const NAMESPACE: &str = "urn:secure-trust-registry:ns:oscal";

/// Documents that one profile tailors.
const IMPORTS_MAX: usize = 16;

/// What one profile names: controls, parameters, alterations, reasons.
const NAMES_MAX: usize = 50_000;

/// What an import of a profile comes to. Nothing has happened yet.
#[derive(Debug)]
pub struct ProfilePlan {
    /// The resolved document.
    pub document: DocumentPlan,
    /// A crosswalk to each document that it tailors, with the statement to sign unless the register holds it.
    pub crosswalks: Vec<(CrosswalkRef, Option<Planned>)>,
    /// What it keeps of each.
    pub tailors: Vec<Tailoring>,
    /// Requirements that it leaves out or changes by name without saying why.
    pub without_reason: Vec<RequirementId>,
}

/// Why a profile cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file could not be read, or is too large.
    #[error(transparent)]
    Source(#[from] ImportError),
    /// No profile, or of another shape.
    #[error("not an OSCAL profile (JSON): {0}")]
    Json(#[from] serde_json::Error),
    /// The same in YAML.
    #[error("neither an OSCAL profile in JSON nor one in YAML: {because}")]
    Yaml {
        /// Where and why.
        because: String,
    },
    /// More of something than a profile may have.
    #[error("the profile has {count} {what}; at most {limit} are read")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// What is read.
        limit: usize,
    },
    /// It tailors nothing.
    #[error("the profile imports nothing")]
    NoImport,
    /// An import whose address is no document of a registry.
    #[error(
        "the profile imports {href:?}: write /v1/documents/{{id}}@{{version}}, or say which document that is (--tailors)"
    )]
    Address {
        /// The address, cut to 80 characters.
        href: String,
    },
    /// It imports the document that is made of it.
    #[error("the profile imports {document}, which is to be made of it")]
    ImportsItself {
        /// The document.
        document: DocumentRef,
    },
    /// It imports a document twice.
    #[error("the profile imports {document} twice: name all that it takes of it in one import")]
    ImportedTwice {
        /// The document.
        document: DocumentRef,
    },
    /// A document without a catalogue.
    #[error("{document} is not published here with a catalogue: import it first")]
    NoCatalogue {
        /// The document.
        document: DocumentRef,
    },
    /// A way of selecting that is not read.
    #[error("the profile selects controls by {what}, which is not read: name each control in with-ids")]
    Selection {
        /// How.
        what: String,
    },
    /// A pattern that nothing fits.
    #[error("no requirement of {document} in force fits the pattern {pattern:?}")]
    FitsNothing {
        /// In which document.
        document: DocumentRef,
        /// The pattern.
        pattern: String,
    },
    /// A name that no requirement can have.
    #[error("{id:?} is no name of a requirement: {because}")]
    Name {
        /// The name, cut to 80 characters.
        id: String,
        /// Why.
        because: NameError,
    },
    /// It selects or leaves out what is not there.
    #[error("{document} has no requirement {} in force{}", first(.missing), whole_catalogue(.missing))]
    NotThere {
        /// In which document.
        document: DocumentRef,
        /// What; at least one.
        missing: Vec<RequirementId>,
    },
    /// It leaves out what it did not select.
    #[error("the profile leaves out {requirement}, which it does not select")]
    NotSelected {
        /// What.
        requirement: RequirementId,
    },
    /// It alters what it did not select.
    #[error("the profile alters {requirement}, which it does not select")]
    AltersOther {
        /// What.
        requirement: RequirementId,
    },
    /// It alters a requirement twice.
    #[error("the profile alters {requirement} twice: write one alteration")]
    AlteredTwice {
        /// What.
        requirement: RequirementId,
    },
    /// It sets a parameter that no selected requirement has.
    #[error("no requirement that the profile selects has the parameter {parameter:?}")]
    NoParameter {
        /// Its id, cut to 80 characters.
        parameter: String,
    },
    /// It sets a parameter twice.
    #[error("the profile sets the parameter {parameter:?} twice")]
    SetTwice {
        /// Its id, cut to 80 characters.
        parameter: String,
    },
    /// A reason for something that it does not do.
    #[error("the profile gives a reason for {requirement}, which it neither leaves out nor changes")]
    IdleReason {
        /// What.
        requirement: RequirementId,
    },
    /// It keeps nothing of a document.
    #[error("the profile keeps nothing of {document}: leave the import out")]
    KeepsNothing {
        /// The document.
        document: DocumentRef,
    },
    /// Two documents have a requirement of one number.
    #[error("two of the documents have a requirement {requirement}: a profile can take one of them")]
    OneNumber {
        /// The number.
        requirement: RequirementId,
    },
    /// It does not say when it was last modified.
    #[error("the profile's last-modified is no day: {0:?}")]
    Day(String),
    /// A name or title that is too long.
    #[error("a crosswalk to what the profile tailors cannot be named ({0}): give the document a shorter id")]
    Long(NameError),
    /// The same of a title.
    #[error("the title cannot be used ({0}): give a shorter one")]
    Title(TextError),
    /// The resolved document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A crosswalk to what it tailors.
    #[error(transparent)]
    Crosswalk(#[from] CrosswalkError),
    /// The same.
    #[error(transparent)]
    Unsound(#[from] Unsound),
}

/// Names that a message lists.
const SHOWN: usize = 8;

fn first(missing: &[RequirementId]) -> String {
    let shown: Vec<&str> = missing.iter().take(SHOWN).map(RequirementId::as_str).collect();
    match missing.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Where much is missing, the document was made of a baseline, as a rule.
fn whole_catalogue(missing: &[RequirementId]) -> &'static str {
    if missing.len() > SHOWN { ": import the whole catalogue, not one resolved for another baseline" } else { "" }
}

/// A profile that was read, with the documents that it means.
#[derive(Debug)]
pub struct Profile {
    body: wire::Body,
    documents: Vec<DocumentRef>,
}

impl Profile {
    /// Reads a profile. `tailors` is the document that an import with an address of somebody else means.
    ///
    /// # Errors
    /// The file is no profile, or it is not clear what it tailors.
    pub fn read(source: impl Read, tailors: Option<&DocumentRef>) -> Result<Self, ProfileError> {
        let bytes = read_bytes(source, CATALOGUE_MAX)?;
        let body = wire::read(&bytes)?;
        let mut documents: Vec<DocumentRef> = Vec::with_capacity(body.imports.len());
        for import in &body.imports {
            let document = import.document(tailors)?;
            if documents.contains(&document) {
                return Err(ProfileError::ImportedTwice { document });
            }
            documents.push(document);
        }
        Ok(Self { body, documents })
    }

    /// The documents that it tailors, in its order.
    pub fn documents(&self) -> &[DocumentRef] {
        &self.documents
    }

    /// Plans what is published of it, by the catalogues of what it tailors.
    ///
    /// # Errors
    /// It does something that its catalogues do not allow, or the register holds another document of this id and version.
    pub fn plan(
        &self,
        order: &DocumentOrder,
        catalogues: &[(DocumentRef, Catalogue)],
        holdings: &dyn Holdings,
    ) -> Result<ProfilePlan, ProfileError> {
        if self.documents.contains(&order.document) {
            return Err(ProfileError::ImportsItself { document: order.document.clone() });
        }
        let issued = self.body.day()?;
        let resolved = resolve(&self.body, &self.documents, catalogues)?;
        let bytes = outline::write(&self.body, order, &resolved)?;
        let tailors: Vec<Tailoring> = resolved.bases.iter().map(resolve::Base::tailoring).collect();
        let document = planned_document(bytes, order, tailors.clone(), holdings)?;
        let crosswalks = resolved.bases.iter().map(|base| crosswalk(base, order, issued, holdings));
        let crosswalks = crosswalks.collect::<Result<_, _>>()?;
        Ok(ProfilePlan { document, crosswalks, tailors, without_reason: without_reason(resolved) })
    }
}

fn without_reason(resolved: Resolved) -> Vec<RequirementId> {
    let named = resolved.bases.into_iter().flat_map(|base| base.named);
    named.filter(|number| !resolved.reasons.contains_key(number)).collect()
}

/// The crosswalk from a profile to one of the documents that it tailors. Each version of a profile has its own, so that a later one
/// does not take the place of what verdicts under an earlier one rest on.
fn crosswalk(
    base: &resolve::Base,
    order: &DocumentOrder,
    issued: Day,
    holdings: &dyn Holdings,
) -> Result<(CrosswalkRef, Option<Planned>), ProfileError> {
    let (of, to) = (&order.document, &base.document);
    let name = format!("{}-{}-to-{}-{}@1", of.id, of.version, to.id, to.version);
    let title = format!("What {of} keeps of {to}").parse().map_err(ProfileError::Title)?;
    let name: CrosswalkRef = name.parse().map_err(ProfileError::Long)?;
    let walk = CrosswalkOrder {
        crosswalk: name.clone(),
        source: of.clone(),
        target: to.clone(),
        owner: order.owner.clone(),
        issued,
        url: None,
        title: None,
        references: None,
        unknown: Unknown::Refuse,
    };
    Ok((name, planned_crosswalk(&walk, title, &base.crosswalk(of)?, holdings)?))
}
