//! Certification requests (PKCS #10): what a party or a peer sends so that its key never leaves its house.
//!
//! In scope: that the sender holds the key, and the key itself. Out of scope: everything else a request says. Names,
//! dates and extensions in it are not even looked at; the authority sets its own.

use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, KeyPair, SubjectPublicKeyInfo};
use rustls::pki_types::CertificateSigningRequestDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_SIG_ED25519};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo as Key;
use zeroize::Zeroizing;

use crate::files::{self, FileError};

/// The most bytes of a request that are looked at.
const LARGEST: usize = 16 << 10;

/// What the sender of a request got wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Too many bytes.
    #[error("the request has {0} bytes, the most is {LARGEST}")]
    TooLarge(usize),
    /// No request in it.
    #[error("this is no certification request: send one in PEM, beginning with BEGIN CERTIFICATE REQUEST, or in DER")]
    Malformed,
    /// The signature is not by the key inside.
    #[error("the request is not signed by the key inside it: whoever sent it did not show that it holds the key")]
    NoPossession,
    /// A key of another kind.
    #[error("the key in the request must be P-256, P-384 or Ed25519")]
    KeyKind,
}

/// A public key whose holder proved to hold the private one.
#[derive(Debug, Clone)]
pub struct Possession {
    pub(crate) key: SubjectPublicKeyInfo,
}

impl Possession {
    /// Reads a request, PEM or DER, and keeps nothing of it but the key.
    ///
    /// # Errors
    /// The sender did not prove to hold the key, or it is of a kind that we do not certify.
    pub fn prove(request: &[u8]) -> Result<Self, RequestError> {
        if request.len() > LARGEST {
            return Err(RequestError::TooLarge(request.len()));
        }
        let der = if request.trim_ascii_start().starts_with(b"-----") {
            CertificateSigningRequestDer::from_pem_slice(request).map_err(|_| RequestError::Malformed)?
        } else {
            CertificateSigningRequestDer::from(request)
        };
        Self::from_der(&der)
    }

    fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        let Ok(([], request)) = X509CertificationRequest::from_der(der) else {
            return Err(RequestError::Malformed);
        };
        let key = &request.certification_request_info.subject_pki;
        if !is_admitted(key) {
            return Err(RequestError::KeyKind);
        }
        request.verify_signature().map_err(|_| RequestError::NoPossession)?;
        SubjectPublicKeyInfo::from_der(key.raw).map(|key| Self { key }).map_err(|_| RequestError::KeyKind)
    }
}

/// A new key and the request that proves possession of it: what the holder of a future certificate prepares.
#[derive(Debug)]
pub struct Application {
    /// The private key, PKCS #8 in PEM. It stays where it was made.
    pub key_pem: Zeroizing<String>,
    /// The request, in PEM. It goes to the registry.
    pub request_pem: String,
}

impl Application {
    /// A fresh P-256 key and its request. The subject is left empty: the issuer names the holder.
    ///
    /// # Errors
    /// The cryptographic library failed.
    pub fn new() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        Ok(Self { request_pem: params.serialize_request(&key)?.pem()?, key_pem: Zeroizing::new(key.serialize_pem()) })
    }

    /// Writes the key, which must not exist yet, for its owner only; then the request.
    ///
    /// # Errors
    /// There is a key already, or a file cannot be written.
    pub fn write(&self, key: &Path, request: &Path) -> Result<(), FileError> {
        files::create_private(key, self.key_pem.as_bytes())?;
        files::replace(request, self.request_pem.as_bytes())
    }
}

fn is_admitted(key: &Key<'_>) -> bool {
    let algorithm = &key.algorithm;
    if algorithm.algorithm == OID_SIG_ED25519 {
        return algorithm.parameters.is_none();
    }
    let curve = algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY
        && curve.is_some_and(|curve| curve == OID_EC_P256 || curve == OID_NIST_EC_P384)
}
