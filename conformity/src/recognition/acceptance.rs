//! Whether one registry recognises another's verdicts under a scheme at a time, whatever the verdict.
//!
//! In scope: whether some rule of an arrangement in force accepts them in full, or what stands against it. Out of scope:
//! single verdicts, which may still be refused by object, viewpoint, level or state, or may have been kept over a lapse.

use std::sync::Arc;

use jiff::Timestamp;

use super::candidate::{force_gap, grants_gap, role_gap};
use super::gap::GapKind;
use crate::arrangement::{Act, ArrangementRecord, Rule, SignedTerms};
use crate::ids::{Origin, PartyId, SchemeRef};
use crate::in_force::{self, Footing, Pair};

/// Whose verdicts are asked about, by whom they are to be recognised, under what, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relation<'a> {
    /// From the issuing to the recognising registry.
    pub pair: Pair<'a>,
    /// The log of the issuing registry; terms that name another one are about somebody else.
    pub origin: &'a Origin,
    /// Who must have signed for the recognising registry; anybody where nobody is named.
    pub signed_by: Option<&'a PartyId>,
    /// The scheme of the issuing side.
    pub scheme: &'a SchemeRef,
    /// When. What was sequenced later is not known.
    pub at: Timestamp,
}

/// A rule that speaks of a relation, and whether it accepts such verdicts in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance<'a> {
    /// The terms it stands in.
    pub terms: &'a SignedTerms,
    /// The rule.
    pub rule: &'a Rule,
    /// What stands against it; nothing where it accepts them in full.
    pub gap: Option<GapKind>,
}

/// What `arrangements` say about `relation`: the rule that accepts most or, where none does, the one that comes nearest.
/// Nothing where no rule speaks of it.
pub fn acceptance<'a>(arrangements: &'a [Arc<ArrangementRecord>], relation: &Relation<'a>) -> Option<Acceptance<'a>> {
    let known = arrangements.iter().filter_map(|record| footing(record, relation));
    let found = known.flat_map(|footing| under(footing, relation));
    found.min_by(|one, other| one.rank().cmp(&other.rank()))
}

/// Where an arrangement stands, if it is about the relation and was known by then.
fn footing<'a>(record: &'a ArrangementRecord, relation: &Relation<'a>) -> Option<Footing<'a>> {
    let footing = in_force::footing(record, relation.pair, relation.at)?;
    let terms = &footing.terms.terms;
    let same_log = terms.party(relation.pair.from).is_some_and(|party| party.origin == *relation.origin);
    let between = same_log && role_gap(relation.pair, terms).is_none();
    (between && is_signed(record, footing.terms, relation)).then_some(footing)
}

/// Whether somebody had signed the terms by then; whoever is named, for the recognising registry.
fn is_signed(record: &ArrangementRecord, terms: &SignedTerms, relation: &Relation<'_>) -> bool {
    let mut acts = record.acts.iter().filter(|item| item.moment.at <= relation.at);
    acts.any(|item| {
        let signed = matches!(&item.act, Act::Signed { digest } if *digest == terms.digest);
        signed && relation.signed_by.is_none_or(|by| item.registry == *relation.pair.to && item.by == *by)
    })
}

/// What each rule about the relation gives.
fn under<'a>(footing: Footing<'a>, relation: &Relation<'a>) -> impl Iterator<Item = Acceptance<'a>> + use<'a> {
    let Footing { terms, force } = footing;
    let (pair, scheme, rests) = (relation.pair, relation.scheme, force_gap(&force));
    let rules = terms.terms.rules.iter().filter(move |rule| rule.scheme == *scheme && rule.goes(pair.from, pair.to));
    rules.map(move |rule| Acceptance { terms, rule, gap: rests.clone().or_else(|| grants_gap(rule)) })
}

impl Acceptance<'_> {
    /// Its place among several: the smallest is the answer.
    fn rank(&self) -> impl Ord + '_ {
        let evidence_only = self.gap == Some(GapKind::EvidenceOnly);
        (self.gap.as_ref().map(GapKind::weight), evidence_only, &self.terms.terms.id, &self.rule.id)
    }
}
