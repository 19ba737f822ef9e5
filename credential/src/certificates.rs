//! Certificates that a credential carries in `x5c`, for verifiers who live by lists of X.509 roots.
//!
//! ```text
//! x5c[0]: the key that signed; its one URI is spiffe://<origin>/<role>/<party> of the issuer
//!   └─ x5c[1..] ─▶ a root that the log names at that entry, every certificate for signing documents and valid at the entry's time
//! ```
//!
//! In scope: whether such a chain may stand in the log, by the log alone: the register at that entry, and the entry's time. The same
//! function answers at intake, at every replay, to whoever follows the log and in a bundle. Path validation (RFC 5280) is
//! rustls-webpki's; names are read by x509-parser. Out of scope: the form of `x5c`, see [`ledger::jws`], and CRLs: no log holds one, and
//! what a key signs ends with the key, which the log says.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use conformity::decide::Place;
use conformity::digest::Digest;
use conformity::key::{Der, Jwk, KeyId};
use conformity::party::certificate_uri;
use conformity::records::Facts;
use conformity::refusal::Refusal;
use conformity::statement::Statement;
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, aws_lc_rs};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_SIG_ED25519};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

/// `id-kp-documentSigning` (RFC 9336), the contents of the object identifier 1.3.6.1.5.5.7.3.36.
const DOCUMENT_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x24];

/// Named one by one: what a log may hold must not depend on how a program was built.
static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    aws_lc_rs::ECDSA_P256_SHA256,
    aws_lc_rs::ECDSA_P256_SHA384,
    aws_lc_rs::ECDSA_P384_SHA256,
    aws_lc_rs::ECDSA_P384_SHA384,
    aws_lc_rs::ED25519,
];

/// The roots, by the SHA-256 of their certificates, to which the certificates of a statement at its place lead; nothing where it
/// carries none. `facts` are those before its entry.
///
/// # Errors
/// The first rule that the certificates break.
pub fn check<F: Facts>(
    facts: &F,
    statement: &Statement,
    place: &Place<'_>,
    certificates: &[Bytes],
) -> Result<BTreeSet<Digest>, Refusal> {
    let Some(leaf) = certificates.first() else { return Ok(BTreeSet::new()) };
    let at = place.at;
    names_issuer(facts, statement, &place.kid, leaf)?;
    for (place, der) in certificates.iter().enumerate() {
        is_valid(&read(der, place)?, at)?;
    }
    let genesis = facts.genesis().ok_or(Refusal::NoGenesis)?;
    let mut because = String::new();
    let mut found = BTreeSet::new();
    for root in genesis.trusted_roots() {
        match leads(certificates, &root, at) {
            Ok(()) => {
                is_valid(&read(root.as_bytes(), certificates.len())?, at)?;
                found.insert(Digest::of(root.as_bytes()));
            }
            Err(error) => because = error.to_string(),
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let retired = genesis.ca_roots.iter().filter(|one| one.retired.is_some());
    match retired.map(|one| &one.root).find(|root| leads(certificates, root, at).is_ok()) {
        Some(root) => Err(Refusal::CertificateOfRetiredRoot { root: Digest::of(root.as_bytes()) }),
        None => Err(Refusal::CertificateWithoutRoot { because }),
    }
}

/// The first certificate is of the key that signed, and names the issuer and nobody else.
fn names_issuer<F: Facts>(facts: &F, statement: &Statement, kid: &KeyId, leaf: &[u8]) -> Result<(), Refusal> {
    let leaf = read(leaf, 0)?;
    if key(leaf.public_key()).is_none_or(|jwk| jwk.thumbprint() != *kid) {
        return Err(Refusal::CertificateOfOtherKey { kid: *kid });
    }
    let issuer = facts.party(&statement.iss).ok_or_else(|| Refusal::UnknownIssuer { iss: statement.iss.clone() })?;
    let expected = certificate_uri(&statement.aud, issuer.party.role, &statement.iss);
    let uris = uris(&leaf).ok_or(Refusal::CertificateUnreadable { place: 0 })?;
    if uris == [expected.as_str()] { Ok(()) } else { Err(Refusal::CertificateOfOtherParty { expected }) }
}

fn read(der: &[u8], place: usize) -> Result<X509Certificate<'_>, Refusal> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Refusal::CertificateUnreadable { place }),
    }
}

/// The key, if it is of a kind that signs statements.
fn key(info: &SubjectPublicKeyInfo<'_>) -> Option<Jwk> {
    let (algorithm, bytes) = (&info.algorithm, &*info.subject_public_key.data);
    if algorithm.algorithm == OID_SIG_ED25519 {
        return Some(Jwk::Ed25519 { x: bytes.try_into().ok()? });
    }
    let curve = algorithm.parameters.as_ref()?.as_oid().ok()?;
    if algorithm.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY || curve != OID_EC_P256 {
        return None;
    }
    // An uncompressed point (SEC 1, 2.3.3).
    let (x, y) = bytes.strip_prefix(&[4])?.split_at_checked(32)?;
    Some(Jwk::P256 { x: x.try_into().ok()?, y: y.try_into().ok()? })
}

/// Every URI among its names; nothing where a name cannot be read.
fn uris<'a>(certificate: &'a X509Certificate<'_>) -> Option<Vec<&'a str>> {
    let Some(names) = certificate.subject_alternative_name().ok()? else { return Some(Vec::new()) };
    let mut uris = Vec::new();
    for name in &names.value.general_names {
        match name {
            GeneralName::URI(uri) => uris.push(*uri),
            GeneralName::Invalid(..) => return None,
            _ => {}
        }
    }
    Some(uris)
}

fn is_valid(certificate: &X509Certificate<'_>, at: Timestamp) -> Result<(), Refusal> {
    let (validity, second) = (certificate.validity(), at.as_second());
    let within = (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&second);
    if within { Ok(()) } else { Err(Refusal::CertificateNotValidThen { at }) }
}

/// Whether a path leads to this root.
fn leads(certificates: &[Bytes], root: &Der, at: Timestamp) -> Result<(), webpki::Error> {
    let chain: Vec<CertificateDer<'_>> = certificates.iter().map(|der| CertificateDer::from(&der[..])).collect();
    let Some((leaf, others)) = chain.split_first() else { return Err(webpki::Error::UnknownIssuer) };
    let root = CertificateDer::from(root.as_bytes());
    let anchors = [anchor_from_trusted_cert(&root)?];
    let time = UnixTime::since_unix_epoch(Duration::from_secs(at.as_second().try_into().unwrap_or_default()));
    let usage = KeyUsage::required(DOCUMENT_SIGNING);
    EndEntityCert::try_from(leaf)?.verify_for_usage(ALGORITHMS, &anchors, others, time, usage, None, None).map(drop)
}
