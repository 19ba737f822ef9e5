//! Answers with nothing in them, and which of the five absences that is, for whoever may know.
//!
//! In scope: what stands beside an empty list, in a problem, at the opening of a stream of events. Out of scope: which absence it is and how it is
//! worded (`conformity::standing`).
//!
//! What is said depends on what the asker may know, and on nothing else that is hidden: whoever may not know of a verdict gets the
//! bytes that he would get if it were not there.

use conformity::as_of::AsOf;
use conformity::identifiers::Identifier;
use conformity::ids::{DocumentRef, SchemeChoice, SchemeRef, VerdictRef};
use conformity::records::Facts;
use conformity::standing::{
    Absence, Nothing, Question, Sight, Standing, no_document, no_scheme, no_scheme_about, no_verdict, sight,
};
use conformity::text::Text;
use conformity::words::{Language, Said};
use jiff::Timestamp;
use serde::Serialize;

use super::ask::Ask;
use super::site::Site;
use super::{apart, code, standing};
use crate::problem::Problem;

/// Why an answer has nothing in it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Why {
    /// Nothing where there is something after all, elsewhere than in this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) absence: Option<Absence>,
    because: Vec<Said>,
    explanation: Text<1024>,
}

impl Why {
    /// Why nothing is told of a supplier.
    ///
    /// # Errors
    /// [`Problem`] when rows of then cannot be read from the log.
    pub(super) fn of_supplier(site: &Site, ask: &Ask, question: &Question) -> Result<Self, Problem> {
        let Standing { absence, because, explanation, .. } = standing::answered(site, ask, question)?;
        Ok(Self { absence, because, explanation })
    }

    /// Why a list of verdicts under a scheme is empty, where no such scheme is published.
    pub(super) fn of_scheme(site: &Site, ask: &Ask, scheme: &SchemeChoice) -> Option<Self> {
        let register = site.register();
        let published = match scheme {
            SchemeChoice::Any(id) => !register.scheme_versions(id).is_empty(),
            SchemeChoice::Version(scheme) => register.scheme(scheme).is_some(),
        };
        (!published).then(|| Self::told(&no_scheme_about(&scheme.clone().into()), ask.language()))
    }

    fn told(nothing: &Nothing, language: Language) -> Self {
        let Nothing { absence, because } = nothing;
        let explanation = conformity::words::text(&because.words(language));
        Self { absence: Some(*absence), because: vec![because.told(language)], explanation }
    }
}

/// At the opening of a stream: of a supplier that it was asked for there is nothing, and why. It has no id and moves nobody's place.
#[derive(Serialize)]
struct Silence<'a> {
    supplier: &'a Identifier,
    #[serde(flatten)]
    why: Why,
}

/// Why events about a supplier may never come, as a piece of an event stream; nothing where there is something to show.
///
/// # Errors
/// As [`Why::of_supplier`].
pub(super) fn silence(site: &Site, ask: &Ask, question: &Question) -> Result<Option<String>, Problem> {
    let why = Why::of_supplier(site, ask, question)?;
    if why.absence.is_none() {
        return Ok(None);
    }
    let data = serde_json::to_string(&Silence { supplier: &question.supplier, why });
    let data = data.map_err(|error| code::internal("an absence could not be written", &error))?;
    Ok(Some(format!("event: absence\ndata: {data}\n\n")))
}

/// No verdict of that name that the asker may see.
pub(super) fn verdict(site: &Site, ask: &Ask, wanted: &VerdictRef) -> Problem {
    at(site, ask, wanted, &AsOf::Present(site.registry.now()))
}

/// The same at a time asked about. Of one that he sees at present nothing more is said.
pub(super) fn then(site: &Site, ask: &Ask, wanted: &VerdictRef, as_of: Option<Timestamp>) -> Problem {
    let seen = {
        let (register, viewer) = (site.register(), ask.viewer());
        let own = wanted.registry == site.registry.config.registry.id;
        let record = register.verdict(&wanted.id).filter(|_| own);
        record.is_some_and(|record| sight(&*register, &viewer, &record) == Sight::Whole)
            || register.recognition(wanted).is_some()
    };
    if seen || apart::of_verdict(site, ask, wanted).is_some() {
        return Problem::not_found();
    }
    let as_of = as_of.map_or_else(|| AsOf::Present(site.registry.now()), AsOf::known_then);
    at(site, ask, wanted, &as_of)
}

/// Nothing of that name as of a time, to whoever may see it today.
pub(super) fn at(site: &Site, ask: &Ask, wanted: &VerdictRef, as_of: &AsOf) -> Problem {
    Problem::absent(&no_verdict(&*site.register(), &ask.viewer(), wanted, *as_of))
}

/// No document of that name.
pub(super) fn document(document: &DocumentRef) -> Problem {
    Problem::absent(&no_document(document))
}

/// No scheme of that name.
pub(super) fn scheme(scheme: &SchemeRef) -> Problem {
    Problem::absent(&no_scheme(scheme))
}
