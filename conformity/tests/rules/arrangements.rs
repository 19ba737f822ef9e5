//! Arrangements: what this registry does, and what it takes note of a foreign party having done.

use conformity::arrangement::Act;
use conformity::records::Facts;
use serde_json::{Value, json};

use crate::world::{PEER_ORIGIN, Row, World, foreign, reason, row, rule, scheme, signed, terms, with};

type Outcome = Result<Vec<conformity::Record>, conformity::Refusal>;

fn sign(world: &mut World, patch: Value) -> Outcome {
    world.say("ministry", "arrangement-signed", signed(with(terms(), patch)))
}

fn sign_rule(world: &mut World, patch: Value) -> Outcome {
    sign(world, json!({"rules": [with(rule(), patch)]}))
}

fn step(world: &mut World, kind: &str) -> Outcome {
    world.say("ministry", kind, json!({"id": "A-1", "reason": reason()}))
}

fn end(world: &mut World, effective: &str) -> Outcome {
    world.say("op", "arrangement-ended", json!({"id": "A-1", "effective": effective, "reason": reason()}))
}

fn note(world: &mut World, statement: &str) -> Outcome {
    let claim = json!({"registry": "eu", "statement": statement, "proof": "c2sp.org/tlog-proof@v1"});
    world.say("node", "arrangement-countersigned", claim)
}

fn note_step(world: &mut World, id: &str, step: &str) -> Outcome {
    note(world, &foreign(id, &format!("arrangement-{step}"), json!({"id": "A-1", "reason": reason()})))
}

/// As many foreign acts as are kept, the last of them a suspension.
fn sign_and_fill(world: &mut World) -> Outcome {
    note(world, &foreign("f", "arrangement-signed", signed(terms())))?;
    for number in 0..127 {
        note_step(world, &format!("s-{number}"), "suspended")?;
        note_step(world, &format!("r-{number}"), "restored")?;
    }
    note_step(world, "last", "suspended")
}

fn parties(first: Value, second: Value) -> Value {
    let parties = terms()["parties"].clone();
    json!({"parties": [with(parties[0].clone(), first), with(parties[1].clone(), second)]})
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = own_acts();
    rows.extend(unsound_terms());
    rows.extend(long_terms());
    rows.extend(foreign_acts());
    rows.extend(foreign_acts_without_end());
    rows
}

#[rustfmt::skip] // A table reads by its rows.
fn own_acts() -> Vec<Row> {
    vec![
        row("a body signs an arrangement", |w| w.say("cb-1", "arrangement-signed", signed(terms())), "role-not-entitled"),
        row("an arrangement of others", |w| sign(w, json!({"rules": [with(rule(), json!({"from": ["us"]}))], "parties": [
            {"registry": "us", "origin": "us.registry.example", "authority": "a", "roles": ["issuing"]},
            {"registry": "eu", "origin": PEER_ORIGIN, "authority": "b", "roles": ["recognising"]},
        ]})), "not-a-party"),
        row("terms that name another log as ours", |w| sign(w, parties(json!({"origin": "jp2.registry.example"}), json!({}))), "party-origin"),
        row("terms that name another log as our peer's", |w| sign(w, parties(json!({}), json!({"origin": "eu2.registry.example"}))), "party-origin"),
        row("a digest of other terms", |w| w.say("ministry", "arrangement-signed", with(signed(terms()), json!({"terms": with(terms(), json!({"title": "other"}))}))), "terms-digest"),
        row("a scheme of ours that is not there", |w| sign_rule(w, json!({"scheme": "moons@1"})), "unknown-scheme"),
        row("a level of ours that is not there", |w| sign_rule(w, json!({"levels": {"min": "6"}})), "unknown-level"),
        row("a foreign verdict counts as a scheme that is not here", |w| sign_rule(w, json!({"from": ["eu"], "to": ["jp"], "scheme": "eucc@1", "as": {"scheme": "moons@1"}})), "unknown-scheme"),
        row("a foreign level counts as one that is not here", |w| sign_rule(w, json!({"from": ["eu"], "to": ["jp"], "scheme": "eucc@1", "as": {"scheme": "stars@1", "levels": {"high": "6"}}})), "unknown-level"),
        row("a body of ours that is not there", |w| sign_rule(w, json!({"bodies": ["cb-9"]})), "unknown-party"),
        row("a body of ours that nobody accredited", |w| sign_rule(w, json!({"bodies": ["ministry"]})), "not-accredited"),
        row("a body of ours, accredited under another scheme", |w| {
            w.must("ministry", "scheme-published", with(scheme(), json!({"scheme": "moons@1"})));
            sign_rule(w, json!({"scheme": "moons@1", "bodies": ["cb-1"]}))
        }, "not-accredited-for-scheme"),
        row("a country that is none", |w| sign_rule(w, json!({"countries": ["JP", "EU"]})), "unsound-terms"),
        row("sites in a country that is none", |w| sign_rule(w, json!({"sites": {"countries": ["UK"]}})), "unsound-terms"),
        row("an arrangement that ends before it begins", |w| sign(w, json!({"until": "2025-12-31"})), "impossible-dates"),
        row("the same terms are signed again", |w| {
            sign(w, json!({}))?;
            sign(w, json!({}))
        }, "illegal-arrangement-step"),
        row("other terms of the same version", |w| {
            sign(w, json!({}))?;
            sign(w, json!({"title": "other"}))
        }, "terms-differ"),
        row("an older version", |w| {
            sign(w, json!({"version": 2}))?;
            sign(w, json!({"version": 1}))
        }, "version-not-higher"),
        row("an arrangement that is not there is suspended", |w| step(w, "arrangement-suspended"), "unknown-arrangement"),
        row("an arrangement is suspended that only the other side signed", |w| {
            note(w, &foreign("f-1", "arrangement-signed", signed(terms())))?;
            step(w, "arrangement-suspended")
        }, "arrangement-not-signed"),
        row("a body suspends an arrangement", |w| {
            sign(w, json!({}))?;
            w.say("cb-1", "arrangement-suspended", json!({"id": "A-1", "reason": reason()}))
        }, "role-not-entitled"),
        row("a suspended arrangement is suspended", |w| {
            sign(w, json!({}))?;
            step(w, "arrangement-suspended")?;
            step(w, "arrangement-suspended")
        }, "illegal-arrangement-step"),
        row("an arrangement is restored that nobody suspended", |w| {
            sign(w, json!({}))?;
            step(w, "arrangement-restored")
        }, "illegal-arrangement-step"),
        row("an ended arrangement is ended", |w| {
            sign(w, json!({}))?;
            end(w, "2026-12-31")?;
            end(w, "2026-12-31")
        }, "illegal-arrangement-step"),
        row("a version that begins before the one it replaces", |w| {
            sign(w, json!({}))?;
            sign(w, json!({"version": 2, "from": "2025-12-31"}))
        }, "terms-reach-back"),
        row("terms whose last day is past", |w| sign(w, json!({"until": "2026-10-31"})), "already-over"),
        row("a foreign level counts as two levels of ours by two arrangements", |w| {
            let inward = |level: &str| with(rule(), json!({"from": ["eu"], "to": ["jp"], "scheme": "eucc@1", "as": {"scheme": "stars@1", "levels": {"high": level}}}));
            sign(w, json!({"rules": [inward("3")]}))?;
            sign(w, json!({"id": "A-2", "rules": [inward("4")]}))
        }, "terms-contradict"),
        row("two arrangements of which the level that is disclosed chooses one", |w| {
            let outward = with(rule(), json!({"discloses": ["level"]}));
            sign(w, json!({"rules": [outward]}))?;
            sign(w, json!({"id": "A-2", "rules": [outward]}))
        }, "terms-contradict"),
        row("an end without the notice agreed", |w| {
            sign(w, json!({}))?;
            end(w, "2026-12-01")
        }, "notice-too-short"),
    ]
}

#[rustfmt::skip] // A table reads by its rows.
fn unsound_terms() -> Vec<Row> {
    vec![
        row("one registry is two parties", |w| sign(w, parties(json!({}), json!({"registry": "jp"}))), "unsound-terms"),
        row("one log is two parties", |w| sign(w, parties(json!({}), json!({"origin": "jp.registry.example"}))), "unsound-terms"),
        row("a party without a role", |w| sign(w, parties(json!({}), json!({"roles": []}))), "unsound-terms"),
        row("an arrangement of one", |w| sign(w, json!({"parties": [terms()["parties"][0]]})), "unsound-terms"),
        row("a bilateral arrangement of three", |w| {
            let mut three = terms()["parties"].as_array().unwrap().clone();
            three.push(json!({"registry": "us", "origin": "us.registry.example", "authority": "a", "roles": ["issuing"]}));
            sign(w, json!({"parties": three}))
        }, "unsound-terms"),
        row("a unilateral arrangement where two recognise", |w| sign(w, json!({"mode": "unilateral"})), "unsound-terms"),
        row("an arrangement where nobody recognises", |w| sign(w, parties(json!({"roles": ["issuing"]}), json!({"roles": ["issuing"]}))), "unsound-terms"),
        row("version 0", |w| sign(w, json!({"version": 0})), "unsound-terms"),
        row("no rule", |w| sign(w, json!({"rules": []})), "unsound-terms"),
        row("two rules of one id", |w| sign(w, json!({"rules": [rule(), rule()]})), "unsound-terms"),
        row("a rule from a registry that does not issue", |w| sign(w, with(parties(json!({"roles": ["recognising"]}), json!({})), json!({}))), "unsound-terms"),
        row("a rule from nobody", |w| sign_rule(w, json!({"from": []})), "unsound-terms"),
        row("a rule to a stranger", |w| sign_rule(w, json!({"to": ["us"]})), "unsound-terms"),
        row("a rule to nobody", |w| sign_rule(w, json!({"to": []})), "unsound-terms"),
        row("a rule that covers no object", |w| sign_rule(w, json!({"objects": []})), "unsound-terms"),
        row("a rule that covers no viewpoint", |w| sign_rule(w, json!({"viewpoints": []})), "unsound-terms"),
        row("a rule from a registry to itself", |w| sign_rule(w, json!({"from": ["jp"], "to": ["jp"]})), "unsound-terms"),
        row("a rule that asks for surveillance within no month", |w| sign_rule(w, json!({"requires": {"surveillanceWithinMonths": 0}})), "unsound-terms"),
        row("a rule for sites that covers none", |w| sign_rule(w, json!({"sites": {}})), "unsound-terms"),
        row("a rule that lists a sector twice", |w| sign_rule(w, json!({"sectors": ["isic4.C", "isic4.C"]})), "unsound-terms"),
        row("a rule on bodies of lists that accepts no list", |w| sign_rule(w, json!({"issuedBy": ["NSCIB"]})), "unsound-terms"),
        row("a rule that includes restricted verdicts and discloses the level alone", |w| {
            sign_rule(w, json!({"restricted": true, "discloses": ["level"]}))
        }, "unsound-terms"),
        row("a rule that includes restricted verdicts and discloses nothing", |w| sign_rule(w, json!({"restricted": true})), "unsound-terms"),
        row("two rules of which the level that is disclosed chooses one", |w| {
            let discloses = |id: &str, parts: Value| with(rule(), json!({"id": id, "discloses": parts}));
            sign(w, json!({"version": 7, "rules": [discloses("R-1", json!(["level"])), discloses("R-2", json!(["results"]))]}))?;
            sign(w, json!({"version": 8, "rules": [discloses("R-1", json!(["level"])), discloses("R-2", json!(["scope", "level"]))]}))
        }, "unsound-terms"),
    ]
}

/// Terms with more than a registry reads, compares and shows for another's sake.
#[rustfmt::skip] // A table reads by its rows.
fn long_terms() -> Vec<Row> {
    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("n{number}")).collect()
    }
    fn rules(count: usize, change: &Value) -> Value {
        (0..count).map(|number| with(with(rule(), json!({"id": format!("R-{number}")})), change.clone())).collect()
    }
    vec![
        row("65 rules", |w| sign(w, json!({"rules": rules(65, &json!({}))})), "too-many"),
        row("65 parties", |w| {
            let party = |id: String| json!({"registry": id, "origin": format!("{id}.registry.example"), "authority": "a", "roles": ["issuing"]});
            sign(w, json!({"parties": names(65).into_iter().map(party).collect::<Vec<_>>()}))
        }, "too-many"),
        row("a rule that names 65 bodies", |w| sign_rule(w, json!({"bodies": names(65)})), "too-many"),
        row("64 bodies that are not there", |w| sign_rule(w, json!({"bodies": names(64)})), "unknown-party"),
        row("five rules that name 320 bodies", |w| sign(w, json!({"rules": rules(5, &json!({"bodies": names(64)}))})), "too-many"),
        row("a peer proposes a rule that names 65 bodies", |w| {
            let proposed = with(terms(), json!({"rules": rules(1, &json!({"bodies": names(65)}))}));
            note(w, &foreign("f-1", "arrangement-signed", signed(proposed)))
        }, "too-many"),
        row("a rule from 65 registries", |w| sign_rule(w, json!({"from": names(65)})), "too-many"),
        row("a rule to 65 registries", |w| sign_rule(w, json!({"to": names(65)})), "too-many"),
        row("65 sectors", |w| sign_rule(w, json!({"sectors": names(65)})), "too-many"),
        row("65 sites", |w| sign_rule(w, json!({"sites": {"named": names(65)}})), "too-many"),
        row("65 bodies of lists", |w| sign_rule(w, json!({"issuedBy": names(65), "acceptsTranscribed": true})), "too-many"),
        row("65 levels", |w| sign_rule(w, json!({"levels": {"only": names(65)}})), "too-many"),
        row("257 countries of suppliers", |w| sign_rule(w, json!({"countries": vec!["JP"; 257]})), "too-many"),
        row("257 countries of sites", |w| sign_rule(w, json!({"sites": {"countries": vec!["JP"; 257]}})), "too-many"),
    ]
}

#[rustfmt::skip] // A table reads by its rows.
fn foreign_acts() -> Vec<Row> {
    vec![
        row("the operator says what a foreign party did", |w| {
            let claim = json!({"registry": "eu", "statement": foreign("f-1", "arrangement-signed", signed(terms())), "proof": "p"});
            w.say("op", "arrangement-countersigned", claim)
        }, "node-only"),
        row("an act of a stranger", |w| {
            let claim = json!({"registry": "us", "statement": foreign("f-1", "arrangement-signed", signed(terms())), "proof": "p"});
            w.say("node", "arrangement-countersigned", claim)
        }, "unknown-peer"),
        row("an act of an expelled peer", |w| {
            w.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
            note(w, &foreign("f-1", "arrangement-signed", signed(terms())))
        }, "peer-expelled"),
        row("a foreign act that is no JWS", |w| note(w, "what?"), "foreign-statement"),
        row("a foreign act that is no base64url", |w| note(w, "a.=.b"), "foreign-statement"),
        row("a foreign act that is no statement", |w| note(w, "e30.e30.e30"), "foreign-statement"),
        row("a foreign statement about something else", |w| note(w, &foreign("f-1", "verdict-expired", json!({"verdicts": ["V-1"]}))), "foreign-statement"),
        row("a foreign act in another log", |w| {
            let act = json!({"iss": "eu-op", "aud": "us.registry.example", "jti": "f-1", "iat": 1, "kind": "arrangement-signed", "claim": signed(terms())});
            note(w, &crate::world::jws(&act))
        }, "wrong-registry"),
        row("a foreign signature under a digest of other terms", |w| {
            let other = with(signed(terms()), json!({"terms": with(terms(), json!({"title": "other"}))}));
            note(w, &foreign("f-1", "arrangement-signed", other))
        }, "terms-digest"),
        row("a foreign signature under terms without us", |w| {
            let third = json!({"registry": "us", "origin": "us.registry.example", "authority": "a", "roles": ["issuing"]});
            let parties = json!([third, terms()["parties"][1]]);
            let without = with(terms(), json!({"parties": parties, "rules": [with(rule(), json!({"from": ["us"]}))]}));
            note(w, &foreign("f-1", "arrangement-signed", signed(without)))
        }, "not-a-party"),
        row("a foreign signature under terms without the signer", |w| {
            let third = json!({"registry": "us", "origin": "us.registry.example", "authority": "a", "roles": ["recognising"]});
            let without = with(terms(), json!({"parties": [terms()["parties"][0], third], "rules": [with(rule(), json!({"to": ["us"]}))]}));
            note(w, &foreign("f-1", "arrangement-signed", signed(without)))
        }, "not-a-party"),
        row("a foreign suspension of what is not there", |w| note(w, &foreign("f-1", "arrangement-suspended", json!({"id": "A-1", "reason": reason()}))), "unknown-arrangement"),
        row("a foreign suspension of what the foreign side did not sign", |w| {
            sign(w, json!({}))?;
            note(w, &foreign("f-1", "arrangement-suspended", json!({"id": "A-1", "reason": reason()})))
        }, "arrangement-not-signed"),
        row("the same foreign act twice", |w| {
            note(w, &foreign("f-1", "arrangement-signed", signed(terms())))?;
            note(w, &foreign("f-1", "arrangement-signed", signed(terms())))
        }, "duplicate"),
    ]
}

/// Without these a hostile party could fill our log.
#[rustfmt::skip] // A table reads by its rows.
fn foreign_acts_without_end() -> Vec<Row> {
    vec![
        row("a foreign party suspends and restores without end", |w| {
            sign_and_fill(w)?;
            note_step(w, "g", "restored")
        }, "history-full"),
        row("a foreign suspension of what it suspended", |w| {
            note(w, &foreign("f-1", "arrangement-signed", signed(terms())))?;
            note_step(w, "f-2", "suspended")?;
            note_step(w, "f-3", "suspended")
        }, "illegal-arrangement-step"),
        row("a foreign suspension that needs no room, where there is none", |w| {
            sign_and_fill(w)?;
            note_step(w, "g", "suspended")
        }, "illegal-arrangement-step"),
        row("a foreign restoration of what it did not suspend", |w| {
            note(w, &foreign("f-1", "arrangement-signed", signed(terms())))?;
            note_step(w, "f-2", "restored")
        }, "illegal-arrangement-step"),
        row("a foreign signature under what it signed", |w| {
            note(w, &foreign("f-1", "arrangement-signed", signed(terms())))?;
            note(w, &foreign("f-2", "arrangement-signed", signed(terms())))
        }, "illegal-arrangement-step"),
        row("a foreign end of what it ended", |w| {
            note(w, &foreign("f-1", "arrangement-signed", signed(terms())))?;
            for id in ["f-2", "f-3"] {
                note(w, &foreign(id, "arrangement-ended", json!({"id": "A-1", "effective": "2027-01-31", "reason": reason()})))?;
            }
            Ok(Vec::new())
        }, "illegal-arrangement-step"),
    ]
}

fn acts(world: &World) -> Vec<(String, &'static str)> {
    let record = world.register.arrangement(&"A-1".parse().unwrap()).unwrap();
    let word = |act: &Act| match act {
        Act::Signed { .. } => "signed",
        Act::Suspended { .. } => "suspended",
        Act::Restored { .. } => "restored",
        Act::Ended { .. } => "ended",
    };
    record.acts.iter().map(|act| (act.registry.to_string(), word(&act.act))).collect()
}

#[test]
fn both_sides_act_and_all_of_it_is_kept() {
    let mut world = World::furnished();
    note(&mut world, &foreign("f-1", "arrangement-signed", signed(terms()))).unwrap();
    sign(&mut world, json!({})).unwrap();
    step(&mut world, "arrangement-suspended").unwrap();
    note(&mut world, &foreign("f-2", "arrangement-suspended", json!({"id": "A-1", "reason": reason()}))).unwrap();
    step(&mut world, "arrangement-restored").unwrap();
    end(&mut world, "2027-01-31").unwrap();
    sign(&mut world, json!({})).unwrap();
    let told: Vec<_> = acts(&world).into_iter().map(|(registry, act)| format!("{registry} {act}")).collect();
    let expected = ["eu signed", "jp signed", "jp suspended", "eu suspended", "jp restored", "jp ended", "jp signed"];
    assert_eq!(told, expected, "a signature after an end begins anew");
    assert_eq!(
        world.register.arrangement(&"A-1".parse().unwrap()).unwrap().terms.len(),
        1,
        "the same terms are kept once"
    );
}

#[test]
fn a_new_version_is_signed_beside_the_old_one() {
    let mut world = World::furnished();
    sign(&mut world, json!({})).unwrap();
    sign(&mut world, json!({"version": 2, "title": "wider"})).unwrap();
    assert_eq!(world.register.arrangement(&"A-1".parse().unwrap()).unwrap().terms.len(), 2);
}

#[test]
fn what_does_not_contradict_is_signed_beside_it() {
    let inward = |level: &str| {
        let counts = json!({"scheme": "stars@1", "levels": {"high": level}});
        with(rule(), json!({"from": ["eu"], "to": ["jp"], "scheme": "eucc@1", "as": counts}))
    };
    let beside: Vec<(&str, Value)> = vec![
        ("the same level", json!({"rules": [inward("3")]})),
        ("another scheme of theirs", json!({"rules": [with(inward("4"), json!({"scheme": "eucc@2"}))]})),
        ("other objects", json!({"rules": [with(inward("4"), json!({"objects": ["product"]}))]})),
        ("other days", json!({"rules": [inward("4")], "from": "2028-01-01"})),
        ("the other direction", json!({"rules": [rule()]})),
    ];
    for (about, patch) in beside {
        let mut world = World::furnished();
        sign(&mut world, json!({"rules": [inward("3")], "until": "2027-12-31"})).unwrap();
        let told = sign(&mut world, with(patch, json!({"id": "A-2"})));
        assert!(told.is_ok(), "{about}: {told:?}");
    }
    let mut world = World::furnished();
    sign(&mut world, json!({"rules": [inward("3")]})).unwrap();
    end(&mut world, "2026-12-31").unwrap();
    sign(&mut world, json!({"id": "A-2", "rules": [inward("4")]})).unwrap();
}

#[test]
fn a_suspension_in_the_time_of_notice_is_possible() {
    let mut world = World::furnished();
    sign(&mut world, json!({})).unwrap();
    end(&mut world, "2026-12-31").unwrap();
    step(&mut world, "arrangement-suspended").unwrap();
}

#[test]
fn an_arrangement_ends_with_its_notice_and_what_is_signed_anew_can_end_anew() {
    let mut world = World::furnished();
    for _ in 0..2 {
        sign(&mut world, json!({})).unwrap();
        assert_eq!(end(&mut world, "2026-12-01").unwrap_err().code(), "notice-too-short");
        end(&mut world, "2026-12-02").unwrap();
    }
}

#[test]
fn a_multilateral_rule_may_be_from_anyone_who_issues() {
    let mut world = World::furnished();
    world.must("ministry", "scheme-published", with(scheme(), json!({"scheme": "cc@3.1"})));
    let any = with(rule(), json!({"from": "any-issuing", "to": ["jp", "eu"], "scheme": "cc@3.1"}));
    sign(&mut world, json!({"mode": "multilateral", "rules": [any]})).unwrap();
}
