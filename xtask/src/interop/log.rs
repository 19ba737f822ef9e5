//! The log: aics-tlog rebuilds the roots of published checkpoints from tiles, aics-witness cosigns them.
//!
//! In scope: a checkpoint and a later one that extends it; a tile and a checkpoint that were altered.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::foreign::{Foreign, Python, packaged};
use super::report::{Ended, Report};
use super::world::World;
use crate::demo::lines::Lines;

/// Until a published checkpoint is larger than one of before, or a witness listens.
const WAIT: Duration = Duration::from_secs(30);
const WITNESS: &str = "witness.example/w1";

/// What is kept between the first checkpoint and the one that is larger.
pub(super) struct Log<'a> {
    world: &'a World<'a>,
    foreign: &'a Foreign<'a>,
    python: &'a Python,
    /// The log's verifier key, from the genesis that every party has pinned.
    key: String,
    first: PathBuf,
    witness: Option<Witness>,
}

/// One that listens.
struct Witness {
    url: String,
    /// Its verifier key.
    key: String,
    /// Kept open, so that it can go on saying something.
    _said: Lines,
}

/// The log as it is; the answer goes to [`judge_grown`].
pub(super) fn judge<'a, W: Write>(
    world: &'a World<'_>,
    foreign: &'a Foreign<'_>,
    report: &mut Report<W>,
) -> Result<Option<Log<'a>>> {
    let (tlog, witness) = (packaged("aics-tlog"), packaged("aics-witness"));
    let here = foreign.python.as_ref().map_err(String::clone).and_then(|python| python.for_logs().map(|()| python));
    let python = match here {
        Ok(python) => python,
        Err(why) => {
            report.leave_out(&tlog, "the published roots, rebuilt from tiles", &why)?;
            report.leave_out(&witness, "cosignatures of published checkpoints", &why)?;
            return Ok(None);
        }
    };
    let genesis = world.stage.folder().join("supplier/genesis.jws");
    let key = foreign.ask(python, &world.ca(), "log.py", &["key".as_ref(), genesis.as_os_str()])?;
    let key = key.as_str().context("the genesis names no log key")?.to_owned();
    let mut log = Log { world, foreign, python, key, first: world.stage.folder().join("first.note"), witness: None };
    log.root(&tlog, "a published checkpoint", &log.first, report)?;
    log.altered(&tlog, report)?;
    report.step(&witness, "it is put up and trusts the log's key", || {
        log.witness = Some(log.put_up_witness()?);
        Ok(Ended::Held)
    })?;
    log.cosigned(&witness, "the first checkpoint that it sees", "-", &log.first, report)?;
    Ok(Some(log))
}

/// The log after more was said in it.
pub(super) fn judge_grown<W: Write>(log: &Log<'_>, report: &mut Report<W>) -> Result<()> {
    let world = log.world;
    let (tlog, witness) = (packaged("aics-tlog"), packaged("aics-witness"));
    let second = world.stage.folder().join("second.note");
    report.step(&tlog, "a later checkpoint extends the first", || {
        let old =
            ["--old-checkpoint".as_ref(), log.first.as_os_str(), "--save-checkpoint".as_ref(), second.as_os_str()];
        let grown = world.stage.wait_until("a larger checkpoint", WAIT, || {
            let answer = log.tlog("verify-consistency", &old)?;
            Ok(Some(answer).filter(|answer| answer["ok"] == true && answer["new_size"] != answer["old_size"]))
        })?;
        ensure!(grown["ok"] == true, "it says {grown}");
        Ok(Ended::Held)
    })?;
    log.root(&tlog, "the later checkpoint", &second, report)?;
    log.cosigned(&witness, "the later one, with a consistency proof", &text(&log.first)?, &second, report)?;
    report.step(&witness, "the first one once more, as if nothing had been seen", || {
        log.refused(&log.feed("-", &log.first)?, "409")
    })
}

impl Log<'_> {
    /// The tool fetches checkpoint and tiles, checks the signature, and computes the root.
    fn root<W: Write>(&self, tool: &str, what: &str, note: &Path, report: &mut Report<W>) -> Result<()> {
        report.step(tool, &format!("{what}: signature and root from tiles"), || {
            if !note.exists() {
                let answer = self.tlog("verify-checkpoint", &["--save-checkpoint".as_ref(), note.as_os_str()])?;
                ensure!(answer["ok"] == true && answer["tiles_ok"] == true, "it says {answer}");
            }
            self.ask(&["rebuild".as_ref(), self.url().as_ref(), note.as_os_str()])?;
            Ok(Ended::Held)
        })
    }

    fn altered<W: Write>(&self, tool: &str, report: &mut Report<W>) -> Result<()> {
        report.step(tool, "a tile with one bit turned over", || {
            let said = self.ask(&["altered".as_ref(), self.url().as_ref(), self.first.as_os_str()])?;
            self.refused(&said, "do not match the root")
        })?;
        report.step(tool, "a checkpoint with another root", || {
            let note = self.world.stage.folder().join("altered.note");
            fs::write(&note, altered_root(&fs::read_to_string(&self.first)?)?)?;
            let said = self.tlog("verify-checkpoint", &["--note".as_ref(), note.as_os_str()])?;
            ensure!(said["ok"] == false, "it takes it: {said}");
            Ok(Ended::Refused(said["error"].as_str().unwrap_or("its signature is not good").to_owned()))
        })?;
        report.step(tool, "an entry is included", || {
            let said = self.tlog("verify-inclusion", &["--index".as_ref(), "5".as_ref()])?;
            ensure!(said["ok"] == true, "it says {said}");
            Ok(Ended::Held)
        })
    }

    /// Feeds a checkpoint, and lets aics-tlog verify what comes back.
    fn cosigned<W: Write>(&self, tool: &str, what: &str, old: &str, note: &Path, report: &mut Report<W>) -> Result<()> {
        report.step(tool, &format!("{what}: cosigned, and the cosignature verifies"), || {
            let said = self.feed(old, note)?;
            let cosignature = said["cosignature"].as_str().with_context(|| format!("it says {said}"))?;
            let cosigned = note.with_extension("cosigned");
            fs::write(&cosigned, format!("{}{cosignature}", fs::read_to_string(note)?))?;
            let Witness { key, .. } = self.witness.as_ref().context("no witness listens")?;
            let asked = ["--note".as_ref(), cosigned.as_os_str(), "--quorum".as_ref(), "1".as_ref()];
            let answer =
                self.tlog("verify-checkpoint", &[&asked[..], &["--witness-key".as_ref(), key.as_ref()]].concat())?;
            ensure!(answer["ok"] == true && answer["cosignatures"] == 1, "aics-tlog says of the cosignature: {answer}");
            Ok(Ended::Held)
        })
    }

    fn put_up_witness(&self) -> Result<Witness> {
        let stage = self.world.stage;
        let config = stage.folder().join("witness/witness.json");
        fs::create_dir_all(stage.folder().join("witness"))?;
        let [port] = stage.ports()?;
        let listen = format!("127.0.0.1:{port}");
        let run = |arguments: &[&str]| {
            let ran =
                self.foreign.run("aics-witness", self.witness_program().args(arguments).arg("-c").arg(&config))?;
            ensure!(ran.succeeded, "{}", ran.last_words);
            Ok(ran.out)
        };
        let said = run(&["init", "--name", WITNESS, "--listen", &listen])?;
        let key = said.split_whitespace().find(|word| word.starts_with(&format!("{WITNESS}+")));
        let key = key.with_context(|| format!("it names no key: {said}"))?.to_owned();
        run(&["add-log", "--origin", &self.origin(), "--vkey", &self.key])?;
        let mut serve = self.witness_program();
        serve.args(["serve", "-c"]).arg(&config).current_dir(stage.folder());
        let said = stage.children().listen("witness", &mut serve, &stage.folder().join("logs/witness.log"))?;
        stage.wait_until("the witness", WAIT, || Ok(std::net::TcpStream::connect(&listen).is_ok().then_some(())))?;
        Ok(Witness { url: format!("http://{listen}"), key, _said: said })
    }

    fn witness_program(&self) -> Command {
        Command::new(self.python.program("aics-witness"))
    }

    fn feed(&self, old: &str, note: &Path) -> Result<Value> {
        let Witness { url: witness, .. } = self.witness.as_ref().context("no witness listens")?;
        let url = self.url();
        self.ask(&["feed".as_ref(), witness.as_ref(), url.as_ref(), old.as_ref(), note.as_os_str()])
    }

    fn refused(&self, said: &Value, because: &str) -> Result<Ended> {
        let why = said["why"].as_str().unwrap_or_default();
        ensure!(said["accepted"] == false && why.contains(because), "it says {said}");
        Ok(Ended::Refused(why.replace('\n', " ")))
    }

    fn ask(&self, arguments: &[&OsStr]) -> Result<Value> {
        self.foreign.ask(self.python, &self.world.ca(), "log.py", arguments)
    }

    /// Every command of aics-tlog prints one JSON object, also when it refuses.
    fn tlog(&self, command: &str, arguments: &[&OsStr]) -> Result<Value> {
        let mut tlog = Command::new(self.python.program("aics-tlog"));
        tlog.arg(command).args(["--log-key", &self.key, "--origin", &self.origin()]).args(arguments);
        if !arguments.contains(&OsStr::new("--note")) {
            tlog.args(["--tiles", &self.url()]);
        }
        let ran = self.foreign.run("aics-tlog", tlog.env("SSL_CERT_FILE", self.world.ca()))?;
        serde_json::from_str(&ran.out).with_context(|| format!("aics-tlog says: {}", ran.last_words))
    }

    fn url(&self) -> String {
        format!("{}/", self.world.jp.url())
    }

    fn origin(&self) -> String {
        format!("{}.registry.example", self.world.jp.id())
    }
}

/// Another root, as the third line of the note.
fn altered_root(note: &str) -> Result<String> {
    let mut lines: Vec<&str> = note.split('\n').collect();
    let root = lines.get_mut(2).context("a checkpoint has three lines")?;
    let first = if root.starts_with('A') { "B" } else { "A" };
    let other = format!("{first}{}", root.get(1..).unwrap_or_default());
    *root = &other;
    Ok(lines.join("\n"))
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().with_context(|| format!("{} is no text", path.display()))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_altered_root_differs_in_one_letter() -> Result<()> {
        for (root, other) in [("AbC=", "BbC="), ("xbC=", "AbC=")] {
            let note = |root: &str| format!("log.example\n3\n{root}\n\n— log.example sig\n");
            assert_eq!(altered_root(&note(root))?, note(other));
        }
        assert!(altered_root("one line").is_err());
        Ok(())
    }
}
