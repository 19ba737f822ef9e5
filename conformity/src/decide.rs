//! Deciding: a statement at its place in the log becomes records, or is refused with a reason.
//!
//! In scope: who may say what, references, dates, lifecycle. The same function runs at intake, at replay and on a peer's
//! log of which only a part is visible, so it needs nothing but the parties, keys, documents, schemes, designations,
//! accreditations and the statements about the same verdict.
//!
//! Out of scope: signatures. [`signing_key`] says which key must have made a statement's; who calls checks that first, and what
//! keys that are no party's signed inside a claim (a log's) when it reads it.
//!
//! One module per family of claims. Each checks in the same order: who speaks, what is referred to, whether the move is
//! allowed, whether the dates can be.

mod acceptance;
mod accreditation;
mod arrangement;
mod basis;
mod bulletin;
mod ca_root;
mod case;
mod compromise;
mod consent;
mod contradiction;
mod credential;
mod crosswalk;
mod declaration;
mod derived;
mod erasure;
mod genesis;
mod hosting;
mod key;
mod log_key;
mod party;
mod peer;
mod persons;
mod recognition;
mod report;
mod scheme;
mod scope;
mod succession;
mod terms;
mod verdict;
mod verdict_change;

use std::sync::Arc;

use jiff::Timestamp;

use crate::digest::Digest;
use crate::key::KeyId;
use crate::records::{Facts, Record, StatementRecord};
use crate::refusal::Refusal;
use crate::statement::{Claim, Statement};
use crate::time::Moment;
use case::Case;

pub use acceptance::MAX_ACCEPTANCES;
pub use compromise::MAX_VOIDED;
pub use key::signing_key;

/// Where a statement stands, or would stand, in the log.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Index of its entry.
    pub index: u64,
    /// Its sequencing time.
    pub at: Timestamp,
    /// The key that signed it, as [`signing_key`] was asked.
    pub kid: KeyId,
    /// Digest of the statement's bytes, as the entry commits to them.
    pub digest: Digest,
    /// The attachment it names, where deciding needs it ([`Statement::decisive_attachment`]).
    pub attachment: Option<&'a [u8]>,
}

impl Place<'_> {
    const fn moment(&self) -> Moment {
        Moment { index: self.index, at: self.at }
    }
}

/// Decides one statement.
///
/// # Errors
/// The first reason against it.
pub fn decide<F: Facts>(facts: &F, statement: &Statement, place: &Place<'_>) -> Result<Vec<Record>, Refusal> {
    let (mut records, voidable) = match &statement.claim {
        Claim::Genesis(genesis) => (genesis::begin(facts, genesis, statement, place)?, None),
        _ => {
            let mut case = Case::open(facts, statement, place)?;
            case.use_approval()?;
            let mut records = case.decide()?;
            if case.approved.is_some() && !records.iter().any(|record| matches!(record, Record::Genesis(_))) {
                records.push(Record::Genesis(Arc::clone(&case.genesis)));
            }
            let voidable = case.voidable(&records);
            (records, voidable)
        }
    };
    records.push(Record::Statement(Arc::new(StatementRecord {
        iss: statement.iss.clone(),
        jti: statement.jti.clone(),
        index: place.index,
        digest: place.digest,
        voidable,
    })));
    Ok(records)
}

/// Whether this statement comes for the first time. Intake asks before it verifies a signature, so that a repetition gets
/// the first answer even after its key was revoked.
///
/// # Errors
/// [`Refusal::Duplicate`] for the same bytes, [`Refusal::StatementIdTaken`] for others under the same id.
pub fn first_time<F: Facts>(facts: &F, statement: &Statement, digest: &Digest) -> Result<(), Refusal> {
    match facts.statement(&statement.iss, &statement.jti) {
        None => Ok(()),
        Some(known) if known.digest == *digest => Err(Refusal::Duplicate { index: known.index }),
        Some(known) => Err(Refusal::StatementIdTaken {
            iss: statement.iss.clone(),
            jti: statement.jti.clone(),
            index: known.index,
        }),
    }
}

impl<F: Facts> Case<'_, F> {
    fn decide(&self) -> Result<Vec<Record>, Refusal> {
        match &self.statement.claim {
            Claim::Genesis(_) => Err(Refusal::GenesisMisplaced { index: self.place.index }),
            Claim::PartyRegistered(claim) => self.party_registered(claim),
            Claim::KeyAdded(claim) => self.key_added(claim),
            Claim::KeyRevoked(claim) => self.key_revoked(claim),
            Claim::LogKeyChanged(claim) => self.log_key_changed(claim),
            Claim::CaRootAdded(claim) => self.ca_root_added(claim),
            Claim::CaRootRetired(claim) => self.ca_root_retired(claim),
            Claim::PersonsSet(claim) => self.persons_set(claim),
            Claim::StepApproved(claim) => self.step_approved(claim),
            Claim::RegistryMoved(claim) => self.registry_moved(claim),
            Claim::HostingConsented(claim) => self.hosting_consented(claim),
            Claim::HostingAccepted(claim) => self.hosting_accepted(claim),
            Claim::HostingEnded(claim) => self.hosting_ended(claim),
            Claim::RegistryClosed(claim) => self.registry_closed(claim),
            Claim::ClosingAccepted(claim) => self.closing_accepted(claim),
            Claim::DocumentPublished(claim) => self.document_published(claim),
            Claim::SchemePublished(claim) => self.scheme_published(claim),
            Claim::SchemeReplaced(claim) => self.scheme_replaced(claim),
            Claim::CrosswalkPublished(claim) => self.crosswalk_published(claim),
            Claim::BulletinIssued(claim) => self.bulletin_issued(claim),
            Claim::BulletinRelayed(claim) => self.bulletin_relayed(claim),
            Claim::DesignationMade(claim) => self.designation_made(claim),
            Claim::DesignationChanged(claim) => self.designation_changed(claim),
            Claim::AccreditationGranted(claim) => self.accreditation_granted(claim),
            Claim::AccreditationChanged(claim) => self.accreditation_changed(claim),
            Claim::SuccessionAgreed(claim) => self.succession_agreed(claim),
            Claim::BodySucceeded(claim) => self.body_succeeded(claim),
            Claim::VerdictGranted(claim) => self.verdict_granted(claim),
            Claim::VerdictChanged(claim) => self.verdict_changed(claim),
            Claim::CredentialIssued(claim) => self.credential_issued(claim),
            Claim::DeclarationConfirmed(claim) => self.declaration_confirmed(claim),
            Claim::ConfirmationWithdrawn(claim) => self.confirmation_withdrawn(claim),
            Claim::ReportFiled(claim) => self.report_filed(claim),
            Claim::EvidenceAccepted(claim) => self.evidence_accepted(claim),
            Claim::DisclosureConsented(claim) => self.disclosure_consented(claim),
            Claim::DisclosureWithdrawn(claim) => self.disclosure_withdrawn(claim),
            Claim::ArrangementSigned(claim) => self.arrangement_signed(claim),
            Claim::ArrangementCountersigned(claim) => self.arrangement_countersigned(claim),
            Claim::ArrangementSuspended(claim) => self.arrangement_suspended(claim),
            Claim::ArrangementRestored(claim) => self.arrangement_restored(claim),
            Claim::ArrangementEnded(claim) => self.arrangement_ended(claim),
            Claim::PeerAdded(claim) => self.peer_added(claim),
            Claim::PeerExpelled(claim) => self.peer_expelled(claim),
            Claim::VerdictExpired(claim) => self.verdict_expired(claim),
            Claim::SurveillanceOverdue(claim) => self.surveillance_overdue(claim),
            Claim::BasisChanged(claim) => self.basis_changed(claim),
            Claim::ConditionsOverdue(claim) => self.conditions_overdue(claim),
            Claim::RecognitionDerived(claim) => self.recognition_derived(claim),
            Claim::StatementErased(claim) => self.statement_erased(claim),
        }
    }
}
