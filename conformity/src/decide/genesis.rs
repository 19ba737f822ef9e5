//! The first statement of a log. It introduces the node and the operator, and nothing can stand before it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::case::{issued, not_empty};
use super::{Place, party};
use crate::genesis::{Formats, Genesis, GenesisRecord};
use crate::ids::PartyId;
use crate::key::Jwk;
use crate::party::{Party, PartyRecord, Role};
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::statement::Statement;

/// Begins a log.
pub(super) fn begin<F: Facts>(
    facts: &F,
    genesis: &Arc<Genesis>,
    statement: &Statement,
    place: &Place<'_>,
) -> Result<Vec<Record>, Refusal> {
    super::first_time(facts, statement, &place.digest)?;
    if place.index != 0 || facts.genesis().is_some() {
        return Err(Refusal::GenesisMisplaced { index: place.index });
    }
    issued(statement.iat, place.at)?;
    sound(genesis, statement)?;
    Ok(vec![
        Record::Genesis(Arc::new(GenesisRecord {
            genesis: Arc::clone(genesis),
            digest: place.digest,
            moment: place.moment(),
        })),
        node(genesis, statement, place)?,
        operator(genesis, place)?,
    ])
}

/// Refuses a genesis that contradicts itself or speaks formats unknown here. A peer's genesis must pass, too.
pub(super) fn sound(genesis: &Genesis, statement: &Statement) -> Result<(), Refusal> {
    if !statement.iss.is_node() {
        return Err(Refusal::NodeOnly { iss: statement.iss.clone(), kind: statement.kind() });
    }
    if statement.aud != genesis.origin {
        return Err(Refusal::WrongRegistry { aud: statement.aud.clone(), origin: genesis.origin.clone() });
    }
    if genesis.formats != Formats::CURRENT {
        return Err(Refusal::UnknownFormat { entry: genesis.formats.entry, statement: genesis.formats.statement });
    }
    not_empty("caRoots", genesis.ca_roots.is_empty())?;
    if genesis.operator.id.is_node() {
        return Err(Refusal::PartyExists { party: genesis.operator.id.clone() });
    }
    log_key(genesis).and_then(|log| keys_apart(genesis, &log)).map_err(|because| Refusal::UnsoundGenesis { because })
}

/// The key of the checkpoints, which must bear the log's name.
fn log_key(genesis: &Genesis) -> Result<Vec<u8>, &'static str> {
    let mut parts = genesis.log_key.as_str().splitn(3, '+');
    if parts.next() != Some(genesis.origin.as_str()) {
        return Err("logKey must be a verifier key named like the origin: <origin>+<hash>+<key>");
    }
    let key = parts.nth(1).and_then(|text| STANDARD.decode(text).ok());
    match key.as_deref() {
        Some([_algorithm, key @ ..]) => Ok(key.to_vec()),
        _ => Err("logKey must be a verifier key: <origin>+<hash>+<key in base64>"),
    }
}

/// One key for each use: a signature made for one use could otherwise be offered for another, and a VRF proof and a
/// signature that share a nonce give the key away.
fn keys_apart(genesis: &Genesis, log: &[u8]) -> Result<(), &'static str> {
    if matches!(genesis.node_key, Jwk::Ed25519 { x } if x == log) {
        return Err("logKey and nodeKey are the same key; checkpoints and statements need one each");
    }
    let Jwk::Ed25519 { x } = genesis.map_key else { return Err("mapKey must be a key of Ed25519") };
    let signs = genesis.node_key == genesis.map_key || genesis.operator.keys.contains(&genesis.map_key);
    if signs || x == log {
        return Err("mapKey is also a key that signs; the state map needs one of its own");
    }
    Ok(())
}

fn node(genesis: &Genesis, statement: &Statement, place: &Place<'_>) -> Result<Record, Refusal> {
    introduce(Role::Node, &statement.iss, genesis, &[genesis.node_key], place)
}

fn operator(genesis: &Genesis, place: &Place<'_>) -> Result<Record, Refusal> {
    let operator = &genesis.operator;
    introduce(Role::Operator, &operator.id, genesis, &operator.keys, place)
}

fn introduce(role: Role, id: &PartyId, genesis: &Genesis, keys: &[Jwk], place: &Place<'_>) -> Result<Record, Refusal> {
    let name = match role {
        Role::Operator => &genesis.operator.name,
        _ => &genesis.name,
    };
    Ok(Record::Party(Arc::new(PartyRecord {
        party: Party {
            id: id.clone(),
            role,
            name: name.clone(),
            country: genesis.country.clone(),
            identifiers: Vec::new(),
        },
        keys: party::first_keys(id, keys, place.moment())?,
        registered: place.moment(),
    })))
}
