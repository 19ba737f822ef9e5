//! What a peer discloses of a credential: believed as far as the credential's statement, which its log commits to, has a digest
//! for it.
//!
//! ```text
//! <issuer's JWT> "~" (<disclosure> "~")*     the JWT is the statement at the entry asked for, each disclosure of a part that the
//!                                            terms name
//! ```
//!
//! No fault quotes what came: it may hold what nobody but us may know, and faults are shown to everyone.

use std::collections::BTreeMap;

use conformity::consent::Parts;
use conformity::credential::{CredentialRecord, Reach};
use conformity::digest::Digest;
use conformity::recognition::DisclosedLevels;
use conformity::records::Facts;
use credential::attestation::{self, present_parts};
use credential::sd_jwt::{Blame, Pieces, REGISTRY, Unverified};
use credential::statement::admit;
use serde::{Deserialize, Serialize};

use super::Followed;

/// A credential of which parts were asked for.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The credential, as the peer's log has it.
    pub record: &'a CredentialRecord,
    /// The parts that the terms name.
    pub parts: Parts,
}

/// What was disclosed and belongs to its credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Detail {
    /// Index of the credential's entry in the peer's log.
    pub credential: u64,
    /// The parts that the terms named.
    pub parts: Parts,
    /// The levels among what was disclosed.
    pub levels: DisclosedLevels,
    /// The credential with what was disclosed, as it came.
    pub presentation: String,
}

/// Why nothing is made of what a peer disclosed. The blame is the peer's, [`Unfit`](Self::Unfit) aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureFault {
    /// It is about another credential than the one asked for.
    #[error("it is not the credential that the entry commits to")]
    OtherCredential,
    /// It does not have the form of a credential with disclosures.
    #[error("it is no SD-JWT within its bounds")]
    Malformed,
    /// Its issuer's key cannot be used.
    #[error("the issuer's signature does not verify")]
    Signature,
    /// A disclosure has no digest in the credential, or came twice.
    #[error("a disclosure belongs to no digest of the credential, or came twice")]
    Foreign,
    /// The body signed digests that cannot be resolved: its credential is at fault, and the registry that took it.
    #[error("the credential's own digests and disclosures break the rules of SD-JWT")]
    Unfit,
    /// A disclosure of a part that the terms do not name.
    #[error("it shows parts that the terms do not name")]
    Unasked,
    /// What it says does not fit together.
    #[error("what it discloses contradicts the rest of the credential")]
    Contradiction,
}

impl DisclosureFault {
    /// The code that is counted and shown.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherCredential => "disclosure-other-credential",
            Self::Malformed => "disclosure-malformed",
            Self::Signature => "disclosure-signature",
            Self::Foreign => "disclosure-foreign",
            Self::Unfit => "disclosure-unfit",
            Self::Unasked => "disclosure-unasked",
            Self::Contradiction => "disclosure-contradiction",
        }
    }
}

impl Followed {
    /// Checks what the peer answered about a credential of its log.
    ///
    /// # Errors
    /// [`DisclosureFault`]: nothing of it may be kept.
    pub fn disclosed(&self, named: Named<'_>, presentation: &str) -> Result<Detail, DisclosureFault> {
        let Named { record, parts } = named;
        let signed = Pieces::of(presentation).map_err(|_| DisclosureFault::Malformed)?.jwt();
        let statement = self.register.statement(&record.by, &record.jti).ok_or(DisclosureFault::OtherCredential)?;
        if Digest::of(signed.as_bytes()) != statement.digest {
            return Err(DisclosureFault::OtherCredential);
        }
        let unverified = Unverified::parse(presentation, REGISTRY).map_err(|_| DisclosureFault::Malformed)?;
        let body = self.register.party(&record.by).ok_or(DisclosureFault::Signature)?;
        let held = unverified.key_of(&body).ok_or(DisclosureFault::Signature)?;
        let key = admit(&held.jwk).map_err(|_| DisclosureFault::Signature)?;
        let verified = unverified.verify(&key).map_err(|_| DisclosureFault::Signature)?;
        let disclosed = verified.disclose().map_err(|refusal| match refusal.blame() {
            Blame::Holder => DisclosureFault::Foreign,
            Blame::Issuer => DisclosureFault::Unfit,
        })?;
        // The same text, so that no key binding and no part comes along that nobody asked for.
        if present_parts(&disclosed, parts).as_str() != presentation {
            return Err(DisclosureFault::Unasked);
        }
        let read = attestation::read(disclosed.payload()).map_err(|_| DisclosureFault::Contradiction)?;
        Ok(Detail {
            credential: record.issued.index,
            parts,
            levels: levels(read.detail),
            presentation: presentation.to_owned(),
        })
    }
}

fn levels(detail: attestation::Detail) -> DisclosedLevels {
    let viewpoints = detail.assessments.into_iter();
    let viewpoints: BTreeMap<_, _> =
        viewpoints.filter_map(|(viewpoint, assessment)| Some((viewpoint, assessment.level?))).collect();
    DisclosedLevels { level: detail.reach.and_then(|Reach { level, .. }| level), viewpoints }
}
