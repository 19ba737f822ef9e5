//! The index finds whom asking every filter finds.

#![allow(clippy::unwrap_used)]
use std::str::FromStr;

use conformity::bulletin::Bulletin;
use conformity::ids::{BulletinRef, VerdictRef};
use conformity::viewpoint::Viewpoints;
use proptest::collection::{hash_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

use super::*;

const SUPPLIERS: [&str; 4] = ["duns:150483782", "lei:5493001KJTIIGC8Y1R12", "local:a:1", "local:a:2"];
const SCHEMES: [&str; 5] = ["stars", "stars@1", "stars@2", "moons", "moons@1"];
const TYPES: [&str; 6] = ["verdict", "verdict.granted", "verdict.suspended", "recognition", "bulletin", "entry"];
const KINDS: [&str; 8] = [
    "verdict.granted",
    "verdict.suspended",
    "recognition.partial",
    "bulletin.issued",
    "entry",
    "arrangement.signed",
    "registry.closed",
    "registry.moved",
];
const SECTORS: [&str; 3] = ["isic4.C", "isic4.H", "isic4.J"];
const STATES: [StateName; 3] = [StateName::Granted, StateName::Conditional, StateName::Suspended];

/// Some of `words`, mostly none, as conditions have them.
fn some<T: FromStr + std::fmt::Debug + Clone + 'static>(
    words: &'static [&'static str],
) -> impl Strategy<Value = Vec<T>> {
    let parsed = |words: Vec<&str>| words.into_iter().map(|word| word.parse().ok().unwrap()).collect::<Vec<T>>();
    prop_oneof![2 => Just(Vec::new()), 1 => subsequence(words, 0..=words.len().min(3)).prop_map(parsed)]
}

fn interest() -> impl Strategy<Value = Interest> {
    let states = prop_oneof![2 => Just(Vec::new()), 1 => subsequence(&STATES, 1..=2)];
    let viewpoints = prop_oneof![2 => Just(Vec::new()), 1 => subsequence(Viewpoint::ALL, 1..=2)];
    let watched = prop_oneof![2 => Just(None), 1 => hash_set(select(&SUPPLIERS[..]), 0..3).prop_map(Some)];
    let conditions = (some(&SUPPLIERS), some(&SCHEMES), some(&TYPES), some(&SECTORS), states, viewpoints, watched);
    conditions.prop_map(|(suppliers, schemes, types, sectors, states, viewpoints, watched)| {
        let watchlist = watched.is_some().then(|| "w".parse().unwrap());
        let watched = watched.into_iter().flatten().map(|one| one.parse().unwrap()).collect();
        let filter =
            Filter { suppliers, watchlist, schemes, viewpoints, states, types, sectors, countries: Vec::new() };
        Interest { filter: Arc::new(filter), watched: Arc::new(watched) }
    })
}

fn about() -> impl Strategy<Value = Option<About>> {
    let verdict = (vec(select(&SUPPLIERS[..]), 1..3), select(&["stars@1", "moons@2"][..]), select(&STATES[..]))
        .prop_flat_map(|(suppliers, scheme, state)| {
            subsequence(Viewpoint::ALL, 1..=2).prop_map(move |viewpoints| {
                About::Verdict(OfVerdict {
                    verdict: "jp:V-1".parse::<VerdictRef>().unwrap(),
                    suppliers: suppliers.iter().map(|one| one.parse().unwrap()).collect(),
                    scheme: scheme.parse().unwrap(),
                    viewpoints: viewpoints.into_iter().collect::<Viewpoints>(),
                    state,
                })
            })
        });
    let bulletin = (some::<SectorCode>(&SECTORS), subsequence(&["stars", "moons"], 0..=1)).prop_map(|(sectors, schemes)| {
        let bulletin: Bulletin = serde_json::from_value(json!({
            "bulletin": "B-1", "topic": "advice", "title": {"en": "News"}, "text": {"en": "New."}, "issued": "2026-01-01",
            "concerns": {"sectors": sectors, "schemes": schemes},
        }))
        .unwrap();
        About::Bulletin("jp:B-1".parse::<BulletinRef>().unwrap(), Arc::new(bulletin))
    });
    prop_oneof![1 => Just(None), 3 => verdict.prop_map(Some), 1 => bulletin.prop_map(Some)]
}

fn event() -> impl Strategy<Value = Event> {
    (select(&KINDS[..]), about()).prop_map(|(kind, about)| Event {
        index: 0,
        position: 0,
        kind: kind.to_owned(),
        about,
        json: bytes::Bytes::new(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_event_finds_those_and_only_those_whose_filter_it_passes(
        set in vec((0..12_u8, proptest::option::weighted(0.8, interest())), 1..24),
        events in vec(event(), 1..8),
    ) {
        let (mut index, mut plain) = (Interests::default(), std::collections::BTreeMap::new());
        // Some lists are long, and some are not.
        index.short = 1;
        for (whose, interest) in set {
            match interest {
                Some(interest) => {
                    index.set(whose, interest.clone());
                    plain.insert(whose, interest);
                }
                None => {
                    index.remove(&whose);
                    plain.remove(&whose);
                }
            }
        }
        for event in &events {
            let asked = plain.iter().filter(|(_, interest)| interest.filter.passes(event, &interest.watched));
            prop_assert_eq!(index.of(event), asked.map(|(whose, _)| whose).collect::<Vec<_>>());
        }
        for whose in 0..12 {
            index.remove(&whose);
        }
        prop_assert!(index.is_empty() && index.topics.is_empty() && index.on.is_empty() && index.long.is_empty(), "nothing stays behind");
    }
}
