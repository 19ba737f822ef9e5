//! The examples and test vectors of the IETF draft.

use std::fs;
use std::path::Path;

use credential::jwt::KidRule;
use credential::status::Status;
use credential::status::list::{Bits, StatusList};
use credential::status::token::{StatusListToken, Unverified};
use serde_json::Value;

/// The text of an example from its first brace on, without line breaks and indentation.
fn compact(folder: &Path, name: &str) -> String {
    let text = fs::read_to_string(folder.join("examples").join(name)).unwrap();
    text[text.find(['{', 'e']).unwrap()..].split_whitespace().collect()
}

fn json(folder: &Path, name: &str) -> Value {
    let text = fs::read_to_string(folder.join("examples").join(name)).unwrap();
    let body: String = text[text.rfind("{\n  \"bits\"").unwrap()..].split_whitespace().collect();
    serde_json::from_str(&body).unwrap()
}

/// The lines `status[index] = 0bvalue` of a section of the draft.
fn values(draft: &str, section: &str) -> Vec<(u64, u8)> {
    let from = draft.rfind(section).unwrap();
    let section = &draft[from..from + draft[from..].find("JSON encoding").unwrap()];
    let line = |line: &str| {
        let (index, value) = line.strip_prefix("status[")?.split_once(']')?;
        let value = value.trim_start_matches([' ', '=']).strip_prefix("0b")?;
        Some((index.parse().ok()?, u8::from_str_radix(value, 2).ok()?))
    };
    section.lines().filter_map(line).collect()
}

/// The line `byte_array = [0x…, …]` of an example.
fn byte_array(folder: &Path, name: &str) -> Vec<u8> {
    let text = fs::read_to_string(folder.join("examples").join(name)).unwrap();
    let digits = text.split("0x").skip(1).map(|after| u8::from_str_radix(&after[..2], 16).unwrap());
    digits.collect()
}

#[test]
fn long_lists_hold_the_values_that_the_draft_shows() {
    let Some(folder) = test_data::vectors("credentials/token-status-list") else { return };
    let draft = fs::read_to_string(folder.join("draft-ietf-oauth-status-list.md")).unwrap();
    let rows = [
        (Bits::One, "## 1-bit Status List", "status_list_encoding1_long_json.md", 11),
        (Bits::Two, "## 2-bit Status List", "status_list_encoding2_long_json.md", 11),
        (Bits::Four, "## 4-bit Status List", "status_list_encoding4_json.md", 15),
        (Bits::Eight, "## 8-bit Status List", "status_list_encoding8_json.md", 256),
    ];
    for (bits, section, name, count) in rows {
        let values = values(&draft, section);
        assert_eq!(values.len(), count, "{section}");
        let mut expected = StatusList::new(bits, 1 << 20).unwrap();
        for (index, value) in values {
            expected.set(index, Status::from(value)).unwrap();
        }
        let read = StatusList::from_json(&json(&folder, name)).unwrap();
        assert!(read == expected, "{name}");
        assert!(StatusList::from_json(&read.to_json().unwrap()).unwrap() == expected, "{name} encoded again");
    }
}

#[test]
fn short_lists_hold_the_bytes_that_the_draft_shows() {
    let Some(folder) = test_data::vectors("credentials/token-status-list") else { return };
    for (name, bits) in [("status_list_encoding_json.md", 1_u32), ("status_list_encoding2_json.md", 2)] {
        let (list, bytes) = (StatusList::from_json(&json(&folder, name)).unwrap(), byte_array(&folder, name));
        assert_eq!(list.entries(), bytes.len() as u64 * u64::from(8 / bits));
        for index in 0..list.entries() {
            let bit = u32::try_from(index).unwrap() * bits;
            let expected = bytes[usize::try_from(bit / 8).unwrap()] >> (bit % 8) & (2_u8.pow(bits) - 1);
            assert_eq!(list.status(index).unwrap(), Status::from(expected), "{name} at {index}");
        }
    }
}

#[test]
fn tokens_are_read_as_the_draft_shows() {
    let Some(folder) = test_data::vectors("credentials/token-status-list") else { return };
    let raw = Unverified::parse(&compact(&folder, "status_list_jwt_raw.md"), KidRule::Hint).unwrap();
    assert_eq!(raw.header().kid.as_deref(), Some("12"));
    test_data::skip("status_list_jwt_raw.md", "its signature is not checked: the draft does not show the key");
    let shown = compact(&folder, "status_list_jwt.md");
    let shown: Value = serde_json::from_str(shown.split_once("}.").unwrap().1).unwrap();
    for claims in [raw.unverified_payload(), shown.as_object().unwrap()] {
        let token = StatusListToken::from_claims(claims).unwrap();
        assert_eq!((token.issued, token.expires, token.ttl), (1_686_920_170, Some(2_291_720_170), Some(43_200)));
        let at = |index| token.list.status(index).unwrap();
        assert_eq!(token.uri, "https://example.com/statuslists/1");
        assert_eq!([0, 1, 2, 3].map(at), [Status::Invalid, Status::Valid, Status::Valid, Status::Invalid]);
    }
}

#[test]
fn what_is_not_read_is_counted() {
    let Some(folder) = test_data::vectors("credentials/token-status-list") else { return };
    let names = fs::read_dir(folder.join("examples")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    let (cbor, read): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.contains("cbor") || name.contains("cwt"));
    for name in &cbor {
        test_data::skip(name, "lists and tokens in CBOR are not offered");
    }
    assert_eq!((read.len(), cbor.len()), (8, 12));
}
