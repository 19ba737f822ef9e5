//! `arrangement accept`: signs terms that reached this registry, exactly as they were proposed, or terms from a file.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use conformity::arrangement::{Arrangement, ArrangementRecord, SignedTerms};
use conformity::digest::Digest;
use conformity::ids::ArrangementId;
use serde_json::Value;

use super::super::as_of::AsOf;
use super::super::context::Context;
use super::super::scheme::from_file;
use super::super::submission::Signing;
use super::{one, sign};

/// Sign the terms that another party proposed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry eu arrangement accept jp-eu
  registry-node --registry eu arrangement accept jp-eu@2 --digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  registry-node --registry eu arrangement accept jp-eu --file jp-eu.toml

Without --file, terms that reached this registry are signed, exactly as they were proposed: those of the version given, else
the newest. Where different terms of that version were proposed, --digest says which; it also makes sure that they are those
you read. `arrangement show` lists what waits for a signature.")]
pub(super) struct Accept {
    /// The arrangement, and its version: ID or ID@VERSION
    #[arg(value_name = "ID[@VERSION]")]
    wanted: Wanted,
    /// The terms from a file, instead of those that reached this registry
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Sign only terms of this digest
    #[arg(long)]
    digest: Option<Digest>,
    #[command(flatten)]
    signing: Signing,
}

/// An arrangement, in a version or the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    id: ArrangementId,
    version: Option<u32>,
}

impl FromStr for Wanted {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (id, version) = match text.split_once('@') {
            Some((id, version)) => (id, Some(version.parse().with_context(|| format!("{version:?} is no version"))?)),
            None => (text, None),
        };
        Ok(Self { id: id.parse()?, version })
    }
}

/// A record; how it stands now is beside it.
#[derive(serde::Deserialize)]
struct Record {
    #[serde(flatten)]
    record: ArrangementRecord,
}

impl Accept {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let terms = match &self.file {
            Some(file) => from_file(file)?,
            None => proposed(one(context, &self.wanted.id, &AsOf::default())?, &self.wanted, self.digest.as_ref())?,
        };
        let Wanted { id, version } = &self.wanted;
        ensure!(terms.id == *id, "these are the terms of {}, not of {id}", terms.id);
        let is = terms.version;
        ensure!(version.is_none_or(|version| version == is), "these are the terms of version {is}");
        let digest = terms.digest()?;
        if let Some(wanted) = self.digest {
            ensure!(digest == wanted, "not signed: version {is} of these terms has digest {digest}");
        }
        sign(context, self.signing, terms)
    }
}

/// The terms that are wanted among those that reached this registry.
fn proposed(shown: Value, wanted: &Wanted, digest: Option<&Digest>) -> anyhow::Result<Arrangement> {
    let Record { record } = serde_json::from_value(shown)?;
    let fits = |terms: &&SignedTerms| {
        wanted.version.is_none_or(|version| terms.terms.version == version)
            && digest.is_none_or(|digest| terms.digest == *digest)
    };
    let fitting: Vec<&SignedTerms> = record.terms.iter().filter(fits).collect();
    let newest = fitting.iter().map(|terms| terms.terms.version).max();
    let newest: Vec<_> = fitting.into_iter().filter(|terms| Some(terms.terms.version) == newest).collect();
    match newest.as_slice() {
        [] => bail!(
            "not signed: no such terms of {} have reached this registry; see `arrangement show {}`",
            record.id,
            record.id
        ),
        [terms] => Ok(terms.terms.as_ref().clone()),
        many => {
            let digests: Vec<String> = many.iter().map(|terms| terms.digest.to_string()).collect();
            bail!(
                "not signed: different terms of that version were proposed; say with --digest which: {}",
                digests.join(", ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn terms(version: u32, title: &str) -> SignedTerms {
        let party = |id: &str| json!({"registry": id, "origin": format!("{id}.registry.example"), "authority": id, "roles": ["issuing"]});
        let terms: Arrangement = serde_json::from_value(json!({
            "id": "jp-eu", "version": version, "title": title, "mode": "bilateral", "parties": [party("jp"), party("eu")],
            "rules": [], "from": "2026-01-01",
        }))
        .unwrap();
        SignedTerms { digest: terms.digest().unwrap(), terms: terms.into() }
    }

    #[test]
    fn exactly_what_was_proposed_is_signed() {
        let all = [terms(1, "one"), terms(2, "two"), terms(2, "other words")];
        let shown = |terms: &[SignedTerms]| json!({"id": "jp-eu", "terms": terms, "acts": [], "directions": [], "proposals": []});
        // (what reached us, what is wanted, which digest, the title or what is said)
        let rows = [
            (&all[..2], "jp-eu", None, "two"),
            (&all[..2], "jp-eu@1", None, "one"),
            (&all[..], "jp-eu@2", Some(all[1].digest), "two"),
            (&all[..], "jp-eu", Some(all[2].digest), "other words"),
            (&all[..], "jp-eu", Some(all[0].digest), "one"),
            (&all[..], "jp-eu", None, "different terms of that version"),
            (&all[..], "jp-eu@3", None, "no such terms"),
            (&all[..1], "jp-eu", Some(all[1].digest), "no such terms"),
        ];
        for (reached, wanted, digest, expected) in rows {
            let told = proposed(shown(reached), &wanted.parse().unwrap(), digest.as_ref());
            let told = told.map_or_else(|error| error.to_string(), |terms| terms.title.to_string());
            assert!(told.contains(expected), "{wanted} {digest:?}: {told}");
        }
        assert!("jp-eu@two".parse::<Wanted>().is_err() && "@1".parse::<Wanted>().is_err());
    }
}
