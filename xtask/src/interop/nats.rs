//! The server of buyers as clients of others find it: the examples of the guide read there, and whom it refuses.
//!
//! In scope: how the examples are run (`streams` has them read), and what becomes of connections that must not be let in, or ask for what
//! is another's.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::foreign::{Foreign, npm_packaged, packaged};
use super::hand_over;
use super::report::{Ended, Report};
use super::streams::{Client, Program, SUPPLIER, example};
use super::world::{BUYERS, World};

/// The package of npm.
const JS: &str = "@nats-io/transport-node";
/// Until the server has a cursor that was asked for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is said of whoever shows no certificate, one of another authority, one of nobody who may come in; and to whom is in, of what it may not.
const REQUIRED: Option<&str> = Some("certificate required");
const UNKNOWN: Option<&str> = Some("unknown ca");
const UNAUTHORIZED: Option<&str> = Some("authorization violation");
const FORBIDDEN: Option<&str> = Some("permissions violation");

/// A connection, and what must become of it.
struct Case {
    what: &'static str,
    /// Whose certificate it shows, if any.
    by: Option<PathBuf>,
    /// How it calls itself.
    name: String,
    hears: Vec<String>,
    says: Vec<String>,
    /// What must be said; nothing where nothing is to be refused.
    refused: Option<&'static str>,
    let_in: bool,
}

/// An example of the guide.
#[derive(Clone)]
struct Example {
    program: PathBuf,
    script: PathBuf,
    /// Names the file of whom it is to trust over HTTPS.
    trust: &'static str,
}

/// Each with its tool and a word for its files, or why it cannot be run.
fn examples(foreign: &Foreign<'_>) -> [(String, &'static str, Result<Example, String>); 2] {
    let python = foreign.python.as_ref().map_err(String::clone).map(|python| Example {
        program: python.program("python"),
        script: example("watch_nats.py"),
        trust: "SSL_CERT_FILE",
    });
    let node = foreign.node.as_ref().map_err(String::clone).map(|home| Example {
        program: PathBuf::from("node"),
        script: home.join("watch_nats.js"),
        trust: "NODE_EXTRA_CA_CERTS",
    });
    [(packaged("nats-py"), "py", python), (npm_packaged(JS), "ts", node)]
}

impl Example {
    /// Has it read as the buyer in a folder, and remember where it is in a file.
    fn program(self, world: &World<'_>, buyer: &str, memory: &Path) -> Program {
        let (https, ca) = (world.jp.url(), world.ca());
        let (buyer, memory) = (world.stage.folder().join(buyer), memory.to_owned());
        Program(Box::new(move |port| {
            let mut command = Command::new(&self.program);
            command.arg(&self.script).args(["jp", &https, &format!("tls://localhost:{port}"), SUPPLIER]);
            command.arg(&buyer).arg(&memory).env(self.trust, &ca).env("PYTHONDONTWRITEBYTECODE", "1");
            command
        }))
    }
}

/// The examples, as clients that read along.
pub(super) fn clients(world: &World<'_>, foreign: &Foreign<'_>) -> Vec<Client> {
    let client = |(tool, kind, example): (String, &str, Result<Example, String>)| {
        let memory = world.stage.folder().join(format!("watch-nats-{kind}.last"));
        let program = example.map(|example| example.program(world, BUYERS[0], &memory));
        Client { tool, server: world.buyers, program, memory: Some(memory) }
    };
    examples(foreign).into_iter().map(client).collect()
}

/// An example that is not let in says so, and ends.
fn judge_refused<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let what = "the example, by the certificate of a supplier";
    for (tool, kind, example) in examples(foreign) {
        let example = match example {
            Ok(example) => example,
            Err(why) => {
                report.leave_out(&tool, what, &why)?;
                continue;
            }
        };
        report.step(&tool, what, || {
            let name = format!("watch-nats-{kind}-refused");
            let record = world.stage.folder().join("logs/tools").join(&name);
            let program = example.program(world, "supplier", &world.stage.folder().join(&name));
            match world.stage.children().run(&name, &mut (program.0)(world.buyers), &record, PATIENCE) {
                Err(error) if format!("{error:#}").to_lowercase().contains("authorization violation") => {
                    Ok(Ended::Refused("authorization violation".to_owned()))
                }
                Err(error) => Err(error),
                Ok(_) => Ok(Ended::Broken("it ended as if all were well".to_owned())),
            }
        })?;
    }
    Ok(())
}

/// Who is let in, and what each may do there, as both clients find it.
pub(super) fn judge<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    judge_refused(world, foreign, report)?;
    let [python, node] = [packaged("nats-py"), npm_packaged(JS)];
    let what = "who is let in at the server of buyers, and what each may do there";
    let cursor = match cursor(world, foreign)? {
        Ok(cursor) => cursor,
        Err(why) => {
            report.leave_out(&python, what, &why)?;
            return report.leave_out(&node, what, &why);
        }
    };
    let cases = cases(world, &cursor)?;
    let file = world.stage.folder().join("nats.json");
    hand_over(&file, &cases.iter().map(|case| case.question(world)).collect())?;
    match &foreign.python {
        Ok(there) => {
            let answers = || foreign.ask(there, &world.ca(), "buyer.py", &[file.as_os_str()]);
            hold(&python, &cases, answers, report)?;
        }
        Err(why) => report.leave_out(&python, what, why)?,
    }
    match &foreign.node {
        Ok(home) => hold(&node, &cases, || foreign.ask_node(home, &world.ca(), "buyer.mjs", &file), report),
        Err(why) => report.leave_out(&node, what, why),
    }
}

/// A cursor of the first buyer, once the server has it: its `pull` and `inbox`.
fn cursor(world: &World<'_>, foreign: &Foreign<'_>) -> Result<Result<Value, String>> {
    if let Err(why) = &foreign.curl {
        return Ok(Err(why.clone()));
    }
    let made = ask(world, foreign, &["--request", "PUT", "--json", "{}"])?;
    ensure!(made["pull"].is_string(), "the registry makes no cursor: {made}");
    let ready = || Ok(Some(ask(world, foreign, &[])?).filter(|cursor| cursor["ready"] == true));
    world.stage.wait_until("the server of buyers has the cursor", PATIENCE, ready).map(Ok)
}

fn ask(world: &World<'_>, foreign: &Foreign<'_>, how: &[&str]) -> Result<Value> {
    let buyer = world.stage.folder().join(BUYERS[0]);
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--cacert"]).arg(world.ca()).arg("--cert").arg(buyer.join("tls.pem"));
    curl.arg("--key").arg(buyer.join("tls.key")).args(how).arg(format!("{}/v1/cursors/all", world.jp.url()));
    let ran = foreign.run("curl", &mut curl)?;
    ensure!(ran.succeeded, "{}", ran.last_words);
    serde_json::from_str(&ran.out).with_context(|| format!("no JSON: {}", ran.out))
}

/// What the cursor's owner may, and what others, and those who are nobody, may not.
fn cases(world: &World<'_>, cursor: &Value) -> Result<Vec<Case>> {
    let word = |member: &str| cursor[member].as_str().map(str::to_owned).context("a cursor says how it is used");
    let (pull, inbox, calls) = (word("pull")?, format!("{}.>", word("inbox")?), word("connectionName")?);
    let [own, other] = BUYERS.map(|buyer| world.stage.folder().join(buyer));
    let (foreigner, supplier) = (world.foreign_buyer(), world.stage.folder().join("supplier"));
    let told = ["status.jp.*.*", "bulletin.jp", "registry.jp", "heartbeat.jp"].map(str::to_owned).to_vec();
    let case = |what, by: Option<&Path>, let_in, refused| Case {
        what,
        by: by.map(Path::to_owned),
        name: String::new(),
        hears: told.clone(),
        says: Vec::new(),
        refused,
        let_in,
    };
    let pulls = |case| Case { name: calls.clone(), hears: Vec::new(), says: vec![pull.clone()], ..case };
    let hears = |case| Case { hears: vec![inbox.clone()], ..case };
    let says = |case| Case { says: vec![format!("status.jp.stars.{SUPPLIER}")], ..case };
    Ok(vec![
        case("a buyer that listens", Some(&own), true, None),
        pulls(case("a buyer that pulls from its cursor", Some(&own), true, None)),
        case("nobody, without a certificate", None, false, REQUIRED),
        case("a buyer of another registry, by its certificate", Some(&foreigner), false, UNKNOWN),
        case("a supplier, by its certificate", Some(&supplier), false, UNAUTHORIZED),
        hears(case("a buyer that listens to another's inbox", Some(&other), true, FORBIDDEN)),
        pulls(case("a buyer that pulls from another's cursor", Some(&other), true, FORBIDDEN)),
        says(case("a buyer that tells something itself", Some(&own), true, FORBIDDEN)),
    ])
}

/// Asks once, and tells of each case.
fn hold<W: Write>(
    tool: &str,
    cases: &[Case],
    ask: impl FnOnce() -> Result<Value>,
    report: &mut Report<W>,
) -> Result<()> {
    let mut answers = Value::Null;
    report.step(tool, "it connects to the server of buyers", || {
        answers = ask()?;
        ensure!(answers.as_array().is_some_and(|all| all.len() == cases.len()), "it answered {answers}");
        Ok(Ended::Held)
    })?;
    (0..).zip(cases).try_for_each(|(at, case): (usize, _)| report.step(tool, case.what, || case.holds(&answers[at])))
}

impl Case {
    fn question(&self, world: &World<'_>) -> Value {
        json!({
            "server": format!("tls://localhost:{}", world.buyers), "ca": world.ca(), "as": self.by, "name": self.name,
            "hear": self.hears, "say": self.says,
        })
    }

    fn holds(&self, answer: &Value) -> Result<Ended> {
        ensure!(answer["letIn"] == self.let_in, "it says {answer}");
        let said: Vec<&str> = answer["said"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let said = said.join("; ").replace('\n', " ");
        let Some(word) = self.refused else {
            ensure!(said.is_empty(), "it says {said}");
            return Ok(Ended::Held);
        };
        ensure!(said.to_lowercase().contains(word), "it says {said}");
        Ok(Ended::Refused(said))
    }
}
