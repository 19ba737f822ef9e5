//! The register of an authority: every certificate it issued, every revocation, every CRL number. One JSON object a line.
//!
//! ```text
//! {"event":"issued","record":{"serial":"4f…","identity":"spiffe://…", …},"certificate":"-----BEGIN CERTIFICATE…"}
//! {"event":"revoked","serial":"4f…","at":"2026-11-23T07:00:00Z","reason":"key-compromise"}
//! {"event":"crl","ca":"parties-1","number":7,"at":"2026-11-23T07:00:00Z"}
//! ```
//!
//! Durability: a line is on disk before what it says leaves the program. A last line without its end was never told to
//! anyone and is cut off; any other damage is refused, naming the line.
//! Concurrency: programs take turns by a lock on the file ([`Register::begin`]), and each first reads what the others
//! wrote. Out of scope: keys, and CRLs themselves.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files::{FileError, reading, writing};
use crate::holder::Branch;
use crate::serial::Serial;

/// A certificate as the register knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Issued {
    /// Its serial number.
    pub serial: Serial,
    /// Whom it speaks for, as the URI in it says.
    pub identity: String,
    /// Which branch of the authority issued it.
    pub kind: Branch,
    /// Which issuing CA of that branch: `parties-1`.
    pub ca: String,
    /// The DNS names and addresses in it.
    pub names: Vec<String>,
    /// SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal.
    pub key: String,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// When and why it was revoked, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
}

impl Issued {
    /// Whether it is time to renew: less than a third of its life is left.
    pub fn is_renewal_due(&self, now: Timestamp) -> bool {
        let life = self.not_after.duration_since(self.not_before);
        self.not_after.duration_since(now) < life / 3
    }
}

/// When and why a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// Why a certificate is revoked: the reasons of RFC 5280 that an authority like this one can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// None is given.
    Unspecified,
    /// Someone else has the key, or may have it. The key is never certified again.
    KeyCompromise,
    /// The holder is called otherwise now.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// The holder needs it no more.
    CessationOfOperation,
    /// The holder may do it no more.
    PrivilegeWithdrawn,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// The word on the command line and in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::AffiliationChanged => "affiliation-changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
            Self::PrivilegeWithdrawn => "privilege-withdrawn",
        }
    }
}

/// What is wrong with a register.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line that is not the last one and cannot be read, or that contradicts the ones before.
    #[error("{path}, line {line}: {what}; restore the file from a backup, nothing is issued until then")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, counted from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A record could not be written as JSON.
    #[error("a record cannot be written: {0}")]
    Encoding(#[from] serde_json::Error),
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Event {
    Issued { record: Box<Issued>, certificate: String },
    Revoked { serial: Serial, at: Timestamp, reason: Reason },
    Crl { ca: String, number: u64, at: Timestamp },
}

/// The register, as far as it was read.
#[derive(Debug)]
pub(crate) struct Register {
    path: PathBuf,
    file: File,
    read: u64,
    lines: u64,
    issued: BTreeMap<Serial, Entry>,
    numbers: HashMap<String, u64>,
}

#[derive(Debug)]
struct Entry {
    record: Issued,
    certificate: String,
}

impl Register {
    /// An empty register where none is.
    pub(crate) fn create(path: &Path) -> Result<(), FileError> {
        crate::files::create_private(path, b"")
    }

    /// Opens a register without reading it; [`Register::begin`] does.
    pub(crate) fn open(path: &Path) -> Result<Self, FileError> {
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(|source| reading(path, source))?;
        Ok(Self { path: path.to_owned(), file, read: 0, lines: 0, issued: BTreeMap::new(), numbers: HashMap::new() })
    }

    /// Waits for the turn, and reads what others wrote meanwhile. The turn ends when the guard is dropped.
    pub(crate) fn begin(&mut self) -> Result<Turn<'_>, RegisterError> {
        self.file.lock().map_err(|source| reading(&self.path, source))?;
        let turn = Turn { register: self };
        turn.register.catch_up()?;
        Ok(turn)
    }

    fn catch_up(&mut self) -> Result<(), RegisterError> {
        let fresh = self.fresh().map_err(|source| reading(&self.path, source))?;
        let whole = fresh.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        for line in fresh[..whole].split_inclusive(|byte| *byte == b'\n') {
            self.lines += 1;
            let event = serde_json::from_slice(line).map_err(|error| self.damaged(&error.to_string()))?;
            self.apply(event)?;
            self.read += line.len() as u64;
        }
        if whole < fresh.len() {
            self.cut_torn_tail()?;
        }
        Ok(())
    }

    fn fresh(&mut self) -> std::io::Result<Vec<u8>> {
        let mut fresh = Vec::new();
        self.file.seek(SeekFrom::Start(self.read))?;
        self.file.read_to_end(&mut fresh)?;
        Ok(fresh)
    }

    fn cut_torn_tail(&mut self) -> Result<(), FileError> {
        self.file.set_len(self.read).and_then(|()| self.file.sync_all()).map_err(|source| writing(&self.path, source))
    }

    fn append(&mut self, event: Event) -> Result<(), RegisterError> {
        let mut line = serde_json::to_vec(&event)?;
        line.push(b'\n');
        let written = self
            .file
            .seek(SeekFrom::Start(self.read))
            .and_then(|_| self.file.write_all(&line))
            .and_then(|()| self.file.sync_all());
        if let Err(source) = written {
            // What may have reached the disk was told to nobody. If the cut fails too, the next turn meets a torn
            // tail, or a whole line about a certificate that nobody holds: both are harmless.
            let error = writing(&self.path, source);
            self.cut_torn_tail()?;
            return Err(error.into());
        }
        self.lines += 1;
        self.read += line.len() as u64;
        self.apply(event)
    }

    fn apply(&mut self, event: Event) -> Result<(), RegisterError> {
        match event {
            Event::Issued { record, certificate } => {
                let serial = record.serial;
                let entry = Entry { record: *record, certificate };
                if self.issued.insert(serial, entry).is_some() {
                    return Err(self.damaged(&format!("serial {serial} was issued before")));
                }
            }
            Event::Revoked { serial, at, reason } => match self.issued.get_mut(&serial) {
                Some(entry) => entry.record.revoked = Some(Revoked { at, reason }),
                None => return Err(self.damaged(&format!("serial {serial} was never issued"))),
            },
            Event::Crl { ca, number, .. } => {
                if self.number(&ca) >= number {
                    return Err(self.damaged(&format!("CRL {number} of {ca} does not follow the one before")));
                }
                self.numbers.insert(ca, number);
            }
        }
        Ok(())
    }

    fn number(&self, ca: &str) -> u64 {
        self.numbers.get(ca).copied().unwrap_or_default()
    }

    fn damaged(&self, what: &str) -> RegisterError {
        RegisterError::Damaged { path: self.path.clone(), line: self.lines, what: what.to_owned() }
    }
}

/// The turn of this program: nobody else writes until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    register: &'a mut Register,
}

impl Turn<'_> {
    /// Makes a line durable, then believes it.
    pub(crate) fn append(&mut self, event: Event) -> Result<(), RegisterError> {
        self.register.append(event)
    }

    /// Every certificate, in the order of serials.
    pub(crate) fn issued(&self) -> impl Iterator<Item = &Issued> {
        self.register.issued.values().map(|entry| &entry.record)
    }

    /// One certificate, and its PEM.
    pub(crate) fn find(&self, serial: &Serial) -> Option<(&Issued, &str)> {
        let entry = self.register.issued.get(serial)?;
        Some((&entry.record, &entry.certificate))
    }

    /// The number that the next CRL of `ca` shall have.
    pub(crate) fn next_number(&self, ca: &str) -> u64 {
        self.register.number(ca).saturating_add(1)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Closing the file ends the lock as well; there is nobody to tell if the system refuses this.
        let _ = self.register.file.unlock();
    }
}
