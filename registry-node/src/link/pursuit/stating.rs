//! What is made of a peer's verdicts: assessing what may have changed, and stating what did.
//!
//! Piece by piece: a changed arrangement can concern a hundred thousand verdicts, and others want their turn. What a
//! followed range changed is one statement all the same, unless its rows do not fit into one list, or the peer has no more room in our
//! log (`metering`).
//!
//! Open verdicts first, all of them; then restricted ones, one small piece after each look at our own log. So however many of these a
//! peer confided, none keeps an open one waiting, and nobody can tell their number from our log. What a crash leaves unassessed is
//! assessed again when the mirror is opened, and makes no row where the answer is in force already.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::{Arc, RwLock};

use anyhow::Context;
use conformity::ids::VerdictId;
use conformity::recognised::{Cause, Recognition, RecognitionOutcome, ResultList};
use conformity::records::Facts;
use federation::mirror::Mirror;

use super::metering::Urgency;
use super::{Kept, Pursuit, Setback, read};
use crate::link::recognise::{Assessment, Kind, Known, PIECE, Part, Reached, assess, state};

/// Restricted verdicts that are looked at before our own log is looked at again.
pub(super) const PIECE_APART: usize = 128;

impl Pursuit {
    /// States what changed, once the mirror is as far as it was when we stated something last; before that, what lapsed.
    pub(super) async fn recognise(&mut self) -> Result<(), Setback> {
        self.tell_progress();
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return Ok(()) };
        if self.all_shown(&mirror) {
            self.recognise_pending(&mirror).await?;
        }
        self.recognise_lapsing(&mirror).await?;
        if self.open.pending.is_empty() {
            (self.cause, self.ours) = (Cause::Range, false);
        }
        self.tell_progress();
        Ok(())
    }

    /// Notes how far what an act in an arrangement brings about is.
    fn tell_progress(&self) {
        let left = if self.cause == Cause::Range { 0 } else { self.open.pending.len() };
        self.registry.cascades.waits_abroad(&self.peer.registry, left);
    }

    pub(super) fn all_shown(&self, mirror: &RwLock<Mirror>) -> bool {
        read(mirror).followed().size() >= self.peer.followed.max(self.floor)
    }

    async fn recognise_pending(&mut self, mirror: &RwLock<Mirror>) -> Result<(), Setback> {
        let cause = self.cause.clone();
        let whole = read(mirror).followed().size() > self.peer.followed;
        let mut list = ResultList::default();
        let mut assessed = BTreeSet::new();
        while let Some(piece) = piece_after(&self.open.pending, assessed.last(), PIECE) {
            let assessment = self.assess(mirror, (&piece, Kind::Open), true);
            self.meter.assessed(&piece, &assessment.rows);
            self.list(mirror, &mut list, &assessment, &cause).await?;
            assessed.extend(piece);
            if whole {
                tokio::task::yield_now().await;
            } else {
                self.state(mirror, std::mem::take(&mut list), (&cause, Part::Last)).await?;
                self.open.settled(&std::mem::take(&mut assessed));
                self.tell_progress();
            }
        }
        // What waits for room is followed when it is stated.
        let part = if self.meter.waiting() == 0 { Part::Last } else { Part::Middle };
        self.state(mirror, list, (&cause, part)).await?;
        // What was stated by the way is assessed again after a setback, and makes no row then.
        self.open.settled(&assessed);
        self.show_waiting();
        Ok(())
    }

    async fn recognise_lapsing(&mut self, mirror: &RwLock<Mirror>) -> Result<(), Setback> {
        // Where the mirror is not that far yet, its size is no reason for anything.
        let cause = if self.cause == Cause::Range { Cause::Time } else { self.cause.clone() };
        while let Some(piece) = piece_after(&self.open.lapsing, None, PIECE) {
            let assessment = self.assess(mirror, (&piece, Kind::Open), false);
            let mut list = ResultList::default();
            self.list(mirror, &mut list, &assessment, &cause).await?;
            self.state(mirror, list, (&cause, Part::Middle)).await?;
            self.open.lapsed(&piece);
        }
        Ok(())
    }

    /// Records what changed of restricted verdicts, of some of those that wait.
    pub(super) async fn recognise_apart(&mut self) -> Result<(), Setback> {
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return Ok(()) };
        let all_shown = self.all_shown(&mirror);
        let waiting = if all_shown { &self.apart.pending } else { &self.apart.lapsing };
        let Some(piece) = piece_after(waiting, None, PIECE_APART) else { return Ok(()) };
        let assessment = self.assess(&mirror, (&piece, Kind::Apart), all_shown);
        self.state_apart(assessment.rows).await?;
        if all_shown {
            self.apart.settled(&piece);
        } else {
            self.apart.lapsed(&piece);
        }
        Ok(())
    }

    /// The answers that changed. Those that time alone may change are noted.
    fn assess(&mut self, mirror: &RwLock<Mirror>, piece: (&BTreeSet<VerdictId>, Kind), all_shown: bool) -> Assessment {
        let mut assessment = {
            let mirror = read(mirror);
            let known = Known { peer: &self.peer, arrangements: &self.arrangements, asking: &self.asking };
            assess(&self.registry, mirror.followed(), known, piece, all_shown)
        };
        for (due, verdicts) in std::mem::take(&mut assessment.due) {
            self.due.entry(due).or_default().extend(verdicts);
        }
        assessment
    }

    /// Puts rows into the list as far as the peer has room in our log, and states it wherever it is full.
    async fn list(
        &mut self,
        mirror: &RwLock<Mirror>,
        list: &mut ResultList,
        assessment: &Assessment,
        cause: &Cause,
    ) -> Result<(), Setback> {
        let now = self.registry.now();
        for row in &assessment.rows {
            // What follows from our own act, unless it waited before.
            let free = self.ours && !self.meter.waits(&row.verdict.id);
            if !self.meter.admits(&row.verdict.id, urgency(row, free, assessment), now) {
                continue;
            }
            let mut before = list.size();
            if !list.push(row).context("a recognition")? {
                self.state(mirror, std::mem::take(list), (cause, Part::Middle)).await?;
                before = 0;
                list.push(row).context("a recognition")?;
            }
            if !free {
                self.meter.row(list.size() - before, now);
            }
        }
        Ok(())
    }

    async fn state(&mut self, mirror: &RwLock<Mirror>, list: ResultList, why: (&Cause, Part)) -> Result<(), Setback> {
        let reached = {
            let mirror = read(mirror);
            Reached { size: mirror.followed().size(), checkpoint: mirror.followed().checkpoint().cloned() }
        };
        if !list.is_empty() {
            if !self.ours {
                self.meter.statement(self.registry.now());
            }
            self.registry.metrics.stated(&self.peer.registry, list.size());
        }
        state(&self.registry, &self.peer, &reached, list, why).await.map_err(anyhow::Error::from)?;
        let record = self.registry.read_model.register().peer(&self.peer.registry);
        self.peer = record.unwrap_or_else(|| Arc::clone(&self.peer));
        Ok(())
    }
}

/// A churning peer does not keep from counting what it takes away itself, nor what is made of it for free.
fn urgency(row: &Recognition, free: bool, assessment: &Assessment) -> Urgency {
    match assessment.less.contains(&row.verdict.id) {
        _ if free => Urgency::Always,
        true if row.outcome == RecognitionOutcome::Refused => Urgency::Always,
        true => Urgency::Less,
        false => Urgency::Waits,
    }
}

/// The next verdicts behind `last`, so many at most; nothing behind the end.
pub(super) fn piece_after(
    all: &BTreeSet<VerdictId>,
    last: Option<&VerdictId>,
    most: usize,
) -> Option<BTreeSet<VerdictId>> {
    let start = last.map_or(Bound::Unbounded, Bound::Excluded);
    let piece: BTreeSet<_> = all.range((start, Bound::Unbounded)).take(most).cloned().collect();
    (!piece.is_empty()).then_some(piece)
}
