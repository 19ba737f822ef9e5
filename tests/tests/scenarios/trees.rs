//! An open verdict and a restricted one are proven in different trees of the state map: the one with hashes alone, the other with the
//! VRF. Whoever carries a file cannot exchange them, and whoever has no right sees a restricted one as he sees none.

use std::path::Path;

use serde_json::{Value, json};
use tests::claims::{verdict, with};
use tests::{Federation, Party, Registry};

/// The bundle of a verdict, in the party's folder, as soon as a checkpoint covers the entry.
async fn bundle(jp: &Registry, party: &Party, id: &str, index: u64) -> Value {
    let (reference, file) = (format!("jp:{id}"), format!("{id}.json"));
    jp.proves(&party.client(), &reference, &json!({"index": index})).await;
    party.cli(&["prove", &reference, "--out", &file]).await;
    read(&party.folder().join(file))
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn has_line(bundle: &Value, name: &str) -> bool {
    bundle["mapProof"].as_str().unwrap().lines().any(|line| line.starts_with(&format!("{name} ")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_verdict_is_proven_without_the_vrf_and_a_restricted_one_with_it() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let (body, buyer) = (jp.party("cb-1"), jp.party("buyer-1"));
    let granted = body.must("verdict-granted", verdict("V-1")).await.index;
    let restricted = with(verdict("V-2"), json!({"profile": "restricted"}));
    let hidden = body.must("verdict-granted", restricted).await.index;
    body.cli(&["policy", "init", "policy.toml", "--genesis", jp.folder().genesis().to_str().unwrap()]).await;
    let (open, quiet) = (bundle(jp, &body, "V-1", hidden).await, bundle(jp, &body, "V-2", hidden).await);
    assert!(granted < hidden);
    for (name, of_open, of_quiet) in [("blinded", true, false), ("verdicts", false, true), ("vrf", false, true)] {
        assert_eq!((has_line(&open, name), has_line(&quiet, name)), (of_open, of_quiet), "{name}");
    }
    for file in ["V-1.json", "V-2.json"] {
        body.cli(&["verify", file, "--trust", "policy.toml"]).await;
    }
    for (of, with) in [(&open, &quiet), (&quiet, &open)] {
        let mut crossed = of.clone();
        crossed["mapProof"] = with["mapProof"].clone();
        std::fs::write(body.folder().join("crossed.json"), crossed.to_string()).unwrap();
        let refused = body.cli_refused(&["verify", "crossed.json", "--trust", "policy.toml"]).await;
        assert!(refused.contains("bad-map-proof"), "{refused}");
    }
    let mut told = Vec::new();
    for id in ["V-2", "V-0"] {
        let refused = buyer.cli_refused(&["prove", &format!("jp:{id}"), "--out", "none.json"]).await;
        told.push(refused.replace(id, "V"));
    }
    assert_eq!(told[0], told[1], "restricted and absent look alike");
}
