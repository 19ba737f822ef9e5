//! Hosting and moving out: the operator says with whom the registry shares a node, and where it goes.
//!
//! Each log says its own part; whether both agree, whoever knows both finds out ([`crate::hosting::hostings`]).

use std::sync::Arc;

use super::case::Case;
use crate::digest::Digest;
use crate::genesis::GenesisRecord;
use crate::hosting::{HostingAccepted, HostingConsented, HostingEnded, HostingRecord, MoveRecord, Part, RegistryMoved};
use crate::ids::{Origin, RegistryId};
use crate::records::{Facts, Record};
use crate::refusal::Refusal;

/// Most addresses that one log names: they are part of what proves a log's keys to others, which is shown all at once.
const MAX_MOVES: usize = 64;
/// Most consents and acceptances in one log, for the same reason.
const MAX_HOSTINGS: usize = 64;

impl<F: Facts> Case<'_, F> {
    pub(super) fn registry_moved(&self, claim: &RegistryMoved) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        address("tls://", claim.nats_url.as_str(), true)?;
        address("https://", claim.http_url.as_str(), false)?;
        let begun = &self.genesis;
        let last = begun.moves.last();
        if last.is_some_and(|last| last.nats_url == claim.nats_url && last.http_url == claim.http_url) {
            return Err(Refusal::NotMoved);
        }
        if begun.moves.len() >= MAX_MOVES {
            return Err(Refusal::TooManyMoves);
        }
        let mut record = GenesisRecord::clone(begun);
        let (nats_url, http_url) = (claim.nats_url.clone(), claim.http_url.clone());
        record.moves.push(MoveRecord { nats_url, http_url, moment: self.moment() });
        // Whoever leaves is hosted no more, unless it consents anew.
        self.end(&mut record, |one| one.part == Part::Guest);
        Ok(vec![Record::Genesis(Arc::new(record))])
    }

    pub(super) fn hosting_consented(&self, claim: &HostingConsented) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        if let Some(until) = claim.until.filter(|until| *until < self.today()) {
            return Err(Refusal::HostingOver { until });
        }
        self.hosting(HostingRecord {
            part: Part::Guest,
            registry: claim.registry.clone(),
            origin: claim.origin.clone(),
            genesis_digest: claim.genesis_digest,
            until: claim.until,
            paper: claim.paper,
            moment: self.moment(),
            ended: None,
        })
    }

    pub(super) fn hosting_accepted(&self, claim: &HostingAccepted) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        self.hosting(HostingRecord {
            part: Part::Host,
            registry: claim.registry.clone(),
            origin: claim.origin.clone(),
            genesis_digest: claim.genesis_digest,
            until: None,
            paper: None,
            moment: self.moment(),
            ended: None,
        })
    }

    pub(super) fn hosting_ended(&self, claim: &HostingEnded) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let mut record = GenesisRecord::clone(&self.genesis);
        if self.end(&mut record, |one| one.registry == claim.registry) == 0 {
            return Err(Refusal::NoHosting { registry: claim.registry.clone() });
        }
        Ok(vec![Record::Genesis(Arc::new(record))])
    }

    fn hosting(&self, new: HostingRecord) -> Result<Vec<Record>, Refusal> {
        self.another(&new.registry, &new.origin, new.genesis_digest)?;
        let begun = &self.genesis;
        let holds = |one: &HostingRecord| {
            (one.part, &one.registry, one.genesis_digest) == (new.part, &new.registry, new.genesis_digest)
                && one.over(self.at()).is_none()
        };
        if begun.hosting.iter().any(holds) {
            return Err(Refusal::HostingStands { registry: new.registry });
        }
        if begun.hosting.len() >= MAX_HOSTINGS {
            return Err(Refusal::TooManyHostings);
        }
        let mut record = GenesisRecord::clone(begun);
        record.hosting.push(new);
        Ok(vec![Record::Genesis(Arc::new(record))])
    }

    /// The other side is not we, and not another than the peer of that name. Whoever replays a part of the log may know no peers:
    /// then nothing contradicts.
    pub(super) fn another(&self, registry: &RegistryId, origin: &Origin, genesis: Digest) -> Result<(), Refusal> {
        let own = &self.genesis.genesis;
        if *registry == own.registry || *origin == own.origin {
            return Err(Refusal::HostsItself);
        }
        match self.facts.peer(registry) {
            Some(peer) if peer.genesis_digest != genesis || peer.origin != *origin => {
                Err(Refusal::HostingOfAnother { registry: registry.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Ends what holds of the chosen; says how many.
    fn end(&self, record: &mut GenesisRecord, chosen: impl Fn(&HostingRecord) -> bool) -> usize {
        let holding = record.hosting.iter_mut().filter(|one| one.over(self.at()).is_none() && chosen(one));
        holding.map(|one| one.ended = Some(self.moment())).count()
    }
}

/// Whether a URL says a host, and a port where it must: nothing else is needed to reach it.
pub(super) fn address(scheme: &str, url: &str, must_have_port: bool) -> Result<(), Refusal> {
    let refuse = |because| Err(Refusal::UnsoundAddress { because });
    let Some(authority) = url.strip_prefix(scheme) else {
        return refuse("the nats-server's address begins with tls://, the HTTPS door's with https://");
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_named = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    let named = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => {
            literal.contains(':') && literal.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte))
        }
        None => !host.is_empty() && host.bytes().all(is_named),
    };
    if !named {
        return refuse("behind that comes the name of a host, and no path");
    }
    match port.map(str::parse::<u16>) {
        Some(Ok(port)) if port > 0 => Ok(()),
        None if !must_have_port => Ok(()),
        _ => refuse("the port is a number from 1 to 65535"),
    }
}
