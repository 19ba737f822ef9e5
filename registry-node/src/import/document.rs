//! Publishing a requirements document from its OSCAL catalogue, or from a framework of CISO Assistant.
//!
//! In scope: the statement and its attachment: an OSCAL catalogue byte for byte as published, of a framework its outline (see
//! `framework`). Out of scope: what the requirements say, and profiles, see `profile`.

use std::io::Read;
use std::sync::Arc;

use conformity::Digest;
use conformity::document::{Document, DocumentKind, Tailoring};
use conformity::ids::DocumentRef;
use conformity::statement::Claim;
use conformity::text::{Text, TextError};

use super::error::ImportError;
use super::framework::{self, FrameworkError};
use super::names;
use super::oscal::{self, CATALOGUE_MAX, Catalogue, CatalogueError};
use super::plan::{Holdings, Planned};
use super::source::read_bytes;

/// What the operator says of a document beyond what its catalogue does.
#[derive(Debug, Clone)]
pub struct DocumentOrder {
    /// Its id and version in this register.
    pub document: DocumentRef,
    /// Who publishes it.
    pub owner: Text<256>,
    /// Whether it can be certified against.
    pub kind: DocumentKind,
    /// Where it is published.
    pub source: Option<Text<1024>>,
    /// Its title, if not the catalogue's.
    pub title: Option<Text<256>>,
}

/// What an import of a document comes to. Nothing has happened yet.
#[derive(Debug)]
pub struct DocumentPlan {
    /// The statement to sign and submit; nothing when the register already holds this very document.
    pub claim: Option<Planned>,
    /// What the catalogue says.
    pub catalogue: Catalogue,
    /// The digest of the catalogue.
    pub digest: Digest,
}

/// Why a document cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The file could not be read, or is too large.
    #[error(transparent)]
    Source(#[from] ImportError),
    /// The file is no catalogue.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The file is no framework.
    #[error(transparent)]
    Framework(#[from] FrameworkError),
    /// The catalogue's title is none.
    #[error("the catalogue's title cannot be used ({0}): give one")]
    Title(TextError),
}

/// Plans the import of one catalogue.
///
/// # Errors
/// The file is no catalogue, or the register holds another document of this id and version.
pub fn document(
    source: impl Read,
    order: &DocumentOrder,
    holdings: &dyn Holdings,
) -> Result<DocumentPlan, DocumentError> {
    let bytes = read_bytes(source, CATALOGUE_MAX)?;
    let bytes = if is_oscal(&bytes) { bytes } else { framework::outline(&bytes)? };
    planned(bytes, order, Vec::new(), holdings)
}

/// JSON and XML begin with a character of their own; a framework is YAML.
fn is_oscal(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    text.is_empty() || text.starts_with(b"{") || text.starts_with(b"<")
}

/// Plans the publication of a catalogue, with what it keeps of others if it is a profile of them.
pub(super) fn planned(
    bytes: Vec<u8>,
    order: &DocumentOrder,
    tailors: Vec<Tailoring>,
    holdings: &dyn Holdings,
) -> Result<DocumentPlan, DocumentError> {
    let catalogue = oscal::read(&bytes)?;
    let digest = Digest::of(&bytes);
    let document = Arc::new(Document { tailors, ..described(order, &catalogue, digest)? });
    let claim = match holdings.document(&order.document) {
        Some(held) if held == document => None,
        Some(_) => {
            return Err(ImportError::HeldVersion { name: order.document.to_string() }.into());
        }
        None => Some(signable(document, bytes)?),
    };
    Ok(DocumentPlan { claim, catalogue, digest })
}

fn described(order: &DocumentOrder, catalogue: &Catalogue, digest: Digest) -> Result<Document, DocumentError> {
    let title = match &order.title {
        Some(title) => title.clone(),
        None => catalogue.title.parse().map_err(DocumentError::Title)?,
    };
    Ok(Document {
        document: order.document.clone(),
        title,
        owner: order.owner.clone(),
        kind: order.kind,
        requirements: u32::try_from(catalogue.in_force()).ok(),
        source: order.source.clone(),
        attachment: Some(digest),
        tailors: Vec::new(),
    })
}

fn signable(document: Arc<Document>, bytes: Vec<u8>) -> Result<Planned, ImportError> {
    let jti = names::statement("document", &document.document.to_string(), 0, &document);
    Ok(Planned {
        jti: jti.ok_or(ImportError::Internal { what: "a statement id" })?,
        claim: Claim::DocumentPublished(document),
        row: None,
        attachment: Some(bytes),
    })
}
