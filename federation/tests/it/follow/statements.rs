//! A row per thing that can be wrong with a single statement: it is left out and told of, its entry stands, and what
//! follows after it is followed.

use conformity::records::Facts;
use federation::follow::{Signatures, StatementFault};
use federation::mirror::Mirror;
use ledger::entry::Kind;
use serde_json::json;

use super::honest::withheld;
use super::peer::{Peer, knowledge, scope, verdict, verdict_id};

pub(crate) struct Row {
    pub(crate) why: &'static str,
    pub(crate) speak: fn(&mut Peer),
    pub(crate) code: &'static str,
}

const fn row(why: &'static str, speak: fn(&mut Peer), code: &'static str) -> Row {
    Row { why, speak, code }
}

/// Each row speaks last, in a log that shows all of the agreed scheme and nothing of the other.
pub(crate) const STATEMENTS: &[Row] = &[
    row(
        "a signature that does not verify",
        |peer| {
            peer.say_forged("cb-1", "verdict-granted", verdict("V-9", "stars"));
        },
        "bad-signature",
    ),
    row(
        "the log's operator signs as a body",
        |peer| {
            peer.say_with_key_of("op", "cb-1", "verdict-granted", verdict("V-9", "stars"));
        },
        "unknown-key",
    ),
    row(
        "the log's node signs as a body",
        |peer| {
            peer.say_with_key_of("node", "cb-1", "verdict-granted", verdict("V-9", "stars"));
        },
        "unknown-key",
    ),
    row(
        "somebody who was never registered",
        |peer| {
            peer.say("stranger", "verdict-granted", verdict("V-9", "stars"));
        },
        "unknown-issuer",
    ),
    row(
        "a body without accreditation",
        |peer| {
            peer.say("cb-2", "verdict-granted", verdict("V-9", "stars"));
        },
        "not-accredited",
    ),
    row(
        "an audit body decides",
        |peer| {
            peer.say("audit", "verdict-granted", verdict("V-9", "stars"));
        },
        "not-a-decider",
    ),
    row(
        "a body accredits itself",
        |peer| {
            let claim = json!({
                "id": "C-9", "body": "cb-2", "as": "certification-body", "scheme": "stars@1",
                "viewpoints": ["organization"], "from": "2026-01-01", "until": "2031-12-31",
            });
            peer.say("cb-2", "accreditation-granted", claim);
        },
        "role-not-entitled",
    ),
    row(
        "a body changes another body's verdict",
        |peer| {
            let claim = json!({
                "verdict": "V-1", "change": "withdrawn", "reason": {"code": "as-agreed"},
                "effective": "2027-01-15T08:00:00Z",
            });
            peer.say("cb-2", "verdict-changed", claim);
        },
        "another-bodys-verdict",
    ),
    row("x5c of another body", |peer| peer.say_certified("cb-2"), "x5c-other-key"),
    row("x5c that leads to no root of their log", |peer| peer.say_certified("cb-1"), "x5c-no-root"),
    row(
        "a verdict under a scheme that was not agreed on",
        |peer| {
            peer.say("cb-1", "verdict-granted", verdict("X-9", "other"));
        },
        "out-of-scope",
    ),
    row(
        "a restricted verdict",
        |peer| {
            let mut claim = verdict("V-9", "stars");
            claim["profile"] = json!("restricted");
            peer.say("cb-1", "verdict-granted", claim);
        },
        "out-of-scope",
    ),
    row(
        "a buyer of theirs",
        |peer| {
            let claim = json!({
                "party": {"id": "buyer", "role": "buyer", "name": "A buyer", "country": "JP"},
                "keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}],
            });
            peer.say("op", "party-registered", claim);
        },
        "out-of-scope",
    ),
    row(
        "a change of a verdict that was not shown",
        |peer| {
            peer.change("X-1", "suspended");
        },
        "withheld",
    ),
    row(
        "the same statement again",
        |peer| {
            let last = peer.statements.iter().flatten().next_back().cloned();
            peer.append(Kind::Statement, last);
        },
        "duplicate",
    ),
    row(
        "another statement under a number that is taken",
        |peer| {
            let mut payload: serde_json::Value =
                serde_json::from_slice(&peer.payload("cb-1", "verdict-granted", verdict("V-9", "stars"))).unwrap();
            payload["jti"] = json!("s-13");
            let compact = peer.sign("cb-1", &serde_json::to_vec(&payload).unwrap());
            peer.append(Kind::Statement, Some(compact));
        },
        "statement-id-taken",
    ),
    row(
        "a statement for another registry",
        |peer| {
            let mut payload: serde_json::Value =
                serde_json::from_slice(&peer.payload("cb-1", "verdict-granted", verdict("V-9", "stars"))).unwrap();
            payload["aud"] = json!("eu.registry.test");
            let compact = peer.sign("cb-1", &serde_json::to_vec(&payload).unwrap());
            peer.append(Kind::Statement, Some(compact));
        },
        "wrong-registry",
    ),
    row(
        "no JWS at all",
        |peer| {
            peer.append(Kind::Statement, Some("hello".into()));
        },
        "malformed",
    ),
    row(
        "a statement beyond every size",
        |peer| {
            peer.append(Kind::Statement, Some("a".repeat(65_536)));
        },
        "malformed",
    ),
    row(
        "a payload that is no statement",
        |peer| {
            let compact = peer.sign("cb-1", b"{}");
            peer.append(Kind::Statement, Some(compact));
        },
        "malformed",
    ),
    row(
        "a payload that is nested without end",
        |peer| {
            let compact = peer.sign("cb-1", "{\"iss\":".repeat(2_000).as_bytes());
            peer.append(Kind::Statement, Some(compact));
        },
        "malformed",
    ),
    row(
        "a time beyond all calendars",
        |peer| {
            peer.now_ms = u64::MAX - 10_000;
            let payload = br#"{"iss":"cb-1","aud":"jp.registry.test","jti":"s-x","iat":1,"kind":"verdict-expired","claim":{"verdicts":["V-1"]}}"#;
            let compact = peer.sign("cb-1", payload);
            peer.append(Kind::Statement, Some(compact));
        },
        "impossible-time",
    ),
];

/// The log of a row: honest up to here, then the row, then a seal.
pub(crate) fn log(row: &Row) -> (Peer, u64) {
    let mut peer = withheld(&Peer::at_work());
    (row.speak)(&mut peer);
    let last = peer.size() - 1;
    peer.seal();
    (peer, last)
}

fn codes(faults: &[StatementFault]) -> Vec<(u64, &'static str)> {
    faults.iter().map(|fault| (fault.index, fault.code)).collect()
}

#[test]
fn a_statement_that_does_not_hold_is_left_out_and_the_rest_is_followed() {
    let honest = withheld(&Peer::at_work());
    for row in STATEMENTS {
        let (peer, last) = log(row);
        // In one piece, and each entry by itself: what was known before is judged alike.
        for step in [1, peer.size()] {
            let mut followed = peer.follower();
            let mut faults = Vec::new();
            while followed.size() < peer.size() {
                let (from, to) = (followed.size(), peer.size().min(followed.size() + step));
                let examined = followed.examine(&peer.range(from, to), &scope(), Signatures::Check).unwrap();
                faults.extend(examined.faults.clone());
                followed.accept(examined).unwrap();
            }
            assert_eq!(codes(&faults), [(last, row.code)], "{}: {faults:?}", row.why);
            for id in ["V-1", "V-2"] {
                let verdict = followed.register().verdict(&verdict_id(id)).unwrap();
                assert_eq!(verdict.now.state.name().as_str(), "granted", "{}", row.why);
            }
            for id in ["V-9", "X-9", "X-1"] {
                assert_eq!(followed.register().verdict(&verdict_id(id)), None, "{}", row.why);
            }
            assert!(followed.size() > honest.size());
        }
    }
}

/// Left out once is left out for ever: nothing changes its nature by lying in our own file.
#[test]
fn what_was_left_out_stays_out_when_the_mirror_is_opened_again() {
    for row in STATEMENTS {
        let (peer, last) = log(row);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mirror");
        let digest = conformity::Digest::from_bytes(*peer.entries[0].digest.as_bytes());
        let mut mirror = Mirror::open(&path, peer.log_keys(), &digest, scope(), u64::MAX).unwrap();
        let taken = mirror.take(&peer.range(0, peer.size())).unwrap().unwrap();
        assert_eq!(codes(&taken.faults), [(last, row.code)], "{}", row.why);
        let before = knowledge(mirror.followed().register());
        drop(mirror);
        let again = Mirror::open(&path, peer.log_keys(), &digest, scope(), u64::MAX).unwrap();
        assert_eq!(again.followed().size(), peer.size(), "{}", row.why);
        assert_eq!(knowledge(again.followed().register()), before, "{}", row.why);
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let left_out = peer.statements[usize::try_from(last).unwrap()].as_ref().unwrap();
        let elsewhere = peer.statements.iter().flatten().filter(|compact| *compact == left_out).count() > 1;
        assert!(elsewhere || !kept.contains(left_out.as_str()), "{}: its bytes are kept", row.why);
    }
}

/// Recognitions of the peer are its own: whether it shows them or not, nobody here reads them.
#[test]
fn recognitions_of_the_peer_are_passed_over() {
    let mut peer = withheld(&Peer::at_work());
    let compact = peer.sign("node", &peer.payload("node", "recognition-derived", json!({})));
    peer.append(Kind::Recognition, Some(compact));
    let followed = peer.follower();
    let examined = followed.examine(&peer.range(0, peer.size()), &scope(), Signatures::Check).unwrap();
    assert_eq!(examined.faults, []);
}

/// The accreditation that a verdict rests on is kept from us: the verdict does not count, and it is said why.
#[test]
fn a_verdict_whose_foundation_is_withheld_does_not_count() {
    for (index, code) in [(3, "unknown-issuer"), (7, "unknown-scheme"), (10, "not-accredited-for-scheme")] {
        let mut peer = withheld(&Peer::at_work());
        peer.statements[index] = None;
        let mut followed = peer.follower();
        let examined = followed.examine(&peer.range(0, peer.size()), &scope(), Signatures::Check).unwrap();
        let granted = |fault: &&StatementFault| fault.index == 13;
        assert_eq!(examined.faults.iter().find(granted).map(|fault| fault.code), Some(code));
        followed.accept(examined).unwrap();
        assert_eq!(followed.register().verdict(&verdict_id("V-1")), None, "{code}");
    }
}

/// Enough statements for several threads, some of them forged: each is judged as if it came alone.
#[test]
fn many_signatures_are_judged_as_one_by_one() {
    let mut peer = withheld(&Peer::at_work());
    let begun = peer.size();
    let mut forged = Vec::new();
    for number in 0..300 {
        let claim = verdict(&format!("M-{number}"), "stars");
        if number % 7 == 3 {
            forged.push(peer.say_forged("cb-1", "verdict-granted", claim));
        } else {
            peer.say("cb-1", "verdict-granted", claim);
        }
    }
    let mut followed = peer.follower();
    for (from, to) in [(0, begun), (begun, peer.size())] {
        let examined = followed.examine(&peer.range(from, to), &scope(), Signatures::Check).unwrap();
        let expected: Vec<_> =
            forged.iter().filter(|index| **index < to).map(|index| (*index, "bad-signature")).collect();
        assert_eq!(codes(&examined.faults), if from == 0 { Vec::new() } else { expected });
        followed.accept(examined).unwrap();
    }
    let granted = (0..300).filter(|number| followed.register().verdict(&verdict_id(&format!("M-{number}"))).is_some());
    assert_eq!(granted.count(), 300 - forged.len());
}

/// What the peer chose ends in our log and on our screens: however long and whatever is in it, the fault stays short.
#[test]
fn the_words_of_a_fault_are_bounded_and_printable() {
    let mut peer = withheld(&Peer::at_work());
    let name = format!("\u{1b}[2J\u{202e}{}", "x".repeat(40_000));
    let mut claim = verdict("X-1", "stars");
    claim[name.as_str()] = json!(1);
    peer.say("cb-1", "verdict-granted", claim);
    let followed = peer.follower();
    let examined = followed.examine(&peer.range(0, peer.size()), &scope(), Signatures::Check).unwrap();
    let [fault] = examined.faults.as_slice() else { panic!("{:?}", examined.faults) };
    assert_eq!(fault.code, "malformed");
    assert!(fault.text.chars().count() <= federation::words::MAX_TEXT, "{} bytes", fault.text.len());
    assert!(fault.text.contains("xxx") && !fault.text.contains(['\u{1b}', '\u{202e}']), "{}", fault.text);
}
