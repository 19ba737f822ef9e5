//! The buyer's question over HTTP: reads it; the rules answer it (`conformity::standing`).

use conformity::records::{Overlay, Record};
use conformity::standing::{About, Question, Standing, standing};
use warp::reply::Response;

use super::ask::{Ask, Query, SchemeChoice, bad_parameter};
use super::site::Site;
use super::{answer, apart};
use crate::problem::Problem;

/// `GET /v1/suppliers/{supplier}/standing`
pub(super) fn of_supplier(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let (query, now) = (ask.query(), site.registry.now());
    let question = Question {
        supplier: ask.value()?,
        country: query.one("country")?,
        about: about(query)?,
        viewpoint: query.one("viewpoint")?,
        as_of: query.as_of(now)?.unwrap_or(now),
    };
    Ok(answer::in_language(answer::json(&answered(site, ask, &question))?, ask.language()))
}

/// The answer for the asker, with what is made of restricted verdicts of others if he may know of that, in his language.
pub(super) fn answered(site: &Site, ask: &Ask, question: &Question) -> Standing {
    let recognised_apart = apart::of_supplier(site, ask, &question.supplier);
    let register = site.register();
    let mut facts = Overlay::new(&*register);
    recognised_apart.into_iter().for_each(|record| facts.insert(Record::Recognition(record)));
    standing(&facts, question, &ask.viewer()).told(ask.language())
}

fn about(query: &Query) -> Result<About, Problem> {
    match (query.one::<SchemeChoice>("scheme")?, query.one("document")?) {
        (None, None) => Ok(About::Everything),
        (Some(scheme), None) => Ok(scheme.about()),
        (None, Some(document)) => Ok(About::Document(document)),
        (Some(_), Some(_)) => Err(bad_parameter("document", "ask either about a scheme or about a document")),
    }
}
