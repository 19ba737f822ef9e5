//! What all bundles are made of: statements, entries and proofs of the log under a published checkpoint.

use std::sync::Arc;

use bytes::Bytes;
use conformity::map_label::MapLabel;
use conformity::statement::Kind;
use credential::bundle::{Item, MAX_BUNDLE};
use ledger::encoding::base64_encode;
use ledger::journal::{ReadError, Stored};
use ledger::merkle::Hash;

use super::super::code;
use super::super::site::Site;
use crate::core::feed::parse_committed;
use crate::core::published::Checkpoint;
use crate::core::state_map::{ProveError, Proven};
use crate::problem::Problem;

/// The log up to a published checkpoint.
#[derive(Clone, Copy)]
pub(super) struct Extract<'a> {
    pub(super) site: &'a Site,
    pub(super) checkpoint: &'a Checkpoint,
}

impl Extract<'_> {
    /// The checkpoint's last entry.
    pub(super) const fn seal(&self) -> u64 {
        self.checkpoint.size.saturating_sub(1)
    }

    /// The signed note.
    pub(super) fn note(&self) -> String {
        String::from_utf8_lossy(&self.checkpoint.note).into_owned()
    }

    /// A statement at its place.
    pub(super) fn item(&self, index: u64) -> Result<Arc<Item>, Problem> {
        if let Some(item) = self.site.proofs.item(index) {
            return Ok(item);
        }
        let log = &self.site.registry.log;
        let compact = self.stored(index)?;
        let time_ms = log.time_of(index).map_err(|error| unreadable(&error))?;
        let statement = parse_committed(&compact).map_err(|error| unreadable(&error))?;
        let attachment = match statement.attachment().filter(|_| statement.kind() == Kind::RecognitionDerived) {
            Some(digest) => self.results(&digest)?,
            None => None,
        };
        let statement = String::from_utf8(compact.to_vec()).map_err(|error| unreadable(&error))?;
        Ok(self.site.proofs.keep_item(Arc::new(Item { index, time_ms, statement, attachment })))
    }

    /// A result list, where it is not too long for a bundle.
    fn results(&self, digest: &conformity::Digest) -> Result<Option<String>, Problem> {
        let digest = ledger::digest::Digest::from_bytes(*digest.as_bytes());
        let log = &self.site.registry.log;
        if log.attachment_len(&digest).is_some_and(|bytes| bytes > MAX_BUNDLE / 2) {
            return Err(code::not_provable("the result list that names it is longer than a bundle"));
        }
        let list = log.attachment(&digest).map_err(|error| unreadable(&error))?;
        list.map(|list| String::from_utf8(list.to_vec()).map_err(|error| unreadable(&error))).transpose()
    }

    pub(super) fn stored(&self, index: u64) -> Result<Bytes, Problem> {
        match self.site.registry.log.statement(index) {
            Ok(Stored::Bytes(compact)) => Ok(compact),
            // It was erased a moment ago, and the verdict with it.
            Ok(_) => Err(Problem::not_found()),
            Err(error) => Err(unreadable(&error)),
        }
    }

    /// An entry, base64 of its 42 bytes.
    pub(super) fn entry(&self, index: u64) -> Result<String, Problem> {
        let entry = self.site.registry.log.entry(index);
        Ok(base64_encode(&entry.map_err(|error: ReadError| unreadable(&error))?.encode()))
    }

    /// What leads from these entries and the last one to the root.
    pub(super) fn inclusion(&self, leaves: impl IntoIterator<Item = u64>) -> Result<Vec<Hash>, Problem> {
        let mut leaves: Vec<u64> = leaves.into_iter().chain([self.seal()]).collect();
        leaves.sort_unstable();
        let proof = self.site.registry.log.multi_inclusion(&leaves, self.checkpoint.size);
        proof.map_err(|error| code::internal("a proof could not be made", &error))
    }

    /// What the map says of a label, a blinded one or a verdict's.
    pub(super) fn map_proof(&self, label: &MapLabel) -> Result<Proven, Problem> {
        let proven = self.site.registry.map.prove(label, self.checkpoint.size, &self.site.register());
        proven.map_err(|error| unproven(&error))
    }

    /// What it says of public labels.
    pub(super) fn public_proof<'l>(
        &self,
        labels: impl IntoIterator<Item = &'l MapLabel>,
    ) -> Result<Vec<String>, Problem> {
        let proven = self.site.registry.map.prove_public(labels, self.checkpoint.size);
        proven.map(|proof| proof.write()).map_err(|error| unproven(&error))
    }
}

fn unproven(error: &ProveError) -> Problem {
    match error {
        ProveError::NotAtHand { .. } => code::not_published(),
        ProveError::Vrf(_) | ProveError::Public => code::internal("the state map could not be asked", error),
    }
}

pub(super) fn unreadable(error: &dyn std::fmt::Display) -> Problem {
    code::internal("the log could not be read", &error)
}
