//! Files that are whole or absent: made under a temporary name, synced, then given their own.
//!
//! Everything outside of journal, vault and index that a node must not lose is written this way: keys, tiles, checkpoints,
//! configurations, certificates, what a peer admitted. Whoever calls gets `Ok` only when the file would survive a power cut; after
//! an error the old file stands or the new one, whole. What a crash leaves behind ends in `.tmp` and may be deleted.

use crate::disk::Disk;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Permissions of what only its owner may read.
pub const PRIVATE: u32 = 0o600;
/// Permissions of what everyone may read.
pub const SHOWN: u32 = 0o644;

/// Permissions of a folder that everyone may look into.
pub const OPEN: u32 = 0o755;

/// The ending of names that mean nothing after a crash.
pub(crate) const TEMPORARY: &str = ".tmp";

/// The temporary name beside `path`.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(TEMPORARY);
    name.into()
}

/// The folder that holds `path`.
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file that only its owner can read; fails with `AlreadyExists` rather than replace one.
///
/// # Errors
/// What the system said.
pub fn create_private(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The process id keeps two programs that make the same file at once from linking each other's half.
    let temporary = temporary(&path.with_added_extension(std::process::id().to_string()));
    let outcome = write_new(disk, &temporary, bytes, PRIVATE).and_then(|()| disk.link(&temporary, path));
    let removed = remove_if_present(disk, &temporary);
    outcome.and(removed)?;
    disk.sync_dir(parent(path))
}

/// Writes a file, replacing what had its name.
///
/// # Errors
/// What the system said.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    put(disk, path, bytes, mode)?;
    disk.sync_dir(parent(path))
}

/// As [`replace`], but the name is durable only after [`Disk::sync_dir`] of its folder: for many files in one.
///
/// # Errors
/// What the system said.
pub fn put(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let temporary = temporary(path);
    let outcome = write_new(disk, &temporary, bytes, mode).and_then(|()| disk.rename(&temporary, path));
    if outcome.is_err() {
        // On a full disk its room is wanted. What cannot be removed now goes the next time.
        let _ = remove_if_present(disk, &temporary);
    }
    outcome
}

/// Makes a folder with those that it lies in, unless it is there, each durable.
///
/// # Errors
/// What the system said.
pub fn make_dir(disk: &dyn Disk, dir: &Path, mode: u32) -> io::Result<()> {
    if !dir.is_dir() {
        make_dir(disk, parent(dir), mode)?;
        disk.create_dir(dir, mode)?;
    }
    // Also of one that is there: whoever made it may have failed at this.
    disk.sync_dir(parent(dir))
}

/// Gives a file another name, in place of whatever had it.
///
/// # Errors
/// What the system said.
pub fn rename(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<()> {
    disk.rename(from, to)?;
    disk.sync_dir(parent(to))?;
    if parent(from) == parent(to) { Ok(()) } else { disk.sync_dir(parent(from)) }
}

/// Makes durable which names there are in a folder, and in those below it. What the files hold is their writers' affair.
///
/// # Errors
/// What the system said.
pub fn sync_tree(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    for item in fs::read_dir(dir)? {
        let item = item?;
        if item.file_type()?.is_dir() {
            sync_tree(disk, &item.path())?;
        }
    }
    disk.sync_dir(dir)
}

/// Removes a file that need not exist; that it is gone is durable only after [`Disk::sync_dir`] of its folder.
///
/// # Errors
/// What the system said.
pub fn remove_if_present(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_new(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    remove_if_present(disk, path)?;
    let file = disk.create(path, mode)?;
    disk.write_at(&file, bytes, 0)?;
    disk.sync(&file)
}

#[cfg(test)]
mod tests;
