#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bulk;
mod compromise;
mod consents;
mod contract;
mod credentials;
mod events;
mod evidence;
mod fixture;
mod handovers;
mod keys;
mod limits;
mod log;
mod neighbours;
mod presentations;
mod pressure;
mod proofs;
mod reads;
mod revoked;
mod secrecy;
mod state_map;
mod stream;
mod trust_query;
mod trust_query_spec;
mod unfinished;
mod witness;
mod writes;
