//! Watchlists: the suppliers that a party watches, each by any of its identifiers, as JSON or as a table.
//!
//! ```text
//! {"items": [{"identifiers": ["lei:5493001KJTIIGC8Y1R12"], "note": "brakes"}, …]}
//!
//! supplier,note                               any kind of identifier; several of one supplier with a space between them
//! lei:5493001KJTIIGC8Y1R12,brakes
//!
//! lei,duns,note                               or a column for each kind
//! 5493001KJTIIGC8Y1R12,150483782,brakes
//! ```
//!
//! Out of scope: whose it is and where it rests (`buyer::shelf`), and which of its suppliers a registry knows (the door).

use std::collections::HashSet;

use conformity::identifiers::{Identifier, IdentifierKind};
use conformity::text::Text;
use serde::{Deserialize, Serialize};

use super::shelf::{Kept, Kind};

/// Most items of one list.
pub const MAX_ITEMS: usize = 100_000;
/// Most bytes of a list as it is sent.
pub const MAX_BYTES: usize = 12 * 1024 * 1024;
/// Most identifiers of one item.
const MAX_IDENTIFIERS: usize = 8;
/// Broken rows that a refusal names.
const TOLD: usize = 3;
/// The column that takes identifiers of every kind.
const SUPPLIER: &str = "supplier";
const NOTE: &str = "note";

/// Whom a party watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watchlist {
    /// In the order in which they were given.
    pub items: Vec<Item>,
}

/// A supplier on a watchlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Identifiers of it: one is enough, and any of them counts.
    pub identifiers: Vec<Identifier>,
    /// What the watcher notes for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text<200>>,
}

impl Kept for Watchlist {
    const KIND: Kind = Kind { name: "watchlists", values: 32, value_bytes: MAX_BYTES, all_bytes: 4 * MAX_BYTES };
}

/// Why something sent is no watchlist. Nothing of it is taken then.
#[derive(Debug, thiserror::Error)]
pub enum WatchlistError {
    /// Not the JSON of one.
    #[error("it is no watchlist: {0}")]
    Json(#[from] serde_json::Error),
    /// Not a table.
    #[error("it is no table: {0}")]
    Table(#[from] csv::Error),
    /// A column that means nothing here.
    #[error("there is no column \"{0}\"; take it out. Columns are supplier, note, and one for each kind: {kinds}", kinds = kinds())]
    Column(String),
    /// No column names a supplier.
    #[error("no column names suppliers; call it supplier, or after a kind of identifier: {kinds}", kinds = kinds())]
    NoSupplier,
    /// Too many items.
    #[error("a watchlist has at most {MAX_ITEMS} items; split it")]
    TooMany,
    /// Rows that name no supplier as they should, the first of them by number.
    #[error("{} of the rows cannot be read: {}", .count, .first.join("; "))]
    Rows {
        /// How many.
        count: usize,
        /// The first ones, and why.
        first: Vec<String>,
    },
}

fn kinds() -> String {
    IdentifierKind::ALL.map(IdentifierKind::as_str).join(", ")
}

impl Watchlist {
    /// Reads JSON, which is within [`MAX_BYTES`].
    ///
    /// # Errors
    /// [`WatchlistError`].
    pub fn from_json(bytes: &[u8]) -> Result<Watchlist, WatchlistError> {
        let list: Watchlist = serde_json::from_slice(bytes)?;
        if list.items.len() > MAX_ITEMS {
            return Err(WatchlistError::TooMany);
        }
        let mut broken = Broken::default();
        for (row, item) in (1..).zip(&list.items) {
            broken.note(row, item.check());
        }
        broken.none_of(list)
    }

    /// Reads a table with a header, which is within [`MAX_BYTES`].
    ///
    /// # Errors
    /// [`WatchlistError`].
    pub fn from_csv(bytes: &[u8]) -> Result<Watchlist, WatchlistError> {
        // Excel begins a file in UTF-8 with the mark of its order of bytes.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
        let columns = columns(reader.headers()?)?;
        let (mut list, mut broken) = (Watchlist { items: Vec::new() }, Broken::default());
        for (row, record) in (1..).zip(reader.records()) {
            if row > MAX_ITEMS {
                return Err(WatchlistError::TooMany);
            }
            match item(&columns, &record?) {
                Ok(item) => list.items.push(item),
                Err(why) => broken.note(row, Err(why)),
            }
        }
        broken.none_of(list)
    }

    /// As a table, that is read back the same.
    ///
    /// # Errors
    /// Writing to memory does not fail; the error type is the writer's.
    pub fn to_csv(&self) -> Result<Vec<u8>, WatchlistError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record([SUPPLIER, NOTE])?;
        for item in &self.items {
            let identifiers: Vec<String> = item.identifiers.iter().map(Identifier::to_string).collect();
            writer.write_record([identifiers.join(" ").as_str(), item.note.as_ref().map_or("", Text::as_str)])?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()).into())
    }

    /// Every identifier on it.
    pub fn suppliers(&self) -> HashSet<Identifier> {
        self.items.iter().flat_map(|item| &item.identifiers).cloned().collect()
    }
}

impl Item {
    fn check(&self) -> Result<(), String> {
        match self.identifiers.len() {
            0 => Err("no identifier".to_owned()),
            1..=MAX_IDENTIFIERS => Ok(()),
            _ => Err(format!("more than {MAX_IDENTIFIERS} identifiers")),
        }
    }
}

/// What a column holds.
enum Column {
    Supplier,
    Kind(IdentifierKind),
    Note,
}

fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, WatchlistError> {
    let column = |name: &str| {
        let kind = || IdentifierKind::ALL.into_iter().find(|kind| kind.as_str() == name).map(Column::Kind);
        match name {
            SUPPLIER => Ok(Column::Supplier),
            NOTE => Ok(Column::Note),
            _ => kind().ok_or_else(|| WatchlistError::Column(name.chars().take(40).collect())),
        }
    };
    let columns = header.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let names = columns.iter().any(|column| !matches!(column, Column::Note));
    if names { Ok(columns) } else { Err(WatchlistError::NoSupplier) }
}

fn item(columns: &[Column], record: &csv::StringRecord) -> Result<Item, String> {
    let mut item = Item { identifiers: Vec::new(), note: None };
    for (column, cell) in columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
        match column {
            Column::Supplier => {
                for text in cell.split_whitespace() {
                    item.identifiers.push(text.parse().map_err(|error| format!("{error}"))?);
                }
            }
            Column::Kind(kind) => {
                item.identifiers.push(Identifier::new(*kind, cell).map_err(|error| error.to_string())?);
            }
            Column::Note => item.note = Some(cell.parse().map_err(|error| format!("note: {error}"))?),
        }
    }
    item.check().map(|()| item)
}

/// Rows that cannot be read.
#[derive(Default)]
struct Broken {
    count: usize,
    first: Vec<String>,
}

impl Broken {
    fn note(&mut self, row: usize, checked: Result<(), String>) {
        let Err(why) = checked else { return };
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push(format!("row {row}: {why}"));
        }
    }

    fn none_of(self, list: Watchlist) -> Result<Watchlist, WatchlistError> {
        match self.count {
            0 => Ok(list),
            count => Err(WatchlistError::Rows { count, first: self.first }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tables_of_every_shape_are_read_and_come_back() {
        let rows: [(&str, &[&[&str]]); 4] = [
            (
                "supplier,note\nlei:5493001KJTIIGC8Y1R12,brakes\nduns:150483782,\n",
                &[&["lei:5493001KJTIIGC8Y1R12"], &["duns:150483782"]],
            ),
            (
                "\u{feff}lei,duns,note\r\n5493001KJTIIGC8Y1R12,150483782,\"one, two\"\r\n",
                &[&["lei:5493001KJTIIGC8Y1R12", "duns:150483782"]],
            ),
            (
                "supplier\nlei:5493001KJTIIGC8Y1R12 local:parts:a%20b\n",
                &[&["lei:5493001KJTIIGC8Y1R12", "local:parts:a%20b"]],
            ),
            ("supplier\n", &[]),
        ];
        for (text, expected) in rows {
            let list = Watchlist::from_csv(text.as_bytes()).unwrap();
            let told = |item: &Item| item.identifiers.iter().map(Identifier::to_string).collect::<Vec<_>>();
            assert_eq!(list.items.iter().map(told).collect::<Vec<_>>(), expected, "{text}");
            assert_eq!(Watchlist::from_csv(&list.to_csv().unwrap()).unwrap(), list, "{text}");
            assert_eq!(Watchlist::from_json(&serde_json::to_vec(&list).unwrap()).unwrap(), list, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_row_or_column() {
        let tables = [
            ("name\nx\n", "no column \"name\""),
            ("note\nx\n", "no column names suppliers"),
            ("supplier\nlei:5493001KJTIIGC8Y1R12\nlei:1\nnobody\n", "2 of the rows cannot be read: row 2: "),
            ("supplier,note\n,brakes\n", "row 1: no identifier"),
            ("lei\n5493001KJTIIGC8Y1R13\n", "row 1: "),
            ("supplier,note\nlei:5493001KJTIIGC8Y1R12\n", "it is no table"),
        ];
        for (text, needle) in tables {
            let refused = Watchlist::from_csv(text.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(needle), "{text}: {refused}");
        }
        let nine = format!("[{}]", ["\"duns:150483782\""; 9].join(","));
        let values = [
            ("{}".to_owned(), "missing field"),
            ("{\"items\":[],\"more\":1}".to_owned(), "unknown field"),
            ("{\"items\":[{\"identifiers\":[]}]}".to_owned(), "row 1: no identifier"),
            (format!("{{\"items\":[{{\"identifiers\":{nine}}}]}}"), "row 1: more than 8"),
        ];
        for (text, needle) in values {
            let refused = Watchlist::from_json(text.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(needle), "{text}: {refused}");
        }
        let many = format!("supplier\n{}", "duns:150483782\n".repeat(MAX_ITEMS + 1));
        assert!(matches!(Watchlist::from_csv(many.as_bytes()), Err(WatchlistError::TooMany)));
    }
}
