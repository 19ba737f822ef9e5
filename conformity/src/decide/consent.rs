//! Consenting to disclosures, and taking it back. Only the supplier of a verdict may; nobody else learns of it.

use std::sync::Arc;

use super::case::{Case, in_order, not_empty};
use crate::consent::{Consent, ConsentRecord, ConsentWithdrawn, Subject};
use crate::ids::VerdictId;
use crate::party::Role;
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::standing::is_supplier;

/// How many months a consent lasts at most: who goes on wanting it consents again.
const MAX_MONTHS: u16 = 36;
/// How many consents one supplier may give in all: all of them are kept in memory.
const MAX_CONSENTS: usize = 10_000;

impl<F: Facts> Case<'_, F> {
    pub(super) fn disclosure_consented(&self, consent: &Arc<Consent>) -> Result<Vec<Record>, Refusal> {
        self.only(&[Role::Supplier], "the supplier that a verdict is about")?;
        match &consent.about {
            Subject::Standing(_) if !consent.parts.is_empty() => return Err(Refusal::PartsMisplaced),
            Subject::Standing(_) => {}
            Subject::Verdict(_) | Subject::Scheme(_) => not_empty("what may be seen", consent.parts.is_empty())?,
        }
        match &consent.about {
            Subject::Verdict(id) => self.is_about_speaker(id)?,
            Subject::Scheme(scheme) | Subject::Standing(scheme) => self.scheme(scheme).map(drop)?,
        }
        self.lasts(consent)?;
        self.says_something_new(consent)?;
        Ok(vec![Record::Consent(Arc::new(ConsentRecord {
            consent: Arc::clone(consent),
            by: self.iss().clone(),
            identifiers: self.speaker.party.identifiers.clone(),
            given: self.moment(),
            withdrawn: None,
            voided: None,
        }))])
    }

    pub(super) fn disclosure_withdrawn(&self, claim: &ConsentWithdrawn) -> Result<Vec<Record>, Refusal> {
        self.only(&[Role::Supplier], "the supplier that gave the consent")?;
        let known = self.facts.consent(self.iss(), &claim.consent);
        let known = known.ok_or_else(|| Refusal::UnknownConsent { consent: claim.consent.clone() })?;
        if let Some(moment) = known.withdrawn {
            return Err(Refusal::ConsentWithdrawn { consent: claim.consent.clone(), at: moment.at });
        }
        let withdrawn = Some(self.moment());
        Ok(vec![Record::Consent(Arc::new(ConsentRecord { withdrawn, ..ConsentRecord::clone(&known) }))])
    }

    fn is_about_speaker(&self, id: &VerdictId) -> Result<(), Refusal> {
        let known = self.verdict(id)?;
        if is_supplier(&self.speaker.party.identifiers, &known) {
            return Ok(());
        }
        Err(Refusal::NotTheSupplier { iss: self.iss().clone(), verdict: id.clone() })
    }

    fn lasts(&self, consent: &Consent) -> Result<(), Refusal> {
        in_order("consent", self.today(), consent.until)?;
        let latest = self.today().plus_months(MAX_MONTHS);
        if consent.until > latest {
            return Err(Refusal::ConsentTooLong { until: consent.until, latest });
        }
        Ok(())
    }

    /// Two consents about the same, to the same party, would have to be taken back both: there is one at a time.
    fn says_something_new(&self, consent: &Consent) -> Result<(), Refusal> {
        if self.facts.consent(self.iss(), &consent.consent).is_some() {
            return Err(Refusal::ConsentExists { consent: consent.consent.clone() });
        }
        let same = self.facts.consents_between(self.iss(), &consent.to, &consent.about);
        let known = same.iter().filter_map(|id| self.facts.consent(self.iss(), id));
        if let Some(standing) = known.into_iter().find(|one| one.stands(self.at())) {
            return Err(Refusal::ConsentStands { consent: standing.consent.consent.clone() });
        }
        if self.facts.consent_count(self.iss()) < MAX_CONSENTS {
            return Ok(());
        }
        Err(Refusal::TooMany { what: "consents of a supplier", max: MAX_CONSENTS })
    }
}
