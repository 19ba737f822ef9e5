#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bulk;
mod contract;
mod credentials;
mod events;
mod evidence;
mod fixture;
mod limits;
mod log;
mod neighbours;
mod pressure;
mod reads;
mod revoked;
mod secrecy;
mod state_map;
mod stream;
mod witness;
mod writes;
