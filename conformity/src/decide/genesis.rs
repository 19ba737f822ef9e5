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
    log_key(genesis).and_then(|()| witness_key(genesis)).map_err(|because| Refusal::UnsoundGenesis { because })
}

/// The key of the checkpoints must bear the log's name, and must not sign statements as well: a signature made for one
/// use could otherwise be offered for the other.
fn log_key(genesis: &Genesis) -> Result<(), &'static str> {
    let mut parts = genesis.log_key.as_str().splitn(3, '+');
    if parts.next() != Some(genesis.origin.as_str()) {
        return Err("logKey must be a verifier key named like the origin: <origin>+<hash>+<key>");
    }
    let key = parts.nth(1).and_then(|text| STANDARD.decode(text).ok());
    let Some([_algorithm, key @ ..]) = key.as_deref() else {
        return Err("logKey must be a verifier key: <origin>+<hash>+<key in base64>");
    };
    match genesis.node_key {
        Jwk::Ed25519 { x } if x == key => {
            Err("logKey and nodeKey are the same key; checkpoints and statements need one each")
        }
        _ => Ok(()),
    }
}

/// The key of the cosignatures is a third one: what it signs says "I saw this log so", and must never pass for the word of a
/// log or of its node.
fn witness_key(genesis: &Genesis) -> Result<(), &'static str> {
    let key = |text: &str| text.splitn(3, '+').nth(2).and_then(|key| STANDARD.decode(key).ok());
    let (log, witness) = (key(genesis.log_key.as_str()), key(genesis.witness_key.as_str()));
    let named = genesis.witness_key.as_str().split('+').next() == Some(genesis.origin.as_str());
    let Some([4, witness @ ..]) = witness.as_deref().filter(|key| named && key.len() == 33) else {
        return Err(
            "witnessKey must be a verifier key of type 0x04 named like the origin: <origin>+<hash>+<key in base64>",
        );
    };
    let of_node = matches!(genesis.node_key, Jwk::Ed25519 { x } if x == witness);
    if of_node || log.as_deref().and_then(|log| log.get(1..)) == Some(witness) {
        return Err("witnessKey is also logKey or nodeKey; checkpoints, statements and cosignatures need one each");
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
