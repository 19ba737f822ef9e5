//! A shift says what moved and nothing else, needs to know of few suppliers, and is small however large the chain is.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::convert::Infallible;

use serde_json::json;

use super::*;
use crate::Chain;
use crate::chain::tests::{chain, duns};
use crate::exposure::tests::{reviewed, reviewed_some};
use crate::exposure::{concerned, exposure};

fn nodes(chain: &Chain, numbers: &[usize]) -> BTreeSet<usize> {
    numbers.iter().map(|number| chain.find(&duns(*number).parse().unwrap()).unwrap()).collect()
}

/// What it does to `chain` that `about` change from a world without `before` to one without `after`.
fn shift(chain: &Chain, about: &[usize], before: &[usize], after: &[usize]) -> Option<Shift> {
    let about = nodes(chain, about);
    reviewed_some(chain, before, &about, |before| {
        reviewed_some(chain, after, &about, |now| {
            let told = |links: &[usize]| {
                let whole = concerned(chain, links);
                Ok::<_, Infallible>(reviewed_some(chain, after, &whole, |review| exposure(review, links)))
            };
            Shift::of(before, now, told).unwrap()
        })
    })
}

fn three_tiers() -> Chain {
    chain(&[
        json!({"supplier": duns(1), "to": "product:Pump", "item": "drive", "orders": ["PO-1"]}),
        json!({"supplier": duns(2), "to": duns(1), "item": "chip", "orders": ["PO-2"]}),
        json!({"supplier": duns(3), "to": duns(2), "item": "mask"}),
        json!({"supplier": duns(4), "to": "product:Valve", "item": "chip"}),
        json!({"supplier": duns(5), "to": "product:Valve", "item": "Chip"}),
        json!({"supplier": duns(6), "to": "product:Hose", "item": "rubber"}),
    ])
}

#[test]
fn what_moves_is_told_with_what_it_exposes_and_who_could_take_over() {
    let chain = three_tiers();
    let told = shift(&chain, &[2], &[5], &[2, 5]).unwrap();
    assert!(told.is_worse);
    assert_eq!(told.suppliers.iter().map(ToString::to_string).collect::<Vec<_>>(), [duns(2)]);
    assert_eq!((told.changes.len(), told.changes[0].link.supplier.clone()), (1, duns(2)));
    let exposed = &told.exposure;
    assert_eq!(exposed.products.iter().map(|one| one.product.as_str()).collect::<Vec<_>>(), ["Pump"]);
    assert_eq!(exposed.orders.iter().map(Text::as_str).collect::<Vec<_>>(), ["PO-1", "PO-2"]);
    assert_eq!(exposed.broken[0].alternatives.iter().map(ToString::to_string).collect::<Vec<_>>(), [duns(4)]);
    assert!(!exposed.broken[0].rules[0].because.is_empty());
    assert_eq!(told.left_out, LeftOut::default());
    let whole =
        reviewed(&chain, &[2, 5], |review| exposure(review, &review.broken_of(*nodes(&chain, &[2]).first().unwrap())));
    assert_eq!(told.exposure, whole, "of the others nothing needs to be known");
}

#[test]
fn what_moves_back_is_told_and_what_does_not_move_is_not() {
    let chain = three_tiers();
    let back = shift(&chain, &[2], &[2], &[]).unwrap();
    assert!(!back.is_worse && back.exposure.broken.is_empty() && back.exposure.orders.is_empty());
    assert_eq!((back.changes[0].before, back.changes[0].after), (crate::Advice::Stop, crate::Advice::Go));
    assert_eq!(shift(&chain, &[2], &[2], &[2, 4]), None, "another one moved");
    assert_eq!(shift(&chain, &[], &[], &[2]), None);
    let both = shift(&chain, &[2, 4], &[2], &[4]).unwrap();
    assert!(both.is_worse && both.changes.len() == 2 && both.exposure.broken_links == 1);
}

#[test]
fn only_those_who_might_take_over_are_asked_about() {
    let chain = three_tiers();
    let link = chain.links().iter().position(|link| link.item.as_ref().is_some_and(|item| item.as_str() == "mask"));
    assert_eq!(concerned(&chain, &[link.unwrap()]), nodes(&chain, &[2, 3]));
    let chip = chain.links().iter().position(|link| link.from == *nodes(&chain, &[2]).first().unwrap());
    assert_eq!(concerned(&chain, &[chip.unwrap()]), nodes(&chain, &[1, 2, 4, 5]));
}

#[test]
fn what_is_told_has_bounds_and_counts_what_is_left_out() {
    let long = "x".repeat(100);
    let mut links: Vec<_> =
        (1..3_000).map(|number| json!({"supplier": duns(number), "to": duns(number - 1)})).collect();
    links.push(json!({"supplier": duns(0), "to": "product:P0", "item": "part"}));
    for product in 1..2_000 {
        let orders = [format!("{long}-{product}")];
        links.push(
            json!({"supplier": duns(0), "to": format!("product:{long}{product}"), "item": "part", "orders": orders}),
        );
    }
    let chain = chain(&links);
    let told = shift(&chain, &[0, 2_999], &[], &[0, 2_999]).unwrap();
    let left_out = told.left_out;
    assert_eq!(told.exposure.broken_links, told.exposure.broken.len() + left_out.broken);
    assert_eq!(told.changes.len() + left_out.changes, 2_001);
    assert_eq!(told.exposure.products.len() + left_out.products, 2_000);
    assert_eq!(told.exposure.orders.len() + left_out.orders, 1_999);
    assert!(left_out.broken > 0 && left_out.changes > 0 && left_out.products > 0 && left_out.orders > 0);
    assert!(serde_json::to_vec(&told).unwrap().len() < 6 * MAX_LIST + 4_096);
}
