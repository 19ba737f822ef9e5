//! What becomes of a recognition when its arrangement is suspended, restored, ended or replaced.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::{Value, json};

use crate::arrangement::Arrangement;
use crate::in_force::Pair;
use crate::recognised::RecognitionRecord;
use crate::recognition::fixture::{Case, Story, arrangement, at, jp_eu, name, record, told};
use crate::recognition::{Unseen, reassess, recognise};
use crate::verdict::{Change, Cover};

/// The bilateral arrangement with these effects for the rule from jp to eu.
fn terms(on_suspension: Value, on_end: Value) -> Arrangement {
    let mut terms = jp_eu();
    terms["rules"][0]["onSuspension"] = on_suspension;
    terms["rules"][0]["onEnd"] = on_end;
    arrangement(&terms, &json!({}))
}

fn window(days: u16) -> Value {
    json!({"transfer-window": {"days": days}})
}

fn both_signed(terms: &Arrangement) -> Story {
    let story = Story::of(std::slice::from_ref(terms));
    story.signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01")
}

/// A case whose recognition was recorded in March, before anything lapsed.
fn recognised_in_march(terms: &Arrangement) -> (Case, RecognitionRecord) {
    let case = Case::bilateral(&json!({})).under(both_signed(terms).told()).at("2026-03-01");
    let existing = case.recorded();
    assert_eq!(told(&existing.recognition), "recognised by to-eu");
    (case, existing)
}

/// What is made again of the March recognition at `when`, and when that must be looked at again.
fn later(terms: &Arrangement, story: Story, when: &str) -> (String, Option<String>) {
    let (case, existing) = recognised_in_march(terms);
    let case = case.under(story.told()).at(when);
    let again = reassess(Some(&existing), &case.foreign());
    (told(&again.recognition), again.due.map(|due| due.to_string()))
}

#[test]
fn suspension_and_end_do_what_the_rule_says() {
    let cease = || json!("cease");
    let keep = || json!("keep");
    let suspended = |terms: &Arrangement| both_signed(terms).suspends("eu", "2026-06-01T12:00:00Z");
    let ended = |terms: &Arrangement| both_signed(terms).ends("jp", "2026-06-01", "2026-03-02");
    let last_day = Some("2028-01-01T00:00:00Z");
    // (on suspension, on end, what happened, when it is looked at, what is made of it, when to look again)
    let rows = [
        (cease(), keep(), true, "2026-06-01T11:59:59Z", "recognised by to-eu", last_day),
        (cease(), keep(), true, "2026-06-01T12:00:00Z", "refused by to-eu: arrangement-suspended", last_day),
        (keep(), cease(), true, "2026-06-01T12:00:00Z", "recognised by to-eu: kept-while-suspended", last_day),
        (keep(), cease(), true, "2027-12-31", "recognised by to-eu: kept-while-suspended", last_day),
        (keep(), cease(), true, "2028-01-01", "refused by to-eu: arrangement-ended", Some("2028-02-01T00:00:00Z")),
        (
            window(10),
            cease(),
            true,
            "2026-06-01T12:00:00Z",
            "recognised by to-eu: transfer-window",
            Some("2026-06-11T12:00:00Z"),
        ),
        (
            window(10),
            cease(),
            true,
            "2026-06-11T11:59:59Z",
            "recognised by to-eu: transfer-window",
            Some("2026-06-11T12:00:00Z"),
        ),
        (window(10), cease(), true, "2026-06-11T12:00:00Z", "refused by to-eu: arrangement-suspended", last_day),
        (window(0), cease(), true, "2026-06-01T12:00:00Z", "refused by to-eu: arrangement-suspended", last_day),
        (keep(), cease(), false, "2026-05-31", "recognised by to-eu", Some("2026-06-01T00:00:00Z")),
        (keep(), cease(), false, "2026-06-01", "refused by to-eu: arrangement-ended", last_day),
        (cease(), keep(), false, "2027-06-01", "recognised by to-eu: kept-after-end", last_day),
        (
            cease(),
            window(30),
            false,
            "2026-06-30",
            "recognised by to-eu: transfer-window",
            Some("2026-07-01T00:00:00Z"),
        ),
        (cease(), window(30), false, "2026-07-01", "refused by to-eu: arrangement-ended", last_day),
    ];
    for (on_suspension, on_end, by_suspension, when, outcome, due) in rows {
        let terms = terms(on_suspension.clone(), on_end.clone());
        let story = if by_suspension { suspended(&terms) } else { ended(&terms) };
        let found = later(&terms, story, when);
        let about = format!("{on_suspension} / {on_end} at {when}");
        assert_eq!(found, (outcome.to_owned(), due.map(str::to_owned)), "{about}");
    }
}

#[test]
fn only_what_was_recognised_before_is_kept() {
    let terms = terms(json!("keep"), json!("keep"));
    let story = || both_signed(&terms).suspends("jp", "2026-06-01");
    let case = Case::bilateral(&json!({})).under(story().told()).at("2026-06-02");
    // Met for the first time after the suspension.
    assert_eq!(told(&recognise(&case.foreign())), "refused by to-eu: arrangement-suspended");
    // Refused before for a reason of the rule.
    let (mut foreign, _) = recognised_in_march(&terms);
    foreign.verdict = crate::recognition::fixture::verdict(
        &crate::recognition::fixture::organization(),
        &json!({"viewpoints": ["people-and-things"]}),
    );
    let refused = foreign.recorded();
    let again = foreign.under(story().told()).at("2026-06-02");
    assert_eq!(
        told(&reassess(Some(&refused), &again.foreign()).recognition),
        "refused by to-eu: no-viewpoint-covered, arrangement-suspended",
    );
}

#[test]
fn a_kept_recognition_lives_on_from_record_to_record() {
    let terms = terms(json!("keep"), json!("cease"));
    let story = || both_signed(&terms).suspends("jp", "2026-06-01");
    let (case, march) = recognised_in_march(&terms);
    let step = |case: &Case, before: &RecognitionRecord, expected: &str| {
        let again = reassess(Some(before), &case.foreign()).recognition;
        assert_eq!(told(&again), expected, "{}", again.explanation);
        record(again, case.at)
    };
    let case = case.under(story().told()).at("2026-06-02");
    let kept = step(&case, &march, "recognised by to-eu: kept-while-suspended");
    // The body suspends the verdict: refused at once. It restores it: kept again, although the arrangement still rests.
    let case = case.then("2026-06-03", Change::Suspended).at("2026-06-03");
    let refused = step(&case, &kept, "refused by to-eu: verdict-suspended, kept-while-suspended");
    let case = case.then("2026-06-04", Change::Restored).at("2026-06-04");
    let kept = step(&case, &refused, "recognised by to-eu: kept-while-suspended");
    // The parties restore the arrangement: in force as if nothing had happened.
    let case = case.under(story().restores("jp", "2026-06-05").told()).at("2026-06-05");
    let back = step(&case, &kept, "recognised by to-eu");
    // It ends: the rule says cease.
    let end = story().restores("jp", "2026-06-05").ends("eu", "2026-09-01", "2026-06-06");
    let case = case.under(end.told()).at("2026-09-01");
    step(&case, &back, "refused by to-eu: arrangement-ended");
}

#[test]
fn an_end_after_a_suspension_follows_the_rule_on_ends() {
    let terms = terms(json!("keep"), json!("cease"));
    let story = both_signed(&terms).suspends("eu", "2026-04-01").ends("eu", "2026-06-01", "2026-04-01");
    assert_eq!(later(&terms, story, "2026-06-01").0, "refused by to-eu: arrangement-ended");
}

#[test]
fn what_is_added_after_the_lapse_does_not_count() {
    let terms = terms(json!("keep"), json!("cease"));
    let (case, march) = recognised_in_march(&terms);
    let suspended = case.under(both_signed(&terms).suspends("jp", "2026-06-01").told());
    let wider = Cover {
        scope: name("more of it"),
        viewpoints: Some(
            [crate::viewpoint::Viewpoint::Organization, crate::viewpoint::Viewpoint::Process].into_iter().collect(),
        ),
        level: None,
        sites: None,
        exclusions: None,
    };
    let extended = suspended.clone().then("2026-06-02", Change::ScopeExtended(Box::new(wider))).at("2026-06-03");
    let kept = reassess(Some(&march), &extended.foreign()).recognition;
    assert_eq!(told(&kept), "partial by to-eu: kept-while-suspended, added-since-lapse");
    assert_eq!(kept.viewpoints.to_string(), "organization");

    let renewed = suspended.then("2026-06-02", Change::Renewed { valid_until: name("2030-01-31") }).at("2026-06-03");
    let kept = reassess(Some(&march), &renewed.foreign()).recognition;
    assert_eq!(told(&kept), "partial by to-eu: kept-while-suspended, added-since-lapse");
    assert_eq!(kept.valid_until, Some(name("2028-01-31")));
}

#[test]
fn another_arrangement_in_force_carries_a_verdict_on() {
    let terms = terms(json!("cease"), json!("cease"));
    let (case, march) = recognised_in_march(&terms);
    let mut case = case.under(both_signed(&terms).suspends("jp", "2026-06-01").told()).at("2026-06-02");
    let spare = arrangement(&jp_eu(), &json!({"id": "spare"}));
    case.arrangements.push(Arc::new(crate::recognition::fixture::signed(&spare, &["jp", "eu"])));
    let again = reassess(Some(&march), &case.foreign()).recognition;
    assert_eq!(told(&again), "recognised by to-eu");
    assert_eq!(again.arrangement.unwrap().id, name("spare"));
}

#[test]
fn a_new_version_replaces_the_old_one_for_what_rested_on_it() {
    let old = terms(json!("keep"), json!("keep"));
    let mut narrower = jp_eu();
    narrower["version"] = json!(2);
    narrower["from"] = json!("2026-06-01");
    narrower["rules"][0]["viewpoints"] = json!(["process"]);
    let new = arrangement(&narrower, &json!({}));
    let story = Story::of(&[old.clone(), new])
        .signs("jp", 0, "2026-01-01")
        .signs("eu", 0, "2026-01-01")
        .signs("jp", 1, "2026-05-01")
        .signs("eu", 1, "2026-05-01");
    let (_, march) = recognised_in_march(&old);
    let case = Case::bilateral(&json!({})).under(story.told());
    let before = reassess(Some(&march), &case.clone().at("2026-05-31").foreign());
    assert_eq!(told(&before.recognition), "recognised by to-eu");
    assert_eq!(before.due, Some(at("2026-06-01")));
    let after = reassess(Some(&march), &case.at("2026-06-01").foreign()).recognition;
    assert_eq!(told(&after), "refused by to-eu: no-viewpoint-covered");
}

#[test]
fn what_rested_on_a_replaced_version_is_not_kept_by_the_new_one() {
    let old = terms(json!("keep"), json!("keep"));
    let new = Arrangement { version: 2, ..old.clone() };
    let story = Story::of(&[old.clone(), new])
        .signs("jp", 0, "2026-01-01")
        .signs("eu", 0, "2026-01-01")
        .suspends("eu", "2026-05-01")
        .signs("jp", 1, "2026-05-02")
        .signs("eu", 1, "2026-05-03");
    let expected = [
        ("2026-05-02", "recognised by to-eu: kept-while-suspended"),
        ("2026-05-03", "refused by to-eu: arrangement-suspended"),
    ];
    for (when, outcome) in expected {
        let (case, march) = recognised_in_march(&old);
        let case = case.under(story.clone().told()).at(when);
        assert_eq!(told(&reassess(Some(&march), &case.foreign()).recognition), outcome, "{when}");
    }
}

#[test]
fn time_alone_changes_an_answer_only_when_due() {
    let (case, existing) = recognised_in_march(&terms(json!("keep"), json!("keep")));
    let mut case = case.at("2026-01-15");
    for (due, outcome) in [
        ("2026-02-01", "refused by to-eu: verdict-not-yet-valid"),
        ("2028-01-01", "recognised by to-eu"),
        ("2028-02-01", "recognised by to-eu: kept-after-end"),
    ] {
        let again = reassess(Some(&existing), &case.foreign());
        assert_eq!(told(&again.recognition), outcome);
        assert_eq!(again.due, Some(at(due)));
        case = case.at(due);
    }
    let last = reassess(Some(&existing), &case.foreign());
    assert_eq!(told(&last.recognition), "refused by to-eu: verdict-expired, kept-after-end");
    assert_eq!(last.due, None);
}

/// What is made of the March recognition at `when`, its verdict unseen.
fn unseen(terms: &Arrangement, story: Story, when: &str, all_shown: bool) -> (String, Option<String>) {
    let (case, existing) = recognised_in_march(terms);
    let case = case.under(story.told()).at(when);
    let foreign = case.foreign();
    let pair = Pair { from: foreign.origin, to: foreign.own };
    let (existing, arrangements) = (&*existing.recognition, foreign.arrangements);
    let again = Unseen { existing, pair, arrangements, at: foreign.at, all_shown }.reassess();
    let twice = Unseen { existing: &again.recognition, pair, arrangements, at: foreign.at, all_shown }.reassess();
    assert_eq!(twice.recognition, again.recognition, "what was stated once is not stated again");
    (told(&again.recognition), again.due.map(|due| due.to_string()))
}

#[test]
fn what_cannot_be_seen_follows_our_own_log_all_the_same() {
    let (cease, keep) = (|| json!("cease"), || json!("keep"));
    let suspended = |terms: &Arrangement| both_signed(terms).suspends("eu", "2026-06-01T12:00:00Z");
    let ended = |terms: &Arrangement| both_signed(terms).ends("jp", "2026-06-01", "2026-03-02");
    let last_day = Some("2028-01-01T00:00:00Z");
    let window_end = Some("2026-06-11T12:00:00Z");
    // (on suspension, on end, what happened, when, all shown?, what is made of it, when to look again)
    type Told<'a> = &'a dyn Fn(&Arrangement) -> Story;
    let rows: [(Value, Value, Told<'_>, &str, bool, &str, Option<&str>); 11] = [
        (cease(), cease(), &both_signed, "2026-06-02", false, "recognised by to-eu", last_day),
        (cease(), cease(), &both_signed, "2026-06-02", true, "refused by to-eu: verdict-not-shown", None),
        (cease(), keep(), &both_signed, "2028-02-01", false, "refused by to-eu: verdict-expired", None),
        (cease(), keep(), &suspended, "2026-06-02", false, "refused by to-eu: arrangement-suspended", None),
        (cease(), keep(), &suspended, "2026-06-02", true, "refused by to-eu: arrangement-suspended", None),
        (keep(), cease(), &suspended, "2026-06-02", true, "recognised by to-eu", last_day),
        (window(10), cease(), &suspended, "2026-06-02", true, "recognised by to-eu", window_end),
        (window(10), cease(), &suspended, "2026-06-12", false, "refused by to-eu: arrangement-suspended", None),
        (keep(), cease(), &ended, "2026-06-02", false, "refused by to-eu: arrangement-ended", None),
        (cease(), keep(), &ended, "2026-06-02", true, "recognised by to-eu", last_day),
        (keep(), keep(), &ended, "2028-02-01", true, "refused by to-eu: verdict-expired", None),
    ];
    for (on_suspension, on_end, story, when, all_shown, answer, due) in rows {
        let terms = terms(on_suspension.clone(), on_end.clone());
        let found = unseen(&terms, story(&terms), when, all_shown);
        assert_eq!(
            (found.0.as_str(), found.1.as_deref()),
            (answer, due),
            "{on_suspension} {on_end} {when} {all_shown}"
        );
    }
}

#[test]
fn what_cannot_be_seen_ends_where_a_new_version_leaves_its_scheme_out() {
    let terms = terms(json!("keep"), json!("keep"));
    let mut narrower = Arrangement::clone(&terms);
    narrower.version = 2;
    let wider = narrower.clone();
    for rule in &mut narrower.rules {
        rule.scheme = name("moons@1");
    }
    for (new, answer) in [(narrower, "refused by to-eu: no-longer-covered"), (wider, "recognised by to-eu")] {
        let story = Story::of(&[terms.clone(), new]).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
        let story = story.signs("jp", 1, "2026-05-01").signs("eu", 1, "2026-05-01");
        assert_eq!(unseen(&terms, story, "2026-06-02", false).0, answer);
    }
}
