//! What the registry publishes about itself: documents, schemes, parties, who is designated and accredited.
//!
//! Every list comes in the order of its ids, in pages; an item is what was stated, with its place in the log and, where
//! time decides, how it stands now. Out of scope: arrangements and peers, see `neighbours`.

use conformity::accreditation::{
    Accreditation, AccreditationChange, AccreditationRecord, Changed, Designation, DesignationChange,
    DesignationRecord, Lapse,
};
use conformity::basis::of_log_keys;
use conformity::crosswalk::{CrosswalkRecord, Publication};
use conformity::document::Document;
use conformity::ids::PartyId;
use conformity::party::{Party, PartyKey, PartyRecord};
use conformity::records::{DocumentRecord, Register, Replaced, SchemeRecord};
use conformity::scheme::Scheme;
use conformity::succession::{Agreement, Succession, speaks_for};
use conformity::time::{Day, Moment};
use conformity::viewpoint::Viewpoints;
use federation::serve;
use jiff::Timestamp;
use ledger::journal::Stored;
use serde::Serialize;
use warp::reply::Response;

use super::answer::{self, JOSE, Keep};
use super::as_of;
use super::ask::Ask;
use super::code;
use super::page::{MAX_LIMIT, Page};
use super::site::Site;
use crate::problem::Problem;

/// `GET /v1/genesis`
pub(super) fn genesis(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    match site.registry.log.statement(0) {
        Ok(Stored::Bytes(statement)) => Ok(answer::bytes(JOSE, statement, Keep::Ask)),
        Ok(Stored::Erased | Stored::None) => Err(Problem::not_found()),
        Err(error) => Err(code::internal("the genesis could not be read", &error)),
    }
}

/// `GET /v1/log-keys`: with which keys the log signed its checkpoints, and what proves it.
pub(super) fn log_keys(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    // Statements are read without the register, for which the sequencer waits.
    let places = of_log_keys(&*site.register());
    let history = serve::key_history(&site.registry.log, &places);
    answer::json(&history.map_err(|error| code::internal("the log could not be read", &error))?)
}

#[derive(Serialize)]
struct Published<'a, T> {
    #[serde(flatten)]
    what: &'a T,
    published: Moment,
    by: &'a PartyId,
}

/// `GET /v1/documents`
pub(super) fn documents(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page = Page::of(ask.query(), MAX_LIMIT)?;
    let as_of = as_of::of(site, ask.query())?;
    let register = site.register();
    let then = register.documents().filter(|record| as_of.knows(record.published));
    let records = page.cut("documents", then.cloned(), |one| &one.document.document);
    drop(register);
    records.map(|record| document(record)).answer()
}

fn document(record: &DocumentRecord) -> Published<'_, Document> {
    Published { what: &record.document, published: record.published, by: &record.by }
}

/// `GET /v1/schemes`
pub(super) fn schemes(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page = Page::of(ask.query(), MAX_LIMIT)?;
    let as_of = as_of::of(site, ask.query())?;
    let register = site.register();
    let then = register.schemes().filter_map(|record| record.seen(&as_of));
    let records = page.cut("schemes", then, |one| &one.scheme.scheme);
    drop(register);
    records.map(|record| scheme(record)).answer()
}

#[derive(Serialize)]
struct PublishedScheme<'a> {
    #[serde(flatten)]
    scheme: Published<'a, Scheme>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<&'a Replaced>,
}

fn scheme(record: &SchemeRecord) -> PublishedScheme<'_> {
    let scheme = Published { what: &*record.scheme, published: record.published, by: &record.by };
    PublishedScheme { scheme, replaced: record.replaced.as_ref() }
}

/// `GET /v1/crosswalks`
pub(super) fn crosswalks(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page = Page::of(ask.query(), MAX_LIMIT)?;
    let as_of = as_of::of(site, ask.query())?;
    let register = site.register();
    let then = register.crosswalks().filter(|record| as_of.knows(record.published));
    let records = page.cut("crosswalks", then.cloned(), |one| &one.publication.crosswalk);
    drop(register);
    records.map(|record| crosswalk(record)).answer()
}

fn crosswalk(record: &CrosswalkRecord) -> Published<'_, Publication> {
    Published { what: &record.publication, published: record.published, by: &record.by }
}

#[derive(Serialize)]
struct Registered<'a> {
    #[serde(flatten)]
    party: &'a Party,
    registered: Moment,
    keys: &'a [PartyKey],
    /// That another body took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    succeeded: Option<&'a Succession>,
    /// What it agreed to about who takes whose place.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    agreements: &'a [Agreement],
}

/// `GET /v1/parties`: all but those whose statements `conformity::audience` keeps to the registry itself.
pub(super) fn parties(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page = Page::of(ask.query(), MAX_LIMIT)?;
    let as_of = as_of::of(site, ask.query())?;
    let register = site.register();
    let public = register.parties().filter(|one| one.party.is_public());
    let then = public.filter_map(|record| record.seen(&as_of));
    let records = page.cut("parties", then, |one| &one.party.id);
    drop(register);
    records.map(|record| party(record)).answer()
}

fn party(record: &PartyRecord) -> Registered<'_> {
    Registered {
        party: &record.party,
        registered: record.registered,
        keys: &record.keys,
        succeeded: record.succeeded.as_deref(),
        agreements: &record.agreements,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Designated<'a> {
    #[serde(flatten)]
    designation: &'a Designation,
    made: Moment,
    by: &'a PartyId,
    changes: &'a [Changed<DesignationChange>],
    in_force: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lapse: Option<Lapse>,
}

/// `GET /v1/designations`
pub(super) fn designations(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page = Page::of(ask.query(), MAX_LIMIT)?;
    let as_of = as_of::of(site, ask.query())?;
    let register = site.register();
    let then = register.all_designations().filter_map(|record| record.seen(&as_of));
    let records = page.cut("designations", then, |one| &one.designation.id);
    drop(register);
    records.map(|record| designation(record, as_of.at())).answer()
}

fn designation(record: &DesignationRecord, at: Timestamp) -> Designated<'_> {
    let lapse = record.in_force_at(at).err();
    Designated {
        designation: &record.designation,
        made: record.made,
        by: &record.by,
        changes: &record.changes,
        in_force: lapse.is_none(),
        lapse,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accredited<'a> {
    #[serde(flatten)]
    accreditation: &'a Accreditation,
    granted: Moment,
    by: &'a PartyId,
    changes: &'a [Changed<AccreditationChange>],
    /// What is left of the viewpoints.
    covers: Viewpoints,
    /// The last day, after renewals.
    last_day: Day,
    in_force: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lapse: Option<Lapse>,
}

/// `GET /v1/accreditations`
pub(super) fn accreditations(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page = Page::of(ask.query(), MAX_LIMIT)?;
    let as_of = as_of::of(site, ask.query())?;
    let register = site.register();
    let then = register.all_accreditations().filter_map(|record| record.seen(&as_of));
    let records = page.cut("accreditations", then, |one| &one.accreditation.id);
    records.map(|record| accreditation(record, &register, as_of.at())).answer()
}

/// What a body was accredited for ended when another took its place.
fn accreditation<'r>(record: &'r AccreditationRecord, register: &Register, at: Timestamp) -> Accredited<'r> {
    let is_over = speaks_for(register, &record.accreditation.body, at).map(|_| Lapse::Withdrawn);
    let lapse = is_over.or(record.in_force_at(at).err());
    Accredited {
        accreditation: &record.accreditation,
        granted: record.granted,
        by: &record.by,
        changes: &record.changes,
        covers: record.viewpoints_at(at),
        last_day: record.until_at(at),
        in_force: lapse.is_none(),
        lapse,
    }
}
