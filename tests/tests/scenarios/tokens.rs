//! A registry whose keys never leave a PKCS#11 token.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use test_data::softhsm::{self, SoftHsm};
use tests::{Node, ports, program};

/// The program, told where the token is.
struct Program {
    registry: PathBuf,
    configuration: PathBuf,
}

impl Program {
    fn command(&self) -> Command {
        let mut command = Command::new(program::registry_node());
        command.env(softhsm::VARIABLE, &self.configuration).env("REGISTRY_NATS_SERVER", program::nats_server());
        command.env("REGISTRY_FOLDER", &self.registry).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    fn said(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.run(arguments);
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    fn answer(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.said(&[&["--json"], arguments].concat())).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        String::from_utf8(output.stderr).unwrap()
    }

    /// A node that answers.
    fn serve(&self, log: &Path) -> Node {
        let node = Node::new(vec![self.registry.clone()], log.to_owned());
        let node = node.with_variable(softhsm::VARIABLE, self.configuration.clone());
        node.start();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.run(&["status"]).status.success() {
            assert!(Instant::now() < deadline, "{}", fs::read_to_string(log).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
        node
    }

    fn init(&self, token: &str, persons: &str) -> Vec<String> {
        let [http, nats] = [ports::free(), ports::free()].map(|address| address.to_string());
        let registry = self.registry.to_str().unwrap();
        let words = ["init", registry, "--id", "jp", "--origin", "jp.registry.example", "--name", "Japan"];
        let addresses = ["--http", &http, "--nats", &nats, "--token", token, "--persons", persons];
        words.into_iter().chain(addresses).map(str::to_owned).collect()
    }
}

#[test]
fn a_registry_signs_with_keys_that_never_leave_their_token() {
    let root = tempfile::tempdir().unwrap();
    let Some(hsm) = SoftHsm::new(root.path(), "a registry whose keys are in a token") else { return };
    let program = Program { registry: root.path().join("jp"), configuration: hsm.configuration() };
    let init = program.init(&hsm.uri(), "1");
    program.said(&init.iter().map(String::as_str).collect::<Vec<_>>());

    let body = root.path().join("cb-1");
    let token = hsm.uri();
    let add = |id: &'static str, folder: &Path| {
        let words = ["party", "add", folder.to_str().unwrap(), "--role", "certification-body", "--id", id];
        let more = ["--name", "Example Certification", "--alg", "p256", "--token", &token];
        words.into_iter().chain(more).map(str::to_owned).collect::<Vec<_>>()
    };
    {
        let node = program.serve(&root.path().join("first.log"));
        let words = add("cb-1", &body);
        let added = program.answer(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(added["party"], "cb-1");
        // The body's own key signs: the registry knows it, and refuses what it says of a verdict that is not there.
        let words = ["--as", body.to_str().unwrap(), "suspend", "V-1", "--reason", "major-nonconformity"];
        let said = program.refused(&words);
        assert!(said.contains("V-1"), "{said}");
        // A second party of that name is refused, and its new key is not left in the token.
        let words = add("cb-1", &root.path().join("again"));
        program.refused(&words.iter().map(String::as_str).collect::<Vec<_>>());
        node.kill();
    }
    for key in ["keys/log.pem", "keys/node.pem", "keys/witness.pem", "operator/signing.pem"] {
        let text = fs::read_to_string(program.registry.join(key)).unwrap();
        assert!(text.starts_with("pkcs11:token=test;object=jp-"), "{key}: {text}");
    }
    assert!(fs::read_to_string(body.join("signing.pem")).unwrap().contains("object=jp-cb-1;"));

    // The next node goes on, and everything that either signed verifies.
    let node = program.serve(&root.path().join("second.log"));
    let words = add("cb-2", &root.path().join("cb-2"));
    program.said(&words.iter().map(String::as_str).collect::<Vec<_>>());
    // A log key that follows one in a token rests there, too.
    program.said(&["log", "rotate-key", "--at-once"]);
    let next = program.registry.join("keys/log-next.pem");
    let deadline = Instant::now() + Duration::from_secs(30);
    while next.exists() {
        assert!(Instant::now() < deadline, "the new key does not take its place");
        std::thread::sleep(Duration::from_millis(50));
    }
    node.stop();
    let text = fs::read_to_string(program.registry.join("keys/log.pem")).unwrap();
    assert!(text.starts_with("pkcs11:token=test;object=jp-log-"), "{text}");
    program.said(&["log", "verify"]);
}

#[test]
fn a_token_that_does_not_let_us_in_stops_the_start_and_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let Some(hsm) = SoftHsm::new(root.path(), "a registry whose token refuses it") else { return };
    let program = Program { registry: root.path().join("jp"), configuration: hsm.configuration() };
    let wrong = root.path().join("wrong");
    hsm.write_pin(&wrong, "0000");
    let good = hsm.pin_file().display().to_string();
    let init = program.init(&hsm.uri().replace(&good, &wrong.display().to_string()), "2");
    let said = program.refused(&init.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(said.contains("refused the PIN"), "{said}");
    assert!(!program.registry.exists());

    // With the right one nothing of the attempt is in the way.
    let init = program.init(&hsm.uri(), "2");
    let init: Vec<&str> = init.iter().map(String::as_str).collect();
    program.said(&init);
    // A second registry of that name finds its keys taken, and takes none away.
    let second = Program { registry: root.path().join("second"), configuration: hsm.configuration() };
    let again: Vec<&str> =
        init.iter().map(|word| if *word == init[1] { second.registry.to_str().unwrap() } else { *word }).collect();
    let said = program.refused(&again);
    assert!(said.contains("never overwritten"), "{said}");
    assert!(!second.registry.exists());
    program.said(&["log", "verify"]);
    for (person, key) in [("operator", "jp-operator"), ("operator-2", "jp-operator-2")] {
        let text = fs::read_to_string(program.registry.join(person).join("signing.pem")).unwrap();
        assert!(text.starts_with(&format!("pkcs11:token=test;object={key};")), "{text}");
    }

    hsm.write_pin(&hsm.pin_file(), "0000");
    let said = program.refused(&["serve", program.registry.to_str().unwrap()]);
    assert!(said.contains("refused the PIN"), "{said}");
}
