//! Who takes part: four registries and their parties, each with credentials of its own.

use std::io::Write;

use anyhow::{Context, Result};

use crate::demo::narrator::Narrator;
use crate::demo::node::Node;
use crate::demo::registry::Registry;
use crate::demo::stage::Stage;

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

impl<'stage> Cast<'stage> {
    /// Makes and starts the registries.
    pub(super) fn gather<W: Write>(stage: &'stage Stage, told: &mut Narrator<W>) -> Result<Self> {
        Ok(Self {
            stage,
            jp: start(stage, told, "jp", "Registry of Japan (demonstration)", Some("JP"))?,
            eu: start(stage, told, "eu", "Registry of the EU (demonstration)", None)?,
            us: start(stage, told, "us", "Registry of the United States (demonstration)", Some("US"))?,
            asean: start(stage, told, "asean", "Registry of ASEAN (demonstration)", None)?,
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

/// Makes and starts a registry, and tells of it.
fn start<'stage, W: Write>(
    stage: &'stage Stage,
    told: &mut Narrator<W>,
    id: &str,
    name: &str,
    country: Option<&str>,
) -> Result<Node<'stage>> {
    let registry: Registry<'_, 2> = stage.registry(id)?;
    let [http, nats] = *registry.ports();
    let what = format!("{id}: {name}, https on port {http}, nats on port {nats}");
    told.step(&what, || Node::start(registry, name, country))
}
