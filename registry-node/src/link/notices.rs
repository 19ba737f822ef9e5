//! Notices: telling parties of an arrangement what we did, and taking note of what they did.
//!
//! A notice is the actor's own statement with the proof that it stands in the actor's log. It binds from there; our log
//! records it when it arrives. A notice that arrives twice is recorded once.

use std::sync::Arc;

use conformity::arrangement::{Act, ArrangementRecord};
use conformity::basis::of_log_keys;
use conformity::digest::Digest;
use conformity::genesis::PeerRecord;
use conformity::ids::{ArrangementId, RegistryId, StatementId};
use conformity::key::{Jwk, KeyId};
use conformity::party::Role;
use conformity::proposals::{proposals, signed_alone};
use conformity::records::Facts;
use conformity::refusal::Refusal;
use conformity::statement::{Claim, Statement};
use credential::statement::admit;
use federation::evidence::prove;
use federation::hush::Hush;
use federation::messages::{Evidence, Notice, Refused};
use federation::serve;
use jiff::SignedDuration;
use ledger::checkpoint::CheckpointError;
use ledger::entry::{Entry, Kind};
use ledger::journal::Stored;
use ledger::jws::Unverified;
use ledger::note::NoteError;
use ledger::proof::{TlogProof, TlogProofError};

use super::peers::Peers;
use super::pursuit::{TOO_MANY_PROPOSALS, UNKNOWN_LOG_KEY, UNKNOWN_SIGNER};
use crate::core::derive::DeriveError;
use crate::core::feed::parse_committed;

use crate::core::registry::Registry;
use crate::core::sequencer::SequenceError;

use crate::witness::evidence::Accused;

/// Proposals of one peer that may wait for us, over all arrangements and their versions. Each costs an entry in our log; to sign
/// a newer version frees the room of older ones, and so does a peer that ends what it proposed.
const MAX_PROPOSALS: usize = 64;
/// Terms that a peer may sign in 30 days without us, those that bind it alone or that it ended included: our log keeps each for ever.
const MAX_ALONE: usize = 128;
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Checks a notice from `peer` and records it in our log.
///
/// # Errors
/// [`Refused`] with a stable code; nothing was recorded then.
pub(super) async fn receive(
    registry: &Registry,
    peers: &Peers,
    peer: &RegistryId,
    notice: &Notice,
) -> Result<(), Refused> {
    let record = known(registry, peer)?;
    let statement = signed(peers, &record, notice)?;
    in_its_log(registry, &record, notice)?;
    room_for(registry, peer, &statement)?;
    let claim = Claim::ArrangementCountersigned(conformity::arrangement::Countersigned {
        registry: peer.clone(),
        statement: notice.statement.clone(),
        proof: notice.proof.clone(),
    });
    let id =
        countersigned_id(&statement, notice).ok_or_else(|| Refused::new("malformed", "the statement makes no id"))?;
    match registry.deriver.state(id, claim, Vec::new()).await {
        Ok(_) => Ok(()),
        // Recorded before.
        Err(DeriveError::Sequence(SequenceError::Refused(
            Refusal::Duplicate { .. } | Refusal::StatementIdTaken { .. },
        ))) => Ok(()),
        Err(DeriveError::Sequence(SequenceError::Refused(refusal))) => {
            Err(Refused::new(refusal.code(), refusal.to_string()))
        }
        Err(error) => Err(Refused::new("not-stored", error.to_string())),
    }
}

/// Refuses a new proposal while many of the same peer wait for us.
fn room_for(registry: &Registry, peer: &RegistryId, statement: &Statement) -> Result<(), Refused> {
    let Claim::ArrangementSigned(signed) = &statement.claim else { return Ok(()) };
    let register = registry.read_model.register();
    let own = &registry.config.registry.id;
    let ours = |record: &Arc<ArrangementRecord>| {
        let waiting = proposals(record, own).into_iter();
        waiting
            .filter(|one| one.signed.contains(peer) && one.digest != signed.digest && one.missing.contains(own))
            .count()
    };
    let arrangements = register.arrangements();
    if arrangements.iter().map(ours).sum::<usize>() >= MAX_PROPOSALS {
        let text = format!("{MAX_PROPOSALS} of your proposals wait for an answer here");
        return Err(Refused::new(TOO_MANY_PROPOSALS, text));
    }
    let since = registry.now() - MONTH;
    if arrangements.iter().map(|record| signed_alone(record, peer, own, since)).sum::<usize>() >= MAX_ALONE {
        let text = format!("you signed {MAX_ALONE} terms in 30 days that nobody here signs");
        return Err(Refused::new(TOO_MANY_PROPOSALS, text));
    }
    Ok(())
}

/// Keeps two contradicting checkpoints of a log that we know, whoever sends them; following that log stops.
///
/// # Errors
/// [`Refused`] when they are not what they are said to be.
pub(super) fn receive_evidence(registry: &Registry, peer: &RegistryId, evidence: &Evidence) -> Result<(), Refused> {
    let mut accusable = accusable(registry);
    by_later_keys(registry, evidence, &mut accusable)?;
    let accused = accusable.into_iter().find(|accused| prove(evidence, &accused.keys).is_ok());
    let accused = accused.ok_or_else(|| {
        Refused::new("no-contradiction", "these are not two checkpoints of a log that we know, or they prove no fork")
    })?;
    match registry.witness.evidence.file(&accused, evidence, Some(peer), registry.now()) {
        Ok(true) => {
            tracing::error!(%peer, accused = %accused.registry, "a peer sent evidence of a forked log");
            Ok(())
        }
        Ok(false) => Ok(()),
        Err(error) => {
            static UNWRITTEN: Hush = Hush::new();
            if let Some(times) = UNWRITTEN.heard() {
                tracing::error!(%error, times, %peer, accused = %accused.registry, "evidence of a fork cannot be written");
            }
            Err(Refused::new("not-stored", "the evidence could not be kept; send it again later"))
        }
    }
}

/// Evidence may be signed with keys of a log that we have not come to yet; it brings what proves them. It is judged by these, but
/// only the log itself teaches us its keys.
fn by_later_keys(registry: &Registry, evidence: &Evidence, accusable: &mut [Accused]) -> Result<(), Refused> {
    let Some(history) = &evidence.keys else { return Ok(()) };
    let genesis = history.statements.first().map(|first| Digest::of(first.statement.as_bytes()));
    let peers = registry.read_model.register().peers();
    let Some(peer) = peers.iter().find(|peer| Some(peer.genesis_digest) == genesis) else { return Ok(()) };
    let judged = registry.witness.keys.judged_by(peer, history);
    let Some(keys) = judged.map_err(|fault| Refused::new(fault.code(), fault.to_string()))? else { return Ok(()) };
    if let Some(accused) = accusable.iter_mut().find(|accused| Some(accused.genesis_digest) == genesis) {
        accused.keys = keys;
        accused.history = Some(history.clone());
    }
    Ok(())
}

/// The logs that we can judge: those of all peers, and our own, whose key may be in other hands.
fn accusable(registry: &Registry) -> Vec<Accused> {
    let (own, places, peers) = {
        let register = registry.read_model.register();
        (register.genesis(), of_log_keys(&*register), register.peers())
    };
    let own = own.map(|own| Accused {
        registry: own.genesis.registry.clone(),
        origin: own.genesis.origin.clone(),
        keys: registry.log.keys(),
        history: (!own.log_keys.is_empty()).then(|| serve::key_history(&registry.log, &places).ok()).flatten(),
        genesis_digest: own.digest,
        added: 0,
    });
    peers.iter().filter_map(|peer| registry.witness.accusable(peer)).chain(own).collect()
}

/// One of our own acts in an arrangement that a peer is a party to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnAct {
    /// Its place in our log.
    pub(super) index: u64,
    /// Which arrangement.
    pub(super) arrangement: ArrangementId,
    /// What we did.
    pub(super) step: Step,
}

/// What an act is to whoever is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// We signed terms: what we signed before them asks for nothing any more.
    Signs,
    /// We ended it, with what we signed before.
    Ends,
    /// We suspended or restored it.
    Other,
}

/// Our own acts that `peer` is a party to, in the order of our log.
pub(super) fn own_acts(registry: &Registry, peer: &RegistryId) -> Vec<OwnAct> {
    let arrangements = registry.read_model.register().arrangements();
    let named =
        arrangements.iter().filter(|record| record.terms.iter().any(|signed| signed.terms.party(peer).is_some()));
    let own = &registry.config.registry.id;
    let acts = named.flat_map(|record| record.acts_of(own).map(|act| (record.id.clone(), act)));
    let mut acts: Vec<OwnAct> = acts
        .map(|(arrangement, act)| {
            let step = match act.act {
                Act::Signed { .. } => Step::Signs,
                Act::Ended { .. } => Step::Ends,
                Act::Suspended { .. } | Act::Restored { .. } => Step::Other,
            };
            OwnAct { index: act.moment.index, arrangement, step }
        })
        .collect();
    acts.sort_unstable_by_key(|act| act.index);
    acts
}

/// Our act at an index as a notice; nothing once it was erased.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn notice(registry: &Registry, index: u64) -> anyhow::Result<Option<Notice>> {
    let Stored::Bytes(compact) = registry.log.statement(index)? else { return Ok(None) };
    // The reader of a notice has no entry to look at: the proof carries its time.
    let extra = Some(registry.log.time_of(index)?.to_be_bytes().to_vec());
    let proof = TlogProof { extra, ..registry.log.proof(index)? }.to_string();
    Ok(Some(Notice { statement: String::from_utf8(compact.to_vec())?, proof }))
}

/// A peer that is not expelled.
///
/// # Errors
/// [`Refused`] for anyone else.
pub(super) fn known(registry: &Registry, peer: &RegistryId) -> Result<Arc<PeerRecord>, Refused> {
    let record = registry.read_model.register().peer(peer).filter(|record| record.expelled.is_none());
    record.ok_or_else(|| Refused::new("unknown-peer", "this registry is not peered with you"))
}

/// The statement, if one who may act for the peer signed it.
fn signed(peers: &Peers, peer: &PeerRecord, notice: &Notice) -> Result<Statement, Refused> {
    let compact = bytes::Bytes::copy_from_slice(notice.statement.as_bytes());
    let statement = parse_committed(&compact).map_err(|problem| Refused::new("malformed", problem))?;
    let unverified = Unverified::parse(compact).map_err(|error| Refused::new("malformed", error.to_string()))?;
    let kid = KeyId::from_bytes(*unverified.kid().as_bytes());
    let unknown = || {
        let text =
            format!("{} is not known here with that key; let the operator named in your genesis sign", statement.iss);
        Refused::new(UNKNOWN_SIGNER, text)
    };
    let jwk = key(peers, peer, &statement, &kid).ok_or_else(unknown)?;
    let key = admit(&jwk).map_err(|error| Refused::new("bad-key", error.to_string()))?;
    unverified.verify(&key).map_err(|error| Refused::new("bad-signature", error.to_string()))?;
    Ok(statement)
}

/// The key of an operator or authority of the peer: from its log as far as we follow it, else from its genesis.
fn key(peers: &Peers, peer: &PeerRecord, statement: &Statement, kid: &KeyId) -> Option<Jwk> {
    let mirrored = peers.party(&peer.registry, &statement.iss);
    if let Some(party) = mirrored {
        let acts = matches!(party.party.role, Role::Operator | Role::Authority);
        return party.key(kid).filter(|key| acts && key.revoked.is_none()).map(|key| key.jwk);
    }
    let operator = &peer.genesis.operator;
    let named = operator.id == statement.iss;
    operator.keys.iter().find(|key| named && key.thumbprint() == *kid).copied()
}

fn in_its_log(registry: &Registry, peer: &PeerRecord, notice: &Notice) -> Result<(), Refused> {
    let bad = |text: String| Refused::new("bad-proof", text);
    let log = registry.witness.keys.of(peer).ok_or_else(|| bad("your genesis names no log key".to_owned()))?;
    let proof: TlogProof =
        notice.proof.parse().map_err(|error: ledger::proof::TlogProofError| bad(error.to_string()))?;
    let time = proof.extra.as_deref().and_then(|extra| <[u8; 8]>::try_from(extra).ok()).map(u64::from_be_bytes);
    let entry = Entry {
        kind: Kind::Statement,
        time_ms: time.ok_or_else(|| bad("the proof carries no entry time".to_owned()))?,
        digest: ledger::digest::Digest::of(notice.statement.as_bytes()),
    };
    match proof.verify(&entry.leaf_hash(), &log) {
        Ok(_) => Ok(()),
        Err(error @ TlogProofError::Checkpoint(CheckpointError::Note(NoteError::NotSigned))) => {
            Err(Refused::new(UNKNOWN_LOG_KEY, error.to_string()))
        }
        Err(error) => Err(bad(error.to_string())),
    }
}

/// One id for one foreign statement.
fn countersigned_id(statement: &Statement, notice: &Notice) -> Option<StatementId> {
    let digest = Digest::of(notice.statement.as_bytes()).to_string();
    format!("{}-{}", statement.kind(), digest.get(..32)?).parse().ok()
}
