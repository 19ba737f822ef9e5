//! Documenting a verdict. Only who answers for it may, while it is in force and, where a body decided it, the body accredited; and
//! the document says what the verdict says, member by member.

use std::sync::Arc;

use super::case::{Case, in_order};
use super::verdict_change::not_yours;
use crate::credential::{Credential, CredentialRecord, Documented};
use crate::party::Role;
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::verdict::VerdictRecord;

/// How many credentials a verdict may have in its life: each takes a place in a status list for ever.
const MAX_CREDENTIALS: usize = 100;

impl<F: Facts> Case<'_, F> {
    pub(super) fn credential_issued(&self, credential: &Arc<Credential>) -> Result<Vec<Record>, Refusal> {
        self.only(
            &[Role::CertificationBody, Role::Supplier, Role::Buyer],
            "the certification body that answers for the verdict, or whoever declared it",
        )?;
        let known = self.verdict(&credential.verdict)?;
        if !self.answers_for(&known) {
            return Err(not_yours(&known));
        }
        let state = known.now.state.name();
        if !state.is_in_force() {
            return Err(Refusal::NothingToDocument { verdict: known.id().clone(), state });
        }
        self.not_over(known.now.valid_until)?;
        if known.terms.provenance.self_declared().is_none() {
            self.accredited_to_decide(self.iss(), &known, known.now.viewpoints)?;
        }
        self.says_the_same(credential, &known)?;
        in_order("assessment", credential.assessed, self.today())?;
        self.slot_free(credential, &known)?;
        Ok(vec![Record::Credential(Arc::new(CredentialRecord {
            credential: Arc::clone(credential),
            jti: self.statement.jti.clone(),
            by: self.iss().clone(),
            issued: self.moment(),
            voided: None,
        }))])
    }

    fn says_the_same(&self, credential: &Credential, known: &VerdictRecord) -> Result<(), Refusal> {
        let scheme = self.scheme(&known.terms.scheme)?;
        let documented = Documented {
            genesis: &self.genesis.genesis,
            body: &self.speaker.party,
            scheme: &scheme.scheme,
            verdict: known,
        };
        match credential.differs_from(documented) {
            Some(member) => Err(Refusal::CredentialDiffers { verdict: known.id().clone(), member }),
            None => Ok(()),
        }
    }

    fn slot_free(&self, credential: &Credential, known: &VerdictRecord) -> Result<(), Refusal> {
        if self.facts.credential(credential.slot).is_some() {
            return Err(Refusal::SlotTaken { slot: credential.slot });
        }
        let issued = self.facts.credentials_of(known.id());
        // Void ones do not count: a thief must not keep the body from documenting its verdict.
        if issued.iter().filter(|record| record.voided.is_none()).count() >= MAX_CREDENTIALS {
            return Err(Refusal::TooMany { what: "credentials of a verdict", max: MAX_CREDENTIALS });
        }
        Ok(())
    }
}
