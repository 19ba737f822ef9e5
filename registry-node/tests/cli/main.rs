//! The program as a stranger meets it: the built binary, folders, files and what it prints.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod certificates;
mod house;
mod offline;
mod story;
