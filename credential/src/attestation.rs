//! The credential of a verdict: W3C Verifiable Credentials 2.0, UNTP Digital Conformity Credential 0.7.0, SD-JWT VC.
//!
//! ```text
//! {"iss": did, "iat", "nbf", "exp"?, "vct", "cnf"?, "status": {"status_list": {"idx", "uri"}},              SD-JWT VC
//!  "@context", "type", "id", "issuer", "name", "validFrom", "validUntil"?,                                  W3C
//!  "credentialSubject": {… "conformityAssessment": [one per viewpoint]},                                    UNTP
//!  "verdict": {what the registry's rules compare with its log}}                                             ours
//! ```
//!
//! In scope: from an [`Attestation`] to the payload and back, which parts are concealed, and by which names consents know
//! them. What is read is written again
//! and must come out the same, whatever of it was disclosed: so the four vocabularies in it never contradict each other,
//! and nothing rides along unread. `docs/spec/credential.md` has the format. Out of scope: signatures and disclosures, see
//! [`crate::sd_jwt`]; whether the log's rules allow it, which are `conformity`'s.

mod concealed;
mod names;
mod parts;
mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use conformity::credential::{Credential, Reach};
use conformity::digest::Digest;
use conformity::ids::{DocumentRef, LevelCode, PartyId, StatementId};
use conformity::text::Text;
use conformity::viewpoint::Viewpoint;
use serde::{Deserialize, Serialize};

pub use concealed::{PAD_TO, concealed};
pub use names::{Web, party_did, split};
pub use parts::{part_of, present_parts};
pub use read::{ReadError, read, read_open};
pub use write::{WriteError, write};

/// The type of these credentials (SD-JWT VC, `vct`). Another version of the payload gets another one.
pub const VCT: &str = "urn:secure-trust-registry:vct:verdict:1";

/// Lists of one assessment in the payload, each concealed with its items.
const LISTS: [&str; 3] = ["assessedPerformance", "findings", "evidence"];

/// A verdict's credential: what everyone sees, and what is shown to some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// The body that issues it.
    pub issuer: PartyId,
    /// Its id for this statement.
    pub jti: StatementId,
    /// When it was signed by the issuer's clock, in seconds since 1970.
    pub iat: i64,
    /// What it says in the open.
    pub credential: Arc<Credential>,
    /// What it keeps back, as far as it was disclosed.
    pub detail: Detail,
}

/// What a credential keeps back. Each part can be shown without the others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Detail {
    /// How high and how far the verdict reaches; absent where it is open, and then in the credential itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// What was found from each viewpoint.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub assessments: BTreeMap<Viewpoint, Assessment>,
}

/// What was found from one viewpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Assessment {
    /// The level reached from this viewpoint alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCode>,
    /// Requirement by requirement.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<RequirementResult>,
    /// What was found, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What it rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

impl Assessment {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A requirement of a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// The document.
    pub document: DocumentRef,
    /// The requirement in it, as the document numbers it; no white space.
    pub requirement: Text<64>,
}

/// How one requirement is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequirementResult {
    /// Which one.
    #[serde(flatten)]
    pub of: Requirement,
    /// How.
    pub outcome: RequirementOutcome,
}

/// How a requirement is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequirementOutcome {
    /// It is.
    Met,
    /// In part.
    PartlyMet,
    /// It is not.
    NotMet,
    /// It does not apply.
    NotApplicable,
}

impl RequirementOutcome {
    /// The word that credentials use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::PartlyMet => "partly-met",
            Self::NotMet => "not-met",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// What an assessor found about a requirement, in words: the most confidential part of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// About which one.
    #[serde(flatten)]
    pub of: Requirement,
    /// What.
    pub text: Text<1024>,
}

/// Something that an assessment rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evidence {
    /// Where it is, as an absolute URI.
    pub url: Text<1024>,
    /// What it is.
    pub name: Text<256>,
    /// SHA-256 of its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}
