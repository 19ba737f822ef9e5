//! `watch`: everything that happens, as it happens.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, SectorCode};
use conformity::verdict::StateName;
use conformity::viewpoint::Viewpoint;
use conformity::words::{Language, Params, label};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::{Context, wait};
use super::output;
use super::pinned::Pinned;
use super::proving::Proving;
use super::sse::{Frame, Frames};
use super::standing::escape;
use crate::client::{Client, ClientError};

/// A registry says something at least every 15 seconds; this long a silence is a broken connection.
const SILENCE: Duration = Duration::from_secs(45);
/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_secs(1);

/// Watch what happens
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 watch --supplier corporate-number:7000012050002
  registry-node --as buyer-1 watch --scheme demo --type verdict --type recognition --json
  registry-node --as buyer-1 watch --after 1042
  registry-node --as buyer-1 --lang ja watch --supplier corporate-number:7000012050002
  registry-node --as buyer-1 watch --prove

One line per event; it connects again by itself and goes on where it was. Of a supplier that is asked for and of which there is
nothing, the first line says why. With --prove it reads the whole log from its
first entry, computes the root from the entries that come with the events, and compares it with every checkpoint: at the
first contradiction it stops with an error. Keep its output then: it is evidence.")]
pub(super) struct Watch {
    /// Only verdicts on this supplier; may be given again, like those below
    #[arg(long, value_name = "KIND:VALUE")]
    supplier: Vec<Identifier>,
    /// Only under this scheme: id, or id@version
    #[arg(long)]
    scheme: Vec<String>,
    /// Only with this viewpoint
    #[arg(long)]
    viewpoint: Vec<Viewpoint>,
    /// Only what comes into this state
    #[arg(long)]
    state: Vec<StateName>,
    /// Only events of this type, such as verdict.suspended, or family, such as verdict
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only bulletins for this sector, or for all [default: your own, once anything else is asked for]
    #[arg(long, value_name = "CODE")]
    sector: Vec<SectorCode>,
    /// Only bulletins for this country, or for all
    #[arg(long)]
    country: Vec<CountryCode>,
    /// From behind the event of this id, or start for everything [default: what comes from now on]
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// Prove that nothing was left out; reads everything from the start
    #[arg(long, conflicts_with_all = ["supplier", "scheme", "viewpoint", "state", "types", "sector", "country", "after"])]
    prove: bool,
    /// End after so many events; with --prove, once they are proven
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

impl Watch {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let proving = match self.prove {
            true => {
                let pinned = Pinned::of_credentials(&context.credentials_folder())?;
                Some((Proving::new(pinned.first_log_key()?.into()), pinned))
            }
            false => None,
        };
        let after = if self.prove { Some("start".to_owned()) } else { self.after.clone() };
        let mut watching = Watching {
            json: context.json,
            language: context.language,
            after,
            proving,
            seen: 0,
            to_prove: 0,
            heard: false,
            count: self.count.unwrap_or(u64::MAX),
        };
        wait(watching.run(&context.reader()?, &self.path(context.language)))?;
        Ok(ExitCode::SUCCESS)
    }

    fn path(&self, language: Language) -> String {
        // English words are those of the event itself.
        let lang = (language != Language::English).then(|| ("lang", language.to_string()));
        let suppliers = self.supplier.iter().map(|value| ("supplier", value.to_string()));
        let schemes = self.scheme.iter().map(|value| ("scheme", value.clone()));
        let viewpoints = self.viewpoint.iter().map(|value| ("viewpoint", value.to_string()));
        let states = self.state.iter().map(|value| ("state", value.to_string()));
        let types = self.types.iter().map(|value| ("type", value.clone()));
        let sectors = self.sector.iter().map(|value| ("sector", value.to_string()));
        let countries = self.country.iter().map(|value| ("country", value.to_string()));
        let members =
            suppliers.chain(schemes).chain(viewpoints).chain(states).chain(types).chain(sectors).chain(countries);
        let query: Vec<String> =
            members.chain(lang).map(|(name, value)| format!("{name}={}", escape(&value))).collect();
        if query.is_empty() { "/v1/events".to_owned() } else { format!("/v1/events?{}", query.join("&")) }
    }
}

/// A reader on its way.
struct Watching {
    json: bool,
    language: Language,
    /// The last event that was read.
    after: Option<String>,
    proving: Option<(Proving, Pinned)>,
    seen: u64,
    count: u64,
    /// Entries that the events asked for came with.
    to_prove: u64,
    /// Whether a connection ever stood: then one that breaks is made again.
    heard: bool,
}

/// What every event has.
#[derive(Deserialize)]
struct CloudEvent {
    id: String,
    r#type: String,
    #[serde(default)]
    subject: Option<String>,
    time: String,
    entry: String,
    data: Value,
    /// The whole of it in words, where the language asked for is not that of the event itself.
    #[serde(default)]
    text: Option<String>,
}

impl Watching {
    async fn run(&mut self, client: &Client, path: &str) -> anyhow::Result<()> {
        while !self.is_done() {
            match self.connection(client, path).await {
                Ok(()) => {}
                Err(error) if self.heard && is_passing(&error) => output::note(&format!("{error:#}; connecting again")),
                Err(error) => return Err(error),
            }
            if !self.is_done() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        let proven = self.proving.as_ref().is_none_or(|(proving, _)| proving.proven() >= self.to_prove);
        self.seen >= self.count && proven
    }

    async fn connection(&mut self, client: &Client, path: &str) -> anyhow::Result<()> {
        let mut stream = client.connect().await?.stream(path, self.after.as_deref()).await?;
        let first = !std::mem::replace(&mut self.heard, true);
        let mut frames = Frames::default();
        while !self.is_done()
            && let Some(piece) = next_piece(&mut stream).await?
        {
            frames.push(&piece)?;
            while let Some(frame) = frames.next() {
                self.take(client, frame, first).await?;
                if self.is_done() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes what came. Of which suppliers there is nothing is said on the `first` connection, not again on each.
    async fn take(&mut self, client: &Client, frame: Frame, first: bool) -> anyhow::Result<()> {
        match frame.event.as_deref() {
            Some("absence") if first => self.tell_absence(&frame.data),
            Some("checkpoint") => self.take_checkpoint(client, &frame.data).await,
            Some(_) => Ok(()),
            None => self.take_event(frame),
        }
    }

    fn take_event(&mut self, frame: Frame) -> anyhow::Result<()> {
        let event: CloudEvent = serde_json::from_str(&frame.data).context("the registry sent an event that is none")?;
        if let Some((proving, _)) = &mut self.proving {
            let index = event.id.split('.').next().and_then(|index| index.parse().ok());
            let index = index.ok_or_else(|| anyhow!("the event id {} names no entry", event.id))?;
            proving.entry(index, &event.entry).context("the registry contradicts itself; keep this output")?;
            if self.seen < self.count {
                self.to_prove = index + 1;
            }
        }
        output::line(&if self.json { frame.data } else { render(&event) })?;
        self.after = Some(frame.id.unwrap_or(event.id));
        self.seen += 1;
        Ok(())
    }

    fn tell_absence(&self, data: &str) -> anyhow::Result<()> {
        let told: Value = serde_json::from_str(data).context("the registry sent an absence that is none")?;
        output::line(&if self.json {
            json!({ "absence": told }).to_string()
        } else {
            let word = |name: &str| told[name].as_str().unwrap_or("-").to_owned();
            let params = Params::default().with("supplier", word("supplier")).with("absence", word("absence"));
            format!("{}  {}", label("nothing-of", self.language, &params), word("explanation"))
        })?;
        Ok(())
    }

    async fn take_checkpoint(&mut self, client: &Client, data: &str) -> anyhow::Result<()> {
        let Some((proving, pinned)) = &mut self.proving else { return Ok(()) };
        let note: String = serde_json::from_str(data).context("the registry sent a checkpoint that is none")?;
        if !proving.knows(&note) {
            proving.learn(pinned.log_keys(&mut client.connect().await?).await?);
        }
        let checkpoint = proving.checkpoint(&note).context("the registry contradicts itself; keep this output")?;
        let (size, root) = (checkpoint.size, checkpoint.root);
        output::line(&if self.json {
            json!({ "proven": { "origin": checkpoint.origin, "size": size, "root": root.to_string() } }).to_string()
        } else {
            format!("proven: these are all {size} entries of {}, root {root}", checkpoint.origin)
        })?;
        Ok(())
    }
}

/// The next bytes; nothing at the end.
async fn next_piece(stream: &mut Incoming) -> anyhow::Result<Option<bytes::Bytes>> {
    let silent = |_| ClientError::Broken(format!("nothing came for {} s", SILENCE.as_secs()));
    match tokio::time::timeout(SILENCE, stream.frame()).await.map_err(silent)? {
        None => Ok(None),
        Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
        Some(Err(error)) => Err(ClientError::Broken(error.to_string()).into()),
    }
}

/// Whether it may be otherwise in a moment. A registry that turns our certificate down says so with an alert.
fn is_passing(error: &anyhow::Error) -> bool {
    match error.downcast_ref() {
        Some(ClientError::Broken(why)) => !why.contains("fatal alert"),
        Some(ClientError::Unreachable { .. } | ClientError::Slow | ClientError::Problem { status: 500.., .. }) => true,
        _ => false,
    }
}

fn render(event: &CloudEvent) -> String {
    let kind = event.r#type.strip_prefix(crate::core::event::TYPE_PREFIX).unwrap_or(&event.r#type);
    let about = |pointers: &[&str]| {
        let found = pointers.iter().filter_map(|pointer| event.data.pointer(pointer)?.as_str());
        found.collect::<Vec<_>>().join("  ")
    };
    let words = about(&[
        "/supplier/name",
        "/scheme",
        "/reason/code",
        "/reason/text",
        "/change/accepted-as-evidence/authority",
        "/recognition/supplier/name",
        "/recognition/explanation",
        "/bulletin/title/en",
        "/bulletin/title/ja",
        "/arrangement",
        "/kind",
    ]);
    let words = event.text.clone().unwrap_or(words);
    let subject = event.subject.as_deref().unwrap_or("-");
    format!("{:>8}  {}  {kind}  {subject}  {words}", event.id, event.time).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_event_is_a_line() {
        let event: CloudEvent = serde_json::from_value(json!({
            "specversion": "1.0", "id": "12", "type": "org.secure-trust-registry.verdict.suspended", "subject": "jp:V-1",
            "time": "2026-11-23T09:00:00Z", "entry": "", "source": "https://x",
            "data": { "supplier": { "name": "Example Works" }, "scheme": "demo@1", "reason": { "code": "finding" } }
        }))
        .unwrap();
        assert_eq!(
            render(&event),
            "      12  2026-11-23T09:00:00Z  verdict.suspended  jp:V-1  Example Works  demo@1  finding"
        );
    }
}
