//! A question of the Trust Registry Query Protocol v2, as it is sent.
//!
//! ```text
//! {"entity_id": "…", "authority_id": "…", "action": "…", "resource": "…", "context": {"time": "…Z", "…": "…"}}
//! ```
//!
//! Both kinds of question have this form. It is read as their schemas say: the four names are needed, the context may be
//! left out and holds strings only, unknown members beside them are passed over. Beyond the schemas there are bounds, and no
//! name may be given twice. Out of scope: what the names mean, see `trust_query`.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Buf;
use conformity::time::instant;
use futures_util::Stream;
use jiff::Timestamp;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use warp::http::HeaderMap;
use warp::reply::Response;

use super::answer::JSON;
use super::ask::Ask;
use super::body::{self, Bounds};
use super::code;
use super::room;
use super::route::Handler;
use super::site::{Purpose, Site};
use crate::problem::Problem;

/// Most bytes of a question.
pub(super) const MAX_QUESTION: usize = 8 * 1024;
/// Most bytes of one string in it.
pub(super) const MAX_STRING: usize = 1024;
/// Most members of its context.
pub(super) const MAX_CONTEXT: usize = 16;
/// Seconds in which it must have come.
const QUESTION_SECONDS: u64 = 10;

/// What is asked.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Question {
    /// Of whom.
    pub(super) entity_id: Short,
    /// Whose word is asked for.
    pub(super) authority_id: Short,
    /// To do what.
    pub(super) action: Short,
    /// With what.
    pub(super) resource: Short,
    /// What else was said.
    #[serde(default, deserialize_with = "present")]
    pub(super) context: Option<Context>,
}

/// A string within bounds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Short(String);

/// What was said beside the question: strings by name.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Context(BTreeMap<Short, Short>);

/// Reads a question and answers it.
pub(super) async fn answered<S, B>(site: &Site, ask: &Ask, headers: &HeaderMap, body: S) -> Result<Response, Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let Handler::Question { answer, .. } = ask.route().handler else { return Err(Problem::not_found()) };
    if body::media_type(headers).as_deref() != Some(JSON) {
        return Err(code::unsupported_media_type(&[JSON]));
    }
    let bounds = Bounds { purpose: Purpose::Question, bytes: MAX_QUESTION, seconds: QUESTION_SECONDS };
    let (bytes, _permit) = body::whole(site, ask, headers, body, bounds).await?;
    let question = Question::read(&bytes)?;
    room::within(&site.room, &ask.caller().share, || std::future::ready(answer(site, &question, ask.language()))).await
}

impl Question {
    /// Reads the JSON form.
    pub(super) fn read(bytes: &[u8]) -> Result<Question, Problem> {
        // serde takes an array of the members' values for the object, too.
        let array = bytes.trim_ascii_start().starts_with(b"[");
        let read = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
            Category::Data => code::bad_question(error),
            _ => code::bad_body(error),
        });
        if array { read.and(Err(code::bad_question("a question is an object"))) } else { read }
    }

    /// The time that is asked about, as it was written; nothing where the present is meant.
    pub(super) fn time(&self) -> Option<&str> {
        self.context.as_ref()?.time().filter(|text| !text.is_empty())
    }

    /// The instant that is asked about; `now` where none is.
    pub(super) fn at(&self, now: Timestamp) -> Result<Timestamp, Problem> {
        let Some(text) = self.time() else { return Ok(now) };
        let in_utc = text.strip_suffix("+00:00").map(|instant| format!("{instant}Z"));
        let at = instant::parse(in_utc.as_deref().unwrap_or(text)).ok_or_else(|| {
            code::bad_question("context.time: write an instant in UTC, such as 2026-11-23T09:00:00Z, or nothing")
        })?;
        if at > now {
            return Err(code::bad_question(format_args!("context.time: {at} has not come yet")));
        }
        Ok(at)
    }
}

impl Short {
    /// The string.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Short {
    type Error = String;

    fn try_from(text: String) -> Result<Short, String> {
        if text.len() > MAX_STRING {
            return Err(format!("a string of {} bytes; at most {MAX_STRING} are taken", text.len()));
        }
        Ok(Short(text))
    }
}

impl Context {
    fn time(&self) -> Option<&str> {
        self.0.iter().find(|(name, _)| name.as_str() == "time").map(|(_, time)| time.as_str())
    }
}

/// A member that may be left out, but not be null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Context>, D::Error> {
    Context::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Context, D::Error> {
        struct Strings;

        impl<'de> Visitor<'de> for Strings {
            type Value = Context;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {MAX_CONTEXT} strings by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Context, A::Error> {
                let mut strings = BTreeMap::new();
                while let Some((name, text)) = map.next_entry::<Short, Short>()? {
                    if strings.len() == MAX_CONTEXT {
                        return Err(A::Error::invalid_length(MAX_CONTEXT + 1, &self));
                    }
                    if let Some(_before) = strings.insert(name, text) {
                        return Err(A::Error::custom("a name is given twice in the context"));
                    }
                }
                Ok(Context(strings))
            }
        }

        deserializer.deserialize_map(Strings)
    }
}
