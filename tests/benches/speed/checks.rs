//! What checking a bundle costs, beside the least that any check of it must do.
//!
//! Two yardsticks, since "its signatures and hashes" can be read in two ways: with every key taken as good, and with the admission of each
//! key as a part of checking signatures, as the strict rule demands it (docs/spec/log.md).

use std::collections::BTreeSet;
use std::hint::black_box;

use credential::bundle::{Bundle, Policy, Question, verify};
use jiff::Timestamp;
use ledger::digest::Digest;
use ledger::jws::Unverified;
use ledger::key::{Algorithm, PublicKey, SigningKey};
use tests::Registry;

use crate::proofs::{ROUNDS, rate};
use crate::sums::Sums;

/// A check may take 1.3 times what is in it.
const CHECKED: f64 = 0.77;

/// On one core, like its floor.
pub(crate) fn measure(registry: &Registry, bytes: &[u8], sums: &mut Sums) {
    let policy = format!("quorum = 0\n[[registry]]\nlog_key = \"{}\"\n", registry.log_key());
    let policy = Policy::parse(&policy).expect("a policy");
    let question = Question { at: None, now: Timestamp::now() };
    let bundle = Bundle::parse(bytes).expect("a bundle");
    let floor = Floor::of(&bundle);
    let check = || drop(black_box(verify(bytes, &policy, question).expect("it holds")));
    let (mut bare, mut strict) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let ours = rate(check);
        bare.push((ours, rate(|| floor.check())));
        strict.push((ours, rate(|| floor.check_with_admission())));
    }
    sums.ratio("bundle checked, beside its signatures and hashes", &bare, "bundles", Some(CHECKED));
    let what = "the same, where admitting the keys counts as checking signatures";
    sums.ratio(what, &strict, "bundles", Some(CHECKED));
    sums.note(format!(
        "bundle: {} bytes with {} statements by {} keys, {} hashes and one checkpoint",
        bytes.len(),
        bundle.statements.len(),
        floor.keys.len(),
        floor.hashes
    ));
}

/// The least that a check must do: hash what is there, and check each signature over as many bytes. The verdict is one that everybody may
/// know, so its place in the state map is hashes, too.
struct Floor {
    key: SigningKey,
    signed: Vec<(Vec<u8>, [u8; 64])>,
    hashes: usize,
    /// As many as signed the statements. The reader knows the log's own before.
    keys: Vec<[u8; 32]>,
}

impl Floor {
    fn of(bundle: &Bundle) -> Self {
        let key = SigningKey::generate(Algorithm::Ed25519).expect("a key");
        let texts = bundle.statements.iter().map(|item| item.statement.as_bytes());
        let texts = texts.chain([bundle.checkpoint.as_bytes()]);
        let signed = texts.map(|text| (text.to_vec(), key.sign(text).expect("a signature"))).collect();
        let hashes = bundle.statements.len() + bundle.proof.len();
        let hashes = hashes + bundle.map_proof.lines().count() + bundle.public_proof.len();
        Self { key, signed, hashes, keys: keys(bundle) }
    }

    fn check(&self) {
        for (text, signature) in &self.signed {
            black_box(Digest::of(text));
            self.key.public_key().verify(text, signature).expect("it verifies");
        }
        for _ in 0..self.hashes {
            black_box(Digest::of(black_box(&[7; 65])));
        }
    }

    /// The same, and the admission of each key once.
    fn check_with_admission(&self) {
        for key in &self.keys {
            black_box(PublicKey::from_ed25519(black_box(key)).expect("it is admitted"));
        }
        self.check();
    }
}

/// A key for each that signed a statement.
fn keys(bundle: &Bundle) -> Vec<[u8; 32]> {
    let statements = bundle.statements.iter().map(|item| item.statement.clone().into_bytes().into());
    let kids = statements.map(|compact| *Unverified::parse(compact).expect("a statement").kid().as_bytes());
    let distinct: BTreeSet<[u8; 32]> = kids.collect();
    let generate = |_| {
        let key = SigningKey::generate(Algorithm::Ed25519).expect("a key");
        key.public_key().as_bytes().try_into().expect("32 bytes")
    };
    distinct.into_iter().map(generate).collect()
}
