//! Publication: at most one checkpoint per interval, and only when the log grew. A seal entry first, then the tiles, made
//! durable, then the checkpoint that covers them.

use std::sync::Arc;
use std::time::Duration;

use ledger::log::{Commit, LogReader};
use ledger::tiles::TileStore;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::log_keys::KeyFiles;
use super::sequencer::{SealError, Sequencer};
use crate::metrics::Metrics;

/// What publication needs.
pub struct Publisher {
    /// Appends the seal.
    pub sequencer: Sequencer,
    /// What the tiles are made of.
    pub log: LogReader,
    /// Where tiles and checkpoint go.
    pub tiles: Arc<TileStore>,
    /// Announces growth.
    pub size: watch::Receiver<u64>,
    /// Shortest time between two checkpoints.
    pub interval: Duration,
    /// What it counts.
    pub metrics: Arc<Metrics>,
    /// Learns each published size.
    pub published: watch::Sender<u64>,
    /// Are named anew once a checkpoint of a new key is published.
    pub key_files: Arc<KeyFiles>,
    /// A seal that could not be published: as long as nothing comes after it, it is the one to publish, and the log does not grow by
    /// attempts.
    pub sealed: Option<Commit>,
}

impl Publisher {
    /// Publishes until `shutdown`. A failure is logged and tried again at the next interval: acknowledgements do not
    /// depend on publication.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut published = *self.published.borrow();
        loop {
            let grown = self.size.wait_for(|size| *size > published);
            match shutdown.run_until_cancelled(grown).await {
                Some(Ok(_)) => {}
                _ => return,
            }
            match self.publish().await {
                Ok(size) => published = size,
                Err(error) => tracing::error!(%error, "no checkpoint could be published"),
            }
            if shutdown.run_until_cancelled(tokio::time::sleep(self.interval)).await.is_none() {
                return;
            }
        }
    }

    async fn publish(&mut self) -> Result<u64, PublishFailure> {
        let sealed = self.sealed.take().filter(|sealed| sealed.size == *self.size.borrow());
        let commit = match sealed {
            Some(commit) => commit,
            None => self.sequencer.seal().await?,
        };
        self.sealed = Some(commit.clone());
        let (tiles, log, checkpoint) = (Arc::clone(&self.tiles), self.log.clone(), Arc::clone(&commit.checkpoint));
        let (key_files, size) = (Arc::clone(&self.key_files), commit.size);
        tokio::task::spawn_blocking(move || tiles.publish(&log, &checkpoint).map(|()| key_files.settle(size)))
            .await??;
        self.metrics.published_size.set(i64::try_from(commit.size).unwrap_or(i64::MAX));
        self.published.send_replace(commit.size);
        self.sealed = None;
        Ok(commit.size)
    }
}

#[derive(Debug, thiserror::Error)]
enum PublishFailure {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Tiles(#[from] ledger::tiles::PublishError),
    #[error(transparent)]
    Task(#[from] tokio::task::JoinError),
}
