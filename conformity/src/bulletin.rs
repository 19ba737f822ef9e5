//! Bulletins 告示: signed news of the rules. Something was published or revised, a transition ends, a regulation is in force.
//!
//! In scope: what a bulletin says, whom it concerns, the change of the rules that it brings about itself, if it does, and that of another
//! registry as it was passed on here, in the words and under the signature of who issued it. Out of scope: who is told of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::crosswalk::Publication;
use crate::digest::Digest;
use crate::foreign;
use crate::ids::{
    BulletinId, BulletinRef, CountryCode, CrosswalkRef, DocumentId, DocumentRef, PartyId, RegistryId, SchemeId,
    SchemeRef, SectorCode,
};
use crate::scheme::SchemeReplaced;
use crate::statement::{Claim, Statement};
use crate::text::Text;
use crate::time::{Day, Moment};

/// The longest text in one language, in bytes. Another registry passes a bulletin on inside a statement of its own, which has to
/// hold it with all languages.
pub const MAX_TEXT: usize = 4_096;
/// The most names in each list of whom a bulletin concerns.
pub const MAX_CONCERNS: usize = 64;
/// The longest statement that is passed on, in bytes: inside another one, and in base64 once more, it stays within
/// [`MAX_STATEMENT`](crate::statement::MAX_STATEMENT).
pub const MAX_RELAYED: usize = 40_000;

/// News of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bulletin {
    /// Its id in this registry.
    pub bulletin: BulletinId,
    /// What kind of news it is.
    pub topic: Topic,
    /// Its title.
    pub title: Words<256>,
    /// What it says.
    pub text: Words<MAX_TEXT>,
    /// Whom it concerns.
    #[serde(default, skip_serializing_if = "Concerns::is_everyone")]
    pub concerns: Concerns,
    /// The day of the news.
    pub issued: Day,
    /// From which day on what it tells of is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force: Option<Day>,
    /// The last day on which what was before still counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition_until: Option<Day>,
    /// Where the whole of it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text<1024>>,
    /// What was stated in this log that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announces: Option<Announced>,
    /// What it brings about in the log of its registry, with its own entry; nothing anywhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enacts: Option<Enacted>,
    /// The bulletin that it takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<BulletinId>,
}

/// What kind of news a bulletin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// 公表: a document or scheme is there.
    Publication,
    /// 改訂: there is a new version of one.
    Revision,
    /// 移行期限: what was before ends on a day.
    Transition,
    /// 規制の施行: a regulation is in force, or will be.
    Regulation,
    /// 注意喚起: what those concerned should know.
    Advice,
}

impl Topic {
    /// The word that statements use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publication => "publication",
            Self::Revision => "revision",
            Self::Transition => "transition",
            Self::Regulation => "regulation",
            Self::Advice => "advice",
        }
    }
}

/// The same in each language; at least one is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words<const MAX: usize> {
    /// English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<Text<MAX>>,
    /// Japanese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja: Option<Text<MAX>>,
}

impl<const MAX: usize> Words<MAX> {
    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.en.is_none() && self.ja.is_none()
    }

    /// In which languages they are, as a pair: English, Japanese.
    pub const fn languages(&self) -> (bool, bool) {
        (self.en.is_some(), self.ja.is_some())
    }
}

/// Whom a bulletin concerns: of each list that is not empty, somebody who is in it. Nobody is left out by an empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Concerns {
    /// Who has to do with these schemes, in whatever version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemes: Vec<SchemeId>,
    /// Who has to do with these documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentId>,
    /// Who works in these sectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sectors: Vec<SectorCode>,
    /// Who is established, or sells, in these countries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<CountryCode>,
}

impl Concerns {
    /// Whether it leaves out nobody.
    pub const fn is_everyone(&self) -> bool {
        self.schemes.is_empty() && self.documents.is_empty() && self.sectors.is_empty() && self.countries.is_empty()
    }

    /// How many names the longest of its lists has.
    pub(crate) fn longest(&self) -> usize {
        let lengths = [self.schemes.len(), self.documents.len(), self.sectors.len(), self.countries.len()];
        lengths.into_iter().max().unwrap_or_default()
    }
}

/// What was stated in the log of the registry that issues a bulletin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Announced {
    /// A version of a scheme: that it is there, or what became of it.
    Scheme(SchemeRef),
    /// A version of a document.
    Document(DocumentRef),
    /// A version of a crosswalk.
    Crosswalk(CrosswalkRef),
}

/// A change that a bulletin brings about: the bulletin and the change are one statement, so that there is both or neither. Its issuer must be one
/// who may state the change alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enacted {
    /// A scheme, or a version of it, takes the place of another.
    SchemeReplaced(SchemeReplaced),
    /// A crosswalk is published; where there is a version of it already, that one is corrected.
    CrosswalkPublished(Arc<Publication>),
}

/// That the bulletin of another registry is passed on here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulletinRelayed {
    /// Whose it is.
    pub registry: RegistryId,
    /// Index of its entry in that registry's log.
    pub index: u64,
    /// The statement that issued it, a compact JWS: what its issuer signed, to the byte.
    pub statement: Text<MAX_RELAYED>,
}

impl BulletinRelayed {
    /// Reads what is passed on. Nothing is verified.
    ///
    /// # Errors
    /// Why it is not a statement that issues a bulletin.
    pub fn read(&self) -> Result<(Statement, Arc<Bulletin>), String> {
        let statement = foreign::read(self.statement.as_str())?;
        match &statement.claim {
            Claim::BulletinIssued(bulletin) => {
                let bulletin = Arc::clone(bulletin);
                Ok((statement, bulletin))
            }
            other => Err(format!("it is a {}, not a bulletin", other.kind())),
        }
    }
}

/// A bulletin with its place, of this registry or passed on by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulletinRecord {
    /// Which one, and whose.
    pub name: BulletinRef,
    /// What it says.
    pub bulletin: Arc<Bulletin>,
    /// When this log took it.
    pub moment: Moment,
    /// Who issued it, in the registry whose it is.
    pub by: PartyId,
    /// Of another registry's: where it stands there, and the digest of the statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relayed: Option<Relayed>,
    /// The bulletin of the same registry that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<BulletinId>,
}

/// Where a bulletin that was passed on comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Relayed {
    /// Index of its entry in the log of the registry whose it is.
    pub index: u64,
    /// Digest of the statement that issued it there.
    pub statement: Digest,
}
