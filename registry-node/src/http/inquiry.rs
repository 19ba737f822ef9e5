//! Questions that need a body: a party asks, and the answer is made on a thread that may wait for files.
//!
//! In scope: reading the body within bounds, strictly where it is JSON, and a bound on how many are answered at once. Out of scope: what is
//! asked (each in a module of its own), and questions that anybody may ask (`question`).

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use conformity::strict::{self, Limits};
use futures_util::Stream;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use warp::http::HeaderMap;
use warp::reply::Response;

use super::ask::Ask;
use super::body::{self, Bounds};
use super::catena_x;
use super::code::{self, Code};
use super::consented::party;
use super::holders::Holding;
use super::representatives;
use super::room;
use super::site::{Purpose, Site};
use crate::problem::Problem;

/// Most questions that are answered at once, whoever asks.
pub(super) const AT_ONCE: usize = 8;
/// Seconds in which a body must have come.
const BODY_SECONDS: u64 = 30;
/// How long a question waits for its turn, for those of its holder and for all: its body is held meanwhile.
const TURN: Duration = Duration::from_secs(20);
/// The deepest nesting of a question.
const MAX_DEPTH: usize = 20;

/// What was asked.
pub(super) struct Asked {
    /// Its media type, as it is compared: one of those that the route takes.
    pub(super) media_type: String,
    /// The body.
    pub(super) body: Bytes,
}

/// The right to have a question answered now: one of all, and one of those of its holder, who is remembered as long.
pub(super) struct Turn {
    _holding: Arc<Holding>,
    _of_holder: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Turn {
    /// Waits for it, though not for ever: whoever asks much waits for itself first.
    async fn waited(site: &Site, holding: &Arc<Holding>) -> Result<Self, Problem> {
        let of_holder = permitted(&holding.inquiries, TURN).await?;
        let of_all = permitted(&site.inquiries, TURN).await?;
        Ok(Self { _holding: Arc::clone(holding), _of_holder: of_holder, _of_all: of_all })
    }

    /// At once, for whoever is on a thread that must not wait for it.
    pub(super) fn at_once(site: &Site, ask: &Ask) -> Result<Self, Problem> {
        let holding = site.holders.of_asker(ask);
        let taken = |_| busy();
        let of_holder = Arc::clone(&holding.inquiries).try_acquire_owned().map_err(taken)?;
        let of_all = Arc::clone(&site.inquiries).try_acquire_owned().map_err(taken)?;
        Ok(Self { _holding: holding, _of_holder: of_holder, _of_all: of_all })
    }
}

/// A permit, once there is one within this time.
async fn permitted(permits: &Arc<Semaphore>, within: Duration) -> Result<OwnedSemaphorePermit, Problem> {
    let permit = tokio::time::timeout(within, Arc::clone(permits).acquire_owned()).await;
    permit.map_err(|_| busy())?.map_err(|_| busy())
}

fn busy() -> Problem {
    Problem::busy(Code::Busy.as_str(), "many questions are being answered; ask again", 1)
}

/// Reads a question of one of these types and within this size, and has `answer` see to it. An answer that finds no room is made again.
pub(super) async fn answered<S, B>(
    site: Arc<Site>,
    ask: Ask,
    headers: HeaderMap,
    body: S,
    (takes, most): (&'static [&'static str], usize),
    answer: fn(&Site, &Ask, &Asked) -> Result<Response, Problem>,
) -> Result<Response, Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    party(&ask)?;
    if ask.partner().is_some() {
        catena_x::admit(&site, &ask)?;
    }
    let media_type = body::media_type(&headers).filter(|sent| takes.contains(&sent.as_str()));
    let media_type = media_type.ok_or_else(|| code::unsupported_media_type(takes))?;
    let holding = site.holders.of_asker(&ask);
    let bounds = Bounds { purpose: Purpose::Statement(&holding), bytes: most, seconds: BODY_SECONDS };
    let (bytes, _body) = body::whole(&site, &ask, &headers, body, bounds).await?;
    let (ask, turn) = (Arc::new(ask), Arc::new(Turn::waited(&site, &holding).await?));
    let asked = Arc::new(Asked { media_type, body: bytes });
    if ask.member().is_some() {
        waiting(&site, &ask, (&asked, &turn), |site, ask, asked| representatives::taken_up(site, ask, &asked.body))
            .await?;
    }
    let working = || {
        waiting(&site, &ask, (&asked, &turn), move |site, ask, asked| {
            representatives::answered(site, ask, || answer(site, ask, asked))
        })
    };
    room::within(&site.room, &ask.caller().share, working).await
}

/// Works on a thread that may wait for files. It goes on though the client hangs up, and keeps its turn until it is done: whoever asks and
/// hangs up has no more answered at once than others.
async fn waiting<T: Send + 'static>(
    site: &Arc<Site>,
    ask: &Arc<Ask>,
    (asked, turn): (&Arc<Asked>, &Arc<Turn>),
    work: impl FnOnce(&Site, &Ask, &Asked) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let (site, ask, asked, turn) = (Arc::clone(site), Arc::clone(ask), Arc::clone(asked), Arc::clone(turn));
    let worked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work(&site, &ask, &asked)
    });
    let worked = worked.await;
    worked.unwrap_or_else(|error| Err(code::internal("a question could not be answered", &error)))
}

/// The question in a body of JSON, read strictly.
pub(super) fn read<T: DeserializeOwned>(asked: &Asked) -> Result<T, Problem> {
    strictly(&asked.body)
}

/// A body of JSON, read strictly.
pub(super) fn strictly<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    strict::check(body, Limits { bytes: body.len(), depth: MAX_DEPTH, null: false }).map_err(code::bad_body)?;
    serde_json::from_slice(body).map_err(|error| code::bad_question(strict::excerpt(&error)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn whoever_waits_too_long_for_its_turn_is_told_to_ask_again() {
        let permits = Arc::new(Semaphore::new(1));
        let held = permitted(&permits, Duration::ZERO).await.unwrap();
        let refused = permitted(&permits, Duration::ZERO).await.unwrap_err();
        assert_eq!((refused.status, refused.code()), (503, Code::Busy.as_str()));
        drop(held);
        assert!(permitted(&permits, Duration::ZERO).await.is_ok());
    }
}
