//! Chains of certificates as an authority makes them, and as it never would.

use conformity::key::{Der, Jwk};
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, PublicKeyData, SanType,
    SignatureAlgorithm,
};

/// A root and an issuing CA below it.
pub(crate) struct Ca {
    root: Vec<u8>,
    issuing: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// What a leaf says.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) key: Jwk,
    pub(crate) uris: Vec<String>,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) purpose: Vec<u64>,
}

struct Key(&'static SignatureAlgorithm, Vec<u8>);

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.1
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0
    }
}

pub(crate) const DOCUMENT_SIGNING: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 36];

fn params(name: &str, from: Timestamp, until: Timestamp) -> CertificateParams {
    let at = |time: Timestamp| {
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(time.as_second().try_into().unwrap())
    };
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    (params.not_before, params.not_after) = (at(from), at(until));
    params
}

impl Ca {
    /// From 2026 to 2046.
    pub(crate) fn new() -> Self {
        Self::between("2026-01-01T00:00:00Z", "2046-01-01T00:00:00Z")
    }

    pub(crate) fn between(from: &str, until: &str) -> Self {
        let (from, until) = (from.parse().unwrap(), until.parse().unwrap());
        let key = KeyPair::generate().unwrap();
        let mut root = params("root", from, until);
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        let root_der = root.self_signed(&key).unwrap().der().to_vec();
        let root = Issuer::new(root, key);
        let key = KeyPair::generate().unwrap();
        let mut issuing =
            params("signing", "2026-01-01T00:00:00Z".parse().unwrap(), "2046-01-01T00:00:00Z".parse().unwrap());
        issuing.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        issuing.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(DOCUMENT_SIGNING.to_vec())];
        let issuing_der = issuing.signed_by(&key, &root).unwrap().der().to_vec();
        Self { root: root_der, issuing: issuing_der, issuer: Issuer::new(issuing, key) }
    }

    pub(crate) fn root(&self) -> Der {
        Der::new(&self.root).unwrap()
    }

    /// The leaf, and the CA that signed it.
    pub(crate) fn chain(&self, leaf: &Leaf) -> Vec<Der> {
        let key = match leaf.key {
            Jwk::Ed25519 { x } => Key(&rcgen::PKCS_ED25519, x.to_vec()),
            Jwk::P256 { x, y } => Key(&rcgen::PKCS_ECDSA_P256_SHA256, [&[4][..], &x, &y].concat()),
        };
        let mut params = params("leaf", leaf.from, leaf.until);
        params.is_ca = IsCa::ExplicitNoCa;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(leaf.purpose.clone())];
        for uri in &leaf.uris {
            params.subject_alt_names.push(SanType::URI(uri.as_str().try_into().unwrap()));
        }
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        vec![Der::new(leaf.der()).unwrap(), Der::new(&self.issuing).unwrap()]
    }
}
