//! Telling the peer what we did in arrangements with it, each act once, in the order of our log.
//!
//! What the peer cannot take yet, a proposal for which it has no room or an act of somebody whose key it has not come to in our log, is told
//! again when it may: after any act in an arrangement with it, and else after a rest that doubles. What we did since goes on meanwhile; a
//! proposal that we replaced or took back is not told any more. Once it is taken, or is not needed, what we did after it in the same
//! arrangement is told again: the peer may not have known what it was about. Twice told is recorded once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use conformity::ids::ArrangementId;
use federation::bus::Link;
use federation::messages::Done;
use federation::subjects::Service;

use super::{PASSING, Pursuit, Setback, TOO_MANY_PROPOSALS, UNKNOWN_SIGNER};
use crate::link::notices::{OwnAct, Step, notice, own_acts};

/// Rests before what could not be taken is told again: shortest and longest.
const RESTS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What was told, and what could not be taken yet.
#[derive(Default)]
pub(super) struct Telling {
    /// Up to where in our log.
    told: u64,
    /// Arrangements of which an act could not be taken yet, with the first one's place in our log.
    held: BTreeMap<ArrangementId, u64>,
    again: Option<Instant>,
    rest: Duration,
}

/// What became of an act that the peer was told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Taken, or refused for good.
    Done,
    /// Not taken yet.
    Later,
}

impl Telling {
    /// What could not be taken is told again in the next round.
    pub(super) fn soon(&mut self) {
        (self.again, self.rest) = (None, RESTS.0);
    }

    fn hold(&mut self, act: &OwnAct) {
        self.held.entry(act.arrangement.clone()).or_insert(act.index);
    }

    fn rest(&mut self, now: Instant) {
        self.rest = (self.rest * 2).clamp(RESTS.0, RESTS.1);
        self.again = Some(now + self.rest);
    }

    fn is_due(&self, now: Instant) -> bool {
        !self.held.is_empty() && self.again.is_none_or(|again| again <= now)
    }
}

/// What is told again of an arrangement of which the act at `from` could not be taken: the newest proposal if it stands, then what does not
/// follow from it. An end before it is over.
fn again(acts: &[OwnAct], arrangement: &ArrangementId, from: u64) -> Vec<OwnAct> {
    let since = || acts.iter().filter(|act| act.arrangement == *arrangement && act.index >= from);
    let newest = since().rfind(|act| act.step != Step::Other).filter(|act| act.step == Step::Signs);
    let rest = since().filter(|act| act.step == Step::Other || (act.step == Step::Ends && newest.is_none()));
    newest.into_iter().chain(rest).cloned().collect()
}

/// Whether what was refused so may be taken another time, and nothing else has to wait for that.
fn is_for_later(code: &str, step: Step) -> bool {
    code == UNKNOWN_SIGNER || (code == TOO_MANY_PROPOSALS && step == Step::Signs)
}

impl Pursuit {
    /// Tells the peer what we did since it was told last, and again what it could not take.
    pub(super) async fn tell(&mut self, link: &Link) -> Result<(), Setback> {
        let size = self.registry.known().await;
        if self.telling.told < size {
            let new = self.acts_below(size).into_iter().filter(|act| act.index >= self.telling.told);
            for act in new.collect::<Vec<_>>() {
                if self.tell_one(link, &act).await? == Told::Later {
                    self.telling.hold(&act);
                }
                self.telling.told = act.index + 1;
            }
            self.telling.told = size;
        }
        if self.telling.is_due(Instant::now()) { self.tell_again(link, size).await } else { Ok(()) }
    }

    async fn tell_again(&mut self, link: &Link, size: u64) -> Result<(), Setback> {
        let acts = self.acts_below(size);
        for (arrangement, from) in self.telling.held.clone() {
            if self.tell_all(link, &again(&acts, &arrangement, from)).await? == Told::Done {
                self.telling.held.remove(&arrangement);
            }
        }
        if self.telling.held.is_empty() {
            self.telling.soon();
        } else {
            self.telling.rest(Instant::now());
        }
        Ok(())
    }

    /// Up to the first that cannot be taken yet.
    async fn tell_all(&mut self, link: &Link, acts: &[OwnAct]) -> Result<Told, Setback> {
        for act in acts {
            if self.tell_one(link, act).await? == Told::Later {
                return Ok(Told::Later);
            }
        }
        Ok(Told::Done)
    }

    fn acts_below(&self, size: u64) -> Vec<OwnAct> {
        let mut acts = own_acts(&self.registry, &self.peer.registry);
        acts.retain(|act| act.index < size);
        acts
    }

    async fn tell_one(&mut self, link: &Link, act: &OwnAct) -> Result<Told, Setback> {
        let Some(notice) = notice(&self.registry, act.index)? else { return Ok(Told::Done) };
        match self.ask::<_, Done>(link, Service::Notice, &notice).await {
            Ok(_) => Ok(Told::Done),
            Err(Setback::Refused(refusal)) if is_for_later(&refusal.code, act.step) => {
                if !self.telling.held.contains_key(&act.arrangement) {
                    self.note_fault(
                        "notice-refused",
                        &format!("our act at {}: {refusal}; it is told again", act.index),
                    );
                }
                Ok(Told::Later)
            }
            Err(Setback::Refused(refusal)) if !PASSING.contains(&refusal.code.as_str()) => {
                // Its own rules refuse it; telling again would change nothing. The operators have to talk.
                self.note_fault("notice-refused", &format!("our act at {}: {refusal}", act.index));
                Ok(Told::Done)
            }
            Err(setback) => Err(setback),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// Acts by their letters, each in its arrangement: `+` signs, `-` ends, `!` anything else.
    fn acts(story: &str) -> Vec<OwnAct> {
        let act = |(index, word): (usize, &str)| {
            let (arrangement, step) = word.split_at(1);
            let step = match step {
                "+" => Step::Signs,
                "-" => Step::Ends,
                _ => Step::Other,
            };
            OwnAct { index: index as u64, arrangement: arrangement.parse().unwrap(), step }
        };
        story.split(' ').enumerate().map(act).collect()
    }

    #[test]
    fn what_could_not_be_taken_is_told_again_with_what_came_after_it() {
        let rows: [(&str, &str, u64, &[u64]); 7] = [
            ("alone", "A+", 0, &[0]),
            ("others have been told", "A+ B+ A! B!", 1, &[1, 3]),
            ("an older one of the same", "A+ A+", 1, &[1]),
            ("replaced by a newer one", "A+ A+ A+", 0, &[2]),
            ("first what it is about", "A+ A! A+ A!", 0, &[2, 1, 3]),
            ("taken back", "A+ A! A-", 0, &[1, 2]),
            ("and signed again", "A+ A- A+", 0, &[2]),
        ];
        for (about, story, from, expected) in rows {
            let acts = acts(story);
            let arrangement = acts[usize::try_from(from).unwrap()].arrangement.clone();
            let told: Vec<u64> = again(&acts, &arrangement, from).iter().map(|act| act.index).collect();
            assert_eq!(told, expected, "{about}");
        }
    }

    #[test]
    fn rests_double_until_something_happens() {
        let (now, mut telling) = (Instant::now(), Telling::default());
        assert!(!telling.is_due(now), "nothing is held");
        telling.hold(&acts("A+")[0]);
        assert!(telling.is_due(now));
        telling.rest(now);
        assert!(!telling.is_due(now) && telling.is_due(now + RESTS.0));
        (0..20).for_each(|_| telling.rest(now));
        assert!(!telling.is_due(now + RESTS.1 / 2) && telling.is_due(now + RESTS.1));
        telling.soon();
        assert!(telling.is_due(now));
    }
}
