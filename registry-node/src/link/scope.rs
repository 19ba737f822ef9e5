//! What is exchanged between two registries: the schemes that arrangements in force between them speak of, and whether restricted
//! verdicts are included.

use std::sync::Arc;

use conformity::arrangement::ArrangementRecord;
use conformity::in_force::{Pair, terms_in_force};
use conformity::records::Facts;
use federation::follow::Scope;
use jiff::Timestamp;

/// Arrangements that name both registries of the pair, in force or not.
pub(super) fn between<F: Facts>(facts: &F, pair: Pair<'_>) -> Vec<Arc<ArrangementRecord>> {
    let names_both = |record: &Arc<ArrangementRecord>| {
        record.terms.iter().any(|signed| pair.both().all(|registry| signed.terms.party(registry).is_some()))
    };
    facts.arrangements().into_iter().filter(names_both).collect()
}

/// What goes from one registry of the pair to the other now.
pub(super) fn scope(arrangements: &[Arc<ArrangementRecord>], pair: Pair<'_>, now: Timestamp) -> Scope {
    let in_force = arrangements.iter().filter_map(|record| terms_in_force(record, pair, now));
    let rules = in_force.flat_map(|signed| &signed.terms.rules).filter(|rule| rule.goes(pair.from, pair.to));
    Scope::of_rules(rules)
}
