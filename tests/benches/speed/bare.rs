//! A server that does nothing but answer the same bytes: hyper over rustls, as lean as it gets. The yardstick of look-ups.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tests::Registry;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The argument by which this program is asked to be that server.
pub(crate) const SERVE: &str = "serve-bare";

/// The server as a process of its own. When this goes, it ends.
pub(crate) struct Bare {
    process: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Bare {
    /// Starts it with the certificate of `registry`; `folder` is for the files that it is told by.
    pub(crate) fn start(registry: &Registry, folder: &Path, answer: &[u8]) -> Self {
        let address = tests::ports::free();
        furnish(registry, folder, answer);
        std::fs::write(folder.join("port"), address.port().to_string()).expect("a port");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let process = command.args([SERVE]).arg(folder).stdin(Stdio::null()).spawn().expect("it starts");
        Self { process, address }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Puts the files there by which a server is told: the certificate of `registry`, and its answer.
pub(crate) fn furnish(registry: &Registry, folder: &Path, answer: &[u8]) {
    let (certificate, key) = registry.folder().server();
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::copy(certificate, folder.join("certificate.pem")).expect("a certificate");
    std::fs::copy(key, folder.join("key.pem")).expect("a key");
    std::fs::write(folder.join("answer"), answer).expect("an answer");
}

/// Serves until it is killed.
pub(crate) fn serve(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("an event loop");
    runtime.block_on(listen(folder));
}

async fn listen(folder: &Path) {
    let acceptor = TlsAcceptor::from(Arc::new(config(folder)));
    let answer = Bytes::from(std::fs::read(folder.join("answer")).expect("an answer"));
    let port = std::fs::read_to_string(folder.join("port")).expect("a port").parse().expect("a number");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("the port is free");
    loop {
        let (socket, _) = listener.accept().await.expect("a connection");
        let _ = socket.set_nodelay(true);
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(socket).await else { return };
            let service = service_fn(move |_: Request<_>| std::future::ready(Ok::<_, Infallible>(reply(&answer))));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn reply(answer: &Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.clone()));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

/// TLS with the certificate that was put there.
pub(crate) fn config(folder: &Path) -> ServerConfig {
    let certificates = CertificateDer::pem_file_iter(folder.join("certificate.pem")).expect("certificates");
    let certificates: Vec<_> = certificates.map(|one| one.expect("a certificate")).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    builder.expect("TLS 1.3").with_no_client_auth().with_single_cert(certificates, key).expect("a configuration")
}
