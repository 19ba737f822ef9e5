//! Streams of security events as receivers of others take them (OpenID Shared Signals Framework 1.0): the example of the guide as it stands there,
//! and a receiver that is told by poll and by push, and tries what it must not.
//!
//! In scope: what each answer must be. httpx asks, and PyJWT holds each token against the key set and RFC 8417; `receiver.py` carries both.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::foreign::{Foreign, Python, packaged, script_path};
use super::report::{Ended, Report};
use super::streams::{example, place};
use super::world::{BUYERS, World, grant};
use crate::demo::lines::Lines;
use crate::demo::node::Node;

const SUPPLIER: &str = "local:demo:signalled";
const VERDICT: &str = "V-signalled";
/// Who decides about it.
const BODY: &str = "eddsa";
/// Until something is told. Only what would never come waits so long.
const PATIENCE: Duration = Duration::from_secs(120);
const PUSH: &str = "urn:ietf:rfc:8935";
const POLL: &str = "urn:ietf:rfc:8936";
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
const TYPES: &str = "https://secure-trust-registry.example/events#";
const AUTHORIZATION: &str = "Bearer of-the-receiver";
/// Changes before the example is ended, and after.
const CHANGES: usize = 6;

/// What receivers of others make of the transmitter.
pub(super) fn judge<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let tool = format!("{} with {}", packaged("pyjwt"), packaged("httpx"));
    let python = match &foreign.python {
        Ok(python) => python,
        Err(why) => return report.leave_out(&tool, "streams of security events, polled and pushed", why),
    };
    grant(&world.jp, BODY, VERDICT, SUPPLIER, "open")?;
    report.step(&tool, "the example of the guide: each change once and in order, ended and started again", || {
        reads_on(world, python)
    })?;
    let mut receiver = Receiver::open(world, python, &world.jp, BUYERS[0], "EdDSA")?;
    let mut polled = Value::Null;
    report.step(&tool, "it finds the transmitter, makes a stream, adds a subject (SSF 1.0)", || {
        polled = receiver.create(&json!({ "delivery": { "method": POLL } }))?;
        Ok(Ended::Held)
    })?;
    report
        .step(&tool, "verification and a change by poll, acknowledged (RFC 8936)", || receiver.polls(world, &polled))?;
    report.step(&tool, "verification and a change by push, taken with 202 (RFC 8935)", || receiver.is_pushed(world))?;
    report.step(&tool, "a token of another audience, and one that was altered", || receiver.refuses(&polled))?;
    for (what, who, said) in refusals(world, &receiver, &polled)? {
        report.step(&tool, what, || receiver.is_refused(&who, &said))?;
    }
    receiver.leave(world)?;
    let what = "tokens by RS256, where the registry has such a key (CAEP interoperability profile)";
    match &foreign.openssl {
        Ok(openssl) => report.step(&tool, what, || signed_by_rsa(world, foreign, openssl, python)),
        Err(why) => report.leave_out(&tool, what, why),
    }
}

/// Suspends it, or restores it; at which entry.
fn change(world: &World<'_>, what: &str) -> Result<u64> {
    place(&world.jp.party(BODY, &[what, VERDICT, "--reason", "finding"])?)
}

/// The example reads changes, is ended once it remembers the last one, and reads those of meanwhile when it is there again.
fn reads_on(world: &World<'_>, python: &Python) -> Result<Ended> {
    let (name, memory) = ("watch-signals", world.stage.folder().join("watch-signals.last"));
    let start = || {
        let mut command = Command::new(python.program("python"));
        command.arg("-B").arg(example("watch_signals.py")).args([&world.jp.url(), SUPPLIER]);
        command.arg(world.stage.folder().join(BUYERS[0])).arg(&memory).current_dir(world.stage.folder());
        world.stage.children().listen(name, &mut command, &world.stage.folder().join("logs/tools/watch-signals.log"))
    };
    let mut lines = start()?;
    // By our own command: what is told follows once the stream names the supplier.
    let is_about = || {
        let Some(kept) = remembered(&memory)? else { return Ok(None) };
        let stream = kept["stream"].as_str().unwrap_or_default().to_owned();
        let shown = world.jp.party(BUYERS[0], &["subscription", "show", &stream])?;
        Ok((shown["filter"]["suppliers"] == json!([SUPPLIER])).then_some(stream))
    };
    let stream = world.stage.wait_until("the example has its stream", PATIENCE, is_about)?;
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    for turn in 0..2 {
        for number in 0..CHANGES {
            told.push(change(world, if number % 2 == 0 { "suspend" } else { "restore" })?);
            if turn == 1 && number == CHANGES / 2 {
                lines = start()?;
            }
        }
        while seen.len() < told.len() {
            let line = lines.next(PATIENCE).with_context(|| format!("it has {} of {}", seen.len(), told.len()))?;
            seen.push(serde_json::from_str::<Value>(&line.text)?["id"].as_str().unwrap_or_default().to_owned());
        }
        let last = told.last().map(u64::to_string).unwrap_or_default();
        let remembers = || Ok(remembered(&memory)?.filter(|kept| kept["last"] == last.as_str()).map(drop));
        world.stage.wait_until("the example remembers what it printed", PATIENCE, remembers)?;
        world.stage.children().end(name)?;
    }
    let expected: Vec<String> = told.iter().map(u64::to_string).collect();
    ensure!(seen == expected, "it printed {seen:?} of {expected:?}");
    world.jp.party(BUYERS[0], &["signals", "delete", &stream])?;
    Ok(Ended::Held)
}

/// What the example remembers, if anything yet.
fn remembered(memory: &Path) -> Result<Option<Value>> {
    fs::read_to_string(memory).ok().map(|kept| Ok(serde_json::from_str(&kept)?)).transpose()
}

/// A registry of its own has a key as its settings say to make one, and a receiver of its buyer takes what is signed with it.
fn signed_by_rsa(world: &World<'_>, foreign: &Foreign<'_>, openssl: &Path, python: &Python) -> Result<Ended> {
    let (stage, key) = (world.stage, world.stage.folder().join("signals.pem"));
    let mut make = Command::new(openssl);
    make.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out"]).arg(&key);
    let made = foreign.run("openssl", &mut make)?;
    ensure!(made.succeeded, "openssl says {}", made.last_words);
    let on = format!("[signals]\nrsa_key = {:?}", key.to_str().context("its path is no text")?);
    let set = |settings: String| settings.replace("[signals]", &on);
    let rs = Node::start_set(stage.registry("rs")?, "Registry that signs by RSA (demonstration)", None, &[], set)?;
    let (folder, name) = ("buyer-of-rs", "A fictional buyer");
    rs.operator(&["party", "add", folder, "--role", "buyer", "--id", BUYERS[0], "--name", name, "--country", "BE"])?;
    let mut receiver = Receiver::open(world, python, &rs, folder, "RS256")?;
    let stream = receiver.create(&json!({}))?;
    let url = stream["delivery"]["endpoint_url"].as_str().context("no endpoint for polls")?.to_owned();
    receiver.verify(&stream, "by-rsa")?;
    let (_, claims) = receiver.one(&url, &stream, &json!({}))?;
    verified(&claims, &stream, "by-rsa")?;
    receiver.leave(world)?;
    rs.registry().end("serve")?;
    Ok(Ended::Held)
}

/// The receiver, which does what it is told and says what came of it.
struct Receiver {
    name: String,
    speak: ChildStdin,
    lines: Lines,
    issuer: String,
    /// Where it is pushed to.
    endpoint: String,
    transmitter: Value,
    /// By which algorithm tokens are due.
    algorithm: &'static str,
    /// A token that it took.
    token: String,
}

impl Receiver {
    /// Of the party whose credentials are in `folder`, at `node`.
    fn open(
        world: &World<'_>,
        python: &Python,
        node: &Node<'_>,
        folder: &str,
        algorithm: &'static str,
    ) -> Result<Self> {
        let [port] = world.stage.ports()?;
        let (home, tls) = (world.stage.folder(), node.registry().folder().join("tls"));
        let mut command = Command::new(python.program("python"));
        command.arg("-B").arg(script_path("receiver.py")).arg(node.url()).arg(home.join(folder));
        command.arg(port.to_string()).arg(tls.join("server.pem")).arg(tls.join("server.key")).current_dir(home);
        let name = format!("receiver of {}", node.id());
        let log = home.join("logs/tools").join(format!("{}.log", name.replace(' ', "-")));
        let (speak, lines) = world.stage.children().converse(&name, &mut command, &log)?;
        let (issuer, endpoint) = (node.url(), format!("https://localhost:{port}/events"));
        Ok(Self { name, speak, lines, issuer, endpoint, transmitter: Value::Null, algorithm, token: String::new() })
    }

    /// Ends it, for whoever comes next takes a program that ended by itself for a fault.
    fn leave(self, world: &World<'_>) -> Result<()> {
        world.stage.children().end(&self.name)
    }

    fn say(&mut self, what: &Value) -> Result<Value> {
        writeln!(self.speak, "{what}")?;
        self.speak.flush()?;
        Ok(serde_json::from_str(&self.lines.next(PATIENCE)?.text)?)
    }

    /// What is answered with this status; anything else is a fault.
    fn ask(&mut self, method: &str, url: &str, status: u16, body: &Value) -> Result<Value> {
        let mut answer = self.say(&json!({ "ask": [method, url], "json": body }))?;
        ensure!(answer["status"] == status, "{method} {url} answers {answer}");
        ensure!(answer["headers"]["cache-control"] == "no-store", "{method} {url} may be kept: {answer}");
        Ok(answer["body"].take())
    }

    fn at(&self, endpoint: &str) -> Result<String> {
        let named = self.transmitter[endpoint].as_str();
        named.map(str::to_owned).with_context(|| format!("the configuration names no {endpoint}"))
    }

    /// Claims of a token that PyJWT takes.
    fn claims(&mut self, token: &str, audience: &Value) -> Result<Value> {
        let mut checked = self.say(&json!({ "check": token, "aud": audience }))?;
        ensure!(checked["claims"].is_object(), "PyJWT says {checked}");
        ensure!(checked["algorithm"] == self.algorithm, "it is signed by {}", checked["algorithm"]);
        self.token = token.to_owned();
        Ok(checked["claims"].take())
    }

    /// A stream about the supplier, by what the transmitter says of itself.
    fn create(&mut self, asked: &Value) -> Result<Value> {
        let well_known =
            json!({ "ask": ["GET", format!("{}/.well-known/ssf-configuration", self.issuer)], "as": null });
        self.transmitter = self.say(&well_known)?["body"].take();
        let methods = &self.transmitter["delivery_methods_supported"];
        let says = (&self.transmitter["spec_version"], &self.transmitter["default_subjects"], methods);
        ensure!(says == (&json!("1_0"), &json!("NONE"), &json!([PUSH, POLL])), "it says {}", self.transmitter);
        ensure!(self.transmitter["issuer"] == self.issuer.as_str(), "it is another's: {}", self.transmitter);
        let made = self.ask("POST", &self.at("configuration_endpoint")?, 201, asked)?;
        ensure!(made["iss"] == self.issuer.as_str() && made["aud"] == BUYERS[0], "it makes {made}");
        let subject = json!({ "format": "iss_sub", "iss": self.issuer, "sub": SUPPLIER });
        let about = json!({ "stream_id": made["stream_id"], "subject": subject });
        let added = self.ask("POST", &self.at("add_subject_endpoint")?, 200, &about)?;
        ensure!(added.is_null(), "an empty answer is due, not {added}");
        Ok(made)
    }

    fn verify(&mut self, stream: &Value, state: &str) -> Result<()> {
        let wish = json!({ "stream_id": stream["stream_id"], "state": state });
        self.ask("POST", &self.at("verification_endpoint")?, 204, &wish).map(drop)
    }

    /// One verification, and one change of the verdict: each comes until it is acknowledged, and then no more.
    fn polls(&mut self, world: &World<'_>, stream: &Value) -> Result<Ended> {
        let url = stream["delivery"]["endpoint_url"].as_str().context("no endpoint for polls")?.to_owned();
        self.verify(stream, "by-poll")?;
        let (jti, claims) = self.one(&url, stream, &json!({}))?;
        verified(&claims, stream, "by-poll")?;
        let entry = change(world, "suspend")?;
        let (told, claims) = self.one(&url, stream, &json!({ "ack": [jti] }))?;
        self.suspended(&claims, entry)?;
        let (again, _) = self.one(&url, stream, &json!({ "maxEvents": 1 }))?;
        ensure!(again == told, "what is not acknowledged is to come again, not {again}");
        let nothing = self.ask("POST", &url, 200, &json!({ "ack": [told], "returnImmediately": true }))?;
        ensure!(nothing == json!({ "sets": {}, "moreAvailable": false }), "nothing is left, and it says {nothing}");
        Ok(Ended::Held)
    }

    /// The one token of an answer, by its `jti`.
    fn one(&mut self, url: &str, stream: &Value, asked: &Value) -> Result<(String, Value)> {
        let answer = self.ask("POST", url, 200, asked)?;
        let sets: Vec<_> = answer["sets"].as_object().into_iter().flatten().collect();
        let [(jti, token)] = sets[..] else { bail!("one token was due: {answer}") };
        let claims = self.claims(token.as_str().unwrap_or_default(), &stream["aud"])?;
        ensure!(claims["jti"] == jti.as_str(), "the token under {jti} says {claims}");
        Ok((jti.clone(), claims))
    }

    /// The same by push. The change is refused once, and comes again as it was.
    fn is_pushed(&mut self, world: &World<'_>) -> Result<Ended> {
        let way = json!({ "method": PUSH, "endpoint_url": self.endpoint, "authorization_header": AUTHORIZATION });
        let types = json!([format!("{TYPES}verdict.restored"), "urn:example:unknown"]);
        let stream = self.create(&json!({ "delivery": way, "events_requested": types }))?;
        ensure!(!stream.to_string().contains(AUTHORIZATION), "it tells the receiver's secret: {stream}");
        ensure!(stream["events_delivered"] == json!([types[0]]), "it is to deliver what it knows: {stream}");
        self.verify(&stream, "by-push")?;
        let claims = self.pushed(1, &stream)?;
        verified(&claims, &stream, "by-push")?;
        self.say(&json!({ "answer": [[400, { "err": "invalid_key", "description": "not yet" }]] }))?;
        let entry = change(world, "restore")?;
        let (first, again) = (self.pushed(2, &stream)?, self.pushed(3, &stream)?);
        ensure!(first["jti"] == again["jti"], "it was refused, and is to come again");
        let event = &again["events"][format!("{TYPES}verdict.restored")];
        ensure!(event["logindex"] == json!(entry.to_string()), "entry {entry} was due: {again}");
        let id = stream["stream_id"].as_str().unwrap_or_default();
        let taken = || {
            let shown = world.jp.party(BUYERS[0], &["subscription", "show", id])?;
            Ok((shown["behind"].is_null() && shown["state"] == "active").then_some(()))
        };
        world.stage.wait_until("what was answered with 202 counts as taken", PATIENCE, taken)?;
        let url = format!("{}?stream_id={id}", self.at("configuration_endpoint")?);
        self.say(&json!({ "ask": ["DELETE", url] })).map(|answer| match answer["status"].as_u64() {
            Some(204) => Ended::Held,
            _ => Ended::Broken(format!("DELETE answers {answer}")),
        })
    }

    /// Claims of what was pushed as the `nth`.
    fn pushed(&mut self, nth: usize, stream: &Value) -> Result<Value> {
        let mut all = self.say(&json!({ "pushed": nth }))?;
        let one = all[nth - 1].take();
        let due = json!({ "content-type": "application/secevent+jwt", "accept": "application/json", "authorization": AUTHORIZATION });
        ensure!(one["headers"] == due, "it comes with {}", one["headers"]);
        self.claims(one["token"].as_str().unwrap_or_default(), &stream["aud"])
    }

    fn suspended(&self, claims: &Value, entry: u64) -> Result<()> {
        let event = &claims["events"][format!("{TYPES}verdict.suspended")];
        ensure!(event["logindex"] == json!(entry.to_string()), "entry {entry} was due: {claims}");
        let subject = json!({ "format": "iss_sub", "iss": self.issuer, "sub": SUPPLIER });
        ensure!(claims["sub_id"] == subject, "it is about {}", claims["sub_id"]);
        ensure!(claims["txn"].is_string() && claims["toe"].is_i64(), "it says not which and when: {claims}");
        Ok(())
    }

    /// PyJWT takes no token that is not for it, or is not as it was signed.
    fn refuses(&mut self, stream: &Value) -> Result<Ended> {
        let token = self.token.clone();
        self.claims(&token, &stream["aud"])?;
        let mut altered = token.clone().into_bytes();
        let middle = altered.iter().position(|byte| *byte == b'.').context("a token has parts")? + 8;
        altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered)?;
        let due = [
            (token.as_str(), &json!(BUYERS[1]), "InvalidAudienceError"),
            (altered.as_str(), &stream["aud"], "InvalidSignatureError"),
        ];
        for (token, audience, why) in due {
            let checked = self.say(&json!({ "check": token, "aud": audience }))?;
            ensure!(checked["refused"].as_str().is_some_and(|said| said.contains(why)), "not {why}: {checked}");
        }
        Ok(Ended::Refused(due.map(|(_, _, why)| why).join(", ")))
    }

    /// Whoever asks is refused so.
    fn is_refused(&mut self, due: &Due, said: &Value) -> Result<Ended> {
        let answer = self.say(said)?;
        match due {
            Due::Problem(status, code) => {
                let kind = answer["body"]["type"].as_str().unwrap_or_default();
                ensure!(answer["status"] == *status && kind.ends_with(code), "it answers {answer}");
                ensure!(answer["headers"]["content-type"] == "application/problem+json", "it answers {answer}");
                Ok(Ended::Refused(format!("{status} {code}")))
            }
            Due::NoConnection(word) => {
                let why = answer["refused"].as_str().unwrap_or_default();
                ensure!(why.to_lowercase().contains(word), "it answers {answer}");
                Ok(Ended::Refused(why.to_owned()))
            }
        }
    }
}

fn verified(claims: &Value, stream: &Value, state: &str) -> Result<()> {
    ensure!(claims["events"] == json!({ VERIFICATION: { "state": state } }), "a verification was due: {claims}");
    let subject = json!({ "format": "opaque", "id": stream["stream_id"] });
    ensure!(claims["sub_id"] == subject, "it is about {}", claims["sub_id"]);
    Ok(())
}

/// How something must be refused.
enum Due {
    /// With this status and problem.
    Problem(u16, &'static str),
    /// Before anything can be asked, in these words.
    NoConnection(&'static str),
}

/// What must be refused: to whom, and what of whoever may come in.
fn refusals(world: &World<'_>, receiver: &Receiver, stream: &Value) -> Result<Vec<(&'static str, Due, Value)>> {
    let (streams, status) = (receiver.at("configuration_endpoint")?, receiver.at("status_endpoint")?);
    let (subjects, poll) = (receiver.at("add_subject_endpoint")?, stream["delivery"]["endpoint_url"].clone());
    let (id, other, foreigner) = (&stream["stream_id"], world.stage.folder().join(BUYERS[1]), world.foreign_buyer());
    let one = json!({ "stream_id": id });
    let read = |by: Option<&PathBuf>| json!({ "ask": ["GET", streams], "params": one, "as": by });
    let post = |url: &str, body: Value| json!({ "ask": ["POST", url], "json": body });
    let email = json!({ "stream_id": id, "subject": { "format": "email", "email": "a@buyer.example" } });
    let missing = || Due::Problem(404, "not-found");
    let bad = || Due::Problem(400, "bad-body");
    Ok(vec![
        ("the stream of another, by its own certificate", missing(), read(Some(&other))),
        ("a poll of the stream of another", missing(), json!({ "ask": ["POST", poll], "json": {}, "as": other })),
        ("a stream, without a certificate", Due::Problem(401, "certificate-required"), read(None)),
        ("a stream, by a certificate of another registry", Due::NoConnection("unknown ca"), read(Some(&foreigner))),
        ("a stream that is not there", missing(), post(&status, json!({ "stream_id": "none", "status": "paused" }))),
        ("a status that is none", bad(), post(&status, json!({ "stream_id": id, "status": "asleep" }))),
        ("a subject that is no supplier", bad(), post(&subjects, email)),
        ("an audience of the receiver's own", bad(), post(&streams, json!({ "aud": "me" }))),
        ("what is no JSON", bad(), json!({ "ask": ["POST", streams], "text": "{\"delivery\":" })),
    ])
}
