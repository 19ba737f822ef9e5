//! Whom a certificate speaks for, as a name: `spiffe://<origin>/<role>/<party>` and its relatives.
//!
//! ```text
//! spiffe://<origin>/<role>/<party>     a party of this registry          <party>.<role>.<host of origin>
//! spiffe://<origin>/peer/<registry>    a foreign registry that dials us  <registry>.peer.<host of origin>
//! spiffe://<origin>/node/node | sys    our own node on its nats-server   node.node.<host> | sys.node.<host>
//! spiffe://<origin>/server             a server of ours                  (the names it is reached by)
//! ```
//!
//! The right column is the DNS name beside it in the certificate, which nats-server takes for the user. Under one
//! origin the two forms name the same holder and no two holders share one: roles hold no dot, so the last label before
//! the host is the role and what stands before it is the party.
//!
//! Out of scope: whether to believe the certificate. Nothing here checks a signature or a date.

use std::fmt;

use conformity::ids::{Origin, PartyId, RegistryId};
use conformity::party::{Role, certificate_uri};

/// The longest name that is looked at, in bytes; SPIFFE sets the same bound.
const LONGEST_URI: usize = 2048;

const SCHEME: &str = "spiffe://";
const PEER: &str = "peer";
const NODE: &str = "node";
const SERVER: &str = "server";

/// Every role that a party can have. The log itself is no party: see [`Identity::Node`].
const PARTY_ROLES: [Role; 9] = [
    Role::Operator,
    Role::Authority,
    Role::AccreditationBody,
    Role::CertificationBody,
    Role::AuditBody,
    Role::EvaluationLaboratory,
    Role::Buyer,
    Role::Supplier,
    Role::Expert,
];

/// Whom a certificate speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A body, buyer, operator or supplier of this registry.
    Party {
        /// What it may do.
        role: Role,
        /// Who it is.
        id: PartyId,
    },
    /// A foreign registry, dialling this registry's nats-server.
    Peer {
        /// Which one.
        registry: RegistryId,
    },
    /// This registry's own node, dialling its own nats-server.
    Node(NodeUser),
    /// A server of this registry.
    Server,
}

/// As what the node appears on its own nats-server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeUser {
    /// The node that publishes and answers.
    Node,
    /// The node that administers accounts.
    System,
}

/// Why a name in a certificate names nobody here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Not a SPIFFE name of any registry.
    #[error("\"{0}\" is not of the form spiffe://<origin>/<role>/<party>")]
    Malformed(String),
    /// Another registry's name.
    #[error("\"{found}\" does not lie in the trust domain of {origin}")]
    TrustDomain {
        /// The name in the certificate.
        found: String,
        /// The registry that was asked.
        origin: Origin,
    },
}

impl Identity {
    /// Reads the URI of a certificate that `origin`'s authority issued.
    ///
    /// # Errors
    /// The name is another registry's, or nobody's.
    pub fn from_uri(uri: &str, origin: &Origin) -> Result<Self, UriError> {
        let malformed = || UriError::Malformed(uri.chars().take(256).collect());
        if uri.len() > LONGEST_URI {
            return Err(malformed());
        }
        let name = uri.strip_prefix(SCHEME).ok_or_else(malformed)?;
        let holder = name
            .strip_prefix(origin.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(|| UriError::TrustDomain { found: uri.chars().take(256).collect(), origin: origin.clone() })?;
        Self::from_path(holder).ok_or_else(malformed)
    }

    /// The name in the certificate's URI.
    pub fn uri(&self, origin: &Origin) -> String {
        match self {
            Self::Party { role, id } => certificate_uri(origin, *role, id),
            other => format!("{SCHEME}{origin}/{other}"),
        }
    }

    /// The DNS name that nats-server takes for the user; a server is no user.
    pub fn nats_user(&self, origin: &Origin) -> Option<String> {
        let host = host_of(origin);
        match self {
            Self::Party { role, id } => Some(format!("{}.{}.{host}", id.as_str(), role.as_str())),
            Self::Peer { registry } => Some(format!("{}.{PEER}.{host}", registry.as_str())),
            Self::Node(user) => Some(format!("{}.{NODE}.{host}", user.as_str())),
            Self::Server => None,
        }
    }

    /// What stands behind the origin, exactly as [`fmt::Display`] writes it.
    fn from_path(path: &str) -> Option<Self> {
        let Some((kind, holder)) = path.split_once('/') else {
            return (path == SERVER).then_some(Self::Server);
        };
        match kind {
            PEER => holder.parse().ok().map(|registry| Self::Peer { registry }),
            NODE => NodeUser::ALL.into_iter().find(|user| user.as_str() == holder).map(Self::Node),
            _ => Some(Self::Party { role: party_role(kind)?, id: holder.parse().ok()? }),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Party { role, id } => write!(f, "{}/{}", role.as_str(), id.as_str()),
            Self::Peer { registry } => write!(f, "{PEER}/{}", registry.as_str()),
            Self::Node(user) => write!(f, "{NODE}/{}", user.as_str()),
            Self::Server => f.write_str(SERVER),
        }
    }
}

impl NodeUser {
    const ALL: [Self; 2] = [Self::Node, Self::System];

    /// The word in names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::System => "sys",
        }
    }
}

/// The role of a party by its word.
pub(crate) fn party_role(word: &str) -> Option<Role> {
    PARTY_ROLES.into_iter().find(|role| role.as_str() == word)
}

/// The part of an origin before the first slash: the log of `host/log` is served by `host`.
pub(crate) fn host_of(origin: &Origin) -> &str {
    let name = origin.as_str();
    name.split_once('/').map_or(name, |(host, _)| host)
}

/// The DNS subtrees below which parties, and nobody else, are named.
pub(crate) fn party_subtrees(origin: &Origin) -> Vec<String> {
    let host = host_of(origin);
    PARTY_ROLES.iter().map(|role| format!("{}.{host}", role.as_str())).collect()
}

/// The DNS subtrees below which registries that dial the nats-server, and nobody else, are named.
pub(crate) fn peer_subtrees(origin: &Origin) -> Vec<String> {
    let host = host_of(origin);
    vec![format!("{PEER}.{host}"), format!("{NODE}.{host}")]
}
