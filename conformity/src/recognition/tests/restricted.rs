//! Restricted verdicts: they count by rules that include them alone, and cross and rest by what never changes of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use crate::arrangement::Arrangement;
use crate::consent::Parts;
use crate::in_force::Pair;
use crate::recognition::fixture::{Case, Story, arrangement, at, jp_eu, record, signed, told};
use crate::recognition::{crosses, reassess, stays, travels};

/// The bilateral arrangement whose rule to `eu` includes restricted verdicts, with these changes.
fn terms(changes: &Value) -> Arrangement {
    let mut base = jp_eu();
    base["rules"][0]["restricted"] = json!(true);
    base["rules"][0]["discloses"] = json!(["level", "scope"]);
    for (member, value) in changes.as_object().unwrap() {
        base["rules"][0][member] = value.clone();
    }
    arrangement(&base, &json!({}))
}

fn case(rule: &Value, verdict: &Value) -> Case {
    let mut changes = json!({"profile": "restricted"});
    for (member, value) in verdict.as_object().unwrap() {
        changes[member] = value.clone();
    }
    Case::bilateral(&changes).under(signed(&terms(rule), &["jp", "eu"]))
}

fn pair(case: &Case) -> Pair<'_> {
    Pair { from: &case.origin, to: &case.own }
}

#[test]
fn a_restricted_verdict_counts_by_rules_that_include_it_and_by_no_other() {
    let none = json!({});
    for (about, case, expected) in [
        ("a rule that includes it", case(&none, &none), "recognised by to-eu"),
        ("one that does not", case(&json!({"restricted": false}), &none), "refused by to-eu: restricted"),
        ("one about another scheme", case(&json!({"scheme": "moon@1"}), &none), "refused by to-eu: scheme-not-covered"),
    ] {
        assert_eq!(told(&case.recognise()), expected, "{about}");
    }
    let alone = Case { arrangements: Vec::new(), ..case(&none, &none) };
    assert_eq!(told(&alone.recognise()), "refused: restricted, no-arrangement");
}

#[test]
fn it_crosses_by_what_never_changes_of_it() {
    let none = json!({});
    for (about, case, expected) in [
        ("what a rule in force includes", case(&none, &none), true),
        ("not by a rule that leaves it out", case(&json!({"restricted": false}), &none), false),
        ("an open verdict is no restricted one", case(&none, &json!({"profile": "open"})), false),
        ("nor is one in summary", case(&none, &json!({"profile": "summary"})), false),
        ("not the other way", case(&none, &none).between("eu", "jp"), false),
        ("not to a third", case(&none, &none).between("jp", "us"), false),
        ("another scheme", case(&json!({"scheme": "moon@1"}), &none), false),
        ("another kind of object", case(&json!({"objects": ["site"]}), &none), false),
        ("viewpoints may be added later", case(&json!({"viewpoints": ["people-and-things"]}), &none), true),
        ("before its first day", case(&none, &none).at("2025-12-31"), false),
        ("after its last day", case(&none, &none).at("2028-01-01"), false),
        ("signed by one only", case(&none, &none).under(signed(&terms(&none), &["jp"])), false),
    ] {
        assert_eq!(crosses(&case.arrangements, pair(&case), &case.verdict, case.at), expected, "{about}");
        let parts = travels(&case.arrangements, pair(&case), &case.verdict, case.at);
        assert!(case.verdict.terms.profile.is_public() || expected || parts == Parts::default(), "{about}: {parts:?}");
    }
    let whole = case(&none, &none);
    let parts = travels(&whole.arrangements, pair(&whole), &whole.verdict, whole.at);
    assert!(parts.tell_statements(), "{parts:?}");
}

#[test]
fn it_rests_as_long_as_what_was_made_of_it_may_outlast_the_arrangement() {
    let none = json!({});
    let lapsed = |story: fn(Story) -> Story| {
        let signed = Story::of(&[terms(&none)]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
        case(&none, &none).under(story(signed).told())
    };
    let suspended = || lapsed(|story| story.suspends("jp", "2026-03-01"));
    let ended = || lapsed(|story| story.ends("jp", "2026-06-01", "2026-03-01"));
    for (about, case, expected) in [
        ("in force", case(&none, &none), true),
        ("while the window of its suspension is open", suspended().at("2026-05-01"), true),
        ("and no longer", suspended().at("2026-06-01"), false),
        ("before an end that lets it cease", ended().at("2026-05-31"), true),
        ("from that day on", ended().at("2026-06-01"), false),
        ("a rule that does not include it", case(&json!({"restricted": false}), &none), false),
    ] {
        for verdict in [Some(&case.verdict), None] {
            assert_eq!(stays(&case.arrangements, pair(&case), verdict, case.at), expected, "{about}");
        }
        assert!(expected || !crosses(&case.arrangements, pair(&case), &case.verdict, case.at), "{about}");
    }
}

#[test]
fn what_was_recognised_is_kept_or_ceases_as_the_rule_says() {
    let none = json!({});
    let existing = record(case(&none, &none).at("2026-02-15").recognise(), at("2026-02-15"));
    let story = Story::of(&[terms(&none)]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
    let after = case(&none, &none).under(story.suspends("jp", "2026-03-01").told());
    let kept = |case: &Case| told(&reassess(Some(&existing), &case.foreign()).recognition);
    assert_eq!(kept(&after.clone().at("2026-04-01")), "recognised by to-eu: transfer-window");
    assert_eq!(kept(&after.at("2026-09-01")), "refused by to-eu: arrangement-suspended");
}

#[test]
fn terms_that_include_none_are_written_as_before() {
    let written = |rule: &Value| serde_json::to_value(terms(rule)).unwrap()["rules"][0].get("restricted").cloned();
    assert_eq!((written(&json!({})), written(&json!({"restricted": false}))), (Some(json!(true)), None));
    let before = arrangement(&jp_eu(), &json!({})).digest();
    assert_eq!(terms(&json!({"restricted": false, "discloses": []})).digest(), before);
}
