//! What must hold end to end, one story to a file: real processes, real nats-servers, real TLS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod main_job;
