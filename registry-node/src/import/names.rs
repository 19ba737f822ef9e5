//! The names that an import gives: always the same for the same row, never the same for two lists.
//!
//! ```text
//! verdict      <list>.<value>          one identity column whose value fits an id: cmvp.3651
//!              <list>.<32 hex digits>  otherwise: digest of list and identity
//!              <list>_<n>.…            its n-th edition, where the list changed what no change statement can say
//! acceptance   <list>.<32 hex digits>  digest of list and everything that the row says
//! supplier     local:<list>:<value>    the same value, where the list gives suppliers no identifier of their own
//! statement    import.<list>.<32 hex>  digest of the row's identity, of how much was said of it before, and of what is said now
//! ```
//!
//! A list's short name has neither dot nor underscore, so no two lists, editions or values meet in one id.

use conformity::Digest;
use conformity::identifiers::{Identifier, IdentifierError};
use conformity::ids::{AcceptanceId, ListCode, NameError, StatementId, VerdictId};
use serde::Serialize;

use super::mapping::Field;
use super::refusal::Reason;
use super::rows::Row;

/// Room for the list's short name, its edition and two separators within an id of 128 bytes.
const VALUE_MAX: usize = 80;

/// What tells a row's verdict from all others of its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The list's own value where it is short and plain, else a digest of all identity columns.
    value: String,
}

impl Identity {
    /// Reads the identity columns; every one must be stated.
    pub(crate) fn read(list: &str, columns: &[Field], row: &Row) -> Result<Self, Reason> {
        let values = columns.iter().map(|column| column.require("identity", row)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(list, &values))
    }

    fn of(list: &str, values: &[String]) -> Self {
        match values {
            [value] if is_plain(value) => Self { value: value.clone() },
            _ => Self { value: digest(&(list, values)) },
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.value
    }

    /// The verdict's id in its first edition.
    pub(crate) fn verdict(&self, list: &str) -> Result<VerdictId, Reason> {
        format!("{list}.{}", self.value).parse().map_err(|error: NameError| Reason::unacceptable("identity", &error))
    }
}

fn is_plain(value: &str) -> bool {
    value.len() <= VALUE_MAX && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// The id of a later edition of a verdict.
pub(crate) fn edition(first: &VerdictId, number: usize) -> Option<VerdictId> {
    let (list, value) = first.as_str().split_once('.')?;
    format!("{list}_{number}.{value}").parse().ok()
}

/// The id of an acceptance: the same for the same words, so that a repetition is known as one.
pub(crate) fn acceptance(list: &str, says: &impl Serialize) -> Result<AcceptanceId, Reason> {
    let id = format!("{list}.{}", digest(&(list, says)));
    id.parse().map_err(|error: NameError| Reason::unacceptable("identity", &error))
}

/// An identifier that holds within the list only.
pub(crate) fn local(list: &str, value: &str) -> Result<Identifier, Reason> {
    Identifier::local(list, value).map_err(|error| identifier_reason(&error))
}

pub(crate) fn identifier_reason(error: &IdentifierError) -> Reason {
    Reason::unacceptable("identifier", error)
}

/// A list's word for a status or a body as a code: `FedRAMP Authorized` is `fedramp-authorized`. One that already is a
/// code stays as it is.
pub(crate) fn list_code(field: &'static str, word: &str) -> Result<ListCode, Reason> {
    if let Ok(code) = word.parse() {
        return Ok(code);
    }
    let mut code = String::with_capacity(word.len());
    for character in word.chars() {
        if character.is_ascii_alphanumeric() {
            code.push(character.to_ascii_lowercase());
        } else if !code.is_empty() && !code.ends_with('-') {
            code.push('-');
        }
    }
    code.trim_end_matches('-').parse().map_err(|error: NameError| Reason::unacceptable(field, &error))
}

/// The id of a statement: the same for the same words about the same thing at the same point of its history, so that a
/// repetition is known as one.
pub(crate) fn statement(list: &str, about: &str, step: usize, says: &impl Serialize) -> Option<StatementId> {
    format!("import.{list}.{}", digest(&(about, step, says))).parse().ok()
}

/// The first 128 bits of the digest of a value's JSON form.
fn digest(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).unwrap_or_default();
    Digest::of(&json).to_string().chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn identity(list: &str, values: &[&str]) -> Identity {
        Identity::of(list, &values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn identities_keep_the_lists_own_id_where_it_fits() {
        let long = "x".repeat(VALUE_MAX + 1);
        for (values, kept) in [
            (vec!["3651"], true),
            (vec!["EUCC-3087-2025-12-0001"], true),
            (vec!["F1607067912"], true),
            (vec!["with blank"], false),
            (vec!["日本"], false),
            (vec![long.as_str()], false),
            (vec!["a", "b"], false),
        ] {
            let identity = identity("list", &values);
            assert_eq!(identity.as_str() == values[0], kept, "{values:?}");
            assert!(identity.verdict("list").unwrap().as_str().starts_with("list."));
        }
    }

    #[test]
    fn no_two_lists_editions_or_splittings_share_an_id() {
        let ids = [
            identity("a", &["b-c"]).verdict("a").unwrap(),
            identity("a-b", &["c"]).verdict("a-b").unwrap(),
            identity("a", &["b", "c"]).verdict("a").unwrap(),
            identity("a", &["bc", ""]).verdict("a").unwrap(),
            identity("a", &["2.b-c"]).verdict("a").unwrap(),
            edition(&identity("a", &["b-c"]).verdict("a").unwrap(), 2).unwrap(),
            edition(&identity("a", &["b-c"]).verdict("a").unwrap(), 3).unwrap(),
            identity("b", &["b", "c"]).verdict("b").unwrap(),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    }

    #[test]
    fn words_of_lists_become_codes() {
        for (word, code) in [
            ("SE", Some("SE")),
            ("FedRAMP Authorized", Some("fedramp-authorized")),
            ("22-005", Some("22-005")),
            ("  (JAB)  ", Some("jab")),
            ("認証", None),
        ] {
            assert_eq!(list_code("status", word).ok().map(|code| code.to_string()).as_deref(), code, "{word:?}");
        }
    }

    #[test]
    fn a_statement_id_changes_with_anything_it_says() {
        let one = statement("list", "a", 0, &"x").unwrap();
        assert_eq!(one, statement("list", "a", 0, &"x").unwrap());
        for other in [
            statement("list", "a", 0, &"y"),
            statement("list", "a", 1, &"x"),
            statement("list", "b", 0, &"x"),
            statement("other", "a", 0, &"x"),
        ] {
            assert_ne!(one, other.unwrap());
        }
    }
}
