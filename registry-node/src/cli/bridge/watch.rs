//! `bridge watch`: a folder into which a partner's system, or a gateway, puts documents, and another from which it takes answers.
//!
//! ```text
//! in/x.edi ──unchanged since the last look──▶ in/.taken/x.edi ──▶ out/x.edi.<input>.1.edi, then out/x.edi.<input>.told.json
//!                                                    │ broken                       └─▶ in/done/x.edi.<input>
//!                                                    └─▶ refused/x.edi.<input>.problem.json, then refused/x.edi.<input>
//! ```
//!
//! One file at a time, by name; what was taken before comes first. A file is taken by a rename, so that another of its name that comes
//! meanwhile is another file. Whatever is cut off is done again: what is told of an input is written last, and an input of which
//! everything is told is not answered again. Links are refused and never followed; folders, and names that begin with a dot, are left
//! alone. While the registry does not answer, files wait, in order. Out of scope: what is answered (`asking`), and carrying files.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use bridges::{INPUT_MAX, Network};
use clap::Args;
use conformity::words::{Params, label};
use ledger::digest::Digest;
use procurement::Advice;
use rustix::fs::OFlags;
use serde::Serialize;

use super::asking::{Asker, NotAnswered};
use super::{By, files};
use crate::cli::context::{Context, wait};
use crate::cli::output;

/// Files that are looked at in one round.
const ROUND: usize = 10_000;
/// The longest wait for a registry that does not answer, in seconds.
const PATIENCE: u64 = 60;

/// Answer what is put into a folder, until ended
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as buyer-1 bridge watch edifact --policy policy.json --in in --out out --refused refused

It may be ended at any moment: what was begun is done again, and nothing is answered twice. Where the registry does not answer, files wait.")]
pub(super) struct Watch {
    /// edifact, ubl, catena-x, cross-industry or list
    network: Network,
    /// The folder that documents are put into; done with, they go to the folder done in it
    #[arg(long = "in", value_name = "FOLDER")]
    from: PathBuf,
    /// The folder for answers
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// The folder for what is broken, on the same file system as --in; beside each stands why
    #[arg(long, value_name = "FOLDER")]
    refused: PathBuf,
    /// Seconds for which a file must not have changed
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    settle: u64,
    /// Answer what is there, and end
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    by: By,
}

/// What a file looked like, so that it shows whether somebody still writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Look {
    bytes: u64,
    modified: (i64, i64),
    inode: u64,
}

/// What became of a file.
#[derive(Debug, Serialize)]
struct Treated {
    file: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<Advice>,
    answers: Vec<String>,
}

/// Why a file is refused.
#[derive(Serialize)]
struct Reason<'a> {
    file: &'a str,
    detail: &'a str,
}

/// How an attempt at a file ended.
enum Attempt {
    Treated(Treated),
    /// Somebody wrote it after all.
    Unsettled,
    /// The registry does not answer.
    Later(NotAnswered),
}

/// What was read of a file that was taken.
enum Taken {
    Whole(Vec<u8>),
    Unsettled,
    /// In words.
    Refused(String),
}

/// A bridge at work on its folders.
struct Folders<'a> {
    asker: Asker,
    names: &'a FolderNames,
    context: &'a Context,
}

/// The folders.
struct FolderNames {
    from: PathBuf,
    taken: PathBuf,
    done: PathBuf,
    out: PathBuf,
    refused: PathBuf,
}

impl Watch {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let Watch { network, from, out, refused, settle, once, by } = self;
        let names = FolderNames { taken: from.join(".taken"), done: from.join("done"), from, out, refused };
        let _lock = names.open()?;
        let folders = Folders { asker: Asker::new(by, network, context)?, names: &names, context };
        let settle = Duration::from_secs(settle);
        wait(async { if once { folders.once(settle).await } else { folders.on_and_on(settle).await } })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl FolderNames {
    /// Makes what belongs to the bridge, and keeps a second one out: two would answer one file twice.
    fn open(&self) -> anyhow::Result<File> {
        for folder in [&self.from, &self.out, &self.refused] {
            anyhow::ensure!(folder.is_dir(), "{} is no folder; make it, or name another", folder.display());
        }
        for folder in [&self.taken, &self.done] {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let path = self.from.join(".bridge.lock");
        files::lock(&path, || format!("another bridge works on {}", self.from.display()))
    }

    /// What waits, by name: what was taken before, then what was put there.
    fn waiting(&self) -> anyhow::Result<Vec<(PathBuf, Look)>> {
        let mut all = listed(&self.taken)?;
        all.extend(listed(&self.from)?);
        all.truncate(ROUND);
        Ok(all)
    }
}

/// The files in `folder`, by name, links as they are; folders and names with a dot before them are none.
fn listed(folder: &Path) -> anyhow::Result<Vec<(PathBuf, Look)>> {
    let read = || -> std::io::Result<BTreeMap<OsString, Look>> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            match entry.metadata() {
                Ok(about) if !about.is_dir() => drop(found.insert(name, Look::of(&about))),
                Ok(_) => {}
                // Taken away since it was listed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    };
    let found = read().with_context(|| format!("cannot list {}", folder.display()))?;
    Ok(found.into_iter().map(|(name, look)| (folder.join(name), look)).collect())
}

impl Look {
    fn of(about: &Metadata) -> Look {
        Look { bytes: about.len(), modified: (about.mtime(), about.mtime_nsec()), inode: about.ino() }
    }
}

impl Folders<'_> {
    async fn once(&self, settle: Duration) -> anyhow::Result<()> {
        let before = self.names.waiting()?.into_iter().collect();
        tokio::time::sleep(settle).await;
        match self.round(&before).await? {
            Some(error) => {
                Err(anyhow::Error::new(error).context("the registry does not answer; what waits stays where it is"))
            }
            None => Ok(()),
        }
    }

    async fn on_and_on(&self, settle: Duration) -> anyhow::Result<()> {
        let mut pause = settle;
        loop {
            let before = self.names.waiting()?.into_iter().collect();
            tokio::time::sleep(pause).await;
            pause = match self.round(&before).await? {
                Some(error) => {
                    output::note(&format!("{error}; what waits stays where it is"));
                    (pause * 2).min(Duration::from_secs(PATIENCE)).max(settle)
                }
                None => settle,
            };
        }
    }

    /// Treats what has not changed since `before`, in order; stops where the registry does not answer, and says why.
    async fn round(&self, before: &HashSet<(PathBuf, Look)>) -> anyhow::Result<Option<NotAnswered>> {
        let settled = self.names.waiting()?.into_iter().filter(|one| before.contains(one));
        for (path, look) in settled {
            match self.attempt(&path, &look).await? {
                Attempt::Treated(treated) => output::print(self.context.json, &treated, Treated::text)?,
                Attempt::Unsettled => {}
                Attempt::Later(why) => return Ok(Some(why)),
            }
        }
        Ok(None)
    }

    async fn attempt(&self, path: &Path, look: &Look) -> anyhow::Result<Attempt> {
        let Some(path) = self.take(path)? else { return Ok(Attempt::Unsettled) };
        let input = match self.read(&path, look)? {
            Taken::Whole(input) => input,
            Taken::Unsettled => return Ok(Attempt::Unsettled),
            // Nothing of it is read, so that it is named by how it looked.
            Taken::Refused(why) => {
                let digest = Digest::of(format!("{} {look:?}", files::stem(&path)).as_bytes());
                return self.refuse(&path, &digest, &why);
            }
        };
        let (stem, digest) = (files::stem(&path), Digest::of(&input));
        if files::told(&self.names.out, &stem, &digest).exists() {
            self.done(&path, &stem, &digest)?;
            return Ok(Attempt::Treated(Treated {
                file: stem,
                outcome: "answered-before",
                advice: None,
                answers: vec![],
            }));
        }
        match self.asker.bridged(&input).await {
            Ok(bridged) => {
                let answers = files::write(&self.names.out, &stem, &bridged)?;
                self.done(&path, &stem, &digest)?;
                Ok(Attempt::Treated(Treated { file: stem, outcome: "answered", advice: bridged.advice, answers }))
            }
            Err(why @ (NotAnswered::Refused(_) | NotAnswered::Unclear(_))) => {
                self.refuse(&path, &digest, &why.to_string())
            }
            Err(why) if why.may_pass() => Ok(Attempt::Later(why)),
            Err(why) => Err(anyhow::Error::new(why).context(format!("{} waits", path.display()))),
        }
    }

    /// Takes a file out of reach of whoever puts files there; not while another of its name is not done with.
    fn take(&self, path: &Path) -> anyhow::Result<Option<PathBuf>> {
        let taken = self.names.taken.join(path.file_name().unwrap_or_default());
        if taken == path {
            return Ok(Some(taken));
        }
        if fs::symlink_metadata(&taken).is_ok() {
            return Ok(None);
        }
        moved(path, &taken)?;
        Ok(Some(taken))
    }

    /// All of a file that still looks like `look`.
    fn read(&self, path: &Path, look: &Look) -> anyhow::Result<Taken> {
        let cannot = || format!("cannot read {}", path.display());
        let told = |code: &str, params: &Params| Taken::Refused(label(code, self.context.language, params));
        if !fs::symlink_metadata(path).with_context(cannot)?.is_file() {
            return Ok(told("not-a-file", &Params::default()));
        }
        // Neither a link nor a pipe that came into its place is waited for.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path).with_context(cannot)?;
        if look.bytes > INPUT_MAX as u64 {
            return Ok(told("file-too-large", &Params::default().with("bytes", look.bytes).with("most", INPUT_MAX)));
        }
        let mut input = Vec::new();
        (&mut file).take(INPUT_MAX as u64 + 1).read_to_end(&mut input).with_context(cannot)?;
        let after = Look::of(&file.metadata().with_context(cannot)?);
        Ok(if after == *look && input.len() as u64 == look.bytes { Taken::Whole(input) } else { Taken::Unsettled })
    }

    fn done(&self, path: &Path, stem: &str, input: &Digest) -> anyhow::Result<()> {
        moved(path, &self.names.done.join(files::named(stem, input, "")))
    }

    /// The reason is durable before the file moves, so that none is there without the other.
    fn refuse(&self, path: &Path, input: &Digest, why: &str) -> anyhow::Result<Attempt> {
        let stem = files::stem(path);
        let reason = serde_json::to_vec_pretty(&Reason { file: &stem, detail: why })?;
        files::write_reason(&self.names.refused.join(files::named(&stem, input, ".problem.json")), &reason)?;
        moved(path, &self.names.refused.join(files::named(&stem, input, "")))?;
        Ok(Attempt::Treated(Treated { file: stem, outcome: "put-aside", advice: None, answers: vec![] }))
    }
}

impl Treated {
    fn text(&self) -> String {
        format!("{}: {}", self.file, output::label(self.outcome, &Params::default()))
    }
}

/// Moves a file within a file system, so that it is at one of the two places at any moment.
fn moved(from: &Path, to: &Path) -> anyhow::Result<()> {
    let both = || -> std::io::Result<()> {
        fs::rename(from, to)?;
        files::sync(to.parent().unwrap_or(Path::new(".")))?;
        files::sync(from.parent().unwrap_or(Path::new(".")))
    };
    both().with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}
