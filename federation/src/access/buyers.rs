//! The configuration of the nats-server that a registry's buyers dial. It never changes while the server runs.
//!
//! ```text
//! account  users                                    may
//! SYS      sys.node.<host>                          list connections, and end them
//! NODE     node.node.<host>                         publish events into the stream; answer who is let in
//! BUYERS   whoever the node lets in, for a while    hear `status.>`, `bulletin.>`, `registry.>`, `heartbeat.>`, its own inbox; publish nothing
//! CURSORS  the same, to pull instead of listen      ask for messages of its own cursors, and acknowledge them; hear its own inbox
//! ```
//!
//! Who is a buyer stands nowhere in it: the server asks the node at each connection ([`crate::lease`]), so that a new buyer, or ten
//! thousand, need no reload, and cannot disturb what peers do, who have a server of their own. Both users of the node are named as
//! `auth_users`: the server takes them from their certificates by itself and asks nobody.
//!
//! Who pulls may name any subject of its account as the place where messages go: in the account of listeners it could have old ones sent to
//! them as new. In an account in which nobody hears more than an inbox, whose name ends in what nobody guesses, there is nobody to send
//! them to. Out of scope: what the stream holds (`bus`).

use std::net::SocketAddr;
use std::path::PathBuf;

use certs::NodeUser;
use conformity::ids::{Origin, RegistryId};

use super::text::{Text, quoted};
use super::{House, MAX_PAYLOAD, ServerFiles, UnsafePath, User, write_limits};
use crate::nkey::Nkey;
use crate::server::STORE_KEY_VARIABLE;

/// The account into which buyers are put.
pub const ACCOUNT: &str = "BUYERS";
/// The account into which those are put who pull.
pub const PULLING: &str = "CURSORS";
/// The stream that the server keeps.
pub const STREAM: &str = "EVENTS";
/// What buyers hear.
const HEARD: [&str; 4] = ["status.>", "bulletin.>", "registry.>", "heartbeat.>"];
/// Subscriptions of one connection.
pub const SUBSCRIPTIONS: u32 = 256;

/// What the server keeps beside the stream's messages: its own notes about them, and room to write anew before the old goes.
const STORE_MARGIN: u64 = 64 << 20;

/// Everything that the configuration is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuyersServer {
    /// The registry whose server this is.
    pub registry: RegistryId,
    /// Its origin: the node's users are named under its host.
    pub origin: Origin,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// The files that the server reads and writes.
    pub files: ServerFiles,
    /// Where the stream rests.
    pub store: PathBuf,
    /// Whether it rests there encrypted, under the key in [`STORE_KEY_VARIABLE`] of the server's environment.
    pub sealed: bool,
    /// Bytes that the stream may take.
    pub stream_bytes: u64,
    /// Who signs leases.
    pub issuer: Nkey,
    /// How much all buyers together may use.
    pub limits: Limits,
}

/// How much all buyers together may use. The server refuses what exceeds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections.
    pub connections: u32,
    /// Subscriptions.
    pub subscriptions: u32,
    /// Bytes that wait for a slow reader before its connection is cut.
    pub pending: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 16_384, subscriptions: 262_144, pending: 4 << 20 }
    }
}

impl BuyersServer {
    /// The configuration as nats-server reads it.
    ///
    /// # Errors
    /// A path that cannot be written into it.
    pub fn configuration(&self) -> Result<String, UnsafePath> {
        let mut text = Text::new();
        House { registry: &self.registry, listen: self.listen, files: &self.files }.write(&mut text)?;
        // A message counts as kept once it is on the disk: the node goes on from the last one that is.
        text.line(format!(
            "jetstream {{ store_dir: {}, sync_interval: always, max_memory_store: 0, max_file_store: {}{} }}",
            quoted(&self.store)?,
            self.stream_bytes.saturating_add(STORE_MARGIN),
            if self.sealed { format!(", cipher: chachapoly, key: ${STORE_KEY_VARIABLE}") } else { String::new() }
        ));
        text.line(format!("max_payload: {MAX_PAYLOAD}"));
        text.line(format!("max_pending: {}", self.limits.pending));
        text.line(format!("max_subscriptions: {SUBSCRIPTIONS}"));
        self.write_accounts(&mut text);
        let [node, system] = self.users();
        text.line(format!(
            "authorization {{ timeout: 5, auth_callout {{ issuer: \"{}\", account: NODE, auth_users: [ \"{}\", \"{}\" ] }} }}",
            self.issuer,
            node.as_str(),
            system.as_str()
        ));
        Ok(text.finish())
    }

    fn users(&self) -> [User; 2] {
        [NodeUser::Node, NodeUser::System].map(|user| User::node(user, &self.origin))
    }

    fn write_accounts(&self, text: &mut Text) {
        let [node, system] = self.users();
        text.open("accounts {");
        text.line(format!("SYS {{ users: [ {{ user: \"{}\" }} ] }}", system.as_str()));
        text.open("NODE {");
        text.line("jetstream: enabled");
        text.line(format!("users: [ {{ user: \"{}\" }} ]", node.as_str()));
        text.open("exports: [");
        for heard in HEARD {
            text.line(format!("{{ stream: \"{heard}\", accounts: [{ACCOUNT}] }}"));
        }
        text.line(format!("{{ service: \"{}\", accounts: [{PULLING}], response_type: stream }}", pulls()));
        text.line(format!("{{ service: \"{}\", accounts: [{PULLING}] }}", acknowledgments()));
        text.close("]");
        text.close("}");
        text.open(format!("{ACCOUNT} {{"));
        let imports = HEARD.map(|heard| format!("{{ stream: {{ account: NODE, subject: \"{heard}\" }} }}"));
        text.line(format!("imports: [ {} ]", imports.join(", ")));
        write_limits(text, self.limits.connections, self.limits.subscriptions, 1024);
        text.close("}");
        text.open(format!("{PULLING} {{"));
        text.open("imports: [");
        for service in [pulls(), acknowledgments()] {
            text.line(format!("{{ service: {{ account: NODE, subject: \"{service}\" }} }}"));
        }
        text.close("]");
        write_limits(text, self.limits.connections, self.limits.subscriptions, 1024);
        text.close("}");
        text.close("}");
    }
}

/// Where messages of any cursor are asked for.
fn pulls() -> String {
    format!("$JS.API.CONSUMER.MSG.NEXT.{STREAM}.>")
}

/// Where those of any cursor are acknowledged.
fn acknowledgments() -> String {
    format!("$JS.ACK.{STREAM}.>")
}

#[cfg(test)]
mod tests;
