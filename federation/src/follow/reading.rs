//! The statements of one range, each judged after those before it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use conformity::audience::{Audience, audience, restricted};
use conformity::decide::{Place, decide, signing_key};
use conformity::genesis::GenesisRecord;
use conformity::ids::VerdictId;
use conformity::key::{Jwk, KeyId};
use conformity::records::{Facts, Overlay, Record, Register};
use conformity::refusal::Refusal;
use conformity::statement::Statement;
use credential::certificates;
use credential::statement::{admit, read_unverified};
use jiff::Timestamp;
use ledger::digest::Digest;
use ledger::entry::{Entry, Kind};
use ledger::jws::{JwsError, Unverified};
use ledger::key::PublicKey;

use super::signatures::{Vouched, vouch};
use super::{Confided, Followed, PeerFault, Scope, Signatures, StatementFault};
use crate::messages::Range;

/// Going through a range.
pub(super) struct Reading<'a> {
    followed: &'a Followed,
    range: &'a Range,
    scope: &'a Scope,
    signatures: Signatures,
    vouched: Vouched,
    overlay: Overlay<'a, Register>,
    /// Keys that were admitted on the way.
    pub(super) keys: HashMap<KeyId, Arc<PublicKey>>,
    /// What was left out.
    pub(super) faults: Vec<StatementFault>,
    /// Why statements of restricted verdicts were left out.
    pub(super) unconfided: Vec<&'static str>,
    /// Those that were not.
    pub(super) confided: BTreeMap<VerdictId, BTreeMap<u64, String>>,
    /// Statements that issue bulletins, by place.
    pub(super) bulletins: BTreeMap<u64, String>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(followed: &'a Followed, range: &'a Range, scope: &'a Scope, signatures: Signatures) -> Self {
        let vouched = match signatures {
            Signatures::Check => vouch(&range.statements, &followed.keys),
            Signatures::Checked => Vouched::default(),
        };
        Self {
            followed,
            range,
            scope,
            signatures,
            vouched,
            overlay: Overlay::new(&followed.register),
            keys: HashMap::new(),
            faults: Vec::new(),
            unconfided: Vec::new(),
            confided: BTreeMap::new(),
            bulletins: BTreeMap::new(),
        }
    }

    /// Judges all of them, and what was confided between them.
    pub(super) fn all(&mut self, confided: &Confided) -> Result<(), PeerFault> {
        let range = self.range;
        let both = range.entries.0.iter().zip(&range.statements);
        for (index, (entry, statement)) in (self.followed.size()..).zip(both) {
            match statement {
                Some(compact) => self.entry(index, entry, compact)?,
                None if entry.kind == Kind::Genesis => return Err(PeerFault::Withheld { index }),
                None => {
                    if let Some(compact) = confided.at(index) {
                        self.confided(index, entry, compact);
                    }
                }
            }
        }
        Ok(())
    }

    /// The beginning of the log, as the register has it after the range.
    pub(super) fn genesis(&self) -> Option<Arc<GenesisRecord>> {
        self.overlay.genesis()
    }

    /// What follows from the range.
    pub(super) fn into_records(self) -> Vec<Record> {
        self.overlay.into_records()
    }

    fn entry(&mut self, index: u64, entry: &Entry, compact: &str) -> Result<(), PeerFault> {
        if entry.kind == Kind::Seal {
            return Err(PeerFault::Shape);
        }
        if Digest::of(compact.as_bytes()) != entry.digest {
            return Err(PeerFault::Digest { index });
        }
        // Nobody recognises what another recognised.
        if entry.kind != Kind::Recognition
            && let Err(fault) = self.statement(index, entry, compact, false)
        {
            self.faults.push(fault);
        }
        Ok(())
    }

    /// A statement that was shown to us alone. One that rests here and belongs to no entry any more is none.
    fn confided(&mut self, index: u64, entry: &Entry, compact: &str) {
        if entry.kind != Kind::Statement || Digest::of(compact.as_bytes()) != entry.digest {
            return;
        }
        match self.statement(index, entry, compact, true) {
            Ok(None) => {}
            Ok(Some(verdict)) => {
                self.confided.entry(verdict).or_default().insert(index, compact.to_owned());
            }
            Err(fault) => self.unconfided.push(fault.code),
        }
    }

    /// Judges a statement; of a confided one, gives the restricted verdict that it is about.
    fn statement(
        &mut self,
        index: u64,
        entry: &Entry,
        text: &str,
        confided: bool,
    ) -> Result<Option<VerdictId>, StatementFault> {
        let fault = |code: &'static str, text: String| StatementFault::new(index, code, &text);
        let compact = Bytes::copy_from_slice(text.as_bytes());
        let unverified = Unverified::parse(compact).map_err(|error| unread(index, &error))?;
        let statement = read_unverified(&unverified).map_err(|error| fault("malformed", error.to_string()))?;
        let at = i64::try_from(entry.time_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let at = at.ok_or_else(|| fault("impossible-time", entry.time_ms.to_string()))?;
        let kid = KeyId::from_bytes(*unverified.kid().as_bytes());
        let jwk = signing_key(&self.overlay, &statement, &kid, at).map_err(|refusal| refused(index, &refusal))?;
        let digest = conformity::digest::Digest::from_bytes(*entry.digest.as_bytes());
        let place = Place { index, at, kid, digest, attachment: None };
        certificates::check(&self.overlay, &statement, &place, unverified.certificates())
            .map_err(|refusal| refused(index, &refusal))?;
        self.signed(index, &kid, &jwk, unverified).map_err(|text| fault("bad-signature", text))?;
        let records = decide(&self.overlay, &statement, &place).map_err(|refusal| refused(index, &refusal))?;
        let agreed = self.agreed(&records, &statement, index, confided);
        let Some(verdict) = agreed else {
            return Err(fault("out-of-scope", format!("{} does not belong to what was agreed", statement.kind())));
        };
        if statement.kind() == conformity::statement::Kind::BulletinIssued {
            self.bulletins.insert(index, text.to_owned());
        }
        records.into_iter().for_each(|record| self.overlay.insert(record));
        Ok(verdict)
    }

    /// Whether the statement is one that the scope names, seen after what it does; of a confided one, about which verdict.
    fn agreed(
        &self,
        records: &[Record],
        statement: &Statement,
        index: u64,
        confided: bool,
    ) -> Option<Option<VerdictId>> {
        let mut after = Overlay::new(&self.overlay);
        records.iter().cloned().for_each(|record| after.insert(record));
        if confided {
            let verdict = restricted(&after, statement, index).filter(|record| self.scope.includes(record))?;
            return Some(Some(verdict.id().clone()));
        }
        let shown = match audience(&after, statement, index) {
            Audience::Foundation => true,
            Audience::Scheme(scheme) => self.scope.contains(&scheme),
            Audience::Relations | Audience::Own => false,
        };
        shown.then_some(None)
    }

    /// The signature, by a key that the peer's own register says is the issuer's.
    fn signed(&mut self, index: u64, kid: &KeyId, jwk: &Jwk, unverified: Unverified) -> Result<(), String> {
        if self.signatures == Signatures::Checked || self.vouched.holds(index, self.followed.size()) {
            return Ok(());
        }
        let known = self.followed.keys.get(kid).or_else(|| self.keys.get(kid)).cloned();
        let key = match known {
            Some(key) => key,
            None => {
                let key = Arc::new(admit(jwk).map_err(|error| error.to_string())?);
                self.keys.insert(*kid, Arc::clone(&key));
                key
            }
        };
        unverified.verify(&key).map(drop).map_err(|error| error.to_string())
    }
}

/// Why its bytes are no statement.
fn unread(index: u64, error: &JwsError) -> StatementFault {
    let code = match error {
        JwsError::Certificates(error) => error.code(),
        _ => "malformed",
    };
    StatementFault::new(index, code, &error.to_string())
}

/// Why the rules refuse it. Whoever shows a change of a verdict has to show the verdict.
fn refused(index: u64, refusal: &Refusal) -> StatementFault {
    let (code, text) = match refusal {
        Refusal::UnknownVerdict { verdict } => ("withheld", format!("it is about {verdict}, which was not shown")),
        other => (other.code(), other.to_string()),
    };
    StatementFault::new(index, code, &text)
}
