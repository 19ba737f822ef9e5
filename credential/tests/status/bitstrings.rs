//! Bitstring Status Lists: what is set is found, the JSON is the specification's, and a row per refusal.

use credential::status::bitstring::{
    Bitstring, BitstringError, Entry, MIN_ENTRIES, Purpose, StatusCredential, Unknown,
};
use credential::status::{MAX_LIST, UnpackError};
use ledger::encoding::base64url_encode;
use proptest::prelude::*;
use serde_json::{Value, json};

const LIST: &str = "https://registry.example/bitstrings/3";

pub(super) fn credential() -> StatusCredential {
    let mut list = Bitstring::new(0).unwrap();
    list.set(94_567, true).unwrap();
    StatusCredential {
        id: LIST.into(),
        issuer: "https://registry.example".into(),
        valid_from: Some("2026-01-01T00:00:00Z".parse().unwrap()),
        valid_until: Some("2026-01-02T00:00:00Z".parse().unwrap()),
        purpose: Purpose::Revocation,
        ttl_ms: Some(30_000),
        list,
    }
}

fn entry(index: u64) -> Entry {
    Entry { purpose: Purpose::Revocation, index, list: LIST.into() }
}

fn read(json: &Value) -> Result<StatusCredential, BitstringError> {
    StatusCredential::from_json(json.to_string().as_bytes())
}

#[test]
fn the_json_is_the_specifications() {
    let mut json = Value::Object(credential().to_json().unwrap());
    assert_eq!(read(&json).unwrap(), credential());
    let encoded = json["credentialSubject"]["encodedList"].take();
    assert!(encoded.as_str().unwrap().starts_with("uH4sI"), "multibase base64url of gzip: {encoded}");
    let expected = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": LIST,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": "https://registry.example",
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2026-01-02T00:00:00Z",
        "credentialSubject": {
            "id": format!("{LIST}#list"),
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": null,
            "ttl": 30_000,
        },
    });
    assert_eq!(json, expected);
    let expected = json!({
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "94567",
        "statusListCredential": LIST,
    });
    assert_eq!(entry(94_567).to_json(), expected);
    assert_eq!(Entry::from_json(&expected), Ok(entry(94_567)));
}

/// Figure of the specification: the first place is the leftmost bit.
#[test]
fn the_first_place_is_the_highest_bit() {
    let mut list = Bitstring::new(MIN_ENTRIES).unwrap();
    for index in [0, 9, MIN_ENTRIES - 1] {
        list.set(index, true).unwrap();
    }
    list.set(9, true).unwrap();
    let packed = base64url_encode(&gzip_stored(&{
        let mut bytes = vec![0; 16 * 1024];
        (bytes[0], bytes[1], bytes[16 * 1024 - 1]) = (0x80, 0x40, 0x01);
        bytes
    }));
    assert!(Bitstring::decode(&format!("u{packed}")).unwrap() == list);
    assert_eq!((list.entries(), Bitstring::new(MIN_ENTRIES + 1).unwrap().entries()), (MIN_ENTRIES, MIN_ENTRIES + 8));
}

/// gzip by hand: one stored block, so that nothing of ours made it.
fn gzip_stored(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap();
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(len.to_le_bytes());
    out.extend((!len).to_le_bytes());
    out.extend(bytes);
    let crc = bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    out.extend((!crc).to_le_bytes());
    out.extend(u32::from(len).to_le_bytes());
    out
}

#[test]
fn a_list_that_says_nothing_of_a_credential_is_told_apart() {
    let credential = credential();
    let at = |entry: &Entry, now: &str| credential.look_up(entry, now.parse().unwrap());
    let noon = "2026-01-01T12:00:00Z";
    assert_eq!([94_566, 94_567, 94_568].map(|index| at(&entry(index), noon)), [Ok(false), Ok(true), Ok(false)]);
    assert!(at(&entry(0), "2026-01-01T00:00:00Z").is_ok() && at(&entry(0), "2026-01-02T00:00:00Z").is_ok());
    for now in ["2025-12-31T23:59:59Z", "2026-01-02T00:00:01Z"] {
        assert_eq!(at(&entry(0), now), Err(Unknown::Time));
    }
    let other = Entry { list: format!("{LIST}1"), ..entry(0) };
    assert!(matches!(at(&other, noon), Err(Unknown::OtherList { .. })));
    let other = Entry { purpose: Purpose::Suspension, ..entry(0) };
    assert_eq!(at(&other, noon), Err(Unknown::OtherPurpose));
    assert!(matches!(at(&entry(MIN_ENTRIES), noon), Err(Unknown::NoPlace(_))));
}

#[test]
fn credentials_of_any_other_shape_are_refused() {
    let good = Value::Object(credential().to_json().unwrap());
    let with = |pointer: &str, value: Value| {
        let mut json = good.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        read(&json).map_err(|error| format!("{error:?}"))
    };
    assert!(with("/issuer", json!({"id": "https://registry.example", "name": "Registry"})).is_ok());
    assert_eq!(with("/credentialSubject/ttl", json!(null)).unwrap().ttl_ms, None, "nothing is assumed");
    let short = base64url_encode(&gzip_stored(&[0; 16 * 1024 - 1]));
    let encoded = good["credentialSubject"]["encodedList"].as_str().unwrap();
    let packed = gzip_stored(&[0; 16 * 1024]);
    let cut = base64url_encode(&packed[..packed.len() - 9]);
    let rows = [
        ("/@context", json!(["https://www.w3.org/2018/credentials/v1"]), "Shape"),
        ("/@context", json!([]), "Shape"),
        ("/type", json!(["VerifiableCredential"]), "Shape"),
        ("/id", json!(7), "Shape"),
        ("/issuer", json!(null), "Shape"),
        ("/issuer", json!(["https://registry.example"]), "Shape"),
        ("", json!([]), "Shape"),
        ("/validFrom", json!("yesterday"), "Shape"),
        ("/credentialSubject", json!(["BitstringStatusList", "revocation", encoded]), "Shape"),
        ("/credentialSubject/type", json!("StatusList2021"), "Shape"),
        ("/credentialSubject/statusPurpose", json!("message"), "Shape"),
        ("/credentialSubject/ttl", json!("soon"), "Shape"),
        ("/credentialSubject/ttl", json!(-1), "Shape"),
        ("/credentialSubject/encodedList", json!(encoded[1..]), "NotMultibase"),
        ("/credentialSubject/encodedList", json!(format!("{encoded}=")), "NotMultibase"),
        ("/credentialSubject/encodedList", json!(format!("u{cut}")), "Unpack(Damaged)"),
        ("/credentialSubject/encodedList", json!(format!("u{short}")), "TooShort(131064)"),
    ];
    for (pointer, value, error) in rows {
        let found = with(pointer, value).expect_err(pointer);
        assert!(found.starts_with(error), "{pointer}: {found}");
    }
    let twice = good.to_string().replacen('{', r#"{"id":"https://other.example","#, 1);
    assert!(matches!(StatusCredential::from_json(twice.as_bytes()), Err(BitstringError::NotStrict(_))));
    let large = base64url_encode(&[gzip_stored(&[0; 65_535]), vec![0; 8]].concat());
    assert_eq!(Bitstring::decode(&format!("u{large}")), Err(BitstringError::Unpack(UnpackError::Trailing)));
    assert!(Bitstring::new(MAX_LIST as u64 * 8).is_ok() && Bitstring::new(MAX_LIST as u64 * 8 + 1).is_err());
}

#[test]
fn entries_of_any_other_shape_are_refused() {
    let good = entry(7).to_json();
    let with = |name: &str, value: Value| {
        let mut json = good.clone();
        json[name] = value;
        Entry::from_json(&json)
    };
    assert!(
        with("id", json!("https://registry.example/credentials/1#7")).is_ok() && with("statusSize", json!(1)).is_ok()
    );
    assert!(Entry::from_json(&json!(["BitstringStatusListEntry", "revocation", "7", LIST])).is_err());
    for (name, value) in [
        ("type", json!("StatusList2021Entry")),
        ("statusPurpose", json!("refresh")),
        ("statusListIndex", json!(7)),
        ("statusListIndex", json!("")),
        ("statusListIndex", json!("+7")),
        ("statusListIndex", json!("18446744073709551616")),
        ("statusListCredential", json!(null)),
        ("statusSize", json!(2)),
    ] {
        assert!(with(name, value.clone()).is_err(), "{name}: {value}");
    }
}

proptest! {
    #[test]
    fn each_bit_keeps_what_was_set_last(set in prop::collection::vec((0_u64..300, any::<bool>()), 0..60)) {
        let mut list = Bitstring::new(0).unwrap();
        let mut expected = vec![false; 300];
        for (index, bit) in set {
            list.set(index, bit).unwrap();
            expected[usize::try_from(index).unwrap()] = bit;
        }
        let read = Bitstring::decode(&list.encode().unwrap()).unwrap();
        let found: Vec<_> = (0..300).map(|index| read.is_set(index).unwrap()).collect();
        prop_assert_eq!(found, expected);
    }
}
