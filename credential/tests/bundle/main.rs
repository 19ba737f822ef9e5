//! Bundles: what a good one proves, and a row for each thing that can be wrong with one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]

mod alterations;
mod answers;
mod certificates;
mod chain;
mod completeness;
mod compromise;
mod log;
mod log_keys;
mod policies;
mod refusals;
mod suppliers;
