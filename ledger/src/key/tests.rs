//! Admission, verification by the strict rule, thumbprints, key files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::encoding::hex_decode;
use aws_lc_rs::digest;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn okp(bytes: &[u8]) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, base64url_encode(bytes))
}

#[test]
fn thumbprints_are_those_of_the_rfcs() {
    // RFC 8037, appendix A.3.
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwaaPURo"}"#;
    assert_eq!(PublicKey::from_jwk(jwk), Err(KeyError::Coordinate("x")));
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let key = PublicKey::from_jwk(jwk).unwrap();
    assert_eq!(key.thumbprint().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(key.thumbprint().to_string().parse(), Ok(key.thumbprint()));
    // The thumbprint is of the canonical JWK, however the key was written.
    assert_eq!(serde_json::to_string(&key).unwrap(), key.to_jwk());
    assert_eq!(Thumbprint(sha256_of(&key.to_jwk())), key.thumbprint());
    let ec = SigningKey::generate(Algorithm::P256).unwrap();
    assert!(ec.public_key().to_jwk().starts_with(r#"{"crv":"P-256","kty":"EC","x":""#));
    assert_eq!(serde_json::to_string(ec.public_key()).unwrap(), ec.public_key().to_jwk());
    assert_eq!(PublicKey::from_jwk(&ec.public_key().to_jwk()).as_ref(), Ok(ec.public_key()));
}

fn sha256_of(text: &str) -> [u8; 32] {
    crate::digest::sha256(&[text.as_bytes()])
}

#[test]
fn jwks_are_admitted_in_one_shape_only() {
    let good = SigningKey::generate(Algorithm::Ed25519).unwrap().public_key().to_jwk();
    let x = good.split('"').nth(11).unwrap();
    assert!(PublicKey::from_jwk(&good).is_ok());
    let ec = SigningKey::generate(Algorithm::P256).unwrap().public_key().to_jwk();
    let rows = [
        ("an array", format!(r#"["Ed25519","OKP","{x}"]"#)),
        ("a string", format!(r#""{x}""#)),
        ("a private member", good.replace('}', r#","d":"AAAA"}"#)),
        ("another member", good.replace('}', r#","use":"sig"}"#)),
        ("a member twice", good.replace('}', &format!(r#","x":"{x}"}}"#))),
        ("no x", good.replace(&format!(r#","x":"{x}""#), "")),
        ("y in OKP", good.replace('}', &format!(r#","y":"{x}"}}"#))),
        ("no y in EC", format!("{}}}", ec.split(r#","y""#).next().unwrap())),
        ("x padded", good.replace(x, &format!("{x}="))),
        ("x too short", good.replace(x, &x[..42])),
        ("x is null", good.replace(&format!(r#""{x}""#), "null")),
        ("another curve", good.replace("Ed25519", "X25519")),
        ("another type", good.replace("OKP", "oct")),
        ("EC key off its curve", ec.replace("P-256", "P-384")),
        ("trailing bytes", format!("{good} x")),
        ("too long", format!("{good}{}", " ".repeat(512))),
    ];
    for (reason, jwk) in rows {
        assert!(PublicKey::from_jwk(&jwk).is_err(), "{reason}: {jwk}");
        assert!(serde_json::from_str::<PublicKey>(&jwk).is_err() || reason == "too long", "{reason}: {jwk}");
    }
    let mut off_curve: [u8; 65] = [4; 65];
    off_curve[64] = 5;
    assert_eq!(PublicKey::from_p256(&off_curve), Err(KeyError::NotCanonical));
}

#[test]
fn ed25519_keys_outside_the_prime_order_subgroup_are_refused() {
    let honest = B * Scalar::from(7u64);
    assert!(PublicKey::from_ed25519(&honest.compress().to_bytes()).is_ok());
    for (i, torsion) in EIGHT_TORSION.iter().enumerate() {
        let small = torsion.compress().to_bytes();
        assert_eq!(PublicKey::from_ed25519(&small), Err(KeyError::NotPrimeOrder), "small order {i}");
        assert_eq!(PublicKey::from_jwk(&okp(&small)), Err(KeyError::NotPrimeOrder), "small order {i}");
        let mixed = (honest + torsion).compress().to_bytes();
        assert_eq!(PublicKey::from_ed25519(&mixed).is_ok(), i == 0, "mixed order {i}");
    }
}

#[test]
fn other_encodings_of_a_point_are_refused() {
    // y = p + 1 stands for y = 1; y = p for y = 0; x = 0 with a sign bit; no point at all.
    let rows = [
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "0200000000000000000000000000000000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];
    for row in rows {
        let bytes: [u8; 32] = hex_decode(row).unwrap();
        assert_eq!(PublicKey::from_ed25519(&bytes), Err(KeyError::NotCanonical), "{row}");
    }
}

#[test]
fn the_one_encoding_is_told_by_its_bytes() {
    // Every `y` that has two encodings, and those around them, with and without a sign.
    let edges = (0..=255).flat_map(|low: u8| {
        [[0; 32], [0xff; 32]].map(|mut y| {
            y[0] = low;
            y
        })
    });
    let spread = (0..500_u32).map(|seed| crate::digest::sha256(&[&seed.to_le_bytes()]));
    let (mut points, mut twice) = (0, 0);
    for y in edges.chain(spread) {
        for sign in [0, 0x80] {
            let mut bytes = y;
            bytes[31] = bytes[31] & 0x7f | sign;
            let decoded = CompressedEdwardsY(bytes).decompress();
            let again = decoded.filter(|point| point.compress().as_bytes() == &bytes);
            assert_eq!(canonical_point(&bytes), again, "{bytes:02x?}");
            points += usize::from(again.is_some());
            twice += usize::from(decoded.is_some() && again.is_none());
        }
    }
    assert!(points > 500 && twice > 10, "{points} {twice}");
}

/// A signature made by hand, so that it can be made wrong in ways that no library offers.
struct Forge {
    secret: Scalar,
    nonce: Scalar,
    public: EdwardsPoint,
}

impl Forge {
    fn new() -> Self {
        let secret = Scalar::from(0x1234_5678_9abc_def1_u64);
        Self { secret, nonce: Scalar::from(0xfeed_u64), public: B * secret }
    }

    fn sign(&self, message: &[u8], r_torsion: &EdwardsPoint) -> [u8; 64] {
        let r = (B * self.nonce + r_torsion).compress().to_bytes();
        let input = [&r, self.public.compress().as_bytes(), message].concat();
        let k: [u8; 64] = digest::digest(&digest::SHA512, &input).as_ref().try_into().unwrap();
        let s = self.nonce + Scalar::from_bytes_mod_order_wide(&k) * self.secret;
        [r, s.to_bytes()].concat().try_into().unwrap()
    }
}

#[test]
fn ed25519_signatures_are_judged_without_cofactor() {
    let forge = Forge::new();
    let key = PublicKey::from_ed25519(&forge.public.compress().to_bytes()).unwrap();
    for (i, torsion) in EIGHT_TORSION.iter().enumerate() {
        // With a cofactor all eight would pass.
        assert_eq!(key.verify(b"m", &forge.sign(b"m", torsion)).is_ok(), i == 0, "R with torsion {i}");
    }
}

#[test]
fn ed25519_signatures_have_one_form() {
    let forge = Forge::new();
    let key = PublicKey::from_ed25519(&forge.public.compress().to_bytes()).unwrap();
    let good = forge.sign(b"m", &EIGHT_TORSION[0]);
    assert_eq!(key.verify(b"m", &good), Ok(()));
    assert_eq!(key.verify(b"n", &good), Err(SignatureError(key.thumbprint())));
    let order: [u8; 32] = hex_decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut larger = good;
    let mut carry = 0u16;
    for (byte, add) in larger[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert!(key.verify(b"m", &larger).is_err(), "S + L is not S");
    for bit in 0..512 {
        let mut flipped = good;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(key.verify(b"m", &flipped).is_err(), "bit {bit}");
    }
    // The identity as R, encoded otherwise than canonically, and S = 0.
    let mut zero = [0; 64];
    zero[0] = 1;
    assert!(key.verify(b"m", &zero).is_err());
}

#[test]
fn signatures_verify_with_their_own_key_only() {
    for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
        let (key, other) = (SigningKey::generate(algorithm).unwrap(), SigningKey::generate(algorithm).unwrap());
        let signature = key.sign(b"message").unwrap();
        assert_eq!(key.public_key().verify(b"message", &signature), Ok(()));
        assert!(other.public_key().verify(b"message", &signature).is_err());
        assert!(key.public_key().verify(b"messagf", &signature).is_err());
        assert!(key.public_key().verify(b"message", &[0; 64]).is_err());
    }
}

#[test]
fn keys_survive_their_file() {
    let dir = tempfile::tempdir().unwrap();
    for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
        let path = dir.path().join(algorithm.jws_name());
        let key = SigningKey::generate(algorithm).unwrap();
        key.store(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let loaded = SigningKey::load(&path).unwrap();
        assert_eq!(loaded.public_key(), key.public_key());
        assert_eq!(loaded.algorithm(), algorithm);
        assert_eq!(key.public_key().verify(b"m", &loaded.sign(b"m").unwrap()), Ok(()));
        assert!(matches!(key.store(&path), Err(KeyFileError::Exists(_))), "a key is never overwritten");
        assert!(!format!("{key:?}").contains("BEGIN"));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing temporary is left");
}

#[test]
fn key_files_that_cannot_be_used_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.pem");
    let missing = SigningKey::load(&path).unwrap_err();
    assert!(matches!(missing, KeyFileError::Io { .. }));
    SigningKey::generate(Algorithm::Ed25519).unwrap().store(&path).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refused = SigningKey::load(&path).unwrap_err().to_string();
        assert!(refused.contains(&format!("chmod 600 {}", path.display())), "{refused}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(SigningKey::load(&path).is_ok());
    let pem = SigningKey::generate(Algorithm::P256).unwrap().to_pem().unwrap();
    let rows = [
        String::new(),
        "not a key".into(),
        pem.replace("PRIVATE", "PUBLIC"),
        pem.replacen("MI", "NI", 1),
        format!("{}{}", pem.as_str(), pem.as_str()),
        "x".repeat(10_000),
    ];
    for text in rows {
        let path = dir.path().join("other.pem");
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(SigningKey::load(&path), Err(KeyFileError::Malformed { .. })), "{text}");
    }
}

#[test]
fn openssl_keys_are_read() {
    // openssl genpkey -algorithm ed25519; RFC 8410 §10.3, the public key is that of RFC 8410 §10.1.
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let key = SigningKey::from_pem(pem).unwrap();
    let public = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
    assert_eq!(key.public_key().as_bytes(), hex_decode::<32>(public).unwrap());
    assert!(SigningKey::from_pem(&pem.replace('\n', "\r\n")).is_ok());
}
