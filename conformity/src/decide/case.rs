//! One statement before the rules: the envelope is checked, the speaker is known.

use std::sync::Arc;

use jiff::Timestamp;

use super::succession::{outlives_the_end, succeeded};
use super::{Place, first_time};
use crate::genesis::GenesisRecord;
use crate::ids::{PartyId, SchemeRef};
use crate::party::{PartyRecord, Role};
use crate::records::{Facts, SchemeRecord};
use crate::refusal::Refusal;
use crate::statement::Statement;
use crate::succession::stands_for;
use crate::time::{Day, Moment};
use crate::verdict::{Happening, HistoryItem, VerdictRecord};

/// How far an issuer's clock may be ahead of the log, in seconds.
const CLOCK_AHEAD: i64 = 300;

/// A statement of a known party, meant for this registry, said for the first time.
pub(super) struct Case<'a, F> {
    pub(super) facts: &'a F,
    pub(super) statement: &'a Statement,
    pub(super) place: &'a Place<'a>,
    pub(super) genesis: Arc<GenesisRecord>,
    pub(super) speaker: Arc<PartyRecord>,
    /// Where the approval stands by which the statement counts, if it needs one.
    pub(super) approved: Option<u64>,
}

impl<'a, F: Facts> Case<'a, F> {
    /// Checks the envelope.
    pub(super) fn open(facts: &'a F, statement: &'a Statement, place: &'a Place<'a>) -> Result<Self, Refusal> {
        let genesis = facts.genesis().ok_or(Refusal::NoGenesis)?;
        if statement.aud != genesis.genesis.origin {
            return Err(Refusal::WrongRegistry { aud: statement.aud.clone(), origin: genesis.genesis.origin.clone() });
        }
        first_time(facts, statement, &place.digest)?;
        issued(statement.iat, place.at)?;
        let speaker =
            facts.party(&statement.iss).ok_or_else(|| Refusal::UnknownIssuer { iss: statement.iss.clone() })?;
        if let Some(succession) = &speaker.succeeded {
            return Err(succeeded(&statement.iss, succession));
        }
        ended(&genesis, &speaker, statement)?;
        Ok(Self { facts, statement, place, genesis, speaker, approved: None })
    }

    /// When the statement is sequenced.
    pub(super) const fn at(&self) -> Timestamp {
        self.place.at
    }

    /// The day on which it is sequenced.
    pub(super) fn today(&self) -> Day {
        Day::of(self.place.at)
    }

    /// Where it is sequenced.
    pub(super) const fn moment(&self) -> Moment {
        self.place.moment()
    }

    /// Something that happens to a verdict by this statement, when it is sequenced and for no stated reason.
    pub(super) fn happened(&self, what: Happening) -> HistoryItem {
        HistoryItem {
            index: self.place.index,
            at: self.at(),
            effective: self.at(),
            what,
            reason: None,
            legal_basis: None,
            by: self.iss().clone(),
            voided: None,
            approved: None,
            recommended_by: None,
            in_place_of: None,
        }
    }

    /// The same, said of `known`: by its body, or in that body's place.
    pub(super) fn happened_to(&self, known: &VerdictRecord, what: Happening) -> HistoryItem {
        HistoryItem { in_place_of: self.in_place_of(known), ..self.happened(what) }
    }

    /// Whose place the speaker took, where it answers for the verdict only as the successor of who decided it.
    pub(super) fn in_place_of(&self, known: &VerdictRecord) -> Option<PartyId> {
        let issuer = &known.now.issuer;
        (self.iss() != issuer && self.answers_for(known)).then(|| issuer.clone())
    }

    /// Whether the speaker is the body that answers for the verdict.
    pub(super) fn answers_for(&self, known: &VerdictRecord) -> bool {
        stands_for(self.facts, self.iss(), &known.now.issuer)
    }

    /// What the speaker is.
    pub(super) fn role(&self) -> Role {
        self.speaker.party.role
    }

    /// Who speaks: the name that the register keeps, so that a million records share it.
    pub(super) fn iss(&self) -> &PartyId {
        &self.speaker.party.id
    }

    /// Refuses a speaker of any other role. `may` names the roles in words.
    pub(super) fn only(&self, roles: &[Role], may: &'static str) -> Result<(), Refusal> {
        if roles.contains(&self.role()) {
            return Ok(());
        }
        Err(Refusal::RoleNotEntitled { iss: self.iss().clone(), role: self.role(), kind: self.statement.kind(), may })
    }

    /// Refuses every speaker but the operator.
    pub(super) fn operator_only(&self) -> Result<(), Refusal> {
        self.only(&[Role::Operator], "the operator")
    }

    /// Refuses every speaker but the operator and the authorities.
    pub(super) fn registry_only(&self) -> Result<(), Refusal> {
        self.only(&[Role::Operator, Role::Authority], "the operator or an authority")
    }

    /// Refuses every speaker but the node itself.
    pub(super) fn node_only(&self) -> Result<(), Refusal> {
        if self.role() == Role::Node {
            return Ok(());
        }
        Err(Refusal::NodeOnly { iss: self.iss().clone(), kind: self.statement.kind() })
    }

    /// The party of this id.
    pub(super) fn party(&self, id: &PartyId) -> Result<Arc<PartyRecord>, Refusal> {
        self.facts.party(id).ok_or_else(|| Refusal::UnknownParty { party: id.clone() })
    }

    /// The party of this id, in this role. Who buys or supplies is nobody else's business: such a party is as unknown as
    /// none.
    pub(super) fn party_as(&self, id: &PartyId, needed: Role) -> Result<(), Refusal> {
        let record = self.party(id)?;
        if record.party.role == needed {
            return Ok(());
        }
        if matches!(record.party.role, Role::Buyer | Role::Supplier) {
            return Err(Refusal::UnknownParty { party: id.clone() });
        }
        Err(Refusal::WrongRole { party: id.clone(), role: record.party.role, needed })
    }

    /// The scheme of this id and version.
    pub(super) fn scheme(&self, scheme: &SchemeRef) -> Result<Arc<SchemeRecord>, Refusal> {
        self.facts.scheme(scheme).ok_or_else(|| Refusal::UnknownScheme { scheme: scheme.clone() })
    }
}

/// Refuses what nobody says in a registry that has ended.
fn ended(genesis: &GenesisRecord, speaker: &PartyRecord, statement: &Statement) -> Result<(), Refusal> {
    match &genesis.closed {
        Some(record) if speaker.party.role != Role::Node && !outlives_the_end(statement.kind()) => {
            Err(Refusal::RegistryIsClosed {
                successor: record.closed.successor.clone(),
                http_url: record.closed.http_url.to_string(),
            })
        }
        _ => Ok(()),
    }
}

/// Refuses a time that no clock of today shows.
pub(super) fn issued(iat: i64, at: Timestamp) -> Result<(), Refusal> {
    if iat < 0 {
        return Err(Refusal::IssuedBeforeTime { iat });
    }
    if iat > at.as_second().saturating_add(CLOCK_AHEAD) {
        return Err(Refusal::IssuedInFuture { iat, at });
    }
    Ok(())
}

/// Refuses two days in the wrong order.
pub(super) fn in_order(what: &'static str, first: Day, second: Day) -> Result<(), Refusal> {
    if first <= second {
        return Ok(());
    }
    Err(Refusal::ImpossibleDates { what, first, second })
}

/// Refuses a set or list without members.
pub(super) fn not_empty(what: &'static str, empty: bool) -> Result<(), Refusal> {
    if empty {
        return Err(Refusal::Empty { what });
    }
    Ok(())
}
