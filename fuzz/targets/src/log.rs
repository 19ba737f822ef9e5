//! What a log is made of: statements, notes, checkpoints, proofs, tiles.

use bytes::Bytes;
use conformity::statement::Statement;
use credential::statement::read_unverified;
use federation::witness;
use ledger::checkpoint::Checkpoint;
use ledger::entry::Entry;
use ledger::jws::Unverified;
use ledger::map::MapProof;
use ledger::note::{NoteVerifier, SignedNote};
use ledger::policy;
use ledger::proof::TlogProof;
use ledger::tiles::{TilePath, decode_bundle, decode_hashes, encode_bundle, encode_hashes};

/// A signed statement, as it comes in.
pub(crate) fn jws(data: &[u8]) -> bool {
    Unverified::parse(Bytes::copy_from_slice(data)).is_ok_and(|statement| read_unverified(&statement).is_ok())
}

/// The payload of one, which no signature stands before.
pub(crate) fn statement(data: &[u8]) -> bool {
    let Ok(statement) = Statement::parse(data) else { return false };
    // What was read says which attachments it commits to, whatever it is.
    let _ = (statement.attachment(), statement.decisive_attachment());
    true
}

/// A signed note and what is in one: checkpoints, proofs, requests of witnesses, policies.
pub(crate) fn note(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut read = false;
    if let Ok(note) = SignedNote::parse(text) {
        read = true;
        let _ = note.claimed_signers().count();
        if let Ok(checkpoint) = Checkpoint::parse(note.claimed_text()) {
            again(&checkpoint, |text| Checkpoint::parse(text).ok());
        }
    }
    if let Ok(proof) = text.parse::<TlogProof>() {
        read = true;
        again(&proof, |text| text.parse().ok());
    }
    if let Ok(key) = text.parse::<NoteVerifier>() {
        read = true;
        again(&key, |text| text.parse().ok());
    }
    if let Ok(request) = witness::parse(data) {
        read = true;
        assert_eq!(witness::parse(witness::render(&request).as_bytes()).as_ref(), Ok(&request));
        let _ = witness::claimed_origin(&request);
    }
    if let Ok(proof) = text.parse::<MapProof>() {
        read = true;
        again(&proof, |text| text.parse().ok());
    }
    read | policy::Policy::parse(data).is_ok()
}

/// A tile of so many hashes or entries, and the name of one.
pub(crate) fn tiles(data: &[u8]) -> bool {
    let named = std::str::from_utf8(data).ok().and_then(|text| text.parse::<TilePath>().ok());
    let Some((width, tile)) = data.split_first() else { return false };
    let width = u64::from(*width) + 1;
    let hashes = decode_hashes(tile, width);
    if let Some(hashes) = &hashes {
        assert_eq!(encode_hashes(hashes), tile);
    }
    let bundle = decode_bundle(tile, width);
    if let Some(entries) = &bundle {
        assert_eq!(encode_bundle(entries.iter().copied()).as_deref(), Some(tile));
        for entry in entries.iter().filter_map(|entry| Entry::decode(entry).ok().map(|read| (entry, read))) {
            assert_eq!(entry.0, &entry.1.encode());
        }
    }
    named.is_some() || hashes.is_some() || bundle.is_some()
}

/// What was read is what is read of what is written of it.
fn again<T: std::fmt::Display + PartialEq + std::fmt::Debug>(value: &T, read: impl Fn(&str) -> Option<T>) {
    let text = value.to_string();
    assert_eq!(read(&text).as_ref(), Some(value), "{text:?}");
}
