//! Nations witness each other: what one publishes comes to carry the cosignatures of the others, none ever signs backwards, and
//! a log that is forked is found out at all of them, and cosigned by none.

use federation::messages::{Cosign, Proof};
use federation::witness::render;
use ledger::checkpoint::Checkpoint;
use ledger::digest::Digest;
use ledger::merkle::{Hash, leaf_hash};
use ledger::note::SignedNote;
use ledger::policy::Policy;
use serde_json::{Value, json};
use tests::claims::verdict;
use tests::impostor::{Impostor, Lie};
use tests::{Chance, Federation, Registry, soon};

const ALL: [&str; 3] = ["jp", "eu", "us"];
/// Ends of a witness in the middle of its work.
const KILLS: u64 = 6;

async fn peered() -> Federation {
    let federation = Federation::create(&ALL);
    for registry in federation.registries() {
        registry.configure("publish_interval_ms = 1000", "publish_interval_ms = 200");
    }
    federation.start_all().await;
    for (one, other) in [("jp", "eu"), ("jp", "us"), ("eu", "us")] {
        federation.peer(one, other).await;
    }
    federation
}

/// What an offline reader asks of a checkpoint of `log`: all of these witnesses.
fn policy(log: &Registry, witnesses: &[&Registry]) -> Policy {
    let lines = witnesses.iter().map(|one| format!("witness {} {}\n", one.id(), one.witness_key()));
    let names: Vec<&str> = witnesses.iter().map(|one| one.id()).collect();
    let (lines, names) = (lines.collect::<String>(), names.join(" "));
    let text = format!("log {}\n{lines}group quorum-of all {names}\nquorum quorum-of\n", log.log_key());
    Policy::parse(text.as_bytes()).unwrap()
}

async fn page(registry: &Registry, path: &str) -> Result<String, String> {
    let mut connection = registry.public().connect().await.map_err(|error| error.to_string())?;
    let bytes = connection.get(path).await.map_err(|error| error.to_string())?;
    String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())
}

/// Waits until the served checkpoint covers `size` and fulfils the policy; gives its note.
async fn cosigned(log: &Registry, policy: &Policy, size: u64) -> String {
    soon(&format!("{} serves {size} entries, cosigned", log.id()), async || {
        let note = page(log, "/checkpoint").await?;
        let (checkpoint, _) = policy.verify(&note).map_err(|unmet| format!("{unmet}: {note}"))?;
        if checkpoint.size >= size { Ok(note) } else { Err(note) }
    })
    .await
}

/// Something new in a log; gives the size that covers it.
async fn grow(registry: &Registry, id: &str) -> u64 {
    let claim = json!({"document": format!("{id}@1"), "title": id, "owner": "X", "kind": "guideline"});
    registry.party("ministry").must("document-published", claim).await.index + 1
}

/// Submits over HTTPS, as anybody may; gives the signature line, or what is said instead.
async fn submit(witness: &Registry, body: &str) -> Result<String, String> {
    let mut connection = witness.public().connect().await.map_err(|error| error.to_string())?;
    let answer = connection.post("/add-checkpoint", "text/plain", body.to_owned().into()).await;
    answer.map(|line| String::from_utf8(line.to_vec()).unwrap()).map_err(|error| error.to_string())
}

/// The newest checkpoint of `log` that `witness` cosigned.
async fn newest(witness: &Registry, log: &Registry) -> Checkpoint {
    let path = format!("/witness/{}/checkpoint", Digest::of(log.config().registry.origin.as_str().as_bytes()));
    let note = soon("a witness shows what it cosigned", async || page(witness, &path).await).await;
    let parsed = SignedNote::parse(&note).unwrap();
    let verified = parsed.verify(&[&log.log_key(), &witness.witness_key()]).unwrap();
    assert_eq!(verified.signers().len(), 2, "{note}");
    Checkpoint::parse(verified.text()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn published_checkpoints_come_to_carry_the_cosignatures_of_all_peers() {
    let federation = peered().await;
    let [jp, eu, us] = ALL.map(|id| federation.registry(id));
    for (log, one, other) in [(jp, eu, us), (eu, jp, us), (us, jp, eu)] {
        let size = log.furnish().await;
        cosigned(log, &policy(log, &[one, other]), size).await;
    }
    let mut chance = Chance::new();
    let old = page(jp, "/checkpoint").await.unwrap();
    let mut seen: Vec<Checkpoint> = Vec::new();
    for round in 0..KILLS {
        // Published and cosigned meanwhile, and somewhere in there the witness dies.
        let growing = async {
            for number in 0..6 {
                grow(jp, &format!("d-{round}-{number}")).await;
                tokio::time::sleep(std::time::Duration::from_millis(60)).await;
            }
        };
        let killing = async {
            tokio::time::sleep(std::time::Duration::from_millis(chance.below(360))).await;
            federation.node("eu").kill();
        };
        tokio::join!(growing, killing);
        // Nobody waits for it, and the other witness goes on.
        let size = grow(jp, &format!("without-{round}")).await;
        cosigned(jp, &policy(jp, &[us]), size).await;
        federation.restart("eu").await;
        let checkpoint = newest(eu, jp).await;
        assert!(seen.iter().all(|before| before.size <= checkpoint.size), "{seen:?}, then {checkpoint:?}");
        seen.push(checkpoint);
        // Whoever comes with an older one, as if nothing had been cosigned, is told so.
        let body = render(&Cosign { old: 0, proof: Proof::default(), checkpoint: old.clone() });
        let refused = submit(eu, &body).await.unwrap_err();
        assert!(refused.contains("409"), "{refused}");
        cosigned(jp, &policy(jp, &[eu, us]), size).await;
    }
    let peer = jp.peer_status("eu").await;
    let published = Checkpoint::verify(&page(jp, "/checkpoint").await.unwrap(), &jp.log_key()).unwrap();
    assert!(peer["cosigned"]["byIt"].as_u64() <= Some(published.size) && peer["cosigned"]["byUs"].is_u64(), "{peer}");
    let metrics = page(jp, "/metrics").await.unwrap();
    for name in ["cosignatures_given_total", "cosignatures_taken_total", "cosigned_size", "cosigned_time_seconds"] {
        assert!(metrics.contains(&format!("registry_{name}{{peer=\"us\"}}")), "{name}: {metrics}");
    }
    // A restart of the log loses none of them.
    let note = cosigned(jp, &policy(jp, &[eu, us]), published.size).await;
    federation.node("eu").stop();
    federation.node("us").stop();
    federation.node("jp").kill();
    federation.restart("jp").await;
    assert_eq!(page(jp, "/checkpoint").await.unwrap(), note);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forked_log_is_found_out_everywhere_and_cosigned_by_none() {
    let federation = peered().await;
    let [jp, eu, us] = ALL.map(|id| federation.registry(id));
    let size = jp.furnish().await;
    cosigned(jp, &policy(jp, &[eu, us]), size).await;
    federation.node("jp").stop();
    // jp is in the hands of a liar, who shows eu the truth, and then another root for the same size; us hears nothing of it.
    let impostor = Impostor::take_over(jp, "eu").await;
    let size = impostor.change(|past| past.size());
    soon("eu saw all of jp", async || {
        let status = eu.peer_status("jp").await["status"].clone();
        if status["announced"].as_u64() >= Some(size) && status["state"] == "idle" {
            Ok(())
        } else {
            Err(status.to_string())
        }
    })
    .await;
    let other: Hash = leaf_hash(b"another history");
    impostor.lie(Lie::checkpoint(move |past, answer| answer.checkpoint = past.note(past.size(), other)));
    for (registry, sent_by) in [(eu, Value::Null), (us, json!("eu"))] {
        let all = registry.soon("/v1/evidence", |all| all["evidence"][0]["registry"] == "jp").await;
        let piece = &all["evidence"][0];
        assert_eq!((&piece["proven"], &piece["sentBy"]), (&json!(true), &sent_by), "{}", registry.id());
        let wanted = |peers: &Value| {
            let peers = peers["peers"].as_array().cloned().unwrap_or_default();
            peers.iter().any(|peer| {
                peer["registry"] == "jp" && peer["status"]["state"] == "stopped" && peer["evidence"] == piece["id"]
            })
        };
        registry.soon("/v1/peers", wanted).await;
        let body = impostor.change(|past| {
            past.append(&jp.party("cb-1").sign("verdict-granted", verdict("V-1")));
            past.submission(0)
        });
        let refused = submit(registry, &body).await.unwrap_err();
        assert!(refused.contains("403") && refused.contains("forked"), "{refused}");
        checks_offline(registry, jp, piece["id"].as_str().unwrap());
    }
    // Told once: what comes back changes nothing, and neither does a restart.
    federation.node("us").kill();
    federation.restart("us").await;
    let all = us.must_ask("/v1/evidence").await;
    assert_eq!((all["evidence"].as_array().unwrap().len(), &all["evidence"][0]["sentBy"]), (1, &json!("eu")));
    let shown = us.run(&["status"]);
    assert!(shown.contains("evidence of forked logs") && shown.contains("jp"), "{shown}");
}

/// The file is proof by itself: against the genesis of the accused, without asking anybody.
fn checks_offline(holder: &Registry, accused: &Registry, id: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evidence.json");
    let file = file.to_str().unwrap();
    holder.run(&["evidence", "export", id, "--out", file]);
    let genesis = accused.folder().genesis();
    let said = holder.run(&["evidence", "verify", file, "--genesis", genesis.to_str().unwrap()]);
    assert!(said.contains("is forked") && said.contains("the key is that of the genesis"), "{said}");
    let text = std::fs::read_to_string(file).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let same = json!({"second": record["first"]});
    std::fs::write(file, tests::claims::with(record, same).to_string()).unwrap();
    let refused = holder.command(&["evidence", "verify", file]).output().unwrap();
    assert!(!refused.status.success(), "two equal checkpoints prove nothing");
}
