//! What an offer becomes where it takes the place of another: a row for each.

#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use conformity::verdict::HistoryItem;
use serde_json::json;

use super::*;

const NOW: &str = "2026-06-01T00:00:00Z";
const ONE: &str = "BPNL0000000001AB";
const OTHER: &str = "BPNL0000000009ZZ";

/// Granted by entry 7 and looked at by entry 8: its second issue, for whom it was offered to before.
fn verdict() -> VerdictRecord {
    let terms = json!({
        "verdict": "V-1", "scheme": "star@1",
        "supplier": {"id": "corporate-number:7000012050002", "name": "Example KK", "country": "JP"},
        "object": {"kind": "organization", "name": "Example KK"}, "viewpoints": ["organization"], "scope": "all of it",
        "validFrom": "2026-01-01", "validUntil": "2028-12-31", "profile": "open", "provenance": "decided",
    });
    let item = |index: u64, what: &str| -> HistoryItem {
        let at = "2026-01-02T03:04:05Z";
        serde_json::from_value(json!({"index": index, "at": at, "effective": at, "what": what, "by": "cb-1"})).unwrap()
    };
    let granted = VerdictRecord::new(Arc::new(serde_json::from_value(terms).unwrap()), item(7, "granted"));
    granted.after(item(8, "surveillance-overdue")).unwrap()
}

fn offer(changes: &serde_json::Value) -> Offer {
    let mut offer = json!({
        "certificateType": "isoiec27001",
        "certifiedLocations": [{"bpnl": ONE, "bpna": "BPNA00000001AXS0", "locationRole": "MAIN_LOCATION"}],
    });
    for (name, value) in changes.as_object().unwrap() {
        offer[name] = value.clone();
    }
    serde_json::from_value(offer).unwrap()
}

/// What is offered after one offer took the place of the one before, each put three entries later.
fn after(all: &[serde_json::Value]) -> Offer {
    let mut last: Option<Offer> = None;
    for (turn, changes) in all.iter().enumerate() {
        let size = 9 + 3 * u64::try_from(turn).unwrap();
        last = Some(offer(changes).put_after(last.as_ref(), &verdict(), (size, NOW.parse().unwrap())));
    }
    last.unwrap()
}

fn is_now(offer: &Offer) -> (u64, u64, bool) {
    let Edition { spell, revision, became } = edition(&verdict(), offer.offering, NOW.parse().unwrap()).unwrap();
    (spell, revision, became != bridges::catena_x::Lifecycle::Withdrawn)
}

#[test]
fn what_an_offer_says_makes_another_certificate_another_issue_or_the_same() {
    let place = |bpna: &str, area: Option<&str>| {
        let mut place = json!({"bpnl": ONE, "bpna": bpna, "locationRole": "MAIN_LOCATION"});
        if let Some(area) = area {
            place["areaOfApplication"] = json!(area);
        }
        json!({"certifiedLocations": [place]})
    };
    let (plain, back, list) = (json!({}), json!({"withdrawn": true}), |all: &[&str]| json!({"partners": all}));
    let rows = [
        ("put", vec![plain.clone()], (1, 1, true)),
        ("put again", vec![plain.clone(), plain.clone()], (1, 1, true)),
        ("taken back", vec![plain.clone(), back.clone()], (1, 1, false)),
        ("taken back twice", vec![plain.clone(), back.clone(), back.clone()], (1, 1, false)),
        ("taken back and put again", vec![plain.clone(), back, plain.clone()], (2, 1, true)),
        ("another edition", vec![plain.clone(), json!({"certificateTypeVersion": "2022"})], (1, 2, true)),
        ("another issuer", vec![plain.clone(), json!({"issuerBpn": OTHER}), plain.clone()], (1, 3, true)),
        ("other words of a place", vec![plain.clone(), place("BPNA00000001AXS0", Some("welding"))], (1, 2, true)),
        ("another place", vec![plain.clone(), place("BPNA00000002AXS0", None)], (2, 1, true)),
        ("another type", vec![plain.clone(), json!({"certificateType": "iso9001"})], (2, 1, true)),
        ("for another partner, too", vec![list(&[ONE]), list(&[ONE, OTHER])], (1, 1, true)),
        ("for one less", vec![list(&[ONE, OTHER]), list(&[ONE])], (1, 1, true)),
        ("who left comes back", vec![list(&[ONE, OTHER]), list(&[ONE]), list(&[ONE, OTHER])], (2, 1, true)),
        ("everybody comes back", vec![plain.clone(), list(&[ONE]), plain.clone()], (2, 1, true)),
        ("one of everybody comes back", vec![plain, list(&[ONE]), list(&[ONE, OTHER])], (2, 1, true)),
    ];
    for (what, all, expected) in rows {
        assert_eq!(is_now(&after(&all)), expected, "{what}");
    }
}

#[test]
fn whoever_left_is_remembered_up_to_a_bound_and_then_as_everybody() {
    let number = |index: usize| -> LegalEntity { format!("BPNL{index:0>12}").parse().unwrap() };
    let all: Vec<LegalEntity> = (0..PARTNERS_MAX).map(number).collect();
    let stranger = number(9_999);
    let narrowed = after(&[json!({"partners": all}), json!({"partners": [stranger]})]);
    assert_eq!((narrowed.left.of(&all[0]), narrowed.left.of(&stranger)), (Some(1), None));
    let nobody = number(9_998);
    let narrowed = after(&[json!({"partners": all}), json!({"partners": [stranger]}), json!({"partners": [nobody]})]);
    assert_eq!((narrowed.left.of(&all[0]), narrowed.left.of(&stranger)), (Some(1), Some(1)));
    assert!(narrowed.left.partners.is_empty(), "more than are remembered one by one");
}

#[test]
fn a_removed_offer_is_one_that_was_taken_back_and_its_number_is_not_given_again() {
    let ended = after(&[json!({})]).ended(20);
    assert_eq!(is_now(&ended), (1, 1, false));
    let again = offer(&json!({})).put_after(Some(&ended), &verdict(), (30, NOW.parse().unwrap()));
    assert_eq!(is_now(&again), (2, 1, true));
}

#[test]
fn what_the_standard_does_not_carry_is_not_offered() {
    for edition in ["", "2022\n", &"x".repeat(501)] {
        assert!(offer(&json!({"certificateTypeVersion": edition})).checked().is_err(), "{edition:?}");
    }
    assert!(offer(&json!({"certificateTypeVersion": "2022"})).checked().is_ok());
}
