//! When an arrangement is in force, as tables of who did what and when.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use super::{Force, Pair, footing, next_change, terms_in_force};
use crate::arrangement::{Arrangement, ArrangementRecord};
use crate::recognition::fixture::{Story, arrangement, at, ccra, jp_eu, name};

fn terms(changes: Value) -> Arrangement {
    arrangement(&jp_eu(), &changes)
}

/// `version: force`, in words, or `no party`.
fn told(record: &ArrangementRecord, from: &str, to: &str, when: &str) -> String {
    let (from, to) = (name(from), name(to));
    let Some(footing) = footing(record, Pair { from: &from, to: &to }, at(when)) else {
        return "no party".to_owned();
    };
    let force = match footing.force {
        Force::InForce { since } => format!("in force since {since}"),
        Force::Suspended { since, by } => format!("suspended since {since} by {by:?}"),
        Force::Ended { since, by: Some(by) } => format!("ended {since} by {by}"),
        Force::Ended { since, by: None } => format!("ended {since}"),
        Force::NotYet { from } => format!("from {from}"),
        Force::Unsigned { missing } => format!("unsigned by {missing:?}"),
    };
    format!("{}: {}", footing.terms.terms.version, force.replace("T00:00:00Z", ""))
}

/// Rows of: what happened, whose verdicts, who recognises, when, where it stands.
fn check(rows: Vec<(Story, &str, &str, &str, &str)>) {
    for (position, (story, from, to, when, expected)) in rows.into_iter().enumerate() {
        let record = story.told();
        assert_eq!(told(&record, from, to, when), expected, "row {position}: {from} to {to} at {when}");
    }
}

#[test]
fn signatures_make_it_by_mode() {
    let with = |mode: &str| Story::of(&[terms(json!({"mode": mode}))]);
    let jp = |mode: &str| with(mode).signs("jp", 0, "2026-02-01");
    let both = |mode: &str| jp(mode).signs("eu", 0, "2026-03-01");
    check(vec![
        (with("bilateral"), "jp", "eu", "2026-06-01", r"1: unsigned by {eu, jp}"),
        (jp("bilateral"), "jp", "eu", "2026-06-01", "1: unsigned by {eu}"),
        (jp("bilateral"), "eu", "jp", "2026-06-01", "1: unsigned by {eu}"),
        (both("bilateral"), "jp", "eu", "2026-02-28", "1: unsigned by {eu}"),
        (both("bilateral"), "jp", "eu", "2026-03-01", "1: in force since 2026-03-01"),
        (both("bilateral"), "eu", "jp", "2026-03-01", "1: in force since 2026-03-01"),
        (jp("unilateral"), "eu", "jp", "2026-06-01", "1: in force since 2026-02-01"),
        (jp("unilateral"), "jp", "eu", "2026-06-01", "1: unsigned by {eu}"),
        (both("multilateral"), "jp", "eu", "2026-03-01", "1: in force since 2026-03-01"),
        (both("bilateral"), "jp", "us", "2026-06-01", "no party"),
    ]);
}

#[test]
fn multilateral_terms_hold_among_those_that_signed_the_same_digest() {
    let one = arrangement(&ccra(), &json!({}));
    let other = arrangement(&ccra(), &json!({"title": "the same number, other words"}));
    let story = || {
        Story::of(&[one.clone(), other.clone()]).signs("jp", 0, "2026-01-01").signs("us", 0, "2026-01-02").signs(
            "eu",
            1,
            "2026-01-03",
        )
    };
    check(vec![
        (story(), "jp", "us", "2026-02-01", "1: in force since 2026-01-02"),
        (story(), "us", "jp", "2026-02-01", "1: in force since 2026-01-02"),
        (story().suspends("eu", "2026-01-04"), "jp", "us", "2026-02-01", "1: in force since 2026-01-02"),
        (story().suspends("us", "2026-01-04"), "jp", "us", "2026-02-01", "1: suspended since 2026-01-04 by {us}"),
        (story().signs("eu", 0, "2026-01-05"), "jp", "eu", "2026-02-01", "1: in force since 2026-01-05"),
        (
            story().signs("eu", 0, "2026-01-05").suspends("us", "2026-01-06"),
            "jp",
            "eu",
            "2026-02-01",
            "1: in force since 2026-01-05",
        ),
    ]);
    let record = story().told();
    assert!(told(&record, "jp", "eu", "2026-02-01").starts_with("1: unsigned by"));
}

#[test]
fn its_days_bound_it() {
    let both = || Story::of(&[terms(json!({}))]).signs("jp", 0, "2025-11-01").signs("eu", 0, "2025-12-01");
    check(vec![
        (both(), "jp", "eu", "2025-12-31T23:59:59Z", "1: from 2026-01-01"),
        (both(), "jp", "eu", "2026-01-01", "1: in force since 2026-01-01"),
        (both(), "jp", "eu", "2027-12-31T23:59:59Z", "1: in force since 2026-01-01"),
        (both(), "jp", "eu", "2028-01-01", "1: ended 2028-01-01"),
        (both().suspends("jp", "2027-12-01"), "jp", "eu", "2028-01-01", "1: ended 2028-01-01"),
    ]);
}

#[test]
fn either_of_the_pair_suspends_alone_and_at_once() {
    let both = || Story::of(&[terms(json!({}))]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
    let eu = || both().suspends("eu", "2026-03-01T10:00:00Z");
    let two = || eu().suspends("jp", "2026-03-05");
    check(vec![
        (eu(), "jp", "eu", "2026-03-01T09:59:59Z", "1: in force since 2026-01-01"),
        (eu(), "jp", "eu", "2026-03-01T10:00:00Z", "1: suspended since 2026-03-01T10:00:00Z by {eu}"),
        (eu(), "eu", "jp", "2026-03-02", "1: suspended since 2026-03-01T10:00:00Z by {eu}"),
        (two(), "jp", "eu", "2026-03-06", "1: suspended since 2026-03-01T10:00:00Z by {eu, jp}"),
        (
            two().restores("eu", "2026-03-07"),
            "jp",
            "eu",
            "2026-03-08",
            "1: suspended since 2026-03-01T10:00:00Z by {jp}",
        ),
        (
            two().restores("eu", "2026-03-07").restores("jp", "2026-03-08"),
            "jp",
            "eu",
            "2026-03-08",
            "1: in force since 2026-01-01",
        ),
        (
            eu().restores("jp", "2026-03-07"),
            "jp",
            "eu",
            "2026-03-08",
            "1: suspended since 2026-03-01T10:00:00Z by {eu}",
        ),
        (
            eu().restores("eu", "2026-03-07").suspends("jp", "2026-04-01"),
            "jp",
            "eu",
            "2026-04-02",
            "1: suspended since 2026-04-01 by {jp}",
        ),
        (
            eu().signs("eu", 0, "2026-03-07"),
            "jp",
            "eu",
            "2026-03-08",
            "1: suspended since 2026-03-01T10:00:00Z by {eu}",
        ),
    ]);
}

#[test]
fn an_end_needs_its_notice() {
    // The terms ask for sixty days of notice.
    let both = || Story::of(&[terms(json!({}))]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
    let enough = || both().ends("jp", "2026-07-01", "2026-03-01");
    let hasty = || both().ends("jp", "2026-03-02", "2026-03-01T15:00:00Z");
    let alone = || {
        let story = Story::of(&[terms(json!({"mode": "unilateral"}))]).signs("eu", 0, "2026-01-01");
        story.ends("eu", "2026-07-01", "2026-03-01")
    };
    let without = |effective: &str| {
        let terms = terms(json!({"noticeDays": 0}));
        let story = Story::of(&[terms]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
        story.ends("eu", effective, "2026-03-01T15:00:00Z")
    };
    check(vec![
        (enough(), "jp", "eu", "2026-06-30T23:59:59Z", "1: in force since 2026-01-01"),
        (enough(), "jp", "eu", "2026-07-01", "1: ended 2026-07-01 by jp"),
        (enough(), "eu", "jp", "2026-07-01", "1: ended 2026-07-01 by jp"),
        (hasty(), "jp", "eu", "2026-04-29", "1: in force since 2026-01-01"),
        (hasty(), "jp", "eu", "2026-04-30", "1: ended 2026-04-30 by jp"),
        (without("2026-03-01"), "jp", "eu", "2026-03-01T14:59:59Z", "1: in force since 2026-01-01"),
        (without("2026-03-01"), "jp", "eu", "2026-03-01T15:00:00Z", "1: ended 2026-03-01T15:00:00Z by eu"),
        (without("2026-03-02"), "jp", "eu", "2026-03-02", "1: ended 2026-03-02 by eu"),
        (enough().ends("eu", "2026-06-01", "2026-03-02"), "jp", "eu", "2026-07-02", "1: ended 2026-06-01 by eu"),
        (enough().signs("jp", 0, "2026-06-30"), "jp", "eu", "2026-07-15", "1: in force since 2026-01-01"),
        (enough().signs("jp", 0, "2026-07-01"), "jp", "eu", "2026-07-15", "1: ended 2026-07-01 by jp"),
        (enough().signs("eu", 0, "2026-06-30"), "jp", "eu", "2026-07-15", "1: ended 2026-07-01 by jp"),
        (enough().signs("jp", 0, "2026-08-01"), "jp", "eu", "2026-08-02", "1: ended 2026-07-01 by jp"),
        (
            enough().signs("jp", 0, "2026-08-01").signs("eu", 0, "2026-08-02"),
            "jp",
            "eu",
            "2026-08-02",
            "1: in force since 2026-08-02",
        ),
        (alone().signs("eu", 0, "2026-08-01"), "jp", "eu", "2026-07-31", "1: ended 2026-07-01 by eu"),
        (alone().signs("eu", 0, "2026-08-01"), "jp", "eu", "2026-08-01", "1: in force since 2026-08-01"),
        (enough().suspends("eu", "2026-05-01"), "jp", "eu", "2026-07-01", "1: ended 2026-07-01 by jp"),
    ]);
}

#[test]
fn a_newer_version_replaces_the_older_once_it_commences() {
    let first = terms(json!({}));
    let second = terms(json!({"version": 2, "from": "2026-06-01", "until": "2026-12-31"}));
    let both = || Story::of(&[first.clone(), second.clone()]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
    let signed = || both().signs("jp", 1, "2026-02-01").signs("eu", 1, "2026-03-01");
    check(vec![
        (both().signs("jp", 1, "2026-02-01"), "jp", "eu", "2026-07-01", "1: in force since 2026-01-01"),
        (signed(), "jp", "eu", "2026-05-31", "1: in force since 2026-01-01"),
        (signed(), "jp", "eu", "2026-06-01", "2: in force since 2026-06-01"),
        (signed(), "jp", "eu", "2027-01-01", "2: ended 2027-01-01"),
        (signed().suspends("eu", "2026-05-01"), "jp", "eu", "2026-06-02", "2: suspended since 2026-06-01 by {eu}"),
    ]);
}

#[test]
fn terms_are_in_force_only_while_nothing_stands_against_them() {
    let record = Story::of(&[terms(json!({}))])
        .signs("jp", 0, "2026-01-01")
        .signs("eu", 0, "2026-02-01")
        .suspends("jp", "2026-03-01")
        .told();
    let (jp, eu) = (name("jp"), name("eu"));
    let pair = Pair { from: &jp, to: &eu };
    let versions: Vec<Option<u32>> = ["2026-01-15", "2026-02-15", "2026-03-15"]
        .into_iter()
        .map(|when| terms_in_force(&record, pair, at(when)).map(|signed| signed.terms.version))
        .collect();
    assert_eq!(versions, [None, Some(1), None]);
}

#[test]
fn the_next_change_by_time_alone_is_foretold() {
    let second = terms(json!({"version": 2, "from": "2026-10-01"}));
    let record = Story::of(&[terms(json!({})), second])
        .signs("jp", 0, "2025-12-01")
        .signs("eu", 0, "2025-12-01")
        .ends("jp", "2026-09-01", "2026-05-01")
        .told();
    let (jp, eu) = (name("jp"), name("eu"));
    let pair = Pair { from: &jp, to: &eu };
    let mut instants = Vec::new();
    let mut now = at("2025-12-15");
    while let Some(next) = next_change(&record, pair, now) {
        instants.push(next);
        now = next;
    }
    let days = ["2026-01-01", "2026-10-01", "2028-01-01"];
    // What is not known yet cannot be foretold: the end is declared in May.
    assert_eq!(instants, days.map(at));
    assert_eq!(next_change(&record, pair, at("2026-05-01")), Some(at("2026-09-01")));
}
