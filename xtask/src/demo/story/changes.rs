//! Many changes, one after the other: how long each takes from the acknowledgement at jp to the buyer at eu.
//!
//! In scope: measuring it from outside. One long-lived process submits over one connection and prints a line for each
//! receipt; another prints a line for each event that the EU registry sends it. This process notes when it gets each line,
//! by one clock that never jumps. A receipt is printed once its proof was checked, so the time from then on is a little
//! shorter than from the receipt itself; the time from handing over the claim, which is longer than both, is told as well.

use std::io::Write;
use std::process::ChildStdin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::buyer::Buyer;
use super::cast::{Cast, JP_CERTIFICATION};
use super::records::MARK;
use crate::demo::calendar::{self, Day};
use crate::demo::latency::Latencies;
use crate::demo::lines::Lines;
use crate::demo::narrator::Narrator;

/// Verdicts that change.
pub(super) const VERDICTS: usize = 12;
/// How often each is suspended and restored.
const ROUNDS: usize = 10;
const LIMIT: Duration = Duration::from_secs(20);

/// How long the changes took.
pub(super) struct Speed {
    /// From the receipt to the buyer.
    pub(super) acknowledged: Latencies,
    /// From handing over the claim to the buyer.
    pub(super) submitted: Latencies,
}

/// Suspends and restores verdicts, and measures.
pub(super) fn measure<W: Write>(cast: &Cast<'_>, buyer: &mut Buyer<'_>, told: &mut Narrator<W>) -> Result<Speed> {
    let count = VERDICTS * ROUNDS * 2;
    let mut body = Body::begin(cast)?;
    told.step(&format!("jp: {VERDICTS} more verdicts are granted over one connection"), || {
        (0..VERDICTS).try_for_each(|number| {
            body.state("verdict-granted", &granted(number)?)?;
            buyer.sees(&name(number), "recognised", "granted").map(drop)
        })
    })?;
    let mut measured = Vec::with_capacity(count);
    told.step(
        &format!("jp: they are suspended and restored, {count} changes, each seen at eu before the next"),
        || {
            for _ in 0..ROUNDS {
                for (change, outcome, state) in
                    [("suspended", "refused", "suspended"), ("restored", "recognised", "granted")]
                {
                    for number in 0..VERDICTS {
                        let submitted = Instant::now();
                        let acknowledged = body.state("verdict-changed", &changed(number, change)?)?;
                        let seen = buyer.sees(&name(number), outcome, state)?;
                        measured.push((seen.at.saturating_duration_since(acknowledged), seen.at - submitted));
                    }
                }
            }
            Ok(())
        },
    )?;
    cast.jp.registry().end(Body::NAME)?;
    let (acknowledged, submitted) = measured.into_iter().unzip();
    let latencies = |measured| Latencies::of(measured).context("nothing was measured");
    Ok(Speed { acknowledged: latencies(acknowledged)?, submitted: latencies(submitted)? })
}

/// The certification body, with a connection that stays open.
pub(super) struct Body {
    claims: ChildStdin,
    receipts: Lines,
}

impl Body {
    /// What its process is called.
    pub(super) const NAME: &'static str = "changes";

    /// Opens the connection.
    pub(super) fn begin(cast: &Cast<'_>) -> Result<Self> {
        let submit = ["submit", "--lines", "-", "--json", "--as", JP_CERTIFICATION];
        let (claims, receipts) = cast.jp.registry().converse(Self::NAME, &submit)?;
        Ok(Self { claims, receipts })
    }

    /// States a claim, and says when its receipt was there.
    pub(super) fn state(&mut self, kind: &str, claim: &Value) -> Result<Instant> {
        let line = json!({ "kind": kind, "claim": claim });
        self.claims.write_all(format!("{line}\n").as_bytes()).context("the certification body cannot be spoken to")?;
        let line = self.receipts.next(LIMIT).context("no receipt came; the log of jp-changes says why")?;
        let receipt: Value = serde_json::from_str(&line.text)?;
        ensure!(receipt["index"].is_u64() && receipt["proof"].is_string(), "this is no receipt: {receipt}");
        Ok(line.at)
    }
}

fn name(number: usize) -> String {
    format!("jp:M-{number}")
}

fn granted(number: usize) -> Result<Value> {
    let supplier = json!({
        "id": format!("local:demo:measured-{number}"), "name": format!("Measured Works {number} KK (fictional)"), "country": "JP",
    });
    Ok(json!({
        "verdict": format!("M-{number}"), "supplier": supplier,
        "object": { "kind": "organization", "name": "Head office (fictional)" },
        "scheme": MARK, "viewpoints": ["organization", "process"], "level": "basic", "scope": "Operation (fictional)",
        "validFrom": Day::today()?.to_string(), "profile": "open", "provenance": "decided",
    }))
}

fn changed(number: usize, change: &str) -> Result<Value> {
    Ok(json!({
        "verdict": format!("M-{number}"), "change": change, "reason": { "code": "measurement" },
        "effective": calendar::now()?,
    }))
}
