//! One registry as its operator sees it: a folder, two ports, people with credentials.
//!
//! In scope: making it, its parties, asking it over HTTPS. Out of scope: the process that serves it ([`crate::node`]) and
//! several registries together ([`crate::federation`]).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use certs::{Authority, Reason, Target};
use conformity::ids::RegistryId;
use conformity::party::Role;
use credential::bundle::{KeyHistory, Pin};
use jiff::Timestamp;
use ledger::journal::{FileJournal, Options};
use ledger::jws::Unverified;
use ledger::key::Algorithm;
use ledger::log::{Log, LogReader};
use ledger::log_keys::LogKeys;
use ledger::note::NoteVerifier;
use ledger::vrf::VrfKey;
use registry_node::client::{Client, ClientError, Connection};
use registry_node::config::Config;
use registry_node::core::log_keys;
use registry_node::core::state_map::{Seals, check_seals};
use registry_node::credentials::About;
use registry_node::folder::Folder;
use registry_node::init::{NewRegistry, equip, init};
use registry_node::keys::Keys;
use serde_json::{Value, json};

use crate::party::{JOSE, NDJSON, Party, STATEMENTS};
use crate::wait::{STARTS, soon, until};
use crate::{claims, ports, program};

/// Who takes part in a furnished registry, in which role.
const CAST: &[(&str, Role)] = &[
    ("ministry", Role::Authority),
    ("ab", Role::AccreditationBody),
    ("cb-1", Role::CertificationBody),
    ("cb-2", Role::CertificationBody),
    ("audit", Role::AuditBody),
    ("buyer-1", Role::Buyer),
];

/// A registry.
#[derive(Debug)]
pub struct Registry {
    id: RegistryId,
    folder: Folder,
    config: Config,
    people: PathBuf,
    parties: Mutex<HashMap<String, Arc<Party>>>,
}

impl Registry {
    /// Makes the folder of a new registry below `root`; nothing serves it yet.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn create(root: &Path, id: &str) -> Registry {
        certs::install_crypto_provider();
        let path = root.join(id);
        let new = NewRegistry {
            id: id.parse().expect("a registry id"),
            origin: claims::origin(id).parse().expect("an origin"),
            name: format!("Registry {id}"),
            country: None,
            http: ports::free(),
            nats: ports::free(),
            nats_buyers: Some(ports::free()),
            host: "localhost".to_owned(),
            keys: Keys::Files,
            persons: conformity::persons::Persons::One,
        };
        init(&path, &new, Timestamp::now()).expect("a registry is made");
        let config = Config::load(&path).expect("the configuration is good");
        let (folder, people) = (Folder::new(path), root.join(format!("{id}-people")));
        Registry { id: new.id, folder, config, people, parties: Mutex::default() }
    }

    /// A copy below `root`, of which the configuration and everybody's credentials name these addresses: nothing serves it yet.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn copied(&self, root: &Path, http: SocketAddr, nats: SocketAddr) -> Registry {
        std::fs::create_dir_all(root).expect("the place is made");
        for from in [self.folder.path(), &self.people] {
            let copied = Command::new("cp").arg("-a").arg(from).arg(root).status().expect("cp starts");
            assert!(copied.success(), "{} is not copied", from.display());
        }
        let (path, people) = (root.join(self.id()), root.join(format!("{}-people", self.id())));
        let mut files = vec![path.join(registry_node::config::FILE_NAME)];
        let parties = std::fs::read_dir(&people).expect("people").map(|one| one.expect("a folder").path());
        files.extend(parties.chain([path.join("operator")]).map(|folder| folder.join("credentials.toml")));
        let mut ports = vec![(self.config.http.listen, http), (self.config.nats.listen, nats)];
        ports.extend(self.config.nats.buyers.iter().map(|buyers| (buyers.listen, ports::free())));
        for file in files {
            let mut text = std::fs::read_to_string(&file).expect("the file is there");
            for (old, new) in &ports {
                text = text.replace(&format!(":{}", old.port()), &format!(":{}", new.port()));
            }
            std::fs::write(&file, text).expect("the file is written");
        }
        let config = Config::load(&path).expect("the configuration is good");
        Registry { id: self.id.clone(), folder: Folder::new(path), config, people, parties: Mutex::default() }
    }

    /// Its short name.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Its folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Its configuration as made.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where buyers dial its nats-server, `host:port`.
    ///
    /// # Panics
    /// When they cannot.
    pub fn buyers_address(&self) -> &str {
        &self.config.nats.buyers.as_ref().expect("buyers are served on NATS").public_address
    }

    /// Changes its configuration file; a running process keeps the old one.
    ///
    /// # Panics
    /// When `from` does not stand there.
    pub fn configure(&self, from: &str, to: &str) {
        let file = self.folder.path().join(registry_node::config::FILE_NAME);
        let text = std::fs::read_to_string(&file).expect("the configuration is there");
        assert!(text.contains(from), "{from} is not in the configuration");
        std::fs::write(&file, text.replace(from, to)).expect("the configuration is written");
    }

    /// Its operator.
    pub fn operator(&self) -> Arc<Party> {
        self.opened("operator", || self.folder.operator())
    }

    /// A party that [`Registry::furnish`] or [`Registry::register`] made.
    pub fn party(&self, id: &str) -> Arc<Party> {
        self.opened(id, || self.people.join(id))
    }

    fn opened(&self, id: &str, folder: impl FnOnce() -> PathBuf) -> Arc<Party> {
        let mut parties = self.parties.lock().unwrap_or_else(PoisonError::into_inner);
        let party = parties.entry(id.to_owned()).or_insert_with(|| Arc::new(Party::open(&folder())));
        Arc::clone(party)
    }

    /// The program, to be run for this registry by its operator.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program::registry_node());
        command.arg("--registry").arg(self.folder.path()).args(words);
        command
    }

    /// What the program says, which must succeed.
    ///
    /// # Panics
    /// It does not.
    pub fn run(&self, words: &[&str]) -> String {
        let told = self.command(words).output().expect("it starts");
        assert!(told.status.success(), "{words:?}: {}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8_lossy(&told.stdout).into_owned()
    }

    /// Makes credentials for a party that the log does not know yet; gives the claim that registers it.
    ///
    /// # Panics
    /// When the authority cannot issue.
    pub fn equip(&self, id: &str, role: Role, algorithm: Algorithm) -> Value {
        let mut authority = self.authority();
        let about = About {
            url: self.config.http.public_url.clone(),
            nats: self.buyers_address().to_owned(),
            registry: self.id.clone(),
            origin: self.config.registry.origin.clone(),
            party: id.parse().expect("a party id"),
            role,
        };
        let folder = self.people.join(id);
        let key = equip(&folder, about, &mut authority, (&Keys::Files, algorithm), Timestamp::now())
            .expect("credentials are made");
        // With it, commands check the proofs that they get.
        std::fs::copy(self.folder.genesis(), folder.join("genesis.jws")).expect("the genesis is copied");
        json!({"party": {"id": id, "role": role, "name": format!("The {role} {id}"), "country": "JP"}, "keys": [key]})
    }

    /// Makes credentials for a party and registers it.
    pub async fn register(&self, id: &str, role: Role) -> Arc<Party> {
        let claim = self.equip(id, role, Algorithm::Ed25519);
        self.operator().must("party-registered", claim).await;
        self.party(id)
    }

    /// The same for a supplier with the identifier that every test knows.
    pub async fn register_supplier(&self, id: &str) -> Arc<Party> {
        let mut claim = self.equip(id, Role::Supplier, Algorithm::P256);
        claim["party"]["identifiers"] = json!([claims::SUPPLIER]);
        self.operator().must("party-registered", claim).await;
        self.party(id)
    }

    /// The same for a party that works in a sector.
    pub async fn register_in(&self, id: &str, role: Role, sector: &str) -> Arc<Party> {
        let mut claim = self.equip(id, role, Algorithm::Ed25519);
        claim["party"]["sectors"] = json!([sector]);
        self.operator().must("party-registered", claim).await;
        self.party(id)
    }

    /// Everything that verdicts rest on: parties, the schemes `stars` and `moons`, accreditations; in one submission, for
    /// the operator may carry what others signed. Gives the size that the log has at least after that.
    ///
    /// # Panics
    /// When a line is refused.
    pub async fn furnish(&self) -> u64 {
        let operator = self.operator();
        let algorithm = |id| if id == "cb-2" { Algorithm::P256 } else { Algorithm::Ed25519 };
        let mut lines: Vec<Bytes> = CAST
            .iter()
            .map(|(id, role)| operator.sign("party-registered", self.equip(id, *role, algorithm(*id))))
            .collect();
        lines.push(operator.sign("document-published", claims::document()));
        let (ministry, ab) = (self.party("ministry"), self.party("ab"));
        for scheme in ["stars", "moons"] {
            lines.push(ministry.sign("scheme-published", claims::scheme(scheme)));
        }
        lines.push(ministry.sign("designation-made", claims::designation("D-1", &["stars", "moons"])));
        for (id, body, role, scheme) in [
            ("C-1", "cb-1", "certification-body", "stars"),
            ("C-2", "cb-2", "certification-body", "stars"),
            ("C-3", "audit", "audit-body", "stars"),
            ("C-4", "cb-1", "certification-body", "moons"),
        ] {
            lines.push(ab.sign("accreditation-granted", claims::accreditation(id, body, role, scheme)));
        }
        let places = self
            .bulk(&operator, &lines)
            .await
            .into_iter()
            .map(|answer| answer["index"].as_u64().unwrap_or_else(|| panic!("{}: {answer}", self.id)));
        places.max().map_or(0, |last| last + 1)
    }

    /// Submits many statements in one request; gives the answers.
    ///
    /// # Panics
    /// When there is none.
    pub async fn bulk(&self, carrier: &Party, lines: &[Bytes]) -> Vec<Value> {
        let mut connection = carrier.connect().await.expect("a connection");
        let body = lines.join(&b'\n');
        let answer = connection.post(STATEMENTS, NDJSON, body.into()).await.expect("lines are answered");
        let text = String::from_utf8(answer.to_vec()).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }

    /// Somebody without a certificate.
    ///
    /// # Panics
    /// When the root cannot be read.
    pub fn public(&self) -> Client {
        Client::anonymous(&self.config.http.public_url, &self.folder.ca_public().root()).expect("a client")
    }

    /// What anybody gets at `path`.
    ///
    /// # Errors
    /// As the client says.
    pub async fn ask(&self, path: &str) -> Result<Value, ClientError> {
        self.public().json(path).await
    }

    /// What anybody must get at `path`.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn must_ask(&self, path: &str) -> Value {
        self.ask(path).await.unwrap_or_else(|error| panic!("{} {path}: {error}", self.id))
    }

    /// Waits until what anybody gets at `path` is as wanted; panics with the last answer.
    pub async fn soon(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        soon(&format!("{} {path}", self.id), async || {
            let answer = self.ask(path).await.map_err(|error| error.to_string())?;
            if wanted(&answer) { Ok(answer) } else { Err(answer.to_string()) }
        })
        .await
    }

    /// A verdict of this registry, or what it makes of another's.
    pub async fn verdict(&self, reference: &str) -> Value {
        self.must_ask(&format!("/v1/verdicts/{reference}")).await
    }

    /// Waits until the proof of a verdict covers the entry that a command, such as `credential issue`, said it made.
    pub async fn proves(&self, client: &Client, reference: &str, made: &Value) {
        let index = made["index"].as_u64().unwrap_or_else(|| panic!("{made}"));
        soon("the proof covers everything", async || {
            let proof: Value =
                client.json(&format!("/v1/verdicts/{reference}/proof")).await.map_err(|error| error.to_string())?;
            let note = proof["checkpoint"].as_str().unwrap_or_default();
            let covered: u64 = note.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or_default();
            if covered > index { Ok(()) } else { Err(format!("{covered} entries")) }
        })
        .await;
    }

    /// Waits until this registry makes of a foreign verdict what is wanted.
    pub async fn recognises(&self, reference: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.soon(&format!("/v1/verdicts/{reference}"), |answer| wanted(&answer["recognition"])).await["recognition"]
            .clone()
    }

    /// How following a peer stands.
    pub async fn peer_status(&self, peer: &str) -> Value {
        let peers = self.must_ask("/v1/peers").await;
        let peers = peers["peers"].as_array().cloned().unwrap_or_default();
        peers.into_iter().find(|one| one["registry"] == peer).unwrap_or(Value::Null)
    }

    /// Waits until it answers and acknowledges. `alive` says why it never will.
    pub async fn ready(&self, alive: impl Fn() -> Result<(), String>) {
        until(&format!("{} is ready", self.id), STARTS, async || {
            if let Err(ended) = alive() {
                panic!("{ended}");
            }
            self.ask("/readyz").await.map(drop).map_err(|error| error.to_string())
        })
        .await;
    }

    /// What it has in its journal while it is stopped.
    ///
    /// # Panics
    /// When the log cannot be opened.
    pub fn log(&self) -> LogReader {
        let signers = log_keys::signers(self.folder(), &self.config().registry.origin).expect("the log keys open");
        let options = Options { roll_bytes: self.config().log.segment_bytes, published_size: 0 };
        let journal = FileJournal::open(&self.folder().journal(), options).expect("the journal opens");
        Log::open(journal, signers).expect("the log opens").reader()
    }

    /// Derives the state map again, while it is stopped, and compares it with every seal.
    ///
    /// # Panics
    /// When a seal is wrong.
    pub fn check_seals(&self) -> Seals {
        let key = VrfKey::load(&self.folder().map_key()).expect("the map's key opens");
        check_seals(&self.log(), key).expect("every seal holds the root that the log gives")
    }

    /// The keys of its log, as it proves them now.
    ///
    /// # Panics
    /// When they are not proven.
    pub async fn log_keys(&self) -> LogKeys {
        let history: KeyHistory = self.public().json("/v1/log-keys").await.expect("keys are shown");
        let genesis = conformity::Digest::of(self.genesis().trim().as_bytes());
        history.verify(Pin::Genesis(genesis)).expect("the keys lead from the genesis")
    }

    /// The first key of its log, out of its genesis.
    pub fn log_key(&self) -> NoteVerifier {
        self.note_key("logKey")
    }

    /// The key with which it cosigns, out of its genesis.
    pub fn witness_key(&self) -> NoteVerifier {
        self.note_key("witnessKey")
    }

    fn note_key(&self, member: &str) -> NoteVerifier {
        let genesis = Unverified::parse(self.genesis().into_bytes().into()).expect("a statement");
        let payload: Value = serde_json::from_slice(genesis.unverified_payload()).expect("JSON");
        payload["claim"][member].as_str().expect("a key").parse().expect("a verifier key")
    }

    /// Its genesis statement.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn genesis(&self) -> String {
        std::fs::read_to_string(self.folder.genesis()).expect("the genesis is there")
    }

    /// Its certificate authority.
    ///
    /// # Panics
    /// When it does not open.
    pub fn authority(&self) -> Authority {
        Authority::open(&self.folder.ca()).expect("the authority opens")
    }

    /// Revokes every certificate of `identity`, such as `buyer/buyer-1` or `peer/jp`.
    ///
    /// # Panics
    /// When there is none.
    pub fn revoke(&self, identity: &str) {
        let target = Target::Identity(format!("spiffe://{}/{identity}", self.config.registry.origin));
        let revoked = self.authority().revoke(&target, Reason::KeyCompromise, Timestamp::now());
        assert!(!revoked.expect("it is revoked").is_empty(), "{identity} had no certificate");
    }
}

/// Posts one statement over an open connection.
///
/// # Errors
/// As the client says.
pub async fn post(connection: &mut Connection, compact: Bytes) -> Result<crate::Receipt, ClientError> {
    registry_node::client::read_json(&connection.post(STATEMENTS, JOSE, compact).await?)
}
