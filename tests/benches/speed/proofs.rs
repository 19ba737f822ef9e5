//! What proving costs: a bundle served beside a look-up of the same verdict, checked beside the signatures and hashes in it
//! alone, and a credential issued beside a signature alone.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use credential::bundle::{Bundle, Policy, Question, verify};
use credential::sd_jwt::{Issuance, Pointer, SystemSalts, issue};
use jiff::Timestamp;
use ledger::digest::Digest;
use ledger::key::{Algorithm, SigningKey};
use ledger::vrf::{VrfKey, VrfProof};
use serde_json::{Map, Value, json};
use tests::{Registry, soon};

use crate::look_up::{connector, round};
use crate::sums::Sums;
use crate::workshop::Workshop;

/// Verdicts that the registry holds, so that proofs have a depth.
const VERDICTS: usize = 10_000;
const ROUNDS: usize = 9;
const SPAN: Duration = Duration::from_millis(400);
const LOOK_UP: &str = "/v1/verdicts/jp:proven";
const PROOF: &str = "/v1/verdicts/jp:proven/proof";
/// The least ratios that are aimed at: of answers served, and of checks, which may take 1.3 times what is in them.
const SERVED: f64 = 0.4;
const CHECKED: f64 = 0.77;
/// Requirement results in a credential, each concealed.
const RESULTS: usize = 30;

pub(crate) async fn measure(sums: &mut Sums) {
    let workshop = Workshop::filled(VERDICTS, "proven").await;
    let registry = &workshop.registry;
    let bundle = soon("a published checkpoint covers the verdict", async || fetch(registry, PROOF).await).await;
    let answer = fetch(registry, LOOK_UP).await.expect("an answer");
    let (tls, address) = (connector(registry), registry.config().http.listen);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((round(&tls, address, PROOF, &bundle).await, round(&tls, address, LOOK_UP, &answer).await));
    }
    sums.ratio("bundle served, beside a look-up", &rounds, "answers", Some(SERVED));
    checking(registry, &bundle, sums);
    issuing(sums);
}

async fn fetch(registry: &Registry, path: &str) -> Result<Bytes, String> {
    let mut connection = registry.public().connect().await.map_err(|error| error.to_string())?;
    connection.get(path).await.map_err(|error| error.to_string())
}

/// On one core, like its floor.
fn checking(registry: &Registry, bytes: &[u8], sums: &mut Sums) {
    let policy = format!("quorum = 0\n[[registry]]\nlog_key = \"{}\"\n", registry.log_key());
    let policy = Policy::parse(&policy).expect("a policy");
    let question = Question { at: None, now: Timestamp::now() };
    let bundle = Bundle::parse(bytes).expect("a bundle");
    let floor = Floor::of(&bundle);
    let check = || drop(black_box(verify(bytes, &policy, question).expect("it holds")));
    let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (rate(check), rate(|| floor.check()))).collect();
    sums.ratio("bundle checked, beside its signatures and hashes", &rounds, "bundles", Some(CHECKED));
    sums.note(format!(
        "bundle: {} bytes with {} statements and {} hashes, one VRF proof and one checkpoint",
        bytes.len(),
        bundle.statements.len(),
        floor.hashes
    ));
}

/// The least that a check must do: hash what is there, and check each signature over as many bytes.
struct Floor {
    key: SigningKey,
    vrf: (VrfKey, VrfProof),
    signed: Vec<(Vec<u8>, [u8; 64])>,
    hashes: usize,
}

const INPUT: &[u8] = b"verdict/jp:proven";

impl Floor {
    fn of(bundle: &Bundle) -> Self {
        let key = SigningKey::generate(Algorithm::Ed25519).expect("a key");
        let texts = bundle.statements.iter().map(|item| item.statement.as_bytes());
        let texts = texts.chain([bundle.checkpoint.as_bytes()]);
        let signed = texts.map(|text| (text.to_vec(), key.sign(text).expect("a signature"))).collect();
        let vrf = VrfKey::from_seed(&[7; 32]).expect("a key");
        let (_, proof) = vrf.prove(INPUT).expect("a proof");
        let hashes = bundle.statements.len() + bundle.proof.len();
        let hashes = hashes + bundle.map_proof.lines().count() + bundle.public_proof.len();
        Self { key, vrf: (vrf, proof), signed, hashes }
    }

    fn check(&self) {
        for (text, signature) in &self.signed {
            black_box(Digest::of(text));
            self.key.public_key().verify(text, signature).expect("it verifies");
        }
        for _ in 0..self.hashes {
            black_box(Digest::of(black_box(&[7; 65])));
        }
        let (key, proof) = &self.vrf;
        black_box(key.public_key().verify(INPUT, proof).expect("it verifies"));
    }
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
fn rate(mut once: impl FnMut()) -> f64 {
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < SPAN {
        once();
        count += 1;
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}
