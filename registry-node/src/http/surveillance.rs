//! The schedule of surveillance: which verdicts are to be looked at again by which day, for those whose affair it is.
//!
//! Who reads what of it, [`conformity::surveillance`] says.

use conformity::ids::{PartyId, ReportId, SchemeRef, VerdictRef};
use conformity::records::{Due, Facts, Register};
use conformity::scheme::Surveillant;
use conformity::surveillance::{Window, last_report, schedule, sees_whole};
use conformity::time::Day;
use conformity::verdict::{
    AssessedObject, Conditions, Outcome, Period, Recommendation, Report, StateName, Supplier, VerdictRecord,
};
use serde::Serialize;
use warp::reply::Response;

use super::ask::{Ask, bad_parameter};
use super::consented;
use super::page::{Listing, Page, cursor};
use super::site::Site;
use crate::problem::Problem;

/// Items of a page unless asked otherwise.
const USUAL_LIMIT: usize = 100;

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
    let (now, register) = (site.registry.now(), site.register());
    let mut due = schedule(&register, &party, now, &window, page.limit + 1);
    let next = due.get(page.limit).and(due.get(page.limit - 1)).map(cursor);
    due.truncate(page.limit);
    let today = Day::of(now);
    let items: Vec<Item> = due.iter().filter_map(|due| item(site, &register, &party, due, today)).collect();
    drop(register);
    Listing { name: "surveillance", items, next }.answer()
}

fn item(site: &Site, register: &Register, party: &PartyId, due: &Due, today: Day) -> Option<Item> {
    let record = register.verdict(&due.verdict)?;
    let duty = register.scheme(&record.terms.scheme)?.scheme.surveillance?;
    Some(Item {
        verdict: VerdictRef { registry: site.registry.config.registry.id.clone(), id: due.verdict.clone() },
        scheme: record.terms.scheme.clone(),
        by: duty.by,
        every_months: duty.every_months,
        due: due.day,
        overdue_since: (due.day < today).then(|| due.day.plus_days(1)),
        last_report: last_report(register, party, &record).map(reported),
        whole: sees_whole(register, party, &record).then(|| whole(&record)),
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
