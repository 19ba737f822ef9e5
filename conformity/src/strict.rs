//! The rules that JSON readers usually leave open: size, depth, one name once, whether null may stand.
//!
//! One pass over the bytes that builds nothing. It runs before anything is decoded into types. Out of scope: what the JSON
//! means, and how many bytes somebody wants to read, which is the caller's [`Limits`].

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// What one text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes.
    pub bytes: usize,
    /// The deepest nesting: an object or array that stands in none has depth 1.
    pub depth: usize,
    /// Whether null may stand as a value.
    pub null: bool,
}

/// Which rule a text breaks. The blame is whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// More bytes than allowed; nothing of it was read.
    #[error("{bytes} bytes are more than the {most} that are allowed")]
    TooLarge {
        /// How many bytes came.
        bytes: usize,
        /// How many may.
        most: usize,
    },
    /// Nested deeper than allowed.
    #[error("nested deeper than {most} levels")]
    TooDeep {
        /// How deep it may be.
        most: usize,
    },
    /// An object names a member twice, so that two readers might read two different things.
    #[error("the member {name:?} appears twice in one object")]
    DuplicateMember {
        /// The name, cut to 80 characters.
        name: String,
    },
    /// A null where none may stand.
    #[error("null is not used here; leave the member out")]
    Null,
    /// Not JSON at all.
    #[error("not JSON: {message}")]
    NotJson {
        /// Where and why, cut to 300 characters.
        message: String,
    },
}

/// Checks `bytes` against the rules.
///
/// # Errors
/// The first rule that they break.
pub fn check(bytes: &[u8], limits: Limits) -> Result<(), Breach> {
    if bytes.len() > limits.bytes {
        return Err(Breach::TooLarge { bytes: bytes.len(), most: limits.bytes });
    }
    let found = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let walk = Walk { depth: 0, limits, found: &found };
    let walked = walk.deserialize(&mut reader).and_then(|()| reader.end());
    match (found.into_inner(), walked) {
        (Some(breach), _) => Err(breach),
        (None, Err(error)) => Err(Breach::NotJson { message: excerpt(&error) }),
        (None, Ok(())) => Ok(()),
    }
}

/// Error texts quote the input, so they are cut before they reach an answer or a log line.
pub fn excerpt(error: &serde_json::Error) -> String {
    error.to_string().chars().take(300).collect()
}

/// Walks one value at a depth. serde's error type cannot carry ours, so the first one found is left in `found`.
#[derive(Clone, Copy)]
struct Walk<'a> {
    depth: usize,
    limits: Limits,
    found: &'a RefCell<Option<Breach>>,
}

impl Walk<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == self.limits.depth {
            return Err(self.refuse(Breach::TooDeep { most: self.limits.depth }));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn refuse<E: Error>(self, breach: Breach) -> E {
        self.found.borrow_mut().get_or_insert(breach);
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.limits.null { Ok(()) } else { Err(self.refuse(Breach::Null)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while seq.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut names: Vec<Cow<'de, str>> = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            names.push(name);
            map.next_value_seed(inner)?;
        }
        // Sorting keeps an object of thousands of members from costing the square of them.
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(self.refuse(Breach::DuplicateMember { name: pair[0].chars().take(80).collect() })),
            None => Ok(()),
        }
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;

        impl<'de> Visitor<'de> for Borrow {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(Borrow)
    }
}
