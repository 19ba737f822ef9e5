//! Errors as the outside sees them: RFC 9457 problem details. Everything inside speaks in typed errors; this is the one
//! place that turns them into status codes.

mod japanese;

use conformity::refusal::Refusal;
use conformity::standing::{Absence, Nothing};
use conformity::words::{Language, Params, Said, refusal_in_japanese};
use serde::Serialize;
use warp::http::StatusCode;

#[cfg(test)]
pub(crate) use japanese::codes as worded_in_japanese;

/// Media type of a problem (RFC 9457, section 3).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Base of every `type` URI; the fragment is the stable code, explained in `docs/spec/problems.md`.
const TYPE_BASE: &str = "https://secure-trust-registry.example/problems#";

/// One problem (RFC 9457, section 3.1).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// URI that names the kind of problem; ends with its stable code.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short text of that kind.
    pub title: &'static str,
    /// HTTP status code.
    pub status: u16,
    /// What happened this time, and what to do next.
    pub detail: String,
    /// What a refusal by the rules is about, by name.
    #[serde(skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// Which absence it is, where there is no verdict, document or scheme to show.
    #[serde(flatten)]
    pub absent: Option<Box<Absent>>,
    /// Seconds after which trying again makes sense; sent as `Retry-After` too.
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// Which absence a problem is, said by its detail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Absent {
    /// Which.
    pub absence: Absence,
    /// What the detail says, and what would change it.
    pub because: Vec<Said>,
}

/// The title of what the rules refuse.
const REFUSED: &str = "The statement is refused";

/// What a problem of this code has as its `type`.
pub fn kind(code: &str) -> String {
    format!("{TYPE_BASE}{code}")
}

impl Problem {
    fn new(code: &str, title: &'static str, status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem {
            kind: kind(code),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            params: Params::default(),
            absent: None,
            retry_after: None,
        }
    }

    /// The same in `language`. Particulars of a protocol that no table holds stay in English, in brackets.
    pub fn told(&self, language: Language) -> Problem {
        if language == Language::English {
            return self.clone();
        }
        let title = japanese::title(self.title).unwrap_or(self.title);
        let absent = self.absent.as_ref().map(|absent| Box::new(absent.told(language)));
        let detail = match (&absent, self.code()) {
            (Some(absent), _) => Some(absent.because.iter().map(|said| said.words(language)).collect()),
            (None, code) if self.title == REFUSED => refusal_in_japanese(code, &self.params),
            (None, code) => japanese::detail(code, &self.detail),
        };
        Problem { title, detail: detail.unwrap_or_else(|| self.detail.clone()), absent, ..self.clone() }
    }

    /// The stable code at the end of [`Self::kind`].
    pub fn code(&self) -> &str {
        self.kind.strip_prefix(TYPE_BASE).unwrap_or(&self.kind)
    }

    /// The request cannot be understood: syntax, size or an unknown parameter.
    pub fn malformed(code: &str, detail: impl Into<String>) -> Problem {
        Problem::new(code, "The request is malformed", StatusCode::BAD_REQUEST, detail)
    }

    /// A body above the limit.
    pub fn too_large(limit: u64) -> Problem {
        let detail = format!("at most {limit} bytes are taken in one request; split it");
        Problem::new("too-large", "The request is too large", StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// No client certificate where one is needed.
    pub fn certificate_required() -> Problem {
        let detail =
            "writing needs a client certificate that this registry issued; see `registry-node certs sign --help`";
        Problem::new("certificate-required", "A client certificate is required", StatusCode::UNAUTHORIZED, detail)
    }

    /// The caller is known but may not do this.
    pub fn forbidden(code: &str, detail: impl Into<String>) -> Problem {
        Problem::new(code, "Not allowed", StatusCode::FORBIDDEN, detail)
    }

    /// There is no such thing, or the caller may not know of it: the same answer, to the byte.
    pub fn not_found() -> Problem {
        let detail = "nothing is here that you may see";
        Problem::new("not-found", "Not found", StatusCode::NOT_FOUND, detail)
    }

    /// The same, where more can be said without telling what is hidden: which absence it is.
    pub fn absent(nothing: &Nothing) -> Problem {
        let detail = nothing.because.words(Language::English);
        let absent = Absent { absence: nothing.absence, because: vec![nothing.because.told(Language::English)] };
        Problem { detail, absent: Some(Box::new(absent)), ..Problem::not_found() }
    }

    /// A known path asked with another method.
    pub fn method_not_allowed() -> Problem {
        let detail = "this path does not take that method; see /openapi.json";
        Problem::new("method-not-allowed", "Method not allowed", StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// The node cannot take it now, and will later.
    pub fn busy(code: &str, detail: impl Into<String>, retry_after: u64) -> Problem {
        let problem = Problem::new(code, "Try again later", StatusCode::SERVICE_UNAVAILABLE, detail);
        Problem { retry_after: Some(retry_after), ..problem }
    }

    /// Our own fault; the detail names what an operator looks for in the log, never internals.
    pub fn internal(detail: impl Into<String>) -> Problem {
        Problem::new("internal", "The node failed", StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// A statement that the rules refuse.
    pub fn refused(refusal: &Refusal) -> Problem {
        let status = if is_conflict(refusal) { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
        let problem = Problem::new(refusal.code(), REFUSED, status, refusal.to_string());
        Problem { params: refusal.params(), ..problem }
    }
}

impl Absent {
    fn told(&self, language: Language) -> Self {
        Self { absence: self.absence, because: self.because.iter().map(|said| said.told(language)).collect() }
    }
}

/// Whether the refusal is about something that exists already (RFC 9110, section 15.5.10).
fn is_conflict(refusal: &Refusal) -> bool {
    refusal.code().ends_with("-exists") || matches!(refusal, Refusal::StatementIdTaken { .. })
}

impl warp::reject::Reject for Problem {}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use conformity::standing::no_document;

    use super::*;

    #[test]
    fn what_the_rules_refuse_and_what_is_not_there_is_told_in_japanese() {
        let refusal = Refusal::UnknownArrangement { arrangement: "a".parse().expect("an id") };
        let refused = Problem::refused(&refusal);
        let told = refused.told(Language::Japanese);
        assert_eq!((told.title, told.detail.as_str()), ("ステートメントは受理されません", "取決め a はありません"));
        assert_eq!((&told.kind, told.status), (&refused.kind, refused.status));
        assert_eq!(refused.told(Language::English), refused);
        let absent = Problem::absent(&no_document(&"moon@1".parse().expect("a document")));
        let said = absent.absent.as_deref().expect("it says which");
        assert_eq!((absent.code(), absent.status, said.absence), ("not-found", 404, Absence::NoScheme));
        let told = absent.told(Language::Japanese);
        let again = told.absent.as_deref().expect("it says which");
        assert_eq!((again.absence, &again.because[0].code), (said.absence, &said.because[0].code));
        let words = "moon@1 も、それに基づいて評価するスキームも、当レジストリでは把握していません。";
        assert_eq!(told.detail, words);
    }
}
