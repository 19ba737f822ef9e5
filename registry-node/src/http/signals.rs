//! Streams of security events over HTTP: the configuration of the transmitter and the management of streams, as OpenID Shared Signals
//! Framework 1.0 has them (sections 7 and 8).
//!
//! A stream is a subscription of another form, kept under its `stream_id`: nobody else's is ever looked at, and whatever is not the asker's
//! own is not found. Out of scope: telling (`buyer::delivery`), and polling (`polling`).

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use warp::http::StatusCode;
use warp::reply::Response;

use super::ask::{Ask, bad_parameter};
use super::consented::party;
use super::own::Sent;
use super::site::Site;
use super::{answer, code, subscriptions};
use crate::buyer::dispatch::{Key, Ping};
use crate::buyer::lane::{Lane, Spot};
use crate::buyer::outbound::Address;
use crate::buyer::shelf::{Name, Shelved};
use crate::buyer::signals::{
    Authorization, KINDS, MAX_SUBJECTS, MAX_WORDS, POLL, PUSH, Status, Stream, Subject, audience, type_of,
};
use crate::buyer::subscription::Subscription;
use crate::problem::Problem;

/// What paths of streams begin with.
pub(super) const BASE: &str = "/v1/signals/";
/// Most bytes of what is asked of a stream.
pub(super) const MAX_BODY: usize = 32 * 1024;
/// Types that a receiver may ask for, known here or not, and longest one of them.
const MAX_REQUESTED: usize = 128;
const MAX_TYPE: usize = 256;
/// What this registry says of a stream, and a receiver may repeat.
const OURS: [&str; 5] = ["iss", "aud", "events_supported", "events_delivered", "min_verification_interval"];
/// Seconds between two requests for a verification. Who keeps to them is refused only where nobody takes those that wait.
const BETWEEN_VERIFICATIONS: u64 = 5;

/// `GET /.well-known/ssf-configuration`
pub(super) fn transmitter(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    let issuer = &site.registry.config.http.public_url;
    let at = |path: &str| format!("{issuer}/v1/signals/{path}");
    let methods = if subscriptions::is_telling(site).is_ok() { vec![PUSH, POLL] } else { vec![POLL] };
    answer::json(&json!({
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/signals/jwks.json"),
        "delivery_methods_supported": methods,
        "configuration_endpoint": at("streams"),
        "status_endpoint": at("status"),
        "add_subject_endpoint": at("subjects/add"),
        "remove_subject_endpoint": at("subjects/remove"),
        "verification_endpoint": at("verification"),
        // A client certificate of this registry (RFC 8446, section 4.4.2), and no token.
        "authorization_schemes": [{ "spec_urn": "urn:ietf:rfc:8446" }],
        "default_subjects": "NONE",
    }))
}

/// What a receiver says of a stream, beside what is ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    events_requested: Option<Vec<String>>,
    #[serde(default)]
    delivery: Option<Way>,
    #[serde(default)]
    description: Option<String>,
}

/// How it is delivered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    method: String,
    #[serde(default)]
    endpoint_url: Option<String>,
    /// Never shown again. What is not named is not `null`: the one stays what it is, the other removes it.
    #[serde(default, deserialize_with = "named_or_null")]
    authorization_header: Option<Option<Authorization>>,
}

fn named_or_null<'de, D: Deserializer<'de>>(named: D) -> Result<Option<Option<Authorization>>, D::Error> {
    Option::deserialize(named).map(Some)
}

/// Whereto a stream goes.
#[derive(Default)]
struct Whereto {
    url: Option<Address>,
    authorization: Option<Authorization>,
}

/// A body, with what names the stream and what is ours taken out of it.
struct Body {
    stream: Option<String>,
    ours: Map<String, Value>,
    rest: Value,
}

impl Body {
    fn read(sent: &Sent) -> Result<Body, Problem> {
        let mut members: Map<String, Value> = serde_json::from_slice(&sent.body).map_err(code::bad_body)?;
        let stream = members.remove("stream_id").map(serde_json::from_value).transpose();
        let ours = OURS.iter().filter_map(|name| Some(((*name).to_owned(), members.remove(*name)?))).collect();
        Ok(Body { stream: stream.map_err(code::bad_body)?, ours, rest: Value::Object(members) })
    }

    fn asked(&self) -> Result<Asked, Problem> {
        let asked: Asked = Asked::deserialize(&self.rest).map_err(code::bad_body)?;
        let types = asked.events_requested.as_deref().unwrap_or_default();
        if types.len() > MAX_REQUESTED || types.iter().any(|one| one.len() > MAX_TYPE) {
            let most = format_args!("events_requested: at most {MAX_REQUESTED} of {MAX_TYPE} bytes").to_string();
            return Err(code::bad_body(most));
        }
        within(asked.description.as_ref(), "description")?;
        Ok(asked)
    }

    /// What is repeated of ours is as it is (SSF 1.0: it must match).
    fn matches(&self, shown: &Value) -> Result<(), Problem> {
        match self.ours.iter().find(|(name, said)| shown[name.as_str()] != **said) {
            Some((name, _)) => Err(code::bad_body(format_args!("{name} is set by this registry, and is another"))),
            None => Ok(()),
        }
    }

    /// The stream that it names, of the asker's.
    fn stream(&self, site: &Site, ask: &Ask) -> Result<(Key, Shelved<Subscription>), Problem> {
        let name = self.stream.as_deref().ok_or_else(|| code::bad_body("stream_id is missing"))?;
        stream(site, ask, name)
    }
}

fn within(text: Option<&String>, name: &str) -> Result<(), Problem> {
    match text {
        Some(text) if text.len() > MAX_WORDS => Err(code::bad_body(format_args!("{name}: at most {MAX_WORDS} bytes"))),
        _ => Ok(()),
    }
}

/// A stream of the asker's; a webhook of that name is none, and what is no name names none.
fn stream(site: &Site, ask: &Ask, name: &str) -> Result<(Key, Shelved<Subscription>), Problem> {
    let key = Key { owner: party(ask)?, name: name.parse().map_err(|_| Problem::not_found())? };
    let kept = subscriptions::kept(site, &key)?.filter(|kept| kept.value.stream.is_some());
    Ok((key, kept.ok_or_else(Problem::not_found)?))
}

/// The stream that the query names, of the asker's.
fn named(site: &Site, ask: &Ask) -> Result<(Key, Shelved<Subscription>), Problem> {
    // Who asks comes before what: a stranger learns nothing of the parameters.
    party(ask)?;
    let name = ask.query().one::<String>("stream_id")?;
    stream(site, ask, &name.ok_or_else(|| bad_parameter("stream_id", "it is missing"))?)
}

/// Where a stream is polled.
fn endpoint(site: &Site, name: &Name) -> String {
    format!("{}/v1/signals/streams/{}/poll", site.registry.config.http.public_url, name.as_str())
}

/// A way as it is asked for; by poll where nothing is said. What is sent as `Authorization` is not shown, so whoever names the same endpoint
/// again and says nothing of it has it stay; to another endpoint it never goes by itself.
fn whereto(site: &Site, name: &Name, way: Option<Way>, before: Whereto) -> Result<Whereto, Problem> {
    let Some(Way { method, endpoint_url, authorization_header: said }) = way else {
        return Ok(Whereto::default());
    };
    match method.as_str() {
        PUSH => {
            subscriptions::is_telling(site)?;
            let url = endpoint_url.ok_or_else(|| code::bad_body("delivery: endpoint_url is missing"))?;
            let url: Address = url.parse().map_err(code::bad_body)?;
            let stays = before.url.is_some_and(|before| before.to_string() == url.to_string());
            let authorization = said.unwrap_or(before.authorization.filter(|_| stays));
            Ok(Whereto { url: Some(url), authorization })
        }
        POLL if said.flatten().is_some() => Err(code::bad_body("delivery: authorization_header is for what is pushed")),
        POLL if endpoint_url.is_some_and(|url| url != endpoint(site, name)) => {
            Err(code::bad_body("delivery: the endpoint_url of a poll is set by this registry"))
        }
        POLL => Ok(Whereto::default()),
        _ => Err(code::bad_body(format_args!("delivery: method must be {PUSH} or {POLL}"))),
    }
}

/// A stream as SSF 1.0 shows its configuration.
fn shown(site: &Site, key: &Key, subscription: &Subscription) -> Value {
    let stream = subscription.stream.clone().unwrap_or_default();
    let (method, endpoint_url) = match &subscription.url {
        Some(url) => (PUSH, url.to_string()),
        None => (POLL, endpoint(site, &key.name)),
    };
    let mut shown = json!({
        "stream_id": key.name,
        "iss": site.registry.config.http.public_url,
        "aud": audience(&key.owner),
        "events_supported": KINDS.iter().map(|kind| type_of(kind)).collect::<Vec<_>>(),
        "events_delivered": stream.kinds().iter().map(|kind| type_of(kind.as_str())).collect::<Vec<_>>(),
        "delivery": { "method": method, "endpoint_url": endpoint_url },
        "min_verification_interval": BETWEEN_VERIFICATIONS,
    });
    if let Some(requested) = stream.requested {
        shown["events_requested"] = json!(requested);
    }
    if let Some(description) = stream.description {
        shown["description"] = json!(description);
    }
    shown
}

/// `POST /v1/signals/streams`
pub(super) fn create(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let body = Body::read(sent)?;
    if body.stream.is_some() {
        return Err(code::bad_body("stream_id is given by this registry; PATCH or PUT changes a stream that is there"));
    }
    let Asked { events_requested: requested, delivery, description } = body.asked()?;
    let name: Name = Uuid::now_v7().simple().to_string().parse().map_err(|error| code::internal("a stream", &error))?;
    let key = Key { owner: party(ask)?, name };
    let Whereto { url, authorization } = whereto(site, &key.name, delivery, Whereto::default())?;
    let stream = Stream { requested, description, authorization, ..Stream::default() };
    let registry = &site.registry;
    let _changing = registry.dispatch.changing();
    let subscription = Subscription::streaming(url, stream, registry.feed.size(), registry.now());
    body.matches(&shown(site, &key, &subscription))?;
    let start = Goes::From(Spot::of_entry(subscription.from));
    keep(site, &key, (subscription, None), sent, start)?;
    let (key, kept) = self::stream(site, ask, key.name.as_str())?;
    let mut response = answer::json(&shown(site, &key, &kept.value))?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// How telling goes from a change on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    /// From here: the stream is new.
    From(Spot),
    /// As it went, in trouble or not.
    OnAsBefore,
    /// At once: its owner mended what was wrong.
    OnAtOnce,
}

/// Keeps a stream, and has it told by what it says now.
fn keep(
    site: &Site,
    key: &Key,
    (subscription, before): (Subscription, Option<&Shelved<Subscription>>),
    sent: &Sent,
    goes: Goes,
) -> Result<(), Problem> {
    let registry = &site.registry;
    let condition = subscriptions::on(before.map(|before| before.version), sent.condition);
    let kept = registry.shelf.put(&key.owner, &key.name, &subscription, condition, registry.now());
    kept.map_err(|error| code::kept(&error))?;
    let is_disabled = subscription.stream.as_ref().is_some_and(|stream| stream.status == Status::Disabled);
    let start = if let Goes::From(start) = goes { Some(start) } else { None };
    registry.dispatch.put(key.clone(), subscription, std::sync::Arc::default(), start, registry.now());
    // Kept in one with the rest: nobody finds it half done.
    if is_disabled {
        // What comes while it is disabled is not told later, nor what waited.
        registry.dispatch.change(key, registry.now(), Lane::drop_all);
    } else if goes == Goes::OnAtOnce {
        registry.dispatch.change(key, registry.now(), Lane::resume);
    }
    registry.dispatch.keep().map_err(|error| code::kept(&error))
}

/// `GET /v1/signals/streams`: all of the asker's, or the one that is named.
pub(super) fn read(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    if let Some(name) = ask.query().one::<String>("stream_id")? {
        let (key, kept) = stream(site, ask, &name)?;
        return answer::json(&shown(site, &key, &kept.value));
    }
    let owner = party(ask)?;
    let listed = site.registry.shelf.list::<Subscription>(&owner).map_err(|error| code::kept(&error))?;
    let mut all = Vec::new();
    for listed in listed {
        let key = Key { owner: owner.clone(), name: listed.name };
        let kept = subscriptions::kept(site, &key)?.filter(|kept| kept.value.stream.is_some());
        all.extend(kept.map(|kept| shown(site, &key, &kept.value)));
    }
    answer::json(&all)
}

/// `PATCH /v1/signals/streams`: what is not named stays.
pub(super) fn update(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    change(site, ask, sent, |stream, asked| {
        stream.requested = asked.events_requested.take().or(stream.requested.take());
        stream.description = asked.description.take().or(stream.description.take());
        asked.delivery.is_some()
    })
}

/// `PUT /v1/signals/streams`: what is not named goes.
pub(super) fn replace(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    change(site, ask, sent, |stream, asked| {
        stream.requested = asked.events_requested.take();
        stream.description = asked.description.take();
        true
    })
}

/// Changes a stream by what is asked; `apply` says whether delivery is changed as well.
fn change(
    site: &Site,
    ask: &Ask,
    sent: &Sent,
    apply: fn(&mut Stream, &mut Asked) -> bool,
) -> Result<Response, Problem> {
    let body = Body::read(sent)?;
    let mut asked = body.asked()?;
    let _changing = site.registry.dispatch.changing();
    let (key, before) = body.stream(site, ask)?;
    body.matches(&shown(site, &key, &before.value))?;
    let mut after = before.value.clone();
    let mut stream = after.stream.take().unwrap_or_default();
    let mut goes = Goes::OnAsBefore;
    if apply(&mut stream, &mut asked) {
        let went = Whereto { url: after.url.take(), authorization: stream.authorization.take() };
        let Whereto { url, authorization } = whereto(site, &key.name, asked.delivery, went)?;
        (after.url, stream.authorization) = (url, authorization);
        goes = Goes::OnAtOnce;
    }
    after.filter.types = stream.kinds();
    after.stream = Some(stream);
    let response = answer::json(&shown(site, &key, &after))?;
    keep(site, &key, (after, Some(&before)), sent, goes)?;
    Ok(response)
}

/// `DELETE /v1/signals/streams`
pub(super) fn remove(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let _changing = site.registry.dispatch.changing();
    let (key, _) = named(site, ask)?;
    let removed = site.registry.shelf.remove::<Subscription>(&key.owner, &key.name, sent.condition);
    removed.map_err(|error| code::kept(&error))?;
    site.registry.dispatch.removed(&key);
    Ok(answer::done())
}

/// The status of a stream, as it is shown: parked is paused, by us.
fn status(site: &Site, key: &Key, subscription: &Subscription) -> Result<Response, Problem> {
    let stream = subscription.stream.clone().unwrap_or_default();
    let parked = site.registry.dispatch.seen(key).and_then(|seen| seen.lane.parked);
    let (status, reason) = match (stream.status, parked) {
        (Status::Enabled, Some(parked)) => (Status::Paused, Some(parked.why)),
        (status, _) => (status, stream.reason),
    };
    let mut shown = json!({ "stream_id": key.name, "status": status });
    if let Some(reason) = reason {
        shown["reason"] = json!(reason);
    }
    answer::json(&shown)
}

/// `GET /v1/signals/status`
pub(super) fn read_status(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let (key, kept) = named(site, ask)?;
    status(site, &key, &kept.value)
}

/// A status that a receiver wants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    status: Status,
    #[serde(default)]
    reason: Option<String>,
}

/// `POST /v1/signals/status`
pub(super) fn update_status(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let body = Body::read(sent)?;
    let Wish { status: wanted, reason } = Wish::deserialize(&body.rest).map_err(code::bad_body)?;
    within(reason.as_ref(), "reason")?;
    let registry = &site.registry;
    let _changing = registry.dispatch.changing();
    let (key, before) = body.stream(site, ask)?;
    let mut after = before.value.clone();
    let stream = after.stream.take().unwrap_or_default();
    after.stream = Some(Stream { status: wanted, reason, ..stream });
    let answered = after.clone();
    let goes = if wanted == Status::Enabled { Goes::OnAtOnce } else { Goes::OnAsBefore };
    keep(site, &key, (after, Some(&before)), sent, goes)?;
    status(site, &key, &answered)
}

/// A subject that is added or removed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    subject: Subject,
    /// Whether the receiver verified it, which is its own affair.
    #[serde(default, rename = "verified")]
    _verified: Option<bool>,
}

/// Reads a subject, and the stream that it is of.
fn about(site: &Site, ask: &Ask, sent: &Sent) -> Result<(Key, Shelved<Subscription>, Subject), Problem> {
    let body = Body::read(sent)?;
    let About { subject, .. } = About::deserialize(&body.rest).map_err(code::bad_body)?;
    let issuer = &site.registry.config.http.public_url;
    if subject.iss != *issuer {
        return Err(code::bad_body(format_args!("subject: iss must be {issuer}")));
    }
    let (key, before) = body.stream(site, ask)?;
    Ok((key, before, subject))
}

/// `POST /v1/signals/subjects/add`. Whether anything is known of the subject is not told: it may come to be.
pub(super) fn add_subject(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let _changing = site.registry.dispatch.changing();
    let (key, before, subject) = about(site, ask, sent)?;
    let mut after = before.value.clone();
    if !after.filter.suppliers.contains(&subject.sub) {
        if after.filter.suppliers.len() >= MAX_SUBJECTS {
            return Err(code::bad_body(format_args!("a stream has at most {MAX_SUBJECTS} subjects; make another")));
        }
        after.filter.suppliers.push(subject.sub);
        keep(site, &key, (after, Some(&before)), sent, Goes::OnAsBefore)?;
    }
    let mut response = answer::done();
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}

/// `POST /v1/signals/subjects/remove`
pub(super) fn remove_subject(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let _changing = site.registry.dispatch.changing();
    let (key, before, subject) = about(site, ask, sent)?;
    let mut after = before.value.clone();
    after.filter.suppliers.retain(|supplier| *supplier != subject.sub);
    if after.filter.suppliers.len() != before.value.filter.suppliers.len() {
        keep(site, &key, (after, Some(&before)), sent, Goes::OnAsBefore)?;
    }
    Ok(answer::done())
}

/// A verification that a receiver wants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verification {
    #[serde(default)]
    state: Option<String>,
}

/// `POST /v1/signals/verification`
pub(super) fn verify(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let body = Body::read(sent)?;
    let Verification { state } = Verification::deserialize(&body.rest).map_err(code::bad_body)?;
    within(state.as_ref(), "state")?;
    let (key, kept) = body.stream(site, ask)?;
    if !is_enabled(&kept.value) {
        return Err(code::bad_body("the stream is not enabled, and nothing is told through it"));
    }
    if kept.value.url.is_some() {
        subscriptions::is_telling(site)?;
    }
    let ping = Ping { id: format!("verification_{}", Uuid::now_v7().simple()), state };
    if !site.registry.dispatch.ping(&key, ping, site.registry.now()) {
        let detail = "verifications of this stream wait already; take them first";
        return Err(code::too_often(detail, BETWEEN_VERIFICATIONS));
    }
    Ok(answer::done())
}

/// Whether anything is told through it now.
pub(super) fn is_enabled(subscription: &Subscription) -> bool {
    subscription.stream.as_ref().is_some_and(|stream| stream.status == Status::Enabled)
}
