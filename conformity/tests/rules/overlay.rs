//! A batch decided on an overlay comes to what it would come to one by one.

use conformity::records::{Facts, Overlay, View};
use conformity::statement::Statement;
use conformity::{Digest, Place, decide};
use serde_json::{Value, json};

use crate::consents::consent;
use crate::world::{World, accreditation, key, kid, party, reason, signer, verdict};

/// Decides all on one overlay; the refusals' codes, and the world with what was decided taken up.
pub(crate) fn batch(world: &mut World, told: &[(&str, &str, Value)]) -> Vec<&'static str> {
    let mut overlay = Overlay::new(&world.register);
    let mut answers = Vec::new();
    let mut next = world.next;
    for (iss, kind, claim) in told {
        let mut payload = world.envelope(iss, kind, claim.clone());
        payload["jti"] = json!(format!("b-{next}"));
        let bytes = serde_json::to_vec(&payload).unwrap();
        let statement = Statement::parse(&bytes).unwrap();
        let place = Place {
            index: next,
            at: world.now,
            kid: signer(&overlay, &statement),
            digest: Digest::of(&bytes),
            attachment: None,
        };
        match decide(&overlay, &statement, &place) {
            Ok(records) => {
                records.into_iter().for_each(|record| overlay.insert(record));
                next += 1;
                answers.push("taken");
            }
            Err(refusal) => answers.push(refusal.code()),
        }
    }
    for record in overlay.into_records() {
        world.register.insert(record);
    }
    world.next = next;
    answers
}

#[test]
fn later_statements_of_a_batch_see_earlier_ones() {
    let mut world = World::furnished();
    let suspended =
        json!({"verdict": "V-9", "change": "suspended", "reason": reason(), "effective": world.now.to_string()});
    let answers = batch(
        &mut world,
        &[
            ("op", "party-registered", party("cb-9", "certification-body", 90)),
            ("ab", "accreditation-granted", accreditation("C-9", "cb-9", "certification-body")),
            ("cb-9", "verdict-granted", verdict("V-9")),
            ("cb-9", "verdict-granted", verdict("V-9")),
            ("cb-9", "verdict-changed", suspended.clone()),
            ("cb-9", "verdict-changed", suspended),
            ("ab", "accreditation-changed", json!({"id": "C-9", "change": "suspended", "reason": reason()})),
            ("cb-9", "verdict-granted", verdict("V-10")),
            ("op", "key-added", json!({"party": "cb-9", "key": key(91)})),
            ("op", "key-revoked", json!({"party": "cb-9", "kid": kid(91)})),
        ],
    );
    assert_eq!(
        answers,
        [
            "taken",
            "taken",
            "taken",
            "verdict-exists",
            "taken",
            "illegal-move",
            "taken",
            "accreditation-suspended",
            "taken",
            "taken",
        ]
    );
    assert_eq!(world.state("V-9"), "suspended");
}

#[test]
fn a_pending_erasure_hides_the_verdict_of_the_base() {
    let mut world = World::furnished();
    let granted = world.verdict("V-1").history[0].index;
    let suspended =
        json!({"verdict": "V-1", "change": "suspended", "reason": reason(), "effective": world.now.to_string()});
    let answers = batch(
        &mut world,
        &[
            ("op", "statement-erased", json!({"index": granted, "reason": reason()})),
            ("op", "statement-erased", json!({"index": granted, "reason": reason()})),
            ("cb-1", "verdict-changed", suspended),
            ("cb-1", "verdict-granted", verdict("V-1")),
        ],
    );
    assert_eq!(answers, ["taken", "already-erased", "unknown-verdict", "taken"]);
    assert_eq!(world.state("V-1"), "granted");
}

#[test]
fn consents_of_a_batch_are_seen_and_go_with_what_they_are_about() {
    let mut world = World::furnished();
    crate::consents::join(&mut world);
    world.must("maker", "disclosure-consented", consent("C-0"));
    let (base, granted) = (world.next - 1, world.verdict("V-1").history[0].index);
    let withdrawn = |id: &str| json!({"consent": id});
    let erased = |index: u64| json!({"index": index, "reason": reason()});
    let answers = batch(
        &mut world,
        &[
            ("maker", "disclosure-consented", consent("C-1")),
            ("maker", "disclosure-withdrawn", withdrawn("C-0")),
            ("maker", "disclosure-withdrawn", withdrawn("C-0")),
            ("maker", "disclosure-consented", consent("C-1")),
            ("maker", "disclosure-consented", consent("C-2")),
        ],
    );
    assert_eq!(answers, ["consent-stands", "taken", "consent-withdrawn", "taken", "consent-stands"]);
    let answers = batch(
        &mut world,
        &[
            ("op", "statement-erased", erased(base)),
            ("maker", "disclosure-consented", consent("C-0")),
            ("op", "statement-erased", erased(granted)),
            ("maker", "disclosure-withdrawn", withdrawn("C-1")),
        ],
    );
    assert_eq!(answers, ["taken", "consent-stands", "taken", "unknown-consent"]);
    assert!(world.register.consents_by(&"maker".parse().unwrap()).is_empty());
}

/// Consents of a supplier, as many as it may give, told in two batches and one by one: the same answers.
#[test]
fn consents_are_counted_in_a_batch_as_one_by_one() {
    const MOST: usize = 10_000;
    let mut world = World::furnished();
    crate::consents::join(&mut world);
    let maker = "maker".parse().unwrap();
    let numbered = |number: usize| {
        let mut claim = consent(&format!("C-{number}"));
        claim["to"] = json!(format!("nobody-{number}"));
        ("maker", "disclosure-consented", claim)
    };
    let half: Vec<_> = (0..MOST / 2).map(numbered).collect();
    assert!(batch(&mut world, &half).iter().all(|answer| *answer == "taken"));
    let rest: Vec<_> = (MOST / 2..MOST - 1).map(numbered).collect();
    assert!(batch(&mut world, &rest).iter().all(|answer| *answer == "taken"));
    let given = world.register.consents_by(&maker);
    let index = given.iter().find(|one| one.consent.consent.as_str() == "C-7").unwrap().given.index;
    let withdrawn = json!({"consent": "C-8"});
    let told = [
        ("maker", "disclosure-withdrawn", withdrawn),
        numbered(MOST - 1),
        numbered(MOST),
        ("op", "statement-erased", json!({"index": index, "reason": reason()})),
        numbered(MOST),
        numbered(MOST + 1),
    ];
    let answers = batch(&mut world, &told);
    assert_eq!(answers, ["taken", "taken", "too-many", "taken", "taken", "too-many"]);
    assert_eq!((world.register.consent_count(&maker), world.register.consents_by(&maker).len()), (MOST, MOST));
}

#[test]
fn lists_are_merged_by_name() {
    let world = World::furnished();
    let supplier = "corporate-number:7000012050002".parse().unwrap();
    let before = world.register.verdicts_of(&supplier).len();
    let mut changed = world.clone();
    changed.must_change(json!("suspended"));
    changed.must("cb-1", "verdict-granted", verdict("V-9"));
    let mut overlay = Overlay::new(&world.register);
    for id in ["V-1", "V-9"] {
        overlay.insert(conformity::Record::Verdict(changed.verdict(id)));
    }
    let merged = overlay.verdicts_of(&supplier);
    assert_eq!(merged.len(), before + 1);
    let states: Vec<_> = merged.iter().map(|record| record.now.state.name().as_str()).collect();
    assert!(states.contains(&"suspended"), "{states:?}");
    assert_eq!(overlay.view(), View::Whole);
}
