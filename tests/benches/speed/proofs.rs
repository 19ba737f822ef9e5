//! What proving costs: bundles served beside a look-up of the same verdict, kept ready or built for the one request; a bundle checked
//! beside the signatures and hashes in it alone; a document's coverage; and a credential issued beside a signature alone.

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use conformity::crosswalk::{About, Crosswalk, Map as Mapped, Relation};
use credential::sd_jwt::{Issuance, Pointer, SystemSalts, issue};
use ledger::key::{Algorithm, SigningKey};
use serde_json::{Map, Value, json};
use tests::party::STATEMENTS;
use tests::{Registry, claims, soon};
use tokio_rustls::TlsConnector;

use crate::checks;
use crate::look_up::{CONNECTIONS, Door, connector, connector_as, round, round_of, same};
use crate::sums::Sums;
use crate::workshop::{Workshop, next_grant};

/// Verdicts that the registry holds, so that proofs have a depth, and that a round asks for none twice.
const VERDICTS: usize = 10_000;
pub(crate) const ROUNDS: usize = 9;
const SPAN: Duration = Duration::from_millis(400);
const LOOK_UP: &str = "/v1/verdicts/jp:proven";
const PROOF: &str = "/v1/verdicts/jp:proven/proof";
/// The least ratio of answers served that is aimed at.
const SERVED: f64 = 0.4;
/// Requirements of a document whose coverage is asked for.
const REQUIREMENTS: usize = 97;
const COVERAGE: &str = "/v1/documents/needed@1/coverage?met=sp800-171@r3&met=far@1";
/// Requirement results in a credential, each concealed.
const RESULTS: usize = 30;

pub(crate) async fn measure(sums: &mut Sums) {
    let first = next_grant();
    let workshop = Workshop::filled(VERDICTS, "proven").await;
    let registry = &workshop.registry;
    let bundle = soon("a published checkpoint covers the verdict", async || fetch(registry, PROOF).await).await;
    let answer = fetch(registry, LOOK_UP).await.expect("an answer");
    let (tls, address) = (connector(registry), registry.config().http.listen);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        // A newer checkpoint may come meanwhile, and with it another bundle.
        let door = Door { tls: &tls, address, connections: CONNECTIONS };
        let ours = round_of(&door, |_| PROOF.to_owned(), is_long).await;
        rounds.push((ours, round(&tls, address, LOOK_UP, &answer).await));
    }
    sums.ratio("the same bundle again and again, kept ready, beside a look-up", &rounds, "answers", Some(SERVED));
    let serving = Serving { registry, tls, first, answer };
    serving.built(sums).await;
    serving.of_suppliers(sums).await;
    serving.coverage(sums).await;
    checks::measure(registry, &bundle, sums);
    issuing(sums);
}

async fn fetch(registry: &Registry, path: &str) -> Result<Bytes, String> {
    let mut connection = registry.public().connect().await.map_err(|error| error.to_string())?;
    connection.get(path).await.map_err(|error| error.to_string())
}

/// A registry with many verdicts, and the answer to a look-up, which is the yardstick.
struct Serving<'a> {
    registry: &'a Registry,
    tls: TlsConnector,
    /// The number of the first verdict.
    first: usize,
    answer: Bytes,
}

impl Serving<'_> {
    async fn look_up(&self) -> f64 {
        round(&self.tls, self.registry.config().http.listen, LOOK_UP, &self.answer).await
    }

    /// A bundle of another verdict for each request, and of another checkpoint in each round: nothing is kept that could be served.
    async fn built(&self, sums: &mut Sums) {
        let (mut rounds, body) = (Vec::new(), self.registry.party("cb-1"));
        for number in 0..ROUNDS {
            let newest = format!("anew-{number}");
            body.must("verdict-granted", claims::verdict(&newest)).await;
            let path = format!("/v1/verdicts/jp:{newest}/proof");
            soon("a new checkpoint is published", async || fetch(self.registry, &path).await).await;
            let first = self.first;
            let path = move |asked: usize| {
                assert!(asked < VERDICTS, "no bundle is asked for twice");
                format!("/v1/verdicts/jp:V-{}/proof", first + asked)
            };
            let address = self.registry.config().http.listen;
            let door = Door { tls: &self.tls, address, connections: CONNECTIONS };
            let ours = round_of(&door, path, is_long).await;
            rounds.push((ours, self.look_up().await));
        }
        sums.ratio("a bundle built for each request, beside a look-up", &rounds, "answers", Some(SERVED));
    }

    /// What the operator asks for: bundles about suppliers, each of which is built, one at a time for whoever asks.
    async fn of_suppliers(&self, sums: &mut Sums) {
        let tls = connector_as(self.registry, Some(&self.registry.operator()));
        let address = self.registry.config().http.listen;
        let alone = |tls| Door { tls, address, connections: 1 };
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let first = self.first;
            let path = move |asked: usize| {
                format!("/v1/suppliers/local:bench:{}/proof?scheme=stars@1", first + asked % VERDICTS)
            };
            let ours = round_of(&alone(&tls), path, is_long).await;
            rounds.push((ours, same(&alone(&self.tls), LOOK_UP, &self.answer).await));
        }
        sums.ratio(
            "a supplier's bundle built for each request, beside a look-up, one at a time",
            &rounds,
            "answers",
            None,
        );
        sums.note("supplier's bundle: one identifier, so one VRF proof, and one entry about it".to_owned());
    }

    /// Worked out for each request, from two crosswalks.
    async fn coverage(&self, sums: &mut Sums) {
        for document in ["needed@1", "far@1"] {
            let published = claims::with(claims::document(), json!({"document": document}));
            self.registry.operator().must("document-published", published).await;
        }
        for (name, source) in [("near@1", "sp800-171@r3"), ("far@1", "far@1")] {
            self.publish(name, source).await;
        }
        let answer = fetch(self.registry, COVERAGE).await.expect("an answer");
        let read: Value = serde_json::from_slice(&answer).expect("JSON");
        assert_eq!(read["counts"]["requirements"], REQUIREMENTS, "{}", read["counts"]);
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let address = self.registry.config().http.listen;
            rounds.push((round(&self.tls, address, COVERAGE, &answer).await, self.look_up().await));
        }
        let what = format!("coverage of {REQUIREMENTS} requirements by two crosswalks, beside a look-up");
        sums.ratio(&what, &rounds, "answers", None);
        sums.note(format!("coverage: {} bytes in each answer", answer.len()));
    }

    /// A crosswalk from `source` to the document whose coverage is asked for.
    async fn publish(&self, name: &str, source: &str) {
        let map = |number: usize| {
            let [from, to] = ["s", "n"].map(|side| vec![format!("{side}-{number}").parse().expect("a requirement")]);
            let relation = if number.is_multiple_of(2) { Relation::SupersetOf } else { Relation::IntersectsWith };
            Mapped::new(from, to, relation).expect("a map")
        };
        let maps = (0..REQUIREMENTS).map(map).collect();
        let crosswalk =
            Crosswalk::new(source.parse().expect("a document"), "needed@1".parse().expect("a document"), maps);
        let (named, title) = (name.parse().expect("a name"), "A walk".parse().expect("a title"));
        let about = About { crosswalk: &named, title: &title, issued: "2026-01-01".parse().expect("a day") };
        let bytes = crosswalk.expect("a crosswalk").write(about).expect("it is written");
        let claim = json!({
            "crosswalk": name, "title": "A walk", "owner": "Nobody", "source": source, "target": "needed@1",
            "maps": REQUIREMENTS, "issued": "2026-01-01", "attachment": conformity::Digest::of(&bytes),
        });
        let operator = self.registry.operator();
        let statement = String::from_utf8(operator.sign("crosswalk-published", claim).to_vec()).expect("text");
        let body = json!({"statement": statement, "attachments": [STANDARD.encode(&bytes)]}).to_string();
        let mut connection = operator.connect().await.expect("a connection");
        connection.post(STATEMENTS, "application/json", body.into()).await.expect("it is taken");
    }
}

/// What is shorter is no bundle.
fn is_long(answer: &Bytes) {
    assert!(answer.len() > 2_000, "{answer:?}");
}

fn issuing(sums: &mut Sums) {
    let key = SigningKey::generate(Algorithm::Ed25519).expect("a key");
    let results: Vec<Value> =
        (0..RESULTS).map(|number| json!({"requirement": format!("R-{number}"), "met": true})).collect();
    let payload = json!({"iss": "did:web:jp.registry.example", "vct": "urn:example", "results": results});
    let Value::Object(payload) = payload else { unreachable!("an object was written") };
    let conceal: Vec<Pointer> =
        (0..RESULTS).map(|number| format!("/results/{number}").parse().expect("a pointer")).collect();
    let message = serde_json::to_vec(&payload).expect("JSON");
    let issued = || issued(&key, payload.clone(), &conceal);
    let signed = || {
        black_box(key.sign(&message).expect("a signature"));
    };
    let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (rate(issued), rate(signed))).collect();
    sums.ratio("credential issued, beside a signature", &rounds, "credentials", None);
    sums.note(format!(
        "credential: {RESULTS} parts that it keeps back; it is read and verified before it is given out"
    ));
}

fn issued(key: &SigningKey, payload: Map<String, Value>, conceal: &[Pointer]) {
    let issuance = Issuance { payload, conceal, pad_to: 8, certificates: &[] };
    drop(black_box(issue(key, issuance, &mut SystemSalts::default()).expect("it is issued")));
}

/// How often a second.
pub(crate) fn rate(mut once: impl FnMut()) -> f64 {
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < SPAN {
        once();
        count += 1;
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}
