//! What comes of the corpora when bytes are changed at random, the same in every build: a first look, where a fuzzer takes long.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use fuzz_targets::{TARGETS, Target};

/// Of each input. More by `FUZZ_MUTANTS`.
const MUTANTS: u64 = 20;
/// The longest input that is changed: long ones are slow, and mostly of one kind.
const LONGEST: usize = 8 * 1024;
/// What parsers stumble over.
const PIECES: [&[u8]; 24] = [
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\n",
    b"\r\n",
    b"'",
    b"\"",
    b"?",
    b"+",
    b":",
    b"~",
    b".",
    b"%",
    b"{",
    b"[",
    b"]}",
    b"<a>",
    b"</",
    b"<!--",
    b"&#0;",
    b"-1",
    b"18446744073709551616",
    b"1e999",
    "\u{202e}\u{3000}\u{e9}".as_bytes(),
];

/// Numbers that are the same everywhere (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    /// One change: a bit, a byte, a piece put in or over, a part taken out, doubled, or taken from another input.
    fn change(&mut self, data: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(data.len() + 1);
        let end = (at + self.below(16)).min(data.len());
        match self.below(8) {
            0 if at < data.len() => data[at] ^= 1 << self.below(8),
            1 if at < data.len() => data[at] = u8::try_from(self.below(256)).unwrap(),
            2 => drop(data.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
            3 => drop(data.splice(at..end, PIECES[self.below(PIECES.len())].iter().copied())),
            4 => drop(data.drain(at..end)),
            5 => data.truncate(at),
            6 => {
                let part = data[at..end].repeat(1 + self.below(8));
                data.splice(at..at, part);
            }
            _ => {
                let from = self.below(other.len() + 1);
                let part = &other[from..(from + self.below(64)).min(other.len())];
                data.splice(at..end, part.iter().copied());
            }
        }
    }
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpora").join(target.name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).filter(|data| data.len() <= LONGEST).collect()
}

#[test]
fn no_target_breaks_on_a_changed_input() {
    let mutants = std::env::var("FUZZ_MUTANTS").map_or(MUTANTS, |many| many.parse().unwrap());
    let only = std::env::var("FUZZ_TARGET").ok();
    for target in TARGETS.iter().filter(|target| only.as_deref().is_none_or(|only| only == target.name)) {
        let inputs = corpus(target);
        let mut chance = Chance(0x5eed_0069);
        for input in &inputs {
            for _ in 0..mutants {
                let mut data = input.clone();
                for _ in 0..=chance.below(4) {
                    let other = &inputs[chance.below(inputs.len())];
                    chance.change(&mut data, other);
                }
                let broken = catch_unwind(|| (target.run)(&data)).is_err();
                assert!(!broken, "{} breaks on {:?}", target.name, String::from_utf8_lossy(&data));
            }
        }
    }
}
