//! The end of the story in numbers, after every log was read again from outside.

use std::io::Write;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::buyer::Buyer;
use super::cast::{Cast, EU_BUYER};
use super::changes::Speed;
use crate::demo::latency::{Latencies, milliseconds};
use crate::demo::narrator::Narrator;
use crate::demo::node::Node;
use crate::demo::table::Table;

/// Until everything that was signed is published and mirrored everywhere.
const LIMIT: Duration = Duration::from_secs(30);
/// Characters of a root in a table.
const ROOT: usize = 12;

/// Tells the numbers, the hosted registry's too.
pub(super) fn tell<W: Write>(
    (cast, hosted): (&Cast<'_>, &Node<'_>),
    speed: &Speed,
    buyer: &Buyer<'_>,
    told: &mut Narrator<W>,
) -> Result<()> {
    let nodes = [&cast.all()[..], &[hosted]].concat();
    let states = told.step("every log is published, and mirrored by its peers to the last entry", || {
        cast.stage.wait_until("the mirrors to be even", LIMIT, || even(&nodes).map(Some))
    })?;
    told.step("every log, read from outside over https, holds: entries, tiles, roots, signatures", || {
        for node in &nodes {
            let operator = format!("{}/operator", node.id());
            node.party(&operator, &["log", "verify", "--remote"])
                .with_context(|| format!("the log of {}", node.id()))?;
        }
        Ok(())
    })?;
    told.step("eu: the buyer proves, from its events alone, that it missed nothing", || prove(cast, &states[1]))?;
    told.say(&format!("\n{}", logs(&states)))?;
    told.say(&format!("\n{}", speeds(speed)))?;
    told.say(&method(buyer))
}

/// What each registry says of itself, once all agree on everyone's size.
fn even(nodes: &[&Node<'_>]) -> Result<Vec<Value>> {
    let states = nodes.iter().map(|node| node.operator(&["status"])).collect::<Result<Vec<Value>>>()?;
    for state in &states {
        ensure!(state["ready"] == true, "{} is not ready", state["registry"]);
        ensure!(state["checkpoint"]["size"] == state["size"], "{} has not published all of it", state["registry"]);
        for peer in peers(state) {
            let size = states.iter().find(|other| other["registry"] == peer["registry"]).map(|other| &other["size"]);
            let mirrored = &peer["status"]["mirrored"];
            ensure!(Some(mirrored) == size, "{} mirrors {mirrored} of {}", state["registry"], peer["registry"]);
        }
    }
    Ok(states)
}

fn peers(state: &Value) -> &[Value] {
    state["peers"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Lets the buyer put the tree together from the events that it was sent, and compare it with what the log signed.
fn prove(cast: &Cast<'_>, eu: &Value) -> Result<()> {
    let size = eu["size"].to_string();
    let said = cast.eu.party_text(EU_BUYER, &["watch", "--prove", "--count", &size, "--json"])?;
    let last: Value = serde_json::from_str(said.lines().next_back().context("nothing was proven")?)?;
    ensure!(last["proven"]["size"] == eu["size"], "it ends with {last}");
    ensure!(last["proven"]["root"] == eu["checkpoint"]["root"], "the roots differ: {last}");
    Ok(())
}

fn logs(states: &[Value]) -> Table<4> {
    let mut table =
        Table::new(["registry", "entries", "published checkpoint", "mirrors verified, entries of each peer"]);
    for state in states {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let root: String = text(&state["checkpoint"]["root"]).chars().take(ROOT).collect();
        let mirrors =
            peers(state).iter().map(|peer| format!("{} {}", text(&peer["registry"]), peer["status"]["mirrored"]));
        table.row([
            text(&state["registry"]),
            state["size"].to_string(),
            format!("size {}, root {root}…", state["checkpoint"]["size"]),
            mirrors.collect::<Vec<_>>().join(", "),
        ]);
    }
    table
}

fn speeds(speed: &Speed) -> Table<5> {
    let mut table = Table::new(["until the event is at the buyer's socket at eu", "changes", "p50", "p99", "longest"]);
    let mut row = |what: &str, latencies: &Latencies| {
        let [half, most, all] = [50, 99, 100].map(|percent| milliseconds(latencies.percentile(percent)));
        table.row([what.to_owned(), latencies.count().to_string(), half, most, all]);
    };
    row("from the acknowledgement at jp", &speed.acknowledged);
    row("from handing the claim to the one who submits", &speed.submitted);
    table
}

fn method(buyer: &Buyer<'_>) -> String {
    let cores = thread::available_parallelism().map_or_else(|_| "?".to_owned(), |cores| cores.to_string());
    format!(
        "One change at a time, each seen before the next, over a connection that stays open. This program notes when it gets two\n\
         lines, by one clock that never jumps: the receipt, which the process that submits prints once it has checked the proof,\n\
         and the event, which the buyer's process prints as it comes. Everything runs on the {cores} cores of this machine, built\n\
         without optimisation; `cargo xtask bench` measures the optimised build. The buyer was sent {} events in all.",
        buyer.count()
    )
}
