//! Routes for Catena-X: the paths of CX-0135 for a member's connector, and what the member keeps for it.

use warp::reply::Response;

use super::super::answer::JSON;
use super::super::ask::Ask;
use super::super::catena_x::{self, EVENTS, own};
use super::super::route::Verb::{Delete, Get, Post, Put};
use super::super::route::{Handler, Route, Verb};
use super::super::site::Site;
use super::parts::plain;
use crate::problem::Problem;

/// The table.
pub(super) static ROUTES: &[Route] = &[
    sent(
        "/v1/catena-x/certificate-notifications",
        "CX-0135: news of a partner's certificates, kept as evidence for the member whose connector asks",
        "",
        Handler::Own { takes: EVENTS, most: bridges::INPUT_MAX, change: catena_x::notified },
    ),
    asked(
        "/v1/catena-x/certificate-acceptance-status/{exchange}",
        "CX-0135: what the member makes of a certificate that the partner told it of",
        "the exchange that the partner opened",
        catena_x::acceptance_status,
    ),
    sent(
        catena_x::REQUESTS,
        "CX-0135: asks for a certificate of the member's",
        JSON,
        Handler::Own { takes: &[JSON], most: own::MAX_BYTES, change: catena_x::requested },
    ),
    asked(
        "/v1/catena-x/certificate-requests/{exchange}",
        "CX-0135: what became of a request",
        "the exchange that the request opened",
        catena_x::request_status,
    ),
    sent(
        "/v1/catena-x/certificates/search",
        "CX-0135: the certificates that the member offers to the partner and that fit",
        JSON,
        Handler::Inquiry { takes: &[JSON], also: &[], most: own::MAX_BYTES, answer: catena_x::search },
    ),
    asked(
        "/v1/catena-x/certificates/{certificate}",
        "CX-0135: a certificate that the member offers, or that it was withdrawn",
        "what the certificate is called",
        catena_x::certificate,
    ),
    asked(
        "/v1/catena-x/documents/{certificate}",
        "CX-0135: the proof of such a certificate, a bundle",
        "what the document is called",
        catena_x::document,
    ),
    sent(
        "/v1/catena-x/certificate-acceptance-notifications",
        "CX-0135: what the partner makes of a certificate that it asked for or was told of",
        "",
        Handler::Own { takes: EVENTS, most: bridges::INPUT_MAX, change: catena_x::accepted },
    ),
    plain(
        "/v1/certificate-offers",
        "The verdicts on the asker that it offers in Catena-X",
        JSON,
        Handler::Disk(own::offers),
    ),
    of_offer(Get, "As what a verdict is offered in Catena-X", Handler::Disk(own::offer)),
    of_offer(
        Put,
        "Offer a public verdict on oneself in Catena-X, or take it back there",
        Handler::Own { takes: &[JSON], most: own::MAX_BYTES, change: own::put_offer },
    ),
    of_offer(
        Delete,
        "Offer a verdict no more: partners find that it was withdrawn, and are told so",
        Handler::Own { takes: &[], most: 0, change: own::remove_offer },
    ),
    plain(
        "/v1/foreign-certificates",
        "Certificates that partners in Catena-X told the asker of",
        JSON,
        Handler::Disk(own::foreign),
    ),
    of_foreign(
        Get,
        "/v1/foreign-certificates/{certificate}",
        "What a partner says of its certificate",
        Handler::Disk(own::foreign_one),
    ),
    of_foreign(
        Delete,
        "/v1/foreign-certificates/{certificate}",
        "Keep it no more",
        Handler::Own { takes: &[], most: 0, change: own::remove_foreign },
    ),
    of_foreign(
        Put,
        "/v1/foreign-certificates/{certificate}/judgement",
        "Say what the asker makes of it, which the partner is told when it asks",
        Handler::Own { takes: &[JSON], most: own::MAX_BYTES, change: own::judge },
    ),
    plain(
        "/v1/certificate-exchanges",
        "What is open between the asker and its partners in Catena-X, and what they made of its certificates",
        JSON,
        Handler::Disk(own::exchanges),
    ),
    Route {
        verb: Delete,
        path: "/v1/certificate-exchanges/{exchange}",
        summary: "Keep it no more",
        value: "its name in the asker's list",
        parameters: &[],
        answer: "",
        handler: Handler::Own { takes: &[], most: 0, change: own::remove_exchange },
    },
];

const fn sent(path: &'static str, summary: &'static str, answer: &'static str, handler: Handler) -> Route {
    Route { verb: Post, path, summary, value: "", parameters: &[], answer, handler }
}

const fn asked(
    path: &'static str,
    summary: &'static str,
    value: &'static str,
    read: fn(&Site, &Ask) -> Result<Response, Problem>,
) -> Route {
    Route { verb: Get, path, summary, value, parameters: &[], answer: JSON, handler: Handler::Disk(read) }
}

const fn of_offer(verb: Verb, summary: &'static str, handler: Handler) -> Route {
    let value = "id of the verdict";
    Route { verb, path: "/v1/certificate-offers/{verdict}", summary, value, parameters: &[], answer: JSON, handler }
}

const fn of_foreign(verb: Verb, path: &'static str, summary: &'static str, handler: Handler) -> Route {
    Route { verb, path, summary, value: "its name in the asker's list", parameters: &[], answer: JSON, handler }
}
