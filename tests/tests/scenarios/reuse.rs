//! FedRAMP's list of who reused which authorization: whatever a registry is asked, each row comes out as evidence that an agency
//! accepted on its day, and as nothing more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use test_data::vectors;
use tests::{Federation, Registry};

const LIST: &str = "conformity-records/fedramp-marketplace/marketplace-subset.json";
const DOCUMENT: &str = "sp800-53@r5";

/// Acceptances by their ids: since when, and until when if the list says so.
type Days = BTreeMap<String, (String, Option<String>)>;

/// Every acceptance anywhere in an answer.
fn acceptances(answer: &Value, found: &mut Days) {
    match answer {
        Value::Object(members) => {
            if let (Some(id), Some(from)) = (members.get("acceptance"), members.get("from")) {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                found.insert(text(id), (text(from), members.get("until").map(text)));
            }
            members.values().for_each(|member| acceptances(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| acceptances(item, found)),
        _ => {}
    }
}

/// What the list says, as far as its rows can be read, by the verdict that is reused: how many, and since when.
fn published(file: &[u8]) -> BTreeMap<String, Vec<String>> {
    let list: Value = serde_json::from_slice(file).unwrap();
    let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pointer in ["/data/ReuseMapping", "/data/AtoMapping"] {
        for row in list.pointer(pointer).unwrap().as_array().unwrap() {
            let id = format!("fedramp.{}", row["id"].as_str().unwrap().trim());
            let day = row["ato_date"].as_str().unwrap().chars().take(10).collect();
            days.entry(id).or_default().push(day);
        }
    }
    days
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reuse_is_told_with_its_day_wherever_one_asks() {
    let Some(path) = vectors(LIST) else { return };
    let published = published(&std::fs::read(&path).unwrap());
    let federation = Federation::start(&["us"]).await;
    let us = federation.registry("us");
    us.run(&["import", "register", "--preset", "fedramp", "--retrieved", "2025-01-30", path.to_str().unwrap()]);
    let (mut total, mut asked) = (0, BTreeSet::new());
    for (id, rows) in &published {
        let Ok(verdict) = us.ask(&format!("/v1/verdicts/us:{id}")).await else { continue };
        let mut history = Days::new();
        acceptances(&verdict, &mut history);
        assert!(history.len() <= rows.len() && !history.is_empty(), "{id}: {} of {}", history.len(), rows.len());
        assert!(history.values().all(|(from, _)| rows.contains(from)), "{id}: {history:?}, and the list says {rows:?}");
        assert_eq!(verdict["state"], "granted", "a reuse grants and takes nothing: {verdict}");
        total += history.len();
        let supplier = verdict["terms"]["supplier"]["id"].as_str().unwrap().to_owned();
        everywhere(us, &supplier, id, &history).await;
        asked.insert(supplier);
    }
    // 746 reuses and 114 first uses, of which 8 and 1 name a day or an authorization that there is not.
    assert_eq!(total, 738 + 113, "of {} suppliers", asked.len());
}

/// Standing counts them beside the verdict, and coverage names each among the evidence that was given.
async fn everywhere(us: &Registry, supplier: &str, id: &str, history: &Days) {
    let standing = us.must_ask(&format!("/v1/suppliers/{supplier}/standing")).await;
    let holdings = standing["holdings"].as_array().unwrap();
    let own = holdings.iter().map(|one| &one["own"]).find(|own| own["verdict"] == id).unwrap();
    assert_eq!(own["acceptedAsEvidence"].as_u64(), Some(history.len() as u64), "{own}");
    let coverage = us.must_ask(&format!("/v1/documents/{DOCUMENT}/coverage?supplier={supplier}")).await;
    let basis = coverage["basis"].as_array().unwrap();
    let held = basis.iter().find(|held| held["verdict"] == id).unwrap_or_else(|| panic!("{id} is not in {coverage}"));
    let mut evidence = Days::new();
    acceptances(&held["evidence"], &mut evidence);
    assert_eq!(&evidence, history, "{id}");
}
