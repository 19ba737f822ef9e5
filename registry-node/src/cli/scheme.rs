//! `scheme`: what is assessed against which documents, and how.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use conformity::ids::SchemeRef;
use conformity::scheme::{Scheme, SchemeReplaced};
use conformity::statement::Claim;
use conformity::time::Day;
use serde_json::{Value, json};

use super::as_of::AsOf;
use super::context::{Context, read_input};
use super::output;
use super::submission::{Signing, say};

/// Largest scheme file.
const MAX_BYTES: u64 = 64 * 1024;

/// Publish schemes, replace them, and list them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp scheme publish scheme.toml
  registry-node --as ministry scheme replace demo@1 --by demo@2 --until 2028-12-31
  registry-node --registry jp scheme list")]
pub(super) struct Schemes {
    #[command(subcommand)]
    command: SchemeCommand,
}

#[derive(Debug, Subcommand)]
enum SchemeCommand {
    Publish(Publish),
    Replace(Replace),
    List(List),
}

/// Publish one version of a scheme, from TOML or JSON
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp scheme publish scheme.toml

  scheme.toml:
    scheme = \"demo@1\"
    title = \"Demonstration scheme\"
    owner = \"Nobody\"
    fictional = true
    documents = []
    viewpoints = [\"organization\", \"process\"]
    objects = [\"organization\", \"product\"]
    evaluation = \"third-party\"
    validityMonths = 36

The operator or an authority signs. A version is never changed once it is published.")]
struct Publish {
    /// File with the scheme; - for standard input
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

/// Say that another scheme or version takes the place of one, and up to which day verdicts under it are in force
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as ministry scheme replace demo@1 --by demo@2 --until 2028-12-31

The operator or an authority signs. Buyers are told of each verdict, with its last day; see `registry-node cascades`.")]
struct Replace {
    /// The scheme that is replaced, id@version
    scheme: SchemeRef,
    /// The scheme that takes its place, id@version
    #[arg(long, value_name = "SCHEME")]
    by: SchemeRef,
    /// The last day on which verdicts under the replaced one are in force
    #[arg(long, value_name = "DAY")]
    until: Day,
    #[command(flatten)]
    signing: Signing,
}

/// List the schemes of the registry
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp scheme list
  registry-node --registry jp scheme list --as-of 2026-06-30T00:00:00Z")]
struct List {
    #[command(flatten)]
    as_of: AsOf,
}

impl Schemes {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            SchemeCommand::Publish(publish) => {
                let scheme: Scheme = from_file(&publish.file)?;
                say(context, publish.signing, Claim::SchemePublished(Arc::new(scheme)), &[])
            }
            SchemeCommand::Replace(Replace { scheme, by, until, signing }) => {
                say(context, signing, Claim::SchemeReplaced(SchemeReplaced { scheme, by, until }), &[])
            }
            SchemeCommand::List(List { as_of }) => {
                let path = as_of.appended("/v1/schemes");
                let schemes = json!({ "schemes": context.ask_all::<Value>(&path, "schemes")? });
                context.answer(&schemes, |schemes| {
                    output::rows(
                        schemes,
                        [
                            "scheme",
                            "title",
                            "evaluation",
                            "fictional",
                            "replaced by=replaced/with",
                            "until=replaced/until",
                        ],
                    )
                })
            }
        }
    }
}

/// Reads a value that people write: TOML, or JSON where the file begins with a brace.
pub(super) fn from_file<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = String::from_utf8(read_input(path, MAX_BYTES)?)?;
    let read = if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).map_err(anyhow::Error::from)
    } else {
        toml::from_str(&text).map_err(anyhow::Error::from)
    };
    read.with_context(|| format!("{} cannot be used", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SCHEME: &str = r#"
scheme = "demo@1"
title = "Demonstration"
owner = "Nobody"
fictional = true
documents = []
viewpoints = ["organization"]
objects = ["product"]
evaluation = "third-party"
[[levels]]
code = "basic"
name = "Basic"
"#;

    #[test]
    fn a_scheme_reads_the_same_from_both_formats() {
        let folder = tempfile::tempdir().unwrap();
        let (toml, json) = (folder.path().join("a.toml"), folder.path().join("a.json"));
        std::fs::write(&toml, SCHEME).unwrap();
        let scheme: Scheme = from_file(&toml).unwrap();
        std::fs::write(&json, serde_json::to_vec(&scheme).unwrap()).unwrap();
        assert_eq!(from_file::<Scheme>(&json).unwrap(), scheme);
        std::fs::write(&toml, SCHEME.replace("owner", "owned")).unwrap();
        assert!(format!("{:#}", from_file::<Scheme>(&toml).unwrap_err()).contains("owned"));
    }
}
