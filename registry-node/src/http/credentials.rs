//! Credentials over HTTP: slots for those to come, the credentials themselves with what the asker may see, and the lists
//! that say which still hold.
//!
//! Whoever may not see a verdict gets the answer of one that is not there. Out of scope: submitting a credential, which goes
//! the way of every statement.

use certs::Identity;
use conformity::credential::CredentialRecord;
use conformity::ids::{PartyId, VerdictRef};
use conformity::party::Role;
use conformity::records::Facts;
use credential::attestation::Web;
use credential::sd_jwt::{REGISTRY, Unverified};
use jiff::Timestamp;
use ledger::journal::Stored;
use serde::Serialize;
use warp::reply::Response;

use super::answer::{self, Keep};
use super::ask::{Ask, bad_parameter};
use super::code;
use super::consented::{self, Asker, Extent, Showing};
use super::nothing;
use super::site::Site;
use crate::core::disclosures::digest_of;
use crate::core::slots::{MAX_AT_ONCE, RESERVED_FOR, SlotError};
use crate::core::status_lists::{ListForm, TTL_SECONDS};
use crate::core::uses::Way;
use crate::problem::Problem;

/// Media type of an SD-JWT VC.
pub(super) const SD_JWT: &str = "application/dc+sd-jwt";
/// Media type of a Token Status List in a JWT.
pub(super) const STATUS_LIST: &str = "application/statuslist+jwt";
/// Media type of a W3C Verifiable Credential in a JWT.
pub(super) const VC_JWT: &str = "application/vc+jwt";

/// Slots that now wait for a body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HandedOut {
    slots: Vec<Place>,
    until: Timestamp,
}

/// A slot, and how a credential names it.
#[derive(Serialize)]
struct Place {
    list: u32,
    index: u32,
    uri: String,
}

/// `POST /v1/status-slots`
pub(super) fn hand_out(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let body = issuer(site, ask)?;
    let count: u16 = ask.query().one("count")?.unwrap_or(1);
    if !(1..=MAX_AT_ONCE).contains(&count) {
        return Err(bad_parameter("count", format_args!("ask for 1 to {MAX_AT_ONCE} slots")));
    }
    let now = site.registry.now();
    let slots = site.registry.slots.hand_out(&body, count, now).map_err(|error| match error {
        SlotError::TooMany => Problem::busy(code::Code::Busy.as_str(), error.to_string(), 3_600),
        SlotError::Vault(cause) => code::vault("no status slot could be handed out", &cause, cause.needs_restart()),
        error => code::internal("no status slot could be handed out", &error),
    })?;
    let web = web(site)?;
    let slots =
        slots.into_iter().map(|slot| Place { list: slot.list(), index: slot.index(), uri: web.status_list(slot) });
    answer::json(&HandedOut { slots: slots.collect(), until: now + RESERVED_FOR })
}

/// Who issues credentials: a certification body, and who declares.
fn issuer(site: &Site, ask: &Ask) -> Result<PartyId, Problem> {
    let speaker = ask.speaker().ok_or_else(Problem::certificate_required)?;
    match &speaker.identity {
        Identity::Party { role: Role::CertificationBody, id } => Ok(id.clone()),
        Identity::Party { id, .. } if site.register().party(id).is_some_and(|record| record.party.declares) => {
            Ok(id.clone())
        }
        _ => Err(Problem::forbidden(
            "role-not-entitled",
            "slots are for certification bodies and parties that declare, which issue credentials",
        )),
    }
}

/// `GET /v1/credentials/{verdict}`
pub(super) fn newest(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let wanted: VerdictRef = ask.value()?;
    // Those of other registries are there, whatever is made of the verdict here.
    if wanted.registry != site.registry.config.registry.id {
        return Err(Problem::not_found());
    }
    let look = consented::look(site, ask, &wanted.id);
    let (verdict, extent) = look.ok_or_else(|| nothing::verdict(site, ask, &wanted))?;
    let newest = site.register().newest_credential(&wanted.id);
    let record = newest.filter(|newest| newest.voided.is_none()).ok_or_else(Problem::not_found)?;
    let text = match extent {
        Extent::Whole => whole(site, &record)?.map_or_else(|| signed_part(site, &record), Ok)?,
        Extent::Public => signed_part(site, &record)?,
        Extent::Consent(permission) => {
            let place = consented::place(site)?;
            let mut text = signed_part(site, &record)?;
            let disclosures = consented::disclosures(site, &record, permission.parts)?;
            let (disclosed, permission) = (disclosures.len(), &permission);
            let (way, credential) = (Way::Credential, Some(&*record));
            Showing { verdict: &verdict, permission, way, credential, disclosures: disclosed }.record(
                site,
                Asker::of(ask)?,
                &place,
            )?;
            disclosures.iter().for_each(|one| text.extend([one, "~"]));
            text
        }
    };
    Ok(answer::bytes(SD_JWT, text.into(), Keep::No))
}

/// The credential with all that it keeps back, unless that was erased.
pub(super) fn whole(site: &Site, record: &CredentialRecord) -> Result<Option<String>, Problem> {
    let digest = digest_of(&*site.register(), record).ok_or_else(Problem::not_found)?;
    let whole = site.registry.disclosures.whole(&digest);
    whole.map_err(|error| code::internal("what a credential keeps back could not be read", &error))
}

/// The credential as the log holds it, which shows nothing that it keeps back.
fn signed_part(site: &Site, record: &CredentialRecord) -> Result<String, Problem> {
    let stored = site.registry.log.statement(record.issued.index);
    let stored = stored.map_err(|error| code::internal("a credential could not be read", &error))?;
    let Stored::Bytes(compact) = stored else { return Err(Problem::not_found()) };
    let text = format!("{}~", String::from_utf8_lossy(&compact));
    Unverified::parse(&text, REGISTRY).map_err(|error| code::internal("a credential could not be read", &error))?;
    Ok(text)
}

/// `GET /v1/status-lists/{list}`
pub(super) fn status_list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    list(site, ask.value()?, ListForm::Token, STATUS_LIST)
}

/// `GET /v1/bitstring-status-lists/{list*}`
pub(super) fn bitstring_list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let (number, purpose) = ask.raw_value().split_once('/').ok_or_else(Problem::not_found)?;
    let form = match purpose {
        "revocation" => ListForm::Revocation,
        "suspension" => ListForm::Suspension,
        _ => return Err(Problem::not_found()),
    };
    list(site, number.parse().map_err(|_| Problem::not_found())?, form, VC_JWT)
}

fn list(site: &Site, number: u32, form: ListForm, media_type: &'static str) -> Result<Response, Problem> {
    let signed = site.registry.status_lists.signed(&site.registry, number, form);
    let signed = signed.map_err(|error| code::internal("a status list could not be made", &error))?;
    Ok(answer::bytes(media_type, signed.ok_or_else(Problem::not_found)?, Keep::Seconds(TTL_SECONDS)))
}

fn web(site: &Site) -> Result<Web, Problem> {
    Web::of(site.registry.genesis.did_web.as_str())
        .ok_or_else(|| code::internal("status lists have no address", &"the registry's did:web names none"))
}
