//! A list of identifiers as CSV, for whoever has no network: partners in, and how they stand out.
//!
//! ```text
//! in   identifier                              any columns, one of that name; separated by comma, semicolon or tab
//!      lei:5493001KJTIIGC8Y1R12                identifiers as everywhere here, <kind>:<value>
//! out  "identifier","advice","as_of","explanation","proof"        UTF-8 with a byte order mark, lines end with CR LF (RFC 4180)
//!      "lei:5493001KJTIIGC8Y1R12","stop","2026-11-27T23:00:00Z","…","https://…"
//! ```
//!
//! In scope: those two forms, the latter as a [`table`]. Out of scope: signing, which is done over the bytes as they are, detached, by
//! whoever holds a key.

use conformity::identifiers::{Identifier, MAX_TEXT};
use csv::{ByteRecord, ReaderBuilder};

use crate::answer::word;
use crate::refusal::{self, excerpt};
use crate::table;
use crate::{
    Answer, Bridge, Document, Fault, Kind, Network, Party, PartyIdentifier, Place, Reading, Refusal, Role,
    Unanswerable, Unread,
};

/// The most lines of a list.
pub const LINES_MAX: usize = 10_000;
/// The column that is read.
const COLUMN: &str = "identifier";

/// The bridge to lists.
#[derive(Debug, Clone, Copy)]
pub struct List;

impl Bridge for List {
    fn network(&self) -> Network {
        Network::List
    }

    fn read(&self, input: &[u8]) -> Result<Reading, Refusal> {
        refusal::bounded(input)?;
        let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
        Ok(Reading { documents: vec![document(input)?], notices: Vec::new() })
    }

    fn answer(&self, document: &Document, answer: &Answer) -> Result<Vec<u8>, Unanswerable> {
        answer.check(document, Network::List)?;
        Ok(write(document, answer).into_bytes())
    }
}

fn document(input: &[u8]) -> Result<Document, Refusal> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter(input)).from_reader(input);
    let header = reader.byte_headers().map_err(|error| not_csv(&error))?;
    let column = header.iter().position(|name| name.trim_ascii().eq_ignore_ascii_case(COLUMN.as_bytes()));
    let column =
        column.ok_or_else(|| Refusal::new(cell(1, 0), Fault::Missing { what: "a column called identifier" }))?;
    let mut parties = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| not_csv(&error))? {
        let line = record.position().map_or(0, csv::Position::line);
        if parties.len() == LINES_MAX {
            return Err(Refusal::new(cell(line, 0), Fault::TooMany { what: "lines", most: LINES_MAX }));
        }
        parties.push(party(record.get(column).unwrap_or_default(), cell(line, column + 1))?);
    }
    if parties.is_empty() {
        return Err(Refusal::new(cell(1, 0), Fault::Missing { what: "a line below the header" }));
    }
    Ok(Document { parties, ..Document::new(Network::List, Kind::List, "CSV", cell(1, 0)) })
}

fn cell(line: u64, column: usize) -> Place {
    Place::Cell { line, column }
}

/// What separates the columns of the header: spreadsheets of many countries keep the comma for numbers.
fn delimiter(input: &[u8]) -> u8 {
    let header = input.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|delimiter| header.contains(delimiter)).unwrap_or(b',')
}

/// Other columns may be in any character set; identifiers are ASCII but for what a named list issued.
fn party(value: &[u8], place: Place) -> Result<Party, Refusal> {
    let Ok(text) = std::str::from_utf8(value.trim_ascii()) else {
        return Err(Refusal::new(place, Fault::NotText { encoding: "UTF-8".to_owned() }));
    };
    let found = text.chars().count();
    if found == 0 {
        return Err(Refusal::new(place, Fault::Missing { what: "an identifier" }));
    }
    if found > MAX_TEXT {
        return Err(Refusal::new(place, Fault::TooLong { what: "an identifier", found, most: MAX_TEXT }));
    }
    if text.chars().any(char::is_control) {
        let wanted = "free of control characters";
        return Err(Refusal::new(place, Fault::Unlike { found: excerpt(text), wanted }));
    }
    let identifier = match text.parse::<Identifier>() {
        Ok(known) => PartyIdentifier::Known(known),
        Err(error) => {
            PartyIdentifier::Unread { list: String::new(), value: text.to_owned(), why: Unread::Broken(error) }
        }
    };
    Ok(Party { role: Role::Listed, code: COLUMN.to_owned(), identifiers: vec![identifier], place })
}

fn not_csv(error: &csv::Error) -> Refusal {
    let line = error.position().map_or(1, csv::Position::line);
    Refusal::new(cell(line, 0), Fault::Csv { message: error.to_string().chars().take(300).collect() })
}

fn write(document: &Document, answer: &Answer) -> String {
    let mut text = String::from(table::BYTE_ORDER_MARK);
    table::line(&mut text, &[COLUMN, "advice", "as_of", "explanation", "proof"]);
    for finding in &answer.findings {
        let stated = &finding.stated;
        let as_of = stated.as_of.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        table::line(
            &mut text,
            &[&finding.party, word(document.told(stated.advice)), &as_of, &stated.explanation, &stated.proof],
        );
    }
    text
}
