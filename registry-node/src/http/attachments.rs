//! Attachments that everyone may read: catalogues of documents, maps of crosswalks, and the result lists of recognitions.
//!
//! The full report behind a `report-filed` is an attachment too, and is nobody's to read here: it may describe a weakness.
//! So an attachment is served only if a public kind of statement names it.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use conformity::statement::Claim;
use ledger::digest::Digest;
use ledger::entry::Kind;
use ledger::journal::Stored;
use ledger::log::LogReader;
use warp::http::HeaderValue;
use warp::http::header::{CONTENT_DISPOSITION, X_CONTENT_TYPE_OPTIONS};
use warp::reply::Response;

use super::answer::{self, Keep, OCTETS};
use super::ask::Ask;
use super::code;
use super::site::Site;
use crate::core::feed::{FeedError, parse_committed};
use crate::problem::Problem;

/// Entries that are looked at in one reading of the log.
const CHUNK: u64 = 1_024;

/// How many bytes the answer to `GET /v1/attachments/{digest}` has.
pub(super) fn weight(site: &Site, ask: &Ask) -> Result<usize, Problem> {
    let digest = public(site, ask)?;
    site.registry.log.attachment_len(&digest).ok_or_else(Problem::not_found)
}

/// `GET /v1/attachments/{digest}`
pub(super) fn attachment(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let digest = public(site, ask)?;
    let read = site.registry.log.attachment(&digest).map_err(|error| failed(&error.into()))?;
    let mut response = answer::bytes(OCTETS, read.ok_or_else(Problem::not_found)?, Keep::Ask);
    // Others wrote these bytes: no browser is to take them for a page of ours.
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    Ok(response)
}

/// The digest that is asked for, if everyone may read what it names.
fn public(site: &Site, ask: &Ask) -> Result<Digest, Problem> {
    let digest: Digest = ask.value()?;
    let log = &site.registry.log;
    let named = is_published(site, &digest) || site.result_lists.contains(&digest, log).map_err(|e| failed(&e))?;
    if named { Ok(digest) } else { Err(Problem::not_found()) }
}

fn failed(error: &FeedError) -> Problem {
    code::internal("the log could not be read", error)
}

/// Whether it is a document's catalogue or a crosswalk's maps.
fn is_published(site: &Site, digest: &Digest) -> bool {
    let named = |attached: &conformity::Digest| attached.as_bytes() == digest.as_bytes();
    let register = site.register();
    register.documents().any(|record| record.document.attachment.as_ref().is_some_and(named))
        || register.crosswalks().any(|record| named(&record.publication.attachment))
}

/// The digests of all result lists in the log, as far as it was looked through. The first question after a start reads the
/// log's entries once, later ones only what came since.
#[derive(Debug, Default)]
pub(super) struct ResultLists(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    size: u64,
    digests: HashSet<Digest>,
}

impl ResultLists {
    fn contains(&self, digest: &Digest, log: &LogReader) -> Result<bool, FeedError> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !seen.digests.contains(digest) && seen.size < log.size() {
            seen.advance(log)?;
        }
        Ok(seen.digests.contains(digest))
    }
}

impl Seen {
    fn advance(&mut self, log: &LogReader) -> Result<(), FeedError> {
        let end = log.size().min(self.size + CHUNK);
        for (index, entry) in (self.size..).zip(log.entries(self.size..end)?) {
            if entry.kind == Kind::Recognition {
                self.digests.extend(result_list(log, index)?);
            }
        }
        self.size = end;
        Ok(())
    }
}

fn result_list(log: &LogReader, index: u64) -> Result<Option<Digest>, FeedError> {
    let Stored::Bytes(compact) = log.statement(index)? else { return Ok(None) };
    let statement = parse_committed(&compact).map_err(|problem| FeedError::Statement { index, problem })?;
    Ok(match statement.claim {
        Claim::RecognitionDerived(derived) => Some(Digest::from_bytes(*derived.results.digest.as_bytes())),
        _ => None,
    })
}
