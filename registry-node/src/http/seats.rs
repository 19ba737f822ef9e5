//! Event streams that are open at once, and others that wait: of all together, of each, and of those who show no certificate, who leave a quarter
//! to those who do.

use std::sync::Arc;

use certs::Identity;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::code::Code;
use super::each::{Each, One, Source};
use super::server::Caller;
use crate::config::Limits;
use crate::metrics::Metrics;
use crate::problem::Problem;

/// Seconds after which whoever got no seat may ask again.
const RETRY_SECONDS: u64 = 10;

/// The seats.
pub(super) struct Seats {
    all: Arc<Semaphore>,
    nameless: Arc<Semaphore>,
    each: Arc<Each<Whose>>,
    metrics: Arc<Metrics>,
}

/// A seat, until it is dropped.
pub(super) struct Seat {
    metrics: Arc<Metrics>,
    _of_all: OwnedSemaphorePermit,
    _of_nameless: Option<OwnedSemaphorePermit>,
    _one: One<Whose>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Whose {
    Holder(Identity),
    /// Who shows no certificate is told apart by the address alone.
    Nameless(Source),
}

/// What is left to those who show no certificate.
pub(super) fn of_nameless(all: usize) -> usize {
    all - all / 4
}

impl Seats {
    /// As many as are configured.
    pub(super) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Seats {
        let all = limits.event_streams.min(Semaphore::MAX_PERMITS);
        Seats {
            all: Arc::new(Semaphore::new(all)),
            nameless: Arc::new(Semaphore::new(of_nameless(all))),
            each: Arc::new(Each::new(limits.event_streams_each)),
            metrics,
        }
    }

    /// A seat for whoever asks.
    ///
    /// # Errors
    /// The asker has as many as it may have, or all are taken.
    pub(super) fn take(&self, caller: &Caller) -> Result<Seat, Problem> {
        let busy = |detail| Problem::busy(Code::TooManyStreams.as_str(), detail, RETRY_SECONDS);
        let whose = caller.speaker.as_ref().map(|speaker| Whose::Holder(speaker.identity.clone()));
        let is_nameless = whose.is_none();
        let one = self.each.one_more(whose.unwrap_or(Whose::Nameless(caller.source)));
        let one = one.ok_or_else(|| busy("you have as many event streams open as one may have; close one of them"))?;
        let full = |_| busy("too many event streams are open; try again later");
        let left = if is_nameless { Some(Arc::clone(&self.nameless).try_acquire_owned().map_err(full)?) } else { None };
        let of_all = Arc::clone(&self.all).try_acquire_owned().map_err(full)?;
        self.metrics.event_streams.inc();
        Ok(Seat { metrics: Arc::clone(&self.metrics), _of_all: of_all, _of_nameless: left, _one: one })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.metrics.event_streams.dec();
    }
}
