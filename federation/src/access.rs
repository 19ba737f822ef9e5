//! Who is let in to a registry's nats-server: the server's configuration, written from one typed value.
//!
//! In scope: accounts, users, permissions, limits and TLS as text, the same text for the same value. Out of scope: putting
//! it into force and proving that it is (`server`), certificates (`certs`).
//!
//! ```text
//! account        users                       may
//! SYS            sys.node.<host>             administer the server
//! NODE           node.node.<host>            everything inside its own account: it exports, the others import
//! PEER-<id>      <id>.peer.<host>            ask `<own>.svc.…`, hear `<own>.log.…`, its own inbox; see `subjects`
//!
//! peering state  control subjects  feed subjects  account
//! peered         yes               no             yes
//! in force       yes               yes            yes
//! suspended      yes               no             yes
//! expelled       no                no             no
//! ```
//!
//! The server takes the user from the DNS name in the client's certificate (`verify_and_map`), which only this registry's
//! own CA sets. Buyers dial a server of their own ([`buyers`]). Nothing here is secret. A name can only come from a checked type; paths are quoted, and refused where no
//! quoting helps.

pub mod buyers;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use certs::{Identity, NatsTls, NodeUser};
use conformity::ids::{Origin, PartyId, RegistryId};

use crate::subjects::{Half, Token};

pub use text::UnsafePath;
use text::{Text, quoted};

/// Everything that decides who may do what on one registry's nats-server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The registry whose server this is.
    pub registry: RegistryId,
    /// Its origin: users are named under its host.
    pub origin: Origin,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// The files that the server reads.
    pub files: ServerFiles,
    /// Every peer that was ever added, and where it stands.
    pub peers: BTreeMap<RegistryId, Peering>,
    /// How much each account may use.
    pub limits: Limits,
}

/// Files of the server. All paths are absolute, because the server resolves others against its own directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFiles {
    /// Its certificate and key, and the CAs to whose certificates it listens.
    pub tls: NatsTls,
    /// Its log; the server itself keeps it small.
    pub log: PathBuf,
    /// Where it writes its process id.
    pub pid: PathBuf,
}

/// Where a peer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peering {
    /// Genesis exchanged; no arrangement yet.
    Peered,
    /// At least one arrangement with it is in force.
    InForce,
    /// Its arrangements are suspended or have ended.
    Suspended,
    /// Cut off.
    Expelled,
}

impl Peering {
    /// Whether a peer in this state has this half of the subjects.
    pub fn has(self, half: Half) -> bool {
        match (self, half) {
            (Self::Expelled, _) => false,
            (_, Half::Control) | (Self::InForce, Half::Feed) => true,
            (_, Half::Feed) => false,
        }
    }
}

/// How much each account may use. The server refuses what exceeds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections of one peer.
    pub peer_connections: u32,
    /// Subscriptions of one peer.
    pub peer_subscriptions: u32,
    /// Subscriptions of one connection, whoever holds it.
    pub connection_subscriptions: u32,
    /// Bytes of one message, [`MAX_PAYLOAD`] at most.
    pub payload: u32,
    /// Bytes that wait for a slow reader before its connection is cut.
    pub pending: u32,
}

/// The largest message that any part of the exchange sends or accepts.
pub const MAX_PAYLOAD: u32 = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            peer_connections: 4,
            peer_subscriptions: 64,
            connection_subscriptions: 256,
            payload: MAX_PAYLOAD,
            pending: 16 << 20,
        }
    }
}

/// A user of the server: the DNS name in its certificate. Only made from an identity under an origin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct User(String);

impl User {
    /// The node's two users.
    pub fn node(user: NodeUser, origin: &Origin) -> Self {
        Self::of(&Identity::Node(user), origin)
    }

    /// A peer that dials in.
    pub fn peer(registry: &RegistryId, origin: &Origin) -> Self {
        let registry = registry.clone();
        Self::of(&Identity::Peer { registry }, origin)
    }

    fn of(identity: &Identity, origin: &Origin) -> Self {
        // Only a server has no user name, and no caller above asks for one.
        Self(identity.nats_user(origin).unwrap_or_default())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first tokens of the inbox that a peer or buyer uses on this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox(String);

impl Inbox {
    /// A peer's inbox.
    pub fn peer(registry: &RegistryId) -> Self {
        Self(format!("_INBOX.{registry}"))
    }

    /// A buyer's inbox.
    pub fn buyer(party: &PartyId) -> Self {
        Self(format!("_INBOX.{}", Token::new(party)))
    }

    /// The node's own inbox.
    pub fn node() -> Self {
        Self("_INBOX.node".to_owned())
    }

    /// The prefix, without a trailing dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Access {
    /// Everyone who is let in, apart from the node itself.
    pub fn guests(&self) -> BTreeSet<User> {
        self.admitted().map(|(peer, _)| User::peer(peer, &self.origin)).collect()
    }

    /// The configuration as nats-server reads it.
    ///
    /// # Errors
    /// A path that cannot be written into it.
    pub fn configuration(&self) -> Result<String, UnsafePath> {
        let mut text = Text::new();
        self.write_server(&mut text)?;
        text.open("accounts {");
        self.write_own(&mut text);
        for (peer, peering) in self.admitted() {
            self.write_peer(&mut text, peer, peering);
        }
        text.close("}");
        Ok(text.finish())
    }

    fn admitted(&self) -> impl Iterator<Item = (&RegistryId, Peering)> {
        let peers = self.peers.iter().map(|(peer, peering)| (peer, *peering));
        peers.filter(|(_, peering)| peering.has(Half::Control))
    }

    fn write_server(&self, text: &mut Text) -> Result<(), UnsafePath> {
        let limits = &self.limits;
        let house = House { registry: &self.registry, listen: self.listen, files: &self.files };
        house.write(text)?;
        text.line("jetstream: false");
        text.line(format!("max_payload: {}", limits.payload.min(MAX_PAYLOAD)));
        text.line(format!("max_pending: {}", limits.pending));
        text.line(format!("max_subscriptions: {}", limits.connection_subscriptions));
        Ok(())
    }

    fn write_own(&self, text: &mut Text) {
        text.open("SYS {");
        text.line(format!("users: [ {{ user: \"{}\" }} ]", User::node(NodeUser::System, &self.origin).0));
        text.close("}");
        text.open("NODE {");
        text.line(format!("users: [ {{ user: \"{}\" }} ]", User::node(NodeUser::Node, &self.origin).0));
        text.open("exports: [");
        for (peer, peering) in self.admitted() {
            let account = account_of(peer);
            text.line(format!("{{ stream: \"out.{peer}.control.>\", accounts: [\"{account}\"] }}"));
            for half in halves(peering) {
                let half = half.token();
                text.line(format!("{{ service: \"svc.{peer}.{half}.>\", accounts: [\"{account}\"] }}"));
            }
        }
        text.close("]");
        text.close("}");
    }

    fn write_peer(&self, text: &mut Text, peer: &RegistryId, peering: Peering) {
        let (own, limits) = (&self.registry, &self.limits);
        text.open(format!("\"{}\" {{", account_of(peer)));
        text.open(format!("users: [ {{ user: \"{}\", permissions: {{", User::peer(peer, &self.origin).0));
        // What it may ask is what it imports below. To ask for more is answered "nobody there", not with silence.
        text.line(format!("publish: {{ allow: [\"{own}.svc.>\"] }}"));
        let inbox = Inbox::peer(peer);
        text.line(format!("subscribe: {{ allow: [\"{own}.log.control.>\", \"{}.>\"] }}", inbox.as_str()));
        text.close("} } ]");
        text.open("imports: [");
        text.line(format!(
            "{{ stream: {{ account: NODE, subject: \"out.{peer}.control.>\" }}, to: \"{own}.log.control.>\" }}"
        ));
        for half in halves(peering) {
            let half = half.token();
            text.line(format!(
                "{{ service: {{ account: NODE, subject: \"svc.{peer}.{half}.>\" }}, to: \"{own}.svc.{half}.>\" }}"
            ));
        }
        text.close("]");
        write_limits(text, limits.peer_connections, limits.peer_subscriptions, limits.payload);
        text.close("}");
    }
}

/// What the configurations of both servers have in common.
struct House<'a> {
    registry: &'a RegistryId,
    listen: SocketAddr,
    files: &'a ServerFiles,
}

impl House<'_> {
    fn write(&self, text: &mut Text) -> Result<(), UnsafePath> {
        let files = self.files;
        text.line(format!("# Written by the node of registry {}: changes made here are lost.", self.registry));
        text.line(format!("listen: \"{}\"", self.listen));
        text.line(format!("server_name: \"{}\"", self.registry));
        for path in [&files.tls.certificate, &files.tls.key, &files.tls.clients] {
            quoted(path)?;
        }
        text.lines(&files.tls.render()?);
        text.line("max_control_line: 4096");
        text.line("write_deadline: \"5s\"");
        text.line("ping_interval: \"10s\"");
        text.line("ping_max: 2");
        text.line(format!("log_file: {}", quoted(&files.log)?));
        text.line("logfile_size_limit: 8388608");
        text.line("logfile_max_num: 3");
        text.line(format!("pid_file: {}", quoted(&files.pid)?));
        text.line("system_account: SYS");
        Ok(())
    }
}

fn write_limits(text: &mut Text, connections: u32, subscriptions: u32, payload: u32) {
    let payload = payload.min(MAX_PAYLOAD);
    text.line(format!(
        "limits: {{ max_connections: {connections}, max_subscriptions: {subscriptions}, max_payload: {payload}, max_leafnodes: 0 }}"
    ));
}

fn halves(peering: Peering) -> impl Iterator<Item = Half> {
    let both = [Half::Control, Half::Feed];
    both.into_iter().filter(move |half| peering.has(*half))
}

/// Registry ids are lower case, so that no peer's account is ever `SYS` or `NODE`.
fn account_of(peer: &RegistryId) -> String {
    format!("PEER-{peer}")
}

#[cfg(test)]
mod tests;
