//! Routes for who buys: decisions, portfolios, and the policies and supply chains that a party keeps here.

use procurement::policy::MAX_POLICY;

use super::super::answer::JSON;
use super::super::as_of::{AS_OF, AS_OF_SIZE, KNOWN};
use super::super::route::Verb::{Delete, Get, Post, Put};
use super::super::route::{Handler, Parameter, Route, Verb};
use super::super::{bridging, decisions, exposures, policies, portfolio, representatives, supply_chains};
use super::parts::{LANG, often, once, plain};
use crate::buyer::supply_chain;

/// The table.
pub(super) static ROUTES: &[Route] = &[
    Route {
        verb: Post,
        path: "/v1/decisions",
        summary: "Whether to go on with a partner at a step of a trade, by a policy, with reasons and proofs; for parties",
        value: "",
        parameters: &[AS_OF, AS_OF_SIZE, KNOWN, LANG],
        answer: JSON,
        handler: Handler::Inquiry {
            takes: &[JSON],
            also: &[],
            most: decisions::MAX_QUESTION,
            answer: decisions::decide,
        },
    },
    Route {
        verb: Post,
        path: "/v1/portfolio",
        summary: "How many suppliers stand, with the history of each verdict that the asker may see; for parties",
        value: "",
        parameters: &[AS_OF, AS_OF_SIZE, KNOWN, LANG],
        answer: JSON,
        handler: Handler::Inquiry {
            takes: &[JSON],
            also: &[],
            most: portfolio::MAX_QUESTION,
            answer: portfolio::portfolio,
        },
    },
    Route {
        verb: Post,
        path: "/v1/bridges/{network}",
        summary: "How the partners in documents of a trading network stand, by a policy, as JSON or in the network's own form; for parties",
        value: "edifact, ubl, catena-x, cross-industry or list",
        parameters: &[KEPT_POLICY, DOCUMENT_STEP, TIER, TOUCHES, PARTNER, LANG],
        answer: JSON,
        handler: Handler::Inquiry {
            takes: bridging::FORMS,
            also: bridging::ANSWERS,
            most: bridges::INPUT_MAX,
            answer: bridging::answered,
        },
    },
    plain("/v1/representatives", "Who may ask on behalf of the asker", JSON, Handler::Disk(representatives::list)),
    of_representative(
        Get,
        REPRESENTATIVE,
        "What a party may ask on behalf of the asker",
        Handler::Disk(representatives::one),
    ),
    of_representative(
        Put,
        REPRESENTATIVE,
        "Let a party ask on behalf of the asker",
        Handler::Own { takes: &[JSON], most: representatives::MAX_BYTES, change: representatives::put },
    ),
    of_representative(
        Delete,
        REPRESENTATIVE,
        "Let a party ask no more, from now on",
        Handler::Own { takes: &[], most: 0, change: representatives::remove },
    ),
    of_representative(
        Get,
        "/v1/representatives/{party}/acts",
        "What a party asked on behalf of the asker",
        Handler::Disk(representatives::acts),
    ),
    plain("/v1/policies", "The policies that the asker keeps here", JSON, Handler::Disk(policies::list)),
    of_policy(Get, "A policy that the asker keeps here", Handler::Disk(policies::one)),
    of_policy(
        Put,
        "Keep a policy here, for the asker alone",
        Handler::Own { takes: &[JSON], most: MAX_POLICY, change: policies::put },
    ),
    of_policy(Delete, "Keep a policy no more", Handler::Own { takes: &[], most: 0, change: policies::remove }),
    plain("/v1/supply-chains", "The supply chains that the asker keeps here", JSON, Handler::Disk(supply_chains::list)),
    of_chain(Get, "A supply chain that the asker keeps here, as it was sent", Handler::Disk(supply_chains::one)),
    of_chain(
        Put,
        "Keep a supply chain here, for the asker alone",
        Handler::Own { takes: supply_chains::FORMS, most: supply_chain::MAX_BYTES, change: supply_chains::put },
    ),
    of_chain(
        Delete,
        "Keep a supply chain no more",
        Handler::Own { takes: &[], most: 0, change: supply_chains::remove },
    ),
    Route {
        path: "/v1/supply-chains/{chain}/exposure",
        parameters: &[
            KEPT_POLICY,
            STEP,
            once("supplier", "only what this supplier exposes, kind:value"),
            IF_LOST,
            LANG,
        ],
        ..of_chain(
            Get,
            "What in a supply chain does not meet a policy, and what that exposes",
            Handler::Disk(supply_chains::exposed),
        )
    },
    Route {
        path: "/v1/supply-chains/{chain}/exposures",
        parameters: &[KEPT_POLICY, STEP, once("after", "the index of an entry: what came behind it; start: all"), LANG],
        ..of_chain(
            Get,
            "What changes did to a supply chain, by a policy, one event for each entry that moved something",
            Handler::Disk(exposures::pull),
        )
    },
    Route {
        path: "/v1/supply-chains/{chain}/drawing",
        parameters: &[KEPT_POLICY, STEP, LANG],
        answer: supply_chains::SVG,
        ..of_chain(
            Get,
            "A supply chain as a picture, what does not meet a policy marked",
            Handler::Disk(supply_chains::drawn),
        )
    },
];

const REPRESENTATIVE: &str = "/v1/representatives/{party}";

const fn of_representative(verb: Verb, path: &'static str, summary: &'static str, handler: Handler) -> Route {
    Route { verb, path, summary, value: "id of the party", parameters: &[], answer: JSON, handler }
}

const fn of_policy(verb: Verb, summary: &'static str, handler: Handler) -> Route {
    let value = "the asker's name for the policy";
    Route { verb, path: "/v1/policies/{policy}", summary, value, parameters: &[], answer: JSON, handler }
}

const fn of_chain(verb: Verb, summary: &'static str, handler: Handler) -> Route {
    let value = "the asker's name for the chain";
    Route { verb, path: "/v1/supply-chains/{chain}", summary, value, parameters: &[], answer: JSON, handler }
}

const KEPT_POLICY: Parameter = once("policy", "the name of a policy that the asker keeps here; required");
const STEP: Parameter = once("step", "the step of a trade that is looked at [default: order]");
const IF_LOST: Parameter = once("if_lost", "true: suppose that the supplier had nothing any more [default: false]");
const DOCUMENT_STEP: Parameter =
    once("step", "the step of documents that belong to none, such as lists and certificates");
const TIER: Parameter = once("tier", "how far away the partners are [default: 1]");
const TOUCHES: Parameter = often("touches", "what the trade touches: confidentiality, continuity, access");
const PARTNER: Parameter =
    once("partner", "kind:value of the partner that the documents name by a number that no registry knows");
