//! Following a peer's log: from an answer that anybody may have made up to statements that the peer's rules allow.
//!
//! Pure: this module is given messages and returns values; it knows no socket, file or clock.
//!
//! ```text
//! bytes ▶ messages::Range ▶ examine: entries lead to the signed checkpoint, statements match their entries,
//!                                    signers are known there and signed, the rules allow it ▶ Examined
//!       ▶ (the caller makes it durable) ▶ accept ▶ the peer's register as far as we see it
//! ```
//!
//! Nothing is taken over unless all entries lead to a checkpoint that the peer signed. A single statement that is badly
//! signed, not allowed or out of scope is left out and told of ([`StatementFault`]); the entries stand all the same,
//! because the peer did commit to them.
//!
//! # The keys of the log
//!
//! Which key signed a checkpoint of which size, the log says itself: by statements that are followed like all others, and that a
//! peer shows by themselves to whoever has not come so far ([`Followed::learn`]). Both must agree.
//!
//! # The newest checkpoint
//!
//! A range may end before the checkpoint that it leads to. That checkpoint is then a promise: it stays the newest one,
//! whatever else is offered, until the entries reach its size, and there they must have its root. So a log that was signed
//! in two ways is found out at the latest when it is pulled as far as the first of them. The promise has to survive the
//! loss of everything else: [`Followed::checkpoint`] is for the caller to keep, [`Followed::remember`] to be given back.

mod confided;
mod detail;
mod fault;
mod reading;
mod signatures;
mod touched;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use conformity::arrangement::Rule;
use conformity::genesis::GenesisRecord;
use conformity::ids::{SchemeRef, VerdictId};
use conformity::key::KeyId;
use conformity::records::{Record, Register};
use conformity::verdict::VerdictRecord;
use ledger::checkpoint::Checkpoint;
use ledger::digest::Digest;
use ledger::entry::{Entry, Kind};
use ledger::key::PublicKey;
use ledger::log_keys::LogKeys;
use ledger::merkle::{self, Frontier, Tree};
use ledger::note::{NoteVerifier, VerifierKeyError};

use crate::evidence;
use crate::messages::{CheckpointAnswer, Range};
use reading::Reading;
use touched::touched;

pub use confided::{Confided, Gathering};
pub use detail::{Detail, DisclosureFault, Named};
pub use fault::{Contradiction, OutOfTurn, PeerFault, StatementFault};

/// Which statements of a peer concern us: those about verdicts under these schemes, and what they rest on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    schemes: BTreeSet<SchemeRef>,
    /// Rules that include restricted verdicts.
    including: Vec<Rule>,
}

impl Scope {
    /// Nothing was agreed on.
    pub fn new() -> Self {
        Self::default()
    }

    /// What these rules are about.
    pub fn of_rules<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Self {
        let mut scope = Self::new();
        for rule in rules {
            scope.schemes.insert(rule.scheme.clone());
            if rule.restricted && !scope.including.contains(rule) {
                scope.including.push(rule.clone());
            }
        }
        scope
    }

    /// Whether a scheme is among them.
    pub fn contains(&self, scheme: &SchemeRef) -> bool {
        self.schemes.contains(scheme)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.schemes.is_empty()
    }

    /// Whether restricted verdicts are among what concerns us.
    pub fn includes_restricted(&self) -> bool {
        !self.including.is_empty()
    }

    /// Whether a restricted verdict is.
    pub fn includes(&self, verdict: &VerdictRecord) -> bool {
        self.including.iter().any(|rule| rule.includes(verdict))
    }

    /// The schemes in order.
    pub fn iter(&self) -> impl Iterator<Item = &SchemeRef> {
        self.schemes.iter()
    }
}

impl FromIterator<SchemeRef> for Scope {
    fn from_iter<I: IntoIterator<Item = SchemeRef>>(schemes: I) -> Self {
        Self { schemes: schemes.into_iter().collect(), including: Vec::new() }
    }
}

/// Whether signatures are checked now, or were when the same bytes came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signatures {
    /// They come from the peer.
    Check,
    /// They come from our own mirror: only what was taken over is in it ([`Examined::kept`]), and the tree vouches for the
    /// bytes.
    Checked,
}

/// A peer's log as far as we have verified it.
pub struct Followed {
    log: LogKeys,
    genesis: Digest,
    tree: Tree,
    frontier: Frontier,
    last_ms: u64,
    newest: Option<Signed>,
    register: Register,
    keys: HashMap<KeyId, Arc<PublicKey>>,
    bulletins: BTreeMap<u64, String>,
}

/// A checkpoint whose signature verified, with the note that says so.
#[derive(Debug, Clone)]
struct Signed {
    checkpoint: Checkpoint,
    note: Arc<str>,
}

/// A range that holds together, before it is taken over.
pub struct Examined {
    /// Index of its first entry.
    pub from: u64,
    /// What was left out, and why.
    pub faults: Vec<StatementFault>,
    /// Why statements of restricted verdicts were left out, by code: more would tell of them.
    pub unconfided: Vec<&'static str>,
    /// Those that were not, by verdict and place.
    pub confided: BTreeMap<VerdictId, BTreeMap<u64, String>>,
    leaves: Vec<merkle::Hash>,
    last_ms: u64,
    newest: Signed,
    log: LogKeys,
    records: Vec<Record>,
    keys: HashMap<KeyId, Arc<PublicKey>>,
    bulletins: BTreeMap<u64, String>,
}

/// How a peer's newest checkpoint stands to what we hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing new.
    Same,
    /// It has grown to this size, consistently.
    Grown(u64),
}

impl Followed {
    /// Begins to follow the log whose genesis is pinned by its digest. `log` are its keys, as far as they are known.
    pub fn new(log: LogKeys, digest: &conformity::digest::Digest) -> Self {
        Self {
            log,
            genesis: Digest::from_bytes(*digest.as_bytes()),
            tree: Tree::new(),
            frontier: Frontier::new(),
            last_ms: 0,
            newest: None,
            register: Register::part(),
            keys: HashMap::new(),
            bulletins: BTreeMap::new(),
        }
    }

    /// The keys of the log, as far as they are known.
    pub fn log_keys(&self) -> &LogKeys {
        &self.log
    }

    /// Learns of keys that the peer showed by themselves.
    ///
    /// # Errors
    /// [`PeerFault::LogKeys`] when they are not those that are known, and more.
    pub fn learn(&mut self, log: &LogKeys) -> Result<(), PeerFault> {
        if self.log.begins(log) {
            self.log = log.clone();
        } else if !log.begins(&self.log) {
            return Err(PeerFault::log_keys(&"other keys were shown before"));
        }
        Ok(())
    }

    /// Binds the log to a checkpoint that was verified earlier and outlived what was mirrored then.
    ///
    /// # Errors
    /// [`PeerFault::Checkpoint`] when this log did not sign it, [`PeerFault::Fork`] when what we hold contradicts it.
    pub fn remember(&mut self, note: &str) -> Result<(), PeerFault> {
        let known = self.signed(note)?;
        if known.size <= self.size() {
            return if self.extends(&known) { Ok(()) } else { Err(self.fork(note)) };
        }
        match &self.newest {
            Some(newest) if newest.checkpoint.size > known.size => {}
            Some(newest) if newest.checkpoint.size == known.size && newest.checkpoint.root != known.root => {
                return Err(self.fork(note));
            }
            _ => self.newest = Some(Signed { checkpoint: known, note: note.into() }),
        }
        Ok(())
    }

    /// How many entries are verified.
    pub fn size(&self) -> u64 {
        self.tree.len()
    }

    /// The newest signed checkpoint that binds the log: it covers what we hold, and may promise more.
    pub fn checkpoint(&self) -> Option<&Arc<str>> {
        self.newest.as_ref().map(|newest| &newest.note)
    }

    /// What the peer's log says, as far as we may see it.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// The statements that issued the peer's bulletins, by place, from `index` on: what a registry passes on as it was signed.
    pub fn bulletins_from(&self, index: u64) -> impl Iterator<Item = (u64, &str)> {
        self.bulletins.range(index..).map(|(index, statement)| (*index, statement.as_str()))
    }

    /// Whether what we hold begins with what `earlier` signed. One of a larger size it does not.
    pub fn extends(&self, earlier: &Checkpoint) -> bool {
        self.tree.root_at(earlier.size).is_ok_and(|root| root == earlier.root)
    }

    /// Compares the peer's newest checkpoint with what we hold; `known` is the largest size that was ever seen signed.
    /// The answer must be to a question about the size that we hold now.
    ///
    /// # Errors
    /// [`PeerFault::Fork`] when it contradicts a checkpoint that we verified, or the peer cannot prove that it continues
    /// it; [`PeerFault::Rollback`] when it is an older state than was seen before.
    pub fn compare(&self, answer: &CheckpointAnswer, known: u64) -> Result<Standing, PeerFault> {
        let offered = self.signed(&answer.checkpoint)?;
        let held = self.size();
        let continues = if offered.size <= held {
            self.extends(&offered)
        } else {
            let (ours, proof) = (self.tree.root(), &answer.proof.0);
            held == 0 || merkle::verify_consistency(held, offered.size, proof, &ours, &offered.root).is_ok()
        };
        if !continues {
            return Err(self.fork(&answer.checkpoint));
        }
        self.no_less_than_known(&offered, &answer.checkpoint)?;
        if offered.size < known.max(held) {
            return Err(PeerFault::Rollback { known: known.max(held), offered: offered.size });
        }
        Ok(if offered.size == held { Standing::Same } else { Standing::Grown(offered.size) })
    }

    /// Checks a range that continues what we hold, without anything of restricted verdicts. Changes nothing.
    ///
    /// # Errors
    /// [`PeerFault`]: the range is not taken over.
    pub fn examine(&self, range: &Range, scope: &Scope, signatures: Signatures) -> Result<Examined, PeerFault> {
        self.examine_with(&Confided::default(), range, scope, signatures)
    }

    /// The same with statements of restricted verdicts in the places where the range has none. One that is not what its entry
    /// commits to is as good as none.
    ///
    /// # Errors
    /// [`PeerFault`]: the range is not taken over.
    pub fn examine_with(
        &self,
        confided: &Confided,
        range: &Range,
        scope: &Scope,
        signatures: Signatures,
    ) -> Result<Examined, PeerFault> {
        let entries = &range.entries.0;
        if entries.is_empty() || range.statements.len() != entries.len() {
            return Err(PeerFault::Shape);
        }
        let leaves: Vec<_> = entries.iter().map(Entry::leaf_hash).collect();
        let checkpoint = self.leads_to_checkpoint(&leaves, range)?;
        let last_ms = self.in_order(entries)?;
        let mut reading = Reading::new(self, range, scope, signatures);
        reading.all(confided)?;
        Ok(Examined {
            from: self.size(),
            leaves,
            last_ms,
            newest: Signed { checkpoint, note: range.checkpoint.as_str().into() },
            log: self.with_changes(&reading, &range.checkpoint)?,
            faults: std::mem::take(&mut reading.faults),
            unconfided: std::mem::take(&mut reading.unconfided),
            confided: std::mem::take(&mut reading.confided),
            keys: std::mem::take(&mut reading.keys),
            bulletins: std::mem::take(&mut reading.bulletins),
            records: reading.into_records(),
        })
    }

    /// The keys of the log after what was read. A checkpoint by a key that was retired in these very entries is not believed.
    fn with_changes(&self, reading: &Reading<'_>, note: &str) -> Result<LogKeys, PeerFault> {
        let mut log = self.log.clone();
        let Some(genesis) = reading.genesis() else { return Ok(log) };
        learn_from(&genesis, &mut log).map_err(|error| PeerFault::log_keys(&error))?;
        if log != self.log {
            Checkpoint::verify(note, &log).map_err(|error| PeerFault::checkpoint(&error))?;
        }
        Ok(log)
    }

    /// Takes over what was examined; gives the verdicts that changed, have another credential now, or rest on what changed.
    ///
    /// # Errors
    /// [`OutOfTurn`] when something else was taken over since.
    pub fn accept(&mut self, examined: Examined) -> Result<BTreeSet<VerdictId>, OutOfTurn> {
        if examined.from != self.size() {
            return Err(OutOfTurn { from: examined.from, size: self.size() });
        }
        for leaf in examined.leaves {
            self.tree.push(leaf);
            self.frontier.push(leaf);
        }
        self.last_ms = examined.last_ms;
        self.log = examined.log;
        if self.newest.as_ref().is_none_or(|newest| newest.checkpoint.size <= self.size()) {
            self.newest = Some(examined.newest);
        }
        self.keys.extend(examined.keys);
        self.bulletins.extend(examined.bulletins);
        let mut changed = BTreeSet::new();
        for record in examined.records {
            changed.extend(touched(&self.register, &record));
            self.register.insert(record);
        }
        Ok(changed)
    }

    /// Forgets verdicts that rest elsewhere and may rest no more.
    pub(crate) fn forget(&mut self, verdicts: &BTreeSet<VerdictId>) {
        self.register.forget_verdicts(verdicts);
    }

    /// A checkpoint that the peer signed.
    ///
    /// # Errors
    /// [`PeerFault::Checkpoint`].
    pub fn signed(&self, note: &str) -> Result<Checkpoint, PeerFault> {
        Checkpoint::verify(note, &self.log).map_err(|error| PeerFault::checkpoint(&error))
    }

    fn leads_to_checkpoint(&self, leaves: &[merkle::Hash], range: &Range) -> Result<Checkpoint, PeerFault> {
        let offered = self.signed(&range.checkpoint)?;
        self.no_less_than_known(&offered, &range.checkpoint)?;
        let mut tree = self.frontier.clone();
        let mut kept_promise = true;
        for leaf in leaves {
            tree.push(*leaf);
            if let Some(Signed { checkpoint, .. }) = &self.newest
                && checkpoint.size == tree.size()
            {
                kept_promise = checkpoint.root == tree.root();
            }
        }
        let (end, root, proof) = (tree.size(), tree.root(), &range.proof.0);
        let leads = if offered.size == end {
            root == offered.root && proof.is_empty()
        } else {
            merkle::verify_consistency(end, offered.size, proof, &root, &offered.root).is_ok()
        };
        match (leads, kept_promise) {
            (false, _) => Err(PeerFault::Proof),
            // The entries are what the peer signed now, and are not what it signed before.
            (true, false) => {
                let mut tree = self.tree.clone();
                leaves.iter().for_each(|leaf| tree.push(*leaf));
                Err(self.fork_in(&tree, &range.checkpoint))
            }
            (true, true) => Ok(offered),
        }
    }

    /// Holds an offered checkpoint to the one that binds the log.
    fn no_less_than_known(&self, offered: &Checkpoint, note: &str) -> Result<(), PeerFault> {
        let Some(Signed { checkpoint: known, .. }) = &self.newest else { return Ok(()) };
        if offered.size < known.size {
            return Err(PeerFault::Rollback { known: known.size, offered: offered.size });
        }
        if offered.size == known.size && offered.root != known.root {
            return Err(self.fork(note));
        }
        Ok(())
    }

    fn in_order(&self, entries: &[Entry]) -> Result<u64, PeerFault> {
        let mut last = self.last_ms;
        for (index, entry) in (self.size()..).zip(entries) {
            if entry.time_ms < last {
                return Err(PeerFault::TimeBackwards { index });
            }
            let first = index == 0;
            if first != (entry.kind == Kind::Genesis) || first && entry.digest != self.genesis {
                return Err(PeerFault::Genesis);
            }
            last = entry.time_ms;
        }
        Ok(last)
    }

    /// Two checkpoints that contradict each other, with what proves it to others as far as we hold the log.
    pub fn contradiction(&self, held: &str, offered: &str) -> Contradiction {
        self.contradiction_in(&self.tree, held, offered)
    }

    fn contradiction_in(&self, tree: &Tree, held: &str, offered: &str) -> Contradiction {
        let both = self.signed(held).ok().zip(self.signed(offered).ok());
        let inconsistency = both.and_then(|(held, offered)| evidence::inconsistency(tree, &held, &offered));
        Contradiction { held: held.to_owned(), offered: offered.to_owned(), inconsistency }
    }

    fn fork(&self, note: &str) -> PeerFault {
        self.fork_in(&self.tree, note)
    }

    fn fork_in(&self, tree: &Tree, note: &str) -> PeerFault {
        let held = self.checkpoint().map(ToString::to_string).unwrap_or_default();
        PeerFault::Fork(Box::new(self.contradiction_in(tree, &held, note)))
    }
}

/// Adds the changes that the log's own register holds; those that are known must stand where it says.
fn learn_from(genesis: &GenesisRecord, log: &mut LogKeys) -> Result<(), String> {
    for (place, later) in genesis.log_keys.iter().enumerate() {
        let key: NoteVerifier = later.key.as_str().parse().map_err(|error: VerifierKeyError| error.to_string())?;
        match log.changes().get(place) {
            Some((index, known)) if *index == later.moment.index && *known == key => {}
            Some(_) => return Err(format!("the change at {} is not the one that was shown", later.moment.index)),
            None => log.change(later.moment.index, key).map_err(|error| error.to_string())?,
        }
    }
    Ok(())
}

impl Examined {
    /// The range without what was left out: what a mirror keeps, so that it is left out again when the mirror is read.
    pub fn kept<'a>(&self, range: &'a Range) -> Cow<'a, Range> {
        if self.faults.is_empty() {
            return Cow::Borrowed(range);
        }
        let mut kept = range.clone();
        for fault in &self.faults {
            let place = usize::try_from(fault.index.saturating_sub(self.from)).ok();
            if let Some(statement) = place.and_then(|place| kept.statements.get_mut(place)) {
                *statement = None;
            }
        }
        Cow::Owned(kept)
    }
}
