//! A chain is read strictly from either form: a row for each reason for which one is refused, with its place.

#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};

use super::*;

/// `duns:` and nine digits.
pub(crate) fn duns(number: usize) -> String {
    format!("duns:{:09}", 100_000_000 + number)
}

/// A chain of these links.
pub(crate) fn chain(links: &[Value]) -> Chain {
    Chain::from_json(json!({"links": links}).to_string().as_bytes()).unwrap()
}

fn link(more: Value) -> Value {
    let mut link = json!({"supplier": duns(1), "to": "product:Pump"});
    link.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    link
}

#[test]
fn each_reason_refuses_a_chain_in_json() {
    let rows: Vec<(Value, &str)> = vec![
        (json!({"links": []}), "no links"),
        (json!({"links": [], "surplus": 1}), "unknown field"),
        (json!({"links": [link(json!({"surplus": "x"}))]}), "links[0]: unknown field"),
        (json!({"links": [link(json!({})), link(json!({"supplier": "duns:12"}))]}), "links[1]: supplier"),
        (json!({"links": [link(json!({"to": "Pump"}))]}), "links[0]: to"),
        (json!({"links": [link(json!({"to": "product: "}))]}), "links[0]: to: product"),
        (json!({"links": [link(json!({"to": duns(1)}))]}), "supplies itself"),
        (json!({"links": [link(json!({})), link(json!({}))]}), "links[1]: the same link"),
        (json!({"links": [link(json!({"country": "Japan"}))]}), "country"),
        (json!({"links": [link(json!({"touches": ["money"]}))]}), "not what an order touches"),
        (json!({"links": [link(json!({"touches": ["access", "access"]}))]}), "listed twice"),
        (json!({"links": [link(json!({"orders": vec!["x"; 2]}))]}), "listed twice"),
        (json!({"links": [link(json!({"item": "a\u{202E}b"}))]}), "U+202E"),
        (
            json!({"links": [link(json!({"name": "A"})), link(json!({"name": "B", "item": "x"}))]}),
            "links[1]: the name of this supplier was A",
        ),
        (json!({"links": [link(json!({})), json!({"supplier": duns(2), "to": duns(3)})]}), "links[1]: no way leads"),
        (json!({"links": [link(json!({"touches": [["access"]]}))]}), "nested deeper"),
    ];
    for (document, reason) in rows {
        let error = Chain::from_json(document.to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error} instead of {reason}");
    }
    let orders: Vec<String> = (0..=MAX_ORDERS).map(|order| order.to_string()).collect();
    let many = json!({"links": [link(json!({"orders": orders}))]});
    assert!(Chain::from_json(many.to_string().as_bytes()).unwrap_err().to_string().contains("65 orders"));
    assert!(matches!(Chain::from_json(&vec![b' '; MAX_CHAIN + 1]), Err(ChainError::TooLarge { .. })));
    assert!(matches!(Chain::from_csv(&vec![b' '; MAX_CHAIN + 1]), Err(ChainError::TooLarge { .. })));
}

#[test]
fn each_reason_refuses_a_chain_in_csv() {
    let supplier = duns(1);
    let rows = [
        ("supplier,to\n".to_owned(), "no links"),
        ("supplier\n".to_owned(), "no column to"),
        ("supplier,to,to\n".to_owned(), "two columns"),
        ("supplier,to,price\n".to_owned(), "no column is called \"price\""),
        (format!("supplier,to\n{supplier},product:Pump\n{supplier}\n"), "line 3: 1 fields under 2"),
        (format!("supplier,to\n{supplier},\"product:\nPump\"\nx,product:Pump\n"), "line 4: supplier"),
        ("supplier,to\n\u{0}\n".to_owned(), "line 2: 1 fields"),
    ];
    for (text, reason) in rows {
        let error = Chain::from_csv(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error} instead of {reason}");
    }
    assert!(Chain::from_csv(b"supplier,to\n\xFF,x\n").unwrap_err().to_string().contains("line 2"));
}

#[test]
fn every_fault_is_counted_and_the_first_are_told() {
    let links: Vec<Value> = (0..150).map(|_| json!({"supplier": "x", "to": "y"})).collect();
    match Chain::from_json(json!({"links": links}).to_string().as_bytes()) {
        Err(ChainError::Links { faults, count }) => assert_eq!((faults.len(), count), (100, 150)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_forms_come_to_one_chain() {
    let csv = format!(
        "\u{FEFF}supplier,name,country,to,item,site,touches,orders\n{},Parts,JP,product:Pump,casing,Osaka,continuity;access,PO-1; PO-2\n\
         {},,,{},,,,\n",
        duns(1),
        duns(2),
        duns(1)
    );
    let json = chain(&[
        json!({"supplier": duns(1), "name": "Parts", "country": "JP", "to": "product:Pump", "item": "casing", "site": "Osaka",
            "touches": ["continuity", "access"], "orders": ["PO-1", "PO-2"]}),
        json!({"supplier": duns(2), "to": duns(1)}),
    ]);
    assert_eq!(Chain::from_csv(csv.as_bytes()).unwrap(), json);
    assert_eq!(json.links()[0].orders.len(), 2);
    assert_eq!(json.find(&duns(2).parse().unwrap()), Some(2));
    assert_eq!(json.find(&duns(3).parse().unwrap()), None);
}

#[test]
fn a_tier_is_the_shortest_distance_and_a_cycle_changes_nothing() {
    // 1 supplies the pump; 2 supplies 1 and the valve; 3 supplies 1; 1 supplies 3 in turn; 4 supplies 3.
    let chain = chain(&[
        json!({"supplier": duns(1), "to": "product:Pump"}),
        json!({"supplier": duns(2), "to": duns(1)}),
        json!({"supplier": duns(2), "to": "product:Valve"}),
        json!({"supplier": duns(3), "to": duns(1)}),
        json!({"supplier": duns(1), "to": duns(3)}),
        json!({"supplier": duns(4), "to": duns(3)}),
    ]);
    let tier = |number| chain.nodes()[chain.find(&duns(number).parse().unwrap()).unwrap()].tier;
    assert_eq!([1, 2, 3, 4].map(tier), [1, 1, 2, 3]);
    let tiers: Vec<u32> = chain.links().iter().map(|link| chain.tier(link)).collect();
    assert_eq!(tiers, [1, 2, 1, 2, 3, 3]);
}
