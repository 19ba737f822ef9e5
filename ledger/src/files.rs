//! Files that are whole or absent: made under a temporary name, synced, then given their own.
//!
//! Shared by keys, tiles and the journal's folder. What a crash leaves behind ends in [`TEMPORARY`] and may be deleted.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The ending of names that mean nothing after a crash.
pub(crate) const TEMPORARY: &str = ".tmp";

/// The temporary name beside `path`.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(TEMPORARY);
    name.into()
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// The folder that holds `path`.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file that only its owner can read; fails with `AlreadyExists` rather than replace one.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The process id keeps two programs that make the same file at once from linking each other's half.
    let temporary = temporary(&path.with_added_extension(std::process::id().to_string()));
    remove_if_present(&temporary)?;
    let outcome = write_new(&temporary, bytes, 0o600).and_then(|()| fs::hard_link(&temporary, path));
    let removed = remove_if_present(&temporary);
    outcome.and(removed)?;
    sync_dir(parent(path))
}

/// Writes a file, replacing what had its name; the name is durable only after [`sync_dir`] of its folder.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary(path);
    remove_if_present(&temporary)?;
    write_new(&temporary, bytes, 0o644)?;
    fs::rename(&temporary, path)
}

/// Removes a file that need not exist.
pub(crate) fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
