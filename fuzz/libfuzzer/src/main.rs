//! Every target under libFuzzer, which one being said by `FUZZ_TARGET`: one program, because each would be as large as the node.

#![no_main]

use std::sync::LazyLock;

use fuzz_targets::{TARGETS, Target, find};
use libfuzzer_sys::fuzz_target;

static CHOSEN: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    find(&name).unwrap_or_else(|| {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        panic!("FUZZ_TARGET must name one of: {}", names.join(" "))
    })
});

fuzz_target!(|data: &[u8]| {
    (CHOSEN.run)(data);
});
