//! Hosting 受託運用, and moving out: which registry runs on the node of which, and where a registry is reached.
//!
//! In scope: what either side states in its own log, and what follows when both are read together. A hosted registry has a folder,
//! a log, keys, an operator and visibility of its own; nothing of it rests on its host but the machine. Out of scope: how what a
//! peer's log says gets here (`credential::bundle::KeyHistory` proves it), and what a node does that was left.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::genesis::GenesisRecord;
use crate::ids::{Origin, RegistryId};
use crate::text::Text;
use crate::time::{Day, Moment};

/// The registry is served somewhere else from the next entry on. The node that appended this appends nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistryMoved {
    /// Where its nats-server will listen, `tls://host:port`.
    pub nats_url: Text<512>,
    /// Where its HTTPS door will be, `https://host:port`.
    pub http_url: Text<512>,
}

/// Said in the log of the registry that is hosted: another one may serve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostingConsented {
    /// The host.
    pub registry: RegistryId,
    /// Origin of the host's log.
    pub origin: Origin,
    /// Digest of the host's genesis.
    pub genesis_digest: Digest,
    /// The last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// SHA-256 of the paper that both signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Digest>,
}

/// Said in the log of the host: it serves another registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostingAccepted {
    /// Whom it serves.
    pub registry: RegistryId,
    /// Origin of that registry's log.
    pub origin: Origin,
    /// Digest of its genesis.
    pub genesis_digest: Digest,
}

/// Said in the log of either: it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostingEnded {
    /// The other side.
    pub registry: RegistryId,
}

/// Where a registry went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveRecord {
    /// Where its nats-server listens since.
    pub nats_url: Text<512>,
    /// Where its HTTPS door is since.
    pub http_url: Text<512>,
    /// The last entry of the node that it left.
    pub moment: Moment,
}

/// What a registry does in a hosting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// It serves the other.
    Host,
    /// It is served by the other.
    Guest,
}

/// What a log says of hosting, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostingRecord {
    /// What the registry whose log it is does.
    pub part: Part,
    /// The other registry.
    pub registry: RegistryId,
    /// Origin of its log.
    pub origin: Origin,
    /// Digest of its genesis.
    pub genesis_digest: Digest,
    /// The last day, where a guest named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// SHA-256 of the signed paper, where a guest named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Digest>,
    /// When it was said.
    pub moment: Moment,
    /// When it was taken back, or the guest moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Moment>,
}

impl HostingRecord {
    /// Indexes of the entries that it comes from.
    pub fn entries(&self) -> impl Iterator<Item = u64> + use<> {
        [Some(self.moment.index), self.ended.map(|ended| ended.index)].into_iter().flatten()
    }

    /// When it was over, if it is at `now`: taken back, or past its last day.
    pub fn over(&self, now: Timestamp) -> Option<Timestamp> {
        let lapsed = self.until.map(Day::end).filter(|end| *end <= now);
        [self.ended.map(|ended| ended.at), lapsed].into_iter().flatten().min()
    }

    fn other(&self) -> Name {
        let (registry, origin) = (self.registry.clone(), self.origin.clone());
        Name { registry, origin, genesis_digest: self.genesis_digest }
    }
}

impl GenesisRecord {
    /// Where the registry went, if that is not where a node is that is reached at these addresses: that node was left.
    pub fn left_for(&self, nats_url: &str, http_url: &str) -> Option<&MoveRecord> {
        self.moves.last().filter(|last| last.nats_url.as_str() != nats_url || last.http_url.as_str() != http_url)
    }
}

/// A registry, as nobody can claim to be it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Name {
    /// The registry.
    pub registry: RegistryId,
    /// Its log.
    pub origin: Origin,
    /// Digest of its genesis.
    pub genesis_digest: Digest,
}

/// What is known of a hosting when both logs are read together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hosting {
    /// Who serves.
    pub host: Name,
    /// Who is served.
    pub guest: Name,
    /// Whether it is so.
    #[serde(flatten)]
    pub standing: Standing,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// SHA-256 of the signed paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<Digest>,
}

/// How a hosting stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    /// Both logs say so.
    Confirmed {
        /// Since both do.
        since: Timestamp,
    },
    /// The host says so; no log of a guest that is known here does.
    Claimed {
        /// Since when it says so.
        since: Timestamp,
    },
    /// The guest consents; no log of a host that is known here accepts.
    Offered {
        /// Since when it consents.
        since: Timestamp,
    },
    /// One side took it back, its last day is past, or the guest moved.
    Ended {
        /// When.
        since: Timestamp,
    },
}

/// Every hosting that the logs which are known here tell of, as it stands at `now`. Of what a log said several times, the last counts.
pub fn hostings<'a>(known: impl IntoIterator<Item = &'a GenesisRecord>, now: Timestamp) -> Vec<Hosting> {
    let mut said: BTreeMap<(Name, Name), [Option<&HostingRecord>; 2]> = BTreeMap::new();
    for begun in known {
        let own = Name {
            registry: begun.genesis.registry.clone(),
            origin: begun.genesis.origin.clone(),
            genesis_digest: begun.digest,
        };
        for record in &begun.hosting {
            let (key, place) = match record.part {
                Part::Host => ((own.clone(), record.other()), 0),
                Part::Guest => ((record.other(), own.clone()), 1),
            };
            said.entry(key).or_default()[place] = Some(record);
        }
    }
    let known = said.into_iter().filter_map(|((host, guest), [by_host, by_guest])| {
        let standing = standing(by_host, by_guest, now)?;
        let (until, paper) = by_guest.map_or((None, None), |record| (record.until, record.paper));
        Some(Hosting { host, guest, standing, until, paper })
    });
    known.collect()
}

fn standing(host: Option<&HostingRecord>, guest: Option<&HostingRecord>, now: Timestamp) -> Option<Standing> {
    let both = [host, guest];
    if let Some(since) = both.into_iter().flatten().filter_map(|record| record.over(now)).min() {
        return Some(Standing::Ended { since });
    }
    let since = both.into_iter().flatten().map(|record| record.moment.at).max()?;
    Some(match (host, guest) {
        (Some(_), Some(_)) => Standing::Confirmed { since },
        (Some(_), None) => Standing::Claimed { since },
        (None, _) => Standing::Offered { since },
    })
}
