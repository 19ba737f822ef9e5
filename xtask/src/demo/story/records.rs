//! What is assessed and by whom, and the public records that an operator transcribes.

use std::io::Write;

use anyhow::{Result, ensure};

use super::buyer::{Buyer, Seen};
use super::cast::{Cast, EU_AUTHORITY, JP_ACCREDITATION, JP_AUTHORITY};
use crate::demo::calendar::Day;
use crate::demo::fact;
use crate::demo::narrator::Narrator;
use crate::demo::table::Table;

/// The fictional Japanese scheme.
pub(super) const MARK: &str = "supply-chain-mark@1";

pub(super) const DOCUMENT: &str = "nist-sp-800-171@r3";
pub(super) const PUBLISHED_AT: &str = "https://github.com/usnistgov/oscal-content";
pub(super) const VIEWPOINTS: &str = "organization,process,people-and-things";
/// The day on which the facts were typed off the pages that they name.
const RETRIEVED: &str = "2026-11-22";
/// Verdicts in the list of real records.
const VERDICTS: usize = 12;
/// Characters of a product's name in a table.
const NAME: usize = 44;

/// Publishes documents and schemes, and accredits who assesses.
pub(super) fn publish<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    let catalogue = fact("sp800-171-r3-identifiers.json");
    let document =
        ["import", "document", &catalogue, "--document", DOCUMENT, "--owner", "NIST", "--source", PUBLISHED_AT];
    for node in [&cast.jp, &cast.eu] {
        told.step(
            &format!("{}: SP 800-171 Rev. 3 is imported from its OSCAL catalogue (identifiers only)", node.id()),
            || node.operator(&document),
        )?;
    }
    told.step("jp: its authority publishes the Supply Chain Mark of Japan (FICTIONAL)", || {
        cast.jp.party(JP_AUTHORITY, &["scheme", "publish", &fact("mark.toml")])
    })?;
    told.step("eu: its authority publishes the Supplier Baseline of the EU (FICTIONAL)", || {
        cast.eu.party(EU_AUTHORITY, &["scheme", "publish", &fact("baseline.toml")])
    })?;
    told.step("all: the Common Criteria, as certified under the CCRA (real), are published", || {
        let lines = fact("common-criteria.ndjson");
        cast.all().into_iter().try_for_each(|node| node.operator_text(&["submit", "--lines", &lines]).map(drop))
    })?;
    accredit(cast, told)
}

fn accredit<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    let today = Day::today()?;
    let (from, until) = (today.to_string(), today.in_years(3).to_string());
    told.step("jp: the authority designates the accreditation body for the fictional mark", || {
        let schemes = "supply-chain-mark";
        let designate = ["designate", "D-1", "--accreditation-body", "accreditation", "--schemes", schemes];
        cast.jp.party(JP_AUTHORITY, &[&designate[..], &["--from", &from]].concat())
    })?;
    for (id, body) in [("A-1", "certification"), ("A-2", "audit")] {
        told.step(&format!("jp: the accreditation body accredits the {body} body under it, for three years"), || {
            let role = format!("{body}-body");
            let accredit =
                ["accredit", id, "--body", body, "--role", &role, "--scheme", MARK, "--viewpoint", VIEWPOINTS];
            cast.jp.party(JP_ACCREDITATION, &[&accredit[..], &["--from", &from, "--until", &until]].concat())
        })?;
    }
    Ok(())
}

/// Lets the operator at `us` transcribe the list of real certificates.
pub(super) fn import<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    let (map, list) = (fact("certified-products.toml"), fact("certified-products.csv"));
    let import = ["import", "register", "--map", &map, "--retrieved", RETRIEVED, &list];
    told.step(
        "us: the operator transcribes 13 rows on 12 products certified under the CCRA (real, each with its source)",
        || {
            let rows = cast.us.operator(&import)?["rows"].take();
            ensure!(
                rows["verdicts"] == VERDICTS && rows["history"] == 1 && rows["refused"] == 0,
                "it made {rows} of them"
            );
            Ok(())
        },
    )?;
    told.step("us: imported again, the same list changes nothing", || {
        let again = cast.us.operator(&import)?;
        ensure!(again["statements"] == 0 && again["rows"]["unchanged"] == VERDICTS, "it stated {again}");
        Ok(())
    })
}

/// Tells what the EU registry makes of the transcribed records.
pub(super) fn tell_recognitions<W: Write>(
    cast: &Cast<'_>,
    buyer: &mut Buyer<'_>,
    told: &mut Narrator<W>,
) -> Result<()> {
    let seen = told
        .step("eu: the registry says of each of them what it makes of it, and why; its buyer hears it", || {
            buyer.sees_all(cast.us.id(), VERDICTS)
        })?;
    let mut table = Table::new(["product", "level", "at us", "at eu", "rule", "because"]);
    seen.iter().for_each(|seen| table.row(row(seen)));
    told.say(&table.to_string())?;
    let count = |outcome: &str| seen.iter().filter(|seen| seen.recognition["outcome"] == outcome).count();
    told.expect("eu: conformance with a collaborative protection profile counts in full: 3", &count("recognised"), &3)?;
    told.expect("eu: an augmented EAL2 counts in part, as EAL2: 2", &count("partial"), &2)?;
    told.expect("eu: what is archived, and other protection profiles, do not count: 7", &count("refused"), &7)
}

fn row(seen: &Seen) -> [String; 6] {
    let member = |member: &str| seen.recognition[member].as_str().unwrap_or("-").to_owned();
    let name: String = seen.recognition["object"]["name"].as_str().unwrap_or("-").chars().take(NAME).collect();
    [name, member("level"), member("state"), member("outcome"), member("rule"), seen.gaps().join(", ")]
}
