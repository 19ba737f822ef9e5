//! Reading a whole body: within its holder's share of the memory for bodies, its limit, and its time.
//!
//! Out of scope: bodies that are answered while they come (`bulk`), and what a body says.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use warp::http::HeaderMap;
use warp::http::header::CONTENT_LENGTH;

use super::code::{self, Code};
use super::holders::Holding;
use super::site::{BodyPermit, Site};
use crate::problem::Problem;

/// A body of at most `limit` bytes that comes within `seconds`, and the memory that it takes while the permit lives.
pub(super) async fn collect<'a, S, B>(
    site: &'a Site,
    holding: &'a Holding,
    headers: &HeaderMap,
    limit: usize,
    seconds: u64,
    body: S,
) -> Result<(Bytes, BodyPermit<'a>), Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let collecting = Collecting::begin(site, holding, headers, limit);
    let collected = tokio::time::timeout(Duration::from_secs(seconds), async { collecting.await?.read(body).await });
    collected.await.map_err(|_| code::too_slow(seconds))?
}

/// A body that is being read, within its share of the memory for bodies.
struct Collecting<'a> {
    permit: BodyPermit<'a>,
    limit: usize,
}

impl<'a> Collecting<'a> {
    /// Waits for memory: as much as is announced, or the limit where nothing is.
    async fn begin(
        site: &'a Site,
        holding: &'a Holding,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<Collecting<'a>, Problem> {
        let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let length = announced.unwrap_or(limit);
        if length > limit {
            return Err(Problem::too_large(limit as u64));
        }
        let busy = |_| Problem::busy(Code::Busy.as_str(), "too many bodies are being read; send it again", 1);
        Ok(Collecting { permit: site.bodies.take(holding, length).await.map_err(busy)?, limit: length })
    }

    async fn read<S, B>(self, body: S) -> Result<(Bytes, BodyPermit<'a>), Problem>
    where
        S: Stream<Item = Result<B, warp::Error>>,
        B: Buf,
    {
        let mut body = std::pin::pin!(body);
        let mut bytes = BytesMut::new();
        while let Some(piece) = body.next().await {
            let mut piece = piece.map_err(|_| code::bad_body("the body broke off"))?;
            if bytes.len() + piece.remaining() > self.limit {
                return Err(Problem::too_large(self.limit as u64));
            }
            bytes.extend_from_slice(&piece.copy_to_bytes(piece.remaining()));
        }
        Ok((bytes.freeze(), self.permit))
    }
}
