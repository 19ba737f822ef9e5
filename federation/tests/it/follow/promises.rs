//! A checkpoint that is ahead of the entries is a promise, and one that was remembered is, too.

use federation::follow::{PeerFault, Signatures};
use ledger::merkle::leaf_hash;
use ledger::note::NoteVerifier;

use super::honest::take;
use super::hostile::{HELD, prepared};
use super::peer::{ORIGIN, Peer, scope};

/// The log was signed in two ways beyond what the follower has pulled: it is found out when the first promise is due.
#[test]
fn a_promise_is_kept_or_the_log_is_forked() {
    let (peer, mut followed) = prepared();
    let examined = followed.examine(&peer.range(HELD, HELD + 1), &scope(), Signatures::Check).unwrap();
    followed.accept(examined).unwrap();
    let promised = followed.checkpoint().cloned().unwrap();
    assert!(followed.signed(&promised).unwrap().size > followed.size());

    let mut forked = peer.clone();
    forked.cut(HELD + 2);
    while forked.size() < peer.size() + 5 {
        forked.seal();
    }
    // Not yet where they differ: taken, but the first promise still binds.
    let examined = followed.examine(&forked.range(HELD + 1, HELD + 2), &scope(), Signatures::Check).unwrap();
    followed.accept(examined).unwrap();
    assert_eq!(followed.checkpoint(), Some(&promised));
    let before = followed.size();
    let fault = followed.examine(&forked.range(before, forked.size()), &scope(), Signatures::Check).err();
    let Some(PeerFault::Fork(evidence)) = fault else { panic!("{fault:?}") };
    assert_eq!((evidence.held.as_str(), &evidence.offered), (&*promised, &forked.checkpoint(forked.size())));
    assert_eq!(followed.size(), before);
    // The range reached the second checkpoint, so that the contradiction can be proven to others.
    let log: NoteVerifier = peer.genesis.log_key.as_str().parse().unwrap();
    let proven = federation::evidence::prove(&evidence.evidence(), &log).unwrap();
    assert!(proven.first.size < proven.second.size);
    take(&mut followed, &peer, before, peer.size());
}

/// A mirror is lost, the log is pulled again, and it is another one: the remembered checkpoint tells.
#[test]
fn what_was_remembered_outlives_what_was_mirrored() {
    let (peer, followed) = prepared();
    let remembered = followed.checkpoint().cloned().unwrap();
    let mut forked = peer.clone();
    forked.cut(HELD - 2);
    while forked.size() < peer.size() + 5 {
        forked.seal();
    }
    for step in [1, 3, forked.size()] {
        let mut again = peer.follower();
        again.remember(&remembered).unwrap();
        let fault = loop {
            let (from, to) = (again.size(), forked.size().min(again.size() + step));
            match again.examine(&forked.range(from, to), &scope(), Signatures::Check) {
                Ok(examined) => drop(again.accept(examined).unwrap()),
                Err(fault) => break fault,
            }
        };
        assert_eq!(fault.code(), "fork", "in steps of {step}");
        assert!(again.size() < HELD);
    }
    let mut again = peer.follower();
    again.remember(&remembered).unwrap();
    take(&mut again, &peer, 0, peer.size());

    let mut young = peer.clone();
    young.cut(HELD - 1);
    let mut again = peer.follower();
    again.remember(&remembered).unwrap();
    let fault = again.examine(&young.range(0, 5), &scope(), Signatures::Check).err().unwrap();
    assert_eq!(fault.code(), "rollback", "the peer restored an old backup");
}

#[test]
fn a_remembered_checkpoint_is_held_against_what_is_mirrored() {
    let (peer, mut followed) = prepared();
    let mut forked = peer.clone();
    forked.cut(HELD - 1);
    forked.seal();
    assert_eq!(followed.remember(&forked.checkpoint(HELD)).unwrap_err().code(), "fork");
    assert_eq!(followed.remember(&Peer::begun().checkpoint(1)).unwrap_err().code(), "bad-checkpoint");
    assert_eq!(followed.remember(&peer.checkpoint(HELD - 1)), Ok(()));
    assert_eq!(followed.remember(&peer.checkpoint(HELD + 1)), Ok(()));
    let forged = peer.note(ORIGIN, HELD + 1, leaf_hash(b"x"));
    assert_eq!(followed.remember(&forged).unwrap_err().code(), "fork");
}
