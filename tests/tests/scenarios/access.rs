//! Who is let in, to what, and that whoever is cut off is gone: buyers, peers, former peers, on the sockets themselves.

use std::time::Duration;

use bytes::Bytes;
use certs::ClientFiles;
use federation::access::Inbox;
use federation::bus::BusError;
use ledger::journal::Stored;
use ledger::proof::TlogProof;
use serde_json::{Value, json};
use tests::buyer::Dialled;
use tests::claims::{self, rule, terms, verdict};
use tests::federation::{force, peer_claim};
use tests::party::{JOSE, STATEMENTS};
use tests::{Buyer, Events, Federation, Registry, soon, until};

/// Measured: half a second until a revocation is read, milliseconds until the connection is gone. Machines are busy.
const CUT: Duration = Duration::from_secs(4);
/// How long a silence must last to be believed.
const SILENCE: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_certificate_is_cut_wherever_it_is_in_use() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let (body, buyer) = (jp.party("cb-1"), jp.party("buyer-1"));
    let mut writing = body.connect().await.unwrap();
    let mut stream = Events::open(&buyer.client(), "/v1/events", None).await.unwrap();
    let listening = Buyer::listen(jp, &buyer).await;
    writing.post(STATEMENTS, JOSE, body.sign("verdict-granted", verdict("V-1"))).await.unwrap();
    stream.until("verdict.granted").await;
    jp.revoke("certification-body/cb-1");
    jp.revoke("buyer/buyer-1");
    listening.dialled.cut(CUT).await;
    until("the stream ends", CUT, async || match stream.within(CUT).await {
        Some(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    let late = body.sign("verdict-granted", verdict("V-2"));
    until("the writer's connection ends", CUT, async || {
        let taken = writing.post(STATEMENTS, JOSE, late.clone()).await;
        taken.map_or(Ok(()), |_| Err("it was taken".to_owned()))
    })
    .await;
    assert!(body.send(late).await.is_err(), "nor is there a new connection");
    let again =
        Dialled::as_buyer(jp, files(buyer.credentials().tls()), Inbox::buyer(&"buyer-1".parse().unwrap())).await;
    assert!(again.link().connected(SILENCE).await.is_err(), "on NATS neither");
    // Whoever reads as anybody goes on.
    assert_eq!(jp.verdict("jp:V-1").await["state"], "granted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buyer_hears_statuses_and_can_do_nothing_else() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let mut honest = Buyer::listen(jp, &jp.party("buyer-1")).await;
    let curious = jp.register("buyer-2", conformity::party::Role::Buyer).await;
    let curious = Buyer::listen(jp, &curious).await.dialled;
    let mut elsewhere = Vec::new();
    for pattern in ["svc.>", "out.>", "$SYS.>", "_INBOX.>", "jp.>", "_INBOX.node.>"] {
        elsewhere.push((pattern, curious.listen(pattern).await));
        soon(&format!("{pattern} is refused"), async || {
            let said = curious.link().state().borrow().last_error.clone().unwrap_or_default();
            let refused = said.to_lowercase().contains("permissions violation") && said.contains(pattern);
            if refused { Ok(()) } else { Err(said) }
        })
        .await;
    }
    // What a buyer sends goes nowhere: not to other buyers, not to the node.
    let forged = Bytes::from_static(b"{\"type\":\"forged\"}");
    for subject in ["status.jp.stars.forged", "svc.eu.control.hello", "out.eu.control.head"] {
        let _ = curious.publish(subject, forged.clone()).await;
    }
    assert!(curious.ask("jp.svc.control.hello", &json!({})).await.is_err());
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    let (subject, event) = honest.next().await;
    assert_eq!(subject, format!("status.jp.stars.{}", claims::SUPPLIER), "the first that is heard is true");
    assert_eq!(event["subject"], "jp:V-1");
    let told = ["texten", "textja"].map(|member| event[member].as_str().unwrap_or_default().to_owned());
    assert!(told[0].ends_with("is granted.") && told[1].ends_with("付与されました。"), "{event}");
    for (pattern, mut listening) in elsewhere {
        let heard = listening.within(Duration::from_millis(50)).await;
        assert_eq!(heard, None, "{pattern}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_arrangement_takes_the_feed_and_leaves_control() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let peer = Dialled::as_peer(jp, eu).await;
    peer.connected().await;
    // Control comes with the account, as soon as the node listens there; the feed not for a moment.
    soon("the peer has control", async || {
        let (control, feed) = has(&peer).await;
        assert!(!feed, "nothing is in force yet");
        if control { Ok(()) } else { Err("nobody answers".to_owned()) }
    })
    .await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    has_soon(&peer, (true, true)).await;
    let step = json!({"id": "A-1", "reason": claims::reason("as-agreed")});
    eu.operator().must("arrangement-suspended", step.clone()).await;
    force(jp, "A-1", "suspended").await;
    has_soon(&peer, (true, false)).await;
    eu.operator().must("arrangement-restored", step).await;
    has_soon(&peer, (true, true)).await;
    assert_eq!(peer.link().state().borrow().connections, 1, "all on one connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expelled_peer_is_gone_until_it_is_added_again() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let peer = Dialled::as_peer(jp, eu).await;
    peer.connected().await;
    let expelled = json!({"registry": "eu", "reason": claims::reason("breach")});
    jp.operator().must("peer-expelled", expelled).await;
    peer.cut(CUT).await;
    tokio::time::sleep(SILENCE).await;
    assert!(!peer.link().state().borrow().connected, "it dials again in vain");
    status(eu, "jp", |status| status["state"] == "unreachable").await;
    assert_eq!(jp.peer_status("eu").await["status"], Value::Null, "and is followed no more");
    jp.operator().must("peer-added", peer_claim(eu)).await;
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    status(jp, "eu", |status| status["state"] != "unreachable").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_peer_speaks_or_hears_as_another() {
    let federation = Federation::start(&["jp", "eu", "us"]).await;
    federation.peer("jp", "eu").await;
    federation.peer("jp", "us").await;
    let (jp, eu, us) = (federation.registry("jp"), federation.registry("eu"), federation.registry("us"));
    let liar = Dialled::as_peer(jp, us).await;
    liar.connected().await;
    let mut overheard = Vec::new();
    for pattern in ["_INBOX.eu.>", "svc.>", "out.eu.>", "status.>"] {
        overheard.push((pattern, liar.listen(pattern).await));
    }
    for subject in ["svc.eu.control.hello", "svc.us.control.hello", "out.eu.control.head", "eu.svc.control.hello"] {
        assert!(liar.ask(subject, &json!({})).await.is_err(), "{subject} was answered");
    }
    // An act of eu, told by us: the account says who speaks, and eu's own word for it is missing.
    let agreed = terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")]);
    eu.operator().must("arrangement-signed", claims::signed(&agreed)).await;
    force(jp, "A-1", "unsigned").await;
    let index = acts(eu).await;
    let placed = eu.must_ask(&format!("/v1/statements/{index}")).await;
    let notice = json!({"statement": placed["statement"], "proof": placed["proof"]});
    let answer = liar.ask("jp.svc.control.notice", &notice).await.unwrap();
    assert_eq!(answer["refused"]["code"], "unknown-signer", "{answer}");
    // Meanwhile the real ones talk; nothing of it is overheard.
    federation.arrange_rest(&agreed, &["jp"]).await;
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    for (pattern, mut listening) in overheard {
        assert_eq!(listening.within(Duration::from_millis(50)).await, None, "{pattern}");
    }
    assert!(us.ask("/v1/verdicts/jp:V-1").await.is_err(), "who has agreed nothing recognises nothing");
}

/// A peer's own word for what it did counts only as it signed it and as its log holds it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_is_believed_by_signature_and_proof() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let agreed = terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")]);
    eu.operator().must("arrangement-signed", claims::signed(&agreed)).await;
    force(jp, "A-1", "unsigned").await;
    let act = acts(eu).await;
    // The real eu is away from here on: whatever comes is what is sent here.
    federation.node("eu").stop();
    let before = jp.must_ask("/v1/arrangements").await;
    let log = eu.log();
    let proof = |index: u64, time_of: u64| {
        let extra = Some(log.time_of(time_of).unwrap().to_be_bytes().to_vec());
        TlogProof { extra, ..log.proof(index).unwrap() }.to_string()
    };
    let Stored::Bytes(compact) = log.statement(act).unwrap() else { panic!("it is there") };
    let true_statement = String::from_utf8(compact.to_vec()).unwrap();
    let (true_proof, other_proof, other_time) = (proof(act, act), proof(1, act), proof(act, 0));
    let other = terms("A-2", "bilateral", &["jp", "eu"], vec![rule("R-1", "eu", "jp", "stars")]);
    let never_said = eu.operator().sign("arrangement-signed", claims::signed(&other));
    let never_said = String::from_utf8(never_said.to_vec()).unwrap();
    let (head, _) = true_statement.rsplit_once('.').unwrap();
    let crossed = format!("{head}.{}", never_said.rsplit_once('.').unwrap().1);
    let rows = [
        ("another statement's signature", &crossed, &true_proof, "bad-signature"),
        ("the proof of another entry", &true_statement, &other_proof, "bad-proof"),
        ("the proof under another time", &true_statement, &other_time, "bad-proof"),
        ("no proof", &true_statement, &String::new(), "bad-proof"),
        ("signed, and never said in its log", &never_said, &true_proof, "bad-proof"),
    ];
    let liar = Dialled::as_peer(jp, eu).await;
    liar.connected().await;
    for (why, statement, proof, code) in rows {
        let answer = liar.ask("jp.svc.control.notice", &json!({"statement": statement, "proof": proof})).await.unwrap();
        assert_eq!(answer["refused"]["code"], code, "{why}: {answer}");
    }
    let told = liar.ask("jp.svc.control.notice", &json!({"statement": true_statement, "proof": true_proof})).await;
    assert!(told.unwrap().get("refused").is_none(), "the truth is taken, again");
    assert_eq!(jp.must_ask("/v1/arrangements").await, before, "nothing of it stands in the log");
}

/// Place of the newest statement about an arrangement in a log.
async fn acts(registry: &Registry) -> u64 {
    let all = registry.must_ask("/v1/arrangements").await;
    let acts = all["arrangements"][0]["acts"].as_array().unwrap().clone();
    acts.iter()
        .filter(|act| act["registry"] == registry.id())
        .filter_map(|act| act["moment"]["index"].as_u64())
        .max()
        .unwrap()
}

async fn status(registry: &Registry, peer: &str, wanted: impl Fn(&Value) -> bool) {
    soon(&format!("{peer} at {}", registry.id()), async || {
        let found = registry.peer_status(peer).await;
        if wanted(&found["status"]) { Ok(()) } else { Err(found.to_string()) }
    })
    .await;
}

/// Whether a peer at jp has control, and the feed.
async fn has(peer: &Dialled) -> (bool, bool) {
    let control = peer.ask("jp.svc.control.hello", &json!({})).await;
    let feed = peer.ask("jp.svc.feed.range", &json!({"from": 0, "entries": 1})).await;
    assert!(!matches!(&feed, Err(error) if *error != BusError::NobodyAnswers), "{feed:?}");
    (control.is_ok(), feed.is_ok())
}

async fn has_soon(peer: &Dialled, wanted: (bool, bool)) {
    soon("the peer has control and feed as it should", async || {
        let found = has(peer).await;
        if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

fn files((certificate, key): (std::path::PathBuf, std::path::PathBuf)) -> ClientFiles {
    ClientFiles { certificate, key }
}
