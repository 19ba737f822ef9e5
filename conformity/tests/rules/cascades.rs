//! What becomes of verdicts when what they rest on lapses, a row per cause; and what of it the node may state.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use conformity::as_of::AsOf;
use conformity::basis::of_verdict;
use conformity::credential::CredentialStatus;
use conformity::effect::Effect;
use conformity::ids::{PartyId, SchemeRef};
use conformity::lapsed::{BasisChange, CauseKind, Consequence, Extent, Lapsed};
use conformity::records::{Facts, Register};
use conformity::resting;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::basis::read;
use crate::credentials::{credential, issue, status};
use crate::crosswalks::version;
use crate::world::{World, accreditation, changed, reason, report, scheme, verdict, with};

pub(crate) use rows::rows;

pub(crate) fn lapsed(what: &str, entry: u64, consequence: impl Into<Value>) -> Value {
    let consequence = consequence.into();
    json!({"cause": {"what": what, "entry": entry}, "since": "2026-11-02T09:00:16Z", "consequence": consequence})
}

/// The only piece of a change.
pub(crate) fn basis_changed(verdict: &str, change: Value, before: u64) -> Value {
    json!({
        "change": change, "scheme": "stars@1", "verdicts": [verdict], "before": before, "total": before + 1,
        "begins": begins(&[verdict], 14),
    })
}

/// A batch that tells of these verdicts, found in a log of so many entries.
pub(crate) fn begins(verdicts: &[&str], as_of: u64) -> Value {
    json!(verdicts.iter().fold(Extent::nothing(as_of), |extent, id| extent.with(&id.parse().unwrap())))
}

/// `stars@2`, whose verdicts have a window of 30 days when an accreditation is suspended, of 180 days when it ends, and cease when it
/// is reduced; 60 days when surveillance is overdue. Both bodies are accredited under it, and cb-1 granted L-1.
pub(crate) fn lapsing() -> World {
    lapsing_with(json!({
        "suspended": {"transfer-window": {"days": 30}}, "reduced": "cease", "withdrawn": {"transfer-window": {"days": 180}},
        "expired": {"transfer-window": {"days": 180}},
    }))
}

fn lapsing_with(effects: Value) -> World {
    let mut world = World::furnished();
    let surveillance = json!({"by": "audit-body", "everyMonths": 12, "onOverdue": {"transfer-window": {"days": 60}}});
    let patch = json!({"scheme": "stars@2", "onAccreditation": effects, "surveillance": surveillance});
    world.must("ministry", "scheme-published", with(scheme(), patch));
    for (id, body, role) in
        [("L-1", "cb-1", "certification-body"), ("L-2", "cb-2", "certification-body"), ("L-8", "audit", "audit-body")]
    {
        world.must("ab", "accreditation-granted", with(accreditation(id, body, role), json!({"scheme": "stars@2"})));
    }
    grant(&mut world, "L-1", "open");
    world
}

fn grant(world: &mut World, id: &str, profile: &str) {
    let kept_back =
        if profile == "open" { json!({}) } else { json!({"level": null, "sites": null, "exclusions": null}) };
    let patch = json!({"scheme": "stars@2", "profile": profile});
    world.must("cb-1", "verdict-granted", with(with(verdict(id), patch), kept_back));
}

fn accredits(world: &mut World, change: Value) {
    world.must("ab", "accreditation-changed", json!({"id": "L-1", "change": change, "reason": reason()}));
}

fn replace(world: &mut World, until: &str) {
    world.must("ministry", "scheme-published", with(scheme(), json!({"scheme": "stars@3"})));
    world.must("ministry", "scheme-replaced", json!({"scheme": "stars@2", "by": "stars@3", "until": until}));
}

fn change_of(world: &mut World, change: Value) {
    let claim = changed(world, "L-1", change);
    world.must("cb-1", "verdict-changed", claim);
}

/// What must be stated of L-1 now.
fn due(world: &World) -> Option<BasisChange> {
    resting::due(&world.register, &world.verdict("L-1"), world.now)
}

fn claim_of(world: &World, id: &str) -> Value {
    let record = world.verdict(id);
    let change = resting::due(&world.register, &record, world.now).expect("something must be stated");
    let done = world.register.cascade(&change, &record.terms.scheme).map_or(0, |record| record.done);
    let claim = json!({
        "change": change, "scheme": "stars@2", "verdicts": [id], "before": done, "total": done + 1,
        "begins": begins(&[id], world.next),
    });
    let apart = json!({"before": null, "total": null, "begins": null});
    if record.terms.profile.is_public() { claim } else { with(claim, apart) }
}

/// The node states what is due of a verdict.
fn state(world: &mut World, id: &str) {
    let claim = claim_of(world, id);
    world.must("node", "basis-changed", claim);
}

fn now(world: &World) -> Option<Lapsed> {
    world.verdict("L-1").now.lapsed.as_deref().copied()
}

fn in_force(world: &World, at: Timestamp) -> bool {
    world.verdict("L-1").in_force_at(at)
}

/// What happens, which cause is stated, and for how many days the verdict stays in force; `None` for ever.
#[test]
fn each_cause_has_the_effect_that_the_scheme_says() {
    type Happens = fn(&mut World);
    let rows: [(&str, Happens, CauseKind, i64); 5] = [
        ("suspended", |w| accredits(w, json!("suspended")), CauseKind::AccreditationSuspended, 30),
        ("withdrawn", |w| accredits(w, json!("withdrawn")), CauseKind::AccreditationWithdrawn, 180),
        (
            "reduced to what the verdict is not about",
            |w| accredits(w, json!({"reduced": {"viewpoints": ["process"]}})),
            CauseKind::AccreditationReduced,
            0,
        ),
        ("expired", |w| w.at("2029-01-01T00:00:00Z"), CauseKind::AccreditationExpired, 180),
        (
            "nobody looked",
            |w| {
                w.at("2027-10-02T00:00:00Z");
                w.must("node", "surveillance-overdue", json!({"verdicts": ["L-1"]}));
            },
            CauseKind::SurveillanceOverdue,
            60,
        ),
    ];
    for (why, happens, what, days) in rows {
        let mut world = lapsing();
        assert_eq!(due(&world), None, "{why}: nothing lapsed yet");
        happens(&mut world);
        state(&mut world, "L-1");
        let lapsed = now(&world).unwrap();
        assert_eq!(lapsed.cause.what, what, "{why}");
        assert_eq!(due(&world), None, "{why}: stated once");
        let end = lapsed.since + SignedDuration::from_hours(24 * days);
        assert!(!in_force(&world, end.max(world.now)), "{why}: not in force at the end");
        assert_eq!(lapsed.window(), (days > 0).then_some(end), "{why}");
        if days > 0 {
            assert!(in_force(&world, end - SignedDuration::from_nanos(1)), "{why}: in force to the last instant");
            world.now = end;
            let Some(BasisChange::Lapsed(closed)) = due(&world) else { panic!("{why}: the end is told") };
            assert_eq!((closed.since, closed.consequence), (end, Consequence::Cease), "{why}");
        }
        assert_eq!(world.state("L-1"), "granted", "{why}: its body stands behind it as before");
    }
}

#[test]
fn a_replaced_scheme_leaves_verdicts_in_force_up_to_its_day() {
    let mut world = lapsing();
    replace(&mut world, "2027-03-31");
    state(&mut world, "L-1");
    let (last, over) = ("2027-03-31T23:59:59Z".parse().unwrap(), "2027-04-01T00:00:00Z".parse().unwrap());
    assert!(in_force(&world, last) && !in_force(&world, over));
    assert_eq!(now(&world).unwrap().cause.what, CauseKind::SchemeReplaced);
    grant(&mut world, "L-2", "open");
    state(&mut world, "L-2");
    assert!(!world.verdict("L-2").in_force_at(over), "one that is granted meanwhile has the same day");
}

#[test]
fn nothing_is_stated_where_the_scheme_says_nothing() {
    for change in [json!("suspended"), json!("withdrawn"), json!({"reduced": {"viewpoints": ["process"]}})] {
        let mut world = lapsing_with(json!({}));
        accredits(&mut world, change);
        assert_eq!(due(&world), None);
        world.at("2029-06-01T00:00:00Z");
        assert_eq!(due(&world), None);
    }
}

#[test]
fn a_scheme_may_keep_verdicts_and_buyers_are_told_all_the_same() {
    let mut world = lapsing_with(json!({"suspended": "keep"}));
    accredits(&mut world, json!("suspended"));
    state(&mut world, "L-1");
    assert_eq!(now(&world).unwrap().consequence, Consequence::Keep);
    assert!(in_force(&world, "2029-09-30T23:00:00Z".parse().unwrap()), "to the end of its days");
    assert_eq!(world.verdict("L-1").history.last().unwrap().what.as_str(), "basis-kept");
}

#[test]
fn what_holds_again_is_stated_and_counts_again() {
    type Mends = fn(&mut World);
    let overdue: Mends = |w| {
        w.at("2027-10-02T00:00:00Z");
        w.must("node", "surveillance-overdue", json!({"verdicts": ["L-1"]}));
    };
    let rows: [(&str, Mends, Mends); 5] = [
        ("restored", |w| accredits(w, json!("suspended")), |w| accredits(w, json!("restored"))),
        ("renewed", |w| w.at("2029-01-01T00:00:00Z"), |w| accredits(w, json!({"renewed": {"until": "2031-12-31"}}))),
        (
            "accredited anew",
            |w| accredits(w, json!("withdrawn")),
            |w| {
                let anew = with(accreditation("L-3", "cb-1", "certification-body"), json!({"scheme": "stars@2"}));
                w.must("ab", "accreditation-granted", anew);
            },
        ),
        (
            "taken over by a body that is accredited",
            |w| accredits(w, json!("withdrawn")),
            |w| change_of(w, json!({"transferred": {"to": "cb-2"}})),
        ),
        ("looked at again", overdue, |w| {
            let filed = json!({"verdict": "L-1", "outcome": "conforming", "recommendation": "none"});
            w.must("audit", "report-filed", with(report("P-1"), filed));
        }),
    ];
    for (why, lapses, mends) in rows {
        let mut world = lapsing();
        lapses(&mut world);
        state(&mut world, "L-1");
        let cause = now(&world).unwrap().cause;
        mends(&mut world);
        assert_eq!(due(&world), Some(BasisChange::Holds(cause)), "{why}");
        state(&mut world, "L-1");
        assert_eq!((now(&world), due(&world)), (None, None), "{why}");
        assert!(in_force(&world, world.now), "{why}");
    }
}

#[test]
fn what_follows_a_lapse_opens_no_window_again() {
    // Suspended with 30 days, withdrawn on the 40th with 180: the verdict ceased on the 30th, however late anybody looked.
    let mut world = lapsing();
    accredits(&mut world, json!("suspended"));
    let suspended = world.now;
    world.now = suspended + SignedDuration::from_hours(24 * 40);
    accredits(&mut world, json!("withdrawn"));
    state(&mut world, "L-1");
    let lapsed = now(&world).unwrap();
    assert_eq!((lapsed.cause.what, lapsed.consequence), (CauseKind::AccreditationSuspended, Consequence::Cease));
    // Restored in between, it held: what follows has its own window.
    let mut world = lapsing();
    accredits(&mut world, json!("suspended"));
    accredits(&mut world, json!("restored"));
    accredits(&mut world, json!("withdrawn"));
    state(&mut world, "L-1");
    assert_eq!(now(&world).unwrap().cause.what, CauseKind::AccreditationWithdrawn);
    // Of an accreditation and a scheme the one counts that ends first.
    replace(&mut world, "2026-12-31");
    state(&mut world, "L-1");
    assert_eq!(now(&world).unwrap().cause.what, CauseKind::SchemeReplaced);
}

#[test]
fn another_accreditation_of_the_body_holds_the_verdict() {
    let mut world = lapsing();
    let second = with(accreditation("L-3", "cb-1", "certification-body"), json!({"scheme": "stars@2"}));
    world.must("ab", "accreditation-granted", second);
    accredits(&mut world, json!("withdrawn"));
    assert_eq!(due(&world), None);
    world.must("ab", "accreditation-changed", json!({"id": "L-3", "change": "suspended", "reason": reason()}));
    state(&mut world, "L-1");
    assert_eq!(now(&world).unwrap().cause.what, CauseKind::AccreditationSuspended, "the one that held last");
}

#[test]
fn a_verdict_that_is_over_or_copied_rests_on_nothing() {
    let mut world = lapsing();
    change_of(&mut world, json!("withdrawn"));
    accredits(&mut world, json!("withdrawn"));
    assert_eq!(due(&world), None);
    let mut world = lapsing();
    replace(&mut world, "2027-03-31");
    let transcribed = world.verdict("T-1");
    assert_eq!(resting::lapsed(&world.register, &transcribed, world.now), None);
}

#[test]
fn the_pieces_of_one_change_are_counted_and_restricted_verdicts_are_not() {
    let mut world = lapsing();
    grant(&mut world, "L-2", "summary");
    grant(&mut world, "L-9", "restricted");
    accredits(&mut world, json!("withdrawn"));
    let (change, both) = (due(&world).unwrap(), begins(&["L-1", "L-2"], world.next));
    let (mut told, mut kept) = (Vec::new(), BTreeMap::new());
    for (id, done, finished) in [("L-1", 1, false), ("L-9", 1, false), ("L-2", 2, true)] {
        let claim = claim_of(&world, id);
        let claim = match id {
            "L-1" => with(claim, json!({"total": null, "begins": both})),
            _ => with(claim, json!({"begins": null})),
        };
        // As an index keeps them, one for each key.
        kept.extend(
            world.say("node", "basis-changed", claim).unwrap().into_iter().map(|record| (record.key(), record)),
        );
        let record = world.register.cascade(&change, &"stars@2".parse().unwrap()).unwrap();
        assert_eq!((record.done, record.finished), (done, finished), "{id}");
        let batch = record.batch.as_ref().unwrap();
        assert_eq!(
            (batch.is_whole(), batch.closed.is_some(), batch.overtaken()),
            (finished, finished, finished.then_some(0))
        );
        told.push((world.next, record));
    }
    assert_eq!(world.register.cascades().count(), 1);
    let mut restarted = Register::new();
    kept.into_values().for_each(|record| restarted.insert(record));
    for (size, record) in told {
        let then = AsOf::KnownThen { size, at: world.now };
        for register in [&world.register, &restarted] {
            assert_eq!(register.cascades_then(then).collect::<Vec<_>>(), [&record], "as it was with {size} entries");
        }
    }
    let before = AsOf::KnownThen { size: 1, at: world.now };
    assert_eq!(world.register.cascades_then(before).count(), 0);
}

#[test]
fn what_changes_while_it_waits_is_told_of_in_the_next_batch() {
    let mut world = lapsing();
    grant(&mut world, "L-2", "open");
    accredits(&mut world, json!("withdrawn"));
    let (change, both) = (due(&world).unwrap(), begins(&["L-1", "L-2"], world.next));
    world.must("node", "basis-changed", with(claim_of(&world, "L-1"), json!({"total": null, "begins": both})));
    let suspended = changed(&world, "L-2", json!("suspended"));
    world.must("cb-1", "verdict-changed", suspended);
    let late = with(claim_of(&world, "L-2"), json!({"begins": null}));
    assert_eq!(world.say("node", "basis-changed", late).unwrap_err().code(), "batch-unsound");
    let end = json!({"change": change, "scheme": "stars@2", "verdicts": [], "before": 1, "total": 1});
    world.must("node", "basis-changed", end);
    let batch = |world: &World| {
        let record = world.register.cascade(&change, &"stars@2".parse().unwrap()).unwrap();
        (record.done, record.finished, record.batch.clone().unwrap())
    };
    let (done, finished, first) = batch(&world);
    assert_eq!((done, finished, first.is_whole(), first.overtaken()), (1, true, false, Some(1)));
    state(&mut world, "L-2");
    let (done, finished, second) = batch(&world);
    assert_eq!((done, finished, second.is_whole(), second.overtaken()), (2, true, true, Some(0)));
}

/// The correction of which L-1 must be told now.
fn recounted(world: &World) -> Option<u64> {
    match due(world) {
        Some(BasisChange::Recounted(cause)) => Some(cause.entry),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

#[test]
fn who_was_there_is_told_of_the_newest_correction_of_a_crosswalk_once() {
    let mut world = lapsing();
    version(&mut world, 1, &["1 superset-of x", "2 equal-to y", "3 intersects-with z"]);
    assert_eq!(due(&world), None, "the first version corrects nothing");
    let second = version(&mut world, 2, &["1 superset-of x", "2 intersects-with y", "3 intersects-with z"]);
    grant(&mut world, "L-2", "open");
    assert_eq!(resting::due(&world.register, &world.verdict("L-2"), world.now), None, "it came afterwards");
    let third = version(&mut world, 3, &["1 superset-of x"]);
    let carried = |version: &str| world.register.crosswalk(&version.parse().unwrap()).unwrap().carried.unwrap();
    let counts = ["demo-to-other@1", "demo-to-other@2", "demo-to-other@3"].map(carried);
    assert_eq!(counts.map(|one| (one.covered, one.touched)), [(2, 1), (1, 2), (1, 0)]);
    assert!(second < third, "what was corrected again is not told");
    assert_eq!(recounted(&world), Some(third));
    state(&mut world, "L-1");
    let record = world.verdict("L-1");
    assert_eq!((record.now.recounted, record.history.last().unwrap().what.as_str()), (Some(third), "coverage-changed"));
    assert!(in_force(&world, world.now) && now(&world).is_none(), "nothing lapsed");
    assert_eq!(due(&world), None);
    state(&mut world, "L-2");
    // What lapses is told first, and what it covers has nothing to do with that.
    accredits(&mut world, json!("suspended"));
    version(&mut world, 4, &["2 superset-of x"]);
    state(&mut world, "L-1");
    let lapsed = now(&world);
    assert!(lapsed.is_some());
    state(&mut world, "L-1");
    assert_eq!((now(&world), due(&world)), (lapsed, None));
    for id in ["L-1", "L-2"] {
        let indexes: BTreeSet<u64> = of_verdict(&world.register, &world.verdict(id), u64::MAX).indexes;
        assert!(!indexes.contains(&third), "no verdict rests on a crosswalk");
        let register = read(&world, &indexes).unwrap();
        assert_eq!(register.verdict(&id.parse().unwrap()), Some(world.verdict(id)), "{id}");
    }
}

#[test]
fn a_verdict_is_the_same_read_from_what_it_rests_on() {
    let mut world = lapsing();
    for id in ["L-2", "L-9"] {
        grant(&mut world, id, if id == "L-9" { "restricted" } else { "open" });
    }
    accredits(&mut world, json!("suspended"));
    let both = begins(&["L-1", "L-2"], world.next);
    let listed = with(claim_of(&world, "L-1"), json!({"verdicts": ["L-1", "L-2"], "total": 2, "begins": both}));
    world.must("node", "basis-changed", listed);
    state(&mut world, "L-9");
    replace(&mut world, "2026-11-20");
    state(&mut world, "L-1");
    world.at("2026-11-21T00:00:00Z");
    state(&mut world, "L-1");
    for id in ["L-1", "L-2", "L-9"] {
        let indexes: BTreeSet<u64> = of_verdict(&world.register, &world.verdict(id), u64::MAX).indexes;
        let register = read(&world, &indexes).unwrap();
        assert_eq!(register.verdict(&id.parse().unwrap()), Some(world.verdict(id)), "{id}");
    }
}

#[test]
fn a_credential_is_suspended_while_its_verdict_is_not_in_force() {
    let mut world = lapsing();
    let credential = with(credential(7), json!({"verdict": "L-1", "scheme": "stars@2"}));
    issue(&mut world, "cb-1", credential).unwrap();
    assert_eq!(status(&world, 7), CredentialStatus::Valid);
    accredits(&mut world, json!("withdrawn"));
    state(&mut world, "L-1");
    assert_eq!(status(&world, 7), CredentialStatus::Valid, "its window is open");
    world.now = now(&world).unwrap().window().unwrap();
    assert_eq!(status(&world, 7), CredentialStatus::Suspended, "it closed, and nobody has said so yet");
    state(&mut world, "L-1");
    assert_eq!(status(&world, 7), CredentialStatus::Suspended);
}

#[test]
fn verdicts_are_found_by_their_body_and_scheme() {
    let mut world = lapsing();
    grant(&mut world, "L-2", "open");
    let named = |world: &World, body: &str| {
        let (scheme, body): (SchemeRef, PartyId) = ("stars@2".parse().unwrap(), body.parse().unwrap());
        let bodies = BTreeSet::from([body]);
        let verdicts = world.register.verdicts_issued(&scheme, &bodies, None);
        verdicts.map(|record| record.id().to_string()).collect::<Vec<_>>()
    };
    assert_eq!((named(&world, "cb-1"), named(&world, "cb-2")), (vec!["L-1".to_owned(), "L-2".to_owned()], vec![]));
    change_of(&mut world, json!({"transferred": {"to": "cb-2"}}));
    assert_eq!((named(&world, "cb-1"), named(&world, "cb-2")), (vec!["L-2".to_owned()], vec!["L-1".to_owned()]));
    let granted = world.verdict("L-1").history[0].index;
    world.must("op", "statement-erased", json!({"index": granted, "reason": reason()}));
    assert_eq!(named(&world, "cb-2"), Vec::<String>::new());
}

#[test]
fn effects_are_written_as_in_arrangements() {
    let read: Effect = serde_json::from_value(json!({"transfer-window": {"days": 180}})).unwrap();
    assert_eq!(read, Effect::TransferWindow { days: 180 });
    for unknown in
        [json!("perhaps"), json!({"transfer-window": {"days": 70_000}}), json!({"transfer-window": {"weeks": 1}})]
    {
        assert!(serde_json::from_value::<Effect>(unknown).is_err());
    }
}
