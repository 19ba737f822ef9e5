//! Looking at what waits and stating what changed: in the background, a piece at a time, behind those who submit.
//!
//! The register is read in short looks, a statement is one commit of some milliseconds, and where the queue is full the worker waits.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use conformity::ids::{PartyId, SchemeRef, VerdictId};
use conformity::lapsed::{BasisChange, BasisChanged};
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
}

/// Where the verdicts of a target are found.
#[derive(Clone, Copy)]
enum Source<'t> {
    Body(&'t SchemeRef, &'t PartyId),
    Verdicts(&'t BTreeSet<VerdictId>),
}

impl<'t> Source<'t> {
    fn of(target: &'t Target) -> Vec<Source<'t>> {
        match target {
            Target::Scheme(scheme, bodies) => bodies.iter().map(|body| Source::Body(scheme, body)).collect(),
            Target::Verdicts(ids) => vec![Source::Verdicts(ids)],
        }
    }
}

/// What a look at some verdicts found.
struct Look {
    found: Vec<(Heading, VerdictId)>,
    last: VerdictId,
}

impl<'a> Worker<'a> {
    /// A worker that has everything looked at once.
    pub fn begun(registry: &'a Registry) -> Worker<'a> {
        registry.cascades.doubt_all();
        Worker { registry, seen: registry.now(), windows: BTreeMap::new() }
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
        Ok(())
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
        let mut pieces = Pieces::default();
        for source in Source::of(target) {
            let mut cursor = None;
            while let Some(look) = self.look(source, cursor.as_ref()) {
                for (heading, id) in look.found {
                    if let Some(piece) = pieces.add(heading, id) {
                        self.state(&piece).await?;
                    }
                }
                cursor = Some(look.last);
                tokio::task::yield_now().await;
            }
        }
        while let Some(piece) = pieces.pop() {
            self.state(&piece).await?;
        }
        // Of a verdict that changed since it was counted nothing is stated, and nothing is left.
        self.expect(BTreeMap::new());
        Ok(())
    }

    /// Counts first, so that progress has an end that can be seen.
    async fn count(&mut self, target: &Target) {
        let mut left = BTreeMap::new();
        for source in Source::of(target) {
            let mut cursor = None;
            while let Some(look) = self.look(source, cursor.as_ref()) {
                for (heading, _) in look.found.iter().filter(|(heading, _)| heading.is_public()) {
                    *left.entry((heading.change, heading.scheme.clone())).or_default() += 1;
                }
                cursor = Some(look.last);
                tokio::task::yield_now().await;
            }
        }
        self.expect(left);
    }

    fn expect(&self, left: BTreeMap<(BasisChange, SchemeRef), u64>) {
        let left = self.registry.cascades.expect(left);
        self.registry.metrics.basis_left.set(i64::try_from(left).unwrap_or(i64::MAX));
    }

    /// Looks at the next verdicts; `None` behind the last.
    fn look(&mut self, source: Source<'_>, cursor: Option<&VerdictId>) -> Option<Look> {
        let register = self.registry.read_model.register();
        let records: Vec<Arc<VerdictRecord>> = match source {
            Source::Body(scheme, body) => {
                register.verdicts_issued((scheme, body), cursor).take(CHUNK).cloned().collect()
            }
            Source::Verdicts(ids) => {
                let start = cursor.map_or(Bound::Unbounded, Bound::Excluded);
                let ids = ids.range((start, Bound::Unbounded)).filter_map(|id| register.verdict(id));
                ids.take(CHUNK).collect()
            }
        };
        let last = records.last()?.id().clone();
        let now = self.registry.now();
        let mut found = Vec::new();
        for record in records {
            let due = resting::due(&*register, &record, now);
            let window = match &due {
                Some(BasisChange::Lapsed(lapsed)) => lapsed.window(),
                Some(BasisChange::Holds(_)) => None,
                None => record.now.lapsed.as_ref().and_then(|lapsed| lapsed.window()),
            };
            if let Some(until) = window.filter(|until| *until > now) {
                let concerned = (record.terms.scheme.clone(), record.now.issuer.clone());
                self.windows.entry(until).or_default().insert(concerned);
            }
            found.extend(due.map(|change| (Heading::new(change, &record), record.id().clone())));
        }
        Some(Look { found, last })
    }

    async fn state(&self, piece: &Piece) -> Result<(), DeriveError> {
        let mut tries = 0;
        while let Some(claim) = self.claim(piece) {
            let verdicts = claim.verdicts.len() as u64;
            let id = statement_id("basis")?;
            match self.registry.deriver.state(id, Claim::BasisChanged(claim), Vec::new()).await {
                Ok(_) => {
                    self.reached(&piece.heading, verdicts);
                    return Ok(());
                }
                Err(DeriveError::Sequence(SequenceError::Busy)) => tokio::time::sleep(BUSY).await,
                // A verdict changed between the look and the commit: those of which it is still so are stated.
                Err(DeriveError::Sequence(SequenceError::Refused(_))) if tries < MAX_TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn reached(&self, heading: &Heading, verdicts: u64) {
        if heading.is_public() {
            self.registry.cascades.reached(&heading.change, &heading.scheme, verdicts);
            self.registry.metrics.basis_changes.inc_by(verdicts);
            self.registry.metrics.basis_left.dec_by(i64::try_from(verdicts).unwrap_or(i64::MAX));
        }
    }

    /// What is stated of those verdicts of which it is still so; nothing where there is none.
    fn claim(&self, piece: &Piece) -> Option<BasisChanged> {
        let (register, now) = (self.registry.read_model.register(), self.registry.now());
        let verdicts = still_due(&register, piece, now);
        let change = piece.heading.change;
        let before = register.cascade(&change, &piece.heading.scheme).map_or(0, |record| record.done);
        let before = piece.heading.is_public().then_some(before);
        let total = before.filter(|_| piece.last).map(|before| before + verdicts.len() as u64);
        let scheme = piece.heading.scheme.clone();
        (!verdicts.is_empty()).then(|| BasisChanged { change: Arc::new(change), scheme, verdicts, before, total })
    }
}

fn still_due(register: &Register, piece: &Piece, now: Timestamp) -> Vec<VerdictId> {
    let due = |id: &&VerdictId| {
        let record = register.verdict(id);
        record.and_then(|record| resting::due(register, &record, now)) == Some(piece.heading.change)
    };
    piece.verdicts.iter().filter(due).cloned().collect()
}
