//! Chains as they are written: CSV, a row for each link, or JSON.
//!
//! ```text
//! supplier,name,country,to,item,site,touches,orders
//! corporate-number:7000012050002,Example Parts,JP,product:Pump,casing,Osaka,confidentiality;continuity,PO-1;PO-2
//!
//! {"links": [{"supplier": "corporate-number:7000012050002", "name": "Example Parts", "country": "JP", "to": "product:Pump",
//!   "item": "casing", "site": "Osaka", "touches": ["confidentiality", "continuity"], "orders": ["PO-1", "PO-2"]}]}
//! ```
//!
//! `supplier` and `to` are needed, and other columns or members are refused. What is wrong is told for each link by its place, and a
//! chain with anything wrong is refused whole: half a chain would say that all is well with the other half.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use conformity::strict::{self, Breach, Limits};
use serde::Deserialize;

use super::{Builder, Chain, MAX_CHAIN, MAX_LINKS, Written};

/// The most faults that are told one by one.
const MAX_FAULTS: usize = 100;
/// The deepest nesting of the JSON form: the object, its links, one of them, a list in it.
const MAX_DEPTH: usize = 4;
/// The columns and members.
const COLUMNS: [&str; 8] = ["supplier", "name", "country", "to", "item", "site", "touches", "orders"];

/// What is wrong with one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: `line 7` of CSV, `links[6]` of JSON.
    pub place: String,
    /// What, and what to do.
    pub problem: String,
}

/// Why a chain is refused. The blame is whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// It is too large to be read.
    #[error("the chain has {bytes} bytes; at most {MAX_CHAIN} are read")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
    },
    /// It has too many links.
    #[error("the chain has more than {MAX_LINKS} links; keep one for each line of business")]
    TooManyLinks,
    /// It has none.
    #[error("the chain has no links; write who supplies what")]
    Empty,
    /// The form.
    #[error("the chain: {0}")]
    Form(String),
    /// Links that are wrong.
    #[error("{count} links of the chain are wrong:{}", listed(faults))]
    Links {
        /// The first of them.
        faults: Vec<Fault>,
        /// How many there are.
        count: usize,
    },
}

fn listed(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("\n  {}: {}", fault.place, fault.problem)).collect()
}

/// The faults found so far.
#[derive(Default)]
struct Faults {
    told: Vec<Fault>,
    count: usize,
}

impl Faults {
    fn add(&mut self, place: String, problem: impl Display) {
        self.count += 1;
        if self.told.len() < MAX_FAULTS {
            self.told.push(Fault { place, problem: problem.to_string().chars().take(300).collect() });
        }
    }
}

/// The parts of a link as text; what is empty is not said.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    supplier: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    country: String,
    to: String,
    #[serde(default)]
    item: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    touches: Vec<String>,
    #[serde(default)]
    orders: Vec<String>,
}

impl Parts {
    fn written(self) -> Result<Written, String> {
        Ok(Written {
            supplier: read("supplier", &self.supplier)?,
            name: optional("name", &self.name)?,
            country: optional("country", &self.country)?,
            to: read("to", &self.to)?,
            item: optional("item", &self.item)?,
            site: optional("site", &self.site)?,
            touches: set("touches", &self.touches)?,
            orders: set("orders", &self.orders)?,
        })
    }
}

fn read<T: FromStr<Err: Display>>(what: &str, text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|error| format!("{what}: {error}"))
}

fn optional<T: FromStr<Err: Display>>(what: &str, text: &str) -> Result<Option<T>, String> {
    if text.trim().is_empty() { Ok(None) } else { read(what, text).map(Some) }
}

fn set<T: FromStr<Err: Display> + Ord>(what: &str, texts: &[String]) -> Result<BTreeSet<T>, String> {
    let set = texts.iter().map(|text| read(what, text)).collect::<Result<BTreeSet<T>, _>>()?;
    if set.len() == texts.len() {
        Ok(set)
    } else {
        Err(format!("{what}: the same is listed twice; list each one once"))
    }
}

impl Chain {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`ChainError`], with the place of each link that is wrong.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ChainError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Document {
            links: Vec<serde_json::Value>,
        }
        match strict::check(bytes, Limits { bytes: MAX_CHAIN, depth: MAX_DEPTH, null: false }) {
            Err(Breach::TooLarge { bytes, .. }) => return Err(ChainError::TooLarge { bytes }),
            checked => checked.map_err(|breach| ChainError::Form(breach.to_string()))?,
        }
        let read = serde_json::from_slice(bytes);
        let Document { links } = read.map_err(|error| ChainError::Form(strict::excerpt(&error)))?;
        let parts = links.into_iter().enumerate().map(|(position, link)| {
            (format!("links[{position}]"), serde_json::from_value(link).map_err(|error| strict::excerpt(&error)))
        });
        build(parts)
    }

    /// Reads the CSV form, UTF-8 with a header.
    ///
    /// # Errors
    /// [`ChainError`], with the line of each link that is wrong.
    pub fn from_csv(bytes: &[u8]) -> Result<Self, ChainError> {
        if bytes.len() > MAX_CHAIN {
            return Err(ChainError::TooLarge { bytes: bytes.len() });
        }
        // A spreadsheet puts a mark before UTF-8.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = reader.headers().map_err(|error| ChainError::Form(error.to_string()))?;
        let columns = columns(header)?;
        let parts = reader.into_records().map(|record| match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                (format!("line {line}"), row(&columns, &record))
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                (format!("line {line}"), Err(error.to_string()))
            }
        });
        build(parts)
    }
}

/// Which column is which.
fn columns(header: &csv::StringRecord) -> Result<Vec<&'static str>, ChainError> {
    let known = |name: &str| COLUMNS.into_iter().find(|column| *column == name.trim());
    let columns = header.iter().map(|name| {
        let name: String = name.chars().take(40).collect();
        known(&name)
            .ok_or_else(|| ChainError::Form(format!("no column is called {name:?}; write {}", COLUMNS.join(", "))))
    });
    let columns: Vec<&'static str> = columns.collect::<Result<_, _>>()?;
    let distinct: BTreeSet<&str> = columns.iter().copied().collect();
    if distinct.len() != columns.len() {
        return Err(ChainError::Form("two columns have one name; write each one once".to_owned()));
    }
    match ["supplier", "to"].into_iter().find(|needed| !distinct.contains(needed)) {
        Some(missing) => Err(ChainError::Form(format!("there is no column {missing}; it is needed"))),
        None => Ok(columns),
    }
}

fn row(columns: &[&'static str], record: &csv::StringRecord) -> Result<Parts, String> {
    if record.len() != columns.len() {
        return Err(format!("{} fields under {} columns; quote what contains a comma", record.len(), columns.len()));
    }
    let mut parts = Parts::default();
    for (column, cell) in columns.iter().zip(record) {
        let several = || cell.split(';').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        match *column {
            "touches" => parts.touches = several(),
            "orders" => parts.orders = several(),
            "supplier" => cell.clone_into(&mut parts.supplier),
            "name" => cell.clone_into(&mut parts.name),
            "country" => cell.clone_into(&mut parts.country),
            "to" => cell.clone_into(&mut parts.to),
            "item" => cell.clone_into(&mut parts.item),
            _ => cell.clone_into(&mut parts.site),
        }
    }
    Ok(parts)
}

/// A chain of these links, or all that is wrong with them.
fn build(links: impl Iterator<Item = (String, Result<Parts, String>)>) -> Result<Chain, ChainError> {
    let (mut builder, mut faults, mut places) = (Builder::default(), Faults::default(), Vec::new());
    for (count, (place, parts)) in links.enumerate() {
        if count == MAX_LINKS {
            return Err(ChainError::TooManyLinks);
        }
        match parts.and_then(Parts::written).and_then(|written| builder.add(written)) {
            Ok(()) => places.push(place),
            Err(problem) => faults.add(place, problem),
        }
    }
    let nothing = builder.links.is_empty() && faults.count == 0;
    if nothing {
        return Err(ChainError::Empty);
    }
    if faults.count == 0 {
        let (nodes, links) = (builder.nodes, builder.links);
        let named: Vec<(usize, String)> = links.iter().map(|link| link.from).zip(places).collect();
        match Chain::measured(nodes, links) {
            Ok(chain) => return Ok(chain),
            Err(lost) => {
                let lost: BTreeSet<usize> = lost.into_iter().collect();
                let lost = named.into_iter().filter(|(supplier, _)| lost.contains(supplier));
                lost.for_each(|(_, place)| {
                    faults.add(place, "no way leads from this supplier to a product; add whom it supplies");
                });
            }
        }
    }
    Err(ChainError::Links { faults: faults.told, count: faults.count })
}
