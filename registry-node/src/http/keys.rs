//! The keys of the registry and of its bodies for those who know neither: DID documents and JSON Web Key sets.
//!
//! Both say what the log says: a key stands there from the moment it was added, and signs until it was revoked. The
//! registry's key is the node's, which signs what the node derives. The log key and the map key are not among
//! them: the one signs checkpoints only and is proven at `/v1/log-keys`, the other signs nothing and is pinned with the genesis. Out of scope: how names
//! are made, see `did`.

use std::sync::Arc;

use conformity::ids::PartyId;
use conformity::key::{Jwk, KeyId};
use conformity::party::{PartyKey, PartyRecord, Role};
use conformity::records::Facts;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use warp::reply::Response;

use super::answer::{self, DID_DOCUMENT, KEY_SET, Keep};
use super::ask::Ask;
use super::code;
use super::did;
use super::site::Site;
use crate::buyer::signals::signer::Signer;
use crate::problem::Problem;

/// The vocabularies of a document: DID Core 1.0, and JsonWebKey with `revoked` (Controlled Identifiers 1.0).
const CONTEXT: [&str; 2] = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"];

/// How long both may be kept: a revocation is learnt of so much later.
const KEPT_SECONDS: u64 = 60;

/// A DID document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(rename = "@context")]
    context: [&'static str; 2],
    id: String,
    verification_method: Vec<Method>,
    /// By reference. DID Core 1.0, section 5.3: a relationship without a method is left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assertion_method: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    service: Vec<Service>,
}

/// A key in a DID document (Controlled Identifiers 1.0, section 2.2).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Method {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    controller: String,
    public_key_jwk: Key,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<Timestamp>,
}

/// A key with what RFC 7517, section 4, says about its use.
#[derive(Serialize)]
struct Key {
    #[serde(flatten)]
    jwk: Jwk,
    kid: KeyId,
    alg: &'static str,
    #[serde(rename = "use")]
    purpose: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    service_endpoint: String,
}

/// `GET /.well-known/did.json`
pub(super) fn registry_document(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    let (did, node) = (did::of_registry(&site.registry.genesis), node(site)?);
    shown(DID_DOCUMENT, &Document { service: services(site, did), ..document(did, &node, site.registry.now()) })
}

/// `GET /.well-known/jwks.json`
pub(super) fn registry_keys(site: &Site, _ask: &Ask) -> Result<Response, Problem> {
    let node = node(site)?;
    shown(KEY_SET, &key_set(&node, site.registry.now()))
}

/// `GET /signals/jwks.json`: the keys that security event tokens are signed with. Asked for each time: another key signs from the node's
/// next start on, and what a receiver refuses meanwhile does not come again by itself.
pub(super) fn signal_keys(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    match &site.registry.signer {
        Signer::Node => registry_keys(site, ask),
        Signer::Rsa(key) => {
            let keys = answer::to_json(&json!({ "keys": [key.jwk()] }))?;
            Ok(answer::bytes(KEY_SET, keys, Keep::Ask))
        }
    }
}

/// `GET /parties/{party}/did.json`
pub(super) fn party_document(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let record = body(site, &ask.value()?)?;
    let did = did::of_party(&site.registry.genesis, &record.party.id);
    shown(DID_DOCUMENT, &document(&did, &record, site.registry.now()))
}

/// `GET /parties/{party}/jwks.json`
pub(super) fn party_keys(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let record = body(site, &ask.value()?)?;
    shown(KEY_SET, &key_set(&record, site.registry.now()))
}

fn shown(media_type: &'static str, value: &impl Serialize) -> Result<Response, Problem> {
    Ok(answer::bytes(media_type, answer::to_json(value)?, Keep::Seconds(KEPT_SECONDS)))
}

/// The party that signs for the registry itself.
fn node(site: &Site) -> Result<Arc<PartyRecord>, Problem> {
    let id = PartyId::NODE.parse().map_err(|error| code::internal("the node's name could not be read", &error))?;
    site.register().party(&id).ok_or_else(Problem::not_found)
}

/// A party that everybody may know. The node is none of these: its name is the registry's.
fn body(site: &Site, id: &PartyId) -> Result<Arc<PartyRecord>, Problem> {
    let known = site.register().party(id);
    let public = known.filter(|record| record.party.is_public() && record.party.role != Role::Node);
    public.ok_or_else(Problem::not_found)
}

fn document(did: &str, record: &PartyRecord, now: Timestamp) -> Document {
    let known = record.keys.iter().filter(|held| held.added.at <= now);
    let signing = record.keys.iter().filter(|held| held.signs_at(now));
    Document {
        context: CONTEXT,
        id: did.to_owned(),
        verification_method: known.map(|held| method(did, held, now)).collect(),
        assertion_method: signing.map(|held| method_id(did, held)).collect(),
        service: Vec::new(),
    }
}

fn method(did: &str, held: &PartyKey, now: Timestamp) -> Method {
    let revoked = held.revoked.as_ref().map(|end| end.moment.at).filter(|at| *at <= now);
    Method {
        id: method_id(did, held),
        kind: "JsonWebKey",
        controller: did.to_owned(),
        public_key_jwk: key(held),
        revoked,
    }
}

/// The thumbprint names the key here as everywhere.
fn method_id(did: &str, held: &PartyKey) -> String {
    format!("{did}#{}", held.kid)
}

fn key(held: &PartyKey) -> Key {
    Key { jwk: held.jwk, kid: held.kid, alg: held.jwk.algorithm(), purpose: "sig" }
}

/// The keys that sign now (RFC 7517, section 5).
#[derive(Serialize)]
struct KeySet {
    keys: Vec<Key>,
}

fn key_set(record: &PartyRecord, now: Timestamp) -> KeySet {
    KeySet { keys: record.keys.iter().filter(|held| held.signs_at(now)).map(key).collect() }
}

/// What the registry offers, at the address under which others reach it.
fn services(site: &Site, did: &str) -> Vec<Service> {
    let url = &site.registry.config.http.public_url;
    let service = |name: &str, kind, path: &str| Service {
        id: format!("{did}#{name}"),
        kind,
        service_endpoint: format!("{url}{path}"),
    };
    vec![
        service("api", "SecureTrustRegistry", "/openapi.json"),
        service("checkpoint", "TlogCheckpoint", "/checkpoint"),
        // Trust Registry Query Protocol v2: the paths of its questions follow this base.
        service("trust-registry", "TrustRegistry", ""),
    ]
}
