//! The few operations by which this program changes a disk, so that tests can make each of them fail.
//!
//! The methods' own bodies are the real thing; a faulty disk overrides some. Reading is not in here: what is read is checked, whoever
//! wrote it. [`crate::files`] is how whole files are written through it, [`crate::journal`] and [`crate::tiles`] use it themselves.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

/// How a disk is changed.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Creates a file that must not exist, with these permissions at most.
    ///
    /// # Errors
    /// What the system said.
    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(path)
    }

    /// Writes all of `bytes` at `offset`. After an error any part of it may have been written.
    ///
    /// # Errors
    /// What the system said.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    /// Makes what was written, and the file's length, durable (`fdatasync`).
    ///
    /// # Errors
    /// What the system said. Nobody knows then what is durable, and another call would prove nothing.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    /// Cuts a file.
    ///
    /// # Errors
    /// What the system said.
    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    /// Gives a file another's name.
    ///
    /// # Errors
    /// What the system said.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Gives a file a second name, which must not exist.
    ///
    /// # Errors
    /// What the system said.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// What the system said.
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    /// Makes a folder that must not exist, with these permissions at most.
    ///
    /// # Errors
    /// What the system said.
    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        DirBuilder::new().mode(mode).create(path)
    }

    /// Removes a folder with everything in it.
    ///
    /// # Errors
    /// What the system said.
    fn remove_tree(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// What the system said; as with [`Disk::sync`].
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

/// The machine's own disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {}
