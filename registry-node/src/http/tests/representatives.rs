//! Asking on behalf of others: with the member's rights, as far as the member let it, and with nobody else's.

use bytes::Bytes;
use conformity::party::Role;
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::{Got, World, day, now};

const JSON: &str = "application/json";
const MAKER: &str = "lei:5493001KJTIIGC8Y1R12";
const PARTNERS: &str = "identifier\ncorporate-number:7000012050002\n";

/// A registry with a network `van`, and two members of it, of whom `maker` lets `buyer-1` alone see the scope of its restricted V-2.
async fn network() -> World {
    network_with(|_| ()).await
}

/// The same with this configuration.
async fn network_with(config: impl FnOnce(&mut String)) -> World {
    let world = World::furnished_with(config).await;
    let operator = world.operator();
    for id in ["van", "buyer-2"] {
        world.join(&operator, id, Role::Buyer, json!([])).await;
    }
    let consent =
        json!({"consent": "C-1", "about": {"verdict": "V-2"}, "to": "buyer-1", "parts": ["scope"], "until": day(30)});
    world.must(&world.person("maker"), "disclosure-consented", consent).await;
    for member in ["buyer-1", "buyer-2"] {
        for name in ["parts", "other"] {
            let policy = json!({"policy": "parts", "version": 1, "rules": [{
                "id": "direct", "otherwise": "stop",
                "requires": {"verdict": {"scheme": "stars", "viewpoints": ["organization"]}},
            }]});
            assert_eq!(send(&world, member, Method::PUT, &format!("/v1/policies/{name}"), policy).await.status, 200);
        }
    }
    world
}

async fn send(world: &World, who: &str, method: Method, path: &str, body: Value) -> Got {
    let person = world.person(who);
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    world.talk(Some(&person)).await.send(method, path, &[("content-type", JSON)], body).await
}

async fn mandate(world: &World, member: &str, mandate: Value) -> Got {
    send(world, member, Method::PUT, "/v1/representatives/van", mandate).await
}

/// What `van` is answered on behalf of `member`.
async fn on_behalf(world: &World, member: &str, path: &str, (form, body): (&str, String)) -> Got {
    let van = world.person("van");
    let headers = [("content-type", form), ("on-behalf-of", member)];
    world.talk(Some(&van)).await.send(Method::POST, path, &headers, body.into()).await
}

async fn portfolio(world: &World, member: &str) -> Got {
    let question = json!({"suppliers": [{"supplier": MAKER}]}).to_string();
    on_behalf(world, member, "/v1/portfolio", (JSON, question)).await
}

async fn list(world: &World, member: &str, policy: &str) -> Got {
    let path = format!("/v1/bridges/list?step=order&policy={policy}");
    on_behalf(world, member, &path, ("text/csv", PARTNERS.to_owned())).await
}

#[tokio::test]
async fn a_representative_sees_what_that_member_may_see_and_leaves_a_trace() {
    let world = network().await;
    for member in ["buyer-1", "buyer-2"] {
        assert_eq!(mandate(&world, member, json!({"asks": ["portfolio"]})).await.status, 200);
    }
    let verdicts = |got: &Got| got.json()["suppliers"][0]["verdicts"].as_array().unwrap().len();
    let question = json!({"suppliers": [{"supplier": MAKER}]});
    let van = send(&world, "van", Method::POST, "/v1/portfolio", question).await;
    assert_eq!(verdicts(&van), 0, "for itself it sees nothing");
    assert_eq!(verdicts(&portfolio(&world, "buyer-2").await), 0, "nor for the other member");
    let seen = portfolio(&world, "buyer-1").await;
    assert_eq!(verdicts(&seen), 1, "{seen:?}");
    assert_eq!(verdicts(&portfolio(&world, "buyer-2").await), 0, "what it saw for one is not the other's");

    let told = send(&world, "maker", Method::GET, "/v1/verdicts/jp:V-2/disclosures", Value::Null).await.json();
    let told = &told["uses"][0];
    assert_eq!((&told["to"], &told["through"]), (&json!("buyer-1"), &json!("van")), "the supplier learns who: {told}");
    let acts = send(&world, "buyer-1", Method::GET, "/v1/representatives/van/acts", Value::Null).await.json();
    assert_eq!((&acts["count"], &acts["acts"][0]["path"]), (&json!(1), &json!("/v1/portfolio")), "{acts}");
    let acts = send(&world, "van", Method::GET, "/v1/representatives/buyer-1/acts", Value::Null).await.json();
    assert_eq!(acts["count"], 0, "acts are the member's to read");
}

#[tokio::test]
async fn a_mandate_ends_with_the_certificate_by_which_it_was_put() {
    let world = network().await;
    let asks = || json!({"asks": ["bridges"], "policies": ["parts"]});
    let put = mandate(&world, "buyer-1", asks()).await.json();
    let ends: jiff::Timestamp = put["ends"].as_str().unwrap().parse().unwrap();
    assert!(ends > jiff::Timestamp::now(), "{put}");
    mandate(&world, "buyer-2", asks()).await;
    for member in ["buyer-1", "buyer-2"] {
        assert_eq!(list(&world, member, "parts").await.status, 200);
    }
    world.revoke("buyer-1", Role::Buyer);
    assert_eq!(list(&world, "buyer-1", "parts").await.code(), "not-represented", "whoever stole it could have put it");
    assert_eq!(list(&world, "buyer-2", "parts").await.status, 200, "of another nothing ended");
    world.equip_again("buyer-1", Role::Buyer);
    assert_eq!(list(&world, "buyer-1", "parts").await.code(), "not-represented");
    assert_eq!(mandate(&world, "buyer-1", asks()).await.status, 200, "with its new one the member puts it again");
    assert_eq!(list(&world, "buyer-1", "parts").await.status, 200);
}

#[tokio::test]
async fn a_question_whose_answer_waits_for_room_is_recorded_once() {
    let world = network_with(|config| *config = config.replace("answer_mib = 256", "answer_mib = 32")).await;
    mandate(&world, "buyer-1", json!({"asks": ["portfolio"]})).await;
    let path = super::pressure::catalogue(&world, &world.person("meti"), crate::core::intake::MAX_ATTACHMENT).await;
    let mut hoarder = world.talk(None).await;
    let first = super::pressure::unread(&mut hoarder, &path).await;
    let second = super::pressure::unread(&mut hoarder, &path).await;
    let suppliers: Vec<Value> =
        (0..200).map(|number| json!({"supplier": format!("local:parts-list:{number}")})).collect();
    let question = json!({"suppliers": suppliers}).to_string();
    let asked = on_behalf(&world, "buyer-1", "/v1/portfolio", (JSON, question));
    let room = async {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        drop((first, second, hoarder));
    };
    let (got, ()) = tokio::join!(asked, room);
    assert_eq!(got.status, 200, "{got:?}");
    assert!(got.body.len() > crate::http::room::SMALL, "{}", got.body.len());
    let acts = send(&world, "buyer-1", Method::GET, "/v1/representatives/van/acts", Value::Null).await.json();
    assert_eq!(acts["count"], 1, "it was asked once: {acts}");
}

#[tokio::test]
async fn documents_are_answered_by_the_policies_that_the_member_named() {
    let world = network().await;
    mandate(&world, "buyer-1", json!({"asks": ["bridges", "decisions"], "policies": ["parts"]})).await;
    let told = list(&world, "buyer-1", "parts").await;
    assert_eq!((told.status, &told.json()["advice"]), (200, &json!("go")), "{told:?}");
    assert_eq!(list(&world, "buyer-1", "other").await.code(), "not-found", "another policy of the member's");
    let order = json!({"partner": MAKER, "order": {"step": "order"}, "proofs": false});
    for (policy, status) in [("parts", 200), ("other", 404)] {
        let mut question = order.clone();
        question["policyName"] = json!(policy);
        let got = on_behalf(&world, "buyer-1", "/v1/decisions", (JSON, question.to_string())).await;
        assert_eq!(got.status, status, "{policy}: {got:?}");
    }
    assert_eq!(portfolio(&world, "buyer-1").await.code(), "not-represented", "that it may not ask");
}

#[tokio::test]
async fn without_a_mandate_that_stands_nothing_is_answered() {
    let world = network().await;
    let refused = list(&world, "buyer-1", "parts").await.without_date();
    assert_eq!((refused.status, refused.code().as_str()), (403, "not-represented"));
    assert_eq!(list(&world, "nobody", "parts").await.without_date(), refused, "who is a member is not told");
    let past = json!({"asks": ["bridges"], "policies": ["parts"], "until": now()});
    mandate(&world, "buyer-1", past).await;
    assert_eq!(list(&world, "buyer-1", "parts").await.without_date(), refused, "it is over");
    mandate(&world, "buyer-1", json!({"asks": ["bridges"], "policies": ["parts"]})).await;
    assert_eq!(list(&world, "buyer-1", "parts").await.status, 200);
    assert_eq!(list(&world, "buyer-2", "parts").await.without_date(), refused, "one member lets nobody in for another");
    // A mandate is of its holder: another party with it in mind has none.
    let other = world.person("buyer-2");
    let headers = [("content-type", "text/csv"), ("on-behalf-of", "buyer-1")];
    let path = "/v1/bridges/list?step=order&policy=parts";
    let got = world.talk(Some(&other)).await.send(Method::POST, path, &headers, PARTNERS.into()).await;
    assert_eq!(got.code(), "not-represented");
    let nobody = world.talk(None).await.send(Method::POST, path, &headers, PARTNERS.into()).await;
    assert_eq!(nobody.code(), "certificate-required");
    let taken_back = send(&world, "buyer-1", Method::DELETE, "/v1/representatives/van", Value::Null).await;
    assert_eq!(taken_back.status, 204);
    assert_eq!(list(&world, "buyer-1", "parts").await.without_date(), refused, "at once");
    let acts = send(&world, "buyer-1", Method::GET, "/v1/representatives/van/acts", Value::Null).await.json();
    assert_eq!(acts["count"], 1, "what was asked stays to be read, and what was refused was not asked: {acts}");
}

#[tokio::test]
async fn nothing_else_is_asked_on_behalf_of_others() {
    let world = network().await;
    let every = json!({"asks": ["bridges", "decisions", "portfolio"], "policies": ["parts"]});
    assert_eq!(mandate(&world, "buyer-1", every).await.status, 200);
    let van = world.person("van");
    let mut talk = world.talk(Some(&van)).await;
    let headers = [("on-behalf-of", "buyer-1"), ("content-type", JSON)];
    let rows = [
        (Method::GET, "/v1/policies/parts"),
        (Method::GET, "/v1/watchlists"),
        (Method::PUT, "/v1/representatives/buyer-2"),
        (Method::GET, "/v1/representatives/van/acts"),
        (Method::GET, "/v1/verdicts/jp:V-2"),
        (Method::GET, "/v1/events/pull"),
        (Method::POST, "/v1/statements"),
    ];
    for (method, path) in rows {
        let got = talk.send(method.clone(), path, &headers, Bytes::new()).await;
        assert_eq!(got.code(), "not-represented", "{method} {path}");
    }
    let both = [("on-behalf-of", "buyer-1"), ("edc-bpn", "BPNL0000000001AB"), ("content-type", JSON)];
    let got = talk.send(Method::POST, "/v1/catena-x/certificates/search", &both, "{}".into()).await;
    assert_eq!(got.code(), "not-represented", "a connector is its owner's");
    let twice = [("on-behalf-of", "buyer-1"), ("on-behalf-of", "buyer-2"), ("content-type", JSON)];
    assert_eq!(talk.send(Method::POST, "/v1/decisions", &twice, "{}".into()).await.code(), "bad-parameter");
    let odd = [("on-behalf-of", "Buyer 1"), ("content-type", JSON)];
    assert_eq!(talk.send(Method::POST, "/v1/decisions", &odd, "{}".into()).await.code(), "bad-parameter");
    let broken = [
        ("van", json!({"asks": []}), "bad-question"),
        ("van", json!({"asks": ["watchlists"]}), "bad-question"),
        ("van", json!({"asks": ["bridges"], "unknown": 1}), "bad-question"),
        ("van", json!({"asks": ["bridges"], "policies": ["a/b"]}), "bad-question"),
        ("buyer-1", json!({"asks": ["bridges"]}), "bad-parameter"),
    ];
    for (whom, mandate, code) in broken {
        let path = format!("/v1/representatives/{whom}");
        assert_eq!(send(&world, "buyer-1", Method::PUT, &path, mandate.clone()).await.code(), code, "{mandate}");
    }
}

#[tokio::test]
async fn each_member_has_a_quota_of_its_own_and_only_the_last_acts_are_told() {
    let world = network().await;
    for member in ["buyer-1", "buyer-2"] {
        mandate(&world, member, json!({"asks": ["portfolio"]})).await;
    }
    let mut answered = 0;
    let busy = loop {
        let got = portfolio(&world, "buyer-1").await;
        if got.status != 200 {
            break got;
        }
        answered += 1;
        assert!(answered < 1_000, "it goes on for ever");
    };
    assert_eq!(busy.code(), "busy");
    assert_eq!(portfolio(&world, "buyer-2").await.status, 200, "the other member is not kept waiting");
    let acts = send(&world, "buyer-1", Method::GET, "/v1/representatives/van/acts", Value::Null).await.json();
    assert_eq!(acts["count"], answered);
    assert_eq!(acts["acts"].as_array().unwrap().len(), answered.min(100));
}
