//! Tiles on disk: a copy of the log that anyone may read, and that is rebuilt from the log when in doubt.
//!
//! Everything that a checkpoint needs is durable before the checkpoint replaces the one before it. A full tile is
//! written once. Of a tile that is not full only the widest state is kept: narrower ones, which older checkpoints
//! name, are its beginning and are read from there.

use super::{Content, TilePath, WIDTH, decode_bundle, encode_bundle, encode_hashes};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::disk::{Disk, RealDisk};
use crate::entry::Entry;
use crate::files::{self, OPEN, SHOWN};
use crate::journal::ReadError;
use crate::log::LogReader;
use crate::merkle::{Hash, RangeError};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the published checkpoint.
const CHECKPOINT: &str = "checkpoint";
/// The name of the published checkpoint with the cosignatures that came for it.
const COSIGNED: &str = "cosigned";
/// A partial tile may be replaced between looking for it and opening it; then the wider one is there.
const ATTEMPTS: usize = 4;

/// A folder of tiles with one writer and any number of readers.
#[derive(Debug, Clone)]
pub struct TileStore {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The checkpoint is not this log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The log does not hold that many entries.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The checkpoint contradicts the log.
    #[error("the checkpoint of size {size} has root {claimed}, the log has {actual}: it is not published")]
    OtherRoot {
        /// Its size.
        size: u64,
        /// Its root.
        claimed: Hash,
        /// The log's root at that size.
        actual: Hash,
    },
    /// What is published already is larger.
    #[error("a checkpoint of size {published} is published already; {size} would take it back")]
    Smaller {
        /// The size to be published.
        size: u64,
        /// The size that is.
        published: u64,
    },
}

impl TileStore {
    /// Opens the folder, which is made if need be.
    pub fn open(dir: &Path) -> io::Result<Self> {
        Self::open_on(dir, Arc::new(RealDisk))
    }

    /// As [`TileStore::open`], on a disk of the caller's.
    pub fn open_on(dir: &Path, disk: Arc<dyn Disk>) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        disk.sync_dir(files::parent(dir))?;
        Ok(Self { dir: dir.into(), disk })
    }

    /// The published checkpoint, if there is one.
    pub fn checkpoint(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(self.dir.join(CHECKPOINT)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// The published checkpoint with the cosignatures that were kept for it; the bare one where none were.
    pub fn cosigned(&self) -> io::Result<Option<String>> {
        let Some(note) = self.checkpoint()? else { return Ok(None) };
        // Of an earlier checkpoint, or damaged: a copy that nobody needs.
        let kept = read_if_present(&self.dir.join(COSIGNED))?.and_then(|kept| String::from_utf8(kept.to_vec()).ok());
        Ok(Some(kept.filter(|kept| kept.starts_with(&note)).unwrap_or(note)))
    }

    /// Keeps the published checkpoint with its cosignatures. The name is not made durable: what a crash takes can be asked
    /// for again.
    pub fn keep_cosigned(&self, note: &str) -> io::Result<()> {
        files::put(self.disk(), &self.dir.join(COSIGNED), note.as_bytes(), SHOWN)
    }

    /// The size of the published checkpoint; 0 if there is none. Whoever opens the log gives this to its journal, as a
    /// size that was acknowledged. A checkpoint file that is none is `InvalidData`: rebuild the folder.
    pub fn published_size(&self) -> io::Result<u64> {
        let Some(note) = self.checkpoint()? else { return Ok(0) };
        let checkpoint = note.find("\n\n").and_then(|at| Checkpoint::parse(&note[..=at]).ok());
        let not_one = || io::Error::new(io::ErrorKind::InvalidData, "the published checkpoint cannot be read");
        Ok(checkpoint.ok_or_else(not_one)?.size)
    }

    /// Writes what has come since the last publication, then publishes the checkpoint.
    pub fn publish(&self, log: &LogReader, note: &str) -> Result<(), PublishError> {
        let published = self.published_size().map_err(io_error(&self.dir))?;
        self.publish_from(published, log, note)
    }

    /// Writes everything anew, then publishes the checkpoint: for a folder that was lost or is in doubt. Until it is
    /// done, the checkpoint published before stays, and tiles may be missing.
    pub fn rebuild(&self, log: &LogReader, note: &str) -> Result<(), PublishError> {
        let size = Checkpoint::verify_published(note, &log.keys())?.size;
        let published = match self.published_size() {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => 0,
            other => other.map_err(io_error(&self.dir))?,
        };
        if size < published {
            return Err(PublishError::Smaller { size, published });
        }
        let tiles = self.dir.join("tile");
        match self.disk.remove_tree(&tiles) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&tiles)(error)),
            _ => self.publish_from(0, log, note),
        }
    }

    fn publish_from(&self, published: u64, log: &LogReader, note: &str) -> Result<(), PublishError> {
        let Checkpoint { size, root: claimed, .. } = Checkpoint::verify_published(note, &log.keys())?;
        if size < published {
            return Err(PublishError::Smaller { size, published });
        }
        let actual = log.root_at(size)?;
        if claimed != actual {
            return Err(PublishError::OtherRoot { size, claimed, actual });
        }
        let tiles: Vec<TilePath> = TilePath::between(published, size).collect();
        self.write_all(log, &tiles)?;
        let checkpoint = self.dir.join(CHECKPOINT);
        let replaced = files::replace(self.disk(), &checkpoint, note.as_bytes(), SHOWN);
        replaced.map_err(io_error(&checkpoint))?;
        tiles.iter().try_for_each(|tile| self.remove_narrower(tile)).map_err(io_error(&self.dir))
    }

    /// Writes tiles and makes them, and their names, durable.
    fn write_all(&self, log: &LogReader, tiles: &[TilePath]) -> Result<(), PublishError> {
        let mut folders = BTreeSet::new();
        for tile in tiles {
            let path = self.dir.join(tile.to_string());
            let folder = files::parent(&path);
            if !folders.contains(folder) {
                self.make_folder(folder).map_err(io_error(folder))?;
                folders.extend(folder.ancestors().take_while(|dir| dir.starts_with(&self.dir)).map(PathBuf::from));
            }
            files::put(self.disk(), &path, &contents(log, tile)?, SHOWN).map_err(io_error(&path))?;
        }
        folders.iter().try_for_each(|dir| self.disk.sync_dir(dir).map_err(io_error(dir)))
    }

    /// Makes a folder below the store's, with those that it lies in.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let mut missing: Vec<_> = folder.ancestors().take_while(|dir| !dir.is_dir()).collect();
        while let Some(dir) = missing.pop() {
            self.disk.create_dir(dir, OPEN)?;
        }
        Ok(())
    }

    fn disk(&self) -> &dyn Disk {
        self.disk.as_ref()
    }

    /// Removes the states of a tile that a wider one has replaced.
    fn remove_narrower(&self, tile: &TilePath) -> io::Result<()> {
        let folder = self.partial_folder(tile);
        for width in widths(&folder)?.into_iter().filter(|width| *width < tile.width()) {
            files::remove_if_present(self.disk(), &folder.join(width.to_string()))?;
        }
        if tile.is_full() && folder.is_dir() {
            self.disk.remove_tree(&folder)?;
        }
        Ok(())
    }

    /// The bytes of a tile; a state that is no longer kept is read from the wider one.
    pub fn read(&self, tile: &TilePath) -> io::Result<Option<Bytes>> {
        for _ in 0..ATTEMPTS {
            if let Some(bytes) = read_if_present(&self.dir.join(tile.to_string()))? {
                return Ok(Some(bytes));
            }
            let wider = widths(&self.partial_folder(tile))?.into_iter().filter(|width| *width > tile.width()).max();
            let wider = TilePath { width: wider.unwrap_or(WIDTH) as u16, ..*tile };
            if let Some(bytes) = read_if_present(&self.dir.join(wider.to_string()))? {
                return Ok(beginning(tile, &wider, bytes));
            }
        }
        Ok(None)
    }

    fn partial_folder(&self, tile: &TilePath) -> PathBuf {
        self.dir.join(format!("{}.p", tile.full()))
    }
}

fn contents(log: &LogReader, tile: &TilePath) -> Result<Vec<u8>, PublishError> {
    let range = tile.index() * WIDTH..tile.index() * WIDTH + tile.width();
    match tile.content() {
        Content::Hashes(level) => {
            let beyond = RangeError::Beyond { asked: range.end << (8 * level), size: log.size() };
            Ok(encode_hashes(&log.nodes(8 * u32::from(level), range).ok_or(beyond)?))
        }
        Content::Entries => {
            let entries: Vec<_> = log.entries(range)?.iter().map(Entry::encode).collect();
            Ok(encode_bundle(entries.iter().map(|entry| entry.as_slice())).unwrap_or_default())
        }
    }
}

/// The first part of a wider state of the same tile.
fn beginning(tile: &TilePath, wider: &TilePath, bytes: Bytes) -> Option<Bytes> {
    let len = match tile.content() {
        Content::Hashes(_) => Hash::LEN * tile.width() as usize,
        Content::Entries => {
            let entries = decode_bundle(&bytes, wider.width())?;
            entries.iter().take(tile.width() as usize).map(|entry| 2 + entry.len()).sum()
        }
    };
    (len <= bytes.len()).then(|| bytes.slice(..len))
}

fn widths(folder: &Path) -> io::Result<Vec<u64>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
        Ok(items) => {
            items.filter_map(|item| item.map(|item| item.file_name().to_str()?.parse().ok()).transpose()).collect()
        }
    }
}

fn read_if_present(path: &Path) -> io::Result<Option<Bytes>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> PublishError {
    move |source| PublishError::Io { path: path.into(), source }
}
