//! Bundles about suppliers: what they prove, what cannot be left out of them, and a row for each way in which one does not hold.

use conformity::identifiers::Identifier;
use credential::bundle::supplier::{Counted, MAX_ENTRIES, MAX_IDENTIFIERS};
use credential::bundle::{
    Bundle, Checked, Failure, MAX_BUNDLE, MAX_STATEMENTS, Policy, Question, Standing, StepName, SupplierBundle,
    verify_any,
};
use jiff::SignedDuration;
use serde_json::json;

use crate::log::{Log, ORIGIN, at_the_checkpoint, jwk, verdict};

/// Named by V-1, and two of the supplier without a verdict.
const NUMBER: &str = "corporate-number:7000012050002";
const LEI: &str = "lei:5493001KJTIIGC8Y1R12";
const DUNS: &str = "duns:150483782";

fn bytes(bundle: &SupplierBundle) -> Vec<u8> {
    serde_json::to_vec(bundle).unwrap()
}

fn check(log: &Log, bundle: &SupplierBundle, question: Question) -> Result<Standing, Failure> {
    verify_any(&bytes(bundle), &log.policy(), question).map(|checked| match checked {
        Checked::Supplier(standing) => *standing,
        Checked::Verdict(verified) => panic!("{verified:?}"),
    })
}

fn good(log: &Log, bundle: &SupplierBundle) -> Standing {
    check(log, bundle, at_the_checkpoint(log)).unwrap_or_else(|failure| panic!("{:?}: {failure}", failure.step))
}

fn refused(log: &Log, bundle: &SupplierBundle) -> (&'static str, &'static str, &'static str) {
    told(check(log, bundle, at_the_checkpoint(log)))
}

fn told(outcome: Result<Standing, Failure>) -> (&'static str, &'static str, &'static str) {
    let failure = outcome.unwrap_err();
    assert!(failure.held.iter().all(|step| step.step <= failure.step), "what held came before");
    (failure.fault.blame(), failure.step.as_str(), failure.fault.code())
}

/// A log with V-1 on one supplier, and `maker`, a supplier with two other identifiers and no verdict.
fn log() -> Log {
    let mut log = Log::at_work();
    log.register_supplier("maker", &[LEI, DUNS]);
    log.seal();
    log
}

/// The supplier of V-1 registered, with a second identifier, and V-1 suspended.
fn busy() -> Log {
    let mut log = Log::at_work();
    log.register_supplier("maker", &[NUMBER, LEI]);
    log.change("suspended");
    log.seal();
    log
}

fn absence(log: &Log) -> SupplierBundle {
    log.supplier_bundle(Some("maker"), &[LEI, DUNS])
}

fn presence(log: &Log) -> SupplierBundle {
    log.supplier_bundle(Some("maker"), &[NUMBER, LEI])
}

#[test]
fn absence_is_proven_for_each_identifier_and_what_is_not_proven_is_said() {
    let log = log();
    let standing = good(&log, &absence(&log));
    assert!(standing.absent && standing.entries.is_empty());
    assert_eq!(standing.registered.as_ref().unwrap().as_str(), "maker");
    assert_eq!(
        (standing.at, &standing.checkpoint.witnesses[..]),
        (standing.checkpoint.at, &["one.test", "two.test"].map(str::to_owned)[..])
    );
    let words: Vec<&str> = standing.steps.iter().map(|step| step.words.as_str()).collect();
    let at = standing.at;
    for identifier in [LEI, DUNS] {
        let claim = format!("as of {at}, {ORIGIN} holds no verdict about {identifier} under stars@1");
        assert!(words.iter().any(|words| words.starts_with(&claim)), "{words:#?}");
    }
    assert!(
        words
            .iter()
            .any(|words| words.contains("registered the supplier as maker, with these identifiers and no others"))
    );
    assert!(words.last().unwrap().contains("nothing is said of other identifiers, of other schemes"), "{words:#?}");
    let standing = standing.of_all_identifiers().unwrap();
    let json = serde_json::to_value(Checked::Supplier(Box::new(standing))).unwrap();
    assert_eq!((&json["absent"], &json["identifiers"][0]["entries"]), (&json!(true), &json!([])));
    let unregistered = good(&log, &log.supplier_bundle(None, &[LEI]));
    assert!(unregistered.absent && unregistered.registered.is_none());
    assert!(unregistered.steps.iter().any(|step| step.words.contains("it may have other identifiers")));
    let json = serde_json::to_value(&unregistered).unwrap();
    assert_eq!(json.get("registered"), Some(&json!(null)));
    let count = unregistered.steps.len();
    let failure = unregistered.of_all_identifiers().unwrap_err();
    assert_eq!(
        (failure.held.len(), failure.fault.code(), failure.step.as_str()),
        (count, "not-registered", "supplier")
    );
}

/// A bundle says nothing of a verdict that was there then and is erased.
const ERASED: &str = "leaving out what was erased since";

#[test]
fn presence_is_proven_entry_by_entry_and_by_time() {
    let log = busy();
    let mut bundle = presence(&log);
    let (granted, suspended) = (bundle.entries[0].index, bundle.entries[1].index);
    bundle.entries[1].statement = None;
    let standing = good(&log, &bundle);
    assert!(!standing.absent);
    assert!(standing.steps.iter().all(|step| !step.words.contains(ERASED)), "at the checkpoint nothing was");
    let known: Vec<_> = standing.identifiers.iter().map(|one| one.entries.clone()).collect();
    assert_eq!(known, [vec![granted, suspended], vec![]]);
    let said = standing.entries[0].said.as_ref().unwrap();
    assert_eq!((said.kind.as_str(), said.by.as_str()), ("verdict-granted", "cb-1"));
    assert_eq!(said.verdict.as_ref().unwrap().as_str(), "V-1");
    assert_eq!(standing.entries[1].said, None, "what is not shown is counted");
    let rows = [
        (log.at(granted).checked_sub(SignedDuration::from_millis(1)).unwrap(), 0),
        (log.at(granted), 1),
        (log.at(suspended), 2),
    ];
    for (at, count) in rows {
        let then = check(&log, &bundle, Question { at: Some(at), now: log.now() }).unwrap();
        assert_eq!((then.entries.len(), then.absent, then.at), (count, count == 0, at));
        assert_eq!(then.identifiers[0].entries.len(), count);
        let told = then.steps.iter().filter(|step| step.words.starts_with("as of "));
        assert!(told.clone().count() > 0 && told.clone().all(|step| step.words.contains(ERASED)), "{:?}", then.steps);
    }
}

#[test]
fn each_kind_of_bundle_is_told_by_its_format() {
    let log = busy();
    let of_verdict = serde_json::to_vec(&log.bundle()).unwrap();
    let checked = verify_any(&of_verdict, &log.policy(), at_the_checkpoint(&log)).unwrap();
    assert!(matches!(checked, Checked::Verdict(_)), "{checked:?}");
    assert!(Bundle::parse(&bytes(&presence(&log))).is_err());
    assert!(SupplierBundle::parse(&of_verdict).is_err());
}

/// Whoever leaves something out holds the whole log, and proves what is left as well as anybody could.
#[test]
fn nothing_can_be_left_out() {
    let log = busy();
    let honest = presence(&log);
    let indexes: Vec<u64> = honest.statements.iter().map(|item| item.index).collect();
    let incomplete = ("bundle", "completeness", "incomplete");
    for gone in 0..2 {
        let mut identifiers = honest.identifiers.clone();
        identifiers[0].entries.remove(gone);
        assert_eq!(refused(&log, &log.supplier_bundle_of(&indexes, identifiers)), incomplete, "without entry {gone}");
    }
    let mut identifiers = honest.identifiers.clone();
    identifiers[0].entries.clear();
    assert_eq!(refused(&log, &log.supplier_bundle_of(&indexes, identifiers)), incomplete, "all of them");
    let one = vec![honest.identifiers[1].clone()];
    let identifiers = ("bundle", "supplier", "bad-identifiers");
    assert_eq!(
        refused(&log, &log.supplier_bundle_of(&indexes, one.clone())),
        identifiers,
        "the identifier with the verdict"
    );
    // Without the registration the rest holds, and says that there may be other identifiers.
    let rest: Vec<u64> = indexes.iter().copied().filter(|index| *index != 11).collect();
    assert!(rest.len() < indexes.len());
    let standing = good(&log, &log.supplier_bundle_of(&rest, one));
    assert!(standing.absent && standing.registered.is_none());
}

#[test]
fn nothing_about_somebody_else_is_slipped_in() {
    let log = log();
    // Whoever has the whole log can prove each of its entries.
    let mut padded = log.supplier_bundle(None, &[LEI, NUMBER]);
    let about_another = padded.identifiers.pop().unwrap();
    assert!(!about_another.entries.is_empty() && padded.identifiers[0].entries.is_empty());
    assert_eq!(refused(&log, &padded), ("bundle", "supplier", "stray-entry"));
}

#[test]
fn keys_of_those_who_speak_for_the_registry_cannot_be_left_out() {
    let mut log = log();
    let added = log.say("op", "key-added", json!({"party": "op", "key": jwk(log.key("stranger"))}));
    log.seal();
    let honest = absence(&log);
    good(&log, &honest);
    let rest: Vec<u64> = honest.statements.iter().map(|item| item.index).filter(|index| *index != added).collect();
    let shorter = log.supplier_bundle_of(&rest, honest.identifiers);
    assert_eq!(refused(&log, &shorter), ("bundle", "completeness", "incomplete"));
}

/// A registry that counts otherwise than the log holds: whatever it shows, one of the two contradicts it.
#[test]
fn a_registry_that_hides_an_entry_is_refused() {
    let label = format!("supplier/{NUMBER}/scheme/stars@1");
    let mut hiding = Log::at_work();
    hiding.hidden = vec![label];
    hiding.change("suspended");
    hiding.seal();
    let shown = hiding.supplier_bundle(None, &[NUMBER]);
    assert_eq!(shown.identifiers[0].entries.len(), 2);
    assert_eq!(refused(&hiding, &shown), ("bundle", "completeness", "incomplete"), "a map without them");
    let mut stale = Log::at_work();
    stale.change("suspended");
    stale.seal_as_before();
    let shown = stale.supplier_bundle(None, &[NUMBER]);
    assert_eq!(refused(&stale, &shown), ("bundle", "completeness", "incomplete"), "a map from before");
    let honest = busy();
    let mut crafted = presence(&honest);
    let proof = &mut crafted.identifiers[0].map_proof;
    *proof = proof.replacen("latest 2 ", "latest 1 ", 1);
    crafted.identifiers[0].entries.truncate(1);
    assert_eq!(refused(&honest, &crafted), ("bundle", "completeness", "bad-map-proof"), "a crafted count");
}

#[test]
fn an_older_bundle_does_not_pass_as_fresh() {
    let log = log();
    let policy = Policy::parse(&format!("max_age_seconds = 60\n{}", log.policy_text(""))).unwrap();
    let bundle = bytes(&absence(&log));
    let sealed = log.at(log.entries.len() as u64 - 1);
    let after = |seconds: i64| {
        let now = sealed.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        verify_any(&bundle, &policy, Question { at: None, now })
    };
    assert!(after(60).is_ok());
    let failure = after(61).unwrap_err();
    assert_eq!((failure.step, failure.fault.code()), (StepName::Time, "stale"));
}

#[test]
fn each_way_not_to_hold_has_a_row() {
    let log = busy();
    let other = |text: &str| text.parse::<Identifier>().unwrap();
    let rows: [(&str, fn(&mut SupplierBundle), (&str, &str, &str)); 14] = [
        ("another format", |b| b.format.push('1'), ("bundle", "form", "not-a-bundle")),
        ("another log", |b| b.origin = "us.registry.test".parse().unwrap(), ("policy", "checkpoint", "unknown-log")),
        ("another scheme", |b| b.scheme = "stars@2".parse().unwrap(), ("bundle", "completeness", "bad-map-proof")),
        ("no identifier", |b| b.identifiers.clear(), ("bundle", "form", "not-a-bundle")),
        ("an identifier twice", |b| b.identifiers.push(b.identifiers[0].clone()), ("bundle", "form", "not-a-bundle")),
        (
            "identifiers exchanged",
            |b| {
                let (left, right) = b.identifiers.split_at_mut(1);
                std::mem::swap(&mut left[0].identifier, &mut right[0].identifier);
            },
            ("bundle", "completeness", "bad-map-proof"),
        ),
        ("an entry that is not shown", |b| b.identifiers[1].entries.push(3), ("bundle", "completeness", "incomplete")),
        (
            "an entry of another identifier",
            |b| b.identifiers[1].entries = b.identifiers[0].entries.clone(),
            ("bundle", "completeness", "incomplete"),
        ),
        ("entries out of order", |b| b.identifiers[0].entries.reverse(), ("bundle", "completeness", "incomplete")),
        ("an entry less", |b| drop(b.entries.pop()), ("bundle", "inclusion", "bad-proof")),
        ("an altered entry", |b| b.entries[0].entry = b.entries[1].entry.clone(), ("bundle", "inclusion", "bad-proof")),
        ("no entry", |b| b.entries[0].entry = "AAAA".to_owned(), ("bundle", "inclusion", "bad-order")),
        (
            "the statement of another entry",
            |b| b.entries[0].statement = b.entries[1].statement.clone(),
            ("bundle", "statement", "other-statement"),
        ),
        ("no statement", |b| b.entries[0].statement = Some("x".to_owned()), ("bundle", "inclusion", "not-a-jws")),
    ];
    for (why, alter, expected) in rows {
        let mut bundle = presence(&log);
        alter(&mut bundle);
        let failure = check(&log, &bundle, at_the_checkpoint(&log)).unwrap_err();
        assert_eq!((failure.fault.blame(), failure.step.as_str(), failure.fault.code()), expected, "{why}: {failure}");
    }
    let mut stranger = presence(&log);
    stranger.identifiers[1].identifier = other(DUNS);
    assert_eq!(
        refused(&log, &stranger),
        ("bundle", "supplier", "bad-identifiers"),
        "an identifier that is not registered"
    );
}

#[test]
fn sizes_and_counts_are_bounded() {
    let honest = presence(&busy());
    let counted = |number: usize| Counted {
        identifier: format!("local:list:{number}").parse().unwrap(),
        entries: Vec::new(),
        map_proof: String::new(),
    };
    let code = |bundle: SupplierBundle| {
        SupplierBundle::parse(&bytes(&bundle)).map_err(|broken| credential::bundle::Fault::from(broken).code())
    };
    let within = SupplierBundle { identifiers: (0..MAX_IDENTIFIERS).map(counted).collect(), ..honest.clone() };
    assert!(code(within).is_ok());
    let beyond = [
        SupplierBundle { identifiers: (0..=MAX_IDENTIFIERS).map(counted).collect(), ..honest.clone() },
        SupplierBundle { statements: vec![honest.statements[0].clone(); MAX_STATEMENTS + 1], ..honest.clone() },
        SupplierBundle {
            entries: vec![
                credential::bundle::supplier::Listed { statement: None, ..honest.entries[0].clone() };
                MAX_ENTRIES + 1
            ],
            ..honest.clone()
        },
        SupplierBundle {
            identifiers: vec![Counted { entries: vec![1; MAX_ENTRIES + 1], ..counted(0) }],
            ..honest.clone()
        },
    ];
    for bundle in beyond {
        assert_eq!(code(bundle), Err("too-many"));
    }
    let long = [&bytes(&honest)[..], &vec![b' '; MAX_BUNDLE]].concat();
    assert_eq!(
        SupplierBundle::parse(&long).unwrap_err().to_string(),
        format!("a bundle has at most {MAX_BUNDLE} bytes, not {}", long.len())
    );
    assert!(SupplierBundle::parse(b"[]").is_err());
}

/// Every byte: in what a node writes there is none that does not count.
#[test]
fn an_altered_byte_is_refused() {
    let (with, without) = (busy(), log());
    for (log, bundle) in [(&with, presence(&with)), (&without, absence(&without))] {
        let (honest, policy, question) = (bytes(&bundle), log.policy(), at_the_checkpoint(log));
        assert!(verify_any(&honest, &policy, question).is_ok());
        for place in 0..honest.len() {
            let mut altered = honest.clone();
            altered[place] ^= if place % 2 == 0 { 0x01 } else { 0x20 };
            let outcome = verify_any(&altered, &policy, question);
            assert!(outcome.is_err(), "byte {place}: {}", String::from_utf8_lossy(&altered));
        }
        for end in (0..honest.len()).step_by(11) {
            assert!(verify_any(&honest[..end], &policy, question).is_err(), "the first {end} bytes");
        }
    }
}

/// What every verdict on the supplier is under, foreign ones too.
#[test]
fn a_verdict_under_several_identifiers_is_counted_under_each() {
    let mut claim = verdict("V-1");
    claim["supplier"]["others"] = json!([LEI]);
    let mut log = Log::at_work_with(claim);
    log.register_supplier("maker", &[NUMBER, LEI]);
    log.seal();
    let standing = good(&log, &presence(&log));
    assert!(standing.identifiers.iter().all(|one| one.entries.len() == 1) && standing.entries.len() == 1);
}
