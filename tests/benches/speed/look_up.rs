//! `GET /v1/verdicts/{id}` over TLS, kept alive, beside a bare server that answers the same bytes to the same client. Each
//! is a process of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tests::{Party, Registry, soon};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::bare::Bare;
use crate::sums::Sums;
use crate::workshop::Workshop;

/// Connections that ask at once.
pub(crate) const CONNECTIONS: usize = 32;
const ROUNDS: usize = 9;
const SPAN: Duration = Duration::from_millis(1_000);
/// The least ratio that is aimed at.
const AIM: f64 = 0.7;
/// How many bytes the times in an answer may be shorter or longer: zeros at the end of a second's parts are not written.
const TIMES: usize = 16;
/// Verdicts that the registry holds, so that one has to be found.
const VERDICTS: usize = 10_000;

pub(crate) async fn measure(sums: &mut Sums) {
    let workshop = Workshop::filled(VERDICTS, "looked-up").await;
    let registry = &workshop.registry;
    let path = "/v1/verdicts/jp:looked-up";
    let tls = connector(registry);
    let ours = registry.config().http.listen;
    let mut probe = connect(&tls, ours).await;
    let answer = get(&mut probe, path).await;
    let bare = Bare::start(registry, &workshop.file("bare"), &answer);
    soon("the bare server listens", async || {
        TcpStream::connect(bare.address).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((round(&tls, ours, path, &answer).await, round(&tls, bare.address, path, &answer).await));
    }
    sums.ratio("look-up of a verdict, over TLS", &rounds, "answers", Some(AIM));
    sums.note(format!(
        "look-up: {CONNECTIONS} connections, one request under way on each, {} bytes in each answer",
        answer.len()
    ));
}

/// Whom to ask, and on how many connections at once.
pub(crate) struct Door<'a> {
    pub(crate) tls: &'a TlsConnector,
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
}

/// Answers per second to the same question, on as many connections as usual.
pub(crate) async fn round(tls: &TlsConnector, address: SocketAddr, path: &'static str, expected: &Bytes) -> f64 {
    same(&Door { tls, address, connections: CONNECTIONS }, path, expected).await
}

/// Answers per second to the same question.
pub(crate) async fn same(door: &Door<'_>, path: &'static str, expected: &Bytes) -> f64 {
    let length = expected.len();
    let alike = move |answer: &Bytes| assert!(answer.len().abs_diff(length) <= TIMES, "{} for {length}", answer.len());
    round_of(door, move |_| path.to_owned(), alike).await
}

/// Answers per second, where `path` says what is asked for by the number of the question, and `check` looks at each answer.
pub(crate) async fn round_of<P, C>(door: &Door<'_>, path: P, check: C) -> f64
where
    P: Fn(usize) -> String + Send + Sync + 'static,
    C: Fn(&Bytes) + Send + Sync + 'static,
{
    let (done, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (asked, asking) = (Arc::new(AtomicUsize::new(0)), Arc::new((path, check)));
    let mut connections = Vec::new();
    for _ in 0..door.connections {
        connections.push(connect(door.tls, door.address).await);
    }
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for mut connection in connections {
        let (done, count) = (Arc::clone(&done), Arc::clone(&count));
        let (asked, asking) = (Arc::clone(&asked), Arc::clone(&asking));
        tasks.spawn(async move {
            let (path, check) = &*asking;
            while !done.load(Ordering::Relaxed) {
                let path = path(asked.fetch_add(1, Ordering::Relaxed));
                check(&get(&mut connection, &path).await);
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::time::sleep(SPAN).await;
    done.store(true, Ordering::Relaxed);
    let rate = count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    tasks.join_all().await;
    rate
}

async fn get(connection: &mut SendRequest<Empty<Bytes>>, path: &str) -> Bytes {
    let request = Request::get(path).header("host", "localhost").body(Empty::new()).expect("a request");
    connection.ready().await.expect("the connection stands");
    let answer = connection.send_request(request).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.into_body().collect().await.expect("a body").to_bytes()
}

async fn connect(tls: &TlsConnector, address: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let socket = TcpStream::connect(address).await.expect("a connection");
    let _ = socket.set_nodelay(true);
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = tls.connect(name, socket).await.expect("a handshake");
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(async { drop(connection.await) });
    sender
}

/// For somebody without a certificate.
pub(crate) fn connector(registry: &Registry) -> TlsConnector {
    connector_as(registry, None)
}

/// For a party, if one is named.
pub(crate) fn connector_as(registry: &Registry, party: Option<&Party>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_file(registry.folder().ca_public().root()).expect("a root");
    roots.add(root).expect("a root that can be trusted");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    let builder = builder.expect("TLS 1.3").with_root_certificates(roots);
    let mut config = match party.map(|party| party.credentials().tls()) {
        Some((chain, key)) => {
            let chain = CertificateDer::pem_file_iter(chain).expect("certificates").collect::<Result<_, _>>();
            let key = PrivateKeyDer::from_pem_file(key).expect("a key");
            builder.with_client_auth_cert(chain.expect("certificates"), key).expect("they belong together")
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}
