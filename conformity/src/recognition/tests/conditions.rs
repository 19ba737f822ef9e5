//! What a rule asks beside what it is about: surveillance that is not too old, certain sectors, certain sites.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::{Value, json};

use crate::in_force::Pair;
use crate::recognition::fixture::{Case, Story, arrangement, at, item, jp_eu, name, record, signed, told};
use crate::recognition::{Unseen, reassess};
use crate::verdict::{Change, Cover, Happening};

/// A verdict of jp with `of_verdict`, seen by eu under the rule with `of_rule`.
fn case(of_rule: &Value, of_verdict: &Value) -> Case {
    Case::bilateral(of_verdict).under(signed(&terms(of_rule), &["jp", "eu"]))
}

fn terms(of_rule: &Value) -> crate::arrangement::Arrangement {
    let mut terms = jp_eu();
    for (member, value) in of_rule.as_object().unwrap() {
        terms["rules"][0][member] = value.clone();
    }
    arrangement(&terms, &json!({}))
}

fn within(months: u16) -> Value {
    json!({"requires": {"surveillanceWithinMonths": months}})
}

/// After an audit body reported on the days up to `to`.
fn reported(mut case: Case, to: &str, outcome: &str) -> Case {
    let index = 20 + case.verdict.history.len() as u64;
    let report = json!({"report": format!("R-{index}"), "verdict": "V-1", "period": {"from": "2026-02-01", "to": to},
                        "outcome": outcome, "recommendation": "none"});
    let report = Happening::Reported(Arc::new(serde_json::from_value(report).unwrap()));
    case.verdict = case.verdict.after(item(index, to, report)).unwrap();
    case
}

fn overdue(mut case: Case) -> Case {
    case.verdict = case.verdict.after(item(19, "2026-06-01", Happening::SurveillanceOverdue)).unwrap();
    case
}

/// After its scope was changed to cover these sites.
fn moved(case: Case, sites: Value) -> Case {
    let cover: Cover = serde_json::from_value(json!({"scope": "as changed", "sites": sites})).unwrap();
    case.then("2026-06-01", Change::ScopeExtended(Box::new(cover)))
}

fn check(rows: Vec<(&str, Case, &str)>) {
    for (about, case, expected) in rows {
        let recognition = case.recognise();
        assert_eq!(told(&recognition), expected, "{about}: {}", recognition.explanation);
    }
}

#[test]
fn surveillance_must_not_be_older_than_the_rule_says() {
    // Granted from 1 February on; looked at from 1 July on, where nothing else is said.
    let year = || case(&within(12), &json!({}));
    let quarter = || case(&within(3), &json!({}));
    let too_old = "refused by to-eu: surveillance-too-old";
    check(vec![
        ("the assessment itself counts as looking", year(), "recognised by to-eu"),
        ("for as long as the rule says", year().at("2027-02-01T23:59:59Z"), "recognised by to-eu"),
        ("and no longer", year().at("2027-02-02"), too_old),
        ("a shorter term", quarter(), too_old),
        (
            "a conforming report begins the months anew",
            reported(quarter(), "2026-06-01", "conforming"),
            "recognised by to-eu",
        ),
        ("one that found something does not", reported(quarter(), "2026-06-01", "finding"), too_old),
        (
            "nor does it undo a conforming one",
            reported(reported(quarter(), "2026-06-01", "conforming"), "2026-06-20", "finding"),
            "recognised by to-eu",
        ),
        (
            "a report on days before the grant counts no less than the grant",
            reported(year(), "2025-01-01", "conforming"),
            "recognised by to-eu",
        ),
        ("overdue by its own scheme", overdue(year()), "refused by to-eu: surveillance-overdue"),
        ("and reported on since", reported(overdue(year()), "2026-06-20", "conforming"), "recognised by to-eu"),
        ("without the condition nothing of it matters", overdue(case(&json!({}), &json!({}))), "recognised by to-eu"),
        (
            "a month shorter than the day counts by its last day",
            case(&within(1), &json!({"validFrom": "2026-01-31"})).at("2026-02-28T23:59:59Z"),
            "recognised by to-eu",
        ),
    ]);
}

#[test]
fn time_alone_makes_surveillance_too_old_and_is_foretold() {
    let case = case(&within(12), &json!({}));
    let now = reassess(None, &case.foreign());
    assert_eq!(now.due, Some(at("2027-02-02")), "not before, and not only when the verdict ends");
    assert_eq!(now.recognition.surveilled, Some(name("2026-02-01")));
    let later = case.clone().at("2027-02-02");
    let again = reassess(Some(&case.recorded()), &later.foreign());
    assert_eq!(told(&again.recognition), "refused by to-eu: surveillance-too-old");
    let existing = later.recorded();
    let seen = reassess(Some(&existing), &reported(later, "2027-01-20", "conforming").foreign());
    assert_eq!(told(&seen.recognition), "recognised by to-eu");
}

#[test]
fn what_is_kept_over_a_lapse_is_kept_by_the_same_conditions() {
    let terms = terms(&json!({"requires": {"surveillanceWithinMonths": 12}, "onSuspension": "keep"}));
    let story = || Story::of(std::slice::from_ref(&terms)).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
    let before = Case::bilateral(&json!({})).under(story().told());
    let existing = before.recorded();
    let lapsed = before.under(story().suspends("jp", "2026-08-01").told());
    let told_at = |case: &Case| told(&reassess(Some(&existing), &case.foreign()).recognition);
    assert_eq!(told_at(&lapsed.clone().at("2027-02-01")), "recognised by to-eu: kept-while-suspended");
    let old = lapsed.at("2027-02-02");
    let refused = reassess(Some(&existing), &old.foreign()).recognition;
    assert_eq!(told(&refused), "refused by to-eu: surveillance-too-old, kept-while-suspended");
    let refused = record(refused, old.at);
    let seen = reported(old, "2027-01-20", "conforming");
    let again = reassess(Some(&refused), &seen.foreign()).recognition;
    assert_eq!(told(&again), "recognised by to-eu: kept-while-suspended");
}

#[test]
fn a_verdict_that_is_not_shown_any_more_becomes_too_old_all_the_same() {
    let terms = terms(&json!({"requires": {"surveillanceWithinMonths": 12}, "onSuspension": "keep"}));
    let story = Story::of(std::slice::from_ref(&terms)).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
    let existing = Case::bilateral(&json!({})).under(story.clone().told()).recognise();
    let arrangements = [Arc::new(story.suspends("jp", "2026-08-01").told())];
    let (jp, eu) = (name("jp"), name("eu"));
    let unseen = |when: &str| {
        let pair = Pair { from: &jp, to: &eu };
        Unseen { existing: &existing, pair, arrangements: &arrangements, at: at(when), all_shown: true }.reassess()
    };
    let kept = unseen("2027-02-01");
    assert_eq!((told(&kept.recognition).as_str(), kept.due), ("recognised by to-eu", Some(at("2027-02-02"))));
    assert_eq!(told(&unseen("2027-02-02").recognition), "refused by to-eu: surveillance-too-old");
}

#[test]
fn a_rule_for_sectors_covers_no_other() {
    let rule = json!({"sectors": ["isic4.C", "isic4.J"]});
    let of = |sectors: Value| case(&rule, &json!({"sectors": sectors}));
    check(vec![
        ("one of them", of(json!(["isic4.C"])), "recognised by to-eu"),
        ("both, in another order", of(json!(["isic4.J", "isic4.C"])), "recognised by to-eu"),
        ("one of two", of(json!(["isic4.C", "isic4.K"])), "partial by to-eu: sector-not-covered"),
        ("none of them", of(json!(["isic4.K"])), "refused by to-eu: no-sector-covered"),
        ("a code is not part of another", of(json!(["isic4.C26"])), "refused by to-eu: no-sector-covered"),
        ("a verdict without sectors", of(json!([])), "refused by to-eu: sectors-not-stated"),
        ("a rule without sectors", case(&json!({}), &json!({"sectors": ["isic4.K"]})), "recognised by to-eu"),
    ]);
}

#[test]
fn a_rule_that_names_bodies_and_countries_covers_no_others() {
    let rule = json!({"bodies": ["body", "guest-body"], "countries": ["MM"]});
    let of =
        |country: Value| json!({"supplier": {"id": "lei:5493001KJTIIGC8Y1R12", "name": "Works", "country": country}});
    let others = json!({"bodies": ["guest-body"], "countries": ["MM"]});
    check(vec![
        ("both as named", case(&rule, &of(json!("MM"))), "recognised by to-eu"),
        ("in another country", case(&rule, &of(json!("JP"))), "refused by to-eu: country-not-covered"),
        ("by another body", case(&others, &of(json!("MM"))), "refused by to-eu: body-not-named"),
        ("neither", case(&others, &of(json!("JP"))), "refused by to-eu: body-not-named, country-not-covered"),
    ]);
}

#[test]
fn a_rule_for_sites_covers_no_other() {
    let rule = json!({"sites": {"countries": ["JP"], "named": ["Hanoi"]}});
    let site = |name: &str, country: &str| json!({"name": name, "country": country});
    let of = |sites: Value| case(&rule, &json!({"sites": sites}));
    check(vec![
        ("in the country", of(json!([site("Osaka", "JP")])), "recognised by to-eu"),
        ("named, wherever it lies", of(json!(["Hanoi", site("Osaka", "JP")])), "recognised by to-eu"),
        ("one of two", of(json!([site("Osaka", "JP"), site("Reno", "US")])), "partial by to-eu: site-not-covered"),
        ("in another country", of(json!([site("Reno", "US")])), "refused by to-eu: no-site-covered"),
        ("no country is read out of a name", of(json!(["Osaka, JP"])), "refused by to-eu: no-site-covered"),
        ("a verdict without sites", of(json!([])), "refused by to-eu: sites-not-stated"),
        ("a rule without sites", case(&json!({}), &json!({"sites": ["Reno"]})), "recognised by to-eu"),
        (
            "a site that was added counts",
            moved(of(json!(["Reno"])), json!(["Reno", "Hanoi"])),
            "partial by to-eu: site-not-covered",
        ),
    ]);
}

#[test]
fn a_verdict_for_other_sectors_is_none_of_the_rules_business() {
    let terms = terms(&json!({"sectors": ["isic4.C"], "discloses": ["scope"]}));
    let about = |sectors: Value| {
        let case = Case::bilateral(&json!({"sectors": sectors}));
        terms.rules[0].is_about(&case.verdict)
    };
    assert!(about(json!(["isic4.C", "isic4.K"])));
    assert!(!about(json!(["isic4.K"])) && !about(json!([])), "nothing of it travels");
    let of = |rule: Value| self::terms(&rule).rules[0].is_about(&Case::bilateral(&json!({})).verdict);
    assert!(
        of(json!({"bodies": ["body"]})) && !of(json!({"bodies": ["other"]})),
        "nor of what others than those named granted"
    );
}
