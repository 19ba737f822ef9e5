//! What the registry tells whoever declares: the scheme, how he is registered, and what the documents ask.

use anyhow::{Context as _, bail};
use conformity::digest::Digest;
use conformity::identifiers::Identifier;
use conformity::ids::{DocumentRef, PartyId, SchemeRef};
use conformity::scheme::SelfDeclaration;
use conformity::viewpoint::Viewpoints;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::context::all;
use crate::cli::standing::escape;
use crate::cli::submission::Speaker;
use crate::client::{Connection, read_json};
use crate::declaration::Question;
use crate::import::wordings;

/// A scheme that admits declarations, and who declares.
pub(super) struct Asked {
    pub(super) terms: SelfDeclaration,
    pub(super) viewpoints: Viewpoints,
    documents: Vec<DocumentRef>,
    pub(super) party: Registered,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SchemeItem {
    scheme: SchemeRef,
    documents: Vec<DocumentRef>,
    viewpoints: Viewpoints,
    self_declaration: Option<SelfDeclaration>,
}

/// Of a party what a declaration says.
#[derive(Deserialize)]
pub(super) struct Registered {
    id: PartyId,
    pub(super) name: conformity::text::Text<256>,
    #[serde(default)]
    pub(super) country: Option<conformity::ids::CountryCode>,
    #[serde(default)]
    pub(super) identifiers: Vec<Identifier>,
    #[serde(default)]
    pub(super) person: bool,
    #[serde(default)]
    declares: bool,
}

#[derive(Deserialize)]
struct DocumentItem {
    document: DocumentRef,
    attachment: Option<Digest>,
}

impl Asked {
    pub(super) async fn of(speaker: &Speaker, connection: &mut Connection, scheme: &SchemeRef) -> anyhow::Result<Self> {
        let schemes: Vec<SchemeItem> = all(connection, "/v1/schemes", "schemes").await?;
        let item = schemes.into_iter().find(|item| item.scheme == *scheme);
        let item = item.with_context(|| format!("the registry publishes no scheme {scheme}"))?;
        let Some(terms) = item.self_declaration else {
            bail!("{scheme} admits no self-declarations; a certification body has to decide");
        };
        let own = &speaker.about().party;
        let parties: Vec<Registered> = all(connection, "/v1/parties", "parties").await?;
        let party = parties.into_iter().find(|party| party.id == *own && party.declares);
        let party = party.with_context(|| {
            format!(
                "{own} is not registered to declare; ask the operator for credentials made with party add --declares"
            )
        })?;
        Ok(Self { terms, viewpoints: item.viewpoints, documents: item.documents, party })
    }

    /// What the documents of the scheme ask, with how far the supplier's verdicts reach it already.
    pub(super) async fn questions(
        &self,
        connection: &mut Connection,
        supplier: &Identifier,
    ) -> anyhow::Result<Vec<Question>> {
        let items: Vec<DocumentItem> = all(connection, "/v1/documents", "documents").await?;
        let mut questions = Vec::new();
        for document in &self.documents {
            let item = items.iter().find(|item| item.document == *document);
            let Some(attachment) = item.and_then(|item| item.attachment) else { continue };
            let catalogue = connection.get(&format!("/v1/attachments/{attachment}")).await?;
            anyhow::ensure!(Digest::of(&catalogue) == attachment, "the registry sent another catalogue for {document}");
            let covers = covers(connection, document, supplier).await?;
            let words = wordings(&catalogue).with_context(|| format!("{document} cannot be read"))?;
            questions.extend(words.into_iter().map(|(requirement, wording)| Question {
                document: document.clone(),
                cover: covers.get(requirement.as_str()).cloned().unwrap_or_default(),
                requirement,
                wording,
            }));
        }
        Ok(questions)
    }
}

/// How far each requirement is covered, by its number.
async fn covers(
    connection: &mut Connection,
    document: &DocumentRef,
    supplier: &Identifier,
) -> anyhow::Result<std::collections::BTreeMap<String, String>> {
    let (document, supplier) = (escape(&document.to_string()), escape(&supplier.to_string()));
    let path = format!("/v1/documents/{document}/coverage?supplier={supplier}");
    let answer: Value = read_json(&connection.get(&path).await?)?;
    let lines = answer["requirements"].as_array().map(Vec::as_slice).unwrap_or_default();
    let word = |line: &Value, member: &str| line[member].as_str().unwrap_or_default().to_owned();
    Ok(lines.iter().map(|line| (word(line, "requirement"), word(line, "cover"))).collect())
}
