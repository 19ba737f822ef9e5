//! How far those who listen to the events are, so that a cascade does not run ahead of them: what somebody else states would stand in the log
//! behind all of it, and reach nobody before they were told of that.
//!
//! Out of scope: who listens and how they are told (`http::live`). One who does not read keeps nobody waiting there.

use std::time::Duration;

use tokio::sync::watch;

/// How long a cascade waits for them at most with each statement.
const PATIENCE: Duration = Duration::from_secs(1);

/// Those who listen.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Entries before it they were told of; nothing while nobody listens.
    told: watch::Sender<Option<u64>>,
}

impl Listeners {
    /// Notes how far they are; nothing where nobody listens.
    pub fn are_at(&self, told: Option<u64>) {
        self.told.send_if_modified(|before| std::mem::replace(before, told) != told);
    }

    /// Waits until they were told of all entries before this one; for a moment only, since what is due is stated in any case.
    pub(super) async fn hear(&self, entry: u64) {
        let mut told = self.told.subscribe();
        let _ = tokio::time::timeout(PATIENCE, told.wait_for(|told| told.is_none_or(|told| told >= entry))).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_cascade_waits_for_those_who_listen_and_not_for_ever() {
        let (listeners, began) = (Listeners::default(), Instant::now());
        listeners.hear(7).await;
        assert_eq!(began.elapsed(), Duration::ZERO, "nobody listens");
        listeners.are_at(Some(6));
        listeners.hear(6).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        let half = PATIENCE / 2;
        let heard = async {
            tokio::time::sleep(half).await;
            listeners.are_at(Some(7));
        };
        tokio::join!(listeners.hear(7), heard);
        assert_eq!(began.elapsed(), half);
        listeners.hear(8).await;
        assert_eq!(began.elapsed(), half + PATIENCE);
        let gone = async { listeners.are_at(None) };
        tokio::join!(listeners.hear(8), gone);
        assert_eq!(began.elapsed(), half + PATIENCE, "nobody listens any more");
    }
}
