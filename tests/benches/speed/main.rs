//! Speed, as ratios to what this machine can do at all, measured in the same run: `cargo xtask bench`.
//!
//! In scope: durable verified ingest beside signature checks and syncs, a look-up beside a bare server with the same
//! answer, what proofs cost, how long a change takes from one registry to a buyer at another, and what very many subscribers cost. Ours and the yardstick
//! take turns in short rounds, and the median of the rounds' ratios counts, so that a machine which is busy now and then
//! tells the same. Very many connections are held by one of them at a time, so that these are measured one after the other. Nothing here is a test: no number makes anything fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod bare;
mod cascades;
mod checks;
mod crowd;
mod fan_out;
mod floor;
mod ingest;
mod interests;
mod look_up;
mod over_http;
mod proofs;
mod propagation;
mod readers;
mod starving;
mod sums;
mod workshop;

use sums::Sums;

/// What can be measured, by the word that asks for it.
const ALL: [&str; 9] =
    ["ingest", "http", "look-up", "proofs", "propagation", "cascades", "interests", "subscribers", "starving"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [bare::SERVE, folder] => return bare::serve(folder.as_ref()),
        [fan_out::SERVE, kind, folder] => return fan_out::serve(kind, folder.as_ref()),
        // Cargo says --bench only when measurements are asked for, and not when all targets are tried.
        words if words.contains(&"--bench") => {}
        _ => return println!("run `cargo xtask bench`"),
    }
    let asked: Vec<&str> = ALL.into_iter().filter(|word| arguments.iter().any(|argument| argument == word)).collect();
    let asked = if asked.is_empty() { ALL.to_vec() } else { asked };
    let mut sums = Sums::begin();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("an event loop");
    for word in asked {
        println!("measuring {word} …");
        match word {
            "ingest" => runtime.block_on(ingest::measure(&mut sums)),
            "http" => runtime.block_on(over_http::measure(&mut sums)),
            "look-up" => runtime.block_on(look_up::measure(&mut sums)),
            "proofs" => runtime.block_on(proofs::measure(&mut sums)),
            "interests" => interests::measure(&mut sums),
            "subscribers" => runtime.block_on(readers::measure(&mut sums)),
            "starving" => runtime.block_on(starving::measure(&mut sums)),
            "cascades" => runtime.block_on(cascades::measure(&mut sums)),
            _ => runtime.block_on(propagation::measure(&mut sums)),
        }
    }
    println!("\n{sums}");
}
