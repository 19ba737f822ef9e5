//! The HTTPS door of a registry: TLS 1.3, client certificates asked for but not required.
//!
//! ```text
//! no certificate                                       public reader
//! of this registry's parties CA, in time, not revoked  that party
//! anything else                                        no connection
//! ```
//!
//! Trust ends at the parties CA, not at the root: certificates of servers and peers lie under the same root and would
//! otherwise be let in. Sessions are never resumed, because a resumed session skips the check of the certificate.
//! CRLs are enforced, their end included: a door that was given none for thirty days lets in readers only.
//!
//! Out of scope: what a party may do, HTTP, and limits on connections.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use conformity::ids::Origin;
use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::ClientCertVerifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::admission::{Admission, CLIENTS};
use crate::files::{self, FileError};
use crate::holder::Branch;
use crate::identity::Identity;
use crate::provider::{VERSIONS, http, provider};
use crate::public::PublicFolder;
use crate::refusal::AcceptError;
use crate::revocation::{BranchFiles, RevocationError, RevocationList, certificates};
use crate::speaker::{Speaker, SpeakerError};
use crate::stream::Stream;

/// Where a door finds what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpsFiles {
    /// The server's certificate and its issuing CA, in PEM.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
    /// Whom to trust, and what is revoked.
    pub public: PublicFolder,
}

/// Why a TLS configuration cannot be made of the files. What was in use before stays in use.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Trust or revocation.
    #[error(transparent)]
    Revocation(#[from] RevocationError),
    /// The key file holds no key.
    #[error("{0} holds no private key in PEM")]
    Key(PathBuf),
    /// Certificate and key do not belong together, or cannot be used.
    #[error("{path} cannot be used: {why}; issue the certificate again with `registry-node certs issue`")]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What rustls says.
        why: String,
    },
    /// A CA certificate or CRL that rustls cannot use.
    #[error("the CAs of {path} cannot be used: {why}")]
    Trust {
        /// Which file.
        path: PathBuf,
        /// What rustls says.
        why: String,
    },
}

/// A door that can be given new certificates and CRLs while connections live.
#[derive(Debug)]
pub struct Https {
    files: HttpsFiles,
    origin: Origin,
    current: ArcSwap<Loaded>,
}

/// What was read from the files at one time.
#[derive(Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    revoked: Arc<RevocationList>,
    not_after: Timestamp,
}

/// A connection that was let in.
#[derive(Debug)]
pub struct Accepted<IO> {
    /// The connection.
    pub stream: Stream<IO>,
    /// Who is there, if anybody said so. Always a party of this registry.
    pub speaker: Option<Speaker>,
}

impl Https {
    /// Reads the files of `origin`'s door.
    ///
    /// # Errors
    /// A file is missing, broken, or does not fit the others.
    pub fn open(files: HttpsFiles, origin: Origin) -> Result<Self, TlsError> {
        let current = ArcSwap::from_pointee(Loaded::read(&files)?);
        Ok(Self { files, origin, current })
    }

    /// Reads the files again. New connections meet what they say now; if they are broken, or bring back an old CRL, all
    /// stays as it was.
    ///
    /// # Errors
    /// As [`Https::open`]; an older CRL besides.
    pub fn reload(&self) -> Result<(), TlsError> {
        let newer = Loaded::read(&self.files)?;
        self.current.load().revoked.check_successor(&newer.revoked)?;
        self.current.store(Arc::new(newer));
        Ok(())
    }

    /// What is revoked now: for connections that were let in earlier.
    pub fn revocations(&self) -> Arc<RevocationList> {
        Arc::clone(&self.current.load().revoked)
    }

    /// When the server's own certificate ends.
    pub fn not_after(&self) -> Timestamp {
        self.current.load().not_after
    }

    /// Shakes hands on an accepted connection, within `limit`.
    ///
    /// # Errors
    /// The other side is too slow, does not speak TLS 1.3, or presents a certificate that is not to be believed.
    pub async fn accept<IO>(&self, io: IO, limit: Duration) -> Result<Accepted<IO>, AcceptError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.current.load().config));
        let stream = tokio::time::timeout(limit, acceptor.accept(io))
            .await
            .map_err(|_| AcceptError::Slow(limit))?
            .map_err(AcceptError::from_handshake)?;
        let presented = stream.get_ref().1.peer_certificates();
        let speaker = match presented.and_then(<[_]>::first) {
            Some(certificate) => Some(self.speaker(certificate)?),
            None => None,
        };
        Ok(Accepted { stream: Stream(stream.into()), speaker })
    }

    /// rustls validated the certificate. Only parties come in here, whatever the CA may have signed.
    fn speaker(&self, der: &[u8]) -> Result<Speaker, AcceptError> {
        let speaker = Speaker::read(der, &self.origin)?;
        match speaker.identity {
            Identity::Party { .. } => Ok(speaker),
            _ => Err(AcceptError::Speaker(SpeakerError::NotAParty)),
        }
    }
}

impl Loaded {
    fn read(files: &HttpsFiles) -> Result<Self, TlsError> {
        let parties = BranchFiles::read(&files.public, Branch::Parties)?;
        let peers = BranchFiles::read(&files.public, Branch::Peers)?;
        let chain = certificates(&files.certificate)?;
        let unusable = |why: String| TlsError::Certificate { path: files.certificate.clone(), why };
        let not_after = chain
            .first()
            .and_then(|certificate| end_of(certificate))
            .ok_or_else(|| unusable("it is no X.509 certificate".to_owned()))?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)
            .map_err(|error| unusable(error.to_string()))?
            .with_client_cert_verifier(verifier(&parties, &files.public)?)
            .with_single_cert(chain, private_key(&files.key)?)
            .map_err(|error| unusable(error.to_string()))?;
        config.alpn_protocols = http();
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { config: Arc::new(config), revoked: Arc::new(RevocationList::of(&[parties, peers])?), not_after })
    }
}

/// Lets in nobody in particular, or holders of a certificate of these CAs that is not revoked.
fn verifier(parties: &BranchFiles, public: &PublicFolder) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let unusable = |why: String| TlsError::Trust { path: public.cas(Branch::Parties), why };
    Ok(Arc::new(Admission::new(&parties.cas, &parties.lists, CLIENTS).map_err(unusable)?))
}

/// A private key that nobody else can read.
pub(crate) fn private_key(path: &std::path::Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = files::read_private(path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::Key(path.to_owned()))
}

fn end_of(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}
