//! Crosswalks as OSCAL mapping-collections (JSON), as others publish them and as we attach them.
//!
//! ```text
//! {"mapping-collection": {"uuid", "metadata": {"title", "last-modified", "version", "oscal-version"}, "provenance": {…},
//!   "mappings": [{"uuid", "source-resource": {"type": "catalog", "href"}, "target-resource": {…},
//!     "maps": [{"uuid", "relationship", "sources": [{"type": "control", "id-ref"}], "targets": […]}]}]}}
//! ```
//!
//! Source: OSCAL 1.2.0, control mapping model. Members that say nothing about a relation (properties, links, remarks,
//! confidence) are passed over. `relationship` is read as a word, and as an object with `type`, as drafts wrote it.
//!
//! In an attachment there is one mapping, and `href` is the address of the document in the registry: `/v1/documents/{id}@{version}`.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Crosswalk, Map, Relation, Unsound};
use crate::digest::named_uuid;
use crate::ids::{CrosswalkRef, DocumentRef, NameError, RequirementId};
use crate::strict::{self, Breach, Limits};
use crate::text::Text;
use crate::time::Day;

/// The largest mapping-collection, in bytes: the ledger's limit for an attachment.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What a mapping-collection may have.
const LIMITS: Limits = Limits { bytes: MAX_BYTES, depth: 24, null: false };

/// The version of OSCAL that is written.
const OSCAL_VERSION: &str = "1.2.0";

/// Where the documents of an attachment are found.
const DOCUMENTS: &str = "/v1/documents/";

/// Why bytes are no crosswalk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Too large, too deep, or not JSON.
    #[error(transparent)]
    Breach(#[from] Breach),
    /// Another shape than a mapping-collection has.
    #[error("not an OSCAL mapping-collection: {because}")]
    Shape {
        /// Where and why, cut to 300 characters.
        because: String,
    },
    /// A requirement whose name cannot be one.
    #[error("map {position}: {error}")]
    Name {
        /// Counted from 1, through the whole collection.
        position: usize,
        /// Why.
        error: NameError,
    },
    /// A relation that OSCAL does not define.
    #[error(
        "map {position}: {word:?} is no relation that OSCAL defines: use equal-to, equivalent-to, subset-of, superset-of, intersects-with or no-relationship"
    )]
    Relation {
        /// Counted from 1.
        position: usize,
        /// The word, cut to 80 characters.
        word: String,
    },
    /// A map that can be none.
    #[error("map {position}: {error}")]
    Map {
        /// Counted from 1.
        position: usize,
        /// Why.
        error: Unsound,
    },
    /// More than one mapping, or none.
    #[error("a crosswalk holds one mapping between two documents; this file has {count}")]
    Mappings {
        /// How many.
        count: usize,
    },
    /// A resource that is no document of a registry.
    #[error("{href:?} is not the address of a document: write {DOCUMENTS}{{id}}@{{version}}")]
    Resource {
        /// The address, cut to 80 characters.
        href: String,
    },
    /// The maps contradict one another.
    #[error(transparent)]
    Unsound(#[from] Unsound),
}

/// What is said of a crosswalk beside its maps.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Its name.
    pub crosswalk: &'a CrosswalkRef,
    /// Its title.
    pub title: &'a Text<256>,
    /// The day on which its owner issued it.
    pub issued: Day,
}

/// All maps of a file, by the resources between which they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// The title of the file.
    pub title: String,
    /// Its mappings, in the file's order.
    pub mappings: Vec<Mapping>,
}

/// Maps from one resource to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The address of the source, as written.
    pub source: String,
    /// The address of the target.
    pub target: String,
    /// Its maps, in the file's order.
    pub maps: Vec<Map>,
}

impl Collection {
    /// Reads what anybody published.
    ///
    /// # Errors
    /// The first thing that cannot be read.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        strict::check(bytes, LIMITS)?;
        let file: FileWire = serde_json::from_slice(bytes).map_err(|error| shape(&error))?;
        let mut position = 0;
        let mut mappings = Vec::with_capacity(file.collection.mappings.len().min(16));
        for mapping in file.collection.mappings {
            let maps = mapping.maps.into_iter().map(|wire| {
                position += 1;
                wire.map(position)
            });
            mappings.push(Mapping {
                maps: maps.collect::<Result<_, _>>()?,
                source: mapping.source.href,
                target: mapping.target.href,
            });
        }
        Ok(Self { title: file.collection.metadata.title, mappings })
    }
}

impl Crosswalk {
    /// Reads an attachment.
    ///
    /// # Errors
    /// It is no mapping-collection of one mapping between two documents, or its maps are unsound.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        let mappings = Collection::read(bytes)?.mappings;
        let count = mappings.len();
        let [mapping] = <[Mapping; 1]>::try_from(mappings).map_err(|_| ReadError::Mappings { count })?;
        Ok(Self::new(document(&mapping.source)?, document(&mapping.target)?, mapping.maps)?)
    }

    /// Writes it as an attachment: the same bytes for the same maps, so that a second import changes nothing.
    ///
    /// # Errors
    /// JSON cannot be written, which no crosswalk is known to cause.
    pub fn write(&self, about: About<'_>) -> serde_json::Result<Vec<u8>> {
        let stamp = format!("{}/{}/{}", about.crosswalk, self.source(), self.target());
        let resource = |document| ResourceWire { kind: "catalog".to_owned(), href: format!("{DOCUMENTS}{document}") };
        let maps = self.maps().iter().enumerate();
        let file = FileOut {
            collection: CollectionOut {
                uuid: uuid(&stamp, "collection"),
                metadata: MetadataOut {
                    title: about.title.as_str(),
                    last_modified: format!("{}T00:00:00Z", about.issued),
                    version: about.crosswalk.version.as_str(),
                    oscal_version: OSCAL_VERSION,
                },
                provenance: ProvenanceOut { method: "human", matching_rationale: "semantic", status: "complete" },
                mappings: [MappingOut {
                    uuid: uuid(&stamp, "mapping"),
                    source: resource(self.source()),
                    target: resource(self.target()),
                    maps: maps.map(|(position, map)| MapOut::of(map, &stamp, position)).collect(),
                }],
            },
        };
        serde_json::to_vec(&file)
    }
}

fn document(href: &str) -> Result<DocumentRef, ReadError> {
    let wrong = || ReadError::Resource { href: href.chars().take(80).collect() };
    DocumentRef::from_str(href.strip_prefix(DOCUMENTS).ok_or_else(wrong)?).map_err(|_| wrong())
}

fn shape(error: &serde_json::Error) -> ReadError {
    ReadError::Shape { because: error.to_string().chars().take(300).collect() }
}

fn uuid(stamp: &str, what: &str) -> String {
    named_uuid(&format!("secure-trust-registry crosswalk {stamp} {what}"))
}

#[derive(Deserialize)]
struct FileWire {
    #[serde(rename = "mapping-collection")]
    collection: CollectionWire,
}

#[derive(Deserialize)]
struct CollectionWire {
    metadata: MetadataWire,
    mappings: Vec<MappingWire>,
}

#[derive(Deserialize)]
struct MetadataWire {
    title: String,
}

#[derive(Deserialize)]
struct MappingWire {
    #[serde(rename = "source-resource")]
    source: ResourceWire,
    #[serde(rename = "target-resource")]
    target: ResourceWire,
    maps: Vec<MapWire>,
}

#[derive(Serialize, Deserialize)]
struct ResourceWire {
    #[serde(rename = "type")]
    kind: String,
    href: String,
}

#[derive(Deserialize)]
struct MapWire {
    relationship: RelationshipWire,
    sources: Vec<ItemWire>,
    targets: Vec<ItemWire>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RelationshipWire {
    Word(String),
    Qualified {
        #[serde(rename = "type")]
        word: String,
        #[serde(default)]
        ns: Option<String>,
    },
}

impl RelationshipWire {
    /// Relations of other namespaces mean what only their owner knows.
    const NAMESPACE: &str = "http://csrc.nist.gov/ns/oscal";

    fn relation(self, position: usize) -> Result<Relation, ReadError> {
        let word = match self {
            Self::Word(word) => word,
            Self::Qualified { word, ns: None } => word,
            Self::Qualified { word, ns: Some(ns) } if ns == Self::NAMESPACE => word,
            Self::Qualified { word, ns: Some(ns) } => format!("{ns}#{word}"),
        };
        let known = Relation::ALL.into_iter().find(|relation| relation.as_str() == word);
        known.ok_or_else(|| ReadError::Relation { position, word: word.chars().take(80).collect() })
    }
}

#[derive(Deserialize)]
struct ItemWire {
    #[serde(rename = "id-ref")]
    id_ref: String,
}

impl MapWire {
    fn map(self, position: usize) -> Result<Map, ReadError> {
        let relation = self.relationship.relation(position)?;
        let names = |items: Vec<ItemWire>| {
            let names = items.into_iter().map(|item| item.id_ref.parse());
            names.collect::<Result<Vec<RequirementId>, _>>().map_err(|error| ReadError::Name { position, error })
        };
        let map = Map::new(names(self.sources)?, names(self.targets)?, relation);
        map.map_err(|error| ReadError::Map { position, error })
    }
}

#[derive(Serialize)]
struct FileOut<'a> {
    #[serde(rename = "mapping-collection")]
    collection: CollectionOut<'a>,
}

#[derive(Serialize)]
struct CollectionOut<'a> {
    uuid: String,
    metadata: MetadataOut<'a>,
    provenance: ProvenanceOut,
    mappings: [MappingOut<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct MetadataOut<'a> {
    title: &'a str,
    last_modified: String,
    version: &'a str,
    oscal_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ProvenanceOut {
    method: &'static str,
    matching_rationale: &'static str,
    status: &'static str,
}

#[derive(Serialize)]
struct MappingOut<'a> {
    uuid: String,
    #[serde(rename = "source-resource")]
    source: ResourceWire,
    #[serde(rename = "target-resource")]
    target: ResourceWire,
    maps: Vec<MapOut<'a>>,
}

#[derive(Serialize)]
struct MapOut<'a> {
    uuid: String,
    relationship: Relation,
    sources: Vec<ItemOut<'a>>,
    targets: Vec<ItemOut<'a>>,
}

#[derive(Serialize)]
struct ItemOut<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "id-ref")]
    id_ref: &'a str,
}

impl<'a> MapOut<'a> {
    fn of(map: &'a Map, stamp: &str, position: usize) -> Self {
        let items = |side: &'a [RequirementId]| {
            side.iter().map(|requirement| ItemOut { kind: "control", id_ref: requirement.as_str() }).collect()
        };
        Self {
            uuid: uuid(stamp, &position.to_string()),
            relationship: map.relation(),
            sources: items(map.sources()),
            targets: items(map.targets()),
        }
    }
}
