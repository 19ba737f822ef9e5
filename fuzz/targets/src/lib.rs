//! What takes bytes from outside, each as one function: a fuzzer looks for bytes that break it, and a test replays those that
//! were kept.
//!
//! ```text
//! cargo xtask fuzz <target> ──▶ fuzz/libfuzzer (this table, libFuzzer) ──▶ fuzz/corpora/<target>/…
//! cargo test -p fuzz-targets ──▶ the same functions over the same corpora
//! ```
//!
//! A target panics where something is wrong: what was read is not what is written again, or the reader itself panics. It answers
//! whether anything was read, so that a corpus of which all is refused at the first byte is noticed: each reader has a target of
//! its own, or what one reads would hide that another reads nothing.
//!
//! Out of scope: what is behind a signature that no fuzzer can make. Where rules come after one, a target makes the signature itself.

#![allow(clippy::panic, clippy::expect_used)] // a target says by a panic that something is wrong

mod certificates;
mod credentials;
mod exchange;
mod imports;
mod lists;
mod log;
mod networks;

/// A function that takes whatever bytes come.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of the folder of its corpus.
    pub name: &'static str,
    /// Takes the bytes; whether they were any good.
    pub run: fn(&[u8]) -> bool,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("jws", log::jws),
    target("statement", log::statement),
    target("note", log::note),
    target("tiles", log::tiles),
    target("sd-jwt", credentials::sd_jwt),
    target("jwt", credentials::jwt),
    target("status", credentials::status),
    target("bundle", credentials::bundle),
    target("supplier-bundle", credentials::supplier_bundle),
    target("policy", credentials::policy),
    target("message", exchange::message),
    target("name", exchange::name),
    target("certificate", certificates::certificate),
    target("identity", certificates::identity),
    target("root", certificates::root),
    target("certificate-chain", certificates::certificate_chain),
    target("request", certificates::request),
    target("register", imports::register),
    target("mapping", imports::mapping),
    target("document", imports::document),
    target("crosswalk", imports::crosswalk),
    target("edifact", networks::edifact),
    target("ubl", networks::ubl),
    target("catena-x", networks::catena_x),
    target("cross-industry", networks::cross_industry),
    target("list", networks::list),
    target("cloud-event", networks::cloud_event),
    target("chain", lists::chain),
    target("watchlist", lists::watchlist),
    target("members", lists::members),
    target("config", lists::config),
];

const fn target(name: &'static str, run: fn(&[u8]) -> bool) -> Target {
    Target { name, run }
}

/// The target of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
