//! What the registry holds, asked over HTTP while an import is planned.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;
use conformity::catalogue::Catalogue;
use conformity::crosswalk::Publication;
use conformity::document::Document;
use conformity::ids::{CrosswalkRef, DocumentRef, RegistryId, SchemeRef, VerdictId, VerdictRef};
use conformity::scheme::Scheme;
use conformity::verdict::{HistoryItem, Snapshot, Verdict, VerdictRecord};
use serde::Deserialize;
use tokio::runtime::Runtime;

use crate::cli::context::{Context, all};
use crate::cli::standing::escape;
use crate::client::{ClientError, Connection, read_json};
use crate::import::{Catalogue as Attached, Holdings, catalogue};

/// What the registry holds, asked over HTTP when an import wants to know.
pub(in crate::cli) struct Held {
    registry: RegistryId,
    runtime: Runtime,
    connection: RefCell<Connection>,
    schemes: HashMap<SchemeRef, Arc<Scheme>>,
    documents: HashMap<DocumentRef, Arc<Document>>,
    crosswalks: HashMap<CrosswalkRef, Arc<Publication>>,
    /// What kept a question from being answered: then nothing that was planned counts.
    broken: RefCell<Option<ClientError>>,
}

#[derive(Deserialize)]
struct HeldScheme {
    #[serde(flatten)]
    scheme: Arc<Scheme>,
}

#[derive(Deserialize)]
struct HeldVersion {
    #[serde(flatten)]
    document: Arc<Document>,
}

#[derive(Deserialize)]
struct HeldCrosswalk {
    #[serde(flatten)]
    publication: Arc<Publication>,
}

#[derive(Deserialize)]
struct HeldVerdict {
    terms: Arc<Verdict>,
    now: Snapshot,
    history: Vec<HistoryItem>,
}

impl Held {
    /// Asks the registry that `--as` speaks to.
    pub(in crate::cli) fn open(context: &Context) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let registry = context.credentials()?.about.registry;
        let client = context.reader()?;
        let (connection, schemes, documents, crosswalks) = runtime.block_on(async {
            let mut connection = client.connect().await?;
            let schemes: Vec<HeldScheme> = all(&mut connection, "/v1/schemes", "schemes").await?;
            let documents: Vec<HeldVersion> = all(&mut connection, "/v1/documents", "documents").await?;
            let crosswalks: Vec<HeldCrosswalk> = all(&mut connection, "/v1/crosswalks", "crosswalks").await?;
            anyhow::Ok((connection, schemes, documents, crosswalks))
        })?;
        Ok(Self {
            registry,
            runtime,
            connection: RefCell::new(connection),
            schemes: schemes.into_iter().map(|held| (held.scheme.scheme.clone(), held.scheme)).collect(),
            documents: documents.into_iter().map(|held| (held.document.document.clone(), held.document)).collect(),
            crosswalks: crosswalks
                .into_iter()
                .map(|held| (held.publication.crosswalk.clone(), held.publication))
                .collect(),
            broken: RefCell::new(None),
        })
    }

    /// Whether every question was answered.
    pub(super) fn whole(self) -> anyhow::Result<()> {
        match self.broken.into_inner() {
            None => Ok(()),
            Some(error) => Err(error).context("the registry could not say what it holds; nothing was submitted"),
        }
    }

    fn ask(&self, id: &VerdictId) -> Result<Option<HeldVerdict>, ClientError> {
        let verdict = VerdictRef { registry: self.registry.clone(), id: id.clone() };
        let path = format!("/v1/verdicts/{}", escape(&verdict.to_string()));
        match self.runtime.block_on(self.connection.borrow_mut().get(&path)) {
            Ok(answer) => read_json(&answer).map(Some),
            Err(ClientError::Problem { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Held {
    /// The requirements of those documents that have a catalogue attached.
    pub(in crate::cli) fn catalogues(&self, of: &[&DocumentRef]) -> anyhow::Result<Vec<(DocumentRef, Arc<Catalogue>)>> {
        let of: Vec<DocumentRef> = of.iter().copied().cloned().collect();
        let whole = self.whole_catalogues(&of)?;
        Ok(whole.into_iter().map(|(document, catalogue)| (document, Arc::new(catalogue.requirements))).collect())
    }

    /// The catalogues of those documents that have one attached, with all that is read of them.
    pub(super) fn whole_catalogues(&self, of: &[DocumentRef]) -> anyhow::Result<Vec<(DocumentRef, Attached)>> {
        let mut catalogues = Vec::new();
        for document in of.iter().filter_map(|name| self.documents.get(name)) {
            let Some(digest) = document.attachment else { continue };
            let path = format!("/v1/attachments/{digest}");
            let bytes = self.runtime.block_on(self.connection.borrow_mut().get(&path))?;
            let read = catalogue(&bytes).with_context(|| format!("the catalogue of {}", document.document))?;
            catalogues.push((document.document.clone(), read));
        }
        Ok(catalogues)
    }
}

impl Holdings for Held {
    fn verdict(&self, id: &VerdictId) -> Option<Arc<VerdictRecord>> {
        if self.broken.borrow().is_some() {
            return None;
        }
        match self.ask(id) {
            Ok(held) => held.map(|HeldVerdict { terms, now, history }| Arc::new(VerdictRecord { terms, now, history })),
            Err(error) => {
                *self.broken.borrow_mut() = Some(error);
                None
            }
        }
    }

    fn scheme(&self, scheme: &SchemeRef) -> Option<Arc<Scheme>> {
        self.schemes.get(scheme).cloned()
    }

    fn document(&self, document: &DocumentRef) -> Option<Arc<Document>> {
        self.documents.get(document).cloned()
    }

    fn crosswalk(&self, crosswalk: &CrosswalkRef) -> Option<Arc<Publication>> {
        self.crosswalks.get(crosswalk).cloned()
    }
}
