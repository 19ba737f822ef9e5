//! Reading what a registry knows, wherever it is kept.

use std::sync::Arc;

use jiff::Timestamp;

use crate::accreditation::{AccreditationRecord, DesignationRecord};
use crate::arrangement::ArrangementRecord;
use crate::bulletin::BulletinRecord;
use crate::consent::{ConsentRecord, Subject};
use crate::credential::{CredentialRecord, StatusSlot};
use crate::crosswalk::CrosswalkRecord;
use crate::digest::Digest;
use crate::genesis::{GenesisRecord, PeerRecord};
use crate::identifiers::Identifier;
use crate::ids::{
    AccreditationId, ArrangementId, BulletinRef, ConsentId, CrosswalkId, CrosswalkRef, DesignationId, DocumentRef,
    PartyId, RegistryId, SchemeId, SchemeRef, StatementId, VerdictId, VerdictRef,
};
use crate::key::KeyId;
use crate::lapsed::{BasisChange, CascadeRecord};
use crate::party::PartyRecord;
use crate::recognised::RecognitionRecord;
use crate::records::{DocumentRecord, ErasureRecord, SchemeRecord, Signed};
use crate::revised::RevisionRecord;
use crate::verdict::VerdictRecord;

/// How much of a log its reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// All of it: a reference to something that is not there is wrong.
    #[default]
    Whole,
    /// Part of it, as a peer does: verdicts that others refer to may exist out of sight.
    Part,
}

/// What rests on a statement, so that it cannot be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rests {
    /// A verdict as granted: erasing it erases the verdict, which is what erasure is for.
    VerdictGrant,
    /// A later change or a credential of a verdict that is still there.
    VerdictHistory,
    /// A consent as given: erasing it ends it.
    ConsentGiven,
    /// What takes back a consent that is still there.
    ConsentWithdrawn,
    /// Something that others rest on: the genesis, a party, a scheme, an accreditation, an arrangement, a peer …
    Foundation,
}

/// What a registry keeps of a statement beside its name: there are more statements than anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Where it stands.
    pub index: u64,
    /// Digest of its bytes.
    pub digest: Digest,
}

/// What a registry knows. Every answer is a shared, immutable value.
///
/// Lists come in no promised order, except that an implementation gives the same order for the same content.
pub trait Facts {
    /// How much of the log it was built from.
    fn view(&self) -> View;
    /// The log's beginning.
    fn genesis(&self) -> Option<Arc<GenesisRecord>>;
    /// The statement that this issuer gave this id.
    fn statement(&self, iss: &PartyId, jti: &StatementId) -> Option<Taken>;
    /// What a key of a party signed that can become void and was sequenced at `since` or later, but before `until`, in the
    /// order of the log: looked up, since others of the party's keys may have signed very much.
    fn signed(&self, by: &PartyId, kid: &KeyId, since: Timestamp, until: Option<Timestamp>) -> Vec<Signed>;
    /// A party.
    fn party(&self, id: &PartyId) -> Option<Arc<PartyRecord>>;
    /// Whether a party that is a natural person is registered with this identifier.
    fn is_person(&self, identifier: &Identifier) -> bool;
    /// A document in a version.
    fn document(&self, document: &DocumentRef) -> Option<Arc<DocumentRecord>>;
    /// A scheme in a version.
    fn scheme(&self, scheme: &SchemeRef) -> Option<Arc<SchemeRecord>>;
    /// All versions of a scheme.
    fn scheme_versions(&self, scheme: &SchemeId) -> Vec<Arc<SchemeRecord>>;
    /// All schemes that assess against a document.
    fn schemes_on(&self, document: &DocumentRef) -> Vec<Arc<SchemeRecord>>;
    /// A crosswalk in a version.
    fn crosswalk(&self, crosswalk: &CrosswalkRef) -> Option<Arc<CrosswalkRecord>>;
    /// Of the versions of a crosswalk the one that was published last.
    fn newest_crosswalk(&self, crosswalk: &CrosswalkId) -> Option<Arc<CrosswalkRecord>>;
    /// The first correction of a crosswalk from a document, before or after it was corrected, behind the entry of this index.
    fn corrected_after(&self, source: &DocumentRef, entry: u64) -> Option<Arc<CrosswalkRecord>>;
    /// How many corrections of crosswalks from a document there are, before or after they were corrected.
    fn corrections(&self, source: &DocumentRef) -> usize;
    /// A bulletin, of this registry or passed on.
    fn bulletin(&self, bulletin: &BulletinRef) -> Option<Arc<BulletinRecord>>;
    /// A designation.
    fn designation(&self, id: &DesignationId) -> Option<Arc<DesignationRecord>>;
    /// All designations of an accreditation body.
    fn designations(&self, accreditation_body: &PartyId) -> Vec<Arc<DesignationRecord>>;
    /// An accreditation.
    fn accreditation(&self, id: &AccreditationId) -> Option<Arc<AccreditationRecord>>;
    /// All accreditations of a body.
    fn accreditations(&self, body: &PartyId) -> Vec<Arc<AccreditationRecord>>;
    /// A verdict of this registry.
    fn verdict(&self, id: &VerdictId) -> Option<Arc<VerdictRecord>>;
    /// All verdicts of this registry on a supplier, by any identifier the body verified.
    fn verdicts_of(&self, supplier: &Identifier) -> Vec<Arc<VerdictRecord>>;
    /// The credential whose status this slot tells.
    fn credential(&self, slot: StatusSlot) -> Option<Arc<CredentialRecord>>;
    /// All credentials of a verdict.
    fn credentials_of(&self, verdict: &VerdictId) -> Vec<Arc<CredentialRecord>>;
    /// The credential of a verdict that was issued last; a void one only where there is no other.
    fn newest_credential(&self, verdict: &VerdictId) -> Option<Arc<CredentialRecord>> {
        self.credentials_of(verdict).into_iter().max_by_key(|record| record.rank())
    }
    /// A consent, by who gave it.
    fn consent(&self, by: &PartyId, id: &ConsentId) -> Option<Arc<ConsentRecord>>;
    /// All consents that a supplier gave, whether they stand or not.
    fn consents_by(&self, by: &PartyId) -> Vec<Arc<ConsentRecord>>;
    /// How many of those are not void.
    fn consent_count(&self, by: &PartyId) -> usize;
    /// Those of them to one party about the same that may stand, by name: looked up, since a supplier may give many at once.
    fn consents_between(&self, by: &PartyId, to: &PartyId, about: &Subject) -> Vec<ConsentId>;
    /// An arrangement.
    fn arrangement(&self, id: &ArrangementId) -> Option<Arc<ArrangementRecord>>;
    /// All arrangements.
    fn arrangements(&self) -> Vec<Arc<ArrangementRecord>>;
    /// A peer.
    fn peer(&self, registry: &RegistryId) -> Option<Arc<PeerRecord>>;
    /// All peers.
    fn peers(&self) -> Vec<Arc<PeerRecord>>;
    /// What is made of a foreign verdict.
    fn recognition(&self, verdict: &VerdictRef) -> Option<Arc<RecognitionRecord>>;
    /// What is made of foreign verdicts on a supplier.
    fn recognitions_of(&self, supplier: &Identifier) -> Vec<Arc<RecognitionRecord>>;
    /// What a change of what verdicts rest on has brought about so far under a scheme.
    fn cascade(&self, change: &BasisChange, scheme: &SchemeRef) -> Option<Arc<CascadeRecord>>;
    /// What the entry at this index has done to what is made of the verdicts of a registry so far.
    fn revision(&self, entry: u64, registry: &RegistryId) -> Option<Arc<RevisionRecord>>;
    /// Whether and why the statement at this index was erased.
    fn erasure(&self, index: u64) -> Option<Arc<ErasureRecord>>;
    /// What rests on the statement at this index. Erasures are rare: an implementation may search for the answer.
    fn rests_on(&self, index: u64) -> Option<Rests>;
}
