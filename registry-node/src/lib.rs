//! The program of a registry: configuration, intake, sequencer, read model, vault, HTTP, events, federation links and the
//! command line.
//!
//! Rules are in `conformity`, the log in `ledger`, certificates in `certs`, the exchange in `federation`; this crate is the
//! edge that knows sockets, files and clocks, and wires them together.

pub mod applicability;
pub mod bridging;
pub mod buyer;
pub mod certificate;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod core;
pub mod credentials;
pub mod declaration;
pub mod folder;
pub mod http;
pub mod import;
pub mod index;
pub mod init;
pub mod keys;
pub mod link;
pub mod metrics;
pub mod problem;
pub mod serve;
pub mod spans;
pub mod vault;
pub mod witness;
