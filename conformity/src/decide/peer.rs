//! Peers: the operator pins the genesis of another log, or cuts it off.

use std::sync::Arc;

use super::case::Case;
use super::genesis;
use crate::digest::Digest;
use crate::foreign;
use crate::genesis::{Expulsion, Genesis, PeerAdded, PeerExpelled, PeerRecord, Peering};
use crate::ids::RegistryId;
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::statement::Claim;

/// What stands between the name of a registry and that of a party of it.
const PARTIES: &str = ":parties:";

impl<F: Facts> Case<'_, F> {
    pub(super) fn peer_added(&self, claim: &PeerAdded) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let own = &self.genesis.genesis;
        if claim.registry == own.registry || claim.origin == own.origin {
            return Err(Refusal::PeerIsSelf { registry: claim.registry.clone() });
        }
        let before = self.facts.peer(&claim.registry);
        if before.as_ref().is_some_and(|peer| peer.expelled.is_none()) {
            return Err(Refusal::PeerExists { registry: claim.registry.clone() });
        }
        let genesis = self.pinned(claim)?;
        let earlier = before.as_ref().map_or_else(Vec::new, |peer| peerings(peer));
        let mut entries = before.as_ref().map_or_else(Vec::new, |peer| peer.entries.clone());
        entries.push(self.place.index);
        // Who was followed before goes on from there, unless it begins a new log.
        let followed =
            before.filter(|peer| peer.genesis_digest == claim.genesis_digest).map_or(0, |peer| peer.followed);
        Ok(vec![Record::Peer(Arc::new(PeerRecord {
            registry: claim.registry.clone(),
            origin: claim.origin.clone(),
            genesis_digest: claim.genesis_digest,
            genesis,
            nats_url: claim.nats_url.clone(),
            http_url: claim.http_url.clone(),
            added: self.moment(),
            expelled: None,
            earlier,
            entries,
            followed,
        }))])
    }

    /// The peer's genesis, if it is what the claim says it is.
    fn pinned(&self, claim: &PeerAdded) -> Result<Arc<Genesis>, Refusal> {
        let refuse = |because: String| Refusal::PeerGenesis { because };
        let actual = Digest::of(claim.genesis.as_bytes());
        if actual != claim.genesis_digest {
            return Err(refuse(format!("it has digest {actual}")));
        }
        let statement = foreign::read(&claim.genesis).map_err(refuse)?;
        let Claim::Genesis(begun) = &statement.claim else {
            return Err(refuse(format!("it is a {}", statement.kind())));
        };
        genesis::sound(begun, &statement).map_err(|unsound| refuse(unsound.to_string()))?;
        if begun.registry != claim.registry || begun.origin != claim.origin {
            return Err(refuse(format!("it begins {} at {}", begun.registry, begun.origin)));
        }
        if let Some(other) = self.holder_of(claim) {
            return Err(refuse(format!("that log is already pinned for {other}")));
        }
        match self.namesake_of(begun) {
            Some(holder) => Err(Refusal::PeerName { did_web: begun.did_web.to_string(), holder }),
            None => Ok(Arc::clone(begun)),
        }
    }

    /// Another peer with the same log.
    fn holder_of(&self, claim: &PeerAdded) -> Option<RegistryId> {
        let mut peers = self.facts.peers().into_iter();
        let other = peers.find(|peer| peer.origin == claim.origin && peer.registry != claim.registry)?;
        Some(other.registry.clone())
    }

    /// This registry, or another peer, whose `did:web` a genesis claims. Of one that was expelled, too: credentials under its
    /// name are still about.
    fn namesake_of(&self, begun: &Genesis) -> Option<RegistryId> {
        let own = Arc::clone(&self.genesis.genesis);
        let peers = self.facts.peers().into_iter().map(|peer| Arc::clone(&peer.genesis));
        let mut others = peers.filter(|other| other.registry != begun.registry).chain([own]);
        let other = others.find(|other| overlap(other.did_web.as_str(), begun.did_web.as_str()))?;
        Some(other.registry.clone())
    }

    pub(super) fn peer_expelled(&self, claim: &PeerExpelled) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let mut record = PeerRecord::clone(&*self.peer(&claim.registry)?);
        record.expelled = Some(Expulsion { moment: self.moment(), reason: claim.reason.clone() });
        record.entries.push(self.place.index);
        Ok(vec![Record::Peer(Arc::new(record))])
    }

    /// A peer that was expelled, whether or not it was added again since, with its newest expulsion.
    pub(super) fn expelled_peer(&self, registry: &RegistryId) -> Result<(Arc<PeerRecord>, Expulsion), Refusal> {
        let known = self.facts.peer(registry);
        let known = known.ok_or_else(|| Refusal::UnknownPeer { registry: registry.clone() })?;
        match known.last_expulsion().cloned() {
            Some(expulsion) => Ok((known, expulsion)),
            None => Err(Refusal::PeerNotExpelled { registry: registry.clone() }),
        }
    }

    /// A peer that is not expelled.
    pub(super) fn peer(&self, registry: &RegistryId) -> Result<Arc<PeerRecord>, Refusal> {
        let known = self.facts.peer(registry);
        let known = known.ok_or_else(|| Refusal::UnknownPeer { registry: registry.clone() })?;
        if known.expelled.is_some() {
            return Err(Refusal::PeerWasExpelled { registry: registry.clone() });
        }
        Ok(known)
    }
}

/// The peerings with a peer that are over, the one that was ended last included.
fn peerings(peer: &PeerRecord) -> Vec<Peering> {
    let ended = peer.expelled.clone().map(|expelled| Peering {
        origin: peer.origin.clone(),
        genesis_digest: peer.genesis_digest,
        genesis: Arc::clone(&peer.genesis),
        nats_url: peer.nats_url.clone(),
        http_url: peer.http_url.clone(),
        added: peer.added,
        expelled,
    });
    peer.earlier.iter().cloned().chain(ended).collect()
}

/// Whether one name is the other, or that of a party below it. A `did:web` begins with a host, in which case makes no
/// difference.
fn overlap(one: &str, other: &str) -> bool {
    let below = |name: &str, above: &str| name.strip_prefix(above).is_some_and(|rest| rest.starts_with(PARTIES));
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    one == other || below(&one, &other) || below(&other, &one)
}
