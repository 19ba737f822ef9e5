//! `cargo xtask fuzz`: libFuzzer looks for bytes that break what takes bytes from outside.
//!
//! In scope: building `fuzz/libfuzzer` with the coverage that a stable compiler gives, running its targets one after the other, and
//! keeping in `fuzz/corpora` what covers more. Out of scope: what a target does (`fuzz/targets`), and replaying corpora, which
//! is an ordinary test there.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::{self, Workspace};

/// What cargo-fuzz asks of LLVM; a sanitizer, which it adds, would need a nightly compiler and finds what safe code cannot do.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                        -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Seconds after which one input is a finding.
const SLOW: u32 = 10;
/// MiB at which one is.
const MEMORY: u32 = 2048;
/// Bytes of the longest input that is tried, and of the longest that is kept.
const LONGEST: u32 = 16_384;
const LONGEST_KEPT: u32 = 1_024;

/// What to fuzz, and for how long.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Targets, as the folders of fuzz/corpora are called; all of them if none is named
    targets: Vec<String>,
    /// Minutes for each
    #[arg(long, default_value_t = 1)]
    minutes: u32,
    /// Afterwards, put into fuzz/corpora what covers more than what is there
    #[arg(long)]
    keep: bool,
}

/// Fuzzes, and answers whether nothing was found.
///
/// # Errors
/// When a target is not known, or the fuzzer cannot be built.
pub fn run(workspace: &Workspace, options: &Options, out: &mut impl Write) -> Result<bool> {
    let known = targets(workspace)?;
    if let Some(unknown) = options.targets.iter().find(|name| !known.contains(name)) {
        bail!("no target is called {unknown}; there are {}", known.join(", "));
    }
    let chosen = if options.targets.is_empty() { &known } else { &options.targets };
    let program = build(workspace)?;
    let mut clean = true;
    for name in chosen {
        let hunt = Hunt::prepare(workspace, &program, name)?;
        clean &= hunt.run(options.minutes, out)?;
        if options.keep {
            hunt.keep()?;
        }
    }
    Ok(clean)
}

/// A target has a corpus, and a corpus its target: a test in `fuzz/targets` sees to it.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let corpora = workspace.root.join("fuzz/corpora");
    let entries = fs::read_dir(&corpora).with_context(|| format!("cannot read {}", corpora.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().to_str().map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let host = workspace::host()?;
    let target = workspace.target.join("fuzz");
    let manifest = "fuzz/libfuzzer/Cargo.toml";
    // With `--target`, the flags do not reach build scripts, which have no fuzzer to link with. Without `--locked`: what the workspace
    // needs since is added to the fuzzer's own lock.
    let status = workspace
        .cargo(&["build", "--release", "--manifest-path", manifest, "--target", &host])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", COVERAGE)
        .status()
        .context("cargo cannot be started")?;
    if !status.success() {
        bail!("the fuzzer cannot be built; it needs a C++ compiler (Debian: apt install g++)");
    }
    Ok(target.join(host).join("release/fuzz-libfuzzer"))
}

/// One target's program and folders.
struct Hunt<'a> {
    program: &'a Path,
    name: &'a str,
    /// Kept with the source.
    kept: PathBuf,
    /// What the fuzzer keeps for itself from one run to the next.
    found: PathBuf,
    /// Inputs that broke something begin with this.
    broken: String,
    log: PathBuf,
}

impl<'a> Hunt<'a> {
    fn prepare(workspace: &Workspace, program: &'a Path, name: &'a str) -> Result<Self> {
        let own = workspace.target.join("fuzz/corpora").join(name);
        let found = own.join("found");
        fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        let kept = workspace.root.join("fuzz/corpora").join(name);
        Ok(Self { program, name, kept, found, broken: format!("{}/", own.display()), log: own.join("log") })
    }

    fn run(&self, minutes: u32, out: &mut impl Write) -> Result<bool> {
        let time = format!("-max_total_time={}", minutes.saturating_mul(60));
        let longest = format!("-max_len={LONGEST}");
        let passed = self.fuzzer(&[&time, &longest, "-print_final_stats=1"], &[&self.found, &self.kept])?;
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let tried = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units: "));
        let ended = if passed { "nothing found" } else { "FOUND SOMETHING" };
        writeln!(out, "{:<16} {:>12} inputs  {ended}", self.name, tried.unwrap_or("?").trim())?;
        if !passed {
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(40);
            writeln!(out, "{}\nall of it: {}", lines[last..].join("\n"), self.log.display())?;
        }
        Ok(passed)
    }

    /// Takes over what covers something that nothing kept covers.
    fn keep(&self) -> Result<()> {
        let longest = format!("-max_len={LONGEST_KEPT}");
        if self.fuzzer(&["-set_cover_merge=1", &longest], &[&self.kept, &self.found])? {
            return Ok(());
        }
        bail!("{}: what was found cannot be taken over; see {}", self.name, self.log.display())
    }

    fn fuzzer(&self, flags: &[&str], corpora: &[&Path]) -> Result<bool> {
        let log = File::create(&self.log).with_context(|| format!("cannot write {}", self.log.display()))?;
        let status = Command::new(self.program)
            .env("FUZZ_TARGET", self.name)
            .args(flags)
            .args([format!("-timeout={SLOW}"), format!("-rss_limit_mb={MEMORY}")])
            .arg(format!("-artifact_prefix={}", self.broken))
            .args(corpora)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .status()
            .context("the fuzzer does not start")?;
        Ok(status.success())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_target_that_is_not_there_is_named() {
        let workspace = Workspace::find().unwrap();
        let known = targets(&workspace).unwrap();
        assert!(known.contains(&"statement".to_owned()), "{known:?}");
        let options = Options { targets: vec!["statments".to_owned()], minutes: 1, keep: false };
        let error = run(&workspace, &options, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("statments") && error.contains("statement"), "{error}");
    }
}
