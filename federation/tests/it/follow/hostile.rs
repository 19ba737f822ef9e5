//! A row per thing a peer can do wrong. Whatever it is: what was verified stays, and an honest answer is taken afterwards.

use federation::follow::{Followed, PeerFault, Signatures};
use federation::messages::{CheckpointAnswer, MAX_ENTRIES, Message, Proof, Range};
use ledger::entry::{Entry, Kind};
use ledger::merkle::leaf_hash;
use serde_json::json;

use super::honest::{take, withheld};
use super::peer::{ORIGIN, Peer, scope, verdict};

/// So much the follower holds when the peer begins to lie.
pub(super) const HELD: u64 = 10;

pub(super) fn prepared() -> (Peer, Followed) {
    let peer = withheld(&Peer::at_work());
    let mut followed = peer.follower();
    // In one piece that ends at its checkpoint: nothing is promised beyond it.
    let mut young = peer.clone();
    young.cut(HELD);
    take(&mut followed, &young, 0, HELD);
    (peer, followed)
}

struct Row {
    why: &'static str,
    answer: fn(&mut Peer) -> Range,
    code: &'static str,
}

const fn row(why: &'static str, answer: fn(&mut Peer) -> Range, code: &'static str) -> Row {
    Row { why, answer, code }
}

/// The honest answer, changed.
fn changed(peer: &Peer, change: impl FnOnce(&mut Range)) -> Range {
    let mut range = peer.range(HELD, peer.size());
    change(&mut range);
    range
}

/// The honest answer to a question for a part, changed.
fn part(peer: &Peer, change: impl FnOnce(&mut Range)) -> Range {
    let mut range = peer.range(HELD, HELD + 2);
    change(&mut range);
    range
}

const RANGES: &[Row] = &[
    row("no entries", |peer| changed(peer, |range| range.entries.0.clear()), "shape"),
    row("fewer statements than entries", |peer| changed(peer, |range| drop(range.statements.pop())), "shape"),
    row("more statements than entries", |peer| changed(peer, |range| range.statements.push(None)), "shape"),
    row(
        "a statement beside a seal",
        |peer| {
            let seal = peer.entries.iter().rposition(|entry| entry.kind == Kind::Seal).unwrap() - HELD as usize;
            changed(peer, |range| range.statements[seal] = Some("a.b.c".into()))
        },
        "shape",
    ),
    row("no checkpoint", |peer| changed(peer, |range| range.checkpoint.clear()), "bad-checkpoint"),
    row(
        "a checkpoint without a signature",
        |peer| {
            changed(peer, |range| {
                range.checkpoint.truncate(range.checkpoint.find("\n\n").unwrap() + 2);
            })
        },
        "bad-checkpoint",
    ),
    row(
        "a checkpoint that another log of the same name signed",
        |peer| {
            let other = Peer::begun();
            changed(peer, |range| range.checkpoint = other.note(ORIGIN, peer.size(), peer.tree.root()))
        },
        "bad-checkpoint",
    ),
    row(
        "a checkpoint of another origin, signed with the right key",
        |peer| changed(peer, |range| range.checkpoint = peer.note("eu.registry.test", peer.size(), peer.tree.root())),
        "bad-checkpoint",
    ),
    row(
        "a checkpoint whose size was changed after signing",
        |peer| {
            let (size, larger) = (format!("\n{}\n", peer.size()), format!("\n{}\n", peer.size() + 1));
            changed(peer, |range| range.checkpoint = range.checkpoint.replace(&size, &larger))
        },
        "bad-checkpoint",
    ),
    row("an entry that was changed", |peer| changed(peer, |range| range.entries.0[1].time_ms += 1), "bad-proof"),
    row("two entries changed places", |peer| changed(peer, |range| range.entries.0.swap(0, 1)), "bad-proof"),
    row(
        "an entry left out",
        |peer| {
            changed(peer, |range| {
                range.entries.0.remove(1);
                range.statements.remove(1);
            })
        },
        "bad-proof",
    ),
    row(
        "an entry twice",
        |peer| {
            changed(peer, |range| {
                range.entries.0.insert(1, range.entries.0[0]);
                range.statements.insert(1, range.statements[0].clone());
            })
        },
        "bad-proof",
    ),
    row("entries from elsewhere in the log", |peer| peer.range(HELD - 1, peer.size()), "bad-proof"),
    row("a part without a proof", |peer| part(peer, |range| range.proof = Proof::default()), "bad-proof"),
    row("a part with a wrong proof", |peer| part(peer, |range| range.proof.0[0] = leaf_hash(b"x")), "bad-proof"),
    row(
        "a part with a proof that is too long",
        |peer| part(peer, |range| range.proof.0.push(leaf_hash(b"x"))),
        "bad-proof",
    ),
    row(
        "a proof where nothing needs proving",
        |peer| changed(peer, |range| range.proof.0.push(leaf_hash(b"x"))),
        "bad-proof",
    ),
    row(
        "more entries than the checkpoint covers",
        |peer| changed(peer, |range| range.checkpoint = peer.checkpoint(HELD + 1)),
        "bad-proof",
    ),
    row(
        "another statement of the same signer",
        |peer| {
            let last = peer.statements.iter().rposition(Option::is_some).unwrap() - HELD as usize;
            let other = peer.sign("cb-1", &peer.payload("cb-1", "verdict-granted", verdict("V-9", "stars")));
            changed(peer, |range| range.statements[last] = Some(other))
        },
        "wrong-statement",
    ),
    row(
        "a statement with one more byte",
        |peer| {
            let last = peer.statements.iter().rposition(Option::is_some).unwrap() - HELD as usize;
            changed(peer, |range| range.statements[last].as_mut().unwrap().push('A'))
        },
        "wrong-statement",
    ),
    row(
        "time that goes backwards",
        |peer| {
            peer.now_ms -= 3_600_000;
            peer.seal();
            peer.range(HELD, peer.size())
        },
        "time-backwards",
    ),
    row(
        "a second genesis",
        |peer| {
            let again = peer.statements[0].clone();
            peer.append(Kind::Genesis, again);
            peer.range(HELD, peer.size())
        },
        "wrong-log",
    ),
    row(
        "an older state",
        |peer| {
            peer.cut(HELD - 2);
            let mut range = peer.range(0, 2);
            range.proof = Proof::default();
            range
        },
        "rollback",
    ),
    row(
        "another state of the same size",
        |peer| {
            peer.cut(HELD - 1);
            peer.seal();
            let mut range = peer.range(0, 2);
            range.proof = Proof::default();
            range
        },
        "fork",
    ),
];

#[test]
fn no_answer_harms_what_was_verified() {
    for row in RANGES {
        let (honest, mut followed) = prepared();
        let mut peer = honest.clone();
        let answer = (row.answer)(&mut peer);
        let fault = followed.examine(&answer, &scope(), Signatures::Check).err();
        assert_eq!(fault.as_ref().map(PeerFault::code), Some(row.code), "{}: {fault:?}", row.why);
        assert_eq!(fault.unwrap().stops(), matches!(row.code, "fork" | "wrong-log"), "{}", row.why);
        assert_eq!(followed.size(), HELD, "{}", row.why);
        take(&mut followed, &honest, HELD, honest.size());
    }
}

struct Comparison {
    why: &'static str,
    answer: fn(&mut Peer) -> CheckpointAnswer,
    known: u64,
    code: &'static str,
}

const COMPARISONS: &[Comparison] = &[
    Comparison {
        why: "an older state",
        answer: |peer| {
            peer.cut(HELD - 1);
            peer.newest(HELD)
        },
        known: HELD,
        code: "rollback",
    },
    Comparison {
        why: "a state that is newer than ours and older than what was seen",
        answer: |peer| peer.newest(HELD),
        known: 1_000,
        code: "rollback",
    },
    Comparison {
        why: "another state of the same size",
        answer: |peer| {
            peer.cut(HELD - 1);
            peer.seal();
            peer.newest(HELD)
        },
        known: HELD,
        code: "fork",
    },
    Comparison {
        why: "another state of a smaller size",
        answer: |peer| {
            peer.cut(HELD - 3);
            peer.seal();
            peer.newest(HELD)
        },
        known: HELD,
        code: "fork",
    },
    Comparison {
        why: "a larger state that does not contain ours",
        answer: |peer| {
            peer.cut(HELD - 1);
            peer.seal();
            peer.seal();
            peer.seal();
            peer.newest(HELD)
        },
        known: HELD,
        code: "fork",
    },
    Comparison {
        why: "growth without a proof",
        answer: |peer| CheckpointAnswer { proof: Proof::default(), ..peer.newest(HELD) },
        known: HELD,
        code: "fork",
    },
    Comparison {
        why: "another log's checkpoint",
        answer: |peer| {
            let checkpoint = Peer::begun().note(ORIGIN, peer.size(), peer.tree.root());
            CheckpointAnswer { checkpoint, ..peer.newest(HELD) }
        },
        known: HELD,
        code: "bad-checkpoint",
    },
    Comparison {
        why: "nothing like a checkpoint",
        answer: |peer| CheckpointAnswer { checkpoint: "hello\n".into(), ..peer.newest(HELD) },
        known: HELD,
        code: "bad-checkpoint",
    },
];

#[test]
fn no_checkpoint_passes_that_contradicts_what_was_verified() {
    for row in COMPARISONS {
        let (mut peer, followed) = prepared();
        let answer = (row.answer)(&mut peer);
        let fault = followed.compare(&answer, row.known).err();
        assert_eq!(fault.as_ref().map(PeerFault::code), Some(row.code), "{}: {fault:?}", row.why);
        if let Some(PeerFault::Fork(evidence)) = fault {
            assert_eq!(evidence.offered, answer.checkpoint, "{}", row.why);
            assert!(
                followed.signed(&evidence.held).is_ok() && followed.signed(&evidence.offered).is_ok(),
                "{}",
                row.why
            );
        }
    }
}

#[test]
fn a_log_without_its_genesis_is_not_followed() {
    let peer = Peer::at_work();
    let followed = peer.follower();
    let mut range = peer.range(0, peer.size());
    range.statements[0] = None;
    let fault = followed.examine(&range, &scope(), Signatures::Check).err().unwrap();
    assert_eq!(fault, PeerFault::Withheld { index: 0 });

    // The same keys under another beginning.
    let mut other = peer.clone();
    other.cut(0);
    other.append(Kind::Genesis, Some("x.y.z".into()));
    let fault = followed.examine(&other.range(0, 1), &scope(), Signatures::Check).err().unwrap();
    assert_eq!(fault, PeerFault::Genesis);
    other.cut(0);
    other.seal();
    let fault = followed.examine(&other.range(0, 1), &scope(), Signatures::Check).err().unwrap();
    assert_eq!(fault, PeerFault::Genesis);
}

#[test]
fn a_range_is_taken_in_its_turn_only() {
    let (peer, mut followed) = prepared();
    let first = followed.examine(&peer.range(HELD, HELD + 1), &scope(), Signatures::Check).unwrap();
    let second = followed.examine(&peer.range(HELD, HELD + 2), &scope(), Signatures::Check).unwrap();
    followed.accept(second).unwrap();
    assert!(followed.accept(first).is_err());
    assert_eq!(followed.size(), HELD + 2);
}

#[test]
fn oversized_answers_are_not_read() {
    let large = vec![b'{'; federation::access::MAX_PAYLOAD as usize + 1];
    let fault = PeerFault::from(Range::decode(&large).unwrap_err());
    assert_eq!(fault.code(), "oversized");
    let entry = Entry { kind: Kind::Seal, time_ms: 0, digest: ledger::digest::Digest::ZERO };
    let mut range = Peer::begun().range(0, 1);
    range.entries.0 = vec![entry; MAX_ENTRIES + 1];
    let fault = PeerFault::from(Range::decode(&range.encode()).unwrap_err());
    assert_eq!(fault.code(), "malformed");
    let fault = PeerFault::from(Range::decode(json!({"entries": "", "more": 1}).to_string().as_bytes()).unwrap_err());
    assert_eq!(fault.code(), "malformed");
}

/// What the specification says of faults is held to the code.
#[test]
fn the_specification_names_every_fault() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec/exchange.md");
    let text = std::fs::read_to_string(path).unwrap();
    let ranges = RANGES.iter().map(|row| row.code);
    let comparisons = COMPARISONS.iter().map(|row| row.code);
    for code in ranges.chain(comparisons).chain(["oversized", "malformed", "withheld", "out-of-scope", "bad-signature"])
    {
        assert!(text.contains(&format!("`{code}`")), "{code} is not in docs/spec/exchange.md");
    }
    for service in federation::subjects::Service::ALL {
        assert!(text.contains(&format!("`jp.svc.{service}`")), "{service} is not in docs/spec/exchange.md");
    }
}
