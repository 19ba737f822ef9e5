//! An accreditation falls: the buyer abroad hears of each verdict that rests on it, and how long it still counts.
//!
//! The body is accredited in Japan, one of the suppliers is established in Viet Nam, and the buyer listens to the registry of the EU.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use super::buyer::{Buyer, Seen};
use super::cast::{Cast, JP_ACCREDITATION};
use super::changes;
use super::life::{Grant, grant};
use crate::demo::narrator::Narrator;

/// Beside those that were measured: V-2, V-3 and V-5.
const VERDICTS: usize = changes::VERDICTS + 3;

/// Suspends the accreditation, looks at what becomes of what rests on it, and restores it.
pub(super) fn play<W: Write>(cast: &Cast<'_>, buyer: &mut Buyer<'_>, told: &mut Narrator<W>) -> Result<()> {
    let abroad = Grant::organization("V-5", "Fifth Works (fictional)").to("local:demo:fifth-works", "VN");
    grant(cast, told, &abroad)?;
    told.step("eu: the buyer sees jp:V-5 recognised, of a supplier in Viet Nam", || {
        buyer.sees("jp:V-5", "recognised", "granted")
    })?;
    told.step(
        "jp: the accreditation body suspends the accreditation of Fictional Certification KK under the mark",
        || step(cast, "suspend", "assessment-overdue"),
    )?;
    let until = heard(buyer, told)?;
    told.step("jp: whoever asks sees the cause, how many verdicts it touched, and until when they count", || {
        let shown = cast.jp.operator(&["cascades"])?;
        let cascade = &shown["cascades"][0];
        let whole = cascade["done"] == VERDICTS && cascade["finished"] == true;
        anyhow::ensure!(whole && cascade["until"] == until.as_str(), "it shows {shown}");
        Ok(())
    })?;
    let since = Instant::now();
    told.step("jp: the accreditation is restored", || step(cast, "restore", "reassessed"))?;
    told.step(&format!("eu: the buyer sees all {VERDICTS} again, without an end"), || {
        buyer.sees_each("jp", VERDICTS, |seen| seen.at > since && seen.gaps().is_empty())
    })?;
    Ok(())
}

/// What the buyer hears: each of them once, with one deadline, which is given.
fn heard<W: Write>(buyer: &mut Buyer<'_>, told: &mut Narrator<W>) -> Result<String> {
    let seen = told.step(&format!("eu: the buyer hears of each of the {VERDICTS} verdicts that rest on it"), || {
        buyer.sees_each("jp", VERDICTS, |seen| seen.gaps() == ["basis-window"])
    })?;
    let named: BTreeSet<&str> = seen.iter().map(|seen| seen.verdict.as_str()).collect();
    told.expect("eu: no two notices are of one verdict", &named.len(), &VERDICTS)?;
    let abroad = seen.iter().find(|seen| seen.verdict == "jp:V-5").context("jp:V-5 is not among them")?;
    told.say(&format!("  {}", abroad.explanation()))?;
    let text = gap(abroad).context("it does not say how long")?;
    told.say(&format!("  {text}"))?;
    let until = text.split_whitespace().find(|word| word.contains('T')).context("it names no time")?;
    Ok(until.trim_end_matches(['.', ',', ';']).to_owned())
}

fn gap(seen: &Seen) -> Option<&str> {
    seen.recognition["gaps"][0]["text"].as_str()
}

fn step(cast: &Cast<'_>, change: &str, reason: &str) -> Result<Value> {
    cast.jp.party(JP_ACCREDITATION, &["accreditation", change, "A-1", "--reason", reason])
}
