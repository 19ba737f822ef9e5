//! Answering a peer: what it may see of our log, in pieces that fit a message, no faster than its quota.
//!
//! Who asks is known from the subject on which the question arrived; nothing in the question is believed about that.
//! Out of scope: which statements a peer may see (the caller says) and the transport.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use credential::bundle::{Item, KeyHistory};
use jiff::Timestamp;
use ledger::digest::Digest;
use ledger::entry::Entry;
use ledger::journal::{ReadError, Stored};
use ledger::log::LogReader;

use crate::hush::Hush;
use crate::messages::{
    Answer, AttachmentRequest, Blob, CheckpointAnswer, CheckpointRequest, Entries, MAX_ENTRIES, MAX_PIECE, Piece,
    Proof, Range, RangeRequest, Refused,
};

/// Bytes of statements in one range; with entries and checkpoint the whole stays below the largest message.
pub const MAX_STATEMENTS: usize = 768 * 1024;
/// Bytes of statements that are read for one range, shown or not.
pub const MAX_READ: usize = 4 * 1024 * 1024;

/// The newest checkpoint, and how it continues what the peer holds.
pub fn checkpoint(log: &LogReader, request: &CheckpointRequest) -> Answer<CheckpointAnswer> {
    let head = log.head();
    let proof = if request.held == 0 || request.held >= head.size {
        Vec::new()
    } else {
        match log.consistency(request.held, head.size) {
            Ok(proof) => proof,
            Err(error) => return Answer::Refused(Refused::new("range", error.to_string())),
        }
    };
    Answer::Ok(CheckpointAnswer { checkpoint: head.checkpoint.to_string(), proof: Proof(proof) })
}

/// With which keys the log signed its checkpoints, by the statements at these places.
///
/// # Errors
/// [`ReadError`] when the log cannot be read.
pub fn key_history(log: &LogReader, places: &BTreeSet<u64>) -> Result<KeyHistory, ReadError> {
    let head = log.head();
    // What came since is in the next answer, and so is a change of the key under which nothing is signed yet.
    let unsigned = log.keys().changes().last().map(|(index, _)| *index).filter(|index| head.size <= index + 1);
    let told = |index: &u64| *index < head.size && Some(*index) != unsigned;
    let places: Vec<u64> = places.iter().copied().filter(told).collect();
    let mut statements = Vec::with_capacity(places.len());
    for &index in &places {
        let Stored::Bytes(compact) = log.statement(index)? else { continue };
        let statement = String::from_utf8_lossy(&compact).into_owned();
        statements.push(Arc::new(Item { index, time_ms: log.time_of(index)?, statement, attachment: None }));
    }
    let proof = log.multi_inclusion(&places, head.size).unwrap_or_default();
    Ok(KeyHistory { statements, checkpoint: head.checkpoint.to_string(), proof })
}

/// The same as an answer.
pub fn keys(log: &LogReader, places: &BTreeSet<u64>) -> Answer<KeyHistory> {
    key_history(log, places).map_or_else(
        |error| {
            unreadable(&error);
            Answer::Refused(Refused::new("internal", "the log could not be read"))
        },
        Answer::Ok,
    )
}

/// Entries from where the peer stands, with the statements that `shown` lets it see, but none from `until` on: of what was committed
/// this moment the caller does not know yet whether the peer may see it, and what is withheld once is not asked for again.
pub fn range(
    log: &LogReader,
    request: &RangeRequest,
    until: u64,
    shown: impl Fn(u64, &Bytes) -> bool,
) -> Answer<Range> {
    let head = log.head();
    let until = until.min(head.size);
    if request.from >= until {
        return Answer::Refused(Refused::new("range", format!("the log has {until} entries")));
    }
    let wanted = u64::from(request.entries).clamp(1, MAX_ENTRIES as u64);
    match read(log, request.from, until.min(request.from.saturating_add(wanted)), shown) {
        Ok(Piecewise { entries, statements }) => {
            let end = request.from + entries.len() as u64;
            let proof = if end == head.size { Ok(Vec::new()) } else { log.consistency(end, head.size) };
            match proof {
                Ok(proof) => Answer::Ok(Range {
                    entries: Entries(entries),
                    statements,
                    checkpoint: head.checkpoint.to_string(),
                    proof: Proof(proof),
                }),
                Err(error) => Answer::Refused(Refused::new("range", error.to_string())),
            }
        }
        Err(error) => {
            unreadable(&error);
            Answer::Refused(Refused::new("internal", "the log could not be read"))
        }
    }
}

/// Entries and, for each, its statement if it is shown.
struct Piecewise {
    entries: Vec<Entry>,
    statements: Vec<Option<String>>,
}

fn read(log: &LogReader, from: u64, to: u64, shown: impl Fn(u64, &Bytes) -> bool) -> Result<Piecewise, ReadError> {
    let mut entries = log.entries(from..to)?;
    let mut statements = Vec::with_capacity(entries.len());
    let (mut bytes, mut read) = (0, 0);
    for index in from..to {
        let compact = match log.statement(index)? {
            Stored::Bytes(compact) => Some(compact),
            _ => None,
        };
        read += compact.as_ref().map_or(0, Bytes::len);
        let statement = compact.filter(|compact| shown(index, compact));
        let statement = statement.and_then(|compact| String::from_utf8(compact.to_vec()).ok());
        bytes += statement.as_ref().map_or(0, String::len);
        if (bytes > MAX_STATEMENTS || read > MAX_READ) && !statements.is_empty() {
            break;
        }
        statements.push(statement);
    }
    entries.truncate(statements.len());
    Ok(Piecewise { entries, statements })
}

/// A piece of an attachment. Whether the peer may have it, the caller has decided.
pub fn attachment(log: &LogReader, request: &AttachmentRequest) -> Answer<Piece> {
    match log.attachment(&Digest::from_bytes(*request.digest.as_bytes())) {
        Ok(Some(whole)) => {
            let size = whole.len();
            let start = usize::try_from(request.offset).unwrap_or(size).min(size);
            let end = size.min(start + MAX_PIECE);
            Answer::Ok(Piece { size: size as u64, bytes: Blob(whole[start..end].to_vec()) })
        }
        Ok(None) => Answer::Refused(Refused::new("not-found", "there is no such attachment")),
        Err(error) => {
            unreadable(&error);
            Answer::Refused(Refused::new("internal", "the log could not be read"))
        }
    }
}

/// Peers ask a thousand times a second; what they cannot be told is one matter for the operator.
fn unreadable(error: &ReadError) {
    static UNREADABLE: Hush = Hush::new();
    if let Some(times) = UNREADABLE.heard() {
        tracing::error!(%error, times, "the log could not be read for a peer");
    }
}

/// How much one peer may ask: tokens that come back with time.
#[derive(Debug, Clone)]
pub struct Quota {
    tokens: f64,
    most: f64,
    per_second: f64,
    last: Option<Timestamp>,
}

impl Quota {
    /// At most `most` questions at once, and `per_second` in the long run.
    pub fn new(most: f64, per_second: f64) -> Self {
        Self { tokens: most, most, per_second, last: None }
    }

    /// Takes `cost` tokens, if there are as many. A clock that goes back gives nothing.
    pub fn take(&mut self, cost: f64, now: Timestamp) -> bool {
        let enough = self.left(now) >= cost;
        if enough {
            self.tokens -= cost;
        }
        enough
    }

    /// How many tokens are left; less than none where more were [spent](Self::spend).
    pub fn left(&mut self, now: Timestamp) -> f64 {
        let passed = self.last.map_or(0.0, |last| now.duration_since(last).as_secs_f64().max(0.0));
        self.last = Some(self.last.map_or(now, |last| last.max(now)));
        self.tokens = (self.tokens + passed * self.per_second).min(self.most);
        self.tokens
    }

    /// Takes `cost` tokens whether they are there or not, for what cannot wait. Never more are owed than there are at most.
    pub fn spend(&mut self, cost: f64, now: Timestamp) {
        self.tokens = (self.left(now) - cost).max(-self.most);
    }

    /// In how many seconds there are so many.
    pub fn seconds_until(&mut self, tokens: f64, now: Timestamp) -> f64 {
        ((tokens - self.left(now)) / self.per_second).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_quota_refills_with_time_and_never_above_its_most() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut quota = Quota::new(2.0, 1.0);
        assert!(quota.take(1.0, at(100)) && quota.take(1.0, at(100)));
        assert!(!quota.take(1.0, at(100)), "spent");
        assert!(!quota.take(1.0, at(50)), "a clock that goes back gives nothing");
        assert!(quota.take(1.0, at(101)), "one second gives one");
        assert!(!quota.take(3.0, at(1_000)), "never above its most");
        assert!(quota.take(2.0, at(1_000)));
    }

    #[test]
    fn what_cannot_wait_is_owed() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut quota = Quota::new(10.0, 2.0);
        quota.spend(14.0, at(0));
        assert!(!quota.take(1.0, at(2)), "four are owed, four came");
        assert!((quota.seconds_until(6.0, at(2)) - 3.0).abs() < 1e-9);
        assert!(quota.take(6.0, at(5)));
        quota.spend(100.0, at(5));
        assert!(quota.seconds_until(0.0, at(5)) <= 5.0, "no more is owed than there is at most");
    }
}
