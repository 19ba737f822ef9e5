//! Searches for certificates: which field must equal which value, all of them.
//!
//! ```text
//! {"$condition": {"$match": [{"$field": "certificateType", "$eq": "iso9001"}, …]}}                        the standard's text
//! {"$condition": {"$match": [{"$eq": [{"$field": "certificateType"}, {"$strVal": "iso9001"}]}, …]}}       its OpenAPI document
//! ```
//!
//! In scope: both forms of a comparison, and the four fields that every provider answers. Out of scope: any other operator or field,
//! which is told apart from what is malformed, for the standard answers the two differently.

use serde_json::Value;

use super::record::Record;
use super::{ITEMS_MAX, VALUE_MAX};
use crate::Refusal;
use crate::json::{self, Object};
use crate::refusal::excerpt;

/// A search that every provider answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(Vec<(Field, String)>);

/// What may be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Entity,
    Site,
    Address,
    Scheme,
}

/// Why a search is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsearchable {
    /// It is none. The blame is the sender's.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An operator or field beyond what the standard asks every provider for.
    #[error("{0} is no operator or field of the searches that are answered here")]
    NotSupported(String),
}

/// A comparison: a field, a value, the object that holds the value, and the member's name.
pub(super) struct Comparison<'a> {
    field: &'a str,
    pub(super) value: &'a str,
    pub(super) holder: Object<'a>,
    pub(super) member: &'static str,
}

impl Query {
    /// The search that `input` is.
    ///
    /// # Errors
    /// [`Unsearchable`].
    pub fn read(input: &[u8]) -> Result<Query, Unsearchable> {
        let value = json::parse(input)?;
        let whole = Object::new(&value, String::new())?;
        supported(&whole)?;
        let compared = comparisons(&whole)?;
        let pair = |one: &Comparison<'_>| match Field::named(one.field) {
            Some(field) => Ok((field, one.value.to_owned())),
            None => Err(Unsearchable::NotSupported(excerpt(one.field))),
        };
        Ok(Query(compared.iter().map(pair).collect::<Result<_, _>>()?))
    }

    /// Whether `record` satisfies every comparison.
    #[must_use]
    pub fn finds(&self, record: &Record) -> bool {
        self.0.iter().all(|(field, value)| match field {
            Field::Scheme => record.scheme == *value,
            Field::Entity => record.locations.iter().any(|location| location.bpnl == *value),
            Field::Address => record.locations.iter().any(|location| location.bpna == *value),
            Field::Site => record.locations.iter().any(|location| location.bpns.as_ref() == Some(value)),
        })
    }
}

impl Field {
    fn named(name: &str) -> Option<Field> {
        match name {
            "certifiedLocations.bpnl" => Some(Self::Entity),
            "certifiedLocations.bpns" => Some(Self::Site),
            "certifiedLocations.bpna" => Some(Self::Address),
            "certificateType" => Some(Self::Scheme),
            _ => None,
        }
    }
}

/// Refuses operators that are not answered, before anything else of them is looked at.
fn supported(whole: &Object<'_>) -> Result<(), Unsearchable> {
    let among = |object: &Object<'_>, known: &[&str]| {
        let other = object.names().find(|name| !known.contains(&name.as_str()));
        other.map_or(Ok(()), |name| Err(Unsearchable::NotSupported(excerpt(name))))
    };
    among(whole, &["$condition"])?;
    let condition = whole.object("$condition")?.ok_or_else(|| whole.lacks("$condition"))?;
    among(&condition, &["$match"])?;
    for (item, at) in condition.items("$match", ITEMS_MAX)? {
        among(&Object::new(item, at)?, &["$field", "$eq"])?;
    }
    Ok(())
}

/// Every comparison of a search, whatever it compares.
pub(super) fn comparisons<'a>(whole: &Object<'a>) -> Result<Vec<Comparison<'a>>, Refusal> {
    let condition = whole.object("$condition")?.ok_or_else(|| whole.lacks("$condition"))?;
    let expressions = condition.items("$match", ITEMS_MAX)?;
    if expressions.is_empty() {
        return Err(condition.lacks("$match"));
    }
    expressions.into_iter().map(|(item, at)| comparison(Object::new(item, at)?)).collect()
}

fn comparison(expression: Object<'_>) -> Result<Comparison<'_>, Refusal> {
    if let Some(field) = expression.text("$field", VALUE_MAX)? {
        let value = expression.need("$eq", VALUE_MAX)?;
        return Ok(Comparison { field, value, holder: expression, member: "$eq" });
    }
    let sides = match expression.member("$eq") {
        Some(Value::Array(_)) => expression.items("$eq", 2)?,
        _ => Vec::new(),
    };
    let [one, other] = <[_; 2]>::try_from(sides).map_err(|_| expression.lacks("$eq, with two sides"))?;
    let (mut field, mut value) = (None, None);
    for (side, at) in [one, other] {
        let side = Object::new(side, at)?;
        match (side.text("$field", VALUE_MAX)?, side.text("$strVal", VALUE_MAX)?) {
            (Some(name), None) => field = Some(name),
            (None, Some(text)) => value = Some((text, side)),
            _ => return Err(side.lacks("either $field or $strVal")),
        }
    }
    match (field, value) {
        (Some(field), Some((value, holder))) => Ok(Comparison { field, value, holder, member: "$strVal" }),
        _ => Err(expression.lacks("a $field on one side and a $strVal on the other")),
    }
}
