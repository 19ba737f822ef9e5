//! Disclosure consents: who may give and take back which, what they let see, and what an erasure leaves of them.

use conformity::Record;
use conformity::audience::{Audience, audience};
use conformity::consent::{Part, Parts, Permission, in_part, permission, standing_permission};
use conformity::records::Facts;
use conformity::refusal::Refusal;
use conformity::standing::Viewer;
use conformity::statement::Statement;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::erasure::replay;
use crate::world::{Row, World, cover, party, reason, row, verdict, with};

const GIVEN: &str = "disclosure-consented";
const WITHDRAWN: &str = "disclosure-withdrawn";

pub(crate) fn consent(id: &str) -> Value {
    json!({"consent": id, "about": {"verdict": "V-1"}, "to": "buyer", "parts": ["level", "results"], "until": "2027-10-31"})
}

fn to_standing(id: &str, scheme: &str) -> Value {
    json!({"consent": id, "about": {"standing": scheme}, "to": "buyer", "until": "2027-10-31"})
}

/// With two suppliers: `maker`, whom V-1 is about, and `baker`.
pub(crate) fn join(world: &mut World) {
    for (seed, id, identifier) in [(20, "maker", "7000012050002"), (21, "baker", "5010401067252")] {
        let mut claim = party(id, "supplier", seed);
        claim["party"]["identifiers"] = json!([format!("corporate-number:{identifier}")]);
        world.must("op", "party-registered", claim);
    }
}

fn say(world: &mut World, iss: &str, kind: &str, claim: Value) -> Result<Vec<Record>, Refusal> {
    join(world);
    world.say(iss, kind, claim)
}

fn again(world: &mut World, claim: Value) -> Result<Vec<Record>, Refusal> {
    join(world);
    world.must("maker", GIVEN, consent("C-1"));
    world.say("maker", GIVEN, claim)
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("a buyer consents for the supplier", |w| say(w, "buyer", GIVEN, consent("C-1")), "role-not-entitled"),
        row("the body consents for the supplier", |w| say(w, "cb-1", GIVEN, consent("C-1")), "role-not-entitled"),
        row("the operator consents for the supplier", |w| say(w, "op", GIVEN, consent("C-1")), "role-not-entitled"),
        row("a supplier consents about another's verdict", |w| say(w, "baker", GIVEN, consent("C-1")), "not-the-supplier"),
        row("a supplier consents about another's restricted verdict", |w| {
            w.must("cb-1", "verdict-granted", with(verdict("V-2"), json!({"profile": "restricted"})));
            say(w, "baker", GIVEN, with(consent("C-1"), json!({"about": {"verdict": "V-2"}})))
        }, "unknown-verdict"),
        row("a consent about no verdict", |w| say(w, "maker", GIVEN, with(consent("C-1"), json!({"about": {"verdict": "V-99"}}))), "unknown-verdict"),
        row("a consent about no scheme", |w| say(w, "maker", GIVEN, with(consent("C-1"), json!({"about": {"scheme": "moons@1"}}))), "unknown-scheme"),
        row("a consent to how it stands under no scheme", |w| say(w, "maker", GIVEN, to_standing("C-1", "moons@1")), "unknown-scheme"),
        row("a buyer consents to how a supplier stands", |w| say(w, "buyer", GIVEN, to_standing("C-1", "stars@1")), "role-not-entitled"),
        row("a consent to parts of how it stands", |w| say(w, "maker", GIVEN, with(to_standing("C-1", "stars@1"), json!({"parts": ["level"]}))), "parts-misplaced"),
        row("a consent to how it stands once more", |w| {
            say(w, "maker", GIVEN, to_standing("C-1", "stars@1")).unwrap();
            w.say("maker", GIVEN, to_standing("C-2", "stars@1"))
        }, "consent-stands"),
        row("a consent to nothing", |w| say(w, "maker", GIVEN, with(consent("C-1"), json!({"parts": []}))), "empty"),
        row("a consent that is over", |w| say(w, "maker", GIVEN, with(consent("C-1"), json!({"until": "2026-11-01"}))), "impossible-dates"),
        row("a consent for more than three years", |w| say(w, "maker", GIVEN, with(consent("C-1"), json!({"until": "2029-11-03"}))), "consent-too-long"),
        row("a consent under a taken id", |w| again(w, with(consent("C-1"), json!({"to": "lab"}))), "consent-exists"),
        row("the same consent once more", |w| again(w, with(consent("C-2"), json!({"parts": ["findings"]}))), "consent-stands"),
        row("a withdrawal of nothing", |w| say(w, "maker", WITHDRAWN, json!({"consent": "C-9"})), "unknown-consent"),
        row("a buyer withdraws", |w| say(w, "buyer", WITHDRAWN, json!({"consent": "C-9"})), "role-not-entitled"),
        row("another supplier withdraws", |w| {
            again(w, consent("C-1")).unwrap_err();
            w.say("baker", WITHDRAWN, json!({"consent": "C-1"}))
        }, "unknown-consent"),
        row("a withdrawal twice", |w| {
            again(w, consent("C-1")).unwrap_err();
            w.must("maker", WITHDRAWN, json!({"consent": "C-1"}));
            w.say("maker", WITHDRAWN, json!({"consent": "C-1"}))
        }, "consent-withdrawn"),
        row("a withdrawal alone is erased", |w| {
            again(w, consent("C-1")).unwrap_err();
            let index = w.next;
            w.must("maker", WITHDRAWN, json!({"consent": "C-1"}));
            w.say("op", "statement-erased", json!({"index": index, "reason": reason()}))
        }, "not-erasable"),
    ]
}

fn seen(world: &World, who: &str, id: &str) -> Option<Permission> {
    permission(&world.register, &Viewer::Party(who.parse().unwrap()), &world.verdict(id), world.now)
}

pub(crate) fn parts(world: &World, who: &str, id: &str) -> Parts {
    seen(world, who, id).map(|permission| permission.parts).unwrap_or_default()
}

#[test]
fn a_consent_lets_the_named_party_see_the_named_parts_and_nobody_else_anything() {
    let mut world = World::furnished();
    join(&mut world);
    world.must("cb-1", "verdict-granted", verdict("V-2"));
    for record in world.say("maker", GIVEN, consent("C-1")).unwrap() {
        let written = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&written).unwrap(), record);
    }
    let named: Parts = [Part::Level, Part::Results].into_iter().collect();
    assert_eq!(parts(&world, "buyer", "V-1"), named);
    let permission = seen(&world, "buyer", "V-1").unwrap();
    assert_eq!(permission.consents, [("maker".parse().unwrap(), "C-1".parse().unwrap())]);
    for who in ["lab", "ministry", "baker", "nobody"] {
        assert_eq!(seen(&world, who, "V-1"), None, "{who}");
    }
    assert_eq!(seen(&world, "buyer", "V-2"), None, "another verdict");
    assert_eq!(permission_of_public(&world), None);
    world.must("maker", WITHDRAWN, json!({"consent": "C-1"}));
    assert_eq!(seen(&world, "buyer", "V-1"), None, "at once");
    world.must("maker", GIVEN, consent("C-2"));
    assert_eq!(parts(&world, "buyer", "V-1"), named, "and again");
}

fn permission_of_public(world: &World) -> Option<Permission> {
    permission(&world.register, &Viewer::Public, &world.verdict("V-1"), world.now)
}

#[test]
fn a_consent_under_a_scheme_covers_what_comes_and_adds_to_others() {
    let mut world = World::furnished();
    join(&mut world);
    world.must("maker", GIVEN, consent("C-1"));
    let under = json!({"about": {"scheme": "stars@1"}, "parts": ["findings"]});
    world.must("maker", GIVEN, with(consent("C-2"), under));
    world.must("cb-1", "verdict-granted", verdict("V-2"));
    let other = json!({"supplier": {"id": "corporate-number:5010401067252", "name": "Baker", "country": "JP"}});
    world.must("cb-1", "verdict-granted", with(verdict("V-3"), other));
    assert_eq!(parts(&world, "buyer", "V-1"), [Part::Level, Part::Results, Part::Findings].into_iter().collect());
    assert_eq!(parts(&world, "buyer", "V-2"), Part::Findings.into());
    assert_eq!(seen(&world, "buyer", "V-3"), None, "another supplier's");
}

/// The consent by which somebody is shown how the supplier with this number stands.
fn stands(world: &World, who: &str, number: &str, scheme: &str) -> Option<String> {
    let (viewer, scheme) = (Viewer::Party(who.parse().unwrap()), scheme.parse().unwrap());
    let supplier = format!("corporate-number:{number}").parse().unwrap();
    let consent = standing_permission(&world.register, &viewer, &supplier, &scheme, world.now)?;
    Some(format!("{} {}", consent.by, consent.consent.consent))
}

#[test]
fn a_consent_to_how_a_supplier_stands_shows_that_and_no_verdict() {
    let mut world = World::furnished();
    join(&mut world);
    let (maker, baker) = ("7000012050002", "5010401067252");
    for record in world.say("maker", GIVEN, to_standing("C-1", "stars@1")).unwrap() {
        let written = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&written).unwrap(), record);
    }
    assert_eq!(stands(&world, "buyer", maker, "stars@1").as_deref(), Some("maker C-1"));
    assert_eq!(seen(&world, "buyer", "V-1"), None, "nothing of its verdicts");
    for (who, number, scheme) in [
        ("lab", maker, "stars@1"),
        ("nobody", maker, "stars@1"),
        ("maker", maker, "stars@1"),
        ("buyer", baker, "stars@1"),
        ("buyer", maker, "stars@2"),
    ] {
        assert_eq!(stands(&world, who, number, scheme), None, "{who} {number} {scheme}");
    }
    let public = standing_permission(
        &world.register,
        &Viewer::Public,
        &format!("corporate-number:{maker}").parse().unwrap(),
        &"stars@1".parse().unwrap(),
        world.now,
    );
    assert_eq!(public, None);
    // One about the verdicts under the scheme says nothing of how it stands, and stands beside.
    world.must("baker", GIVEN, with(consent("C-1"), json!({"about": {"scheme": "stars@1"}})));
    assert_eq!(stands(&world, "buyer", baker, "stars@1"), None);
    world.must("maker", GIVEN, with(consent("C-2"), json!({"about": {"scheme": "stars@1"}})));
    let before = world.now;
    world.now = "2027-11-01T00:00:00Z".parse::<Timestamp>().unwrap();
    assert_eq!(stands(&world, "buyer", maker, "stars@1"), None, "its last day is over");
    world.now = before;
    assert!(stands(&world, "buyer", maker, "stars@1").is_some());
    world.must("maker", WITHDRAWN, json!({"consent": "C-1"}));
    assert_eq!(stands(&world, "buyer", maker, "stars@1"), None, "at once");
    world.must("maker", GIVEN, with(to_standing("C-3", "stars@1"), json!({"to": "insurer"})));
    world.must("op", "party-registered", party("insurer", "buyer", 22));
    assert_eq!(stands(&world, "insurer", maker, "stars@1"), None, "registered later, and not meant");
}

#[test]
fn a_consent_ends_with_its_last_day() {
    let mut world = World::furnished();
    join(&mut world);
    world.must("maker", GIVEN, consent("C-1"));
    for (now, sees) in [("2027-10-31T23:59:59Z", true), ("2027-11-01T00:00:00Z", false)] {
        world.now = now.parse::<Timestamp>().unwrap();
        assert_eq!(seen(&world, "buyer", "V-1").is_some(), sees, "{now}");
    }
    world.must("maker", GIVEN, with(consent("C-2"), json!({"until": "2028-01-01"})));
    assert!(seen(&world, "buyer", "V-1").is_some());
}

#[test]
fn who_is_registered_under_the_name_later_is_not_meant() {
    let mut world = World::furnished();
    join(&mut world);
    world.must("maker", GIVEN, with(consent("C-1"), json!({"to": "insurer"})));
    world.must("op", "party-registered", party("insurer", "buyer", 22));
    assert_eq!(seen(&world, "insurer", "V-1"), None);
    world.must("maker", WITHDRAWN, json!({"consent": "C-1"}));
    world.must("maker", GIVEN, with(consent("C-2"), json!({"to": "insurer"})));
    assert!(seen(&world, "insurer", "V-1").is_some());
}

#[test]
fn erasing_a_consent_or_its_verdict_ends_it() {
    for with_verdict in [true, false] {
        let mut world = World::furnished();
        join(&mut world);
        let given = world.next;
        world.must("maker", GIVEN, consent("C-1"));
        let withdrawn = world.next;
        world.must("maker", WITHDRAWN, json!({"consent": "C-1"}));
        let standing = world.next;
        world.must("maker", GIVEN, consent("C-2"));
        let erased = if with_verdict { world.verdict("V-1").history[0].index } else { given };
        world.must("op", "statement-erased", json!({"index": erased, "reason": reason()}));
        assert!(world.register.consent(&"maker".parse().unwrap(), &"C-1".parse().unwrap()).is_none());
        // What took it back rests on nothing any more.
        world.must("op", "statement-erased", json!({"index": withdrawn, "reason": reason()}));
        if with_verdict {
            world.must("op", "statement-erased", json!({"index": given, "reason": reason()}));
            assert!(world.register.consents_by(&"maker".parse().unwrap()).is_empty());
        } else {
            assert!(seen(&world, "buyer", "V-1").is_some(), "the other one stands");
        }
        world.must("op", "statement-erased", json!({"index": standing, "reason": reason()}));
        assert!(world.register.consents_by(&"maker".parse().unwrap()).is_empty());
    }
}

#[test]
fn a_replay_without_the_erased_statement_comes_to_the_same_result() {
    for with_verdict in [true, false] {
        let mut world = World::furnished();
        join(&mut world);
        let given = world.next;
        world.must("maker", GIVEN, consent("C-1"));
        world.must("maker", WITHDRAWN, json!({"consent": "C-1"}));
        world.must("maker", GIVEN, consent("C-2"));
        world.must("maker", GIVEN, with(consent("C-3"), json!({"about": {"scheme": "stars@1"}})));
        let erased = if with_verdict { world.verdict("V-1").history[0].index } else { given };
        world.must("op", "statement-erased", json!({"index": erased, "reason": reason()}));
        let told = world.taken.iter().map(|(bytes, at, _)| (serde_json::from_slice(bytes).unwrap(), *at));
        let again = replay(&told.collect::<Vec<_>>(), &[erased]);
        assert!(again == world.register, "{:#?}\n{again:#?}", world.register);
    }
}

#[test]
fn nobody_outside_is_shown_a_consent() {
    let mut world = World::furnished();
    join(&mut world);
    for (kind, claim) in [(GIVEN, consent("C-1")), (WITHDRAWN, json!({"consent": "C-1"}))] {
        let payload = world.envelope("maker", kind, claim);
        let statement = Statement::parse(payload.to_string().as_bytes()).unwrap();
        assert_eq!(audience(&world.register, &statement, world.next), Audience::Own, "{kind}");
    }
}

#[test]
fn a_verdict_in_part_says_nothing_of_the_rest() {
    let mut world = World::furnished();
    world.must_change(
        json!({"scope-reduced": cover(json!({"level": "3", "sites": ["Osaka"], "exclusions": ["warehouse", "yard"]}))}),
    );
    let record = world.verdict("V-1");
    let words = |parts: Parts| {
        let text = serde_json::to_string(&in_part(&record, parts)).unwrap();
        let level = text.contains("\"level\"");
        (level, text.contains("Osaka") || text.contains("yard") || text.contains("Nagoya"), text)
    };
    for (parts, level, scope) in [
        (Parts::default(), false, false),
        ([Part::Results, Part::Findings, Part::Evidence].into_iter().collect(), false, false),
        (Part::Level.into(), true, false),
        (Part::Scope.into(), false, true),
    ] {
        let (with_level, with_scope, text) = words(parts);
        assert_eq!((with_level, with_scope), (level, scope), "{parts}: {text}");
    }
    assert_eq!(in_part(&record, Parts::all()), *record);
}
