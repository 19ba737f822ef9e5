//! What attachments say of requirements: catalogues of documents and maps of crosswalks, read once and kept.
//!
//! A copy: both are attachments in the log. Out of scope: what follows from them (`conformity::coverage`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use conformity::catalogue::Catalogue;
use conformity::crosswalk::{Crosswalk, CrosswalkRecord, Map};
use conformity::digest::Digest;
use conformity::document::Document;
use conformity::ids::{CrosswalkId, CrosswalkRef, DocumentRef, RequirementId};
use conformity::records::DocumentRecord;
use ledger::digest::Digest as LogDigest;
use ledger::log::LogReader;

use crate::import::requirements;

/// Catalogues and crosswalks that are kept read. A registry has some tens of them; with more, some are read again.
const KEPT: usize = 256;

/// The attachments that were read.
#[derive(Debug, Default)]
pub struct Requirements {
    catalogues: Mutex<HashMap<Digest, Arc<Catalogue>>>,
    crosswalks: Mutex<HashMap<Digest, Arc<Crosswalk>>>,
}

impl Requirements {
    /// The catalogue of a document; nothing where none is attached, or what is attached is no catalogue.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn catalogue(&self, log: &LogReader, document: &Document) -> anyhow::Result<Option<Arc<Catalogue>>> {
        let Some(digest) = document.attachment else { return Ok(None) };
        kept(&self.catalogues, log, digest, |bytes| requirements(bytes).ok())
    }

    /// The maps of a crosswalk. The rules read them before it was taken.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn crosswalk(&self, log: &LogReader, record: &CrosswalkRecord) -> anyhow::Result<Option<Arc<Crosswalk>>> {
        kept(&self.crosswalks, log, record.publication.attachment, |bytes| Crosswalk::read(bytes).ok())
    }
}

/// The first requirement that maps name and that the catalogue of its document does not have, as far as catalogues rest in the log; nothing where
/// the maps cannot be read, which the rules refuse.
///
/// # Errors
/// The log cannot be read.
pub fn invented(
    log: &LogReader,
    documents: &[Arc<DocumentRecord>],
    maps: &[u8],
) -> anyhow::Result<Option<(DocumentRef, RequirementId)>> {
    let Ok(crosswalk) = Crosswalk::read(maps) else { return Ok(None) };
    let sides: [(&DocumentRef, fn(&Map) -> &[RequirementId]); 2] =
        [(crosswalk.source(), Map::sources), (crosswalk.target(), Map::targets)];
    for (name, side) in sides {
        let Some(record) = documents.iter().find(|record| record.document.document == *name) else { continue };
        let Some(catalogue) = Requirements::default().catalogue(log, &record.document)? else { continue };
        let unknown = |requirement: &&RequirementId| catalogue.number(requirement).is_none();
        if let Some(requirement) = crosswalk.maps().iter().flat_map(side).find(unknown) {
            return Ok(Some((name.clone(), requirement.clone())));
        }
    }
    Ok(None)
}

fn kept<T>(
    shelf: &Mutex<HashMap<Digest, Arc<T>>>,
    log: &LogReader,
    digest: Digest,
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> anyhow::Result<Option<Arc<T>>> {
    // Nothing under this lock leaves it half changed.
    if let Some(known) = shelf.lock().unwrap_or_else(PoisonError::into_inner).get(&digest) {
        return Ok(Some(Arc::clone(known)));
    }
    let Some(bytes) = log.attachment(&LogDigest::from_bytes(*digest.as_bytes()))? else { return Ok(None) };
    let Some(value) = read(&bytes).map(Arc::new) else { return Ok(None) };
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    if shelf.len() >= KEPT {
        shelf.clear();
    }
    shelf.insert(digest, Arc::clone(&value));
    Ok(Some(value))
}

/// Of each crosswalk the version that was published last.
pub fn newest(records: impl Iterator<Item = Arc<CrosswalkRecord>>) -> Vec<(CrosswalkRef, Arc<CrosswalkRecord>)> {
    let mut newest: HashMap<CrosswalkId, Arc<CrosswalkRecord>> = HashMap::new();
    for record in records {
        let known = newest.entry(record.publication.crosswalk.id.clone()).or_insert_with(|| Arc::clone(&record));
        if known.published.index < record.published.index {
            *known = record;
        }
    }
    let mut newest: Vec<_> =
        newest.into_values().map(|record| (record.publication.crosswalk.clone(), record)).collect();
    newest.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    newest
}
