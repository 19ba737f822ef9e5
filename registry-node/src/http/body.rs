//! The body of a request, read whole within bounds: of size, of time, and of the memory that all bodies share.
//!
//! Out of scope: what it says, and bodies that are read line by line (`bulk`).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use super::ask::Ask;
use super::code::{self, Code};
use super::site::{BodyPermit, Purpose, Site};
use crate::problem::Problem;

/// Most bytes of a refused body that are still taken, and for how long.
const REST_BYTES: usize = 4 * 1024 * 1024;
const REST_FOR: Duration = Duration::from_secs(5);

/// A body that is read to its end though nobody wants the rest: who is still sending does not read an answer yet, and when the connection
/// closes under him it sees that alone (RFC 9112, section 9.6). What is endless or slow ends all the same.
pub(super) struct Polite<S, B>
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf + 'static,
{
    body: Option<Pin<Box<S>>>,
}

impl<S, B> Polite<S, B>
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf + 'static,
{
    /// The same body.
    pub(super) fn new(body: S) -> Polite<S, B> {
        Polite { body: Some(Box::pin(body)) }
    }
}

impl<S, B> Stream for Polite<S, B>
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf + 'static,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = body.as_mut().poll_next(cx);
        if matches!(polled, Poll::Ready(None)) {
            self.body = None;
        }
        polled
    }
}

impl<S, B> Drop for Polite<S, B>
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf + 'static,
{
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            tokio::spawn(tokio::time::timeout(REST_FOR, thrown_away(body)));
        }
    }
}

async fn thrown_away<S, B>(mut body: Pin<Box<S>>)
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let mut taken = 0;
    while let Some(Ok(piece)) = body.next().await {
        taken += piece.remaining();
        if taken > REST_BYTES {
            return;
        }
    }
}

/// What a body may take.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'a> {
    /// What it is for, which says out of which memory it is read.
    pub(super) purpose: Purpose<'a>,
    /// Most bytes.
    pub(super) bytes: usize,
    /// Most seconds until all of it has come, waiting for memory included.
    pub(super) seconds: u64,
}

/// The type of the body as it is compared: without parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// The whole body, of somebody who still speaks on the connection. The permit must live as long as the bytes do.
pub(super) async fn whole<'a, S, B>(
    site: &'a Site,
    ask: &Ask,
    headers: &HeaderMap,
    body: S,
    bounds: Bounds<'a>,
) -> Result<(Bytes, BodyPermit<'a>), Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let collecting = Collecting::begin(site, headers, bounds);
    let collected =
        tokio::time::timeout(Duration::from_secs(bounds.seconds), async { collecting.await?.read(body).await });
    let whole = collected.await.map_err(|_| code::too_slow(bounds.seconds))??;
    // Long enough to come, and its certificate may have ended meanwhile.
    if !ask.caller().still_speaks() {
        return Err(code::cut_off());
    }
    Ok(whole)
}

/// A body that is being read, within its share of the memory for bodies.
struct Collecting<'a> {
    permit: BodyPermit<'a>,
    limit: usize,
}

impl<'a> Collecting<'a> {
    /// Waits for memory: as much as is announced, or the limit where nothing is.
    async fn begin(site: &'a Site, headers: &HeaderMap, bounds: Bounds<'a>) -> Result<Collecting<'a>, Problem> {
        let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let length = announced.unwrap_or(bounds.bytes);
        if length > bounds.bytes {
            return Err(Problem::too_large(bounds.bytes as u64));
        }
        let busy = |_| Problem::busy(Code::Busy.as_str(), "too many bodies are being read; send it again", 1);
        Ok(Collecting { permit: site.bodies.take(length, bounds.purpose).await.map_err(busy)?, limit: length })
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
