//! Proposals 提案: terms that somebody signed and that wait for the signature of others.
//!
//! The first signature under terms is the proposal: it binds whoever gave it, tells the other parties exactly what they are
//! asked to sign, and is filed in their logs. Out of scope: whether terms are in force, see [`crate::in_force`].

use jiff::Timestamp;
use serde::Serialize;

use crate::arrangement::{Act, Arrangement, ArrangementAct, ArrangementRecord, ArrangementRole, Mode, SignedTerms};
use crate::digest::Digest;
use crate::ids::RegistryId;

/// Terms that wait for a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// Their version.
    pub version: u32,
    /// Their digest.
    pub digest: Digest,
    /// Who signed them, in the order of the parties.
    pub signed: Vec<RegistryId>,
    /// Whose signature they wait for, in the order of the parties.
    pub missing: Vec<RegistryId>,
}

/// What waits for a signature, as `own` sees it. Terms older than what `own` signed last wait for nobody: they cannot be signed
/// any more.
pub fn proposals(record: &ArrangementRecord, own: &RegistryId) -> Vec<Proposal> {
    let signed = |terms: &&SignedTerms| signs(record, own, &terms.digest);
    let newest = record.terms.iter().filter(signed).map(|terms| terms.terms.version).max();
    let open = record.terms.iter().filter(|terms| newest.is_none_or(|newest| terms.terms.version >= newest));
    open.filter_map(|terms| proposal(record, terms)).collect()
}

/// How often `peer` signed terms at `since` or later that `own` never signed, whether or not anybody is asked to and whether or not it
/// ended them at once: what `own` keeps of it for ever.
pub fn signed_alone(record: &ArrangementRecord, peer: &RegistryId, own: &RegistryId, since: Timestamp) -> usize {
    let signed = |act: &ArrangementAct| match act.act {
        Act::Signed { digest } => Some(digest),
        _ => None,
    };
    let ours: Vec<Digest> = record.acts_of(own).filter_map(signed).collect();
    let theirs = record.acts_of(peer).filter(|act| act.moment.at >= since).filter_map(signed);
    theirs.filter(|digest| !ours.contains(digest)).count()
}

fn proposal(record: &ArrangementRecord, terms: &SignedTerms) -> Option<Proposal> {
    let (signed, missing): (Vec<_>, Vec<_>) =
        asked(&terms.terms).cloned().partition(|party| signs(record, party, &terms.digest));
    let by_anyone = record.acts.iter().any(|act| signs(record, &act.registry, &terms.digest));
    let waits = by_anyone && !missing.is_empty();
    waits.then_some(Proposal { version: terms.terms.version, digest: terms.digest, signed, missing })
}

/// Whose signature terms ask for: everyone's who recognises where one side binds itself, else that of all parties.
fn asked(terms: &Arrangement) -> impl Iterator<Item = &RegistryId> {
    let unilateral = terms.mode == Mode::Unilateral;
    let parties = terms.parties.iter();
    let asked = parties.filter(move |party| !unilateral || party.roles.contains(&ArrangementRole::Recognising));
    asked.map(|party| &party.registry)
}

/// Whether the signature of `registry` under the terms of this digest stands: it did not end the arrangement since.
fn signs(record: &ArrangementRecord, registry: &RegistryId, digest: &Digest) -> bool {
    let decisive = record.acts_of(registry).rev().find_map(|act| match &act.act {
        Act::Signed { digest: signed } if signed == digest => Some(true),
        Act::Ended { .. } => Some(false),
        _ => None,
    });
    decisive.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::{proposals, signed_alone};
    use crate::recognition::fixture::{Story, arrangement, at, ccra, jp_eu, name};

    /// `version by signers for missing`, of each proposal, as `own` sees it.
    fn told(story: Story, own: &str) -> String {
        let words = proposals(&story.told(), &name(own)).into_iter().map(|one| {
            let list =
                |all: &[crate::ids::RegistryId]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
            format!("{} by {} for {}", one.version, list(&one.signed), list(&one.missing))
        });
        words.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_nobody_else_signs_counts_also_where_nobody_is_asked_to() {
        let one = |mode: &str| arrangement(&jp_eu(), &json!({"mode": mode}));
        let story = |mode: &str| Story::of(&[one(mode)]);
        let rows = vec![
            ("nobody signed", story("bilateral"), 0),
            ("it signed", story("bilateral").signs("jp", 0, "2026-03-01"), 1),
            ("before", story("bilateral").signs("jp", 0, "2026-02-28"), 0),
            ("so did we", story("bilateral").signs("jp", 0, "2026-03-01").signs("eu", 0, "2026-03-02"), 0),
            ("it binds itself alone", story("unilateral").signs("jp", 0, "2026-03-01"), 1),
            (
                "it ended at once what it signed",
                story("bilateral").signs("jp", 0, "2026-03-01").ends("jp", "2026-06-01", "2026-03-01"),
                1,
            ),
            (
                "and signed again",
                story("bilateral").signs("jp", 0, "2026-03-01").ends("jp", "2026-06-01", "2026-03-01").signs(
                    "jp",
                    0,
                    "2026-03-02",
                ),
                2,
            ),
        ];
        for (about, story, expected) in rows {
            let counted = signed_alone(&story.told(), &name("jp"), &name("eu"), at("2026-03-01"));
            assert_eq!(counted, expected, "{about}");
        }
    }

    #[test]
    fn what_waits_for_whom() {
        let one = |mode: &str| arrangement(&jp_eu(), &json!({"mode": mode}));
        let two = arrangement(&jp_eu(), &json!({"version": 2}));
        let other = arrangement(&jp_eu(), &json!({"title": "the same version in other words"}));
        let story = || Story::of(&[one("bilateral"), two.clone(), other.clone()]);
        let agreed = || story().signs("jp", 0, "2026-01-01").signs("eu", 0, "2026-01-02");
        let alone = arrangement(
            &jp_eu(),
            &json!({"mode": "unilateral", "parties": [
            {"registry": "jp", "origin": "jp.registry.example", "authority": "a", "roles": ["issuing"]},
            {"registry": "eu", "origin": "eu.registry.example", "authority": "b", "roles": ["recognising"]}]}),
        );
        let many = || Story::of(&[arrangement(&ccra(), &json!({}))]).signs("jp", 0, "2026-01-01");
        let rows = vec![
            ("nobody signed", story(), ""),
            ("one side did", story().signs("jp", 0, "2026-01-01"), "1 by jp for eu"),
            ("both did", agreed(), ""),
            ("a new version of one side", agreed().signs("jp", 1, "2026-01-03"), "2 by jp for eu"),
            (
                "which the other side signed, too",
                agreed().signs("jp", 1, "2026-01-03").signs("eu", 1, "2026-01-04"),
                "",
            ),
            (
                "an old version waits for nobody",
                story().signs("jp", 0, "2026-01-01").signs("eu", 1, "2026-01-02"),
                "2 by eu for jp",
            ),
            (
                "two texts of one version",
                story().signs("jp", 0, "2026-01-01").signs("jp", 2, "2026-01-02"),
                "1 by jp for eu, 1 by jp for eu",
            ),
            ("taken back", story().signs("jp", 0, "2026-01-01").ends("jp", "2026-06-01", "2026-01-02"), ""),
            ("one side binds itself alone", Story::of(std::slice::from_ref(&alone)).signs("eu", 0, "2026-01-01"), ""),
            ("and is asked to", Story::of(&[alone]).signs("jp", 0, "2026-01-01"), "1 by  for eu"),
            ("many parties", many(), "1 by jp for eu+us+asean"),
            ("some of whom signed", many().signs("us", 0, "2026-01-02"), "1 by jp+us for eu+asean"),
        ];
        for (about, story, expected) in rows {
            assert_eq!(told(story, "eu"), expected, "{about}");
        }
    }
}
