//! Issuing CAs as files: `issuing/<branch>-<generation>.pem` and `.key`.
//!
//! In scope: finding, reading and making them. A CA whose certificate ends in `.distrusted` is kept as evidence and
//! never read. Out of scope: what they sign.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use rcgen::{CertificateParams, Issuer, KeyPair, PublicKeyData};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

use crate::authority::AuthorityError;
use crate::files::{self, reading};
use crate::holder::{Branch, Window};

/// A CA with its key in memory, for as long as it signs.
pub(crate) struct Ca {
    pub(crate) pem: String,
    pub(crate) der: CertificateDer<'static>,
    pub(crate) until: Timestamp,
    key: KeyPair,
}

/// An issuing CA of one generation of its branch.
pub(crate) struct IssuingCa {
    pub(crate) branch: Branch,
    pub(crate) generation: u32,
    pub(crate) ca: Ca,
}

impl Ca {
    /// Makes a key and, by `sign`, the certificate over it.
    pub(crate) fn make(
        sign: impl FnOnce(&KeyPair) -> Result<rcgen::Certificate, rcgen::Error>,
        window: Window,
    ) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let certificate = sign(&key)?;
        Ok(Self { pem: certificate.pem(), der: certificate.into(), until: window.until, key })
    }

    /// Reads `<stem>.pem` and `<stem>.key`, which must belong together.
    pub(crate) fn read(stem: &Path) -> Result<Self, AuthorityError> {
        let path = stem.with_extension("pem");
        let unfit = |what: &'static str| AuthorityError::Unfit { path: path.clone(), what };
        let pem = String::from_utf8(files::read(&path)?).map_err(|_| unfit("it is not PEM"))?;
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| unfit("it is not PEM"))?;
        let (until, public) = facts(&der).ok_or_else(|| unfit("it is not an X.509 certificate"))?;
        let key = read_key(&stem.with_extension("key"))?;
        if key.subject_public_key_info() != public {
            return Err(unfit("the key beside it belongs to another certificate"));
        }
        Ok(Self { pem, der, until, key })
    }

    /// Writes the key first: a certificate without key must not be found.
    pub(crate) fn write(&self, stem: &Path) -> Result<(), files::FileError> {
        let key = Zeroizing::new(self.key.serialize_pem());
        files::create_private(&stem.with_extension("key"), key.as_bytes())?;
        files::replace(&stem.with_extension("pem"), self.pem.as_bytes())
    }

    /// Certifies `key`.
    pub(crate) fn certify(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> Result<rcgen::Certificate, rcgen::Error> {
        params.signed_by(key, &self.issuer()?)
    }

    pub(crate) fn issuer(&self) -> Result<Issuer<'static, &KeyPair>, rcgen::Error> {
        Issuer::from_ca_cert_der(&self.der, &self.key)
    }
}

impl IssuingCa {
    /// `parties-1`
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.branch.as_str(), self.generation)
    }

    /// Every trusted one in `folder`: by branch, oldest first.
    pub(crate) fn all(folder: &Path) -> Result<Vec<Self>, AuthorityError> {
        let mut found = Vec::new();
        for (branch, generation, trusted) in generations(folder)? {
            if trusted {
                let stem = folder.join(format!("{}-{generation}", branch.as_str()));
                let ca = Ca::read(&stem)?;
                found.push(Self { branch, generation, ca });
            }
        }
        found.sort_by_key(|ca| (ca.branch, ca.generation));
        Ok(found)
    }

    /// The generation after the last one, trusted or not.
    pub(crate) fn next_generation(folder: &Path, branch: Branch) -> Result<u32, AuthorityError> {
        let last = generations(folder)?
            .into_iter()
            .filter(|(other, ..)| *other == branch)
            .map(|(_, generation, _)| generation)
            .max();
        Ok(last.unwrap_or_default().saturating_add(1))
    }
}

/// Reads a private key that belongs to this authority.
fn read_key(path: &Path) -> Result<KeyPair, AuthorityError> {
    let unfit = || AuthorityError::Unfit { path: path.to_owned(), what: "it is not a private key in PEM (PKCS #8)" };
    let pem = files::read_private(path)?;
    let pem = std::str::from_utf8(&pem).map_err(|_| unfit())?;
    KeyPair::from_pem(pem).map_err(|_| unfit())
}

/// When the certificate ends, and its public key.
fn facts(der: &CertificateDer<'_>) -> Option<(Timestamp, Vec<u8>)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let until = Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?;
    Some((until, certificate.public_key().raw.to_vec()))
}

/// What the names in `folder` say: branch, generation, whether still trusted.
fn generations(folder: &Path) -> Result<Vec<(Branch, u32, bool)>, AuthorityError> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder).map_err(|source| reading(folder, source))? {
        let name = file.map_err(|source| reading(folder, source))?.file_name();
        if let Some(one) = name.to_str().and_then(generation) {
            found.push(one);
        }
    }
    Ok(found)
}

fn generation(name: &str) -> Option<(Branch, u32, bool)> {
    let (stem, extension) = name.split_once('.')?;
    let (branch, generation) = stem.split_once('-')?;
    let branch = Branch::ALL.into_iter().find(|known| known.as_str() == branch)?;
    let trusted = match extension {
        "pem" => true,
        "distrusted" => false,
        _ => return None,
    };
    Some((branch, generation.parse().ok()?, trusted))
}
