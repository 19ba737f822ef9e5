//! The registry's one configuration file, `registry.toml`: strict (an unknown or mistyped field is refused with its line)
//! and documented field by field in the template that `registry-node init` writes.
//!
//! Out of scope: secrets (they rest in files of their own) and anything that the log already states (peers, arrangements).

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use conformity::ids::{Origin, RegistryId};
use serde::Deserialize;

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
    /// The door for peers and for buyers on NATS.
    pub nats: Nats,
    /// How the log is kept.
    #[serde(default)]
    pub log: Log,
    /// What one submitter or reader may ask for.
    #[serde(default)]
    pub limits: Limits,
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
    /// `true` when somebody else starts the server with the configuration that this node writes.
    #[serde(default)]
    pub external: bool,
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
    /// Event streams (SSE) open at once.
    pub event_streams: usize,
    /// MiB that answers of more than 8 KiB may take in memory until they have left; more are answered 503.
    pub answer_mib: usize,
    /// Bytes on the disk that the mirror of one peer's log may take; beyond them the peer is followed no further.
    pub mirror_bytes: u64,
    /// Bytes that statements of one peer's restricted verdicts may take beside that; a verdict for which there is no room is let go of.
    pub restricted_bytes: u64,
    /// Bytes a day that what is made of one peer's verdicts may take in our own log; beyond them the newest answers wait, but never those
    /// that take something away.
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
            handshake_seconds: 5,
            queue: 8_192,
            event_streams: 10_000,
            answer_mib: 256,
            mirror_bytes: 4 << 30,
            restricted_bytes: 64 << 20,
            peer_log_bytes: 512 << 20,
        }
    }
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
                self.limits.connections > 0 && self.limits.event_streams > 0 && self.limits.handshake_seconds > 0,
                "limits must be positive",
            ),
            (self.limits.answer_mib >= 32, "limits.answer_mib must be at least 32, what one connection may take"),
            (self.limits.mirror_bytes >= 1 << 20, "limits.mirror_bytes must be at least 1 MiB, the largest range"),
            (
                self.limits.restricted_bytes >= 8 << 20,
                "limits.restricted_bytes must be at least 8 MiB, those of one range",
            ),
            (self.limits.peer_log_bytes >= 1 << 20, "limits.peer_log_bytes must be at least 1 MiB"),
            (
                self.registry.country.as_deref().is_none_or(is_country),
                "registry.country must be two capital letters, such as JP",
            ),
        ];
        rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err((*rule).to_owned()))
    }
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// What `init` needs to fill the template.
#[derive(Debug, Clone)]
pub struct NewConfig<'a> {
    /// `registry.id`
    pub id: &'a RegistryId,
    /// `registry.origin`
    pub origin: &'a Origin,
    /// `registry.name`
    pub name: &'a str,
    /// `registry.country`
    pub country: Option<&'a str>,
    /// `http.listen`
    pub http: SocketAddr,
    /// `nats.listen`
    pub nats: SocketAddr,
    /// Host under which others reach both doors.
    pub host: &'a str,
}

/// The file that `init` writes, with its fields' documentation; `{name}` stands for a value.
const TEMPLATE: &str = include_str!("registry.toml");

/// The documented file for a new registry.
pub fn render(new: &NewConfig<'_>) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let (log, limits) = (Log::default(), Limits::default());
    let names = if new.host == "localhost" { "\"localhost\", \"127.0.0.1\"".to_owned() } else { quoted(new.host) };
    let values = [
        ("id", quoted(new.id.as_str())),
        ("origin", quoted(new.origin.as_str())),
        ("name", quoted(new.name)),
        (
            "country",
            new.country.map_or_else(|| "# country = \"JP\"".to_owned(), |code| format!("country = {}", quoted(code))),
        ),
        ("http", quoted(&new.http.to_string())),
        ("public_url", quoted(&format!("https://{}:{}", new.host, new.http.port()))),
        ("names", format!("[{names}]")),
        ("nats", quoted(&new.nats.to_string())),
        ("public_address", quoted(&format!("{}:{}", new.host, new.nats.port()))),
        ("segment_bytes", log.segment_bytes.to_string()),
        ("publish_interval_ms", log.publish_interval_ms.to_string()),
        ("batch_statements", log.batch_statements.to_string()),
        ("connections", limits.connections.to_string()),
        ("handshake_seconds", limits.handshake_seconds.to_string()),
        ("queue", limits.queue.to_string()),
        ("event_streams", limits.event_streams.to_string()),
        ("answer_mib", limits.answer_mib.to_string()),
        ("mirror_bytes", limits.mirror_bytes.to_string()),
        ("restricted_bytes", limits.restricted_bytes.to_string()),
        ("peer_log_bytes", limits.peer_log_bytes.to_string()),
    ];
    fill(TEMPLATE, &values)
}

/// Puts each value where its name stands, in one pass: a value that looks like a name stays as it is.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let found = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value.as_str(), after))
        });
        let (value, after) = found.unwrap_or(("{", after));
        filled.push_str(value);
        rest = after;
    }
    filled + rest
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
            ("a bad country", template().replace("country = \"JP\"", "country = \"Japan\""), "two capital letters"),
            ("a bad id", template().replace("id = \"jp\"", "id = \"J P\""), "id"),
        ];
        for (case, text, needle) in cases {
            let message = parse(&text).unwrap_err().to_string();
            assert!(message.contains(needle), "{case}: {message}");
        }
    }
}
