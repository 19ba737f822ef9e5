//! What is made of a peer's verdicts: assessing what may have changed, and stating what did.
//!
//! Piece by piece: a changed arrangement can concern a hundred thousand verdicts, and others want their turn. What a
//! followed range changed is one statement all the same, unless its rows do not fit into one list.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::{Arc, RwLock};

use anyhow::Context;
use conformity::ids::VerdictId;
use conformity::recognised::{Cause, Recognition, ResultList};
use conformity::records::Facts;
use federation::mirror::Mirror;

use super::{Kept, Pursuit, Setback, read};
use crate::link::recognise::{Known, PIECE, Part, Reached, assess, state};

impl Pursuit {
    /// States what changed, once the mirror is as far as it was when we stated something last; before that, what lapsed.
    pub(super) async fn recognise(&mut self) -> Result<(), Setback> {
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return Ok(()) };
        if self.all_shown(&mirror) {
            self.recognise_pending(&mirror).await?;
        }
        self.recognise_lapsing(&mirror).await?;
        if self.pending.is_empty() {
            self.cause = Cause::Range;
        }
        Ok(())
    }

    pub(super) fn all_shown(&self, mirror: &RwLock<Mirror>) -> bool {
        read(mirror).followed().size() >= self.peer.followed.max(self.floor)
    }

    async fn recognise_pending(&mut self, mirror: &RwLock<Mirror>) -> Result<(), Setback> {
        let cause = self.cause.clone();
        let whole = read(mirror).followed().size() > self.peer.followed;
        let mut list = ResultList::default();
        let mut assessed = BTreeSet::new();
        while let Some(piece) = piece_after(&self.pending, assessed.last()) {
            let rows = self.assess(mirror, &piece, true).await?;
            self.list(mirror, &mut list, &rows, &cause).await?;
            assessed.extend(piece);
            if whole {
                tokio::task::yield_now().await;
            } else {
                self.state(mirror, std::mem::take(&mut list), (&cause, Part::Last)).await?;
                self.settled(&std::mem::take(&mut assessed));
            }
        }
        self.state(mirror, list, (&cause, Part::Last)).await?;
        // What was stated by the way is assessed again after a setback, and makes no row then.
        self.settled(&assessed);
        Ok(())
    }

    async fn recognise_lapsing(&mut self, mirror: &RwLock<Mirror>) -> Result<(), Setback> {
        // Where the mirror is not that far yet, its size is no reason for anything.
        let cause = if self.cause == Cause::Range { Cause::Time } else { self.cause.clone() };
        while let Some(piece) = piece_after(&self.lapsing, None) {
            let rows = self.assess(mirror, &piece, false).await?;
            let mut list = ResultList::default();
            self.list(mirror, &mut list, &rows, &cause).await?;
            self.state(mirror, list, (&cause, Part::Middle)).await?;
            self.lapsing.retain(|id| !piece.contains(id));
        }
        Ok(())
    }

    fn settled(&mut self, assessed: &BTreeSet<VerdictId>) {
        self.pending.retain(|id| !assessed.contains(id));
        self.lapsing.retain(|id| !assessed.contains(id));
    }

    /// The answers that changed, for everyone to read; those about restricted verdicts are recorded apart, and those that time alone
    /// may change are noted.
    async fn assess(
        &mut self,
        mirror: &RwLock<Mirror>,
        piece: &BTreeSet<VerdictId>,
        all_shown: bool,
    ) -> Result<Vec<Recognition>, Setback> {
        let assessment = {
            let mirror = read(mirror);
            let known = Known { peer: &self.peer, arrangements: &self.arrangements, asking: &self.asking };
            assess(&self.registry, mirror.followed(), known, piece, all_shown)
        };
        for (due, verdicts) in assessment.due {
            self.due.entry(due).or_default().extend(verdicts);
        }
        self.state_apart(assessment.apart).await?;
        Ok(assessment.rows)
    }

    /// Puts rows into the list, and states it wherever it is full.
    async fn list(
        &mut self,
        mirror: &RwLock<Mirror>,
        list: &mut ResultList,
        rows: &[Recognition],
        cause: &Cause,
    ) -> Result<(), Setback> {
        for row in rows {
            if list.push(row).context("a recognition")? {
                continue;
            }
            self.state(mirror, std::mem::take(list), (cause, Part::Middle)).await?;
            list.push(row).context("a recognition")?;
        }
        Ok(())
    }

    async fn state(&mut self, mirror: &RwLock<Mirror>, list: ResultList, why: (&Cause, Part)) -> Result<(), Setback> {
        let reached = {
            let mirror = read(mirror);
            Reached { size: mirror.followed().size(), checkpoint: mirror.followed().checkpoint().cloned() }
        };
        state(&self.registry, &self.peer, &reached, list, why).await.map_err(anyhow::Error::from)?;
        let record = self.registry.read_model.register().peer(&self.peer.registry);
        self.peer = record.unwrap_or_else(|| Arc::clone(&self.peer));
        Ok(())
    }
}

/// The next verdicts behind `last`; nothing behind the end.
pub(super) fn piece_after(all: &BTreeSet<VerdictId>, last: Option<&VerdictId>) -> Option<BTreeSet<VerdictId>> {
    let start = last.map_or(Bound::Unbounded, Bound::Excluded);
    let piece: BTreeSet<_> = all.range((start, Bound::Unbounded)).take(PIECE).cloned().collect();
    (!piece.is_empty()).then_some(piece)
}
