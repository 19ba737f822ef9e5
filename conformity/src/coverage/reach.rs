//! How far a verdict that says nothing of single requirements reaches into the documents that its scheme assesses.
//!
//! Whatever leaves something out counts against the verdict; what cannot be told apart is not met. In scope: viewpoints, and exclusions
//! that name a requirement, or what is above several (`A.8`, `AC`), anywhere in their words, as a statement of applicability does. Out
//! of scope: scope and exclusions that name none, which no rule weighs: they are shown.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::ids::RequirementId;
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
}

/// Why a requirement does not count as met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Omission {
    /// It is assessed from a viewpoint that the verdict does not take, or the catalogue does not say from which.
    Viewpoint,
    /// An exclusion of the verdict names it.
    Excluded,
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
    /// Counts the requirements of a document that bind. Without a catalogue none of them has a viewpoint.
    pub fn count<'r>(
        &self,
        requirements: impl IntoIterator<Item = &'r RequirementId>,
        catalogue: Option<&Catalogue>,
    ) -> Counted {
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

    /// What exclusions name, folded; of a name of the catalogue the number that it is known by.
    fn excluded(&self, catalogue: Option<&Catalogue>) -> BTreeSet<String> {
        let words = self.exclusions.iter().flat_map(|text| text.as_str().split([' ', ',', ';', ':', '/']));
        let names = words.filter_map(|word| word.trim_end_matches('.').parse::<RequirementId>().ok());
        names
            .map(|name| match catalogue.and_then(|catalogue| catalogue.number(&name)) {
                Some(number) => number.folded(),
                None => name.folded(),
            })
            .collect()
    }
}

/// Whether a requirement is `name` or one of those below it: `ac-2.1` is below `ac-2` and `ac`.
fn is_below(requirement: &str, name: &str) -> bool {
    let rest = requirement.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(|next: char| !next.is_ascii_alphanumeric()))
}
