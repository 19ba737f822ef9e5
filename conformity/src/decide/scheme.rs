//! Documents and schemes. A published version never changes: who assessed against it must be able to point at it.

use std::sync::Arc;

use super::case::{Case, not_empty};
use super::declaration;
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
        Ok(vec![Record::Document(Arc::new(DocumentRecord {
            document: Arc::clone(document),
            published: self.moment(),
            by: self.iss().clone(),
        }))])
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
        }))])
    }
}
