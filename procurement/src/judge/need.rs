//! Whether what is shown of a partner meets one need, and what is in the way where it does not.
//!
//! A verdict is looked at as a chain of questions, and the first that it fails is said. Nothing is read out of free text: a site, an
//! item or an exclusion is the one of the order if it is written the same, letters' case and outer blanks aside.

use conformity::ids::{LevelCode, SchemeRef, VerdictRef};
use conformity::standing::{ForeignHolding, Holding, OwnHolding};
use conformity::text::Text;
use conformity::verdict::{AssessedObject, Profile, StateName};
use conformity::viewpoint::{ObjectKind, Viewpoints};
use conformity::words::{Params, Said};

use super::{Case, Weighed};
use crate::policy::{Evidence, Need, Source};

/// The most verdicts of which it is said why they do not meet a need, or what to look at though they do.
const MAX_TOLD: usize = 8;

/// Whether two names are the same.
fn is(one: &Text<256>, other: &Text<256>) -> bool {
    folded(one.as_str()) == folded(other.as_str())
}

/// The form in which names that are written alike are equal.
pub(crate) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// What is looked at of a verdict, whosever it is.
struct Shown<'a> {
    verdict: VerdictRef,
    source: Source,
    counts: bool,
    state: StateName,
    /// The scheme that it is under, or counts as.
    scheme: Option<&'a SchemeRef>,
    level: Option<&'a LevelCode>,
    viewpoints: Viewpoints,
    evidence: Evidence,
    object: &'a AssessedObject,
    cover: Cover<'a>,
}

/// What is known of the sites and exclusions of a verdict.
enum Cover<'a> {
    /// These sites, all of the object's where none is named; these exclusions.
    Told(Vec<&'a Text<256>>, &'a [Text<256>]),
    /// Sites are kept back here; exclusions as far as they are told, and whether there may be more.
    KeptBack(&'a [Text<256>], bool),
}

impl<'a> Shown<'a> {
    fn of(case: &Case<'_>, holding: &'a Holding) -> Self {
        match holding {
            Holding::Own(own) => Self::of_own(case, own, holding.counts()),
            Holding::Foreign(foreign) => Self::of_foreign(foreign),
        }
    }

    fn of_own(case: &Case<'_>, own: &'a OwnHolding, counts: bool) -> Self {
        let standing = &own.standing;
        let sites = standing.sites.iter().map(|site| &site.name).collect();
        // A verdict in summary keeps sites and exclusions in its credentials.
        let cover = match own.profile {
            Profile::Summary if standing.sites.is_empty() => Cover::KeptBack(&standing.exclusions, true),
            Profile::Open | Profile::Restricted | Profile::Summary => Cover::Told(sites, &standing.exclusions),
        };
        Self {
            verdict: VerdictRef { registry: case.registry.id.clone(), id: own.verdict.clone() },
            source: if own.provenance.is_transcribed() { Source::Transcribed } else { Source::Own },
            counts,
            state: standing.state.name(),
            scheme: Some(&own.scheme),
            level: standing.level.as_ref(),
            viewpoints: standing.viewpoints,
            evidence: Evidence::of(own.self_declared),
            object: &own.object,
            cover,
        }
    }

    /// A recognition does not tell the sites of the verdict that it is about.
    fn of_foreign(foreign: &'a ForeignHolding) -> Self {
        let recognition = &*foreign.record.recognition;
        let counterpart = recognition.counts_as.as_ref();
        let told = recognition.exclusions.as_ref().map_or(&[] as &[_], |exclusions| &exclusions.words);
        let more = recognition.excludes && recognition.exclusions.is_none();
        Self {
            verdict: recognition.verdict.clone(),
            source: Source::Recognised,
            counts: foreign.counts,
            state: recognition.state,
            scheme: counterpart.map(|one| &one.scheme),
            level: counterpart.and_then(|one| one.level.as_ref()),
            viewpoints: foreign.covered,
            evidence: Evidence::of(recognition.self_declared),
            object: &recognition.object,
            cover: Cover::KeptBack(told, more),
        }
    }

    /// Whether the need is about it at all.
    fn is_meant(&self, need: &Need) -> bool {
        need.scheme.as_ref().is_none_or(|choice| self.scheme.is_some_and(|scheme| choice.takes(scheme)))
    }

    /// The first thing that keeps it from meeting the need; nothing where nothing does.
    fn lacks(&self, case: &Case<'_>, need: &Need) -> Option<Said> {
        let said = |code, params| Some(Said::judged(code, params));
        let about = || Params::default().with("verdict", &self.verdict);
        if !self.counts {
            return said("does-not-count", about().with("state", self.state));
        }
        if need.origin.is_some_and(|source| source != self.source) {
            return said("other-origin", about());
        }
        if self.evidence < need.evidence {
            return said("declared-only", about());
        }
        if need.unconditional && self.state == StateName::Conditional {
            return said("still-conditional", about());
        }
        self.lacks_level(case, need).or_else(|| self.lacks_cover(case, need))
    }

    fn lacks_level(&self, case: &Case<'_>, need: &Need) -> Option<Said> {
        let wanted = need.level.as_ref()?;
        let params = Params::default().with("verdict", &self.verdict).with("wanted", wanted);
        match (self.scheme, self.level) {
            (Some(scheme), Some(level)) if case.registry.levels.meets(scheme, level, wanted) => None,
            (_, Some(level)) => Some(Said::judged("level-too-low", params.with("level", level))),
            (_, None) => Some(Said::judged("level-not-shown", params)),
        }
    }

    /// Whether the order is outside of what was assessed.
    fn lacks_cover(&self, case: &Case<'_>, need: &Need) -> Option<Said> {
        let about = || Params::default().with("verdict", &self.verdict);
        if !self.is_about(case, need) {
            return Some(Said::judged("about-another", about().with("object", &self.object.name)));
        }
        if let Some(excluded) = self.excluded(case) {
            return Some(Said::judged("left-out", about().with("excluded", excluded)));
        }
        let site = case.order.site.as_ref().filter(|_| !need.any_site && self.object.kind != ObjectKind::Site)?;
        let params = about().with("site", site);
        match &self.cover {
            Cover::KeptBack(..) => Some(Said::judged("sites-not-shown", params)),
            Cover::Told(sites, _) if sites.is_empty() || sites.iter().any(|one| is(one, site)) => None,
            Cover::Told(..) => Some(Said::judged("outside-sites", params)),
        }
    }

    /// Whether its object is what is ordered, or has it in it. What is narrower than an organization must be named by the order.
    fn is_about(&self, case: &Case<'_>, need: &Need) -> bool {
        let named = |name: &Option<Text<256>>| name.as_ref().is_some_and(|name| is(name, &self.object.name));
        match self.object.kind {
            ObjectKind::Organization => true,
            ObjectKind::Site => need.any_site || named(&case.order.site),
            ObjectKind::Process | ObjectKind::Product | ObjectKind::Service | ObjectKind::Person => {
                named(&case.order.item)
            }
        }
    }

    /// What it leaves out of the order.
    fn excluded(&self, case: &Case<'_>) -> Option<&Text<256>> {
        let (Cover::Told(_, exclusions) | Cover::KeptBack(exclusions, _)) = &self.cover;
        let ordered = [&case.order.site, &case.order.item].into_iter().flatten();
        exclusions.iter().find(|excluded| ordered.clone().any(|name| is(name, excluded)))
    }

    /// What a person is to look at though the need is met.
    fn cautions(&self, case: &Case<'_>, need: &Need) -> impl Iterator<Item = Said> {
        self.leaves_out().into_iter().chain(self.covers_sites(case, need))
    }

    /// The sites that it covers alone, where no order says which one it is served from, and it is not all the same.
    fn covers_sites(&self, case: &Case<'_>, need: &Need) -> Option<Said> {
        if need.any_site || case.order.site.is_some() || self.object.kind == ObjectKind::Site {
            return None;
        }
        let params = Params::default().with("verdict", &self.verdict);
        match &self.cover {
            Cover::KeptBack(..) => Some(Said::judged("may-cover-sites", params)),
            Cover::Told(sites, _) if sites.is_empty() => None,
            Cover::Told(sites, _) => {
                let names: Vec<&str> = sites.iter().map(|site| site.as_str()).collect();
                let params = params.with("count", names.len()).with("sites", names.join(", "));
                Some(Said::judged("covers-sites", params))
            }
        }
    }

    /// What it leaves out, to be looked at by a person.
    fn leaves_out(&self) -> Option<Said> {
        let (Cover::Told(_, exclusions) | Cover::KeptBack(exclusions, _)) = &self.cover;
        let words: Vec<&str> = exclusions.iter().map(Text::as_str).collect();
        let params = Params::default().with("verdict", &self.verdict);
        match &self.cover {
            _ if !words.is_empty() => Some(Said::judged("leaves-out", params.with("excluded", words.join(", ")))),
            Cover::KeptBack(_, true) => Some(Said::judged("may-leave-out", params)),
            Cover::Told(..) | Cover::KeptBack(..) => None,
        }
    }
}

/// Whether what is shown meets `need`.
pub(super) fn weigh(case: &Case<'_>, need: &Need) -> Weighed {
    let shown = case.standing.holdings.iter().map(|holding| Shown::of(case, holding));
    let meant: Vec<Shown<'_>> = shown.filter(|one| one.is_meant(need)).collect();
    let (mut meeting, mut lacking) = (Vec::new(), Vec::new());
    for one in meant {
        match one.lacks(case, need) {
            None => meeting.push(one),
            Some(said) => lacking.push(said),
        }
    }
    let covered = meeting.iter().fold(Viewpoints::default(), |all, one| all.union(one.viewpoints));
    let missing = need.viewpoints.difference(covered);
    if !meeting.is_empty() && missing.is_empty() {
        return met(case, need, &meeting);
    }
    let mut because: Vec<Said> = Vec::new();
    if meeting.is_empty() && lacking.is_empty() {
        because.push(nothing_shown(case, need));
    }
    because.extend(lacking.into_iter().take(MAX_TOLD));
    if !meeting.is_empty() {
        because.push(Said::judged("viewpoints-missing", Params::default().with("viewpoints", missing)));
    }
    Weighed { met: false, rests_on: std::collections::BTreeSet::new(), because }
}

fn met(case: &Case<'_>, need: &Need, meeting: &[Shown<'_>]) -> Weighed {
    let used =
        |one: &&Shown<'_>| need.viewpoints.is_empty() || !one.viewpoints.intersection(need.viewpoints).is_empty();
    let used: Vec<&Shown<'_>> = meeting.iter().filter(used).collect();
    let names: Vec<String> = used.iter().map(|one| one.verdict.to_string()).collect();
    let params = Params::default().with("verdicts", names.join(", ")).with("need", described(need));
    let first = Said::judged("requirement-met", params);
    let cautions = used.iter().take(MAX_TOLD).flat_map(|one| one.cautions(case, need));
    let because = [first].into_iter().chain(cautions).collect();
    Weighed { met: true, rests_on: used.iter().map(|one| one.verdict.clone()).collect(), because }
}

fn nothing_shown(case: &Case<'_>, need: &Need) -> Said {
    let params = Params::default().with("need", described(need));
    let absence = case.standing.absence;
    Said::judged("nothing-shown", absence.iter().fold(params, |params, absence| params.with("absence", absence)))
}

/// A need in the words of policies.
fn described(need: &Need) -> String {
    let scheme = need.scheme.as_ref().map_or_else(|| "any-scheme".to_owned(), ToString::to_string);
    let level = need.level.iter().map(|level| format!("level {level}"));
    let viewpoints = (!need.viewpoints.is_empty()).then(|| need.viewpoints.to_string());
    let evidence = (need.evidence != Evidence::Body).then(|| need.evidence.as_str().to_owned());
    let parts: Vec<String> = [scheme].into_iter().chain(level).chain(viewpoints).chain(evidence).collect();
    parts.join(", ")
}
