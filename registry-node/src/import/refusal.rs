//! Why one row did not become what its list's other rows became.
//!
//! Every refusal names the row and a reason; together with what was planned they account for every row of the source.

use conformity::ids::VerdictId;
use conformity::time::Day;
use conformity::verdict::StateName;

use super::rows::Place;

/// Why a row was refused. The operator reads these; each says what is wrong with which value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Another number of fields than the heading.
    #[error("the row has {found} fields, the heading {expected}")]
    Ragged {
        /// Fields of the heading.
        expected: usize,
        /// Fields of the row.
        found: usize,
    },
    /// A JSON row that is no object.
    #[error("the row is not an object")]
    NotAnObject,
    /// A JSON value where a scalar or a list of scalars was expected.
    #[error("{from} holds an object, not a value")]
    NotAValue {
        /// Where in the row.
        from: String,
    },
    /// A JSON row nested deeper than any list's.
    #[error("the row nests deeper than {limit}")]
    TooDeep {
        /// What is read.
        limit: usize,
    },
    /// A JSON row of more values than any list's.
    #[error("the row holds more than {limit} values")]
    TooManyValues {
        /// What is read.
        limit: usize,
    },
    /// A value longer than any fact.
    #[error("{from} has {bytes} bytes; at most {limit} are read")]
    TooLong {
        /// Where in the row.
        from: String,
        /// Its length.
        bytes: usize,
        /// What is read.
        limit: usize,
    },
    /// A value that is needed is not there.
    #[error("{field} is missing ({from} is empty)")]
    Missing {
        /// What it would have been.
        field: &'static str,
        /// Where in the row.
        from: String,
    },
    /// A value that is no day.
    #[error("{field}: {value:?} is not a day")]
    NotADay {
        /// What it would have been.
        field: &'static str,
        /// The value.
        value: String,
    },
    /// A value that the mapping does not know.
    #[error("{field}: the mapping has no entry for {value:?}")]
    Unmapped {
        /// What it would have been.
        field: &'static str,
        /// The value.
        value: String,
    },
    /// A value that the register's own types refuse.
    #[error("{field}: {why}")]
    Unacceptable {
        /// What it would have been.
        field: &'static str,
        /// Why.
        why: String,
    },
    /// Neither a level nor anything that stands for one.
    #[error("the row names neither a level nor a protection profile")]
    NoLevel,
    /// The list itself says that nothing was decided (yet).
    #[error("{status:?} is no verdict")]
    NotAVerdict {
        /// The status as published.
        status: String,
    },
    /// The section holds other facts than verdicts.
    #[error("{why}")]
    OtherFact {
        /// What they are.
        why: String,
    },
    /// The same content as an earlier row.
    #[error("it says the same as {first}")]
    Repeats {
        /// The earlier row.
        first: Place,
    },
    /// The same identity as an earlier row, but another content: the list contradicts itself.
    #[error("it contradicts {first}, which has the same identity")]
    Contradicts {
        /// The earlier row.
        first: Place,
    },
    /// A fact about something that is not in the list, or was refused.
    #[error("no verdict of this list is {verdict}")]
    NoSuchVerdict {
        /// The id it would have.
        verdict: VerdictId,
    },
    /// Days in an order that cannot be.
    #[error("{later} ({late}) lies before {earlier} ({early})")]
    Order {
        /// The day that must not come later.
        earlier: &'static str,
        /// Its value.
        early: Day,
        /// The day that must not come earlier.
        later: &'static str,
        /// Its value.
        late: Day,
    },
    /// The register holds a verdict of this id that was not transcribed from this list.
    #[error("the register already holds {verdict}, which is not transcribed from this list")]
    IdTaken {
        /// The id.
        verdict: VerdictId,
    },
    /// The register holds the verdict in a state that nothing leaves towards what the list now says.
    #[error("the register holds {verdict} as {held}; the list's {listed} cannot follow")]
    CannotFollow {
        /// The verdict.
        verdict: VerdictId,
        /// Its state.
        held: StateName,
        /// What the list says.
        listed: &'static str,
    },
    /// More maintenances than a register takes up.
    #[error("its verdict has {limit} maintenances already, more than any product has")]
    TooManyMaintenances {
        /// What is taken.
        limit: usize,
    },
    /// More acceptances than a register takes up.
    #[error("{verdict} is accepted as evidence {limit} times already; a register takes no more")]
    TooManyAcceptances {
        /// The verdict.
        verdict: VerdictId,
        /// What is taken.
        limit: usize,
    },
    /// A maintenance of what is over: the register takes none, and the list does not say how it ended.
    #[error("it was over on {until}, so its maintenance can no longer be stated")]
    MaintainedThenOver {
        /// Its last day.
        until: Day,
    },
    /// A day that has not come yet.
    #[error("{field} ({day}) lies in the future")]
    Future {
        /// What it is.
        field: &'static str,
        /// Its value.
        day: Day,
    },
}

impl Reason {
    /// A value that the register's own types refuse, in their words.
    pub(crate) fn unacceptable(field: &'static str, error: &dyn std::fmt::Display) -> Self {
        Self::Unacceptable { field, why: error.to_string() }
    }

    /// A stable code for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ragged { .. } => "ragged",
            Self::NotAnObject => "not-an-object",
            Self::NotAValue { .. } => "not-a-value",
            Self::TooDeep { .. } => "too-deep",
            Self::TooManyValues { .. } => "too-many-values",
            Self::TooLong { .. } => "too-long",
            Self::Missing { .. } => "missing",
            Self::NotADay { .. } => "not-a-day",
            Self::Unmapped { .. } => "unmapped",
            Self::Unacceptable { .. } => "unacceptable",
            Self::NoLevel => "no-level",
            Self::NotAVerdict { .. } => "not-a-verdict",
            Self::OtherFact { .. } => "other-fact",
            Self::Repeats { .. } => "repeats",
            Self::Contradicts { .. } => "contradicts",
            Self::NoSuchVerdict { .. } => "no-such-verdict",
            Self::Order { .. } => "order",
            Self::IdTaken { .. } => "id-taken",
            Self::CannotFollow { .. } => "cannot-follow",
            Self::TooManyMaintenances { .. } => "too-many-maintenances",
            Self::TooManyAcceptances { .. } => "too-many-acceptances",
            Self::MaintainedThenOver { .. } => "maintained-then-over",
            Self::Future { .. } => "future",
        }
    }
}
