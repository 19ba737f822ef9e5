//! What must hold whatever happens.

use std::collections::BTreeSet;

use conformity::Record;
use conformity::records::{Due, Facts};
use conformity::statement::Statement;
use conformity::surveillance::{Window, schedule};
use conformity::verdict::{Snapshot, VerdictRecord};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::successions::try_merge;
use crate::world::{World, changed, cover, report, verdict, with};

/// Something that somebody tries.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    speaker: &'static str,
    change: Value,
    hours: i64,
    back: i64,
}

fn changes() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("suspended")),
        Just(json!("restored")),
        Just(json!("surrendered")),
        Just(json!("withdrawn")),
        Just(json!("annulled")),
        Just(json!("historical")),
        Just(json!("appeal-opened")),
        Just(json!("appeal-closed")),
        Just(json!("complaint-opened")),
        Just(json!("complaint-closed")),
        Just(json!("recommendation-declined")),
        Just(json!("report")),
        Just(json!("expired")),
        Just(json!("overdue")),
        Just(json!("missed")),
        Just(json!("conditions-met")),
        Just(json!("merge")),
        Just(json!({"superseded": {"by": "V-2"}})),
        Just(json!({"conditional": {"text": "t", "deadline": "2029-01-01"}})),
        prop_oneof![Just("cb-1"), Just("cb-2"), Just("cb-3")].prop_map(|to| json!({"transferred": {"to": to}})),
        (2027..2036_u16).prop_map(|year| json!({"renewed": {"validUntil": format!("{year}-06-30")}})),
        prop_oneof![Just("3"), Just("4"), Just("5")]
            .prop_map(|level| json!({"scope-extended": cover(json!({"level": level}))})),
        prop_oneof![Just("3"), Just("4"), Just("5")]
            .prop_map(|level| json!({"scope-reduced": cover(json!({"level": level}))})),
    ]
}

pub(crate) fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let speaker =
        prop_oneof![6 => Just("cb-1"), 2 => Just("cb-2"), 1 => Just("op"), 1 => Just("audit"), 1 => Just("node")];
    let attempt = (speaker, changes(), 0..4_000_i64, 0..100_i64).prop_map(|(speaker, change, hours, back)| Attempt {
        speaker,
        change,
        hours,
        back,
    });
    prop::collection::vec(attempt, 1..24)
}

impl Attempt {
    pub(crate) fn make(&self, world: &mut World, number: usize) -> bool {
        world.now += jiff::SignedDuration::from_hours(self.hours);
        let outcome = match self.change.as_str() {
            Some("report") => {
                let conforming = json!({"outcome": "conforming", "recommendation": if number.is_multiple_of(2) { "none" } else { "suspend" }});
                world.say("audit", "report-filed", with(report(&format!("P-{number}")), conforming))
            }
            Some("expired") => world.say("node", "verdict-expired", json!({"verdicts": ["V-1"]})),
            Some("missed") => world.say("node", "conditions-overdue", json!({"verdicts": ["V-1"]})),
            Some("overdue") => world.say("node", "surveillance-overdue", json!({"verdicts": ["V-1"]})),
            Some("merge") => try_merge(world, "cb-1", "cb-2"),
            _ => {
                let effective = world.now - jiff::SignedDuration::from_hours(self.back);
                let claim =
                    with(changed(world, "V-1", self.change.clone()), json!({"effective": effective.to_string()}));
                world.say(self.speaker, "verdict-changed", claim)
            }
        };
        outcome.is_ok()
    }

    /// The same by a thief who has the first key of `cb-1`; whatever is no change of a verdict he leaves alone.
    pub(crate) fn steal(&self, world: &mut World, number: usize) -> bool {
        if matches!(self.change.as_str(), Some("report" | "expired" | "overdue" | "missed" | "merge")) {
            return self.make(world, number);
        }
        world.now += jiff::SignedDuration::from_hours(self.hours);
        let claim = changed(world, "V-1", self.change.clone());
        world.steal("cb-1", "verdict-changed", claim).is_ok()
    }
}

pub(crate) fn furnished() -> World {
    let mut world = World::furnished();
    world.must("cb-1", "verdict-granted", verdict("V-2"));
    for id in ["C-1", "C-2", "C-8"] {
        let renewed = json!({"id": id, "change": {"renewed": {"until": "2040-01-01"}}, "reason": {"code": "x"}});
        world.must("ministry", "accreditation-changed", renewed);
    }
    world
}

/// The verdict, told again from its history.
fn told_again(record: &VerdictRecord) -> VerdictRecord {
    let (granted, rest) = record.history.split_first().unwrap();
    let first = VerdictRecord::new(record.terms.clone(), granted.clone());
    rest.iter().fold(first, |then, item| then.after(item.clone()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_state_is_the_fold_of_the_history(attempts in attempts()) {
        let mut world = furnished();
        let mut shown: Vec<(Timestamp, Snapshot)> = Vec::new();
        for (number, attempt) in attempts.iter().enumerate() {
            let before = world.verdict("V-1");
            let taken = attempt.make(&mut world, number);
            let after = world.verdict("V-1");
            if !taken {
                prop_assert_eq!(&before, &after, "a refusal changes nothing");
                continue;
            }
            prop_assert_eq!(&*after, &told_again(&after));
            prop_assert_eq!(&after.history[..before.history.len()], &before.history[..], "history only grows");
            prop_assert!(!before.now.state.name().is_terminal() || before.now.state == after.now.state, "a terminal state never leaves");
            prop_assert!(after.history.iter().all(|item| item.effective <= item.at && item.effective >= after.granted_from()));
            shown.push((after.history.last().unwrap().at, after.now.clone()));
        }
        let record = world.verdict("V-1");
        for (at, snapshot) in shown {
            prop_assert_eq!(record.as_of(at), Some(snapshot), "what was shown at {} can be told for ever", at);
        }
    }

    #[test]
    fn records_survive_being_written(attempts in attempts()) {
        let mut world = furnished();
        for (number, attempt) in attempts.iter().enumerate() {
            attempt.make(&mut world, number);
        }
        let record = Record::Verdict(world.verdict("V-1"));
        let written = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<Record>(&written).unwrap(), record);
    }

    #[test]
    fn an_index_finds_every_verdict_of_a_supplier(attempts in attempts()) {
        let mut world = furnished();
        for (number, attempt) in attempts.iter().enumerate() {
            attempt.make(&mut world, number);
        }
        let supplier = "corporate-number:7000012050002".parse().unwrap();
        let found = world.register.verdicts_of(&supplier);
        let all: Vec<_> = world.register.verdicts_after(None).cloned().collect();
        prop_assert_eq!(found.len(), all.len(), "all verdicts of this world are on one supplier");
    }

    #[test]
    fn a_schedule_is_what_a_search_finds(attempts in attempts()) {
        let mut world = furnished();
        for (number, attempt) in attempts.iter().enumerate() {
            attempt.make(&mut world, number);
            let in_force = world.register.verdicts_after(None).filter(|record| record.now.state.name().is_in_force());
            let due = in_force.filter_map(|record| {
                let duty = world.register.scheme(&record.terms.scheme)?.scheme.surveillance?;
                Some(Due { day: record.surveillance_due(duty), verdict: record.id().clone() })
            });
            let found: BTreeSet<Due> = due.collect();
            let listed = schedule(&world.register, &"op".parse().unwrap(), world.now, &Window::default(), 100);
            prop_assert!(listed.iter().eq(&found), "{listed:?} instead of {found:?}");
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(Statement::parse(&bytes).is_err());
    }

    #[test]
    fn a_damaged_statement_is_read_the_same_or_refused(position in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = World::empty().envelope("cb-1", "verdict-granted", verdict("V-1")).to_string().into_bytes();
        let position = position.index(bytes.len());
        bytes[position] = byte;
        if let Ok(statement) = Statement::parse(&bytes) {
            let written = serde_json::to_vec(&statement).unwrap();
            prop_assert_eq!(Statement::parse(&written).unwrap(), statement);
        }
    }

    #[test]
    fn days_and_names_are_read_as_they_are_written(text in "\\PC{0,40}") {
        if let Ok(day) = text.parse::<conformity::time::Day>() {
            prop_assert_eq!(day.to_string(), text.clone());
        }
        if let Ok(name) = text.parse::<conformity::ids::Origin>() {
            prop_assert_eq!(name.to_string(), text.clone());
        }
        if let Ok(reference) = text.parse::<conformity::ids::VerdictRef>() {
            prop_assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn a_day_ends_when_the_next_begins(days in 0..60_000_u16) {
        let day = "1900-01-01".parse::<conformity::time::Day>().unwrap().plus_days(days);
        prop_assert_eq!(day.end(), day.plus_days(1).start());
        prop_assert_eq!(conformity::time::Day::of(day.start()), day);
        prop_assert_eq!(conformity::time::Day::of(day.end() - jiff::SignedDuration::from_nanos(1)), day);
    }
}
