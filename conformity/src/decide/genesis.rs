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
use crate::text::Text;

/// The type of the key of a log's own signature (C2SP signed-note).
const CHECKPOINT: u8 = 0x01;
/// The type of the key of a cosignature (C2SP tlog-cosignature).
const COSIGNATURE: u8 = 0x04;

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
            log_keys: Vec::new(),
            ca_roots: Vec::new(),
            persons: Vec::new(),
            approvals: Vec::new(),
            moves: Vec::new(),
            hosting: Vec::new(),
            closed: None,
            accepted: Vec::new(),
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
    if !genesis.persons.is_one() && genesis.operator.keys.len() < genesis.persons.count() {
        return Err(Refusal::UnsoundGenesis { because: "persons is 2, and the operator has only one key" });
    }
    keys(genesis).map_err(|because| Refusal::UnsoundGenesis { because })
}

/// The key of the checkpoints, which must bear the log's name.
fn log_key(genesis: &Genesis) -> Result<Vec<u8>, &'static str> {
    verifier_key(genesis, &genesis.log_key, CHECKPOINT)
        .ok_or("logKey must be a verifier key of type 0x01 named like the origin: <origin>+<hash>+<key in base64>")
}

/// The key of the cosignatures, which must bear the log's name, too.
fn witness_key(genesis: &Genesis) -> Result<Vec<u8>, &'static str> {
    verifier_key(genesis, &genesis.witness_key, COSIGNATURE)
        .ok_or("witnessKey must be a verifier key of type 0x04 named like the origin: <origin>+<hash>+<key in base64>")
}

/// The bytes of a verifier key of this type that bears the log's name.
fn verifier_key(genesis: &Genesis, key: &Text<512>, kind: u8) -> Option<Vec<u8>> {
    let mut parts = key.as_str().splitn(3, '+');
    let named = parts.next() == Some(genesis.origin.as_str());
    let key = parts.nth(1).and_then(|text| STANDARD.decode(text).ok())?;
    match key.as_slice() {
        [found, key @ ..] if named && *found == kind && key.len() == 32 => Some(key.to_vec()),
        _ => None,
    }
}

/// Whether this may sign the log's checkpoints after the keys that did: one key for each use, for ever.
pub(super) fn may_sign_checkpoints(begun: &GenesisRecord, key: &Text<512>) -> Result<(), &'static str> {
    let genesis = &begun.genesis;
    let of_log = |key: &Text<512>| verifier_key(genesis, key, CHECKPOINT);
    let found = of_log(key).ok_or("it must be a verifier key of type 0x01 named like the origin")?;
    let before = std::iter::once(&genesis.log_key).chain(begun.log_keys.iter().map(|later| &later.key));
    if before.filter_map(of_log).any(|before| before == found) {
        return Err("it signed checkpoints of this log before; make a new key");
    }
    let is = |jwk: &Jwk| matches!(jwk, Jwk::Ed25519 { x } if x[..] == found);
    let own = [genesis.node_key, genesis.map_key];
    if own.iter().chain(&genesis.operator.keys).any(is) || witness_key(genesis).is_ok_and(|witness| witness == found) {
        return Err("it has another use already; checkpoints need a key of their own");
    }
    Ok(())
}

/// One key for each use: a signature made for one use could otherwise be offered for another (a cosignature says "I saw this
/// log so", and must never pass for the word of a log or of its node), and a VRF proof and a signature that share a nonce give
/// the key away.
fn keys(genesis: &Genesis) -> Result<(), &'static str> {
    let (log, witness) = (log_key(genesis)?, witness_key(genesis)?);
    let is_node = |key: &[u8]| matches!(genesis.node_key, Jwk::Ed25519 { x } if x == key);
    if is_node(&log) {
        return Err("logKey and nodeKey are the same key; checkpoints and statements need one each");
    }
    if is_node(&witness) || witness == log {
        return Err("witnessKey is also logKey or nodeKey; checkpoints, statements and cosignatures need one each");
    }
    let Jwk::Ed25519 { x: map } = genesis.map_key else { return Err("mapKey must be a key of Ed25519") };
    let signs = genesis.operator.keys.contains(&genesis.map_key) || is_node(&map);
    if signs || log == map || witness == map {
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
    let party = Party {
        id: id.clone(),
        role,
        name: name.clone(),
        country: genesis.country.clone(),
        identifiers: Vec::new(),
        sectors: Vec::new(),
        declares: false,
        person: false,
    };
    let keys = party::first_keys(id, keys, place.moment())?;
    Ok(Record::Party(Arc::new(PartyRecord::new(party, keys, place.moment()))))
}
