//! Telling subscribers: one reader of the feed, and few workers that read on from where a subscription is and send, in order, one delivery at a time.
//!
//! A worker has a subscription for some deliveries at most, so that one that is far behind does not keep others from theirs. What waits
//! for a receiver is a task without anything but a place in the log.
//! Out of scope: who is told of what (`buyer::dispatch`), what is sent next (`finding`), and how a delivery looks (`buyer::webhook`).

mod finding;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use certs::{Client as Tls, TlsError, Trust};
use federation::hush::Hush;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::dispatch::{Key, Ping, Task, Told, Work};
use super::exposing::Exposures;
use super::hindrance::Hindrance;
use super::lane::{Delivery, Heard, Lane, Patience, Sending};
use super::outbound::Outbound;
use super::signals::{self, TokenFault, Tokens};
use super::webhook::{Answer, Delivering, Form, Message};
use crate::config::Webhooks;
use crate::core::event::Event;
use crate::core::event_words::with_members;
use crate::core::feed::FeedError;
use crate::core::notice::{HEARTBEAT, PING, notice};
use crate::core::published::Published;
use crate::core::registry::Registry;
use finding::{Letter, NotFound, Until};

/// Subscriptions that are worked for at once.
const WORKERS: usize = 64;
/// Workers that find out at once what entries do to chains: it takes a processor.
const JUDGING: usize = 2;
/// Deliveries after which a worker lets others have their turn.
const TURN: usize = 64;
/// How long a turn may take, but for the delivery that is under way: a slow receiver takes no more than others.
const TURN_TIME: Duration = Duration::from_secs(10);
/// Entries that are looked at in a turn, where few fit.
const TURN_ENTRIES: u64 = 65_536;
/// Shortest time between two commits of lanes.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// Longest wait: the clock may jump.
const LOOK: Duration = Duration::from_secs(60);
/// Pause after the log could not be read.
const UNREADABLE: Duration = Duration::from_secs(5);

/// What workers share.
struct Node {
    registry: Arc<Registry>,
    /// The way out; without it nothing is sent, and cursors wait.
    outbound: Option<Outbound>,
    patience: Patience,
    published: Published,
    exposures: Arc<dyn Exposures>,
    judging: Semaphore,
    unreadable: Hush,
}

/// The way out, by the configuration; nothing where webhooks are off.
///
/// # Errors
/// The roots cannot be read.
pub fn outbound(registry: &Registry) -> Result<Option<Outbound>, TlsError> {
    let Webhooks { ca_roots, allow_private, .. } = &registry.config.webhooks;
    let Some(roots) = ca_roots else { return Ok(None) };
    let tls = Tls::anonymous(&Trust::read(&registry.folder.path().join(roots))?)?;
    Ok(Some(Outbound::new(tls, allow_private.clone())))
}

/// Tells subscribers until `shutdown`. Without a way out it looks at what fits all the same: those who poll are told of it, and the others
/// once there is a way.
pub async fn run(
    registry: Arc<Registry>,
    outbound: Option<Outbound>,
    exposures: Arc<dyn Exposures>,
    shutdown: CancellationToken,
) {
    let node = Arc::new(Node {
        patience: registry.config.webhooks.patience(),
        registry,
        outbound,
        published: Published::default(),
        exposures,
        judging: Semaphore::new(JUDGING),
        unreadable: Hush::new(),
    });
    let (slots, mut workers) = (Arc::new(Semaphore::new(WORKERS)), JoinSet::new());
    let mut keep_at = Instant::now();
    while !shutdown.is_cancelled() {
        let is_through = node.look().await;
        let due = node.start(&slots, &mut workers);
        while workers.try_join_next().is_some() {}
        if keep_at <= Instant::now() && node.registry.dispatch.has_changed() {
            keep(&node.registry).await;
            keep_at = Instant::now() + KEEP_EVERY;
        }
        if is_through && shutdown.run_until_cancelled(node.wait(due, keep_at)).await.is_none() {
            break;
        }
    }
    workers.shutdown().await;
    keep(&node.registry).await;
}

/// Keeps how far all are; whether it could.
async fn keep(registry: &Arc<Registry>) -> bool {
    static FAULTS: Hush = Hush::new();
    let keeping = Arc::clone(registry);
    let kept = tokio::task::spawn_blocking(move || keeping.dispatch.keep().map_err(|error| error.to_string())).await;
    let kept = kept.unwrap_or_else(|error| Err(error.to_string()));
    let is_kept = kept.is_ok();
    if let Err(error) = kept
        && let Some(times) = FAULTS.heard()
    {
        tracing::error!(%error, times, "how far subscribers were told could not be kept; after a restart they are told again");
    }
    is_kept
}

/// A worker's turn for a subscription, which ends also where the worker panics: nobody else would have it otherwise until the node starts again.
struct Turn<'a> {
    node: &'a Node,
    key: &'a Key,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let registry = &self.node.registry;
        if std::thread::panicking() {
            registry.dispatch.stumbled(self.key, registry.now(), &self.node.patience);
        }
        registry.dispatch.finish(self.key, registry.now());
    }
}

impl Node {
    /// Looks at the next entries; whether that were all there are.
    async fn look(&self) -> bool {
        let dispatch = &self.registry.dispatch;
        if dispatch.is_idle(self.registry.feed.size()) {
            return true;
        }
        match self.read(dispatch.mark()).await {
            Ok(entries) => dispatch.look_at(&entries, self.registry.now()),
            Err(_) => tokio::time::sleep(UNREADABLE).await,
        }
        dispatch.mark() >= self.registry.feed.size()
    }

    /// Has workers go for what is due; when the next is.
    fn start(self: &Arc<Self>, slots: &Arc<Semaphore>, workers: &mut JoinSet<()>) -> Option<Timestamp> {
        let outbound = self.outbound.as_ref()?;
        let (keys, next) = self.registry.dispatch.due(self.registry.now(), slots.available_permits());
        for key in keys {
            // As many as there were free: only this task takes them.
            let Ok(slot) = Arc::clone(slots).try_acquire_owned() else {
                self.registry.dispatch.finish(&key, self.registry.now());
                continue;
            };
            workers.spawn(Arc::clone(self).tell(key, outbound.clone(), slot));
        }
        next.filter(|_| slots.available_permits() > 0)
    }

    /// Waits for something to do.
    async fn wait(&self, due: Option<Timestamp>, keep_at: Instant) {
        let dispatch = &self.registry.dispatch;
        let left = due.map(|at| at.duration_since(self.registry.now()).max(SignedDuration::ZERO));
        let left = left.and_then(|left| Duration::try_from(left).ok()).map_or(LOOK, |left| left.min(LOOK));
        let mut until = Instant::now() + left;
        if dispatch.has_changed() {
            until = until.min(keep_at);
        }
        tokio::select! {
            alive = self.registry.feed.grown(dispatch.mark()) => {
                // The log is closed: nothing comes any more but the end.
                if !alive {
                    tokio::time::sleep_until(until).await;
                }
            }
            () = dispatch.sooner.notified() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }

    /// One worker's turn for one subscription.
    async fn tell(self: Arc<Self>, key: Key, outbound: Outbound, slot: OwnedSemaphorePermit) {
        let dispatch = &self.registry.dispatch;
        let turn_of = Turn { node: &self, key: &key };
        let begun = Instant::now();
        let mut way: Option<(u64, Delivering)> = None;
        let until = Until { entry: dispatch.mark().saturating_add(TURN_ENTRIES), time: begun + TURN_TIME };
        for _ in 0..TURN {
            let Some(work) = dispatch.work(&key, self.registry.now()) else { break };
            let Some(url) = work.subscription.url.clone() else { break };
            let (turn, mut delivering) = match way.take() {
                Some((turn, delivering)) if turn == work.turn => (turn, delivering),
                _ => (work.turn, Delivering::to(outbound.clone(), url)),
            };
            if !self.step(&key, &work, &mut delivering, until).await || Instant::now() >= until.time {
                break;
            }
            way = Some((turn, delivering));
        }
        drop((turn_of, slot));
        // Its slot is free: what is due and found none can have it.
        dispatch.sooner.notify_one();
    }

    /// Does one thing for a subscription; whether to go on.
    async fn step(&self, key: &Key, work: &Work, delivering: &mut Delivering, until: Until) -> bool {
        let (spot, found) = match &work.task {
            Task::Ping(ping) => return self.notify(key, work, delivering, self.notice(key, work, PING, ping)).await,
            Task::Heartbeat => {
                let ping = Ping { id: format!("heartbeat_{}", self.registry.now().as_second()), state: None };
                return self.notify(key, work, delivering, self.notice(key, work, HEARTBEAT, &ping)).await;
            }
            Task::Again(spot) => (*spot, self.at(key, work, *spot).await),
            Task::From(spot) => match self.first_from(key, work, *spot, until).await {
                Ok(None) => return false,
                found => (*spot, found),
            },
        };
        match found {
            Ok(Some(letter)) => self.deliver(key, work, delivering, letter).await,
            // It was erased meanwhile, and nothing is left to tell.
            Ok(None) => self.registry.dispatch.found(key, work.turn, |lane| lane.pass(spot)),
            Err(not_found) => return self.not_found(key, work, not_found),
        }
        true
    }

    /// What follows where it is not found out what is next; whether to go on.
    fn not_found(&self, key: &Key, work: &Work, not_found: NotFound) -> bool {
        let (dispatch, now) = (&self.registry.dispatch, self.registry.now());
        match not_found {
            NotFound::Stuck(why) => dispatch.park(key, work.turn, why, now),
            NotFound::Never(spot, why) => {
                dispatch.found(key, work.turn, |lane| lane.undeliverable(spot, why, now));
            }
            NotFound::Later => {
                let hindered = |lane: &mut Lane| lane.hindered(Hindrance::NotFoundOut, now, &self.patience, jitter());
                dispatch.found(key, work.turn, hindered);
                return false;
            }
            NotFound::Busy => return false,
        }
        true
    }

    async fn deliver(&self, key: &Key, work: &Work, delivering: &mut Delivering, letter: Letter) {
        if let Sending::News(heard) = &letter.sending
            && !self.tells(key, work, heard).await
        {
            return;
        }
        let begun = Instant::now();
        let (id, answer) = match self.message(key, work, &letter) {
            Ok(message) => (message.id.clone(), delivering.send(&message, self.registry.now()).await),
            Err(error) => (self.letter_id(&letter), unmade(&error)),
        };
        let delivery = self.delivery(&id, &answer, delivering.said(), begun);
        let why_parked = self.registry.dispatch.answered(key, work.turn, &letter.sending, &answer, self.told(delivery));
        self.say_paused(key, work, delivering, why_parked).await;
    }

    /// Whether a partner can be told: that it may have heard of a certificate is kept before it does, or its end would not be owed after a crash.
    async fn tells(&self, key: &Key, work: &Work, heard: &Heard) -> bool {
        let dispatch = &self.registry.dispatch;
        match dispatch.tells(key, work.turn, heard) {
            None => return false,
            Some(is_known) if is_known => return true,
            Some(_) => {}
        }
        if keep(&self.registry).await {
            return true;
        }
        self.not_found(key, work, NotFound::Later);
        false
    }

    /// A letter, as the subscription wants it: a stream, which is told of no chain, as a token.
    fn message(&self, key: &Key, work: &Work, letter: &Letter) -> Result<Message, TokenFault> {
        let (subscription, members) = (&*work.subscription, self.published.member(&self.registry));
        let (Some(stream), Some(event), Sending::At(spot)) = (&subscription.stream, &letter.event, &letter.sending)
        else {
            let form = Form::Webhook(subscription.secrets.clone());
            // What another standard defines stays as it has it.
            let members = if subscription.certificates.is_some() { &[][..] } else { &members[..] };
            return Ok(Message { id: self.letter_id(letter), body: with_members(&letter.json, members), form });
        };
        let token = self.tokens(key, work).event(event, &members)?;
        let id = signals::jti(&self.registry, &key.name, *spot);
        Ok(Message { id, body: token.into(), form: Form::Token(stream.authorization.clone()) })
    }

    /// The `webhook-id` of a letter: the same whenever and to whomever it is sent.
    fn letter_id(&self, letter: &Letter) -> String {
        format!("{}_{}", self.registry.config.registry.id, letter.id)
    }

    fn tokens<'a>(&'a self, key: &'a Key, work: &'a Work) -> Tokens<'a> {
        Tokens { registry: &self.registry, key, subscription: &work.subscription }
    }

    /// Says once, over the stream that was parked, that it is paused, and why: SSF 1.0 wants it tried, and the receiver may be there again.
    async fn say_paused(&self, key: &Key, work: &Work, delivering: &mut Delivering, why_parked: Option<String>) {
        let (Some(stream), Some(why)) = (&work.subscription.stream, why_parked) else { return };
        let id = format!("paused_{}", Uuid::now_v7().simple());
        let Ok(token) = self.tokens(key, work).paused(&id, &why) else { return };
        let form = Form::Token(stream.authorization.clone());
        // Whoever does not take it reads the same as the status of the stream.
        delivering.send(&Message { id, body: token.into(), form }, self.registry.now()).await;
    }

    fn told(&self, delivery: Delivery) -> Told<'_> {
        Told { delivery, now: self.registry.now(), patience: &self.patience, jitter: jitter() }
    }

    /// Sends what is no event of the log; whether to go on.
    async fn notify(
        &self,
        key: &Key,
        work: &Work,
        delivering: &mut Delivering,
        notice: (String, Result<Message, TokenFault>),
    ) -> bool {
        let (begun, (id, message)) = (Instant::now(), notice);
        let answer = match message {
            Ok(message) => delivering.send(&message, self.registry.now()).await,
            Err(error) => unmade(&error),
        };
        let told = self.told(self.delivery(&id, &answer, delivering.said(), begun));
        let why_parked = self.registry.dispatch.heard(key, work, &answer, told);
        self.say_paused(key, work, delivering, why_parked).await;
        true
    }

    fn delivery(&self, id: &str, answer: &Answer, said: Option<String>, begun: Instant) -> Delivery {
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let told = match answer {
            Answer::Taken(status) | Answer::Refused(status) => format!("status {status}"),
            Answer::Gone => "status 410".to_owned(),
            Answer::NotServed => "status 501".to_owned(),
            Answer::Failed(why) => why.clone(),
        };
        let told = said.map_or(told.clone(), |said| format!("{told}: {said}"));
        Delivery { id: id.to_owned(), at: self.registry.now(), took, taken: matches!(answer, Answer::Taken(_)), told }
    }

    /// The next entries from `index` on. Old ones come from the journal, on a thread that may wait for it.
    async fn read(&self, index: u64) -> Result<Vec<Arc<[Event]>>, FeedError> {
        let read = self.registry.feed.read(index, &self.registry.dispatch.catch_ups).await;
        if let Err(error) = &read {
            self.unreadable(error);
        }
        read
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) {
        if let Some(times) = self.unreadable.heard() {
            tracing::error!(%error, times, "some subscribers are told nothing until the log can be read");
        }
    }

    /// Something that is no event of the log: that a receiver is reached, or that nothing came for a while.
    fn notice(&self, key: &Key, work: &Work, kind: &str, ping: &Ping) -> (String, Result<Message, TokenFault>) {
        let id = ping.id.clone();
        let Some(stream) = &work.subscription.stream else {
            return (id.clone(), Ok(self.webhook_notice(work, kind, id)));
        };
        let form = Form::Token(stream.authorization.clone());
        let token = self.tokens(key, work).verification(ping);
        (id.clone(), token.map(|token| Message { id, body: token.into(), form }))
    }

    fn webhook_notice(&self, work: &Work, kind: &str, id: String) -> Message {
        let notice = notice(&self.registry, kind, &id, self.registry.dispatch.mark());
        let form = Form::Webhook(work.subscription.secrets.clone());
        Message { body: with_members(&notice, &self.published.member(&self.registry)), id, form }
    }
}

/// Our own fault: it is tried again, as what a receiver does not take.
fn unmade(error: &TokenFault) -> Answer {
    static FAULTS: Hush = Hush::new();
    if let Some(times) = FAULTS.heard() {
        tracing::error!(%error, times, "security event tokens could not be made; receivers wait for them");
    }
    Answer::Failed("this registry failed; its operator can help".to_owned())
}

fn jitter() -> f64 {
    let mut byte = [0; 1];
    // Without randomness all wait alike, which does no harm but to them.
    let _ = rand::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}
