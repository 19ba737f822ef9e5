//! Counters and gauges of one registry, in the OpenMetrics text format (`GET /metrics`).
//!
//! Labels never carry a supplier, a buyer or a verdict: an operator's dashboard is not a place to learn who watches whom. Deliveries to
//! subscribers are not counted at all: the page is anybody's, and a counter that rises with an event says how many watch whom it is about.

use conformity::ids::RegistryId;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram};
use prometheus_client::registry::Registry;

/// Media type of [`Metrics::render`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A stable reason code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reason {
    /// Kebab-case, from a closed set.
    pub reason: String,
}

/// A peer and, where something went wrong, why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PeerReason {
    /// Registry id of the peer.
    pub peer: String,
    /// Kebab-case, from a closed set.
    pub reason: String,
}

/// A peer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Peer {
    /// Registry id of the peer.
    pub peer: String,
}

/// Everything that one registry counts.
pub struct Metrics {
    registry: Registry,
    /// Entries in the log.
    pub log_size: Gauge,
    /// Size of the newest published checkpoint.
    pub published_size: Gauge,
    /// Statements acknowledged.
    pub acknowledged: Counter,
    /// Statements refused, by code.
    pub refused: Family<Reason, Counter>,
    /// Statements per commit.
    pub batch: Histogram,
    /// 1 while the node acknowledges, 0 after the journal failed.
    pub writable: Gauge,
    /// Event streams open.
    pub event_streams: Gauge,
    /// How often all of them ended because of a fault of ours.
    pub event_stream_faults: Counter,
    /// HTTPS connections open.
    pub connections: Gauge,
    /// What peers did wrong, by code.
    pub peer_faults: Family<PeerReason, Counter>,
    /// Size of each peer's log that was verified and mirrored.
    pub mirrored_size: Family<Peer, Gauge>,
    /// Bytes that what was made of each peer's verdicts took in our log.
    pub peer_log_bytes: Family<Peer, Counter>,
    /// Verdicts of each peer of which the newest answer waits for room in our log.
    pub peer_waiting: Family<Peer, Gauge>,
    /// Cosignatures given to each peer.
    pub cosignatures_given: Family<Peer, Counter>,
    /// Cosignatures taken from each peer.
    pub cosignatures_taken: Family<Peer, Counter>,
    /// Size of our newest checkpoint that each peer cosigned.
    pub cosigned_size: Family<Peer, Gauge>,
    /// When each peer cosigned it, in seconds since the Unix epoch: now minus this is its age.
    pub cosigned_time: Family<Peer, Gauge>,
    /// 1 where buyers are served on NATS.
    pub buyers_on_nats: Gauge,
    /// Public verdicts of which it was stated that what they rest on lapsed or holds again.
    pub basis_changes: Counter,
    /// Public verdicts of which that is still to be stated, by the last look.
    pub basis_left: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("registry");
        let metrics = Metrics {
            log_size: Gauge::default(),
            published_size: Gauge::default(),
            acknowledged: Counter::default(),
            refused: Family::default(),
            batch: Histogram::new([1.0, 4.0, 16.0, 64.0, 256.0, 1024.0]),
            writable: Gauge::default(),
            event_streams: Gauge::default(),
            event_stream_faults: Counter::default(),
            connections: Gauge::default(),
            peer_faults: Family::default(),
            mirrored_size: Family::default(),
            peer_log_bytes: Family::default(),
            peer_waiting: Family::default(),
            cosignatures_given: Family::default(),
            cosignatures_taken: Family::default(),
            cosigned_size: Family::default(),
            cosigned_time: Family::default(),
            buyers_on_nats: Gauge::default(),
            basis_changes: Counter::default(),
            basis_left: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("log_size", "Entries in the log", metrics.log_size.clone());
        registry.register("published_size", "Size of the newest published checkpoint", metrics.published_size.clone());
        registry.register("acknowledged", "Statements acknowledged", metrics.acknowledged.clone());
        registry.register("refused", "Statements refused", metrics.refused.clone());
        registry.register("batch_statements", "Statements per commit", metrics.batch.clone());
        registry.register("writable", "1 while statements are acknowledged", metrics.writable.clone());
        registry.register("event_streams", "Event streams open", metrics.event_streams.clone());
        let faults = metrics.event_stream_faults.clone();
        registry.register("event_stream_faults", "How often all event streams ended for a fault of ours", faults);
        registry.register("connections", "HTTPS connections open", metrics.connections.clone());
        registry.register("peer_faults", "What peers did wrong", metrics.peer_faults.clone());
        registry.register("mirrored_size", "Verified size of a peer's log", metrics.mirrored_size.clone());
        let bytes = metrics.peer_log_bytes.clone();
        registry.register("peer_log_bytes", "Bytes that recognitions of a peer's verdicts took in the log", bytes);
        let waiting = metrics.peer_waiting.clone();
        registry.register("peer_waiting", "Verdicts of a peer whose newest recognition waits for room", waiting);
        registry.register("cosignatures_given", "Cosignatures given to a peer", metrics.cosignatures_given.clone());
        registry.register("cosignatures_taken", "Cosignatures taken from a peer", metrics.cosignatures_taken.clone());
        registry.register(
            "cosigned_size",
            "Size of our newest checkpoint that a peer cosigned",
            metrics.cosigned_size.clone(),
        );
        registry.register("cosigned_time_seconds", "When it did, since the Unix epoch", metrics.cosigned_time.clone());
        registry.register("buyers_on_nats", "1 where buyers are served on NATS", metrics.buyers_on_nats.clone());
        let changes = metrics.basis_changes.clone();
        registry.register("basis_changes", "Public verdicts whose basis was stated to have changed", changes);
        registry.register(
            "basis_left",
            "Public verdicts of which that is still to be stated",
            metrics.basis_left.clone(),
        );
        Metrics { registry, ..metrics }
    }
}

impl Metrics {
    /// Counts one refusal.
    pub fn refuse(&self, code: &str) {
        self.refused.get_or_create(&Reason { reason: code.to_owned() }).inc();
    }

    /// Counts one fault of a peer.
    pub fn peer_fault(&self, peer: &RegistryId, code: &str) {
        self.peer_faults.get_or_create(&PeerReason { peer: peer.to_string(), reason: code.to_owned() }).inc();
    }

    /// Notes how much of a peer's log is verified.
    pub fn mirrored(&self, peer: &RegistryId, size: u64) {
        let gauge = self.mirrored_size.get_or_create(&Peer { peer: peer.to_string() });
        gauge.set(i64::try_from(size).unwrap_or(i64::MAX));
    }

    /// Counts what was stated of a peer's verdicts.
    pub fn stated(&self, peer: &RegistryId, bytes: usize) {
        self.peer_log_bytes.get_or_create(&Peer { peer: peer.to_string() }).inc_by(bytes as u64);
    }

    /// Notes of how many verdicts of a peer the newest answer waits.
    pub fn waiting(&self, peer: &RegistryId, verdicts: usize) {
        let gauge = self.peer_waiting.get_or_create(&Peer { peer: peer.to_string() });
        gauge.set(i64::try_from(verdicts).unwrap_or(i64::MAX));
    }

    /// Counts a cosignature that we gave.
    pub fn cosigned(&self, peer: &RegistryId) {
        self.cosignatures_given.get_or_create(&Peer { peer: peer.to_string() }).inc();
    }

    /// Notes a cosignature that a peer gave us, of `size` at `time`.
    pub fn cosigned_by(&self, peer: &RegistryId, size: u64, time: u64) {
        let peer = Peer { peer: peer.to_string() };
        self.cosignatures_taken.get_or_create(&peer).inc();
        self.cosigned_size.get_or_create(&peer).set(i64::try_from(size).unwrap_or(i64::MAX));
        self.cosigned_time.get_or_create(&peer).set(i64::try_from(time).unwrap_or(i64::MAX));
    }

    /// The page for a scraper.
    ///
    /// # Errors
    /// Formatting never fails on memory; the error type is the encoder's.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut page = String::new();
        encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_page_names_what_was_counted() {
        let metrics = Metrics::default();
        metrics.refuse("not-accredited");
        metrics.log_size.set(3);
        let page = metrics.render().unwrap();
        assert!(page.contains("registry_refused_total{reason=\"not-accredited\"} 1"), "{page}");
        assert!(page.contains("registry_log_size 3"), "{page}");
        assert!(page.ends_with("# EOF\n"));
    }
}
