//! Submitting: who may, in which form, how much, how long it may take; then intake and sequencer decide.
//!
//! Nothing of a body is read before the connection showed a certificate, and nothing is parsed before it is within bounds.
//! Many lines in one request are `bulk`'s.

use std::sync::Arc;

use bytes::Buf;
use certs::Speaker;
use credential::sd_jwt::MAX_TEXT;
use futures_util::Stream;
use ledger::jws::MAX_STATEMENT;
use serde::Serialize;
use warp::http::header::LOCATION;
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

use super::answer::{self, JOSE, JSON, NDJSON};
use super::ask::Ask;
use super::body::{self, Bounds};
use super::bulk;
use super::code;
use super::credentials::SD_JWT;
use super::log::{proof, sequenced};
use super::site::{Purpose, Site};
use super::submission::Submission;
use crate::core::intake::MAX_ATTACHMENT;
use crate::core::sequencer::Receipt;
use crate::problem::Problem;

/// Seconds in which a single statement must have come, attachments included.
const BODY_SECONDS: u64 = 60;
/// Most bytes of `application/jose`: a statement and the line break behind it.
const MAX_JOSE: usize = MAX_STATEMENT + 2;
/// Most bytes of `application/json`: a statement, its largest attachment or several smaller ones in base64, and names.
const MAX_JSON: usize = MAX_STATEMENT + MAX_ATTACHMENT / 3 * 4 + 4 * 1024;

/// In which form statements come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Jose,
    Credential,
    Json,
    Lines,
}

/// Each form by its media type.
const FORMS: [(&str, Form); 4] =
    [(JOSE, Form::Jose), (SD_JWT, Form::Credential), (JSON, Form::Json), (NDJSON, Form::Lines)];

/// What an acknowledged statement got.
#[derive(Serialize)]
pub(super) struct Acknowledgement {
    index: u64,
    time: jiff::Timestamp,
    repeated: bool,
    proof: String,
}

impl Acknowledgement {
    /// With the proof of inclusion as of the newest commit.
    pub(super) fn of(site: &Site, receipt: &Receipt) -> Result<Acknowledgement, Problem> {
        let Receipt { index, at, repeated, .. } = *receipt;
        // The first answer holds: its time is that of the entry, not of the repetition.
        let time = if repeated { sequenced(site, index)? } else { at };
        Ok(Acknowledgement { index, time, repeated, proof: proof(site, index)? })
    }
}

/// `POST /v1/statements`
pub(super) async fn submit<S, B>(site: Arc<Site>, ask: Ask, headers: HeaderMap, body: S) -> Result<Response, Problem>
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf + Send,
{
    let speaker = Arc::clone(ask.speaker().ok_or_else(Problem::certificate_required)?);
    let form =
        Form::of(&headers).ok_or_else(|| code::unsupported_media_type(&FORMS.map(|(media_type, _)| media_type)))?;
    if form == Form::Lines {
        return bulk::answer(&site, speaker, Arc::clone(ask.caller()), body);
    }
    let holding = site.holders.of(&speaker.identity);
    let bounds = Bounds { purpose: Purpose::Statement(&holding), bytes: form.limit(), seconds: BODY_SECONDS };
    let (bytes, _permit) = body::whole(&site, &ask, &headers, body, bounds).await?;
    let submission = match form {
        Form::Json => Submission::from_json(&bytes)?,
        _ => Submission::from_jose(bytes),
    };
    acknowledge(&site, submission, &speaker).await
}

async fn acknowledge(site: &Site, submission: Submission, speaker: &Speaker) -> Result<Response, Problem> {
    let Submission { statement, attachments } = submission;
    let receipt = site.registry.submit(statement, attachments, speaker).await;
    let receipt = receipt.map_err(|error| code::submission(&error, &site.registry.metrics))?;
    let mut response = answer::json(&Acknowledgement::of(site, &receipt)?)?;
    if !receipt.repeated {
        *response.status_mut() = StatusCode::CREATED;
    }
    let place = HeaderValue::from_str(&format!("/v1/statements/{}", receipt.index));
    response.headers_mut().extend(place.ok().map(|place| (LOCATION, place)));
    Ok(response)
}

impl Form {
    fn of(headers: &HeaderMap) -> Option<Form> {
        let given = body::media_type(headers)?;
        FORMS.into_iter().find_map(|(media_type, form)| (media_type == given).then_some(form))
    }

    const fn limit(self) -> usize {
        match self {
            Form::Json => MAX_JSON,
            Form::Credential => MAX_TEXT + 2,
            Form::Jose | Form::Lines => MAX_JOSE,
        }
    }
}
