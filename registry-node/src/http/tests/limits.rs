//! Requests that are too long, too many, mistyped or sent elsewhere: each has its problem, and none gets more than it should.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use warp::http::Method;

use super::fixture::World;
use crate::http::ask::{MAX_PATH, MAX_QUERY, MAX_VALUES};

/// An address, and the problem that answers.
const ADDRESSES: &[(&str, u16, &str)] = &[
    ("/", 404, "not-found"),
    ("/v1", 404, "not-found"),
    ("/v1/verdicts/", 404, "not-found"),
    ("/v1/verdicts/jp:V-1/", 404, "not-found"),
    ("/v1/verdicts/jp:V-1/x", 404, "not-found"),
    ("//v1/verdicts", 404, "not-found"),
    ("/V1/verdicts", 404, "not-found"),
    ("/v1/verdicts/%6Ap:V-0", 404, "not-found"),
    ("/v1/verdicts/eu:V-1", 404, "not-found"),
    ("/v1/verdicts/V-1", 400, "bad-parameter"),
    ("/v1/verdicts/jp:V%2F1", 400, "bad-parameter"),
    ("/v1/verdicts/jp:V-1%00", 400, "bad-parameter"),
    ("/v1/verdicts/jp:V-1%", 400, "bad-encoding"),
    ("/v1/verdicts/jp:V-1%4", 400, "bad-encoding"),
    ("/v1/verdicts/jp:V-1%zz", 400, "bad-encoding"),
    ("/v1/verdicts/jp:%ff", 400, "bad-encoding"),
    ("/v1/verdicts/jp:V-1?x=1", 400, "unknown-parameter"),
    ("/v1/verdicts?Supplier=x", 400, "unknown-parameter"),
    ("/v1/verdicts?supplier", 400, "bad-parameter"),
    ("/v1/verdicts?supplier=lei:5493001KJTIIGC8Y1R13", 400, "bad-parameter"),
    ("/v1/verdicts?supplier=duns:150483782&supplier=duns:150483782", 400, "repeated-parameter"),
    ("/v1/verdicts?state=asleep", 400, "bad-parameter"),
    ("/v1/verdicts?viewpoint=view", 400, "bad-parameter"),
    ("/v1/verdicts?scheme=a@b@c", 400, "bad-parameter"),
    ("/v1/verdicts?limit=0", 400, "bad-parameter"),
    ("/v1/verdicts?limit=1001", 400, "bad-parameter"),
    ("/v1/verdicts?limit=-1", 400, "bad-parameter"),
    ("/v1/verdicts?cursor=%25", 400, "bad-parameter"),
    ("/v1/verdicts?cursor=L3g", 400, "bad-parameter"),
    ("/v1/verdicts?as_of=yesterday", 400, "bad-parameter"),
    ("/v1/verdicts?as_of=2026-01-01", 400, "bad-parameter"),
    ("/v1/verdicts?as_of=2999-01-01T00:00:00Z", 400, "time-not-come"),
    ("/v1/verdicts?as_of_size=0", 400, "size-not-reached"),
    ("/v1/accreditations?as_of_size=100000", 400, "size-not-reached"),
    ("/v1/verdicts/jp:V-1?as_of_size=1x", 400, "bad-parameter"),
    ("/v1/suppliers/duns:150483782/standing?as_of_size=1&as_of=2026-01-01T00:00:00Z", 400, "as-of-twice"),
    ("/v1/arrangements?as_of_size=1&known=soon", 400, "bad-parameter"),
    ("/v1/peers?as_of_size=0", 400, "size-not-reached"),
    ("/v1/bulletins?as_of=2999-01-01T00:00:00Z", 400, "time-not-come"),
    ("/v1/bulletins/jp:B-1?as_of_size=1&as_of=2026-01-01T00:00:00Z", 400, "as-of-twice"),
    ("/v1/cascades?as_of=2026-01-01", 400, "bad-parameter"),
    ("/v1/hosted?as_of_size=1&known=soon", 400, "bad-parameter"),
    ("/v1/evidence?as_of_size=1", 400, "unknown-parameter"),
    ("/v1/verdicts/jp:V-1/proof?as_of_size=1", 400, "unknown-parameter"),
    ("/v1/suppliers/nobody/standing", 400, "bad-parameter"),
    ("/v1/suppliers/duns:150483782/standing?scheme=a&document=b@1", 400, "bad-parameter"),
    ("/v1/suppliers/duns:150483782/standing?country=Japan", 400, "bad-parameter"),
    ("/v1/suppliers/duns:150483782/proof", 400, "bad-parameter"),
    ("/v1/suppliers/duns:150483782/proof?scheme=stars", 400, "bad-parameter"),
    ("/v1/suppliers/duns:150483782/proof?scheme=stars@1&as_of_size=1", 400, "unknown-parameter"),
    ("/v1/suppliers/duns:150483782/proof?scheme=stars@1&as_of=2999-01-01T00:00:00Z", 400, "time-not-come"),
    ("/v1/suppliers/duns:150483782/proof?scheme=stars@1", 404, "not-found"),
    ("/v1/statements/x", 400, "bad-parameter"),
    ("/v1/statements/-1", 400, "bad-parameter"),
    ("/v1/statements/18446744073709551615", 404, "not-found"),
    ("/v1/statements/18446744073709551616", 400, "bad-parameter"),
    ("/v1/attachments/abc", 400, "bad-parameter"),
    ("/v1/events?type=*", 400, "bad-parameter"),
    ("/healthz?x", 400, "unknown-parameter"),
];

#[tokio::test]
async fn addresses_are_read_strictly() {
    let world = World::furnished().await;
    let long = "a".repeat(MAX_PATH);
    let many = vec!["supplier=duns:150483782"; MAX_VALUES + 1].join("&");
    let wide = format!("supplier={}", "a".repeat(MAX_QUERY));
    let rows: Vec<(String, u16, &str)> = ADDRESSES
        .iter()
        .map(|(path, status, code)| ((*path).to_owned(), *status, *code))
        .chain([
            (format!("/v1/verdicts/{long}"), 414, "uri-too-long"),
            (format!("/{long}"), 414, "uri-too-long"),
            (format!("/v1/verdicts?{wide}"), 414, "uri-too-long"),
            (format!("/v1/events?{many}"), 400, "too-many-parameters"),
            (format!("/v1/verdicts?{}=1", "x".repeat(5_000)), 400, "unknown-parameter"),
            (format!("/v1/verdicts?supplier=local:a:{}", "x".repeat(5_000)), 400, "bad-parameter"),
        ])
        .collect();
    let (mut two, mut one) = (world.talk(None).await, world.plain().await);
    for (path, status, code) in rows {
        for talk in [&mut two, &mut one] {
            let got = talk.ask(&path).await;
            let shown = path.chars().take(60).collect::<String>();
            assert_eq!((got.status, got.code().as_str()), (status, code), "{shown}: {got:?}");
            assert!(got.body.len() < 1_000, "{shown}: an answer quotes little");
        }
    }
}

#[tokio::test]
async fn methods_are_those_of_the_path() {
    let world = World::open().await;
    let rows = [
        (Method::POST, "/v1/verdicts/jp:V-1", "GET, HEAD"),
        (Method::DELETE, "/v1/verdicts", "GET, HEAD"),
        (Method::PUT, "/checkpoint", "GET, HEAD"),
        (Method::OPTIONS, "/v1/events", "GET, HEAD"),
        (Method::PATCH, "/v1/statements/0", "GET, HEAD"),
        (Method::GET, "/v1/statements", "POST"),
        (Method::HEAD, "/v1/statements", "POST"),
    ];
    let mut talk = world.talk(None).await;
    for (method, path, allowed) in rows {
        let got = talk.send(method.clone(), path, &[], Bytes::new()).await;
        assert_eq!((got.status, got.header("allow")), (405, allowed), "{method} {path}");
        assert!(method == Method::HEAD || got.code() == "method-not-allowed", "{method} {path}");
    }
}

#[tokio::test]
async fn a_mistyped_parameter_is_named_with_those_that_would_do() {
    let world = World::open().await;
    let detail = world.ask("/v1/verdicts?suplier=x").await.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("\"suplier\"") && detail.contains("supplier, scheme, viewpoint"), "{detail}");
}

#[tokio::test]
async fn a_body_is_not_read_before_a_certificate_is_seen() {
    let world = World::open().await;
    let got = world.talk(None).await.post("/v1/statements", "application/json", vec![b' '; 1 << 20]).await;
    assert_eq!((got.status, got.code().as_str()), (401, "certificate-required"));
    let announced = [("content-type", "application/jose"), ("content-length", "70000")];
    let operator = world.operator();
    let mut talk = world.talk(Some(&operator)).await;
    let got = talk.send(Method::POST, "/v1/statements", &announced, vec![b'a'; 70_000].into()).await;
    assert_eq!((got.status, got.code().as_str()), (413, "too-large"));
}

/// Simple clients send all before they read anything.
#[tokio::test]
async fn who_sends_on_after_a_refusal_reads_it_all_the_same() {
    let world = World::open().await;
    for (path, status) in [("/authorization", "413"), ("/v1/statements", "401")] {
        let mut stream = world.connect(None).await;
        let head =
            "host: localhost\r\ncontent-type: application/json\r\ncontent-length: 3000000\r\nconnection: close\r\n\r\n";
        stream.write_all(format!("POST {path} HTTP/1.1\r\n{head}").as_bytes()).await.unwrap();
        for _ in 0..30 {
            stream.write_all(&[b'a'; 100_000]).await.expect("it is taken to its end");
            stream.flush().await.unwrap();
            // Time in which the refusal leaves.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        let heard = String::from_utf8_lossy(&heard);
        assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {heard}");
    }
}

#[tokio::test]
async fn who_asks_nothing_holds_no_connection() {
    let world = World::open().await;
    let mut asked = world.talk(None).await;
    assert_eq!(asked.ask("/healthz").await.status, 200);
    let preface_and_settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let mut silent = Vec::new();
    for words in [&b""[..], b"PRI *", b"GET /healthz HT", preface_and_settings] {
        let mut stream = world.connect(None).await;
        stream.write_all(words).await.unwrap();
        silent.push(tokio::spawn(async move {
            let mut heard = Vec::new();
            // However it is cut off: nothing comes any more.
            let _ = stream.read_to_end(&mut heard).await;
        }));
    }
    for stream in silent {
        tokio::time::timeout(Duration::from_secs(30), stream).await.expect("it is cut off").unwrap();
    }
    assert_eq!(asked.ask("/healthz").await.status, 200, "who asked once may ask again");
}
