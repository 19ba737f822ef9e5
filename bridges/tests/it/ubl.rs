//! UBL: files of others, a row for each fault, and answers that are read again.

mod answers;
mod faults;
mod files;

use bridges::ubl::Ubl;
use bridges::{Bridge, Document, Refusal};

/// A document around some elements.
fn wrap(name: &str, content: &str) -> String {
    format!(
        "<{name} xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:{name}-2\" \
         xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" \
         xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\">{content}</{name}>"
    )
}

/// A party of a name, with an address and an identifier.
fn party(name: &str, endpoint: &str, scheme: &str, id: &str) -> String {
    format!(
        "<cac:{name}><cac:Party><cbc:EndpointID schemeID=\"0088\">{endpoint}</cbc:EndpointID><cac:PartyIdentification>\
         <cbc:ID schemeID=\"{scheme}\">{id}</cbc:ID></cac:PartyIdentification></cac:Party></cac:{name}>"
    )
}

/// An order from one party to another.
fn order() -> String {
    let buyer = party("BuyerCustomerParty", "7300010000001", "0199", "5493001KJTIIGC8Y1R12");
    let seller = party("SellerSupplierParty", "7302347231110", "0188", "7000012050002");
    wrap("Order", &format!("<cbc:ID>34</cbc:ID>{buyer}{seller}"))
}

fn read(text: &str) -> Result<Document, Refusal> {
    Ubl.read(text.as_bytes()).map(|mut reading| {
        assert_eq!(reading.documents.len(), 1);
        reading.documents.remove(0)
    })
}
