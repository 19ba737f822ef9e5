//! A key that was in other hands: from a moment on, what it signed is void, by the time at which the log sequenced it and by
//! no other. A thief writes any `iat` and any `effective`; when it came to the log, it cannot choose.
//!
//! It is said of a key and a moment, never of a statement: whoever may say it cannot pick what falls. Void are grants,
//! changes, reports, credentials and consents. A consent that was taken back stays so, whoever did it: the supplier can give it anew,
//! but what was seen cannot be unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::case::Case;
use crate::consent::ConsentRecord;
use crate::credential::CredentialRecord;
use crate::ids::VerdictId;
use crate::party::{Compromise, PartyKey, Role};
use crate::records::{Facts, Record, Signed, Touched, Voidable};
use crate::refusal::Refusal;
use crate::statement::KeyRevoked;
use crate::verdict::{Happening, HistoryItem, Voiding};

/// How many statements one declaration voids at most: all of them change in one commit, and make the events of one entry. More
/// are voided by several declarations, each reaching further back.
pub const MAX_VOIDED: usize = 16_384;

impl<F: Facts> Case<'_, F> {
    /// What this statement goes with if its key turns out to have been stolen, by the records that it brings.
    pub(super) fn voidable(&self, records: &[Record]) -> Option<Voidable> {
        if !self.role().may_be_voided() {
            return None;
        }
        let touches = records.iter().find_map(touched)?;
        Some(Voidable { kid: self.place.kid, at: self.at(), touches })
    }

    /// Declares a key compromised and voids what it signed since then.
    pub(super) fn compromised(
        &self,
        claim: &KeyRevoked,
        since: Timestamp,
        role: Role,
        key: &mut PartyKey,
    ) -> Result<Vec<Record>, Refusal> {
        if !role.may_be_voided() {
            return Err(Refusal::NotVoidable { party: claim.party.clone(), role });
        }
        self.in_its_time(since, key)?;
        let signed = self.facts.signed(&claim.party, &claim.kid, since, key.compromised_since());
        bounded(&signed)?;
        key.compromised.push(Compromise { since, declared: self.moment(), reason: claim.reason.clone() });
        Ok(self.without(claim, since, signed))
    }

    /// The moment lies in the time in which the key could sign, and before any that was declared: what is void stays so.
    fn in_its_time(&self, since: Timestamp, key: &PartyKey) -> Result<(), Refusal> {
        let kid = key.kid;
        if since > self.at() {
            return Err(Refusal::CompromisedInFuture { since, at: self.at() });
        }
        if since < key.added.at {
            return Err(Refusal::CompromisedBeforeAdded { kid, since, added: key.added.at });
        }
        if let Some(declared) = key.compromised_since().filter(|declared| since >= *declared) {
            return Err(Refusal::CompromisedAlready { kid, declared });
        }
        match &key.revoked {
            Some(end) if since >= end.moment.at => Err(Refusal::KeyRevoked { kid, revoked: end.moment.at }),
            _ => Ok(()),
        }
    }

    /// Everything that was signed, as void; what is erased or out of sight is passed over.
    fn without(&self, claim: &KeyRevoked, since: Timestamp, signed: Vec<Signed>) -> Vec<Record> {
        let mut records = Vec::new();
        let mut verdicts: BTreeMap<VerdictId, BTreeSet<u64>> = BTreeMap::new();
        let voided = Some(self.moment());
        for Signed { moment, touches } in signed {
            match touches {
                Touched::Verdict(id) => drop(verdicts.entry(id).or_default().insert(moment.index)),
                Touched::Credential(slot) => {
                    let Some(known) = self.facts.credential(slot) else { continue };
                    verdicts.entry(known.credential.verdict.clone()).or_default().insert(moment.index);
                    let void = CredentialRecord { voided, ..CredentialRecord::clone(&known) };
                    records.push(Record::Credential(Arc::new(void)));
                }
                Touched::Consent(id) => {
                    let Some(known) = self.facts.consent(&claim.party, &id) else { continue };
                    let void = ConsentRecord { voided, ..ConsentRecord::clone(&known) };
                    records.push(Record::Consent(Arc::new(void)));
                }
            }
        }
        self.restore_upgraded(&mut verdicts);
        let voiding = Arc::new(Voiding { party: claim.party.clone(), kid: claim.kid, since });
        for (id, void) in verdicts {
            let Some(known) = self.facts.verdict(&id) else { continue };
            let item =
                HistoryItem { reason: claim.reason.clone(), ..self.happened(Happening::Voided(Arc::clone(&voiding))) };
            records.push(Record::Verdict(Arc::new(known.without(&void, item))));
        }
        records
    }

    /// A declaration whose place a void grant took is there again.
    fn restore_upgraded(&self, verdicts: &mut BTreeMap<VerdictId, BTreeSet<u64>>) {
        let upgraded = verdicts.iter().filter_map(|(id, void)| {
            let known = self.facts.verdict(id)?;
            let granted = known.history.first()?.index;
            let upgraded = known.terms.upgrades.clone()?;
            void.contains(&granted).then_some((upgraded, granted))
        });
        for (id, granted) in upgraded.collect::<Vec<_>>() {
            verdicts.entry(id).or_default().insert(granted);
        }
    }
}

fn touched(record: &Record) -> Option<Touched> {
    match record {
        Record::Verdict(record) => Some(Touched::Verdict(record.id().clone())),
        Record::Credential(record) => Some(Touched::Credential(record.credential.slot)),
        Record::Consent(record) if record.withdrawn.is_none() => Some(Touched::Consent(record.consent.consent.clone())),
        _ => None,
    }
}

/// Refuses to void more at once than one commit carries; says from when on it is little enough.
fn bounded(signed: &[Signed]) -> Result<(), Refusal> {
    let Some(last_too_many) = signed.len().checked_sub(MAX_VOIDED + 1).and_then(|place| signed.get(place)) else {
        return Ok(());
    };
    // Entries have milliseconds, and those of one millisecond fall together.
    let after = last_too_many.moment.at.checked_add(SignedDuration::from_millis(1)).unwrap_or(Timestamp::MAX);
    Err(Refusal::TooManyVoided { max: MAX_VOIDED, since: after })
}
