//! Whose line of the log it is: one process may serve several registries.

use tracing::Span;

/// The same work, for a thread of its own, in the span of whoever starts it. Tasks have [`tracing::Instrument`] for this.
pub fn in_current_span<T>(work: impl FnOnce() -> T + Send) -> impl FnOnce() -> T + Send {
    let span = Span::current();
    move || span.in_scope(work)
}
