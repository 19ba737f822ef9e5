//! Pursuing one peer: dial its nats-server, tell it what we did, follow its log, and recognise.
//!
//! ```text
//! hint, second, or own commit ▶ arrangements changed? ▶ assess ▶ state        also while the peer cannot be reached
//!                               ▶ notices out ▶ (in force) pull until even ▶ assess ▶ state
//!                                              ▶ ask for what the arrangement names ▶ assess ▶ state
//! ```
//!
//! A step that we take, and the passing of time, bind from our own log: they count at once for what is mirrored, whatever
//! the peer does meanwhile.
//!
//! Every round begins from what is durable (our log, the mirror, the mark in the vault), so a crash between any two steps
//! repeats work and doubles nothing.
//!
//! In scope here: the rounds. What is made of the mirror is in `stating`, what the peer discloses of its credentials in
//! `asking`, what it shows of restricted verdicts in `confided`, what it is told of our own acts in `telling`, what becomes of setbacks in `faults`.

mod asking;
mod confided;
mod faults;
mod keys;
mod meeting;
mod metering;
mod relaying;
mod stating;
mod telling;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use conformity::arrangement::ArrangementRecord;
use conformity::genesis::PeerRecord;
use conformity::ids::{RegistryId, VerdictId};
use conformity::in_force::Pair;
use conformity::recognised::Cause;
use conformity::records::Facts;
use federation::bus::{Bus, BusError, Delivery, Link, Subscription};
use federation::follow::{Scope, Standing};
use federation::hush::Hushes;
use federation::messages::{Answer, CheckpointAnswer, CheckpointRequest, Message, Range, RangeRequest};
use federation::mirror::{Mirror, Taken};
use federation::subjects::{Pattern, Service, Subject};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::company;
use super::dialogue::{Setback, ask, dial};
use super::kept::{Basis, Kept};
use super::mark::Mark;
use super::peers::Peers;
use super::scope::{between, scope};
use crate::core::peer_board::{PeerState, PeerStatus};
use crate::core::registry::Registry;

use confided::Shredding;
use metering::Meter;
use telling::Telling;
use waiting::Waiting;

pub(super) use asking::Asking;

/// A rest between two pieces of what is made of restricted verdicts.
const BREATH: Duration = Duration::from_millis(5);
/// A quiet peer is asked this often whether it has grown: a lost hint costs no more.
const TICK: Duration = Duration::from_secs(1);
/// Waits after faults and unreachable peers: shortest and longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));
/// Refusals of a notice that say "not now": it is told again.
pub(super) const PASSING: [&str; 3] = ["quota", "not-stored", UNKNOWN_LOG_KEY];
/// Refuses a proposal while too many of the same peer wait: it is told again when there may be room.
pub(super) const TOO_MANY_PROPOSALS: &str = "too-many-proposals";
/// Refuses an act of somebody who, or whose key, is not known here: it is told again when the peer may have come to him in our log.
pub(super) const UNKNOWN_SIGNER: &str = "unknown-signer";
/// Refuses a notice under a key of the sender's log that is not known yet: it is learnt of by following, in a moment.
pub(super) const UNKNOWN_LOG_KEY: &str = "unknown-log-key";

/// Following one peer.
pub(super) struct Pursuit {
    registry: Arc<Registry>,
    peers: Arc<Peers>,
    peer: Arc<PeerRecord>,
    mark: Mark,
    arrangements: Vec<Arc<ArrangementRecord>>,
    mirror: Option<Kept>,
    /// Schemes whose verdicts come to us now.
    wanted: Scope,
    /// Nothing is assessed by a mirror that is shorter than this: it would say again what was overtaken long ago.
    floor: u64,
    /// Verdicts that are to be assessed.
    open: Waiting,
    /// Restricted ones.
    apart: Waiting,
    due: BTreeMap<Timestamp, BTreeSet<VerdictId>>,
    asking: Asking,
    /// The places in the peer's log of what rests of restricted verdicts, with the bytes of each statement.
    places: BTreeMap<VerdictId, BTreeMap<u64, u64>>,
    cause: Cause,
    /// Whether this registry acted itself in an arrangement, and not all of what follows is stated.
    ours: bool,
    telling: Telling,
    /// Up to where in its log the peer's bulletins are passed on, or cannot be.
    relayed: u64,
    /// A fault that only an operator can settle; evidence in the vault says the same after a restart.
    stopped: bool,
    /// The mirror has used up its room: the peer is only compared with what was seen of it.
    full: bool,
    /// What is made of its verdicts takes room in our log.
    meter: Meter,
    /// When the peer was last asked for its keys and roots.
    asked: Option<Timestamp>,
    /// Whether it was shown on this connection where we went.
    shown: bool,
    shredding: Shredding,
    hushes: Hushes,
    status: PeerStatus,
}

impl Pursuit {
    /// A pursuit of `peer` that has not begun.
    pub(super) fn new(registry: Arc<Registry>, peers: Arc<Peers>, peer: Arc<PeerRecord>) -> Pursuit {
        let now = registry.now();
        Pursuit {
            mark: Mark::new(Arc::clone(&registry.vault), Arc::clone(&registry.witness), Arc::clone(&peer)),
            status: PeerStatus {
                state: PeerState::Idle,
                since: now,
                mirrored: 0,
                announced: 0,
                waiting: 0,
                met: Arc::default(),
                last_fault: None,
            },
            arrangements: Vec::new(),
            mirror: None,
            wanted: Scope::new(),
            floor: 0,
            open: Waiting::default(),
            apart: Waiting::default(),
            due: BTreeMap::new(),
            asking: Asking::default(),
            places: BTreeMap::new(),
            cause: Cause::Range,
            ours: false,
            telling: Telling::default(),
            relayed: 0,
            stopped: false,
            full: false,
            meter: Meter::new(registry.config.limits.peer_log_bytes),
            asked: None,
            shown: false,
            shredding: Shredding::default(),
            hushes: Hushes::default(),
            registry,
            peers,
            peer,
        }
    }

    /// Pursues until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut wait = BACKOFF.0;
        while let Some(setback) = stop.run_until_cancelled(self.pursue(&mut wait)).await {
            self.suffer(&setback);
            if stop.run_until_cancelled(self.rest(wait)).await.is_none() {
                break;
            }
            wait = (wait * 2).min(BACKOFF.1);
        }
        self.mark.save();
        self.shredding.now(&self.registry.vault);
        // Once more: it may have been shown after it was taken off.
        self.registry.peers.remove(&self.peer.registry);
    }

    /// Keeps up, unless the peer's log is forked or another one: then only an operator can settle what it says.
    async fn pursue(&mut self, wait: &mut Duration) -> Setback {
        if !self.stopped && !self.registry.witness.evidence.accuses(&self.peer) {
            return self.keep_up(wait).await;
        }
        self.show(PeerState::Stopped);
        match self.settle_until(std::future::pending::<Setback>()).await {
            Ok(setback) | Err(setback) => setback,
        }
    }

    async fn rest(&mut self, wait: Duration) {
        if let Err(setback) = self.settle_until(tokio::time::sleep(wait)).await {
            self.suffer(&setback);
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits for `event`, and settles meanwhile what needs no peer.
    async fn settle_until<T>(&mut self, event: impl Future<Output = T>) -> Result<T, Setback> {
        let mut own = self.registry.size.clone();
        let mut event = std::pin::pin!(event);
        loop {
            self.settle().await?;
            tokio::select! {
                outcome = &mut event => return Ok(outcome),
                changed = own.changed() => if changed.is_err() { return Err(stopping()) },
                () = tokio::time::sleep(self.tick()) => {}
            }
        }
    }

    /// What our own acts and the passing of time mean for what is mirrored already.
    async fn settle(&mut self) -> Result<(), Setback> {
        self.refresh().await?;
        self.look().await?;
        self.recognise().await?;
        self.settle_apart().await
    }

    /// The same for restricted verdicts, a piece of it, when all is stated of the others.
    async fn settle_apart(&mut self) -> Result<(), Setback> {
        self.look_apart().await?;
        self.recognise_apart().await?;
        self.shred().await
    }

    /// Settles more of that until something else may be done; what comes from elsewhere never waits longer than a tick.
    async fn settle_on_apart(&mut self) -> Result<(), Setback> {
        let (begun, own) = (Instant::now(), self.registry.size.clone());
        while self.apart_waits() && begun.elapsed() < TICK && !own.has_changed().unwrap_or(true) {
            self.settle_apart().await?;
            tokio::time::sleep(BREATH).await;
        }
        Ok(())
    }

    fn tick(&self) -> Duration {
        if self.apart_waits() { BREATH } else { TICK }
    }

    /// Rounds without end; returns what ended them.
    async fn keep_up(&mut self, wait: &mut Duration) -> Setback {
        let dialled = self.settle_until(dial(Arc::clone(&self.registry), Arc::clone(&self.peer))).await;
        let link = match dialled.flatten() {
            Ok(link) => link,
            Err(setback) => return setback,
        };
        (self.asked, self.shown) = (None, false);
        let beside = company::keep(Arc::clone(&self.registry), Arc::clone(&self.peer), link.clone());
        tokio::select! {
            setback = self.rounds(&link, wait) => setback,
            never = beside => match never {},
        }
    }

    async fn rounds(&mut self, link: &Link, wait: &mut Duration) -> Setback {
        let heads = Pattern::exactly(&Subject::head_of(&self.peer.registry));
        let mut hints = match link.subscribe(&heads).await {
            Ok(hints) => hints,
            Err(error) => return error.into(),
        };
        let mut own = self.registry.size.clone();
        loop {
            if let Err(setback) = self.round(link).await {
                return setback;
            }
            *wait = BACKOFF.0;
            if let Err(setback) = self.settle_on_apart().await {
                return setback;
            }
            tokio::select! {
                hint = hints.next() => match hint {
                    Some(delivery) => self.hear(&delivery),
                    None => return BusError::Disconnected("the subscription ended".to_owned()).into(),
                },
                changed = own.changed() => {
                    if changed.is_err() {
                        return stopping();
                    }
                    self.pace(&mut hints).await;
                }
                () = tokio::time::sleep(self.tick()) => if self.registry.witness.evidence.accuses(&self.peer) { return accused() },
            }
        }
    }

    /// Our own commits may come by the thousand a second; one round covers all that came meanwhile. A hint does not wait.
    async fn pace(&mut self, hints: &mut impl Subscription) {
        if let Ok(Some(delivery)) = tokio::time::timeout(super::PACE, hints.next()).await {
            self.hear(&delivery);
        }
    }

    fn hear(&mut self, delivery: &Delivery) {
        if let Delivery::Message(message) = delivery
            && let Ok(head) = federation::messages::Head::decode(&message.payload)
        {
            self.status.announced = self.status.announced.max(head.size);
        }
    }

    async fn round(&mut self, link: &Link) -> Result<(), Setback> {
        self.settle().await?;
        self.know_roots(link).await?;
        // The peer withholds what it does not know to be agreed again, and is not asked for it twice: first it is told all for which this
        // mirror was made. What we do meanwhile makes another, for the next round.
        let made = self.mirror.as_ref().map(Kept::mirror);
        self.tell(link).await?;
        match made.filter(|mirror| self.pulls(mirror)) {
            Some(mirror) if !self.full => {
                self.pull(link, &mirror).await?;
                self.relay().await?;
                self.inquire(link).await?;
                self.show(PeerState::Following);
            }
            _ => {
                self.compare_only(link).await?;
                self.show(if self.full { PeerState::Stopped } else { PeerState::Idle });
            }
        }
        Ok(())
    }

    /// Looks at our own register: which arrangements there are now, and whether that changes what we follow.
    async fn refresh(&mut self) -> Result<(), Setback> {
        let (own, peer) = (self.registry.config.registry.id.clone(), self.peer.registry.clone());
        let pair = Pair { from: &peer, to: &own };
        let (record, arrangements) = {
            let register = self.registry.read_model.register();
            (register.peer(&peer), between(&*register, pair))
        };
        self.peer = record.unwrap_or_else(|| Arc::clone(&self.peer));
        let now = self.registry.now();
        self.wanted = scope(&arrangements, pair, now);
        if arrangements != self.arrangements {
            self.cause = changed(&self.arrangements, &arrangements).unwrap_or(Cause::Range);
            // What is read at the start is no news.
            self.ours |= !self.arrangements.is_empty() && acted(&self.arrangements, &arrangements, &own);
            self.arrangements = arrangements;
            self.everything_is_pending();
            // What anybody did may have made room for what the peer had none for.
            self.telling.soon();
        }
        let basis = Basis::of(&self.peer, &self.arrangements, pair, now, self.registry.config.limits.restricted_bytes);
        if !basis.is_empty() && self.mirror.as_ref().is_none_or(|kept| *kept.basis() != basis) {
            self.open_mirror(basis).await?;
        }
        self.pending_by_time();
        self.pending_by_quota();
        self.meet();
        Ok(())
    }

    async fn open_mirror(&mut self, basis: Basis) -> Result<(), Setback> {
        let kept = self.replayed(basis).await?;
        self.full = false;
        self.floor = self.mark.size();
        self.status.mirrored = read(&kept.mirror()).followed().size();
        self.peers.publish(&self.peer.registry, kept.mirror());
        self.mirror = Some(kept);
        self.everything_is_pending();
        Ok(())
    }

    /// Without an arrangement there is no feed; forks and rollbacks are looked for all the same.
    async fn compare_only(&mut self, link: &Link) -> Result<(), Setback> {
        let sizes = self.mark.to_compare();
        let known = sizes.iter().copied().max().unwrap_or_default();
        for held in sizes {
            let answer: CheckpointAnswer = self.ask(link, Service::Checkpoint, &CheckpointRequest { held }).await?;
            self.know_keys(link, &answer.checkpoint).await?;
            let newest = self.mark.compare(held, known, &answer)?;
            self.status.announced = self.status.announced.max(newest);
        }
        Ok(())
    }

    async fn pull(&mut self, link: &Link, mirror: &Arc<RwLock<Mirror>>) -> Result<(), Setback> {
        let question = CheckpointRequest { held: read(mirror).followed().size() };
        let answer: CheckpointAnswer = self.ask(link, Service::Checkpoint, &question).await?;
        self.know_keys(link, &answer.checkpoint).await?;
        let known = self.mark.size().max(self.peer.followed);
        let standing = read(mirror).followed().compare(&answer, known)?;
        self.mark.join(read(mirror).followed())?;
        let Standing::Grown(target) = standing else { return Ok(()) };
        self.status.announced = self.status.announced.max(target);
        while self.pulls(mirror) && read(mirror).followed().size() < target {
            self.show_if_behind(target.saturating_sub(read(mirror).followed().size()));
            let from = read(mirror).followed().size();
            let question = RangeRequest { from, entries: self.entries_at_once() };
            let range: Range = self.ask(link, Service::Range, &question).await?;
            self.know_keys(link, &range.checkpoint).await?;
            let confided = self.gather(link, &range, from).await?;
            if !self.pulls(mirror) {
                return Ok(());
            }
            let taken = self.take(mirror, range, confided).await?;
            self.took(mirror, taken)?;
            // The peer may have granted and suspended a thousand verdicts meanwhile: buyers hear of each range as it comes.
            self.recognise().await?;
            self.settle_apart().await?;
        }
        Ok(())
    }

    /// Whether this is still the mirror that is pulled: what was settled meanwhile may want another, or none.
    fn pulls(&self, mirror: &Arc<RwLock<Mirror>>) -> bool {
        !self.wanted.is_empty() && self.mirror.as_ref().is_some_and(|kept| Arc::ptr_eq(&kept.mirror(), mirror))
    }

    /// Asks the peer and settles meanwhile what needs no peer: one that drips its log entry by entry, or never answers,
    /// must not keep our own steps from counting.
    async fn ask<Q: Message, A>(&mut self, link: &Link, service: Service, question: &Q) -> Result<A, Setback>
    where
        Answer<A>: Message,
    {
        let peer = self.peer.registry.clone();
        self.settle_until(ask(link, &peer, service, question)).await?
    }

    fn took(&mut self, mirror: &Arc<RwLock<Mirror>>, mut taken: Taken) -> Result<(), Setback> {
        self.confided_taken(&mut taken);
        for fault in &taken.faults {
            self.note_fault(fault.code, &format!("statement at {}: {}", fault.index, fault.text));
        }
        self.doubt(taken.changed.iter().cloned());
        self.assess_again(taken.changed);
        let mirror = read(mirror);
        self.status.mirrored = mirror.followed().size();
        self.registry.metrics.mirrored(&self.peer.registry, self.status.mirrored);
        self.mark.advance(mirror.followed())?;
        Ok(())
    }
}

/// Another peer showed us that this one's log is forked.
fn accused() -> Setback {
    anyhow::anyhow!("evidence of a fork was received").into()
}

fn stopping() -> Setback {
    BusError::Disconnected("the node stops".to_owned()).into()
}

fn read(mirror: &RwLock<Mirror>) -> std::sync::RwLockReadGuard<'_, Mirror> {
    mirror.read().unwrap_or_else(PoisonError::into_inner)
}

/// Whether `who` acted in an arrangement since.
fn acted(before: &[Arc<ArrangementRecord>], after: &[Arc<ArrangementRecord>], who: &RegistryId) -> bool {
    let acts = |all: &[Arc<ArrangementRecord>]| all.iter().map(|record| record.acts_of(who).count()).sum::<usize>();
    acts(after) > acts(before)
}

/// The arrangement that is new or different and in which somebody acted last, as a cause.
fn changed(before: &[Arc<ArrangementRecord>], after: &[Arc<ArrangementRecord>]) -> Option<Cause> {
    let different = after.iter().filter(|record| !before.contains(record));
    let different = different.max_by_key(|record| record.acts.last().map(|act| act.moment))?;
    let digest = different.terms.last()?.digest;
    Some(Cause::Arrangement { id: different.id.clone(), digest })
}
