//! Bundles: everything that a verdict rests on, under the newest published checkpoint, for whoever may see the verdict.
//!
//! What to show follows from the moments in the records; the log is never searched. A bundle is a function of its checkpoint and of
//! the verdict: of what the verdict rests on, it shows what stood there then. So bundles are kept ready until one of the two changes, statements for as long as there is room, since bundles of one body share all but two or three.
//! Whoever may not see a verdict gets the answer of one that is not there. Out of scope: the format and checking it, see
//! [`credential::bundle`].

mod extract;
mod kept;
pub(super) mod supplier;

use std::sync::Arc;

use bytes::Bytes;
use conformity::basis::{self, Basis};
use conformity::consent::{Parts, Permission};
use conformity::credential::CredentialRecord;
use conformity::ids::VerdictRef;
use conformity::map_label::MapLabel;
use conformity::recognised::RecognitionRecord;
use conformity::records::Facts;
use conformity::statement::Claim;
use conformity::verdict::VerdictRecord;
use credential::bundle::{Bundle, Earlier, FORMAT, Item, MAX_BUNDLE, MAX_STATEMENTS};
use credential::sd_jwt::Pieces;
use jiff::Timestamp;
use warp::reply::Response;

use super::answer::{self, JSON, Keep};
use super::ask::Ask;
use super::code;
use super::consented::{self, Asker, Showing};
use super::credentials::whole;
use super::nothing;
use super::site::Site;
use crate::core::feed::parse_committed;
use crate::core::published::Checkpoint;
use crate::core::uses::Way;
use crate::problem::Problem;
use extract::{Extract, unreadable};
use kept::Key;

pub(super) use kept::Proofs;

/// Why no bundle is made of more bytes than one may have.
const TOO_LONG: &str = "what it rests on has more bytes than a bundle";

/// `GET /v1/verdicts/{verdict}/proof`
pub(super) fn proof(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let as_of = ask.query().as_of(site.registry.now())?;
    let made = made(site, ask, &ask.value()?, as_of)?;
    made.record(site, ask)?;
    Ok(answer::bytes(JSON, made.bytes, Keep::No))
}

/// A bundle that was made for one asker. What it shows by consent is recorded before it is shown.
pub(super) struct Made {
    /// The bundle.
    pub(super) bytes: Bytes,
    about: About,
}

impl Made {
    /// Records what it shows by consent. Waits for the disk.
    pub(super) fn record(&self, site: &Site, ask: &Ask) -> Result<(), Problem> {
        self.about.record(site, ask)
    }
}

/// The bundle of a verdict, as far as the asker may see it.
pub(super) fn made(site: &Site, ask: &Ask, wanted: &VerdictRef, as_of: Option<Timestamp>) -> Result<Made, Problem> {
    let newest = newest(site)?;
    let seal = newest.as_ref().map_or(0, |newest| newest.size.saturating_sub(1));
    let about = About::find(site, ask, wanted, Horizon { as_of, seal });
    let about = about.ok_or_else(|| nothing::then(site, ask, wanted, as_of))?;
    let checkpoint = newest.filter(|_| about.begun() < seal).ok_or_else(code::not_published)?;
    let key = Key::of(&about, &checkpoint);
    let extract = Extract { site, checkpoint: &checkpoint };
    let collecting = Collecting { extract, wanted, about: &about };
    let bytes = site.proofs.made(key, || collecting.bundle())?;
    Ok(Made { bytes, about })
}

/// The newest published checkpoint; nothing before the first.
pub(super) fn newest(site: &Site) -> Result<Option<Arc<Checkpoint>>, Problem> {
    let newest = site.published.newest(&site.registry);
    newest.map_err(|error| code::internal("the published checkpoint could not be read", &error))
}

/// Up to where the log is told of.
#[derive(Clone, Copy)]
struct Horizon {
    as_of: Option<Timestamp>,
    /// Index of the published checkpoint's last entry.
    seal: u64,
}

/// What the asker may see of what a credential keeps back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Detail {
    /// Nothing.
    None,
    /// These parts, by consent.
    Parts(Parts),
    /// All of it.
    Whole,
}

/// What the asker may see of a verdict.
pub(super) enum About {
    /// A verdict of this registry.
    Own {
        record: Arc<VerdictRecord>,
        /// The newest credential of the time asked about.
        credential: Option<Arc<CredentialRecord>>,
        /// What he may see of what it keeps back.
        detail: Detail,
        /// By which consents, where he may by consent.
        permission: Option<Permission>,
    },
    /// What is made here of another registry's.
    Foreign(Arc<RecognitionRecord>),
}

impl About {
    fn find(site: &Site, ask: &Ask, wanted: &VerdictRef, horizon: Horizon) -> Option<Self> {
        let known = |at: Timestamp| horizon.as_of.is_none_or(|time| at <= time);
        if wanted.registry != site.registry.config.registry.id {
            return site.register().recognition(wanted).filter(|record| known(record.since.at)).map(Self::Foreign);
        }
        let (record, seen) = consented::look(site, ask, &wanted.id)?;
        if !record.history.first().is_some_and(|item| known(item.at)) {
            return None;
        }
        let (detail, permission) = match seen {
            consented::Extent::Public => (Detail::None, None),
            consented::Extent::Whole => (Detail::Whole, None),
            consented::Extent::Consent(permission) => (Detail::Parts(permission.parts), Some(permission)),
        };
        // Its statements tell level and sites, and cannot be shown in part.
        let told = |permission: &Permission| permission.parts.tell_statements();
        if !record.terms.profile.is_public() && !permission.as_ref().is_none_or(told) {
            return None;
        }
        let sealed = |one: &Arc<CredentialRecord>| known(one.issued.at) && one.issued.index < horizon.seal;
        let issued = site.register().credentials_of(&wanted.id).into_iter().filter(sealed);
        let credential = issued.max_by_key(|one| one.rank_before(horizon.seal));
        let detail = if credential.is_some() { detail } else { Detail::None };
        Some(Self::Own { record, credential, detail, permission })
    }

    /// Records what is about to be shown by consent.
    fn record(&self, site: &Site, ask: &Ask) -> Result<(), Problem> {
        let Self::Own { record, credential, permission: Some(permission), .. } = self else { return Ok(()) };
        let place = consented::place(site)?;
        let disclosures = match credential {
            Some(credential) => consented::disclosures(site, credential, permission.parts)?.len(),
            None => 0,
        };
        let (way, credential) = (Way::Proof, credential.as_deref());
        Showing { verdict: record, permission, way, credential, disclosures }.record(site, Asker::of(ask)?, &place)
    }

    /// Index of the entry without which there is nothing to prove.
    fn begun(&self) -> u64 {
        match self {
            Self::Own { record, .. } => record.history.first().map_or(u64::MAX, |item| item.index),
            Self::Foreign(record) => record.since.index,
        }
    }

    fn label(&self, wanted: &VerdictRef) -> MapLabel {
        match self {
            Self::Own { record, .. } => MapLabel::own(wanted.id.clone(), record.terms.profile),
            Self::Foreign(_) => MapLabel::Foreign(wanted.clone()),
        }
    }
}

/// A bundle while it is collected.
struct Collecting<'a> {
    extract: Extract<'a>,
    wanted: &'a VerdictRef,
    about: &'a About,
}

impl Collecting<'_> {
    fn bundle(&self) -> Result<Bytes, Problem> {
        let Extract { site, .. } = self.extract;
        let seal = self.extract.seal();
        let Basis { indexes, labels } = self.basis(seal)?;
        let indexes: Vec<u64> = indexes.into_iter().collect();
        if indexes.len() > MAX_STATEMENTS {
            return Err(code::not_provable("it rests on more statements than a bundle holds"));
        }
        let statements = self.statements(&indexes)?;
        let earlier = self.earlier()?;
        let leaves = indexes.into_iter().chain(earlier.iter().map(|one| one.index));
        let proof = self.extract.inclusion(leaves)?;
        let bundle = Bundle {
            format: FORMAT.to_owned(),
            verdict: self.wanted.clone(),
            origin: site.registry.config.registry.origin.clone(),
            checkpoint: self.extract.note(),
            last: self.extract.entry(seal)?,
            statements,
            earlier,
            proof,
            map_proof: self.extract.map_proof(&self.about.label(self.wanted))?.proof.to_string(),
            public_proof: self.extract.public_proof(&labels)?,
            disclosures: self.disclosures()?,
        };
        let bytes = answer::to_json(&bundle)?;
        if bytes.len() > MAX_BUNDLE {
            return Err(code::not_provable(TOO_LONG));
        }
        Ok(bytes)
    }

    /// What it rests on, which is read no further than a bundle can hold.
    fn statements(&self, indexes: &[u64]) -> Result<Vec<Arc<Item>>, Problem> {
        let mut bytes = 0;
        let mut counted = |item: Arc<Item>| {
            bytes += item.statement.len() + item.attachment.as_ref().map_or(0, String::len);
            if bytes > MAX_BUNDLE { Err(code::not_provable(TOO_LONG)) } else { Ok(item) }
        };
        indexes.iter().map(|index| self.extract.item(*index).and_then(&mut counted)).collect()
    }

    /// What it rests on, of the entries before the seal.
    fn basis(&self, seal: u64) -> Result<Basis, Problem> {
        match self.about {
            About::Own { record, credential, .. } => {
                let mut basis = basis::of_verdict(&*self.extract.site.register(), record, seal);
                basis.indexes.extend(credential.iter().map(|one| one.issued.index));
                Ok(basis)
            }
            About::Foreign(record) => {
                let statement = parse_committed(&self.extract.stored(record.since.index)?);
                let statement = statement.map_err(|error| unreadable(&error))?;
                let Claim::RecognitionDerived(claim) = &statement.claim else { return Err(Problem::not_found()) };
                Ok(basis::of_recognition(&*self.extract.site.register(), record, claim.cause.arrangement(), seal))
            }
        }
    }

    /// Entries whose rows the newest one replaced.
    fn earlier(&self) -> Result<Vec<Earlier>, Problem> {
        let About::Foreign(record) = self.about else { return Ok(Vec::new()) };
        let before = record.entries.iter().copied().filter(|index| *index < record.since.index);
        before.map(|index| Ok(Earlier { index, entry: self.extract.entry(index)? })).collect()
    }

    fn disclosures(&self) -> Result<Vec<String>, Problem> {
        let About::Own { credential: Some(credential), detail, .. } = self.about else { return Ok(Vec::new()) };
        match detail {
            Detail::None => return Ok(Vec::new()),
            Detail::Parts(parts) => return consented::disclosures(self.extract.site, credential, *parts),
            Detail::Whole => {}
        }
        let whole = whole(self.extract.site, credential)?;
        let pieces = whole
            .as_deref()
            .map(Pieces::of)
            .transpose()
            .map_err(|error| code::internal("what a credential keeps back could not be read", &error))?;
        Ok(pieces.iter().flat_map(Pieces::disclosures).map(str::to_owned).collect())
    }
}
