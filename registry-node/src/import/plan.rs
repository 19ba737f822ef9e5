//! From a file to the statements that it calls for, and an account of every row.
//!
//! ```text
//! bytes ──reader──▶ rows ──mapping──▶ facts ──subjects──▶ verdicts ──follow(register)──▶ statements
//!                     └── each row ends in exactly one account: verdict, history, evidence, supplier, or a refusal
//! ```
//!
//! In scope: running the pipeline. Out of scope: signing and submitting; the caller does both, with the operator's key.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use conformity::crosswalk::Publication;
use conformity::document::Document;
use conformity::ids::{CrosswalkRef, DocumentRef, SchemeRef, StatementId, VerdictId};
use conformity::reason::Reason as ChangeReason;
use conformity::records::Facts;
use conformity::scheme::Scheme;
use conformity::statement::Claim;
use conformity::verdict::{Acceptance, Provenance, Verdict, VerdictChange, VerdictRecord};

use super::acceptances::Acceptances;
use super::account::{Accounts, Became, Effect};
use super::error::ImportError;
use super::follow::{self, Step};
use super::intake::Intake;
use super::mapped::KnownSupplier;
use super::mapping::Mapping;
use super::names;
use super::occasion::Occasion;
use super::refusal::Reason;
use super::rows::Place;
use super::subjects::Subject;

/// What the register already holds, as far as an import asks.
pub trait Holdings {
    /// A verdict.
    fn verdict(&self, id: &VerdictId) -> Option<Arc<VerdictRecord>>;
    /// A scheme in a version.
    fn scheme(&self, scheme: &SchemeRef) -> Option<Arc<Scheme>>;
    /// A document in a version.
    fn document(&self, document: &DocumentRef) -> Option<Arc<Document>>;
    /// A crosswalk in a version.
    fn crosswalk(&self, crosswalk: &CrosswalkRef) -> Option<Arc<Publication>>;
}

impl<F: Facts> Holdings for F {
    fn verdict(&self, id: &VerdictId) -> Option<Arc<VerdictRecord>> {
        Facts::verdict(self, id)
    }

    fn scheme(&self, scheme: &SchemeRef) -> Option<Arc<Scheme>> {
        Facts::scheme(self, scheme).map(|record| Arc::clone(&record.scheme))
    }

    fn document(&self, document: &DocumentRef) -> Option<Arc<Document>> {
        Facts::document(self, document).map(|record| Arc::clone(&record.document))
    }

    fn crosswalk(&self, crosswalk: &CrosswalkRef) -> Option<Arc<Publication>> {
        Facts::crosswalk(self, crosswalk).map(|record| Arc::clone(&record.publication))
    }
}

/// A statement to sign and submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its id: the same for the same fact at the same point of its history.
    pub jti: StatementId,
    /// What it says.
    pub claim: Claim,
    /// The row that calls for it.
    pub row: Option<Place>,
    /// The attachment that it commits to.
    pub attachment: Option<Vec<u8>>,
}

/// What an import comes to. Nothing has happened yet.
#[derive(Debug, Default)]
pub struct Plan {
    /// The statements, in the order in which they must be submitted.
    pub claims: Vec<Planned>,
    /// What became of every row.
    pub accounts: Accounts,
    /// The legal entities of a reference list. No statement follows from these facts.
    pub suppliers: Vec<(Place, KnownSupplier)>,
}

/// Plans the import of one file.
///
/// # Errors
/// The file as a whole cannot be what the mapping describes. A row that cannot be imported is no error; its account
/// says why.
pub fn register(
    source: impl Read,
    mapping: &Mapping,
    occasion: &Occasion,
    holdings: &dyn Holdings,
) -> Result<Plan, ImportError> {
    occasion.check()?;
    let intake = Intake::read(source, mapping, occasion)?;
    Planning { mapping, occasion, holdings, granted: HashMap::new(), plan: Plan::default() }.run(intake)
}

struct Planning<'p> {
    mapping: &'p Mapping,
    occasion: &'p Occasion,
    holdings: &'p dyn Holdings,
    /// The editions that this import grants, by the first.
    granted: HashMap<VerdictId, VerdictId>,
    plan: Plan,
}

impl Planning<'_> {
    fn run(mut self, intake: Intake<'_>) -> Result<Plan, ImportError> {
        self.plan.accounts = intake.accounts;
        for (place, supplier) in intake.suppliers.into_values() {
            let identifier = supplier.identifier.clone();
            self.plan.accounts.push(place.clone(), Became::Supplier { identifier });
            self.plan.suppliers.push((place, supplier));
        }
        for subject in intake.subjects.iter() {
            self.subject(subject)?;
        }
        self.evidence(intake.evidence)?;
        if self.grants() {
            self.foundations()?;
        }
        self.plan.accounts.sort();
        Ok(self.plan)
    }

    fn grants(&self) -> bool {
        self.plan.claims.iter().any(|planned| matches!(planned.claim, Claim::VerdictGranted(_)))
    }

    /// The scheme and its documents, before the first verdict that needs them. What the register already publishes under
    /// these names stays as it is, as long as the list's verdicts fit it.
    fn foundations(&mut self) -> Result<(), ImportError> {
        let Some(rules) = &self.mapping.verdicts else { return Ok(()) };
        let name = rules.scheme.scheme.to_string();
        if let Some(held) = self.holdings.scheme(&rules.scheme.scheme) {
            return match rules.misfit(&held) {
                None => Ok(()),
                Some(misfit) => Err(ImportError::HeldScheme { name, why: misfit.to_string() }),
            };
        }
        let mut claims = Vec::new();
        for document in &self.mapping.documents {
            if self.holdings.document(&document.document).is_none() {
                let claim = Claim::DocumentPublished(Arc::clone(document));
                claims.push(self.planned(&document.document.to_string(), 0, document, claim, None)?);
            }
        }
        let claim = Claim::SchemePublished(Arc::clone(&rules.scheme));
        claims.push(self.planned(&name, 0, &rules.scheme, claim, None)?);
        self.plan.claims.splice(0..0, claims);
        Ok(())
    }

    fn subject(&mut self, subject: &Subject) -> Result<(), ImportError> {
        let holdings = self.holdings;
        let steps = match follow::steps(subject, self.occasion, &mut |id| holdings.verdict(id)) {
            Ok(steps) => steps,
            Err(reason) => {
                self.refuse(subject, &reason);
                return Ok(());
            }
        };
        let effect = match steps.first() {
            None => Effect::Unchanged,
            Some(Step::Grant(terms)) if terms.verdict == *subject.id() => Effect::New,
            Some(_) => Effect::Changed,
        };
        for step in steps {
            if let Step::Grant(terms) = &step {
                self.granted.insert(subject.id().clone(), terms.verdict.clone());
            }
            let planned = self.step(step, subject.place())?;
            self.plan.claims.push(planned);
        }
        let verdict = subject.id();
        self.plan.accounts.push(subject.place().clone(), Became::Verdict { verdict: verdict.clone(), effect });
        for place in subject.history() {
            self.plan.accounts.push(place.clone(), Became::History { verdict: verdict.clone() });
        }
        Ok(())
    }

    fn refuse(&mut self, subject: &Subject, reason: &Reason) {
        for place in subject.history().into_iter().chain([subject.place()]) {
            self.plan.accounts.push(place.clone(), Became::Refused(reason.clone()));
        }
    }

    fn step(&self, step: Step, row: &Place) -> Result<Planned, ImportError> {
        match step {
            Step::Grant(terms) => {
                let about = terms.verdict.to_string();
                let says = timeless(&terms);
                self.planned(&about, 0, &says, Claim::VerdictGranted(Arc::from(terms)), Some(row))
            }
            Step::Change { verdict, change, because, effective, after } => {
                let about = verdict.to_string();
                let says = serde_json::to_value(&change).unwrap_or_default();
                let code = because.parse().map_err(|_| ImportError::Internal { what: "a reason code" })?;
                let reason = ChangeReason { code, text: None };
                let claim = Claim::VerdictChanged(VerdictChange {
                    verdict,
                    change,
                    reason,
                    effective,
                    legal_basis: None,
                    recommended_by: None,
                });
                self.planned(&about, after, &(says, because), claim, Some(row))
            }
        }
    }

    /// What the register has not heard of acceptances of this list's verdicts.
    fn evidence(&mut self, evidence: Vec<(Place, Acceptance)>) -> Result<(), ImportError> {
        let holdings = self.holdings;
        let mut acceptances = Acceptances::new(std::mem::take(&mut self.granted));
        for (place, acceptance) in evidence {
            let verdict = acceptance.verdict.clone();
            let became = match acceptances.follow(acceptance, &mut |id| holdings.verdict(id)) {
                Ok(acceptance) => {
                    acceptance.map(|acceptance| self.accepted(acceptance, &place)).transpose()?;
                    Became::Evidence { verdict }
                }
                Err(reason) => Became::Refused(reason),
            };
            self.plan.accounts.push(place, became);
        }
        Ok(())
    }

    fn accepted(&mut self, acceptance: Acceptance, row: &Place) -> Result<(), ImportError> {
        let (about, says) = (acceptance.verdict.to_string(), acceptance.acceptance.clone());
        let claim = Claim::EvidenceAccepted(Arc::new(acceptance));
        let planned = self.planned(&about, 0, &says, claim, Some(row))?;
        self.plan.claims.push(planned);
        Ok(())
    }

    fn planned(
        &self,
        about: &str,
        step: usize,
        says: &impl serde::Serialize,
        claim: Claim,
        row: Option<&Place>,
    ) -> Result<Planned, ImportError> {
        let jti = names::statement(self.mapping.list(), about, step, says);
        let jti = jti.ok_or(ImportError::Internal { what: "a statement id" })?;
        Ok(Planned { jti, claim, row: row.cloned(), attachment: None })
    }
}

/// The terms as they are whenever the list is fetched: the same facts give the same statement id.
fn timeless(terms: &Verdict) -> Verdict {
    let mut terms = terms.clone();
    if let Provenance::Transcribed(transcription) = &mut terms.provenance {
        transcription.retrieved = terms.valid_from;
    }
    terms
}
