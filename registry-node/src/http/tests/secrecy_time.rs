//! What some may not see takes, within noise, as long to refuse as what is not there.
//!
//! Both are asked for in turns, on one connection, so that whatever else the machine does falls on both alike; medians count, and
//! a row must differ each time that it is tried. That is no proof of equal time, but it finds what only somebody entitled should
//! cause, if it is done before the refusal: above all a proof of the state map. A few look-ups in memory are below what it tells
//! apart, and so is a single signature.

use std::time::{Duration, Instant};

use conformity::party::Role;

use super::events::speaker_of;
use super::fixture::{Talk, World};

/// The supplier of the restricted verdict, and one of whom nothing is known.
const QUIET: &str = "lei:5493001KJTIIGC8Y1R12";
const NOBODY: &str = "lei:529900T8BM49AURSDO55";
/// How often each is asked for, by a stranger and by a party that is not entitled.
const ROUNDS: usize = 1_000;
/// Differences up to this are taken for noise, however quiet the machine is.
const LEAST: Duration = Duration::from_micros(40);
/// A row that differs is tried again: noise does not differ so often in a row, work does.
const TRIES: usize = 4;

/// What two kinds of answer took.
struct Taken {
    hidden: Vec<Duration>,
    absent: Vec<Duration>,
}

impl Taken {
    async fn measure(talk: &mut Talk, hidden: &str, absent: &str) -> Taken {
        let mut taken = Taken { hidden: Vec::with_capacity(ROUNDS), absent: Vec::with_capacity(ROUNDS) };
        for round in 0..ROUNDS {
            // What comes second finds caches warmer.
            if round % 2 == 0 {
                taken.hidden.push(asked(talk, hidden).await);
                taken.absent.push(asked(talk, absent).await);
            } else {
                taken.absent.push(asked(talk, absent).await);
                taken.hidden.push(asked(talk, hidden).await);
            }
        }
        taken
    }

    /// By how much the medians of the two kinds differ.
    fn difference(&self) -> Duration {
        median(self.hidden.iter()).abs_diff(median(self.absent.iter()))
    }

    /// By how much medians differ here without a reason: the first half of one kind against the second.
    fn noise(&self) -> Duration {
        let (early, late) = self.absent.split_at(ROUNDS / 2);
        median(early.iter()).abs_diff(median(late.iter()))
    }

    fn tells_apart(&self) -> bool {
        self.difference() > LEAST + self.noise()
    }
}

async fn asked(talk: &mut Talk, path: &str) -> Duration {
    let began = Instant::now();
    let got = talk.ask(path).await;
    let taken = began.elapsed();
    assert!(got.status == 404 || got.status == 200, "{path}: {got:?}");
    taken
}

fn median<'a>(durations: impl Iterator<Item = &'a Duration>) -> Duration {
    let mut sorted: Vec<Duration> = durations.copied().collect();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// Every answer in which a verdict could show, for one that is restricted and for one that is not there.
fn rows() -> Vec<(String, String)> {
    let verdicts = ["", "/proof", "/disclosures", "/disclosed"];
    let verdicts = verdicts.map(|rest| (format!("/v1/verdicts/jp:V-2{rest}"), format!("/v1/verdicts/jp:V-0{rest}")));
    let suppliers = ["/v1/suppliers/{}/standing", "/v1/suppliers/{}/standing?scheme=stars", "/v1/verdicts?supplier={}"];
    let suppliers = suppliers.map(|path| (path.replace("{}", QUIET), path.replace("{}", NOBODY)));
    let credentials = ("/v1/credentials/jp:V-2".to_owned(), "/v1/credentials/jp:V-0".to_owned());
    verdicts.into_iter().chain(suppliers).chain([credentials]).collect()
}

#[tokio::test]
async fn a_restricted_verdict_and_none_take_the_same_time() {
    let world = World::furnished().await;
    world.publish();
    world.published().await;
    for who in [None, Some("buyer-1")] {
        // Past TLS, whose work would only hide ours.
        let mut talk = world.plain_as(who.map(|id| speaker_of(&world, Role::Buyer, id))).await;
        for (hidden, absent) in rows() {
            let mut told = Vec::new();
            while told.len() < TRIES {
                let taken = Taken::measure(&mut talk, &hidden, &absent).await;
                if !taken.tells_apart() {
                    break;
                }
                told.push((taken.difference(), taken.noise()));
            }
            assert!(told.len() < TRIES, "{who:?} {hidden}: differs by (against noise of) {told:?}");
        }
    }
}
