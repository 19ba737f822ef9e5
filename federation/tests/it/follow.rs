//! Following a peer that may lie: what it sends, what becomes of it, and that nothing it sends harms what was verified.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bytes;
mod honest;
mod hostile;
mod mirror;
mod peer;
mod statements;
