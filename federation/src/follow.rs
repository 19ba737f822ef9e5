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

mod fault;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use conformity::audience::{Audience, audience};
use conformity::decide::{Place, decide, signing_key};
use conformity::genesis::Genesis;
use conformity::ids::{SchemeRef, VerdictId};
use conformity::key::KeyId;
use conformity::records::{Facts, Overlay, Record, Register};
use conformity::statement::Statement;
use jiff::Timestamp;
use ledger::checkpoint::Checkpoint;
use ledger::entry::{Entry, Kind};
use ledger::jws::Unverified;
use ledger::key::PublicKey;
use ledger::merkle::{self, Frontier, Tree};
use ledger::note::NoteVerifier;

use crate::messages::{CheckpointAnswer, Range};

pub use fault::{Contradiction, PeerFault, StatementFault};

/// Which statements of a peer concern us: those about verdicts under these schemes, and what they rest on.
pub type Scope = BTreeSet<SchemeRef>;

/// Whether signatures are checked now, or were when the same bytes came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signatures {
    /// They come from the peer.
    Check,
    /// They come from our own mirror, whose bytes the tree vouches for.
    Checked,
}

/// A peer's log as far as we have verified it.
pub struct Followed {
    log: NoteVerifier,
    genesis: ledger::digest::Digest,
    tree: Tree,
    frontier: Frontier,
    last_ms: u64,
    newest: Option<Arc<str>>,
    register: Register,
    keys: HashMap<KeyId, Arc<PublicKey>>,
}

/// A range that holds together, before it is taken over.
pub struct Examined {
    /// Index of its first entry.
    pub from: u64,
    /// What was left out, and why.
    pub faults: Vec<StatementFault>,
    leaves: Vec<merkle::Hash>,
    last_ms: u64,
    checkpoint: Arc<str>,
    records: Vec<Record>,
    keys: Vec<(KeyId, Arc<PublicKey>)>,
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
    /// Begins to follow the log whose genesis is pinned.
    ///
    /// # Errors
    /// [`PeerFault::Genesis`] when the genesis names no usable log key.
    pub fn new(genesis: &Genesis, digest: &conformity::digest::Digest) -> Result<Self, PeerFault> {
        let log: NoteVerifier = genesis.log_key.as_str().parse().map_err(|_| PeerFault::Genesis)?;
        if log.name() != genesis.origin.as_str() {
            return Err(PeerFault::Genesis);
        }
        Ok(Self {
            log,
            genesis: ledger::digest::Digest::from_bytes(*digest.as_bytes()),
            tree: Tree::new(),
            frontier: Frontier::new(),
            last_ms: 0,
            newest: None,
            register: Register::part(),
            keys: HashMap::new(),
        })
    }

    /// How many entries are verified.
    pub fn size(&self) -> u64 {
        self.tree.len()
    }

    /// The newest signed checkpoint that covers them.
    pub fn checkpoint(&self) -> Option<&Arc<str>> {
        self.newest.as_ref()
    }

    /// What the peer's log says, as far as we may see it.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// Whether what we hold begins with what `earlier` signed. One of a larger size it does not.
    pub fn extends(&self, earlier: &Checkpoint) -> bool {
        self.tree.root_at(earlier.size).is_ok_and(|root| root == earlier.root)
    }

    /// Compares the peer's newest checkpoint with what we hold; `known` is the largest size that was ever seen signed.
    ///
    /// # Errors
    /// [`PeerFault::Fork`] when it contradicts a checkpoint that we verified, or the peer cannot prove that it continues
    /// it; [`PeerFault::Rollback`] when it is an older state than was seen before.
    pub fn compare(&self, answer: &CheckpointAnswer, known: u64) -> Result<Standing, PeerFault> {
        let newest = self.signed(&answer.checkpoint)?;
        let held = self.size();
        if newest.size <= held {
            let ours = self.tree.root_at(newest.size).map_err(|_| PeerFault::Proof)?;
            if ours != newest.root {
                return Err(self.fork(&answer.checkpoint));
            }
        } else if held > 0 {
            let consistent =
                merkle::verify_consistency(held, newest.size, &answer.proof.0, &self.tree.root(), &newest.root);
            consistent.map_err(|_| self.fork(&answer.checkpoint))?;
        }
        if newest.size < known.max(held) {
            return Err(PeerFault::Rollback { known: known.max(held), offered: newest.size });
        }
        Ok(if newest.size == held { Standing::Same } else { Standing::Grown(newest.size) })
    }

    /// Checks a range that continues what we hold. Changes nothing.
    ///
    /// # Errors
    /// [`PeerFault`]: the range is not taken over.
    pub fn examine(&self, range: &Range, scope: &Scope, signatures: Signatures) -> Result<Examined, PeerFault> {
        let from = self.size();
        let entries = &range.entries.0;
        if entries.is_empty() || range.statements.len() != entries.len() {
            return Err(PeerFault::Shape);
        }
        let leaves: Vec<_> = entries.iter().map(Entry::leaf_hash).collect();
        self.leads_to_checkpoint(&leaves, range)?;
        let last_ms = self.in_order(entries)?;
        let mut reading = Reading {
            followed: self,
            overlay: Overlay::new(&self.register),
            keys: HashMap::new(),
            faults: Vec::new(),
            signatures,
        };
        for (index, (entry, statement)) in (from..).zip(entries.iter().zip(&range.statements)) {
            reading.entry(index, entry, statement.as_deref(), scope)?;
        }
        Ok(Examined {
            from,
            leaves,
            last_ms,
            checkpoint: range.checkpoint.as_str().into(),
            faults: reading.faults,
            keys: reading.keys.into_iter().collect(),
            records: reading.overlay.into_records(),
        })
    }

    /// Takes over what was examined; gives the verdicts that changed.
    pub fn accept(&mut self, examined: Examined) -> BTreeSet<VerdictId> {
        let mut changed = BTreeSet::new();
        for leaf in examined.leaves {
            self.tree.push(leaf);
            self.frontier.push(leaf);
        }
        self.last_ms = examined.last_ms;
        self.newest = Some(examined.checkpoint);
        self.keys.extend(examined.keys);
        for record in examined.records {
            if let Record::Verdict(verdict) = &record {
                changed.insert(verdict.id().clone());
            }
            self.register.insert(record);
        }
        changed
    }

    /// A checkpoint that the peer signed.
    ///
    /// # Errors
    /// [`PeerFault::Checkpoint`].
    pub fn signed(&self, note: &str) -> Result<Checkpoint, PeerFault> {
        Checkpoint::verify(note, &self.log).map_err(|error| PeerFault::Checkpoint(error.to_string()))
    }

    fn leads_to_checkpoint(&self, leaves: &[merkle::Hash], range: &Range) -> Result<(), PeerFault> {
        let checkpoint = self.signed(&range.checkpoint)?;
        let end = self.size() + leaves.len() as u64;
        let mut tree = self.frontier.clone();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        if checkpoint.size < end {
            return Err(PeerFault::Proof);
        }
        if checkpoint.size == end {
            return if checkpoint.root == tree.root() { Ok(()) } else { Err(PeerFault::Proof) };
        }
        merkle::verify_consistency(end, checkpoint.size, &range.proof.0, &tree.root(), &checkpoint.root)
            .map_err(|_| PeerFault::Proof)
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

    fn fork(&self, note: &str) -> PeerFault {
        let held = self.newest.as_deref().unwrap_or_default().to_owned();
        PeerFault::Fork(Box::new(Contradiction { held, offered: note.to_owned() }))
    }
}

/// Going through the statements of one range, each after those before it.
struct Reading<'a> {
    followed: &'a Followed,
    overlay: Overlay<'a, Register>,
    keys: HashMap<KeyId, Arc<PublicKey>>,
    faults: Vec<StatementFault>,
    signatures: Signatures,
}

impl Reading<'_> {
    fn entry(&mut self, index: u64, entry: &Entry, statement: Option<&str>, scope: &Scope) -> Result<(), PeerFault> {
        let Some(compact) = statement else { return Ok(()) };
        if entry.kind == Kind::Seal {
            return Err(PeerFault::Shape);
        }
        let compact = Bytes::copy_from_slice(compact.as_bytes());
        if ledger::digest::Digest::of(&compact) != entry.digest {
            return Err(PeerFault::Digest { index });
        }
        // Nobody recognises what another recognised.
        if entry.kind != Kind::Recognition
            && let Err(fault) = self.statement(index, entry, compact, scope)
        {
            self.faults.push(fault);
        }
        Ok(())
    }

    fn statement(&mut self, index: u64, entry: &Entry, compact: Bytes, scope: &Scope) -> Result<(), StatementFault> {
        let fault = |code: &'static str, text: String| StatementFault { index, code, text };
        let unverified = Unverified::parse(compact).map_err(|error| fault("malformed", error.to_string()))?;
        let statement =
            Statement::parse(unverified.unverified_payload()).map_err(|error| fault("malformed", error.to_string()))?;
        let at = i64::try_from(entry.time_ms)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .ok_or_else(|| fault("impossible-time", entry.time_ms.to_string()))?;
        self.signed(&statement, unverified, at).map_err(|text| fault("bad-signature", text))?;
        let digest = conformity::digest::Digest::from_bytes(*entry.digest.as_bytes());
        let place = Place { index, at, digest, attachment: None };
        let records =
            decide(&self.overlay, &statement, &place).map_err(|refusal| fault(refusal.code(), refusal.to_string()))?;
        if !in_scope(&self.overlay, &records, &statement, scope) {
            return Err(fault("out-of-scope", format!("{} does not belong to what was agreed", statement.kind())));
        }
        records.into_iter().for_each(|record| self.overlay.insert(record));
        Ok(())
    }

    fn signed(&mut self, statement: &Statement, unverified: Unverified, at: Timestamp) -> Result<(), String> {
        let kid = KeyId::from_bytes(*unverified.kid().as_bytes());
        let jwk = signing_key(&self.overlay, statement, &kid, at).map_err(|refusal| refusal.to_string())?;
        if self.signatures == Signatures::Checked {
            return Ok(());
        }
        let known = self.followed.keys.get(&kid).or_else(|| self.keys.get(&kid)).cloned();
        let key = match known {
            Some(key) => key,
            None => {
                let text = serde_json::to_string(&jwk).map_err(|error| error.to_string())?;
                let key = Arc::new(PublicKey::from_jwk(&text).map_err(|error| error.to_string())?);
                self.keys.insert(kid, Arc::clone(&key));
                key
            }
        };
        unverified.verify(&key).map(drop).map_err(|error| error.to_string())
    }
}

/// Whether the statement is one that the scope names, seen after what it does.
fn in_scope<F: Facts>(before: &F, records: &[Record], statement: &Statement, scope: &Scope) -> bool {
    let mut after = Overlay::new(before);
    records.iter().cloned().for_each(|record| after.insert(record));
    match audience(&after, statement) {
        Audience::Foundation => true,
        Audience::Scheme(scheme) => scope.contains(&scheme),
        Audience::Relations | Audience::Own => false,
    }
}
