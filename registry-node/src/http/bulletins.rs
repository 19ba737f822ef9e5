//! Bulletins: those of this registry, and those of others that it passes on with their issuer's signature; also what had
//! been issued, passed on and replaced by a time.

use std::sync::Arc;

use conformity::as_of::Seen;
use conformity::bulletin::BulletinRecord;
use conformity::ids::{BulletinRef, CountryCode, SchemeChoice, SectorCode};
use conformity::records::Facts;
use conformity::standing::Viewer;
use conformity::statement::Claim;
use conformity::time::Day;
use ledger::journal::Stored;
use serde::Serialize;
use warp::reply::Response;

use super::answer;
use super::as_of::{self, Echo, Told};
use super::ask::Ask;
use super::code;
use super::page::{MAX_LIMIT, Page};
use super::site::Site;
use crate::core::feed::parse_committed;
use crate::core::filter::meet;
use crate::problem::Problem;

/// The sectors that the asker was registered with.
pub(super) fn own_sectors(site: &Site, ask: &Ask) -> Vec<SectorCode> {
    let Viewer::Party(party) = ask.viewer() else { return Vec::new() };
    site.register().party(&party).map(|record| record.party.sectors.clone()).unwrap_or_default()
}

/// `GET /v1/bulletins`
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page = Page::of(ask.query(), MAX_LIMIT)?;
    let (wanted, as_of) = (Wanted::read(ask)?, as_of::of(site, ask.query())?);
    let register = site.register();
    let seen = Seen::new(&*register, as_of);
    let then = register.bulletins().filter_map(|record| seen.bulletin(record));
    let records = page.cut("bulletins", then.filter(|record| wanted.takes(record)), |record| &record.name);
    drop(register);
    records.answer()
}

/// What a reader of the list wants: of what is given, as far as the bulletin says anything.
struct Wanted {
    sectors: Vec<SectorCode>,
    countries: Vec<CountryCode>,
    schemes: Vec<SchemeChoice>,
    in_force_on: Option<Day>,
}

impl Wanted {
    fn read(ask: &Ask) -> Result<Wanted, Problem> {
        let query = ask.query();
        Ok(Wanted {
            sectors: query.many("sector")?,
            countries: query.many("country")?,
            schemes: query.many("scheme")?,
            in_force_on: query.one("in_force_on")?,
        })
    }

    fn takes(&self, record: &BulletinRecord) -> bool {
        let (bulletin, concerns) = (&record.bulletin, &record.bulletin.concerns);
        let named = |choice: &SchemeChoice| concerns.schemes.iter().any(|scheme| choice.names(scheme));
        let in_force = |day: Day| record.replaced_by.is_none() && bulletin.in_force.is_none_or(|first| first <= day);
        meet(&self.sectors, &concerns.sectors)
            && meet(&self.countries, &concerns.countries)
            && (self.schemes.is_empty() || concerns.schemes.is_empty() || self.schemes.iter().any(named))
            && self.in_force_on.is_none_or(in_force)
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    record: &'a BulletinRecord,
    /// What its issuer signed, a compact JWS.
    statement: String,
}

/// `GET /v1/bulletins/{bulletin}`
pub(super) fn one(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let wanted: BulletinRef = ask.value()?;
    let as_of = as_of::of(site, ask.query())?;
    let record = {
        let register = site.register();
        let found = register.bulletin(&wanted).and_then(|record| Seen::new(&*register, as_of).bulletin(&record));
        found.ok_or_else(Problem::not_found)?
    };
    let answer = Whole { record: &record, statement: signed(site, &record)? };
    answer::json(&Told { answer, echo: Echo::of(&as_of, ask.query())? })
}

fn signed(site: &Site, record: &Arc<BulletinRecord>) -> Result<String, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| code::internal("the statement could not be read", error);
    let stored = site.registry.log.statement(record.moment.index).map_err(|error| unreadable(&error))?;
    let Stored::Bytes(compact) = stored else { return Err(Problem::not_found()) };
    if record.relayed.is_none() {
        return String::from_utf8(compact.to_vec()).map_err(|error| unreadable(&error));
    }
    match parse_committed(&compact).map_err(|error| unreadable(&error))?.claim {
        Claim::BulletinRelayed(relayed) => Ok(relayed.statement.to_string()),
        other => Err(unreadable(&format_args!("{} is no bulletin passed on", other.kind()))),
    }
}
