//! How the node is: for those who watch over processes, not for those who ask about suppliers.

use bytes::Bytes;
use warp::reply::Response;

use super::answer::{self, JSON, Keep};
use super::ask::Ask;
use super::code::{self, Code};
use super::site::Site;
use crate::metrics;
use crate::problem::Problem;

/// `GET /healthz`: the process answers.
pub(super) fn health(_site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    Ok(answer::bytes(JSON, Bytes::from_static(br#"{"status":"alive"}"#), Keep::No))
}

/// `GET /readyz`: statements are acknowledged.
pub(super) fn readiness(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    if site.registry.sequencer.is_writable() {
        return Ok(answer::bytes(JSON, Bytes::from_static(br#"{"status":"ready"}"#), Keep::No));
    }
    let detail = "the disk failed, so nothing is acknowledged until a restart; reading goes on. See the node's log";
    Err(Problem::busy(Code::Stopped.as_str(), detail, 60))
}

/// `GET /metrics`
pub(super) fn metrics(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    // A failed sync of the vault is nobody's turn to tell.
    site.registry.metrics.writable.set(site.registry.sequencer.is_writable().into());
    let page = site.registry.metrics.render();
    let page = page.map_err(|error| code::internal("the metrics could not be written", &error))?;
    Ok(answer::bytes(metrics::MEDIA_TYPE, page.into(), Keep::No))
}

/// `GET /asyncapi.json`
pub(super) fn asyncapi(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    Ok(answer::bytes(JSON, site.asyncapi.clone(), Keep::Ask))
}

/// `GET /openapi.json`
pub(super) fn openapi(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    Ok(answer::bytes(JSON, site.openapi.clone(), Keep::Ask))
}
