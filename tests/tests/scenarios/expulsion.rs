//! An expelled peer: nothing that it granted counts any more, everybody who watches is told why, and a crash between the
//! operator's act and what follows from it changes nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::claims::{self, rule, terms, textless, verdict, wordless};
use tests::events::Frame;
use tests::federation::peer_claim;
use tests::{Buyer, Events, Federation, Registry};

use crate::copies::rebuild;

/// eu recognises as many verdicts of jp.
pub(crate) async fn recognised(count: usize) -> Federation {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    for number in 1..=count {
        body.must("verdict-granted", verdict(&format!("V-{number}"))).await;
    }
    for number in 1..=count {
        eu.recognises(&format!("jp:V-{number}"), |one| one["outcome"] == "recognised").await;
    }
    federation
}

fn expulsion() -> Value {
    json!({"registry": "jp", "reason": {"code": "forked-log", "text": "two histories were shown"}})
}

/// Whether a recognition says that it ended with the peering, and why.
fn is_ended(recognition: &Value) -> bool {
    let gap = &recognition["gaps"][0];
    let text = gap["text"].as_str().unwrap_or_default();
    recognition["outcome"] == "refused"
        && gap["code"] == "peer-expelled"
        && text.contains("forked-log, two histories were shown")
}

/// What counts of the supplier at eu.
async fn counting(eu: &Registry) -> usize {
    let standing = eu.must_ask(&format!("/v1/suppliers/{}/standing?scheme=stars", claims::SUPPLIER)).await;
    let holdings = standing["holdings"].as_array().cloned().unwrap_or_default();
    holdings.iter().filter(|one| one["foreign"]["counts"] == true).count()
}

/// The outcomes that events told of each verdict of jp, in order, with their causes.
async fn told(eu: &Registry) -> BTreeMap<String, Vec<(String, Value)>> {
    // Everything before this was told when this is.
    let last = eu.party("cb-1").must("verdict-granted", verdict("LAST")).await.index;
    let mut stream = Events::open(&eu.public(), "/v1/events?after=start", None).await.unwrap();
    let mut told: BTreeMap<String, Vec<_>> = BTreeMap::new();
    while let Some(frame) = stream.next().await {
        let Frame::Event { event, .. } = &frame else { continue };
        if frame.kind().starts_with("recognition.") {
            let verdict = event["subject"].as_str().unwrap().to_owned();
            told.entry(verdict).or_default().push((frame.kind().to_owned(), event["data"]["cause"].clone()));
        }
        if frame.entry().0 >= last {
            break;
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_watches_hears_that_an_expelled_peer_counts_no_more() {
    let federation = recognised(1).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let mut stream = Events::open(&eu.public(), "/v1/events?type=recognition", None).await.unwrap();
    let mut buyer = Buyer::listen(eu, &eu.party("buyer-1")).await;
    assert_eq!(counting(eu).await, 1);
    eu.operator().must("peer-expelled", expulsion()).await;
    // Acknowledged is in force: nobody has to wait for what the node says of it.
    assert!(is_ended(&eu.verdict("jp:V-1").await["recognition"]));
    assert_eq!(counting(eu).await, 0);
    let event = stream.until("recognition.refused").await;
    assert_eq!((&event["subject"], &event["data"]["cause"]), (&json!("jp:V-1"), &json!("expulsion")), "{event}");
    assert!(is_ended(&event["data"]["recognition"]), "{event}");
    assert_eq!(textless(buyer.next().await.1), event, "NATS tells the same");
    let answered = eu.verdict("jp:V-1").await;
    assert_eq!(wordless(&answered["recognition"]), wordless(&event["data"]["recognition"]));
    assert_eq!(counting(eu).await, 0);
    // It follows from the log alone.
    federation.node("eu").stop();
    let rebuilt = rebuild(eu).expect("a rebuild of what is whole");
    assert_eq!(rebuilt["sameIndex"], true, "{rebuilt}");
    federation.restart("eu").await;
    assert!(is_ended(&eu.verdict("jp:V-1").await["recognition"]));
    // Added again, it is looked at afresh.
    eu.operator().must("peer-added", peer_claim(jp)).await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    assert_eq!(counting(eu).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_behind_an_expulsion_leaves_nothing_unsaid_and_nothing_said_twice() {
    const COUNT: usize = 12;
    let federation = recognised(COUNT).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    eu.operator().must("peer-expelled", expulsion()).await;
    federation.node("eu").kill();
    federation.restart("eu").await;
    for number in 1..=COUNT {
        eu.recognises(&format!("jp:V-{number}"), is_ended).await;
    }
    assert_eq!(counting(eu).await, 0);
    // Once more, and the peer is added again before anything could be said: it is said all the same, and first.
    eu.operator().must("peer-added", peer_claim(jp)).await;
    for number in 1..=COUNT {
        eu.recognises(&format!("jp:V-{number}"), |one| one["outcome"] == "recognised").await;
    }
    let operator = eu.operator();
    operator.must("peer-expelled", expulsion()).await;
    operator.must("peer-added", peer_claim(jp)).await;
    federation.node("eu").kill();
    federation.restart("eu").await;
    for number in 1..=COUNT {
        eu.recognises(&format!("jp:V-{number}"), |one| one["outcome"] == "recognised").await;
    }
    let told = told(eu).await;
    assert_eq!(told.len(), COUNT);
    for (verdict, told) in told {
        let outcomes: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        let (yes, no) = ("recognition.recognised", "recognition.refused");
        assert_eq!(outcomes, [yes, no, yes, no, yes], "{verdict}: {told:?}");
        let ends = told.iter().filter(|(_, cause)| *cause == "expulsion").count();
        assert_eq!(ends, 2, "{verdict}: {told:?}");
    }
}
