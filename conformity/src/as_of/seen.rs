//! Each record as of a time: cut where the log ended then, or as far as it had taken effect.
//!
//! A record says of each thing that happened to it when that was sequenced, so its past follows from itself alone. As the registry
//! then knew, it is the record that the log up to there gives, equal to the last member; a property over random logs holds it to
//! that (`tests/rules/as_of.rs`). The exceptions are how far a peer is followed and whose place a party
//! took, which no answer about the past tells, and agreements about successions: a record keeps the newest of each pair, so an older one
//! is not told of the time when it was the newest.
//!
//! Who spoke for a body, or answered for a verdict, is no record and not cut here: [`crate::succession::answering`] goes by time,
//! and all entries of a commit share one. As of a size inside a commit, a succession of that commit is seen, also where it stands behind that size.
//!
//! What reaches back by effect, and so differs by what is known now: verdicts and their changes (from the time that they name), what
//! was signed with a stolen key (at no time), accreditations and designations that were granted after their first day. All else holds from its
//! entry on; arrangements above all: a party binds itself and lets go for the time to come.

use std::sync::Arc;

use super::AsOf;
use crate::accreditation::{AccreditationRecord, Changed, DesignationRecord};
use crate::arrangement::{Act, ArrangementRecord};
use crate::credential::CredentialRecord;
use crate::genesis::{GenesisRecord, PeerRecord, Peering};
use crate::party::{PartyKey, PartyRecord};
use crate::records::SchemeRecord;
use crate::time::{Day, Moment};
use crate::verdict::{HistoryItem, VerdictRecord};

impl VerdictRecord {
    /// The verdict as of a time; nothing where it was not granted, or did not hold yet, then.
    pub fn seen(self: &Arc<Self>, as_of: &AsOf) -> Option<Arc<Self>> {
        match as_of {
            AsOf::Present(_) => Some(Arc::clone(self)),
            // Whatever declares something void stands in the history itself.
            AsOf::KnownThen { .. } if self.history.last().is_some_and(|item| as_of.knows(item.moment())) => {
                Some(Arc::clone(self))
            }
            AsOf::KnownThen { .. } => {
                let shown = self.history.iter().take_while(|item| as_of.knows(item.moment()));
                self.with_history(shown.map(|item| shown_then(item, as_of)).collect()).map(Arc::new)
            }
            AsOf::KnownNow { at } => {
                let now = self.in_effect_at(*at)?;
                let history = self.history.iter().filter(|item| item.effective <= *at).cloned().collect();
                Some(Arc::new(Self { terms: Arc::clone(&self.terms), now, history }))
            }
        }
    }
}

/// What happened, without what was only later declared void.
fn shown_then(item: &HistoryItem, as_of: &AsOf) -> HistoryItem {
    HistoryItem { voided: item.voided.filter(|declared| as_of.knows(*declared)), ..item.clone() }
}

impl CredentialRecord {
    /// The credential as of a time; nothing where it was not issued yet, or by what is known now never was.
    pub fn seen(self: &Arc<Self>, as_of: &AsOf) -> Option<Arc<Self>> {
        let voided = match as_of {
            AsOf::Present(_) | AsOf::KnownNow { .. } => self.voided,
            AsOf::KnownThen { .. } => self.voided.filter(|declared| as_of.knows(*declared)),
        };
        as_of.knows(self.issued).then(|| {
            if voided == self.voided { Arc::clone(self) } else { Arc::new(Self { voided, ..Self::clone(self) }) }
        })
    }
}

impl AccreditationRecord {
    /// The accreditation as of a time; nothing where it was not granted then.
    pub fn seen(self: &Arc<Self>, as_of: &AsOf) -> Option<Arc<Self>> {
        granted(self.granted, self.accreditation.from, as_of).then(|| {
            let changes = known(&self.changes, as_of);
            if changes.len() == self.changes.len() {
                return Arc::clone(self);
            }
            Arc::new(Self { changes, ..Self::clone(self) })
        })
    }
}

impl DesignationRecord {
    /// The designation as of a time; nothing where it was not made then.
    pub fn seen(self: &Arc<Self>, as_of: &AsOf) -> Option<Arc<Self>> {
        granted(self.made, self.designation.from, as_of).then(|| {
            let changes = known(&self.changes, as_of);
            if changes.len() == self.changes.len() {
                return Arc::clone(self);
            }
            Arc::new(Self { changes, ..Self::clone(self) })
        })
    }
}

/// Whether it was there: sequenced or, by what is known now, begun.
fn granted(moment: Moment, from: Day, as_of: &AsOf) -> bool {
    as_of.knows(moment) || matches!(as_of, AsOf::KnownNow { at } if from.start() <= *at)
}

fn known<C: Clone>(changes: &[Changed<C>], as_of: &AsOf) -> Vec<Changed<C>> {
    changes.iter().take_while(|item| as_of.knows(item.moment)).cloned().collect()
}

impl SchemeRecord {
    /// The scheme as of a time; nothing where it was not published then.
    pub fn seen(self: &Arc<Self>, as_of: &AsOf) -> Option<Arc<Self>> {
        as_of.knows(self.published).then(|| match &self.replaced {
            Some(replaced) if !as_of.knows(replaced.moment) => Arc::new(Self { replaced: None, ..Self::clone(self) }),
            _ => Arc::clone(self),
        })
    }
}

impl PartyRecord {
    /// The party as of a time, with the keys that it had and by whom it was succeeded; nothing where it was not registered then. Of
    /// agreements the newest are told that were known; whose place it took is told of no past.
    pub fn seen(self: &Arc<Self>, as_of: &AsOf) -> Option<Arc<Self>> {
        as_of.knows(self.registered).then(|| {
            let keys = self.keys.iter().filter(|key| as_of.knows(key.added));
            let keys: Vec<PartyKey> = keys.map(|key| key_then(key, as_of)).collect();
            let mut agreements = self.agreements.clone();
            agreements.retain(|agreement| as_of.knows(agreement.moment));
            let succeeded = self.succeeded.clone().filter(|end| as_of.knows(end.moment));
            if (&keys, &agreements, &succeeded) == (&self.keys, &self.agreements, &self.succeeded) {
                return Arc::clone(self);
            }
            Arc::new(Self { keys, agreements, succeeded, ..Self::clone(self) })
        })
    }
}

/// A key as of a time. That it was in other hands since a moment is known now for any time after that.
fn key_then(key: &PartyKey, as_of: &AsOf) -> PartyKey {
    let mut then = key.clone();
    then.revoked = then.revoked.filter(|end| as_of.knows(end.moment));
    then.compromised.retain(|compromise| match as_of {
        AsOf::KnownNow { at } => compromise.since <= *at,
        AsOf::Present(_) | AsOf::KnownThen { .. } => as_of.knows(compromise.declared),
    });
    then
}

impl ArrangementRecord {
    /// The arrangement as of a time: the acts that were known, and the terms that somebody had signed; nothing where nobody had.
    pub fn seen(self: &Arc<Self>, as_of: &AsOf) -> Option<Arc<Self>> {
        let count = self.acts.partition_point(|act| as_of.knows(act.moment));
        if count == self.acts.len() {
            return Some(Arc::clone(self));
        }
        let acts = self.acts.get(..count).filter(|acts| !acts.is_empty())?.to_vec();
        let mut terms = self.terms.clone();
        terms.retain(|signed| {
            acts.iter().any(|act| matches!(&act.act, Act::Signed { digest } if *digest == signed.digest))
        });
        Some(Arc::new(Self { id: self.id.clone(), terms, acts }))
    }
}

impl GenesisRecord {
    /// The beginning of the log with what had become of it by a time; nothing where there was no log. Approvals are told of no past.
    pub fn seen(self: &Arc<Self>, as_of: &AsOf) -> Option<Arc<Self>> {
        if let AsOf::Present(_) = as_of {
            return Some(Arc::clone(self));
        }
        as_of.knows(self.moment).then(|| {
            let mut then = Self { approvals: Vec::new(), ..Self::clone(self) };
            then.log_keys.retain(|later| as_of.knows(later.moment));
            then.ca_roots.retain(|root| as_of.knows(root.added));
            for root in &mut then.ca_roots {
                root.retired = root.retired.filter(|end| as_of.knows(*end));
            }
            // Of those that the genesis names there is a record only once they are retired.
            then.ca_roots.retain(|root| root.added != self.moment || root.retired.is_some());
            then.persons.retain(|later| as_of.knows(later.moment));
            then.moves.retain(|moved| as_of.knows(moved.moment));
            then.hosting.retain(|said| as_of.knows(said.moment));
            for said in &mut then.hosting {
                said.ended = said.ended.filter(|end| as_of.knows(*end));
            }
            then.closed = then.closed.filter(|end| as_of.knows(end.moment));
            then.accepted.retain(|accepted| as_of.knows(accepted.moment));
            Arc::new(then)
        })
    }
}

impl PeerRecord {
    /// The peer as of a time, as it was pinned then; nothing where it never had been.
    pub fn seen(self: &Arc<Self>, as_of: &AsOf) -> Option<Arc<Self>> {
        if as_of.knows(self.added) {
            let expelled = self.expelled.clone().filter(|end| as_of.knows(end.moment));
            if expelled == self.expelled {
                return Some(Arc::clone(self));
            }
            let entries = before_end(&self.entries, self.added);
            return Some(Arc::new(Self { expelled, entries, ..Self::clone(self) }));
        }
        let count = self.earlier.iter().take_while(|peering| as_of.knows(peering.added)).count();
        let (last, earlier) = self.earlier.get(..count)?.split_last()?;
        Some(Arc::new(self.during(last, earlier, as_of)))
    }

    fn during(&self, peering: &Peering, earlier: &[Peering], as_of: &AsOf) -> Self {
        let Peering { origin, genesis_digest, genesis, nats_url, http_url, added, expelled } = peering.clone();
        let last = expelled.moment;
        let expelled = as_of.knows(last).then_some(expelled);
        let entries = match &expelled {
            Some(end) => self.entries.iter().copied().filter(|index| *index <= end.moment.index).collect(),
            None => before_end(&self.entries, added),
        };
        let registry = self.registry.clone();
        let (earlier, followed) = (earlier.to_vec(), self.followed);
        Self {
            registry,
            origin,
            genesis_digest,
            genesis,
            nats_url,
            http_url,
            added,
            expelled,
            earlier,
            entries,
            followed,
        }
    }
}

/// The entries up to the addition.
fn before_end(entries: &[u64], added: Moment) -> Vec<u64> {
    entries.iter().copied().filter(|index| *index <= added.index).collect()
}
