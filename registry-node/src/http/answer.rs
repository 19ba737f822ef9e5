//! Values become responses: JSON, other media, problems; and what HEAD leaves of each.
//!
//! Answers from the register are `no-store`: a suspended verdict must not live on in somebody's cache. Keys change rarely and
//! are asked for by crowds, so they may be kept for a minute.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use conformity::words::Language;
use futures_util::Stream;
use hyper::body::Body;
use serde::Serialize;
use warp::Reply;
use warp::http::header::{ALLOW, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::code;
use super::route::Verb;
use crate::problem::{self, Problem};

/// Media type of JSON answers.
pub(super) const JSON: &str = "application/json";
/// Media type of lines of JSON.
pub(super) const NDJSON: &str = "application/x-ndjson";
/// Media type of a compact JWS (RFC 7515, section 9.2.1).
pub(super) const JOSE: &str = "application/jose";
/// Media type of signed notes.
pub(super) const NOTE: &str = "text/plain; charset=utf-8";
/// Media type of DID documents (DID Core 1.0, section 6.2).
pub(super) const DID_DOCUMENT: &str = "application/did+json";
/// Media type of sets of keys (RFC 7517, section 8.5.2).
pub(super) const KEY_SET: &str = "application/jwk-set+json";
/// Media type of tiles and attachments.
pub(super) const OCTETS: &str = "application/octet-stream";
/// Media type of event streams.
pub(super) const EVENTS: &str = "text/event-stream";

/// How long an answer may be kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keep {
    /// Not at all: it may change at any moment.
    No,
    /// Asked about again before each use.
    Ask,
    /// For so many seconds.
    Seconds(u64),
    /// For ever: these bytes never change under this address.
    ForEver,
}

impl Keep {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::No => "no-store",
            Self::Ask => "no-cache",
            Self::Seconds(seconds) => {
                let text = format!("public, max-age={seconds}");
                return HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("no-cache"));
            }
            Self::ForEver => "public, max-age=31536000, immutable",
        })
    }
}

/// `value` as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<Response, Problem> {
    Ok(bytes(JSON, to_json(value)?, Keep::No))
}

/// `value` as the bytes of its JSON form.
pub(super) fn to_json(value: &impl Serialize) -> Result<Bytes, Problem> {
    let json = serde_json::to_vec(value).map_err(|error| code::internal("an answer could not be written", &error))?;
    Ok(json.into())
}

/// Ready bytes.
pub(super) fn bytes(media_type: &'static str, body: Bytes, keep: Keep) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, keep.header());
    response
}

/// A problem (RFC 9457).
pub(super) fn problem(problem: &Problem) -> Response {
    // Strings and numbers only: a problem always has a JSON form.
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = bytes(problem::MEDIA_TYPE, body.into(), Keep::No);
    *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response.extensions_mut().insert(problem.clone());
    response
}

/// A problem in `language`, whoever told it; anything else as it is.
pub(super) fn told(response: Response, language: Language) -> Response {
    let told = match response.extensions().get::<Problem>() {
        Some(told) if language != Language::English => told.told(language),
        _ => return response,
    };
    let (mut head, _) = response.into_parts();
    let body = Bytes::from(serde_json::to_vec(&told).unwrap_or_default());
    head.extensions.insert(told);
    in_language(Response::from_parts(head, body.into()), language)
}

/// Says in which language an answer is (RFC 9110, section 8.5).
pub(super) fn in_language(mut response: Response, language: Language) -> Response {
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.as_str()));
    response
}

/// The problem of a known path with another method (RFC 9110, section 15.5.6: `Allow` is a must).
pub(super) fn method_not_allowed(taken: &[Verb]) -> Response {
    let mut response = problem(&Problem::method_not_allowed());
    let names: Vec<&str> = taken.iter().map(|verb| verb.allowed()).collect();
    if let Ok(names) = HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert(ALLOW, names);
    }
    response
}

/// That it was done, and there is nothing more to say.
pub(super) fn done() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(CACHE_CONTROL, Keep::No.header());
    response
}

/// What HEAD gets: the same head, no body (RFC 9110, section 9.3.2). hyper does this for HTTP/1.1 only.
pub(super) fn bodiless(response: Response) -> Response {
    let (head, body) = response.into_parts();
    let mut bare = Response::default();
    *bare.status_mut() = head.status;
    *bare.headers_mut() = head.headers;
    if let Some(length) = body.size_hint().exact() {
        bare.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    bare
}

/// What comes bit by bit.
pub(super) fn stream(media_type: &'static str, stream: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let mut response = warp::reply::stream(Streamed(Mutex::new(Box::pin(stream)))).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, Keep::No.header());
    response
}

/// warp asks for `Sync` where only one task ever polls; a mutex that is never locked gives it.
struct Streamed(Mutex<Pin<Box<dyn Stream<Item = Bytes> + Send>>>);

impl Stream for Streamed {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let stream = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        stream.as_mut().poll_next(context).map(|item| item.map(Ok))
    }
}
