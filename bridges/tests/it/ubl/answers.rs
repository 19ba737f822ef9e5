//! What is read of sound documents, and an ApplicationResponse as an answer.

use bridges::ubl::Ubl;
use bridges::{Bridge, Kind, Noticed, PartyIdentifier, Unanswerable, Unread};
use procurement::{Advice, TradingStep};

use super::{order, party, read, wrap};
use crate::common::{answer, parties};

#[test]
fn parties_are_known_by_the_scheme_of_their_identifier() {
    let rows = [
        ("0088", "7300010000001", "gln:7300010000001"),
        ("GLN", "7300010000001", "gln:7300010000001"),
        ("0060", "150483782", "duns:150483782"),
        ("0199", "5493001KJTIIGC8Y1R12", "lei:5493001KJTIIGC8Y1R12"),
        ("0188", "7000012050002", "corporate-number:7000012050002"),
        ("0147", "123456000001", "standard-company-code:123456000001"),
        ("0221", "T7000012050002", "[0221] T7000012050002"),
        ("0007", "5541277711", "[0007] 5541277711"),
        ("", "4711", "[] 4711"),
        ("0199", "5493001KJTIIGC8Y1R13", "[0199] 5493001KJTIIGC8Y1R13"),
    ];
    for (scheme, id, expected) in rows {
        let text = wrap("Order", &format!("<cbc:ID>1</cbc:ID>{}", party("CarrierParty", "1", scheme, id)));
        assert_eq!(parties(&read(&text).unwrap()), [format!("CarrierParty {expected} [0088] 1")], "{scheme}");
    }
}

#[test]
fn the_declared_encoding_is_honoured() {
    let text = wrap("Order", "<cbc:ID>@</cbc:ID>");
    let rows: [(&str, &[u8], &str); 3] = [
        ("iso-8859-1", b"M\xdcLLER", "MÜLLER"),
        ("Shift_JIS", b"\x93\xfa\x96\x7b", "日本"),
        ("UTF-8", b"\xc3\x9c", "Ü"),
    ];
    for (encoding, bytes, expected) in rows {
        let (before, after) = text.split_once('@').unwrap();
        let head = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{before}");
        let reading = Ubl.read(&[head.as_bytes(), bytes, after.as_bytes()].concat()).unwrap();
        assert_eq!(reading.documents[0].reference.as_deref(), Some(expected), "{encoding}");
    }
}

#[test]
fn a_party_is_taken_once_wherever_it_stands() {
    let carrier = party("CarrierParty", "1", "0007", "1");
    let line = format!("<cac:OrderLine><cac:LineItem>{carrier}</cac:LineItem></cac:OrderLine>");
    let text = wrap("Order", &format!("<cbc:ID>1</cbc:ID>{line}{line}<cac:ManufacturerParty/>"));
    let document = read(&text).unwrap();
    assert_eq!(parties(&document), ["CarrierParty [0007] 1 [0088] 1", "ManufacturerParty"]);
    assert_eq!(document.parties[0].place.to_string().split(' ').next(), Some("/Order/OrderLine/LineItem/CarrierParty"));
    assert_eq!(document.notices[0].what, Noticed::Unidentified);
}

#[test]
fn each_document_belongs_to_a_step() {
    let rows = [
        ("Catalogue", Some(TradingStep::Information)),
        ("RequestForQuotation", Some(TradingStep::Quote)),
        ("Quotation", Some(TradingStep::Quote)),
        ("Order", Some(TradingStep::Order)),
        ("OrderChange", Some(TradingStep::Order)),
        ("OrderResponseSimple", Some(TradingStep::Order)),
        ("OrderCancellation", Some(TradingStep::Order)),
        ("DespatchAdvice", Some(TradingStep::Delivery)),
        ("ReceiptAdvice", Some(TradingStep::Acceptance)),
        ("Invoice", Some(TradingStep::Payment)),
        ("CreditNote", Some(TradingStep::Payment)),
        ("FreightInvoice", Some(TradingStep::Payment)),
        ("SelfBilledInvoice", Some(TradingStep::Payment)),
        ("SelfBilledCreditNote", Some(TradingStep::Payment)),
        ("Reminder", Some(TradingStep::Payment)),
        ("RemittanceAdvice", Some(TradingStep::Payment)),
        ("Waybill", None),
    ];
    for (name, step) in rows {
        let document = read(&wrap(name, "<cbc:ID>1</cbc:ID>")).unwrap();
        assert_eq!(document.step, step, "{name}");
        assert_eq!(document.kind == Kind::Other, document.notices.len() == 1, "{name}");
    }
}

#[test]
fn an_answer_goes_back_and_says_what_was_found() {
    let document = read(&order()).unwrap();
    let written = String::from_utf8(Ubl.answer(&document, &answer(&document, Advice::Conditional)).unwrap()).unwrap();
    let expected = "<cbc:UBLVersionID>2.1</cbc:UBLVersionID>\
        <cbc:CustomizationID>urn:secure-trust-registry:bridges:standing:1</cbc:CustomizationID><cbc:ID>A-1</cbc:ID>\
        <cbc:UUID>0198c0de-0000-7000-8000-000000000001</cbc:UUID>\
        <cbc:IssueDate>2026-11-27</cbc:IssueDate><cbc:IssueTime>23:01:00Z</cbc:IssueTime>\
        <cac:SenderParty><cbc:EndpointID schemeID=\"0088\">7302347231110</cbc:EndpointID></cac:SenderParty>\
        <cac:ReceiverParty><cbc:EndpointID schemeID=\"0088\">7300010000001</cbc:EndpointID></cac:ReceiverParty>\
        <cac:DocumentResponse><cac:Response><cbc:ReferenceID>5493001KJTIIGC8Y1R12</cbc:ReferenceID>\
        <cbc:ResponseCode listID=\"urn:secure-trust-registry:bridges:advice\">conditional</cbc:ResponseCode>\
        <cbc:Description>No verdict of the level that the policy asks for</cbc:Description>\
        <cbc:EffectiveDate>2026-11-27</cbc:EffectiveDate><cbc:EffectiveTime>23:00:00Z</cbc:EffectiveTime></cac:Response>\
        <cac:DocumentReference><cbc:ID>34</cbc:ID><cbc:DocumentType>Order</cbc:DocumentType></cac:DocumentReference>\
        <cac:DocumentReference><cbc:ID>https://jp.registry.example/proofs/verdict/4711</cbc:ID>\
        <cbc:DocumentType>Proof</cbc:DocumentType><cac:Attachment><cac:ExternalReference>\
        <cbc:URI>https://jp.registry.example/proofs/verdict/4711</cbc:URI></cac:ExternalReference></cac:Attachment>\
        </cac:DocumentReference></cac:DocumentResponse></ApplicationResponse>";
    assert!(written.ends_with(expected), "{written}");
    let again = read(&written).unwrap();
    assert_eq!((again.kind, again.reference.as_deref()), (Kind::Acknowledgement, Some("A-1")));
    assert_eq!(again.envelope.sender, document.envelope.receiver);
    assert!(matches!(Ubl.answer(&again, &answer(&again, Advice::Go)), Err(Unanswerable::NotAnswered { .. })));
}

#[test]
fn what_is_said_cannot_become_markup() {
    let document = read(&order()).unwrap();
    let mut said = answer(&document, Advice::Stop);
    "</cbc:Description> & \"]]>\" <".clone_into(&mut said.findings[0].stated.explanation);
    let written = Ubl.answer(&document, &said).unwrap();
    assert_eq!(Ubl.read(&written).unwrap().documents[0].reference.as_deref(), Some("A-1"));
}

#[test]
fn an_address_is_no_identifier() {
    let order = read(&order()).unwrap();
    for party in &order.parties {
        let Some(PartyIdentifier::Unread { value, why: Unread::Address, .. }) = party.identifiers.last() else {
            panic!("{party:?}")
        };
        assert!(value.starts_with("730"), "{party:?}");
        assert_eq!(party.known().count(), 1, "{party:?}");
    }
    assert_eq!(order.notices, []);
}

#[test]
fn several_identifiers_of_one_party_are_noticed() {
    let more =
        "<cac:PartyIdentification><cbc:ID schemeID=\"0060\">150483782</cbc:ID></cac:PartyIdentification></cac:Party>";
    let order = read(&order().replacen("</cac:Party>", more, 1)).unwrap();
    assert_eq!(order.parties[0].known().count(), 2);
    let found: Vec<_> = order.notices.iter().map(|notice| &notice.what).collect();
    assert_eq!(found, [&Noticed::SeveralIdentifiers]);
}

#[test]
fn an_invoice_is_answered_with_a_notice_at_most() {
    let parties =
        [party("AccountingSupplierParty", "1", "0007", "1"), party("AccountingCustomerParty", "2", "0007", "2")];
    let document = read(&wrap("Invoice", &format!("<cbc:ID>1</cbc:ID>{}", parties.concat()))).unwrap();
    let written = Ubl.answer(&document, &answer(&document, Advice::Stop)).unwrap();
    assert!(String::from_utf8(written).unwrap().contains("advice\">notice</cbc:ResponseCode>"));
}

#[test]
fn without_an_address_nobody_is_answered() {
    let document = read(&wrap("Order", "<cbc:ID>1</cbc:ID>")).unwrap();
    let found = Ubl.answer(&document, &answer(&document, Advice::Go));
    assert_eq!(found, Err(Unanswerable::NoAddress { what: "sender" }));
    let edifact = bridges::Document { network: bridges::Network::Edifact, ..document };
    assert_eq!(Ubl.answer(&edifact, &answer(&edifact, Advice::Go)), Err(Unanswerable::OtherNetwork));
}
