//! What rests on the statement at an index: a search through all records, made for the rare erasure.

use super::{Register, Rests};
use crate::genesis::CaRootRecord;
use crate::ids::VerdictId;
use crate::party::PartyKey;

/// What rests on the statement at `index`.
pub(super) fn rests_on(register: &Register, index: u64) -> Option<Rests> {
    // First what changed another verdict: a grant that took the place of a declaration goes only after the declaration.
    if changed_at(register, index) || documented_at(register, index) {
        Some(Rests::VerdictHistory)
    } else if granted_at(register, index).is_some() {
        Some(Rests::VerdictGrant)
    } else if let Some(rests) = register.consents.rests_on(index) {
        Some(rests)
    } else if is_foundation(register, index) {
        Some(Rests::Foundation)
    } else {
        None
    }
}

/// The verdict that was granted at `index`.
pub(super) fn granted_at(register: &Register, index: u64) -> Option<VerdictId> {
    register
        .verdicts
        .values()
        .find(|record| record.history.first().is_some_and(|item| item.index == index))
        .map(|record| record.id().clone())
}

fn changed_at(register: &Register, index: u64) -> bool {
    register
        .verdicts
        .values()
        .any(|record| record.history.iter().skip(1).any(|item| item.index == index || item.approved == Some(index)))
}

/// Whether a credential was issued there: its status needs it as long as the verdict is there.
fn documented_at(register: &Register, index: u64) -> bool {
    register.credentials.values().any(|record| record.issued.index == index)
}

fn is_foundation(register: &Register, index: u64) -> bool {
    let genesis = register.genesis.as_ref().is_some_and(|record| {
        let of_root = |root: &CaRootRecord| {
            root.added.index == index || root.retired.is_some_and(|retired| retired.index == index)
        };
        let of_key = record.log_keys.iter().any(|later| later.moment.index == index);
        let of_persons = record.persons.iter().any(|later| later.moment.index == index)
            || record.approvals.iter().any(|one| one.moment.index == index);
        let of_place = record.moves.iter().any(|one| one.moment.index == index);
        let of_hosting = record.hosting.iter().any(|one| one.entries().any(|entry| entry == index));
        let of_end = record.closed.as_ref().is_some_and(|closed| closed.moment.index == index)
            || record.accepted.iter().any(|one| one.moment.index == index);
        let of_operator = of_key || of_persons || of_place || of_hosting || of_end;
        record.moment.index == index || of_operator || record.ca_roots.iter().any(of_root)
    });
    let of_erasure = register.erasures().any(|erasure| erasure.approved == Some(index));
    genesis
        || of_erasure
        || registered_at(register, index)
        || permitted_at(register, index)
        || abroad_at(register, index)
}

fn registered_at(register: &Register, index: u64) -> bool {
    let party = register.parties.values().any(|record| {
        let of_key = record.keys.iter().flat_map(PartyKey::entries).any(|entry| entry == index);
        let agreed = record.agreements.iter().any(|one| one.moment.index == index);
        let succeeded = record.succeeded.iter().flat_map(|one| one.entries()).any(|entry| entry == index);
        record.registered.index == index || of_key || agreed || succeeded
    });
    party
        || register.documents.values().any(|record| record.published.index == index)
        || register.schemes.values().any(|record| {
            let replaced = record.replaced.as_ref().is_some_and(|replaced| replaced.moment.index == index);
            record.published.index == index || replaced
        })
        || register.crosswalks.values().any(|record| record.published.index == index)
        || register.bulletins.values().any(|record| record.moment.index == index)
}

fn permitted_at(register: &Register, index: u64) -> bool {
    let designated = register
        .designations
        .values()
        .any(|record| record.made.index == index || record.changes.iter().any(|item| item.moment.index == index));
    designated
        || register
            .accreditations
            .values()
            .any(|record| record.granted.index == index || record.changes.iter().any(|item| item.moment.index == index))
}

fn abroad_at(register: &Register, index: u64) -> bool {
    let arranged = register.arrangements.values().any(|record| record.acts.iter().any(|act| act.moment.index == index));
    let peered = register.peers.values().any(|record| record.entries.contains(&index));
    arranged || peered || register.recognitions.values().any(|record| record.entries.contains(&index))
}
