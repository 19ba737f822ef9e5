//! The key of a log changes: peers, witnesses and readers come along without being touched, what was proven before holds for ever,
//! a crash at any moment leaves one key or the other, and neither a thief of the old key nor the operator alone can change it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use federation::messages::{Cosign, Proof};
use federation::witness::render;
use ledger::checkpoint::{Checkpoint, Purpose};
use ledger::key::{Algorithm, SigningKey};
use ledger::log_keys::Handover;
use ledger::merkle::leaf_hash;
use ledger::note::NoteSigner;
use ledger::policy::Policy;
use serde_json::{Value, json};
use tests::claims::{rule, terms, verdict};
use tests::{Chance, Federation, Registry, program, soon};

/// Changes in whose middle the registry dies.
const KILLS: u64 = 6;

/// jp, followed by eu under an arrangement, and only cosigned by us.
async fn peered() -> Federation {
    let federation = Federation::create(&["jp", "eu", "us"]);
    for registry in federation.registries() {
        registry.configure("publish_interval_ms = 1000", "publish_interval_ms = 200");
    }
    federation.start_all().await;
    for registry in federation.registries() {
        registry.furnish().await;
    }
    federation.peer("jp", "eu").await;
    federation.peer("jp", "us").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    federation
}

async fn page(registry: &Registry, path: &str) -> Result<String, String> {
    let mut connection = registry.public().connect().await.map_err(|error| error.to_string())?;
    let bytes = connection.get(path).await.map_err(|error| error.to_string())?;
    String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())
}

/// Waits until jp serves so many entries, signed by `key` and cosigned by both peers; gives the note.
async fn cosigned(federation: &Federation, key: &str, size: u64) -> String {
    let [jp, eu, us] = ["jp", "eu", "us"].map(|id| federation.registry(id));
    let (one, other) = (eu.witness_key(), us.witness_key());
    let text = format!("log {key}\nwitness eu {one}\nwitness us {other}\ngroup both all eu us\nquorum both\n");
    let policy = Policy::parse(text.as_bytes()).unwrap();
    soon("jp is cosigned by eu and us", async || {
        let note = page(jp, "/checkpoint").await?;
        let (checkpoint, _) = policy.verify(&note).map_err(|unmet| format!("{unmet}: {note}"))?;
        if checkpoint.size >= size { Ok(note) } else { Err(note) }
    })
    .await
}

async fn submit(witness: &Registry, checkpoint: &str) -> String {
    let mut connection = witness.public().connect().await.unwrap();
    let body = render(&Cosign { old: 0, proof: Proof::default(), checkpoint: checkpoint.to_owned() });
    match connection.post("/add-checkpoint", "text/plain", body.into()).await {
        Ok(line) => String::from_utf8(line.to_vec()).unwrap(),
        Err(error) => error.to_string(),
    }
}

/// Fetches a bundle of V-1 and checks it with a policy of that name, made now if it is not there.
fn proven(jp: &Registry, folder: &Path, bundle: &str, policy: &str) -> String {
    let (bundle, policy) = (folder.join(bundle), folder.join(policy));
    let (bundle, policy) = (bundle.to_str().unwrap(), policy.to_str().unwrap());
    if !Path::new(policy).exists() {
        jp.run(&["policy", "init", policy, "--genesis", jp.folder().genesis().to_str().unwrap()]);
    }
    if !Path::new(bundle).exists() {
        jp.run(&["prove", "jp:V-1", "--out", bundle]);
    }
    jp.run(&["verify", bundle, "--trust", policy])
}

fn log_key(registry: &Registry) -> NoteSigner {
    let key = SigningKey::load(&registry.folder().log_key()).unwrap();
    NoteSigner::new(registry.config().registry.origin.as_str(), key).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_comes_along_and_nothing_old_breaks() {
    let federation = peered().await;
    let [jp, eu, us] = ["jp", "eu", "us"].map(|id| federation.registry(id));
    let (folder, thief) = (tempfile::tempdir().unwrap(), log_key(jp));
    let first = jp.log_key();
    let grant = jp.party("cb-1").sign("verdict-granted", verdict("V-1"));
    let old = jp.party("cb-1").send(grant.clone()).await.unwrap();
    eu.recognises("jp:V-1", |row| row["outcome"] != Value::Null).await;
    cosigned(&federation, &first.to_string(), old.index + 1).await;
    proven(jp, folder.path(), "old.json", "old.toml");

    let said: Value = serde_json::from_str(&jp.run(&["--json", "log", "rotate-key"])).unwrap();
    let (second, change) = (said["logKey"].as_str().unwrap().to_owned(), said["receipt"]["index"].as_u64().unwrap());
    let next = jp.party("cb-1").sign("verdict-granted", verdict("V-2"));
    let new = jp.party("cb-1").send(next.clone()).await.unwrap();
    // Receipts of both times, by the keys that the log proves; the new one by the first key as well, while both sign.
    let keys = jp.log_keys().await;
    assert_eq!((keys.newest().to_string(), keys.changes().len()), (second.clone(), 1));
    old.check(&grant, &keys).unwrap();
    old.check(&grant, &first).unwrap();
    new.check(&next, &keys).unwrap();
    new.check(&next, &first).unwrap();
    // Who follows and who only witnesses: both came to the new key by themselves.
    eu.recognises("jp:V-2", |row| row["outcome"] != Value::Null).await;
    cosigned(&federation, &second, new.index + 1).await;
    let said = proven(jp, folder.path(), "new.json", "old.toml");
    assert!(said.contains(&format!("handed over to {second} by entry {change}")), "{said}");
    proven(jp, folder.path(), "old.json", "old.toml");
    let file = folder.path().join("keys.json");
    jp.run(&["log", "keys", "--out", file.to_str().unwrap()]);
    let (policy, genesis) = (folder.path().join("new.toml"), jp.folder().genesis());
    let words = ["policy", "init", policy.to_str().unwrap(), "--genesis", genesis.to_str().unwrap(), "--log-keys"];
    jp.run(&[&words[..], &[file.to_str().unwrap()]].concat());
    proven(jp, folder.path(), "new.json", "new.toml");
    proven(jp, folder.path(), "old.json", "new.toml");
    // The files took their places when the new key had published.
    soon("the key files are settled", async || {
        if jp.folder().next_log_key().exists() { Err("not yet".to_owned()) } else { Ok(()) }
    })
    .await;
    assert_eq!(log_key(jp).verifier().to_string(), second);
    assert!(jp.folder().former_log_key().exists(), "it signs besides");

    // Whoever kept the old key signs what nobody takes who knows of the change: not a fork, and not as evidence.
    let (origin, purpose) = (jp.config().registry.origin.to_string(), Purpose::Publication);
    let forged = Checkpoint { origin, size: new.index + 50, root: leaf_hash(b"forged"), purpose }.sign(&thief).unwrap();
    for witness in [eu, us] {
        // They look once a second, and ask for the keys when they see that a new one signs besides.
        soon("the retired key is refused", async || {
            let refused = submit(witness, &forged).await;
            if refused.contains("403") { Ok(()) } else { Err(format!("{}: {refused}", witness.id())) }
        })
        .await;
        assert_eq!(witness.must_ask("/v1/evidence").await["evidence"], json!([]));
    }
    // A restart of everybody loses nothing of it.
    for id in ["jp", "eu", "us"] {
        federation.node(id).kill();
    }
    for id in ["jp", "eu", "us"] {
        federation.restart(id).await;
    }
    let third = jp.party("cb-1").must("verdict-granted", verdict("V-3")).await;
    eu.recognises("jp:V-3", |row| row["outcome"] != Value::Null).await;
    cosigned(&federation, &second, third.index + 1).await;
    assert!(submit(us, &forged).await.contains("403"));
    federation.node("jp").stop();
    let said = jp.run(&["log", "verify"]);
    assert!(said.contains("hold together"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_needs_the_operator_and_the_old_key() {
    let federation = Federation::create(&["jp"]);
    let jp = federation.registry("jp");
    jp.configure("external = false", "external = true");
    federation.start_all().await;
    let size = jp.furnish().await;
    let (old, thief) = (log_key(jp), SigningKey::generate(Algorithm::Ed25519).unwrap());
    // The thief's key even rests where the new one should.
    thief.store(&jp.folder().next_log_key()).unwrap();
    let thief = NoteSigner::new(jp.config().registry.origin.as_str(), thief).unwrap();
    let handover = Handover { from: old.verifier(), to: thief.verifier(), size };
    let claim = |by_old: &NoteSigner, by_new: &NoteSigner| {
        json!({
            "from": handover.from.to_string(), "to": handover.to.to_string(), "size": size,
            "signatures": {"from": handover.sign(by_old).unwrap(), "to": handover.sign(by_new).unwrap()},
        })
    };
    let nothing = STANDARD.encode([0; 64]);
    let rows = [
        ("operator", claim(&thief, &thief), "bad-handover"),
        ("operator", claim(&old, &old), "bad-handover"),
        (
            "operator",
            tests::claims::with(claim(&old, &thief), json!({"signatures": {"from": nothing, "to": nothing}})),
            "bad-handover",
        ),
        ("cb-1", claim(&old, &thief), "role-not-entitled"),
        ("ministry", claim(&old, &thief), "role-not-entitled"),
    ];
    for (who, claim, code) in rows {
        let party = if who == "operator" { jp.operator() } else { jp.party(who) };
        let refused = party.say("log-key-changed", claim).await.unwrap_err().to_string();
        assert!(refused.contains(code), "{who}: {refused}, not {code}");
    }
    std::fs::remove_file(jp.folder().next_log_key()).unwrap();
    let refused = jp.operator().say("log-key-changed", claim(&old, &thief)).await.unwrap_err().to_string();
    assert!(refused.contains("log-key-not-held"), "{refused}");
    assert_eq!(jp.log_keys().await.changes(), [], "nothing changed");
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_leaves_one_key_or_the_other() {
    let mut chance = Chance::new();
    let federation = Federation::create(&["jp"]);
    let jp = federation.registry("jp");
    jp.configure("publish_interval_ms = 1000", "publish_interval_ms = 100");
    jp.configure("external = false", "external = true");
    federation.start_all().await;
    jp.furnish().await;
    let mut receipts = Vec::new();
    for round in 0..KILLS {
        let folder = jp.folder().path().to_owned();
        let rotating = tokio::task::spawn_blocking(move || {
            let mut command = Command::new(program::registry_node());
            command.arg("--registry").arg(folder).args(["log", "rotate-key", "--at-once"]).output().unwrap()
        });
        tokio::time::sleep(Duration::from_millis(chance.below(400))).await;
        federation.node("jp").kill();
        rotating.await.unwrap();
        if round % 2 == 0 {
            // The start is killed as well.
            federation.node("jp").start();
            tokio::time::sleep(Duration::from_millis(chance.below(200))).await;
            federation.node("jp").kill();
        }
        federation.restart("jp").await;
        // The same command finishes what was begun, or finds that it is done.
        let said = jp.run(&["log", "rotate-key", "--at-once"]);
        assert!(said.contains("names"), "{said}");
        let compact = jp.party("cb-1").sign("verdict-granted", verdict(&format!("V-{round}")));
        receipts.push((compact.clone(), jp.party("cb-1").send(compact).await.unwrap()));
        // The one before signs nothing more, so it is not kept.
        soon("the key files are settled", async || {
            let left =
                [jp.folder().next_log_key(), jp.folder().former_log_key()].into_iter().find(|file| file.exists());
            left.map_or(Ok(()), |file| Err(format!("{} is there", file.display())))
        })
        .await;
    }
    let keys = jp.log_keys().await;
    assert!(keys.changes().len() as u64 >= KILLS, "{keys:?}");
    for (compact, receipt) in &receipts {
        receipt.check(compact, &keys).unwrap();
    }
    assert_eq!(log_key(jp).verifier(), keys.newest());
    federation.node("jp").stop();
    jp.run(&["log", "verify"]);
    jp.run(&["rebuild"]);
}

/// A key file that holds no key, or names one in a token that is not there.
fn spoil(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
}

/// The start of jp's node fails; gives what it said last.
async fn refused_start(federation: &Federation) -> String {
    let node = federation.node("jp");
    node.start();
    soon("the start is refused", async || node.check().err().ok_or_else(|| "it runs".to_owned())).await;
    node.kill();
    node.last_words()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_says_which_key_cannot_be_opened_and_needs_the_one_that_signs() {
    let federation = Federation::create(&["jp"]);
    let jp = federation.registry("jp");
    jp.configure("publish_interval_ms = 1000", "publish_interval_ms = 100");
    jp.configure("external = false", "external = true");
    federation.start_all().await;
    jp.furnish().await;
    jp.run(&["log", "rotate-key"]);
    soon("the key files are settled", async || {
        if jp.folder().next_log_key().exists() { Err("not yet".to_owned()) } else { Ok(()) }
    })
    .await;
    federation.node("jp").stop();
    let (current, former) = (jp.folder().log_key(), jp.folder().former_log_key());
    let (signing, besides) = (std::fs::read_to_string(&current).unwrap(), std::fs::read_to_string(&former).unwrap());
    let token = "pkcs11:token=gone;object=jp-log?module-path=/nowhere/pkcs11.so&pin-source=file:/nowhere/pin\n";

    // The key before the one that signs: the node starts without it, and says what to do.
    for (round, spoilt) in ["no key", token].into_iter().enumerate() {
        spoil(&former, spoilt);
        federation.restart("jp").await;
        jp.party("cb-1").must("verdict-granted", verdict(&format!("V-{round}"))).await;
        federation.node("jp").stop();
        let told = federation.node("jp").lines_with(&["WARN", "log-former.pem", "key backup"]);
        assert_eq!(told, round + 1, "{}", federation.node("jp").last_words());
    }
    spoil(&former, &besides);

    // The key that signs: nothing is served that could not be signed.
    for spoilt in ["no key", token] {
        spoil(&current, spoilt);
        let said = refused_start(&federation).await;
        assert!(said.contains("log.pem") && said.contains("key backup"), "{said}");
    }
    spoil(&current, &signing);
    federation.restart("jp").await;
    jp.party("cb-1").must("verdict-granted", verdict("V-2")).await;
}
