//! Arrangements: what this registry does, and what it takes note of another party having done.
//!
//! Each party acts for itself. Whether the arrangement is in force follows from all acts, see [`crate::in_force`].

use std::sync::Arc;

use super::case::Case;
use super::terms;
use crate::arrangement::{
    Act, Arrangement, ArrangementAct, ArrangementEnded, ArrangementRecord, ArrangementSigned, ArrangementStep,
    Countersigned, SignedTerms,
};
use crate::digest::Digest;
use crate::foreign;
use crate::ids::{ArrangementId, RegistryId};
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::statement::{Claim, Statement};
use crate::time::Day;

impl<F: Facts> Case<'_, F> {
    pub(super) fn arrangement_signed(&self, claim: &ArrangementSigned) -> Result<Vec<Record>, Refusal> {
        self.registry_only()?;
        terms::sound(claim)?;
        self.parties_known(&claim.terms)?;
        self.own_schemes_known(&claim.terms)?;
        self.own_bodies_known(&claim.terms)?;
        let own = self.own_registry();
        let known = self.facts.arrangement(&claim.terms.id);
        if let Some(known) = &known {
            newer(known, own, claim)?;
        }
        self.not_over(claim.terms.until)?;
        self.agrees_with_others(&claim.terms)?;
        Ok(self.signed(known, claim, self.act(Act::Signed { digest: claim.digest })))
    }

    pub(super) fn arrangement_suspended(&self, claim: &ArrangementStep) -> Result<Vec<Record>, Refusal> {
        let reason = claim.reason.clone();
        self.step(&claim.id, "suspended", Act::Suspended { reason }, |held| !held.suspended)
    }

    pub(super) fn arrangement_restored(&self, claim: &ArrangementStep) -> Result<Vec<Record>, Refusal> {
        let reason = claim.reason.clone();
        self.step(&claim.id, "restored", Act::Restored { reason }, |held| held.suspended)
    }

    pub(super) fn arrangement_ended(&self, claim: &ArrangementEnded) -> Result<Vec<Record>, Refusal> {
        self.registry_only()?;
        let known = self.arrangement(&claim.id)?;
        if let Held { terms: Some(terms), .. } = held(&known, self.own_registry()) {
            self.notice(terms, claim.effective)?;
        }
        let ended = Act::Ended { effective: claim.effective, reason: claim.reason.clone() };
        self.step(&claim.id, "ended", ended, |held| !held.ended)
    }

    /// Takes note of what a foreign party did. What it did binds it from its own log; here it is only read and filed.
    pub(super) fn arrangement_countersigned(&self, claim: &Countersigned) -> Result<Vec<Record>, Refusal> {
        self.node_only()?;
        let peer = self.peer(&claim.registry)?;
        let unusable = |because| Refusal::ForeignStatement { because };
        let statement = foreign::read(&claim.statement).map_err(unusable)?;
        if statement.aud != peer.origin {
            return Err(Refusal::WrongRegistry { aud: statement.aud, origin: peer.origin.clone() });
        }
        let digest = Digest::of(claim.statement.as_bytes());
        let file = |act| ArrangementAct {
            registry: claim.registry.clone(),
            act,
            moment: self.moment(),
            by: statement.iss.clone(),
            statement: digest,
        };
        let (id, act) = foreign_act(&statement).map_err(unusable)?;
        let known = self.facts.arrangement(id);
        if let Some(known) = &known {
            unfiled(known, &digest)?;
            changes_something(known, &claim.registry, &act)?;
            room_left(known, &act)?;
        }
        match &statement.claim {
            Claim::ArrangementSigned(signed) => {
                terms::sound(signed)?;
                self.parties_known(&signed.terms)?;
                self.is_party(&signed.terms, &claim.registry, &peer.origin)?;
                Ok(self.signed(known, signed, file(act)))
            }
            _ => {
                let known = self.arrangement(id)?;
                signed_by(&known, &claim.registry)?;
                Ok(filed(&known, file(act)))
            }
        }
    }

    fn own_registry(&self) -> &RegistryId {
        &self.genesis.genesis.registry
    }

    fn arrangement(&self, id: &ArrangementId) -> Result<Arc<ArrangementRecord>, Refusal> {
        self.facts.arrangement(id).ok_or_else(|| Refusal::UnknownArrangement { arrangement: id.clone() })
    }

    /// One act of this registry.
    fn act(&self, act: Act) -> ArrangementAct {
        ArrangementAct {
            registry: self.own_registry().clone(),
            act,
            moment: self.moment(),
            by: self.iss().clone(),
            statement: self.place.digest,
        }
    }

    /// Suspends, restores or ends, where what this registry did before `allows` it.
    fn step(
        &self,
        id: &ArrangementId,
        step: &'static str,
        act: Act,
        allows: impl Fn(&Held<'_>) -> bool,
    ) -> Result<Vec<Record>, Refusal> {
        self.registry_only()?;
        let known = self.arrangement(id)?;
        signed_by(&known, self.own_registry())?;
        let held = held(&known, self.own_registry());
        if allows(&held) {
            return Ok(filed(&known, self.act(act)));
        }
        Err(Refusal::IllegalArrangementStep { arrangement: id.clone(), from: held.word(), step })
    }

    fn notice(&self, terms: &Arrangement, effective: Day) -> Result<(), Refusal> {
        let earliest = self.today().plus_days(terms.notice_days);
        if effective >= earliest {
            return Ok(());
        }
        Err(Refusal::NoticeTooShort { effective, earliest })
    }

    /// The arrangement after somebody signed terms of it.
    fn signed(
        &self,
        known: Option<Arc<ArrangementRecord>>,
        claim: &ArrangementSigned,
        act: ArrangementAct,
    ) -> Vec<Record> {
        let mut record = match known {
            Some(known) => ArrangementRecord::clone(&known),
            None => ArrangementRecord { id: claim.terms.id.clone(), terms: Vec::new(), acts: Vec::new() },
        };
        if record.terms_of(&claim.digest).is_none() {
            record.terms.push(SignedTerms { digest: claim.digest, terms: Arc::clone(&claim.terms) });
        }
        record.acts.push(act);
        vec![Record::Arrangement(Arc::new(record))]
    }
}

/// The arrangement after one more act.
fn filed(known: &ArrangementRecord, act: ArrangementAct) -> Vec<Record> {
    let mut record = known.clone();
    record.acts.push(act);
    vec![Record::Arrangement(Arc::new(record))]
}

/// What a foreign statement does, and to which arrangement.
fn foreign_act(statement: &Statement) -> Result<(&ArrangementId, Act), String> {
    match &statement.claim {
        Claim::ArrangementSigned(claim) => Ok((&claim.terms.id, Act::Signed { digest: claim.digest })),
        Claim::ArrangementSuspended(claim) => {
            let reason = claim.reason.clone();
            Ok((&claim.id, Act::Suspended { reason }))
        }
        Claim::ArrangementRestored(claim) => {
            let reason = claim.reason.clone();
            Ok((&claim.id, Act::Restored { reason }))
        }
        Claim::ArrangementEnded(claim) => {
            let reason = claim.reason.clone();
            let effective = claim.effective;
            Ok((&claim.id, Act::Ended { effective, reason }))
        }
        _ => Err(format!("{} is no act about an arrangement", statement.kind())),
    }
}

/// Where an arrangement stands by the acts of one registry.
pub(super) struct Held<'a> {
    /// The terms it signed last.
    pub(super) terms: Option<&'a Arrangement>,
    suspended: bool,
    pub(super) ended: bool,
}

impl Held<'_> {
    const fn word(&self) -> &'static str {
        match (self.terms.is_some(), self.ended, self.suspended) {
            (false, _, _) => "not signed",
            (_, true, _) => "ended",
            (_, _, true) => "suspended",
            _ => "signed",
        }
    }
}

pub(super) fn held<'a>(record: &'a ArrangementRecord, registry: &RegistryId) -> Held<'a> {
    let mut held = Held { terms: None, suspended: false, ended: false };
    for act in record.acts_of(registry) {
        match &act.act {
            // A signature after an end begins anew; a suspension stays until it is lifted.
            Act::Signed { digest } => {
                held.terms = record.terms_of(digest).map(|terms| &**terms);
                held.ended = false;
            }
            Act::Suspended { .. } => held.suspended = true,
            Act::Restored { .. } => held.suspended = false,
            Act::Ended { .. } => held.ended = true,
        }
    }
    held
}

/// Whether a registry is bound by it on that day, and has not said that it ends.
pub(super) fn stands(record: &ArrangementRecord, registry: &RegistryId, today: Day) -> bool {
    let held = held(record, registry);
    held.terms.is_some_and(|terms| !held.ended && terms.until.is_none_or(|until| until >= today))
}

/// Whether a registry may sign these terms after what it signed before.
fn newer(known: &ArrangementRecord, registry: &RegistryId, claim: &ArrangementSigned) -> Result<(), Refusal> {
    let held = held(known, registry);
    let Some(before) = held.terms else {
        return Ok(());
    };
    let arrangement = known.id.clone();
    let version = claim.terms.version;
    if version > before.version {
        return not_before(before, &claim.terms);
    }
    if version < before.version {
        let signed = before.version;
        return Err(Refusal::VersionNotHigher { arrangement, signed });
    }
    match known.terms.iter().find(|signed| std::ptr::eq(&*signed.terms, before)) {
        Some(signed) if signed.digest != claim.digest => {
            Err(Refusal::TermsDiffer { arrangement, version, digest: signed.digest })
        }
        _ if held.ended => Ok(()),
        _ => Err(Refusal::IllegalArrangementStep { arrangement, from: held.word(), step: "signed" }),
    }
}

/// A version that began before the one it replaces would say that this one never held.
fn not_before(before: &Arrangement, after: &Arrangement) -> Result<(), Refusal> {
    if after.from >= before.from {
        return Ok(());
    }
    Err(Refusal::TermsReachBack { arrangement: after.id.clone(), from: after.from, replaced: before.from })
}

fn signed_by(known: &ArrangementRecord, registry: &RegistryId) -> Result<(), Refusal> {
    let signed = |act: &ArrangementAct| matches!(act.act, Act::Signed { .. });
    if known.acts_of(registry).any(signed) {
        return Ok(());
    }
    Err(Refusal::ArrangementNotSigned { arrangement: known.id.clone(), registry: registry.clone() })
}

/// Refuses a foreign act that leaves everything as it is. Its own log would not have taken it either, and a hostile party
/// could otherwise fill ours with steps that need no room.
fn changes_something(known: &ArrangementRecord, registry: &RegistryId, act: &Act) -> Result<(), Refusal> {
    let held = held(known, registry);
    let (changes, step) = match act {
        Act::Signed { digest } => {
            let same = held.terms.zip(known.terms_of(digest)).is_some_and(|(held, terms)| std::ptr::eq(held, &**terms));
            (!same || held.ended, "signed")
        }
        Act::Suspended { .. } => (!held.suspended, "suspended"),
        Act::Restored { .. } => (held.suspended, "restored"),
        Act::Ended { .. } => (!held.ended, "ended"),
    };
    // Whoever never signed is told so by another rule.
    if changes || held.terms.is_none() {
        return Ok(());
    }
    Err(Refusal::IllegalArrangementStep { arrangement: known.id.clone(), from: held.word(), step })
}

/// How many acts are kept of an arrangement: a hostile party could otherwise sign and lift without end.
const MAX_ACTS: usize = 256;

/// Refuses a foreign act that binds, once there are too many. One that releases is always taken note of: there can be no
/// more of them than of those that bind, and one.
fn room_left(known: &ArrangementRecord, act: &Act) -> Result<(), Refusal> {
    if matches!(act, Act::Suspended { .. } | Act::Ended { .. }) || known.acts.len() < MAX_ACTS {
        return Ok(());
    }
    Err(Refusal::HistoryFull { what: format!("arrangement {}", known.id), max: MAX_ACTS })
}

/// Refuses a foreign statement that is filed already.
fn unfiled(known: &ArrangementRecord, statement: &Digest) -> Result<(), Refusal> {
    match known.acts.iter().find(|act| act.statement == *statement) {
        Some(act) => Err(Refusal::Duplicate { index: act.moment.index }),
        None => Ok(()),
    }
}
