//! `POST /v1/portfolio`: how many suppliers stand and came to stand so, in one answer: for insurers, lenders and buyers.
//!
//! ```text
//! {"suppliers": [{"supplier": "kind:value", "country": "JP"}, …]}
//! ```
//!
//! Each supplier is answered as if it were asked about alone, by the same rights. What a supplier consented to comes with it, once
//! that is recorded; nothing is recorded of an answer that there is no room for. Out of scope: what is made of the answers.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use conformity::as_of::AsOf;
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, VerdictRef};
use conformity::records::Facts;
use conformity::standing::{About, Question};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use warp::reply::Response;

use super::as_of::Echo;
use super::ask::Ask;
use super::site::Site;
use super::verdicts::WithHistory;
use super::{answer, as_of, code, inquiry, standing, verdicts};
use crate::problem::Problem;

/// Most bytes of a question.
pub(super) const MAX_QUESTION: usize = 64 * 1024;
/// Most suppliers of a question.
const MAX_SUPPLIERS: usize = 256;
/// Most bytes of standings and histories in an answer.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    suppliers: Vec<Named>,
}

/// One supplier.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    supplier: Identifier,
    #[serde(default)]
    country: Option<CountryCode>,
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Portfolio {
    suppliers: Vec<Position>,
    /// When it was answered, whatever time was asked about.
    told: Timestamp,
    #[serde(flatten)]
    echo: Option<Echo>,
}

/// How one supplier stands.
#[derive(Serialize)]
struct Position {
    supplier: Identifier,
    standing: Box<RawValue>,
    /// Its verdicts of this registry with their histories, as `/v1/verdicts/{verdict}` tells them, by id.
    verdicts: Vec<Box<RawValue>>,
}

/// `POST /v1/portfolio`
pub(super) fn portfolio(site: &Site, ask: &Ask, asked: &inquiry::Asked) -> Result<Response, Problem> {
    let Asked { suppliers } = inquiry::read(asked)?;
    if !(1..=MAX_SUPPLIERS).contains(&suppliers.len()) {
        return Err(code::bad_question(format_args!("{} suppliers; ask about 1 to {MAX_SUPPLIERS}", suppliers.len())));
    }
    let mut named = BTreeSet::new();
    if let Some(twice) = suppliers.iter().find(|one| !named.insert(&one.supplier)) {
        return Err(code::bad_question(format_args!("{} is named twice; name each supplier once", twice.supplier)));
    }
    let as_of = as_of::of(site, ask.query())?;
    let mut gathered = Gathered { site, ask, as_of, room: ANSWER_BYTES, shown: BTreeMap::new() };
    let positions = suppliers.into_iter().map(|one| gathered.position(one));
    let suppliers = positions.collect::<Result<Vec<Position>, Problem>>()?;
    // Nothing is refused for its size any more: what is shown by consent is recorded, each verdict once.
    gathered.shown.values().try_for_each(|one| one.record(site, ask))?;
    let portfolio = Portfolio { suppliers, told: site.registry.now(), echo: Echo::of(&as_of, ask.query())? };
    Ok(answer::in_language(answer::json(&portfolio)?, ask.language()))
}

/// An answer while it is put together.
struct Gathered<'a> {
    site: &'a Site,
    ask: &'a Ask,
    as_of: AsOf,
    /// How many bytes it may still grow by.
    room: usize,
    /// The verdicts in it: one supplier may be named by several of its identifiers.
    shown: BTreeMap<VerdictRef, WithHistory>,
}

impl Gathered<'_> {
    fn position(&mut self, asked: Named) -> Result<Position, Problem> {
        let Self { site, ask, as_of, .. } = *self;
        let Named { supplier, country } = asked;
        let about = About::Everything;
        let question = Question { supplier: supplier.clone(), country, about, viewpoint: None, as_of };
        let standing = answer::to_json(&standing::answered(site, ask, &question)?)?;
        let standing = self.part(&standing)?;
        let mut verdicts = Vec::new();
        for verdict in self.verdicts_of(&supplier) {
            let Some(told) = verdicts::with_history(site, ask, &verdict, &as_of)? else { continue };
            verdicts.push(self.part(&told.bytes)?);
            self.shown.insert(verdict, told);
        }
        Ok(Position { supplier, standing, verdicts })
    }

    /// Its verdicts of this registry, by id.
    fn verdicts_of(&self, supplier: &Identifier) -> BTreeSet<VerdictRef> {
        let registry = &self.site.registry.config.registry.id;
        let records = self.site.register().verdicts_of(supplier);
        records.iter().map(|record| VerdictRef { registry: registry.clone(), id: record.id().clone() }).collect()
    }

    /// A part of the answer, if there is room for it.
    fn part(&mut self, bytes: &Bytes) -> Result<Box<RawValue>, Problem> {
        let left = self.room.checked_sub(bytes.len());
        self.room = left.ok_or_else(|| {
            code::bad_question(format_args!("the answer has more than {ANSWER_BYTES} bytes; ask about fewer suppliers"))
        })?;
        serde_json::from_slice(bytes).map_err(|error| code::internal("a part could not be put into an answer", &error))
    }
}
