//! What is written is read back the same: statements of every kind, records, keys of records.

use std::collections::BTreeSet;

use conformity::Record;
use conformity::statement::{Kind, Statement};
use serde_json::{Value, json};

use crate::bulletins::{bulletin, relayed};
use crate::cascades::{basis_changed, lapsed};
use crate::closings::{accepting_another, closed};
use crate::consents::consent;
use crate::crosswalks::{maps, publication};
use crate::declarations::declaration;
use crate::hosting::{moved, other};
use crate::log_keys::handover;
use crate::successions::{agreed, succeeded};
use crate::world::{
    World, acceptance, accreditation, changed, cover, designation, document, foreign, genesis, key, kid, party, peer,
    reason, report, scheme, signed, terms, transcribed, verdict, with,
};

fn claims() -> Vec<(&'static str, Value)> {
    let world = World::furnished();
    let step = json!({"id": "A-1", "reason": {"code": "x", "text": "because"}});
    let change = |change| changed(&world, "V-1", change);
    vec![
        ("genesis", genesis("jp", "jp.registry.example/2026")),
        ("party-registered", party("cb", "certification-body", 5)),
        ("key-added", json!({"party": "cb", "key": {"kty": "EC", "crv": "P-256", "x": key(1)["x"], "y": key(2)["x"]}})),
        ("log-key-changed", with(handover(&world, 210), json!({"until": "2026-12-01T00:00:00Z"}))),
        ("ca-root-added", json!({"root": "MAE="})),
        ("ca-root-retired", json!({"root": "ab".repeat(32)})),
        ("persons-set", json!({"persons": 2})),
        ("step-approved", json!({"step": "ab".repeat(32), "kind": "peer-expelled", "until": "2026-11-09"})),
        ("registry-moved", moved("mm.example")),
        ("hosting-consented", with(other("mm"), json!({"until": "2027-12-31", "paper": "cd".repeat(32)}))),
        ("hosting-accepted", other("mm")),
        ("hosting-ended", json!({"registry": "mm"})),
        ("registry-closed", closed()),
        ("closing-accepted", accepting_another()),
        ("succession-agreed", agreed("cb-1", "cb-2")),
        ("succession-agreed", with(agreed("cb-1", "cb-2"), json!({"withdrawn": true}))),
        ("body-succeeded", succeeded("cb-1", "cb-2")),
        ("key-revoked", json!({"party": "cb", "kid": kid(5), "reason": reason()})),
        ("key-revoked", json!({"party": "cb", "kid": kid(5), "compromisedSince": "2026-11-02T09:00:00Z"})),
        ("document-published", with(document(), json!({"requirements": 97, "source": "https://x.example/"}))),
        ("scheme-published", scheme()),
        (
            "scheme-published",
            with(
                scheme(),
                json!({"onAccreditation": {"withdrawn": "cease", "expired": {"transfer-window": {"days": 180}}}}),
            ),
        ),
        ("scheme-replaced", json!({"scheme": "stars@1", "by": "stars@2", "until": "2027-03-31"})),
        ("crosswalk-published", publication(&maps(&["1 superset-of x"]))),
        ("bulletin-issued", bulletin("B-1")),
        ("bulletin-relayed", relayed(&foreign("b", "bulletin-issued", bulletin("B-1")))),
        ("designation-made", designation()),
        ("designation-changed", json!({"id": "D-1", "change": "withdrawn", "reason": reason()})),
        ("accreditation-granted", accreditation("C-1", "cb", "audit-body")),
        (
            "accreditation-changed",
            json!({"id": "C-1", "change": {"reduced": {"viewpoints": ["process"]}}, "reason": reason()}),
        ),
        ("verdict-granted", transcribed("T-1")),
        ("verdict-granted", with(verdict("V-1"), json!({"conditions": {"text": "t", "deadline": "2027-01-01"}}))),
        ("verdict-granted", with(declaration("S-1"), json!({"upgrades": "S-0"}))),
        ("declaration-confirmed", json!({"verdict": "S-1", "on": "2026-11-02", "method": "interview"})),
        ("confirmation-withdrawn", json!({"verdict": "S-1", "reason": reason()})),
        ("verdict-changed", change(json!("appeal-opened"))),
        ("verdict-changed", change(json!({"scope-extended": cover(json!({"level": "5", "sites": []}))}))),
        ("verdict-changed", change(json!({"conditional": {"text": "t", "deadline": "2027-01-01"}}))),
        ("report-filed", with(report("P-1"), json!({"viewpoints": ["organization"]}))),
        ("evidence-accepted", acceptance("E-1")),
        ("disclosure-consented", consent("C-1")),
        ("disclosure-consented", with(consent("C-2"), json!({"about": {"scheme": "stars@1"}}))),
        ("disclosure-withdrawn", json!({"consent": "C-1"})),
        ("arrangement-signed", signed(terms())),
        (
            "arrangement-countersigned",
            json!({"registry": "eu", "statement": foreign("f", "arrangement-suspended", step.clone()), "proof": "p"}),
        ),
        ("arrangement-suspended", step.clone()),
        ("arrangement-restored", step.clone()),
        ("arrangement-ended", with(step, json!({"effective": "2027-01-01"}))),
        ("peer-added", peer("eu", "eu.registry.example")),
        ("peer-expelled", json!({"registry": "eu", "reason": reason()})),
        ("verdict-expired", json!({"verdicts": ["V-1", "V-2"]})),
        ("surveillance-overdue", json!({"verdicts": ["V-1"]})),
        ("conditions-overdue", json!({"verdicts": ["V-1"]})),
        ("basis-changed", basis_changed("V-1", json!({"lapsed": lapsed("accreditation-withdrawn", 13, "cease")}), 0)),
        ("basis-changed", basis_changed("V-1", json!({"recounted": {"what": "crosswalk-corrected", "entry": 13}}), 0)),
        (
            "basis-changed",
            json!({
                "change": {"holds": {"what": "surveillance-overdue", "entry": 17}}, "scheme": "stars@1", "verdicts": ["V-1"],
            }),
        ),
        (
            "recognition-derived",
            json!({
                "origin": "eu.registry.example", "registry": "eu", "from": 0, "to": 9, "checkpoint": "note",
                "cause": {"arrangement": {"id": "A-1", "digest": "00".repeat(32)}}, "results": {"digest": "ff".repeat(32), "count": 3},
            }),
        ),
        ("statement-erased", json!({"index": 7, "reason": reason()})),
    ]
}

#[test]
fn a_statement_of_every_kind_is_written_as_it_was_read() {
    let mut seen = BTreeSet::new();
    for (kind, claim) in claims() {
        let payload = World::empty().envelope("op", kind, claim);
        let statement =
            Statement::parse(payload.to_string().as_bytes()).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let written = serde_json::to_vec(&statement).unwrap();
        assert_eq!(Statement::parse(&written).as_ref(), Ok(&statement), "{kind}");
        let mut expected = payload;
        if kind == "scheme-published" {
            // What says nothing may be left out by one writer and written by another.
            expected["claim"]["registryActs"] = json!(false);
        }
        assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), expected, "{kind}");
        seen.insert(statement.kind());
    }
    let plain = Kind::ALL.iter().filter(|kind| kind.is_plain());
    assert_eq!(seen.len(), plain.count(), "every kind is tried");
}

#[test]
fn records_are_read_back_and_have_keys_of_their_own() {
    let mut world = World::furnished();
    let mut records = Vec::new();
    crate::recognitions::follow(&mut world, 0, 9);
    records.extend(world.say("ministry", "arrangement-signed", signed(terms())).unwrap());
    records.extend(world.say("audit", "report-filed", report("P-1")).unwrap());
    records.extend(world.say("op", "evidence-accepted", acceptance("E-1")).unwrap());
    records.extend(world.change(json!({"conditional": {"text": "t", "deadline": "2027-01-01"}})).unwrap());
    records.extend(world.change(json!("suspended")).unwrap());
    let since = world.verdict("V-1").history[0].at.to_string();
    records.extend(
        world.say("op", "key-revoked", json!({"party": "cb-1", "kid": kid(5), "compromisedSince": since})).unwrap(),
    );
    records.extend(
        world
            .say("ab", "accreditation-changed", json!({"id": "C-1", "change": "suspended", "reason": reason()}))
            .unwrap(),
    );
    records.extend(world.say("op", "peer-expelled", json!({"registry": "eu", "reason": reason()})).unwrap());
    let granted = world.verdict("V-1").history[0].index;
    records.extend(world.say("op", "statement-erased", json!({"index": granted, "reason": reason()})).unwrap());
    records.extend(World::empty().say("node", "genesis", genesis("jp", "jp.registry.example")).unwrap());
    for record in &records {
        let written = serde_json::to_string(record).unwrap();
        let read: Record = serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
        assert_eq!(read, *record);
        assert_eq!(read.key(), record.key());
    }
    let verdicts = records.iter().filter(|record| record.key() == "verdict/V-1").count();
    assert_eq!(verdicts, 4, "a changed record keeps its key");
}

#[test]
fn a_register_built_from_its_records_is_the_same() {
    let mut world = World::furnished();
    let before = world.register.clone();
    let records = world.change(json!("suspended")).unwrap();
    assert!(before != world.register);
    let mut again = before;
    for record in records {
        again.insert(serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap());
    }
    assert!(again == world.register);
}
