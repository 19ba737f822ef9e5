//! A folder that tables of changes are put into, and how far they were told.
//!
//! ```text
//! .<name>.csv.unfinished, .<name>.csv.jws.unfinished      both on the disk
//! .changes.json                                          now they count: staged = after, told = through, which make the name
//! <name>.csv, then <name>.csv.jws                        renamed; where the signature is the table is
//! ```
//!
//! Cut off before the second line, nothing was told, and what lies there is removed; cut off behind it, the same files are renamed when the folder is
//! opened again. So no change is left out or told in two files, and no file exists in two versions.
//!
//! Others write into the folder too, and are not believed: no path is taken from the cursor, no link is followed, and what was looked at beyond the
//! last table is known to the running command alone, so that a table tells nothing that it did not read. A cursor that was set ahead leaves a gap
//! between two tables, which `bridge check` finds. Out of scope: what is in the files, and how long they stay: whoever takes them away removes them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use conformity::ids::{Origin, PartyId, RegistryId};
use serde::{Deserialize, Serialize};

use super::seal::ENDING;
use super::table::Encoding;
use crate::cli::bridge::files;
use crate::cli::context::read_input;
use crate::core::filter::Place;

const CURSOR: &str = ".changes.json";
const CURSOR_MAX: u64 = 64 * 1024;
const UNFINISHED: &str = ".unfinished";
/// How far was told is nobody else's business; tables are for whoever is in the folder's group.
const CURSOR_MODE: u32 = 0o600;
const TABLE_MODE: u32 = 0o640;

/// A table with its signature.
pub(super) struct Sealed {
    pub(super) table: Vec<u8>,
    pub(super) seal: String,
}

/// The folder, held by one command at a time.
pub(super) struct Outbox {
    folder: PathBuf,
    wish: Wish,
    cursor: Option<Cursor>,
    /// Up to here everything was looked at, by this command.
    read: Place,
    _lock: File,
}

/// Whose changes a folder has, for whom and in which form: what was left out once is not told later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// Who reads.
    pub(super) party: PartyId,
    pub(super) registry: RegistryId,
    /// Of which log.
    pub(super) origin: Origin,
    /// In which words.
    pub(super) language: String,
    pub(super) encoding: Encoding,
    /// By which conditions.
    pub(super) wanted: Vec<String>,
}

/// How far changes were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    wish: Wish,
    /// Up to here by the last table.
    told: Place,
    /// Where the last table begins, whose renaming may have been cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    staged: Option<Place>,
}

impl Outbox {
    /// Opens a folder for these changes, and finishes what was cut off.
    pub(super) fn open(folder: &Path, wish: Wish) -> anyhow::Result<Self> {
        ensure!(folder.is_dir(), "{} is no folder; make it, or name another", folder.display());
        let held = || format!("another command tells changes into {}", folder.display());
        let lock = files::lock(&folder.join(".changes.lock"), held)?;
        let cursor = Cursor::read(&folder.join(CURSOR))?;
        if let Some(Cursor { wish: found, .. }) = &cursor {
            ensure!(
                *found == wish,
                "{} has changes of {} for {} by other conditions ({}) or in another form ({}, {}); name another folder for these",
                folder.display(),
                found.origin,
                found.party,
                found.wanted.join(", "),
                found.language,
                found.encoding
            );
        }
        let read = cursor.as_ref().map_or(Place::Start, |cursor| cursor.told);
        let outbox = Self { folder: folder.to_owned(), wish, cursor, read, _lock: lock };
        outbox.finish()?;
        outbox.sweep()?;
        Ok(outbox)
    }

    /// What the table between two places is called.
    pub(super) fn name(&self, after: Place, through: Place) -> String {
        format!("{}.changes.{}.{}.csv", self.wish.registry, in_name(after), in_name(through))
    }

    /// Whose changes these are, for whom and in which form.
    pub(super) fn wish(&self) -> &Wish {
        &self.wish
    }

    /// How far changes were told, if they ever were.
    pub(super) fn told(&self) -> Option<Place> {
        self.cursor.as_ref().map(|cursor| cursor.told)
    }

    /// Up to where everything was looked at.
    pub(super) fn read(&self) -> Place {
        self.read
    }

    /// Begins behind `place`.
    pub(super) fn begin(&mut self, place: Place) -> anyhow::Result<()> {
        self.advance(None, place)
    }

    /// Notes that nothing is to be told up to `place`.
    pub(super) fn pass(&mut self, place: Place) {
        self.read = place;
    }

    /// Puts a table there that tells everything between these places, and gives its name.
    pub(super) fn put(&mut self, sealed: &Sealed, after: Place, through: Place) -> anyhow::Result<String> {
        let name = self.name(after, through);
        self.stage(&name, sealed)?;
        self.advance(Some(after), through)?;
        self.finish()?;
        Ok(name)
    }

    fn stage(&self, name: &str, sealed: &Sealed) -> anyhow::Result<()> {
        for (name, bytes) in names(name).iter().zip([&sealed.table[..], sealed.seal.as_bytes()]) {
            let path = self.folder.join(unfinished(name));
            files::anew(&path, bytes, TABLE_MODE).with_context(|| format!("cannot write {}", path.display()))?;
        }
        files::sync(&self.folder).with_context(|| format!("cannot write {}", self.folder.display()))
    }

    fn advance(&mut self, staged: Option<Place>, told: Place) -> anyhow::Result<()> {
        let cursor = Cursor { wish: self.wish.clone(), told, staged };
        files::durable(&self.folder.join(CURSOR), &serde_json::to_vec_pretty(&cursor)?, CURSOR_MODE)?;
        (self.cursor, self.read) = (Some(cursor), told);
        Ok(())
    }

    /// Renames what counts and is not renamed yet.
    fn finish(&self) -> anyhow::Result<()> {
        let Some(Cursor { told, staged: Some(after), .. }) = &self.cursor else { return Ok(()) };
        for name in names(&self.name(*after, *told)) {
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

/// A place in the name of a file, so that files are listed in order.
fn in_name(place: Place) -> String {
    match place {
        // Before all digits.
        Place::Start => "-start".to_owned(),
        Place::Behind { index, position } => format!("{index:010}-{position:010}"),
    }
}

fn unfinished(name: &str) -> String {
    format!(".{name}{UNFINISHED}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const A: &str = "jp.changes.0000000003-0000000000.0000000005-0000000000.csv";

    fn behind(index: u64) -> Place {
        Place::Behind { index, position: 0 }
    }

    fn sealed(table: &str) -> Sealed {
        Sealed { table: table.as_bytes().to_vec(), seal: format!("signed {table}") }
    }

    fn wish() -> Wish {
        Wish {
            party: "buyer-1".parse().unwrap(),
            registry: "jp".parse().unwrap(),
            origin: "jp.registry.example".parse().unwrap(),
            language: "en".to_owned(),
            encoding: Encoding::Utf8,
            wanted: vec![],
        }
    }

    fn open(folder: &Path) -> Outbox {
        Outbox::open(folder, wish()).unwrap()
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
        let (folder, both) = (dir.path(), names(A));
        let mut outbox = open(folder);
        outbox.begin(behind(3)).unwrap();
        // Before it counts.
        outbox.stage(A, &sealed("never told")).unwrap();
        assert_eq!(listed(folder).len(), 2);
        drop(outbox);
        let mut outbox = open(folder);
        assert_eq!((listed(folder), outbox.told()), (vec![], Some(behind(3))), "nothing was told");
        // Behind it, before and between the renames.
        for renamed in 0..=2 {
            outbox.stage(A, &sealed("told")).unwrap();
            outbox.advance(Some(behind(3)), behind(5)).unwrap();
            for name in &both[..renamed] {
                fs::rename(folder.join(unfinished(name)), folder.join(name)).unwrap();
            }
            drop(outbox);
            outbox = open(folder);
            assert_eq!((listed(folder), outbox.told()), (both.to_vec(), Some(behind(5))), "{renamed}");
            assert_eq!(fs::read_to_string(folder.join(&both[0])).unwrap(), "told");
            assert_eq!(fs::read_to_string(folder.join(&both[1])).unwrap(), "signed told");
            both.iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
        }
    }

    #[test]
    fn what_was_taken_away_does_not_come_back_and_what_was_passed_is_looked_at_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut outbox = open(dir.path());
        outbox.begin(behind(3)).unwrap();
        assert_eq!(outbox.put(&sealed("told"), behind(3), behind(5)).unwrap(), A);
        let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!([mode(CURSOR) & 0o7177, mode(A) & 0o7137, mode(".changes.lock") & 0o7177], [0; 3]);
        names(A).iter().for_each(|name| fs::remove_file(dir.path().join(name)).unwrap());
        outbox.pass(behind(9));
        assert_eq!((outbox.told(), outbox.read()), (Some(behind(5)), behind(9)));
        drop(outbox);
        let outbox = open(dir.path());
        assert_eq!((listed(dir.path()), outbox.told(), outbox.read()), (vec![], Some(behind(5)), behind(5)));
    }

    #[test]
    fn a_folder_is_for_one_reader_one_log_one_wish_and_one_command() {
        let dir = tempfile::tempdir().unwrap();
        let mut outbox = open(dir.path());
        outbox.begin(Place::Start).unwrap();
        let again = |wish: Wish| Outbox::open(dir.path(), wish).err().unwrap().to_string();
        assert!(again(wish()).contains("another command"));
        drop(outbox);
        let others = [
            Wish { party: "buyer-2".parse().unwrap(), ..wish() },
            Wish { registry: "eu".parse().unwrap(), ..wish() },
            Wish { origin: "eu.registry.example".parse().unwrap(), ..wish() },
            Wish { language: "ja".to_owned(), ..wish() },
            Wish { encoding: Encoding::ShiftJis, ..wish() },
            Wish { wanted: vec!["watchlist=parts".to_owned()], ..wish() },
        ];
        for other in others {
            assert!(again(other.clone()).contains("other conditions"), "{other:?}");
        }
        fs::write(dir.path().join(CURSOR), "{}").unwrap();
        assert!(again(wish()).contains("how far"));
    }

    #[test]
    fn a_cursor_names_no_file_and_vouches_for_nothing_that_was_read() {
        let dir = tempfile::tempdir().unwrap();
        drop({
            let mut outbox = open(dir.path());
            outbox.begin(behind(3)).unwrap();
            outbox
        });
        let path = dir.path().join(CURSOR);
        let written: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for (member, value) in [("staged", "/etc/passwd"), ("staged", "../x.csv"), ("read", "9")] {
            let mut forged = written.clone();
            forged[member] = value.into();
            fs::write(&path, forged.to_string()).unwrap();
            let told = format!("{:#}", Outbox::open(dir.path(), wish()).err().unwrap());
            assert!(told.contains("how far"), "{member}: {told}");
        }
    }

    #[test]
    fn names_stand_in_the_order_of_what_they_tell() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = open(dir.path());
        let place = |index, position| Place::Behind { index, position };
        let places = [Place::Start, place(0, 0), place(9, 0), place(9, 1), place(9, u32::MAX), place(10, 0)];
        let names: Vec<_> = places.windows(2).map(|pair| outbox.name(pair[0], pair[1])).collect();
        assert!(names.is_sorted(), "{names:?}");
        let ends: Vec<_> = places[1..].iter().map(|through| outbox.name(Place::Start, *through)).collect();
        assert!(ends.is_sorted(), "{ends:?}");
    }
}
