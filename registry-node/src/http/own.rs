//! What a party keeps here for itself: its bodies are read within bounds, changes are made to the version that it had, and
//! nobody else's are ever looked at, for the owner is always the party of the connection's certificate.
//!
//! ```text
//! GET                                     ▶ ETag: "7"
//! PUT, DELETE   If-Match: "7"             ▶ made to version 7 alone, else changed-meanwhile
//!               If-Match: *               ▶ made to what is there
//!               If-None-Match: *          ▶ made where nothing is there
//! ```
//!
//! Out of scope: what is kept (each in a module of its own), and how (`buyer::shelf`).

use std::sync::Arc;

use bytes::{Buf, Bytes};
use conformity::ids::PartyId;
use futures_util::Stream;
use serde::de::DeserializeOwned;
use warp::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use warp::http::{HeaderMap, HeaderName, HeaderValue};
use warp::reply::Response;

use super::ask::{Ask, bad_parameter};
use super::body::{self, Bounds};
use super::code::{self, Code};
use super::consented::party;
use super::holders::Holding;
use super::site::{BodyPermit, Purpose, Site};
use super::{catena_x, inquiry, signals};
use crate::buyer::shelf::{Condition, ShelfError, Version};
use crate::problem::Problem;

/// Seconds in which a body must have come.
const BODY_SECONDS: u64 = 60;

/// What a party sent.
pub(super) struct Sent {
    /// Who.
    pub(super) party: PartyId,
    /// Its media type, as it is compared; one of those that the route takes, or empty where it takes none.
    pub(super) media_type: String,
    /// The body.
    pub(super) body: Bytes,
    /// To what the change is to be made.
    pub(super) condition: Condition,
}

/// Reads what is sent, which is of one of these types and within this size, and has `change` see to it. What that answers is small: an
/// answer that finds no room is made again, and a change is made once.
pub(super) async fn change<S, B>(
    site: Arc<Site>,
    ask: Ask,
    headers: HeaderMap,
    body: S,
    (takes, most): (&'static [&'static str], usize),
    change: fn(&Site, &Ask, &Sent) -> Result<Response, Problem>,
) -> Result<Response, Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let holding = site.holders.of_asker(&ask);
    let (sent, _permit) = self::sent((&site, &holding), &ask, &headers, body, (takes, most)).await?;
    // On a thread that may wait for files; it goes on though the client hangs up.
    let working = Arc::clone(&site);
    let changed = tokio::task::spawn_blocking(move || change(&working, &ask, &sent)).await;
    changed.unwrap_or_else(|error| Err(code::internal("what a party keeps could not be changed", &error)))
}

/// Reads what a party sends, which is of one of these types and within this size.
pub(super) async fn sent<'a, S, B>(
    (site, holding): (&'a Site, &'a Holding),
    ask: &Ask,
    headers: &HeaderMap,
    body: S,
    (takes, most): (&'static [&'static str], usize),
) -> Result<(Sent, BodyPermit<'a>), Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let party = party(ask)?;
    sparingly(site, ask)?;
    let media_type = body::media_type(headers).filter(|_| !takes.is_empty()).unwrap_or_default();
    if !takes.is_empty() && !takes.contains(&media_type.as_str()) {
        return Err(code::unsupported_media_type(takes));
    }
    let condition = condition(headers)?;
    let bounds = Bounds { purpose: Purpose::Statement(holding), bytes: most, seconds: BODY_SECONDS };
    let (body, permit) = body::whole(site, ask, headers, body, bounds).await?;
    Ok((Sent { party, media_type, body, condition }, permit))
}

/// Whether the asker may read something large that it keeps here, or change something, once more now. What a partner sends through the
/// asker's connector is counted for that partner.
pub(super) fn sparingly(site: &Site, ask: &Ask) -> Result<(), Problem> {
    if ask.partner().is_some() {
        return catena_x::admit(site, ask);
    }
    let identity = ask.speaker().map(|speaker| &speaker.identity);
    if site.own.take(identity, site.registry.now()) {
        return Ok(());
    }
    let detail = "you read or change what you keep here too often; at most four times a second in the long run";
    if ask.route().path.starts_with(signals::BASE) {
        return Err(code::too_often(detail, 1));
    }
    Err(Problem::busy(Code::Busy.as_str(), detail, 1))
}

impl From<ShelfError> for Problem {
    fn from(error: ShelfError) -> Problem {
        code::kept(&error)
    }
}

/// The version to which the change is made was not named.
pub(super) fn condition_required() -> Problem {
    let detail = "say which version you judge, with its ETag in If-Match: what came meanwhile is not judged by it";
    code::with_status(428, "The version must be named", Problem::malformed(Code::ConditionRequired.as_str(), detail))
}

/// What is sent as JSON, read strictly.
pub(super) fn read<T: DeserializeOwned>(sent: &Sent) -> Result<T, Problem> {
    inquiry::strictly(&sent.body)
}

/// The answer with the version of what it shows.
pub(super) fn tagged(mut response: Response, version: Version) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// What must be there for the change (RFC 9110, sections 13.1.1 and 13.1.2).
fn condition(headers: &HeaderMap) -> Result<Condition, Problem> {
    match (headers.get(IF_MATCH), headers.get(IF_NONE_MATCH)) {
        (None, None) => Ok(Condition::Any),
        (Some(tag), None) if tag == "*" => Ok(Condition::Present),
        (Some(tag), None) => version(tag).map(Condition::Exactly).ok_or_else(|| unread(&IF_MATCH, "one ETag, or *")),
        (None, Some(tag)) if tag == "*" => Ok(Condition::Absent),
        (None, Some(_)) => Err(unread(&IF_NONE_MATCH, "*")),
        (Some(_), Some(_)) => Err(unread(&IF_MATCH, "no If-None-Match beside it")),
    }
}

fn version(tag: &HeaderValue) -> Option<Version> {
    tag.to_str().ok()?.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

fn unread(header: &HeaderName, takes: &str) -> Problem {
    bad_parameter(header.as_str(), format_args!("this path takes {takes}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn conditions_are_read_strictly() {
        let seven = Condition::Exactly("7".parse().unwrap());
        let rows = [
            (None, None, Some(Condition::Any)),
            (Some("*"), None, Some(Condition::Present)),
            (Some("\"7\""), None, Some(seven)),
            (None, Some("*"), Some(Condition::Absent)),
            (Some("7"), None, None),
            (Some("W/\"7\""), None, None),
            (Some("\"7\", \"8\""), None, None),
            (Some("\"+7\""), None, None),
            (Some("\"99999999999999999999\""), None, None),
            (None, Some("\"7\""), None),
            (Some("*"), Some("*"), None),
        ];
        for (matches, none_matches, expected) in rows {
            let mut headers = HeaderMap::new();
            for (name, value) in [(IF_MATCH, matches), (IF_NONE_MATCH, none_matches)] {
                headers.extend(value.map(|value| (name, value.parse().unwrap())));
            }
            assert_eq!(condition(&headers).ok(), expected, "{matches:?} {none_matches:?}");
        }
    }
}
