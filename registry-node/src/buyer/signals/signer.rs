//! With which key the tokens of streams are signed: the node's, which stands in the log, or an RSA key for receivers that take RS256 alone.
//!
//! ```text
//! {"alg":"RS256","kid":"<RFC 7638 thumbprint>","typ":"secevent+jwt"}
//! {"kty":"RSA","n":"…","e":"AQAB","kid":"…","alg":"RS256","use":"sig"}
//! ```
//!
//! The RSA key signs these tokens and nothing else, so it stands in no log and in no other key set. Out of scope: what is in a token.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::jwt::SignError;
use ledger::key::{KeyError, KeyFileError, SigningError, read_pkcs8};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::config;

/// Lengths of the modulus that are taken, in bytes: what RS256 asks for at least, and what signs many tokens in good time.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=512;
const ALGORITHM: &str = "RS256";

/// Who signs.
pub enum Signer {
    /// The node.
    Node,
    /// A key of its own.
    Rsa(Box<Rsa>),
}

/// An RSA key.
pub struct Rsa {
    pair: RsaKeyPair,
    jwk: Jwk,
}

/// Its public half, as a key set has it (RFC 7517; RFC 7518, section 6.3).
#[derive(Debug, Clone, Serialize)]
pub struct Jwk {
    kty: &'static str,
    n: String,
    e: String,
    kid: String,
    alg: &'static str,
    #[serde(rename = "use")]
    purpose: &'static str,
}

impl Signer {
    /// By the configuration of the registry in `folder`.
    ///
    /// # Errors
    /// The key file cannot be used.
    pub fn open(folder: &Path, signals: &config::Signals) -> Result<Signer, KeyFileError> {
        let Some(file) = &signals.rsa_key else { return Ok(Signer::Node) };
        let path = folder.join(file);
        let unfit = KeyError::Malformed("not a PKCS#8 private key of RSA with 2048 to 4096 bits".into());
        let rsa = Rsa::from_pkcs8(&read_pkcs8(&path)?);
        rsa.map(|rsa| Signer::Rsa(Box::new(rsa))).ok_or(KeyFileError::Malformed { path, source: unfit })
    }
}

impl Rsa {
    fn from_pkcs8(pkcs8: &[u8]) -> Option<Rsa> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8).ok().filter(|pair| MODULUS.contains(&pair.public_modulus_len()))?;
        let (modulus, exponent) = integers(pair.public_key().as_ref())?;
        let (n, e) = (URL_SAFE_NO_PAD.encode(modulus), URL_SAFE_NO_PAD.encode(exponent));
        // RFC 7638: the members that make it, in this order.
        let named = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, named.as_bytes()));
        Some(Rsa { jwk: Jwk { kty: "RSA", n, e, kid, alg: ALGORITHM, purpose: "sig" }, pair })
    }

    /// Its public half.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// A JWT of this type with these claims.
    ///
    /// # Errors
    /// [`SignError`]: our own fault.
    pub fn sign(&self, typ: &str, claims: &Map<String, Value>) -> Result<String, SignError> {
        let header = json!({ "alg": ALGORITHM, "kid": self.jwk.kid, "typ": typ }).to_string();
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature);
        signed.map_err(|_| SigningError::Library("sign a token"))?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// The modulus and the exponent of an `RSAPublicKey` in DER (RFC 8017, appendix A.1.1), without leading zeros.
fn integers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (both, []) = element(SEQUENCE, der)? else { return None };
    let (modulus, rest) = element(INTEGER, both)?;
    let (exponent, []) = element(INTEGER, rest)? else { return None };
    let plain = |integer: &'_ [u8]| integer.iter().position(|byte| *byte != 0);
    Some((&modulus[plain(modulus)?..], &exponent[plain(exponent)?..]))
}

/// The content of the first element, which is of this kind, and what is behind it.
fn element(kind: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[first, length], rest) = der.split_first_chunk()?;
    let (bytes, rest) = match length.checked_sub(0x80) {
        None => (&[length][..], rest),
        Some(bytes) => rest.split_at_checked(bytes.into())?,
    };
    let length = bytes.iter().try_fold(0_usize, |sum, byte| Some(sum.checked_mul(256)? + usize::from(*byte)))?;
    if first == kind { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

    use super::*;

    fn decode(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn a_token_is_good_by_the_key_as_the_key_set_has_it() {
        let made = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = made.as_der().unwrap();
        let rsa = Rsa::from_pkcs8(der.as_ref()).unwrap();
        let Value::Object(claims) = json!({"jti": "1", "events": {}}) else { unreachable!() };
        let token = rsa.sign("secevent+jwt", &claims).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let header: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
        assert_eq!(header, json!({"alg": "RS256", "kid": rsa.jwk().kid, "typ": "secevent+jwt"}));
        assert_eq!(serde_json::from_slice::<Map<_, _>>(&decode(parts[1])).unwrap(), claims);
        let (n, e) = (decode(&rsa.jwk().n), decode(&rsa.jwk().e));
        assert_eq!((n.len(), e.as_slice()), (256, &[1, 0, 1][..]), "no zeros before");
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = RsaPublicKeyComponents { n, e };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature)).unwrap();
        let other = signed.replace(parts[1], &URL_SAFE_NO_PAD.encode("{}"));
        assert!(key.verify(&RSA_PKCS1_2048_8192_SHA256, other.as_bytes(), &decode(signature)).is_err());
    }

    #[test]
    fn what_is_no_rsa_key_of_these_lengths_is_refused() {
        let rows = [
            &[][..],
            &[0x30],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x03, 0x02, 0x01, 0x00],
            &[0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x03],
        ];
        for der in rows {
            assert!(integers(der).is_none() && Rsa::from_pkcs8(der).is_none(), "{der:?}");
        }
        assert_eq!(integers(&[0x30, 0x07, 0x02, 0x02, 0x00, 0x81, 0x02, 0x01, 0x03]), Some((&[0x81][..], &[3][..])));
    }
}
