//! One value of a row: where it stands, how it is cleaned, what it means.

use std::collections::BTreeMap;
use std::fmt;

use conformity::ids::{LevelCode, NameError};
use conformity::time::Day;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::import::clean::{Clean, clean};
use crate::import::days::{self, DayFormat};
use crate::import::refusal::Reason;
use crate::import::rows::Row;

/// Where a value is read and how. Written as the column's name (or JSON pointer) alone, or as a table.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Field {
    /// Column name, or JSON pointer within the row.
    pub(crate) from: Option<String>,
    /// The same value for every row, instead of `from`.
    pub(crate) constant: Option<String>,
    /// Steps of cleaning, in their order.
    #[serde(default)]
    pub(crate) clean: Vec<Clean>,
    /// Cleaned values that mean that nothing is stated, such as `Not Active`.
    #[serde(default)]
    pub(crate) absent: Vec<String>,
    /// Taken off the front of the value where it stands there.
    pub(crate) strip: Option<String>,
    /// What each cleaned value means. With it, a value that has no entry is refused with its row.
    #[serde(default)]
    pub(crate) map: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;

        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, or a table such as { from = \"Name\", clean = [\"entities\"] }")
            }

            fn visit_str<E>(self, name: &str) -> Result<Field, E> {
                Ok(Field { from: Some(name.to_owned()), ..Field::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Field, A::Error> {
                Field::deserialize(MapAccessDeserializer::new(table))
            }
        }

        deserializer.deserialize_any(NameOrTable)
    }
}

impl Field {
    /// The value, or nothing where the row states none.
    pub(crate) fn read(&self, field: &'static str, row: &Row) -> Result<Option<String>, Reason> {
        let Some(value) = self.published(row)? else { return Ok(None) };
        if self.map.is_empty() {
            return Ok(Some(value));
        }
        match self.map.get(&value) {
            Some(meaning) => Ok(Some(meaning.clone())),
            None => Err(Reason::Unmapped { field, value }),
        }
    }

    /// The value before the mapping says what it means.
    pub(crate) fn published(&self, row: &Row) -> Result<Option<String>, Reason> {
        if let Some(constant) = &self.constant {
            return Ok(Some(constant.clone()));
        }
        let text = row.text(self.from.as_deref().unwrap_or_default())?;
        Ok(text.and_then(|text| self.cleaned(&text)))
    }

    fn cleaned(&self, text: &str) -> Option<String> {
        let text = clean(text, &self.clean).filter(|text| !self.absent.contains(text))?;
        match self.strip.as_deref().and_then(|prefix| text.strip_prefix(prefix)) {
            Some(rest) => clean(rest, &[]),
            None => Some(text),
        }
    }

    /// The value, which the row must state.
    pub(crate) fn require(&self, field: &'static str, row: &Row) -> Result<String, Reason> {
        self.read(field, row)?.ok_or_else(|| self.missing(field))
    }

    /// The day, or nothing where the row states none.
    pub(crate) fn day(&self, field: &'static str, row: &Row, formats: &[DayFormat]) -> Result<Option<Day>, Reason> {
        let Some(value) = self.read(field, row)? else { return Ok(None) };
        match days::read(&value, formats) {
            Some(day) => Ok(Some(day)),
            None => Err(Reason::NotADay { field, value }),
        }
    }

    /// The days of a cell with one day per line.
    pub(crate) fn days(&self, field: &'static str, row: &Row, formats: &[DayFormat]) -> Result<Vec<Day>, Reason> {
        let text = row.text(self.from.as_deref().unwrap_or_default())?.unwrap_or_default();
        let lines = text.lines().filter_map(|line| self.cleaned(line));
        lines.map(|value| days::read(&value, formats).ok_or(Reason::NotADay { field, value })).collect()
    }

    /// The day, which the row must state.
    pub(crate) fn require_day(&self, field: &'static str, row: &Row, formats: &[DayFormat]) -> Result<Day, Reason> {
        self.day(field, row, formats)?.ok_or_else(|| self.missing(field))
    }

    /// That the row does not state it.
    pub(crate) fn missing(&self, field: &'static str) -> Reason {
        Reason::Missing { field, from: self.from.clone().unwrap_or_default() }
    }
}

/// A labelled value within a longer text.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Part {
    /// What it is; shown before the value.
    pub(crate) label: Option<String>,
    /// The value.
    pub(crate) value: Field,
}

/// Joins those parts that are stated; `None` where none is.
pub(crate) fn join(parts: &[Part], field: &'static str, row: &Row) -> Result<Option<String>, Reason> {
    let mut stated = Vec::with_capacity(parts.len());
    for part in parts {
        if let Some(value) = part.value.read(field, row)? {
            stated.push(match &part.label {
                Some(label) => format!("{label}: {value}"),
                None => value,
            });
        }
    }
    Ok((!stated.is_empty()).then(|| stated.join("; ")))
}

/// One place where a level is read.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct LevelRule {
    /// The value, a comma-separated list of which the first known member counts (`EAL3+,ALC_FLR.2`).
    pub(crate) value: Field,
    /// Beginnings of members and the levels they stand for; the longest beginning counts, `""` is any member. Without
    /// it the value is the level's code.
    #[serde(default)]
    starts: BTreeMap<String, LevelCode>,
}

impl LevelRule {
    pub(crate) fn read(&self, row: &Row) -> Result<Option<LevelCode>, Reason> {
        const FIELD: &str = "level";
        let Some(value) = self.value.read(FIELD, row)? else { return Ok(None) };
        if self.starts.is_empty() {
            let level = value.parse().map_err(|error: NameError| Reason::unacceptable(FIELD, &error))?;
            return Ok(Some(level));
        }
        let known = value.split(',').find_map(|member| self.longest(member.trim()));
        known.map(|level| Some(level.clone())).ok_or(Reason::Unmapped { field: FIELD, value })
    }

    fn longest(&self, member: &str) -> Option<&LevelCode> {
        let fitting = self.starts.iter().filter(|(beginning, _)| member.starts_with(beginning.as_str()));
        fitting.max_by_key(|(beginning, _)| beginning.len()).map(|(_, level)| level)
    }

    /// Every level that `starts` can yield.
    pub(crate) fn levels(&self) -> impl Iterator<Item = &LevelCode> {
        self.starts.values()
    }
}
