//! The federation harness: real registries for tests, each a process of its own with its own folder, certificates, ports
//! and nats-server.
//!
//! In scope: starting, killing, freezing and asking registries, people who sign and submit, buyers who listen, auditors who
//! recompute a log. What must hold is told in `tests/scenarios`. Set-up goes through the libraries, since it is not what is
//! tried; whatever is tried goes over TLS to a process.
//!
//! ```text
//! Federation ── Node (process: registry-node serve a b …, at the head of its own process group)
//!     └──────── Registry (folder, ports) ── Party (credentials: signs and submits over HTTPS)
//!                                       ├── Buyer (listens on NATS), Events (listens over SSE), Plain (HTTP/1.1 by hand)
//!                                       └── Auditor (reads tiles and checkpoints, computes roots)
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod audit;
pub mod buyer;
pub mod chance;
pub mod claims;
pub mod events;
pub mod federation;
pub mod impostor;
pub mod node;
pub mod party;
pub mod plain;
pub mod ports;
pub mod program;
pub mod reader;
pub mod registry;
pub mod secrets;
pub mod stranger;
pub mod wait;
pub mod wire;

pub use audit::Auditor;
pub use buyer::Buyer;
pub use chance::Chance;
pub use events::Events;
pub use federation::Federation;
pub use node::Node;
pub use party::{Party, Receipt};
pub use plain::Plain;
pub use registry::Registry;
pub use secrets::Secrets;
pub use wait::{soon, until};
pub use wire::Wire;
