//! Issuing certificates: for a key that we make, for a key in a request, for a key that signs statements, or again for a key that we
//! certified before.
//!
//! Every way ends in [`Authority::certify`]: the issuer alone says who the holder is, how long the certificate lasts and
//! what it is for. Out of scope: who may ask; the node's command line and the registered parties decide that.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use conformity::ids::Origin;
use conformity::key::{Der, DerError, Jwk};
use jiff::Timestamp;
use rcgen::{KeyPair, PublicKeyData, SubjectPublicKeyInfo};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

use crate::authority::{Authority, AuthorityError};
use crate::ca::IssuingCa;
use crate::files::{self, FileError};
use crate::holder::{Branch, Holder, Lifetime, Window};
use crate::identity::Identity;
use crate::profile;
use crate::register::{Event, Issued, Reason, Turn};
use crate::request::Possession;
use crate::serial::Serial;

/// A certificate as it was handed out.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate and its issuing CA, in PEM: what the holder presents.
    pub chain_pem: String,
    /// What the register says of it.
    pub issued: Issued,
}

/// A certificate with the key that we made for it.
#[derive(Debug)]
pub struct Credential {
    /// The certificate.
    pub certificate: Certificate,
    /// The private key, PKCS #8 in PEM. Nobody keeps a copy.
    pub key_pem: Zeroizing<String>,
}

impl Authority {
    /// Makes a key and certifies it.
    ///
    /// # Errors
    /// The holder cannot be named, or the authority cannot issue.
    pub fn issue(&mut self, holder: &Holder, lifetime: Lifetime, now: Timestamp) -> Result<Credential, AuthorityError> {
        let key = KeyPair::generate()?;
        let certificate = self.certify(holder, &key, lifetime, now)?;
        Ok(Credential { certificate, key_pem: Zeroizing::new(key.serialize_pem()) })
    }

    /// Certifies the key in a request, PEM or DER. Of the request nothing counts but the key.
    ///
    /// # Errors
    /// The request proves nothing, the key is another's, or the authority cannot issue.
    pub fn sign(
        &mut self,
        request: &[u8],
        holder: &Holder,
        lifetime: Lifetime,
        now: Timestamp,
    ) -> Result<Certificate, AuthorityError> {
        let proven = Possession::prove(request)?;
        self.certify(holder, &proven.key, lifetime, now)
    }

    /// Certifies the key with which a party signs statements, for `x5c` in its credentials. The certificate opens no connection: its
    /// CA is trusted by no server, and its purpose is signing documents. That the party holds the key, it proves with each statement.
    ///
    /// # Errors
    /// The holder is no party, the key is another's, or the authority cannot issue.
    pub fn certify_signing_key(
        &mut self,
        key: &Jwk,
        party: Holder,
        lifetime: Lifetime,
        now: Timestamp,
    ) -> Result<Certificate, AuthorityError> {
        self.certify(&party.signing()?, &StatementKey::new(key), lifetime, now)
    }

    /// Certifies the same key for the same holder again, for as long as usual. The old certificate stays valid until it
    /// ends.
    ///
    /// # Errors
    /// It was revoked, or never issued here.
    pub fn renew(&mut self, serial: &Serial, now: Timestamp) -> Result<Certificate, AuthorityError> {
        let unknown = || AuthorityError::Unknown(serial.to_string());
        let origin = self.origin().clone();
        let (holder, key) = {
            let turn = self.turn()?;
            let (record, pem) = turn.find(serial).ok_or_else(unknown)?;
            if record.revoked.is_some() {
                return Err(AuthorityError::Revoked(*serial));
            }
            (holder_of(record, &origin).ok_or_else(unknown)?, key_in(pem)?)
        };
        self.certify(&holder, &key, Lifetime::Usual, now)
    }

    fn certify(
        &mut self,
        holder: &Holder,
        key: &impl PublicKeyData,
        lifetime: Lifetime,
        now: Timestamp,
    ) -> Result<Certificate, AuthorityError> {
        let origin = self.origin().clone();
        let names = holder.names(&origin)?;
        let window = Window::of(holder.branch(), lifetime, now)?;
        let issuing = self.issuing_folder();
        let mut turn = self.turn()?;
        let cas = IssuingCa::all(&issuing)?;
        let ca = newest(&cas, holder.branch(), window)?;
        let serial = Serial::random()?;
        let params = profile::leaf(holder, &names, &origin, serial, window)?;
        let record = Issued {
            serial,
            identity: holder.identity().uri(&origin),
            kind: holder.branch(),
            ca: ca.name(),
            names: names.iter().map(ToString::to_string).collect(),
            key: fingerprint(key),
            not_before: window.from,
            not_after: window.until,
            revoked: None,
        };
        admit(&turn, &record)?;
        let certificate = ca.ca.certify(&params, key)?.pem();
        turn.append(Event::Issued { record: Box::new(record.clone()), certificate: certificate.clone() })?;
        Ok(Certificate { chain_pem: certificate + &ca.ca.pem, issued: record })
    }
}

impl Certificate {
    /// Puts the chain in the place of whatever is at `path`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        files::replace(path, self.chain_pem.as_bytes())
    }
}

impl Credential {
    /// Writes the key, which must not exist yet, for its owner only; then the certificate.
    ///
    /// # Errors
    /// There is a key already, or a file cannot be written.
    pub fn write(&self, certificate: &Path, key: &Path) -> Result<(), FileError> {
        files::create_private(key, self.key_pem.as_bytes())?;
        self.certificate.write(certificate)
    }
}

/// The certificates in PEM that a holder was given, in their order.
///
/// # Errors
/// One of them is not PEM, or too large.
pub fn chain_from_pem(pem: &[u8]) -> Result<Vec<Der>, DerError> {
    CertificateDer::pem_slice_iter(pem).map(|der| Der::new(&der.map_err(|_| DerError)?)).collect()
}

/// Certificates in PEM (RFC 7468), in their order.
pub fn chain_to_pem(chain: &[Der]) -> String {
    let blocks: Vec<pem::Pem> = chain.iter().map(|one| pem::Pem::new("CERTIFICATE", one.as_bytes())).collect();
    pem::encode_many_config(&blocks, pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF))
}

/// A key for statements, as X.509 writes it.
struct StatementKey {
    algorithm: &'static rcgen::SignatureAlgorithm,
    bytes: Vec<u8>,
}

impl StatementKey {
    fn new(key: &Jwk) -> Self {
        match key {
            Jwk::Ed25519 { x } => Self { algorithm: &rcgen::PKCS_ED25519, bytes: x.to_vec() },
            // An uncompressed point (SEC 1, 2.3.3).
            Jwk::P256 { x, y } => Self { algorithm: &rcgen::PKCS_ECDSA_P256_SHA256, bytes: [&[4][..], x, y].concat() },
        }
    }
}

impl PublicKeyData for StatementKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm
    }
}

/// The CA that issues now, if it lasts long enough.
fn newest(cas: &[IssuingCa], branch: Branch, window: Window) -> Result<&IssuingCa, AuthorityError> {
    let ca = cas.iter().rfind(|ca| ca.branch == branch).ok_or(AuthorityError::NoCa(branch.as_str()))?;
    if window.until > ca.ca.until {
        return Err(AuthorityError::Outlives { ca: ca.name(), until: ca.ca.until });
    }
    Ok(ca)
}

/// One key, one holder: whoever sends another's request under its own name gets nothing, and a key that a thief has is
/// not certified again.
fn admit(turn: &Turn<'_>, wanted: &Issued) -> Result<(), AuthorityError> {
    for earlier in turn.issued().filter(|earlier| earlier.key == wanted.key) {
        let compromised = earlier.revoked.is_some_and(|revoked| revoked.reason == Reason::KeyCompromise);
        if compromised || earlier.identity != wanted.identity {
            return Err(AuthorityError::KeyUsed {
                identity: earlier.identity.clone(),
                serial: earlier.serial,
                compromised,
            });
        }
    }
    Ok(())
}

fn holder_of(record: &Issued, origin: &Origin) -> Option<Holder> {
    match Identity::from_uri(&record.identity, origin).ok()? {
        Identity::Party { role, id } if record.kind == Branch::Signing => Holder::party(role, id).ok()?.signing().ok(),
        Identity::Server => Holder::server(&record.names).ok(),
        Identity::Party { role, id } => Holder::party(role, id).ok(),
        Identity::Peer { registry } => Some(Holder::peer(registry)),
        Identity::Node(user) => Some(Holder::node(user)),
    }
}

fn key_in(pem: &str) -> Result<SubjectPublicKeyInfo, AuthorityError> {
    let unreadable = || AuthorityError::Encoding(rcgen::Error::CouldNotParseCertificate);
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| unreadable())?;
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| unreadable())?;
    Ok(SubjectPublicKeyInfo::from_der(certificate.public_key().raw)?)
}

fn fingerprint(key: &impl PublicKeyData) -> String {
    digest(&SHA256, &key.subject_public_key_info()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
