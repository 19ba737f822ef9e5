//! Designations and accreditations: who may grant and change them, and whether a body holds the one it needs.
//!
//! A designation must be in force when an accreditation body gives. What it gave stays when its designation lapses; only
//! a statement about the accreditation itself ends that. What an accredited body gave stays, too, unless the scheme says what
//! becomes of it when the accreditation lapses, see [`crate::resting`]. Whoever takes an accreditor's place changes what that one
//! granted.

use std::sync::Arc;

use super::case::{Case, in_order, not_empty};
use crate::accreditation::{
    Accreditation, AccreditationChange, AccreditationRecord, AccreditedAs, Changed, Designation, DesignationChange,
    DesignationRecord, Hold, Lapse,
};
use crate::ids::{PartyId, SchemeId, SchemeRef};
use crate::party::Role;
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::statement::{AccreditationChanged, DesignationChanged};
use crate::succession::stands_for;
use crate::viewpoint::{ObjectKind, ObjectKinds, Viewpoints};

impl<F: Facts> Case<'_, F> {
    pub(super) fn designation_made(&self, designation: &Arc<Designation>) -> Result<Vec<Record>, Refusal> {
        self.only(&[Role::Authority], "an authority")?;
        if self.facts.designation(&designation.id).is_some() {
            return Err(Refusal::DesignationExists { designation: designation.id.clone() });
        }
        self.party_as(&designation.accreditation_body, Role::AccreditationBody)?;
        self.still_speaks(&designation.accreditation_body)?;
        not_empty("schemes", designation.schemes.is_empty())?;
        for scheme in &designation.schemes {
            if self.facts.scheme_versions(scheme).is_empty() {
                return Err(Refusal::UnknownSchemeId { scheme: scheme.clone() });
            }
        }
        if let Some(until) = designation.until {
            in_order("designation", designation.from, until)?;
        }
        Ok(vec![Record::Designation(Arc::new(DesignationRecord {
            designation: Arc::clone(designation),
            made: self.moment(),
            by: self.iss().clone(),
            changes: Vec::new(),
        }))])
    }

    pub(super) fn designation_changed(&self, claim: &DesignationChanged) -> Result<Vec<Record>, Refusal> {
        self.only(&[Role::Authority], "an authority")?;
        let known = self.facts.designation(&claim.id);
        let known = known.ok_or_else(|| Refusal::UnknownDesignation { designation: claim.id.clone() })?;
        let (legal, change) = match claim.change {
            DesignationChange::Suspended => (known.hold() == Hold::None, "suspended"),
            DesignationChange::Restored => (known.hold() == Hold::Suspended, "restored"),
            DesignationChange::Withdrawn => (known.hold() != Hold::Withdrawn, "withdrawn"),
        };
        if !legal {
            return Err(Refusal::IllegalDesignationMove { designation: claim.id.clone(), from: known.hold(), change });
        }
        let mut record = DesignationRecord::clone(&known);
        record.changes.push(Changed {
            change: claim.change,
            reason: claim.reason.clone(),
            moment: self.moment(),
            by: self.iss().clone(),
        });
        Ok(vec![Record::Designation(Arc::new(record))])
    }

    pub(super) fn accreditation_granted(&self, accreditation: &Arc<Accreditation>) -> Result<Vec<Record>, Refusal> {
        self.only(&[Role::AccreditationBody, Role::Authority], "an accreditation body or an authority")?;
        if self.facts.accreditation(&accreditation.id).is_some() {
            return Err(Refusal::AccreditationExists { accreditation: accreditation.id.clone() });
        }
        self.party_as(&accreditation.body, accreditation.role.role())?;
        self.still_speaks(&accreditation.body)?;
        self.within_scheme(accreditation)?;
        in_order("accreditation", accreditation.from, accreditation.until)?;
        self.designated(&accreditation.scheme.id)?;
        self.room_left(accreditation, self.iss())?;
        Ok(vec![Record::Accreditation(Arc::new(AccreditationRecord {
            accreditation: Arc::clone(accreditation),
            granted: self.moment(),
            by: self.iss().clone(),
            changes: Vec::new(),
        }))])
    }

    fn within_scheme(&self, accreditation: &Accreditation) -> Result<(), Refusal> {
        let scheme = self.scheme(&accreditation.scheme)?;
        known_viewpoints(accreditation.viewpoints, scheme.scheme.viewpoints)?;
        match accreditation.objects {
            Some(objects) => known_objects(objects, scheme.scheme.objects),
            None => Ok(()),
        }
    }

    pub(super) fn accreditation_changed(&self, claim: &AccreditationChanged) -> Result<Vec<Record>, Refusal> {
        let known = self.facts.accreditation(&claim.id);
        let known = known.ok_or_else(|| Refusal::UnknownAccreditation { accreditation: claim.id.clone() })?;
        self.may_change(&known)?;
        self.allows(&known, claim.change)?;
        let takes = matches!(claim.change, AccreditationChange::Suspended | AccreditationChange::Withdrawn);
        if !takes {
            self.still_speaks(&known.accreditation.body)?;
            self.room_left(&known.accreditation, &known.by)?;
        }
        let mut record = AccreditationRecord::clone(&known);
        record.changes.push(Changed {
            change: claim.change,
            reason: claim.reason.clone(),
            moment: self.moment(),
            by: self.iss().clone(),
        });
        Ok(vec![Record::Accreditation(Arc::new(record))])
    }

    fn may_change(&self, known: &AccreditationRecord) -> Result<(), Refusal> {
        self.only(&[Role::AccreditationBody, Role::Authority], "an accreditation body or an authority")?;
        if self.role() == Role::Authority || stands_for(self.facts, self.iss(), &known.by) {
            return Ok(());
        }
        Err(Refusal::AnotherBodysAccreditation { accreditation: known.accreditation.id.clone(), by: known.by.clone() })
    }

    /// Refuses what gives, once there were too many changes. What takes away is always possible: it cannot follow itself without
    /// something that gives between.
    fn room_left(&self, held: &Accreditation, by: &PartyId) -> Result<(), Refusal> {
        let records = self.facts.accreditations(&held.body);
        let like = records.iter().filter(|one| one.by == *by && one.accreditation.scheme == held.scheme);
        if like.map(|one| one.changes.len()).sum::<usize>() < MAX_CHANGES {
            return Ok(());
        }
        Err(Refusal::HistoryFull { what: format!("accreditation {}", held.id), max: MAX_CHANGES })
    }

    /// Whether the change fits what the accreditation is. Taking away never needs a designation, giving does.
    fn allows(&self, known: &AccreditationRecord, change: AccreditationChange) -> Result<(), Refusal> {
        let hold = known.hold();
        let scheme = &known.accreditation.scheme.id;
        let (legal, word) = match change {
            AccreditationChange::Suspended => (hold == Hold::None, "suspended"),
            AccreditationChange::Restored => (hold == Hold::Suspended, "restored"),
            AccreditationChange::Reduced { .. } => (hold != Hold::Withdrawn, "reduced"),
            AccreditationChange::Withdrawn => (hold != Hold::Withdrawn, "withdrawn"),
            AccreditationChange::Renewed { .. } => (hold != Hold::Withdrawn, "renewed"),
        };
        if !legal {
            return Err(Refusal::IllegalAccreditationMove {
                accreditation: known.accreditation.id.clone(),
                from: hold,
                change: word,
            });
        }
        match change {
            AccreditationChange::Suspended | AccreditationChange::Withdrawn => Ok(()),
            AccreditationChange::Reduced { viewpoints } => self.reduces(known, viewpoints),
            AccreditationChange::Restored => self.designated(scheme),
            AccreditationChange::Renewed { until } => {
                in_order("renewal", known.until_at(self.at()).plus_days(1), until)?;
                in_order("renewal", self.today(), until)?;
                self.designated(scheme)
            }
        }
    }

    fn reduces(&self, known: &AccreditationRecord, left: Viewpoints) -> Result<(), Refusal> {
        let covers = known.viewpoints_at(self.at());
        if !left.is_empty() && left.is_subset(covers) && left != covers {
            return Ok(());
        }
        Err(Refusal::NotAReduction { accreditation: known.accreditation.id.clone(), covers })
    }

    /// Whether the speaker may accredit under a scheme: an authority always, an accreditation body by designation.
    fn designated(&self, scheme: &SchemeId) -> Result<(), Refusal> {
        if self.role() == Role::Authority {
            return Ok(());
        }
        let body = self.iss();
        let mut refusal = Refusal::NotDesignated { body: body.clone(), scheme: scheme.clone() };
        for record in self.facts.designations(body) {
            if !record.designation.schemes.contains(scheme) {
                continue;
            }
            match record.in_force_at(self.at()) {
                Ok(()) => return Ok(()),
                Err(lapse) => {
                    refusal = Refusal::DesignationNotInForce {
                        body: body.clone(),
                        designation: record.designation.id.clone(),
                        lapse,
                    };
                }
            }
        }
        Err(refusal)
    }

    /// The accreditation by which `body` may act now, or the nearest reason why it may not.
    pub(super) fn accredited(&self, body: &PartyId, needed: &Needed<'_>) -> Result<Arc<AccreditationRecord>, Refusal> {
        self.still_speaks(body)?;
        let mut refusal = Refusal::NotAccredited { body: body.clone() };
        let mut nearest = 0;
        for record in self.facts.accreditations(body) {
            if record.accreditation.role != needed.role {
                continue;
            }
            let (near, reason) = match self.misses(&record, body, needed) {
                None => return Ok(record),
                Some(miss) => miss,
            };
            if near >= nearest {
                (nearest, refusal) = (near, reason);
            }
        }
        Err(refusal)
    }

    /// What an accreditation misses, and how near it came.
    fn misses(&self, record: &AccreditationRecord, body: &PartyId, needed: &Needed<'_>) -> Option<(u8, Refusal)> {
        let held = &record.accreditation;
        if held.scheme != *needed.scheme {
            let (body, scheme) = (body.clone(), needed.scheme.clone());
            return Some((1, Refusal::NotAccreditedForScheme { body, scheme }));
        }
        if let Err(lapse) = record.in_force_at(self.at()) {
            return Some((2, self.lapsed(record, lapse)));
        }
        let accreditation = held.id.clone();
        let missing = needed.viewpoints.difference(record.viewpoints_at(self.at()));
        if !missing.is_empty() {
            return Some((3, Refusal::NotAccreditedForViewpoint { accreditation, missing }));
        }
        let object = needed.object;
        if held.objects.is_some_and(|objects| !objects.contains(object)) {
            return Some((4, Refusal::NotAccreditedForObject { accreditation, object }));
        }
        None
    }

    pub(super) fn lapsed(&self, record: &AccreditationRecord, lapse: Lapse) -> Refusal {
        let accreditation = record.accreditation.id.clone();
        match lapse {
            Lapse::NotYet => Refusal::AccreditationNotYet { accreditation, from: record.accreditation.from },
            Lapse::Expired => Refusal::AccreditationExpired { accreditation, until: record.until_at(self.at()) },
            Lapse::Suspended => Refusal::AccreditationSuspended { accreditation },
            Lapse::Withdrawn => Refusal::AccreditationWithdrawn { accreditation },
        }
    }
}

/// How many changes one accreditor may make of the accreditations of one body under one scheme: each may change every verdict that
/// rests on them.
const MAX_CHANGES: usize = 64;

/// What a body must be accredited for.
pub(super) struct Needed<'a> {
    pub(super) role: AccreditedAs,
    pub(super) scheme: &'a SchemeRef,
    pub(super) viewpoints: Viewpoints,
    pub(super) object: ObjectKind,
}

/// Refuses viewpoints that are not among the known ones, and none at all.
pub(super) fn known_viewpoints(given: Viewpoints, known: Viewpoints) -> Result<(), Refusal> {
    not_empty("viewpoints", given.is_empty())?;
    let unknown = given.difference(known);
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Refusal::UnknownViewpoint { unknown, known })
}

/// Refuses kinds of object that are not among the known ones, and none at all.
pub(super) fn known_objects(given: ObjectKinds, known: ObjectKinds) -> Result<(), Refusal> {
    not_empty("objects", given.is_empty())?;
    let unknown = given.difference(known);
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Refusal::UnknownObject { unknown, known })
}
