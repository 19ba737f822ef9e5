//! Errors as the outside sees them: RFC 9457 problem details. Everything inside speaks in typed errors; this is the one
//! place that turns them into status codes.

use conformity::refusal::Refusal;
use conformity::words::{Language, Params, refusal_in_japanese};
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
    /// What a refusal by the rules is about, by name.
    #[serde(skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// Seconds after which trying again makes sense; sent as `Retry-After` too.
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// The title of what the rules refuse.
const REFUSED: &str = "The statement is refused";

/// Titles in Japanese.
const TITLES: [(&str, &str); 9] = [
    ("The request is malformed", "要求の形式が正しくありません"),
    ("The request is too large", "要求が大きすぎます"),
    ("A client certificate is required", "クライアント証明書が必要です"),
    ("Not allowed", "許可されていません"),
    ("Not found", "見つかりません"),
    ("Method not allowed", "このメソッドは使用できません"),
    ("Try again later", "後で再度お試しください"),
    ("The node failed", "ノードで障害が発生しました"),
    (REFUSED, "ステートメントは受理されません"),
];

impl Problem {
    fn new(code: &str, title: &'static str, status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem {
            kind: format!("{TYPE_BASE}{code}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            params: Params::default(),
            retry_after: None,
        }
    }

    /// The same in `language`: the title always, the detail where the rules refuse or nothing is there.
    pub fn told(&self, language: Language) -> Problem {
        if language == Language::English {
            return self.clone();
        }
        let title = TITLES.into_iter().find(|(english, _)| *english == self.title).map_or(self.title, |(_, ja)| ja);
        let detail = match self.code() {
            "not-found" => Some("閲覧できるものはありません".to_owned()),
            code if self.title == REFUSED => refusal_in_japanese(code, &self.params),
            _ => None,
        };
        Problem { title, detail: detail.unwrap_or_else(|| self.detail.clone()), ..self.clone() }
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
        let problem = Problem::new(refusal.code(), REFUSED, status, refusal.to_string());
        Problem { params: refusal.params(), ..problem }
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
    use super::*;

    #[test]
    fn every_title_has_japanese() {
        let refusal = Refusal::UnknownArrangement { arrangement: "a".parse().expect("an id") };
        let problems = [
            Problem::malformed("x", ""),
            Problem::too_large(1),
            Problem::certificate_required(),
            Problem::forbidden("x", ""),
            Problem::not_found(),
            Problem::method_not_allowed(),
            Problem::busy("x", "", 1),
            Problem::internal(""),
            Problem::refused(&refusal),
        ];
        assert_eq!(problems.len(), TITLES.len());
        for problem in &problems {
            let told = problem.told(Language::Japanese);
            assert_ne!(told.title, problem.title);
            assert_eq!((told.kind, told.status), (problem.kind.clone(), problem.status));
            assert_eq!(problem.told(Language::English), *problem);
        }
        let refused = Problem::refused(&refusal).told(Language::Japanese);
        assert_eq!(refused.detail, "取決め a はありません");
    }
}
