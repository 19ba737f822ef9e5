//! A supplier of a hosted country is seen by a Japanese buyer.
//!
//! The country has neither machines nor a body of its own: its registry is served by a node of its own, run by Japan's
//! operator, with a log and keys of its own, and a Japanese body is registered and accredited there.

use std::io::Write;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::cast::Cast;
use super::records::{DOCUMENT, MARK, PUBLISHED_AT};
use crate::demo::calendar::Day;
use crate::demo::fact;
use crate::demo::narrator::Narrator;
use crate::demo::node::Node;
use crate::demo::peering::{is_in_force, meet, wait_for_arrangement};

/// Credentials folders.
const AUTHORITY: &str = "mm-authority";
const BODY: &str = "mm-certification";
const BUYER: &str = "jp-buyer";
const ARRANGEMENT: &str = "mm-jp-demo";
const SUPPLIER: &str = "local:demo:delta-works";
const NAME: &str = "Delta Works (fictional)";
/// How long what one registry states takes at most to be known at the other.
const LIMIT: Duration = Duration::from_secs(20);

/// Plays it; gives the hosted registry, which is served as long as that is kept.
pub(super) fn play<'stage, W: Write>(cast: &Cast<'stage>, told: &mut Narrator<W>) -> Result<Node<'stage>> {
    let mm = host(cast, told)?;
    assess(&mm, told)?;
    arrange(cast, &mm, told)?;
    told.step(&format!("mm: the body grants H-1 to {NAME}, in the log of that country"), || grant(&mm))?;
    ask(cast, told)?;
    Ok(mm)
}

fn host<'stage, W: Write>(cast: &Cast<'stage>, told: &mut Narrator<W>) -> Result<Node<'stage>> {
    let name = "Registry of a hosted country (demonstration, FICTIONAL)";
    let mm = told.step("mm: a registry with a folder, a log and keys of its own, on the machine of jp", || {
        Node::start(cast.stage.registry("mm")?, name, Some("MM"))
    })?;
    told.step("jp and mm become peers, and both logs say that the one serves the other", || {
        meet(cast.stage, &cast.jp, &mm)?;
        cast.jp.operator(&["hosting", "accept", "mm"])?;
        mm.operator(&["hosting", "consent", "jp"])
    })?;
    told.step("mm: by the word of both it is hosted", || {
        cast.stage.wait_until("mm to know it", LIMIT, || {
            let hosted = mm.operator(&["hosting", "list"])?;
            ensure!(hosted["hosted"][0]["standing"] == "confirmed", "it shows {hosted}");
            Ok(Some(()))
        })
    })?;
    Ok(mm)
}

fn assess<W: Write>(mm: &Node<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step("mm: the mark is published there, too", || {
        let catalogue = fact("sp800-171-r3-identifiers.json");
        let document = ["import", "document", &catalogue, "--document", DOCUMENT, "--owner", "NIST"];
        mm.operator(&[&document[..], &["--source", PUBLISHED_AT]].concat())?;
        mm.operator(&["scheme", "publish", &fact("mark.toml")])
    })?;
    let rows = [
        (AUTHORITY, "authority", "Fictional Authority of a hosted country", "MM"),
        (BODY, "certification-body", "Fictional Certification KK", "JP"),
    ];
    for (folder, role, name, country) in rows {
        told.step(&format!("mm: {name} is registered as {role}"), || {
            let id = folder.trim_start_matches("mm-");
            let who = ["party", "add", folder, "--role", role, "--id", id, "--name", name, "--country", country];
            mm.operator(&who)
        })?;
    }
    let (from, until) = (Day::today()?.to_string(), Day::today()?.in_years(3).to_string());
    told.step("mm: its authority accredits the body from abroad: nobody else assesses there", || {
        let what = ["accredit", "A-1", "--body", "certification", "--role", "certification-body", "--scheme", MARK];
        let how = ["--viewpoint", "organization,process", "--from", &from, "--until", &until];
        mm.party(AUTHORITY, &[&what[..], &how].concat()).map(drop)
    })
}

fn arrange<W: Write>(cast: &Cast<'_>, mm: &Node<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step(
        "mm and jp sign an arrangement (FICTIONAL); what the body assesses from Japan counts in mm as well",
        || {
            mm.operator(&["arrangement", "propose", &fact("mm-jp.json")])?;
            wait_for_arrangement(cast.stage, &cast.jp, ARRANGEMENT, |_| true)?;
            cast.jp.operator(&["arrangement", "accept", ARRANGEMENT])?;
            wait_for_arrangement(cast.stage, mm, ARRANGEMENT, |shown| is_in_force(shown, 2))
        },
    )
}

fn grant(mm: &Node<'_>) -> Result<()> {
    let from = Day::today()?.to_string();
    let about = ["grant", "H-1", "--supplier", SUPPLIER, "--supplier-name", NAME, "--country", "MM"];
    let what =
        ["--object", "organization", "--object-name", NAME, "--scheme", MARK, "--viewpoint", "organization,process"];
    let how = ["--level", "basic", "--scope", "Development and operation (fictional)", "--from", &from];
    mm.party(BODY, &[&about[..], &what, &how].concat()).map(drop)
}

fn ask<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step("jp: a Japanese buyer is registered", || {
        let who = ["party", "add", BUYER, "--role", "buyer", "--id", "buyer", "--name", "Fictional Motors KK"];
        cast.jp.operator(&[&who[..], &["--country", "JP"]].concat())
    })?;
    let told_of =
        told.step(&format!("jp: the buyer asks its own registry how {NAME} stands, and is told why"), || {
            cast.stage.wait_until("jp to recognise mm:H-1", LIMIT, || {
                let standing = cast.jp.party(BUYER, &["standing", SUPPLIER, "--scheme", MARK, "--lang", "ja"])?;
                let foreign = &standing["holdings"][0]["foreign"];
                ensure!(foreign["counts"] == true, "it answers {standing}");
                Ok(Some(foreign.clone()))
            })
        })?;
    let recognition = &told_of["record"]["recognition"];
    told.say(&format!("  {}", recognition["explanation"].as_str().unwrap_or_default()))?;
    let basis = (&recognition["rule"], &recognition["countsAs"]["level"]);
    told.expect(
        "jp: by rule assessed-there, counting as the fictional mark, level basic",
        &basis,
        &(&Value::from("assessed-there"), &Value::from("basic")),
    )
}
