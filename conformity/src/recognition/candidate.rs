//! What one rule of one arrangement makes of a verdict, and which of several such answers is the best.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::conditions;
use super::disclosed::judges_by_disclosed;
use super::gap::{GapKind, Weight};
use super::levels::{self, Counted, Order};
use super::{Foreign, wording};
use crate::arrangement::{Arrangement, ArrangementRecord, ArrangementRole, Grants, Rule, SignedTerms};
use crate::handle;
use crate::ids::{ArrangementId, LevelCode, RegistryId, RuleId};
use crate::in_force::{self, Force, Pair};
use crate::lapsed::{Consequence, Lapsed};
use crate::recognised::{ArrangementRef, Counterpart, Exclusions, Recognition, RecognitionOutcome, Window};
use crate::text::Text;
use crate::time::Day;
use crate::verdict::{Profile, Provenance, Snapshot};
use crate::viewpoint::Viewpoints;
use crate::words::{Language, text};

/// What of the verdict is put forward: all of it or, when an arrangement lapsed, what was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) viewpoints: Viewpoints,
    pub(super) level: Option<LevelCode>,
    pub(super) valid_until: Option<Day>,
    pub(super) exclusions: Vec<Text<256>>,
}

impl Claim {
    pub(super) fn of(foreign: &Foreign<'_>) -> Self {
        let now = &foreign.verdict.now;
        let (level, exclusions) = (now.level.clone(), now.exclusions.clone());
        Self { viewpoints: now.viewpoints, level, valid_until: now.valid_until, exclusions }
    }
}

/// One possible answer.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'a> {
    claim: Claim,
    pub(super) terms: Option<&'a SignedTerms>,
    pub(super) rule: Option<&'a Rule>,
    pub(super) gaps: Vec<GapKind>,
    pub(super) covered: Viewpoints,
    pub(super) counts_as: Option<Counterpart>,
    height: usize,
}

impl<'a> Candidate<'a> {
    fn new(foreign: &Foreign<'a>, claim: Claim, (terms, rule): (Option<&'a SignedTerms>, Option<&'a Rule>)) -> Self {
        Self {
            gaps: verdict_gaps(foreign, &claim, rule),
            covered: claim.viewpoints,
            claim,
            terms,
            rule,
            counts_as: None,
            height: 0,
        }
    }

    /// The answer where no arrangement names both registries.
    pub(super) fn without_arrangement(foreign: &Foreign<'a>, claim: Claim) -> Self {
        let mut candidate = Self::new(foreign, claim, (None, None));
        candidate.gaps.push(if foreign.origin == foreign.own {
            GapKind::OwnVerdict
        } else {
            GapKind::NoArrangement { from: foreign.origin.clone(), to: foreign.own.clone() }
        });
        candidate
    }

    /// What `rule` makes of `claim`, apart from whether its arrangement is in force.
    pub(super) fn under_rule(foreign: &Foreign<'a>, claim: Claim, terms: &'a SignedTerms, rule: &'a Rule) -> Self {
        let mut candidate = Self::new(foreign, claim, (Some(terms), Some(rule)));
        if let Some(gap) = scheme_gap(foreign, rule) {
            // Nothing else of a rule about another scheme says anything about this verdict.
            candidate.gaps.push(gap);
        } else {
            candidate.apply(foreign, rule);
        }
        candidate
    }

    fn apply(&mut self, foreign: &Foreign<'_>, rule: &Rule) {
        self.gaps.extend(provenance_gap(foreign, rule));
        let kind = foreign.verdict.terms.object.kind;
        if !rule.objects.contains(kind) {
            let covered = rule.objects;
            self.gaps.push(GapKind::ObjectNotCovered { kind, covered });
        }
        self.gaps.extend(conditions::gaps(foreign, rule));
        self.apply_viewpoints(rule.viewpoints);
        self.apply_level(foreign, rule);
        self.gaps.extend(grants_gap(rule));
    }

    fn apply_level(&mut self, foreign: &Foreign<'_>, rule: &Rule) {
        let order = Order::of(foreign.scheme);
        let disclosed = foreign.disclosed.filter(|_| judges_by_disclosed(rule));
        let disclosed = disclosed.and_then(|levels| levels.for_viewpoints(self.covered, order));
        let kept_back = disclosed.is_some() || foreign.verdict.terms.profile != Profile::Open;
        if kept_back && self.claim.level.is_none() {
            self.apply_kept_back(order, rule, disclosed.as_ref());
        } else {
            self.apply_levels(order, rule);
        }
    }

    /// A level that the verdict keeps back decides, and nothing that everyone may read tells more of it than that.
    fn apply_kept_back(&mut self, order: Order<'_>, rule: &Rule, level: Option<&LevelCode>) {
        let mut counted = levels::count(order, rule.levels.as_ref(), level);
        let Counterpart { scheme, .. } = levels::counterpart(order, rule, &mut counted);
        self.counts_as = Some(Counterpart { scheme, level: None });
        if counted.gaps.iter().any(|gap| gap.weight() == Weight::Refuses) {
            self.gaps.push(GapKind::LevelKeptBack);
        }
    }

    fn apply_viewpoints(&mut self, covered: Viewpoints) {
        self.covered = self.claim.viewpoints.intersection(covered);
        if self.covered.is_empty() {
            self.gaps.push(GapKind::NoViewpointCovered { covered });
        } else {
            let lacking = self.claim.viewpoints.difference(covered);
            self.gaps.extend(lacking.iter().map(GapKind::ViewpointNotCovered));
        }
    }

    fn apply_levels(&mut self, order: Order<'_>, rule: &Rule) {
        let mut counted = levels::count(order, rule.levels.as_ref(), self.claim.level.as_ref());
        self.counts_as = Some(levels::counterpart(order, rule, &mut counted));
        let Counted { level, gaps } = counted;
        self.height = level.map_or(0, |level| order.height(&level));
        self.gaps.extend(gaps);
    }

    /// What the heaviest gap leaves.
    pub(super) fn outcome(&self) -> RecognitionOutcome {
        let weights = self.gaps.iter().map(GapKind::weight);
        weights.max().unwrap_or(Weight::Note).outcome()
    }

    /// Its place among the candidates: the smallest is the answer.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let distance = self.gaps.iter().map(GapKind::distance).max();
        let refusing = self.gaps.iter().filter(|gap| gap.distance() > 0).count();
        let evidence_only = self.gaps.contains(&GapKind::EvidenceOnly);
        (
            (self.outcome(), distance, refusing, evidence_only),
            (Reverse(self.covered.iter().count()), Reverse(self.height), self.gaps.len()),
            self.names(),
        )
    }

    fn names(&self) -> (Option<(ArrangementId, Reverse<u32>)>, Option<RuleId>) {
        let terms = self.terms.map(|signed| (signed.terms.id.clone(), Reverse(signed.terms.version)));
        (terms, self.rule.map(|rule| rule.id.clone()))
    }

    /// The answer as it is recorded.
    pub(super) fn into_recognition(self, foreign: &Foreign<'_>) -> Recognition {
        let (terms, now) = (&foreign.verdict.terms, &foreign.verdict.now);
        let outcome = self.outcome();
        let recognition = Recognition {
            verdict: foreign.verdict_ref(),
            supplier: terms.supplier.clone(),
            scheme: terms.scheme.clone(),
            object: handle::repeatable(terms),
            state: now.state.name(),
            outcome,
            arrangement: self
                .terms
                .map(|signed| ArrangementRef { id: signed.terms.id.clone(), version: signed.terms.version }),
            rule: self.rule.map(|rule| rule.id.clone()),
            gaps: self.gaps.iter().map(GapKind::recorded).collect(),
            explanation: text("-"),
            surveilled: self.rule.and_then(|rule| rule.requires).map(|_| foreign.verdict.found_conforming()),
            counts_as: self.counts_as.filter(|_| outcome != RecognitionOutcome::Refused),
            viewpoints: self.claim.viewpoints,
            level: self.claim.level,
            valid_until: self.claim.valid_until,
            self_declared: foreign.verdict.self_evaluation(now),
            window: foreign
                .lapsed()
                .and_then(|lapsed| lapsed.window().map(|until| Window { what: lapsed.cause.what, until })),
            excludes: terms.profile == Profile::Summary || !self.claim.exclusions.is_empty(),
            exclusions: exclusions(foreign, self.claim.exclusions),
            conditions: now.conditions().cloned(),
        };
        Recognition { explanation: text(&wording::explanation(&recognition, Language::English)), ..recognition }
    }
}

/// What the verdict leaves out, where it shows that.
fn exclusions(foreign: &Foreign<'_>, words: Vec<Text<256>>) -> Option<Exclusions> {
    let documents = foreign.scheme.map(|scheme| scheme.documents.clone()).unwrap_or_default();
    (!words.is_empty()).then_some(Exclusions { words, documents })
}

/// Every candidate that `record` gives; none when it is not about the two registries.
pub(super) fn of_arrangement<'a>(
    foreign: &Foreign<'a>,
    claim: &Claim,
    record: &'a ArrangementRecord,
) -> Vec<Candidate<'a>> {
    let footing = in_force::footing(record, foreign.pair(), foreign.at);
    let Some(footing) = footing.filter(|_| foreign.origin != foreign.own) else {
        return Vec::new();
    };
    let mut candidates = of_terms(foreign, claim, footing.terms);
    if let Some(gap) = force_gap(&footing.force) {
        for candidate in &mut candidates {
            candidate.gaps.push(gap.clone());
        }
    }
    candidates
}

fn of_terms<'a>(foreign: &Foreign<'a>, claim: &Claim, signed: &'a SignedTerms) -> Vec<Candidate<'a>> {
    let without_rule = |gap: GapKind| {
        let mut candidate = Candidate::new(foreign, claim.clone(), (Some(signed), None));
        candidate.gaps.push(gap);
        vec![candidate]
    };
    if let Some(gap) = role_gap(foreign.pair(), &signed.terms) {
        return without_rule(gap);
    }
    let rules = signed.terms.rules.iter().filter(|rule| rule.goes(foreign.origin, foreign.own));
    let candidates: Vec<_> = rules.map(|rule| Candidate::under_rule(foreign, claim.clone(), signed, rule)).collect();
    if candidates.is_empty() {
        return without_rule(GapKind::DirectionNotCovered { from: foreign.origin.clone(), to: foreign.own.clone() });
    }
    candidates
}

pub(super) fn role_gap(pair: Pair<'_>, terms: &Arrangement) -> Option<GapKind> {
    let has = |registry: &RegistryId, role: ArrangementRole| {
        terms.party(registry).is_some_and(|party| party.roles.contains(&role))
    };
    if !has(pair.from, ArrangementRole::Issuing) {
        Some(GapKind::DoesNotIssue(pair.from.clone()))
    } else if !has(pair.to, ArrangementRole::Recognising) {
        Some(GapKind::DoesNotRecognise(pair.to.clone()))
    } else {
        None
    }
}

/// What keeps a rule from accepting verdicts in full, whatever they say.
pub(super) fn grants_gap(rule: &Rule) -> Option<GapKind> {
    match rule.grants {
        Grants::Full => None,
        Grants::SimplifiedProcedure => Some(GapKind::SimplifiedProcedure),
        Grants::EvidenceOnly => Some(GapKind::EvidenceOnly),
    }
}

pub(super) fn force_gap(force: &Force) -> Option<GapKind> {
    match force.clone() {
        Force::InForce { .. } => None,
        Force::Suspended { since, by } => Some(GapKind::ArrangementSuspended { since, by }),
        Force::Ended { since, by } => Some(GapKind::ArrangementEnded { since, by }),
        Force::NotYet { from } => Some(GapKind::ArrangementNotYetInForce { from }),
        Force::Unsigned { missing } => Some(GapKind::ArrangementUnsigned { missing }),
    }
}

/// The gaps that the verdict brings along, whatever the rule covers of it.
fn verdict_gaps(foreign: &Foreign<'_>, claim: &Claim, rule: Option<&Rule>) -> Vec<GapKind> {
    let (terms, state) = (&foreign.verdict.terms, &foreign.verdict.now.state);
    let mut gaps = Vec::new();
    if terms.profile == Profile::Restricted && !rule.is_some_and(|rule| rule.restricted) {
        gaps.push(GapKind::Restricted);
    }
    if !state.name().is_in_force() {
        gaps.push(GapKind::NotInForce { state: state.name(), since: state.since() });
    } else if foreign.at < terms.valid_from.start() {
        let from = terms.valid_from;
        gaps.push(GapKind::NotYetValid { from });
    } else if let Some(until) = claim.valid_until.filter(|day| day.end() <= foreign.at) {
        gaps.push(GapKind::NoLongerValid { until });
    } else if let Some(lapsed) = foreign.lapsed() {
        gaps.push(basis_gap(&lapsed, foreign.at));
    } else {
        gaps.extend(conditions_gap(&foreign.verdict.now));
    }
    gaps
}

/// That a condition was missed where the verdict was granted, of which its scheme says nothing.
fn conditions_gap(now: &Snapshot) -> Option<GapKind> {
    let conditions = now.conditions().filter(|_| now.marks.conditions_overdue)?;
    Some(GapKind::ConditionsOverdue { deadline: conditions.deadline })
}

/// What a lapse where the verdict was granted makes of it at `at`: a window closes without a word.
fn basis_gap(lapsed: &Lapsed, at: Timestamp) -> GapKind {
    let Lapsed { cause, since, consequence } = *lapsed;
    let what = cause.what;
    match consequence {
        Consequence::Keep => GapKind::BasisKept { what, since },
        Consequence::TransferWindow { until } if at < until => GapKind::BasisWindow { what, until },
        Consequence::TransferWindow { until } => GapKind::BasisLapsed { what, since: until },
        Consequence::Cease => GapKind::BasisLapsed { what, since },
    }
}

fn scheme_gap(foreign: &Foreign<'_>, rule: &Rule) -> Option<GapKind> {
    let (theirs, covered) = (&foreign.verdict.terms.scheme, rule.scheme.clone());
    if theirs.id != covered.id {
        Some(GapKind::SchemeNotCovered { covered })
    } else if theirs.version != covered.version {
        Some(GapKind::SchemeVersionNotCovered { covered })
    } else {
        None
    }
}

fn provenance_gap(foreign: &Foreign<'_>, rule: &Rule) -> Option<GapKind> {
    if let Some(declared) = foreign.verdict.self_evaluation(&foreign.verdict.now) {
        return match rule.accepts_self_declared {
            None => Some(GapKind::SelfDeclared),
            Some(least) if declared < least => Some(GapKind::NotConfirmed),
            Some(_) => None,
        };
    }
    let Provenance::Transcribed(transcription) = &foreign.verdict.terms.provenance else {
        return body_gap(foreign, rule);
    };
    let issuer = transcription.issued_by.clone();
    if !rule.accepts_transcribed {
        Some(GapKind::Transcribed)
    } else if rule.issued_by.is_empty() || issuer.as_ref().is_some_and(|code| rule.issued_by.contains(code)) {
        None
    } else {
        Some(GapKind::IssuerNotAccepted { issuer, accepted: rule.issued_by.clone() })
    }
}

/// What a body decided counts under a rule that names bodies if that one is named. Whoever took its place since answers for it, and
/// changes nothing of that; what the successor decides itself counts once it is named.
fn body_gap(foreign: &Foreign<'_>, rule: &Rule) -> Option<GapKind> {
    let body = &foreign.verdict.now.issuer;
    let named = rule.bodies.is_empty() || rule.bodies.contains(body);
    (!named).then(|| GapKind::BodyNotNamed { body: body.clone(), named: rule.bodies.clone() })
}
