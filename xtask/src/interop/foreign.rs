//! The tools of others: found, or installed once into the target folder, in the versions that `xtask/interop` pins by digest.
//!
//! In scope: Python with pip's packages, node with npm's, and openssl; each is here, or there is a reason why not. What was
//! installed is used again without asking a network. Out of scope: what a tool is asked.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::demo::stage::Stage;
use crate::demo::stop::Interrupted;
use crate::workspace::Workspace;

/// Names a Python to use instead of the newest that the `PATH` has.
pub(super) const PYTHON: &str = "REGISTRY_INTEROP_PYTHON";

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop");
const REQUIREMENTS: &str = include_str!("../../interop/requirements.txt");
const PACKAGE: &str = include_str!("../../interop/package.json");
const LOCK: &str = include_str!("../../interop/package-lock.json");
/// Programs for node, which looks for packages from where a program is.
const FOR_NODE: [(&str, &str); 6] = [
    ("verify.mjs", include_str!("../../interop/verify.mjs")),
    ("cloudevent.mjs", include_str!("../../interop/cloudevent.mjs")),
    ("asyncapi.mjs", include_str!("../../interop/asyncapi.mjs")),
    ("buyer.mjs", include_str!("../../interop/buyer.mjs")),
    ("watch_sse.ts", include_str!("../../../docs/guide/clients/watch_sse.ts")),
    ("watch_nats.ts", include_str!("../../../docs/guide/clients/watch_nats.ts")),
];

/// What the packages need at least, by their own metadata: check-jsonschema, then the two for logs.
const OLDEST: (u8, u8) = (3, 11);
const OLDEST_FOR_LOGS: (u8, u8) = (3, 12);
/// npm's packages are modules of ECMAScript and use `fetch`.
const OLDEST_NODE: u32 = 20;

const NODE_PUBLIC: &str = "const { createPublicKey } = require('crypto'); \
    JSON.stringify(createPublicKey(require('fs').readFileSync(process.argv[1])).export({ format: 'jwk' }))";

const INSTALL: Duration = Duration::from_secs(600);
const LIMIT: Duration = Duration::from_secs(120);

/// Each tool, or why it is not here.
pub(super) struct Foreign<'stage> {
    stage: &'stage Stage,
    asked: AtomicU32,
    pub(super) python: Result<Python, String>,
    pub(super) node: Result<PathBuf, String>,
    pub(super) openssl: Result<PathBuf, String>,
    /// Its name with its version.
    pub(super) curl: Result<String, String>,
}

/// A virtual environment with the pinned packages.
pub(super) struct Python {
    programs: PathBuf,
    version: (u8, u8),
}

/// One run of a foreign program to its end.
pub(super) struct Ran {
    pub(super) succeeded: bool,
    pub(super) out: String,
    pub(super) err: String,
    /// What it printed last, wherever.
    pub(super) last_words: String,
}

impl<'stage> Foreign<'stage> {
    /// Finds and installs.
    ///
    /// # Errors
    /// When what is offered is not what is pinned, or we are asked to end.
    pub(super) fn find(workspace: &Workspace, stage: &'stage Stage) -> Result<Self> {
        let folder = workspace.target.join("interop");
        Ok(Self {
            stage,
            asked: AtomicU32::new(0),
            python: reason(python(stage, &folder))?,
            node: reason(node(stage, &folder.join("node")))?,
            openssl: openssl(),
            curl: curl(),
        })
    }

    /// Runs one of our Python programs and reads its answer. `ca` is whom it is to trust.
    ///
    /// # Errors
    /// When it breaks down, which no refusal of a tool does, or answers no JSON.
    pub(super) fn ask(&self, python: &Python, ca: &Path, script: &str, arguments: &[&OsStr]) -> Result<Value> {
        let mut command = Command::new(python.program("python"));
        command.arg("-B").arg(script_path(script)).args(arguments).env("SSL_CERT_FILE", ca);
        self.answer(script, &mut command)
    }

    /// Lets node run one of our programs on a file and reads its answer.
    ///
    /// # Errors
    /// As for [`Self::ask`].
    pub(super) fn ask_node(&self, home: &Path, ca: &Path, script: &str, file: &Path) -> Result<Value> {
        let mut command = Command::new("node");
        command.arg(home.join(script)).arg(file).env("NODE_EXTRA_CA_CERTS", ca);
        self.answer(script, &mut command)
    }

    /// The public half (JWK) of a private key, by whichever of the two is here.
    ///
    /// # Errors
    /// When neither is.
    pub(super) fn public_key(&self, key: &Path) -> Result<Value> {
        match (&self.python, &self.node) {
            (Ok(python), _) => self.ask(python, key, "key.py", &["public".as_ref(), key.as_os_str()]),
            (_, Ok(_)) => self.answer("node", Command::new("node").args(["-p", NODE_PUBLIC]).arg(key)),
            (Err(python), Err(node)) => bail!("neither Python nor node is of use here: {python}; {node}"),
        }
    }

    /// Runs a program to its end, whatever that is.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn run(&self, name: &str, command: &mut Command) -> Result<Ran> {
        let output = command.current_dir(self.stage.folder()).stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("{name} cannot be started"))?;
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = if err.trim().is_empty() { &out } else { &err };
        let last_words = said.trim().lines().next_back().unwrap_or("it said nothing").to_owned();
        Ok(Ran { succeeded: output.status.success(), out, err, last_words })
    }

    fn answer(&self, name: &str, command: &mut Command) -> Result<Value> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let record = self.stage.folder().join("logs/tools").join(format!("{number:04}"));
        command.current_dir(self.stage.folder());
        let said = self.stage.children().run(&format!("{name} #{number}"), command, &record, LIMIT)?;
        serde_json::from_str(&said).with_context(|| format!("{name} answered no JSON: {}", said.trim()))
    }
}

impl Python {
    /// A program of the environment.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Whether the tools for logs are in it, or why not.
    pub(super) fn for_logs(&self) -> Result<(), String> {
        let ((major, minor), (least_major, least_minor)) = (self.version, OLDEST_FOR_LOGS);
        let fault =
            format!("needs Python {least_major}.{least_minor} or newer, this is {major}.{minor}; {PYTHON} names one");
        if self.version >= OLDEST_FOR_LOGS { Ok(()) } else { Err(fault) }
    }
}

/// Where one of our Python programs is.
pub(super) fn script_path(name: &str) -> PathBuf {
    Path::new(SCRIPTS).join(name)
}

/// The name and pinned version of one of pip's packages.
pub(super) fn packaged(name: &str) -> String {
    let prefix = format!("{name}==");
    let version = REQUIREMENTS.lines().find_map(|line| line.strip_prefix(&prefix));
    format!("{name} {}", version.and_then(|rest| rest.split(' ').next()).unwrap_or("of no pinned version"))
}

/// The name and pinned version of one of npm's packages.
pub(super) fn npm_packaged(name: &str) -> String {
    let package: Value = serde_json::from_str(PACKAGE).unwrap_or_default();
    format!("{name} {}", package["dependencies"][name].as_str().unwrap_or("of no pinned version"))
}

/// A tool that cannot be had is a reason to leave it out; other bytes than the pinned ones, and being asked to end, are not.
fn reason<T>(found: Result<T>) -> Result<Result<T, String>> {
    let altered = |text: &str| text.contains("DO NOT MATCH THE HASHES") || text.contains("EINTEGRITY");
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(error) if error.is::<Interrupted>() || altered(&format!("{error:#}")) => Err(error),
        Err(error) => Ok(Err(format!("{error:#}").replace('\n', " "))),
    }
}

fn python(stage: &Stage, folder: &Path) -> Result<Python> {
    let (found, version) = newest_python()?;
    let home = folder.join(format!("python-{}.{}", version.0, version.1));
    install(&home, REQUIREMENTS, || {
        let requirements = home.join("requirements.txt");
        let mut make = Command::new(&found);
        run(stage, "venv", make.args(["-m", "venv"]).arg(&home))?;
        fs::write(&requirements, REQUIREMENTS)?;
        let mut pip = Command::new(home.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
        pip.args(["--only-binary=:all:", "--require-hashes", "--requirement"]).arg(&requirements);
        run(stage, "pip", &mut pip)
    })?;
    Ok(Python { programs: home.join("bin"), version })
}

fn node(stage: &Stage, home: &Path) -> Result<PathBuf> {
    let version = spoken(Command::new("node").arg("--version")).context("node is not installed")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST_NODE) {
        bail!("node {OLDEST_NODE} or newer is needed, this is {version}");
    }
    install(home, LOCK, || {
        fs::create_dir_all(home)?;
        fs::write(home.join("package.json"), PACKAGE)?;
        fs::write(home.join("package-lock.json"), LOCK)?;
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error", "--prefix"]).arg(home);
        run(stage, "npm", &mut npm)
    })?;
    for (name, text) in FOR_NODE {
        fs::write(home.join(name), text)?;
    }
    compile(stage, home)?;
    Ok(home.to_owned())
}

/// Has the examples in TypeScript checked, and what node runs written beside them.
fn compile(stage: &Stage, home: &Path) -> Result<()> {
    let mut tsc = Command::new("node");
    tsc.arg(home.join("node_modules/typescript/bin/tsc")).current_dir(home);
    tsc.args(["--strict", "--target", "es2022", "--module", "nodenext", "--types", "node", "--skipLibCheck"]);
    run(stage, "tsc", tsc.args(["watch_sse.ts", "watch_nats.ts"]))
}

fn curl() -> Result<String, String> {
    let said = spoken(Command::new("curl").arg("--version")).map_err(|_| "curl is not installed".to_owned())?;
    let mut words = said.split_whitespace();
    match (words.next(), words.next()) {
        (Some("curl"), Some(version)) => Ok(format!("curl {version}")),
        _ => Err(format!("curl does not say its version: {said}")),
    }
}

fn openssl() -> Result<PathBuf, String> {
    let found = spoken(Command::new("openssl").arg("version")).map_err(|_| "openssl is not installed".to_owned())?;
    let new = found.strip_prefix("OpenSSL ").is_some_and(|version| !version.starts_with(['0', '1']));
    if new { Ok(PathBuf::from("openssl")) } else { Err(format!("OpenSSL 3 or newer is needed, this is {found}")) }
}

/// Installs into an empty folder, unless just this was installed there. What was begun and not finished does not count.
fn install(home: &Path, what: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = home.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == what) {
        return Ok(());
    }
    if home.exists() {
        fs::remove_dir_all(home).with_context(|| format!("cannot empty {}", home.display()))?;
    }
    make()?;
    fs::write(&stamp, what).with_context(|| format!("cannot write {}", stamp.display()))
}

fn run(stage: &Stage, name: &str, command: &mut Command) -> Result<()> {
    let record = stage.folder().join("logs/install").join(name);
    stage.children().run(name, command, &record, INSTALL).map(drop)
}

/// The one that is named, else the newest of those on the `PATH`.
fn newest_python() -> Result<(PathBuf, (u8, u8))> {
    let named = env::var_os(PYTHON).filter(|value| !value.is_empty()).map(PathBuf::from);
    let programs = match &named {
        Some(path) => vec![path.clone()],
        None => ["python3", "python3.11", "python3.12", "python3.13", "python3.14"].map(PathBuf::from).to_vec(),
    };
    let found = programs.into_iter().filter_map(|program| version(&program).map(|version| (version, program)));
    match found.max_by_key(|(version, _)| *version) {
        Some((version, program)) if version >= OLDEST => Ok((program, version)),
        Some(((major, minor), _)) => {
            bail!("Python {}.{} or newer is needed, this is {major}.{minor}", OLDEST.0, OLDEST.1)
        }
        None => bail!("no Python with venv and pip is installed"),
    }
}

fn version(python: &Path) -> Option<(u8, u8)> {
    let ask = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])";
    let said = spoken(Command::new(python).args(["-c", ask])).ok()?;
    let (major, minor) = said.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn spoken(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{:?} does not run", command.get_program());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use anyhow::anyhow;

    use super::*;

    #[test]
    fn every_tool_has_a_pinned_version() {
        for name in [
            "openvc-core",
            "check-jsonschema",
            "aics-tlog",
            "aics-witness",
            "cloudevents",
            "httpx-sse",
            "httpx",
            "nats-py",
            "pyjwt",
            "schemathesis",
        ] {
            let named = packaged(name);
            assert!(named.split_once(' ').is_some_and(|(_, version)| version.contains('.')), "{named}");
        }
        for (name, version) in [
            ("@sd-jwt/sd-jwt-vc", "0.19.0"),
            ("cloudevents", "10.0.0"),
            ("eventsource", "4.1.1"),
            ("@nats-io/transport-node", "3.3.1"),
        ] {
            assert_eq!(npm_packaged(name), format!("{name} {version}"));
            assert!(LOCK.contains(&format!("\"node_modules/{name}\"")), "{name}");
        }
        assert!(!LOCK.contains("file:"));
    }

    #[test]
    fn other_bytes_than_pinned_are_no_reason_to_go_on() {
        let altered = anyhow!("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE").context("pip ended");
        assert!(reason::<()>(Err(altered)).is_err());
        assert!(reason::<()>(Err(Interrupted.into())).is_err());
        assert_eq!(reason::<()>(Err(anyhow!("no node"))).unwrap(), Err("no node".to_owned()));
    }

    #[test]
    fn what_is_installed_is_not_installed_again() {
        let target = tempfile::tempdir().unwrap();
        let home = target.path().join("home");
        let make = || Ok(fs::create_dir_all(home.join("one"))?);
        install(&home, "1", make).unwrap();
        install(&home, "1", || bail!("again")).unwrap();
        assert!(install(&home, "2", || bail!("offline")).is_err());
        assert!(!home.join("one").exists(), "what another list had installed is gone");
    }
}
