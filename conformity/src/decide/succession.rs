//! Succession: who takes whose place, and the end of a registry.
//!
//! A body takes another's place by three statements: both agree, an authority confirms. An accreditation body need not agree to being
//! replaced: whoever designated it may take that back at any time. It holds from the entry that confirms it, so nothing is rewritten
//! that was said before, and no clock decides. What is said of a body is not asked for where only part of a log is seen
//! ([`crate::basis`] shows all that this rests on).

use std::sync::Arc;

use super::arrangement::stands;
use super::case::{Case, in_order};
use crate::digest::Digest;
use crate::foreign;
use crate::genesis::GenesisRecord;
use crate::ids::PartyId;
use crate::party::{PartyKey, PartyRecord, Role};
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::statement::{Claim, Kind, Statement};
use crate::succession::{
    Acceptance, AcceptedRecord, Agreement, BodySucceeded, ClosedRecord, ClosingAccepted, MAX_LINE, MAX_REPRESENTED,
    RegistryClosed, Succession, SuccessionAgreed, depth, represented,
};

/// Most pairs of which a body says something.
const MAX_AGREEMENTS: usize = 128;
/// Most registries for which one is willing to go on, since its log began.
const MAX_ACCEPTED: usize = 64;
/// How many days ahead the word of a successor may reach: nobody can take it back.
const LONGEST_WORD: u16 = 366;

/// Whose place another of their kind may take.
const SUCCEEDED: &[Role] =
    &[Role::CertificationBody, Role::AccreditationBody, Role::AuditBody, Role::EvaluationLaboratory, Role::Expert];

impl<F: Facts> Case<'_, F> {
    pub(super) fn succession_agreed(&self, claim: &SuccessionAgreed) -> Result<Vec<Record>, Refusal> {
        self.only(SUCCEEDED, "the body that is succeeded, or the one that takes its place")?;
        let of_both = [&claim.predecessor, &claim.successor].contains(&self.iss());
        if !of_both {
            return Err(Refusal::NotInSuccession { iss: self.iss().clone() });
        }
        self.pair(&claim.predecessor, &claim.successor)?;
        in_order("succession", claim.from, claim.until)?;
        in_order("succession", self.today(), claim.until)?;
        let mut record = PartyRecord::clone(&self.speaker);
        record.agreements.retain(|one| !is_of(&one.agreed, &claim.predecessor, &claim.successor));
        if record.agreements.len() >= MAX_AGREEMENTS {
            // What is dead keeps nobody from saying something new.
            let dead = record.agreements.iter().position(|one| !self.stands(&self.speaker, one));
            let full = Refusal::TooMany { what: "agreements of a body about successions", max: MAX_AGREEMENTS };
            record.agreements.remove(dead.ok_or(full)?);
        }
        record.agreements.push(Agreement { agreed: claim.clone(), kid: self.place.kid, moment: self.moment() });
        Ok(vec![Record::Party(Arc::new(record))])
    }

    pub(super) fn body_succeeded(&self, claim: &BodySucceeded) -> Result<Vec<Record>, Refusal> {
        self.only(&[Role::Authority], "an authority")?;
        let (predecessor, successor) = self.pair(&claim.predecessor, &claim.successor)?;
        let mut agreed = vec![self.agreed(&successor, claim)?];
        if predecessor.party.role != Role::AccreditationBody {
            agreed.push(self.agreed(&predecessor, claim)?);
        }
        self.room_in_line(claim)?;
        let (mut before, mut after) = (PartyRecord::clone(&predecessor), PartyRecord::clone(&successor));
        before.succeeded = Some(Box::new(Succession {
            successor: claim.successor.clone(),
            moment: self.moment(),
            by: self.iss().clone(),
            agreed,
            reason: claim.reason.clone(),
        }));
        after.predecessors.push(claim.predecessor.clone());
        Ok(vec![Record::Party(Arc::new(before)), Record::Party(Arc::new(after))])
    }

    /// Two bodies of one kind, neither of which was succeeded: so no line goes in a circle, and none has two ends.
    fn pair(
        &self,
        predecessor: &PartyId,
        successor: &PartyId,
    ) -> Result<(Arc<PartyRecord>, Arc<PartyRecord>), Refusal> {
        if predecessor == successor {
            return Err(Refusal::SucceedsItself { body: predecessor.clone() });
        }
        let role = self.party(predecessor)?.party.role;
        // Anybody else is told to name a body.
        let kind = if SUCCEEDED.contains(&role) { role } else { Role::CertificationBody };
        self.party_as(predecessor, kind)?;
        self.party_as(successor, kind)?;
        self.still_speaks(predecessor)?;
        self.still_speaks(successor)?;
        Ok((self.party(predecessor)?, self.party(successor)?))
    }

    /// Refuses a body that was succeeded: whatever it is given, its successor has to be given.
    pub(super) fn still_speaks(&self, body: &PartyId) -> Result<(), Refusal> {
        let record = self.facts.party(body);
        match record.as_ref().and_then(|record| record.succeeded.as_deref()) {
            Some(succession) => Err(succeeded(body, succession)),
            None => Ok(()),
        }
    }

    /// Where a body agreed. What was signed with a key that turned out to be stolen by then is no agreement.
    fn agreed(&self, body: &PartyRecord, claim: &BodySucceeded) -> Result<u64, Refusal> {
        let id = &body.party.id;
        let found = body.agreements.iter().find(|one| is_of(&one.agreed, &claim.predecessor, &claim.successor));
        let found = found.filter(|one| self.stands(body, one));
        let found = found.ok_or_else(|| Refusal::SuccessionNotAgreed {
            predecessor: claim.predecessor.clone(),
            successor: claim.successor.clone(),
            by: id.clone(),
        })?;
        if self.today() < found.agreed.from {
            return Err(Refusal::SuccessionNotYet { by: id.clone(), from: found.agreed.from });
        }
        Ok(found.moment.index)
    }

    /// Whether what a body agreed to may still be confirmed: it was not taken back, is not over, and no thief signed it.
    fn stands(&self, body: &PartyRecord, one: &Agreement) -> bool {
        let since = body.key(&one.kid).and_then(PartyKey::compromised_since);
        let stolen = since.is_some_and(|since| since <= one.moment.at);
        !one.agreed.withdrawn && one.agreed.until >= self.today() && !stolen
    }

    fn room_in_line(&self, claim: &BodySucceeded) -> Result<(), Refusal> {
        let (predecessor, successor) = (&claim.predecessor, &claim.successor);
        let line = depth(self.facts, predecessor) + 1;
        let all = represented(self.facts, predecessor).len() + represented(self.facts, successor).len();
        if line <= MAX_LINE && all <= MAX_REPRESENTED {
            return Ok(());
        }
        Err(Refusal::SuccessionTooLong { successor: successor.clone(), line: MAX_LINE, bodies: MAX_REPRESENTED })
    }

    pub(super) fn registry_closed(&self, claim: &RegistryClosed) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        self.another(&claim.successor, &claim.origin, claim.genesis_digest)?;
        super::hosting::address("https://", claim.http_url.as_str(), false)?;
        self.willing(claim)?;
        let own = &self.genesis.genesis.registry;
        if let Some(record) = self.facts.arrangements().iter().find(|record| stands(record, own, self.today())) {
            return Err(Refusal::ArrangementStands { arrangement: record.id.clone() });
        }
        let mut record = GenesisRecord::clone(&self.genesis);
        record.closed = Some(Box::new(ClosedRecord { closed: claim.told(), moment: self.moment() }));
        Ok(vec![Record::Genesis(Arc::new(record))])
    }

    /// The successor said that it goes on for this registry and no other, and may still be taken at its word. That its operator
    /// signed it was checked when the statement was read; here nothing but what is carried is asked, so that whoever sees a part of
    /// the log comes to the same.
    fn willing(&self, claim: &RegistryClosed) -> Result<(), Refusal> {
        let refuse = |because| Refusal::ClosingNotAccepted { successor: claim.successor.clone(), because };
        let acceptance = claim.acceptance.as_deref().ok_or_else(|| refuse("it brings no acceptance"))?;
        if Digest::of(acceptance.genesis.as_bytes()) != claim.genesis_digest {
            return Err(refuse("the genesis that it brings is another one"));
        }
        let read = |jws: &str| foreign::read(jws).map_err(|_| refuse("what it brings cannot be read"));
        let (begun, said) = (read(&acceptance.genesis)?, read(&acceptance.statement)?);
        let (Claim::Genesis(begun), Claim::ClosingAccepted(accepted)) = (&begun.claim, &said.claim) else {
            return Err(refuse("what it brings is no acceptance"));
        };
        let its = (&begun.registry, &begun.origin) == (&claim.successor, &claim.origin);
        if !its || (&said.aud, &said.iss) != (&begun.origin, &begun.operator.id) {
            return Err(refuse("somebody else said what it brings"));
        }
        match acceptance.approval.as_deref().map(read).transpose()? {
            None if begun.persons.is_one() => {}
            None => return Err(refuse("its genesis asks for two persons, and no second one approves what it brings")),
            Some(approval) if approves(&approval, acceptance, &said) => {}
            Some(_) => return Err(refuse("what the second person approves is something else")),
        }
        let own = &self.genesis.genesis;
        let named = (&accepted.registry, &accepted.origin, accepted.genesis_digest);
        if named != (&own.registry, &own.origin, self.genesis.digest) {
            return Err(refuse("the acceptance is for another registry"));
        }
        if accepted.http_url != claim.http_url {
            return Err(refuse("the acceptance names another address"));
        }
        if accepted.until < self.today() {
            return Err(refuse("the last day of the acceptance is past"));
        }
        if accepted.until > self.today().plus_days(LONGEST_WORD) {
            return Err(refuse("the last day of the acceptance is too far"));
        }
        Ok(())
    }

    pub(super) fn closing_accepted(&self, claim: &ClosingAccepted) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        self.another(&claim.registry, &claim.origin, claim.genesis_digest)?;
        super::hosting::address("https://", claim.http_url.as_str(), false)?;
        in_order("acceptance", self.today(), claim.until)?;
        in_order("last day of the acceptance", claim.until, self.today().plus_days(LONGEST_WORD))?;
        if self.genesis.accepted.len() >= MAX_ACCEPTED {
            return Err(Refusal::TooMany { what: "registries for which one goes on", max: MAX_ACCEPTED });
        }
        let mut record = GenesisRecord::clone(&self.genesis);
        record.accepted.push(AcceptedRecord { accepted: claim.clone(), moment: self.moment() });
        Ok(vec![Record::Genesis(Arc::new(record))])
    }
}

/// Whether a statement approves exactly the word of the successor that is carried, in the name of whoever gave it.
fn approves(approval: &Statement, acceptance: &Acceptance, said: &Statement) -> bool {
    let Claim::StepApproved(approved) = &approval.claim else { return false };
    (&approval.aud, &approval.iss) == (&said.aud, &said.iss)
        && (approved.step, approved.kind) == (Digest::of(acceptance.statement.as_bytes()), Kind::ClosingAccepted)
}

/// The refusal of a body that was succeeded.
pub(super) fn succeeded(body: &PartyId, succession: &Succession) -> Refusal {
    Refusal::BodyIsSucceeded { body: body.clone(), by: succession.successor.clone() }
}

/// What may still be said in a closed registry: what keeps its log, and what others have a right to, suppliers to take back a consent
/// above all. The node goes on stating what time alone brings about.
pub(super) const fn outlives_the_end(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::KeyAdded
            | Kind::KeyRevoked
            | Kind::LogKeyChanged
            | Kind::CaRootAdded
            | Kind::CaRootRetired
            | Kind::PersonsSet
            | Kind::StepApproved
            | Kind::RegistryMoved
            | Kind::HostingConsented
            | Kind::HostingEnded
            | Kind::PeerExpelled
            | Kind::StatementErased
            | Kind::DisclosureWithdrawn
    )
}

fn is_of(agreed: &SuccessionAgreed, predecessor: &PartyId, successor: &PartyId) -> bool {
    agreed.predecessor == *predecessor && agreed.successor == *successor
}
