//! Routes as values: what the router, the OpenAPI document and the tests share, so that none can know a route that the
//! others do not.
//!
//! Out of scope: the table itself (`table`) and what the answers are.

use conformity::words::Language;
use warp::http::Method;
use warp::reply::Response;

use super::ask::Ask;
use super::inquiry::Asked;
use super::own::Sent;
use super::question::Question;
use super::site::Site;
use crate::problem::Problem;

/// One path with one method.
pub(super) struct Route {
    /// GET takes HEAD along.
    pub(super) verb: Verb,
    /// The path, with at most one `{value}`; `{value*}` takes the rest of the path, slashes included.
    pub(super) path: &'static str,
    /// What is asked, in one line.
    pub(super) summary: &'static str,
    /// What the path's value is; empty when it has none.
    pub(super) value: &'static str,
    /// The query parameters that it takes; any other is refused.
    pub(super) parameters: &'static [Parameter],
    /// Media type of a good answer.
    pub(super) answer: &'static str,
    /// Who answers.
    pub(super) handler: Handler,
}

/// A method that some route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// Reads.
    Get,
    /// Submits, or asks with a body.
    Post,
    /// Puts something in its place, whole.
    Put,
    /// Changes part of something.
    Patch,
    /// Takes something away.
    Delete,
}

/// A query parameter.
pub(super) struct Parameter {
    /// Its name.
    pub(super) name: &'static str,
    /// What it means.
    pub(super) what: &'static str,
    /// Whether it may be given more than once.
    pub(super) many: bool,
}

/// Who answers, by where the answer comes from.
pub(super) enum Handler {
    /// From memory, at once.
    Memory(fn(&Site, &Ask) -> Result<Response, Problem>),
    /// From memory, unless the answer must wait for files: for what was before, or for the use of a consent, which goes to the
    /// disk first.
    Mixed {
        /// Whether it must wait.
        waits: fn(&Site, &Ask) -> bool,
        /// The answer that need not.
        read: fn(&Site, &Ask) -> Result<Response, Problem>,
        /// The answer that must, on a thread that may wait for files.
        waiting: fn(&Site, &Ask) -> Result<Response, Problem>,
    },
    /// From files, on a thread that may wait for them.
    Disk(fn(&Site, &Ask) -> Result<Response, Problem>),
    /// The same, and refusals come after one time, so that it does not tell what was read before the refusal.
    Evened(fn(&Site, &Ask) -> Result<Response, Problem>),
    /// From files, and so large that it is weighed before it is read.
    Large {
        /// How many bytes the body will have.
        weight: fn(&Site, &Ask) -> Result<usize, Problem>,
        /// The answer.
        read: fn(&Site, &Ask) -> Result<Response, Problem>,
    },
    /// From files, in one of several forms, by what the asker accepts.
    Forms {
        /// Media types beside that of the route.
        also: &'static [&'static str],
        /// The answer.
        read: fn(&Site, &Ask) -> Result<Response, Problem>,
    },
    /// The stream of events.
    Events,
    /// Some events at once, waited for where there are none.
    Pull,
    /// The body brings statements.
    Statements,
    /// The body asks, and the answer comes from memory.
    Question {
        /// What it is about, as the schemas of question and answer are named.
        subject: &'static str,
        /// Who answers.
        answer: fn(&Site, &Question, Language) -> Result<Response, Problem>,
    },
    /// The body asks, the asker must be a party, and the answer is made on a thread that may wait for files.
    Inquiry {
        /// Media types of the body.
        takes: &'static [&'static str],
        /// Media types of the answer beside that of the route.
        also: &'static [&'static str],
        /// Most bytes of the body.
        most: usize,
        /// Who answers.
        answer: fn(&Site, &Ask, &Asked) -> Result<Response, Problem>,
    },
    /// The body brings a checkpoint to be cosigned.
    Checkpoints,
    /// The body brings a presentation.
    Presentations,
    /// The body acknowledges security events, and the answer brings more, waited for where there are none.
    Poll,
    /// The asker, who must be a party, changes what it keeps here for itself, on a thread that may wait for files.
    Own {
        /// Media types of the body; none where there is no body.
        takes: &'static [&'static str],
        /// Most bytes of the body.
        most: usize,
        /// Who changes it, and answers in a few KiB.
        change: fn(&Site, &Ask, &Sent) -> Result<Response, Problem>,
    },
}

impl Route {
    /// The value in `path`, empty for a route without one; nothing when the path is another route's.
    pub(super) fn value_in<'p>(&self, path: &'p str) -> Option<&'p str> {
        let Some((before, rest)) = self.path.split_once('{') else { return (self.path == path).then_some("") };
        let (name, after) = rest.split_once('}')?;
        let value = path.strip_prefix(before)?.strip_suffix(after)?;
        let fits = !value.is_empty() && (name.ends_with('*') || !value.contains('/'));
        fits.then_some(value)
    }

    /// The name of the path's value.
    pub(super) fn value_name(&self) -> &'static str {
        let name = self.path.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name);
        name.unwrap_or_default().trim_end_matches('*')
    }

    /// Whether `method` is this route's.
    pub(super) fn takes(&self, method: &Method) -> bool {
        match self.verb {
            Verb::Get => method == Method::GET || method == Method::HEAD,
            Verb::Post => method == Method::POST,
            Verb::Put => method == Method::PUT,
            Verb::Patch => method == Method::PATCH,
            Verb::Delete => method == Method::DELETE,
        }
    }
}

impl Verb {
    /// For the `Allow` header (RFC 9110, section 10.2.1).
    pub(super) const fn allowed(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}
