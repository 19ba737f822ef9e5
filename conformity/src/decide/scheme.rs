//! Documents and schemes. A published version never changes: who assessed against it must be able to point at it.

use std::sync::Arc;

use super::case::{Case, not_empty};
use crate::document::Document;
use crate::records::{DocumentRecord, Facts, Record, SchemeRecord};
use crate::refusal::Refusal;
use crate::scheme::Scheme;

impl<F: Facts> Case<'_, F> {
    pub(super) fn document_published(&self, document: &Arc<Document>) -> Result<Vec<Record>, Refusal> {
        self.registry_only()?;
        if self.facts.document(&document.document).is_some() {
            return Err(Refusal::DocumentExists { document: document.document.clone() });
        }
        self.tailorings(document)?;
        Ok(vec![Record::Document(Arc::new(DocumentRecord {
            document: Arc::clone(document),
            published: self.moment(),
            by: self.iss().clone(),
        }))])
    }

    /// What is tailored was published before, so that no document tailors itself through others.
    fn tailorings(&self, document: &Document) -> Result<(), Refusal> {
        for (position, tailoring) in document.tailors.iter().enumerate() {
            let tailored = &tailoring.document;
            let unsound = |because| Refusal::TailoringUnsound { document: tailored.clone(), because };
            if *tailored == document.document {
                return Err(unsound("a profile tailors other documents, not itself"));
            }
            if document.tailors[..position].iter().any(|earlier| earlier.document == *tailored) {
                return Err(unsound("it is named twice"));
            }
            if self.facts.document(tailored).is_none() {
                return Err(Refusal::UnknownDocument { document: tailored.clone() });
            }
        }
        Ok(())
    }

    pub(super) fn scheme_published(&self, scheme: &Arc<Scheme>) -> Result<Vec<Record>, Refusal> {
        self.registry_only()?;
        if self.facts.scheme(&scheme.scheme).is_some() {
            return Err(Refusal::SchemeExists { scheme: scheme.scheme.clone() });
        }
        not_empty("documents", scheme.documents.is_empty())?;
        not_empty("viewpoints", scheme.viewpoints.is_empty())?;
        not_empty("objects", scheme.objects.is_empty())?;
        for document in &scheme.documents {
            if self.facts.document(document).is_none() {
                return Err(Refusal::UnknownDocument { document: document.clone() });
            }
        }
        Ok(vec![Record::Scheme(Arc::new(SchemeRecord {
            scheme: Arc::clone(scheme),
            published: self.moment(),
            by: self.iss().clone(),
        }))])
    }
}
