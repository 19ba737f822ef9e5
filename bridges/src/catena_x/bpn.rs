//! Business partner numbers (CX-0010): legal entities (BPNL), sites (BPNS) and addresses (BPNA).
//!
//! In scope: their form, and parties named by them. Out of scope: whom they name: no registry issues or resolves them, so that they are
//! kept as they stand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::json::Object;
use crate::{Document, Noticed, Party, PartyIdentifier, Refusal, Role};

const WANTED_ENTITY: &str = "a number of a legal entity: BPNL and twelve letters or digits";
const WANTED_PLACE: &str = "a number of a site or an address: BPNS or BPNA and twelve letters or digits";

/// The number of a legal entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LegalEntity(String);

impl LegalEntity {
    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LegalEntity {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<LegalEntity, Self::Err> {
        if is_number(text, &["BPNL"]) { Ok(LegalEntity(text.to_owned())) } else { Err(WANTED_ENTITY) }
    }
}

impl TryFrom<String> for LegalEntity {
    type Error = &'static str;

    fn try_from(text: String) -> Result<LegalEntity, Self::Error> {
        text.parse()
    }
}

impl From<LegalEntity> for String {
    fn from(number: LegalEntity) -> String {
        number.0
    }
}

impl fmt::Display for LegalEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` is a number of one of these kinds.
pub(super) fn is_number(text: &str, kinds: &[&str]) -> bool {
    text.len() == 16
        && kinds.iter().any(|kind| text.starts_with(kind))
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A member that is the number of a legal entity, where the schema holds it to that.
pub(super) fn entity<'a>(object: &Object<'a>, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    object.checked(name, WANTED_ENTITY, |text| is_number(text, &["BPNL"]).then_some(text))
}

/// A member that is the number of a site or an address.
pub(super) fn place<'a>(object: &Object<'a>, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    object.checked(name, WANTED_PLACE, |text| is_number(text, &["BPNS", "BPNA"]).then_some(text))
}

/// Takes in a party by its number.
pub(super) fn admit(
    document: &mut Document,
    object: &Object<'_>,
    (role, name): (Role, &str),
    number: &str,
) -> Result<(), Refusal> {
    let place = crate::Place::Pointer(object.at(name));
    if !is_number(number, &["BPNL"]) {
        let what = Noticed::Unlike { found: crate::refusal::excerpt(number), wanted: WANTED_ENTITY };
        document.notices.push(crate::Notice { place: place.clone(), what });
    }
    let list = if number.starts_with("BPN") { "BPN" } else { "" };
    let identifiers = vec![PartyIdentifier::new(None, list, number)];
    document.admit(Party { role, code: name.to_owned(), identifiers, place })
}
