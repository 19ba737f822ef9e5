//! Whether what a verdict rests on holds: the accreditation of its body, its scheme, its surveillance, its conditions; and what its scheme says
//! becomes of it where it does not.
//!
//! In scope: the answer for one verdict at one time, a pure function of what the log says, and what must be stated where the
//! verdict's record says something else. Out of scope: stating it, which the node does; the key of a body, see
//! [`mod@crate::decide`]; arrangements, see [`crate::recognition`].
//!
//! Of an accreditation everything counts that lapsed since it last held: what followed on a suspension opens no window again that
//! the suspension closed. Of several lapses that one counts which ends first.
//! Of several accreditations, none of which holds, the one that held last is the one that the verdict rested on. Those of a body end
//! when another takes its place; then those of that one count, too.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::accreditation::{AccreditationChange, AccreditationRecord, AccreditedAs};
use crate::crosswalk::CrosswalkRecord;
use crate::effect::{Effect, deadline};
use crate::ids::{DocumentRef, SchemeRef};
use crate::lapsed::{BasisChange, Cause, CauseKind, Consequence, Lapsed};
use crate::records::{Facts, SchemeRecord};
use crate::succession::line;
use crate::time::{Day, Moment};
use crate::verdict::{Change, Happening, HistoryItem, VerdictRecord};

/// What must be stated at `at` of what a verdict rests on; nothing where its record says so already, or where nothing rests on the
/// verdict any more.
pub fn due(facts: &impl Facts, verdict: &VerdictRecord, at: Timestamp) -> Option<BasisChange> {
    if !verdict.now.state.name().may_expire() {
        return None;
    }
    match (lapsed(facts, verdict, at), verdict.now.lapsed.as_deref()) {
        (Some(lapsed), known) if known != Some(&lapsed) => Some(BasisChange::Lapsed(lapsed)),
        (None, Some(known)) => Some(BasisChange::Holds(known.cause)),
        _ => recounted(facts, verdict).map(BasisChange::Recounted),
    }
}

/// The correction of a crosswalk that the entry of this index is, from a document of the scheme.
pub fn correction(facts: &impl Facts, scheme: &SchemeRef, entry: u64) -> Option<Arc<CrosswalkRecord>> {
    let (record, before) = (facts.scheme(scheme)?, entry.checked_sub(1)?);
    let mut corrections = record.scheme.documents.iter().filter_map(|source| facts.corrected_after(source, before));
    corrections.find(|correction| correction.published.index == entry)
}

/// The first correction of a crosswalk from a document of its scheme that the verdict was there for and that is not told of it yet. One
/// that was itself corrected since is passed over: what it says counts no more.
fn recounted(facts: &impl Facts, verdict: &VerdictRecord) -> Option<Cause> {
    let (told, scheme) = (recounted_up_to(verdict)?, facts.scheme(&verdict.terms.scheme)?);
    let entry = scheme.scheme.documents.iter().filter_map(|source| standing_after(facts, source, told)).min()?;
    Some(Cause { what: CauseKind::CrosswalkCorrected, entry })
}

/// The entry behind which a correction of a crosswalk is news to the verdict.
pub fn recounted_up_to(verdict: &VerdictRecord) -> Option<u64> {
    verdict.now.recounted.or_else(|| verdict.history.first().map(|granted| granted.index))
}

/// The entry of the first correction of a crosswalk from a document behind `entry` that no later one of the same crosswalk from that
/// document follows.
fn standing_after(facts: &impl Facts, source: &DocumentRef, entry: u64) -> Option<u64> {
    let next = |known: &Arc<CrosswalkRecord>| facts.corrected_after(source, known.published.index);
    let mut newest = BTreeMap::new();
    for correction in std::iter::successors(facts.corrected_after(source, entry), next) {
        newest.insert(correction.publication.crosswalk.id.clone(), correction.published.index);
    }
    newest.into_values().min()
}

/// What of that on which a verdict rests lapsed at `at`, if something did of which its scheme says what follows. A row that the
/// operator copied rests on its list alone.
pub fn lapsed(facts: &impl Facts, verdict: &VerdictRecord, at: Timestamp) -> Option<Lapsed> {
    if verdict.terms.provenance.is_transcribed() {
        return None;
    }
    let scheme = facts.scheme(&verdict.terms.scheme)?;
    let lapses = [
        of_accreditations(facts, verdict, &scheme, at),
        of_scheme(&scheme),
        of_surveillance(verdict, &scheme),
        of_conditions(verdict, &scheme),
    ];
    strictest(lapses.into_iter().flatten()).map(|lapse| lapse.at(at))
}

/// What a reader of a log finds out by itself of that on which a verdict rests, whether or not the log says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resting {
    /// What lapsed.
    pub lapsed: Option<Lapsed>,
    /// The first instant after that at which time alone may change this.
    pub next: Option<Timestamp>,
}

impl Resting {
    /// What is found at `at` in these records.
    pub fn of(facts: &impl Facts, verdict: &VerdictRecord, at: Timestamp) -> Self {
        let held = line(facts, &verdict.now.issuer).into_iter().flat_map(|body| facts.accreditations(&body.party.id));
        let next = held.filter(|record| record.accreditation.scheme == verdict.terms.scheme);
        let unsaid = unsaid(facts, verdict);
        let then = unsaid.iter().map(|lapse| lapse.since).filter(|since| *since > at);
        let next = next.filter_map(|record| next_change(&record, at)).chain(then).min();
        let found = Self { lapsed: lapsed(facts, verdict, at), next };
        let over = strictest(unsaid.iter().copied().filter(|lapse| lapse.since <= at)).map(|lapse| lapse.at(at));
        Self { lapsed: found.beside(over.as_ref()), next }
    }

    /// Of that and what the log says the one that ends first; where the log is silent, or later, it is the reader's own dates that count.
    pub fn beside(&self, stated: Option<&Lapsed>) -> Option<Lapsed> {
        let ends = |lapsed: &Lapsed| match lapsed.consequence {
            Consequence::Keep => Timestamp::MAX,
            Consequence::TransferWindow { until } => until,
            Consequence::Cease => lapsed.since,
        };
        stated.copied().into_iter().chain(self.lapsed).min_by_key(ends)
    }
}

/// How long a registry may take to state that a last day is over, before whoever reads its log counts from that day by itself. What is
/// stated by then ends first, so that nobody is told of it twice.
pub const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// What lapses by the days in the log alone, though its registry may never say so: surveillance that was due, and conditions. Neither
/// counts before the verdict was there, nor for the time in which it was not in force.
fn unsaid(facts: &impl Facts, verdict: &VerdictRecord) -> Vec<Lapse> {
    let Some(scheme) = facts.scheme(&verdict.terms.scheme) else { return Vec::new() };
    if verdict.terms.provenance.is_transcribed() || !verdict.now.state.name().is_in_force() {
        return Vec::new();
    }
    let again = |item: &&HistoryItem| {
        matches!(item.what, Happening::Changed(Change::Restored | Change::Renewed { .. }))
            || item.index == granted(verdict)
    };
    let there = verdict.counting().rev().find(again).map_or(Timestamp::MIN, |item| item.at);
    let missed = |what, entry, day: Day, effect| {
        let at = day.end().max(there).saturating_add(GRACE).unwrap_or(Timestamp::MAX);
        Lapse::new(what, Moment { index: entry, at }, effect)
    };
    let watched = scheme.scheme.surveillance.and_then(|duty| {
        let entry = verdict.reports().next_back().map_or(granted(verdict), |(item, _)| item.index);
        Some(missed(CauseKind::SurveillanceOverdue, entry, verdict.surveillance_due(duty), duty.on_overdue?))
    });
    let conditions = verdict.now.conditions().and_then(|conditions| {
        let effect = scheme.scheme.on_conditions_overdue?;
        Some(missed(CauseKind::ConditionsOverdue, granted(verdict), conditions.deadline, effect))
    });
    watched.into_iter().chain(conditions).collect()
}

/// Where the verdict was granted.
fn granted(verdict: &VerdictRecord) -> u64 {
    verdict.history.first().map_or(0, |granted| granted.index)
}

/// The first instant after `after` at which time alone changes what verdicts rest on that rest on this accreditation.
pub fn next_change(record: &AccreditationRecord, after: Timestamp) -> Option<Timestamp> {
    let dates = [record.accreditation.from.start(), record.until_at(Timestamp::MAX).end()];
    dates.into_iter().filter(|instant| *instant > after).min()
}

/// One lapse with what its scheme says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lapse {
    cause: Cause,
    since: Timestamp,
    /// The first instant at which the verdict is not in force any more, if there is one.
    ends: Option<Timestamp>,
}

impl Lapse {
    fn new(what: CauseKind, moment: Moment, effect: Effect) -> Self {
        let since = moment.at;
        let ends = match effect {
            Effect::Keep => None,
            Effect::TransferWindow { days } => Some(deadline(since, days)),
            Effect::Cease => Some(since),
        };
        Self { cause: Cause { what, entry: moment.index }, since, ends }
    }

    fn at(self, at: Timestamp) -> Lapsed {
        let (since, consequence) = match self.ends {
            None => (self.since, Consequence::Keep),
            Some(until) if at < until => (self.since, Consequence::TransferWindow { until }),
            Some(ended) => (ended, Consequence::Cease),
        };
        Lapsed { cause: self.cause, since, consequence }
    }
}

/// The one that ends first; of those that end at once or never, the one that was first.
fn strictest(lapses: impl Iterator<Item = Lapse>) -> Option<Lapse> {
    lapses.min_by_key(|lapse| (lapse.ends.unwrap_or(Timestamp::MAX), lapse.since, lapse.cause))
}

fn of_accreditations(
    facts: &impl Facts,
    verdict: &VerdictRecord,
    scheme: &SchemeRecord,
    at: Timestamp,
) -> Option<Lapse> {
    let mut last: Option<Vec<(CauseKind, Moment)>> = None;
    for body in line(facts, &verdict.now.issuer) {
        let succeeded = body.succeeded.as_ref().map(|succession| succession.moment).filter(|moment| moment.at <= at);
        let held = facts.accreditations(&body.party.id);
        for record in held.iter().filter(|record| covered(record, verdict, at)) {
            let mut lapses = since_it_held(record, verdict, at);
            lapses.extend(succeeded.map(|moment| (CauseKind::BodySucceeded, moment)));
            if lapses.is_empty() {
                return None;
            }
            let first = |lapses: &[(CauseKind, Moment)]| lapses.iter().map(|(_, moment)| moment.at).min();
            if last.as_deref().is_none_or(|last| first(last) < first(&lapses)) {
                last = Some(lapses);
            }
        }
        if succeeded.is_none() {
            break;
        }
    }
    let effects = scheme.scheme.on_accreditation;
    let lapses = last.into_iter().flatten();
    strictest(lapses.filter_map(|(what, moment)| Some(Lapse::new(what, moment, effects.of(what)?))))
}

/// Whether it is an accreditation on which the verdict may rest or have rested.
fn covered(record: &AccreditationRecord, verdict: &VerdictRecord, at: Timestamp) -> bool {
    let (held, terms) = (&record.accreditation, &verdict.terms);
    held.role == AccreditedAs::CertificationBody
        && held.scheme == terms.scheme
        && held.from.start() <= at
        && verdict.now.viewpoints.is_subset(held.viewpoints)
        && held.objects.is_none_or(|objects| objects.contains(terms.object.kind))
}

/// What lapsed of an accreditation since it last held for the verdict; nothing while it holds.
fn since_it_held(record: &AccreditationRecord, verdict: &VerdictRecord, at: Timestamp) -> Vec<(CauseKind, Moment)> {
    let mut lapses = Vec::new();
    let (mut set, mut reduced) = (record.granted.index, None);
    for change in record.changes.iter().take_while(|change| change.moment.at <= at) {
        match change.change {
            AccreditationChange::Suspended => lapses.push((CauseKind::AccreditationSuspended, change.moment)),
            AccreditationChange::Withdrawn => lapses.push((CauseKind::AccreditationWithdrawn, change.moment)),
            AccreditationChange::Restored => lapses.clear(),
            AccreditationChange::Renewed { .. } => set = change.moment.index,
            AccreditationChange::Reduced { viewpoints } if !verdict.now.viewpoints.is_subset(viewpoints) => {
                // What is reduced comes not back, so the first that reaches the verdict counts.
                reduced = reduced.or(Some((CauseKind::AccreditationReduced, change.moment)));
            }
            AccreditationChange::Reduced { .. } => {}
        }
    }
    let over = Moment { index: set, at: record.until_at(at).end() };
    lapses.extend((over.at <= at).then_some((CauseKind::AccreditationExpired, over)));
    lapses.extend(reduced);
    lapses
}

fn of_scheme(scheme: &SchemeRecord) -> Option<Lapse> {
    let replaced = scheme.replaced.as_ref()?;
    let cause = Cause { what: CauseKind::SchemeReplaced, entry: replaced.moment.index };
    Some(Lapse { cause, since: replaced.moment.at, ends: Some(replaced.until.end()) })
}

fn of_surveillance(verdict: &VerdictRecord, scheme: &SchemeRecord) -> Option<Lapse> {
    let effect = scheme.scheme.surveillance?.on_overdue?;
    if !verdict.now.marks.surveillance_overdue {
        return None;
    }
    let overdue = |item: &&HistoryItem| matches!(item.what, Happening::SurveillanceOverdue);
    let item = verdict.history.iter().rev().find(overdue)?;
    Some(Lapse::new(CauseKind::SurveillanceOverdue, Moment { index: item.index, at: item.at }, effect))
}

fn of_conditions(verdict: &VerdictRecord, scheme: &SchemeRecord) -> Option<Lapse> {
    let effect = scheme.scheme.on_conditions_overdue?;
    if !verdict.now.marks.conditions_overdue {
        return None;
    }
    let overdue = |item: &&HistoryItem| matches!(item.what, Happening::ConditionsOverdue);
    let item = verdict.history.iter().rev().find(overdue)?;
    Some(Lapse::new(CauseKind::ConditionsOverdue, Moment { index: item.index, at: item.at }, effect))
}
