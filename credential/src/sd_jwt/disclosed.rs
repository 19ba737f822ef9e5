//! A verified SD-JWT with its disclosures in place, and choosing which of them to show.
//!
//! In scope: the payload, where each disclosure stands in it, its times, presentations. Out of scope: key binding, see
//! `key_binding`.

use conformity::key::Der;
use serde_json::{Map, Value};

use super::disclosure::Disclosure;
use super::embed::Place;
use super::pieces::Pieces;
use super::pointer::Pointer;
use crate::jwt::{self, Header};
use crate::times::{Untimely, Validity};

/// What an issuer signed, with everything put in that the holder disclosed.
#[derive(Debug, Clone)]
pub struct Disclosed {
    jwt: String,
    header: Header,
    payload: Map<String, Value>,
    concealable: Vec<Concealable>,
    pub(super) key_binding: Option<jwt::Unverified>,
}

/// A part of the payload that a holder may show or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concealable {
    encoded: String,
    place: Place,
}

/// An SD-JWT with chosen disclosures, without key binding: complete where none is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presentation {
    pub(super) text: String,
    /// The claim `cnf`, which names the holder's key.
    pub(super) confirmation: Option<Value>,
}

impl Concealable {
    pub(super) fn new(disclosure: Disclosure, place: Place) -> Self {
        Self { encoded: disclosure.encoded, place }
    }

    /// Where it stands in the payload.
    pub fn pointer(&self) -> &Pointer {
        &self.place.pointer
    }
}

impl Disclosed {
    pub(super) fn new(
        jwt: String,
        header: Header,
        payload: Map<String, Value>,
        concealable: Vec<Concealable>,
        key_binding: Option<jwt::Unverified>,
    ) -> Self {
        Self { jwt, header, payload, concealable, key_binding }
    }

    /// The claims: what the issuer signed, without digests.
    pub fn payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// The header of the issuer's JWT.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Certificates that came in the header. They are the issuer's word, and nobody has checked them.
    pub fn certificates(&self) -> &[Der] {
        &self.header.x5c
    }

    /// What can be shown or not, in the order in which it came.
    pub fn concealable(&self) -> &[Concealable] {
        &self.concealable
    }

    /// Whether a key binding JWT came along; nothing has checked it yet.
    pub fn has_key_binding(&self) -> bool {
        self.key_binding.is_some()
    }

    /// Whether the claims hold at `now` (seconds since 1970), if clocks may differ by `leeway` seconds (section 7.1, step 6).
    /// An absent claim sets no limit; which must be there, the credential's own rules say.
    ///
    /// # Errors
    /// The limit that is passed.
    pub fn check_times(&self, now: i64, leeway: u32) -> Result<(), Untimely> {
        Validity::read(&self.payload)?.check(now, leeway)
    }

    /// Shows what `show` says of each place, and whatever such a part stands in; nothing else of what is concealable.
    pub fn present(&self, mut show: impl FnMut(&Pointer) -> bool) -> Presentation {
        let mut shown = vec![false; self.concealable.len()];
        for (index, one) in self.concealable.iter().enumerate() {
            if show(one.pointer()) {
                self.mark(index, &mut shown);
            }
        }
        let chosen = self.concealable.iter().zip(shown).filter_map(|(one, shown)| shown.then_some(one));
        Presentation { text: self.assemble(chosen), confirmation: self.payload.get("cnf").cloned() }
    }

    /// Marks a disclosure and those in which it stands.
    fn mark(&self, index: usize, shown: &mut [bool]) {
        let mut next = Some(index);
        while let Some(index) = next.filter(|index| !shown[*index]) {
            shown[index] = true;
            next = self.concealable[index].place.parent;
        }
    }

    fn assemble<'a>(&self, chosen: impl Iterator<Item = &'a Concealable>) -> String {
        let mut text = format!("{}~", self.jwt);
        for one in chosen {
            text.push_str(&one.encoded);
            text.push('~');
        }
        text
    }

    /// The text up to its last tilde: what a key binding's `sd_hash` is made of.
    pub(super) fn bound_text(&self) -> String {
        self.assemble(self.concealable.iter())
    }
}

impl Presentation {
    /// The text to hand over.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The issuer's JWT.
    pub fn jwt(&self) -> &str {
        Pieces::of(&self.text).map_or("", |pieces| pieces.jwt())
    }

    /// Each disclosure that it shows.
    pub fn disclosures(&self) -> impl Iterator<Item = &str> {
        Pieces::of(&self.text).into_iter().flat_map(|pieces| pieces.disclosures())
    }
}
