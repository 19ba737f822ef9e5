//! The clock, as a port: the edge reads it, the rules are given its value, a simulation replaces it.

use std::sync::Arc;

use jiff::Timestamp;

/// Where the present comes from.
pub trait Clock: Send + Sync {
    /// The present instant, to the millisecond. It may jump; whoever needs order takes it from the log.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

impl SystemClock {
    /// The machine's clock, shared.
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }
}
