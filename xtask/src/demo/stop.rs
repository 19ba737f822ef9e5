//! Knowing that somebody wants us to end.
//!
//! In scope: a flag that Ctrl-C, a closed terminal and a polite kill raise. Whoever waits looks at it; what has to be cleaned
//! up is cleaned up by the guards on the way out, so nothing is done inside a signal handler.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// Raised once, never lowered. Copies share the flag.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

/// Somebody asked us to end while there was more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl Stop {
    /// From now on these signals raise the flag instead of ending the process.
    ///
    /// # Errors
    /// When the system refuses to install a handler.
    pub fn on_signals() -> Result<Self> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register(signal, Arc::clone(&stop.0)).context("cannot listen for Ctrl-C")?;
        }
        Ok(stop)
    }

    /// Raises the flag by hand.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is up.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// For the middle of things: an error once the flag is up.
    ///
    /// # Errors
    /// [`Interrupted`] when the flag is up.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.is_requested() { Err(Interrupted) } else { Ok(()) }
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}
