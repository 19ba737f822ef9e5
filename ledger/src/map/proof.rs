//! What the map says of one label, of a verdict or blinded, in a form that stands alone beside the seal entry that holds the root.
//!
//! ```text
//! secure-trust-registry/map-proof@v1
//! seal <decimal>                                (index of the seal entry that holds the root; a pointer, not authenticated)
//! public <hash, base64>                         (the root of the tree of public labels)
//! blinded <hash, base64>                        (of a verdict's plain label: the root of the tree of blinded ones)
//!   or  verdicts <hash, base64>                 (of a blinded label: the root of the tree of verdicts,
//!       vrf <base64, 80 bytes>                   and that the label has this output)
//! latest <count> <index> <chain, base64>        (the label is in the map; count and index decimal)
//!   or  empty                                   (the way of the label's key ends in nothing)
//!   or  other <key, base64> <value, base64>     (it ends in the leaf of another label)
//! <hash, base64>                                (none to 256, those beside the way, from its end up to the root of its tree)
//! ```
//!
//! Every line ends with a line feed. At most [`MAX_MAP_PROOF`] bytes, checked before anything is decoded. Whoever checks knows by the
//! label in which tree it stands; a proof of the other form is refused. Out of scope: proofs of public labels, see [`PublicProof`].
//!
//! [`PublicProof`]: super::PublicProof

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
        /// Its value.
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
    /// What else it takes, which depends on the tree that the label is looked for in.
    pub beside: Beside,
    /// Where the way of the label's key ends.
    pub place: Place,
    /// The hashes beside the way, from its end up to the root of its tree.
    pub siblings: Vec<Hash>,
}

/// What a proof says beside the way in the label's own tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Of a verdict's plain label.
    Plain {
        /// The root of the tree of blinded labels.
        blinded: Hash,
    },
    /// Of a blinded label.
    Blinded {
        /// The root of the tree of verdicts.
        verdicts: Hash,
        /// That the label has one output, and which.
        vrf: VrfProof,
    },
}

/// Why a proof is refused. The blame is its giver's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MapProofError {
    /// Not in the format.
    #[error("not a map proof: {0}")]
    Malformed(&'static str),
    /// It is about another tree than the one in which the label is looked for.
    #[error("the proof is of a label in another tree")]
    OtherTree,
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
    /// What the map under `root` says of a blinded `label`: its latest entry, or that there is none about it.
    ///
    /// `key` is that of the registry's genesis, and `root` that of a seal entry whose inclusion was checked.
    ///
    /// # Errors
    /// [`MapProofError`]; nothing is proven then.
    pub fn verify_blinded(
        &self,
        root: &Hash,
        key: &VrfPublicKey,
        label: &str,
    ) -> Result<Option<Latest>, MapProofError> {
        let Beside::Blinded { verdicts, vrf } = &self.beside else { return Err(MapProofError::OtherTree) };
        let own = Slot::from(key.verify(label.as_bytes(), vrf)?);
        self.told(root, &own, |blinded| root_over(&blinded, verdicts, &self.public))
    }

    /// The same of the plain `label` of a verdict, for which it takes no key.
    ///
    /// # Errors
    /// [`MapProofError`]; nothing is proven then.
    pub fn verify_plain(&self, root: &Hash, label: &str) -> Result<Option<Latest>, MapProofError> {
        let Beside::Plain { blinded } = &self.beside else { return Err(MapProofError::OtherTree) };
        self.told(root, &Slot::plain(label), |verdicts| root_over(blinded, &verdicts, &self.public))
    }

    /// What stands at the end of the way, if that leads to the root; `over` makes one of the root of the way's own tree.
    fn told(&self, root: &Hash, own: &Slot, over: impl Fn(Hash) -> Hash) -> Result<Option<Latest>, MapProofError> {
        if self.siblings.len() > MAX_DEPTH {
            return Err(MapProofError::Malformed("too many hashes"));
        }
        if over(self.root(&own.key, self.end(own)?)) != *root {
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
        match &self.beside {
            Beside::Plain { blinded } => writeln!(f, "blinded {blinded}")?,
            Beside::Blinded { verdicts, vrf } => {
                writeln!(f, "verdicts {verdicts}\nvrf {}", base64_encode(vrf.as_bytes()))?;
            }
        }
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
        let public = lines.next().and_then(|line| hash(line, "public "));
        let public = public.ok_or(malformed("no line with the root of the tree of public labels"))?;
        let beside = beside(&mut lines)?;
        let place = lines.next().and_then(place).ok_or(malformed("no line that says where the label stands"))?;
        Ok(Self { seal, public, beside, place, siblings: siblings(lines)? })
    }
}

fn beside<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Result<Beside, MapProofError> {
    let line = lines.next().unwrap_or_default();
    if let Some(blinded) = hash(line, "blinded ") {
        return Ok(Beside::Plain { blinded });
    }
    let verdicts = hash(line, "verdicts ").ok_or(MapProofError::Malformed("no line with the root of another tree"))?;
    let vrf = lines.next().and_then(|line| line.strip_prefix("vrf ")).and_then(vrf_proof);
    let vrf = vrf.ok_or(MapProofError::Malformed("no line with 80 bytes of a VRF proof"))?;
    Ok(Beside::Blinded { verdicts, vrf })
}

fn hash(line: &str, name: &str) -> Option<Hash> {
    line.strip_prefix(name)?.parse().ok()
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
