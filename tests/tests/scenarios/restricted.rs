//! A restricted verdict crosses a border when the arrangement names it, and nobody else learns of it: not by answers, lists, events,
//! statements, files or log lines, there or at a third registry; through kills, suspension, erasure and lies.

use std::time::{Duration, Instant};

use conformity::party::Role;
use federation::messages::{Answer, Confidence, Message, Refused, Restricted, RestrictedRequest};
use federation::subjects::Service;
use ledger::digest::Digest;
use ledger::entry::{Entry, Kind};
use ledger::key::Algorithm;
use registry_node::vault::Vault;
use serde_json::{Value, json};
use tests::buyer::Dialled;
use tests::claims::{change, day, reason, rule, terms, verdict, with};
use tests::impostor::{Impostor, Lie, now_ms};
use tests::{Buyer, Federation, Registry, soon};

use super::hostile_peer::{counted, counts};
use tests::secrets::holders;

const SUBJECT: &str = "jp.svc.feed.restricted";
const ID: &str = "Q-SECRET-9";
const QUIET: &str = "lei:5493001KJTIIGC8Y1R12";
const NAME: &str = "Quiet Works";
/// How long entitled ones may wait for what happened abroad.
const SECONDS: Duration = Duration::from_secs(5);

/// The rule by which eu recognises restricted verdicts of jp, too.
fn including(changes: Value) -> Value {
    let includes = json!({"discloses": ["level", "scope"], "restricted": true});
    with(with(rule("R-1", "jp", "eu", "stars"), includes), changes)
}

fn secret(id: &str) -> Value {
    let supplier = json!({"id": QUIET, "name": NAME, "country": "JP"});
    with(verdict(id), json!({"profile": "restricted", "supplier": supplier, "scope": "silent relays"}))
}

async fn makers(registry: &Registry) {
    let mut claim = registry.equip("maker", Role::Supplier, Algorithm::P256);
    claim["party"]["identifiers"] = json!([QUIET]);
    registry.operator().must("party-registered", claim).await;
}

/// jp and eu with an arrangement that includes restricted verdicts.
async fn arranged(changes: Value) -> Federation {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![including(changes)])).await;
    makers(federation.registry("eu")).await;
    federation
}

fn client(registry: &Registry, party: &str) -> registry_node::client::Client {
    match party {
        "public" => registry.public(),
        "operator" => registry.operator().client(),
        party => registry.party(party).client(),
    }
}

async fn answer(registry: &Registry, party: &str, path: &str) -> String {
    match client(registry, party).json::<Value>(path).await {
        Ok(answer) => answer.to_string(),
        Err(error) => error.to_string(),
    }
}

/// The path of what is proven of the supplier.
fn proof() -> String {
    format!("/v1/suppliers/{QUIET}/proof?scheme=stars%401")
}

/// What a proof says of the supplier: without checkpoint, time and hashes, which change by themselves.
fn lasting(answer: &str) -> String {
    let bundle: Value = serde_json::from_str(answer).unwrap_or_default();
    let Some(identifiers) = bundle["identifiers"].as_array() else { return answer.to_owned() };
    let known: Vec<_> = identifiers.iter().map(|one| json!([one["identifier"], one["entries"]])).collect();
    json!([known, bundle["entries"]]).to_string()
}

/// What each of these is told about the verdict and its supplier, and what everyone can list.
async fn told(registry: &Registry, parties: &[&str]) -> Vec<String> {
    let paths = [
        format!("/v1/verdicts/jp:{ID}"),
        format!("/v1/verdicts/jp:{ID}/disclosed"),
        format!("/v1/verdicts/jp:{ID}/proof"),
        format!("/v1/suppliers/{QUIET}/standing"),
        format!("/v1/suppliers/{QUIET}/standing?scheme=stars&country=JP"),
        "/v1/verdicts".to_owned(),
        "/v1/arrangements".to_owned(),
        proof(),
    ];
    let mut told = Vec::new();
    for party in parties {
        for path in &paths {
            told.push(format!("{party} {path}: {}", lasting(&answer(registry, party, path).await)));
        }
    }
    told
}

/// Waits until the party is told this of the verdict; gives how long that took.
async fn sees(registry: &Registry, party: &str, wanted: impl Fn(&Value) -> bool) -> Duration {
    let (path, begun) = (format!("/v1/verdicts/jp:{ID}"), Instant::now());
    soon(&format!("{party} is told of {ID}"), async || {
        let answer = client(registry, party).json::<Value>(&path).await.map_err(|error| error.to_string())?;
        if wanted(&answer["recognition"]) { Ok(()) } else { Err(answer.to_string()) }
    })
    .await;
    begun.elapsed()
}

async fn sees_nothing(registry: &Registry, party: &str) {
    soon(&format!("{party} is told nothing of {ID}"), async || {
        match client(registry, party).json::<Value>(&format!("/v1/verdicts/jp:{ID}")).await {
            Err(error) if error.to_string().contains("not-found") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

fn has(gap: &'static str) -> impl Fn(&Value) -> bool {
    move |one| one["gaps"].to_string().contains(gap)
}

/// What a stopped registry's log says beside seals.
fn said(registry: &Registry) -> Vec<Entry> {
    let log = registry.log();
    log.entries(0..log.size()).unwrap().into_iter().filter(|entry| entry.kind != Kind::Seal).collect()
}

const STRANGERS: [&str; 4] = ["public", "buyer-1", "cb-1", "ministry"];
const EVERYONE: [&str; 5] = ["public", "buyer-1", "cb-1", "ministry", "operator"];

/// jp, eu and us, which say all that they can say: eu recognises restricted verdicts of jp, us open ones, and us follows eu.
async fn neighbours() -> Federation {
    let federation = Federation::create(&["jp", "eu", "us"]).with_variable("REGISTRY_LOG", "trace");
    federation.start_all().await;
    for registry in federation.registries() {
        registry.furnish().await;
        makers(registry).await;
    }
    for (one, other) in [("jp", "eu"), ("jp", "us"), ("eu", "us")] {
        federation.peer(one, other).await;
    }
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![including(json!({}))])).await;
    federation.arrange(&terms("A-2", "bilateral", &["jp", "us"], vec![rule("R-1", "jp", "us", "stars")])).await;
    federation.arrange(&terms("A-3", "bilateral", &["eu", "us"], vec![rule("R-1", "eu", "us", "stars")])).await;
    federation.registry("jp").party("cb-1").must("verdict-granted", verdict("V-1")).await;
    for id in ["eu", "us"] {
        federation.registry(id).recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    }
    federation
}

/// The supplier itself proves by the log that there is nothing, to whomever it shows the file, and the file says what it leaves out.
async fn absent_by_the_log(eu: &Registry) {
    let maker = eu.party("maker");
    maker.cli(&["prove", "--supplier", QUIET, "--scheme", "stars@1", "--out", "standing.json"]).await;
    if !maker.folder().join("policy.toml").exists() {
        maker.cli(&["policy", "init", "policy.toml", "--genesis", eu.folder().genesis().to_str().unwrap()]).await;
    }
    let checked = maker.cli(&["verify", "standing.json", "--trust", "policy.toml"]).await;
    assert_eq!(
        (&checked["absent"], &checked["registered"], &checked["entries"]),
        (&json!(true), &json!("maker"), &json!([]))
    );
    let words = checked["steps"].to_string();
    assert!(words.contains("other than restricted verdicts of other registries, which are in no log"), "{words}");
    let file = std::fs::read_to_string(maker.folder().join("standing.json")).unwrap();
    assert!(![ID, "silent relays"].iter().any(|word| file.contains(word)), "{file}");
    std::fs::remove_file(maker.folder().join("standing.json")).unwrap();
}

/// What there is where there is no restricted verdict.
struct Nothing {
    eu: Vec<String>,
    us: Vec<String>,
    entries: [Vec<Entry>; 2],
}

impl Nothing {
    async fn of(federation: &Federation) -> Nothing {
        let (eu, us) = (federation.registry("eu"), federation.registry("us"));
        let told = (told(eu, &STRANGERS).await, told(us, &EVERYONE).await);
        for id in ["eu", "us"] {
            federation.node(id).stop();
        }
        let entries = [said(eu), said(us)];
        for id in ["eu", "us"] {
            federation.restart(id).await;
        }
        Nothing { eu: told.0, us: told.1, entries }
    }

    async fn is_all_that_others_see(&self, federation: &Federation) {
        assert_eq!(told(federation.registry("eu"), &STRANGERS).await, self.eu);
        assert_eq!(told(federation.registry("us"), &EVERYONE).await, self.us);
    }

    /// Neither logs nor folders nor what the nodes said hold any of it, and the vaults nothing any more.
    fn is_left(&self, federation: &Federation, needles: &[String]) {
        for (id, before) in ["eu", "us"].into_iter().zip(&self.entries) {
            let (registry, node) = (federation.registry(id), federation.node(id));
            node.stop();
            assert_eq!(said(registry), *before, "{id}: its log says nothing of it");
            assert_eq!(holders(registry.folder().path(), needles), Vec::<String>::new(), "nothing of it is in plain");
            assert!(node.lines_with(&["TRACE"]) > 0, "it says all that it can say");
            for needle in [ID, NAME] {
                assert_eq!(node.lines_with(&[needle]), 0, "{id}: {needle}");
            }
            let vault = Vault::open(&registry.folder().vault()).unwrap();
            for prefix in ["restricted/", "received/"] {
                assert_eq!(vault.names(prefix).unwrap(), Vec::<String>::new(), "{id}");
            }
        }
    }
}

/// The body documents the verdict; its credential keeps back what the statements tell, and the levels of viewpoints.
async fn document(body: &tests::Party) {
    let detail = json!({
        "reach": {"level": "4", "sites": ["Osaka", "Nagoya"]},
        "assessments": {"organization": {"level": "4"}, "process": {"level": "4"}},
    });
    std::fs::write(body.folder().join("detail.json"), detail.to_string()).unwrap();
    body.cli(&["credential", "issue", ID, "--assessed", &day(-20), "--detail", "detail.json", "--out", "c.sd-jwt"])
        .await;
}

/// The supplier reads at home that eu was shown it, and nobody else.
async fn used_by_eu_alone(jp: &Registry) {
    let uses = jp.party("maker").cli(&["consent", "uses", &format!("jp:{ID}")]).await;
    let uses = uses["uses"].as_array().unwrap();
    for way in ["statements", "peer"] {
        assert!(uses.iter().any(|one| one["way"] == way && one["arrangements"][0]["id"] == "A-1"), "{uses:?}");
    }
    assert!(uses.iter().all(|one| one["registry"] == "eu"), "{uses:?}");
}

/// What the peer is answered about restricted verdicts.
async fn asked(jp: &Registry, by: &Registry, from: u64) -> Value {
    let peer = Dialled::as_peer(jp, by).await;
    peer.connected().await;
    let question = json!({"from": from, "entries": 8});
    soon("the peer is answered", async || peer.ask(SUBJECT, &question).await.map_err(|error| error.to_string())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restricted_verdict_is_recognised_abroad_and_nobody_else_learns_of_it() {
    let federation = neighbours().await;
    let [jp, eu, us] = ["jp", "eu", "us"].map(|id| federation.registry(id));
    let nothing = Nothing::of(&federation).await;
    let mut heard = Buyer::listen(eu, &eu.party("buyer-1")).await;
    let body = jp.party("cb-1");
    let granted = body.must("verdict-granted", secret(ID)).await.index;
    sees(eu, "maker", |one| one["outcome"] == "recognised" && one["level"] == "4").await;
    sees(eu, "operator", |one| one["supplier"]["name"] == NAME).await;
    let standing = answer(eu, "maker", &format!("/v1/suppliers/{QUIET}/standing")).await;
    assert!(standing.contains(ID) && standing.contains("\"counts\":true"), "{standing}");
    absent_by_the_log(eu).await;
    nothing.is_all_that_others_see(&federation).await;

    let suspended = body.must("verdict-changed", change(ID, json!("suspended"))).await.index;
    let took = sees(eu, "maker", has("verdict-suspended")).await;
    assert!(took < SECONDS, "a suspension took {took:?}");
    assert!(heard.within(Duration::from_millis(500)).await.is_none(), "no buyer hears of it");
    federation.node("eu").kill();
    body.must("verdict-changed", change(ID, json!("restored"))).await;
    document(&body).await;
    federation.restart("eu").await;
    sees(eu, "maker", |one| one["outcome"] == "recognised").await;
    soon("what the credential keeps back is disclosed", async || {
        let seen = answer(eu, "maker", &format!("/v1/verdicts/jp:{ID}/disclosed")).await;
        if seen.contains("\"level\":\"4\"") { Ok(()) } else { Err(seen) }
    })
    .await;
    nothing.is_all_that_others_see(&federation).await;

    used_by_eu_alone(jp).await;
    let given = asked(jp, eu, granted).await["ok"]["statements"].as_array().unwrap().clone();
    assert_eq!([&given[0]["index"], &given[1]["index"]], [&json!(granted), &json!(suspended)], "{given:?}");
    assert_eq!(asked(jp, us, granted).await["refused"]["code"], "not-agreed");
    let signature = given[0]["statement"].as_str().unwrap().rsplit_once('.').unwrap().1.to_owned();
    let needles = [ID, NAME, "silent relays", &signature].map(str::to_owned);
    assert!(!holders(jp.folder().path(), &needles).is_empty(), "where it was granted it is in the log");

    jp.operator().must("statement-erased", json!({"index": granted, "reason": reason("request")})).await;
    for party in ["maker", "operator"] {
        sees_nothing(eu, party).await;
    }
    nothing.is_all_that_others_see(&federation).await;
    nothing.is_left(&federation, &needles);
}

/// What was made of open verdicts last is in the log before anything is made of restricted ones, however many there are.
fn open_before_restricted(stopped: &Registry) {
    let log = stopped.log();
    let stated = log.entries(0..log.size()).unwrap().iter().rposition(|entry| entry.kind == Kind::Recognition).unwrap();
    let vault = Vault::open(&stopped.folder().vault()).unwrap();
    let made = vault.names("restricted/").unwrap().into_iter().filter(|name| name.ends_with("/made"));
    for name in made {
        let made: Value = serde_json::from_slice(&vault.value(&name).unwrap().unwrap()).unwrap();
        assert!(made["since"]["index"].as_u64().unwrap() >= stated as u64, "{made} before {stated}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_kept_and_ends_with_the_arrangement_as_the_rule_says() {
    let federation = arranged(json!({"onSuspension": "keep"})).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    jp.party("cb-1").must("verdict-granted", secret(ID)).await;
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    sees(eu, "maker", |one| one["outcome"] == "recognised").await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    jp.operator().must("arrangement-suspended", json!({"id": "A-1", "reason": reason("as-agreed")})).await;
    sees(eu, "maker", has("kept-while-suspended")).await;
    federation.node("eu").kill();
    open_before_restricted(eu);
    federation.restart("eu").await;
    sees(eu, "maker", has("kept-while-suspended")).await;
    let peer = Dialled::as_peer(jp, eu).await;
    peer.connected().await;
    soon("nobody answers about restricted verdicts", async || {
        match peer.ask(SUBJECT, &json!({"from": 0, "entries": 64})).await {
            Err(_) => Ok(()),
            Ok(answer) if answer["refused"]["code"] == "not-agreed" => Err("it waits for the accounts".to_owned()),
            Ok(answer) => Err(answer.to_string()),
        }
    })
    .await;
    let over = json!({"id": "A-1", "effective": day(0), "reason": reason("over")});
    jp.operator().must("arrangement-ended", over).await;
    for party in ["maker", "operator"] {
        sees_nothing(eu, party).await;
    }
    federation.node("eu").stop();
    assert!(Vault::open(&eu.folder().vault()).unwrap().names("restricted/").unwrap().is_empty());
}

/// An answer about restricted verdicts, by what is asked.
type Says = Box<dyn Fn(&RestrictedRequest) -> Answer<Restricted> + Send>;

/// What is shown at this place, and nothing else.
fn only(index: u64, statement: &str) -> impl Fn(&RestrictedRequest) -> Answer<Restricted> + Send + 'static {
    let statement = statement.to_owned();
    move |asked| {
        let end = asked.from + u64::from(asked.entries);
        let shown = (asked.from..end).contains(&index).then(|| Confidence { index, statement: statement.clone() });
        Answer::Ok(Restricted { statements: shown.into_iter().collect(), gone: Vec::new(), next: end })
    }
}

fn says(says: impl Fn(&RestrictedRequest) -> Answer<Restricted> + Send + 'static) -> Lie {
    Lie::answer(Service::Restricted, move |payload| Some(says(&RestrictedRequest::decode(payload).ok()?).encode()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_lie_about_restricted_verdicts_is_counted_and_nothing_of_it_counts_or_is_quoted() {
    let federation = arranged(json!({})).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    jp.party("cb-1").must("verdict-granted", verdict("V-0")).await;
    eu.recognises("jp:V-0", |one| one["outcome"] == "recognised").await;
    federation.node("jp").stop();
    let impostor = Impostor::take_over(jp, "eu").await;
    let body = jp.party("cb-1");
    let text = |claim: Value| String::from_utf8(body.sign("verdict-granted", claim).to_vec()).unwrap();
    let moon = text(with(secret("X-1"), json!({"scheme": "moons@1"})));
    // What its log commits to, and what it says of that.
    let lies: Vec<(&str, String, Box<dyn Fn(u64, &str) -> Says>)> = vec![
        ("restricted-unasked", text(secret("S-0")), Box::new(|index, own| Box::new(only_at(index, index + 1, own)))),
        (
            "restricted-other-statement",
            text(secret("S-1")),
            Box::new(|index, own| Box::new(only(index, &own.replace("ey", "eY")))),
        ),
        ("restricted-malformed", text(secret("S-2")), Box::new(|index, own| Box::new(many(index, own)))),
        (
            "restricted-refused",
            text(secret("S-3")),
            Box::new(|_, _| Box::new(|_: &RestrictedRequest| Answer::Refused(Refused::new("because", ID)))),
        ),
        ("out-of-scope", moon, Box::new(|index, own| Box::new(only(index, own)))),
    ];
    for (number, (code, statement, lie)) in (1..).zip(lies) {
        // What the public is told is neutral; the specific code is in the node's own log. What is only left out is told nobody else.
        let public = code.starts_with("restricted-");
        let before = counted(eu, "incomplete").await;
        let index = impostor.change(|past| {
            let digest = Digest::of(statement.as_bytes());
            // It withholds it from everyone.
            past.push(Entry { kind: Kind::Statement, time_ms: now_ms(), digest }, None);
            past.append(&body.sign("verdict-granted", verdict(&format!("V-{number}"))));
            past.size() - 2
        });
        impostor.lie(says(lie(index, &statement)));
        impostor.hint().await;
        if public {
            counts(eu, "incomplete", before).await;
        }
        soon(&format!("the operator is told of {code}"), async || {
            let told = federation.node("eu").lines_with(&[code]);
            if told > 0 { Ok(()) } else { Err("nothing is said".to_owned()) }
        })
        .await;
        let status = eu.peer_status("jp").await.to_string();
        assert!(
            ![ID, "S-", "X-1", QUIET, "estricted", "out-of-scope"].iter().any(|word| status.contains(word)),
            "{status}"
        );
        impostor.lie(says(only(index, &statement)));
        impostor.hint().await;
        eu.recognises(&format!("jp:V-{number}"), |one| one["outcome"] == "recognised").await;
    }
    the_truth_counts(eu, &["S-0", "S-1", "S-2", "S-3"]).await;
    assert!(eu.operator().client().json::<Value>("/v1/verdicts/jp:X-1").await.is_err());
}

/// What was lied about is recognised once it is told as it is, and the public is not told of it.
async fn the_truth_counts(eu: &Registry, ids: &[&str]) {
    let operator = eu.operator().client();
    for id in ids {
        soon("the truth counts", async || {
            let answer =
                operator.json::<Value>(&format!("/v1/verdicts/jp:{id}")).await.map_err(|error| error.to_string())?;
            if answer["recognition"]["outcome"] == "recognised" { Ok(()) } else { Err(answer.to_string()) }
        })
        .await;
        assert!(eu.ask(&format!("/v1/verdicts/jp:{id}")).await.is_err(), "{id}");
    }
}

/// At a place that is shown to everyone.
fn only_at(
    asked: u64,
    said: u64,
    statement: &str,
) -> impl Fn(&RestrictedRequest) -> Answer<Restricted> + Send + 'static {
    let honest = only(asked, statement);
    move |request| match honest(request) {
        Answer::Ok(mut answer) => {
            answer.statements.iter_mut().for_each(|one| one.index = said);
            Answer::Ok(answer)
        }
        refused @ Answer::Refused(_) => refused,
    }
}

/// More statements than one answer may have.
fn many(index: u64, statement: &str) -> impl Fn(&RestrictedRequest) -> Answer<Restricted> + Send + 'static {
    let honest = only(index, statement);
    move |request| match honest(request) {
        Answer::Ok(answer) => Answer::Ok(Restricted {
            statements: answer.statements.iter().cycle().take(65).cloned().collect(),
            ..answer
        }),
        refused @ Answer::Refused(_) => refused,
    }
}
