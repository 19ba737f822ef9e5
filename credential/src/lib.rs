//! Credentials: what a holder carries, and what somebody without a connection can verify.
//!
//! In scope: everything that a verdict rests on, in one file, and checking it ([`bundle`]), the credential of a verdict
//! ([`attestation`]), statements of a log of which some are credentials
//! ([`statement`]), certificates that come with a credential ([`certificates`]), JWTs with selective disclosure ([`sd_jwt`], RFC 9901), lists that say which credentials still hold
//! ([`status`]),
//! and the JWTs that both are made of ([`jwt`]).
//! Out of scope: fetching anything, whose key it is that verifies, and what a credential means.
//!
//! This crate is pure and meant to be embedded: no clock (time is an argument), no files, no sockets, no threads. Everything
//! that comes from outside is bounded before it is read, and each stage of checking is a type of its own, which only the
//! check before it makes.

pub mod attestation;
pub mod bundle;
pub mod certificates;
pub mod jwt;
pub mod sd_jwt;
pub mod statement;
pub mod status;
pub mod times;
