//! Why a whole source cannot be imported. Nothing of such a source is planned: half a list would be worse than none.
//!
//! What is wrong with one row stands in [`super::refusal`].

use std::io;

/// Why a source was refused as a whole. Each message says what the operator can do.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Reading failed.
    #[error("the source could not be read: {0}")]
    Read(#[source] io::Error),
    /// More bytes than an import reads.
    #[error("the source is larger than {limit} bytes: split it and import the parts")]
    TooLarge {
        /// What is read at most.
        limit: u64,
    },
    /// More rows than an import reads.
    #[error("the source has more than {limit} rows: split it and import the parts")]
    TooManyRows {
        /// What is read at most.
        limit: u64,
    },
    /// A record longer than any.
    #[error("a record is longer than {limit} bytes: is a quotation mark left open before it?")]
    RecordTooLarge {
        /// What is read at most.
        limit: usize,
    },
    /// More columns than a table may have.
    #[error("the table has more than {limit} columns: this is not the list that the mapping describes")]
    TooManyColumns {
        /// What is read at most.
        limit: usize,
    },
    /// A byte sequence outside the encoding that the mapping names.
    #[error(
        "the source is not {encoding} at about byte {offset}: set input.encoding in the mapping to what the list is written in"
    )]
    Encoding {
        /// The encoding that was expected.
        encoding: &'static str,
        /// Where it stopped being so.
        offset: u64,
    },
    /// Damaged CSV.
    #[error("the source is not readable as CSV: {0}")]
    Csv(#[source] csv::Error),
    /// Damaged JSON, or JSON of another shape.
    #[error("the source is not readable as JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// Damaged XML.
    #[error("the source is not readable as XML: {0}")]
    Xml(#[source] quick_xml::Error),
    /// A document type, or an entity that only one could define.
    #[error("the source declares or uses {what:?}: lists have no document type and no entities of their own")]
    Entity {
        /// Its beginning.
        what: String,
    },
    /// Elements nested deeper than in any list.
    #[error("the source nests elements deeper than {limit}")]
    TooDeep {
        /// What is read at most.
        limit: usize,
    },
    /// XML of another kind, or cut off.
    #[error("the source is no whole trusted list (ETSI TS 119 612): is it the list that the mapping describes?")]
    NotATrustedList,
    /// A source of another format than the mapping says.
    #[error(
        "the source looks like {found}, but the mapping expects {expected}: give the list in that format, or another mapping"
    )]
    OtherFormat {
        /// What it looks like.
        found: &'static str,
        /// What the mapping expects.
        expected: &'static str,
    },
    /// A table without column names.
    #[error("the table has rows before any heading: the mapping cannot tell its columns apart")]
    NoHeader,
    /// No such table in the page.
    #[error("the page has no table with id {table:?} and headings: is it the list that the mapping describes?")]
    NoTable {
        /// Its id.
        table: String,
    },
    /// No such array in the document.
    #[error("the document has nothing at {pointer:?}: is it the list that the mapping describes?")]
    NoSection {
        /// The section's pointer.
        pointer: String,
    },
    /// A column that the mapping reads is not there.
    #[error("the table has no column {column:?} (it has: {}): is it the list that the mapping describes?", known.join(", "))]
    NoColumn {
        /// The column.
        column: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A column name that stands for two columns.
    #[error("the table has two columns named {column:?}: rename one of them")]
    DoubleColumn {
        /// The name.
        column: String,
    },
    /// The register holds a scheme of this name that the list's verdicts do not fit.
    #[error(
        "the register publishes another {name} than the mapping describes ({why}): use its levels and viewpoints, or give the scheme another version in the mapping"
    )]
    HeldScheme {
        /// The scheme.
        name: String,
        /// What does not fit.
        why: String,
    },
    /// The register holds another document of this name.
    #[error(
        "the register already publishes another {name}: a published version never changes, so give this one another version"
    )]
    HeldVersion {
        /// The document.
        name: String,
    },
    /// A name that this module makes was refused by the register's own grammar.
    #[error("{what} could not be made; this is a fault of the program, please report it")]
    Internal {
        /// Which.
        what: &'static str,
    },
    /// Retrieved after the import.
    #[error("the list cannot have been retrieved on {retrieved}, after {today}: give the day on which it was fetched")]
    RetrievedLater {
        /// What was given.
        retrieved: conformity::time::Day,
        /// The day of the import.
        today: conformity::time::Day,
    },
}

impl ImportError {
    /// Gets back what the bounded reader said through a parser's [`io::Error`].
    pub(crate) fn from_io(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Read)
    }

    pub(crate) fn from_csv(error: csv::Error) -> Self {
        if !error.is_io_error() {
            return Self::Csv(error);
        }
        match error.into_kind() {
            csv::ErrorKind::Io(inner) => Self::from_io(inner),
            // `is_io_error` holds exactly for the case above.
            _ => Self::Read(io::ErrorKind::Other.into()),
        }
    }

    pub(crate) fn from_json(error: serde_json::Error) -> Self {
        if error.is_io() { Self::from_io(error.into()) } else { Self::Json(error) }
    }
}
