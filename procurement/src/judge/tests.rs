//! A row for each reason for which a verdict does not meet a need, and for each way in which rules are put together.

#![allow(clippy::unwrap_used, clippy::panic)]

use conformity::words::Language;
use serde_json::{Value, json};

use super::*;

/// A verdict of this registry under `star@1` at level 4, of organization and process, on a whole organization.
pub(crate) fn own() -> Value {
    json!({"own": {
        "verdict": "V-1", "supplier": {"id": "duns:150483782", "name": "Maker", "country": "JP"},
        "object": {"kind": "organization", "name": "Maker"}, "scheme": "star@1", "fictional": false,
        "standing": {
            "state": {"granted": {"since": "2026-01-01T00:00:00Z"}}, "issuer": "cb-1", "viewpoints": ["organization", "process"],
            "level": "4", "scope": "All of it", "marks": {},
        },
        "validFrom": "2026-01-01", "profile": "open", "provenance": "decided",
        "granted": {"at": "2026-01-01T00:00:00Z", "index": 7}, "changed": {"at": "2026-01-01T00:00:00Z", "index": 7},
        "inForce": true, "acceptedAsEvidence": 0,
    }})
}

/// The recognition of `eu:V-9` as `star@1` at level 4.
fn foreign() -> Value {
    json!({"foreign": {
        "record": {"recognition": {
            "verdict": "eu:V-9", "supplier": {"id": "duns:150483782", "name": "Maker", "country": "JP"}, "scheme": "cyber@2",
            "object": {"kind": "organization", "name": "Maker"}, "viewpoints": ["organization", "people-and-things"],
            "state": "granted", "outcome": "recognised", "countsAs": {"scheme": "star@1", "level": "4"},
            "explanation": "Recognised.",
        }, "since": {"at": "2026-01-01T00:00:00Z", "index": 9}, "position": 0, "entries": [9]},
        "covered": ["organization", "people-and-things"], "counts": true,
    }})
}

fn set(mut value: Value, pointer: &str, member: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"))[name] = member;
    value
}

/// A standing of these holdings.
pub(crate) fn standing(holdings: &[Value]) -> Standing {
    let absence = if holdings.is_empty() { json!("not-assessed") } else { Value::Null };
    let mut standing = json!({"holdings": holdings, "because": [], "explanation": "-"});
    if !absence.is_null() {
        standing["absence"] = absence;
    }
    serde_json::from_value(standing).unwrap()
}

/// The registry `jp`, of whose scheme `star@1` level 5 includes 4, and 4 includes 3.
pub(crate) fn registry() -> Registry {
    let levels = json!([{"code": "3", "name": "3"}, {"code": "4", "name": "4", "atLeast": ["3"]},
        {"code": "5", "name": "5", "atLeast": ["4"]}, {"code": "X", "name": "beside"}]);
    let levels = [("star@1".parse().unwrap(), serde_json::from_value(levels).unwrap())];
    Registry { id: "jp".parse().unwrap(), levels: levels.into_iter().collect() }
}

/// A policy of one rule that stops.
pub(crate) fn policy(requires: &Value) -> Policy {
    let rules = json!([{"id": "r", "requires": requires, "otherwise": "stop"}]);
    Policy::parse(json!({"policy": "p", "version": 1, "rules": rules}).to_string().as_bytes()).unwrap()
}

fn order(more: &Value) -> Order {
    let mut order = json!({"step": "order"});
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(order).unwrap()
}

fn codes(finding: &Finding) -> Vec<String> {
    finding.rules.iter().flat_map(|ruling| &ruling.because).map(|said| said.code.to_string()).collect()
}

/// An order, the holdings that are shown, what is needed of them, and the first reason for which it is not met; empty where it is.
fn holds_each(rows: Vec<(Value, Vec<Value>, Value, &str)>) {
    for (row, (need, holdings, more, reason)) in rows.into_iter().enumerate() {
        let finding = judge(&policy(&json!({"verdict": need})), &order(&more), &registry(), &standing(&holdings));
        let codes = codes(&finding);
        assert_eq!(finding.is_met(), reason.is_empty(), "{row}: {codes:?}");
        assert_eq!(finding.advice, if reason.is_empty() { Advice::Go } else { Advice::Stop }, "{row}");
        assert_eq!(finding.rests_on().is_empty(), !reason.is_empty(), "{row}");
        let expected = if reason.is_empty() { "requirement-met" } else { reason };
        assert_eq!(codes[1], expected, "{row}: {codes:?}");
        let mut words = finding.said().map(|said| said.words(Language::Japanese));
        assert!(words.all(|words| !words.is_empty()), "{row}: {codes:?}");
    }
}

/// A verdict in summary: its level and sites stand in its credentials.
fn summary() -> Value {
    let mut summary = set(own(), "/own/profile", json!("summary"));
    summary["own"]["standing"].as_object_mut().unwrap().remove("level");
    summary
}

#[test]
fn each_reason_of_kind_level_or_evidence_keeps_a_verdict_from_meeting_a_need() {
    let star4 = || json!({"scheme": "star", "level": "4", "viewpoints": ["organization", "process"]});
    let level = |level: &str| vec![set(own(), "/own/standing/level", json!(level))];
    let declared = |by: &str| vec![set(own(), "/own/selfDeclared", json!(by))];
    let list = json!({"list": "L", "source": "https://list.example/", "retrieved": "2026-01-01", "row": "7"});
    let transcribed = || vec![set(own(), "/own/provenance", json!({"transcribed": list}))];
    let conditions = json!({"text": "x", "deadline": "2026-12-31"});
    let conditional = json!({"conditional": {"since": "2026-01-01T00:00:00Z", "conditions": conditions}});
    let conditional = || vec![set(own(), "/own/standing/state", conditional.clone())];
    let none = || json!({});
    holds_each(vec![
        (star4(), vec![], none(), "nothing-shown"),
        (star4(), vec![own()], none(), ""),
        (json!({"scheme": "star@1"}), vec![own()], none(), ""),
        (json!({"scheme": "star@2"}), vec![own()], none(), "nothing-shown"),
        (json!({"scheme": "other"}), vec![own()], none(), "nothing-shown"),
        (star4(), vec![set(own(), "/own/inForce", json!(false))], none(), "does-not-count"),
        (star4(), level("5"), none(), ""),
        (star4(), level("3"), none(), "level-too-low"),
        (star4(), level("X"), none(), "level-too-low"),
        (star4(), vec![summary()], none(), "level-not-shown"),
        (star4(), vec![foreign()], none(), "viewpoints-missing"),
        (star4(), vec![foreign(), own()], none(), ""),
        (star4(), vec![set(foreign(), "/foreign/counts", json!(false))], none(), "does-not-count"),
        (json!({"scheme": "star", "origin": "own"}), vec![foreign()], none(), "other-origin"),
        (json!({"scheme": "star", "origin": "recognised"}), vec![own()], none(), "other-origin"),
        (json!({"origin": "own"}), transcribed(), none(), "other-origin"),
        (json!({"origin": "transcribed"}), transcribed(), none(), ""),
        (none(), transcribed(), none(), ""),
        (json!({"scheme": "cyber"}), vec![foreign()], none(), "nothing-shown"),
        (none(), declared("self"), none(), "declared-only"),
        (json!({"evidence": "expert-confirmed"}), declared("self"), none(), "declared-only"),
        (json!({"evidence": "expert-confirmed"}), declared("expert-confirmed"), none(), ""),
        (json!({"evidence": "self"}), declared("self"), none(), ""),
        (json!({"evidence": "self"}), vec![own()], none(), ""),
        (none(), conditional(), none(), ""),
        (json!({"unconditional": true}), conditional(), none(), "still-conditional"),
    ]);
}

#[test]
fn each_reason_of_cover_keeps_a_verdict_from_meeting_a_need() {
    let of = |kind: &str, name: &str| vec![set(own(), "/own/object", json!({"kind": kind, "name": name}))];
    let sites = json!(["Osaka", {"name": "Kyoto", "country": "JP"}]);
    let sites = || vec![set(own(), "/own/standing/sites", sites.clone())];
    let excluding = || vec![set(own(), "/own/standing/exclusions", json!(["Paint line"]))];
    let (any, none, any_site) = (|| json!({}), || json!({}), || json!({"anySite": true}));
    let (site, item) = (|name: &str| json!({"site": name}), |name: &str| json!({"item": name}));
    holds_each(vec![
        (any(), vec![own()], site("Nara"), ""),
        (any(), sites(), none(), ""),
        (any(), sites(), site("Osaka "), ""),
        (any(), sites(), site("KYOTO"), ""),
        (any(), sites(), site("Nara"), "outside-sites"),
        (any_site(), sites(), site("Nara"), ""),
        (any(), vec![summary()], site("Nara"), "sites-not-shown"),
        (any(), vec![foreign()], site("Nara"), "sites-not-shown"),
        (any_site(), vec![summary()], site("Nara"), ""),
        (any(), of("site", "Osaka"), site("Osaka"), ""),
        (any(), of("site", "Osaka"), site("Nara"), "about-another"),
        (any(), of("site", "Osaka"), none(), "about-another"),
        (any_site(), of("site", "Osaka"), none(), ""),
        (any(), of("product", "Pump"), item("pump"), ""),
        (any(), of("product", "Pump"), item("Valve"), "about-another"),
        (any(), of("product", "Pump"), none(), "about-another"),
        (any(), of("process", "Pump"), site("Pump"), "about-another"),
        (any(), excluding(), item("paint line"), "left-out"),
        (any(), excluding(), site("Paint line"), "left-out"),
        (any_site(), excluding(), site("Paint line"), "left-out"),
        (any(), excluding(), item("Pump"), ""),
    ]);
}

#[test]
fn a_person_is_told_of_what_a_verdict_leaves_out() {
    let excluding = set(own(), "/own/standing/exclusions", json!(["Paint line"]));
    let sites = || set(own(), "/own/standing/sites", json!(["Osaka", {"name": "Kyoto", "country": "JP"}]));
    let summary = || set(own(), "/own/profile", json!("summary"));
    let excludes = || set(foreign(), "/foreign/record/recognition/excludes", json!(true));
    let (none, any_site, osaka) = (|| json!({}), || json!({"anySite": true}), || json!({"site": "Osaka"}));
    let rows = [
        (none(), own(), none(), ""),
        (none(), excluding, none(), " leaves-out"),
        (none(), sites(), none(), " covers-sites"),
        (none(), sites(), osaka(), ""),
        (any_site(), sites(), none(), ""),
        (none(), summary(), none(), " may-leave-out may-cover-sites"),
        (any_site(), summary(), osaka(), " may-leave-out"),
        (none(), foreign(), none(), " may-cover-sites"),
        (any_site(), foreign(), none(), ""),
        (none(), excludes(), none(), " may-leave-out may-cover-sites"),
    ];
    for (need, holding, more, expected) in rows {
        let case = format!("{need} {more}");
        let finding = judge(&policy(&json!({"verdict": need})), &order(&more), &registry(), &standing(&[holding]));
        assert_eq!(codes(&finding).join(" "), format!("rule-met requirement-met{expected}"), "{case}");
    }
    let finding = judge(&policy(&json!({"verdict": {}})), &order(&none()), &registry(), &standing(&[sites()]));
    let words = finding.rules[0].because[2].words(Language::English);
    assert!(words.contains("alone (2): Osaka, Kyoto;"), "{words}");
}

#[test]
fn requirements_are_put_together_by_any_and_all() {
    let (good, bad) = (json!({"verdict": {"scheme": "star"}}), json!({"verdict": {"scheme": "none"}}));
    let rows = [
        (json!({"any": [bad, good]}), true),
        (json!({"any": [bad, bad]}), false),
        (json!({"all": [good, good]}), true),
        (json!({"all": [good, bad]}), false),
        (json!({"any": [{"all": [good, bad]}, {"any": [bad, good]}]}), true),
        (json!({"all": [{"any": [bad, good]}, {"all": [bad]}]}), false),
    ];
    for (requires, met) in rows {
        let finding = judge(&policy(&requires), &order(&json!({})), &registry(), &standing(&[own()]));
        assert_eq!(finding.is_met(), met, "{requires}");
        assert_eq!(!finding.rests_on().is_empty(), met, "{requires}");
    }
}

#[test]
fn the_worst_rule_decides_and_delivered_goods_are_never_refused() {
    let rule =
        |id: &str, otherwise: Value| json!({"id": id, "requires": {"verdict": {"scheme": id}}, "otherwise": otherwise});
    let made = |rules: Vec<Value>| {
        let policy = json!({"policy": "p", "version": 1, "rules": rules});
        Policy::parse(policy.to_string().as_bytes()).unwrap()
    };
    let condition = json!({"conditional": {"text": "declare", "days": 30}});
    let rows = [
        (vec![rule("star", json!("stop"))], Advice::Go, Advice::Go),
        (vec![rule("none", json!("notice"))], Advice::Notice, Advice::Notice),
        (vec![rule("none", json!("notice")), rule("other", condition.clone())], Advice::Conditional, Advice::Notice),
        (vec![rule("none", json!("stop")), rule("other", condition)], Advice::Stop, Advice::Notice),
    ];
    for (rules, ordered, paid) in rows {
        let policy = made(rules);
        let at = |step: &str| judge(&policy, &order(&json!({"step": step})), &registry(), &standing(&[own()]));
        assert_eq!(at("order").advice, ordered);
        for step in ["acceptance", "payment"] {
            let finding = at(step);
            assert_eq!((finding.advice, finding.found), (paid, ordered));
            let says = finding.because.iter().any(|said| said.code.as_str() == "never-refused");
            assert_eq!(says, paid != ordered, "{step}");
        }
    }
}

#[test]
fn an_order_of_which_no_rule_is_goes_on_and_says_so() {
    let policy = json!({"policy": "p", "version": 3, "rules": [
        {"id": "r", "tiers": {"from": 2}, "requires": {"verdict": {}}, "otherwise": "stop"}]});
    let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
    let finding = judge(&policy, &order(&json!({"tier": 1})), &registry(), &standing(&[]));
    assert_eq!((finding.advice, finding.rules.len()), (Advice::Go, 0));
    assert_eq!(finding.because[1].words(Language::English), "The policy p, version 3, has no rule for this order.");
    assert_eq!(judge(&policy, &order(&json!({"tier": 2})), &registry(), &standing(&[])).advice, Advice::Stop);
}
