//! `POST /v1/bridges/{network}`: documents of a trading network, answered for the party that brings them.
//!
//! ```text
//! Accept: application/json (or none)            ▶ everything: documents, parties, findings, and each answer in base64
//! Accept: the media type of the one answer      ▶ that answer alone, in the network's own form
//! ```
//!
//! Each partner is asked about as `/v1/decisions` does it: by the asker's rights, a policy that it keeps here, and now. Nothing of the
//! documents is kept. Out of scope: whom of a document is asked about and what is told (`crate::bridging`), and carrying documents.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bridges::Network;
use bytes::Bytes;
use conformity::as_of::AsOf;
use conformity::identifiers::Identifier;
use conformity::records::Facts;
use conformity::standing::{About, Question as Asking};
use ledger::digest::Digest;
use procurement::{Order, Policy};
use warp::reply::Response;

use super::answer::{self, JSON, Keep};
use super::ask::{Ask, bad_parameter};
use super::code::{self, Code};
use super::consented::party as asker;
use super::inquiry;
use super::site::Site;
use super::{decisions, policies};
use crate::bridging::{Asked, Bridged, Found, Occasion, Question, Terms, Unclear};
use crate::problem::Problem;

/// What documents are sent as: the types of all networks.
pub(super) const FORMS: &[&str] = &[
    "application/edifact",
    "application/xml",
    "text/xml",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    JSON,
    "text/csv",
];
/// What one document is answered as, beside JSON with everything.
pub(super) const ANSWERS: &[&str] = &[
    "application/edifact",
    "application/xml",
    "application/cloudevents+json",
    "text/plain; charset=utf-8",
    "text/csv; charset=utf-8",
];
/// How long partners are asked about for one input.
const ANSWERING: Duration = Duration::from_secs(20);

/// `POST /v1/bridges/{network}`
pub(super) fn answered(site: &Site, ask: &Ask, sent: &inquiry::Asked) -> Result<Response, Problem> {
    let identity = ask.speaker().map(|speaker| &speaker.identity);
    // Whoever asks on behalf of another has a quota for each of them.
    if ask.representative().is_none() && !site.bridged.take(identity, site.registry.now()) {
        let detail = "you have too many documents answered; at most four inputs a second in the long run";
        return Err(Problem::busy(Code::Busy.as_str(), detail, 1));
    }
    let network: Network = ask.value()?;
    if !network.media_types().contains(&sent.media_type.as_str()) {
        return Err(code::unsupported_media_type(network.media_types()));
    }
    let name = ask.query().one("policy")?;
    let name = name.ok_or_else(|| bad_parameter("policy", "name a policy that you keep here"))?;
    let policy = policies::kept(site, ask, &name)?.value;
    let terms = terms(site, ask)?;
    let reading = bridges::bridge(network).read(&sent.body);
    let reading = reading.map_err(|refusal| code::bad_document(&refusal, ask.language()))?;
    let asked = Asked::new(reading, &terms).map_err(|why| match why {
        Unclear::TooMany(_) => code::bad_question(why),
        Unclear::Partner(_) => bad_parameter("partner", why),
    })?;
    let occasion = Occasion {
        network,
        input: Digest::of(&sent.body),
        made: site.registry.now(),
        language: ask.language(),
        url: &site.registry.config.http.public_url,
    };
    let bridged = Bridged::new(&asked, &found(site, ask, &policy, &asked, &occasion)?, &occasion);
    shown(&bridged, &asked, ask)
}

/// What the asker says beside its documents, and by what they name it.
fn terms(site: &Site, ask: &Ask) -> Result<Terms, Problem> {
    let party = asker(ask)?;
    let own: Vec<Identifier> =
        site.register().party(&party).map(|record| record.party.identifiers.clone()).unwrap_or_default();
    Ok(Terms { own, step: ask.query().one("step")?, partner: ask.query().one("partner")? })
}

/// What is found of each partner.
fn found(
    site: &Site,
    ask: &Ask,
    policy: &Policy,
    asked: &Asked,
    occasion: &Occasion<'_>,
) -> Result<BTreeMap<Question, Found>, Problem> {
    let tier = ask.query().one("tier")?.unwrap_or(1);
    let touches: BTreeSet<_> = ask.query().many("touches")?.into_iter().collect();
    let began = Instant::now();
    let answers = asked.questions().into_iter().map(|question| {
        if began.elapsed() > ANSWERING {
            let detail =
                "the partners of these documents could not all be looked up in time; send fewer documents at once";
            return Err(Problem::busy(Code::Busy.as_str(), detail, 10));
        }
        let order = Order { step: question.step, tier, touches: touches.clone(), site: None, item: None };
        let asking = Asking {
            supplier: question.partner.clone(),
            country: None,
            about: About::Everything,
            viewpoint: None,
            as_of: AsOf::Present(occasion.made),
        };
        let (finding, standing) = decisions::judged(site, ask, policy, &order, &asking)?;
        Ok((question, Found { finding, standing, as_of: occasion.made }))
    });
    answers.collect()
}

/// The one answer in the network's form where that is what the asker takes, else everything.
fn shown(bridged: &Bridged, asked: &Asked, ask: &Ask) -> Result<Response, Problem> {
    let written = asked.reading.documents.iter().map(bridges::Document::answer_type);
    let forms: Vec<&'static str> = [JSON].into_iter().chain(written).collect();
    if ask.form(&forms) == JSON {
        return Ok(answer::in_language(answer::json(bridged)?, ask.language()));
    }
    match bridged.documents.as_slice() {
        [one] => match (&one.answer, &one.unanswered) {
            (Some(answer), _) => {
                Ok(answer::bytes(media_type(answer.media_type), Bytes::copy_from_slice(&answer.bytes), Keep::No))
            }
            (None, why) => Err(code::no_such_answer(why.as_deref().unwrap_or_default())),
        },
        several => Err(code::no_such_answer(&format!(
            "{} documents came, and one answer is sent at a time; send them one by one, or take JSON",
            several.len()
        ))),
    }
}

/// With the character set, where the type has one of its own.
fn media_type(answer_type: &'static str) -> &'static str {
    match answer_type {
        "text/plain" => "text/plain; charset=utf-8",
        "text/csv" => "text/csv; charset=utf-8",
        other => other,
    }
}
