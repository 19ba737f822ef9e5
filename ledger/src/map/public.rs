//! What the tree of public labels says of several labels, in one proof: what their ways share is sent once.
//!
//! ```text
//! parts(node, labels below it) = "-"                                                  if nothing lies below it
//!                              = <hash, base64>                                       if none of the labels does
//!                              = "<place> <count> <index> <chain, base64>"            at the leaf of one of the labels
//!                              = "<key, base64> <value, base64>"                      at the leaf of any other
//!                              = "+", parts(left, …), parts(right, …)                 otherwise
//! ```
//!
//! `place` counts from 0 among the labels whose ways lead there, in the order of their keys; all numbers are decimal. The
//! labels are not named: whoever asks knows them, and with the tree they say what the one proof is. At most [`MAX_PARTS`]
//! parts, checked before anything is decoded. Out of scope: where the root is from, see [`super::MapProof`].

use super::{EMPTY, Latest, MAX_DEPTH, MapKey, MapProofError, Slot, leaf_hash, node_hash};
use crate::encoding::decimal;
use crate::merkle::Hash;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Most parts that are looked at: 64 labels at the very greatest depth, or thousands as they lie.
pub(super) const MAX_PARTS: usize = 32_768;

/// A proof as made or read; [`PublicProof::verify`] says whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicProof {
    parts: Vec<Part>,
}

/// What is said of one place in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Nothing lies below it.
    Empty,
    /// None of the labels does, and it has this hash.
    Beside(Hash),
    /// The leaf of one of the labels.
    Here {
        /// Which of those whose ways lead there.
        place: usize,
        /// What it says.
        latest: Latest,
    },
    /// Any other leaf.
    Other {
        /// Its key.
        key: MapKey,
        /// Its value.
        value: Hash,
    },
    /// It parts.
    Inner,
}

impl PublicProof {
    pub(super) const fn new(parts: Vec<Part>) -> Self {
        Self { parts }
    }

    /// Reads the parts of a proof.
    ///
    /// # Errors
    /// [`MapProofError::Malformed`].
    pub fn read<'a>(parts: impl ExactSizeIterator<Item = &'a str>) -> Result<Self, MapProofError> {
        if parts.len() > MAX_PARTS {
            return Err(MapProofError::Malformed("too many parts"));
        }
        Ok(Self { parts: parts.map(str::parse).collect::<Result<_, _>>()? })
    }

    /// Its parts, as [`PublicProof::read`] reads them.
    pub fn write(&self) -> Vec<String> {
        self.parts.iter().map(Part::to_string).collect()
    }

    /// What the tree under `root` says of each label: its latest entry, or that there is none about it.
    ///
    /// # Errors
    /// [`MapProofError`]; nothing is proven then.
    pub fn verify<'a>(
        &self,
        root: &Hash,
        labels: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<&'a str, Option<Latest>>, MapProofError> {
        let mut slots: Vec<(Slot, &str)> = labels.into_iter().map(|label| (Slot::plain(label), label)).collect();
        slots.sort_unstable_by_key(|(slot, _)| slot.key);
        slots.dedup_by_key(|(slot, _)| slot.key);
        let keys: Vec<MapKey> = slots.iter().map(|(slot, _)| slot.key).collect();
        let mut walk = Walk { parts: self.parts.iter(), told: Vec::with_capacity(slots.len()) };
        let found = walk.node(&keys, 0)?;
        if walk.parts.next().is_some() {
            return Err(MapProofError::Malformed("parts that lie nowhere"));
        }
        if found != *root {
            return Err(MapProofError::Root);
        }
        Ok(slots.into_iter().map(|(_, label)| label).zip(walk.told).collect())
    }
}

/// A way through the parts, along the labels' keys.
struct Walk<'p> {
    parts: std::slice::Iter<'p, Part>,
    /// What was said of the keys so far, in their order.
    told: Vec<Option<Latest>>,
}

impl Walk<'_> {
    /// The hash of a node, below which these keys belong.
    fn node(&mut self, keys: &[MapKey], depth: usize) -> Result<Hash, MapProofError> {
        let wrong = MapProofError::Malformed("a part that does not belong there");
        match self.parts.next().ok_or(MapProofError::Malformed("too few parts"))? {
            Part::Empty => Ok(self.absent(keys, EMPTY)),
            Part::Beside(hash) if keys.is_empty() => Ok(*hash),
            Part::Here { place, latest } => {
                let key = *keys.get(*place).ok_or(wrong)?;
                self.told.extend((0..keys.len()).map(|other| (other == *place).then_some(*latest)));
                Ok(latest.leaf(&Slot { key, blind: None }))
            }
            Part::Other { key, value } if !keys.is_empty() => {
                if keys.iter().any(|own| own == key || own.shared(key) < depth) {
                    return Err(MapProofError::NotAbsent);
                }
                Ok(self.absent(keys, leaf_hash(key, value)))
            }
            Part::Inner if !keys.is_empty() && depth < MAX_DEPTH => {
                let (low, high) = MapKey::split(keys, depth);
                let left = self.node(low, depth + 1)?;
                Ok(node_hash(&left, &self.node(high, depth + 1)?))
            }
            Part::Beside(_) | Part::Other { .. } | Part::Inner => Err(wrong),
        }
    }

    fn absent(&mut self, keys: &[MapKey], hash: Hash) -> Hash {
        self.told.extend(keys.iter().map(|_| None));
        hash
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("-"),
            Self::Inner => f.write_str("+"),
            Self::Beside(hash) => write!(f, "{hash}"),
            Self::Here { place, latest: Latest { count, index, chain } } => {
                write!(f, "{place} {count} {index} {chain}")
            }
            Self::Other { key, value } => write!(f, "{} {value}", Hash::from_bytes(*key.as_bytes())),
        }
    }
}

impl FromStr for Part {
    type Err = MapProofError;

    fn from_str(text: &str) -> Result<Self, MapProofError> {
        let words: Vec<&str> = text.splitn(5, ' ').collect();
        let part = match words.as_slice() {
            ["-"] => Some(Self::Empty),
            ["+"] => Some(Self::Inner),
            // Nothing has one form.
            [hash] => hash.parse().ok().filter(|hash| *hash != EMPTY).map(Self::Beside),
            [key, value] => other(key, value),
            [place, count, index, chain] => here(place, count, index, chain),
            _ => None,
        };
        part.ok_or(MapProofError::Malformed("a part in no known form"))
    }
}

fn other(key: &str, value: &str) -> Option<Part> {
    let key: Hash = key.parse().ok()?;
    Some(Part::Other { key: MapKey::from_bytes(*key.as_bytes()), value: value.parse().ok()? })
}

fn here(place: &str, count: &str, index: &str, chain: &str) -> Option<Part> {
    let count = decimal(count).filter(|count| *count > 0)?;
    let latest = Latest { count, index: decimal(index)?, chain: chain.parse().ok()? };
    Some(Part::Here { place: decimal(place)?.try_into().ok()?, latest })
}
