//! Verifiers of credentials: openvc-core, and @sd-jwt/sd-jwt-vc.
//!
//! In scope: which presentations they are given, and what each must make of them. Both check the signatures, the disclosures, the
//! type, the days and the status list, which they fetch from the registry.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use super::foreign::{Foreign, Python, npm_packaged, packaged, script_path};
use super::hand_over;
use super::report::{Ended, Report};
use super::world::{AUDIENCE, Issued, NONCE, World};

const VCT: &str = "urn:secure-trust-registry:vct:verdict:1";
/// Beyond the last day of every verdict here.
const DAYS_AHEAD: u32 = 400;
/// The word of a tool to which something is not given; no answer has it.
const NOT_ASKED: &str = "(not asked)";

/// The two verifiers.
#[derive(Clone, Copy)]
enum Tool {
    Openvc,
    SdJwtVc,
}

/// What a tool must make of something.
enum Must {
    Accept,
    /// For this reason, by a word of each tool's own: whoever refuses for another reason has not seen the fault.
    Refuse {
        openvc: &'static str,
        sd_jwt_vc: &'static str,
    },
}

/// A presentation, and the question that a verifier has about it.
struct Case {
    what: String,
    must: Must,
    question: Value,
}

/// Every credential whole and in part, and everything that may be wrong with one, in both algorithms.
pub(super) fn judge<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let mut cases: Vec<Case> = world.issued.iter().flat_map(|issued| good(world, issued)).collect();
    cases.extend(world.issued.iter().filter(|issued| issued.profile == "open").flat_map(|issued| bad(world, issued)));
    each(world, foreign, report, "cases", &cases)?;
    by_name(world, foreign, report)?;
    by_certificate(world, foreign, report)?;
    audience(world, foreign, report)?;
    unbound(world, foreign, report)?;
    types(world, foreign, report)
}

/// The claims of a credential as openvc-core puts them together.
pub(super) fn claims(world: &World<'_>, foreign: &Foreign<'_>, issued: &Issued, presentation: &Path) -> Result<Value> {
    let python = foreign.python.as_ref().map_err(|why| anyhow!("{why}"))?;
    let case = Case::new(world, issued, "its claims", Must::Accept, presentation);
    let answers = ask(world, foreign, Asked::Python(python), "cases-claims", &[case])?;
    let claims = answers.into_iter().next().map(|mut answer| answer["claims"].take());
    claims.filter(Value::is_object).context("openvc-core does not take it")
}

/// The first verdict is suspended: its credential counts no more, that of another still does.
pub(super) fn judge_suspended<W: Write>(
    world: &World<'_>,
    foreign: &Foreign<'_>,
    report: &mut Report<W>,
) -> Result<()> {
    let [suspended, other, ..] = world.issued.as_slice() else { return Ok(()) };
    let refuse = Must::Refuse { openvc: "suspended True", sd_jwt_vc: "Status is not valid" };
    let cases = [
        Case::new(world, suspended, "suspended meanwhile", refuse, &suspended.whole),
        Case::new(world, other, "another, after that", Must::Accept, &other.whole),
    ];
    each(world, foreign, report, "cases-suspended", &cases)
}

fn good(world: &World<'_>, issued: &Issued) -> [Case; 3] {
    [
        Case::new(world, issued, "credential, all disclosed", Must::Accept, &issued.whole),
        Case::new(world, issued, "credential, nothing disclosed", Must::Accept, &issued.bare),
        Case::new(world, issued, "presentation, a part disclosed, bound", Must::Accept, &issued.shown).bound(NONCE),
    ]
}

fn bad(world: &World<'_>, issued: &Issued) -> Vec<Case> {
    let refuse = |openvc, sd_jwt_vc| Must::Refuse { openvc, sd_jwt_vc };
    let case = |what, must, presentation| Case::new(world, issued, what, must, presentation);
    let mut cases = vec![
        case("bound presentation, a byte of a disclosure altered", refuse("sd_hash", "sd_hash"), &issued.shown)
            .bound(NONCE)
            .with("flip", &json!(true)),
        case("wrong vct", refuse("vct", "vct"), &issued.whole).with("vct", &json!(format!("{VCT}0"))),
        case("replayed under another nonce", refuse("nonce", "Nonce"), &issued.shown).bound("n-0000"),
        case(
            "without the key binding that is asked for",
            refuse("no KB-JWT", "Key Binding JWT not exist"),
            &issued.whole,
        )
        .bound(NONCE),
        case("clock set 400 days ahead, after the last day", refuse("expired", "expired"), &issued.whole)
            .with("daysAhead", &json!(DAYS_AHEAD)),
    ];
    let stranger = world.issued.iter().find(|other| other.algorithm != issued.algorithm);
    let by_another = stranger.map(|other| {
        case("key of another body", refuse("issuer JWT", "Signature"), &issued.whole).with("issuer", &other.issuer)
    });
    cases.extend(by_another);
    cases
}

/// The tool finds the issuer's key by itself, knowing nothing but the credential.
fn by_name<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let named = |issued| {
        let what = "credential, key found by the issuer's did:web";
        Case::new(world, issued, what, Must::Accept, &issued.whole).with("issuer", &Value::Null)
    };
    let open = world.issued.iter().filter(|issued| issued.profile == "open");
    one(world, foreign, report, Tool::Openvc, "cases-named", &open.map(named).collect::<Vec<_>>())
}

/// The tool takes the issuer's key from the certificates that the credential carries. It wants of every authority above one the purpose of
/// TLS, which ours for signing keys must not have; so it is asked to trust the certificate itself. Its own rule for whose certificate it
/// is looks for the issuer's name, a DID, among the certificate's names; these name the party by SPIFFE.
fn by_certificate<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let carrying = world.issued.iter().find_map(|issued| Some((issued, issued.x5c.as_deref()?)));
    let Some((issued, own)) = carrying else { return Ok(()) };
    let case = |what, must, root: &Path| {
        Case::new(world, issued, what, must, &issued.whole).with("issuer", &Value::Null).with("root", &json!(root))
    };
    let refuse = |openvc| Must::Refuse { openvc, sd_jwt_vc: NOT_ASKED };
    let another = world.stage.folder().join("supplier/tls.pem");
    let cases = [
        case("credential, key found by x5c, its certificate trusted", Must::Accept, own),
        case("x5c, another certificate trusted", refuse("did not validate to a trust anchor"), &another),
        case("x5c under the root: authorities for other purposes than TLS", refuse("EKU"), &world.ca()),
        case("x5c bound to its issuer by the tool's own rule", refuse("(not bound)"), own).with("bind", &json!(true)),
    ];
    one(world, foreign, report, Tool::Openvc, "cases-x5c", &cases)
}

/// openvc-core compares the audience; the other tool leaves that to its caller.
fn audience<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let Some(issued) = world.issued.first() else { return Ok(()) };
    let refuse = Must::Refuse { openvc: "aud does not match", sd_jwt_vc: NOT_ASKED };
    let case = Case::new(world, issued, "made for another audience", refuse, &issued.shown)
        .bound(NONCE)
        .with("audience", &json!("https://other.example"));
    one(world, foreign, report, Tool::Openvc, "cases-audience", &[case])?;
    let why = "this tool does not look at the audience; whoever uses it must";
    report.leave_out(&Tool::SdJwtVc.name(), "made for another audience", why)
}

/// A disclosure that was altered and has no digest any more. RFC 9901, 7.1, has it refused; @sd-jwt/sd-jwt-vc passes over it, so
/// that it must at least tell nothing.
fn unbound<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let Some(issued) = world.issued.first() else { return Ok(()) };
    let what = "unbound credential, a byte of a disclosure altered";
    let altered = |must| Case::new(world, issued, what, must, &issued.whole).with("flip", &json!(true));
    let refuse = Must::Refuse { openvc: "not referenced by any digest", sd_jwt_vc: NOT_ASKED };
    one(world, foreign, report, Tool::Openvc, "cases-unbound-openvc", &[altered(refuse)])?;
    let whole = Case::new(world, issued, what, Must::Accept, &issued.whole);
    let (tool, what) =
        (Tool::SdJwtVc.name(), "the same: passed over by this tool, against RFC 9901, 7.1, and tells nothing");
    let home = match &foreign.node {
        Ok(home) => home,
        Err(why) => return report.leave_out(&tool, what, why),
    };
    let answers = ask(world, foreign, Asked::Node(home), "cases-unbound-sd-jwt-vc", &[altered(Must::Accept), whole]);
    report.step(&tool, what, || {
        let answers = answers?;
        let claims = |at: usize| answers.get(at).map(|answer| answer["claims"].to_string()).unwrap_or_default();
        ensure!(answers.iter().all(|answer| answer["accepted"] == true), "it says otherwise now: {answers:?}");
        ensure!(claims(0).len() < claims(1).len(), "what was altered is among the claims");
        Ok(Ended::Held)
    })
}

/// The same credential signed again under other types, to see what the choice of `dc+sd-jwt` rests on.
fn types<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let Some(issued) = world.issued.first() else { return Ok(()) };
    let python = match &foreign.python {
        Ok(python) => python,
        Err(why) => return report.leave_out(&Tool::Openvc.name(), "other types, signed again by Python", why),
    };
    let key = world.stage.folder().join(issued.body).join("signing.pem");
    let retyped = |typ: &str| -> Result<PathBuf> {
        let file = world.stage.folder().join(format!("typ-{typ}.sd-jwt"));
        let mut command = Command::new(python.program("python"));
        command.arg("-B").arg(script_path("key.py")).arg("retype").args([&issued.whole, &key]).arg(typ);
        let ran = foreign.run("key.py", &mut command)?;
        ensure!(ran.succeeded, "key.py broke down: {}", ran.last_words);
        std::fs::write(&file, ran.out).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    };
    let w3c = Case::new(world, issued, "typ vc+sd-jwt instead, taken as W3C's", Must::Accept, &retyped("vc+sd-jwt")?);
    let refuse = Must::Refuse { openvc: "unexpected issuer JWT typ", sd_jwt_vc: NOT_ASKED };
    let unknown = Case::new(world, issued, "typ example+sd-jwt instead", refuse, &retyped("example+sd-jwt")?);
    one(world, foreign, report, Tool::Openvc, "cases-typ-openvc", &[w3c, unknown])?;
    let what = "typ example+sd-jwt instead: this tool does not look at it";
    let any = Case::new(world, issued, what, Must::Accept, &retyped("example+sd-jwt")?);
    one(world, foreign, report, Tool::SdJwtVc, "cases-typ-sd-jwt-vc", &[any])
}

impl Case {
    fn new(world: &World<'_>, issued: &Issued, what: &str, must: Must, presentation: &Path) -> Self {
        let question = json!({
            "presentation": presentation, "issuer": issued.issuer, "registryKey": world.registry_key, "vct": VCT,
            "audience": null, "nonce": null, "flip": false, "daysAhead": 0,
            "root": null, "bind": false,
        });
        Self { what: format!("{} {}: {what}", issued.algorithm, issued.profile), must, question }
    }

    fn with(mut self, member: &str, value: &Value) -> Self {
        self.question[member] = value.clone();
        self
    }

    fn bound(self, nonce: &str) -> Self {
        self.with("audience", &json!(AUDIENCE)).with("nonce", &json!(nonce))
    }

    fn compare(&self, tool: Tool, answer: &Value) -> Ended {
        let why = answer["why"].as_str().unwrap_or_default();
        let accepted = answer["accepted"] == true;
        match &self.must {
            Must::Accept if accepted => Ended::Held,
            Must::Accept => Ended::Broken(format!("it refuses it: {why}")),
            Must::Refuse { .. } if accepted => Ended::Broken("it takes it".to_owned()),
            Must::Refuse { openvc, sd_jwt_vc } => {
                let word = if matches!(tool, Tool::Openvc) { openvc } else { sd_jwt_vc };
                if why.contains(word) {
                    Ended::Refused(why.to_owned())
                } else {
                    Ended::Broken(format!("it refuses it for another reason: {why}"))
                }
            }
        }
    }
}

impl Tool {
    fn name(self) -> String {
        match self {
            Self::Openvc => packaged("openvc-core"),
            Self::SdJwtVc => npm_packaged("@sd-jwt/sd-jwt-vc"),
        }
    }

    fn of<'a>(self, foreign: &'a Foreign<'_>) -> Result<Asked<'a>, &'a String> {
        match self {
            Self::Openvc => foreign.python.as_ref().map(Asked::Python),
            Self::SdJwtVc => foreign.node.as_deref().map(Asked::Node),
        }
    }
}

/// A tool that is here.
enum Asked<'a> {
    Python(&'a Python),
    Node(&'a Path),
}

fn each<W: Write>(
    world: &World<'_>,
    foreign: &Foreign<'_>,
    report: &mut Report<W>,
    file: &str,
    cases: &[Case],
) -> Result<()> {
    [Tool::Openvc, Tool::SdJwtVc].into_iter().try_for_each(|tool| one(world, foreign, report, tool, file, cases))
}

/// Has one tool answer all cases in one go, and compares.
fn one<W: Write>(
    world: &World<'_>,
    foreign: &Foreign<'_>,
    report: &mut Report<W>,
    tool: Tool,
    file: &str,
    cases: &[Case],
) -> Result<()> {
    let name = tool.name();
    let asked = match tool.of(foreign) {
        Ok(asked) => asked,
        Err(why) => return cases.iter().try_for_each(|case| report.leave_out(&name, &case.what, why)),
    };
    match ask(world, foreign, asked, file, cases) {
        Ok(answers) => cases
            .iter()
            .zip(answers)
            .try_for_each(|(case, answer)| report.step(&name, &case.what, || Ok(case.compare(tool, &answer)))),
        Err(error) => report.step(&name, file, || Err(error)),
    }
}

fn ask(world: &World<'_>, foreign: &Foreign<'_>, tool: Asked<'_>, file: &str, cases: &[Case]) -> Result<Vec<Value>> {
    let path = world.stage.folder().join(format!("{file}.json"));
    hand_over(&path, &cases.iter().map(|case| case.question.clone()).collect())?;
    let answers = match tool {
        Asked::Python(python) => foreign.ask(python, &world.ca(), "verify.py", &[path.as_os_str()])?,
        Asked::Node(home) => foreign.ask_node(home, &world.ca(), "verify.mjs", &path)?,
    };
    let answers = answers.as_array().cloned().unwrap_or_default();
    ensure!(answers.len() == cases.len(), "{} answers to {} cases", answers.len(), cases.len());
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(must: Must) -> Case {
        Case { what: "it".to_owned(), must, question: Value::Null }
    }

    #[test]
    fn a_refusal_for_another_reason_is_none() {
        let refuse = || case(Must::Refuse { openvc: "nonce", sd_jwt_vc: "Nonce" });
        let refused = |why: &str| json!({"accepted": false, "why": why});
        let rows = [
            (case(Must::Accept), json!({"accepted": true}), true),
            (case(Must::Accept), refused("nonce"), false),
            (refuse(), json!({"accepted": true}), false),
            (refuse(), refused("ClaimsInvalid: nonce does not match"), true),
            (refuse(), refused("cannot connect"), false),
            (refuse(), json!({}), false),
        ];
        for (case, answer, holds) in rows {
            let ended = case.compare(Tool::Openvc, &answer);
            assert_eq!(matches!(ended, Ended::Held | Ended::Refused(_)), holds, "{answer}: {ended:?}");
        }
    }
}
