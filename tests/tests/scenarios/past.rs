//! A buyer asks in another country what counted there before a verdict was suspended: the row of then comes out of the log, also
//! after a kill and after the registry's copies were made anew.

use serde_json::{Value, json};
use tests::Registry;
use tests::claims::{self, change};

use crate::copies::rebuild;
use crate::expulsion::recognised;

/// How the supplier stands, asked by a command: what is shown, or why nothing is.
async fn standing(registry: &Registry, more: &[&str]) -> (Value, Value) {
    let words = [&["standing", claims::SUPPLIER, "--scheme", "stars"][..], more].concat();
    let answer = registry.operator().cli(&words).await;
    let foreign = &answer["holdings"][0]["foreign"];
    let shown = json!([foreign["record"]["recognition"]["outcome"], foreign["counts"]]);
    (if foreign.is_null() { answer["because"][0]["code"].clone() } else { shown }, answer["known"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_counted_abroad_then_is_told_from_the_log() {
    let federation = recognised(1).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let then = eu.verdict("jp:V-1").await;
    let since = then["since"]["index"].as_u64().unwrap();
    let (after, before) = ((since + 1).to_string(), since.to_string());
    jp.party("cb-1").must("verdict-changed", change("V-1", json!("suspended"))).await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "refused").await;

    federation.node("eu").kill();
    rebuild(eu).unwrap();
    federation.restart("eu").await;
    let mut again = eu.must_ask(&format!("/v1/verdicts/jp:V-1?as_of_size={after}")).await;
    let told = again.as_object_mut().unwrap();
    assert_eq!((told.remove("asOfSize"), told.remove("known")), (Some(json!(since + 1)), Some(json!("then"))));
    assert_eq!(told.remove("asOf"), Some(then["since"]["at"].clone()));
    assert_eq!(again, then, "to the member");
    assert_eq!(eu.verdict("jp:V-1").await["recognition"]["outcome"], "refused", "now");
    let counted = json!(["recognised", true]);
    for known in ["then", "now"] {
        let found = standing(eu, &["--as-of-size", &after, "--known", known]).await;
        assert_eq!(found, (counted.clone(), json!(known)));
    }
    let later = standing(eu, &["--as-of-size", &before, "--known", "now"]).await;
    assert_eq!(later, (json!("looked-at-later"), json!("now")));
    let nothing = standing(eu, &["--as-of-size", &before]).await;
    assert_ne!(nothing.0, json!("looked-at-later"), "nobody knew");
    assert!(nothing.0.is_string(), "{nothing:?}");
    let refused = eu.operator().cli_refused(&["verdict", "jp:V-1", "--as-of-size", &before]).await;
    assert!(refused.contains("Nothing is known here of a verdict of that name"), "{refused}");
}
