//! Granting a verdict. A body decides under its accreditation; the operator transcribes what a list says, and a supplier declares
//! itself: neither ever counts as decided here. What holds for declarations alone is in `declaration`.

use std::sync::Arc;

use super::accreditation::{Needed, known_objects, known_viewpoints};
use super::case::{Case, in_order};
use crate::accreditation::AccreditedAs;
use crate::handle;
use crate::identifiers::Identifier;
use crate::ids::LevelCode;
use crate::party::Role;
use crate::records::{Facts, Record, SchemeRecord};
use crate::refusal::Refusal;
use crate::scheme::Scheme;
use crate::site::Site;
use crate::text::Text;
use crate::time::Day;
use crate::verdict::{Happening, HistoryItem, Profile, Provenance, Supplier, Verdict, VerdictRecord};

/// How many identifiers a supplier may have besides its own: each one is an entry in an index.
const MAX_IDENTIFIERS: usize = 32;
/// How many sectors a verdict may name.
const MAX_SECTORS: usize = 32;

impl<F: Facts> Case<'_, F> {
    pub(super) fn verdict_granted(&self, verdict: &Arc<Verdict>) -> Result<Vec<Record>, Refusal> {
        self.may_grant(verdict)?;
        if verdict.supplier.others.len() > MAX_IDENTIFIERS {
            return Err(Refusal::TooMany { what: "identifiers of a supplier", max: MAX_IDENTIFIERS });
        }
        if verdict.sectors.len() > MAX_SECTORS {
            return Err(Refusal::TooMany { what: "sectors of a verdict", max: MAX_SECTORS });
        }
        in_the_open(verdict.profile, verdict.level.as_ref(), Some(&verdict.sites), Some(&verdict.exclusions))?;
        handle::of_supplier(&verdict.supplier, &verdict.object)?;
        let scheme = self.scheme(&verdict.scheme)?;
        fits_scheme(verdict, &scheme.scheme)?;
        if let Some(until) = verdict.valid_until {
            in_order("validity", verdict.valid_from, until)?;
        }
        if !verdict.provenance.is_transcribed() {
            self.still_current(&scheme)?;
        }
        match verdict.provenance {
            Provenance::Transcribed(_) => {}
            Provenance::Decided => self.decidable(verdict, &scheme.scheme)?,
            Provenance::SelfDeclared(how) => {
                whereabouts(verdict)?;
                self.declarable(verdict, how, &scheme.scheme)?;
            }
        }
        self.says_of_persons(&verdict.supplier)?;
        // Last, for it may tell of a restricted verdict: only to a body that could have granted this one.
        if self.facts.verdict(&verdict.verdict).is_some() {
            return Err(Refusal::VerdictExists { verdict: verdict.verdict.clone() });
        }
        let upgraded = self.upgraded(verdict)?;
        let granted = self.granted(verdict);
        let granted = Record::Verdict(Arc::new(VerdictRecord::new(Arc::clone(verdict), granted)));
        // The verdict first: what a statement goes with if its key was stolen is what its first record is about.
        Ok(std::iter::once(granted).chain(upgraded).collect())
    }

    /// Who is registered as a person, or is one in a verdict, is a person in the next. That a person is
    /// registered is told to whoever could grant this verdict; of verdicts only those are asked that the speaker may know.
    fn says_of_persons(&self, supplier: &Supplier) -> Result<(), Refusal> {
        let is_person = |known: &Arc<VerdictRecord>| known.terms.supplier.person && self.may_know(known);
        let in_verdict = |id: &Identifier| self.facts.verdicts_of(id).iter().any(is_person);
        let known = |id: &&Identifier| handle::tells_nobody(id) && (self.facts.is_person(id) || in_verdict(id));
        let mut identifiers = std::iter::once(&supplier.id).chain(&supplier.others).filter(|_| !supplier.person);
        match identifiers.find(known) {
            Some(id) => Err(Refusal::PersonNotSaid { supplier: id.clone() }),
            None => Ok(()),
        }
    }

    fn may_grant(&self, verdict: &Verdict) -> Result<(), Refusal> {
        let (iss, role) = (self.iss().clone(), self.role());
        match (&verdict.provenance, role) {
            (Provenance::Decided, Role::CertificationBody) => Ok(()),
            (Provenance::Decided, _) => Err(Refusal::NotADecider { iss, role }),
            (Provenance::SelfDeclared(_), _) => self.may_declare(),
            (Provenance::Transcribed(_), Role::Operator) => Ok(()),
            (Provenance::Transcribed(_), _) => Err(Refusal::TranscribedByOthers { iss, role }),
        }
    }

    /// What holds for a decision and not for a row of a list, which is as it is.
    fn decidable(&self, verdict: &Verdict, scheme: &Scheme) -> Result<(), Refusal> {
        whereabouts(verdict)?;
        self.accredited(
            self.iss(),
            &Needed {
                role: AccreditedAs::CertificationBody,
                scheme: &verdict.scheme,
                viewpoints: verdict.viewpoints,
                object: verdict.object.kind,
            },
        )?;
        self.accredited_since(verdict)?;
        within_validity(scheme, verdict.valid_from, verdict.valid_until)?;
        self.not_over(verdict.valid_until)?;
        if let Some(conditions) = &verdict.conditions {
            in_order("conditions", self.today(), conditions.deadline)?;
            if let Some(until) = verdict.valid_until {
                in_order("conditions", conditions.deadline, until)?;
            }
        }
        Ok(())
    }

    /// Nobody decides for a time before anyone accredited it under the scheme.
    fn accredited_since(&self, verdict: &Verdict) -> Result<(), Refusal> {
        let records = self.facts.accreditations(self.iss());
        let under_scheme = records
            .iter()
            .map(|record| &record.accreditation)
            .filter(|held| held.role == AccreditedAs::CertificationBody && held.scheme == verdict.scheme);
        match under_scheme.map(|held| held.from).min() {
            Some(accredited_from) if verdict.valid_from < accredited_from => {
                Err(Refusal::BeforeAccreditation { valid_from: verdict.valid_from, accredited_from })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a scheme under which no verdict is in force any more.
    pub(super) fn still_current(&self, scheme: &SchemeRecord) -> Result<(), Refusal> {
        match &scheme.replaced {
            Some(replaced) if replaced.until.end() <= self.at() => Err(Refusal::SchemeIsReplaced {
                scheme: scheme.scheme.scheme.clone(),
                by: replaced.with.clone(),
                until: replaced.until,
            }),
            _ => Ok(()),
        }
    }

    /// Refuses a last day that is past.
    pub(super) fn not_over(&self, until: Option<Day>) -> Result<(), Refusal> {
        match until {
            Some(until) if until.end() <= self.at() => Err(Refusal::AlreadyOver { until }),
            _ => Ok(()),
        }
    }

    /// A verdict holds from its first day, or from now where that day is still to come.
    fn granted(&self, verdict: &Verdict) -> HistoryItem {
        HistoryItem {
            index: self.place.index,
            at: self.at(),
            effective: verdict.valid_from.start().min(self.at()),
            what: Happening::Granted,
            reason: None,
            legal_basis: None,
            by: self.iss().clone(),
            voided: None,
            approved: None,
            recommended_by: None,
            in_place_of: None,
        }
    }
}

/// Refuses detail of a summary verdict in a statement that everyone reads.
pub(super) fn in_the_open(
    profile: Profile,
    level: Option<&LevelCode>,
    sites: Option<&[Site]>,
    exclusions: Option<&[Text<256>]>,
) -> Result<(), Refusal> {
    let rows = [
        ("level", level.is_some()),
        ("sites", sites.is_some_and(|sites| !sites.is_empty())),
        ("exclusions", exclusions.is_some_and(|exclusions| !exclusions.is_empty())),
    ];
    match rows.into_iter().find(|(_, there)| *there && profile == Profile::Summary) {
        Some((member, _)) => Err(Refusal::DetailInTheOpen { member }),
        None => Ok(()),
    }
}

/// A list may keep silent about where a supplier is established; a body that assessed it knows.
fn whereabouts(verdict: &Verdict) -> Result<(), Refusal> {
    match verdict.supplier.country {
        Some(_) => Ok(()),
        None => Err(Refusal::CountryNotStated { verdict: verdict.verdict.clone() }),
    }
}

fn fits_scheme(verdict: &Verdict, scheme: &Scheme) -> Result<(), Refusal> {
    known_viewpoints(verdict.viewpoints, scheme.viewpoints)?;
    known_objects(verdict.object.kind.into(), scheme.objects)?;
    match &verdict.level {
        Some(level) if !scheme.levels.contains(level) => {
            Err(Refusal::UnknownLevel { scheme: verdict.scheme.clone(), level: level.clone() })
        }
        _ => Ok(()),
    }
}

/// Refuses a validity that, counted from `from`, is longer than the scheme allows.
pub(super) fn within_validity(scheme: &Scheme, from: Day, until: Option<Day>) -> Result<(), Refusal> {
    match scheme.validity_months {
        Some(months) => validity(months, from, until),
        None => Ok(()),
    }
}

/// Refuses a validity of more than so many months.
pub(super) fn validity(months: u16, from: Day, until: Option<Day>) -> Result<(), Refusal> {
    let latest = from.plus_months(months);
    match until {
        Some(until) if until <= latest => Ok(()),
        until => Err(Refusal::ValidityTooLong { until, latest }),
    }
}
