//! Searches by both of the standard's grammars, and the records that they find.

use bridges::Unanswerable;
use bridges::catena_x::record::{self, Location, LocationRole, Record, Reference, Verified};
use bridges::catena_x::{LegalEntity, Query, Unsearchable};
use jiff::civil::date;
use serde_json::{Value, json};

fn location(role: LocationRole) -> Location {
    Location {
        bpnl: "BPNL00000001AXS0".to_owned(),
        bpna: "BPNA00000001AXS0".to_owned(),
        bpns: Some("BPNS00000001AXS0".to_owned()),
        location_role: role,
        area_of_application: None,
    }
}

fn record() -> Record {
    Record {
        id: "V-1.1".to_owned(),
        revision: 1,
        scheme: "isoiec27001".to_owned(),
        edition: Some("2022".to_owned()),
        registration: "jp:V-1".to_owned(),
        valid_from: date(2026, 1, 1),
        valid_until: None,
        verified: Verified::High,
        area: "control units".to_owned(),
        locations: vec![location(LocationRole::MainLocation)],
        issuer: "Body".to_owned(),
        issuer_number: Some("BPNL0000000003EF".to_owned()),
        validator: "Japan".to_owned(),
        document: Reference { id: "V-1.1.proof".to_owned(), created: date(2026, 1, 1), media_type: "application/json" },
    }
}

fn search(expressions: &Value) -> Result<Query, Unsearchable> {
    Query::read(json!({"$condition": {"$match": expressions}}).to_string().as_bytes())
}

#[test]
fn both_grammars_find_what_fits_all_comparisons() {
    let rows = [
        (json!([{"$field": "certificateType", "$eq": "isoiec27001"}]), true),
        (json!([{"$field": "certificateType", "$eq": "iso9001"}]), false),
        (json!([{"$eq": [{"$strVal": "BPNS00000001AXS0"}, {"$field": "certifiedLocations.bpns"}]}]), true),
        (json!([{"$eq": [{"$field": "certifiedLocations.bpna"}, {"$strVal": "BPNS00000001AXS0"}]}]), false),
        (
            json!([
                {"$field": "certifiedLocations.bpnl", "$eq": "BPNL00000001AXS0"},
                {"$eq": [{"$field": "certificateType"}, {"$strVal": "isoiec27001"}]},
            ]),
            true,
        ),
        (
            json!([
                {"$field": "certifiedLocations.bpnl", "$eq": "BPNL00000001AXS0"},
                {"$field": "certificateType", "$eq": "iso9001"},
            ]),
            false,
        ),
    ];
    for (expressions, found) in rows {
        assert_eq!(search(&expressions).unwrap().finds(&record()), found, "{expressions}");
    }
}

#[test]
fn what_is_not_supported_is_told_apart_from_what_is_malformed() {
    let scheme = json!({"$field": "certificateType", "$eq": "iso9001"});
    let not_supported = [
        json!({"$condition": {"$or": [scheme]}}),
        json!({"$condition": {"$match": [scheme]}, "$select": "id"}),
        json!({"$condition": {"$match": [{"$field": "registrationNumber", "$eq": "1"}]}}),
        json!({"$condition": {"$match": [{"$field": "certificateType", "$starts-with": "iso"}]}}),
        json!({"$condition": {"$match": [{"$eq": [{"$field": "$aas#id"}, {"$strVal": "x"}]}]}}),
    ];
    for body in not_supported {
        let refused = Query::read(body.to_string().as_bytes());
        assert!(matches!(refused, Err(Unsearchable::NotSupported(_))), "{body}: {refused:?}");
    }
    let malformed = [
        json!([]),
        json!({}),
        json!({"$condition": []}),
        json!({"$condition": {"$match": []}}),
        json!({"$condition": {"$match": [{"$field": "certificateType"}]}}),
        json!({"$condition": {"$match": [{"$field": "certificateType", "$eq": ["iso9001"]}]}}),
        json!({"$condition": {"$match": [{"$eq": [{"$field": "certificateType"}, {"$field": "certificateType"}]}]}}),
        json!({"$condition": {"$match": [{"$eq": [{"$field": "certificateType"}]}]}}),
        json!({"$condition": {"$match": vec![scheme; 1_001]}}),
    ];
    for body in malformed {
        let refused = Query::read(body.to_string().as_bytes());
        assert!(matches!(refused, Err(Unsearchable::Refused(_))), "{refused:?}");
    }
    assert!(matches!(Query::read(&vec![b'['; bridges::INPUT_MAX + 1]), Err(Unsearchable::Refused(_))));
}

#[test]
fn a_record_has_the_members_of_the_standard() {
    let value = record().value().unwrap();
    let expected = json!({
        "certificateId": "V-1.1", "revision": 1, "certificateType": "isoiec27001", "certificateTypeVersion": "2022",
        "registrationNumber": "jp:V-1", "validFrom": "2026-01-01", "validUntil": "9999-12-31", "trustLevel": "high",
        "areaOfApplication": "control units",
        "certifiedLocations": [{
            "bpnl": "BPNL00000001AXS0", "bpna": "BPNA00000001AXS0", "bpns": "BPNS00000001AXS0",
            "locationRole": "MAIN_LOCATION",
        }],
        "issuer": {"issuerName": "Body", "issuerBpn": "BPNL0000000003EF"}, "validator": {"validatorName": "Japan"},
        "documents": [{"documentId": "V-1.1.proof", "createdDate": "2026-01-01", "mediaType": "application/json"}],
    });
    assert_eq!(value, expected);
    assert_eq!(record::withdrawn("V-1.1"), json!({"certificateId": "V-1.1", "status": "WITHDRAWN"}));
}

#[test]
fn places_are_covered_by_any_of_their_numbers() {
    let rows: [(&[&str], bool); 4] = [
        (&[], true),
        (&["BPNL00000001AXS0", "BPNA00000001AXS0", "BPNS00000001AXS0"], true),
        (&["BPNS00000001AXS1"], false),
        (&["BPNS00000001AXS0", "BPNS00000001AXS1"], false),
    ];
    for (places, covered) in rows {
        assert_eq!(record().covers(places.iter().copied()), covered, "{places:?}");
    }
}

#[test]
fn a_record_keeps_the_rules_of_the_standard() {
    let main = || location(LocationRole::MainLocation);
    let rows: [(&str, Record); 7] = [
        ("two main locations", Record { locations: vec![main(), main()], ..record() }),
        ("none", Record { locations: vec![location(LocationRole::EnclosedLocation)], ..record() }),
        (
            "a site as address",
            Record { locations: vec![Location { bpna: main().bpns.unwrap(), ..main() }], ..record() },
        ),
        ("capitals", Record { scheme: "ISO9001".to_owned(), ..record() }),
        ("no issue", Record { revision: 0, ..record() }),
        ("no number", Record { issuer_number: Some("BPNA00000001AXS0".to_owned()), ..record() }),
        ("two lines", Record { area: "a\nb".to_owned(), ..record() }),
    ];
    for (what, broken) in rows {
        assert!(broken.value().is_err(), "{what}");
    }
    let many = Record { locations: vec![main(); 1_001], ..record() };
    assert_eq!(many.value(), Err(Unanswerable::TooMany { found: 1_001, most: 1_000 }));
    assert!("BPNL0000000001AB".parse::<LegalEntity>().is_ok());
    assert!(
        ["", "BPNS0000000001AB", "BPNL0000000001A", "BPNL0000000001A/"]
            .iter()
            .all(|text| text.parse::<LegalEntity>().is_err())
    );
}
