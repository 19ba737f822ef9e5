//! Errors as the outside sees them: RFC 9457 problem details. Everything inside speaks in typed errors; this is the one
//! place that turns them into status codes.

use conformity::refusal::Refusal;
use serde::Serialize;
use warp::http::StatusCode;

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
    /// Seconds after which trying again makes sense; sent as `Retry-After` too.
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    fn new(code: &str, title: &'static str, status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem {
            kind: format!("{TYPE_BASE}{code}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            retry_after: None,
        }
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
        Problem::new(refusal.code(), "The statement is refused", status, refusal.to_string())
    }
}

/// Whether the refusal is about something that exists already (RFC 9110, section 15.5.10).
fn is_conflict(refusal: &Refusal) -> bool {
    refusal.code().ends_with("-exists") || matches!(refusal, Refusal::StatementIdTaken { .. })
}

impl warp::reject::Reject for Problem {}
