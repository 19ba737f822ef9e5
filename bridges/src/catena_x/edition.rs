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
//!
//! How far a partner was told is a [`Stage`], and never a place in a queue: what it is owed follows from that and from what became of the
//! verdict, whatever happened to the offer meanwhile. Out of scope: to whom it is offered.

use std::fmt;
use std::str::FromStr;

use conformity::ids::VerdictId;
use conformity::time::Day;
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

/// Since when a verdict is offered, as far as that makes another certificate or another issue of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offering {
    /// How often it was offered anew: after it had been taken back, to a partner who had lost it, or as something else. As often another
    /// certificate began.
    pub again: u64,
    /// How many entries the log had when it was offered last, or when the offer was last changed: what they say is no change of the
    /// certificate any more.
    pub from: u64,
    /// How many issues of the certificate there were before the offer was last changed.
    #[serde(default)]
    pub earlier: u64,
    /// How many entries the log had when it was taken back; none while it is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
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

    /// How far whoever was told of it is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        Stage { spell: self.spell, ended: !self.stands(), revision: self.revision }
    }

    /// The end of the same certificate.
    #[must_use]
    pub fn ended(self) -> Edition {
        Edition { became: Lifecycle::Withdrawn, ..self }
    }
}

/// How far a partner was told of a verdict. What is told is in the order of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Of which certificate.
    pub spell: u64,
    /// Whether of its end.
    pub ended: bool,
    /// Of which issue; 0 where it may have heard that it began, and is told once more.
    pub revision: u64,
}

impl Stage {
    /// Whoever may have heard of this certificate, and is told of it from the beginning.
    #[must_use]
    pub fn begun(spell: u64) -> Stage {
        Stage { spell, ended: false, revision: 0 }
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
    /// Its last day, as of then.
    pub valid_until: Option<Day>,
}

/// All that became of a verdict that is offered so, up to `now`, in the order of the log. An entry of which nobody needs to be told is not there,
/// and one that ends a certificate and begins another is there twice.
#[must_use]
pub fn turns(verdict: &VerdictRecord, offering: Offering, now: Timestamp) -> Vec<Turn> {
    let (mut turns, mut course) = (Vec::new(), Course { spell: offering.again, open: None });
    let mut before: Option<Snapshot> = None;
    for (item, after) in verdict.course().take_while(|(item, _)| offering.until.is_none_or(|until| item.index < until))
    {
        // A window may have closed meanwhile: then it was not in force, though no entry says so.
        let lasted = before.is_some_and(|before| before.is_in_force(item.at));
        let told = course.step(lasted, after.is_in_force(item.at));
        let turn = |edition| Turn { entry: item.index, at: item.at, edition, valid_until: after.valid_until };
        turns.extend(told.into_iter().flatten().map(turn));
        before = Some(after);
    }
    let mut turns = since(turns, offering);
    let is_over = offering.until.is_some() || !verdict.now.is_in_force(now);
    if let Some(last) = turns.last().copied().filter(|last| is_over && last.edition.stands()) {
        turns.push(Turn { edition: last.edition.ended(), ..last });
    }
    turns
}

/// The same from the offer on: what stands when it is offered is created by that. What changed before the offer was last changed is superseded.
fn since(mut turns: Vec<Turn>, Offering { from, earlier, .. }: Offering) -> Vec<Turn> {
    let begun = turns.partition_point(|turn| turn.entry < from);
    let mut rest = turns.split_off(begun);
    let Some(first) = turns.pop().filter(|turn| turn.edition.stands()) else { return rest };
    for turn in rest.iter_mut().filter(|turn| turn.edition.spell == first.edition.spell) {
        turn.edition.revision =
            turn.edition.revision.saturating_sub(first.edition.revision - 1).saturating_add(earlier);
    }
    let as_of_then = |revision, became| Turn { edition: Edition { revision, became, ..first.edition }, ..first };
    let changed = (earlier > 0).then(|| as_of_then(earlier.saturating_add(1), Lifecycle::Modified));
    rest.splice(0..0, std::iter::once(as_of_then(1, Lifecycle::Created)).chain(changed));
    rest
}

/// Ends of certificates that a partner was never told of which it is told nevertheless, for it may have found them by asking.
const PASSED_OVER: u64 = 32;

/// What a partner that was told so far is told next of these, if anything. One that was told nothing begins with what holds.
#[must_use]
pub fn next(turns: &[Turn], told: Option<Stage>) -> Option<Turn> {
    let (first, last) = (turns.first()?, turns.last()?);
    let Some(told) = told else {
        return turns.iter().find(|turn| last.edition.stands() && turn.edition.spell == last.edition.spell).copied();
    };
    let due = if told.ended { told.spell.saturating_add(1) } else { told.spell };
    if due >= first.edition.spell {
        return turns.iter().find(|turn| turn.edition.stage() > told).copied();
    }
    // The offer begins anew behind what it was told: that ended, and so did what came between.
    let spell = due.max(first.edition.spell.saturating_sub(PASSED_OVER));
    let revision = if spell == told.spell { told.revision.max(1) } else { 1 };
    Some(Turn { edition: Edition { spell, revision, became: Lifecycle::Withdrawn }, ..*first })
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
    turns(verdict, offering, now).last().map(|turn| turn.edition)
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
