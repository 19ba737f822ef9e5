//! A peer's log changes its key: whoever follows comes along, and a key that was retired is believed for nothing new.

use conformity::records::Facts;
use credential::bundle::Pin;
use federation::evidence::prove;
use federation::follow::{PeerFault, Signatures};
use federation::messages::{Evidence, Message};
use federation::mirror::Mirror;
use ledger::log_keys::{CheckpointKeys, LogKeys};
use ledger::merkle::leaf_hash;

use super::honest::{take, withheld};
use super::peer::{ORIGIN, Peer, scope};

/// A log at work that changed its key and went on; gives the place of the change.
fn rotated() -> (Peer, u64) {
    let mut peer = withheld(&Peer::at_work());
    let index = peer.rotate();
    peer.seal();
    peer.seal();
    (peer, index)
}

fn keys(peer: &Peer, index: u64) -> LogKeys {
    peer.key_history(&[0, index]).verify(Pin::Genesis(peer.genesis_digest())).unwrap()
}

#[test]
fn a_follower_reads_the_change_under_the_old_key_and_believes_the_new_one() {
    let (peer, index) = rotated();
    let mut before = peer.clone();
    before.cut(index + 1);
    let mut followed = peer.follower();
    take(&mut followed, &before, 0, index + 1);
    assert_eq!(followed.log_keys(), &keys(&peer, index), "read in the log itself");
    take(&mut followed, &peer, index + 1, peer.size());
    assert_eq!(followed.register().genesis().unwrap().log_keys.len(), 1);
}

#[test]
fn a_follower_who_comes_later_learns_of_the_change_first() {
    let (peer, index) = rotated();
    let mut followed = peer.follower();
    let fault = followed.compare(&peer.newest(0), 0).unwrap_err();
    assert_eq!(fault.code(), "bad-checkpoint");
    followed.learn(&keys(&peer, index)).unwrap();
    followed.compare(&peer.newest(0), 0).unwrap();
    take(&mut followed, &peer, 0, 5);
    take(&mut followed, &peer, 5, peer.size());
    // What was mirrored then is read again with the keys that were learnt.
    let folder = tempfile::tempdir().unwrap();
    let open = |log: LogKeys| {
        Mirror::open(&folder.path().join("mirror"), log, &peer.genesis_digest(), scope(), u64::MAX).unwrap()
    };
    let mut mirror = open(keys(&peer, index));
    assert!(mirror.take(&peer.range(0, peer.size())).unwrap().is_ok());
    drop(mirror);
    assert_eq!(open(keys(&peer, index)).followed().size(), peer.size());
}

#[test]
fn a_retired_key_signs_nothing_that_is_believed() {
    let (peer, index) = rotated();
    let thief = peer.stolen();
    let mut followed = peer.follower();
    followed.learn(&keys(&peer, index)).unwrap();
    take(&mut followed, &peer, 0, peer.size());
    let mut forked = thief.clone();
    forked.seal();
    let offered = forked.newest(followed.size());
    assert_eq!(followed.compare(&offered, 0).unwrap_err().code(), "bad-checkpoint");
    let refused = followed.examine(&forked.range(peer.size(), forked.size()), &scope(), Signatures::Check);
    assert_eq!(refused.err().map(|fault| fault.code()), Some("bad-checkpoint"));
    // Who does not know of the change reads it in the very entries that the thief shows.
    let naive = peer.follower();
    let refused = naive.examine(&forked.range(0, forked.size()), &scope(), Signatures::Check);
    assert_eq!(refused.err().map(|fault| fault.code()), Some("bad-checkpoint"));
}

#[test]
fn keys_that_contradict_those_that_are_known_are_refused() {
    let (peer, index) = rotated();
    let mut other = Peer::clone(&peer);
    other.cut(index);
    let other = {
        let mut other = other.stolen();
        other.seal();
        other.rotate();
        other.seal();
        other
    };
    let mut followed = peer.follower();
    followed.learn(&keys(&peer, index)).unwrap();
    let fault = followed.learn(&keys(&other, index + 1)).unwrap_err();
    assert_eq!((fault.code(), fault.stops()), ("bad-log-keys", false));
    followed.learn(&peer.log_keys()).unwrap();
    assert_eq!(followed.log_keys(), &keys(&peer, index), "less than is known changes nothing");
    let mut misled = peer.follower();
    misled.learn(&keys(&other, index + 1)).unwrap();
    let mut old = peer.clone();
    old.cut(index + 1);
    let fault = misled.examine(&old.range(0, index + 1), &scope(), Signatures::Check).err();
    assert!(matches!(fault, Some(PeerFault::LogKeys(_))), "{fault:?}");
}

#[test]
fn a_fork_across_the_change_is_evidence_by_both_keys() {
    let (peer, index) = rotated();
    let all = keys(&peer, index);
    let small = peer.note(ORIGIN, index, leaf_hash(b"another history"));
    let large = peer.checkpoint(peer.size());
    let one = all.at(index);
    assert_ne!(one, all.at(peer.size()), "each is signed by another key");
    let mut followed = peer.follower();
    followed.learn(&all).unwrap();
    take(&mut followed, &peer, 0, peer.size());
    let history = Some(peer.key_history(&[0, index]));
    let evidence = Evidence { keys: history, ..followed.contradiction(&small, &large).evidence() };
    let proven = prove(&evidence, &all).unwrap();
    assert_eq!((proven.first.size, proven.second.size), (index, peer.size()));
    // It travels with what proves the keys, to those who know the genesis alone.
    let read = Evidence::decode(&evidence.encode()).unwrap();
    let learnt = read.keys.as_ref().unwrap().verify(Pin::Genesis(peer.genesis_digest())).unwrap();
    assert!(prove(&read, &learnt).is_ok() && prove(&read, &peer.log_keys()).is_err());
    // A key that was retired accuses nobody.
    let forged = peer.stolen().note(ORIGIN, peer.size(), leaf_hash(b"another history"));
    let evidence = Evidence { first: large, second: forged, inconsistency: None, keys: None };
    assert!(prove(&evidence, &all).is_err());
}
