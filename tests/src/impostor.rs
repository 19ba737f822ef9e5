//! A registry in the hands of a liar: everything that was its own (log key, parties' keys, certificates, address), and a
//! program that answers peers as it likes.
//!
//! It takes over a real registry that was stopped, so that its past is genuine. Out of scope: lying on HTTPS.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use certs::{Client, ClientFiles, NatsTls, Trust};
use credential::bundle::{Item, KeyHistory};
use federation::access::{Access, Inbox, Limits, Peering, ServerFiles};
use federation::bus::{Bus, Delivery, Dial, Incoming, Link, OWN_SERVER, Subscription};
use federation::messages::{
    Answer, CheckpointAnswer, CheckpointRequest, Cosign, Done, Entries, Head, Hello, Message, Proof, Range,
    RangeRequest, Refused,
};
use federation::server::{Binary, Child, Control, Setup};
use federation::subjects::{Pattern, Service, Subject, asked};
use federation::witness;
use ledger::checkpoint::{Checkpoint, Purpose};
use ledger::digest::Digest;
use ledger::entry::{Entry, Kind};
use ledger::journal::Stored;
use ledger::key::SigningKey;
use ledger::merkle::{Hash, Tree};
use ledger::note::NoteSigner;
use tempfile::TempDir;

use crate::program;
use crate::registry::Registry;
use crate::wait::PATIENCE;

/// A log that can also be made wrongly. A clone shares the past and the key, and may differ from then on.
#[derive(Clone)]
pub struct Past {
    /// Its entries.
    pub entries: Vec<Entry>,
    /// What they commit to, where there is something.
    pub statements: Vec<Option<String>>,
    tree: Tree,
    log_key: Arc<NoteSigner>,
}

impl Past {
    /// What a stopped registry has in its journal.
    fn of(registry: &Registry) -> Past {
        let key = || SigningKey::load(&registry.folder().log_key()).expect("the log key opens");
        let origin = registry.config().registry.origin.as_str();
        let signer = || NoteSigner::new(origin, key()).expect("the key fits the origin");
        let log = registry.log();
        let mut past =
            Past { entries: Vec::new(), statements: Vec::new(), tree: Tree::new(), log_key: Arc::new(signer()) };
        for (index, entry) in (0..).zip(log.entries(0..log.size()).expect("entries")) {
            let statement = match log.statement(index).expect("a statement") {
                Stored::Bytes(bytes) => Some(String::from_utf8(bytes.to_vec()).expect("text")),
                Stored::Erased | Stored::None => None,
            };
            past.push(entry, statement);
        }
        past
    }

    /// Appends a statement as of now; whether it is allowed is another matter.
    pub fn append(&mut self, compact: &[u8]) {
        let statement = String::from_utf8(compact.to_vec()).expect("text");
        self.push(Entry { kind: Kind::Statement, time_ms: now_ms(), digest: Digest::of(compact) }, Some(statement));
    }

    /// Appends an entry as it stands.
    pub fn push(&mut self, entry: Entry, statement: Option<String>) {
        self.tree.push(entry.leaf_hash());
        self.entries.push(entry);
        self.statements.push(statement);
    }

    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.tree.len()
    }

    /// A signed checkpoint of the log at a size, true or not.
    pub fn note(&self, size: u64, root: Hash) -> String {
        let origin = self.log_key.verifier().name().to_owned();
        Checkpoint { origin, size, root, purpose: Purpose::Publication }.sign(&self.log_key).expect("it can be signed")
    }

    /// The true checkpoint of a size.
    pub fn checkpoint(&self, size: u64) -> String {
        self.note(size, self.tree.root_at(size).expect("a size of this log"))
    }

    /// What an honest node answers to whoever holds so much.
    pub fn newest(&self, held: u64) -> CheckpointAnswer {
        CheckpointAnswer { checkpoint: self.checkpoint(self.size()), proof: self.proof(held) }
    }

    /// What an honest node answers to whoever asks for entries from here on.
    pub fn range(&self, from: u64) -> Range {
        let start = usize::try_from(from).expect("a small number").min(self.entries.len());
        Range {
            entries: Entries(self.entries[start..].to_vec()),
            statements: self.statements[start..].to_vec(),
            checkpoint: self.checkpoint(self.size()),
            proof: Proof::default(),
        }
    }

    /// Consistency from a size to the newest checkpoint.
    pub fn proof(&self, held: u64) -> Proof {
        let proven = (1..self.size()).contains(&held);
        Proof(if proven { self.tree.consistency_proof(held, self.size()).expect("sizes") } else { Vec::new() })
    }

    /// The truth.
    fn answer(&self, service: Service, payload: &[u8]) -> Bytes {
        match service {
            Service::Checkpoint => {
                let held = CheckpointRequest::decode(payload).map_or(0, |request| request.held);
                Answer::Ok(self.newest(held)).encode()
            }
            Service::Range => {
                let from = RangeRequest::decode(payload).map_or(0, |request| request.from);
                Answer::Ok(self.range(from)).encode()
            }
            Service::Hello => {
                let genesis = self.statements.first().cloned().flatten().unwrap_or_default();
                Answer::Ok(Hello { genesis, checkpoint: self.checkpoint(self.size()) }).encode()
            }
            Service::Keys => Answer::Ok(self.keys()).encode(),
            // A liar gives nobody its word.
            Service::Cosign => Answer::<Done>::Refused(Refused::new("no", "no")).encode(),
            _ => Answer::Ok(Done {}).encode(),
        }
    }

    /// With which keys the log signed: the first, for nobody here changes it.
    fn keys(&self) -> KeyHistory {
        let statement = self.statements.first().cloned().flatten().unwrap_or_default();
        let time_ms = self.entries.first().map_or(0, |entry| entry.time_ms);
        KeyHistory {
            statements: vec![Arc::new(Item { index: 0, time_ms, statement, attachment: None })],
            checkpoint: self.checkpoint(self.size()),
            proof: self.tree.multi_proof(&[0], self.size()).expect("the genesis is there"),
        }
    }

    /// What it would submit to a witness that has cosigned so much of its log.
    pub fn submission(&self, old: u64) -> String {
        witness::render(&Cosign { old, proof: self.proof(old), checkpoint: self.checkpoint(self.size()) })
    }
}

/// What is said instead of the truth; `None` where the truth will do.
pub struct Lie(Box<dyn Fn(&Past, Service, &[u8]) -> Option<Bytes> + Send>);

impl Lie {
    /// No lie.
    pub fn none() -> Lie {
        Lie(Box::new(|_, _, _| None))
    }

    /// These bytes as the answer to one kind of question.
    pub fn bytes(about: Service, says: impl Fn() -> Bytes + Send + 'static) -> Lie {
        Lie(Box::new(move |_, service, _| (service == about).then(&says)))
    }

    /// Another answer to one kind of question, by what is asked; the truth where there is none.
    pub fn answer(about: Service, says: impl Fn(&[u8]) -> Option<Bytes> + Send + 'static) -> Lie {
        Lie(Box::new(move |_, service, payload| (service == about).then(|| says(payload)).flatten()))
    }

    /// A range that is not as it should be.
    pub fn range(spoil: impl Fn(&Past, &mut Range) + Send + 'static) -> Lie {
        Lie(Box::new(move |past, service, payload| {
            let request = RangeRequest::decode(payload).ok().filter(|_| service == Service::Range)?;
            let mut range = past.range(request.from);
            spoil(past, &mut range);
            Some(Answer::Ok(range).encode())
        }))
    }

    /// A checkpoint that is not as it should be.
    pub fn checkpoint(spoil: impl Fn(&Past, &mut CheckpointAnswer) + Send + 'static) -> Lie {
        Lie(Box::new(move |past, service, payload| {
            let request = CheckpointRequest::decode(payload).ok().filter(|_| service == Service::Checkpoint)?;
            let mut newest = past.newest(request.held);
            spoil(past, &mut newest);
            Some(Answer::Ok(newest).encode())
        }))
    }
}

struct Stage {
    past: Past,
    lie: Lie,
    silent: bool,
}

/// The liar at work. When this goes, its server goes.
pub struct Impostor {
    stage: Arc<Mutex<Stage>>,
    node: Link,
    peer: String,
    _server: Child,
    _folder: TempDir,
}

impl Impostor {
    /// Takes over a registry whose node was stopped, and serves one peer.
    ///
    /// # Panics
    /// When its nats-server does not start.
    pub async fn take_over(registry: &Registry, peer: &str) -> Impostor {
        let folder = tempfile::tempdir().expect("a folder");
        let server = start_server(registry, peer, &folder).await;
        let (certificate, key) = registry.folder().nats_node();
        let trust = Trust::read(&registry.folder().ca_public().root()).expect("the root is there");
        let tls = Client::with_certificate(&trust, ClientFiles { certificate, key }).expect("a certificate");
        let address = format!("tls://{}", registry.config().nats.public_address);
        let inbox = Inbox::node();
        let dial = Dial { address, tls, name: "impostor".to_owned(), inbox, waiting: OWN_SERVER };
        let node = Link::dial(dial).await.expect("an address");
        node.connected(PATIENCE).await.expect("its own server lets it in");
        let stage = Arc::new(Mutex::new(Stage { past: Past::of(registry), lie: Lie::none(), silent: false }));
        tokio::spawn(answer_all(node.clone(), Arc::clone(&stage)));
        Impostor { stage, node, peer: peer.to_owned(), _server: server, _folder: folder }
    }

    /// Tells a lie from now on, instead of the one before.
    pub fn lie(&self, lie: Lie) {
        self.stage().lie = lie;
    }

    /// Lets every question wait from now on.
    pub fn fall_silent(&self) {
        self.stage().silent = true;
    }

    /// Changes the log.
    pub fn change<T>(&self, change: impl FnOnce(&mut Past) -> T) -> T {
        change(&mut self.stage().past)
    }

    /// Says that the log has grown, whether it has or not.
    pub async fn hint(&self) {
        let size = self.stage().past.size();
        let subject = Subject::head_for(&self.peer.parse().expect("a registry id"));
        // A hint that gets lost costs the peer a second.
        let _ = self.node.publish(&subject, Head { size }.encode()).await;
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn start_server(registry: &Registry, peer: &str, folder: &TempDir) -> Child {
    let binary = Binary::check(&program::nats_server()).await.expect("nats-server is there");
    let listen = registry.config().nats.listen;
    let setup = Setup { binary, folder: folder.path().to_owned(), listen, store: None };
    let (certificate, key) = registry.folder().server();
    let clients = registry.folder().ca_public().nats_clients();
    let access = Access {
        registry: registry.config().registry.id.clone(),
        origin: registry.config().registry.origin.clone(),
        listen,
        files: ServerFiles { tls: NatsTls { certificate, key, clients }, log: setup.log(), pid: setup.pid() },
        peers: [(peer.parse().expect("a registry id"), Peering::InForce)].into(),
        limits: Limits::default(),
    };
    Control::prepare(&setup.config(), &access).expect("the configuration is written");
    // A liar's server does not hold itself to our limits.
    let text = std::fs::read_to_string(setup.config()).expect("the configuration is there");
    std::fs::write(setup.config(), text.replace("1048576", "8388608")).expect("the configuration is written");
    Child::start(setup).await.expect("its nats-server starts")
}

async fn answer_all(node: Link, stage: Arc<Mutex<Stage>>) {
    let mut questions = node.subscribe(&Pattern::all_services()).await.expect("a subscription");
    while let Some(delivery) = questions.next().await {
        if let Delivery::Message(question) = delivery
            && let Some(said) = say(&stage, &question)
        {
            let _ = node.answer(&question, said).await;
        }
    }
}

fn say(stage: &Mutex<Stage>, question: &Incoming) -> Option<Bytes> {
    let (_, service) = asked(&question.subject)?;
    let stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
    let Lie(lie) = &stage.lie;
    let said = lie(&stage.past, service, &question.payload);
    (!stage.silent).then(|| said.unwrap_or_else(|| stage.past.answer(service, &question.payload)))
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).expect("it is later than 1970")
}
