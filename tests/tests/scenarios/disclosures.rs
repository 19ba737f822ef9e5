//! What an arrangement names of a summary verdict travels to the peer, decides there, rests encrypted, and is told to nobody;
//! through kills, curiosity, the end of the arrangement, and lies.

use credential::sd_jwt::Pieces;
use federation::messages::{Answer, Disclosures, DisclosuresRequest, Message};
use federation::subjects::Service;
use serde_json::{Value, json};
use tests::buyer::Dialled;
use tests::claims::{self, day, rule, terms, verdict, with};
use tests::impostor::{Impostor, Lie};
use tests::secrets::LEVEL_GIVEN_AWAY;
use tests::{Chance, Federation, Registry, Secrets, soon};
use tokio::time::{Duration, sleep};

use super::hostile_peer::{counted, counts};

const SUBJECT: &str = "jp.svc.feed.disclosures";
/// Where the verdicts were assessed; the arrangement does not name that.
const SITE: &str = "Kept-back Works, Osaka";

/// jp and eu, whose arrangement asks for level 4 and names the level.
async fn arranged(federation: Federation) -> Federation {
    federation.peer("jp", "eu").await;
    let asks = with(rule("R-1", "jp", "eu", "stars"), json!({"levels": {"min": "4"}, "discloses": ["level"]}));
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![asks])).await;
    for registry in ["jp", "eu"] {
        federation.registry(registry).register_supplier("maker").await;
    }
    federation
}

/// A verdict with its credential; gives the index of the credential and all of it.
async fn documented(jp: &Registry, id: &str, profile: &str, level: &str) -> (u64, String) {
    let body = jp.party("cb-1");
    let terms = json!({"profile": profile, "level": null, "sites": null});
    body.must("verdict-granted", with(verdict(id), terms)).await;
    let detail = json!({
        "reach": {"level": level, "sites": [SITE]},
        "assessments": {"organization": {"level": level}, "process": {"level": level}},
    });
    let (file, out) = (format!("{id}.json"), format!("{id}.sd-jwt"));
    std::fs::write(body.folder().join(&file), detail.to_string()).unwrap();
    let made = body.cli(&["credential", "issue", id, "--assessed", &day(-20), "--detail", &file, "--out", &out]).await;
    let whole = std::fs::read_to_string(body.folder().join(&out)).unwrap();
    let index = made["index"].as_u64().unwrap_or_else(|| panic!("{made}"));
    (index, whole)
}

/// The credential with one bit of the first salt turned over.
fn altered(whole: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = whole.find('~').unwrap() + 8;
    let digit = DIGITS.iter().position(|digit| *digit == whole.as_bytes()[place]).unwrap();
    let other = char::from(DIGITS[digit ^ 1]);
    format!("{}{other}{}", &whole[..place], &whole[place + 1..])
}

async fn disclosed(registry: &Registry, party: &str, id: &str) -> Result<Value, String> {
    let party = if party == "operator" { registry.operator() } else { registry.party(party) };
    let path = format!("/v1/verdicts/jp:{id}/disclosed");
    party.client().json::<Value>(&path).await.map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_level_that_is_kept_back_decides_abroad_and_is_told_to_nobody() {
    let mut chance = Chance::new();
    let federation = arranged(Federation::start_tracing(&["jp", "eu"]).await).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    // Whatever is under way when a node is killed is done again.
    federation.node("eu").kill();
    let (index, high) = documented(jp, "V-1", "summary", "4").await;
    let (_, low) = documented(jp, "V-2", "summary", "3").await;
    for victim in ["eu", "jp", "eu"] {
        if victim == "eu" {
            federation.node("eu").start();
        }
        sleep(Duration::from_millis(chance.below(1_500))).await;
        federation.node(victim).kill();
        if victim == "jp" {
            federation.restart("jp").await;
        }
    }
    federation.restart("eu").await;
    let told = eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    soon("the lower level rests here, too", async || disclosed(eu, "operator", "V-2").await).await;
    let refused = eu.recognises("jp:V-2", |one| one["outcome"] == "refused").await;
    assert_eq!(refused["gaps"][0]["code"], "level-kept-back", "{refused}");
    assert_eq!((told.get("level"), told["countsAs"].get("level")), (None, None), "{told}");

    for party in ["operator", "maker"] {
        let seen = disclosed(eu, party, "V-1").await.unwrap();
        assert_eq!((&seen["levels"]["level"], &seen["credential"]), (&json!("4"), &json!(index)), "{seen}");
        assert_eq!(seen["parts"], json!(["level"]));
        assert!(!seen.to_string().contains(SITE));
    }
    for party in ["buyer-1", "cb-1", "ministry"] {
        let unseen = disclosed(eu, party, "V-1").await.unwrap_err();
        assert_eq!(unseen, disclosed(eu, party, "V-0").await.unwrap_err().replace("V-0", "V-1"), "{party}");
    }
    let uses = jp.party("maker").cli(&["consent", "uses", "jp:V-1"]).await;
    let one = &uses["uses"][0];
    assert_eq!((&one["registry"], &one["way"], &one["parts"]), (&json!("eu"), &json!("peer"), &json!(["level"])));
    assert_eq!(one["arrangements"], json!([{"id": "A-1", "version": 1}]));
    let secrets = Secrets::of(&[high, low], &[SITE]).and(LEVEL_GIVEN_AWAY);
    secrets.found_nowhere(&federation, &["V-1", "V-2"]).await;

    jp.operator()
        .must("arrangement-ended", json!({"id": "A-1", "effective": day(0), "reason": claims::reason("over")}))
        .await;
    eu.recognises("jp:V-1", |one| one["gaps"].to_string().contains("arrangement-ended")).await;
    soon("what was disclosed is gone", async || match disclosed(eu, "operator", "V-1").await {
        Err(_) => Ok(()),
        Ok(still) => Err(still.to_string()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_curious_peer_gets_what_the_terms_name_and_nothing_else() {
    let federation = arranged(Federation::start(&["jp", "eu"]).await).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let (summary, kept) = documented(jp, "V-1", "summary", "4").await;
    let hidden = with(verdict("V-2"), json!({"profile": "restricted"}));
    let restricted = jp.party("cb-1").must("verdict-granted", hidden).await.index;
    let peer = Dialled::as_peer(jp, eu).await;
    peer.connected().await;
    let question = |pairs: &[(&str, u64)]| {
        let credentials: Vec<_> = pairs.iter().map(|(id, index)| json!({"verdict": id, "index": index})).collect();
        json!({"credentials": credentials})
    };
    let asked = question(&[("V-1", summary), ("V-2", restricted), ("V-0", 7), ("V-1", summary - 1)]);
    let answer =
        soon("it is answered", async || peer.ask(SUBJECT, &asked).await.map_err(|error| error.to_string())).await;
    let shown = answer["ok"]["credentials"].as_array().unwrap().clone();
    assert_eq!(
        &shown[1..],
        [Value::Null, Value::Null, Value::Null],
        "restricted, absent and not the newest look alike"
    );
    let text = shown[0].as_str().unwrap();
    let count = |text: &str| Pieces::of(text).unwrap().disclosures().count();
    let (came, kept) = (count(text), count(&kept));
    assert!((1..kept).contains(&came), "{came} of {kept}");
    let many: Vec<_> = (0..17).map(|_| ("V-1", summary)).collect();
    assert_eq!(peer.ask(SUBJECT, &question(&many)).await.unwrap()["refused"]["code"], "malformed");

    let step = json!({"id": "A-1", "reason": claims::reason("as-agreed")});
    eu.operator().must("arrangement-suspended", step).await;
    soon("nobody answers", async || match peer.ask(SUBJECT, &asked).await {
        Err(_) => Ok(()),
        Ok(answer) if answer["ok"]["credentials"][0].is_null() => Err("it waits for the accounts".to_owned()),
        Ok(answer) => Err(answer.to_string()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_peer_discloses_nothing_that_its_log_does_not_commit_to() {
    let federation = arranged(Federation::start(&["jp", "eu"]).await).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    federation.node("eu").kill();
    let (index, kept) = documented(jp, "V-1", "summary", "4").await;
    documented(jp, "V-2", "summary", "4").await;
    federation.node("jp").stop();
    let impostor = Impostor::take_over(jp, "eu").await;
    let folder = jp.party("cb-1").folder().to_owned();
    let whole = |id: &str| std::fs::read_to_string(folder.join(format!("{id}.sd-jwt"))).unwrap();
    let (own, other) = (whole("V-1"), whole("V-2"));
    let signed = Pieces::of(&own).unwrap().jwt().to_owned();
    let foreign = format!("{signed}~{}~", Pieces::of(&other).unwrap().disclosures().next().unwrap());
    let altered = altered(&own);
    let flipped = own.replacen('~', "x~", 1);
    let lies = [
        ("disclosure-other-credential", other),
        ("disclosure-foreign", foreign),
        ("disclosure-other-credential", flipped),
        ("disclosure-foreign", altered),
        ("disclosure-unasked", own),
        ("disclosure-malformed", format!("{signed}~{}~", "A".repeat(900_000))),
    ];
    for (place, (code, text)) in lies.into_iter().enumerate() {
        let before = if place == 0 { 0 } else { counted(eu, code).await };
        impostor.lie(Lie::answer(Service::Disclosures, move |payload| {
            let asked = DisclosuresRequest::decode(payload).ok()?.credentials;
            let about = |one: &federation::messages::CredentialAt| (one.index == index).then(|| text.clone());
            Some(Answer::Ok(Disclosures { credentials: asked.iter().map(about).collect() }).encode())
        }));
        // Told before it is asked for, so that it waits for nothing.
        if place == 0 {
            federation.restart("eu").await;
        }
        counts(eu, code, before).await;
        let answer = eu.verdict("jp:V-1").await;
        assert_eq!(answer["recognition"]["gaps"][0]["code"], "level-kept-back", "{code}: {answer}");
        assert!(disclosed(eu, "operator", "V-1").await.is_err(), "{code}");
    }
    let status = eu.peer_status("jp").await.to_string();
    assert_eq!(Secrets::of(&[kept], &[SITE]).in_text(&status), Vec::<&str>::new());
}
