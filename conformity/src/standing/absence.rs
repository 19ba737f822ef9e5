//! Why there is nothing to show: the five absences.

use serde::{Deserialize, Serialize};

use super::holding::{asked_about, relevant};
use super::jurisdiction::{concerns, country, would_know};
use super::{About, Inquiry, Sight, Standing};
use crate::document::DocumentKind;
use crate::ids::DocumentRef;
use crate::records::Facts;
use crate::words::{Params, Said};

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
    let (absence, said) = withheld(inquiry)
        .or_else(|| unassessable(inquiry))
        .or_else(|| unassessable_viewpoint(inquiry))
        .or_else(|| recognised_later(inquiry))
        .unwrap_or_else(|| unassessed(inquiry));
    Standing::new(Vec::new(), Some(absence), vec![said])
}

fn withheld<F: Facts>(inquiry: &Inquiry<'_, F>) -> Option<(Absence, Said)> {
    let known = inquiry.own(Sight::Existence);
    let concerned = known.iter().any(|record| relevant(inquiry, record));
    concerned.then(|| (Absence::Withheld, Said::new("restricted-verdict", Params::default())))
}

/// Nobody here assesses what is asked about.
fn unassessable<F: Facts>(inquiry: &Inquiry<'_, F>) -> Option<(Absence, Said)> {
    let about = &inquiry.question.about;
    if !inquiry.schemes.is_empty() || matches!(about, About::Everything) {
        return None;
    }
    if let About::Document(document) = about {
        return Some(unassessed_document(inquiry, document));
    }
    // A scheme of others is known here by the rules that recognise it.
    let arrangements = inquiry.seen.arrangements();
    let mut rules = arrangements.iter().flat_map(|record| record.terms.iter().flat_map(|signed| &signed.terms.rules));
    if rules.any(|rule| concerns(inquiry, rule)) {
        return None;
    }
    Some((Absence::NoScheme, Said::new("scheme-not-here", Params::default().with("about", about))))
}

fn unassessed_document<F: Facts>(inquiry: &Inquiry<'_, F>, document: &DocumentRef) -> (Absence, Said) {
    let record = inquiry.seen.document(document);
    let (absence, code) = match record.map(|record| record.document.kind) {
        Some(DocumentKind::Guideline) => (Absence::GuidelineOnly, "guideline"),
        Some(DocumentKind::Requirements) => (Absence::NoScheme, "no-scheme-on-document"),
        None => (Absence::NoScheme, "document-not-known"),
    };
    (absence, Said::new(code, Params::default().with("document", document)))
}

fn unassessable_viewpoint<F: Facts>(inquiry: &Inquiry<'_, F>) -> Option<(Absence, Said)> {
    let viewpoint = inquiry.question.viewpoint?;
    let mut schemes = inquiry.schemes.iter();
    let none = schemes.all(|record| !record.scheme.viewpoints.contains(viewpoint));
    (none && !inquiry.schemes.is_empty())
        .then(|| (Absence::NoScheme, Said::new("viewpoint-not-assessed", asked(inquiry))))
}

/// What is made of a foreign verdict holds from the entry that says so; that it came later is known now.
fn recognised_later<F: Facts>(inquiry: &Inquiry<'_, F>) -> Option<(Absence, Said)> {
    let later = inquiry.seen.recognised_later(&inquiry.question.supplier);
    let later = asked_about(inquiry, later).into_iter().map(|record| record.since).min()?;
    Some((Absence::Unknown, Said::new("looked-at-later", Params::default().with("at", later.at))))
}

fn unassessed<F: Facts>(inquiry: &Inquiry<'_, F>) -> (Absence, Said) {
    let asked = asked(inquiry);
    match country(inquiry) {
        Some(country) if would_know(inquiry, &country) => {
            (Absence::NotAssessed, Said::new("none-on-supplier", asked.with("country", country)))
        }
        Some(country) => (Absence::Unknown, Said::new("country-not-followed", asked.with("country", country))),
        None => (Absence::Unknown, Said::new("country-not-known", asked)),
    }
}

/// Under what, and from which viewpoint, was asked.
fn asked<F>(inquiry: &Inquiry<'_, F>) -> Params {
    let params = Params::default().with("about", &inquiry.question.about);
    inquiry.question.viewpoint.iter().fold(params, |params, viewpoint| params.with("viewpoint", viewpoint))
}
