//! The state map of a registry at work: what seals hold, what is proven of it, and what a restart or an erasure makes of it.

use std::collections::BTreeSet;
use std::path::Path;

use conformity::map_label::{MapLabel, Tree};
use conformity::records::Facts;
use ledger::digest::Digest;
use ledger::map::{Latest, MapKey, MapProof, MapProofError, PublicProof, Slot, Trees};
use ledger::merkle::Hash;
use ledger::vrf::{VrfKey, VrfPublicKey};
use serde_json::json;
use tempfile::TempDir;

use super::events::speaker;
use super::fixture::{World, change, restricted, verdict};
use super::neighbours::{derive, peered, row};
use crate::clock::SystemClock;
use crate::core::registry::Registry;
use crate::core::sequencer::SealError;
use crate::core::state_map::{ProveError, Proven, check_seals};
use crate::folder::Folder;

fn own(id: &str) -> MapLabel {
    MapLabel::Verdict(id.parse().unwrap())
}

fn hidden(id: &str) -> MapLabel {
    MapLabel::Restricted(id.parse().unwrap())
}

fn supplier(identifier: &str) -> MapLabel {
    MapLabel::Supplier(identifier.parse().unwrap(), "stars@1".parse().unwrap())
}

/// Everything that a furnished registry has in its map.
fn furnished() -> Vec<MapLabel> {
    let suppliers = ["corporate-number:7000012050002", "local:parts-list:42", "lei:5493001KJTIIGC8Y1R12"].map(supplier);
    suppliers.into_iter().chain([own("V-1"), hidden("V-2")]).collect()
}

fn key(registry: &Registry) -> VrfKey {
    VrfKey::load(&registry.folder.map_key()).unwrap()
}

/// The root that the seal below a published checkpoint holds.
fn sealed(registry: &Registry, size: u64) -> Hash {
    Hash::from_bytes(*registry.log.entry(size - 1).unwrap().digest.as_bytes())
}

fn prove(registry: &Registry, label: &MapLabel, size: u64) -> Result<Proven, ProveError> {
    registry.map.prove(label, size, &registry.read_model.register())
}

/// Checks a proof as its receiver does: with the key of the genesis, the seal's root, and entries of the log.
fn check(registry: &Registry, label: &MapLabel, size: u64) -> Option<Latest> {
    let Proven { proof, entries } = prove(registry, label, size).unwrap();
    let proof: MapProof = proof.to_string().parse().unwrap();
    assert_eq!(proof.seal, size - 1);
    let latest = verify(registry, &proof, label, size).unwrap();
    let entries = entries.into_iter().map(|index| (index, registry.log.entry(index).unwrap().leaf_hash()));
    assert_eq!(Latest::of(entries), latest, "{label}: these entries and no others");
    latest
}

/// What a proof says of a label by the root that is sealed there, in the tree that the label says.
fn verify(registry: &Registry, proof: &MapProof, label: &MapLabel, size: u64) -> Result<Option<Latest>, MapProofError> {
    let (root, text) = (sealed(registry, size), label.to_string());
    let public = VrfPublicKey::from_bytes(key(registry).public_key().as_bytes()).unwrap();
    match label.tree() {
        Tree::Blinded => proof.verify_blinded(&root, &public, &text),
        Tree::Verdicts | Tree::Public => proof.verify_plain(&root, &text),
    }
}

/// The root that labels give with the public ones, made without the registry's own way of making it.
fn root_of(registry: &Registry, labels: &[MapLabel]) -> Hash {
    let (key, mut trees) = (key(registry), Trees::default());
    for label in posted(registry).iter().chain(labels) {
        let (text, latest) = (label.to_string(), latest(registry, label).unwrap());
        match label.tree() {
            Tree::Blinded => {
                let output = key.evaluate(text.as_bytes()).unwrap();
                trees.blinded = trees.blinded.with([(output, latest)]);
            }
            Tree::Verdicts => trees.verdicts = trees.verdicts.with([(Slot::plain(&text), latest)]),
            Tree::Public => trees.public = trees.public.with([(Slot::plain(&text), latest)]),
        }
    }
    trees.root()
}

fn latest(registry: &Registry, label: &MapLabel) -> Option<Latest> {
    let entries = label.entries(&*registry.read_model.register());
    Latest::of(entries.into_iter().map(|index| (index, registry.log.entry(index).unwrap().leaf_hash())))
}

/// All public labels that a registry should have.
fn posted(registry: &Registry) -> BTreeSet<MapLabel> {
    let register = registry.read_model.register();
    let parties = register.parties().filter(|record| record.party.is_public());
    let parties = parties.map(|record| MapLabel::Party(record.party.id.clone()));
    let accredited = register.all_accreditations().map(|record| {
        let held = &record.accreditation;
        MapLabel::Accreditation(held.body.clone(), held.scheme.clone())
    });
    let designated = register.all_designations().flat_map(|record| {
        let held = &record.designation;
        held.schemes.iter().map(|scheme| MapLabel::Designation(held.accreditation_body.clone(), scheme.clone()))
    });
    let arranged = register.arrangements().into_iter().map(|record| MapLabel::Arrangement(record.id.clone()));
    let peers = register.peers().into_iter().map(|record| MapLabel::Peer(record.registry.clone()));
    parties.chain(accredited).chain(designated).chain(arranged).chain(peers).collect()
}

/// Checks a proof of public labels as its receiver does.
fn check_public(registry: &Registry, labels: &BTreeSet<MapLabel>, size: u64) -> Vec<(String, Option<Latest>)> {
    let parts = registry.map.prove_public(labels, size).unwrap().write();
    let proof = PublicProof::read(parts.iter().map(String::as_str)).unwrap();
    let root = prove(registry, &own("V-1"), size).unwrap().proof.public;
    let texts: Vec<String> = labels.iter().map(MapLabel::to_string).collect();
    let told = proof.verify(&root, texts.iter().map(String::as_str)).unwrap();
    told.into_iter().map(|(label, latest)| (label.to_owned(), latest)).collect()
}

/// Waits until the whole log is published.
async fn published(world: &World) -> u64 {
    world.publish();
    world.published().await
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (item, place) = (item.path(), to.join(item.file_name()));
        if item.is_dir() {
            copy(&item, &place);
        } else {
            std::fs::copy(&item, &place).unwrap();
        }
    }
}

/// The registry as it would be found after a power cut, opened beside the one that goes on.
pub(super) async fn reopened(world: &World, change: impl FnOnce(&Folder)) -> (TempDir, std::sync::Arc<Registry>) {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path().join("jp"));
    copy(world.registry.folder.path(), folder.path());
    change(&folder);
    let registry = Registry::open(folder, SystemClock::shared(), |_| true).unwrap();
    registry.map.caught_up().await.unwrap();
    (dir, registry)
}

#[tokio::test(flavor = "multi_thread")]
async fn seals_hold_the_root_and_what_is_proven_holds() {
    let world = World::furnished().await;
    let registry = &world.registry;
    let first = published(&world).await;
    assert_eq!(sealed(registry, first), root_of(registry, &furnished()));
    for label in furnished() {
        assert_eq!(check(registry, &label, first).unwrap().count, 1, "{label}");
    }
    let foreign = MapLabel::Foreign("eu:V-1".parse().unwrap());
    for label in [own("V-3"), hidden("V-3"), foreign, supplier("duns:150483782")] {
        assert_eq!(check(registry, &label, first), None, "{label}");
    }
    let cb = world.person("cb-1");
    let at = world.must(&cb, "verdict-changed", change("V-2", json!("suspended"))).await;
    world.must(&cb, "verdict-granted", restricted("V-4")).await;
    let second = world.published().await;
    assert_eq!(check(registry, &own("V-1"), second), check(registry, &own("V-1"), first));
    let changed = check(registry, &hidden("V-2"), second).unwrap();
    assert_eq!((changed.count, changed.index), (2, at));
    let quiet = supplier("lei:5493001KJTIIGC8Y1R12");
    assert_eq!(check(registry, &quiet, second).unwrap().count, 3, "grant, suspension, another grant");
    assert_eq!(check(registry, &quiet, first).unwrap().count, 1, "an older checkpoint still says what it said");
    let stale = prove(registry, &quiet, first).unwrap().proof;
    assert_eq!(
        verify(registry, &stale, &quiet, second),
        Err(MapProofError::Root),
        "what came later cannot be left out"
    );
    assert_eq!(prove(registry, &quiet, second - 1), Err(ProveError::NotAtHand { size: second - 1 }));
    assert_eq!(prove(registry, &quiet, 0), Err(ProveError::NotAtHand { size: 0 }));
    let seals = check_seals(&registry.log, key(registry)).unwrap();
    assert!(seals.right >= 2 && seals.beyond == 0, "{seals:?}");
}

/// Nobody learns of a restricted verdict where those are looked for that everybody may know, nor from what a proof shows of that tree.
#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_stands_in_the_tree_of_its_profile_alone() {
    let world = World::furnished().await;
    let (registry, cb) = (&world.registry, world.person("cb-1"));
    let first = published(&world).await;
    let before = registry.map.current().unwrap();
    world.must(&cb, "verdict-granted", restricted("V-4")).await;
    let second = world.published().await;
    let after = registry.map.current().unwrap();
    assert_eq!(check(registry, &hidden("V-4"), second).unwrap().count, 1);
    assert_eq!((check(registry, &own("V-4"), second), check(registry, &hidden("V-1"), second)), (None, None));
    assert_ne!(before.blinded.root(), after.blinded.root());
    assert_eq!(
        (before.verdicts.root(), before.public.root()),
        (after.verdicts.root(), after.public.root()),
        "a restricted verdict changes nothing there"
    );
    let mut summary = verdict("V-5");
    summary["profile"] = json!("summary");
    world.must(&cb, "verdict-granted", summary).await;
    let third = world.published().await;
    assert_eq!(check(registry, &own("V-5"), third).unwrap().count, 1);
    let there = prove(registry, &own("V-4"), third).unwrap().proof;
    let other = verify(registry, &there, &hidden("V-4"), third);
    assert_eq!(other, Err(MapProofError::OtherTree), "that it is absent there says nothing of the other tree");
    assert!(prove(registry, &own("V-4"), first).is_ok(), "nor did it before");
    assert_eq!(prove(registry, &MapLabel::Party("cb-1".parse().unwrap()), third), Err(ProveError::Public));
}

/// The newest row of a foreign verdict says who its supplier is: what was filed under another before is filed there no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_verdict_moves_with_its_supplier() {
    let world = peered().await;
    let registry = &world.registry;
    let of = |identifier: &str| MapLabel::Supplier(identifier.parse().unwrap(), "eucc@1".parse().unwrap());
    let (stays, left, new) = (of("lei:5493001KJTIIGC8Y1R12"), of("local:eu-list:17"), of("local:eu-list:18"));
    let foreign = MapLabel::Foreign("eu:E-1".parse().unwrap());
    derive(&world, 0, 5, &row("E-1", "recognised")).await;
    let first = published(&world).await;
    for label in [&foreign, &stays, &left] {
        assert_eq!(check(registry, label, first).unwrap().count, 1, "{label}");
    }
    derive(&world, 5, 6, &row("E-1", "partial").replace("eu-list:17", "eu-list:18")).await;
    let second = world.published().await;
    for label in [&foreign, &stays, &new] {
        assert_eq!(check(registry, label, second).unwrap().count, 2, "{label}");
    }
    assert_eq!(check(registry, &left, second), None);
    assert_eq!(check_seals(&registry.log, key(registry)).unwrap().beyond, 0, "every root can be derived again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_everybody_may_know_is_posted_and_who_buys_is_not() {
    let world = World::furnished().await;
    let registry = &world.registry;
    let size = published(&world).await;
    let labels = posted(registry);
    for (label, told) in check_public(registry, &labels, size) {
        let expected = labels.iter().find(|one| one.to_string() == label).and_then(|one| latest(registry, one));
        assert!(expected.is_some() && told == expected, "{label}");
    }
    let party = |id: &str| MapLabel::Party(id.parse().unwrap());
    assert!(labels.contains(&party("cb-1")) && labels.contains(&party("node")) && labels.len() > 8, "{labels:?}");
    let private = BTreeSet::from([party("buyer-1"), party("maker"), party("nobody")]);
    assert!(private.iter().take(2).all(|label| match label {
        MapLabel::Party(id) => registry.read_model.register().party(id).is_some(),
        _ => false,
    }));
    assert!(check_public(registry, &private, size).iter().all(|(_, told)| told.is_none()));
    let kid = registry.read_model.register().party(&"cb-2".parse().unwrap()).unwrap().keys[0].kid;
    let revoked = world.must(&world.operator(), "key-revoked", json!({"party": "cb-2", "kid": kid})).await;
    let later = world.published().await;
    let body = BTreeSet::from([party("cb-2")]);
    let told = check_public(registry, &body, later)[0].1.unwrap();
    assert_eq!((told.count, told.index), (2, revoked));
    assert_eq!(
        check_public(registry, &body, size)[0].1.unwrap().count,
        1,
        "an older checkpoint still says what it said"
    );
    assert_eq!(check_seals(&registry.log, key(registry)).unwrap().beyond, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_finds_the_map_that_was_sealed() {
    let world = World::furnished().await;
    let size = published(&world).await;
    let label = supplier("lei:5493001KJTIIGC8Y1R12");
    let expected = check(&world.registry, &label, size);
    let changes: [(&str, fn(&Folder)); 4] = [
        ("as it was", |_| {}),
        ("without outputs", |folder| std::fs::remove_file(folder.map_outputs()).unwrap()),
        ("outputs of nobody", |folder| std::fs::write(folder.map_outputs(), vec![7; 104 * 3 + 5]).unwrap()),
        ("without index and outputs", |folder| {
            std::fs::remove_file(folder.map_outputs()).unwrap();
            std::fs::remove_dir_all(folder.index()).unwrap();
        }),
    ];
    let blinded = furnished().iter().filter(|label| label.tree() == Tree::Blinded).count();
    let kept = std::fs::read(world.registry.folder.map_outputs()).unwrap();
    assert_eq!(kept.len(), 104 * blinded, "each blinded label was evaluated once, and no other");
    for (what, change) in changes {
        let (_dir, registry) = reopened(&world, change).await;
        assert_eq!(check(&registry, &label, size), expected, "{what}");
        let kept = std::fs::metadata(registry.folder.map_outputs()).unwrap().len();
        assert_eq!(kept, 104 * blinded as u64, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_map_has_the_key_that_the_genesis_names() {
    let world = World::open().await;
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path().join("jp"));
    copy(world.registry.folder.path(), folder.path());
    std::fs::copy(folder.node_key(), folder.map_key()).unwrap();
    let refused = Registry::open(folder, SystemClock::shared(), |_| true).err().unwrap().to_string();
    assert!(refused.contains("keys/map.pem"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_map_that_failed_holds_up_no_statement_and_no_seal_is_made_without_it() {
    let world = World::furnished().await;
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path().join("jp"));
    copy(world.registry.folder.path(), folder.path());
    let registry = Registry::open_with_failed_map(folder, SystemClock::shared(), |_| true).unwrap();
    let granted = world.sign(&world.person("cb-1"), "verdict-granted", verdict("V-9"));
    let receipt = registry.submit(granted, Vec::new(), &speaker(&world)).await.unwrap();
    assert!(matches!(registry.sequencer.seal().await, Err(SealError::Map(_))));
    assert_eq!(registry.log.size(), receipt.size, "and the log does not grow");
    let refused = prove(&registry, &own("V-9"), receipt.size);
    assert_eq!(refused, Err(ProveError::NotAtHand { size: receipt.size }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_leaves_the_map() {
    let world = World::furnished().await;
    let registry = &world.registry;
    let (operator, cb) = (world.operator(), world.person("cb-1"));
    let gone = world.must(&cb, "verdict-granted", alone("V-9")).await;
    let before = published(&world).await;
    let (both, sole) = (supplier("local:parts-list:42"), supplier("local:parts-list:9"));
    assert_eq!(check(registry, &both, before).unwrap().count, 2);
    assert_eq!(check(registry, &sole, before).unwrap().count, 1);
    world.must(&operator, "statement-erased", json!({"index": gone, "reason": {"code": "holder-request"}})).await;
    let after = world.published().await;
    assert_eq!((check(registry, &own("V-9"), after), check(registry, &sole, after)), (None, None));
    assert_eq!(check(registry, &both, after).unwrap().count, 1);
    assert_eq!(sealed(registry, after), root_of(registry, &furnished()));
    assert_eq!(prove(registry, &both, before), Err(ProveError::NotAtHand { size: before }));
    let kept = std::fs::read(registry.folder.map_outputs()).unwrap();
    let name = |label: &MapLabel| Digest::of(label.to_string().as_bytes());
    let is_kept = |label: &MapLabel| kept.windows(32).any(|window| window == name(label).as_bytes());
    assert!(is_kept(&both) && !is_kept(&sole), "the output of what is gone is not kept either");
    let quiet = supplier("lei:5493001KJTIIGC8Y1R12");
    let counted = check(registry, &quiet, after).unwrap().count;
    world.must(&cb, "verdict-granted", restricted("V-9")).await;
    let after = world.published().await;
    assert_eq!(check(registry, &own("V-9"), after), None, "another verdict, restricted, of the same id");
    assert_eq!(check(registry, &hidden("V-9"), after).unwrap().count, 1);
    assert_eq!(check(registry, &quiet, after).unwrap().count, counted + 1);
    let seals = check_seals(&registry.log, key(registry)).unwrap();
    assert!(seals.right >= 1 && seals.beyond >= 1, "{seals:?}");
    let (_dir, again) = reopened(&world, |_| {}).await;
    assert_eq!(check(&again, &both, after), check(registry, &both, after));
    assert!(registry.map.current().unwrap().verdicts.get(&MapKey::plain("verdict/V-9")).is_none());
}

/// A verdict on a supplier that has one more identifier, which nothing else names.
fn alone(id: &str) -> serde_json::Value {
    let mut claim = verdict(id);
    claim["supplier"]["others"] = json!(["local:parts-list:42", "local:parts-list:9"]);
    claim
}
