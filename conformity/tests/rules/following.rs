//! Deciding on a peer's log of which only a part is visible: what the peer took is taken here, too.

use conformity::records::Register;
use conformity::statement::Statement;
use conformity::{Digest, Place, Refusal, decide};
use serde_json::{Value, json};

use crate::world::{
    ORIGIN, World, accreditation, changed, designation, document, genesis, party, reason, report, scheme, signer,
    verdict, with,
};

/// Everything told to a registry, in order.
#[derive(Default)]
struct Told(Vec<(u64, jiff::Timestamp, Value)>);

impl Told {
    fn tell(&mut self, world: &mut World, iss: &str, kind: &str, claim: Value) {
        let payload = world.envelope(iss, kind, claim);
        self.0.push((world.next, world.now, payload.clone()));
        world.take(&payload, None).unwrap();
    }
}

/// A registry's whole log, with verdicts on two suppliers.
fn log() -> (World, Told) {
    let (mut world, mut told) = (World::empty(), Told::default());
    let mut tell = |world: &mut World, iss: &str, kind: &str, claim: Value| told.tell(world, iss, kind, claim);
    tell(&mut world, "node", "genesis", genesis("jp", ORIGIN));
    for (seed, id, role) in [
        (2, "ministry", "authority"),
        (3, "ab", "accreditation-body"),
        (5, "cb-1", "certification-body"),
        (8, "audit", "audit-body"),
    ] {
        tell(&mut world, "op", "party-registered", party(id, role, seed));
    }
    tell(&mut world, "op", "document-published", document());
    tell(&mut world, "ministry", "scheme-published", scheme());
    tell(&mut world, "ministry", "designation-made", designation());
    tell(&mut world, "ab", "accreditation-granted", accreditation("C-1", "cb-1", "certification-body"));
    tell(&mut world, "ab", "accreditation-granted", accreditation("C-8", "audit", "audit-body"));
    for id in ["V-1", "V-2", "V-3"] {
        tell(&mut world, "cb-1", "verdict-granted", verdict(id));
    }
    tell(&mut world, "audit", "report-filed", report("P-1"));
    for (id, change) in [("V-3", json!("suspended")), ("V-1", json!({"superseded": {"by": "V-2"}}))] {
        let claim = changed(&world, id, change);
        tell(&mut world, "cb-1", "verdict-changed", claim);
    }
    world.at("2029-10-01T00:00:00Z");
    tell(&mut world, "node", "verdict-expired", json!({"verdicts": ["V-2", "V-3"]}));
    (world, told)
}

/// Whether a follower of V-1 and V-3 may see it.
fn visible(payload: &Value) -> bool {
    payload["claim"]["verdict"] != json!("V-2")
}

fn follow(mut register: Register, told: &Told) -> Result<Register, Refusal> {
    for (index, at, payload) in told.0.iter().filter(|(_, _, payload)| visible(payload)) {
        let bytes = serde_json::to_vec(payload).unwrap();
        let statement = Statement::parse(&bytes).unwrap();
        let place = Place {
            index: *index,
            at: *at,
            kid: signer(&register, &statement),
            digest: Digest::of(&bytes),
            attachment: None,
        };
        for record in decide(&register, &statement, &place)? {
            register.insert(record);
        }
    }
    Ok(register)
}

#[test]
fn a_follower_comes_to_the_same_verdicts_from_its_part() {
    use conformity::records::Facts;
    let (world, told) = log();
    let part = follow(Register::part(), &told).unwrap();
    for id in ["V-1", "V-3"] {
        assert_eq!(part.verdict(&id.parse().unwrap()), world.register.verdict(&id.parse().unwrap()), "{id}");
    }
    assert_eq!(part.verdict(&"V-2".parse().unwrap()), None, "what it may not see it does not have");
}

#[test]
fn whoever_sees_the_whole_log_refuses_a_reference_to_nothing() {
    let (_, told) = log();
    let refusal = follow(Register::new(), &told).unwrap_err();
    assert_eq!(refusal.code(), "unknown-verdict");
}

#[test]
fn a_follower_refuses_what_the_peer_should_have_refused() {
    let (mut world, told) = log();
    let part = follow(Register::part(), &told).unwrap();
    world.register = part;
    world.at("2027-01-01T00:00:00Z");
    for (why, iss, kind, claim, code) in [
        ("an audit body decides", "audit", "verdict-granted", verdict("V-9"), "not-a-decider"),
        ("a stranger decides", "stranger", "verdict-granted", verdict("V-9"), "unknown-issuer"),
        (
            "a body accredits itself",
            "cb-1",
            "accreditation-granted",
            accreditation("C-9", "cb-1", "audit-body"),
            "role-not-entitled",
        ),
        (
            "too long a validity",
            "cb-1",
            "verdict-granted",
            with(verdict("V-9"), json!({"validUntil": "2039-01-01"})),
            "validity-too-long",
        ),
        (
            "a designation from below",
            "ab",
            "designation-changed",
            json!({"id": "D-1", "change": "restored", "reason": reason()}),
            "role-not-entitled",
        ),
    ] {
        assert_eq!(world.say(iss, kind, claim).unwrap_err().code(), code, "{why}");
    }
}
