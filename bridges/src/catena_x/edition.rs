//! Which certificate of the network a verdict is, and what its partners are told of that.
//!
//! ```text
//! V-1 granted ▶ V-1.1, revision 1, CREATED ── extended ▶ V-1.1, revision 2, MODIFIED ── suspended ▶ V-1.1 WITHDRAWN
//!                                                                                            └─ restored ▶ V-1.2, revision 1, CREATED
//! ```
//!
//! The standard has no way back from WITHDRAWN: whatever is in force again, for whatever reason, is another certificate. What was told counts,
//! and not what was found out later: a suspension that a thief signed withdrew the certificate, and when it is declared void another one
//! begins. A verdict that was never in force is no certificate. Whether its days have come and are over is in the record, for its reader.
//! Out of scope: to whom it is offered.

use std::fmt;
use std::str::FromStr;

use conformity::ids::VerdictId;
use conformity::verdict::{Snapshot, VerdictRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Lifecycle;

/// What ends the name of a certificate's document.
const PROOF: &str = ".proof";

/// What a certificate of ours is called: its verdict, and the how-manieth that the verdict is, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateId {
    /// The verdict.
    pub verdict: VerdictId,
    /// The how-manieth certificate.
    pub spell: u64,
}

impl CertificateId {
    /// What its document is called.
    #[must_use]
    pub fn document(&self) -> String {
        format!("{self}{PROOF}")
    }

    /// The certificate whose document is called so.
    #[must_use]
    pub fn of_document(name: &str) -> Option<CertificateId> {
        name.strip_suffix(PROOF)?.parse().ok()
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.verdict, self.spell)
    }
}

/// A text that names no certificate of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a certificate is called by its verdict, a point, and a number from 1")]
pub struct NoCertificateId;

impl FromStr for CertificateId {
    type Err = NoCertificateId;

    fn from_str(text: &str) -> Result<CertificateId, NoCertificateId> {
        let (verdict, spell) = text.rsplit_once('.').ok_or(NoCertificateId)?;
        let verdict = verdict.parse().map_err(|_| NoCertificateId)?;
        let id = CertificateId { verdict, spell: spell.parse().map_err(|_| NoCertificateId)? };
        // One certificate has one name: not 01, nor +1, nor 0.
        if id.to_string() == text && id.spell > 0 { Ok(id) } else { Err(NoCertificateId) }
    }
}

/// Since when a verdict is offered, as far as that makes another certificate of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offering {
    /// How often it was offered again after it had been taken back: as often another certificate began.
    pub again: u64,
    /// How many entries the log had when it was offered last: what they say is no change of the certificate.
    pub from: u64,
}

/// Which issue of which certificate a verdict is, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// The how-manieth certificate of the verdict, from 1.
    pub spell: u64,
    /// Which issue of it, from 1.
    pub revision: u64,
    /// What became of it.
    pub became: Lifecycle,
}

impl Edition {
    /// Whether it was not withdrawn.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.became != Lifecycle::Withdrawn
    }
}

/// What one entry of the log makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The entry.
    pub entry: u64,
    /// When it was sequenced.
    pub at: Timestamp,
    /// What the certificate is from there on.
    pub edition: Edition,
}

/// All that became of a verdict that is offered so, in the order of the log. An entry of which nobody needs to be told is not there, and
/// one that ends a certificate and begins another is there twice.
#[must_use]
pub fn turns(verdict: &VerdictRecord, offering: Offering) -> Vec<Turn> {
    let (mut turns, mut course) = (Vec::new(), Course { spell: offering.again, open: None });
    let mut before: Option<Snapshot> = None;
    for (item, after) in verdict.course() {
        // A window may have closed meanwhile: then it was not in force, though no entry says so.
        let lasted = before.is_some_and(|before| before.is_in_force(item.at));
        let told = course.step(lasted, after.is_in_force(item.at));
        turns.extend(told.into_iter().flatten().map(|edition| Turn { entry: item.index, at: item.at, edition }));
        before = Some(after);
    }
    since(turns, offering.from)
}

/// The same from the offer on: what stands when it is offered is created by that.
fn since(mut turns: Vec<Turn>, from: u64) -> Vec<Turn> {
    let begun = turns.partition_point(|turn| turn.entry < from);
    let mut rest = turns.split_off(begun);
    let Some(first) = turns.pop().filter(|turn| turn.edition.stands()) else { return rest };
    for turn in rest.iter_mut().filter(|turn| turn.edition.spell == first.edition.spell) {
        turn.edition.revision = turn.edition.revision.saturating_sub(first.edition.revision - 1);
    }
    let edition = Edition { revision: 1, became: Lifecycle::Created, ..first.edition };
    rest.insert(0, Turn { edition, ..first });
    rest
}

/// How far it is: which certificate was begun last, and which issue of it there is, where it was not withdrawn.
struct Course {
    spell: u64,
    open: Option<u64>,
}

impl Course {
    /// What is told where it was in force up to an entry, or not, and is in force after it, or not.
    fn step(&mut self, lasted: bool, holds: bool) -> [Option<Edition>; 2] {
        match (self.open, holds) {
            (Some(revision), true) if lasted => [Some(self.told(revision + 1, Lifecycle::Modified)), None],
            (Some(revision), true) => {
                let ended = self.told(revision, Lifecycle::Withdrawn);
                [Some(ended), Some(self.begin())]
            }
            (Some(revision), false) => [Some(self.told(revision, Lifecycle::Withdrawn)), None],
            (None, true) => [Some(self.begin()), None],
            (None, false) => [None, None],
        }
    }

    fn begin(&mut self) -> Edition {
        self.spell += 1;
        self.told(1, Lifecycle::Created)
    }

    fn told(&mut self, revision: u64, became: Lifecycle) -> Edition {
        self.open = (became != Lifecycle::Withdrawn).then_some(revision);
        Edition { spell: self.spell, revision, became }
    }
}

/// What a verdict that is offered so is at `now`; nothing where it was never in force.
#[must_use]
pub fn edition(verdict: &VerdictRecord, offering: Offering, now: Timestamp) -> Option<Edition> {
    let edition = turns(verdict, offering).last()?.edition;
    let holds = verdict.now.is_in_force(now);
    Some(if holds { edition } else { Edition { became: Lifecycle::Withdrawn, ..edition } })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_certificate_has_one_name() {
        let id: CertificateId = "self.V-1.2".parse().unwrap();
        assert_eq!((id.verdict.as_str(), id.spell), ("self.V-1", 2));
        assert_eq!(CertificateId::of_document(&id.document()), Some(id));
        for other in ["V-1", "V-1.", "V-1.0", "V-1.01", "V-1.+1", ".1", "V-1.1/", "V-1.99999999999999999999"] {
            assert_eq!(other.parse::<CertificateId>(), Err(NoCertificateId), "{other}");
        }
    }
}
