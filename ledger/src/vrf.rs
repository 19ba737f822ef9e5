//! The verifiable random function that blinds the keys of the state map: ECVRF-EDWARDS25519-SHA512-TAI of RFC 9381, §5.
//!
//! ```text
//! key      Ed25519 (RFC 8032, §5.1.5): 32 secret bytes, 32 public ones, which pass the strict rule of `key`
//! input    any bytes
//! proof    80 bytes: Gamma, a point (32) || c (16, little endian) || s (32, little endian, below the group's order)
//! output   64 bytes: SHA-512(0x03 || 0x03 || 8 * Gamma || 0x00)
//! ```
//!
//! Whoever holds the secret key can compute the output of an input; nobody else can tell it from random bytes; and a proof
//! shows that it is the only output of that input. A VRF key signs nothing else: a nonce here and one of an Ed25519
//! signature are made from the same half of the secret, and two uses of one nonce give the key away.
//!
//! Not here: what an input means and what an output is used for, see [`crate::map`].
//!
//! Work with the secret takes a time that does not depend on it. It does depend on the input, since a point is looked for
//! by trial: whoever can measure evaluations of inputs unknown to them learns a few bits about those (RFC 9381, §7.4).

#[cfg(test)]
mod tests;

use crate::digest::sha512;
use crate::key::{KeyError, KeyFileError, SigningKey, canonical_point, prime_order_point};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::clamp_integer;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use curve25519_dalek::{EdwardsPoint, Scalar};
use std::fmt;
use std::path::Path;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Names the suite in every hash (RFC 9381, §5.5).
const SUITE: u8 = 3;
/// What a hash is for (RFC 9381, §5.4.1.1, §5.4.3, §5.2); each ends in [`BACK`].
const ENCODE: u8 = 1;
const CHALLENGE: u8 = 2;
const OUTPUT: u8 = 3;
const BACK: u8 = 0;
const CHALLENGE_LEN: usize = 16;

/// The secret key of a registry's map.
pub struct VrfKey {
    secret: Secret,
    public: VrfPublicKey,
}

#[derive(Zeroize, ZeroizeOnDrop)]
struct Secret {
    scalar: Scalar,
    /// What nonces are derived from.
    prefix: [u8; 32],
}

/// The public key that checks proofs.
#[derive(Clone, PartialEq, Eq)]
pub struct VrfPublicKey {
    encoded: [u8; 32],
    point: EdwardsPoint,
}

/// That an output belongs to an input, as bytes; [`VrfPublicKey::verify`] says whether it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VrfProof([u8; VrfProof::LEN]);

/// The output of one input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VrfOutput([u8; VrfOutput::LEN]);

/// Why a proof is refused, or none can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VrfError {
    /// Bytes that no honest prover writes. The blame is the proof's giver's.
    #[error("the proof is not in the form of RFC 9381: {0}")]
    Malformed(&'static str),
    /// The proof does not hold for this input and key. The blame is the proof's giver's.
    #[error("the proof does not hold for this input and key")]
    Mismatch,
    /// No trial of 256 gave a point, which happens to one input in 2^256.
    #[error("this input leads to no point of the curve")]
    NoPoint,
}

impl VrfKey {
    /// Reads the key from a file as [`SigningKey::load`] does.
    ///
    /// # Errors
    /// [`KeyFileError`] as there, and when the key is not one of Ed25519.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let malformed = |source| KeyFileError::Malformed { path: path.into(), source };
        let seed = SigningKey::load(path)?.ed25519_seed();
        let seed = seed.ok_or_else(|| malformed(KeyError::Malformed("the map needs a key of Ed25519".into())))?;
        Self::from_seed(&seed).map_err(malformed)
    }

    /// The key of 32 secret bytes.
    ///
    /// # Errors
    /// [`KeyError`] when its public half is not admissible, which no random bytes lead to.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let hash = Zeroizing::new(sha512(&[seed]));
        let (mut clamped, mut prefix) = (Zeroizing::new([0; 32]), [0; 32]);
        clamped.copy_from_slice(&hash[..32]);
        prefix.copy_from_slice(&hash[32..]);
        // Everything it multiplies lies in the prime-order subgroup, where the reduced scalar does the same.
        let scalar = Scalar::from_bytes_mod_order(clamp_integer(*clamped));
        let public = EdwardsPoint::mul_base(&scalar).compress().to_bytes();
        Ok(Self { secret: Secret { scalar, prefix }, public: VrfPublicKey::from_bytes(&public)? })
    }

    /// The public half.
    pub fn public_key(&self) -> &VrfPublicKey {
        &self.public
    }

    /// The output of `input` alone, at about a third of the cost of its proof.
    ///
    /// # Errors
    /// [`VrfError::NoPoint`].
    pub fn evaluate(&self, input: &[u8]) -> Result<VrfOutput, VrfError> {
        Ok(output(self.gamma(input)?.mul_by_cofactor().compress()))
    }

    /// The outputs of many inputs, in their order, which are encoded together: less work than one by one.
    ///
    /// # Errors
    /// [`VrfError::NoPoint`] for the first that has none.
    pub fn evaluate_all(&self, inputs: &[impl AsRef<[u8]>]) -> Result<Vec<VrfOutput>, VrfError> {
        let gamma = |input: &_| Ok(self.gamma(AsRef::as_ref(input))?.mul_by_cofactor());
        let gammas = inputs.iter().map(gamma).collect::<Result<Vec<_>, VrfError>>()?;
        Ok(EdwardsPoint::compress_batch_alloc(&gammas).into_iter().map(output).collect())
    }

    fn gamma(&self, input: &[u8]) -> Result<EdwardsPoint, VrfError> {
        Ok(self.secret.scalar * self.public.encode_to_curve(input)?)
    }

    /// The output of `input` and its proof (RFC 9381, §5.1).
    ///
    /// # Errors
    /// [`VrfError::NoPoint`].
    pub fn prove(&self, input: &[u8]) -> Result<(VrfOutput, VrfProof), VrfError> {
        let point = self.public.encode_to_curve(input)?;
        let encoded = point.compress();
        let gamma = self.secret.scalar * point;
        let nonce = Zeroizing::new(self.nonce(encoded.as_bytes()));
        let (u, v) = (EdwardsPoint::mul_base(&nonce), *nonce * point);
        let [encoded_gamma, u, v, cleared] = EdwardsPoint::compress_batch(&[gamma, u, v, gamma.mul_by_cofactor()]);
        let c = self.public.challenge([&encoded, &encoded_gamma, &u, &v]);
        let s = *nonce + scalar_of(&c) * self.secret.scalar;
        let mut proof = [0; VrfProof::LEN];
        proof[..32].copy_from_slice(encoded_gamma.as_bytes());
        proof[32..48].copy_from_slice(&c);
        proof[48..].copy_from_slice(s.as_bytes());
        Ok((output(cleared), VrfProof(proof)))
    }

    /// RFC 9381, §5.4.2.2.
    fn nonce(&self, encoded: &[u8; 32]) -> Scalar {
        Scalar::from_bytes_mod_order_wide(&Zeroizing::new(sha512(&[&self.secret.prefix, encoded])))
    }
}

impl fmt::Debug for VrfKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VrfKey({:?})", self.public)
    }
}

impl VrfPublicKey {
    /// Admits a key of 32 bytes: the canonical encoding of a point of the prime-order subgroup other than the identity,
    /// which is more than `validate_key` of RFC 9381, §5.4.5 asks for. Outputs are unique even if the key was made in
    /// order to cheat.
    ///
    /// # Errors
    /// [`KeyError`] when the strict rule refuses it.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        Ok(Self { encoded: *bytes, point: prime_order_point(bytes)? })
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.encoded
    }

    /// The one output of `input`, if the proof holds (RFC 9381, §5.3).
    ///
    /// # Errors
    /// [`VrfError`]; there is no output then.
    pub fn verify(&self, input: &[u8], proof: &VrfProof) -> Result<VrfOutput, VrfError> {
        let Decoded { gamma, encoded_gamma, c, s } = proof.decode()?;
        let point = self.encode_to_curve(input)?;
        let minus_c = -scalar_of(&c);
        let u = EdwardsPoint::vartime_double_scalar_mul_basepoint(&minus_c, &self.point, &s);
        let v = EdwardsPoint::vartime_multiscalar_mul([s, minus_c], [point, gamma]);
        let [input, u, v, cleared] = EdwardsPoint::compress_batch(&[point, u, v, gamma.mul_by_cofactor()]);
        match self.challenge([&input, &encoded_gamma, &u, &v]) == c {
            true => Ok(output(cleared)),
            false => Err(VrfError::Mismatch),
        }
    }

    /// The point of an input, by try and increment (RFC 9381, §5.4.1.1).
    fn encode_to_curve(&self, input: &[u8]) -> Result<EdwardsPoint, VrfError> {
        (0..=u8::MAX)
            .find_map(|count| {
                let hash = sha512(&[&[SUITE, ENCODE], &self.encoded, input, &[count, BACK]]);
                let mut candidate = [0; 32];
                candidate.copy_from_slice(&hash[..32]);
                canonical_point(&candidate).map(|point| point.mul_by_cofactor()).filter(|point| !point.is_identity())
            })
            .ok_or(VrfError::NoPoint)
    }

    /// RFC 9381, §5.4.3: over the encodings of the input's point, Gamma, U and V.
    fn challenge(&self, points: [&CompressedEdwardsY; 4]) -> [u8; CHALLENGE_LEN] {
        let [input, gamma, u, v] = points.map(CompressedEdwardsY::as_bytes);
        let hash = sha512(&[&[SUITE, CHALLENGE], &self.encoded, input, gamma, u, v, &[BACK]]);
        let mut challenge = [0; CHALLENGE_LEN];
        challenge.copy_from_slice(&hash[..CHALLENGE_LEN]);
        challenge
    }
}

impl fmt::Debug for VrfPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VrfPublicKey({})", crate::encoding::base64url_encode(&self.encoded))
    }
}

struct Decoded {
    gamma: EdwardsPoint,
    encoded_gamma: CompressedEdwardsY,
    c: [u8; CHALLENGE_LEN],
    s: Scalar,
}

impl VrfProof {
    /// Length in bytes.
    pub const LEN: usize = 80;

    /// Wraps 80 bytes from somebody else.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The 80 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// RFC 9381, §5.4.4.
    fn decode(&self) -> Result<Decoded, VrfError> {
        let (mut encoded_gamma, mut c, mut s) = ([0; 32], [0; CHALLENGE_LEN], [0; 32]);
        encoded_gamma.copy_from_slice(&self.0[..32]);
        c.copy_from_slice(&self.0[32..48]);
        s.copy_from_slice(&self.0[48..]);
        let gamma = canonical_point(&encoded_gamma);
        let gamma = gamma.ok_or(VrfError::Malformed("Gamma is no point in its one encoding"))?;
        let s = Option::from(Scalar::from_canonical_bytes(s)).ok_or(VrfError::Malformed("s is too large"))?;
        Ok(Decoded { gamma, encoded_gamma: CompressedEdwardsY(encoded_gamma), c, s })
    }
}

impl VrfOutput {
    /// Length in bytes.
    pub const LEN: usize = 64;

    /// Wraps 64 bytes that were an output before.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// Not its bytes: they are what blinds.
impl fmt::Debug for VrfOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VrfOutput")
    }
}

/// RFC 9381, §5.2: of Gamma times the cofactor, encoded.
fn output(cleared: CompressedEdwardsY) -> VrfOutput {
    VrfOutput(sha512(&[&[SUITE, OUTPUT], cleared.as_bytes(), &[BACK]]))
}

fn scalar_of(challenge: &[u8; CHALLENGE_LEN]) -> Scalar {
    Scalar::from(u128::from_le_bytes(*challenge))
}
