//! Status lists of both formats: vectors, a row per refusal, properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bitstrings;
mod tokens;
mod vcdm;
mod vectors;
