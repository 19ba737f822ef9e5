//! Chance that can be repeated: everything random in a test follows from one seed, which is said when the test fails.

use std::hash::{BuildHasher, RandomState};

/// Names a seed, to repeat what happened.
const SEED: &str = "REGISTRY_TEST_SEED";

/// A source of numbers (splitmix64).
#[derive(Debug)]
pub struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    /// With the seed in `REGISTRY_TEST_SEED`, else a new one.
    pub fn new() -> Chance {
        let named = std::env::var(SEED).ok().and_then(|text| text.parse().ok());
        let seed = named.unwrap_or_else(|| RandomState::new().hash_one(0));
        Chance { seed, state: seed }
    }

    /// The next number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Chance {
    #[allow(clippy::print_stderr)]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat what chance did: {SEED}={}", self.seed);
        }
    }
}
