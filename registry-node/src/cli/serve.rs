//! `serve`: running registries.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use federation::bus::CLIENT_LOG;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{Instrument as _, Level, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use super::context::Context;
use super::output;
use crate::clock::SystemClock;
use crate::core::registry::Registry;
use crate::folder::Folder;
use crate::index::trial_in_child;
use crate::serve::{Serving, serve};
use crate::spans::in_current_span;

/// The environment variable that says what is logged.
const LOG_VARIABLE: &str = "REGISTRY_LOG";

/// The module of the NATS client that reads and writes messages.
const CLIENT_WIRE: &str = "::connection";

/// Serve one or more registries
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node serve jp
  registry-node serve jp eu --log-format json

Prints a line for each registry once its door is open; the log goes to standard error, REGISTRY_LOG=debug shows more of
it. SIGINT or SIGTERM end it: open requests finish, everything acknowledged is on disk. Changed certificates and
revocations count within about a second, without a restart. Of several registries each has its own folder, log, keys, operator and
doors; lines of the log name the folder, and one that cannot be served, or moves out, leaves the others alone.")]
pub(super) struct Serve {
    /// Folders of the registries [default: the one of --registry]
    folders: Vec<PathBuf>,
    /// How the log is written
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object to a line
    Json,
}

impl Serve {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        self.begin_log()?;
        certs::install_crypto_provider();
        let folders = if self.folders.is_empty() { vec![context.folder().path().to_owned()] } else { self.folders };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.context("the operating system gives no event loop")?.block_on(run(&folders, context.json))?;
        Ok(ExitCode::SUCCESS)
    }

    fn begin_log(&self) -> anyhow::Result<()> {
        let wanted = std::env::var(LOG_VARIABLE).unwrap_or_else(|_| "info".to_owned());
        let filter = EnvFilter::try_new(&wanted).with_context(|| format!("{LOG_VARIABLE}={wanted} cannot be read"))?;
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            // A log that cannot be written (its disk is full) is reported to stderr, which is that log: whoever logs would
            // panic.
            .log_internal_errors(false)
            .with_ansi(std::io::stderr().is_terminal());
        let begun = match self.log_format {
            LogFormat::Text => log.finish().with(client_hushed(&wanted)).try_init(),
            LogFormat::Json => log.json().finish().with(client_hushed(&wanted)).try_init(),
        };
        begun.map_err(|error| anyhow::anyhow!("the log cannot be written: {error}"))
    }
}

/// Holds back what is never logged, whatever was asked for: a filter of its own, since a directive gives way to any that is narrower.
///
/// The NATS client is silent unless it is named: a peer's server could fill the log through it. Its account of what it reads and
/// writes is never logged: it holds whole messages, with what peers disclose to each other.
fn client_hushed<S: Subscriber>(wanted: &str) -> impl Layer<S> + use<S> {
    let named = wanted.contains(CLIENT_LOG);
    filter_fn(move |event| match event.target().strip_prefix(CLIENT_LOG) {
        None => true,
        Some(module) => named && (!module.starts_with(CLIENT_WIRE) || *event.level() <= Level::INFO),
    })
}

async fn run(folders: &[PathBuf], json: bool) -> anyhow::Result<()> {
    // Before anything is opened: whoever ends us early must not find us deaf.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Certificates are read again by themselves; a habit of asking for it must not end anything.
    let _hangup = signal(SignalKind::hangup())?;
    let (mut serving, mut failed) = (Vec::new(), None);
    for folder in folders {
        // Every line of the log says whose it is, whatever is logged.
        let span = tracing::error_span!("folder", name = %folder.display());
        let begun = begin(folder, json).instrument(span).await;
        match begun.with_context(|| format!("{} is not served", folder.display())) {
            Ok(one) => serving.push(one),
            // Those beside it have nothing to do with it.
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a registry is not served");
                failed = Some(error);
            }
        }
    }
    tokio::select! {
        _ = interrupt.recv() => tracing::info!("told to end"),
        _ = terminate.recv() => tracing::info!("told to end"),
        () = all_ended(&serving) => {}
    }
    end(serving).await;
    failed.map_or(Ok(()), Err)
}

/// Waits until every registry has ended by itself: each moved out, or none was served.
async fn all_ended(serving: &[Serving]) {
    for one in serving {
        one.ending().await;
    }
}

async fn begin(folder: &Path, json: bool) -> anyhow::Result<Serving> {
    let opening = Folder::new(folder);
    let open = in_current_span(move || Registry::open(opening, SystemClock::shared(), trial_in_child));
    let registry = tokio::task::spawn_blocking(open).await??;
    let serving = serve(Arc::clone(&registry)).await?;
    let config = &registry.config;
    let (id, http, nats) = (&config.registry.id, &config.http.public_url, &config.nats.public_address);
    let buyers = config.nats.buyers.as_ref().map(|buyers| &buyers.public_address);
    output::line(&if json {
        json!({ "ready": id, "http": http, "nats": nats, "natsBuyers": buyers }).to_string()
    } else {
        let buyers = buyers.map_or_else(String::new, |address| format!(", nats of buyers at {address}"));
        format!("{id} is served at {http}, nats at {nats}{buyers}")
    })?;
    Ok(serving)
}

/// All at once: each may have to wait for a peer or a nats-server that does not answer any more.
async fn end(serving: Vec<Serving>) {
    serving.iter().for_each(Serving::close);
    for one in serving {
        one.stop().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write;
    use std::sync::Mutex;

    use super::*;

    /// What a log holds in the end.
    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<u8>>>);

    impl Write for Said {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The words of events that are logged: of the node, of the client, and what the client reads.
    fn said(wanted: &str) -> Vec<&'static str> {
        let said = Said::default();
        let writer = said.clone();
        let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::try_new(wanted).unwrap());
        let log = log.with_ansi(false).with_writer(move || writer.clone()).finish().with(client_hushed(wanted));
        tracing::subscriber::with_default(log, || {
            tracing::info!(target: "registry_node::serve", "node");
            tracing::info!(target: "async_nats", "client");
            tracing::debug!(target: "async_nats::connector", attempt = 1, "connecting");
            tracing::info!(target: "async_nats::connection", "connection");
            tracing::debug!(target: "async_nats::connection", op = "MSG", "read");
            tracing::trace!(target: "async_nats::connection", op = "MSG", "read");
            let span = tracing::trace_span!(target: "async_nats::connection", "wire", op = "MSG");
            span.in_scope(|| tracing::trace!(target: "async_nats::connection::inner", "read"));
        });
        let text = String::from_utf8(said.0.lock().unwrap().clone()).unwrap();
        let words = ["node", "client", "connecting", "connection", "read"];
        words.into_iter().filter(|word| text.lines().any(|line| line.contains(&format!(": {word}")))).collect()
    }

    #[test]
    fn the_nats_client_speaks_only_when_it_is_named_and_never_of_messages() {
        for unnamed in
            ["info", "trace", "debug,hyper=warn", "[{op}]=trace,info", "[wire]=trace,info", "trace,[{op=MSG}]=trace"]
        {
            assert_eq!(said(unnamed), ["node"], "{unnamed}");
        }
        let all = ["node", "client", "connecting", "connection"];
        for named in [
            "info,async_nats=trace",
            "trace,async_nats::connection=trace",
            "info,async_nats=debug,async_nats::connection[{op}]=trace",
            "info,async_nats=debug,async_nats::connection[wire{op=MSG}]=trace",
            "trace,async_nats::connection::inner[wire]=trace",
        ] {
            assert_eq!(said(named), all, "{named}");
        }
        assert_eq!(said("off,async_nats=warn"), Vec::<&str>::new());
        assert!(EnvFilter::try_new("a=b=c").is_err());
    }
}
