//! Questions of the past: what was answered once is answered again, and what was erased or taken away is not.

use conformity::records::Facts;
use conformity::time::Moment;
use serde_json::{Value, json};

use super::bulletins::bulletin;
use super::fixture::{World, change, now, verdict};
use super::neighbours::{add_peer, derive, peered, row};

const SUPPLIER: &str = "corporate-number:7000012050002";
const ABROAD: &str = "lei:5493001KJTIIGC8Y1R12";

/// What of a peer is of the present alone.
const PRESENT: [&str; 4] = ["followed", "cosigned", "evidence", "status"];

/// Everything that can be asked of the past.
fn paths() -> Vec<String> {
    let lists = [
        "documents",
        "schemes",
        "crosswalks",
        "parties",
        "accreditations",
        "designations",
        "arrangements",
        "bulletins",
        "cascades",
        "peers",
    ];
    let mut paths: Vec<String> = lists.iter().map(|list| format!("/v1/{list}?limit=1000")).collect();
    paths.extend(["jp:V-1", "jp:V-9", "eu:E-1"].map(|verdict| format!("/v1/verdicts/{verdict}?lang=ja")));
    paths.extend(["/v1/hosted?known=then", "/v1/bulletins/jp:N-1?known=then"].map(str::to_owned));
    for supplier in [SUPPLIER, ABROAD] {
        paths.push(format!("/v1/verdicts?supplier={supplier}"));
        paths.push(format!("/v1/suppliers/{supplier}/standing?lang=en"));
        paths.push(format!("/v1/suppliers/{supplier}/standing?scheme=stars"));
        paths.push(format!("/v1/documents/sp800-171@r3/coverage?supplier={supplier}"));
    }
    paths
}

/// The answer, and what it says of its time apart.
fn apart(answer: &super::fixture::Got) -> (u16, Value, [Value; 3]) {
    let mut value = answer.json();
    let peers = value.get_mut("peers").and_then(Value::as_array_mut);
    for peer in peers.into_iter().flatten() {
        let peer = peer.as_object_mut().unwrap();
        peer.retain(|name, _| !PRESENT.contains(&name.as_str()));
    }
    let echo = ["asOf", "asOfSize", "known"].map(|name| {
        let object = value.as_object_mut().unwrap();
        object.remove(name).unwrap_or_default()
    });
    (answer.status, value, echo)
}

async fn answers(world: &World, more: &str) -> Vec<(u16, Value, [Value; 3])> {
    let mut talk = world.talk(None).await;
    let mut all = Vec::new();
    for path in paths() {
        all.push(apart(&talk.ask(&format!("{path}{more}")).await));
    }
    all
}

/// Where a verdict was granted.
fn granted(world: &World, id: &str) -> Moment {
    let register = world.registry.read_model.register();
    register.verdict(&id.parse().unwrap()).unwrap().history[0].moment()
}

/// A life of a registry, step by step.
async fn step(world: &World, number: usize) {
    let (operator, meti, jab, cb) = (world.operator(), world.person("meti"), world.person("jab"), world.person("cb-1"));
    let reason = json!({"code": "as-agreed"});
    let with_id = |id: &str, change: &str| json!({"id": id, "change": change, "reason": reason});
    match number {
        0 => {
            world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
        }
        1 => {
            derive(world, 0, 5, &(row("E-0", "recognised") + &row("E-1", "recognised"))).await;
        }
        2 => {
            world.must(&cb, "verdict-changed", change("V-1", json!("restored"))).await;
        }
        3 => {
            derive(world, 5, 6, &row("E-1", "partial")).await;
        }
        4 => {
            world.must(&jab, "accreditation-changed", with_id("A-2", "suspended")).await;
        }
        5 => {
            world.must(&meti, "arrangement-suspended", json!({"id": "jp-eu", "reason": reason})).await;
        }
        6 => {
            world.must(&cb, "verdict-granted", verdict("V-9")).await;
        }
        7 => {
            world.must(&meti, "designation-changed", with_id("D-1", "suspended")).await;
        }
        8 => {
            world.must(&operator, "peer-expelled", json!({"registry": "eu", "reason": reason})).await;
        }
        9 => add_peer(world).await,
        10 => {
            derive(world, 0, 1, &row("E-1", "refused")).await;
        }
        11 => {
            world.must(&meti, "arrangement-restored", json!({"id": "jp-eu", "reason": reason})).await;
        }
        12 => {
            let kid = cb.key().public_key().thumbprint().to_string();
            let since = granted(world, "V-9").at;
            let claim = json!({"party": "cb-1", "kid": kid, "compromisedSince": since, "reason": reason});
            world.must(&operator, "key-revoked", claim).await;
        }
        _ => publish(world, number).await,
    }
}

/// The steps after that: news, and where the registry is.
async fn publish(world: &World, number: usize) {
    let (operator, meti) = (world.operator(), world.person("meti"));
    match number {
        13 => {
            world.must(&meti, "bulletin-issued", bulletin("N-1", &json!({}))).await;
        }
        14 => {
            let mut next = bulletin("N-2", &json!({}));
            next["replaces"] = json!("N-1");
            world.must(&meti, "bulletin-issued", next).await;
        }
        15 => {
            let digest = conformity::Digest::of(b"the genesis of mm");
            let claim = json!({"registry": "mm", "origin": "mm.registry.example", "genesisDigest": digest});
            world.must(&operator, "hosting-consented", claim).await;
        }
        16 => {
            world.must(&operator, "hosting-ended", json!({"registry": "mm"})).await;
        }
        _ => {}
    }
}

#[tokio::test]
async fn what_was_answered_at_a_size_is_answered_again() {
    let world = peered().await;
    let mut told = Vec::new();
    for number in 0..18 {
        let size = *world.registry.size.borrow();
        told.push((size, answers(&world, "").await));
        assert_eq!(size, *world.registry.size.borrow(), "nothing happened meanwhile");
        step(&world, number).await;
    }
    for (size, then) in told {
        let again = answers(&world, &format!("&as_of_size={size}")).await;
        for ((path, then), again) in paths().iter().zip(then).zip(again) {
            assert_eq!((again.0, &again.1), (then.0, &then.1), "{path} at {size}");
            if again.0 == 200
                && ["/standing", "/verdicts/", "/bulletins/", "/coverage"].iter().any(|part| path.contains(part))
            {
                assert_eq!(again.2[1..], [json!(size), json!("then")], "{path} at {size}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_known_now_differs_from_what_was_known_then() {
    let world = peered().await;
    let cb = world.person("cb-1");
    let effective = now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let between = now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let mut suspended = change("V-1", json!("suspended"));
    suspended["effective"] = json!(effective);
    world.must(&cb, "verdict-changed", suspended).await;
    derive(&world, 0, 5, &row("E-1", "recognised")).await;
    let standing = async |supplier: &str, known: &str| {
        let path = format!("/v1/suppliers/{supplier}/standing?as_of={between}&known={known}");
        world.ask(&path).await.json()
    };
    for (known, state, in_force) in [("then", "granted", true), ("now", "suspended", false)] {
        let answer = standing(SUPPLIER, known).await;
        let own = &answer["holdings"][0]["own"];
        assert!(own["standing"]["state"][state].is_object(), "{known}: {answer}");
        assert_eq!((&own["inForce"], &answer["known"]), (&json!(in_force), &json!(known)), "{answer}");
        let path = format!("/v1/verdicts/jp:V-1?as_of={between}&known={known}");
        assert_eq!(world.ask(&path).await.json()["state"], state);
        let list = world.ask(&format!("/v1/verdicts?state={state}&as_of={between}&known={known}")).await.json();
        assert_eq!(list["verdicts"][0]["verdict"], "jp:V-1", "{list}");
        let path = format!("/v1/verdicts/eu:E-1?as_of={between}&known={known}");
        assert_eq!(world.ask(&path).await.code(), "not-found", "nothing was made of it then");
    }
    let because = async |known: &str| standing(ABROAD, known).await["because"][0]["code"].clone();
    assert_eq!([because("then").await, because("now").await], ["country-not-known", "looked-at-later"]);
}

#[tokio::test]
async fn what_was_erased_does_not_come_back_by_asking_the_past() {
    let world = World::furnished().await;
    let (size, before) = (*world.registry.size.borrow(), now());
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let index = granted(&world, "V-1").index;
    world.must(&world.operator(), "statement-erased", json!({"index": index, "reason": {"code": "court-order"}})).await;
    for time in [format!("as_of={before}"), format!("as_of_size={size}")] {
        for known in ["then", "now"] {
            let query = format!("{time}&known={known}");
            assert_eq!(world.ask(&format!("/v1/verdicts/jp:V-1?{query}")).await.code(), "not-found");
            let list = world.ask(&format!("/v1/verdicts?{query}")).await.json();
            assert_eq!(list["verdicts"], json!([]));
            let answer = world.ask(&format!("/v1/suppliers/{SUPPLIER}/standing?{query}")).await.json();
            assert_eq!(answer["holdings"], json!([]), "{answer}");
        }
    }
}

#[tokio::test]
async fn peers_of_then_tell_nothing_of_a_link() {
    let world = peered().await;
    let size = *world.registry.size.borrow();
    let expulsion = json!({"registry": "eu", "reason": {"code": "as-agreed"}});
    world.must(&world.operator(), "peer-expelled", expulsion).await;
    let present = world.ask("/v1/peers").await.json();
    assert!(present["peers"][0]["followed"].is_number() && present["peers"][0]["expelled"].is_object(), "{present}");
    let then = world.ask(&format!("/v1/peers?as_of_size={size}")).await.json();
    let peer = then["peers"][0].as_object().unwrap();
    assert!(peer.keys().all(|name| !PRESENT.contains(&name.as_str()) && name != "expelled"), "{then}");
    assert_eq!(peer["logKey"], present["peers"][0]["logKey"]);
    assert_eq!(world.ask("/v1/peers?as_of_size=1").await.json()["peers"], json!([]), "nobody was one then");
}
