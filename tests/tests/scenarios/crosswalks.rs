//! A crosswalk turns out to say too much and is corrected: whoever buys from a supplier hears that its verdict covers less of the other document.

use std::path::Path;

use conformity::Digest;
use conformity::crosswalk::{About, Crosswalk, Map, Relation};
use serde_json::{Value, json};
use tests::claims::{document, verdict, with};
use tests::{Buyer, Events, Federation, Party};

const NEEDED: &str = "needed@1";

/// Publishes a version of the crosswalk from `sp800-171@r3`, with the maps in a file of its own.
async fn publish(ministry: &Party, folder: &Path, version: u32, relation: Relation) {
    let name = format!("walk@{version}");
    let map = Map::new(vec!["03.01.01".parse().unwrap()], vec!["n-1".parse().unwrap()], relation).unwrap();
    let sides = ("sp800-171@r3".parse().unwrap(), NEEDED.parse().unwrap());
    let crosswalk = Crosswalk::new(sides.0, sides.1, vec![map]).unwrap();
    let about = About {
        crosswalk: &name.parse().unwrap(),
        title: &"A walk".parse().unwrap(),
        issued: "2026-01-01".parse().unwrap(),
    };
    let maps = crosswalk.write(about).unwrap();
    let claim = json!({
        "crosswalk": name, "title": "A walk", "owner": "Nobody", "source": "sp800-171@r3", "target": NEEDED, "maps": 1,
        "issued": "2026-01-01", "attachment": Digest::of(&maps),
    });
    let (said, attached) = (folder.join("claim.json"), folder.join("maps.json"));
    std::fs::write(&said, json!({"kind": "crosswalk-published", "claim": claim}).to_string()).unwrap();
    std::fs::write(&attached, maps).unwrap();
    ministry.cli(&["submit", said.to_str().unwrap(), "--attach", attached.to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_crosswalk_is_heard_by_who_relies_on_a_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let (ministry, party) = (jp.party("ministry"), jp.party("buyer-1"));
    ministry.must("document-published", with(document(), json!({"document": NEEDED}))).await;
    publish(&ministry, folder.path(), 1, Relation::EqualTo).await;
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    jp.party("cb-1").must("verdict-granted", with(verdict("V-2"), json!({"profile": "restricted"}))).await;
    let supplier = verdict("V-1")["supplier"]["id"].as_str().unwrap().to_owned();
    let covered = async || {
        let answer = party.cli(&["coverage", NEEDED, "--met", "sp800-171@r3"]).await;
        answer["requirements"][0]["cover"].as_str().unwrap().to_owned()
    };
    assert_eq!(covered().await, "covered", "by whoever meets all of the document that the verdict assesses");
    let filter = format!("/v1/events?supplier={supplier}&type=verdict.coverage-changed");
    let mut events = Events::open(&party.client(), &filter, None).await.unwrap();
    let mut on_nats = Buyer::listen(jp, &party).await;

    publish(&ministry, folder.path(), 2, Relation::IntersectsWith).await;
    let heard: Value = events.until("verdict.coverage-changed").await;
    let (_, told) = on_nats.next().await;
    assert_eq!((&told["id"], &told["data"]), (&heard["id"], &heard["data"]), "the same, over both ways");
    assert_eq!(heard["subject"], "jp:V-1");
    let crosswalk = &heard["data"]["crosswalk"];
    assert_eq!((&crosswalk["crosswalk"], &crosswalk["corrects"]), (&json!("walk@2"), &json!("walk@1")));
    let counts = (&crosswalk["before"]["covered"], &crosswalk["after"]["covered"], &crosswalk["after"]["touched"]);
    assert_eq!(counts, (&json!(1), &json!(0), &json!(1)));
    assert_eq!(covered().await, "touched");
    assert!(jp.verdict("jp:V-1").await["now"]["state"]["granted"].is_object(), "the verdict stands as before");

    // Of the restricted one nobody hears: what comes next is about something else.
    jp.party("cb-1").change("V-1", json!("suspended")).await.unwrap();
    assert_eq!(on_nats.next().await.1["type"], "org.secure-trust-registry.verdict.suspended");
}
