//! v3 without an event around it: requests, searches, and what is answered to them.
//!
//! In scope: bodies of the provider's and the consumer's API. Who sends them, the connector knows and not the body, so that they have no
//! envelope. Out of scope: fields that a search may name; what is compared is read, and whether it makes sense is the answerer's.

use super::payload::{ISSUE, positive};
use super::{ITEMS_MAX, VALUE_MAX, blank, bpn, query};
use crate::json::{Object, unlike};
use crate::refusal::excerpt;
use crate::{Document, Evidence, Fault, Flaw, Involved, Kind, Notice, Noticed, Place, Refusal, Role};

/// The form of a request.
pub const REQUEST: &str = "CertificateRequest";
/// States of a request, and the ones that must say why.
pub(super) const FULFILLMENT: &[(&str, bool)] = &[
    ("ACKNOWLEDGED", false),
    ("CERTIFICATION_REQUESTED", false),
    ("FULFILLED", false),
    ("DECLINED", true),
    ("FAILED", true),
];
/// States of a certificate at its receiver.
pub(super) const ACCEPTANCE: &[(&str, bool)] =
    &[("RETRIEVED", false), ("ACCEPTED", false), ("REJECTED", true), ("ERRORED", true)];

pub(super) fn document(object: &Object<'_>) -> Result<Document, Refusal> {
    if object.member("$condition").is_some() {
        return search(object);
    }
    if object.member("exchangeId").is_some() {
        return response(object);
    }
    if object.member("certificateType").is_some() {
        return request(object);
    }
    let wanted = "an event, a message, a certificate, a request, a search or a status of CX-0135";
    let found = excerpt(&object.names().map(String::as_str).collect::<Vec<_>>().join(", "));
    Err(Refusal::new(object.place(), Fault::Unlike { found, wanted }))
}

/// A certificate is asked for, by type and places.
fn request(object: &Object<'_>) -> Result<Document, Refusal> {
    let mut document = blank(object, Kind::CertificateRequest, REQUEST);
    let sites = places(object, "certifiedLocations", &mut document)?;
    document.evidence = Some(asked(object.need("certificateType", VALUE_MAX)?, sites));
    Ok(document)
}

/// What is asked for, in the form in which it would come.
pub(super) fn asked(scheme: &str, sites: Vec<String>) -> Evidence {
    Evidence {
        id: String::new(),
        revision: None,
        status: None,
        scheme: Some(scheme.to_owned()),
        edition: None,
        registration: None,
        valid_from: None,
        valid_until: None,
        trust: None,
        sites,
        holder: None,
        area: None,
        issuer: Involved::default(),
        validator: Involved::default(),
        errors: Vec::new(),
    }
}

/// Sites and addresses; legal entities among them are parties.
pub(super) fn places(object: &Object<'_>, name: &'static str, document: &mut Document) -> Result<Vec<String>, Refusal> {
    let mut sites = Vec::new();
    for (item, at) in object.items(name, ITEMS_MAX)? {
        let number = item.as_str().filter(|text| bpn::is_number(text, &["BPNL", "BPNS", "BPNA"]));
        let number = number.ok_or_else(|| unlike(at, item, "a business partner number"))?;
        if number.starts_with("BPNL") {
            bpn::admit(document, object, (Role::Holder, name), number)?;
        } else {
            sites.push(number.to_owned());
        }
    }
    Ok(sites)
}

/// A search, for whom it looks.
fn search(object: &Object<'_>) -> Result<Document, Refusal> {
    let mut document = blank(object, Kind::CertificateRequest, "CertificateQuery");
    for compared in query::comparisons(object)? {
        if bpn::is_number(compared.value, &["BPNL"]) {
            bpn::admit(&mut document, &compared.holder, (Role::Holder, compared.member), compared.value)?;
        }
    }
    Ok(document)
}

/// What is answered to a request (it has a revision), or to who asks after the acceptance of a certificate (it has none).
fn response(object: &Object<'_>) -> Result<Document, Refusal> {
    let (issue, noticed) = revision(object)?;
    let (form, states) = match issue {
        Some(_) => ("CertificateRequestStatus", FULFILLMENT),
        None => ("CertificateAcceptanceStatus", ACCEPTANCE),
    };
    let mut document = blank(object, Kind::CertificateStatus, form);
    document.notices.extend(noticed);
    status(object, states, &mut document)?;
    if let Some(evidence) = &mut document.evidence {
        evidence.revision = issue;
    }
    Ok(document)
}

/// `revision`; the standard's examples of the first answer call it `version`, against its own schema.
fn revision(object: &Object<'_>) -> Result<(Option<u64>, Option<Notice>), Refusal> {
    let found = ["revision", "version"].into_iter().find_map(|name| object.member(name).map(|value| (name, value)));
    let Some((name, value)) = found else { return Ok((None, None)) };
    let issue = positive(value).ok_or_else(|| unlike(object.at(name), value, ISSUE))?;
    let what = Noticed::OtherName { found: name.to_owned(), meant: "revision" };
    let noticed = (name != "revision").then(|| Notice { place: Place::Pointer(object.at(name)), what });
    Ok((Some(issue), noticed))
}

/// Exchange, certificate, state, and errors where the state must say why.
pub(super) fn status(object: &Object<'_>, states: &[(&str, bool)], document: &mut Document) -> Result<(), Refusal> {
    let exchange = object.need("exchangeId", VALUE_MAX)?;
    let state = object.need("status", VALUE_MAX)?;
    let Some((_, explains)) = states.iter().find(|(known, _)| *known == state) else {
        let wanted = "a state that the standard has for this";
        return Err(object.refuse("status", Fault::Unlike { found: excerpt(state), wanted }));
    };
    let errors = errors(object)?;
    if *explains && errors.is_empty() {
        // The standard's own example of a declined request has none.
        document.notices.push(Notice { place: object.place(), what: Noticed::Missing { name: "errors" } });
    }
    if !explains && !errors.is_empty() {
        let wanted = "left out where nothing went wrong";
        return Err(object.refuse("errors", Fault::Unlike { found: "errors".to_owned(), wanted }));
    }
    exchange.clone_into(&mut document.envelope.reference);
    let certificate = object.need("certificateId", VALUE_MAX)?.to_owned();
    let status = Some(state.to_owned());
    document.evidence = Some(Evidence { id: certificate, status, scheme: None, errors, ..asked("", Vec::new()) });
    document.reference.get_or_insert_with(|| exchange.to_owned());
    Ok(())
}

/// Why it is in that state.
fn errors(object: &Object<'_>) -> Result<Vec<Flaw>, Refusal> {
    let items = object.items("errors", ITEMS_MAX)?;
    let flaw = |(error, at)| {
        let error = Object::new(error, at)?;
        let specifier = error.text("specifier", VALUE_MAX)?.map(str::to_owned);
        Ok(Flaw { message: error.need("message", 2_000)?.to_owned(), specifier })
    };
    items.into_iter().map(flaw).collect()
}
