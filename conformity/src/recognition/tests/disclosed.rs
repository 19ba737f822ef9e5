//! Levels that a verdict keeps back and its registry disclosed: they decide, and nothing that everyone reads tells them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use crate::consent::{Part, Parts};
use crate::in_force::Pair;
use crate::recognition::fixture::{Case, Story, arrangement, at, jp_eu, record, signed, told};
use crate::recognition::{reassess, rests, travels};
use crate::scheme::Scheme;

/// `star@1` with three levels.
fn levels() -> Scheme {
    let mut scheme = serde_json::to_value(crate::recognition::fixture::star()).unwrap();
    scheme["levels"] = json!([
        {"code": "3", "name": "three"}, {"code": "4", "name": "four", "atLeast": ["3"]},
        {"code": "5", "name": "five", "atLeast": ["4"]},
    ]);
    serde_json::from_value(scheme).unwrap()
}

/// The bilateral arrangement whose rule to `eu` has these members, too.
fn terms(rule: &Value) -> crate::arrangement::Arrangement {
    let mut base = jp_eu();
    for (member, value) in rule.as_object().unwrap() {
        base["rules"][0][member] = value.clone();
    }
    arrangement(&base, &json!({}))
}

fn summary(rule: &Value) -> Case {
    let changes = json!({"profile": "summary", "viewpoints": ["organization", "process"]});
    let case = Case::bilateral(&changes).under(signed(&terms(rule), &["jp", "eu"]));
    Case { scheme: Some(levels()), ..case }
}

/// A rule that asks for level 4, counts up to 4, and names what travels.
fn asks(parts: &Value) -> Value {
    let counts_as = json!({"scheme": "baseline@1", "levels": {"3": "basic", "4": "enhanced"}});
    json!({"levels": {"min": "4", "max": "4"}, "as": counts_as, "discloses": parts})
}

#[test]
fn a_level_that_is_kept_back_decides_and_is_not_told() {
    let asked = || summary(&asks(&json!(["level"])));
    let single =
        |organization: &str, process: &str| json!({"viewpoints": {"organization": organization, "process": process}});
    for (about, case, expected) in [
        ("nothing came yet", asked(), "refused by to-eu: level-kept-back"),
        ("the verdict states none", asked().disclosing(&json!({})), "refused by to-eu: level-kept-back"),
        ("a level that is not enough", asked().disclosing(&json!({"level": "3"})), "refused by to-eu: level-kept-back"),
        ("the one asked for", asked().disclosing(&json!({"level": "4"})), "recognised by to-eu"),
        ("a higher one, of which a part counts", asked().disclosing(&json!({"level": "5"})), "recognised by to-eu"),
        (
            "a level that the scheme does not know",
            asked().disclosing(&json!({"level": "9"})),
            "refused by to-eu: level-kept-back",
        ),
        (
            "the verdict's own before those of viewpoints",
            asked().disclosing(&json!({"level": "3", "viewpoints": {"organization": "5", "process": "5"}})),
            "refused by to-eu: level-kept-back",
        ),
        (
            "none of its own, and the least of the viewpoints",
            asked().disclosing(&single("5", "4")),
            "recognised by to-eu",
        ),
        ("and that is not enough", asked().disclosing(&single("5", "3")), "refused by to-eu: level-kept-back"),
        (
            "not every viewpoint has one",
            asked().disclosing(&json!({"viewpoints": {"organization": "5"}})),
            "refused by to-eu: level-kept-back",
        ),
        (
            "the rule names other parts",
            summary(&asks(&json!(["scope"]))).disclosing(&json!({"level": "4"})),
            "refused by to-eu: level-kept-back",
        ),
    ] {
        let recognition = case.recognise();
        assert_eq!(told(&recognition), expected, "{about}: {}", recognition.explanation);
        assert_eq!(recognition.level, None, "{about}");
    }
}

#[test]
fn everyone_reads_the_same_whatever_the_level_is_among_those_that_count_or_do_not() {
    let read = |level: Value| summary(&asks(&json!(["level"]))).disclosing(&level).recognise();
    assert_eq!(read(json!({"level": "4"})), read(json!({"level": "5"})));
    assert_eq!(read(json!({"level": "3"})), read(json!({})));
    assert_eq!(read(json!({"level": "3"})), summary(&asks(&json!(["level"]))).recognise());
}

#[test]
fn an_open_verdict_is_told_as_before_unless_only_its_viewpoints_have_levels() {
    let open = |changes: Value| {
        let case = Case::bilateral(&changes).under(signed(&terms(&asks(&json!(["level"]))), &["jp", "eu"]));
        Case { scheme: Some(levels()), ..case }.disclosing(&json!({"viewpoints": {"organization": "5"}}))
    };
    let stated = open(json!({"level": "3"})).recognise();
    assert_eq!(told(&stated), "refused by to-eu: level-below-minimum");
    assert_eq!(told(&open(json!({})).recognise()), "recognised by to-eu");
}

#[test]
fn what_travels_is_what_rules_in_force_name_that_cover_the_verdict() {
    let case = |rule: Value| summary(&rule);
    let parts = |case: &Case| {
        let pair = Pair { from: &case.origin, to: &case.own };
        travels(&case.arrangements, pair, &case.verdict, case.at)
    };
    let level: Parts = Part::Level.into();
    let named = json!({"discloses": ["level"]});
    let restricted = Case::bilateral(&json!({"profile": "restricted"})).under(signed(&terms(&named), &["jp", "eu"]));
    for (about, case, expected) in [
        ("what the rule names", case(named.clone()), level),
        ("nothing unless it names something", case(json!({})), Parts::default()),
        ("not the other way", case(named.clone()).between("eu", "jp"), Parts::default()),
        ("not to a third", case(named.clone()).between("jp", "us"), Parts::default()),
        ("another scheme", case(json!({"discloses": ["level"], "scheme": "moon@1"})), Parts::default()),
        ("another kind of object", case(json!({"discloses": ["level"], "objects": ["site"]})), Parts::default()),
        (
            "no viewpoint in common",
            case(json!({"discloses": ["level"], "viewpoints": ["people-and-things"]})),
            Parts::default(),
        ),
        ("before its first day", case(named.clone()).at("2025-12-31"), Parts::default()),
        ("after its last day", case(named.clone()).at("2028-01-01"), Parts::default()),
        ("signed by one only", case(named.clone()).under(signed(&terms(&named), &["jp"])), Parts::default()),
        ("a restricted verdict", restricted, Parts::default()),
    ] {
        assert_eq!(parts(&case), expected, "{about}");
    }
}

#[test]
fn what_travelled_rests_as_long_as_a_recognition_may_outlast_its_arrangement() {
    let rule = json!({"discloses": ["level", "results"]});
    let lapsed = |story: fn(Story) -> Story| {
        summary(&rule)
            .under(story(Story::of(&[terms(&rule)]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01")).told())
    };
    let suspended = || lapsed(|story| story.suspends("jp", "2026-03-01"));
    let ended = || lapsed(|story| story.ends("jp", "2026-06-01", "2026-03-01"));
    let all: Parts = [Part::Level, Part::Results].into_iter().collect();
    for (about, case, expected) in [
        ("in force", summary(&rule), all),
        ("while the window of its suspension is open", suspended().at("2026-05-01"), all),
        ("and no longer", suspended().at("2026-06-01"), Parts::default()),
        ("an end that lets it cease", ended().at("2026-06-01"), Parts::default()),
        ("before that day", ended().at("2026-05-31"), all),
    ] {
        let pair = Pair { from: &case.origin, to: &case.own };
        assert_eq!(rests(&case.arrangements, pair, Some(&case.verdict), case.at), expected, "{about}");
        assert_eq!(rests(&case.arrangements, pair, None, case.at), expected, "{about}");
        assert!(travels(&case.arrangements, pair, &case.verdict, case.at).is_subset(expected), "{about}");
    }
}

#[test]
fn what_was_recognised_by_a_kept_back_level_stays_while_the_rule_says_so() {
    let rule = asks(&json!(["level"]));
    let story = Story::of(&[terms(&rule)]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
    let before = summary(&rule).disclosing(&json!({"level": "5"})).at("2026-02-15");
    let existing = record(before.recognise(), at("2026-02-15"));
    let after = before.clone().under(story.suspends("jp", "2026-03-01").told());
    let kept = |case: &Case| told(&reassess(Some(&existing), &case.foreign()).recognition);
    assert_eq!(kept(&after.clone().at("2026-04-01")), "recognised by to-eu: transfer-window");
    assert_eq!(kept(&after.clone().at("2026-09-01")), "refused by to-eu: arrangement-suspended");
    let erased = Case { disclosed: None, ..after.at("2026-04-01") };
    assert_eq!(kept(&erased), "refused by to-eu: level-kept-back, transfer-window");
}

#[test]
fn the_terms_name_parts_in_their_order_and_only_where_there_are_some() {
    let written = |rule: &Value| serde_json::to_value(terms(rule)).unwrap()["rules"][0].get("discloses").cloned();
    assert_eq!(written(&json!({"discloses": ["results", "level"]})), Some(json!(["level", "results"])));
    assert_eq!((written(&json!({"discloses": []})), written(&json!({}))), (None, None));
    assert_eq!(terms(&json!({"discloses": []})).digest(), terms(&json!({})).digest());
}
