//! Cursors on NATS: a buyer that keeps nothing misses nothing, also when the server loses all that it has; and reaches nobody else's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use conformity::identifiers::Identifier;
use federation::subjects::Subject;
use registry_node::client::ClientError;
use serde_json::{Value, json};
use tests::claims::verdict;
use tests::events::covered;
use tests::node::NatsServer;
use tests::reader::{Pulled, Reader};
use tests::{Buyer, Federation, Party, Registry, soon};

const JSON: &str = "application/json";
const SILENCE: Duration = Duration::from_millis(500);

async fn put(party: &Party, name: &str, wish: &Value) -> Result<Value, ClientError> {
    let mut connection = party.connect().await?;
    let answer = connection.put(&format!("/v1/cursors/{name}"), JSON, wish.to_string().into()).await?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

/// What its owner is shown of a cursor, once the server has it.
async fn ready(party: &Party, name: &str) -> Value {
    soon(&format!("{name} is there"), async || {
        let shown: Value =
            party.client().json(&format!("/v1/cursors/{name}")).await.map_err(|error| error.to_string())?;
        if shown["ready"] == true { Ok(shown) } else { Err(shown.to_string()) }
    })
    .await
}

async fn grant(registry: &Registry, id: &str) -> String {
    registry.party("cb-1").must("verdict-granted", verdict(id)).await.index.to_string()
}

/// Pulls until so many came.
async fn pulled(reader: &mut Reader, count: usize) -> Vec<Pulled> {
    let mut all = Vec::new();
    soon("messages come", async || {
        all.extend(reader.pull(count - all.len()).await);
        if all.len() == count { Ok(()) } else { Err(format!("{all:?}")) }
    })
    .await;
    all
}

fn ids(pulled: &[Pulled]) -> Vec<String> {
    pulled.iter().map(|one| one.id.clone()).collect()
}

fn refused(answer: Result<Value, ClientError>) -> Option<String> {
    match answer {
        Err(ClientError::Problem { code, .. }) => Some(code),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_nothing_misses_nothing_also_when_the_server_loses_all() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let buyer = jp.party("buyer-1");
    grant(jp, "V-before").await;
    put(&buyer, "all", &json!({})).await.unwrap();
    let mut granted = Vec::new();
    for number in 0..3 {
        granted.push(grant(jp, &format!("V-{number}")).await);
    }
    let cursor = ready(&buyer, "all").await;
    let mut reader = Reader::open(jp, &buyer, &cursor).await;
    let first = pulled(&mut reader, 2).await;
    assert_eq!(ids(&first), granted[..2]);
    for one in &first {
        reader.acknowledge(one).await;
    }
    drop(reader);
    // Another connection, which knows nothing of it.
    let mut reader = Reader::open(jp, &buyer, &cursor).await;
    let next = pulled(&mut reader, 1).await;
    assert_eq!(ids(&next), granted[2..]);
    reader.acknowledge(&next[0]).await;
    // Noted within some seconds, whatever becomes of the server.
    tokio::time::sleep(Duration::from_secs(12)).await;
    for lost in ["server and store", "node, server and store"] {
        if lost.starts_with("node") {
            federation.node("jp").stop();
        } else {
            NatsServer::of_buyers(jp.folder().path()).expect("it runs").kill();
        }
        std::fs::remove_dir_all(jp.folder().nats_buyers().join("store")).unwrap();
        if lost.starts_with("node") {
            federation.restart("jp").await;
        }
        granted.push(grant(jp, &format!("W-{lost}").replace(' ', "-").replace(',', "")).await);
        ready(&buyer, "all").await;
        let mut reader = Reader::open(jp, &buyer, &cursor).await;
        let newest = granted.last().unwrap().clone();
        let mut told: Vec<String> = Vec::new();
        soon(&format!("{lost}: what is new is told"), async || {
            for one in reader.pull(8).await {
                reader.acknowledge(&one).await;
                told.push(one.id);
            }
            if told.contains(&newest) { Ok(()) } else { Err(format!("{told:?}")) }
        })
        .await;
        assert!(
            told.iter().all(|id| granted[2..].contains(id)),
            "{lost}: what was long acknowledged is not told: {told:?}"
        );
        tokio::time::sleep(Duration::from_secs(12)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_tells_what_was_wished_for_from_where_it_was_wished() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let buyer = jp.party("buyer-1");
    let granted = [grant(jp, "V-0").await, grant(jp, "V-1").await, grant(jp, "V-2").await];
    let rows = [
        (json!({"after": "start"}), &granted[..], "from the start"),
        (json!({"after": granted[1]}), &granted[1..], "after an event, whose entry may have others"),
        (json!({"after": "start", "schemes": ["stars"]}), &granted[..], "of a scheme"),
        (json!({"after": "start", "schemes": ["other"]}), &[], "of another scheme"),
        (json!({"after": "start", "suppliers": ["local:x:nobody"]}), &[], "of another supplier"),
    ];
    for (number, (wish, expected, why)) in rows.iter().enumerate() {
        let name = format!("row-{number}");
        put(&buyer, &name, wish).await.unwrap();
        let cursor = ready(&buyer, &name).await;
        let mut reader = Reader::open(jp, &buyer, &cursor).await;
        let told = pulled(&mut reader, expected.len()).await;
        assert_eq!(ids(&told), **expected, "{why}");
        for Pulled { id, event, .. } in &told {
            assert_eq!((&event["registry"], &event["logindex"]), (&json!("jp"), &json!(id)), "{why}");
            covered(event, &jp.log_key());
        }
        assert_eq!(ids(&reader.pull(1).await), Vec::<String>::new(), "{why}: no more");
    }
    let refusals = [
        (put(&buyer, "x", &json!({"after": "999999"})).await, "bad-body", "an event to come"),
        (put(&buyer, "x", &json!({"filter": ">"})).await, "bad-body", "an unknown wish"),
        (put(&jp.party("cb-1"), "x", &json!({})).await, "certificate-required", "no buyer"),
    ];
    for (answer, code, why) in refusals {
        assert_eq!(refused(answer).as_deref(), Some(code), "{why}");
    }
    for number in rows.len()..8 {
        put(&buyer, &format!("row-{number}"), &json!({})).await.unwrap();
    }
    assert_eq!(refused(put(&buyer, "one-more", &json!({})).await).as_deref(), Some("kept-full"));
    let cursor = ready(&buyer, "row-0").await;
    buyer.connect().await.unwrap().delete("/v1/cursors/row-0").await.unwrap();
    assert!(buyer.client().json::<Value>("/v1/cursors/row-0").await.is_err());
    soon("it is gone on the server", async || {
        let mut reader = Reader::open(jp, &buyer, &cursor).await;
        match reader.pull(1).await {
            none if none.is_empty() => Ok(()),
            some => Err(format!("{some:?}")),
        }
    })
    .await;
}

/// What a rogue reader may say on its connection: it disturbs neither listeners, nor readers, nor the stream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rogue_reader_reaches_nothing_but_its_own() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let honest = jp.party("buyer-1");
    let rogue = jp.register("buyer-2", conformity::party::Role::Buyer).await;
    let mut listener = Buyer::listen(jp, &honest).await;
    put(&honest, "mine", &json!({})).await.unwrap();
    put(&rogue, "mine", &json!({})).await.unwrap();
    let (of_honest, of_rogue) = (ready(&honest, "mine").await, ready(&rogue, "mine").await);
    let mut reader = Reader::open(jp, &honest, &of_honest).await;
    let mut bad = Reader::open(jp, &rogue, &of_rogue).await;
    let granted = [grant(jp, "V-0").await, grant(jp, "V-1").await];
    for id in &granted {
        assert_eq!(listener.next().await.1["id"], **id);
    }
    let pull = of_honest["pull"].as_str().unwrap();
    let consumer = pull.rsplit('.').next().unwrap();
    assert_eq!(ids(&bad.pull_from(pull, 2).await), Vec::<String>::new(), "another's cursor");
    for subject in [
        "$JS.API.INFO".to_owned(),
        "$JS.API.STREAM.INFO.EVENTS".to_owned(),
        "$JS.API.STREAM.DELETE.EVENTS".to_owned(),
        "$JS.API.STREAM.PURGE.EVENTS".to_owned(),
        "$JS.API.STREAM.MSG.GET.EVENTS".to_owned(),
        "$JS.API.CONSUMER.LIST.EVENTS".to_owned(),
        "$JS.API.CONSUMER.CREATE.EVENTS".to_owned(),
        format!("$JS.API.CONSUMER.INFO.EVENTS.{consumer}"),
        format!("$JS.API.CONSUMER.DELETE.EVENTS.{consumer}"),
        format!("$JS.ACK.EVENTS.{consumer}.1.2.2.1795820119303736575.0"),
        "$SYS.REQ.USER.AUTH".to_owned(),
        "status.jp.stars.forged".to_owned(),
    ] {
        assert_eq!(ids(&bad.pull_from(&subject, 1).await), Vec::<String>::new(), "{subject}");
    }
    // Its own messages, sent to others: statuses to listeners, answers to readers, commands to the server.
    let own = of_rogue["pull"].as_str().unwrap();
    let mut heartbeats = listener.dialled.listen("heartbeat.jp").await;
    for answers in [
        "status.jp.stars.x",
        "heartbeat.jp",
        "_INBOX.buyer-1.x",
        pull,
        "$JS.API.STREAM.DELETE.EVENTS",
        "$SYS.REQ.USER.AUTH",
    ] {
        bad.ask(own, &answers.into(), &json!({"batch": 1, "no_wait": true})).await;
        bad.ask(own, &answers.into(), &json!("garbage")).await;
    }
    assert_eq!(listener.within(SILENCE).await, None, "a listener hears what the node says, and nothing else");
    let (_, beat) = heartbeats.next().await;
    assert_eq!(beat["type"], "org.secure-trust-registry.heartbeat", "so does who hears heartbeats");
    assert_eq!(ids(&pulled(&mut reader, 2).await), granted, "the other cursor is as it was");
    let next = grant(jp, "V-2").await;
    assert_eq!(listener.next().await.1["id"], *next);
    assert_eq!(ids(&pulled(&mut reader, 1).await), [next]);
}

/// Every file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

/// Those in which one of these texts stands, in the content or the name.
fn telling(folder: &Path, texts: &[String]) -> Vec<PathBuf> {
    let tells = |path: &PathBuf| {
        // A file that the server replaced meanwhile tells nothing.
        let mut bytes = std::fs::read(path).unwrap_or_default();
        bytes.extend(path.as_os_str().as_encoded_bytes());
        texts.iter().any(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    files(folder).into_iter().filter(tells).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_on_the_disk_of_whom_a_cursor_tells() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let buyer = jp.party("buyer-1");
    grant(jp, "V-0").await;
    let supplier: Identifier = "duns:150483782".parse().unwrap();
    put(&buyer, "parts", &json!({"after": "start", "suppliers": [supplier]})).await.unwrap();
    put(&buyer, "stars", &json!({"after": "start", "schemes": ["stars"]})).await.unwrap();
    ready(&buyer, "parts").await;
    let cursor = ready(&buyer, "stars").await;
    assert_eq!(pulled(&mut Reader::open(jp, &buyer, &cursor).await, 1).await.len(), 1, "there is a message");
    let scheme = "stars".parse().unwrap();
    let subject = Subject::status(&"jp".parse().unwrap(), &scheme, &supplier).as_str().to_owned();
    let token = subject.rsplit('.').next().unwrap().to_owned();
    let told = ["150483782".to_owned(), token, subject, "status.jp".to_owned(), "specversion".to_owned()];
    let store = jp.folder().nats_buyers().join("store");
    assert!(files(&store).len() > 3, "a stream and cursors are there");
    assert_eq!(telling(&store, &told), Vec::<PathBuf>::new());
    let key = jp.folder().nats_buyers().join("nats.conf");
    assert!(std::fs::read_to_string(key).unwrap().contains("key: $REGISTRY_NATS_STORE_KEY"), "the key is in no file");

    // What was written before there was a key goes, and what is told is told again.
    federation.node("jp").stop();
    std::fs::remove_file(jp.folder().nats_buyers().join("store.key-id")).unwrap();
    std::fs::write(store.join("left.blk"), &told[0]).unwrap();
    federation.restart("jp").await;
    let cursor = ready(&buyer, "stars").await;
    let mut reader = Reader::open(jp, &buyer, &cursor).await;
    assert_eq!(pulled(&mut reader, 1).await.len(), 1, "not acknowledged, so it is told again");
    assert_eq!(telling(&store, &told), Vec::<PathBuf>::new());
}
