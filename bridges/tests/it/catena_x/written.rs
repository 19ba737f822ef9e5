//! What we say: acceptances, and certificates of our own, held to the models' schemas and read again.

use bridges::catena_x::{Attached, CatenaX, Exchange, Header, Lifecycle, Outline, Published, Site, Trust};
use bridges::{Bridge, Kind, Unanswerable, cloud_event};
use procurement::Advice;
use serde_json::{Value, json};

use super::faults::created;
use super::{V2, file, one};
use crate::common::{UUID, answer, made};

fn written(bytes: Vec<u8>) -> Value {
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_certificate_is_accepted_as_far_as_is_advised() {
    let document = one(&created());
    let rows = [
        (Advice::Go, "ACCEPTED", false),
        (Advice::Notice, "ACCEPTED", false),
        (Advice::Conditional, "RETRIEVED", false),
        (Advice::Stop, "REJECTED", true),
    ];
    for (advice, status, explains) in rows {
        let bytes = CatenaX.answer(&document, &answer(&document, advice)).unwrap();
        assert_eq!(cloud_event::read(&bytes).unwrap().len(), 1, "{status}");
        let event = written(bytes);
        assert_eq!(event["type"], "org.catena-x.ccm.CertificateAcceptanceStatus.v1");
        assert_eq!(
            (&event["source"], &event["subject"]),
            (&json!("urn:bpn:BPNL0000000002CD"), &json!("BPNL0000000001AB"))
        );
        assert_eq!(event["data"]["exchangeId"], "e");
        assert_eq!(event["data"]["certificateId"], "c");
        assert_eq!(event["data"]["status"], status);
        assert_eq!(event["proof"], "https://jp.registry.example/proofs/verdict/4711");
        assert_eq!(event["advice"], json!(advice));
        assert_eq!(event["data"].get("errors").is_some(), explains, "{status}");
        let again = one(&event);
        assert_eq!((again.kind, again.notices.len()), (Kind::CertificateStatus, 0), "{status}");
        assert!(matches!(CatenaX.answer(&again, &answer(&again, Advice::Go)), Err(Unanswerable::NotAnswered { .. })));
    }
}

#[test]
fn the_least_favourable_finding_decides() {
    let document = one(&created());
    let mut said = answer(&document, Advice::Go);
    said.findings.push(answer(&document, Advice::Stop).findings.remove(0));
    let event = written(CatenaX.answer(&document, &said).unwrap());
    assert_eq!(event["data"]["status"], "REJECTED");
    assert_eq!(event["data"]["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn a_push_is_answered_with_a_status() {
    let Some(push) = file(&format!("{V2}/push.json")) else { return };
    let document = one(&push);
    for (advice, status) in [(Advice::Go, "ACCEPTED"), (Advice::Conditional, "RECEIVED"), (Advice::Stop, "REJECTED")] {
        let message = written(CatenaX.answer(&document, &answer(&document, advice)).unwrap());
        assert_eq!(message["header"]["relatedMessageId"], push["header"]["messageId"]);
        assert_eq!(message["header"]["senderBpn"], push["header"]["receiverBpn"]);
        assert_eq!(message["content"]["documentId"], "UUID--123456789");
        assert_eq!(message["content"]["certificateStatus"], status);
        assert_eq!(message["content"]["locationBpns"], json!(["BPNS00000003AYRE"]));
        assert_eq!(message["content"].get("certificateErrors").is_some(), advice == Advice::Stop);
        assert_eq!(one(&message).kind, Kind::CertificateStatus);
    }
}

#[test]
fn what_opens_no_exchange_is_not_answered() {
    let mut withdrawn = created();
    withdrawn["data"] = json!({"status": "WITHDRAWN", "certificate": {"certificateId": "c"}});
    let document = one(&withdrawn);
    assert!(matches!(CatenaX.answer(&document, &answer(&document, Advice::Go)), Err(Unanswerable::NotAnswered { .. })));
    let mut nameless = created();
    nameless["subject"] = Value::Null;
    let document = one(&nameless);
    assert!(matches!(CatenaX.answer(&document, &answer(&document, Advice::Go)), Err(Unanswerable::Form { .. })));
}

fn published() -> Published {
    Published {
        holder: "BPNL0000000001AB".to_owned(),
        scheme: "iso27001".to_owned(),
        edition: Some("2022".to_owned()),
        registration: "JP-4711".to_owned(),
        valid_from: "2026-01-01".parse().unwrap(),
        valid_until: Some("2028-12-31".parse().unwrap()),
        issuer: "認証機関".to_owned(),
        issuer_number: Some("BPNL0000000003EF".to_owned()),
        validator: "jp.registry.example".to_owned(),
        trust: Trust::High,
        sites: vec![Site { number: "BPNS00000003AYRE".to_owned(), area: Some("Assembly".to_owned()) }],
        document: Attached {
            id: "doc-1".to_owned(),
            created: made(),
            media_type: "application/pdf".to_owned(),
            bytes: b"%PDF-1.7".to_vec(),
        },
    }
}

fn outline() -> Outline {
    let Published { scheme, valid_from, valid_until, .. } = published();
    Outline { scheme, valid_from, valid_until }
}

fn header() -> Header {
    let [sender, receiver] = ["BPNL0000000001AB", "BPNL0000000002CD"].map(str::to_owned);
    Header { sender, receiver, message: UUID.to_owned(), sent: made() }
}

#[test]
fn our_certificate_is_valid_by_the_model() {
    let mut forms = vec![published(), published()];
    forms[1] = Published { edition: None, valid_until: None, issuer_number: None, sites: Vec::new(), ..published() };
    for (version, expected) in [("3.1.0", true), ("3.0.0", true)] {
        let path =
            format!("catena-x/business_partner_certificate/{version}/gen/BusinessPartnerCertificate-schema.json");
        let Some(schema) = file(&path) else { return };
        for form in &forms {
            let payload = written(form.payload().unwrap());
            let fault = test_data::schema::fault(&schema, &payload);
            assert_eq!(fault.is_none(), expected, "{version}: {fault:?}");
            assert_eq!(one(&payload).kind, Kind::Certificate);
        }
        let mut broken = written(forms[0].payload().unwrap());
        broken["businessPartnerNumber"] = "BPNL1".into();
        assert!(test_data::schema::fault(&schema, &broken).is_some(), "{version}");
    }
    assert_eq!(written(forms[1].payload().unwrap())["validUntil"], "9999-12-31");
}

#[test]
fn a_pushed_certificate_of_ours_is_read_again() {
    let document = one(&written(published().push(&header()).unwrap()));
    assert_eq!(document.kind, Kind::Certificate);
    assert_eq!(document.evidence.unwrap().registration.as_deref(), Some("JP-4711"));
}

#[test]
fn news_of_ours_are_events_that_are_read_again() {
    for (became, exchange, status) in [
        (Lifecycle::Created, Some("e".to_owned()), "CREATED"),
        (Lifecycle::Modified, None, "MODIFIED"),
        (Lifecycle::Withdrawn, None, "WITHDRAWN"),
    ] {
        let exchange = Exchange { header: header(), exchange, certificate: "c".to_owned(), revision: 2 };
        let document = one(&written(outline().notification(&exchange, became).unwrap()));
        let evidence = document.evidence.unwrap();
        assert_eq!(evidence.status.as_deref(), Some(status));
        assert_eq!(evidence.revision, (became != Lifecycle::Withdrawn).then_some(2), "{status}");
    }
}

#[test]
fn what_the_model_does_not_allow_is_not_written() {
    let with = |change: &dyn Fn(&mut Published)| {
        let mut form = published();
        change(&mut form);
        form.payload().unwrap_err().to_string()
    };
    let rows = [
        (with(&|form| "BPNS0000000001AB".clone_into(&mut form.holder)), "the holder"),
        (with(&|form| form.issuer_number = Some("x".to_owned())), "the issuer's number"),
        (with(&|form| form.sites[0].number = "BPNL0000000001AB".to_owned()), "a site"),
        (with(&|form| form.scheme.clear()), "the scheme"),
        (with(&|form| form.edition = Some("a\nb".to_owned())), "the edition"),
        (with(&|form| form.sites = vec![form.sites[0].clone(); 1_001]), "at most 1000"),
        (with(&|form| form.valid_until = Some("2025-12-31".parse().unwrap())), "the last day"),
        (with(&|form| form.document.bytes = vec![0; 2 * 1024 * 1024 + 1]), "at most 2 MiB"),
    ];
    for (found, part) in rows {
        assert!(found.contains(part), "{found}");
    }
    let upper = Header { message: UUID.to_uppercase().replace("0198C", "ABCDE"), ..header() };
    assert!(published().push(&upper).unwrap_err().to_string().contains("a UUID in lower case"));
    let exchange = |exchange: Option<&str>, revision| Exchange {
        header: header(),
        exchange: exchange.map(str::to_owned),
        certificate: "c".to_owned(),
        revision,
    };
    for (exchange, became) in [
        (exchange(None, 1), Lifecycle::Created),
        (exchange(Some("e"), 1), Lifecycle::Withdrawn),
        (exchange(Some("e"), 0), Lifecycle::Created),
    ] {
        assert!(matches!(outline().notification(&exchange, became), Err(Unanswerable::Form { .. })));
    }
}
