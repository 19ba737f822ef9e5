//! What some may not see takes, within noise, as long to refuse as what is not there.
//!
//! Both are asked for in turns, on one connection, so that whatever else the machine does falls on both alike; medians count, and
//! a row must differ each time that it is tried. That is no proof of equal time, but it finds what only somebody entitled should
//! cause, if it is done before the refusal: above all a proof of the state map. A few look-ups in memory are below what it tells
//! apart, and so is a single signature. Very many restricted verdicts are another matter, which SECURITY names.

use std::time::{Duration, Instant};

use conformity::party::Role;
use serde_json::json;

use super::credentials::documented;
use super::events::speaker_of;
use super::fixture::{Talk, World, day, now, restricted, scheme};
use super::{apart, coverage};

/// The supplier of restricted verdicts, and one of whom nothing is known.
const QUIET: &str = "lei:5493001KJTIIGC8Y1R12";
const NOBODY: &str = "lei:529900T8BM49AURSDO55";
/// How often each is asked for, by each who asks.
const ROUNDS: usize = 400;
/// Differences up to this are taken for noise, however quiet the machine is: some look-ups in memory, for which an unoptimised program
/// takes up to 45 µs. A proof of the state map takes more than twice the larger of the two.
const LEAST: Duration = Duration::from_micros(if cfg!(debug_assertions) { 100 } else { 40 });
/// A row that differs is tried again: noise does not differ so often in a row, work does.
const TRIES: usize = 4;

/// What two kinds of answer took.
struct Taken {
    hidden: Vec<Duration>,
    absent: Vec<Duration>,
}

impl Taken {
    /// Asks each of its path.
    async fn measure(hidden: &mut Asked<'_>, absent: &mut Asked<'_>) -> Taken {
        let mut taken = Taken { hidden: Vec::with_capacity(ROUNDS), absent: Vec::with_capacity(ROUNDS) };
        for round in 0..ROUNDS {
            // What comes second finds caches warmer.
            if round % 2 == 0 {
                taken.hidden.push(hidden.once().await);
                taken.absent.push(absent.once().await);
            } else {
                taken.absent.push(absent.once().await);
                taken.hidden.push(hidden.once().await);
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

/// Who is asked, and for what.
struct Asked<'a> {
    talk: &'a mut Talk,
    path: &'a str,
}

impl Asked<'_> {
    async fn once(&mut self) -> Duration {
        let began = Instant::now();
        let got = self.talk.ask(self.path).await;
        let taken = began.elapsed();
        assert!(got.status == 404 || got.status == 200, "{}: {got:?}", self.path);
        taken
    }
}

fn median<'a>(durations: impl Iterator<Item = &'a Duration>) -> Duration {
    let mut sorted: Vec<Duration> = durations.copied().collect();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// Asks for what is hidden in turns with what is not there, each on its connection, which may be to two registries.
async fn alike(hidden: &mut Talk, absent: &mut Talk, rows: &[(String, String)]) {
    for (of_hidden, of_absent) in rows {
        let mut told = Vec::new();
        while told.len() < TRIES {
            let (mut hidden, mut absent) =
                (Asked { talk: hidden, path: of_hidden }, Asked { talk: absent, path: of_absent });
            let taken = Taken::measure(&mut hidden, &mut absent).await;
            if !taken.tells_apart() {
                break;
            }
            told.push((taken.difference(), taken.noise()));
        }
        assert!(told.len() < TRIES, "{of_hidden}: differs by (against noise of) {told:?}");
    }
}

/// A connection past TLS, whose work would only hide ours.
async fn talk(world: &World, who: Option<(Role, &str)>) -> Talk {
    world.plain_as(who.map(|(role, id)| speaker_of(world, role, id))).await
}

/// A registry where a restricted verdict V-2 has a credential that tells results, its supplier gave consents about others, and a
/// document is covered by a crosswalk.
async fn world() -> World {
    let world = coverage::world().await;
    let (operator, maker, cb) = (world.operator(), world.person("maker"), world.person("cb-1"));
    let mut moons = scheme();
    moons["scheme"] = json!("moons@1");
    world.must(&world.person("meti"), "scheme-published", moons).await;
    documented(&world, &coverage::extended(restricted("V-2"))).await;
    world.must(&cb, "verdict-granted", restricted("V-3")).await;
    for (id, about) in [("C-1", json!({"verdict": "V-3"})), ("C-2", json!({"standing": "moons@1"}))] {
        let mut consent = json!({"consent": id, "about": about, "to": "buyer-2", "until": day(30)});
        if id == "C-1" {
            consent["parts"] = json!(["level", "findings"]);
        }
        world.must(&maker, "disclosure-consented", consent).await;
    }
    world.join(&operator, "buyer-2", Role::Buyer, json!([])).await;
    world.publish();
    world.published().await;
    world
}

/// Every answer about one verdict or supplier in which a restricted verdict could show, and that where it is not there.
fn rows() -> Vec<(String, String)> {
    let verdicts = ["/v1/verdicts/{}", "/v1/credentials/{}", "/v1/verdicts/{}/proof"].map(str::to_owned);
    let more = ["disclosures", "disclosed"].map(|rest| format!("/v1/verdicts/{{}}/{rest}"));
    let verdicts = verdicts.into_iter().chain(more);
    let verdicts = verdicts.map(|path| (path.replace("{}", "jp:V-2"), path.replace("{}", "jp:V-0")));
    let then = now();
    let suppliers = [
        "/v1/suppliers/{}/standing".to_owned(),
        "/v1/suppliers/{}/standing?scheme=stars".to_owned(),
        format!("/v1/suppliers/{{}}/standing?document=sp800-171@r3&as_of={then}"),
        "/v1/suppliers/{}/proof?scheme=stars@1".to_owned(),
        "/v1/suppliers/{}/disclosures?scheme=stars@1".to_owned(),
        "/v1/documents/needed@1/coverage?supplier={}".to_owned(),
        format!("/v1/documents/needed@1/coverage?supplier={{}}&as_of={then}"),
        "/v1/verdicts?supplier={}".to_owned(),
        format!("/v1/verdicts?supplier={{}}&as_of={then}"),
    ];
    let suppliers = suppliers.into_iter().map(|path| (path.replace("{}", QUIET), path.replace("{}", NOBODY)));
    verdicts.chain(suppliers).collect()
}

#[tokio::test]
async fn a_restricted_verdict_and_none_take_the_same_time() {
    let world = world().await;
    for who in [None, Some("buyer-1"), Some("buyer-2")] {
        let who = who.map(|id| (Role::Buyer, id));
        let (mut hidden, mut absent) = (talk(&world, who).await, talk(&world, who).await);
        alike(&mut hidden, &mut absent, &rows()).await;
    }
}

/// Statements that nobody is shown: a restricted verdict and its credential, beside a party of which nobody knows, and no entry at all.
#[tokio::test]
async fn what_a_bare_entry_holds_cannot_be_told_by_time() {
    let world = World::furnished().await;
    let granted = world.registry.log.size() - 1;
    let (_, issued, _) = documented(&world, &restricted("V-2")).await;
    world.join(&world.operator(), "buyer-2", Role::Buyer, json!([])).await;
    let registered = world.registry.log.size() - 1;
    let path = |index: u64| format!("/v1/statements/{index}");
    let rows = [(path(granted), path(registered)), (path(issued), path(registered)), (path(issued), path(99_999))];
    alike(&mut talk(&world, None).await, &mut talk(&world, None).await, &rows).await;
}

/// Lists of all verdicts, of a registry with a restricted one more and of one without.
#[tokio::test]
async fn a_list_takes_as_long_with_a_restricted_verdict_as_without() {
    let (with, without) = (World::furnished().await, World::furnished().await);
    with.must(&with.person("cb-1"), "verdict-granted", restricted("W-1")).await;
    let then = now();
    let paths = ["", "?limit=1", "?scheme=stars&state=granted", "?scheme=moons"].map(str::to_owned);
    let paths = paths.into_iter().chain([format!("?as_of={then}")]);
    let rows: Vec<_> = paths.map(|query| format!("/v1/verdicts{query}")).map(|path| (path.clone(), path)).collect();
    for who in [None, Some((Role::Buyer, "buyer-1"))] {
        alike(&mut talk(&with, who).await, &mut talk(&without, who).await, &rows).await;
    }
}

/// The same of another registry's verdict, of which nothing is in the log here.
#[tokio::test]
async fn what_is_made_of_a_foreign_restricted_verdict_takes_as_long_as_if_there_were_none() {
    let world = apart::world().await;
    apart::confide_on(&world, apart::OTHER, "recognised");
    let paths =
        ["/v1/verdicts/{}", "/v1/verdicts/{}/proof", "/v1/verdicts/{}/disclosures", "/v1/verdicts/{}/disclosed"];
    let verdicts = paths.into_iter().chain(["/v1/credentials/{}"]);
    let verdicts = verdicts.map(|path| (path.replace("{}", "eu:E-2"), path.replace("{}", "eu:E-0")));
    let paths = ["/v1/suppliers/{}/standing", "/v1/suppliers/{}/standing?scheme=eucc", "/v1/verdicts?supplier={}"];
    let suppliers = paths.map(|path| (path.replace("{}", apart::OTHER), path.replace("{}", "duns:150483782")));
    let rows: Vec<_> = verdicts.chain(suppliers).collect();
    for who in [None, Some((Role::Buyer, "buyer-1")), Some((Role::Supplier, "exemple"))] {
        alike(&mut talk(&world, who).await, &mut talk(&world, who).await, &rows).await;
    }
}
