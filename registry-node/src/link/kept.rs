//! The mirror that we keep of a peer's log: which file, and what it was made for.
//!
//! It is made for every scheme that we ever agreed on with the peer, also where the arrangement rests at present: what was
//! recognised under it must be assessed again when it lapses, when its window closes, and after a restart. While an
//! arrangement rests the peer withholds its statements, though the log may be followed on for the sake of another. So
//! whenever an arrangement begins or is restored, the log is pulled again from its start: nothing that was withheld stays
//! unknown. That is rare, and a mirror is a copy.
//! Out of scope: when to pull, and what the mirror means.

use std::io;
use std::path::Path;
use std::sync::{Arc, RwLock};

use anyhow::Context;
use conformity::arrangement::{Act, ArrangementRecord};
use conformity::digest::Digest;
use conformity::genesis::PeerRecord;
use conformity::ids::ArrangementId;
use conformity::in_force::{Force, Pair, footing};
use federation::follow::{PeerFault, Scope};
use federation::mirror::Mirror;
use jiff::Timestamp;
use ledger::log_keys::LogKeys;

/// What a mirror is made for. Another one needs another mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Basis {
    /// Where our log added the peer: one that is added again is followed afresh, whatever it showed before.
    added: u64,
    scope: Scope,
    /// The bytes that restricted verdicts may take, where any are included: with more, what found no room is shown again.
    room: Option<u64>,
    /// Each arrangement that ever held, with the version that governs and the place in our log of the newest act of
    /// either side by which it holds.
    arrangements: Vec<(ArrangementId, u32, u64)>,
}

impl Basis {
    /// What follows for a peer from the arrangements between the registries of `pair`.
    pub(super) fn of(
        peer: &PeerRecord,
        arrangements: &[Arc<ArrangementRecord>],
        pair: Pair<'_>,
        now: Timestamp,
        restricted_bytes: u64,
    ) -> Basis {
        let agreed = arrangements.iter().flat_map(|record| {
            let signed = record.acts_of(pair.to).filter_map(|act| match &act.act {
                Act::Signed { digest } => record.terms_of(digest),
                _ => None,
            });
            signed.flat_map(|terms| &terms.rules).collect::<Vec<_>>()
        });
        let scope = Scope::of_rules(agreed.filter(|rule| rule.goes(pair.from, pair.to)));
        let held = arrangements.iter().filter_map(|record| held(record, pair, now)).collect();
        let room = scope.includes_restricted().then_some(restricted_bytes);
        Basis { added: peer.added.index, scope, room, arrangements: held }
    }

    /// Whether nothing was ever agreed on.
    pub(super) fn is_empty(&self) -> bool {
        self.scope.is_empty()
    }

    fn file_name(&self) -> String {
        let schemes = self.scope.iter().map(|scheme| format!("{scheme}\n"));
        let held = self.arrangements.iter().map(|(id, version, act)| format!("{id} {version} {act}\n"));
        let added = std::iter::once(format!("{}\n", self.added));
        let room = self.room.map(|bytes| format!("room {bytes}\n"));
        let digest =
            Digest::of(added.chain(schemes).chain(room).chain(held).collect::<String>().as_bytes()).to_string();
        format!("mirror-{}.ranges", digest.get(..16).unwrap_or(&digest))
    }
}

fn held(record: &ArrangementRecord, pair: Pair<'_>, now: Timestamp) -> Option<(ArrangementId, u32, u64)> {
    let footing = footing(record, pair, now)?;
    if matches!(footing.force, Force::NotYet { .. } | Force::Unsigned { .. }) {
        return None;
    }
    let of_pair = record.acts.iter().filter(|act| pair.both().any(|registry| act.registry == *registry));
    let binding = of_pair.filter(|act| matches!(act.act, Act::Signed { .. } | Act::Restored { .. }));
    Some((record.id.clone(), footing.terms.terms.version, binding.map(|act| act.moment.index).max()?))
}

/// A mirror in its file.
pub(super) struct Kept {
    mirror: Arc<RwLock<Mirror>>,
    basis: Basis,
}

impl Kept {
    /// Opens the mirror for `basis` in the peer's folder, or begins one; others are removed. `log` are the peer's log keys, `known` is the
    /// newest checkpoint of the peer that was ever verified, `resting` gives what rests here of restricted verdicts by its place,
    /// `quota` is the bytes to which the mirror may grow.
    ///
    /// # Errors
    /// The file; or, inside, what is mirrored contradicts `known`.
    pub(super) fn open(
        folder: &Path,
        peer: &PeerRecord,
        basis: Basis,
        log: LogKeys,
        (known, resting): (Option<&str>, impl Fn(u64) -> io::Result<Option<String>>),
        quota: u64,
    ) -> anyhow::Result<Result<Kept, PeerFault>> {
        let path = folder.join(basis.file_name());
        std::fs::create_dir_all(folder).context("the peer's folder")?;
        let mut mirror = Mirror::open_with(resting, &path, log, &peer.genesis_digest, basis.scope.clone(), quota)?;
        remove_others(folder, &path);
        Ok(known
            .map_or(Ok(()), |note| mirror.remember(note))
            .map(|()| Kept { mirror: Arc::new(RwLock::new(mirror)), basis }))
    }

    /// The mirror.
    pub(super) fn mirror(&self) -> Arc<RwLock<Mirror>> {
        Arc::clone(&self.mirror)
    }

    /// What it was made for.
    pub(super) fn basis(&self) -> &Basis {
        &self.basis
    }
}

/// Mirrors that were made for something else are copies that nobody needs; one that cannot be removed only takes room.
fn remove_others(folder: &Path, kept: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for file in files.flatten().map(|entry| entry.path()) {
        let is_mirror = file.extension().is_some_and(|extension| extension == "ranges");
        if is_mirror && file != kept {
            let _ = std::fs::remove_file(file);
        }
    }
}
