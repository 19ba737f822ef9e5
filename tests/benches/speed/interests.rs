//! How long an event takes to find, among very many interests, those that it fits; beside as many look-ups in a map of the same size.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conformity::identifiers::Identifier;
use conformity::verdict::StateName;
use conformity::viewpoint::Viewpoint;
use registry_node::core::event::{About, Event, OfVerdict};
use registry_node::core::filter::Filter;
use registry_node::core::interests::{Interest, Interests};

use crate::sums::{Sums, percentile};

const INTERESTS: usize = 1_000_000;
/// Interests that an event fits.
const FIT: usize = 10;
const EVENTS: usize = 20_000;
const AIM: Duration = Duration::from_micros(50);
/// Far apart from each other, and none twice: the number of suppliers has no divisor of it.
const STRIDE: usize = 7_919;

pub(crate) fn measure(sums: &mut Sums) {
    let suppliers = INTERESTS / FIT;
    let mut index = Interests::default();
    for whose in 0..INTERESTS {
        let filter = Filter { suppliers: vec![supplier(whose % suppliers)], ..Filter::default() };
        index.set(whose as u64, Interest { filter: Arc::new(filter), watched: Arc::default() });
    }
    let map: HashMap<Identifier, usize> = (0..INTERESTS).map(|number| (supplier(number), number)).collect();
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for round in 0..EVENTS {
        let number = round * STRIDE % suppliers;
        let event = about(supplier(number));
        let began = Instant::now();
        let found = black_box(index.of(&event));
        ours.push(began.elapsed());
        assert_eq!(found.len(), FIT, "of {number}");
        let asked: Vec<Identifier> = (0..FIT).map(|turn| supplier((number + turn * STRIDE) % INTERESTS)).collect();
        let began = Instant::now();
        let met = asked.iter().filter(|supplier| black_box(map.get(*supplier)).is_some()).count();
        floor.push(began.elapsed());
        assert_eq!(met, FIT);
    }
    for percent in [50, 99] {
        let what = format!("{INTERESTS} interests: an event finds the {FIT} that it fits, p{percent}");
        sums.duration(&what, percentile(&ours, percent), Some(AIM));
        sums.duration(&format!("{FIT} look-ups in a map of that size, p{percent}"), percentile(&floor, percent), None);
    }
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
