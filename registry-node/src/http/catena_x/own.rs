//! What a member of Catena-X keeps here for itself: which of its verdicts it offers as which certificates, and what partners sent it.
//!
//! These are asked by the member's own programs, and never through its connector. Out of scope: what partners ask.

use std::sync::Arc;

use conformity::ids::{PartyId, VerdictId};
use jiff::Timestamp;
use serde::Serialize;
use warp::reply::Response;

use super::super::answer;
use super::super::ask::{Ask, bad_parameter};
use super::super::code;
use super::super::consented::party;
use super::super::own::{self, Sent, tagged};
use super::super::site::Site;
use super::super::subscriptions;
use super::Between;
use super::kept::{About, Exchange, Foreign, Judgement};
use crate::buyer::certificate;
use crate::buyer::offer::{EndedOffer, OFFER_BYTES, Offer};
use crate::buyer::shelf::{Condition, Draft, Kept, Listed, Name, ShelfError, Shelved, Version};
use crate::buyer::source::Source;
use crate::problem::Problem;

/// Most bytes of an offer and of a judgement, as sent.
pub(in super::super) const MAX_BYTES: usize = OFFER_BYTES;

/// What there is of a kind.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Listing {
    CertificateOffers(Vec<Listed>),
    ForeignCertificates(Vec<Listed>),
    CertificateExchanges(Vec<Named>),
}

/// An exchange, by the name under which it can be removed.
#[derive(Serialize)]
struct Named {
    name: Name,
    #[serde(flatten)]
    exchange: Exchange,
}

/// Something that was put.
#[derive(Serialize)]
struct Put<'a> {
    name: &'a Name,
    version: Version,
}

fn listed<T: Kept>(site: &Site, ask: &Ask) -> Result<Vec<Listed>, Problem> {
    Ok(site.registry.shelf.list::<T>(&party(ask)?)?)
}

fn kept<T: Kept>(site: &Site, ask: &Ask) -> Result<Shelved<T>, Problem> {
    let found = site.registry.shelf.value(&party(ask)?, &ask.value()?)?;
    found.ok_or_else(Problem::not_found)
}

fn shown<T: Kept>(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let Shelved { value, version, .. } = kept::<T>(site, ask)?;
    Ok(tagged(answer::json(&value)?, version))
}

fn put<T: Kept>(site: &Site, sent: &Sent, name: &Name, value: &T, condition: Condition) -> Result<Response, Problem> {
    let version = site.registry.shelf.put(&sent.party, name, value, condition, site.registry.now());
    shelved(name, version?)
}

fn shelved(name: &Name, version: Version) -> Result<Response, Problem> {
    Ok(tagged(answer::json(&Put { name, version })?, version))
}

fn removed<T: Kept>(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let removed = site.registry.shelf.remove::<T>(&sent.party, &ask.value()?, sent.condition);
    if removed? { Ok(answer::done()) } else { Err(Problem::not_found()) }
}

/// `GET /v1/certificate-offers`
pub(in super::super) fn offers(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    answer::json(&Listing::CertificateOffers(listed::<Offer>(site, ask)?))
}

/// `GET /v1/certificate-offers/{verdict}`
pub(in super::super) fn offer(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    shown::<Offer>(site, ask)
}

/// `PUT /v1/certificate-offers/{verdict}`
pub(in super::super) fn put_offer(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let id: VerdictId = ask.value()?;
    let name: Name = ask.value()?;
    let offer: Offer = own::read(sent)?;
    let offer = offer.checked().map_err(|error| code::bad_question(error.words(ask.language())))?;
    let registry = &site.registry;
    let verdict = certificate::offered(registry, &sent.party, &id);
    let verdict = verdict.ok_or_else(|| bad_parameter("verdict", "offer a public verdict on yourself"))?;
    let _changing = registry.dispatch.changing();
    let there: Option<Shelved<Offer>> = registry.shelf.value(&sent.party, &name)?;
    let ended = match &there {
        Some(_) => None,
        None => registry.shelf.value::<EndedOffer>(&sent.party, &name)?.map(|ended| ended.value.0),
    };
    let before = there.as_ref().map(|there| &there.value).or(ended.as_ref());
    let offer = offer.put_after(before, &verdict, (registry.feed.size(), registry.now()));
    let on = subscriptions::on(there.as_ref().map(|there| there.version), sent.condition);
    let answer = match there.filter(|there| there.value == offer && on == Condition::Exactly(there.version)) {
        // Nothing changed: neither what is kept, nor what partners are told.
        Some(there) => shelved(&name, there.version)?,
        None => put(site, sent, &name, &offer, on)?,
    };
    follow(site, &sent.party)?;
    Ok(answer)
}

/// `DELETE /v1/certificate-offers/{verdict}`: partners find that it was withdrawn, and are told so.
pub(in super::super) fn remove_offer(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let (name, registry): (Name, _) = (ask.value()?, &site.registry);
    let _changing = registry.dispatch.changing();
    let there: Shelved<Offer> = kept(site, ask)?;
    if subscriptions::on(Some(there.version), sent.condition) != Condition::Exactly(there.version) {
        return Err(ShelfError::Changed.into());
    }
    // First what stays of it: a crash in between leaves the offer as it was.
    let ended = EndedOffer(there.value.ended(registry.feed.size()));
    registry.shelf.put(&sent.party, &name, &ended, Condition::Any, registry.now())?;
    let answer = removed::<Offer>(site, ask, sent)?;
    follow(site, &sent.party)?;
    Ok(answer)
}

/// Has events about what the member offers now looked at for its partners, and what these are owed.
fn follow(site: &Site, member: &PartyId) -> Result<(), Problem> {
    let registry = &site.registry;
    let suppliers = Source::Offers.suppliers(&registry.shelf, member)?.unwrap_or_default();
    registry.dispatch.follow(member, &Source::Offers, &Arc::new(suppliers));
    registry.dispatch.push(member, registry.now());
    Ok(())
}

/// `GET /v1/foreign-certificates`
pub(in super::super) fn foreign(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    answer::json(&Listing::ForeignCertificates(listed::<Foreign>(site, ask)?))
}

/// `GET /v1/foreign-certificates/{certificate}`
pub(in super::super) fn foreign_one(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    shown::<Foreign>(site, ask)
}

/// `PUT /v1/foreign-certificates/{certificate}/judgement`: of the version that the member had before it, which it names, and of no other. What
/// came meanwhile was not judged.
pub(in super::super) fn judge(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let judgement: Judgement = own::read(sent)?;
    let judgement = judgement.checked().map_err(code::bad_question)?;
    let Condition::Exactly(_) = sent.condition else { return Err(own::condition_required()) };
    let (name, now): (Name, _) = (ask.value()?, site.registry.now());
    let version = site.registry.shelf.change(&sent.party, |shelf| {
        let foreign = shelf.value::<Foreign>(&name)?.ok_or_else(Problem::not_found)?.value;
        let was_open = conclude(shelf, &foreign, &judgement, now)?;
        let before = foreign.judgement.as_ref().filter(|before| before.status.is_end() && **before != judgement);
        if before.is_some() && !was_open {
            return Err(code::bad_question("you judged this issue otherwise, and the exchange has ended by that"));
        }
        let judged = Foreign { judgement: Some(judgement), ..foreign };
        Ok(shelf.put(&name, &judged, sent.condition, now)?)
    })?;
    shelved(&name, version)
}

/// Keeps the judgement in what is open with the partner about the certificate; whether something was. An end is never taken back: what the
/// partner opens later is another exchange.
fn conclude(shelf: &mut Draft<'_>, foreign: &Foreign, judgement: &Judgement, now: Timestamp) -> Result<bool, Problem> {
    let mut was_open = false;
    for Listed { name, .. } in shelf.list::<Exchange>()? {
        if Between::partner_in(&name) != foreign.partner.as_str() {
            continue;
        }
        let Some(Shelved { value, version, .. }) = shelf.value::<Exchange>(&name)? else { continue };
        if value.is_open_about(&foreign.evidence.id) {
            let ended = Exchange { about: About::Theirs { judgement: Some(judgement.clone()) }, ..value };
            shelf.put(&name, &ended, Condition::Exactly(version), now)?;
            was_open = true;
        }
    }
    Ok(was_open)
}

/// `DELETE /v1/foreign-certificates/{certificate}`
pub(in super::super) fn remove_foreign(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    removed::<Foreign>(site, ask, sent)
}

/// `GET /v1/certificate-exchanges`
pub(in super::super) fn exchanges(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    own::sparingly(site, ask)?;
    let (shelf, member) = (&site.registry.shelf, party(ask)?);
    let mut named = Vec::new();
    for Listed { name, .. } in listed::<Exchange>(site, ask)? {
        let shelved = shelf.value::<Exchange>(&member, &name)?;
        named.extend(shelved.map(|shelved| Named { name, exchange: shelved.value }));
    }
    answer::json(&Listing::CertificateExchanges(named))
}

/// `DELETE /v1/certificate-exchanges/{exchange}`
pub(in super::super) fn remove_exchange(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    removed::<Exchange>(site, ask, sent)
}
