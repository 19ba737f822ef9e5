//! Who asks, and what of a restricted verdict he may know for what he is. What a supplier consented to comes on top, see
//! [`crate::consent`].

use crate::identifiers::Identifier;
use crate::ids::PartyId;
use crate::party::{PartyRecord, Role};
use crate::records::Facts;
use crate::succession::stands_for;
use crate::verdict::{Supplier, VerdictRecord};

/// Who asks. The edge takes this from the connection, never from what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// Anyone.
    Public,
    /// A party of this registry.
    Party(PartyId),
}

/// What somebody may know of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// Not even that it exists.
    Nothing,
    /// That it exists.
    Existence,
    /// All of it.
    Whole,
}

/// What `viewer` may know of a verdict of this registry.
///
/// Of a restricted one: all of it for the operator, for every body, sponsor or expert that ever answered for it, for whoever took
/// the place of the body that does, and for the supplier itself;
/// that it exists for those who watch over the bodies, authorities and accreditation bodies; nothing for anyone else.
pub fn sight(facts: &impl Facts, viewer: &Viewer, verdict: &VerdictRecord) -> Sight {
    if verdict.terms.profile.is_public() {
        return Sight::Whole;
    }
    let Viewer::Party(id) = viewer else {
        return Sight::Nothing;
    };
    match facts.party(id) {
        Some(record) => sight_of_party(facts, &record, verdict),
        None => Sight::Nothing,
    }
}

/// Whether a verdict of this registry is the viewer's own affair, so that he may see what its credentials keep back: the
/// operator, every body that ever answered for it, and the supplier itself.
pub fn concerns(facts: &impl Facts, viewer: &Viewer, verdict: &VerdictRecord) -> bool {
    let Viewer::Party(id) = viewer else {
        return false;
    };
    facts.party(id).is_some_and(|record| sight_of_party(facts, &record, verdict) == Sight::Whole)
}

/// Whether a verdict of another registry is the viewer's own affair, so that he may see what that registry disclosed of it to
/// this one: the operator, and the supplier itself. Its bodies and authorities are parties of the other registry.
pub fn concerns_foreign(facts: &impl Facts, viewer: &Viewer, supplier: &Supplier) -> bool {
    let Viewer::Party(id) = viewer else {
        return false;
    };
    facts.party(id).is_some_and(|record| match record.party.role {
        Role::Operator => true,
        Role::Supplier => names(&record.party.identifiers, supplier),
        _ => false,
    })
}

fn sight_of_party(facts: &impl Facts, record: &PartyRecord, verdict: &VerdictRecord) -> Sight {
    let party = &record.party;
    match party.role {
        Role::Operator | Role::Node => Sight::Whole,
        Role::CertificationBody | Role::Expert if answered_for(&party.id, verdict) => Sight::Whole,
        Role::CertificationBody if stands_for(facts, &party.id, &verdict.now.issuer) => Sight::Whole,
        Role::Buyer | Role::Supplier if party.declares && answered_for(&party.id, verdict) => Sight::Whole,
        Role::Supplier if is_supplier(&party.identifiers, verdict) => Sight::Whole,
        Role::Authority | Role::AccreditationBody => Sight::Existence,
        _ => Sight::Nothing,
    }
}

/// Whether the body is responsible for the verdict or ever said something about it that counts: whom a thief made its issuer keeps no
/// sight of it.
fn answered_for(body: &PartyId, verdict: &VerdictRecord) -> bool {
    verdict.now.issuer == *body || verdict.counting().any(|item| item.by == *body)
}

/// Whether a verdict is about the supplier that has these identifiers.
pub fn is_supplier(identifiers: &[Identifier], verdict: &VerdictRecord) -> bool {
    names(identifiers, &verdict.terms.supplier)
}

fn names(identifiers: &[Identifier], supplier: &Supplier) -> bool {
    identifiers.iter().any(|one| *one == supplier.id || supplier.others.contains(one))
}
