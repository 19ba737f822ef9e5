//! News of the rules: who may issue it, and what of another registry's is passed on.

use conformity::basis::of_verdict;
use conformity::bulletin::{MAX_CONCERNS, MAX_TEXT};
use conformity::lapsed::{BasisChange, CauseKind};
use conformity::records::{Facts, Record, View};
use conformity::refusal::Refusal;
use conformity::resting;
use serde_json::{Value, json};

use crate::basis::read;
use crate::cascades::{basis_changed, begins};
use crate::crosswalks::{maps, publication};
use crate::world::{Row, World, document, foreign, jws, reason, row, scheme, with};

pub(crate) fn bulletin(id: &str) -> Value {
    json!({
        "bulletin": id, "topic": "regulation", "title": {"en": "A regulation", "ja": "規制"},
        "text": {"en": "What is sold from that day on must be updated.", "ja": "施行日以降に販売する製品は更新できること。"},
        "concerns": {"schemes": ["stars"], "documents": ["sp800-171"], "sectors": ["isic4.C"], "countries": ["EU"]},
        "issued": "2026-10-01", "inForce": "2027-12-11", "transitionUntil": "2028-06-30", "url": "https://nobody.example/act",
        "announces": {"scheme": "stars@1"}, "replaces": "B-0",
    })
}

/// One that replaces nothing.
fn plain(id: &str) -> Value {
    let mut claim = bulletin(id);
    claim.as_object_mut().unwrap().remove("replaces");
    claim
}

fn issue(world: &mut World, iss: &str, change: Value) -> Result<Vec<Record>, Refusal> {
    world.say(iss, "bulletin-issued", with(plain("B-1"), change))
}

pub(crate) fn relayed(statement: &str) -> Value {
    json!({"registry": "eu", "index": 7, "statement": statement})
}

fn abroad(change: Value) -> String {
    foreign("b-1", "bulletin-issued", with(plain("B-1"), change))
}

fn relay(world: &mut World, statement: &str) -> Result<Vec<Record>, Refusal> {
    world.say("node", "bulletin-relayed", relayed(statement))
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("a certification body issues a bulletin", |w| issue(w, "cb-1", json!({})), "role-not-entitled"),
        row("a bulletin changes after it was issued", |w| { issue(w, "op", json!({}))?; issue(w, "op", json!({"topic": "advice"})) }, "bulletin-exists"),
        row("a bulletin without words", |w| issue(w, "op", json!({"title": {}, "text": {}})), "empty"),
        row("a title in a language in which there is no text", |w| issue(w, "op", json!({"text": {"en": "only"}})), "languages-differ"),
        row("news of tomorrow", |w| issue(w, "op", json!({"issued": "2026-11-03"})), "impossible-dates"),
        row("a transition that ends before anything is in force", |w| issue(w, "op", json!({"transitionUntil": "2027-12-10"})), "impossible-dates"),
        row("a bulletin that names very many sectors", |w| {
            let sectors: Vec<String> = (0..=MAX_CONCERNS).map(|number| format!("s{number}")).collect();
            issue(w, "op", json!({"concerns": {"sectors": sectors}}))
        }, "too-many"),
        row("a bulletin about a scheme that is not here", |w| issue(w, "op", json!({"announces": {"scheme": "stars@9"}})), "unknown-scheme"),
        row("a bulletin about a document that is not here", |w| issue(w, "op", json!({"announces": {"document": "iso@1"}})), "unknown-document"),
        row("a bulletin about a crosswalk that is not here", |w| issue(w, "op", json!({"announces": {"crosswalk": "x@1"}})), "unknown-crosswalk"),
        row("an accreditation body replaces a scheme by a bulletin", |w| { next(w); issue(w, "ab", enacts("stars@2", "2028-06-30")) }, "role-not-entitled"),
        row("a bulletin replaces a scheme by one that is not here", |w| issue(w, "ministry", enacts("stars@9", "2028-06-30")), "unknown-scheme"),
        row("a bulletin tells of another day than it enacts", |w| { next(w); issue(w, "ministry", enacts("stars@2", "2028-12-31")) }, "bulletin-contradicts"),
        row("a bulletin of a peer tells of another day than it enacts", |w| relay(w, &abroad(enacts("stars@2", "2028-12-31"))), "bulletin-contradicts"),
        row("a bulletin publishes a crosswalk without its maps", |w| {
            let publication = publication(&maps(&["1 superset-of x"]));
            w.must("op", "document-published", with(document(), json!({"document": "other@1"})));
            issue(w, "op", json!({"enacts": {"crosswalk-published": publication}}))
        }, "crosswalk-missing"),
        row("a bulletin in the place of none", |w| issue(w, "op", json!({"replaces": "B-0"})), "unknown-bulletin"),
        row("a bulletin in the place of one that was replaced", |w| {
            issue(w, "op", json!({}))?;
            issue(w, "op", json!({"bulletin": "B-2", "replaces": "B-1"}))?;
            issue(w, "op", json!({"bulletin": "B-3", "replaces": "B-1"}))
        }, "bulletin-replaced"),
        row("an accreditation body replaces what the ministry issued", |w| {
            issue(w, "ministry", json!({}))?;
            issue(w, "ab", json!({"bulletin": "B-2", "replaces": "B-1"}))
        }, "another-issuers-bulletin"),
        row("the operator passes on a bulletin", |w| w.say("op", "bulletin-relayed", relayed(&abroad(json!({})))), "node-only"),
        row("a bulletin of a stranger", |w| w.say("node", "bulletin-relayed", with(relayed(&abroad(json!({}))), json!({"registry": "us"}))), "unknown-peer"),
        row("a bulletin of an expelled peer", |w| {
            w.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
            relay(w, &abroad(json!({})))
        }, "peer-expelled"),
        row("a bulletin that another log holds", |w| {
            let other = json!({"iss": "x", "aud": "us.registry.example", "jti": "b", "iat": 1, "kind": "bulletin-issued", "claim": plain("B-1")});
            relay(w, &jws(&other))
        }, "wrong-registry"),
        row("a statement that is no bulletin", |w| relay(w, &foreign("f", "document-published", document())), "foreign-statement"),
        row("what is no statement", |w| relay(w, "a.b.c"), "foreign-statement"),
        row("a bulletin is passed on twice", |w| { relay(w, &abroad(json!({})))?; relay(w, &abroad(json!({"topic": "advice"}))) }, "bulletin-exists"),
        row("an unsound bulletin of a peer", |w| relay(w, &abroad(json!({"text": {"ja": "のみ"}}))), "languages-differ"),
        row("a party of very many sectors", |w| {
            let sectors: Vec<String> = (0..=32).map(|number| format!("s{number}")).collect();
            let mut claim = crate::world::party("works", "supplier", 9);
            claim["party"]["sectors"] = json!(sectors);
            w.say("op", "party-registered", claim)
        }, "too-many"),
    ]
}

#[test]
fn authorities_operators_and_accreditation_bodies_may() {
    for iss in ["op", "ministry", "ab"] {
        assert!(issue(&mut World::furnished(), iss, json!({})).is_ok(), "{iss}");
    }
}

/// That `stars@1` is replaced up to a day.
fn enacts(by: &str, until: &str) -> Value {
    json!({"enacts": {"scheme-replaced": {"scheme": "stars@1", "by": by, "until": until}}})
}

/// The next version of the scheme is there.
fn next(world: &mut World) {
    world.must("ministry", "scheme-published", with(scheme(), json!({"scheme": "stars@2"})));
}

#[test]
fn a_bulletin_and_what_it_enacts_are_there_together_or_not_at_all() {
    let mut world = World::furnished();
    let replaced = |world: &World| world.register.scheme(&"stars@1".parse().unwrap()).unwrap().replaced.clone();
    let there = |world: &World| world.register.bulletin(&"jp:B-1".parse().unwrap()).is_some();
    issue(&mut world, "ministry", enacts("stars@2", "2028-06-30")).unwrap_err();
    assert!(!there(&world) && replaced(&world).is_none());
    next(&mut world);
    // Another registry's enacts nothing here, though it names schemes of the same names.
    let passed_on = world.next;
    relay(&mut world, &abroad(enacts("stars@2", "2028-06-30"))).unwrap();
    assert!(replaced(&world).is_none() && world.register.enacting(passed_on).is_none());
    let entry = world.next;
    issue(&mut world, "ministry", enacts("stars@2", "2028-06-30")).unwrap();
    assert!(there(&world));
    assert_eq!(replaced(&world).unwrap().moment.index, entry);
    assert_eq!(world.register.enacting(entry).map(ToString::to_string).as_deref(), Some("jp:B-1"));
    let Some(BasisChange::Lapsed(lapsed)) = resting::due(&world.register, &world.verdict("V-1"), world.now) else {
        panic!("nothing lapsed")
    };
    assert_eq!(
        (lapsed.cause.what, lapsed.cause.entry),
        (CauseKind::SchemeReplaced, entry),
        "the bulletin is the cause"
    );
}

#[test]
fn a_verdict_rests_on_the_bulletin_that_replaced_its_scheme() {
    let mut world = World::furnished();
    next(&mut world);
    issue(&mut world, "op", json!({"bulletin": "B-0"})).unwrap();
    issue(&mut world, "ministry", with(enacts("stars@2", "2028-06-30"), json!({"replaces": "B-0"}))).unwrap();
    let change = resting::due(&world.register, &world.verdict("V-1"), world.now).unwrap();
    let claim = with(basis_changed("V-1", json!(change), 0), json!({"begins": begins(&["V-1"], world.next)}));
    world.must("node", "basis-changed", claim);
    let indexes = of_verdict(&world.register, &world.verdict("V-1"), u64::MAX).indexes;
    let register = read(&world, &indexes).unwrap();
    assert_eq!(register.verdict(&"V-1".parse().unwrap()), Some(world.verdict("V-1")));
}

#[test]
fn a_replaced_bulletin_says_by_which_one_here_and_abroad() {
    let mut world = World::furnished();
    issue(&mut world, "op", json!({})).unwrap();
    issue(&mut world, "op", json!({"bulletin": "B-2", "replaces": "B-1"})).unwrap();
    relay(&mut world, &abroad(json!({}))).unwrap();
    relay(&mut world, &foreign("b-2", "bulletin-issued", with(plain("B-2"), json!({"replaces": "B-1"})))).unwrap();
    for registry in ["jp", "eu"] {
        let record = world.register.bulletin(&format!("{registry}:B-1").parse().unwrap()).unwrap();
        assert_eq!(record.replaced_by.as_ref().map(|by| by.as_str()), Some("B-2"), "{registry}");
    }
    // What came before we followed is not known: the newer one counts all the same.
    relay(&mut world, &foreign("b-9", "bulletin-issued", with(plain("B-9"), json!({"replaces": "B-8"})))).unwrap();
}

#[test]
fn a_peer_reads_a_bulletin_by_the_same_rules() {
    let mut world = World::furnished();
    world.register.see(View::Part);
    assert!(issue(&mut world, "op", json!({})).is_ok());
}

#[test]
fn the_longest_bulletin_can_be_passed_on() {
    let text = "\u{3042}".repeat(MAX_TEXT / 3);
    let many = |name: &str| (0..MAX_CONCERNS).map(|number| format!("{name}{number:0>60}")).collect::<Vec<_>>();
    let countries = vec!["JP"; MAX_CONCERNS];
    let longest = json!({
        "title": {"en": "a".repeat(256), "ja": "a".repeat(256)}, "text": {"en": text, "ja": text},
        "concerns": {"schemes": many("s"), "documents": many("d"), "sectors": many("c"), "countries": countries},
        "url": "u".repeat(1024),
    });
    relay(&mut World::furnished(), &abroad(longest)).unwrap();
}
