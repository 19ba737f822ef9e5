//! The exchange over a real nats-server with real certificates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod registry;
mod supervision;
mod topology;
