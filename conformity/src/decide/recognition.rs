//! Recognitions as the node derived them: the claim names a list, the list is read row by row.
//!
//! ```text
//! result list: NDJSON, one recognition per line, every line ends with \n, at most 16 MiB
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use super::case::Case;
use crate::digest::Digest;
use crate::genesis::{Expulsion, PeerRecord};
use crate::ids::RegistryId;
use crate::recognised::{Cause, MAX_RESULTS, Recognition, RecognitionDerived, RecognitionRecord, Results};
use crate::recognition::ends_by;
use crate::records::{Facts, Record, View};
use crate::refusal::Refusal;
use crate::revised::{RevisionCause, RevisionRecord, newest};

impl<F: Facts> Case<'_, F> {
    pub(super) fn recognition_derived(&self, claim: &RecognitionDerived) -> Result<Vec<Record>, Refusal> {
        self.node_only()?;
        let (peer, expulsion) = match claim.cause {
            Cause::Expulsion => self.expelled_peer(&claim.registry).map(|(peer, end)| (peer, Some(end)))?,
            _ => (self.peer(&claim.registry)?, None),
        };
        if peer.origin != claim.origin {
            return Err(Refusal::PartyOrigin {
                registry: claim.registry.clone(),
                terms: claim.origin.clone(),
                known: peer.origin.clone(),
            });
        }
        if let Cause::Arrangement { id, .. } = &claim.cause
            && self.facts.arrangement(id).is_none()
        {
            return Err(Refusal::UnknownArrangement { arrangement: id.clone() });
        }
        let continued = continues(claim, &peer, self.facts.view())?;
        let list = authentic(claim.results, self.place.attachment)?;
        let mut records = self.rows(list, &claim.registry, expulsion.as_ref())?;
        counted(claim.results, records.len())?;
        records.extend(continued.map(|peer| Record::Peer(Arc::new(peer))));
        records.extend(self.revised(claim, expulsion.as_ref()).map(|record| Record::Revision(Arc::new(record))));
        Ok(records)
    }

    /// The count of what one cause did, by the lists alone.
    fn revised(&self, claim: &RecognitionDerived, expulsion: Option<&Expulsion>) -> Option<RevisionRecord> {
        let arrangement = claim.cause.arrangement();
        let (cause, since) = match (arrangement, expulsion) {
            (Some(id), _) => newest(&*self.facts.arrangement(id)?)?,
            (None, Some(expulsion)) => (RevisionCause::PeerExpelled, expulsion.moment),
            (None, None) => return None,
        };
        let known = self.facts.revision(since.index, &claim.registry);
        Some(RevisionRecord {
            cause,
            entry: since.index,
            since,
            registry: claim.registry.clone(),
            arrangement: arrangement.cloned(),
            done: known.as_ref().map_or(0, |known| known.done) + u64::from(claim.results.count),
            begun: known.map_or(self.moment(), |known| known.begun),
            last: self.moment(),
        })
    }

    fn rows(&self, list: &[u8], registry: &RegistryId, expulsion: Option<&Expulsion>) -> Result<Vec<Record>, Refusal> {
        let mut records = Vec::new();
        let mut named = BTreeSet::new();
        for (position, line) in (0_u32..).zip(list.split_inclusive(|byte| *byte == b'\n')) {
            let refuse = |because: String| Refusal::ResultsRow { line: u64::from(position) + 1, because };
            let recognition = row(line, registry).map_err(refuse)?;
            if let Some(expulsion) = expulsion {
                self.ends(&recognition, expulsion).map_err(refuse)?;
            }
            if !named.insert(recognition.verdict.clone()) {
                return Err(Refusal::ResultsTwice { verdict: recognition.verdict });
            }
            records.push(Record::Recognition(Arc::new(self.recorded(recognition, position))));
        }
        Ok(records)
    }

    /// An expulsion refuses what was recognised before it, and does nothing else.
    fn ends(&self, recognition: &Recognition, expulsion: &Expulsion) -> Result<(), String> {
        let verdict = &recognition.verdict;
        let before = match self.facts.recognition(verdict) {
            Some(record) => record.since.index < expulsion.moment.index,
            // What it ends may be out of sight.
            None => self.facts.view() == View::Part,
        };
        if !before {
            return Err(format!("nothing was made of {verdict} before the peer was expelled"));
        }
        let refused = ends_by(recognition);
        refused.then_some(()).ok_or_else(|| format!("it does not refuse {verdict} because the peer was expelled"))
    }

    fn recorded(&self, recognition: Recognition, position: u32) -> RecognitionRecord {
        let earlier = self.facts.recognition(&recognition.verdict);
        let mut entries = earlier.map_or_else(Vec::new, |earlier| earlier.entries.clone());
        entries.push(self.place.index);
        RecognitionRecord { recognition: Arc::new(recognition), since: self.moment(), position, entries }
    }
}

/// The peer as followed up to the end of a range. A range whose rows do not fit one list ends with the last of its
/// statements; those before it end where they begin. A changed arrangement, too, is assessed by all that is followed by
/// then. Other causes look again at what was followed already. Who sees a part of the log does not see every range.
fn continues(claim: &RecognitionDerived, peer: &PeerRecord, view: View) -> Result<Option<PeerRecord>, Refusal> {
    let fits = match claim.cause {
        _ if view == View::Part => claim.from <= claim.to,
        Cause::Range if claim.from == claim.to => claim.from == peer.followed && claim.results.count > 0,
        Cause::Range => claim.from == peer.followed && claim.to > claim.from,
        Cause::Arrangement { .. } if claim.to > peer.followed => claim.from == peer.followed,
        Cause::Arrangement { .. } | Cause::Time | Cause::Expulsion => {
            claim.from <= claim.to && claim.to <= peer.followed
        }
    };
    if !fits {
        return Err(Refusal::RangeGap { followed: peer.followed, from: claim.from, to: claim.to });
    }
    // Where only a part of the log is seen, the end of a cause that looks back says nothing of how far the peer is followed.
    let forward = matches!(claim.cause, Cause::Range | Cause::Arrangement { .. }) && claim.to > peer.followed;
    Ok(forward.then(|| PeerRecord { followed: claim.to, ..peer.clone() }))
}

/// The list, if it is the one that the claim names. A list without rows need not come along.
fn authentic(results: Results, attachment: Option<&[u8]>) -> Result<&[u8], Refusal> {
    let list = match attachment {
        Some(list) => list,
        None if results.count == 0 => &[],
        None => {
            return Err(Refusal::ResultsMissing { digest: results.digest });
        }
    };
    if list.len() > MAX_RESULTS {
        return Err(Refusal::ResultsTooLarge { bytes: list.len() });
    }
    let actual = Digest::of(list);
    if actual != results.digest {
        return Err(Refusal::ResultsDigest { stated: results.digest, actual });
    }
    Ok(list)
}

fn row(line: &[u8], registry: &RegistryId) -> Result<Recognition, String> {
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err("it does not end with a line feed".to_owned());
    };
    let recognition: Recognition = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if recognition.verdict.registry == *registry {
        Ok(recognition)
    } else {
        Err(format!("{} is not a verdict of {registry}", recognition.verdict))
    }
}

fn counted(results: Results, rows: usize) -> Result<(), Refusal> {
    let actual = rows as u64;
    if actual == u64::from(results.count) {
        return Ok(());
    }
    Err(Refusal::ResultsCount { stated: results.count, actual })
}
