//! Which registry runs on the node of which, as far as the logs that are known here say: our own, and those of peers, by what they
//! prove of themselves. Whoever says alone that it hosts another is shown as claiming it, to everybody.
//!
//! Of the past: what another log says counts from the time that it gives it itself, since nothing keeps when we heard of it.

use std::sync::Arc;

use conformity::as_of::{AsOf, Seen};
use conformity::genesis::{GenesisRecord, PeerRecord};
use conformity::hosting::{Hosting, hostings};
use conformity::records::Facts;
use serde_json::json;
use warp::reply::Response;

use super::answer;
use super::as_of;
use super::ask::Ask;
use super::site::Site;
use crate::core::registry::Registry;
use crate::problem::Problem;

/// `GET /v1/hosted`
pub(super) fn hosted(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let as_of = as_of::of(site, ask.query())?;
    answer::json(&json!({ "hosted": known(&site.registry, &as_of) }))
}

/// Every hosting that we know of, as it stood then. By what is known now, the peers of today tell of then.
pub(super) fn known(registry: &Registry, as_of: &AsOf) -> Vec<Hosting> {
    let (own, peers) = {
        let register = registry.read_model.register();
        let seen = Seen::new(&*register, *as_of);
        let peers = if let AsOf::KnownNow { .. } = as_of { register.peers() } else { seen.peers() };
        (seen.genesis(), peers)
    };
    let theirs = peers.iter().filter(|peer| peer.expelled.is_none());
    let theirs: Vec<_> = theirs.filter_map(|peer| begun(registry, peer, as_of)).chain(own).collect();
    hostings(theirs.iter().map(Arc::as_ref), as_of.at())
}

/// The beginning of a peer's log with what had become of it by then, as far as that log is known here: it counts its own entries, and
/// the time alone is common.
pub(super) fn begun(registry: &Registry, peer: &PeerRecord, as_of: &AsOf) -> Option<Arc<GenesisRecord>> {
    let begun = registry.witness.keys.begun(peer)?;
    match as_of {
        AsOf::Present(_) => Some(begun),
        AsOf::KnownThen { at, .. } | AsOf::KnownNow { at } => begun.seen(&AsOf::known_then(*at)),
    }
}
