//! Supply chains that are kept: for their owner alone, checked, exposed and drawn by what the owner may see.

use bytes::Bytes;
use serde_json::json;
use warp::http::Method;

use super::fixture::{Talk, World};

const CHAIN: &str = "\
supplier,name,country,to,item,orders
corporate-number:7000012050002,Example Motors,JP,product:Car,engine,PO-1
lei:5493001KJTIIGC8Y1R12,Quiet <Parts>,JP,corporate-number:7000012050002,valve,PO-2
";
const PATH: &str = "/v1/supply-chains/cars";
const CSV: [(&str, &str); 1] = [("content-type", "text/csv")];
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

async fn keeping(world: &World, who: &str) -> Talk {
    let mut talk = world.talk(Some(&world.person(who))).await;
    let policy = json!({"policy": "p", "version": 1, "rules": [
        {"id": "all", "requires": {"verdict": {"scheme": "stars"}}, "otherwise": "stop"}]});
    let put = talk.send(Method::PUT, "/v1/policies/all", &JSON, policy.to_string().into()).await;
    assert_eq!(put.status, 200, "{put:?}");
    let put = talk.send(Method::PUT, PATH, &CSV, Bytes::from_static(CHAIN.as_bytes())).await;
    assert_eq!(
        (put.status, put.json()["suppliers"].as_u64(), put.json()["links"].as_u64()),
        (200, Some(2), Some(2)),
        "{put:?}"
    );
    talk
}

#[tokio::test]
async fn a_chain_is_exposed_and_drawn_by_what_its_owner_may_see() {
    let world = World::furnished().await;
    let mut buyer = keeping(&world, "buyer-1").await;
    let exposure = format!("{PATH}/exposure?policy=all");
    let told = buyer.ask(&exposure).await.json();
    assert_eq!(
        (&told["advice"], &told["brokenLinks"], &told["links"]),
        (&json!("stop"), &json!(1), &json!(2)),
        "{told}"
    );
    assert_eq!(
        (&told["broken"][0]["supplier"], &told["orders"]),
        (&json!("lei:5493001KJTIIGC8Y1R12"), &json!(["PO-1", "PO-2"]))
    );
    let way = ["lei:5493001KJTIIGC8Y1R12", "corporate-number:7000012050002", "product:Car"];
    assert_eq!(told["products"], json!([{"product": "Car", "way": way}]));
    let paid = buyer.ask(&format!("{exposure}&step=payment")).await.json();
    assert_eq!(paid["advice"], "notice");

    let of = |supplier: &str| format!("{exposure}&supplier={}", supplier.replace(':', "%3A"));
    let stands = buyer.ask(&of("corporate-number:7000012050002")).await.json();
    assert_eq!((&stands["advice"], &stands["brokenLinks"]), (&json!("go"), &json!(0)));
    let lost = buyer.ask(&format!("{}&if_lost=true", of("corporate-number:7000012050002"))).await.json();
    assert_eq!((&lost["advice"], &lost["brokenLinks"]), (&json!("stop"), &json!(1)));

    let drawing = buyer.ask(&format!("{PATH}/drawing?policy=all&lang=ja")).await;
    assert_eq!((drawing.status, drawing.header("content-type")), (200, "image/svg+xml"));
    assert!(drawing.header("content-security-policy").contains("default-src 'none'"), "{drawing:?}");
    let svg = String::from_utf8(drawing.body.to_vec()).unwrap();
    assert!(svg.contains("class=\"broken\"") && svg.contains("サプライチェーン") && !svg.contains("<Parts>"), "{svg}");

    // The same chain of whoever may see the restricted verdict.
    let mut body = keeping(&world, "cb-1").await;
    let seen = body.ask(&exposure).await.json();
    assert_eq!((&seen["advice"], &seen["brokenLinks"]), (&json!("go"), &json!(0)), "{seen}");
}

#[tokio::test]
async fn a_chain_is_its_owners_alone_and_what_is_wrong_is_told() {
    let world = World::furnished().await;
    let mut buyer = keeping(&world, "buyer-1").await;
    let got = buyer.ask(PATH).await;
    assert_eq!((got.header("content-type"), &got.body[..]), ("text/csv", CHAIN.as_bytes()));
    assert_eq!(buyer.ask("/v1/supply-chains").await.json()["supplyChains"][0]["name"], "cars");
    let mut other = world.talk(Some(&world.person("cb-2"))).await;
    let (exposure, drawing) = (format!("{PATH}/exposure?policy=all"), format!("{PATH}/drawing?policy=all"));
    for path in [PATH, &exposure, &drawing] {
        assert_eq!(other.ask(path).await.without_date(), other.ask(&path.replace("cars", "none")).await.without_date());
        assert_eq!(other.ask(path).await.code(), "not-found", "{path}");
        assert_eq!(world.ask(path).await.code(), "certificate-required", "{path}");
    }
    let rows = [
        (exposure.replace("?policy=all", ""), "bad-parameter"),
        (exposure.replace("all", "none"), "not-found"),
        (format!("{exposure}&step=ordering"), "bad-parameter"),
        (format!("{exposure}&supplier=duns%3A150483782"), "bad-parameter"),
        (format!("{exposure}&if_lost=true"), "bad-parameter"),
    ];
    for (path, code) in rows {
        assert_eq!(buyer.ask(&path).await.code(), code, "{path}");
    }
    let wrong = CHAIN.replace("lei:5493001KJTIIGC8Y1R12", "lei:5493001KJTIIGC8Y1R13");
    let refused = buyer.send(Method::PUT, PATH, &CSV, wrong.into()).await;
    assert_eq!(refused.code(), "bad-body");
    assert!(refused.json()["detail"].as_str().unwrap().contains("line 3"), "{refused:?}");
    let large = buyer.send(Method::PUT, PATH, &CSV, vec![b'x'; 4 * 1024 * 1024 + 1].into()).await;
    assert_eq!(large.code(), "too-large");
    assert_eq!(&buyer.ask(PATH).await.body[..], CHAIN.as_bytes(), "what was refused changes nothing");
    assert_eq!(buyer.send(Method::DELETE, PATH, &[], Bytes::new()).await.status, 204);
    assert_eq!(buyer.ask(PATH).await.code(), "not-found");
}

#[tokio::test]
async fn a_turn_is_given_back_whatever_became_of_the_question() {
    let world = World::furnished().await;
    let mut buyer = keeping(&world, "buyer-1").await;
    let path = format!("{PATH}/exposure?policy=all");
    for _ in 0..8 {
        assert_eq!(buyer.ask(&path).await.status, 200, "each gives its turn back");
    }
    let mut many = Vec::new();
    for _ in 0..24 {
        let mut talk = world.talk(Some(&world.person("buyer-1"))).await;
        let path = path.clone();
        many.push(tokio::spawn(async move { talk.ask(&path).await }));
    }
    for one in many {
        let got = one.await.unwrap();
        assert!(got.status == 200 || got.code() == "busy", "{got:?}");
    }
    assert_eq!(buyer.ask(&path).await.status, 200);
}
