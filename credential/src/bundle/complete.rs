//! Nothing about the verdict is left out: the state map under the seal counts the entries about it and chains them, and those that
//! the bundle shows give the same count and chain. Without this, whoever carries a bundle could leave out the last suspension.

use conformity::key::Jwk;
use conformity::map_label::MapLabel;
use conformity::records::Facts;
use ledger::map::{Latest, MapProof, MapProofError};
use ledger::vrf::VrfPublicKey;

use super::include::Entries;
use super::replay::Replayed;
use super::step::{StepName, Steps};
use super::{Broken, Bundle, Fault, Misbehaved};

pub(super) fn complete(
    bundle: &Bundle,
    replayed: &Replayed,
    entries: &Entries,
    steps: &mut Steps,
) -> Result<(), Fault> {
    let label = if replayed.is_of(bundle) {
        MapLabel::Verdict(bundle.verdict.id.clone())
    } else {
        MapLabel::Foreign(bundle.verdict.clone())
    };
    let proof: MapProof = bundle.map_proof.parse().map_err(Broken::Map)?;
    // The root is that of the last entry; a proof that points elsewhere was not made for this bundle.
    if entries.last() != Some(proof.seal) {
        return Err(Broken::Map(MapProofError::Malformed("it points to another seal")).into());
    }
    let key = map_key(replayed)?;
    let told = proof.verify(&entries.map_root, &key, &label.to_string()).map_err(Broken::Map)?;
    let about = about(bundle, &label, replayed)?;
    let shown = about.iter().map(|index| entries.leaf(*index).map(|leaf| (*index, leaf))).collect::<Option<Vec<_>>>();
    if told != Latest::of(shown.unwrap_or_default()) {
        return Err(Broken::Incomplete { shown: about.len(), told: told.map_or(0, |latest| latest.count) }.into());
    }
    let words = format!(
        "the state map under the seal counts {} entries about it: those that are shown, and no other",
        about.len()
    );
    steps.held(StepName::Completeness, words);
    Ok(())
}

/// The key of the state map, as the genesis names it.
fn map_key(replayed: &Replayed) -> Result<VrfPublicKey, Fault> {
    let key = replayed.register.genesis().map(|record| record.genesis.map_key);
    match key {
        Some(Jwk::Ed25519 { x }) => {
            VrfPublicKey::from_bytes(&x).map_err(|error| Misbehaved::Key { index: 0, error }.into())
        }
        // The rules refuse a genesis with another key.
        _ => Err(Broken::Order.into()),
    }
}

/// Indexes of the entries about it, rising. What was made of a foreign verdict before does not need to be shown, since the newest
/// row replaces it; of an own verdict every statement counts.
fn about(bundle: &Bundle, label: &MapLabel, replayed: &Replayed) -> Result<Vec<u64>, Broken> {
    let shown = label.entries(&replayed.register);
    let replaced =
        |index: u64| matches!(label, MapLabel::Foreign(_)) && shown.first().is_some_and(|first| index < *first);
    match bundle.earlier.iter().find(|one| !replaced(one.index)) {
        Some(kept_back) => Err(Broken::KeptBack { index: kept_back.index }),
        None => Ok(bundle.earlier.iter().map(|one| one.index).chain(shown.iter().copied()).collect()),
    }
}
