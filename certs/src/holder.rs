//! Who is to hold a certificate, for how long, and by which branch of the authority.
//!
//! In scope: what may be asked for at all. A [`Holder`] exists only with names that every reader of the certificate
//! (rustls, nats-server, OpenSSL) reads alike. Out of scope: keys and signatures.

use std::net::IpAddr;

use conformity::ids::{Origin, PartyId, RegistryId};
use conformity::party::Role;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::DnsName;
use serde::{Deserialize, Serialize};

use crate::identity::{Identity, NodeUser, party_role, party_subtrees, peer_subtrees};

/// Clocks differ: a certificate is valid from a little before it was issued.
const BACKDATED: SignedDuration = SignedDuration::from_mins(5);

/// The most names of one server.
const MOST_NAMES: usize = 32;

/// The branches of an authority: one issuing CA each, so that whoever trusts one does not trust the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Branch {
    /// Servers of this registry: HTTPS and NATS.
    Servers,
    /// Whoever dials this registry's nats-server as a registry: foreign ones, and the node itself.
    Peers,
    /// Bodies, buyers, operators, suppliers.
    Parties,
    /// The keys with which parties sign statements: for `x5c` in credentials, and for no connection.
    Signing,
}

impl Branch {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Servers, Self::Peers, Self::Parties, Self::Signing];

    /// The word in file names and on screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Servers => "servers",
            Self::Peers => "peers",
            Self::Parties => "parties",
            Self::Signing => "signing",
        }
    }

    /// How long a certificate of this branch lasts unless asked otherwise. Servers renew themselves; people do not.
    const fn usual_days(self) -> u16 {
        match self {
            Self::Servers => 90,
            Self::Peers | Self::Parties | Self::Signing => 365,
        }
    }

    /// The longest that may be asked for.
    const fn most_days(self) -> u16 {
        match self {
            Self::Servers => 398,
            Self::Peers | Self::Parties | Self::Signing => 1096,
        }
    }
}

/// How long a certificate shall last: 90 days for a server, 365 for everyone else, or as asked (at most 398 and 1096).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lifetime {
    /// As usual for its kind.
    #[default]
    Usual,
    /// This many days.
    Days(u16),
}

/// Why nobody can hold such a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    /// A server without a name.
    #[error("a server certificate needs 1 to {MOST_NAMES} names or addresses, not {0}")]
    Names(usize),
    /// Neither a host name nor an address.
    #[error("\"{0}\" is neither a host name (letters, digits, hyphens, dots; no wildcard) nor an IP address")]
    Name(String),
    /// A server named like a party or peer.
    #[error("\"{0}\" is a name that parties or peers hold: a server must not be called so")]
    Reserved(String),
    /// A party that no DNS name can stand for.
    #[error(
        "\"{0}\" cannot be a DNS name, which the certificate needs: register the party under an id whose parts between \
         dots have 1 to 63 characters and neither begin nor end with a hyphen"
    )]
    Unnameable(String),
    /// The node asked for as a party.
    #[error("the node is not a party: it holds a certificate of its own kind, for its own nats-server")]
    NotAParty,
    /// A span outside of the bounds.
    #[error("{asked} days asked, 1 to {most} are possible")]
    Days {
        /// As asked.
        asked: u16,
        /// The most for this kind.
        most: u16,
    },
}

/// Who is to hold a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    identity: Identity,
    branch: Branch,
    names: Vec<ServerName>,
}

/// By what a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerName {
    Dns(String),
    Ip(IpAddr),
}

impl Holder {
    /// A party of this registry.
    ///
    /// # Errors
    /// The role is the log's own.
    pub fn party(role: Role, id: PartyId) -> Result<Self, HolderError> {
        match party_role(role.as_str()) {
            Some(role) => Ok(Self::client(Identity::Party { role, id }, Branch::Parties)),
            None => Err(HolderError::NotAParty),
        }
    }

    /// The same party, with its key for statements.
    ///
    /// # Errors
    /// Only parties have one.
    pub(crate) fn signing(self) -> Result<Self, HolderError> {
        match self.branch {
            Branch::Parties | Branch::Signing => Ok(Self { branch: Branch::Signing, ..self }),
            Branch::Servers | Branch::Peers => Err(HolderError::NotAParty),
        }
    }

    /// A foreign registry that shall dial us.
    pub fn peer(registry: RegistryId) -> Self {
        Self::client(Identity::Peer { registry }, Branch::Peers)
    }

    /// Our own node, on our own nats-server.
    pub fn node(user: NodeUser) -> Self {
        Self::client(Identity::Node(user), Branch::Peers)
    }

    /// A server, reached by these host names and addresses.
    ///
    /// # Errors
    /// No name, too many, or one that is none.
    pub fn server<S: AsRef<str>>(names: &[S]) -> Result<Self, HolderError> {
        if names.is_empty() || names.len() > MOST_NAMES {
            return Err(HolderError::Names(names.len()));
        }
        Ok(Self {
            identity: Identity::Server,
            branch: Branch::Servers,
            names: names.iter().map(|name| ServerName::parse(name.as_ref())).collect::<Result<_, _>>()?,
        })
    }

    /// Whom the certificate will speak for.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Which issuing CA is responsible.
    pub fn branch(&self) -> Branch {
        self.branch
    }

    /// The DNS names and addresses that go into the certificate beside the URI. A key for statements is nobody's on a connection.
    pub(crate) fn names(&self, origin: &Origin) -> Result<Vec<ServerName>, HolderError> {
        if self.branch == Branch::Signing {
            return Ok(Vec::new());
        }
        if let Some(user) = self.identity.nats_user(origin) {
            return match dns(&user) {
                Some(user) => Ok(vec![ServerName::Dns(user)]),
                None => Err(HolderError::Unnameable(user)),
            };
        }
        for name in &self.names {
            if let ServerName::Dns(name) = name
                && reserved(name, origin)
            {
                return Err(HolderError::Reserved(name.clone()));
            }
        }
        Ok(self.names.clone())
    }

    fn client(identity: Identity, branch: Branch) -> Self {
        Self { identity, branch, names: Vec::new() }
    }
}

impl ServerName {
    fn parse(text: &str) -> Result<Self, HolderError> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        dns(&text.to_ascii_lowercase())
            .map(Self::Dns)
            .ok_or_else(|| HolderError::Name(text.chars().take(256).collect()))
    }
}

impl std::fmt::Display for ServerName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// From when to when something is valid, in whole seconds as X.509 counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl Window {
    /// What `lifetime` means for `branch`, from `now` on.
    pub(crate) fn of(branch: Branch, lifetime: Lifetime, now: Timestamp) -> Result<Self, HolderError> {
        let most = branch.most_days();
        let days = match lifetime {
            Lifetime::Usual => branch.usual_days(),
            Lifetime::Days(asked) if (1..=most).contains(&asked) => asked,
            Lifetime::Days(asked) => return Err(HolderError::Days { asked, most }),
        };
        Ok(Self::days(days, now))
    }

    /// So many days from `now`, which begin a little earlier. At the end of all calendars the span is cut.
    pub(crate) fn days(days: u16, now: Timestamp) -> Self {
        let now = whole_seconds(now);
        Self {
            from: now.saturating_sub(BACKDATED).unwrap_or(now),
            until: now.saturating_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(now),
        }
    }
}

/// X.509 knows no fractions of a second.
pub(crate) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A host name in the form that rustls, Go and OpenSSL agree on, or nothing.
pub(crate) fn dns(name: &str) -> Option<String> {
    (!name.ends_with('.') && DnsName::try_from(name).is_ok()).then(|| name.to_owned())
}

fn reserved(name: &str, origin: &Origin) -> bool {
    let below = |subtree: &String| {
        name.strip_suffix(subtree.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    party_subtrees(origin).iter().any(below) || peer_subtrees(origin).iter().any(below)
}
