//! Requirements documents and guidelines: what a scheme assesses against.
//!
//! In scope: a document in one version, as its publisher states it. Out of scope: its single requirements, which stay in
//! the attachment (an OSCAL catalogue), and who certifies against it, see [`crate::scheme`].

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{DocumentRef, RequirementId};
use crate::text::Text;

/// What kind of rule a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// 要求事項文書: it contains requirements that can be assessed.
    Requirements,
    /// A rule or guideline that nobody certifies against.
    Guideline,
}

/// One version of a document; never changed once published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// Its id and version.
    pub document: DocumentRef,
    /// Its title.
    pub title: Text<256>,
    /// Who publishes it.
    pub owner: Text<256>,
    /// Whether it can be certified against at all.
    pub kind: DocumentKind,
    /// How many requirements it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirements: Option<u32>,
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Text<1024>>,
    /// Digest of its catalogue, when attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Digest>,
    /// The documents of which it is a profile (OSCAL), and what it keeps of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tailors: Vec<Tailoring>,
}

/// What a profile keeps of a document that it tailors. How requirement relates to requirement says a crosswalk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tailoring {
    /// The document.
    pub document: DocumentRef,
    /// How many requirements it takes over as they are.
    pub kept: u32,
    /// How many it takes over and asks for more.
    pub tightened: u32,
    /// How many it takes over and may ask for less, so that whoever meets them need not meet the document's.
    pub loosened: u32,
    /// The requirements that it leaves out.
    pub left_out: Vec<RequirementId>,
}

impl Tailoring {
    /// Whether whoever meets the profile meets all of the document.
    pub const fn keeps_all(&self) -> bool {
        self.loosened == 0 && self.left_out.is_empty()
    }
}
