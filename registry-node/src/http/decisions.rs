//! `POST /v1/decisions`: may a partner in trade go on with another at this step, by a policy of the asker's?
//!
//! ```text
//! {"partner": "kind:value", "order": {"step": "order", "tier": 1, "touches": […], "site": "…", "item": "…"},
//!  "policy": {…} or "policyName": "…", "country": "JP", "proofs": true}
//! ```
//!
//! Either party of the trade may ask about the other. What the answer rests on is what the asker may see, today or then. Neither partner,
//! order nor policy is kept; but a bundle that shows detail by the supplier's consent is recorded for the supplier like any other, by whom
//! and when. `"proofs": false` leaves no trace. The bundles can be checked without this registry, so that the whole answer can be filed
//! with the order. Out of scope: what a policy makes of a standing (`procurement`), and keeping policies (`policies`).

use conformity::as_of::{AsOf, Seen};
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, VerdictRef};
use conformity::scheme::Levels;
use conformity::standing::{About, Holding, Question, Standing};
use jiff::Timestamp;
use procurement::policy::MAX_POLICY;
use procurement::{Finding, Order, Policy, Registry, SchemeLevels, judge};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use warp::reply::Response;

use super::as_of::Echo;
use super::ask::Ask;
use super::code::Code;
use super::site::Site;
use super::{answer, as_of, code, inquiry, policies, proofs, standing};
use crate::bridging::words;
use crate::buyer::shelf::Name;
use crate::problem::Problem;

/// Most bytes of a question.
pub(super) const MAX_QUESTION: usize = MAX_POLICY + 16 * 1024;
/// Most bundles in an answer.
const MAX_PROOFS: usize = 8;
/// Bytes of bundles after which no more are put in.
const PROOF_BYTES: usize = 16 * 1024 * 1024;

/// What is asked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    partner: Identifier,
    #[serde(default)]
    country: Option<CountryCode>,
    order: Order,
    #[serde(default)]
    policy: Option<Policy>,
    #[serde(default)]
    policy_name: Option<Name>,
    #[serde(default = "usually")]
    proofs: bool,
}

const fn usually() -> bool {
    true
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    partner: Identifier,
    order: Order,
    policy: Policy,
    #[serde(flatten)]
    finding: Finding,
    /// All that is said, in the language asked for.
    explanation: String,
    standing: Standing,
    /// When it was decided, whatever time was asked about.
    decided: Timestamp,
    /// The time asked about, where that is past.
    #[serde(flatten)]
    echo: Option<Echo>,
    /// The newest published checkpoint, a C2SP signed note.
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<String>,
    /// What the verdicts that it rests on rest on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proofs: Vec<Proof>,
}

/// The proof of one verdict.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    verdict: VerdictRef,
    /// The bundle, as `/v1/verdicts/{verdict}/proof` gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<Box<RawValue>>,
    /// Why there is none here.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// `POST /v1/decisions`
pub(super) fn decide(site: &Site, ask: &Ask, sent: &inquiry::Asked) -> Result<Response, Problem> {
    let asked: Asked = inquiry::read(sent)?;
    let policy = policy(site, ask, asked.policy, asked.policy_name.as_ref())?;
    let as_of = as_of::of(site, ask.query())?;
    let question = Question {
        supplier: asked.partner.clone(),
        country: asked.country,
        about: About::Everything,
        viewpoint: None,
        as_of,
    };
    let (finding, standing) = judged(site, ask, &policy, &asked.order, &question)?;
    let finding = finding.told(ask.language());
    let decision = Decision {
        partner: asked.partner,
        explanation: words(&finding, ask.language()),
        proofs: if asked.proofs { proven(site, ask, &finding, &as_of)? } else { Vec::new() },
        order: asked.order,
        policy,
        finding,
        standing,
        decided: site.registry.now(),
        echo: Echo::of(&as_of, ask.query())?,
        checkpoint: proofs::newest(site)?.map(|newest| String::from_utf8_lossy(&newest.note).into_owned()),
    };
    Ok(answer::in_language(answer::json(&decision)?, ask.language()))
}

/// What `policy` makes of `order` to a partner, and what the asker is shown of the partner, which it is made from.
pub(super) fn judged(
    site: &Site,
    ask: &Ask,
    policy: &Policy,
    order: &Order,
    question: &Question,
) -> Result<(Finding, Standing), Problem> {
    if order.tier == 0 {
        return Err(code::bad_question("tier: the nearest tier is 1"));
    }
    let standing = standing::answered(site, ask, question)?;
    let finding = judge(policy, order, &registry(site, &question.as_of, &standing), &standing);
    Ok((finding, standing))
}

/// The policy that was sent, or that the asker keeps here under this name.
fn policy(site: &Site, ask: &Ask, sent: Option<Policy>, name: Option<&Name>) -> Result<Policy, Problem> {
    match (sent, name) {
        (Some(policy), None) => policy.checked().map_err(code::bad_question),
        (None, Some(name)) => policies::kept(site, ask, name).map(|shelved| shelved.value),
        _ => Err(code::bad_question("send either a policy or, as policyName, the name of one that you keep here")),
    }
}

/// This registry, with the levels of the schemes that are shown, as of then.
fn registry(site: &Site, as_of: &AsOf, standing: &Standing) -> Registry {
    let register = site.register();
    let seen = Seen::new(&*register, *as_of);
    let schemes = standing.holdings.iter().filter_map(|holding| match holding {
        Holding::Own(own) => Some(&own.scheme),
        Holding::Foreign(foreign) => foreign.record.recognition.counts_as.as_ref().map(|one| &one.scheme),
    });
    let levels = |scheme| seen.scheme(scheme).map(|record| record.scheme.levels.clone());
    let levels: SchemeLevels = schemes
        .filter_map(|scheme| Some((scheme.clone(), levels(scheme)?)))
        .collect::<Vec<(_, Levels)>>()
        .into_iter()
        .collect();
    Registry { id: site.registry.config.registry.id.clone(), levels }
}

/// A bundle for each verdict that the finding rests on, or why there is none here.
fn proven(site: &Site, ask: &Ask, finding: &Finding, as_of: &AsOf) -> Result<Vec<Proof>, Problem> {
    let then = (!matches!(as_of, AsOf::Present(_))).then(|| as_of.at());
    let mut room = PROOF_BYTES;
    let proofs = finding.rests_on().into_iter().enumerate().map(|(count, verdict)| {
        let told =
            if count < MAX_PROOFS { fitting(site, ask, verdict, then, &mut room) } else { Err(elsewhere(verdict)) };
        match told {
            Ok(bundle) => Ok(Proof { verdict: verdict.clone(), bundle: Some(bundle), problem: None }),
            // It is decided all the same: who asks again in a second gets the proof.
            Err(problem) if problem.status < 500 || problem.code() == Code::NotPublished.as_str() => {
                let problem = Some(problem.told(ask.language()));
                Ok(Proof { verdict: verdict.clone(), bundle: None, problem })
            }
            Err(problem) => Err(problem),
        }
    });
    proofs.collect()
}

/// The bundle of a verdict if there is room for it; only then is it shown, and what it shows by consent recorded.
fn fitting(
    site: &Site,
    ask: &Ask,
    verdict: &VerdictRef,
    then: Option<Timestamp>,
    room: &mut usize,
) -> Result<Box<RawValue>, Problem> {
    let made = proofs::made(site, ask, verdict, then)?;
    *room = room.checked_sub(made.bytes.len()).ok_or_else(|| elsewhere(verdict))?;
    let bundle = serde_json::from_slice(&made.bytes);
    let bundle = bundle.map_err(|error| code::internal("a bundle could not be put into an answer", &error))?;
    made.record(site, ask)?;
    Ok(bundle)
}

fn elsewhere(verdict: &VerdictRef) -> Problem {
    code::not_provable(&format!("an answer holds a few bundles only; fetch this one at /v1/verdicts/{verdict}/proof"))
}
