//! Names and contents of tiles, and the folder of tiles of a log that grows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;

use super::*;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::entry::Entry;
use crate::log::{Draft, Log, LogReader};
use crate::testing::{draft, log, signer};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn tile(path: &str) -> TilePath {
    path.parse().unwrap()
}

#[test]
fn paths_are_those_of_the_specification() {
    let rows = [
        ("tile/0/x001/x234/067", Content::Hashes(0), 1_234_067, 256),
        ("tile/63/000", Content::Hashes(63), 0, 256),
        ("tile/1/000.p/1", Content::Hashes(1), 0, 1),
        ("tile/entries/x001/000.p/255", Content::Entries, 1000, 255),
        ("tile/0/x018/x446/x744/x073/x709/x551/615", Content::Hashes(0), u64::MAX, 256),
    ];
    for (text, content, index, width) in rows {
        assert_eq!(TilePath::new(content, index, width).unwrap().to_string(), text);
        assert_eq!(tile(text), TilePath::new(content, index, width).unwrap());
    }
    let refused = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/64/000",
        "tile/00/000",
        "tile/+0/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/1000",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/+01",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/0/000/",
        "/tile/0/000",
        "tile//000",
        "tile/0/../000",
        "tile/data/000",
        "tile/entries/000.gz",
        "checkpoint",
        "tile/0/000\n",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ];
    for text in refused {
        assert_eq!(text.parse::<TilePath>(), Err(TilePathError), "{text:?}");
    }
    assert_eq!(TilePath::new(Content::Hashes(64), 0, 1), None);
    assert_eq!(TilePath::new(Content::Entries, 0, 0), None);
    assert_eq!(TilePath::new(Content::Entries, 0, 257), None);
}

#[test]
fn the_example_of_the_specification_needs_these_tiles() {
    let of = |level| {
        let tiles = TilePath::between(0, 70_000).filter(move |tile| tile.content() == Content::Hashes(level));
        let (full, partial): (Vec<_>, Vec<_>) = tiles.partition(TilePath::is_full);
        (full.len(), partial.iter().map(TilePath::width).collect::<Vec<_>>())
    };
    assert_eq!(of(0), (273, vec![112]));
    assert_eq!(of(1), (1, vec![17]));
    assert_eq!(of(2), (0, vec![1]));
    assert_eq!(of(3), (0, vec![]));
    let paths = |old, new| TilePath::between(old, new).map(|tile| tile.to_string()).collect::<Vec<_>>();
    assert_eq!(paths(0, 256), ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
    assert_eq!(paths(255, 256), ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
    assert_eq!(paths(256, 257), ["tile/0/001.p/1", "tile/entries/001.p/1"]);
    assert_eq!(paths(256, 256), [""; 0]);
    assert_eq!(paths(7, 3), [""; 0]);
    assert_eq!(TilePath::between(u64::MAX - 1, u64::MAX).count(), 2, "no overflow at the end of the world");
}

proptest! {
    #[test]
    fn growing_in_steps_writes_what_growing_at_once_does(mut sizes in prop::collection::vec(0u64..200_000, 1..6)) {
        sizes.sort_unstable();
        let last = sizes[sizes.len() - 1];
        let mut kept = BTreeSet::new();
        for step in [0].iter().chain(&sizes).zip(&sizes) {
            kept.extend(TilePath::between(*step.0, *step.1));
        }
        let all: BTreeSet<_> = TilePath::between(0, last).collect();
        prop_assert!(all.is_subset(&kept));
        let full = |tiles: &BTreeSet<TilePath>| tiles.iter().filter(|tile| tile.is_full()).copied().collect::<Vec<_>>();
        prop_assert_eq!(full(&kept), full(&all));
    }

    #[test]
    fn names_survive_being_read(level in 0u8..64, index in any::<u64>(), width in 1u64..=256) {
        for content in [Content::Hashes(level), Content::Entries] {
            let path = TilePath::new(content, index, width).unwrap();
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }
    }

    #[test]
    fn bundles_survive_being_read(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20)) {
        let bundle = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
        let width = entries.len() as u64;
        prop_assert_eq!(decode_bundle(&bundle, width).unwrap(), entries);
        prop_assert_eq!(decode_bundle(&bundle, width + 1), None);
        prop_assert!(bundle.is_empty() || decode_bundle(&bundle[..bundle.len() - 1], width).is_none());
    }

    #[test]
    fn arbitrary_bundles_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), width in 0u64..300) {
        let entries = decode_bundle(&bytes, width);
        prop_assert!(entries.is_none_or(|entries| entries.len() as u64 == width));
        prop_assert!(decode_hashes(&bytes, width).is_none_or(|hashes| hashes.len() as u64 == width));
    }
}

/// A log with tiles beside it.
struct Published {
    dir: TempDir,
    log: Log,
    store: TileStore,
}

impl Published {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = log(&dir.path().join("journal"));
        let store = TileStore::open(&dir.path().join("tiles")).unwrap();
        Self { dir, log, store }
    }

    fn grow_to(&mut self, size: u64) {
        let mut drafts: Vec<Draft> = (self.log.size()..size).map(|i| draft(format!("statement {i}"))).collect();
        // What is published ends with a seal; the genesis alone cannot be.
        if let Some(last) = drafts.last_mut() {
            *last = Draft::seal(&Hash::from_bytes([7; 32]));
            self.log.append(size, drafts).unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("tiles").join(name)
    }

    fn reader(&self) -> LogReader {
        self.log.reader()
    }

    fn publish(&self) -> Result<(), PublishError> {
        self.store.publish(&self.reader(), &self.reader().checkpoint())
    }

    /// Every tile that the published size names is there and leads to the root of that size.
    fn check(&self, size: u64) {
        faults::check_tiles(&self.store, &self.reader(), size);
    }
}

fn files_below(dir: &Path) -> BTreeSet<String> {
    fn walk(dir: &Path, root: &Path, found: &mut BTreeSet<String>) {
        for item in fs::read_dir(dir).unwrap() {
            let path = item.unwrap().path();
            match path.is_dir() {
                true => walk(&path, root, found),
                false => drop(found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().into())),
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(dir, dir, &mut found);
    found
}

#[test]
fn every_published_size_can_be_read_for_ever() {
    let mut published = Published::new();
    assert_eq!(published.store.published_size().unwrap(), 0);
    let sizes = [2, 10, 255, 256, 257, 400, 700, 768];
    for (i, size) in sizes.into_iter().enumerate() {
        published.grow_to(size);
        published.publish().unwrap();
        assert_eq!(published.store.published_size().unwrap(), size);
        assert_eq!(published.store.checkpoint().unwrap().as_deref(), Some(&*published.reader().checkpoint()));
        sizes[..=i].iter().for_each(|size| published.check(*size));
    }
    let kept = files_below(&published.path(""));
    let expected = TilePath::between(0, 768).map(|tile| tile.to_string()).chain(["checkpoint".into()]);
    assert_eq!(kept, expected.collect(), "nothing narrower, nothing temporary");
    assert_eq!(published.store.read(&tile("tile/0/003.p/1")).unwrap(), None);
    assert_eq!(published.store.read(&tile("tile/2/000.p/1")).unwrap(), None);
    assert_eq!(published.store.read(&tile("tile/1/000.p/4")).unwrap(), None, "wider than what there is");
}

#[test]
fn a_folder_in_doubt_is_rebuilt() {
    let mut published = Published::new();
    published.grow_to(600);
    published.publish().unwrap();
    let before = files_below(&published.path(""));
    fs::remove_dir_all(published.path("tile/0")).unwrap();
    fs::write(published.path("tile/entries/001"), b"garbage").unwrap();
    fs::write(published.path("tile/entries/002.p/99"), b"garbage").unwrap();
    published.store.rebuild(&published.reader(), &published.reader().checkpoint()).unwrap();
    assert_eq!(files_below(&published.path("")), before);
    published.check(600);
    // So is one of which the checkpoint cannot be read; until then nobody may take it for an empty one.
    fs::write(published.path("checkpoint"), b"garbage").unwrap();
    assert_eq!(published.store.published_size().unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert!(published.publish().is_err());
    published.store.rebuild(&published.reader(), &published.reader().checkpoint()).unwrap();
    assert_eq!(published.store.published_size().unwrap(), 600);
}

#[test]
fn what_is_not_the_logs_is_not_published() {
    let mut published = Published::new();
    published.grow_to(3);
    published.publish().unwrap();
    let first = published.reader().checkpoint();
    published.grow_to(300);
    published.publish().unwrap();
    let last = published.reader().checkpoint();
    let commit = published.log.append(300, vec![draft("one of a commit")]).unwrap().checkpoint;
    let refuse = |note: &str| published.store.publish(&published.reader(), note).unwrap_err();
    assert!(matches!(refuse(&first), PublishError::Smaller { size: 3, published: 300 }));
    assert!(matches!(published.store.rebuild(&published.reader(), &first), Err(PublishError::Smaller { .. })));
    assert!(matches!(refuse("text\n"), PublishError::Checkpoint(_)));
    let is_commit = |error| matches!(error, PublishError::Checkpoint(CheckpointError::Commit));
    assert!(is_commit(refuse(&commit)));
    assert!(is_commit(published.store.rebuild(&published.reader(), &commit).unwrap_err()));
    let at_300 = Checkpoint::verify_published(&last, &published.reader().keys()).unwrap();
    let forged = |size, root| Checkpoint { size, root, ..at_300.clone() }.sign(&signer()).unwrap();
    assert!(matches!(refuse(&forged(300, Hash::from_bytes([7; 32]))), PublishError::OtherRoot { .. }));
    assert!(matches!(refuse(&forged(302, at_300.root)), PublishError::Range(_)));
    assert_eq!(published.store.published_size().unwrap(), 300);
    // The same size again, with more signatures, replaces it.
    let cosigned = format!("{last}— witness.example AAAAAAA=\n");
    published.store.publish(&published.reader(), &cosigned).unwrap();
    assert_eq!(published.store.checkpoint().unwrap(), Some(cosigned));
}

#[test]
fn no_checkpoint_without_its_tiles() {
    let mut published = Published::new();
    published.grow_to(10);
    published.publish().unwrap();
    let before = published.store.checkpoint().unwrap();
    published.grow_to(600);
    // A file where a folder must be: the tiles cannot be written, so the checkpoint is not either.
    fs::write(published.path("tile/1"), b"").unwrap();
    assert!(matches!(published.publish(), Err(PublishError::Io { .. })));
    assert_eq!(published.store.checkpoint().unwrap(), before);
    published.check(10);
    fs::remove_file(published.path("tile/1")).unwrap();
    published.publish().unwrap();
    published.check(600);
}

#[test]
fn cosignatures_rest_beside_the_checkpoint_that_they_are_for() {
    let mut folder = Published::new();
    assert_eq!(folder.store.cosigned().unwrap(), None);
    folder.grow_to(3);
    folder.publish().unwrap();
    let note = folder.store.checkpoint().unwrap().unwrap();
    assert_eq!(folder.store.cosigned().unwrap().as_ref(), Some(&note), "none yet");
    let cosigned = format!("{note}— witness.example AAAA\n");
    folder.store.keep_cosigned(&cosigned).unwrap();
    assert_eq!(folder.store.cosigned().unwrap(), Some(cosigned));
    folder.grow_to(5);
    folder.publish().unwrap();
    assert_eq!(folder.store.cosigned().unwrap(), folder.store.checkpoint().unwrap(), "those were for another");
    fs::write(folder.path("cosigned"), [0xFF]).unwrap();
    assert_eq!(folder.store.cosigned().unwrap(), folder.store.checkpoint().unwrap(), "a damaged copy is none");
}
