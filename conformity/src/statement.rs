//! Statements: what a party signs, read strictly.
//!
//! ```text
//! payload of a JWS, at most 65,535 bytes, at most 16 levels deep, no name twice in an object, no null:
//! {"iss": party, "aud": origin, "jti": statement id, "iat": seconds since 1970, "kind": "…", "claim": {…}}
//! ```
//!
//! In scope: the payload, its kinds and claims, and refusing everything that is not exactly one of them. Out of scope:
//! the JWS around it and its signature, and whether the claim is allowed, see [`mod@crate::decide`].

mod malformed;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::accreditation::{Accreditation, AccreditationChange, Designation, DesignationChange};
use crate::arrangement::{ArrangementEnded, ArrangementSigned, ArrangementStep, Countersigned};
use crate::bulletin::{Bulletin, BulletinRelayed, Enacted};
use crate::consent::{Consent, ConsentWithdrawn};
use crate::credential::Credential;
use crate::crosswalk::Publication;
use crate::digest::Digest;
use crate::document::Document;
use crate::genesis::{CaRootAdded, CaRootRetired, Genesis, LogKeyChanged, PeerAdded, PeerExpelled};
use crate::hosting::{HostingAccepted, HostingConsented, HostingEnded, RegistryMoved};
use crate::ids::{AccreditationId, DesignationId, Origin, PartyId, StatementId};
use crate::key::{Jwk, KeyId};
use crate::lapsed::BasisChanged;
use crate::party::Party;
use crate::persons::{PersonsSet, StepApproved};
use crate::reason::Reason;
use crate::recognised::RecognitionDerived;
use crate::scheme::{Scheme, SchemeReplaced};
use crate::strict::{self, Limits};
use crate::succession::{BodySucceeded, ClosingAccepted, RegistryClosed, SuccessionAgreed};
use crate::verdict::{Acceptance, Confirmation, ConfirmationWithdrawn, Report, Verdict, VerdictChange, VerdictList};

pub use malformed::Malformed;

/// The longest statement, in bytes, as JWS and as payload.
pub const MAX_STATEMENT: usize = 65_535;

/// The deepest nesting of a payload.
pub const MAX_DEPTH: usize = 16;

/// What a payload may have. Null would be a second way to say nothing.
const LIMITS: Limits = Limits { bytes: MAX_STATEMENT, depth: MAX_DEPTH, null: false };

/// A statement: who says what, to which registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Who says it, and signs.
    pub iss: PartyId,
    /// The log it is meant for.
    pub aud: Origin,
    /// The issuer's id for it.
    pub jti: StatementId,
    /// When the issuer's clock says it was signed, in seconds since 1970. Nothing is ordered by it.
    pub iat: i64,
    /// What is said.
    pub claim: Claim,
}

impl Statement {
    /// Reads a payload.
    ///
    /// # Errors
    /// The first rule of the form that it breaks.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        strict::check(payload, LIMITS)?;
        let wire: Wire<'_> = serde_json::from_slice(payload).map_err(Malformed::shape)?;
        if !wire.kind.is_plain() {
            return Err(Malformed::NotPlain(wire.kind));
        }
        if payload.len() > wire.kind.longest() {
            return Err(Malformed::TooLargeFor { kind: wire.kind, bytes: payload.len() });
        }
        Ok(Self {
            claim: Claim::parse(wire.kind, wire.claim)?,
            iss: wire.iss,
            aud: wire.aud,
            jti: wire.jti,
            iat: wire.iat,
        })
    }

    /// The digest of the attachment without which the statement cannot be decided: the result list of a recognition, the maps
    /// of a crosswalk.
    pub fn decisive_attachment(&self) -> Option<Digest> {
        match &self.claim {
            Claim::RecognitionDerived(derived) => Some(derived.results.digest),
            Claim::CrosswalkPublished(publication) => Some(publication.attachment),
            Claim::BulletinIssued(bulletin) => match &bulletin.enacts {
                Some(Enacted::CrosswalkPublished(publication)) => Some(publication.attachment),
                Some(Enacted::SchemeReplaced(_)) | None => None,
            },
            _ => None,
        }
    }

    /// The digest of the attachment that it names, if it names one. Nothing else belongs beside it in a log.
    pub fn attachment(&self) -> Option<Digest> {
        match &self.claim {
            Claim::DocumentPublished(document) => document.attachment,
            Claim::ReportFiled(report) => report.attachment,
            _ => self.decisive_attachment(),
        }
    }

    /// What kind of statement it is.
    pub const fn kind(&self) -> Kind {
        self.claim.kind()
    }
}

/// The payload before its claim is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    iss: PartyId,
    aud: Origin,
    jti: StatementId,
    iat: i64,
    kind: Kind,
    #[serde(borrow)]
    claim: &'a RawValue,
}

impl Serialize for Statement {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Out<'a> {
            iss: &'a PartyId,
            aud: &'a Origin,
            jti: &'a StatementId,
            iat: i64,
            kind: Kind,
            claim: &'a Claim,
        }
        Out { iss: &self.iss, aud: &self.aud, jti: &self.jti, iat: self.iat, kind: self.kind(), claim: &self.claim }
            .serialize(serializer)
    }
}

/// Declares the kinds of statement: variant, claim, word.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($claim:ty) $word:literal)+) => {
        /// What kind of thing a statement says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that statements use.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        /// What a statement says.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Claim {
            $($(#[$doc])* $variant($claim),)+
        }

        impl Claim {
            /// Its kind.
            pub const fn kind(&self) -> Kind {
                match self {
                    $(Self::$variant(_) => Kind::$variant,)+
                }
            }

            fn parse(kind: Kind, claim: &RawValue) -> Result<Self, Malformed> {
                match kind {
                    $(Kind::$variant => read(kind, claim).map(Self::$variant),)+
                }
            }
        }
    };
}

kinds! {
    /// A log begins.
    Genesis(Arc<Genesis>) "genesis"
    /// A party joins.
    PartyRegistered(PartyRegistered) "party-registered"
    /// A party gets a key.
    KeyAdded(KeyAdded) "key-added"
    /// A key ends.
    KeyRevoked(KeyRevoked) "key-revoked"
    /// Another key signs the checkpoints.
    LogKeyChanged(LogKeyChanged) "log-key-changed"
    /// The certificate authority has another root.
    CaRootAdded(CaRootAdded) "ca-root-added"
    /// A root is trusted no more.
    CaRootRetired(CaRootRetired) "ca-root-retired"
    /// Sensitive steps need another number of persons.
    PersonsSet(PersonsSet) "persons-set"
    /// A second person approves a sensitive step.
    StepApproved(StepApproved) "step-approved"
    /// The registry is served somewhere else from now on.
    RegistryMoved(RegistryMoved) "registry-moved"
    /// Another registry may serve this one.
    HostingConsented(HostingConsented) "hosting-consented"
    /// We serve another registry.
    HostingAccepted(HostingAccepted) "hosting-accepted"
    /// We serve, or are served, no longer.
    HostingEnded(HostingEnded) "hosting-ended"
    /// The registry takes nothing more: another one goes on.
    RegistryClosed(Box<RegistryClosed>) "registry-closed"
    /// We are willing to go on where another registry ends.
    ClosingAccepted(ClosingAccepted) "closing-accepted"
    /// A document is published.
    DocumentPublished(Arc<Document>) "document-published"
    /// A scheme is published.
    SchemePublished(Arc<Scheme>) "scheme-published"
    /// Another scheme takes the place of one.
    SchemeReplaced(SchemeReplaced) "scheme-replaced"
    /// A crosswalk is published.
    CrosswalkPublished(Arc<Publication>) "crosswalk-published"
    /// News of the rules.
    BulletinIssued(Arc<Bulletin>) "bulletin-issued"
    /// Another registry's news is passed on.
    BulletinRelayed(Box<BulletinRelayed>) "bulletin-relayed"
    /// An accreditation body may accredit.
    DesignationMade(Arc<Designation>) "designation-made"
    /// That changes.
    DesignationChanged(DesignationChanged) "designation-changed"
    /// A body may act under a scheme.
    AccreditationGranted(Arc<Accreditation>) "accreditation-granted"
    /// That changes.
    AccreditationChanged(AccreditationChanged) "accreditation-changed"
    /// A body agrees that one succeeds another.
    SuccessionAgreed(SuccessionAgreed) "succession-agreed"
    /// A body takes the place of another.
    BodySucceeded(BodySucceeded) "body-succeeded"
    /// A verdict is granted.
    VerdictGranted(Arc<Verdict>) "verdict-granted"
    /// A verdict changes.
    VerdictChanged(VerdictChange) "verdict-changed"
    /// A verdict is documented. Carried by the credential itself, never by a plain statement.
    CredentialIssued(Arc<Credential>) "credential-issued"
    /// An expert confirms what a supplier declared.
    DeclarationConfirmed(Arc<Confirmation>) "declaration-confirmed"
    /// The expert takes that back.
    ConfirmationWithdrawn(ConfirmationWithdrawn) "confirmation-withdrawn"
    /// An audit body reports.
    ReportFiled(Arc<Report>) "report-filed"
    /// A list says that an authority accepted a verdict as evidence.
    EvidenceAccepted(Arc<Acceptance>) "evidence-accepted"
    /// A supplier consents that somebody sees what a verdict keeps back.
    DisclosureConsented(Arc<Consent>) "disclosure-consented"
    /// It takes that back.
    DisclosureWithdrawn(ConsentWithdrawn) "disclosure-withdrawn"
    /// We sign an arrangement.
    ArrangementSigned(ArrangementSigned) "arrangement-signed"
    /// A foreign party did something about an arrangement.
    ArrangementCountersigned(Countersigned) "arrangement-countersigned"
    /// We suspend an arrangement.
    ArrangementSuspended(ArrangementStep) "arrangement-suspended"
    /// We restore it.
    ArrangementRestored(ArrangementStep) "arrangement-restored"
    /// We end it.
    ArrangementEnded(ArrangementEnded) "arrangement-ended"
    /// A peer is pinned.
    PeerAdded(PeerAdded) "peer-added"
    /// A peer is cut off.
    PeerExpelled(PeerExpelled) "peer-expelled"
    /// Verdicts expired.
    VerdictExpired(VerdictList) "verdict-expired"
    /// Nobody looked again in time.
    SurveillanceOverdue(VerdictList) "surveillance-overdue"
    /// What verdicts rest on lapsed, or holds again.
    BasisChanged(BasisChanged) "basis-changed"
    /// Nobody said in time that conditions are met.
    ConditionsOverdue(VerdictList) "conditions-overdue"
    /// Recognitions were derived.
    RecognitionDerived(RecognitionDerived) "recognition-derived"
    /// A statement was erased.
    StatementErased(StatementErased) "statement-erased"
}

fn read<T: DeserializeOwned>(kind: Kind, claim: &RawValue) -> Result<T, Malformed> {
    serde_json::from_str(claim.get()).map_err(|error| Malformed::claim(kind, error))
}

impl Kind {
    /// The longest payload of this kind, in bytes. What proves the keys, roots and places of a log is shown all at once to whoever asks, so
    /// nobody may make it too long to be shown.
    pub const fn longest(self) -> usize {
        match self {
            Self::KeyAdded
            | Self::KeyRevoked
            | Self::LogKeyChanged
            | Self::CaRootRetired
            | Self::PersonsSet
            | Self::StepApproved
            | Self::RegistryMoved
            | Self::HostingConsented
            | Self::HostingAccepted
            | Self::HostingEnded
            | Self::ClosingAccepted => 2_048,
            Self::CaRootAdded => 6_144,
            // Said once in a log; it carries two statements of another.
            Self::RegistryClosed => 16_384,
            _ => MAX_STATEMENT,
        }
    }

    /// Whether a plain JWS carries it; a credential carries itself.
    pub const fn is_plain(self) -> bool {
        !matches!(self, Self::CredentialIssued)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A party joins, with its first keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartyRegistered {
    /// The party.
    pub party: Party,
    /// Its first keys.
    pub keys: Vec<Jwk>,
}

/// A party gets a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyAdded {
    /// Which party.
    pub party: PartyId,
    /// The key.
    pub key: Jwk,
}

/// A key ends; or what it signed since it was stolen is void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyRevoked {
    /// Whose key.
    pub party: PartyId,
    /// Its thumbprint.
    pub kid: KeyId,
    /// Since when it was in other hands: what it signed and the log sequenced then or later is void.
    #[serde(default, with = "crate::time::instant::optional", skip_serializing_if = "Option::is_none")]
    pub compromised_since: Option<Timestamp>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// A designation changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DesignationChanged {
    /// Which one.
    pub id: DesignationId,
    /// How.
    pub change: DesignationChange,
    /// Why.
    pub reason: Reason,
}

/// An accreditation changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccreditationChanged {
    /// Which one.
    pub id: AccreditationId,
    /// How.
    pub change: AccreditationChange,
    /// Why.
    pub reason: Reason,
}

/// A statement was erased: its entry stays, its bytes go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatementErased {
    /// Index of its entry.
    pub index: u64,
    /// Why.
    pub reason: Reason,
}
