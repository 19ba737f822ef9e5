//! The rows of one table of a web page.
//!
//! ```text
//! <table id="searchResultsTable"> … <th>Vendor Name</th> … <tr><td>DocuSign, Inc.</td> … </tr> … </table>
//! ```
//!
//! In scope: header cells, rows, cells, `<br>` as a line break within a cell, character references, and the loose ends of
//! pages written by hand (a missing `</td>` or `</tr>`). Out of scope: everything else about HTML; scripts, styles and
//! comments are passed over, the cells of a table inside a cell are that cell's text.

use std::io::Read;

use encoding_rs::Encoding;

use super::entities;
use super::error::ImportError;
use super::limits::COLUMNS_MAX;
use super::rows::{Place, Row, Sink};
use super::source::read_text;

/// A page is held in memory whole, so its cap is far below that of a stream.
const PAGE_MAX: u64 = 32 * 1024 * 1024;

/// Feeds every row of the table whose `id` is `table` to `sink`.
pub(crate) fn read(
    source: impl Read,
    encoding: &'static Encoding,
    table: &str,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let page = read_text(source, encoding, PAGE_MAX)?;
    let mut tokens = Tokens { rest: &page };
    if !tokens.any(|token| token.opens("table") && token.attribute("id").is_some_and(|id| id == table)) {
        return Err(ImportError::NoTable { table: table.to_owned() });
    }
    let mut reading = Reading::default();
    for token in tokens {
        if reading.take(&token, sink)? == Step::TableEnded {
            break;
        }
    }
    reading.end_row(sink)?;
    reading.require_header(table)
}

#[derive(PartialEq)]
enum Step {
    Going,
    TableEnded,
}

/// Where in the table we are.
#[derive(Default)]
struct Reading {
    header: Option<std::sync::Arc<[String]>>,
    cells: Vec<String>,
    in_cell: bool,
    heading: bool,
    nested: usize,
    count: u64,
}

impl Reading {
    fn take(&mut self, token: &Token<'_>, sink: &mut dyn Sink) -> Result<Step, ImportError> {
        match token {
            Token::Text(text) => self.text(text),
            Token::Open { name, .. } if name.eq_ignore_ascii_case("table") => self.nested += 1,
            Token::Close { name } if name.eq_ignore_ascii_case("table") => {
                if self.nested == 0 {
                    return Ok(Step::TableEnded);
                }
                self.nested -= 1;
            }
            Token::Open { name, .. } if name.eq_ignore_ascii_case("br") => self.text("\n"),
            Token::Open { name, .. } if self.nested == 0 => self.open(name, sink)?,
            Token::Close { name } if self.nested == 0 => self.close(name, sink)?,
            Token::Open { .. } | Token::Close { .. } => {}
        }
        Ok(Step::Going)
    }

    fn open(&mut self, name: &str, sink: &mut dyn Sink) -> Result<(), ImportError> {
        if name.eq_ignore_ascii_case("tr") {
            return self.end_row(sink);
        }
        let heading = name.eq_ignore_ascii_case("th");
        if heading || name.eq_ignore_ascii_case("td") {
            self.heading |= heading;
            self.in_cell = true;
            self.cells.push(String::new());
            if self.cells.len() > COLUMNS_MAX {
                return Err(ImportError::TooManyColumns { limit: COLUMNS_MAX });
            }
        }
        Ok(())
    }

    fn close(&mut self, name: &str, sink: &mut dyn Sink) -> Result<(), ImportError> {
        if name.eq_ignore_ascii_case("td") || name.eq_ignore_ascii_case("th") {
            self.in_cell = false;
        } else if name.eq_ignore_ascii_case("tr") {
            self.end_row(sink)?;
        }
        Ok(())
    }

    /// White space of the page is layout: runs of it, line breaks included, are one blank.
    fn text(&mut self, text: &str) {
        let Some(cell) = self.cells.last_mut().filter(|_| self.in_cell) else { return };
        if text == "\n" {
            cell.push('\n');
        } else {
            for word in text.split_ascii_whitespace() {
                if !cell.is_empty() && !cell.ends_with('\n') {
                    cell.push(' ');
                }
                cell.push_str(&entities::decode(word));
            }
        }
    }

    /// The first row with heading cells names the columns; any later one is decoration.
    fn end_row(&mut self, sink: &mut dyn Sink) -> Result<(), ImportError> {
        self.in_cell = false;
        let heading = std::mem::take(&mut self.heading);
        let cells = std::mem::take(&mut self.cells);
        if cells.is_empty() {
            return Ok(());
        }
        if heading {
            if self.header.is_none() {
                let header: std::sync::Arc<[String]> = cells.into();
                sink.columns(&header)?;
                self.header = Some(header);
            }
            return Ok(());
        }
        let Some(header) = self.header.clone() else { return Err(ImportError::NoHeader) };
        self.count += 1;
        sink.row(Row::named(Place::numbered(self.count), header, cells))
    }

    fn require_header(&self, table: &str) -> Result<(), ImportError> {
        match self.header {
            Some(_) => Ok(()),
            None => Err(ImportError::NoTable { table: table.to_owned() }),
        }
    }
}

enum Token<'a> {
    Text(&'a str),
    Open { name: &'a str, attributes: &'a str },
    Close { name: &'a str },
}

impl<'a> Token<'a> {
    fn opens(&self, element: &str) -> bool {
        matches!(self, Token::Open { name, .. } if name.eq_ignore_ascii_case(element))
    }

    /// The value of an attribute.
    fn attribute(&self, wanted: &str) -> Option<&'a str> {
        let Token::Open { attributes, .. } = self else { return None };
        let mut rest = *attributes;
        while let Some((name, after)) = rest.split_once('=') {
            let (value, next) = attribute_value(after.trim_start());
            // What stands before the name are attributes without a value.
            if name.split_ascii_whitespace().next_back().is_some_and(|name| name.eq_ignore_ascii_case(wanted)) {
                return Some(value);
            }
            rest = next;
        }
        None
    }
}

/// The value at the start of `text`, quoted or not, and what follows it.
fn attribute_value(text: &str) -> (&str, &str) {
    let quote = text.chars().next().filter(|first| ['"', '\''].contains(first));
    match quote {
        Some(quote) => text.get(1..).and_then(|inside| inside.split_once(quote)).unwrap_or((text, "")),
        None => text.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((text, "")),
    }
}

/// Splits a page into tags and text, in one pass from front to back.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if let Some(after) = self.rest.strip_prefix("<!--") {
                self.rest = after.split_once("-->").map_or("", |(_, next)| next);
                continue;
            }
            if !starts_tag(self.rest) {
                return Some(self.text());
            }
            if let Some(token) = self.tag() {
                return Some(token);
            }
        }
    }
}

/// A `<` that no letter, `/`, `!` or `?` follows is text.
fn starts_tag(text: &str) -> bool {
    let mut characters = text.bytes();
    characters.next() == Some(b'<')
        && characters.next().is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'))
}

impl<'a> Tokens<'a> {
    fn text(&mut self) -> Token<'a> {
        let from = usize::from(self.rest.starts_with('<'));
        let end = self.rest.bytes().skip(from).position(|byte| byte == b'<').map_or(self.rest.len(), |at| at + from);
        // `<` is ASCII, so both halves end on a character boundary.
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Token::Text(text)
    }

    /// Consumes one tag; declarations yield nothing.
    fn tag(&mut self) -> Option<Token<'a>> {
        let end = tag_end(self.rest);
        let inside = self.rest.get(1..end).unwrap_or_default();
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        if let Some(name) = inside.strip_prefix('/') {
            return Some(Token::Close { name: name.trim() });
        }
        if inside.starts_with(['!', '?']) {
            return None;
        }
        let (name, attributes) = inside.split_at(
            inside.bytes().position(|byte| byte.is_ascii_whitespace() || byte == b'/').unwrap_or(inside.len()),
        );
        if name.eq_ignore_ascii_case("script") || name.eq_ignore_ascii_case("style") {
            self.skip_raw(name);
        }
        Some(Token::Open { name, attributes })
    }

    /// The content of a script is not markup: everything up to its end tag is passed over.
    fn skip_raw(&mut self, name: &str) {
        while let Some(at) = self.rest.find("</") {
            self.rest = self.rest.get(at..).unwrap_or_default();
            let closes = self.rest.get(2..2 + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name));
            if closes {
                return;
            }
            self.rest = self.rest.get(2..).unwrap_or_default();
        }
        self.rest = "";
    }
}

/// Where the tag at the start of `text` ends; a `>` inside quotes does not end it.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    text.len()
}
