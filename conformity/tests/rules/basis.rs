//! What a verdict rests on, read alone, comes to the same verdict; and none of it can be left out that it takes.

use std::collections::BTreeSet;

use conformity::basis::{Basis, of_recognition, of_verdict};
use conformity::map_label::Tree;
use conformity::records::{Facts, Register};
use conformity::statement::Statement;
use conformity::{Digest, Place, decide};
use proptest::prelude::*;
use serde_json::json;

use crate::properties::{attempts, furnished};
use crate::recognitions::{end_row, ended, expel, follow, recognise};
use crate::world::{World, accreditation, key, kid, reason, signed, signer, terms, verdict};

/// Reads these statements of a log and no others, by the rules.
pub(crate) fn read(world: &World, indexes: &BTreeSet<u64>) -> Result<Register, String> {
    let mut register = Register::part();
    for &index in indexes {
        let (bytes, at, attachment) = &world.taken[usize::try_from(index).unwrap()];
        let statement = Statement::parse(bytes).unwrap();
        let place = Place {
            index,
            at: *at,
            kid: signer(&register, &statement),
            digest: Digest::of(bytes),
            attachment: attachment.as_deref(),
        };
        let records = decide(&register, &statement, &place);
        let records = records.map_err(|refusal| format!("{index} {}: {}", statement.kind(), refusal.code()))?;
        records.into_iter().for_each(|record| register.insert(record));
    }
    Ok(register)
}

fn basis(world: &World, id: &str) -> BTreeSet<u64> {
    of_verdict(&world.register, &world.verdict(id), u64::MAX).indexes
}

/// Read from its statements alone it is the same, and under its labels nothing is missing.
fn same_again(whole: &Register, part: &Register, basis: impl Fn(&Register) -> Basis) {
    let found = basis(part);
    assert_eq!(found, basis(whole));
    for label in &found.labels {
        let entries = label.entries(whole);
        assert_eq!(label.entries(part), entries, "{label}");
        assert!(label.tree() == Tree::Public && entries.iter().all(|index| found.indexes.contains(index)), "{label}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_verdict_is_the_same_read_from_what_it_rests_on(attempts in attempts()) {
        let mut world = furnished();
        for (number, attempt) in attempts.iter().enumerate() {
            attempt.make(&mut world, number);
        }
        for id in ["V-1", "V-2", "T-1"] {
            let register = read(&world, &basis(&world, id)).map_err(TestCaseError::fail)?;
            prop_assert_eq!(register.verdict(&id.parse().unwrap()), Some(world.verdict(id)));
            same_again(&world.register, &register, |facts| of_verdict(facts, &world.verdict(id), u64::MAX));
        }
    }

    /// What is collected now for an earlier seal is what would have been collected then.
    #[test]
    fn a_basis_of_a_time_is_the_one_of_that_time(attempts in attempts(), later in attempts()) {
        let mut world = furnished();
        for (number, attempt) in attempts.iter().enumerate() {
            attempt.make(&mut world, number);
        }
        let (until, then) = (world.taken.len() as u64, world.register.clone());
        for (number, attempt) in later.iter().enumerate() {
            attempt.make(&mut world, attempts.len() + number);
        }
        for id in ["V-1", "V-2", "T-1"] {
            let now = of_verdict(&world.register, &world.verdict(id), until);
            prop_assert_eq!(now, of_verdict(&then, &then.verdict(&id.parse().unwrap()).unwrap(), u64::MAX));
        }
    }
}

#[test]
fn a_changed_foundation_is_part_of_it() {
    let mut world = World::furnished();
    world.must("op", "key-added", json!({"party": "cb-1", "key": key(90)}));
    world.must("op", "key-revoked", json!({"party": "cb-1", "kid": kid(5)}));
    world.must("op", "key-added", json!({"party": "op", "key": key(91)}));
    for change in ["suspended", "restored"] {
        let claim = json!({"id": "D-1", "change": change, "reason": reason()});
        world.must("ministry", "designation-changed", claim);
        world.must("ab", "accreditation-changed", json!({"id": "C-1", "change": change, "reason": reason()}));
    }
    world.must_change(json!("suspended"));
    world.must_change(json!("restored"));
    world.must_change(json!({"transferred": {"to": "cb-2"}}));
    let indexes = basis(&world, "V-1");
    let register = read(&world, &indexes).unwrap();
    assert_eq!(register.verdict(&"V-1".parse().unwrap()), Some(world.verdict("V-1")));
    for id in ["cb-1", "cb-2", "op", "ab", "ministry"] {
        let id = id.parse().unwrap();
        assert_eq!(register.party(&id), world.register.party(&id), "with the history of its keys");
    }
    for id in ["C-1", "C-2"] {
        let id = id.parse().unwrap();
        assert_eq!(register.accreditation(&id), world.register.accreditation(&id));
    }
    assert_eq!(register.designation(&"D-1".parse().unwrap()), world.register.designation(&"D-1".parse().unwrap()));
}

#[test]
fn nobody_who_has_nothing_to_do_with_it_is_in_it() {
    let mut world = World::furnished();
    let before = basis(&world, "V-1");
    world.must("cb-2", "verdict-granted", verdict("V-9"));
    world.must("ab", "accreditation-granted", accreditation("C-9", "cb-3", "certification-body"));
    assert_eq!(basis(&world, "V-1"), before);
    let register = read(&world, &before).unwrap();
    for id in ["buyer", "lab", "cb-2", "cb-3"] {
        assert_eq!(register.party(&id.parse().unwrap()), None, "{id}");
    }
    assert_eq!(register.verdicts_after(None).count(), 1);
}

#[test]
fn nothing_of_it_can_be_left_out_unseen() {
    let mut world = World::furnished();
    world.must_change(json!("suspended"));
    let indexes = basis(&world, "V-1");
    for left_out in &indexes {
        let rest: BTreeSet<u64> = indexes.iter().copied().filter(|index| index != left_out).collect();
        let register = read(&world, &rest);
        let last = world.verdict("V-1").history.last().unwrap().index;
        // The newest change leaves no gap that the rules could see: a proof that nothing came after it is another matter.
        assert_eq!(register.is_ok(), *left_out == last, "{left_out}");
    }
}

#[test]
fn a_recognition_is_the_same_read_from_what_it_rests_on() {
    let mut world = World::furnished();
    world.must("op", "arrangement-signed", signed(terms()));
    follow(&mut world, 0, 9);
    let same = |world: &World| {
        let verdict = "eu:E-1".parse().unwrap();
        let recorded = world.register.recognition(&verdict).unwrap();
        let basis = |facts: &Register| of_recognition(facts, &recorded, None, u64::MAX);
        let indexes = basis(&world.register).indexes;
        let register = read(world, &indexes).unwrap();
        same_again(&world.register, &register, basis);
        let again = register.recognition(&verdict).unwrap();
        // What was made of it before is not among it; that nothing was left out is the state map's to prove.
        assert_eq!(
            (&again.recognition, again.since, again.position),
            (&recorded.recognition, recorded.since, recorded.position)
        );
        let arrangement = recorded.recognition.arrangement.as_ref().unwrap();
        assert_eq!(register.arrangement(&arrangement.id), world.register.arrangement(&arrangement.id));
        indexes.len()
    };
    recognise(&mut world, "E-1");
    let count = same(&world);
    expel(&mut world);
    assert_eq!(same(&world), count + 1, "the expulsion is shown");
    let mut world = World::furnished();
    world.must("op", "arrangement-signed", signed(terms()));
    end_row(&mut world, ended("E-1")).unwrap();
    same(&world);
}
