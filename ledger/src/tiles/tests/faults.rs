//! Every operation of publishing × every way in which it can go wrong: no checkpoint stands without its tiles, none that was
//! acknowledged is lost, and the next publication puts everything right.

use super::*;
use crate::testing::{Fault, FragileDisk, HastyDisk, losses};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Sizes that are published: tiles that are not full, and one that becomes full, with a second level.
const SIZES: [u64; 3] = [2, 255, 257];

/// Publishes everything as far as it goes, into a folder on a disk that breaks. What fails is tried again with the next size.
fn publish_all(log: &LogReader, notes: &[Arc<str>], plan: Option<(u64, Fault)>) -> (TempDir, Arc<FragileDisk>, u64) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("tiles");
    fs::create_dir(&folder).unwrap();
    let disk = Arc::new(FragileDisk::below(&folder, plan));
    let mut acknowledged = 0;
    if let Ok(store) = TileStore::open_on(&folder, Arc::clone(&disk) as _) {
        for (note, size) in notes.iter().zip(SIZES) {
            if store.publish(log, note).is_ok() {
                acknowledged = size;
            }
            holds(log, &folder, acknowledged);
        }
    }
    (dir, disk, acknowledged)
}

/// The checkpoint there is has all its tiles, and is not smaller than `acknowledged`.
fn holds(log: &LogReader, folder: &Path, acknowledged: u64) {
    let store = TileStore::open_on(folder, Arc::new(HastyDisk)).unwrap();
    let size = store.published_size().unwrap();
    assert!(size >= acknowledged && (size == 0 || SIZES.contains(&size)), "{size}, {acknowledged} acknowledged");
    if size > 0 {
        check_tiles(&store, log, size);
    }
}

/// Every tile that the size names is there and leads to the root of that size.
pub(super) fn check_tiles(store: &TileStore, log: &LogReader, size: u64) {
    let fetch = |tile: &TilePath| store.read(tile).unwrap().map(|bytes| bytes.to_vec()).ok_or(*tile);
    assert_eq!(root_of_tiles(size, fetch), Ok(log.root_at(size).unwrap()), "size {size}");
    for tile in TilePath::between(0, size).filter(|tile| tile.content() == Content::Entries) {
        let bundle = store.read(&tile).unwrap().unwrap();
        for (index, bytes) in (tile.index() * WIDTH..).zip(decode_bundle(&bundle, tile.width()).unwrap()) {
            assert_eq!(Entry::decode(bytes).unwrap(), log.entry(index).unwrap());
        }
    }
}

#[test]
fn every_operation_of_publishing_may_go_wrong() {
    let mut published = Published::new();
    let notes: Vec<Arc<str>> = SIZES
        .iter()
        .map(|size| {
            published.grow_to(*size);
            published.reader().checkpoint()
        })
        .collect();
    let log = published.reader();
    let (_, disk, acknowledged) = publish_all(&log, &notes, None);
    assert_eq!(acknowledged, 257);
    for (number, fault) in (0..disk.operations()).flat_map(|n| Fault::ALL.map(|fault| (n, fault))) {
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let (dir, disk, acknowledged) = publish_all(&log, &notes, Some((number, fault)));
            let again = |folder: &Path| {
                let store = TileStore::open_on(folder, Arc::new(HastyDisk)).unwrap();
                store.publish(&log, notes.last().unwrap()).unwrap();
                holds(&log, folder, 257);
            };
            for seed in losses(number) {
                let folder = dir.path().join(format!("after-{seed}"));
                fs::create_dir(&folder).unwrap();
                disk.after_power_loss(&folder, seed);
                holds(&log, &folder, acknowledged);
                again(&folder);
            }
            again(&dir.path().join("tiles"));
        }));
        outcome.unwrap_or_else(|_| panic!("operation {number}: {fault:?}"));
    }
}
