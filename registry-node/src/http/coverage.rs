//! What of a document somebody meets already: by verdicts, or by other documents that somebody supposes to be met.
//!
//! ```text
//! GET /v1/documents/{document}/coverage?supplier=…   from the verdicts on a supplier that the asker may see, and what is made of others'
//! GET /v1/documents/{document}/coverage?met=…        from whole documents, supposed to be met
//! ```
//!
//! In scope: the answer, and where evidence for what is touched was given already. Out of scope: what counts as met (`basis`, `foreign`),
//! and what follows from it (`conformity::coverage`).

mod basis;
mod foreign;
mod known;

use std::collections::{BTreeMap, BTreeSet};

use conformity::as_of::{AsOf, Seen};
use conformity::catalogue::Catalogue;
use conformity::coverage::{Counts, Cover, Line, Question, Requirement, coverage};
use conformity::identifiers::Identifier;
use conformity::ids::{CrosswalkRef, DocumentRef, RequirementId};
use conformity::standing::{About, Question as Asked};
use jiff::Timestamp;
use serde::Serialize;
use warp::reply::Response;

use super::answer;
use super::as_of::{self, Echo};
use super::ask::{Ask, bad_parameter};
use super::nothing::{self, Why};
use super::site::Site;
use crate::problem::Problem;
use basis::Basis;
use known::Known;

/// The most documents that are supposed to be met in one question.
const MAX_SUPPOSED: usize = 16;
/// The most verdicts of this registry, and of others, that one answer rests on.
const MAX_VERDICTS: usize = 64;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    document: &'a DocumentRef,
    /// Whether the requirements are those of the document's catalogue; else those that crosswalks name.
    catalogued: bool,
    /// The present, where no other time was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Timestamp>,
    counts: Counts,
    basis: &'a [Basis],
    crosswalks: Vec<&'a CrosswalkRef>,
    requirements: Vec<Told>,
    withdrawn: Vec<Gone<'a>>,
    text: Words,
    /// Where no verdict on the supplier counts: why there is none on the document itself.
    #[serde(flatten)]
    why: Option<Why>,
}

/// A requirement, with where evidence was given for what touches it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(flatten)]
    line: Line,
    /// Positions in `basis`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    evidence_in: BTreeSet<usize>,
}

/// A requirement that does not bind any more.
#[derive(Serialize)]
struct Gone<'a> {
    requirement: &'a RequirementId,
    successors: Vec<&'a RequirementId>,
}

/// The answer in a sentence.
#[derive(Serialize)]
struct Words {
    en: String,
    ja: String,
}

/// What is met, and what says so.
struct Ground<'a> {
    known: &'a Known,
    basis: Vec<Basis>,
    /// By document and folded number, with the positions in `basis`.
    met: BTreeMap<(DocumentRef, String), (Requirement, BTreeSet<usize>)>,
}

/// `GET /v1/documents/{document}/coverage`
pub(super) fn of_document(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let document: DocumentRef = ask.value()?;
    let query = ask.query();
    let as_of = as_of::of(site, query)?;
    if Seen::new(&*site.register(), as_of).document(&document).is_none() {
        return Err(nothing::document(&document));
    }
    let supposed: Vec<DocumentRef> = query.many("met")?;
    if supposed.len() > MAX_SUPPOSED {
        return Err(bad_parameter("met", format_args!("suppose at most {MAX_SUPPOSED} documents")));
    }
    let known = Known::of(site, &as_of)?;
    let mut ground = Ground { known: &known, basis: Vec::new(), met: BTreeMap::new() };
    for document in supposed {
        let all = known.all_of(&document);
        let met: Vec<_> = all.into_iter().map(|number| known.requirement(&document, number)).collect();
        ground.add(Basis::Supposed { document, met: met.len() }, met);
    }
    let supposed = ground.basis.len();
    let mut why = None;
    if let Some(supplier) = query.one::<Identifier>("supplier")? {
        basis::add(site, ask, &supplier, &as_of, &mut ground)?;
        foreign::add(site, ask, &supplier, &as_of, &mut ground)?;
        if ground.basis.len() == supposed {
            let about = About::Document(document.clone());
            let question = Asked { supplier, country: None, about, viewpoint: None, as_of };
            why = Some(Why::of_supplier(site, ask, &question)?);
        }
    }
    let echo = Echo::of(&as_of, query)?;
    Ok(answer::in_language(answered(&document, &ground, why, (&as_of, echo))?, ask.language()))
}

impl Ground<'_> {
    /// Adds what counts as met by one basis.
    fn add(&mut self, basis: Basis, met: impl IntoIterator<Item = Requirement>) {
        let position = self.basis.len();
        self.basis.push(basis);
        for requirement in met {
            let key = self.known.key(&requirement);
            self.met.entry(key).or_insert_with(|| (requirement, BTreeSet::new())).1.insert(position);
        }
    }

    /// What says that what touches a requirement is met.
    fn evidence(&self, line: &Line) -> BTreeSet<usize> {
        let Cover::Touched { origins, .. } = &line.cover else { return BTreeSet::new() };
        let found = origins.iter().filter_map(|origin| self.met.get(&self.known.key(origin)));
        found.flat_map(|(_, positions)| positions).copied().collect()
    }
}

fn answered(
    document: &DocumentRef,
    ground: &Ground<'_>,
    why: Option<Why>,
    (as_of, echo): (&AsOf, Option<Echo>),
) -> Result<Response, Problem> {
    let known = ground.known;
    let catalogue = known.catalogue(document);
    let requirements: Vec<RequirementId> = known.all_of(document).into_iter().cloned().collect();
    let lines = coverage(&Question {
        document,
        requirements: &requirements,
        met: &ground.met.values().map(|(requirement, _)| requirement.clone()).collect(),
        crosswalks: &known.crosswalks,
        catalogues: &known.catalogues,
    });
    let counts = Counts::of(&lines);
    let withdrawn = catalogue.into_iter().flat_map(Catalogue::withdrawn);
    let answer = Answer {
        document,
        catalogued: catalogue.is_some(),
        as_of: echo.is_none().then(|| as_of.at()),
        counts,
        basis: &ground.basis,
        crosswalks: known.crosswalks.iter().map(|(name, _)| name).collect(),
        requirements: lines.into_iter().map(|line| Told { evidence_in: ground.evidence(&line), line }).collect(),
        withdrawn: withdrawn.map(|(requirement, successors)| Gone { requirement, successors }).collect(),
        text: words(document, counts),
        why,
    };
    answer::json(&as_of::Told { answer, echo })
}

fn words(document: &DocumentRef, counts: Counts) -> Words {
    let Counts { requirements, covered, touched, by_chain, open } = counts;
    Words {
        en: format!(
            "Of {requirements} requirements of {document}, {covered} are covered. {touched} are touched: what is met shares something with \
             them, {by_chain} of them by a chain of crosswalks only; look here first. {open} are open."
        ),
        ja: format!(
            "{document} の要求事項 {requirements} 件のうち、充足済みは {covered} 件です。一部が重なるものは {touched} 件(うち {by_chain} 件は\
             対応表の連鎖によるもののみ)で、まずここから確認してください。残りは {open} 件です。"
        ),
    }
}
