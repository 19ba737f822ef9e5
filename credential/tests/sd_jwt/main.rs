//! SD-JWTs from outside and from ourselves: vectors, a row per refusal, properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod binding;
mod forge;
mod issuing;
mod properties;
mod refusals;
mod vectors;
