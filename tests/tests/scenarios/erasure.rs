//! Erasing a statement: its bytes are nowhere in the registry's folder any more, whatever happens meanwhile, and every
//! proof still holds; what a credential kept back goes with it, and what was proven before stays proven.

use registry_node::vault::Vault;
use serde_json::json;
use tests::claims::{day, reason, verdict, with};
use tests::secrets::holders;
use tests::{Auditor, Chance, Federation, Party, Receipt, Registry, Secrets, soon};
use tokio::time::{Duration, sleep};

/// What must not be found any more: the name of a person, as it never should have been written down.
const NAME: &str = "Yamada Hanako";
const ROUNDS: u64 = 8;

async fn grant(registry: &Registry, id: &str) -> Receipt {
    let scope = json!({"scope": format!("{NAME} {id}")});
    registry.party("cb-1").must("verdict-granted", with(verdict(id), scope)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_is_nowhere_and_proofs_hold() {
    let mut chance = Chance::new();
    let federation = Federation::create(&["jp"]);
    let jp = federation.registry("jp");
    jp.configure("external = false", "external = true");
    federation.start_all().await;
    jp.furnish().await;
    let mut auditor = Auditor::of(jp);
    for round in 0..ROUNDS {
        let id = format!("V-{round}");
        let granted = grant(jp, &id).await;
        auditor.follow(granted.index + 1).await;
        let mut connection = auditor.connect().await;
        let statement = auditor.statement(&mut connection, granted.index).await.unwrap();
        // Stopped and started, it also is in an index that was written down.
        if chance.below(2) == 0 {
            federation.node("jp").stop();
            federation.restart("jp").await;
        }
        let erased =
            jp.operator().sign("statement-erased", json!({"index": granted.index, "reason": reason("request")}));
        let erasing = tokio::spawn({
            let operator = jp.operator();
            let erased = erased.clone();
            async move { operator.send(erased).await }
        });
        if chance.below(2) == 0 {
            sleep(Duration::from_millis(chance.below(20))).await;
            federation.node("jp").kill();
            federation.restart("jp").await;
        }
        let _ = erasing.await.unwrap();
        // Sent again, it is answered again; and if the kill was quicker, it is done now.
        jp.operator().send(erased).await.unwrap();
        let signature = statement.rsplit_once('.').unwrap().1.to_owned();
        let name = format!("{NAME} {id}");
        soon(&format!("{id} is nowhere"), async || {
            match holders(jp.folder().path(), &[signature.clone(), name.clone()]) {
                none if none.is_empty() => Ok(()),
                some => Err(some.join(", ")),
            }
        })
        .await;
        let mut connection = auditor.connect().await;
        assert!(auditor.statement(&mut connection, granted.index).await.is_err(), "{id} is served");
        assert!(jp.ask(&format!("/v1/verdicts/jp:{id}")).await.is_err(), "{id} is answered");
    }
    let last = grant(jp, "last").await;
    auditor.follow(last.index + 1).await;
    Auditor::of(jp).follow(last.index + 1).await;
    federation.node("jp").stop();
    assert!(jp.check_seals().right > 0, "what was sealed after the last erasure can be derived again");
}

/// A verdict in summary with its credential, and a bundle of both in the body's folder; gives the grant's place and all of the credential.
async fn documented(jp: &Registry, body: &Party) -> (u64, String) {
    let terms = json!({"profile": "summary", "level": null, "sites": null});
    let granted = body.must("verdict-granted", with(verdict("V-1"), terms)).await;
    let detail = json!({
        "reach": {"level": "4", "sites": [NAME]},
        "assessments": {"organization": {"level": "4"}, "process": {"level": "4"}},
    });
    std::fs::write(body.folder().join("detail.json"), detail.to_string()).unwrap();
    let about = ["--assessed", &day(-20), "--detail", "detail.json", "--out", "V-1.sd-jwt"];
    let made = body.cli(&[&["credential", "issue", "V-1"][..], &about].concat()).await;
    jp.proves(&body.client(), "jp:V-1", &made).await;
    body.cli(&["prove", "jp:V-1", "--out", "bundle.json"]).await;
    body.cli(&["policy", "init", "policy.toml", "--genesis", jp.folder().genesis().to_str().unwrap()]).await;
    (granted.index, std::fs::read_to_string(body.folder().join("V-1.sd-jwt")).unwrap())
}

/// How many credentials a stopped registry keeps the detail of.
fn kept(jp: &Registry) -> usize {
    Vault::open(&jp.folder().vault()).unwrap().names("credential/").unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_credential_kept_back_is_erased_and_an_older_bundle_still_holds() {
    let mut chance = Chance::new();
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let body = jp.party("cb-1");
    let (granted, whole) = documented(jp, &body).await;
    let fetch = ["credential", "fetch", "jp:V-1", "--out", "again.sd-jwt"];
    body.cli(&fetch).await;
    federation.node("jp").stop();
    assert_eq!(kept(jp), 1);
    federation.restart("jp").await;

    let erased = jp.operator().sign("statement-erased", json!({"index": granted, "reason": reason("request")}));
    let erasing = tokio::spawn({
        let (operator, erased) = (jp.operator(), erased.clone());
        async move { operator.send(erased).await }
    });
    sleep(Duration::from_millis(chance.below(20))).await;
    federation.node("jp").kill();
    federation.restart("jp").await;
    // Whichever was quicker.
    let _ = erasing.await.unwrap();
    jp.operator().send(erased).await.unwrap();
    for words in [&fetch[..], &["prove", "jp:V-1", "--out", "later.json"]] {
        let refused = body.cli_refused(words).await;
        assert!(refused.contains("(404, not-found)"), "{words:?}: {refused}");
    }

    federation.node("jp").stop();
    assert_eq!(kept(jp), 0, "the detail went with its key");
    assert_eq!(Secrets::of(&[whole], &[NAME]).in_files(jp.folder().path()), Vec::<String>::new());
    let held = body.cli(&["verify", "bundle.json", "--trust", "policy.toml"]).await;
    assert!(held.to_string().contains(NAME), "what was proven then is proven still: {held}");
}
