//! A key declared compromised from a moment on: what it signed since is void, what it signed before stands.
//!
//! In every world here `cb-1` has two keys: a thief has the first, the body goes on with the second.

use std::collections::BTreeSet;
use std::sync::Arc;

use conformity::Record;
use conformity::basis::of_verdict;
use conformity::credential::CredentialStatus;
use conformity::decide::MAX_VOIDED;
use conformity::digest::Digest;
use conformity::ids::PartyId;
use conformity::map_label::MapLabel;
use conformity::records::{Facts, StatementRecord, Touched, Voidable};
use conformity::refusal::Refusal;
use conformity::verdict::{Change, Happening, HistoryItem, Snapshot, VerdictRecord};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::basis::read;
use crate::consents::{consent, join, parts};
use crate::credentials::{credential, issue, issue_as, status};
use crate::erasure::replay;
use crate::properties::{Attempt, attempts, furnished};
use crate::world::{Row, STOLEN, World, changed, cover, key, kid, reason, report, row, verdict, with};

const REVOKED: &str = "key-revoked";

fn theft(party: &str, seed: u8, since: Timestamp) -> Value {
    json!({"party": party, "kid": kid(seed), "compromisedSince": since.to_string(), "reason": {"code": "key-compromise"}})
}

/// The body has a second key, with which it signs from now on.
pub(crate) fn rekey(world: &mut World) {
    world.must("op", "key-added", json!({"party": "cb-1", "key": key(50)}));
}

fn declare(world: &mut World, since: Timestamp) -> Result<Vec<Record>, Refusal> {
    world.say("op", REVOKED, theft("cb-1", 5, since))
}

/// The theft is found out: the first key of `cb-1` is revoked, and void since then.
pub(crate) fn found_out(world: &mut World, since: Timestamp) -> Vec<Record> {
    declare(world, since).unwrap_or_else(|refusal| panic!("{refusal}"))
}

pub(crate) fn steal(world: &mut World, change: Value) {
    let claim = changed(world, "V-1", change.clone());
    if let Err(refusal) = world.steal("cb-1", "verdict-changed", claim) {
        panic!("{change}: {refusal}");
    }
}

/// As if this key of `cb-1` had signed so many statements, one in each second.
fn busy(world: &mut World, count: usize) -> Timestamp {
    let since = world.now;
    for _ in 0..count {
        let touches = Touched::Verdict("V-9".parse().unwrap());
        world.register.insert(Record::Statement(Arc::new(StatementRecord {
            iss: "cb-1".parse().unwrap(),
            jti: format!("busy-{}", world.next).parse().unwrap(),
            index: world.next,
            digest: Digest::of(b"busy"),
            voidable: Some(Voidable { kid: kid(5).parse().unwrap(), at: world.now, touches }),
        })));
        world.next += 1;
        world.now += SignedDuration::from_secs(1);
    }
    since
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("a body declares a key of its own", |w| { let at = w.now; w.say("cb-1", REVOKED, theft("cb-1", 5, at)) }, "role-not-entitled"),
        row("an unknown key was stolen", |w| { let at = w.now; w.say("op", REVOKED, theft("cb-1", 99, at)) }, "unknown-key"),
        row("a theft that is still to come", |w| { let at = w.now; declare(w, at + SignedDuration::from_secs(1)) }, "compromised-in-future"),
        row("a theft before the key was there", |w| {
            let added = w.register.party(&"cb-1".parse().unwrap()).unwrap().registered.at;
            declare(w, added - SignedDuration::from_millis(1))
        }, "compromised-before-added"),
        row("the moment moves forward", |w| {
            let since = w.now;
            found_out(w, since);
            declare(w, since + SignedDuration::from_millis(1))
        }, "compromised-already"),
        row("the same moment twice", |w| {
            let since = w.now;
            found_out(w, since);
            declare(w, since)
        }, "compromised-already"),
        row("a theft after the key was revoked", |w| {
            w.must("op", REVOKED, json!({"party": "cb-1", "kid": kid(5)}));
            let at = w.now;
            declare(w, at)
        }, "key-revoked"),
        row("a declared key is revoked once more", |w| {
            let at = w.now;
            found_out(w, at);
            w.say("op", REVOKED, json!({"party": "cb-1", "kid": kid(5)}))
        }, "key-revoked"),
        row("what the operator signed becomes void", |w| {
            w.must("op", "key-added", json!({"party": "op", "key": key(60)}));
            let at = w.now;
            w.say("op", REVOKED, theft("op", 1, at))
        }, "not-voidable"),
        row("what the node signed becomes void", |w| {
            w.must("op", "key-added", json!({"party": "node", "key": key(60)}));
            let at = w.now;
            w.say("op", REVOKED, theft("node", 201, at))
        }, "not-voidable"),
        row("what an authority signed becomes void", |w| { let at = w.now; w.say("op", REVOKED, theft("ministry", 2, at)) }, "not-voidable"),
        row("what an accreditation body signed becomes void", |w| { let at = w.now; w.say("op", REVOKED, theft("ab", 3, at)) }, "not-voidable"),
        row("more than one declaration voids", |w| {
            let since = busy(w, MAX_VOIDED + 1);
            declare(w, since)
        }, "too-many-voided"),
    ]
}

#[test]
fn what_was_sequenced_since_is_void_and_what_was_before_stands() {
    let mut world = World::furnished();
    rekey(&mut world);
    let before = world.now;
    world.steal("cb-1", "verdict-granted", verdict("V-2")).unwrap();
    let since = world.now;
    // A thief dates back as far as a statement can be dated.
    let mut payload = world.envelope(
        "cb-1",
        "verdict-granted",
        with(verdict("V-3"), json!({"validFrom": "2026-01-01", "validUntil": "2028-12-31"})),
    );
    payload["jti"] = json!(format!("{STOLEN}3"));
    payload["iat"] = json!(0);
    world.take(&payload, None).unwrap();
    world.must("cb-1", "verdict-granted", verdict("V-4"));
    let between = world.now;
    world.at("2026-12-01T00:00:00Z");
    found_out(&mut world, since);
    assert_eq!(["V-1", "V-2", "V-3", "V-4"].map(|id| world.state(id)), ["granted", "granted", "void", "granted"]);
    let (stands, void) = (world.verdict("V-2"), world.verdict("V-3"));
    for at in [since, between, world.now, "2027-06-01T00:00:00Z".parse().unwrap()] {
        assert!(stands.in_force_at(at) && !void.in_force_at(at), "{at}");
        assert_eq!(void.as_of(at).unwrap().state.name().as_str(), "void", "{at}");
        assert!(!void.in_effect_at(at).unwrap().state.name().is_in_force());
    }
    assert_eq!(void.as_of(before), None, "it was not there yet");
    assert_eq!(void.now.state.since().to_string(), "2026-01-01T00:00:00Z", "void from when it pretended to begin");
    assert_eq!(world.say("cb-1", "verdict-granted", verdict("V-3")).unwrap_err().code(), "verdict-exists");
    let claim = changed(&world, "V-3", json!("restored"));
    assert_eq!(world.say("cb-1", "verdict-changed", claim).unwrap_err().code(), "illegal-move", "nothing leaves it");
}

#[test]
fn nothing_that_a_thief_changed_stays() {
    let extended = json!({"scope-extended": cover(json!({"level": "5", "sites": ["Osaka", "Nagoya", "Kobe"]}))});
    let stolen = [
        json!("suspended"),
        json!("withdrawn"),
        json!("surrendered"),
        json!("annulled"),
        json!("historical"),
        json!("appeal-opened"),
        json!("recommendation-declined"),
        json!({"conditional": {"text": "close two findings", "deadline": "2027-01-31"}}),
        json!({"renewed": {"validUntil": "2029-10-30"}}),
        json!({"transferred": {"to": "cb-2"}}),
        json!({"superseded": {"by": "V-2"}}),
        json!({"scope-reduced": cover(json!({"sites": ["Osaka"]}))}),
        extended,
    ];
    for change in stolen {
        let mut world = World::furnished();
        rekey(&mut world);
        world.must("cb-1", "verdict-granted", verdict("V-2"));
        world.must("audit", "report-filed", report("P-1"));
        let (before, since, entry) = (world.verdict("V-1"), world.now, world.next);
        steal(&mut world, change.clone());
        let claimed = world.verdict("V-1").now.clone();
        assert_ne!(claimed, before.now, "{change}");
        found_out(&mut world, since);
        let after = world.verdict("V-1");
        assert_eq!(after.now, before.now, "{change}");
        assert_eq!(after.as_of(since), Some(before.now.clone()), "{change}: also before anybody knew");
        assert_eq!(after.after_entry(entry), Some(claimed), "{change}: what the log said there stays told");
    }
}

#[test]
fn a_restoration_by_a_thief_leaves_the_suspension() {
    let mut world = World::furnished();
    rekey(&mut world);
    world.must_change(json!("suspended"));
    let since = world.now;
    steal(&mut world, json!("restored"));
    assert_eq!(world.state("V-1"), "granted");
    found_out(&mut world, since);
    assert_eq!(world.state("V-1"), "suspended");
    assert!(!world.verdict("V-1").in_force_at(since));
    // And the body's own answer to a theft that nobody has declared yet is kept as far as there is anything to answer.
    world.must_change(json!("restored"));
    assert_eq!(world.state("V-1"), "granted");
}

#[test]
fn what_the_body_did_meanwhile_with_its_own_key_counts() {
    let mut world = World::furnished();
    rekey(&mut world);
    let since = world.now;
    steal(&mut world, json!("suspended"));
    world.must_change(json!("restored"));
    world.must_change(json!({"scope-reduced": cover(json!({"sites": ["Osaka"]}))}));
    steal(&mut world, json!("withdrawn"));
    found_out(&mut world, since);
    let now = &world.verdict("V-1").now;
    assert_eq!((now.state.name().as_str(), now.sites.len()), ("granted", 1));
    world.must_change(json!("suspended"));
    assert_eq!(world.state("V-1"), "suspended");
}

#[test]
fn the_history_names_what_is_void_and_what_made_it_so() {
    let mut world = World::furnished();
    rekey(&mut world);
    let since = world.now;
    steal(&mut world, json!("suspended"));
    let stolen = world.next - 1;
    found_out(&mut world, since);
    let declared = world.next - 1;
    let record = world.verdict("V-1");
    let marks: Vec<_> =
        record.history.iter().map(|item| (item.what.as_str(), item.voided.map(|at| at.index))).collect();
    assert_eq!(marks, [("granted", None), ("suspended", Some(declared)), ("voided", None)]);
    let Happening::Voided(voiding) = &record.history[2].what else { panic!("{record:?}") };
    assert_eq!((voiding.party.as_str(), voiding.kid.to_string(), voiding.since), ("cb-1", kid(5), since));
    assert_eq!(record.history[2].by.as_str(), "op");
    let label = MapLabel::Verdict("V-1".parse().unwrap());
    assert_eq!(
        label.entries(&world.register)[1..],
        [stolen, declared],
        "a proof of completeness covers the declaration"
    );
    let written = serde_json::to_value(&*record).unwrap();
    assert_eq!(written["history"][1]["voided"]["index"], json!(declared));
    assert_eq!(serde_json::from_value::<VerdictRecord>(written).unwrap(), *record);
    // Nothing of the body's was touched where nothing was signed.
    assert_eq!(world.verdict("T-1").history.len(), 1);
}

#[test]
fn the_moment_moves_back_and_a_revoked_key_can_be_declared() {
    let mut world = World::furnished();
    rekey(&mut world);
    let first = world.now;
    steal(&mut world, json!("suspended"));
    let second = world.now;
    world.steal("cb-1", "verdict-granted", verdict("V-2")).unwrap();
    world.must("op", REVOKED, json!({"party": "cb-1", "kid": kid(5)}));
    let revoked = world.next - 1;
    found_out(&mut world, second);
    assert_eq!(["V-1", "V-2"].map(|id| world.state(id)), ["suspended", "void"]);
    let once = world.verdict("V-2");
    found_out(&mut world, first);
    assert_eq!(["V-1", "V-2"].map(|id| world.state(id)), ["granted", "void"]);
    assert_eq!(world.verdict("V-2"), once, "what is void already is not voided again");
    let record = world.register.party(&"cb-1".parse().unwrap()).unwrap();
    let stolen = &record.keys[0];
    assert_eq!(stolen.revoked.as_ref().unwrap().moment.index, revoked, "the key ended when it was revoked");
    let declared: Vec<_> = stolen.compromised.iter().map(|one| one.since).collect();
    assert_eq!((declared, stolen.compromised_since()), (vec![second, first], Some(first)));
    let erase = json!({"index": world.next - 1, "reason": reason()});
    assert_eq!(world.say("op", "statement-erased", erase).unwrap_err().code(), "not-erasable");
}

#[test]
fn credentials_of_a_thief_never_count_and_take_nobodys_place() {
    let mut world = World::furnished();
    rekey(&mut world);
    issue(&mut world, "cb-1", credential(1)).unwrap();
    let since = world.now;
    issue_as(&mut world, "cb-1", &format!("{STOLEN}c"), credential(2)).unwrap();
    assert_eq!([1, 2].map(|slot| status(&world, slot)), [CredentialStatus::Invalid, CredentialStatus::Valid]);
    found_out(&mut world, since);
    assert_eq!([1, 2].map(|slot| status(&world, slot)), [CredentialStatus::Valid, CredentialStatus::Invalid]);
    let last = world.verdict("V-1").history.last().unwrap().clone();
    assert_eq!(last.what.as_str(), "voided", "the verdict's history tells of it, so that it cannot be left out");
    assert_eq!(issue(&mut world, "cb-1", credential(2)).unwrap_err().code(), "slot-taken");
}

#[test]
fn a_credential_of_terms_that_a_thief_set_does_not_count() {
    let mut world = World::furnished();
    rekey(&mut world);
    issue(&mut world, "cb-1", credential(1)).unwrap();
    let since = world.now;
    steal(&mut world, json!({"scope-reduced": cover(json!({"sites": ["Osaka"]}))}));
    let thiefs =
        json!({"scope": "as changed", "reach": {"level": "4", "sites": ["Osaka"], "exclusions": ["warehouse"]}});
    issue(&mut world, "cb-1", with(credential(2), thiefs)).unwrap();
    found_out(&mut world, since);
    assert_eq!(status(&world, 2), CredentialStatus::Invalid, "the body believed what a thief had set");
    issue(&mut world, "cb-1", credential(3)).unwrap();
    assert_eq!(status(&world, 3), CredentialStatus::Valid);
}

#[test]
fn a_report_of_a_thief_answers_no_duty() {
    let mut world = World::furnished();
    world.must("op", "key-added", json!({"party": "audit", "key": key(51)}));
    let (before, since) = (world.verdict("V-1").now.clone(), world.now);
    world.steal("audit", "report-filed", report("P-1")).unwrap();
    assert!(world.verdict("V-1").now.last_surveillance.is_some());
    world.must("op", REVOKED, theft("audit", 8, since));
    assert_eq!(world.verdict("V-1").now, before);
}

#[test]
fn by_a_consent_of_a_thief_nobody_sees_anything() {
    let mut world = World::furnished();
    join(&mut world);
    world.must("maker", "disclosure-consented", with(consent("C-1"), json!({"parts": ["level"]})));
    world.must("op", "key-added", json!({"party": "maker", "key": key(52)}));
    let since = world.now;
    let lab = with(consent("C-2"), json!({"to": "lab"}));
    world.steal("maker", "disclosure-consented", lab.clone()).unwrap();
    world.steal("maker", "disclosure-withdrawn", json!({"consent": "C-1"})).unwrap();
    assert!(!parts(&world, "lab", "V-1").is_empty());
    world.must("op", REVOKED, theft("maker", 20, since));
    assert!(parts(&world, "lab", "V-1").is_empty());
    assert!(parts(&world, "buyer", "V-1").is_empty(), "what was taken back stays so, whoever did it");
    let maker = "maker".parse().unwrap();
    assert_eq!(world.register.consent_count(&maker), 1, "a thief does not use up what the supplier may give");
    assert!(
        world.verdict("V-1").history.iter().all(|item| item.what.as_str() != "voided"),
        "consents are no verdict's affair"
    );
    world.must("maker", "disclosure-consented", with(lab, json!({"consent": "C-3"})));
    assert!(!parts(&world, "lab", "V-1").is_empty(), "the supplier itself may");
}

#[test]
fn a_key_of_two_parties_is_two_keys() {
    let mut world = World::furnished();
    world.must("op", "key-added", json!({"party": "cb-2", "key": key(5)}));
    let since = world.now;
    world.must("cb-2", "verdict-granted", verdict("V-2"));
    found_out(&mut world, since);
    assert_eq!(world.state("V-2"), "granted");
}

#[test]
fn a_thief_cannot_fill_a_history() {
    let mut world = World::furnished();
    rekey(&mut world);
    let since = world.now;
    for number in 0..999 {
        steal(&mut world, json!(if number % 2 == 0 { "appeal-opened" } else { "appeal-closed" }));
    }
    assert_eq!(world.change(json!("appeal-closed")).unwrap_err().code(), "history-full");
    found_out(&mut world, since);
    world.must_change(json!("complaint-opened"));
}

#[test]
fn too_many_are_voided_piece_by_piece() {
    let mut world = World::furnished();
    let since = busy(&mut world, MAX_VOIDED + 100);
    let refusal = declare(&mut world, since).unwrap_err();
    let Refusal::TooManyVoided { since: later, .. } = refusal else { panic!("{refusal}") };
    declare(&mut world, later).unwrap();
    declare(&mut world, since).unwrap();
}

#[test]
fn ten_thousand_verdicts_fall_in_one_statement() {
    let mut world = World::furnished();
    world.at("2026-11-03T00:00:00Z");
    let since = world.now;
    for number in 0..10_000 {
        world.steal("cb-1", "verdict-granted", verdict(&format!("N-{number}"))).unwrap();
    }
    let records = found_out(&mut world, since);
    assert_eq!(records.len(), 10_000 + 2, "each verdict, the party, the statement");
    let void = world.register.verdicts_after(None).filter(|record| record.now.state.name().as_str() == "void");
    assert_eq!(void.count(), 10_000);
}

#[test]
fn a_batch_sees_what_was_signed_in_it() {
    let mut world = World::furnished();
    let since = world.now.to_string();
    let batch = [
        ("cb-1", "verdict-granted", verdict("V-2")),
        ("op", REVOKED, json!({"party": "cb-1", "kid": kid(5), "compromisedSince": since})),
    ];
    assert_eq!(crate::overlay::batch(&mut world, &batch), ["taken", "taken"]);
    assert_eq!(["V-1", "V-2"].map(|id| world.state(id)), ["granted", "void"]);
}

#[test]
fn a_replay_comes_to_the_same_also_after_an_erasure() {
    for erase in [None, Some("V-1"), Some("V-2")] {
        let mut world = World::furnished();
        join(&mut world);
        rekey(&mut world);
        let since = world.now;
        world.steal("cb-1", "verdict-granted", verdict("V-2")).unwrap();
        steal(&mut world, json!("suspended"));
        world.must("maker", "disclosure-consented", consent("C-1"));
        found_out(&mut world, since);
        world.must("op", REVOKED, theft("maker", 20, since));
        let erased = erase.map(|id| world.verdict(id).history[0].index);
        if let Some(index) = erased {
            world.must("op", "statement-erased", json!({"index": index, "reason": reason()}));
        }
        let told = world.taken.iter().map(|(bytes, at, _)| (serde_json::from_slice(bytes).unwrap(), *at));
        let again = replay(&told.collect::<Vec<_>>(), &erased.into_iter().collect::<Vec<_>>());
        assert!(again == world.register, "{erase:?}");
    }
}

/// The snapshot after those items that are not void, told one by one; without what a body said to which a thief had handed it, or
/// somebody to whom that one did, or who spoke in the place of such a body.
fn without_void(record: &VerdictRecord, counts: impl Fn(Timestamp) -> bool) -> Option<Snapshot> {
    let (granted, rest) = record.history.split_first()?;
    let mut then = counts(granted.at).then(|| VerdictRecord::new(record.terms.clone(), granted.clone()))?;
    let to = |item: &HistoryItem| match &item.what {
        Happening::Changed(Change::Transferred { to }) => Some(to.clone()),
        _ => None,
    };
    let mut handed: Vec<PartyId> = rest.iter().filter(|item| item.voided.is_some()).filter_map(to).collect();
    for item in rest.iter().filter(|item| item.voided.is_none() && counts(item.at)) {
        let speaks_for = [Some(&item.by), item.in_place_of.as_ref()];
        let rightful = speaks_for.contains(&Some(&then.now.issuer));
        if !rightful && speaks_for.into_iter().flatten().any(|body| handed.contains(body)) {
            handed.extend(to(item));
            handed.extend(item.in_place_of.iter().map(|_| item.by.clone()));
        } else {
            then = then.after(item.clone()).unwrap_or(then);
        }
    }
    Some(then.now)
}

/// Attempts, each by a thief or not.
fn mixed() -> impl Strategy<Value = Vec<(Attempt, bool)>> {
    attempts().prop_flat_map(|attempts| {
        let thieves = prop::collection::vec(any::<bool>(), attempts.len());
        thieves.prop_map(move |thieves| attempts.clone().into_iter().zip(thieves).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_history_with_void_items_is_folded_as_one_without_them(attempts in mixed(), pieces in 1..4_usize) {
        let mut world = furnished();
        rekey(&mut world);
        let mut moments = vec![world.now];
        for (number, (attempt, thief)) in attempts.iter().enumerate() {
            moments.push(world.now);
            if *thief { attempt.steal(&mut world, number) } else { attempt.make(&mut world, number) };
        }
        // Declared at once, or further back each time: it comes to the same.
        for piece in (0..pieces).rev() {
            let since = moments[moments.len() * piece / pieces];
            if let Err(refusal) = declare(&mut world, since) {
                prop_assert_eq!(refusal.code(), "compromised-already");
            }
        }
        let record = world.verdict("V-1");
        prop_assert_eq!(Some(record.now.clone()), without_void(&record, |_| true));
        for at in &moments {
            prop_assert_eq!(record.as_of(*at), without_void(&record, |then| then <= *at), "{}", at);
        }
        let indexes: BTreeSet<u64> = of_verdict(&world.register, &record, u64::MAX).indexes;
        let register = read(&world, &indexes).map_err(TestCaseError::fail)?;
        prop_assert_eq!(register.verdict(record.id()), Some(record), "read from what it rests on");
    }
}
