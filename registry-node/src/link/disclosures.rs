//! Answering a peer that asks for what arrangements name of what credentials keep back.
//!
//! A verdict that is not there, one that is restricted and not included, one outside of what was agreed, an earlier credential and
//! one whose detail was erased are answered alike. A use is durable before what it tells of leaves. Out of scope: what is named
//! (`conformity::recognition::travels`).

use conformity::consent::Parts;
use conformity::credential::CredentialRecord;
use conformity::ids::RegistryId;
use conformity::in_force::{Pair, terms_in_force};
use conformity::recognised::ArrangementRef;
use conformity::recognition::travels;
use conformity::records::Facts;
use conformity::verdict::VerdictRecord;
use credential::attestation::present_parts;
use credential::sd_jwt::Presentation;
use federation::hush::Hush;
use federation::messages::{Answer, CredentialAt, Disclosures, DisclosuresRequest, MAX_CREDENTIAL_BYTES, Refused};
use std::sync::Arc;

use super::scope::between;
use crate::core::registry::Registry;
use crate::core::uses::{By, Granted, Place, Recipient, Seen, UseError, Way};

/// Answers `peer`.
pub(super) fn answer(registry: &Registry, peer: &RegistryId, request: &DisclosuresRequest) -> Answer<Disclosures> {
    let asker = Asker { registry, peer };
    match asker.all(&request.credentials) {
        Ok(credentials) => Answer::Ok(Disclosures { credentials }),
        Err(Unanswered::Busy(error)) => Answer::Refused(Refused::new("busy", error)),
        Err(Unanswered::Failed(error)) => {
            static FAILED: Hush = Hush::new();
            if let Some(times) = FAILED.heard() {
                let error = format!("{error:#}");
                tracing::error!(error, times, "what credentials keep back could not be read for a peer");
            }
            Answer::Refused(Refused::new("internal", "what credentials keep back could not be read"))
        }
    }
}

/// Why a peer is told nothing.
enum Unanswered {
    /// Too many wait already.
    Busy(String),
    /// We are to blame.
    Failed(anyhow::Error),
}

impl From<UseError> for Unanswered {
    fn from(error: UseError) -> Self {
        match error {
            UseError::Busy => Self::Busy(error.to_string()),
            error => Self::Failed(error.into()),
        }
    }
}

#[derive(Clone, Copy)]
struct Asker<'a> {
    registry: &'a Registry,
    peer: &'a RegistryId,
}

/// A credential of which the peer may see something.
struct Shown {
    verdict: Arc<VerdictRecord>,
    credential: Arc<CredentialRecord>,
    parts: Parts,
    arrangements: Vec<ArrangementRef>,
}

impl Asker<'_> {
    fn all(self, asked: &[CredentialAt]) -> Result<Vec<Option<String>>, Unanswered> {
        let place = self.registry.uses.place_among_peers()?;
        let (mut answers, mut bytes) = (Vec::new(), 0);
        for one in asked {
            let Some((shown, presentation)) = self.presented(one).map_err(Unanswered::Failed)? else {
                answers.push(None);
                continue;
            };
            bytes += presentation.as_str().len();
            if bytes > MAX_CREDENTIAL_BYTES {
                break;
            }
            answers.push(self.recorded(&place, shown, &presentation)?);
        }
        Ok(answers)
    }

    /// The credential that is asked for, if it is the newest of a verdict of which something is named for this peer.
    fn shown(self, asked: &CredentialAt) -> Option<Shown> {
        let pair = Pair { from: &self.registry.config.registry.id, to: self.peer };
        let (register, now) = (self.registry.read_model.register(), self.registry.now());
        let verdict = register.verdict(&asked.verdict)?;
        let arrangements = between(&*register, pair);
        let parts = travels(&arrangements, pair, &verdict, now);
        let credential = register.newest_credential(&asked.verdict).filter(|_| !parts.is_empty())?;
        if credential.issued.index != asked.index || !credential.is_current(&verdict, true) {
            return None;
        }
        let naming =
            arrangements.iter().filter(|one| !travels(std::slice::from_ref(*one), pair, &verdict, now).is_empty());
        let naming = naming.filter_map(|one| terms_in_force(one, pair, now));
        let arrangements =
            naming.map(|signed| ArrangementRef { id: signed.terms.id.clone(), version: signed.terms.version });
        Some(Shown { arrangements: arrangements.collect(), verdict, credential, parts })
    }

    /// The credential with what is named of it; nothing where that was erased, or does not fit into a message.
    fn presented(self, asked: &CredentialAt) -> anyhow::Result<Option<(Shown, Presentation)>> {
        let Some(shown) = self.shown(asked) else { return Ok(None) };
        let opened = self.registry.opened(&shown.credential)?;
        let presentation = opened.map(|credential| present_parts(&credential, shown.parts));
        let fitting = presentation.filter(|presentation| presentation.as_str().len() <= MAX_CREDENTIAL_BYTES);
        Ok(fitting.map(|presentation| (shown, presentation)))
    }

    /// The text, once its use is durable; nothing where the verdict was erased meanwhile.
    fn recorded(self, place: &Place<'_>, shown: Shown, of: &Presentation) -> Result<Option<String>, Unanswered> {
        let (text, disclosures) = (of.as_str().to_owned(), of.disclosures().count());
        if disclosures == 0 {
            return Ok(Some(text));
        }
        let seen = Seen {
            to: Recipient::Registry(self.peer.clone()),
            through: None,
            by: By::Arrangements(shown.arrangements),
            way: Way::Peer,
            parts: shown.parts,
            credential: Some(shown.credential.issued.index),
            disclosures,
        };
        let granted = Granted::of(&shown.verdict);
        match self.registry.uses.record(place, granted, seen, self.registry.now()) {
            Ok(()) => Ok(Some(text)),
            Err(UseError::Gone) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
