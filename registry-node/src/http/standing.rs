//! The buyer's question over HTTP: reads it; the rules answer it (`conformity::standing`).

use std::sync::Arc;

use conformity::as_of::AsOf;
use conformity::ids::SchemeChoice;
use conformity::recognised::RecognitionRecord;
use conformity::records::{Facts, Overlay, Record};
use conformity::standing::{About, Question, Standing, Viewer, standing};
use warp::reply::Response;

use super::as_of::{Echo, Told, rows};
use super::ask::{Ask, Query, bad_parameter};
use super::site::Site;
use super::{answer, apart, as_of};
use crate::problem::Problem;

/// `GET /v1/suppliers/{supplier}/standing`
pub(super) fn of_supplier(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let query = ask.query();
    let question = Question {
        supplier: ask.value()?,
        country: query.one("country")?,
        about: about(query)?,
        viewpoint: query.one("viewpoint")?,
        as_of: as_of::of(site, query)?,
    };
    let told = Told { answer: answered(site, ask, &question)?, echo: Echo::of(&question.as_of, query)? };
    Ok(answer::in_language(answer::json(&told)?, ask.language()))
}

/// The answer for the asker, with what is made of restricted verdicts of others if he may know of that, in his language.
pub(super) fn answered(site: &Site, ask: &Ask, question: &Question) -> Result<Standing, Problem> {
    let recognised_apart = apart::of_supplier(site, ask, &question.supplier);
    Ok(seen(site, recognised_apart, question, &ask.viewer())?.told(ask.language()))
}

/// The answer as far as everybody may see, in no language yet.
pub(super) fn for_all(site: &Site, question: &Question) -> Result<Standing, Problem> {
    seen(site, Vec::new(), question, &Viewer::Public)
}

fn seen(
    site: &Site,
    recognised_apart: Vec<Arc<RecognitionRecord>>,
    question: &Question,
    viewer: &Viewer,
) -> Result<Standing, Problem> {
    // Rows of then lie in the log, which is read before the register is held.
    let stated = match question.as_of {
        AsOf::Present(_) => Vec::new(),
        _ => rows::then(site, recorded(site, question), &question.as_of)?,
    };
    let register = site.register();
    let mut facts = Overlay::new(&*register);
    let recognised = stated.into_iter().chain(recognised_apart);
    recognised.for_each(|record| facts.insert(Record::Recognition(record)));
    Ok(standing(&facts, question, viewer))
}

fn recorded(site: &Site, question: &Question) -> Vec<Arc<RecognitionRecord>> {
    site.register().recognitions_of(&question.supplier)
}

fn about(query: &Query) -> Result<About, Problem> {
    match (query.one::<SchemeChoice>("scheme")?, query.one("document")?) {
        (None, None) => Ok(About::Everything),
        (Some(scheme), None) => Ok(scheme.into()),
        (None, Some(document)) => Ok(About::Document(document)),
        (Some(_), Some(_)) => Err(bad_parameter("document", "ask either about a scheme or about a document")),
    }
}
