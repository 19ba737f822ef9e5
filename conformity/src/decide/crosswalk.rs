//! Crosswalks. What is published was read: maps that contradict themselves stand in no log.

use std::sync::Arc;

use super::case::Case;
use crate::crosswalk::{Corrected, Crosswalk, CrosswalkRecord, Publication};
use crate::digest::Digest;
use crate::ids::DocumentRef;
use crate::records::{Facts, Record, View};
use crate::refusal::Refusal;

impl<F: Facts> Case<'_, F> {
    pub(super) fn crosswalk_published(&self, publication: &Arc<Publication>) -> Result<Vec<Record>, Refusal> {
        self.registry_only()?;
        if self.facts.crosswalk(&publication.crosswalk).is_some() {
            return Err(Refusal::CrosswalkExists { crosswalk: publication.crosswalk.clone() });
        }
        for document in [&publication.source, &publication.target] {
            if self.facts.document(document).is_none() {
                return Err(Refusal::UnknownDocument { document: document.clone() });
            }
        }
        let carried = match self.place.attachment {
            Some(maps) => {
                let crosswalk = fits(publication, maps).map_err(|because| Refusal::CrosswalkUnreadable { because })?;
                Some(crosswalk.carried())
            }
            // Whoever follows this log gets the maps when they are asked for.
            None if self.facts.view() == View::Part => None,
            None => return Err(Refusal::CrosswalkMissing { digest: publication.attachment }),
        };
        let before = self.facts.newest_crosswalk(&publication.crosswalk.id);
        if let Some(before) = &before {
            self.room_for_correction([&before.publication.source, &publication.source])?;
        }
        Ok(vec![Record::Crosswalk(Arc::new(CrosswalkRecord {
            publication: Arc::clone(publication),
            published: self.moment(),
            by: self.iss().clone(),
            corrects: before.map(|before| Corrected {
                crosswalk: before.publication.crosswalk.clone(),
                source: before.publication.source.clone(),
            }),
            carried,
        }))])
    }

    /// Refuses one correction more of what leads from a document: every verdict under a scheme that assesses it is told of each, and shows
    /// that for ever.
    fn room_for_correction(&self, sources: [&DocumentRef; 2]) -> Result<(), Refusal> {
        if sources.iter().all(|source| self.facts.corrections(source) < MAX_CORRECTIONS) {
            return Ok(());
        }
        Err(Refusal::TooMany { what: "corrections of crosswalks from a document", max: MAX_CORRECTIONS })
    }
}

/// Most corrections of crosswalks from one document, as many as changes of what a body is accredited for.
const MAX_CORRECTIONS: usize = 64;

/// The maps, if they are those that are published.
fn fits(publication: &Publication, maps: &[u8]) -> Result<Crosswalk, String> {
    let actual = Digest::of(maps);
    if actual != publication.attachment {
        return Err(format!("their digest is {actual}, not {}", publication.attachment));
    }
    let crosswalk = Crosswalk::read(maps).map_err(|error| error.to_string())?;
    let (source, target, count) = (crosswalk.source(), crosswalk.target(), crosswalk.maps().len());
    if (source, target) != (&publication.source, &publication.target) {
        return Err(format!(
            "they lead from {source} to {target}, not from {} to {}",
            publication.source, publication.target
        ));
    }
    if u32::try_from(count) != Ok(publication.maps) {
        return Err(format!("there are {count}, not {}", publication.maps));
    }
    Ok(crosswalk)
}
