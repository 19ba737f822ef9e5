//! The rows of a JSON list, as a stream: whatever no section points to is passed over without being kept.
//!
//! ```text
//! section "products"      pointer "/data/Products"      → each element of that array is a row
//! section "certificate"   pointer ""                    → the document itself: its elements, or, being an object, one row
//! ```
//!
//! In scope: finding sections, bounding each row. Out of scope: pointers through arrays (a list's sections have names).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufReader, Read};
use std::sync::Arc;

use encoding_rs::Encoding;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::ImportError;
use super::limits::{ROW_DEPTH_MAX, ROW_NODES_MAX};
use super::refusal::Reason;
use super::rows::{Place, Row, Sink};
use super::source::Decoded;

/// A named array of rows.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) name: Arc<str>,
    pub(crate) pointer: String,
}

/// Feeds every row of every section to `sink`, in the order of the document.
pub(crate) fn read(
    source: impl Read,
    encoding: &'static Encoding,
    sections: &[Section],
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let tree = Node::tree(sections);
    let state = RefCell::new(State { sink, stopped: None, counts: vec![None; sections.len()] });
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(Decoded::new(source, encoding)));
    let outcome = Walk { node: &tree, sections, state: &state }.deserialize(&mut json).and_then(|()| json.end());
    let state = state.into_inner();
    if let Some(stopped) = state.stopped {
        return Err(stopped);
    }
    outcome.map_err(ImportError::from_json)?;
    let missing = sections.iter().zip(&state.counts).find(|(_, count)| count.is_none());
    match missing {
        Some((section, _)) => Err(ImportError::NoSection { pointer: section.pointer.clone() }),
        None => Ok(()),
    }
}

struct State<'s> {
    sink: &'s mut dyn Sink,
    /// Why the sink wanted no more; the parser only learns that it should stop.
    stopped: Option<ImportError>,
    counts: Vec<Option<u64>>,
}

impl State<'_> {
    fn feed<E: Error>(&mut self, at: usize, section: &Section, row: Result<Value, Reason>) -> Result<(), E> {
        let number = self.counts.get_mut(at).map_or(1, |count| {
            let next = count.unwrap_or(0) + 1;
            *count = Some(next);
            next
        });
        let place = Place::within(&section.name, number);
        let row = match row {
            Ok(value) => Row::object(place, value),
            Err(reason) => Row::unreadable(place, reason),
        };
        self.sink.row(row).map_err(|stopped| {
            self.stopped = Some(stopped);
            E::custom("stopped")
        })
    }

    fn seen(&mut self, at: usize) {
        if let Some(count) = self.counts.get_mut(at) {
            count.get_or_insert(0);
        }
    }
}

/// The sections' pointers as a tree of object keys.
#[derive(Default)]
struct Node {
    children: BTreeMap<String, Node>,
    section: Option<usize>,
}

impl Node {
    fn tree(sections: &[Section]) -> Self {
        let mut root = Self::default();
        for (at, section) in sections.iter().enumerate() {
            let mut node = &mut root;
            for key in section.pointer.split('/').skip(1) {
                node = node.children.entry(key.replace("~1", "/").replace("~0", "~")).or_default();
            }
            node.section = Some(at);
        }
        root
    }
}

/// Goes down one node of the tree.
#[derive(Clone, Copy)]
struct Walk<'w, 's> {
    node: &'w Node,
    sections: &'w [Section],
    state: &'w RefCell<State<'s>>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list on the way to the mapping's sections")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let Some((at, section)) = self.section() else {
            return Err(A::Error::custom("a list stands where the mapping's pointers lead through an object"));
        };
        self.state.borrow_mut().seen(at);
        let mut budget = Budget::default();
        while let Some(value) = rows.next_element_seed(Bounded { budget: &mut budget, depth: 0 })? {
            self.state.borrow_mut().feed(at, section, std::mem::take(&mut budget).verdict(value))?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if let Some((at, section)) = self.section() {
            let mut budget = Budget::default();
            let value = Bounded { budget: &mut budget, depth: 0 }.visit_map(map)?;
            return self.state.borrow_mut().feed(at, section, budget.verdict(value));
        }
        while let Some(key) = map.next_key::<String>()? {
            match self.node.children.get(&key) {
                Some(node) => map.next_value_seed(Walk { node, ..self })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

impl<'w> Walk<'w, '_> {
    fn section(&self) -> Option<(usize, &'w Section)> {
        let at = self.node.section?;
        self.sections.get(at).map(|section| (at, section))
    }
}

/// What one row may still hold.
struct Budget {
    nodes: usize,
    broken: Option<Reason>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { nodes: ROW_NODES_MAX, broken: None }
    }
}

impl Budget {
    fn verdict(self, value: Value) -> Result<Value, Reason> {
        self.broken.map_or(Ok(value), Err)
    }

    /// Whether one more value at `depth` fits.
    fn admit(&mut self, depth: usize) -> bool {
        if depth > ROW_DEPTH_MAX {
            self.broken.get_or_insert(Reason::TooDeep { limit: ROW_DEPTH_MAX });
        } else if self.nodes == 0 {
            self.broken.get_or_insert(Reason::TooManyValues { limit: ROW_NODES_MAX });
        } else {
            self.nodes -= 1;
        }
        self.broken.is_none()
    }
}

/// Builds one value as long as the row's budget lasts; the rest of the row is passed over.
struct Bounded<'b> {
    budget: &'b mut Budget,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.budget.admit(self.depth) {
            return deserializer.deserialize_any(self);
        }
        deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Value::Null)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = seq.next_element_seed(Bounded { budget: self.budget, depth: self.depth + 1 })? {
            if self.budget.broken.is_none() {
                members.push(member);
            }
        }
        Ok(Value::Array(members))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Bounded { budget: self.budget, depth: self.depth + 1 })?;
            if self.budget.broken.is_none() {
                members.insert(key, value);
            }
        }
        Ok(Value::Object(members))
    }
}
