//! What a verdict rests on cannot be left out: a withdrawn accreditation, a revoked key, a suspended arrangement, an expelled peer.
//! Whoever makes the shorter bundle holds the whole log, and proves what he shows as well as anybody could.

use bytes::Bytes;
use credential::bundle::{Bundle, Fault, Policy, Question, verify};
use credential::statement::read_unverified;
use ledger::digest::Digest;
use ledger::jws::Unverified;
use serde_json::{Value, json};

use crate::answers::{bytes, good, own, recognising};
use crate::log::{Log, accreditation, at_the_checkpoint, jwk};

/// Where a bundle is refused, and why.
fn refused(log: &Log, bundle: &Bundle) -> (&'static str, &'static str, &'static str) {
    let failure = verify(&bytes(bundle), &log.policy(), at_the_checkpoint(log)).unwrap_err();
    (failure.fault.blame(), failure.step.as_str(), failure.fault.code())
}

const INCOMPLETE: (&str, &str, &str) = ("bundle", "completeness", "incomplete");

/// What the bundle of V-1 shows, without these.
fn without(log: &Log, left_out: &[u64]) -> Bundle {
    let whole = log.bundle();
    let indexes: Vec<u64> = whole.statements.iter().map(|item| item.index).collect();
    assert!(left_out.iter().all(|index| indexes.contains(index)), "{left_out:?} belong to it");
    let rest: Vec<u64> = indexes.into_iter().filter(|index| !left_out.contains(index)).collect();
    log.bundle_of("jp:V-1", &rest)
}

fn reason() -> Value {
    json!({"code": "x"})
}

fn kid(log: &Log, of: &str) -> String {
    log.key(of).public_key().thumbprint().to_string()
}

#[test]
fn what_an_own_verdict_rests_on_cannot_be_left_out() {
    let rows: [(&str, &str, fn(&mut Log) -> u64); 8] = [
        ("an accreditation was withdrawn", "accreditation/cb-1/scheme/stars@1", |log| {
            log.say("ab", "accreditation-changed", json!({"id": "C-1", "change": "withdrawn", "reason": reason()}))
        }),
        ("another was granted", "accreditation/cb-1/scheme/stars@1", |log| {
            log.say("ab", "accreditation-granted", accreditation("C-9", "cb-1"))
        }),
        ("the designation was suspended", "designation/ab/scheme/stars", |log| {
            log.say("ministry", "designation-changed", json!({"id": "D-1", "change": "suspended", "reason": reason()}))
        }),
        ("another was made", "designation/ab/scheme/stars", |log| {
            let designation =
                json!({"id": "D-2", "accreditationBody": "ab", "schemes": ["stars"], "from": "2026-01-01"});
            log.say("ministry", "designation-made", designation)
        }),
        ("the body's key was revoked", "party/cb-1", |log| {
            log.say("op", "key-revoked", json!({"party": "cb-1", "kid": kid(log, "cb-1")}))
        }),
        ("the accreditor's key was revoked", "party/ab", |log| {
            log.say("op", "key-revoked", json!({"party": "ab", "kid": kid(log, "ab")}))
        }),
        ("the authority has another key", "party/ministry", |log| {
            log.say("op", "key-added", json!({"party": "ministry", "key": jwk(log.key("stranger"))}))
        }),
        ("the operator has another key", "party/op", |log| {
            log.say("op", "key-added", json!({"party": "op", "key": jwk(log.key("stranger"))}))
        }),
    ];
    for (why, about, happens) in rows {
        let mut log = Log::at_work();
        let index = happens(&mut log);
        log.seal();
        good(&log, &log.bundle(), at_the_checkpoint(&log));
        let shorter = without(&log, &[index]);
        assert_eq!(refused(&log, &shorter), INCOMPLETE, "{why}");
        let failure = verify(&bytes(&shorter), &log.policy(), at_the_checkpoint(&log)).unwrap_err();
        assert!(failure.to_string().contains(about), "{why}: {failure}");
    }
}

/// Each entry that the bundle shows: without it, the rest is refused, for this reason or because the rules need it.
#[test]
fn no_statement_of_a_rich_history_can_be_left_out() {
    let mut log = Log::at_work();
    for change in ["suspended", "restored"] {
        log.say("ministry", "designation-changed", json!({"id": "D-1", "change": change, "reason": reason()}));
        log.say("ab", "accreditation-changed", json!({"id": "C-1", "change": change, "reason": reason()}));
        log.change(change);
    }
    log.say("op", "key-added", json!({"party": "cb-1", "key": jwk(log.key("stranger"))}));
    log.say("op", "key-revoked", json!({"party": "cb-1", "kid": kid(&log, "cb-1")}));
    log.seal();
    good(&log, &log.bundle(), at_the_checkpoint(&log));
    for item in &log.bundle().statements {
        let outcome = verify(&bytes(&without(&log, &[item.index])), &log.policy(), at_the_checkpoint(&log));
        assert!(outcome.is_err(), "without entry {}", item.index);
    }
}

/// An accreditation and every trace of it, so that the body seems to have held none.
#[test]
fn an_accreditation_cannot_be_left_out_as_a_whole() {
    let mut log = Log::at_work();
    let granted = log.say("ab", "accreditation-granted", accreditation("C-9", "cb-1"));
    let withdrawn =
        log.say("ab", "accreditation-changed", json!({"id": "C-9", "change": "withdrawn", "reason": reason()}));
    log.seal();
    assert_eq!(refused(&log, &without(&log, &[granted, withdrawn])), INCOMPLETE);
}

/// Whoever hides that a body was succeeded, or who agreed to it, hides who answers for its verdicts.
#[test]
fn a_succession_cannot_be_left_out() {
    let mut log = Log::at_work();
    let pair = json!({"predecessor": "cb-1", "successor": "cb-2"});
    let with = |patch: Value| {
        let mut claim = pair.clone();
        claim.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        claim
    };
    let agreed = with(json!({"from": "2020-01-01", "until": "2099-12-31"}));
    let agreed: Vec<u64> =
        ["cb-1", "cb-2"].into_iter().map(|body| log.say(body, "succession-agreed", agreed.clone())).collect();
    let confirmed = log.say("ministry", "body-succeeded", with(json!({"reason": reason()})));
    log.seal();
    let verified = good(&log, &log.bundle(), at_the_checkpoint(&log));
    let answered = own(&verified).answered_by.as_ref().unwrap();
    assert_eq!((answered.speaking.body.as_str(), answered.speaking.since.index), ("cb-2", confirmed));
    assert_eq!(refused(&log, &without(&log, &[confirmed])), INCOMPLETE);
    assert_eq!(refused(&log, &without(&log, &[agreed[0], agreed[1], confirmed])), INCOMPLETE);
    for index in agreed {
        let outcome = verify(&bytes(&without(&log, &[index])), &log.policy(), at_the_checkpoint(&log));
        assert!(outcome.is_err(), "without entry {index}");
    }
}

/// What `jp` says when it ends in favour of `eu`, with this in place of what the operator of `eu` signed.
fn ending(jp: &Log, eu: &Log, signer: &str) -> Value {
    let (own, peer) = (jp.pinned(), eu.pinned());
    let accepted = json!({
        "registry": "jp", "origin": own["origin"], "genesisDigest": own["genesisDigest"], "httpUrl": "https://eu.test",
        "until": "2027-12-31",
    });
    let accepted = eu.signed(signer, "op", "closing-accepted", accepted);
    json!({
        "successor": "eu", "origin": peer["origin"], "genesisDigest": peer["genesisDigest"], "httpUrl": "https://eu.test",
        "reason": reason(), "acceptance": {"genesis": peer["genesis"], "statement": accepted},
    })
}

/// Whoever shows a verdict shows that its registry ended, and a policy may want no such answer.
#[test]
fn the_end_of_a_registry_cannot_be_left_out() {
    let (mut log, eu) = (Log::at_work(), Log::of("eu", |_| ()));
    log.seal();
    assert_eq!(good(&log, &log.bundle(), at_the_checkpoint(&log)).closed, None);
    let before = log.now() - jiff::SignedDuration::from_secs(1);
    let end = ending(&log, &eu, "op");
    let index = log.say("op", "registry-closed", end);
    log.seal();
    let bundle = log.bundle();
    let closed = good(&log, &bundle, at_the_checkpoint(&log)).closed.unwrap();
    assert_eq!((closed.successor.as_str(), closed.http_url.as_str()), ("eu", "https://eu.test"));
    assert_eq!(closed.since.index, index);
    assert_eq!(refused(&log, &without(&log, &[index])), INCOMPLETE);

    let policy = Policy::parse(&format!("refuse_closed = true\n{}", log.policy_text(""))).unwrap();
    let failure = verify(&bytes(&bundle), &policy, at_the_checkpoint(&log)).unwrap_err();
    let found = (failure.fault.blame(), failure.step.as_str(), failure.fault.code());
    assert_eq!(found, ("policy", "registry", "registry-closed"), "{failure}");
    let then = Question { at: Some(before), ..at_the_checkpoint(&log) };
    assert!(verify(&bytes(&bundle), &policy, then).unwrap().closed.is_some(), "it went on until then");
}

#[test]
fn nobody_is_named_a_successor_without_a_key_of_its_operator() {
    let (jp, eu) = (Log::at_work(), Log::of("eu", |_| ()));
    let read = |end: Value| {
        let spoken = jp.signed("op", "op", "registry-closed", end);
        read_unverified(&Unverified::parse(Bytes::from(spoken)).unwrap()).map(drop).map_err(|error| error.code())
    };
    assert_eq!(read(ending(&jp, &eu, "op")), Ok(()));
    assert_eq!(read(ending(&jp, &eu, "node")), Err("bad-acceptance"), "its node is not its operator");
    assert_eq!(read(ending(&jp, &eu, "stranger")), Err("bad-acceptance"));
    let with = |member: &str, value: Value| {
        let mut end = ending(&jp, &eu, "op");
        end["acceptance"][member] = value;
        end
    };
    let other = Log::of("eu", |_| ()).pinned()["genesis"].clone();
    assert_eq!(read(with("genesis", other)), Err("bad-acceptance"), "another log of that name has other keys");
    let cut = eu.pinned()["genesis"].as_str().unwrap().rsplit_once('.').unwrap().0.to_owned();
    for (member, value) in [("genesis", format!("{cut}.{}", "A".repeat(86))), ("statement", "no statement".to_owned())]
    {
        assert_eq!(read(with(member, json!(value))), Err("bad-acceptance"), "{member}");
    }
    assert_eq!(read(with("genesis", ending(&jp, &eu, "op")["acceptance"]["statement"].clone())), Err("bad-acceptance"));
}

/// The second person of a successor is another one, whom its genesis names as well.
#[test]
fn nobody_approves_alone_that_his_registry_goes_on() {
    let (jp, eu) = (Log::at_work(), Log::of("eu", |_| ()));
    let begun = Unverified::parse(Bytes::from(eu.pinned()["genesis"].as_str().unwrap().to_owned())).unwrap();
    let mut begun: Value = serde_json::from_slice(begun.unverified_payload()).unwrap();
    begun["claim"]["operator"]["keys"] = json!([jwk(eu.key("op")), jwk(eu.key("ab"))]);
    let begun = eu.signed("node", "node", "genesis", begun["claim"].take());
    let read = |signer: &str, approver: &str| {
        let mut end = ending(&jp, &eu, signer);
        let step = Digest::of(end["acceptance"]["statement"].as_str().unwrap().as_bytes()).to_string();
        let claim = json!({"step": step, "kind": "closing-accepted", "until": "2027-12-31"});
        end["acceptance"]["genesis"] = json!(begun);
        end["acceptance"]["approval"] = json!(eu.signed(approver, "op", "step-approved", claim));
        let spoken = jp.signed("op", "op", "registry-closed", end);
        read_unverified(&Unverified::parse(Bytes::from(spoken)).unwrap()).map(drop).map_err(|error| error.code())
    };
    assert_eq!(read("op", "ab"), Ok(()));
    assert_eq!(read("ab", "op"), Ok(()));
    for (signer, approver) in [("op", "op"), ("op", "stranger"), ("stranger", "op"), ("op", "ministry")] {
        assert_eq!(read(signer, approver), Err("bad-acceptance"), "{signer} and {approver}");
    }
}

fn terms() -> Value {
    let party = |registry: &str, roles: &[&str]| {
        let origin = format!("{registry}.registry.test");
        json!({"registry": registry, "origin": origin, "authority": "An authority", "roles": roles})
    };
    json!({
        "id": "A-1", "version": 1, "title": "Arrangement", "mode": "unilateral",
        "parties": [party("jp", &["recognising"]), party("eu", &["issuing"])],
        "rules": [{
            "id": "R-1", "from": ["eu"], "to": ["jp"], "scheme": "eucc@1", "objects": ["product"],
            "viewpoints": ["people-and-things"], "grants": "full", "onSuspension": "cease", "onEnd": "cease",
        }],
        "from": "2026-01-01",
    })
}

/// A log that recognises eu:E-1 under A-1, which it signed.
fn arranged() -> Log {
    let mut log = Log::at_work();
    log.say("op", "peer-added", Log::of("eu", |_| ()).pinned());
    log.sign_arrangement(terms());
    log.recognise(json!({"arrangement": {"id": "A-1", "version": 1}, "rule": "R-1"}));
    log.seal();
    log
}

#[test]
fn what_a_recognition_rests_on_cannot_be_left_out() {
    let rows: [(&str, fn(&mut Log) -> u64); 3] = [
        ("the arrangement was suspended", |log| {
            log.say("ministry", "arrangement-suspended", json!({"id": "A-1", "reason": reason()}))
        }),
        ("the peer was expelled", |log| log.say("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}))),
        ("the key of the node was replaced", |log| {
            log.say("op", "key-added", json!({"party": "node", "key": jwk(log.key("stranger"))}))
        }),
    ];
    for (why, happens) in rows {
        let mut log = arranged();
        let index = happens(&mut log);
        log.seal();
        good(&log, &log.foreign_bundle(), at_the_checkpoint(&log));
        assert_eq!(refused(&log, &log.foreign_bundle_without(&[index])), INCOMPLETE, "{why}");
    }
}

/// What was recognised under an earlier peering is proven with both.
#[test]
fn every_peering_is_shown() {
    let mut log = recognising();
    let expelled = log.say("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
    let pinned = Log::of("eu", |_| ()).pinned();
    let added = log.say("op", "peer-added", pinned);
    log.seal();
    good(&log, &log.foreign_bundle(), at_the_checkpoint(&log));
    assert_eq!(refused(&log, &log.foreign_bundle_without(&[expelled, added])), INCOMPLETE);
    assert_eq!(refused(&log, &log.foreign_bundle_without(&[added])), INCOMPLETE);
}

/// A registry that keeps a label out of its map: what its log holds is evidence against its seal.
#[test]
fn a_map_without_what_the_log_holds_is_the_registrys_fault() {
    for label in ["party/cb-1", "party/node", "accreditation/cb-1/scheme/stars@1", "designation/ab/scheme/stars"] {
        let mut log = Log::at_work();
        log.hidden.push(label.to_owned());
        log.seal();
        assert_eq!(refused(&log, &log.bundle()), ("registry", "completeness", "map-differs"), "{label}");
    }
    // The map stands still while the log goes on.
    let mut log = Log::at_work();
    log.say("op", "key-revoked", json!({"party": "cb-1", "kid": kid(&log, "cb-1")}));
    log.seal_as_before();
    let bundle = log.bundle();
    assert_eq!(refused(&log, &bundle), ("registry", "completeness", "map-differs"));
    let failure = verify(&bytes(&bundle), &log.policy(), at_the_checkpoint(&log)).unwrap_err();
    assert!(matches!(failure.fault, Fault::Registry(_)) && failure.to_string().contains("party/cb-1"), "{failure}");
}

/// A label is absent where there is nothing about it, which is proven, too.
#[test]
fn what_there_never_was_is_proven_absent() {
    let named = |log: &mut Log| {
        log.say("op", "peer-added", Log::of("eu", |_| ()).pinned());
        log.recognise(json!({"arrangement": {"id": "A-1", "version": 1}, "rule": "R-1"}));
    };
    let mut log = Log::at_work();
    named(&mut log);
    log.seal();
    good(&log, &log.foreign_bundle(), at_the_checkpoint(&log));
    let signed = log.sign_arrangement(terms());
    log.seal();
    good(&log, &log.foreign_bundle(), at_the_checkpoint(&log));
    assert_eq!(refused(&log, &log.foreign_bundle_without(&[signed])), INCOMPLETE);
}

/// The proof of the public labels has one form, and is made for the labels that the statements ask for.
#[test]
fn another_proof_is_refused() {
    let log = Log::at_work();
    let refused_proof = ("bundle", "completeness", "bad-map-proof");
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut bundle = log.bundle();
        change(&mut bundle.public_proof);
        refused(&log, &bundle)
    };
    assert_eq!(with(&Vec::clear), refused_proof);
    assert_eq!(with(&|parts| drop(parts.pop())), refused_proof);
    assert_eq!(with(&|parts| parts.push("-".to_owned())), refused_proof);
    assert_eq!(with(&|parts| *parts = vec!["?".to_owned()]), refused_proof);
    let mut later = log.clone();
    later.say("op", "key-revoked", json!({"party": "cb-1", "kid": kid(&log, "cb-1")}));
    later.seal();
    let older = Bundle { public_proof: log.bundle().public_proof, ..later.bundle() };
    assert_eq!(refused(&later, &older), refused_proof, "of an older map, which knows nothing of the revocation");
}
