//! Registries talking: who is let in to a registry's nats-server, what goes over it, and how a peer's log is followed.
//!
//! In scope: subjects ([`subjects`]), accounts ([`access`]), the server's process and confirmed cut-off ([`server`]), the
//! bus ([`bus`], which alone names async_nats), the messages ([`messages`]), answering them ([`serve`]) and following and
//! mirroring a peer's log ([`follow`], [`mirror`]), witnessing it ([`witness`]) and proving that it is forked ([`evidence`]),
//! and keeping what others say short ([`words`], [`hush`]). Out of scope: what statements mean (`conformity`), the log itself
//! (`ledger`), certificates (`certs`), what a registry does with what it learnt (`registry-node`).
//!
//! One registry has one nats-server for its peers, for a server takes users from the certificates of one CA, and one for its buyers,
//! who are let in by leases ([`lease`], in keys as NATS writes them: [`nkey`]). A node of several registries runs several.

pub mod access;
pub mod bus;
pub mod door;
pub mod evidence;
pub mod follow;
pub mod hush;
pub mod lease;
pub mod messages;
pub mod mirror;
pub mod nkey;
pub mod serve;
pub mod server;
pub mod subjects;
pub mod witness;
pub mod words;
