//! The registry's one configuration file, `registry.toml`: strict (an unknown or mistyped field is refused with its line)
//! and documented field by field in the template that `registry-node init` writes.
//!
//! Out of scope: secrets (they rest in files of their own) and anything that the log already states (peers, arrangements).

mod template;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use conformity::ids::{Origin, RegistryId};
use jiff::SignedDuration;
use serde::Deserialize;

pub use template::{NewConfig, render};

use crate::buyer::lane::Patience;
use crate::buyer::outbound::Network;

/// Name of the file inside a registry's folder.
pub const FILE_NAME: &str = "registry.toml";

/// Largest accepted configuration file, in bytes; checked before it is parsed.
const MAX_BYTES: u64 = 64 * 1024;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this registry is.
    pub registry: Registry,
    /// The door for people and programs.
    pub http: Http,
    /// The doors for peers, and for buyers on NATS.
    pub nats: Nats,
    /// How the log is kept.
    #[serde(default)]
    pub log: Log,
    /// What one submitter or reader may ask for.
    #[serde(default)]
    pub limits: Limits,
    /// Telling subscribers.
    #[serde(default)]
    pub webhooks: Webhooks,
    /// Streams of security events.
    #[serde(default)]
    pub signals: Signals,
}

/// `[registry]`: permanent; fixed by the genesis entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Short name, unique among peers.
    pub id: RegistryId,
    /// Name of the log, for ever (C2SP tlog-checkpoint, "origin").
    pub origin: Origin,
    /// Name shown to people.
    pub name: String,
    /// ISO 3166-1 alpha-2 code of the jurisdiction; a sectoral registry has none.
    pub country: Option<String>,
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Base address under which others reach this registry, without a trailing slash.
    pub public_url: String,
    /// DNS names and IP addresses that the server certificate carries.
    pub server_names: Vec<String>,
}

/// `[nats]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nats {
    /// Address and port that the nats-server listens on.
    pub listen: SocketAddr,
    /// Address that peers dial, `host:port`.
    pub public_address: String,
    /// The nats-server program. Without it: `$REGISTRY_NATS_SERVER`, else `nats-server` on the PATH. 2.15.1 or newer.
    pub program: Option<PathBuf>,
    /// `true` when somebody else starts the servers with the configuration that this node writes.
    #[serde(default)]
    pub external: bool,
    /// The server of buyers; without it they are not served on NATS.
    pub buyers: Option<NatsBuyers>,
}

/// `[nats.buyers]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsBuyers {
    /// Address and port that the nats-server of buyers listens on.
    pub listen: SocketAddr,
    /// Address that buyers dial, `host:port`.
    pub public_address: String,
    /// Bytes that the stream of events may take on the disk; the oldest go first.
    #[serde(default = "NatsBuyers::usual_bytes")]
    pub stream_bytes: u64,
    /// Days for which an event is kept in the stream.
    #[serde(default = "NatsBuyers::usual_days")]
    pub stream_days: u32,
}

impl NatsBuyers {
    /// [`Self::stream_days`] as a duration.
    pub fn stream_age(&self) -> Duration {
        Duration::from_secs(86_400) * self.stream_days
    }

    const fn usual_bytes() -> u64 {
        1 << 30
    }

    const fn usual_days() -> u32 {
        30
    }

    fn rules(&self) -> [(bool, &'static str); 3] {
        [
            (self.public_address.contains(':'), "nats.buyers.public_address must be host:port"),
            (
                (16 << 20..=1 << 50).contains(&self.stream_bytes),
                "nats.buyers.stream_bytes must lie between 16 MiB and 1 PiB",
            ),
            ((1..=3_650).contains(&self.stream_days), "nats.buyers.stream_days must lie between 1 and 3650"),
        ]
    }
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Size in bytes at which the journal begins a new segment file.
    pub segment_bytes: u64,
    /// Shortest time between two published checkpoints, in milliseconds.
    pub publish_interval_ms: u64,
    /// Most statements that one commit may hold.
    pub batch_statements: usize,
}

impl Default for Log {
    fn default() -> Self {
        Log { segment_bytes: 256 * 1024 * 1024, publish_interval_ms: 1_000, batch_statements: 1_024 }
    }
}

impl Log {
    /// [`Self::publish_interval_ms`] as a duration.
    pub fn publish_interval(&self) -> Duration {
        Duration::from_millis(self.publish_interval_ms)
    }
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections that the HTTPS door holds open at once.
    pub connections: usize,
    /// Seconds that a TLS handshake may take.
    pub handshake_seconds: u64,
    /// Statements that may wait for the next commit; more are answered 503 with `Retry-After`.
    pub queue: usize,
    /// Those from one address; with IPv6 from all that share its first 64 bits.
    pub connections_each: usize,
    /// Event streams (SSE) open at once.
    pub event_streams: usize,
    /// Those of one holder of certificates, or from one address without.
    pub event_streams_each: usize,
    /// MiB that answers of more than 8 KiB may take in memory until they have left; more are answered 503.
    pub answer_mib: usize,
    /// Bytes on the disk that the mirror of one peer's log may take; beyond them the peer is followed no further.
    pub mirror_bytes: u64,
    /// Bytes that statements of one peer's restricted verdicts may take beside that; a verdict for which there is no room is let go of.
    pub restricted_bytes: u64,
    /// Bytes a day that what is made of one peer's verdicts may take in our own log; beyond them the newest answers wait, but no refusal of
    /// what counted, and no other that takes something away as long as less than that is owed.
    pub peer_log_bytes: u64,
}

impl Limits {
    /// [`Self::answer_mib`] in bytes.
    pub fn answer_bytes(&self) -> usize {
        self.answer_mib.saturating_mul(1024 * 1024)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 10_000,
            connections_each: 2_000,
            handshake_seconds: 5,
            queue: 8_192,
            event_streams: 10_000,
            event_streams_each: 2_000,
            answer_mib: 256,
            mirror_bytes: 4 << 30,
            restricted_bytes: 64 << 20,
            peer_log_bytes: 512 << 20,
        }
    }
}

/// `[webhooks]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Roots, in PEM, by which receivers are believed; a path from the registry's folder. Without it nothing is sent.
    pub ca_roots: Option<PathBuf>,
    /// Private networks into which may be sent all the same.
    pub allow_private: Vec<Network>,
    /// Seconds until something that was not taken is sent again, the first time.
    pub retry_seconds: u64,
    /// Hours after which a receiver that took nothing is sent nothing more, until its owner says so.
    pub give_up_hours: u32,
}

impl Webhooks {
    /// How failures are followed up.
    pub fn patience(&self) -> Patience {
        let first_pause = Duration::from_secs(self.retry_seconds);
        Patience { first_pause, give_up: SignedDuration::from_hours(self.give_up_hours.into()) }
    }
}

impl Default for Webhooks {
    fn default() -> Self {
        Webhooks { ca_roots: None, allow_private: Vec::new(), retry_seconds: 5, give_up_hours: 72 }
    }
}

/// `[signals]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signals {
    /// An RSA key that signs security event tokens instead of the node's; a path from the registry's folder.
    pub rsa_key: Option<PathBuf>,
}

/// Why the file was refused; each message says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "cannot read {path}: {source}. Create a registry with `registry-node init`, or name its folder with --registry"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is larger than any real configuration.
    #[error("{path} has {bytes} bytes; a configuration has at most {MAX_BYTES}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// Not TOML, an unknown field, or a field of the wrong type; the text names line and column.
    #[error("{path} is not a valid configuration:\n{problem}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        problem: String,
    },
    /// Each field is well formed, but they do not make sense together.
    #[error("{path}: {problem}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Field and reason.
        problem: String,
    },
}

impl Config {
    /// Reads and checks `registry.toml` in `folder`.
    ///
    /// # Errors
    /// [`ConfigError`] when it is missing, too large, not strict TOML, or contradicts itself.
    pub fn load(folder: &Path) -> Result<Config, ConfigError> {
        let path = folder.join(FILE_NAME);
        let unreadable = |source| ConfigError::Unreadable { path: path.clone(), source };
        let bytes = std::fs::metadata(&path).map_err(unreadable)?.len();
        if bytes > MAX_BYTES {
            return Err(ConfigError::TooLarge { path, bytes });
        }
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        Config::parse(&text, &path)
    }

    /// Parses `text`; `path` only names it in errors.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] or [`ConfigError::Unusable`].
    pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
        let config: Config = toml::from_str(text)
            .map_err(|error| ConfigError::Invalid { path: path.to_owned(), problem: error.to_string() })?;
        config.check().map_err(|problem| ConfigError::Unusable { path: path.to_owned(), problem })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let rules = [
            (
                self.http.public_url.starts_with("https://") && !self.http.public_url.ends_with('/'),
                "http.public_url must begin with https:// and have no trailing slash",
            ),
            (!self.http.server_names.is_empty(), "http.server_names must name at least one host"),
            (self.http.listen != self.nats.listen, "http.listen and nats.listen must differ"),
            (self.nats.public_address.contains(':'), "nats.public_address must be host:port"),
            (
                (1 << 20..=1 << 32).contains(&self.log.segment_bytes),
                "log.segment_bytes must lie between 1 MiB and 4 GiB",
            ),
            (
                (100..=60_000).contains(&self.log.publish_interval_ms),
                "log.publish_interval_ms must lie between 100 and 60000",
            ),
            ((1..=8_192).contains(&self.log.batch_statements), "log.batch_statements must lie between 1 and 8192"),
            (self.limits.queue >= self.log.batch_statements, "limits.queue must be at least log.batch_statements"),
            (
                self.limits.connections > 0
                    && self.limits.connections_each > 0
                    && self.limits.event_streams > 0
                    && self.limits.event_streams_each > 0
                    && self.limits.handshake_seconds > 0,
                "limits must be positive",
            ),
            (self.limits.answer_mib >= 32, "limits.answer_mib must be at least 32, what one connection may take"),
            (self.limits.mirror_bytes >= 1 << 20, "limits.mirror_bytes must be at least 1 MiB, the largest range"),
            (
                self.limits.restricted_bytes >= 8 << 20,
                "limits.restricted_bytes must be at least 8 MiB, those of one range",
            ),
            ((1..=3_600).contains(&self.webhooks.retry_seconds), "webhooks.retry_seconds must lie between 1 and 3600"),
            ((1..=720).contains(&self.webhooks.give_up_hours), "webhooks.give_up_hours must lie between 1 and 720"),
            (self.limits.peer_log_bytes >= 1 << 20, "limits.peer_log_bytes must be at least 1 MiB"),
            (
                self.registry.country.as_deref().is_none_or(is_country),
                "registry.country must be two capital letters, such as JP",
            ),
        ];
        let buyers = self.nats.buyers.iter().flat_map(|buyers| {
            let apart = ![self.http.listen, self.nats.listen].contains(&buyers.listen);
            let apart = (apart, "nats.buyers.listen must differ from http.listen and nats.listen");
            buyers.rules().into_iter().chain([apart])
        });
        rules.into_iter().chain(buyers).find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(rule.to_owned()))
    }
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn template() -> String {
        render(&NewConfig {
            id: &"jp".parse().unwrap(),
            origin: &"jp.registry.example".parse().unwrap(),
            name: "Japan \"test\"",
            country: Some("JP"),
            http: "127.0.0.1:7443".parse().unwrap(),
            nats: "127.0.0.1:4222".parse().unwrap(),
            nats_buyers: None,
            host: "localhost",
        })
    }

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new(FILE_NAME))
    }

    #[test]
    fn the_template_is_valid_and_quotes_what_people_type() {
        let config = parse(&template()).unwrap();
        assert_eq!(config.registry.name, "Japan \"test\"");
        assert_eq!(config.http.public_url, "https://localhost:7443");
        assert_eq!(config.log.segment_bytes, Log::default().segment_bytes);
        assert_eq!(config.limits.mirror_bytes, 4 * 1024 * 1024 * 1024);
    }

    #[test]
    fn what_is_left_out_has_its_usual_value() {
        let without = template().replace("mirror_bytes = 4294967296", "");
        assert_eq!(parse(&without).unwrap().limits.mirror_bytes, Limits::default().mirror_bytes);
        let larger = template().replace("mirror_bytes = 4294967296", "mirror_bytes = 1099511627776");
        assert_eq!(parse(&larger).unwrap().limits.mirror_bytes, 1 << 40);
    }

    #[test]
    fn every_field_of_the_template_has_a_comment_before_it() {
        let template = template();
        let lines: Vec<&str> = template.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[1].contains(" = ")) {
            assert!(pair[0].starts_with("# "), "undocumented: {}", pair[1]);
        }
    }

    #[test]
    fn refusals_name_the_line_or_the_field() {
        let cases = [
            ("an unknown field", template().replace("external = false", "externel = false"), "externel"),
            ("its line", template().replace("external = false", "externel = false"), "line 29"),
            ("a wrong type", template().replace("queue = 8192", "queue = \"many\""), "queue"),
            ("a bad address", template().replace("127.0.0.1:7443", "nowhere"), "listen"),
            ("a plain address", template().replace("https://localhost", "http://localhost"), "https://"),
            ("the same port twice", template().replace("127.0.0.1:4222", "127.0.0.1:7443"), "must differ"),
            (
                "a tiny segment",
                template().replace("segment_bytes = 268435456", "segment_bytes = 1"),
                "log.segment_bytes",
            ),
            (
                "a mirror without room for a range",
                template().replace("mirror_bytes = 4294967296", "mirror_bytes = 1048575"),
                "limits.mirror_bytes",
            ),
            (
                "restricted verdicts without room for a range",
                template().replace("restricted_bytes = 67108864", "restricted_bytes = 8388607"),
                "limits.restricted_bytes",
            ),
            (
                "hardly any room in our log",
                template().replace("peer_log_bytes = 536870912", "peer_log_bytes = 1048575"),
                "limits.peer_log_bytes",
            ),
            (
                "a network that is none",
                template().replace("allow_private = []", "allow_private = [\"10.0.0.0/33\"]"),
                "10.1.0.0/16",
            ),
            ("no pause", template().replace("retry_seconds = 5", "retry_seconds = 0"), "webhooks.retry_seconds"),
            ("a bad country", template().replace("country = \"JP\"", "country = \"Japan\""), "two capital letters"),
            ("a bad id", template().replace("id = \"jp\"", "id = \"J P\""), "id"),
        ];
        for (case, text, needle) in cases {
            let message = parse(&text).unwrap_err().to_string();
            assert!(message.contains(needle), "{case}: {message}");
        }
    }
}
