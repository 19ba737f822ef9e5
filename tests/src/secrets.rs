//! What a credential keeps back, and looking for it where it must not be: in what nodes say of their work, in their folders, and
//! in what a registry tells those who may not see it.
//!
//! In scope: texts as they would stand there, whole. A level is one character and stands in every scheme: what gives it away is its
//! disclosure, its salt, or its name beside it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use credential::sd_jwt::Pieces;
use ledger::encoding::base64url_decode;
use registry_node::client::{Client, Connection};
use serde_json::Value;

use crate::audit::Auditor;
use crate::buyer::Buyer;
use crate::claims::SUPPLIER;
use crate::events::Events;
use crate::federation::Federation;
use crate::registry::Registry;

/// How long a stream is silent before it has told everything.
const SILENCE: Duration = Duration::from_millis(500);

/// How level 4 would be written by whoever gave it away: as JSON, as `Debug` writes it, as a field of a log line.
pub const LEVEL_GIVEN_AWAY: &[&str] =
    &["\"level\":\"4\"", "level: Some(LevelCode(", "level: LevelCode(\"4\")", "level=4", "level=\"4\""];

/// What everyone may read.
const PUBLIC: &[&str] = &[
    "/v1/verdicts",
    "/v1/documents",
    "/v1/documents/sp800-171%40r3/coverage",
    "/v1/schemes",
    "/v1/crosswalks",
    "/v1/cascades",
    "/v1/parties",
    "/v1/accreditations",
    "/v1/designations",
    "/v1/arrangements",
    "/v1/peers",
    "/v1/evidence",
    "/v1/genesis",
    "/v1/log-keys",
    "/.well-known/did.json",
    "/.well-known/jwks.json",
    "/parties/cb-1/did.json",
    "/parties/cb-1/jwks.json",
    "/checkpoint",
    "/metrics",
    "/openapi.json",
];

/// What some are refused, or not every registry has.
const OTHERS: &[&str] = &[
    "/v1/consents",
    "/v1/status-lists/0",
    "/v1/bitstring-status-lists/0/revocation",
    "/v1/bitstring-status-lists/0/suspension",
];

/// Texts that nobody may find.
#[derive(Debug, Clone)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Each disclosure of the credentials and its salt; besides what `marks` names of what they say.
    ///
    /// # Panics
    /// When one is no credential, keeps nothing back, or no disclosure of it says one of the marks.
    pub fn of(credentials: &[String], marks: &[&str]) -> Secrets {
        let mut secrets: Vec<String> = marks.iter().map(|mark| (*mark).to_owned()).collect();
        let mut said = String::new();
        for disclosure in credentials.iter().flat_map(|one| Pieces::of(one).expect("an SD-JWT").disclosures()) {
            let json = base64url_decode(disclosure.as_bytes()).expect("base64url");
            let parts: Value = serde_json::from_slice(&json).expect("a disclosure is JSON");
            secrets.extend([disclosure.to_owned(), parts[0].as_str().expect("a salt").to_owned()]);
            said.push_str(&parts.to_string());
        }
        assert!(marks.iter().all(|mark| said.contains(mark)), "{marks:?} are kept back: {said}");
        assert!(secrets.len() > marks.len(), "something is kept back");
        Secrets(secrets)
    }

    /// The same and other texts, such as those that would give a level away.
    #[must_use]
    pub fn and(mut self, others: &[&str]) -> Secrets {
        self.0.extend(others.iter().map(|other| (*other).to_owned()));
        self
    }

    /// Those that stand in a text.
    pub fn in_text(&self, text: &str) -> Vec<&str> {
        self.0.iter().map(String::as_str).filter(|secret| text.contains(secret)).collect()
    }

    /// The files below a folder in which one of them stands.
    pub fn in_files(&self, folder: &Path) -> Vec<String> {
        holders(folder, &self.0)
    }

    /// Looks for them everywhere: where [`said_nowhere`](Self::said_nowhere) looks, and in the folders of all registries.
    ///
    /// # Panics
    /// When one is found, or a node does not trace.
    pub async fn found_nowhere(&self, federation: &Federation, verdicts: &[&str]) {
        self.said_nowhere(federation, verdicts).await;
        for registry in federation.registries() {
            assert_eq!(
                self.in_files(registry.folder().path()),
                Vec::<String>::new(),
                "the folder of {}",
                registry.id()
            );
        }
    }

    /// Looks for them in the logs of all nodes, which trace, and in what the public, a buyer and a body that is not concerned
    /// are told. `verdicts` are those of the first registry that keep them back.
    ///
    /// # Panics
    /// When one is found, or a node does not trace.
    pub async fn said_nowhere(&self, federation: &Federation, verdicts: &[&str]) {
        let own = federation.registries()[0].id().to_owned();
        for registry in federation.registries() {
            let (id, said) = (registry.id(), federation.node(registry.id()).said());
            assert!(said.contains("TRACE"), "{id} traces");
            assert_eq!(self.in_text(&said), Vec::<&str>::new(), "the log of {id}");
            let paths = paths(registry, &own, verdicts).await;
            all_answered(registry).await;
            let clients = [registry.public(), registry.party("buyer-1").client(), registry.party("cb-2").client()];
            for client in clients {
                assert_eq!(self.told(registry, &client, &paths).await, Vec::<String>::new(), "{id} tells it");
            }
        }
    }

    /// The places at which a registry tells `client` one of them: what it answers at each path, refusals too, and its events.
    pub async fn told(&self, registry: &Registry, client: &Client, paths: &[String]) -> Vec<String> {
        let mut places = Vec::new();
        let mut connection = client.connect().await.expect("a connection");
        for path in paths {
            let answer = match connection.get(path).await {
                Ok(bytes) => with_encoded(&String::from_utf8_lossy(&bytes)),
                Err(refused) => refused.to_string(),
            };
            places.extend(self.in_text(&answer).first().map(|secret| format!("{path}: {secret}")));
        }
        let mut events = Events::open(client, "/v1/events?after=start", None).await.expect("events are told");
        let mut count = 0;
        while let Some(frame) = events.within(SILENCE).await {
            let frame = format!("{:?}", frame.expect("the stream goes on"));
            count += 1;
            places.extend(self.in_text(&frame).first().map(|secret| format!("event {frame}: {secret}")));
        }
        assert!(count > 0, "{} tells what happened", registry.id());
        places
    }

    /// The messages in which a buyer heard one of them over NATS since it began to listen.
    ///
    /// # Panics
    /// When it heard nothing at all.
    pub async fn heard(&self, buyer: &mut Buyer) -> Vec<String> {
        let (mut places, mut count) = (Vec::new(), 0);
        while let Some(message) = buyer.within(SILENCE).await {
            let text = with_encoded(&format!("{} {}", message.subject, String::from_utf8_lossy(&message.payload)));
            count += 1;
            places.extend(self.in_text(&text).first().map(|secret| format!("{}: {secret}", message.subject)));
        }
        assert!(count > 0, "a buyer hears what happens");
        places
    }
}

/// Nothing is shown by paths that nobody answers.
async fn all_answered(registry: &Registry) {
    let mut connection = registry.public().connect().await.expect("a connection");
    for path in PUBLIC {
        let answer = connection.get(path).await;
        assert!(answer.is_ok(), "{} {path}: {answer:?}", registry.id());
    }
}

/// A text, and what stands in it in base64url, as in what is signed.
fn with_encoded(text: &str) -> String {
    let pieces = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let decoded = pieces.filter(|piece| piece.len() >= 16).filter_map(|piece| base64url_decode(piece.as_bytes()));
    decoded.fold(text.to_owned(), |all, piece| all + "\n" + &String::from_utf8_lossy(&piece))
}

/// The attachments that a statement names, as everyone reads it; none where nobody may.
async fn attachments(connection: &mut Connection, statement: &str) -> Vec<String> {
    let Ok(answer) = connection.get(statement).await else { return Vec::new() };
    let said = with_encoded(&String::from_utf8_lossy(&answer));
    let words = said.split(|c: char| !c.is_ascii_alphanumeric());
    let digests = words.filter(|word| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
    digests.map(|digest| format!("/v1/attachments/{digest}")).collect()
}

/// Where a registry might tell something of these verdicts.
async fn paths(registry: &Registry, own: &str, verdicts: &[&str]) -> Vec<String> {
    let mut paths: Vec<String> = PUBLIC.iter().chain(OTHERS).map(|path| (*path).to_owned()).collect();
    let supplier = SUPPLIER.replace(':', "%3A");
    paths.push(format!("/v1/documents/sp800-171%40r3/coverage?supplier={supplier}"));
    let of_supplier = ["standing", "proof?scheme=stars%401", "disclosures?scheme=stars%401"];
    paths.extend(of_supplier.map(|what| format!("/v1/suppliers/{supplier}/{what}")));
    for verdict in verdicts {
        let about = format!("/v1/verdicts/{own}:{verdict}");
        paths.extend(["", "/proof", "/disclosed", "/disclosures"].map(|rest| format!("{about}{rest}")));
        paths.push(format!("/v1/credentials/{own}:{verdict}"));
    }
    let mut auditor = Auditor::of(registry);
    let size = auditor.follow(1).await.size;
    let mut connection = registry.public().connect().await.expect("a connection");
    for statement in (0..size).map(|index| format!("/v1/statements/{index}")) {
        paths.extend(attachments(&mut connection, &statement).await);
        paths.push(statement);
    }
    paths
}

/// Files below `folder` in which one of the texts stands.
///
/// # Panics
/// When the folder cannot be read.
pub fn holders<T: AsRef<str>>(folder: &Path, texts: &[T]) -> Vec<String> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).expect("the folder is there").flatten().map(|item| item.path()) {
        if item.is_dir() {
            found.extend(holders(&item, texts));
        } else {
            // A file that goes away while we look holds nothing. What is no UTF-8 is replaced, and the rest stays as it is.
            let bytes = fs::read(&item).unwrap_or_default();
            let content = String::from_utf8_lossy(&bytes);
            let holds = texts.iter().any(|text| content.contains(text.as_ref()));
            found.extend(holds.then(|| item.display().to_string()));
        }
    }
    found
}
