//! A supplier two tiers down, abroad, is suspended: whoever depends on it hears of it, each in the form that it uses already.
//!
//! In scope: one buyer in the EU with a socket, a webhook and a folder of orders; how long each took since the suspension was acknowledged
//! in Japan; and what the buyer's chain makes of it. Out of scope: the receiver, which is a program of the buyer's own (`receiver.py`).

use std::fs;
use std::io::Write;
use std::process::{ChildStdin, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::buyer::Buyer;
use super::cast::{Cast, EU_BUYER, JP_CERTIFICATION};
use super::changes::Body;
use super::life::{Grant, grant};
use crate::demo::calendar;
use crate::demo::fact;
use crate::demo::latency::milliseconds;
use crate::demo::lines::Lines;
use crate::demo::narrator::Narrator;
use crate::demo::table::Table;

/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_secs(30);
/// Location numbers that no enterprise can have: their prefix is for use within one company (GS1 General Specifications, 1.4).
const SECOND_TIER: &str = "gln:2000000000008";
const OTHER: &str = "gln:2000000000015";
/// What the buyer calls its chain, and what it asks of it.
const LAMPS: &str = "lamps";

const OPENING: &str = "\
Fictional Motors AG makes headlamps. Their lamp comes from Germany, the chip in the lamp from Japan, the wafer in the chip from
further away. It wrote that down once, as a table, and keeps it at the registry of the EU for itself alone.

    wafer            chip                     lamp             product
    Third Tier ────▶ Second Tier Chips KK ───▶ Lamp Works ────▶ Headlamp
                     (Japan)                   (Germany)
                     Other Chips KK, Japan ───────────────────▶ Dashboard";

const METHOD: &str = "\
The first two come by themselves. The other two are commands that were started when these had come, one after the other: most of
their time is that of starting a program that was built without optimisation.\n";

/// One way on which the buyer hears of it.
struct Heard {
    form: &'static str,
    at: Instant,
    says: String,
}

/// Plays the chapter.
pub(super) fn play<W: Write>(cast: &Cast<'_>, buyer: &mut Buyer<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.say(OPENING)?;
    for (id, name, supplier) in
        [("W-1", "Second Tier Chips KK (fictional)", SECOND_TIER), ("W-2", "Other Chips KK (fictional)", OTHER)]
    {
        grant(cast, told, &Grant::organization(id, name).to(supplier, "JP"))?;
        let verdict = format!("jp:{id}");
        told.step(&format!("eu: the buyer sees {verdict} recognised"), || {
            buyer.sees(&verdict, "recognised", "granted").map(drop)
        })?;
    }
    keep(cast, told)?;
    let webhook = Webhook::open(cast, told)?;
    let mut body = Body::begin(cast)?;
    let (acknowledged, heard) = told.step("jp: W-1 is suspended; eu: the buyer hears of it on every way", || {
        let acknowledged = body.state("verdict-changed", &suspended()?)?;
        Ok((acknowledged, hear(cast, buyer, &webhook)?))
    })?;
    cast.jp.registry().end(Body::NAME)?;
    let ways: Vec<&Heard> = heard.ways.iter().collect();
    told.say(&format!("\n{}", side_by_side(&ways, acknowledged)))?;
    told.say(METHOD)?;
    exposed(&heard.exposure, told)?;
    restored(cast, buyer, &webhook, told)
}

/// The buyer puts its chain and its policy, once.
fn keep<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step("eu: the buyer keeps its supply chain and what it asks of it at the registry, for itself alone", || {
        let put = cast.eu.party(EU_BUYER, &["supply-chain", "put", LAMPS, &fact("lamps.csv")])?;
        ensure!(put["suppliers"] == 4 && put["links"] == 4, "it took {put}");
        cast.eu.party(EU_BUYER, &["buying-policy", "put", LAMPS, &fact("lamps.json")]).map(drop)
    })
}

/// What came, by every way.
struct Ways {
    ways: Vec<Heard>,
    exposure: Value,
}

fn hear(cast: &Cast<'_>, buyer: &mut Buyer<'_>, webhook: &Webhook) -> Result<Ways> {
    let seen = buyer.sees("jp:W-1", "refused", "suspended")?;
    let socket = Heard { form: "socket (SSE)", at: seen.at, says: seen.explanation().to_owned() };
    let (at, exposure) = webhook.next()?;
    ensure!(exposure["type"] == "org.secure-trust-registry.supply-chain.exposed", "the webhook was told {exposure}");
    let says = format!("{} for {}", exposure["type"].as_str().unwrap_or_default(), exposure["subject"]);
    let hook = Heard { form: "webhook", at, says };
    Ok(Ways { ways: vec![socket, hook, news(cast)?, edifact(cast)?], exposure })
}

/// The body in Japan tells the supplier's customers in Catena-X.
fn news(cast: &Cast<'_>) -> Result<Heard> {
    let partners = ["--sender", "BPNL00000000DEMO", "--receiver", "BPNL0000000CARDE"];
    let event = cast.jp.party(JP_CERTIFICATION, &[&["bridge", "news", "jp:W-1"][..], &partners].concat())?;
    let (at, data) = (Instant::now(), &event["data"]);
    ensure!(data["status"] == "WITHDRAWN", "it tells {event}");
    Ok(Heard { form: "Catena-X (CX-0135)", at, says: format!("{} {}", data["status"], data["certificate"]) })
}

/// An order to the supplier that lies in the buyer's folder is answered in the network's own form.
fn edifact(cast: &Cast<'_>) -> Result<Heard> {
    let folder = cast.stage.folder();
    let order = folder.join("order.edi");
    let number = SECOND_TIER.trim_start_matches("gln:");
    let text = format!(
        "UNB+UNOC:3+2000000000046:14+{number}:14+261127:2300+R-1'UNH+1+ORDERS:D:96A:UN'BGM+220+PO-78'\
         NAD+BY+2000000000046::9'NAD+SU+{number}::9'UNT+5+1'UNZ+1+R-1'"
    );
    fs::write(&order, text).with_context(|| format!("cannot write {}", order.display()))?;
    let answers = folder.join("answers");
    fs::create_dir_all(&answers)?;
    let (order, answers_told) = (order.display().to_string(), answers.display().to_string());
    let by = ["--kept", LAMPS, "--tier", "2", "--own", "gln:2000000000046", "--out", &answers_told];
    // Whoever is to stop ends with exit code 5: the shell says so, and is done.
    let line = [&["bridge", "edifact", &order, "--as", EU_BUYER][..], &by].concat().join(" ");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("\"$N\" {line}; test $? -eq 5")]);
    command.env("N", cast.stage.program()).current_dir(folder);
    cast.stage.children().run("bridge edifact", &mut command, &folder.join("logs/bridge"), LIMIT)?;
    let at = Instant::now();
    let aperak = aperak(&answers)?;
    Ok(Heard { form: "EDIFACT (APERAK)", at, says: aperak })
}

/// The answer's free text, as it is sent.
fn aperak(answers: &std::path::Path) -> Result<String> {
    let mut files = fs::read_dir(answers)?.filter_map(Result::ok).map(|file| file.path());
    let file = files.find(|file| file.extension().is_some_and(|end| end == "edi")).context("no answer was written")?;
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    ensure!(text.contains("APERAK"), "it answers {text}");
    let told = text.split('\'').find(|segment| segment.trim_start().starts_with("FTX"));
    Ok(told.context("the answer says nothing")?.trim().to_owned())
}

fn side_by_side(ways: &[&Heard], acknowledged: Instant) -> Table<3> {
    let mut table = Table::new(["since the suspension was acknowledged", "the buyer's", "says"]);
    for Heard { form, at, says } in ways {
        let short: String = says.chars().take(90).collect();
        table.row([milliseconds(at.saturating_duration_since(acknowledged)), (*form).to_owned(), short]);
    }
    table
}

/// What the event says of the chain: all that a buyer has to know to act.
fn exposed<W: Write>(event: &Value, told: &mut Narrator<W>) -> Result<()> {
    let (data, exposure) = (&event["data"], &event["data"]["exposure"]);
    let names = |list: &Value, member: &str| -> Vec<String> {
        let each = list.as_array().map(Vec::as_slice).unwrap_or_default().iter();
        each.map(|one| if member.is_empty() { one } else { &one[member] }.as_str().unwrap_or_default().to_owned())
            .collect()
    };
    told.expect("eu: one event names the supplier", &names(&data["suppliers"], ""), &vec![SECOND_TIER.to_owned()])?;
    told.expect(
        "eu: … the product that hangs on it",
        &names(&exposure["products"], "product"),
        &vec!["Headlamp".to_owned()],
    )?;
    let orders = vec!["PO-77".to_owned(), "PO-78".to_owned()];
    told.expect("eu: … the orders", &names(&exposure["orders"], ""), &orders)?;
    let broken = &exposure["broken"][0];
    told.expect("eu: … the rule that is not met", &names(&broken["rules"], "rule"), &vec!["second-tier".to_owned()])?;
    let other = vec![OTHER.to_owned()];
    told.expect("eu: … and who in the chain could take over", &names(&broken["alternatives"], ""), &other)?;
    let path = names(&exposure["paths"][0], "").join(" ─▶ ");
    told.say(&format!("  {path}"))
}

fn restored<W: Write>(cast: &Cast<'_>, buyer: &mut Buyer<'_>, webhook: &Webhook, told: &mut Narrator<W>) -> Result<()> {
    told.step("jp: it is restored; eu: the webhook is told that the chain holds again", || {
        let restore = ["restore", "W-1", "--reason", "corrected"];
        cast.jp.party(JP_CERTIFICATION, &restore)?;
        buyer.sees("jp:W-1", "recognised", "granted")?;
        let (_, event) = webhook.next()?;
        let eased = event["type"] == "org.secure-trust-registry.supply-chain.eased";
        ensure!(eased && event["data"]["exposure"]["brokenLinks"] == 0, "the webhook was told {event}");
        Ok(())
    })
}

fn suspended() -> Result<Value> {
    let reason = json!({ "code": "finding" });
    Ok(json!({ "verdict": "W-1", "change": "suspended", "reason": reason, "effective": calendar::now()? }))
}

/// The buyer's own software, which takes what it is told and checks who signed it.
struct Webhook {
    lines: Lines,
    /// Kept open, as the receiver's input.
    _secret: ChildStdin,
}

impl Webhook {
    /// Starts it, and subscribes to what changes do to the chain.
    fn open<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<Self> {
        told.step("eu: the buyer's own software listens, and is told what changes do to the chain; signed", || {
            let [port] = cast.stage.ports()?;
            let tls = cast.stage.folder().join("eu/tls");
            let mut command = Command::new("python3");
            command.arg(fact("receiver.py")).arg(port.to_string());
            command.arg(tls.join("server.pem")).arg(tls.join("server.key"));
            let log = cast.stage.folder().join("logs/receiver.log");
            let (mut secret, lines) = cast.stage.children().converse("receiver", &mut command, &log)?;
            lines.next(LIMIT).context("the receiver does not listen; its log says why")?;
            let url = format!("https://localhost:{port}/headlamps");
            let put = ["subscription", "put", LAMPS, &url, "--supply-chain", LAMPS, "--policy", LAMPS];
            let made = cast.eu.party(EU_BUYER, &put)?;
            let shown = made["secret"].as_str().context("no secret was shown")?;
            secret.write_all(format!("{shown}\n").as_bytes())?;
            Ok(Self { lines, _secret: secret })
        })
    }

    /// What comes next, and when it came.
    fn next(&self) -> Result<(Instant, Value)> {
        let line = self.lines.next(LIMIT).context("the webhook was told nothing")?;
        let mut said: Value = serde_json::from_str(&line.text)?;
        Ok((line.at, said["event"].take()))
    }
}
