//! A body's credentials carry certificates of its signing key, for readers who live by X.509: made, put in, asked for.

use std::path::Path;

use serde_json::{Value, json};
use tests::claims::{day, verdict};
use tests::{Federation, Party, Registry};

/// The registry certifies the key with which a body signs statements; the file is in the body's folder.
fn certify(jp: &Registry, body: &Party) {
    let (key, out) = (body.folder().join("own.jwk"), body.folder().join("x5c.pem"));
    std::fs::write(&key, body.key().public_key().to_jwk()).unwrap();
    let whose = format!("certification-body/{}", body.id());
    jp.run(&["certs", "sign", text(&key), "--party", &whose, "--signing", "--out", text(&out)]);
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Grants a verdict; gives the words that issue its credential.
async fn granted(body: &Party, id: &str) -> Vec<String> {
    body.must("verdict-granted", verdict(id)).await;
    let detail = json!({"assessments": {"organization": {"level": "4"}, "process": {"level": "4"}}});
    std::fs::write(body.folder().join("detail.json"), detail.to_string()).unwrap();
    let (assessed, out) = (day(-20), format!("{id}.sd-jwt"));
    let words = ["credential", "issue", id, "--assessed", &assessed, "--detail", "detail.json", "--out", &out];
    words.map(str::to_owned).into()
}

fn words(of: &[String]) -> Vec<&str> {
    of.iter().map(String::as_str).collect()
}

/// A bundle of the verdict with its credential, in the buyer's folder.
async fn proven(jp: &Registry, buyer: &Party, id: &str, issued: &Value) -> String {
    let (reference, file) = (format!("jp:{id}"), format!("{id}.json"));
    jp.proves(&buyer.client(), &reference, issued).await;
    buyer.cli(&["prove", &reference, "--out", &file]).await;
    file
}

/// How many roots a policy names.
fn roots(policy: &Path) -> usize {
    let text = std::fs::read_to_string(policy).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("ca_roots = ")).unwrap();
    serde_json::from_str::<Vec<String>>(line).unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_carry_certificates_that_a_policy_may_ask_for() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let (certified, plain, buyer) = (jp.party("cb-1"), jp.party("cb-2"), jp.party("buyer-1"));
    certify(jp, &certified);
    let issue = granted(&certified, "V-1").await;
    let first = certified.cli(&[&words(&issue)[..], &["--x5c", "x5c.pem"]].concat()).await;
    let issue = granted(&plain, "V-2").await;
    // Another's certificates convince nobody that a key is one's own.
    std::fs::copy(certified.folder().join("x5c.pem"), plain.folder().join("x5c.pem")).unwrap();
    let refused = plain.cli_refused(&[&words(&issue)[..], &["--x5c", "x5c.pem"]].concat()).await;
    assert!(refused.contains("x5c"), "{refused}");
    let second = plain.cli(&words(&issue)).await;

    let policy = |name: &'static str, rest: &'static [&'static str]| {
        [&["policy", "init", name, "--genesis", "genesis.jws"][..], rest].concat()
    };
    buyer.cli(&policy("any.toml", &[])).await;
    buyer.cli(&policy("asking.toml", &["--ca-roots"])).await;
    assert_eq!(roots(&buyer.folder().join("asking.toml")), 1);
    let (one, other) = (proven(jp, &buyer, "V-1", &first).await, proven(jp, &buyer, "V-2", &second).await);
    for file in [&one, &other] {
        buyer.cli(&["verify", file, "--trust", "any.toml"]).await;
    }
    buyer.cli(&["verify", &one, "--trust", "asking.toml"]).await;
    let refused = buyer.cli_refused(&["verify", &other, "--trust", "asking.toml"]).await;
    assert!(refused.contains("no-trusted-ca-root"), "{refused}");

    // Another root takes over: what was certified below the old one still leads there, and whoever asks now names both.
    jp.run(&["certs", "rotate-root"]);
    buyer.cli(&["log", "keys", "--out", "keys.json"]).await;
    buyer.cli(&policy("both.toml", &["--ca-roots", "--log-keys", "keys.json"])).await;
    assert_eq!(roots(&buyer.folder().join("both.toml")), 2);
    std::fs::remove_file(buyer.folder().join(&one)).unwrap();
    let later = proven(jp, &buyer, "V-1", &first).await;
    for policy in ["asking.toml", "both.toml"] {
        buyer.cli(&["verify", &later, "--trust", policy]).await;
    }
}
