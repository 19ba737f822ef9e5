//! Names that parties give to what they keep: they stand in paths, and nobody else reads them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Kind;

/// Most bytes of a name.
const MAX_NAME: usize = 64;

/// The name of something that a party keeps.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Box<str>);

/// A text that is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name is a letter or digit, then at most 63 of A-Z a-z 0-9 . _ -")]
pub struct NameError;

impl Name {
    /// What a kind is called, for where all of it stands for a list: kinds are called in lower case, with hyphens.
    pub(in crate::buyer) fn of_kind(kind: Kind) -> Name {
        Name(kind.name.into())
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Name, NameError> {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let opens = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if opens && text.len() <= MAX_NAME && text.bytes().all(usual) { Ok(Name(text.into())) } else { Err(NameError) }
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Name, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0.into()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose and of what a name is may tell something, so that no log line has it by accident.
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a name)")
    }
}
