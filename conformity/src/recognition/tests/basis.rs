//! What a lapse where a verdict was granted makes of it here: a window is told, and closes by our own clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::json;

use crate::in_force::Pair;
use crate::lapsed::{BasisChange, Cause, CauseKind, Consequence, Lapsed};
use crate::recognition::fixture::{Case, Story, arrangement, at, jp_eu, name, told};
use crate::recognition::{Unseen, reassess};
use crate::verdict::{Change, Happening, HistoryItem};

/// The bilateral case after the issuing registry stated this of the verdict.
fn lapsed(consequence: Consequence) -> Case {
    stated(
        BasisChange::Lapsed(Lapsed { cause: cause(), since: at("2026-06-01"), consequence }),
        Case::bilateral(&json!({})),
    )
}

const fn cause() -> Cause {
    Cause { what: CauseKind::AccreditationWithdrawn, entry: 7 }
}

fn stated(change: BasisChange, mut case: Case) -> Case {
    let (when, by) = (at("2026-06-01"), name("node"));
    let what = Happening::BasisChanged(Arc::new(change));
    let item = HistoryItem {
        index: 30,
        at: when,
        effective: when,
        what,
        reason: None,
        legal_basis: None,
        by,
        voided: None,
        approved: None,
        recommended_by: None,
        in_place_of: None,
    };
    case.verdict = case.verdict.after(item).unwrap();
    case
}

#[test]
fn each_consequence_has_its_gap_and_a_window_closes_without_a_word() {
    let until = at("2026-08-01T12:00:00Z");
    let window = Consequence::TransferWindow { until };
    let last_day = Some("2028-01-01T00:00:00Z");
    // (consequence, when it is looked at, what is made of it, when to look again)
    let rows = [
        (Consequence::Keep, "2026-07-01", "recognised by to-eu: basis-kept", last_day),
        (window, "2026-07-01", "recognised by to-eu: basis-window", Some("2026-08-01T12:00:00Z")),
        (window, "2026-08-01T11:59:59Z", "recognised by to-eu: basis-window", Some("2026-08-01T12:00:00Z")),
        (window, "2026-08-01T12:00:00Z", "refused by to-eu: basis-lapsed", last_day),
        (Consequence::Cease, "2026-07-01", "refused by to-eu: basis-lapsed", last_day),
    ];
    for (consequence, when, expected, due) in rows {
        let case = lapsed(consequence).at(when);
        let again = reassess(None, &case.foreign());
        let due = due.map(str::to_owned);
        assert_eq!(
            (told(&again.recognition), again.due.map(|due| due.to_string())),
            (expected.to_owned(), due),
            "{when}"
        );
    }
}

#[test]
fn a_registry_that_states_no_lapse_keeps_nothing_in_force() {
    let lapse = |since: &str, consequence| Lapsed { cause: cause(), since: at(since), consequence };
    let until = at("2026-08-01T12:00:00Z");
    let window = lapse("2026-06-01", Consequence::TransferWindow { until });
    let ceased = lapse("2026-06-01", Consequence::Cease);
    let kept = lapse("2026-06-01", Consequence::Keep);
    // (why, what it stated, what its records give, when it is looked at, what is made of the verdict)
    let rows = [
        ("nothing stated, and the window is open", None, window, "2026-07-01", "recognised by to-eu: basis-window"),
        ("nothing stated, and it closed", None, window, "2026-08-02", "refused by to-eu: basis-lapsed"),
        ("nothing stated, and it ceased", None, ceased, "2026-07-01", "refused by to-eu: basis-lapsed"),
        (
            "stated as kept, and it ceased",
            Some(Consequence::Keep),
            ceased,
            "2026-07-01",
            "refused by to-eu: basis-lapsed",
        ),
        ("stated as ceased, and kept", Some(Consequence::Cease), kept, "2026-07-01", "refused by to-eu: basis-lapsed"),
    ];
    for (why, said, given, when, expected) in rows {
        let case = said.map_or_else(|| Case::bilateral(&json!({})), lapsed);
        let case = case.resting(given, None).at(when);
        assert_eq!(told(&case.recognise()), expected, "{why}");
    }
    // The next day on which an accreditation ends is looked at, whatever else happens.
    let case = Case::bilateral(&json!({})).resting(kept, Some("2026-09-01")).at("2026-07-01");
    assert_eq!(reassess(None, &case.foreign()).due, Some(at("2026-09-01")));
}

#[test]
fn a_window_closes_though_the_verdict_is_not_shown_any_more() {
    let mut terms = jp_eu();
    terms["rules"][0]["onSuspension"] = json!("keep");
    let terms = arrangement(&terms, &json!({}));
    let story = Story::of(std::slice::from_ref(&terms)).signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-01");
    let until = at("2026-09-01");
    let existing = lapsed(Consequence::TransferWindow { until }).under(story.clone().told()).recognise();
    let arrangements = [Arc::new(story.suspends("jp", "2026-08-01").told())];
    let (jp, eu) = (name("jp"), name("eu"));
    let unseen = |when: &str| {
        let pair = Pair { from: &jp, to: &eu };
        Unseen { existing: &existing, pair, arrangements: &arrangements, at: at(when), all_shown: true }.reassess()
    };
    let kept = unseen("2026-08-31");
    assert_eq!((told(&kept.recognition).as_str(), kept.due), ("recognised by to-eu: basis-window", Some(until)));
    assert_eq!(told(&unseen("2026-09-01").recognition), "refused by to-eu: basis-lapsed");
}

#[test]
fn what_holds_again_and_what_is_over_anyway_has_no_such_gap() {
    let again = stated(BasisChange::Holds(cause()), lapsed(Consequence::Cease));
    assert_eq!(told(&again.recognise()), "recognised by to-eu");
    let suspended = lapsed(Consequence::Cease).then("2026-06-02", Change::Suspended);
    assert_eq!(told(&suspended.recognise()), "refused by to-eu: verdict-suspended");
}

#[test]
fn a_window_says_what_would_help() {
    let recognition = lapsed(Consequence::TransferWindow { until: at("2026-08-01") }).recognise();
    let words = "the accreditation of its body is withdrawn; it stays in force until 2026-08-01T00:00:00Z; it holds again once a body";
    assert!(recognition.explanation.as_str().contains(words), "{}", recognition.explanation);
}
