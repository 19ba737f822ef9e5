//! One open registry: everything that its folder holds, wired together.
//!
//! Opening follows the way that a statement takes, in order: journal, log, index or replay, read model, sequencer. What
//! is a copy (index, tiles) is derived again when it is in doubt; what is truth (journal, vault) is refused when damaged.
//! Out of scope: what becomes of a submission, see [`super::submit`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use conformity::genesis::Genesis;
use conformity::key::Jwk;
use conformity::records::{Facts, Register};
use jiff::Timestamp;
use ledger::journal::{FileJournal, Options, Stored};
use ledger::log::{Log, LogReader, Signers};
use ledger::note::Cosigner;
use ledger::tiles::TileStore;
use ledger::vrf::VrfKey;
use token::TokenError;
use tokio::sync::watch;

use super::cascades::Cascades;
use super::derive::Deriver;
use super::disclosures::Disclosures;
use super::feed::Feed;
use super::here::Here;
use super::log_keys::{self, KeyFiles};
use super::peer_board::PeerBoard;
use super::read_model::ReadModel;
use super::received::Received;
use super::replay::{self, ReplayError};
use super::restricted::{Restricted, RestrictedError};
use super::sequencer::{Committed, Parts, Sequencer};
use super::slots::Slots;
use super::state_map::{Origins, StateMap};
use super::status_lists::StatusLists;
use super::submit::Sweeps;
use super::tiles;
use super::uses::Uses;
use crate::buyer::cursor::Cursors;
use crate::buyer::dispatch::Dispatch;
use crate::buyer::shelf::{Shelf, ShelfError};
use crate::buyer::signals::signer::Signer;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::folder::Folder;
use crate::index::Indexer;
use crate::metrics::Metrics;
use crate::vault::{Vault, VaultError};
use crate::witness::{Collected, Witness, witness_key};

/// A running registry. Shared by everything around it.
pub struct Registry {
    /// Its configuration.
    pub config: Config,
    /// Where its files are.
    pub folder: Folder,
    /// What its genesis says.
    pub genesis: Arc<Genesis>,
    /// Reads the log.
    pub log: LogReader,
    /// Answers from memory.
    pub read_model: Arc<ReadModel>,
    /// Appends.
    pub sequencer: Sequencer,
    /// Signs and appends what the node states by itself.
    pub deriver: Deriver,
    /// Events.
    pub feed: Arc<Feed>,
    /// Private truth.
    pub vault: Arc<Vault>,
    /// What parties keep here for themselves alone.
    pub shelf: Shelf,
    /// Cursors of buyers on NATS.
    pub cursors: Cursors,
    /// The subscriptions, and how far telling is.
    pub dispatch: Dispatch,
    /// Who signs the tokens of streams of security events.
    pub signer: Signer,
    /// What credentials keep back.
    pub disclosures: Disclosures,
    /// What was seen by consent.
    pub uses: Arc<Uses>,
    /// What peers disclosed of their verdicts.
    pub received: Arc<Received>,
    /// Restricted verdicts of peers.
    pub restricted: Arc<Restricted>,
    /// Sweeps of the vault after erasures.
    pub sweeps: Sweeps,
    /// Places in the status lists.
    pub slots: Slots,
    /// Status lists that were rendered.
    pub status_lists: StatusLists,
    /// Tiles and the published checkpoint.
    pub tiles: Arc<TileStore>,
    /// Size of the newest published checkpoint.
    pub published: watch::Sender<u64>,
    /// Log size that readers can see.
    pub size: watch::Receiver<u64>,
    /// The state map.
    pub map: StateMap,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// How following the peers stands; the links write it.
    pub peers: Arc<PeerBoard>,
    /// Cosigns the checkpoints of peers, and keeps evidence of forks.
    pub witness: Arc<Witness>,
    /// The cosignatures of our published checkpoint.
    pub collected: Arc<Collected>,
    /// What verdicts may rest on no more, and how far telling of it is.
    pub cascades: Arc<Cascades>,
}

/// Why a registry does not open; each message says which file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] TokenError),
    /// A key of the log.
    #[error(transparent)]
    LogKey(#[from] super::log_keys::LogKeyError),
    /// The witness key does not fit the origin.
    #[error(transparent)]
    VerifierKey(#[from] ledger::note::VerifierKeyError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] ledger::journal::OpenError),
    /// The log in it.
    #[error(transparent)]
    Log(#[from] ledger::log::OpenError),
    /// The log cannot be read again by the rules.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// An erasure could not be finished.
    #[error(transparent)]
    Erase(#[from] ledger::journal::EraseError),
    /// What peers showed of restricted verdicts.
    #[error(transparent)]
    Restricted(#[from] RestrictedError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What parties keep here.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The witness key is another than the genesis names, which is permanent.
    #[error("{} is not the witness key that the genesis of this log names; restore it from your key backup", .0.display())]
    WitnessKey(PathBuf),
    /// Other files.
    #[error("{what}: {source}")]
    File {
        /// Which.
        what: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The key of the state map is not the one that the genesis names.
    #[error(
        "keys/map.pem is not the key of the state map that the genesis names; put the right one back from a backup"
    )]
    MapKey,
    /// The log says that the registry is served elsewhere.
    #[error(
        "this log says that the registry is served at {http_url}, its nats-server at {nats_url}: on that machine, set http.public_url and nats.public_address in registry.toml to these; anywhere else, this folder is only a backup"
    )]
    Left {
        /// Where its nats-server is.
        nats_url: String,
        /// Where its HTTPS door is.
        http_url: String,
    },
    /// The configuration names another registry than the log.
    #[error("{field} in registry.toml is {configured}, but the genesis of this log says {logged}; it is permanent")]
    Mismatch {
        /// Which field.
        field: &'static str,
        /// In the configuration.
        configured: String,
        /// In the genesis.
        logged: String,
    },
}

impl Registry {
    /// Opens the registry in `folder` and starts its sequencer and indexer.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed then, except that copies in doubt may have been set aside.
    pub fn open(
        folder: Folder,
        clock: Arc<dyn Clock>,
        trial: impl Fn(&Path) -> bool,
    ) -> Result<Arc<Registry>, OpenError> {
        Self::wired(folder, clock, trial, StateMap::start)
    }

    /// The same with a state map that has failed: statements are taken, and nothing can be sealed. For measuring what the map
    /// costs, and for tests of that failure.
    ///
    /// # Errors
    /// [`OpenError`], as [`Registry::open`].
    #[doc(hidden)]
    pub fn open_with_failed_map(
        folder: Folder,
        clock: Arc<dyn Clock>,
        trial: impl Fn(&Path) -> bool,
    ) -> Result<Arc<Registry>, OpenError> {
        Self::wired(folder, clock, trial, |origins| Ok(StateMap::failed(origins)))
    }

    fn wired(
        folder: Folder,
        clock: Arc<dyn Clock>,
        trial: impl Fn(&Path) -> bool,
        map: fn(Origins) -> std::io::Result<StateMap>,
    ) -> Result<Arc<Registry>, OpenError> {
        let config = Config::load(folder.path())?;
        let signers = log_keys::signers(&folder, &config.registry.origin)?;
        let tiles = Arc::new(tiles::open(&folder, &signers).map_err(file_error("the tiles"))?);
        let (mut log, reader) = open_log(&folder, &config, signers, &tiles)?;
        let (register, index) = replay::restore(&reader, &folder.index(), trial)?;
        carry_on(&mut log, &register)?;
        let genesis = checked_genesis(&config, &register)?;
        let (vault, disclosures) = open_vault(&folder, &register)?;
        let (shelf, dispatch) = open_of_parties(&vault, reader.size(), &*clock)?;
        let (slots, metrics) = (Slots::open(Arc::clone(&vault), &register)?, Arc::new(Metrics::default()));
        let witness = Witness::open(cosigner(&folder, &genesis)?, Arc::clone(&vault), Arc::clone(&metrics))?;
        let (collected, read_model) = (collected(&tiles, &register)?, Arc::new(ReadModel::new(register)));
        let (uses, cascades) = (Uses::open(Arc::clone(&vault), &read_model)?, Arc::<Cascades>::default());
        let (received, restricted) = open_of_peers(&vault, &read_model)?;
        let (grown, size) = watch::channel(reader.size());
        let indexer = Indexer::start(index, reader.clone()).map_err(file_error("the indexer"))?;
        let map = map(origins(&folder, &genesis, &reader, &read_model)?).map_err(file_error("the state map"))?;
        let parts = Parts {
            map: map.clone(),
            read_model: Arc::clone(&read_model),
            clock: Arc::clone(&clock),
            metrics: Arc::clone(&metrics),
            size: grown,
            cascades: Arc::clone(&cascades),
            here: Here::of(&config),
            vault: Arc::clone(&vault),
        };
        let sequencer = sequencer(log, parts, indexer, &config)?;
        Ok(Arc::new(Registry {
            feed: Arc::new(feed(&config, &reader, &read_model, &size)),
            genesis,
            log: reader,
            read_model,
            signer: Signer::open(folder.path(), &config.signals).map_err(TokenError::from)?,
            deriver: deriver(&folder, &config, &sequencer, &clock)?,
            sequencer,
            shelf,
            cursors: Cursors::default(),
            dispatch,
            vault,
            disclosures,
            uses: Arc::new(uses),
            received,
            restricted,
            sweeps: Sweeps::default(),
            slots,
            status_lists: StatusLists::default(),
            published: watch::Sender::new(tiles.published_size().map_err(file_error("the published checkpoint"))?),
            tiles,
            size,
            map,
            metrics,
            clock,
            config,
            folder,
            peers: Arc::default(),
            witness: Arc::new(witness),
            collected: Arc::new(collected),
            cascades,
        }))
    }

    /// The files of the log's keys.
    pub fn key_files(&self) -> KeyFiles {
        KeyFiles {
            folder: self.folder.clone(),
            log: self.log.clone(),
            read_model: Arc::clone(&self.read_model),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Up to where the register says what statements are about and what is agreed: all that is committed by now. Between a commit and
    /// that moment an entry stands in the log of which the register says nothing yet.
    pub async fn known(&self) -> u64 {
        let committed = self.log.head().size;
        let mut size = self.size.clone();
        // Nothing is committed any more where nobody says how far the register is.
        let known = size.wait_for(|known| *known >= committed).await.map(|known| *known);
        known.unwrap_or_else(|_| *self.size.borrow())
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn open_log(
    folder: &Folder,
    config: &Config,
    signers: Signers,
    tiles: &TileStore,
) -> Result<(Log, LogReader), OpenError> {
    let published_size = tiles.published_size().map_err(file_error("the published checkpoint"))?;
    let options = Options { roll_bytes: config.log.segment_bytes, published_size };
    let log = Log::open(FileJournal::open(&folder.journal(), options)?, signers)?;
    let reader = log.reader();
    Ok((log, reader))
}

/// Goes on where the log was left: with the key that signs now, and with what a crash left undone.
fn carry_on(log: &mut Log, register: &Register) -> Result<(), OpenError> {
    follow_keys(log, register)?;
    finish_erasures(log, register)
}

/// Signs with the key that the log names from here on.
fn follow_keys(log: &mut Log, register: &Register) -> Result<(), OpenError> {
    let Some(record) = register.genesis() else { return Err(ReplayError::NoGenesis.into()) };
    Ok(log_keys::follow(log, &record)?)
}

/// The vault, and in it what credentials keep back, without what belongs to none and without a byte of keys that were destroyed.
fn open_vault(folder: &Folder, register: &Register) -> Result<(Arc<Vault>, Disclosures), VaultError> {
    let vault = Arc::new(Vault::open(&folder.vault())?);
    let disclosures = Disclosures::open(Arc::clone(&vault), register)?;
    vault.shred()?;
    Ok((vault, disclosures))
}

/// What parties keep here for themselves, and how far they were told of a log of `size` entries.
fn open_of_parties(vault: &Arc<Vault>, size: u64, clock: &dyn Clock) -> Result<(Shelf, Dispatch), ShelfError> {
    let shelf = Shelf::new(Arc::clone(vault));
    let dispatch = Dispatch::open(Arc::clone(vault), &shelf, size, clock.now())?;
    Ok((shelf, dispatch))
}

/// What peers disclosed, and showed of restricted verdicts, without what belongs to no peering.
fn open_of_peers(
    vault: &Arc<Vault>,
    read_model: &Arc<ReadModel>,
) -> Result<(Arc<Received>, Arc<Restricted>), OpenError> {
    let received = Received::open(Arc::clone(vault), read_model)?;
    let restricted = Restricted::open(Arc::clone(vault), read_model)?;
    Ok((Arc::new(received), Arc::new(restricted)))
}

/// The cosignatures that peers gave our published checkpoint.
fn collected(tiles: &Arc<TileStore>, register: &Register) -> Result<Collected, OpenError> {
    let witnesses: Vec<_> = register.peers().iter().filter_map(|peer| witness_key(peer)).collect();
    Collected::open(Arc::clone(tiles), &witnesses).map_err(file_error("the cosignatures"))
}

fn sequencer(log: Log, parts: Parts, indexer: SyncSender<Committed>, config: &Config) -> Result<Sequencer, OpenError> {
    Sequencer::start(log, parts, indexer, config.limits.queue, config.log.batch_statements)
        .map_err(file_error("the sequencer"))
}

fn deriver(
    folder: &Folder,
    config: &Config,
    sequencer: &Sequencer,
    clock: &Arc<dyn Clock>,
) -> Result<Deriver, OpenError> {
    let key = token::open_key(&folder.node_key())?;
    Ok(Deriver::new(key, config.registry.origin.clone(), sequencer.clone(), Arc::clone(clock)))
}

fn feed(config: &Config, log: &LogReader, read_model: &Arc<ReadModel>, size: &watch::Receiver<u64>) -> Feed {
    let (registry, url) = (config.registry.id.clone(), config.http.public_url.clone());
    Feed::new(registry, url, log.clone(), Arc::clone(read_model), size.clone())
}

/// What the state map is made of.
fn origins(
    folder: &Folder,
    genesis: &Genesis,
    log: &LogReader,
    read_model: &Arc<ReadModel>,
) -> Result<Origins, OpenError> {
    let key = VrfKey::load(&folder.map_key()).map_err(TokenError::from)?;
    if genesis.map_key != (Jwk::Ed25519 { x: *key.public_key().as_bytes() }) {
        return Err(OpenError::MapKey);
    }
    Ok(Origins { key, log: log.clone(), read_model: Arc::clone(read_model), outputs: folder.map_outputs() })
}

/// Removes the bytes of statements whose erasure is in the log, but which a crash left in the journal.
fn finish_erasures(log: &mut Log, register: &Register) -> Result<(), OpenError> {
    let reader = log.reader();
    for erasure in register.erasures() {
        if matches!(reader.statement(erasure.index).map_err(ReplayError::from)?, Stored::Bytes(_)) {
            log.erase(erasure.index)?;
        }
    }
    Ok(())
}

fn checked_genesis(config: &Config, register: &Register) -> Result<Arc<Genesis>, OpenError> {
    not_left(config, register)?;
    let Some(record) = register.genesis() else { return Err(ReplayError::NoGenesis.into()) };
    let genesis = &record.genesis;
    let pairs = [
        ("registry.id", config.registry.id.as_str(), genesis.registry.as_str()),
        ("registry.origin", config.registry.origin.as_str(), genesis.origin.as_str()),
    ];
    match pairs.into_iter().find(|(_, configured, logged)| configured != logged) {
        None => Ok(Arc::clone(genesis)),
        Some((field, configured, logged)) => {
            Err(OpenError::Mismatch { field, configured: configured.to_owned(), logged: logged.to_owned() })
        }
    }
}

/// A folder that the registry left is not opened: whatever were written into it would be missing where it went.
fn not_left(config: &Config, register: &Register) -> Result<(), OpenError> {
    match Here::of(config).left_for(register) {
        None => Ok(()),
        Some(left) => Err(OpenError::Left { nats_url: left.nats_url.to_string(), http_url: left.http_url.to_string() }),
    }
}

fn cosigner(folder: &Folder, genesis: &Genesis) -> Result<Cosigner, OpenError> {
    let file = folder.witness_key();
    let cosigner = Cosigner::new(genesis.origin.as_str(), token::open_key(&file)?)?;
    if cosigner.verifier().to_string() == genesis.witness_key.as_str() {
        Ok(cosigner)
    } else {
        Err(OpenError::WitnessKey(file))
    }
}

fn file_error(what: &str) -> impl Fn(std::io::Error) -> OpenError + '_ {
    move |source| OpenError::File { what: what.to_owned(), source }
}
