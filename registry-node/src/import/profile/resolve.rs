//! What a profile does to each requirement of what it tailors.

use std::collections::{BTreeMap, BTreeSet};

use conformity::crosswalk::{Crosswalk, Map, Relation, Unsound};
use conformity::document::Tailoring;
use conformity::ids::{DocumentRef, RequirementId};
use conformity::viewpoint::Viewpoint;
use serde_json::Value;

use super::ProfileError;
use super::wire::{Alter, Body, Import, Select, fits};
use crate::import::oscal::Catalogue;

/// A profile with what it takes of each document.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) bases: Vec<Base>,
    /// Why, by requirement.
    pub(super) reasons: BTreeMap<RequirementId, String>,
}

/// What it takes of one document.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) document: DocumentRef,
    /// What it takes, in the document's order.
    pub(super) taken: Vec<Taken>,
    pub(super) left_out: Vec<RequirementId>,
    /// What it leaves out or changes by name.
    pub(super) named: BTreeSet<RequirementId>,
}

/// A requirement that it takes.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) number: RequirementId,
    pub(super) viewpoint: Option<Viewpoint>,
    is_altered: bool,
    takes_away: bool,
    asks_for_more: bool,
    /// What it adds.
    pub(super) parts: Vec<Value>,
}

/// Applies a profile to the catalogues of what it tailors.
pub(super) fn resolve(
    body: &Body,
    documents: &[DocumentRef],
    catalogues: &[(DocumentRef, Catalogue)],
) -> Result<Resolved, ProfileError> {
    let mut bases = Vec::with_capacity(documents.len());
    let mut read = Vec::with_capacity(documents.len());
    for (import, document) in body.imports.iter().zip(documents) {
        let catalogue = catalogues.iter().find(|(of, _)| of == document).map(|(_, catalogue)| catalogue);
        let catalogue = catalogue.ok_or_else(|| ProfileError::NoCatalogue { document: document.clone() })?;
        bases.push(selected(import, document, catalogue)?);
        read.push(catalogue);
    }
    one_number_each(&bases)?;
    let mut working = Working { bases, catalogues: read };
    body.modify.alters.iter().try_for_each(|alter| working.alter(alter))?;
    let mut set = BTreeSet::new();
    for parameter in &body.modify.set_parameters {
        if !set.insert(parameter.param_id.as_str()) {
            return Err(ProfileError::SetTwice { parameter: cut(&parameter.param_id) });
        }
        working.set(&parameter.param_id)?;
    }
    let reasons = working.reasons(body)?;
    Ok(Resolved { bases: working.bases, reasons })
}

fn selected(import: &Import, document: &DocumentRef, catalogue: &Catalogue) -> Result<Base, ProfileError> {
    let requirements = &catalogue.requirements;
    let in_force: Vec<&RequirementId> = requirements.in_force().collect();
    let binding: BTreeSet<&RequirementId> = in_force.iter().copied().collect();
    let choosing = Choosing { document, catalogue, binding: &binding };
    let mut chosen = match import.included() {
        None => binding.clone(),
        Some(selects) => {
            let Chosen { by_name, along } = choosing.chosen(selects)?;
            by_name.into_iter().chain(along).collect()
        }
    };
    let mut named = BTreeSet::new();
    let Chosen { by_name, along } = choosing.chosen(import.excluded())?;
    for gone in by_name {
        if !chosen.remove(gone) {
            return Err(ProfileError::NotSelected { requirement: gone.clone() });
        }
        named.insert(gone.clone());
    }
    // What a pattern fits, or stands within what is left out, need not have been selected.
    named.extend(along.into_iter().filter(|gone| chosen.remove(gone)).cloned());
    if chosen.is_empty() {
        return Err(ProfileError::KeepsNothing { document: document.clone() });
    }
    let (taken, left_out): (Vec<_>, Vec<_>) = in_force.into_iter().partition(|number| chosen.contains(number));
    let taken = taken.into_iter().map(|number| Taken {
        viewpoint: requirements.entry(number).and_then(|entry| entry.viewpoint),
        number: number.clone(),
        is_altered: false,
        takes_away: false,
        asks_for_more: false,
        parts: Vec::new(),
    });
    let left_out = left_out.into_iter().cloned().collect();
    Ok(Base { document: document.clone(), taken: taken.collect(), left_out, named })
}

/// Choosing from one document.
struct Choosing<'a> {
    document: &'a DocumentRef,
    catalogue: &'a Catalogue,
    binding: &'a BTreeSet<&'a RequirementId>,
}

/// What was chosen.
struct Chosen<'a> {
    /// One by one, in the order in which the profile names them.
    by_name: Vec<&'a RequirementId>,
    /// By what it is within, or by a pattern.
    along: BTreeSet<&'a RequirementId>,
}

impl<'a> Choosing<'a> {
    /// What the selections choose; all that is not there is told at once.
    fn chosen(&self, selects: &[Select]) -> Result<Chosen<'a>, ProfileError> {
        let (mut by_name, mut along, mut missing) = (Vec::new(), BTreeSet::new(), Vec::new());
        for select in selects {
            for name in select.ids() {
                let name = name?;
                let number = self.catalogue.requirements.number(&name).filter(|number| self.binding.contains(number));
                let Some(number) = number else {
                    missing.push(name);
                    continue;
                };
                by_name.push(number);
                if select.takes_parts() {
                    along.extend(self.within(number));
                }
            }
            for pattern in select.patterns() {
                let fitting = self.fitting(pattern);
                if fitting.is_empty() {
                    let (document, pattern) = (self.document.clone(), pattern.to_owned());
                    return Err(ProfileError::FitsNothing { document, pattern });
                }
                if select.takes_parts() {
                    along.extend(fitting.iter().flat_map(|number| self.within(number)));
                }
                along.extend(fitting);
            }
        }
        match missing.is_empty() {
            true => Ok(Chosen { by_name, along }),
            false => Err(ProfileError::NotThere { document: self.document.clone(), missing }),
        }
    }

    /// What stands within a requirement and binds.
    fn within(&self, number: &RequirementId) -> impl Iterator<Item = &'a RequirementId> {
        let within = self.catalogue.within.get(number).into_iter().flatten();
        within.filter(|number| self.binding.contains(number))
    }

    /// What binds and has a name that fits. Patterns are written for the ids of a catalogue.
    fn fitting(&self, pattern: &str) -> Vec<&'a RequirementId> {
        let entries = self.catalogue.requirements.entries().iter();
        let binding = entries.filter(|entry| self.binding.contains(&entry.number));
        let fitting = binding.filter(|entry| {
            std::iter::once(&entry.number).chain(&entry.names).any(|name| fits(pattern, name.as_str()))
        });
        fitting.map(|entry| &entry.number).collect()
    }
}

fn one_number_each(bases: &[Base]) -> Result<(), ProfileError> {
    let mut numbers = BTreeSet::new();
    let mut all = bases.iter().flat_map(|base| &base.taken);
    match all.find(|taken| !numbers.insert(taken.number.folded())) {
        None => Ok(()),
        Some(twice) => Err(ProfileError::OneNumber { requirement: twice.number.clone() }),
    }
}

/// While it is applied: each base beside the catalogue that it is of.
struct Working<'a> {
    bases: Vec<Base>,
    catalogues: Vec<&'a Catalogue>,
}

impl Working<'_> {
    fn alter(&mut self, alter: &Alter) -> Result<(), ProfileError> {
        let name = alter.control()?;
        let Some(taken) = self.taken(&name) else { return Err(ProfileError::AltersOther { requirement: name }) };
        if std::mem::replace(&mut taken.is_altered, true) {
            return Err(ProfileError::AlteredTwice { requirement: taken.number.clone() });
        }
        taken.takes_away |= alter.takes_away();
        taken.asks_for_more |= alter.asks_for_more();
        taken.parts.extend(alter.parts().cloned());
        Ok(())
    }

    /// A parameter that is open leaves it to whoever meets the requirement: a profile that sets it asks for no less. One that was set may
    /// be set to less.
    fn set(&mut self, id: &str) -> Result<(), ProfileError> {
        let found = self.catalogues.iter().find_map(|catalogue| catalogue.parameters.get(id));
        let taken = found.and_then(|parameter| Some((parameter.is_set, self.taken(&parameter.of)?)));
        let Some((was_set, taken)) = taken else { return Err(ProfileError::NoParameter { parameter: cut(id) }) };
        taken.takes_away |= was_set;
        taken.asks_for_more = true;
        Ok(())
    }

    /// The requirement of this name, if it was taken, which now is changed by name.
    fn taken(&mut self, name: &RequirementId) -> Option<&mut Taken> {
        for (base, catalogue) in self.bases.iter_mut().zip(&self.catalogues) {
            let Some(number) = catalogue.requirements.number(name) else { continue };
            if let Some(taken) = base.taken.iter_mut().find(|taken| taken.number == *number) {
                base.named.insert(number.clone());
                return Some(taken);
            }
        }
        None
    }

    fn reasons(&self, body: &Body) -> Result<BTreeMap<RequirementId, String>, ProfileError> {
        let mut reasons = BTreeMap::new();
        for reason in body.reasons() {
            let (name, why) = reason?;
            let known = self.bases.iter().zip(&self.catalogues).find_map(|(base, catalogue)| {
                let number = catalogue.requirements.number(&name)?;
                (base.named.contains(number) || base.left_out.contains(number)).then_some(number)
            });
            let Some(number) = known else { return Err(ProfileError::IdleReason { requirement: name }) };
            reasons.insert(number.clone(), why.to_owned());
        }
        Ok(reasons)
    }
}

impl Taken {
    /// How what the profile asks for relates to what the document does.
    pub(super) const fn relation(&self) -> Relation {
        match (self.asks_for_more, self.takes_away) {
            (false, false) => Relation::EqualTo,
            (true, false) => Relation::SupersetOf,
            (false, true) => Relation::SubsetOf,
            (true, true) => Relation::IntersectsWith,
        }
    }
}

impl Base {
    /// What the publication of the document says.
    pub(super) fn tailoring(&self) -> Tailoring {
        let count = |wanted: fn(Relation) -> bool| {
            let found = self.taken.iter().filter(|taken| wanted(taken.relation())).count();
            u32::try_from(found).unwrap_or(u32::MAX)
        };
        Tailoring {
            document: self.document.clone(),
            kept: count(|relation| relation == Relation::EqualTo),
            tightened: count(|relation| relation == Relation::SupersetOf),
            loosened: count(|relation| !relation.carries()),
            left_out: self.left_out.clone(),
        }
    }

    /// From the profile to the document.
    pub(super) fn crosswalk(&self, profile: &DocumentRef) -> Result<Crosswalk, Unsound> {
        let same = |number: &RequirementId| vec![number.clone()];
        let map = |taken: &Taken| Map::new(same(&taken.number), same(&taken.number), taken.relation());
        let maps = self.taken.iter().map(map).collect::<Result<_, _>>()?;
        Crosswalk::new(profile.clone(), self.document.clone(), maps)
    }
}

fn cut(id: &str) -> String {
    id.chars().take(80).collect()
}
