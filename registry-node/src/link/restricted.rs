//! Answering a peer that asks for the statements of restricted verdicts.
//!
//! It is shown those of verdicts that a rule in force includes, and nobody else is shown them or that they were asked for. Each verdict
//! is recorded as seen, for its supplier, before a statement of it leaves. What was erased is named by its place, so that the peer erases
//! it, too. Out of scope: which verdicts cross (`conformity::recognition::crosses`).

use std::collections::BTreeMap;
use std::sync::Arc;

use conformity::arrangement::ArrangementRecord;
use conformity::audience;
use conformity::consent::{Part, Parts};
use conformity::ids::{RegistryId, VerdictId};
use conformity::in_force::{Pair, terms_in_force};
use conformity::recognised::ArrangementRef;
use conformity::recognition::crosses;
use conformity::statement::{Claim, Statement};
use conformity::verdict::VerdictRecord;
use federation::hush::Hush;
use federation::messages::{
    Answer, Confidence, MAX_CONFIDED, MAX_CONFIDED_ENTRIES, Refused, Restricted, RestrictedRequest,
};
use federation::serve::{MAX_READ, MAX_STATEMENTS};
use jiff::Timestamp;
use ledger::journal::{ReadError, Stored};

use super::scope::{between, scope};
use crate::core::feed::parse_committed;
use crate::core::registry::Registry;
use crate::core::uses::{By, Granted, Place, Recipient, Seen, UseError, Way};

/// Refused where no rule in force includes restricted verdicts.
pub(super) const NOT_AGREED: &str = "not-agreed";

/// Answers `peer`, up to where the register knows what statements are about.
pub(super) fn answer(
    registry: &Registry,
    peer: &RegistryId,
    request: &RestrictedRequest,
    known: u64,
) -> Answer<Restricted> {
    match Asker::new(registry, peer).and_then(|asker| asker.shown(request, known)) {
        Ok(shown) => Answer::Ok(shown),
        Err(Unanswered::Refused(refusal)) => Answer::Refused(refusal),
        Err(Unanswered::Failed(error)) => {
            static FAILED: Hush = Hush::new();
            if let Some(times) = FAILED.heard() {
                let error = format!("{error:#}");
                tracing::error!(error, times, "restricted verdicts could not be read for a peer");
            }
            Answer::Refused(Refused::new("internal", "restricted verdicts could not be read"))
        }
    }
}

/// Why a peer is told nothing.
enum Unanswered {
    /// It is told why.
    Refused(Refused),
    /// We are to blame.
    Failed(anyhow::Error),
}

impl From<UseError> for Unanswered {
    fn from(error: UseError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ReadError> for Unanswered {
    fn from(error: ReadError) -> Self {
        Self::Failed(error.into())
    }
}

/// A peer for which a rule in force includes restricted verdicts.
struct Asker<'a> {
    registry: &'a Registry,
    peer: &'a RegistryId,
    arrangements: Vec<Arc<ArrangementRecord>>,
    now: Timestamp,
}

/// What is found for it.
#[derive(Default)]
struct Found {
    statements: Vec<(Arc<VerdictRecord>, Confidence)>,
    gone: Vec<u64>,
    bytes: usize,
}

impl<'a> Asker<'a> {
    fn new(registry: &'a Registry, peer: &'a RegistryId) -> Result<Self, Unanswered> {
        let (pair, now) = (Pair { from: &registry.config.registry.id, to: peer }, registry.now());
        let arrangements = between(&*registry.read_model.register(), pair);
        if !scope(&arrangements, pair, now).includes_restricted() {
            let refusal = Refused::new(NOT_AGREED, "no rule in force includes restricted verdicts");
            return Err(Unanswered::Refused(refusal));
        }
        Ok(Self { registry, peer, arrangements, now })
    }

    fn pair(&self) -> Pair<'_> {
        Pair { from: &self.registry.config.registry.id, to: self.peer }
    }

    fn shown(&self, request: &RestrictedRequest, size: u64) -> Result<Restricted, Unanswered> {
        if request.from >= size {
            return Err(Unanswered::Refused(Refused::new("range", format!("the log has {size} entries"))));
        }
        let entries = u64::from(request.entries).clamp(1, MAX_CONFIDED_ENTRIES as u64);
        let (found, next) = self.found(request.from, size.min(request.from.saturating_add(entries)))?;
        let statements = self.recorded(found.statements)?;
        Ok(Restricted { statements, gone: found.gone, next })
    }

    /// What is to be shown between these places, as much as fits, and the first that was not looked at.
    fn found(&self, from: u64, to: u64) -> Result<(Found, u64), ReadError> {
        let (mut found, mut read) = (Found::default(), 0);
        for index in from..to {
            let Stored::Bytes(compact) = self.registry.log.statement(index)? else { continue };
            read += compact.len();
            if index > from && (read > MAX_READ || found.is_full(compact.len())) {
                return Ok((found, index));
            }
            if let Ok(statement) = parse_committed(&compact) {
                self.look(&mut found, index, &statement, &compact);
            }
        }
        Ok((found, to))
    }

    fn look(&self, found: &mut Found, index: u64, statement: &Statement, compact: &[u8]) {
        if let Claim::StatementErased(erased) = &statement.claim {
            found.gone.push(erased.index);
            return;
        }
        let record = audience::restricted(&*self.registry.read_model.register(), statement, index);
        let record = record.filter(|record| crosses(&self.arrangements, self.pair(), record, self.now));
        if let Some((record, statement)) = record.zip(String::from_utf8(compact.to_vec()).ok()) {
            found.bytes += statement.len();
            found.statements.push((record, Confidence { index, statement }));
        }
    }

    /// The statements whose use is durable: all but those of a verdict that was erased meanwhile.
    fn recorded(&self, found: Vec<(Arc<VerdictRecord>, Confidence)>) -> Result<Vec<Confidence>, Unanswered> {
        let place = self.registry.uses.place_of_peer();
        let mut seen: BTreeMap<VerdictId, bool> = BTreeMap::new();
        let mut statements = Vec::new();
        for (verdict, statement) in found {
            let recorded = match seen.get(verdict.id()) {
                Some(recorded) => *recorded,
                None => self.record(&place, &verdict)?,
            };
            seen.insert(verdict.id().clone(), recorded);
            statements.extend(recorded.then_some(statement));
        }
        Ok(statements)
    }

    fn record(&self, place: &Place<'_>, verdict: &VerdictRecord) -> Result<bool, UseError> {
        let including = self.arrangements.iter().filter(|one| {
            let alone = std::slice::from_ref(*one);
            crosses(alone, self.pair(), verdict, self.now)
        });
        let signed = including.filter_map(|one| terms_in_force(one, self.pair(), self.now));
        let arrangements =
            signed.map(|signed| ArrangementRef { id: signed.terms.id.clone(), version: signed.terms.version });
        let seen = Seen {
            to: Recipient::Registry(self.peer.clone()),
            through: None,
            by: By::Arrangements(arrangements.collect()),
            way: Way::Statements,
            parts: Parts::from_iter([Part::Level, Part::Scope]),
            credential: None,
            disclosures: 0,
        };
        match self.registry.uses.record_by_the_minute(place, Granted::of(verdict), seen, self.now) {
            Ok(()) => Ok(true),
            Err(UseError::Gone) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Found {
    /// Whether another statement of so many bytes may not fit.
    fn is_full(&self, bytes: usize) -> bool {
        let counted = self.statements.len().max(self.gone.len());
        counted == MAX_CONFIDED || self.bytes + bytes > MAX_STATEMENTS
    }
}
