//! What a writer sends: a statement and what it refers to, in one of three forms.
//!
//! ```text
//! application/jose        <compact JWS>
//! application/dc+sd-jwt   <compact JWS> ~ <disclosure> ~ …
//! application/json        {"statement": "<compact JWS>", "attachments": ["<base64>", …]}
//! application/x-ndjson    one of either to a line
//! ```
//!
//! Out of scope: what the statement says, and whether its signature is good (intake).

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::code;
use crate::problem::Problem;

/// Most attachments that are read of one statement; which one it may bring, and no other, intake decides.
const MAX_ATTACHMENTS: usize = 4;

/// A statement on its way to intake. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Submission {
    /// The compact JWS, with its disclosures where it is a credential.
    pub(super) statement: Bytes,
    /// What it refers to by digest.
    pub(super) attachments: Vec<Bytes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    #[serde(borrow)]
    statement: Cow<'a, str>,
    #[serde(borrow, default)]
    attachments: Few<'a>,
}

/// A short list: millions of empty strings fit into one body.
#[derive(Default)]
struct Few<'a>(Vec<Text<'a>>);

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Submission {
    /// Reads `application/jose` and `application/dc+sd-jwt`. White space at the end, as editors leave it, is not part of the statement.
    pub(super) fn from_jose(body: Bytes) -> Submission {
        let end = body.trim_ascii_end().len();
        Submission { statement: body.slice(..end), attachments: Vec::new() }
    }

    /// Reads `application/json`.
    pub(super) fn from_json(body: &[u8]) -> Result<Submission, Problem> {
        let wire: Wire<'_> = serde_json::from_slice(body).map_err(code::bad_body)?;
        let attachments = wire.attachments.0.iter().map(|Text(text)| STANDARD.decode(text.as_bytes()).map(Bytes::from));
        Ok(Submission {
            attachments: attachments.collect::<Result<_, _>>().map_err(|error| {
                code::bad_attachment(format_args!("an attachment is not base64 with padding: {error}"))
            })?,
            statement: Bytes::copy_from_slice(wire.statement.as_bytes()),
        })
    }

    /// Reads a line of `application/x-ndjson`, which is not blank.
    pub(super) fn from_line(line: Bytes) -> Result<Submission, Problem> {
        let trimmed = line.trim_ascii();
        match trimmed.first() {
            Some(b'{') => Submission::from_json(trimmed),
            _ => Ok(Submission { statement: line.slice_ref(trimmed), attachments: Vec::new() }),
        }
    }

    /// Bytes that it holds.
    pub(super) fn len(&self) -> usize {
        self.statement.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Few<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Few<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {MAX_ATTACHMENTS} attachments in base64")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Few<'de>, A::Error> {
                let mut few = Vec::new();
                while let Some(text) = list.next_element()? {
                    if few.len() == MAX_ATTACHMENTS {
                        return Err(A::Error::invalid_length(MAX_ATTACHMENTS + 1, &self));
                    }
                    few.push(text);
                }
                Ok(Few(few))
            }
        }

        deserializer.deserialize_seq(Read)
    }
}
