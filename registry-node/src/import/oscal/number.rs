//! How a document numbers a requirement, and by which other names catalogues and crosswalks call it.
//!
//! A label is for people: it is the number (`AC-2(3)`), or ends with it in parentheses (`Personnel Screening (03.09.01)`). Where a
//! heading has one part only, the heading bears the number and the part the words.

use conformity::catalogue::Entry;
use conformity::ids::RequirementId;

use super::{CatalogueError, Control};

/// The requirement that a control is, under the heading of which it is the only part.
pub(super) fn entry(control: &Control, heading: Option<&Control>) -> Result<Entry, CatalogueError> {
    let printed = heading.and_then(printed).or_else(|| printed(control));
    let number = match printed {
        Some(number) => number,
        None => control
            .id
            .parse()
            .map_err(|because| CatalogueError::Name { id: control.id.chars().take(80).collect(), because })?,
    };
    let others = [Some(control), heading].into_iter().flatten().flat_map(names);
    let mut names: Vec<RequirementId> = others.filter(|name| *name != number).collect();
    names.sort_unstable();
    names.dedup();
    Ok(Entry { number, names, viewpoint: control.viewpoint, standing: control.standing() })
}

/// An OSCAL token (a letter or `_` first, then letters, digits, `.`, `-` and `_`) that is the same for the same name.
pub(in crate::import) fn token(name: &str) -> String {
    let safe =
        |character: char| if character.is_ascii_alphanumeric() || ".-".contains(character) { character } else { '_' };
    let tail: String = name.chars().map(safe).collect();
    let first = tail.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    if first { tail } else { format!("r-{tail}") }
}

/// The number in its label.
fn printed(control: &Control) -> Option<RequirementId> {
    let label = control.label.as_deref()?.trim();
    let within = label.strip_suffix(')').and_then(|label| label.rsplit_once('(')).map(|(_, number)| number);
    label.parse().ok().or_else(|| within.and_then(|number| number.parse().ok()))
}

/// Every name that can be one.
fn names(control: &Control) -> impl Iterator<Item = RequirementId> {
    let written = [Some(control.id.as_str()), control.label.as_deref(), control.sort_id.as_deref()];
    written.into_iter().flatten().filter_map(|name| name.parse().ok()).chain(printed(control))
}
