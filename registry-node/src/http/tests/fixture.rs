//! A registry behind its door: a real folder, real certificates, a real socket, and people who speak to it.

mod claims;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use certs::{Authority, Https, HttpsFiles, Reason, Target};
use conformity::ids::PartyId;
use conformity::party::Role;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use ledger::jws::{self, Verified};
use ledger::key::{Algorithm, SigningKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use warp::http::{HeaderMap, Method, Request, Response};

use super::clock::Movable;
use crate::clock::Clock;
use crate::core::publisher::Publisher;
use crate::core::registry::Registry;
use crate::credentials::{About, Credentials};
use crate::folder::Folder;
use crate::http;
use crate::http::server::{Caller, Door};
use crate::init::{self, NewRegistry};
use crate::keys::Keys;

pub(super) use claims::{
    accreditation, change, day, designation, document, now, registration, restricted, scheme, verdict,
};

pub(super) const ORIGIN: &str = "jp.registry.example";

/// A registry that serves.
pub(super) struct World {
    pub(super) registry: Arc<Registry>,
    pub(super) shutdown: CancellationToken,
    pub(super) clock: Arc<Movable>,
    https: Arc<Https>,
    reloads: watch::Sender<u64>,
    port: u16,
    next: AtomicU64,
    dir: TempDir,
}

/// Somebody with a certificate and a key.
pub(super) struct Person {
    id: String,
    key: SigningKey,
    credentials: Credentials,
}

/// A whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of a problem. On the paths of another standard it has a form beside.
    pub(super) fn code(&self) -> String {
        let problem = self.json();
        match self.header("content-type") {
            "application/json" => {
                assert!(problem["message"].is_string() && problem["message"] == problem["detail"], "{self:?}")
            }
            form => assert_eq!(form, "application/problem+json", "{self:?}"),
        }
        problem["type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What it is apart from the moment it was given.
    pub(super) fn without_date(mut self) -> Got {
        self.headers.remove("date");
        self
    }
}

impl World {
    /// An empty registry that serves.
    pub(super) async fn open() -> World {
        World::with(|_| {}).await
    }

    /// An empty registry that serves by a changed configuration.
    pub(super) async fn with(change: impl FnOnce(&mut String)) -> World {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().join("jp"));
        let new = NewRegistry {
            name: "Japan".to_owned(),
            country: Some("JP".parse().unwrap()),
            ..NewRegistry::for_trial("jp")
        };
        init::init(folder.path(), &new, now()).unwrap();
        let file = folder.path().join(crate::config::FILE_NAME);
        let mut config = std::fs::read_to_string(&file).unwrap();
        change(&mut config);
        std::fs::write(&file, config).unwrap();
        World::serve(dir, folder).await
    }

    async fn serve(dir: TempDir, folder: Folder) -> World {
        let clock = Arc::new(Movable::default());
        let registry = Registry::open(folder, Arc::clone(&clock) as Arc<dyn Clock>, |_| true).unwrap();
        let (certificate, key) = registry.folder.server();
        let files = HttpsFiles { certificate, key, public: registry.folder.ca_public() };
        let https = Arc::new(Https::open(files, ORIGIN.parse().unwrap()).unwrap());
        let (reloads, reloaded) = watch::channel(0);
        let shutdown = CancellationToken::new();
        let door = Door {
            https: Arc::clone(&https),
            metrics: Arc::clone(&registry.metrics),
            clock: Arc::clone(&registry.clock),
            connections: 100,
            connections_each: registry.config.limits.connections_each,
            handshake: Duration::from_secs(5),
            reloaded,
            shutdown: shutdown.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(door.serve(listener, http::Answers::of(Arc::clone(&registry)).routes()));
        World { registry, shutdown, clock, https, reloads, port, next: AtomicU64::new(0), dir }
    }

    /// A registry at work: an authority, an accreditation body, two certification bodies, an audit body, a document, a
    /// scheme `stars@1`, an open verdict `V-1` and a restricted one `V-2` on another supplier.
    pub(super) async fn furnished() -> World {
        World::furnished_with(|_| {}).await
    }

    /// The same by a changed configuration.
    pub(super) async fn furnished_with(change: impl FnOnce(&mut String)) -> World {
        let world = World::with(change).await;
        let operator = world.operator();
        for (id, role) in [
            ("meti", Role::Authority),
            ("jab", Role::AccreditationBody),
            ("cb-1", Role::CertificationBody),
            ("cb-2", Role::CertificationBody),
            ("audit", Role::AuditBody),
            ("buyer-1", Role::Buyer),
        ] {
            world.join(&operator, id, role, json!([])).await;
        }
        world.join(&operator, "maker", Role::Supplier, json!(["lei:5493001KJTIIGC8Y1R12"])).await;
        let (meti, jab, cb) = (world.person("meti"), world.person("jab"), world.person("cb-1"));
        world.must(&meti, "document-published", document()).await;
        world.must(&meti, "scheme-published", scheme()).await;
        world.must(&meti, "designation-made", designation()).await;
        for (id, body, role) in [
            ("A-1", "cb-1", "certification-body"),
            ("A-2", "cb-2", "certification-body"),
            ("A-3", "audit", "audit-body"),
        ] {
            world.must(&jab, "accreditation-granted", accreditation(id, body, role)).await;
        }
        world.must(&cb, "verdict-granted", verdict("V-1")).await;
        world.must(&cb, "verdict-granted", restricted("V-2")).await;
        world
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.dir.path().join("people").join(id)
    }

    /// The operator.
    pub(super) fn operator(&self) -> Person {
        Person::open("operator", &self.registry.folder.operator())
    }

    /// Somebody who joined.
    pub(super) fn person(&self, id: &str) -> Person {
        Person::open(id, &self.folder(id))
    }

    /// Gives somebody credentials, without a word in the log.
    pub(super) fn equip(&self, id: &str, role: Role) -> Value {
        let about = About {
            url: self.url(),
            nats: "localhost:4222".to_owned(),
            registry: "jp".parse().unwrap(),
            origin: ORIGIN.parse().unwrap(),
            party: id.parse::<PartyId>().unwrap(),
            role,
        };
        let mut authority = Authority::open(&self.registry.folder.ca()).unwrap();
        let folder = self.folder(id);
        std::fs::create_dir_all(&folder).unwrap();
        let jwk = init::equip(&folder, about, &mut authority, (&Keys::Files, Algorithm::Ed25519), now()).unwrap();
        serde_json::to_value(jwk).unwrap()
    }

    /// Gives somebody new credentials in the place of those that it had.
    pub(super) fn equip_again(&self, id: &str, role: Role) {
        std::fs::remove_dir_all(self.folder(id)).unwrap();
        self.equip(id, role);
    }

    /// Registers somebody.
    pub(super) async fn join(&self, operator: &Person, id: &str, role: Role, identifiers: Value) {
        let key = self.equip(id, role);
        self.must(operator, "party-registered", registration(id, role, key, identifiers)).await;
    }

    /// Revokes every certificate of somebody and lets the door know.
    pub(super) fn revoke(&self, id: &str, role: Role) {
        self.revoke_unnoticed(id, role);
        self.notice();
    }

    /// Lets connections know what was revoked.
    pub(super) fn notice(&self) {
        self.reloads.send_modify(|count| *count += 1);
    }

    /// Revokes every certificate of somebody and reads the CRL; those who watch over connections do not look yet.
    pub(super) fn revoke_unnoticed(&self, id: &str, role: Role) {
        let mut authority = Authority::open(&self.registry.folder.ca()).unwrap();
        let target = Target::Identity(format!("spiffe://{ORIGIN}/{role}/{id}"));
        authority.revoke(&target, Reason::KeyCompromise, now()).unwrap();
        self.https.reload().unwrap();
    }

    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// A statement of `person`, signed.
    pub(super) fn sign(&self, person: &Person, kind: &str, claim: Value) -> Bytes {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        person.sign(&format!("s-{next}"), kind, claim)
    }

    /// Submits what must be taken; answers the index.
    pub(super) async fn must(&self, person: &Person, kind: &str, claim: Value) -> u64 {
        let got = self.say(person, kind, claim).await;
        assert_eq!(got.status, 201, "{kind}: {got:?}");
        got.json()["index"].as_u64().unwrap()
    }

    /// Submits.
    pub(super) async fn say(&self, person: &Person, kind: &str, claim: Value) -> Got {
        let statement = self.sign(person, kind, claim);
        self.talk(Some(person)).await.post("/v1/statements", "application/jose", statement).await
    }

    /// GETs as nobody in particular.
    pub(super) async fn ask(&self, path: &str) -> Got {
        self.talk(None).await.ask(path).await
    }

    /// An open connection.
    pub(super) async fn talk(&self, person: Option<&Person>) -> Talk {
        let stream = self.connect(person).await;
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Talk::Two(sender)
    }

    /// An open connection over HTTP/1.1.
    pub(super) async fn talk_one(&self, person: Option<&Person>) -> Talk {
        let stream = self.connect(person).await;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Talk::One(sender)
    }

    /// An open connection for bodies that come bit by bit.
    pub(super) async fn trickling(
        &self,
        person: &Person,
    ) -> http2::SendRequest<UnsyncBoxBody<Bytes, std::convert::Infallible>> {
        let stream = self.connect(Some(person)).await;
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// A connection on which nothing was said yet.
    pub(super) async fn connect(&self, person: Option<&Person>) -> certs::Stream<TcpStream> {
        let stream = self.knock(person).await.unwrap();
        assert!(stream.is_http2());
        stream
    }

    /// The same, where that may be refused.
    pub(super) async fn knock(&self, person: Option<&Person>) -> Result<certs::Stream<TcpStream>, certs::ConnectError> {
        let trust = certs::Trust::read(&self.registry.folder.ca_public().root()).unwrap();
        let client = match person {
            Some(person) => {
                let (certificate, key) = person.credentials.tls();
                certs::Client::with_certificate(&trust, certs::ClientFiles { certificate, key }).unwrap()
            }
            None => certs::Client::anonymous(&trust).unwrap(),
        };
        let socket = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        client.connect("localhost", socket, Duration::from_secs(5)).await
    }

    /// HTTP/1.1 without TLS, past the door, as nobody in particular.
    pub(super) async fn plain(&self) -> Talk {
        self.plain_as(None).await
    }

    /// The same as somebody.
    pub(super) async fn plain_as(&self, speaker: Option<certs::Speaker>) -> Talk {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let caller = Arc::new(Caller::of(speaker));
        let introduce = move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Arc::clone(&caller));
            request
        };
        let routes = tower::util::MapRequest::new(http::Answers::of(Arc::clone(&self.registry)).routes(), introduce);
        let service = hyper_util::service::TowerToHyperService::new(routes);
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service));
        let (sender, connection) = http1::handshake(TokioIo::new(near)).await.unwrap();
        tokio::spawn(connection);
        Talk::One(sender)
    }

    /// Publishes checkpoints from now on.
    pub(super) fn publish(&self) {
        let registry = &self.registry;
        let publisher = Publisher {
            sealed: None,
            sequencer: registry.sequencer.clone(),
            log: registry.log.clone(),
            tiles: Arc::clone(&registry.tiles),
            size: registry.size.clone(),
            interval: Duration::from_millis(100),
            metrics: Arc::clone(&registry.metrics),
            published: registry.published.clone(),
            key_files: Arc::new(registry.key_files()),
        };
        tokio::spawn(publisher.run(self.shutdown.clone()));
    }

    /// Waits until a checkpoint covers the whole log.
    pub(super) async fn published(&self) -> u64 {
        let mut published = self.registry.published.subscribe();
        let whole = published.wait_for(|size| *size == self.registry.log.size());
        *tokio::time::timeout(Duration::from_secs(10), whole).await.unwrap().unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Person {
    fn open(id: &str, folder: &Path) -> Person {
        let credentials = Credentials::open(folder).unwrap();
        Person { id: id.to_owned(), key: credentials.signing_key().unwrap(), credentials }
    }

    /// The key that signs.
    pub(super) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// A statement with an id of one's own.
    pub(super) fn sign(&self, jti: &str, kind: &str, claim: Value) -> Bytes {
        self.statement(jti, kind, claim).compact().clone()
    }

    /// The same as intake has it.
    pub(super) fn statement(&self, jti: &str, kind: &str, claim: Value) -> Verified {
        let payload = json!({
            "iss": self.id, "aud": ORIGIN, "jti": jti, "iat": now().as_second(), "kind": kind, "claim": claim,
        });
        jws::sign(&self.key, &serde_json::to_vec(&payload).unwrap()).unwrap()
    }

    /// Whatever is to be signed.
    pub(super) fn sign_payload(&self, payload: &Value) -> Bytes {
        jws::sign(&self.key, &serde_json::to_vec(payload).unwrap()).unwrap().compact().clone()
    }
}

/// An open connection.
pub(super) enum Talk {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Talk {
    pub(super) async fn ask(&mut self, path: &str) -> Got {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    pub(super) async fn post(&mut self, path: &str, media_type: &str, body: impl Into<Bytes>) -> Got {
        self.send(Method::POST, path, &[("content-type", media_type)], body.into()).await
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Got {
        let (head, body) = self.open(method, path, headers, body).await.into_parts();
        let body = tokio::time::timeout(Duration::from_secs(20), body.collect()).await.unwrap().unwrap().to_bytes();
        Got { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// Whether the connection ended.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Talk::One(sender) => sender.is_closed(),
            Talk::Two(sender) => sender.is_closed(),
        }
    }

    /// Sends a request and reads the head of the answer.
    pub(super) async fn open(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Response<Incoming> {
        let uri = match self {
            Talk::One(_) => path.to_owned(),
            Talk::Two(_) => format!("https://localhost{path}"),
        };
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).unwrap();
        let answer = async {
            match self {
                Talk::One(sender) => {
                    sender.ready().await.unwrap();
                    sender.send_request(request).await.unwrap()
                }
                Talk::Two(sender) => {
                    sender.ready().await.unwrap();
                    sender.send_request(request).await.unwrap()
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), answer).await.unwrap()
    }
}
