//! The mirror's file: torn, damaged, deleted, of another log. It is a copy: what does not hold is pulled again.

use std::path::Path;

use conformity::records::Facts;
use federation::mirror::{Mirror, MirrorError};

use super::honest::withheld;
use super::peer::{Peer, knowledge, scope, verdict_id};

fn open(path: &Path, peer: &Peer) -> Mirror {
    open_within(path, peer, u64::MAX)
}

fn open_within(path: &Path, peer: &Peer, quota: u64) -> Mirror {
    let digest = conformity::Digest::from_bytes(*peer.entries[0].digest.as_bytes());
    Mirror::open(path, peer.log_keys(), &digest, scope(), quota).unwrap()
}

fn pull(mirror: &mut Mirror, peer: &Peer, step: u64) {
    while mirror.followed().size() < peer.size() {
        let from = mirror.followed().size();
        let taken = mirror.take(&peer.range(from, peer.size().min(from + step))).unwrap().unwrap();
        assert_eq!(taken.faults, []);
    }
}

#[test]
fn a_mirror_goes_on_where_it_was_left() {
    let mut peer = withheld(&Peer::at_work());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror");
    for _ in 0..3 {
        let mut mirror = open(&path, &peer);
        pull(&mut mirror, &peer, 4);
        let checkpoint = mirror.followed().checkpoint().cloned();
        drop(mirror);
        let again = open(&path, &peer);
        assert_eq!((again.followed().size(), again.followed().checkpoint().cloned()), (peer.size(), checkpoint));
        assert!(again.followed().register().verdict(&verdict_id("V-2")).is_some());
        peer.seal();
    }
}

#[test]
fn wherever_the_file_is_cut_off_the_rest_holds_and_is_pulled_again() {
    let peer = withheld(&Peer::at_work());
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    pull(&mut open(&whole, &peer), &peer, 3);
    let bytes = std::fs::read(&whole).unwrap();
    let path = folder.path().join("mirror");
    for length in (0..bytes.len()).step_by(97) {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let mut mirror = open(&path, &peer);
        assert!(mirror.followed().size() < peer.size());
        pull(&mut mirror, &peer, 5);
        drop(mirror);
        assert_eq!(open(&path, &peer).followed().size(), peer.size(), "cut at {length}");
    }
}

#[test]
fn whatever_byte_is_damaged_nothing_false_is_believed() {
    let peer = withheld(&Peer::at_work());
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    pull(&mut open(&whole, &peer), &peer, 3);
    let honest = knowledge(open(&whole, &peer).followed().register());
    let bytes = std::fs::read(&whole).unwrap();
    let path = folder.path().join("mirror");
    for place in (0..bytes.len()).step_by(61) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        std::fs::write(&path, &damaged).unwrap();
        let mut mirror = open(&path, &peer);
        pull(&mut mirror, &peer, 5);
        assert_eq!(knowledge(mirror.followed().register()), honest, "damaged at {place}");
    }
}

#[test]
fn the_file_of_another_log_is_not_taken_for_this_one() {
    let (peer, other) = (withheld(&Peer::at_work()), withheld(&Peer::at_work()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror");
    pull(&mut open(&path, &other), &other, 100);
    let mut mirror = open(&path, &peer);
    assert_eq!(mirror.followed().size(), 0);
    pull(&mut mirror, &peer, 100);
}

/// A refused range leaves no trace in the file.
#[test]
fn what_is_refused_is_not_written() {
    let peer = withheld(&Peer::at_work());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror");
    let mut mirror = open(&path, &peer);
    mirror.take(&peer.range(0, 5)).unwrap().unwrap();
    let before = std::fs::read(&path).unwrap();
    let mut lie = peer.range(5, 9);
    lie.entries.0[0].time_ms += 1;
    assert_eq!(mirror.take(&lie).unwrap().unwrap_err().code(), "bad-proof");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(mirror.followed().size(), 5);
}

#[test]
fn a_remembered_checkpoint_binds_a_new_mirror() {
    let peer = withheld(&Peer::at_work());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror");
    let mut mirror = open(&path, &peer);
    mirror.remember(&peer.checkpoint(peer.size())).unwrap();
    assert_eq!(mirror.followed().checkpoint().map(|note| note.to_string()), Some(peer.checkpoint(peer.size())));
    mirror.take(&peer.range(0, 5)).unwrap().unwrap();
}

#[test]
fn beyond_its_quota_a_mirror_takes_nothing_and_loses_nothing() {
    let peer = withheld(&Peer::at_work());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror");
    pull(&mut open(&path, &peer), &peer, 3);
    let whole = std::fs::metadata(&path).unwrap().len();
    std::fs::remove_file(&path).unwrap();
    // One byte too few for the last range.
    let mut mirror = open_within(&path, &peer, whole - 1);
    let full = loop {
        let from = mirror.followed().size();
        match mirror.take(&peer.range(from, peer.size().min(from + 3))) {
            Ok(taken) => assert_eq!(taken.unwrap().faults, []),
            Err(error) => break error,
        }
    };
    let held = std::fs::metadata(&path).unwrap().len();
    let MirrorError::Full { bytes, next, quota } = full else { panic!("{full}") };
    assert_eq!((bytes, bytes + next, quota), (held, whole, whole - 1));
    let (size, known) = (mirror.followed().size(), knowledge(mirror.followed().register()));
    assert!(0 < size && size < peer.size());
    drop(mirror);
    // A smaller quota takes nothing away either; a larger one goes on.
    let mirror = open_within(&path, &peer, 1);
    assert_eq!((mirror.followed().size(), knowledge(mirror.followed().register())), (size, known));
    drop(mirror);
    let mut mirror = open_within(&path, &peer, whole);
    pull(&mut mirror, &peer, 3);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), whole);
}
