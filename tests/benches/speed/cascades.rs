//! How long it takes to tell of very many verdicts that one scheme is replaced, and how long those who submit and look up wait
//! meanwhile.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::claims::{day, verdict, with};
use tests::soon;

use crate::sums::{Sums, percentile};
use crate::workshop::Workshop;

const VERDICTS: usize = 100_000;
/// From the acknowledgement of the cause to that of the last verdict.
const AIM: Duration = Duration::from_secs(10);
/// A quiet moment between two submissions.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn measure(sums: &mut Sums) {
    let workshop = Workshop::filled(VERDICTS - 1, "V-last").await;
    let jp = &workshop.registry;
    let (ministry, body) = (jp.party("ministry"), jp.party("cb-1"));
    let claim = json!({"scheme": "stars@1", "by": "moons@1", "until": day(90)});
    ministry.must("scheme-replaced", claim).await;
    let began = Instant::now();
    let (mut waited, mut answered) = (Vec::new(), Vec::new());
    let mut connection = jp.public().connect().await.expect("a connection");
    for number in 0.. {
        let listed = jp.must_ask("/v1/cascades").await;
        if listed["cascades"][0]["finished"] == true {
            break;
        }
        let claim = with(verdict(&format!("M-{number}")), json!({"scheme": "moons@1"}));
        let asked = Instant::now();
        body.must("verdict-granted", claim).await;
        waited.push(asked.elapsed());
        let asked = Instant::now();
        connection.get("/v1/verdicts/jp:V-last").await.expect("an answer");
        answered.push(asked.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    let took = began.elapsed();
    let done = jp.must_ask("/v1/cascades").await["cascades"][0]["done"].clone();
    sums.duration(&format!("{VERDICTS} verdicts told that their scheme is replaced"), took, Some(AIM));
    for percent in [50, 99] {
        sums.duration(&format!("submitted meanwhile → acknowledged, p{percent}"), percentile(&waited, percent), None);
        sums.duration(&format!("looked up meanwhile, p{percent}"), percentile(&answered, percent), None);
    }
    sums.note(format!(
        "cascades: {done} verdicts, {} submissions meanwhile, each over a connection of its own",
        waited.len()
    ));
    soon("the node is well", async || workshop.node.check()).await;
}
