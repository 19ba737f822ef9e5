//! Somebody who does not play by the rules of our own client: presents any certificate, whatever the server asks for.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use certs::ClientFiles;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::registry::Registry;

const LIMIT: Duration = Duration::from_secs(20);

/// Posts a statement with this certificate; gives the status of the answer.
///
/// # Errors
/// How the connection ended without one.
pub async fn post(registry: &Registry, files: &ClientFiles, body: &[u8]) -> Result<u16, String> {
    tokio::time::timeout(LIMIT, posted(registry, files, body))
        .await
        .map_err(|_| "no end within the limit".to_owned())?
}

async fn posted(registry: &Registry, files: &ClientFiles, body: &[u8]) -> Result<u16, String> {
    let said = |error: std::io::Error| error.to_string();
    let tcp = TcpStream::connect(registry.config().http.listen).await.map_err(said)?;
    let name = "localhost".try_into().expect("a name");
    let mut stream = connector(registry, files).connect(name, tcp).await.map_err(said)?;
    let head = format!(
        "POST /v1/statements HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/jose\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    // A server that refuses the certificate may close before it read all of this: what it said counts.
    let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    let status = String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| read.map_or_else(|error| error.to_string(), |_| "closed without an answer".to_owned()))
}

fn connector(registry: &Registry, files: &ClientFiles) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let root = registry.folder().ca_public().root();
    roots.add(CertificateDer::from_pem_file(root).expect("a root")).expect("a root");
    let key = PrivateKeyDer::from_pem_file(&files.key).expect("a key");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_root_certificates(roots)
        .with_client_auth_cert(chain(&files.certificate), key)
        .expect("certificate and key belong together");
    TlsConnector::from(Arc::new(config))
}

fn chain(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).expect("a file").collect::<Result<_, _>>().expect("certificates")
}
