//! Bulletins: who may issue one, and what of another registry's is taken note of. One of this registry changes what it says that it
//! enacts, by the rules that hold for such a change alone; another registry's changes nothing here.

use std::sync::Arc;

use super::case::{Case, in_order, not_empty};
use crate::bulletin::{Announced, Bulletin, BulletinRecord, BulletinRelayed, Enacted, MAX_CONCERNS, Relayed};
use crate::digest::Digest;
use crate::ids::{BulletinRef, RegistryId};
use crate::party::Role;
use crate::records::{Facts, Record, View};
use crate::refusal::Refusal;

impl<F: Facts> Case<'_, F> {
    pub(super) fn bulletin_issued(&self, bulletin: &Arc<Bulletin>) -> Result<Vec<Record>, Refusal> {
        let may = [Role::Operator, Role::Authority, Role::AccreditationBody];
        self.only(&may, "the operator, an authority or an accreditation body")?;
        sound(bulletin)?;
        in_order("bulletin", bulletin.issued, self.today())?;
        // Whoever reads what rests on what it enacts may not see what it tells of beside that.
        let whole = self.facts.view() == View::Whole;
        if let Some(announced) = bulletin.announces.as_ref().filter(|_| whole) {
            self.announced(announced)?;
        }
        let name = BulletinRef { registry: self.genesis.genesis.registry.clone(), id: bulletin.bulletin.clone() };
        let record = BulletinRecord {
            bulletin: Arc::clone(bulletin),
            moment: self.moment(),
            by: self.iss().clone(),
            relayed: None,
            replaced_by: None,
            name,
        };
        let replaced = self.replaced(&record).or_else(|refusal| if whole { Err(refusal) } else { Ok(None) })?;
        if let Some(replaced) = &replaced
            && replaced.by != record.by
            && self.role() == Role::AccreditationBody
        {
            return Err(Refusal::AnotherIssuersBulletin { bulletin: replaced.name.clone(), by: replaced.by.clone() });
        }
        let mut records = self.filed_bulletin(record, replaced)?;
        records.extend(match &bulletin.enacts {
            Some(Enacted::SchemeReplaced(claim)) => self.scheme_replaced(claim)?,
            Some(Enacted::CrosswalkPublished(publication)) => self.crosswalk_published(publication)?,
            None => Vec::new(),
        });
        Ok(records)
    }

    /// Takes note of a bulletin of another registry. Whose signature it bears, the node checked as it followed that log.
    pub(super) fn bulletin_relayed(&self, claim: &BulletinRelayed) -> Result<Vec<Record>, Refusal> {
        self.node_only()?;
        let peer = self.peer(&claim.registry)?;
        let unusable = |because| Refusal::ForeignStatement { because };
        let (statement, bulletin) = claim.read().map_err(unusable)?;
        if statement.aud != peer.origin {
            return Err(Refusal::WrongRegistry { aud: statement.aud, origin: peer.origin.clone() });
        }
        sound(&bulletin)?;
        let record = BulletinRecord {
            name: BulletinRef { registry: claim.registry.clone(), id: bulletin.bulletin.clone() },
            moment: self.moment(),
            by: statement.iss,
            relayed: Some(Relayed { index: claim.index, statement: Digest::of(claim.statement.as_str().as_bytes()) }),
            replaced_by: None,
            bulletin,
        };
        // What it replaces may have come before we followed that log.
        let replaced = self.replaced(&record).unwrap_or_default();
        self.filed_bulletin(record, replaced)
    }

    fn filed_bulletin(&self, record: BulletinRecord, replaced: Option<BulletinRecord>) -> Result<Vec<Record>, Refusal> {
        if self.facts.bulletin(&record.name).is_some() {
            return Err(Refusal::BulletinExists { bulletin: record.name });
        }
        let records = replaced.into_iter().chain([record]);
        Ok(records.map(|record| Record::Bulletin(Arc::new(record))).collect())
    }

    /// The bulletin whose place this one takes, as it is afterwards.
    fn replaced(&self, record: &BulletinRecord) -> Result<Option<BulletinRecord>, Refusal> {
        let Some(id) = &record.bulletin.replaces else { return Ok(None) };
        let name = BulletinRef { registry: RegistryId::clone(&record.name.registry), id: id.clone() };
        let known = self.facts.bulletin(&name).ok_or_else(|| Refusal::UnknownBulletin { bulletin: name.clone() })?;
        if let Some(by) = &known.replaced_by {
            return Err(Refusal::BulletinReplaced { bulletin: name, by: by.clone() });
        }
        Ok(Some(BulletinRecord { replaced_by: Some(record.name.id.clone()), ..BulletinRecord::clone(&known) }))
    }

    fn announced(&self, announced: &Announced) -> Result<(), Refusal> {
        match announced {
            Announced::Scheme(scheme) => self.scheme(scheme).map(drop),
            Announced::Document(document) => match self.facts.document(document) {
                Some(_) => Ok(()),
                None => Err(Refusal::UnknownDocument { document: document.clone() }),
            },
            Announced::Crosswalk(crosswalk) => match self.facts.crosswalk(crosswalk) {
                Some(_) => Ok(()),
                None => Err(Refusal::UnknownCrosswalk { crosswalk: crosswalk.clone() }),
            },
        }
    }
}

/// What holds for a bulletin wherever it comes from.
fn sound(bulletin: &Bulletin) -> Result<(), Refusal> {
    not_empty("title", bulletin.title.is_empty())?;
    if bulletin.title.languages() != bulletin.text.languages() {
        return Err(Refusal::LanguagesDiffer { bulletin: bulletin.bulletin.clone() });
    }
    if bulletin.concerns.longest() > MAX_CONCERNS {
        return Err(Refusal::TooMany { what: "names in a list of a bulletin", max: MAX_CONCERNS });
    }
    if let (Some(first), Some(last)) = (bulletin.in_force, bulletin.transition_until) {
        in_order("transition", first, last)?;
    }
    match (&bulletin.enacts, bulletin.transition_until) {
        (Some(Enacted::SchemeReplaced(claim)), Some(last)) if claim.until != last => {
            Err(Refusal::BulletinContradicts { bulletin: bulletin.bulletin.clone(), says: last, enacts: claim.until })
        }
        _ => Ok(()),
    }
}
