//! A buyer's supply chain サプライチェーン: who supplies what to whom, down to the buyer's products, and which orders that is for.
//!
//! In scope: the graph, valid by construction, and tiers. Reading it is in `read`. Out of scope: what a policy makes of it, see
//! [`crate::review`].
//!
//! Cycles are allowed: in real chains a maker of parts buys machines from those that buy its parts. The tier of a supplier is its
//! shortest distance from a product, so that a cycle changes nothing; a supplier from which no way leads to a product is an error.

mod read;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::str::FromStr;

use conformity::identifiers::{Identifier, IdentifierError};
use conformity::ids::CountryCode;
use conformity::text::{Text, TextError};
use serde::{Serialize, Serializer};

use crate::touch::Touch;

pub use read::{ChainError, Fault};

/// The most links of a chain.
pub const MAX_LINKS: usize = 200_000;
/// The most bytes of one, in any form.
pub const MAX_CHAIN: usize = 64 * 1024 * 1024;
/// The most orders of one link.
pub const MAX_ORDERS: usize = 64;

/// Who or what is supplied: `product:` and the buyer's name for it, or an identifier of a supplier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A product of the buyer.
    Product(Text<128>),
    /// A supplier.
    Supplier(Identifier),
}

/// Why a text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The name of a product.
    #[error("product: {0}")]
    Product(#[from] TextError),
    /// An identifier.
    #[error(transparent)]
    Supplier(#[from] IdentifierError),
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        match text.strip_prefix("product:") {
            Some(name) => Ok(Self::Product(name.parse()?)),
            None => Ok(Self::Supplier(text.parse()?)),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product(name) => write!(f, "product:{name}"),
            Self::Supplier(identifier) => write!(f, "{identifier}"),
        }
    }
}

/// A supplier or product with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Which one.
    pub place: Place,
    /// What it is called, where the chain says so.
    pub name: Option<Text<256>>,
    /// Where it is established, where the chain says so.
    pub country: Option<CountryCode>,
    /// How many links it is from the nearest product; a product has 0.
    pub tier: u32,
}

/// That a supplier supplies something to a supplier or for a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The supplier, as a position among the nodes.
    pub from: usize,
    /// Whom or what it supplies, as a position among the nodes.
    pub to: usize,
    /// What it supplies.
    pub item: Option<Text<256>>,
    /// From which of its sites.
    pub site: Option<Text<256>>,
    /// What that touches of the buyer's.
    pub touches: BTreeSet<Touch>,
    /// The orders under way, by the buyer's names.
    pub orders: BTreeSet<Text<128>>,
}

/// A supply chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    nodes: Vec<Node>,
    links: Vec<Link>,
    /// Per node the links by which it supplies.
    supplies: Vec<Vec<usize>>,
    /// Per node the links by which it is supplied.
    supplied: Vec<Vec<usize>>,
}

impl Chain {
    /// Suppliers and products, suppliers in the order in which they are first named.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All links, as they were given.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The suppliers, each with its position among the nodes.
    pub fn suppliers(&self) -> impl Iterator<Item = (usize, &Identifier)> {
        self.nodes.iter().enumerate().filter_map(|(position, node)| match &node.place {
            Place::Supplier(identifier) => Some((position, identifier)),
            Place::Product(_) => None,
        })
    }

    /// The supplier of a link.
    pub fn supplier(&self, link: &Link) -> &Node {
        &self.nodes[link.from]
    }

    /// Whom or what a link supplies.
    pub fn target(&self, link: &Link) -> &Node {
        &self.nodes[link.to]
    }

    /// How far from a product what a link delivers is: 1 where it goes into the product itself.
    pub fn tier(&self, link: &Link) -> u32 {
        self.target(link).tier.saturating_add(1)
    }

    /// The links by which a node supplies.
    pub fn supplied_by(&self, node: usize) -> &[usize] {
        self.supplies.get(node).map_or(&[], Vec::as_slice)
    }

    /// The supplier of this identifier.
    pub fn find(&self, supplier: &Identifier) -> Option<usize> {
        self.suppliers().find(|(_, identifier)| *identifier == supplier).map(|(position, _)| position)
    }

    /// Measures the tiers. Positions of suppliers from which no way leads to a product are the error.
    fn measured(mut nodes: Vec<Node>, links: Vec<Link>) -> Result<Self, Vec<usize>> {
        let (mut supplies, mut supplied) = (vec![Vec::new(); nodes.len()], vec![Vec::new(); nodes.len()]);
        for (position, link) in links.iter().enumerate() {
            supplies[link.from].push(position);
            supplied[link.to].push(position);
        }
        let products = (0..nodes.len()).filter(|node| matches!(nodes[*node].place, Place::Product(_)));
        let mut queue: VecDeque<usize> = products.collect();
        let mut reached = vec![false; nodes.len()];
        queue.iter().for_each(|product| reached[*product] = true);
        while let Some(node) = queue.pop_front() {
            for link in &supplied[node] {
                let supplier = links[*link].from;
                if !std::mem::replace(&mut reached[supplier], true) {
                    nodes[supplier].tier = nodes[node].tier.saturating_add(1);
                    queue.push_back(supplier);
                }
            }
        }
        let lost: Vec<usize> = (0..nodes.len()).filter(|node| !reached[*node]).collect();
        if lost.is_empty() { Ok(Self { nodes, links, supplies, supplied }) } else { Err(lost) }
    }
}

/// A chain while it is read: nodes by place, each once.
#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    places: BTreeMap<Place, usize>,
    links: Vec<Link>,
    seen: BTreeSet<(usize, usize, Option<Text<256>>, Option<Text<256>>)>,
}

/// A link as it is written, each part read.
struct Written {
    supplier: Identifier,
    name: Option<Text<256>>,
    country: Option<CountryCode>,
    to: Place,
    item: Option<Text<256>>,
    site: Option<Text<256>>,
    touches: BTreeSet<Touch>,
    orders: BTreeSet<Text<128>>,
}

impl Builder {
    /// Adds a link, or says what is wrong with it.
    fn add(&mut self, written: Written) -> Result<(), String> {
        let Written { supplier, name, country, to, item, site, touches, orders } = written;
        let from = self.node(Place::Supplier(supplier));
        let to = self.node(to);
        if from == to {
            return Err("a supplier supplies itself; leave the link out".to_owned());
        }
        if orders.len() > MAX_ORDERS {
            return Err(format!("{} orders; at most {MAX_ORDERS} are taken on one link", orders.len()));
        }
        if !self.seen.insert((from, to, item.clone(), site.clone())) {
            return Err("the same link is given before; put all orders on one".to_owned());
        }
        agreed(&mut self.nodes[from].name, name, "name")?;
        agreed(&mut self.nodes[from].country, country, "country")?;
        self.links.push(Link { from, to, item, site, touches, orders });
        Ok(())
    }

    fn node(&mut self, place: Place) -> usize {
        *self.places.entry(place).or_insert_with_key(|place| {
            self.nodes.push(Node { place: place.clone(), name: None, country: None, tier: 0 });
            self.nodes.len() - 1
        })
    }
}

/// What is said of a supplier is said once, or the same each time.
fn agreed<T: PartialEq + fmt::Display>(known: &mut Option<T>, said: Option<T>, what: &str) -> Result<(), String> {
    match (known.as_ref(), said) {
        (Some(before), Some(now)) if *before != now => {
            Err(format!("the {what} of this supplier was {before} before and is {now} here; write one"))
        }
        (None, Some(now)) => {
            *known = Some(now);
            Ok(())
        }
        _ => Ok(()),
    }
}
