//! Documenting a verdict: by whom, when, saying what, and what its status list then says.

use conformity::credential::{CredentialRecord, CredentialStatus};
use conformity::records::Facts;
use conformity::refusal::Refusal;
use conformity::statement::{Claim, Statement};
use conformity::{Digest, Place, Record, decide};
use serde_json::{Value, json};

use crate::world::{ORIGIN, Row, World, cover, reason, row, signer, transcribed, verdict, with};

/// What the body says about V-1 in the open.
pub(crate) fn credential(index: u32) -> Value {
    json!({
        "origin": ORIGIN, "registry": "jp", "didWeb": format!("did:web:{ORIGIN}"), "body": "The certification-body cb-1",
        "documents": ["sp800-171@r3"], "evaluation": "third-party", "assessed": "2026-09-20", "verdict": "V-1", "slot": {"list": 0, "index": index},
        "supplier": {"id": "corporate-number:7000012050002", "name": "Example Works", "country": "JP"},
        "object": {"kind": "organization", "name": "Example Works"}, "scheme": "stars@1",
        "viewpoints": ["organization"], "scope": "design and production of relays",
        "validFrom": "2026-10-01", "validUntil": "2029-09-30", "profile": "open",
        "reach": {"level": "4", "sites": ["Osaka", "Nagoya"], "exclusions": ["warehouse"]},
    })
}

pub(crate) fn issue(world: &mut World, iss: &str, credential: Value) -> Result<Vec<Record>, Refusal> {
    let id = format!("s-{}", world.next);
    issue_as(world, iss, &id, credential)
}

/// Issues a credential by a statement of this id.
pub(crate) fn issue_as(world: &mut World, iss: &str, id: &str, credential: Value) -> Result<Vec<Record>, Refusal> {
    let statement = Statement {
        iss: iss.parse().unwrap(),
        aud: ORIGIN.parse().unwrap(),
        jti: id.parse().unwrap(),
        iat: world.now.as_second(),
        claim: Claim::CredentialIssued(serde_json::from_value(credential).unwrap()),
    };
    let digest = Digest::of(&serde_json::to_vec(&statement).unwrap());
    let place =
        Place { index: world.next, at: world.now, kid: signer(&world.register, &statement), digest, attachment: None };
    let records = decide(&world.register, &statement, &place)?;
    records.iter().for_each(|record| world.register.insert(record.clone()));
    world.next += 1;
    world.now += jiff::SignedDuration::from_secs(1);
    Ok(records)
}

pub(crate) fn status(world: &World, index: u32) -> CredentialStatus {
    let slot = conformity::credential::StatusSlot::new(0, index).unwrap();
    let record: &CredentialRecord = &world.register.credential(slot).unwrap();
    let verdict = &record.credential.verdict;
    let newest = world.register.newest_credential(verdict).is_some_and(|last| last.credential.slot == slot);
    record.status(world.register.verdict(verdict).as_deref(), newest, world.now)
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("an audit body documents", |w| issue(w, "audit", credential(7)), "role-not-entitled"),
        row("the operator documents", |w| issue(w, "op", credential(7)), "role-not-entitled"),
        row("another body documents", |w| issue(w, "cb-2", credential(7)), "another-bodys-verdict"),
        row("a body documents what the operator transcribed", |w| {
            w.must("op", "verdict-granted", transcribed("T-9"));
            issue(w, "cb-1", with(credential(7), json!({"verdict": "T-9"})))
        }, "another-bodys-verdict"),
        row("a credential of nothing", |w| issue(w, "cb-1", with(credential(7), json!({"verdict": "V-99"}))), "unknown-verdict"),
        row("a credential of a suspended verdict", |w| {
            w.must_change(json!("suspended"));
            issue(w, "cb-1", credential(7))
        }, "nothing-to-document"),
        row("a credential of a withdrawn verdict", |w| {
            w.must_change(json!("withdrawn"));
            issue(w, "cb-1", credential(7))
        }, "nothing-to-document"),
        row("a credential by a body that lost its accreditation", |w| {
            w.must("ab", "accreditation-changed", json!({"id": "C-1", "change": "withdrawn", "reason": reason()}));
            issue(w, "cb-1", credential(7))
        }, "accreditation-withdrawn"),
        row("a credential after the last day", |w| {
            w.at("2029-10-01T00:00:00Z");
            issue(w, "cb-1", credential(7))
        }, "already-over"),
        row("a slot that is taken", |w| {
            issue(w, "cb-1", credential(7)).unwrap();
            issue(w, "cb-1", credential(7))
        }, "slot-taken"),
        row("more credentials than a verdict may have", |w| {
            (0..100).for_each(|index| drop(issue(w, "cb-1", credential(index)).unwrap()));
            issue(w, "cb-1", credential(100))
        }, "too-many"),
        row("an assessment that is still to come", |w| issue(w, "cb-1", with(credential(7), json!({"assessed": "2026-11-03"}))), "impossible-dates"),
        row("another level", |w| issue(w, "cb-1", with(credential(7), json!({"reach": {"level": "5"}}))), "credential-differs"),
        row("a summary verdict with a level in the open", |w| {
            w.say("cb-1", "verdict-granted", with(verdict("V-9"), json!({"profile": "summary"})))
        }, "detail-in-the-open"),
        row("a summary verdict with sites in the open", |w| {
            w.say("cb-1", "verdict-granted", with(verdict("V-9"), json!({"profile": "summary", "level": null})))
        }, "detail-in-the-open"),
        row("a summary verdict whose scope is reduced in the open", |w| {
            summary(w);
            let reduced = json!({"verdict": "V-9", "change": {"scope-reduced": cover(json!({"sites": ["Osaka"]}))}, "reason": reason(), "effective": w.now.to_string()});
            w.say("cb-1", "verdict-changed", reduced)
        }, "detail-in-the-open"),
    ]
}

/// V-9, of which the log tells no level and no sites.
fn summary(world: &mut World) {
    let patch = json!({"profile": "summary", "level": null, "sites": null, "exclusions": null});
    world.must("cb-1", "verdict-granted", with(verdict("V-9"), patch));
}

#[test]
fn a_credential_says_what_the_verdict_says() {
    let patches = [
        ("origin", json!({"origin": "us.registry.example"})),
        ("registry", json!({"registry": "us"})),
        ("didWeb", json!({"didWeb": "did:web:us.registry.example"})),
        ("body", json!({"body": "Another Body"})),
        ("documents", json!({"documents": []})),
        ("evaluation", json!({"evaluation": "self"})),
        (
            "supplier",
            json!({"supplier": {"id": "corporate-number:7000012050002", "name": "Example Works Ltd", "country": "JP"}}),
        ),
        ("object", json!({"object": {"kind": "site", "name": "Example Works"}})),
        ("scheme", json!({"scheme": "stars@2"})),
        ("viewpoints", json!({"viewpoints": ["organization", "process"]})),
        ("scope", json!({"scope": "everything"})),
        ("validFrom", json!({"validFrom": "2026-10-02"})),
        ("validUntil", json!({"validUntil": null})),
        ("profile", json!({"profile": "summary"})),
        ("reach", json!({"reach": null})),
    ];
    for (member, patch) in patches {
        let mut world = World::furnished();
        let refusal = issue(&mut world, "cb-1", with(credential(7), patch)).unwrap_err();
        assert!(
            matches!(refusal, Refusal::CredentialDiffers { member: found, .. } if found == member),
            "{member}: {refusal}"
        );
    }
}

#[test]
fn a_summary_verdict_is_documented_without_its_reach() {
    let mut world = World::furnished();
    summary(&mut world);
    let shown = with(credential(7), json!({"verdict": "V-9", "profile": "summary"}));
    let refusal = issue(&mut world, "cb-1", shown.clone()).unwrap_err();
    assert_eq!(refusal.code(), "credential-differs");
    issue(&mut world, "cb-1", with(shown, json!({"reach": null}))).unwrap();
    assert_eq!(status(&world, 7), CredentialStatus::Valid);
}

#[test]
fn the_status_follows_the_verdict() {
    let rows = [
        (vec![json!("suspended")], CredentialStatus::Suspended),
        (vec![json!("suspended"), json!("restored")], CredentialStatus::Valid),
        (
            vec![json!({"conditional": {"text": "close finding 3", "deadline": "2027-01-31"}})],
            CredentialStatus::Conditional,
        ),
        (vec![json!("withdrawn")], CredentialStatus::Invalid),
        (vec![json!("annulled")], CredentialStatus::Invalid),
        (vec![json!("appeal-opened")], CredentialStatus::Valid),
        (vec![json!({"transferred": {"to": "cb-2"}})], CredentialStatus::Valid),
        (vec![json!({"scope-reduced": cover(json!({"sites": ["Osaka"]}))})], CredentialStatus::Invalid),
        (vec![json!({"renewed": {"validUntil": "2030-09-30"}})], CredentialStatus::Invalid),
    ];
    for (changes, expected) in rows {
        let mut world = World::furnished();
        issue(&mut world, "cb-1", credential(7)).unwrap();
        changes.iter().for_each(|change| world.must_change(change.clone()));
        assert_eq!(status(&world, 7), expected, "{changes:?}");
    }
}

#[test]
fn a_newer_credential_takes_the_place_of_an_older_one() {
    let mut world = World::furnished();
    issue(&mut world, "cb-1", credential(900)).unwrap();
    issue(&mut world, "cb-1", credential(7)).unwrap();
    assert_eq!(status(&world, 900), CredentialStatus::Invalid);
    assert_eq!(status(&world, 7), CredentialStatus::Valid);
}

#[test]
fn a_credential_stays_as_long_as_its_verdict_and_goes_with_it() {
    let mut world = World::furnished();
    issue(&mut world, "cb-1", credential(7)).unwrap();
    let at = world.next - 1;
    let erase = |world: &mut World, index: u64| {
        world.say("op", "statement-erased", json!({"index": index, "reason": reason()}))
    };
    assert_eq!(erase(&mut world, at).unwrap_err().code(), "not-erasable");
    let granted = world.verdict("V-1").history[0].index;
    erase(&mut world, granted).unwrap();
    assert_eq!(world.register.credentials_in(0).count(), 0);
    erase(&mut world, at).unwrap();
}
