//! Two persons: a sensitive step of the operator counts only if another key of the operator approved exactly it before.
//!
//! Sensitive is what cannot be taken back, or what would let one person do without the other. What the node states by itself
//! is nobody's step.

use std::sync::Arc;

use super::case::{Case, in_order};
use crate::genesis::GenesisRecord;
use crate::ids::PartyId;
use crate::party::{PartyKey, PartyRecord, Role};
use crate::persons::{ApprovalRecord, Persons, PersonsRecord, PersonsSet, StepApproved};
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::statement::{Claim, Kind};
use crate::time::Moment;
use crate::verdict::Change;

/// How many days ahead an approval may reach.
const LONGEST: u16 = 30;
/// Most approvals of one key that wait: whoever has one key must not take up the room of the other.
const MAX_WAITING: usize = 64;
/// How often a log may change how many persons it needs. Whoever is shown its keys is shown all of it.
const MAX_CHANGES: usize = 64;

impl<F: Facts> Case<'_, F> {
    pub(super) fn step_approved(&self, claim: &StepApproved) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        if self.genesis.persons().is_one() || !may_be_sensitive(claim.kind) {
            return Err(Refusal::ApprovalNeedless { kind: claim.kind });
        }
        let today = self.today();
        in_order("approval", today, claim.until)?;
        let latest = today.plus_days(LONGEST);
        if claim.until > latest {
            return Err(Refusal::ApprovalTooLong { until: claim.until, latest });
        }
        let mut record = GenesisRecord::clone(&self.genesis);
        record.approvals.retain(|one| one.approved.until >= today || is_shown(one));
        for one in record.approvals.iter().filter(|one| one.approved.step == claim.step) {
            match one.used {
                Some(index) => return Err(Refusal::ApprovalUsed { step: claim.step, index }),
                None if one.kid == self.place.kid => return Err(Refusal::ApprovalStands { step: claim.step }),
                None => {}
            }
        }
        let waits = |one: &&ApprovalRecord| one.used.is_none() && one.kid == self.place.kid;
        if record.approvals.iter().filter(waits).count() >= MAX_WAITING {
            return Err(Refusal::TooMany { what: "approvals of one key that wait", max: MAX_WAITING });
        }
        record.approvals.push(ApprovalRecord {
            approved: *claim,
            kid: self.place.kid,
            moment: self.moment(),
            used: None,
        });
        Ok(vec![Record::Genesis(Arc::new(record))])
    }

    pub(super) fn persons_set(&self, claim: &PersonsSet) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let persons = claim.persons;
        if self.genesis.persons() == persons {
            return Err(Refusal::PersonsAlready { persons: persons.count() });
        }
        if self.genesis.persons.len() >= MAX_CHANGES {
            return Err(Refusal::TooMany { what: "changes of how many persons a step needs", max: MAX_CHANGES });
        }
        self.enough_keys(&self.speaker, persons, None)?;
        let mut record = GenesisRecord::clone(&self.genesis);
        record.persons.push(PersonsRecord { persons, moment: self.moment() });
        Ok(vec![Record::Genesis(Arc::new(record))])
    }

    /// Takes note of the approval by which the statement counts. What the statement does to the genesis, it does to the one in
    /// which the approval is used.
    ///
    /// # Errors
    /// It needs one, and there is none that counts.
    pub(super) fn use_approval(&mut self) -> Result<(), Refusal> {
        if self.genesis.persons().is_one() || !self.is_sensitive() {
            return Ok(());
        }
        let moment = self.approval()?;
        self.approved = Some(moment.index);
        // A verdict's own history says by what it was annulled, and goes with it when it is erased. Nothing is annulled twice.
        if self.statement.kind() != Kind::VerdictChanged {
            let mut record = GenesisRecord::clone(&self.genesis);
            let used = record.approvals.iter_mut().find(|one| one.moment == moment);
            used.into_iter().for_each(|one| one.used = Some(self.place.index));
            self.genesis = Arc::new(record);
        }
        Ok(())
    }

    /// Where the approval of this step stands.
    fn approval(&self) -> Result<Moment, Refusal> {
        let (step, kind) = (self.place.digest, self.statement.kind());
        // A key that was revoked since speaks for nobody.
        let signs = |one: &&ApprovalRecord| self.speaker.key(&one.kid).is_some_and(|key| key.signs_at(self.at()));
        let of_step = |one: &&ApprovalRecord| one.approved.step == step && one.approved.kind == kind;
        let given: Vec<_> = self.genesis.approvals.iter().filter(of_step).filter(signs).collect();
        if given.is_empty() {
            return Err(Refusal::SecondPersonNeeded { kind, step });
        }
        let others: Vec<_> = given.into_iter().filter(|one| one.kid != self.place.kid).collect();
        let last = others.iter().map(|one| one.approved.until).max();
        let until = last.ok_or(Refusal::ApprovedBySamePerson { kid: self.place.kid })?;
        let found = others.into_iter().find(|one| one.approved.until >= self.today());
        found.map(|one| one.moment).ok_or(Refusal::ApprovalExpired { step, until })
    }

    /// Whether this is a step of the operator that needs as many persons as the registry asks for.
    fn is_sensitive(&self) -> bool {
        let has =
            |party: &PartyId, role: fn(&PartyRecord) -> bool| self.facts.party(party).is_some_and(|one| role(&one));
        let of_registry =
            |party: &PartyId| has(party, |record| matches!(record.party.role, Role::Operator | Role::Node));
        self.role() == Role::Operator
            && match &self.statement.claim {
                Claim::PeerExpelled(_)
                | Claim::StatementErased(_)
                | Claim::LogKeyChanged(_)
                | Claim::CaRootAdded(_)
                | Claim::CaRootRetired(_)
                | Claim::RegistryClosed(_)
                | Claim::ClosingAccepted(_)
                | Claim::PersonsSet(_)
                | Claim::RegistryMoved(_)
                | Claim::HostingConsented(_)
                | Claim::HostingAccepted(_)
                | Claim::HostingEnded(_) => true,
                Claim::VerdictChanged(claim) => claim.change == Change::Annulled,
                // Whoever gives a body a key speaks as that body.
                Claim::KeyAdded(claim) => has(&claim.party, |record| record.party.is_public()),
                // What is declared void stays so.
                Claim::KeyRevoked(claim) => claim.compromised_since.is_some() || of_registry(&claim.party),
                _ => false,
            }
    }

    /// Refuses to leave a party with fewer keys than persons are needed; `without` is a key that goes.
    pub(super) fn enough_keys(
        &self,
        party: &PartyRecord,
        persons: Persons,
        without: Option<&PartyKey>,
    ) -> Result<(), Refusal> {
        let left = |key: &&PartyKey| key.signs_at(self.at()) && without.is_none_or(|gone| gone.kid != key.kid);
        if party.keys.iter().filter(left).count() >= persons.count() {
            return Ok(());
        }
        Err(Refusal::TooFewKeys { party: party.party.id.clone(), persons: persons.count() })
    }
}

/// The kinds among which sensitive steps are.
const fn may_be_sensitive(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PeerExpelled
            | Kind::StatementErased
            | Kind::LogKeyChanged
            | Kind::CaRootAdded
            | Kind::CaRootRetired
            | Kind::RegistryClosed
            | Kind::ClosingAccepted
            | Kind::PersonsSet
            | Kind::VerdictChanged
            | Kind::KeyAdded
            | Kind::KeyRevoked
            | Kind::RegistryMoved
            | Kind::HostingConsented
            | Kind::HostingAccepted
            | Kind::HostingEnded
    )
}

/// Whether a step rests on it that others are shown: bundles hold no erasures.
fn is_shown(approval: &ApprovalRecord) -> bool {
    approval.used.is_some() && approval.approved.kind != Kind::StatementErased
}
