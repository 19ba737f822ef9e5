//! Names that may stand only in some places, each with what to use instead.
//!
//! In scope: one table, and searching code for its names. A rule that concerns a file's form is in `form`.

use super::Finding;
use super::source::Source;
use super::uses;

/// What may not be named, where, and what to do instead.
struct Ban {
    /// A word, or a path with `::`, which is also found inside a grouped `use`.
    names: &'static [&'static str],
    place: Place,
    code: Code,
    instead: &'static str,
}

/// Places are beginnings of paths from the root of the repository.
enum Place {
    Everywhere,
    /// Banned below these.
    In(&'static [&'static str]),
    /// Banned except below these.
    OutsideOf(&'static [&'static str]),
}

enum Code {
    /// Tests may.
    Product,
    All,
}

const BANS: &[Ban] = &[
    Ban {
        names: &["rustls"],
        place: Place::OutsideOf(&["certs/", "tests/"]),
        code: Code::All,
        instead: "ask `certs` for a ready configuration, or for whom a certificate speaks",
    },
    Ban {
        names: &["rcgen"],
        place: Place::OutsideOf(&["certs/", "tests/", "credential/tests/bundle/chain.rs"]),
        code: Code::All,
        instead: "let `certs` issue it",
    },
    Ban {
        names: &["x509_parser", "webpki", "rustls_pki_types"],
        place: Place::OutsideOf(&["certs/", "tests/", "credential/src/certificates.rs"]),
        code: Code::All,
        instead: "ask `certs` for whom a connection speaks, and `credential::certificates` for x5c",
    },
    Ban {
        names: &["cryptoki"],
        place: Place::OutsideOf(&["token/"]),
        code: Code::All,
        instead: "open a key file with `token::open_key`, whoever keeps the key",
    },
    Ban {
        names: &["async_nats"],
        place: Place::OutsideOf(&[
            "federation/src/bus.rs",
            "federation/src/bus/stream",
            "federation/tests/it/buyers",
            "tests/",
        ]),
        code: Code::All,
        instead: "go through the bus in federation/src/bus.rs, where time-outs, inboxes and accounts are set once",
    },
    Ban {
        names: &["sled"],
        place: Place::OutsideOf(&["registry-node/src/index.rs", "registry-node/src/index/"]),
        code: Code::All,
        instead: "go through registry-node's index, which is dropped and rebuilt on any doubt; truth goes to journal or vault",
    },
    Ban {
        names: &["redb"],
        place: Place::OutsideOf(&["registry-node/src/vault.rs", "registry-node/src/vault/"]),
        code: Code::All,
        instead: "go through registry-node's vault, which seals every value",
    },
    Ban {
        names: &["warp"],
        place: Place::OutsideOf(&[
            "registry-node/src/http.rs",
            "registry-node/src/http/",
            "registry-node/src/problem.rs",
            "registry-node/src/serve.rs",
            "registry-node/src/client.rs",
        ]),
        code: Code::All,
        instead: "answer a plain value; only the HTTP door and the client turn values into HTTP",
    },
    Ban {
        names: &["tokio", "std::fs", "std::net", "std::thread", "std::env", "std::process"],
        place: Place::In(&["conformity/src/", "procurement/src/", "credential/src/", "bridges/src/"]),
        code: Code::Product,
        instead: "conformity, procurement, credential and bridges decide on values: let the caller read, send or wait, and pass the result in",
    },
    Ban {
        names: &["fs::write", "fs::rename", "sync_all", "sync_data"],
        place: Place::OutsideOf(&[
            "ledger/src/disk.rs",
            "certs/src/register.rs",
            "registry-node/src/index",
            "registry-node/src/vault/files.rs",
            "registry-node/src/cli/",
            "tests/",
            "xtask/",
        ]),
        code: Code::Product,
        instead: "go through ledger::files: whole, durable with its name, and broken at every operation in a test",
    },
    Ban {
        names: &["fs::copy", "File::create"],
        // What nats-server says when it starts is nothing to keep.
        place: Place::OutsideOf(&["federation/src/server/child.rs", "registry-node/src/index", "tests/", "xtask/"]),
        code: Code::Product,
        instead: "read it, and write it with ledger::files: a copy may be torn, and its name lost",
    },
    Ban {
        names: &["Timestamp::now", "Zoned::now", "SystemTime::now"],
        place: Place::OutsideOf(&["registry-node/src/clock.rs", "tests/", "xtask/"]),
        code: Code::Product,
        instead: "ask the clock in registry-node/src/clock.rs at the edge, and pass the time on: a simulation sets it",
    },
    Ban {
        names: &["Instant::now"],
        place: Place::In(&["conformity/src/", "procurement/src/", "ledger/src/", "credential/src/", "bridges/src/"]),
        code: Code::Product,
        instead: "take the time as a value (`Place::at`, `at_ms`): a replay must come to the same answer",
    },
    Ban {
        names: &["todo!", "unimplemented!"],
        place: Place::Everywhere,
        code: Code::All,
        instead: "write it, or leave the caller out until it is written",
    },
    Ban {
        names: &["#[ignore"],
        place: Place::Everywhere,
        code: Code::All,
        instead: "mend or delete the test; one that lacks its data says `skipped: …` and is counted",
    },
    Ban {
        names: &["dead_code"],
        place: Place::Everywhere,
        code: Code::All,
        instead: "delete what nothing uses; history keeps it",
    },
];

pub(super) fn findings(sources: &[Source]) -> Vec<Finding> {
    sources.iter().flat_map(|source| BANS.iter().flat_map(|ban| ban.findings(source))).collect()
}

impl Ban {
    fn findings(&self, source: &Source) -> Vec<Finding> {
        if !self.place.holds(&source.path) {
            return Vec::new();
        }
        let code = match self.code {
            Code::Product => &source.product,
            Code::All => &source.code,
        };
        let mut found: Vec<Finding> = self
            .names
            .iter()
            .flat_map(|name| offsets(code, name).into_iter().map(move |offset| (name, offset)))
            .map(|(name, offset)| Finding {
                path: source.path.clone(),
                line: code[..offset].matches('\n').count() + 1,
                message: format!("`{name}` is banned here: {}", self.instead),
            })
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

impl Place {
    fn holds(&self, path: &str) -> bool {
        let below = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
        match self {
            Self::Everywhere => true,
            Self::In(places) => below(places),
            Self::OutsideOf(places) => !below(places),
        }
    }
}

/// Where a name stands as a whole word, or as the beginning of a path that a `use` names.
fn offsets(code: &str, name: &str) -> Vec<usize> {
    let mut found: Vec<usize> =
        code.match_indices(name).map(|(start, _)| start).filter(|start| is_whole(code, *start, name)).collect();
    if name.contains("::") {
        let below = format!("{name}::");
        found.extend(
            uses::paths(code)
                .into_iter()
                .filter(|(_, path)| path == name || path.starts_with(&below))
                .map(|(start, _)| start),
        );
    }
    found
}

/// A part of a longer word is another name.
fn is_whole(code: &str, start: usize, name: &str) -> bool {
    let in_word = |found: char| found.is_alphanumeric() || found == '_';
    let joins = |inner: Option<char>, outer: Option<char>| inner.is_some_and(in_word) && outer.is_some_and(in_word);
    let before = code[..start].chars().next_back();
    let after = code[start + name.len()..].chars().next();
    !joins(name.chars().next(), before) && !joins(name.chars().next_back(), after)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let source = Source::read(path.to_owned(), text.to_owned());
        findings(&[source]).into_iter().map(|finding| format!("{}: {}", finding.line, finding.message)).collect()
    }

    /// Per ban: a place and text that it refuses, and the part of the advice that proves which ban spoke.
    const REFUSED: &[(&str, &str, &str)] = &[
        ("registry-node/src/http.rs", "use rustls::ServerConfig;", "ask `certs`"),
        ("federation/src/bus.rs", "fn f(key: rcgen::KeyPair) {}", "let `certs` issue"),
        ("registry-node/src/http.rs", "use x509_parser::prelude;", "`credential::certificates` for x5c"),
        ("credential/src/statement.rs", "use webpki::EndEntityCert;", "`credential::certificates` for x5c"),
        ("registry-node/src/init.rs", "use cryptoki::session::Session;", "whoever keeps the key"),
        ("federation/src/follow.rs", "async_nats::connect(\"x\")", "federation/src/bus.rs"),
        ("registry-node/src/vault.rs", "sled::open(path)", "dropped and rebuilt"),
        ("tests/src/lib.rs", "sled::open(path)", "dropped and rebuilt"),
        ("registry-node/src/index.rs", "use redb::Database;", "seals every value"),
        ("registry-node/src/intake.rs", "use warp::Filter;", "turn values into HTTP"),
        ("conformity/src/lib.rs", "use tokio::sync::watch;", "decide on values"),
        ("credential/src/lib.rs", "use std::fs::File;", "decide on values"),
        ("credential/src/lib.rs", "let socket = std::net::TcpStream::connect(place);", "decide on values"),
        ("credential/src/times.rs", "std::time::SystemTime::now()", "a simulation sets it"),
        ("credential/src/times.rs", "Instant::now()", "a replay must"),
        ("conformity/src/lib.rs", "use std::{collections::BTreeMap, fs};", "decide on values"),
        ("conformity/src/lib.rs", "std::env::var(\"X\")", "decide on values"),
        ("conformity/src/standing.rs", "let at = jiff::Timestamp::now();", "a simulation sets it"),
        ("registry-node/src/intake.rs", "std::time::SystemTime::now()", "a simulation sets it"),
        ("ledger/src/log.rs", "Instant::now()", "a replay must"),
        ("registry-node/src/link/admission.rs", "std::fs::write(file, bytes)?;", "broken at every operation"),
        ("registry-node/src/cli/party.rs", "std::fs::copy(from, to)?;", "a copy may be torn"),
        ("registry-node/src/cli/party.rs", "File::create(path)?;", "a copy may be torn"),
        ("certs/src/lib.rs", "todo!()", "write it"),
        ("certs/src/lib.rs", "#[cfg(test)] mod tests { fn f() { unimplemented!() } }", "write it"),
        ("ledger/src/lib.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}", "mend or delete"),
        ("xtask/src/lib.rs", "#[allow(unused, dead_code)]\nfn f() {}", "delete what nothing uses"),
    ];

    #[test]
    fn every_ban_can_fail() {
        for (path, text, advice) in REFUSED {
            let found = messages(path, text);
            assert!(found.iter().any(|one| one.contains(advice)), "{path}: {text}: {found:?}");
        }
        for ban in BANS {
            assert!(REFUSED.iter().any(|(_, _, advice)| ban.instead.contains(advice)), "no row for: {}", ban.instead);
        }
    }

    #[test]
    fn what_is_allowed_passes() {
        let rows = [
            ("certs/src/tls.rs", "use rustls::ServerConfig;"),
            ("tests/src/stranger.rs", "use rustls::ClientConfig;"),
            ("registry-node/src/accept.rs", "use tokio_rustls::TlsAcceptor;"),
            ("credential/src/certificates.rs", "use webpki::EndEntityCert;"),
            ("federation/src/bus.rs", "use async_nats::Client;"),
            ("federation/src/bus/stream.rs", "use async_nats::jetstream;"),
            ("registry-node/src/index.rs", "use sled::Db;"),
            ("registry-node/src/index/rebuild.rs", "use sled::Db;"),
            ("conformity/src/lib.rs", "#[cfg(test)] mod tests { use std::fs; }"),
            ("conformity/src/lib.rs", "// tokio and std::fs stay out\nlet text = \"tokio\";"),
            ("ledger/src/journal.rs", "use std::fs::File;"),
            ("registry-node/src/clock.rs", "jiff::Timestamp::now()"),
            ("registry-node/src/intake.rs", "let warped = sledge;"),
        ];
        for (path, text) in rows {
            assert_eq!(messages(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn the_line_is_named_once() {
        let found = messages("ledger/src/log.rs", "fn f() {}\n\nuse sled::{Db, sled};\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("3: `sled`"), "{found:?}");
    }
}
