//! `signals`: streams of security events (OpenID Shared Signals Framework 1.0) for whoever has no receiver that makes its own.
//!
//! Out of scope: receiving what is told, which the receiver does.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::{Args, Subcommand};
use conformity::identifiers::Identifier;
use serde_json::{Value, json};

use super::context::{Context, read_input, wait};
use super::output;
use crate::buyer::outbound::Address;
use crate::buyer::shelf::Name;
use crate::buyer::signals::{KINDS, MAX_AUTHORIZATION, POLL, PUSH, Status, type_of};
use crate::client::{ClientError, read_json};
use crate::core::filter::EventType;

/// Have events told to a receiver of security events (Shared Signals Framework); nobody else sees that you do
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 signals make --supplier lei:5493001KJTIIGC8Y1R12 --type verdict.suspended --type verdict.withdrawn
  registry-node --as buyer-1 signals make --push https://buyer.example/events --authorization token --supplier duns:150483782
  registry-node --as buyer-1 signals verify --state first
  registry-node --as buyer-1 signals pause --stream 0199c1f2a4d07b2e9d63a1c5e8f70b12 --reason maintenance

Without --stream the only one that you have is meant. A receiver finds what else there is at /.well-known/ssf-configuration.")]
pub(super) struct Signals {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Make(Make),
    Show(Show),
    Add(Add),
    Remove(Remove),
    Pause(Pause),
    Disable(Disable),
    Enable(Enable),
    Verify(Verify),
    Delete(Delete),
}

/// List your streams
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 signals list")]
struct List {}

/// Make a stream, which is polled unless it is pushed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 signals make --supplier lei:5493001KJTIIGC8Y1R12
  registry-node --as buyer-1 signals make --push https://buyer.example/events --authorization token --type verdict")]
struct Make {
    /// Push it there: https://host[:port]/path
    #[arg(long, value_name = "URL")]
    push: Option<Address>,
    /// With what this file (or - for standard input) has in its one line, as Authorization; it is never shown again
    #[arg(long, value_name = "FILE", requires = "push")]
    authorization: Option<PathBuf>,
    /// Only events of this type, such as verdict.suspended, or family, such as verdict; may be given again
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<EventType>,
    /// Tell of this supplier; may be given again, and others can be added later
    #[arg(long, value_name = "KIND:VALUE")]
    supplier: Vec<Identifier>,
    /// What it is for, in your words
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// Show a stream, and whether anything is told through it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 signals show")]
struct Show {
    #[command(flatten)]
    which: Which,
}

/// Have a stream tell of a supplier, too
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 signals add duns:150483782")]
struct Add {
    #[command(flatten)]
    which: Which,
    /// Of whom
    supplier: Identifier,
}

/// Have a stream tell of a supplier no more
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 signals remove duns:150483782")]
struct Remove {
    #[command(flatten)]
    which: Which,
    /// Of whom
    supplier: Identifier,
}

/// Have nothing told for now; what comes is kept, and told when the stream is enabled
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 signals pause --reason maintenance")]
struct Pause {
    #[command(flatten)]
    which: Which,
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Have nothing told; neither what waits nor what comes is told later
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 signals disable")]
struct Disable {
    #[command(flatten)]
    which: Which,
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Have a stream told again, also one that was given up
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 signals enable")]
struct Enable {
    #[command(flatten)]
    which: Which,
}

/// Have a verification event sent, to see whether it arrives
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 signals verify --state first")]
struct Verify {
    #[command(flatten)]
    which: Which,
    /// What is to stand in it
    #[arg(long, value_name = "TEXT")]
    state: Option<String>,
}

/// End a stream
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 signals delete 0199c1f2a4d07b2e9d63a1c5e8f70b12")]
struct Delete {
    /// Which, by its stream_id
    stream: Name,
}

/// A stream of one's own.
#[derive(Debug, Args)]
struct Which {
    /// Which, by its stream_id [default: the only one that you have]
    #[arg(long, value_name = "ID")]
    stream: Option<Name>,
}

const STREAMS: &str = "/v1/signals/streams";
const STATUS: &str = "/v1/signals/status";
const JSON: &str = "application/json";
/// A wait before something is asked again that came too soon.
const SOON: Duration = Duration::from_secs(1);

impl Signals {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List(List {}) => {
                let streams: Value = context.ask(STREAMS)?;
                let columns =
                    ["stream=stream_id", "delivery=delivery/method", "url=delivery/endpoint_url", "description"];
                context.answer(&streams, |streams| output::rows(streams, columns))
            }
            Command::Make(make) => make.run(context),
            Command::Show(Show { which }) => show(context, &which.name(context)?),
            Command::Add(Add { which, supplier }) => about(context, which, "add", supplier),
            Command::Remove(Remove { which, supplier }) => about(context, which, "remove", supplier),
            Command::Pause(Pause { which, reason }) => set(context, which, Status::Paused, reason),
            Command::Disable(Disable { which, reason }) => set(context, which, Status::Disabled, reason),
            Command::Enable(Enable { which }) => set(context, which, Status::Enabled, None),
            Command::Verify(Verify { which, state }) => {
                let stream = which.name(context)?;
                let mut wish = json!({ "stream_id": stream });
                if let Some(state) = state {
                    wish["state"] = json!(state);
                }
                post(context, "/v1/signals/verification", &wish)?;
                context.answer(&wish, |_| stream.to_string())
            }
            Command::Delete(Delete { stream }) => {
                let path = format!("{STREAMS}?stream_id={stream}");
                wait(async { Ok(context.reader()?.connect().await?.delete(&path).await?) })?;
                context.answer(&json!({ "deleted": stream }), |_| stream.to_string())
            }
        }
    }
}

impl Make {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let mut asked = json!({ "delivery": self.delivery()? });
        if !self.types.is_empty() {
            asked["events_requested"] = json!(requested(&self.types)?);
        }
        if let Some(description) = &self.description {
            asked["description"] = json!(description);
        }
        let made: Value = read_json(&post(context, STREAMS, &asked)?)?;
        let stream: Name = member(&made, "stream_id")?.parse()?;
        let issuer = member(&made, "iss")?;
        for (place, supplier) in self.supplier.iter().enumerate() {
            let left = self.supplier.len() - place;
            patiently(context, &subjects("add"), &subject(&stream, issuer, supplier)).with_context(|| {
                format!(
                    "stream {stream} is made, and does not tell of {left} suppliers, from {supplier} on; add them: \
                     registry-node signals add --stream {stream} …"
                )
            })?;
        }
        show(context, &stream)
    }

    fn delivery(&self) -> anyhow::Result<Value> {
        let Some(url) = &self.push else { return Ok(json!({ "method": POLL })) };
        let mut delivery = json!({ "method": PUSH, "endpoint_url": url.to_string() });
        if let Some(path) = &self.authorization {
            // An editor ends the line.
            let bytes = read_input(path, MAX_AUTHORIZATION as u64 + 2)?;
            let text = std::str::from_utf8(&bytes).context("what is sent as Authorization must be ASCII")?;
            delivery["authorization_header"] = json!(text.trim_end());
        }
        Ok(delivery)
    }
}

/// The types of a stream that are meant by types, or families, of events.
fn requested(types: &[EventType]) -> anyhow::Result<Vec<String>> {
    if let Some(none) = types.iter().find(|wanted| !KINDS.iter().any(|kind| wanted.takes(kind))) {
        bail!("no event of the type {} is told through streams; these are: {}", none.as_str(), KINDS.join(", "));
    }
    let meant = KINDS.iter().filter(|kind| types.iter().any(|wanted| wanted.takes(kind)));
    Ok(meant.map(|kind| type_of(kind)).collect())
}

/// A stream, with its status.
fn show(context: &Context, stream: &Name) -> anyhow::Result<ExitCode> {
    let mut shown: Value = context.ask(&format!("{STREAMS}?stream_id={stream}"))?;
    let status: Value = context.ask(&format!("{STATUS}?stream_id={stream}"))?;
    for member in ["status", "reason"] {
        if let Some(said) = status.get(member) {
            shown[member] = said.clone();
        }
    }
    let columns = ["stream=stream_id", "state=status", "why=reason", "url=delivery/endpoint_url", "description"];
    context.answer(&shown, |shown| output::rows(&json!([shown]), columns))
}

fn set(context: &Context, which: Which, status: Status, reason: Option<String>) -> anyhow::Result<ExitCode> {
    let mut wish = json!({ "stream_id": which.name(context)?, "status": status });
    if let Some(reason) = reason {
        wish["reason"] = json!(reason);
    }
    let set: Value = read_json(&post(context, STATUS, &wish)?)?;
    context.answer(&set, |set| output::cell(set, "status"))
}

/// Adds a supplier to a stream, or removes it.
fn about(context: &Context, which: Which, change: &str, supplier: Identifier) -> anyhow::Result<ExitCode> {
    let stream = which.name(context)?;
    let shown: Value = context.ask(&format!("{STREAMS}?stream_id={stream}"))?;
    let wish = subject(&stream, member(&shown, "iss")?, &supplier);
    patiently(context, &subjects(change), &wish)?;
    context.answer(&wish, |_| supplier.to_string())
}

fn subjects(change: &str) -> String {
    format!("/v1/signals/subjects/{change}")
}

fn subject(stream: &Name, issuer: &str, supplier: &Identifier) -> Value {
    json!({ "stream_id": stream, "subject": { "format": "iss_sub", "iss": issuer, "sub": supplier } })
}

impl Which {
    fn name(self, context: &Context) -> anyhow::Result<Name> {
        if let Some(stream) = self.stream {
            return Ok(stream);
        }
        let streams: Vec<Value> = context.ask(STREAMS)?;
        match &streams[..] {
            [one] => Ok(member(one, "stream_id")?.parse()?),
            many => bail!(
                "you have {} streams; say with --stream which one is meant; `signals list` shows them",
                many.len()
            ),
        }
    }
}

fn member<'a>(answer: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    answer[name].as_str().with_context(|| format!("the registry says no {name} of the stream"))
}

/// Asks as soon as the registry lets it: it takes so many questions at once, and then a few a second.
fn patiently(context: &Context, path: &str, body: &Value) -> anyhow::Result<Bytes> {
    loop {
        match post(context, path, body) {
            Err(error) if is_too_soon(&error) => std::thread::sleep(SOON),
            answered => return answered,
        }
    }
}

fn is_too_soon(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ClientError::Problem { status: 429, .. }))
}

fn post(context: &Context, path: &str, body: &Value) -> anyhow::Result<Bytes> {
    let body = Bytes::from(body.to_string());
    wait(async { Ok(context.reader()?.connect().await?.post(path, JSON, body).await?) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_family_is_all_of_its_types_and_what_no_stream_tells_is_refused() {
        let types = |text: &[&str]| text.iter().map(|one| one.parse().unwrap()).collect::<Vec<EventType>>();
        assert_eq!(requested(&types(&["verdict.suspended"])).unwrap(), [type_of("verdict.suspended")]);
        let family = requested(&types(&["verdict", "verdict.suspended"])).unwrap();
        let verdicts = KINDS.iter().filter(|kind| kind.starts_with("verdict."));
        assert_eq!(family, verdicts.map(|kind| type_of(kind)).collect::<Vec<_>>());
        let refused = requested(&types(&["verdict", "crosswalk"])).unwrap_err().to_string();
        assert!(refused.contains("crosswalk is told through streams; these are: verdict.granted, "), "{refused}");
    }
}
