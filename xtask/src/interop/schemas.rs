//! Schemas: payloads against that of UNTP, answers to trust registry queries against those of the protocol, by check-jsonschema.
//!
//! The schemas are others' and not in this repository: they are looked for where the test vectors from outside are.

use std::env;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::foreign::{Foreign, Python, packaged};
use super::hand_over;
use super::report::{Ended, Report};
use super::world::{Issued, SCHEME, World};
use super::{abroad, credentials};
use crate::workspace::Workspace;

/// Names the folder of test vectors from outside, as for tests.
const TEST_DATA: &str = "REGISTRY_TEST_DATA";
const UNTP: &str = "credentials/untp/0.7.0/dcc.schema.json";
const TRQP: &str = "credentials/trqp-v2";

/// Whoever checks here, with what.
struct Checker<'a> {
    world: &'a World<'a>,
    foreign: &'a Foreign<'a>,
    python: &'a Python,
    data: PathBuf,
}

/// Every payload, whole and bare, and the registry's answers.
pub(super) fn judge<W: Write>(
    world: &World<'_>,
    foreign: &Foreign<'_>,
    workspace: &Workspace,
    report: &mut Report<W>,
) -> Result<()> {
    let tool = packaged("check-jsonschema");
    let python = match &foreign.python {
        Ok(python) => python,
        Err(why) => return report.leave_out(&tool, "payloads by UNTP 0.7.0, answers by TRQP v2", why),
    };
    let given = env::var_os(TEST_DATA).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = given.unwrap_or_else(|| workspace.root.join("../shared/data"));
    let checker = Checker { world, foreign, python, data };
    checker.payloads(&tool, report)?;
    checker.answers(&tool, report)
}

impl Checker<'_> {
    fn payloads<W: Write>(&self, tool: &str, report: &mut Report<W>) -> Result<()> {
        let Some(schema) = self.schema(UNTP) else {
            return report.leave_out(tool, "payloads by UNTP 0.7.0", &self.missing(UNTP));
        };
        for issued in &self.world.issued {
            let what = |how: &str| format!("{} {}: payload by UNTP 0.7.0, {how}", issued.algorithm, issued.profile);
            for (how, presentation) in [("all disclosed", &issued.whole), ("results disclosed", &issued.shown)] {
                report.step(tool, &what(how), || self.payload(&schema, issued, presentation))?;
            }
            report.step(tool, &what("nothing disclosed"), || self.bare(&schema, issued))?;
        }
        let Some(issued) = self.world.issued.first() else { return Ok(()) };
        report.step(tool, "a payload without its subject", || {
            let mut claims = credentials::claims(self.world, self.foreign, issued, &issued.whole)?;
            claims["credentialSubject"].take();
            self.refuses(&schema, "no-subject.json", &claims)
        })
    }

    fn payload(&self, schema: &Path, issued: &Issued, presentation: &Path) -> Result<Ended> {
        let claims = credentials::claims(self.world, self.foreign, issued, presentation)?;
        let name = presentation.file_name().map(|name| format!("{}.claims.json", name.display()));
        self.takes(schema, &name.unwrap_or_default(), &claims)
    }

    /// UNTP wants results in every assessment. Who shows none of them lacks these lists, and nothing else.
    fn bare(&self, schema: &Path, issued: &Issued) -> Result<Ended> {
        let mut claims = credentials::claims(self.world, self.foreign, issued, &issued.bare)?;
        let (taken, said) = self.check(schema, "bare.claims.json", &claims)?;
        ensure!(!taken && said.contains("'assessedPerformance' is a required property"), "it says {said}");
        let assessments = claims["credentialSubject"]["conformityAssessment"].as_array_mut();
        assessments.into_iter().flatten().for_each(|assessment| assessment["assessedPerformance"] = json!([]));
        self.takes(schema, "bare-with-lists.claims.json", &claims)?;
        Ok(Ended::Refused("without assessedPerformance, which is kept back; nothing else is missing".to_owned()))
    }

    /// Asks who may act here, and whose verdicts count.
    fn answers<W: Write>(&self, tool: &str, report: &mut Report<W>) -> Result<()> {
        let did = self.world.did_web();
        let body = self.world.issued.first().map_or("nobody", |issued| issued.body);
        let may = |entity: &str| json!({"entity_id": format!("{did}:parties:{entity}"), "authority_id": did, "action": "issue", "resource": SCHEME});
        let counts = |entity: &str, scheme: &str| json!({"entity_id": entity, "authority_id": did, "action": "recognize", "resource": scheme});
        let peer = self.world.did_of_peer();
        let rows = [
            ("authorization", "an accredited body", "authorized", true, may(body)),
            ("authorization", "a body that is not", "authorized", false, may("nobody")),
            ("recognition", "a peer by an arrangement", "recognized", true, counts(&peer, abroad::SCHEME)),
            ("recognition", "a peer, under another scheme", "recognized", false, counts(&peer, SCHEME)),
            (
                "recognition",
                "a registry that is no peer",
                "recognized",
                false,
                counts("did:web:us.registry.example", SCHEME),
            ),
        ];
        for (path, whose, member, expected, question) in rows {
            let what = format!("answer of /{path} by TRQP v2, on {whose}");
            let schema = format!("{TRQP}/trqp_{path}_response.schema.json");
            let Some(found) = self.schema(&schema) else {
                report.leave_out(tool, &what, &self.missing(&schema))?;
                continue;
            };
            report.step(tool, &what, || self.trust_answer(&found, path, &question, member, expected))?;
        }
        Ok(())
    }

    fn trust_answer(&self, schema: &Path, path: &str, question: &Value, member: &str, expected: bool) -> Result<Ended> {
        let (url, question) = (format!("{}/{path}", self.world.jp.url()), question.to_string());
        let arguments = [OsStr::new(&url), OsStr::new(&question)];
        let said = self.foreign.ask(self.python, &self.world.ca(), "ask.py", &arguments)?;
        if said["status"] == 404 {
            return Ok(Ended::LeftOut(format!("this registry has no /{path}")));
        }
        ensure!(said["status"] == 200 && said["answer"][member] == expected, "it answers {said}");
        self.takes(schema, &format!("{path}-{expected}.json"), &said["answer"])
    }

    fn takes(&self, schema: &Path, name: &str, value: &Value) -> Result<Ended> {
        let (taken, said) = self.check(schema, name, value)?;
        ensure!(taken, "{said}");
        Ok(Ended::Held)
    }

    fn refuses(&self, schema: &Path, name: &str, value: &Value) -> Result<Ended> {
        let (taken, said) = self.check(schema, name, value)?;
        ensure!(!taken && said.contains("$.credentialSubject"), "it says {said}");
        Ok(Ended::Refused(said))
    }

    /// Whether the tool takes it, and what it said last.
    fn check(&self, schema: &Path, name: &str, value: &Value) -> Result<(bool, String)> {
        let file = self.world.stage.folder().join(name);
        hand_over(&file, value)?;
        let mut command = Command::new(self.python.program("check-jsonschema"));
        command.args(["--color", "never", "--schemafile"]).arg(schema).arg(&file);
        let ran = self.foreign.run("check-jsonschema", &mut command)?;
        let said = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok((ran.succeeded, if said.is_empty() { ran.last_words } else { said }))
    }

    fn schema(&self, name: &str) -> Option<PathBuf> {
        self.data.join(name).canonicalize().ok()
    }

    fn missing(&self, name: &str) -> String {
        format!("{} is not there; {TEST_DATA} names the folder", self.data.join(name).display())
    }
}
