//! Certificates: the payload of v2, and the record inside events of v3. Both become evidence.
//!
//! In scope: BusinessPartnerCertificate 2.0.0 (issuer is a number, documentID stands outside), 3.0.0 and 3.1.0 (sites may be
//! addresses); the flat record of v3. Out of scope: whether what they claim is so.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::{ITEMS_MAX, VALUE_MAX, blank, bpn};
use crate::cloud_event::timestamp;
use crate::json::Object;
use crate::refusal::excerpt;
use crate::{Document, Evidence, Fault, Kind, Refusal, Role};

/// The longest account of what a certificate is for.
const AREA_MAX: usize = 5_000;
const DAY: &str = "an existing day as YYYY-MM-DD";

/// A payload that came alone.
pub(super) fn document(object: &Object<'_>) -> Result<Document, Refusal> {
    let mut document = blank(object, Kind::Certificate, "BusinessPartnerCertificate");
    nested(object, &mut document)?;
    Ok(document)
}

/// A payload of 2.0.0 to 3.1.0, as the schemas ask for it.
pub(super) fn nested(object: &Object<'_>, document: &mut Document) -> Result<(), Refusal> {
    let holder = bpn::entity(object, "businessPartnerNumber")?.ok_or_else(|| object.lacks("businessPartnerNumber"))?;
    bpn::admit(document, object, (Role::Holder, "businessPartnerNumber"), holder)?;
    let kind = object.object("type")?.ok_or_else(|| object.lacks("type"))?;
    let registration = object.need("registrationNumber", VALUE_MAX)?;
    let id = if is_early(object) {
        object.text("documentID", VALUE_MAX)?.unwrap_or(registration)
    } else {
        attached_id(&object.object("document")?.ok_or_else(|| object.lacks("document"))?)?
    };
    let trust = object.need("trustLevel", VALUE_MAX)?;
    if !["none", "low", "high", "trusted"].contains(&trust) {
        let wanted = "none, low, high or trusted";
        return Err(object.refuse("trustLevel", Fault::Unlike { found: excerpt(trust), wanted }));
    }
    object.text("areaOfApplication", AREA_MAX)?;
    let mut sites = Vec::new();
    for (item, at) in object.items("enclosedSites", ITEMS_MAX)? {
        let site = Object::new(item, at)?;
        site.text("areaOfApplication", AREA_MAX)?;
        sites.push(bpn::place(&site, "enclosedSiteBpn")?.ok_or_else(|| site.lacks("enclosedSiteBpn"))?.to_owned());
    }
    document.evidence = Some(Evidence {
        id: id.to_owned(),
        revision: None,
        status: None,
        scheme: Some(kind.need("certificateType", VALUE_MAX)?.to_owned()),
        edition: kind.text("certificateVersion", VALUE_MAX)?.map(str::to_owned),
        registration: Some(registration.to_owned()),
        valid_from: Some(day(object, "validFrom")?.ok_or_else(|| object.lacks("validFrom"))?),
        valid_until: Some(day(object, "validUntil")?.ok_or_else(|| object.lacks("validUntil"))?),
        trust: Some(trust.to_owned()),
        sites,
    });
    involved(object, document)
}

/// Up to 2.0.0 the issuer is its number and the document stays outside; since 3.0.0 both are objects.
fn is_early(object: &Object<'_>) -> bool {
    object.member("issuer").map_or(object.member("document").is_none(), Value::is_string)
}

/// A document that goes along is whole, though it is not opened.
fn attached_id<'a>(attached: &Object<'a>) -> Result<&'a str, Refusal> {
    attached
        .checked("creationDate", "a time as the model writes it", is_time)?
        .ok_or_else(|| attached.lacks("creationDate"))?;
    attached.need("contentType", VALUE_MAX)?;
    attached.need("contentBase64", crate::INPUT_MAX)?;
    attached.need("documentID", VALUE_MAX)
}

/// As RFC 3339 writes it, where the model lets the offset be left out.
fn is_time(text: &str) -> Option<Timestamp> {
    timestamp(text).or_else(|| timestamp(&format!("{text}Z")))
}

/// The record of v3, whose members depend on the status: a withdrawn certificate has an id alone.
pub(super) fn flat(object: &Object<'_>, status: &str, document: &mut Document) -> Result<(), Refusal> {
    let revision = match object.member("revision") {
        Some(found) => Some(positive(found).ok_or_else(|| crate::json::unlike(object.at("revision"), found, ISSUE))?),
        None => None,
    };
    let mut evidence = Evidence {
        id: object.need("certificateId", VALUE_MAX)?.to_owned(),
        revision,
        status: Some(status.to_owned()),
        scheme: object.text("certificateType", VALUE_MAX)?.map(str::to_owned),
        edition: object.text("certificateTypeVersion", VALUE_MAX)?.map(str::to_owned),
        registration: object.text("registrationNumber", VALUE_MAX)?.map(str::to_owned),
        valid_from: day(object, "validFrom")?,
        valid_until: day(object, "validUntil")?,
        trust: object.text("trustLevel", VALUE_MAX)?.map(str::to_owned),
        sites: Vec::new(),
    };
    if status != "WITHDRAWN" {
        let found = [
            ("revision", evidence.revision.is_some()),
            ("certificateType", evidence.scheme.is_some()),
            ("validFrom", evidence.valid_from.is_some()),
            ("validUntil", evidence.valid_until.is_some()),
        ];
        if let Some((what, _)) = found.into_iter().find(|(_, found)| !found) {
            return Err(object.lacks(what));
        }
    }
    for (item, at) in object.items("certifiedLocations", ITEMS_MAX)? {
        let location = Object::new(item, at)?;
        if let Some(holder) = location.text("bpnl", VALUE_MAX)? {
            bpn::admit(document, &location, (Role::Holder, "bpnl"), holder)?;
        }
        for name in ["bpns", "bpna"] {
            evidence.sites.extend(location.text(name, VALUE_MAX)?.map(str::to_owned));
        }
    }
    document.evidence = Some(evidence);
    involved(object, document)
}

pub(super) const ISSUE: &str = "a whole number from 1";

pub(super) fn positive(value: &Value) -> Option<u64> {
    value.as_u64().filter(|number| *number > 0)
}

/// Who issued it, checked it, and brought it in.
fn involved(object: &Object<'_>, document: &mut Document) -> Result<(), Refusal> {
    let nested = [(Role::Issuer, "issuer", "issuerBpn"), (Role::Validator, "validator", "validatorBpn")];
    for (role, name, number) in nested {
        match object.member(name) {
            // In 2.0.0 the issuer is its number.
            Some(Value::String(_)) if role == Role::Issuer => {
                if let Some(found) = bpn::entity(object, name)? {
                    bpn::admit(document, object, (role, name), found)?;
                }
            }
            Some(_) => {
                let inner = object.object(name)?.ok_or_else(|| object.lacks(name))?;
                match role {
                    Role::Issuer => drop(inner.need("issuerName", VALUE_MAX)?),
                    _ => drop(inner.text("validatorName", VALUE_MAX)?),
                }
                if let Some(found) = bpn::entity(&inner, number)? {
                    bpn::admit(document, &inner, (role, number), found)?;
                }
            }
            None => {}
        }
    }
    match bpn::entity(object, "uploader")? {
        Some(found) => bpn::admit(document, object, (Role::Other, "uploader"), found),
        None => Ok(()),
    }
}

fn day(object: &Object<'_>, name: &'static str) -> Result<Option<Date>, Refusal> {
    object.checked(name, DAY, |text| (text.len() == 10).then(|| text.parse().ok()).flatten())
}
