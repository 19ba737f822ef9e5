//! Pages of a list: at most so many items, and a cursor behind the last.
//!
//! A cursor is opaque to clients. It holds the key of the last item that was shown, never one that was left out.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use warp::reply::Response;

use super::answer;
use super::ask::{Query, bad_parameter};
use crate::problem::Problem;

/// Most items of one page.
pub(super) const MAX_LIMIT: usize = 1_000;

/// Which page is asked for.
#[derive(Debug)]
pub(super) struct Page<K> {
    /// The key behind which it begins.
    pub(super) after: Option<K>,
    /// How many items it has at most.
    pub(super) limit: usize,
}

impl<K: FromStr> Page<K> {
    /// What `cursor` and `limit` say; `usual` items when there is no limit.
    pub(super) fn of(query: &Query, usual: usize) -> Result<Page<K>, Problem> {
        let limit = query.one("limit")?.unwrap_or(usual);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(bad_parameter("limit", format_args!("it must lie between 1 and {MAX_LIMIT}")));
        }
        let cursor: Option<String> = query.one("cursor")?;
        let after = cursor.map(|cursor| read(&cursor).ok_or_else(unknown_cursor)).transpose()?;
        Ok(Page { after, limit })
    }
}

impl<K: Ord + Display> Page<K> {
    /// The page out of `items`, which come in the order of their keys, as an answer that lists them under `name`.
    pub(super) fn cut<T>(
        &self,
        name: &'static str,
        items: impl Iterator<Item = T>,
        key: impl Fn(&T) -> &K,
    ) -> Listing<T> {
        let shown = |item: &T| self.after.as_ref().is_some_and(|after| key(item) <= after);
        let mut rest = items.skip_while(shown);
        let items: Vec<T> = rest.by_ref().take(self.limit).collect();
        let next = rest.next().and(items.last()).map(|last| cursor(key(last)));
        Listing { name, items, next }
    }
}

/// A page with the way to the next.
#[derive(Debug)]
pub(super) struct Listing<T> {
    /// What the items are called.
    pub(super) name: &'static str,
    /// The items.
    pub(super) items: Vec<T>,
    /// The cursor of the next page; absent on the last.
    pub(super) next: Option<String>,
}

impl<T> Listing<T> {
    /// The same page with other items.
    pub(super) fn map<'a, U>(&'a self, item: impl Fn(&'a T) -> U) -> Listing<U> {
        Listing { name: self.name, items: self.items.iter().map(item).collect(), next: self.next.clone() }
    }
}

impl<T: Serialize> Listing<T> {
    /// As JSON.
    pub(super) fn answer(&self) -> Result<Response, Problem> {
        answer::json(self)
    }
}

impl<T: Serialize> Serialize for Listing<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.name, &self.items)?;
        if let Some(next) = &self.next {
            map.serialize_entry("next", next)?;
        }
        map.end()
    }
}

/// The cursor behind the item of this key.
pub(super) fn cursor(key: &impl Display) -> String {
    URL_SAFE_NO_PAD.encode(key.to_string())
}

fn read<K: FromStr>(cursor: &str) -> Option<K> {
    let key = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    std::str::from_utf8(&key).ok()?.parse().ok()
}

fn unknown_cursor() -> Problem {
    bad_parameter("cursor", "it is not one that this path gave out; begin again without it")
}
