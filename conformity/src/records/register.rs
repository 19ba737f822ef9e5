//! All records of a registry in memory.
//!
//! Lean enough for a million verdicts: each record is kept once and shared; what is found by supplier, body or document
//! is kept as lists of names.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;

use super::consents::Consents;
use super::issued::Issued;
use super::rests;
use super::signed::{Signed, SignedByKey};
use super::steps::Steps;
use super::{DocumentRecord, ErasureRecord, Facts, Record, Rests, SchemeRecord, StatementRecord, Taken, View};
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
use crate::verdict::{Change, Happening, HistoryItem, VerdictRecord};

/// All records of a registry in memory. Two registers are equal if whoever reads them cannot tell them apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    view: View,
    pub(super) genesis: Option<Arc<GenesisRecord>>,
    statements: HashMap<PartyId, HashMap<StatementId, Taken>>,
    signed: SignedByKey,
    pub(super) parties: BTreeMap<PartyId, Arc<PartyRecord>>,
    /// By what parties go that are natural persons.
    pub(super) persons: BTreeSet<Identifier>,
    pub(super) documents: BTreeMap<DocumentRef, Arc<DocumentRecord>>,
    pub(super) schemes: BTreeMap<SchemeRef, Arc<SchemeRecord>>,
    pub(super) crosswalks: BTreeMap<CrosswalkRef, Arc<CrosswalkRecord>>,
    /// Corrections of crosswalks, by the documents that these lead from and by entry.
    pub(super) corrections: BTreeMap<DocumentRef, BTreeMap<u64, CrosswalkRef>>,
    pub(super) bulletins: BTreeMap<BulletinRef, Arc<BulletinRecord>>,
    pub(super) enacted: BTreeMap<u64, BulletinRef>,
    pub(super) designations: BTreeMap<DesignationId, Arc<DesignationRecord>>,
    pub(super) accreditations: BTreeMap<AccreditationId, Arc<AccreditationRecord>>,
    accreditations_by_body: HashMap<PartyId, Vec<AccreditationId>>,
    pub(super) verdicts: BTreeMap<VerdictId, Arc<VerdictRecord>>,
    verdicts_by_supplier: HashMap<Identifier, Vec<VerdictId>>,
    pub(super) issued: Issued,
    pub(super) credentials: BTreeMap<StatusSlot, Arc<CredentialRecord>>,
    credentials_by_verdict: HashMap<VerdictId, Vec<StatusSlot>>,
    pub(super) consents: Consents,
    pub(super) arrangements: BTreeMap<ArrangementId, Arc<ArrangementRecord>>,
    pub(super) peers: BTreeMap<RegistryId, Arc<PeerRecord>>,
    pub(super) recognitions: BTreeMap<VerdictRef, Arc<RecognitionRecord>>,
    recognitions_by_supplier: HashMap<Identifier, Vec<VerdictRef>>,
    erasures: BTreeMap<u64, Arc<ErasureRecord>>,
    pub(super) cascades: BTreeMap<BasisChange, BTreeMap<SchemeRef, Steps<CascadeRecord>>>,
    pub(super) revisions: BTreeMap<(u64, RegistryId), Steps<RevisionRecord>>,
}

impl Register {
    /// An empty register that will see all of a log.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty register that will see only what a peer shows.
    pub fn part() -> Self {
        Self { view: View::Part, ..Self::default() }
    }

    /// Sees another part of the log from now on. Whoever replays a log with erased statements reads it as a part, since
    /// references to what was erased lead nowhere, and sees the whole again afterwards.
    pub fn see(&mut self, view: View) {
        self.view = view;
    }

    /// Takes up one record, in place of the one with the same key.
    pub fn insert(&mut self, record: Record) {
        match record {
            Record::Genesis(record) => self.genesis = Some(record),
            Record::Statement(record) => self.insert_statement(&record),
            Record::Party(record) => self.insert_party(record),
            Record::Document(record) => {
                put(&mut self.documents, record.document.document.clone(), record);
            }
            Record::Scheme(record) => put(&mut self.schemes, record.scheme.scheme.clone(), record),
            Record::Crosswalk(record) => self.insert_crosswalk(record),
            Record::Bulletin(record) => self.insert_bulletin(record),
            Record::Designation(record) => {
                put(&mut self.designations, record.designation.id.clone(), record);
            }
            Record::Accreditation(record) => self.insert_accreditation(record),
            Record::Verdict(record) => self.insert_verdict(record),
            Record::Credential(record) => self.insert_credential(record),
            Record::Consent(record) => self.consents.insert(record),
            Record::Arrangement(record) => put(&mut self.arrangements, record.id.clone(), record),
            Record::Peer(record) => put(&mut self.peers, record.registry.clone(), record),
            Record::Recognition(record) => self.insert_recognition(record),
            Record::Erasure(record) => self.erase(record),
            Record::Cascade(record) => {
                let by_scheme = self.cascades.entry(*record.change).or_default();
                by_scheme.entry(record.scheme.clone()).or_default().take(record);
            }
            Record::Revision(record) => {
                self.revisions.entry((record.entry, record.registry.clone())).or_default().take(record);
            }
        }
    }

    /// How many verdicts it holds.
    pub fn verdict_count(&self) -> usize {
        self.verdicts.len()
    }

    /// How many recognitions it holds.
    pub fn recognition_count(&self) -> usize {
        self.recognitions.len()
    }

    /// All verdicts after `cursor`, by id.
    pub fn verdicts_after(&self, cursor: Option<&VerdictId>) -> impl Iterator<Item = &Arc<VerdictRecord>> {
        after(&self.verdicts, cursor)
    }

    /// All recognitions after `cursor`, by verdict.
    pub fn recognitions_after(&self, cursor: Option<&VerdictRef>) -> impl Iterator<Item = &Arc<RecognitionRecord>> {
        after(&self.recognitions, cursor)
    }

    /// All credentials, by slot.
    pub fn credentials(&self) -> impl Iterator<Item = &Arc<CredentialRecord>> {
        self.credentials.values()
    }

    /// The consents by which `to` may see something of a verdict, unless they were taken back; some may be over.
    pub fn consents_covering(&self, to: &PartyId, verdict: &VerdictRecord) -> Vec<Arc<ConsentRecord>> {
        self.consents.covering(to, verdict)
    }

    /// The consents by which `to` may be shown how the supplier with this identifier stands under the scheme, unless they were
    /// taken back; some may be over.
    pub fn consents_to_standing(
        &self,
        to: &PartyId,
        supplier: &Identifier,
        scheme: &SchemeRef,
    ) -> Vec<Arc<ConsentRecord>> {
        self.consents.to_standing(to, supplier, scheme)
    }

    /// The credentials whose slots lie in one status list, by place.
    pub fn credentials_in(&self, list: u32) -> impl Iterator<Item = &Arc<CredentialRecord>> {
        let first = StatusSlot::new(list, 0).ok();
        let slots = first.into_iter().flat_map(|first| self.credentials.range(first..));
        slots.take_while(move |(slot, _)| slot.list() == list).map(|(_, record)| record)
    }

    /// All erasures, by index.
    pub fn erasures(&self) -> impl Iterator<Item = &Arc<ErasureRecord>> {
        self.erasures.values()
    }

    /// Forgets verdicts, the statements that granted them and those about each alone, without a record that they were erased:
    /// for whoever was shown them and may hold them no more. A replay that does not find them ends the same.
    pub fn forget_verdicts<'a>(&mut self, verdicts: impl IntoIterator<Item = &'a VerdictId>) {
        let mut gone = BTreeSet::new();
        for id in verdicts {
            let record = self.verdicts.get(id);
            gone.extend(record.and_then(|record| record.history.first()).map(|granted| granted.index));
            gone.extend(self.remove_verdict(id));
        }
        self.forget_statements(&gone);
    }

    /// Forgets what is made of a verdict.
    pub fn forget_recognition(&mut self, verdict: &VerdictRef) {
        let Some(record) = self.recognitions.remove(verdict) else { return };
        for supplier in record.suppliers() {
            unlist(&mut self.recognitions_by_supplier, supplier, verdict);
        }
    }

    fn insert_statement(&mut self, record: &StatementRecord) {
        self.signed.insert(record);
        let taken = Taken { index: record.index, digest: record.digest };
        self.statements.entry(record.iss.clone()).or_default().insert(record.jti.clone(), taken);
    }

    fn insert_accreditation(&mut self, record: Arc<AccreditationRecord>) {
        let id = &record.accreditation.id;
        if !self.accreditations.contains_key(id) {
            list(&mut self.accreditations_by_body, &record.accreditation.body, id);
        }
        put(&mut self.accreditations, id.clone(), record);
    }

    fn insert_verdict(&mut self, record: Arc<VerdictRecord>) {
        let before = self.verdicts.get(record.id());
        self.issued.insert(before.map(|before| &**before), &record, self.schemes.get(&record.terms.scheme));
        if before.is_none() {
            for supplier in suppliers(&record) {
                list(&mut self.verdicts_by_supplier, supplier, record.id());
            }
        }
        put(&mut self.verdicts, record.id().clone(), record);
    }

    fn insert_credential(&mut self, record: Arc<CredentialRecord>) {
        let slot = record.credential.slot;
        if !self.credentials.contains_key(&slot) {
            list(&mut self.credentials_by_verdict, &record.credential.verdict, &slot);
        }
        put(&mut self.credentials, slot, record);
    }

    fn insert_recognition(&mut self, record: Arc<RecognitionRecord>) {
        let verdict = &record.recognition.verdict;
        let before = self.recognitions.get(verdict).cloned();
        let same = before.as_ref().is_some_and(|before| before.suppliers().eq(record.suppliers()));
        if !same {
            // A later row may know the supplier by other identifiers than the row it replaces.
            for supplier in before.iter().flat_map(|before| before.suppliers()) {
                unlist(&mut self.recognitions_by_supplier, supplier, verdict);
            }
            for supplier in record.suppliers() {
                list(&mut self.recognitions_by_supplier, supplier, verdict);
            }
        }
        put(&mut self.recognitions, verdict.clone(), record);
    }

    /// Forgets the statement, the verdict or consent it gave and the statements about that: a replay, which finds the
    /// first gone, takes none of them. Anything else that rests on a statement forbids its erasure.
    fn erase(&mut self, record: Arc<ErasureRecord>) {
        let mut gone = BTreeSet::from([record.index]);
        if let Some(verdict) = rests::granted_at(self, record.index) {
            gone.extend(self.remove_verdict(&verdict));
        }
        gone.extend(self.consents.forget(record.index));
        self.forget_statements(&gone);
        put(&mut self.erasures, record.index, record);
    }

    fn forget_statements(&mut self, gone: &BTreeSet<u64>) {
        for statements in self.statements.values_mut() {
            statements.retain(|_, statement| !gone.contains(&statement.index));
        }
        self.statements.retain(|_, statements| !statements.is_empty());
        self.signed.forget(gone);
    }

    /// Removes a verdict, its credentials and consents, and gives the places of the statements that were about it alone.
    fn remove_verdict(&mut self, id: &VerdictId) -> Vec<u64> {
        let Some(record) = self.verdicts.remove(id) else {
            return Vec::new();
        };
        self.issued.remove(&record, self.schemes.get(&record.terms.scheme));
        for supplier in suppliers(&record) {
            unlist(&mut self.verdicts_by_supplier, supplier, id);
        }
        let alone = |what: &Happening| {
            matches!(
                what,
                Happening::Changed(_)
                    | Happening::Reported(_)
                    | Happening::AcceptedAsEvidence(_)
                    | Happening::Confirmed(_)
                    | Happening::ConfirmationWithdrawn
            )
        };
        let items = record.history.iter().filter(|item| alone(&item.what) && !self.grants(item));
        let items: Vec<u64> = items.map(|item| item.index).collect();
        let slots = self.credentials_by_verdict.remove(id).unwrap_or_default();
        let credentials = slots.into_iter().filter_map(|slot| self.credentials.remove(&slot));
        let consents = self.consents.forget_about(id);
        items.into_iter().chain(credentials.map(|record| record.issued.index)).chain(consents).collect()
    }

    /// Whether the statement granted another verdict, which took the place of this one.
    fn grants(&self, item: &HistoryItem) -> bool {
        let Happening::Changed(Change::Superseded { by }) = &item.what else { return false };
        let successor = self.verdicts.get(by).and_then(|record| record.history.first());
        successor.is_some_and(|granted| granted.index == item.index)
    }
}

/// All identifiers of a verdict's supplier.
fn suppliers(record: &VerdictRecord) -> impl Iterator<Item = &Identifier> {
    let supplier = &record.terms.supplier;
    std::iter::once(&supplier.id).chain(&supplier.others)
}

fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: V) {
    map.insert(key, value);
}

fn list<K: Hash + Eq + Clone, V: Clone + PartialEq>(lists: &mut HashMap<K, Vec<V>>, key: &K, name: &V) {
    let names = lists.entry(key.clone()).or_default();
    // A record that names a key twice does so in one go, so the last name is enough to look at: a supplier with very many
    // verdicts costs no search.
    if names.last() != Some(name) {
        names.push(name.clone());
    }
}

fn unlist<K: Hash + Eq, V: PartialEq>(lists: &mut HashMap<K, Vec<V>>, key: &K, name: &V) {
    if let Some(names) = lists.get_mut(key) {
        names.retain(|listed| listed != name);
        if names.is_empty() {
            lists.remove(key);
        }
    }
}

fn after<'a, K: Ord, V>(map: &'a BTreeMap<K, V>, cursor: Option<&K>) -> impl Iterator<Item = &'a V> {
    let start = cursor.map_or(Bound::Unbounded, Bound::Excluded);
    map.range((start, Bound::Unbounded)).map(|(_, value)| value)
}

fn look_up<K, L, V>(lists: &HashMap<K, Vec<L>>, key: &K, values: &BTreeMap<L, Arc<V>>) -> Vec<Arc<V>>
where
    K: Hash + Eq,
    L: Ord,
{
    lists.get(key).into_iter().flatten().filter_map(|name| values.get(name).cloned()).collect()
}

impl Facts for Register {
    fn view(&self) -> View {
        self.view
    }

    fn genesis(&self) -> Option<Arc<GenesisRecord>> {
        self.genesis.clone()
    }

    fn statement(&self, iss: &PartyId, jti: &StatementId) -> Option<Taken> {
        self.statements.get(iss)?.get(jti).copied()
    }

    fn signed(&self, by: &PartyId, kid: &KeyId, since: Timestamp, until: Option<Timestamp>) -> Vec<Signed> {
        self.signed.between(by, kid, since, until)
    }

    fn party(&self, id: &PartyId) -> Option<Arc<PartyRecord>> {
        self.parties.get(id).cloned()
    }

    fn is_person(&self, identifier: &Identifier) -> bool {
        self.persons.contains(identifier)
    }

    fn document(&self, document: &DocumentRef) -> Option<Arc<DocumentRecord>> {
        self.documents.get(document).cloned()
    }

    fn scheme(&self, scheme: &SchemeRef) -> Option<Arc<SchemeRecord>> {
        self.schemes.get(scheme).cloned()
    }

    fn scheme_versions(&self, scheme: &SchemeId) -> Vec<Arc<SchemeRecord>> {
        filter(&self.schemes, |record| record.scheme.scheme.id == *scheme)
    }

    fn schemes_on(&self, document: &DocumentRef) -> Vec<Arc<SchemeRecord>> {
        filter(&self.schemes, |record| record.scheme.documents.contains(document))
    }

    fn crosswalk(&self, crosswalk: &CrosswalkRef) -> Option<Arc<CrosswalkRecord>> {
        self.crosswalks.get(crosswalk).cloned()
    }

    fn newest_crosswalk(&self, crosswalk: &CrosswalkId) -> Option<Arc<CrosswalkRecord>> {
        let versions = self.crosswalks.values().filter(|record| record.publication.crosswalk.id == *crosswalk);
        versions.max_by_key(|record| record.published.index).cloned()
    }

    fn corrected_after(&self, source: &DocumentRef, entry: u64) -> Option<Arc<CrosswalkRecord>> {
        let behind = (Bound::Excluded(entry), Bound::Unbounded);
        let (_, name) = self.corrections.get(source)?.range(behind).next()?;
        self.crosswalk(name)
    }

    fn corrections(&self, source: &DocumentRef) -> usize {
        self.corrections.get(source).map_or(0, BTreeMap::len)
    }

    fn bulletin(&self, bulletin: &BulletinRef) -> Option<Arc<BulletinRecord>> {
        self.bulletins.get(bulletin).cloned()
    }

    fn designation(&self, id: &DesignationId) -> Option<Arc<DesignationRecord>> {
        self.designations.get(id).cloned()
    }

    fn designations(&self, accreditation_body: &PartyId) -> Vec<Arc<DesignationRecord>> {
        filter(&self.designations, |record| record.designation.accreditation_body == *accreditation_body)
    }

    fn accreditation(&self, id: &AccreditationId) -> Option<Arc<AccreditationRecord>> {
        self.accreditations.get(id).cloned()
    }

    fn accreditations(&self, body: &PartyId) -> Vec<Arc<AccreditationRecord>> {
        look_up(&self.accreditations_by_body, body, &self.accreditations)
    }

    fn verdict(&self, id: &VerdictId) -> Option<Arc<VerdictRecord>> {
        self.verdicts.get(id).cloned()
    }

    fn verdicts_of(&self, supplier: &Identifier) -> Vec<Arc<VerdictRecord>> {
        look_up(&self.verdicts_by_supplier, supplier, &self.verdicts)
    }

    fn credential(&self, slot: StatusSlot) -> Option<Arc<CredentialRecord>> {
        self.credentials.get(&slot).cloned()
    }

    fn credentials_of(&self, verdict: &VerdictId) -> Vec<Arc<CredentialRecord>> {
        look_up(&self.credentials_by_verdict, verdict, &self.credentials)
    }

    fn consent(&self, by: &PartyId, id: &ConsentId) -> Option<Arc<ConsentRecord>> {
        self.consents.get(by, id)
    }

    fn consents_by(&self, by: &PartyId) -> Vec<Arc<ConsentRecord>> {
        self.consents.of(by)
    }

    fn consent_count(&self, by: &PartyId) -> usize {
        self.consents.count(by)
    }

    fn consents_between(&self, by: &PartyId, to: &PartyId, about: &Subject) -> Vec<ConsentId> {
        self.consents.between(by, to, about)
    }

    fn arrangement(&self, id: &ArrangementId) -> Option<Arc<ArrangementRecord>> {
        self.arrangements.get(id).cloned()
    }

    fn arrangements(&self) -> Vec<Arc<ArrangementRecord>> {
        self.arrangements.values().cloned().collect()
    }

    fn peer(&self, registry: &RegistryId) -> Option<Arc<PeerRecord>> {
        self.peers.get(registry).cloned()
    }

    fn peers(&self) -> Vec<Arc<PeerRecord>> {
        self.peers.values().cloned().collect()
    }

    fn recognition(&self, verdict: &VerdictRef) -> Option<Arc<RecognitionRecord>> {
        self.recognitions.get(verdict).cloned()
    }

    fn recognitions_of(&self, supplier: &Identifier) -> Vec<Arc<RecognitionRecord>> {
        look_up(&self.recognitions_by_supplier, supplier, &self.recognitions)
    }

    fn cascade(&self, change: &BasisChange, scheme: &SchemeRef) -> Option<Arc<CascadeRecord>> {
        self.cascades.get(change)?.get(scheme)?.newest().cloned()
    }

    fn revision(&self, entry: u64, registry: &RegistryId) -> Option<Arc<RevisionRecord>> {
        self.revisions.get(&(entry, registry.clone()))?.newest().cloned()
    }

    fn erasure(&self, index: u64) -> Option<Arc<ErasureRecord>> {
        self.erasures.get(&index).cloned()
    }

    fn rests_on(&self, index: u64) -> Option<Rests> {
        rests::rests_on(self, index)
    }
}

fn filter<K, V>(map: &BTreeMap<K, Arc<V>>, keep: impl Fn(&V) -> bool) -> Vec<Arc<V>> {
    map.values().filter(|value| keep(value)).cloned().collect()
}
