//! Bundles of a log that changed its key: believed by whoever knows any of its keys, and by none that was retired.

use bytes::Bytes;
use conformity::Digest;
use credential::bundle::{Bundle, KeyHistory, Pin, Policy, verify};
use credential::statement::read_unverified;
use ledger::jws::Unverified;
use ledger::log_keys::CheckpointKeys;
use serde_json::{Value, json};

use crate::answers::bytes;
use crate::log::{Log, at_the_checkpoint};

fn verdict(
    log: &Log,
    bundle: &Bundle,
    policy: &str,
) -> Result<Vec<String>, (&'static str, &'static str, &'static str)> {
    let policy = Policy::parse(policy).unwrap();
    match verify(&bytes(bundle), &policy, at_the_checkpoint(log)) {
        Ok(verified) => Ok(verified.steps.into_iter().map(|step| step.words).collect()),
        Err(failure) => Err((failure.fault.blame(), failure.step.as_str(), failure.fault.code())),
    }
}

/// A log that changed its key; with it the policy of whoever pinned it before, and a bundle of then.
fn rotated() -> (Log, String, Bundle) {
    let mut log = Log::at_work();
    let (policy, bundle) = (log.policy_text(""), log.bundle());
    log.rotate();
    log.seal();
    (log, policy, bundle)
}

#[test]
fn whoever_pinned_the_old_key_believes_the_new_one_and_is_told() {
    let (log, old_policy, old_bundle) = rotated();
    let steps = verdict(&log, &log.bundle(), &old_policy).unwrap();
    assert!(steps.iter().any(|words| words.contains("handed over to")), "{steps:?}");
    assert!(verdict(&log, &old_bundle, &old_policy).is_ok(), "what was sealed before holds for ever");
    let steps = verdict(&log, &log.bundle(), &log.policy_text("")).unwrap();
    assert!(steps.iter().any(|words| words.contains("whose key the policy names")), "{steps:?}");
}

#[test]
fn whoever_names_the_new_key_says_how_far_he_believes_the_old_one() {
    let (log, _, old_bundle) = rotated();
    let old_key = log.former_key().verifier();
    let refused = verdict(&log, &old_bundle, &log.policy_text(""));
    assert_eq!(refused, Err(("bundle", "checkpoint", "bad-checkpoint")), "nothing in it leads to the new key");
    let until = |size: u64| log.policy_text(&format!("earlier = [{{ log_key = \"{old_key}\", until = {size} }}]"));
    assert!(verdict(&log, &old_bundle, &until(11)).is_ok());
    assert_eq!(verdict(&log, &old_bundle, &until(10)), Err(("policy", "checkpoint", "retired-log-key")));
    let rows = [
        format!("earlier = [{{ log_key = \"{}\", until = 1 }}]", log.log_key_text()),
        format!("earlier = [{{ log_key = \"{}\", until = 1 }}]", Log::of("eu", |_| ()).log_key_text()),
        "earlier = [{ log_key = \"x\", until = 1 }]".to_owned(),
    ];
    for row in rows {
        assert!(Policy::parse(&log.policy_text(&row)).is_err(), "{row}");
    }
}

#[test]
fn a_retired_key_seals_nothing_that_shows_the_change() {
    let (log, old_policy, _) = rotated();
    let forged = Bundle { checkpoint: log.checkpoint_by(log.former_key()), ..log.bundle() };
    assert_eq!(verdict(&log, &forged, &old_policy), Err(("bundle", "checkpoint", "bad-checkpoint")));
    assert_eq!(verdict(&log, &forged, &log.policy_text("")), Err(("bundle", "checkpoint", "bad-checkpoint")));
    let hidden = log.bundle_of("jp:V-1", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(verdict(&log, &hidden, &old_policy), Err(("bundle", "checkpoint", "bad-checkpoint")));
    let early = Bundle { checkpoint: log.checkpoint_by(&log.another_key()), ..log.bundle() };
    assert_eq!(verdict(&log, &early, &old_policy), Err(("bundle", "checkpoint", "bad-checkpoint")));
}

#[test]
fn a_change_that_nobody_may_state_is_the_registrys_fault() {
    let mut log = Log::at_work();
    let policy = log.policy_text("");
    let claim = log.handover(&log.another_key(), &log.another_key());
    let spoken = log.signed("op", "op", "log-key-changed", claim);
    let read = read_unverified(&Unverified::parse(Bytes::from(spoken)).unwrap());
    assert_eq!(read.unwrap_err().code(), "bad-handover", "the old key did not endorse it");
    let next = log.another_key();
    let index = log.rotate_as("cb-1", next);
    log.seal();
    let bundle = log.bundle_of("jp:V-1", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, index]);
    assert_eq!(verdict(&log, &bundle, &policy), Err(("registry", "statement", "role-not-entitled")));
}

#[test]
fn a_history_of_keys_proves_itself_from_the_genesis_or_any_key() {
    let mut log = Log::at_work();
    let (first, genesis) = (log.log_key_text(), digest(&log.key_history(&[0]).statements[0].statement));
    let one = log.rotate();
    let second = log.log_key_text();
    log.change("suspended");
    let two = log.rotate();
    log.seal();
    let history = log.key_history(&[0, one, two]);
    let keys = history.verify(Pin::Genesis(genesis)).unwrap();
    let texts: Vec<String> = keys.all().map(ToString::to_string).collect();
    assert_eq!(texts, [first.clone(), second.clone(), log.log_key_text()]);
    for key in [first, second] {
        assert_eq!(history.verify(Pin::Key(&key.parse().unwrap())).as_ref(), Ok(&keys));
    }
    let code = |history: &KeyHistory, pin| history.verify(pin).unwrap_err().code();
    let stranger = log.another_key();
    assert_eq!(code(&history, Pin::Key(stranger.verifier())), "other-log-key");
    assert_eq!(code(&history, Pin::Genesis(Digest::of(b"x"))), "wrong-log");
    let missing = log.key_history(&[0, two]);
    assert_eq!(code(&missing, Pin::Genesis(genesis)), "bad-log-keys", "one change is left out");
    let unsealed = KeyHistory { checkpoint: log.checkpoint_by(log.former_key()), ..history.clone() };
    assert_eq!(code(&unsealed, Pin::Genesis(genesis)), "bad-checkpoint");
    let unproven = KeyHistory { proof: Vec::new(), ..history.clone() };
    assert_eq!(code(&unproven, Pin::Genesis(genesis)), "bad-proof");
    let value: Value = serde_json::to_value(&history).unwrap();
    assert!(serde_json::from_value::<KeyHistory>(json!({"statements": [], "x": 1})).is_err());
    assert_eq!(serde_json::from_value::<KeyHistory>(value).unwrap(), history);
}

/// Else the thief of the old key could put the change at the end of a tree of his own, and sign all before it.
#[test]
fn a_history_that_the_old_key_alone_signed_proves_no_change() {
    let mut log = Log::at_work();
    let genesis = digest(&log.key_history(&[0]).statements[0].statement);
    let change = log.rotate();
    let by_the_old_key = log.key_history(&[0, change]);
    assert_eq!(by_the_old_key.verify(Pin::Genesis(genesis)).unwrap_err().code(), "bad-log-keys");
    log.seal();
    log.key_history(&[0, change]).verify(Pin::Genesis(genesis)).unwrap();
}

#[test]
fn a_history_is_part_of_one_that_leaves_nothing_out() {
    let mut log = Log::at_work();
    let one = log.rotate();
    log.seal();
    let (before, less) = (log.key_history(&[0, one]), log.key_history(&[0]));
    let two = log.rotate();
    log.seal();
    assert!(before.is_part_of(&log.key_history(&[0, one, two])) && less.is_part_of(&before));
    assert!(!before.is_part_of(&less) && !before.is_part_of(&log.key_history(&[0, two])));
}

fn digest(statement: &str) -> Digest {
    Digest::of(statement.as_bytes())
}
