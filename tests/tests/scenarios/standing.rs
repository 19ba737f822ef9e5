//! A supplier without a verdict proves that to one buyer, who checks it away from any registry; a verdict is granted, and the older
//! proof does not pass for a new one any more.

use std::path::Path;
use std::process::Command;

use conformity::party::Role;
use ledger::key::Algorithm;
use serde_json::{Value, json};
use tests::claims::{SUPPLIER, day, verdict, with};
use tests::{Federation, Party, Registry, program, soon};

/// Another identifier of the same supplier, which no verdict names.
const LEI: &str = "lei:5493001KJTIIGC8Y1R12";
/// An identifier of nobody who is registered.
const STRANGER: &str = "duns:150483782";
/// How old a checkpoint may be for a buyer who asks how things stand now, in seconds.
const MAX_AGE: &str = "10";

async fn join(jp: &Registry) {
    let mut claim = jp.equip("maker", Role::Supplier, Algorithm::P256);
    claim["party"]["identifiers"] = json!([SUPPLIER, LEI]);
    jp.operator().must("party-registered", claim).await;
    jp.register("buyer-2", Role::Buyer).await;
}

fn path() -> String {
    format!("/v1/suppliers/{}/proof?scheme=stars%401", SUPPLIER.replace(':', "%3A"))
}

async fn refused(party: &Party, path: &str) -> String {
    party.client().json::<Value>(path).await.unwrap_err().to_string()
}

/// Fetches the bundle into that file.
async fn prove(party: &Party, file: &Path) {
    prove_of(party, SUPPLIER, file).await;
}

async fn prove_of(party: &Party, supplier: &str, file: &Path) {
    let _ = std::fs::remove_file(file);
    party.cli(&["prove", "--supplier", supplier, "--scheme", "stars@1", "--out", file.to_str().unwrap()]).await;
}

/// Runs a command where there is no registry: the exit code, and what was said on either stream.
fn run(away: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let told = Command::new(program::registry_node()).args(words).current_dir(away).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    (told.status.code(), text(&told.stdout), text(&told.stderr))
}

/// Checks a file: the exit code and what was said.
fn verify(away: &Path, bundle: &str, more: &[&str]) -> (Option<i32>, Value) {
    let trust: &[&str] = if more.contains(&"--trust") { &[] } else { &["--trust", "policy.toml"] };
    let (code, said, error) = run(away, &[&["--json", "verify", bundle][..], trust, more].concat());
    (code, serde_json::from_str(&said).unwrap_or_else(|_| panic!("{error}")))
}

/// Each identifier with its entries.
fn known(standing: &Value) -> Vec<(String, usize)> {
    let all = standing["identifiers"].as_array().unwrap().iter();
    all.map(|one| (one["identifier"].as_str().unwrap().to_owned(), one["entries"].as_array().unwrap().len())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn absence_is_proven_to_a_buyer_and_does_not_outlive_a_grant() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    join(jp).await;
    let (maker, buyer, other) = (jp.party("maker"), jp.party("buyer-1"), jp.party("buyer-2"));
    let away = tempfile::tempdir().unwrap();
    let file = |name: &str| away.path().join(name);
    let unseen = refused(&buyer, &path()).await;
    maker.cli(&["consent", "give", "S-1", "--standing", "stars@1", "--to", "buyer-1", "--until", &day(30)]).await;
    prove(&buyer, &file("absent.json")).await;
    assert_eq!(refused(&other, &path()).await, unseen);
    let policy = file("policy.toml");
    let genesis = jp.folder().genesis();
    let init = ["policy", "init", policy.to_str().unwrap(), "--genesis", genesis.to_str().unwrap()];
    jp.run(&[&init[..], &["--max-age", MAX_AGE]].concat());

    let sealed = absent_offline(away.path()).await;
    soon("the proof is too old to tell how things stand now", async || match verify(away.path(), "absent.json", &[]) {
        (Some(5), said) if said["failed"]["code"] == "stale" => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;

    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    let standing = soon("the grant is in the next proof", async || {
        prove(&buyer, &file("present.json")).await;
        match verify(away.path(), "present.json", &[]) {
            (Some(0), said) if said["absent"] == false => Ok(said),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let mut expected = [(LEI.to_owned(), 0), (SUPPLIER.to_owned(), 1)];
    let mut found = known(&standing);
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "each of its identifiers, and no other");
    assert_eq!(standing["entries"][0]["said"]["verdict"], "V-1");
    let then = verify(away.path(), "present.json", &["--at", &sealed]);
    assert_eq!((then.0, &then.1["absent"]), (Some(0), &json!(true)), "the new one says the same of then");
    nothing_is_hidden(away.path());
    prove_of(&jp.operator(), STRANGER, &file("stranger.json")).await;
    what_is_not_registered_is_said(away.path());

    let told = maker.cli(&["consent", "uses", "--supplier", LEI, "--scheme", "stars@1"]).await;
    let uses = told["uses"].as_array().unwrap();
    assert!(!uses.is_empty() && uses.iter().all(|one| one["to"] == "buyer-1" && one["way"] == "standing"), "{told}");
    maker.cli(&["consent", "withdraw", "S-1"]).await;
    assert_eq!(refused(&buyer, &path()).await, unseen, "at once");
    prove(&maker, &file("own.json")).await;
}

/// What the buyer's first file proves; gives the time of its seal.
async fn absent_offline(away: &Path) -> String {
    let written: Value = serde_json::from_slice(&std::fs::read(away.join("absent.json")).unwrap()).unwrap();
    assert_eq!(written["format"], "secure-trust-registry/supplier-bundle@1");
    let policy = std::fs::read_to_string(away.join("policy.toml")).unwrap();
    // Whatever time it took until here.
    std::fs::write(away.join("any-age.toml"), policy.replace("max_age_seconds = 10\n", "")).unwrap();
    let (code, standing) = verify(away, "absent.json", &["--trust", "any-age.toml"]);
    assert_eq!(
        (code, &standing["absent"], &standing["registered"]),
        (Some(0), &json!(true), &json!("maker")),
        "{standing}"
    );
    assert!(known(&standing).iter().all(|(_, entries)| *entries == 0) && known(&standing).len() == 2, "{standing}");
    let sealed = standing["at"].as_str().unwrap().to_owned();
    let claim = format!("as of {sealed}, jp.registry.test holds no verdict about {SUPPLIER} under stars@1");
    let words: Vec<&str> =
        standing["steps"].as_array().unwrap().iter().filter_map(|step| step["words"].as_str()).collect();
    assert!(words.iter().any(|words| words.starts_with(&claim)), "{claim}: {words:#?}");
    sealed
}

/// A file that leaves the entry out, or says that there are fewer, is refused at the first step that does not hold.
fn nothing_is_hidden(away: &Path) {
    let written: Value = serde_json::from_slice(&std::fs::read(away.join("present.json")).unwrap()).unwrap();
    let place =
        written["identifiers"].as_array().unwrap().iter().position(|one| one["identifier"] == SUPPLIER).unwrap();
    let mut hidden = written.clone();
    hidden["identifiers"][place]["entries"] = json!([]);
    let mut crafted = hidden.clone();
    let proof = crafted["identifiers"][place]["mapProof"].as_str().unwrap().to_owned();
    let latest = proof.lines().find(|line| line.starts_with("latest 1 ")).unwrap();
    crafted["identifiers"][place]["mapProof"] = json!(proof.replace(latest, "empty"));
    let mut fewer = written;
    fewer["identifiers"].as_array_mut().unwrap().remove(place);
    for (bundle, code) in [(hidden, "incomplete"), (crafted, "bad-map-proof"), (fewer, "bad-identifiers")] {
        std::fs::write(away.join("altered.json"), bundle.to_string()).unwrap();
        let (exit, said) = verify(away, "altered.json", &["--at", "2026-01-01T00:00:00Z"]);
        assert_eq!((exit, &said["failed"]["code"]), (Some(3), &json!(code)), "{said}");
    }
}

/// A file without a registration holds, says on its last line what it leaves open, and is refused where that is not enough; neither
/// kind is for what belongs to verdicts.
fn what_is_not_registered_is_said(away: &Path) {
    let trust = ["--trust", "any-age.toml"];
    let (code, said, _) = run(away, &[&["verify", "stranger.json"][..], &trust].concat());
    let last = said.lines().last().unwrap_or_default();
    assert_eq!(code, Some(0), "{said}");
    assert!(last.starts_with("VERIFIED") && last.contains("it may have other identifiers"), "{last}");
    let (code, standing) = verify(away, "stranger.json", &trust);
    assert_eq!((code, standing.get("registered")), (Some(0), Some(&json!(null))), "{standing}");
    let demanded = ["--registered", "--trust", "any-age.toml"];
    let (code, refused) = verify(away, "stranger.json", &demanded);
    assert_eq!((code, &refused["failed"]["code"]), (Some(5), &json!("not-registered")), "{refused}");

    let (code, said, _) = run(away, &[&["verify", "present.json"][..], &demanded].concat());
    let last = said.lines().last().unwrap_or_default();
    assert_eq!((code, last.contains("other identifiers")), (Some(0), false), "{last}");
    let (code, said, error) = run(away, &[&["certificate", "present.json", "--out", "page.html"][..], &trust].concat());
    assert_eq!((code, said.as_str()), (Some(2), ""), "{error}");
    assert!(error.contains("this is about a supplier; certificates are of verdicts"), "{error}");
    assert!(!away.join("page.html").exists());
}

/// To an authority a restricted verdict is withheld wherever it asks; to a buyer everything says what it says of none: this registry names no
/// country, so that it cannot tell whether it would know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absence_says_why_wherever_somebody_asks() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let hidden = with(verdict("V-1"), json!({"profile": "restricted"}));
    jp.party("cb-1").must("verdict-granted", hidden).await;
    let (ministry, buyer) = (jp.party("ministry"), jp.party("buyer-1"));
    let questions = [
        &["standing", SUPPLIER, "--scheme", "stars"][..],
        &["verdicts", "--supplier", SUPPLIER, "--scheme", "stars"],
        &["coverage", "sp800-171@r3", "--supplier", SUPPLIER],
    ];
    for question in questions {
        for (party, absence) in [(&ministry, "withheld"), (&buyer, "unknown")] {
            assert_eq!(party.cli(question).await["absence"], absence, "{question:?}");
        }
    }
    let seen = buyer.cli_refused(&["verdict", "jp:V-1"]).await;
    assert_eq!(seen, buyer.cli_refused(&["verdict", "jp:V-0"]).await);
    assert!(seen.contains("no verdict of that name that you may see"), "{seen}");
    for (language, words) in [("en", "There is a restricted verdict."), ("ja", "限定公開の判定があります")]
    {
        let told = ministry.cli_refused(&["--lang", language, "verdict", "jp:V-1"]).await;
        assert!(told.contains(words), "{told}");
    }
}
