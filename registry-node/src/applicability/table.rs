//! The rows of a statement of applicability, from a table as people keep it.
//!
//! Which columns are read, and which words they may hold, in English and Japanese, is here; the file is bounded before it is parsed.

use std::collections::BTreeSet;

use conformity::ids::RequirementId;

use super::{Fault, Implemented, Row, Stated, refused};

/// Most bytes of a file, and most rows: SP 800-53 r5 has 1,196 requirements.
pub const BYTES_MAX: u64 = 4 * 1024 * 1024;
/// See [`BYTES_MAX`].
pub const ROWS_MAX: usize = 5_000;
const COLUMNS_MAX: usize = 64;

/// By what names the columns go, folded.
const REQUIREMENT: &[&str] = &["requirement", "id", "control", "control id", "ref_id", "要求事項", "管理策"];
const APPLICABLE: &[&str] = &["applicable", "applicability", "適用"];
const JUSTIFICATION: &[&str] = &["justification", "reason", "rationale", "理由"];
const IMPLEMENTED: &[&str] = &["implemented", "implementation", "status", "実施"];
const VIEWPOINT: &[&str] = &["viewpoint", "観点"];

const YES: &[&str] = &["yes", "y", "true", "1", "x", "applicable", "implemented", "○", "はい", "適用", "実施済み"];
const NO: &[&str] = &[
    "no",
    "n",
    "false",
    "0",
    "n/a",
    "not applicable",
    "not implemented",
    "planned",
    "×",
    "いいえ",
    "適用外",
    "未実施",
];
const PARTLY: &[&str] = &["partial", "partly", "partially implemented", "△", "一部"];

/// Why a file is no statement of applicability.
#[derive(Debug, thiserror::Error)]
pub enum ApplicabilityError {
    /// More bytes than are read.
    #[error("a statement of applicability has at most {BYTES_MAX} bytes, not {0}")]
    TooLong(u64),
    /// Not UTF-8.
    #[error("the table is not UTF-8 at byte {0}; save it as CSV UTF-8")]
    NotUtf8(usize),
    /// No CSV.
    #[error("the table cannot be read: {0}")]
    Csv(#[from] csv::Error),
    /// A column that is needed is not there.
    #[error("the table has no column {0}; its first row names the columns requirement and applicable")]
    NoColumn(&'static str),
    /// Two columns by one meaning: which of them counts nobody can tell.
    #[error("the table has two columns that mean {0}")]
    TwoColumns(&'static str),
    /// More columns than are read.
    #[error("the table has more than {COLUMNS_MAX} columns")]
    TooWide,
    /// More rows than are read.
    #[error("the table has more than {ROWS_MAX} rows")]
    TooManyRows,
    /// None at all.
    #[error("the table has no row")]
    Empty,
}

/// Reads a table. Rows that cannot be understood are kept to be told with all others.
///
/// # Errors
/// It is no table, or too large.
pub fn read(bytes: &[u8]) -> Result<Stated, ApplicabilityError> {
    let length = bytes.len() as u64;
    if length > BYTES_MAX {
        return Err(ApplicabilityError::TooLong(length));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| ApplicabilityError::NotUtf8(error.valid_up_to()))?;
    let text = text.trim_start_matches('\u{feff}');
    let delimiter = delimiter(text.lines().next().unwrap_or_default());
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns = Columns::of(reader.headers()?)?;
    let mut stated = Stated::default();
    for (number, record) in (1..).zip(reader.records()) {
        let record = record?;
        if number > ROWS_MAX as u64 {
            return Err(ApplicabilityError::TooManyRows);
        }
        let requirement = record.get(columns.requirement).unwrap_or_default();
        match columns.row(number, &record) {
            Ok(row) => stated.rows.push(row),
            Err(fault) => stated.refused.push(refused(number, requirement, &fault)),
        }
    }
    if stated.rows.is_empty() && stated.refused.is_empty() {
        return Err(ApplicabilityError::Empty);
    }
    Ok(stated)
}

/// What parts the columns: spreadsheets write `;` where a comma parts decimals.
fn delimiter(header: &str) -> u8 {
    let count = |mark: char| header.matches(mark).count();
    let marks = [(',', b','), (';', b';'), ('\t', b'\t')];
    marks
        .into_iter()
        .max_by_key(|(mark, _)| count(*mark))
        .filter(|(mark, _)| count(*mark) > 0)
        .map_or(b',', |(_, byte)| byte)
}

/// Where the columns are.
struct Columns {
    count: usize,
    requirement: usize,
    applicable: usize,
    justification: Option<usize>,
    implemented: Option<usize>,
    viewpoint: Option<usize>,
}

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self, ApplicabilityError> {
        if header.len() > COLUMNS_MAX {
            return Err(ApplicabilityError::TooWide);
        }
        let found = |meaning: &'static str, names: &[&str]| {
            let named: BTreeSet<usize> =
                header.iter().enumerate().filter(|(_, name)| is_among(name, names)).map(|(place, _)| place).collect();
            if named.len() > 1 { Err(ApplicabilityError::TwoColumns(meaning)) } else { Ok(named.first().copied()) }
        };
        let needed = |meaning, names| found(meaning, names)?.ok_or(ApplicabilityError::NoColumn(meaning));
        Ok(Self {
            count: header.len(),
            requirement: needed("requirement", REQUIREMENT)?,
            applicable: needed("applicable", APPLICABLE)?,
            justification: found("justification", JUSTIFICATION)?,
            implemented: found("implemented", IMPLEMENTED)?,
            viewpoint: found("viewpoint", VIEWPOINT)?,
        })
    }

    fn row(&self, number: u64, record: &csv::StringRecord) -> Result<Row, Fault> {
        if record.len() != self.count {
            return Err(Fault::Fields { found: record.len(), columns: self.count });
        }
        let cell = |place: Option<usize>| place.and_then(|place| record.get(place)).unwrap_or_default();
        let requirement: RequirementId = cell(Some(self.requirement))
            .parse()
            .map_err(|error: conformity::ids::NameError| Fault::Name(error.to_string()))?;
        let (justification, viewpoint) = (cell(self.justification), cell(self.viewpoint));
        Ok(Row {
            number,
            requirement,
            applies: applies(cell(Some(self.applicable)))?,
            implemented: self.implemented.map(|place| implemented(cell(Some(place)))).transpose()?,
            justification: match one_line(justification).as_str() {
                "" => None,
                text => Some(
                    text.parse()
                        .map_err(|error: conformity::text::TextError| Fault::Justification(error.to_string()))?,
                ),
            },
            viewpoint: match viewpoint {
                "" => None,
                text => Some(text.parse().map_err(|_| Fault::Viewpoint(cut(text)))?),
            },
        })
    }
}

fn applies(text: &str) -> Result<bool, Fault> {
    match (is_among(text, YES), is_among(text, NO)) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(Fault::Applicable(cut(text))),
    }
}

fn implemented(text: &str) -> Result<Implemented, Fault> {
    match text {
        "" => Ok(Implemented::Unsaid),
        text if is_among(text, YES) => Ok(Implemented::InFull),
        text if is_among(text, PARTLY) => Ok(Implemented::InPart),
        text if is_among(text, NO) => Ok(Implemented::Not),
        text => Err(Fault::Implemented(cut(text))),
    }
}

fn is_among(text: &str, words: &[&str]) -> bool {
    let folded = text.trim().to_lowercase();
    words.contains(&folded.as_str())
}

/// A cell may have several lines; a text has one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}
