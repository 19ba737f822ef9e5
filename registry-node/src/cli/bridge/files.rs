//! Answers as files, whole or not there.
//!
//! ```text
//! <name>.<input>.<n>.<ending>     the answer to the n-th document; <input> begins its SHA-256, so that the same input has the same names
//! <name>.<input>.told.json        everything that is told of the input; written last, so that where it is all answers are
//! ```
//!
//! Each is written under a name with a dot before it, forced to the disk, and renamed. Out of scope: what is in them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ledger::digest::Digest;
use rustix::fs::OFlags;

use crate::bridging::Bridged;

/// The longest beginning of a file's name that its answers' names keep, in bytes: with what is added they stay within what file systems take.
const STEM: usize = 120;
/// Who may read answers: whom the system lets, for whoever takes them is another user.
const ANSWERS: u32 = 0o666;
/// Characters of a digest that are enough to tell inputs of one name apart.
const SHORT: usize = 16;

/// What answers to the file at `path` are called by.
pub(super) fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let plain = name.chars().map(|letter| if letter.is_control() { '_' } else { letter });
    let mut stem = String::new();
    for letter in plain {
        if stem.len() + letter.len_utf8() > STEM {
            break;
        }
        stem.push(letter);
    }
    stem
}

/// A name beside `stem` for what belongs to this input.
pub(super) fn named(stem: &str, input: &Digest, ending: &str) -> String {
    format!("{stem}.{}{ending}", &input.to_string()[..SHORT])
}

/// Where everything that is told of an input is written.
pub(super) fn told(out: &Path, stem: &str, input: &Digest) -> PathBuf {
    out.join(named(stem, input, ".told.json"))
}

/// Writes all answers into `out`, then everything that is told; gives the names of the answers.
pub(super) fn write(out: &Path, stem: &str, bridged: &Bridged) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for (position, document) in bridged.documents.iter().enumerate() {
        let Some(answer) = &document.answer else { continue };
        let name = named(stem, &bridged.input, &format!(".{}.{}", position + 1, ending(answer.media_type)));
        durable(&out.join(&name), &answer.bytes, ANSWERS)?;
        names.push(name);
    }
    durable(&told(out, stem, &bridged.input), &serde_json::to_vec_pretty(bridged)?, ANSWERS)?;
    Ok(names)
}

/// Writes the reason for which a file is refused.
pub(super) fn write_reason(path: &Path, reason: &[u8]) -> anyhow::Result<()> {
    durable(path, reason, ANSWERS)
}

/// Writes a file with this mode so that it is there whole, after a loss of power too, or not at all.
pub(super) fn durable(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let (folder, name) = (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
    let unfinished = folder.join(format!(".{}.unfinished", name.to_string_lossy()));
    let write = || {
        anew(&unfinished, bytes, mode)?;
        fs::rename(&unfinished, path)?;
        sync(folder)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a file that is new, forced to the disk. Others write into these folders too: a link that waits there is removed and not followed.
pub(super) fn anew(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Holds a folder by a file in it, against a second command; `held` says what that one does. A link is refused.
pub(super) fn lock(path: &Path, held: impl FnOnce() -> String) -> anyhow::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = OpenOptions::new();
    let lock = options.write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(path);
    let lock = lock.with_context(|| format!("cannot write {}", path.display()))?;
    lock.try_lock().with_context(held)?;
    Ok(lock)
}

/// Forces to the disk what a folder lists.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

fn ending(media_type: &str) -> &'static str {
    match media_type {
        "application/edifact" => "edi",
        "application/xml" => "xml",
        "text/csv" => "csv",
        "text/plain" => "txt",
        _ => "json",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn links_that_others_planted_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, precious) = (dir.path().join("out"), dir.path().join("precious"));
        fs::create_dir(&folder).unwrap();
        fs::write(&precious, "mine").unwrap();
        let (told, held) = (folder.join("told.csv"), folder.join(".lock"));
        for planted in [&folder.join(".told.csv.unfinished"), &told, &held] {
            symlink(&precious, planted).unwrap();
        }
        durable(&told, b"told", 0o640).unwrap();
        assert_eq!(fs::read(&told).unwrap(), b"told");
        assert_eq!(fs::symlink_metadata(&told).unwrap().permissions().mode() & 0o7137, 0, "nobody else's");
        assert!(format!("{:#}", lock(&held, String::new).unwrap_err()).contains("cannot write"));
        assert_eq!(fs::read(&precious).unwrap(), b"mine");
        fs::remove_file(&held).unwrap();
        let first = lock(&held, String::new).unwrap();
        assert!(lock(&held, || "held".to_owned()).unwrap_err().to_string().contains("held"));
        drop(first);
        lock(&held, String::new).unwrap();
    }
}
