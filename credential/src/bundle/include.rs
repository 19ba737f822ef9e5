//! Statements become entries of the log: rebuilt from what the bundle says of them, and proven under the checkpoint together.

use bytes::Bytes;
use conformity::statement::{self, Statement};
use jiff::Timestamp;
use ledger::encoding::base64_decode;
use ledger::entry::{Entry, Kind};
use ledger::jws::Unverified;
use ledger::merkle::verify_multi_inclusion;

use super::anchor::Anchored;
use super::step::{StepName, Steps};
use super::{Broken, Bundle, Fault, Item, Misbehaved};
use crate::statement::read_unverified;

/// Statements that the log holds.
pub(super) struct Included {
    pub(super) statements: Vec<Entered>,
    /// When the checkpoint's last entry was sequenced.
    pub(super) sealed: Timestamp,
}

/// A statement at its place in the log. Nobody has looked at its signature.
pub(super) struct Entered {
    pub(super) index: u64,
    pub(super) at: Timestamp,
    pub(super) unverified: Unverified,
    pub(super) statement: Statement,
}

pub(super) fn include(bundle: &Bundle, anchored: &Anchored<'_>, steps: &mut Steps) -> Result<Included, Fault> {
    let (size, root) = (anchored.checkpoint.size, &anchored.checkpoint.root);
    let rises = bundle.statements.windows(2).all(|pair| pair[0].index < pair[1].index);
    if !rises || bundle.statements.first().is_none_or(|first| first.index != 0) {
        return Err(Broken::Order.into());
    }
    let mut leaves = Vec::with_capacity(bundle.statements.len() + 1);
    let mut read = Vec::with_capacity(bundle.statements.len());
    for item in &bundle.statements {
        let (entry, unverified, statement) = rebuilt(item)?;
        leaves.push((item.index, entry.leaf_hash()));
        read.push((item.index, item.time_ms, unverified, statement));
    }
    let last = seal(&bundle.last)?;
    leaves.push((size.saturating_sub(1), last.leaf_hash()));
    verify_multi_inclusion(&leaves, size, &bundle.proof, root).map_err(Broken::Proof)?;
    let included = in_time(read, &last, size)?;
    steps.held(StepName::Inclusion, format!("all {} statements stand in the log under it", included.statements.len()));
    Ok(included)
}

/// The entry that a statement makes.
fn rebuilt(item: &Item) -> Result<(Entry, Unverified, Statement), Broken> {
    let index = item.index;
    let compact = Bytes::copy_from_slice(item.statement.as_bytes());
    let unverified = Unverified::parse(compact).map_err(|error| Broken::Jws { index, error })?;
    let statement = read_unverified(&unverified).map_err(|error| Broken::Statement { index, error })?;
    let kind = match statement.kind() {
        statement::Kind::Genesis => Kind::Genesis,
        statement::Kind::RecognitionDerived => Kind::Recognition,
        _ => Kind::Statement,
    };
    Ok((Entry { kind, time_ms: item.time_ms, digest: unverified.digest() }, unverified, statement))
}

fn seal(last: &str) -> Result<Entry, Broken> {
    let bytes = base64_decode(last).ok_or_else(|| Broken::Last("it is not base64".to_owned()))?;
    let entry = Entry::decode(&bytes)?;
    if entry.kind == Kind::Seal { Ok(entry) } else { Err(Broken::Last("it is of another kind".to_owned())) }
}

/// What the log committed to, if its times can be and never go back.
fn in_time(read: Vec<(u64, u64, Unverified, Statement)>, last: &Entry, size: u64) -> Result<Included, Misbehaved> {
    let mut before = 0;
    let mut statements = Vec::with_capacity(read.len());
    for (index, time_ms, unverified, statement) in read {
        if time_ms < before {
            return Err(Misbehaved::TimeBackwards { index });
        }
        before = time_ms;
        statements.push(Entered { index, at: instant(index, time_ms)?, unverified, statement });
    }
    let index = size.saturating_sub(1);
    if last.time_ms < before {
        return Err(Misbehaved::TimeBackwards { index });
    }
    Ok(Included { statements, sealed: instant(index, last.time_ms)? })
}

fn instant(index: u64, time_ms: u64) -> Result<Timestamp, Misbehaved> {
    let instant = i64::try_from(time_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    instant.ok_or(Misbehaved::ImpossibleTime { index, time_ms })
}
