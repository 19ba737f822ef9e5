//! Business partner numbers (CX-0010): legal entities (BPNL), sites (BPNS) and addresses (BPNA).
//!
//! In scope: their form, and parties named by them. Out of scope: whom they name: no registry issues or resolves them, so that they are
//! kept as they stand.

use crate::json::Object;
use crate::{Document, Noticed, Party, PartyIdentifier, Refusal, Role};

const WANTED_ENTITY: &str = "a number of a legal entity: BPNL and twelve letters or digits";
const WANTED_PLACE: &str = "a number of a site or an address: BPNS or BPNA and twelve letters or digits";

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
