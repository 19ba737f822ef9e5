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

const REQUIRED: &[&str] = &["XX"];
const UNKNOWN: &[&str] = &["XX"];
const UNAUTHORIZED: &[&str] = &["authorization violation"];
const FORBIDDEN: &[&str] = &["permissions violation"];

/// A connection, and what must become of it.
struct Case {
    what: &'static str,
    /// Whose certificate it shows, if any.
    by: Option<PathBuf>,
    /// How it calls itself.
    name: String,
    hears: Vec<String>,
    says: Vec<String>,
    /// Words of which one must be in what is refused; none where nothing is to be refused.
    refused: &'static [&'static str],
    let_in: bool,
}

/// The examples that listen there.
pub(super) fn clients(world: &World<'_>, foreign: &Foreign<'_>) -> Vec<Client> {
    let folder = world.stage.folder().to_owned();
    let client = |tool: String, kind: &str, ready: Result<(PathBuf, PathBuf), String>, trust: &'static str| {
        let memory = folder.join(format!("watch-nats-{kind}.last"));
        let (https, ca, buyer) = (world.jp.url(), world.ca(), folder.join(BUYERS[0]));
        let remembered = memory.clone();
        let program = ready.map(|(program, script)| -> Program {
            Box::new(move |port| {
                let mut command = Command::new(&program);
                command.arg(&script).args(["jp", &https, &format!("tls://localhost:{port}"), SUPPLIER]);
                command.arg(&buyer).arg(&remembered).env(trust, &ca);
                command
            })
        });
        Client { tool, server: world.buyers, program, memory: Some(memory) }
    };
    let python = foreign.python.as_ref().map_err(String::clone);
    let python = python.map(|python| (python.program("python"), example("watch_nats.py")));
    let node = foreign.node.clone().map(|home| (PathBuf::from("node"), home.join("watch_nats.js")));
    vec![
        client(packaged("nats-py"), "py", python, "SSL_CERT_FILE"),
        client(npm_packaged(JS), "ts", node, "NODE_EXTRA_CA_CERTS"),
    ]
}

/// Who is let in, and what each may do there, as both clients find it.
pub(super) fn judge<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
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
        case("a buyer that listens", Some(&own), true, &[]),
        pulls(case("a buyer that pulls from its cursor", Some(&own), true, &[])),
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
        let said = said.join("; ");
        if self.refused.is_empty() {
            ensure!(said.is_empty(), "it says {said}");
            return Ok(Ended::Held);
        }
        let lower = said.to_lowercase();
        ensure!(self.refused.iter().any(|word| lower.contains(word)), "it says {said}");
        Ok(Ended::Refused(said))
    }
}
