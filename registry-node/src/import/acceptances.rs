//! Which verdict an acceptance as evidence is stated of, and whether it is stated already.
//!
//! ```text
//! the list's verdict            the acceptance is stated of
//! granted by this import        the edition that is granted
//! held, in whatever state       the newest edition
//! held, not transcribed         nothing: it is not this list's verdict
//! neither                       nothing
//! ```
//!
//! What one edition heard a later one does not hear again. What a list no longer says stays: it was so when the list said
//! it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use conformity::decide::MAX_ACCEPTANCES;
use conformity::ids::{AcceptanceId, VerdictId};
use conformity::verdict::{Acceptance, VerdictRecord};

use super::follow;
use super::refusal::Reason;

/// What is known of acceptances, by the first edition of their verdict.
pub(crate) struct Acceptances {
    /// The editions that this import grants, by the first.
    granted: HashMap<VerdictId, VerdictId>,
    known: HashMap<VerdictId, Option<Known>>,
}

/// What is known of the acceptances of one verdict.
struct Known {
    /// The edition of which others are stated.
    edition: VerdictId,
    /// How many that edition has.
    count: usize,
    /// Those of all editions.
    stated: HashSet<AcceptanceId>,
}

impl Acceptances {
    pub(crate) fn new(granted: HashMap<VerdictId, VerdictId>) -> Self {
        Self { granted, known: HashMap::new() }
    }

    /// The acceptance as it is to be stated; nothing where it is stated already. `held` looks ids up in the register.
    pub(crate) fn follow(
        &mut self,
        acceptance: Acceptance,
        held: &mut dyn FnMut(&VerdictId) -> Option<Arc<VerdictRecord>>,
    ) -> Result<Option<Acceptance>, Reason> {
        let first = &acceptance.verdict;
        let granted = self.granted.get(first);
        let known = self.known.entry(first.clone()).or_insert_with(|| Known::of(first, granted, held));
        let Some(known) = known else { return Err(Reason::NoSuchVerdict { verdict: acceptance.verdict }) };
        if known.stated.contains(&acceptance.acceptance) {
            return Ok(None);
        }
        if known.count >= MAX_ACCEPTANCES {
            return Err(Reason::TooManyAcceptances { verdict: known.edition.clone(), limit: MAX_ACCEPTANCES });
        }
        known.count += 1;
        Ok(Some(Acceptance { verdict: known.edition.clone(), ..acceptance }))
    }
}

impl Known {
    fn of(
        first: &VerdictId,
        granted: Option<&VerdictId>,
        held: &mut dyn FnMut(&VerdictId) -> Option<Arc<VerdictRecord>>,
    ) -> Option<Self> {
        let editions = follow::editions(first, held);
        let stated = editions.iter().flat_map(|record| record.acceptances());
        let stated = stated.map(|(_, acceptance)| acceptance.acceptance.clone()).collect();
        if let Some(edition) = granted {
            return Some(Self { edition: edition.clone(), count: 0, stated });
        }
        let newest = editions.last().filter(|record| record.terms.provenance.is_transcribed())?;
        Some(Self { edition: newest.id().clone(), count: newest.acceptances().count(), stated })
    }
}
