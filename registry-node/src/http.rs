//! HTTP: the public face of a registry, and the way in for its writers.
//!
//! In scope: routes, what a request may ask, how values are shown, who may see what, bounds on everything that comes from
//! outside. Out of scope: TLS and connections (`server`), what statements mean (`conformity`), what is durable (the core).
//!
//! ```text
//! door ──Request, Caller──▶ table of routes ──Ask──▶ handler ──▶ answer
//!                                │ no route, wrong method, bad query, refused ──▶ problem (RFC 9457)
//! ```
//!
//! Handlers are plain functions of the site and the question. The table of routes is the only place where they are named,
//! and the OpenAPI document is written from it.

mod answer;
mod apart;
mod as_of;
mod ask;
mod asyncapi;
mod attachments;
mod begun;
mod body;
mod bridging;
mod bulk;
mod bulletins;
mod cascades;
mod catalogue;
mod catena_x;
mod code;
mod consented;
mod coverage;
mod credentials;
mod cursors;
mod decisions;
mod did;
mod each;
mod event_cursor;
mod event_filter;
mod events;
mod exposures;
mod holders;
mod hosting;
mod inbox;
mod inquiry;
mod keys;
mod line;
mod lines;
mod live;
mod log;
mod neighbours;
mod nothing;
mod openapi;
mod own;
mod page;
mod policies;
mod polling;
mod portfolio;
mod presentations;
mod proofs;
mod pull;
mod question;
mod received;
mod representatives;
mod room;
mod route;
mod seats;
pub mod server;
mod service;
mod signals;
mod site;
mod standing;
mod statements;
mod submission;
mod subscriptions;
mod supply_chains;
mod surveillance;
mod table;
mod trust_query;
mod verdicts;
mod watchlists;
mod witness;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Buf;
use conformity::words::Language;
use futures_util::Stream;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, HeaderValue, Method};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Rejection};

use crate::buyer::exposing::Exposures;
use crate::core::registry::Registry;
use crate::problem::Problem;
use ask::{Ask, Found, MAX_PATH, Said};
use hyper::Request;
use hyper::body::Incoming;
use route::{Handler, Route, Verb};
use server::Caller;
use site::Site;

/// When a refusal leaves that is not to tell by its time what was read before it: longer than reading any statement takes.
const REFUSED_AFTER: Duration = Duration::from_millis(5);

pub use code::Code;

/// What a registry answers over HTTPS, and what is found out for those whom it tells something of its own accord by the same rules.
#[derive(Clone)]
pub struct Answers(Arc<Site>);

impl Answers {
    /// Those of `registry`.
    pub fn of(registry: Arc<Registry>) -> Self {
        let site = Arc::new(Site::new(registry));
        live::attend(&site);
        Self(site)
    }

    /// What entries do to the supply chains that parties keep.
    pub fn exposures(&self) -> Arc<dyn Exposures> {
        Arc::<Site>::clone(&self.0)
    }

    /// Everything that is answered, ready for [`server::Door::serve`].
    pub fn routes(
        &self,
    ) -> impl tower::Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + use<> {
        let site = &self.0;
        // The hottest group first: each group that does not know the path costs a little.
        let answers = memory(site).or(disk(site)).unify().or(bodies(site)).unify().or(events(site)).unify();
        let answers = answers.recover(recovered).unify();
        let asked = warp::method().and(warp::path::full()).and(accepted());
        let whole = asked.and(answers).map(|method, path: FullPath, language, response| {
            let told = catena_x::refused(path.as_str(), answer::told(response, language));
            if method == Method::HEAD { answer::bodiless(told) } else { told }
        });
        warp::service(whole)
    }
}

fn memory(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let site = Arc::clone(site);
    let asked = asked(|handler| matches!(handler, Handler::Memory(_) | Handler::Mixed { .. }));
    asked
        .then(move |ask: Result<Ask, Problem>| {
            let site = Arc::clone(&site);
            async move {
                match ask {
                    Ok(ask) => shown(from_memory(&site, ask).await),
                    Err(problem) => answer::problem(&problem),
                }
            }
        })
        .boxed()
}

async fn from_memory(site: &Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    match ask.route().handler {
        Handler::Mixed { waits, waiting: answer, .. } if waits(site, &ask) => {
            let ask = Arc::new(ask);
            room::within(&site.room, &ask.caller().share, || waiting(site, &ask, answer)).await
        }
        _ => room::within(&site.room, &ask.caller().share, || std::future::ready(answered(site, &ask))).await,
    }
}

fn disk(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let site = Arc::clone(site);
    let asked = asked(|handler| {
        matches!(handler, Handler::Disk(_) | Handler::Evened(_) | Handler::Large { .. } | Handler::Forms { .. })
    });
    asked
        .then(move |ask: Result<Ask, Problem>| {
            let site = Arc::clone(&site);
            async move {
                match ask {
                    Ok(ask) => shown(from_disk(&site, Arc::new(ask)).await),
                    Err(problem) => answer::problem(&problem),
                }
            }
        })
        .boxed()
}

async fn from_disk(site: &Arc<Site>, ask: Arc<Ask>) -> Result<Response, Problem> {
    let share = &ask.caller().share;
    let weight = match ask.route().handler {
        Handler::Large { weight, .. } => weight,
        Handler::Evened(_) => return room::within(&site.room, share, || waiting(site, &ask, evened)).await,
        _ => return room::within(&site.room, share, || waiting(site, &ask, answered)).await,
    };
    let hold = site.room.take(share, waiting(site, &ask, weight).await?).await?;
    Ok(hold.carry(waiting(site, &ask, answered).await?))
}

/// Runs `work` on a thread that may wait for files.
async fn waiting<T: Send + 'static>(
    site: &Arc<Site>,
    ask: &Arc<Ask>,
    work: fn(&Site, &Ask) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let (site, ask) = (Arc::clone(site), Arc::clone(ask));
    let worked = tokio::task::spawn_blocking(move || work(&site, &ask)).await;
    worked.unwrap_or_else(|error| Err(code::internal("a request could not be answered", &error)))
}

/// The answer; a refusal [`REFUSED_AFTER`] the question was taken up.
///
/// The thread itself sleeps: the runtime's timer rounds to milliseconds from when it began to wait, which is when reading was over, so
/// that it would tell how long that took.
fn evened(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let taken_up = Instant::now();
    let answer = answered(site, ask);
    if answer.is_err() {
        std::thread::sleep(REFUSED_AFTER.saturating_sub(taken_up.elapsed()));
    }
    answer
}

fn answered(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    match ask.route().handler {
        Handler::Memory(read)
        | Handler::Mixed { read, .. }
        | Handler::Disk(read)
        | Handler::Evened(read)
        | Handler::Large { read, .. }
        | Handler::Forms { read, .. } => read(site, ask),
        // Their own filters answer these.
        Handler::Events
        | Handler::Pull
        | Handler::Statements
        | Handler::Question { .. }
        | Handler::Inquiry { .. }
        | Handler::Checkpoints
        | Handler::Presentations
        | Handler::Poll
        | Handler::Own { .. } => Err(Problem::not_found()),
    }
}

/// Routes whose handlers read what was sent.
fn bodies(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let site = Arc::clone(site);
    let reads = |handler: &Handler| {
        matches!(
            handler,
            Handler::Statements
                | Handler::Question { .. }
                | Handler::Inquiry { .. }
                | Handler::Checkpoints
                | Handler::Presentations
                | Handler::Poll
                | Handler::Own { .. }
        )
    };
    asked(reads)
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |ask: Result<Ask, Problem>, headers: HeaderMap, body| {
            let site = Arc::clone(&site);
            async move {
                match ask {
                    Ok(ask) => shown(from_body(site, ask, headers, body::Polite::new(body)).await),
                    Err(problem) => answer::problem(&problem),
                }
            }
        })
        .boxed()
}

async fn from_body<S, B>(site: Arc<Site>, ask: Ask, headers: HeaderMap, body: S) -> Result<Response, Problem>
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf + Send,
{
    match ask.route().handler {
        Handler::Statements => statements::submit(site, ask, headers, body).await,
        Handler::Question { .. } => question::answered(&site, &ask, &headers, body).await,
        Handler::Inquiry { takes, most, answer, .. } => {
            inquiry::answered(site, ask, headers, body, (takes, most), answer).await
        }
        Handler::Checkpoints => witness::add_checkpoint(site, ask, headers, body).await,
        Handler::Presentations => presentations::present(site, ask, headers, body).await,
        Handler::Poll => polling::poll(site, ask, headers, body).await,
        Handler::Own { takes, most, change } => own::change(site, ask, headers, body, (takes, most), change).await,
        // Other filters answer these.
        Handler::Memory(_)
        | Handler::Mixed { .. }
        | Handler::Disk(_)
        | Handler::Evened(_)
        | Handler::Large { .. }
        | Handler::Forms { .. }
        | Handler::Events
        | Handler::Pull => Err(Problem::not_found()),
    }
}

fn events(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let site = Arc::clone(site);
    asked(|handler| matches!(handler, Handler::Events | Handler::Pull))
        .and(warp::header::headers_cloned())
        .then(move |ask: Result<Ask, Problem>, headers: HeaderMap| {
            let site = Arc::clone(&site);
            async move {
                match ask {
                    Ok(ask) => shown(of_events(&site, &ask, &headers).await),
                    Err(problem) => answer::problem(&problem),
                }
            }
        })
        .boxed()
}

async fn of_events(site: &Arc<Site>, ask: &Ask, headers: &HeaderMap) -> Result<Response, Problem> {
    match ask.route().handler {
        Handler::Pull => pull::pull(site, ask, headers).await,
        _ => events::stream(site, ask, headers).await,
    }
}

fn shown(answer: Result<Response, Problem>) -> Response {
    answer.unwrap_or_else(|problem| answer::problem(&problem))
}

/// Requests for the routes of one group, read as far as their query.
fn asked(
    belongs: fn(&Handler) -> bool,
) -> impl Filter<Extract = (Result<Ask, Problem>,), Error = Rejection> + Clone + Send + Sync + 'static {
    let group: Arc<[&'static Route]> = table::routes().filter(|route| belongs(&route.handler)).collect();
    warp::method()
        .and(warp::path::full())
        .and_then(move |method, path| std::future::ready(find(&group, &method, path)))
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::ext::optional::<Arc<Caller>>())
        .and(accepted())
        .and(warp::header::optional::<String>("accept").or(warp::any().map(|| None)).unify())
        .and(warp::header::value(catena_x::PARTNER).map(Some).or(warp::any().map(|| None)).unify())
        .and(warp::header::value(representatives::MEMBER).map(Some).or(warp::any().map(|| None)).unify())
        .map(|found, query: String, caller: Option<Arc<Caller>>, language, forms: Option<String>, partner, member| {
            let said = Said { language, forms: forms.unwrap_or_default(), partner, member };
            Ask::new(found, &query, caller.unwrap_or_default(), said)
        })
}

/// The language that the header asks for (RFC 9110, section 12.5.4).
fn accepted() -> impl Filter<Extract = (Language,), Error = Infallible> + Clone + Send + Sync + 'static {
    let read = |list: HeaderValue| list.to_str().map(Language::preferred).unwrap_or_default();
    warp::header::value("accept-language").map(read).or(warp::any().map(Language::default)).unify()
}

fn find(group: &[&'static Route], method: &Method, path: FullPath) -> Result<Found, Rejection> {
    if path.as_str().len() > MAX_PATH {
        return Err(warp::reject::custom(code::uri_too_long(MAX_PATH)));
    }
    let mut fits = group.iter().filter(|route| route.value_in(path.as_str()).is_some()).peekable();
    if fits.peek().is_none() {
        return Err(warp::reject::not_found());
    }
    match fits.find(|route| route.takes(method)) {
        Some(route) => Ok(Found { route, path }),
        None => Err(warp::reject::custom(WrongMethod(taken(path.as_str())))),
    }
}

/// What the path takes, in whatever group.
fn taken(path: &str) -> Vec<Verb> {
    table::routes().filter(|route| route.value_in(path).is_some()).map(|route| route.verb).collect()
}

/// A known path with a method that it does not take, and those that it takes.
#[derive(Debug)]
struct WrongMethod(Vec<Verb>);

impl warp::reject::Reject for WrongMethod {}

/// What no group answered.
async fn recovered(rejection: Rejection) -> Result<Response, Infallible> {
    if let Some(WrongMethod(taken)) = rejection.find() {
        return Ok(answer::method_not_allowed(taken));
    }
    Ok(match rejection.find::<Problem>() {
        Some(problem) => answer::problem(problem),
        None => answer::problem(&Problem::not_found()),
    })
}
