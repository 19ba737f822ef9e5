//! SD-JWTs written by hand, so that every rule can be broken.

use credential::sd_jwt::{Disclosed, REGISTRY, Unverified};
use ledger::compact;
use ledger::digest::Digest;
use ledger::encoding::base64url_encode;
use ledger::key::{Algorithm, SigningKey};
use serde_json::Value;

/// An issuer that signs whatever it is told.
pub(crate) struct Forge {
    pub(crate) key: SigningKey,
}

impl Forge {
    pub(crate) fn new() -> Self {
        Self { key: SigningKey::generate(Algorithm::Ed25519).unwrap() }
    }

    /// A header as it should be.
    pub(crate) fn header(&self) -> String {
        let (alg, kid) = (self.key.algorithm(), self.key.public_key().thumbprint());
        format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"dc+sd-jwt"}}"#)
    }

    /// The issuer's JWT.
    pub(crate) fn jwt(&self, header: &str, payload: &str) -> String {
        compact::sign(&self.key, header.as_bytes(), payload.as_bytes()).unwrap()
    }

    /// A whole SD-JWT with a header as it should be.
    pub(crate) fn token(&self, payload: &str, disclosures: &[&str]) -> String {
        join(&self.jwt(&self.header(), payload), disclosures)
    }

    /// What a verifier comes to; an error is shown as its stage and its name.
    pub(crate) fn read(&self, text: &str) -> Result<Disclosed, String> {
        let unverified = Unverified::parse(text, REGISTRY).map_err(|error| format!("Malformed::{error:?}"))?;
        let verified = unverified.verify(self.key.public_key()).map_err(|error| format!("VerifyError::{error:?}"))?;
        verified.disclose().map_err(|error| format!("Refusal::{error:?}"))
    }
}

/// A JWT and disclosures, each with its tilde.
pub(crate) fn join(jwt: &str, disclosures: &[&str]) -> String {
    let mut text = format!("{jwt}~");
    for disclosure in disclosures {
        text.push_str(disclosure);
        text.push('~');
    }
    text
}

/// A disclosure of this JSON, whatever it is.
pub(crate) fn disclosure(json: &Value) -> String {
    base64url_encode(json.to_string().as_bytes())
}

/// The digest of a disclosure's text.
pub(crate) fn digest(disclosure: &str) -> String {
    base64url_encode(Digest::of(disclosure.as_bytes()).as_bytes())
}
