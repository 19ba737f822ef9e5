//! Ten registries: logs grow with their own statements and with what they followed, not with the mesh, and stand still when
//! nothing happens. First each arranged with each on a quiet day; then with whom chance will have it, in a storm.

mod desk;
mod judge;
mod pact;
mod settle;
mod storm;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ledger::entry::Kind;
use serde_json::Value;
use tests::claims::{self, rule, terms, verdict};
use tests::events::Frame;
use tests::federation::{admit, peer_claim};
use tests::{Auditor, Events, Federation, Node, Registry, soon, until};
use tokio::time::sleep;

use judge::{Judged, Own, judge};
use storm::{Calm, GROUPS, Storm};

const REGISTRIES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
const PEERS: usize = REGISTRIES.len() - 1;
const VERDICTS: usize = 20;
/// Statements of [`Registry::furnish`]: six parties, a document, two schemes, a designation, four accreditations.
const FURNISHED: usize = 14;
/// How long the mesh may take to be even after a storm: links wait for up to a quarter of a minute between two attempts.
const EVEN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_grow_with_what_happens_and_not_with_the_mesh() {
    let federation = Federation::start_in_one_process(&REGISTRIES).await;
    mesh(&federation).await;
    let mut granting = tokio::task::JoinSet::new();
    for registry in federation.registries() {
        granting.spawn(grant(Arc::clone(registry)));
    }
    granting.join_all().await;
    for registry in federation.registries() {
        recognises_all(registry).await;
    }
    let before = quiet(&federation).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(sizes(&federation).await, before, "nothing happened, and a log grew");
    for (registry, size) in federation.registries().iter().zip(before) {
        its_own(registry, size).await;
    }
}

/// Every pair are peers and have a bilateral arrangement, both ways.
async fn mesh(federation: &Federation) {
    let all = federation.registries();
    for host in all {
        for guest in all.iter().filter(|guest| guest.id() != host.id()) {
            admit(host, guest);
        }
    }
    for registry in all {
        let others = all.iter().filter(|other| other.id() != registry.id());
        let operator = registry.operator();
        let added = others.clone().map(|other| operator.sign("peer-added", peer_claim(other)));
        let signed = others.map(|other| {
            let (one, two) = (registry.id().min(other.id()), registry.id().max(other.id()));
            let rules = vec![rule("R-1", one, two, "stars"), rule("R-2", two, one, "stars")];
            let terms = terms(&format!("A-{one}-{two}"), "bilateral", &[one, two], rules);
            operator.sign("arrangement-signed", claims::signed(&terms))
        });
        taken(registry, &added.chain(signed).collect::<Vec<_>>()).await;
    }
    for registry in all {
        registry
            .soon("/v1/arrangements", |answer| {
                let all = answer["arrangements"].as_array().unwrap().iter();
                let mut directions = all.flat_map(|one| one["directions"].as_array().unwrap());
                directions.clone().count() == 2 * PEERS && directions.all(|one| one["force"] == "in-force")
            })
            .await;
    }
}

async fn grant(registry: Arc<Registry>) {
    let body = registry.party("cb-1");
    let id = |number| format!("{}-{number}", registry.id().to_uppercase());
    let lines: Vec<Bytes> = (0..VERDICTS).map(|number| body.sign("verdict-granted", verdict(&id(number)))).collect();
    // In a few pieces, so that there is more than one range to follow.
    for piece in lines.chunks(VERDICTS / 4) {
        registry.bulk(&body, piece).await.iter().for_each(|answer| assert!(answer["index"].is_u64(), "{answer}"));
        sleep(Duration::from_millis(200)).await;
    }
}

async fn taken(registry: &Registry, lines: &[Bytes]) {
    for answer in registry.bulk(&registry.operator(), lines).await {
        assert!(answer["index"].is_u64(), "{}: {answer}", registry.id());
    }
}

/// Every verdict of every other registry is recognised, each said once.
async fn recognises_all(registry: &Registry) {
    let mut stream = Events::open(&registry.public(), "/v1/events?type=recognition&after=start", None).await.unwrap();
    let mut seen = BTreeSet::new();
    while seen.len() < PEERS * VERDICTS {
        let frame = stream.next().await.expect("the stream goes on");
        if let Frame::Event { event, .. } = &frame {
            assert_eq!(frame.kind(), "recognition.recognised", "{event}");
            let new = seen.insert(event["subject"].as_str().unwrap().to_owned());
            assert!(new, "{} twice at {}", event["subject"], registry.id());
        }
    }
}

async fn sizes(federation: &Federation) -> Vec<u64> {
    let mut sizes = Vec::new();
    for registry in federation.registries() {
        let page = registry.public().connect().await.unwrap().get("/metrics").await.unwrap();
        let page = String::from_utf8(page.to_vec()).unwrap();
        let size = page.lines().find_map(|line| line.strip_prefix("registry_log_size ")).unwrap();
        sizes.push(size.parse().unwrap());
    }
    sizes
}

/// The sizes once nothing has grown for a while: the last publication is over.
async fn quiet(federation: &Federation) -> Vec<u64> {
    soon("all logs are quiet", async || {
        let before = sizes(federation).await;
        sleep(Duration::from_millis(1_500)).await;
        let now = sizes(federation).await;
        if now == before { Ok(now) } else { Err(format!("{before:?} became {now:?}")) }
    })
    .await
}

/// A log holds what was said to it, one note for each foreign signature, and no more recognition statements than there
/// were ranges to follow; the rest is seals, at most one for each of the others.
async fn its_own(registry: &Registry, size: u64) {
    let mut auditor = Auditor::of(registry);
    assert_eq!(auditor.follow(size).await.size, size);
    let own = FURNISHED + PEERS + PEERS + PEERS + VERDICTS;
    assert_eq!(auditor.count(Kind::Statement), own, "{}", registry.id());
    let recognitions = auditor.count(Kind::Recognition);
    assert!((PEERS..=PEERS * VERDICTS).contains(&recognitions), "{}: {recognitions}", registry.id());
    let seals = auditor.count(Kind::Seal);
    assert!(seals <= own + recognitions, "{}: {seals} seals", registry.id());
}

/// Whatever was cut, killed and lost: in the end every recognition is what the pure rules say from logs and disclosed statements,
/// and every entry of every log is there because somebody did something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_storm_every_recognition_follows_from_the_logs() {
    let federation = Federation::start_in_processes(&GROUPS).await;
    let mut storm = Storm::gather(&federation).await;
    storm.rage().await;
    let calm = storm.pass().await;
    even(&federation, &calm).await;
    let before = quiet(&federation).await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(sizes(&federation).await, before, "nothing happened, and a log grew");
    let mut keys = Vec::new();
    for registry in federation.registries() {
        keys.push(registry.log_keys().await);
    }
    federation.nodes().iter().for_each(Node::kill);
    let logs: Vec<Own> = federation.registries().iter().zip(keys).map(|(one, keys)| Own::read(one, keys)).collect();
    let mut judged = Judged::default();
    for to in &logs {
        logs.iter().filter(|from| from.id != to.id).for_each(|from| judge(from, to, &mut judged));
        nothing_of_the_mesh(to, &calm);
    }
    let told = |outcome| judged.in_force.get(outcome).is_some_and(|count| *count > 0);
    assert!(told("recognised") && told("refused") && judged.lapsed > 0, "there was something to judge: {judged:?}");
}

/// Everybody knows what everybody did in arrangements, and has all that arrangements in force entitle it to.
async fn even(federation: &Federation, calm: &Calm) {
    until("the mesh is even", EVEN, async || {
        let sizes = sizes(federation).await;
        for registry in federation.registries() {
            let arranged = registry.must_ask("/v1/arrangements?limit=1000").await;
            knows_all_acts(registry, calm, &arranged)?;
            let directions =
                arranged["arrangements"].as_array().unwrap().iter().flat_map(|one| {
                    one["directions"].as_array().unwrap().iter().filter(|one| one["to"] == registry.id())
                });
            for direction in directions.filter(|one| one["force"] == "in-force") {
                let from = direction["from"].as_str().unwrap();
                let place = federation.registries().iter().position(|one| one.id() == from).unwrap();
                let status = registry.peer_status(from).await;
                if status["status"]["mirrored"].as_u64() != Some(sizes[place]) {
                    return Err(format!("{} lacks some of the {} of {from}: {status}", registry.id(), sizes[place]));
                }
            }
        }
        Ok(())
    })
    .await;
}

fn knows_all_acts(registry: &Registry, calm: &Calm, arranged: &Value) -> Result<(), String> {
    let all = arranged["arrangements"].as_array().unwrap();
    for pact in calm.pacts.iter().filter(|pact| pact.parties.contains(&registry.id())) {
        let known = all.iter().find(|one| one["id"] == pact.id.as_str()).map(|one| &one["acts"]);
        let known = known.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (party, acts) in &pact.acts {
            let of_party = known.iter().filter(|act| act["registry"] == *party).count();
            if of_party != *acts {
                return Err(format!("{} knows {of_party} of {acts} acts of {party} in {}", registry.id(), pact.id));
            }
        }
    }
    Ok(())
}

/// A log holds what its people said, a note for each act of another in an arrangement, a list for each cascade, and recognitions;
/// how often these were stated, the judge has counted.
fn nothing_of_the_mesh(own: &Own, calm: &Calm) {
    let (id, entries) = (own.registry.id(), own.entries());
    assert_eq!(entries.own, FURNISHED + calm.said[id], "{id}: {entries:?}");
    let pacts = calm.pacts.iter().filter(|pact| pact.parties.contains(&id));
    let noted: usize = pacts.flat_map(|pact| &pact.acts).filter(|(party, _)| **party != id).map(|(_, acts)| acts).sum();
    assert_eq!(entries.notes, noted, "{id}: {entries:?}");
    assert!(entries.cascades <= calm.said[id], "{id}: {entries:?}");
    let others = entries.own + entries.notes + entries.cascades + entries.recognitions;
    assert!(entries.seals <= others, "{id}: {entries:?}");
}
