//! What the standard shows: messages of v2, events and bodies of v3, and the models' own samples.

use bridges::{Document, Kind, Noticed};
use serde_json::{Value, json};

use super::{V2, V3, file, one, read};
use crate::common::parties;

fn evidence(document: &Document) -> &bridges::Evidence {
    document.evidence.as_ref().unwrap()
}

#[test]
fn a_pushed_certificate_is_evidence() {
    let Some(push) = file(&format!("{V2}/push.json")) else { return };
    let document = one(&push);
    assert_eq!((document.kind, document.step), (Kind::Certificate, None));
    assert_eq!(
        parties(&document),
        [
            "senderBpn [BPN] BPNL0000000001AB",
            "receiverBpn [BPN] BPNL0000000002CD",
            "businessPartnerNumber [BPN] BPNL0000000001AB",
            "issuerBpn [BPN] BPNL133631123120",
            "validatorBpn [BPN] BPNL00000007YREZ",
            "uploader [BPN] BPNL0000000001AB",
        ]
    );
    let found = evidence(&document);
    assert_eq!((&*found.id, found.scheme.as_deref()), ("UUID--123456789", Some("ISO9001")));
    assert_eq!((found.edition.as_deref(), found.trust.as_deref()), (Some("2015"), Some("none")));
    assert_eq!(found.valid_until.unwrap().to_string(), "2026-01-24");
    assert_eq!(found.sites, ["BPNS00000003AYRE"]);
}

#[test]
fn statuses_of_the_second_generation_are_read() {
    for (name, state, sites) in [("status-accepted", "ACCEPTED", 2), ("status-rejected", "REJECTED", 1)] {
        let Some(status) = file(&format!("{V2}/{name}.json")) else { return };
        let document = one(&status);
        assert_eq!(document.kind, Kind::CertificateStatus, "{name}");
        assert_eq!(evidence(&document).status.as_deref(), Some(state), "{name}");
        assert_eq!(evidence(&document).sites.len(), sites, "{name}");
        assert_eq!(document.notices, [], "{name}");
    }
}

#[test]
fn requests_and_announcements_of_the_second_generation_are_read() {
    let Some(push) = file(&format!("{V2}/push.json")) else { return };
    let message = |action: &str, content: Value| {
        let mut message = push.clone();
        message["header"]["context"] = format!("CompanyCertificateManagement-CCMAPI-{action}:1.0.0").into();
        message["content"] = content;
        one(&message)
    };
    let places = json!(["BPNA000000000001", "BPNS000000000003"]);
    let request = message(
        "Request",
        json!({"certifiedBpn": "BPNL00000003AYRE", "certificateType": "ISO9001", "locationBpns": places}),
    );
    assert_eq!(request.kind, Kind::CertificateRequest);
    assert!(parties(&request).contains(&"certifiedBpn [BPN] BPNL00000003AYRE".to_owned()));
    assert_eq!(evidence(&request).sites, ["BPNA000000000001", "BPNS000000000003"]);
    let available =
        message("Available", json!({"documentId": "d", "certificateType": "ISO9001", "locationBpns": places}));
    assert_eq!((available.kind, &*evidence(&available).id), (Kind::Certificate, "d"));
    let other = message("Elsewhere", json!({}));
    assert_eq!(other.kind, Kind::Other);
    assert!(matches!(other.notices[0].what, Noticed::UnknownForm { .. }));
}

/// Where in the consumer's examples: kind, state, how many notices.
const EVENTS: [(&str, Kind, &str, usize); 6] = [
    ("created", Kind::Certificate, "CREATED", 0),
    // The site's number in this example is one character short.
    ("createdWithDocuments", Kind::Certificate, "CREATED", 1),
    ("modified", Kind::Certificate, "MODIFIED", 0),
    ("withdrawn", Kind::Certificate, "WITHDRAWN", 0),
    ("fulfillmentFulfilled", Kind::CertificateStatus, "FULFILLED", 0),
    // The schema asks for errors here.
    ("fulfillmentDeclined", Kind::CertificateStatus, "DECLINED", 1),
];

#[test]
fn events_of_the_third_generation_are_read() {
    let Some(examples) = file(&format!("{V3}/consumer-api-examples.json")) else { return };
    let events = &examples["POST /certificate-notifications (application/cloudevents+json)"];
    for (name, kind, state, notices) in EVENTS {
        let document = one(&events[name]);
        assert_eq!(document.kind, kind, "{name}");
        assert_eq!(evidence(&document).status.as_deref(), Some(state), "{name}");
        assert_eq!(document.notices.len(), notices, "{name}: {:?}", document.notices);
        assert_eq!(document.envelope.sender.id, "BPNL0000000001AB", "{name}");
        assert_eq!(document.envelope.receiver.id, "BPNL0000000002CD", "{name}");
    }
    let batch = read(&events["batch"]).unwrap().documents;
    let states: Vec<_> = batch.iter().map(|one| evidence(one).status.clone().unwrap()).collect();
    assert_eq!(states, ["CREATED", "WITHDRAWN"]);
    let full = one(&events["createdWithDocuments"]);
    assert_eq!(evidence(&full).sites, ["BPNS00000001AXS", "BPNA00000001AXS"]);
    assert!(parties(&full).contains(&"issuerBpn [BPN] BPNL0000000003EF".to_owned()));
    for (name, state) in [("retrieved", "RETRIEVED"), ("accepted", "ACCEPTED"), ("rejected", "REJECTED")] {
        let document = one(&examples["GET /certificate-acceptance-status/{id} 200"][name]);
        assert_eq!(document.form, "CertificateAcceptanceStatus");
        assert_eq!(evidence(&document).status.as_deref(), Some(state));
    }
}

#[test]
fn bodies_of_the_third_generation_are_read() {
    let Some(examples) = file(&format!("{V3}/provider-api-examples.json")) else { return };
    let request = one(&examples["POST /certificate-requests"]["byType"]);
    assert_eq!(request.kind, Kind::CertificateRequest);
    assert_eq!(evidence(&request).sites, ["BPNS00000003AYRE"]);
    for (endpoint, renamed) in [("POST /certificate-requests 202", true), ("GET /certificate-requests/{id} 200", false)]
    {
        for (name, state) in [("acknowledged", "ACKNOWLEDGED"), ("fulfilled", "FULFILLED"), ("declined", "DECLINED")] {
            let document = one(&examples[endpoint][name]);
            assert_eq!(document.form, "CertificateRequestStatus", "{endpoint} {name}");
            assert_eq!((evidence(&document).status.as_deref(), evidence(&document).revision), (Some(state), Some(1)));
            let notices: Vec<_> = document.notices.iter().map(|notice| notice.what.clone()).collect();
            let expected = Noticed::OtherName { found: "version".to_owned(), meant: "revision" };
            assert_eq!(notices, if renamed { vec![expected] } else { Vec::new() }, "{endpoint} {name}");
        }
    }
    let acceptances = &examples["POST /certificate-acceptance-notifications (application/cloudevents+json)"];
    for (name, state) in
        [("retrieved", "RETRIEVED"), ("accepted", "ACCEPTED"), ("rejected", "REJECTED"), ("errored", "ERRORED")]
    {
        let document = one(&acceptances[name]);
        assert_eq!(evidence(&document).status.as_deref(), Some(state), "{name}");
        assert_eq!(document.notices, [], "{name}");
    }
}

#[test]
fn a_search_is_read_for_whom_it_looks() {
    let field = json!({"$field": "$aas#assetInformation.specificAssetIds[].value"});
    let search = json!({"$condition": {"$match": [
        {"$eq": [field, {"$strVal": "BPNL00000003AYRE"}]}, {"$eq": [{"$strVal": "iso9001"}, field]},
    ]}});
    let document = one(&search);
    assert_eq!((document.kind, &*document.form), (Kind::CertificateRequest, "CertificateQuery"));
    assert_eq!(parties(&document), ["$strVal [BPN] BPNL00000003AYRE"]);
}

#[test]
fn the_samples_of_the_models_are_read() {
    for version in ["2.0.0", "3.0.0", "3.1.0"] {
        let path = format!("catena-x/business_partner_certificate/{version}/gen/BusinessPartnerCertificate.json");
        let Some(sample) = file(&path) else { return };
        let document = one(&sample);
        assert_eq!(document.kind, Kind::Certificate, "{version}");
        assert_eq!(evidence(&document).id, "UUID--123456789", "{version}");
        assert!(parties(&document).iter().any(|party| party.starts_with("issuer")), "{version}");
    }
}
