//! Why there is nothing to show: the five absences.

use serde::{Deserialize, Serialize};

use super::holding::{recognitions, relevant};
use super::jurisdiction::{concerns, country, would_know};
use super::{About, Inquiry, Sight, Standing};
use crate::document::DocumentKind;
use crate::ids::DocumentRef;
use crate::recognition::text;
use crate::records::Facts;

/// Why there is nothing to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// Nobody assesses that here.
    NoScheme,
    /// There is a rule or guideline, but nobody certifies against it.
    GuidelineOnly,
    /// It could have been assessed, and was not.
    NotAssessed,
    /// There is something that the viewer may know of but not see.
    Withheld,
    /// Neither this registry nor one that it follows would know.
    Unknown,
}

impl Absence {
    /// Every absence.
    pub const ALL: [Self; 5] = [Self::NoScheme, Self::GuidelineOnly, Self::NotAssessed, Self::Withheld, Self::Unknown];

    /// The word that answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoScheme => "no-scheme",
            Self::GuidelineOnly => "guideline-only",
            Self::NotAssessed => "not-assessed",
            Self::Withheld => "withheld",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for Absence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer when there is nothing to show.
pub(super) fn explained<F: Facts>(inquiry: &Inquiry<'_, F>) -> Standing {
    let (absence, words) = withheld(inquiry)
        .or_else(|| unassessable(inquiry))
        .or_else(|| unassessable_viewpoint(inquiry))
        .or_else(|| recognised_later(inquiry))
        .unwrap_or_else(|| unassessed(inquiry));
    Standing { holdings: Vec::new(), absence: Some(absence), explanation: text(&words) }
}

fn withheld<F: Facts>(inquiry: &Inquiry<'_, F>) -> Option<(Absence, String)> {
    let known = inquiry.own(Sight::Existence);
    let concerned = known.iter().any(|record| {
        let then = record.as_of(inquiry.question.as_of);
        then.is_some_and(|then| relevant(inquiry, record, &then))
    });
    concerned.then(|| {
        let words = "There is a restricted verdict. The operator and the body that issued it can show it.";
        (Absence::Withheld, words.to_owned())
    })
}

/// Nobody here assesses what is asked about.
fn unassessable<F: Facts>(inquiry: &Inquiry<'_, F>) -> Option<(Absence, String)> {
    let about = &inquiry.question.about;
    if !inquiry.schemes.is_empty() || matches!(about, About::Everything) {
        return None;
    }
    if let About::Document(document) = about {
        return Some(unassessed_document(inquiry, document));
    }
    // A scheme of others is known here by the rules that recognise it.
    let arrangements = inquiry.facts.arrangements();
    let mut rules = arrangements.iter().flat_map(|record| record.terms.iter().flat_map(|signed| &signed.terms.rules));
    if rules.any(|rule| concerns(inquiry, rule)) {
        return None;
    }
    let words = format!("This registry neither publishes {about} nor recognises verdicts under it.");
    Some((Absence::NoScheme, words))
}

fn unassessed_document<F: Facts>(inquiry: &Inquiry<'_, F>, document: &DocumentRef) -> (Absence, String) {
    let record = inquiry.facts.document(document);
    let record = record.filter(|record| record.published.at <= inquiry.question.as_of);
    match record.map(|record| record.document.kind) {
        Some(DocumentKind::Guideline) => {
            (Absence::GuidelineOnly, format!("{document} is a rule or guideline; nobody certifies against it."))
        }
        Some(DocumentKind::Requirements) => {
            (Absence::NoScheme, format!("{document} has requirements, but no scheme here assesses against them."))
        }
        None => (Absence::NoScheme, format!("{document} is not known here, nor any scheme that assesses against it.")),
    }
}

fn unassessable_viewpoint<F: Facts>(inquiry: &Inquiry<'_, F>) -> Option<(Absence, String)> {
    let viewpoint = inquiry.question.viewpoint?;
    let mut schemes = inquiry.schemes.iter();
    let none = schemes.all(|record| !record.scheme.viewpoints.contains(viewpoint));
    (none && !inquiry.schemes.is_empty()).then(|| {
        let about = &inquiry.question.about;
        (Absence::NoScheme, format!("Nothing under {about} is assessed from the viewpoint {viewpoint}."))
    })
}

/// What was made of a foreign verdict before it was last derived stands in the log's result lists, not in the records.
fn recognised_later<F: Facts>(inquiry: &Inquiry<'_, F>) -> Option<(Absence, String)> {
    let later = recognitions(inquiry).into_iter().map(|record| record.since).min()?;
    let words = format!(
        "A foreign verdict was last looked at on {}, after the time asked for; what was made of it before stands in this registry's earlier result lists.",
        later.at
    );
    Some((Absence::Unknown, words))
}

fn unassessed<F: Facts>(inquiry: &Inquiry<'_, F>) -> (Absence, String) {
    let about = &inquiry.question.about;
    let from = match inquiry.question.viewpoint {
        Some(viewpoint) => format!("{about}, viewpoint {viewpoint}"),
        None => about.to_string(),
    };
    match country(inquiry) {
        Some(country) if would_know(inquiry, &country) => (
            Absence::NotAssessed,
            format!(
                "This registry would know verdicts on suppliers of {country} under {from}; there is none on this one."
            ),
        ),
        Some(country) => (
            Absence::Unknown,
            format!("This registry neither holds nor follows verdicts on suppliers of {country} under {from}."),
        ),
        None => (
            Absence::Unknown,
            format!(
                "It is not known where this supplier is established, so nothing can be said about {from}; ask again with its country."
            ),
        ),
    }
}
