//! The log: what was committed, in which order, and the proofs of it.
//!
//! In scope: the Merkle tree and its proofs (RFC 6962), entries, signed notes, checkpoints, proofs and tiles (C2SP), the
//! state map and its blinding (RFC 9381),
//! the keys and signatures of statements, and the journal in which entries and statements rest.
//! Out of scope: what a statement *means* (see `conformity`), clocks (every time is given by the caller), sockets.
//!
//! Pure modules: [`merkle`], [`entry`], [`note`], [`checkpoint`], [`proof`], [`policy`], [`map`], [`vrf`], [`compact`], [`jws`],
//! [`encoding`]. Modules that touch files: [`disk`], [`files`], [`journal`], [`tiles`] and the loading and storing of a [`key::SigningKey`] or
//! [`vrf::VrfKey`].

pub mod checkpoint;
pub mod compact;
pub mod digest;
pub mod disk;
pub mod encoding;
pub mod entry;
pub mod files;
pub mod journal;
pub mod jws;
pub mod key;
pub mod log;
pub mod log_keys;
pub mod map;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
pub mod tiles;
pub mod vrf;

mod chunked;
#[cfg(test)]
mod testing;
