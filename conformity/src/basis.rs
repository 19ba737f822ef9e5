//! What a verdict rests on: the statements that, read alone and in their order, come to the same verdict again; and the public
//! labels of the state map under which no entry may be missing for that.
//!
//! In scope: their places in the log, found by the moments that records carry, never by a search through the log. Whoever shows a
//! verdict shows these, and whoever reads them decides by [`mod@crate::decide`] as on any log of which a part is visible
//! ([`crate::records::View::Part`]). Read from that part, the basis is the same again, places and labels: so whoever checks asks
//! nobody what should be there. Out of scope: the statements themselves, and who may see them.

use std::collections::{BTreeMap, BTreeSet};

use crate::accreditation::{AccreditationRecord, DesignationRecord};
use crate::arrangement::{Act, ArrangementRecord, SignedTerms};
use crate::credential::CredentialRecord;
use crate::hosting::HostingRecord;
use crate::ids::{ArrangementId, DocumentRef, PartyId, RegistryId, SchemeId, SchemeRef, VerdictId};
use crate::map_label::MapLabel;
use crate::party::{PartyKey, PartyRecord, Role};
use crate::persons::ApprovalRecord;
use crate::recognised::RecognitionRecord;
use crate::records::Facts;
use crate::succession::Succession;
use crate::verdict::{Change, Happening, HistoryItem, VerdictRecord};

/// What a verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basis {
    /// Places of the statements, rising.
    pub indexes: BTreeSet<u64>,
    /// Public labels: everything that the log holds about these is among the statements.
    pub labels: BTreeSet<MapLabel>,
}

/// On what a verdict of this registry rests, as of the entries before `until`; its own history included, and what says to which
/// roots certificates of a credential may lead. Of its credentials only
/// void ones are among the statements, since its history says that something was void: whoever shows another adds its place.
pub fn of_verdict<F: Facts>(facts: &F, verdict: &VerdictRecord, until: u64) -> Basis {
    let mut walk = Walk::begun(facts, until);
    walk.ca_roots();
    let scheme = &verdict.terms.scheme;
    walk.scheme(scheme);
    for item in &verdict.history {
        if !walk.place(item.index) {
            break;
        }
        if let Some(approval) = item.approved {
            walk.place(approval);
        }
        walk.body(&item.by, scheme);
        if let Happening::Changed(Change::Transferred { to }) = &item.what {
            walk.body(to, scheme);
        }
        if let Happening::Changed(Change::Superseded { by }) = &item.what {
            walk.upgrade(by, item);
        }
    }
    let is_void = |record: &CredentialRecord| record.voided.is_some_and(|declared| declared.index < until);
    for record in facts.credentials_of(verdict.id()).into_iter().filter(|record| is_void(record)).collect::<Vec<_>>() {
        walk.place(record.issued.index);
        walk.body(&record.by, scheme);
    }
    walk.basis
}

/// On what a recognition rests in the log of the registry that recognises, as of the entries before `until`: the peer, the
/// derivation, and the arrangement that it names. `cause` is the arrangement for whose sake it was derived, if for one.
pub fn of_recognition<F: Facts>(
    facts: &F,
    recognition: &RecognitionRecord,
    cause: Option<&ArrangementId>,
    until: u64,
) -> Basis {
    let mut walk = Walk::begun(facts, until);
    walk.peer(&recognition.recognition.verdict.registry);
    walk.place(recognition.since.index);
    let named = recognition.recognition.arrangement.iter().map(|arrangement| &arrangement.id);
    let arrangements: BTreeSet<&ArrangementId> = named.chain(cause).collect();
    for id in arrangements {
        walk.arrangement(id);
    }
    walk.basis
}

/// On what rests that nothing is left out about a supplier, as of the entries before `until`: the keys of the log and of those who
/// speak for the registry, and where `party` is registered. The verdicts on it have bases of their own.
pub fn of_supplier<F: Facts>(facts: &F, party: Option<&PartyId>, until: u64) -> Basis {
    let mut walk = Walk::begun(facts, until);
    if let Some(record) = party.and_then(|id| facts.party(id)) {
        walk.place(record.registered.index);
    }
    walk.basis
}

/// Places of the statements that say with which keys the log signs its checkpoints, which roots its certificate authority has, where
/// the registry is, and with whom it shares a node, and of those on which these rest.
pub fn of_log_keys<F: Facts>(facts: &F) -> BTreeSet<u64> {
    let mut walk = Walk::begun(facts, u64::MAX);
    walk.ca_roots();
    walk.whereabouts();
    walk.basis.indexes
}

struct Walk<'a, F> {
    facts: &'a F,
    /// What stands there or later is not known yet.
    until: u64,
    /// Where the approval stands of each step that needed one, by the step's index.
    approvals: BTreeMap<u64, u64>,
    basis: Basis,
    parties: BTreeSet<PartyId>,
    bodies: BTreeSet<(PartyId, SchemeRef)>,
    accreditors: BTreeSet<(PartyId, SchemeId)>,
    schemes: BTreeSet<SchemeRef>,
}

impl<'a, F: Facts> Walk<'a, F> {
    /// The genesis, with the keys of the log, of the node, and of the operator, who registers everyone else, with how many
    /// of the operator's a step needs, and with the end of the registry: whoever is shown something is shown that it is no longer kept.
    fn begun(facts: &'a F, until: u64) -> Self {
        let (basis, parties, bodies, accreditors, schemes) = Default::default();
        let approvals = facts.genesis().map_or_else(BTreeMap::new, |record| approved(&record.approvals));
        let mut walk = Self { facts, until, approvals, basis, parties, bodies, accreditors, schemes };
        walk.place(0);
        if let Some(record) = facts.genesis() {
            let keys = record.log_keys.iter().map(|later| later.moment.index);
            for index in keys.chain(record.persons.iter().map(|later| later.moment.index)) {
                walk.place(index);
            }
            if let Some(end) = &record.closed {
                walk.place(end.moment.index);
            }
            walk.party(&record.genesis.operator.id);
        }
        walk.basis.labels.insert(MapLabel::Closing);
        if let Ok(node) = PartyId::NODE.parse() {
            walk.party(&node);
        }
        walk
    }

    /// Adds the statement there, with the approval without which it would not count, and says whether it is known by then.
    fn place(&mut self, index: u64) -> bool {
        let known = index < self.until;
        if known {
            self.basis.indexes.insert(index);
            self.basis.indexes.extend(self.approvals.get(&index));
        }
        known
    }

    /// What came and went of the roots of the certificate authority.
    fn ca_roots(&mut self) {
        let roots = self.facts.genesis().into_iter().flat_map(|record| record.ca_roots.clone());
        let moments = roots.flat_map(|root| [Some(root.added), root.retired]).flatten();
        for moment in moments {
            self.place(moment.index);
        }
    }

    /// Where the registry went, and what came and went of hosting.
    fn whereabouts(&mut self) {
        let Some(record) = self.facts.genesis() else { return };
        let moves = record.moves.iter().map(|one| one.moment.index);
        for index in moves.chain(record.hosting.iter().flat_map(HostingRecord::entries)) {
            self.place(index);
        }
    }

    /// A party and the history of its keys.
    fn party(&mut self, id: &PartyId) {
        if !self.parties.insert(id.clone()) {
            return;
        }
        let Some(record) = self.facts.party(id) else { return };
        if !self.place(record.registered.index) {
            return;
        }
        if record.party.is_public() {
            self.basis.labels.insert(MapLabel::Party(id.clone()));
        }
        for index in record.keys.iter().flat_map(PartyKey::entries) {
            self.place(index);
        }
        if let Some(succession) = self.succeeded(&record) {
            for index in succession.entries() {
                self.place(index);
            }
            self.party(&succession.by);
            self.party(&succession.successor);
        }
    }

    /// That another body took the place of a party, if that is known by then.
    fn succeeded<'r>(&self, record: &'r PartyRecord) -> Option<&'r Succession> {
        record.succeeded.as_deref().filter(|succession| succession.moment.index < self.until)
    }

    /// Whoever says something about a verdict, with what it is accredited for under the verdict's scheme.
    fn body(&mut self, id: &PartyId, scheme: &SchemeRef) {
        self.party(id);
        let role = self.facts.party(id).map(|record| record.party.role);
        if !role.is_some_and(can_be_accredited) || !self.bodies.insert((id.clone(), scheme.clone())) {
            return;
        }
        self.basis.labels.insert(MapLabel::Accreditation(id.clone(), scheme.clone()));
        let held = self.facts.accreditations(id).into_iter().filter(|record| record.accreditation.scheme == *scheme);
        for record in held.collect::<Vec<_>>() {
            self.accreditation(&record);
        }
        let record = self.facts.party(id);
        if let Some(succession) = record.as_ref().and_then(|record| self.succeeded(record)) {
            self.body(&succession.successor, scheme);
        }
    }

    /// Where the grant of another verdict took the place of this one by itself: what that grant rests on.
    fn upgrade(&mut self, by: &VerdictId, item: &HistoryItem) {
        let successor = self.facts.verdict(by);
        let granted = successor.filter(|record| record.history.first().is_some_and(|first| first.index == item.index));
        if let Some(record) = granted {
            self.scheme(&record.terms.scheme);
            self.body(&item.by, &record.terms.scheme);
        }
    }

    fn accreditation(&mut self, record: &AccreditationRecord) {
        if !self.place(record.granted.index) {
            return;
        }
        self.party(&record.by);
        for change in &record.changes {
            if self.place(change.moment.index) {
                self.party(&change.by);
            }
        }
        self.accreditor(&record.by, &record.accreditation.scheme.id);
    }

    /// Whoever accredits, with what lets it accredit under the scheme; an authority needs nothing.
    fn accreditor(&mut self, id: &PartyId, scheme: &SchemeId) {
        let role = self.facts.party(id).map(|record| record.party.role);
        if role != Some(Role::AccreditationBody) || !self.accreditors.insert((id.clone(), scheme.clone())) {
            return;
        }
        self.basis.labels.insert(MapLabel::Designation(id.clone(), scheme.clone()));
        let held = self.facts.designations(id).into_iter();
        for record in held.filter(|record| record.designation.schemes.contains(scheme)).collect::<Vec<_>>() {
            self.designation(&record);
        }
        let record = self.facts.party(id);
        if let Some(succession) = record.as_ref().and_then(|record| self.succeeded(record)) {
            self.accreditor(&succession.successor, scheme);
        }
    }

    fn designation(&mut self, record: &DesignationRecord) {
        if !self.place(record.made.index) {
            return;
        }
        self.party(&record.by);
        for change in &record.changes {
            if self.place(change.moment.index) {
                self.party(&change.by);
            }
        }
        record.designation.schemes.iter().for_each(|scheme| self.any_version(scheme));
    }

    /// The first version of a scheme: a designation is for all of them, and needs that there was one.
    fn any_version(&mut self, scheme: &SchemeId) {
        let versions = self.facts.scheme_versions(scheme);
        if let Some(first) = versions.into_iter().min_by_key(|record| record.published.index) {
            self.scheme(&first.scheme.scheme);
        }
    }

    fn scheme(&mut self, scheme: &SchemeRef) {
        if !self.schemes.insert(scheme.clone()) {
            return;
        }
        let Some(record) = self.facts.scheme(scheme) else { return };
        if !self.place(record.published.index) {
            return;
        }
        self.party(&record.by);
        if let Some(replaced) = &record.replaced
            && self.place(replaced.moment.index)
        {
            self.party(&replaced.by);
            self.scheme(&replaced.with);
        }
        for document in &record.scheme.documents {
            self.document(document);
        }
    }

    fn document(&mut self, document: &DocumentRef) {
        let Some(record) = self.facts.document(document) else { return };
        if self.place(record.published.index) {
            self.party(&record.by);
            record.document.tailors.iter().for_each(|tailoring| self.document(&tailoring.document));
        }
    }

    /// All that the operator said of a peer, earlier peerings too: what was said under them may still count.
    fn peer(&mut self, registry: &RegistryId) {
        self.basis.labels.insert(MapLabel::Peer(registry.clone()));
        let Some(record) = self.facts.peer(registry) else { return };
        for index in &record.entries {
            self.place(*index);
        }
    }

    /// All acts of the parties, and our schemes that the terms name.
    fn arrangement(&mut self, id: &ArrangementId) {
        self.basis.labels.insert(MapLabel::Arrangement(id.clone()));
        let Some(record) = self.facts.arrangement(id) else { return };
        let own = self.facts.genesis().map(|record| record.genesis.registry.clone());
        for act in &record.acts {
            if !self.place(act.moment.index) {
                break;
            }
            // A foreign party signed in its own registry; here the node says so.
            if Some(&act.registry) == own.as_ref() {
                self.party(&act.by);
            } else {
                self.peer(&act.registry);
            }
        }
        let until = self.until;
        for signed in record.terms.iter().filter(|signed| known(&record, signed, until)) {
            for rule in &signed.terms.rules {
                self.scheme(&rule.scheme);
                rule.counts_as.iter().for_each(|counts_as| self.scheme(&counts_as.scheme));
            }
        }
    }
}

fn approved(approvals: &[ApprovalRecord]) -> BTreeMap<u64, u64> {
    approvals.iter().filter_map(|one| Some((one.used?, one.moment.index))).collect()
}

/// Whether somebody had signed these terms by then.
fn known(record: &ArrangementRecord, signed: &SignedTerms, until: u64) -> bool {
    record
        .acts
        .iter()
        .any(|act| act.moment.index < until && matches!(&act.act, Act::Signed { digest } if *digest == signed.digest))
}

const fn can_be_accredited(role: Role) -> bool {
    matches!(role, Role::CertificationBody | Role::AuditBody | Role::EvaluationLaboratory | Role::Expert)
}
