//! Handles 符号: how a natural person stands in a log. What is in a log is read and copied for ever, so that no name of a person belongs there.
//!
//! ```text
//! party of a person        expert-17             its role, and a number
//! identifier of a person   local:members:17      what a list numbers him with, or gln, duns, standard-company-code, lei of digits
//! name of a person         local:members:17      one of his identifiers; the party's id where it has none
//! object that is a person  p-17                  a number, behind a letter if need be
//! ```
//!
//! In scope: what is a handle, and what of parties, suppliers and objects has to be one. Out of scope: who somebody is, which the
//! operator, the sponsor or the body knows and writes down elsewhere; and whether somebody is a person, which is theirs to say.
//!
//! A number of at most seven digits holds no name, and none of the numbers by which states and telephones know people, which
//! have more.

use crate::identifiers::Identifier;
use crate::party::{Party, Role};
use crate::refusal::Refusal;
use crate::statement::Claim;
use crate::text::{Text, TextError};
use crate::verdict::{AssessedObject, Supplier, Verdict};
use crate::viewpoint::ObjectKind;
use crate::words::text;

/// The most digits of a number.
const MAX_DIGITS: usize = 7;

/// Whether the text is a handle: a number, behind one letter and a hyphen if need be.
pub fn is_handle(text: &str) -> bool {
    let behind_letter = text.strip_prefix(|first: char| first.is_ascii_alphabetic());
    let behind_hyphen = behind_letter.map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    is_number(behind_hyphen.unwrap_or(text))
}

fn is_number(text: &str) -> bool {
    (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a person of this identifier is called: the identifier itself.
///
/// # Errors
/// The identifier is longer than a name may be, and so no handle.
pub fn name_of(identifier: &Identifier) -> Result<Text<256>, TextError> {
    identifier.to_string().parse()
}

/// Whether a party that is a natural person shows nobody's name.
///
/// # Errors
/// What of it is no handle, or that nobody of its role is a person.
pub(crate) fn of_party(party: &Party) -> Result<(), Refusal> {
    if !party.person {
        return Ok(());
    }
    if !party.role.may_be_person() {
        return Err(Refusal::PersonMisplaced { role: party.role });
    }
    let named_by_id = party.identifiers.is_empty() && party.name.as_str() == party.id.as_str();
    let rows = [
        ("id", numbers(party.role, party.id.as_str())),
        ("identifiers", party.identifiers.iter().all(tells_nobody)),
        ("name", named_by_id || is_one_of(party.name.as_str(), &party.identifiers)),
    ];
    all_handles(&rows)
}

/// Whether a supplier that is a natural person, and what was assessed of it, show nobody's name.
///
/// # Errors
/// What of it is no handle.
pub(crate) fn of_supplier(supplier: &Supplier, object: &AssessedObject) -> Result<(), Refusal> {
    if !supplier.person {
        return Ok(());
    }
    let identifiers: Vec<Identifier> = std::iter::once(&supplier.id).chain(&supplier.others).cloned().collect();
    let rows = [
        ("id", tells_nobody(&supplier.id)),
        ("others", supplier.others.iter().all(tells_nobody)),
        ("name", is_one_of(supplier.name.as_str(), &identifiers)),
        ("object", object.kind != ObjectKind::Organization || object.name == supplier.name),
    ];
    all_handles(&rows)
}

/// Whether a statement may enter a log from now on. Not asked of what is in one: logs from before this rule stay readable.
///
/// # Errors
/// An object of assessment is a person, and its name is no handle.
pub fn admissible(claim: &Claim) -> Result<(), Refusal> {
    let Claim::VerdictGranted(verdict) = claim else { return Ok(()) };
    all_handles(&[("object", object_tells_nobody(verdict))])
}

/// What was assessed, as whoever repeats `verdict` may call it: a person whose name there is no handle goes by the verdict.
/// A peer may hold it from before the rule, or not keep the rule, and what is repeated stays in a second log for ever.
pub(crate) fn repeatable(verdict: &Verdict) -> AssessedObject {
    if object_tells_nobody(verdict) {
        return verdict.object.clone();
    }
    AssessedObject { kind: verdict.object.kind, name: text(verdict.verdict.as_str()), version: None }
}

/// Whether an object that is a person is named by a handle, and has no text beside it.
fn object_tells_nobody(verdict: &Verdict) -> bool {
    let object = &verdict.object;
    let own = verdict.supplier.person && object.name == verdict.supplier.name;
    object.kind != ObjectKind::Person || (object.version.is_none() && (own || is_handle(object.name.as_str())))
}

fn all_handles(rows: &[(&'static str, bool)]) -> Result<(), Refusal> {
    match rows.iter().find(|(_, is_handle)| !is_handle) {
        Some((member, _)) => Err(Refusal::NamesAPerson { member }),
        None => Ok(()),
    }
}

/// Whether an id is its role with a number.
fn numbers(role: Role, id: &str) -> bool {
    id.strip_prefix(role.as_str()).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_number)
}

/// Whether nobody can read out of an identifier who it is: it holds digits alone. A UEI, or an LEI with letters, holds a name as well, and
/// whoever writes one computes check digits that agree. A corporate number is given to legal persons alone; an EORI number is made, in some
/// countries, of letters of a name and the day of birth.
pub(crate) fn tells_nobody(identifier: &Identifier) -> bool {
    match identifier {
        Identifier::Local(local) => is_handle(local.value()),
        Identifier::Lei(lei) => lei.as_str().bytes().all(|byte| byte.is_ascii_digit()),
        Identifier::CorporateNumber(_) | Identifier::Eori(_) | Identifier::Uei(_) => false,
        Identifier::Gln(_) | Identifier::Duns(_) | Identifier::StandardCompanyCode(_) => true,
    }
}

fn is_one_of(name: &str, identifiers: &[Identifier]) -> bool {
    identifiers.iter().any(|identifier| identifier.to_string() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_a_number_and_nothing_else() {
        for text in ["8", "0000008", "p-17", "P17"] {
            assert!(is_handle(text), "{text}");
        }
        for text in [
            "",
            "-17",
            "p",
            "p-",
            "Taro Yamada",
            "yamada1",
            "yamada-1",
            "山田",
            "1a",
            "p-1 ",
            "12345678",
            "１７",
            "p--1",
        ] {
            assert!(!is_handle(text), "{text}");
        }
    }
}
