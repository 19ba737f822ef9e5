//! Pursuing one peer: dial its nats-server, tell it what we did, follow its log, and recognise.
//!
//! ```text
//! hint, second, or own commit ▶ arrangements changed? ▶ notices out ▶ (in force) pull until even ▶ assess ▶ state
//! ```
//!
//! Every round begins from what is durable (our log, the mirror, the mark in the vault), so a crash between any two steps
//! repeats work and doubles nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context;
use certs::{Client, ClientFiles, Trust};
use conformity::arrangement::ArrangementRecord;
use conformity::genesis::PeerRecord;
use conformity::ids::{RegistryId, VerdictId};
use conformity::in_force::Pair;
use conformity::recognised::Cause;
use conformity::records::Facts;
use federation::access::Inbox;
use federation::bus::{Bound, Bus, BusError, Delivery, Dial, Link, Subscription};
use federation::follow::{PeerFault, Scope, Standing};
use federation::messages::{
    Answer, CheckpointAnswer, CheckpointRequest, Done, MAX_ENTRIES, Message, Range, RangeRequest, Refused,
};
use federation::mirror::{Mirror, Taken};
use federation::subjects::{Pattern, Service, Subject};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::admission::Admission;
use super::mark::Mark;
use super::notices;
use super::peers::Peers;
use super::recognise::{MAX_ROWS, Reached, assess, state};
use super::scope::{between, scope};
use crate::core::peer_board::{self, PeerState, PeerStatus};
use crate::core::registry::Registry;

/// A quiet peer is asked this often whether it has grown: a lost hint costs no more.
const TICK: Duration = Duration::from_secs(1);
/// How long an answer may take, and how large it may be.
const BOUND: Bound = Bound { wait: Duration::from_secs(10), bytes: federation::access::MAX_PAYLOAD as usize };
/// Waits after faults and unreachable peers: shortest and longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// Following one peer.
pub(super) struct Pursuit {
    registry: Arc<Registry>,
    peers: Arc<Peers>,
    peer: Arc<PeerRecord>,
    mark: Mark,
    arrangements: Vec<Arc<ArrangementRecord>>,
    mirror: Option<Arc<RwLock<Mirror>>>,
    pending: BTreeSet<VerdictId>,
    due: BTreeMap<Timestamp, BTreeSet<VerdictId>>,
    cause: Cause,
    told: u64,
    status: PeerStatus,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum Setback {
    /// The peer is to blame.
    #[error(transparent)]
    Fault(#[from] PeerFault),
    /// The peer refused.
    #[error("the peer refused: {0}")]
    Refused(#[from] Refused),
    /// The connection.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// We are to blame.
    #[error("{0:#}")]
    Own(#[from] anyhow::Error),
}

impl Pursuit {
    /// A pursuit of `peer` that has not begun.
    pub(super) fn new(registry: Arc<Registry>, peers: Arc<Peers>, peer: Arc<PeerRecord>) -> Pursuit {
        let now = registry.now();
        Pursuit {
            mark: Mark::new(Arc::clone(&registry.vault), &peer),
            status: PeerStatus { state: PeerState::Idle, since: now, mirrored: 0, announced: 0, last_fault: None },
            arrangements: Vec::new(),
            mirror: None,
            pending: BTreeSet::new(),
            due: BTreeMap::new(),
            cause: Cause::Range,
            told: 0,
            registry,
            peers,
            peer,
        }
    }

    /// Pursues until `stop`, or until a fault that only an operator can settle.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut wait = BACKOFF.0;
        while !stop.is_cancelled() {
            if self.mark.evidence().is_some() {
                self.show(PeerState::Stopped);
                return;
            }
            match stop.run_until_cancelled(self.keep_up(&mut wait)).await {
                None => break,
                Some(setback) => self.suffer(&setback),
            }
            let _ = stop.run_until_cancelled(tokio::time::sleep(wait)).await;
            wait = (wait * 2).min(BACKOFF.1);
        }
        self.mark.save();
    }

    /// Rounds without end; returns what ended them.
    async fn keep_up(&mut self, wait: &mut Duration) -> Setback {
        let link = match self.dial().await {
            Ok(link) => link,
            Err(setback) => return setback,
        };
        let heads = Pattern::exactly(&Subject::head_of(&self.peer.registry));
        let mut hints = match link.subscribe(&heads).await {
            Ok(hints) => hints,
            Err(error) => return error.into(),
        };
        let mut own = self.registry.size.clone();
        loop {
            if let Err(setback) = self.round(&link).await {
                return setback;
            }
            *wait = BACKOFF.0;
            tokio::select! {
                hint = hints.next() => match hint {
                    Some(delivery) => self.hear(&delivery),
                    None => return BusError::Disconnected("the subscription ended".to_owned()).into(),
                },
                changed = own.changed() => if changed.is_err() { return BusError::Disconnected("the node stops".to_owned()).into() },
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    async fn dial(&self) -> Result<Link, Setback> {
        let folder = self.registry.folder.peer(&self.peer.registry);
        let admission = Admission::read(&folder)?;
        let trust = Trust::from_der(&self.peer.genesis.ca_roots.iter().map(|root| root.as_bytes()).collect::<Vec<_>>());
        let files = ClientFiles { certificate: admission.certificate, key: admission.key };
        let tls = trust.and_then(|trust| Client::with_certificate(&trust, files)).map_err(anyhow::Error::from)?;
        let name = self.registry.config.registry.id.to_string();
        let inbox = Inbox::peer(&self.registry.config.registry.id);
        let link = Link::dial(Dial { address: format!("tls://{}", admission.nats), tls, name, inbox }).await?;
        link.connected(BOUND.wait).await?;
        Ok(link)
    }

    fn hear(&mut self, delivery: &Delivery) {
        if let Delivery::Message(message) = delivery
            && let Ok(head) = federation::messages::Head::decode(&message.payload)
        {
            self.status.announced = self.status.announced.max(head.size);
        }
    }

    async fn round(&mut self, link: &Link) -> Result<(), Setback> {
        self.refresh()?;
        self.tell(link).await?;
        let Some(mirror) = self.mirror.clone() else {
            self.compare_only(link).await?;
            self.show(PeerState::Idle);
            return Ok(());
        };
        if !read(&mirror).scope().is_empty() {
            self.pull(link, &mirror).await?;
        }
        self.recognise(&mirror).await?;
        self.show(PeerState::Following);
        Ok(())
    }

    /// Looks at our own register: which arrangements there are now, and whether that changes what we follow.
    fn refresh(&mut self) -> Result<(), Setback> {
        let (own, peer) = (self.registry.config.registry.id.clone(), self.peer.registry.clone());
        let pair = Pair { from: &peer, to: &own };
        let (record, arrangements) = {
            let register = self.registry.read_model.register();
            (register.peer(&peer), between(&*register, pair))
        };
        self.peer = record.unwrap_or_else(|| Arc::clone(&self.peer));
        let wanted = scope(&arrangements, pair, self.registry.now());
        let first = self.mirror.is_none();
        if arrangements != self.arrangements {
            self.cause = changed(&self.arrangements, &arrangements).unwrap_or(Cause::Range);
            self.arrangements = arrangements;
            self.everything_is_pending();
        }
        let widened = self.mirror.as_ref().is_none_or(|mirror| !wanted.is_subset(read(mirror).scope()));
        if (first && !self.arrangements.is_empty()) || (!first && widened) {
            self.open_mirror(wanted)?;
        }
        self.pending_by_time();
        Ok(())
    }

    /// Opens the mirror for `scope`. One that was made for less is pulled again: what was left out then is wanted now.
    fn open_mirror(&mut self, scope: Scope) -> Result<(), Setback> {
        let folder = self.registry.folder.peer(&self.peer.registry);
        let path = folder.join(mirror_name(&scope));
        std::fs::create_dir_all(&folder).context("the peer's folder")?;
        let mirror =
            Mirror::open(&path, &self.peer.genesis, &self.peer.genesis_digest, scope).map_err(anyhow::Error::from)?;
        remove_other_mirrors(&folder, &path);
        let mirror = Arc::new(RwLock::new(mirror));
        self.peers.publish(&self.peer.registry, Arc::clone(&mirror));
        self.mirror = Some(mirror);
        self.everything_is_pending();
        Ok(())
    }

    fn everything_is_pending(&mut self) {
        let Some(mirror) = &self.mirror else { return };
        self.pending.extend(read(mirror).followed().register().verdicts_after(None).map(|record| record.id().clone()));
    }

    fn pending_by_time(&mut self) {
        let later = self.due.split_off(&self.registry.now());
        let due = std::mem::replace(&mut self.due, later);
        self.pending.extend(due.into_values().flatten());
    }

    /// Tells the peer what we did in arrangements with it, once each.
    async fn tell(&mut self, link: &Link) -> Result<(), Setback> {
        let size = *self.registry.size.borrow();
        if self.told >= size {
            return Ok(());
        }
        for (index, notice) in notices::pending(&self.registry, &self.peer.registry, self.told, size)? {
            match ask::<_, Done>(link, &self.peer.registry, Service::Notice, &notice).await {
                Ok(_) => {}
                Err(Setback::Refused(refusal)) => {
                    // Its own rules refuse it; telling again would change nothing. The operators have to talk.
                    tracing::warn!(peer = %self.peer.registry, index, %refusal, "a peer did not take note of our act");
                    self.note_fault("notice-refused", &refusal.to_string());
                }
                Err(setback) => return Err(setback),
            }
            self.told = index + 1;
        }
        self.told = size;
        Ok(())
    }

    /// Without an arrangement there is no feed; forks and rollbacks are looked for all the same.
    async fn compare_only(&mut self, link: &Link) -> Result<(), Setback> {
        let answer: CheckpointAnswer =
            ask(link, &self.peer.registry, Service::Checkpoint, &CheckpointRequest { held: self.mark.size() }).await?;
        let newest = self.mark.compare(&answer)?;
        self.status.announced = self.status.announced.max(newest);
        Ok(())
    }

    async fn pull(&mut self, link: &Link, mirror: &Arc<RwLock<Mirror>>) -> Result<(), Setback> {
        let held = read(mirror).followed().size();
        let answer: CheckpointAnswer =
            ask(link, &self.peer.registry, Service::Checkpoint, &CheckpointRequest { held }).await?;
        let known = self.mark.size().max(self.peer.followed);
        let standing = read(mirror).followed().compare(&answer, known)?;
        let Standing::Grown(target) = standing else { return Ok(()) };
        self.status.announced = self.status.announced.max(target);
        while read(mirror).followed().size() < target {
            self.show_if_behind(target.saturating_sub(read(mirror).followed().size()));
            let from = read(mirror).followed().size();
            let question = RangeRequest { from, entries: MAX_ENTRIES as u32 };
            let range: Range = ask(link, &self.peer.registry, Service::Range, &question).await?;
            let taken = take(mirror, range).await?;
            self.took(mirror, taken)?;
            // The peer may have granted and suspended a thousand verdicts meanwhile: buyers hear of each range as it comes.
            self.recognise(mirror).await?;
        }
        Ok(())
    }

    fn took(&mut self, mirror: &Arc<RwLock<Mirror>>, taken: Taken) -> Result<(), Setback> {
        for fault in &taken.faults {
            tracing::warn!(peer = %self.peer.registry, index = fault.index, code = fault.code, text = %fault.text, "a peer's statement was left out");
            self.note_fault(fault.code, &format!("statement at {}: {}", fault.index, fault.text));
        }
        self.pending.extend(taken.changed);
        let mirror = read(mirror);
        self.status.mirrored = mirror.followed().size();
        self.registry.metrics.mirrored(&self.peer.registry, self.status.mirrored);
        self.mark.advance(mirror.followed())?;
        Ok(())
    }

    /// States what changed, once the mirror is as far as it was when we stated something last.
    ///
    /// Piece by piece: a changed arrangement can concern a hundred thousand verdicts, and others want their turn.
    async fn recognise(&mut self, mirror: &Arc<RwLock<Mirror>>) -> Result<(), Setback> {
        while !self.pending.is_empty() && read(mirror).followed().size() >= self.peer.followed {
            let piece: BTreeSet<VerdictId> = self.pending.iter().take(MAX_ROWS).cloned().collect();
            self.recognise_piece(mirror, &piece).await?;
            self.pending.retain(|id| !piece.contains(id));
        }
        if self.pending.is_empty() {
            self.cause = Cause::Range;
        }
        Ok(())
    }

    async fn recognise_piece(
        &mut self,
        mirror: &Arc<RwLock<Mirror>>,
        piece: &BTreeSet<VerdictId>,
    ) -> Result<(), Setback> {
        let (assessment, reached) = {
            let mirror = read(mirror);
            let followed = mirror.followed();
            let assessment = assess(&self.registry, followed, &self.peer, &self.arrangements, piece);
            (assessment, Reached { size: followed.size(), checkpoint: followed.checkpoint().cloned() })
        };
        for (due, verdicts) in assessment.due {
            self.due.entry(due).or_default().extend(verdicts);
        }
        state(&self.registry, &self.peer, &reached, &assessment.rows, &self.cause)
            .await
            .map_err(anyhow::Error::from)?;
        let record = self.registry.read_model.register().peer(&self.peer.registry);
        self.peer = record.unwrap_or_else(|| Arc::clone(&self.peer));
        Ok(())
    }

    fn suffer(&mut self, setback: &Setback) {
        let (code, state) = match setback {
            Setback::Fault(fault) => {
                (fault.code(), if fault.stops() { PeerState::Stopped } else { PeerState::Unreachable })
            }
            Setback::Refused(_) => ("refused", PeerState::Unreachable),
            Setback::Bus(_) => ("unreachable", PeerState::Unreachable),
            Setback::Own(_) => ("own-fault", PeerState::Unreachable),
        };
        if let Setback::Fault(PeerFault::Fork(contradiction)) = setback {
            tracing::error!(peer = %self.peer.registry, "the peer's log is forked; following stops, the evidence is kept");
            self.mark.keep_evidence(contradiction);
        }
        tracing::debug!(peer = %self.peer.registry, code, %setback, "following a peer was interrupted");
        self.note_fault(code, &setback.to_string());
        self.show(state);
    }

    fn note_fault(&mut self, code: &str, detail: &str) {
        self.registry.metrics.peer_fault(&self.peer.registry, code);
        let at = self.registry.now();
        self.status.last_fault = Some(peer_board::PeerFault { code: code.to_owned(), detail: detail.to_owned(), at });
    }

    fn show_if_behind(&mut self, behind: u64) {
        if behind > MAX_ENTRIES as u64 {
            self.show(PeerState::CatchingUp);
        }
    }

    fn show(&mut self, state: PeerState) {
        if self.status.state != state {
            self.status.state = state;
            self.status.since = self.registry.now();
        }
        self.registry.peers.publish(&self.peer.registry, self.status.clone());
    }
}

/// Asks the peer and reads its answer.
async fn ask<Q: Message, A>(link: &Link, peer: &RegistryId, service: Service, question: &Q) -> Result<A, Setback>
where
    Answer<A>: Message,
{
    let bytes = link.request(&Subject::ask(peer, service), question.encode(), BOUND).await?;
    match Answer::<A>::decode(&bytes).map_err(PeerFault::from)? {
        Answer::Ok(answer) => Ok(answer),
        Answer::Refused(refusal) => Err(refusal.into()),
    }
}

/// Checking a range costs a signature per statement: not on a thread that others wait for.
async fn take(mirror: &Arc<RwLock<Mirror>>, range: Range) -> Result<Taken, Setback> {
    let mirror = Arc::clone(mirror);
    let taken =
        tokio::task::spawn_blocking(move || mirror.write().unwrap_or_else(PoisonError::into_inner).take(&range));
    Ok(taken.await.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)??)
}

fn read(mirror: &Arc<RwLock<Mirror>>) -> std::sync::RwLockReadGuard<'_, Mirror> {
    mirror.read().unwrap_or_else(PoisonError::into_inner)
}

/// The first arrangement that is new or different, as a cause.
fn changed(before: &[Arc<ArrangementRecord>], after: &[Arc<ArrangementRecord>]) -> Option<Cause> {
    let different = after.iter().find(|record| !before.contains(record))?;
    let digest = different.terms.last()?.digest;
    Some(Cause::Arrangement { id: different.id.clone(), digest })
}

/// One file per scope.
fn mirror_name(scope: &Scope) -> String {
    let names: Vec<String> = scope.iter().map(ToString::to_string).collect();
    let digest = conformity::digest::Digest::of(names.join("\n").as_bytes()).to_string();
    format!("mirror-{}.ranges", digest.get(..16).unwrap_or(&digest))
}

/// Mirrors for another scope are copies that nobody needs any more; one that stays only takes room.
fn remove_other_mirrors(folder: &std::path::Path, kept: &std::path::Path) {
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for file in files.flatten().map(|entry| entry.path()) {
        let is_mirror = file.extension().is_some_and(|extension| extension == "ranges");
        if is_mirror && file != kept {
            let _ = std::fs::remove_file(file);
        }
    }
}
