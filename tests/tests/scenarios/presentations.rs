//! A supplier presents its credential to the registry with one command: bound to its key, for this once, and refused ever after; and nobody else
//! learns what it showed.

use bytes::Bytes;
use registry_node::client::ClientError;
use serde_json::json;
use tests::claims::{day, verdict, with};
use tests::secrets::LEVEL_GIVEN_AWAY;
use tests::{Buyer, Federation, Registry, Secrets};

const LEVEL: &str = "/verdict/reach/level";

/// Where the verdict was assessed, which the supplier never shows.
const SITE: &str = "Kept-back Works, Osaka";

/// A verdict in summary whose credential is bound to the supplier's key; the supplier has it and the body's key. Gives all of it.
async fn documented(jp: &Registry) -> String {
    let (body, maker) = (jp.party("cb-1"), jp.party("maker"));
    let terms = json!({"profile": "summary", "level": null, "sites": null});
    body.must("verdict-granted", with(verdict("V-1"), terms)).await;
    let detail = json!({"reach": {"level": "4", "sites": [SITE]}, "assessments": {"organization": {"level": "4"}, "process": {"level": "4"}}});
    std::fs::write(body.folder().join("detail.json"), detail.to_string()).unwrap();
    std::fs::write(body.folder().join("maker.jwk"), maker.key().public_key().to_jwk()).unwrap();
    std::fs::write(maker.folder().join("cb-1.jwk"), body.key().public_key().to_jwk()).unwrap();
    let assessed = day(-20);
    let about = ["--assessed", &assessed, "--detail", "detail.json", "--holder", "maker.jwk", "--out", "V-1.sd-jwt"];
    body.cli(&[&["credential", "issue", "V-1"][..], &about].concat()).await;
    maker.cli(&["credential", "fetch", "jp:V-1", "--out", "V-1.sd-jwt"]).await;
    std::fs::read_to_string(maker.folder().join("V-1.sd-jwt")).unwrap()
}

/// The code of what was refused.
fn code(answer: Result<Bytes, ClientError>) -> String {
    match answer.unwrap_err() {
        ClientError::Problem { code, .. } => code,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_presents_to_the_registry_once_and_nobody_else_does() {
    let federation = Federation::start_tracing(&["jp"]).await;
    let jp = federation.registry("jp");
    let (maker, buyer) = (jp.register_supplier("maker").await, jp.party("buyer-1"));
    let mut heard = Buyer::listen(jp, &buyer).await;
    let whole = documented(jp).await;
    let present = |rest: &[&'static str]| -> Vec<&'static str> {
        [&["credential", "present", "V-1.sd-jwt", "--issuer", "cb-1.jwk"][..], rest].concat()
    };
    let to = present(&["--show", LEVEL, "--to", "jp", "--out", "sent.sd-jwt"]);
    let held = maker.cli(&to).await;
    assert_eq!((&held["verdict"], &held["status"]), (&json!("jp:V-1"), &json!("valid")), "{held}");
    assert_eq!(held["holder"], json!(maker.key().public_key().thumbprint().to_string()));
    assert_eq!(held["shown"], json!([LEVEL, "/verdict/reach"]), "what was chosen, and what it stands in");

    // What was sent is worth nothing any more, not to its holder either; a new presentation is.
    let sent = std::fs::read(maker.folder().join("sent.sd-jwt")).unwrap();
    for party in [&maker, &buyer] {
        let mut connection = party.connect().await.unwrap();
        let replayed = connection.post("/v1/presentations", "application/dc+sd-jwt", sent.clone().into()).await;
        assert_eq!(code(replayed), "unknown-nonce", "{}", party.id());
    }
    maker.cli(&to).await;

    // Whoever got the credential, too, has not its key; and nobody presents by accident elsewhere.
    for file in ["V-1.sd-jwt", "cb-1.jwk"] {
        std::fs::copy(maker.folder().join(file), buyer.folder().join(file)).unwrap();
    }
    let rows = [
        (&buyer, present(&["--to", "jp"]), "the credential is bound to another key"),
        (&maker, present(&["--to", "eu"]), "these are credentials at jp, not at eu"),
        (
            &maker,
            present(&["--to", "jp", "--show", "/verdict/reach/none"]),
            "nothing that is kept back stands at /verdict/reach/none",
        ),
        (&maker, present(&["--to", "jp", "--show", "/verdict/reach/sites/0"]), "all of /verdict/reach/sites:"),
        (&maker, present(&["--to", "jp", "--nonce", "x"]), "cannot be used with"),
        (
            &maker,
            present(&["--key", "signing.pem", "--out", "unbound"]),
            "say for which occasion: --audience and --nonce, or --to",
        ),
    ];
    for (party, words, why) in rows {
        let refused = party.cli_refused(&words).await;
        assert!(refused.contains(why), "{words:?}: {refused}");
    }

    jp.party("cb-1").change("V-1", json!("suspended")).await.unwrap();
    let refused = maker.cli_refused(&to).await;
    assert!(refused.contains("(422, credential-not-valid): its verdict is suspended"), "{refused}");

    // The registry was shown the level, and says it to nobody, nor to its own log.
    let secrets = Secrets::of(&[whole], &[SITE]).and(LEVEL_GIVEN_AWAY);
    secrets.found_nowhere(&federation, &["V-1"]).await;
    assert_eq!(secrets.heard(&mut heard).await, Vec::<String>::new());
}
