//! The checkpoint: signed by a log that the policy trusts, with the key that it had at that size, cosigned by enough of its witnesses, no older than what was seen.

use conformity::words::Params;
use jiff::Timestamp;
use ledger::checkpoint::Checkpoint;
use ledger::log_keys::{CheckpointKeys, LogKeys};
use ledger::policy::{Unmet, Witness};

use super::ground::Extract;
use super::policy::{Policy, Seen, Trusted};
use super::step::{StepName, Steps};
use super::{Broken, Distrust, Fault, Question};

/// How far a registry's clock may be ahead of the reader's, in seconds.
const CLOCK_AHEAD: i64 = 300;

/// A checkpoint that the policy believes.
pub(super) struct Anchored<'a> {
    pub(super) trusted: &'a Trusted,
    /// The log's keys, as far as the bundle shows them.
    pub(super) keys: LogKeys,
    pub(super) checkpoint: Checkpoint,
    pub(super) witnesses: Vec<Witness>,
    /// Whether the policy wants no answer from a registry that has ended.
    pub(super) refuse_closed: bool,
}

/// `keys` are those that the bundle's statements name. Nothing about them is certain yet but that each endorsed the next; the
/// statements have to stand under the checkpoint, and the rules to allow them.
pub(super) fn anchor<'a>(
    extract: &Extract<'_>,
    policy: &'a Policy,
    keys: Option<LogKeys>,
    steps: &mut Steps,
) -> Result<Anchored<'a>, Fault> {
    let trusted = policy.registry(extract.origin.as_str());
    let trusted = trusted.ok_or_else(|| Distrust::UnknownLog(extract.origin.clone()))?;
    // Where no key of the bundle is the policy's, its genesis is another; that is told when its turn comes.
    let keys = keys.filter(|keys| trusted.knows(keys)).unwrap_or_else(|| trusted.log.clone().into());
    let checkpoint = Checkpoint::verify_published(extract.checkpoint, &keys).map_err(Broken::Checkpoint)?;
    let signed = Params::default().with("origin", extract.origin).with("size", checkpoint.size);
    let (code, signed) = signer(&keys, trusted, checkpoint.size, signed)?;
    steps.held(StepName::Checkpoint, code, signed);
    let witnesses = witnessed(extract, policy, steps)?;
    if let Some(seen) = trusted.seen {
        continues(seen, &checkpoint)?;
        steps.held(StepName::Memory, "no-older", Params::default().with("seen", seen.size));
    }
    Ok(Anchored { trusted, keys, checkpoint, witnesses, refuse_closed: policy.refuse_closed() })
}

/// How the key that signed stands to the one in the policy.
fn signer(keys: &LogKeys, trusted: &Trusted, size: u64, told: Params) -> Result<(&'static str, Params), Distrust> {
    let signed = keys.at(size);
    if *signed == trusted.log {
        return Ok(("signed-by-named-key", told));
    }
    if keys.contains(&trusted.log) {
        let by = keys.changes().iter().find(|(_, key)| key == signed).map_or(0, |(index, _)| *index);
        return Ok(("signed-by-later-key", told.with("key", signed).with("entry", by)));
    }
    match trusted.earlier.iter().find(|earlier| earlier.log == *signed) {
        Some(earlier) if size <= earlier.until => Ok(("signed-by-earlier-key", told.with("until", earlier.until))),
        _ => Err(Distrust::RetiredLogKey { key: signed.to_string(), size }),
    }
}

fn witnessed(extract: &Extract<'_>, policy: &Policy, steps: &mut Steps) -> Result<Vec<Witness>, Fault> {
    let quorum = policy.quorum();
    let witnesses = policy.witnessed(extract.checkpoint).map_err(|unmet| match unmet {
        Unmet::Quorum(found) => Fault::Trust(Distrust::Quorum { found: found.len(), quorum }),
        other => Fault::Bundle(Broken::Cosignature(other)),
    })?;
    let names: Vec<&str> = witnesses.iter().map(|witness| witness.name.as_str()).collect();
    match (quorum, names.as_slice()) {
        (0, []) => steps.held(StepName::Witnesses, "no-witness-asked", Params::default()),
        (_, names) => {
            let params = Params::default().with("witnesses", names.join(", ")).with("quorum", quorum);
            steps.held(StepName::Witnesses, "cosigned", params);
        }
    }
    Ok(witnesses)
}

fn continues(seen: Seen, checkpoint: &Checkpoint) -> Result<(), Distrust> {
    let size = checkpoint.size;
    if size < seen.size {
        return Err(Distrust::RolledBack { size, seen: seen.size });
    }
    match seen.root {
        Some(root) if size == seen.size && root != checkpoint.root => Err(Distrust::Forked { size }),
        _ => Ok(()),
    }
}

impl Anchored<'_> {
    /// The time that the answer is for, if the log is known up to it; the seal's where none was asked about, if that is not
    /// long ago.
    pub(super) fn covers(
        &self,
        sealed: Timestamp,
        policy: &Policy,
        question: Question,
        steps: &mut Steps,
    ) -> Result<Timestamp, Distrust> {
        let Some(at) = question.at else {
            fresh(sealed, policy, question.now)?;
            steps.held(StepName::Time, "known-up-to", Params::default().with("sealed", sealed));
            return Ok(sealed);
        };
        if at > sealed {
            return Err(Distrust::NotCovered { at, sealed });
        }
        steps.held(StepName::Time, "known-beyond", Params::default().with("sealed", sealed).with("at", at));
        Ok(at)
    }
}

/// Whether something that was sealed then tells how things stand now.
fn fresh(sealed: Timestamp, policy: &Policy, now: Timestamp) -> Result<(), Distrust> {
    let age = now.as_second().saturating_sub(sealed.as_second());
    if age < -CLOCK_AHEAD {
        return Err(Distrust::Ahead { sealed });
    }
    match policy.max_age_seconds() {
        Some(max_age_seconds) if age > i64::from(max_age_seconds) => Err(Distrust::Stale { sealed, max_age_seconds }),
        _ => Ok(()),
    }
}
