//! A full disk: writers are told to come back, readers notice nothing, nothing that was acknowledged is lost, and writing
//! goes on once there is room.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use registry_node::client::ClientError;
use rustix::process::geteuid;
use serde_json::{Value, json};
use tests::claims::{verdict, with};
use tests::{Auditor, Federation, Node, Receipt, Registry, soon};

/// Enough for a registry, and little more.
const ROOM: &str = "24m";

/// A file system of its own on a folder; gone with this.
struct Small(PathBuf);

impl Small {
    /// Mounts one over `folder`; nothing where that is not possible.
    fn mount(folder: &Path) -> Option<Small> {
        let size = format!("size={ROOM}");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(folder).output();
        mount.is_ok_and(|output| output.status.success()).then(|| Small(folder.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writers_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_small) = geteuid().is_root().then(|| Small::mount(folder.path())).flatten() else {
        return test_data::skip("a full disk", "it needs root, to mount a small file system");
    };
    let federation = Federation::create_in(folder.path(), &["jp"]);
    let jp = federation.registry("jp");
    federation.start_all().await;
    jp.furnish().await;
    let taken = fill(jp).await;
    put(jp, "small", &watched(1)).await.unwrap();
    let ballast = folder.path().join("ballast");
    fs::write(&ballast, vec![0; 64 << 20]).unwrap_err();
    let body = jp.party("cb-1");
    // The last byte is gone: nobody is acknowledged any more, and readers see what there is.
    let refused = refused(jp, "late").await;
    // Long enough for publication, links and clockwork to meet the full disk as well.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(matches!(refused, ClientError::Problem { status: 503, .. }), "{refused}");
    assert_eq!(jp.verdict("jp:V-0").await["state"], "granted");
    let not_kept = kept_until_full(jp).await;
    assert!(matches!(not_kept, ClientError::Problem { status: 503, .. }), "{not_kept}");
    soon("the vault shows what it has", async || shown(jp, "small").await).await;
    assert_eq!(jp.must_ask("/readyz").await["status"], "ready", "room is all that is missing");
    fs::remove_file(&ballast).unwrap();
    soon("the vault keeps things again", async || {
        put(jp, "resumed", &watched(1)).await.map_err(|error| error.to_string())
    })
    .await;
    let resumed = soon("writing goes on", async || {
        body.say("verdict-granted", verdict("resumed")).await.map_err(|error| error.to_string())
    })
    .await;
    let mut auditor = Auditor::of(jp);
    auditor.follow(resumed.index + 1).await;
    // Also after a crash in that state.
    fs::write(&ballast, vec![0; 64 << 20]).unwrap_err();
    refused_again(jp).await;
    federation.node("jp").kill();
    fs::remove_file(&ballast).unwrap();
    federation.restart("jp").await;
    auditor.follow(resumed.index + 1).await;
    let mut connection = auditor.connect().await;
    for receipt in taken.iter().chain([&resumed]) {
        auditor.statement(&mut connection, receipt.index).await.unwrap();
    }
}

/// What cannot be logged is lost, no more: the log's disk is not the registry's business.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_cannot_be_written_harms_nothing() {
    let federation = Federation::create(&["jp"]);
    let jp = federation.registry("jp");
    // There is something to be said at once.
    fs::write(jp.folder().index(), "not an index").unwrap();
    let node = Node::new(vec![jp.folder().path().to_owned()], "/dev/full".into());
    node.start();
    jp.ready(|| node.check()).await;
    let last = jp.furnish().await;
    Auditor::of(jp).follow(last).await;
    node.stop();
}

/// Grants some verdicts.
async fn fill(jp: &Registry) -> Vec<Receipt> {
    let mut taken = Vec::new();
    for number in 0..50 {
        taken.push(jp.party("cb-1").must("verdict-granted", verdict(&format!("V-{number}"))).await);
    }
    taken
}

/// Writes until the disk is really full; gives the refusal.
async fn refused(jp: &Registry, name: &str) -> ClientError {
    let body = jp.party("cb-1");
    // A byte may be left in a block that is there already: statements of some size use it up.
    for number in 0..200 {
        let scope = "x".repeat(1000);
        let large = with(verdict(&format!("{name}-{number}")), json!({"scope": scope}));
        if let Err(error) = body.say("verdict-granted", large).await {
            return error;
        }
    }
    panic!("a full disk took everything");
}

/// Puts lists until the vault has no room for one; gives the refusal.
async fn kept_until_full(jp: &Registry) -> ClientError {
    let large = watched(1_500);
    for number in 0..40 {
        if let Err(error) = put(jp, &format!("large-{number}"), &large).await {
            return error;
        }
    }
    panic!("a full disk took everything");
}

/// A list of so many suppliers.
fn watched(count: usize) -> Value {
    let note = "n".repeat(180);
    let item = |number| json!({"identifiers": [format!("duns:{number}")], "note": note});
    json!({ "items": (150_000_000..).take(count).map(item).collect::<Vec<_>>() })
}

async fn put(jp: &Registry, name: &str, list: &Value) -> Result<(), ClientError> {
    let mut connection = jp.party("buyer-1").connect().await?;
    let body = serde_json::to_vec(list).unwrap().into();
    connection.put(&format!("/v1/watchlists/{name}"), "application/json", body).await.map(drop)
}

async fn shown(jp: &Registry, name: &str) -> Result<(), String> {
    let list: Result<Value, _> = jp.party("buyer-1").client().json(&format!("/v1/watchlists/{name}")).await;
    list.map(drop).map_err(|error| error.to_string())
}

async fn refused_again(jp: &Registry) {
    refused(jp, "later").await;
}
