//! Routes of streams of security events (OpenID Shared Signals Framework 1.0), at the addresses that its configuration names.

use super::super::answer::{JSON, KEY_SET};
use super::super::route::Verb::{Delete, Get, Patch, Post, Put};
use super::super::route::{Handler, Parameter, Route, Verb};
use super::super::{keys, signals};
use super::parts::{once, plain};

const STREAMS: &str = "/v1/signals/streams";
const STREAM_ID: Parameter = once("stream_id", "which stream of the asker's");

/// The table.
pub(super) static ROUTES: &[Route] = &[
    plain(
        "/.well-known/ssf-configuration",
        "How events are had as security event tokens (OpenID Shared Signals Framework 1.0)",
        JSON,
        Handler::Memory(signals::transmitter),
    ),
    plain(
        "/signals/jwks.json",
        "The keys that sign security event tokens",
        KEY_SET,
        Handler::Memory(keys::signal_keys),
    ),
    of_streams(Get, STREAMS, "The streams of security events of the asker", &[STREAM_ID], Handler::Disk(signals::read)),
    of_streams(Post, STREAMS, "Makes a stream of security events", &[], own(signals::create)),
    of_streams(Patch, STREAMS, "Changes of a stream what is named", &[], own(signals::update)),
    of_streams(Put, STREAMS, "Changes a stream, whole", &[], own(signals::replace)),
    of_streams(
        Delete,
        STREAMS,
        "Ends a stream of the asker",
        &[STREAM_ID],
        Handler::Own { takes: &[], most: 0, change: signals::remove },
    ),
    of_streams(
        Get,
        "/v1/signals/status",
        "Whether a stream is told anything",
        &[STREAM_ID],
        Handler::Disk(signals::read_status),
    ),
    of_streams(Post, "/v1/signals/status", "Pauses, disables or enables a stream", &[], own(signals::update_status)),
    of_streams(Post, "/v1/signals/subjects/add", "Has a stream tell of a supplier", &[], own(signals::add_subject)),
    of_streams(
        Post,
        "/v1/signals/subjects/remove",
        "Has a stream tell of a supplier no more",
        &[],
        own(signals::remove_subject),
    ),
    of_streams(
        Post,
        "/v1/signals/verification",
        "Sends a verification event through a stream",
        &[],
        own(signals::verify),
    ),
    Route {
        verb: Post,
        path: "/v1/signals/streams/{stream}/poll",
        summary: "Takes security event tokens of a stream, and acknowledges those of before (RFC 8936)",
        value: "stream_id",
        parameters: &[],
        answer: JSON,
        handler: Handler::Poll,
    },
];

const fn of_streams(
    verb: Verb,
    path: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    handler: Handler,
) -> Route {
    Route { verb, path, summary, value: "", parameters, answer: JSON, handler }
}

const fn own(
    change: fn(
        &super::super::site::Site,
        &super::super::ask::Ask,
        &super::super::own::Sent,
    ) -> Result<warp::reply::Response, crate::problem::Problem>,
) -> Handler {
    Handler::Own { takes: &[JSON], most: signals::MAX_BODY, change }
}
