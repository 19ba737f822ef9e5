//! What a change of how some suppliers stand does to a chain: which links it moves, for the worse or for the better, and what that
//! exposes, small enough to be sent.
//!
//! In scope: comparing two reviews, and cutting what is told to a size, with counts of what is left out. Out of scope: which suppliers a change
//! is about, and how they stood before and after.

use std::collections::BTreeSet;

use conformity::text::Text;
use serde::Serialize;

use crate::chain::Place;
use crate::exposure::{Broken, Exposed, Exposure};
use crate::review::{Change, Review};

/// Most bytes of each of the lists that are told, as JSON.
const MAX_LIST: usize = 64 * 1024;

/// What moved, and what is exposed now by the suppliers whose links did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shift {
    /// Whether something is worse than before; else something is better, and nothing worse.
    #[serde(skip)]
    pub is_worse: bool,
    /// The suppliers whose links moved.
    pub suppliers: Vec<Place>,
    /// The links that moved.
    pub changes: Vec<Change>,
    /// What does not meet the policy now of all that these suppliers supply, and what that exposes.
    pub exposure: Exposure,
    /// How many of each there is no room for.
    pub left_out: LeftOut,
}

/// How many there are that are not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Suppliers whose links moved.
    pub suppliers: usize,
    /// Links that moved.
    pub changes: usize,
    /// Broken links.
    pub broken: usize,
    /// Products that are reached.
    pub products: usize,
    /// Products that are told without a way to them.
    pub ways: usize,
    /// Orders.
    pub orders: usize,
    /// Paths that were found.
    pub paths: usize,
}

impl Shift {
    /// From `before` to `after`, which look at the same suppliers; nothing where no link comes to anything else. `whole` is asked for what the
    /// links of those that moved expose, by their positions: a review of all that are [concerned](crate::exposure::concerned).
    pub fn of<'a, E>(
        before: &Review<'_>,
        after: &Review<'a>,
        told: impl FnOnce(&[usize]) -> Result<Exposure, E>,
    ) -> Result<Option<Self>, E> {
        let chain = after.chain();
        let (links, changes): (Vec<usize>, Vec<Change>) = before.changed(after).unzip();
        if links.is_empty() {
            return Ok(None);
        }
        let moved: BTreeSet<usize> = links.iter().map(|link| chain.links()[*link].from).collect();
        let broken: BTreeSet<usize> = moved.iter().flat_map(|supplier| after.broken_of(*supplier)).collect();
        let exposure = told(&broken.into_iter().collect::<Vec<_>>())?;
        let suppliers = moved.iter().map(|supplier| chain.nodes()[*supplier].place.clone()).collect();
        Ok(Some(Self::fitted(suppliers, changes, exposure)))
    }

    fn fitted(suppliers: Vec<Place>, changes: Vec<Change>, exposure: Exposure) -> Self {
        let is_worse = changes.iter().any(|change| change.after > change.before);
        let mut left_out = LeftOut::default();
        let all_broken = exposure.broken_links;
        let suppliers = fitting(suppliers, &mut left_out.suppliers);
        let changes = fitting(changes, &mut left_out.changes);
        let broken: Vec<Broken> = fitting(exposure.broken, &mut 0);
        left_out.broken = all_broken.saturating_sub(broken.len());
        let products = fitting(shortened(exposure.products, &mut left_out.ways), &mut left_out.products);
        let orders: Vec<Text<128>> = fitting(exposure.orders.into_iter().collect(), &mut left_out.orders);
        let paths = fitting(exposure.paths, &mut left_out.paths);
        let exposure = Exposure { broken, products, orders: orders.into_iter().collect(), paths, ..exposure };
        Self { is_worse, suppliers, changes, exposure, left_out }
    }
}

/// The first of them that fit, and how many do not.
fn fitting<T: Serialize>(all: Vec<T>, left_out: &mut usize) -> Vec<T> {
    let mut room = MAX_LIST;
    let count = all.len();
    let told: Vec<T> = all.into_iter().map_while(|one| take(&mut room, &one).then_some(one)).collect();
    *left_out = count - told.len();
    told
}

/// The same products, without the ways for which half of the room is too small: the name of a product says more than the way to another one.
fn shortened(products: Vec<Exposed>, left_out: &mut usize) -> Vec<Exposed> {
    let mut room = MAX_LIST / 2;
    let short = |mut exposed: Exposed| {
        if !exposed.way.is_empty() && !take(&mut room, &exposed.way) {
            exposed.way.clear();
            *left_out += 1;
        }
        exposed
    };
    products.into_iter().map(short).collect()
}

/// Takes the room that `one` needs, if there is as much.
fn take(room: &mut usize, one: &impl Serialize) -> bool {
    let bytes = serde_json::to_vec(one).map_or(usize::MAX, |bytes| bytes.len().saturating_add(1));
    let left = room.checked_sub(bytes);
    *room = left.unwrap_or(*room);
    left.is_some()
}

#[cfg(test)]
mod tests;
