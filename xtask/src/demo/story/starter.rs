//! A small company without a certificate declares itself; a body's verdict takes the declaration's place; and the supplier asks what
//! of SP 800-171 remains.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result};
use serde_json::Value;

use super::cast::{Cast, JP_ACCREDITATION, JP_AUTHORITY, JP_CERTIFICATION};
use super::records::{DOCUMENT, VIEWPOINTS};
use crate::demo::calendar::Day;
use crate::demo::fact;
use crate::demo::narrator::Narrator;

const STARTER: &str = "starter-check@1";
const COMMON: &str = "common-requirements@1";
/// Its credentials folder.
const WORKS: &str = "jp-works";
const SUPPLIER: &str = "local:demo:third-works";
const NAME: &str = "Third Works KK (fictional)";
/// The answers, beside the credentials.
const ANSWERS: &str = "jp-works/answers.json";
const DECLARE: [&str; 6] = ["declare", "--scheme", STARTER, "--answers", ANSWERS, "--yes"];

/// Plays it.
pub(super) fn play<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    publish(cast, told)?;
    declare(cast, told)?;
    let asked = remains(cast, told, "before any body has looked: its own word covers nothing of another document")?;
    told.expect("jp: covered, touched and open, of 97", &asked, &[0, 0, 97])?;
    upgrade(cast, told)?;
    let asked = remains(cast, told, "now that a body has decided")?;
    told.expect("jp: covered, touched and open, of 97", &asked, &AFTER)
}

/// What its verdict means for SP 800-171 by the crosswalk that comes with the program, which knows intersections only: it joins 47
/// requirements with the common ones, one of them with the one alone that the verdict leaves out.
const AFTER: [u64; 3] = [0, 46, 51];

fn publish<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step("jp: common requirements are published, and a crosswalk from them to SP 800-171 (examples)", || {
        let owner = ["--owner", "Fictional Scheme Office of Japan"];
        let document = ["import", "document", "--example", "common-requirements", "--document", COMMON];
        cast.jp.operator(&[&document[..], &owner].concat())?;
        let crosswalk =
            ["import", "crosswalk", "--example", "common-to-nist-sp-800-171-r3", "--crosswalk", "common-to-171@1"];
        let between = ["--source", COMMON, "--target", DOCUMENT, "--issued", "2026-11-27"];
        cast.jp.operator(&[&crosswalk[..], &between, &owner].concat())
    })?;
    told.step("jp: the Starter Check (FICTIONAL), under which small companies may declare themselves", || {
        cast.jp.party(JP_AUTHORITY, &["scheme", "publish", &fact("starter.toml")])
    })?;
    let (from, until) = (Day::today()?.to_string(), Day::today()?.in_years(3).to_string());
    told.step("jp: Fictional Certification KK is accredited under it", || {
        let designate = ["designate", "D-2", "--accreditation-body", "accreditation", "--schemes", "starter-check"];
        cast.jp.party(JP_AUTHORITY, &[&designate[..], &["--from", &from]].concat())?;
        let accredit =
            ["accredit", "A-3", "--body", "certification", "--role", "certification-body", "--scheme", STARTER];
        let period = ["--viewpoint", VIEWPOINTS, "--from", &from, "--until", &until];
        cast.jp.party(JP_ACCREDITATION, &[&accredit[..], &period].concat())
    })?;
    Ok(())
}

fn declare<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step(&format!("jp: {NAME} is registered as a supplier that declares"), || {
        let who = ["party", "add", WORKS, "--role", "supplier", "--id", "works", "--name", NAME, "--country", "JP"];
        cast.jp.operator(&[&who[..], &["--identifier", SUPPLIER, "--declares"]].concat())
    })?;
    told.step("jp: it answers 31 requirements and signs declaration S-1; the answers stay with it", || {
        fs::copy(fact("starter-answers.json"), cast.stage.folder().join(ANSWERS)).context("the answers")?;
        cast.jp.party(WORKS, &DECLARE)
    })?;
    let shown = standing(cast, told, "jp: anybody who asks is told that it is the supplier's own word")?;
    told.expect("jp: nobody stands behind it yet", &own(&shown, "S-1")["selfDeclared"], &Value::from("self"))
}

fn upgrade<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    let (from, until) = (Day::today()?.to_string(), Day::today()?.in_years(2).to_string());
    told.step("jp: Fictional Certification KK assesses it and grants V-4, which takes the place of S-1", || {
        let about = ["grant", "V-4", "--supplier", SUPPLIER, "--supplier-name", NAME, "--country", "JP"];
        let what = ["--object", "organization", "--object-name", NAME, "--scheme", STARTER, "--viewpoint", VIEWPOINTS];
        let how = ["--scope", "Repair of payment terminals (fictional)", "--exclusion", "PRC-13: no software is built"];
        let when = ["--from", &from, "--until", &until, "--upgrades", "S-1"];
        cast.jp.party(JP_CERTIFICATION, &[&about[..], &what, &how, &when].concat())
    })?;
    let shown = standing(cast, told, "jp: asked again, the registry shows both")?;
    let states = ["S-1", "V-4"].map(|id| own(&shown, id)["inForce"].clone());
    told.expect("jp: the declaration is history, the verdict in force", &states, &[false.into(), true.into()])
}

/// Asks what of SP 800-171 remains; gives what is covered, touched and open.
fn remains<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>, when: &str) -> Result<[u64; 3]> {
    let answer = told.step(&format!("jp: the supplier asks what of SP 800-171 remains, {when}"), || {
        cast.jp.party(WORKS, &["coverage", DOCUMENT, "--supplier", SUPPLIER])
    })?;
    told.say(&format!("  {}", answer["text"]["en"].as_str().unwrap_or_default()))?;
    let lines = answer["requirements"].as_array().map(Vec::as_slice).unwrap_or_default();
    let count = |words: &[&str]| {
        let counted = lines.iter().filter(|line| line["cover"].as_str().is_some_and(|word| words.contains(&word)));
        counted.count() as u64
    };
    Ok([count(&["met", "covered"]), count(&["touched"]), count(&["open"])])
}

fn standing<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>, what: &str) -> Result<Value> {
    told.step(what, || cast.jp.party(JP_CERTIFICATION, &["standing", SUPPLIER]))
}

/// A verdict of the registry's own in an answer about a supplier.
fn own<'a>(standing: &'a Value, id: &str) -> &'a Value {
    let all = standing["holdings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut own = all.iter().map(|one| &one["own"]);
    own.find(|own| own["verdict"] == id).unwrap_or(&Value::Null)
}
