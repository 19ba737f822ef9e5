//! Tiles (c2sp.org/tlog-tiles): the tree and its entries as files that anyone may fetch and cache.
//!
//! ```text
//! checkpoint                        the published checkpoint, a signed note
//! tile/<level>/<n>[.p/<width>]      up to 256 hashes of 32 bytes; level 0 holds leaf hashes, above it each hash is the
//!                                   root of a full tile below
//! tile/entries/<n>[.p/<width>]      up to 256 entries, each after its length as 2 bytes, big endian
//! <n>: groups of three digits, all but the last after an "x": 1234067 is x001/x234/067
//! ```
//!
//! Here: names, contents, and checking a whole log through its tiles. [`TileStore`] keeps them on disk. Not here: HTTP.

mod store;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use store::{PublishError, TileStore};

use crate::merkle::{Frontier, Hash};
use std::fmt;
use std::str::FromStr;

/// Hashes or entries in a full tile.
pub const WIDTH: u64 = 256;
/// Levels that can exist.
const LEVELS: u8 = 64;
/// Longest path: eight groups of digits.
const MAX_PATH: usize = 64;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Content {
    /// Hashes of that level.
    Hashes(u8),
    /// Entries.
    Entries,
}

/// The name of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TilePath {
    content: Content,
    index: u64,
    width: u16,
}

/// The text names no tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile: see c2sp.org/tlog-tiles")]
pub struct TilePathError;

impl TilePath {
    /// Tile number `index`, `width` (1 to 256) hashes or entries wide.
    pub fn new(content: Content, index: u64, width: u64) -> Option<Self> {
        let level = matches!(content, Content::Hashes(LEVELS..));
        (!level && (1..=WIDTH).contains(&width)).then_some(Self { content, index, width: width as u16 })
    }

    /// The tiles that a log needs when it has grown from `old` to `new` entries; all of them for `old` = 0.
    pub fn between(old: u64, new: u64) -> impl Iterator<Item = Self> {
        let hashes = (0..8).map(|level| (Content::Hashes(level), 8 * u32::from(level)));
        hashes.chain([(Content::Entries, 0)]).flat_map(move |(content, shift)| {
            let (old, new) = (old >> shift, new >> shift);
            let first = if old < new { old / WIDTH } else { u64::MAX };
            let tiles = first..new.div_ceil(WIDTH).max(first);
            tiles.filter_map(move |index| Self::new(content, index, (new - index * WIDTH).min(WIDTH)))
        })
    }

    /// What the tile holds.
    pub fn content(&self) -> Content {
        self.content
    }

    /// Its number within its level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds.
    pub fn width(&self) -> u64 {
        self.width.into()
    }

    /// Whether it will never grow.
    pub fn is_full(&self) -> bool {
        self.width() == WIDTH
    }

    /// The same tile once it is full.
    pub fn full(&self) -> Self {
        Self { width: WIDTH as u16, ..*self }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.content {
            Content::Hashes(level) => write!(f, "tile/{level}/")?,
            Content::Entries => write!(f, "tile/entries/")?,
        }
        let (mut rest, mut groups) = (self.index, vec![self.index % 1000]);
        while rest >= 1000 {
            rest /= 1000;
            groups.push(rest % 1000);
        }
        for group in groups[1..].iter().rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", groups[0])?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TilePath {
    type Err = TilePathError;

    fn from_str(text: &str) -> Result<Self, TilePathError> {
        let path = (text.len() <= MAX_PATH).then(|| parse(text)).flatten();
        // One tile has one name: leading groups of zeroes and the like do not survive being written again.
        path.filter(|path| path.to_string() == text).ok_or(TilePathError)
    }
}

fn parse(text: &str) -> Option<TilePath> {
    let (level, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let content = if level == "entries" { Content::Entries } else { Content::Hashes(level.parse().ok()?) };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok()?),
        None => (rest, WIDTH),
    };
    let index = number.split('/').try_fold(0u64, |index, group| {
        let digits = group.strip_prefix('x').unwrap_or(group);
        index.checked_mul(1000)?.checked_add(digits.parse().ok()?)
    })?;
    TilePath::new(content, index, width)
}

/// The bytes of a tile of hashes.
pub fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The hashes in a tile; `None` unless it is exactly `width` hashes long.
pub fn decode_hashes(bytes: &[u8], width: u64) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<{ Hash::LEN }>();
    let whole = rest.is_empty() && hashes.len() as u64 == width;
    whole.then(|| hashes.iter().map(|hash| Hash::from_bytes(*hash)).collect())
}

/// The bytes of an entry bundle; `None` if an entry is longer than 65,535 bytes.
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut bundle = Vec::new();
    for entry in entries {
        bundle.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Some(bundle)
}

/// The entries in a bundle; `None` unless it holds exactly `width` of them.
pub fn decode_bundle(mut bundle: &[u8], width: u64) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bundle.is_empty() && (entries.len() as u64) < width {
        let (len, rest) = bundle.split_first_chunk()?;
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
        entries.push(entry);
        bundle = rest;
    }
    (bundle.is_empty() && entries.len() as u64 == width).then_some(entries)
}

/// Why a log's tiles do not hold together. `E` is what fetching may fail with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TilesError<E> {
    /// A tile could not be had.
    #[error("{path}: {source}")]
    Fetch {
        /// The tile.
        path: TilePath,
        /// Why not.
        source: E,
    },
    /// A tile has another length than its name says.
    #[error("{0}: holds another number of hashes than its name says")]
    Length(TilePath),
    /// A tile says otherwise than the tiles below it.
    #[error("{0}: contradicts the tiles below it")]
    Contradiction(TilePath),
}

/// Reads all tiles of hashes of a log of `size` entries, checks them against each other, and gives the root; whoever
/// calls compares that with a signed checkpoint.
pub fn root_of_tiles<E>(
    size: u64,
    mut fetch: impl FnMut(&TilePath) -> Result<Vec<u8>, E>,
) -> Result<Hash, TilesError<E>> {
    let mut frontier = Frontier::new();
    let mut below: Option<Vec<Hash>> = None;
    for level in 0..8 {
        let mut full_roots = Vec::new();
        for path in TilePath::between(0, size).filter(|path| path.content() == Content::Hashes(level)) {
            let bytes = fetch(&path).map_err(|source| TilesError::Fetch { path, source })?;
            let hashes = decode_hashes(&bytes, path.width()).ok_or(TilesError::Length(path))?;
            let start = (path.index() * WIDTH) as usize;
            match &below {
                None => hashes.iter().for_each(|hash| frontier.push(*hash)),
                Some(below) if below.get(start..start + hashes.len()) == Some(&hashes) => {}
                Some(_) => return Err(TilesError::Contradiction(path)),
            }
            if path.is_full() {
                full_roots.push(root_of(&hashes));
            }
        }
        below = Some(full_roots);
    }
    Ok(frontier.root())
}

fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    hashes.iter().for_each(|hash| frontier.push(*hash));
    frontier.root()
}
