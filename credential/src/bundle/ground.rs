//! What bundles about verdicts and about suppliers stand on alike: statements of a log under a checkpoint that the policy believes,
//! read by the rules. What the two prove beyond that is their own.

use std::sync::Arc;

use conformity::ids::Origin;
use jiff::Timestamp;
use ledger::merkle::Hash;

use super::anchor::{Anchored, anchor};
use super::include::{self, Entries, Included};
use super::key_history::of_statements;
use super::policy::Policy;
use super::replay::{Replay, replay};
use super::step::Steps;
use super::{Fault, Item, Question};

/// A part of a log as a file shows it. Nobody has checked anything of it.
pub(super) struct Extract<'a> {
    pub(super) origin: &'a Origin,
    pub(super) checkpoint: &'a str,
    pub(super) last: &'a str,
    pub(super) statements: &'a [Arc<Item>],
    /// Index and base64 of entries that stand there without a statement that is replayed.
    pub(super) bare: Vec<(u64, &'a str)>,
    pub(super) proof: &'a [Hash],
}

/// The log, as far as the extract shows it.
pub(super) struct Ground<'a> {
    pub(super) anchored: Anchored<'a>,
    pub(super) entries: Entries,
    /// When the checkpoint's last entry was sequenced.
    pub(super) sealed: Timestamp,
    /// The time that the answer is for.
    pub(super) at: Timestamp,
    pub(super) replay: Replay,
}

pub(super) fn ground<'a>(
    extract: &Extract<'_>,
    policy: &'a Policy,
    question: Question,
    steps: &mut Steps,
) -> Result<Ground<'a>, Fault> {
    let read = include::read(extract.statements);
    let known = policy.registry(extract.origin.as_str()).map(|trusted| &trusted.log);
    let keys = read.as_deref().ok().and_then(|read| of_statements(read, known));
    let anchored = anchor(extract, policy, keys, steps)?;
    let Included { statements, entries, sealed } = include::include(extract, read, &anchored, steps)?;
    let at = anchored.covers(sealed, policy, question, steps)?;
    let replay = replay(extract, &anchored, statements, steps)?;
    Ok(Ground { anchored, entries, sealed, at, replay })
}
