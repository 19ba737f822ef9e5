//! Tiles and the published checkpoint at a start: a copy, believed if its checkpoint is ours, else set aside and published
//! again from the log.
//!
//! Out of scope: damage in single tiles, which nobody looks for at a start; `registry-node rebuild` finds and mends it.

use std::io;

use ledger::checkpoint::Checkpoint;
use ledger::log::Signers;
use ledger::tiles::TileStore;

use crate::folder::Folder;
use crate::index::set_aside;

/// Opens the tiles in `folder`; `signers` are the keys with which this registry signs or signed.
///
/// A checkpoint that we signed is kept whatever it says: if it is larger than the log, the log has lost something, and the
/// journal must hear of it.
///
/// # Errors
/// When the folder cannot be read or moved.
pub fn open(folder: &Folder, signers: &Signers) -> io::Result<TileStore> {
    let place = folder.tiles();
    let tiles = TileStore::open(&place)?;
    match tiles.checkpoint() {
        Ok(None) => return Ok(tiles),
        Ok(Some(note)) if is_ours(&note, signers) => return Ok(tiles),
        // Not text: as little a checkpoint as one that nobody signed.
        Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(error),
        Ok(Some(_)) | Err(_) => {}
    }
    let aside = set_aside(&place)?;
    tracing::warn!(place = %aside.display(), "the published checkpoint is damaged: the tiles were set aside and are made again");
    TileStore::open(&place)
}

fn is_ours(note: &str, signers: &Signers) -> bool {
    signers.verifiers().any(|key| Checkpoint::verify_published(note, key).is_ok())
}
