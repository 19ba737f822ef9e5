//! This registry as a witness (C2SP tlog-witness): cosigning what the logs of its peers submit, showing what it cosigned, and
//! evidence against forked logs.
//!
//! Anybody may carry a checkpoint here: the log's signature counts, not the carrier. A submission costs a signature check, of
//! which few go on at once, and no carrier has more than its quota of them; what is written to disk, only a log's own key can
//! bring about, and not faster than a quota of that log.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use conformity::genesis::PeerRecord;
use conformity::records::Facts;
use federation::witness::{self, MAX_REQUEST, Refusal};
use futures_util::Stream;
use ledger::digest::Digest;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

use super::answer::{self, Keep, NOTE};
use super::ask::Ask;
use super::body::{self, Bounds};
use super::code::{self, Code};
use super::page::{MAX_LIMIT, Page};
use super::site::{Purpose, Site};
use crate::problem::Problem;
use crate::witness::NotCosigned;

/// Seconds in which a checkpoint must have come.
const BODY_SECONDS: u64 = 10;
/// Media type of the size that a log may go on from (tlog-witness, "add-checkpoint").
const SIZE: &str = "text/x.tlog.size";

/// `POST /add-checkpoint`
pub(super) async fn add_checkpoint<S, B>(
    site: Arc<Site>,
    ask: Ask,
    headers: HeaderMap,
    body: S,
) -> Result<Response, Problem>
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf + Send,
{
    let carrier = ask.speaker().map(|speaker| &speaker.identity);
    if !site.carriers.take(carrier, site.registry.now()) {
        let detail = "too many checkpoints came from this holder of certificates, or from those who show none; submit the newest one later";
        return Err(Problem::busy(Code::Busy.as_str(), detail, 1));
    }
    let bounds = Bounds { purpose: Purpose::Question, bytes: MAX_REQUEST, seconds: BODY_SECONDS };
    // The permit lives as long as the bytes do.
    let (bytes, _body) = body::whole(&site, &ask, &headers, body, bounds).await?;
    // Taken only now: a body that comes slowly keeps no checkpoint waiting.
    let busy = |_| Problem::busy(Code::Busy.as_str(), "many checkpoints are being checked; submit it again", 1);
    let permit = Arc::clone(&site.witnessing).try_acquire_owned().map_err(busy)?;
    let working = Arc::clone(&site);
    let answered = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        cosign(&working, &bytes)
    });
    match answered.await.map_err(|error| code::internal("a checkpoint could not be judged", &error))? {
        Ok(line) => Ok(answer::bytes(NOTE, line.into(), Keep::No)),
        Err(NotCosigned::Refused(Refusal::Conflict { cosigned })) => Ok(conflict(cosigned)),
        Err(error) => {
            let problem = code::not_cosigned(&error);
            site.registry.metrics.refuse(problem.code());
            Err(problem)
        }
    }
}

fn cosign(site: &Site, body: &Bytes) -> Result<String, NotCosigned> {
    let request = witness::parse(body)?;
    let origin = witness::claimed_origin(&request)?;
    let peers = site.register().peers();
    let peer = peers.iter().find(|peer| peer.expelled.is_none() && peer.origin.as_str() == origin);
    let peer = peer.ok_or(Refusal::UnknownLog)?;
    site.registry.witness.cosign(peer, &request, site.registry.now())
}

fn conflict(size: u64) -> Response {
    let mut response = answer::bytes(NOTE, format!("{size}\n").into(), Keep::No);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SIZE));
    *response.status_mut() = StatusCode::CONFLICT;
    response
}

/// `GET /witness/{log}/checkpoint`: the newest checkpoint of a peer's log that we cosigned. The log is named by the SHA-256 of
/// its origin (tlog-witness, "Monitor Retrieval Mechanism").
pub(super) fn checkpoint(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let wanted = ask.raw_value();
    let is_wanted = |peer: &Arc<PeerRecord>| Digest::of(peer.origin.as_str().as_bytes()).to_string() == wanted;
    let peers = site.register().peers();
    let peer = peers.iter().find(|peer| is_wanted(peer)).ok_or_else(Problem::not_found)?;
    let newest = site.registry.witness.newest(peer.origin.as_str());
    let newest = newest.map_err(|error| code::internal("what was cosigned could not be read", &error))?;
    Ok(answer::bytes(NOTE, newest.ok_or_else(Problem::not_found)?.note.into(), Keep::Ask))
}

/// `GET /v1/evidence`
pub(super) fn evidence(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page = Page::of(ask.query(), MAX_LIMIT)?;
    let mut all = site.registry.witness.evidence.all();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    page.cut("evidence", all.into_iter(), |one| &one.id).answer()
}

/// `GET /v1/evidence/{id}`: one piece, which is all that it takes to check it.
pub(super) fn one_piece(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let all = site.registry.witness.evidence.all();
    let piece = all.into_iter().find(|piece| piece.id == ask.raw_value());
    answer::json(&piece.ok_or_else(Problem::not_found)?)
}
