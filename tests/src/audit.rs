//! An auditor: reads the public part of a log over HTTPS and believes nothing.
//!
//! It keeps every leaf that it saw and the newest checkpoint, so that a log which takes something back is caught by the
//! next look.

use ledger::checkpoint::Checkpoint;
use ledger::digest::Digest;
use ledger::entry::{Entry, Kind};
use ledger::merkle::Tree;
use ledger::note::NoteVerifier;
use ledger::proof::TlogProof;
use ledger::tiles::{Content, TilePath, WIDTH, decode_bundle};
use registry_node::client::{Client, Connection};
use serde_json::Value;

use crate::registry::Registry;
use crate::wait::soon;

/// What an auditor knows of one log.
pub struct Auditor {
    id: String,
    client: Client,
    log: NoteVerifier,
    entries: Vec<Entry>,
    tree: Tree,
}

impl Auditor {
    /// An auditor who has the log's key and nothing else.
    pub fn of(registry: &Registry) -> Auditor {
        Auditor {
            id: registry.id().to_owned(),
            client: registry.public(),
            log: registry.log_key(),
            entries: Vec::new(),
            tree: Tree::new(),
        }
    }

    /// The entries seen so far.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries of a kind were seen.
    pub fn count(&self, kind: Kind) -> usize {
        self.entries.iter().filter(|entry| entry.kind == kind).count()
    }

    /// Reads on up to a published checkpoint of at least `size` entries, and checks that it continues what was seen.
    ///
    /// # Panics
    /// When the log contradicts itself, or does not publish.
    pub async fn follow(&mut self, size: u64) -> Checkpoint {
        let wanted = size.max(self.tree.len());
        let checkpoint = soon(&format!("{} publishes {wanted} entries", self.id), async || {
            let note = self.get("/checkpoint").await?;
            let note = String::from_utf8(note).map_err(|error| error.to_string())?;
            let checkpoint = Checkpoint::verify_published(&note, &self.log).map_err(|error| error.to_string())?;
            if checkpoint.size >= wanted { Ok(checkpoint) } else { Err(format!("size {}", checkpoint.size)) }
        })
        .await;
        self.read(checkpoint.size).await;
        assert_eq!(self.tree.root(), checkpoint.root, "{} signed a root that its entries do not have", self.id);
        checkpoint
    }

    /// Looks at one statement: it is there, is what its entry commits to, and its proof holds.
    ///
    /// # Errors
    /// What does not hold.
    pub async fn statement(&self, connection: &mut Connection, index: u64) -> Result<String, String> {
        let answer = connection.get(&format!("/v1/statements/{index}")).await.map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned).ok_or_else(|| format!("no {name}"));
        let (statement, proof) = (text("statement")?, text("proof")?);
        let entry = self.entries.get(usize::try_from(index).map_err(|error| error.to_string())?);
        let entry = entry.ok_or_else(|| format!("entry {index} was not read"))?;
        if entry.digest != Digest::of(statement.as_bytes()) {
            return Err(format!("the statement at {index} is not the one that its entry commits to"));
        }
        let proof: TlogProof = proof.parse().map_err(|error| format!("{error}"))?;
        proof.verify(&entry.leaf_hash(), &self.log).map_err(|error| error.to_string())?;
        Ok(statement)
    }

    /// An open connection, for many questions.
    ///
    /// # Panics
    /// When there is none to be had.
    pub async fn connect(&self) -> Connection {
        self.client.connect().await.expect("a connection")
    }

    async fn read(&mut self, size: u64) {
        let mut connection = self.connect().await;
        while self.tree.len() < size {
            let held = self.tree.len();
            let (index, skip) = (held / WIDTH, usize::try_from(held % WIDTH).expect("a small number"));
            let width = (size - index * WIDTH).min(WIDTH);
            let path = TilePath::new(Content::Entries, index, width).expect("a tile has such a name");
            let bytes = connection.get(&format!("/{path}")).await.expect("a published tile is served");
            for entry in decode_bundle(&bytes, width).expect("a bundle").into_iter().skip(skip) {
                let entry = Entry::decode(entry).expect("an entry");
                self.tree.push(entry.leaf_hash());
                self.entries.push(entry);
            }
        }
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>, String> {
        let mut connection = self.client.connect().await.map_err(|error| error.to_string())?;
        connection.get(path).await.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string())
    }
}
