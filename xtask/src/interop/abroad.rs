//! Another registry, whose verdicts jp recognises by an arrangement: for the answers that are yes.

use anyhow::Result;

use super::world::import_document;
use crate::demo::fact;
use crate::demo::node::Node;
use crate::demo::peering::{is_in_force, meet, wait_for_arrangement};
use crate::demo::stage::Stage;

const AUTHORITY: &str = "eu-authority";
const ARRANGEMENT: &str = "jp-eu-demo";
/// What eu issues under, and jp recognises.
pub(super) const SCHEME: &str = "supplier-baseline@1";

/// Serves eu, and has both sign the arrangement.
pub(super) fn agree<'stage>(stage: &'stage Stage, jp: &Node<'_>) -> Result<Node<'stage>> {
    let eu = Node::start(stage.registry("eu")?, "Registry of the EU (demonstration)", None)?;
    let who = ["party", "add", AUTHORITY, "--role", "authority", "--id", AUTHORITY, "--country", "BE"];
    eu.operator(&[&who[..], &["--name", "Fictional Authority of the EU"]].concat())?;
    import_document(&eu)?;
    eu.party(AUTHORITY, &["scheme", "publish", &fact("baseline.toml")])?;
    meet(stage, jp, &eu)?;
    jp.operator(&["arrangement", "propose", &fact("jp-eu.json")])?;
    wait_for_arrangement(stage, &eu, ARRANGEMENT, |_| true)?;
    eu.operator(&["arrangement", "accept", ARRANGEMENT])?;
    wait_for_arrangement(stage, jp, ARRANGEMENT, |shown| is_in_force(shown, 2))?;
    Ok(eu)
}
