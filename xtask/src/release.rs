//! `cargo xtask release`: what is shipped, with the list of what is in it, from the last commit and nothing else.
//!
//! ```text
//! target/release-of/<commit>/registry-node            the program
//!                            registry-node.cdx.json   what is in it (CycloneDX 1.6)
//!                            SHA256SUMS               of both, as sha256sum reads it
//! ```
//!
//! The program is built in a copy of the commit, apart from the folder that somebody works in; paths of this machine, and the time,
//! do not get in. `--check` builds a second copy elsewhere, with none of the first one's output, and compares byte by byte.
//!
//! Out of scope: signing, and carrying it anywhere.

mod sbom;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::{self, Workspace};

const PROGRAM: &str = "registry-node";

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Build a second time in another folder, and compare
    #[arg(long)]
    check: bool,
}

/// The commit that is released.
struct Commit {
    id: String,
    /// When it was made, in seconds since 1970, and as RFC 3339 writes it.
    seconds: String,
    date: String,
}

/// Builds, and answers whether the second build, if one was asked for, is the same.
///
/// # Errors
/// When something cannot be built or written.
pub fn run(workspace: &Workspace, options: &Options, out: &mut impl Write) -> Result<bool> {
    let commit = Commit::last(workspace)?;
    if !git(workspace, &["status", "--porcelain", "--untracked-files=no"])?.is_empty() {
        writeln!(out, "note: there are changes that are not committed; they are not in it")?;
    }
    let folder = workspace.target.join("release-of").join(&commit.id);
    let program = build(workspace, &commit, &folder.join("source"))?;
    let shipped = folder.join(PROGRAM);
    fs::copy(&program, &shipped).with_context(|| format!("cannot write {}", shipped.display()))?;
    let list = sbom::of(&folder.join("source"), PROGRAM, &workspace::host()?, &commit.date)?;
    let beside = folder.join(format!("{PROGRAM}.cdx.json"));
    fs::write(&beside, list).with_context(|| format!("cannot write {}", beside.display()))?;
    sums(&folder, &[PROGRAM, &format!("{PROGRAM}.cdx.json")])?;
    writeln!(out, "{}", folder.display())?;
    if !options.check {
        return Ok(true);
    }
    // Of another length, so that no path of the same length hides a difference.
    let again = build(workspace, &commit, &folder.join("the-same-source-elsewhere"))?;
    let same = fs::read(&shipped)? == fs::read(&again)?;
    let told = if same { "the same, byte by byte" } else { "NOT THE SAME" };
    writeln!(out, "built twice: {told}\n  {}\n  {}", shipped.display(), again.display())?;
    Ok(same)
}

impl Commit {
    fn last(workspace: &Workspace) -> Result<Self> {
        let said = git(workspace, &["log", "-1", "--format=%H %ct %cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ"])?;
        match said.trim().split(' ').collect::<Vec<_>>()[..] {
            [id, seconds, date] => Ok(Self { id: id.to_owned(), seconds: seconds.to_owned(), date: date.to_owned() }),
            _ => bail!("git does not say what was committed last: {said:?}"),
        }
    }
}

/// Builds the commit's own files in `source`, which is made anew with all that is built there.
fn build(workspace: &Workspace, commit: &Commit, source: &Path) -> Result<PathBuf> {
    if source.exists() {
        fs::remove_dir_all(source).with_context(|| format!("cannot empty {}", source.display()))?;
    }
    fs::create_dir_all(source).with_context(|| format!("cannot make {}", source.display()))?;
    unpack(workspace, commit, source)?;
    let target = source.join("target");
    let status = workspace
        .cargo(&["build", "--release", "--locked", "--package", PROGRAM])
        .current_dir(source)
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_INCREMENTAL", "0")
        .env("SOURCE_DATE_EPOCH", &commit.seconds)
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(source))
        // What is written in C says where its files were, too.
        .env(
            "CFLAGS",
            format!(
                "-ffile-prefix-map={}=/source -ffile-prefix-map={}=/cargo",
                source.display(),
                cargo_home().display()
            ),
        )
        .status()
        .context("cargo cannot be started")?;
    if !status.success() {
        bail!("the program cannot be built of commit {}", commit.id);
    }
    Ok(target.join("release").join(PROGRAM))
}

/// As cargo separates them, so that a path may have blanks.
fn rust_flags(source: &Path) -> String {
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    format!("{}\u{1f}{}", remap(&cargo_home(), "/cargo"), remap(source, "/source"))
}

/// Where cargo keeps the source of crates.
fn cargo_home() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

/// Writes the files of the commit.
fn unpack(workspace: &Workspace, commit: &Commit, source: &Path) -> Result<()> {
    let archive = source.with_extension("tar");
    let to = format!("--output={}", archive.display());
    git(workspace, &["archive", "--format=tar", &to, &commit.id])?;
    let status = Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(source).status().context("no tar")?;
    fs::remove_file(&archive).with_context(|| format!("cannot remove {}", archive.display()))?;
    if status.success() { Ok(()) } else { bail!("tar cannot unpack what git packed") }
}

fn git(workspace: &Workspace, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .current_dir(&workspace.root)
        .env("TZ", "UTC")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("git is not installed")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Python is a prerequisite anyway, and the same on every platform.
const SUMS: &str = "\
import hashlib, sys
for name in sys.argv[1:]:
    with open(name, 'rb') as file:
        print(hashlib.sha256(file.read()).hexdigest() + '  ' + name)
";

fn sums(folder: &Path, names: &[&str]) -> Result<()> {
    let output = Command::new("python3").current_dir(folder).args(["-c", SUMS]).args(names).output();
    let output = output.context("python3 is not installed")?;
    if !output.status.success() {
        bail!("no digests: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    fs::write(folder.join("SHA256SUMS"), output.stdout)
        .with_context(|| format!("cannot write into {}", folder.display()))
}
