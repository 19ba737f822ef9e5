//! What the peer's credentials keep back and an arrangement names: asked for, checked, kept in the vault, judged by, let go.
//!
//! ```text
//! another credential, arrangement or minute ▶ look ▶ what may not rest any more is erased, what is named and not here is wanted
//! round ▶ inquire ▶ checked against the mirrored credential ▶ vault ▶ assessed again
//! ```
//!
//! What rests here is read out of the vault once and what is wanted follows from the mirror, so a crash between any two steps asks
//! again and doubles nothing. What is not answered is asked for again after a wait that doubles. Nothing that was disclosed, and
//! nothing that quotes it, is logged or shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use conformity::consent::Parts;
use conformity::credential::CredentialRecord;
use conformity::ids::VerdictId;
use conformity::in_force::Pair;
use conformity::recognition::{DisclosedLevels, rests, travels};
use conformity::records::Facts;
use conformity::verdict::VerdictRecord;
use federation::bus::Link;
use federation::follow::{Detail, DisclosureFault, Followed, Named};
use federation::messages::{CredentialAt, Disclosures, DisclosuresRequest, MAX_CREDENTIALS};
use federation::mirror::Mirror;
use federation::subjects::Service;
use jiff::Timestamp;

use super::faults::unkept;
use super::stating::{PIECE_APART, piece_after};
use super::{Kept, Pursuit, Setback, read};
use crate::core::received::ReceivedError;
use crate::link::recognise::PIECE;

/// Waits before what was not answered is asked for again: shortest and longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3_600));
/// All that rests here is looked at again after so long: windows close with time.
const LOOK: Duration = Duration::from_secs(60);

/// What rests here of a peer's disclosures, and what is to be asked for.
#[derive(Default)]
pub(in crate::link) struct Asking {
    /// What rests in the vault; nothing before it was read.
    held: Option<BTreeMap<VerdictId, Held>>,
    /// Verdicts whose credentials, or what is named of them, may have changed.
    unsure: BTreeSet<VerdictId>,
    /// Restricted ones among them, for which no other waits.
    unsure_apart: BTreeSet<VerdictId>,
    wanted: BTreeMap<VerdictId, Wanted>,
    looked: Option<Timestamp>,
    looked_apart: Option<Timestamp>,
}

/// What rests of one verdict.
struct Held {
    credential: u64,
    parts: Parts,
    levels: DisclosedLevels,
}

/// A credential that is to be asked for.
struct Wanted {
    credential: u64,
    due: Timestamp,
    wait: Duration,
}

impl Held {
    fn of(detail: &Detail) -> Self {
        Self { credential: detail.credential, parts: detail.parts, levels: detail.levels.clone() }
    }
}

impl Asking {
    /// The levels of a verdict that were disclosed, if its credential still counts.
    pub(in crate::link) fn levels(&self, followed: &Followed, verdict: &VerdictRecord) -> Option<&DisclosedLevels> {
        let held = self.held.as_ref()?.get(verdict.id())?;
        let current = current(followed, verdict)?;
        (current.issued.index == held.credential).then_some(&held.levels)
    }

    /// Looks at it again.
    pub(super) fn doubt(&mut self, verdict: VerdictId, restricted: bool) {
        let unsure = if restricted { &mut self.unsure_apart } else { &mut self.unsure };
        unsure.insert(verdict);
    }

    /// Looks at all that rests here again, too.
    pub(super) fn doubt_all(&mut self) {
        (self.looked, self.looked_apart) = (None, None);
    }

    /// Whether restricted verdicts are to be looked at at once.
    pub(super) fn looks_on_apart(&self) -> bool {
        !self.unsure_apart.is_empty() || self.looked_apart.is_none()
    }

    /// Nothing rests of these any more, and nothing is to be asked for.
    pub(super) fn forget(&mut self, verdicts: &BTreeSet<VerdictId>) {
        for verdict in verdicts {
            self.held.as_mut().map(|held| held.remove(verdict));
            self.wanted.remove(verdict);
        }
    }

    fn wants(&mut self, verdict: &VerdictId, credential: u64, now: Timestamp) {
        let same = self.wanted.get(verdict).is_some_and(|wanted| wanted.credential == credential);
        if !same {
            self.wanted.insert(verdict.clone(), Wanted { credential, due: now, wait: Duration::ZERO });
        }
    }

    fn put_off(&mut self, verdict: &VerdictId, now: Timestamp) {
        if let Some(wanted) = self.wanted.get_mut(verdict) {
            wanted.wait = (wanted.wait * 2).clamp(WAITS.0, WAITS.1);
            wanted.due = now + wanted.wait;
        }
    }

    fn due(&self, now: Timestamp) -> Vec<CredentialAt> {
        let due = self.wanted.iter().filter(|(_, wanted)| wanted.due <= now).take(MAX_CREDENTIALS);
        due.map(|(verdict, wanted)| CredentialAt { verdict: verdict.clone(), index: wanted.credential }).collect()
    }

    fn rests(&self, verdict: &VerdictId) -> Option<&Held> {
        self.held.as_ref()?.get(verdict)
    }
}

fn is_due(looked: Option<Timestamp>, now: Timestamp) -> bool {
    looked.is_none_or(|last| now.duration_since(last).unsigned_abs() >= LOOK)
}

/// The credential that says what the verdict's terms are, if there is one.
fn current(followed: &Followed, verdict: &VerdictRecord) -> Option<Arc<CredentialRecord>> {
    let newest = followed.register().newest_credential(verdict.id())?;
    newest.is_current(verdict, true).then_some(newest)
}

impl Pursuit {
    /// Lets go of what may not rest here any more, and finds what is to be asked for.
    pub(super) async fn look(&mut self) -> Result<(), Setback> {
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return Ok(()) };
        self.read_held().await?;
        let now = self.registry.now();
        if is_due(self.asking.looked, now) {
            let held = self.held_of(|verdict| !self.is_restricted(verdict));
            self.erase(self.gone(&mirror, &held)).await?;
            self.asking.looked = Some(now);
        }
        // Before the mirror is that far, it may know of an earlier credential only.
        while self.all_shown(&mirror)
            && let Some(piece) = piece_after(&self.asking.unsure, None, PIECE)
        {
            self.erase(self.gone(&mirror, &piece)).await?;
            self.want(&mirror, &piece, now);
            self.asking.unsure.retain(|verdict| !piece.contains(verdict));
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// The same for restricted verdicts, a piece of it.
    pub(super) async fn look_apart(&mut self) -> Result<(), Setback> {
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return Ok(()) };
        let now = self.registry.now();
        if is_due(self.asking.looked_apart, now) {
            let mut gone = self.gone(&mirror, &self.held_of(|verdict| self.is_restricted(verdict)));
            let more = gone.len() > PIECE_APART;
            gone.truncate(PIECE_APART);
            self.erase(gone).await?;
            let more = self.let_go_of_restricted(&mirror).await? || more;
            self.asking.looked_apart = (!more).then_some(now);
        }
        if self.all_shown(&mirror)
            && let Some(piece) = piece_after(&self.asking.unsure_apart, None, PIECE_APART)
        {
            self.erase(self.gone(&mirror, &piece)).await?;
            self.want(&mirror, &piece, now);
            self.asking.unsure_apart.retain(|verdict| !piece.contains(verdict));
        }
        Ok(())
    }

    /// The verdicts of which something rests, as far as they are such.
    fn held_of(&self, such: impl Fn(&VerdictId) -> bool) -> BTreeSet<VerdictId> {
        self.asking.held.iter().flat_map(BTreeMap::keys).filter(|verdict| such(verdict)).cloned().collect()
    }

    /// Asks the peer for what is wanted and due.
    pub(super) async fn inquire(&mut self, link: &Link) -> Result<(), Setback> {
        loop {
            let credentials = self.asking.due(self.registry.now());
            if credentials.is_empty() {
                return Ok(());
            }
            let question = DisclosuresRequest { credentials };
            let answer = self.ask::<_, Disclosures>(link, Service::Disclosures, &question).await;
            let asked = question.credentials;
            let code = match answer {
                Ok(answer) if (1..=asked.len()).contains(&answer.credentials.len()) => {
                    self.heard(&asked, answer.credentials).await?;
                    self.settle().await?;
                    continue;
                }
                Err(Setback::Refused(_)) => "disclosure-refused",
                // What cannot be read may hold what nobody else may know: nothing of it is quoted.
                Ok(_) | Err(Setback::Fault(_)) => "disclosure-malformed",
                Err(setback) => {
                    self.put_off(&asked);
                    return Err(setback);
                }
            };
            self.put_off(&asked);
            let open = asked.iter().filter(|one| !self.is_restricted(&one.verdict)).count();
            // Who could see that there was a question about nothing else would learn of a restricted verdict.
            if open > 0 {
                self.note_fault(code, &format!("{open} credentials are asked for again later"));
            }
            return Ok(());
        }
    }

    fn put_off(&mut self, asked: &[CredentialAt]) {
        let now = self.registry.now();
        asked.iter().for_each(|one| self.asking.put_off(&one.verdict, now));
    }

    /// What rests in the vault, once.
    async fn read_held(&mut self) -> Result<(), Setback> {
        if self.asking.held.is_some() {
            return Ok(());
        }
        let (registry, peer) = (Arc::clone(&self.registry), Arc::clone(&self.peer));
        let read = tokio::task::spawn_blocking(move || {
            let all = registry.received.all(&peer)?.into_iter();
            Ok::<_, ReceivedError>(all.map(|(verdict, detail)| (verdict, Held::of(&detail))).collect())
        });
        let held = read.await.map_err(anyhow::Error::from)?;
        self.asking.held = Some(held.map_err(unkept)?);
        Ok(())
    }

    /// Those of which what rests here may not rest any more.
    fn gone(&self, mirror: &RwLock<Mirror>, verdicts: &BTreeSet<VerdictId>) -> Vec<VerdictId> {
        let (all_shown, mirror) = (self.all_shown(mirror), read(mirror));
        let gone = verdicts.iter().filter(|verdict| !self.may_rest(mirror.followed(), verdict, all_shown));
        gone.cloned().collect()
    }

    async fn erase(&mut self, gone: Vec<VerdictId>) -> Result<(), Setback> {
        if gone.is_empty() {
            return Ok(());
        }
        let (registry, peer, erased) = (Arc::clone(&self.registry), Arc::clone(&self.peer), gone.clone());
        let erasing = tokio::task::spawn_blocking(move || registry.received.erase(&peer, &erased));
        self.shredding.is_due();
        erasing.await.map_err(anyhow::Error::from)?.map_err(unkept)?;
        if let Some(held) = &mut self.asking.held {
            gone.iter().for_each(|verdict| drop(held.remove(verdict)));
        }
        // An arrangement that is no reason to keep it may be one to ask for another part.
        self.doubt(gone.iter().cloned());
        self.assess_again(gone);
        Ok(())
    }

    /// Whether what rests here of a verdict, if anything does, may go on to.
    fn may_rest(&self, followed: &Followed, verdict: &VerdictId, all_shown: bool) -> bool {
        let Some(held) = self.asking.rests(verdict) else { return true };
        let record = followed.register().verdict(verdict).filter(|_| all_shown);
        let named = rests(&self.arrangements, self.pair(), record.as_deref(), self.registry.now());
        let counts = |record: &VerdictRecord| current(followed, record).map(|one| one.issued.index);
        let stands = !all_shown || record.and_then(|record| counts(&record)) == Some(held.credential);
        stands && held.parts.is_subset(named)
    }

    fn want(&mut self, mirror: &RwLock<Mirror>, piece: &BTreeSet<VerdictId>, now: Timestamp) {
        let mirror = read(mirror);
        for verdict in piece {
            match self.to_ask_for(mirror.followed(), verdict) {
                Some(credential) => self.asking.wants(verdict, credential, now),
                None => drop(self.asking.wanted.remove(verdict)),
            }
        }
    }

    /// The credential of which something is named that does not rest here.
    fn to_ask_for(&self, followed: &Followed, verdict: &VerdictId) -> Option<u64> {
        let record = followed.register().verdict(verdict)?;
        let named = travels(&self.arrangements, self.pair(), &record, self.registry.now());
        let credential = current(followed, &record)?.issued.index;
        let held = self.asking.rests(verdict).filter(|held| held.credential == credential);
        let here = held.map_or_else(Parts::default, |held| held.parts);
        (!named.is_subset(here)).then_some(credential)
    }

    pub(super) fn pair(&self) -> Pair<'_> {
        Pair { from: &self.peer.registry, to: &self.registry.config.registry.id }
    }

    /// Checks and keeps what came. What is not shown any more is let go.
    async fn heard(&mut self, asked: &[CredentialAt], answers: Vec<Option<String>>) -> Result<(), Setback> {
        let mut gone = Vec::new();
        for (one, answer) in asked.iter().zip(answers) {
            let now = self.registry.now();
            match answer {
                Some(presentation) => self.take_in(one, presentation, now).await?,
                None => {
                    self.asking.put_off(&one.verdict, now);
                    gone.extend(self.asking.rests(&one.verdict).map(|_| one.verdict.clone()));
                }
            }
        }
        self.erase(gone).await
    }

    async fn take_in(&mut self, one: &CredentialAt, presentation: String, now: Timestamp) -> Result<(), Setback> {
        match self.check(one, presentation).await? {
            // Whether it is still wanted is found out when the verdict is looked at again; it is not asked for without end.
            None => self.asking.put_off(&one.verdict, now),
            Some(Ok(detail)) => {
                self.keep(&one.verdict, detail).await?;
                self.asking.wanted.remove(&one.verdict);
                self.assess_again([one.verdict.clone()]);
            }
            Some(Err(fault)) => {
                self.asking.put_off(&one.verdict, now);
                if self.is_restricted(&one.verdict) {
                    self.tell_operator(fault.code());
                } else {
                    self.note_fault(fault.code(), &format!("the credential at {}: {fault}", one.index));
                }
            }
        }
        Ok(())
    }

    /// Checks an answer; nothing where it came too late, as something else is named now or the credential counts no more.
    async fn check(
        &self,
        one: &CredentialAt,
        presentation: String,
    ) -> Result<Option<Result<Detail, DisclosureFault>>, Setback> {
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return Ok(None) };
        let wanted = {
            let mirror = read(&mirror);
            let followed = mirror.followed();
            let record = followed.register().verdict(&one.verdict);
            record.and_then(|record| {
                let named = travels(&self.arrangements, self.pair(), &record, self.registry.now());
                let credential = current(followed, &record).filter(|current| current.issued.index == one.index)?;
                (!named.is_empty()).then_some((credential, named))
            })
        };
        let Some((record, parts)) = wanted else { return Ok(None) };
        // A signature, and up to a mebibyte that is hashed and parsed: not on a thread that answers others.
        let checking = tokio::task::spawn_blocking(move || {
            read(&mirror).followed().disclosed(Named { record: &record, parts }, &presentation)
        });
        Ok(Some(checking.await.map_err(anyhow::Error::from)?))
    }

    async fn keep(&mut self, verdict: &VerdictId, detail: Detail) -> Result<(), Setback> {
        let held = Held::of(&detail);
        let (registry, peer, id) = (Arc::clone(&self.registry), Arc::clone(&self.peer), verdict.clone());
        let keeping = tokio::task::spawn_blocking(move || registry.received.keep(&peer, &id, &detail));
        match keeping.await.map_err(anyhow::Error::from)? {
            Ok(()) => drop(self.asking.held.get_or_insert_default().insert(verdict.clone(), held)),
            // The pursuit ends in a moment.
            Err(ReceivedError::Gone) => {}
            Err(error) => return Err(unkept(error)),
        }
        Ok(())
    }
}
