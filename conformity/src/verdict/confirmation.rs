//! What an expert says of a supplier's own declaration: that he looked at all of it and confirms it, or that he takes that back.

use serde::{Deserialize, Serialize};

use crate::ids::{PartyId, VerdictId};
use crate::reason::Reason;
use crate::text::Text;
use crate::time::Day;

/// An expert confirms what a supplier declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Confirmation {
    /// The declaration.
    pub verdict: VerdictId,
    /// The day on which the expert had looked at all of it.
    pub on: Day,
    /// How, in words that everyone may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Text<1024>>,
}

/// The expert who confirmed a declaration takes that back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfirmationWithdrawn {
    /// The declaration.
    pub verdict: VerdictId,
    /// Why.
    pub reason: Reason,
}

/// Who confirmed a supplier's declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Confirmed {
    /// The expert.
    pub by: PartyId,
    /// When he had looked at all of it.
    pub on: Day,
}
