//! A registry as far as its buyers see it: an authority, their server, and a node that answers the door.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use certs::{Authority, Holder, Identity, NatsTls, NodeUser, Speaker, Trust, chain_from_pem};
use conformity::ids::PartyId;
use conformity::party::Role;
use federation::access::ServerFiles;
use federation::access::buyers::{BuyersServer, Limits};
use federation::bus::Link;
use federation::door;
use federation::lease::{Issuer, Knock, Lease, May, Tenant};
use federation::server::{Binary, Child, Control, SealedStore, Setup, System};
use federation::subjects::Pattern;
use jiff::{SignedDuration, Timestamp};
use ledger::key::{Algorithm, SigningKey};
use tempfile::TempDir;

use crate::registry::{PATIENCE, dial, free_port, id, nats_server, write};

pub(super) struct House {
    pub(super) setup: Setup,
    pub(super) child: Child,
    pub(super) node: Link,
    pub(super) system: System,
    pub(super) register: Arc<Register>,
    issuer: Arc<Issuer>,
    pub(super) authority: Authority,
    pub(super) folder: TempDir,
}

/// Who the node lets in, and for how long.
pub(super) struct Register {
    pub(super) buyers: Mutex<BTreeSet<PartyId>>,
    pub(super) lease: Mutex<Duration>,
}

impl House {
    /// With somebody at the door.
    pub(super) async fn open(buyers: &[&str]) -> Self {
        let house = Self::unattended(buyers).await;
        house.attend();
        house
    }

    /// With nobody at the door.
    pub(super) async fn unattended(buyers: &[&str]) -> Self {
        certs::install_crypto_provider();
        let folder = tempfile::tempdir().unwrap();
        let mut authority =
            Authority::init(&folder.path().join("authority"), &id("jp.registry.test"), Timestamp::now()).unwrap();
        let issuer = Issuer::new(SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap();
        let binary = Binary::check(&nats_server()).await.unwrap();
        let sealed = SealedStore::new(store(&folder), &[7; 32]);
        let setup = Setup { binary, folder: folder.path().to_owned(), listen: free_port(), store: Some(sealed) };
        let files = write(&mut authority, folder.path(), "server", &Holder::server(&["127.0.0.1"]).unwrap());
        let server = BuyersServer {
            registry: id("jp"),
            origin: id("jp.registry.test"),
            listen: setup.listen,
            files: ServerFiles {
                tls: NatsTls {
                    certificate: files.certificate,
                    key: files.key,
                    clients: authority.public().nats_clients(),
                },
                log: setup.log(),
                pid: setup.pid(),
            },
            store: store(&folder),
            sealed: true,
            stream_bytes: 16 << 20,
            issuer: issuer.name(),
            limits: Limits::default(),
        };
        Control::prepare_buyers(&setup.config(), &server).unwrap();
        let child = Child::start(setup.clone()).await.unwrap();
        let mut own = Vec::new();
        for user in [NodeUser::Node, NodeUser::System] {
            let link = dial(&mut authority, folder.path(), setup.listen, &Identity::Node(user)).await;
            link.connected(PATIENCE).await.unwrap();
            own.push(link);
        }
        let (system, node) = (System::new(own.pop().unwrap()), own.pop().unwrap());
        let register = Arc::new(Register {
            buyers: Mutex::new(buyers.iter().map(|buyer| id(buyer)).collect()),
            lease: Mutex::new(Duration::from_secs(600)),
        });
        Self { setup, child, node, system, register, issuer: Arc::new(issuer), authority, folder }
    }

    /// Somebody answers at the door from now on.
    pub(super) fn attend(&self) {
        let (node, issuer, judge) = (self.node.clone(), Arc::clone(&self.issuer), Arc::clone(&self.register));
        tokio::spawn(async move { door::attend(&node, &issuer, Timestamp::now, |knock| judge.judge(knock)).await });
    }

    /// Where the server keeps its stream.
    pub(super) fn store(&self) -> PathBuf {
        store(&self.folder)
    }

    /// A link with a certificate that this registry issued, connected or not.
    pub(super) async fn dial(&mut self, role: Role, name: &str) -> Link {
        let identity = Identity::Party { role, id: id(name) };
        dial(&mut self.authority, self.folder.path(), self.setup.listen, &identity).await
    }

    /// A buyer that was let in, with a client of its own, which calls itself as it likes.
    pub(super) async fn client(&mut self, name: &str, called: &str) -> Client {
        let holder = Holder::party(Role::Buyer, id(name)).unwrap();
        let files = write(&mut self.authority, self.folder.path(), name, &holder);
        let trust = Trust::read(&self.authority.public().root()).unwrap();
        let tls = certs::Client::with_certificate(&trust, files).unwrap();
        let options = ConnectOptions::new().name(called).tls_client_config(tls.nats_config());
        let options = options.require_tls(true).tls_first();
        options.connect(format!("tls://{}", self.setup.listen)).await.unwrap()
    }

    /// A buyer that was let in.
    pub(super) async fn buyer(&mut self, name: &str) -> Link {
        let link = self.dial(Role::Buyer, name).await;
        link.connected(PATIENCE).await.unwrap();
        link
    }
}

fn store(folder: &TempDir) -> PathBuf {
    folder.path().join("store")
}

impl Register {
    fn judge(&self, knock: &Knock) -> Result<Lease, String> {
        let chain = chain_from_pem(knock.certificate.as_bytes()).map_err(|error| error.to_string())?;
        let leaf = chain.first().ok_or("no certificate")?;
        let speaker = Speaker::read(leaf.as_bytes(), &id("jp.registry.test")).map_err(|error| error.to_string())?;
        let Identity::Party { role: Role::Buyer, id: party } = speaker.identity else {
            return Err("not a buyer".to_owned());
        };
        if !self.buyers.lock().unwrap().contains(&party) {
            return Err("not registered".to_owned());
        }
        let lease = SignedDuration::try_from(*self.lease.lock().unwrap()).unwrap();
        let until = Timestamp::now() + lease;
        let may = May::Hear(Pattern::heard_from(&id("jp")));
        Ok(Lease { tenant: Tenant { party, serial: speaker.serial }, until, may })
    }
}
