//! What the map says of one blinded label, in a form that stands alone beside the seal entry that holds the root.
//!
//! ```text
//! secure-trust-registry/map-proof@v1
//! seal <decimal>                                (index of the seal entry that holds the root; a pointer, not authenticated)
//! public <hash, base64>                         (the root of the tree of public labels)
//! vrf <base64, 80 bytes>                        (that the label has this output)
//! latest <count> <index> <chain, base64>        (the label is in the map; count and index decimal)
//!   or  empty                                   (the way of the label's key ends in nothing)
//!   or  other <key, base64> <value, base64>     (it ends in the leaf of another label, which stays unknown)
//! <hash, base64>                                (none to 256, those beside the way, from its end up to the root of its tree)
//! ```
//!
//! Every line ends with a line feed. At most [`MAX_MAP_PROOF`] bytes, checked before anything is decoded.

use super::{EMPTY, Latest, MAX_DEPTH, MapKey, Slot, leaf_hash, node_hash, root_over};
use crate::encoding::{base64_decode, base64_encode, decimal};
use crate::merkle::Hash;
use crate::vrf::{VrfError, VrfProof, VrfPublicKey};
use std::fmt;
use std::str::FromStr;

/// Longest proof that is looked at, in bytes: 256 hashes and the lines before them.
pub const MAX_MAP_PROOF: usize = 12 * 1024;
const FIRST_LINE: &str = "secure-trust-registry/map-proof@v1";

/// Where the way of a key ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the key's own leaf, which says this.
    Here(Latest),
    /// Where there is nothing.
    Empty,
    /// At the leaf of another key.
    Other {
        /// That key.
        key: MapKey,
        /// Its value, blinded.
        value: Hash,
    },
}

impl Place {
    /// How many entries there are about the label, as far as this says.
    pub const fn count(&self) -> u64 {
        match self {
            Self::Here(latest) => latest.count,
            Self::Empty | Self::Other { .. } => 0,
        }
    }
}

/// A proof as parsed or made; [`MapProof::verify`] says whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapProof {
    /// Index of the seal entry whose root it leads to. Nobody authenticates it: look there for the root.
    pub seal: u64,
    /// The root of the tree of public labels; authentic once this is verified.
    pub public: Hash,
    /// That the label has one output, and which.
    pub vrf: VrfProof,
    /// Where the way of the label's key ends.
    pub place: Place,
    /// The hashes beside the way, from its end up to the root of its tree.
    pub siblings: Vec<Hash>,
}

/// Why a proof is refused. The blame is its giver's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MapProofError {
    /// Not in the format.
    #[error("not a map proof: {0}")]
    Malformed(&'static str),
    /// The output is not that of the label.
    #[error(transparent)]
    Vrf(#[from] VrfError),
    /// The leaf that it shows does not lie on the way of the label's key, or is the label's own.
    #[error("the leaf that is shown does not prove that the label is absent")]
    NotAbsent,
    /// It leads to another root.
    #[error("the proof does not lead to this root")]
    Root,
}

impl MapProof {
    /// What the map under `root` says of `label`: its latest entry, or that there is none about it.
    ///
    /// `key` is that of the registry's genesis, and `root` that of a seal entry whose inclusion was checked.
    ///
    /// # Errors
    /// [`MapProofError`]; nothing is proven then.
    pub fn verify(&self, root: &Hash, key: &VrfPublicKey, label: &str) -> Result<Option<Latest>, MapProofError> {
        let output = key.verify(label.as_bytes(), &self.vrf)?;
        if self.siblings.len() > MAX_DEPTH {
            return Err(MapProofError::Malformed("too many hashes"));
        }
        let own = Slot::from(output);
        let blinded = self.root(&own.key, self.end(&own)?);
        if root_over(&blinded, &self.public) != *root {
            return Err(MapProofError::Root);
        }
        match self.place {
            Place::Here(latest) => Ok(Some(latest)),
            Place::Empty | Place::Other { .. } => Ok(None),
        }
    }

    /// The hash at the end of the way.
    fn end(&self, own: &Slot) -> Result<Hash, MapProofError> {
        match &self.place {
            Place::Here(latest) => Ok(latest.leaf(own)),
            Place::Empty => Ok(EMPTY),
            Place::Other { key, .. } if *key == own.key || own.key.shared(key) < self.siblings.len() => {
                Err(MapProofError::NotAbsent)
            }
            Place::Other { key, value } => Ok(leaf_hash(key, value)),
        }
    }

    fn root(&self, own: &MapKey, end: Hash) -> Hash {
        let depths = (0..self.siblings.len()).rev();
        depths.zip(&self.siblings).fold(end, |below, (depth, beside)| match own.bit(depth) {
            true => node_hash(beside, &below),
            false => node_hash(&below, beside),
        })
    }
}

impl fmt::Display for MapProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nseal {}\npublic {}", self.seal, self.public)?;
        writeln!(f, "vrf {}", base64_encode(self.vrf.as_bytes()))?;
        match &self.place {
            Place::Here(Latest { count, index, chain }) => writeln!(f, "latest {count} {index} {chain}")?,
            Place::Empty => writeln!(f, "empty")?,
            Place::Other { key, value } => writeln!(f, "other {} {value}", Hash::from_bytes(*key.as_bytes()))?,
        }
        self.siblings.iter().try_for_each(|hash| writeln!(f, "{hash}"))
    }
}

impl FromStr for MapProof {
    type Err = MapProofError;

    fn from_str(text: &str) -> Result<Self, MapProofError> {
        let malformed = MapProofError::Malformed;
        if text.len() > MAX_MAP_PROOF {
            return Err(malformed("too long"));
        }
        let text = text.strip_suffix('\n').ok_or(malformed("the last line does not end"))?;
        let mut lines = text.split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(malformed("the first line must be secure-trust-registry/map-proof@v1"));
        }
        let seal = lines.next().and_then(|line| line.strip_prefix("seal ")).and_then(decimal);
        let seal = seal.ok_or(malformed("no line with the index of the seal"))?;
        let public = lines.next().and_then(|line| line.strip_prefix("public ")).and_then(|hash| hash.parse().ok());
        let public = public.ok_or(malformed("no line with the root of the tree of public labels"))?;
        let vrf = lines.next().and_then(|line| line.strip_prefix("vrf ")).and_then(vrf_proof);
        let vrf = vrf.ok_or(malformed("no line with 80 bytes of a VRF proof"))?;
        let place = lines.next().and_then(place).ok_or(malformed("no line that says where the label stands"))?;
        Ok(Self { seal, public, vrf, place, siblings: siblings(lines)? })
    }
}

fn vrf_proof(text: &str) -> Option<VrfProof> {
    base64_decode(text)?.try_into().ok().map(VrfProof::from_bytes)
}

fn place(line: &str) -> Option<Place> {
    let words: Vec<&str> = line.splitn(5, ' ').collect();
    match words.as_slice() {
        ["latest", count, index, chain] => {
            let count = decimal(count).filter(|count| *count > 0)?;
            Some(Place::Here(Latest { count, index: decimal(index)?, chain: chain.parse().ok()? }))
        }
        ["empty"] => Some(Place::Empty),
        ["other", key, value] => {
            let key: Hash = key.parse().ok()?;
            Some(Place::Other { key: MapKey::from_bytes(*key.as_bytes()), value: value.parse().ok()? })
        }
        _ => None,
    }
}

fn siblings<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, MapProofError> {
    let mut hashes = Vec::new();
    for line in lines {
        if hashes.len() == MAX_DEPTH {
            return Err(MapProofError::Malformed("too many hashes"));
        }
        hashes.push(line.parse().map_err(|_| MapProofError::Malformed("a hash is not the base64 of 32 bytes"))?);
    }
    Ok(hashes)
}
