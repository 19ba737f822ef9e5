//! Publishing a crosswalk from what others made.
//!
//! ```text
//! file ──reader──▶ mappings (both directions) ──one direction, each map once──▶ Crosswalk ──▶ one statement, maps attached as OSCAL
//! ```
//!
//! In scope: reading the files, names that the documents' catalogues know, and an account of every row. Out of scope: what follows
//! from a crosswalk, see [`conformity::coverage`].

mod ciso;
mod references;

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use conformity::Digest;
use conformity::catalogue::Catalogue;
use conformity::crosswalk::{About, Collection, Crosswalk, MAX_BYTES, Map, Mapping, Publication, ReadError, Unsound};
use conformity::ids::{CrosswalkRef, DocumentRef, NameError, RequirementId};
use conformity::statement::Claim;
use conformity::text::{Text, TextError};
use conformity::time::Day;

use super::error::ImportError;
use super::names;
use super::oscal::CatalogueError;
use super::plan::{Holdings, Planned};
use super::source::read_bytes;

/// What becomes of maps that name a requirement which the document's catalogue does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The import is refused.
    Refuse,
    /// They are left out, and counted.
    LeaveOut,
}

/// What the operator says of a crosswalk beyond what its file does.
#[derive(Debug, Clone)]
pub struct CrosswalkOrder {
    /// Its id and version in this register.
    pub crosswalk: CrosswalkRef,
    /// The document that the file calls the source.
    pub source: DocumentRef,
    /// The document that the file calls the target.
    pub target: DocumentRef,
    /// Who made it.
    pub owner: Text<256>,
    /// The day on which its owner issued it.
    pub issued: Day,
    /// Where it is published.
    pub url: Option<Text<1024>>,
    /// Its title, if not the file's.
    pub title: Option<Text<256>>,
    /// Read the references of an OSCAL catalogue whose address contains this.
    pub references: Option<String>,
    /// What becomes of maps that name what no catalogue has.
    pub unknown: Unknown,
}

/// What an import of a crosswalk comes to. Nothing has happened yet.
#[derive(Debug)]
pub struct CrosswalkPlan {
    /// The statement to sign and submit; nothing when the register already holds this very crosswalk.
    pub claim: Option<Planned>,
    /// The crosswalk.
    pub crosswalk: Crosswalk,
    /// Maps in the file.
    pub rows: usize,
    /// Maps that say again what another said, mostly in the other direction.
    pub repeated: usize,
    /// Maps left out for what they name.
    pub left_out: usize,
    /// Names that the catalogue of their document does not have.
    pub unknown: BTreeSet<RequirementId>,
}

/// Why a crosswalk cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum CrosswalkError {
    /// The file could not be read, or is too large.
    #[error(transparent)]
    Source(#[from] ImportError),
    /// The file is no mapping-collection.
    #[error(transparent)]
    Oscal(#[from] ReadError),
    /// The file is no YAML of the shape that is known.
    #[error("not a crosswalk of CISO Assistant: {because}")]
    Yaml {
        /// Where and why.
        because: String,
    },
    /// A row of the YAML file.
    #[error("mapping {row}: {because}")]
    Row {
        /// Counted from 1, through the whole file.
        row: usize,
        /// Why.
        because: RowFault,
    },
    /// The file is no catalogue.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// No reference of the catalogue leads there.
    #[error(
        "no requirement of the catalogue refers to an address that contains {mark:?} and names a requirement as element=…"
    )]
    NoReference {
        /// What was looked for.
        mark: String,
    },
    /// Mappings between more than two resources.
    #[error("the file maps {one} and {other}: a crosswalk joins two documents, so split the file")]
    Resources {
        /// One pair.
        one: String,
        /// Another.
        other: String,
    },
    /// The maps contradict one another.
    #[error("the maps cannot all be true: {0}")]
    Unsound(#[from] Unsound),
    /// Names that no catalogue has.
    #[error(
        "{count} requirements are not in the catalogue of their document, {first} among them: check the documents, or leave the maps that name them out (--leave-out-unknown)"
    )]
    Unknown {
        /// How many.
        count: usize,
        /// The first.
        first: RequirementId,
    },
    /// A title that can be none.
    #[error("the title of the file cannot be used ({0}): give one")]
    Title(TextError),
}

/// Why a row of a YAML file is no map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// A word that is no relation.
    #[error("{0:?} is no relation: equal, subset, superset, intersect or not_related")]
    Relation(String),
    /// An address of a requirement that names none.
    #[error("{0:?} is not the address of a requirement of its framework")]
    Address(String),
    /// A name that no requirement can have.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A map that can be none.
    #[error(transparent)]
    Map(#[from] Unsound),
}

/// Plans the import of one crosswalk. `catalogues` are those of the documents, as far as they have one.
///
/// # Errors
/// The file holds no crosswalk between the two documents, or the register holds another of this id and version.
pub fn crosswalk(
    source: impl Read,
    order: &CrosswalkOrder,
    catalogues: &[(DocumentRef, Arc<Catalogue>)],
    holdings: &dyn Holdings,
) -> Result<CrosswalkPlan, CrosswalkError> {
    let bytes = read_bytes(source, MAX_BYTES as u64)?;
    let collection = read(&bytes, order)?;
    let rows = collection.mappings.iter().map(|mapping| mapping.maps.len()).sum();
    let mut named = Named::of(order, catalogues);
    let maps = named.known(one_direction(collection.mappings)?);
    let (kept, left_out) = (maps.len(), rows - maps.len());
    if let (Unknown::Refuse, Some(first)) = (order.unknown, named.unknown.first()) {
        return Err(CrosswalkError::Unknown { count: named.unknown.len(), first: first.clone() });
    }
    let once: BTreeSet<Map> = maps.into_iter().collect();
    let repeated = kept - once.len();
    let crosswalk = Crosswalk::new(order.source.clone(), order.target.clone(), once.into_iter().collect())?;
    let title = match &order.title {
        Some(title) => title.clone(),
        None => collection.title.parse().map_err(CrosswalkError::Title)?,
    };
    let claim = planned(order, title, &crosswalk, holdings)?;
    Ok(CrosswalkPlan { claim, crosswalk, rows, repeated, left_out, unknown: named.unknown })
}

/// Told apart by what was ordered and by the first character.
fn read(bytes: &[u8], order: &CrosswalkOrder) -> Result<Collection, CrosswalkError> {
    match &order.references {
        Some(mark) => references::read(bytes, mark),
        None if bytes.trim_ascii_start().starts_with(b"{") => Ok(Collection::read(bytes)?),
        None => ciso::read(bytes),
    }
}

/// All maps told from the source of the first mapping.
fn one_direction(mappings: Vec<Mapping>) -> Result<Vec<Map>, CrosswalkError> {
    let Some(first) = mappings.first() else { return Err(Unsound::Empty.into()) };
    let (source, target) = (first.source.clone(), first.target.clone());
    let mut maps = Vec::new();
    for mapping in mappings {
        if (&mapping.source, &mapping.target) == (&source, &target) {
            maps.extend(mapping.maps);
        } else if (&mapping.target, &mapping.source) == (&source, &target) {
            maps.extend(mapping.maps.into_iter().map(Map::reversed));
        } else {
            let pair = |one, other| format!("{one} to {other}");
            let (one, other) = (pair(&source, &target), pair(&mapping.source, &mapping.target));
            return Err(CrosswalkError::Resources { one, other });
        }
    }
    Ok(maps)
}

/// Requirements by the numbers that their documents give them.
struct Named<'a> {
    source: Option<&'a Catalogue>,
    target: Option<&'a Catalogue>,
    unknown: BTreeSet<RequirementId>,
}

impl<'a> Named<'a> {
    fn of(order: &CrosswalkOrder, catalogues: &'a [(DocumentRef, Arc<Catalogue>)]) -> Self {
        let of = |document| catalogues.iter().find(|(of, _)| of == document).map(|(_, catalogue)| &**catalogue);
        Self { source: of(&order.source), target: of(&order.target), unknown: BTreeSet::new() }
    }

    /// The maps whose requirements all are known. Two names of one requirement in one map are no map any more.
    fn known(&mut self, maps: Vec<Map>) -> Vec<Map> {
        maps.into_iter().filter_map(|map| self.numbered(&map)).collect()
    }

    fn numbered(&mut self, map: &Map) -> Option<Map> {
        let sources = side(self.source, map.sources(), &mut self.unknown);
        let targets = side(self.target, map.targets(), &mut self.unknown);
        Map::new(sources?, targets?, map.relation()).ok()
    }
}

fn side(
    catalogue: Option<&Catalogue>,
    names: &[RequirementId],
    unknown: &mut BTreeSet<RequirementId>,
) -> Option<Vec<RequirementId>> {
    let Some(catalogue) = catalogue else { return Some(names.to_vec()) };
    let numbers: Vec<_> = names.iter().filter_map(|name| catalogue.number(name).cloned()).collect();
    unknown.extend(names.iter().filter(|name| catalogue.number(name).is_none()).cloned());
    (numbers.len() == names.len()).then_some(numbers)
}

/// What there is to sign and submit for a crosswalk; nothing where the register holds it already.
pub(super) fn planned(
    order: &CrosswalkOrder,
    title: Text<256>,
    crosswalk: &Crosswalk,
    holdings: &dyn Holdings,
) -> Result<Option<Planned>, CrosswalkError> {
    let about = About { crosswalk: &order.crosswalk, title: &title, issued: order.issued };
    let internal = |what| ImportError::Internal { what };
    let bytes = crosswalk.write(about).map_err(|_| internal("the attachment"))?;
    let publication = Arc::new(Publication {
        crosswalk: order.crosswalk.clone(),
        owner: order.owner.clone(),
        source: order.source.clone(),
        target: order.target.clone(),
        maps: u32::try_from(crosswalk.maps().len()).map_err(|_| internal("a number of maps"))?,
        issued: order.issued,
        url: order.url.clone(),
        attachment: Digest::of(&bytes),
        title,
    });
    match holdings.crosswalk(&order.crosswalk) {
        Some(held) if held == publication => return Ok(None),
        Some(_) => return Err(ImportError::HeldVersion { name: order.crosswalk.to_string() }.into()),
        None => {}
    }
    let jti = names::statement("crosswalk", &order.crosswalk.to_string(), 0, &publication);
    Ok(Some(Planned {
        jti: jti.ok_or(internal("a statement id"))?,
        claim: Claim::CrosswalkPublished(publication),
        row: None,
        attachment: Some(bytes),
    }))
}
