//! A power cut, emulated: a file system in a file is shut down without writing its journal while people submit, as ext4 lets root
//! do, and mounted again. `kill -9` alone proves nothing about syncs, for what was written stays in the system's memory.
//!
//! What was acknowledged is there afterwards, in the log and in the vault: what was before the cut began, for ext4 lets a sync that it meets
//! succeed now and then whose journal is not written any more (a program of ten lines that appends and syncs sees it, too). And before the lights go out, the node has said that the disk failed.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use registry_node::client::ClientError;
use rustix::process::geteuid;
use serde_json::json;
use tests::claims::verdict;
use tests::{Auditor, Chance, Federation, Node, Party, Registry, soon};
use tokio::time::sleep;

use super::kills::{every_one_is_there, ingest, rounds, settled, statements};

/// Unless [`rounds`] says otherwise.
const ROUNDS: u64 = 4;
/// Room for a registry.
const BYTES: u64 = 256 << 20;
/// EXT4_IOC_SHUTDOWN (FS_IOC_SHUTDOWN) with EXT4_GOING_FLAGS_NOLOGFLUSH: nothing more is written, not even the journal. Made by perl,
/// for the workspace has no `unsafe`.
const SHUT_DOWN: &str =
    r#"open(F, "<", $ARGV[0]) or die "$!"; my $flag = pack("L", 2); ioctl(F, 0x8004587d, $flag) or die "$!";"#;
const WATCHLIST: &str = "/v1/watchlists/power";

/// An ext4 file system in a file, mounted; gone with this.
struct Volume {
    image: PathBuf,
    place: PathBuf,
}

impl Volume {
    /// Makes and mounts one below `folder`; `Err` says why that is not possible here.
    fn make(folder: &Path) -> Result<Volume, String> {
        if !geteuid().is_root() {
            return Err("it needs root, to mount a file system".to_owned());
        }
        let volume = Volume { image: folder.join("image"), place: folder.join("volume") };
        fs::create_dir(&volume.place).unwrap();
        fs::File::create(&volume.image).and_then(|image| image.set_len(BYTES)).unwrap();
        run(Command::new("perl").args(["-e", "1"]))?;
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&volume.image))?;
        volume.mount()?;
        Ok(volume)
    }

    fn mount(&self) -> Result<(), String> {
        run(Command::new("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.place))
    }

    /// Cuts its power.
    fn cut(&self) -> Result<(), String> {
        run(Command::new("perl").args(["-e", SHUT_DOWN]).arg(&self.place))
    }

    /// Gives it power again.
    async fn restore(&self) {
        // Whoever was killed may take a moment to let go of its files.
        let unmounted = async || run(Command::new("umount").arg(&self.place));
        soon("the volume is unmounted", unmounted).await;
        self.mount().unwrap();
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg("--lazy").arg(&self.place));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let told = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if told.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", String::from_utf8_lossy(&told.stderr))) }
}

/// A registry on a volume of its own, not started; nothing, having said why, where this machine does not permit it.
fn on_a_volume(folder: &Path) -> Option<(Volume, Federation, Node)> {
    let volume = match Volume::make(folder) {
        Ok(volume) => volume,
        Err(why) => {
            test_data::skip("a power cut", &why);
            return None;
        }
    };
    let federation = Federation::create_in(&volume.place, &["jp"]);
    let jp = federation.registry("jp");
    // Nothing but the node may hold the volume, and it publishes as often as possible.
    jp.configure("publish_interval_ms = 1000", "publish_interval_ms = 100");
    jp.configure("external = false", "external = true");
    // What it says and what its people have are not lost with the volume.
    let people = folder.join("people");
    fs::create_dir(&people).unwrap();
    symlink(&people, volume.place.join("jp-people")).unwrap();
    run(Command::new("sync").arg(jp.folder().path().join(registry_node::config::FILE_NAME)).arg(&volume.place))
        .unwrap();
    let node = Node::new(vec![jp.folder().path().to_owned()], folder.join("jp.log"));
    Some((volume, federation, node))
}

async fn start(node: &Node, jp: &Registry) {
    node.start();
    jp.ready(|| node.check()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let Some((volume, federation, node)) = on_a_volume(folder.path()) else { return };
    let (jp, mut chance) = (federation.registry("jp"), Chance::new());
    start(&node, jp).await;
    let mut auditor = Auditor::of(jp);
    let before = statements(&mut auditor, jp.furnish().await).await;
    let (mut all, kept) = (HashMap::new(), Arc::new(AtomicU64::new(0)));
    for round in 0..rounds(ROUNDS) {
        let cut = Arc::new(AtomicBool::new(false));
        let keeping = tokio::spawn(keep(Arc::clone(jp), Arc::clone(&kept), Arc::clone(&cut)));
        let book = ingest(jp, round, &mut chance, |book| {
            book.lock().unwrap().doubt();
            cut.store(true, Ordering::SeqCst);
            volume.cut().unwrap();
            node.kill();
        })
        .await;
        keeping.await.unwrap();
        volume.restore().await;
        start(&node, jp).await;
        all.extend(settled(jp, &mut auditor, book).await);
        keeps(jp, &kept).await;
    }
    let end = all.values().map(|receipt: &tests::Receipt| receipt.index + 1).max().unwrap_or_default();
    assert_eq!(statements(&mut auditor, end).await, before + all.len(), "each statement is there once");
    every_one_is_there(&auditor, &all).await;
    assert!(kept.load(Ordering::SeqCst) > 0, "the vault was at work");
    node.stop();
    assert_eq!(jp.check_seals().beyond, 0);
}

/// Puts one watchlist after the other in the place of the one before, which is the vault's work, until nobody answers or the power is cut.
async fn keep(jp: Arc<Registry>, kept: Arc<AtomicU64>, cut: Arc<AtomicBool>) {
    let Ok(mut connection) = jp.party("buyer-1").connect().await else { return };
    loop {
        let next = kept.load(Ordering::SeqCst) + 1;
        let list = json!({"items": [{"identifiers": [tests::claims::SUPPLIER], "note": next.to_string()}]});
        let body = serde_json::to_vec(&list).unwrap().into();
        if connection.put(WATCHLIST, "application/json", body).await.is_err() || cut.load(Ordering::SeqCst) {
            return;
        }
        kept.store(next, Ordering::SeqCst);
    }
}

/// The list is the one that was acknowledged last, or the one that was under way.
async fn keeps(jp: &Registry, kept: &AtomicU64) {
    let acknowledged = kept.load(Ordering::SeqCst);
    let list = jp.party("buyer-1").client().json::<serde_json::Value>(WATCHLIST).await;
    let number = match &list {
        Ok(list) => list["items"][0]["note"].as_str().unwrap().parse().unwrap(),
        Err(ClientError::Problem { status: 404, .. }) => 0,
        Err(error) => panic!("{error}"),
    };
    assert!(number == acknowledged || number == acknowledged + 1, "{number}, {acknowledged} was acknowledged");
    kept.store(number, Ordering::SeqCst);
}

/// The node outlives the disk: it acknowledges nothing more, says so in three places, and goes on answering who reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_disk_failed_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let Some((volume, federation, node)) = on_a_volume(folder.path()) else { return };
    let jp = federation.registry("jp");
    start(&node, jp).await;
    jp.furnish().await;
    let body = jp.party("cb-1");
    let receipt = body.must("verdict-granted", verdict("before")).await;
    assert_eq!(metric(&body, "registry_writable").await, "1");
    volume.cut().unwrap();
    for name in ["first", "second"] {
        let refused = body.say("verdict-granted", verdict(name)).await.unwrap_err();
        assert!(matches!(&refused, ClientError::Problem { status: 503, .. }), "{refused}");
        assert!(refused.to_string().contains("restart"), "{refused}");
    }
    let ready = asked(&body, "/readyz").await.unwrap_err();
    assert!(matches!(ready, ClientError::Problem { status: 503, .. }), "{ready}");
    assert_eq!(metric(&body, "registry_writable").await, "0");
    assert_eq!(asked(&body, "/v1/verdicts/jp:before").await.unwrap()["state"], "granted", "who reads notices nothing");
    assert_eq!(node.lines_with(&["the disk failed", "restart"]), 1, "{}", node.said());
    node.kill();
    volume.restore().await;
    start(&node, jp).await;
    Auditor::of(jp).follow(receipt.index + 1).await;
    assert!(jp.ask("/v1/verdicts/jp:first").await.is_err(), "what was refused is not there");
    sleep(Duration::from_millis(200)).await;
    body.must("verdict-granted", verdict("after")).await;
    node.stop();
}

/// What is answered to a party, whose own files are not on the volume.
async fn asked(party: &Party, path: &str) -> Result<serde_json::Value, ClientError> {
    party.client().json(path).await
}

/// What a counter stands at.
async fn metric(party: &Party, name: &str) -> String {
    let page = party.connect().await.unwrap().get("/metrics").await.unwrap();
    let page = String::from_utf8_lossy(&page).into_owned();
    let line = page.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}:\n{page}"));
    line.trim().to_owned()
}
