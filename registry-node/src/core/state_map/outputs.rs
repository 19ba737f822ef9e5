//! Outputs of labels, kept from one start to the next: two hundred thousand of them are some seconds of work otherwise.
//!
//! ```text
//! file: records of 104 bytes: SHA-256 of the label (32) | output (64) | check (8)
//! check = the first 8 bytes of SHA-256(public key of the map | the 96 bytes before it)
//! ```
//!
//! A copy, appended to without a sync: a record that fails its check is evaluated again, and whatever goes wrong with the file
//! costs time only. After an erasure the file is written anew, without what is gone.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use ledger::digest::Digest;
use ledger::vrf::{VrfOutput, VrfPublicKey};

const RECORD: usize = 32 + VrfOutput::LEN + CHECK;
const CHECK: usize = 8;
/// A larger file is not read: ten million labels.
const MAX_FILE: u64 = RECORD as u64 * 10_000_000;

/// The file.
pub(super) struct Outputs {
    path: PathBuf,
    key: VrfPublicKey,
}

/// What was in it.
pub(super) struct Kept {
    pub(super) outputs: HashMap<Digest, VrfOutput>,
    /// Whether every byte belonged to a good record, so that it can be appended to.
    pub(super) whole: bool,
}

impl Outputs {
    pub(super) fn new(path: PathBuf, key: VrfPublicKey) -> Self {
        Self { path, key }
    }

    /// Every good record.
    pub(super) fn load(&self) -> Kept {
        let bytes = self.read().unwrap_or_else(|error| {
            self.complain(&error);
            Vec::new()
        });
        let (records, rest) = bytes.as_chunks::<RECORD>();
        let outputs: HashMap<_, _> = records.iter().filter_map(|record| self.decode(record)).collect();
        let whole = rest.is_empty() && outputs.len() == records.len();
        Kept { outputs, whole }
    }

    /// Adds records.
    pub(super) fn add(&self, fresh: &[(Digest, VrfOutput)]) {
        if !fresh.is_empty() {
            let bytes: Vec<u8> = fresh.iter().flat_map(|(label, output)| self.encode(label, output)).collect();
            let added = self.open(OpenOptions::new().append(true)).and_then(|mut file| file.write_all(&bytes));
            added.unwrap_or_else(|error| self.complain(&error));
        }
    }

    /// Writes the file anew with these records alone.
    pub(super) fn replace(&self, all: impl Iterator<Item = (Digest, VrfOutput)>) {
        let bytes: Vec<u8> = all.flat_map(|(label, output)| self.encode(&label, &output)).collect();
        let removed = fs::remove_file(&self.path).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        });
        let replaced = removed
            .and_then(|()| self.open(OpenOptions::new().append(true)))
            .and_then(|mut file| file.write_all(&bytes));
        replaced.unwrap_or_else(|error| self.complain(&error));
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match File::open(&self.path) {
            Ok(file) => file.take(MAX_FILE).read_to_end(&mut bytes).map(|_| bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(bytes),
            Err(error) => Err(error),
        }
    }

    fn open(&self, options: &mut OpenOptions) -> io::Result<File> {
        options.create(true).mode(0o600).open(&self.path)
    }

    fn complain(&self, error: &io::Error) {
        let file = self.path.display();
        tracing::warn!(%error, %file, "outputs of the state map cannot be kept; the next start evaluates them again");
    }

    fn encode(&self, label: &Digest, output: &VrfOutput) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        record[..32].copy_from_slice(label.as_bytes());
        record[32..RECORD - CHECK].copy_from_slice(output.as_bytes());
        let check = self.check(&record);
        record[RECORD - CHECK..].copy_from_slice(&check);
        record
    }

    fn decode(&self, record: &[u8; RECORD]) -> Option<(Digest, VrfOutput)> {
        if self.check(record) != record[RECORD - CHECK..] {
            return None;
        }
        let (mut label, mut output) = ([0; 32], [0; VrfOutput::LEN]);
        label.copy_from_slice(&record[..32]);
        output.copy_from_slice(&record[32..RECORD - CHECK]);
        Some((Digest::from_bytes(label), VrfOutput::from_bytes(output)))
    }

    fn check(&self, record: &[u8; RECORD]) -> [u8; CHECK] {
        let digest = Digest::of(&[self.key.as_bytes(), &record[..RECORD - CHECK]].concat());
        let mut check = [0; CHECK];
        check.copy_from_slice(&digest.as_bytes()[..CHECK]);
        check
    }
}
