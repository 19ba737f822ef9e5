//! Verdicts: one by its reference, and lists of the open ones.
//!
//! A restricted verdict is answered as if it were not there to whoever may not see it, down to cursors and to how far a
//! search goes. Out of scope: the buyer's question, see `standing`.

use std::sync::Arc;

use bytes::Bytes;
use conformity::as_of::{AsOf, Seen};
use conformity::consent::Permission;
use conformity::identifiers::Identifier;
use conformity::ids::{Origin, SchemeChoice, SchemeRef, VerdictId, VerdictRef};
use conformity::recognised::{Recognition, RecognitionRecord};
use conformity::recognition::{in_effect, told};
use conformity::records::Facts;
use conformity::standing::{About, Question, Sight, sight};
use conformity::time::{Day, Moment};
use conformity::verdict::{
    AssessedObject, HistoryItem, Provenance, SelfEvaluation, Snapshot, StateName, Supplier, Verdict, VerdictRecord,
};
use conformity::viewpoint::Viewpoint;
use conformity::words::Language;
use serde::Serialize;
use warp::reply::Response;

use super::answer::{self, JSON, Keep};
use super::apart;
use super::as_of::{self, Echo, Told, rows};
use super::ask::Ask;
use super::consented::{self, Asker, Showing};
use super::nothing::{self, Why};
use super::page::{Listing, Page, cursor};
use super::site::Site;
use crate::core::uses::Way;
use crate::problem::Problem;

/// Items of a page unless asked otherwise.
const USUAL_LIMIT: usize = 100;
/// Verdicts that are passed under one lock of the register.
const CHUNK: usize = 4_096;
/// Open verdicts that are looked at for one page: a rare match is found in several requests, not in one long one.
const MAX_LOOKED_AT: usize = 20_000;

/// A verdict of this registry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Own<'a> {
    verdict: &'a VerdictRef,
    origin: &'a Origin,
    state: StateName,
    terms: &'a Verdict,
    now: &'a Snapshot,
    history: &'a [HistoryItem],
}

/// What this registry makes of another's verdict.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Foreign<'a> {
    verdict: &'a VerdictRef,
    recognition: &'a Recognition,
    since: Moment,
    position: u32,
}

/// `GET /v1/verdicts/{verdict}`
pub(super) fn one(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let wanted: VerdictRef = ask.value()?;
    let as_of = as_of::of(site, ask.query())?;
    if as_of::is_past(site, ask) {
        return one_then(site, ask, &wanted, &as_of);
    }
    if wanted.registry == site.registry.config.registry.id {
        let record = visible(site, ask, &wanted.id).ok_or_else(|| nothing::verdict(site, ask, &wanted))?;
        let answer = site.rendered.answer(&record, |record| own(site, &wanted, record, None));
        return Ok(answer::bytes(JSON, answer?, Keep::No));
    }
    let (apart, recorded) = (apart::of_verdict(site, ask, &wanted), site.register().recognition(&wanted));
    let peer = site.register().peer(&wanted.registry);
    if let Some(record) = apart {
        return in_words(&in_effect(record, peer.as_deref()), ask, None);
    }
    let recorded = recorded.ok_or_else(|| nothing::verdict(site, ask, &wanted))?;
    let record = in_effect(Arc::clone(&recorded), peer.as_deref());
    // What the log does not say yet is rendered each time: it will in a moment.
    if !Arc::ptr_eq(&recorded, &record) || ask.language() != Language::English {
        return in_words(&record, ask, None);
    }
    let answer = site.rendered.answer(&record, |record| foreign(record, Language::English, None));
    Ok(answer::in_language(answer::bytes(JSON, answer?, Keep::No), Language::English))
}

/// A verdict of then, or what was made of it, for whoever may see it today.
fn one_then(site: &Site, ask: &Ask, wanted: &VerdictRef, as_of: &AsOf) -> Result<Response, Problem> {
    let echo = Echo::of(as_of, ask.query())?;
    if wanted.registry == site.registry.config.registry.id {
        let record = visible(site, ask, &wanted.id).and_then(|record| record.seen(as_of));
        let answer = own(site, wanted, &*record.ok_or_else(|| nothing::at(site, ask, wanted, as_of))?, echo)?;
        return Ok(answer::bytes(JSON, answer, Keep::No));
    }
    let (apart, recorded) = (apart::of_verdict(site, ask, wanted), site.register().recognition(wanted));
    let stated = rows::then(site, recorded.into_iter().collect(), as_of)?;
    let found = apart.into_iter().chain(stated).find(|record| as_of.knows(record.since));
    let record = found.ok_or_else(|| nothing::at(site, ask, wanted, as_of))?;
    let peer = Seen::new(&*site.register(), *as_of).peer(&wanted.registry);
    in_words(&in_effect(record, peer.as_deref()), ask, echo)
}

/// Whether the answer waits for the disk: for a row of then, or for the use of a consent.
pub(super) fn waits(site: &Site, ask: &Ask) -> bool {
    as_of::is_past(site, ask) || by_consent(site, ask)
}

/// `GET /v1/verdicts/{verdict}`, where it waits.
pub(super) fn one_waiting(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    if by_consent(site, ask) { one_by_consent(site, ask) } else { one(site, ask) }
}

/// Whether it is a restricted verdict that the asker sees by consent.
fn by_consent(site: &Site, ask: &Ask) -> bool {
    ask.speaker().is_some() && shown_by_consent(site, ask).is_some()
}

/// `GET /v1/verdicts/{verdict}`, by consent.
fn one_by_consent(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let as_of = as_of::of(site, ask.query())?;
    // It was there a moment ago: by what consent says now, it is as for everybody.
    let Some((wanted, record, permission)) = shown_by_consent(site, ask) else { return one(site, ask) };
    let told = by_consent_then(site, ask, &wanted, (record, permission), &as_of)?;
    let told = told.ok_or_else(|| nothing::at(site, ask, &wanted, &as_of))?;
    told.record(site, ask)?;
    Ok(answer::bytes(JSON, told.bytes, Keep::No))
}

/// A verdict with its history, made for one asker. What it shows by consent is recorded before it is shown.
pub(super) struct WithHistory {
    /// The answer.
    pub(super) bytes: Bytes,
    /// By what it is shown, where that is consent.
    by: Option<(Arc<VerdictRecord>, Permission)>,
}

impl WithHistory {
    /// Records that it is shown, where it is by consent. Waits for the disk.
    pub(super) fn record(&self, site: &Site, ask: &Ask) -> Result<(), Problem> {
        let Some((verdict, permission)) = &self.by else { return Ok(()) };
        let (way, place) = (Way::Verdict, consented::place(site)?);
        let showing = Showing { verdict, permission, way, credential: None, disclosures: 0 };
        showing.record(site, Asker::of(ask)?, &place)
    }
}

/// A restricted verdict as it stood then, by consent; nothing where it was not there then.
fn by_consent_then(
    site: &Site,
    ask: &Ask,
    wanted: &VerdictRef,
    (record, permission): (VerdictRecord, Permission),
    as_of: &AsOf,
) -> Result<Option<WithHistory>, Problem> {
    let record = Arc::new(record);
    let Some(then) = record.seen(as_of) else { return Ok(None) };
    let bytes = own(site, wanted, &then, Echo::of(as_of, ask.query())?)?;
    Ok(Some(WithHistory { bytes, by: Some((record, permission)) }))
}

/// A verdict of this registry with its history as of then, for whoever may see it himself or by consent; nothing for anybody else.
pub(super) fn with_history(
    site: &Site,
    ask: &Ask,
    wanted: &VerdictRef,
    as_of: &AsOf,
) -> Result<Option<WithHistory>, Problem> {
    if let Some(record) = visible(site, ask, &wanted.id) {
        let then = record.seen(as_of).map(|then| own(site, wanted, &then, Echo::of(as_of, ask.query())?));
        return Ok(then.transpose()?.map(|bytes| WithHistory { bytes, by: None }));
    }
    match consented::restricted(site, ask, &wanted.id) {
        Some(shown) => by_consent_then(site, ask, wanted, shown, as_of),
        None => Ok(None),
    }
}

fn shown_by_consent(site: &Site, ask: &Ask) -> Option<(VerdictRef, VerdictRecord, Permission)> {
    let wanted: VerdictRef = ask.value().ok()?;
    if wanted.registry != site.registry.config.registry.id {
        return None;
    }
    let (record, permission) = consented::restricted(site, ask, &wanted.id)?;
    Some((wanted, record, permission))
}

fn visible(site: &Site, ask: &Ask, id: &VerdictId) -> Option<Arc<VerdictRecord>> {
    let register = site.register();
    let record = register.verdict(id)?;
    (sight(&*register, &ask.viewer(), &record) == Sight::Whole).then_some(record)
}

fn own(site: &Site, verdict: &VerdictRef, record: &VerdictRecord, echo: Option<Echo>) -> Result<Bytes, Problem> {
    let answer = Own {
        verdict,
        origin: &site.registry.config.registry.origin,
        state: record.now.state.name(),
        terms: &record.terms,
        now: &record.now,
        history: &record.history,
    };
    answer::to_json(&Told { answer, echo })
}

/// What is made of another's verdict, rendered for this asker alone.
fn in_words(record: &RecognitionRecord, ask: &Ask, echo: Option<Echo>) -> Result<Response, Problem> {
    let answer = answer::bytes(JSON, foreign(record, ask.language(), echo)?, Keep::No);
    Ok(answer::in_language(answer, ask.language()))
}

fn foreign(record: &RecognitionRecord, language: Language, echo: Option<Echo>) -> Result<Bytes, Problem> {
    let recognition = &told(&record.recognition, language);
    let (verdict, since, position) = (&recognition.verdict, record.since, record.position);
    answer::to_json(&Told { answer: Foreign { verdict, recognition, since, position }, echo })
}

/// `GET /v1/verdicts`
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let search = Search::read(site, ask)?;
    let (found, next) = match &search.supplier {
        Some(supplier) => search.of_supplier(site, supplier),
        None => search.through_all(site),
    };
    let items: Vec<Item<'_>> = found.iter().filter_map(|record| item(site, record)).collect();
    let why = if items.is_empty() && next.is_none() { search.why(site, ask)? } else { None };
    let told = why.is_some();
    let listing = Listing { name: "verdicts", items, next: next.as_ref().map(cursor) };
    let answer = answer::json(&Answer { listing, why })?;
    Ok(if told { answer::in_language(answer, ask.language()) } else { answer })
}

/// A page, and why there is nothing on it.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    listing: Listing<Item<'a>>,
    #[serde(flatten)]
    why: Option<Why>,
}

/// What is searched for.
struct Search {
    supplier: Option<Identifier>,
    scheme: Option<SchemeChoice>,
    viewpoint: Option<Viewpoint>,
    state: Option<StateName>,
    as_of: AsOf,
    page: Page<VerdictId>,
}

/// One line of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    verdict: VerdictRef,
    supplier: &'a Supplier,
    object: &'a AssessedObject,
    scheme: &'a SchemeRef,
    provenance: &'a Provenance,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_declared: Option<SelfEvaluation>,
    valid_from: Day,
    state: StateName,
    snapshot: &'a Snapshot,
    granted: Moment,
    changed: Moment,
}

impl Search {
    fn read(site: &Site, ask: &Ask) -> Result<Search, Problem> {
        let query = ask.query();
        Ok(Search {
            supplier: query.one("supplier")?,
            scheme: query.one("scheme")?,
            viewpoint: query.one("viewpoint")?,
            state: query.one("state")?,
            as_of: as_of::of(site, query)?,
            page: Page::of(query, USUAL_LIMIT)?,
        })
    }

    /// Why nothing is listed, where that says something of the supplier or of the scheme: not on a later page, nor where a state was
    /// asked for, in which a verdict may not be that is there.
    fn why(&self, site: &Site, ask: &Ask) -> Result<Option<Why>, Problem> {
        if self.page.after.is_some() || self.state.is_some() {
            return Ok(None);
        }
        let Some(supplier) = &self.supplier else {
            return Ok(self.scheme.as_ref().and_then(|scheme| Why::of_scheme(site, ask, scheme)));
        };
        let question = Question {
            supplier: supplier.clone(),
            country: None,
            about: self.scheme.clone().map_or(About::Everything, About::from),
            viewpoint: self.viewpoint,
            as_of: self.as_of,
        };
        Ok(Some(Why::of_supplier(site, ask, &question)?))
    }

    fn of_supplier(&self, site: &Site, supplier: &Identifier) -> (Vec<Arc<VerdictRecord>>, Option<VerdictId>) {
        let mut records = site.register().verdicts_of(supplier);
        records.retain(|record| is_public(record) && self.page.after.as_ref().is_none_or(|after| record.id() > after));
        records.sort_by(|one, other| one.id().cmp(other.id()));
        let mut found = records.iter().filter_map(|record| self.fit(record));
        let page: Vec<_> = found.by_ref().take(self.page.limit).collect();
        let next = found.next().and(page.last()).map(|last| last.id().clone());
        (page, next)
    }

    fn through_all(&self, site: &Site) -> (Vec<Arc<VerdictRecord>>, Option<VerdictId>) {
        let (mut page, mut looked_at) = (Vec::new(), 0);
        let (mut cursor, mut last_open) = (self.page.after.clone(), self.page.after.clone());
        while let Some((chunk, last)) = chunk(site, cursor.as_ref()) {
            for record in chunk {
                if page.len() == self.page.limit || looked_at == MAX_LOOKED_AT {
                    return (page, last_open);
                }
                looked_at += 1;
                last_open = Some(record.id().clone());
                page.extend(self.fit(&record));
            }
            cursor = Some(last);
        }
        (page, None)
    }

    /// The verdict as it stood at the time asked for, if it fits then.
    fn fit(&self, record: &Arc<VerdictRecord>) -> Option<Arc<VerdictRecord>> {
        let scheme = self.scheme.as_ref().is_none_or(|scheme| scheme.takes(&record.terms.scheme));
        if !scheme {
            return None;
        }
        let then = record.seen(&self.as_of)?;
        let fits = self.viewpoint.is_none_or(|wanted| then.now.viewpoints.contains(wanted))
            && self.state.is_none_or(|wanted| then.now.state.name() == wanted);
        fits.then_some(then)
    }
}

/// The open ones among the next verdicts behind `cursor`, and the last that was passed, open or not.
fn chunk(site: &Site, cursor: Option<&VerdictId>) -> Option<(Vec<Arc<VerdictRecord>>, VerdictId)> {
    let register = site.register();
    let (mut open, mut last) = (Vec::new(), None);
    for record in register.verdicts_after(cursor).take(CHUNK) {
        last = Some(record);
        open.extend(is_public(record).then(|| Arc::clone(record)));
    }
    Some((open, last?.id().clone()))
}

fn is_public(record: &VerdictRecord) -> bool {
    record.terms.profile.is_public()
}

fn item<'a>(site: &Site, record: &'a VerdictRecord) -> Option<Item<'a>> {
    let VerdictRecord { terms, now, history } = record;
    Some(Item {
        verdict: VerdictRef { registry: site.registry.config.registry.id.clone(), id: terms.verdict.clone() },
        supplier: &terms.supplier,
        object: &terms.object,
        scheme: &terms.scheme,
        provenance: &terms.provenance,
        self_declared: record.self_evaluation(now),
        valid_from: terms.valid_from,
        state: now.state.name(),
        snapshot: now,
        granted: history.first()?.moment(),
        changed: history.last()?.moment(),
    })
}
