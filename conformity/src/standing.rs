//! The buyer's question: how does this supplier stand, as far as this registry may say?
//!
//! In scope: the verdicts of this registry on a supplier and the recognised ones of others, for whoever asks; and, where
//! there is nothing to show, why. Out of scope: who asks (the edge knows the connection), pages and formats.
//!
//! Whoever may not know of a restricted verdict gets the very answer that he would get if there were none: what he may
//! not see is left out before anything else is looked at.

mod absence;
mod holding;
mod jurisdiction;
mod nothing;
#[cfg(test)]
mod tests;
mod viewer;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::as_of::{AsOf, Seen};
use crate::document::Tailoring;
use crate::identifiers::Identifier;
use crate::ids::{CountryCode, DocumentRef, SchemeChoice, SchemeId, SchemeRef};
use crate::records::{Facts, SchemeRecord};
use crate::text::Text;
use crate::verdict::VerdictRecord;
use crate::viewpoint::Viewpoint;
use crate::words::{Language, Params, Said, text};

pub use absence::Absence;
pub use holding::{AcceptedBy, ForeignHolding, Holding, OwnHolding};
pub use nothing::{Nothing, no_document, no_scheme, no_scheme_about, no_verdict};
pub use viewer::{Sight, Viewer, concerns, concerns_foreign, is_supplier, sight};

/// What a buyer asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// About whom.
    pub supplier: Identifier,
    /// Where the supplier is established, if the buyer knows: it tells "not assessed" from "not known here".
    pub country: Option<CountryCode>,
    /// Under what.
    pub about: About,
    /// From which viewpoint; any when absent.
    pub viewpoint: Option<Viewpoint>,
    /// As of when, and by whose knowledge.
    pub as_of: AsOf,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Everything that is known of the supplier.
    Everything,
    /// A scheme in any version.
    Scheme(SchemeId),
    /// A scheme in one version.
    SchemeVersion(SchemeRef),
    /// Every scheme that assesses against a document.
    Document(DocumentRef),
}

impl From<SchemeChoice> for About {
    fn from(choice: SchemeChoice) -> Self {
        match choice {
            SchemeChoice::Any(id) => Self::Scheme(id),
            SchemeChoice::Version(scheme) => Self::SchemeVersion(scheme),
        }
    }
}

/// As parameters of sentences have it.
impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("any-scheme"),
            Self::Scheme(id) => write!(f, "scheme {id}"),
            Self::SchemeVersion(scheme) => write!(f, "scheme {scheme}"),
            Self::Document(document) => write!(f, "document {document}"),
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Standing {
    /// What there is to show: own verdicts first, in whatever state, then what is made of others', by id.
    pub holdings: Vec<Holding>,
    /// Why there is nothing to show, when there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absence: Option<Absence>,
    /// What the explanation says, sentence by sentence, and what would change it.
    pub because: Vec<Said>,
    /// The answer in words, in the language asked for.
    pub explanation: Text<1024>,
}

impl Standing {
    fn new(holdings: Vec<Holding>, absence: Option<Absence>, because: Vec<Said>) -> Self {
        let explanation = worded(&because, Language::English);
        Self { holdings, absence, because, explanation }
    }

    /// The same answer, with one more sentence.
    fn and(self, more: Option<Said>) -> Self {
        let Some(more) = more else { return self };
        let because = [more].into_iter().chain(self.because).collect();
        Self::new(self.holdings, self.absence, because)
    }

    /// The same answer in `language`.
    #[must_use]
    pub fn told(self, language: Language) -> Self {
        let explanation = worded(&self.because, language);
        let because = self.because.iter().map(|said| said.told(language)).collect();
        let holdings = self.holdings.into_iter().map(|holding| holding.told(language)).collect();
        Self { holdings, absence: self.absence, because, explanation }
    }
}

fn worded(because: &[Said], language: Language) -> Text<1024> {
    let sentences: Vec<String> = because.iter().map(|said| said.words(language)).collect();
    text(&sentences.join(match language {
        Language::English => " ",
        Language::Japanese => "",
    }))
}

/// Answers `question` for `viewer`.
pub fn standing(facts: &impl Facts, question: &Question, viewer: &Viewer) -> Standing {
    let inquiry = Inquiry::new(facts, question, viewer);
    let holdings = holding::holdings(&inquiry);
    let answer = if holdings.is_empty() {
        absence::explained(&inquiry)
    } else {
        let because = holding::summary(&holdings);
        Standing::new(holdings, None, because)
    };
    answer.and(ended(facts, &question.as_of))
}

/// That this registry has ended, and where whoever asks finds what comes after it.
fn ended(facts: &impl Facts, as_of: &AsOf) -> Option<Said> {
    let genesis = facts.genesis()?;
    let end = genesis.closed.as_ref().filter(|end| as_of.knows(end.moment))?;
    let params = Params::default().with("since", end.moment.at).with("successor", &end.closed.successor);
    Some(Said::new("registry-closed", params.with("url", end.closed.http_url.as_str())))
}

/// A question with what both the holdings and the absences need of it.
struct Inquiry<'a, F> {
    /// What is known today: it alone says who may see what.
    facts: &'a F,
    /// The same as of the time asked about.
    seen: Seen<'a, F>,
    question: &'a Question,
    viewer: &'a Viewer,
    /// The schemes asked about that this registry publishes.
    schemes: Vec<Arc<SchemeRecord>>,
}

impl<'a, F: Facts> Inquiry<'a, F> {
    fn new(facts: &'a F, question: &'a Question, viewer: &'a Viewer) -> Self {
        let seen = Seen::new(facts, question.as_of);
        let schemes = match &question.about {
            About::Everything => Vec::new(),
            About::Scheme(id) => seen.scheme_versions(id),
            About::SchemeVersion(scheme) => seen.scheme(scheme).into_iter().collect(),
            About::Document(document) => seen.schemes_on(document),
        };
        Self { facts, seen, question, viewer, schemes }
    }

    /// Whether the question is about verdicts under `scheme`.
    fn asks_about(&self, scheme: &SchemeRef) -> bool {
        match &self.question.about {
            About::Everything => true,
            About::Scheme(id) => scheme.id == *id,
            About::SchemeVersion(wanted) => scheme == wanted,
            About::Document(_) => self.schemes.iter().any(|record| record.scheme.scheme == *scheme),
        }
    }

    /// What `scheme` keeps of the documents asked about, where it only assesses a profile of them.
    fn tailorings(&self, scheme: &SchemeRef) -> Vec<Tailoring> {
        if self.asks_about(scheme) {
            return Vec::new();
        }
        let asked: Vec<&DocumentRef> = match &self.question.about {
            About::Everything => Vec::new(),
            About::Document(document) => vec![document],
            About::Scheme(_) | About::SchemeVersion(_) => {
                self.schemes.iter().flat_map(|record| &record.scheme.documents).collect()
            }
        };
        let all = self.seen.tailorings(scheme).into_iter();
        all.filter(|tailoring| asked.contains(&&tailoring.document)).collect()
    }

    /// The verdicts of this registry on the supplier that `viewer` sees this well today, whatever their scheme, as of the time
    /// asked about.
    fn own(&self, wanted: Sight) -> Vec<Arc<VerdictRecord>> {
        let mut records = self.facts.verdicts_of(&self.question.supplier);
        records.retain(|record| sight(self.facts, self.viewer, record) == wanted);
        records.sort_by(|one, other| one.id().cmp(other.id()));
        records.iter().filter_map(|record| self.seen.verdict(record)).collect()
    }
}
