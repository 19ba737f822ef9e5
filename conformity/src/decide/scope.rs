//! Whether a change of scope extends or reduces, as it says it does.
//!
//! Words cannot be compared; viewpoints, level, sites and exclusions can. An extension loses none of what was covered, a
//! reduction gains nothing.

use std::collections::BTreeSet;

use super::accreditation::known_viewpoints;
use crate::ids::LevelCode;
use crate::refusal::Refusal;
use crate::scheme::Scheme;
use crate::site::Site;
use crate::text::Text;
use crate::verdict::{Cover, Snapshot, VerdictRecord};

/// Refuses an extension that takes something away.
pub(super) fn extends(known: &VerdictRecord, cover: &Cover, scheme: &Scheme) -> Result<(), Refusal> {
    known_level(known, cover, scheme)?;
    if let Some(viewpoints) = cover.viewpoints {
        known_viewpoints(viewpoints, scheme.viewpoints)?;
    }
    let (before, after) = (&known.now, Resulting::of(&known.now, cover));
    let because = if !before.viewpoints.is_subset(after.viewpoints) {
        "an extension keeps the viewpoints"
    } else if !at_least(scheme, after.level, before.level.as_ref()) {
        "an extension keeps at least the level"
    } else if !subset(&before.sites, after.sites) {
        "an extension keeps the sites"
    } else if !subset(after.exclusions, &before.exclusions) {
        "an extension excludes nothing new"
    } else {
        return Ok(());
    };
    Err(refuse(known, "scope-extended", because))
}

/// Refuses a reduction that adds something.
pub(super) fn reduces(known: &VerdictRecord, cover: &Cover, scheme: &Scheme) -> Result<(), Refusal> {
    known_level(known, cover, scheme)?;
    if let Some(viewpoints) = cover.viewpoints {
        known_viewpoints(viewpoints, scheme.viewpoints)?;
    }
    let (before, after) = (&known.now, Resulting::of(&known.now, cover));
    let because = if !after.viewpoints.is_subset(before.viewpoints) {
        "a reduction adds no viewpoint"
    } else if !at_least(scheme, before.level.as_ref(), after.level) {
        "a reduction does not raise the level"
    } else if !subset(after.sites, &before.sites) {
        "a reduction adds no site"
    } else if !subset(&before.exclusions, after.exclusions) {
        "a reduction keeps what is excluded"
    } else {
        return Ok(());
    };
    Err(refuse(known, "scope-reduced", because))
}

/// What the verdict will cover.
struct Resulting<'a> {
    viewpoints: crate::viewpoint::Viewpoints,
    level: Option<&'a LevelCode>,
    sites: &'a [Site],
    exclusions: &'a [Text<256>],
}

impl<'a> Resulting<'a> {
    fn of(before: &'a Snapshot, cover: &'a Cover) -> Self {
        Self {
            viewpoints: cover.viewpoints.unwrap_or(before.viewpoints),
            level: cover.level.as_ref().or(before.level.as_ref()),
            sites: cover.sites.as_ref().unwrap_or(&before.sites),
            exclusions: cover.exclusions.as_ref().unwrap_or(&before.exclusions),
        }
    }
}

fn known_level(known: &VerdictRecord, cover: &Cover, scheme: &Scheme) -> Result<(), Refusal> {
    match &cover.level {
        Some(level) if !scheme.levels.contains(level) => {
            Err(Refusal::UnknownLevel { scheme: known.terms.scheme.clone(), level: level.clone() })
        }
        _ => Ok(()),
    }
}

/// Whether `held` is at least `wanted`; any level is more than none.
fn at_least(scheme: &Scheme, held: Option<&LevelCode>, wanted: Option<&LevelCode>) -> bool {
    match (held, wanted) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(held), Some(wanted)) => scheme.levels.meets(held, wanted),
    }
}

fn subset<T: Ord>(part: &[T], whole: &[T]) -> bool {
    let whole: BTreeSet<_> = whole.iter().collect();
    part.iter().all(|one| whole.contains(one))
}

fn refuse(known: &VerdictRecord, change: &'static str, because: &'static str) -> Refusal {
    Refusal::NotAScopeChange { verdict: known.id().clone(), change, because }
}
