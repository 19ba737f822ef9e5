//! Answers as files, whole or not there.
//!
//! ```text
//! <name>.<input>.<n>.<ending>     the answer to the n-th document; <input> begins its SHA-256, so that the same input has the same names
//! <name>.<input>.told.json        everything that is told of the input; written last, so that where it is all answers are
//! ```
//!
//! Each is written under a name with a dot before it, forced to the disk, and renamed. Out of scope: what is in them.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ledger::digest::Digest;

use crate::bridging::Bridged;

/// The longest beginning of a file's name that its answers' names keep, in bytes: with what is added they stay within what file systems take.
const STEM: usize = 120;
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
        durable(&out.join(&name), &answer.bytes)?;
        names.push(name);
    }
    durable(&told(out, stem, &bridged.input), &serde_json::to_vec_pretty(bridged)?)?;
    Ok(names)
}

/// Writes a file so that it is there whole, after a loss of power too, or not at all.
pub(super) fn durable(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let (folder, name) = (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
    let unfinished = folder.join(format!(".{}.unfinished", name.to_string_lossy()));
    let write = || {
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        sync(folder)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Forces to the disk what a folder lists.
pub(super) fn sync(folder: &Path) -> std::io::Result<()> {
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
