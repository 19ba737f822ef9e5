//! How long an event takes to find, among very many interests, those that it fits; beside as many look-ups in a map of the same size.

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conformity::identifiers::Identifier;
use conformity::ids::{SchemeChoice, SchemeRef};
use conformity::verdict::StateName;
use conformity::viewpoint::Viewpoint;
use registry_node::buyer::shelf::Name;
use registry_node::core::event::{About, Event, OfVerdict};
use registry_node::core::filter::Filter;
use registry_node::core::interests::{Interest, Interests};

use crate::sums::{Sums, percentile};

const INTERESTS: usize = 1_000_000;
/// Interests that an event fits.
const FIT: usize = 10;
/// Different ones, therefore.
const GROUPS: usize = INTERESTS / FIT;
const EVENTS: usize = 20_000;
const AIM: Duration = Duration::from_micros(50);
/// Far apart from each other, and none twice: the number of groups has no divisor of it.
const STRIDE: usize = 7_919;
/// Suppliers that an interest names where it names several, and that a watchlist has.
const SEVERAL: usize = 5;
const WATCHED: usize = 20;
/// Interests in the same supplier that an event does not fit, where there are such.
const OTHERS: usize = 90;

/// What interests are like. Those of a group want the same events, and no others do.
struct Shape {
    what: &'static str,
    /// The interest of this number, of those of its group.
    interest: fn(group: usize, number: usize) -> Interest,
    /// An event that the group wants.
    event: fn(group: usize) -> Event,
}

const SHAPES: [Shape; 5] = [
    Shape { what: "a supplier each", interest: |group, _| interest(of(&[group])), event: on_supplier },
    Shape { what: "5 suppliers, 2 schemes, 2 states and a type each", interest: several, event: on_several },
    Shape { what: "a watchlist of 20 suppliers for each ten", interest: watchlist, event: on_watched },
    Shape { what: "a scheme and a viewpoint each", interest: rules, event: on_scheme },
    Shape { what: "a supplier each, and 90 of 100 want another state of it", interest: elsewhere, event: on_crowded },
];

pub(crate) fn measure(sums: &mut Sums) {
    for shape in SHAPES {
        let mut index = Interests::default();
        for whose in 0..INTERESTS {
            index.set(whose as u64, (shape.interest)(whose % GROUPS, whose / GROUPS));
        }
        let mut took = Vec::new();
        for round in 0..EVENTS {
            let group = round * STRIDE % GROUPS;
            let event = (shape.event)(group);
            let began = Instant::now();
            let found = black_box(index.of(&event));
            took.push(began.elapsed());
            assert_eq!(found.len(), FIT, "of {group}, {}", shape.what);
        }
        for percent in [50, 99] {
            let what = format!("{INTERESTS} interests, {}: an event finds {FIT}, p{percent}", shape.what);
            sums.duration(&what, percentile(&took, percent), Some(AIM));
        }
    }
    floor(sums);
}

/// What it takes at least.
fn floor(sums: &mut Sums) {
    let map: HashMap<Identifier, usize> = (0..INTERESTS).map(|number| (supplier(number), number)).collect();
    let mut took = Vec::new();
    for round in 0..EVENTS {
        let asked: Vec<Identifier> = (0..FIT).map(|turn| supplier((round + turn) * STRIDE % INTERESTS)).collect();
        let began = Instant::now();
        let met = asked.iter().filter(|supplier| black_box(map.get(*supplier)).is_some()).count();
        took.push(began.elapsed());
        assert_eq!(met, FIT);
    }
    for percent in [50, 99] {
        sums.duration(&format!("{FIT} look-ups in a map of that size, p{percent}"), percentile(&took, percent), None);
    }
}

fn interest(filter: Filter) -> Interest {
    Interest { filter: Arc::new(filter), watched: Arc::default() }
}

fn of(suppliers: &[usize]) -> Filter {
    Filter { suppliers: suppliers.iter().copied().map(supplier).collect(), ..Filter::default() }
}

fn on_supplier(group: usize) -> Event {
    about(supplier(group))
}

fn several(group: usize, _: usize) -> Interest {
    let suppliers: Vec<usize> = (0..SEVERAL).map(|one| group * SEVERAL + one).collect();
    interest(Filter {
        schemes: ["moons", "stars@1"].map(|scheme| scheme.parse().expect("a scheme")).to_vec(),
        states: vec![StateName::Suspended, StateName::Withdrawn],
        types: vec!["verdict".parse().expect("a type")],
        ..of(&suppliers)
    })
}

fn on_several(group: usize) -> Event {
    about(supplier(group * SEVERAL + group % SEVERAL))
}

/// Ten who watch by a list share it.
fn watchlist(group: usize, _: usize) -> Interest {
    thread_local! {
        static LISTS: std::cell::RefCell<HashMap<usize, Arc<HashSet<Identifier>>>> = std::cell::RefCell::default();
    }
    let made = || (0..WATCHED).map(|one| supplier(group * WATCHED + one)).collect::<HashSet<_>>().into();
    let watched = LISTS.with_borrow_mut(|lists| Arc::clone(lists.entry(group).or_insert_with(made)));
    let name: Name = "suppliers".parse().expect("a name");
    Interest { filter: Arc::new(Filter { watchlist: Some(name), ..Filter::default() }), watched }
}

fn on_watched(group: usize) -> Event {
    about(supplier(group * WATCHED + group % WATCHED))
}

fn rules(group: usize, _: usize) -> Interest {
    let schemes = vec![SchemeChoice::Version(scheme(group))];
    interest(Filter { schemes, viewpoints: vec![Viewpoint::Organization], ..Filter::default() })
}

fn on_scheme(group: usize) -> Event {
    let event = about(supplier(group));
    let Some(About::Verdict(about)) = event.about else { unreachable!("it is about a verdict") };
    Event { about: Some(About::Verdict(OfVerdict { scheme: scheme(group), ..about })), ..event }
}

fn scheme(number: usize) -> SchemeRef {
    format!("s-{number}@1").parse().expect("a scheme")
}

/// Ten groups are about one supplier, each about another state.
fn elsewhere(group: usize, _: usize) -> Interest {
    let states = vec![state(group)];
    interest(Filter { states, ..of(&[group / (1 + OTHERS / FIT)]) })
}

fn on_crowded(group: usize) -> Event {
    let event = about(supplier(group / (1 + OTHERS / FIT)));
    let Some(About::Verdict(about)) = event.about else { unreachable!("it is about a verdict") };
    Event { about: Some(About::Verdict(OfVerdict { state: state(group), ..about })), ..event }
}

/// One of ten.
fn state(group: usize) -> StateName {
    use StateName::{
        Annulled, Conditional, Expired, Granted, Historical, Superseded, Surrendered, Suspended, Void, Withdrawn,
    };
    let states =
        [Granted, Conditional, Suspended, Surrendered, Withdrawn, Expired, Superseded, Annulled, Historical, Void];
    states[group % states.len()]
}

fn supplier(number: usize) -> Identifier {
    format!("local:bench:{number}").parse().expect("an identifier")
}

/// A suspension of a verdict on this supplier.
pub(crate) fn about(supplier: Identifier) -> Event {
    let about = OfVerdict {
        verdict: "jp:V-1".parse().expect("a verdict"),
        suppliers: vec![supplier],
        scheme: "stars@1".parse().expect("a scheme"),
        viewpoints: [Viewpoint::Organization].into_iter().collect(),
        state: StateName::Suspended,
    };
    let (kind, about) = ("verdict.suspended".to_owned(), Some(About::Verdict(about)));
    Event { index: 0, position: 0, kind, about, json: bytes::Bytes::new() }
}
