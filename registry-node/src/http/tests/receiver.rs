//! A webhook: takes what is sent as it is told to, and remembers it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use certs::{Https, HttpsFiles};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use warp::http::{HeaderMap, Request, Response};

use super::fixture::{ORIGIN, World};

/// What one request was.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Received {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Whether one of the signatures is that of `secret`, as a receiver checks it.
    pub(super) fn is_signed_with(&self, secret: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap());
        let head = format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = [head.as_bytes(), &self.body].concat();
        let mut signatures = self.header("webhook-signature").split(' ').map(|one| one.strip_prefix("v1,").unwrap());
        signatures.any(|one| hmac::verify(&key, &signed, &STANDARD.decode(one).unwrap()).is_ok())
    }
}

/// A webhook on this machine.
pub(super) struct Receiver {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    /// How the next requests are answered; with 204 where nothing is said.
    answers: Arc<Mutex<VecDeque<u16>>>,
    /// What each answer says.
    says: Arc<Mutex<Bytes>>,
    /// Whether each connection is closed after one request.
    closes: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
}

impl Receiver {
    /// With the certificate of the world's registry.
    pub(super) async fn open(world: &World) -> Receiver {
        let (certificate, key) = world.registry.folder.server();
        let files = HttpsFiles { certificate, key, public: world.registry.folder.ca_public() };
        let https = Arc::new(Https::open(files, ORIGIN.parse().unwrap()).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (received, answers) = (Arc::<Mutex<Vec<Received>>>::default(), Arc::<Mutex<VecDeque<u16>>>::default());
        let says = Arc::new(Mutex::new(Bytes::from_static(b"thanks")));
        let shared = (Arc::clone(&received), Arc::clone(&answers), Arc::clone(&says));
        let (closes, connections) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (closing, counted) = (Arc::clone(&closes), Arc::clone(&connections));
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (https, shared, closing) = (Arc::clone(&https), shared.clone(), Arc::clone(&closing));
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let Ok(accepted) = https.accept(socket, Duration::from_secs(20)).await else { return };
                    let asked = Arc::new(Notify::new());
                    let told = Arc::clone(&asked);
                    let service = service_fn(move |request| {
                        told.notify_one();
                        answered(request, shared.clone())
                    });
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let mut connection = pin!(builder.serve_connection(TokioIo::new(accepted.stream), service));
                    tokio::select! {
                        biased;
                        () = asked.notified(), if closing.load(Ordering::Relaxed) => connection.as_mut().graceful_shutdown(),
                        _ = connection.as_mut() => return,
                    }
                    let _ = connection.await;
                });
            }
        });
        Receiver { port, received, answers, says, closes, connections }
    }

    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}/hook?for=us", self.port)
    }

    /// Answers the next requests with these.
    pub(super) fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.answers.lock().unwrap().extend(statuses);
    }

    /// Says this with each answer from here on.
    pub(super) fn say(&self, words: &str) {
        *self.says.lock().unwrap() = words.to_owned().into();
    }

    /// Closes each connection that is opened from here on after one request.
    pub(super) fn close(&self) {
        self.closes.store(true, Ordering::Relaxed);
    }

    /// Connections that were opened.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until so many requests came.
    pub(super) async fn wait(&self, count: usize) -> Vec<Received> {
        let coming = async {
            while self.received.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(120), coming).await;
        waited.unwrap_or_else(|_| panic!("only {:?}", self.received()));
        self.received()
    }
}

async fn answered(
    request: Request<Incoming>,
    (received, answers, says): (Arc<Mutex<Vec<Received>>>, Arc<Mutex<VecDeque<u16>>>, Arc<Mutex<Bytes>>),
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path_and_query().unwrap().to_string();
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    // The end of a connection that closes is said before the answer.
    tokio::task::yield_now().await;
    received.lock().unwrap().push(Received { path, headers: head.headers, body });
    let status = answers.lock().unwrap().pop_front().unwrap_or(204);
    let answer = Response::builder().status(status).header("location", "/elsewhere");
    let words = says.lock().unwrap().clone();
    Ok(answer.body(Full::new(words)).unwrap())
}
