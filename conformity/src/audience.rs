//! Who may see a statement at all, apart from its signer and the operator.
//!
//! One rule for the public, for peers and for events. Entries are always public; this is about what they commit to.

use std::sync::Arc;

use crate::ids::{SchemeRef, VerdictId};
use crate::party::Party;
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
    /// The registry itself: its buyers and suppliers, consents, restricted verdicts. Whoever may see one of these is shown it by itself
    /// ([`restricted`]).
    Own,
}

/// Who may see `statement`, which stands at `index`, by what the register holds about the things it names.
///
/// A statement about a verdict that the register does not hold (erased, or out of sight) is the registry's own, also where the id
/// was granted again since: that is another verdict.
pub fn audience<F: Facts>(facts: &F, statement: &Statement, index: u64) -> Audience {
    match &statement.claim {
        Claim::Genesis(_)
        | Claim::LogKeyChanged(_)
        | Claim::CaRootAdded(_)
        | Claim::CaRootRetired(_)
        | Claim::PersonsSet(_)
        | Claim::StepApproved(_)
        | Claim::RegistryMoved(_)
        | Claim::HostingConsented(_)
        | Claim::HostingAccepted(_)
        | Claim::HostingEnded(_)
        | Claim::RegistryClosed(_)
        | Claim::ClosingAccepted(_)
        | Claim::DocumentPublished(_)
        | Claim::SchemePublished(_)
        | Claim::SchemeReplaced(_)
        | Claim::CrosswalkPublished(_)
        | Claim::BulletinIssued(_)
        | Claim::DesignationMade(_)
        | Claim::DesignationChanged(_)
        | Claim::AccreditationGranted(_)
        | Claim::AccreditationChanged(_)
        | Claim::SuccessionAgreed(_)
        | Claim::BodySucceeded(_) => Audience::Foundation,
        Claim::PartyRegistered(claim) => of_party(Some(&claim.party)),
        Claim::KeyAdded(claim) => of_party(facts.party(&claim.party).as_deref().map(|record| &record.party)),
        Claim::KeyRevoked(claim) => of_party(facts.party(&claim.party).as_deref().map(|record| &record.party)),
        // It names no verdict and closes a batch of public ones.
        Claim::BasisChanged(list) if list.verdicts.is_empty() => Audience::Scheme(list.scheme.clone()),
        Claim::VerdictGranted(_)
        | Claim::VerdictChanged(_)
        | Claim::CredentialIssued(_)
        | Claim::DeclarationConfirmed(_)
        | Claim::ConfirmationWithdrawn(_)
        | Claim::ReportFiled(_)
        | Claim::EvidenceAccepted(_)
        | Claim::VerdictExpired(_)
        | Claim::SurveillanceOverdue(_)
        | Claim::ConditionsOverdue(_)
        | Claim::BasisChanged(_) => of_verdict(verdict_of(facts, statement, index).as_deref()),
        Claim::ArrangementSigned(_)
        | Claim::ArrangementCountersigned(_)
        | Claim::ArrangementSuspended(_)
        | Claim::ArrangementRestored(_)
        | Claim::ArrangementEnded(_)
        | Claim::BulletinRelayed(_)
        | Claim::PeerAdded(_)
        | Claim::PeerExpelled(_)
        | Claim::RecognitionDerived(_)
        | Claim::StatementErased(_) => Audience::Relations,
        // They name who supplies whom.
        Claim::DisclosureConsented(_) | Claim::DisclosureWithdrawn(_) => Audience::Own,
    }
}

/// The restricted verdict that `statement`, which stands at `index`, is about; nothing where it is about another verdict, several,
/// or none.
pub fn restricted<F: Facts>(facts: &F, statement: &Statement, index: u64) -> Option<Arc<VerdictRecord>> {
    let alone = match &statement.claim {
        Claim::VerdictExpired(list) | Claim::SurveillanceOverdue(list) | Claim::ConditionsOverdue(list) => {
            list.verdicts.len() == 1
        }
        Claim::BasisChanged(list) => list.verdicts.len() == 1,
        _ => true,
    };
    verdict_of(facts, statement, index).filter(|record| alone && !record.terms.profile.is_public())
}

/// The verdict that the statement at `index` is about: what was stated before the grant was about a verdict of the same id that was
/// erased.
fn verdict_of<F: Facts>(facts: &F, statement: &Statement, index: u64) -> Option<Arc<VerdictRecord>> {
    let begun = |record: &Arc<VerdictRecord>| record.history.first().is_some_and(|granted| granted.index <= index);
    let verdict = |id: &VerdictId| facts.verdict(id).filter(begun);
    match &statement.claim {
        Claim::VerdictGranted(granted) => verdict(&granted.verdict),
        Claim::VerdictChanged(change) => verdict(&change.verdict),
        Claim::CredentialIssued(credential) => verdict(&credential.verdict),
        Claim::DeclarationConfirmed(confirmation) => verdict(&confirmation.verdict),
        Claim::ConfirmationWithdrawn(withdrawn) => verdict(&withdrawn.verdict),
        Claim::ReportFiled(report) => verdict(&report.verdict),
        Claim::EvidenceAccepted(acceptance) => verdict(&acceptance.verdict),
        Claim::VerdictExpired(list) | Claim::SurveillanceOverdue(list) | Claim::ConditionsOverdue(list) => {
            // The node lists public verdicts of one scheme together and each restricted one alone, so one stands for all.
            list.verdicts.iter().find_map(verdict)
        }
        Claim::BasisChanged(list) => list.verdicts.iter().find_map(verdict),
        _ => None,
    }
}

/// Bodies, authorities and declarers are public; who else buys or supplies is not.
fn of_party(party: Option<&Party>) -> Audience {
    match party {
        Some(party) if party.is_public() => Audience::Foundation,
        _ => Audience::Own,
    }
}

fn of_verdict(record: Option<&VerdictRecord>) -> Audience {
    match record {
        Some(record) if record.terms.profile.is_public() => Audience::Scheme(record.terms.scheme.clone()),
        _ => Audience::Own,
    }
}
