//! Cross-industry documents of UN/CEFACT, in the namings of several libraries. There are no files of others for these.

use bridges::cross_industry::CrossIndustry;
use bridges::{Bridge, Document, Kind, Refusal, Role};
use procurement::{Advice, TradingStep};
use proptest::prelude::*;

use crate::common::{answer, parties};

const DATA: &str = "urn:un:unece:uncefact:data:standard:";

/// A document with a header and a transaction.
fn wrap(root: &str, edition: &str, library: &str, header: &str, content: &str) -> String {
    format!(
        "<rsm:{root} xmlns:rsm=\"{DATA}{root}{edition}\" xmlns:ram=\"{DATA}ReusableAggregateBusinessInformationEntity:{library}\">\
         <rsm:{header}><ram:ID>34</ram:ID></rsm:{header}><rsm:Transaction>{content}</rsm:Transaction></rsm:{root}>"
    )
}

fn read(text: &str) -> Result<Document, Refusal> {
    CrossIndustry.read(text.as_bytes()).map(|mut reading| reading.documents.remove(0))
}

#[test]
fn parties_are_read_in_the_naming_of_every_library() {
    let japanese = "<ram:ApplicableCIIHSupplyChainTradeAgreement>\
        <ram:SellerCITradeParty><ram:ID>4711</ram:ID><ram:GlobalID schemeID=\"0188\">7000012050002</ram:GlobalID></ram:SellerCITradeParty>\
        <ram:BuyerCITradeParty><ram:ID>0815</ram:ID></ram:BuyerCITradeParty></ram:ApplicableCIIHSupplyChainTradeAgreement>";
    let order = "<ram:SellerTradeParty><ram:GlobalID schemeID=\"0088\">4012345000009</ram:GlobalID>\
        <ram:SpecifiedLegalOrganization><ram:ID schemeID=\"0002\">123456789</ram:ID></ram:SpecifiedLegalOrganization></ram:SellerTradeParty>";
    let duns = "<ram:ShipFromCITradeParty><ram:DUNSID>150483782</ram:DUNSID></ram:ShipFromCITradeParty>";
    let rows = [
        (
            wrap("SMEinvoice", "", "31", "CIIHExchangedDocument", japanese),
            Kind::Invoice,
            vec!["SellerCITradeParty corporate-number:7000012050002 [] 4711", "BuyerCITradeParty [] 0815"],
            Role::Seller,
        ),
        (
            wrap("CrossIndustryOrder", ":100", "100", "ExchangedDocument", order),
            Kind::Order,
            vec!["SellerTradeParty gln:4012345000009 [0002] 123456789"],
            Role::Seller,
        ),
        (
            wrap("CrossIndustryDespatchAdvice", ":25", "25", "CIDDHExchangedDocument", duns),
            Kind::DespatchAdvice,
            vec!["ShipFromCITradeParty duns:150483782"],
            Role::Consignor,
        ),
    ];
    for (text, kind, expected, role) in rows {
        let document = read(&text).unwrap();
        assert_eq!((document.kind, document.reference.as_deref()), (kind, Some("34")), "{text}");
        assert_eq!(parties(&document), expected, "{text}");
        assert_eq!(document.parties[0].role, role, "{text}");
    }
}

#[test]
fn each_document_belongs_to_a_step() {
    let rows = [
        ("CrossIndustryCatalogue", Some(TradingStep::Information)),
        ("CrossIndustryRequestForQuotation", Some(TradingStep::Quote)),
        ("CrossIndustryQuotation", Some(TradingStep::Quote)),
        ("CrossIndustryOrderChange", Some(TradingStep::Order)),
        ("CrossIndustryOrderResponse", Some(TradingStep::Order)),
        ("CrossIndustryReceivingAdvice", Some(TradingStep::Acceptance)),
        ("CrossIndustryInvoice", Some(TradingStep::Payment)),
        ("CrossIndustryRemittanceAdvice", Some(TradingStep::Payment)),
        ("CrossIndustryDemandForecast", None),
    ];
    for (root, step) in rows {
        let document = read(&wrap(root, ":100", "100", "ExchangedDocument", "")).unwrap();
        assert_eq!(document.step, step, "{root}");
        assert_eq!(document.notices.len(), usize::from(step.is_none()), "{root}");
    }
}

#[test]
fn every_fault_is_refused_in_its_place() {
    let sound = wrap("CrossIndustryOrder", ":100", "100", "ExchangedDocument", "<ram:BuyerTradeParty/>");
    let rows = [
        ("<a/>".to_owned(), "is not the root element", "/a"),
        (sound.replace(":CrossIndustryOrder:100", ":Elsewhere"), "is not the root element", "/CrossIndustryOrder"),
        (sound.replace("ExchangedDocument", "Elsewhere"), "ExchangedDocument is missing", "/CrossIndustryOrder"),
        (sound.replace("<ram:ID>34</ram:ID>", ""), "ram:ID is missing", "/CrossIndustryOrder/ExchangedDocument"),
        (sound.replace(">34<", "><"), "its value is missing", "/CrossIndustryOrder/ExchangedDocument/ID"),
        (
            sound.replace("<ram:BuyerTradeParty/>", "<ram:BuyerTradeParty><ram:GlobalID/></ram:BuyerTradeParty>"),
            "its value is missing",
            "/CrossIndustryOrder/Transaction/BuyerTradeParty/GlobalID",
        ),
    ];
    assert!(read(&sound).is_ok());
    for (text, part, place) in rows {
        let refusal = read(&text).map(|found| format!("{text}: {found:?}")).unwrap_err();
        assert!(refusal.fault.to_string().contains(part), "{text}: {refusal}");
        assert!(refusal.place.to_string().starts_with(place), "{text}: {refusal}");
    }
}

#[test]
fn the_answer_is_a_remark() {
    let party =
        "<ram:SellerTradeParty><ram:GlobalID schemeID=\"0188\">7000012050002</ram:GlobalID></ram:SellerTradeParty>";
    let order = read(&wrap("CrossIndustryOrder", ":100", "100", "ExchangedDocument", party)).unwrap();
    let written = String::from_utf8(CrossIndustry.answer(&order, &answer(&order, Advice::Stop)).unwrap()).unwrap();
    let expected = "STOP 7000012050002 (2026-11-27T23:00:00Z): No verdict of the level that the policy asks for \
        https://jp.registry.example/proofs/verdict/4711\n";
    assert_eq!(written, expected);
    // An acceptance whose name is not known here is not held up either.
    for root in ["SMEinvoice", "SMEacceptance"] {
        let document = read(&wrap(root, "", "31", "CIIHExchangedDocument", party)).unwrap();
        let written = CrossIndustry.answer(&document, &answer(&document, Advice::Stop)).unwrap();
        assert!(written.starts_with(b"NOTICE "), "{root}");
    }
}

proptest! {
    #[test]
    fn a_damaged_document_is_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let party = "<ram:SellerTradeParty><ram:ID>1</ram:ID></ram:SellerTradeParty>";
        let mut input = wrap("CrossIndustryOrder", ":100", "100", "ExchangedDocument", party).into_bytes();
        let at = at.index(input.len());
        input[at] = byte;
        let _ = CrossIndustry.read(&input);
    }
}
