//! Presentations: a holder shows the registry a credential of its log, bound to its key, for one occasion.
//!
//! ```text
//! POST /v1/presentations/nonces ──▶ nonce, audience ─▶ holder signs ─▶ POST /v1/presentations ──▶ verified, or why not
//! ```
//!
//! A nonce is for the party that asked, for five minutes, and for its first presentation that can be read and names it, whatever becomes
//! of that: a replay finds it gone, and so does a second try. Nobody else uses it up. Nonces live in memory alone, so that after a restart all are. Out of scope: the format
//! (`credential::sd_jwt`), and showing anything to others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Buf;
use conformity::credential::{CredentialRecord, CredentialStatus, StatusSlot};
use conformity::digest::Digest;
use conformity::ids::{PartyId, VerdictRef};
use conformity::records::Facts;
use credential::sd_jwt::{Disclosed, Expected, KeyBindingError, MAX_TEXT, Pieces, REGISTRY, Unverified};
use futures_util::Stream;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use warp::http::HeaderMap;
use warp::reply::Response;

use super::answer;
use super::ask::Ask;
use super::body::{self, Bounds};
use super::code::{self, Code};
use super::consented::party;
use super::credentials::SD_JWT;
use super::site::{Purpose, Site};
use crate::core::disclosures::digest_of;
use crate::problem::Problem;

/// How long a nonce waits for its presentation.
const NONCE_LIVES: SignedDuration = SignedDuration::from_mins(5);
/// How far the holder's clock may be ahead, in seconds.
const CLOCK_AHEAD: i64 = 60;
/// Most nonces that wait for one party.
const MAX_EACH: usize = 64;
/// Most nonces that wait.
const MAX_NONCES: usize = 65_536;
/// Most presentations that are judged at once.
pub(super) const AT_ONCE: usize = 16;
/// Seconds in which a presentation must have come.
const BODY_SECONDS: u64 = 30;

/// The nonces that wait.
#[derive(Default)]
pub(super) struct Nonces(Mutex<HashMap<PartyId, HashMap<String, Timestamp>>>);

impl Nonces {
    /// A new nonce for `party`; nothing where too many wait already.
    fn hand_out(&self, party: PartyId, nonce: String, now: Timestamp) -> Option<Timestamp> {
        let mut all = self.all();
        all.retain(|_, waiting| {
            waiting.retain(|_, until| *until > now);
            !waiting.is_empty()
        });
        let many = all.values().map(HashMap::len).sum::<usize>() >= MAX_NONCES;
        if many || all.get(&party).is_some_and(|waiting| waiting.len() >= MAX_EACH) {
            return None;
        }
        let until = now + NONCE_LIVES;
        all.entry(party).or_default().insert(nonce, until);
        Some(until)
    }

    /// Whether the nonce waited for `party`; it does not any more.
    fn take(&self, party: &PartyId, nonce: &str, now: Timestamp) -> bool {
        let until = self.all().get_mut(party).and_then(|waiting| waiting.remove(nonce));
        until.is_some_and(|until| until > now)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<PartyId, HashMap<String, Timestamp>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a key binding must name.
#[derive(Serialize)]
struct Occasion<'a> {
    nonce: &'a str,
    audience: &'a str,
    until: Timestamp,
}

/// `POST /v1/presentations/nonces`
pub(super) fn nonce(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let party = party(ask)?;
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|error| code::internal("no nonce could be made", &error))?;
    let nonce = URL_SAFE_NO_PAD.encode(bytes);
    let until = site.nonces.hand_out(party, nonce.clone(), site.registry.now());
    let until = until.ok_or_else(|| {
        let detail = format!("{MAX_EACH} nonces wait for you already, or too many for all; use them, or wait");
        Problem::busy(Code::Busy.as_str(), detail, 60)
    })?;
    answer::json(&Occasion { nonce: &nonce, audience: &site.registry.config.http.public_url, until })
}

/// A presentation that holds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    verdict: VerdictRef,
    /// Index of the credential's entry.
    credential: u64,
    status: CredentialStatus,
    /// Thumbprint of the holder's key.
    holder: String,
    /// What was shown of what the credential keeps back, by place.
    shown: Vec<String>,
}

/// `POST /v1/presentations`
pub(super) async fn present<S, B>(site: Arc<Site>, ask: Ask, headers: HeaderMap, body: S) -> Result<Response, Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let party = party(&ask)?;
    if body::media_type(&headers).as_deref() != Some(SD_JWT) {
        return Err(code::unsupported_media_type(&[SD_JWT]));
    }
    let holding = site.holders.of(ask.speaker().map(|speaker| &speaker.identity));
    let bounds = Bounds { purpose: Purpose::Statement(&holding), bytes: MAX_TEXT + 2, seconds: BODY_SECONDS };
    let (bytes, _body) = body::whole(&site, &ask, &headers, body, bounds).await?;
    let busy = |_| Problem::busy(Code::Busy.as_str(), "many presentations are being judged; send it again", 1);
    let permit = Arc::clone(&site.presenting).try_acquire_owned().map_err(busy)?;
    let judging = Arc::clone(&site);
    // A thousand disclosures are hashed, and signatures checked; that goes on though the client hangs up.
    let judged = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let text = std::str::from_utf8(&bytes).map_err(|error| malformed(&error))?;
        judge(&judging, &party, text.trim_ascii_end())
    });
    let held =
        judged.await.unwrap_or_else(|error| Err(code::internal("a presentation could not be judged", &error)))?;
    answer::json(&held)
}

fn judge(site: &Site, party: &PartyId, text: &str) -> Result<Held, Problem> {
    let now = site.registry.now();
    let unverified = Unverified::parse(text, REGISTRY).map_err(|error| malformed(&error))?;
    // Taken before anything is judged, so that nothing is tried twice under one nonce. Only the party that asked for it gets this far.
    let nonce = unverified.claimed_nonce().ok_or_else(|| code::not_bound(&KeyBindingError::Missing))?.to_owned();
    if !site.nonces.take(party, &nonce, now) {
        return Err(code::unknown_nonce());
    }
    let record = credential(site, &unverified, text)?;
    let disclosed = verified(site, &record, unverified)?;
    let seconds = now.as_second();
    let issued = seconds - NONCE_LIVES.as_secs()..=seconds + CLOCK_AHEAD;
    let expected = Expected { audience: &site.registry.config.http.public_url, nonce: &nonce, issued };
    let bound = disclosed.verify_key_binding(&expected).map_err(|error| code::not_bound(&error))?;
    disclosed.check_times(seconds, 0).map_err(|error| code::does_not_hold(&error))?;
    let verdict =
        VerdictRef { registry: site.registry.config.registry.id.clone(), id: record.credential.verdict.clone() };
    Ok(Held {
        verdict,
        credential: record.issued.index,
        status: status(site, &record)?,
        holder: bound.holder.thumbprint().to_string(),
        shown: disclosed.concealable().iter().map(|one| one.pointer().to_string()).collect(),
    })
}

/// The credential as the log holds it: found by its slot, believed by its digest.
fn credential(site: &Site, unverified: &Unverified, text: &str) -> Result<Arc<CredentialRecord>, Problem> {
    let slot = unverified.unverified_payload().get("verdict").and_then(|verdict| verdict.get("slot")).cloned();
    let slot: Option<StatusSlot> = slot.and_then(|slot| serde_json::from_value(slot).ok());
    let register = site.register();
    let record = slot.and_then(|slot| register.credential(slot));
    let digest = Digest::of(Pieces::of(text).map_err(|error| malformed(&error))?.jwt().as_bytes());
    let held = record.filter(|record| digest_of(&*register, record) == Some(digest));
    held.ok_or_else(code::unknown_credential)
}

fn verified(site: &Site, record: &CredentialRecord, unverified: Unverified) -> Result<Disclosed, Problem> {
    let key = site.registry.issuer_key(record, &unverified).ok_or_else(code::unknown_credential)?;
    let verified = unverified.verify(&key).map_err(|error| malformed(&error))?;
    verified.disclose().map_err(|error| malformed(&error))
}

/// What the status list says of it; a problem where it does not count.
fn status(site: &Site, record: &CredentialRecord) -> Result<CredentialStatus, Problem> {
    let register = site.register();
    let verdict = &record.credential.verdict;
    let newest = register.newest_credential(verdict);
    let newest = newest.is_some_and(|newest| newest.issued.index == record.issued.index);
    match record.status(register.verdict(verdict).as_deref(), newest, site.registry.now()) {
        CredentialStatus::Invalid => Err(code::does_not_hold(&"it is not valid any more")),
        CredentialStatus::Suspended => {
            Err(code::does_not_hold(&"its verdict is suspended, or not in force because what it rests on lapsed"))
        }
        status => Ok(status),
    }
}

fn malformed(error: &dyn std::fmt::Display) -> Problem {
    code::malformed_presentation(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_nonce_is_for_one_party_once_and_not_for_long() {
        let nonces = Nonces::default();
        let (one, other): (PartyId, PartyId) = ("one".parse().unwrap(), "other".parse().unwrap());
        assert_eq!(nonces.hand_out(one.clone(), "a".to_owned(), at(0)), Some(at(300)));
        assert!(!nonces.take(&other, "a", at(1)), "another's");
        assert!(nonces.take(&one, "a", at(1)));
        assert!(!nonces.take(&one, "a", at(1)), "a replay");
        nonces.hand_out(one.clone(), "b".to_owned(), at(0)).unwrap();
        assert!(!nonces.take(&one, "b", at(300)), "too late");
    }

    #[test]
    fn a_party_has_so_many_and_no_more() {
        let nonces = Nonces::default();
        let (one, other): (PartyId, PartyId) = ("one".parse().unwrap(), "other".parse().unwrap());
        for number in 0..MAX_EACH {
            nonces.hand_out(one.clone(), number.to_string(), at(0)).unwrap();
        }
        assert_eq!(nonces.hand_out(one.clone(), "more".to_owned(), at(1)), None);
        assert!(nonces.hand_out(other, "x".to_owned(), at(1)).is_some());
        assert!(nonces.hand_out(one, "later".to_owned(), at(300)).is_some());
    }
}
