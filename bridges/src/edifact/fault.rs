//! What breaks the syntax of EDIFACT (ISO 9735). Which segment it is, the place says.
//!
//! In scope: faults of service characters, nesting, counts and references. Out of scope: values, whose faults all networks share.

/// Why an interchange is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The input begins with neither UNA nor UNB.
    #[error("an interchange begins with UNA or UNB, and its element separator")]
    NoInterchange,
    /// Service characters that cannot be told from each other, or from data.
    #[error("the service characters after UNA must differ, and be neither letters, digits nor line breaks")]
    ServiceCharacters,
    /// A segment that nothing ends.
    #[error("the segment is not ended by the terminator {terminator:?}: was the interchange cut off?")]
    Unterminated {
        /// The terminator.
        terminator: char,
    },
    /// A segment longer than is read.
    #[error("the segment has more than {most} bytes or {most_components} components")]
    SegmentTooLarge {
        /// How many bytes it may have.
        most: usize,
        /// How many components.
        most_components: usize,
    },
    /// A tag that is none.
    #[error("a segment begins with a tag of three capital letters or digits")]
    Tag,
    /// The interchange ends before UNZ.
    #[error("the interchange ends without {wanted}: was it cut off?")]
    Ends {
        /// What would have ended what is open.
        wanted: &'static str,
    },
    /// A segment that may not stand there.
    #[error("{found} may not stand here; {wanted}")]
    Unexpected {
        /// Its tag.
        found: String,
        /// What may.
        wanted: &'static str,
    },
    /// A count that is not what was counted.
    #[error("{declared:?} {what} are declared, and {counted} are there: is something missing?")]
    Count {
        /// Of what.
        what: &'static str,
        /// As it stands, cut to 80 characters.
        declared: String,
        /// How many there are.
        counted: usize,
    },
    /// A reference at the end that is not the one at the beginning.
    #[error("the reference {found:?} is not {wanted:?}, with which this began")]
    Reference {
        /// As it stands, cut to 80 characters.
        found: String,
        /// The one at the beginning.
        wanted: String,
    },
    /// Two messages with one reference.
    #[error("the message reference {reference:?} stands twice, so that an answer could mean either")]
    DuplicateReference {
        /// The reference.
        reference: String,
    },
    /// A character set that is not read.
    #[error("the character set {identifier} is not read; send the interchange in UNOC or UNOY")]
    CharacterSet {
        /// Its syntax identifier.
        identifier: String,
    },
    /// A syntax version that does not exist.
    #[error("syntax versions are 1, 2, 3 and 4")]
    Version,
    /// Several values where one is wanted.
    #[error("the element is repeated; one value is wanted here")]
    Repeated,
    /// Something behind the end.
    #[error("something stands behind UNZ; send one interchange at a time")]
    Behind,
}
