//! When listeners are told that they hear: after some silence, and as soon as a checkpoint covers only what they were told.
//!
//! There is one pulse for all of them, within the one task that tells events, so that it says nothing that is not so: where events wait, it does.

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::core::notice::SILENCE;

/// The pulse of one stream.
pub(super) struct Pulse {
    published: watch::Receiver<u64>,
    /// Size of the newest checkpoint that covered only what was told when it beat.
    size: u64,
    next: Instant,
}

impl Pulse {
    /// Beats at once.
    pub(super) fn new(published: watch::Receiver<u64>) -> Self {
        Self { published, size: 0, next: Instant::now() }
    }

    /// Waits until it is to beat, while all before the entry `told` was told.
    pub(super) async fn due(&mut self, told: u64) {
        let (size, next) = (self.size, self.next);
        tokio::select! {
            Ok(_) = self.published.wait_for(|newest| (size + 1..=told).contains(newest)) => {}
            () = sleep_until(next) => {}
        }
    }

    /// It beats now, while all before the entry `told` was told. A checkpoint that covers more has its beat still to come.
    pub(super) fn beat(&mut self, told: u64) {
        let newest = *self.published.borrow_and_update();
        if newest <= told {
            self.size = newest;
        }
        self.next = Instant::now() + SILENCE;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn it_beats_after_silence_and_with_each_checkpoint_of_what_was_told() {
        let published = watch::Sender::new(3);
        let mut pulse = Pulse::new(published.subscribe());
        assert!(pulse.due(3).now_or_never().is_some(), "at once");
        pulse.beat(3);
        let rows = [
            (3, 3, false, "nothing new"),
            (7, 6, false, "a checkpoint of what was not told yet"),
            (7, 7, true, "it was told"),
            (7, 9, false, "the same checkpoint"),
            (8, 9, true, "another"),
        ];
        for (newest, told, due, why) in rows {
            published.send_replace(newest);
            assert_eq!(pulse.due(told).now_or_never().is_some(), due, "{why}");
            if due {
                pulse.beat(told);
            }
        }
        published.send_replace(12);
        pulse.next = Instant::now();
        assert!(timeout(SILENCE / 2, pulse.due(9)).await.is_ok(), "after silence");
        pulse.beat(9);
        assert!(pulse.due(11).now_or_never().is_none(), "the checkpoint covers more than was told");
        assert!(pulse.due(12).now_or_never().is_some(), "it was told since silence ended");
    }
}
