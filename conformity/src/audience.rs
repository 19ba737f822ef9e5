//! Who may see a statement at all, apart from its signer and the operator.
//!
//! One rule for the public, for peers and for events. Entries are always public; this is about what they commit to.

use crate::ids::SchemeRef;
use crate::party::Role;
use crate::records::Facts;
use crate::statement::{Claim, Statement};
use crate::verdict::VerdictRecord;

/// Who may see a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Everyone: what verdicts rest on.
    Foundation,
    /// Everyone; of peers those whose arrangement covers this scheme.
    Scheme(SchemeRef),
    /// Everyone who asks; peers do not follow it: the registry's relations to others, and what it derived.
    Relations,
    /// The registry itself: its buyers and suppliers, restricted verdicts, consents.
    Own,
}

/// Who may see `statement`, by what the register holds about the things it names.
///
/// A statement about a verdict that the register does not hold (erased, or out of sight) is the registry's own.
pub fn audience<F: Facts>(facts: &F, statement: &Statement) -> Audience {
    match &statement.claim {
        Claim::Genesis(_)
        | Claim::LogKeyChanged(_)
        | Claim::CaRootAdded(_)
        | Claim::CaRootRetired(_)
        | Claim::DocumentPublished(_)
        | Claim::SchemePublished(_)
        | Claim::CrosswalkPublished(_)
        | Claim::DesignationMade(_)
        | Claim::DesignationChanged(_)
        | Claim::AccreditationGranted(_)
        | Claim::AccreditationChanged(_) => Audience::Foundation,
        Claim::PartyRegistered(claim) => of_party(Some(claim.party.role)),
        Claim::KeyAdded(claim) => of_party(facts.party(&claim.party).map(|record| record.party.role)),
        Claim::KeyRevoked(claim) => of_party(facts.party(&claim.party).map(|record| record.party.role)),
        Claim::VerdictGranted(verdict) => of_verdict(facts.verdict(&verdict.verdict).as_deref()),
        Claim::VerdictChanged(change) => of_verdict(facts.verdict(&change.verdict).as_deref()),
        Claim::CredentialIssued(credential) => of_verdict(facts.verdict(&credential.verdict).as_deref()),
        Claim::ReportFiled(report) => of_verdict(facts.verdict(&report.verdict).as_deref()),
        Claim::EvidenceAccepted(acceptance) => of_verdict(facts.verdict(&acceptance.verdict).as_deref()),
        Claim::VerdictExpired(list) | Claim::SurveillanceOverdue(list) => {
            // The node lists public verdicts of one scheme together and each restricted one alone, so one stands for all.
            of_verdict(list.verdicts.iter().find_map(|id| facts.verdict(id)).as_deref())
        }
        Claim::ArrangementSigned(_)
        | Claim::ArrangementCountersigned(_)
        | Claim::ArrangementSuspended(_)
        | Claim::ArrangementRestored(_)
        | Claim::ArrangementEnded(_)
        | Claim::PeerAdded(_)
        | Claim::PeerExpelled(_)
        | Claim::RecognitionDerived(_)
        | Claim::StatementErased(_) => Audience::Relations,
        // They name who supplies whom.
        Claim::DisclosureConsented(_) | Claim::DisclosureWithdrawn(_) => Audience::Own,
    }
}

/// Bodies and authorities are public; who buys or supplies is not.
fn of_party(role: Option<Role>) -> Audience {
    match role {
        Some(role) if role.is_public() => Audience::Foundation,
        _ => Audience::Own,
    }
}

fn of_verdict(record: Option<&VerdictRecord>) -> Audience {
    match record {
        Some(record) if record.terms.profile.is_public() => Audience::Scheme(record.terms.scheme.clone()),
        _ => Audience::Own,
    }
}
