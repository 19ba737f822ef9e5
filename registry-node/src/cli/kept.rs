//! What one keeps at the registry for oneself, by a name of one's own: put, listed and removed the same way, whatever it is.
//!
//! Out of scope: what it is (each in a module of its own).

use std::process::ExitCode;

use bytes::Bytes;
use serde_json::{Value, json};

use super::context::{Context, wait};
use super::output;
use crate::buyer::shelf::Name;
use crate::client::read_json;

/// Puts it in the place of what has that name, and answers with these columns.
pub(super) fn put<const COLUMNS: usize>(
    context: &Context,
    (path, name): (&str, &Name),
    (media_type, body): (&'static str, Bytes),
    columns: [&'static str; COLUMNS],
) -> anyhow::Result<ExitCode> {
    let path = format!("{path}/{name}");
    let put = async { Ok(context.reader()?.connect().await?.put(&path, media_type, body).await?) };
    let answer: Value = read_json(&wait(put)?)?;
    context.answer(&answer, |answer| output::rows(&json!([answer]), columns))
}

/// Lists what there is.
pub(super) fn list(context: &Context, path: &str) -> anyhow::Result<ExitCode> {
    let answer: Value = context.ask(path)?;
    context.answer(&answer, |answer| output::rows(answer, ["name", "version", "bytes", "changed"]))
}

/// Removes it.
pub(super) fn remove(context: &Context, path: &str, name: &Name) -> anyhow::Result<ExitCode> {
    let path = format!("{path}/{name}");
    wait(async { Ok(context.reader()?.connect().await?.delete(&path).await?) })?;
    context.answer(&json!({ "removed": name }), |_| name.to_string())
}
