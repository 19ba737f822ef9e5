//! The schedule of surveillance: which verdicts are to be looked at again by which day, for those whose affair it is.
//!
//! Who reads what of it, [`conformity::surveillance`] says.

use conformity::as_of::AsOf;
use conformity::ids::{PartyId, ReportId, SchemeRef, VerdictRef};
use conformity::records::{Due, Facts, Register};
use conformity::scheme::Surveillant;
use conformity::surveillance::{Past, Window, last_report, schedule, sees_whole};
use conformity::time::Day;
use conformity::verdict::{
    AssessedObject, Conditions, Outcome, Period, Recommendation, Report, StateName, Supplier, VerdictRecord,
};
use serde::Serialize;
use warp::reply::Response;

use super::as_of;
use super::ask::{Ask, bad_parameter};
use super::consented;
use super::page::{Listing, Page, cursor};
use super::site::Site;
use crate::problem::Problem;

/// Items of a page unless asked otherwise.
const USUAL_LIMIT: usize = 100;
/// Verdicts that are passed under one lock of the register.
const CHUNK: usize = 4_096;

/// A verdict that is to be looked at again.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    verdict: VerdictRef,
    scheme: SchemeRef,
    /// Who is to look.
    by: Surveillant,
    every_months: u16,
    /// The last day.
    due: Day,
    /// The first day on which it was overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    overdue_since: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_report: Option<LastReport>,
    #[serde(flatten)]
    whole: Option<Whole>,
}

/// What of it whoever sees the verdict whole is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    issuer: PartyId,
    supplier: Supplier,
    object: AssessedObject,
    state: StateName,
    /// What its body has not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    recommendation: Option<Recommendation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conditions: Option<Conditions>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LastReport {
    report: ReportId,
    by: PartyId,
    period: Period,
    outcome: Outcome,
    recommendation: Recommendation,
}

/// `GET /v1/surveillance`
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let party = consented::party(ask)?;
    let query = ask.query();
    let page: Page<Due> = Page::of(query, USUAL_LIMIT)?;
    let window = Window { after: page.after, from: query.one("due_from")?, until: query.one("due_until")? };
    if let (Some(from), Some(until)) = (window.from, window.until)
        && from > until
    {
        return Err(bad_parameter("due_from", format_args!("{from} comes after due_until, {until}")));
    }
    let as_of = as_of::of(site, query)?;
    let mut due = match as_of {
        AsOf::Present(now) => schedule(&site.register(), &party, now, &window, page.limit + 1),
        AsOf::KnownThen { .. } | AsOf::KnownNow { .. } => then(site, &party, as_of, &window, page.limit + 1)?,
    };
    let next = due.get(page.limit).and(due.get(page.limit - 1)).map(cursor);
    due.truncate(page.limit);
    let register = site.register();
    let items: Vec<Item> = due.iter().filter_map(|due| item(site, &register, &party, due, as_of)).collect();
    drop(register);
    Listing { name: "surveillance", items, next }.answer()
}

/// The schedule of then. All verdicts are passed for it, so that few are collected at once.
fn then(site: &Site, party: &PartyId, as_of: AsOf, window: &Window, most: usize) -> Result<Vec<Due>, Problem> {
    let _permit = site.proofs.permit()?;
    let mut collecting = Past::new(party, as_of, site.registry.now(), window, most);
    let mut cursor = collecting.pass(&site.register(), None, CHUNK);
    while cursor.is_some() {
        cursor = collecting.pass(&site.register(), cursor.as_ref(), CHUNK);
    }
    Ok(collecting.found())
}

fn item(site: &Site, register: &Register, party: &PartyId, due: &Due, as_of: AsOf) -> Option<Item> {
    let today = register.verdict(&due.verdict)?;
    let record = today.seen(&as_of)?;
    let duty = register.scheme(&record.terms.scheme)?.scheme.surveillance?;
    let sees_whole = sees_whole(register, party, &today);
    Some(Item {
        verdict: VerdictRef { registry: site.registry.config.registry.id.clone(), id: due.verdict.clone() },
        scheme: record.terms.scheme.clone(),
        by: duty.by,
        every_months: duty.every_months,
        due: due.day,
        overdue_since: (due.day < Day::of(as_of.at())).then(|| due.day.plus_days(1)),
        last_report: last_report(register, party, &record, sees_whole).map(reported),
        whole: sees_whole.then(|| whole(&record)),
    })
}

fn whole(record: &VerdictRecord) -> Whole {
    Whole {
        issuer: record.now.issuer.clone(),
        supplier: (*record.terms.supplier).clone(),
        object: record.terms.object.clone(),
        state: record.now.state.name(),
        recommendation: record.now.marks.recommendation,
        conditions: record.now.conditions().cloned(),
    }
}

fn reported((by, report): (&PartyId, &Report)) -> LastReport {
    LastReport {
        report: report.report.clone(),
        by: by.clone(),
        period: report.period,
        outcome: report.outcome,
        recommendation: report.recommendation,
    }
}
