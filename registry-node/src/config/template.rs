//! The file that `registry-node init` writes, with its fields' documentation.
//!
//! Out of scope: what the fields mean to the node, see [`super`].

use std::net::SocketAddr;

use conformity::ids::{Origin, RegistryId};

use super::{Limits, Log, NatsBuyers, Webhooks};

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
    /// `nats.buyers.listen`, where there is to be one.
    pub nats_buyers: Option<SocketAddr>,
    /// Host under which others reach all doors.
    pub host: &'a str,
}

/// The file that `init` writes, with its fields' documentation; `{name}` stands for a value.
const TEMPLATE: &str = include_str!("../registry.toml");

/// The section about buyers on NATS.
const BUYERS: &str = "\
# The nats-server that buyers dial. Without this section they are not served on NATS, and have HTTPS.
[nats.buyers]
# Its address and port.
listen = {listen}
# The same as they see it from outside, host:port.
public_address = {public_address}
# Bytes on the disk that the stream of events may take, at least 16 MiB, and days for which an event is kept: the oldest go first.
stream_bytes = {stream_bytes}
# At least 1.
stream_days = {stream_days}";

/// The documented file for a new registry.
pub fn render(new: &NewConfig<'_>) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let (log, limits, webhooks) = (Log::default(), Limits::default(), Webhooks::default());
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
        ("buyers", buyers_section(new)),
        ("segment_bytes", log.segment_bytes.to_string()),
        ("publish_interval_ms", log.publish_interval_ms.to_string()),
        ("batch_statements", log.batch_statements.to_string()),
        ("connections", limits.connections.to_string()),
        ("connections_each", limits.connections_each.to_string()),
        ("handshake_seconds", limits.handshake_seconds.to_string()),
        ("queue", limits.queue.to_string()),
        ("event_streams", limits.event_streams.to_string()),
        ("event_streams_each", limits.event_streams_each.to_string()),
        ("answer_mib", limits.answer_mib.to_string()),
        ("mirror_bytes", limits.mirror_bytes.to_string()),
        ("restricted_bytes", limits.restricted_bytes.to_string()),
        ("peer_log_bytes", limits.peer_log_bytes.to_string()),
        ("retry_seconds", webhooks.retry_seconds.to_string()),
        ("give_up_hours", webhooks.give_up_hours.to_string()),
    ];
    fill(TEMPLATE, &values)
}

/// `[nats.buyers]`, set aside where nothing is to listen there.
fn buyers_section(new: &NewConfig<'_>) -> String {
    let listen = new.nats_buyers.unwrap_or(SocketAddr::new(new.nats.ip(), new.nats.port().wrapping_add(1)));
    let values = [
        ("listen", toml::Value::String(listen.to_string()).to_string()),
        ("public_address", toml::Value::String(format!("{}:{}", new.host, listen.port())).to_string()),
        ("stream_bytes", NatsBuyers::usual_bytes().to_string()),
        ("stream_days", NatsBuyers::usual_days().to_string()),
    ];
    let section = fill(BUYERS, &values);
    if new.nats_buyers.is_some() {
        return section;
    }
    let aside = |line: &str| if line.starts_with('#') { line.to_owned() } else { format!("# {line}") };
    section.lines().map(aside).collect::<Vec<_>>().join("\n")
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
