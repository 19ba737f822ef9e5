//! Names of the registry, its parties and its schemes, as credentials use them and strangers ask with them.
//!
//! ```text
//! did:web:jp.registry.example                      the registry, as its genesis has it
//! did:web:jp.registry.example:parties:cb-1         a party of it
//! https://jp.registry.example/v1/schemes/stars@1   a scheme of it (it names; nothing is fetched there)
//! ```
//!
//! Out of scope: how they are written, which is `credential`'s; the documents that they lead to, see `keys`.

use conformity::genesis::Genesis;
use conformity::ids::{PartyId, SchemeRef};
use credential::attestation::{Web, party_did, split};

/// Whom a name of a registry means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// The registry itself.
    Registry,
    /// A party of it, registered or not.
    Party(PartyId),
}

/// The name of the registry that `genesis` began.
pub(super) fn of_registry(genesis: &Genesis) -> &str {
    genesis.did_web.as_str()
}

/// The name of a party.
pub(super) fn of_party(genesis: &Genesis, party: &PartyId) -> String {
    party_did(of_registry(genesis), party)
}

/// Whom `text` means, if it is a name that the registry of `genesis` gives. Names are compared as they are written (DID
/// Core 1.0, section 3.1).
pub(super) fn named(genesis: &Genesis, text: &str) -> Option<Named> {
    if text == of_registry(genesis) {
        return Some(Named::Registry);
    }
    let (registry, party) = split(text)?;
    (registry == of_registry(genesis)).then_some(Named::Party(party))
}

/// The scheme that `text` means under the registry of `genesis`: its reference, or its name there.
pub(super) fn scheme(genesis: &Genesis, text: &str) -> Option<SchemeRef> {
    let named = || Web::of(of_registry(genesis))?.scheme_of(text);
    text.parse().ok().or_else(named)
}
