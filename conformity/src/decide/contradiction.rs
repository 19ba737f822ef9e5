//! Whether terms contradict what this registry already signed in another arrangement.
//!
//! Two arrangements may cover the same verdicts: the better rule answers. What they must not do is say two things of one
//! verdict: as which level of the same scheme it counts here, or, by which of them holds, what its level is.

use super::arrangement::held;
use super::case::Case;
use crate::arrangement::{Arrangement, CountsAs, Rule};
use crate::consent::Part;
use crate::ids::RegistryId;
use crate::records::Facts;
use crate::refusal::Refusal;
use crate::time::Day;

impl<F: Facts> Case<'_, F> {
    /// Refuses terms with a rule that contradicts one of another arrangement which this registry is bound to.
    pub(super) fn agrees_with_others(&self, terms: &Arrangement) -> Result<(), Refusal> {
        let own = &self.genesis.genesis.registry;
        for record in self.facts.arrangements().iter().filter(|record| record.id != terms.id) {
            let held = held(record, own);
            let Some(other) = held.terms.filter(|other| !held.ended && share_days(terms, other)) else { continue };
            let pairs = terms.rules.iter().flat_map(|rule| other.rules.iter().map(move |known| (rule, known)));
            for (rule, known) in pairs {
                if let Some(because) = contradiction(terms, own, (rule, known)) {
                    let (other, known) = (other.id.clone(), known.id.clone());
                    return Err(Refusal::TermsContradict { rule: rule.id.clone(), other, known, because });
                }
            }
        }
        Ok(())
    }
}

fn share_days(one: &Arrangement, other: &Arrangement) -> bool {
    let ends = |terms: &Arrangement| terms.until.map_or(jiff::Timestamp::MAX, Day::end);
    one.from.start() < ends(other) && other.from.start() < ends(one)
}

/// What two rules of different arrangements say that cannot both be.
fn contradiction(terms: &Arrangement, own: &RegistryId, (rule, known): (&Rule, &Rule)) -> Option<&'static str> {
    let others = || terms.parties.iter().map(|party| &party.registry).filter(|other| *other != own);
    let both_go = |from: &RegistryId, to: &RegistryId| rule.goes(from, to) && known.goes(from, to);
    let inward = others().any(|other| both_go(other, own));
    let outward = others().any(|other| both_go(own, other));
    let same = rule.scheme == known.scheme && !rule.objects.intersection(known.objects).is_empty();
    if !same || !(inward || outward) {
        return None;
    }
    let disclose = |rule: &Rule| rule.discloses.contains(Part::Level);
    let counts = rule.counts_as.as_ref().zip(known.counts_as.as_ref());
    if disclose(rule) && disclose(known) {
        Some("both disclose the level, and which of them holds would tell it to everyone")
    } else if inward && counts.is_some_and(|(one, other)| differ(one, other)) {
        Some("a level of theirs would count here as two levels of one scheme")
    } else {
        None
    }
}

/// Whether they make two levels of one.
fn differ(one: &CountsAs, other: &CountsAs) -> bool {
    let conflicts = |(theirs, ours)| other.levels.get(theirs).is_some_and(|known| known != ours);
    one.scheme == other.scheme && one.levels.iter().any(conflicts)
}
