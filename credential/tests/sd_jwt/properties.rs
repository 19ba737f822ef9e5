//! What holds for every payload, every choice of what to conceal and to show, and every altered byte.

use std::collections::BTreeSet;

use credential::sd_jwt::{Disclosed, Issuance, Pointer, REGISTRY, SystemSalts, Unverified, issue};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value};

use crate::forge::Forge;

fn json(depth: u32) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z~/ é\"]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(depth, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c~/]{1,2}", inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

fn claims() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-f~/]{1,2}", json(3), 1..5).prop_map(Map::from_iter)
}

/// Every place below the top.
fn places(value: &Value, at: &str, found: &mut Vec<Pointer>) {
    let mut below = |token: String, inner: &Value| {
        let at = format!("{at}/{}", token.replace('~', "~0").replace('/', "~1"));
        found.push(at.parse().unwrap());
        places(inner, &at, found);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(name, inner)| below(name.clone(), inner)),
        Value::Array(array) => array.iter().enumerate().for_each(|(index, inner)| below(index.to_string(), inner)),
        _ => {}
    }
}

fn chosen(places: &[Pointer], choice: &[Index]) -> Vec<Pointer> {
    let choice = choice.iter().filter(|_| !places.is_empty());
    let set: BTreeSet<_> = choice.map(|index| index.get(places)).collect();
    set.into_iter().cloned().collect()
}

/// `value` without the concealed places that are not kept.
fn expected(value: &Value, at: &str, hidden: &dyn Fn(&str) -> bool) -> Value {
    let inside = |token: &str| format!("{at}/{}", token.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(object) => object
            .iter()
            .filter(|(name, _)| !hidden(&inside(name)))
            .map(|(name, inner)| (name.clone(), expected(inner, &inside(name), hidden)))
            .collect(),
        Value::Array(array) => (array.iter().enumerate())
            .filter(|(index, _)| !hidden(&inside(&index.to_string())))
            .map(|(index, inner)| expected(inner, &inside(&index.to_string()), hidden))
            .collect(),
        plain => plain.clone(),
    }
}

fn issued(forge: &Forge, payload: &Map<String, Value>, conceal: &[Pointer]) -> Disclosed {
    let issuance = Issuance { payload: payload.clone(), conceal, pad_to: 3, certificates: &[] };
    issue(&forge.key, issuance, &mut SystemSalts::default()).unwrap()
}

proptest! {
    #[test]
    fn showing_all_gives_back_what_was_concealed(payload in claims(), choice in prop::collection::vec(any::<Index>(), 0..8)) {
        let (forge, mut all) = (Forge::new(), Vec::new());
        places(&Value::Object(payload.clone()), "", &mut all);
        let conceal = chosen(&all, &choice);
        let text = issued(&forge, &payload, &conceal).present(|_| true);
        let read = forge.read(text.as_str()).unwrap();
        prop_assert_eq!(read.payload(), &payload);
        let mut found: Vec<_> = read.concealable().iter().map(|one| one.pointer().clone()).collect();
        found.sort();
        prop_assert_eq!(found, conceal);
    }

    #[test]
    fn a_subset_shows_exactly_itself(
        payload in claims(),
        choice in prop::collection::vec(any::<Index>(), 1..8),
        shown in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        let (forge, mut all) = (Forge::new(), Vec::new());
        places(&Value::Object(payload.clone()), "", &mut all);
        let conceal = chosen(&all, &choice);
        let show = chosen(&conceal, &shown);
        let text = issued(&forge, &payload, &conceal).present(|pointer| show.contains(pointer));
        let kept = |pointer: &Pointer| show.iter().any(|shown| pointer.contains(shown));
        let hidden = |at: &str| conceal.iter().any(|pointer| pointer.as_str() == at && !kept(pointer));
        let expected = expected(&Value::Object(payload), "", &hidden);
        let read = forge.read(text.as_str()).unwrap();
        prop_assert_eq!(Value::Object(read.payload().clone()), expected);
    }

    #[test]
    fn no_altered_presentation_is_accepted(payload in claims(), at in any::<Index>(), byte in 0x20_u8..0x7f) {
        let (forge, mut all) = (Forge::new(), Vec::new());
        places(&Value::Object(payload.clone()), "", &mut all);
        let text = issued(&forge, &payload, &all).present(|_| true);
        let mut altered = text.as_str().as_bytes().to_vec();
        let at = at.index(altered.len());
        prop_assume!(altered[at] != byte);
        altered[at] = byte;
        let altered = String::from_utf8(altered).unwrap();
        prop_assert!(forge.read(&altered).is_err(), "altered at {}", at);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}", parts in "[A-Za-z0-9_.~-]{0,300}") {
        prop_assert!(Unverified::parse(&text, REGISTRY).is_err());
        prop_assert!(Unverified::parse(&parts, REGISTRY).is_err());
    }
}
