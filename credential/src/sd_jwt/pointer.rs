//! Where something stands in JSON: a JSON Pointer (RFC 6901).
//!
//! In scope: making, reading and comparing pointers. A pointer is read against the JSON that it points into: `/a/0` is the
//! first element where `a` is an array, and the member `0` where it is an object. Out of scope: looking a pointer up.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// The most bytes of a pointer: longer ones would let few bytes of names cost many.
pub const MAX_POINTER: usize = 1024;

/// A JSON Pointer; the empty one is the whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pointer(String);

/// The text is no JSON Pointer of at most [`MAX_POINTER`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a JSON Pointer; write /member or /member/0, a slash in a name as ~1, a tilde as ~0, at most 1024 bytes in all"
)]
pub struct PointerError;

impl Pointer {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this points to the same place as `other`, or to something in which that stands.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.strip_prefix(&self.0).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        let begins = text.is_empty() || text.starts_with('/');
        let escaped = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        (begins && escaped && text.len() <= MAX_POINTER).then(|| Self(text.to_owned())).ok_or(PointerError)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Pointer {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Where a walk through JSON stands. One buffer serves the whole walk, however long the names are.
#[derive(Debug, Default)]
pub(super) struct Position {
    text: String,
    steps: usize,
}

/// What [`Position::leave`] needs to go back up.
#[must_use]
pub(super) struct Mark(usize);

impl Position {
    /// Steps down to the member `name`.
    pub(super) fn enter_member(&mut self, name: &str) -> Mark {
        let mark = self.step();
        for character in name.chars() {
            match character {
                '~' => self.text.push_str("~0"),
                '/' => self.text.push_str("~1"),
                other => self.text.push(other),
            }
        }
        mark
    }

    /// Steps down to the element at `index`.
    pub(super) fn enter_element(&mut self, index: usize) -> Mark {
        let mark = self.step();
        self.text.push_str(&index.to_string());
        mark
    }

    fn step(&mut self) -> Mark {
        let mark = Mark(self.text.len());
        self.text.push('/');
        self.steps += 1;
        mark
    }

    /// Steps back up to where `mark` was made.
    pub(super) fn leave(&mut self, mark: Mark) {
        self.text.truncate(mark.0);
        self.steps -= 1;
    }

    /// How many steps down.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// The member of the top level in which this stands; empty at the top itself.
    pub(super) fn top(&self) -> &str {
        self.text.split('/').nth(1).unwrap_or_default()
    }

    /// The pointer as text, of any length.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The pointer, or `None` if it is too long for one.
    pub(super) fn pointer(&self) -> Option<Pointer> {
        (self.text.len() <= MAX_POINTER).then(|| Pointer(self.text.clone()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn only_pointers_are_read() {
        for good in ["", "/", "/a", "/a/0", "/a~1b/m~0n", "//", "/é"] {
            assert_eq!(good.parse::<Pointer>().unwrap().as_str(), good);
        }
        for bad in ["a", "#/a", "/~", "/~2", "/a~", &format!("/{}", "a".repeat(MAX_POINTER))] {
            assert_eq!(bad.parse::<Pointer>(), Err(PointerError), "{bad}");
        }
    }

    #[test]
    fn a_walk_goes_down_and_comes_back() {
        let mut at = Position::default();
        let outer = at.enter_member("a/b~c");
        let inner = at.enter_element(7);
        assert_eq!((at.text(), at.steps(), at.top()), ("/a~1b~0c/7", 2, "a~1b~0c"));
        at.leave(inner);
        assert_eq!((at.text(), at.steps()), ("/a~1b~0c", 1));
        at.leave(outer);
        assert_eq!((at.pointer(), at.steps(), at.top()), (Some(Pointer::default()), 0, ""));
        let _deep = at.enter_member(&"n".repeat(MAX_POINTER));
        assert_eq!(at.pointer(), None);
    }

    #[test]
    fn a_name_that_begins_alike_is_not_contained() {
        let pointer = |text: &str| text.parse::<Pointer>().unwrap();
        assert!(pointer("/a").contains(&pointer("/a")) && pointer("/a").contains(&pointer("/a/0")));
        assert!(pointer("").contains(&pointer("/a")));
        assert!(!pointer("/a").contains(&pointer("/ab")) && !pointer("/a/0").contains(&pointer("/a")));
    }
}
