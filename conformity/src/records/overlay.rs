//! Reading through the records of a batch that is decided but not durable yet.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::{DocumentRecord, ErasureRecord, Facts, Record, Register, Rests, SchemeRecord, Signed, Taken, View};
use crate::accreditation::{AccreditationRecord, DesignationRecord};
use crate::arrangement::ArrangementRecord;
use crate::bulletin::BulletinRecord;
use crate::consent::{ConsentRecord, Subject};
use crate::credential::{CredentialRecord, StatusSlot};
use crate::crosswalk::CrosswalkRecord;
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
use crate::revised::RevisionRecord;
use crate::verdict::VerdictRecord;

/// Facts as they will be once the pending records are taken up: pending ones first, then the base.
#[derive(Debug)]
pub struct Overlay<'a, F> {
    base: &'a F,
    pending: Register,
    records: Vec<Record>,
    /// How many consents each supplier gave that the base does not know.
    fresh_consents: HashMap<PartyId, usize>,
}

impl<'a, F: Facts> Overlay<'a, F> {
    /// Nothing pending yet.
    pub fn new(base: &'a F) -> Self {
        Self { base, pending: Register::new(), records: Vec::new(), fresh_consents: HashMap::new() }
    }

    /// Takes up a pending record.
    pub fn insert(&mut self, record: Record) {
        if let Record::Consent(given) = &record {
            let (by, id) = (&given.by, &given.consent.consent);
            if self.base.consent(by, id).or_else(|| self.pending.consent(by, id)).is_none() {
                *self.fresh_consents.entry(by.clone()).or_default() += 1;
            }
        }
        self.pending.insert(record.clone());
        self.records.push(record);
    }

    /// The pending records in the order they came, to be taken up by the base once they are durable.
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }

    /// The record of the base, unless a pending erasure took it.
    fn unerased(&self, record: Arc<VerdictRecord>) -> Option<Arc<VerdictRecord>> {
        let granted = record.history.first().map(|item| item.index);
        let erased = granted.is_some_and(|index| self.pending.erasure(index).is_some());
        (!erased).then_some(record)
    }

    /// Whether a pending erasure took a consent of the base, itself or with its verdict.
    fn consent_erased(&self, record: &ConsentRecord) -> bool {
        let verdict_gone = match &record.consent.about {
            Subject::Verdict(id) => self.verdict(id).is_none_or(|verdict| {
                // An id that was erased may have been granted again.
                verdict.history.first().is_some_and(|granted| granted.index > record.given.index)
            }),
            Subject::Scheme(_) | Subject::Standing(_) => false,
        };
        verdict_gone || self.pending.erasure(record.given.index).is_some()
    }
}

/// The pending values, and those of the base that have no pending one of the same name.
fn merge<V, K: PartialEq>(base: Vec<Arc<V>>, pending: Vec<Arc<V>>, name: impl Fn(&V) -> &K) -> Vec<Arc<V>> {
    if pending.is_empty() {
        return base;
    }
    let mut merged = base;
    for value in pending {
        match merged.iter_mut().find(|known| name(known) == name(&value)) {
            Some(known) => *known = value,
            None => merged.push(value),
        }
    }
    merged
}

impl<F: Facts> Facts for Overlay<'_, F> {
    fn view(&self) -> View {
        self.base.view()
    }

    fn genesis(&self) -> Option<Arc<GenesisRecord>> {
        self.pending.genesis().or_else(|| self.base.genesis())
    }

    fn signed(&self, by: &PartyId, kid: &KeyId, since: Timestamp, until: Option<Timestamp>) -> Vec<Signed> {
        let mut signed = self.base.signed(by, kid, since, until);
        signed.extend(self.pending.signed(by, kid, since, until));
        signed.retain(|one| self.pending.erasure(one.moment.index).is_none());
        signed
    }

    fn statement(&self, iss: &PartyId, jti: &StatementId) -> Option<Taken> {
        self.pending.statement(iss, jti).or_else(|| {
            let known = self.base.statement(iss, jti)?;
            self.pending.erasure(known.index).is_none().then_some(known)
        })
    }

    fn party(&self, id: &PartyId) -> Option<Arc<PartyRecord>> {
        self.pending.party(id).or_else(|| self.base.party(id))
    }

    fn is_person(&self, identifier: &Identifier) -> bool {
        self.pending.is_person(identifier) || self.base.is_person(identifier)
    }

    fn document(&self, document: &DocumentRef) -> Option<Arc<DocumentRecord>> {
        let pending = self.pending.document(document);
        pending.or_else(|| self.base.document(document))
    }

    fn scheme(&self, scheme: &SchemeRef) -> Option<Arc<SchemeRecord>> {
        self.pending.scheme(scheme).or_else(|| self.base.scheme(scheme))
    }

    fn scheme_versions(&self, scheme: &SchemeId) -> Vec<Arc<SchemeRecord>> {
        let pending = self.pending.scheme_versions(scheme);
        merge(self.base.scheme_versions(scheme), pending, |record| &record.scheme.scheme)
    }

    fn schemes_on(&self, document: &DocumentRef) -> Vec<Arc<SchemeRecord>> {
        let pending = self.pending.schemes_on(document);
        merge(self.base.schemes_on(document), pending, |record| &record.scheme.scheme)
    }

    fn crosswalk(&self, crosswalk: &CrosswalkRef) -> Option<Arc<CrosswalkRecord>> {
        self.pending.crosswalk(crosswalk).or_else(|| self.base.crosswalk(crosswalk))
    }

    fn newest_crosswalk(&self, crosswalk: &CrosswalkId) -> Option<Arc<CrosswalkRecord>> {
        self.pending.newest_crosswalk(crosswalk).or_else(|| self.base.newest_crosswalk(crosswalk))
    }

    fn corrected_after(&self, source: &DocumentRef, entry: u64) -> Option<Arc<CrosswalkRecord>> {
        self.base.corrected_after(source, entry).or_else(|| self.pending.corrected_after(source, entry))
    }

    fn corrections(&self, source: &DocumentRef) -> usize {
        self.base.corrections(source) + self.pending.corrections(source)
    }

    fn bulletin(&self, bulletin: &BulletinRef) -> Option<Arc<BulletinRecord>> {
        self.pending.bulletin(bulletin).or_else(|| self.base.bulletin(bulletin))
    }

    fn designation(&self, id: &DesignationId) -> Option<Arc<DesignationRecord>> {
        self.pending.designation(id).or_else(|| self.base.designation(id))
    }

    fn designations(&self, accreditation_body: &PartyId) -> Vec<Arc<DesignationRecord>> {
        let pending = self.pending.designations(accreditation_body);
        merge(self.base.designations(accreditation_body), pending, |record| &record.designation.id)
    }

    fn accreditation(&self, id: &AccreditationId) -> Option<Arc<AccreditationRecord>> {
        self.pending.accreditation(id).or_else(|| self.base.accreditation(id))
    }

    fn accreditations(&self, body: &PartyId) -> Vec<Arc<AccreditationRecord>> {
        let pending = self.pending.accreditations(body);
        merge(self.base.accreditations(body), pending, |record| &record.accreditation.id)
    }

    fn verdict(&self, id: &VerdictId) -> Option<Arc<VerdictRecord>> {
        self.pending.verdict(id).or_else(|| self.unerased(self.base.verdict(id)?))
    }

    fn verdicts_of(&self, supplier: &Identifier) -> Vec<Arc<VerdictRecord>> {
        let base = self.base.verdicts_of(supplier);
        let base = base.into_iter().filter_map(|record| self.unerased(record)).collect();
        merge(base, self.pending.verdicts_of(supplier), VerdictRecord::id)
    }

    fn credential(&self, slot: StatusSlot) -> Option<Arc<CredentialRecord>> {
        self.pending.credential(slot).or_else(|| {
            let known = self.base.credential(slot)?;
            self.verdict(&known.credential.verdict).is_some().then_some(known)
        })
    }

    fn credentials_of(&self, verdict: &VerdictId) -> Vec<Arc<CredentialRecord>> {
        if self.verdict(verdict).is_none() {
            return Vec::new();
        }
        merge(self.base.credentials_of(verdict), self.pending.credentials_of(verdict), |record| &record.credential.slot)
    }

    fn consent(&self, by: &PartyId, id: &ConsentId) -> Option<Arc<ConsentRecord>> {
        let record = self.pending.consent(by, id).or_else(|| self.base.consent(by, id));
        record.filter(|record| !self.consent_erased(record))
    }

    fn consents_by(&self, by: &PartyId) -> Vec<Arc<ConsentRecord>> {
        let all = self.base.consents_by(by).into_iter().chain(self.pending.consents_by(by));
        // The later ones replace those of the same name.
        let all: BTreeMap<_, _> = all.map(|record| (record.consent.consent.clone(), record)).collect();
        all.into_values().filter(|record| !self.consent_erased(record)).collect()
    }

    fn consent_count(&self, by: &PartyId) -> usize {
        if self.pending.erasures().next().is_some() {
            // Rare enough to be counted one by one.
            return self.consents_by(by).iter().filter(|record| record.voided.is_none()).count();
        }
        self.base.consent_count(by) + self.fresh_consents.get(by).copied().unwrap_or(0)
    }

    fn consents_between(&self, by: &PartyId, to: &PartyId, about: &Subject) -> Vec<ConsentId> {
        let mut names = self.base.consents_between(by, to, about);
        names.extend(self.pending.consents_between(by, to, about));
        names
    }

    fn arrangement(&self, id: &ArrangementId) -> Option<Arc<ArrangementRecord>> {
        self.pending.arrangement(id).or_else(|| self.base.arrangement(id))
    }

    fn arrangements(&self) -> Vec<Arc<ArrangementRecord>> {
        merge(self.base.arrangements(), self.pending.arrangements(), |record| &record.id)
    }

    fn peer(&self, registry: &RegistryId) -> Option<Arc<PeerRecord>> {
        self.pending.peer(registry).or_else(|| self.base.peer(registry))
    }

    fn peers(&self) -> Vec<Arc<PeerRecord>> {
        merge(self.base.peers(), self.pending.peers(), |record| &record.registry)
    }

    fn recognition(&self, verdict: &VerdictRef) -> Option<Arc<RecognitionRecord>> {
        self.pending.recognition(verdict).or_else(|| self.base.recognition(verdict))
    }

    fn recognitions_of(&self, supplier: &Identifier) -> Vec<Arc<RecognitionRecord>> {
        let base = self.base.recognitions_of(supplier);
        // A pending row may know the supplier by other identifiers than the row of the base that it replaces.
        let base =
            base.into_iter().filter(|record| self.pending.recognition(&record.recognition.verdict).is_none()).collect();
        merge(base, self.pending.recognitions_of(supplier), |record| &record.recognition.verdict)
    }

    fn cascade(&self, change: &BasisChange, scheme: &SchemeRef) -> Option<Arc<CascadeRecord>> {
        self.pending.cascade(change, scheme).or_else(|| self.base.cascade(change, scheme))
    }

    fn revision(&self, entry: u64, registry: &RegistryId) -> Option<Arc<RevisionRecord>> {
        self.pending.revision(entry, registry).or_else(|| self.base.revision(entry, registry))
    }

    fn erasure(&self, index: u64) -> Option<Arc<ErasureRecord>> {
        self.pending.erasure(index).or_else(|| self.base.erasure(index))
    }

    fn rests_on(&self, index: u64) -> Option<Rests> {
        let pending = self.pending.rests_on(index);
        pending.or_else(|| match self.base.rests_on(index) {
            Some(Rests::VerdictGrant | Rests::ConsentGiven) if self.pending.erasure(index).is_some() => None,
            rests => rests,
        })
    }
}
