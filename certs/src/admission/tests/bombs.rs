//! What anybody may send in a handshake, as many certificates as fit, of which each could have issued each; and what may be put among
//! the CAs by mistake.

use conformity::ids::Origin;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

use super::*;
use crate::holder::Window;
use crate::profile::{self, calendar};
use crate::serial::Serial;

/// As much as rustls takes of one message.
const HANDSHAKE: usize = 0xffff;

/// A certificate below "maze", and as many CAs called "maze" as fit, each with so many extensions, none of which leads
/// anywhere. rustls-webpki goes 200,000 steps among them, and reads all of them at each.
pub(crate) fn maze(extensions: u64) -> Vec<CertificateDer<'static>> {
    let key = KeyPair::generate().unwrap();
    let params = named("maze");
    let maze = Issuer::from_params(&params, &key);
    let leaf = CertificateParams::new([]).unwrap().signed_by(&KeyPair::generate().unwrap(), &maze).unwrap();
    let mut ca = named("maze");
    ca.custom_extensions = (0..extensions).map(|arc| CustomExtension::from_oid_content(&[1, 2, arc], vec![])).collect();
    let mut chain = vec![CertificateDer::from(leaf)];
    let mut size = chain[0].len();
    while size < HANDSHAKE {
        let one = ca.signed_by(&KeyPair::generate().unwrap(), &maze).unwrap();
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
    let chain = maze(0);
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
    let leaf = client(&params, &ca_key);
    let admission = Admission::new(&[ca], &[], CLIENTS).unwrap();
    assert_eq!(admission.issued(&leaf, None, UnixTime::now()), Ok(()), "all else is right");
    assert_eq!(admission.admits(&leaf, UnixTime::now()), Err(CertificateError::UnknownRevocationStatus));
}

/// A leaf for clients, of whom nothing else is asked here than who issued it.
fn client(ca: &CertificateParams, key: &KeyPair) -> CertificateDer<'static> {
    let mut client = CertificateParams::new([]).unwrap();
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    client.signed_by(&KeyPair::generate().unwrap(), &Issuer::from_params(ca, key)).unwrap().into()
}

/// rustls-webpki asks for the time of what a CA issued, and not for that of the CA.
#[test]
fn a_ca_is_believed_from_its_first_second_to_its_last() {
    let key = KeyPair::generate().unwrap();
    let mut params = named("ours");
    let [from, until] = [1_700_000_000, 1_800_000_000];
    params.not_before = calendar!(Timestamp::from_second(from).unwrap());
    params.not_after = calendar!(Timestamp::from_second(until).unwrap());
    let ca = CertificateDer::from(params.self_signed(&key).unwrap());
    // rcgen's own dates, from 1975 to 4096, are the leaf's.
    let leaf = client(&params, &key);
    let admission = Admission::new(&[ca], &[], CLIENTS).unwrap();
    let stranger = Err(CertificateError::UnknownIssuer);
    let rows =
        [(from - 1, stranger.clone()), (from, Ok(())), (until - 1, Ok(())), (until, Ok(())), (until + 1, stranger)];
    for (at, expected) in rows {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at.try_into().unwrap()));
        assert_eq!(admission.issued(&leaf, None, at), expected, "{at:?}");
    }
}

/// Each CA of the authority in the file of those of parties: it lets in none but what the parties CA issued.
#[test]
fn a_ca_for_something_else_lets_in_nobody() {
    let origin: Origin = "jp.registry.example".parse().unwrap();
    let window = Window { from: Timestamp::UNIX_EPOCH, until: "2046-01-01T00:00:00Z".parse().unwrap() };
    let (now, key) = (UnixTime::now(), KeyPair::generate().unwrap());
    let signed = |params: &CertificateParams| CertificateDer::from(params.self_signed(&key).unwrap());
    let issuing = |branch| profile::issuing(branch, 1, &origin, Serial::random().unwrap(), window);
    let parties = issuing(Branch::Parties);
    let leaf = client(&parties, &key);
    let admission = Admission::new(&[signed(&parties)], &[], CLIENTS).unwrap();
    assert_eq!(admission.issued(&leaf, None, now), Ok(()));
    for other in [Branch::Servers, Branch::Signing] {
        let why = Admission::new(&[signed(&issuing(other))], &[], CLIENTS).unwrap_err();
        assert!(why.contains("is for something else"), "{other:?}: {why}");
    }
    let root = profile::root(&origin, Serial::random().unwrap(), window);
    let admission = Admission::new(&[signed(&root)], &[], CLIENTS).unwrap();
    assert_eq!(admission.issued(&leaf, None, now), Err(CertificateError::UnknownIssuer), "nothing stands between");
}

/// What must be understood and is not is no reason to believe.
#[test]
fn a_ca_with_a_critical_extension_that_is_not_enforced_is_refused() {
    // Policy constraints, which x509-parser reads and nothing here enforces.
    let mut policies = CustomExtension::from_oid_content(&[2, 5, 29, 36], vec![0x30, 0x03, 0x80, 0x01, 0x00]);
    for critical in [false, true] {
        policies.set_criticality(critical);
        let mut params = named("ours");
        params.custom_extensions = vec![policies.clone()];
        let der = CertificateDer::from(params.self_signed(&KeyPair::generate().unwrap()).unwrap());
        assert_eq!(Admission::new(&[der], &[], CLIENTS).is_err(), critical);
    }
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
