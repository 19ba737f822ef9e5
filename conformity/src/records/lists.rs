//! All records of one kind, for whoever lists them; parties by whether they are persons, crosswalks by what they correct, and bulletins by the entry that enacts something.

use std::sync::Arc;

use super::{DocumentRecord, Register, SchemeRecord};
use crate::accreditation::{AccreditationRecord, DesignationRecord};
use crate::bulletin::BulletinRecord;
use crate::crosswalk::CrosswalkRecord;
use crate::ids::BulletinRef;
use crate::party::PartyRecord;

impl Register {
    pub(super) fn insert_party(&mut self, record: Arc<PartyRecord>) {
        if record.party.person {
            self.persons.extend(record.party.identifiers.iter().cloned());
        }
        self.parties.insert(record.party.id.clone(), record);
    }

    /// All parties, by id.
    pub fn parties(&self) -> impl Iterator<Item = &Arc<PartyRecord>> {
        self.parties.values()
    }

    pub(super) fn insert_crosswalk(&mut self, record: Arc<CrosswalkRecord>) {
        let name = &record.publication.crosswalk;
        if let Some(corrected) = &record.corrects {
            for source in [&corrected.source, &record.publication.source] {
                self.corrections.entry(source.clone()).or_default().insert(record.published.index, name.clone());
            }
        }
        self.crosswalks.insert(name.clone(), record);
    }

    pub(super) fn insert_bulletin(&mut self, record: Arc<BulletinRecord>) {
        if record.relayed.is_none() && record.bulletin.enacts.is_some() {
            self.enacted.insert(record.moment.index, record.name.clone());
        }
        self.bulletins.insert(record.name.clone(), record);
    }

    /// The bulletin of this registry that the entry of this index is, if it enacts something.
    pub fn enacting(&self, entry: u64) -> Option<&BulletinRef> {
        self.enacted.get(&entry)
    }

    /// All documents, by id and version.
    pub fn documents(&self) -> impl Iterator<Item = &Arc<DocumentRecord>> {
        self.documents.values()
    }

    /// All schemes, by id and version.
    pub fn schemes(&self) -> impl Iterator<Item = &Arc<SchemeRecord>> {
        self.schemes.values()
    }

    /// All crosswalks, by id and version.
    pub fn crosswalks(&self) -> impl Iterator<Item = &Arc<CrosswalkRecord>> {
        self.crosswalks.values()
    }

    /// All bulletins, by registry and id.
    pub fn bulletins(&self) -> impl Iterator<Item = &Arc<BulletinRecord>> {
        self.bulletins.values()
    }

    /// All designations, by id.
    pub fn all_designations(&self) -> impl Iterator<Item = &Arc<DesignationRecord>> {
        self.designations.values()
    }

    /// All accreditations, by id.
    pub fn all_accreditations(&self) -> impl Iterator<Item = &Arc<AccreditationRecord>> {
        self.accreditations.values()
    }
}
