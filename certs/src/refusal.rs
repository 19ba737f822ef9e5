//! Why a handshake failed, as somebody who counts or answers for it wants to know: by whose fault.

use std::io;
use std::time::Duration;

use rustls::{CertificateError, Error};

use crate::speaker::SpeakerError;

/// Why a connection was not let in.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The other side did not finish in time.
    #[error("no TLS handshake within {0:?}")]
    Slow(Duration),
    /// The other side presented a certificate that is not believed.
    #[error("the client's certificate is refused: {0}")]
    Certificate(CertificateRefusal),
    /// The certificate is valid and speaks for nobody here. Our own authority issued it: look into it.
    #[error("the client's certificate is valid, but: {0}")]
    Speaker(#[from] SpeakerError),
    /// The other side does not speak TLS 1.3 as it should.
    #[error("the client does not speak TLS 1.3 properly: {0}")]
    Protocol(String),
    /// The connection broke.
    #[error("the connection broke during the handshake: {0}")]
    Connection(io::Error),
}

/// Why a certificate is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateRefusal {
    /// Its time is over.
    #[error("it has ended")]
    Expired,
    /// Its time has not come.
    #[error("it is not valid yet")]
    NotYetValid,
    /// It was revoked.
    #[error("it was revoked")]
    Revoked,
    /// Nobody that is trusted here issued it.
    #[error("its issuer is not trusted here")]
    UnknownIssuer,
    /// It is meant for something else.
    #[error("it is not meant for this")]
    Purpose,
    /// It is for another name.
    #[error("it is for another name")]
    Name,
    /// Whether it was revoked cannot be said: the CRLs here are missing or too old.
    #[error("it cannot be checked: the revocation lists here are too old; run `registry-node certs refresh`")]
    StaleRevocations,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl AcceptError {
    /// A stable word for metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Slow(_) => "slow",
            Self::Certificate(refusal) => refusal.code(),
            Self::Speaker(_) => "certificate-speaks-for-nobody",
            Self::Protocol(_) => "protocol",
            Self::Connection(_) => "connection",
        }
    }

    pub(crate) fn from_handshake(error: io::Error) -> Self {
        match tls(&error) {
            Some(Error::InvalidCertificate(why)) => Self::Certificate(why.into()),
            Some(other) => Self::Protocol(other.to_string()),
            None => Self::Connection(error),
        }
    }
}

impl CertificateRefusal {
    /// A stable word for metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expired => "certificate-expired",
            Self::NotYetValid => "certificate-not-yet-valid",
            Self::Revoked => "certificate-revoked",
            Self::UnknownIssuer => "certificate-issuer",
            Self::Purpose => "certificate-purpose",
            Self::Name => "certificate-name",
            Self::StaleRevocations => "revocations-stale",
            Self::Other(_) => "certificate-other",
        }
    }
}

impl From<&CertificateError> for CertificateRefusal {
    fn from(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::Revoked => Self::Revoked,
            // A CA of the same name with another key is not the one that is trusted.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownIssuer,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Self::Purpose,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::Name,
            CertificateError::UnknownRevocationStatus
            | CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => Self::StaleRevocations,
            CertificateError::Other(why) => Self::Other(why.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

/// What rustls said, if it was rustls.
pub(crate) fn tls(error: &io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
