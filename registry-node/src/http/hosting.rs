//! Which registry runs on the node of which, as far as the logs that are known here say: our own, and those of peers, by what they
//! prove of themselves. Whoever says alone that it hosts another is shown as claiming it, to everybody.

use std::sync::Arc;

use conformity::hosting::{Hosting, hostings};
use conformity::records::Facts;
use serde_json::json;
use warp::reply::Response;

use super::answer;
use super::ask::Ask;
use super::site::Site;
use crate::core::registry::Registry;
use crate::problem::Problem;

/// `GET /v1/hosted`
pub(super) fn hosted(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    answer::json(&json!({ "hosted": known(&site.registry) }))
}

/// Every hosting that we know of, as it stands now.
pub(super) fn known(registry: &Registry) -> Vec<Hosting> {
    let (own, peers) = {
        let register = registry.read_model.register();
        (register.genesis(), register.peers())
    };
    let theirs = peers.iter().filter(|peer| peer.expelled.is_none());
    let theirs: Vec<_> = theirs.filter_map(|peer| registry.witness.keys.begun(peer)).chain(own).collect();
    hostings(theirs.iter().map(Arc::as_ref), registry.now())
}
