//! v3: CloudEvents about certificates, their acceptance, and what became of requests.
//!
//! In scope: the three types of CX-0135 v3; any other type passes with a notice. Out of scope: the form of an event (`cloud_event`).

use serde_json::Value;

use super::{VALUE_MAX, blank, bpn, payload, plain};
use crate::cloud_event::{self, CloudEvent, Data};
use crate::json::{self, Object};
use crate::{Address, Document, Envelope, Fault, Kind, Place, Refusal, Role};

/// News of a certificate: created, modified or withdrawn.
pub const LIFECYCLE: &str = "org.catena-x.ccm.CertificateLifecycleStatus.v1";
/// What became of a request.
pub const FULFILLMENT: &str = "org.catena-x.ccm.CertificateFulfillmentStatus.v1";
/// What its receiver made of a certificate.
pub const ACCEPTANCE: &str = "org.catena-x.ccm.CertificateAcceptanceStatus.v1";
/// How events name a partner as their source.
pub(super) const SOURCE: &str = "urn:bpn:";
/// The list of the addresses that they name so.
pub const NUMBERS: &str = "bpn";

pub(super) fn documents(value: &Value) -> Result<Vec<Document>, Refusal> {
    cloud_event::events(value)?.iter().map(document).collect()
}

fn document(event: &CloudEvent) -> Result<Document, Refusal> {
    let kind = match event.kind.as_str() {
        LIFECYCLE => Kind::Certificate,
        FULFILLMENT | ACCEPTANCE => Kind::CertificateStatus,
        _ => Kind::Other,
    };
    let whole = Value::Object(serde_json::Map::new());
    let object = Object::new(&whole, event.at.clone())?;
    let mut document = blank(&object, kind, &event.kind);
    document.reference = Some(event.id.clone());
    let number = event.source.strip_prefix(SOURCE);
    let sender = number.unwrap_or(&event.source);
    bpn::admit(&mut document, &object, (Role::Sender, "source"), sender)?;
    if let Some(receiver) = &event.subject {
        bpn::admit(&mut document, &object, (Role::Receiver, "subject"), receiver)?;
    }
    document.envelope = Envelope {
        sender: Address {
            id: sender.to_owned(),
            list: number.map_or_else(String::new, |_| NUMBERS.to_owned()),
            ..Address::default()
        },
        receiver: Address { id: event.subject.clone().unwrap_or_default(), ..Address::default() },
        ..Envelope::default()
    };
    if kind == Kind::Other {
        document.is_unknown(Place::Pointer(object.at("type")));
        return Ok(document);
    }
    // CX-0135 makes an optional attribute of CloudEvents mandatory.
    if event.time.is_none() {
        return Err(object.lacks("time"));
    }
    let Some(Data::Json(data)) = &event.data else { return Err(object.lacks("data")) };
    let data = Object::new(data, json::below(&event.at, "data"))?;
    match kind {
        Kind::Certificate => lifecycle(&data, &mut document)?,
        _ if event.kind == ACCEPTANCE => plain::status(&data, plain::ACCEPTANCE, &mut document)?,
        _ => plain::status(&data, plain::FULFILLMENT, &mut document)?,
    }
    Ok(document)
}

/// A certificate was created, changed or withdrawn. What must be there depends on which.
fn lifecycle(data: &Object<'_>, document: &mut Document) -> Result<(), Refusal> {
    let status = data.need("status", VALUE_MAX)?;
    if !["CREATED", "MODIFIED", "WITHDRAWN"].contains(&status) {
        let wanted = "CREATED, MODIFIED or WITHDRAWN";
        return Err(data.refuse("status", Fault::Unlike { found: crate::refusal::excerpt(status), wanted }));
    }
    let exchange = data.text("exchangeId", VALUE_MAX)?;
    if status == "CREATED" && exchange.is_none() {
        return Err(data.lacks("exchangeId"));
    }
    exchange.unwrap_or_default().clone_into(&mut document.envelope.reference);
    let certificate = data.object("certificate")?.ok_or_else(|| data.lacks("certificate"))?;
    payload::flat(&certificate, status, document)
}
