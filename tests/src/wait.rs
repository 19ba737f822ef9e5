//! Waiting for something to become true, with a deadline and the last reason why it was not.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long something may take that takes milliseconds on a quiet machine. Tests share two cores with builds.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How long a node may take to start, which reads its whole log. One that ended says so at once.
pub const STARTS: Duration = Duration::from_secs(120);

const POLL: Duration = Duration::from_millis(10);
const LONGEST_POLL: Duration = Duration::from_millis(50);

/// Waits until `attempt` succeeds; panics with its last refusal after [`PATIENCE`].
pub async fn soon<T>(what: &str, attempt: impl AsyncFnMut() -> Result<T, String>) -> T {
    until(what, PATIENCE, attempt).await
}

/// Waits until `attempt` succeeds; panics with its last refusal when `within` is over.
pub async fn until<T>(what: &str, within: Duration, mut attempt: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + within;
    let mut pause = POLL;
    loop {
        let refusal = match attempt().await {
            Ok(value) => return value,
            Err(refusal) => refusal,
        };
        assert!(Instant::now() < deadline, "not within {within:?}: {what}; at last: {refusal}");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_POLL);
    }
}
