//! The roots of the certificate authority: the operator adds one, and retires one while another is left.
//!
//! Whether the bytes are a certificate, whoever would trust it finds out; here they are only told apart.

use std::sync::Arc;

use super::case::Case;
use crate::digest::Digest;
use crate::genesis::{CaRootAdded, CaRootRecord, CaRootRetired, GenesisRecord};
use crate::records::{Facts, Record};
use crate::refusal::Refusal;

/// Most roots that one log names after its genesis, retired ones included.
const MAX_ROOTS: usize = 64;
/// Most bytes of a root that is added: all of them must fit into what proves a log's keys to others.
const MAX_ROOT: usize = 2048;

impl<F: Facts> Case<'_, F> {
    pub(super) fn ca_root_added(&self, claim: &CaRootAdded) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let begun = &self.genesis;
        let root = Digest::of(claim.root.as_bytes());
        if begun.genesis.ca_roots.contains(&claim.root) || begun.ca_root(&root).is_some() {
            return Err(Refusal::CaRootKnown { root });
        }
        if claim.root.as_bytes().len() > MAX_ROOT {
            return Err(Refusal::CaRootTooLong);
        }
        if begun.ca_roots.len() >= MAX_ROOTS {
            return Err(Refusal::TooManyCaRoots);
        }
        let mut record = GenesisRecord::clone(begun);
        record.ca_roots.push(CaRootRecord { root: claim.root.clone(), added: self.moment(), retired: None });
        Ok(vec![Record::Genesis(Arc::new(record))])
    }

    pub(super) fn ca_root_retired(&self, claim: &CaRootRetired) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let begun = &self.genesis;
        let trusted = begun.trusted_roots();
        let root = trusted.iter().find(|root| Digest::of(root.as_bytes()) == claim.root);
        let root = root.ok_or(Refusal::UnknownCaRoot { root: claim.root })?;
        if trusted.len() == 1 {
            return Err(Refusal::LastCaRoot);
        }
        let mut record = GenesisRecord::clone(begun);
        match record.ca_roots.iter_mut().find(|one| one.root == *root) {
            Some(known) => known.retired = Some(self.moment()),
            None => record.ca_roots.push(CaRootRecord {
                root: root.clone(),
                added: begun.moment,
                retired: Some(self.moment()),
            }),
        }
        Ok(vec![Record::Genesis(Arc::new(record))])
    }
}
