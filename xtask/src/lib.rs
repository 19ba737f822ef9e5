//! What `cargo xtask` does, command by command.
//!
//! In scope: fetching tools, running the checks, tidying, the demo, the measurements, breaking things, the judgement of others' tools, fuzzing, what comes in
//! from others, releases. Out of scope: any crate of this workspace;
//! xtask drives built programs from outside, so a wrong answer of theirs cannot be hidden by sharing their code.

pub mod bench;
pub mod demo;
pub mod deny;
pub mod faults;
pub mod fuzz;
pub mod interop;
pub mod release;
pub mod suite;
pub mod tidy;
pub mod tools;
pub mod workspace;
