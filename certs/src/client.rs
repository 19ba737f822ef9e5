//! The client's end: dialling an HTTPS door or a nats-server, with or without a certificate of one's own.
//!
//! In scope: whom to trust (the roots given, never the system's), what to present, TLS 1.3 only. The certificate is
//! looked up at each handshake, so that a renewed one is used from the next connection on, without making the client
//! anew. Out of scope: HTTP and NATS themselves.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, Error, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::bounded::Bounded;
use crate::https::{TlsError, private_key};
use crate::provider::{VERSIONS, http, provider};
use crate::refusal::{CertificateRefusal, tls};
use crate::revocation::certificates;
use crate::stream::Stream;

/// Whose servers to believe.
#[derive(Debug, Clone)]
pub struct Trust(Arc<RootCertStore>);

/// Where a client's own certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFiles {
    /// The certificate and its issuing CA, in PEM.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// A client of HTTPS doors and nats-servers.
#[derive(Debug, Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
    own: Option<Arc<Own>>,
}

/// Why a connection to a server failed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server did not finish in time.
    #[error("no TLS handshake within {0:?}")]
    Slow(Duration),
    /// Not a name that a certificate could hold.
    #[error("\"{0}\" is neither a host name nor an address")]
    Name(String),
    /// The server's certificate is not believed.
    #[error("the server's certificate is refused: {0}")]
    Certificate(CertificateRefusal),
    /// The server does not speak TLS 1.3 as it should, or refuses us.
    #[error("the server does not speak TLS 1.3 with us: {0}")]
    Protocol(String),
    /// The connection broke.
    #[error("the connection broke during the handshake: {0}")]
    Connection(io::Error),
}

impl Trust {
    /// The roots in a PEM file.
    ///
    /// # Errors
    /// The file cannot be read or holds no usable certificate.
    pub fn read(path: &Path) -> Result<Self, TlsError> {
        Self::of(path, certificates(path)?)
    }

    /// Roots in DER, as the genesis of a log names them.
    ///
    /// # Errors
    /// There is none, or one of them is no certificate.
    pub fn from_der<R: AsRef<[u8]>>(roots: &[R]) -> Result<Self, TlsError> {
        let roots = roots.iter().map(|der| CertificateDer::from(der.as_ref().to_vec()));
        Self::of(Path::new("(genesis)"), roots.collect())
    }

    fn of(path: &Path, roots: Vec<CertificateDer<'static>>) -> Result<Self, TlsError> {
        let unusable = |why: String| TlsError::Trust { path: path.to_owned(), why };
        if roots.is_empty() {
            return Err(unusable("there is none".to_owned()));
        }
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(root).map_err(|error| unusable(error.to_string()))?;
        }
        Ok(Self(Arc::new(store)))
    }
}

impl Client {
    /// A client that says nothing about itself.
    ///
    /// # Errors
    /// The cryptographic provider cannot do TLS 1.3.
    pub fn anonymous(trust: &Trust) -> Result<Self, TlsError> {
        Self::new(trust, None)
    }

    /// A client that presents a certificate to servers that ask.
    ///
    /// # Errors
    /// The files are missing or broken, or do not belong together.
    pub fn with_certificate(trust: &Trust, files: ClientFiles) -> Result<Self, TlsError> {
        let own = Own { current: ArcSwap::new(Presented::read(&files)?), files };
        Self::new(trust, Some(Arc::new(own)))
    }

    /// Reads the client's own certificate again. Connections that live keep the old one.
    ///
    /// # Errors
    /// As [`Client::with_certificate`]; the old one stays in use.
    pub fn reload(&self) -> Result<(), TlsError> {
        if let Some(own) = &self.own {
            own.current.store(Presented::read(&own.files)?);
        }
        Ok(())
    }

    /// What async-nats wants in `ConnectOptions::tls_client_config`. It follows [`Client::reload`].
    pub fn nats_config(&self) -> ClientConfig {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols.clear();
        config
    }

    /// Shakes hands with the HTTPS door called `name` on an open connection, within `limit`.
    ///
    /// # Errors
    /// The server is too slow, is not who it should be, or refuses us. With TLS 1.3 a refusal of **our** certificate
    /// shows only at the first read.
    pub async fn connect<IO>(&self, name: &str, io: IO, limit: Duration) -> Result<Stream<IO>, ConnectError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(name.to_owned()).map_err(|_| ConnectError::Name(name.to_owned()))?;
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = tokio::time::timeout(limit, connector.connect(name, io))
            .await
            .map_err(|_| ConnectError::Slow(limit))?
            .map_err(ConnectError::from_handshake)?;
        Ok(Stream(stream.into()))
    }

    fn new(trust: &Trust, own: Option<Arc<Own>>) -> Result<Self, TlsError> {
        let unusable = |why: String| TlsError::Trust { path: PathBuf::new(), why };
        let verifier = Bounded::new(Arc::clone(&trust.0)).map_err(unusable)?;
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)
            .map_err(|error| unusable(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &own {
            Some(own) => builder.with_client_cert_resolver(Arc::clone(own) as Arc<dyn ResolvesClientCert>),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = http();
        config.resumption = Resumption::disabled();
        Ok(Self { config: Arc::new(config), own })
    }
}

impl ConnectError {
    fn from_handshake(error: io::Error) -> Self {
        match tls(&error) {
            Some(Error::InvalidCertificate(why)) => Self::Certificate(why.into()),
            Some(other) => Self::Protocol(other.to_string()),
            None => Self::Connection(error),
        }
    }
}

/// The client's own certificate, as it is now.
#[derive(Debug)]
struct Own {
    files: ClientFiles,
    current: ArcSwap<Presented>,
}

#[derive(Debug)]
struct Presented {
    key: Arc<CertifiedKey>,
    issuers: Vec<Vec<u8>>,
}

impl ResolvesClientCert for Own {
    /// Presents nothing to a server that names the CAs it trusts and ours is not among them: a buyer of one registry
    /// reads another one's public pages like anybody else.
    fn resolve(&self, trusted: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let own = self.current.load();
        let known = |issuer: &Vec<u8>| trusted.contains(&issuer.as_slice());
        (trusted.is_empty() || own.issuers.iter().any(known)).then(|| Arc::clone(&own.key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl Presented {
    fn read(files: &ClientFiles) -> Result<Arc<Self>, TlsError> {
        let chain = certificates(&files.certificate)?;
        let unusable = |why: String| TlsError::Certificate { path: files.certificate.clone(), why };
        let issuers = chain
            .iter()
            .map(|der| {
                let (_, certificate) = X509Certificate::from_der(der).ok()?;
                Some(certificate.issuer().as_raw().to_vec())
            })
            .collect::<Option<_>>()
            .ok_or_else(|| unusable("it is no X.509 certificate".to_owned()))?;
        let key = CertifiedKey::from_der(chain, private_key(&files.key)?, &provider())
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Arc::new(Self { key: Arc::new(key), issuers }))
    }
}
