//! How far the deliveries of one subscription are: a cursor, what went wrong, and when to try again. Plain values that the dispatcher
//! moves and keeps; nothing here reads a clock or waits.
//!
//! ```text
//! idle ──an event fits──▶ behind ──taken, nothing more──▶ idle
//!                           │ ▲
//!            not taken: later │ │ the time has come
//!                           ▼ │
//!                         failing ──for days, or 410──▶ parked ──replay, or put again──▶ behind
//! ```
//!
//! Where it cannot be found out what is to be told, a lane fails, is parked, or sets the entry aside, too (`buyer::hindrance`); but it is never
//! given up for what is our own fault.
//!
//! Events are delivered in order: one that is not taken holds up those behind it, until it is taken or, where it is refused as such again
//! and again, set aside as a dead letter. No event is kept here, only where it stands in the log, so that a lane is small however far it is behind.
//! A lane to a partner in Catena-X has beside how far that was told of each offer; its place in the log says only that somebody must look.
//! Out of scope: which events fit, and sending them.

mod partner;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bridges::catena_x::edition::Stage;
use conformity::words::Language;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::hindrance::Hindrance;
use super::shelf::Name;
use super::webhook::Answer;
pub use partner::{DeadNews, Heard, Sending};

/// Deliveries that are remembered.
const REMEMBERED: usize = 50;
/// Dead letters that are kept; one more parks the lane.
const MAX_DEAD: usize = 256;
/// How often a message is refused as such before it is set aside.
const REFUSALS: u32 = 6;
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// No attempt is further away than the longest pause and a quarter: where it seems so, the clock was set back meanwhile.
const FURTHEST: SignedDuration = SignedDuration::from_mins(75);
/// What a push would have been answered with (RFC 8935, section 2.3).
const REFUSED_BY_POLL: u16 = 400;
const NOT_SERVED: &str = "status 501";
const GONE: &str = "the receiver says that it is gone (410)";

/// An event's place: its entry, and its position there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// Log index.
    pub index: u64,
    /// Position within the entry.
    pub position: u32,
}

impl Spot {
    /// The first event of an entry.
    pub fn of_entry(index: u64) -> Spot {
        Spot { index, position: 0 }
    }

    /// The place behind this one.
    pub fn behind(self) -> Spot {
        match self.position.checked_add(1) {
            Some(position) => Spot { position, ..self },
            None => Spot::of_entry(self.index.saturating_add(1)),
        }
    }

    /// The first place of its entry.
    pub fn entry(self) -> Spot {
        Spot::of_entry(self.index)
    }

    /// The first place of the first entry that begins here or behind it.
    pub fn next_entry(self) -> Spot {
        if self == self.entry() { self } else { Spot::of_entry(self.index.saturating_add(1)) }
    }
}

/// How failures are followed up.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Pause after the first failure; each further one is twice as long, up to an hour.
    pub first_pause: Duration,
    /// How long a lane may fail before it is parked.
    pub give_up: SignedDuration,
}

/// An attempt to deliver something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What was sent, by its `webhook-id`.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// Whether it was taken.
    pub taken: bool,
    /// Status, or what went wrong.
    pub told: String,
}

/// An event that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Which.
    #[serde(flatten)]
    pub spot: Spot,
    /// Since when.
    pub since: Timestamp,
    /// With which status it was refused, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it was never sent, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Hindrance>,
    /// Of which certificate it is news, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub news: Option<DeadNews>,
}

impl DeadLetter {
    fn refused(spot: Spot, status: u16, since: Timestamp) -> Self {
        Self { spot, since, status: Some(status), code: None, news: None }
    }

    /// Whether it is the same that was set aside.
    fn is_again(&self, other: &DeadLetter) -> bool {
        let stage = |letter: &DeadLetter| letter.news.as_ref().map(|news| (news.offer.clone(), news.stage));
        self.spot == other.spot && stage(self) == stage(other)
    }
}

/// Why nothing is delivered until the owner says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: String,
    /// The same as a code, where it could not be found out what is to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Hindrance>,
}

impl Parked {
    /// The same in a language, as far as there are words.
    #[must_use]
    pub fn told(self, language: Language) -> Self {
        Self { why: worded(self.code, self.why, language), ..self }
    }
}

/// Trouble with the first event that is not delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// How often it was refused as such.
    pub refusals: u32,
    /// When it is tried again.
    pub next: Timestamp,
    /// What went wrong last.
    pub why: String,
    /// The same as a code, where it could not be found out what is to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Hindrance>,
}

impl Trouble {
    /// The same in a language, as far as there are words.
    #[must_use]
    pub fn told(self, language: Language) -> Self {
        Self { why: worded(self.code, self.why, language), ..self }
    }
}

fn worded(code: Option<Hindrance>, why: String, language: Language) -> String {
    code.map_or(why, |code| code.words(language))
}

/// The state of one subscription's deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The first place of which not all is delivered; none where all is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Spot>,
    /// Trouble, if there is some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Whether it is parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<Parked>,
    /// What was set aside, the oldest first.
    #[serde(default)]
    pub dead: Vec<DeadLetter>,
    /// What was handed out to a receiver that polls and is not acknowledged, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed: Vec<Spot>,
    /// Dead letters that are to be sent again, before anything else.
    #[serde(default)]
    pub again: VecDeque<Spot>,
    /// How far a partner in Catena-X was told of each offer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<Name, Stage>,
    /// The last attempts, the newest at the end.
    #[serde(default)]
    pub deliveries: VecDeque<Delivery>,
}

impl Lane {
    /// When there is something to deliver, if there is.
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let waiting = self.parked.is_none() && (self.behind.is_some() || !self.again.is_empty());
        waiting.then(|| self.next(now))
    }

    /// When something may be sent next, as far as trouble goes.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        let next = self.trouble.as_ref().map(|trouble| trouble.next);
        next.filter(|next| next.duration_since(now) <= FURTHEST).unwrap_or(now)
    }

    /// An event at `spot` fits; whether that changed anything: who is behind comes by it anyway.
    pub fn fits(&mut self, spot: Spot) -> bool {
        let is_idle = self.behind.is_none();
        if is_idle {
            self.behind = Some(spot);
        }
        is_idle
    }

    /// Remembers an attempt.
    pub fn remember(&mut self, delivery: Delivery) {
        if self.deliveries.len() >= REMEMBERED {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }

    /// What was sent was answered so. `jitter` lies between 0 and 1: receivers that failed together are not tried again together.
    pub fn answered(
        &mut self,
        sent: impl Into<Sending>,
        answer: &Answer,
        now: Timestamp,
        patience: &Patience,
        jitter: f64,
    ) {
        let sent = sent.into();
        match answer {
            Answer::Taken(_) => self.through(&sent),
            Answer::Gone => self.park(now, GONE.to_owned()),
            Answer::Refused(status) => {
                self.failed(now, format!("status {status}"), patience, jitter);
                let refusals = self.trouble.as_mut().map_or(0, |trouble| {
                    trouble.refusals += 1;
                    trouble.refusals
                });
                if refusals >= REFUSALS {
                    let news = self.dead_news(&sent);
                    let letter = DeadLetter { news, ..DeadLetter::refused(sent.spot(), *status, now) };
                    self.set_aside(letter, &sent, now);
                }
            }
            Answer::NotServed if matches!(sent, Sending::News(_)) => self.park(now, partner::RELIEVED.to_owned()),
            Answer::NotServed => self.failed(now, NOT_SERVED.to_owned(), patience, jitter),
            Answer::Failed(why) => self.failed(now, why.clone(), patience, jitter),
        }
    }

    /// A heartbeat was answered so: who is gone, or not reached for days, is parked as if events had waited. Whoever refuses it as such is there.
    pub fn beat(&mut self, answer: &Answer, now: Timestamp, patience: &Patience, jitter: f64) {
        match answer {
            Answer::Taken(_) | Answer::Refused(_) => self.trouble = None,
            Answer::Gone => self.park(now, GONE.to_owned()),
            Answer::NotServed => self.failed(now, NOT_SERVED.to_owned(), patience, jitter),
            Answer::Failed(why) => self.failed(now, why.clone(), patience, jitter),
        }
    }

    /// A ping was answered so: its owner asked for it, and it says nothing of events but that the receiver is gone.
    pub fn pinged(&mut self, answer: &Answer, now: Timestamp) {
        if *answer == Answer::Gone {
            self.park(now, GONE.to_owned());
        }
    }

    /// The event at `spot` is through.
    pub fn pass(&mut self, spot: Spot) {
        self.trouble = None;
        if self.again.front() == Some(&spot) {
            self.again.pop_front();
        } else {
            self.behind = Some(spot.behind());
        }
    }

    /// It cannot be found out now what is told next: tried again like what a receiver does not take, but not given up, for its owner can do
    /// nothing about it.
    pub fn hindered(&mut self, hindrance: Hindrance, now: Timestamp, patience: &Patience, jitter: f64) {
        self.again_later(now, (hindrance.words(Language::English), Some(hindrance)), patience, jitter);
    }

    /// It was found out that nothing is to be told: what kept that from being found out is over.
    pub fn unhindered(&mut self) {
        self.trouble.take_if(|trouble| trouble.code.is_some());
    }

    /// Of the entry at `spot` it is never found out what is to be told.
    pub fn undeliverable(&mut self, spot: Spot, hindrance: Hindrance, now: Timestamp) {
        let letter = DeadLetter { spot, since: now, status: None, code: Some(hindrance), news: None };
        self.set_aside(letter, &spot.into(), now);
    }

    fn failed(&mut self, now: Timestamp, why: String, patience: &Patience, jitter: f64) {
        let before = self.trouble.as_ref().filter(|trouble| trouble.code.is_none());
        let since = before.map_or(now, |trouble| trouble.since.min(now));
        if now.duration_since(since) >= patience.give_up {
            return self.park(now, format!("nothing was taken since {since}; the last time: {why}"));
        }
        self.again_later(now, (why, None), patience, jitter);
    }

    /// Trouble of another kind than before begins anew.
    fn again_later(
        &mut self,
        now: Timestamp,
        (why, code): (String, Option<Hindrance>),
        patience: &Patience,
        jitter: f64,
    ) {
        let before = self.trouble.take().filter(|trouble| trouble.code == code);
        let (since, attempts) = before.as_ref().map_or((now, 0), |trouble| (trouble.since.min(now), trouble.attempts));
        let doubled = patience.first_pause.saturating_mul(1 << attempts.min(16)).min(LONGEST_PAUSE);
        let pause = doubled.mul_f64(0.75 + jitter.clamp(0.0, 1.0) / 2.0);
        let next = SignedDuration::try_from(pause).ok().and_then(|pause| now.checked_add(pause).ok()).unwrap_or(now);
        let refusals = before.map_or(0, |trouble| trouble.refusals);
        self.trouble = Some(Trouble { since, attempts: attempts.saturating_add(1), refusals, next, why, code });
    }

    fn set_aside(&mut self, letter: DeadLetter, sent: &Sending, now: Timestamp) {
        // One that was told again in vain waits once.
        self.dead.retain(|dead| !dead.is_again(&letter));
        if self.dead.len() >= MAX_DEAD {
            return self.park(now, format!("{MAX_DEAD} dead letters wait already; replay or drop them"));
        }
        self.dead.push(letter);
        self.through(sent);
    }

    /// Sends nothing more until its owner says so.
    pub fn park(&mut self, now: Timestamp, why: String) {
        self.trouble = None;
        self.parked = Some(Parked { since: now, why, code: None });
    }

    /// The same where it cannot be found out what is to be told before its owner does something.
    pub fn stuck(&mut self, hindrance: Hindrance, now: Timestamp) {
        self.trouble = None;
        let (why, code) = (hindrance.words(Language::English), Some(hindrance));
        self.parked = Some(Parked { since: now, why, code });
    }

    /// Goes on at once, whatever the trouble was.
    pub fn resume(&mut self) {
        self.trouble = None;
        self.parked = None;
    }

    /// What was handed out and not acknowledged is told from there on, as if it had not been.
    pub fn take_back(&mut self) {
        if let Some(first) = std::mem::take(&mut self.handed).into_iter().min() {
            self.behind = Some(self.behind.map_or(first, |behind| behind.min(first)));
        }
    }

    /// Whatever waits is not told any more.
    pub fn drop_all(&mut self) {
        *self = Lane {
            dead: std::mem::take(&mut self.dead),
            deliveries: std::mem::take(&mut self.deliveries),
            ..Lane::default()
        };
    }

    /// A receiver that polls refuses the event at `spot`; `false` where no more can be set aside.
    pub fn refused(&mut self, spot: Spot, now: Timestamp) -> bool {
        let has_room = self.dead.len() < MAX_DEAD;
        if has_room {
            self.handed.retain(|handed| *handed != spot);
            self.dead.retain(|dead| dead.spot != spot);
            self.dead.push(DeadLetter::refused(spot, REFUSED_BY_POLL, now));
        }
        has_room
    }

    /// Delivers everything from `spot` on again, behind dead letters from before it that were to be sent again and are not yet. A partner in
    /// Catena-X is told once more of whatever has not ended, wherever that began.
    pub fn rewind(&mut self, spot: Spot) {
        self.resume();
        self.again.retain(|waiting| *waiting < spot);
        self.handed.retain(|handed| *handed < spot);
        self.behind = Some(spot);
        self.tell_from_the_beginning();
    }

    /// Delivers the dead letters again, and how many there are.
    pub fn revive(&mut self) -> usize {
        self.resume();
        let dead = std::mem::take(&mut self.dead);
        let count = dead.len();
        for DeadLetter { spot, news, .. } in dead {
            match news {
                Some(news) => self.unhear(news, spot),
                None => self.again.push_back(spot),
            }
        }
        count
    }
}

#[cfg(test)]
mod tests;
