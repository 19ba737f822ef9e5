//! Who looks again by when and who sees it coming; what follows on a recommendation, and on conditions that nobody met.

use conformity::ids::PartyId;
use conformity::lapsed::{CauseKind, Consequence};
use conformity::records::{Due, Register};
use conformity::resting;
use conformity::surveillance::{Window, last_report, schedule, sees_whole};
use conformity::{Record, Refusal};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::successions::try_merge;
use crate::world::{Row, World, accreditation, changed, key, kid, party, reason, report, row, scheme, verdict, with};

const CONDITIONS: &str = "2027-01-31";

/// `stars@2` has audit bodies look each year, lets the registry suspend on a report, and says `effect` of missed conditions. cb-1
/// granted open W-1 and restricted W-2, cb-2 open W-3; maker is the supplier of W-2.
pub(crate) fn watched(effect: Option<Value>) -> World {
    let mut world = World::furnished();
    let surveillance = json!({"by": "audit-body", "everyMonths": 12, "registrySuspends": true});
    let patch = json!({"scheme": "stars@2", "surveillance": surveillance, "onConditionsOverdue": effect});
    world.must("ministry", "scheme-published", with(scheme(), patch));
    for (id, body, role) in
        [("S-1", "cb-1", "certification-body"), ("S-2", "cb-2", "certification-body"), ("S-8", "audit", "audit-body")]
    {
        world.must("ab", "accreditation-granted", with(accreditation(id, body, role), json!({"scheme": "stars@2"})));
    }
    let mut maker = party("maker", "supplier", 31);
    maker["party"]["identifiers"] = json!(["lei:5493001KJTIIGC8Y1R12"]);
    world.must("op", "party-registered", maker);
    world.must("cb-1", "verdict-granted", with(verdict("W-1"), json!({"scheme": "stars@2"})));
    let quiet = json!({"id": "lei:5493001KJTIIGC8Y1R12", "name": "Quiet Parts", "country": "JP"});
    let patch = json!({
        "scheme": "stars@2", "profile": "restricted", "supplier": quiet, "validFrom": "2026-10-03", "level": null,
        "sites": null, "exclusions": null,
    });
    world.must("cb-1", "verdict-granted", with(verdict("W-2"), patch));
    let patch = json!({"scheme": "stars@2", "validFrom": "2026-10-02"});
    world.must("cb-2", "verdict-granted", with(verdict("W-3"), patch));
    world
}

/// W-9 under `stars@3`, whose bodies look themselves and whose registry may suspend on a report of an audit body.
fn self_watched() -> World {
    let mut world = World::furnished();
    let surveillance = json!({"by": "certification-body", "everyMonths": 12, "registrySuspends": true});
    let patch = json!({"scheme": "stars@3", "surveillance": surveillance});
    world.must("ministry", "scheme-published", with(scheme(), patch));
    for (id, body, role) in
        [("S-1", "cb-1", "certification-body"), ("S-2", "cb-2", "certification-body"), ("S-8", "audit", "audit-body")]
    {
        world.must("ab", "accreditation-granted", with(accreditation(id, body, role), json!({"scheme": "stars@3"})));
    }
    world.must("cb-1", "verdict-granted", with(verdict("W-9"), json!({"scheme": "stars@3"})));
    world
}

#[test]
fn a_body_that_looks_itself_takes_back_no_recommendation_of_another() {
    for body in ["cb-1", "cb-2"] {
        let mut world = self_watched();
        world.must("audit", "report-filed", with(report("P-1"), json!({"verdict": "W-9"})));
        if body == "cb-2" {
            try_merge(&mut world, "cb-1", body).unwrap();
        }
        world.must(body, "report-filed", with(report("P-2"), json!({"verdict": "W-9", "recommendation": "none"})));
        let record = world.verdict("W-9");
        assert_eq!(record.open_recommendation().unwrap().report.as_str(), "P-1", "{body}");
        let claim = with(changed(&world, "W-9", json!("suspended")), json!({"recommendedBy": "P-1"}));
        world.must("op", "verdict-changed", claim);
        assert!(all(&world, "audit").iter().all(|due| !due.ends_with("W-9")), "an audit body has no duty there");
    }
}

pub(crate) fn file(world: &mut World, verdict: &str, id: &str, recommendation: &str) {
    let claim = with(report(id), json!({"verdict": verdict, "recommendation": recommendation}));
    world.must("audit", "report-filed", claim);
}

/// Somebody changes W-1 and names the report that he follows.
pub(crate) fn follow(world: &mut World, iss: &str, change: Value, report: &str) -> Result<Vec<Record>, Refusal> {
    let claim = with(changed(world, "W-1", change), json!({"recommendedBy": report}));
    world.say(iss, "verdict-changed", claim)
}

pub(crate) fn change(world: &mut World, iss: &str, change: Value) -> Result<Vec<Record>, Refusal> {
    let claim = changed(world, "W-1", change);
    world.say(iss, "verdict-changed", claim)
}

/// The registry suspended W-1 on the report P-1.
pub(crate) fn suspended() -> World {
    let mut world = watched(None);
    file(&mut world, "W-1", "P-1", "suspend");
    follow(&mut world, "ministry", json!("suspended"), "P-1").unwrap();
    world
}

/// The last day of W-1 is past, and its body and who audits it are accredited longer.
pub(crate) fn expire(world: &mut World, at: &str) {
    world.at(at);
    for id in ["S-1", "S-8"] {
        let until = json!({"renewed": {"until": format!("{}-12-31", world.now.to_string().get(..4).unwrap())}});
        world.must("ab", "accreditation-changed", json!({"id": id, "change": until, "reason": reason()}));
    }
    world.must("node", "verdict-expired", json!({"verdicts": ["W-1"]}));
}

/// W-1 on conditions, and nobody said that they are met.
fn missed(effect: Option<Value>) -> World {
    let mut world = watched(effect);
    let conditions = json!({"conditional": {"text": "close two findings", "deadline": CONDITIONS}});
    change(&mut world, "cb-1", conditions).unwrap();
    world.at("2027-02-01T00:00:00Z");
    world.must("node", "conditions-overdue", json!({"verdicts": ["W-1"]}));
    world
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = on_recommendations();
    rows.extend(on_conditions());
    rows
}

#[rustfmt::skip] // A table reads by its rows.
fn on_recommendations() -> Vec<Row> {
    vec![
        row("the registry suspends on a report where the scheme gives it no power", |w| {
            w.must("audit", "report-filed", report("P-1"));
            let claim = with(changed(w, "V-1", json!("suspended")), json!({"recommendedBy": "P-1"}));
            w.say("ministry", "verdict-changed", claim)
        }, "registry-may-not-act"),
        row("the registry withdraws on a report where it may suspend", |_| {
            let mut w = watched(None);
            file(&mut w, "W-1", "P-1", "withdraw");
            follow(&mut w, "ministry", json!("withdrawn"), "P-1")
        }, "registry-may-not-act"),
        row("the registry suspends and names no report", |_| {
            let mut w = watched(None);
            file(&mut w, "W-1", "P-1", "suspend");
            change(&mut w, "op", json!("suspended"))
        }, "recommendation-not-named"),
        row("the registry suspends on a report that nobody filed", |_| {
            follow(&mut watched(None), "op", json!("suspended"), "P-1")
        }, "not-recommended"),
        row("the registry suspends on a report about another verdict", |_| {
            let mut w = watched(None);
            file(&mut w, "W-3", "P-1", "suspend");
            follow(&mut w, "op", json!("suspended"), "P-1")
        }, "not-recommended"),
        row("the registry suspends where a smaller scope is recommended", |_| {
            let mut w = watched(None);
            file(&mut w, "W-1", "P-1", "reduce");
            follow(&mut w, "op", json!("suspended"), "P-1")
        }, "not-recommended"),
        row("the registry suspends on what the body answered", |_| {
            let mut w = watched(None);
            file(&mut w, "W-1", "P-1", "suspend");
            change(&mut w, "cb-1", json!("recommendation-declined")).unwrap();
            follow(&mut w, "op", json!("suspended"), "P-1")
        }, "not-recommended"),
        row("the registry suspends on what a later report took back", |_| {
            let mut w = watched(None);
            file(&mut w, "W-1", "P-1", "suspend");
            file(&mut w, "W-1", "P-2", "none");
            follow(&mut w, "op", json!("suspended"), "P-1")
        }, "not-recommended"),
        row("the registry suspends on a report that a thief signed", |_| {
            let mut w = watched(None);
            let since = w.now.to_string();
            w.steal("audit", "report-filed", with(report("P-1"), json!({"verdict": "W-1"}))).unwrap();
            w.must("op", "key-added", json!({"party": "audit", "key": key(51)}));
            w.must("op", "key-revoked", json!({"party": "audit", "kid": kid(8), "compromisedSince": since}));
            follow(&mut w, "op", json!("suspended"), "P-1")
        }, "not-recommended"),
        row("a body names a report that recommends something else", |_| {
            let mut w = watched(None);
            file(&mut w, "W-1", "P-1", "suspend");
            follow(&mut w, "cb-1", json!("withdrawn"), "P-1")
        }, "not-recommended"),
        row("another body follows the recommendation", |_| {
            let mut w = watched(None);
            file(&mut w, "W-1", "P-1", "suspend");
            follow(&mut w, "cb-2", json!("suspended"), "P-1")
        }, "another-bodys-verdict"),
        row("the audit body follows its own recommendation", |_| {
            let mut w = watched(None);
            file(&mut w, "W-1", "P-1", "suspend");
            follow(&mut w, "audit", json!("suspended"), "P-1")
        }, "not-a-decider"),
        row("the body restores what the registry suspended, and nobody looked again", |_| {
            change(&mut suspended(), "cb-1", json!("restored"))
        }, "report-needed"),
        row("the body restores it on a report of its own", |_| {
            let mut w = self_watched();
            w.must("audit", "report-filed", with(report("P-1"), json!({"verdict": "W-9"})));
            let claim = with(changed(&w, "W-9", json!("suspended")), json!({"recommendedBy": "P-1"}));
            w.must("op", "verdict-changed", claim);
            w.must("cb-1", "report-filed", with(report("P-2"), json!({"verdict": "W-9", "recommendation": "none"})));
            let claim = changed(&w, "W-9", json!("restored"));
            w.say("cb-1", "verdict-changed", claim)
        }, "report-needed"),
        row("the body renews what expired suspended by the registry, and nobody looked again", |_| {
            let mut w = suspended();
            expire(&mut w, "2029-10-01T00:00:00Z");
            change(&mut w, "cb-1", json!({"renewed": {"validUntil": "2030-09-30"}}))
        }, "report-needed"),
        row("the successor of the body restores it on a report of its own", |_| {
            let mut w = self_watched();
            w.must("audit", "report-filed", with(report("P-1"), json!({"verdict": "W-9"})));
            let claim = with(changed(&w, "W-9", json!("suspended")), json!({"recommendedBy": "P-1"}));
            w.must("op", "verdict-changed", claim);
            try_merge(&mut w, "cb-1", "cb-2").unwrap();
            w.must("cb-2", "report-filed", with(report("P-2"), json!({"verdict": "W-9", "recommendation": "none"})));
            let claim = changed(&w, "W-9", json!("restored"));
            w.say("cb-2", "verdict-changed", claim)
        }, "report-needed"),
        row("the body restores it, and who looked again recommends the same", |_| {
            let mut w = suspended();
            file(&mut w, "W-1", "P-2", "suspend");
            change(&mut w, "cb-1", json!("restored"))
        }, "report-needed"),
    ]
}

#[rustfmt::skip] // A table reads by its rows.
fn on_conditions() -> Vec<Row> {
    vec![
        row("conditions are overdue of a verdict that has none", |_| {
            watched(None).say("node", "conditions-overdue", json!({"verdicts": ["W-1"]}))
        }, "conditions-not-overdue"),
        row("conditions are overdue on their last day", |_| {
            let mut w = watched(None);
            change(&mut w, "cb-1", json!({"conditional": {"text": "t", "deadline": CONDITIONS}})).unwrap();
            w.at("2027-01-31T23:59:58Z");
            w.say("node", "conditions-overdue", json!({"verdicts": ["W-1"]}))
        }, "conditions-not-overdue"),
        row("conditions are overdue once more", |_| {
            missed(None).say("node", "conditions-overdue", json!({"verdicts": ["W-1"]}))
        }, "conditions-not-overdue"),
        row("a body says that conditions are overdue", |_| {
            missed(None).say("cb-1", "conditions-overdue", json!({"verdicts": ["W-1"]}))
        }, "node-only"),
        row("conditions are met that nobody set", |w| w.change(json!("conditions-met")), "illegal-move"),
        row("a conditional verdict is restored", |w| {
            w.must_change(json!({"conditional": {"text": "t", "deadline": CONDITIONS}}));
            w.change(json!("restored"))
        }, "illegal-move"),
        row("another body says that conditions are met", |_| change(&mut missed(None), "cb-2", json!("conditions-met")), "another-bodys-verdict"),
        row("the registry says that conditions are met", |_| change(&mut missed(None), "ministry", json!("conditions-met")), "registry-may-not-act"),
        row("a body without accreditation says that conditions are met", |_| {
            let mut w = missed(None);
            w.must("ab", "accreditation-changed", json!({"id": "S-1", "change": "withdrawn", "reason": reason()}));
            change(&mut w, "cb-1", json!("conditions-met"))
        }, "accreditation-withdrawn"),
        row("a body without accreditation gives more time", |_| {
            let mut w = missed(None);
            w.must("ab", "accreditation-changed", json!({"id": "S-1", "change": "withdrawn", "reason": reason()}));
            change(&mut w, "cb-1", json!({"conditional": {"text": "t", "deadline": "2027-06-30"}}))
        }, "accreditation-withdrawn"),
        row("conditions are met after the last day of the verdict", |_| {
            let mut w = missed(None);
            w.must("ministry", "accreditation-changed", json!({"id": "S-1", "change": {"renewed": {"until": "2035-01-01"}}, "reason": reason()}));
            w.at("2029-10-01T00:00:00Z");
            change(&mut w, "cb-1", json!("conditions-met"))
        }, "already-over"),
    ]
}

/// What a scheme says of missed conditions, and for how many days the verdict is in force then; `None` for ever.
#[test]
fn missed_conditions_have_the_effect_that_the_scheme_says() {
    let rows: [(Value, Option<i64>, &str); 3] = [
        (json!("keep"), None, "basis-kept"),
        (json!({"transfer-window": {"days": 30}}), Some(30), "basis-window"),
        (json!("cease"), Some(0), "basis-lapsed"),
    ];
    for (effect, days, word) in rows {
        let mut world = missed(Some(effect.clone()));
        state(&mut world);
        let record = world.verdict("W-1");
        let lapsed = record.now.lapsed.as_deref().copied().unwrap();
        assert_eq!(
            (lapsed.cause.what, record.history.last().unwrap().what.as_str()),
            (CauseKind::ConditionsOverdue, word)
        );
        let end = days.map_or(world.now + SignedDuration::from_hours(24 * 300), |days| {
            (lapsed.since + SignedDuration::from_hours(24 * days)).max(world.now)
        });
        assert_eq!(record.in_force_at(end), days.is_none(), "{effect}");
        assert_eq!(world.state("W-1"), "conditional", "its body stands behind it as before");
        // Met late, or given more time: it holds again.
        let mut met = world.clone();
        change(&mut met, "cb-1", json!("conditions-met")).unwrap();
        let more = json!({"conditional": {"text": "close the other", "deadline": "2027-06-30"}});
        change(&mut world, "cb-1", more).unwrap();
        for (mut world, state_is) in [(met, "granted"), (world, "conditional")] {
            state(&mut world);
            let record = world.verdict("W-1");
            assert!(
                record.now.lapsed.is_none() && !record.now.marks.conditions_overdue && record.in_force_at(world.now)
            );
            assert_eq!(world.state("W-1"), state_is);
        }
    }
}

/// The node states what is due of W-1.
fn state(world: &mut World) {
    let record = world.verdict("W-1");
    let change = resting::due(&world.register, &record, world.now).unwrap();
    let before =
        conformity::Facts::cascade(&world.register, &change, &record.terms.scheme).map_or(0, |known| known.done);
    let begins = crate::cascades::begins(&["W-1"], world.next);
    let claim = json!({
        "change": change, "scheme": "stars@2", "verdicts": ["W-1"], "before": before, "total": before + 1, "begins": begins,
    });
    world.must("node", "basis-changed", claim);
}

#[test]
fn missed_conditions_are_marked_where_the_scheme_says_nothing() {
    let mut world = missed(None);
    assert!(world.verdict("W-1").now.marks.conditions_overdue);
    assert_eq!(resting::due(&world.register, &world.verdict("W-1"), world.now), None);
    change(&mut world, "cb-1", json!("suspended")).unwrap();
    assert!(!world.verdict("W-1").now.marks.conditions_overdue, "a suspended verdict has no conditions");
}

#[test]
fn a_window_closes_on_missed_conditions() {
    let mut world = missed(Some(json!({"transfer-window": {"days": 30}})));
    state(&mut world);
    let until = world.verdict("W-1").now.lapsed.as_deref().unwrap().window().unwrap();
    world.now = until;
    state(&mut world);
    let record = world.verdict("W-1");
    assert_eq!(record.now.lapsed.as_deref().unwrap().consequence, Consequence::Cease);
}

fn party_id(id: &str) -> PartyId {
    id.parse().unwrap()
}

fn read(register: &Register, id: &str, at: Timestamp, window: &Window) -> Vec<String> {
    schedule(register, &party_id(id), at, window, 100).iter().map(Due::to_string).collect()
}

fn all(world: &World, id: &str) -> Vec<String> {
    read(&world.register, id, world.now, &Window::default())
}

const V1: &str = "2027-10-01/V-1";
const T1: &str = "2016-01-01/T-1";
const W1: &str = "2027-10-01/W-1";
const W2: &str = "2027-10-03/W-2";
const W3: &str = "2027-10-02/W-3";

#[test]
fn each_reads_of_the_schedule_what_is_its_affair() {
    let rows: [(&str, &[&str]); 9] = [
        ("op", &[T1, V1, W1, W3, W2]),
        ("ministry", &[T1, V1, W1, W3]),
        ("cb-1", &[V1, W1, W2]),
        ("cb-2", &[W3]),
        ("cb-3", &[]),
        ("audit", &[T1, V1, W1, W3]),
        ("maker", &[W2]),
        ("buyer", &[]),
        ("ab", &[]),
    ];
    let world = watched(None);
    for (id, expected) in rows {
        assert_eq!(all(&world, id), expected, "{id}");
    }
    assert!(all(&world, "nobody").is_empty());
}

#[test]
fn an_audit_body_reads_restricted_verdicts_that_it_reported_on_by_id_and_day() {
    let mut world = watched(None);
    file(&mut world, "W-2", "P-1", "suspend");
    assert_eq!(all(&world, "audit"), [T1, V1, W1, W3, "2027-11-01/W-2"]);
    let record = world.verdict("W-2");
    let audit = party_id("audit");
    assert!(!sees_whole(&world.register, &audit, &record) && sees_whole(&world.register, &party_id("cb-1"), &record));
    let (by, seen) = last_report(&world.register, &audit, &record, false).unwrap();
    assert_eq!((by.as_str(), seen.report.as_str()), ("audit", "P-1"));
    world.must("ab", "accreditation-changed", json!({"id": "S-8", "change": "suspended", "reason": reason()}));
    assert_eq!(all(&world, "audit"), [T1, V1], "it audits under the other scheme alone");
}

#[test]
fn what_was_looked_at_or_is_not_in_force_moves_or_leaves() {
    let mut world = watched(None);
    file(&mut world, "W-1", "P-1", "none");
    assert_eq!(all(&world, "cb-1"), [V1, W2, "2027-11-01/W-1"]);
    change(&mut world, "cb-1", json!({"transferred": {"to": "cb-2"}})).unwrap();
    assert_eq!(
        (all(&world, "cb-1"), all(&world, "cb-2")),
        (vec![V1.to_owned(), W2.to_owned()], vec![W3.to_owned(), "2027-11-01/W-1".to_owned()])
    );
    change(&mut world, "cb-2", json!("suspended")).unwrap();
    assert_eq!(all(&world, "cb-2"), [W3]);
    change(&mut world, "cb-2", json!("restored")).unwrap();
    let granted = world.verdict("W-3").history[0].index;
    world.must("op", "statement-erased", json!({"index": granted, "reason": reason()}));
    assert_eq!(all(&world, "cb-2"), ["2027-11-01/W-1"]);
}

#[test]
fn a_window_begins_and_ends_where_it_is_asked_to() {
    let world = watched(None);
    let at = |after: Option<&str>, from: Option<&str>, until: Option<&str>| {
        let window = Window {
            after: after.map(|due| due.parse().unwrap()),
            from: from.map(|day| day.parse().unwrap()),
            until: until.map(|day| day.parse().unwrap()),
        };
        let both =
            [read(&world.register, "op", world.now, &window), read(&world.register, "maker", world.now, &window)];
        assert!(both[1].iter().all(|one| both[0].contains(one)), "{both:?}");
        both[0].clone()
    };
    assert_eq!(at(None, Some("2027-10-02"), None), [W3, W2]);
    assert_eq!(at(None, None, Some("2027-10-01")), [T1, V1, W1]);
    assert_eq!(at(Some(V1), None, Some("2027-10-02")), [W1, W3]);
    assert_eq!(at(Some(V1), Some("2027-10-02"), None), [W3, W2]);
    assert_eq!(at(Some(W3), Some("2027-10-02"), None), [W2]);
    assert!(at(None, Some("2028-01-01"), Some("2027-01-01")).is_empty(), "a window that ends before it begins");
    let two = schedule(&world.register, &party_id("op"), world.now, &Window::default(), 2);
    assert_eq!(two.iter().map(Due::to_string).collect::<Vec<_>>(), [T1, V1]);
    for wrong in ["", "2027-10-01", "2027-10-01/", "x/V-1", "2027-10-01/V 1"] {
        assert!(wrong.parse::<Due>().is_err(), "{wrong}");
    }
}

#[test]
fn the_successor_of_an_audit_body_has_its_schedule_and_reports_in_its_place() {
    let mut world = watched(None);
    world.must("op", "party-registered", party("audit-2", "audit-body", 41));
    let held = with(accreditation("S-9", "audit-2", "audit-body"), json!({"scheme": "stars@2"}));
    world.must("ab", "accreditation-granted", held);
    file(&mut world, "W-2", "P-1", "suspend");
    let has = |world: &World, body: &str| all(world, body).iter().any(|due| due.ends_with("W-2"));
    assert!(has(&world, "audit") && !has(&world, "audit-2"), "a restricted verdict is whose it was");
    // Of stars@1, for which it is not accredited, it has nothing.
    let mut before = all(&world, "audit");
    before.retain(|due| ![T1, V1].contains(&due.as_str()));
    try_merge(&mut world, "audit", "audit-2").unwrap();
    assert_eq!((all(&world, "audit"), all(&world, "audit-2")), (Vec::new(), before));
    let record = world.verdict("W-2");
    let seen = last_report(&world.register, &"audit-2".parse().unwrap(), &record, false).map(|(by, _)| by.as_str());
    assert_eq!(seen, Some("audit"), "it knows what its predecessor said");
    assert!(!sees_whole(&world.register, &"audit-2".parse().unwrap(), &record), "and nothing more");
    let claim = with(report("P-2"), json!({"verdict": "W-2", "recommendation": "none"}));
    assert_eq!(world.say("audit", "report-filed", claim.clone()).unwrap_err().code(), "body-is-succeeded");
    world.must("audit-2", "report-filed", claim);
    assert!(world.verdict("W-2").open_recommendation().is_none(), "it answers for what its predecessor found");
}
