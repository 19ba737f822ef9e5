//! The HTTP door as schemathesis asks it, from the registry's own OpenAPI document: whatever is asked, the fault is never the registry's.
//!
//! In scope: every route but two, of which the tool knows no body or no end. Out of scope: whether answers are right.

use std::io::Write;
use std::process::Command;

use anyhow::{Result, bail};

use super::foreign::{Foreign, packaged};
use super::report::{Ended, Report};
use super::world::World;

/// A stream that does not end, and a body of a type that the tool cannot write.
const LEFT_OUT: [&str; 2] = ["/v1/events", "/v1/presentations"];

/// Asks everything that the document allows, and much that it does not.
pub(super) fn judge<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let (tool, what) = (packaged("schemathesis"), "every route, asked at random: no answer is a server's error");
    let python = match &foreign.python {
        Ok(python) => python,
        Err(why) => return report.leave_out(&tool, what, why),
    };
    let mut said = String::new();
    report.step(&tool, what, || {
        let (url, ca) = (world.jp.url(), world.ca());
        let mut command = Command::new(python.program("st"));
        command.env("REQUESTS_CA_BUNDLE", &ca).env("SSL_CERT_FILE", &ca).arg("run").arg(format!("{url}/openapi.json"));
        command.args(["--url", &url, "--tls-verify"]).arg(&ca);
        command.args(["--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing", "--seed", "1"]);
        command.args([
            "--max-examples",
            "10",
            "--generation-database",
            "none",
            "--request-timeout",
            "30",
            "--no-color",
        ]);
        LEFT_OUT.into_iter().for_each(|path| {
            command.args(["--exclude-path", path]);
        });
        let ran = foreign.run("schemathesis", &mut command)?;
        let cases = ran.out.lines().find(|line| line.contains(" generated, "));
        match cases {
            Some(cases) if ran.succeeded => said = cases.trim().to_owned(),
            _ => bail!(
                "{}",
                ran.out.lines().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(" ")
            ),
        }
        Ok(Ended::Held)
    })?;
    report.say(&said)
}
