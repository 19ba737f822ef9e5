//! How the register follows a list that changes, step by step, and by which statements.

use std::sync::Arc;

use conformity::Facts;
use conformity::statement::Claim;
use conformity::verdict::{Provenance, StateName};

use super::world::{World, fetched, list, reasons, row, sample, words};
use crate::import::{Effect, register};

enum Step {
    /// The list is imported with this row; the statements it takes after those of the scheme, or the reason of refusal.
    Import(&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]),
    /// It is imported and its row refused.
    Refused(&'static str, &'static [(&'static str, &'static str)], &'static str),
    /// The node notices that it expired.
    Expire,
}

use Step::{Expire, Import, Refused};

const GRANT: &[&str] = &["granted sample.A-1"];
const ANEW: &[&str] = &["granted sample_2.A-1", "superseded"];

/// Name, steps, state of the first edition at the end.
fn stories() -> Vec<(&'static str, Vec<Step>, StateName)> {
    use StateName::{Expired, Granted, Historical, Superseded, Suspended, Withdrawn};
    let day = "2026-01-10";
    let later = "2026-02-10";
    let last = "2026-03-10";
    vec![
        ("nothing changed", vec![Import(day, &[], GRANT), Import(later, &[], &[])], Granted),
        (
            "a later last day",
            vec![Import(day, &[], GRANT), Import(later, &[("until", "2031-01-01")], &["renewed"])],
            Granted,
        ),
        (
            "an earlier last day",
            vec![Import(day, &[], GRANT), Import(later, &[("until", "2029-01-01")], ANEW)],
            Superseded,
        ),
        ("no last day any more", vec![Import(day, &[], GRANT), Import(later, &[("until", "")], ANEW)], Superseded),
        (
            "it rests and holds again",
            vec![
                Import(day, &[], GRANT),
                Import(later, &[("status", "resting")], &["suspended"]),
                Import(last, &[], &["restored"]),
            ],
            Granted,
        ),
        (
            "active, historical, revoked",
            vec![
                Import(day, &[], GRANT),
                Import(later, &[("status", "old")], &["historical"]),
                Import(last, &[("status", "gone")], &["withdrawn"]),
            ],
            Withdrawn,
        ),
        (
            "revoked when first seen",
            vec![Import(day, &[("status", "gone")], &["granted sample.A-1", "withdrawn"])],
            Withdrawn,
        ),
        (
            "historical and current again",
            vec![Import(day, &[("status", "old")], &["granted sample.A-1", "historical"]), Import(later, &[], ANEW)],
            Superseded,
        ),
        (
            "revoked and current again",
            vec![
                Import(day, &[("status", "gone")], &["granted sample.A-1", "withdrawn"]),
                Import(later, &[], &["granted sample_2.A-1"]),
            ],
            Withdrawn,
        ),
        (
            "revoked and then called historical",
            vec![
                Import(day, &[("status", "gone")], &["granted sample.A-1", "withdrawn"]),
                Refused(later, &[("status", "old")], "cannot-follow"),
            ],
            Withdrawn,
        ),
        ("another level", vec![Import(day, &[], GRANT), Import(later, &[("level", "2")], ANEW)], Superseded),
        ("another holder's name", vec![Import(day, &[], GRANT), Import(later, &[("holder", "New")], ANEW)], Superseded),
        (
            "another holder",
            vec![
                Import(day, &[("uei", "YNDUZMUZF8H8")], GRANT),
                Import(later, &[("uei", "V6QLDTQZ7ZF7")], &["granted sample_2.A-1", "historical"]),
            ],
            Historical,
        ),
        (
            "three editions",
            vec![
                Import(day, &[], GRANT),
                Import(later, &[("level", "2")], ANEW),
                Import(last, &[], &["granted sample_3.A-1", "superseded"]),
            ],
            Superseded,
        ),
        (
            "archived since a day that is past",
            vec![Import(day, &[("archived", "2025-05-05")], &["granted sample.A-1", "historical"])],
            Historical,
        ),
        ("archived on a day to come", vec![Import(day, &[("archived", "2029-05-05")], GRANT)], Granted),
        (
            "maintained later",
            vec![
                Import(day, &[], GRANT),
                Import(later, &[("maintained", "2025-05-05"), ("build", "b2")], &["scope-extended"]),
            ],
            Granted,
        ),
        (
            "maintained when it was over already",
            vec![
                Import(day, &[("status", "old")], &["granted sample.A-1", "historical"]),
                Refused(later, &[("status", "old"), ("maintained", "2025-05-05"), ("build", "b2")], "cannot-follow"),
            ],
            Historical,
        ),
        (
            "expired, then revoked",
            vec![
                Import(day, &[("until", "2026-02-01")], GRANT),
                Expire,
                Import(later, &[("until", "2026-02-01")], &[]),
                Import(last, &[("until", "2026-02-01"), ("status", "gone")], &["historical", "withdrawn"]),
            ],
            Withdrawn,
        ),
        (
            "expired, then renewed, and maintained since",
            vec![
                Import(day, &[("until", "2026-02-01")], GRANT),
                Expire,
                Import(last, &[("maintained", "2026-03-01"), ("build", "b2")], &["renewed", "scope-extended"]),
            ],
            Granted,
        ),
        (
            "expired while it rested",
            vec![
                Import(day, &[("until", "2026-02-01"), ("status", "resting")], &["granted sample.A-1", "suspended"]),
                Import(later, &[("until", "2026-02-01")], &[]),
            ],
            Suspended,
        ),
        ("expired and nothing else", vec![Import(day, &[("until", "2026-02-01")], GRANT), Expire], Expired),
    ]
}

#[test]
fn the_register_follows_the_list() {
    let mapping = sample();
    for (name, steps, state) in stories() {
        let mut world = World::new();
        for (number, step) in steps.into_iter().enumerate() {
            let story = format!("{name}, step {}", number + 1);
            match step {
                Expire => world.expire("sample.A-1"),
                Import(day, columns, expected) => {
                    let plan = world.import(&list(&[row(columns)]), &mapping, &fetched(day));
                    let said: Vec<_> = words(&plan).into_iter().filter(|word| !word.ends_with("published")).collect();
                    assert_eq!(said, expected, "{story}");
                    assert_eq!(reasons(&plan), [], "{story}");
                }
                Refused(day, columns, reason) => {
                    let plan = world.import(&list(&[row(columns)]), &mapping, &fetched(day));
                    assert!(plan.claims.is_empty(), "{story}");
                    assert_eq!(reasons(&plan), [(reason, 1)], "{story}");
                }
            }
        }
        assert_eq!(world.verdict("sample.A-1").now.state.name(), state, "{name}");
    }
}

#[test]
fn the_first_import_publishes_the_scheme_once_and_says_where_everything_comes_from() {
    let mut world = World::new();
    let plan = world.import(&list(&[row(&[]), row(&[("id", "A-2")])]), &sample(), &fetched("2026-01-10"));
    assert_eq!(words(&plan), ["document-published", "scheme-published", "granted sample.A-1", "granted sample.A-2"]);
    let verdict = world.verdict("sample.A-2");
    let Provenance::Transcribed(transcription) = &verdict.terms.provenance else { panic!("decided") };
    assert_eq!(transcription.list.as_str(), "Sample list");
    assert_eq!(transcription.source.as_str(), "https://list.example/");
    assert_eq!(transcription.retrieved.to_string(), "2026-01-10");
    assert_eq!(transcription.row.as_str(), "A-2");
    assert_eq!(transcription.issued_by.as_ref().unwrap().as_str(), "B");
    assert_eq!(transcription.status_at_source.as_ref().unwrap().as_str(), "ok");
    assert_eq!(verdict.terms.supplier.id.to_string(), "local:sample:A-2");
    assert_eq!(verdict.terms.supplier.country, None, "what the list does not state is left out");
}

#[test]
fn what_the_list_dates_is_dated_so_in_history() {
    let mut world = World::new();
    let rows = [
        row(&[("archived", "2025-05-05"), ("maintained", "2021-01-01"), ("build", "b2")]),
        row(&[("archived", "2025-05-05"), ("maintained", "2022-01-01"), ("build", "b3")]),
        row(&[("archived", "2025-05-05")]),
    ];
    let plan = world.import(&list(&rows), &sample(), &fetched("2026-01-10"));
    let counts = plan.accounts.counts();
    assert_eq!((counts.rows, counts.verdicts, counts.history), (3, 1, 2));
    let verdict = world.verdict("sample.A-1");
    let effective: Vec<_> = verdict.history.iter().map(|item| item.effective.to_string()).collect();
    let days = ["2020-01-01", "2021-01-01", "2022-01-01", "2025-05-05"].map(|day| format!("{day}T00:00:00Z"));
    assert_eq!(effective, days);
    assert_eq!(verdict.now.scope.as_str(), "Thing; maintained 2021-01-01: b2; maintained 2022-01-01: b3");
}

#[test]
fn an_interrupted_import_goes_on_where_it_stopped() {
    let mapping = sample();
    let file = list(&[row(&[("status", "gone"), ("maintained", "2021-01-01"), ("build", "b2")])]);
    let whole = register(&*file, &mapping, &fetched("2026-01-10"), &World::new().register).unwrap();
    for stop in 0..=whole.claims.len() {
        let mut world = World::new();
        world.submit(&whole.claims[..stop]);
        let rest = register(&*file, &mapping, &fetched("2026-02-10"), &world.register).unwrap();
        let ids =
            |claims: &[crate::import::Planned]| claims.iter().map(|planned| planned.jti.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&rest.claims), ids(&whole.claims[stop..]), "after {stop} statements");
        world.submit(&rest.claims);
    }
}

#[test]
fn a_verdict_that_a_body_decided_is_never_touched() {
    let mut world = World::new();
    let mapping = sample();
    world.import(&list(&[row(&[])]), &mapping, &fetched("2026-01-10"));
    let mut decided = (*world.verdict("sample.A-1").terms).clone();
    decided.verdict = "sample.A-9".parse().unwrap();
    decided.provenance = Provenance::Decided;
    // Put there directly: how a body gets it there does not matter here.
    let mut record = (*world.verdict("sample.A-1")).clone();
    record.terms = Arc::new(decided);
    world.register.insert(conformity::Record::Verdict(Arc::new(record)));
    let plan = world.import(&list(&[row(&[("id", "A-9"), ("level", "2")])]), &mapping, &fetched("2026-01-10"));
    assert_eq!(reasons(&plan), [("id-taken", 1)]);
    assert!(plan.claims.is_empty());
}

#[test]
fn the_file_may_say_the_status_of_its_rows() {
    let mut world = World::new();
    let text =
        super::world::SAMPLE.lines().filter(|line| !line.starts_with("status = ")).collect::<Vec<_>>().join("\n");
    let mapping = crate::import::Mapping::parse(&text).unwrap();
    let occasion = crate::import::Occasion {
        status: Some("historical".parse().unwrap()),
        source: Some("https://mirror.example/".parse().unwrap()),
        ..fetched("2026-01-10")
    };
    let plan = world.import(&list(&[row(&[])]), &mapping, &occasion);
    assert_eq!(words(&plan).last().unwrap(), "historical");
    let Provenance::Transcribed(transcription) = &world.verdict("sample.A-1").terms.provenance else {
        panic!("decided")
    };
    assert_eq!(transcription.source.as_str(), "https://mirror.example/");
    assert_eq!(transcription.status_at_source.as_ref().unwrap().as_str(), "historical");
}

#[test]
fn a_scheme_that_the_register_holds_is_kept_as_long_as_the_verdicts_fit_it() {
    let mut world = World::new();
    world.import(&list(&[row(&[])]), &sample(), &fetched("2026-01-10"));
    let other_words = super::world::SAMPLE.replace("title = \"Sample\"", "title = \"Sample scheme\"");
    let plan = world.import(
        &list(&[row(&[("id", "A-2")])]),
        &crate::import::Mapping::parse(&other_words).unwrap(),
        &fetched("2026-01-10"),
    );
    assert_eq!(words(&plan), ["granted sample.A-2"]);

    let other_levels = super::world::SAMPLE
        .replace(
            "{ code = \"1\", name = \"One\" }",
            "{ code = \"1\", name = \"One\" }, { code = \"3\", name = \"Three\" }",
        )
        .replace("{ P = \"1\" }", "{ P = \"3\" }");
    let mapping = crate::import::Mapping::parse(&other_levels).unwrap();
    let error =
        register(&*list(&[row(&[("id", "A-3")])]), &mapping, &fetched("2026-01-10"), &world.register).unwrap_err();
    assert!(error.to_string().contains("3 is not a level of the scheme"), "{error}");
}

#[test]
fn accounts_say_what_is_new_changed_and_unchanged() {
    let mut world = World::new();
    let mapping = sample();
    let ids = ["A-1", "A-2", "A-3"];
    world.import(
        &list(&ids[..2].iter().map(|id| row(&[("id", id)])).collect::<Vec<_>>()),
        &mapping,
        &fetched("2026-01-10"),
    );
    let rows = [row(&[("id", "A-1")]), row(&[("id", "A-2"), ("level", "2")]), row(&[("id", "A-3")])];
    let plan = world.import(&list(&rows), &mapping, &fetched("2026-02-10"));
    let effects: Vec<_> = plan
        .accounts
        .iter()
        .map(|account| match &account.became {
            crate::import::Became::Verdict { effect, .. } => *effect,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(effects, [Effect::Unchanged, Effect::Changed, Effect::New]);
    let counts = plan.accounts.counts();
    assert_eq!((counts.unchanged, counts.changed, counts.new), (1, 1, 1));
    let grants = plan.claims.iter().filter(|planned| matches!(planned.claim, Claim::VerdictGranted(_))).count();
    assert_eq!(grants, 2);
    assert!(Facts::verdict(&world.register, &"sample_2.A-2".parse().unwrap()).is_some());
}
