//! What each key signed, in the order of the log: looked up, never searched for, when a key turns out to have been stolen.
//!
//! Only statements that can become void are kept here, each as its moment and a name of what it is about. Out of scope: what
//! becomes of that, see [`mod@crate::decide`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StatementRecord, Voidable};
use crate::credential::StatusSlot;
use crate::ids::{ConsentId, PartyId, VerdictId};
use crate::key::KeyId;
use crate::time::Moment;

/// What a statement is about that can become void.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Touched {
    /// A verdict: its grant, a change of it, or a report.
    Verdict(VerdictId),
    /// The credential of this slot.
    Credential(StatusSlot),
    /// A consent of the signer.
    Consent(ConsentId),
}

/// A statement that a key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Where it was sequenced.
    pub moment: Moment,
    /// What it is about.
    pub touches: Touched,
}

/// What every key signed. The same key of two parties is two keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SignedByKey(HashMap<(PartyId, KeyId), BTreeMap<Moment, Touched>>);

impl SignedByKey {
    pub(super) fn insert(&mut self, record: &StatementRecord) {
        if let Some(Voidable { kid, at, touches }) = &record.voidable {
            let moment = Moment { index: record.index, at: *at };
            self.0.entry((record.iss.clone(), *kid)).or_default().insert(moment, touches.clone());
        }
    }

    /// What a key signed that was sequenced at `since` or later, but before `until`, in the order of the log.
    pub(super) fn between(&self, by: &PartyId, kid: &KeyId, since: Timestamp, until: Option<Timestamp>) -> Vec<Signed> {
        let Some(signed) = self.0.get(&(by.clone(), *kid)) else { return Vec::new() };
        // Times never go back in a log, so the newest first and no further than asked.
        let newest = signed.iter().rev().skip_while(|(moment, _)| until.is_some_and(|until| moment.at >= until));
        let within = newest.take_while(|(moment, _)| moment.at >= since);
        let mut within: Vec<_> =
            within.map(|(moment, touches)| Signed { moment: *moment, touches: touches.clone() }).collect();
        within.reverse();
        within
    }

    /// Forgets the statements at these places.
    pub(super) fn forget(&mut self, gone: &BTreeSet<u64>) {
        self.0.values_mut().for_each(|signed| signed.retain(|moment, _| !gone.contains(&moment.index)));
        self.0.retain(|_, signed| !signed.is_empty());
    }
}
