//! What the peer shows of restricted verdicts to us alone: gathered with each range, durable in the vault before the range counts, let go.
//!
//! ```text
//! range ▶ gather: what is withheld in it is asked for ▶ examined together ▶ vault ▶ mirror, which holds none of it
//! ```
//!
//! What rests is put back into its places whenever the mirror is opened. So a crash between any two steps pulls the range again and
//! doubles nothing, and erasing is: out of the vault, and out of the register. Nothing here is logged or shown but codes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use conformity::ids::VerdictId;
use conformity::recognised::Recognition;
use conformity::recognition::stays;
use conformity::records::Facts;
use conformity::time::Moment;
use federation::bus::Link;
use federation::follow::{Confided, Examined, Gathering, PeerFault};
use federation::messages::{MAX_CONFIDED_ENTRIES, MAX_ENTRIES, Range, Restricted};
use federation::mirror::{Mirror, Taken};
use federation::subjects::Service;

use super::faults::unkept;
use super::stating::PIECE_APART;
use super::{Pursuit, Setback, read};
use crate::core::restricted::RestrictedError;
use crate::link::kept::{Basis, Kept};
use crate::link::restricted::NOT_AGREED;
use crate::vault::{Vault, VaultError};

/// The refusal that says "not now", how long to wait then, and how often.
const QUOTA: &str = "quota";
const PAUSE: Duration = Duration::from_millis(100);
const PAUSES: u32 = 100;
/// The file of keys is rewritten this often at most: that takes as long as there are keys, and the whole vault waits.
const SHRED_EVERY: Duration = Duration::from_secs(10);

/// When the file of keys was rewritten, and whether it has to be.
#[derive(Default)]
pub(super) struct Shredding {
    due: bool,
    last: Option<Instant>,
}

impl Shredding {
    /// Something is erased.
    pub(super) fn is_due(&mut self) {
        self.due = true;
    }

    /// Whether it is due and was not begun lately. Then it begins.
    fn may_begin(&mut self) -> bool {
        let begins = self.due && self.last.is_none_or(|last| last.elapsed() >= SHRED_EVERY);
        if begins {
            (self.due, self.last) = (false, Some(Instant::now()));
        }
        begins
    }

    /// Rewrites it if that is due, before nobody does. What fails is made up for at the next start.
    pub(super) fn now(&mut self, vault: &Vault) {
        if std::mem::take(&mut self.due)
            && let Err(error) = vault.shred()
        {
            tracing::error!(%error, "the keys of what was erased could not be shredded; the next start does it");
        }
    }
}

impl Pursuit {
    /// The mirror, read from its file with what rests in the vault in its places. That may take long, and is not for a thread that
    /// others wait for.
    pub(super) async fn replayed(&mut self, basis: Basis) -> Result<Kept, Setback> {
        let (registry, peer) = (Arc::clone(&self.registry), Arc::clone(&self.peer));
        let (log, known) = (self.mark.log_keys()?, self.mark.note().map(str::to_owned));
        let replaying = tokio::task::spawn_blocking(move || {
            let places = registry.restricted.places(&peer).map_err(unkept)?;
            let at = places.iter().flat_map(|(verdict, places)| places.keys().map(move |place| (*place, verdict)));
            let at: BTreeMap<u64, &VerdictId> = at.collect();
            let resting = |place| match at.get(&place) {
                Some(verdict) => {
                    let statement = registry.restricted.statement(&peer, verdict, place);
                    statement.map_err(|error| io::Error::other(unkept(error).to_string()))
                }
                None => Ok(None),
            };
            let (folder, quota) = (registry.folder.peer(&peer.registry), registry.config.limits.mirror_bytes);
            let kept = Kept::open(&folder, &peer, basis, log, (known.as_deref(), resting), quota)??;
            Ok::<_, Setback>((kept, places))
        });
        let (kept, places) = replaying.await.map_err(anyhow::Error::from)??;
        self.places = places;
        Ok(kept)
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

    /// What the peer withholds in the range and shows to us alone. What it says is gone is erased, and the range is taken over without
    /// it at once: a pause would tell that a statement that was erased had been one of a restricted verdict.
    pub(super) async fn gather(&mut self, link: &Link, range: &Range, from: u64) -> Result<Confided, Setback> {
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
        if !gone.is_empty() {
            let gone = self.places.iter().filter(|(_, places)| places.keys().any(|place| gone.contains(place)));
            self.forget(gone.map(|(verdict, _)| verdict.clone()).collect()).await?;
        }
        Ok(confided)
    }

    /// Takes the range over with what was confided in it, once that is durable. Checking costs a signature per statement: not on a
    /// thread that others wait for.
    pub(super) async fn take(
        &mut self,
        mirror: &Arc<RwLock<Mirror>>,
        range: Range,
        mut confided: Confided,
    ) -> Result<Taken, Setback> {
        let range = Arc::new(range);
        let examined = loop {
            let (mirror, range, shown) = (Arc::clone(mirror), Arc::clone(&range), confided.clone());
            let examining = tokio::task::spawn_blocking(move || read(&mirror).examine(&range, &shown));
            let examined = examining.await.map_err(anyhow::Error::from)??;
            let over = self.without_room(&examined);
            if over.is_empty() {
                break examined;
            }
            // Half of what is known of a verdict may lack its suspension: it is let go of as a whole.
            self.tell_operator("restricted-full");
            confided.leave_out(over.iter().filter_map(|id| examined.confided.get(id)).flat_map(BTreeMap::keys));
            self.forget(over).await?;
        };
        let (mirror, registry, peer) = (Arc::clone(mirror), Arc::clone(&self.registry), Arc::clone(&self.peer));
        let taking = tokio::task::spawn_blocking(move || {
            registry.restricted.keep(&peer, &examined.confided).map_err(unkept)?;
            Ok::<_, Setback>(mirror.write().unwrap_or_else(PoisonError::into_inner).adopt(examined, &range)?)
        });
        taking.await.map_err(anyhow::Error::from)?
    }

    /// The verdicts whose statements find no room beside what rests.
    fn without_room(&self, examined: &Examined) -> BTreeSet<VerdictId> {
        if examined.confided.is_empty() {
            return BTreeSet::new();
        }
        let used = self.places.values().flat_map(BTreeMap::values).sum();
        over(used, self.registry.config.limits.restricted_bytes, &examined.confided)
    }

    /// What became of it.
    pub(super) fn confided_taken(&mut self, taken: &mut Taken) {
        for code in std::mem::take(&mut taken.unconfided) {
            self.tell_operator(code);
        }
        for (verdict, places) in std::mem::take(&mut taken.confided) {
            self.places.entry(verdict).or_default().extend(places);
        }
    }

    /// Lets go of restricted verdicts that may not rest here any more; says whether there may be more of them.
    pub(super) async fn let_go_of_restricted(&mut self, mirror: &RwLock<Mirror>) -> Result<bool, Setback> {
        let (all_shown, now) = (self.all_shown(mirror), self.registry.now());
        let gone: BTreeSet<_> = {
            let mirror = read(mirror);
            let may_rest = |verdict: &VerdictId| {
                let record = mirror.followed().register().verdict(verdict);
                // What belongs to no verdict of the whole mirror is left of a crash, or was not shown again.
                (record.is_some() || !all_shown) && stays(&self.arrangements, self.pair(), record.as_deref(), now)
            };
            self.places.keys().filter(|verdict| !may_rest(verdict)).take(PIECE_APART).cloned().collect()
        };
        let more = gone.len() == PIECE_APART;
        self.forget(gone).await?;
        Ok(more)
    }

    /// Erases these, what is made of them and what was disclosed of their credentials; the mirror forgets them.
    async fn forget(&mut self, gone: BTreeSet<VerdictId>) -> Result<(), Setback> {
        if gone.is_empty() {
            return Ok(());
        }
        let (registry, peer, erased) = (Arc::clone(&self.registry), Arc::clone(&self.peer), gone.clone());
        let mirror = self.mirror.as_ref().map(Kept::mirror);
        let erasing = tokio::task::spawn_blocking(move || {
            registry.received.erase(&peer, &erased)?;
            registry.restricted.erase(&peer, &erased)?;
            if let Some(mirror) = mirror {
                mirror.write().unwrap_or_else(PoisonError::into_inner).forget(&erased);
            }
            Ok::<_, VaultError>(())
        });
        self.shredding.is_due();
        erasing.await.map_err(anyhow::Error::from)?.map_err(unkept)?;
        self.asking.forget(&gone);
        gone.iter().for_each(|verdict| drop(self.places.remove(verdict)));
        Ok(())
    }

    /// Rewrites the file of keys after erasures, once in a while: a peer may bring them about as often as it likes.
    pub(super) async fn shred(&mut self) -> Result<(), Setback> {
        if !self.shredding.may_begin() {
            return Ok(());
        }
        let vault = Arc::clone(&self.registry.vault);
        let shredding = tokio::task::spawn_blocking(move || vault.shred());
        Ok(shredding.await.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?)
    }

    /// Records what is made of restricted verdicts, where nobody else sees it.
    pub(super) async fn state_apart(&mut self, rows: Vec<Recognition>) -> Result<(), Setback> {
        if rows.is_empty() {
            return Ok(());
        }
        let newest = self.registry.size.borrow().saturating_sub(1);
        let since = Moment { index: newest, at: self.registry.now() };
        let (registry, peer) = (Arc::clone(&self.registry), Arc::clone(&self.peer));
        let stating = tokio::task::spawn_blocking(move || registry.restricted.state(&peer, &rows, since));
        match stating.await.map_err(anyhow::Error::from)? {
            // The pursuit ends in a moment.
            Ok(()) | Err(RestrictedError::Gone) => Ok(()),
            Err(error) => Err(unkept(error)),
        }
    }
}

/// The verdicts among those shown whose statements do not fit beside the bytes that are used.
fn over(mut used: u64, room: u64, shown: &BTreeMap<VerdictId, BTreeMap<u64, String>>) -> BTreeSet<VerdictId> {
    let over = shown.iter().filter(|(_, statements)| {
        let bytes = statements.values().map(|statement| statement.len() as u64).sum();
        let after = used.saturating_add(bytes);
        let fits = after <= room;
        used = if fits { after } else { used };
        !fits
    });
    over.map(|(verdict, _)| verdict.clone()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_finds_no_room_keeps_no_other_out() {
        let shown = [("V-1", 40), ("V-2", 80), ("V-3", 60)];
        let shown: BTreeMap<VerdictId, _> = shown
            .into_iter()
            .map(|(id, bytes)| (id.parse().unwrap(), BTreeMap::from([(7, "x".repeat(bytes)), (9, String::new())])))
            .collect();
        for (used, room, expected) in
            [(0, 180, &[][..]), (0, 100, &["V-2"]), (60, 100, &["V-2", "V-3"]), (100, 100, &["V-1", "V-2", "V-3"])]
        {
            let over: Vec<_> = over(used, room, &shown).iter().map(ToString::to_string).collect();
            assert_eq!(over, expected, "{used} of {room}");
        }
    }

    #[test]
    fn keys_are_shredded_once_in_a_while_however_much_is_erased() {
        let mut shredding = Shredding::default();
        assert!(!shredding.may_begin(), "nothing was erased");
        shredding.is_due();
        assert!(shredding.may_begin());
        shredding.is_due();
        assert!(!shredding.may_begin(), "it was done a moment ago");
        assert!(shredding.due, "and is not forgotten");
    }
}
