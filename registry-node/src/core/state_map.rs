//! The state map of a running registry: kept in memory beside the read model, sealed with each published checkpoint.
//!
//! A copy: derived from the register at a start and from each commit's records afterwards, on a thread of its own that lets
//! others go first, since the output of a new blinded label costs about two checks of a signature. The sequencer hands records over
//! and waits only when it appends a seal; nobody asks it to before the map has nearly caught up, unless that takes very long.
//! Out of scope: who may see a proof, see SECURITY.md and whoever serves it.

mod audit;
mod contents;
mod outputs;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use conformity::map_label::{MapLabel, Tree};
use conformity::records::{Facts, Record, Register};
use ledger::digest::Digest;
use ledger::entry::Kind;
use ledger::log::LogReader;
use ledger::map::{Beside, MapKey, MapProof, PublicProof, Trees};
use ledger::merkle::Hash;
use ledger::vrf::{VrfError, VrfKey};
use tokio::sync::oneshot;

pub use audit::{AuditError, Seals, audit, check_seals};
use contents::{Contents, MapError, Outcome};
use outputs::Outputs;

use super::read_model::ReadModel;
use crate::index::let_others_go_first;
use crate::spans::in_current_span;

/// Sealed versions that proofs are made of. Somebody may hold a checkpoint for some seconds before asking.
const KEPT: usize = 8;
/// Records that are taken in at once.
const MAX_RECORDS: usize = 16_384;
/// So few records may wait when a seal is asked for: about a tenth of a second, for which statements wait, too.
const FEW: usize = 512;
/// So long a seal is put off while statements come in faster than the map can follow.
const PATIENCE: Duration = Duration::from_secs(60);

/// The map, and what is needed to prove something of it. Clones share it.
#[derive(Clone)]
pub struct StateMap {
    key: Arc<VrfKey>,
    orders: mpsc::Sender<Order>,
    /// Records that wait to be taken in.
    waiting: Arc<AtomicUsize>,
    sealed: Arc<Sealed>,
}

/// The newest sealed versions, oldest first.
#[derive(Default)]
struct Sealed(Mutex<VecDeque<(u64, Trees)>>);

enum Order {
    Take(Vec<Record>),
    CaughtUp(oneshot::Sender<()>),
    Show(mpsc::SyncSender<Trees>),
}

/// What the map says of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The proof, which leads to the root in the seal entry that it names.
    pub proof: MapProof,
    /// Indexes of all entries about the label up to that seal, rising: those that the proof counts.
    pub entries: Vec<u64>,
}

/// Why nothing is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// No version of the map was kept for that checkpoint, or an erasure removed it.
    #[error("the state map of size {size} is not at hand; ask with the newest published checkpoint")]
    NotAtHand {
        /// The size asked for.
        size: u64,
    },
    /// The label has no output.
    #[error(transparent)]
    Vrf(#[from] VrfError),
    /// A public label, of which no single proof is made.
    #[error("public labels are proven together")]
    Public,
}

/// The thread of the map ended: what it met is in the operator's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the state map failed, so that nothing can be sealed; restart the registry")]
pub struct MapFailed;

/// What the map is made of.
pub struct Origins {
    /// Blinds its labels.
    pub key: VrfKey,
    /// The entries that it is about.
    pub log: LogReader,
    /// What it holds, as of the log's end. Nobody may append before the map is started.
    pub read_model: Arc<ReadModel>,
    /// Where outputs are kept from one start to the next.
    pub outputs: PathBuf,
}

impl StateMap {
    /// Starts the thread; it ends when every clone is dropped. Nobody waits for it to catch up but the next seal.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(origins: Origins) -> std::io::Result<StateMap> {
        let Origins { key, log, read_model, outputs } = origins;
        let (key, sealed) = (Arc::new(key), Arc::<Sealed>::default());
        let (orders, receiver) = mpsc::channel();
        let waiting = Arc::<AtomicUsize>::default();
        let records = all(&read_model.register());
        let keeper = Keeper {
            outputs: Outputs::new(outputs, key.public_key().clone()),
            contents: Contents::new(Arc::clone(&key), log.clone()),
            last_seal: last_seal(&log),
            waiting: Arc::clone(&waiting),
            sealed: Arc::clone(&sealed),
            read_model,
        };
        std::thread::Builder::new()
            .name("state-map".to_owned())
            .spawn(in_current_span(move || keeper.run(records, &receiver)))?;
        Ok(StateMap { key, orders, waiting, sealed })
    }

    /// A map whose thread has ended.
    pub(super) fn failed(origins: Origins) -> StateMap {
        let (orders, _) = mpsc::channel();
        StateMap { key: Arc::new(origins.key), orders, waiting: Arc::default(), sealed: Arc::default() }
    }

    /// Takes in the records of a durable commit. Waits for nothing.
    pub fn take(&self, records: &[Record]) {
        let records: Vec<Record> = records.iter().filter(|record| concerns(record)).cloned().collect();
        if !records.is_empty() {
            self.waiting.fetch_add(records.len(), Ordering::Relaxed);
            // A thread that ended is noticed at the next seal.
            let _ = self.orders.send(Order::Take(records));
        }
    }

    /// Waits until everything that was handed over before is in the map.
    ///
    /// # Errors
    /// [`MapFailed`].
    pub async fn caught_up(&self) -> Result<(), MapFailed> {
        let (answer, outcome) = oneshot::channel();
        self.orders.send(Order::CaughtUp(answer)).map_err(|_| MapFailed)?;
        outcome.await.map_err(|_| MapFailed)
    }

    /// Waits until so little waits to be taken in that a seal holds nobody up, but not for ever.
    ///
    /// # Errors
    /// [`MapFailed`].
    pub async fn nearly_caught_up(&self) -> Result<(), MapFailed> {
        let begun = Instant::now();
        self.caught_up().await?;
        while self.waiting.load(Ordering::Relaxed) > FEW && begun.elapsed() < PATIENCE {
            self.caught_up().await?;
        }
        Ok(())
    }

    /// The map with everything that was handed over before; blocks until it is.
    ///
    /// # Errors
    /// [`MapFailed`].
    pub fn current(&self) -> Result<Trees, MapFailed> {
        let (answer, outcome) = mpsc::sync_channel(1);
        self.orders.send(Order::Show(answer)).map_err(|_| MapFailed)?;
        outcome.recv().map_err(|_| MapFailed)
    }

    /// Keeps the version whose root the seal at this index holds, for proofs.
    pub fn seal(&self, index: u64, map: Trees) {
        self.sealed.keep(index, map);
    }

    /// What the map of the published checkpoint of this size says of a label, present or absent: a blinded one, or a verdict's.
    ///
    /// # Errors
    /// [`ProveError`].
    pub fn prove(&self, label: &MapLabel, size: u64, register: &Register) -> Result<Proven, ProveError> {
        let (seal, trees) = self.sealed_below(size)?;
        let text = label.to_string();
        let (beside, (place, siblings)) = match label.tree() {
            Tree::Blinded => {
                let (output, vrf) = self.key.prove(text.as_bytes())?;
                let beside = Beside::Blinded { verdicts: trees.verdicts.root(), vrf };
                (beside, trees.blinded.place(&MapKey::of(&output)))
            }
            Tree::Verdicts => {
                let beside = Beside::Plain { blinded: trees.blinded.root() };
                (beside, trees.verdicts.place(&MapKey::plain(&text)))
            }
            Tree::Public => return Err(ProveError::Public),
        };
        let mut entries = label.entries(register);
        entries.retain(|index| *index < seal);
        // An erasure that this version does not know of yet.
        if place.count() != entries.len() as u64 {
            return Err(ProveError::NotAtHand { size });
        }
        let public = trees.public.root();
        Ok(Proven { proof: MapProof { seal, public, beside, place, siblings }, entries })
    }

    /// What the map of the published checkpoint of this size says of public labels, present or absent.
    ///
    /// # Errors
    /// [`ProveError::NotAtHand`].
    pub fn prove_public<'a>(
        &self,
        labels: impl IntoIterator<Item = &'a MapLabel>,
        size: u64,
    ) -> Result<PublicProof, ProveError> {
        let (_, trees) = self.sealed_below(size)?;
        let labels: Vec<String> = labels.into_iter().map(MapLabel::to_string).collect();
        Ok(trees.public.prove_public(labels.iter().map(String::as_str)))
    }

    /// The last entry of the published checkpoint of this size, and the map that it sealed.
    fn sealed_below(&self, size: u64) -> Result<(u64, Trees), ProveError> {
        let sealed = size.checked_sub(1).and_then(|seal| Some((seal, self.sealed.find(seal)?)));
        sealed.ok_or(ProveError::NotAtHand { size })
    }
}

impl Sealed {
    fn keep(&self, index: u64, map: Trees) {
        let mut kept = self.versions();
        kept.push_back((index, map));
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }

    fn find(&self, index: u64) -> Option<Trees> {
        self.versions().iter().find(|(seal, _)| *seal == index).map(|(_, map)| map.clone())
    }

    fn forget(&self) {
        self.versions().clear();
    }

    fn versions(&self) -> MutexGuard<'_, VecDeque<(u64, Trees)>> {
        // Nothing under this lock leaves it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a record changes the map.
fn concerns(record: &Record) -> bool {
    match record {
        Record::Verdict(_) | Record::Recognition(_) | Record::Erasure(_) => true,
        Record::Party(record) => record.party.is_public(),
        Record::Accreditation(_) | Record::Designation(_) | Record::Arrangement(_) | Record::Peer(_) => true,
        Record::Genesis(record) => record.closed.is_some(),
        Record::Statement(_)
        | Record::Document(_)
        | Record::Scheme(_)
        | Record::Crosswalk(_)
        | Record::Bulletin(_)
        | Record::Credential(_)
        | Record::Consent(_)
        | Record::Cascade(_)
        | Record::Revision(_) => false,
    }
}

/// Everything that is filed in the map, or posted.
fn all(register: &Register) -> Vec<Record> {
    let verdicts = register.verdicts_after(None).cloned().map(Record::Verdict);
    let recognitions = register.recognitions_after(None).cloned().map(Record::Recognition);
    let parties = register.parties().cloned().map(Record::Party);
    let accreditations = register.all_accreditations().cloned().map(Record::Accreditation);
    let designations = register.all_designations().cloned().map(Record::Designation);
    let arrangements = register.arrangements().into_iter().map(Record::Arrangement);
    let peers = register.peers().into_iter().map(Record::Peer);
    let begun = register.genesis().into_iter().map(Record::Genesis);
    let public = parties.chain(accreditations).chain(designations).chain(arrangements).chain(peers).chain(begun);
    verdicts.chain(recognitions).chain(public).collect()
}

/// The last entry's index and root, if it is a seal: then the map as of a start is the one that it sealed.
fn last_seal(log: &LogReader) -> Option<(u64, Digest)> {
    let index = log.size().checked_sub(1)?;
    let entry = log.entry(index).ok()?;
    (entry.kind == Kind::Seal).then_some((index, entry.digest))
}

/// The one that changes the map.
struct Keeper {
    contents: Contents,
    outputs: Outputs,
    read_model: Arc<ReadModel>,
    last_seal: Option<(u64, Digest)>,
    waiting: Arc<AtomicUsize>,
    sealed: Arc<Sealed>,
}

impl Keeper {
    fn run(mut self, records: Vec<Record>, orders: &mpsc::Receiver<Order>) {
        let_others_go_first();
        let outcome = self.begin(&records).and_then(|()| {
            drop(records);
            self.serve(orders)
        });
        if let Err(error) = outcome {
            tracing::error!(%error, "the state map failed; nothing more is published until a restart");
        }
    }

    fn begin(&mut self, records: &[Record]) -> Result<(), MapError> {
        let kept = self.outputs.load();
        let whole = kept.whole;
        self.contents.remember(kept.outputs);
        let change = self.contents.begin(records)?;
        if change.forgot || !whole {
            self.outputs.replace(self.contents.outputs());
        } else {
            self.outputs.add(&change.fresh);
        }
        let map = self.contents.trees().clone();
        match self.last_seal {
            Some((index, root)) if root == sealed_as(&map.root()) => self.sealed.keep(index, map),
            Some((index, _)) => tracing::error!(
                index,
                "the seal holds another root of the state map than the log gives now: was it made by another program?"
            ),
            None => {}
        }
        Ok(())
    }

    fn serve(&mut self, orders: &mpsc::Receiver<Order>) -> Result<(), MapError> {
        while let Ok(order) = orders.recv() {
            let (records, other) = gather(order, orders);
            self.take(&records)?;
            match other {
                // Whoever asked may be gone.
                Some(Order::CaughtUp(answer)) => drop(answer.send(())),
                Some(Order::Show(answer)) => drop(answer.send(self.contents.trees().clone())),
                Some(Order::Take(records)) => self.take(&records)?,
                None => {}
            }
        }
        Ok(())
    }

    fn take(&mut self, records: &[Record]) -> Result<(), MapError> {
        match self.contents.take(records)? {
            Outcome::Taken(change) => self.outputs.add(&change.fresh),
            Outcome::BeginAnew => self.begin_anew()?,
        }
        self.waiting.fetch_sub(records.len(), Ordering::Relaxed);
        Ok(())
    }

    fn begin_anew(&mut self) -> Result<(), MapError> {
        // The register may be ahead of these records. What it is ahead by comes next, and changes nothing then.
        let records = all(&self.read_model.register());
        self.contents.begin(&records)?;
        self.sealed.forget();
        self.outputs.replace(self.contents.outputs());
        Ok(())
    }
}

/// Everything that waits to be taken in, up to the limit, and the order after it.
fn gather(first: Order, orders: &mpsc::Receiver<Order>) -> (Vec<Record>, Option<Order>) {
    let (mut records, mut next) = (Vec::new(), Some(first));
    while records.len() < MAX_RECORDS
        && let Some(Order::Take(more)) = next
    {
        records.extend(more);
        next = orders.try_recv().ok();
    }
    (records, next)
}

/// A root as a seal entry holds it.
fn sealed_as(root: &Hash) -> Digest {
    Digest::from_bytes(*root.as_bytes())
}
