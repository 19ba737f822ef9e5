//! Uses of disclosure consents, and of what arrangements name: who saw what of which verdict, for its supplier to read.
//!
//! They rest in the vault, all uses of one verdict in one value, so that erasing the verdict erases them with their key; those of
//! consents to how a supplier stands under a scheme beside them, for as long as the registry. A use is durable before what it
//! tells of leaves. Nothing here is ever logged.
//!
//! Bounds: the same party that sees the same by the same right on the same day is one record that counts. So a party
//! that asks often does not push the records of others out; when there are too many, whoever has most gives up its oldest. Out of
//! scope: who may read them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use conformity::consent::Parts;
use conformity::ids::{ConsentId, PartyId, RegistryId, SchemeRef, VerdictId};
use conformity::recognised::ArrangementRef;
use conformity::records::Facts;
use conformity::time::Day;
use conformity::verdict::VerdictRecord;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::read_model::ReadModel;
use crate::vault::{Vault, VaultError};

/// Most records of one verdict.
const MAX_RECORDS: usize = 1_000;
/// How long the same is not recorded again where a peer pulls.
const MINUTE: Duration = Duration::from_secs(60);
/// Most uses that wait for the disk.
const MAX_WAITING: usize = 16;
/// What their names in the vault begin with.
const PREFIX: &str = "uses/";
/// The same of those that belong to no verdict.
const STANDING_PREFIX: &str = "standing/";

/// Why a use was not recorded or read.
#[derive(Debug, thiserror::Error)]
pub enum UseError {
    /// Too many wait already.
    #[error("{MAX_WAITING} uses wait to be recorded already; ask again")]
    Busy,
    /// The verdict was erased meanwhile.
    #[error("the verdict is not there any more")]
    Gone,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A value of the vault is not what this program writes.
    #[error("the uses recorded of a verdict cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

/// In which answer something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The verdict with its history.
    Verdict,
    /// The newest credential.
    Credential,
    /// A bundle.
    Proof,
    /// What a peer asks for of a credential.
    Peer,
    /// What a peer is shown of a restricted verdict: its statements.
    Statements,
    /// How the supplier stands under a scheme.
    Standing,
    /// What of a document it covers.
    Coverage,
}

/// Who saw something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Recipient {
    /// A party of this registry.
    #[serde(rename = "to")]
    Party(PartyId),
    /// Another registry.
    #[serde(rename = "registry")]
    Registry(RegistryId),
}

/// By what right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum By {
    /// Consents.
    Consents(Vec<Consented>),
    /// Arrangements.
    Arrangements(Vec<ArrangementRef>),
}

/// What somebody saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Who.
    #[serde(flatten)]
    pub to: Recipient,
    /// Who asked on behalf of that party, where it was not itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<PartyId>,
    /// By what right.
    #[serde(flatten)]
    pub by: By,
    /// In which answer.
    pub way: Way,
    /// The parts that are named.
    pub parts: Parts,
    /// Index of the credential's entry, where one was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<u64>,
    /// How many disclosures of it were shown: of what the parts name, as much as there is.
    pub disclosures: usize,
}

/// A consent, by who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consented {
    /// The supplier.
    pub by: PartyId,
    /// The consent.
    pub consent: ConsentId,
}

/// Something seen, once or more often on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// What.
    #[serde(flatten)]
    pub seen: Seen,
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
    /// How often.
    pub times: u64,
}

/// The uses of one verdict.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Book {
    /// The records, the one used last at the end.
    pub uses: Vec<Use>,
    /// How many older records were dropped.
    pub dropped: u64,
}

impl Book {
    fn note(&mut self, seen: Seen, now: Timestamp) {
        let same = |one: &Use| one.seen == seen && Day::of(one.last) == Day::of(now);
        let before = self.uses.iter().position(same).map(|place| self.uses.remove(place));
        let (first, times) = before.map_or((now, 0), |before| (before.first, before.times));
        self.uses.push(Use { seen, first, last: now, times: times.saturating_add(1) });
        if self.uses.len() > MAX_RECORDS {
            self.uses.remove(self.oldest_of_the_loudest());
            self.dropped += 1;
        }
    }

    /// Whoever has most gives up its oldest: nobody pushes the records of others out.
    fn oldest_of_the_loudest(&self) -> usize {
        let mut counts: HashMap<&Recipient, usize> = HashMap::new();
        for one in &self.uses {
            *counts.entry(&one.seen.to).or_default() += 1;
        }
        let most = counts.values().copied().max();
        self.uses.iter().position(|one| counts.get(&one.seen.to).copied() == most).unwrap_or(0)
    }
}

/// Keeper of uses.
pub struct Uses {
    vault: Arc<Vault>,
    read_model: Arc<ReadModel>,
    writing: Mutex<()>,
    waiting: AtomicUsize,
    peers: AtomicUsize,
}

impl Uses {
    /// Opens the keeper, and erases what belongs to no verdict of the register.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open(vault: Arc<Vault>, read_model: &Arc<ReadModel>) -> Result<Self, VaultError> {
        let read_model = Arc::clone(read_model);
        let uses = Self {
            vault,
            read_model,
            writing: Mutex::default(),
            waiting: AtomicUsize::new(0),
            peers: AtomicUsize::new(0),
        };
        uses.sweep()?;
        Ok(uses)
    }

    /// Erases what belongs to no verdict of the register. Waits for the disk.
    ///
    /// # Errors
    /// [`VaultError`]: the next sweep tries again.
    pub fn sweep(&self) -> Result<(), VaultError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        for name in self.vault.names(PREFIX)? {
            if granted(&name).is_none_or(|(id, index)| !self.stands(&id, index)) {
                self.vault.erase(&name)?;
            }
        }
        Ok(())
    }

    /// A place among the few who look at what is shown by consent and record it, to be taken before the work.
    ///
    /// # Errors
    /// [`UseError::Busy`].
    pub fn place(&self) -> Result<Place<'_>, UseError> {
        Place::take(&self.waiting)
    }

    /// A place among the peers that look at what an arrangement names and record it. They are counted apart: however many ask, none
    /// takes a place from those who are shown something by consent.
    ///
    /// # Errors
    /// [`UseError::Busy`].
    pub fn place_among_peers(&self) -> Result<Place<'_>, UseError> {
        Place::take(&self.peers)
    }

    /// One more of them, whoever waits: each peer asks one question after the other, and a whole range waits for the answer.
    pub fn place_of_peer(&self) -> Place<'_> {
        self.peers.fetch_add(1, Ordering::Relaxed);
        Place(&self.peers)
    }

    /// Records a use as [`record`](Self::record) does, unless the same was recorded within a minute: whoever asks for the same again
    /// and again costs no writes, and is counted once a minute.
    ///
    /// # Errors
    /// [`UseError`]: then nothing may be shown.
    pub fn record_by_the_minute(
        &self,
        place: &Place<'_>,
        verdict: Granted<'_>,
        seen: Seen,
        now: Timestamp,
    ) -> Result<(), UseError> {
        let lately = |one: &Use| now.duration_since(one.last).unsigned_abs() < MINUTE;
        let known = |one: &Use| one.seen == seen && Day::of(one.last) == Day::of(now) && lately(one);
        if self.stands(verdict.id, verdict.index) && self.of(verdict)?.uses.iter().any(known) {
            return Ok(());
        }
        self.record(place, verdict, seen, now)
    }

    /// Records a use, durably. Waits for the disk.
    ///
    /// # Errors
    /// [`UseError`]: then nothing may be shown.
    pub fn record<'a>(
        &self,
        _place: &Place<'_>,
        about: impl Into<About<'a>>,
        seen: Seen,
        now: Timestamp,
    ) -> Result<(), UseError> {
        let about = about.into();
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // The register forgets an erased verdict before its uses are erased, so none comes after that.
        if let About::Verdict(verdict) = about
            && !self.stands(verdict.id, verdict.index)
        {
            return Err(UseError::Gone);
        }
        let mut book = self.of(about)?;
        book.note(seen, now);
        Ok(self.vault.put(&about.name(), &serde_json::to_vec(&book)?)?)
    }

    /// The uses of a verdict, or of how a supplier stands.
    ///
    /// # Errors
    /// [`UseError::Vault`], [`UseError::Unreadable`].
    pub fn of<'a>(&self, about: impl Into<About<'a>>) -> Result<Book, UseError> {
        let kept = self.vault.value(&about.into().name())?;
        kept.map_or_else(|| Ok(Book::default()), |bytes| Ok(serde_json::from_slice(&bytes)?))
    }

    fn stands(&self, id: &VerdictId, index: u64) -> bool {
        let record = self.read_model.register().verdict(id);
        record.is_some_and(|record| Granted::of(&record).index == index)
    }
}

/// A place among those that are shown something by consent.
pub struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, UseError> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING { Ok(place) } else { Err(UseError::Busy) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Of what uses are kept together.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    /// A verdict.
    Verdict(Granted<'a>),
    /// How a supplier stands under a scheme.
    Standing(&'a PartyId, &'a SchemeRef),
}

impl<'a> From<Granted<'a>> for About<'a> {
    fn from(verdict: Granted<'a>) -> Self {
        Self::Verdict(verdict)
    }
}

impl About<'_> {
    fn name(self) -> String {
        match self {
            Self::Verdict(verdict) => verdict.name(),
            Self::Standing(supplier, scheme) => format!("{STANDING_PREFIX}{supplier}/{scheme}"),
        }
    }
}

/// A verdict by the entry that granted it: an id that was erased may be granted again, to somebody else.
#[derive(Debug, Clone, Copy)]
pub struct Granted<'a> {
    id: &'a VerdictId,
    index: u64,
}

impl<'a> Granted<'a> {
    /// The grant of this verdict.
    pub fn of(record: &'a VerdictRecord) -> Self {
        Self { id: record.id(), index: record.history.first().map_or(0, |item| item.index) }
    }

    fn name(self) -> String {
        format!("{PREFIX}{}/{}", self.id, self.index)
    }
}

/// The grant whose uses have this name.
fn granted(name: &str) -> Option<(VerdictId, u64)> {
    let (id, index) = name.strip_prefix(PREFIX)?.rsplit_once('/')?;
    Some((id.parse().ok()?, index.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use conformity::consent::Part;

    fn seen(to: &str) -> Seen {
        let consents = vec![Consented { by: "maker".parse().unwrap(), consent: "C-1".parse().unwrap() }];
        let (to, by) = (Recipient::Party(to.parse().unwrap()), By::Consents(consents));
        Seen {
            to,
            through: None,
            by,
            way: Way::Credential,
            parts: Part::Level.into(),
            credential: Some(7),
            disclosures: 2,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn who_asks_often_is_counted_and_pushes_nobody_out() {
        let mut book = Book::default();
        book.note(seen("quiet"), at(0));
        for second in 1..=5_000 {
            book.note(seen("loud"), at(second));
        }
        assert_eq!((book.uses.len(), book.dropped), (2, 0));
        let loud = &book.uses[1];
        assert_eq!((loud.times, loud.first, loud.last), (5_000, at(1), at(5_000)));
        book.note(seen("quiet"), at(24 * 3600));
        assert_eq!(book.uses.len(), 3, "another day is another record");
        book.note(Seen { disclosures: 3, ..seen("quiet") }, at(24 * 3600));
        assert_eq!(book.uses.len(), 4, "something else is another record");
    }

    #[test]
    fn a_registry_that_saw_something_by_an_arrangement_reads_as_such() {
        let by = By::Arrangements(vec![ArrangementRef { id: "A-1".parse().unwrap(), version: 2 }]);
        let to = Recipient::Registry("eu".parse().unwrap());
        let mut book = Book::default();
        book.note(Seen { to, by, way: Way::Peer, ..seen("x") }, at(0));
        let written = serde_json::to_value(&book).unwrap();
        let one = &written["uses"][0];
        assert_eq!((&one["registry"], &one["way"]), (&"eu".into(), &"peer".into()), "{written}");
        assert_eq!(one["arrangements"][0]["id"], "A-1");
        assert_eq!(serde_json::from_value::<Book>(written).unwrap(), book);
    }

    #[test]
    fn the_oldest_go_and_that_is_said() {
        let mut book = Book::default();
        for number in 0..MAX_RECORDS as i64 + 3 {
            book.note(seen(&format!("buyer-{number}")), at(number));
        }
        assert_eq!((book.uses.len(), book.dropped), (MAX_RECORDS, 3));
        assert_eq!(book.uses[0].seen.to, Recipient::Party("buyer-3".parse().unwrap()));
    }

    #[test]
    fn whoever_fills_the_book_gives_up_its_own() {
        let mut book = Book::default();
        book.note(seen("quiet"), at(0));
        for number in 0..MAX_RECORDS + 5 {
            book.note(Seen { credential: Some(number as u64), ..seen("loud") }, at(1 + number as i64));
        }
        assert_eq!((book.uses.len(), book.dropped), (MAX_RECORDS, 6));
        assert_eq!(book.uses[0].seen.to, Recipient::Party("quiet".parse().unwrap()));
    }

    #[test]
    fn nothing_is_kept_of_a_verdict_that_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Arc::new(Vault::open(folder.path()).unwrap());
        vault.put("uses/V-1/7", b"{}").unwrap();
        let uses = Uses::open(Arc::clone(&vault), &Arc::default()).unwrap();
        assert_eq!(vault.names("uses/").unwrap(), Vec::<String>::new());
        let verdict = "V-1".parse().unwrap();
        assert!(matches!(
            uses.record(&uses.place().unwrap(), Granted { id: &verdict, index: 7 }, seen("buyer"), at(0)),
            Err(UseError::Gone)
        ));
        assert_eq!(vault.names("uses/").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn few_wait_for_the_disk() {
        let waiting = AtomicUsize::new(0);
        let places: Vec<_> = (0..MAX_WAITING).map(|_| Place::take(&waiting).unwrap()).collect();
        assert!(matches!(Place::take(&waiting), Err(UseError::Busy)));
        drop(places);
        assert!(Place::take(&waiting).is_ok());
    }

    #[test]
    fn peers_take_no_place_from_consents() {
        let folder = tempfile::tempdir().unwrap();
        let uses = Uses::open(Arc::new(Vault::open(folder.path()).unwrap()), &Arc::default()).unwrap();
        let peers: Vec<_> = (0..2 * MAX_WAITING).map(|_| uses.place_of_peer()).collect();
        assert!(matches!(uses.place_among_peers(), Err(UseError::Busy)));
        let places: Vec<_> = (0..MAX_WAITING).map(|_| uses.place().unwrap()).collect();
        assert!(matches!(uses.place(), Err(UseError::Busy)));
        drop((peers, places));
        assert!(uses.place().is_ok());
    }
}
