//! Webhooks under violence: a receiver that refuses, forgets to answer and goes away, and a node that is killed meanwhile. Each event
//! arrives at least once, in order, under one id, and nothing is sent where nothing may be.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use certs::{Https, HttpsFiles};
use conformity::party::Role;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tests::claims::verdict;
use tests::{Chance, Federation, Party, Registry, soon};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(super) const JSON: &str = "application/json";
const PATH: &str = "/v1/subscriptions/all";
const ROUNDS: u64 = 24;

/// How a receiver behaves.
pub(super) const TAKES: u8 = 0;
pub(super) const REFUSES: u8 = 1;
/// It takes a delivery, and nobody learns of it.
pub(super) const FORGETS: u8 = 2;

/// What arrived: `webhook-id`, the event without its checkpoint, how many signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) webhook: String,
    pub(super) event: Value,
    signatures: usize,
}

impl Arrived {
    pub(super) fn id(&self) -> &str {
        self.event["id"].as_str().unwrap()
    }
}

/// A webhook that can be taken away.
pub(super) struct Receiver {
    https: Arc<Https>,
    port: u16,
    manner: Arc<AtomicU8>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    listening: Option<JoinHandle<()>>,
}

impl Receiver {
    pub(super) fn new(jp: &Registry) -> Receiver {
        let (certificate, key) = jp.folder().server();
        let files = HttpsFiles { certificate, key, public: jp.folder().ca_public() };
        let https = Arc::new(Https::open(files, jp.config().registry.origin.clone()).unwrap());
        let port = tests::ports::free().port();
        Receiver { https, port, manner: Arc::default(), arrived: Arc::default(), listening: None }
    }

    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}/hook", self.port)
    }

    pub(super) async fn appear(&mut self) {
        if self.listening.is_some() {
            return;
        }
        let listener = soon("the receiver listens", async || {
            TcpListener::bind(("127.0.0.1", self.port)).await.map_err(|error| error.to_string())
        })
        .await;
        let (https, manner, arrived) = (Arc::clone(&self.https), Arc::clone(&self.manner), Arc::clone(&self.arrived));
        self.listening = Some(tokio::spawn(async move {
            let mut talks = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (https, manner, arrived) = (Arc::clone(&https), Arc::clone(&manner), Arc::clone(&arrived));
                talks.spawn(async move {
                    let Ok(accepted) = https.accept(socket, Duration::from_secs(20)).await else { return };
                    let service = service_fn(move |request| take(request, Arc::clone(&manner), Arc::clone(&arrived)));
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(accepted.stream), service).await;
                });
            }
        }));
    }

    pub(super) async fn vanish(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let _ = listening.await;
        }
    }

    pub(super) fn behave(&self, manner: u8) {
        self.manner.store(manner, Ordering::SeqCst);
    }

    pub(super) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(
    request: Request<Incoming>,
    manner: Arc<AtomicU8>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let status = match manner.load(Ordering::SeqCst) {
        REFUSES => 503,
        manner => {
            let mut event: Value = serde_json::from_slice(&body).map_err(io::Error::other)?;
            // The newest there is: another one each time.
            event.as_object_mut().unwrap().remove("checkpoint");
            let header = |name: &str| head.headers[name].to_str().unwrap().to_owned();
            arrived.lock().unwrap_or_else(PoisonError::into_inner).push(Arrived {
                webhook: header("webhook-id"),
                event,
                signatures: header("webhook-signature").split(' ').count(),
            });
            if manner == FORGETS {
                return Err(io::Error::other("the answer is lost"));
            }
            200
        }
    };
    Ok::<_, Infallible>(Response::builder().status(status).body(Full::default()).unwrap())
        .map_err(|never| match never {})
}

fn configure(jp: &Registry, allowed: &str) {
    let on = format!("ca_roots = \"ca/public/root.pem\"\nallow_private = [{allowed}]");
    jp.configure("allow_private = []", &on);
    jp.configure("retry_seconds = 5", "retry_seconds = 1");
    jp.configure("external = false", "external = true");
}

/// A furnished registry that sends to this machine, and a receiver that is there.
pub(super) async fn served() -> (Federation, Receiver) {
    let federation = Federation::create(&["jp"]);
    let jp = federation.registry("jp");
    configure(jp, "\"127.0.0.0/8\", \"::1/128\"");
    federation.start_all().await;
    jp.furnish().await;
    let mut receiver = Receiver::new(jp);
    receiver.appear().await;
    (federation, receiver)
}

async fn put(party: &Party, url: &str) -> Value {
    let body = json!({ "url": url, "filter": { "types": ["verdict"] } }).to_string();
    let answer = party.connect().await.unwrap().put(PATH, JSON, body.into()).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

pub(super) async fn shown(party: &Party, path: &str) -> Result<Value, String> {
    let mut connection = party.connect().await.map_err(|error| error.to_string())?;
    let answer = connection.get(path).await.map_err(|error| error.to_string())?;
    serde_json::from_slice(&answer).map_err(|error| error.to_string())
}

/// Ids of all events about verdicts, in their order.
async fn told(jp: &Registry) -> Vec<String> {
    let (mut ids, mut next) = (Vec::new(), "start".to_owned());
    loop {
        let answer = jp.must_ask(&format!("/v1/events/pull?type=verdict&limit=1000&after={next}")).await;
        ids.extend(answer["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()));
        answer["next"].as_str().unwrap().clone_into(&mut next);
        if answer["more"] == false {
            return ids;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_arrives_in_order_whatever_is_killed() {
    let mut chance = Chance::new();
    let (federation, mut receiver) = served().await;
    let jp = federation.registry("jp");
    let (buyer, cb) = (jp.register("watcher", Role::Buyer).await, jp.party("cb-1"));
    put(&buyer, &receiver.url()).await;
    for round in 0..ROUNDS {
        for number in 0..4 {
            cb.must("verdict-granted", verdict(&format!("V-{round}-{number}"))).await;
        }
        match chance.below(5) {
            0 => receiver.behave(REFUSES),
            1 => receiver.behave(FORGETS),
            2 => receiver.vanish().await,
            3 => {
                federation.node("jp").kill();
                federation.restart("jp").await;
            }
            _ => receiver.appear().await,
        }
        if round == ROUNDS / 2 {
            let rotated = buyer.connect().await.unwrap().post(&format!("{PATH}/secret"), JSON, Bytes::new()).await;
            let rotated: Value = serde_json::from_slice(&rotated.unwrap()).unwrap();
            assert_eq!(rotated["secrets"].as_array().unwrap().len(), 2);
        }
        tokio::time::sleep(Duration::from_millis(chance.below(400))).await;
        if chance.below(2) == 0 {
            receiver.behave(TAKES);
            receiver.appear().await;
        }
    }
    federation.node("jp").kill();
    federation.restart("jp").await;
    receiver.behave(TAKES);
    receiver.appear().await;
    let all = told(jp).await;
    assert!(all.len() >= 4 * ROUNDS as usize);
    soon("all of it arrives", async || {
        let (shown, arrived) = (shown(&buyer, PATH).await?, receiver.arrived());
        let is_through = arrived.last().map(Arrived::id) == all.last().map(String::as_str) && shown["behind"].is_null();
        if is_through { Ok(()) } else { Err(format!("{shown}, {} of {} arrived", arrived.len(), all.len())) }
    })
    .await;
    checked(&receiver.arrived(), &all);
}

/// Each once at least, and none before one that stands before it.
fn checked(arrived: &[Arrived], all: &[String]) {
    let mut first = Vec::new();
    for one in arrived {
        assert_eq!(one.webhook, format!("jp_{}_0", one.id()), "one id, whenever it is sent");
        if !first.contains(&one.id()) {
            first.push(one.id());
        }
    }
    assert_eq!(first, all, "in the order of the log, without a gap");
    assert!(arrived.iter().any(|one| one.signatures == 1) && arrived.iter().any(|one| one.signatures == 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_where_nothing_may_be_sent() {
    let federation = Federation::create(&["jp"]);
    let jp = federation.registry("jp");
    configure(jp, "");
    federation.start_all().await;
    jp.furnish().await;
    let buyer = jp.register("watcher", Role::Buyer).await;
    let mut receiver = Receiver::new(jp);
    receiver.appear().await;
    put(&buyer, &receiver.url()).await;
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    soon("it is told why", async || {
        let shown = shown(&buyer, PATH).await?;
        let why = shown["failing"]["why"].as_str().unwrap_or_default();
        if why.contains("private network") { Ok(()) } else { Err(shown.to_string()) }
    })
    .await;
    assert!(receiver.arrived().is_empty());
    assert_eq!(federation.node("jp").lines_with(&[&receiver.url()]), 0, "no line says whereto");
    assert_eq!(federation.node("jp").lines_with(&["watcher"]), 0, "nor who asked");
}
