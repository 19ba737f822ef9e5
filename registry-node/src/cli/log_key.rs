//! `log rotate-key`, `log keys`: another key for the checkpoints of a log, and what proves which key signed when.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use conformity::genesis::{HandoverSignatures, LogKeyChanged};
use conformity::statement::Claim;
use credential::bundle::KeyHistory;
use jiff::{SignedDuration, Timestamp};
use ledger::checkpoint::Checkpoint;
use ledger::key::Algorithm;
use ledger::log_keys::{Handover, LogKeys};
use ledger::note::{NoteSigner, SignedNote};
use serde::Serialize;
use serde_json::json;

use super::context::{Context, wait};
use super::pinned::Pinned;
use super::submission::{Receipt, Speaker, prepare};
use crate::clock::{Clock, SystemClock};
use crate::core::log_keys;
use crate::folder::Folder;
use crate::keys::Keys as KeyPlace;

/// Let a new key sign the log's checkpoints
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp log rotate-key
  registry-node --registry jp log rotate-key --at-once

Runs in the folder of a registry that is being served: the old key, which rests there, endorses the new one, and the operator signs
the change. It binds from the next entry on. Peers, witnesses and bundles follow by themselves; old proofs hold for ever. For those
who pinned the old key elsewhere, it signs besides for 30 days, or as long as --overlap-days says. If it was stolen, use --at-once.
Sent again after a broken connection, the command finds what was done.")]
pub(super) struct RotateKey {
    /// How many days the old key signs besides, at most 400
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=400))]
    overlap_days: u16,
    /// The old key signs nothing more
    #[arg(long, conflicts_with = "overlap_days")]
    at_once: bool,
    /// Write the signed change to a file instead of sending it, for another person to approve; `submit` sends it
    #[arg(long, value_name = "FILE")]
    prepare: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rotated {
    log_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// Absent where it had been done before.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

impl RotateKey {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let (speaker, folder) = (Speaker::open(context)?, context.folder());
        wait(async {
            let mut connection = speaker.connect().await?;
            let (keys, history) = speaker.pinned().key_history(&mut connection).await?;
            let next = next_key(&folder, &speaker)?;
            let log_key = next.verifier().to_string();
            if next.verifier() == keys.newest() {
                return context.answer(&Rotated { log_key, until: None, receipt: None }, render);
            }
            ensure!(!keys.contains(next.verifier()), "keys/log-next.pem holds a key that signed before; move it away");
            let change = self.change(&folder, &speaker, &keys, &next, &history)?;
            let until = change.until;
            let signed = speaker.sign(None, Claim::LogKeyChanged(change))?;
            if let Some(file) = &self.prepare {
                return prepare(context, &signed, file);
            }
            let receipt = Some(speaker.submit(&signed, &[]).await?);
            context.answer(&Rotated { log_key, until, receipt }, render)
        })
    }

    fn change(
        &self,
        folder: &Folder,
        speaker: &Speaker,
        keys: &LogKeys,
        next: &NoteSigner,
        history: &KeyHistory,
    ) -> anyhow::Result<LogKeyChanged> {
        let held = [folder.log_key(), folder.next_log_key(), folder.former_log_key()];
        let mut held = held.iter().filter_map(|file| log_keys::signer(file, &speaker.genesis().origin).ok());
        let old = held.find(|key| key.verifier() == keys.newest());
        let old =
            old.with_context(|| format!("{} signs this log, and rests in none of its key files", keys.newest()))?;
        let size = Checkpoint::parse(SignedNote::parse(&history.checkpoint)?.claimed_text())?.size;
        let handover = Handover { from: old.verifier(), to: next.verifier(), size };
        Ok(LogKeyChanged {
            from: handover.from.to_string().parse()?,
            to: handover.to.to_string().parse()?,
            size,
            until: self.until()?,
            signatures: HandoverSignatures { from: handover.sign(&old)?.parse()?, to: handover.sign(next)?.parse()? },
        })
    }

    fn until(&self) -> anyhow::Result<Option<Timestamp>> {
        if self.at_once {
            return Ok(None);
        }
        let overlap = SignedDuration::from_hours(24 * i64::from(self.overlap_days));
        // Whole seconds, as everywhere in statements.
        Ok(Some(Timestamp::from_second(SystemClock.now().checked_add(overlap)?.as_second())?))
    }
}

/// The key that is to take over: what a command before this one has made, or a new one. It is durable before anybody names it.
fn next_key(folder: &Folder, speaker: &Speaker) -> anyhow::Result<NoteSigner> {
    let file = folder.next_log_key();
    if !file.exists() {
        let genesis = speaker.genesis();
        let label = format!("{}-log-{}", genesis.registry, SystemClock.now().as_second());
        KeyPlace::like(&folder.log_key())?.make(&file, &label, Algorithm::Ed25519)?;
    }
    Ok(log_keys::signer(&file, &speaker.genesis().origin)?)
}

fn render(rotated: &Rotated) -> String {
    let Rotated { log_key, until, receipt } = rotated;
    let done = match receipt {
        Some(receipt) => format!("entry {} names {log_key} as the key of this log", receipt.index),
        None => format!("the log names {log_key} as its key already"),
    };
    let besides = match until {
        Some(until) => format!("the old key signs besides until {until}"),
        None => "the old key signs nothing more".to_owned(),
    };
    format!("{done}; {besides}\nthe files take their places with the next published checkpoint; back up keys/ then")
}

/// Show with which keys the log signed, proven
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 log keys
  registry-node --as buyer-1 log keys --out jp-keys.json

The file proves by itself, to whoever pinned the genesis, which key signed which sizes; `policy init --log-keys` reads it.")]
pub(super) struct Keys {
    /// Where to write what proves them
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    log_key: String,
    /// The smallest checkpoint that it signs.
    from: u64,
}

impl Keys {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let pinned = Pinned::of_credentials(&context.credentials_folder())?;
        let (keys, history) = wait(async {
            let mut connection = context.reader()?.connect().await?;
            pinned.key_history(&mut connection).await
        })?;
        if let Some(out) = &self.out {
            if out.exists() {
                bail!("{} exists already", out.display());
            }
            std::fs::write(out, serde_json::to_vec(&history)?)
                .with_context(|| format!("cannot write {}", out.display()))?;
        }
        let first = Key { log_key: keys.first().to_string(), from: 1 };
        let later = keys.changes().iter().map(|(index, key)| Key { log_key: key.to_string(), from: index + 2 });
        let keys: Vec<Key> = std::iter::once(first).chain(later).collect();
        context.answer(&json!({ "keys": keys }), |_| {
            let line = |key: &Key| format!("from size {}: {}", key.from, key.log_key);
            keys.iter().map(line).collect::<Vec<_>>().join("\n")
        })
    }
}
