//! Logs that others wrote: Tessera's test log, and what Sunlight's tests hold of tiles, witnesses and mirrors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::checkpoint::Checkpoint;
use crate::merkle::{Tree, leaf_hash, verify_consistency, verify_inclusion};
use crate::note::{NoteError, NoteVerifier, SignatureKind, SignedNote};
use std::fs;
use std::io;
use std::path::Path;
use test_data::vectors;

const TESSERA: &str = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

fn read(dir: &Path, tile: &TilePath) -> io::Result<Vec<u8>> {
    fs::read(dir.join(tile.to_string()))
}

fn checkpoint(path: &Path) -> Checkpoint {
    Checkpoint::verify(&fs::read_to_string(path).unwrap(), &TESSERA.parse::<NoteVerifier>().unwrap()).unwrap()
}

#[test]
fn tesseras_successive_checkpoints_are_one_log() {
    let Some(dir) = vectors("transparency/tlog-tiles-tessera-log") else { return };
    let checkpoints: Vec<_> = (0..16).map(|i| checkpoint(&dir.join(format!("checkpoint.{i}")))).collect();
    assert_eq!(checkpoint(&dir.join("checkpoint")), checkpoints[15]);
    let bundle = read(&dir, &TilePath::new(Content::Entries, 0, 15).unwrap()).unwrap();
    let mut tree = Tree::new();
    let entries = decode_bundle(&bundle, 15).unwrap();
    entries.iter().for_each(|entry| tree.push(leaf_hash(entry)));
    for (i, checkpoint) in checkpoints.iter().enumerate() {
        assert_eq!(checkpoint.size, i as u64);
        assert_eq!(checkpoint.root, tree.root_at(checkpoint.size).unwrap(), "entries give the root of size {i}");
        let root = root_of_tiles(checkpoint.size, |tile| read(&dir, tile)).unwrap();
        assert_eq!(checkpoint.root, root, "tiles give the root of size {i}");
        for earlier in &checkpoints[1..=i] {
            let proof = tree.consistency_proof(earlier.size, checkpoint.size).unwrap();
            let roots = (&earlier.root, &checkpoint.root);
            assert_eq!(verify_consistency(earlier.size, checkpoint.size, &proof, roots.0, roots.1), Ok(()));
        }
    }
}

#[test]
fn tesseras_bundles_hash_to_its_tiles() {
    let Some(dir) = vectors("transparency/tlog-tiles-tessera-log") else { return };
    let last = checkpoint(&dir.join("checkpoint"));
    for width in 1..=15 {
        let [hashes, entries] = [Content::Hashes(0), Content::Entries]
            .map(|content| read(&dir, &TilePath::new(content, 0, width).unwrap()).unwrap());
        let (hashes, entries) = (decode_hashes(&hashes, width).unwrap(), decode_bundle(&entries, width).unwrap());
        assert!(entries.iter().map(|entry| leaf_hash(entry)).eq(hashes.iter().copied()));
        let mut tree = Tree::new();
        hashes.iter().for_each(|hash| tree.push(*hash));
        if width == last.size {
            for (index, hash) in (0..).zip(&hashes) {
                let proof = tree.inclusion_proof(index, width).unwrap();
                assert_eq!(verify_inclusion(hash, index, width, &proof, &last.root), Ok(()));
            }
        }
    }
}

#[test]
fn sunlights_partial_tile_is_the_beginning_of_the_full_one() {
    let Some(dir) = vectors("transparency/tlog-tiles-sunlight/navigli2025h2") else { return };
    let mut tree = Tree::new();
    for index in 0..4 {
        let tile = read(&dir, &TilePath::new(Content::Hashes(0), index, WIDTH).unwrap()).unwrap();
        decode_hashes(&tile, WIDTH).unwrap().into_iter().for_each(|hash| tree.push(hash));
    }
    let partial = read(&dir, &TilePath::new(Content::Hashes(0), 3, 10).unwrap()).unwrap();
    let partial = decode_hashes(&partial, 10).unwrap();
    assert!((3 * WIDTH..).zip(&partial).all(|(index, hash)| tree.leaf(index) == Some(*hash)));
    // No checkpoint comes with these tiles; what can be held against them is their own structure.
    assert_eq!(tree.len(), 1024);
    assert_eq!(tree.root(), tree.node(10, 0).unwrap());
}

/// The folder, under a witness or mirror, of a log: the hash of its origin.
const ROME: &str = "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706";

fn published_key(path: &Path) -> NoteVerifier {
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    json["verifier_keys"][0].as_str().unwrap().parse().unwrap()
}

#[test]
fn sunlights_mirror_has_the_tiles_of_its_cosigned_checkpoint() {
    let Some(dir) = vectors("transparency/tlog-tiles-sunlight/witness/mirror") else { return };
    let mirror = published_key(&dir.join("mirror.v0.json"));
    assert_eq!((mirror.kind(), mirror.name()), (SignatureKind::Cosignature, "mirror.example.org"));
    let dir = dir.join(ROME);
    let note = fs::read_to_string(dir.join("checkpoint")).unwrap();
    let verified = SignedNote::parse(&note).unwrap().verify(&[&mirror]).unwrap();
    assert_eq!(verified.signers(), [(0, Some(1_767_139_200))]);
    let checkpoint = Checkpoint::parse(verified.text()).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("rome2026h1.example.org", 300));
    assert_eq!(root_of_tiles(300, |tile| read(&dir, tile)).unwrap(), checkpoint.root);
    // One flipped bit in any tile is found.
    for bad in TilePath::between(0, 300).filter(|tile| tile.content() != Content::Entries) {
        let root = root_of_tiles(300, |tile| {
            let mut bytes = read(&dir, tile).map_err(|error| error.kind())?;
            if *tile == bad {
                bytes[7] ^= 1;
            }
            Ok::<_, io::ErrorKind>(bytes)
        });
        assert_ne!(root, Ok(checkpoint.root), "{bad}");
    }
}

#[test]
fn sunlights_witnesses_cosigned_their_checkpoints() {
    let Some(dir) = vectors("transparency/tlog-tiles-sunlight") else { return };
    let milan = "88ad7a28caeb0b2aa890fdf0304c2fcaf59fca2ee140134ff8c1300bac493482";
    for (witness, log, origin) in
        [("witness", ROME, "rome2026h1.example.org"), ("witness2", milan, "milan2026h1.example.org")]
    {
        let key = published_key(&dir.join(witness).join("witness.v0.json"));
        let note = fs::read_to_string(dir.join(witness).join(log).join("checkpoint")).unwrap();
        // The log's own signature (an RFC 6962 tree head) is of a kind unknown here, and ignored.
        let verified = SignedNote::parse(&note).unwrap().verify(&[&key]).unwrap();
        assert_eq!(verified.signers(), [(0, Some(1_767_139_200))]);
        assert_eq!(Checkpoint::parse(verified.text()).unwrap().origin, origin);
        let altered = note.replace("300", "301");
        let refused = SignedNote::parse(&altered).unwrap().verify(&[&key]);
        assert_eq!(refused, Err(NoteError::BadSignature(key.name().into())));
        let decoy = fs::read_to_string(dir.join("witness/checkpoint")).unwrap();
        assert!(SignedNote::parse(&decoy).is_err());
    }
}
