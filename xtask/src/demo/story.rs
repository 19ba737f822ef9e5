//! The story that the demo plays: a verdict crosses borders, from the grant to the withdrawal, among four registries.
//!
//! In scope: who takes part, what happens in which order, and what must then hold. Everything is done through the command
//! line of `registry-node`, as the people of the story would do it. Out of scope: the stage, and how the story is told.

mod arrangements;
mod buyer;
mod cast;
mod changes;
mod explore;
mod fall;
mod hosted;
mod life;
mod records;
mod starter;
mod sums;
mod tiers;

use std::io::Write;

use anyhow::Result;

use super::narrator::Narrator;
use super::peering::meet;
use super::stage::Stage;
use buyer::Buyer;
use cast::Cast;

const OPENING: &str = "\
A verdict crosses borders. Four registries, each with a process, a folder, a certificate authority, a nats-server and
ports of its own. Real: the Common Criteria records and the CCRA. FICTIONAL, and said so wherever it appears: the
Japanese schemes, the counterpart of one in the EU, the arrangement between the two, and everybody who acts in the story.";

/// Plays the whole story.
///
/// # Errors
/// When it cannot go on.
pub fn play<W: Write>(stage: &Stage, told: &mut Narrator<W>) -> Result<()> {
    told.say(OPENING)?;
    chapter(told, "Four registries")?;
    let cast = Cast::gather(stage, told)?;
    introduce(&cast, told)?;
    chapter(told, "What is assessed, by whom")?;
    cast.register_parties(told)?;
    records::publish(&cast, told)?;
    chapter(told, "Public records, and arrangements in force")?;
    let mut buyer = Buyer::listen(&cast, told)?;
    records::import(&cast, told)?;
    arrangements::put_in_force(&cast, told)?;
    records::tell_recognitions(&cast, &mut buyer, told)?;
    chapter(told, "The life of a verdict")?;
    life::play(&cast, &mut buyer, told)?;
    chapter(told, "An arrangement is suspended")?;
    arrangements::suspend_and_restore(&cast, &mut buyer, told)?;
    chapter(told, "How fast a change crosses the border")?;
    let speed = changes::measure(&cast, &mut buyer, told)?;
    chapter(told, "A small company without a certificate, and what remains for SP 800-171")?;
    starter::play(&cast, told)?;
    chapter(told, "A supplier of a hosted country, seen by a Japanese buyer")?;
    let mm = hosted::play(&cast, told)?;
    chapter(told, "An accreditation falls")?;
    fall::play(&cast, &mut buyer, told)?;
    chapter(told, "A supplier two tiers down is suspended")?;
    tiers::play(&cast, &mut buyer, told)?;
    chapter(told, "In numbers")?;
    sums::tell((&cast, &mm), &speed, &buyer, told)?;
    chapter(told, "To look around")?;
    explore::tell(&cast, told)
}

fn chapter<W: Write>(told: &mut Narrator<W>, title: &str) -> Result<()> {
    told.say(&format!("\n== {title}"))
}

/// Makes every two of the registries peers.
fn introduce<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    told.step("each operator introduces its registry to the others, pins their genesis, and lets them in", || {
        let all = cast.all();
        let pairs =
            all.iter().enumerate().flat_map(|(place, one)| all[place + 1..].iter().map(move |other| (one, other)));
        pairs.into_iter().try_for_each(|(one, other)| meet(cast.stage, one, other))
    })
}
