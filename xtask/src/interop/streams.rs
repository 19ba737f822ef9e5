//! Streams of events as clients of others read them: each of very many changes comes once and in order, though every connection is cut
//! again and again.
//!
//! In scope: the examples of `docs/guide/clients`, run as they stand there, each behind a wire of its own that is cut in the middle; those that
//! remember where they were are ended and started again, too.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::foreign::{Foreign, npm_packaged, packaged};
use super::report::{Ended, Report};
use super::wire::Wire;
use super::world::{World, grant};
use super::{hand_over, nats};
use crate::demo::calendar::Day;
use crate::demo::lines::Lines;

pub(super) const SUPPLIER: &str = "local:demo:streamed";
/// They change in turn: one verdict changes no more than so many times.
const VERDICTS: [&str; 2] = ["V-streamed-1", "V-streamed-2"];
/// Who decides about it.
const BODY: &str = "eddsa";
const CUTS: usize = 10;
const CHANGES_BETWEEN: usize = 100;
/// They are read before the next cut: whoever was started again is let in by then.
const CHANGES_AFTER_RESTART: usize = 2;
/// Until a client has all, or is there again. Only what would never come waits so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// A client of others, and what it takes to run it.
pub(super) struct Client {
    pub(super) tool: String,
    /// The port of this machine to which its wire leads.
    pub(super) server: u16,
    /// The program, given where its wire is; or why it cannot be run.
    pub(super) program: Result<Program, String>,
    /// Where it remembers what it printed last, if it goes on from there when it is started again.
    pub(super) memory: Option<PathBuf>,
}

/// Makes the command that runs a client, given the port where it is to connect.
pub(super) struct Program(pub(super) Box<dyn Fn(u16) -> Command>);

/// A client that reads, behind its wire.
struct Reader {
    tool: String,
    program: Program,
    memory: Option<PathBuf>,
    wire: Wire,
    lines: Lines,
    /// What it printed so far.
    seen: Vec<Value>,
}

/// Lets every client that is here read along while verdicts change a thousand times.
pub(super) fn judge<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let what = format!("{} changes, each once and in order, over {CUTS} cut connections", CUTS * CHANGES_BETWEEN);
    let mut readers = Vec::new();
    for client in clients(world, foreign).into_iter().chain(nats::clients(world, foreign)) {
        match client.program {
            Ok(program) => readers.push(Reader::start(world, client.tool, client.server, program, client.memory)?),
            Err(why) => report.leave_out(&client.tool, &what, &why)?,
        }
    }
    if readers.is_empty() {
        return Ok(());
    }
    let mut told = Vec::new();
    report.step("registry-node", "verdicts that change a thousand times", || {
        told = change(world, &mut readers)?;
        Ok(Ended::Held)
    })?;
    for reader in &mut readers {
        let tool = reader.tool.clone();
        report.step(&tool, &what, || {
            reader.read(told.len())?;
            reader.holds(&told)?;
            Ok(Ended::Held)
        })?;
    }
    let Some(events) = readers.into_iter().next().map(|reader| reader.seen) else { return Ok(()) };
    parse(world, foreign, report, &events)
}

/// The events as the SDKs of CloudEvents read them.
fn parse<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>, events: &[Value]) -> Result<()> {
    let file = world.stage.folder().join("events.json");
    hand_over(&file, &json!(events))?;
    let expected = events.iter().map(|event| json!(["id", "source", "type", "subject"].map(|member| &event[member])));
    let expected: Vec<Value> = expected.collect();
    let python = foreign.python.as_ref().map(|python| {
        let ask = || foreign.ask(python, &world.ca(), "cloudevent.py", &[file.as_os_str()]);
        Box::new(ask) as Box<dyn Fn() -> Result<Value>>
    });
    let node = foreign.node.as_ref().map(|home| {
        let ask = || foreign.ask_node(home, &world.ca(), "cloudevent.mjs", &file);
        Box::new(ask) as Box<dyn Fn() -> Result<Value>>
    });
    for (tool, sdk) in [(packaged("cloudevents"), python), (npm_packaged("cloudevents"), node)] {
        let (tool, what) = (format!("{tool} (SDK)"), "every event is a CloudEvent (JSON format)");
        match sdk {
            Ok(read) => report.step(&tool, what, || {
                let read = read()?;
                ensure!(read == json!(expected), "it reads them otherwise: {read}");
                Ok(Ended::Held)
            })?,
            Err(why) => report.leave_out(&tool, what, why)?,
        }
    }
    Ok(())
}

/// The clients of the stream over HTTPS.
fn clients(world: &World<'_>, foreign: &Foreign<'_>) -> Vec<Client> {
    let (ca, folder) = (world.ca(), world.stage.folder().to_owned());
    let server = world.jp.registry().ports()[0];
    let client = |tool: String, program| Client { tool, server, program, memory: None };
    let whom = |command: &mut Command, port: u16| {
        command.arg(format!("https://localhost:{port}")).arg(SUPPLIER);
    };
    let (trusted, python) = (ca.clone(), foreign.python.as_ref().map(|python| python.program("python")));
    let python = python.map_err(String::clone).map(|python| -> Program {
        Program(Box::new(move |port| {
            let mut command = Command::new(&python);
            whom(command.arg("-B").arg(example("watch_sse.py")).env("SSL_CERT_FILE", &trusted), port);
            command
        }))
    });
    let (trusted, node) = (ca.clone(), foreign.node.clone());
    let node = node.map(|home| -> Program {
        Program(Box::new(move |port| {
            let mut command = Command::new("node");
            whom(command.arg(home.join("watch_sse.js")).env("NODE_EXTRA_CA_CERTS", &trusted), port);
            command
        }))
    });
    let curl = foreign.curl.as_ref().map_err(String::clone).map(|_| -> Program {
        Program(Box::new(move |port| {
            let mut command = Command::new("sh");
            whom(command.arg(example("watch_sse.sh")).env("CURL_CA_BUNDLE", &ca), port);
            command.arg(folder.join("curl.last"));
            command
        }))
    });
    let version = foreign.curl.as_deref().unwrap_or("curl").to_owned();
    vec![client(packaged("httpx-sse"), python), client(npm_packaged("eventsource"), node), client(version, curl)]
}

/// An example of the guide.
pub(super) fn example(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide/clients")).join(name)
}

impl Reader {
    fn start(world: &World<'_>, tool: String, server: u16, program: Program, memory: Option<PathBuf>) -> Result<Self> {
        let wire = Wire::to(server)?;
        let lines = run(world, &tool, (program.0)(wire.port()))?;
        Ok(Self { tool, program, memory, wire, lines, seen: Vec::new() })
    }

    /// Ends it once it remembers the last event, and starts it again, if it goes on by itself then.
    fn restart(&mut self, world: &World<'_>, last: u64) -> Result<()> {
        let Some(memory) = &self.memory else { return Ok(()) };
        let remembers = || Ok(fs::read_to_string(memory).is_ok_and(|told| told == last.to_string()).then_some(()));
        world.stage.wait_until(&format!("{} remembers what it printed", self.tool), PATIENCE, remembers)?;
        world.stage.children().end(&self.tool)?;
        self.lines = run(world, &self.tool, (self.program.0)(self.wire.port()))?;
        Ok(())
    }

    /// Reads until there are so many.
    fn read(&mut self, most: usize) -> Result<()> {
        let begun = Instant::now();
        while self.seen.len() < most {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let line = self.lines.next(left).with_context(|| format!("it has {} of {most}", self.seen.len()))?;
            self.seen.push(serde_json::from_str(&line.text).with_context(|| format!("no event: {}", line.text))?);
        }
        Ok(())
    }

    /// Whether it had just these, in this order, and really was cut off.
    fn holds(&mut self, told: &[u64]) -> Result<()> {
        let ids: Vec<String> =
            self.seen.iter().map(|event| event["id"].as_str().unwrap_or_default().to_owned()).collect();
        let expected: Vec<String> = told.iter().map(u64::to_string).collect();
        if ids != expected {
            let mut times = BTreeMap::<&str, usize>::new();
            ids.iter().for_each(|id| *times.entry(id.as_str()).or_default() += 1);
            let missing = expected.iter().filter(|id| !times.contains_key(id.as_str())).count();
            let twice = times.values().filter(|times| **times > 1).count();
            bail!("{missing} are missing, {twice} came twice, of {} that were told", expected.len());
        }
        let more = self.lines.arrived().count();
        ensure!(more == 0, "{more} more came than were told");
        let cut = self.wire.cuts();
        ensure!(cut >= CUTS, "its connection was cut {cut} times, not {CUTS}");
        Ok(())
    }
}

fn run(world: &World<'_>, tool: &str, mut command: Command) -> Result<Lines> {
    let log = world.stage.folder().join("logs/tools").join(format!("{}.log", tool.replace([' ', '/'], "-")));
    world.stage.children().listen(tool, command.current_dir(world.stage.folder()), &log)
}

/// Grants verdicts and changes them, and cuts every wire now and then, in the middle of it. Answers at which entries that is.
fn change(world: &World<'_>, readers: &mut [Reader]) -> Result<Vec<u64>> {
    let mut told = Vec::new();
    for verdict in VERDICTS {
        told.push(place(&grant(&world.jp, BODY, verdict, SUPPLIER, "open")?)?);
    }
    let (mut speak, receipts) =
        world.jp.registry().converse("changes", &["submit", "--lines", "-", "--json", "--as", BODY])?;
    let take = |told: &mut Vec<u64>, changes| {
        (0..changes).try_for_each(|_| {
            told.push(place(&serde_json::from_str(&receipts.next(PATIENCE)?.text)?)?);
            anyhow::Ok(())
        })
    };
    for round in 1..=CUTS {
        // Each goes on where it was, on the connection that is cut next.
        readers.iter_mut().try_for_each(|reader| reader.read(told.len()))?;
        if round == CUTS / 2 {
            let last = *told.last().context("something was told")?;
            readers.iter_mut().try_for_each(|reader| reader.restart(world, last))?;
            say(&mut speak, VERDICTS[0], CHANGES_AFTER_RESTART)?;
            take(&mut told, CHANGES_AFTER_RESTART)?;
            readers.iter_mut().try_for_each(|reader| reader.read(told.len()))?;
        }
        for verdict in VERDICTS {
            say(&mut speak, verdict, CHANGES_BETWEEN / VERDICTS.len())?;
            if verdict == VERDICTS[0] {
                cut(world, readers, round)?;
            }
            take(&mut told, CHANGES_BETWEEN / VERDICTS.len())?;
        }
    }
    world.jp.registry().end("changes")?;
    Ok(told)
}

pub(super) fn place(receipt: &Value) -> Result<u64> {
    receipt["index"].as_u64().with_context(|| format!("a receipt names a place in the log, and this none: {receipt}"))
}

/// Suspends and restores it, so many changes in all.
fn say(speak: &mut ChildStdin, verdict: &str, changes: usize) -> Result<()> {
    let effective = format!("{}T00:00:00Z", Day::today()?);
    for number in 0..changes {
        let change = if number % 2 == 0 { "suspended" } else { "restored" };
        let claim =
            json!({"verdict": verdict, "change": change, "reason": {"code": "finding"}, "effective": effective});
        writeln!(speak, "{}", json!({"kind": "verdict-changed", "claim": claim}))?;
    }
    Ok(speak.flush()?)
}

/// Cuts every wire, once its client is there.
fn cut(world: &World<'_>, readers: &mut [Reader], round: usize) -> Result<()> {
    for reader in readers {
        let what = format!("{} on its connection number {round}", reader.tool);
        let wire = &reader.wire;
        world.stage.wait_until(&what, PATIENCE, || Ok(wire.is_used().then_some(())))?;
        wire.cut();
    }
    Ok(())
}
