//! v2: messages with a header: a certificate is asked for, pushed, announced, or judged.
//!
//! In scope: the four contexts of CCMAPI 1.0.0. Out of scope: feedback addresses in the header, which are never called from here.

use serde_json::Value;

use super::{ITEMS_MAX, VALUE_MAX, blank, bpn, payload, plain};
use crate::answer::is_uuid;
use crate::cloud_event::timestamp;
use crate::json::Object;
use crate::refusal::excerpt;
use crate::{Address, Document, Envelope, Evidence, Fault, Kind, Place, Refusal, Role};

/// Every context begins with this, and ends with [`VERSION`].
pub(super) const CONTEXT: &str = "CompanyCertificateManagement-CCMAPI-";
pub(super) const VERSION: &str = ":1.0.0";

pub(super) fn document(value: &Value) -> Result<Document, Refusal> {
    let whole = Object::new(value, String::new())?;
    let header = whole.object("header")?.ok_or_else(|| whole.lacks("header"))?;
    let content = whole.object("content")?.ok_or_else(|| whole.lacks("content"))?;
    let context = header.need("context", VALUE_MAX)?;
    let action = context.strip_prefix(CONTEXT).and_then(|rest| rest.strip_suffix(VERSION));
    let kind = match action {
        Some("Push" | "Available") => Kind::Certificate,
        Some("Request") => Kind::CertificateRequest,
        Some("Status") => Kind::CertificateStatus,
        _ => Kind::Other,
    };
    let mut document = blank(&whole, kind, context);
    addresses(&header, &mut document)?;
    match action {
        Some("Push") => payload::nested(&content, &mut document)?,
        Some("Available") => {
            let sites = plain::places(&content, "locationBpns", &mut document)?;
            let id = content.need("documentId", VALUE_MAX)?.to_owned();
            let scheme = content.need("certificateType", VALUE_MAX)?;
            document.evidence = Some(Evidence { id, ..plain::asked(scheme, sites) });
        }
        Some("Request") => {
            let holder = bpn::entity(&content, "certifiedBpn")?.ok_or_else(|| content.lacks("certifiedBpn"))?;
            bpn::admit(&mut document, &content, (Role::Holder, "certifiedBpn"), holder)?;
            let sites = plain::places(&content, "locationBpns", &mut document)?;
            document.evidence = Some(plain::asked(content.need("certificateType", VALUE_MAX)?, sites));
        }
        Some("Status") => status(&content, &mut document)?,
        _ => document.is_unknown(Place::Pointer(header.at("context"))),
    }
    Ok(document)
}

/// The header: who writes to whom, as what, and when.
fn addresses(header: &Object<'_>, document: &mut Document) -> Result<(), Refusal> {
    let id = header.checked("messageId", "a UUID", |text| {
        is_uuid(text.strip_prefix("urn:uuid:").unwrap_or(text)).then_some(text)
    })?;
    let id = id.ok_or_else(|| header.lacks("messageId"))?;
    let sender = bpn::entity(header, "senderBpn")?.ok_or_else(|| header.lacks("senderBpn"))?;
    let receiver = bpn::entity(header, "receiverBpn")?.ok_or_else(|| header.lacks("receiverBpn"))?;
    header
        .checked("sentDateTime", "a time as RFC 3339 writes it", timestamp)?
        .ok_or_else(|| header.lacks("sentDateTime"))?;
    let version = header.need("version", VALUE_MAX)?;
    document.reference = Some(id.to_owned());
    document.envelope = Envelope {
        sender: Address { id: sender.to_owned(), ..Address::default() },
        receiver: Address { id: receiver.to_owned(), ..Address::default() },
        message: id.to_owned(),
        form: version.to_owned(),
        ..Envelope::default()
    };
    bpn::admit(document, header, (Role::Sender, "senderBpn"), sender)?;
    bpn::admit(document, header, (Role::Receiver, "receiverBpn"), receiver)
}

/// What became of a certificate that was pushed.
fn status(content: &Object<'_>, document: &mut Document) -> Result<(), Refusal> {
    let state = content.need("certificateStatus", VALUE_MAX)?;
    if !["RECEIVED", "ACCEPTED", "REJECTED"].contains(&state) {
        let wanted = "RECEIVED, ACCEPTED or REJECTED";
        return Err(content.refuse("certificateStatus", Fault::Unlike { found: excerpt(state), wanted }));
    }
    for name in ["certificateErrors", "locationErrors"] {
        content.items(name, ITEMS_MAX)?;
    }
    let sites = plain::places(content, "locationBpns", document)?;
    let id = content.need("documentId", VALUE_MAX)?.to_owned();
    document.evidence = Some(Evidence { id, status: Some(state.to_owned()), scheme: None, ..plain::asked("", sites) });
    Ok(())
}
