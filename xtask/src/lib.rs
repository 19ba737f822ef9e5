//! What `cargo xtask` does, command by command.
//!
//! In scope: fetching tools, running the checks, tidying, the demo, the measurements, breaking things, the judgement of others' tools. Out of scope: any crate of this workspace;
//! xtask drives built programs from outside, so a wrong answer of theirs cannot be hidden by sharing their code.

pub mod bench;
pub mod demo;
pub mod faults;
pub mod interop;
pub mod suite;
pub mod tidy;
pub mod tools;
pub mod workspace;
