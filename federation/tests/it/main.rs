//! The exchange over a real nats-server with real certificates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod buyers;
mod exchange;
mod follow;
mod hostile_server;
mod registry;
mod supervision;
mod topology;
