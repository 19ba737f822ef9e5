//! A lane to a partner in Catena-X: how far that was told of each offer, from which follows what it is owed (`buyer::pushing`).
//!
//! ```text
//! tried ▶ it may have heard: its end is owed                    taken, set aside ▶ as far as that
//! replay of dead letters ▶ as far as before them               replay from a place ▶ from the beginning of what has not ended
//! ```

use bridges::catena_x::edition::Stage;
use serde::{Deserialize, Serialize};

use super::{Lane, Spot};
use crate::buyer::shelf::Name;

/// Why nothing more is sent where it is not served: CX-0135 relieves of it (section 3.2).
pub(super) const RELIEVED: &str = "the partner's endpoint takes no notifications (501), and none are owed to it";

/// What is sent, as a lane knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    /// What stands there in the log.
    At(Spot),
    /// News of a certificate.
    News(Heard),
}

/// How far a partner is once it took news of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Of which offer.
    pub offer: Name,
    /// How far.
    pub stage: Stage,
    /// Whether nothing more is ever told of it.
    pub is_last: bool,
    /// The entry that made it so, as far as one did.
    pub spot: Spot,
}

impl Sending {
    pub(super) fn spot(&self) -> Spot {
        match self {
            Self::At(spot) => *spot,
            Self::News(heard) => heard.spot,
        }
    }
}

impl From<Spot> for Sending {
    fn from(spot: Spot) -> Self {
        Self::At(spot)
    }
}

/// News of a certificate that were set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadNews {
    /// Of which offer.
    pub offer: Name,
    /// What it was.
    pub stage: Stage,
    /// How far the partner had been told before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Stage>,
}

impl Lane {
    /// News are about to be sent. Their answer may be lost, or come when it does not count any more, where they did not: whoever was tried hears
    /// of the end of what it may have heard of.
    pub fn may_have_heard(&mut self, Heard { offer, stage, .. }: &Heard) {
        let begun = Stage::begun(stage.spell);
        self.told.entry(offer.clone()).and_modify(|told| *told = begun.max(*told)).or_insert(begun);
    }

    pub(super) fn dead_news(&self, sent: &Sending) -> Option<DeadNews> {
        let Sending::News(Heard { offer, stage, .. }) = sent else { return None };
        Some(DeadNews { offer: offer.clone(), stage: *stage, before: self.told.get(offer).copied() })
    }

    /// What was sent is through.
    pub(super) fn through(&mut self, sent: &Sending) {
        match sent {
            Sending::At(spot) => self.pass(*spot),
            Sending::News(Heard { offer, stage, is_last, .. }) => {
                self.trouble = None;
                if *is_last {
                    self.told.remove(offer);
                } else {
                    self.told.insert(offer.clone(), *stage);
                }
            }
        }
    }

    /// Somebody must look what is owed; `spot` is as good as any place.
    pub fn look(&mut self, spot: Spot) {
        self.behind.get_or_insert(spot);
    }

    /// Whatever has not ended is told once more.
    pub(super) fn tell_from_the_beginning(&mut self) {
        for stage in self.told.values_mut().filter(|stage| !stage.ended) {
            *stage = Stage::begun(stage.spell);
        }
    }

    /// News that were set aside are owed again, and what came behind them, too: told twice it has one id.
    pub(super) fn unhear(&mut self, news: DeadNews, spot: Spot) {
        self.look(spot);
        let DeadNews { offer, before, .. } = news;
        match (before, self.told.get(&offer)) {
            (Some(before), told) if told.is_none_or(|told| before < *told) => drop(self.told.insert(offer, before)),
            (None, Some(_)) => drop(self.told.remove(&offer)),
            _ => {}
        }
    }
}
