//! Memory for answers until they have left.
//!
//! A client that asks and does not read leaves its answers in our memory, over HTTP/2 as many as it has streams. So an answer
//! beyond a few KiB needs room, of what its connection may hold and of what the door may, and gives it back when its last byte
//! has left. One that is not read in time ends its connection. Small answers are not counted: they cost no more than the
//! request's own head, and looking up is to stay fast.
//! Out of scope: bodies of requests (`site`), and what a kernel buffers.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};
use warp::Reply;
use warp::http::header::CONTENT_LENGTH;
use warp::reply::Response;

use super::code::Code;
use crate::problem::Problem;

/// One unit of room: 1 KiB.
const UNIT: usize = 1024;
/// Answers up to this are not counted: with 128 streams 1 MiB a connection.
pub(super) const SMALL: usize = 8 * 1024;
/// Most bytes of counted answers on one connection: two of the largest attachments.
pub(super) const SHARE: usize = 32 * 1024 * 1024;
/// How long a request waits for room.
const WAIT: Duration = Duration::from_secs(5);
/// Seconds after which whoever got none may ask again.
const RETRY_SECONDS: u64 = 5;
/// Bytes that are handed on at once, so that it shows whether they are taken.
const PIECE: usize = 64 * 1024;
/// How often somebody looks whether an answer is read: what did not move since the last time is not.
pub(super) const LOOK: Duration = Duration::from_secs(30);
/// Looks after which an answer must be through: ten minutes.
const LOOKS: usize = 20;

/// The memory that answers on all connections of a door may take.
pub(super) struct Room {
    units: Arc<Semaphore>,
    most: usize,
}

/// What one connection may take of it.
pub(super) struct Share {
    units: Arc<Semaphore>,
    unread: CancellationToken,
}

/// Room that was taken, until it is dropped.
pub(super) struct Hold {
    unread: CancellationToken,
    _share: OwnedSemaphorePermit,
    _room: OwnedSemaphorePermit,
}

impl Room {
    /// Room for `bytes`.
    pub(super) fn new(bytes: usize) -> Room {
        let most = (bytes / UNIT).min(Semaphore::MAX_PERMITS);
        Room { units: Arc::new(Semaphore::new(most)), most }
    }

    /// Room for an answer of `bytes`, if there is some at this moment.
    pub(super) fn try_take(&self, share: &Share, bytes: usize) -> Option<Hold> {
        let of_share = Arc::clone(&share.units).try_acquire_many_owned(units(bytes, SHARE / UNIT)).ok()?;
        let of_room = Arc::clone(&self.units).try_acquire_many_owned(units(bytes, self.most)).ok()?;
        Some(Hold { unread: share.unread.clone(), _share: of_share, _room: of_room })
    }

    /// Waits a moment for room for an answer of `bytes`. One that is larger than all there is takes all there is.
    ///
    /// # Errors
    /// Others did not read theirs meanwhile.
    pub(super) async fn take(&self, share: &Share, bytes: usize) -> Result<Hold, Problem> {
        let taking = async {
            let of_share = Arc::clone(&share.units).acquire_many_owned(units(bytes, SHARE / UNIT)).await.ok()?;
            let of_room = Arc::clone(&self.units).acquire_many_owned(units(bytes, self.most)).await.ok()?;
            Some(Hold { unread: share.unread.clone(), _share: of_share, _room: of_room })
        };
        let detail = "too many large answers wait to be read; read those that you asked for, and ask again";
        let taken = tokio::time::timeout(WAIT, taking).await.ok().flatten();
        taken.ok_or_else(|| Problem::busy(Code::Busy.as_str(), detail, RETRY_SECONDS))
    }

    /// Bytes that nobody holds.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.units.available_permits() * UNIT
    }
}

fn units(bytes: usize, most: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT).min(most)).unwrap_or(u32::MAX)
}

impl Default for Share {
    fn default() -> Share {
        Share { units: Arc::new(Semaphore::new(SHARE / UNIT)), unread: CancellationToken::new() }
    }
}

impl Share {
    /// Returns when an answer was not read in time: the connection must end at once.
    pub(super) async fn unread(&self) {
        self.unread.cancelled().await;
    }

    /// The same answer, a stream that may last for ever: where it is not read, the connection ends.
    pub(super) fn watched(&self, response: Response) -> Response {
        let (head, body) = response.into_parts();
        let pieces = Watched { body, watch: watch(&self.unread, false, usize::MAX) };
        Response::from_parts(head, warp::reply::stream(pieces).into_response().into_body())
    }
}

/// A stream of which is watched whether it is read.
struct Watched<B> {
    body: B,
    watch: Watch,
}

impl<B: Body<Data = Bytes> + Unpin> Stream for Watched<B> {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.watch.asked();
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else { return Poll::Pending };
        self.watch.handed();
        // It neither fails nor ends with trailers.
        Poll::Ready(frame.and_then(Result::ok).and_then(|frame| frame.into_data().ok()).map(Ok))
    }
}

/// The size of an answer that needs room.
pub(super) fn large(response: &Response) -> Option<usize> {
    let bytes = usize::try_from(response.body().size_hint().exact()?).ok()?;
    (bytes > SMALL).then_some(bytes)
}

/// Answers by `make`, with room for what it makes. When there is none, what was made is not even kept while others have the
/// room: it is made again.
pub(super) async fn within<F, M>(room: &Room, share: &Share, make: M) -> Result<Response, Problem>
where
    F: Future<Output = Result<Response, Problem>>,
    M: Fn() -> F,
{
    let made = make().await?;
    let Some(bytes) = large(&made) else { return Ok(made) };
    if let Some(hold) = room.try_take(share, bytes) {
        return Ok(hold.carry(made));
    }
    drop(made);
    let hold = room.take(share, bytes).await?;
    Ok(hold.carry(make().await?))
}

impl Hold {
    /// The same answer, which keeps the room until its last byte has left.
    pub(super) fn carry(self, response: Response) -> Response {
        let (mut head, body) = response.into_parts();
        if let Some(length) = body.size_hint().exact() {
            head.headers.insert(CONTENT_LENGTH, length.into());
        }
        let watch = watch(&self.unread, true, LOOKS);
        let moved = Arc::clone(&watch.moved);
        let pieces = Pieces { body, left: Bytes::new(), kept: Some((self, watch)), moved };
        Response::from_parts(head, warp::reply::stream(pieces).into_response().into_body())
    }
}

/// A body in pieces, each of which holds on to the room of the whole.
struct Pieces<B> {
    body: B,
    left: Bytes,
    kept: Option<(Hold, Watch)>,
    moved: Arc<Moved>,
}

/// Bytes and the room that they take. HTTP/2 queues what it cannot send yet, so the room must go with the bytes.
struct Kept {
    bytes: Bytes,
    _kept: (Hold, Watch),
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<B: Body<Data = Bytes> + Unpin> Stream for Pieces<B> {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.moved.steps.fetch_add(1, Ordering::Relaxed);
        if self.left.is_empty() {
            // Bodies with a known size are ready bytes: no other frame comes, and nothing fails.
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else { return Poll::Pending };
            let Some(bytes) = frame.and_then(Result::ok).and_then(|frame| frame.into_data().ok()) else {
                return Poll::Ready(None);
            };
            self.left = match self.kept.take() {
                Some(kept) => Bytes::from_owner(Kept { bytes, _kept: kept }),
                None => bytes,
            };
        }
        let most = self.left.len().min(PIECE);
        Poll::Ready(Some(Ok(self.left.split_to(most))))
    }
}

/// Somebody looks, until this is dropped, whether an answer is read.
struct Watch {
    moved: Arc<Moved>,
    _over: DropGuard,
}

#[derive(Debug, Default)]
struct Moved {
    /// How often more was asked for.
    steps: AtomicUsize,
    /// Whether something was handed out that may be unread.
    out: AtomicBool,
}

impl Watch {
    /// What was handed out has been taken, and more is asked for.
    fn asked(&self) {
        self.moved.steps.fetch_add(1, Ordering::Relaxed);
        self.moved.out.store(false, Ordering::Relaxed);
    }

    /// Something is handed out.
    fn handed(&self) {
        self.moved.out.store(true, Ordering::Relaxed);
    }
}

fn watch(unread: &CancellationToken, out: bool, looks: usize) -> Watch {
    let moved = Arc::new(Moved { steps: AtomicUsize::new(0), out: out.into() });
    let over = CancellationToken::new();
    let looking = look(Arc::clone(&moved), LOOK, looks, unread.clone());
    let until = over.clone();
    tokio::spawn(async move { until.run_until_cancelled(looking).await });
    Watch { moved, _over: over.drop_guard() }
}

async fn look(moved: Arc<Moved>, every: Duration, looks: usize, unread: CancellationToken) {
    let mut before = moved.steps.load(Ordering::Relaxed);
    for _ in 0..looks {
        tokio::time::sleep(every).await;
        let now = moved.steps.load(Ordering::Relaxed);
        if now == before && moved.out.load(Ordering::Relaxed) {
            break;
        }
        before = now;
    }
    tracing::debug!("a connection ends, for an answer on it was not read in time");
    unread.cancel();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures_util::StreamExt;
    use http_body_util::BodyExt;

    use super::super::answer::{self, Keep, OCTETS};
    use super::*;

    const ALL: usize = 1024 * 1024;

    fn answer(bytes: usize) -> Response {
        answer::bytes(OCTETS, vec![7; bytes].into(), Keep::No)
    }

    #[tokio::test]
    async fn room_comes_back_with_the_last_byte() {
        let (room, share) = (Room::new(ALL), Share::default());
        let carried = room.take(&share, PIECE * 3).await.unwrap().carry(answer(PIECE * 3));
        assert_eq!(carried.headers()[CONTENT_LENGTH], (PIECE * 3).to_string());
        assert_eq!(room.free(), ALL - PIECE * 3);
        let mut pieces = carried.into_body().into_data_stream();
        let mut read = Vec::new();
        while let Some(piece) = pieces.next().await {
            read.push(piece.unwrap());
        }
        drop(pieces);
        assert_eq!(read.iter().map(Bytes::len).collect::<Vec<_>>(), [PIECE; 3]);
        let last = read.pop();
        drop(read);
        assert_eq!(room.free(), ALL - PIECE * 3, "the last piece keeps all of it");
        drop(last);
        assert_eq!(room.free(), ALL);
        drop(room.take(&share, PIECE).await.unwrap().carry(answer(PIECE)));
        assert_eq!(room.free(), ALL, "what is dropped unread gives its room back");
    }

    #[tokio::test]
    async fn a_connection_has_its_share_and_the_door_its_bound() {
        let room = Room::new(SHARE * 2);
        let (one, two, three) = (Share::default(), Share::default(), Share::default());
        let held = room.try_take(&one, SHARE).unwrap();
        assert!(room.try_take(&one, UNIT).is_none(), "its share is spent");
        let other = room.try_take(&two, SHARE).unwrap();
        assert!(room.try_take(&three, UNIT).is_none(), "the door's is spent");
        drop(other);
        assert!(room.try_take(&three, UNIT).is_some());
        assert!(room.try_take(&one, UNIT).is_none());
        drop(held);
        let whole = room.try_take(&one, SHARE * 9).unwrap();
        assert!(room.try_take(&three, UNIT).is_none(), "one beyond all measure takes all there is");
        drop(whole);
        assert!(room.try_take(&one, UNIT).is_some());
    }

    #[tokio::test]
    async fn what_finds_no_room_is_made_again_or_refused() {
        let (room, share) = (Room::new(SHARE), Share::default());
        let made = AtomicUsize::new(0);
        let make = |bytes: usize| {
            made.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok(answer(bytes)))
        };
        let held = room.try_take(&share, SHARE).unwrap();
        assert_eq!(within(&room, &share, || make(SMALL)).await.unwrap().status(), 200);
        let refused = within(&room, &share, || make(SMALL + 1)).await.unwrap_err();
        assert_eq!((refused.code(), refused.status, refused.retry_after), ("busy", 503, Some(RETRY_SECONDS)));
        assert_eq!(made.load(Ordering::Relaxed), 2);
        let later = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(held);
        };
        let (late, ()) = tokio::join!(within(&room, &share, || make(SMALL + 1)), later);
        assert_eq!(late.unwrap().into_body().collect().await.unwrap().to_bytes().len(), SMALL + 1);
        assert_eq!(made.load(Ordering::Relaxed), 4, "made again once there was room");
    }

    #[tokio::test]
    async fn what_does_not_move_is_unread() {
        let every = Duration::from_millis(40);
        // Whether something is out, whether it moves, after how many looks it must be through; and whether it is unread.
        let rows = [
            (true, false, usize::MAX, true),
            (false, false, usize::MAX, false),
            (true, true, usize::MAX, false),
            (true, true, 3, true),
        ];
        for (out, moves, looks, expected) in rows {
            let unread = CancellationToken::new();
            let moved = Arc::new(Moved { steps: AtomicUsize::new(0), out: out.into() });
            let looking = tokio::spawn(look(Arc::clone(&moved), every, looks, unread.clone()));
            for _ in 0..80 {
                tokio::time::sleep(Duration::from_millis(5)).await;
                moved.steps.fetch_add(usize::from(moves), Ordering::Relaxed);
            }
            assert_eq!(unread.is_cancelled(), expected, "{out} {moves} {looks}");
            looking.abort();
        }
    }
}
