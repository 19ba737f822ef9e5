//! A registry as far as this crate knows one: an authority, a nats-server, links.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use certs::{Authority, Client, ClientFiles, Holder, Identity, Lifetime, NatsTls, NodeUser, Trust};
use conformity::ids::{Origin, RegistryId};
use conformity::party::Role;
use federation::access::{Access, Inbox, Limits, Peering, ServerFiles};
use federation::bus::{Bound, Dial, Link, OWN_SERVER};
use federation::server::{Binary, Child, Control, Setup};
use jiff::Timestamp;
use ledger::key::{Algorithm, SigningKey};
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const BOUND: Bound = Bound { wait: Duration::from_secs(5), bytes: 1 << 20 };

pub(crate) struct Registry {
    pub(crate) access: Access,
    pub(crate) setup: Setup,
    pub(crate) child: Child,
    pub(crate) control: Control,
    pub(crate) system: Link,
    authority: Authority,
    folder: TempDir,
}

pub(crate) fn id<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

/// The pinned binary. Its absence fails the test: without it nothing here is shown.
pub(crate) fn nats_server() -> PathBuf {
    let path = std::env::var_os("REGISTRY_NATS_SERVER").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/nats-server-2.15.1/nats-server"),
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "no nats-server at {}: run `cargo xtask tools`, or name one in REGISTRY_NATS_SERVER",
        path.display()
    );
    path
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Registry {
    pub(crate) async fn start(name: &str, peers: &[(&str, Peering)]) -> Self {
        certs::install_crypto_provider();
        let folder = tempfile::tempdir().unwrap();
        let origin: Origin = id(&format!("{name}.registry.test"));
        let mut authority = Authority::init(&folder.path().join("authority"), &origin, Timestamp::now()).unwrap();
        let server = write(&mut authority, folder.path(), "server", &Holder::server(&["127.0.0.1"]).unwrap());
        let listen = free_port();
        let binary = Binary::check(&nats_server()).await.unwrap();
        let setup = Setup { binary, folder: folder.path().to_owned(), listen, store: None };
        let tls =
            NatsTls { certificate: server.certificate, key: server.key, clients: authority.public().nats_clients() };
        let access = Access {
            registry: id(name),
            origin,
            listen,
            files: ServerFiles { tls, log: setup.log(), pid: setup.pid() },
            peers: peers.iter().map(|(peer, peering)| (id(peer), *peering)).collect::<BTreeMap<_, _>>(),
            limits: Limits::default(),
        };
        Control::prepare(&setup.config(), &access).unwrap();
        let child = Child::start(setup.clone()).await.unwrap();
        let system = dial(&mut authority, folder.path(), listen, &Identity::Node(NodeUser::System)).await;
        system.connected(PATIENCE).await.unwrap();
        let control = Control::new(system.clone(), setup.config(), Some(setup.binary.clone()));
        Self { access, setup, child, control, system, authority, folder }
    }

    pub(crate) fn authority(&mut self) -> &mut Authority {
        &mut self.authority
    }

    pub(crate) fn id(&self) -> RegistryId {
        self.access.registry.clone()
    }

    pub(crate) async fn node(&mut self) -> Link {
        self.connected(&Identity::Node(NodeUser::Node)).await
    }

    pub(crate) async fn peer(&mut self, peer: &str) -> Link {
        self.connected(&Identity::Peer { registry: id(peer) }).await
    }

    pub(crate) async fn connected(&mut self, identity: &Identity) -> Link {
        let link = self.dial(identity).await;
        link.connected(PATIENCE).await.unwrap();
        link
    }

    /// A link with a certificate that this registry issued, connected or not.
    pub(crate) async fn dial(&mut self, identity: &Identity) -> Link {
        dial(&mut self.authority, self.folder.path(), self.access.listen, identity).await
    }

    pub(crate) async fn set_peering(&mut self, peer: &str, peering: Peering) {
        self.access.peers.insert(id(peer), peering);
        self.control.put_in_force(&self.access).await.unwrap();
    }
}

pub(crate) async fn dial(authority: &mut Authority, folder: &Path, listen: SocketAddr, identity: &Identity) -> Link {
    let (holder, inbox) = match identity {
        Identity::Node(user) => (Holder::node(*user), Inbox::node()),
        Identity::Peer { registry } => (Holder::peer(registry.clone()), Inbox::peer(registry)),
        Identity::Party { role, id } => (Holder::party(*role, id.clone()).unwrap(), Inbox::buyer(id)),
        Identity::Server => panic!("a server dials nobody"),
    };
    let name = identity.to_string().replace('/', "-");
    let files = write(authority, folder, &name, &holder);
    link(authority, files, listen, inbox).await
}

pub(crate) async fn link(authority: &Authority, files: ClientFiles, listen: SocketAddr, inbox: Inbox) -> Link {
    let trust = Trust::read(&authority.public().root()).unwrap();
    let tls = Client::with_certificate(&trust, files).unwrap();
    Link::dial(Dial { address: format!("tls://{listen}"), tls, name: "test".into(), inbox, waiting: OWN_SERVER })
        .await
        .unwrap()
}

pub(crate) fn write(authority: &mut Authority, folder: &Path, name: &str, holder: &Holder) -> ClientFiles {
    let credential = authority.issue(holder, Lifetime::Usual, Timestamp::now()).unwrap();
    // One link more for the same holder: another certificate beside the first.
    let free = (0..).map(|n| folder.join(format!("{name}-{n}.key"))).find(|key| !key.exists()).unwrap();
    let files = ClientFiles { certificate: free.with_extension("pem"), key: free };
    credential.write(&files.certificate, &files.key).unwrap();
    files
}

/// Dials `host` with a certificate that `other`'s authority issued for the same name.
pub(crate) async fn dial_with_foreign_certificate(host: &Registry, other: &mut Registry, peer: &str) -> Link {
    let holder = Holder::peer(id(peer));
    let files = write(&mut other.authority, other.folder.path(), "foreign", &holder);
    link(&host.authority, files, host.access.listen, Inbox::peer(&id(peer))).await
}

/// Dials with a certificate over the key with which a party signs statements.
pub(crate) async fn dial_with_signing_certificate(host: &mut Registry, name: &str) -> Link {
    let key = SigningKey::generate(Algorithm::P256).unwrap();
    let jwk = serde_json::from_str(&key.public_key().to_jwk()).unwrap();
    let party = Holder::party(Role::Buyer, id(name)).unwrap();
    let made = host.authority.certify_signing_key(&jwk, party, Lifetime::Usual, Timestamp::now()).unwrap();
    let files = ["pem", "key"].map(|end| host.folder.path().join(format!("signing.{end}")));
    made.write(&files[0]).unwrap();
    std::fs::write(&files[1], key.to_pem().unwrap().as_bytes()).unwrap();
    std::fs::set_permissions(&files[1], std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let [certificate, key] = files;
    link(&host.authority, ClientFiles { certificate, key }, host.access.listen, Inbox::buyer(&id(name))).await
}
