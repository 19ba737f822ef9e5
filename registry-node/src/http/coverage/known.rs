//! Everything that is known of requirements: catalogues and crosswalks, as they were published then.

use std::collections::BTreeMap;
use std::sync::Arc;

use conformity::as_of::AsOf;
use conformity::catalogue::Catalogue;
use conformity::coverage::Requirement;
use conformity::crosswalk::Crosswalk;
use conformity::ids::{CrosswalkRef, DocumentRef, RequirementId};

use crate::core::requirements::newest;
use crate::http::code;
use crate::http::site::Site;
use crate::problem::Problem;

/// Everything that is known of requirements.
pub(super) struct Known {
    pub(super) crosswalks: Vec<(CrosswalkRef, Arc<Crosswalk>)>,
    pub(super) catalogues: Vec<(DocumentRef, Arc<Catalogue>)>,
}

impl Known {
    /// As it was then.
    pub(super) fn of(site: &Site, as_of: &AsOf) -> Result<Self, Problem> {
        let failed = |error: anyhow::Error| code::internal("an attachment could not be read", &error);
        let (records, documents) = {
            let register = site.register();
            let records = newest(register.crosswalks().filter(|record| as_of.knows(record.published)).cloned());
            let documents = register.documents().filter(|record| as_of.knows(record.published));
            let documents: Vec<_> = documents.map(|record| Arc::clone(&record.document)).collect();
            (records, documents)
        };
        let (log, shelf) = (&site.registry.log, &site.requirements);
        let (mut crosswalks, mut catalogues) = (Vec::new(), Vec::new());
        for (name, record) in records {
            crosswalks.extend(shelf.crosswalk(log, &record).map_err(failed)?.map(|crosswalk| (name, crosswalk)));
        }
        for document in documents {
            let catalogue = shelf.catalogue(log, &document).map_err(failed)?;
            catalogues.extend(catalogue.map(|catalogue| (document.document.clone(), catalogue)));
        }
        Ok(Self { crosswalks, catalogues })
    }

    pub(super) fn catalogue(&self, document: &DocumentRef) -> Option<&Catalogue> {
        self.catalogues.iter().find(|(of, _)| of == document).map(|(_, catalogue)| &**catalogue)
    }

    /// All requirements of a document that bind: those of its catalogue, or those that crosswalks name where it has none.
    pub(super) fn all_of(&self, document: &DocumentRef) -> Vec<&RequirementId> {
        match self.catalogue(document) {
            Some(catalogue) => catalogue.in_force().collect(),
            None => self.named_by_crosswalks(document).into_values().collect(),
        }
    }

    /// A requirement of a document.
    pub(super) fn requirement(&self, document: &DocumentRef, number: &RequirementId) -> Requirement {
        Requirement { document: document.clone(), requirement: number.clone() }
    }

    /// The same for all names of a requirement.
    pub(super) fn key(&self, requirement: &Requirement) -> (DocumentRef, String) {
        let Requirement { document, requirement } = requirement;
        let number = self.catalogue(document).and_then(|catalogue| catalogue.number(requirement));
        (document.clone(), number.unwrap_or(requirement).folded())
    }

    /// By folded name.
    fn named_by_crosswalks(&self, document: &DocumentRef) -> BTreeMap<String, &RequirementId> {
        let mut names = BTreeMap::new();
        for (_, crosswalk) in &self.crosswalks {
            for map in crosswalk.maps() {
                let sources = map.sources().iter().filter(|_| crosswalk.source() == document);
                let targets = map.targets().iter().filter(|_| crosswalk.target() == document);
                sources.chain(targets).for_each(|name| {
                    names.entry(name.folded()).or_insert(name);
                });
            }
        }
        names
    }
}
