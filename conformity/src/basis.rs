//! What a verdict rests on: the statements that, read alone and in their order, come to the same verdict again.
//!
//! In scope: their places in the log, found by the moments that records carry, never by a search through the log. Whoever shows a
//! verdict shows these, and whoever reads them decides by [`mod@crate::decide`] as on any log of which a part is visible
//! ([`crate::records::View::Part`]). Out of scope: the statements themselves, and who may see them.

use std::collections::BTreeSet;

use crate::accreditation::{AccreditationRecord, DesignationRecord};
use crate::arrangement::{ArrangementAct, ArrangementRecord};
use crate::genesis::PeerRecord;
use crate::ids::{ArrangementId, PartyId, RegistryId, SchemeId, SchemeRef};
use crate::party::PartyKey;
use crate::recognised::RecognitionRecord;
use crate::records::Facts;
use crate::verdict::{Change, Happening, VerdictRecord};

/// Places of the statements on which a verdict of this registry rests, its own history included, and those that say to which roots
/// certificates of a credential may lead. Of its credentials only
/// void ones are among them, since its history says that something was void: whoever shows another adds its place.
pub fn of_verdict<F: Facts>(facts: &F, verdict: &VerdictRecord) -> BTreeSet<u64> {
    let mut basis = Basis::begun(facts);
    basis.ca_roots();
    let scheme = &verdict.terms.scheme;
    basis.scheme(scheme);
    for item in &verdict.history {
        basis.indexes.insert(item.index);
        basis.body(&item.by, scheme);
        if let Happening::Changed(Change::Transferred { to }) = &item.what {
            basis.body(to, scheme);
        }
    }
    let void = facts.credentials_of(verdict.id()).into_iter().filter(|record| record.voided.is_some());
    for record in void.collect::<Vec<_>>() {
        basis.indexes.insert(record.issued.index);
        basis.body(&record.by, scheme);
    }
    basis.indexes
}

/// Places of the statements on which a recognition rests in the log of the registry that recognises: the peer, the
/// derivation, and the arrangement that it names. `cause` is the arrangement for whose sake it was derived, if for one.
pub fn of_recognition<F: Facts>(
    facts: &F,
    recognition: &RecognitionRecord,
    cause: Option<&ArrangementId>,
) -> BTreeSet<u64> {
    let mut basis = Basis::begun(facts);
    basis.peer(&recognition.recognition.verdict.registry);
    basis.indexes.insert(recognition.since.index);
    let named = recognition.recognition.arrangement.iter().map(|arrangement| &arrangement.id);
    let arrangements: BTreeSet<&ArrangementId> = named.chain(cause).collect();
    for record in arrangements.into_iter().filter_map(|id| facts.arrangement(id)) {
        basis.arrangement(&record);
    }
    basis.indexes
}

/// Places of the statements that say with which keys the log signs its checkpoints and which roots its certificate authority has,
/// and of those on which these rest.
pub fn of_log_keys<F: Facts>(facts: &F) -> BTreeSet<u64> {
    let mut basis = Basis::begun(facts);
    basis.ca_roots();
    basis.indexes
}

struct Basis<'a, F> {
    facts: &'a F,
    indexes: BTreeSet<u64>,
    parties: BTreeSet<PartyId>,
    bodies: BTreeSet<PartyId>,
    schemes: BTreeSet<SchemeRef>,
}

impl<'a, F: Facts> Basis<'a, F> {
    /// The genesis, with the keys of the log, of the node, and of the operator, who registers everyone else.
    fn begun(facts: &'a F) -> Self {
        let (indexes, parties, bodies, schemes) = Default::default();
        let mut basis = Self { facts, indexes, parties, bodies, schemes };
        basis.indexes.insert(0);
        if let Some(record) = facts.genesis() {
            basis.indexes.extend(record.log_keys.iter().map(|later| later.moment.index));
            basis.party(&record.genesis.operator.id);
        }
        if let Ok(node) = PartyId::NODE.parse() {
            basis.party(&node);
        }
        basis
    }

    /// What came and went of the roots of the certificate authority.
    fn ca_roots(&mut self) {
        let roots = self.facts.genesis().into_iter().flat_map(|record| record.ca_roots.clone());
        let moments = roots.flat_map(|root| [Some(root.added), root.retired]).flatten();
        self.indexes.extend(moments.map(|moment| moment.index));
    }

    /// A party and the history of its keys.
    fn party(&mut self, id: &PartyId) {
        if !self.parties.insert(id.clone()) {
            return;
        }
        let Some(record) = self.facts.party(id) else { return };
        self.indexes.insert(record.registered.index);
        self.indexes.extend(record.keys.iter().flat_map(PartyKey::entries));
    }

    /// Whoever says something about a verdict, with what it is accredited for under the verdict's scheme.
    fn body(&mut self, id: &PartyId, scheme: &SchemeRef) {
        self.party(id);
        if !self.bodies.insert(id.clone()) {
            return;
        }
        let held = self.facts.accreditations(id).into_iter().filter(|record| record.accreditation.scheme == *scheme);
        for record in held.collect::<Vec<_>>() {
            self.accreditation(&record);
        }
    }

    fn accreditation(&mut self, record: &AccreditationRecord) {
        self.indexes.insert(record.granted.index);
        self.party(&record.by);
        for change in &record.changes {
            self.indexes.insert(change.moment.index);
            self.party(&change.by);
        }
        let scheme = &record.accreditation.scheme.id;
        let designations = self.facts.designations(&record.by).into_iter();
        for designation in designations.filter(|held| held.designation.schemes.contains(scheme)).collect::<Vec<_>>() {
            self.designation(&designation);
        }
    }

    fn designation(&mut self, record: &DesignationRecord) {
        self.indexes.insert(record.made.index);
        self.party(&record.by);
        self.party(&record.designation.accreditation_body);
        for change in &record.changes {
            self.indexes.insert(change.moment.index);
            self.party(&change.by);
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
        self.indexes.insert(record.published.index);
        self.party(&record.by);
        for document in record.scheme.documents.iter().filter_map(|document| self.facts.document(document)) {
            self.indexes.insert(document.published.index);
            self.party(&document.by);
        }
    }

    fn peer(&mut self, registry: &RegistryId) {
        let Some(record) = self.facts.peer(registry) else { return };
        self.indexes.insert(record.added.index);
        self.indexes.extend(record.expelled.as_ref().map(|end| end.moment.index));
    }

    /// All acts of the parties that are in the log since each was added last, and our schemes that the terms name.
    fn arrangement(&mut self, record: &ArrangementRecord) {
        for signed in &record.terms {
            for rule in &signed.terms.rules {
                self.scheme(&rule.scheme);
                rule.counts_as.iter().for_each(|counts_as| self.scheme(&counts_as.scheme));
            }
        }
        for act in &record.acts {
            let peer = self.facts.peer(&act.registry);
            if peer.as_deref().is_none_or(|peer| since_added(peer, act)) {
                self.indexes.insert(act.moment.index);
                self.peer(&act.registry);
                self.party(&act.by);
            }
        }
    }
}

/// Acts that came before a peer was added again rest on a peering that is over.
const fn since_added(peer: &PeerRecord, act: &ArrangementAct) -> bool {
    act.moment.index > peer.added.index
}
