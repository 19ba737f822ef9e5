//! What is in the map: labels from records, the outputs of those that are blinded, and the trees over them.
//!
//! The contents are a function of the register: taking records commit by commit, many at once, or all of a register gives
//! the same root. Taking records again changes nothing, since each carries all of its entries.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::num::NonZero;
use std::sync::Arc;

use conformity::map_label::{Filed, MapLabel, Posted, Tree};
use conformity::records::Record;
use ledger::digest::Digest;
use ledger::log::LogReader;
use ledger::map::{Latest, Map, Slot, Trees};
use ledger::merkle::Hash;
use ledger::vrf::{VrfError, VrfKey, VrfOutput};

/// From so many new labels on, several threads evaluate them.
const PARALLEL_FROM: usize = 256;

/// The map and what it takes to change it.
pub(super) struct Contents {
    key: Arc<VrfKey>,
    log: LogReader,
    /// Of blinded labels, by the SHA-256 of the label, which needs less room than the label.
    outputs: HashMap<Digest, VrfOutput>,
    /// Under which suppliers each verdict in the map is filed, by the SHA-256 of its label.
    filed: HashMap<Digest, Digest>,
    trees: Trees,
}

/// Entries that are new, by label.
#[derive(Default)]
struct News(BTreeMap<MapLabel, BTreeSet<u64>>);

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
        Self { key, log, outputs: HashMap::new(), filed: HashMap::new(), trees: Trees::default() }
    }

    /// The map as it stands.
    pub(super) const fn trees(&self) -> &Trees {
        &self.trees
    }

    /// Outputs from an earlier start, which need not be evaluated again.
    pub(super) fn remember(&mut self, outputs: HashMap<Digest, VrfOutput>) {
        self.outputs.extend(outputs);
    }

    /// The outputs of all blinded labels in the map.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (Digest, VrfOutput)> {
        self.outputs.iter().map(|(label, output)| (*label, *output))
    }

    /// Begins again with the records of a whole register, and forgets the outputs of labels that are not among them.
    pub(super) fn begin(&mut self, records: &[Record]) -> Result<Change, MapError> {
        self.trees = Trees::default();
        self.filed.clear();
        let news = self.news(records, records.iter().filter_map(Filed::of).collect());
        let fresh = self.put(&news)?;
        let before = self.outputs.len();
        let named: HashSet<Digest> = news.blinded().map(name).collect();
        self.outputs.retain(|label, _| named.contains(label));
        Ok(Change { fresh, forgot: self.outputs.len() < before })
    }

    /// Takes the records of one or more commits.
    pub(super) fn take(&mut self, records: &[Record]) -> Result<Outcome, MapError> {
        let filed: Vec<Filed> = records.iter().filter_map(Filed::of).collect();
        if records.iter().any(|record| matches!(record, Record::Erasure(_))) || filed.iter().any(|one| self.moved(one))
        {
            return Ok(Outcome::BeginAnew);
        }
        let news = self.news(records, filed);
        Ok(Outcome::Taken(Change { fresh: self.put(&news)?, forgot: false }))
    }

    /// Whether a verdict is filed under other suppliers than before: then the entries before are under the wrong ones.
    fn moved(&self, one: &Filed) -> bool {
        self.filed.get(&name(&one.verdict)).is_some_and(|filed| *filed != fingerprint(one))
    }

    /// The entries that records bring, by all labels that they are about.
    fn news(&mut self, records: &[Record], filed: Vec<Filed>) -> News {
        let mut news = News::default();
        for one in filed {
            self.filed.insert(name(&one.verdict), fingerprint(&one));
            let last = self.latest(&one.verdict).map(|latest| latest.index);
            let new: Vec<u64> = one.entries.into_iter().filter(|index| Some(*index) > last).collect();
            for label in one.suppliers.into_iter().chain([one.verdict]) {
                news.add(label, &new);
            }
        }
        for Posted { labels, entries } in records.iter().filter_map(Posted::of) {
            for label in labels {
                news.add(label, &entries);
            }
        }
        news
    }

    /// Puts entries under their labels; gives the outputs that this took.
    fn put(&mut self, news: &News) -> Result<Vec<(Digest, VrfOutput)>, MapError> {
        let fresh = self.evaluate(news)?;
        let (mut blinded, mut verdicts, mut public) = (Vec::new(), Vec::new(), Vec::new());
        for (label, entries) in &news.0 {
            let Some(slot) = self.slot(label) else { continue };
            let latest = self.tree(label).get(slot.key()).copied();
            let changed = self.after(latest, entries)?.map(|latest| (slot, latest));
            match label.tree() {
                Tree::Blinded => blinded.extend(changed),
                Tree::Verdicts => verdicts.extend(changed),
                Tree::Public => public.extend(changed),
            }
        }
        let Trees { blinded: first, verdicts: second, public: third } = &self.trees;
        self.trees =
            Trees { blinded: first.with(blinded), verdicts: second.with(verdicts), public: third.with(public) };
        Ok(fresh)
    }

    fn latest(&self, label: &MapLabel) -> Option<Latest> {
        self.tree(label).get(self.slot(label)?.key()).copied()
    }

    const fn tree(&self, label: &MapLabel) -> &Map {
        match label.tree() {
            Tree::Blinded => &self.trees.blinded,
            Tree::Verdicts => &self.trees.verdicts,
            Tree::Public => &self.trees.public,
        }
    }

    /// Where a label stands; nothing for a blinded one that was not evaluated.
    fn slot(&self, label: &MapLabel) -> Option<Slot> {
        match label.tree() {
            Tree::Blinded => self.outputs.get(&name(label)).copied().map(Slot::from),
            Tree::Verdicts | Tree::Public => Some(Slot::plain(&label.to_string())),
        }
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

    fn evaluate(&mut self, news: &News) -> Result<Vec<(Digest, VrfOutput)>, MapError> {
        let unknown = news.blinded().map(|label| (name(label), label.to_string()));
        let unknown: Vec<(Digest, String)> = unknown.filter(|(name, _)| !self.outputs.contains_key(name)).collect();
        let fresh = evaluate_all(&self.key, &unknown)?;
        self.outputs.extend(fresh.iter().copied());
        Ok(fresh)
    }
}

impl News {
    fn add<'a>(&mut self, label: MapLabel, entries: impl IntoIterator<Item = &'a u64>) {
        self.0.entry(label).or_default().extend(entries);
    }

    fn blinded(&self) -> impl Iterator<Item = &MapLabel> {
        self.0.keys().filter(|label| label.tree() == Tree::Blinded)
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
