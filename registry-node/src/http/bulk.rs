//! Many statements in one request: a line in, a line out, in the same order.
//!
//! Lines go to the sequencer as they come, without waiting for each other, so that many share a commit; in their order, so
//! that a later line may rest on an earlier one. A line whose signer is unknown, or which the rules refuse before it queues, waits
//! for what is under way, since one of those may be what makes the signer known or the line allowed. All of it is bounded: the length of a line, the lines and bytes under way,
//! the answers that wait for the client, and the time. A client that sends without reading is slowed down, then cut off.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use certs::Speaker;
use conformity::refusal::Refusal;
use futures_util::stream::FuturesOrdered;
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;
use warp::reply::Response;

use super::answer::{self, NDJSON};
use super::code::{self, Code};
use super::holders::Holding;
use super::lines::{Lines, MAX_LINE};
use super::server::Caller;
use super::site::Site;
use super::statements::Acknowledgement;
use super::submission::Submission;
use crate::core::intake::IntakeError;
use crate::core::sequencer::{Receipt, SequenceError};
use crate::core::submit::SubmitError;
use crate::problem::Problem;

/// Most lines under way: as many as one commit holds.
const MAX_UNDER_WAY: usize = 1_024;
/// Most bytes under way.
const MAX_BYTES_UNDER_WAY: usize = 8 * 1024 * 1024;
/// Answers that may wait for the client.
const MAX_WAITING: usize = 64;
/// How long neither line nor answer may come.
const IDLE: Duration = Duration::from_secs(30);
/// How long all of it may take.
const TOTAL: Duration = Duration::from_secs(15 * 60);
/// How long to wait when the sequencer is busy with others.
const PAUSE: Duration = Duration::from_millis(5);

/// An answer to a line.
#[derive(Serialize)]
struct Answered<T> {
    line: u64,
    #[serde(flatten)]
    answer: T,
}

/// A line's way through the sequencer.
struct Landed {
    line: u64,
    bytes: usize,
    outcome: Result<Receipt, SubmitError>,
}

/// The client went away.
struct Gone;

/// Why no more lines are read.
enum End {
    /// They were all read.
    Whole,
    /// The client went away.
    Gone,
    /// For a reason that the client is told.
    Told(Problem),
}

impl From<Gone> for End {
    fn from(_: Gone) -> End {
        End::Gone
    }
}

/// Answers lines while they come.
pub(super) fn answer<S, B>(
    site: &Arc<Site>,
    speaker: Arc<Speaker>,
    caller: Arc<Caller>,
    body: S,
) -> Result<Response, Problem>
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf + Send,
{
    let slot = Slot::take(site, &speaker)?;
    let (out, answers) = mpsc::channel(MAX_WAITING);
    let mut bulk = Bulk {
        site: Arc::clone(site),
        speaker,
        caller,
        out,
        under_way: FuturesOrdered::new(),
        bytes: 0,
        line: 0,
        deadline: Instant::now() + TOTAL,
    };
    tokio::spawn(async move {
        let end = bulk.run(body).await;
        bulk.finish(end).await;
        drop(slot);
    });
    Ok(answer::stream(NDJSON, Answers(answers)))
}

/// One of the bulk submissions that may go on at once, in all and for its holder.
struct Slot {
    /// The holder's permit was forgotten there, and goes back by hand.
    holding: Arc<Holding>,
    _of_all: OwnedSemaphorePermit,
}

impl Slot {
    fn take(site: &Site, speaker: &Speaker) -> Result<Slot, Problem> {
        let busy = |detail: &str| Problem::busy(Code::Busy.as_str(), detail, 10);
        let holding = site.holders.of(Some(&speaker.identity));
        let own = holding.bulks.try_acquire();
        let own =
            own.map_err(|_| busy("too many of your bulk submissions go on; wait for one, or send fewer at once"))?;
        let of_all = Arc::clone(&site.bulks).try_acquire_owned();
        let of_all = of_all.map_err(|_| busy("too many bulk submissions go on; send it again later"))?;
        own.forget();
        Ok(Slot { holding, _of_all: of_all })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.holding.bulks.add_permits(1);
    }
}

struct Bulk {
    site: Arc<Site>,
    speaker: Arc<Speaker>,
    caller: Arc<Caller>,
    out: mpsc::Sender<Bytes>,
    under_way: FuturesOrdered<Pin<Box<dyn Future<Output = Landed> + Send>>>,
    bytes: usize,
    line: u64,
    deadline: Instant,
}

impl Bulk {
    async fn run<S, B>(&mut self, body: S) -> End
    where
        S: Stream<Item = Result<B, warp::Error>>,
        B: Buf,
    {
        let mut body = std::pin::pin!(body);
        let mut lines = Lines::default();
        let cut = self.caller.cut.clone();
        loop {
            tokio::select! {
                biased;
                () = cut.cancelled() => return End::Told(code::cut_off()),
                () = self.out.closed() => return End::Gone,
                () = tokio::time::sleep_until(self.deadline) => return End::Told(code::too_slow(TOTAL.as_secs())),
                Some(landed) = self.under_way.next() => if self.land(landed).await.is_err() { return End::Gone },
                piece = body.next() => match self.take(&mut lines, piece).await {
                    Ok(true) => {}
                    Ok(false) => return End::Whole,
                    Err(end) => return end,
                },
                () = tokio::time::sleep(IDLE) => return End::Told(code::too_slow(IDLE.as_secs())),
            }
        }
    }

    /// Takes a piece of the body; `false` after the last.
    async fn take<B: Buf>(&mut self, lines: &mut Lines, piece: Option<Result<B, warp::Error>>) -> Result<bool, End> {
        let last = piece.is_none();
        match piece {
            Some(Ok(piece)) => lines.push(piece),
            Some(Err(_)) => return Err(End::Gone),
            None => lines.close(),
        }
        while let Some(line) = lines.next() {
            if !self.caller.still_speaks() {
                return Err(End::Told(code::cut_off()));
            }
            self.offer(line).await?;
        }
        if lines.is_too_long() {
            return Err(End::Told(Problem::too_large(MAX_LINE as u64)));
        }
        Ok(!last)
    }

    async fn offer(&mut self, line: Bytes) -> Result<(), Gone> {
        self.line += 1;
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let submission = match Submission::from_line(line) {
            Ok(submission) => submission,
            Err(problem) => return self.refuse(problem).await,
        };
        while self.is_full(submission.len()) {
            self.land_next().await?;
        }
        self.submit(&submission).await
    }

    fn is_full(&self, bytes: usize) -> bool {
        let count = self.under_way.len();
        count >= MAX_UNDER_WAY || (count > 0 && self.bytes + bytes > MAX_BYTES_UNDER_WAY)
    }

    /// Hands a statement to the sequencer. What is refused before it queues shows at the first poll, so that no later line
    /// can overtake one that has to be tried again.
    async fn submit(&mut self, submission: &Submission) -> Result<(), Gone> {
        let taken = loop {
            let mut attempt = self.attempt(submission);
            let first = poll_fn(|context| Poll::Ready(attempt.as_mut().poll(context))).await;
            match first {
                Poll::Pending => break attempt,
                Poll::Ready(landed) if may_rest_on_others(&landed) && !self.under_way.is_empty() => {
                    self.land_all().await?;
                }
                Poll::Ready(landed) if is_busy(&landed) && Instant::now() < self.deadline => {
                    match self.under_way.is_empty() {
                        true => tokio::time::sleep(PAUSE).await,
                        false => self.land_next().await?,
                    }
                }
                Poll::Ready(landed) => break Box::pin(std::future::ready(landed)),
            }
        };
        self.bytes += submission.len();
        self.under_way.push_back(taken);
        Ok(())
    }

    fn attempt(&self, submission: &Submission) -> Pin<Box<dyn Future<Output = Landed> + Send>> {
        let (registry, speaker) = (Arc::clone(&self.site.registry), Arc::clone(&self.speaker));
        let (line, bytes) = (self.line, submission.len());
        let Submission { statement, attachments } = submission.clone();
        Box::pin(async move {
            let outcome = registry.submit(statement, attachments, &speaker).await;
            Landed { line, bytes, outcome }
        })
    }

    async fn land_all(&mut self) -> Result<(), Gone> {
        while !self.under_way.is_empty() {
            self.land_next().await?;
        }
        Ok(())
    }

    async fn land_next(&mut self) -> Result<(), Gone> {
        match self.under_way.next().await {
            Some(landed) => self.land(landed).await,
            None => Ok(()),
        }
    }

    async fn land(&mut self, landed: Landed) -> Result<(), Gone> {
        self.bytes -= landed.bytes.min(self.bytes);
        let acknowledged = match &landed.outcome {
            Ok(receipt) => Acknowledgement::of(&self.site, receipt),
            Err(error) => Err(code::submission(error, &self.site.registry.metrics)),
        };
        match acknowledged {
            Ok(answer) => self.send(&Answered { line: landed.line, answer }).await,
            Err(problem) => self.send(&Answered { line: landed.line, answer: problem }).await,
        }
    }

    /// Answers the present line at once, behind those before it.
    async fn refuse(&mut self, problem: Problem) -> Result<(), Gone> {
        self.land_all().await?;
        self.site.registry.metrics.refuse(problem.code());
        self.send(&Answered { line: self.line, answer: problem }).await
    }

    async fn send(&mut self, answer: &(impl Serialize + Sync)) -> Result<(), Gone> {
        // Numbers and text: an answer always has a JSON form.
        let mut line = serde_json::to_vec(answer).unwrap_or_default();
        line.push(b'\n');
        let deadline = self.deadline.min(Instant::now() + IDLE);
        match tokio::time::timeout_at(deadline, self.out.send(line.into())).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }

    /// Answers what is under way and says why no more is read. The deadline may be over: a moment is granted for this.
    async fn finish(&mut self, end: End) {
        if matches!(end, End::Gone) {
            return;
        }
        self.deadline = self.deadline.max(Instant::now() + IDLE);
        let answered = self.land_all().await;
        if let (Ok(()), End::Told(problem)) = (answered, end) {
            self.line += 1;
            // A client that went away by now is told nothing.
            let _ = self.refuse(problem).await;
        }
    }
}

fn may_rest_on_others(landed: &Landed) -> bool {
    let unknown = |refusal: &Refusal| matches!(refusal, Refusal::UnknownIssuer { .. } | Refusal::UnknownKey { .. });
    match &landed.outcome {
        Err(SubmitError::Intake(IntakeError::Unknown(refusal))) => unknown(refusal),
        Err(SubmitError::Intake(IntakeError::Refused(_))) => true,
        _ => false,
    }
}

fn is_busy(landed: &Landed) -> bool {
    matches!(&landed.outcome, Err(SubmitError::Sequence(SequenceError::Busy)))
}

/// The answers as a stream.
struct Answers(mpsc::Receiver<Bytes>);

impl Stream for Answers {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.poll_recv(context)
    }
}
