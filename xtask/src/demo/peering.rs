//! Registries that come to know each other: introduced, let in, and waiting for what they agree on.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::node::Node;
use super::stage::Stage;

/// What operators hand to each other; here, a folder that both can reach.
const HANDED_OVER: &str = "handed-over";
/// How long a step of one registry may take to be known at another.
const LIMIT: Duration = Duration::from_secs(20);

/// Makes two registries peers: each introduces itself, is pinned and let in.
///
/// # Errors
/// When one of them refuses.
pub fn meet(stage: &Stage, one: &Node<'_>, other: &Node<'_>) -> Result<()> {
    fs::create_dir_all(stage.folder().join(HANDED_OVER)).context("cannot make the folder for introductions")?;
    let both = [(one, other), (other, one)];
    for (from, to) in both {
        from.operator(&["peer", "introduce", to.id(), "--out", &introduction(from, to)])?;
    }
    for (host, guest) in both {
        let added = host.operator(&["peer", "add", &introduction(guest, host), "--out", &admission(host, guest)])?;
        ensure!(added["peer"] == guest.id(), "it added {}", added["peer"]);
    }
    both.into_iter()
        .try_for_each(|(host, guest)| guest.operator(&["peer", "connect", &admission(host, guest)]).map(drop))
}

/// Waits until an arrangement is known at a registry, and stands as `holds` wants it.
///
/// # Errors
/// When it does not in time; with how it stands.
pub fn wait_for_arrangement(stage: &Stage, node: &Node<'_>, id: &str, holds: impl Fn(&Value) -> bool) -> Result<()> {
    stage.wait_until(&format!("{} to know {id}", node.id()), LIMIT, || {
        let shown = node.operator(&["arrangement", "show", id])?;
        ensure!(holds(&shown), "its directions are {}", shown["directions"]);
        Ok(Some(()))
    })
}

/// Whether so many directions of an arrangement are in force, and no other.
#[must_use]
pub fn is_in_force(shown: &Value, count: usize) -> bool {
    let directions = shown["directions"].as_array().map(Vec::as_slice).unwrap_or_default();
    directions.len() == count && directions.iter().all(|direction| direction["force"] == "in-force")
}

fn introduction(from: &Node<'_>, to: &Node<'_>) -> String {
    format!("{HANDED_OVER}/{}-to-{}.json", from.id(), to.id())
}

fn admission(host: &Node<'_>, guest: &Node<'_>) -> String {
    format!("{HANDED_OVER}/{}-admits-{}.json", host.id(), guest.id())
}
