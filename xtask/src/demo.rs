//! The stage on which the demo plays: real programs, folders and ports, put up at the start and taken down at the end.
//!
//! In scope: building and finding the programs, supervising them, waiting with a deadline, telling what happens, and numbers
//! at the end; and the story, a function over the [`Stage`]. Out of scope: what the programs do.

pub mod calendar;
pub mod children;
pub mod latency;
pub mod lines;
pub mod narrator;
pub mod node;
pub mod peering;
pub mod registry;
pub mod stage;
pub mod stop;
pub mod story;
pub mod table;

mod folder;
mod ports;

use std::io::Write;

use anyhow::Result;

use crate::workspace::Workspace;
use narrator::Narrator;
use stage::Stage;

/// The path of a fact or term that the demo brings along, as an argument.
#[must_use]
pub fn fact(name: &str) -> String {
    format!("{}/demo/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Puts the stage up, plays a story, and takes everything down again, however the story ends.
///
/// With `once` the end of the story is the end; otherwise the registries stay up until Ctrl-C. Answers whether every step held.
///
/// # Errors
/// When the stage cannot be put up, or the story could not go on.
pub fn perform<W: Write>(
    workspace: &Workspace,
    once: bool,
    out: W,
    story: impl FnOnce(&Stage, &mut Narrator<W>) -> Result<()>,
) -> Result<bool> {
    let stage = Stage::prepare(workspace, "demo")?;
    let mut narrator = Narrator::new(out);
    let played = story(&stage, &mut narrator);
    narrator.conclude()?;
    played?;
    if !once {
        narrator.say("everything stays up; Ctrl-C ends it")?;
        stage.wait_for_stop()?;
    }
    Ok(narrator.all_held())
}
