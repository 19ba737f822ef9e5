//! Every byte of an answer counts: whichever is changed, the mirror is what it would have been, or as before.

use std::sync::LazyLock;

use federation::follow::{Followed, Signatures};
use federation::messages::{CheckpointAnswer, Message, Range};
use proptest::prelude::*;

use super::honest::{take, withheld};
use super::peer::{Peer, knowledge, scope};

const HELD: u64 = 5;

struct Honest {
    peer: Peer,
    /// A part, so that a proof is in it.
    range: Vec<u8>,
    newest: Vec<u8>,
    register: String,
}

static HONEST: LazyLock<Honest> = LazyLock::new(|| {
    let peer = withheld(&Peer::at_work());
    let range = peer.range(HELD, peer.size() - 1);
    let mut followed = follower(&peer);
    let examined = followed.examine(&range, &scope(), Signatures::Check).unwrap();
    followed.accept(examined).unwrap();
    let register = knowledge(followed.register());
    Honest { range: range.encode().to_vec(), newest: peer.newest(HELD).encode().to_vec(), register, peer }
});

fn follower(peer: &Peer) -> Followed {
    let mut followed = peer.follower();
    take(&mut followed, peer, 0, HELD);
    followed
}

fn check_range(bytes: &[u8]) {
    let honest = &*HONEST;
    let Ok(range) = Range::decode(bytes) else { return };
    let mut followed = follower(&honest.peer);
    let Ok(examined) = followed.examine(&range, &scope(), Signatures::Check) else { return };
    // It says the same in other words; a statement that is hidden may bring less, never something else.
    let faults = examined.faults.clone();
    let shown = range.statements.iter().flatten().count();
    followed.accept(examined).unwrap();
    assert!(faults.is_empty() || shown < honest.peer.statements.len());
    assert_eq!(followed.size(), honest.peer.size() - 1);
    assert!(
        honest
            .peer
            .tree
            .root_at(followed.size())
            .is_ok_and(|root| root == followed.signed(&honest.peer.checkpoint(followed.size())).unwrap().root)
    );
    if shown == Range::decode(&honest.range).unwrap().statements.iter().flatten().count() {
        assert_eq!(knowledge(followed.register()), honest.register);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_byte_of_a_range_changes_nothing(place in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = HONEST.range.clone();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        check_range(&bytes);
    }

    #[test]
    fn a_range_cut_or_doubled_changes_nothing(cut in any::<prop::sample::Index>(), length in 0..50_usize) {
        let mut bytes = HONEST.range.clone();
        let cut = cut.index(bytes.len());
        let end = bytes.len().min(cut + length);
        let part = bytes[cut..end].to_vec();
        check_range(&[&bytes[..cut], &bytes[end..]].concat());
        bytes.splice(cut..cut, part);
        check_range(&bytes);
    }

    #[test]
    fn a_changed_byte_of_a_checkpoint_is_seen(place in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = HONEST.newest.clone();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        if let Ok(answer) = CheckpointAnswer::decode(&bytes)
            && let Ok(standing) = follower(&HONEST.peer).compare(&answer, HELD)
        {
            prop_assert_eq!(standing, federation::follow::Standing::Grown(HONEST.peer.size()));
        }
    }
}
