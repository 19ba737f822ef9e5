//! Recognitions: derived by the node, carried in a list, one statement per range.

use conformity::Digest;
use conformity::recognised::{MAX_RESULTS, Recognition, ResultList, read_results};
use conformity::recognition::{in_effect, rests_no_more};
use conformity::records::Facts;
use serde_json::{Value, json};

use crate::world::{PEER_ORIGIN, Row, World, peer, reason, row, signed, terms, with};

type Outcome = Result<Vec<conformity::Record>, conformity::Refusal>;

/// One row of a result list.
pub(crate) fn result(id: &str) -> Value {
    json!({
        "verdict": format!("eu:{id}"),
        "supplier": {"id": "lei:5493001KJTIIGC8Y1R12", "name": "Exemple SA", "country": "FR", "others": ["local:eu-list:17"]},
        "scheme": "eucc@1", "object": {"kind": "product", "name": "A card", "version": "1.2"},
        "viewpoints": ["people-and-things"], "state": "granted", "outcome": "recognised",
        "arrangement": {"id": "A-1", "version": 1}, "rule": "R-1", "explanation": "recognised under rule R-1 of A-1",
    })
}

fn list(rows: &[Value]) -> Vec<u8> {
    rows.iter().flat_map(|row| format!("{row}\n").into_bytes()).collect()
}

fn claim(from: u64, to: u64, count: usize, list: &[u8]) -> Value {
    json!({
        "origin": PEER_ORIGIN, "registry": "eu", "from": from, "to": to, "checkpoint": "a signed note", "cause": "range",
        "results": {"digest": Digest::of(list).to_string(), "count": count},
    })
}

fn derive(world: &mut World, claim: Value, list: Option<&[u8]>) -> Outcome {
    let payload = world.envelope("node", "recognition-derived", claim);
    world.take(&payload, list)
}

/// Follows a range without results.
pub(crate) fn follow(world: &mut World, from: u64, to: u64) {
    derive(world, claim(from, to, 0, b""), None).unwrap();
}

pub(crate) fn expel(world: &mut World) {
    world.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
}

/// What an expulsion says.
fn ends(count: usize, list: &[u8]) -> Value {
    with(claim(0, 0, count, list), json!({"cause": "expulsion"}))
}

/// A row that an expulsion refuses.
pub(crate) fn ended(id: &str) -> Value {
    with(result(id), json!({"outcome": "refused", "gaps": [{"code": "peer-expelled", "text": "it was expelled"}]}))
}

/// Recognises one verdict in a range of its own.
pub(crate) fn recognise(world: &mut World, id: &str) {
    let rows = list(&[result(id)]);
    let followed = world.register.peer(&"eu".parse().unwrap()).unwrap().followed;
    derive(world, claim(followed, followed + 9, 1, &rows), Some(&rows)).unwrap();
}

/// Recognises E-1, expels the peer, and says of it what the row says.
pub(crate) fn end_row(world: &mut World, row: Value) -> Outcome {
    recognise(world, "E-1");
    expel(world);
    let rows = list(&[row]);
    derive(world, ends(1, &rows), Some(&rows))
}

/// Derives one row as it is given.
fn derive_row(world: &mut World, row: &str) -> Outcome {
    derive(world, claim(0, 9, 1, row.as_bytes()), Some(row.as_bytes()))
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("the operator recognises", |w| w.say("op", "recognition-derived", claim(0, 9, 0, b"")), "node-only"),
        row("a body recognises", |w| w.say("cb-1", "recognition-derived", claim(0, 9, 0, b"")), "node-only"),
        row("verdicts of a stranger", |w| derive(w, with(claim(0, 9, 0, b""), json!({"registry": "us"})), None), "unknown-peer"),
        row("verdicts of another log", |w| derive(w, with(claim(0, 9, 0, b""), json!({"origin": "us.registry.example"})), None), "party-origin"),
        row("verdicts of an expelled peer", |w| {
            w.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
            derive(w, claim(0, 9, 0, b""), None)
        }, "peer-expelled"),
        row("a range with a gap before it", |w| derive(w, claim(3, 9, 0, b""), None), "range-gap"),
        row("a range that was followed before", |w| {
            follow(w, 0, 9);
            derive(w, claim(0, 9, 0, b""), None)
        }, "range-gap"),
        row("a range of nothing", |w| derive(w, claim(0, 0, 0, b""), None), "range-gap"),
        row("a second look at what was never followed", |w| derive(w, with(claim(0, 9, 0, b""), json!({"cause": "time"})), None), "range-gap"),
        row("because of an arrangement that is not there", |w| {
            let digest = Digest::of(b"x").to_string();
            derive(w, with(claim(0, 0, 0, b""), json!({"cause": {"arrangement": {"id": "A-1", "digest": digest}}})), None)
        }, "unknown-arrangement"),
        row("a part of a range that begins elsewhere", |w| {
            let rows = list(&[result("E-1")]);
            derive(w, claim(3, 3, 1, &rows), Some(&rows))
        }, "range-gap"),
        row("the end of a peering that goes on", |w| derive(w, ends(0, b""), None), "peer-not-expelled"),
        row("the end of a peering with a stranger", |w| derive(w, with(ends(0, b""), json!({"registry": "us"})), None), "unknown-peer"),
        row("the end of what was never followed", |w| {
            expel(w);
            derive(w, with(ends(0, b""), json!({"to": 1})), None)
        }, "range-gap"),
        row("an expulsion that leaves something recognised", |w| end_row(w, result("E-1")), "results-row"),
        row("an expulsion that refuses for another reason", |w| end_row(w, with(ended("E-1"), json!({"gaps": [{"code": "own-verdict", "text": "x"}]}))), "results-row"),
        row("an expulsion that recognises because of itself", |w| end_row(w, with(ended("E-1"), json!({"outcome": "recognised"}))), "results-row"),
        row("an expulsion refuses what was never recognised", |w| end_row(w, ended("E-2")), "results-row"),
        row("an expulsion refuses what was recognised after it", |w| {
            expel(w);
            w.must("op", "peer-added", peer("eu", PEER_ORIGIN));
            recognise(w, "E-1");
            let rows = list(&[ended("E-1")]);
            derive(w, ends(1, &rows), Some(&rows))
        }, "results-row"),
        row("the list is missing", |w| derive(w, claim(0, 9, 1, b"x"), None), "results-missing"),
        row("another list", |w| derive(w, claim(0, 9, 1, b"x"), Some(b"y")), "results-digest"),
        row("a list that is too large", |w| derive(w, claim(0, 9, 1, b"x"), Some(&vec![b'\n'; MAX_RESULTS + 1])), "results-too-large"),
        row("a row less than said", |w| {
            let rows = list(&[result("E-1")]);
            derive(w, claim(0, 9, 2, &rows), Some(&rows))
        }, "results-count"),
        row("a row more than said", |w| {
            let rows = list(&[result("E-1"), result("E-2")]);
            derive(w, claim(0, 9, 1, &rows), Some(&rows))
        }, "results-count"),
        row("a verdict twice", |w| {
            let rows = list(&[result("E-1"), result("E-1")]);
            derive(w, claim(0, 9, 2, &rows), Some(&rows))
        }, "results-twice"),
        row("a row that is no recognition", |w| derive_row(w, "{}\n"), "results-row"),
        row("an empty row", |w| derive_row(w, "\n"), "results-row"),
        row("a row without its end", |w| derive_row(w, &result("E-1").to_string()), "results-row"),
        row("a row with an unknown member", |w| derive_row(w, &format!("{}\n", with(result("E-1"), json!({"extra": 1})))), "results-row"),
        row("a row on a verdict of a third registry", |w| derive_row(w, &format!("{}\n", with(result("E-1"), json!({"verdict": "us:E-1"})))), "results-row"),
    ]
}

#[test]
fn a_range_brings_its_recognitions_and_is_not_followed_twice() {
    let mut world = World::furnished();
    let rows = list(&[result("E-1"), result("E-2")]);
    derive(&mut world, claim(0, 9, 2, &rows), Some(&rows)).unwrap();
    assert_eq!(world.register.peer(&"eu".parse().unwrap()).unwrap().followed, 9);
    let record = world.register.recognition(&"eu:E-2".parse().unwrap()).unwrap();
    assert_eq!((record.position, record.since.index), (1, world.next - 1));
    for supplier in ["lei:5493001KJTIIGC8Y1R12", "local:eu-list:17"] {
        assert_eq!(world.register.recognitions_of(&supplier.parse().unwrap()).len(), 2, "{supplier}");
    }
    follow(&mut world, 9, 12);
}

#[test]
fn a_later_look_replaces_what_was_recognised() {
    let mut world = World::furnished();
    world.must("op", "arrangement-signed", signed(terms()));
    let rows = list(&[result("E-1")]);
    derive(&mut world, claim(0, 9, 1, &rows), Some(&rows)).unwrap();
    let supplier = json!({"id": "lei:5493001KJTIIGC8Y1R12", "name": "Exemple SA", "country": "FR"});
    let rows = list(&[with(result("E-1"), json!({"outcome": "refused", "supplier": supplier}))]);
    let cause = json!({"cause": {"arrangement": {"id": "A-1", "digest": Digest::of(b"terms").to_string()}}});
    derive(&mut world, with(claim(0, 9, 1, &rows), cause), Some(&rows)).unwrap();
    let record = world.register.recognition(&"eu:E-1".parse().unwrap()).unwrap();
    assert_eq!(record.recognition.outcome.as_str(), "refused");
    assert_eq!(record.entries, [world.next - 2, world.next - 1]);
    for index in record.entries.clone() {
        let erased = world.say("op", "statement-erased", json!({"index": index, "reason": reason()}));
        assert_eq!(erased.unwrap_err().code(), "not-erasable", "later looks rest on {index}");
    }
    assert_eq!(
        world.register.recognitions_of(&"local:eu-list:17".parse().unwrap()).len(),
        0,
        "no longer known by that name"
    );
    assert_eq!(world.register.recognition_count(), 1);
}

#[test]
fn a_range_that_does_not_fit_one_list_ends_with_the_last_of_its_statements() {
    let mut world = World::furnished();
    let (first, second) = (list(&[result("E-1")]), list(&[result("E-2")]));
    derive(&mut world, claim(0, 0, 1, &first), Some(&first)).unwrap();
    let followed = |world: &World| world.register.peer(&"eu".parse().unwrap()).unwrap().followed;
    assert_eq!(followed(&world), 0, "the range goes on");
    derive(&mut world, claim(0, 9, 1, &second), Some(&second)).unwrap();
    assert_eq!((followed(&world), world.register.recognition_count()), (9, 2));
}

#[test]
fn a_changed_arrangement_is_assessed_by_all_that_is_followed_by_then() {
    let mut world = World::furnished();
    world.must("op", "arrangement-signed", signed(terms()));
    let cause = json!({"cause": {"arrangement": {"id": "A-1", "digest": Digest::of(b"terms").to_string()}}});
    let rows = list(&[result("E-1")]);
    let gap = derive(&mut world, with(claim(3, 9, 1, &rows), cause.clone()), Some(&rows));
    assert_eq!(gap.unwrap_err().code(), "range-gap");
    derive(&mut world, with(claim(0, 9, 1, &rows), cause), Some(&rows)).unwrap();
    assert_eq!(world.register.peer(&"eu".parse().unwrap()).unwrap().followed, 9);
    follow(&mut world, 9, 12);
}

#[test]
fn a_result_list_is_never_larger_than_what_is_read() {
    let recognition = |id: &str| serde_json::from_value::<Recognition>(result(id)).unwrap();
    let mut full = ResultList::default();
    let mut rows = 0;
    while full.push(&recognition(&format!("E-{rows:06}"))).unwrap() {
        rows += 1;
    }
    let results = full.results();
    let bytes = full.into_bytes();
    assert_eq!((results.digest, results.count), (Digest::of(&bytes), rows));
    assert!(bytes.len() <= MAX_RESULTS && bytes.len() + 600 > MAX_RESULTS, "{} bytes", bytes.len());
    assert_eq!(read_results(&bytes).unwrap().len() as u64, u64::from(rows), "what did not fit left nothing behind");
}

/// From the entry of the expulsion on nothing counts, whether the node has said so yet or not.
#[test]
fn an_expulsion_ends_what_was_recognised() {
    let mut world = World::furnished();
    for id in ["E-1", "E-2"] {
        recognise(&mut world, id);
    }
    let read = |world: &World, id: &str| {
        let record = world.register.recognition(&format!("eu:{id}").parse().unwrap()).unwrap();
        let peer = world.register.peer(&"eu".parse().unwrap());
        let read = in_effect(record, peer.as_deref()).recognition.clone();
        (read.outcome.as_str(), read.gaps.first().map(|gap| gap.code.to_string()))
    };
    let ended_by_it = ("refused", Some("peer-expelled".to_owned()));
    assert_eq!(read(&world, "E-1"), ("recognised", None));
    expel(&mut world);
    assert_eq!(read(&world, "E-1"), ended_by_it, "before the node says so");
    let rows = list(&[ended("E-1")]);
    derive(&mut world, with(ends(1, &rows), json!({"from": 18, "to": 18})), Some(&rows)).unwrap();
    let peer_record = world.register.peer(&"eu".parse().unwrap()).unwrap();
    let stated = world.register.recognition(&"eu:E-1".parse().unwrap()).unwrap();
    assert!(rests_no_more(&stated, &peer_record).is_none(), "said once");
    assert_eq!(read(&world, "E-1"), ended_by_it);
    // Added again before all was said: what was made of E-2 does not come back by itself.
    world.must("op", "peer-added", peer("eu", PEER_ORIGIN));
    assert_eq!(read(&world, "E-2"), ended_by_it);
    let rows = list(&[ended("E-2")]);
    derive(&mut world, with(ends(1, &rows), json!({"from": 18, "to": 18})), Some(&rows)).unwrap();
    recognise(&mut world, "E-1");
    assert_eq!(read(&world, "E-1"), ("recognised", None), "derived again");
    assert_eq!(read(&world, "E-2"), ended_by_it);
}
