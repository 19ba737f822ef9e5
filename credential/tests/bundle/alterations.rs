//! Whatever byte of a bundle somebody alters: it is refused, or it still says exactly the same.

use std::rc::Rc;

use credential::bundle::{Bundle, Policy, Question, StepName, Verified, verify};
use proptest::prelude::*;

use crate::answers::{bytes, documented, good, recognising};
use crate::log::{Log, at_the_checkpoint};

/// A log and the bytes of its bundle: with history, with disclosures, and of a foreign verdict.
fn samples() -> Vec<(Log, Bundle)> {
    let mut suspended = Log::at_work();
    suspended.change("suspended");
    suspended.seal();
    let (documented, disclosures) = documented();
    let recognising = recognising();
    let bundles = [suspended.bundle(), Bundle { disclosures, ..documented.bundle() }, recognising.foreign_bundle()];
    [suspended, documented, recognising].into_iter().zip(bundles).collect()
}

/// What a sample says, and what is asked of its altered bytes.
struct Honest {
    bytes: Vec<u8>,
    policy: Policy,
    question: Question,
    verified: Verified,
}

impl Honest {
    fn of((log, bundle): &(Log, Bundle)) -> Self {
        let question = at_the_checkpoint(log);
        Self { bytes: bytes(bundle), policy: log.policy(), question, verified: good(log, bundle, question) }
    }

    /// Whether altered bytes are refused; those that are not say the same.
    fn refuses(&self, altered: &[u8]) -> bool {
        let verified = verify(altered, &self.policy, self.question);
        assert!(verified.as_ref().is_err() || verified.as_ref() == Ok(&self.verified));
        verified.is_err()
    }
}

/// Every byte of the first sample, and some of the others: in what a node writes there is none that does not count.
#[test]
fn an_altered_byte_is_refused() {
    for (honest, step) in samples().iter().map(Honest::of).zip([1, 11, 11]) {
        for place in (0..honest.bytes.len()).step_by(step) {
            let mut altered = honest.bytes.clone();
            altered[place] ^= if place % 2 == 0 { 0x01 } else { 0x20 };
            assert!(honest.refuses(&altered), "byte {place}: {}", String::from_utf8_lossy(&altered));
        }
    }
}

/// The proof is made anew for what is left, as somebody would who holds the whole log: what is missing is noticed all the same.
#[test]
fn nothing_can_be_left_out() {
    let mut log = Log::at_work();
    for change in ["suspended", "restored", "suspended"] {
        log.change(change);
    }
    log.seal();
    let bundle = log.bundle();
    let indexes: Vec<u64> = bundle.statements.iter().map(|item| item.index).collect();
    let (policy, question) = (log.policy(), at_the_checkpoint(&log));
    for left_out in &indexes {
        let rest: Vec<u64> = indexes.iter().copied().filter(|index| index != left_out).collect();
        let shorter = bytes(&log.bundle_of("jp:V-1", &rest));
        assert!(verify(&shorter, &policy, question).is_err(), "without entry {left_out}");
    }
    let last = &indexes[..indexes.len() - 1];
    let failure = verify(&bytes(&log.bundle_of("jp:V-1", last)), &policy, question).unwrap_err();
    assert_eq!((failure.step, failure.fault.code()), (StepName::Completeness, "incomplete"), "the last suspension");
}

/// Every prefix, and every statement left out: the rest is refused.
#[test]
fn nothing_can_be_cut_off() {
    let mut log = Log::at_work();
    log.change("suspended");
    log.seal();
    let bundle = log.bundle();
    let honest = bytes(&bundle);
    for end in (0..honest.len()).step_by(7) {
        assert!(verify(&honest[..end], &log.policy(), at_the_checkpoint(&log)).is_err(), "the first {end} bytes");
    }
    for place in 0..bundle.statements.len() {
        let mut shorter = bundle.clone();
        shorter.statements.remove(place);
        assert!(verify(&bytes(&shorter), &log.policy(), at_the_checkpoint(&log)).is_err(), "without statement {place}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_alteration_is_refused_or_says_the_same(
        which in 0..3_usize,
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let honest = &SAMPLES.with(Clone::clone)[which];
        let mut altered = honest.bytes.clone();
        for (place, byte) in places {
            let place = place.index(altered.len());
            altered[place] = byte;
        }
        honest.refuses(&altered);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let honest = &SAMPLES.with(Clone::clone)[0];
        prop_assert!(honest.refuses(&bytes));
        let object = [&[b'{'][..], &bytes].concat();
        prop_assert!(honest.refuses(&object));
    }
}

thread_local! {
    static SAMPLES: Rc<Vec<Honest>> = Rc::new(samples().iter().map(Honest::of).collect());
}
