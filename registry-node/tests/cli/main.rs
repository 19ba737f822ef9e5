//! The program as a stranger meets it: the built binary, folders, files and what it prints.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod applicability;
mod bridge;
mod bundles;
mod certificates;
mod changes;
mod guide;
mod handles;
mod house;
mod lists;
mod offline;
mod peers;
mod procurement;
mod signals;
mod story;
