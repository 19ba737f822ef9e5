//! Who watches a registry goes on where it went, by itself and only by proof: at its new address behind the same event, and where it ended with its
//! successor's log from the start.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tests::claims::{day, verdict};
use tests::{Buyer, Federation, Node, Party, Registry, ports, program, soon};

/// `watch`, as a buyer runs it.
struct Watcher {
    child: Child,
    said: PathBuf,
}

impl Watcher {
    fn start(party: &Party, said: PathBuf, more: &[&str]) -> Watcher {
        Watcher::run(party, said, &[&["watch", "--type", "verdict"], more].concat())
    }

    /// The same with another command.
    fn run(party: &Party, said: PathBuf, words: &[&str]) -> Watcher {
        let mut command = command(party);
        command.args(words);
        command.stdout(File::create(&said).unwrap());
        command.stderr(File::create(said.with_extension("notes")).unwrap()).stdin(Stdio::null());
        Watcher { child: command.spawn().expect("it starts"), said }
    }

    /// What it has said, line by line; one that is being written is left for later.
    fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.said).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn count(&self, wanted: impl Fn(&Value) -> bool) -> usize {
        self.lines().iter().filter(|line| wanted(line)).count()
    }

    async fn hears(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        soon(what, async || {
            let found = self.lines().into_iter().find(|line| wanted(line));
            found.ok_or_else(|| format!("{:?}\n{}", self.lines(), self.notes()))
        })
        .await
    }

    /// Waits until the tables in a folder tell of a verdict.
    async fn tells(&self, tables: &Path, verdict: &str) {
        let told = async || if told_in(tables, verdict) > 0 { Ok(()) } else { Err(self.notes()) };
        soon("a table tells it", told).await;
    }

    fn notes(&self) -> String {
        std::fs::read_to_string(self.said.with_extension("notes")).unwrap()
    }

    /// Its end, if it came to one.
    fn ended(&mut self) -> Option<()> {
        self.child.try_wait().unwrap().map(drop)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(party: &Party) -> Command {
    let mut command = Command::new(program::registry_node());
    command.args(["--json", "--as"]).arg(party.folder());
    command
}

/// How often a verdict is told in the tables of a folder.
fn told_in(folder: &Path, verdict: &str) -> usize {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let tables = paths.filter(|path| path.extension().is_some_and(|ending| ending == "csv"));
    let cell = format!("\"verdict.granted\",\"{verdict}\"");
    tables.map(|table| std::fs::read_to_string(table).unwrap().matches(&cell).count()).sum()
}

/// Tells what there is into a new folder, with what comes of it.
fn tables_once(party: &Party, folder: &Path, more: &[&str]) -> (bool, String) {
    std::fs::create_dir(folder).unwrap();
    let output = command(party).args(["bridge", "changes", "--once", "--out"]).arg(folder).args(more).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

fn about(subject: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["subject"] == subject
}

fn of_type(kind: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["type"].as_str().is_some_and(|found| found.ends_with(kind))
}

/// A registry leaves its node; a copy goes on elsewhere.
async fn moves(federation: &Federation, mm: &Registry, root: &Path) -> (Registry, Node) {
    let (http, nats) = (ports::free(), ports::free());
    let to = |port: u16| format!("localhost:{port}");
    mm.run(&["move", "out", "--http", &format!("https://{}", to(http.port())), "--nats", &to(nats.port())]);
    soon("the node that was left has ended", async || {
        federation.node("mm").check().err().map(drop).ok_or_else(|| "it runs".to_owned())
    })
    .await;
    let elsewhere = mm.copied(&root.join("elsewhere"), http, nats);
    let node = Node::new(vec![elsewhere.folder().path().to_owned()], root.join("elsewhere.log"));
    node.start();
    elsewhere.ready(|| node.check()).await;
    (elsewhere, node)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_watches_follows_a_registry_that_moves_and_one_that_ends() {
    let root = tempfile::tempdir().unwrap();
    let federation = Federation::start(&["jp", "mm"]).await;
    federation.peer("jp", "mm").await;
    let (jp, mm) = (federation.registry("jp"), federation.registry("mm"));
    let buyer = mm.party("buyer-1");
    let watcher = Watcher::start(&buyer, root.path().join("watched"), &["--after", "start"]);
    mm.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    watcher.hears("it watches", about("mm:V-1")).await;
    let tables = root.path().join("tables");
    std::fs::create_dir(&tables).unwrap();
    let words = ["bridge", "changes", "--after", "start", "--out", tables.to_str().unwrap()];
    let mut teller = Watcher::run(&buyer, root.path().join("told"), &words);
    teller.tells(&tables, "mm:V-1").await;

    let on_nats = Buyer::listen(mm, &buyer).await;
    let mut whereabouts = on_nats.dialled.listen("registry.mm").await;
    let (elsewhere, _node) = moves(&federation, mm, root.path()).await;
    let (_, event) = whereabouts.next().await;
    assert!(of_type("registry.moved")(&event) && event["data"]["httpUrl"].is_string(), "{event}");
    watcher.hears("it is told where the registry went", of_type("registry.moved")).await;
    elsewhere.party("cb-1").must("verdict-granted", verdict("V-2")).await;
    watcher.hears("it goes on there", about("mm:V-2")).await;
    teller.tells(&tables, "mm:V-2").await;
    let again = root.path().join("again");
    let (good, said) = tables_once(&elsewhere.party("buyer-1"), &again, &["--after", "start"]);
    assert!(good && told_in(&again, "mm:V-2") == 1, "a move of the past leads nowhere: {said}");
    let url = &elsewhere.config().http.public_url;
    let moved = watcher.hears("it says so", |line| line["followed"].is_object()).await;
    assert_eq!(moved["followed"], json!({"from": "mm", "httpUrl": url.trim_end_matches('/'), "successor": null}));

    let (accepted, genesis) = (root.path().join("accepted.jws"), jp.folder().genesis());
    let (accepted, genesis) = (accepted.to_str().unwrap(), genesis.to_str().unwrap());
    // Whoever follows knows the successor by the root of its genesis, and reads it by those that it trusts by then.
    jp.run(&["certs", "rotate-root"]);
    jp.run(&["succession", "accept", "mm", "--until", &day(30), "--out", accepted]);
    let on_nats = Buyer::listen(&elsewhere, &elsewhere.party("buyer-1")).await;
    let mut whereabouts = on_nats.dialled.listen("registry.mm").await;
    let close = ["close", "--successor", "jp", "--acceptance", accepted, "--genesis", genesis, "--reason", "merged"];
    elsewhere.run(&close);
    let (_, event) = whereabouts.next().await;
    assert!(of_type("registry.closed")(&event) && event["data"]["successor"] == "jp", "{event}");
    watcher.hears("it is told of the end", of_type("registry.closed")).await;
    watcher.hears("it says who goes on", |line| line["followed"]["successor"]["registry"] == "jp").await;
    jp.party("cb-1").must("verdict-granted", verdict("V-9")).await;
    watcher.hears("it goes on with the successor", about("jp:V-9")).await;

    // Tables are of one log, and say who goes on.
    let ended = |said: &str| said.contains("mm has ended, and jp goes on at https://");
    soon("tables end", async || teller.ended().ok_or_else(|| "it runs".to_owned())).await;
    assert!(ended(&teller.notes()), "{}", teller.notes());
    assert_eq!(["mm:V-1", "mm:V-2"].map(|verdict| told_in(&tables, verdict)), [1, 1]);
    let (good, said) = tables_once(&elsewhere.party("buyer-1"), &root.path().join("never"), &[]);
    assert!(!good && ended(&said), "{said}");

    // Once each, whatever was read again.
    let counts = [about("mm:V-1"), about("mm:V-2"), about("jp:V-9")].map(|wanted| watcher.count(wanted));
    assert_eq!(counts, [1, 1, 1]);
    let told = [of_type("registry.moved"), of_type("registry.closed")].map(|wanted| watcher.count(wanted));
    assert_eq!((told, watcher.count(|line| line["followed"].is_object())), ([1, 1], 2));

    // Who begins to watch a registry that has ended is led on at once.
    let late = Watcher::start(&elsewhere.party("buyer-1"), root.path().join("late"), &[]);
    late.hears("it is led on", |line| line["followed"]["successor"]["registry"] == "jp").await;
    late.hears("it reads the successor's log from its start", about("jp:V-9")).await;
}
