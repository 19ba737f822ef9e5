//! Things that go away and come back under load: nats-servers, their files, peers, and the node between mirroring and
//! recognising. In the end every verdict is recognised, each exactly once.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tests::claims::{reason, rule, terms, verdict};
use tests::events::Frame;
use tests::node::NatsServer;
use tests::{Buyer, Chance, Events, Federation, Registry, program, soon};
use tokio::task::JoinHandle;
use tokio::time::sleep;

async fn arranged() -> Federation {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    federation
}

/// Grants so many verdicts, one after the other with a pause.
fn granting(jp: &Arc<Registry>, name: &str, count: u64, pause: Duration) -> JoinHandle<()> {
    let (jp, name) = (Arc::clone(jp), name.to_owned());
    tokio::spawn(async move {
        for number in 0..count {
            jp.party("cb-1").must("verdict-granted", verdict(&format!("{name}-{number}"))).await;
            sleep(pause).await;
        }
    })
}

/// Waits until `registry` has recognised so many verdicts; fails when one was recognised twice or something else was said.
async fn each_once(registry: &Registry, count: usize) {
    let mut stream = Events::open(&registry.public(), "/v1/events?type=recognition&after=start", None).await.unwrap();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    while seen.len() < count {
        let frame = stream.next().await.expect("the stream goes on");
        if let Frame::Event { event, .. } = &frame {
            assert_eq!(frame.kind(), "recognition.recognised", "{event}");
            *seen.entry(event["subject"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    // A doubled one would come at the latest with the next change of anything.
    while let Some(Some(frame)) = stream.within(Duration::from_millis(1500)).await {
        assert!(matches!(frame, Frame::Checkpoint(_)), "more than was granted: {frame:?}");
    }
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_servers_that_die_and_lose_their_files_cost_nothing() {
    let federation = arranged().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let mut buyer = Buyer::listen(eu, &eu.party("buyer-1")).await;
    let granting = granting(jp, "V", 60, Duration::from_millis(60));
    for registry in [jp, eu, jp, eu] {
        sleep(Duration::from_millis(400)).await;
        let server = NatsServer::of(registry.folder().path()).expect("its nats-server runs");
        server.kill();
        std::fs::remove_dir_all(registry.folder().nats()).unwrap();
        soon(&format!("{} has a nats-server again", registry.id()), async || {
            NatsServer::of(registry.folder().path()).map(drop).ok_or_else(|| "none".to_owned())
        })
        .await;
    }
    granting.await.unwrap();
    each_once(eu, 60).await;
    // The buyer is let in again by itself, and hears what is new.
    soon("the buyer is back", async || {
        let connected = buyer.dialled.link().state().borrow().connected;
        if connected { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    jp.party("cb-1").must("verdict-granted", verdict("W-1")).await;
    loop {
        let (_, event) = buyer.next().await;
        if event["subject"] == "jp:W-1" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_without_its_own_nats_server_follows_others_all_the_same() {
    let federation = arranged().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    federation.node("eu").stop();
    eu.configure("external = false", "external = true");
    federation.restart("eu").await;
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    each_once(eu, 1).await;
}

/// A nats-server that somebody else runs, as an operator's service manager would.
struct Service(Child);

impl Service {
    async fn run(registry: &Registry) -> Service {
        let config = registry.folder().nats().join("nats.conf");
        soon("the node writes the configuration", async || {
            if config.is_file() { Ok(()) } else { Err(format!("no {}", config.display())) }
        })
        .await;
        let mut command = Command::new(program::nats_server());
        command.arg("--config").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        Service(command.spawn().expect("nats-server starts"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nats_server_of_somebody_else_is_given_the_accounts() {
    let federation = Federation::create(&["jp", "eu"]);
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    jp.configure("external = false", "external = true");
    federation.start_all().await;
    let _service = Service::run(jp).await;
    jp.furnish().await;
    eu.furnish().await;
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    let expelled = json!({"registry": "eu", "reason": reason("breach")});
    jp.operator().must("peer-expelled", expelled).await;
    soon("eu is cut off", async || {
        let state = eu.peer_status("jp").await;
        if state["status"]["state"] == "unreachable" { Ok(()) } else { Err(state.to_string()) }
    })
    .await;
}

/// A server that hangs holds up whoever listens there, and nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nats_server_that_hangs_holds_up_its_listeners_only() {
    let federation = arranged().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let mut buyer = Buyer::listen(eu, &eu.party("buyer-1")).await;
    let mut stream = Events::open(&eu.public(), "/v1/events", None).await.unwrap();
    let server = NatsServer::of(eu.folder().path()).expect("its nats-server runs");
    server.freeze();
    for number in 0..20 {
        eu.party("cb-1").must("verdict-granted", verdict(&format!("E-{number}"))).await;
        jp.party("cb-1").must("verdict-granted", verdict(&format!("J-{number}"))).await;
    }
    eu.recognises("jp:J-19", |one| one["outcome"] == "recognised").await;
    stream.until("recognition.recognised").await;
    server.thaw();
    jp.party("cb-1").must("verdict-granted", verdict("J-20")).await;
    loop {
        let (_, event) = buyer.next().await;
        if event["subject"] == "jp:J-20" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_was_away_catches_up() {
    let federation = arranged().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    federation.node("eu").kill();
    let body = jp.party("cb-1");
    let lines: Vec<Bytes> = (0..1_500).map(|n| body.sign("verdict-granted", verdict(&format!("V-{n}")))).collect();
    assert_eq!(jp.bulk(&body, &lines).await.len(), lines.len());
    federation.restart("eu").await;
    each_once(eu, lines.len()).await;
    // Frozen is another way of being away: the connection stands, nobody answers.
    federation.node("jp").freeze();
    sleep(Duration::from_secs(2)).await;
    federation.node("jp").thaw();
    body.must("verdict-granted", verdict("W-1")).await;
    each_once(eu, lines.len() + 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_mirroring_and_recognising_doubles_nothing() {
    const KILLS: u64 = 12;
    let mut chance = Chance::new();
    let federation = arranged().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let mut granted = 0;
    for round in 0..KILLS {
        let granting = granting(jp, &format!("V-{round}"), 10, Duration::from_millis(4));
        granted += 10;
        sleep(Duration::from_millis(chance.below(150))).await;
        federation.node("eu").kill();
        if chance.below(3) == 0 {
            // The mirror is a copy: without it the log is pulled again.
            forget_mirror(eu);
        }
        federation.restart("eu").await;
        granting.await.unwrap();
    }
    each_once(eu, granted).await;
}

/// What was recognised because an arrangement came into force rests on the log as far as it was mirrored by then, and says
/// so: until a new mirror is that far again, what it does not show is no news.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_arrangement_that_finds_verdicts_says_how_far_it_looked() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let granted = jp.party("cb-1").must("verdict-granted", verdict("V-4")).await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    eu.recognises("jp:V-4", |recognition| recognition["outcome"] == "recognised").await;
    let followed = eu.peer_status("jp").await["followed"].as_u64().unwrap();
    assert!(followed > granted.index, "followed to {followed}, but granted at {}", granted.index);
}

/// Removes what `registry` mirrored of jp; its certificate there lies beside and stays.
fn forget_mirror(registry: &Registry) {
    let folder = registry.folder().peer(&"jp".parse().unwrap());
    for file in std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
        if file.extension().is_some_and(|extension| extension == "ranges") {
            std::fs::remove_file(file).unwrap();
        }
    }
}
