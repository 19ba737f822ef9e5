//! What has to be stated so that the register says of a verdict what the list says.
//!
//! ```text
//! register holds            list says              statements
//! nothing                   anything               granted, its maintenances, its status
//! the same                  the same               none
//! the same                  a later last day       renewed
//! the same                  another maintenance    scope-extended
//! the same                  another status         suspended | restored | historical | withdrawn
//! other facts               anything               a new edition is granted; it supersedes the old one
//! ```
//!
//! A list that tells how the status went (`history`) is granted with all of it: a status of the same meaning as the one before is
//! told in the scope, one that was taken away and came back rested in between, and what it is now comes last.
//!
//! A transcribed verdict is never corrected in place: no change statement says "the level was mistyped", so what cannot be
//! said as a change is said as a new edition, and both stay visible. Only the operator makes these statements; they say
//! what a list said, not what a body decided here.
//!
//! Out of scope: whether the register accepts them.

use std::collections::HashSet;
use std::sync::Arc;

use conformity::ids::VerdictId;
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{Change, Cover, Happening, Provenance, StateName, Verdict, VerdictRecord};
use jiff::Timestamp;

use super::mapped::Episode;
use super::names;
use super::occasion::{Occasion, Status};
use super::refusal::Reason;
use super::subjects::Subject;

/// The longest scope, in bytes.
pub(crate) const SCOPE_MAX: usize = 1024;

/// One statement to make about a verdict.
#[derive(Debug)]
pub(crate) enum Step {
    /// Grant it.
    Grant(Box<Verdict>),
    /// Change it.
    Change {
        verdict: VerdictId,
        change: Change,
        /// The code of the reason.
        because: &'static str,
        effective: Timestamp,
        /// How much of its history comes before.
        after: usize,
    },
}

/// The statements to make about one verdict of a file. `held` looks ids up in the register.
pub(crate) fn steps(
    subject: &Subject,
    occasion: &Occasion,
    held: &mut dyn FnMut(&VerdictId) -> Option<Arc<VerdictRecord>>,
) -> Result<Vec<Step>, Reason> {
    let following = Following { subject, occasion };
    let editions = editions(subject.id(), held);
    let Some(record) = editions.last() else { return following.grant(subject.id().clone()) };
    if !record.terms.provenance.is_transcribed() {
        return Err(Reason::IdTaken { verdict: record.id().clone() });
    }
    following.follow(record, names::edition(subject.id(), editions.len() + 1))
}

/// The editions of a verdict that the register holds, oldest first.
pub(crate) fn editions(
    first: &VerdictId,
    held: &mut dyn FnMut(&VerdictId) -> Option<Arc<VerdictRecord>>,
) -> Vec<Arc<VerdictRecord>> {
    let mut editions = Vec::from_iter(held(first));
    while !editions.is_empty()
        && let Some(next) = names::edition(first, editions.len() + 1).and_then(|id| held(&id))
    {
        editions.push(next);
    }
    editions
}

struct Following<'s> {
    subject: &'s Subject,
    occasion: &'s Occasion,
}

/// A status that the list gives, since when, and in which words.
struct Wanted {
    status: Status,
    since: Timestamp,
}

impl Following<'_> {
    /// Everything from the beginning.
    fn grant(&self, id: VerdictId) -> Result<Vec<Step>, Reason> {
        let wanted = self.wanted();
        let says = &self.subject.says.terms;
        let terms = Verdict { verdict: id.clone(), valid_until: self.granted_until(wanted.status)?, ..says.clone() };
        let mut steps = vec![Step::Grant(Box::new(terms))];
        let mut chain = Chain { id, after: 1, since: says.valid_from.start(), steps: &mut steps };
        if !self.subject.says.history.is_empty() {
            self.went(&mut chain);
            return Ok(steps);
        }
        for (episode, scope) in self.scopes() {
            chain.push(extended(scope), "listed-maintenance", episode.day.start());
        }
        if let Some((change, because)) = first_status(wanted.status) {
            chain.push(change, because, wanted.since);
        }
        Ok(steps)
    }

    /// How its status went since it was granted.
    fn went(&self, chain: &mut Chain<'_>) {
        let history = &self.subject.says.history;
        let (mut holds, mut scope) = (true, self.subject.says.terms.scope.to_string());
        for (at, past) in history.iter().enumerate().skip(1) {
            let (since, last) = (past.since.start(), at + 1 == history.len());
            let (change, because) = match (past.status, holds) {
                (Status::Valid, true) => {
                    let longer = format!("{scope}; {} since {}", past.word, past.since);
                    // What no longer fits is left out; the state does not depend on it.
                    let Ok(told) = longer.parse() else { continue };
                    scope = longer;
                    (extended(told), "listed-status")
                }
                (Status::Valid, false) => (Change::Restored, "listed-valid"),
                (Status::Suspended, false) => continue,
                (status, _) if last => match first_status(status) {
                    Some(change) => change,
                    None => continue,
                },
                (status, true) => (Change::Suspended, resting(status)),
                (_, false) => continue,
            };
            holds = past.status == Status::Valid;
            chain.push(change, because, since);
        }
    }

    /// The last day to grant. Nothing can be maintained once its last day is past, and a maintenance of years ago is
    /// history worth keeping: where the list itself ended the verdict, that end is stated instead of the last day.
    fn granted_until(&self, status: Status) -> Result<Option<Day>, Reason> {
        let until = self.subject.says.terms.valid_until;
        match until.filter(|until| self.is_over(*until)) {
            None => Ok(until),
            Some(_) if self.subject.episodes().len() == 0 => Ok(until),
            Some(_) if matches!(status, Status::Historical | Status::Withdrawn) => Ok(None),
            Some(until) => Err(Reason::MaintainedThenOver { until }),
        }
    }

    fn is_over(&self, until: Day) -> bool {
        until < self.occasion.today
    }

    fn follow(&self, record: &VerdictRecord, next: Option<VerdictId>) -> Result<Vec<Step>, Reason> {
        let wanted = self.wanted();
        let renewal = self.renewal(record, &wanted);
        let says_otherwise = facts(&self.subject.says.terms) != facts(&record.terms)
            || (renewal.is_none() && self.ends_otherwise(record, &wanted));
        if says_otherwise || needs_new_edition(record.now.state.name(), wanted.status) {
            return self.new_edition(record, next, &wanted);
        }
        let mut steps = Vec::new();
        let mut chain = Chain::of(record, &mut steps);
        if let Some(valid_until) = renewal {
            chain.push(Change::Renewed { valid_until }, "listed-renewal", self.fetched());
        }
        self.extend(record, renewal, &mut chain)?;
        self.change_status(record, &wanted, &mut chain)?;
        Ok(steps)
    }

    /// The later last day that the list now gives, where a renewal can say it.
    fn renewal(&self, record: &VerdictRecord, wanted: &Wanted) -> Option<Day> {
        let listed = self.subject.says.terms.valid_until?;
        let state = record.now.state.name();
        let renewable = state.is_in_force() || state == StateName::Expired;
        (wanted.status == Status::Valid && renewable && record.now.valid_until? < listed).then_some(listed)
    }

    /// Whether the list gives another last day. It no longer matters for what is over anyway.
    fn ends_otherwise(&self, record: &VerdictRecord, wanted: &Wanted) -> bool {
        let lives = matches!(wanted.status, Status::Valid | Status::Suspended);
        lives && record.now.valid_until != self.subject.says.terms.valid_until
    }

    /// Maintenances that the register has not heard of.
    fn extend(&self, record: &VerdictRecord, renewal: Option<Day>, chain: &mut Chain<'_>) -> Result<(), Reason> {
        let known: HashSet<_> = record.history.iter().filter_map(|item| extension(&item.what)).collect();
        let over = renewal.or(record.now.valid_until).is_some_and(|until| self.is_over(until));
        let lives = !over && (renewal.is_some() || record.now.state.name().is_in_force());
        for (episode, scope) in self.scopes() {
            if known.contains(&scope) {
                continue;
            }
            if !lives {
                return Err(cannot_follow(record, "maintenance"));
            }
            chain.push(extended(scope), "listed-maintenance", episode.day.start());
        }
        Ok(())
    }

    fn change_status(&self, record: &VerdictRecord, wanted: &Wanted, chain: &mut Chain<'_>) -> Result<(), Reason> {
        use StateName as Is;
        let since = wanted.since;
        let over = record.now.valid_until.is_some_and(|until| self.is_over(until));
        let historical = |chain: &mut Chain<'_>| chain.push(Change::Historical, "listed-historical", since);
        match (wanted.status, record.now.state.name()) {
            (Status::Valid, Is::Suspended) if !over => chain.push(Change::Restored, "listed-valid", since),
            (Status::Suspended, Is::Granted | Is::Conditional) => {
                chain.push(Change::Suspended, "listed-suspended", since);
            }
            (Status::Historical, Is::Granted | Is::Conditional | Is::Suspended | Is::Expired) => historical(chain),
            (Status::Withdrawn, Is::Granted | Is::Conditional | Is::Suspended | Is::Historical) => {
                chain.push(Change::Withdrawn, "listed-withdrawn", since);
            }
            (Status::Withdrawn, Is::Expired) => {
                historical(chain);
                chain.push(Change::Withdrawn, "listed-withdrawn", since);
            }
            (Status::Valid, Is::Granted | Is::Conditional | Is::Expired | Is::Suspended)
            | (Status::Suspended, Is::Suspended | Is::Expired)
            | (Status::Historical, Is::Historical)
            | (Status::Withdrawn, Is::Withdrawn) => {}
            (listed, _) => return Err(cannot_follow(record, listed.as_str())),
        }
        Ok(())
    }

    /// Grants the next edition, and lets it take the old one's place where anything still can.
    fn new_edition(
        &self,
        record: &VerdictRecord,
        next: Option<VerdictId>,
        wanted: &Wanted,
    ) -> Result<Vec<Step>, Reason> {
        let Some(next) = next else { return Err(cannot_follow(record, wanted.status.as_str())) };
        let mut steps = self.grant(next.clone())?;
        let state = record.now.state.name();
        let mut chain = Chain::of(record, &mut steps);
        let same_supplier = record.terms.supplier.id == self.subject.says.terms.supplier.id;
        if same_supplier && !state.is_terminal() {
            chain.push(Change::Superseded { by: next }, "listed-anew", self.fetched());
        } else if !state.is_terminal() && state != StateName::Historical {
            chain.push(Change::Historical, "listed-anew", self.fetched());
        }
        Ok(steps)
    }

    /// When the list said so: the day it was fetched, for what it does not date itself.
    fn fetched(&self) -> Timestamp {
        self.occasion.retrieved.start().max(self.subject.says.terms.valid_from.start())
    }

    /// What the list says now. What it archived stays archived, since the day it names.
    fn wanted(&self) -> Wanted {
        let says = &self.subject.says;
        let fetched = self.fetched();
        match (says.status, says.archived) {
            (Status::Valid, Some(day)) if day <= self.occasion.today => {
                Wanted { status: Status::Historical, since: day.start() }
            }
            (Status::Historical, Some(day)) => Wanted { status: Status::Historical, since: day.start().min(fetched) },
            (status, _) => Wanted { status, since: says.history.last().map_or(fetched, |now| now.since.start()) },
        }
    }

    /// The scope after each maintenance: what was granted, and everything maintained since; where that grows too long,
    /// the oldest maintenances go first.
    fn scopes(&self) -> Vec<(&Episode, Text<SCOPE_MAX>)> {
        let granted = self.subject.says.terms.scope.as_str();
        let episodes = self.subject.episodes();
        let mut scopes = Vec::with_capacity(episodes.len());
        for (count, episode) in episodes.clone().enumerate() {
            let mut tail = String::new();
            for earlier in episodes.clone().take(count + 1).rev() {
                let longer = format!("{}{tail}", earlier.words());
                if granted.len() + longer.len() > SCOPE_MAX {
                    break;
                }
                tail = longer;
            }
            let scope = format!("{granted}{tail}").parse();
            scopes.extend(scope.ok().map(|scope| (episode, scope)));
        }
        scopes
    }
}

/// Statements about one verdict, counted on from its history.
struct Chain<'c> {
    id: VerdictId,
    after: usize,
    /// Since when it is in its state: nothing takes effect before.
    since: Timestamp,
    steps: &'c mut Vec<Step>,
}

impl<'c> Chain<'c> {
    /// After everything that the register holds of it.
    fn of(record: &VerdictRecord, steps: &'c mut Vec<Step>) -> Self {
        Self { id: record.id().clone(), after: record.history.len(), since: record.now.state.since(), steps }
    }

    fn push(&mut self, change: Change, because: &'static str, effective: Timestamp) {
        let effective = effective.max(self.since);
        if !matches!(change, Change::ScopeExtended(_)) {
            self.since = effective;
        }
        self.steps.push(Step::Change { verdict: self.id.clone(), change, because, effective, after: self.after });
        self.after += 1;
    }
}

fn extended(scope: Text<SCOPE_MAX>) -> Change {
    Change::ScopeExtended(Box::new(Cover { scope, viewpoints: None, level: None, sites: None, exclusions: None }))
}

/// How a verdict that was just granted reaches a status.
fn first_status(status: Status) -> Option<(Change, &'static str)> {
    match status {
        Status::Valid | Status::NotAVerdict => None,
        Status::Suspended => Some((Change::Suspended, "listed-suspended")),
        Status::Withdrawn => Some((Change::Withdrawn, "listed-withdrawn")),
        Status::Historical => Some((Change::Historical, "listed-historical")),
    }
}

/// Why a verdict rests that the list calls valid again later.
fn resting(status: Status) -> &'static str {
    match status {
        Status::Withdrawn => "listed-withdrawn",
        Status::Historical => "listed-historical",
        Status::Valid | Status::Suspended | Status::NotAVerdict => "listed-suspended",
    }
}

/// States from which a list that calls the verdict current again cannot be followed in place.
fn needs_new_edition(state: StateName, wanted: Status) -> bool {
    let over = state.is_terminal() || state == StateName::Historical;
    over && matches!(wanted, Status::Valid | Status::Suspended)
}

fn cannot_follow(record: &VerdictRecord, listed: &'static str) -> Reason {
    Reason::CannotFollow { verdict: record.id().clone(), held: record.now.state.name(), listed }
}

/// The scope that a maintenance left, with the day of it in its words.
fn extension(what: &Happening) -> Option<&Text<SCOPE_MAX>> {
    match what {
        Happening::Changed(Change::ScopeExtended(cover)) => Some(&cover.scope),
        _ => None,
    }
}

/// What a list says of a verdict that no change statement can correct: everything but its days, its status, and when and
/// where the list was fetched.
fn facts(terms: &Verdict) -> impl PartialEq + '_ {
    let issued_by = match &terms.provenance {
        Provenance::Transcribed(transcription) => transcription.issued_by.as_ref(),
        Provenance::Decided | Provenance::SelfDeclared(_) => None,
    };
    (
        (&terms.supplier, &terms.object, &terms.scheme, terms.viewpoints),
        (&terms.level, &terms.scope, terms.valid_from, terms.profile, issued_by),
    )
}
