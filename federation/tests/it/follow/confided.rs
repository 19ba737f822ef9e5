//! Restricted verdicts that a peer shows to us alone: judged in the places of the log, kept out of the mirror, lied about in vain.

use conformity::records::Facts;
use federation::follow::{Confided, Followed, Gathering, PeerFault, Scope, Signatures};
use federation::messages::{Confidence, Range, Restricted, RestrictedRequest};
use federation::mirror::{Mirror, MirrorError};
use serde_json::{Value, json};

use super::peer::{Peer, verdict, verdict_id};

/// What was agreed on: the scheme `stars`, restricted verdicts on organizations included.
fn scope() -> Scope {
    let rule = json!({
        "id": "R-1", "from": ["jp"], "to": ["eu"], "scheme": "stars@1", "objects": ["organization"],
        "viewpoints": ["organization"], "grants": "full", "discloses": ["level", "scope"], "restricted": true,
        "onSuspension": "keep", "onEnd": "keep",
    });
    Scope::of_rules([&serde_json::from_value(rule).unwrap()])
}

fn restricted(id: &str, scheme: &str) -> Value {
    let mut claim = verdict(id, scheme);
    claim["profile"] = json!("restricted");
    claim
}

/// A registry at work that granted V-9 to be known to nobody and suspended it; with the places of what it withholds.
fn secretive() -> (Peer, Vec<u64>) {
    let mut peer = Peer::at_work();
    // X-1 is under a scheme that was not agreed on.
    let other = peer.size() - 2;
    let granted = peer.say("cb-1", "verdict-granted", restricted("V-9", "stars"));
    peer.seal();
    let suspended = peer.change("V-9", "suspended");
    peer.change("V-1", "suspended");
    (peer, vec![other, granted, suspended])
}

/// What the peer answers to everyone.
fn shown(peer: &Peer, from: u64, to: u64, withheld: &[u64]) -> Range {
    let mut range = peer.range(from, to);
    for (index, statement) in (from..).zip(&mut range.statements) {
        if withheld.contains(&index) {
            *statement = None;
        }
    }
    range
}

/// What the peer answers to us alone: of these places, at most so many.
fn answer(peer: &Peer, asked: RestrictedRequest, secret: &[u64], most: usize) -> Restricted {
    let end = asked.from + u64::from(asked.entries);
    let places: Vec<u64> = secret.iter().copied().filter(|index| (asked.from..end).contains(index)).collect();
    let next = places.get(most).copied().unwrap_or(end);
    let statements = places.into_iter().take(most).map(|index| confidence(peer, index, index));
    Restricted { statements: statements.collect(), gone: Vec::new(), next }
}

/// The statement at one place, said to stand at another.
fn confidence(peer: &Peer, index: u64, said: u64) -> Confidence {
    let place = usize::try_from(index).unwrap();
    Confidence { index: said, statement: peer.statements[place].clone().unwrap() }
}

fn gathered(peer: &Peer, range: &Range, from: u64, secret: &[u64], most: usize) -> Confided {
    let mut gathering = Gathering::new(range, from);
    while let Some(question) = gathering.question() {
        gathering.take(answer(peer, question, secret, most)).unwrap();
    }
    gathering.done().0
}

fn state(followed: &Followed, id: &str) -> Option<String> {
    followed.register().verdict(&verdict_id(id)).map(|record| record.now.state.name().as_str().to_owned())
}

fn mirror(path: &std::path::Path, peer: &Peer, confided: &Confided, quota: u64) -> Mirror {
    let resting = |place| Ok(confided.at(place).map(str::to_owned));
    Mirror::open_with(resting, path, peer.log_keys(), &peer.genesis_digest(), scope(), quota).unwrap()
}

#[test]
fn what_is_shown_to_us_alone_is_judged_in_its_place_in_pieces_of_any_size() {
    let (peer, withheld) = secretive();
    for (step, most) in [(1, 1), (3, 1), (4, 64), (peer.size(), 1), (peer.size(), 64)] {
        let mut followed = peer.follower();
        while followed.size() < peer.size() {
            let (from, to) = (followed.size(), peer.size().min(followed.size() + step));
            let range = shown(&peer, from, to, &withheld);
            let confided = gathered(&peer, &range, from, &withheld[1..], most);
            let examined = followed.examine_with(&confided, &range, &scope(), Signatures::Check).unwrap();
            assert_eq!((examined.faults.len(), examined.unconfided.len()), (0, 0), "in steps of {step}");
            followed.accept(examined).unwrap();
        }
        assert_eq!(state(&followed, "V-9").as_deref(), Some("suspended"), "in steps of {step}");
        assert_eq!((state(&followed, "V-1").as_deref(), state(&followed, "X-1")), (Some("suspended"), None));
    }
}

#[test]
fn a_key_that_was_stolen_takes_a_restricted_verdict_with_it() {
    let (mut peer, mut withheld) = secretive();
    let since = jiff::Timestamp::from_millisecond(peer.entries[withheld[1] as usize].time_ms as i64).unwrap();
    let claim = json!({
        "party": "cb-1", "kid": peer.thumbprint("cb-1"), "reason": {"code": "key-compromise"},
        "compromisedSince": since.to_string(),
    });
    peer.say("op", "key-revoked", claim);
    // What comes after the theft is declared is no statement of the body.
    withheld.push(peer.say("cb-1", "verdict-granted", restricted("V-8", "stars")));
    let range = shown(&peer, 0, peer.size(), &withheld);
    let confided = gathered(&peer, &range, 0, &withheld[1..], 64);
    let mut followed = peer.follower();
    let examined = followed.examine_with(&confided, &range, &scope(), Signatures::Check).unwrap();
    assert_eq!(examined.unconfided, ["key-revoked"]);
    assert_eq!(examined.confided.keys().map(ToString::to_string).collect::<Vec<_>>(), ["V-9"]);
    followed.accept(examined).unwrap();
    assert_eq!((state(&followed, "V-9").as_deref(), state(&followed, "V-8")), (Some("void"), None));
}

#[test]
fn no_byte_of_it_is_in_the_mirror_and_it_comes_back_from_elsewhere() {
    let (peer, withheld) = secretive();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror");
    let range = shown(&peer, 0, peer.size(), &withheld);
    let confided = gathered(&peer, &range, 0, &withheld[1..], 64);
    let mut first = mirror(&path, &peer, &Confided::default(), u64::MAX);
    let examined = first.examine(&range, &confided).unwrap();
    let again = first.examine(&range, &confided).unwrap();
    let taken = first.adopt(examined, &range).unwrap();
    assert_eq!(taken.confided[&verdict_id("V-9")].keys().copied().collect::<Vec<_>>(), withheld[1..]);
    assert!(matches!(first.adopt(again, &range), Err(MirrorError::Turn(_))), "once is enough");
    drop(first);
    let file = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
    for place in &withheld[1..] {
        assert!(!file.contains(peer.statements[*place as usize].as_deref().unwrap()), "{place}");
    }
    for (rests, expected) in [(&confided, Some("suspended")), (&Confided::default(), None)] {
        let opened = mirror(&path, &peer, rests, u64::MAX);
        assert_eq!((opened.followed().size(), state(opened.followed(), "V-9").as_deref()), (peer.size(), expected));
    }
    // What is let go of is forgotten as if it had never been given, also where the same mirror goes on.
    let mut opened = mirror(&path, &peer, &confided, u64::MAX);
    opened.forget(&[verdict_id("V-9")].into());
    let without = mirror(&path, &peer, &Confided::default(), u64::MAX);
    assert!(opened.followed().register() == without.followed().register());
    let elsewhere: Confided = [(withheld[1], peer.statements[0].clone().unwrap())].into_iter().collect();
    let opened = mirror(&path, &peer, &elsewhere, u64::MAX);
    assert_eq!(
        (opened.followed().size(), state(opened.followed(), "V-9")),
        (peer.size(), None),
        "it belongs to no entry"
    );
}

#[test]
fn the_room_of_the_mirror_tells_nothing_of_it() {
    let (peer, withheld) = secretive();
    let folder = tempfile::tempdir().unwrap();
    let range = shown(&peer, 0, peer.size(), &withheld);
    let confided = gathered(&peer, &range, 0, &withheld[1..], 64);
    let room = |name: &str, confided: &Confided, quota: u64| {
        let mut mirror = mirror(&folder.path().join(name), &peer, &Confided::default(), quota);
        let examined = mirror.examine(&range, confided).unwrap();
        let outcome = mirror.adopt(examined, &range).map(drop);
        (outcome, std::fs::metadata(folder.path().join(name)).unwrap().len())
    };
    let (_, bytes) = room("all", &Confided::default(), u64::MAX);
    assert!(room("both", &confided, bytes).0.is_ok(), "it takes none of the mirror's room");
    let told = [("without", Confided::default()), ("with", confided)].map(|(name, confided)| {
        let (outcome, left) = room(name, &confided, bytes - 1);
        assert!(matches!(outcome, Err(MirrorError::Full { .. })) && left == 0);
        outcome.unwrap_err().to_string()
    });
    assert_eq!(told[0], told[1]);
}

/// Each lie about what was asked ends the range under its code, and nothing of it is taken.
#[test]
fn a_lie_about_what_was_asked_is_refused_whole() {
    let (peer, withheld) = secretive();
    let range = shown(&peer, 0, peer.size(), &withheld);
    let [other, granted, suspended] = withheld[..] else { unreachable!() };
    let end = peer.size();
    let says = |statements: Vec<Confidence>, gone: Vec<u64>, next: u64| Restricted { statements, gone, next };
    let (unasked, malformed, wrong) =
        (PeerFault::RestrictedUnasked, PeerFault::RestrictedMalformed, PeerFault::RestrictedOther);
    let seal = granted + 1;
    let lies = [
        (
            "at a place that was shown to everyone",
            says(vec![confidence(&peer, other + 1, other + 1)], vec![], end),
            &unasked,
        ),
        ("at a seal", says(vec![confidence(&peer, granted, seal)], vec![], end), &unasked),
        (
            "behind what it says it looked at",
            says(vec![confidence(&peer, granted, granted)], vec![], granted),
            &unasked,
        ),
        ("behind the range", says(vec![confidence(&peer, granted, end)], vec![], end), &unasked),
        (
            "twice",
            says(vec![confidence(&peer, granted, granted), confidence(&peer, granted, granted)], vec![], end),
            &unasked,
        ),
        (
            "not in the order of the log",
            says(vec![confidence(&peer, suspended, suspended), confidence(&peer, granted, granted)], vec![], end),
            &unasked,
        ),
        ("erased before it stands", says(vec![], vec![end], end), &unasked),
        (
            "another statement than the entry commits to",
            says(vec![confidence(&peer, suspended, granted)], vec![], end),
            &wrong,
        ),
        ("no way on", says(vec![], vec![], other), &malformed),
        ("beyond what was asked", says(vec![], vec![], end + 1), &malformed),
    ];
    for (about, lie, expected) in lies {
        let mut gathering = Gathering::new(&range, 0);
        assert_eq!(gathering.question().unwrap().from, other, "what is shown to everyone is not asked for");
        let fault = gathering.take(lie).unwrap_err();
        assert_eq!(&fault, expected, "{about}");
        assert!(fault.code() == "incomplete" && !fault.stops(), "{about}");
        assert!(!fault.to_string().contains("restricted"), "what is public says nothing of them: {about}");
        assert!(fault.in_confidence().is_some_and(|code| code.starts_with("restricted-")), "{about}");
        assert!(!fault.to_string().contains(char::is_numeric), "{about}: it tells where");
        assert!(gathering.done().1.is_empty(), "{about}");
    }
    let nothing = peer.range(0, peer.size());
    assert_eq!(Gathering::new(&nothing, 0).question(), None, "nothing is withheld, nothing is asked");
}

/// What is true of the log and no restricted verdict that was agreed on is left out, and nothing of it rests.
#[test]
fn what_does_not_belong_to_what_was_agreed_is_left_out() {
    let site = |id: &str| {
        let mut claim = restricted(id, "stars");
        claim["object"] = json!({"kind": "site", "name": "A works"});
        claim
    };
    type Says = Box<dyn Fn(&mut Peer) -> u64>;
    let rows: Vec<(&str, &str, Says)> = vec![
        (
            "another scheme",
            "out-of-scope",
            Box::new(|peer| peer.say("cb-1", "verdict-granted", restricted("X-9", "other"))),
        ),
        (
            "another kind of object",
            "unknown-object",
            Box::new(move |peer| peer.say("cb-1", "verdict-granted", site("V-7"))),
        ),
        (
            "an open verdict",
            "out-of-scope",
            Box::new(|peer| peer.say("cb-1", "verdict-granted", verdict("V-7", "stars"))),
        ),
        ("a change of an open one", "out-of-scope", Box::new(|peer| peer.change("V-2", "suspended"))),
        ("a change of one that was not shown", "withheld", Box::new(|peer| peer.change("V-0", "suspended"))),
        (
            "by a body that is not accredited",
            "not-accredited",
            Box::new(|peer| peer.say("cb-2", "verdict-granted", restricted("V-7", "stars"))),
        ),
        (
            "forged",
            "bad-signature",
            Box::new(|peer| peer.say_forged("cb-1", "verdict-granted", restricted("V-7", "stars"))),
        ),
    ];
    for (about, code, says) in rows {
        let mut peer = Peer::at_work();
        let place = says(&mut peer);
        let other = peer.size() - 3;
        let range = shown(&peer, 0, peer.size(), &[other, place]);
        let confided = gathered(&peer, &range, 0, &[place], 64);
        let mut followed = peer.follower();
        let examined = followed.examine_with(&confided, &range, &scope(), Signatures::Check).unwrap();
        assert_eq!(examined.unconfided, [code], "{about}");
        assert!(examined.confided.is_empty() && examined.faults.is_empty(), "{about}");
        followed.accept(examined).unwrap();
        assert_eq!(followed.size(), peer.size());
        for id in ["V-7", "V-0", "X-9"] {
            assert_eq!(state(&followed, id), None, "{about}");
        }
        assert_eq!(state(&followed, "V-2").as_deref(), Some("granted"), "{about}");
    }
}
