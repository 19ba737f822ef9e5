//! Tables for spreadsheets, as every table leaves this house that a spreadsheet may open.
//!
//! ```text
//! "cell","cell"<CR><LF>        RFC 4180, every cell in quotes; in UTF-8 behind a byte order mark
//! ```
//!
//! A spreadsheet takes a cell for a formula that begins with `=`, `+`, `-`, `@`, their full-width forms, the minus sign (which Shift_JIS has as a full-width `-`), a tab or a line break, some also behind
//! blanks, so that such a cell is written with an apostrophe before it. Out of scope: what stands in the cells.

/// What a table in UTF-8 begins with, so that spreadsheets read it as such.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

/// Writes a line behind `text`.
pub fn line(text: &mut String, cells: &[&str]) {
    for (position, cell) in cells.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        text.push_str(if is_formula(cell) { "\"'" } else { "\"" });
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
}

/// Whether a spreadsheet may take the cell for a formula.
fn is_formula(cell: &str) -> bool {
    let begins = cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\u{2212}']);
    begins || cell.starts_with(['\t', '\r', '\n'])
}
