//! UN/CEFACT cross-industry documents: what 中小企業共通EDI is made of, and Order-X and Factur-X besides.
//!
//! ```text
//! <rsm:CrossIndustryOrder xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryOrder:12"> or <rsm:SMEinvoice …:SMEinvoice">
//!   <rsm:CIOHExchangedDocument><ram:ID>34</ram:ID>                        its number; since library 100 without CIOH
//!   … <ram:BuyerCITradeParty>                                             a party; since library 100 without CI
//!       <ram:ID>4711</ram:ID>                                             as its partner numbers it
//!       <ram:GlobalID schemeID="0188">7000012050002</ram:GlobalID>        as the world does (ISO 6523)
//!       <ram:DUNSID>…   <ram:Specified(CI)LegalOrganization><ram:ID schemeID="…">…
//! ```
//!
//! In scope: every party of such a document, whatever the edition of its library, since names and namespaces are built by one rule; as
//! an answer the text of a remark (備考), which a provider's screen or program puts into the reply. Out of scope: replies in XML: the
//! Japanese schemas of replies were not at hand to hold them to. No public example of 中小企業共通EDI was at hand either; what is read is
//! known from the published classes of its invoice and from UN/CEFACT's own documents.

use crate::answer::word;
use crate::refusal::excerpt;
use crate::xml::{self, Element};
use crate::{Answer, Bridge, Document, Fault, Kind, Network, Party, Reading, Refusal, Role, Unanswerable, scheme};

/// How every namespace begins; the editions before 2010 wrote `Standard`.
const LIBRARY: &str = "urn:un:unece:uncefact:data:standard:";
const AGGREGATE: &str = "reusableaggregatebusinessinformationentity:";

/// The bridge to cross-industry documents.
#[derive(Debug, Clone, Copy)]
pub struct CrossIndustry;

impl Bridge for CrossIndustry {
    fn network(&self) -> Network {
        Network::CrossIndustry
    }

    fn read(&self, input: &[u8]) -> Result<Reading, Refusal> {
        let root = xml::read(input)?;
        Ok(Reading { documents: vec![document(&root)?], notices: Vec::new() })
    }

    fn answer(&self, document: &Document, answer: &Answer) -> Result<Vec<u8>, Unanswerable> {
        answer.check(document, Network::CrossIndustry)?;
        Ok(remark(document, answer).into_bytes())
    }
}

fn document(root: &Element) -> Result<Document, Refusal> {
    let place = root.place("");
    let subject = ["CrossIndustry", "SME"].into_iter().find_map(|prefix| root.name.strip_prefix(prefix));
    let Some(subject) = subject.filter(|_| is_of(root, &root.name.to_ascii_lowercase())) else {
        let found = excerpt(&format!("{{{}}}{}", root.namespace, root.name));
        let wanted = "the root element of a cross-industry document of UN/CEFACT";
        return Err(Refusal::new(place, Fault::Unlike { found, wanted }));
    };
    let kind = kind(&subject.to_ascii_lowercase());
    let path = format!("/{}", root.name);
    let header = root.children.iter().find(|child| child.name.ends_with("ExchangedDocument"));
    let header = header.ok_or_else(|| Refusal::new(place.clone(), Fault::Missing { what: "ExchangedDocument" }))?;
    let below = format!("{path}/{}", header.name);
    let id = aggregates(header, "ID").next();
    let id = id.ok_or_else(|| Refusal::new(header.place(&path), Fault::Missing { what: "ram:ID" }))?;
    let mut document = Document::new(Network::CrossIndustry, kind, &root.name, place.clone());
    document.reference = Some(id.value(&below)?);
    if kind == Kind::Other {
        document.is_unknown(place);
    }
    parties(root, &path, &mut document)?;
    Ok(document)
}

/// Whether an element is of the namespace that `name` begins, in any edition.
fn is_of(element: &Element, name: &str) -> bool {
    let namespace = element.namespace.to_ascii_lowercase();
    namespace.strip_prefix(LIBRARY).is_some_and(|rest| rest.starts_with(name))
}

fn aggregates<'a>(element: &'a Element, name: &'a str) -> impl Iterator<Item = &'a Element> {
    element.children.iter().filter(move |child| child.name == name && is_of(child, AGGREGATE))
}

fn kind(subject: &str) -> Kind {
    match subject {
        "catalogue" => Kind::Catalogue,
        "requestforquotation" => Kind::QuoteRequest,
        "quotation" => Kind::Quotation,
        "order" => Kind::Order,
        "orderchange" => Kind::OrderChange,
        "orderresponse" => Kind::OrderResponse,
        "despatchadvice" => Kind::DespatchAdvice,
        "receivingadvice" => Kind::ReceivingAdvice,
        "invoice" => Kind::Invoice,
        "remittanceadvice" => Kind::Payment,
        _ => Kind::Other,
    }
}

/// Every element whose name ends in `TradeParty`.
fn parties(element: &Element, path: &str, document: &mut Document) -> Result<(), Refusal> {
    for child in &element.children {
        if is_of(child, AGGREGATE)
            && let Some(role) = child.name.strip_suffix("TradeParty")
        {
            document.admit(party(child, role.strip_suffix("CI").unwrap_or(role), path)?)?;
        }
        parties(child, &format!("{path}/{}", child.name), document)?;
    }
    Ok(())
}

fn party(element: &Element, role: &str, path: &str) -> Result<Party, Refusal> {
    let below = format!("{path}/{}", element.name);
    let organizations = ["SpecifiedCILegalOrganization", "SpecifiedLegalOrganization"];
    let registered =
        organizations.iter().flat_map(|name| aggregates(element, name)).flat_map(|one| aggregates(one, "ID"));
    let all = aggregates(element, "GlobalID").chain(registered).chain(aggregates(element, "ID"));
    let mut identifiers = scheme::identifiers(all, &below)?;
    for duns in aggregates(element, "DUNSID") {
        identifiers.push(scheme::identifier("DUNS", &duns.value(&below)?));
    }
    Ok(Party { role: named(role), code: element.name.clone(), identifiers, place: element.place(path) })
}

fn named(role: &str) -> Role {
    match role {
        "Buyer" => Role::Buyer,
        "Seller" => Role::Seller,
        "Supplier" => Role::Supplier,
        "Manufacturer" => Role::Manufacturer,
        "ShipFrom" => Role::Consignor,
        "ShipTo" | "UltimateShipTo" => Role::Consignee,
        "Carrier" => Role::Carrier,
        "Invoicee" => Role::Invoicee,
        "Payer" => Role::Payer,
        "Payee" => Role::Payee,
        _ => Role::Other,
    }
}

/// A line for each finding, UTF-8.
fn remark(document: &Document, answer: &Answer) -> String {
    let mut text = String::new();
    for finding in &answer.findings {
        let stated = &finding.stated;
        let advice = word(document.told(stated.advice)).to_ascii_uppercase();
        let as_of = stated.as_of.strftime("%Y-%m-%dT%H:%M:%SZ");
        text.push_str(&format!("{advice} {} ({as_of}): {} {}\n", finding.party, stated.explanation, stated.proof));
    }
    text
}
