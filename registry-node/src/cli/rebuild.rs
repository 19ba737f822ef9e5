//! `rebuild`: drops what is derived, derives it again from the log, and proves that the two are equal.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Args;
use conformity::records::Facts;
use ledger::checkpoint::Checkpoint;
use ledger::log::LogReader;
use ledger::tiles::{TilePath, TileStore};
use serde::Serialize;

use super::context::Context;
use super::log::{check_tiles, open};
use super::output;
use crate::core::{log_keys, replay};
use crate::folder::Folder;
use crate::index::{self, trial_in_child};

/// Drop index and tiles, derive them again, and prove them equal
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp rebuild

The registry must not be served meanwhile. Only journal and vault are truth; index and tiles are copies, and this shows it:
the records of both indexes give one digest, the tiles give the root that the log signed.")]
pub(super) struct Rebuild {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rebuilt {
    /// Entries in the log.
    size: u64,
    /// Digest over all records of the new index.
    index: String,
    /// Whether the old index gave the same; absent when there was none that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    same_index: Option<bool>,
    /// Size and root of the published checkpoint, which the new tiles give; absent before the first publication.
    #[serde(skip_serializing_if = "Option::is_none")]
    tiles: Option<Tiles>,
    /// Where an index that did not agree was put, for a person to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Tiles {
    size: u64,
    root: String,
}

impl Rebuild {
    #[expect(clippy::unused_self, reason = "it is a command like the others, and has no flags")]
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let folder = context.folder();
        let steps = output::progress(3, "rebuilding", context.json);
        let (mut log, tiles) = open(&folder)?;
        let reader = log.reader();
        let before = old_index(&reader, &folder)?;
        steps.inc(1);
        let (register, index) = replay::restore(&reader, &folder.index(), trial_in_child)?;
        let begun = register.genesis().context("the log has no genesis")?;
        log_keys::follow(&mut log, &begun)?;
        let sum = index.sum();
        steps.inc(1);
        let tiles = rebuild_tiles(&reader, &tiles)?;
        steps.finish_and_clear();
        let same_index = before.as_ref().map(|old| old.sum == sum);
        let kept = before.filter(|_| same_index == Some(false)).map(|old| old.place.clone());
        if kept.is_none() {
            remove_old(&folder)?;
        }
        let failed = same_index == Some(false);
        let rebuilt = Rebuilt { size: reader.size(), index: hex(&sum), same_index, tiles, kept };
        context.answer(&rebuilt, render)?;
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// The index as it was, brought to the log's end and then moved aside.
struct Old {
    sum: [u8; 32],
    place: PathBuf,
}

fn old_place(folder: &Folder) -> PathBuf {
    folder.index().with_extension("before-rebuild")
}

fn old_index(log: &LogReader, folder: &Folder) -> anyhow::Result<Option<Old>> {
    remove_old(folder)?;
    let place = folder.index();
    if !place.exists() {
        return Ok(None);
    }
    // An index that is in doubt is set aside by this and derived again: then there is nothing to compare with.
    let doubted = doubted(&place);
    let (_, index) = replay::restore(log, &place, trial_in_child)?;
    let sum = index.sum();
    drop(index);
    let old = old_place(folder);
    std::fs::rename(&place, &old).with_context(|| format!("cannot move {}", place.display()))?;
    Ok((!doubted).then_some(Old { sum, place: old }))
}

/// Whether an index cannot even be opened.
fn doubted(place: &Path) -> bool {
    !index::trial_in_child(place)
}

fn remove_old(folder: &Folder) -> anyhow::Result<()> {
    let old = old_place(folder);
    if old.exists() {
        std::fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    Ok(())
}

fn rebuild_tiles(log: &LogReader, tiles: &TileStore) -> anyhow::Result<Option<Tiles>> {
    let Some(note) = tiles.checkpoint()? else { return Ok(None) };
    tiles.rebuild(log, &note)?;
    let checkpoint = Checkpoint::verify_published(&note, &log.keys())?;
    let read = |path: &TilePath| Ok(tiles.read(path)?.with_context(|| format!("{path} is missing"))?.to_vec());
    let leaves = check_tiles(&checkpoint, read)?;
    ensure!(leaves.len() as u64 == checkpoint.size, "the tiles hold {} entries", leaves.len());
    Ok(Some(Tiles { size: checkpoint.size, root: checkpoint.root.to_string() }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn render(rebuilt: &Rebuilt) -> String {
    let Rebuilt { size, index, same_index, tiles, kept } = rebuilt;
    let mut lines = vec![match same_index {
        Some(true) => format!("index: derived again from {size} entries, equal to the old one: digest {index}"),
        Some(false) => {
            format!("index: derived again from {size} entries, and NOT equal to the old one: digest {index}")
        }
        None => format!("index: derived again from {size} entries; there was none to compare with: digest {index}"),
    }];
    if let Some(kept) = kept {
        lines.push(format!("the old index is in {}, for a person to look at; the new one is in use", kept.display()));
    }
    lines.push(match tiles {
        Some(Tiles { size, root }) => format!("tiles: derived again, they give the signed root at size {size}: {root}"),
        None => "tiles: nothing is published yet".to_owned(),
    });
    lines.join("\n")
}
