//! Crosswalks. What is published was read: maps that contradict themselves stand in no log.

use std::sync::Arc;

use super::case::Case;
use crate::crosswalk::{Crosswalk, CrosswalkRecord, Publication};
use crate::digest::Digest;
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
        match self.place.attachment {
            Some(maps) => fits(publication, maps).map_err(|because| Refusal::CrosswalkUnreadable { because })?,
            // Whoever follows this log gets the maps when they are asked for.
            None if self.facts.view() == View::Part => {}
            None => return Err(Refusal::CrosswalkMissing { digest: publication.attachment }),
        }
        Ok(vec![Record::Crosswalk(Arc::new(CrosswalkRecord {
            publication: Arc::clone(publication),
            published: self.moment(),
            by: self.iss().clone(),
        }))])
    }
}

/// Whether these are the maps that are published.
fn fits(publication: &Publication, maps: &[u8]) -> Result<(), String> {
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
    Ok(())
}
