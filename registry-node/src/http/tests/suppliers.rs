//! Bundles about suppliers from the route to whoever checks them: who gets one, what it shows him, and that others get what a
//! supplier that is not there gets.

use conformity::party::Role;
use credential::bundle::{Checked, Question, Standing, SupplierBundle, verify_any};
use serde_json::{Value, json};

use super::fixture::{Got, World, change, day, now, restricted, verdict};
use super::neighbours::{derive, peered, row};
use super::proofs::{ask, policy};

/// The supplier of the restricted verdict V-2, as which `maker` is registered.
const QUIET: &str = "lei:5493001KJTIIGC8Y1R12";
/// What `baker` is registered with, and nobody.
const BAKER: &str = "lei:529900T8BM49AURSDO55";
const NOBODY: &str = "lei:7LTWFZYICNSX8D621K86";
/// Of V-1, which is open.
const NUMBER: &str = "corporate-number:7000012050002";
const EVERYBODY: [Option<&str>; 8] =
    [None, Some("cb-1"), Some("cb-2"), Some("audit"), Some("meti"), Some("jab"), Some("buyer-1"), Some("buyer-2")];

/// With a second buyer, and `baker`, a supplier without a verdict that has two identifiers; published.
async fn world() -> World {
    let world = World::furnished().await;
    let operator = world.operator();
    world.join(&operator, "buyer-2", Role::Buyer, json!([])).await;
    world.join(&operator, "baker", Role::Supplier, json!([BAKER, "duns:150483782"])).await;
    world.publish();
    world.published().await;
    world
}

fn path(supplier: &str) -> String {
    format!("/v1/suppliers/{supplier}/proof?scheme=stars@1")
}

fn consent(id: &str, scheme: &str) -> Value {
    json!({"consent": id, "about": {"standing": scheme}, "to": "buyer-1", "until": day(30)})
}

fn proven(world: &World, got: &Got) -> Standing {
    assert_eq!((got.status, got.header("content-type")), (200, "application/json"), "{got:?}");
    assert_eq!(got.header("cache-control"), "no-store");
    match verify_any(&got.body, &policy(world), Question { at: None, now: now() }) {
        Ok(Checked::Supplier(standing)) => *standing,
        other => panic!("{other:?}"),
    }
}

/// Verdicts whose statements are shown, and how many entries there are.
fn shown(standing: &Standing) -> (Vec<String>, usize) {
    let said = standing.entries.iter().filter_map(|one| one.said.as_ref());
    (said.filter_map(|said| said.verdict.as_ref()).map(ToString::to_string).collect(), standing.entries.len())
}

async fn uses(world: &World, who: &str, supplier: &str) -> Got {
    ask(world, Some(who), &format!("/v1/suppliers/{supplier}/disclosures?scheme=stars@1")).await
}

#[tokio::test]
async fn absence_is_given_to_the_supplier_and_the_operator_for_all_its_identifiers() {
    let world = world().await;
    for who in ["baker", "operator"] {
        for supplier in [BAKER, "duns:150483782"] {
            let standing = proven(&world, &ask(&world, Some(who), &path(supplier)).await);
            assert!(standing.absent, "{who}");
            assert_eq!(standing.registered.as_ref().unwrap().as_str(), "baker");
            let known: Vec<_> = standing.identifiers.iter().map(|one| one.identifier.to_string()).collect();
            assert!(known.len() == 2 && known.contains(&BAKER.to_owned()), "{known:?}");
        }
    }
    let nobody = proven(&world, &ask(&world, Some("operator"), &path(NOBODY)).await);
    assert!(nobody.absent && nobody.registered.is_none() && nobody.identifiers.len() == 1);
    let imported = proven(&world, &ask(&world, Some("operator"), &path(NUMBER)).await);
    assert_eq!(shown(&imported), (vec!["V-1".to_owned()], 1), "a supplier that is no party");
    let other = ask(&world, Some("baker"), &path(BAKER).replace("stars@1", "moons@1")).await;
    assert_eq!(other.code(), "not-found", "no scheme of that name");
    assert_eq!(uses(&world, "baker", BAKER).await.json()["uses"], json!([]), "its own affair");
}

#[tokio::test]
async fn everybody_else_gets_the_bytes_of_a_supplier_that_is_not_there() {
    let world = world().await;
    let absent = ask(&world, None, &path(NOBODY)).await;
    assert_eq!((absent.status, absent.code().as_str()), (404, "not-found"));
    let others = EVERYBODY.into_iter().chain([Some("baker")]);
    for who in others.clone() {
        for supplier in [QUIET, NUMBER, NOBODY] {
            assert_eq!(ask(&world, who, &path(supplier)).await, absent, "{who:?} {supplier}");
            let uses = path(supplier).replace("/proof", "/disclosures");
            assert_eq!(ask(&world, who, &uses).await, absent, "{who:?} {supplier}");
        }
    }
    world.must(&world.person("maker"), "disclosure-consented", consent("C-1", "stars@1")).await;
    for who in others.filter(|who| *who != Some("buyer-1")) {
        assert_eq!(ask(&world, who, &path(QUIET)).await, absent, "{who:?}: a consent to another");
    }
    assert_eq!(ask(&world, Some("buyer-1"), &path(BAKER)).await, absent);
    let unpublished = |supplier: &str| path(supplier).replace("stars@1", "stars@2");
    let elsewhere = ask(&world, None, &unpublished(NOBODY)).await;
    assert_eq!(elsewhere.json()["absence"], "no-scheme", "which everybody may know");
    for who in EVERYBODY {
        assert_eq!(ask(&world, who, &unpublished(QUIET)).await, elsewhere, "{who:?}");
    }
    let operator = uses(&world, "operator", QUIET).await;
    assert_eq!(operator, absent, "who looked is the supplier's to read");
}

#[tokio::test]
async fn whom_the_supplier_consents_to_sees_that_there_is_something_until_it_withdraws() {
    let world = world().await;
    let maker = world.person("maker");
    let absent = ask(&world, Some("buyer-1"), &path(NOBODY)).await;
    // What is consented to of verdicts says nothing of how it stands.
    let parts = json!({"consent": "C-0", "about": {"scheme": "stars@1"}, "to": "buyer-1", "parts": ["level"], "until": day(30)});
    world.must(&maker, "disclosure-consented", parts).await;
    assert_eq!(ask(&world, Some("buyer-1"), &path(QUIET)).await, absent);
    world.must(&maker, "disclosure-withdrawn", json!({"consent": "C-0"})).await;
    world.must(&maker, "disclosure-consented", consent("C-1", "stars@1")).await;
    let mut open = verdict("V-5");
    open["supplier"] = json!({"id": QUIET, "name": "Quiet Parts", "country": "JP"});
    world.must(&world.person("cb-1"), "verdict-granted", open).await;
    world.published().await;
    let got = ask(&world, Some("buyer-1"), &path(QUIET)).await;
    assert_eq!(shown(&proven(&world, &got)), (vec!["V-5".to_owned()], 2), "the open one, and that there is another");
    let text = String::from_utf8_lossy(&got.body).into_owned();
    assert!(!text.contains("Consented") && !text.contains("buyer-1"), "no consent is shown");
    assert_eq!(ask(&world, Some("buyer-1"), "/v1/verdicts/jp:V-2").await.code(), "not-found", "nor the verdict");
    let whole = proven(&world, &ask(&world, Some("maker"), &path(QUIET)).await);
    assert_eq!(shown(&whole), (vec!["V-2".to_owned(), "V-5".to_owned()], 2), "its own affair");
    ask(&world, Some("buyer-1"), &path(QUIET)).await;
    let told = uses(&world, "maker", QUIET).await.json();
    let told = told["uses"].as_array().unwrap();
    assert_eq!(
        (told.len(), &told[0]["to"], &told[0]["way"], &told[0]["times"]),
        (1, &json!("buyer-1"), &json!("standing"), &json!(2))
    );
    assert_eq!(told[0]["consents"], json!([{"by": "maker", "consent": "C-1"}]));
    world.must(&maker, "disclosure-withdrawn", json!({"consent": "C-1"})).await;
    assert_eq!(ask(&world, Some("buyer-1"), &path(QUIET)).await, absent, "at once");
    let given = ask(&world, Some("maker"), "/v1/consents").await.json();
    assert_eq!(
        (&given["consents"][1]["consent"]["about"], &given["consents"][1]["stands"]),
        (&json!({"standing": "stars@1"}), &json!(false))
    );
}

#[tokio::test]
async fn a_consent_that_is_over_shows_nothing() {
    let world = world().await;
    world.must(&world.person("baker"), "disclosure-consented", consent("C-1", "stars@1")).await;
    assert!(proven(&world, &ask(&world, Some("buyer-1"), &path(BAKER)).await).absent);
    world.clock.ahead(31);
    assert_eq!(ask(&world, Some("buyer-1"), &path(BAKER)).await, ask(&world, Some("buyer-1"), &path(NOBODY)).await);
    assert_eq!(ask(&world, Some("baker"), &path(BAKER)).await.status, 200, "its own affair is not over");
}

/// What changes enters with the next checkpoint, and the older bundle says what it said.
#[tokio::test]
async fn what_comes_later_is_in_the_next_bundle() {
    let world = world().await;
    let before = ask(&world, Some("operator"), &path(QUIET)).await;
    assert_eq!(proven(&world, &before).entries.len(), 1);
    let cb = world.person("cb-1");
    world.must(&cb, "verdict-changed", change("V-2", json!("suspended"))).await;
    world.must(&cb, "verdict-granted", restricted("V-6")).await;
    world.published().await;
    let after = proven(&world, &ask(&world, Some("operator"), &path(QUIET)).await);
    assert_eq!(shown(&after), (["V-2", "V-2", "V-6"].map(str::to_owned).to_vec(), 3));
    assert_eq!(proven(&world, &before).entries.len(), 1);
    let mut hidden = SupplierBundle::parse(&ask(&world, Some("operator"), &path(QUIET)).await.body).unwrap();
    hidden.identifiers[0].entries.pop();
    let hidden = serde_json::to_vec(&hidden).unwrap();
    let failure = verify_any(&hidden, &policy(&world), Question { at: None, now: now() }).unwrap_err();
    assert_eq!(failure.fault.code(), "incomplete");
}

/// Rows about foreign verdicts are entries about their supplier, under the scheme of the verdict's own registry.
#[tokio::test]
async fn what_is_made_of_foreign_verdicts_is_counted() {
    let world = peered().await;
    world
        .must(&world.person("meti"), "scheme-published", {
            let mut scheme = super::fixture::scheme();
            scheme["scheme"] = json!("eucc@1");
            scheme
        })
        .await;
    let (index, _) = derive(&world, 0, 5, &(row("E-1", "recognised") + &row("E-2", "refused"))).await;
    world.publish();
    world.published().await;
    let under = path(QUIET).replace("stars@1", "eucc@1");
    let standing = proven(&world, &ask(&world, Some("maker"), &under).await);
    let entries: Vec<u64> = standing.entries.iter().map(|one| one.index).collect();
    assert_eq!(entries, [index], "one entry, whatever number of rows");
    assert_eq!(standing.entries[0].said.as_ref().unwrap().kind.as_str(), "recognition-derived");
}

#[tokio::test]
async fn before_the_first_checkpoint_that_knows_the_supplier_there_is_none() {
    let world = World::furnished().await;
    assert_eq!(ask(&world, Some("maker"), &path(QUIET)).await.code(), "not-published");
    assert_eq!(ask(&world, Some("buyer-1"), &path(QUIET)).await.code(), "not-found");
}

#[tokio::test]
async fn of_a_past_time_the_statements_of_then_are_shown_and_no_entry_is_left_out() {
    let world = world().await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let before = now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let mut open = verdict("V-5");
    open["supplier"] = json!({"id": QUIET, "name": "Quiet Parts", "country": "JP"});
    world.must(&world.person("cb-1"), "verdict-granted", open).await;
    world.published().await;
    let got = ask(&world, Some("maker"), &format!("{}&as_of={before}", path(QUIET))).await;
    assert_eq!(shown(&proven(&world, &got)), (vec!["V-2".to_owned()], 2), "the later one is counted, and not shown");
    let then = verify_any(&got.body, &policy(&world), Question { at: Some(before), now: now() });
    let Ok(Checked::Supplier(then)) = then else { panic!("{then:?}") };
    assert_eq!((shown(&then), then.absent), ((vec!["V-2".to_owned()], 1), false));
    let early = format!("{}&as_of=2020-01-01T00:00:00Z", path(QUIET));
    let got = ask(&world, Some("maker"), &early).await;
    assert_eq!(shown(&proven(&world, &got)), (Vec::new(), 2), "nothing had been said then");
    let future = format!("{}&as_of=2999-01-01T00:00:00Z", path(QUIET));
    for who in [None, Some("maker")] {
        assert_eq!(ask(&world, who, &future).await.code(), "time-not-come");
    }
    assert_eq!(ask(&world, None, &early).await, ask(&world, None, &path(NOBODY)).await);
}
