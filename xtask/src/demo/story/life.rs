//! The life of one verdict: granted, reported on, suspended, restored, reduced, withdrawn; each step as the buyer in the
//! EU sees it.

use std::io::Write;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::buyer::Buyer;
use super::cast::{Cast, EU_BUYER, JP_AUDIT, JP_CERTIFICATION};
use super::records::MARK;
use crate::demo::calendar::Day;
use crate::demo::narrator::Narrator;

/// The supplier of the story. It has no identifier that a real enterprise could have.
pub(super) const SUPPLIER: &str = "local:demo:example-works";

/// A verdict that is to be granted.
pub(super) struct Grant<'a> {
    id: &'a str,
    supplier: &'a str,
    country: &'a str,
    name: &'a str,
    object: &'a str,
    viewpoints: &'a str,
}

impl<'a> Grant<'a> {
    /// On an organization: two viewpoints.
    pub(super) fn organization(id: &'a str, name: &'a str) -> Self {
        let supplier = "local:demo:second-works";
        Self { id, supplier, country: "JP", name, object: "organization", viewpoints: "organization,process" }
    }

    /// The same to another supplier, established elsewhere.
    pub(super) fn to(self, supplier: &'a str, country: &'a str) -> Self {
        Self { supplier, country, ..self }
    }

    /// On a product of the same supplier.
    pub(super) fn product(id: &'a str, name: &'a str) -> Self {
        Self { object: "product", viewpoints: "people-and-things", ..Self::organization(id, name) }
    }
}

/// Has the certification body grant a verdict at the advanced level.
pub(super) fn grant<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>, verdict: &Grant<'_>) -> Result<()> {
    let Grant { id, supplier, country, name, object, viewpoints } = verdict;
    told.step(&format!("jp: Fictional Certification KK grants {id} to {name}, under the fictional mark"), || {
        let (from, object_name) = (Day::today()?.to_string(), format!("{name}, {object}"));
        let about = ["grant", id, "--supplier", supplier, "--supplier-name", name, "--country", country];
        let what = ["--object", object, "--object-name", &object_name, "--scheme", MARK, "--viewpoint", viewpoints];
        let how = ["--level", "advanced", "--scope", "Development and operation (fictional)", "--from", &from];
        cast.jp.party(JP_CERTIFICATION, &[&about[..], &what, &how].concat()).map(drop)
    })
}

/// Plays the whole life.
pub(super) fn play<W: Write>(cast: &Cast<'_>, buyer: &mut Buyer<'_>, told: &mut Narrator<W>) -> Result<()> {
    let supplier = Grant::organization("V-1", "Example Works KK (fictional)").to(SUPPLIER, "JP");
    grant(cast, told, &supplier)?;
    recognised(cast, buyer, told)?;
    reported(cast, told)?;
    suspended_and_restored(cast, buyer, told)?;
    reduced_and_withdrawn(cast, buyer, told)
}

fn recognised<W: Write>(cast: &Cast<'_>, buyer: &mut Buyer<'_>, told: &mut Narrator<W>) -> Result<()> {
    let seen = told.step("eu: the buyer sees jp:V-1, recognised", || buyer.sees("jp:V-1", "recognised", "granted"))?;
    told.say(&format!("  {}", seen.explanation()))?;
    let counterpart = &seen.recognition["countsAs"];
    let basis = (seen.recognition["rule"].as_str(), counterpart["scheme"].as_str(), counterpart["level"].as_str());
    let expected = (Some("organizations"), Some("supplier-baseline@1"), Some("enhanced"));
    told.expect("eu: by rule organizations, counting as the fictional baseline, level enhanced", &basis, &expected)?;
    told.step("eu: asked how Example Works stands, the registry answers the same", || {
        let standing = cast.eu.party(EU_BUYER, &["standing", SUPPLIER])?;
        let foreign = &standing["holdings"][0]["foreign"];
        ensure!(foreign["counts"] == true, "it answers {standing}");
        ensure!(foreign["record"]["recognition"]["explanation"] == seen.explanation(), "it explains {foreign}");
        Ok(())
    })
}

fn reported<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    let today = Day::today()?.to_string();
    told.step("jp: Fictional Audit KK reports a finding and recommends to suspend; it decides nothing", || {
        let report = ["report", "V-1", "--id", "R-1", "--from", &today, "--to", &today];
        let found = ["--outcome", "finding", "--recommend", "suspend"];
        cast.jp.party(JP_AUDIT, &[&report[..], &found].concat()).map(drop)
    })?;
    let own = told.step("jp: asked how Example Works stands, the registry shows the recommendation", || {
        let standing = cast.jp.party(JP_CERTIFICATION, &["standing", SUPPLIER])?;
        Ok(standing["holdings"][0]["own"].clone())
    })?;
    told.expect(
        "jp: it is a mark beside the state, no more",
        &own["standing"]["marks"]["recommendation"],
        &Value::from("suspend"),
    )?;
    told.expect(
        "jp: the verdict stays in force until the body that is responsible decides",
        &own["inForce"],
        &Value::from(true),
    )
}

fn suspended_and_restored<W: Write>(cast: &Cast<'_>, buyer: &mut Buyer<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step("jp: Fictional Certification KK suspends V-1", || {
        change(cast, &["suspend", "V-1", "--reason", "finding"])
    })?;
    let seen = told.step("eu: the buyer sees it, and that nothing counts meanwhile", || {
        buyer.sees("jp:V-1", "refused", "suspended")
    })?;
    told.say(&format!("  {}", seen.explanation()))?;
    told.step("jp: it is restored", || change(cast, &["restore", "V-1", "--reason", "corrected"]))?;
    told.step("eu: the buyer sees it recognised again", || buyer.sees("jp:V-1", "recognised", "granted")).map(drop)
}

fn reduced_and_withdrawn<W: Write>(cast: &Cast<'_>, buyer: &mut Buyer<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step("jp: its scope is reduced to one viewpoint, the organization", || {
        let scope = ["--scope", "Development (fictional)", "--viewpoint", "organization", "--reason", "holder-request"];
        change(cast, &[&["scope", "reduce", "V-1"], &scope[..]].concat())
    })?;
    let seen = told.step("eu: the buyer sees it", || buyer.sees("jp:V-1", "recognised", "granted"))?;
    told.say(&format!("  {}", seen.explanation()))?;
    told.expect(
        "eu: it counts for the organization alone",
        &seen.recognition["viewpoints"],
        &Value::from(["organization"].as_slice()),
    )?;
    told.step("jp: V-1 is withdrawn", || change(cast, &["withdraw", "V-1", "--reason", "holder-in-breach"]))?;
    let seen = told.step("eu: the buyer sees it, for good", || buyer.sees("jp:V-1", "refused", "withdrawn"))?;
    told.say(&format!("  {}", seen.explanation()))
}

fn change(cast: &Cast<'_>, arguments: &[&str]) -> Result<()> {
    cast.jp.party(JP_CERTIFICATION, arguments).map(drop)
}
