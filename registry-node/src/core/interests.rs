//! Who of many is interested in an event: filters by what they are about, so that an event finds those that it passes without
//! asking the others.
//!
//! ```text
//! event ──about a verdict──▶ its suppliers, scheme, state, viewpoints; its type  ─┐
//!       ──a bulletin───────▶ its sectors                                          ├─▶ candidates ──Filter::passes──▶ interested
//!       ──anything else────▶ its type                                             ─┘
//! ```
//!
//! A filter stands under the narrowest of its conditions: suppliers, else schemes, states, viewpoints, types; one without any hears of
//! everything. Beside that it stands under its sectors, for bulletins. Where it stands it says in which states it wants verdicts, and whether there is
//! nothing else to ask: most of those that are met need not be looked at. A watchlist is taken in once for all filters that watch by it. So an
//! idle filter costs memory and nothing else, and an event costs what those filters do that fit it in their narrowest condition. A long
//! watchlist is asked of each event instead: there is memory for few of those, and everybody would wait while it is taken in.
//! Out of scope: whose filters they are, and what becomes of the event.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use conformity::identifiers::Identifier;
use conformity::ids::{SchemeChoice, SchemeId, SectorCode};
use conformity::verdict::StateName;
use conformity::viewpoint::Viewpoint;

use super::event::{About, Event, OfVerdict};
use super::filter::Filter;

/// What somebody is interested in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interest {
    /// The conditions.
    pub filter: Arc<Filter>,
    /// Who is on the watchlist that they name.
    pub watched: Arc<HashSet<Identifier>>,
}

impl Interest {
    fn passes(&self, event: &Event) -> bool {
        self.filter.passes(event, &self.watched)
    }
}

/// Which watchlist: where it rests in memory, for as long as an interest holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct List(usize);

impl List {
    fn of(watched: &Arc<HashSet<Identifier>>) -> List {
        List(Arc::as_ptr(watched).addr())
    }
}

/// The narrowest condition of a filter, one value of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Topic {
    Supplier(Identifier),
    /// Whoever is on this watchlist.
    Watched(List),
    Scheme(SchemeId),
    State(StateName),
    Viewpoint(Viewpoint),
    /// A type or a family.
    Type(Box<str>),
    Everything,
    /// A bulletin for a sector; for any, where there is none.
    Bulletin(Option<SectorCode>),
}

/// What is known of a filter where it stands.
#[derive(Debug, Clone, Copy)]
struct Gate {
    /// The states in which it wants verdicts, a bit for each.
    states: u16,
    /// Whether a verdict in one of these states that is met passes: the filter is about suppliers and states alone.
    is_open: bool,
}

impl Gate {
    /// That of a filter under one of its topics.
    fn of(filter: &Filter, topic: &Topic) -> Gate {
        let all = if filter.states.is_empty() { &StateName::ALL[..] } else { &filter.states };
        let more = !(filter.schemes.is_empty() && filter.viewpoints.is_empty() && filter.types.is_empty());
        Gate {
            states: all.iter().fold(0, |states, state| states | bit(*state)),
            is_open: !more && matches!(topic, Topic::Supplier(_) | Topic::Watched(_)),
        }
    }
}

const fn bit(state: StateName) -> u16 {
    1 << state as u16
}

/// Suppliers of a watchlist that is taken in one by one, at most: some hundred microseconds.
const SHORT: usize = 4_096;

/// Interests, each by whose it is.
#[derive(Debug)]
pub struct Interests<K> {
    all: HashMap<K, Interest>,
    topics: HashMap<Topic, BTreeMap<K, Gate>>,
    /// On which of the short watchlists that are watched by a supplier is.
    on: HashMap<Identifier, Vec<List>>,
    /// The long ones.
    long: HashMap<List, Arc<HashSet<Identifier>>>,
    /// Beyond how many suppliers a watchlist is long.
    short: usize,
}

impl<K> Default for Interests<K> {
    fn default() -> Self {
        Interests {
            all: HashMap::new(),
            topics: HashMap::new(),
            on: HashMap::new(),
            long: HashMap::new(),
            short: SHORT,
        }
    }
}

impl<K: Clone + Ord + Hash> Interests<K> {
    /// Sets what `whose` is interested in, in the place of what it was before.
    pub fn set(&mut self, whose: K, interest: Interest) {
        // The same list, and not one that reads the same: comparing long lists takes as long as taking them in.
        let is_same =
            |before: &Interest| Arc::ptr_eq(&before.watched, &interest.watched) && before.filter == interest.filter;
        if self.all.get(&whose).is_some_and(is_same) {
            return;
        }
        let topics = topics(&interest);
        // The new ones first: a watchlist that stays is not taken out and put back.
        for topic in &topics {
            if matches!(topic, Topic::Watched(_)) && !self.topics.contains_key(topic) {
                self.take_in(&interest.watched);
            }
            let gate = Gate::of(&interest.filter, topic);
            self.topics.entry(topic.clone()).or_default().insert(whose.clone(), gate);
        }
        if let Some(before) = self.all.insert(whose.clone(), interest) {
            self.take_out(&whose, &before, &topics);
        }
    }

    /// Forgets what `whose` is interested in.
    pub fn remove(&mut self, whose: &K) {
        if let Some(interest) = self.all.remove(whose) {
            self.take_out(whose, &interest, &HashSet::new());
        }
    }

    /// Takes `whose` away from where it stood, but for the topics under which it stays.
    fn take_out(&mut self, whose: &K, before: &Interest, stays: &HashSet<Topic>) {
        for topic in topics(before).difference(stays) {
            let Some(under) = self.topics.get_mut(topic) else { continue };
            under.remove(whose);
            if under.is_empty() {
                self.topics.remove(topic);
                if matches!(topic, Topic::Watched(_)) {
                    self.forget(&before.watched);
                }
            }
        }
    }

    fn take_in(&mut self, watched: &Arc<HashSet<Identifier>>) {
        if watched.len() > self.short {
            self.long.insert(List::of(watched), Arc::clone(watched));
            return;
        }
        for supplier in watched.iter() {
            self.on.entry(supplier.clone()).or_default().push(List::of(watched));
        }
    }

    fn forget(&mut self, watched: &Arc<HashSet<Identifier>>) {
        if self.long.remove(&List::of(watched)).is_some() {
            return;
        }
        for supplier in watched.iter() {
            let Some(lists) = self.on.get_mut(supplier) else { continue };
            lists.retain(|list| *list != List::of(watched));
            if lists.is_empty() {
                self.on.remove(supplier);
            }
        }
    }

    /// Whether nobody is interested in anything.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether `whose` is interested in `event`.
    pub fn passes(&self, whose: &K, event: &Event) -> bool {
        self.all.get(whose).is_some_and(|interest| interest.passes(event))
    }

    /// Whoever is interested in `event`, in order.
    pub fn of(&self, event: &Event) -> Vec<&K> {
        if event.is_for_all() {
            return in_order(self.all.keys().map(|whose| (whose, true)), |_| true);
        }
        let asked = |whose: &K| self.passes(whose, event);
        match &event.about {
            Some(About::Bulletin(_, bulletin)) if bulletin.concerns.sectors.is_empty() => {
                in_order(self.all.keys().map(|whose| (whose, false)), asked)
            }
            Some(About::Bulletin(_, bulletin)) => {
                let sectors = bulletin.concerns.sectors.iter().cloned().map(Some);
                let met = self.under(sectors.chain([None]).map(Topic::Bulletin));
                in_order(met.map(|(whose, _)| (whose, false)), asked)
            }
            Some(About::Verdict(about)) => {
                let met = self.under(self.of_verdict(about).chain(of_kind(&event.kind)));
                let wanted = met.filter(|(_, gate)| gate.states & bit(about.state) != 0);
                in_order(wanted.map(|(whose, gate)| (whose, gate.is_open)), asked)
            }
            None => in_order(self.under(of_kind(&event.kind)).map(|(whose, _)| (whose, false)), asked),
        }
    }

    /// Under what an event about this verdict stands by what it is about.
    fn of_verdict(&self, about: &OfVerdict) -> impl Iterator<Item = Topic> {
        let suppliers = about.suppliers.iter().cloned().map(Topic::Supplier);
        let viewpoints = Viewpoint::ALL.iter().copied().filter(|one| about.viewpoints.contains(*one));
        suppliers
            .chain(self.lists(&about.suppliers).map(Topic::Watched))
            .chain([Topic::Scheme(about.scheme.id.clone()), Topic::State(about.state)])
            .chain(viewpoints.map(Topic::Viewpoint))
    }

    /// The watchlists on which one of these suppliers is.
    fn lists(&self, suppliers: &[Identifier]) -> impl Iterator<Item = List> {
        let short = suppliers.iter().filter_map(|supplier| self.on.get(supplier)).flatten().copied();
        let holds = |watched: &HashSet<Identifier>| suppliers.iter().any(|supplier| watched.contains(supplier));
        short.chain(self.long.iter().filter(move |(_, watched)| holds(watched)).map(|(list, _)| *list))
    }

    fn under(&self, topics: impl Iterator<Item = Topic>) -> impl Iterator<Item = (&K, &Gate)> {
        topics.filter_map(|topic| self.topics.get(&topic)).flatten()
    }
}

/// Each of those that were met once, in order, unless it would have to be `asked` and does not pass.
fn in_order<'a, K: Ord>(met: impl Iterator<Item = (&'a K, bool)>, asked: impl Fn(&K) -> bool) -> Vec<&'a K> {
    let mut met: Vec<(&K, bool)> = met.collect();
    // Whoever was met where nothing is left to ask comes first.
    met.sort_unstable_by_key(|&(whose, is_open)| (whose, !is_open));
    met.dedup_by_key(|(whose, _)| *whose);
    met.into_iter().filter(|(whose, is_open)| *is_open || asked(whose)).map(|(whose, _)| whose).collect()
}

/// Under what an event of this kind stands by its type alone: the type, the families that it is of, and everything.
fn of_kind(kind: &str) -> impl Iterator<Item = Topic> + '_ {
    let families = kind.match_indices('.').map(|(end, _)| &kind[..end]);
    families.chain([kind]).map(|word| Topic::Type(word.into())).chain([Topic::Everything])
}

/// Where a filter stands.
fn topics(interest: &Interest) -> HashSet<Topic> {
    let Filter { suppliers, schemes, states, viewpoints, types, sectors, .. } = &*interest.filter;
    let mut topics: HashSet<Topic> = match &*interest.filter {
        filter if filter.names_suppliers() => {
            let list = (!interest.watched.is_empty()).then(|| Topic::Watched(List::of(&interest.watched)));
            suppliers.iter().cloned().map(Topic::Supplier).chain(list).collect()
        }
        _ if !schemes.is_empty() => schemes.iter().map(|scheme| Topic::Scheme(id_of(scheme))).collect(),
        _ if !states.is_empty() => states.iter().copied().map(Topic::State).collect(),
        _ if !viewpoints.is_empty() => viewpoints.iter().copied().map(Topic::Viewpoint).collect(),
        _ if !types.is_empty() => types.iter().map(|wanted| Topic::Type(wanted.as_str().into())).collect(),
        _ => HashSet::from([Topic::Everything]),
    };
    if sectors.is_empty() {
        topics.insert(Topic::Bulletin(None));
    }
    topics.extend(sectors.iter().cloned().map(Some).map(Topic::Bulletin));
    topics
}

fn id_of(scheme: &SchemeChoice) -> SchemeId {
    match scheme {
        SchemeChoice::Any(id) => id.clone(),
        SchemeChoice::Version(scheme) => scheme.id.clone(),
    }
}

#[cfg(test)]
mod tests;
