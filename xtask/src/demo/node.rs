//! A registry with the process that serves it, as its operator and its parties use it.
//!
//! In scope: making and starting it, and speaking to it with somebody's credentials. Out of scope: who takes part.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::lines::Lines;
use super::registry::Registry;

/// Until a registry that was just started listens.
const START: Duration = Duration::from_secs(30);

/// Webhooks go to receivers on this machine, which are believed by the registry's own root: a demonstration has no other.
const NO_WEBHOOKS: &str = "allow_private = []";
const WEBHOOKS: &str = "ca_roots = \"ca/public/root.pem\"\nallow_private = [\"127.0.0.0/8\", \"::1/128\"]";

/// A registry that is served. Its ports are those of HTTPS and of NATS, in this order.
pub struct Node<'stage> {
    registry: Registry<'stage, 2>,
    /// Kept open, so that the process can go on saying something.
    _said: Lines,
}

impl<'stage> Node<'stage> {
    /// Makes the registry's folder and serves it.
    ///
    /// # Errors
    /// When it cannot be made, or does not say in time that it is ready; with its last words.
    pub fn start(registry: Registry<'stage, 2>, name: &str, country: Option<&str>) -> Result<Self> {
        Self::start_with(registry, name, country, &[])
    }

    /// The same, with `more` said when it is made.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub fn start_with(registry: Registry<'stage, 2>, name: &str, country: Option<&str>, more: &[&str]) -> Result<Self> {
        Self::start_set(registry, name, country, more, |settings| settings)
    }

    /// The same, with its settings as `set` makes them.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub fn start_set(
        registry: Registry<'stage, 2>,
        name: &str,
        country: Option<&str>,
        more: &[&str],
        set: impl FnOnce(String) -> String,
    ) -> Result<Self> {
        let (id, [http, nats]) = (registry.id(), registry.ports());
        let origin = format!("{id}.registry.example");
        let (http, nats) = (format!("127.0.0.1:{http}"), format!("127.0.0.1:{nats}"));
        let mut init = vec!["init", id, "--id", id, "--origin", &origin, "--name", name];
        // One person tells the story.
        init.extend(["--http", &http, "--nats", &nats, "--persons", "1"]);
        init.extend(more);
        init.extend(country.iter().flat_map(|country| ["--country", country]));
        registry.run_json(&init)?;
        let settings = registry.folder().join("registry.toml");
        let before = fs::read_to_string(&settings).with_context(|| format!("cannot read {}", settings.display()))?;
        fs::write(&settings, set(before.replace(NO_WEBHOOKS, WEBHOOKS)))?;
        let said = registry.listen("serve", &["serve", id, "--json"])?;
        let ready: Value = serde_json::from_str(&said.next(START).with_context(|| last_words(&registry))?.text)?;
        ensure!(ready["ready"] == id, "it said {ready} instead of being ready");
        Ok(Self { registry, _said: said })
    }

    /// Its short name.
    #[must_use]
    pub fn id(&self) -> &str {
        self.registry.id()
    }

    /// Where its HTTPS door is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.registry.ports()[0])
    }

    /// Runs a command as the operator.
    ///
    /// # Errors
    /// As for [`Registry::run_json`].
    pub fn operator(&self, arguments: &[&str]) -> Result<Value> {
        self.registry.run_json(&[arguments, &["--registry", self.id()]].concat())
    }

    /// Runs a command with the credentials in a folder.
    ///
    /// # Errors
    /// As for [`Registry::run_json`].
    pub fn party(&self, credentials: &str, arguments: &[&str]) -> Result<Value> {
        self.registry.run_json(&[arguments, &["--as", credentials]].concat())
    }

    /// Runs a command as the operator whose answer is many lines.
    ///
    /// # Errors
    /// As for [`Registry::run`].
    pub fn operator_text(&self, arguments: &[&str]) -> Result<String> {
        self.registry.run(&[arguments, &["--registry", self.id()]].concat())
    }

    /// The same with the credentials in a folder.
    ///
    /// # Errors
    /// As for [`Registry::run`].
    pub fn party_text(&self, credentials: &str, arguments: &[&str]) -> Result<String> {
        self.registry.run(&[arguments, &["--as", credentials]].concat())
    }

    /// The registry, for what runs on.
    #[must_use]
    pub fn registry(&self) -> &Registry<'stage, 2> {
        &self.registry
    }
}

fn last_words<const PORTS: usize>(registry: &Registry<'_, PORTS>) -> String {
    let log = registry.log_of("serve");
    let said = fs::read_to_string(&log).unwrap_or_default();
    let words = said.trim().lines().next_back().unwrap_or("nothing").to_owned();
    format!("{} does not serve; {} ends with: {words}", registry.id(), log.display())
}
