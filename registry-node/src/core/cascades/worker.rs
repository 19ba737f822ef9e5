//! Looking at what waits and stating what changed: in the background, a piece at a time, behind those who submit.
//!
//! The register is read in short looks, a statement is one commit of some milliseconds, and the worker waits where the queue is full, and until
//! those who listen were told of the last.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use conformity::ids::{PartyId, SchemeRef, VerdictId};
use conformity::lapsed::{BasisChange, BasisChanged, CascadeRecord, Extent};
use conformity::records::{Facts, Register};
use conformity::resting;
use conformity::statement::Claim;
use conformity::verdict::VerdictRecord;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Target;
use super::pieces::{Heading, Piece, Pieces};
use crate::core::derive::{DeriveError, statement_id};
use crate::core::registry::Registry;
use crate::core::sequencer::SequenceError;

/// Verdicts looked at under one lock: about a millisecond.
const CHUNK: usize = 512;
/// How often the clock is looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long the worker waits where the queue is full.
const BUSY: Duration = Duration::from_millis(50);
/// How often a piece is made up again because a verdict changed meanwhile.
const MAX_TRIES: usize = 5;

/// States what lapses and what holds again until `shutdown`; at the start, what changed before it.
pub async fn run(registry: &Registry, shutdown: CancellationToken) {
    let mut worker = Worker::begun(registry);
    loop {
        let settled = shutdown.run_until_cancelled(worker.settle()).await;
        if let Some(Err(error)) = &settled {
            tracing::error!(%error, "what verdicts rest on could not be stated; tried again shortly");
        }
        let again = async {
            tokio::select! {
                () = registry.cascades.woken.notified(), if matches!(settled, Some(Ok(()))) => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
        };
        if settled.is_none() || shutdown.run_until_cancelled(again).await.is_none() {
            return;
        }
    }
}

/// Looks and states.
pub struct Worker<'a> {
    registry: &'a Registry,
    /// Up to when time was looked at.
    seen: Timestamp,
    /// When windows close, and of whose verdicts.
    windows: BTreeMap<Timestamp, BTreeSet<(SchemeRef, PartyId)>>,
    /// The size of the log by which the verdicts of the target were counted.
    as_of: u64,
    /// Of what a batch that is not begun yet will tell.
    extents: BTreeMap<(BasisChange, SchemeRef), Extent>,
}

/// What a look at some verdicts found.
struct Look {
    found: Vec<(Heading, VerdictId)>,
    last: VerdictId,
}

/// What came of a statement.
enum Stated {
    Taken,
    /// The queue is full.
    Busy,
    /// Something changed between the look and the commit.
    Refused(DeriveError),
}

impl<'a> Worker<'a> {
    /// A worker that has everything looked at once.
    pub fn begun(registry: &'a Registry) -> Worker<'a> {
        registry.cascades.doubt_all();
        Worker { registry, seen: registry.now(), windows: BTreeMap::new(), as_of: 0, extents: BTreeMap::new() }
    }

    /// States everything that is to be stated by now.
    ///
    /// # Errors
    /// [`DeriveError`]: the rest waits for the next time.
    pub async fn settle(&mut self) -> Result<(), DeriveError> {
        self.notice_time();
        while let Some(target) = self.next() {
            if let Err(error) = self.work(&target).await {
                self.registry.cascades.put_back(target);
                return Err(error);
            }
        }
        self.close(None).await
    }

    fn next(&self) -> Option<Target> {
        self.registry.cascades.next(&self.registry.read_model.register())
    }

    /// Notes whose accreditations begin or end, and whose windows close, by now. A clock that was set back brings nothing about.
    fn notice_time(&mut self) {
        let (cascades, now) = (&self.registry.cascades, self.registry.now());
        let register = self.registry.read_model.register();
        for record in register.all_accreditations() {
            if resting::next_change(record, self.seen).is_some_and(|instant| instant <= now) {
                cascades.doubt_all_of(&record.accreditation.scheme, &record.accreditation.body, &register);
            }
        }
        drop(register);
        while let Some(closing) = self.windows.first_entry().filter(|first| *first.key() <= now) {
            for (scheme, body) in closing.remove() {
                cascades.doubt(&scheme, &body);
            }
        }
        self.seen = self.seen.max(now);
    }

    async fn work(&mut self, target: &Target) -> Result<(), DeriveError> {
        self.count(target).await;
        let (mut pieces, mut cursor) = (Pieces::default(), None);
        while let Some(look) = self.look(target, cursor.as_ref()) {
            for (heading, id) in look.found {
                if let Some(piece) = pieces.add(heading, id) {
                    self.state(&piece).await?;
                }
            }
            cursor = Some(look.last);
            tokio::task::yield_now().await;
        }
        while let Some(piece) = pieces.pop() {
            self.state(&piece).await?;
        }
        // Of a verdict that changed since it was counted nothing is stated, and nothing is left.
        self.expect(BTreeMap::new());
        match target {
            Target::Scheme(scheme, _) => self.close(Some(scheme)).await,
            // Single verdicts are looked at when no scheme waits.
            Target::Verdicts(_) => self.close(None).await,
        }
    }

    /// Counts first, so that progress has an end that can be seen, and a batch says at its beginning of what it tells.
    async fn count(&mut self, target: &Target) {
        self.as_of = *self.registry.size.borrow();
        self.extents.clear();
        let (mut left, mut cursor) = (BTreeMap::new(), None);
        while let Some(look) = self.look(target, cursor.as_ref()) {
            for (heading, id) in look.found.into_iter().filter(|(heading, _)| heading.is_public()) {
                let key = (heading.change, heading.scheme);
                let extent = self.extents.entry(key.clone()).or_insert_with(|| Extent::nothing(self.as_of));
                *extent = extent.with(&id);
                *left.entry(key).or_default() += 1;
            }
            cursor = Some(look.last);
            tokio::task::yield_now().await;
        }
        self.expect(left);
    }

    fn expect(&self, left: BTreeMap<(BasisChange, SchemeRef), u64>) {
        let left = self.registry.cascades.expect(left);
        self.registry.metrics.basis_left.set(i64::try_from(left).unwrap_or(i64::MAX));
    }

    /// Looks at the next verdicts; `None` behind the last. What changed since the batch was counted waits for the next.
    fn look(&mut self, target: &Target, cursor: Option<&VerdictId>) -> Option<Look> {
        let register = self.registry.read_model.register();
        let records = chunk(&register, target, cursor);
        let last = records.last()?.id().clone();
        let now = self.registry.now();
        let mut found = Vec::new();
        for record in records {
            let due = resting::due(&*register, &record, now);
            // What is told of a corrected crosswalk leaves a window as it is.
            let window = match &due {
                Some(change @ (BasisChange::Lapsed(_) | BasisChange::Holds(_))) => change.window(),
                Some(BasisChange::Recounted(_)) | None => record.now.lapsed.as_ref().and_then(|lapsed| lapsed.window()),
            };
            if let Some(until) = window.filter(|until| *until > now) {
                let concerned = (record.terms.scheme.clone(), record.now.issuer.clone());
                self.windows.entry(until).or_default().insert(concerned);
            }
            let Some(heading) = due.map(|change| Heading::new(change, &record)) else { continue };
            if heading.is_public() && record.changed_since(self.as_of(&register, &heading)) {
                self.registry.cascades.doubt_verdict(record.id());
            } else {
                found.push((heading, record.id().clone()));
            }
        }
        Some(Look { found, last })
    }

    /// By which size of the log the verdicts of the batch are found that is open, or will be.
    fn as_of(&self, register: &Register, heading: &Heading) -> u64 {
        let cascade = register.cascade(&heading.change, &heading.scheme);
        cascade.as_deref().and_then(CascadeRecord::open).map_or(self.as_of, |batch| batch.extent.as_of)
    }

    async fn state(&mut self, piece: &Piece) -> Result<(), DeriveError> {
        let mut tries = 0;
        while let Some((claim, all)) = self.claim(piece) {
            let (verdicts, begins) = (claim.verdicts.len() as u64, claim.begins.is_some());
            match self.submit(claim).await? {
                Stated::Taken => {
                    self.reached(&piece.heading, verdicts);
                    if begins {
                        self.extents.remove(&(piece.heading.change, piece.heading.scheme.clone()));
                    }
                    self.registry.cascades.listeners.hear(self.registry.log.head().size).await;
                    if all {
                        return Ok(());
                    }
                }
                Stated::Busy => tokio::time::sleep(BUSY).await,
                // A verdict changed between the look and the commit: those of which it is still so are stated.
                Stated::Refused(_) if tries < MAX_TRIES => tries += 1,
                Stated::Refused(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn submit(&self, claim: BasisChanged) -> Result<Stated, DeriveError> {
        let id = statement_id("basis")?;
        match self.registry.deriver.state(id, Claim::BasisChanged(claim), Vec::new()).await {
            Ok(_) => Ok(Stated::Taken),
            Err(DeriveError::Sequence(SequenceError::Busy)) => Ok(Stated::Busy),
            Err(error @ DeriveError::Sequence(SequenceError::Refused(_))) => Ok(Stated::Refused(error)),
            Err(error) => Err(error),
        }
    }

    /// Closes the batches, under one scheme or any, of which nothing is left to be told: what they did not tell of changed meanwhile.
    async fn close(&self, scheme: Option<&SchemeRef>) -> Result<(), DeriveError> {
        let mut tries = 0;
        while let Some(claim) = self.closing(scheme) {
            match self.submit(claim).await? {
                Stated::Taken => {}
                Stated::Busy => tokio::time::sleep(BUSY).await,
                Stated::Refused(_) if tries < MAX_TRIES => tries += 1,
                Stated::Refused(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn closing(&self, scheme: Option<&SchemeRef>) -> Option<BasisChanged> {
        let register = self.registry.read_model.register();
        let open = |record: &&Arc<CascadeRecord>| {
            record.open().is_some() && scheme.is_none_or(|scheme| record.scheme == *scheme)
        };
        let record = register.cascades().find(open)?;
        Some(BasisChanged {
            change: Arc::clone(&record.change),
            scheme: record.scheme.clone(),
            verdicts: Vec::new(),
            before: Some(record.done),
            total: Some(record.done),
            begins: None,
        })
    }

    fn reached(&self, heading: &Heading, verdicts: u64) {
        if heading.is_public() {
            self.registry.cascades.reached(&heading.change, &heading.scheme, verdicts);
            self.registry.metrics.basis_changes.inc_by(verdicts);
            self.registry.metrics.basis_left.dec_by(i64::try_from(verdicts).unwrap_or(i64::MAX));
        }
    }

    /// What is stated of those verdicts of which it is still so, and whether it is all of them; nothing where there is none.
    fn claim(&self, piece: &Piece) -> Option<(BasisChanged, bool)> {
        let (register, heading) = (self.registry.read_model.register(), &piece.heading);
        let verdicts = self.still_due(&register, piece);
        if verdicts.is_empty() {
            return None;
        }
        let (change, scheme) = (Arc::new(heading.change), heading.scheme.clone());
        if !heading.is_public() {
            let (before, total, begins) = (None, None, None);
            return Some((BasisChanged { change, scheme, verdicts, before, total, begins }, true));
        }
        let cascade = register.cascade(&change, &scheme);
        let open = cascade.as_deref().and_then(CascadeRecord::open);
        let extent = open.map_or_else(|| self.extent(heading, &verdicts), |batch| batch.extent);
        let told = open.map_or(0, |batch| batch.told.verdicts);
        let before = cascade.as_deref().map_or(0, |record| record.done);
        let room = usize::try_from(extent.verdicts.saturating_sub(told)).unwrap_or(usize::MAX);
        let (all, mut verdicts) = (verdicts.len() <= room, verdicts);
        verdicts.truncate(room);
        let named = verdicts.len() as u64;
        let total = (told + named == extent.verdicts).then_some(before + named);
        let begins = open.is_none().then_some(extent);
        Some((BasisChanged { change, scheme, verdicts, before: Some(before), total, begins }, all))
    }

    /// What a batch will tell of: as counted. What came to it since makes one of its own.
    fn extent(&self, heading: &Heading, verdicts: &[VerdictId]) -> Extent {
        let counted = self.extents.get(&(heading.change, heading.scheme.clone())).copied();
        counted.unwrap_or_else(|| verdicts.iter().fold(Extent::nothing(self.as_of), Extent::with))
    }

    fn still_due(&self, register: &Register, piece: &Piece) -> Vec<VerdictId> {
        let (now, heading) = (self.registry.now(), &piece.heading);
        let as_of = self.as_of(register, heading);
        let due = |id: &&VerdictId| {
            let Some(record) = register.verdict(id) else { return false };
            let late = heading.is_public() && record.changed_since(as_of);
            !late && resting::due(register, &record, now) == Some(heading.change)
        };
        piece.verdicts.iter().filter(due).cloned().collect()
    }
}

/// The next verdicts of a target, in the order of their names.
fn chunk(register: &Register, target: &Target, cursor: Option<&VerdictId>) -> Vec<Arc<VerdictRecord>> {
    match target {
        Target::Scheme(scheme, bodies) => {
            register.verdicts_issued(scheme, bodies, cursor).take(CHUNK).cloned().collect()
        }
        Target::Verdicts(ids) => {
            let start = cursor.map_or(Bound::Unbounded, Bound::Excluded);
            let ids = ids.range((start, Bound::Unbounded)).filter_map(|id| register.verdict(id));
            ids.take(CHUNK).collect()
        }
    }
}
