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
use tracing_subscriber::EnvFilter;

use super::context::Context;
use super::output;
use crate::clock::SystemClock;
use crate::core::registry::Registry;
use crate::folder::Folder;
use crate::index::trial_in_child;
use crate::serve::{Serving, serve};

/// The environment variable that says what is logged.
const LOG_VARIABLE: &str = "REGISTRY_LOG";

/// Serve one or more registries
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node serve jp
  registry-node serve jp eu --log-format json

Prints a line for each registry once its door is open; the log goes to standard error, REGISTRY_LOG=debug shows more of
it. SIGINT or SIGTERM end it: open requests finish, everything acknowledged is on disk. Changed certificates and
revocations count within about a second, without a restart.")]
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
        let filter = log_filter(&wanted).with_context(|| format!("{LOG_VARIABLE}={wanted} cannot be read"))?;
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            // A log that cannot be written (its disk is full) is reported to stderr, which is that log: whoever logs would
            // panic.
            .log_internal_errors(false)
            .with_ansi(std::io::stderr().is_terminal());
        let begun = match self.log_format {
            LogFormat::Text => log.try_init(),
            LogFormat::Json => log.json().try_init(),
        };
        begun.map_err(|error| anyhow::anyhow!("the log cannot be written: {error}"))
    }
}

/// What is logged. The NATS client is silent unless it is named: a peer's server could fill the log through it. Its account of
/// what it reads and writes is never logged: it holds whole messages, with what peers disclose to each other.
fn log_filter(wanted: &str) -> anyhow::Result<EnvFilter> {
    let named = wanted.contains(CLIENT_LOG);
    // What is left out is named by its module, so that no directive that was asked for is narrower.
    let (target, level) =
        if named { (format!("{CLIENT_LOG}::connection"), "info") } else { (CLIENT_LOG.to_owned(), "off") };
    Ok(EnvFilter::try_new(wanted)?.add_directive(format!("{target}={level}").parse()?))
}

async fn run(folders: &[PathBuf], json: bool) -> anyhow::Result<()> {
    // Before anything is opened: whoever ends us early must not find us deaf.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Certificates are read again by themselves; a habit of asking for it must not end anything.
    let _hangup = signal(SignalKind::hangup())?;
    let mut serving = Vec::new();
    for folder in folders {
        match begin(folder, json).await.with_context(|| format!("{} is not served", folder.display())) {
            Ok(one) => serving.push(one),
            Err(error) => {
                end(serving).await;
                return Err(error);
            }
        }
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("told to end");
    end(serving).await;
    Ok(())
}

async fn begin(folder: &Path, json: bool) -> anyhow::Result<Serving> {
    let opening = Folder::new(folder);
    let open = move || Registry::open(opening, SystemClock::shared(), trial_in_child);
    let registry = tokio::task::spawn_blocking(open).await??;
    let serving = serve(Arc::clone(&registry)).await?;
    let config = &registry.config;
    let (id, http, nats) = (&config.registry.id, &config.http.public_url, &config.nats.public_address);
    output::line(&if json {
        json!({ "ready": id, "http": http, "nats": nats }).to_string()
    } else {
        format!("{id} is served at {http}, nats at {nats}")
    })?;
    Ok(serving)
}

async fn end(serving: Vec<Serving>) {
    for one in serving {
        one.stop().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_nats_client_speaks_only_when_it_is_named() {
        for (wanted, said) in [("info", "off"), ("debug,hyper=warn", "off"), ("info,async_nats=debug", "debug")] {
            let filter = log_filter(wanted).unwrap().to_string();
            assert!(filter.split(',').any(|one| one == format!("{CLIENT_LOG}={said}")), "{wanted}: {filter}");
        }
        for wanted in ["async_nats=trace", "trace,async_nats::connection=trace", "async_nats::connection"] {
            let filter = log_filter(wanted).unwrap().to_string();
            let about: Vec<&str> = filter.split(',').filter(|one| one.contains("connection")).collect();
            assert_eq!(about, [format!("{CLIENT_LOG}::connection=info")], "{wanted}: {filter}");
        }
        assert!(log_filter("a=b=c").is_err());
    }
}
