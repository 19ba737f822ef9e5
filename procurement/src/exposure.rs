//! What broken links expose: which products and orders, by which paths, what is not met, and who in the chain could take over.
//!
//! In scope: following the chain from links towards products, and looking for alternatives, each within bounds that do not depend on how
//! the chain is knotted. Out of scope: whether a link is broken, see [`crate::review`].

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use conformity::text::Text;
use conformity::words::Language;
use serde::Serialize;

use crate::chain::{Chain, Link, Place};
use crate::judge::{Ruling, folded};
use crate::review::{Review, Told};
use crate::step::Advice;

/// The most paths that are told; there may be more than anybody counts.
pub const MAX_PATHS: usize = 64;
/// The most steps that are taken to find them: a knot of cycles can lead nowhere for long.
const MAX_STEPS: usize = 100_000;
/// The most broken links that are told one by one.
pub const MAX_BROKEN: usize = 1_000;
/// The most reasons that are told of them all.
const MAX_REASONS: usize = 20_000;
/// The most places of all ways, and links of all paths: one may pass through the whole chain.
const MAX_PLACES: usize = 50_000;
/// The most alternatives that are told for a link.
pub const MAX_ALTERNATIVES: usize = 16;
/// The most links of the same item that are looked at for one.
const MAX_CANDIDATES: usize = 64;
/// The most parts of requirements that are weighed to find alternatives, for all links of an exposure, each against what is shown.
const MAX_WEIGHED: usize = 1_000_000;

/// What broken links expose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exposure {
    /// The worst that is advised of the links that were looked at.
    pub advice: Advice,
    /// How many suppliers the chain has.
    pub suppliers: usize,
    /// How many links the chain has.
    pub links: usize,
    /// How many links are broken.
    pub broken_links: usize,
    /// The first of them, with what is not met.
    pub broken: Vec<Broken>,
    /// The products that are reached, each with a shortest way from a broken link to it.
    pub products: Vec<Exposed>,
    /// The orders on broken links and on all links behind them.
    pub orders: BTreeSet<Text<128>>,
    /// Paths from broken links to products, no place twice in one.
    pub paths: Vec<Vec<Place>>,
    /// Whether there may be more paths.
    pub more_paths: bool,
}

/// A broken link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// Which one.
    #[serde(flatten)]
    pub link: Told,
    /// What is advised of it.
    pub advice: Advice,
    /// The rules that are not met, and why.
    pub rules: Vec<Ruling>,
    /// Suppliers in the chain that supply an item of the same name, meet all rules for this order, and are not exposed themselves.
    pub alternatives: Vec<Place>,
    /// Whether not all were looked at or told.
    pub more_alternatives: bool,
}

/// A product that is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exposed {
    /// The product.
    pub product: Text<128>,
    /// From the supplier of a broken link to it; empty where there is no room to tell it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<Place>,
}

/// The places that links lead to, and by which links.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Per link: whether it is one of those, or behind one.
    pub links: Vec<bool>,
    /// Per node that is reached: the link by which it is reached first.
    by: BTreeMap<usize, usize>,
    /// How many links were looked at: each at most once.
    pub looked_at: usize,
}

impl Reach {
    /// Everything behind `starts`, positions of links: breadth first, so that the first way to a place is a shortest one.
    pub fn of(chain: &Chain, starts: &[usize]) -> Self {
        let mut reach = Self { links: vec![false; chain.links().len()], by: BTreeMap::new(), looked_at: 0 };
        let mut queue: VecDeque<usize> = starts.iter().copied().collect();
        while let Some(position) = queue.pop_front() {
            if std::mem::replace(&mut reach.links[position], true) {
                continue;
            }
            reach.looked_at += 1;
            let to = chain.links()[position].to;
            if let std::collections::btree_map::Entry::Vacant(first) = reach.by.entry(to) {
                first.insert(position);
                queue.extend(chain.supplied_by(to));
            }
        }
        reach
    }

    /// The links that are reached.
    fn reached<'c>(&self, chain: &'c Chain) -> impl Iterator<Item = &'c Link> {
        chain.links().iter().zip(&self.links).filter(|(_, reached)| **reached).map(|(link, _)| link)
    }

    /// A shortest way to a node that is reached, from the supplier of one of the starts.
    fn way(&self, chain: &Chain, node: usize, starts: &BTreeSet<usize>) -> Vec<Place> {
        let mut way = vec![chain.nodes()[node].place.clone()];
        let mut place = node;
        while let Some(position) = self.by.get(&place) {
            place = chain.links()[*position].from;
            way.push(chain.nodes()[place].place.clone());
            if starts.contains(position) {
                break;
            }
        }
        way.reverse();
        way
    }
}

impl Exposure {
    /// The same, with remedies in words.
    #[must_use]
    pub fn told(mut self, language: Language) -> Self {
        let rules = self.broken.iter_mut().flat_map(|broken| &mut broken.rules);
        rules.flat_map(|ruling| &mut ruling.because).for_each(|said| *said = said.told(language));
        self
    }
}

/// What the links at these positions expose.
pub fn exposure(review: &Review<'_>, broken: &[usize]) -> Exposure {
    let chain = review.chain();
    let reach = Reach::of(chain, broken);
    let (paths, more_paths) = paths(chain, broken);
    let mut alternatives = Alternatives::of(review, &reach);
    let places = |path: &Vec<usize>| {
        let first = path.first().map(|link| chain.supplier(&chain.links()[*link]).place.clone());
        first.into_iter().chain(path.iter().map(|link| chain.target(&chain.links()[*link]).place.clone())).collect()
    };
    Exposure {
        advice: review.advice(broken),
        suppliers: chain.suppliers().count(),
        links: chain.links().len(),
        broken_links: broken.len(),
        broken: alternatives.told(broken),
        products: products(chain, &reach, broken),
        orders: reach.reached(chain).flat_map(|link| link.orders.iter().cloned()).collect(),
        paths: paths.iter().map(places).collect(),
        more_paths,
    }
}

fn products(chain: &Chain, reach: &Reach, broken: &[usize]) -> Vec<Exposed> {
    let starts: BTreeSet<usize> = broken.iter().copied().collect();
    let reached = reach.by.keys().filter_map(|node| match &chain.nodes()[*node].place {
        Place::Product(product) => Some((product.clone(), *node)),
        Place::Supplier(_) => None,
    });
    let reached: BTreeMap<Text<128>, usize> = reached.collect();
    let mut room = MAX_PLACES;
    let told = reached.into_iter().map(|(product, node)| {
        let way = if room == 0 { Vec::new() } else { reach.way(chain, node, &starts) };
        let fits = way.len() <= room;
        room = room.saturating_sub(way.len());
        Exposed { product, way: if fits { way } else { Vec::new() } }
    });
    told.collect()
}

/// Paths from these links to products, as positions of links, no node twice in one; and whether there may be more.
fn paths(chain: &Chain, starts: &[usize]) -> (Vec<Vec<usize>>, bool) {
    let (mut found, mut steps, mut room) = (Vec::new(), 0, MAX_PLACES);
    for start in starts {
        let mut passed = BTreeSet::from([chain.links()[*start].from]);
        // Per link of the path: which of the links behind it is tried next.
        let mut path: Vec<(usize, usize)> = Vec::new();
        let mut next = Some(*start);
        loop {
            if let Some(link) = next.take() {
                steps += 1;
                if steps > MAX_STEPS || found.len() == MAX_PATHS {
                    return (found, true);
                }
                path.push((link, 0));
                passed.insert(chain.links()[link].to);
                if matches!(chain.target(&chain.links()[link]).place, Place::Product(_)) {
                    let Some(left) = room.checked_sub(path.len()) else { return (found, true) };
                    room = left;
                    found.push(path.iter().map(|(link, _)| *link).collect());
                }
            }
            let Some((link, tried)) = path.last_mut() else { break };
            let to = chain.links()[*link].to;
            match chain.supplied_by(to).get(*tried) {
                Some(behind) => {
                    *tried += 1;
                    next = Some(*behind).filter(|behind| !passed.contains(&chain.links()[*behind].to));
                    steps += usize::from(next.is_none());
                    if steps > MAX_STEPS {
                        return (found, true);
                    }
                }
                None => {
                    passed.remove(&to);
                    path.pop();
                }
            }
        }
    }
    (found, false)
}

/// The links of each item, by its folded name.
struct ByItem(BTreeMap<String, Vec<usize>>);

impl ByItem {
    fn of(chain: &Chain) -> Self {
        let mut by_item: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (position, link) in chain.links().iter().enumerate() {
            let Some(item) = &link.item else { continue };
            by_item.entry(folded(item.as_str())).or_default().push(position);
        }
        Self(by_item)
    }

    /// The links that are looked at for an alternative to `link`, and whether there are more.
    fn candidates(&self, link: &Link) -> (&[usize], bool) {
        let same = link.item.as_ref().and_then(|item| self.0.get(&folded(item.as_str())));
        let same = same.map_or(&[] as &[usize], Vec::as_slice);
        (&same[..same.len().min(MAX_CANDIDATES)], same.len() > MAX_CANDIDATES)
    }
}

/// Those on whose standing it depends what these links expose: their suppliers, whom they supply, and whoever might take over.
pub fn concerned(chain: &Chain, links: &[usize]) -> BTreeSet<usize> {
    let by_item = ByItem::of(chain);
    let mut places = BTreeSet::new();
    for link in links.iter().map(|position| &chain.links()[*position]) {
        places.extend([link.from, link.to]);
        places.extend(by_item.candidates(link).0.iter().map(|candidate| chain.links()[*candidate].from));
    }
    places.retain(|place| matches!(chain.nodes()[*place].place, Place::Supplier(_)));
    places
}

/// Who could take over.
struct Alternatives<'a> {
    review: &'a Review<'a>,
    /// What is exposed: whoever hangs on what is broken cannot take its place.
    reach: &'a Reach,
    by_item: ByItem,
    /// How many parts of requirements may still be weighed.
    left: usize,
}

impl<'a> Alternatives<'a> {
    fn of(review: &'a Review<'a>, reach: &'a Reach) -> Self {
        Self { review, reach, by_item: ByItem::of(review.chain()), left: MAX_WEIGHED }
    }

    /// The first broken links, as far as there is room for their reasons.
    fn told(&mut self, broken: &[usize]) -> Vec<Broken> {
        let mut room = MAX_REASONS;
        let told = broken.iter().take(MAX_BROKEN).map_while(|link| {
            let told = self.broken(*link);
            room = room.checked_sub(told.rules.iter().map(|ruling| ruling.because.len()).sum())?;
            Some(told)
        });
        told.collect()
    }

    fn broken(&mut self, position: usize) -> Broken {
        let (chain, finding) = (self.review.chain(), self.review.finding(position));
        let link = &chain.links()[position];
        let (alternatives, more_alternatives) = self.to(link);
        let unmet = finding.rules.into_iter().filter(|ruling| ruling.found != Advice::Go);
        Broken {
            link: Told::of(chain, link),
            advice: finding.advice,
            rules: unmet.collect(),
            alternatives: alternatives.into_iter().map(|node| chain.nodes()[node].place.clone()).collect(),
            more_alternatives,
        }
    }

    /// Suppliers of the same item that would meet the policy in the place of `link`, each from the site that it supplies from.
    fn to(&mut self, link: &Link) -> (BTreeSet<usize>, bool) {
        let chain = self.review.chain();
        let (candidates, more) = self.by_item.candidates(link);
        let candidates: Vec<&Link> = candidates.iter().map(|position| &chain.links()[*position]).collect();
        let mut holding = BTreeSet::new();
        for candidate in candidates {
            if self.is_touched(candidate.from, link) || !self.review.knows(candidate.from) {
                continue;
            }
            let Some(left) = self.left.checked_sub(self.review.parts(candidate.from)) else { return (holding, true) };
            self.left = left;
            let order = crate::judge::Order { site: candidate.site.clone(), ..self.review.order(link) };
            if self.review.judged(candidate.from, order).is_met() {
                holding.insert(candidate.from);
            }
            if holding.len() > MAX_ALTERNATIVES {
                holding.pop_last();
                return (holding, true);
            }
        }
        (holding, more)
    }

    /// Whether a supplier is itself the one that is lost or supplied, or hangs on what is broken.
    fn is_touched(&self, supplier: usize, link: &Link) -> bool {
        let one = |other| self.review.are_one(supplier, other);
        one(link.from) || one(link.to) || self.reach.by.contains_key(&supplier)
    }
}
