//! JSON, bounded and strict, with a pointer to whatever is wrong.
//!
//! In scope: one value out of bytes; members of objects with their form checked. Out of scope: what members mean.

use conformity::strict::{self, Breach, Limits};
use serde_json::{Map, Value};

use crate::refusal::{self, excerpt};
use crate::{Fault, INPUT_MAX, Place, Refusal};

/// The deepest nesting. Certificates have six levels.
const DEPTH_MAX: usize = 32;

/// The value that `input` is.
pub(crate) fn parse(input: &[u8]) -> Result<Value, Refusal> {
    refusal::bounded(input)?;
    let whole = |fault| Refusal::new(Place::Pointer(String::new()), fault);
    // Null stands for a member that is left out, as CloudEvents say.
    strict::check(input, Limits { bytes: INPUT_MAX, depth: DEPTH_MAX, null: true })
        .map_err(|breach| whole(Fault::Json(breach)))?;
    serde_json::from_slice(input)
        .map_err(|error| whole(Fault::Json(Breach::NotJson { message: strict::excerpt(&error) })))
}

/// The pointer to a member or item below `base`.
pub(crate) fn below(base: &str, name: &str) -> String {
    format!("{base}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// An object, and where it stands.
#[derive(Clone)]
pub(crate) struct Object<'a> {
    members: &'a Map<String, Value>,
    at: String,
}

impl<'a> Object<'a> {
    /// `value` as an object.
    pub(crate) fn new(value: &'a Value, at: String) -> Result<Self, Refusal> {
        match value {
            Value::Object(members) => Ok(Self { members, at }),
            other => Err(unlike(at, other, "an object")),
        }
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> Place {
        Place::Pointer(self.at.clone())
    }

    /// Where a member of it stands.
    pub(crate) fn at(&self, name: &str) -> String {
        below(&self.at, name)
    }

    /// A member; null is none.
    pub(crate) fn member(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// The names of its members.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a String> {
        self.members.keys()
    }

    /// Refuses a member.
    pub(crate) fn refuse(&self, name: &str, fault: impl Into<Fault>) -> Refusal {
        Refusal::new(Place::Pointer(self.at(name)), fault)
    }

    /// Refuses the object for a member that is not there.
    pub(crate) fn lacks(&self, what: &'static str) -> Refusal {
        Refusal::new(self.place(), Fault::Missing { what })
    }

    /// A member that is a text of 1 to `most` characters, without control characters.
    pub(crate) fn text(&self, name: &'static str, most: usize) -> Result<Option<&'a str>, Refusal> {
        let Some(value) = self.member(name) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| unlike(self.at(name), value, "a text"))?;
        match text.chars().count() {
            0 => Err(self.refuse(name, Fault::Missing { what: name })),
            found if found > most => Err(self.refuse(name, Fault::TooLong { what: name, found, most })),
            _ if text.chars().any(char::is_control) => {
                let wanted = "free of control characters";
                Err(self.refuse(name, Fault::Unlike { found: excerpt(text), wanted }))
            }
            _ => Ok(Some(text)),
        }
    }

    /// A text that must be there.
    pub(crate) fn need(&self, name: &'static str, most: usize) -> Result<&'a str, Refusal> {
        self.text(name, most)?.ok_or_else(|| self.lacks(name))
    }

    /// A text that `check` takes for what it should be.
    pub(crate) fn checked<T>(
        &self,
        name: &'static str,
        wanted: &'static str,
        check: impl Fn(&'a str) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name, 2_000)? else { return Ok(None) };
        let refuse = || self.refuse(name, Fault::Unlike { found: excerpt(text), wanted });
        check(text).map(Some).ok_or_else(refuse)
    }

    /// A member that is an object.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, Refusal> {
        self.member(name).map(|value| Self::new(value, self.at(name))).transpose()
    }

    /// The items of a member that is an array of at most `most`; none where it is left out.
    pub(crate) fn items(&self, name: &'static str, most: usize) -> Result<Vec<(&'a Value, String)>, Refusal> {
        let Some(value) = self.member(name) else { return Ok(Vec::new()) };
        let items = value.as_array().ok_or_else(|| unlike(self.at(name), value, "an array"))?;
        if items.len() > most {
            return Err(self.refuse(name, Fault::TooMany { what: name, most }));
        }
        Ok(items.iter().enumerate().map(|(index, item)| (item, below(&self.at(name), &index.to_string()))).collect())
    }
}

/// Refuses a value of another form.
pub(crate) fn unlike(at: String, found: &Value, wanted: &'static str) -> Refusal {
    Refusal::new(Place::Pointer(at), Fault::Unlike { found: excerpt(&found.to_string()), wanted })
}
