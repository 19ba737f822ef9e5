#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bulk;
mod contract;
mod events;
mod fixture;
mod limits;
mod log;
mod neighbours;
mod reads;
mod secrecy;
mod stream;
mod witness;
mod writes;
