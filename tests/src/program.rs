//! The programs under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the workspace is.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// `registry-node` of this build.
///
/// A test depends on the library of `registry-node`, which does not make cargo build the program. When cargo runs the
/// tests it is therefore built first, which takes no time when it is new already: nothing is worse than a test that
/// passes on yesterday's program.
///
/// # Panics
/// When it cannot be built or is not there.
pub fn registry_node() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows its own file");
        // <target>/<profile>/deps/<test>
        let profile = test.ancestors().nth(2).expect("a test lies in a target folder");
        if let Some(cargo) = std::env::var_os("CARGO") {
            build(Path::new(&cargo), profile);
        }
        let program = profile.join("registry-node");
        assert!(program.is_file(), "{} is missing: run `cargo build -p registry-node`", program.display());
        program
    })
}

fn build(cargo: &Path, profile: &Path) {
    let mut command = Command::new(cargo);
    command.args(["build", "--locked", "--quiet", "-p", "registry-node"]).current_dir(WORKSPACE);
    command.env("CARGO_TARGET_DIR", profile.parent().expect("a profile lies in a target folder"));
    if profile.ends_with("release") {
        command.arg("--release");
    }
    let status = command.status().expect("cargo starts");
    assert!(status.success(), "registry-node could not be built: run `cargo build -p registry-node`");
}

/// The pinned nats-server. Its absence fails the test: without it nothing here is shown.
///
/// # Panics
/// When it is not there.
pub fn nats_server() -> PathBuf {
    let fetched = || Path::new(WORKSPACE).join("target/tools/nats-server-2.15.1/nats-server");
    let program = std::env::var_os("REGISTRY_NATS_SERVER").map_or_else(fetched, PathBuf::from);
    let hint = "run `cargo xtask tools`, or name one in REGISTRY_NATS_SERVER";
    std::path::absolute(&program)
        .ok()
        .filter(|path| path.is_file())
        .unwrap_or_else(|| panic!("no nats-server at {}: {hint}", program.display()))
}
