//! Which certificates come in at the door: those that a CA of the branch issued itself.
//!
//! ```text
//! what a client presents:   its certificate          whatever it sends besides: not read
//!                                 │
//!                    a CA, in that CA's own time ─▶ one signature, names, purpose, CRL
//! ```
//!
//! Nothing searches for a path. RFC 5280 has a client send certificates among which the other side looks for a way to
//! a CA. rustls-webpki ends that after 200,000 steps: for a handshake of 64 KiB from anybody a fifth of a second and more of a core
//! (measured), where an honest one takes a tenth of a millisecond. Our CAs let no other CA issue, so nothing is lost.
//!
//! The certificate must say that it is for clients, and a CA is believed until its certificate ends: rustls asks for
//! neither. A CA that says what it is for must be for clients, too. What remains, signatures and names and CRLs, is rustls-webpki's. How it does against the corpus of others
//! (x509-limbo) is in `admission/limbo.tsv`, every deviation with its reason.
//!
//! Out of scope: whom a certificate speaks for ([`crate::Speaker`]), and peers and buyers on NATS, whose certificates
//! nats-server checks.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList, RevocationOptions,
    RevocationOptionsBuilder, anchor_from_trusted_cert,
};
use x509_parser::asn1_rs::Oid;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{
    OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_EXTENDED_KEY_USAGE, OID_X509_EXT_KEY_USAGE,
    OID_X509_EXT_NAME_CONSTRAINTS,
};
use x509_parser::prelude::FromDer;

use crate::provider::provider;
use crate::speaker::{LARGEST, SpeakerError};

/// `id-kp-clientAuth`, the contents of the object identifier 1.3.6.1.5.5.7.3.2.
pub(crate) const CLIENTS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// What a CA may call critical: what is enforced here.
const ENFORCED: [Oid<'static>; 4] = [
    OID_X509_EXT_BASIC_CONSTRAINTS,
    OID_X509_EXT_KEY_USAGE,
    OID_X509_EXT_NAME_CONSTRAINTS,
    OID_X509_EXT_EXTENDED_KEY_USAGE,
];

/// The CAs that let in, and what they revoked, as read at one time.
#[derive(Debug)]
pub(crate) struct Admission {
    cas: Vec<Ca>,
    lists: Vec<CertRevocationList<'static>>,
    hints: Vec<DistinguishedName>,
    purpose: KeyUsage,
    algorithms: WebPkiSupportedAlgorithms,
}

/// A CA, and from when to when it may be believed.
#[derive(Debug)]
struct Ca {
    anchor: TrustAnchor<'static>,
    from: UnixTime,
    until: UnixTime,
}

impl Admission {
    /// Lets in what `cas` issued for `purpose` and `lists` do not revoke.
    ///
    /// # Errors
    /// One of the CAs is none, or a list cannot be used.
    pub(crate) fn new(
        cas: &[CertificateDer<'static>],
        lists: &[CertificateRevocationListDer<'static>],
        purpose: &'static [u8],
    ) -> Result<Self, String> {
        let cas = cas.iter().map(|ca| Ca::read(ca, purpose)).collect::<Result<Vec<_>, _>>()?;
        let lists = lists.iter().map(|list| OwnedCertRevocationList::from_der(list).map(CertRevocationList::Owned));
        Ok(Self {
            hints: cas.iter().map(|ca| DistinguishedName::in_sequence(&ca.anchor.subject)).collect(),
            cas,
            lists: lists.collect::<Result<_, _>>().map_err(|error| format!("a CRL: {error}"))?,
            purpose: KeyUsage::required(purpose),
            algorithms: provider().signature_verification_algorithms,
        })
    }

    /// Whether one of the CAs issued it, it holds at `now`, and a list in time says that it is not revoked.
    fn admits(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
        let lists: Vec<_> = self.lists.iter().collect();
        let revocation = RevocationOptionsBuilder::new(&lists)
            .map_err(|_| CertificateError::UnknownRevocationStatus)?
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build();
        self.issued(certificate, Some(revocation), now)
    }

    /// The same, but for what is revoked where nothing is asked of that.
    fn issued(
        &self,
        certificate: &CertificateDer<'_>,
        revocation: Option<RevocationOptions<'_>>,
        now: UnixTime,
    ) -> Result<(), CertificateError> {
        if certificate.len() > LARGEST {
            return Err(CertificateError::Other(OtherError(Arc::new(SpeakerError::TOO_LARGE))));
        }
        let in_time = |ca: &&Ca| (ca.from..=ca.until).contains(&now);
        let anchors: Vec<_> = self.cas.iter().filter(in_time).map(|ca| ca.anchor.clone()).collect();
        EndEntityCert::try_from(certificate)
            .and_then(|leaf| {
                let path =
                    leaf.verify_for_usage(self.algorithms.all, &anchors, &[], now, self.purpose, revocation, None);
                path.map(drop)
            })
            .map_err(refusal)
    }
}

impl Ca {
    /// Whoever puts another certificate into the file of CAs has not made a CA of its holder. rustls-webpki takes what it is given.
    fn read(der: &CertificateDer<'static>, purpose: &[u8]) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| "one is no X.509 certificate".to_owned())?;
        let signs = certificate.key_usage().ok().flatten();
        if !certificate.is_ca() || !signs.is_some_and(|usage| usage.value.key_cert_sign() && usage.value.crl_sign()) {
            return Err(format!("{} does not say that it is a CA", certificate.subject()));
        }
        if !serves(&certificate, purpose) {
            return Err(format!("{} is for something else, by its extended key usage", certificate.subject()));
        }
        if certificate.extensions().iter().any(|one| one.critical && !ENFORCED.contains(&one.oid)) {
            return Err(format!("{} has a critical extension that is not enforced here", certificate.subject()));
        }
        let seconds = |time: i64| UnixTime::since_unix_epoch(Duration::from_secs(time.try_into().unwrap_or_default()));
        Ok(Self {
            anchor: anchor_from_trusted_cert(der).map_err(|error| error.to_string())?.to_owned(),
            from: seconds(certificate.validity().not_before.timestamp()),
            until: seconds(certificate.validity().not_after.timestamp()),
        })
    }
}

/// Whether a CA that says what it is for says this. One that does not, as a root, is for everything.
fn serves(ca: &X509Certificate<'_>, purpose: &[u8]) -> bool {
    match ca.get_extension_unique(&OID_X509_EXT_EXTENDED_KEY_USAGE) {
        Ok(None) => true,
        Ok(Some(extension)) => <Vec<Oid<'_>>>::from_der(extension.value)
            .is_ok_and(|(_, purposes)| purposes.iter().any(|one| one.as_bytes() == purpose)),
        Err(_) => false,
    }
}

impl ClientCertVerifier for Admission {
    /// Whoever presents none reads what everybody may.
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _besides: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.admits(certificate, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// By the words of rustls, which tell the client by an alert what is wrong.
fn refusal(error: webpki::Error) -> CertificateError {
    use webpki::Error as Path;
    match error {
        Path::BadDer | Path::BadDerTime | Path::TrailingData(_) => CertificateError::BadEncoding,
        Path::CertExpired { .. } | Path::InvalidCertValidity => CertificateError::Expired,
        Path::CertNotValidYet { .. } => CertificateError::NotValidYet,
        Path::CertRevoked => CertificateError::Revoked,
        Path::UnknownIssuer => CertificateError::UnknownIssuer,
        Path::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        Path::RequiredEkuNotFoundContext(_) => CertificateError::InvalidPurpose,
        Path::UnknownRevocationStatus => CertificateError::UnknownRevocationStatus,
        Path::CrlExpired { .. } => CertificateError::ExpiredRevocationList,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    }
}

#[cfg(test)]
pub(crate) mod tests;
