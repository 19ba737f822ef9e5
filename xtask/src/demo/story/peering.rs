//! Peering: each registry introduces itself to each other one, and is let in.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result, ensure};

use super::cast::Cast;
use crate::demo::narrator::Narrator;
use crate::demo::node::Node;

/// What operators hand to each other; in the story, a folder that both can reach.
const HANDED_OVER: &str = "handed-over";

/// Makes every two of the registries peers.
pub(super) fn introduce<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    fs::create_dir(cast.stage.folder().join(HANDED_OVER)).context("cannot make the folder for introductions")?;
    told.step("each operator introduces its registry to the others, pins their genesis, and lets them in", || {
        each_pair(cast, |one, other| {
            one.operator(&["peer", "introduce", other.id(), "--out", &introduction(one, other)]).map(drop)
        })?;
        each_pair(cast, |one, other| {
            let (from, to) = (introduction(other, one), admission(one, other));
            let added = one.operator(&["peer", "add", &from, "--out", &to])?;
            ensure!(added["peer"] == other.id(), "it added {}", added["peer"]);
            Ok(())
        })?;
        each_pair(cast, |one, other| one.operator(&["peer", "connect", &admission(other, one)]).map(drop))
    })
}

fn each_pair<'cast, 'stage>(
    cast: &'cast Cast<'stage>,
    act: impl Fn(&'cast Node<'stage>, &'cast Node<'stage>) -> Result<()>,
) -> Result<()> {
    let all = cast.all();
    let pairs = all.into_iter().flat_map(|one| all.into_iter().map(move |other| (one, other)));
    pairs.filter(|(one, other)| one.id() != other.id()).try_for_each(|(one, other)| act(one, other))
}

fn introduction(from: &Node<'_>, to: &Node<'_>) -> String {
    format!("{HANDED_OVER}/{}-to-{}.json", from.id(), to.id())
}

fn admission(host: &Node<'_>, guest: &Node<'_>) -> String {
    format!("{HANDED_OVER}/{}-admits-{}.json", host.id(), guest.id())
}
