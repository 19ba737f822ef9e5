//! Erasing statements, so that a replay that finds them gone comes to the same result.

use conformity::audience::{Audience, audience, restricted};
use conformity::records::{Facts, Register, View};
use conformity::statement::Statement;
use conformity::{Digest, Place, decide};
use serde_json::{Value, json};

use crate::world::{PEER_ORIGIN, Row, World, changed, peer, reason, report, row, signer, verdict, with};

fn erase(world: &mut World, index: u64) -> Result<Vec<conformity::Record>, conformity::Refusal> {
    world.say("op", "statement-erased", json!({"index": index, "reason": reason()}))
}

fn granted_at(world: &World, id: &str) -> u64 {
    world.verdict(id).history[0].index
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("a body erases its own statement", |w| w.say("cb-1", "statement-erased", json!({"index": 3, "reason": reason()})), "role-not-entitled"),
        row("the genesis is erased", |w| erase(w, 0), "not-erasable"),
        row("a party is erased", |w| erase(w, 1), "not-erasable"),
        row("a scheme is erased", |w| {
            let index = w.register.scheme(&"stars@1".parse().unwrap()).unwrap().published.index;
            erase(w, index)
        }, "not-erasable"),
        row("an accreditation is erased", |w| {
            let index = w.register.accreditation(&"C-1".parse().unwrap()).unwrap().granted.index;
            erase(w, index)
        }, "not-erasable"),
        row("a peer is erased", |w| {
            let index = w.register.peer(&"eu".parse().unwrap()).unwrap().added.index;
            erase(w, index)
        }, "not-erasable"),
        row("an addition of a peer is erased after it was expelled and added again", |w| {
            let index = w.register.peer(&"eu".parse().unwrap()).unwrap().added.index;
            w.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
            w.must("op", "peer-added", peer("eu", PEER_ORIGIN));
            erase(w, index)
        }, "not-erasable"),
        row("a suspension alone is erased", |w| {
            let index = w.next;
            w.must_change(json!("suspended"));
            erase(w, index)
        }, "not-erasable"),
        row("a statement is erased that is not there yet", |w| erase(w, w.next), "nothing-there"),
        row("a statement is erased twice", |w| {
            let index = granted_at(w, "V-1");
            erase(w, index)?;
            erase(w, index)
        }, "already-erased"),
    ]
}

#[test]
fn a_verdict_goes_with_its_grant_and_then_its_changes_may_go() {
    let mut world = World::furnished();
    let (granted, suspended) = (granted_at(&world, "V-1"), world.next);
    world.must_change(json!("suspended"));
    erase(&mut world, granted).unwrap();
    assert!(world.register.verdict(&"V-1".parse().unwrap()).is_none());
    let supplier = "corporate-number:7000012050002".parse().unwrap();
    assert!(world.register.verdicts_of(&supplier).iter().all(|record| record.id().as_str() != "V-1"));
    assert_eq!(world.change(json!("restored")).unwrap_err().code(), "unknown-verdict");
    erase(&mut world, suspended).unwrap();
}

/// Its later history may rest still: it is nobody's, and least of all that of the verdict that has the id now.
#[test]
fn what_was_stated_of_an_erased_verdict_does_not_come_back_with_its_id() {
    for profile in ["open", "restricted"] {
        let mut world = World::furnished();
        let quiet = with(verdict("V-7"), json!({"profile": "restricted"}));
        world.must("cb-1", "verdict-granted", quiet);
        let granted = granted_at(&world, "V-7");
        let change = changed(&world, "V-7", json!("suspended"));
        let index = world.next;
        world.must("cb-1", "verdict-changed", change.clone());
        erase(&mut world, granted).unwrap();
        world.must("cb-1", "verdict-granted", with(verdict("V-7"), json!({"profile": profile})));
        let statement =
            Statement::parse(world.envelope("cb-1", "verdict-changed", change).to_string().as_bytes()).unwrap();
        assert_eq!(audience(&world.register, &statement, index), Audience::Own, "{profile}");
        assert!(restricted(&world.register, &statement, index).is_none(), "{profile}");
        let own = audience(&world.register, &statement, world.next) == Audience::Own;
        let is_restricted = restricted(&world.register, &statement, world.next).is_some();
        assert_eq!((own, is_restricted), (profile == "restricted", profile == "restricted"), "what comes now");
    }
}

/// What was stated, in order; nothing for what was erased since.
pub(crate) fn replay(told: &[(Value, jiff::Timestamp)], erased: &[u64]) -> Register {
    let mut register = Register::part();
    for (index, (payload, at)) in (0_u64..).zip(told) {
        let bytes = serde_json::to_vec(payload).unwrap();
        let statement = Statement::parse(&bytes).unwrap();
        let place =
            Place { index, at: *at, kid: signer(&register, &statement), digest: Digest::of(&bytes), attachment: None };
        if erased.contains(&index) {
            continue;
        }
        for record in decide(&register, &statement, &place).unwrap_or_default() {
            register.insert(record);
        }
    }
    register.see(View::Whole);
    register
}

#[test]
fn a_replay_without_the_erased_statement_comes_to_the_same_result() {
    let mut world = World::empty();
    let mut told = Vec::new();
    let mut tell = |world: &mut World, iss: &str, kind: &str, claim: Value| {
        let payload = world.envelope(iss, kind, claim);
        told.push((payload.clone(), world.now));
        world.take(&payload, None).unwrap();
        world.next - 1
    };
    use crate::world::{accreditation, document, genesis, party, scheme};
    tell(&mut world, "node", "genesis", genesis("jp", crate::world::ORIGIN));
    for (seed, id, role) in
        [(2, "ministry", "authority"), (5, "cb-1", "certification-body"), (8, "audit", "audit-body")]
    {
        tell(&mut world, "op", "party-registered", party(id, role, seed));
    }
    tell(&mut world, "op", "document-published", document());
    tell(&mut world, "ministry", "scheme-published", scheme());
    tell(&mut world, "ministry", "accreditation-granted", accreditation("C-1", "cb-1", "certification-body"));
    tell(&mut world, "ministry", "accreditation-granted", accreditation("C-8", "audit", "audit-body"));
    let erased = tell(&mut world, "cb-1", "verdict-granted", verdict("V-1"));
    tell(&mut world, "cb-1", "verdict-granted", verdict("V-2"));
    tell(&mut world, "audit", "report-filed", report("P-1"));
    for (id, change) in [("V-1", json!("suspended")), ("V-2", json!({"superseded": {"by": "V-1"}}))] {
        let claim = changed(&world, id, change);
        tell(&mut world, "cb-1", "verdict-changed", claim);
    }
    world.at("2029-10-01T00:00:00Z");
    tell(&mut world, "node", "verdict-expired", json!({"verdicts": ["V-1"]}));
    tell(&mut world, "op", "statement-erased", json!({"index": erased, "reason": reason()}));
    let again = replay(&told, &[erased]);
    assert!(world.register == again, "{:#?}\n{again:#?}", world.register);
}
