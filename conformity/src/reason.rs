//! Reasons: a code that machines compare, and a line that people read.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::ReasonCode;
use crate::text::Text;

/// Why something was changed. Never the detail of a weakness: this is shown to everyone who may see the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reason {
    /// The coded reason.
    pub code: ReasonCode,
    /// A line of explanation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<280>>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{}: {text}", self.code),
            None => write!(f, "{}", self.code),
        }
    }
}
