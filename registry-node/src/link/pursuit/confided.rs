//! What the peer shows of restricted verdicts to us alone: gathered with each range, durable in the vault before the range counts, let go.
//!
//! ```text
//! range ▶ gather: what is withheld in it is asked for ▶ examined together ▶ vault ▶ mirror, which holds none of it
//! ```
//!
//! What rests is put back into its places whenever the mirror is opened. So a crash between any two steps pulls the range again and
//! doubles nothing, and erasing is: out of the vault, and the mirror opened again. Nothing here is logged or shown but codes.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context;
use conformity::ids::VerdictId;
use conformity::recognised::Recognition;
use conformity::recognition::stays;
use conformity::records::Facts;
use conformity::time::Moment;
use federation::bus::Link;
use federation::follow::{Confided, Gathering, PeerFault};
use federation::messages::{MAX_CONFIDED_ENTRIES, MAX_ENTRIES, Range, Restricted};
use federation::mirror::{Mirror, Taken};
use federation::subjects::Service;

use super::{Pursuit, Setback, read};
use crate::core::restricted::RestrictedError;
use crate::link::restricted::NOT_AGREED;

/// The refusal that says "not now", how long to wait then, and how often.
const QUOTA: &str = "quota";
const PAUSE: Duration = Duration::from_millis(100);
const PAUSES: u32 = 100;

impl Pursuit {
    /// What rests in the vault, to be put into the mirror.
    pub(super) fn confided(&mut self) -> Result<Confided, Setback> {
        let all = self.registry.restricted.all(&self.peer).context("what the peer showed of restricted verdicts")?;
        let places = all.iter().map(|(verdict, statements)| (verdict.clone(), statements.keys().copied().collect()));
        self.places = places.collect();
        Ok(all.into_values().flatten().collect())
    }

    /// Something of a restricted verdict does not hold: no more than the reason is told.
    pub(super) fn note_left_out(&mut self, code: &str) {
        self.note_fault("restricted-left-out", &format!("something of a restricted verdict is left out: {code}"));
    }

    /// Whether nobody else may learn of the verdict.
    pub(super) fn is_restricted(&self, verdict: &VerdictId) -> bool {
        self.places.contains_key(verdict)
    }

    /// Entries that are asked for at once.
    pub(super) fn entries_at_once(&self) -> u32 {
        let entries = if self.wanted.includes_restricted() { MAX_CONFIDED_ENTRIES } else { MAX_ENTRIES };
        entries as u32
    }

    /// What the peer withholds in the range and shows to us alone; nothing where the mirror has to be opened again first, since
    /// something in it was erased.
    pub(super) async fn gather(&mut self, link: &Link, range: &Range, from: u64) -> Result<Option<Confided>, Setback> {
        let (mut gathering, mut pauses) = (Gathering::new(range, from), 0);
        while self.wanted.includes_restricted()
            && let Some(question) = gathering.question()
        {
            match self.ask::<_, Restricted>(link, Service::Restricted, &question).await {
                Ok(answer) => gathering.take(answer)?,
                // For the peer the arrangement is not in force: it shows nothing, as it would with the range.
                Err(Setback::Refused(refusal)) if refusal.code == NOT_AGREED => break,
                Err(Setback::Refused(refusal)) if refusal.code == QUOTA && pauses < PAUSES => {
                    pauses += 1;
                    self.settle_until(tokio::time::sleep(PAUSE)).await?;
                }
                // Neither a refusal nor what cannot be read is quoted: it may hold what nobody else may know.
                Err(Setback::Refused(_)) => return Err(PeerFault::RestrictedRefused.into()),
                Err(Setback::Fault(_)) => return Err(PeerFault::RestrictedMalformed.into()),
                Err(setback) => return Err(setback),
            }
        }
        let (confided, gone) = gathering.done();
        let gone = self.places.iter().filter(|(_, places)| !places.is_disjoint(&gone));
        let gone: BTreeSet<VerdictId> = gone.map(|(verdict, _)| verdict.clone()).collect();
        let none_gone = gone.is_empty();
        self.forget(gone).await?;
        Ok(none_gone.then_some(confided))
    }

    /// Takes the range over with what was confided in it, once that is durable. Checking costs a signature per statement: not on a
    /// thread that others wait for.
    pub(super) async fn take(
        &mut self,
        mirror: &Arc<RwLock<Mirror>>,
        range: Range,
        confided: Confided,
    ) -> Result<Taken, Setback> {
        let (mirror, registry, peer) = (Arc::clone(mirror), Arc::clone(&self.registry), Arc::clone(&self.peer));
        let taking = tokio::task::spawn_blocking(move || {
            let examined = read(&mirror).examine(&range, &confided)?;
            registry
                .restricted
                .keep(&peer, &examined.confided)
                .context("what the peer showed of restricted verdicts")?;
            Ok::<_, Setback>(mirror.write().unwrap_or_else(PoisonError::into_inner).adopt(examined, &range)?)
        });
        taking.await.map_err(anyhow::Error::from)?
    }

    /// What became of it.
    pub(super) fn confided_taken(&mut self, taken: &mut Taken) {
        for code in std::mem::take(&mut taken.unconfided) {
            self.note_left_out(code);
        }
        for (verdict, places) in std::mem::take(&mut taken.confided) {
            self.places.entry(verdict).or_default().extend(places);
        }
    }

    /// Lets go of restricted verdicts that may not rest here any more.
    pub(super) async fn let_go_of_restricted(&mut self, mirror: &RwLock<Mirror>) -> Result<(), Setback> {
        let (all_shown, now) = (self.all_shown(mirror), self.registry.now());
        let gone = {
            let mirror = read(mirror);
            let may_rest = |verdict: &VerdictId| {
                let record = mirror.followed().register().verdict(verdict);
                // What belongs to no verdict of the whole mirror is left of a crash, or was not shown again.
                (record.is_some() || !all_shown) && stays(&self.arrangements, self.pair(), record.as_deref(), now)
            };
            self.places.keys().filter(|verdict| !may_rest(verdict)).cloned().collect()
        };
        self.forget(gone).await
    }

    /// Erases these, what is made of them and what was disclosed of their credentials. The mirror is opened again without them.
    async fn forget(&mut self, gone: BTreeSet<VerdictId>) -> Result<(), Setback> {
        if gone.is_empty() {
            return Ok(());
        }
        let (registry, peer, erased) = (Arc::clone(&self.registry), Arc::clone(&self.peer), gone.clone());
        let erasing = tokio::task::spawn_blocking(move || {
            registry.received.erase(&peer, &erased)?;
            registry.restricted.erase(&peer, &erased)
        });
        erasing.await.map_err(anyhow::Error::from)?.context("what the peer showed of restricted verdicts")?;
        self.asking.forget(&gone);
        self.mirror = None;
        Ok(())
    }

    /// Records what is made of restricted verdicts, where nobody else sees it.
    pub(super) async fn state_apart(&mut self, rows: Vec<Recognition>) -> Result<(), Setback> {
        if rows.is_empty() {
            return Ok(());
        }
        let newest = self.registry.size.borrow().saturating_sub(1);
        let since = Moment { index: newest, at: self.registry.now() };
        let (registry, peer) = (Arc::clone(&self.registry), Arc::clone(&self.peer));
        let stating = tokio::task::spawn_blocking(move || registry.restricted.state(&peer, rows, since));
        match stating.await.map_err(anyhow::Error::from)? {
            // The pursuit ends in a moment.
            Ok(()) | Err(RestrictedError::Gone) => Ok(()),
            Err(error) => Err(anyhow::Error::from(error).context("what is made of restricted verdicts").into()),
        }
    }
}
