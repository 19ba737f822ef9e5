//! The log itself: the published checkpoint, its tiles (C2SP tlog-tiles), and public statements with proof.

use conformity::audience::{Audience, audience};
use conformity::statement::Kind;
use jiff::Timestamp;
use ledger::journal::{ReadError, Stored};
use ledger::tiles::TilePath;
use serde::Serialize;
use warp::reply::Response;

use super::answer::{self, Keep, NOTE, OCTETS};
use super::ask::Ask;
use super::code;
use super::site::Site;
use crate::core::feed::parse_committed;
use crate::problem::Problem;

/// `GET /checkpoint`
pub(super) fn checkpoint(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    let newest = site.published.newest(&site.registry);
    let newest = newest.map_err(|error| code::internal("the published checkpoint could not be read", &error))?;
    Ok(answer::bytes(NOTE, newest.ok_or_else(Problem::not_found)?.note.clone(), Keep::Ask))
}

/// `GET /tile/…`
pub(super) fn tile(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let path: TilePath = ask.path().trim_start_matches('/').parse().map_err(|_| Problem::not_found())?;
    let tile = site.registry.tiles.read(&path);
    let tile = tile.map_err(|error| code::internal("a tile could not be read", &error))?;
    let keep = if path.is_full() { Keep::ForEver } else { Keep::Ask };
    Ok(answer::bytes(OCTETS, tile.ok_or_else(Problem::not_found)?, keep))
}

/// A public statement with its place and the proof of it.
#[derive(Serialize)]
struct Placed<'a> {
    index: u64,
    time: Timestamp,
    kind: Kind,
    statement: &'a str,
    proof: String,
}

/// `GET /v1/statements/{index}`: what is not public, erased, or a seal is not found.
pub(super) fn statement(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let index: u64 = ask.value()?;
    let log = &site.registry.log;
    if index >= site.registry.feed.size() {
        return Err(Problem::not_found());
    }
    let failed = |error: ReadError| code::internal("the log could not be read", &error);
    let Stored::Bytes(compact) = log.statement(index).map_err(failed)? else { return Err(Problem::not_found()) };
    let unreadable = |error: String| code::internal("a committed statement could not be read", &error);
    let statement = parse_committed(&compact).map_err(unreadable)?;
    if audience(&*site.register(), &statement, index) == Audience::Own {
        return Err(Problem::not_found());
    }
    let text = std::str::from_utf8(&compact).map_err(|error| unreadable(error.to_string()))?;
    answer::json(&Placed {
        index,
        time: sequenced(site, index)?,
        kind: statement.kind(),
        statement: text,
        proof: proof(site, index)?,
    })
}

/// The proof that entry `index` is in the log, with the checkpoint of the newest commit.
pub(super) fn proof(site: &Site, index: u64) -> Result<String, Problem> {
    let proof = site.registry.log.proof(index);
    Ok(proof.map_err(|error| code::internal("a proof could not be made", &error))?.to_string())
}

/// When entry `index` was sequenced.
pub(super) fn sequenced(site: &Site, index: u64) -> Result<Timestamp, Problem> {
    let ms = site.registry.log.time_of(index);
    let ms = ms.map_err(|error| code::internal("the log could not be read", &error))?;
    Ok(i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX))
}
