//! What is in the map: labels from records, the outputs of those that are blinded, and the trees over them.
//!
//! The contents are a function of the register: taking records commit by commit, many at once, or all of a register gives
//! the same root. Taking records again changes nothing, since each carries all of its entries.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZero;
use std::sync::Arc;

use conformity::map_label::{Filed, MapLabel, Posted};
use conformity::records::Record;
use ledger::digest::Digest;
use ledger::log::LogReader;
use ledger::map::{Latest, MapKey, Slot, Trees};
use ledger::merkle::Hash;
use ledger::vrf::{VrfError, VrfKey, VrfOutput};

/// From so many new labels on, several threads evaluate them.
const PARALLEL_FROM: usize = 256;

/// The map and what it takes to change it.
pub(super) struct Contents {
    key: Arc<VrfKey>,
    log: LogReader,
    /// The blinded ones, by the SHA-256 of the label, which needs less room than the label.
    known: HashMap<Digest, Known>,
    trees: Trees,
}

struct Known {
    output: VrfOutput,
    /// Of a verdict in the map: under which suppliers it is filed.
    filed: Option<Digest>,
}

/// What taking records did beside changing the map.
pub(super) struct Change {
    /// Outputs that were not known before.
    pub(super) fresh: Vec<(Digest, VrfOutput)>,
    /// Whether outputs were forgotten, because nothing is filed under their labels any more.
    pub(super) forgot: bool,
}

/// What became of records.
pub(super) enum Outcome {
    /// They are in the map.
    Taken(Change),
    /// Something must go from the map, which only a new beginning from the whole register can do.
    BeginAnew,
}

/// Why the map cannot go on: a defect, or the log is shorter than its own records say.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// A label has no output.
    #[error(transparent)]
    Vrf(#[from] VrfError),
    /// A record names an entry that the log does not hold.
    #[error("entry {0} is named by a record, but is not in the log")]
    NoEntry(u64),
}

impl Contents {
    /// Nothing yet, to be blinded by `key`; the hashes of entries come from `log`.
    pub(super) fn new(key: Arc<VrfKey>, log: LogReader) -> Self {
        Self { key, log, known: HashMap::new(), trees: Trees::default() }
    }

    /// The map as it stands.
    pub(super) const fn trees(&self) -> &Trees {
        &self.trees
    }

    /// Outputs from an earlier start, which need not be evaluated again.
    pub(super) fn remember(&mut self, outputs: HashMap<Digest, VrfOutput>) {
        self.known.extend(outputs.into_iter().map(|(label, output)| (label, Known { output, filed: None })));
    }

    /// The outputs of all blinded labels in the map.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (Digest, VrfOutput)> {
        self.known.iter().map(|(label, known)| (*label, known.output))
    }

    /// Begins again with the records of a whole register, and forgets the outputs of labels that are not among them.
    pub(super) fn begin(&mut self, records: &[Record]) -> Result<Change, MapError> {
        self.trees = Trees::default();
        self.known.values_mut().for_each(|known| known.filed = None);
        let filed: Vec<Filed> = records.iter().filter_map(Filed::of).collect();
        let (fresh, labels) = self.file(filed)?;
        self.post(records)?;
        let before = self.known.len();
        self.known.retain(|label, _| labels.contains(label));
        Ok(Change { fresh, forgot: self.known.len() < before })
    }

    /// Takes the records of one or more commits.
    pub(super) fn take(&mut self, records: &[Record]) -> Result<Outcome, MapError> {
        let filed: Vec<Filed> = records.iter().filter_map(Filed::of).collect();
        if records.iter().any(|record| matches!(record, Record::Erasure(_))) || filed.iter().any(|one| self.moved(one))
        {
            return Ok(Outcome::BeginAnew);
        }
        let (fresh, _) = self.file(filed)?;
        self.post(records)?;
        Ok(Outcome::Taken(Change { fresh, forgot: false }))
    }

    /// Whether a verdict is filed under other suppliers than before: then the entries before are under the wrong ones.
    fn moved(&self, one: &Filed) -> bool {
        let known = self.known.get(&name(&one.verdict)).and_then(|known| known.filed);
        known.is_some_and(|filed| filed != fingerprint(one))
    }

    /// Puts entries that are new under their labels; gives fresh outputs, and which labels were named.
    fn file(&mut self, filed: Vec<Filed>) -> Result<(Vec<(Digest, VrfOutput)>, BTreeSet<Digest>), MapError> {
        let mut news: BTreeMap<MapLabel, BTreeSet<u64>> = BTreeMap::new();
        let mut suppliers = Vec::with_capacity(filed.len());
        for one in filed {
            suppliers.push((name(&one.verdict), fingerprint(&one)));
            let last = self.latest(&name(&one.verdict)).map(|latest| latest.index);
            let new: Vec<u64> = one.entries.into_iter().filter(|index| Some(*index) > last).collect();
            for label in one.suppliers.into_iter().chain([one.verdict]) {
                news.entry(label).or_default().extend(&new);
            }
        }
        let news: Vec<(Digest, MapLabel, BTreeSet<u64>)> =
            news.into_iter().map(|(label, new)| (name(&label), label, new)).collect();
        let fresh = self.evaluate(&news)?;
        for (verdict, filed) in suppliers {
            self.known.entry(verdict).and_modify(|known| known.filed = Some(filed));
        }
        let changes = news.iter().filter_map(|(name, _, new)| self.change(name, new).transpose());
        self.trees.blinded = self.trees.blinded.with(changes.collect::<Result<Vec<_>, _>>()?);
        Ok((fresh, news.into_iter().map(|(name, _, _)| name).collect()))
    }

    /// Puts entries that are new under their public labels, which need no output.
    fn post(&mut self, records: &[Record]) -> Result<(), MapError> {
        let mut news: BTreeMap<MapLabel, BTreeSet<u64>> = BTreeMap::new();
        for Posted { labels, entries } in records.iter().filter_map(Posted::of) {
            for label in labels {
                news.entry(label).or_default().extend(&entries);
            }
        }
        let mut changes = Vec::with_capacity(news.len());
        for (label, entries) in news {
            let label = label.to_string();
            let latest = self.trees.public.get(&MapKey::public(&label)).copied();
            changes.extend(self.after(latest, &entries)?.map(|latest| (Slot::public(&label), latest)));
        }
        self.trees.public = self.trees.public.with(changes);
        Ok(())
    }

    fn latest(&self, label: &Digest) -> Option<Latest> {
        self.trees.blinded.get(&MapKey::of(&self.known.get(label)?.output)).copied()
    }

    /// What a blinded label says after these entries; nothing if there are none.
    fn change(&self, label: &Digest, new: &BTreeSet<u64>) -> Result<Option<(VrfOutput, Latest)>, MapError> {
        let Some(known) = self.known.get(label) else { return Ok(None) };
        Ok(self.after(self.latest(label), new)?.map(|latest| (known.output, latest)))
    }

    /// What is said after these entries, of which those up to the latest were counted before.
    fn after(&self, mut latest: Option<Latest>, new: &BTreeSet<u64>) -> Result<Option<Latest>, MapError> {
        let last = latest.map(|latest| latest.index);
        for index in new.iter().copied().filter(|index| Some(*index) > last) {
            let leaf = self.leaf(index)?;
            latest = Some(latest.map_or_else(|| Latest::first(index, &leaf), |latest| latest.then(index, &leaf)));
        }
        Ok(latest)
    }

    fn leaf(&self, index: u64) -> Result<Hash, MapError> {
        let end = index.checked_add(1).ok_or(MapError::NoEntry(index))?;
        self.log.nodes(0, index..end).and_then(|mut leaves| leaves.pop()).ok_or(MapError::NoEntry(index))
    }

    fn evaluate(&mut self, news: &[(Digest, MapLabel, BTreeSet<u64>)]) -> Result<Vec<(Digest, VrfOutput)>, MapError> {
        let unknown: Vec<(Digest, String)> = news
            .iter()
            .filter(|(name, _, _)| !self.known.contains_key(name))
            .map(|(name, label, _)| (*name, label.to_string()))
            .collect();
        let fresh = evaluate_all(&self.key, &unknown)?;
        self.known.extend(fresh.iter().map(|(label, output)| (*label, Known { output: *output, filed: None })));
        Ok(fresh)
    }
}

/// Evaluates labels, many of them on all processors: the thread that asks lets others go first, and so do its own.
fn evaluate_all(key: &VrfKey, labels: &[(Digest, String)]) -> Result<Vec<(Digest, VrfOutput)>, VrfError> {
    let evaluate = |labels: &[(Digest, String)]| -> Result<Vec<_>, VrfError> {
        let texts: Vec<&str> = labels.iter().map(|(_, label)| label.as_str()).collect();
        let outputs = key.evaluate_all(&texts)?;
        Ok(labels.iter().zip(outputs).map(|((name, _), output)| (*name, output)).collect())
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    if labels.len() < PARALLEL_FROM || threads == 1 {
        return evaluate(labels);
    }
    std::thread::scope(|scope| {
        let parts = labels.chunks(labels.len().div_ceil(threads));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || evaluate(part))).collect();
        let done = parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Ok(done.collect::<Result<Vec<_>, _>>()?.concat())
    })
}

fn name(label: &MapLabel) -> Digest {
    Digest::of(label.to_string().as_bytes())
}

fn fingerprint(filed: &Filed) -> Digest {
    let labels: Vec<String> = filed.suppliers.iter().map(MapLabel::to_string).collect();
    Digest::of(labels.join("\n").as_bytes())
}
