//! Where this node is reached, and whether its log says that the registry went elsewhere.
//!
//! The log is the switch: a folder that was left and a copy of it at the new place differ in nothing but `registry.toml`. So there is no
//! moment at which both may append: the one that was left stops with the entry that says so, the other begins behind it.

use conformity::hosting::MoveRecord;
use conformity::records::{Facts, Register};

use crate::config::Config;

/// The addresses under which this node is reached, as statements write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    nats_url: String,
    http_url: String,
}

impl Here {
    /// As the configuration says.
    pub fn of(config: &Config) -> Here {
        let nats_url = format!("tls://{}", config.nats.public_address);
        Here { nats_url, http_url: config.http.public_url.trim_end_matches('/').to_owned() }
    }

    /// Where the registry went, if not here.
    pub fn left_for(&self, register: &Register) -> Option<MoveRecord> {
        register.genesis()?.left_for(&self.nats_url, &self.http_url).cloned()
    }
}
