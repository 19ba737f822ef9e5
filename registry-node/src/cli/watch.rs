//! `watch`: everything that happens, as it happens.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use conformity::words::{Language, Params, label};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use ledger::digest::Digest;
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::{Context, wait};
use super::following::{self, Next, Successor, Told};
use super::output;
use super::pinned::Pinned;
use super::proving::Proving;
use super::sse::{Frame, Frames};
use super::wanted::{Wanted, asking};
use crate::client::{Client, ClientError};
use crate::core::event::{CLOSED, MOVED, TYPE_PREFIX};

/// A registry says something at least every 15 seconds; this long a silence is a broken connection.
const SILENCE: Duration = Duration::from_secs(45);
/// How long to wait before connecting again.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// Watch what happens
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 watch --supplier corporate-number:7000012050002
  registry-node --as buyer-1 watch --scheme demo --type verdict --type recognition --json
  registry-node --as buyer-1 watch --watchlist parts
  registry-node --as buyer-1 watch --after 1042
  registry-node --as buyer-1 --lang ja watch --supplier corporate-number:7000012050002
  registry-node --as buyer-1 watch --prove

One line per event; it connects again by itself and goes on where it was. Where the registry moves it goes on at the new address, and where it
ends with the successor's log from its start, as anybody: both once, once the log proves it, and with a line that says so. A watchlist is known
where it was put alone: with --watchlist it ends where the registry does. Of a supplier that is asked for and of which there is
nothing, the first line says why. With --prove it reads the whole log from its
first entry, computes the root from the entries that come with the events, and compares it with every checkpoint: at the
first contradiction it stops with an error. Keep its output then: it is evidence.")]
pub(super) struct Watch {
    #[command(flatten)]
    wanted: Wanted,
    /// From behind the event of this id, or start for everything [default: what comes from now on]
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// Prove that nothing was left out; reads everything from the start
    #[arg(long, conflicts_with_all = ["supplier", "watchlist", "scheme", "viewpoint", "state", "types", "sector", "country", "after"])]
    prove: bool,
    /// End after so many events; with --prove, once they are proven
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

impl Watch {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let pinned = Pinned::of_credentials(&context.credentials_folder());
        let (proving, pinned) = match self.prove {
            true => {
                let pinned = pinned?;
                (Some(Proving::new(pinned.first_log_key()?.into())), Some(pinned))
            }
            false => (None, pinned.ok()),
        };
        let after = if self.prove { Some("start".to_owned()) } else { self.after.clone() };
        let mut watching = Watching {
            json: context.json,
            language: context.language,
            after,
            proving,
            pinned,
            told: None,
            left: Vec::new(),
            seen: 0,
            to_prove: 0,
            heard: false,
            count: self.count.unwrap_or(u64::MAX),
        };
        wait(watching.run(context.reader()?, &self.path(context.language)))?;
        Ok(ExitCode::SUCCESS)
    }

    fn path(&self, language: Language) -> String {
        let mut parameters = self.wanted.parameters();
        // English words are those of the event itself.
        parameters.extend((language != Language::English).then(|| ("lang", language.to_string())));
        asking("/v1/events", &parameters)
    }
}

/// A reader on its way.
struct Watching {
    json: bool,
    language: Language,
    /// The last event that was read.
    after: Option<String>,
    proving: Option<Proving>,
    /// The registry that is read, where its genesis is at hand: without it nothing that leads elsewhere could be proven.
    pinned: Option<Pinned>,
    /// What was read that leads elsewhere.
    told: Option<Told>,
    /// Registries that were read and have ended: two that name each other must not lead a reader round and round.
    left: Vec<Digest>,
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
    async fn run(&mut self, mut client: Client, path: &str) -> anyhow::Result<()> {
        self.told = self.ended_before(&client).await?;
        while !self.is_done() {
            if let Some(told) = self.told.take() {
                client = self.follow(client, told).await?;
            }
            match self.connection(&client, path).await {
                Ok(()) if self.told.is_some() => continue,
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

    /// Whether the registry ended before the place from which on it is to be read: its stream says nothing of it then.
    async fn ended_before(&self, client: &Client) -> anyhow::Result<Option<Told>> {
        let (Some(pinned), after) = (&self.pinned, self.after.as_deref()) else { return Ok(None) };
        if after == Some("start") {
            return Ok(None);
        }
        let Some(end) = following::end(client, pinned).await? else { return Ok(None) };
        // Of an id that is none the stream tells.
        let is_behind = after.is_none_or(|id| entry_of(id).is_some_and(|index| index >= end));
        Ok(is_behind.then_some(Told::Closed))
    }

    /// Goes on where what was told leads, and says so.
    async fn follow(&mut self, client: Client, told: Told) -> anyhow::Result<Client> {
        let Some(pinned) = &self.pinned else { return Ok(client) };
        let registry = pinned.genesis.registry.to_string();
        match following::next(&client, pinned, told).await? {
            Next::Here => Ok(client),
            Next::Moved(there) => {
                self.tell_followed("moved-on", &registry, &there.url(), None)?;
                Ok(there)
            }
            Next::Succeeded(successor) => {
                self.left.push(pinned.digest);
                let Successor { client, pinned, http_url } = *successor;
                ensure!(
                    !self.left.contains(&pinned.digest),
                    "{registry} ended in favour of a registry that ended before it"
                );
                self.tell_followed("succeeded-by", &registry, &http_url, Some(&pinned))?;
                (self.after, self.to_prove) = (Some("start".to_owned()), 0);
                if self.proving.is_some() {
                    self.proving = Some(Proving::new(pinned.first_log_key()?.into()));
                }
                self.pinned = Some(pinned);
                Ok(client)
            }
        }
    }

    fn tell_followed(
        &self,
        code: &'static str,
        registry: &str,
        http_url: &str,
        successor: Option<&Pinned>,
    ) -> anyhow::Result<()> {
        let successor = successor.map(|pinned| &pinned.genesis);
        output::line(&if self.json {
            let successor = successor.map(|genesis| json!({"registry": genesis.registry, "origin": genesis.origin}));
            json!({"followed": {"from": registry, "httpUrl": http_url, "successor": successor}}).to_string()
        } else {
            let params = Params::default().with("registry", registry.to_owned()).with("url", http_url.to_owned());
            let name = successor.map(|genesis| genesis.registry.to_string()).unwrap_or_default();
            label(code, self.language, &params.with("successor", name))
        })?;
        Ok(())
    }

    fn is_done(&self) -> bool {
        let proven = self.proving.as_ref().is_none_or(|proving| proving.proven() >= self.to_prove);
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
                if self.is_done() || self.told.is_some() {
                    return Ok(());
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
        if let Some(proving) = &mut self.proving {
            let index = entry_of(&event.id).ok_or_else(|| anyhow!("the event id {} names no entry", event.id))?;
            proving.entry(index, &event.entry).context("the registry contradicts itself; keep this output")?;
            if self.seen < self.count {
                self.to_prove = index + 1;
            }
        }
        output::line(&if self.json { frame.data } else { render(&event) })?;
        if self.pinned.is_some() {
            self.told = leads_elsewhere(&event);
        }
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
        let (Some(proving), Some(pinned)) = (&mut self.proving, &self.pinned) else { return Ok(()) };
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

/// The entry that an event comes from.
fn entry_of(id: &str) -> Option<u64> {
    id.split('.').next()?.parse().ok()
}

/// Whether an event says that the registry is read elsewhere from now on.
fn leads_elsewhere(event: &CloudEvent) -> Option<Told> {
    match event.r#type.strip_prefix(TYPE_PREFIX)? {
        MOVED => Some(Told::Moved(event.data["httpUrl"].as_str()?.to_owned())),
        CLOSED => Some(Told::Closed),
        _ => None,
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
pub(super) fn is_passing(error: &anyhow::Error) -> bool {
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
