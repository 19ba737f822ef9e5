//! The door's own function against x509-limbo, every deviation in `limbo.tsv`, and against bombs.
//!
//! The corpus holds certificates of servers, signed by keys that nobody has: what they are for is the one thing that is
//! set otherwise here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

use super::*;
use crate::holder::Branch;
use crate::public::PublicFolder;
use crate::refusal::CertificateRefusal;
use crate::revocation::RevocationList;

pub(crate) mod bombs;

/// `id-kp-serverAuth`.
const SERVERS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

/// What the corpus calls what we call refused.
const FAILURE: &str = "FAILURE";

/// What refuses every case in which a certificate stands between, whatever the case is about.
const STRANGER: &str = "certificate-issuer";

/// A case and its outcome here.
struct Outcome {
    id: String,
    expected: String,
    ours: Result<(), String>,
    too_large: bool,
}

/// A row of the table.
struct Row<'a> {
    id: &'a str,
    expected: &'a str,
    kind: &'a str,
}

impl Outcome {
    /// How it is not as the corpus has it. What is refused before what the case is about is looked at agrees with nothing.
    fn kind(&self) -> Option<&'static str> {
        match (&self.ours, self.expected == FAILURE) {
            (Ok(()), true) => Some("lenient"),
            (Err(_), false) => Some("strict"),
            (Err(why), true) if self.too_large || why == STRANGER => Some("not-judged"),
            (Ok(()), false) | (Err(_), true) => None,
        }
    }
}

/// The rows of `limbo.tsv` below its head: id, expected, how ours is, why.
fn rows() -> Vec<Row<'static>> {
    let lines = include_str!("limbo.tsv").lines().skip(1);
    let row = |line: &'static str| {
        let [id, expected, kind, why] = line.split('\t').collect::<Vec<_>>().try_into().expect("four columns");
        assert!(!why.is_empty(), "{id} has no reason");
        Row { id, expected, kind }
    };
    lines.map(row).collect()
}

fn case(case: &Value) -> Outcome {
    let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
    let too_large = leaf(case).len() > LARGEST;
    Outcome { id: text("id"), expected: text("expected_result"), ours: admitted(case), too_large }
}

pub(crate) fn certificates(pems: &Value) -> Vec<CertificateDer<'static>> {
    let one = |pem: &Value| CertificateDer::from_pem_slice(pem.as_str().unwrap().as_bytes()).unwrap();
    pems.as_array().unwrap().iter().map(one).collect()
}

fn leaf(case: &Value) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(case["peer_certificate"].as_str().unwrap().as_bytes()).unwrap()
}

/// When a case is to be judged.
pub(crate) fn time(case: &Value) -> UnixTime {
    let at: Timestamp = case["validation_time"].as_str().map_or_else(Timestamp::now, |at| at.parse().unwrap());
    UnixTime::since_unix_epoch(at.duration_since(Timestamp::UNIX_EPOCH).try_into().unwrap())
}

/// What the door says, by the words of its metrics; what cannot even be loaded is refused when the node starts.
fn admitted(case: &Value) -> Result<(), String> {
    let list = |pem: &Value| CertificateRevocationListDer::from_pem_slice(pem.as_str().unwrap().as_bytes()).unwrap();
    let cas = certificates(&case["trusted_certs"]);
    let lists: Vec<_> = case["crls"].as_array().unwrap().iter().map(list).collect();
    let purpose = if case["validation_kind"] == "CLIENT" { CLIENTS } else { SERVERS };
    let admission = Admission::new(&cas, &lists, purpose).map_err(|why| format!("at the start: {why}"))?;
    let (leaf, at) = (leaf(case), time(case));
    let outcome = if lists.is_empty() { admission.issued(&leaf, None, at) } else { admission.admits(&leaf, at) };
    outcome.map_err(|error| CertificateRefusal::from(&error).code().to_owned())
}

pub(crate) fn corpus() -> Option<Vec<Value>> {
    let data = test_data::vectors("x509/limbo/limbo-no-bettertls.json")?;
    let limbo: Value = serde_json::from_slice(&std::fs::read(data).unwrap()).unwrap();
    Some(limbo["testcases"].as_array().unwrap().clone())
}

#[test]
fn every_deviation_from_limbo_is_in_the_table_and_nothing_else_is() {
    let Some(cases) = corpus() else { return };
    let rows: BTreeMap<&str, Row<'_>> = rows().into_iter().map(|row| (row.id, row)).collect();
    let apart = |id: &str| rows.get(id).is_some_and(|row| row.kind == "not-applicable");
    let mut found = Vec::new();
    let mut ids = BTreeSet::new();
    for outcome in cases.iter().filter(|one| !apart(one["id"].as_str().unwrap())).map(case) {
        ids.insert(outcome.id.clone());
        let row = rows.get(outcome.id.as_str()).map(|row| (row.expected, row.kind));
        if row != outcome.kind().map(|kind| (outcome.expected.as_str(), kind)) {
            found.push(format!("{}\t{}\t{:?}\t{:?}", outcome.id, outcome.expected, outcome.kind(), outcome.ours));
        }
    }
    assert!(found.is_empty(), "these deviate otherwise than the table says:\n{}", found.join("\n"));
    let named = rows.keys().filter(|id| !apart(id)).all(|id| ids.contains(*id));
    assert!(named, "the table names a case that the corpus does not have");
    assert_eq!(cases.len() - ids.len(), rows.keys().filter(|id| apart(id)).count());
}

/// A refusal for a wrong reason would hide what the corpus is about.
#[test]
fn cases_are_refused_for_what_is_wrong_with_them() {
    let Some(cases) = corpus() else { return };
    let table = [
        ("crl::revoked-certificate-with-crl", "certificate-revoked"),
        ("rfc5280::validity::expired-leaf", "certificate-expired"),
        ("rfc5280::validity::not-yet-valid-1-second", "certificate-not-yet-valid"),
        ("rfc5280::eku::ee-wrong-eku", "certificate-purpose"),
        ("rfc5280::nc::permitted-dns-mismatch", "certificate-other"),
    ];
    for (id, expected) in table {
        let found = cases.iter().find(|case| case["id"] == id).unwrap();
        assert_eq!(case(found).ours, Err(expected.to_owned()), "{id}");
    }
}

/// The door reads the same file for what is revoked, and that one wants a number: without it, an old CRL could be put back.
#[test]
fn a_crl_without_a_number_is_no_list() {
    let Some(cases) = corpus() else { return };
    let case = cases.iter().find(|case| case["id"] == "crl::crlnumber-missing").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let public = PublicFolder::new(folder.path());
    std::fs::write(public.cas(Branch::Parties), case["trusted_certs"][0].as_str().unwrap()).unwrap();
    std::fs::write(public.crls(Branch::Parties), case["crls"][0].as_str().unwrap()).unwrap();
    let why = RevocationList::read(&public, &[Branch::Parties]).unwrap_err().to_string();
    assert!(why.contains("has no number"), "{why}");
}

/// Measured: a millisecond or two. A second is what anybody may cost us.
#[test]
fn no_case_of_limbo_takes_long() {
    let Some(cases) = corpus() else { return };
    for one in &cases {
        let begun = Instant::now();
        let outcome = case(one);
        let taken = begun.elapsed();
        assert!(taken < Duration::from_secs(1), "{} took {taken:?}", outcome.id);
    }
}
