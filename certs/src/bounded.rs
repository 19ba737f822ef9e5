//! Whom a client believes: servers whose certificates lead to its roots, in few enough steps to look for.
//!
//! In a handshake of 64 KiB are certificates for very many ways to nowhere, and rustls-webpki tries 200,000 of them: a fifth of a second
//! and more of a core (measured), where an honest server takes a tenth of a millisecond. A receiver of webhooks is whoever subscribed.
//!
//! At every step of a way all certificates are read again, so both are bounded: how many there are, and how large they are together. Four
//! give 1 + 4 + 12 + 24 + 24 = 65 steps at the most, and 65 times 16 KiB to read. All else is rustls' own verifier.
//!
//! Out of scope: certificates of clients, see `admission`.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

use crate::provider::provider;

/// The most certificates beside a server's own. Ours send one; on the web one to three are usual, a root that nobody needs included.
const MOST: usize = 4;

/// The most bytes of them together. The largest keys in use, RSA with 4,096 bits, make two KiB each.
const LARGEST: usize = 16 << 10;

/// rustls' verifier, asked only where the search is short.
#[derive(Debug)]
pub(crate) struct Bounded(Arc<WebPkiServerVerifier>);

/// More than anybody needs.
#[derive(Debug, thiserror::Error)]
#[error("{count} certificates of {size} bytes came with the server's own, the most are {MOST} of {LARGEST} bytes")]
struct TooMany {
    count: usize,
    size: usize,
}

impl Bounded {
    /// Believes servers below `roots`.
    ///
    /// # Errors
    /// What rustls says of the roots.
    pub(crate) fn new(roots: Arc<RootCertStore>) -> Result<Self, String> {
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider()).build();
        verifier.map(Self).map_err(|error| error.to_string())
    }
}

impl ServerCertVerifier for Bounded {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        besides: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (count, size) = (besides.len(), besides.iter().map(|one| one.len()).sum());
        if count > MOST || size > LARGEST {
            return Err(CertificateError::Other(OtherError(Arc::new(TooMany { count, size }))).into());
        }
        self.0.verify_server_cert(certificate, besides, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
