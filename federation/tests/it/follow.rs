//! Following a peer that may lie: what it sends, what becomes of it, and that nothing it sends harms what was verified.

mod bytes;
mod confided;
mod honest;
mod hostile;
mod log_keys;
mod mirror;
pub(crate) mod peer;
mod promises;
mod statements;
