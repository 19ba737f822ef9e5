//! Passing on the bulletins of a peer: each once, as its issuer signed it, in the order of the peer's log.
//!
//! Only what the peer itself issued: what it passed on of others is no bulletin of its log. What was passed on, our own log says, so a
//! crash repeats nothing; what is over the day's measure waits for the next day.

use std::sync::RwLock;

use conformity::bulletin::{BulletinRelayed, MAX_RELAYED};
use conformity::digest::Digest;
use conformity::ids::StatementId;
use conformity::refusal::Refusal;
use conformity::statement::Claim;
use conformity::time::Day;
use federation::mirror::Mirror;

use super::{Kept, Pursuit, Setback, read};
use crate::core::derive::DeriveError;
use crate::core::sequencer::SequenceError;

/// Bulletins of one peer that are passed on in a day (UTC): each costs an entry in our log, and the attention of everyone concerned.
const MAX_A_DAY: usize = 32;

impl Pursuit {
    /// Passes on what was not passed on yet.
    pub(super) async fn relay(&mut self) -> Result<(), Setback> {
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return Ok(()) };
        for (index, statement) in self.unrelayed(&mirror) {
            match self.pass_on(index, &statement).await {
                Ok(()) => {}
                Err(DeriveError::Sequence(SequenceError::Refused(
                    Refusal::Duplicate { .. } | Refusal::StatementIdTaken { .. },
                ))) => {}
                Err(DeriveError::Sequence(SequenceError::Refused(refusal))) => {
                    self.note_fault("bulletin-refused", &format!("its bulletin at {index}: {refusal}"));
                }
                Err(DeriveError::Sign(problem)) => {
                    self.note_fault("bulletin-refused", &format!("its bulletin at {index}: {problem}"));
                }
                Err(error) => return Err(anyhow::Error::from(error).into()),
            }
            self.relayed = index + 1;
        }
        Ok(())
    }

    /// The next ones, as many as may still be passed on today.
    fn unrelayed(&mut self, mirror: &RwLock<Mirror>) -> Vec<(u64, String)> {
        let mirror = read(mirror);
        // Most peers issue one in a month; the register is looked at when there is something to pass on.
        if mirror.followed().bulletins_from(self.relayed).next().is_none() {
            return Vec::new();
        }
        let today = Day::of(self.registry.now()).start();
        let (mut behind, mut passed) = (0, 0);
        for record in self.registry.read_model.register().bulletins() {
            if let Some(relayed) = record.relayed
                && record.name.registry == self.peer.registry
                && record.moment.index > self.peer.added.index
            {
                behind = behind.max(relayed.index + 1);
                passed += usize::from(record.moment.at >= today);
            }
        }
        self.relayed = self.relayed.max(behind);
        let left = MAX_A_DAY.saturating_sub(passed);
        let next = mirror.followed().bulletins_from(self.relayed).take(left);
        next.map(|(index, statement)| (index, statement.to_owned())).collect()
    }

    async fn pass_on(&self, index: u64, statement: &str) -> Result<(), DeriveError> {
        let too_long = |_| DeriveError::Sign(format!("it has more than {MAX_RELAYED} bytes"));
        let claim = BulletinRelayed {
            registry: self.peer.registry.clone(),
            index,
            statement: statement.parse().map_err(too_long)?,
        };
        let id = relayed_id(statement)?;
        self.registry.deriver.state(id, Claim::BulletinRelayed(Box::new(claim)), Vec::new()).await.map(drop)
    }
}

/// One id for one foreign statement.
fn relayed_id(statement: &str) -> Result<StatementId, DeriveError> {
    let digest = Digest::of(statement.as_bytes());
    format!("bulletin-{digest}").parse().map_err(|_| DeriveError::Sign("a digest makes no id".to_owned()))
}
