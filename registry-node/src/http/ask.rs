//! A request without its body, as plain values: which route, the value in the path, the query, who asks.
//!
//! Everything is bounded before it is read and read strictly: percent-encoding must be whole, a parameter must be known,
//! and one that may stand once must not stand twice. What is quoted back is cut. Out of scope: bodies and headers.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use certs::{Identity, Speaker};
use conformity::ids::PartyId;
use conformity::standing::Viewer;
use conformity::words::Language;
use jiff::Timestamp;
use warp::http::HeaderValue;
use warp::path::FullPath;

use super::catena_x;
use super::code::{self, Code};
use super::representatives;
use super::route::{Parameter, Route};
use super::server::Caller;
use crate::problem::Problem;

/// Longest path: an identifier at its longest, percent-encoded throughout, and what stands around it.
pub(super) const MAX_PATH: usize = 4 * 1024;
/// Longest query: some sixty suppliers in a filter. With the path it stays within what HTTP/2 takes as a head (16 KiB).
pub(super) const MAX_QUERY: usize = 8 * 1024;
/// Most values in a query.
pub(super) const MAX_VALUES: usize = 64;
/// Longest piece of a request that an answer quotes, in characters.
const MAX_QUOTE: usize = 300;

/// A request as handlers see it.
pub(super) struct Ask {
    route: &'static Route,
    path: FullPath,
    query: Query,
    caller: Arc<Caller>,
    member: Option<PartyId>,
    said: Said,
}

/// What the headers say of the answer, and for whom it is.
pub(super) struct Said {
    /// In which language (`Accept-Language`).
    pub(super) language: Language,
    /// In which forms (`Accept`), as sent.
    pub(super) forms: String,
    /// Which partner the asker's connector let in (`Edc-Bpn`), as sent.
    pub(super) partner: Option<HeaderValue>,
    /// For which member it is asked (`On-Behalf-Of`), as sent.
    pub(super) member: Option<HeaderValue>,
}

/// A request whose path and method fit a route.
pub(super) struct Found {
    /// The route.
    pub(super) route: &'static Route,
    /// The path as sent.
    pub(super) path: FullPath,
}

impl Ask {
    /// Reads the query by what the route takes. The language is that of `lang`, else of the header. A partner that a connector let in
    /// finds its own paths and no others: those are the asker's alone.
    pub(super) fn new(found: Found, query: &str, caller: Arc<Caller>, said: Said) -> Result<Ask, Problem> {
        if said.partner.is_some() && !found.route.path.starts_with(catena_x::BASE) {
            return Err(code::through_a_connector());
        }
        let member = said.member.as_ref().map(|named| representatives::member(found.route, named)).transpose()?;
        let query = Query::parse(query, found.route.parameters)?;
        let language = query.one("lang")?.unwrap_or(said.language);
        Ok(Ask { route: found.route, path: found.path, query, caller, member, said: Said { language, ..said } })
    }

    /// In which language it is answered.
    pub(super) fn language(&self) -> Language {
        self.said.language
    }

    /// Which partner the asker's connector let in, as it says.
    pub(super) fn partner(&self) -> Option<&HeaderValue> {
        self.said.partner.as_ref()
    }

    /// The form of the answer, out of those that there are: the first that is asked for, else the first.
    pub(super) fn form(&self, there: &[&'static str]) -> &'static str {
        let essence = |asked: &str| asked.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let fits = |asked: String| there.iter().find(|form| **form == asked).copied();
        let asked = self.said.forms.split(',').map(essence).find_map(fits);
        asked.or(there.first().copied()).unwrap_or_default()
    }

    /// The route.
    pub(super) fn route(&self) -> &'static Route {
        self.route
    }

    /// The query.
    pub(super) fn query(&self) -> &Query {
        &self.query
    }

    /// The value in the path, as text that was not decoded.
    pub(super) fn raw_value(&self) -> &str {
        self.route.value_in(self.path.as_str()).unwrap_or_default()
    }

    /// The path as sent.
    pub(super) fn path(&self) -> &str {
        self.path.as_str()
    }

    /// The value in the path.
    pub(super) fn value<T: FromStr<Err: Display>>(&self) -> Result<T, Problem> {
        let text = decode(self.raw_value())?;
        text.parse().map_err(|error| bad_parameter(self.route.value_name(), error))
    }

    /// The member on whose behalf it is asked. Whether the asker may is looked at before it is answered (`representatives`).
    pub(super) fn member(&self) -> Option<&PartyId> {
        self.member.as_ref()
    }

    /// The party that asks on behalf of another; nothing where a party asks for itself.
    pub(super) fn representative(&self) -> Option<&PartyId> {
        match (self.speaker().map(|speaker| &speaker.identity), &self.member) {
            (Some(Identity::Party { id, .. }), Some(_)) => Some(id),
            _ => None,
        }
    }

    /// Who asks, as far as the rules are concerned. A partner that comes through the asker's connector sees what everybody sees.
    pub(super) fn viewer(&self) -> Viewer {
        if self.partner().is_some() {
            return Viewer::Public;
        }
        match self.speaker().map(|speaker| &speaker.identity) {
            Some(Identity::Party { id, .. }) => Viewer::Party(self.member.as_ref().unwrap_or(id).clone()),
            _ => Viewer::Public,
        }
    }

    /// The holder of the client certificate, if one was shown.
    pub(super) fn speaker(&self) -> Option<&Arc<Speaker>> {
        self.caller.speaker.as_ref()
    }

    /// Who speaks on the connection.
    pub(super) fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }
}

/// The parameters of a request, decoded.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Reads `raw` by what is `known`.
    pub(super) fn parse(raw: &str, known: &'static [Parameter]) -> Result<Query, Problem> {
        if raw.len() > MAX_QUERY {
            return Err(code::uri_too_long(MAX_QUERY));
        }
        let mut values: Vec<(&'static str, String)> = Vec::new();
        for piece in raw.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = decode(name)?;
            let parameter = known.iter().find(|one| one.name == name).ok_or_else(|| unknown_parameter(&name, known))?;
            if !parameter.many && values.iter().any(|(name, _)| *name == parameter.name) {
                let detail = format!("the parameter {} is given twice; give it once", parameter.name);
                return Err(Problem::malformed(Code::RepeatedParameter.as_str(), detail));
            }
            if values.len() == MAX_VALUES {
                let detail = format!("at most {MAX_VALUES} parameters are taken in one request; open several");
                return Err(Problem::malformed(Code::TooManyParameters.as_str(), detail));
            }
            values.push((parameter.name, decode(value)?.into_owned()));
        }
        Ok(Query(values))
    }

    /// A value that may stand once.
    pub(super) fn one<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<Option<T>, Problem> {
        Ok(self.many(name)?.pop())
    }

    /// All values of a name, in their order.
    pub(super) fn many<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<Vec<T>, Problem> {
        let texts = self.0.iter().filter(|(known, _)| *known == name);
        texts.map(|(_, text)| text.parse().map_err(|error| bad_parameter(name, error))).collect()
    }

    /// Whether it has this parameter.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == name)
    }

    /// The instant in `as_of`: RFC 3339, not after `now`.
    pub(super) fn as_of(&self, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let Some(Instant(instant)) = self.one("as_of")? else { return Ok(None) };
        if instant > now {
            return Err(code::time_not_come(instant));
        }
        Ok(Some(instant))
    }
}

/// An instant with its offset, as RFC 3339 has it.
struct Instant(Timestamp);

impl FromStr for Instant {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Instant, Self::Err> {
        text.parse().map(Instant).map_err(|_| "write an instant with its offset, such as 2026-11-23T09:00:00Z")
    }
}

/// A parameter whose value does not fit.
pub(super) fn bad_parameter(name: &str, error: impl Display) -> Problem {
    Problem::malformed(Code::BadParameter.as_str(), cut(&format!("{name}: {error}")))
}

fn unknown_parameter(name: &str, known: &[Parameter]) -> Problem {
    let names: Vec<&str> = known.iter().map(|parameter| parameter.name).collect();
    let takes = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let name: String = name.chars().take(40).collect();
    let detail = format!("the parameter {name:?} is not known; this path takes: {takes}");
    Problem::malformed(Code::UnknownParameter.as_str(), detail)
}

/// Decodes percent-encoding (RFC 3986, section 2.1). A plus stays a plus.
fn decode(text: &str) -> Result<Cow<'_, str>, Problem> {
    let broken = || {
        let detail = "percent-encoding must be % and two hexadecimal digits, and come to UTF-8";
        Problem::malformed(Code::BadEncoding.as_str(), detail)
    };
    let mut after = text.split('%').skip(1);
    let whole = |piece: &str| piece.len() >= 2 && piece.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if !after.all(whole) {
        return Err(broken());
    }
    percent_encoding::percent_decode_str(text).decode_utf8().map_err(|_| broken())
}

/// Text for an answer: nobody is sent back more than a little of what was sent.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTE) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}
