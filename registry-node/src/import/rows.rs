//! One row of a published list, whatever format it came in.
//!
//! In scope: where the row stands, and reading a value out of it by column name or JSON pointer. Out of scope: what a value
//! means.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::error::ImportError;
use super::limits::CELL_BYTES_MAX;
use super::refusal::Reason;

/// Where a row stands: its section, where the list has several, and its number there, counted from 1 without the header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The section's name in the mapping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<Arc<str>>,
    /// The row's number, from 1.
    pub row: u64,
}

impl Place {
    pub(crate) fn numbered(row: u64) -> Self {
        Self { section: None, row }
    }

    pub(crate) fn within(section: &Arc<str>, row: u64) -> Self {
        Self { section: Some(Arc::clone(section)), row }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.section {
            Some(section) => write!(f, "{section} row {}", self.row),
            None => write!(f, "row {}", self.row),
        }
    }
}

/// Takes rows as a reader finds them.
pub(crate) trait Sink {
    /// The names of the columns, before the first row (tables only).
    fn columns(&mut self, names: &[String]) -> Result<(), ImportError>;
    /// The next row.
    fn row(&mut self, row: Row) -> Result<(), ImportError>;
}

/// A row as read.
pub(crate) struct Row {
    pub(crate) place: Place,
    content: Content,
}

enum Content {
    Table { header: Arc<[String]>, cells: Vec<String> },
    Object(Value),
    Unreadable(Reason),
}

impl Row {
    pub(crate) fn named(place: Place, header: Arc<[String]>, cells: Vec<String>) -> Self {
        if header.len() != cells.len() {
            let reason = Reason::Ragged { expected: header.len(), found: cells.len() };
            return Self::unreadable(place, reason);
        }
        Self { place, content: Content::Table { header, cells } }
    }

    pub(crate) fn object(place: Place, value: Value) -> Self {
        match value {
            Value::Object(_) => Self { place, content: Content::Object(value) },
            _ => Self::unreadable(place, Reason::NotAnObject),
        }
    }

    pub(crate) fn unreadable(place: Place, reason: Reason) -> Self {
        Self { place, content: Content::Unreadable(reason) }
    }

    /// The value as it stands in the list; `None` where the list has none.
    pub(crate) fn text(&self, from: &str) -> Result<Option<String>, Reason> {
        let text = match &self.content {
            Content::Table { header, cells } => {
                header.iter().position(|name| name == from).and_then(|at| cells.get(at)).cloned()
            }
            Content::Object(value) => value.pointer(from).map(|found| flatten(found, from)).transpose()?.flatten(),
            Content::Unreadable(reason) => return Err(reason.clone()),
        };
        match text {
            Some(text) if text.len() > CELL_BYTES_MAX => {
                Err(Reason::TooLong { from: from.to_owned(), bytes: text.len(), limit: CELL_BYTES_MAX })
            }
            other => Ok(other),
        }
    }
}

impl Row {
    /// The objects of a list within the row, each as a row of its own at the same place.
    pub(crate) fn each(&self, pointer: &str) -> Result<Vec<Row>, Reason> {
        let Content::Object(value) = &self.content else { return Ok(Vec::new()) };
        match value.pointer(pointer) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(members)) => {
                Ok(members.iter().map(|member| Row::object(self.place.clone(), member.clone())).collect())
            }
            Some(_) => Err(Reason::NotAValue { from: pointer.to_owned() }),
        }
    }
}

/// A JSON scalar as text; an array of scalars as its members, comma-separated, in their order.
fn flatten(value: &Value, from: &str) -> Result<Option<String>, Reason> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        Value::Array(members) => {
            let mut texts = Vec::with_capacity(members.len());
            for member in members {
                if matches!(member, Value::Array(_) | Value::Object(_)) {
                    return Err(Reason::NotAValue { from: from.to_owned() });
                }
                texts.extend(flatten(member, from)?);
            }
            Ok(Some(texts.join(", ")))
        }
        Value::Object(_) => Err(Reason::NotAValue { from: from.to_owned() }),
    }
}
