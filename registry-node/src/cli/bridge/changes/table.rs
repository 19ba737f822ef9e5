//! Events as lines of a table.
//!
//! ```text
//! id             of the event: log index, and the position in the entry          change     what happened, such as verdict.suspended
//! time           when it was sequenced                                           about      the verdict or bulletin
//! supplier       its name                                                        identifiers   all of its supplier's, with spaces between
//! scheme, level, state, valid_until   of the verdict behind the change           effective  since when it counts
//! reason, reason_text                 why, as a code and in the body's words     by         who said so
//! text           all of it in words, in the language asked for                   entry      the entry of the log, base64
//! proof          where the proof of the verdict is
//! ```
//!
//! Out of scope: bare entries, which say nothing to who may not know more; and the form of cells (`bridges::table`).

use std::fmt;

use bridges::table::{BYTE_ORDER_MARK, line};
use clap::ValueEnum;
use encoding_rs::SHIFT_JIS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::standing::escape;
use crate::core::event::{BARE, TYPE_PREFIX};

const COLUMNS: [&str; 17] = [
    "id",
    "time",
    "change",
    "about",
    "supplier",
    "identifiers",
    "scheme",
    "level",
    "state",
    "valid_until",
    "effective",
    "reason",
    "reason_text",
    "by",
    "text",
    "entry",
    "proof",
];
/// What stands for a letter that an encoding does not have: as printers of Japan have it (下駄).
const GETA: char = '〓';

/// In which bytes a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(super) enum Encoding {
    /// With a byte order mark
    #[value(name = "utf-8")]
    #[serde(rename = "utf-8")]
    Utf8,
    /// As Windows in Japan has it; a letter that it lacks becomes 〓
    #[value(name = "shift-jis")]
    #[serde(rename = "shift-jis")]
    ShiftJis,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "utf-8",
            Self::ShiftJis => "shift-jis",
        })
    }
}

/// What is read of an event.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    r#type: String,
    #[serde(default)]
    subject: Option<String>,
    time: String,
    source: String,
    entry: String,
    pub(super) data: Value,
    #[serde(default)]
    text: String,
}

impl Event {
    /// What happened, such as `verdict.suspended`.
    pub(super) fn kind(&self) -> &str {
        self.r#type.strip_prefix(TYPE_PREFIX).unwrap_or(&self.r#type)
    }

    /// Whether it says anything.
    pub(super) fn is_change(&self) -> bool {
        self.kind() != BARE
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let at = |pointers: &[&str], read: fn(&Value) -> Option<&str>| {
            pointers.iter().find_map(|pointer| read(self.data.pointer(pointer)?)).unwrap_or_default().to_owned()
        };
        let cell = |pointers: &[&str]| at(pointers, Value::as_str);
        [
            self.id.clone(),
            self.time.clone(),
            self.kind().to_owned(),
            self.subject.clone().unwrap_or_default(),
            cell(&["/supplier/name", "/recognition/supplier/name"]),
            self.identifiers(),
            cell(&["/scheme", "/recognition/scheme"]),
            cell(&["/after/level", "/recognition/level"]),
            at(&["/after/state", "/recognition/state"], state),
            cell(&["/after/validUntil", "/recognition/validUntil"]),
            cell(&["/effective"]),
            cell(&["/reason/code"]),
            cell(&["/reason/text", "/reason", "/recognition/explanation"]),
            cell(&["/by"]),
            self.text.clone(),
            self.entry.clone(),
            self.proof(),
        ]
    }

    fn identifiers(&self) -> String {
        let supplier = ["/supplier", "/recognition/supplier"].iter().find_map(|pointer| self.data.pointer(pointer));
        let Some(supplier) = supplier else { return String::new() };
        let others = supplier["others"].as_array().into_iter().flatten();
        std::iter::once(&supplier["id"]).chain(others).filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Where the proof is of the verdict that it is about.
    fn proof(&self) -> String {
        let of_verdict = self.data.pointer("/verdict").or_else(|| self.data.pointer("/recognition/verdict"));
        let verdict = of_verdict.and_then(Value::as_str);
        verdict.map_or_else(String::new, |verdict| format!("{}/v1/verdicts/{}/proof", self.source, escape(verdict)))
    }
}

/// The name of a state: one that has members besides is an object of one.
fn state(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) if members.len() == 1 => members.keys().next().map(String::as_str),
        _ => value.as_str(),
    }
}

/// The table of these events.
pub(super) fn table(events: &[&Event], encoding: Encoding) -> Vec<u8> {
    let mut text = String::new();
    line(&mut text, &COLUMNS);
    for event in events {
        line(&mut text, &event.cells().each_ref().map(String::as_str));
    }
    match encoding {
        Encoding::Utf8 => format!("{BYTE_ORDER_MARK}{text}").into_bytes(),
        Encoding::ShiftJis => shift_jis(&text),
    }
}

/// In Windows-31J, which has the wave dash, the dash and the double line of JIS by other letters of Unicode.
fn shift_jis(text: &str) -> Vec<u8> {
    let as_windows = |letter| match letter {
        '\u{301c}' => '\u{ff5e}',
        '\u{2014}' => '\u{2015}',
        '\u{2016}' => '\u{2225}',
        other => other,
    };
    let text: String = text.chars().map(as_windows).collect();
    let (bytes, _, lacks) = SHIFT_JIS.encode(&text);
    if !lacks {
        return bytes.into_owned();
    }
    let has = |letter: char| !SHIFT_JIS.encode(letter.encode_utf8(&mut [0; 4])).2;
    let plain: String = text.chars().map(|letter| if has(letter) { letter } else { GETA }).collect();
    SHIFT_JIS.encode(&plain).0.into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn event(data: &Value) -> Event {
        serde_json::from_value(json!({
            "specversion": "1.0", "id": "12", "type": "org.secure-trust-registry.verdict.suspended", "subject": "jp:V-1",
            "time": "2026-11-23T09:00:00Z", "entry": "AQIA", "source": "https://x:1", "registry": "jp", "logindex": "12",
            "data": data, "text": "=一時停止されました", "textlang": "ja"
        }))
        .unwrap()
    }

    fn suspended() -> Event {
        event(&json!({
            "verdict": "jp:V-1", "supplier": { "id": "lei:5493001KJTIIGC8Y1R12", "name": "髙橋 \"Works\"", "others": ["duns:150483782"] },
            "scheme": "demo@1", "reason": { "code": "finding", "text": "-1 day" }, "effective": "2026-11-22T00:00:00Z", "by": "cb-1",
            "after": { "state": { "suspended": { "from": "granted" } }, "level": "star-4", "validUntil": "2028-12-31" }
        }))
    }

    #[test]
    fn an_event_is_a_line_that_no_spreadsheet_takes_for_a_formula() {
        let written = String::from_utf8(table(&[&suspended()], Encoding::Utf8)).unwrap();
        let expected = "\u{feff}\"id\",\"time\",\"change\",\"about\",\"supplier\",\"identifiers\",\"scheme\",\"level\",\"state\",\
            \"valid_until\",\"effective\",\"reason\",\"reason_text\",\"by\",\"text\",\"entry\",\"proof\"\r\n\
            \"12\",\"2026-11-23T09:00:00Z\",\"verdict.suspended\",\"jp:V-1\",\"髙橋 \"\"Works\"\"\",\
            \"lei:5493001KJTIIGC8Y1R12 duns:150483782\",\"demo@1\",\"star-4\",\"suspended\",\"2028-12-31\",\
            \"2026-11-22T00:00:00Z\",\"finding\",\"'-1 day\",\"cb-1\",\"'=一時停止されました\",\"AQIA\",\
            \"https://x:1/v1/verdicts/jp%3AV%2D1/proof\"\r\n";
        assert_eq!(written, expected);
    }

    #[test]
    fn a_letter_that_shift_jis_lacks_is_seen_to_be_missing() {
        let written = table(&[&suspended()], Encoding::ShiftJis);
        let (read, _, broken) = SHIFT_JIS.decode(&written);
        assert!(!broken && read.starts_with("\"id\"") && read.contains("髙橋"), "{read}");
        let mut lacking = suspended();
        lacking.data["supplier"]["name"] = json!("森鷗外 한국");
        let written = table(&[&lacking], Encoding::ShiftJis);
        let read = SHIFT_JIS.decode(&written).0;
        assert!(read.contains("\"森〓外 〓〓\""), "{read}");
    }

    #[test]
    fn no_letter_becomes_the_beginning_of_a_formula_in_shift_jis() {
        let cell = |text: &str| {
            let mut written = String::new();
            line(&mut written, &[text]);
            written
        };
        let is_formula = |text: &str| cell(text).starts_with("\"'");
        assert!(is_formula("\u{2212}1"));
        for letter in (' '..=char::MAX).map(|letter| letter.to_string()) {
            let bytes = shift_jis(&letter);
            let read = SHIFT_JIS.decode(&bytes).0;
            assert!(!is_formula(&read) || is_formula(&letter), "{letter:?} is read as {read:?}");
        }
        let read = SHIFT_JIS.decode(&shift_jis("あ〜—‖")).0.into_owned();
        assert_eq!(read, "あ～―∥");
    }

    #[test]
    fn a_reason_without_text_has_none_and_one_that_is_text_is_it() {
        let reason = |reason: Value| {
            let cells = event(&json!({"reason": reason})).cells();
            [cells[11].clone(), cells[12].clone()]
        };
        assert_eq!(reason(json!({"code": "major-nonconformity"})), ["major-nonconformity", ""]);
        assert_eq!(reason(json!({"code": "finding", "text": "Late."})), ["finding", "Late."]);
        assert_eq!(reason(json!("Late.")), ["", "Late."]);
    }

    #[test]
    fn a_recognition_and_what_is_no_verdict_have_their_lines() {
        let foreign = event(&json!({"cause": {}, "recognition": {
            "verdict": "eu:V-9", "supplier": { "id": "lei:5493001KJTIIGC8Y1R12", "name": "Works" }, "scheme": "eu-demo@1",
            "state": "granted", "outcome": "recognised", "explanation": "It counts." }}));
        let cells = foreign.cells();
        assert_eq!((cells[5].as_str(), cells[8].as_str()), ("lei:5493001KJTIIGC8Y1R12", "granted"));
        assert_eq!(
            (cells[12].as_str(), cells[16].as_str()),
            ("It counts.", "https://x:1/v1/verdicts/eu%3AV%2D9/proof")
        );
        let other = event(&json!({"arrangement": "A-1", "by": "jp"})).cells();
        assert_eq!((other[5].as_str(), other[13].as_str(), other[16].as_str()), ("", "jp", ""));
    }
}
