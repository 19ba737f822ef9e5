//! Copies: index, tiles, mirrors. Damaged or deleted, they are derived again, and every answer is the same as before.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::claims::{rule, terms, verdict};
use tests::{Auditor, Chance, Federation, Node, Registry, ports, program, soon};

/// A way to lose a copy.
struct Loss {
    how: &'static str,
    inflict: fn(&Path, &mut Chance),
}

const LOSSES: &[Loss] = &[
    Loss { how: "deleted", inflict: |folder, _| fs::remove_dir_all(folder).unwrap() },
    Loss { how: "its file cut in half", inflict: |folder, _| cut(&folder.join("db")) },
    Loss { how: "its file scribbled over", inflict: |folder, chance| scribble(&folder.join("db"), chance) },
    Loss { how: "its file full of zeros", inflict: |folder, _| fs::write(folder.join("db"), vec![0; 4096]).unwrap() },
    Loss { how: "its configuration gone", inflict: |folder, _| fs::remove_file(folder.join("conf")).unwrap() },
    Loss { how: "its configuration wrong", inflict: |folder, _| fs::write(folder.join("conf"), "x").unwrap() },
    Loss {
        how: "a file where the folder was",
        inflict: |folder, _| {
            fs::remove_dir_all(folder).unwrap();
            fs::write(folder, "x").unwrap();
        },
    },
];

fn cut(file: &Path) {
    let bytes = fs::read(file).unwrap();
    fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
}

fn scribble(file: &Path, chance: &mut Chance) {
    let mut bytes = fs::read(file).unwrap();
    let length = bytes.len() as u64;
    for _ in 0..64 {
        let place = usize::try_from(chance.below(length)).unwrap();
        bytes[place] ^= 0x55;
    }
    fs::write(file, bytes).unwrap();
}

/// A registry with something of every kind in its register.
async fn full() -> Federation {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    for number in 0..20 {
        jp.party("cb-1").must("verdict-granted", verdict(&format!("J-{number}"))).await;
        eu.party("cb-1").must("verdict-granted", verdict(&format!("E-{number}"))).await;
    }
    for change in ["suspended", "restored", "withdrawn"] {
        eu.party("cb-1").change("E-3", json!(change)).await.unwrap();
    }
    eu.recognises("jp:J-19", |one| one["outcome"] == "recognised").await;
    federation
}

/// Everything that comes out of the register.
async fn answers(registry: &Registry) -> Vec<Value> {
    let mut answers = Vec::new();
    for path in [
        "/v1/verdicts?limit=1000",
        "/v1/verdicts/eu:E-3",
        "/v1/verdicts/jp:J-7",
        "/v1/suppliers/corporate-number:7000012050002/standing",
        "/v1/documents",
        "/v1/schemes",
        "/v1/parties",
        "/v1/accreditations",
        "/v1/designations",
        "/v1/arrangements",
    ] {
        let mut answer = registry.must_ask(path).await;
        // When it was asked is not an answer.
        answer.as_object_mut().unwrap().retain(|name, _| name != "asOf");
        answers.push(answer);
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_lost_or_damaged_is_derived_again() {
    let mut chance = Chance::new();
    let federation = full().await;
    let eu = federation.registry("eu");
    let before = answers(eu).await;
    let mut auditor = Auditor::of(eu);
    for loss in LOSSES {
        // Half of the times it was in use when it was lost.
        if chance.below(2) == 0 {
            federation.node("eu").stop()
        } else {
            federation.node("eu").kill()
        }
        (loss.inflict)(&eu.folder().index(), &mut chance);
        federation.restart("eu").await;
        assert_eq!(answers(eu).await, before, "{}", loss.how);
        auditor.follow(0).await;
    }
    eu.party("cb-1").must("verdict-granted", verdict("E-20")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_a_copy_can_be_deleted_at_once() {
    let federation = full().await;
    let eu = federation.registry("eu");
    let before = answers(eu).await;
    let mut auditor = Auditor::of(eu);
    let checkpoint = auditor.follow(0).await;
    federation.node("eu").stop();
    for copy in [eu.folder().index(), eu.folder().tiles(), eu.folder().nats()] {
        fs::remove_dir_all(copy).unwrap();
    }
    federation.restart("eu").await;
    assert_eq!(answers(eu).await, before);
    // The new tiles give the old root, and everything from the first entry on.
    let checkpoint = auditor.follow(checkpoint.size + 1).await;
    // The same goes for a checkpoint that nobody signed any more.
    federation.node("eu").stop();
    let published = eu.folder().tiles().join("checkpoint");
    let damaged = fs::read_to_string(&published).unwrap().replace("eu.", "us.");
    fs::write(published, damaged).unwrap();
    federation.restart("eu").await;
    auditor.follow(checkpoint.size + 1).await;
    assert_eq!(Auditor::of(eu).follow(checkpoint.size).await.size, auditor.follow(0).await.size);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebuild_proves_that_it_derived_the_same() {
    let federation = full().await;
    let eu = federation.registry("eu");
    let mut auditor = Auditor::of(eu);
    let size = auditor.follow(0).await.size;
    federation.node("eu").stop();
    let good = rebuild(eu).expect("a rebuild of what is whole");
    assert_eq!(good["sameIndex"], true, "{good}");
    // Tiles are served as they are: damage in them is for rebuild to mend.
    let entries = eu.folder().tiles().join("tile/entries");
    for file in fs::read_dir(entries.join("000.p")).unwrap().flatten() {
        fs::write(file.path(), "damage").unwrap();
    }
    fs::remove_dir_all(eu.folder().index()).unwrap();
    let mended = rebuild(eu).expect("a rebuild of what is damaged");
    assert_eq!((mended["size"].as_u64(), &mended["index"]), (good["size"].as_u64(), &good["index"]), "{mended}");
    federation.restart("eu").await;
    Auditor::of(eu).follow(size).await;
    assert!(rebuild(eu).is_err(), "not while it is served");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_served_once() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    // Other ports, so that only the folder is in the way.
    let (http, nats) = (jp.config().http.listen.port(), jp.config().nats.listen.port());
    jp.configure(&format!("127.0.0.1:{http}"), &ports::free().to_string());
    jp.configure(&format!("127.0.0.1:{nats}"), &ports::free().to_string());
    let second = Node::new(vec![jp.folder().path().to_owned()], jp.folder().path().with_extension("second.log"));
    second.start();
    soon("the second node ends", async || second.check().map_or_else(|_| Ok(()), |()| Err("it runs".to_owned()))).await;
    assert!(second.last_words().contains("another process"), "{}", second.last_words());
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
}

/// Runs `registry-node rebuild`; the registry must not be served.
pub(crate) fn rebuild(registry: &Registry) -> Result<Value, String> {
    let mut command = Command::new(program::registry_node());
    let output = command.arg("--json").arg("--registry").arg(registry.folder().path()).arg("rebuild").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_str(&said).map_err(|error| format!("{error}: {said}"))
}
