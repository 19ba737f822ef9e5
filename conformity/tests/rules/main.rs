//! The rules of the registry, a row per reason.
//!
//! Each table says in a sentence what somebody tries and which refusal answers. `every_reason_has_a_row` holds the tables
//! to the list of all refusals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test must stop")]
#![allow(clippy::too_many_lines)] // tables, a row per case

mod acceptances;
mod accreditation;
mod agreements;
mod arrangements;
mod as_of;
mod basis;
mod bulletins;
mod ca_roots;
mod cascades;
mod changing;
mod closings;
mod compromise;
mod confirmations;
mod consents;
mod coverage;
mod credentials;
mod crosswalks;
mod declarations;
mod entitlement;
mod envelope;
mod erasure;
mod examples;
mod following;
mod granting;
mod handles;
mod history;
mod hosting;
mod lifecycle;
mod log_keys;
mod overlay;
mod parsing;
mod parties;
mod peers;
mod persons;
mod profiles;
mod properties;
mod recognitions;
mod recommendations;
mod reports;
mod roundtrip;
mod silent;
mod specification;
mod successions;
mod surveillance;
mod usurpers;
mod world;

use std::collections::BTreeSet;

use conformity::refusal::Refusal;
use world::Row;

fn tables() -> Vec<Row> {
    [
        envelope::rows(),
        log_keys::rows(),
        ca_roots::rows(),
        persons::rows(),
        hosting::rows(),
        parties::rows(),
        handles::rows(),
        compromise::rows(),
        crosswalks::rows(),
        bulletins::rows(),
        profiles::rows(),
        accreditation::rows(),
        successions::rows(),
        closings::rows(),
        granting::rows(),
        changing::rows(),
        declarations::rows(),
        confirmations::rows(),
        credentials::rows(),
        consents::rows(),
        reports::rows(),
        cascades::rows(),
        acceptances::rows(),
        arrangements::rows(),
        peers::rows(),
        recognitions::rows(),
        erasure::rows(),
        surveillance::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn each_attempt_is_refused_for_its_reason() {
    let mut wrong = Vec::new();
    for row in tables() {
        let mut world = world::World::furnished();
        match (row.attempt)(&mut world) {
            Err(refusal) if refusal.code() == row.code => {}
            Err(refusal) => wrong.push(format!("{}: {} instead of {}: {refusal}", row.why, refusal.code(), row.code)),
            Ok(_) => wrong.push(format!("{}: allowed, should be {}", row.why, row.code)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_reason_has_a_row() {
    let tried: BTreeSet<_> = tables().into_iter().map(|row| row.code).collect();
    let mut known: BTreeSet<_> = Refusal::CODES.iter().copied().collect();
    assert_eq!(known.len(), Refusal::CODES.len(), "two refusals share a code");
    // What certificates break, their reader says: credential/tests/bundle/certificates.rs has a row for each.
    known.retain(|code| !code.starts_with("x5c-"));
    let untried: Vec<_> = known.difference(&tried).collect();
    assert!(untried.is_empty(), "no row provokes {untried:?}");
}

#[test]
fn a_refusal_says_what_and_whose_it_is() {
    for row in tables() {
        let mut world = world::World::furnished();
        let refusal = (row.attempt)(&mut world).unwrap_err();
        let text = refusal.to_string();
        assert!(text.len() > 20 && !text.ends_with('.'), "{}: {text}", refusal.code());
        let _ = refusal.blame();
    }
}
