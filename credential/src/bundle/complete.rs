//! Nothing is left out: the state map under the seal counts and chains the entries about the verdict, and about each key, accreditation,
//! designation, arrangement and peering that it rests on; those that the bundle shows give the same counts and chains. Without this,
//! whoever carries a bundle could leave out the last suspension, or that the key which signed was revoked.
//!
//! What must be complete follows from the statements, by the walk that also says which statements to show
//! ([`conformity::basis`]), never from what the bundle says of itself.

use std::collections::BTreeMap;

use conformity::basis::{Basis, of_recognition, of_verdict};
use conformity::key::Jwk;
use conformity::map_label::{MapLabel, Tree};
use conformity::records::{Facts, Register};
use conformity::words::Params;
use ledger::map::{Latest, MapProof, MapProofError, PublicProof};
use ledger::merkle::Hash;
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
    let (label, basis) = rested(bundle, replayed).ok_or_else(|| Broken::NoVerdict(bundle.verdict.clone()))?;
    let (told, public_root) = told(&bundle.map_proof, &label, &replayed.register, entries)?;
    let stated = label.entries(&replayed.register);
    let about = [bare(bundle, &label, &stated)?, stated].concat();
    compare(&label, told, &about, entries)?;
    let rests = foundations(basis, &bundle.public_proof, &replayed.register, entries, &public_root)?;
    let params = Params::default().with("count", about.len()).with("rests", rests);
    steps.held(StepName::Completeness, "complete-verdict", params);
    Ok(())
}

/// What the map says of a label, a blinded one or a verdict's, and the root over what it says of public ones. In which tree it is looked
/// for, the label alone says: a proof of the other form is refused.
pub(super) fn told(
    map_proof: &str,
    label: &MapLabel,
    register: &Register,
    entries: &Entries,
) -> Result<(Option<Latest>, Hash), Fault> {
    let proof: MapProof = map_proof.parse().map_err(Broken::Map)?;
    // The root is that of the last entry; a proof that points elsewhere was not made for this bundle.
    if entries.last() != Some(proof.seal) {
        return Err(Broken::Map(MapProofError::Malformed("it points to another seal")).into());
    }
    let (root, text) = (&entries.map_root, label.to_string());
    let told = match label.tree() {
        Tree::Blinded => proof.verify_blinded(root, &map_key(register)?, &text),
        Tree::Verdicts => proof.verify_plain(root, &text),
        Tree::Public => Err(MapProofError::OtherTree),
    };
    Ok((told.map_err(Broken::Map)?, proof.public))
}

/// Nothing that an answer rests on lacks an entry. Gives how many labels that are.
pub(super) fn foundations(
    basis: Basis,
    public_proof: &[String],
    register: &Register,
    entries: &Entries,
    root: &Hash,
) -> Result<usize, Fault> {
    let labels: BTreeMap<String, MapLabel> = basis.labels.into_iter().map(|label| (label.to_string(), label)).collect();
    let proof = PublicProof::read(public_proof.iter().map(String::as_str)).map_err(Broken::Map)?;
    let told = proof.verify(root, labels.keys().map(String::as_str)).map_err(Broken::Map)?;
    for (text, label) in &labels {
        let (told, about) = (told.get(text.as_str()).copied().flatten(), label.entries(register));
        if contradicts(told, &about, entries) {
            let told = told.map_or(0, |latest| latest.count);
            return Err(Misbehaved::Map { about: Box::new(label.clone()), shown: about.len(), told }.into());
        }
        compare(label, told, &about, entries)?;
    }
    Ok(labels.len())
}

/// The verdict's label, which follows from the profile in its grant, and what it rests on, as far as the statements say; nothing if they
/// say nothing of it.
fn rested(bundle: &Bundle, replayed: &Replayed) -> Option<(MapLabel, Basis)> {
    let (register, verdict) = (&replayed.register, &bundle.verdict);
    if replayed.is_of(bundle) {
        let record = register.verdict(&verdict.id)?;
        let label = MapLabel::own(verdict.id.clone(), record.terms.profile);
        return Some((label, of_verdict(register, &record, u64::MAX)));
    }
    let record = register.recognition(verdict)?;
    let cause = replayed.causes.get(&record.since.index);
    Some((MapLabel::Foreign(verdict.clone()), of_recognition(register, &record, cause, u64::MAX)))
}

/// The key of the state map, as the genesis names it.
fn map_key(register: &Register) -> Result<VrfPublicKey, Fault> {
    let key = register.genesis().map(|record| record.genesis.map_key);
    match key {
        Some(Jwk::Ed25519 { x }) => {
            VrfPublicKey::from_bytes(&x).map_err(|error| Misbehaved::Key { index: 0, error }.into())
        }
        // The rules refuse a genesis with another key.
        _ => Err(Broken::Order.into()),
    }
}

/// Indexes of the entries about it without their statements. What was made of a foreign verdict before does not need to be shown,
/// since the newest row replaces it; of an own verdict every statement counts.
fn bare(bundle: &Bundle, label: &MapLabel, stated: &[u64]) -> Result<Vec<u64>, Broken> {
    let replaced =
        |index: u64| matches!(label, MapLabel::Foreign(_)) && stated.first().is_some_and(|first| index < *first);
    match bundle.earlier.iter().find(|one| !replaced(one.index)) {
        Some(kept_back) => Err(Broken::KeptBack { index: kept_back.index }),
        None => Ok(bundle.earlier.iter().map(|one| one.index).collect()),
    }
}

fn latest(entries: &Entries, indexes: &[u64]) -> Option<Latest> {
    let leaves = indexes.iter().map(|index| entries.leaf(*index).map(|leaf| (*index, leaf)));
    Latest::of(leaves.collect::<Option<Vec<_>>>()?)
}

/// Whether what the map says of a label is what the shown entries give.
pub(super) fn compare(label: &MapLabel, told: Option<Latest>, indexes: &[u64], entries: &Entries) -> Result<(), Fault> {
    if told == latest(entries, indexes) {
        return Ok(());
    }
    let (about, shown, told) = (Box::new(label.clone()), indexes.len(), told.map_or(0, |latest| latest.count));
    Err(Broken::Incomplete { about, shown, told }.into())
}

/// Whether a map says of a public label what cannot be, whatever the bundle leaves out: a root is over all entries before its seal,
/// and nothing public is ever erased, so it counts at least those whose statements are shown. Of a verdict this would not be
/// evidence: it leaves the map when its grant is erased, and somebody may have kept the grant.
fn contradicts(told: Option<Latest>, indexes: &[u64], entries: &Entries) -> bool {
    let shown = indexes.len() as u64;
    match told {
        None => shown > 0,
        Some(told) => {
            let other = told.count == shown && Some(told) != latest(entries, indexes);
            told.count < shown || Some(&told.index) < indexes.last() || other
        }
    }
}
