//! A policy is read strictly: a row for each reason for which one is refused.

#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};

use super::*;

fn policy() -> Value {
    json!({"policy": "acme", "version": 1, "rules": [{
        "id": "r", "requires": {"verdict": {"scheme": "star@1", "level": "4"}}, "otherwise": "stop",
    }]})
}

fn with(pointer: &str, value: Value) -> Value {
    let mut policy = policy();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    policy.pointer_mut(parent).unwrap()[member] = value;
    policy
}

fn read(policy: &Value) -> Result<Policy, PolicyError> {
    Policy::parse(policy.to_string().as_bytes())
}

#[test]
fn each_reason_refuses_a_policy() {
    let rule = policy()["rules"][0].clone();
    let deep = (0..MAX_DEPTH).fold(json!({"verdict": {}}), |inner, _| json!({"any": [inner]}));
    let wide = json!({"all": vec![json!({"verdict": {}}); MAX_PARTS]});
    let rows: Vec<(Value, &str)> = vec![
        (with("/rules", json!([])), "has 0 rules"),
        (with("/rules", json!(vec![rule.clone(); MAX_RULES + 1])), "has 65 rules"),
        (with("/rules", json!([rule, rule])), "two rules"),
        (with("/rules/0/requires", wide), "257 parts"),
        (with("/rules/0/requires", deep), "nested deeper"),
        (with("/rules/0/requires", json!({"any": []})), "empty any or all"),
        (with("/rules/0/requires", json!({"all": [{"any": []}]})), "empty any or all"),
        (with("/rules/0/requires", json!({"verdict": {"level": "4"}})), "names no scheme"),
        (with("/rules/0/requires", json!({"verdict": {"scheme": "a b"}})), "scheme id"),
        (with("/rules/0/tiers", json!({"from": 0})), "of no tier"),
        (with("/rules/0/tiers", json!({"from": 3, "to": 2})), "of no tier"),
        (with("/rules/0/touches", json!(["access", "access"])), "listed twice"),
        (with("/rules/0/touches", json!(["money"])), "unknown variant"),
        (with("/rules/0/otherwise", json!("perhaps")), "unknown variant"),
        (with("/rules/0/otherwise", json!({"conditional": {"days": 30}})), "missing field `text`"),
        (with("/rules/0/otherwise", json!({"conditional": {"text": "x", "hours": 1}})), "unknown field"),
        (with("/rules/0/surplus", json!(1)), "unknown field"),
        (with("/version", json!(null)), "null is not used"),
        (with("/version", json!(-1)), "invalid value"),
        (json!([]), "the policy"),
    ];
    for (policy, reason) in rows {
        let error = read(&policy).unwrap_err().to_string();
        assert!(error.contains(reason), "{error} instead of {reason}");
    }
    let twice = br#"{"policy": "a", "policy": "b", "version": 1, "rules": []}"#;
    assert!(Policy::parse(twice).unwrap_err().to_string().contains("appears twice"));
    assert!(matches!(Policy::parse(&vec![b' '; MAX_POLICY + 1]), Err(PolicyError::Form(Breach::TooLarge { .. }))));
}

#[test]
fn what_was_read_is_written_the_same() {
    let mut whole = policy();
    whole["rules"][0] = json!({
        "id": "r", "touches": ["confidentiality", "access"], "tiers": {"from": 1, "to": 2}, "steps": ["contract", "order"],
        "requires": {"any": [
            {"verdict": {"scheme": "star", "level": "4", "viewpoints": ["organization"], "origin": "own", "evidence": "expert-confirmed",
                "unconditional": true, "anySite": true}},
            {"all": [{"verdict": {"evidence": "self"}}]},
        ]},
        "otherwise": {"conditional": {"text": "declare", "days": 90}},
    });
    for policy in [whole, policy()] {
        assert_eq!(serde_json::to_value(read(&policy).unwrap()).unwrap(), policy);
    }
}

#[test]
fn a_rule_is_of_the_orders_that_it_names() {
    let mut narrow = with("/rules/0/touches", json!(["access"]));
    narrow["rules"][0]["tiers"] = json!({"from": 2, "to": 3});
    narrow["rules"][0]["steps"] = json!(["order"]);
    let rule = read(&narrow).unwrap().rules.remove(0);
    let rows = [
        (vec![Touch::Access], 2, TradingStep::Order, true),
        (vec![Touch::Access, Touch::Continuity], 3, TradingStep::Order, true),
        (vec![Touch::Continuity], 2, TradingStep::Order, false),
        (vec![], 2, TradingStep::Order, false),
        (vec![Touch::Access], 1, TradingStep::Order, false),
        (vec![Touch::Access], 4, TradingStep::Order, false),
        (vec![Touch::Access], 2, TradingStep::Quote, false),
    ];
    for (touches, tier, step, is_of) in rows {
        let touches = touches.into_iter().collect();
        assert_eq!(rule.is_of(&touches, tier, step), is_of, "{touches:?} {tier} {step}");
    }
    let broad = read(&policy()).unwrap().rules.remove(0);
    assert!(broad.is_of(&BTreeSet::new(), 9, TradingStep::Payment));
}
