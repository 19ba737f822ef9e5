//! Answers and problems in the language that is asked for.

use bytes::Bytes;
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::{Got, Talk, World};
use super::neighbours::{derive, peered, row};
use super::stream::Events;

const SUPPLIER: &str = "corporate-number:7000012050002";

async fn ask(talk: &mut Talk, path: &str, accepted: &str) -> Got {
    talk.send(Method::GET, path, &[("accept-language", accepted)], Bytes::new()).await
}

#[tokio::test]
async fn standing_explains_itself_in_the_language_asked_for() {
    let world = World::furnished().await;
    let mut talk = world.talk(None).await;
    let path = format!("/v1/suppliers/{SUPPLIER}/standing?scheme=moons");
    let english = talk.ask(&path).await;
    assert_eq!(english.header("content-language"), "en");
    let words = "This registry neither publishes scheme moons nor recognises verdicts under it.";
    assert_eq!(english.json()["explanation"], words);
    let japanese = ask(&mut talk, &path, "ja-JP, en;q=0.5").await;
    assert_eq!(japanese.header("content-language"), "ja");
    let answer = japanese.json();
    let words = "当レジストリはスキーム moonsを公開しておらず、それによる判定の承認もしていません。";
    assert_eq!(answer["explanation"], words);
    let because = json!([{"code": "scheme-not-here", "params": {"about": "scheme moons"}, "remedy": {"code": "publish-scheme",
        "text": "当レジストリでのスキームの公開、または他のスキームを承認する取決めが必要です"}}]);
    assert_eq!(answer["because"], because);
    assert_eq!(ask(&mut talk, &format!("{path}&lang=en"), "ja").await.json(), english.json(), "lang comes first");
    assert_eq!(talk.ask(&format!("{path}&lang=fr")).await.code(), "bad-parameter");
}

#[tokio::test]
async fn what_is_made_of_a_foreign_verdict_is_told_in_both_languages() {
    let world = peered().await;
    let mut refused: Value = serde_json::from_str(&row("E-1", "refused")).unwrap();
    refused["gaps"] = json!([{"code": "level-capped", "params": {"level": "EAL4", "cap": "EAL2"}, "text": "capped",
        "remedy": {"code": "assess-the-rest"}}]);
    derive(&world, 0, 5, &format!("{refused}\n")).await;
    let mut talk = world.talk(None).await;
    let english = ask(&mut talk, "/v1/verdicts/eu:E-1", "en").await.json();
    assert_eq!(english["recognition"]["explanation"], refused["explanation"], "as recorded");
    let japanese = ask(&mut talk, "/v1/verdicts/eu:E-1", "ja").await.json();
    let gap = &japanese["recognition"]["gaps"][0];
    assert_eq!(gap["text"], "レベル EAL4 は、ルールが認める最高の EAL2 として扱われます");
    assert_eq!(gap["params"], refused["gaps"][0]["params"]);
    assert_eq!(gap["remedy"]["code"], "assess-the-rest");
    assert_eq!(
        ask(&mut talk, "/v1/verdicts/eu:E-1?lang=en", "ja").await.json(),
        english,
        "what is kept ready is English"
    );
}

#[tokio::test]
async fn problems_have_titles_in_both_languages_and_the_same_code() {
    let world = World::furnished().await;
    let mut talk = world.talk(None).await;
    let english = ask(&mut talk, "/v1/verdicts/jp:none", "en").await;
    let japanese = ask(&mut talk, "/v1/verdicts/jp:none", "ja").await;
    assert_eq!((english.status, english.code()), (japanese.status, japanese.code()));
    assert_eq!(japanese.json()["title"], "見つかりません");
    let operator = world.operator();
    let statement = operator.sign("L-1", "bulletin-issued", json!({}));
    let headers = [("content-type", "application/jose"), ("accept-language", "ja")];
    let refused = world.talk(Some(&operator)).await.send(Method::POST, "/v1/statements", &headers, statement).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "malformed-claim"));
    assert_eq!(refused.json()["title"], "要求の形式が正しくありません");
}

#[tokio::test]
async fn events_are_told_beside_what_they_are_in_the_language_of_the_stream() {
    let world = peered().await;
    let mut refused: Value = serde_json::from_str(&row("E-1", "refused")).unwrap();
    refused["gaps"] = json!([{"code": "level-capped", "params": {"level": "EAL4", "cap": "EAL2"}, "text": "capped",
        "remedy": {"code": "assess-the-rest"}}]);
    derive(&world, 0, 5, &format!("{refused}\n")).await;
    let size = usize::try_from(world.registry.log.size()).unwrap();
    let mut plain = Events::of(&world, "/v1/events?after=start").await;
    let mut english = Events::of(&world, "/v1/events?after=start&lang=en").await;
    let mut japanese = Events::of(&world, "/v1/events?after=start&lang=ja").await;
    let mut said = Vec::new();
    for _ in 0..size {
        let (id, event) = plain.event().await;
        assert!(event.get("text").is_none(), "nothing is added that nobody asked for");
        for (stream, lang) in [(&mut english, "en"), (&mut japanese, "ja")] {
            let (again, mut told) = stream.event().await;
            let text = told.as_object_mut().unwrap().remove("text").unwrap_or_default();
            let textlang = told.as_object_mut().unwrap().remove("textlang").unwrap_or_default();
            assert_eq!((&again, &told), (&id, &event), "what everybody gets is the same");
            let text = text.as_str().unwrap_or_else(|| panic!("no words for {event}")).to_owned();
            assert!(!text.contains(['{', '}']) && textlang == lang && text.is_ascii() == (lang == "en"), "{text}");
            said.push(text);
        }
    }
    let has = |words: &str| assert!(said.iter().any(|text| text.contains(words)), "{words}: {said:?}");
    has("under stars@1 is granted.");
    has("は当レジストリで承認されていません。");
    has("レベル EAL4 は、ルールが認める最高の EAL2 として扱われます");
    has("一般に公開される内容のない記録です。");
}

#[tokio::test]
async fn coverage_says_in_the_language_asked_for_why_nothing_counts() {
    let world = super::coverage::world().await;
    let mut talk = world.talk(None).await;
    let path = "/v1/documents/needed@1/coverage?supplier=lei:7LTWFZYICNSX8D621K86";
    let english = talk.ask(path).await.json();
    for got in [ask(&mut talk, path, "ja").await, talk.ask(&format!("{path}&lang=ja")).await] {
        assert_eq!(got.header("content-language"), "ja");
        let answer = got.json();
        assert_eq!((&answer["absence"], &answer["counts"]), (&english["absence"], &english["counts"]));
        assert_eq!(answer["because"][0]["code"], english["because"][0]["code"]);
        let words = answer["explanation"].as_str().unwrap();
        assert!(words.contains("needed@1") && words.ends_with('。') && words != english["explanation"], "{words}");
        let sentence = answer["text"]["ja"].as_str().unwrap();
        let all = answer["requirements"].as_array().unwrap().len();
        assert!(sentence.contains(&all.to_string()) && sentence.contains("要求事項"), "{sentence}");
    }
}
