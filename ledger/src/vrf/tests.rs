//! The vectors of RFC 9381, appendix B.3, and everything that must be refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::encoding::hex_decode;
use crate::key::Algorithm;
use curve25519_dalek::constants::EIGHT_TORSION;
use proptest::prelude::*;

struct Vector {
    secret: &'static str,
    public: &'static str,
    input: &'static [u8],
    proof: &'static str,
    output: &'static str,
}

/// Examples 16, 17 and 18.
const VECTORS: [Vector; 3] = [
    Vector {
        secret: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        public: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        input: &[],
        proof: "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
        output: "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae",
    },
    Vector {
        secret: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        public: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        input: &[0x72],
        proof: "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
        output: "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031",
    },
    Vector {
        secret: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        public: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        input: &[0xaf, 0x82],
        proof: "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
        output: "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f",
    },
];

fn key() -> VrfKey {
    VrfKey::from_seed(&[7; 32]).unwrap()
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    hex_decode(text).unwrap()
}

#[test]
fn outputs_and_proofs_are_those_of_the_rfc() {
    for vector in VECTORS {
        let key = VrfKey::from_seed(&hex(vector.secret)).unwrap();
        assert_eq!(key.public_key().as_bytes(), &hex(vector.public));
        let (output, proof) = key.prove(vector.input).unwrap();
        assert_eq!(proof.as_bytes(), &hex(vector.proof));
        assert_eq!(output.as_bytes(), &hex(vector.output));
        assert!(key.evaluate(vector.input).unwrap() == output);
        let public = VrfPublicKey::from_bytes(&hex(vector.public)).unwrap();
        assert!(public.verify(vector.input, &VrfProof::from_bytes(hex(vector.proof))) == Ok(output));
    }
}

#[test]
fn a_flipped_bit_never_verifies() {
    let (key, input) = (key(), b"verdict/V-1");
    let (_, proof) = key.prove(input).unwrap();
    for bit in 0..VrfProof::LEN * 8 {
        let mut flipped = *proof.as_bytes();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(key.public_key().verify(input, &VrfProof(flipped)).is_err(), "bit {bit}");
    }
    assert_eq!(key.public_key().verify(b"verdict/V-2", &proof), Err(VrfError::Mismatch));
    let other = VrfKey::from_seed(&[8; 32]).unwrap();
    assert_eq!(other.public_key().verify(input, &proof), Err(VrfError::Mismatch));
}

#[test]
fn a_proof_has_one_form() {
    let (key, input) = (key(), b"input");
    let (_, proof) = key.prove(input).unwrap();
    // s + L is the same scalar; y = p + 1 is the same point as y = 1.
    let order: [u8; 32] = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut larger = *proof.as_bytes();
    let mut carry = 0;
    for (byte, add) in larger[48..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert_eq!(key.public_key().verify(input, &VrfProof(larger)), Err(VrfError::Malformed("s is too large")));
    let gammas = [
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "0200000000000000000000000000000000000000000000000000000000000000",
    ];
    for gamma in gammas {
        let mut other = *proof.as_bytes();
        other[..32].copy_from_slice(&hex::<32>(gamma));
        let refused = key.public_key().verify(input, &VrfProof(other));
        assert!(matches!(refused, Err(VrfError::Malformed(_))), "{gamma}");
    }
}

#[test]
fn keys_of_small_or_mixed_order_are_refused() {
    let honest = EdwardsPoint::mul_base(&Scalar::from(7u64));
    for (i, torsion) in EIGHT_TORSION.iter().enumerate() {
        let small = VrfPublicKey::from_bytes(torsion.compress().as_bytes());
        assert_eq!(small, Err(KeyError::NotPrimeOrder), "small order {i}");
        let mixed = VrfPublicKey::from_bytes((honest + torsion).compress().as_bytes());
        assert_eq!(mixed.is_ok(), i == 0, "mixed order {i}");
    }
}

#[test]
fn a_cheating_key_holder_gets_no_second_output() {
    // Gamma with a part of small order: whatever proof it is put in, only the honest output comes out.
    let (key, input) = (key(), b"input");
    let (honest, proof) = key.prove(input).unwrap();
    let gamma = proof.decode().unwrap().gamma;
    for torsion in EIGHT_TORSION {
        assert!(output((gamma + torsion).mul_by_cofactor().compress()) == honest);
    }
}

#[test]
fn keys_come_from_files_of_ed25519_only() {
    let dir = tempfile::tempdir().unwrap();
    let (good, bad) = (dir.path().join("map.pem"), dir.path().join("p256.pem"));
    let signing = SigningKey::generate(Algorithm::Ed25519).unwrap();
    signing.store(&good).unwrap();
    let key = VrfKey::load(&good).unwrap();
    assert_eq!(key.public_key().as_bytes().as_slice(), signing.public_key().as_bytes());
    assert_eq!(format!("{key:?}"), format!("VrfKey({:?})", key.public_key()));
    SigningKey::generate(Algorithm::P256).unwrap().store(&bad).unwrap();
    assert!(matches!(VrfKey::load(&bad), Err(KeyFileError::Malformed { .. })));
    assert!(matches!(VrfKey::load(&dir.path().join("none.pem")), Err(KeyFileError::Io { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_proven_is_what_is_evaluated(seed: [u8; 32], input: Vec<u8>) {
        let key = VrfKey::from_seed(&seed).unwrap();
        let (output, proof) = key.prove(&input).unwrap();
        prop_assert!(key.evaluate(&input).unwrap() == output);
        prop_assert!(key.evaluate_all(&[&input, &input]).unwrap() == [output, output]);
        prop_assert!(key.public_key().verify(&input, &proof) == Ok(output));
    }

    #[test]
    fn random_bytes_prove_nothing(low: [u8; 32], c: [u8; 16], s: [u8; 32]) {
        let bytes = [low.as_slice(), &c, &s].concat().try_into().unwrap();
        prop_assert!(key().public_key().verify(b"input", &VrfProof::from_bytes(bytes)).is_err());
    }
}
