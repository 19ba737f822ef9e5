//! A folder that tables of changes are put into, and how far they were told.
//!
//! ```text
//! .<name>.csv.unfinished, .<name>.csv.jws.unfinished      both on the disk
//! .changes.json                                          now they count: told = through, staged = <name>
//! <name>.csv, then <name>.csv.jws                        renamed; where the signature is the table is
//! ```
//!
//! Cut off before the second line, nothing was told, and what lies there is removed; cut off behind it, the same files are renamed when the folder is
//! opened again. So no change is left out or told in two files, and no file exists in two versions. Out of scope: what is in the
//! files, and how long they stay: whoever takes them away removes them.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use conformity::ids::Origin;
use serde::{Deserialize, Serialize};

use super::seal::ENDING;
use crate::cli::bridge::files;
use crate::cli::context::read_input;
use crate::core::filter::Place;

const CURSOR: &str = ".changes.json";
const CURSOR_MAX: u64 = 64 * 1024;
const UNFINISHED: &str = ".unfinished";

/// A table with its signature, under its name.
pub(super) struct Sealed {
    pub(super) name: String,
    pub(super) table: Vec<u8>,
    pub(super) seal: String,
}

/// The folder, held by one command at a time.
pub(super) struct Outbox {
    folder: PathBuf,
    cursor: Option<Cursor>,
    _lock: File,
}

/// How far changes were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// Of which log.
    origin: Origin,
    /// By which conditions: what was left out once is not told later.
    wanted: Vec<String>,
    /// Up to here by the last table.
    pub(super) told: Place,
    /// Up to here everything was looked at.
    pub(super) read: Place,
    /// The last table, whose renaming may have been cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    staged: Option<String>,
}

impl Outbox {
    /// Opens a folder for the changes of a log by these conditions, and finishes what was cut off.
    pub(super) fn open(folder: &Path, origin: &Origin, wanted: &[String]) -> anyhow::Result<Self> {
        ensure!(folder.is_dir(), "{} is no folder; make it, or name another", folder.display());
        let path = folder.join(".changes.lock");
        let lock = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        lock.try_lock().with_context(|| format!("another command tells changes into {}", folder.display()))?;
        let cursor = Cursor::read(&folder.join(CURSOR))?;
        if let Some(cursor) = &cursor {
            ensure!(
                cursor.origin == *origin && cursor.wanted == wanted,
                "{} has changes of {} by other conditions ({}); name another folder for these",
                folder.display(),
                cursor.origin,
                cursor.wanted.join(", ")
            );
        }
        let outbox = Self { folder: folder.to_owned(), cursor, _lock: lock };
        outbox.finish()?;
        outbox.sweep()?;
        Ok(outbox)
    }

    /// How far changes were told, if they ever were.
    pub(super) fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// Begins behind `place`.
    pub(super) fn begin(&mut self, origin: Origin, wanted: Vec<String>, place: Place) -> anyhow::Result<()> {
        self.advance(Cursor { origin, wanted, told: place, read: place, staged: None })
    }

    /// Notes that nothing is to be told up to `place`.
    pub(super) fn pass(&mut self, place: Place) -> anyhow::Result<()> {
        let Some(cursor) = self.cursor.clone().filter(|cursor| cursor.read != place) else { return Ok(()) };
        self.advance(Cursor { read: place, ..cursor })
    }

    /// Puts a table there that tells everything up to `through`.
    pub(super) fn put(&mut self, sealed: &Sealed, through: Place) -> anyhow::Result<()> {
        let cursor = self.cursor.clone().context("nobody said from where on changes are told")?;
        self.stage(sealed)?;
        self.advance(Cursor { told: through, read: through, staged: Some(sealed.name.clone()), ..cursor })?;
        self.finish()
    }

    fn stage(&self, sealed: &Sealed) -> anyhow::Result<()> {
        for (name, bytes) in names(&sealed.name).iter().zip([&sealed.table[..], sealed.seal.as_bytes()]) {
            let path = self.folder.join(unfinished(name));
            let write = || {
                let mut file = File::create(&path)?;
                file.write_all(bytes)?;
                file.sync_all()
            };
            write().with_context(|| format!("cannot write {}", path.display()))?;
        }
        files::sync(&self.folder).with_context(|| format!("cannot write {}", self.folder.display()))
    }

    fn advance(&mut self, cursor: Cursor) -> anyhow::Result<()> {
        files::durable(&self.folder.join(CURSOR), &serde_json::to_vec_pretty(&cursor)?)?;
        self.cursor = Some(cursor);
        Ok(())
    }

    /// Renames what counts and is not renamed yet.
    fn finish(&self) -> anyhow::Result<()> {
        let Some(staged) = self.cursor.as_ref().and_then(|cursor| cursor.staged.as_deref()) else { return Ok(()) };
        for name in names(staged) {
            let from = self.folder.join(unfinished(&name));
            match fs::rename(&from, self.folder.join(&name)) {
                Ok(()) => files::sync(&self.folder)?,
                // It was renamed before.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("cannot rename {}", from.display())),
            }
        }
        Ok(())
    }

    /// Removes what was begun and never counted.
    fn sweep(&self) -> anyhow::Result<()> {
        let listed = fs::read_dir(&self.folder).with_context(|| format!("cannot list {}", self.folder.display()))?;
        for entry in listed {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if [".csv", ENDING].iter().any(|ending| name.starts_with('.') && name.ends_with(&unfinished(ending)[1..])) {
                fs::remove_file(entry.path()).with_context(|| format!("cannot remove {}", entry.path().display()))?;
            }
        }
        Ok(())
    }
}

impl Cursor {
    fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let cursor = serde_json::from_slice(&read_input(path, CURSOR_MAX)?);
        cursor.map(Some).with_context(|| format!("{} does not say how far changes were told", path.display()))
    }
}

/// The table and its signature, in the order in which they appear.
fn names(table: &str) -> [String; 2] {
    [table.to_owned(), super::seal::beside(table)]
}

fn unfinished(name: &str) -> String {
    format!(".{name}{UNFINISHED}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn behind(index: u64) -> Place {
        Place::Behind { index, position: 0 }
    }

    fn sealed(name: &str, table: &str) -> Sealed {
        Sealed { name: name.to_owned(), table: table.as_bytes().to_vec(), seal: format!("signed {table}") }
    }

    fn origin() -> Origin {
        "jp.registry.example".parse().unwrap()
    }

    fn open(folder: &Path) -> Outbox {
        Outbox::open(folder, &origin(), &[]).unwrap()
    }

    fn listed(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| ![CURSOR, ".changes.lock"].contains(&name.as_str())).collect();
        names.sort();
        names
    }

    #[test]
    fn wherever_it_is_cut_off_a_table_is_there_once_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, both) = (dir.path(), ["a.csv".to_owned(), "a.csv.jws".to_owned()]);
        let mut outbox = open(folder);
        outbox.begin(origin(), vec![], behind(3)).unwrap();
        // Before it counts.
        outbox.stage(&sealed("a.csv", "never told")).unwrap();
        assert_eq!(listed(folder).len(), 2);
        drop(outbox);
        let mut outbox = open(folder);
        assert_eq!((listed(folder), outbox.cursor().unwrap().told), (vec![], behind(3)), "nothing was told");
        // Behind it, before and between the renames.
        for renamed in 0..=2 {
            outbox.stage(&sealed("a.csv", "told")).unwrap();
            let cursor = Cursor {
                told: behind(5),
                read: behind(5),
                staged: Some("a.csv".to_owned()),
                ..outbox.cursor.clone().unwrap()
            };
            outbox.advance(cursor).unwrap();
            for name in &both[..renamed] {
                fs::rename(folder.join(unfinished(name)), folder.join(name)).unwrap();
            }
            drop(outbox);
            outbox = open(folder);
            assert_eq!((listed(folder), outbox.cursor().unwrap().told), (both.to_vec(), behind(5)), "{renamed}");
            assert_eq!(fs::read_to_string(folder.join("a.csv")).unwrap(), "told");
            assert_eq!(fs::read_to_string(folder.join("a.csv.jws")).unwrap(), "signed told");
            both.iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
        }
    }

    #[test]
    fn what_was_taken_away_does_not_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut outbox = open(dir.path());
        outbox.begin(origin(), vec![], Place::Start).unwrap();
        outbox.put(&sealed("a.csv", "told"), behind(4)).unwrap();
        fs::remove_file(dir.path().join("a.csv")).unwrap();
        fs::remove_file(dir.path().join("a.csv.jws")).unwrap();
        outbox.pass(behind(9)).unwrap();
        drop(outbox);
        let outbox = open(dir.path());
        let cursor = outbox.cursor().unwrap();
        assert_eq!((listed(dir.path()), cursor.told, cursor.read), (vec![], behind(4), behind(9)));
    }

    #[test]
    fn a_folder_is_for_one_log_one_wish_and_one_command() {
        let dir = tempfile::tempdir().unwrap();
        let mut outbox = open(dir.path());
        outbox.begin(origin(), vec![], Place::Start).unwrap();
        let again =
            |origin: &Origin, wanted: &[String]| Outbox::open(dir.path(), origin, wanted).err().unwrap().to_string();
        assert!(again(&origin(), &[]).contains("another command"));
        drop(outbox);
        let wish = ["watchlist=parts".to_owned()];
        assert!(again(&origin(), &wish).contains("other conditions"));
        assert!(again(&"eu.registry.example".parse().unwrap(), &[]).contains("other conditions"));
        fs::write(dir.path().join(CURSOR), "{}").unwrap();
        assert!(again(&origin(), &[]).contains("how far"));
    }
}
