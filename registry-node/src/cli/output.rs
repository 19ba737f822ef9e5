//! What the command line prints: text for people, one JSON value for programs (`--json`), progress on a terminal only.
//! The one module that writes to standard output and error; and files for their owner's eyes.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use conformity::words::{self, Language, Params};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Prints `value` as JSON when `json`, else the lines that `text` makes of it.
///
/// # Errors
/// When the value has no JSON form, or nobody reads it any more.
pub fn print<T: Serialize>(json: bool, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
    let text = if json { serde_json::to_string(value)? } else { text(value) };
    Ok(line(text.trim_end())?)
}

/// Prints a line at once.
///
/// # Errors
/// When nobody reads it any more.
pub fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Whether the reader of our output went away, which is no failure of ours to report.
pub fn is_reader_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Says something on standard error; when nobody listens there, there is nobody left to tell.
fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says something that is not the answer: to standard error, so that pipes stay clean.
pub fn note(text: &str) {
    say(text);
}

/// Reports a failure: each cause on a line, or a JSON object on standard error.
pub fn failure(error: &anyhow::Error, json: bool) {
    if json {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        say(&serde_json::json!({ "error": causes }).to_string());
        return;
    }
    say(&format!("error: {error}"));
    for cause in error.chain().skip(1) {
        say(&format!("  because: {cause}"));
    }
}

/// Writes a file for its owner's eyes only: it may hold what a credential keeps back.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// A progress bar over `total` steps; silent when standard error is not a terminal or `json` is asked for.
pub fn progress(total: u64, what: &str, json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// In which language a command answers: said once, before it does anything.
static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// From now on headings and labels are in `language`; who says it later is not heard.
pub fn speak(language: Language) {
    let _ = LANGUAGE.set(language);
}

/// What stands around an answer under this code, in the language of the command.
pub fn label(code: &str, params: &Params) -> String {
    words::label(code, LANGUAGE.get().copied().unwrap_or_default(), params)
}

/// A heading in the language of the command; as it is where there is no other word for it.
fn heading(name: &str) -> String {
    let told = label(&format!("heading-{}", name.to_lowercase().replace(' ', "-")), &Params::default());
    if told.is_empty() { name.to_owned() } else { told.to_uppercase() }
}

/// Rows under headings, columns aligned.
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let headings = headings.map(heading);
    let headings = headings.each_ref().map(String::as_str);
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let render = |cells: [&str; N]| {
        let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let body = rows.iter().map(|row| render(std::array::from_fn(|column| row[column].as_str())));
    std::iter::once(render(headings)).chain(body).collect::<Vec<_>>().join("\n")
}

/// JSON objects as a table: an array of them, or the first array inside an answer. A column is a member, `/` leads into
/// nested objects, `name=` gives it another heading. What is not there is a dash.
pub fn rows<const N: usize>(answer: &serde_json::Value, columns: [&'static str; N]) -> String {
    let inside = answer.as_object().and_then(|object| object.values().find_map(serde_json::Value::as_array));
    let items = answer.as_array().or(inside).map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        return label("none-listed", &Params::default());
    }
    let last = |column: &'static str| column.rsplit('/').next().unwrap_or(column);
    let columns = columns.map(|column| column.split_once('=').unwrap_or((last(column), column)));
    let rows: Vec<[String; N]> = items.iter().map(|item| columns.map(|(_, member)| cell(item, member))).collect();
    let headings = columns.map(|(heading, _)| heading.to_uppercase());
    table(headings.each_ref().map(String::as_str), &rows)
}

/// The member of an object that `column` leads to, as text; a dash where there is none.
pub fn cell(item: &serde_json::Value, column: &str) -> String {
    match item.pointer(&format!("/{column}")) {
        None | Some(serde_json::Value::Null) => "-".to_owned(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Array(values)) => values
            .iter()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(","),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_lines_do_not_trail() {
        let rows = [["jp".to_owned(), "12".to_owned()], ["asean".to_owned(), "3".to_owned()]];
        assert_eq!(table(["PEER", "SIZE"], &rows), "PEER   SIZE\njp     12\nasean  3");
    }

    #[test]
    fn objects_become_rows() {
        let answer = serde_json::json!({ "next": null, "parties": [
            { "party": { "id": "cb-1", "roles": ["a", "b"] }, "size": 3 }, { "party": { "id": "x" } }] });
        assert_eq!(
            rows(&answer, ["party/id", "may=party/roles", "size"]),
            "ID    MAY  SIZE\ncb-1  a,b  3\nx     -    -"
        );
        assert_eq!(rows(&serde_json::json!([]), ["id"]), "(none)");
    }
}
