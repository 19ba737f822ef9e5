//! Status changes for buyers on NATS: `status.<registry>.<scheme>.<supplier>`, one CloudEvent per message, told in every language.
//!
//! The cursor moves only after the server took the message, so a server that was away, killed or emptied misses nothing
//! that is committed while we run. A buyer that was away itself sees a gap in the log index and asks over HTTPS.

use std::sync::Arc;
use std::time::Duration;

use federation::bus::{Bus, BusError, Link};
use federation::hush::Hush;
use federation::subjects::Subject;
use tokio_util::sync::CancellationToken;

use crate::core::event::{About, Event, OfVerdict};
use crate::core::event_words::in_all_languages;
use crate::core::registry::Registry;

const RETRY: Duration = Duration::from_millis(200);

/// Publishes the events of entries from `from` on, until `shutdown`.
pub(super) async fn publish(registry: Arc<Registry>, node: Link, from: u64, shutdown: CancellationToken) {
    let (mut cursor, unreadable) = (from, Hush::new());
    while let Some(true) = shutdown.run_until_cancelled(registry.feed.grown(cursor)).await {
        let entries = match registry.feed.next(cursor) {
            Ok(entries) => entries,
            Err(error) => {
                if let Some(times) = unreadable.heard() {
                    tracing::error!(%error, times, "buyers on NATS get no events until the log can be read");
                }
                let _ = shutdown.run_until_cancelled(tokio::time::sleep(super::RETRY)).await;
                continue;
            }
        };
        match send(&registry, &node, &entries).await {
            Ok(()) => cursor += entries.len() as u64,
            Err(error) => {
                tracing::debug!(%error, "buyers on NATS wait");
                let _ = shutdown.run_until_cancelled(tokio::time::sleep(RETRY)).await;
            }
        }
    }
}

async fn send(registry: &Registry, node: &Link, entries: &[Arc<[Event]>]) -> Result<(), BusError> {
    let mut any = false;
    for (event, about) in entries.iter().flat_map(|events| events.iter()).filter_map(with_subject) {
        let told = in_all_languages(event);
        for supplier in &about.suppliers {
            let subject = Subject::status(&registry.config.registry.id, &about.scheme.id, supplier);
            node.publish(&subject, told.clone()).await?;
            any = true;
        }
    }
    if any { node.flush().await } else { Ok(()) }
}

/// Those about verdicts: bulletins concern sectors, which have no subject.
fn with_subject(event: &Event) -> Option<(&Event, &OfVerdict)> {
    match &event.about {
        Some(About::Verdict(about)) => Some((event, about)),
        Some(About::Bulletin(..)) | None => None,
    }
}
