//! What happened to a verdict, and what follows from it: the snapshot is the fold of the history, never anything else.
//!
//! What was signed with a stolen key stays in the history and is marked void. The fold passes it over for every time asked
//! about, those before anybody knew of the theft included: what a thief signed was at no time the body's word. What the log itself
//! showed before is another question, see [`crate::as_of`].
//!
//! Out of scope: whether something was allowed to happen, see [`mod@crate::decide`].

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lifecycle::{IllegalMove, State};
use super::{
    Acceptance, Change, Conditions, Confirmation, Confirmed, Cover, Outcome, Recommendation, Report, SelfEvaluation,
    Verdict,
};
use crate::ids::{LevelCode, PartyId, ReportId, VerdictId};
use crate::key::KeyId;
use crate::lapsed::{BasisChange, Lapsed};
use crate::reason::Reason;
use crate::scheme::{Evaluation, Scheme};
use crate::site::Site;
use crate::text::Text;
use crate::time::{Day, Moment};
use crate::viewpoint::Viewpoints;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    /// It was granted.
    Granted,
    /// The body changed it.
    Changed(Change),
    /// Its last day passed.
    Expired,
    /// Nobody looked again in time.
    SurveillanceOverdue,
    /// An audit body reported.
    Reported(Arc<Report>),
    /// An authority took it as evidence for a decision of its own, as a list says. Nothing follows from it.
    AcceptedAsEvidence(Arc<Acceptance>),
    /// An expert confirmed the supplier's declaration.
    Confirmed(Arc<Confirmation>),
    /// The expert took that back.
    ConfirmationWithdrawn,
    /// A key was declared compromised, and something of this verdict that it signed is void.
    Voided(Arc<Voiding>),
    /// What it rests on lapsed, or holds again.
    BasisChanged(Arc<BasisChange>),
    /// The last day of its conditions passed, and nobody said that they are met.
    ConditionsOverdue,
}

/// Which key was declared compromised, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Voiding {
    /// Whose key.
    pub party: PartyId,
    /// Its thumbprint.
    pub kid: KeyId,
    /// Since when: what it signed and the log sequenced then or later is void.
    #[serde(with = "crate::time::instant")]
    pub since: Timestamp,
}

impl Happening {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Changed(change) => change.as_str(),
            Self::Expired => "expired",
            Self::SurveillanceOverdue => "surveillance-overdue",
            Self::Reported(_) => "reported",
            Self::AcceptedAsEvidence(_) => "accepted-as-evidence",
            Self::Confirmed(_) => "confirmed",
            Self::ConfirmationWithdrawn => "confirmation-withdrawn",
            Self::Voided(_) => "voided",
            Self::BasisChanged(change) => change.as_str(),
            Self::ConditionsOverdue => "conditions-overdue",
        }
    }
}

/// One thing that happened to a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HistoryItem {
    /// Index of the entry that says so.
    pub index: u64,
    /// When it was sequenced.
    pub at: Timestamp,
    /// From when it holds.
    pub effective: Timestamp,
    /// What happened.
    pub what: Happening,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// On which legal basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<Text<280>>,
    /// Who said so.
    pub by: PartyId,
    /// Where the log says that it is void, because the key that signed it was stolen. Nothing follows from it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided: Option<Moment>,
    /// Index of the entry by which a second person of the operator approved it, where it needed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<u64>,
    /// The report whose recommendation it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommended_by: Option<ReportId>,
    /// In whose place it was said, where the speaker is the successor of the body that answered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place_of: Option<PartyId>,
}

impl HistoryItem {
    /// Where it was sequenced.
    pub const fn moment(&self) -> Moment {
        Moment { index: self.index, at: self.at }
    }

    /// Whether `issuer` said it, or somebody in its place.
    pub fn speaks_for(&self, issuer: &PartyId) -> bool {
        self.by == *issuer || self.in_place_of.as_ref() == Some(issuer)
    }

    /// Whether the log says by the entry at `index` that it is void.
    pub(super) fn is_void_at(&self, index: u64) -> bool {
        self.voided.is_some_and(|voided| voided.index <= index)
    }
}

/// Marks beside the state: none of them changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Marks {
    /// 異議申立て pending.
    pub appeal: bool,
    /// 苦情 pending.
    pub complaint: bool,
    /// What an audit body recommends and the body has not answered.
    pub recommendation: Option<Recommendation>,
    /// Nobody looked again in time.
    pub surveillance_overdue: bool,
    /// The last day of its conditions is past, and nobody said that they are met.
    pub conditions_overdue: bool,
}

/// A verdict as it stands at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    /// Its state.
    pub state: State,
    /// The body responsible for it.
    pub issuer: PartyId,
    /// The viewpoints it covers.
    pub viewpoints: Viewpoints,
    /// Its level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCode>,
    /// What it covers, in words.
    pub scope: Text<1024>,
    /// The sites it covers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Site>,
    /// What it does not cover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<Text<256>>,
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Day>,
    /// What is pending.
    pub marks: Marks,
    /// The last day that a report looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_surveillance: Option<Day>,
    /// The last day that a report looked at which found nothing amiss from any viewpoint of the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_conforming: Option<Day>,
    /// Of a supplier's declaration: which expert confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmed>,
    /// What it rests on lapsed, and what becomes of it; absent while all of that holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapsed: Option<Arc<Lapsed>>,
    /// Index of the newest correction of a crosswalk that it was told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recounted: Option<u64>,
}

impl Snapshot {
    /// As granted.
    fn granted(terms: &Verdict, item: &HistoryItem) -> Self {
        Self {
            state: first(terms, item.effective),
            issuer: item.by.clone(),
            viewpoints: terms.viewpoints,
            level: terms.level.clone(),
            scope: terms.scope.clone(),
            sites: terms.sites.clone(),
            exclusions: terms.exclusions.clone(),
            valid_until: terms.valid_until,
            marks: Marks::default(),
            last_surveillance: None,
            last_conforming: None,
            confirmed: None,
            lapsed: None,
            recounted: None,
        }
    }

    /// Of a supplier's own declaration with these terms, how far anybody else stands behind it; nothing where a body decided.
    pub fn self_evaluation(&self, terms: &Verdict) -> Option<SelfEvaluation> {
        terms.provenance.self_declared().map(|_| match self.confirmed {
            Some(_) => SelfEvaluation::ExpertConfirmed,
            None => SelfEvaluation::Oneself,
        })
    }

    /// As a thief pretended to grant it.
    fn void(terms: &Verdict, item: &HistoryItem) -> Self {
        Self { state: State::void(item.effective), ..Self::granted(terms, item) }
    }

    /// As it stands after one more thing happened to a verdict of these terms.
    fn after(mut self, terms: &Verdict, item: &HistoryItem) -> Result<Self, IllegalMove> {
        self.state = self.state.after(&item.what, item.effective)?;
        match &item.what {
            Happening::Changed(change) => self.change(change),
            Happening::Reported(report) => self.report(report, item.speaks_for(&self.issuer)),
            Happening::SurveillanceOverdue => self.marks.surveillance_overdue = true,
            Happening::Confirmed(confirmation) => {
                self.confirmed = Some(Confirmed { by: item.by.clone(), on: confirmation.on });
            }
            Happening::ConfirmationWithdrawn => {
                self.confirmed = None;
                if awaits_expert(terms) {
                    self.state = self.state.awaiting_again(item.effective);
                }
            }
            Happening::BasisChanged(change) => match **change {
                BasisChange::Lapsed(lapsed) => self.lapsed = Some(Arc::new(lapsed)),
                BasisChange::Holds(_) => self.lapsed = None,
                BasisChange::Recounted(cause) => self.recounted = Some(cause.entry),
            },
            Happening::ConditionsOverdue => self.marks.conditions_overdue = true,
            Happening::Granted | Happening::Expired | Happening::AcceptedAsEvidence(_) | Happening::Voided(_) => {}
        }
        // Whatever is conditional no more, or on other conditions, has none that are overdue.
        self.marks.conditions_overdue &= self.conditions().is_some();
        Ok(self)
    }

    /// The same, where what its state does not allow changes nothing.
    pub(super) fn and(self, terms: &Verdict, item: &HistoryItem) -> Self {
        self.clone().after(terms, item).unwrap_or(self)
    }

    /// What must still be met, of a conditional verdict.
    pub const fn conditions(&self) -> Option<&Conditions> {
        match &self.state {
            State::Conditional(state) => Some(&state.conditions),
            _ => None,
        }
    }

    /// Whether the body stands behind it at `time` and what it rests on lets it count, its days apart.
    pub fn is_in_force(&self, time: Timestamp) -> bool {
        self.state.name().is_in_force() && self.lapsed.as_ref().is_none_or(|lapsed| lapsed.lets_count(time))
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::ScopeExtended(cover) | Change::ScopeReduced(cover) => self.cover(cover),
            Change::Renewed { valid_until } => self.valid_until = Some(*valid_until),
            Change::Transferred { to } => self.issuer = to.clone(),
            Change::AppealOpened => self.marks.appeal = true,
            Change::AppealClosed => self.marks.appeal = false,
            Change::ComplaintOpened => self.marks.complaint = true,
            Change::ComplaintClosed => self.marks.complaint = false,
            Change::Conditional(_) => self.marks.conditions_overdue = false,
            _ => {}
        }
        if answers_recommendation(change) {
            self.marks.recommendation = None;
        }
    }

    fn cover(&mut self, cover: &Cover) {
        self.scope = cover.scope.clone();
        if let Some(viewpoints) = cover.viewpoints {
            self.viewpoints = viewpoints;
        }
        if let Some(level) = &cover.level {
            self.level = Some(level.clone());
        }
        if let Some(sites) = &cover.sites {
            self.sites.clone_from(sites);
        }
        if let Some(exclusions) = &cover.exclusions {
            self.exclusions.clone_from(exclusions);
        }
    }

    /// What a body finds on its own verdict says when somebody looked, and takes back nothing that another recommends.
    fn report(&mut self, report: &Report, own: bool) {
        // Who looked at no later day than others did leaves overdue what is.
        self.marks.surveillance_overdue &= Some(report.period.to) <= self.last_surveillance;
        self.last_surveillance = self.last_surveillance.max(Some(report.period.to));
        let whole = report.viewpoints.is_none_or(|seen| self.viewpoints.is_subset(seen));
        if report.outcome == Outcome::Conforming && whole {
            self.last_conforming = self.last_conforming.max(Some(report.period.to));
        }
        if !own {
            self.marks.recommendation = match report.recommendation {
                Recommendation::None => None,
                recommended => Some(recommended),
            };
        }
    }
}

/// The state that a verdict begins in, by its terms.
fn first(terms: &Verdict, since: Timestamp) -> State {
    if awaits_expert(terms) { State::unconfirmed(since) } else { State::first(since, terms.conditions.as_ref()) }
}

fn awaits_expert(terms: &Verdict) -> bool {
    terms.provenance.self_declared().is_some_and(|declared| declared.awaits_expert)
}

/// Whether the body answers a recommendation by this change. An appeal or complaint is somebody else's step.
const fn answers_recommendation(change: &Change) -> bool {
    !matches!(
        change,
        Change::AppealOpened
            | Change::AppealClosed
            | Change::ComplaintOpened
            | Change::ComplaintClosed
            | Change::Transferred { .. }
    )
}

/// A verdict and everything that happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerdictRecord {
    /// As granted.
    pub terms: Arc<Verdict>,
    /// As it stands after all of its history.
    pub now: Snapshot,
    /// Everything that happened, in the order of the log.
    pub history: Vec<HistoryItem>,
}

impl VerdictRecord {
    /// A verdict that was just granted. `granted` says by whom and when.
    pub fn new(terms: Arc<Verdict>, granted: HistoryItem) -> Self {
        Self { now: Snapshot::granted(&terms, &granted), terms, history: vec![granted] }
    }

    /// The verdict after one more thing happened.
    ///
    /// # Errors
    /// Its state does not allow it.
    pub fn after(&self, item: HistoryItem) -> Result<Self, IllegalMove> {
        let now = self.now.clone().after(&self.terms, &item)?;
        let mut history = Vec::with_capacity(self.history.len() + 1);
        history.extend_from_slice(&self.history);
        history.push(item);
        Ok(Self { terms: Arc::clone(&self.terms), now, history })
    }

    /// Whether something was stated of it at or behind an entry of this index.
    pub fn changed_since(&self, index: u64) -> bool {
        self.history.last().is_some_and(|item| item.index >= index)
    }

    /// The verdict without what the entries at `void` say about it, which `voided` declares void. They may also be
    /// credentials of it, which its history does not name.
    #[must_use]
    pub fn without(&self, void: &BTreeSet<u64>, voided: HistoryItem) -> Self {
        let declared = Moment { index: voided.index, at: voided.at };
        let mut history = Vec::with_capacity(self.history.len() + 1);
        history.extend_from_slice(&self.history);
        for item in history.iter_mut().filter(|item| item.voided.is_none() && void.contains(&item.index)) {
            item.voided = Some(declared);
        }
        history.push(voided);
        let after = Self { terms: Arc::clone(&self.terms), now: self.now.clone(), history };
        let now = after.fold(|_| true, u64::MAX).unwrap_or_else(|| self.now.clone());
        Self { now, ..after }
    }

    /// Its id.
    pub fn id(&self) -> &VerdictId {
        &self.terms.verdict
    }

    /// Of a supplier's own declaration, how far anybody else stands behind it in the given view of it; nothing where a body decided.
    pub fn self_evaluation(&self, then: &Snapshot) -> Option<SelfEvaluation> {
        then.self_evaluation(&self.terms)
    }

    /// How it was assessed in the given view of it, under its scheme.
    pub fn evaluation(&self, then: &Snapshot, scheme: &Scheme) -> Evaluation {
        self.self_evaluation(then).map_or(scheme.evaluation, Into::into)
    }

    /// What lists say of authorities that accepted it as evidence, in the order of the log, with the time at which each
    /// was sequenced.
    pub fn acceptances(&self) -> impl Iterator<Item = (Timestamp, &Acceptance)> {
        self.history.iter().filter_map(|item| match &item.what {
            Happening::AcceptedAsEvidence(acceptance) => Some((item.at, &**acceptance)),
            _ => None,
        })
    }

    /// When its first day, or its grant where that came earlier, made it effective.
    pub fn granted_from(&self) -> Timestamp {
        self.history.first().map_or(self.terms.valid_from.start(), |item| item.effective)
    }

    /// The verdict as the log showed it at `time`, or nothing when it was not yet granted then. What is void by all that is
    /// known today does not count, whenever the theft was found out.
    pub fn as_of(&self, time: Timestamp) -> Option<Snapshot> {
        if self.history.last().is_some_and(|item| item.at <= time) {
            return Some(self.now.clone());
        }
        self.fold(|item| item.at <= time, u64::MAX)
    }

    /// The verdict as, by all that is known today, it was in effect at `time`: a suspension that was sequenced later but
    /// took effect before counts.
    pub fn in_effect_at(&self, time: Timestamp) -> Option<Snapshot> {
        self.fold(|item| item.effective <= time, u64::MAX)
    }

    /// Whether the body stands behind it at `time`, `time` lies within its days, and what it rests on lets it count.
    pub fn in_force_at(&self, time: Timestamp) -> bool {
        self.as_of(time).is_some_and(|then| then.is_in_force(time) && self.covers(&then, time))
    }

    /// The same of the verdict as it stands, after all of its history.
    pub fn holds_at(&self, time: Timestamp) -> bool {
        self.now.is_in_force(time) && self.covers(&self.now, time)
    }

    /// The verdict with this part of its history alone, which begins with the grant; nothing where it is empty.
    pub(crate) fn with_history(&self, history: Vec<HistoryItem>) -> Option<Self> {
        let part = Self { terms: Arc::clone(&self.terms), now: self.now.clone(), history };
        let now = part.fold(|_| true, u64::MAX)?;
        Some(Self { now, ..part })
    }

    /// The verdict right after the entry at `index`, or nothing when it was not yet granted there. Alone of these views
    /// it counts what was declared void only later: it is what the log itself said up to there.
    pub fn after_entry(&self, index: u64) -> Option<Snapshot> {
        self.fold(|item| item.index <= index, index)
    }

    fn covers(&self, snapshot: &Snapshot, time: Timestamp) -> bool {
        self.terms.valid_from.start() <= time && snapshot.valid_until.is_none_or(|day| time < day.end())
    }

    /// The same, without what is void or usurped by all that is known today.
    pub(super) fn known_after_entry(&self, index: u64) -> Option<Snapshot> {
        self.fold(|item| item.index <= index, u64::MAX)
    }

    /// As its grant said, by what the entries up to the one at `known` declare void.
    pub(super) fn begun(&self, granted: &HistoryItem, known: u64) -> Snapshot {
        let is_void = granted.is_void_at(known);
        if is_void { Snapshot::void(&self.terms, granted) } else { Snapshot::granted(&self.terms, granted) }
    }

    /// Folds those items of the history that `counts` and that no entry up to the one at `known` declares void. Items left out may
    /// leave later ones without a place to start from (a restoration without its suspension): these change nothing. Nor does what
    /// was said by somebody whom a thief made the issuer.
    fn fold(&self, counts: impl Fn(&HistoryItem) -> bool, known: u64) -> Option<Snapshot> {
        let (granted, rest) = self.history.split_first()?;
        if !counts(granted) {
            return None;
        }
        let usurpers = self.usurpers(known);
        let counting = rest.iter().filter(|item| counts(item) && !item.is_void_at(known) && !usurpers.said(item));
        Some(counting.fold(self.begun(granted, known), |then, item| then.and(&self.terms, item)))
    }
}
