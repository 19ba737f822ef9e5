//! A hostile server's certificates, and how many an honest one may send.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::{Duration, Instant};

use super::*;
use crate::admission::tests::bombs;
use crate::refusal::CertificateRefusal;

#[test]
fn a_maze_of_certificates_is_not_entered_and_a_short_one_is_left_soon() {
    let mut roots = RootCertStore::empty();
    roots.add(bombs::ca()).unwrap();
    let bounded = Bounded::new(Arc::new(roots)).unwrap();
    let chain = bombs::maze();
    for (besides, many) in [(chain.len() - 1, true), (MOST + 1, true), (MOST, false)] {
        let begun = Instant::now();
        let name = "localhost".try_into().unwrap();
        let outcome = bounded.verify_server_cert(&chain[0], &chain[1..=besides], &name, &[], UnixTime::now());
        let taken = begun.elapsed();
        let Error::InvalidCertificate(why) = outcome.unwrap_err() else { panic!("it is about the certificate") };
        let why = CertificateRefusal::from(&why).to_string();
        assert_eq!(why.contains("the most are"), many, "{besides}: {why}");
        assert!(taken < Duration::from_secs(1), "{besides} took {taken:?}");
    }
}
