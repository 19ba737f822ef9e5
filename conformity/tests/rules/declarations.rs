//! Self-declarations: who declares whom, on what terms; who confirms; and how a body's verdict takes their place.

use conformity::as_of::AsOf;
use conformity::audience::{Audience, audience};
use conformity::basis;
use conformity::map_label::MapLabel;
use conformity::scheme::Evaluation;
use conformity::standing::{About, Question, Viewer, standing};
use conformity::statement::Statement;
use conformity::verdict::SelfEvaluation;
use conformity::{Record, Refusal};
use serde_json::{Value, json};

use crate::basis::read;
use crate::world::{
    Row, World, accreditation, changed, cover, key, kid, party, reason, row, scheme, transcribed, verdict, with,
};

const KIND: &str = "verdict-granted";

/// A scheme that admits declarations, one that wants an expert besides, and who declares, sponsors and confirms.
pub(crate) fn declaring() -> World {
    let mut world = World::furnished();
    furnish(&mut world);
    world
}

pub(crate) fn furnish(world: &mut World) {
    world.must("ministry", "scheme-published", lenient());
    world.must("ministry", "scheme-published", strict());
    for (seed, id, role, more) in [
        (60, "works", "supplier", json!({"declares": true, "name": "Example Works", "identifiers": [WORKS]})),
        (61, "coop", "buyer", json!({"declares": true})),
        (62, "expert", "expert", json!({"identifiers": ["local:experts:17"]})),
        (63, "silent", "supplier", json!({"identifiers": [WORKS]})),
    ] {
        let mut registered = party(id, role, seed);
        registered["party"] = with(registered["party"].clone(), more);
        world.must("op", "party-registered", registered);
    }
    for (id, body, role, scheme) in [
        ("C-20", "cb-1", "certification-body", "self@1"),
        ("C-21", "expert", "expert", "self@1"),
        ("C-22", "expert", "expert", "sure@1"),
    ] {
        let held = with(accreditation(id, body, role), json!({"scheme": scheme}));
        world.must("ministry", "accreditation-granted", held);
    }
}

const WORKS: &str = "corporate-number:7000012050002";

fn lenient() -> Value {
    let terms = json!({"validityMonths": 12, "expert": "optional", "levels": ["3"]});
    with(scheme(), json!({"scheme": "self@1", "selfDeclaration": terms}))
}

fn strict() -> Value {
    with(scheme(), json!({"scheme": "sure@1", "selfDeclaration": {"validityMonths": 12, "expert": "required"}}))
}

/// What the supplier declares about itself.
pub(crate) fn declaration(id: &str) -> Value {
    with(
        verdict(id),
        json!({
            "scheme": "self@1", "level": "3", "validFrom": "2026-11-02", "validUntil": "2027-11-01",
            "provenance": {"self-declared": {}},
        }),
    )
}

/// What a sponsor declares about somebody who has no keys.
fn carried(id: &str) -> Value {
    let member = json!({"id": "local:members:8", "name": "Workshop 8", "country": "JP"});
    let mandate = json!({"self-declared": {"mandate": "ab".repeat(32)}});
    with(declaration(id), json!({"supplier": member, "provenance": mandate}))
}

pub(crate) fn awaiting(id: &str) -> Value {
    let awaits = json!({"self-declared": {"awaitsExpert": true}});
    with(declaration(id), json!({"scheme": "sure@1", "level": null, "provenance": awaits}))
}

pub(crate) fn confirmation(id: &str) -> Value {
    json!({"verdict": id, "on": "2026-11-02", "method": "Interview and a look at the records"})
}

/// What the body decides in the place of a declaration.
fn upgrade(id: &str, of: &str) -> Value {
    with(verdict(id), json!({"scheme": "self@1", "upgrades": of}))
}

fn declare(world: &mut World, patch: Value) -> Result<Vec<Record>, Refusal> {
    furnish(world);
    world.say("works", KIND, with(declaration("S-1"), patch))
}

fn carry(world: &mut World, patch: Value) -> Result<Vec<Record>, Refusal> {
    furnish(world);
    world.say("coop", KIND, with(carried("S-1"), patch))
}

/// Somebody confirms S-1, which was declared like this.
fn confirm(world: &mut World, by: &str, patch: Value) -> Result<Vec<Record>, Refusal> {
    declare(world, patch).unwrap();
    world.say(by, "declaration-confirmed", confirmation("S-1"))
}

fn take_place(world: &mut World, patch: Value) -> Result<Vec<Record>, Refusal> {
    declare(world, json!({})).unwrap();
    world.say("cb-1", KIND, with(upgrade("V-9", "S-1"), patch))
}

fn change(world: &mut World, by: &str, change: Value) -> Result<Vec<Record>, Refusal> {
    declare(world, json!({})).unwrap();
    let claim = changed(world, "S-1", change);
    world.say(by, "verdict-changed", claim)
}

fn publish(world: &mut World, terms: Value) -> Result<Vec<Record>, Refusal> {
    world.say("ministry", "scheme-published", with(scheme(), json!({"scheme": "self@2", "selfDeclaration": terms})))
}

fn shares_identifier(world: &mut World, identifier: &str) {
    let mut registered = party("relative", "expert", 70);
    registered["party"]["identifiers"] = json!([identifier]);
    world.must("op", "party-registered", registered);
    let held = with(accreditation("C-30", "relative", "expert"), json!({"scheme": "self@1"}));
    world.must("ministry", "accreditation-granted", held);
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        // Schemes and parties.
        row("a level for declarations that the scheme lacks", |w| publish(w, json!({"validityMonths": 12, "expert": "optional", "levels": ["9"]})), "unknown-level"),
        row("declarations valid for no time", |w| publish(w, json!({"validityMonths": 0, "expert": "optional"})), "declarations-too-long"),
        row("declarations valid as long as a body's verdict", |w| publish(w, json!({"validityMonths": 36, "expert": "optional"})), "declarations-too-long"),
        row("a body that is registered to declare", |w| {
            let mut registered = party("cb-9", "certification-body", 70);
            registered["party"]["declares"] = json!(true);
            w.say("op", "party-registered", registered)
        }, "declares-misplaced"),
        // Who declares whom.
        row("a supplier that was not registered to", |w| { furnish(w); w.say("silent", KIND, declaration("S-1")) }, "not-a-declarer"),
        row("a body declares", |w| { furnish(w); w.say("cb-1", KIND, declaration("S-1")) }, "not-a-declarer"),
        row("the operator declares", |w| { furnish(w); w.say("op", KIND, declaration("S-1")) }, "not-a-declarer"),
        row("a supplier decides", |w| { furnish(w); w.say("works", KIND, verdict("V-9")) }, "not-a-decider"),
        row("a supplier about somebody else", |w| declare(w, json!({"supplier": {"id": "local:members:8", "name": "Example Works", "country": "JP"}})), "not-as-registered"),
        row("a supplier with an identifier of somebody else besides", |w| declare(w, json!({"supplier": {"id": WORKS, "name": "Example Works", "country": "JP", "others": ["duns:150483782"]}})), "not-as-registered"),
        row("a supplier under a better name", |w| declare(w, json!({"supplier": {"id": WORKS, "name": "Famous Works", "country": "JP"}})), "not-as-registered"),
        row("a supplier from another country", |w| declare(w, json!({"supplier": {"id": WORKS, "name": "Example Works", "country": "CH"}})), "not-as-registered"),
        row("a supplier that does not say where it is", |w| declare(w, json!({"supplier": {"id": WORKS, "name": "Example Works"}})), "country-not-stated"),
        row("a supplier by a mandate of its own", |w| declare(w, json!({"provenance": {"self-declared": {"mandate": "ab".repeat(32)}}})), "not-as-registered"),
        row("a sponsor without a mandate", |w| carry(w, json!({"provenance": {"self-declared": {}}})), "not-as-registered"),
        row("a sponsor that ties a member to others", |w| carry(w, json!({"supplier": {"id": "local:members:8", "name": "Workshop 8", "country": "JP", "others": [WORKS]}})), "not-as-registered"),
        // On what terms.
        row("a scheme without declarations", |w| declare(w, json!({"scheme": "stars@1"})), "no-self-declarations"),
        row("without the expert that the scheme wants", |w| declare(w, json!({"scheme": "sure@1", "level": null})), "expert-required"),
        row("at a level that only bodies give", |w| declare(w, json!({"level": "4"})), "level-not-declarable"),
        row("at a level that nobody gives", |w| declare(w, json!({"level": "9"})), "unknown-level"),
        row("with something still to be met", |w| declare(w, json!({"conditions": {"text": "a lock", "deadline": "2027-01-31"}})), "conditions-declared"),
        row("for longer than declarations hold", |w| declare(w, json!({"validUntil": "2027-11-03"})), "validity-too-long"),
        row("without end", |w| declare(w, json!({"validUntil": null})), "validity-too-long"),
        row("from before it was signed", |w| declare(w, json!({"validFrom": "2026-11-01"})), "impossible-dates"),
        row("a summary that tells its level", |w| declare(w, json!({"profile": "summary"})), "detail-in-the-open"),
        row("twice under one id", |w| { declare(w, json!({})).unwrap(); w.say("works", KIND, declaration("S-1")) }, "verdict-exists"),
        // Experts.
        row("the supplier confirms itself", |w| confirm(w, "works", json!({})), "role-not-entitled"),
        row("a body confirms", |w| confirm(w, "cb-1", json!({})), "role-not-entitled"),
        row("an expert whose accreditation is suspended", |w| {
            declare(w, json!({})).unwrap();
            w.must("ministry", "accreditation-changed", json!({"id": "C-21", "change": "suspended", "reason": reason()}));
            w.say("expert", "declaration-confirmed", confirmation("S-1"))
        }, "accreditation-suspended"),
        row("an expert for other viewpoints", |w| {
            declare(w, json!({})).unwrap();
            w.must("ministry", "accreditation-changed", json!({"id": "C-21", "change": {"reduced": {"viewpoints": ["process"]}}, "reason": reason()}));
            w.say("expert", "declaration-confirmed", confirmation("S-1"))
        }, "not-accredited-for-viewpoint"),
        row("a body's verdict", |w| { furnish(w); w.say("expert", "declaration-confirmed", confirmation("V-1")) }, "not-a-declaration"),
        row("a declaration that nobody made", |w| { furnish(w); w.say("expert", "declaration-confirmed", confirmation("S-9")) }, "unknown-verdict"),
        row("an expert who is the supplier by another name", |w| {
            declare(w, json!({})).unwrap();
            shares_identifier(w, WORKS);
            w.say("relative", "declaration-confirmed", confirmation("S-1"))
        }, "not-independent"),
        row("twice", |w| { confirm(w, "expert", json!({})).unwrap(); w.say("expert", "declaration-confirmed", confirmation("S-1")) }, "already-confirmed"),
        row("before the expert was done", |w| {
            declare(w, json!({})).unwrap();
            w.say("expert", "declaration-confirmed", with(confirmation("S-1"), json!({"on": "2026-11-03"})))
        }, "impossible-dates"),
        row("what was given up", |w| {
            change(w, "works", json!("surrendered")).unwrap();
            w.say("expert", "declaration-confirmed", confirmation("S-1"))
        }, "illegal-move"),
        // Changing.
        row("who declared extends", |w| change(w, "works", json!({"scope-extended": cover(json!({"sites": ["Osaka", "Nagoya", "Kobe"]}))})), "not-by-declarer"),
        row("who declared renews", |w| change(w, "works", json!({"renewed": {"validUntil": "2028-01-01"}})), "not-by-declarer"),
        row("who declared restores", |w| change(w, "works", json!("restored")), "not-by-declarer"),
        row("another sponsor changes", |w| change(w, "coop", json!("withdrawn")), "another-bodys-verdict"),
        row("a body changes it without deciding anew", |w| change(w, "cb-1", json!("withdrawn")), "another-bodys-verdict"),
        row("an expert changes it", |w| change(w, "expert", json!("withdrawn")), "another-bodys-verdict"),
        row("the registry, without that power", |w| change(w, "ministry", json!("suspended")), "registry-may-not-act"),
        // Upgrading.
        row("in the place of nothing", |w| take_place(w, json!({"upgrades": "S-9"})), "unknown-verdict"),
        row("in its own place", |w| take_place(w, json!({"upgrades": "V-9"})), "unknown-verdict"),
        row("in the place of a body's verdict", |w| take_place(w, json!({"upgrades": "V-1"})), "not-a-declaration"),
        row("about another supplier", |w| take_place(w, json!({"supplier": {"id": "local:list:x", "name": "x", "country": "JP"}})), "not-an-upgrade"),
        row("restricted in the place of an open one", |w| take_place(w, json!({"profile": "restricted"})), "not-an-upgrade"),
        row("under another scheme", |w| take_place(w, json!({"scheme": "stars@1"})), "not-an-upgrade"),
        row("about another kind of object", |w| take_place(w, json!({"object": {"kind": "site", "name": "Osaka"}})), "not-an-upgrade"),
        row("other words than those that an expert confirmed", |w| {
            declare(w, json!({})).unwrap();
            w.must("expert", "declaration-confirmed", confirmation("S-1"));
            let claim = changed(w, "S-1", json!({"scope-reduced": cover(json!({"scope": "all that it makes"}))}));
            w.say("works", "verdict-changed", claim)
        }, "not-a-scope-change"),
        row("a supplier that is not registered in public takes back what a sponsor declared", |w| {
            *w = declaring();
            w.must("coop", KIND, carried("S-1"));
            let mut registered = party("member-8", "supplier", 64);
            registered["party"]["identifiers"] = json!(["local:members:8"]);
            w.must("op", "party-registered", registered);
            let claim = changed(w, "S-1", json!("withdrawn"));
            w.say("member-8", "verdict-changed", claim)
        }, "not-a-declarer"),
        row("a row of a list", |w| {
            declare(w, json!({})).unwrap();
            w.say("op", KIND, with(transcribed("T-9"), json!({"scheme": "self@1", "upgrades": "S-1"})))
        }, "not-an-upgrade"),
        row("a sponsor in the place of what the supplier declared", |w| {
            declare(w, json!({})).unwrap();
            let supplier = json!({"id": WORKS, "name": "Example Works", "country": "JP"});
            w.say("coop", KIND, with(carried("S-2"), json!({"supplier": supplier, "upgrades": "S-1"})))
        }, "not-an-upgrade"),
        row("a second time", |w| { take_place(w, json!({})).unwrap(); w.say("cb-1", KIND, upgrade("V-10", "S-1")) }, "illegal-move"),
    ]
}

fn evaluated(world: &World, id: &str) -> Option<SelfEvaluation> {
    let record = world.verdict(id);
    record.self_evaluation(&record.now)
}

#[test]
fn a_declaration_counts_at_once_or_with_the_expert_as_it_says() {
    let mut world = declaring();
    world.must("works", KIND, declaration("S-1"));
    assert_eq!((world.state("S-1"), evaluated(&world, "S-1")), ("granted", Some(SelfEvaluation::Oneself)));
    world.must("expert", "declaration-confirmed", confirmation("S-1"));
    assert_eq!((world.state("S-1"), evaluated(&world, "S-1")), ("granted", Some(SelfEvaluation::ExpertConfirmed)));
    world.must("works", KIND, awaiting("S-2"));
    assert_eq!(world.state("S-2"), "unconfirmed");
    assert!(!world.verdict("S-2").in_force_at(world.now));
    let waited = world.now;
    world.must("expert", "declaration-confirmed", confirmation("S-2"));
    assert_eq!(world.state("S-2"), "granted");
    assert!(world.verdict("S-2").in_force_at(world.now));
    assert!(!world.verdict("S-2").in_force_at(waited - jiff::SignedDuration::from_secs(1)), "as it stood then");
    let record = world.verdict("S-2");
    let confirmed = record.now.confirmed.as_ref().unwrap();
    assert_eq!((confirmed.by.as_str(), confirmed.on.to_string().as_str()), ("expert", "2026-11-02"));
}

#[test]
fn the_scheme_may_assess_by_third_parties_and_a_declaration_still_says_what_it_is() {
    let mut world = declaring();
    world.must("works", KIND, declaration("S-1"));
    let evaluation = |world: &World, id: &str| {
        let record = world.verdict(id);
        let scheme = conformity::records::Facts::scheme(&world.register, &record.terms.scheme).unwrap();
        record.evaluation(&record.now, &scheme.scheme)
    };
    assert_eq!(evaluation(&world, "S-1"), Evaluation::Oneself);
    world.must("expert", "declaration-confirmed", confirmation("S-1"));
    assert_eq!(evaluation(&world, "S-1"), Evaluation::ExpertConfirmed);
    assert_eq!(evaluation(&world, "V-1"), Evaluation::ThirdParty);
}

#[test]
fn a_sponsor_declares_by_mandate_and_the_supplier_can_take_it_back() {
    let mut world = declaring();
    world.must("coop", KIND, carried("S-1"));
    let record = world.verdict("S-1");
    assert_eq!(record.now.issuer.as_str(), "coop");
    assert!(record.terms.provenance.self_declared().unwrap().mandate.is_some());
    // The member was registered since, under the identifier by which its sponsor declared it.
    let mut registered = party("member-8", "supplier", 64);
    registered["party"]["identifiers"] = json!(["local:members:8"]);
    registered["party"]["declares"] = json!(true);
    world.must("op", "party-registered", registered);
    let claim = changed(&world, "S-1", json!("withdrawn"));
    world.must("member-8", "verdict-changed", claim);
    assert_eq!(world.state("S-1"), "withdrawn");
}

#[test]
fn who_declared_reduces_and_gives_up() {
    for (wanted, leads_to) in [
        (json!({"scope-reduced": cover(json!({"sites": ["Osaka"]}))}), "granted"),
        (json!("surrendered"), "surrendered"),
        (json!("withdrawn"), "withdrawn"),
        (json!("annulled"), "annulled"),
        (json!("historical"), "historical"),
    ] {
        let mut world = World::furnished();
        change(&mut world, "works", wanted.clone()).unwrap_or_else(|refusal| panic!("{wanted}: {refusal}"));
        assert_eq!(world.state("S-1"), leads_to, "{wanted}");
    }
}

#[test]
fn a_body_takes_its_place_in_the_same_statement_and_the_history_stays() {
    let mut world = declaring();
    world.must("works", KIND, declaration("S-1"));
    let records = world.say("cb-1", KIND, upgrade("V-9", "S-1")).unwrap();
    assert_eq!(records.iter().filter(|record| record.key().starts_with("verdict/")).count(), 2);
    assert_eq!((world.state("V-9"), world.state("S-1")), ("granted", "superseded"));
    let (old, new) = (world.verdict("S-1"), world.verdict("V-9"));
    assert_eq!(old.history.len(), 2);
    assert_eq!(old.history[1].index, new.history[0].index);
    assert_eq!(evaluated(&world, "V-9"), None);
}

#[test]
fn the_same_party_declares_again_each_year() {
    let mut world = declaring();
    world.must("works", KIND, declaration("S-1"));
    world.at("2027-10-20T09:00:00Z");
    let again = json!({"validFrom": "2027-10-20", "validUntil": "2028-10-19", "upgrades": "S-1"});
    world.must("works", KIND, with(declaration("S-2"), again));
    assert_eq!((world.state("S-2"), world.state("S-1")), ("granted", "superseded"));
}

#[test]
fn a_stolen_key_of_the_body_brings_the_declaration_back() {
    let mut world = declaring();
    world.must("works", KIND, declaration("S-1"));
    let since = world.now.to_string();
    world.must("cb-1", KIND, upgrade("V-9", "S-1"));
    world.must("op", "key-added", json!({"party": "cb-1", "key": key(50)}));
    world.must("op", "key-revoked", json!({"party": "cb-1", "kid": kid(5), "compromisedSince": since}));
    assert_eq!((world.state("V-9"), world.state("S-1")), ("void", "granted"));
}

#[test]
fn a_stolen_key_of_the_expert_leaves_what_the_supplier_said() {
    let mut world = declaring();
    world.must("works", KIND, awaiting("S-1"));
    let since = world.now.to_string();
    world.must("expert", "declaration-confirmed", confirmation("S-1"));
    world.must("op", "key-revoked", json!({"party": "expert", "kid": kid(62), "compromisedSince": since}));
    assert_eq!((world.state("S-1"), evaluated(&world, "S-1")), ("unconfirmed", Some(SelfEvaluation::Oneself)));
}

#[test]
fn a_grant_that_took_a_place_is_erased_after_the_declaration() {
    let mut world = declaring();
    world.must("works", KIND, declaration("S-1"));
    world.must("cb-1", KIND, upgrade("V-9", "S-1"));
    let place = |world: &World, id: &str| world.verdict(id).history[0].index;
    let (declared, granted) = (place(&world, "S-1"), place(&world, "V-9"));
    let erase = |world: &mut World, index: u64| {
        world.say("op", "statement-erased", json!({"index": index, "reason": reason()}))
    };
    assert_eq!(erase(&mut world, granted).unwrap_err().code(), "not-erasable");
    erase(&mut world, declared).unwrap();
    assert_eq!(world.state("V-9"), "granted");
    let (body, jti) = ("cb-1".parse().unwrap(), format!("s-{granted}").parse().unwrap());
    assert!(
        conformity::records::Facts::statement(&world.register, &body, &jti).is_some(),
        "the grant is not forgotten"
    );
    erase(&mut world, granted).unwrap();
}

#[test]
fn time_ends_a_declaration_that_nobody_confirmed() {
    let mut world = declaring();
    world.must("works", KIND, awaiting("S-1"));
    world.at("2027-11-02T00:00:00Z");
    world.must("node", "verdict-expired", json!({"verdicts": ["S-1"]}));
    assert_eq!(world.state("S-1"), "expired");
}

#[test]
fn who_declares_is_known_to_everybody_and_who_only_supplies_is_not() {
    let world = declaring();
    let of = |id: &str, role: &str, declares: bool| {
        let mut registered = party(id, role, 80);
        registered["party"] =
            with(registered["party"].clone(), if declares { json!({"declares": true}) } else { json!({}) });
        let payload = world.envelope("op", "party-registered", registered);
        audience(&world.register, &Statement::parse(payload.to_string().as_bytes()).unwrap(), world.next)
    };
    assert_eq!(of("p", "supplier", true), Audience::Foundation);
    assert_eq!(of("p", "supplier", false), Audience::Own);
    assert_eq!(of("p", "expert", false), Audience::Foundation);
}

#[test]
fn what_it_rests_on_is_shown_with_it() {
    let mut world = declaring();
    world.must("works", KIND, declaration("S-1"));
    world.must("expert", "declaration-confirmed", confirmation("S-1"));
    world.must("cb-1", KIND, upgrade("V-9", "S-1"));
    let basis = basis::of_verdict(&world.register, &world.verdict("S-1"), u64::MAX);
    let labels = [
        MapLabel::Party("works".parse().unwrap()),
        MapLabel::Party("expert".parse().unwrap()),
        MapLabel::Accreditation("expert".parse().unwrap(), "self@1".parse().unwrap()),
        MapLabel::Accreditation("cb-1".parse().unwrap(), "self@1".parse().unwrap()),
    ];
    for label in labels {
        assert!(basis.labels.contains(&label), "{label}");
    }
    let part = read(&world, &basis.indexes).unwrap();
    assert_eq!(conformity::records::Facts::verdict(&part, &"S-1".parse().unwrap()), Some(world.verdict("S-1")));
    assert_eq!(basis::of_verdict(&part, &world.verdict("S-1"), u64::MAX), basis);
}

#[test]
fn an_answer_never_lets_it_pass_for_a_bodys() {
    let mut world = declaring();
    world.must("works", KIND, declaration("S-1"));
    let question = Question {
        supplier: WORKS.parse().unwrap(),
        about: About::SchemeVersion("self@1".parse().unwrap()),
        viewpoint: None,
        country: None,
        as_of: AsOf::Present(world.now),
    };
    let answer = standing(&world.register, &question, &Viewer::Public);
    let told = serde_json::to_value(&answer).unwrap().to_string();
    assert!(told.contains(r#""selfDeclared":"self""#), "{told}");
    assert!(told.contains("only as the supplier's own declaration"), "{told}");
}
