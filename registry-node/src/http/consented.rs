//! What a supplier consented to: shown to the party that it named once the use is recorded, and listed for the supplier.
//!
//! One rule for all answers about a verdict of this registry, see [`look`]. Whoever is not named gets the answer that he got
//! before there were consents. Out of scope: what a consent lets see (`conformity::consent`), and where its parts stand in a
//! credential (`credential::attestation`).

use std::sync::Arc;

use certs::Identity;
use conformity::consent::{ConsentRecord, Parts, Permission, in_part, permission};
use conformity::credential::CredentialRecord;
use conformity::ids::{ConsentId, PartyId, VerdictId, VerdictRef};
use conformity::party::Role;
use conformity::records::{Facts, Register};
use conformity::standing::{Sight, Viewer, concerns, is_supplier, sight};
use conformity::verdict::VerdictRecord;
use credential::attestation::present_parts;
use jiff::Timestamp;
use serde::Serialize;
use warp::reply::Response;

use super::answer;
use super::ask::Ask;
use super::code;
use super::page::Page;
use super::site::Site;
use crate::core::uses::{About, Book, By, Consented, Granted, Place, Recipient, Seen, UseError, Way};
use crate::problem::Problem;

/// Consents of a page unless asked otherwise.
const USUAL_LIMIT: usize = 100;

/// How much of a verdict the asker may see.
pub(super) enum Extent {
    /// What everyone may.
    Public,
    /// All of it, because it is his own affair.
    Whole,
    /// What its supplier consented to, on top of what everyone may.
    Consent(Permission),
}

/// A verdict of this registry and how much of it the asker may see; nothing where it is to look as if it were not there.
pub(super) fn look(site: &Site, ask: &Ask, id: &VerdictId) -> Option<(Arc<VerdictRecord>, Extent)> {
    let (register, viewer) = (site.register(), ask.viewer());
    let record = register.verdict(id)?;
    if concerns(&*register, &viewer, &record) {
        return Some((record, Extent::Whole));
    }
    if let Some(permission) = permission(&register, &viewer, &record, site.registry.now()) {
        return Some((record, Extent::Consent(permission)));
    }
    (sight(&*register, &viewer, &record) == Sight::Whole).then_some((record, Extent::Public))
}

/// A restricted verdict by consent: as one in summary would be, with the parts that were named.
pub(super) fn restricted(site: &Site, ask: &Ask, id: &VerdictId) -> Option<(VerdictRecord, Permission)> {
    // Most questions are about public verdicts, and cost nothing more.
    if site.register().verdict(id)?.terms.profile.is_public() {
        return None;
    }
    match look(site, ask, id)? {
        (record, Extent::Consent(permission)) => Some((in_part(&record, permission.parts), permission)),
        _ => None,
    }
}

/// The disclosures of a credential that are of these parts, each with what it stands in, in the order in which they came;
/// none where they were erased.
pub(super) fn disclosures(site: &Site, record: &CredentialRecord, parts: Parts) -> Result<Vec<String>, Problem> {
    let opened = site.registry.opened(record);
    let opened = opened.map_err(|error| code::internal("what a credential keeps back could not be read", &error))?;
    let Some(disclosed) = opened else { return Ok(Vec::new()) };
    Ok(present_parts(&disclosed, parts).disclosures().map(str::to_owned).collect())
}

/// To whom something is shown.
pub(super) struct Asker {
    /// The party whose right it is.
    pub(super) party: PartyId,
    /// Who asked on its behalf, where it was not itself.
    pub(super) through: Option<PartyId>,
}

impl Asker {
    /// Whoever asks.
    pub(super) fn of(ask: &Ask) -> Result<Asker, Problem> {
        Ok(Asker { party: party(ask)?, through: ask.representative().cloned() })
    }
}

/// What is about to be shown by consent.
pub(super) struct Showing<'a> {
    /// Of which verdict.
    pub(super) verdict: &'a VerdictRecord,
    /// By what.
    pub(super) permission: &'a Permission,
    /// In which answer.
    pub(super) way: Way,
    /// The credential that is shown with it.
    pub(super) credential: Option<&'a CredentialRecord>,
    /// How many disclosures of it are.
    pub(super) disclosures: usize,
}

impl Showing<'_> {
    /// Records it as shown to this asker, unless everyone may see as much. Waits for the disk.
    pub(super) fn record(self, site: &Site, to: Asker, place: &Place<'_>) -> Result<(), Problem> {
        if self.verdict.terms.profile.is_public() && self.disclosures == 0 {
            return Ok(());
        }
        let viewer = Viewer::Party(to.party.clone());
        let still = |register: &Register, now: Timestamp| {
            let permission = permission(register, &viewer, self.verdict, now);
            permission.is_some_and(|still| still.is_as_much_as(self.permission))
        };
        let consents = self.permission.consents.iter().cloned().map(|(by, consent)| Consented { by, consent });
        let seen = Seen {
            to: Recipient::Party(to.party),
            through: to.through,
            by: By::Consents(consents.collect()),
            way: self.way,
            parts: self.permission.parts,
            credential: self.credential.map(|record| record.issued.index),
            disclosures: self.disclosures,
        };
        recorded(site, place, Granted::of(self.verdict), seen, still)
    }
}

/// Records a use, durably, of what `still` says whether it is consented to.
///
/// It is asked again here, for making an answer may take seconds in which a consent is taken back; and once more afterwards, since the
/// disk was waited for. Then the use is recorded though nothing is shown, at a moment at which it was consented to.
pub(super) fn recorded<'a>(
    site: &Site,
    place: &Place<'_>,
    about: impl Into<About<'a>>,
    seen: Seen,
    still: impl Fn(&Register, Timestamp) -> bool,
) -> Result<(), Problem> {
    let stands = |now| if still(&site.register(), now) { Ok(()) } else { Err(taken_back()) };
    let now = site.registry.now();
    stands(now)?;
    site.registry.uses.record(place, about, seen, now).map_err(|error| unrecorded(&error))?;
    stands(site.registry.now())
}

/// Whoever asks again gets what he may see now.
fn taken_back() -> Problem {
    Problem::busy(code::Code::Busy.as_str(), "what was consented to changed meanwhile; ask again", 1)
}

/// A place to look at what is shown by consent. Whoever is not named never gets so far.
pub(super) fn place(site: &Site) -> Result<Place<'_>, Problem> {
    site.registry.uses.place().map_err(|error| unrecorded(&error))
}

/// What is not recorded is not shown.
pub(super) fn unrecorded(error: &UseError) -> Problem {
    match error {
        UseError::Busy => Problem::busy(code::Code::Busy.as_str(), error.to_string(), 1),
        UseError::Gone => Problem::not_found(),
        UseError::Vault(cause) => {
            code::vault("the use of a consent could not be recorded, so nothing is shown", error, cause.needs_restart())
        }
        error => code::internal("the use of a consent could not be recorded, so nothing is shown", error),
    }
}

/// The party that asks, or on whose behalf it is asked.
pub(super) fn party(ask: &Ask) -> Result<PartyId, Problem> {
    match (ask.speaker().map(|speaker| &speaker.identity), ask.member()) {
        (Some(Identity::Party { id, .. }), None) => Ok(id.clone()),
        (Some(Identity::Party { .. }), Some(member)) => Ok(member.clone()),
        _ => Err(Problem::certificate_required()),
    }
}

/// A consent as its giver sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    #[serde(flatten)]
    record: Arc<ConsentRecord>,
    stands: bool,
}

/// `GET /v1/consents`: those that the asker gave.
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let by = party(ask)?;
    let page: Page<ConsentId> = Page::of(ask.query(), USUAL_LIMIT)?;
    let (now, given) = (site.registry.now(), site.register().consents_by(&by));
    let listing = page.cut("consents", given.into_iter(), |record| &record.consent.consent);
    listing.map(|record| Given { record: Arc::clone(record), stands: record.stands(now) }).answer()
}

/// The uses of a verdict.
#[derive(Serialize)]
struct Told<'a> {
    verdict: &'a VerdictRef,
    #[serde(flatten)]
    book: Book,
}

/// `GET /v1/verdicts/{verdict}/disclosures`: what was seen of it by consent, for its supplier.
pub(super) fn uses(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let wanted: VerdictRef = ask.value()?;
    let own = wanted.registry == site.registry.config.registry.id;
    let supplied = own.then(|| supplied(site, ask, &wanted.id)).flatten();
    let verdict = supplied.ok_or_else(Problem::not_found)?;
    let book = site.registry.uses.of(Granted::of(&verdict));
    let book = book.map_err(|error| code::internal("the uses of consents could not be read", &error))?;
    answer::json(&Told { verdict: &wanted, book })
}

/// The verdict, if the asker is its supplier.
fn supplied(site: &Site, ask: &Ask, id: &VerdictId) -> Option<Arc<VerdictRecord>> {
    let register = site.register();
    let asker = party(ask).ok().and_then(|id| register.party(&id));
    let supplier = asker.filter(|record| record.party.role == Role::Supplier);
    let (asker, verdict) = supplier.zip(register.verdict(id))?;
    is_supplier(&asker.party.identifiers, &verdict).then_some(verdict)
}
