//! Credentials with certificates: which chains a log may hold, at which time, and which a policy asks for.

use conformity::key::{Der, Jwk};
use conformity::{Digest, party::Role};
use credential::bundle::{Bundle, MAX_POLICY, Policy, verify};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::answers::{bytes, issued_with};
use crate::chain::{Ca, DOCUMENT_SIGNING, Leaf};
use crate::log::{Log, ORIGIN, at_the_checkpoint, jwk, verdict};

/// A registry at work whose genesis names this root.
fn rooted(ca: &Ca) -> Log {
    let roots = json!([ca.root()]);
    Log::of("jp", |genesis| genesis["caRoots"] = roots).put_to_work(verdict("V-1"))
}

fn key(log: &Log, of: &str) -> Jwk {
    serde_json::from_value(jwk(log.key(of))).unwrap()
}

fn uri(role: Role, id: &str) -> String {
    conformity::party::certificate_uri(&ORIGIN.parse().unwrap(), role, &id.parse().unwrap())
}

/// What a leaf of cb-1 says that is in order now.
fn leaf(log: &Log) -> Leaf {
    Leaf {
        key: key(log, "cb-1"),
        uris: vec![uri(Role::CertificationBody, "cb-1")],
        from: days(log.now(), -1),
        until: days(log.now(), 100),
        purpose: DOCUMENT_SIGNING.to_vec(),
    }
}

fn days(at: Timestamp, days: i64) -> Timestamp {
    at + SignedDuration::from_hours(24 * days)
}

/// The log with a credential that carries these certificates.
fn carrying(log: Log, chain: &[Der]) -> Log {
    issued_with(chain, 7, log, verdict("V-1"), json!({"sites": ["Osaka"]})).0
}

fn judged(log: &Log, bundle: &Bundle, policy: &str) -> Result<(), (&'static str, &'static str, &'static str)> {
    let policy = Policy::parse(policy).unwrap();
    let judged = verify(&bytes(bundle), &policy, at_the_checkpoint(log));
    judged.map(drop).map_err(|failure| (failure.fault.blame(), failure.step.as_str(), failure.fault.code()))
}

fn outcome(log: &Log) -> Result<(), (&'static str, &'static str, &'static str)> {
    judged(log, &log.bundle(), &log.policy_text(""))
}

fn misbehaved(code: &'static str) -> Result<(), (&'static str, &'static str, &'static str)> {
    Err(("registry", "statement", code))
}

#[test]
fn a_chain_to_a_root_of_the_log_is_taken_with_or_without_the_root_itself() {
    let ca = Ca::new();
    let log = rooted(&ca);
    let chain = ca.chain(&leaf(&log));
    assert_eq!(outcome(&carrying(log.clone(), &chain)), Ok(()));
    assert_eq!(outcome(&carrying(log.clone(), &[&chain[..], &[ca.root()]].concat())), Ok(()));
    assert_eq!(outcome(&carrying(log, &[])), Ok(()));
}

#[test]
fn certificates_that_say_something_else_are_refused() {
    let (ca, stranger) = (Ca::new(), Ca::new());
    let log = rooted(&ca);
    let good = leaf(&log);
    let with = |change: &dyn Fn(&mut Leaf)| {
        let mut leaf = good.clone();
        change(&mut leaf);
        ca.chain(&leaf)
    };
    let body = |id: &str| uri(Role::CertificationBody, id);
    let chain = ca.chain(&good);
    let garbage = Der::new(b"0\x03abc").unwrap();
    let longer = Der::new(&[chain[0].as_bytes(), b"x"].concat()).unwrap();
    let other_key = key(&log, "cb-2");
    let rows = [
        ("x5c of another body", with(&|leaf| leaf.uris = vec![body("cb-2")]), "x5c-other-party"),
        ("another role", with(&|leaf| leaf.uris = vec![uri(Role::AuditBody, "cb-1")]), "x5c-other-party"),
        ("another registry", with(&|leaf| leaf.uris[0] = body("cb-1").replace("jp.", "eu.")), "x5c-other-party"),
        ("two names", with(&|leaf| leaf.uris.push(body("cb-2"))), "x5c-other-party"),
        ("no name", with(&|leaf| leaf.uris.clear()), "x5c-other-party"),
        ("x5c of another key", with(&|leaf| leaf.key = other_key), "x5c-other-key"),
        ("a chain to no root of this registry", stranger.chain(&good), "x5c-no-root"),
        ("the strangers' root along with it", [stranger.chain(&good), vec![stranger.root()]].concat(), "x5c-no-root"),
        ("no issuing CA", chain[..1].to_vec(), "x5c-no-root"),
        ("for connections", with(&|leaf| leaf.purpose = vec![1, 3, 6, 1, 5, 5, 7, 3, 2]), "x5c-no-root"),
        ("the CA first", vec![chain[1].clone(), chain[0].clone()], "x5c-other-key"),
        ("malformed DER", vec![garbage.clone(), chain[1].clone()], "x5c-unreadable"),
        ("malformed DER behind it", vec![chain[0].clone(), garbage], "x5c-unreadable"),
        ("a byte more", vec![longer, chain[1].clone()], "x5c-unreadable"),
    ];
    for (why, chain, code) in rows {
        assert_eq!(outcome(&carrying(log.clone(), &chain)), misbehaved(code), "{why}");
    }
}

#[test]
fn the_entrys_time_counts_and_no_other() {
    let ca = Ca::new();
    let log = rooted(&ca);
    let at = log.now();
    let within = |from: Timestamp, until: Timestamp| ca.chain(&Leaf { from, until, ..leaf(&log) });
    let second = SignedDuration::from_secs(1);
    let rows = [
        ("a certificate valid now but not then", within(at + second, days(at, 100)), false),
        ("a certificate expired then", within(days(at, -9), at - second), false),
        ("valid from then on", within(at, days(at, 100)), true),
        ("valid then but not now", within(days(at, -9), at), true),
    ];
    for (why, chain, holds) in rows {
        let mut log = carrying(log.clone(), &chain);
        log.now_ms += 20 * 86_400_000;
        log.seal();
        assert_eq!(outcome(&log), if holds { Ok(()) } else { misbehaved("x5c-not-valid-then") }, "{why}");
    }
    let over = Ca::between("2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z");
    let log = rooted(&over);
    assert_eq!(outcome(&carrying(log.clone(), &over.chain(&leaf(&log)))), misbehaved("x5c-not-valid-then"), "the root");
}

#[test]
fn roots_count_from_when_they_come_until_they_are_retired() {
    let (old, new) = (Ca::new(), Ca::new());
    let mut log = rooted(&old);
    let (by_old, by_new) = (old.chain(&leaf(&log)), new.chain(&leaf(&log)));
    assert_eq!(outcome(&carrying(log.clone(), &by_new)), misbehaved("x5c-no-root"), "not yet");
    log.say("op", "ca-root-added", json!({"root": new.root()}));
    assert_eq!(outcome(&carrying(log.clone(), &by_new)), Ok(()), "the bundle shows that it came");
    let before = carrying(log.clone(), &by_old);
    let retire = json!({"root": Digest::of(old.root().as_bytes())});
    log.say("op", "ca-root-retired", retire.clone());
    assert_eq!(outcome(&carrying(log.clone(), &by_old)), misbehaved("x5c-retired-root"));
    assert_eq!(outcome(&carrying(log, &by_new)), Ok(()));
    let mut later = before;
    later.say("op", "ca-root-retired", retire);
    later.seal();
    assert_eq!(outcome(&later), Ok(()), "what was issued before holds");
}

#[test]
fn a_policy_may_ask_for_a_chain_to_roots_that_it_names() {
    let (old, new) = (Ca::new(), Ca::new());
    let mut log = rooted(&old);
    log.say("op", "ca-root-added", json!({"root": new.root()}));
    let by_old = carrying(log.clone(), &old.chain(&leaf(&log)));
    let bare = carrying(log.clone(), &[]);
    let asking = |roots: &[&Ca]| {
        let roots: Vec<String> = roots.iter().map(|ca| Digest::of(ca.root().as_bytes()).to_string()).collect();
        format!("ca_roots = {}", Value::from(roots))
    };
    let lacking = Err(("policy", "credential", "no-trusted-ca-root"));
    let rows = [
        ("the root", &by_old, asking(&[&old]), Ok(())),
        ("one of several", &by_old, asking(&[&new, &old]), Ok(())),
        ("another root of the same registry", &by_old, asking(&[&new]), lacking),
        ("no certificates", &bare, asking(&[&old]), lacking),
        ("not asked for", &bare, String::new(), Ok(())),
    ];
    for (why, log, more, expected) in rows {
        assert_eq!(judged(log, &log.bundle(), &log.policy_text(&more)), expected, "{why}");
    }
    log.seal();
    assert_eq!(judged(&log, &log.bundle(), &log.policy_text(&asking(&[&old]))), lacking, "no credential at all");
    let newer = issued_with(&[], 8, by_old, verdict("V-1"), json!({"sites": ["Osaka"]})).0;
    assert_eq!(judged(&newer, &newer.bundle(), &newer.policy_text(&asking(&[&old]))), lacking, "the newest counts");
    for refused in ["ca_roots = []".to_owned(), asking(&[&old; 9]), "ca_roots = [\"ab\"]".to_owned()] {
        assert!(refused.len() < MAX_POLICY && Policy::parse(&log.policy_text(&refused)).is_err(), "{refused}");
    }
}
