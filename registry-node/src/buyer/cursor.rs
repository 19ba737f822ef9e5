//! Cursors of buyers on NATS: what a reader that keeps nothing itself is told, and how far it came.
//!
//! In scope: what a buyer may wish, what of it is kept on the shelf, and which cursors the server has by now. Out of scope: the server
//! (`link`), and asking (`http`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand;
use conformity::identifiers::Identifier;
use conformity::ids::{PartyId, RegistryId, SchemeId};
use federation::subjects::Pattern;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::shelf::{Kept, Kind};

/// Most bytes of a wish.
pub const MAX_BYTES: usize = 8 << 10;
/// Most pairs of a scheme and a supplier: the server looks at each for each message.
const MOST_SUBJECTS: usize = 64;

/// What a buyer wishes to be told. Without schemes, of all; without suppliers, of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Of verdicts under these.
    #[serde(default)]
    pub schemes: Vec<SchemeId>,
    /// Of verdicts on these.
    #[serde(default)]
    pub suppliers: Vec<Identifier>,
    /// Id of the last event read, or `start`; without it, what comes from now on.
    pub after: Option<String>,
}

/// Why a wish is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// Not the JSON of a wish.
    #[error("{0}")]
    Malformed(String),
    /// Too many pairs.
    #[error(
        "{0} pairs of a scheme and a supplier are wished for, and {MOST_SUBJECTS} are taken; leave one of both out, or make several cursors"
    )]
    TooMany(usize),
    /// The same twice.
    #[error("a scheme or a supplier is named twice")]
    Twice,
    /// No such event.
    #[error("after is the id of an event of this log, or start, and {0:?} is neither")]
    After(String),
}

impl Wish {
    /// Reads and checks a wish.
    ///
    /// # Errors
    /// [`WishError`].
    pub fn read(json: &[u8]) -> Result<Self, WishError> {
        let wish: Self = serde_json::from_slice(json).map_err(|error| WishError::Malformed(error.to_string()))?;
        let subjects = wish.schemes.len().max(1).saturating_mul(wish.suppliers.len().max(1));
        if subjects > MOST_SUBJECTS {
            return Err(WishError::TooMany(subjects));
        }
        let schemes: BTreeSet<String> = wish.schemes.iter().map(ToString::to_string).collect();
        let suppliers: BTreeSet<String> = wish.suppliers.iter().map(ToString::to_string).collect();
        let once = (schemes.len(), suppliers.len()) == (wish.schemes.len(), wish.suppliers.len());
        if once { Ok(wish) } else { Err(WishError::Twice) }
    }

    /// The first entry whose events are told, in a log of `size` entries. The entry of the event that was read last may have others, and is
    /// told again.
    ///
    /// # Errors
    /// [`WishError::After`].
    pub fn begins(&self, size: u64) -> Result<u64, WishError> {
        let Some(after) = &self.after else { return Ok(size) };
        let index = after.split_once('.').map_or(after.as_str(), |(index, _)| index);
        let index = if after == "start" { Some(0) } else { index.parse().ok().filter(|index| *index < size) };
        index.ok_or_else(|| WishError::After(after.chars().take(64).collect()))
    }
}

/// A cursor as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Its name on the server, which nobody guesses: told to its owner alone.
    pub consumer: String,
    /// Of verdicts under these.
    pub schemes: Vec<SchemeId>,
    /// Of verdicts on these.
    pub suppliers: Vec<Identifier>,
    /// The first entry whose events are told.
    pub from: u64,
}

impl Kept for Cursor {
    const KIND: Kind = Kind { name: "cursors", values: 8, value_bytes: MAX_BYTES + 1024, all_bytes: 64 << 10 };
}

/// How far the reader of a cursor came, by its name: kept for the day on which the server loses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The cursor, by its name on the server: another one of the same name begins anew.
    pub of: String,
    /// The entry of the last event up to which all was acknowledged.
    pub index: u64,
}

impl Kept for Reached {
    const KIND: Kind = Kind { name: "cursor-places", values: 8, value_bytes: 256, all_bytes: 4 << 10 };
}

/// The server's random number generator failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct NoRandomness;

impl Cursor {
    /// A new one.
    ///
    /// # Errors
    /// No random name can be made.
    pub fn new(wish: Wish, from: u64) -> Result<Self, NoRandomness> {
        let mut bytes = [0_u8; 16];
        rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let consumer = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { consumer, schemes: wish.schemes, suppliers: wish.suppliers, from })
    }

    /// The subjects of what it tells.
    pub fn hears(&self, registry: &RegistryId) -> Vec<Pattern> {
        let each = |scheme: Option<&SchemeId>| -> Vec<Pattern> {
            match &self.suppliers[..] {
                [] => vec![Pattern::status(registry, scheme, None)],
                some => some.iter().map(|supplier| Pattern::status(registry, scheme, Some(supplier))).collect(),
            }
        };
        match &self.schemes[..] {
            [] => each(None),
            some => some.iter().flat_map(|scheme| each(Some(scheme))).collect(),
        }
    }
}

/// Which cursors the server has, and that others are wished for.
#[derive(Debug, Default)]
pub struct Cursors {
    ready: Mutex<BTreeMap<PartyId, Vec<String>>>,
    changed: Notify,
}

impl Cursors {
    /// Something was put or removed.
    pub fn change(&self) {
        self.changed.notify_one();
    }

    /// Waits for that.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Those that the server has by now.
    pub fn have(&self, ready: BTreeMap<PartyId, Vec<String>>) {
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner) = ready;
    }

    /// Those of a party.
    pub fn of(&self, party: &PartyId) -> Vec<String> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).get(party).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn suppliers(count: usize) -> String {
        let named = (0..count).map(|n| format!("\"local:x:{n}\"")).collect::<Vec<_>>();
        named.join(",")
    }

    #[test]
    fn wishes_are_read_strictly() {
        let rows = [
            ("{}".to_owned(), true, "everything from now on"),
            (
                r#"{"schemes":["stars"],"suppliers":["lei:5493001KJTIIGC8Y1R12"],"after":"17.2"}"#.to_owned(),
                true,
                "all of it",
            ),
            (format!("{{\"suppliers\":[{}]}}", suppliers(64)), true, "as many as are taken"),
            (format!("{{\"suppliers\":[{}]}}", suppliers(65)), false, "one more"),
            (format!("{{\"schemes\":[\"a\",\"b\"],\"suppliers\":[{}]}}", suppliers(33)), false, "too many pairs"),
            (r#"{"schemes":["a","a"]}"#.to_owned(), false, "the same twice"),
            (r#"{"scheme":["a"]}"#.to_owned(), false, "an unknown member"),
            (r#"{"schemes":["*"]}"#.to_owned(), false, "a wildcard"),
            ("[]".to_owned(), false, "no object"),
            (String::new(), false, "nothing"),
        ];
        for (json, taken, why) in rows {
            assert_eq!(Wish::read(json.as_bytes()).is_ok(), taken, "{why}: {:?}", Wish::read(json.as_bytes()));
        }
    }

    #[test]
    fn a_cursor_begins_where_its_reader_stopped() {
        let rows = [
            (None, Some(20)),
            (Some("start"), Some(0)),
            (Some("17"), Some(17)),
            (Some("17.2"), Some(17)),
            (Some("19"), Some(19)),
            (Some("20"), None),
            (Some("-1"), None),
            (Some(""), None),
            (Some("soon"), None),
        ];
        for (after, begins) in rows {
            let wish = Wish { after: after.map(str::to_owned), ..Wish::default() };
            assert_eq!(wish.begins(20).ok(), begins, "{after:?}");
        }
    }

    #[test]
    fn subjects_are_those_of_each_pair() {
        let jp = "jp".parse().unwrap();
        let rows = [
            (r#"{"schemes":["a","b"]}"#, vec!["status.jp.a.*", "status.jp.b.*"]),
            (r#"{"suppliers":["local:x:1"]}"#, vec!["status.jp.*.local:x:1"]),
            (r#"{"schemes":["a"],"suppliers":["local:x:1"]}"#, vec!["status.jp.a.local:x:1"]),
            ("{}", vec!["status.jp.*.*"]),
        ];
        for (json, subjects) in rows {
            let cursor = Cursor::new(Wish::read(json.as_bytes()).unwrap(), 0).unwrap();
            let hears = cursor.hears(&jp);
            assert_eq!(hears.iter().map(Pattern::as_str).collect::<Vec<_>>(), subjects);
        }
    }
}
