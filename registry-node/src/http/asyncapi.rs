//! The AsyncAPI 3.0 document: every channel on which events are told, who may read it, and what comes there.
//!
//! It is written from what the node goes by itself: the types of events from the words that are there for each, the conditions of a reader
//! from the table of routes, the subjects of NATS from the grammar that its server goes by.
//! Out of scope: the messages (`messages`) and what is in them (`data`), and everything that is asked for one answer (`openapi`).

mod data;
mod messages;

use bytes::Bytes;
use conformity::ids::RegistryId;
use conformity::words;
use federation::subjects::{Pattern, Subject};
use serde_json::{Map, Value, json};

use super::answer;
use super::openapi;
use super::route::Route;
use super::table::routes;
use crate::config::Config;
use crate::core::event::{BARE, is_for_all};
use crate::core::notice::{HEARTBEAT, PING};

/// The server of HTTPS, and that of buyers on NATS.
const HTTPS: &str = "https";
const NATS: &str = "nats";

/// A channel of the document, with its one operation.
struct Channel {
    name: &'static str,
    /// A path, a subject, or nothing where the receiver names the address.
    address: Option<String>,
    server: Option<&'static str>,
    /// What comes there.
    summary: String,
    /// Who may read it.
    readers: &'static str,
    /// What stands for each token in braces.
    parameters: &'static [(&'static str, &'static str)],
    messages: Vec<&'static str>,
    /// For whom only: nobody is asked for a certificate otherwise.
    security: &'static [&'static str],
    bindings: Value,
}

/// The document of one registry, as JSON.
pub(super) fn document(config: &Config) -> Bytes {
    let channels = channels(config);
    let document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": format!("Secure Trust Registry: {}, as it happens", config.registry.name),
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Changes of verdicts on the security of suppliers, as CloudEvents from a signed log. All channels tell the same \
                            events, by the same ids, in the order of the log; what is missed on one is read on another. \
                            /openapi.json describes what is asked for an answer.",
            "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        "defaultContentType": answer::JSON,
        "servers": servers(config),
        "channels": channels.iter().map(|channel| (channel.name.to_owned(), channel.described())).collect::<Map<_, _>>(),
        "operations": channels.iter().map(|channel| (channel.operation(), channel.read())).collect::<Map<_, _>>(),
        "components": {
            "schemas": messages::schemas(),
            "messages": messages::all(),
            "securitySchemes": {
                "buyer": { "type": "X509", "description": "A certificate that the registry issued to a buyer (TLS 1.3, handshake first)" },
                "party": { "type": "X509", "description": "A certificate that the registry issued to a party" },
            },
        },
    });
    document.to_string().into()
}

fn servers(config: &Config) -> Value {
    let url = config.http.public_url.as_str();
    let (protocol, rest) = url.split_once("://").unwrap_or((HTTPS, url));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut servers = json!({ HTTPS: { "host": host, "protocol": protocol, "pathname": format!("/{path}") } });
    if let Some(buyers) = &config.nats.buyers {
        servers[NATS] = json!({
            "host": buyers.public_address, "protocol": NATS, "security": [reference("securitySchemes", "buyer")],
            "description": "TLS before anything else. A connection is let in for 15 to 20 minutes, and then made again; \
                            one that calls itself CURSORS pulls from cursors instead of listening (/v1/cursors).",
        });
    }
    servers
}

fn channels(config: &Config) -> Vec<Channel> {
    let mut channels = vec![stream(), pull(), webhook()];
    if config.nats.buyers.is_some() {
        channels.extend(on_nats(&config.registry.id));
    }
    channels
}

fn stream() -> Channel {
    let route = route("/v1/events");
    Channel {
        messages: types(|_| true).chain([messages::CHECKPOINT, messages::ABSENCE, messages::PROBLEM]).collect(),
        ..Channel::over_https("stream", route)
    }
}

fn pull() -> Channel {
    let route = route("/v1/events/pull");
    Channel { messages: vec![messages::PULLED, messages::PROBLEM], ..Channel::over_https("pull", route) }
}

fn webhook() -> Channel {
    Channel {
        name: "webhook",
        address: None,
        server: None,
        summary: "What a subscription asks for (/v1/subscriptions), at the url that it names".to_owned(),
        readers: "the receiver that a party named; signed with its secret (Standard Webhooks)",
        parameters: &[],
        messages: types(|_| true).chain([HEARTBEAT, PING]).collect(),
        security: &["party"],
        bindings: json!({ "http": { "method": "POST", "bindingVersion": "0.3.0" } }),
    }
}

fn on_nats(registry: &RegistryId) -> [Channel; 5] {
    let channel = |name, address: String, summary: &str, messages| Channel {
        name,
        address: Some(address),
        server: Some(NATS),
        summary: summary.to_owned(),
        readers: "buyers that the registry registered; nobody but the node says anything there",
        parameters: &[],
        messages,
        security: &["buyer"],
        bindings: json!({}),
    };
    let exactly = |subject: Subject| subject.as_str().to_owned();
    let status = Pattern::status(registry, None, None);
    let status = status.as_str().replacen('*', "{scheme}", 1).replacen('*', "{supplier}", 1);
    let general = exactly(Subject::bulletin(registry, None));
    let of_sector = format!("{general}.{{sector}}");
    let about_verdicts = types(|kind| kind.starts_with("verdict.") || kind.starts_with("recognition.")).collect();
    let bulletins = || types(|kind| kind.starts_with("bulletin.")).collect();
    [
        Channel {
            parameters: &[
                ("scheme", "Id of a scheme, as a token"),
                ("supplier", "An identifier of the supplier, as a token"),
            ],
            ..channel("status", status, "Changes of verdicts, once for each identifier of the supplier", about_verdicts)
        },
        Channel {
            parameters: &[("sector", "Code of a sector, as a token")],
            ..channel("bulletinsOfSector", of_sector, "Bulletins that name the sector", bulletins())
        },
        channel("bulletins", general, "Bulletins that name no sector", bulletins()),
        channel(
            "registry",
            exactly(Subject::registry(registry)),
            "The registry moved out, or ended",
            types(is_for_all).collect(),
        ),
        channel(
            "heartbeat",
            exactly(Subject::heartbeat(registry)),
            "How much was told, every 15 seconds at least",
            vec![HEARTBEAT],
        ),
    ]
}

/// The types of events that fit, and nothing twice.
fn types(fits: impl Fn(&str) -> bool) -> impl Iterator<Item = &'static str> {
    words::event_kinds().chain([BARE]).filter(move |kind| fits(kind))
}

/// The route of that path; every path here is in the table, which a test holds.
fn route(path: &str) -> Option<&'static Route> {
    routes().find(|route| route.path == path)
}

impl Channel {
    /// A channel that a route opens, without its messages.
    fn over_https(name: &'static str, route: Option<&Route>) -> Channel {
        let described = route.map(|route| route.parameters.iter().map(openapi::parameter));
        let conditions = described.into_iter().flatten().filter_map(|one| {
            let mut schema = one["schema"].clone();
            schema["description"] = one["description"].clone();
            Some((one["name"].as_str()?.to_owned(), schema))
        });
        let query = json!({ "type": "object", "properties": conditions.collect::<Map<_, _>>() });
        Channel {
            name,
            address: route.map(|route| route.path.to_owned()),
            server: Some(HTTPS),
            summary: route.map(|route| route.summary.to_owned()).unwrap_or_default(),
            readers: "anybody; what is public is told to all alike",
            parameters: &[],
            messages: Vec::new(),
            security: &[],
            bindings: json!({ "http": { "method": "GET", "query": query, "bindingVersion": "0.3.0" } }),
        }
    }

    fn described(&self) -> Value {
        let messages = self.messages.iter().map(|kind| ((*kind).to_owned(), reference("messages", kind)));
        let mut described = json!({
            "address": self.address, "summary": self.summary, "description": format!("For {}.", self.readers),
            "messages": messages.collect::<Map<_, _>>(),
        });
        if let Some(server) = self.server {
            described["servers"] = json!([{ "$ref": format!("#/servers/{server}") }]);
        }
        for (name, what) in self.parameters {
            described["parameters"][name] = json!({ "description": what });
        }
        described
    }

    fn operation(&self) -> String {
        format!("tell-{}", self.name)
    }

    /// Everything is sent by the registry.
    fn read(&self) -> Value {
        let mut operation = json!({
            "action": "send", "summary": self.summary, "channel": { "$ref": format!("#/channels/{}", self.name) },
            "bindings": self.bindings,
        });
        if !self.security.is_empty() {
            let schemes = self.security.iter().map(|scheme| reference("securitySchemes", scheme));
            operation["security"] = schemes.collect();
        }
        operation
    }
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}
