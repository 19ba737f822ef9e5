//! What is answered: how each party of a document stands, as the caller found it.
//!
//! In scope: the values that every network's answer is made of, bounded, and what keeps an answer from being written. Out of scope:
//! how it was found, and each network's form.

use jiff::Timestamp;
use procurement::Advice;

use crate::Document;

/// The most characters of an explanation: five lines of 70, what a free text of EDIFACT carries.
pub const EXPLANATION_MAX: usize = 350;
/// The most characters of a reference to a proof.
pub const PROOF_MAX: usize = 300;
/// The most findings in one answer.
pub const FINDINGS_MAX: usize = 10_000;

/// An answer to one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it is called: 1 to 14 letters, digits and hyphens, the longest that an interchange of EDIFACT carries.
    pub reference: String,
    /// Its UUID in lower case, for networks that name messages so.
    pub uuid: String,
    /// When it was made.
    pub made: Timestamp,
    /// How the parties stand, each one's most important finding first.
    pub findings: Vec<Finding>,
}

/// What was found of one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whom it is about, as an answer may show it: an identifier's value, as it stood in the document.
    pub party: String,
    /// What is stated.
    pub stated: Stated,
}

/// What is stated of a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// What is advised.
    pub advice: Advice,
    /// Why, in words for a person.
    pub explanation: String,
    /// Where it can be proven: an address or identifier of a bundle.
    pub proof: String,
    /// As of when.
    pub as_of: Timestamp,
}

/// The word for an advice, the same as in requests and answers elsewhere.
pub(crate) const fn word(advice: Advice) -> &'static str {
    match advice {
        Advice::Go => "go",
        Advice::Notice => "notice",
        Advice::Conditional => "conditional",
        Advice::Stop => "stop",
    }
}

/// Why an answer cannot be written. The blame is the caller's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// It says nothing.
    #[error("an answer without a finding says nothing")]
    NoFinding,
    /// It says too much for one answer.
    #[error("{found} findings; at most {most} fit into one answer")]
    TooMany {
        /// How many there are.
        found: usize,
        /// How many may be.
        most: usize,
    },
    /// A text that is empty or too long.
    #[error("{what} has {found} characters; write 1 to {most}")]
    Length {
        /// Which.
        what: &'static str,
        /// How many it has.
        found: usize,
        /// How many it may have.
        most: usize,
    },
    /// A reference with other characters than letters, digits and hyphens.
    #[error("the answer's reference may have letters, digits and hyphens only")]
    Reference,
    /// Characters that the asker's system cannot read.
    #[error("{what} has {found:?}, which {set} does not have; word it in letters that the asker's character set has")]
    Characters {
        /// Which text.
        what: &'static str,
        /// The first such character.
        found: char,
        /// The set.
        set: String,
    },
    /// A document that tells no address to answer to.
    #[error("the document names no {what}, so that nobody can be answered")]
    NoAddress {
        /// Whose address.
        what: &'static str,
    },
    /// A kind of document that its network has no answer for.
    #[error("a document of the form {form:?} is not answered: answering answers would go round")]
    NotAnswered {
        /// Its form.
        form: String,
    },
    /// A document of another network.
    #[error("the document came from another network")]
    OtherNetwork,
    /// What another form says may not be written.
    #[error("{what} is not as the form asks for it: {wanted}")]
    Form {
        /// Which value.
        what: &'static str,
        /// What would be right.
        wanted: &'static str,
    },
}

impl Answer {
    /// Refuses what no form could carry, and what is not an answer to `document`.
    pub(crate) fn check(&self, document: &Document, network: crate::Network) -> Result<(), Unanswerable> {
        if document.network != network {
            return Err(Unanswerable::OtherNetwork);
        }
        if self.findings.is_empty() {
            return Err(Unanswerable::NoFinding);
        }
        if self.findings.len() > FINDINGS_MAX {
            return Err(Unanswerable::TooMany { found: self.findings.len(), most: FINDINGS_MAX });
        }
        length("the answer's reference", &self.reference, 14)?;
        if !self.reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(Unanswerable::Reference);
        }
        if !is_uuid(&self.uuid) {
            return Err(Unanswerable::Form { what: "the answer's UUID", wanted: "a UUID in lower case" });
        }
        self.findings.iter().try_for_each(|finding| {
            length("the party", &finding.party, 70)?;
            length("the explanation", &finding.stated.explanation, EXPLANATION_MAX)?;
            length("the proof", &finding.stated.proof, PROOF_MAX)
        })
    }
}

/// Eight, four, four, four and twelve lower-case hexadecimal digits.
pub(crate) fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| is_hex(part))
}

/// Refuses an empty or overlong text, and one with control characters, which would end lines and segments of the form.
pub(crate) fn length(what: &'static str, text: &str, most: usize) -> Result<(), Unanswerable> {
    if let Some(found) = text.chars().find(|character| character.is_control()) {
        return Err(Unanswerable::Characters { what, found, set: "a line of text".to_owned() });
    }
    match text.chars().count() {
        found if found == 0 || found > most => Err(Unanswerable::Length { what, found, most }),
        _ => Ok(()),
    }
}
