//! What a crosswalk may not say.
//!
//! Relations between single requirements are an order by how much is asked for. A crosswalk that orders a requirement below
//! itself, through however many others, contradicts itself, and everything would follow from it. Relations between sets of several
//! are compared with the same sets only.

use std::collections::BTreeMap;

use super::{MAX_MAPS, MAX_SIDE, Map, Relation};
use crate::ids::{DocumentRef, RequirementId};

/// Why maps are no crosswalk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// Source and target are one document.
    #[error("a crosswalk joins two documents; {document} is given as both")]
    OneDocument {
        /// The document.
        document: DocumentRef,
    },
    /// There is none.
    #[error("a crosswalk has at least one map")]
    Empty,
    /// More maps than [`MAX_MAPS`].
    #[error("{count} maps; a crosswalk may have at most {MAX_MAPS}: split it by document")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A map without sources or targets.
    #[error("a map names at least one requirement on each side")]
    EmptySide,
    /// More requirements on one side than [`MAX_SIDE`].
    #[error("{length} requirements on one side of a map; at most {MAX_SIDE} are allowed")]
    LongSide {
        /// How many.
        length: usize,
    },
    /// One side of a map names a requirement twice.
    #[error("one side of a map names {requirement} twice")]
    NamedTwice {
        /// Which.
        requirement: RequirementId,
    },
    /// Two maps of the same requirements and relation.
    #[error("the map of {first} is there twice: leave one out")]
    Repeated {
        /// Its first source.
        first: RequirementId,
    },
    /// Two maps of the same requirements and other relations.
    #[error("of {first} the crosswalk says both {one} and {other} to the same requirements: keep what holds", one = .one.as_str(), other = .other.as_str())]
    Contradiction {
        /// Its first source.
        first: RequirementId,
        /// One relation.
        one: Relation,
        /// The other.
        other: Relation,
    },
    /// Through a chain of maps a requirement asks for less than itself.
    #[error("by a chain of maps {requirement} would ask for less than itself: one of them is wrong")]
    Cycle {
        /// A requirement on that chain.
        requirement: RequirementId,
    },
}

/// Checks maps that are in order.
pub(super) fn check(maps: &[Map]) -> Result<(), Unsound> {
    match maps.len() {
        0 => return Err(Unsound::Empty),
        1..=MAX_MAPS => {}
        count => return Err(Unsound::TooMany { count }),
    }
    maps.windows(2).try_for_each(|pair| distinct(&pair[0], &pair[1]))?;
    Order::of(maps).check()
}

/// Maps are in order of their sides, so those of the same sides are neighbours.
fn distinct(one: &Map, other: &Map) -> Result<(), Unsound> {
    if (&one.sources, &one.targets) != (&other.sources, &other.targets) {
        return Ok(());
    }
    let first = one.sources.first().ok_or(Unsound::EmptySide)?.clone();
    if one.relation == other.relation {
        return Err(Unsound::Repeated { first });
    }
    Err(Unsound::Contradiction { first, one: one.relation, other: other.relation })
}

/// A requirement of the one document or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node<'a> {
    Source(&'a RequirementId),
    Target(&'a RequirementId),
}

impl Node<'_> {
    fn requirement(self) -> RequirementId {
        match self {
            Self::Source(requirement) | Self::Target(requirement) => requirement.clone(),
        }
    }
}

/// Single requirements by how much they ask for.
struct Order<'a> {
    nodes: Vec<Node<'a>>,
    /// The class of those that ask for the same, by node: a forest whose roots are the classes.
    same: Vec<usize>,
    /// The one asks for less than the other.
    below: Vec<(usize, usize)>,
}

impl<'a> Order<'a> {
    fn of(maps: &'a [Map]) -> Self {
        let mut order = Self { nodes: Vec::new(), same: Vec::new(), below: Vec::new() };
        let mut numbers = BTreeMap::new();
        for (map, (source, target)) in maps.iter().filter_map(|map| Some((map, map.pair()?))) {
            let source = order.number(&mut numbers, Node::Source(source));
            let target = order.number(&mut numbers, Node::Target(target));
            match map.relation {
                Relation::EqualTo | Relation::EquivalentTo => order.join(source, target),
                Relation::SubsetOf => order.below.push((source, target)),
                Relation::SupersetOf => order.below.push((target, source)),
                Relation::IntersectsWith | Relation::NoRelationship => {}
            }
        }
        order
    }

    fn number(&mut self, numbers: &mut BTreeMap<Node<'a>, usize>, node: Node<'a>) -> usize {
        *numbers.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            self.same.push(self.same.len());
            self.same.len() - 1
        })
    }

    fn class(&mut self, mut node: usize) -> usize {
        while self.same[node] != node {
            self.same[node] = self.same[self.same[node]];
            node = self.same[node];
        }
        node
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.class(one), self.class(other));
        self.same[one.max(other)] = one.min(other);
    }

    /// Takes away what nothing lies below, again and again (Kahn): what is left lies on a cycle or above one.
    fn check(mut self) -> Result<(), Unsound> {
        let below = std::mem::take(&mut self.below);
        let below: Vec<_> = below.into_iter().map(|(less, more)| (self.class(less), self.class(more))).collect();
        let mut under = vec![0_usize; self.nodes.len()];
        let mut above = vec![Vec::new(); self.nodes.len()];
        for (less, more) in below {
            under[more] += 1;
            above[less].push(more);
        }
        let mut free: Vec<usize> = (0..under.len()).filter(|node| under[*node] == 0).collect();
        while let Some(node) = free.pop() {
            for more in std::mem::take(&mut above[node]) {
                under[more] -= 1;
                if under[more] == 0 {
                    free.push(more);
                }
            }
        }
        match (0..under.len()).find(|node| under[*node] > 0) {
            None => Ok(()),
            Some(node) => Err(Unsound::Cycle { requirement: self.nodes[node].requirement() }),
        }
    }
}
