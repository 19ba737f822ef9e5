//! The mirror of a peer's log: the ranges that were taken over, one after the other in a file.
//!
//! ```text
//! file = { length (uint32, big-endian) · range message, with null for each statement that was left out } …
//! ```
//!
//! A copy, so nothing here is synced: what a crash takes is pulled again. Opening runs every range through the same
//! examination as when it came in, signatures apart: a statement whose signature did not verify is not in the file, and
//! the tree vouches for the bytes of those that are. The first range that does not hold ends the mirror. Out of scope:
//! the newest checkpoint of the peer, which must outlive the mirror; the caller keeps it and gives it back
//! ([`Mirror::remember`]). And what the peer shows of restricted verdicts: no byte of that is in the file, and the caller gives it
//! again at the next opening, in its places.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

use conformity::digest::Digest;
use conformity::ids::VerdictId;
use ledger::log_keys::LogKeys;

use crate::access::MAX_PAYLOAD;
use crate::follow::{Confided, Examined, Followed, OutOfTurn, PeerFault, Scope, Signatures, StatementFault};
use crate::messages::{Message, Range};

/// Why a mirror cannot be kept. The blame is ours.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The file.
    #[error("the mirror cannot be kept: {0}")]
    Io(#[from] io::Error),
    /// A range was not taken in its turn.
    #[error(transparent)]
    Turn(#[from] OutOfTurn),
    /// The peer's log needs more room than it may take. What is mirrored stays as it is.
    #[error("the mirror has {bytes} bytes and the next range {next}; it may have {quota}")]
    Full {
        /// Bytes of the mirror.
        bytes: u64,
        /// Bytes that the range would add.
        next: u64,
        /// The most that it may have.
        quota: u64,
    },
}

/// A peer's log as far as it is verified, with the file that remembers it.
pub struct Mirror {
    followed: Followed,
    file: File,
    scope: Scope,
    quota: u64,
}

/// What a range brought.
#[derive(Debug, Default)]
pub struct Taken {
    /// Verdicts that changed or have another credential now.
    pub changed: BTreeSet<VerdictId>,
    /// Statements that were left out.
    pub faults: Vec<StatementFault>,
    /// Why statements of restricted verdicts were left out, by code.
    pub unconfided: Vec<&'static str>,
    /// The places of those that were not, by verdict, with the bytes of each.
    pub confided: BTreeMap<VerdictId, BTreeMap<u64, u64>>,
}

impl Mirror {
    /// Opens the mirror in `path`, or begins one, of the log with these keys whose genesis has this digest. It may grow to `quota` bytes; one that is larger already stays whole.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub fn open(path: &Path, log: LogKeys, digest: &Digest, scope: Scope, quota: u64) -> Result<Self, MirrorError> {
        Self::open_with(|_| Ok(None), path, log, digest, scope, quota)
    }

    /// The same, with what rests elsewhere of restricted verdicts: `resting` gives the statement at a place, if one does. It is asked
    /// place by place, so that they are never all in memory.
    ///
    /// # Errors
    /// [`MirrorError`], and what `resting` gives.
    pub fn open_with(
        resting: impl Fn(u64) -> io::Result<Option<String>>,
        path: &Path,
        log: LogKeys,
        digest: &Digest,
        scope: Scope,
        quota: u64,
    ) -> Result<Self, MirrorError> {
        let followed = Followed::new(log, digest);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut mirror = Self { followed, file, scope, quota };
        let end = mirror.replay(resting)?;
        mirror.file.set_len(end)?;
        mirror.file.seek(io::SeekFrom::Start(end))?;
        Ok(mirror)
    }

    /// The verified log.
    pub fn followed(&self) -> &Followed {
        &self.followed
    }

    /// Binds the log to a checkpoint of the peer that was verified earlier; to be called after every opening.
    ///
    /// # Errors
    /// As [`Followed::remember`].
    pub fn remember(&mut self, note: &str) -> Result<(), PeerFault> {
        self.followed.remember(note)
    }

    /// Learns of keys of the log; see [`Followed::learn`].
    ///
    /// # Errors
    /// As there.
    pub fn learn(&mut self, log: &LogKeys) -> Result<(), PeerFault> {
        self.followed.learn(log)
    }

    /// Forgets restricted verdicts, as if none of their statements had been given at the opening.
    pub fn forget(&mut self, verdicts: &BTreeSet<VerdictId>) {
        self.followed.forget(verdicts);
    }

    /// What the mirror was made for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Examines a range, writes it down, and takes it over.
    ///
    /// # Errors
    /// `Ok(Err(fault))` when the peer is to blame: nothing changed.
    /// [`MirrorError::Full`] when there is no room for it: nothing changed.
    /// [`MirrorError::Io`] when the file cannot be written; it is cut back, nothing else changed.
    pub fn take(&mut self, range: &Range) -> Result<Result<Taken, PeerFault>, MirrorError> {
        match self.examine(range, &Confided::default()) {
            Ok(examined) => Ok(Ok(self.adopt(examined, range)?)),
            Err(fault) => Ok(Err(fault)),
        }
    }

    /// Examines a range with what the peer confided between its entries. Changes nothing: what of that holds is to be made durable
    /// before the range is [adopted](Self::adopt).
    ///
    /// # Errors
    /// [`PeerFault`]: the peer is to blame.
    pub fn examine(&self, range: &Range, confided: &Confided) -> Result<Examined, PeerFault> {
        self.followed.examine_with(confided, range, &self.scope, Signatures::Check)
    }

    /// Writes an examined range down, and takes it over.
    ///
    /// # Errors
    /// [`MirrorError::Turn`], [`MirrorError::Full`]: nothing changed. [`MirrorError::Io`] when the file cannot be written; it is cut
    /// back, nothing else changed.
    pub fn adopt(&mut self, examined: Examined, range: &Range) -> Result<Taken, MirrorError> {
        if examined.from != self.followed.size() {
            return Err(OutOfTurn { from: examined.from, size: self.followed.size() }.into());
        }
        self.write(&examined.kept(range))?;
        Ok(self.accept(examined)?)
    }

    fn write(&mut self, range: &Range) -> Result<(), MirrorError> {
        let start = self.file.stream_position()?;
        let bytes = range.encode();
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let next = 4 + u64::from(length);
        if start.saturating_add(next) > self.quota {
            return Err(MirrorError::Full { bytes: start, next, quota: self.quota });
        }
        let written = self.file.write_all(&[&length.to_be_bytes()[..], &bytes].concat());
        written.or_else(|error| {
            self.file.set_len(start)?;
            self.file.seek(io::SeekFrom::Start(start))?;
            Err(error.into())
        })
    }

    fn accept(&mut self, mut examined: Examined) -> Result<Taken, OutOfTurn> {
        let (faults, unconfided) = (std::mem::take(&mut examined.faults), std::mem::take(&mut examined.unconfided));
        let confided = std::mem::take(&mut examined.confided).into_iter();
        let bytes = |(place, statement): (u64, String)| (place, statement.len() as u64);
        let confided =
            confided.map(|(verdict, statements)| (verdict, statements.into_iter().map(bytes).collect())).collect();
        Ok(Taken { changed: self.followed.accept(examined)?, faults, unconfided, confided })
    }

    /// Reads what is there; gives the place behind the last range that holds.
    fn replay(&mut self, resting: impl Fn(u64) -> io::Result<Option<String>>) -> Result<u64, MirrorError> {
        let mut reader = BufReader::new(self.file.try_clone()?);
        reader.rewind()?;
        let mut end = 0;
        while let Some(bytes) = next(&mut reader)? {
            let Ok(range) = Range::decode(&bytes) else { break };
            let confided = between(&range, self.followed.size(), &resting)?;
            let examined = self.followed.examine_with(&confided, &range, &self.scope, Signatures::Checked);
            let Ok(examined) = examined else { break };
            self.accept(examined)?;
            end += 4 + bytes.len() as u64;
        }
        Ok(end)
    }
}

/// What rests elsewhere for the places of a range that has nothing there.
fn between(range: &Range, from: u64, resting: impl Fn(u64) -> io::Result<Option<String>>) -> io::Result<Confided> {
    let withheld = (from..).zip(&range.statements).filter(|(_, statement)| statement.is_none());
    let found = withheld.map(|(place, _)| Ok(resting(place)?.map(|statement| (place, statement))));
    found.filter_map(Result::transpose).collect()
}

/// The next message, or nothing where the file ends or is torn.
fn next(reader: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if !fill(reader, &mut length)? {
        return Ok(None);
    }
    let length = u32::from_be_bytes(length);
    if length > MAX_PAYLOAD {
        return Ok(None);
    }
    let mut bytes = vec![0; length as usize];
    Ok(fill(reader, &mut bytes)?.then_some(bytes))
}

fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
