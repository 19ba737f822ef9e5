//! How far a verdict that says nothing of single requirements reaches into the documents that its scheme assesses.
//!
//! Whatever leaves something out counts against the verdict; what cannot be told apart is not met. In scope: viewpoints, and exclusions
//! that name a requirement, or what is above several (`A.8`), anywhere in their words, as a statement of applicability does. Out
//! of scope: scope and exclusions that name none, which no rule weighs: they are shown.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::ids::{DocumentRef, RequirementId};
use crate::text::Text;
use crate::viewpoint::{Viewpoint, Viewpoints};

/// How far a verdict reaches.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// From where it looks, as far as that counts here.
    pub viewpoints: Viewpoints,
    /// From where its scheme looks.
    pub assessed: Viewpoints,
    /// What it does not cover.
    pub exclusions: &'a [Text<256>],
    /// The documents whose requirements exclusions may name; whatever document, where nothing is said of that.
    pub documents: Option<&'a [DocumentRef]>,
}

/// Why a requirement does not count as met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Omission {
    /// It is assessed from a viewpoint that the verdict does not take, or the catalogue does not say from which.
    Viewpoint,
    /// An exclusion of the verdict names it.
    Excluded,
    /// The verdict leaves out something of other documents, or in words of its own, and nobody can tell what that is of this one.
    ExcludedElsewhere,
}

/// A requirement that does not count as met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Omitted {
    /// Which.
    pub requirement: RequirementId,
    /// Why.
    pub because: Omission,
}

/// The requirements of a document by whether they count as met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// Those that do, in the document's order.
    pub met: Vec<RequirementId>,
    /// Those that do not.
    pub omitted: Vec<Omitted>,
}

impl Reach<'_> {
    /// Counts the requirements of `document` that bind. Without a catalogue none of them has a viewpoint.
    pub fn count<'r>(
        &self,
        document: &DocumentRef,
        requirements: impl IntoIterator<Item = &'r RequirementId>,
        catalogue: Option<&Catalogue>,
    ) -> Counted {
        if !self.exclusions.is_empty() && self.documents.is_some_and(|named| !named.contains(document)) {
            let because = Omission::ExcludedElsewhere;
            let omitted = |requirement: &RequirementId| Omitted { requirement: requirement.clone(), because };
            return Counted { met: Vec::new(), omitted: requirements.into_iter().map(omitted).collect() };
        }
        let excluded = self.excluded(catalogue);
        let mut counted = Counted::default();
        for requirement in requirements {
            let viewpoint = catalogue.and_then(|catalogue| catalogue.entry(requirement)?.viewpoint);
            match self.omission(requirement, viewpoint, &excluded) {
                None => counted.met.push(requirement.clone()),
                Some(because) => counted.omitted.push(Omitted { requirement: requirement.clone(), because }),
            }
        }
        counted
    }

    fn omission(
        &self,
        requirement: &RequirementId,
        viewpoint: Option<Viewpoint>,
        excluded: &BTreeSet<String>,
    ) -> Option<Omission> {
        let whole = self.assessed.is_subset(self.viewpoints);
        let seen = whole || viewpoint.is_some_and(|viewpoint| self.viewpoints.contains(viewpoint));
        match seen {
            false => Some(Omission::Viewpoint),
            true if excluded.iter().any(|name| is_below(&requirement.folded(), name)) => Some(Omission::Excluded),
            true => None,
        }
    }

    /// What exclusions name, folded.
    fn excluded(&self, catalogue: Option<&Catalogue>) -> BTreeSet<String> {
        self.exclusions.iter().flat_map(|text| named(text, catalogue)).collect()
    }
}

/// Whether an exclusion names one of these requirements of a document, itself or by what it is below.
pub fn names_any<'r>(
    exclusion: &Text<256>,
    requirements: impl IntoIterator<Item = &'r RequirementId>,
    catalogue: Option<&Catalogue>,
) -> bool {
    let names: Vec<String> = named(exclusion, catalogue).collect();
    let mut requirements = requirements.into_iter().map(RequirementId::folded);
    requirements.any(|requirement| names.iter().any(|name| is_below(&requirement, name)))
}

/// What a text names, folded; of a name of the catalogue the number that it is known by.
fn named(text: &Text<256>, catalogue: Option<&Catalogue>) -> impl Iterator<Item = String> {
    let names = words(text.as_str()).filter_map(|word| word.parse().ok());
    names.map(move |name: RequirementId| match catalogue.and_then(|catalogue| catalogue.number(&name)) {
        Some(number) => number.folded(),
        None => name.folded(),
    })
}

/// The words of a text that could be numbers, in whatever language it is: `A.8.1は対象外` and `(A.8.1)` name `A.8.1`, `AC-2(1)` itself.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let between = |c: char| !c.is_ascii_graphic() || matches!(c, ',' | ';' | ':' | '/' | '"' | '\'' | '[' | ']');
    text.split(between).map(|word| {
        let word = word.trim_matches('.');
        let word = word.strip_prefix('(').unwrap_or(word);
        if word.contains('(') { word } else { word.trim_end_matches(')').trim_end_matches('.') }
    })
}

/// Whether a requirement is `name`, or one of those below it: `ac-2.1` is below `ac-2`, `a.8.1` below `a.8`. A word that is a letter, a
/// family or a mere number (`a warehouse`, `building 3`) has nothing below it.
fn is_below(requirement: &str, name: &str) -> bool {
    let has_parts = name.contains(|c: char| c.is_ascii_digit()) && name.contains(|c: char| !c.is_ascii_alphanumeric());
    let rest = requirement.strip_prefix(name);
    rest.is_some_and(|rest| {
        rest.is_empty() || (has_parts && rest.starts_with(|next: char| !next.is_ascii_alphanumeric()))
    })
}
