//! A stolen key in a bundle: what is void is void at every time asked about, and the declaration cannot be left out.

use credential::bundle::{Bundle, Question, verify};
use serde_json::json;

use crate::answers::{bytes, good, issued_at, own};
use crate::log::{Log, at_the_checkpoint, verdict};

/// The grant of V-1 in a log at work.
const GRANT: u64 = 9;

fn code(log: &Log, bundle: &Bundle) -> &'static str {
    verify(&bytes(bundle), &log.policy(), at_the_checkpoint(log)).unwrap_err().fault.code()
}

#[test]
fn a_verdict_that_a_thief_granted_was_in_force_at_no_time() {
    let mut log = Log::at_work();
    let older = log.bundle();
    let between = log.now();
    log.stolen(log.at(GRANT));
    log.seal();
    let bundle = log.bundle();
    for at in [Some(log.at(GRANT)), Some(between), None] {
        let question = Question { at, now: log.now() };
        let verified = good(&log, &bundle, question);
        let found = own(&verified);
        assert_eq!((found.state.as_str(), found.in_force), ("void", false), "{at:?}");
        assert!(
            verified.steps.last().unwrap().words.contains("granted with a stolen key"),
            "{:?}",
            verified.steps.last()
        );
    }
    let then = Question { at: Some(log.at(GRANT)), now: log.now() };
    let before = good(&log, &older, then);
    assert_eq!(own(&before).state.as_str(), "granted", "whoever has not heard of the theft cannot know");
}

#[test]
fn a_suspension_by_a_thief_is_none_and_the_body_s_own_stands() {
    for (by_thief, state) in [(true, "granted"), (false, "suspended")] {
        let mut log = Log::at_work();
        let before = log.now();
        let suspended = log.change("suspended");
        let since = if by_thief { before } else { log.now() };
        log.stolen(since);
        log.seal();
        let bundle = log.bundle();
        let at = Question { at: Some(log.at(suspended)), now: log.now() };
        for question in [at, at_the_checkpoint(&log)] {
            let verified = good(&log, &bundle, question);
            assert_eq!(own(&verified).state.as_str(), state, "{question:?}");
            assert_eq!(own(&verified).history[1].voided.is_some(), by_thief);
        }
    }
}

#[test]
fn a_declaration_cannot_be_left_out_nor_its_victim() {
    let mut log = Log::at_work();
    let since = log.now();
    let suspended = log.change("suspended");
    let declared = log.stolen(since);
    log.seal();
    let all: Vec<u64> = log.bundle().statements.iter().map(|item| item.index).collect();
    assert!(all.contains(&suspended) && all.contains(&declared));
    for left_out in [suspended, declared] {
        let rest: Vec<u64> = all.iter().copied().filter(|index| *index != left_out).collect();
        assert_eq!(code(&log, &log.bundle_of("jp:V-1", &rest)), "incomplete", "{left_out}");
    }
}

#[test]
fn a_credential_of_a_thief_is_no_credential() {
    let (log, disclosures) = issued_at(7, Log::at_work(), verdict("V-1"), json!({"sites": ["Osaka"]}));
    let since = log.now();
    let (mut log, stolen) = issued_at(8, log, verdict("V-1"), json!({"sites": ["Kobe"]}));
    let whole = |log: &Log, disclosures: &[String]| Bundle { disclosures: disclosures.to_vec(), ..log.bundle() };
    let shown = |log: &Log, bundle: &Bundle| {
        let verified = good(log, bundle, at_the_checkpoint(log));
        let shown = own(&verified).credential.clone().unwrap();
        (serde_json::to_value(shown.status).unwrap(), shown.detail.reach.unwrap().sites[0].to_string())
    };
    assert_eq!(shown(&log, &whole(&log, &stolen)), (json!("valid"), "Kobe".to_owned()));
    let declared = log.stolen(since);
    log.seal();
    assert_eq!(
        shown(&log, &whole(&log, &disclosures)),
        (json!("valid"), "Osaka".to_owned()),
        "the body's own counts again"
    );
    assert_eq!(code(&log, &whole(&log, &stolen)), "bad-disclosures");
    let all: Vec<u64> = log.bundle().statements.iter().map(|item| item.index).collect();
    let rest: Vec<u64> = all.iter().copied().filter(|index| *index != declared).collect();
    assert_eq!(code(&log, &log.bundle_of("jp:V-1", &rest)), "incomplete", "a theft that touched credentials alone");
}

#[test]
fn where_all_credentials_are_void_none_counts() {
    let log = Log::at_work();
    let since = log.now();
    let (mut log, disclosures) = issued_at(7, log, verdict("V-1"), json!({"sites": ["Osaka"]}));
    log.stolen(since);
    log.seal();
    let verified = good(&log, &Bundle { disclosures, ..log.bundle() }, at_the_checkpoint(&log));
    let shown = own(&verified).credential.as_ref().unwrap();
    assert_eq!(serde_json::to_value(shown.status).unwrap(), "invalid");
    assert_eq!(own(&verified).state.as_str(), "granted", "the verdict is the body's");
}
