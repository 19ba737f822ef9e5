//! What a member of Catena-X keeps here for itself: which of its verdicts it offers as which certificates, and what partners sent it.
//!
//! These are asked by the member's own programs, and never through its connector. Out of scope: what partners ask.

use conformity::ids::VerdictId;
use serde::Serialize;
use warp::reply::Response;

use super::super::answer;
use super::super::ask::{Ask, bad_parameter};
use super::super::code;
use super::super::consented::party;
use super::super::own::{self, Sent, tagged};
use super::super::site::Site;
use super::super::subscriptions;
use super::kept::{Exchange, Foreign, Judgement};
use super::pushed;
use crate::buyer::offer::Offer;
use crate::buyer::pushing;
use crate::buyer::shelf::{Condition, Kept, Listed, Name, Shelved, Version};
use crate::problem::Problem;

/// Most bytes of an offer and of a judgement, as sent.
pub(in super::super) const MAX_BYTES: usize = 64 * 1024;

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
    let version = version?;
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
    let verdict = pushing::offered(&site.registry, &sent.party, &id);
    let verdict = verdict.ok_or_else(|| bad_parameter("verdict", "offer a public verdict on yourself"))?;
    let _changing = site.registry.dispatch.changing();
    let before: Option<Shelved<Offer>> = site.registry.shelf.value(&sent.party, &name)?;
    let size = site.registry.feed.size();
    let offer = offer.put_after(before.as_ref().map(|before| &before.value), &verdict.terms.supplier.id, size);
    let on = subscriptions::on(before.map(|before| before.version), sent.condition);
    let answer = put(site, sent, &name, &offer, on)?;
    // Also where it is as it was: the one before may have been cut off here.
    pushed::follow(site, &sent.party)?;
    pushed::tell(site, &sent.party, (&id, &offer), None)?;
    Ok(answer)
}

/// `DELETE /v1/certificate-offers/{verdict}`
pub(in super::super) fn remove_offer(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let _changing = site.registry.dispatch.changing();
    let answer = removed::<Offer>(site, ask, sent)?;
    pushed::follow(site, &sent.party)?;
    Ok(answer)
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
    let judged = Foreign { judgement: Some(judgement), ..kept::<Foreign>(site, ask)?.value };
    put(site, sent, &ask.value()?, &judged, sent.condition)
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
