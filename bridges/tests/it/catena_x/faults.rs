//! A row for each fault, and whatever comes.

use bridges::Bridge;
use bridges::catena_x::CatenaX;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::read;

fn push() -> Value {
    json!({
        "header": {
            "senderBpn": "BPNL0000000001AB", "receiverBpn": "BPNL0000000002CD", "version": "3.1.0",
            "context": "CompanyCertificateManagement-CCMAPI-Push:1.0.0",
            "messageId": "0198c0de-0000-7000-8000-000000000002", "sentDateTime": "2026-11-27T00:00:00Z",
        },
        "content": {
            "businessPartnerNumber": "BPNL0000000001AB", "registrationNumber": "1", "trustLevel": "none",
            "validFrom": "2026-01-01", "validUntil": "2027-01-01", "type": {"certificateType": "iso9001"},
            "enclosedSites": [{"enclosedSiteBpn": "BPNS00000003AYRE"}], "document": {
                "documentID": "d", "creationDate": "2026-01-01T00:00:00Z", "contentType": "application/pdf", "contentBase64": "JVBERg==",
            },
        },
    })
}

pub(super) fn created() -> Value {
    json!({
        "specversion": "1.0", "type": "org.catena-x.ccm.CertificateLifecycleStatus.v1", "id": "1",
        "source": "urn:bpn:BPNL0000000001AB", "subject": "BPNL0000000002CD", "time": "2026-11-27T00:00:00Z",
        "data": {"status": "CREATED", "exchangeId": "e", "certificate": {
            "certificateId": "c", "revision": 1, "certificateType": "iso9001",
            "validFrom": "2026-01-01", "validUntil": "2027-01-01",
        }},
    })
}

fn accepted() -> Value {
    json!({"exchangeId": "e", "certificateId": "c", "status": "ACCEPTED"})
}

/// The input, which member becomes what (null: it is left out), the part of the message, and the place.
type Row = (Value, &'static str, Value, &'static str, &'static str);

fn rows() -> Vec<Row> {
    [messages(), events(), bodies()].concat()
}

/// Messages of v2, and the certificate in one.
fn messages() -> Vec<Row> {
    vec![
        (push(), "/content", Value::Null, "content is missing", ""),
        (push(), "/header/context", Value::Null, "context is missing", "/header"),
        (push(), "/header/messageId", json!("1"), "is not a UUID", "/header/messageId"),
        (push(), "/header/senderBpn", json!("BPNS0000000001AB"), "a legal entity", "/header/senderBpn"),
        (push(), "/header/receiverBpn", Value::Null, "receiverBpn is missing", "/header"),
        (push(), "/header/sentDateTime", json!("2026-11-27"), "is not a time", "/header/sentDateTime"),
        (push(), "/header/version", Value::Null, "version is missing", "/header"),
        (push(), "/content/businessPartnerNumber", json!("BPNL1"), "a legal entity", "/content/businessPartnerNumber"),
        (push(), "/content/type", Value::Null, "type is missing", "/content"),
        (push(), "/content/type", json!("iso"), "is not an object", "/content/type"),
        (push(), "/content/type/certificateType", Value::Null, "certificateType is missing", "/content/type"),
        (push(), "/content/registrationNumber", Value::Null, "registrationNumber is missing", "/content"),
        (push(), "/content/validFrom", json!("2026-02-30"), "an existing day", "/content/validFrom"),
        (push(), "/content/validUntil", Value::Null, "validUntil is missing", "/content"),
        (push(), "/content/trustLevel", json!("total"), "none, low, high or trusted", "/content/trustLevel"),
        (push(), "/content/document/documentID", Value::Null, "documentID is missing", "/content/document"),
        (
            push(),
            "/content/document/creationDate",
            json!("now"),
            "a time as the model",
            "/content/document/creationDate",
        ),
        (push(), "/content/document/contentType", Value::Null, "contentType is missing", "/content/document"),
        (push(), "/content/document/contentBase64", Value::Null, "contentBase64 is missing", "/content/document"),
        (push(), "/content/issuer", json!({}), "issuerName is missing", "/content/issuer"),
        (push(), "/content/enclosedSites", json!({}), "is not an array", "/content/enclosedSites"),
        (push(), "/content/enclosedSites/0", json!({}), "enclosedSiteBpn is missing", "/content/enclosedSites/0"),
        (push(), "/content/enclosedSites", json!(vec![0; 1_001]), "more than 1000", "/content/enclosedSites"),
        (push(), "/content/issuer", json!("TÜV"), "a legal entity", "/content/issuer"),
    ]
}

/// Events of v3.
fn events() -> Vec<Row> {
    vec![
        (created(), "/time", Value::Null, "time is missing", ""),
        (created(), "/data", Value::Null, "data is missing", ""),
        (created(), "/data/status", json!("LOST"), "CREATED, MODIFIED or WITHDRAWN", "/data/status"),
        (created(), "/data/exchangeId", Value::Null, "exchangeId is missing", "/data"),
        (created(), "/data/certificate", Value::Null, "certificate is missing", "/data"),
        (created(), "/data/certificate/certificateId", Value::Null, "certificateId is missing", "/data/certificate"),
        (created(), "/data/certificate/revision", json!(0), "a whole number from 1", "/data/certificate/revision"),
        (created(), "/data/certificate/revision", Value::Null, "revision is missing", "/data/certificate"),
        (
            created(),
            "/data/certificate/certificateType",
            Value::Null,
            "certificateType is missing",
            "/data/certificate",
        ),
        (created(), "/data/certificate/validUntil", Value::Null, "validUntil is missing", "/data/certificate"),
    ]
}

/// Bodies of v3, and what is none of all.
fn bodies() -> Vec<Row> {
    let search = json!({"$condition": {"$match": [{"$eq": [{"$field": "f"}, {"$strVal": "v"}]}]}});
    let request = json!({"certificateType": "iso9001", "certifiedLocations": ["BPNS00000003AYRE"]});
    vec![
        (json!({"a": 1}), "/b", json!(1), "an event, a message, a certificate", ""),
        (json!([]), "", json!([]), "an event is missing", ""),
        (accepted(), "/status", json!("MAYBE"), "a state that the standard has", "/status"),
        (accepted(), "/certificateId", Value::Null, "certificateId is missing", ""),
        (accepted(), "/errors", json!([{"message": "m"}]), "left out where nothing went wrong", "/errors"),
        (accepted(), "/errors", json!([{}]), "message is missing", "/errors/0"),
        (accepted(), "/revision", json!("1"), "a whole number from 1", "/revision"),
        (request, "/certifiedLocations/0", json!("here"), "a business partner number", "/certifiedLocations/0"),
        (search.clone(), "/$condition/$match", json!([]), "$match is missing", "/$condition"),
        (search.clone(), "/$condition/$match/0", json!({}), "$eq, with two sides", "/$condition/$match/0"),
        (search, "/$condition/$match/0/$eq/1", json!({}), "either $field or $strVal", "/$condition/$match/0/$eq/1"),
    ]
}

fn put(value: &mut Value, pointer: &str, member: Value) {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        *value = member;
        return;
    };
    match value.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.insert(name.to_owned(), member)),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = member,
        other => panic!("{other}"),
    }
}

#[test]
fn every_fault_is_refused_in_its_place() {
    for sound in [push(), created(), accepted()] {
        assert!(read(&sound).is_ok(), "{sound}");
    }
    for (mut input, pointer, member, part, place) in rows() {
        put(&mut input, pointer, member);
        let refusal = read(&input).map(|found| format!("{pointer} {found:?}")).unwrap_err();
        assert!(refusal.fault.to_string().contains(part), "{pointer}: {refusal}");
        assert_eq!(refusal.place, bridges::Place::Pointer(place.to_owned()), "{pointer}: {refusal}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a-zA-Z$]{1,12}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_member_may_be_anything(whole in 0..3_usize, row in any::<prop::sample::Index>(), member in any_json()) {
        let mut input = [push(), created(), accepted()][whole].clone();
        let rows = rows();
        let pointer = rows[row.index(rows.len())].1;
        if input.pointer(pointer.rsplit_once('/').map_or("", |(parent, _)| parent)).is_some_and(Value::is_object) {
            put(&mut input, pointer, member);
        }
        if let Err(refusal) = read(&input) {
            let bridges::Place::Pointer(place) = refusal.place else { return Err(TestCaseError::fail("no pointer")) };
            prop_assert!(input.pointer(&place).is_some(), "{place}");
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = CatenaX.read(&input);
    }
}
