//! `arrangement example`: real arrangements as terms that this program reads, each with where it is published and what of it a rule
//! does not say. Examples to learn from and to begin with: nobody named in them signed them.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::context::Context;
use super::super::output;

/// Name and text of each.
const EXAMPLES: [(&str, &str); 6] = [
    ("ccra", include_str!("../../../../docs/examples/arrangements/ccra.json")),
    ("cls-finland", include_str!("../../../../docs/examples/arrangements/cls-finland.json")),
    ("cls-germany", include_str!("../../../../docs/examples/arrangements/cls-germany.json")),
    ("cls-korea", include_str!("../../../../docs/examples/arrangements/cls-korea.json")),
    ("psti-jc-star", include_str!("../../../../docs/examples/arrangements/psti-jc-star.json")),
    ("sog-is", include_str!("../../../../docs/examples/arrangements/sog-is.json")),
];

/// Print a real arrangement as an example of terms, or list those that there are
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node arrangement example
  registry-node arrangement example ccra > ccra.json

The terms go to standard output, what they are and where they come from to standard error; with --json all of it is one
answer. Nobody named in an example signed it: put your own registries in before you propose it.")]
pub(super) struct Example {
    /// Which one [default: list them]
    name: Option<String>,
}

/// A file of an example.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shipped {
    /// What it is.
    pub(super) example: String,
    /// Where it is published.
    pub(super) sources: Vec<Source>,
    /// What the terms do not say, or say by themselves.
    pub(super) notes: Vec<String>,
    /// The terms as they are signed.
    pub(super) terms: Value,
}

/// Where something is published.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    url: String,
    date: String,
    says: String,
}

impl Example {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.name {
            Some(name) => print(context, &shipped(&name)?),
            None => list(context),
        }
    }
}

/// The example of that name.
fn shipped(name: &str) -> anyhow::Result<Shipped> {
    let found = EXAMPLES.iter().find(|(known, _)| *known == name);
    let known = || EXAMPLES.map(|(name, _)| name).join(", ");
    let (_, text) = found.with_context(|| format!("there is no example {name:?}; there are {}", known()))?;
    Ok(serde_json::from_str(text)?)
}

fn print(context: &Context, shipped: &Shipped) -> anyhow::Result<ExitCode> {
    if !context.json {
        output::note(&format!("An example, signed by nobody. {}.", shipped.example));
        for Source { url, date, says } in &shipped.sources {
            output::note(&format!("Source: {url} ({date}): {says}"));
        }
        for note in &shipped.notes {
            output::note(&format!("Note: {note}"));
        }
    }
    context.answer(shipped, |shipped| format!("{:#}", shipped.terms))
}

fn list(context: &Context) -> anyhow::Result<ExitCode> {
    let all: Vec<(&str, Shipped)> =
        EXAMPLES.iter().map(|(name, _)| Ok((*name, shipped(name)?))).collect::<anyhow::Result<_>>()?;
    let rows: Vec<[String; 2]> = all.iter().map(|(name, one)| [(*name).to_owned(), one.example.clone()]).collect();
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    context.answer(&serde_json::json!({ "examples": names }), |_| output::table(["NAME", "WHAT"], &rows))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use conformity::arrangement::Arrangement;

    use super::*;

    #[test]
    fn every_shipped_file_is_an_example_by_its_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/arrangements");
        let files = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(files, EXAMPLES.len());
        for (name, _) in EXAMPLES {
            let terms: Arrangement = serde_json::from_value(shipped(name).unwrap().terms).unwrap();
            assert_eq!(terms.id.as_str(), name);
        }
        assert!(shipped("wto").unwrap_err().to_string().contains("cls-korea"));
    }
}
