//! Credentials from the slot to the status list: who gets what, what is refused, what is left after an erasure.

use bytes::Bytes;
use certs::{Authority, Holder, Lifetime};
use conformity::credential::StatusSlot;
use conformity::key::Der;
use conformity::party::Role;
use conformity::records::Facts;
use credential::attestation::{Attestation, PAD_TO, concealed, read, write};
use credential::jwt::KidRule;
use credential::sd_jwt::{Issuance, REGISTRY, SystemSalts, Unverified, issue};
use credential::status::Status;
use credential::status::bitstring::StatusCredential;
use credential::status::token;
use ledger::key::PublicKey;
use serde_json::{Value, json};

use crate::core::replay::restore;

use super::fixture::{Got, ORIGIN, Person, World, change, day, now, restricted, verdict};

const MEDIA_TYPE: &str = "application/dc+sd-jwt";
const SECRET: &str = "weak password of the shop floor account";

/// What the body says of a verdict that is like `claim`.
pub(super) fn attestation(world: &World, claim: &Value, slot: StatusSlot) -> Attestation {
    let open = claim["profile"] == "open";
    let mut credential = json!({
        "origin": ORIGIN, "registry": "jp", "didWeb": world.registry.genesis.did_web, "body": "The certification-body cb-1",
        "verdict": claim["verdict"], "slot": slot, "supplier": claim["supplier"], "object": claim["object"],
        "scheme": claim["scheme"], "documents": ["sp800-171@r3"], "evaluation": "third-party",
        "viewpoints": claim["viewpoints"], "assessed": day(-20), "scope": claim["scope"],
        "validFrom": claim["validFrom"], "validUntil": claim["validUntil"], "profile": claim["profile"],
    });
    if open {
        credential["reach"] = json!({});
    }
    let finding = json!({"document": "sp800-171@r3", "requirement": "03.01.02", "text": SECRET});
    let results = json!([{"document": "sp800-171@r3", "requirement": "03.01.02", "outcome": "partly-met"}]);
    let mut detail = json!({"assessments": {"organization": {"results": results, "findings": [finding]}}});
    for viewpoint in claim["viewpoints"].as_array().unwrap().iter().filter(|viewpoint| *viewpoint != "organization") {
        let result = json!({"document": "sp800-171@r3", "requirement": "03.01.03", "outcome": "not-applicable"});
        detail["assessments"][viewpoint.as_str().unwrap()] = json!({"results": [result]});
    }
    if !open {
        // What the log shows in summary, only the credential says.
        let sites = if claim["profile"] == "summary" { json!(["Osaka"]) } else { json!(claim["sites"].as_array()) };
        detail["reach"] = json!({"sites": sites.as_array().cloned().unwrap_or_default()});
    }
    Attestation {
        issuer: "cb-1".parse().unwrap(),
        jti: format!("c-{}", slot.index()).parse().unwrap(),
        iat: now().as_second(),
        credential: serde_json::from_value(credential).unwrap(),
        detail: serde_json::from_value(detail).unwrap(),
    }
}

pub(super) fn signed(person: &Person, attestation: &Attestation) -> String {
    certified(person, attestation, &[])
}

/// The same with certificates.
fn certified(person: &Person, attestation: &Attestation, certificates: &[Der]) -> String {
    let payload = write(attestation).unwrap();
    let conceal = concealed(&payload, attestation.credential.reach.is_some());
    let issuance = Issuance { payload, conceal: &conceal, pad_to: PAD_TO, certificates };
    issue(person.key(), issuance, &mut SystemSalts::default()).unwrap().present(|_| true).as_str().to_owned()
}

pub(super) async fn slot(world: &World, person: &Person) -> StatusSlot {
    let got = world.talk(Some(person)).await.post("/v1/status-slots", "application/json", Bytes::new()).await;
    assert_eq!(got.status, 200, "{got:?}");
    let place = &got.json()["slots"][0];
    assert_eq!(place["uri"], format!("https://localhost:7443/v1/status-lists/{}", place["list"]));
    StatusSlot::new(place["list"].as_u64().unwrap() as u32, place["index"].as_u64().unwrap() as u32).unwrap()
}

pub(super) async fn submit(world: &World, person: &Person, text: String) -> Got {
    world.talk(Some(person)).await.post("/v1/statements", MEDIA_TYPE, text).await
}

/// A credential of `claim`, which must be taken.
pub(super) async fn documented(world: &World, claim: &Value) -> (StatusSlot, u64, String) {
    let body = world.person("cb-1");
    let slot = slot(world, &body).await;
    let text = signed(&body, &attestation(world, claim, slot));
    let got = submit(world, &body, text.clone()).await;
    assert_eq!(got.status, 201, "{got:?}");
    (slot, got.json()["index"].as_u64().unwrap(), text)
}

pub(super) async fn fetch(world: &World, who: Option<&str>, verdict: &str) -> Got {
    let person = who.map(|who| if who == "operator" { world.operator() } else { world.person(who) });
    world.talk(person.as_ref()).await.ask(&format!("/v1/credentials/jp:{verdict}")).await.without_date()
}

fn node_key(world: &World) -> PublicKey {
    PublicKey::from_jwk(&serde_json::to_string(&world.registry.genesis.node_key).unwrap()).unwrap()
}

/// What the lists say once they are rendered again.
pub(super) async fn status(world: &World, slot: StatusSlot) -> (Status, bool, bool) {
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    let got = world.ask(&format!("/v1/status-lists/{}", slot.list())).await;
    assert_eq!(got.header("content-type"), "application/statuslist+jwt");
    assert_eq!(got.header("cache-control"), "public, max-age=30");
    let text = String::from_utf8(got.body.to_vec()).unwrap();
    let token = token::Unverified::parse(&text, KidRule::Thumbprint).unwrap().verify(&node_key(world)).unwrap();
    assert_eq!(token.token().ttl, Some(30));
    let ietf = token.token().list.status(slot.index().into()).unwrap();
    (ietf, bit(world, slot, "revocation").await, bit(world, slot, "suspension").await)
}

async fn bit(world: &World, slot: StatusSlot, purpose: &str) -> bool {
    bitstring(world, slot, purpose).await.list.is_set(slot.index().into()).unwrap()
}

async fn bitstring(world: &World, slot: StatusSlot, purpose: &str) -> StatusCredential {
    let got = world.ask(&format!("/v1/bitstring-status-lists/{}/{purpose}", slot.list())).await;
    assert_eq!(got.header("content-type"), "application/vc+jwt");
    assert_eq!(got.header("cache-control"), "public, max-age=30");
    let payload = ledger::compact::Compact::split(&got.body).unwrap();
    payload.verify(&node_key(world)).unwrap();
    let list = StatusCredential::from_json(&payload.payload).unwrap();
    assert_eq!(list.ttl_ms, Some(30_000), "as in the header, and in the list of the IETF");
    list
}

#[tokio::test]
async fn all_forms_of_a_list_say_how_it_stood_at_one_time() {
    let world = World::furnished().await;
    let (slot, _, _) = documented(&world, &verdict("V-1")).await;
    let first = bitstring(&world, slot, "revocation").await.valid_from.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(bitstring(&world, slot, "suspension").await.valid_from, Some(first));
}

#[tokio::test]
async fn a_credential_is_shown_to_each_as_far_as_he_may_see() {
    let world = World::furnished().await;
    let (_, index, whole) = documented(&world, &verdict("V-1")).await;
    for who in ["cb-1", "operator"] {
        let got = fetch(&world, Some(who), "V-1").await;
        assert_eq!((got.header("content-type"), &got.body[..]), (MEDIA_TYPE, whole.as_bytes()), "{who}");
    }
    let public = fetch(&world, None, "V-1").await;
    for who in ["buyer-1", "cb-2", "audit", "meti", "maker"] {
        assert_eq!(fetch(&world, Some(who), "V-1").await, public, "{who}");
    }
    let text = String::from_utf8(public.body.to_vec()).unwrap();
    let key = world.person("cb-1").key().public_key().clone();
    let shown = Unverified::parse(&text, REGISTRY).unwrap().verify(&key).unwrap().disclose().unwrap();
    assert!(shown.concealable().is_empty() && read(shown.payload()).unwrap().detail.assessments.is_empty());
    let statement = world.ask(&format!("/v1/statements/{index}")).await;
    assert_eq!(statement.json()["statement"], text.trim_end_matches('~'));
}

#[tokio::test]
async fn what_is_kept_back_rests_in_the_vault_alone() {
    let world = World::furnished().await;
    let (_, _, whole) = documented(&world, &verdict("V-1")).await;
    let disclosures: Vec<&str> = whole.split('~').skip(1).filter(|one| !one.is_empty()).collect();
    assert!(disclosures.len() >= 4);
    for file in files(world.registry.folder.path()) {
        let bytes = std::fs::read(&file).unwrap();
        for needle in disclosures.iter().copied().chain([SECRET]) {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle.as_bytes()), "{}", file.display());
        }
    }
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test]
async fn the_lists_follow_the_verdict() {
    let world = World::furnished().await;
    let body = world.person("cb-1");
    assert_eq!(world.ask("/v1/status-lists/0").await.status, 404);
    let waiting = slot(&world, &body).await;
    assert_eq!(status(&world, waiting).await, (Status::Invalid, true, false), "handed out, not used");
    let (slot, _, _) = documented(&world, &verdict("V-1")).await;
    assert_eq!(status(&world, slot).await, (Status::Valid, false, false));
    let rows = [
        (json!("suspended"), (Status::Suspended, false, true)),
        (json!("restored"), (Status::Valid, false, false)),
        (json!({"conditional": {"text": "close it", "deadline": day(30)}}), (Status::Other(3), false, false)),
        (json!("withdrawn"), (Status::Invalid, true, false)),
    ];
    for (move_to, expected) in rows {
        world.must(&body, "verdict-changed", change("V-1", move_to.clone())).await;
        assert_eq!(status(&world, slot).await, expected, "{move_to}");
    }
}

#[tokio::test]
async fn erasing_the_verdict_erases_what_its_credentials_kept_back() {
    let world = World::furnished().await;
    let (slot, index, whole) = documented(&world, &verdict("V-1")).await;
    let digest = conformity::digest::Digest::of(whole.split('~').next().unwrap().as_bytes());
    assert_eq!(world.registry.disclosures.whole(&digest).unwrap().unwrap(), whole);
    let granted = world.registry.read_model.register().verdicts_after(None).next().unwrap().history[0].index;
    let operator = world.operator();
    let erase = |index: u64| json!({"index": index, "reason": {"code": "court-order"}});
    assert_eq!(world.say(&operator, "statement-erased", erase(index)).await.code(), "not-erasable");
    world.must(&operator, "statement-erased", erase(granted)).await;
    assert_eq!(world.registry.disclosures.whole(&digest).unwrap(), None);
    assert_eq!(fetch(&world, Some("cb-1"), "V-1").await.code(), "not-found");
    assert_eq!(status(&world, slot).await.0, Status::Invalid);
    world.must(&operator, "statement-erased", erase(index)).await;
}

#[tokio::test]
async fn a_restricted_verdict_and_none_give_the_same_bytes() {
    let world = World::furnished().await;
    let (slot, _, whole) = documented(&world, &restricted("V-2")).await;
    for who in [None, Some("cb-2"), Some("audit"), Some("buyer-1")] {
        assert_eq!(fetch(&world, who, "V-2").await, fetch(&world, who, "V-0").await, "{who:?}");
    }
    // An authority may know that there is one.
    assert_eq!(fetch(&world, Some("meti"), "V-2").await.json()["absence"], "withheld");
    assert_eq!(fetch(&world, Some("meti"), "V-0").await.json()["absence"], "not-assessed");
    for who in ["cb-1", "operator", "maker"] {
        assert_eq!(fetch(&world, Some(who), "V-2").await.body, whole.as_bytes(), "{who}");
    }
    assert_eq!(status(&world, slot).await.0, Status::Valid);
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_nothing_is_kept() {
    let world = World::furnished().await;
    let body = world.person("cb-1");
    let slot = slot(&world, &body).await;
    let good = attestation(&world, &verdict("V-1"), slot);
    let text = signed(&body, &good);
    let parts: Vec<&str> = text.trim_end_matches('~').split('~').collect();
    let jwt = parts[0];
    let other = StatusSlot::new(slot.list(), (slot.index() + 1) % StatusSlot::PER_LIST).unwrap();
    let mut level = good.clone();
    level.detail.assessments.values_mut().for_each(|one| one.level = Some("9".parse().unwrap()));
    let mut untold = good.clone();
    untold.detail.assessments.clear();
    let mut elsewhere = good.clone();
    std::sync::Arc::make_mut(&mut elsewhere.credential).scope = "everything".parse().unwrap();
    let mut wide = restricted("V-2");
    wide["sites"] = json!(["Osaka"]);
    let rows = [
        ("no disclosures at all", jwt.to_owned(), "malformed-credential"),
        ("a disclosure that is missing", format!("{jwt}~"), "malformed-credential"),
        ("a disclosure twice", format!("{text}{}~", parts[1]), "malformed-credential"),
        ("a disclosure of another credential", format!("{jwt}~{}~", "WyJhIiwiYiJd"), "malformed-credential"),
        ("a plain statement with a tilde", format!("{}~", plain(&world, &body)), "malformed-credential"),
        ("a slot of nobody", signed(&body, &attestation(&world, &verdict("V-1"), other)), "slot-not-handed-out"),
        ("a level that the scheme lacks", signed(&body, &level), "malformed-credential"),
        ("a viewpoint of which nothing is told", signed(&body, &untold), "malformed-credential"),
        ("another scope", signed(&body, &elsewhere), "credential-differs"),
        ("a reach that is not the verdict's", signed(&body, &attestation(&world, &wide, slot)), "credential-differs"),
    ];
    let before = world.registry.log.size();
    for (why, text, code) in rows {
        let got = submit(&world, &body, text).await;
        assert_eq!(got.code(), code, "{why}: {got:?}");
    }
    let foreign = submit(&world, &world.person("cb-2"), text.clone()).await;
    assert_eq!(foreign.code(), "other-issuer");
    assert_eq!(world.registry.log.size(), before);
    assert_eq!(world.registry.vault.names("credential/").unwrap(), Vec::<String>::new());
    let values = std::fs::read(world.registry.folder.vault().join("values.redb")).unwrap();
    assert!(!values.windows(11).any(|window| window == b"credential/"), "not even a name");
    assert_eq!(submit(&world, &body, text.clone()).await.status, 201);
    assert_eq!(submit(&world, &body, text).await.json()["repeated"], true);
    assert_eq!(world.registry.vault.names("credential/").unwrap().len(), 1);
}

/// What the registry's authority certifies for the signing key of a body.
fn chain(world: &World, of: &str) -> Vec<Der> {
    let mut authority = Authority::open(&world.registry.folder.ca()).unwrap();
    let key = serde_json::from_str(&world.person(of).key().public_key().to_jwk()).unwrap();
    let body = Holder::party(Role::CertificationBody, of.parse().unwrap()).unwrap();
    let made = authority.certify_signing_key(&key, body, Lifetime::Usual, now()).unwrap();
    certs::chain_from_pem(made.chain_pem.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_credential_carries_certificates_of_the_key_that_signed_it_or_is_refused() {
    let world = World::furnished().await;
    let body = world.person("cb-1");
    let slot = slot(&world, &body).await;
    let attestation = attestation(&world, &verdict("V-1"), slot);
    let good = chain(&world, "cb-1");
    let header = json!({"alg": "EdDSA", "kid": body.key().public_key().thumbprint().to_string(), "typ": "statement+jwt", "x5c": good});
    let plain = ledger::compact::sign(body.key(), header.to_string().as_bytes(), b"{}").unwrap();
    let rows = [
        ("x5c of another body", certified(&body, &attestation, &chain(&world, "cb-2")), "x5c-other-key"),
        ("no issuing CA", certified(&body, &attestation, &good[..1]), "x5c-no-root"),
        ("malformed", certified(&body, &attestation, &[Der::new(b"0").unwrap()]), "x5c-unreadable"),
        ("x5c on another kind of statement", format!("{plain}~"), "x5c-misplaced"),
    ];
    let before = world.registry.log.size();
    for (why, text, code) in rows {
        assert_eq!(submit(&world, &body, text).await.code(), code, "{why}");
    }
    assert_eq!(world.registry.log.size(), before);
    let got = submit(&world, &body, certified(&body, &attestation, &good)).await;
    assert_eq!(got.status, 201, "{got:?}");
    let elsewhere = tempfile::tempdir().unwrap();
    let (register, _) = restore(&world.registry.log, &elsewhere.path().join("index"), |_| true).unwrap();
    let newest = register.newest_credential(&"V-1".parse().unwrap()).unwrap();
    assert_eq!(newest.issued.index, got.json()["index"], "a replay comes to the same");
}

fn plain(world: &World, person: &Person) -> String {
    let compact = world.sign(person, "verdict-granted", verdict("V-7"));
    String::from_utf8(compact.to_vec()).unwrap()
}

#[tokio::test]
async fn slots_are_for_certification_bodies() {
    let world = World::furnished().await;
    for (who, code) in
        [(None, "certificate-required"), (Some("buyer-1"), "role-not-entitled"), (Some("meti"), "role-not-entitled")]
    {
        let person = who.map(|who| world.person(who));
        let got = world.talk(person.as_ref()).await.post("/v1/status-slots", "application/json", Bytes::new()).await;
        assert_eq!(got.code(), code, "{who:?}");
    }
    let body = world.person("cb-1");
    for count in ["0", "1001", "x"] {
        let path = format!("/v1/status-slots?count={count}");
        let got = world.talk(Some(&body)).await.post(&path, "application/json", Bytes::new()).await;
        assert_eq!(got.code(), "bad-parameter", "{count}");
    }
    for path in [
        "/v1/status-lists/9",
        "/v1/bitstring-status-lists/9/revocation",
        "/v1/bitstring-status-lists/0/x",
        "/v1/bitstring-status-lists/0",
    ] {
        assert_eq!(world.ask(path).await.code(), "not-found", "{path}");
    }
}
