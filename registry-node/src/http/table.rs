//! Every route of a registry, the hottest first.

use conformity::words::Language;

use super::answer::{DID_DOCUMENT, EVENTS, JOSE, JSON, KEY_SET, NOTE, OCTETS};
use super::as_of::{self, AS_OF, AS_OF_SIZE, KNOWN};
use super::credentials::{SD_JWT, STATUS_LIST, VC_JWT};
use super::question::Question;
use super::route::Verb::{Get, Post};
use super::route::{Handler, Parameter, Route};
use super::{
    attachments, bulletins, cascades, catalogue, consented, coverage, credentials, hosting, keys, log, neighbours,
    presentations, proofs, received, service, standing, surveillance, trust_query, verdicts, witness,
};
use crate::metrics;

/// The table.
pub(super) static ROUTES: &[Route] = &[
    Route {
        verb: Get,
        path: "/v1/verdicts/{verdict}",
        summary: "A verdict of this registry with its history, or what it makes of another registry's",
        value: "registry:id, such as jp:V-1",
        parameters: &[AS_OF, AS_OF_SIZE, KNOWN, LANG],
        answer: JSON,
        handler: Handler::Mixed { waits: verdicts::waits, read: verdicts::one, waiting: verdicts::one_waiting },
    },
    Route {
        verb: Get,
        path: "/v1/verdicts/{verdict}/proof",
        summary: "Everything that a verdict rests on, to be checked without this registry",
        value: "registry:id, such as jp:V-1",
        parameters: &[AS_OF_INSTANT],
        answer: JSON,
        handler: Handler::Disk(proofs::proof),
    },
    Route {
        verb: Get,
        path: "/v1/suppliers/{supplier}/standing",
        summary: "How a supplier stands: own verdicts, recognised ones, or which absence, explained",
        value: "kind:value, such as lei:5493001KJTIIGC8Y1R12",
        parameters: &[COUNTRY, SCHEME, DOCUMENT, VIEWPOINT, AS_OF, AS_OF_SIZE, KNOWN, LANG],
        answer: JSON,
        handler: past(standing::of_supplier),
    },
    Route {
        verb: Get,
        path: "/v1/suppliers/{supplier}/proof",
        summary: "All that the log holds about a supplier under a scheme, or that there is nothing, to be checked without this registry; \
                  for the operator, the supplier, and whom it consents to",
        value: "kind:value, such as lei:5493001KJTIIGC8Y1R12",
        parameters: &[SCHEME_VERSION],
        answer: JSON,
        handler: Handler::Disk(proofs::supplier::proof),
    },
    Route {
        verb: Get,
        path: "/v1/suppliers/{supplier}/disclosures",
        summary: "Who was shown by consent how a supplier stands under a scheme, for the supplier",
        value: "kind:value, such as lei:5493001KJTIIGC8Y1R12",
        parameters: &[SCHEME_VERSION],
        answer: JSON,
        handler: Handler::Disk(proofs::supplier::uses),
    },
    Route {
        verb: Get,
        path: "/v1/verdicts",
        summary: "Open verdicts of this registry, by id",
        value: "",
        parameters: &[SUPPLIER, SCHEME, VIEWPOINT, STATE, AS_OF, AS_OF_SIZE, KNOWN, CURSOR, LIMIT, LANG],
        answer: JSON,
        handler: past(verdicts::list),
    },
    past_list("/v1/documents", "Requirements documents and guidelines", catalogue::documents),
    Route {
        verb: Get,
        path: "/v1/documents/{document}/coverage",
        summary: "Which requirements of a document are covered by what a supplier, or a whole document, meets already",
        value: "id@version",
        parameters: &[
            once("supplier", "from the verdicts on this supplier that the asker may see"),
            often("met", "suppose that all of this document is met, id@version"),
            AS_OF,
            AS_OF_SIZE,
            KNOWN,
            LANG,
        ],
        answer: JSON,
        handler: Handler::Disk(coverage::of_document),
    },
    past_list("/v1/schemes", "Schemes", catalogue::schemes),
    Route {
        verb: Get,
        path: "/v1/bulletins",
        summary: "Bulletins of this registry, and those of others that it passes on",
        value: "",
        parameters: &[
            SECTORS,
            COUNTRIES,
            SCHEMES,
            once("in_force_on", "a day: only what is in force then"),
            CURSOR,
            LIMIT,
        ],
        answer: JSON,
        handler: Handler::Memory(bulletins::list),
    },
    Route {
        verb: Get,
        path: "/v1/bulletins/{bulletin}",
        summary: "A bulletin with what its issuer signed",
        value: "registry:id, such as eu:B-1",
        parameters: &[],
        answer: JSON,
        handler: Handler::Disk(bulletins::one),
    },
    past_list("/v1/crosswalks", "Crosswalks between documents", catalogue::crosswalks),
    list("/v1/cascades", "What lapses did to verdicts that rest on what lapsed, and how far that is", cascades::list),
    Route {
        verb: Get,
        path: "/v1/surveillance",
        summary: "Which verdicts are to be looked at again by which day, for those whose affair it is",
        value: "",
        parameters: &[
            once("due_from", "a day: only what is due then or later"),
            once("due_until", "a day: only what is due then or before"),
            CURSOR,
            LIMIT,
        ],
        answer: JSON,
        handler: Handler::Memory(surveillance::list),
    },
    past_list("/v1/parties", "Bodies, authorities and the operator, with their keys", catalogue::parties),
    past_list("/v1/accreditations", "Accreditations, and whether they are in force", catalogue::accreditations),
    past_list("/v1/designations", "Designations, and whether they are in force", catalogue::designations),
    Route {
        parameters: &[AS_OF, AS_OF_SIZE, KNOWN, CURSOR, LIMIT, LANG],
        ..past_list("/v1/arrangements", "Arrangements, and how they stand in each direction", neighbours::arrangements)
    },
    Route {
        verb: Get,
        path: "/v1/peers",
        summary: "Peers, and how following and cosigning them stands",
        value: "",
        parameters: &[CURSOR, LIMIT],
        answer: JSON,
        handler: Handler::Disk(neighbours::peers),
    },
    Route {
        verb: Get,
        path: "/v1/hosted",
        summary: "Which registry runs on the node of which: confirmed by both logs, claimed, offered, or ended",
        value: "",
        parameters: &[],
        answer: JSON,
        handler: Handler::Memory(hosting::hosted),
    },
    list("/v1/evidence", "Evidence that logs are forked", witness::evidence),
    Route {
        verb: Get,
        path: "/v1/evidence/{id}",
        summary: "One piece of evidence, which is all that it takes to check it",
        value: "id of the evidence, 16 hexadecimal digits",
        parameters: &[],
        answer: JSON,
        handler: Handler::Memory(witness::one_piece),
    },
    question(
        "/authorization",
        "Whether a body may act under a scheme (Trust Registry Query Protocol v2)",
        "Authorization",
        trust_query::authorization,
    ),
    question(
        "/recognition",
        "Whether a registry's verdicts are recognized here (Trust Registry Query Protocol v2)",
        "Recognition",
        trust_query::recognition,
    ),
    plain(
        "/.well-known/did.json",
        "The registry's DID document (did:web)",
        DID_DOCUMENT,
        Handler::Memory(keys::registry_document),
    ),
    plain("/.well-known/jwks.json", "The registry's keys", KEY_SET, Handler::Memory(keys::registry_keys)),
    of_party(
        "/parties/{party}/did.json",
        "The DID document of a body or authority (did:web)",
        DID_DOCUMENT,
        Handler::Memory(keys::party_document),
    ),
    of_party(
        "/parties/{party}/jwks.json",
        "The keys of a body or authority",
        KEY_SET,
        Handler::Memory(keys::party_keys),
    ),
    plain("/healthz", "Whether the process answers", JSON, Handler::Memory(service::health)),
    plain("/readyz", "Whether statements are acknowledged", JSON, Handler::Memory(service::readiness)),
    plain("/metrics", "Counters for a scraper", metrics::MEDIA_TYPE, Handler::Memory(service::metrics)),
    plain("/openapi.json", "This document", JSON, Handler::Memory(service::openapi)),
    plain("/checkpoint", "The newest published checkpoint, cosigned (C2SP)", NOTE, Handler::Disk(log::checkpoint)),
    Route {
        verb: Post,
        path: "/add-checkpoint",
        summary: "Cosigns the checkpoint of a peer's log (C2SP tlog-witness)",
        value: "",
        parameters: &[],
        answer: NOTE,
        handler: Handler::Checkpoints,
    },
    Route {
        verb: Get,
        path: "/witness/{log}/checkpoint",
        summary: "The newest checkpoint of a peer's log that this registry cosigned (C2SP tlog-witness)",
        value: "SHA-256 of the log's origin, 64 lower-case hexadecimal digits",
        parameters: &[],
        answer: NOTE,
        handler: Handler::Disk(witness::checkpoint),
    },
    Route {
        verb: Get,
        path: "/tile/{tile*}",
        summary: "A tile of the log (C2SP tlog-tiles)",
        value: "level or entries, then the tile's number in groups of three digits, then .p/ and a width when it is partial",
        parameters: &[],
        answer: OCTETS,
        handler: Handler::Disk(log::tile),
    },
    Route {
        verb: Get,
        path: "/v1/statements/{index}",
        summary: "A public statement with the proof that the log contains it",
        value: "index of its entry",
        parameters: &[],
        answer: JSON,
        handler: Handler::Evened(log::statement),
    },
    Route {
        verb: Get,
        path: "/v1/attachments/{digest}",
        summary: "A catalogue of a document, or the result list of a recognition",
        value: "SHA-256, 64 lower-case hexadecimal digits",
        parameters: &[],
        answer: OCTETS,
        handler: Handler::Large { weight: attachments::weight, read: attachments::attachment },
    },
    Route {
        verb: Get,
        path: "/v1/credentials/{verdict}",
        summary: "The newest credential of a verdict, with what the asker may see of it (SD-JWT VC)",
        value: "registry:id, such as jp:V-1",
        parameters: &[],
        answer: SD_JWT,
        handler: Handler::Disk(credentials::newest),
    },
    Route {
        verb: Get,
        path: "/v1/verdicts/{verdict}/disclosures",
        summary: "What was seen of a verdict by consent, for its supplier",
        value: "registry:id, such as jp:V-1",
        parameters: &[],
        answer: JSON,
        handler: Handler::Disk(consented::uses),
    },
    Route {
        verb: Get,
        path: "/v1/verdicts/{verdict}/disclosed",
        summary: "What another registry disclosed of its verdict by an arrangement, for its supplier and the operator",
        value: "registry:id, such as jp:V-1",
        parameters: &[],
        answer: JSON,
        handler: Handler::Disk(received::of_verdict),
    },
    list("/v1/consents", "The disclosure consents that the asker gave", consented::list),
    Route {
        verb: Get,
        path: "/v1/status-lists/{list}",
        summary: "Which credentials still hold (IETF Token Status List)",
        value: "number of the list, as credentials name it",
        parameters: &[],
        answer: STATUS_LIST,
        handler: Handler::Disk(credentials::status_list),
    },
    Route {
        verb: Get,
        path: "/v1/bitstring-status-lists/{list*}",
        summary: "The same for revocation or suspension alone (W3C Bitstring Status List)",
        value: "number of the list, a slash, and revocation or suspension",
        parameters: &[],
        answer: VC_JWT,
        handler: Handler::Disk(credentials::bitstring_list),
    },
    Route {
        verb: Post,
        path: "/v1/status-slots",
        summary: "Places in a status list for credentials to come; for certification bodies",
        value: "",
        parameters: &[COUNT],
        answer: JSON,
        handler: Handler::Disk(credentials::hand_out),
    },
    Route {
        verb: Post,
        path: "/v1/presentations/nonces",
        summary: "A nonce for one presentation of a credential; for parties",
        value: "",
        parameters: &[],
        answer: JSON,
        handler: Handler::Memory(presentations::nonce),
    },
    Route {
        verb: Post,
        path: "/v1/presentations",
        summary: "Present a credential of this log, bound to a nonce (SD-JWT with key binding)",
        value: "",
        parameters: &[],
        answer: JSON,
        handler: Handler::Presentations,
    },
    plain(
        "/v1/log-keys",
        "With which keys the log signed its checkpoints, and what proves it",
        JSON,
        Handler::Disk(catalogue::log_keys),
    ),
    plain("/v1/genesis", "The statement that began the log, as peers pin it", JOSE, Handler::Disk(catalogue::genesis)),
    Route {
        verb: Post,
        path: "/v1/statements",
        summary: "Submit statements; needs a client certificate",
        value: "",
        parameters: &[],
        answer: JSON,
        handler: Handler::Statements,
    },
    Route {
        verb: Get,
        path: "/v1/events",
        summary: "Everything that happens, as CloudEvents; resumes behind Last-Event-ID",
        value: "",
        parameters: &[AFTER, SUPPLIERS, SCHEMES, VIEWPOINTS, STATES, TYPES, SECTORS, COUNTRIES, EVENT_LANG],
        answer: EVENTS,
        handler: Handler::Events,
    },
];

const fn plain(path: &'static str, summary: &'static str, answer: &'static str, handler: Handler) -> Route {
    Route { verb: Get, path, summary, value: "", parameters: &[], answer, handler }
}

const fn of_party(path: &'static str, summary: &'static str, answer: &'static str, handler: Handler) -> Route {
    Route { verb: Get, path, summary, value: "id of the party", parameters: &[], answer, handler }
}

const fn question(
    path: &'static str,
    summary: &'static str,
    subject: &'static str,
    answer: fn(&super::site::Site, &Question, Language) -> Result<warp::reply::Response, crate::problem::Problem>,
) -> Route {
    let handler = Handler::Question { subject, answer };
    Route { verb: Post, path, summary, value: "", parameters: &[], answer: JSON, handler }
}

const fn list(
    path: &'static str,
    summary: &'static str,
    handler: fn(&super::site::Site, &super::ask::Ask) -> Result<warp::reply::Response, crate::problem::Problem>,
) -> Route {
    let parameters = &[CURSOR, LIMIT];
    Route { verb: Get, path, summary, value: "", parameters, answer: JSON, handler: Handler::Memory(handler) }
}

/// A list that can be asked of the past, too.
const fn past_list(
    path: &'static str,
    summary: &'static str,
    handler: fn(&super::site::Site, &super::ask::Ask) -> Result<warp::reply::Response, crate::problem::Problem>,
) -> Route {
    let parameters = &[AS_OF, AS_OF_SIZE, KNOWN, CURSOR, LIMIT];
    Route { verb: Get, path, summary, value: "", parameters, answer: JSON, handler: past(handler) }
}

/// From memory, and of the past on a thread that may wait for the log.
const fn past(
    read: fn(&super::site::Site, &super::ask::Ask) -> Result<warp::reply::Response, crate::problem::Problem>,
) -> Handler {
    Handler::Mixed { waits: as_of::is_past, read, waiting: read }
}

const fn once(name: &'static str, what: &'static str) -> Parameter {
    Parameter { name, what, many: false }
}

const fn often(name: &'static str, what: &'static str) -> Parameter {
    Parameter { name, what, many: true }
}

const SUPPLIER: Parameter = once("supplier", "any identifier of the supplier, kind:value");
const COUNTRY: Parameter =
    once("country", "where the supplier is established, if known; it sharpens what an absence means");
const SCHEME: Parameter = once("scheme", "id for every version of a scheme, or id@version");
const SCHEME_VERSION: Parameter = once("scheme", "id@version; required");
const DOCUMENT: Parameter = once("document", "id@version of a document: every scheme on it");
const VIEWPOINT: Parameter = once("viewpoint", "organization, process or people-and-things");
const STATE: Parameter = once("state", "granted, conditional, suspended, …");
const COUNT: Parameter = once("count", "how many, 1 to 1000 [default: 1]");
const AS_OF_INSTANT: Parameter = once("as_of", "an instant that has come, RFC 3339: with the credential of then");
const LANG: Parameter = once("lang", "en or ja: the language of the words in the answer [default: by Accept-Language]");
const EVENT_LANG: Parameter = once("lang", "en or ja: tells each event in words, too, in that language");
const CURSOR: Parameter = once("cursor", "next of the page before");
const LIMIT: Parameter = once("limit", "most items of the page, 1 to 1000");
const AFTER: Parameter = once("after", "id of the last event read, or start; without it, what comes from now on");
const SUPPLIERS: Parameter = often("supplier", "only verdicts on suppliers with one of these identifiers");
const SCHEMES: Parameter = often("scheme", "only verdicts under one of these schemes, id or id@version");
const VIEWPOINTS: Parameter = often("viewpoint", "only verdicts with one of these viewpoints");
const STATES: Parameter = often("state", "only verdicts that come into one of these states");
const SECTORS: Parameter = often("sector", "only bulletins for one of these sectors, or for all");
const COUNTRIES: Parameter = often("country", "only bulletins for one of these countries, or for all");
const TYPES: Parameter =
    often("type", "only events of one of these types, such as verdict.suspended, or families, such as verdict");
