//! UBL 2: documents as Peppol BIS 3 and others carry them, one in each input.
//!
//! ```text
//! <Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2">
//!   <cbc:ID>34</cbc:ID>                                                    its number
//!   <cac:BuyerCustomerParty><cac:Party>                                    a party: its role is the element's name
//!     <cbc:EndpointID schemeID="0088">…                                    its address in the network
//!     <cac:PartyIdentification><cbc:ID schemeID="0088">…                   its identifiers, by scheme
//!     <cac:PartyLegalEntity><cbc:CompanyID schemeID="0192">…             and the address again, marked as one
//! ```
//!
//! In scope: every element of that kind, wherever it stands in the document; an ApplicationResponse as an answer. Out of scope: the
//! schemas and the business rules (Schematron) of each document, signatures, and Peppol's envelope (SBDH).

mod response;

use crate::refusal::excerpt;
use crate::xml::{self, Element};
use crate::{
    Address, Answer, Bridge, Document, Envelope, Fault, Kind, Network, Party, PartyIdentifier, Reading, Refusal, Role,
    Unanswerable, Unread, scheme,
};

const AGGREGATE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";
const BASIC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";
const DOCUMENT: &str = "urn:oasis:names:specification:ubl:schema:xsd:";

/// The bridge to UBL.
#[derive(Debug, Clone, Copy)]
pub struct Ubl;

impl Bridge for Ubl {
    fn network(&self) -> Network {
        Network::Ubl
    }

    fn read(&self, input: &[u8]) -> Result<Reading, Refusal> {
        let root = xml::read(input)?;
        Ok(Reading { documents: vec![document(&root)?], notices: Vec::new() })
    }

    fn answer(&self, document: &Document, answer: &Answer) -> Result<Vec<u8>, Unanswerable> {
        response::write(document, answer)
    }
}

fn document(root: &Element) -> Result<Document, Refusal> {
    let place = root.place("");
    if root.namespace != format!("{DOCUMENT}{}-2", root.name) {
        let found = excerpt(&format!("{{{}}}{}", root.namespace, root.name));
        return Err(Refusal::new(place, Fault::Unlike { found, wanted: "the root element of a document of UBL 2" }));
    }
    let (kind, sender, receiver) = kind(&root.name);
    let path = format!("/{}", root.name);
    let id = root.child(BASIC, "ID").ok_or_else(|| Refusal::new(place.clone(), Fault::Missing { what: "cbc:ID" }))?;
    let mut document = Document::new(Network::Ubl, kind, &root.name, place.clone());
    document.reference = Some(id.value(&path)?);
    document.envelope = Envelope {
        sender: address(root, sender, &path)?,
        receiver: address(root, receiver, &path)?,
        form: root.child(BASIC, "CustomizationID").and_then(Element::text).map(excerpt).unwrap_or_default(),
        ..Envelope::default()
    };
    if kind == Kind::Other {
        document.is_unknown(place);
    }
    parties(root, &path, &mut document)?;
    Ok(document)
}

/// What a document is, and which of its parties wrote it to which.
fn kind(name: &str) -> (Kind, &'static str, &'static str) {
    let (buyer, seller) = ("BuyerCustomerParty", "SellerSupplierParty");
    let (payer, payee) = ("AccountingCustomerParty", "AccountingSupplierParty");
    match name {
        "RequestForQuotation" => (Kind::QuoteRequest, "OriginatorCustomerParty", seller),
        "Quotation" => (Kind::Quotation, seller, "OriginatorCustomerParty"),
        "Order" => (Kind::Order, buyer, seller),
        "OrderChange" => (Kind::OrderChange, buyer, seller),
        "OrderCancellation" => (Kind::OrderCancellation, buyer, seller),
        "OrderResponse" | "OrderResponseSimple" => (Kind::OrderResponse, seller, buyer),
        "DespatchAdvice" => (Kind::DespatchAdvice, "DespatchSupplierParty", "DeliveryCustomerParty"),
        "ReceiptAdvice" => (Kind::ReceivingAdvice, "DeliveryCustomerParty", "DespatchSupplierParty"),
        "Invoice" | "CreditNote" | "DebitNote" | "FreightInvoice" => (Kind::Invoice, payee, payer),
        "SelfBilledInvoice" | "SelfBilledCreditNote" => (Kind::Invoice, payer, payee),
        "Reminder" => (Kind::Payment, payee, payer),
        "RemittanceAdvice" => (Kind::Payment, payer, payee),
        "Catalogue" => (Kind::Catalogue, "ProviderParty", "ReceiverParty"),
        "ApplicationResponse" => (Kind::Acknowledgement, "SenderParty", "ReceiverParty"),
        _ => (Kind::Other, "SenderParty", "ReceiverParty"),
    }
}

/// Every element whose name ends in `Party`, but the one inside it that holds the details.
fn parties(element: &Element, path: &str, document: &mut Document) -> Result<(), Refusal> {
    for child in &element.children {
        let below = format!("{path}/{}", child.name);
        if child.namespace == AGGREGATE && child.name != "Party" && child.name.ends_with("Party") {
            document.admit(party(child, path)?)?;
        }
        parties(child, &below, document)?;
    }
    Ok(())
}

fn party(element: &Element, path: &str) -> Result<Party, Refusal> {
    let details = details(element);
    let ids = details.all(AGGREGATE, "PartyIdentification").filter_map(|one| one.child(BASIC, "ID"));
    let entities = details.all(AGGREGATE, "PartyLegalEntity").filter_map(|one| one.child(BASIC, "CompanyID"));
    let below = format!("{path}/{}", element.name);
    let mut identifiers = scheme::identifiers(ids.chain(entities), &below)?;
    identifiers.extend(endpoint(details, &below)?);
    Ok(Party { role: role(&element.name), code: element.name.clone(), identifiers, place: element.place(path) })
}

/// The address at which a party is reached. It says where documents go and not who somebody is: a service provider may have one for
/// all its customers.
fn endpoint(details: &Element, path: &str) -> Result<Option<PartyIdentifier>, Refusal> {
    let Some(endpoint) = details.child(BASIC, "EndpointID") else { return Ok(None) };
    let list = endpoint.attribute("schemeID").unwrap_or_default().to_owned();
    Ok(Some(PartyIdentifier::Unread { list, value: endpoint.value(path)?, why: Unread::Address }))
}

/// Some elements are parties, others hold one.
fn details(element: &Element) -> &Element {
    element.child(AGGREGATE, "Party").unwrap_or(element)
}

fn address(root: &Element, name: &str, path: &str) -> Result<Address, Refusal> {
    let Some(endpoint) = root.child(AGGREGATE, name).and_then(|party| details(party).child(BASIC, "EndpointID")) else {
        return Ok(Address::default());
    };
    let list = endpoint.attribute("schemeID").unwrap_or_default().to_owned();
    Ok(Address { id: endpoint.value(&format!("{path}/{name}"))?, list, route: String::new() })
}

fn role(name: &str) -> Role {
    match name {
        "BuyerCustomerParty" | "AccountingCustomerParty" | "OriginatorCustomerParty" => Role::Buyer,
        "SellerSupplierParty" | "AccountingSupplierParty" => Role::Seller,
        "ProviderParty" | "ContractorSupplierParty" => Role::Supplier,
        "ManufacturerParty" => Role::Manufacturer,
        "DespatchSupplierParty" | "DespatchParty" | "ConsignorParty" => Role::Consignor,
        "DeliveryCustomerParty" | "DeliveryParty" | "ConsigneeParty" | "FinalDeliveryParty" => Role::Consignee,
        "CarrierParty" => Role::Carrier,
        "PayeeParty" => Role::Payee,
        "PayerParty" => Role::Payer,
        "SenderParty" | "IssuerParty" => Role::Sender,
        "ReceiverParty" | "RecipientParty" => Role::Receiver,
        _ => Role::Other,
    }
}
