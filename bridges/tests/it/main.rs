//! The bridges, held to files of others and to tables of faults.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod catena_x;
mod cloud_events;
mod common;
mod cross_industry;
mod edifact;
mod list;
mod ports;
mod ubl;
mod words;
