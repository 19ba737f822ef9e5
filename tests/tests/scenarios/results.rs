//! Results of a whole catalogue: far more than a statement holds, disclosed one by one, and each believed for itself.

use std::collections::BTreeSet;

use conformity::consent::Part;
use credential::attestation::{part_of, read};
use credential::sd_jwt::{Disclosed, MAX_JWT, Pieces, Pointer, REGISTRY, Unverified};
use ledger::key::PublicKey;
use serde_json::{Value, json};
use tests::claims::{day, verdict};
use tests::{Federation, Registry};

/// Results of the two viewpoints.
const RESULTS: [usize; 2] = [400, 200];
const ALL: usize = RESULTS[0] + RESULTS[1];

/// Requirements of a catalogue, by number.
fn results(count: usize) -> Vec<Value> {
    let requirement = |number: usize| format!("03.{:02}.{:02}", number / 100, number % 100);
    let outcome = |number: usize| if number.is_multiple_of(7) { "partly-met" } else { "met" };
    let result =
        |number| json!({"document": "sp800-171@r3", "requirement": requirement(number), "outcome": outcome(number)});
    (0..count).map(result).collect()
}

/// The credential with all results, as its body issued it and its registry took it.
async fn documented(jp: &Registry) -> (String, Value) {
    let body = jp.party("cb-1");
    body.must("verdict-granted", verdict("V-1")).await;
    let [organization, process] = RESULTS.map(|count| json!({"results": results(count)}));
    let detail = json!({"assessments": {"organization": organization, "process": process}});
    std::fs::write(body.folder().join("detail.json"), detail.to_string()).unwrap();
    let assessed = day(-20);
    let about = ["--assessed", &assessed, "--detail", "detail.json", "--out", "V-1.sd-jwt"];
    let made = body.cli(&[&["credential", "issue", "V-1"][..], &about].concat()).await;
    (std::fs::read_to_string(body.folder().join("V-1.sd-jwt")).unwrap(), made)
}

fn verified(text: &str, key: &PublicKey) -> Disclosed {
    Unverified::parse(text, REGISTRY).unwrap().verify(key).unwrap().disclose().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_results_are_disclosed_one_by_one() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let maker = jp.register_supplier("maker").await;
    let (issued, made) = documented(jp).await;
    let pieces = Pieces::of(&issued).unwrap();
    let kept: usize = pieces.disclosures().map(str::len).sum();
    assert!(kept > 2 * MAX_JWT && pieces.jwt().len() < MAX_JWT / 4, "{kept} beside {}", pieces.jwt().len());

    // Everybody has the issuer's key from its DID, and the supplier the whole from the registry.
    let keys = jp.must_ask("/parties/cb-1/jwks.json").await;
    let key =
        PublicKey::from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": keys["keys"][0]["x"]}).to_string()).unwrap();
    maker.cli(&["credential", "fetch", "jp:V-1", "--out", "V-1.sd-jwt"]).await;
    let whole = std::fs::read_to_string(maker.folder().join("V-1.sd-jwt")).unwrap();
    assert_eq!(whole, issued);
    let whole = verified(&whole, &key);
    let is_result = |place: &Pointer| part_of(whole.payload(), place) == Some(Part::Results);
    let places: Vec<&Pointer> =
        whole.concealable().iter().map(|one| one.pointer()).filter(|one| is_result(one)).collect();
    assert_eq!(places.len(), ALL);

    let mut found = BTreeSet::new();
    for place in places {
        let shown = whole.present(|one| one == place);
        let read = read(verified(shown.as_str(), &key).payload()).unwrap();
        let mut results = read
            .detail
            .assessments
            .iter()
            .flat_map(|(viewpoint, one)| one.results.iter().map(move |result| (viewpoint, result)));
        let (viewpoint, result) = results.next().unwrap();
        assert!(results.next().is_none(), "{place} shows itself alone");
        found.insert(format!("{viewpoint} {} {}", result.of, result.outcome.as_str()));
    }
    assert_eq!(found.len(), ALL, "each is another one");
    assert!(
        found.contains("organization sp800-171@r3 03.03.99 partly-met"),
        "399 is the last of the first viewpoint: {found:?}"
    );
    prove(jp, &made).await;
}

/// A bundle carries all of them, and is believed without the registry.
async fn prove(jp: &Registry, made: &Value) {
    let maker = jp.party("maker");
    maker.cli(&["policy", "init", "policy.toml", "--genesis", "genesis.jws"]).await;
    jp.proves(&maker.client(), "jp:V-1", made).await;
    maker.cli(&["prove", "jp:V-1", "--out", "bundle.json"]).await;
    let answer = maker.cli(&["verify", "bundle.json", "--trust", "policy.toml"]).await;
    let told = answer.to_string().matches("\"outcome\":").count();
    assert_eq!(told, ALL, "{answer}");
}
