//! A verdict of ours for this network: as a certificate, pushed or alone, and as news of one.
//!
//! ```text
//! Published ──payload──▶ BusinessPartnerCertificate 3.1.0 ──push──▶ message of v2
//! Outline ──notification──▶ event of v3: CREATED, MODIFIED or WITHDRAWN
//! ```
//!
//! In scope: those forms, checked before they are written. Out of scope: which verdict becomes which type of certificate, which is the
//! scheme owner's to say; the document itself, which a caller brings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};

use super::event::{LIFECYCLE, SOURCE};
use super::message::{CONTEXT, VERSION};
use super::{ITEMS_MAX, bpn};
use crate::Unanswerable;
use crate::answer::{is_uuid, length};

/// The last day of what never expires, as the model's fourth edition has it.
pub(super) const NEVER: Date = Date::constant(9999, 12, 31);
/// The largest document that goes along.
const DOCUMENT_MAX: usize = 2 * 1024 * 1024;

/// A verdict as this network knows such things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Who holds it, a BPNL.
    pub holder: String,
    /// What it is a certificate of: `iso9001`.
    pub scheme: String,
    /// Which edition.
    pub edition: Option<String>,
    /// The number that its body gave it.
    pub registration: String,
    /// Its first day.
    pub valid_from: Date,
    /// Its last day; none where it never expires.
    pub valid_until: Option<Date>,
    /// The body's name.
    pub issuer: String,
    /// The body's BPNL, where it has one.
    pub issuer_number: Option<String>,
    /// The registry's name: it checked who may decide, and that what was decided holds.
    pub validator: String,
    /// How far it was validated.
    pub trust: Trust,
    /// Which sites it covers.
    pub sites: Vec<Site>,
    /// The certificate for people.
    pub document: Attached,
}

/// What news of a verdict tell, by which a reader sees whether it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// What it is a certificate of: `iso9001`.
    pub scheme: String,
    /// Its first day.
    pub valid_from: Date,
    /// Its last day; none where it never expires.
    pub valid_until: Option<Date>,
}

/// How far a certificate was validated, in the network's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// Not at all.
    None,
    /// Somewhat.
    Low,
    /// Against its issuer.
    High,
    /// By its issuer.
    Trusted,
}

/// A site or address that a certificate covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its BPNS or BPNA.
    pub number: String,
    /// What is done there.
    pub area: Option<String>,
}

/// A document that goes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// What it is called.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// Its media type.
    pub media_type: String,
    /// Its bytes, at most 2 MiB.
    pub bytes: Vec<u8>,
}

/// Who tells whom, in v2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The sender's BPNL.
    pub sender: String,
    /// The receiver's BPNL.
    pub receiver: String,
    /// The message's UUID.
    pub message: String,
    /// When it is sent.
    pub sent: Timestamp,
}

/// Who tells whom of which certificate, in v3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Who tells whom. Its message is the event's id.
    pub header: Header,
    /// The exchange that is opened; with [`Lifecycle::Created`] alone.
    pub exchange: Option<String>,
    /// What the certificate is called.
    pub certificate: String,
    /// Which issue of it, from 1.
    pub revision: u64,
}

/// What became of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Lifecycle {
    /// It was granted.
    Created,
    /// It was changed: another scope, another last day.
    Modified,
    /// It holds no longer, for whatever reason.
    Withdrawn,
}

impl Published {
    /// As BusinessPartnerCertificate 3.1.0.
    ///
    /// # Errors
    /// What the model does not allow.
    pub fn payload(&self) -> Result<Vec<u8>, Unanswerable> {
        Ok(self.value()?.to_string().into_bytes())
    }

    /// Pushed to a partner, v2.
    ///
    /// # Errors
    /// What the model or the header does not allow.
    pub fn push(&self, header: &Header) -> Result<Vec<u8>, Unanswerable> {
        header.check()?;
        let message = json!({
            "header": {
                "context": format!("{CONTEXT}Push{VERSION}"),
                "messageId": header.message,
                "senderBpn": header.sender,
                "receiverBpn": header.receiver,
                "sentDateTime": header.sent.to_string(),
                "version": "3.1.0",
            },
            "content": self.value()?,
        });
        Ok(message.to_string().into_bytes())
    }

    fn value(&self) -> Result<Value, Unanswerable> {
        self.check()?;
        let mut kind = json!({ "certificateType": self.scheme });
        if let Some(edition) = &self.edition {
            kind["certificateVersion"] = edition.clone().into();
        }
        let mut issuer = json!({ "issuerName": self.issuer });
        if let Some(number) = &self.issuer_number {
            issuer["issuerBpn"] = number.clone().into();
        }
        Ok(json!({
            "businessPartnerNumber": self.holder,
            "type": kind,
            "registrationNumber": self.registration,
            "validFrom": self.valid_from.to_string(),
            "validUntil": self.valid_until.unwrap_or(NEVER).to_string(),
            "issuer": issuer,
            "trustLevel": self.trust,
            "validator": { "validatorName": self.validator },
            "enclosedSites": self.sites.iter().map(Site::value).collect::<Vec<_>>(),
            "document": {
                "documentID": self.document.id,
                "creationDate": self.document.created.to_string(),
                "contentType": self.document.media_type,
                "contentBase64": STANDARD.encode(&self.document.bytes),
            },
        }))
    }

    fn check(&self) -> Result<(), Unanswerable> {
        number("the holder", &self.holder, &["BPNL"])?;
        self.issuer_number.iter().try_for_each(|found| number("the issuer's number", found, &["BPNL"]))?;
        self.sites.iter().try_for_each(|site| number("a site", &site.number, &["BPNS", "BPNA"]))?;
        for (what, text) in [
            ("the scheme", &self.scheme),
            ("the registration", &self.registration),
            ("the issuer", &self.issuer),
            ("the validator", &self.validator),
            ("the document's id", &self.document.id),
            ("the document's media type", &self.document.media_type),
        ] {
            length(what, text, 500)?;
        }
        let optional = self.edition.iter().chain(self.sites.iter().filter_map(|site| site.area.as_ref()));
        optional.into_iter().try_for_each(|text| length("the edition, or what is done at a site", text, 500))?;
        if self.sites.len() > ITEMS_MAX {
            return Err(Unanswerable::TooMany { found: self.sites.len(), most: ITEMS_MAX });
        }
        if self.document.bytes.len() > DOCUMENT_MAX {
            return Err(Unanswerable::Form { what: "the document", wanted: "at most 2 MiB" });
        }
        in_order(self.valid_from, self.valid_until)
    }
}

impl Outline {
    /// News of it, v3.
    ///
    /// # Errors
    /// What the event does not allow.
    pub fn notification(&self, exchange: &Exchange, became: Lifecycle) -> Result<Vec<u8>, Unanswerable> {
        if became == Lifecycle::Withdrawn {
            return exchange.withdrawal();
        }
        length("the scheme", &self.scheme, 500)?;
        in_order(self.valid_from, self.valid_until)?;
        if exchange.revision == 0 {
            return Err(Unanswerable::Form { what: "the revision", wanted: "a whole number from 1" });
        }
        let mut data = json!({ "status": became, "certificate": {
            "certificateId": exchange.certificate,
            "revision": exchange.revision,
            "certificateType": self.scheme,
            "validFrom": self.valid_from.to_string(),
            "validUntil": self.valid_until.unwrap_or(NEVER).to_string(),
        }});
        match (&exchange.exchange, became) {
            (Some(id), Lifecycle::Created) => data["exchangeId"] = id.clone().into(),
            (None, Lifecycle::Modified) => {}
            _ => return Err(WITH_CREATED),
        }
        exchange.event(&data)
    }
}

/// An exchange is opened by what is created, and by nothing else.
const WITH_CREATED: Unanswerable =
    Unanswerable::Form { what: "the exchange", wanted: "one, and only with what is created" };

impl Exchange {
    /// That the certificate holds no longer, which says nothing else of it.
    ///
    /// # Errors
    /// What the event does not allow.
    pub fn withdrawal(&self) -> Result<Vec<u8>, Unanswerable> {
        if self.exchange.is_some() {
            return Err(WITH_CREATED);
        }
        self.event(&json!({ "status": Lifecycle::Withdrawn, "certificate": { "certificateId": self.certificate } }))
    }

    fn event(&self, data: &Value) -> Result<Vec<u8>, Unanswerable> {
        let header = &self.header;
        header.check()?;
        length("the certificate's id", &self.certificate, 500)?;
        let event = json!({
            "specversion": "1.0",
            "type": LIFECYCLE,
            "source": format!("{SOURCE}{}", header.sender),
            "subject": header.receiver,
            "id": header.message,
            "time": header.sent.to_string(),
            "datacontenttype": "application/json",
            "dataschema": "https://w3id.org/catenax/schemas/ccm/certificate-lifecycle-status.json",
            "data": data,
        });
        Ok(event.to_string().into_bytes())
    }
}

fn in_order(from: Date, until: Option<Date>) -> Result<(), Unanswerable> {
    if from.year() >= 0 && from <= until.unwrap_or(NEVER) {
        return Ok(());
    }
    Err(Unanswerable::Form { what: "the last day", wanted: "not before the first" })
}

impl Site {
    fn value(&self) -> Value {
        let mut value = json!({ "enclosedSiteBpn": self.number });
        if let Some(area) = &self.area {
            value["areaOfApplication"] = area.clone().into();
        }
        value
    }
}

impl Header {
    fn check(&self) -> Result<(), Unanswerable> {
        number("the sender", &self.sender, &["BPNL"])?;
        number("the receiver", &self.receiver, &["BPNL"])?;
        if is_uuid(&self.message) {
            return Ok(());
        }
        Err(Unanswerable::Form { what: "the message's id", wanted: "a UUID in lower case" })
    }
}

/// Refuses what is no business partner number of one of these kinds.
pub(super) fn number(what: &'static str, found: &str, kinds: &[&str]) -> Result<(), Unanswerable> {
    if bpn::is_number(found, kinds) {
        return Ok(());
    }
    Err(Unanswerable::Form { what, wanted: "a business partner number of its kind" })
}
