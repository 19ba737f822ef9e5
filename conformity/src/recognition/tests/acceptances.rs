//! Whether a registry recognises another's verdicts under a scheme, as tables of who did what and when.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::{Value, json};

use crate::arrangement::{Arrangement, ArrangementRecord};
use crate::in_force::Pair;
use crate::recognition::fixture::{Story, arrangement, at, jp_eu, name};
use crate::recognition::{Relation, acceptance};

fn terms(id: &str, grants: &str) -> Arrangement {
    let mut rules = jp_eu()["rules"].clone();
    rules[0]["grants"] = json!(grants);
    arrangement(&jp_eu(), &json!({"id": id, "rules": rules}))
}

fn story(terms: &Arrangement) -> Story {
    Story::of(std::slice::from_ref(terms)).signs("jp", 0, "2026-02-01").signs("eu", 0, "2026-03-01")
}

/// What is asked, of `jp`'s verdicts at `eu` unless a row says otherwise.
struct Asked {
    from: &'static str,
    to: &'static str,
    origin: &'static str,
    by: Option<&'static str>,
    scheme: &'static str,
    when: &'static str,
}

const ASKED: Asked =
    Asked { from: "jp", to: "eu", origin: "jp.registry.example", by: None, scheme: "star@1", when: "2026-06-01" };

/// `arrangement rule`, with the code of what stands against it.
fn told(records: Vec<ArrangementRecord>, asked: &Asked) -> String {
    let records: Vec<_> = records.into_iter().map(Arc::new).collect();
    let (from, to, origin, scheme) = (name(asked.from), name(asked.to), name(asked.origin), name(asked.scheme));
    let by = asked.by.map(name);
    let pair = Pair { from: &from, to: &to };
    let relation = Relation { pair, origin: &origin, signed_by: by.as_ref(), scheme: &scheme, at: at(asked.when) };
    match acceptance(&records, &relation) {
        None => "nothing".to_owned(),
        Some(found) => {
            let gap = found.gap.map_or("in full", |gap| gap.code());
            format!("{} {}: {gap}", found.terms.terms.id, found.rule.id)
        }
    }
}

#[test]
fn a_rule_in_force_accepts_in_its_direction_only() {
    let full = || vec![story(&terms("a", "full")).told()];
    let rows: Vec<(&str, Vec<ArrangementRecord>, Asked, &str)> = vec![
        ("in force", full(), ASKED, "a to-eu: in full"),
        (
            "the other direction has a rule of its own",
            full(),
            Asked { from: "eu", to: "jp", origin: "eu.registry.example", ..ASKED },
            "a to-jp: in full",
        ),
        ("before anybody signed", full(), Asked { when: "2026-01-15", ..ASKED }, "nothing"),
        ("before both had signed", full(), Asked { when: "2026-02-15", ..ASKED }, "a to-eu: arrangement-unsigned"),
        ("after its last day", full(), Asked { when: "2028-01-01", ..ASKED }, "a to-eu: arrangement-ended"),
        ("another version of the scheme", full(), Asked { scheme: "star@2", ..ASKED }, "nothing"),
        ("another scheme", full(), Asked { scheme: "moon@1", ..ASKED }, "nothing"),
        ("another log under the same id", full(), Asked { origin: "new.registry.example", ..ASKED }, "nothing"),
        ("a stranger", full(), Asked { from: "us", origin: "us.registry.example", ..ASKED }, "nothing"),
        ("itself", full(), Asked { from: "eu", origin: "eu.registry.example", ..ASKED }, "nothing"),
        ("by whom it was signed", full(), Asked { by: Some("authority"), ..ASKED }, "a to-eu: in full"),
        ("by somebody who did not sign", full(), Asked { by: Some("ministry"), ..ASKED }, "nothing"),
        ("no arrangement", Vec::new(), ASKED, "nothing"),
    ];
    for (why, records, asked, expected) in rows {
        assert_eq!(told(records, &asked), expected, "{why}");
    }
}

#[test]
fn what_stands_against_it_is_said() {
    let one = |story: Story| vec![story.told()];
    let full = || story(&terms("a", "full"));
    let rows: Vec<(Vec<ArrangementRecord>, &str, &str)> = vec![
        (one(full().suspends("eu", "2026-05-01")), "2026-04-30", "a to-eu: in full"),
        (one(full().suspends("eu", "2026-05-01")), "2026-05-01", "a to-eu: arrangement-suspended"),
        (one(full().suspends("eu", "2026-05-01").restores("eu", "2026-05-20")), "2026-06-01", "a to-eu: in full"),
        (one(full().ends("jp", "2026-09-01", "2026-05-01")), "2026-08-31", "a to-eu: in full"),
        (one(full().ends("jp", "2026-09-01", "2026-05-01")), "2026-09-01", "a to-eu: arrangement-ended"),
        (one(story(&terms("a", "evidence-only"))), "2026-06-01", "a to-eu: evidence-only"),
        (one(story(&terms("a", "simplified-procedure"))), "2026-06-01", "a to-eu: simplified-procedure"),
    ];
    for (records, when, expected) in rows {
        assert_eq!(told(records, &Asked { when, ..ASKED }), expected, "{when}");
    }
}

#[test]
fn of_several_the_best_answers_in_whatever_order_they_come() {
    let made = |id: &str, grants: &str| story(&terms(id, grants)).told();
    let resting = |id: &str| story(&terms(id, "full")).suspends("jp", "2026-05-01").told();
    let all = [
        resting("a"),
        made("b", "evidence-only"),
        made("c", "simplified-procedure"),
        made("e", "full"),
        made("d", "full"),
    ];
    let best = [
        "d to-eu: in full",
        "c to-eu: simplified-procedure",
        "b to-eu: evidence-only",
        "a to-eu: arrangement-suspended",
    ];
    for (count, expected) in [5, 3, 2, 1].into_iter().zip(best) {
        let mut records = all[..count].to_vec();
        assert_eq!(told(records.clone(), &ASKED), expected);
        records.reverse();
        assert_eq!(told(records, &ASKED), expected);
    }
}

#[test]
fn whoever_only_recognises_issues_nothing() {
    let mut base = jp_eu();
    base["parties"][0]["roles"] = json!(["recognising"]);
    base["rules"] = json!([{
        "id": "any", "from": "any-issuing", "to": ["jp", "eu"], "scheme": "star@1", "objects": ["organization"],
        "viewpoints": ["organization"], "grants": "full", "onSuspension": "keep", "onEnd": "cease",
    }]);
    let terms = arrangement(&base, &Value::Object(serde_json::Map::new()));
    let records = || vec![story(&terms).told()];
    assert_eq!(told(records(), &ASKED), "nothing");
    let other = Asked { from: "eu", to: "jp", origin: "eu.registry.example", ..ASKED };
    assert_eq!(told(records(), &other), "jp-eu any: in full");
}
