//! Token Status Lists of our own: what is set is found, and a row per refusal.

use credential::jwt::{Header, JwtError, KidRule, VerifyError, sign};
use credential::status::list::{Bits, ListError, SetError, StatusList};
use credential::status::token::{Reference, StatusListToken, TYPE, TokenError, TokenSignError, Unknown, Unverified};
use credential::status::{MAX_LIST, Status, UnpackError};
use credential::times::Untimely;
use ledger::key::{Algorithm, SigningKey};
use proptest::prelude::*;
use serde_json::{Value, json};

const URI: &str = "https://registry.example/status/1";

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

fn token(list: StatusList) -> StatusListToken {
    StatusListToken { uri: URI.into(), issued: 1_000, expires: Some(2_000), ttl: Some(300), list }
}

fn reference(index: u64) -> Reference {
    Reference { uri: URI.into(), index }
}

#[test]
fn what_is_signed_is_looked_up() {
    for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
        let key = SigningKey::generate(algorithm).unwrap();
        let mut list = StatusList::new(Bits::Two, 10).unwrap();
        assert_eq!(list.entries(), 12, "whole bytes");
        list.set(3, Status::Suspended).unwrap();
        list.set(9, Status::Invalid).unwrap();
        let signed = token(list.clone()).sign(&key).unwrap();
        let read = Unverified::parse(&signed, KidRule::Thumbprint).unwrap().verify(key.public_key()).unwrap();
        assert_eq!(read.token(), &token(list));
        let at = |index| read.look_up(&reference(index), 1_500, 0).unwrap();
        assert_eq!([3, 9, 0, 11].map(at), [Status::Suspended, Status::Invalid, Status::Valid, Status::Valid]);
    }
}

#[test]
fn a_list_that_says_nothing_of_a_credential_is_told_apart() {
    let key = key();
    let signed = token(StatusList::new(Bits::One, 8).unwrap()).sign(&key).unwrap();
    let token = Unverified::parse(&signed, KidRule::Thumbprint).unwrap().verify(key.public_key()).unwrap();
    let at = |reference: &Reference, now, leeway| token.look_up(reference, now, leeway);
    assert!(at(&reference(7), 1_000, 0).is_ok() && at(&reference(7), 2_009, 10).is_ok());
    let other = Reference { uri: format!("{URI}0"), index: 0 };
    assert!(matches!(at(&other, 1_500, 0), Err(Unknown::OtherList { .. })));
    assert_eq!(at(&reference(0), 2_000, 0), Err(Unknown::Time(Untimely::Expired(2_000))));
    assert_eq!(at(&reference(0), 999, 0), Err(Unknown::Time(Untimely::SignedLater(1_000))));
    for index in [8, u64::MAX] {
        assert!(matches!(at(&reference(index), 1_500, 0), Err(Unknown::NoPlace(none)) if none.entries == 8));
    }
}

#[test]
fn a_status_that_does_not_fit_is_not_set() {
    for (bits, most) in [(Bits::One, 1), (Bits::Two, 3), (Bits::Four, 15), (Bits::Eight, 255_u8)] {
        let mut list = StatusList::new(bits, 16).unwrap();
        list.set(5, Status::from(most)).unwrap();
        assert_eq!(list.status(5), Ok(Status::from(most)));
        if let Some(wider) = most.checked_add(1) {
            assert_eq!(list.set(5, Status::from(wider)), Err(SetError::TooWide(wider)));
        }
        assert!(matches!(list.set(16, Status::Valid), Err(SetError::NoPlace(_))));
    }
    assert!(StatusList::new(Bits::Eight, MAX_LIST as u64).is_ok());
    assert!(StatusList::new(Bits::Eight, MAX_LIST as u64 + 1).is_err());
    assert!(StatusList::new(Bits::One, u64::MAX).is_err());
}

#[test]
fn claims_of_any_other_shape_are_refused() {
    let key = key();
    let list = StatusList::new(Bits::One, 8).unwrap().to_json().unwrap();
    let good =
        json!({"sub": URI, "iat": 1, "exp": 2, "ttl": 3, "status_list": list, "iss": "more claims may stand here"});
    let read = |claims: &Value| {
        let header = Header::naming(key.public_key(), TYPE, &[]);
        let signed = sign(&key, &header, claims.as_object().unwrap()).unwrap();
        Unverified::parse(&signed, KidRule::Thumbprint).unwrap().verify(key.public_key())
    };
    assert!(read(&good).is_ok());
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        read(&claims).unwrap_err()
    };
    for (name, value) in
        [("sub", json!(1)), ("iat", json!(null)), ("exp", json!("2")), ("ttl", json!(0)), ("ttl", json!(-1))]
    {
        let error = with(name, value);
        let fits = match &error {
            TokenError::Claim(claim) | TokenError::Time(Untimely::NotATime(claim)) => *claim == name,
            _ => false,
        };
        assert!(fits, "{name}: {error:?}");
    }
    for name in ["sub", "iat", "status_list"] {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(read(&claims), Err(TokenError::Claim(name)));
    }
    let lists = [
        (json!([1, "eNrbuRgAAhcBXQ"]), None),
        (json!({"lst": "eNrbuRgAAhcBXQ"}), None),
        (json!({"bits": 1}), None),
        (json!({"bits": 3, "lst": "eNrbuRgAAhcBXQ"}), Some(ListError::Bits(3))),
        (json!({"bits": 1, "lst": "eNrbuRgAAhcBXQ=="}), Some(ListError::NotBase64)),
        (json!({"bits": 1, "lst": "eNrbuRgAAhcBX"}), Some(ListError::NotBase64)),
        (json!({"bits": 1, "lst": "eNrbuRgAAhcB"}), Some(ListError::Unpack(UnpackError::Damaged))),
        (json!({"bits": 1, "lst": "eNrbuRgAAhcBXQAA"}), Some(ListError::Unpack(UnpackError::Trailing))),
        (json!({"bits": 1, "lst": ""}), Some(ListError::Unpack(UnpackError::Damaged))),
    ];
    for (list, expected) in lists {
        let TokenError::List(found) = with("status_list", list.clone()) else { panic!("{list}") };
        let fits = expected.as_ref().map_or(matches!(found, ListError::Shape(_)), |expected| *expected == found);
        assert!(fits, "{list}: {found:?}");
    }
}

#[test]
fn only_its_own_type_and_key_are_accepted() {
    let (key, other) = (key(), key());
    let claims = json!({}).as_object().unwrap().clone();
    for typ in ["JWT", "dc+sd-jwt", "statement+jwt"] {
        let signed = sign(&key, &Header::naming(key.public_key(), typ, &[]), &claims).unwrap();
        assert!(matches!(Unverified::parse(&signed, KidRule::Thumbprint), Err(JwtError::Header(_))), "{typ}");
    }
    let signed = token(StatusList::new(Bits::One, 8).unwrap()).sign(&key).unwrap();
    let parse = |rule| Unverified::parse(&signed, rule).unwrap();
    let refused = parse(KidRule::Thumbprint).verify(other.public_key());
    assert!(matches!(refused, Err(TokenError::Verify(VerifyError::OtherKey { .. }))));
    let refused = parse(KidRule::Hint).verify(other.public_key());
    assert!(matches!(refused, Err(TokenError::Verify(VerifyError::Signature(_)))));
}

#[test]
fn a_token_that_nobody_reads_is_not_signed() {
    let mut list = StatusList::new(Bits::Eight, 5 << 20).unwrap();
    let mut state = 1_u32;
    for index in 0..list.entries() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        list.set(index, Status::from(state.to_be_bytes()[0])).unwrap();
    }
    assert!(matches!(token(list).sign(&key()), Err(TokenSignError::TooLong(_))));
}

#[test]
fn a_credential_without_a_status_differs_from_one_with_a_bad_one() {
    let read = |claims: Value| Reference::read(claims.as_object().unwrap());
    assert_eq!(read(json!({})), Ok(None));
    assert_eq!(read(json!({"status": reference(7).to_json()})), Ok(Some(reference(7))));
    let bad = [
        json!({}),
        json!(null),
        json!({"status_list": {}}),
        json!({"status_list": {"idx": 1}}),
        json!({"status_list": {"idx": -1, "uri": URI}}),
        json!({"status_list": {"idx": 1.5, "uri": URI}}),
        json!({"status_list": {"idx": "1", "uri": URI}}),
        json!({"status_list": {"idx": 1, "uri": ""}}),
        json!({"status_list": {"idx": 1, "uri": "u".repeat(2049)}}),
    ];
    for status in bad {
        assert!(read(json!({"status": status.clone()})).is_err(), "{status}");
    }
}

proptest! {
    #[test]
    fn each_place_keeps_what_was_set_last(
        width in 0_usize..4,
        set in prop::collection::vec((0_u64..200, any::<u8>()), 0..60),
    ) {
        let bits = [Bits::One, Bits::Two, Bits::Four, Bits::Eight][width];
        let mut list = StatusList::new(bits, 200).unwrap();
        let mut expected = vec![Status::Valid; 200];
        for (index, value) in set {
            let status = Status::from(value & (u8::MAX >> (8 - bits.count())));
            list.set(index, status).unwrap();
            expected[usize::try_from(index).unwrap()] = status;
        }
        let read = StatusList::from_json(&list.to_json().unwrap()).unwrap();
        let found: Vec<_> = (0..200).map(|index| read.status(index).unwrap()).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn arbitrary_lists_never_panic(text in "[A-Za-z0-9_-]{0,80}", bits in 0_u64..10) {
        let _ = StatusList::from_json(&json!({"bits": bits, "lst": text}));
    }
}
