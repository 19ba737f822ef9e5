//! A peer that does nothing wrong.

use std::collections::BTreeSet;

use conformity::ids::VerdictId;
use conformity::records::Facts;
use federation::follow::{Followed, Signatures, Standing};
use serde_json::json;

use super::peer::{Peer, scope, verdict, verdict_id};

pub(crate) fn take(followed: &mut Followed, peer: &Peer, from: u64, to: u64) {
    let examined = followed.examine(&peer.range(from, to), &scope(), Signatures::Check).unwrap();
    assert!(examined.faults.is_empty(), "{:?}", examined.faults);
    followed.accept(examined).unwrap();
}

/// The peer shows a follower only what was agreed on.
pub(crate) fn withheld(peer: &Peer) -> Peer {
    let mut shown = peer.clone();
    for statement in &mut shown.statements {
        if statement.as_ref().is_some_and(|compact| about_another_scheme(compact)) {
            *statement = None;
        }
    }
    shown
}

fn about_another_scheme(compact: &str) -> bool {
    use base64::Engine;
    let payload = compact.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    String::from_utf8(payload).unwrap().contains("\"verdict\":\"X-1\"")
}

#[test]
fn a_log_is_followed_in_pieces_of_any_size() {
    let peer = withheld(&Peer::at_work());
    for step in [1, 2, 5, 7, peer.size()] {
        let mut followed = peer.follower();
        while followed.size() < peer.size() {
            let from = followed.size();
            take(&mut followed, &peer, from, peer.size().min(from + step));
        }
        assert_eq!(followed.register().verdict(&verdict_id("X-1")), None);
        for id in ["V-1", "V-2"] {
            assert!(followed.register().verdict(&verdict_id(id)).is_some(), "{id} in steps of {step}");
        }
        assert_eq!(followed.compare(&peer.newest(peer.size()), peer.size()), Ok(Standing::Same));
    }
}

#[test]
fn growth_is_seen_and_taken() {
    let mut peer = withheld(&Peer::at_work());
    let mut followed = peer.follower();
    take(&mut followed, &peer, 0, peer.size());
    let held = followed.size();
    peer.change("V-1", "suspended");
    peer.seal();
    assert_eq!(followed.compare(&peer.newest(held), held), Ok(Standing::Grown(peer.size())));
    let examined = followed.examine(&peer.range(held, peer.size()), &scope(), Signatures::Check).unwrap();
    let changed = followed.accept(examined).unwrap();
    assert_eq!(changed, [verdict_id("V-1")].into());
    let verdict = followed.register().verdict(&verdict_id("V-1")).unwrap();
    assert_eq!(verdict.now.state.name().as_str(), "suspended");
}

#[test]
fn what_a_stolen_key_signed_is_void_for_a_follower_too() {
    let mut peer = withheld(&Peer::at_work());
    let since = jiff::Timestamp::from_millisecond(peer.now_ms.try_into().unwrap()).unwrap();
    peer.say("cb-1", "verdict-granted", verdict("V-9", "stars"));
    peer.change("V-1", "suspended");
    let held = peer.size();
    let mut followed = peer.follower();
    take(&mut followed, &peer, 0, held);
    let state = |followed: &Followed, id| followed.register().verdict(&verdict_id(id)).unwrap().now.state.name();
    assert_eq!(["V-1", "V-2", "V-9"].map(|id| state(&followed, id).as_str()), ["suspended", "granted", "granted"]);
    let revoked = json!({"party": "cb-1", "kid": peer.thumbprint("cb-1"), "compromisedSince": since.to_string()});
    peer.say("op", "key-revoked", revoked);
    let examined = followed.examine(&peer.range(held, peer.size()), &scope(), Signatures::Check).unwrap();
    assert!(examined.faults.is_empty(), "{:?}", examined.faults);
    let changed = followed.accept(examined).unwrap();
    assert_eq!(changed, ["V-1", "V-9"].map(verdict_id).into(), "just these are to be looked at again");
    assert_eq!(["V-1", "V-2", "V-9"].map(|id| state(&followed, id).as_str()), ["granted", "granted", "void"]);
    let mut again = peer.follower();
    take(&mut again, &peer, 0, peer.size());
    assert!(again.register() == followed.register(), "in one piece or in several");
}

#[test]
fn what_becomes_of_a_successor_reaches_the_verdicts_that_it_took_over() {
    let mut peer = withheld(&Peer::at_work());
    let accredited = json!({
        "id": "C-2", "body": "cb-2", "as": "certification-body", "scheme": "stars@1", "viewpoints": ["organization"],
        "from": "2026-01-01", "until": "2031-12-31",
    });
    peer.say("ab", "accreditation-granted", accredited);
    let mut followed = peer.follower();
    take(&mut followed, &peer, 0, peer.size());
    let both = ["V-1", "V-2"].map(verdict_id).into();
    let agreed = json!({"predecessor": "cb-1", "successor": "cb-2", "from": "2027-01-01", "until": "2027-12-31"});
    for body in ["cb-1", "cb-2"] {
        peer.say(body, "succession-agreed", agreed.clone());
    }
    let reason = json!({"code": "merged"});
    peer.say("ministry", "body-succeeded", json!({"predecessor": "cb-1", "successor": "cb-2", "reason": reason}));
    assert_eq!(follow(&mut followed, &peer), both, "the successor may not be accredited");
    let issued_by = |followed: &Followed| followed.register().verdict(&verdict_id("V-1")).unwrap().now.issuer.clone();
    peer.say("ab", "accreditation-changed", json!({"id": "C-2", "change": "withdrawn", "reason": reason}));
    assert_eq!(follow(&mut followed, &peer), both, "nobody stated what that means for them");
    assert_eq!(issued_by(&followed).as_str(), "cb-1");
}

/// Takes what the peer has more; gives the verdicts that are to be looked at again.
fn follow(followed: &mut Followed, peer: &Peer) -> BTreeSet<VerdictId> {
    let examined = followed.examine(&peer.range(followed.size(), peer.size()), &scope(), Signatures::Check).unwrap();
    assert!(examined.faults.is_empty(), "{:?}", examined.faults);
    followed.accept(examined).unwrap()
}
