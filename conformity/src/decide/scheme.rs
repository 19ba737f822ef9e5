//! Documents and schemes. A published version never changes: who assessed against it must be able to point at it.
//! Another may take its place.

use std::sync::Arc;

use super::case::{Case, not_empty};
use super::declaration;
use crate::document::Document;
use crate::records::{DocumentRecord, Facts, Record, Replaced, SchemeRecord};
use crate::refusal::Refusal;
use crate::scheme::{Scheme, SchemeReplaced};

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
        declaration::sound(scheme)?;
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
            replaced: None,
        }))])
    }

    pub(super) fn scheme_replaced(&self, claim: &SchemeReplaced) -> Result<Vec<Record>, Refusal> {
        self.registry_only()?;
        let known = self.scheme(&claim.scheme)?;
        // Nothing that is replaced takes a place, so that what is replaced leads to something that holds.
        let successor = self.facts.scheme(&claim.by);
        let successor = successor.ok_or_else(|| Refusal::UnknownScheme { scheme: claim.by.clone() })?;
        for record in [&known, &successor] {
            if let Some(replaced) = &record.replaced {
                let (scheme, by) = (record.scheme.scheme.clone(), replaced.with.clone());
                return Err(Refusal::SchemeIsReplaced { scheme, by, until: replaced.until });
            }
        }
        if claim.scheme == claim.by {
            return Err(Refusal::ReplacedByItself { scheme: claim.scheme.clone() });
        }
        self.not_over(Some(claim.until))?;
        let replaced =
            Replaced { with: claim.by.clone(), until: claim.until, moment: self.moment(), by: self.iss().clone() };
        Ok(vec![Record::Scheme(Arc::new(SchemeRecord { replaced: Some(replaced), ..SchemeRecord::clone(&known) }))])
    }
}
