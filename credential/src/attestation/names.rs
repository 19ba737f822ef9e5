//! The names that credentials use: a registry's addresses and the DIDs of its bodies, all derived from its `did:web`.
//!
//! ```text
//! did:web:jp.registry.example                     the registry      https://jp.registry.example
//! did:web:jp.registry.example:parties:cb-1        a body            https://jp.registry.example/parties/cb-1/did.json
//! ```

use std::fmt;

use conformity::credential::StatusSlot;
use conformity::ids::{DocumentRef, PartyId, SchemeRef, VerdictRef};
use conformity::verdict::Supplier;
use conformity::viewpoint::Viewpoint;

use super::Requirement;
use crate::status::bitstring::Purpose;

/// Between a registry's DID and the id of a body.
const PARTIES: &str = ":parties:";
/// Between a registry's address and a scheme.
const SCHEMES: &str = "/v1/schemes/";

/// The address of a registry's web, as its `did:web` gives it (W3C CCG did:web, section 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web(String);

impl Web {
    /// The address, if `did` is a `did:web` of a host, with a port or a path.
    pub fn of(did: &str) -> Option<Self> {
        let name = did.strip_prefix("did:web:")?;
        let shaped = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._%-".contains(&byte))
        };
        if !name.split(':').all(shaped) {
            return None;
        }
        let (host, path) = name
            .split_once(':')
            .map_or((name, String::new()), |(host, path)| (host, format!("/{}", path.replace(':', "/"))));
        Some(Self(format!("https://{}{path}", host.replace("%3A", ":").replace("%3a", ":"))))
    }

    /// Where the verdict is answered.
    pub fn verdict(&self, verdict: &VerdictRef) -> String {
        format!("{self}/v1/verdicts/{verdict}")
    }

    /// Where a status list is published.
    pub fn status_list(&self, slot: StatusSlot) -> String {
        format!("{self}/v1/status-lists/{}", slot.list())
    }

    /// Where the same list is published in the form of W3C, for one purpose.
    pub fn bitstring_list(&self, slot: StatusSlot, purpose: Purpose) -> String {
        format!("{self}/v1/bitstring-status-lists/{}/{}", slot.list(), purpose.as_str())
    }

    pub(super) fn supplier(&self, supplier: &Supplier) -> String {
        format!("{self}/v1/suppliers/{}", supplier.id)
    }

    /// The name of a scheme.
    pub fn scheme(&self, scheme: &SchemeRef) -> String {
        format!("{self}{SCHEMES}{scheme}")
    }

    /// The scheme of this name.
    pub fn scheme_of(&self, name: &str) -> Option<SchemeRef> {
        let (web, scheme) = name.split_once(SCHEMES)?;
        (web == self.0).then(|| scheme.parse().ok()).flatten()
    }

    pub(super) fn document(&self, document: &DocumentRef) -> String {
        format!("{self}/v1/documents/{document}")
    }

    pub(super) fn requirement(&self, requirement: &Requirement) -> String {
        let fragment: String = requirement.requirement.as_str().bytes().map(escape).collect();
        format!("{}#{fragment}", self.document(&requirement.document))
    }

    pub(super) fn viewpoint(&self, viewpoint: Viewpoint) -> String {
        format!("{self}/v1/viewpoints/{viewpoint}")
    }
}

impl fmt::Display for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Percent-encodes what a fragment cannot hold (RFC 3986, section 3.5).
fn escape(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~()*:@/".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// The DID of a body of the registry whose `did:web` this is.
pub fn party_did(did_web: &str, party: &PartyId) -> String {
    format!("{did_web}{PARTIES}{party}")
}

/// The registry's DID and the body in the DID of a body.
pub fn split(did: &str) -> Option<(&str, PartyId)> {
    let (did_web, party) = did.rsplit_once(PARTIES)?;
    Some((did_web, party.parse().ok()?))
}
