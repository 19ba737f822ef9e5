//! Parties and their keys. The operator registers them; nobody registers itself.

use std::sync::Arc;

use super::case::Case;
use crate::handle;
use crate::ids::PartyId;
use crate::key::Jwk;
use crate::party::{PartyKey, PartyRecord, Revocation, Role};
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::statement::{KeyAdded, KeyRevoked, PartyRegistered};
use crate::time::Moment;

/// How many sectors a party may name.
const MAX_SECTORS: usize = 32;

impl<F: Facts> Case<'_, F> {
    pub(super) fn party_registered(&self, claim: &PartyRegistered) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let party = &claim.party;
        if matches!(party.role, Role::Operator | Role::Node) {
            return Err(Refusal::RoleNotRegistrable { role: party.role });
        }
        if party.declares && !party.role.may_declare() {
            return Err(Refusal::DeclaresMisplaced { role: party.role });
        }
        handle::of_party(party)?;
        if self.facts.party(&party.id).is_some() {
            return Err(Refusal::PartyExists { party: party.id.clone() });
        }
        if party.sectors.len() > MAX_SECTORS {
            return Err(Refusal::TooMany { what: "sectors of a party", max: MAX_SECTORS });
        }
        let keys = first_keys(&party.id, &claim.keys, self.moment())?;
        Ok(vec![Record::Party(Arc::new(PartyRecord::new(party.clone(), keys, self.moment())))])
    }

    pub(super) fn key_added(&self, claim: &KeyAdded) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let mut record = PartyRecord::clone(&*self.party(&claim.party)?);
        add(&mut record.keys, &claim.party, claim.key, self.moment())?;
        Ok(vec![Record::Party(Arc::new(record))])
    }

    pub(super) fn key_revoked(&self, claim: &KeyRevoked) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let mut record = PartyRecord::clone(&*self.party(&claim.party)?);
        self.keeps_a_key(&record, claim)?;
        let unknown = || Refusal::UnknownKey { iss: claim.party.clone(), kid: claim.kid };
        let role = record.party.role;
        if let Some(gone) = record.key(&claim.kid).filter(|_| role == Role::Operator) {
            self.enough_keys(&record, self.genesis.persons(), Some(gone))?;
        }
        let key = record.keys.iter_mut().find(|key| key.kid == claim.kid);
        let key = key.ok_or_else(unknown)?;
        let mut records = match (claim.compromised_since, &key.revoked) {
            (Some(since), _) => self.compromised(claim, since, role, key)?,
            (None, None) => Vec::new(),
            (None, Some(end)) => return Err(Refusal::KeyRevoked { kid: claim.kid, revoked: end.moment.at }),
        };
        if key.revoked.is_none() {
            key.revoked = Some(Revocation { moment: self.moment(), reason: claim.reason.clone() });
        }
        records.push(Record::Party(Arc::new(record)));
        Ok(records)
    }

    /// Without a key of the operator or of the node the log could never go on.
    fn keeps_a_key(&self, record: &PartyRecord, claim: &KeyRevoked) -> Result<(), Refusal> {
        let vital = matches!(record.party.role, Role::Operator | Role::Node);
        let another = |key: &PartyKey| key.kid != claim.kid && key.signs_at(self.at());
        if vital && record.key(&claim.kid).is_some() && !record.keys.iter().any(another) {
            return Err(Refusal::LastKey { party: claim.party.clone() });
        }
        Ok(())
    }
}

/// The keys that a party starts with: at least one, none twice.
pub(super) fn first_keys(party: &PartyId, keys: &[Jwk], added: Moment) -> Result<Vec<PartyKey>, Refusal> {
    if keys.is_empty() {
        return Err(Refusal::NoKeys { party: party.clone() });
    }
    let mut first = Vec::with_capacity(keys.len());
    for jwk in keys {
        add(&mut first, party, *jwk, added)?;
    }
    Ok(first)
}

fn add(keys: &mut Vec<PartyKey>, party: &PartyId, jwk: Jwk, added: Moment) -> Result<(), Refusal> {
    let kid = jwk.thumbprint();
    if keys.iter().any(|key| key.kid == kid) {
        return Err(Refusal::KeyExists { party: party.clone(), kid });
    }
    keys.push(PartyKey { kid, jwk, added, revoked: None, compromised: Vec::new() });
    Ok(())
}
