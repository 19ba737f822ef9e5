//! The crate as its users see it: an authority on disk, and doors and clients on real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod authority;
mod door;
mod house;
mod issuing;
mod names;
mod reload;
mod roots;
