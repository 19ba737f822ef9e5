//! Exposure is what somebody finds who tries everything, and costs no more than the chain is large.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use conformity::identifiers::Identifier;
use conformity::standing::Standing;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chain::tests::{chain, duns};
use crate::judge::tests::{own, policy, registry, standing};
use crate::review::Measure;
use crate::step::TradingStep;

/// Standings of all suppliers of `chain`: one verdict each, none for `without`.
fn standings(chain: &Chain, without: &[usize]) -> BTreeMap<Identifier, Standing> {
    let without: BTreeSet<Identifier> = without.iter().map(|number| duns(*number).parse().unwrap()).collect();
    let (good, none) = (standing(&[own()]), standing(&[]));
    let each = chain
        .suppliers()
        .map(|(_, supplier)| (supplier.clone(), if without.contains(supplier) { none.clone() } else { good.clone() }));
    each.collect()
}

/// The review of `chain` by a policy that asks each for `star` at level 4, while `without` have nothing.
pub(crate) fn reviewed<T>(chain: &Chain, without: &[usize], then: impl FnOnce(&Review<'_>) -> T) -> T {
    let (standings, registry) = (standings(chain, without), registry());
    let policy = policy(&json!({"verdict": {"scheme": "star", "level": "4"}}));
    let measure = Measure { policy: &policy, step: TradingStep::Order, registry: &registry, standings: &standings };
    then(&Review::of(chain, measure).unwrap())
}

/// The same of these suppliers alone.
pub(crate) fn reviewed_some<T>(
    chain: &Chain,
    without: &[usize],
    suppliers: &BTreeSet<usize>,
    then: impl FnOnce(&Review<'_>) -> T,
) -> T {
    let (mut standings, registry) = (standings(chain, without), registry());
    let known: BTreeSet<&Identifier> =
        chain.suppliers().filter(|(place, _)| suppliers.contains(place)).map(|(_, supplier)| supplier).collect();
    standings.retain(|supplier, _| known.contains(supplier));
    let policy = policy(&json!({"verdict": {"scheme": "star", "level": "4"}}));
    let measure = Measure { policy: &policy, step: TradingStep::Order, registry: &registry, standings: &standings };
    then(&Review::of_some(chain, measure, suppliers).unwrap())
}

fn position(chain: &Chain, number: usize) -> usize {
    chain.find(&duns(number).parse().unwrap()).unwrap()
}

fn names(places: &[Place]) -> String {
    places.iter().map(ToString::to_string).collect::<Vec<_>>().join(" > ")
}

#[test]
fn a_lost_supplier_exposes_what_is_behind_it_and_names_who_could_take_over() {
    let chain = chain(&[
        json!({"supplier": duns(1), "to": "product:Pump", "orders": ["PO-1"]}),
        json!({"supplier": duns(2), "to": duns(1), "item": "Casing", "orders": ["PO-2"]}),
        json!({"supplier": duns(3), "to": "product:Valve", "item": "casing", "orders": ["PO-3"]}),
        json!({"supplier": duns(4), "to": "product:Valve", "item": "casing"}),
        json!({"supplier": duns(5), "to": "product:Valve", "item": "bolt"}),
        json!({"supplier": duns(1), "to": "product:Hose", "item": "casing"}),
    ]);
    let exposed = reviewed(&chain, &[2, 4], |review| exposure(review, &review.broken_of(position(&chain, 2))));
    assert_eq!(exposed.broken_links, 1);
    let products: Vec<String> = exposed.products.iter().map(|one| names(&one.way)).collect();
    let way = format!("{} > {}", duns(2), duns(1));
    assert_eq!(products, [format!("{way} > product:Hose"), format!("{way} > product:Pump")]);
    assert_eq!(exposed.orders.iter().map(Text::as_str).collect::<Vec<_>>(), ["PO-1", "PO-2"]);
    assert_eq!((exposed.paths.len(), exposed.more_paths), (2, false));
    let broken = &exposed.broken[0];
    assert_eq!((broken.link.supplier.as_str(), broken.link.tier, broken.advice), (&*duns(2), 2, Advice::Stop));
    assert_eq!(broken.rules[0].because[1].code.as_str(), "nothing-shown");
    let holding = names(&broken.alternatives);
    assert_eq!(holding, duns(3), "not 1, which is supplied, nor 4, which has no verdict, nor 5, of bolts");
    let nothing = reviewed(&chain, &[], |review| exposure(review, &review.broken()));
    assert!(nothing.broken.is_empty() && nothing.products.is_empty());
    assert!(nothing.orders.is_empty() && nothing.paths.is_empty());
}

#[test]
fn a_supplier_that_was_not_asked_about_is_no_supplier_without_verdicts() {
    let chain = chain(&[json!({"supplier": duns(1), "to": "product:Pump"})]);
    let (registry, policy) = (registry(), policy(&json!({"verdict": {}})));
    let standings = BTreeMap::new();
    let measure = Measure { policy: &policy, step: TradingStep::Order, registry: &registry, standings: &standings };
    assert!(Review::of(&chain, measure).err().unwrap().to_string().contains(&duns(1)));
}

#[test]
fn another_version_of_a_policy_changes_what_it_changes() {
    let chain = chain(&[
        json!({"supplier": duns(1), "to": "product:Pump"}),
        json!({"supplier": duns(2), "to": duns(1), "item": "casing"}),
    ]);
    let (standings, registry) = (standings(&chain, &[2]), registry());
    let before = policy(&json!({"verdict": {"scheme": "star", "level": "4"}}));
    let after = policy(&json!({"verdict": {"scheme": "star", "level": "5"}}));
    let by = |policy| {
        let measure = Measure { policy, step: TradingStep::Order, registry: &registry, standings: &standings };
        Review::of(&chain, measure).unwrap()
    };
    let changes = by(&before).changes(&by(&after));
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(
        (&*changes[0].link.supplier, changes[0].before, changes[0].after),
        (&*duns(1), Advice::Go, Advice::Stop)
    );
    assert!(by(&after).changes(&by(&after)).is_empty());
    assert_eq!(by(&after).advice(&[0, 1]), Advice::Stop);
}

#[test]
fn paths_and_alternatives_are_bounded() {
    // Eight floors of three, each supplying all of the next: 3^8 paths.
    let pump = |one: usize| json!({"supplier": duns(one), "to": "product:Pump", "item": "x"});
    let mut links: Vec<Value> = (0..3).map(pump).collect();
    for floor in 1..8 {
        let pairs = (0..3).flat_map(|one| (0..3).map(move |other| (one, other)));
        links.extend(pairs.map(|(one, other)| {
            json!({"supplier": duns(floor * 10 + one), "to": duns((floor - 1) * 10 + other), "item": "x"})
        }));
    }
    let chain = chain(&links);
    let exposed = reviewed(&chain, &[70], |review| exposure(review, &review.broken()));
    assert_eq!((exposed.paths.len(), exposed.more_paths), (MAX_PATHS, true));
    let sound = [duns(71), duns(72)].join(" > ");
    assert_eq!(names(&exposed.broken[0].alternatives), sound, "all others hang on what is lost");
    let near = reviewed(&chain, &[0], |review| exposure(review, &review.broken()));
    assert_eq!(near.broken[0].alternatives.len(), MAX_ALTERNATIVES);
    assert!(near.broken[0].more_alternatives);
}

#[test]
fn all_alternatives_of_an_exposure_are_looked_for_within_one_bound() {
    // Sixty links of each of five items, all broken by the last of 128 parts: 300 times 59 candidates would be more than two millions.
    let link = |number: usize| json!({"supplier": duns(number), "to": format!("product:{number}"), "item": (number / 60).to_string()});
    let chain = chain(&(0..300).map(link).collect::<Vec<Value>>());
    let mut parts = vec![json!({"verdict": {"scheme": "star"}}); 127];
    parts.push(json!({"verdict": {"scheme": "none"}}));
    let (standings, registry, policy) = (standings(&chain, &[]), registry(), policy(&json!({"all": parts})));
    let measure = Measure { policy: &policy, step: TradingStep::Order, registry: &registry, standings: &standings };
    let review = Review::of(&chain, measure).unwrap();
    let exposed = exposure(&review, &review.broken());
    let all = exposed.broken.iter().take_while(|broken| !broken.more_alternatives).count();
    assert_eq!(all, MAX_WEIGHED / (59 * policy.parts()), "as many as there is room for");
    assert!(exposed.broken[all..].iter().all(|broken| broken.more_alternatives), "and the rest say so");
}

/// Standings of all suppliers of `chain`: a verdict that names the first of these, and the second beside it where they are asked about.
fn one_company(chain: &Chain, (id, other): (&str, &str), names_both: bool) -> BTreeMap<Identifier, Standing> {
    let each = chain.suppliers().map(|(_, supplier)| {
        let mut verdict = own();
        let asked = supplier.to_string();
        verdict["own"]["supplier"]["id"] = json!(asked);
        if asked == id || (asked == other && names_both) {
            verdict["own"]["supplier"]["id"] = json!(id);
            verdict["own"]["supplier"]["others"] = json!([other]);
        }
        (supplier.clone(), standing(&[verdict]))
    });
    each.collect()
}

#[test]
fn a_company_is_lost_under_all_its_identifiers_and_is_no_alternative_to_itself() {
    const LEI: &str = "lei:5493001KJTIIGC8Y1R12";
    let chain = chain(&[
        json!({"supplier": duns(1), "to": "product:Pump", "item": "casing"}),
        json!({"supplier": LEI, "to": "product:Valve", "item": "casing"}),
        json!({"supplier": duns(2), "to": "product:Valve", "item": "casing"}),
    ]);
    let (registry, policy) = (registry(), policy(&json!({"verdict": {"scheme": "star"}})));
    let one = duns(1);
    // Whether both name each other, which is asked about, how many links are broken, and who could take over.
    let rows = [
        (true, one.as_str(), 2, duns(2)),
        (true, LEI, 2, duns(2)),
        (false, one.as_str(), 1, [duns(2), LEI.to_owned()].join(" > ")),
    ];
    for (both, supplier, broken, alternatives) in rows {
        let standings = one_company(&chain, (LEI, &one), both);
        let measure = Measure { policy: &policy, step: TradingStep::Order, registry: &registry, standings: &standings };
        let lost = chain.find(&supplier.parse().unwrap()).unwrap();
        let review = Review::if_lost(&chain, measure, lost).unwrap();
        let exposed = exposure(&review, &review.broken_of(lost));
        assert_eq!(exposed.broken_links, broken, "{both} {supplier}");
        for one in &exposed.broken {
            let told: BTreeSet<String> = one.alternatives.iter().map(ToString::to_string).collect();
            let expected: BTreeSet<String> = alternatives.split(" > ").map(str::to_owned).collect();
            assert_eq!(told, expected, "{both} {supplier}");
        }
        assert!(Review::of(&chain, measure).unwrap().broken().is_empty());
    }
}

#[test]
fn what_is_told_is_bounded_and_what_is_exposed_is_not() {
    // A line of 300 suppliers, the first of which supplies 300 products.
    const LONG: usize = 300;
    let line = (1..LONG).map(|number| json!({"supplier": duns(number), "to": duns(number - 1)}));
    let products = (0..LONG).map(|number| json!({"supplier": duns(0), "to": format!("product:{number}")}));
    let chain = chain(&line.chain(products).collect::<Vec<Value>>());
    let far = reviewed(&chain, &[LONG - 1], |review| exposure(review, &review.broken()));
    assert_eq!(far.products.len(), LONG);
    let told = far.products.iter().filter(|one| !one.way.is_empty());
    assert_eq!(told.map(|one| one.way.len()).sum::<usize>(), MAX_PLACES / (LONG + 1) * (LONG + 1));
    assert_eq!((far.paths.len(), far.more_paths), (MAX_PATHS, true));

    let requires = json!({"all": vec![json!({"verdict": {"scheme": "none"}}); 128]});
    let (standings, registry, policy) = (standings(&chain, &[]), registry(), policy(&requires));
    let measure = Measure { policy: &policy, step: TradingStep::Order, registry: &registry, standings: &standings };
    let review = Review::of(&chain, measure).unwrap();
    let all = exposure(&review, &review.broken());
    assert_eq!(all.broken_links, chain.links().len());
    assert_eq!(all.broken.len(), MAX_REASONS / 129, "each with the reason of its rule and those of 128 parts");
}

#[test]
fn a_hundred_thousand_links_are_each_looked_at_once() {
    const SUPPLIERS: usize = 20_000;
    let link = |link: usize| {
        let (supplier, nth) = (link % SUPPLIERS, link / SUPPLIERS);
        let to = match supplier {
            0..10 => format!("product:{nth}"),
            _ => duns(supplier.saturating_sub(1 + nth * 3 % supplier)),
        };
        json!({"supplier": duns(supplier), "to": to, "item": nth.to_string()})
    };
    let chain = chain(&(0..SUPPLIERS * 5).map(link).collect::<Vec<_>>());
    assert_eq!(chain.links().len(), SUPPLIERS * 5);
    reviewed(&chain, &[SUPPLIERS - 1, 7_000], |review| {
        assert!(review.judgements() <= chain.links().len());
        let reach = Reach::of(&chain, &review.broken());
        assert!(reach.looked_at <= chain.links().len(), "{}", reach.looked_at);
        let exposed = exposure(review, &review.broken());
        assert_eq!(exposed.products.len(), 5);
        let bound = chain.links().len() + exposed.broken.len() * MAX_CANDIDATES;
        assert!(review.judgements() <= bound, "{}", review.judgements());
    });
}

/// Every path from a link to a product that passes no node twice, by trying everything.
fn every_path(chain: &Chain, path: &mut Vec<usize>, found: &mut BTreeSet<Vec<usize>>) {
    let last = &chain.links()[*path.last().unwrap()];
    if matches!(chain.target(last).place, Place::Product(_)) {
        found.insert(path.clone());
    }
    for (position, link) in chain.links().iter().enumerate() {
        let passed = path.iter().any(|one| chain.links()[*one].from == link.to) || last.to == link.to;
        if link.from == last.to && !passed {
            path.push(position);
            every_path(chain, path, found);
            path.pop();
        }
    }
}

/// Whether a way leads from one node to another, by Warshall's closure.
fn closure(chain: &Chain) -> Vec<Vec<bool>> {
    let count = chain.nodes().len();
    let mut leads: Vec<Vec<bool>> = (0..count).map(|one| (0..count).map(|other| one == other).collect()).collect();
    chain.links().iter().for_each(|link| leads[link.from][link.to] = true);
    for through in 0..count {
        for from in 0..count {
            for to in 0..count {
                leads[from][to] |= leads[from][through] && leads[through][to];
            }
        }
    }
    leads
}

/// Chains of few suppliers, with cycles; each supplies a product or one before it, so that none is lost.
fn chains() -> impl Strategy<Value = Chain> {
    let more = proptest::collection::btree_set((0..6_usize, 0..8_usize), 0..12);
    (proptest::collection::vec(0..100_usize, 6), more).prop_map(|(first, more)| {
        let to = |place: usize| if place < 6 { duns(place) } else { format!("product:{place}") };
        let first = first.iter().enumerate();
        let first = first.map(|(supplier, seed)| (supplier, if supplier == 0 { 6 } else { seed % supplier }));
        let all: BTreeSet<(usize, usize)> = first.chain(more).filter(|(from, place)| from != place).collect();
        let link = |(from, place): &(usize, usize)| {
            json!({"supplier": duns(*from), "to": to(*place), "orders": [format!("{from}-{place}")]})
        };
        chain(&all.iter().map(link).collect::<Vec<_>>())
    })
}

proptest! {
    #[test]
    fn exposure_is_what_trying_everything_finds(chain in chains(), lost in 0..6_usize) {
        let starts = chain.supplied_by(position(&chain, lost));
        let exposed = reviewed(&chain, &[], |review| exposure(review, starts));

        let leads = closure(&chain);
        let behind = |link: &Link| starts.iter().any(|start| leads[chain.links()[*start].to][link.from]);
        let links: Vec<&Link> = chain.links().iter().enumerate()
            .filter(|(position, link)| starts.contains(position) || behind(link))
            .map(|(_, link)| link)
            .collect();
        let orders: BTreeSet<Text<128>> = links.iter().flat_map(|link| link.orders.clone()).collect();
        prop_assert_eq!(&exposed.orders, &orders);
        let products = links.iter().map(|link| chain.target(link).place.clone());
        let products: BTreeSet<Place> = products.filter(|place| matches!(place, Place::Product(_))).collect();
        let told: BTreeSet<Place> = exposed.products.iter().map(|one| Place::Product(one.product.clone())).collect();
        prop_assert_eq!(&told, &products);

        let mut every = BTreeSet::new();
        starts.iter().for_each(|start| every_path(&chain, &mut vec![*start], &mut every));
        let (found, more) = paths(&chain, starts);
        prop_assert!(more || found.iter().cloned().collect::<BTreeSet<_>>() == every);
        prop_assert!(found.iter().all(|path| every.contains(path)));
        for one in &exposed.products {
            let product = Place::Product(one.product.clone());
            let ends = |path: &&Vec<usize>| chain.target(&chain.links()[*path.last().unwrap()]).place == product;
            prop_assert_eq!(Some(one.way.len()), every.iter().filter(ends).map(|path| path.len() + 1).min());
        }
    }
}
