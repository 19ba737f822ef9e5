//! Reads from a certificate whom it speaks for.
//!
//! In scope: a certificate that rustls has **already validated** (chain, dates, purpose, revocation). Out of scope: all
//! of that. A certificate read here and not validated there speaks for nobody.

use conformity::ids::Origin;
use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::identity::{Identity, UriError};
use crate::revocation::RevocationList;
use crate::serial::{Serial, SerialError};

/// The most bytes of one certificate; ours have less than 1 KiB.
pub(crate) const LARGEST: usize = 16 << 10;

/// Who is at the other end of a connection, by the certificate presented there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// Whom the certificate speaks for.
    pub identity: Identity,
    /// Which certificate.
    pub serial: Serial,
    /// When the certificate ends, and with it the right to speak on a connection that still lives.
    pub not_after: Timestamp,
}

/// Why a validated certificate speaks for nobody here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeakerError {
    /// The certificate cannot be read.
    #[error("the certificate cannot be read: {0}")]
    Unreadable(&'static str),
    /// It names nobody.
    #[error("the certificate holds no URI name")]
    Nameless,
    /// It names more than one.
    #[error("the certificate holds {0} URI names: it must speak for one")]
    Ambiguous(usize),
    /// Its URI name is nobody's here.
    #[error(transparent)]
    Uri(#[from] UriError),
    /// It is a certificate of a server, a peer or the node.
    #[error("the certificate is not a party's")]
    NotAParty,
    /// Its serial number is none of ours.
    #[error(transparent)]
    Serial(#[from] SerialError),
}

impl SpeakerError {
    /// It has more bytes than are read.
    pub(crate) const TOO_LARGE: Self = Self::Unreadable("it is larger than 16 KiB");
}

impl Speaker {
    /// Reads a validated certificate.
    ///
    /// # Errors
    /// It does not name exactly one holder under `origin`.
    pub fn read(der: &[u8], origin: &Origin) -> Result<Self, SpeakerError> {
        let certificate = parse(der)?;
        let identity = Identity::from_uri(only_uri(&certificate)?, origin)?;
        let seconds = certificate.validity().not_after.timestamp();
        Ok(Self {
            identity,
            serial: Serial::from_der_content(certificate.raw_serial())?,
            not_after: Timestamp::from_second(seconds)
                .map_err(|_| SpeakerError::Unreadable("its end lies outside of all calendars"))?,
        })
    }

    /// Whether the certificate still holds on a connection that was let in earlier. If not, the connection is to be cut.
    pub fn still_speaks(&self, revoked: &RevocationList, now: Timestamp) -> bool {
        now < self.not_after && !revoked.is_revoked(&self.serial)
    }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, SpeakerError> {
    if der.len() > LARGEST {
        return Err(SpeakerError::TOO_LARGE);
    }
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(SpeakerError::Unreadable("bytes follow after its end")),
        Err(_) => Err(SpeakerError::Unreadable("it is not X.509 in DER")),
    }
}

/// SPIFFE: exactly one URI name, or the certificate names nobody. Names of other forms do not matter here.
fn only_uri<'a>(certificate: &'a X509Certificate<'_>) -> Result<&'a str, SpeakerError> {
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| SpeakerError::Unreadable("its alternative names are malformed"))?
        .ok_or(SpeakerError::Nameless)?;
    let mut found = None;
    let mut count = 0;
    for name in &names.value.general_names {
        match name {
            GeneralName::URI(uri) => {
                found = Some(*uri);
                count += 1;
            }
            GeneralName::Invalid(..) => {
                return Err(SpeakerError::Unreadable("one of its names is malformed"));
            }
            _ => {}
        }
    }
    match (found, count) {
        (Some(uri), 1) => Ok(uri),
        (_, 0) => Err(SpeakerError::Nameless),
        (_, count) => Err(SpeakerError::Ambiguous(count)),
    }
}
