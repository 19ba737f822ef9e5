//! Bundles about suppliers: all that the log holds about one under a scheme, or that there is nothing, under the newest published
//! checkpoint. For the operator, for the supplier itself, and for whom it consents to.
//!
//! Whoever else asks gets the answer of a supplier that is not there, and nothing about the supplier is looked up for him: no
//! label is evaluated, no party searched for. Out of scope: the format and checking it, see [`credential::bundle::supplier`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use conformity::audience::{Audience, audience};
use conformity::basis::{self, Basis};
use conformity::consent::{ConsentRecord, Parts, standing_permission};
use conformity::identifiers::Identifier;
use conformity::ids::SchemeRef;
use conformity::map_label::MapLabel;
use conformity::party::{PartyRecord, Role};
use conformity::records::{Facts, Register};
use credential::bundle::supplier::{Counted, FORMAT, Listed, MAX_ENTRIES, MAX_IDENTIFIERS};
use credential::bundle::{MAX_BUNDLE, SupplierBundle};
use jiff::Timestamp;
use ledger::journal::Stored;
use serde::Serialize;
use warp::reply::Response;

use super::super::answer::{self, JSON, Keep};
use super::super::ask::{Ask, bad_parameter};
use super::super::code;
use super::super::consented;
use super::super::log::sequenced;
use super::super::nothing;
use super::super::site::Site;
use super::extract::{Extract, unreadable};
use super::newest;
use crate::core::feed::parse_committed;
use crate::core::uses::{About, Book, By, Consented, Recipient, Seen, Way};
use crate::problem::Problem;

/// Bytes of statements that are read to be shown besides their entries.
const STATEMENT_BYTES: usize = MAX_BUNDLE / 2;

/// `GET /v1/suppliers/{supplier}/proof`
pub(in super::super) fn proof(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let (supplier, scheme) = question(site, ask)?;
    let as_of = ask.query().as_of(site.registry.now())?;
    let right = Right::of(site, ask, &supplier, &scheme).ok_or_else(Problem::not_found)?;
    let checkpoint = newest(site)?.ok_or_else(code::not_published)?;
    let extract = Extract { site, checkpoint: &checkpoint };
    let registered = right.supplier().map(|record| record.registered.index);
    if registered.is_some_and(|index| index >= extract.seal()) {
        return Err(code::not_published());
    }
    let collecting = Collecting { extract, right: &right, supplier: &supplier, scheme: &scheme, as_of };
    let holding = site.holders.of(ask.speaker().map(|speaker| &speaker.identity));
    let bytes = site.proofs.fresh(&holding, || collecting.bundle())?;
    right.record(site, ask, &scheme)?;
    Ok(answer::bytes(JSON, bytes, Keep::No))
}

/// What is asked. Many proofs for schemes of the asker's choice would show the keys of many strangers: one that is not published is
/// refused to everybody alike.
fn question(site: &Site, ask: &Ask) -> Result<(Identifier, SchemeRef), Problem> {
    let supplier = ask.value()?;
    let scheme: Option<SchemeRef> = ask.query().one("scheme")?;
    let scheme = scheme.ok_or_else(|| bad_parameter("scheme", "name it with its version, id@version"))?;
    match site.register().scheme(&scheme) {
        Some(_) => Ok((supplier, scheme)),
        None => Err(nothing::scheme(&scheme)),
    }
}

/// By what right somebody is shown how a supplier stands.
enum Right {
    /// It runs the registry; the supplier, if it is a party.
    Operator(Option<Arc<PartyRecord>>),
    /// It is the supplier.
    Own(Arc<PartyRecord>),
    /// The supplier consented.
    Consent(Arc<PartyRecord>, Arc<ConsentRecord>),
}

impl Right {
    fn of(site: &Site, ask: &Ask, supplier: &Identifier, scheme: &SchemeRef) -> Option<Self> {
        let register = site.register();
        let asker = register.party(&consented::party(ask).ok()?)?;
        Some(match asker.party.role {
            Role::Operator => {
                let named = |record: &&Arc<PartyRecord>| is_supplier(record, supplier);
                Self::Operator(register.parties().find(named).cloned())
            }
            _ if is_supplier(&asker, supplier) => Self::Own(asker),
            _ => {
                let consent = standing_permission(&register, &ask.viewer(), supplier, scheme, site.registry.now())?;
                Self::Consent(register.party(&consent.by)?, consent)
            }
        })
    }

    fn supplier(&self) -> Option<&PartyRecord> {
        match self {
            Self::Operator(record) => record.as_deref(),
            Self::Own(record) | Self::Consent(record, _) => Some(record),
        }
    }

    /// Whether he may see what its verdicts keep from everybody.
    const fn is_whole(&self) -> bool {
        matches!(self, Self::Operator(_) | Self::Own(_))
    }

    /// Records what is about to be shown by consent.
    fn record(&self, site: &Site, ask: &Ask, scheme: &SchemeRef) -> Result<(), Problem> {
        let Self::Consent(_, record) = self else { return Ok(()) };
        let place = consented::place(site)?;
        let consent = Consented { by: record.by.clone(), consent: record.consent.consent.clone() };
        let seen = Seen {
            to: Recipient::Party(consented::party(ask)?),
            through: None,
            by: By::Consents(vec![consent]),
            way: Way::Standing,
            parts: Parts::default(),
            credential: None,
            disclosures: 0,
        };
        let still = |register: &Register, now| {
            let known = register.consent(&record.by, &record.consent.consent);
            known.is_some_and(|known| known.given == record.given && known.stands(now))
        };
        consented::recorded(site, &place, About::Standing(&record.by, scheme), seen, still)
    }
}

fn is_supplier(record: &PartyRecord, supplier: &Identifier) -> bool {
    record.party.role == Role::Supplier && record.party.identifiers.contains(supplier)
}

/// A bundle while it is collected.
struct Collecting<'a> {
    extract: Extract<'a>,
    right: &'a Right,
    supplier: &'a Identifier,
    scheme: &'a SchemeRef,
    /// Up to when statements are shown besides their entries, where not all are.
    as_of: Option<Timestamp>,
}

impl Collecting<'_> {
    fn bundle(&self) -> Result<Bytes, Problem> {
        let Extract { site, .. } = self.extract;
        let party = self.right.supplier().map(|record| &record.party.id);
        let Basis { indexes, labels } = basis::of_supplier(&*site.register(), party, self.extract.seal());
        let identifiers = self.identifiers()?;
        let about: BTreeSet<u64> = identifiers.iter().flat_map(|one| one.entries.iter().copied()).collect();
        let about: Vec<u64> = about.difference(&indexes).copied().collect();
        if about.len() > MAX_ENTRIES {
            return Err(code::not_provable("the log holds more entries about it than a bundle does"));
        }
        let bundle = SupplierBundle {
            format: FORMAT.to_owned(),
            scheme: self.scheme.clone(),
            origin: site.registry.config.registry.origin.clone(),
            checkpoint: self.extract.note(),
            last: self.extract.entry(self.extract.seal())?,
            statements: indexes.iter().map(|index| self.extract.item(*index)).collect::<Result<_, _>>()?,
            identifiers,
            proof: self.extract.inclusion(indexes.iter().chain(&about).copied())?,
            public_proof: self.extract.public_proof(&labels)?,
            entries: self.entries(&about)?,
        };
        let bytes = answer::to_json(&bundle)?;
        if bytes.len() > MAX_BUNDLE {
            return Err(code::not_provable("what is about it has more bytes than a bundle"));
        }
        Ok(bytes)
    }

    /// Each identifier of the supplier; of one that is no party, that which was asked about.
    fn identifiers(&self) -> Result<Vec<Counted>, Problem> {
        let asked = std::slice::from_ref(self.supplier);
        let all = self.right.supplier().map_or(asked, |record| &record.party.identifiers);
        let distinct: BTreeSet<&Identifier> = all.iter().collect();
        if distinct.len() > MAX_IDENTIFIERS {
            return Err(code::not_provable("it has more identifiers than a bundle holds"));
        }
        let counted = distinct.into_iter().map(|identifier| {
            let proven = self.extract.map_proof(&MapLabel::Supplier(identifier.clone(), self.scheme.clone()))?;
            let (entries, map_proof) = (proven.entries, proven.proof.to_string());
            Ok(Counted { identifier: identifier.clone(), entries, map_proof })
        });
        counted.collect()
    }

    /// The entries, and the newest of the statements that are shown. All entries are listed, also behind the time that is asked about:
    /// the map counts them together, and so none of before can be left out.
    fn entries(&self, about: &[u64]) -> Result<Vec<Listed>, Problem> {
        let mut read = newest_statements(self.by_then(about)?, |index| self.stored(index))?;
        let listed = about.iter().map(|&index| {
            let statement = read.remove(&index).map(|compact| self.shown(index, &compact)).transpose()?.flatten();
            Ok(Listed { index, entry: self.extract.entry(index)?, statement })
        });
        listed.collect()
    }

    /// Those of the time that is asked about.
    fn by_then<'e>(&self, about: &'e [u64]) -> Result<&'e [u64], Problem> {
        let Some(as_of) = self.as_of else { return Ok(about) };
        let (mut known, mut rest) = (0, about.len());
        while known < rest {
            let middle = usize::midpoint(known, rest);
            match sequenced(self.extract.site, about[middle])? <= as_of {
                true => known = middle + 1,
                false => rest = middle,
            }
        }
        Ok(&about[..known])
    }

    /// The statement of an entry, unless it was erased.
    fn stored(&self, index: u64) -> Result<Option<Bytes>, Problem> {
        let stored = self.extract.site.registry.log.statement(index).map_err(|error| unreadable(&error))?;
        Ok(if let Stored::Bytes(compact) = stored { Some(compact) } else { None })
    }

    /// The statement as text, where the asker may see it.
    fn shown(&self, index: u64, compact: &Bytes) -> Result<Option<String>, Problem> {
        let statement = parse_committed(compact).map_err(|error| unreadable(&error))?;
        let register = self.extract.site.register();
        if !self.right.is_whole() && audience(&*register, &statement, index) == Audience::Own {
            return Ok(None);
        }
        drop(register);
        Ok(Some(String::from_utf8(compact.to_vec()).map_err(|error| unreadable(&error))?))
    }
}

/// The newest statements that find room. What is read counts, whether the asker may see it or not, and nothing is read after the
/// first that does not fit: no question has the log read further.
fn newest_statements(
    about: &[u64],
    mut read: impl FnMut(u64) -> Result<Option<Bytes>, Problem>,
) -> Result<BTreeMap<u64, Bytes>, Problem> {
    let (mut room, mut newest) = (STATEMENT_BYTES, BTreeMap::new());
    for &index in about.iter().rev() {
        let Some(compact) = read(index)? else { continue };
        let Some(left) = room.checked_sub(compact.len()) else { break };
        room = left;
        newest.insert(index, compact);
    }
    Ok(newest)
}

/// The uses of how a supplier stands.
#[derive(Serialize)]
struct Told<'a> {
    supplier: &'a Identifier,
    scheme: &'a SchemeRef,
    #[serde(flatten)]
    book: Book,
}

/// `GET /v1/suppliers/{supplier}/disclosures`: who was shown by consent how it stands, for the supplier.
pub(in super::super) fn uses(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let (supplier, scheme) = question(site, ask)?;
    let Some(Right::Own(record)) = Right::of(site, ask, &supplier, &scheme) else { return Err(Problem::not_found()) };
    let book = site.registry.uses.of(About::Standing(&record.party.id, &scheme));
    let book = book.map_err(|error| code::internal("the uses of consents could not be read", &error))?;
    answer::json(&Told { supplier: &supplier, scheme: &scheme, book })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_more_is_read_than_finds_room() {
        const LARGE: usize = 64 * 1024;
        let about: Vec<u64> = (0..16_384).collect();
        let mut reads = 0;
        let newest = newest_statements(&about, |index| {
            reads += 1;
            Ok((index % 2 == 0).then(|| Bytes::from(vec![b'.'; LARGE])))
        });
        let newest = newest.unwrap();
        assert_eq!(newest.len(), STATEMENT_BYTES / LARGE);
        assert_eq!(newest.last_key_value().map(|(index, _)| *index), Some(16_382), "the newest that was not erased");
        assert_eq!(reads, 2 * (newest.len() + 1), "up to the first that does not fit");
    }
}
