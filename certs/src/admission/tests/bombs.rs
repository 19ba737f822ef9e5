//! What anybody may send in a handshake: as many certificates as fit, of which each could have issued each.

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::*;

/// As much as rustls takes of one message.
const HANDSHAKE: usize = 0xffff;

/// A certificate below "maze", and as many CAs called "maze" as fit, none of which leads anywhere. rustls-webpki goes
/// 200,000 steps among them, and reads all of them at each.
pub(crate) fn maze() -> Vec<CertificateDer<'static>> {
    let key = KeyPair::generate().unwrap();
    let params = named("maze");
    let maze = Issuer::from_params(&params, &key);
    let leaf = CertificateParams::new([]).unwrap().signed_by(&KeyPair::generate().unwrap(), &maze).unwrap();
    let mut chain = vec![CertificateDer::from(leaf)];
    let mut size = chain[0].len();
    while size < HANDSHAKE {
        let one = named("maze").signed_by(&KeyPair::generate().unwrap(), &maze).unwrap();
        size += one.der().len() + 5;
        chain.push(one.into());
    }
    chain.pop();
    chain
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A CA that let in somebody.
pub(crate) fn ca() -> CertificateDer<'static> {
    named("ours").self_signed(&KeyPair::generate().unwrap()).unwrap().into()
}

#[test]
fn a_maze_of_certificates_is_not_entered() {
    let chain = maze();
    assert!(chain.len() > 100, "{}", chain.len());
    let admission = Admission::new(&[ca()], &[], CLIENTS).unwrap();
    let begun = Instant::now();
    let outcome = admission.verify_client_cert(&chain[0], &chain[1..], UnixTime::now());
    let taken = begun.elapsed();
    assert!(outcome.is_err());
    assert!(taken < Duration::from_secs(1), "it took {taken:?}");
}

/// Who has no CRL knows nothing, and lets in nobody; who has a CRL of another CA neither.
#[test]
fn without_a_list_nobody_comes_in() {
    let ca_key = KeyPair::generate().unwrap();
    let params = named("ours");
    let ca = CertificateDer::from(params.self_signed(&ca_key).unwrap());
    let mut client = CertificateParams::new([]).unwrap();
    client.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let leaf = client.signed_by(&KeyPair::generate().unwrap(), &Issuer::from_params(&params, &ca_key)).unwrap();
    let admission = Admission::new(&[ca], &[], CLIENTS).unwrap();
    assert_eq!(admission.issued(leaf.der(), None, UnixTime::now()), Ok(()), "all else is right");
    assert_eq!(admission.admits(leaf.der(), UnixTime::now()), Err(CertificateError::UnknownRevocationStatus));
}

/// What is put among the CAs by mistake becomes none.
#[test]
fn a_certificate_that_is_no_ca_is_not_made_one() {
    let mut without = named("ours");
    without.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let mut leaf = named("ours");
    leaf.is_ca = IsCa::ExplicitNoCa;
    for params in [without, leaf] {
        let der = CertificateDer::from(params.self_signed(&KeyPair::generate().unwrap()).unwrap());
        assert!(Admission::new(&[der], &[], CLIENTS).is_err());
    }
}
