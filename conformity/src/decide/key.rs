//! Which key must have signed a statement.

use jiff::Timestamp;

use crate::key::{Jwk, KeyId};
use crate::records::Facts;
use crate::refusal::Refusal;
use crate::statement::{Claim, Statement};

/// The key that must have signed `statement`, if it was signed with key `kid` and is sequenced at `at`: one of the
/// issuer's, added by then and not revoked. A genesis is signed by the key it names.
///
/// # Errors
/// The issuer is unknown, the key is not the issuer's, or not at that time.
pub fn signing_key<F: Facts>(facts: &F, statement: &Statement, kid: &KeyId, at: Timestamp) -> Result<Jwk, Refusal> {
    if let Claim::Genesis(genesis) = &statement.claim {
        return named(genesis.node_key, statement, kid);
    }
    let party = facts.party(&statement.iss).ok_or_else(|| Refusal::UnknownIssuer { iss: statement.iss.clone() })?;
    let key = party.key(kid).ok_or_else(|| unknown(statement, kid))?;
    if key.added.at > at {
        return Err(Refusal::KeyNotYetValid { kid: *kid, added: key.added.at });
    }
    match &key.revoked {
        Some(end) if end.moment.at <= at => Err(Refusal::KeyRevoked { kid: *kid, revoked: end.moment.at }),
        _ => Ok(key.jwk),
    }
}

fn named(jwk: Jwk, statement: &Statement, kid: &KeyId) -> Result<Jwk, Refusal> {
    if jwk.thumbprint() == *kid { Ok(jwk) } else { Err(unknown(statement, kid)) }
}

fn unknown(statement: &Statement, kid: &KeyId) -> Refusal {
    Refusal::UnknownKey { iss: statement.iss.clone(), kid: *kid }
}
