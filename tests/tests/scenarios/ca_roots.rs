//! The root of a registry's authority changes: nobody is cut off, peers take the new root up from the log without being touched, and
//! what was proven before stays proven.

use serde_json::Value;
use tests::claims::{rule, terms, verdict};
use tests::federation::admit;
use tests::{Federation, Registry};

/// A party takes up the new root, and gets a certificate below it for a key of its own making.
async fn renew(registry: &Registry, id: &str, role: &str) {
    let party = registry.party(id);
    party.cli(&["certs", "trust"]).await;
    party.cli(&["certs", "request", "new"]).await;
    let (request, certificate) = (party.folder().join("new.csr"), party.folder().join("tls.pem"));
    let whose = format!("{role}/{id}");
    let words = ["certs", "sign", request.to_str().unwrap(), "--party", &whose, "--out", certificate.to_str().unwrap()];
    registry.run(&words);
    std::fs::rename(party.folder().join("new.key"), party.folder().join("tls.key")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_root_takes_over_and_nobody_is_cut_off() {
    let federation = Federation::create(&["jp", "eu"]);
    federation.start_all().await;
    let [jp, eu] = ["jp", "eu"].map(|id| federation.registry(id));
    jp.furnish().await;
    eu.furnish().await;
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    let grant = jp.party("cb-1").sign("verdict-granted", verdict("V-1"));
    let old = jp.party("cb-1").send(grant.clone()).await.unwrap();
    eu.recognises("jp:V-1", |row| row["outcome"] != Value::Null).await;
    let buyer = jp.party("buyer-1").client();

    let refused = jp.command(&["certs", "retire-root"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no former root"));
    let said = jp.run(&["certs", "rotate-root"]);
    assert_eq!(jp.run(&["certs", "rotate-root"]), said, "the same command again changes nothing");
    // Whoever knows the old root alone goes on.
    jp.party("cb-2").must("verdict-granted", verdict("V-2")).await;
    buyer.json::<Value>("/v1/verdicts/jp:V-2").await.unwrap();
    let refused = jp.command(&["certs", "retire-root"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("certification-body/cb-1") && said.contains("peer/eu"), "{said}");
    renew(jp, "cb-1", "certification-body").await;
    std::fs::remove_dir_all(eu.folder().peer(&"jp".parse().unwrap())).unwrap();
    admit(jp, eu);
    // eu asks every ten seconds, and needs nobody for it.
    eu.soon("/v1/peers", |answer| answer["peers"][0]["caRoots"].as_array().is_some_and(|roots| roots.len() == 2)).await;
    jp.run(&["certs", "retire-root", "--anyway"]);
    // Everything begins anew: both nodes dial again, and meet servers below the new root alone.
    federation.node("jp").kill();
    federation.restart("jp").await;
    let new = jp.party("cb-1").must("verdict-granted", verdict("V-3")).await;
    eu.recognises("jp:V-3", |row| row["outcome"] != Value::Null).await;
    assert!(buyer.json::<Value>("/v1/verdicts/jp:V-3").await.is_err(), "it never took up the new root");
    assert!(jp.party("cb-2").say("verdict-granted", verdict("V-4")).await.is_err(), "its certificate has ended");
    // Old proofs rest on the log, not on certificates.
    let keys = jp.log_keys().await;
    old.check(&grant, &keys).unwrap();
    assert!(new.index > old.index);
    jp.run(&["certs", "rotate-root"]);
}
