//! A policy over a whole supply chain: a finding for each link, and what another version of the policy would change.
//!
//! In scope: judging every link once for each distinct order. Out of scope: what a broken link exposes, see [`crate::exposure`].

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use conformity::identifiers::Identifier;
use conformity::standing::Standing;
use conformity::words::text;
use serde::Serialize;

use crate::chain::{Chain, Link};
use crate::company::Companies;
use crate::judge::{Finding, Order, Registry, judge};
use crate::policy::Policy;
use crate::step::{Advice, TradingStep};

/// What a chain is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The step at which every link is looked at.
    pub step: TradingStep,
    /// The registry that was asked.
    pub registry: &'a Registry,
    /// What it shows of each supplier of the chain.
    pub standings: &'a BTreeMap<Identifier, Standing>,
}

/// A supplier of the chain of which nothing was asked: whoever reviews asks of all of them first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the registry was not asked how {0} stands; ask of every supplier of the chain")]
pub struct Unasked(pub Identifier);

/// How a supplier stands of whom nothing is shown.
fn nothing_shown() -> Standing {
    Standing { holdings: Vec::new(), absence: None, because: Vec::new(), explanation: text("-") }
}

/// A chain with what a policy makes of each link.
pub struct Review<'a> {
    chain: &'a Chain,
    measure: Measure<'a>,
    /// By the position of the supplier among the nodes.
    standings: BTreeMap<usize, Cow<'a, Standing>>,
    companies: Companies,
    /// What each link that is looked at comes to. Reasons are worked out again where they are told: those of a large chain take more
    /// memory than it.
    outcomes: Vec<Option<Outcome>>,
    judged: RefCell<BTreeMap<(usize, Order), Outcome>>,
}

/// What an order comes to, without the reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What may be advised at the step.
    pub advice: Advice,
    /// What the rules come to, whatever the step.
    pub found: Advice,
}

impl Outcome {
    /// Whether every rule is met.
    pub fn is_met(self) -> bool {
        self.found == Advice::Go
    }
}

/// A link as it is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// Who supplies.
    pub supplier: String,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whom or what it supplies.
    pub to: String,
    /// What it supplies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// From which site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// How far from a product.
    pub tier: u32,
}

impl Told {
    /// Of a link of `chain`.
    pub fn of(chain: &Chain, link: &Link) -> Self {
        let supplier = chain.supplier(link);
        Self {
            supplier: supplier.place.to_string(),
            name: supplier.name.as_ref().map(ToString::to_string),
            to: chain.target(link).place.to_string(),
            item: link.item.as_ref().map(ToString::to_string),
            site: link.site.as_ref().map(ToString::to_string),
            tier: chain.tier(link),
        }
    }
}

/// What another policy, or the same in another version, would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Of which link.
    pub link: Told,
    /// What the one comes to.
    pub before: Advice,
    /// What the other comes to.
    pub after: Advice,
}

impl<'a> Review<'a> {
    /// Judges every link of `chain`.
    ///
    /// # Errors
    /// [`Unasked`]: what is not known of a supplier is never taken for nothing to show.
    pub fn of(chain: &'a Chain, measure: Measure<'a>) -> Result<Self, Unasked> {
        Self::without(chain, measure, None)
    }

    /// Judges the links of these suppliers alone, by their positions: of the others nothing needs to be known, and nothing is said.
    ///
    /// # Errors
    /// [`Unasked`], of one of them.
    pub fn of_some(chain: &'a Chain, measure: Measure<'a>, suppliers: &BTreeSet<usize>) -> Result<Self, Unasked> {
        Self::looked_at(chain, measure, None, |supplier| suppliers.contains(&supplier))
    }

    /// Judges every link as if nothing were shown any more of the supplier at this position, under whichever identifier.
    ///
    /// # Errors
    /// [`Unasked`], as before.
    pub fn if_lost(chain: &'a Chain, measure: Measure<'a>, supplier: usize) -> Result<Self, Unasked> {
        Self::without(chain, measure, Some(supplier))
    }

    fn without(chain: &'a Chain, measure: Measure<'a>, lost: Option<usize>) -> Result<Self, Unasked> {
        Self::looked_at(chain, measure, lost, |_| true)
    }

    fn looked_at(
        chain: &'a Chain,
        measure: Measure<'a>,
        lost: Option<usize>,
        of: impl Fn(usize) -> bool,
    ) -> Result<Self, Unasked> {
        let asked = chain.suppliers().filter(|(position, _)| of(*position)).map(|(position, supplier)| {
            let standing = measure.standings.get(supplier).ok_or_else(|| Unasked(supplier.clone()))?;
            Ok((position, standing))
        });
        let asked = asked.collect::<Result<BTreeMap<usize, &Standing>, _>>()?;
        let companies = Companies::of(chain, &asked);
        let mut standings: BTreeMap<usize, Cow<'a, Standing>> =
            asked.into_iter().map(|(position, standing)| (position, Cow::Borrowed(standing))).collect();
        let lost = lost.map(|supplier| companies.nodes(supplier));
        standings.extend(lost.into_iter().flatten().map(|node| (node, Cow::Owned(nothing_shown()))));
        let mut review =
            Self { chain, measure, standings, companies, outcomes: Vec::new(), judged: RefCell::default() };
        let outcomes = chain.links().iter().map(|link| {
            review.standings.contains_key(&link.from).then(|| review.judged(link.from, review.order(link)))
        });
        review.outcomes = outcomes.collect();
        Ok(review)
    }

    /// The chain.
    pub fn chain(&self) -> &'a Chain {
        self.chain
    }

    /// What each link that is looked at comes to, in their order.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'a Link, Outcome)> {
        self.chain.links().iter().zip(&self.outcomes).filter_map(|(link, outcome)| Some((link, (*outcome)?)))
    }

    /// Whether the link at this position is looked at and does not meet the policy.
    fn is_broken(&self, link: usize) -> bool {
        self.outcomes[link].is_some_and(|outcome| !outcome.is_met())
    }

    /// Whether this supplier is looked at.
    pub(crate) fn knows(&self, supplier: usize) -> bool {
        self.standings.contains_key(&supplier)
    }

    /// What the link at this position comes to, and why.
    pub(crate) fn finding(&self, link: usize) -> Finding {
        let link = &self.chain.links()[link];
        self.found(link.from, &self.order(link))
    }

    /// Positions of links that do not meet the policy.
    pub fn broken(&self) -> Vec<usize> {
        (0..self.outcomes.len()).filter(|link| self.is_broken(*link)).collect()
    }

    /// Positions of those of one supplier, under whichever of its identifiers.
    pub fn broken_of(&self, supplier: usize) -> Vec<usize> {
        let nodes = self.companies.nodes(supplier).into_iter();
        let links = nodes.flat_map(|node| self.chain.supplied_by(node).iter().copied());
        links.filter(|link| self.is_broken(*link)).collect()
    }

    /// Whether two suppliers, by their positions, are one company.
    pub(crate) fn are_one(&self, one: usize, other: usize) -> bool {
        self.companies.are_one(one, other)
    }

    /// How many parts of requirements are weighed to judge one order to this supplier: each against everything that is shown of it.
    pub(crate) fn parts(&self, supplier: usize) -> usize {
        self.measure.policy.parts().saturating_mul(self.standings[&supplier].holdings.len().max(1))
    }

    /// The worst that any of these links comes to.
    pub fn advice(&self, links: &[usize]) -> Advice {
        links.iter().filter_map(|link| self.outcomes[*link]).map(|outcome| outcome.advice).max().unwrap_or(Advice::Go)
    }

    /// How many orders were judged: one for each distinct order to a supplier, however many links it has.
    pub fn judgements(&self) -> usize {
        self.judged.borrow().len()
    }

    /// The order that a link stands for.
    pub(crate) fn order(&self, link: &Link) -> Order {
        Order {
            step: self.measure.step,
            tier: self.chain.tier(link),
            touches: link.touches.clone(),
            site: link.site.clone(),
            item: link.item.clone(),
        }
    }

    /// What an order to this supplier comes to.
    pub(crate) fn judged(&self, supplier: usize, order: Order) -> Outcome {
        let asked = (supplier, order);
        if let Some(outcome) = self.judged.borrow().get(&asked) {
            return *outcome;
        }
        let Finding { advice, found, .. } = self.found(supplier, &asked.1);
        self.judged.borrow_mut().insert(asked, Outcome { advice, found });
        Outcome { advice, found }
    }

    fn found(&self, supplier: usize, order: &Order) -> Finding {
        judge(self.measure.policy, order, self.measure.registry, &self.standings[&supplier])
    }

    /// What `other` makes otherwise of the same chain.
    pub fn changes(&self, other: &Review<'a>) -> Vec<Change> {
        self.changed(other).map(|(_, change)| change).collect()
    }

    /// The same, each with the position of the link: of those that both look at.
    pub(crate) fn changed<'b>(&'b self, other: &'b Review<'_>) -> impl Iterator<Item = (usize, Change)> + 'b {
        let both = self.outcomes.iter().zip(&other.outcomes).enumerate();
        both.filter_map(|(position, (before, after))| {
            let (before, after) = ((*before)?.advice, (*after)?.advice);
            let link = || Told::of(self.chain, &self.chain.links()[position]);
            (before != after).then(|| (position, Change { link: link(), before, after }))
        })
    }
}
