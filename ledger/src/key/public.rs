//! Public keys: admission from a JWK, thumbprint, verification.

use super::{Algorithm, Thumbprint};
use crate::digest::sha256;
use crate::encoding::{base64url_decode, base64url_encode};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use serde::de::Error;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A public key that passed the strict admission rule.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Jwk")]
pub struct PublicKey {
    algorithm: Algorithm,
    /// 32 bytes (Ed25519) or `0x04 || x || y` (P-256), as aws-lc keeps them.
    parsed: ParsedPublicKey,
    thumbprint: Thumbprint,
}

/// The JWK of a public key, with nothing but what the key is.
#[derive(Serialize)]
struct Jwk {
    // In this order the members are the input of the thumbprint (RFC 7638 §3.3).
    crv: String,
    kty: String,
    x: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

/// Why a key is not admitted. The blame is its submitter's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a JWK of a kind that is used here.
    #[error("not a public JWK with exactly the members kty, crv, x (and y for EC): {0}")]
    Malformed(String),
    /// Another key type or curve.
    #[error("key type {kty}/{crv} is not accepted: use OKP/Ed25519 or EC/P-256")]
    Unsupported {
        /// The key type given.
        kty: String,
        /// The curve given.
        crv: String,
    },
    /// A coordinate that is not 32 bytes of base64url without padding.
    #[error("member {0} must be 32 bytes in base64url without padding")]
    Coordinate(&'static str),
    /// The bytes encode no point, or encode one in a form that another encoder would not write.
    #[error("the key is not the canonical encoding of a point on its curve: generate a new key")]
    NotCanonical,
    /// An Ed25519 point outside the prime-order subgroup, or the identity.
    #[error("the key lies outside the prime-order subgroup: generate a new key")]
    NotPrimeOrder,
}

/// The signature does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify with key {0}")]
pub struct SignatureError(pub Thumbprint);

/// A JWK in text form longer than this is not looked at.
const MAX_JWK: usize = 512;

impl PublicKey {
    /// Admits a key given as the text of a JWK.
    pub fn from_jwk(text: &str) -> Result<Self, KeyError> {
        if text.len() > MAX_JWK {
            return Err(KeyError::Malformed(format!("longer than {MAX_JWK} bytes")));
        }
        let jwk: Jwk = serde_json::from_str(text).map_err(|error| KeyError::Malformed(error.to_string()))?;
        Self::try_from(jwk)
    }

    /// Admits an Ed25519 key given as its 32 bytes.
    pub fn from_ed25519(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        prime_order_point(bytes)?;
        let parsed = ParsedPublicKey::new(&ED25519, bytes).map_err(|_| KeyError::NotCanonical)?;
        Ok(Self::admitted(Algorithm::Ed25519, parsed))
    }

    /// Admits a P-256 key given as `0x04 || x || y`.
    pub fn from_p256(bytes: &[u8; 65]) -> Result<Self, KeyError> {
        if bytes[0] != 4 {
            return Err(KeyError::NotCanonical);
        }
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes).map_err(|_| KeyError::NotCanonical)?;
        Ok(Self::admitted(Algorithm::P256, parsed))
    }

    fn admitted(algorithm: Algorithm, parsed: ParsedPublicKey) -> Self {
        let input = jwk_text(algorithm, parsed.as_ref());
        let thumbprint = Thumbprint(sha256(&[input.as_bytes()]));
        Self { algorithm, parsed, thumbprint }
    }

    /// How the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's name.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// 32 bytes of Ed25519, or `0x04 || x || y` of P-256.
    pub fn as_bytes(&self) -> &[u8] {
        self.parsed.as_ref()
    }

    /// The JWK in its one canonical text, which is the input of the thumbprint.
    pub fn to_jwk(&self) -> String {
        jwk_text(self.algorithm, self.as_bytes())
    }

    /// Verifies a signature of 64 bytes over `message` by the strict rule.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), SignatureError> {
        self.parsed.verify_sig(message, signature).map_err(|_| SignatureError(self.thumbprint))
    }
}

/// The point that 32 bytes encode, if it is in the prime-order subgroup, not its identity, and they are its one encoding.
pub(crate) fn prime_order_point(bytes: &[u8; 32]) -> Result<EdwardsPoint, KeyError> {
    let point = canonical_point(bytes).ok_or(KeyError::NotCanonical)?;
    // The order of the subgroup, which takes exactly its points to the identity, is one more than the scalar for minus one. A
    // public key is no secret, so that the faster multiplication may do it, whose time depends on what it multiplies.
    let all_but_one = EdwardsPoint::vartime_double_scalar_mul_basepoint(&-Scalar::ONE, &point, &Scalar::ZERO);
    if point.is_identity() || !(all_but_one + point).is_identity() {
        return Err(KeyError::NotPrimeOrder);
    }
    Ok(point)
}

/// The point that 32 bytes encode, if they are its one encoding: `y` below the prime of the field, and no sign where `x` is 0
/// (RFC 8032, §5.1.3). Looking at the bytes spares encoding the point again, which takes as long as decoding it.
pub(crate) fn canonical_point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    const SIGN: u8 = 0x80;
    let mut y = *bytes;
    y[31] &= !SIGN;
    let below = y.iter().rev().lt(field_element(0xed).iter().rev());
    // `x` is 0 where `y` is 1 or -1, and nowhere else.
    let without_sign = [field_element(0xec), ONE].contains(&y);
    let has_sign = bytes[31] & SIGN != 0;
    (below && !(has_sign && without_sign)).then(|| CompressedEdwardsY(*bytes).decompress()).flatten()
}

/// One, in little endian.
const ONE: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    bytes
};

/// 2^255 - 256 and so much more, in little endian: the prime of the field for 0xed, and -1 for 0xec.
const fn field_element(low: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    (bytes[0], bytes[31]) = (low, 0x7f);
    bytes
}

fn jwk_text(algorithm: Algorithm, bytes: &[u8]) -> String {
    match algorithm {
        Algorithm::Ed25519 => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url_encode(bytes)),
        Algorithm::P256 => {
            let (x, y) = bytes[1..].split_at(32);
            let (x, y) = (base64url_encode(x), base64url_encode(y));
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
    }
}

/// By hand, because a derived implementation also reads the members from an array.
impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(JwkVisitor)
    }
}

struct JwkVisitor;

impl<'de> serde::de::Visitor<'de> for JwkVisitor {
    type Value = Jwk;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWK object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Jwk, A::Error> {
        const MEMBERS: [&str; 4] = ["crv", "kty", "x", "y"];
        let mut values: [Option<String>; 4] = Default::default();
        while let Some(member) = map.next_key::<String>()? {
            let at = MEMBERS.iter().position(|name| *name == member);
            let at = at.ok_or_else(|| A::Error::unknown_field(&member, &MEMBERS))?;
            if values[at].replace(map.next_value()?).is_some() {
                return Err(A::Error::duplicate_field(MEMBERS[at]));
            }
        }
        let [crv, kty, x, y] = values;
        let required = |value: Option<String>, name| value.ok_or_else(|| A::Error::missing_field(name));
        Ok(Jwk { crv: required(crv, "crv")?, kty: required(kty, "kty")?, x: required(x, "x")?, y })
    }
}

impl TryFrom<Jwk> for PublicKey {
    type Error = KeyError;

    fn try_from(jwk: Jwk) -> Result<Self, KeyError> {
        match (jwk.kty.as_str(), jwk.crv.as_str(), &jwk.y) {
            ("OKP", "Ed25519", None) => Self::from_ed25519(&coordinate("x", &jwk.x)?),
            ("EC", "P-256", Some(y)) => {
                let mut point = [4; 65];
                point[1..33].copy_from_slice(&coordinate("x", &jwk.x)?);
                point[33..].copy_from_slice(&coordinate("y", y)?);
                Self::from_p256(&point)
            }
            ("OKP", "Ed25519", Some(_)) => Err(KeyError::Malformed("an OKP key has no y".into())),
            ("EC", "P-256", None) => Err(KeyError::Coordinate("y")),
            _ => Err(KeyError::Unsupported { kty: jwk.kty, crv: jwk.crv }),
        }
    }
}

fn coordinate(member: &'static str, text: &str) -> Result<[u8; 32], KeyError> {
    let bytes = (text.len() == 43).then(|| base64url_decode(text.as_bytes())).flatten();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError::Coordinate(member))
}

impl Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.as_bytes();
        let (kty, crv, x, y) = match self.algorithm {
            Algorithm::Ed25519 => ("OKP", "Ed25519", bytes, None),
            Algorithm::P256 => ("EC", "P-256", &bytes[1..33], Some(&bytes[33..])),
        };
        let y = y.map(base64url_encode);
        Jwk { crv: crv.into(), kty: kty.into(), x: base64url_encode(x), y }.serialize(serializer)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.as_bytes() == other.as_bytes()
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm, self.thumbprint)
    }
}
