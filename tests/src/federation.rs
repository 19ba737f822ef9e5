//! Several registries, the nodes that serve them, and what their operators agree on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use certs::{Application, Holder, Lifetime};
use conformity::digest::Digest;
use jiff::Timestamp;
use registry_node::link::admission::{AdmissionFile, key_file, store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::claims;
use crate::node::Node;
use crate::registry::Registry;
use crate::wait::soon;

/// Registries with their nodes. When this goes, all processes and folders go.
#[derive(Debug)]
pub struct Federation {
    // Dropped first: nothing may write into a folder that goes.
    nodes: Vec<Node>,
    registries: Vec<Arc<Registry>>,
    path: PathBuf,
    _folder: Option<TempDir>,
}

impl Federation {
    /// A process for each registry, all ready and furnished.
    pub async fn start(ids: &[&str]) -> Federation {
        Federation::create(ids).furnished().await
    }

    /// The same, whose nodes say everything that they can be asked to say of their work, the NATS client included.
    pub async fn start_tracing(ids: &[&str]) -> Federation {
        let mut federation = Federation::create(ids);
        let tracing = |node: Node| node.with_variable("REGISTRY_LOG", "trace,async_nats=trace".into());
        federation.nodes = federation.nodes.into_iter().map(tracing).collect();
        federation.furnished().await
    }

    /// The same in one process.
    pub async fn start_in_one_process(ids: &[&str]) -> Federation {
        Federation::start_in_processes(&[ids]).await
    }

    /// The same, a process for each of these groups.
    pub async fn start_in_processes(groups: &[&[&str]]) -> Federation {
        let mut federation = Federation::create(&groups.concat());
        let folder = |id: &&str| federation.registry(id).folder().path().to_owned();
        let log = |group: &[&str]| federation.path.join(format!("{}.log", group.join("-")));
        let node = |group: &&[&str]| Node::new(group.iter().map(folder).collect(), log(group));
        federation.nodes = groups.iter().map(node).collect();
        federation.furnished().await
    }

    async fn furnished(self) -> Federation {
        self.start_all().await;
        for registry in &self.registries {
            registry.furnish().await;
        }
        self
    }

    /// Folders for registries, of which none is served yet.
    ///
    /// # Panics
    /// When they cannot be made.
    pub fn create(ids: &[&str]) -> Federation {
        let folder = tempfile::tempdir().expect("a folder");
        let federation = Federation::create_in(folder.path(), ids);
        Federation { _folder: Some(folder), ..federation }
    }

    /// The same below a folder that stays; the nodes write their logs there too.
    pub fn create_in(path: &Path, ids: &[&str]) -> Federation {
        let registries: Vec<_> = ids.iter().map(|id| Arc::new(Registry::create(path, id))).collect();
        let node = |one: &Arc<Registry>| {
            Node::new(vec![one.folder().path().to_owned()], path.join(format!("{}.log", one.id())))
        };
        let nodes = registries.iter().map(node).collect();
        Federation { nodes, registries, path: path.to_owned(), _folder: None }
    }

    /// The same, with one more variable in the environment of every node.
    pub fn with_variable(mut self, name: &'static str, value: &str) -> Federation {
        self.nodes =
            std::mem::take(&mut self.nodes).into_iter().map(|node| node.with_variable(name, value.into())).collect();
        self
    }

    /// Starts all nodes and waits until every registry is ready.
    pub async fn start_all(&self) {
        self.nodes.iter().for_each(Node::start);
        for registry in &self.registries {
            let node = self.node(registry.id());
            registry.ready(|| node.check()).await;
        }
    }

    /// A registry.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn registry(&self, id: &str) -> &Arc<Registry> {
        self.registries.iter().find(|one| one.id() == id).expect("a registry of that name")
    }

    /// All of them.
    pub fn registries(&self) -> &[Arc<Registry>] {
        &self.registries
    }

    /// All nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node that serves a registry.
    ///
    /// # Panics
    /// When there is none.
    pub fn node(&self, id: &str) -> &Node {
        let folder = self.registry(id).folder().path();
        self.nodes.iter().find(|node| node.serves(folder)).expect("a node for the registry")
    }

    /// Starts the node of a registry again and waits until it is ready.
    pub async fn restart(&self, id: &str) {
        let node = self.node(id);
        node.start();
        self.registry(id).ready(|| node.check()).await;
    }

    /// Makes two registries peers of each other, as their operators would.
    pub async fn peer(&self, one: &str, other: &str) {
        let (one, other) = (self.registry(one), self.registry(other));
        admit(one, other);
        admit(other, one);
        one.operator().must("peer-added", peer_claim(other)).await;
        other.operator().must("peer-added", peer_claim(one)).await;
    }

    /// All parties sign the terms, and the registries here take note of each other's signatures.
    ///
    /// # Panics
    /// When one does not take them, or does not come to say that they are in force.
    pub async fn arrange(&self, terms: &Value) {
        let parties = self.parties_of(terms);
        self.arrange_rest(terms, &parties.iter().map(|one| one.id()).collect::<Vec<_>>()).await;
    }

    /// The parties named sign the terms, which the others signed before; all take note.
    ///
    /// # Panics
    /// As [`Federation::arrange`].
    pub async fn arrange_rest(&self, terms: &Value, missing: &[&str]) {
        for registry in missing {
            self.registry(registry).operator().must("arrangement-signed", claims::signed(terms)).await;
        }
        for registry in self.parties_of(terms) {
            in_force(&registry, terms["id"].as_str().expect("an id")).await;
        }
    }

    fn parties_of(&self, terms: &Value) -> Vec<Arc<Registry>> {
        let parties = terms["parties"].as_array().expect("parties");
        let named = |one: &&Arc<Registry>| parties.iter().any(|party| party["registry"] == one.id());
        self.registries.iter().filter(named).cloned().collect()
    }
}

/// Waits until an arrangement is in force in every direction at a registry.
pub async fn in_force(registry: &Registry, arrangement: &str) {
    force(registry, arrangement, "in-force").await;
}

/// Waits until an arrangement has a standing (`in-force`, `suspended`, …) in every direction at a registry.
pub async fn force(registry: &Registry, arrangement: &str, wanted: &str) {
    soon(&format!("{arrangement} is {wanted} at {}", registry.id()), async || {
        let answer = registry.ask("/v1/arrangements").await.map_err(|error| error.to_string())?;
        let all = answer["arrangements"].as_array().cloned().unwrap_or_default();
        let found = all.iter().find(|one| one["id"] == arrangement).ok_or_else(|| answer.to_string())?;
        let directions = found["directions"].as_array().cloned().unwrap_or_default();
        let stands = !directions.is_empty() && directions.iter().all(|one| one["force"] == wanted);
        if stands { Ok(()) } else { Err(found.to_string()) }
    })
    .await;
}

/// `host` lets `guest` dial its nats-server: a request from the guest, a certificate back, stored where the guest looks.
///
/// # Panics
/// When the host's authority does not sign.
pub fn admit(host: &Registry, guest: &Registry) {
    admit_at(host, guest, &host.config().nats.public_address);
}

/// The same for a guest that finds the nats-server at another address, `host:port`.
///
/// # Panics
/// When the host's authority does not sign.
pub fn admit_at(host: &Registry, guest: &Registry, nats: &str) {
    let folder = guest.folder().peer(&host.id().parse().expect("a registry id"));
    std::fs::create_dir_all(&folder).expect("the peer's folder is made");
    let application = Application::new().expect("a request");
    application.write(&key_file(&folder), &folder.join("request.pem")).expect("the request is written");
    let holder = Holder::peer(guest.id().parse().expect("a registry id"));
    let signed = host.authority().sign(application.request_pem.as_bytes(), &holder, Lifetime::Usual, Timestamp::now());
    let config = host.config();
    let admission = AdmissionFile {
        registry: config.registry.id.clone(),
        origin: config.registry.origin.clone(),
        genesis: host.genesis(),
        http_url: config.http.public_url.clone(),
        nats: nats.to_owned(),
        certificate: signed.expect("the host signs").chain_pem,
    };
    store(&folder, &admission).expect("the admission is stored");
}

/// The claim with which an operator pins `peer`.
pub fn peer_claim(peer: &Registry) -> Value {
    let genesis = peer.genesis();
    json!({
        "registry": peer.id(), "origin": peer.config().registry.origin, "genesis": genesis,
        "genesisDigest": Digest::of(genesis.as_bytes()), "httpUrl": peer.config().http.public_url,
        "natsUrl": format!("tls://{}", peer.config().nats.public_address),
    })
}
