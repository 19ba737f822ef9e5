//! The record of a certificate as the third edition of CX-0135 has it, of what we say ourselves.
//!
//! ```text
//! {"certificateId": …, "revision": 1, "certificateType": "isoiec27001", "registrationNumber": …, "validFrom": …, "validUntil": …,
//!  "trustLevel": "high", "certifiedLocations": [{"bpnl": …, "bpna": …, "locationRole": "MAIN_LOCATION"}], "issuer": …,
//!  "documents": [{"documentId": …, "createdDate": …, "mediaType": …}]}
//! {"certificateId": …, "status": "WITHDRAWN"}                                 what is left of one that was withdrawn
//! ```
//!
//! In scope: the form, and the rules of the standard about locations and types. Out of scope: whether a number belongs to an address (the
//! Golden Record says so), and documents, which go apart from the record.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::publish::{self, NEVER};
use super::{ITEMS_MAX, VALUE_MAX};
use crate::Unanswerable;
use crate::answer::length;

/// The longest account of what a certificate or a location is for.
const AREA_MAX: usize = 5_000;

/// A certificate of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is called, as long as it lives.
    pub id: String,
    /// Which issue of it, from 1.
    pub revision: u64,
    /// What it is a certificate of: `isoiec27001`.
    pub scheme: String,
    /// Which edition.
    pub edition: Option<String>,
    /// The number that its body gave it.
    pub registration: String,
    /// Its first day.
    pub valid_from: Date,
    /// Its last day; none where it never expires.
    pub valid_until: Option<Date>,
    /// How it was verified.
    pub verified: Verified,
    /// What it is for, in words.
    pub area: String,
    /// Where it holds.
    pub locations: Vec<Location>,
    /// The body's name.
    pub issuer: String,
    /// The body's BPNL, where it is known.
    pub issuer_number: Option<String>,
    /// The registry's name.
    pub validator: String,
    /// The document that goes with it.
    pub document: Reference,
}

/// How a record was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verified {
    /// Not at all: its holder says so.
    Low,
    /// Against its issuer.
    High,
}

/// Where a certificate holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Location {
    /// The legal entity that it belongs to.
    pub bpnl: String,
    /// Its address.
    pub bpna: String,
    /// Its site, where the address belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bpns: Option<String>,
    /// What it is on the certificate.
    pub location_role: LocationRole,
    /// What is done there, where the certificate says so of this location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_of_application: Option<String>,
}

/// What a location is on a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LocationRole {
    /// The holder's, exactly one.
    MainLocation,
    /// Another that it covers.
    EnclosedLocation,
    /// One that supports from afar.
    RemoteSupportLocation,
    /// An extension of a site that makes things.
    ExtendedManufacturingSite,
}

/// A document, by reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it is called.
    pub id: String,
    /// When it was made.
    pub created: Date,
    /// Its media type.
    pub media_type: &'static str,
}

impl Record {
    /// As JSON.
    ///
    /// # Errors
    /// What the standard does not allow.
    pub fn value(&self) -> Result<Value, Unanswerable> {
        self.check()?;
        let mut value = json!({
            "certificateId": self.id,
            "revision": self.revision,
            "certificateType": self.scheme,
            "registrationNumber": self.registration,
            "validFrom": self.valid_from.to_string(),
            "validUntil": self.valid_until.unwrap_or(NEVER).to_string(),
            "trustLevel": self.verified,
            "areaOfApplication": self.area,
            "certifiedLocations": self.locations,
            "issuer": { "issuerName": self.issuer },
            "validator": { "validatorName": self.validator },
            "documents": [{
                "documentId": self.document.id,
                "createdDate": self.document.created.to_string(),
                "mediaType": self.document.media_type,
            }],
        });
        if let Some(edition) = &self.edition {
            value["certificateTypeVersion"] = edition.clone().into();
        }
        if let Some(number) = &self.issuer_number {
            value["issuer"]["issuerBpn"] = number.clone().into();
        }
        Ok(value)
    }

    /// Whether it holds at each of these places, whichever kind of number names them.
    #[must_use]
    pub fn covers<'p>(&self, mut places: impl Iterator<Item = &'p str>) -> bool {
        let is_at = |location: &Location, place: &str| {
            location.bpnl == place || location.bpna == place || location.bpns.as_deref() == Some(place)
        };
        places.all(|place| self.locations.iter().any(|location| is_at(location, place)))
    }

    fn check(&self) -> Result<(), Unanswerable> {
        kind(&self.scheme)?;
        locations(&self.locations)?;
        if let Some(number) = &self.issuer_number {
            publish::number("the issuer's number", number, &["BPNL"])?;
        }
        for (what, text) in [
            ("the certificate's id", &self.id),
            ("the registration", &self.registration),
            ("the issuer", &self.issuer),
            ("the validator", &self.validator),
            ("the document's id", &self.document.id),
        ] {
            length(what, text, VALUE_MAX)?;
        }
        self.edition.iter().try_for_each(|text| edition(text))?;
        length("what it is for", &self.area, AREA_MAX)?;
        if self.revision == 0 {
            return Err(Unanswerable::Form { what: "the revision", wanted: "a whole number from 1" });
        }
        Ok(())
    }
}

/// What is told of a certificate that was withdrawn.
#[must_use]
pub fn withdrawn(id: &str) -> Value {
    json!({ "certificateId": id, "status": "WITHDRAWN" })
}

/// Refuses what is no type of certificate: the standard has small letters and digits alone.
///
/// # Errors
/// What would be one.
pub fn kind(text: &str) -> Result<(), Unanswerable> {
    length("the type", text, VALUE_MAX)?;
    if text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(Unanswerable::Form { what: "the type", wanted: "small Latin letters and digits, such as isoiec27001" })
}

/// Refuses what is no edition of a type.
///
/// # Errors
/// That it is empty, too long, or not in one line.
pub fn edition(text: &str) -> Result<(), Unanswerable> {
    length("the edition", text, VALUE_MAX)
}

/// Refuses locations that the standard does not allow.
///
/// # Errors
/// Which number is none, or that there is not exactly one main location.
pub fn locations(all: &[Location]) -> Result<(), Unanswerable> {
    if all.len() > ITEMS_MAX {
        return Err(Unanswerable::TooMany { found: all.len(), most: ITEMS_MAX });
    }
    for location in all {
        publish::number("bpnl", &location.bpnl, &["BPNL"])?;
        publish::number("bpna", &location.bpna, &["BPNA"])?;
        location.bpns.iter().try_for_each(|site| publish::number("bpns", site, &["BPNS"]))?;
        let area = location.area_of_application.iter();
        area.into_iter().try_for_each(|area| length("what is done at a location", area, AREA_MAX))?;
    }
    match all.iter().filter(|location| location.location_role == LocationRole::MainLocation).count() {
        1 => Ok(()),
        _ => Err(Unanswerable::Form { what: "the locations", wanted: "exactly one MAIN_LOCATION among them" }),
    }
}
