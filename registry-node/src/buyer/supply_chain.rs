//! A supply chain that a buyer keeps here, as it was sent.
//!
//! Out of scope: what a chain is (`procurement::chain`), and who may read it: its owner alone, as all that rests on the shelf.

use std::collections::HashSet;

use conformity::identifiers::Identifier;
use procurement::{Chain, ChainError};
use serde::{Deserialize, Serialize};

use super::shelf::{Kept, Kind};

/// Most bytes of a chain that is kept; larger ones are checked where they are, with the command line.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// In which form a chain was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A row for each link.
    Csv,
    /// An object with links.
    Json,
}

/// A chain as it was sent, which was read once when it was put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplyChain {
    /// Its form.
    pub form: Form,
    /// Its text.
    pub text: String,
}

impl Kept for SupplyChain {
    // As JSON a text may take more bytes than it has.
    const KIND: Kind = Kind { name: "supply chains", values: 8, value_bytes: 2 * MAX_BYTES, all_bytes: 4 * MAX_BYTES };
}

impl SupplyChain {
    /// The suppliers of a chain, for whoever is told what a change does to it.
    pub fn followed(chain: &Chain) -> HashSet<Identifier> {
        chain.suppliers().map(|(_, supplier)| supplier.clone()).collect()
    }

    /// The chain.
    ///
    /// # Errors
    /// What is wrong with it, link by link.
    pub fn chain(&self) -> Result<Chain, ChainError> {
        match self.form {
            Form::Csv => Chain::from_csv(self.text.as_bytes()),
            Form::Json => Chain::from_json(self.text.as_bytes()),
        }
    }
}
