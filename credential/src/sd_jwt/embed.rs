//! Disclosures take the place of their digests (RFC 9901 §7.1, steps 3 to 5).
//!
//! In scope: one walk over the payload and whatever it discloses, which leaves the payload as the issuer wrote it before
//! concealing, and for each disclosure its place. The RFC finds digests first and inserts later; one walk comes to the same,
//! because a digest is looked for in an object's own members before what it discloses is walked. Out of scope: signatures.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::disclosure::{self, Content, Disclosure};
use super::pointer::{Pointer, Position};
use super::refusal::Refusal;

/// The member that holds digests of members.
pub(super) const DIGESTS: &str = "_sd";
/// The only member of an element that stands for a concealed one.
pub(super) const PLACEHOLDER: &str = "...";
/// The member that names the digest.
pub(super) const ALGORITHM: &str = "_sd_alg";
/// Names that belong to the format, at whatever level.
pub(super) const FORMAT: [&str; 3] = [DIGESTS, PLACEHOLDER, ALGORITHM];

/// Claims that decide whether a credential holds, and for whom (SD-JWT VC §3.2.2.2, and `iat`, by which our own verifier
/// judges age): whoever could leave one out, or a part of it, would lengthen a credential's life.
pub(super) const NEVER_CONCEALED: [&str; 8] = ["iss", "nbf", "exp", "iat", "cnf", "vct", "vct#integrity", "status"];

/// Where a disclosure belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// In the payload with all given disclosures put in.
    pub(super) pointer: Pointer,
    /// The disclosure in whose value it stands.
    pub(super) parent: Option<usize>,
}

/// Puts `disclosures` into `payload`; the places come in their order.
pub(super) fn embed(
    mut payload: Map<String, Value>,
    disclosures: &[Disclosure],
) -> Result<(Map<String, Value>, Vec<Place>), Refusal> {
    if payload.remove(ALGORITHM).is_some_and(|named| named != disclosure::DIGEST) {
        return Err(Refusal::UnknownDigest);
    }
    let mut walk = Walk::new(disclosures)?;
    let payload = walk.object(payload)?;
    let places = walk.places.into_iter().enumerate();
    let places = places.map(|(index, place)| place.ok_or(Refusal::Unreferenced { index }));
    Ok((payload, places.collect::<Result<_, _>>()?))
}

/// Refuses a claim of the top level that must stay open.
fn stays_open(claim: &str) -> Result<(), Refusal> {
    match NEVER_CONCEALED.into_iter().find(|name| *name == claim) {
        Some(name) => Err(Refusal::NeverConcealed { name }),
        None => Ok(()),
    }
}

struct Walk<'a> {
    disclosures: &'a [Disclosure],
    /// By digest.
    indices: HashMap<String, usize>,
    /// Digests met so far, those of disclosures that are not shown and decoys among them.
    met: HashSet<String>,
    places: Vec<Option<Place>>,
    at: Position,
    /// The disclosure whose value is being walked.
    parent: Option<usize>,
}

impl<'a> Walk<'a> {
    fn new(disclosures: &'a [Disclosure]) -> Result<Self, Refusal> {
        let mut indices = HashMap::with_capacity(disclosures.len());
        for (index, disclosure) in disclosures.iter().enumerate() {
            if indices.insert(disclosure::digest(&disclosure.encoded), index).is_some() {
                return Err(Refusal::DisclosureTwice { index });
            }
        }
        let places = vec![None; disclosures.len()];
        Ok(Self { disclosures, indices, met: HashSet::new(), places, at: Position::default(), parent: None })
    }

    fn value(&mut self, value: Value) -> Result<Value, Refusal> {
        match value {
            Value::Object(_) | Value::Array(_) if self.at.steps() >= MAX_DEPTH => Err(Refusal::TooDeep),
            Value::Object(object) => self.object(object).map(Value::Object),
            Value::Array(array) => self.array(array).map(Value::Array),
            plain => Ok(plain),
        }
    }

    fn object(&mut self, mut object: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        let digests = self.digests(object.remove(DIGESTS))?;
        if object.contains_key(PLACEHOLDER) {
            return Err(Refusal::MisplacedPlaceholder { at: self.here() });
        }
        if object.contains_key(ALGORITHM) {
            return Err(Refusal::MisplacedAlgorithm { at: self.here() });
        }
        let mut whole = Map::new();
        for (name, value) in object {
            let mark = self.at.enter_member(&name);
            let value = self.value(value)?;
            self.at.leave(mark);
            whole.insert(name, value);
        }
        for digest in digests {
            self.member(digest, &mut whole)?;
        }
        Ok(whole)
    }

    /// The digests that `_sd` holds.
    fn digests(&self, found: Option<Value>) -> Result<Vec<String>, Refusal> {
        let Some(found) = found else { return Ok(Vec::new()) };
        let Value::Array(found) = found else { return Err(Refusal::NotDigests { at: self.here() }) };
        let text = |digest| if let Value::String(digest) = digest { Some(digest) } else { None };
        found.into_iter().map(text).collect::<Option<_>>().ok_or_else(|| Refusal::NotDigests { at: self.here() })
    }

    /// Puts in the member that `digest` stands for, if it is disclosed.
    fn member(&mut self, digest: String, whole: &mut Map<String, Value>) -> Result<(), Refusal> {
        let Some(index) = self.meet(digest)? else { return Ok(()) };
        let Content::Member(name, value) = &self.disclosures[index].content else {
            return Err(Refusal::WrongKind { index });
        };
        self.admit(index, name)?;
        if whole.contains_key(name) {
            return Err(Refusal::NameTaken { index, at: self.here() });
        }
        let mark = self.at.enter_member(name);
        let value = self.disclosed(index, value.clone())?;
        self.at.leave(mark);
        whole.insert(name.clone(), value);
        Ok(())
    }

    /// Whether a member of that name may be disclosed here.
    fn admit(&self, index: usize, name: &str) -> Result<(), Refusal> {
        match FORMAT.into_iter().find(|format| *format == name) {
            Some(name) => Err(Refusal::FormatName { index, name }),
            None if self.at.steps() == 0 => stays_open(name),
            None => Ok(()),
        }
    }

    fn array(&mut self, array: Vec<Value>) -> Result<Vec<Value>, Refusal> {
        let mut whole = Vec::with_capacity(array.len());
        for element in array {
            let mark = self.at.enter_element(whole.len());
            whole.extend(self.element(element)?);
            self.at.leave(mark);
        }
        Ok(whole)
    }

    /// The element, or `None` where a digest stands for one that is not disclosed.
    fn element(&mut self, element: Value) -> Result<Option<Value>, Refusal> {
        let Some(placeholder) = element.as_object().and_then(|object| object.get(PLACEHOLDER)) else {
            return self.value(element).map(Some);
        };
        let alone = element.as_object().is_some_and(|object| object.len() == 1);
        let Some(digest) = placeholder.as_str().filter(|_| alone) else {
            return Err(Refusal::MisplacedPlaceholder { at: self.here() });
        };
        let Some(index) = self.meet(digest.to_owned())? else { return Ok(None) };
        match &self.disclosures[index].content {
            Content::Element(value) => self.disclosed(index, value.clone()).map(Some),
            Content::Member(..) => Err(Refusal::WrongKind { index }),
        }
    }

    /// The disclosure that `digest` stands for, which nothing has stood for before.
    fn meet(&mut self, digest: String) -> Result<Option<usize>, Refusal> {
        stays_open(self.at.top())?;
        let index = self.indices.get(&digest).copied();
        if self.met.insert(digest) { Ok(index) } else { Err(Refusal::DigestTwice { at: self.here() }) }
    }

    /// Notes the place of a disclosure, and walks its value.
    fn disclosed(&mut self, index: usize, value: Value) -> Result<Value, Refusal> {
        let pointer = self.at.pointer().ok_or(Refusal::PointerTooLong { index })?;
        self.places[index] = Some(Place { pointer, parent: self.parent });
        let outer = self.parent.replace(index);
        let value = self.value(value)?;
        self.parent = outer;
        Ok(value)
    }

    /// Where the walk stands, cut to what a message can show.
    fn here(&self) -> String {
        self.at.text().chars().take(80).collect()
    }
}
