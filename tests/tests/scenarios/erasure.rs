//! Erasing a statement: its bytes are nowhere in the registry's folder any more, whatever happens meanwhile, and every
//! proof still holds.

use serde_json::json;
use tests::claims::{reason, verdict, with};
use tests::secrets::holders;
use tests::{Auditor, Chance, Federation, Receipt, Registry, soon};
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
