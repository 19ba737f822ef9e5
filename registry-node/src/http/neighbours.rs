//! Arrangements and peers: with whom this registry is in touch, and how that stands, and how it stood.

use std::collections::BTreeSet;
use std::sync::Arc;

use conformity::arrangement::{ArrangementRecord, ArrangementRole};
use conformity::as_of::{AsOf, Seen};
use conformity::digest::Digest;
use conformity::doubts::{Doubt, doubts, is_accredited};
use conformity::genesis::{Expulsion, GenesisRecord, PeerRecord};
use conformity::hosting::{Hosting, Standing};
use conformity::ids::{CountryCode, Origin, PartyId, RegistryId, SchemeRef};
use conformity::in_force::{Footing, Force, Pair, footing};
use conformity::proposals::{Proposal, proposals};
use conformity::succession::RegistryClosed;
use conformity::text::Text;
use conformity::time::{Day, Moment};
use jiff::Timestamp;
use serde::Serialize;
use warp::reply::Response;

use super::answer;
use super::as_of;
use super::ask::Ask;
use super::hosting;
use super::page::{MAX_LIMIT, Page};
use super::site::Site;
use crate::core::peer_board::PeerStatus;
use crate::core::registry::Registry;
use crate::problem::Problem;
use crate::witness::witness_key;

/// An arrangement with how it stands in each direction that concerns this registry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Arranged {
    #[serde(flatten)]
    record: Arc<ArrangementRecord>,
    directions: Vec<Direction>,
    /// Terms that wait for a signature, ours or another's.
    proposals: Vec<Proposal>,
    /// What the newest terms name and nobody here has seen, at present.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doubts: Vec<Doubt>,
}

/// How an arrangement stands for the verdicts of one registry in another.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Direction {
    from: RegistryId,
    to: RegistryId,
    /// Version of the terms that govern or, before any did, that were proposed.
    version: u32,
    #[serde(flatten)]
    standing: ForceNow,
}

/// [`Force`] in words.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case", tag = "force")]
enum ForceNow {
    InForce {
        since: Timestamp,
    },
    Suspended {
        since: Timestamp,
        by: BTreeSet<RegistryId>,
    },
    Ended {
        since: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<RegistryId>,
    },
    NotYet {
        begins: Day,
    },
    Unsigned {
        missing: BTreeSet<RegistryId>,
    },
}

impl From<Force> for ForceNow {
    fn from(force: Force) -> ForceNow {
        match force {
            Force::InForce { since } => Self::InForce { since },
            Force::Suspended { since, by } => Self::Suspended { since, by },
            Force::Ended { since, by } => Self::Ended { since, by },
            Force::NotYet { from } => Self::NotYet { begins: from },
            Force::Unsigned { missing } => Self::Unsigned { missing },
        }
    }
}

/// `GET /v1/arrangements`
pub(super) fn arrangements(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page = Page::of(ask.query(), MAX_LIMIT)?;
    let us = &site.registry.config.registry.id;
    let as_of = as_of::of(site, ask.query())?;
    let records = Seen::new(&*site.register(), as_of).arrangements();
    let arranged = |record: &Arc<ArrangementRecord>| Arranged {
        directions: directions(record, us, as_of.at()),
        proposals: proposals(record, us),
        // What peers have shown is known of now alone.
        doubts: if as_of::is_past(site, ask) { Vec::new() } else { in_doubt(site, record, ask) },
        record: Arc::clone(record),
    };
    let page = page.cut("arrangements", records.into_iter(), |record| &record.id);
    Ok(answer::in_language(page.map(arranged).answer()?, ask.language()))
}

/// What the newest terms name that neither this registry's own log nor those of its peers show. The register is held for a body at a
/// time only: a peer chooses how many there are, and anybody may ask.
fn in_doubt(site: &Site, record: &ArrangementRecord, ask: &Ask) -> Vec<Doubt> {
    let (us, now) = (&site.registry.config.registry.id, site.registry.now());
    let met = |registry: &RegistryId, body: &PartyId, scheme: &SchemeRef| {
        if registry == us {
            is_accredited(&*site.register(), body, scheme, now)
        } else {
            site.registry.peers.has_met(registry, body, scheme)
        }
    };
    record.newest_terms().map(|terms| doubts(terms, met, ask.language())).unwrap_or_default()
}

/// The directions between us and each other party, as far as the newest terms have one issue and the other recognise.
fn directions(record: &ArrangementRecord, us: &RegistryId, at: Timestamp) -> Vec<Direction> {
    let Some(newest) = record.newest_terms() else { return Vec::new() };
    let parties = &newest.parties;
    let pairs = parties
        .iter()
        .filter(|party| party.registry != *us)
        .flat_map(|other| [Pair { from: &other.registry, to: us }, Pair { from: us, to: &other.registry }]);
    let plays = |registry: &RegistryId, role| {
        parties.iter().any(|party| party.registry == *registry && party.roles.contains(&role))
    };
    let concerned =
        pairs.filter(|pair| plays(pair.from, ArrangementRole::Issuing) && plays(pair.to, ArrangementRole::Recognising));
    concerned.filter_map(|pair| footing(record, pair, at).map(|footing| direction(pair, footing))).collect()
}

fn direction(pair: Pair<'_>, footing: Footing<'_>) -> Direction {
    Direction {
        from: pair.from.clone(),
        to: pair.to.clone(),
        version: footing.terms.terms.version,
        standing: footing.force.into(),
    }
}

/// A peer as the operator pinned it, and how following it stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Peer<'a> {
    registry: &'a RegistryId,
    name: &'a Text<256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a CountryCode>,
    origin: &'a Origin,
    genesis_digest: Digest,
    /// The key that signs its log, as far as we know.
    log_key: String,
    /// SHA-256 of the roots below which we believe its servers.
    ca_roots: Vec<Digest>,
    /// Where it is: as its log says, else as it was pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    http_url: Option<Text<512>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nats_url: Option<Text<512>>,
    /// On whose node it runs, by the word of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    hosted_by: Option<RegistryId>,
    /// That it has ended, as its log says: which registry goes on, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<Closed>,
    added: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    expelled: Option<&'a Expulsion>,
    /// What is known of the present alone.
    #[serde(flatten)]
    present: Option<Present>,
}

/// How following and cosigning a peer stands. None of it is in the log, or the newest alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Present {
    /// Size of its log up to which recognitions are in ours.
    followed: u64,
    /// How far each has cosigned the other's log.
    cosigned: Cosigned,
    /// Id of the evidence against its log since it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
    /// What the link says; absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<PeerStatus>,
}

/// The end of a registry, as its own log says.
#[derive(Serialize)]
struct Closed {
    #[serde(flatten)]
    said: RegistryClosed,
    moment: Moment,
}

/// Sizes of the newest checkpoints that two registries cosigned for each other.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cosigned {
    /// Of our log, by the peer; as far as is known since the last start.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_it: Option<u64>,
    /// Of the peer's log, by us.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_us: Option<u64>,
}

/// `GET /v1/peers`
pub(super) fn peers(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page = Page::of(ask.query(), MAX_LIMIT)?;
    let as_of = as_of::of(site, ask.query())?;
    let records = Seen::new(&*site.register(), as_of).peers();
    let hostings = hosting::known(&site.registry, &as_of);
    let all = records.iter().map(|record| peer(record, &site.registry, &hostings, &as_of));
    page.cut("peers", all, |one| one.registry).answer()
}

fn closed(begun: &GenesisRecord) -> Option<Closed> {
    let end = begun.closed.as_deref()?;
    Some(Closed { said: end.closed.told(), moment: end.moment })
}

fn peer<'r>(record: &'r PeerRecord, registry: &Registry, hostings: &[Hosting], as_of: &AsOf) -> Peer<'r> {
    let begun = hosting::begun(registry, record, as_of);
    let (http_url, nats_url) = match begun.as_ref().and_then(|begun| begun.moves.last().cloned()) {
        Some(moved) => (Some(moved.http_url), Some(moved.nats_url)),
        None => (record.http_url.clone(), record.nats_url.clone()),
    };
    let hosts_it = |one: &&Hosting| {
        one.guest.genesis_digest == record.genesis_digest && matches!(one.standing, Standing::Confirmed { .. })
    };
    let log_key = begun.as_ref().map_or(record.genesis.log_key.as_str(), |begun| begun.log_key());
    let roots = begun.as_ref().map_or_else(|| record.genesis.ca_roots.clone(), |begun| begun.trusted_roots());
    Peer {
        registry: &record.registry,
        name: &record.genesis.name,
        country: record.genesis.country.as_ref(),
        origin: &record.origin,
        genesis_digest: record.genesis_digest,
        log_key: log_key.to_owned(),
        ca_roots: roots.iter().map(|root| Digest::of(root.as_bytes())).collect(),
        http_url,
        nats_url,
        hosted_by: hostings.iter().find(hosts_it).map(|one| one.host.registry.clone()),
        closed: begun.and_then(|begun| closed(&begun)),
        added: record.added,
        expelled: record.expelled.as_ref(),
        present: matches!(as_of, AsOf::Present(_)).then(|| present(record, registry)),
    }
}

fn present(record: &PeerRecord, registry: &Registry) -> Present {
    let witness = &registry.witness;
    let by_it = witness_key(record).and_then(|key| registry.collected.received(&key)).map(|received| received.size);
    // What cannot be read is told of where it stops us from cosigning.
    let by_us = witness.newest(record.origin.as_str()).ok().flatten().map(|newest| newest.checkpoint.size);
    Present {
        followed: record.followed,
        cosigned: Cosigned { by_it, by_us },
        evidence: witness.evidence.against(record),
        status: registry.peers.status(&record.registry),
    }
}
