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
//! ([`Mirror::remember`]).

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

use conformity::digest::Digest;
use conformity::ids::VerdictId;
use ledger::log_keys::LogKeys;

use crate::access::MAX_PAYLOAD;
use crate::follow::{Examined, Followed, OutOfTurn, PeerFault, Scope, Signatures, StatementFault};
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
}

impl Mirror {
    /// Opens the mirror in `path`, or begins one, of the log with these keys whose genesis has this digest. It may grow to `quota` bytes; one that is larger already stays whole.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub fn open(path: &Path, log: LogKeys, digest: &Digest, scope: Scope, quota: u64) -> Result<Self, MirrorError> {
        let followed = Followed::new(log, digest);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut mirror = Self { followed, file, scope, quota };
        let end = mirror.replay()?;
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
        let examined = match self.followed.examine(range, &self.scope, Signatures::Check) {
            Ok(examined) => examined,
            Err(fault) => return Ok(Err(fault)),
        };
        self.write(&examined.kept(range))?;
        Ok(Ok(self.accept(examined)?))
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
        let faults = std::mem::take(&mut examined.faults);
        Ok(Taken { changed: self.followed.accept(examined)?, faults })
    }

    /// Reads what is there; gives the place behind the last range that holds.
    fn replay(&mut self) -> Result<u64, MirrorError> {
        let mut reader = BufReader::new(self.file.try_clone()?);
        reader.rewind()?;
        let mut end = 0;
        while let Some(bytes) = next(&mut reader)? {
            let Ok(range) = Range::decode(&bytes) else { break };
            let Ok(examined) = self.followed.examine(&range, &self.scope, Signatures::Checked) else { break };
            self.accept(examined)?;
            end += 4 + bytes.len() as u64;
        }
        Ok(end)
    }
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
