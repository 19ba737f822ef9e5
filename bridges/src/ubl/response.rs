//! An ApplicationResponse of UBL 2.1: how the parties of a document stand.
//!
//! ```text
//! ApplicationResponse
//!   UBLVersionID CustomizationID ID UUID IssueDate IssueTime
//!   SenderParty/EndpointID ReceiverParty/EndpointID            the document's, the other way round
//!   DocumentResponse …                                         for each finding
//!     Response/ReferenceID                                     whom it is about
//!             /ResponseCode listID="…:advice"                  go, notice, conditional, stop
//!             /Description                                     why
//!             /EffectiveDate /EffectiveTime                    as of when, UTC
//!     DocumentReference/ID DocumentType                        the document that is answered
//!     DocumentReference/ID DocumentType Attachment/…/URI       the proof
//! ```
//!
//! In scope: that document. Out of scope: Peppol's Message Level Response and Invoice Response, whose codes accept or reject a
//! document. A receiver tells this one by its CustomizationID and by the list of its codes, so that nobody takes `stop` for a rejection.

use super::{AGGREGATE, BASIC, DOCUMENT};
use crate::answer::word;
use crate::xml::Writer;
use crate::{Address, Answer, Document, Finding, Kind, Network, Unanswerable};

const CUSTOMIZATION: &str = "urn:secure-trust-registry:bridges:standing:1";
const ADVICE: &str = "urn:secure-trust-registry:bridges:advice";

/// The whole document.
pub(super) fn write(document: &Document, answer: &Answer) -> Result<Vec<u8>, Unanswerable> {
    answer.check(document, Network::Ubl)?;
    if document.kind == Kind::Acknowledgement {
        return Err(Unanswerable::NotAnswered { form: document.form.clone() });
    }
    let envelope = &document.envelope;
    addressed(&envelope.sender, "sender")?;
    addressed(&envelope.receiver, "receiver")?;
    let default = format!("{DOCUMENT}ApplicationResponse-2");
    let namespaces = [("xmlns", &*default), ("xmlns:cac", AGGREGATE), ("xmlns:cbc", BASIC)];
    let mut writer = Writer::new();
    writer.element("ApplicationResponse", &namespaces, |xml| {
        xml.leaf("cbc:UBLVersionID", &[], "2.1");
        xml.leaf("cbc:CustomizationID", &[], CUSTOMIZATION);
        xml.leaf("cbc:ID", &[], &answer.reference);
        xml.leaf("cbc:UUID", &[], &answer.uuid);
        xml.leaf("cbc:IssueDate", &[], &answer.made.strftime("%Y-%m-%d").to_string());
        xml.leaf("cbc:IssueTime", &[], &answer.made.strftime("%H:%M:%SZ").to_string());
        party(xml, "cac:SenderParty", &envelope.receiver);
        party(xml, "cac:ReceiverParty", &envelope.sender);
        for finding in &answer.findings {
            response(xml, document, finding);
        }
    });
    Ok(writer.finish())
}

fn addressed(address: &Address, what: &'static str) -> Result<(), Unanswerable> {
    if address.id.is_empty() { Err(Unanswerable::NoAddress { what }) } else { Ok(()) }
}

fn party(xml: &mut Writer, name: &str, address: &Address) {
    let scheme = [("schemeID", &*address.list)];
    let attributes: &[(&str, &str)] = if address.list.is_empty() { &[] } else { &scheme };
    xml.element(name, &[], |inner| inner.leaf("cbc:EndpointID", attributes, &address.id));
}

fn response(xml: &mut Writer, document: &Document, finding: &Finding) {
    let stated = &finding.stated;
    xml.element("cac:DocumentResponse", &[], |xml| {
        xml.element("cac:Response", &[], |xml| {
            xml.leaf("cbc:ReferenceID", &[], &finding.party);
            xml.leaf("cbc:ResponseCode", &[("listID", ADVICE)], word(document.told(stated.advice)));
            xml.leaf("cbc:Description", &[], &stated.explanation);
            xml.leaf("cbc:EffectiveDate", &[], &stated.as_of.strftime("%Y-%m-%d").to_string());
            xml.leaf("cbc:EffectiveTime", &[], &stated.as_of.strftime("%H:%M:%SZ").to_string());
        });
        xml.element("cac:DocumentReference", &[], |xml| {
            xml.leaf("cbc:ID", &[], document.reference.as_deref().unwrap_or_default());
            xml.leaf("cbc:DocumentType", &[], &document.form);
        });
        xml.element("cac:DocumentReference", &[], |xml| {
            xml.leaf("cbc:ID", &[], &stated.proof);
            xml.leaf("cbc:DocumentType", &[], "Proof");
            xml.element("cac:Attachment", &[], |xml| {
                xml.element("cac:ExternalReference", &[], |xml| xml.leaf("cbc:URI", &[], &stated.proof));
            });
        });
    });
}
