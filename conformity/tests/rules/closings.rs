//! The end of a registry: who may say it, by whose word another one goes on, and what is said behind it.

use conformity::Digest;
use conformity::basis::{of_log_keys, of_verdict};
use conformity::map_label::MapLabel;
use conformity::records::{Facts, Rests};
use serde_json::{Value, json};

use crate::basis::read;
use crate::consents::{consent, join};
use crate::world::{Row, World, genesis, jws, key, peer, reason, row, signed, terms, verdict, with};

pub(crate) fn closed() -> Value {
    ending(json!({}), json!({}))
}

/// The registry ends in favour of `asean`, which accepts it; both with something else in their place.
fn ending(change: Value, accepted: Value) -> Value {
    let asean = peer("asean", "asean.registry.example");
    let said = json!({
        "iss": "op", "aud": "asean.registry.example", "jti": "accepted", "iat": 1_700_000_000, "kind": "closing-accepted",
        "claim": with(accepting(), accepted),
    });
    let end = json!({
        "successor": "asean", "origin": "asean.registry.example", "genesisDigest": asean["genesisDigest"],
        "httpUrl": "https://registry.asean.example", "reason": {"code": "merged"},
        "acceptance": {"genesis": asean["genesis"], "statement": jws(&said)},
    });
    with(end, change)
}

/// The registry ends in favour of `asean`, whose genesis asks for two persons; with what the second one says changed, if he says
/// something.
fn of_two(approval: Option<Value>) -> Value {
    let mut end = closed();
    let own = with(genesis("asean", "asean.registry.example"), json!({"persons": 2}));
    let own = jws(&json!({
        "iss": "node", "aud": "asean.registry.example", "jti": "genesis", "iat": 1_700_000_000, "kind": "genesis",
        "claim": with(own, json!({"operator": {"id": "op", "name": "Operator", "keys": [key(1), key(91)]}})),
    }));
    end["genesisDigest"] = json!(Digest::of(own.as_bytes()).to_string());
    end["acceptance"]["genesis"] = json!(own);
    if let Some(change) = approval {
        let step = Digest::of(end["acceptance"]["statement"].as_str().unwrap().as_bytes()).to_string();
        let claim = with(json!({"step": step, "kind": "closing-accepted", "until": "2026-12-01"}), change);
        end["acceptance"]["approval"] = json!(jws(&json!({
            "iss": "op", "aud": "asean.registry.example", "jti": "approved", "iat": 1_700_000_000, "kind": "step-approved",
            "claim": claim,
        })));
    }
    end
}

#[test]
fn two_persons_of_a_successor_let_a_registry_end() {
    let mut world = World::furnished();
    world.must("op", "registry-closed", of_two(Some(json!({}))));
    let record = world.register.genesis().unwrap();
    assert_eq!(record.closed.as_ref().unwrap().closed.successor.as_str(), "asean");
}

/// What another registry says of the one of these tests.
pub(crate) fn accepting() -> Value {
    let world = World::furnished();
    let own = world.register.genesis().unwrap();
    json!({
        "registry": "jp", "origin": own.genesis.origin, "genesisDigest": own.digest.to_string(),
        "httpUrl": "https://registry.asean.example", "until": "2026-12-31",
    })
}

/// The same, of a registry that these tests do not know.
pub(crate) fn accepting_another() -> Value {
    with(accepting(), json!({"registry": "mm", "origin": "mm.registry.example", "genesisDigest": "cd".repeat(32)}))
}

#[rustfmt::skip]
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("an authority ends the registry", |w| w.say("ministry", "registry-closed", closed()), "role-not-entitled"),
        row("it ends in favour of itself", |w| {
            w.say("op", "registry-closed", with(closed(), json!({"successor": "jp"})))
        }, "hosts-itself"),
        row("in favour of a peer by another genesis", |w| {
            w.say("op", "registry-closed", with(closed(), json!({"successor": "eu", "origin": "eu.registry.example"})))
        }, "hosting-of-another"),
        row("at an address that is none", |w| {
            w.say("op", "registry-closed", with(closed(), json!({"httpUrl": "http://registry.asean.example"})))
        }, "unsound-address"),
        row("while an arrangement binds it", |w| {
            w.must("op", "arrangement-signed", signed(terms()));
            w.say("op", "registry-closed", closed())
        }, "arrangement-stands"),
        row("nobody accepted to go on", |w| {
            w.say("op", "registry-closed", ending(json!({"acceptance": null}), json!({})))
        }, "closing-not-accepted"),
        row("with another genesis than the successor's", |w| {
            let statement = closed()["acceptance"]["statement"].clone();
            let other = json!({"genesis": peer("asean", "other.registry.example")["genesis"], "statement": statement});
            w.say("op", "registry-closed", ending(json!({"acceptance": other}), json!({})))
        }, "closing-not-accepted"),
        row("with something else than an acceptance", |w| {
            let genesis = closed()["acceptance"]["genesis"].clone();
            let other = json!({"genesis": genesis, "statement": genesis});
            w.say("op", "registry-closed", ending(json!({"acceptance": other}), json!({})))
        }, "closing-not-accepted"),
        row("with what nobody can read", |w| {
            let other = json!({"genesis": closed()["acceptance"]["genesis"], "statement": "e30.e30.AA"});
            w.say("op", "registry-closed", ending(json!({"acceptance": other}), json!({})))
        }, "closing-not-accepted"),
        row("in the name of the successor's log, by another", |w| {
            let eu = peer("eu", "eu.registry.example");
            let end = json!({
                "successor": "asean", "genesisDigest": eu["genesisDigest"],
                "acceptance": {"genesis": eu["genesis"], "statement": closed()["acceptance"]["statement"]},
            });
            w.say("op", "registry-closed", ending(end, json!({})))
        }, "closing-not-accepted"),
        row("with the acceptance of the end of another registry", |w| {
            w.say("op", "registry-closed", ending(json!({}), json!({"registry": "mm"})))
        }, "closing-not-accepted"),
        row("with an acceptance at another address", |w| {
            w.say("op", "registry-closed", ending(json!({"httpUrl": "https://thief.example"}), json!({})))
        }, "closing-not-accepted"),
        row("with an acceptance whose last day is past", |w| {
            w.say("op", "registry-closed", ending(json!({}), json!({"until": "2026-11-01"})))
        }, "closing-not-accepted"),
        row("with an acceptance without end", |w| {
            w.say("op", "registry-closed", ending(json!({}), json!({"until": "2099-12-31"})))
        }, "closing-not-accepted"),
        row("by the word of one person of two", |w| w.say("op", "registry-closed", of_two(None)), "closing-not-accepted"),
        row("with the approval of another step", |w| {
            w.say("op", "registry-closed", of_two(Some(json!({"step": "cd".repeat(32)}))))
        }, "closing-not-accepted"),
        row("with the approval of another kind of step", |w| {
            w.say("op", "registry-closed", of_two(Some(json!({"kind": "persons-set"}))))
        }, "closing-not-accepted"),
        row("with something else than an approval", |w| {
            let mut end = of_two(None);
            end["acceptance"]["approval"] = end["acceptance"]["statement"].clone();
            w.say("op", "registry-closed", end)
        }, "closing-not-accepted"),
        row("an authority accepts to go on", |w| w.say("ministry", "closing-accepted", accepting_another()), "role-not-entitled"),
        row("it accepts its own end", |w| w.say("op", "closing-accepted", accepting()), "hosts-itself"),
        row("it accepts the end of a peer by another genesis", |w| {
            w.say("op", "closing-accepted", with(accepting_another(), json!({"registry": "eu"})))
        }, "hosting-of-another"),
        row("it accepts at an address that is none", |w| {
            w.say("op", "closing-accepted", with(accepting_another(), json!({"httpUrl": "registry.jp.example"})))
        }, "unsound-address"),
        row("it accepts until a day that is past", |w| {
            w.say("op", "closing-accepted", with(accepting_another(), json!({"until": "2026-11-01"})))
        }, "impossible-dates"),
        row("it accepts until a day that is too far", |w| {
            w.say("op", "closing-accepted", with(accepting_another(), json!({"until": "2099-12-31"})))
        }, "impossible-dates"),
        row("it accepts too often", |w| {
            for _ in 0..64 { w.must("op", "closing-accepted", accepting_another()); }
            w.say("op", "closing-accepted", accepting_another())
        }, "too-many"),
        row("a registry that ended accepts the end of another", |w| {
            w.must("op", "registry-closed", closed());
            w.say("op", "closing-accepted", accepting_another())
        }, "registry-is-closed"),
        row("one person accepts where two are needed", |w| {
            w.must("op", "key-added", json!({"party": "op", "key": key(91)}));
            w.must("op", "persons-set", json!({"persons": 2}));
            w.say("op", "closing-accepted", accepting_another())
        }, "second-person-needed"),
        row("one person ends it where two are needed", |w| {
            w.must("op", "key-added", json!({"party": "op", "key": key(91)}));
            w.must("op", "persons-set", json!({"persons": 2}));
            w.say("op", "registry-closed", closed())
        }, "second-person-needed"),
        row("a body grants in a registry that ended", |w| {
            w.must("op", "registry-closed", closed());
            w.say("cb-1", "verdict-granted", verdict("V-9"))
        }, "registry-is-closed"),
        row("it ends twice", |w| {
            w.must("op", "registry-closed", closed());
            w.say("op", "registry-closed", closed())
        }, "registry-is-closed"),
    ]
}

/// Who was let see something loses it by the supplier's word, whether the registry goes on or not.
#[test]
fn a_supplier_takes_back_its_consent_in_a_registry_that_ended() {
    let mut world = World::furnished();
    join(&mut world);
    world.must("maker", "disclosure-consented", consent("C-1"));
    world.must("op", "registry-closed", closed());
    let given = world.say("maker", "disclosure-consented", consent("C-2")).unwrap_err();
    assert_eq!(given.code(), "registry-is-closed");
    world.must("maker", "disclosure-withdrawn", json!({"consent": "C-1"}));
    let refused = world.say("cb-1", "verdict-granted", verdict("V-9")).unwrap_err();
    assert_eq!(refused.code(), "registry-is-closed");
}

#[test]
fn a_registry_that_ended_keeps_its_log_and_what_time_brings() {
    let mut world = World::furnished();
    world.must("op", "arrangement-signed", signed(terms()));
    let end = json!({"id": "A-1", "effective": "2026-12-31", "reason": reason()});
    world.must("op", "arrangement-ended", end);
    world.must("op", "registry-closed", closed());
    let index = world.next - 1;
    assert!(of_log_keys(&world.register).contains(&index), "peers hear of it with the keys of the log");
    let basis = of_verdict(&world.register, &world.verdict("V-1"), u64::MAX);
    assert!(
        basis.indexes.contains(&index) && basis.labels.contains(&MapLabel::Closing),
        "whoever sees a verdict sees it"
    );
    assert_eq!(MapLabel::Closing.entries(&world.register), [index]);
    let before = of_verdict(&world.register, &world.verdict("V-1"), index);
    assert!(!before.indexes.contains(&index), "what was shown before does not show it");
    assert_eq!(world.register.rests_on(index), Some(Rests::Foundation));
    world.must("op", "key-added", json!({"party": "op", "key": key(92)}));
    world.must("op", "statement-erased", json!({"index": world.verdict("V-1").history[0].index, "reason": reason()}));
    world.at("2030-01-01T00:00:00Z");
    let replayed = read(&world, &of_log_keys(&world.register)).unwrap();
    let record = replayed.genesis().unwrap();
    assert_eq!(record.closed.as_ref().unwrap().closed.successor.as_str(), "asean");
}
