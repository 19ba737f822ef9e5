//! Certificates: the payload of v2, and the record inside events of v3. Both become evidence.
//!
//! In scope: BusinessPartnerCertificate 2.0.0 (issuer is a number, documentID stands outside), 3.0.0 and 3.1.0 (sites may be
//! addresses); the flat record of v3. Out of scope: whether what they claim is so.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::{ITEMS_MAX, VALUE_MAX, blank, bpn, plain};
use crate::cloud_event::timestamp;
use crate::json::Object;
use crate::refusal::excerpt;
use crate::{Document, Evidence, Fault, Involved, Kind, Refusal, Role};

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
    let area = object.text("areaOfApplication", AREA_MAX)?.map(str::to_owned);
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
        holder: Some(holder.to_owned()),
        area,
        ..plain::asked("", sites)
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
        area: object.text("areaOfApplication", AREA_MAX)?.map(str::to_owned),
        ..plain::asked("", Vec::new())
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
            if location.text("locationRole", VALUE_MAX)? == Some("MAIN_LOCATION") {
                evidence.holder = Some(holder.to_owned());
            }
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
    let issuer = match object.member("issuer") {
        // In 2.0.0 the issuer is its number.
        Some(Value::String(_)) => {
            let number = bpn::entity(object, "issuer")?;
            number.iter().try_for_each(|found| bpn::admit(document, object, (Role::Issuer, "issuer"), found))?;
            Involved { name: None, number: number.map(str::to_owned) }
        }
        _ => somebody(object, document, (Role::Issuer, "issuer"), ("issuerName", "issuerBpn"))?,
    };
    let validator = somebody(object, document, (Role::Validator, "validator"), ("validatorName", "validatorBpn"))?;
    if let Some(evidence) = &mut document.evidence {
        (evidence.issuer, evidence.validator) = (issuer, validator);
    }
    match bpn::entity(object, "uploader")? {
        Some(found) => bpn::admit(document, object, (Role::Other, "uploader"), found),
        None => Ok(()),
    }
}

/// Somebody with a name, which an issuer must have, and a number.
fn somebody(
    object: &Object<'_>,
    document: &mut Document,
    (role, member): (Role, &'static str),
    (name, number): (&'static str, &'static str),
) -> Result<Involved, Refusal> {
    if object.member(member).is_none() {
        return Ok(Involved::default());
    }
    let inner = object.object(member)?.ok_or_else(|| object.lacks(member))?;
    let name = match role {
        Role::Issuer => Some(inner.need(name, VALUE_MAX)?),
        _ => inner.text(name, VALUE_MAX)?,
    };
    let found = bpn::entity(&inner, number)?;
    found.iter().try_for_each(|found| bpn::admit(document, &inner, (role, number), found))?;
    Ok(Involved { name: name.map(str::to_owned), number: found.map(str::to_owned) })
}

fn day(object: &Object<'_>, name: &'static str) -> Result<Option<Date>, Refusal> {
    object.checked(name, DAY, |text| (text.len() == 10).then(|| text.parse().ok()).flatten())
}
