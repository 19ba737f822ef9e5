//! A hostile server's certificates, and how many an honest one may send.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::{Duration, Instant};

use super::*;
use crate::admission::tests::{self as limbo, bombs};
use crate::refusal::CertificateRefusal;

/// What comes of a chain, and how long it took.
fn asked(bounded: &Bounded, chain: &[CertificateDer<'_>], name: &str, at: UnixTime) -> (Result<(), String>, Duration) {
    let begun = Instant::now();
    let outcome = bounded.verify_server_cert(&chain[0], &chain[1..], &name.to_owned().try_into().unwrap(), &[], at);
    let taken = begun.elapsed();
    let why = |error| {
        let Error::InvalidCertificate(why) = error else { panic!("it is about the certificate: {error}") };
        CertificateRefusal::from(&why).to_string()
    };
    (outcome.map(drop).map_err(why), taken)
}

/// Few certificates full of extensions are as much to read as many.
#[test]
fn a_maze_of_certificates_is_not_entered_and_a_short_one_is_left_soon() {
    let mut roots = RootCertStore::empty();
    roots.add(bombs::ca()).unwrap();
    let bounded = Bounded::new(Arc::new(roots)).unwrap();
    let [many, large, full] = [0, 1_000, 350].map(bombs::maze);
    let fits = |chain: &[CertificateDer<'_>]| chain[1..].iter().map(|one| one.len()).sum::<usize>() <= LARGEST;
    assert!(!fits(&large[..=MOST]) && fits(&full[..=MOST]));
    let rows = [
        (&many[..], true),
        (&many[..=MOST + 1], true),
        (&large[..=MOST], true),
        (&many[..=MOST], false),
        (&full[..=MOST], false),
    ];
    for (chain, refused) in rows {
        let (outcome, taken) = asked(&bounded, chain, "localhost", UnixTime::now());
        let why = outcome.unwrap_err();
        assert_eq!(why.contains("the most are"), refused, "{}: {why}", chain.len());
        assert!(taken < Duration::from_secs(1), "{} took {taken:?}", chain.len());
    }
}

/// Servers of the web are believed, and no chain of the corpus takes long, whatever it was made to do.
#[test]
fn servers_of_limbo_are_judged_soon() {
    let Some(cases) = limbo::corpus() else { return };
    let mut online = 0;
    for case in cases.iter().filter(|case| case["validation_kind"] == "SERVER") {
        let mut roots = RootCertStore::empty();
        let (_, unfit) = roots.add_parsable_certificates(limbo::certificates(&case["trusted_certs"]));
        if unfit > 0 || roots.is_empty() {
            continue; // a client with such a root does not start
        }
        let mut chain = limbo::certificates(&serde_json::json!([case["peer_certificate"]]));
        chain.extend(limbo::certificates(&case["untrusted_intermediates"]));
        let name = case["expected_peer_name"]["value"].as_str().unwrap_or("localhost");
        let (id, bounded) = (&case["id"], Bounded::new(Arc::new(roots)).unwrap());
        let (outcome, taken) = asked(&bounded, &chain, name, limbo::time(case));
        assert!(taken < Duration::from_secs(1), "{id} took {taken:?}");
        if id.as_str().unwrap().starts_with("online::") {
            assert_eq!(outcome, Ok(()), "{id}");
            online += 1;
        }
    }
    assert_eq!(online, 14);
}
