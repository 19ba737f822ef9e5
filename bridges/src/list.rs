//! A list of identifiers as CSV, for whoever has no network: partners in, and how they stand out.
//!
//! ```text
//! in   identifier                              any columns, one of that name; separated by comma, semicolon or tab
//!      lei:5493001KJTIIGC8Y1R12                identifiers as everywhere here, <kind>:<value>
//! in   標準企業コード                            or one of that name, or 統一企業コード, in UTF-8 or Shift_JIS, where none is called identifier
//!      123456000001                            the code alone, as translators of CII write it
//! out  "identifier","advice","as_of","explanation","proof"        UTF-8 with a byte order mark, lines end with CR LF (RFC 4180)
//!      "lei:5493001KJTIIGC8Y1R12","stop","2026-11-27T23:00:00Z","…","https://…"
//! ```
//!
//! In scope: those two forms, the latter as a [`table`]. Out of scope: signing, which is done over the bytes as they are, detached, by
//! whoever holds a key.

use conformity::identifiers::{Identifier, IdentifierKind, MAX_TEXT};
use csv::{ByteRecord, ReaderBuilder};
use encoding_rs::{Encoding, SHIFT_JIS, UTF_8};

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
/// Else one of these: the company code of JIPDEC by its name and by the one that it had before.
const CODES: [&str; 2] = ["標準企業コード", "統一企業コード"];

/// Where identifiers stand, and in which form.
struct Column {
    place: usize,
    code: &'static str,
    encoding: &'static Encoding,
}

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
    let column = Column::of(header)?.ok_or_else(|| {
        Refusal::new(cell(1, 0), Fault::Missing { what: "a column called identifier or 標準企業コード" })
    })?;
    let mut parties = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| not_csv(&error))? {
        let line = record.position().map_or(0, csv::Position::line);
        if parties.len() == LINES_MAX {
            return Err(Refusal::new(cell(line, 0), Fault::TooMany { what: "lines", most: LINES_MAX }));
        }
        parties.push(column.party(record.get(column.place).unwrap_or_default(), cell(line, column.place + 1))?);
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

impl Column {
    /// The first that is called `identifier`, else the one that has company codes. Of two such nobody says whose codes are meant.
    fn of(header: &ByteRecord) -> Result<Option<Column>, Refusal> {
        let names = || header.iter().map(<[u8]>::trim_ascii).enumerate();
        let named = names().find(|(_, name)| name.eq_ignore_ascii_case(COLUMN.as_bytes()));
        if let Some((place, _)) = named {
            return Ok(Some(Column { place, code: COLUMN, encoding: UTF_8 }));
        }
        let mut of_codes = names().filter_map(|(place, name)| Column::of_codes(place, name));
        match (of_codes.next(), of_codes.next()) {
            (Some(first), Some(second)) => {
                let fault =
                    Fault::TwoColumns { first: (first.place + 1, first.code), second: (second.place + 1, second.code) };
                Err(Refusal::new(cell(1, second.place + 1), fault))
            }
            (one, _) => Ok(one),
        }
    }

    fn of_codes(place: usize, name: &[u8]) -> Option<Column> {
        let is = |code: &str, encoding: &'static Encoding| encoding.encode(code).0 == name;
        let all = CODES.into_iter().flat_map(|code| [UTF_8, SHIFT_JIS].map(|encoding| (code, encoding)));
        let found = all.into_iter().find(|(code, encoding)| is(code, encoding));
        found.map(|(code, encoding)| Column { place, code, encoding })
    }

    /// Other columns may be in any character set; identifiers are ASCII but for what a named list issued.
    fn party(&self, value: &[u8], place: Place) -> Result<Party, Refusal> {
        let Some(text) = self.encoding.decode_without_bom_handling_and_without_replacement(value.trim_ascii()) else {
            return Err(Refusal::new(place, Fault::NotText { encoding: self.encoding.name().to_owned() }));
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
            return Err(Refusal::new(place, Fault::Unlike { found: excerpt(&text), wanted }));
        }
        Ok(Party { role: Role::Listed, code: self.code.to_owned(), identifiers: vec![self.identifier(&text)], place })
    }

    fn identifier(&self, text: &str) -> PartyIdentifier {
        if self.code != COLUMN {
            return PartyIdentifier::new(Some(IdentifierKind::StandardCompanyCode), self.code, text);
        }
        match text.parse::<Identifier>() {
            Ok(known) => PartyIdentifier::Known(known),
            Err(error) => {
                PartyIdentifier::Unread { list: String::new(), value: text.to_owned(), why: Unread::Broken(error) }
            }
        }
    }
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
