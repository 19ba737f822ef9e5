//! What is told of no entry: that somebody is reached, or that nothing came for a while. It has the form of an event, on every channel
//! the same, and says how many entries were looked at.
//!
//! Out of scope: when it is sent, and the checkpoint that goes with it (`core::published`).

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::event::TYPE_PREFIX;
use super::registry::Registry;

/// Longest silence of a channel that all share: then something is said, or something is broken.
pub const SILENCE: Duration = Duration::from_secs(15);
/// Type of what breaks the silence.
pub const HEARTBEAT: &str = "heartbeat";
/// Type of what is sent for somebody to see that it arrives.
pub const PING: &str = "ping";

/// A notice of this type, after `size` entries.
pub fn notice(registry: &Registry, kind: &str, id: &str, size: u64) -> Bytes {
    let config = &registry.config;
    let event = json!({
        "specversion": "1.0", "id": id, "source": config.http.public_url, "type": format!("{TYPE_PREFIX}{kind}"),
        "time": registry.now(), "datacontenttype": "application/json", "registry": config.registry.id,
        "logindex": size.saturating_sub(1).to_string(), "data": { "size": size },
    });
    event.to_string().into()
}
