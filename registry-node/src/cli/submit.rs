//! `submit`: any statement at all, from a file, or many of them as they come.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use conformity::ids::StatementId;
use conformity::words::Params;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::context::{Context, read_input, wait};
use super::output;
use super::submission::{PATH, Receipt, Signing, Speaker, read_attachments, request, say_prepared, say_written};
use crate::client::{Connection, read_json};

const EXAMPLES: &str = "\
Examples:
  registry-node --as cb-1 submit verdict.json
  echo '{\"kind\": \"key-revoked\", \"claim\": {\"party\": \"cb-1\", \"kid\": \"...\"}}' | registry-node --registry jp submit -
  registry-node --as cb-1 submit --lines changes.ndjson
  registry-node --registry jp submit step.jws

The file holds {\"kind\": ..., \"claim\": ...}, and \"jti\" if the statement is to have an id of its own. It is signed with
the key of the credentials in --as. docs/spec/claims.md has an example of each kind. Or it is a step that was signed with --prepare
and approved since: it is sent as it is, with the credentials that signed it.

With --lines each line is such a claim. They go one after the other over one connection, each once the one before it is
acknowledged; it ends at the first that is refused. From standard input lines are taken as they come.";

/// Longest line: a claim is part of a statement.
const MAX_LINE: u64 = ledger::jws::MAX_STATEMENT as u64;

/// Sign a claim from a file and submit it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Submit {
    /// File with {"kind": ..., "claim": ...}; - for standard input
    file: PathBuf,
    /// A file that the claim refers to by digest; may be given again
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// Each line is a claim
    #[arg(long, conflicts_with = "attach")]
    lines: bool,
    /// Write the signed statement to a file instead of sending it, for another person to approve
    #[arg(long, value_name = "STEP", conflicts_with = "lines")]
    prepare: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact<'a> {
    kind: &'a str,
    #[serde(borrow)]
    claim: &'a RawValue,
    jti: Option<StatementId>,
}

impl Submit {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        if self.lines {
            return submit_lines(context, &self.file);
        }
        let text = read_input(&self.file, MAX_LINE)?;
        let attachments = read_attachments(&self.attach)?;
        // A compact JWS begins with its header in base64url, never with a brace.
        if self.prepare.is_none() && text.starts_with(b"eyJ") {
            return say_prepared(context, text.trim_ascii().to_vec().into(), &attachments);
        }
        let fact: Fact<'_> = serde_json::from_slice(&text)
            .with_context(|| format!("{} does not hold {{\"kind\": ..., \"claim\": ...}}", self.file.display()))?;
        say_written(context, Signing::new(fact.jti, self.prepare), fact.kind, fact.claim, &attachments)
    }
}

/// The receipt of one line.
#[derive(Serialize)]
struct Acknowledged {
    line: u64,
    #[serde(flatten)]
    receipt: Receipt,
}

fn submit_lines(context: &Context, path: &Path) -> anyhow::Result<ExitCode> {
    let speaker = Speaker::open(context)?;
    wait(async {
        let mut lines = lines(path)?;
        let mut connection = speaker.connect().await?;
        let mut line = 0;
        while let Some(text) = lines.recv().await {
            line += 1;
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            if text.trim().is_empty() {
                continue;
            }
            let receipt = one(&speaker, &mut connection, &text).await.with_context(|| format!("line {line}"))?;
            output::print(context.json, &Acknowledged { line, receipt }, |acknowledged| {
                let Receipt { index, time, .. } = &acknowledged.receipt;
                let params = Params::default().with("line", line).with("index", index).with("time", time);
                output::label("receipt-of-line", &params)
            })?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn one(speaker: &Speaker, connection: &mut Connection, text: &str) -> anyhow::Result<Receipt> {
    let fact: Fact<'_> = serde_json::from_str(text).context("it does not hold {\"kind\": ..., \"claim\": ...}")?;
    let signed = speaker.sign_written(fact.jti, fact.kind, fact.claim)?;
    let (media_type, body) = request(&signed, &[])?;
    let receipt: Receipt = read_json(&connection.post(PATH, media_type, body).await?)?;
    speaker.check(connection, &signed, &receipt).await?;
    Ok(receipt)
}

/// Lines as they come. A thread reads them: the connection must be served while nothing comes.
fn lines(path: &Path) -> anyhow::Result<mpsc::Receiver<std::io::Result<String>>> {
    let source: Box<dyn Read + Send> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?)
    };
    let (sender, receiver) = mpsc::channel(1);
    std::thread::Builder::new().name("lines".to_owned()).spawn(move || {
        let mut source = BufReader::new(source);
        while let Some(line) = next_line(&mut source).transpose() {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}

fn next_line(source: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = source.take(MAX_LINE + 1).read_line(&mut line)?;
    if read as u64 > MAX_LINE {
        return Err(std::io::Error::other(format!("a line has more than {MAX_LINE} bytes")));
    }
    Ok((read > 0).then_some(line))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_come_one_by_one_and_a_long_one_is_refused() {
        let mut source = "{}\n\n{\"kind\"}".as_bytes();
        let read: Vec<String> = std::iter::from_fn(|| next_line(&mut source).unwrap()).collect();
        assert_eq!(read, ["{}\n", "\n", "{\"kind\"}"]);
        let long = "x".repeat(usize::try_from(MAX_LINE).unwrap() + 1);
        assert!(next_line(&mut long.as_bytes()).unwrap_err().to_string().contains("more than"));
    }
}
