//! Which certificate a verdict is: a row for each course that it can take.

use std::collections::BTreeSet;
use std::sync::Arc;

use bridges::catena_x::Lifecycle::{self, Created, Modified, Withdrawn};
use bridges::catena_x::edition::{Edition, Offering, Stage, edition, next, turns};
use conformity::lapsed::{BasisChange, Cause, CauseKind, Consequence, Lapsed};
use conformity::verdict::{Change, Happening, HistoryItem, Verdict, VerdictRecord, Voiding};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// The entry of the grant; each one that follows has the next index, a day later.
const GRANTED: u64 = 10;

fn at(index: u64) -> Timestamp {
    "2026-02-01T00:00:00Z".parse::<Timestamp>().unwrap()
        + SignedDuration::from_hours(24 * i64::try_from(index).unwrap())
}

fn item(index: u64, what: Happening) -> HistoryItem {
    HistoryItem {
        index,
        at: at(index),
        effective: at(index),
        what,
        reason: None,
        legal_basis: None,
        by: "body".parse().unwrap(),
        voided: None,
        approved: None,
        recommended_by: None,
        in_place_of: None,
    }
}

fn granted(provenance: serde_json::Value) -> VerdictRecord {
    let terms: Verdict = serde_json::from_value(json!({
        "verdict": "V-1", "scheme": "star@1",
        "supplier": {"id": "corporate-number:7000012050002", "name": "Example KK", "country": "JP"},
        "object": {"kind": "organization", "name": "Example KK"},
        "viewpoints": ["organization"], "scope": "all of it",
        "validFrom": "2026-02-01", "validUntil": "2028-01-31", "profile": "open", "provenance": provenance,
    }))
    .unwrap();
    VerdictRecord::new(Arc::new(terms), item(GRANTED, Happening::Granted))
}

/// What happens next.
enum Next {
    Is(Happening),
    /// The body's key was stolen before the entry so many back: what came from there on is void.
    Void(u64),
}

fn changed(change: Change) -> Next {
    Next::Is(Happening::Changed(change))
}

fn basis(change: BasisChange) -> Next {
    Next::Is(Happening::BasisChanged(Arc::new(change)))
}

const CAUSE: Cause = Cause { what: CauseKind::AccreditationSuspended, entry: 5 };

fn lapsed(consequence: Consequence) -> Next {
    basis(BasisChange::Lapsed(Lapsed { cause: CAUSE, since: at(5), consequence }))
}

fn holds() -> Next {
    basis(BasisChange::Holds(CAUSE))
}

fn renewed() -> Next {
    changed(Change::Renewed { valid_until: "2031-01-31".parse().unwrap() })
}

fn course(next: Vec<Next>) -> VerdictRecord {
    next.into_iter().fold(granted(json!("decided")), |record, next| {
        let index = record.history.last().unwrap().index + 1;
        match next {
            Next::Is(what) => record.after(item(index, what)).unwrap(),
            Next::Void(back) => {
                let void: BTreeSet<u64> = (index - back..index).collect();
                let voiding = Voiding {
                    party: "body".parse().unwrap(),
                    kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs".parse().unwrap(),
                    since: at(index - back),
                };
                record.without(&void, item(index, Happening::Voided(Arc::new(voiding))))
            }
        }
    })
}

/// What each entry tells: so many behind the grant, which certificate, which issue, and what became of it.
fn told(record: &VerdictRecord, offering: Offering) -> Vec<(u64, u64, u64, Lifecycle)> {
    let turns = turns(record, offering, record.history.last().unwrap().at);
    turns
        .iter()
        .map(|turn| (turn.entry - GRANTED, turn.edition.spell, turn.edition.revision, turn.edition.became))
        .collect()
}

const FIRST: (u64, u64, u64, Lifecycle) = (0, 1, 1, Created);

/// Each course is told so, and as the log itself said it after each entry.
fn each_is_told<const N: usize>(rows: [(&str, Vec<Next>, Vec<(u64, u64, u64, Lifecycle)>); N]) {
    for (what, next, expected) in rows {
        let record = course(next);
        assert_eq!(told(&record, Offering::default()), expected, "{what}");
        for (item, then) in record.course() {
            assert_eq!(Some(&then), record.after_entry(item.index).as_ref(), "{what}, after {}", item.index);
        }
        let now = record.history.last().unwrap().at;
        let last = turns(&record, Offering::default(), now).last().unwrap().edition;
        assert_eq!(edition(&record, Offering::default(), now), Some(last), "{what}");
    }
}

#[test]
fn what_its_body_does_is_told() {
    let (suspended, restored) = (|| changed(Change::Suspended), || changed(Change::Restored));
    let expired = || Next::Is(Happening::Expired);
    each_is_told([
        ("granted", vec![], vec![FIRST]),
        ("extended by days", vec![renewed()], vec![FIRST, (1, 1, 2, Modified)]),
        ("nobody looked again", vec![Next::Is(Happening::SurveillanceOverdue)], vec![FIRST, (1, 1, 2, Modified)]),
        ("suspended", vec![suspended()], vec![FIRST, (1, 1, 1, Withdrawn)]),
        (
            "suspended and restored",
            vec![renewed(), suspended(), restored(), renewed()],
            vec![FIRST, (1, 1, 2, Modified), (2, 1, 2, Withdrawn), (3, 2, 1, Created), (4, 2, 2, Modified)],
        ),
        (
            "what happens while it is suspended is told to nobody",
            vec![suspended(), changed(Change::ComplaintOpened), restored()],
            vec![FIRST, (1, 1, 1, Withdrawn), (3, 2, 1, Created)],
        ),
        ("renewed after it expired", vec![expired(), renewed()], vec![FIRST, (1, 1, 1, Withdrawn), (2, 2, 1, Created)]),
        ("taken away", vec![changed(Change::Withdrawn)], vec![FIRST, (1, 1, 1, Withdrawn)]),
    ]);
}

#[test]
fn what_its_basis_does_is_told() {
    let window = |days| lapsed(Consequence::TransferWindow { until: at(GRANTED + days) });
    let (suspended, restored) = (|| changed(Change::Suspended), || changed(Change::Restored));
    each_is_told([
        (
            "its basis lapsed and it was kept, and the basis holds again",
            vec![lapsed(Consequence::Keep), holds()],
            vec![FIRST, (1, 1, 2, Modified), (2, 1, 3, Modified)],
        ),
        (
            "its basis lapsed and it ceased, and the basis holds again",
            vec![lapsed(Consequence::Cease), holds()],
            vec![FIRST, (1, 1, 1, Withdrawn), (2, 2, 1, Created)],
        ),
        (
            "its basis lapsed while it was suspended: restored, it is not in force",
            vec![suspended(), lapsed(Consequence::Cease), restored(), holds()],
            vec![FIRST, (1, 1, 1, Withdrawn), (4, 2, 1, Created)],
        ),
        (
            "the basis holds again within the window",
            vec![window(9), holds()],
            vec![FIRST, (1, 1, 2, Modified), (2, 1, 3, Modified)],
        ),
        (
            "the window closes, and that is stated",
            vec![window(2), lapsed(Consequence::Cease)],
            vec![FIRST, (1, 1, 2, Modified), (2, 1, 2, Withdrawn)],
        ),
        (
            "the window closed, and the basis holds again before that was stated",
            vec![window(2), holds()],
            vec![FIRST, (1, 1, 2, Modified), (2, 1, 2, Withdrawn), (2, 2, 1, Created)],
        ),
    ]);
}

#[test]
fn what_a_thief_did_was_told_and_is_not_taken_back_silently() {
    let (suspended, restored) = (|| changed(Change::Suspended), || changed(Change::Restored));
    each_is_told([
        (
            "a thief suspended it: whoever was told so does not hear that it never was",
            vec![suspended(), Next::Void(1)],
            vec![FIRST, (1, 1, 1, Withdrawn), (2, 2, 1, Created)],
        ),
        (
            "a thief restored it",
            vec![suspended(), restored(), Next::Void(1)],
            vec![FIRST, (1, 1, 1, Withdrawn), (2, 2, 1, Created), (3, 2, 1, Withdrawn)],
        ),
        (
            "a thief changed something else",
            vec![renewed(), Next::Void(1)],
            vec![FIRST, (1, 1, 2, Modified), (2, 1, 3, Modified)],
        ),
        ("a thief granted it", vec![Next::Void(1)], vec![FIRST, (1, 1, 1, Withdrawn)]),
    ]);
}

#[test]
fn what_only_time_ends_is_withdrawn_before_anybody_says_so() {
    let record = course(vec![lapsed(Consequence::TransferWindow { until: at(GRANTED + 5) })]);
    let on = |days| edition(&record, Offering::default(), at(GRANTED + days)).unwrap();
    assert_eq!(on(4), Edition { spell: 1, revision: 2, became: Modified });
    assert_eq!(on(5), Edition { spell: 1, revision: 2, became: Withdrawn });
    // Whoever looks then tells it, and once an entry says so it is told already.
    let told = |record, now| turns(record, Offering::default(), now).last().unwrap().edition.stage();
    let window = || lapsed(Consequence::TransferWindow { until: at(GRANTED + 5) });
    let stated = course(vec![window(), lapsed(Consequence::Cease)]);
    assert_eq!(told(&record, at(GRANTED + 5)), told(&stated, at(GRANTED + 6)));
}

#[test]
fn a_declaration_that_waits_for_an_expert_is_no_certificate() {
    let record = granted(json!({"self-declared": {"awaitsExpert": true}}));
    assert_eq!(
        (turns(&record, Offering::default(), at(GRANTED)), edition(&record, Offering::default(), at(GRANTED))),
        (vec![], None)
    );
    let confirmation = serde_json::from_value(json!({"verdict": "V-1", "on": "2026-02-12"})).unwrap();
    let confirmed = record.after(item(GRANTED + 1, Happening::Confirmed(Arc::new(confirmation)))).unwrap();
    assert_eq!(told(&confirmed, Offering::default()), [(1, 1, 1, Created)]);
    let taken_back = confirmed.after(item(GRANTED + 2, Happening::ConfirmationWithdrawn)).unwrap();
    assert_eq!(told(&taken_back, Offering::default()), [(1, 1, 1, Created), (2, 1, 1, Withdrawn)]);
}

#[test]
fn an_offer_begins_where_it_was_made_and_again_with_another_certificate() {
    let long = || course(vec![renewed(), renewed(), changed(Change::Suspended), changed(Change::Restored), renewed()]);
    let offered = |again, behind| Offering { again, from: GRANTED + behind, ..Offering::default() };
    let rows = [
        ("before it was granted", offered(0, 0), vec![FIRST, (1, 1, 2, Modified), (2, 1, 3, Modified)]),
        ("after the grant", offered(0, 1), vec![FIRST, (1, 1, 2, Modified), (2, 1, 3, Modified)]),
        ("after a change", offered(0, 2), vec![(1, 1, 1, Created), (2, 1, 2, Modified)]),
        ("after another", offered(0, 3), vec![(2, 1, 1, Created)]),
        ("again after it was taken back", offered(1, 3), vec![(2, 2, 1, Created)]),
    ];
    for (what, offering, expected) in rows {
        let begun = offering.again + 1;
        let rest = [
            (3, begun, expected.last().unwrap().2, Withdrawn),
            (4, begun + 1, 1, Created),
            (5, begun + 1, 2, Modified),
        ];
        assert_eq!(told(&long(), offering), [expected, rest.to_vec()].concat(), "{what}");
    }
    let while_suspended = offered(1, 4);
    assert_eq!(told(&long(), while_suspended), [(4, 3, 1, Created), (5, 3, 2, Modified)]);
    assert_eq!(told(&long(), offered(0, 9)), [(5, 2, 1, Created)], "offered after all of that");
}

/// All that a partner is told, one after the other, from what it was told before.
fn owed(record: &VerdictRecord, offering: Offering, mut told: Option<Stage>) -> Vec<(u64, u64, Lifecycle)> {
    let turns = turns(record, offering, record.history.last().unwrap().at);
    let mut owed = Vec::new();
    while let Some(turn) = next(&turns, told) {
        let Edition { spell, revision, became } = turn.edition;
        owed.push((spell, revision, became));
        assert!(Some(turn.edition.stage()) > told, "{owed:?}");
        told = Some(turn.edition.stage());
    }
    owed
}

#[test]
fn a_partner_is_owed_what_it_was_not_told_whatever_became_of_the_offer() {
    let stage = |spell, ended, revision| Some(Stage { spell, ended, revision });
    let gap = || vec![renewed(), changed(Change::Suspended), changed(Change::Restored)];
    let anew = |again, from| Offering { again, from: GRANTED + from, ..Offering::default() };
    let taken_back = |from| Offering { until: Some(GRANTED + from), ..Offering::default() };
    let rows = [
        ("nothing yet", vec![renewed()], anew(0, 0), None, vec![(1, 1, Created), (1, 2, Modified)]),
        ("what ended before is nothing to begin with", gap(), anew(0, 0), None, vec![(2, 1, Created)]),
        ("what is over", vec![changed(Change::Suspended)], anew(0, 0), None, vec![]),
        (
            "may have heard of it",
            vec![changed(Change::Suspended)],
            anew(0, 0),
            Some(Stage::begun(1)),
            vec![(1, 1, Created), (1, 1, Withdrawn)],
        ),
        ("behind", gap(), anew(0, 0), stage(1, false, 1), vec![(1, 2, Modified), (1, 2, Withdrawn), (2, 1, Created)]),
        ("all of it", gap(), anew(0, 0), stage(2, false, 1), vec![]),
        (
            "taken back and offered again at once",
            vec![],
            anew(1, 1),
            stage(1, false, 1),
            vec![(1, 1, Withdrawn), (2, 1, Created)],
        ),
        (
            "suspended, restored, taken back and offered again",
            gap(),
            anew(1, 4),
            stage(1, false, 2),
            vec![(1, 2, Withdrawn), (2, 1, Withdrawn), (3, 1, Created)],
        ),
        ("taken back", gap(), taken_back(4), stage(2, false, 1), vec![(2, 1, Withdrawn)]),
        ("taken back before it was restored", gap(), taken_back(3), stage(1, true, 2), vec![]),
        ("taken back before it was suspended", gap(), taken_back(2), stage(1, false, 2), vec![(1, 2, Withdrawn)]),
    ];
    for (what, next, offering, told, expected) in rows {
        assert_eq!(owed(&course(next), offering, told), expected, "{what}");
    }
    let often = owed(&course(vec![]), anew(1_000, 1), stage(1, false, 1));
    assert_eq!((often.len(), often[0], often.last()), (33, (969, 1, Withdrawn), Some(&(1_001, 1, Created))));
}

#[test]
fn an_offer_that_changes_is_another_issue_of_the_same_certificate() {
    let record = course(vec![renewed(), renewed(), changed(Change::Suspended), changed(Change::Restored)]);
    // Changed behind the first renewal, as its third issue.
    let offering = Offering { earlier: 2, from: GRANTED + 2, ..Offering::default() };
    let told = told(&record, offering);
    let expected =
        [(1, 1, 1, Created), (1, 1, 3, Modified), (2, 1, 4, Modified), (3, 1, 4, Withdrawn), (4, 2, 1, Created)];
    assert_eq!(told, expected);
    let behind = owed(&record, offering, Some(Stage { spell: 1, ended: false, revision: 2 }));
    assert_eq!(behind[..2], [(1, 3, Modified), (1, 4, Modified)]);
}
