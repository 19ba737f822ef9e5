//! Which verdicts of a peer may be worth something else after one of its records, whether or not it ever says so.

use std::collections::BTreeSet;

use conformity::ids::{PartyId, SchemeRef, VerdictId};
use conformity::records::{Facts, Record, Register};
use conformity::succession::represented;

/// The verdicts that `record`, which the register does not hold yet, may change: those that it is about, and those that rest on it.
/// Those of a body rest on what becomes of whoever took its place, too.
pub(super) fn touched(register: &Register, record: &Record) -> BTreeSet<VerdictId> {
    match record {
        Record::Verdict(verdict) => [verdict.id().clone()].into(),
        Record::Credential(issued) => [issued.credential.verdict.clone()].into(),
        Record::Accreditation(held) => {
            let bodies = represented(register, &held.accreditation.body).into_iter().collect();
            issued(register, &held.accreditation.scheme, &bodies).into_iter().collect()
        }
        // Whatever else is recorded of a party that was succeeded, or of a scheme that was replaced, changes none of their verdicts.
        Record::Party(party)
            if party.succeeded.is_some()
                && register.party(&party.party.id).is_none_or(|known| known.succeeded.is_none()) =>
        {
            let bodies = represented(register, &party.party.id).into_iter().collect();
            let schemes: BTreeSet<&SchemeRef> = register.issuers().map(|(scheme, _)| scheme).collect();
            schemes.into_iter().flat_map(|scheme| issued(register, scheme, &bodies)).collect()
        }
        Record::Scheme(scheme)
            if scheme.replaced.is_some()
                && register.scheme(&scheme.scheme.scheme).is_none_or(|known| known.replaced != scheme.replaced) =>
        {
            register.verdicts_under(&scheme.scheme.scheme).map(|verdict| verdict.id().clone()).collect()
        }
        _ => BTreeSet::new(),
    }
}

fn issued(register: &Register, scheme: &SchemeRef, bodies: &BTreeSet<PartyId>) -> Vec<VerdictId> {
    register.verdicts_issued(scheme, bodies, None).map(|verdict| verdict.id().clone()).collect()
}
