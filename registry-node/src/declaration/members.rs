//! A sponsor's list of those for whom it declares, as CSV in UTF-8.
//!
//! ```text
//! verdict,supplier,name,country,scope,mandate            needed, in any order
//! object,level,exclusions,upgrades,person                may be left out; exclusions are parted by ;
//!                                                        person says yes for a natural person, whose name stays empty
//! ```
//!
//! Each line is a declaration or is refused by its number; one bad line holds up no other. Out of scope: what the registry says to
//! a declaration, which comes later.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::str::FromStr;

use conformity::handle;
use conformity::identifiers::Identifier;
use conformity::ids::{SchemeRef, VerdictId};
use conformity::scheme::SelfDeclaration;
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{AssessedObject, Profile, Supplier, Verdict};
use conformity::viewpoint::{ObjectKind, Viewpoints};
use encoding_rs::UTF_8;
use serde::Serialize;

use super::sheet::{About, Sheet, Supplied};
use crate::import::Decoded;

/// Most lines of one list. Nobody sponsors more in one go; a longer list is split.
const MAX_LINES: usize = 10_000;
/// Most columns.
const MAX_COLUMNS: usize = 64;
const NEEDED: [&str; 6] = ["verdict", "supplier", "name", "country", "scope", "mandate"];
const ALLOWED: [&str; 5] = ["object", "level", "exclusions", "upgrades", "person"];

/// What the lines do not say, because it is the same for all.
#[derive(Debug, Clone)]
pub struct Declared {
    /// Under which scheme.
    pub scheme: SchemeRef,
    /// On what terms.
    pub terms: SelfDeclaration,
    /// From which viewpoints.
    pub viewpoints: Viewpoints,
    /// About what kind of object.
    pub object: ObjectKind,
    /// To whom it is shown.
    pub profile: Profile,
    /// Whether it counts only once an expert confirmed it.
    pub awaits_expert: bool,
    /// The first day.
    pub today: Day,
}

/// A line that cannot be declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its number in the file, from 1.
    pub line: u64,
    /// Why.
    pub why: String,
}

/// What a list comes to.
#[derive(Debug, Clone, Default)]
pub struct Members {
    /// What can be signed, with the line that says it.
    pub declared: Vec<(u64, Verdict)>,
    /// The lines that cannot.
    pub refused: Vec<Line>,
}

/// Why a list is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum MembersError {
    /// It cannot be read, or is no CSV in UTF-8.
    #[error("the list cannot be read: {0}")]
    Csv(#[from] csv::Error),
    /// A column that is needed is not there.
    #[error(
        "the list has no column {0}; its first line names the columns verdict, supplier, name, country, scope, mandate"
    )]
    NoColumn(&'static str),
    /// A column that nobody reads: a misspelt one would be lost.
    #[error("the list has a column {0:?} that is not known, or twice; see `registry-node declare --help`")]
    UnknownColumn(String),
    /// Too many lines.
    #[error("the list has more than {MAX_LINES} lines; split it")]
    TooLong,
}

/// Reads a list.
///
/// # Errors
/// It is refused as a whole.
pub fn read(source: impl Read, common: &Declared) -> Result<Members, MembersError> {
    let decoded = Decoded::new(source, UTF_8);
    let meter = decoded.meter();
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(decoded);
    let columns = columns(reader.headers()?)?;
    let (mut members, mut ids) = (Members::default(), BTreeSet::new());
    for record in reader.records() {
        let record = record?;
        meter.reset();
        let line = record.position().map_or(0, csv::Position::line);
        if members.declared.len() + members.refused.len() == MAX_LINES {
            return Err(MembersError::TooLong);
        }
        let cells = Cells { columns: &columns, record: &record };
        match cells.declare(common) {
            Ok(verdict) if ids.insert(verdict.verdict.clone()) => members.declared.push((line, verdict)),
            Ok(verdict) => {
                let why = format!("verdict: {} stands on an earlier line already", verdict.verdict);
                members.refused.push(Line { line, why });
            }
            Err(why) => members.refused.push(Line { line, why }),
        }
    }
    Ok(members)
}

fn columns(header: &csv::StringRecord) -> Result<BTreeMap<String, usize>, MembersError> {
    let mut columns = BTreeMap::new();
    for (place, name) in header.iter().enumerate() {
        let known = NEEDED.contains(&name) || ALLOWED.contains(&name);
        if !known || place >= MAX_COLUMNS || columns.insert(name.to_owned(), place).is_some() {
            return Err(MembersError::UnknownColumn(name.chars().take(40).collect()));
        }
    }
    match NEEDED.into_iter().find(|name| !columns.contains_key(*name)) {
        Some(missing) => Err(MembersError::NoColumn(missing)),
        None => Ok(columns),
    }
}

/// One line under its columns.
struct Cells<'a> {
    columns: &'a BTreeMap<String, usize>,
    record: &'a csv::StringRecord,
}

impl Cells<'_> {
    fn declare(&self, common: &Declared) -> Result<Verdict, String> {
        if self.record.len() != self.columns.len() {
            return Err(format!("{} fields under {} columns", self.record.len(), self.columns.len()));
        }
        let id: Identifier = self.needed("supplier")?;
        let (name, person) = self.called(&id)?;
        let exclusions = self.text("exclusions").split(';').map(str::trim).filter(|text| !text.is_empty());
        let exclusions: Result<Vec<Text<256>>, _> = exclusions.map(str::parse).collect();
        let about = About {
            verdict: self.needed("verdict")?,
            object: AssessedObject {
                kind: common.object,
                name: self.given("object")?.unwrap_or_else(|| name.clone()),
                version: None,
            },
            viewpoints: common.viewpoints,
            level: self.given("level")?,
            scope: self.needed("scope")?,
            exclusions: exclusions.map_err(|error| format!("exclusions: {error}"))?,
            profile: common.profile,
            awaits_expert: common.awaits_expert,
            upgrades: self.given::<VerdictId>("upgrades")?,
        };
        let supplier = Supplier { id, name, country: Some(self.needed("country")?), others: Vec::new(), person };
        let whom = Supplied { supplier, mandate: Some(self.needed("mandate")?) };
        let sheet = Sheet { scheme: common.scheme.clone(), about, answers: BTreeMap::new(), signed: None, entry: None };
        Ok(sheet.verdict(whom, &common.terms, common.today))
    }

    /// What the supplier is called, and whether it is a natural person, who goes by the identifier.
    fn called(&self, id: &Identifier) -> Result<(Text<256>, bool), String> {
        match (self.text("person"), self.text("name")) {
            ("", _) => Ok((self.needed("name")?, false)),
            ("yes", "") => Ok((handle::name_of(id).map_err(|error| format!("supplier: {error}"))?, true)),
            ("yes", _) => Err("name: leave it empty, a natural person goes by the identifier".to_owned()),
            _ => Err("person: say yes, or nothing".to_owned()),
        }
    }

    fn text(&self, column: &str) -> &str {
        self.columns.get(column).and_then(|place| self.record.get(*place)).unwrap_or_default()
    }

    fn given<T: FromStr<Err: std::fmt::Display>>(&self, column: &str) -> Result<Option<T>, String> {
        match self.text(column) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|error| format!("{column}: {error}")),
        }
    }

    fn needed<T: FromStr<Err: std::fmt::Display>>(&self, column: &str) -> Result<T, String> {
        self.given(column)?.ok_or_else(|| format!("{column}: it is empty"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn common() -> Declared {
        Declared {
            scheme: "demo@1".parse().unwrap(),
            terms: serde_json::from_value(json!({"validityMonths": 12, "expert": "optional"})).unwrap(),
            viewpoints: Viewpoints::all(),
            object: ObjectKind::Organization,
            profile: Profile::Open,
            awaits_expert: false,
            today: "2026-11-27".parse().unwrap(),
        }
    }

    const HEADER: &str = "verdict,supplier,name,country,scope,mandate,exclusions";

    fn mandate() -> String {
        "ab".repeat(32)
    }

    fn list(lines: &[&str]) -> Result<Members, MembersError> {
        let text = [&[HEADER], lines].concat().join("\n").replace("MANDATE", &mandate());
        read(text.as_bytes(), &common())
    }

    #[test]
    fn each_bad_line_is_named_with_what_is_wrong() {
        let rows = [
            ("S-2,local:m:2,Workshop 2,JP,repair,MANDATE", "6 fields under 7 columns"),
            ("S 2,local:m:2,Workshop 2,JP,repair,MANDATE,", "verdict:"),
            ("S-2,workshop,Workshop 2,JP,repair,MANDATE,", "supplier:"),
            ("S-2,corporate-number:7000012050003,Workshop 2,JP,repair,MANDATE,", "supplier:"),
            ("S-2,local:m:2,,JP,repair,MANDATE,", "name: it is empty"),
            ("S-2,local:m:2,Workshop 2,Japan,repair,MANDATE,", "country:"),
            ("S-2,local:m:2,Workshop 2,JP,,MANDATE,", "scope: it is empty"),
            ("S-2,local:m:2,Workshop 2,JP,repair,signed by hand,", "mandate:"),
            ("S-1,local:m:2,Workshop 2,JP,repair,MANDATE,", "earlier line"),
        ];
        for (line, why) in rows {
            let members = list(&[
                "S-1,local:m:1,Workshop 1,JP,repair,MANDATE,",
                line,
                "S-3,local:m:3,\"Works, 3\",JP,repair,MANDATE,x; y",
            ])
            .unwrap();
            assert_eq!(members.refused.len(), 1, "{line}");
            assert_eq!(members.refused[0].line, 3, "{line}");
            assert!(members.refused[0].why.contains(why), "{line}: {}", members.refused[0].why);
            let places: Vec<u64> = members.declared.iter().map(|(line, _)| *line).collect();
            assert_eq!(places, [2, 4], "{line}");
        }
    }

    #[test]
    fn a_good_line_says_all_of_it() {
        let members = list(&["S-1,local:m:1,\"Workshop, 1\",JP,repair,MANDATE,warehouse; office"]).unwrap();
        let (line, verdict) = &members.declared[0];
        assert_eq!((*line, verdict.exclusions.len(), verdict.object.name.as_str()), (2, 2, "Workshop, 1"));
        let declared = verdict.provenance.self_declared().unwrap();
        assert_eq!(declared.mandate.unwrap().to_string(), mandate());
        assert_eq!(verdict.valid_until.unwrap().to_string(), "2027-11-27");
    }

    #[test]
    fn a_person_goes_by_the_identifier() {
        let read = |line: &str| {
            let text = format!("{HEADER},person\n{}\n", line.replace("MANDATE", &mandate()));
            super::read(text.as_bytes(), &common()).unwrap()
        };
        let (_, verdict) = read("S-1,local:m:8,,JP,repair,MANDATE,,yes").declared.remove(0);
        assert!(verdict.supplier.person);
        assert_eq!((verdict.supplier.name.as_str(), verdict.object.name.as_str()), ("local:m:8", "local:m:8"));
        for (line, why) in [
            ("S-1,local:m:8,Taro Yamada,JP,repair,MANDATE,,yes", "leave it empty"),
            ("S-1,local:m:8,,JP,repair,MANDATE,,", "name: it is empty"),
            ("S-1,local:m:8,Workshop 8,JP,repair,MANDATE,,maybe", "person:"),
        ] {
            assert!(read(line).refused[0].why.contains(why), "{line}");
        }
    }

    #[test]
    fn a_list_that_is_none_is_refused_as_a_whole() {
        let read = |text: &str| read(text.as_bytes(), &common()).unwrap_err().to_string();
        assert!(read("verdict,name\n").contains("no column supplier"));
        assert!(read(&format!("{HEADER},surname\n")).contains("\"surname\""));
        assert!(read(&format!("{HEADER},scope\n")).contains("\"scope\""));
        let line = "S-1,local:m:1,W,JP,r,x,\n";
        let long = format!("{HEADER}\n{}", line.repeat(MAX_LINES + 1));
        assert!(read(&long).contains("split it"));
    }
}
