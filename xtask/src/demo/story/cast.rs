//! Who takes part: four registries and their parties, each with credentials of its own.

use std::fs;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::demo::lines::Lines;
use crate::demo::narrator::Narrator;
use crate::demo::registry::Registry;
use crate::demo::stage::Stage;

/// Until a registry that was just started listens.
const START: Duration = Duration::from_secs(30);

/// Facts and terms that the story brings along.
pub(super) const FACTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo");

/// Credentials folders, below the demo's folder.
pub(super) const JP_AUTHORITY: &str = "jp-authority";
pub(super) const JP_ACCREDITATION: &str = "jp-accreditation";
pub(super) const JP_CERTIFICATION: &str = "jp-certification";
pub(super) const JP_AUDIT: &str = "jp-audit";
pub(super) const EU_AUTHORITY: &str = "eu-authority";
pub(super) const EU_BUYER: &str = "eu-buyer";

/// The four registries, serving.
pub(super) struct Cast<'stage> {
    pub(super) stage: &'stage Stage,
    pub(super) jp: Node<'stage>,
    pub(super) eu: Node<'stage>,
    pub(super) us: Node<'stage>,
    pub(super) asean: Node<'stage>,
}

/// A registry with the process that serves it.
pub(super) struct Node<'stage> {
    registry: Registry<'stage, 2>,
    /// Kept open, so that the process can go on saying something.
    _said: Lines,
}

impl<'stage> Cast<'stage> {
    /// Makes and starts the registries.
    pub(super) fn gather<W: Write>(stage: &'stage Stage, told: &mut Narrator<W>) -> Result<Self> {
        Ok(Self {
            stage,
            jp: Node::start(stage, told, "jp", "Registry of Japan (demonstration)", Some("JP"))?,
            eu: Node::start(stage, told, "eu", "Registry of the EU (demonstration)", None)?,
            us: Node::start(stage, told, "us", "Registry of the United States (demonstration)", Some("US"))?,
            asean: Node::start(stage, told, "asean", "Registry of ASEAN (demonstration)", None)?,
        })
    }

    pub(super) fn all(&self) -> [&Node<'stage>; 4] {
        [&self.jp, &self.eu, &self.us, &self.asean]
    }

    /// Registers the people of the story at their registries.
    pub(super) fn register_parties<W: Write>(&self, told: &mut Narrator<W>) -> Result<()> {
        let rows = [
            (&self.jp, JP_AUTHORITY, "authority", "Fictional Authority of Japan", "JP"),
            (&self.jp, JP_ACCREDITATION, "accreditation-body", "Fictional Accreditation Body of Japan", "JP"),
            (&self.jp, JP_CERTIFICATION, "certification-body", "Fictional Certification KK", "JP"),
            (&self.jp, JP_AUDIT, "audit-body", "Fictional Audit KK", "JP"),
            (&self.eu, EU_AUTHORITY, "authority", "Fictional Authority of the EU", "BE"),
            (&self.eu, EU_BUYER, "buyer", "Fictional Motors AG", "DE"),
        ];
        for (node, folder, role, name, country) in rows {
            let (_, id) = folder.split_once('-').context("a credentials folder is <registry>-<party>")?;
            told.step(&format!("{}: {name} is registered as {role}, with credentials of its own", node.id()), || {
                node.operator(&[
                    "party",
                    "add",
                    folder,
                    "--role",
                    role,
                    "--id",
                    id,
                    "--name",
                    name,
                    "--country",
                    country,
                ])
            })?;
        }
        Ok(())
    }
}

impl<'stage> Node<'stage> {
    fn start<W: Write>(
        stage: &'stage Stage,
        told: &mut Narrator<W>,
        id: &str,
        name: &str,
        country: Option<&str>,
    ) -> Result<Self> {
        let registry: Registry<'_, 2> = stage.registry(id)?;
        let [http, nats] = *registry.ports();
        told.step(&format!("{id}: {name}, https on port {http}, nats on port {nats}"), || {
            let origin = format!("{id}.registry.example");
            let (http, nats) = (format!("127.0.0.1:{http}"), format!("127.0.0.1:{nats}"));
            let mut init = vec!["init", id, "--id", id, "--origin", &origin, "--name", name];
            init.extend(["--http", &http, "--nats", &nats]);
            init.extend(country.iter().flat_map(|country| ["--country", country]));
            registry.run_json(&init)?;
            let said = registry.listen("serve", &["serve", id, "--json"])?;
            let ready: Value = serde_json::from_str(&said.next(START).with_context(|| last_words(&registry))?.text)?;
            ensure!(ready["ready"] == id, "it said {ready} instead of being ready");
            Ok(said)
        })
        .map(|said| Self { registry, _said: said })
    }

    pub(super) fn id(&self) -> &str {
        self.registry.id()
    }

    /// Where its HTTPS door is.
    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}", self.registry.ports()[0])
    }

    /// Runs a command as the operator.
    pub(super) fn operator(&self, arguments: &[&str]) -> Result<Value> {
        self.registry.run_json(&[arguments, &["--registry", self.id()]].concat())
    }

    /// Runs a command with the credentials in a folder.
    pub(super) fn party(&self, credentials: &str, arguments: &[&str]) -> Result<Value> {
        self.registry.run_json(&[arguments, &["--as", credentials]].concat())
    }

    /// Runs a command as the operator whose answer is many lines.
    pub(super) fn operator_text(&self, arguments: &[&str]) -> Result<String> {
        self.registry.run(&[arguments, &["--registry", self.id()]].concat())
    }

    /// The same with the credentials in a folder.
    pub(super) fn party_text(&self, credentials: &str, arguments: &[&str]) -> Result<String> {
        self.registry.run(&[arguments, &["--as", credentials]].concat())
    }

    /// The registry, for what runs on.
    pub(super) fn registry(&self) -> &Registry<'stage, 2> {
        &self.registry
    }
}

fn last_words<const PORTS: usize>(registry: &Registry<'_, PORTS>) -> String {
    let log = registry.log_of("serve");
    let said = fs::read_to_string(&log).unwrap_or_default();
    let words = said.trim().lines().next_back().unwrap_or("nothing").to_owned();
    format!("{} does not serve; {} ends with: {words}", registry.id(), log.display())
}

/// The path of a fact, as an argument.
pub(super) fn fact(name: &str) -> String {
    format!("{FACTS}/{name}")
}
