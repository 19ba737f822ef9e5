//! Natural persons: they stand in the log by a handle alone, whoever speaks of them.

use conformity::handle::admissible;
use conformity::records::Facts;
use conformity::statement::Statement;
use conformity::{Record, Refusal};
use serde_json::{Value, json};

use crate::declarations::{declaration, furnish};
use crate::world::{Row, World, party, row, verdict, with};

const GRANT: &str = "verdict-granted";
const MEMBER: &str = "local:members:8";

/// A person as it may be registered, but for what the patch says.
fn register(world: &mut World, patch: Value) -> Result<Vec<Record>, Refusal> {
    let handle = json!({"person": true, "name": MEMBER, "identifiers": [MEMBER], "declares": true});
    let mut registered = party("supplier-8", "supplier", 70);
    registered["party"] = with(with(registered["party"].clone(), handle), patch);
    world.say("op", "party-registered", registered)
}

/// A person as a supplier may be named, but for what the patch says.
fn person(patch: Value) -> Value {
    with(json!({"id": MEMBER, "name": MEMBER, "country": "JP", "person": true}), patch)
}

fn about(id: &str, supplier: Value) -> Value {
    with(verdict(id), json!({"supplier": supplier, "object": {"kind": "organization", "name": MEMBER}}))
}

fn decide(world: &mut World, patch: Value) -> Result<Vec<Record>, Refusal> {
    world.say("cb-1", GRANT, about("V-9", person(patch)))
}

/// What a sponsor declares of a person.
fn carried(id: &str, supplier: Value) -> Value {
    let mandate = json!({"self-declared": {"mandate": "ab".repeat(32)}});
    let object = json!({"kind": "organization", "name": MEMBER});
    with(declaration(id), json!({"supplier": supplier, "object": object, "provenance": mandate}))
}

fn carry(world: &mut World, patch: Value) -> Result<Vec<Record>, Refusal> {
    furnish(world);
    world.say("coop", GRANT, carried("S-1", person(patch)))
}

/// What the person declares itself.
fn declare(world: &mut World, patch: Value) -> Result<Vec<Record>, Refusal> {
    furnish(world);
    register(world, json!({})).unwrap();
    let object = json!({"kind": "organization", "name": MEMBER});
    world.say("supplier-8", GRANT, with(declaration("S-1"), json!({"supplier": person(patch), "object": object})))
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        // Registered.
        row("a body that is a person", |w| register(w, json!({"id": "certification-body-8", "role": "certification-body", "declares": null})), "person-misplaced"),
        row("an authority that is a person", |w| register(w, json!({"id": "authority-8", "role": "authority", "declares": null})), "person-misplaced"),
        row("a person under a name", |w| register(w, json!({"name": "Taro Yamada"})), "names-a-person"),
        row("a person under a trade name", |w| register(w, json!({"name": "Yamada Shoten"})), "names-a-person"),
        row("a person under an identifier that is not its own", |w| register(w, json!({"name": "local:members:9"})), "names-a-person"),
        row("a person under its id though it has an identifier", |w| register(w, json!({"name": "supplier-8"})), "names-a-person"),
        row("a person's name as the id", |w| register(w, json!({"id": "taro-yamada"})), "names-a-person"),
        row("a person's name behind the role", |w| register(w, json!({"id": "supplier-yamada"})), "names-a-person"),
        row("a number that is too long for a handle as the id", |w| register(w, json!({"id": "supplier-19800101"})), "names-a-person"),
        row("another role's handle as the id", |w| register(w, json!({"id": "expert-8"})), "names-a-person"),
        row("a list's identifier that is a name", |w| register(w, json!({"name": "local:members:Yamada", "identifiers": ["local:members:Yamada"]})), "names-a-person"),
        row("a list's identifier that a state gave", |w| register(w, json!({"name": "local:members:123456789018", "identifiers": ["local:members:123456789018"]})), "names-a-person"),
        row("a name among more identifiers", |w| register(w, json!({"identifiers": [MEMBER, "local:guild:taro"]})), "names-a-person"),
        row("a person with the number of a corporation", |w| register(w, json!({"identifiers": [MEMBER, "corporate-number:7000012050002"]})), "names-a-person"),
        row("a person with a name in a UEI", |w| register(w, json!({"identifiers": [MEMBER, "uei:YAMADATARA12"]})), "names-a-person"),
        row("a person with letters in an LEI", |w| register(w, json!({"identifiers": [MEMBER, "lei:5493001KJTIIGC8Y1R12"]})), "names-a-person"),
        row("a person with what customs call it", |w| register(w, json!({"identifiers": [MEMBER, "eori:DE123456789012345"]})), "names-a-person"),
        // Decided, declared, carried.
        row("a body names a person", |w| decide(w, json!({"name": "Taro Yamada"})), "names-a-person"),
        row("a body identifies a person by its name", |w| decide(w, json!({"id": "local:members:yamada", "name": "local:members:yamada"})), "names-a-person"),
        row("a body ties a name to a person", |w| decide(w, json!({"others": ["local:guild:taro"]})), "names-a-person"),
        row("a body names a person as what it assessed", |w| {
            w.say("cb-1", GRANT, with(about("V-9", person(json!({}))), json!({"object": {"kind": "organization", "name": "Taro Yamada"}})))
        }, "names-a-person"),
        row("a sponsor names a person", |w| carry(w, json!({"name": "Taro Yamada"})), "names-a-person"),
        row("a person names itself", |w| declare(w, json!({"name": "Taro Yamada"})), "names-a-person"),
        row("a person declares as if it were none", |w| declare(w, json!({"person": null})), "not-as-registered"),
        row("a company declares as if it were a person", |w| {
            furnish(w);
            w.say("works", GRANT, with(declaration("S-1"), json!({"supplier": person(json!({"id": "duns:150483782", "name": "duns:150483782"})), "object": {"kind": "organization", "name": "duns:150483782"}})))
        }, "not-as-registered"),
        row("the operator transcribes a person's name", |w| {
            let terms = with(crate::world::transcribed("T-9"), json!({"supplier": person(json!({"name": "Taro Yamada"}))}));
            w.say("op", GRANT, terms)
        }, "names-a-person"),
        // Known as a person.
        row("a body names whom a sponsor called a person", |w| {
            carry(w, json!({})).unwrap();
            w.say("cb-1", GRANT, about("V-9", json!({"id": MEMBER, "name": "Taro Yamada", "country": "JP"})))
        }, "person-not-said"),
        row("a sponsor names whom a body called a person", |w| {
            decide(w, json!({})).unwrap();
            furnish(w);
            w.say("coop", GRANT, carried("S-1", json!({"id": MEMBER, "name": "Taro Yamada", "country": "JP"})))
        }, "person-not-said"),
        row("a body names whom the operator registered as a person", |w| {
            register(w, json!({})).unwrap();
            w.say("cb-1", GRANT, about("V-9", json!({"id": MEMBER, "name": "Taro Yamada", "country": "JP"})))
        }, "person-not-said"),
        row("a body ties a company to a registered person", |w| {
            register(w, json!({})).unwrap();
            w.say("cb-1", GRANT, with(verdict("V-8"), json!({"supplier": {"id": "duns:150483782", "name": "Example Works", "country": "JP", "others": [MEMBER]}})))
        }, "person-not-said"),
        row("a body ties a company to a person", |w| {
            decide(w, json!({})).unwrap();
            w.say("cb-1", GRANT, with(verdict("V-8"), json!({"supplier": {"id": "duns:150483782", "name": "Example Works", "country": "JP", "others": [MEMBER]}})))
        }, "person-not-said"),
    ]
}

#[test]
fn a_person_stands_in_the_log_by_a_handle() {
    let mut world = World::furnished();
    declare(&mut world, json!({})).unwrap();
    let expert = json!({"person": true, "name": "expert-17"});
    let mut registered = party("expert-17", "expert", 71);
    registered["party"] = with(registered["party"].clone(), expert);
    world.must("op", "party-registered", registered);
    world.must("cb-1", GRANT, about("V-9", person(json!({"others": ["duns:150483782"]}))));
    world.must(
        "cb-1",
        GRANT,
        with(about("V-10", person(json!({}))), json!({"object": {"kind": "site", "name": "Workshop in Osaka"}})),
    );
    assert!(world.register.party(&"expert-17".parse().unwrap()).unwrap().party.person);
    assert!(world.verdict("V-9").terms.supplier.person);
}

#[test]
fn nobody_learns_of_a_person_by_a_refusal() {
    let mut world = World::furnished();
    let hidden = with(about("V-9", person(json!({}))), json!({"profile": "restricted"}));
    world.must("cb-1", GRANT, hidden);
    furnish(&mut world);
    // Whoever may not know of that verdict gets no word about it, and answers for what it says.
    let said = world.say("coop", GRANT, carried("S-1", json!({"id": MEMBER, "name": "Workshop 8", "country": "JP"})));
    assert!(said.is_ok(), "{said:?}");
}

#[test]
fn an_object_that_is_a_person_enters_by_a_handle() {
    let supplier = json!({"id": "corporate-number:7000012050002", "name": "Example Works", "country": "JP"});
    let version = json!("Taro Yamada");
    let rows = [
        ("organization", "Taro Yamada", json!(null), supplier.clone(), true),
        ("person", "Taro Yamada", json!(null), supplier.clone(), false),
        ("person", "yamada-17", json!(null), supplier.clone(), false),
        ("person", "p-17", version.clone(), supplier.clone(), false),
        ("person", "p-17", json!(null), supplier, true),
        ("person", MEMBER, json!(null), person(json!({})), true),
        ("person", MEMBER, version, person(json!({})), false),
        ("person", "local:members:9", json!(null), person(json!({})), false),
    ];
    for (kind, name, version, supplier, taken) in rows {
        let object = with(json!({"kind": kind, "name": name}), json!({"version": version}));
        let claim = with(verdict("V-9"), json!({"supplier": supplier, "object": object}));
        let payload = serde_json::to_vec(&World::furnished().envelope("cb-1", GRANT, claim)).unwrap();
        let statement = Statement::parse(&payload).unwrap();
        let admitted = admissible(&statement.claim).map_err(|refusal| refusal.code());
        assert_eq!(admitted, if taken { Ok(()) } else { Err("names-a-person") }, "{kind} {name}");
    }
}
