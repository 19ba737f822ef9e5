//! Records: what a registry knows after reading its log, one keyed value per fact.
//!
//! In scope: the records, reading them ([`Facts`]), keeping them in memory ([`Register`]) and reading through those of a
//! batch that is not durable yet ([`Overlay`]). Out of scope: how a statement becomes records, see [`mod@crate::decide`], and
//! keeping them on a disk.

mod consents;
mod facts;
mod issued;
mod lists;
mod overlay;
mod register;
mod rests;
mod schedule;
mod signed;
mod steps;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::accreditation::{AccreditationRecord, DesignationRecord};
use crate::arrangement::ArrangementRecord;
use crate::bulletin::BulletinRecord;
use crate::consent::ConsentRecord;
use crate::credential::CredentialRecord;
use crate::crosswalk::CrosswalkRecord;
use crate::digest::Digest;
use crate::document::Document;
use crate::genesis::{GenesisRecord, PeerRecord};
use crate::ids::{PartyId, SchemeRef, StatementId};
use crate::key::KeyId;
use crate::lapsed::CascadeRecord;
use crate::party::PartyRecord;
use crate::reason::Reason;
use crate::recognised::RecognitionRecord;
use crate::revised::RevisionRecord;
use crate::scheme::Scheme;
use crate::time::{Day, Moment};
use crate::verdict::VerdictRecord;

pub use facts::{Facts, Rests, Taken, View};
pub use overlay::Overlay;
pub use register::Register;
pub(crate) use schedule::lists;
pub use schedule::{Due, DueError, Watched};
pub use signed::{Signed, Touched};

/// A document with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DocumentRecord {
    /// The document.
    pub document: Arc<Document>,
    /// When it was published here.
    pub published: Moment,
    /// By whom.
    pub by: PartyId,
}

/// A scheme with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchemeRecord {
    /// The scheme.
    pub scheme: Arc<Scheme>,
    /// When it was published here.
    pub published: Moment,
    /// By whom.
    pub by: PartyId,
    /// What takes its place, if something does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Replaced>,
}

/// What takes the place of a scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replaced {
    /// The scheme that does.
    pub with: SchemeRef,
    /// The last day on which verdicts under the replaced one are in force.
    pub until: Day,
    /// When that was said.
    pub moment: Moment,
    /// By whom.
    pub by: PartyId,
}

/// That a statement was taken: what a repetition of it is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatementRecord {
    /// Its issuer.
    pub iss: PartyId,
    /// The issuer's id for it.
    pub jti: StatementId,
    /// Where it stands.
    pub index: u64,
    /// Digest of its bytes.
    pub digest: Digest,
    /// What goes with it if its key turns out to have been stolen; nothing for a statement that cannot become void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voidable: Option<Voidable>,
}

/// That a statement becomes void with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Voidable {
    /// The key that signed it.
    pub kid: KeyId,
    /// When it was sequenced.
    pub at: Timestamp,
    /// What becomes void.
    pub touches: Touched,
}

/// That a statement was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErasureRecord {
    /// Index of the erased statement.
    pub index: u64,
    /// Why.
    pub reason: Reason,
    /// When.
    pub moment: Moment,
    /// Index of the approval by which a second person let it happen, where one was needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<u64>,
}

/// The full new value of one keyed fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// The log's beginning.
    Genesis(Arc<GenesisRecord>),
    /// A statement that was taken.
    Statement(Arc<StatementRecord>),
    /// A party and its keys.
    Party(Arc<PartyRecord>),
    /// A document.
    Document(Arc<DocumentRecord>),
    /// A scheme.
    Scheme(Arc<SchemeRecord>),
    /// A crosswalk.
    Crosswalk(Arc<CrosswalkRecord>),
    /// A bulletin, of this registry or passed on.
    Bulletin(Arc<BulletinRecord>),
    /// A designation.
    Designation(Arc<DesignationRecord>),
    /// An accreditation.
    Accreditation(Arc<AccreditationRecord>),
    /// A verdict.
    Verdict(Arc<VerdictRecord>),
    /// A credential of a verdict.
    Credential(Arc<CredentialRecord>),
    /// A disclosure consent.
    Consent(Arc<ConsentRecord>),
    /// An arrangement.
    Arrangement(Arc<ArrangementRecord>),
    /// A peer.
    Peer(Arc<PeerRecord>),
    /// What is made of a foreign verdict.
    Recognition(Arc<RecognitionRecord>),
    /// An erasure.
    Erasure(Arc<ErasureRecord>),
    /// What a lapse brought about.
    Cascade(Arc<CascadeRecord>),
    /// Recognitions that were derived anew for one cause.
    Revision(Arc<RevisionRecord>),
}

impl Record {
    /// Its key, unique among all records: the table, a slash, the name within it. Those that are kept as each statement left them sort
    /// by it in the order of the log.
    pub fn key(&self) -> String {
        match self {
            Self::Genesis(_) => "genesis/".to_owned(),
            Self::Statement(record) => format!("statement/{}/{}", record.iss, record.jti),
            Self::Party(record) => format!("party/{}", record.party.id),
            Self::Document(record) => format!("document/{}", record.document.document),
            Self::Scheme(record) => format!("scheme/{}", record.scheme.scheme),
            Self::Crosswalk(record) => format!("crosswalk/{}", record.publication.crosswalk),
            Self::Bulletin(record) => format!("bulletin/{}", record.name),
            Self::Designation(record) => format!("designation/{}", record.designation.id),
            Self::Accreditation(record) => format!("accreditation/{}", record.accreditation.id),
            Self::Verdict(record) => format!("verdict/{}", record.id()),
            Self::Credential(record) => format!("credential/{}", record.credential.slot),
            Self::Consent(record) => format!("consent/{}/{}", record.by, record.consent.consent),
            Self::Arrangement(record) => format!("arrangement/{}", record.id),
            Self::Peer(record) => format!("peer/{}", record.registry),
            Self::Recognition(record) => format!("recognition/{}", record.recognition.verdict),
            Self::Erasure(record) => format!("erasure/{}", record.index),
            Self::Cascade(record) => {
                let change = &record.change;
                let (cause, scheme) = (change.cause(), &record.scheme);
                let row = format!("cascade/{}/{}/{}/{scheme}", cause.entry, cause.what.as_str(), change.as_str());
                step(&row, record.last)
            }
            Self::Revision(record) => step(&format!("revision/{}/{}", record.entry, record.registry), record.last),
        }
    }
}

/// The key of a record as the statement at `last` left it.
fn step(row: &str, last: Moment) -> String {
    format!("{row}/{:020}", last.index)
}
