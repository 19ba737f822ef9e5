//! Which suppliers of a chain are one company: it may be named by its LEI at one link, and by its DUNS number at another.
//!
//! In scope: joining suppliers by what is shown of them. Two are one if a verdict that is shown of each names the other among the
//! identifiers that its body verified. Out of scope: names, which say nothing for sure.

use std::collections::{BTreeMap, BTreeSet};

use conformity::identifiers::Identifier;
use conformity::standing::{Holding, Standing};

use crate::chain::Chain;

/// The suppliers of a chain, joined.
pub(crate) struct Companies {
    /// Per node: the first node of the same company.
    first: Vec<usize>,
    /// By the first node, all nodes of those that have more than one.
    joined: BTreeMap<usize, Vec<usize>>,
}

impl Companies {
    /// By what is shown of each supplier, by the position of its node.
    pub(crate) fn of(chain: &Chain, standings: &BTreeMap<usize, &Standing>) -> Self {
        let places: BTreeMap<&Identifier, usize> = chain.suppliers().map(|(node, supplier)| (supplier, node)).collect();
        let named = |standing: &Standing| -> BTreeSet<usize> {
            let suppliers = standing.holdings.iter().map(|holding| match holding {
                Holding::Own(own) => &*own.supplier,
                Holding::Foreign(foreign) => &foreign.record.recognition.supplier,
            });
            let all = suppliers.flat_map(|supplier| std::iter::once(&supplier.id).chain(&supplier.others));
            all.filter_map(|identifier| places.get(identifier).copied()).collect()
        };
        let named: BTreeMap<usize, BTreeSet<usize>> =
            standings.iter().map(|(node, standing)| (*node, named(standing))).collect();
        let names = |one: usize, other: usize| named.get(&one).is_some_and(|all| all.contains(&other));
        let mut companies = Self { first: (0..chain.nodes().len()).collect(), joined: BTreeMap::new() };
        for (one, all) in &named {
            let others = all.iter().filter(|other| *other != one && names(**other, *one));
            others.for_each(|other| companies.join(*one, *other));
        }
        companies
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first[one], self.first[other]);
        if one == other {
            return;
        }
        let (first, later) = (one.min(other), one.max(other));
        let moved = self.joined.remove(&later).unwrap_or_else(|| vec![later]);
        moved.iter().for_each(|node| self.first[*node] = first);
        self.joined.entry(first).or_insert_with(|| vec![first]).extend(moved);
    }

    /// Whether two nodes are one company.
    pub(crate) fn are_one(&self, one: usize, other: usize) -> bool {
        self.first[one] == self.first[other]
    }

    /// All nodes of the company of this one.
    pub(crate) fn nodes(&self, node: usize) -> Vec<usize> {
        self.joined.get(&self.first[node]).cloned().unwrap_or_else(|| vec![node])
    }
}
