//! The newest published checkpoint with the cosignatures that arrived for it, read once for everybody.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::registry::Registry;

/// The member of an event that carries a checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// A published checkpoint.
#[derive(Debug)]
pub struct Checkpoint {
    /// Size of the log that it is for.
    pub size: u64,
    /// The signed note.
    pub note: Bytes,
    /// The same as an event without an id, so that a reader's place stays that of the last entry it got.
    pub frame: Bytes,
}

/// Keeps the newest checkpoint until another is published, or it is cosigned: thousands of streams ask for it at the same moment.
#[derive(Debug, Default)]
pub struct Published(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The publication after which the file was read, and the cosignatures that were there.
    publication: (u64, u64),
    checkpoint: Option<Arc<Checkpoint>>,
}

impl Published {
    /// The newest checkpoint; nothing before the first publication.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn newest(&self, registry: &Registry) -> std::io::Result<Option<Arc<Checkpoint>>> {
        let publication = (*registry.published.borrow(), registry.collected.changes());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.publication != publication {
            let note = registry.tiles.checkpoint()?.map(|note| registry.collected.served(note));
            let checkpoint = note.map(|note| Arc::new(Checkpoint::new(note)));
            *kept = Kept { publication, checkpoint };
        }
        Ok(kept.checkpoint.clone())
    }

    /// The newest checkpoint as a member of an event, where there is one: in base64, for a signed note has line breaks, which an attribute of
    /// CloudEvents must not.
    pub fn member(&self, registry: &Registry) -> Vec<(&'static str, String)> {
        let newest = self.newest(registry).ok().flatten();
        newest.map(|checkpoint| (CHECKPOINT, STANDARD.encode(&checkpoint.note))).into_iter().collect()
    }
}

impl Checkpoint {
    fn new(note: String) -> Checkpoint {
        // The file may already be that of the next publication, so the size is the note's own (its second line).
        let size = note.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(u64::MAX);
        // A JSON string has no line breaks, as the data of an event must not; a string always has a JSON form.
        let data = serde_json::to_string(&note).unwrap_or_default();
        Checkpoint { size, frame: format!("event: checkpoint\ndata: {data}\n\n").into(), note: note.into() }
    }
}
