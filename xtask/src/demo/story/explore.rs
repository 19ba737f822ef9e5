//! Commands to look around with, ready to be copied. Those that end and change nothing are tried first.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::cast::{Cast, EU_BUYER, JP_CERTIFICATION};
use crate::demo::narrator::Narrator;

const LIMIT: Duration = Duration::from_secs(60);

/// A command in the words of a shell.
struct Example {
    what: &'static str,
    line: String,
    /// Whether it ends by itself and changes nothing.
    harmless: bool,
}

/// Tries the commands and tells them.
pub(super) fn tell<W: Write>(cast: &Cast<'_>, told: &mut Narrator<W>) -> Result<()> {
    let examples = examples(cast);
    let curl = shell(cast, "curl --version").is_ok();
    if !curl {
        told.say("curl is not installed here; its lines below were not tried")?;
    }
    let tried = |example: &&Example| example.harmless && (curl || !example.line.starts_with("curl"));
    told.step("the commands below, as far as they end and change nothing, work", || {
        examples.iter().filter(tried).try_for_each(|example| shell(cast, &example.line))
    })?;
    told.say(&format!("\nIn another terminal:\n\n{}", setting(cast)))?;
    examples.iter().try_for_each(|example| told.say(&format!("\n# {}\n{}", example.what, example.line)))
}

fn shell(cast: &Cast<'_>, line: &str) -> Result<()> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]).env("N", cast.stage.program()).current_dir(cast.stage.folder());
    let record = cast.stage.folder().join("logs/explore");
    cast.stage.children().run(line, &mut command, &record, LIMIT).map(drop)
}

fn setting(cast: &Cast<'_>) -> String {
    format!("cd {}\nN={}", cast.stage.folder().display(), cast.stage.program().display())
}

fn examples(cast: &Cast<'_>) -> Vec<Example> {
    let (jp, eu) = (cast.jp.url(), cast.eu.url());
    let public = "curl -sSf --cacert jp/ca/public/root.pem";
    let buyer = format!("curl -sSf --cacert {EU_BUYER}/ca.pem --cert {EU_BUYER}/tls.pem --key {EU_BUYER}/tls.key");
    let supplier = "local%3Ademo%3Asecond-works";
    let harmless = |what, line| Example { what, line, harmless: true };
    let other = |what, line| Example { what, line, harmless: false };
    vec![
        harmless("a verdict with its history, as anybody may see it", format!("{public} {jp}/v1/verdicts/jp:V-1")),
        harmless("the newest checkpoint of jp's log, a signed note", format!("{public} {jp}/checkpoint")),
        harmless(
            "how a Japanese supplier stands in the EU, as a buyer",
            format!("{buyer} {eu}/v1/suppliers/{supplier}/standing"),
        ),
        harmless("the same on the command line", format!("$N standing local:demo:second-works --as {EU_BUYER}")),
        harmless("how the registry of the EU is", "$N status --registry eu".to_owned()),
        harmless(
            "the arrangement that it suspended and restored",
            "$N arrangement show jp-eu-demo --registry eu".to_owned(),
        ),
        harmless(
            "the whole log of jp, checked from outside",
            format!("$N log verify --remote --as {JP_CERTIFICATION}"),
        ),
        other(
            "everything that happens to that supplier, from the start; ends with Ctrl-C",
            format!("{buyer} -N '{eu}/v1/events?supplier={supplier}&after=start'"),
        ),
        other(
            "the whole event stream, with proof that nothing is missing",
            format!("$N watch --prove --as {EU_BUYER}"),
        ),
        other(
            "suspend a verdict, and see it arrive in the two above",
            format!("$N suspend V-2 --reason finding --as {JP_CERTIFICATION}"),
        ),
    ]
}
