//! Arrangements: put in force, suspended with what rests on them, and restored.

use std::io::Write;

use anyhow::Result;

use super::buyer::Buyer;
use super::cast::{Cast, EU_AUTHORITY, JP_AUTHORITY};
use super::life::{Grant, grant};
use crate::demo::fact;
use crate::demo::narrator::Narrator;
use crate::demo::node::Node;
use crate::demo::peering::{is_in_force, wait_for_arrangement};

const CCRA: &str = "ccra";
const DEMO: &str = "jp-eu-demo";

/// Has both arrangements signed by everyone.
pub(super) fn put_in_force<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step(
        "jp proposes the CCRA of 2 July 2014 (real; source: https://www.commoncriteriaportal.org/ccra/)",
        || cast.jp.operator(&["arrangement", "propose", &fact("ccra.json")]),
    )?;
    for node in [&cast.eu, &cast.us, &cast.asean] {
        told.step(&format!("{} learns of the terms and signs the same, to the byte", node.id()), || {
            known(cast, node, CCRA)?;
            node.operator(&["arrangement", "accept", CCRA])
        })?;
    }
    told.step("the CCRA is in force among all four, as each of them knows it", || {
        cast.all().into_iter().try_for_each(|node| in_force(cast, node, CCRA, 6))
    })?;
    told.step("the authorities of jp and eu sign an arrangement of their own (FICTIONAL)", || {
        cast.jp.party(JP_AUTHORITY, &["arrangement", "propose", &fact("jp-eu.json")])?;
        known(cast, &cast.eu, DEMO)?;
        cast.eu.party(EU_AUTHORITY, &["arrangement", "accept", DEMO])
    })?;
    told.step("it is in force in both directions", || {
        [&cast.jp, &cast.eu].into_iter().try_for_each(|node| in_force(cast, node, DEMO, 2))
    })
}

/// Suspends the arrangement between jp and eu, looks at what becomes of what rested on it, and lifts the suspension.
pub(super) fn suspend_and_restore<W: Write>(
    cast: &Cast<'_>,
    buyer: &mut Buyer<'_>,
    told: &mut Narrator<W>,
) -> Result<()> {
    grant(cast, told, &Grant::organization("V-2", "Second Works KK (fictional)"))?;
    grant(cast, told, &Grant::product("V-3", "Second Works KK (fictional)"))?;
    told.step("eu: the buyer sees both recognised", || {
        buyer.sees("jp:V-2", "recognised", "granted")?;
        buyer.sees("jp:V-3", "recognised", "granted")
    })?;
    suspend(cast, buyer, told)?;
    told.step("eu: its authority lifts the suspension", || {
        cast.eu.party(EU_AUTHORITY, &["arrangement", "restore", DEMO, "--reason", "clarified"])
    })?;
    let restored = told.step("eu: the buyer sees both again", || {
        let organization = buyer.sees("jp:V-2", "recognised", "granted")?;
        Ok([organization, buyer.sees("jp:V-3", "recognised", "granted")?])
    })?;
    let gaps = restored.iter().map(|seen| seen.gaps().len()).sum::<usize>();
    told.expect("eu: nothing keeps either of them from counting in full", &gaps, &0)?;
    told.step("jp knows that the arrangement is in force again", || in_force(cast, &cast.jp, DEMO, 2))
}

fn suspend<W: Write>(cast: &Cast<'_>, buyer: &mut Buyer<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step("eu: its authority suspends the arrangement with jp; it needs nobody's consent for that", || {
        let why =
            ["--reason", "peer-review-pending", "--reason-text", "Peer review of the scheme is pending (fictional)"];
        cast.eu.party(EU_AUTHORITY, &[&["arrangement", "suspend", DEMO], &why[..]].concat())
    })?;
    let ceased = told.step("eu: rule organizations says cease: the buyer sees V-2 refused", || {
        buyer.sees("jp:V-2", "refused", "granted")
    })?;
    told.say(&format!("  {}", ceased.explanation()))?;
    told.expect("eu: the reason is the suspension", &ceased.gaps(), &vec!["arrangement-suspended"])?;
    let kept = told.step("eu: rule products says transfer window: the buyer sees V-3 kept for 90 days", || {
        buyer.sees("jp:V-3", "recognised", "granted")
    })?;
    told.say(&format!("  {}", kept.explanation()))?;
    told.expect("eu: the note is the transfer window", &kept.gaps(), &vec!["transfer-window"])?;
    told.step("jp knows of the suspension, proven in its own log", || {
        wait_for_arrangement(cast.stage, &cast.jp, DEMO, |shown| {
            let directions = shown["directions"].as_array().map(Vec::as_slice).unwrap_or_default();
            !directions.is_empty() && directions.iter().all(|direction| direction["force"] == "suspended")
        })
    })
}

fn known(cast: &Cast<'_>, node: &Node<'_>, id: &str) -> Result<()> {
    wait_for_arrangement(cast.stage, node, id, |_| true)
}

/// Waits until so many directions are in force, as `node` knows it, and no other.
fn in_force(cast: &Cast<'_>, node: &Node<'_>, id: &str, count: usize) -> Result<()> {
    wait_for_arrangement(cast.stage, node, id, |shown| is_in_force(shown, count))
}
