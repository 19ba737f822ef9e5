//! The cosignatures of our own published checkpoint: verified when they arrive, served beside it, gone with the next one.
//!
//! A copy: what is lost can be asked for again. Out of scope: asking (`link`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::checkpoint::Checkpoint;
use ledger::note::{CosignatureError, MAX_SIGNATURES, NoteVerifier, SignedNote, cosignatures};
use ledger::tiles::TileStore;

/// Cosignatures of one checkpoint that are kept: with the log's own signature a reader of signed notes takes them all.
const MOST: usize = MAX_SIGNATURES - 1;

/// What came last from a witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Size of our checkpoint that it cosigned.
    pub size: u64,
    /// When, in seconds since the Unix epoch, as it says.
    pub time: u64,
}

/// The cosignatures of the newest published checkpoint that has any.
pub struct Collected {
    tiles: Arc<TileStore>,
    state: Mutex<State>,
    changes: AtomicU64,
}

#[derive(Default)]
struct State {
    /// The published checkpoint, as the log signed it.
    note: String,
    size: u64,
    /// A signature line by each witness, by its verifier key.
    lines: BTreeMap<String, String>,
    received: BTreeMap<String, Received>,
}

impl Collected {
    /// What was kept beside the published checkpoint, as far as it is by `known` witnesses.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn open(tiles: Arc<TileStore>, known: &[NoteVerifier]) -> std::io::Result<Collected> {
        let collected = Collected { tiles, state: Mutex::default(), changes: AtomicU64::new(0) };
        let kept = collected.tiles.checkpoint()?.zip(collected.tiles.cosigned()?);
        if let Some((note, lines)) =
            kept.as_ref().and_then(|(note, kept)| Some((note, kept.strip_prefix(note.as_str())?)))
        {
            for line in lines.split_inclusive('\n') {
                // One of a peer that was expelled meanwhile, for example.
                let _ = collected.add(note, line, known);
            }
        }
        Ok(collected)
    }

    /// Takes signature lines over our checkpoint `note`. One of a witness that cosigned it before is dropped, and those for a
    /// checkpoint that was overtaken are only remembered as received.
    ///
    /// # Errors
    /// [`CosignatureError`]: none of them is taken.
    pub fn add(&self, note: &str, lines: &str, known: &[NoteVerifier]) -> Result<Vec<Received>, CosignatureError> {
        let parsed = SignedNote::parse(note).map_err(|_| CosignatureError::Malformed)?;
        let checkpoint = Checkpoint::parse(parsed.claimed_text()).map_err(|_| CosignatureError::Malformed)?;
        let read = cosignatures(parsed.claimed_text(), lines, known)?;
        let mut state = self.state();
        if checkpoint.size > state.size || state.note.is_empty() {
            (state.note, state.size) = (note.to_owned(), checkpoint.size);
            state.lines.clear();
        }
        let mut taken = Vec::new();
        for cosignature in read {
            let key = known[cosignature.by].to_string();
            let received = Received { size: checkpoint.size, time: cosignature.time };
            let last = state.received.entry(key.clone()).or_insert(received);
            *last = if last.size > received.size { *last } else { received };
            taken.push(received);
            if state.note == note && state.lines.len() < MOST {
                state.lines.entry(key).or_insert(cosignature.line);
            }
        }
        if let Err(error) = self.tiles.keep_cosigned(&state.whole()) {
            tracing::warn!(%error, "cosignatures could not be kept beside the checkpoint; a restart asks for them again");
        }
        self.changes.fetch_add(1, Ordering::Release);
        Ok(taken)
    }

    /// The published checkpoint with the cosignatures that arrived for it.
    pub fn served(&self, published: String) -> String {
        let state = self.state();
        if state.note == published { state.whole() } else { published }
    }

    /// Whether a witness cosigned this very checkpoint.
    pub fn has(&self, note: &str, witness: &NoteVerifier) -> bool {
        let state = self.state();
        state.note == note && state.lines.contains_key(&witness.to_string())
    }

    /// What came last from a witness.
    pub fn received(&self, witness: &NoteVerifier) -> Option<Received> {
        self.state().received.get(&witness.to_string()).copied()
    }

    /// A number that changes with what is served.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    // Every state between two changes can be served, so a panic elsewhere harms nothing.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn whole(&self) -> String {
        let lines = self.lines.values().map(String::as_str);
        std::iter::once(self.note.as_str()).chain(lines).collect()
    }
}
