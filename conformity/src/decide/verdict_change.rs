//! Changing a verdict. Only the issuing body or its lawful successor decides. It may always take away what it gave; giving
//! needs an accreditation in force. The registry itself acts only where the scheme gives it that power.

use std::sync::Arc;

use super::accreditation::Needed;
use super::case::{Case, in_order};
use super::scope;
use super::verdict::{in_the_open, within_validity};
use crate::accreditation::AccreditedAs;
use crate::ids::{PartyId, ReportId, VerdictId};
use crate::party::Role;
use crate::records::{Facts, Record, View};
use crate::refusal::Refusal;
use crate::scheme::Scheme;
use crate::standing::{Sight, Viewer, sight};
use crate::time::Day;
use crate::verdict::{
    Change, Conditions, Happening, HistoryItem, IllegalMove, Recommendation, StateName, Supplier, VerdictChange,
    VerdictRecord,
};
use crate::viewpoint::Viewpoints;

impl<F: Facts> Case<'_, F> {
    pub(super) fn verdict_changed(&self, claim: &VerdictChange) -> Result<Vec<Record>, Refusal> {
        let known = self.verdict(&claim.verdict)?;
        let scheme = self.scheme(&known.terms.scheme)?;
        self.may_decide(&known, claim, &scheme.scheme)?;
        recommended(&known, claim)?;
        if !ends_or_rests(&claim.change) {
            room_left(&known)?;
        }
        let changed = known.after(self.item(&known, claim));
        let changed = changed.map_err(|illegal| illegal_move(&claim.verdict, illegal))?;
        self.effective(&known, claim)?;
        self.fits(&known, &claim.change, &scheme.scheme)?;
        if gives(&known, &claim.change) && !known.terms.provenance.is_transcribed() {
            self.still_current(&scheme)?;
        }
        self.entitled(&known, &claim.change)?;
        Ok(vec![Record::Verdict(Arc::new(changed))])
    }

    /// The verdict; one that the speaker may not know of is as unknown to him as one that is not there.
    pub(super) fn verdict(&self, id: &VerdictId) -> Result<Arc<VerdictRecord>, Refusal> {
        self.known(id).ok_or_else(|| Refusal::UnknownVerdict { verdict: id.clone() })
    }

    fn known(&self, id: &VerdictId) -> Option<Arc<VerdictRecord>> {
        self.facts.verdict(id).filter(|record| self.may_know(record))
    }

    pub(super) fn may_know(&self, record: &VerdictRecord) -> bool {
        sight(self.facts, &Viewer::Party(self.iss().clone()), record) != Sight::Nothing
    }

    fn item(&self, known: &VerdictRecord, claim: &VerdictChange) -> HistoryItem {
        HistoryItem {
            index: self.place.index,
            at: self.at(),
            effective: claim.effective,
            what: Happening::Changed(claim.change.clone()),
            reason: Some(claim.reason.clone()),
            legal_basis: claim.legal_basis.clone(),
            by: self.iss().clone(),
            voided: None,
            approved: self.approved,
            recommended_by: claim.recommended_by.clone(),
            in_place_of: self.in_place_of(known),
        }
    }

    /// Whether the speaker decides about this verdict at all.
    fn may_decide(&self, known: &VerdictRecord, claim: &VerdictChange, scheme: &Scheme) -> Result<(), Refusal> {
        let transcribed = known.terms.provenance.is_transcribed();
        if known.terms.provenance.self_declared().is_some() && !matches!(self.role(), Role::Operator | Role::Authority)
        {
            return self.declarer_acts(known, &claim.change);
        }
        match self.role() {
            Role::Operator if transcribed => Ok(()),
            Role::CertificationBody if self.answers_for(known) => Ok(()),
            Role::CertificationBody => Err(not_yours(known)),
            Role::Operator | Role::Authority if transcribed => Err(not_yours(known)),
            Role::Operator | Role::Authority => registry_acts(known, claim, scheme),
            role => Err(Refusal::NotADecider { iss: self.iss().clone(), role }),
        }
    }

    /// A change takes effect at once or in the past: not before the verdict did, nor before the state it leaves. Only an
    /// annulment reaches further back, since it says that the verdict should never have been.
    fn effective(&self, known: &VerdictRecord, claim: &VerdictChange) -> Result<(), Refusal> {
        let effective = claim.effective;
        if effective > self.at() {
            return Err(Refusal::EffectiveInFuture { effective, at: self.at() });
        }
        let granted = known.granted_from();
        if effective < granted {
            return Err(Refusal::EffectiveBeforeGrant { effective, granted });
        }
        let since = known.now.state.since();
        if effective < since && claim.change != Change::Annulled {
            return Err(Refusal::EffectiveBeforeState { effective, since });
        }
        Ok(())
    }

    /// Whether what the change says fits the verdict and its scheme.
    fn fits(&self, known: &VerdictRecord, change: &Change, scheme: &Scheme) -> Result<(), Refusal> {
        match change {
            Change::Conditional(conditions) => self.conditions(known, conditions),
            Change::Restored => self.not_over(known.now.valid_until).and_then(|()| self.may_restore(known)),
            Change::ConditionsMet => self.not_over(known.now.valid_until),
            Change::ScopeExtended(cover) => {
                self.not_over(known.now.valid_until)?;
                in_the_open(
                    known.terms.profile,
                    cover.level.as_ref(),
                    cover.sites.as_deref(),
                    cover.exclusions.as_deref(),
                )?;
                scope::extends(known, cover, scheme)
            }
            Change::ScopeReduced(cover) => {
                in_the_open(
                    known.terms.profile,
                    cover.level.as_ref(),
                    cover.sites.as_deref(),
                    cover.exclusions.as_deref(),
                )?;
                scope::reduces(known, cover, scheme)
            }
            Change::Renewed { valid_until } => {
                self.renews(known, *valid_until, scheme)?;
                if known.now.state.name() == StateName::Expired { self.may_restore(known) } else { Ok(()) }
            }
            Change::Transferred { to } => self.transfers(known, to),
            Change::Superseded { by } => self.supersedes(known, by),
            _ => mark(known, change),
        }
    }

    /// Whether the body may give what the change gives.
    fn entitled(&self, known: &VerdictRecord, change: &Change) -> Result<(), Refusal> {
        if !gives(known, change) || known.terms.provenance.is_transcribed() {
            return Ok(());
        }
        let viewpoints = match change {
            Change::ScopeExtended(cover) => cover.viewpoints.unwrap_or(known.now.viewpoints),
            _ => known.now.viewpoints,
        };
        self.accredited_to_decide(self.iss(), known, viewpoints)
    }

    pub(super) fn accredited_to_decide(
        &self,
        body: &PartyId,
        known: &VerdictRecord,
        viewpoints: Viewpoints,
    ) -> Result<(), Refusal> {
        let needed = Needed {
            role: AccreditedAs::CertificationBody,
            scheme: &known.terms.scheme,
            viewpoints,
            object: known.terms.object.kind,
        };
        self.accredited(body, &needed).map(drop)
    }

    /// What the registry suspended on a report is restored, or renewed where it expired so, only once somebody else who looked later
    /// recommends nothing, as long as the report counts.
    fn may_restore(&self, known: &VerdictRecord) -> Result<(), Refusal> {
        let of_registry = |item: &&HistoryItem| {
            let role = self.facts.party(&item.by).map(|record| record.party.role);
            matches!(role, Some(Role::Operator | Role::Authority))
        };
        let suspended = last_suspended(known).filter(of_registry);
        let on_report = suspended.and_then(|item| Some((item, item.recommended_by.clone()?)));
        let counts = |report: &ReportId| known.reports().any(|(_, filed)| filed.report == *report);
        let Some((item, report)) = on_report.filter(|(_, report)| counts(report)) else {
            return Ok(());
        };
        let mut others = known.reports().rev().filter(|(filed, _)| !filed.speaks_for(&known.now.issuer));
        let newest = others.next().filter(|(filed, _)| filed.index > item.index);
        if newest.is_some_and(|(_, newest)| newest.recommendation == Recommendation::None) {
            return Ok(());
        }
        Err(Refusal::ReportNeeded { verdict: known.id().clone(), report })
    }

    fn conditions(&self, known: &VerdictRecord, conditions: &Conditions) -> Result<(), Refusal> {
        if known.terms.provenance.is_transcribed() {
            return Ok(());
        }
        in_order("conditions", self.today(), conditions.deadline)?;
        match known.now.valid_until {
            Some(until) => in_order("conditions", conditions.deadline, until),
            None => Ok(()),
        }
    }

    fn renews(&self, known: &VerdictRecord, valid_until: Day, scheme: &Scheme) -> Result<(), Refusal> {
        let Some(before) = known.now.valid_until else {
            return self.not_over(Some(valid_until));
        };
        in_order("renewal", before.plus_days(1), valid_until)?;
        if known.terms.provenance.is_transcribed() {
            return Ok(());
        }
        self.not_over(Some(valid_until))?;
        self.renewable(known, before, scheme)?;
        within_validity(scheme, before.max(self.today()), Some(valid_until))
    }

    /// After its last day a verdict can be renewed only as long as the scheme allows.
    fn renewable(&self, known: &VerdictRecord, before: Day, scheme: &Scheme) -> Result<(), Refusal> {
        let latest = scheme.restoration_days.map(|days| before.plus_days(days));
        if self.at() < latest.unwrap_or(before).end() {
            return Ok(());
        }
        Err(Refusal::RenewalTooLate { verdict: known.id().clone(), latest })
    }

    fn transfers(&self, known: &VerdictRecord, to: &PartyId) -> Result<(), Refusal> {
        let refuse = |because| Refusal::NotATransfer { verdict: known.id().clone(), because };
        if known.terms.provenance.is_transcribed() {
            return Err(refuse("it was transcribed; another body decides anew instead"));
        }
        if *to == known.now.issuer {
            return Err(refuse("it is already with that body"));
        }
        self.party_as(to, Role::CertificationBody)?;
        self.not_over(known.now.valid_until)?;
        self.accredited_to_decide(to, known, known.now.viewpoints)
    }

    fn supersedes(&self, known: &VerdictRecord, by: &VerdictId) -> Result<(), Refusal> {
        let successor = self.known(by);
        let fits = match &successor {
            Some(successor) => by != known.id() && same_supplier(&known.terms.supplier, &successor.terms.supplier),
            None if self.facts.view() == View::Part => true,
            None => return self.verdict(by).map(drop),
        };
        if fits {
            return Ok(());
        }
        Err(Refusal::NotASuccessor { verdict: known.id().clone(), by: by.clone() })
    }
}

/// The refusal of a body that does not answer for the verdict.
pub(super) fn not_yours(known: &VerdictRecord) -> Refusal {
    Refusal::AnotherBodysVerdict { verdict: known.id().clone(), issuer: known.now.issuer.clone() }
}

/// Whether the change gives the supplier something: more time to meet conditions, too.
fn gives(known: &VerdictRecord, change: &Change) -> bool {
    let more = |new: &Conditions| known.now.conditions().is_some_and(|old| old.deadline < new.deadline);
    change.gives() || matches!(change, Change::Conditional(new) if more(new))
}

/// What suspended it last, unless something lifted that since: no suspended verdict is renewed before it expired.
fn last_suspended(known: &VerdictRecord) -> Option<&HistoryItem> {
    let changed = |item: &&HistoryItem| {
        use Change::{Renewed, Restored, Suspended};
        matches!(item.what, Happening::Changed(Suspended | Restored | Renewed { .. }))
    };
    let suspends = |item: &&HistoryItem| matches!(item.what, Happening::Changed(Change::Suspended));
    known.counting().rev().find(changed).filter(suspends)
}

/// How often a verdict may change. Each change copies the history, so that a body could otherwise slow down the log.
const MAX_HISTORY: usize = 1000;

/// What stays possible however often a verdict changed. None of these can follow one another without end.
const fn ends_or_rests(change: &Change) -> bool {
    matches!(
        change,
        Change::Suspended
            | Change::Surrendered
            | Change::Withdrawn
            | Change::Superseded { .. }
            | Change::Annulled
            | Change::Historical
    )
}

/// Refuses to add to a history that is full. What is void does not fill it, nor what was said by all who had the verdict from a thief, nor
/// what happened to something that the verdict rests on: neither of them must keep the body from changing its verdict.
pub(super) fn room_left(known: &VerdictRecord) -> Result<(), Refusal> {
    let counts = |item: &&HistoryItem| !matches!(item.what, Happening::BasisChanged(_));
    if known.history.len() < MAX_HISTORY || known.counting().filter(counts).count() < MAX_HISTORY {
        return Ok(());
    }
    Err(Refusal::HistoryFull { what: format!("verdict {}", known.id()), max: MAX_HISTORY })
}

/// What the registry may do to a verdict that a body decided, where the scheme lets it act: at its own discretion, or only to suspend
/// what a report recommends to suspend.
fn registry_acts(known: &VerdictRecord, claim: &VerdictChange, scheme: &Scheme) -> Result<(), Refusal> {
    let (change, verdict) = (&claim.change, known.id());
    let power = matches!(change, Change::Suspended | Change::Withdrawn | Change::Transferred { .. });
    if power && scheme.registry_acts {
        return Ok(());
    }
    let suspends = *change == Change::Suspended && scheme.surveillance.is_some_and(|duty| duty.registry_suspends);
    match &claim.recommended_by {
        _ if !suspends => Err(Refusal::RegistryMayNotAct { verdict: verdict.clone(), change: change.as_str() }),
        Some(_) => Ok(()),
        None => Err(Refusal::RecommendationNotNamed { verdict: verdict.clone() }),
    }
}

/// Refuses to name a report that does not recommend the change, or is not the one that waits for an answer.
fn recommended(known: &VerdictRecord, claim: &VerdictChange) -> Result<(), Refusal> {
    let Some(report) = &claim.recommended_by else { return Ok(()) };
    let open = known.open_recommendation().filter(|open| open.report == *report);
    if open.is_some_and(|open| open.recommendation.asks_for(&claim.change)) {
        return Ok(());
    }
    let (verdict, report) = (known.id().clone(), report.clone());
    Err(Refusal::NotRecommended { verdict, report, change: claim.change.as_str() })
}

/// Opening what is open, closing what is not, and answering what nobody asked.
fn mark(known: &VerdictRecord, change: &Change) -> Result<(), Refusal> {
    let marks = known.now.marks;
    let fits = match change {
        Change::AppealOpened => !marks.appeal,
        Change::AppealClosed => marks.appeal,
        Change::ComplaintOpened => !marks.complaint,
        Change::ComplaintClosed => marks.complaint,
        Change::RecommendationDeclined => marks.recommendation.is_some(),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    Err(Refusal::IllegalMark { verdict: known.id().clone(), change: change.as_str() })
}

/// Whether two verdicts are about one supplier, by what their issuers say of it.
pub(super) fn same_supplier(one: &Supplier, other: &Supplier) -> bool {
    one.id == other.id || one.others.contains(&other.id) || other.others.contains(&one.id)
}

/// The refusal of a move that the state does not allow.
pub(super) fn illegal_move(verdict: &VerdictId, illegal: IllegalMove) -> Refusal {
    Refusal::IllegalMove { verdict: verdict.clone(), from: illegal.from, change: illegal.change }
}
