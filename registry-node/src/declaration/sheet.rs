//! The sheet: what is declared, and an answer for each requirement. It is a file of the supplier's, and no part of a log.
//!
//! ```json
//! {"scheme": "demo@1",
//!  "about": {"verdict": "S-1", "object": {"kind": "organization", "name": "…"}, "viewpoints": ["organization"], "scope": "…"},
//!  "answers": {"common-requirements@1": {"ORG-01": {"outcome": "met", "note": "…"}}}}
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use conformity::digest::Digest;
use conformity::ids::{DocumentRef, LevelCode, RequirementId, SchemeRef, VerdictId};
use conformity::scheme::{ExpertNeed, SelfDeclaration};
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{AssessedObject, Profile, Provenance, SelfDeclared, Supplier, Verdict};
use conformity::viewpoint::Viewpoints;
use credential::attestation::{Assessment, Detail, Finding, Requirement, RequirementOutcome, RequirementResult};
use serde::{Deserialize, Serialize};

use crate::import::Wording;

/// What somebody fills in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sheet {
    /// Under which scheme.
    pub scheme: SchemeRef,
    /// What is declared.
    pub about: About,
    /// The answers, by document and requirement.
    #[serde(default)]
    pub answers: BTreeMap<DocumentRef, BTreeMap<RequirementId, Answer>>,
    /// The statement that was signed, so that the same is sent again where its receipt was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
    /// Where the log holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
}

/// What is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct About {
    /// The id of the declaration.
    pub verdict: VerdictId,
    /// What it is about.
    pub object: AssessedObject,
    /// From which viewpoints.
    pub viewpoints: Viewpoints,
    /// At which level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCode>,
    /// What it covers, in words.
    pub scope: Text<1024>,
    /// What it does not cover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<Text<256>>,
    /// To whom it is shown: to everyone unless it says `restricted`.
    #[serde(default = "open")]
    pub profile: Profile,
    /// Whether it counts only once an expert confirmed it.
    #[serde(default)]
    pub awaits_expert: bool,
    /// The earlier declaration whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrades: Option<VerdictId>,
}

const fn open() -> Profile {
    Profile::Open
}

/// How one requirement is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// How.
    pub outcome: RequirementOutcome,
    /// In words, for those alone who are shown findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text<1024>>,
    /// Whether it was filled in from what the supplier's verdicts cover, and nobody has looked at it since.
    #[serde(default, skip_serializing_if = "is_looked_at")]
    pub prefilled: bool,
}

const fn is_looked_at(prefilled: &bool) -> bool {
    !*prefilled
}

/// One thing that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Of which document.
    pub document: DocumentRef,
    /// Which requirement.
    pub requirement: RequirementId,
    /// Its words.
    pub wording: Wording,
    /// How far the supplier's verdicts reach it: `met`, `covered`, `touched` or `open`.
    pub cover: String,
}

/// Whom a declaration is about, and by which paper somebody else makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplied {
    /// The supplier.
    pub supplier: Supplier,
    /// Digest of the sponsor's mandate.
    pub mandate: Option<Digest>,
}

/// Why a sheet cannot be signed yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// Requirements without an answer.
    #[error(
        "{count} of {all} requirements have no answer yet, the first is {first}; answer them, or leave and come back"
    )]
    Unanswered {
        /// How many.
        count: usize,
        /// Of how many.
        all: usize,
        /// The first of them.
        first: RequirementId,
    },
    /// Answers about what no document of the scheme asks for.
    #[error("the sheet answers {requirement} of {document}, which the scheme does not ask for; take it out")]
    Unasked {
        /// The document.
        document: DocumentRef,
        /// The requirement.
        requirement: RequirementId,
    },
    /// Something is not met, and the declaration does not say so.
    #[error(
        "{count} requirements are not met in full; meet them, or say with --exclusion what the declaration does not cover"
    )]
    NotMet {
        /// How many.
        count: usize,
    },
    /// A profile that declarations do not take.
    #[error("a declaration is open or restricted; what it holds back is in its credential either way")]
    Profile,
}

impl Sheet {
    /// Fills in what the supplier's verdicts meet, where there is no answer yet. Says how many answers that were.
    pub fn prefill(&mut self, questions: &[Question]) -> usize {
        let mut filled = 0;
        for question in questions.iter().filter(|one| matches!(one.cover.as_str(), "met" | "covered")) {
            let answers = self.answers.entry(question.document.clone()).or_default();
            answers.entry(question.requirement.clone()).or_insert_with(|| {
                filled += 1;
                Answer { outcome: RequirementOutcome::Met, note: None, prefilled: true }
            });
        }
        filled
    }

    /// The answer to a question.
    pub fn answer(&self, question: &Question) -> Option<&Answer> {
        self.answers.get(&question.document)?.get(&question.requirement)
    }

    /// Whether it can be signed.
    ///
    /// # Errors
    /// What is missing.
    pub fn ready(&self, questions: &[Question]) -> Result<(), NotReady> {
        if self.about.profile == Profile::Summary {
            return Err(NotReady::Profile);
        }
        for (document, answers) in &self.answers {
            let asked = |requirement: &RequirementId| {
                questions.iter().any(|one| one.document == *document && one.requirement == *requirement)
            };
            if let Some(requirement) = answers.keys().find(|requirement| !asked(requirement)) {
                return Err(NotReady::Unasked { document: document.clone(), requirement: requirement.clone() });
            }
        }
        let open: Vec<&Question> = questions.iter().filter(|one| self.answer(one).is_none()).collect();
        if let Some(first) = open.first() {
            let (count, all, first) = (open.len(), questions.len(), first.requirement.clone());
            return Err(NotReady::Unanswered { count, all, first });
        }
        match self.not_met() {
            0 => Ok(()),
            count if self.about.exclusions.is_empty() => Err(NotReady::NotMet { count }),
            _ => Ok(()),
        }
    }

    fn not_met(&self) -> usize {
        let answers = self.answers.values().flat_map(BTreeMap::values);
        let unmet = [RequirementOutcome::PartlyMet, RequirementOutcome::NotMet];
        answers.filter(|answer| unmet.contains(&answer.outcome)).count()
    }

    /// How many answers there are of each kind, and how many nobody has looked at.
    pub fn counts(&self) -> (BTreeMap<&'static str, usize>, usize) {
        let mut counts = BTreeMap::new();
        let answers = || self.answers.values().flat_map(BTreeMap::values);
        answers().for_each(|answer| *counts.entry(answer.outcome.as_str()).or_default() += 1);
        (counts, answers().filter(|answer| answer.prefilled).count())
    }

    /// What is to be signed: valid from `today`, for as long as the scheme allows.
    pub fn verdict(&self, whom: Supplied, terms: &SelfDeclaration, today: Day) -> Verdict {
        let about = self.about.clone();
        let awaits_expert = about.awaits_expert || terms.expert == ExpertNeed::Required;
        Verdict {
            verdict: about.verdict,
            supplier: Arc::new(whom.supplier),
            object: about.object,
            scheme: self.scheme.clone(),
            viewpoints: about.viewpoints,
            level: about.level,
            scope: about.scope,
            sites: Vec::new(),
            sectors: Vec::new(),
            exclusions: about.exclusions,
            valid_from: today,
            valid_until: Some(today.plus_months(terms.validity_months)),
            conditions: None,
            profile: about.profile,
            provenance: Provenance::SelfDeclared(SelfDeclared { awaits_expert, mandate: whom.mandate }),
            upgrades: about.upgrades,
        }
    }

    /// What its credential keeps back: the same answers from each viewpoint, for documents do not tell them apart.
    pub fn detail(&self) -> Detail {
        let (mut results, mut findings) = (Vec::new(), Vec::new());
        for (document, answers) in &self.answers {
            for (requirement, answer) in answers {
                // A requirement's name has 64 printable characters at most, and so does a text of 64 bytes.
                let Ok(requirement) = requirement.as_str().parse() else { continue };
                let of = Requirement { document: document.clone(), requirement };
                findings.extend(answer.note.clone().map(|text| Finding { of: of.clone(), text }));
                results.push(RequirementResult { of, outcome: answer.outcome });
            }
        }
        let one = Assessment { level: None, results, findings, evidence: Vec::new() };
        let assessments = self.about.viewpoints.iter().map(|viewpoint| (viewpoint, one.clone())).collect();
        let restricted = self.about.profile == Profile::Restricted;
        let reach = restricted.then(|| conformity::credential::Reach {
            level: self.about.level.clone(),
            sites: Vec::new(),
            exclusions: self.about.exclusions.clone(),
        });
        Detail { reach, assessments }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::{Value, json};

    use super::*;

    fn sheet(answers: Value, about: Value) -> Sheet {
        let mut whole = json!({
            "scheme": "demo@1", "answers": {"d@1": answers},
            "about": {"verdict": "S-1", "object": {"kind": "organization", "name": "Works"},
                      "viewpoints": ["organization", "process"], "scope": "repair"},
        });
        let members = whole["about"].as_object_mut().unwrap();
        members.extend(about.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    pub(crate) fn questions(covers: &[&str]) -> Vec<Question> {
        let number = |place: usize| format!("R-{place}").parse().unwrap();
        let question = |(place, cover): (usize, &&str)| Question {
            document: "d@1".parse().unwrap(),
            requirement: number(place),
            wording: Wording::default(),
            cover: (*cover).to_owned(),
        };
        covers.iter().enumerate().map(question).collect()
    }

    #[test]
    fn a_sheet_is_signed_only_when_it_says_all() {
        let met = json!({"outcome": "met"});
        let rows = [
            ("all met", json!({"R-0": met, "R-1": met}), json!({}), None),
            (
                "one open",
                json!({"R-0": met}),
                json!({}),
                Some("1 of 2 requirements have no answer yet, the first is R-1"),
            ),
            ("one that nobody asked", json!({"R-0": met, "R-1": met, "R-9": met}), json!({}), Some("does not ask for")),
            ("one in part", json!({"R-0": met, "R-1": {"outcome": "partly-met"}}), json!({}), Some("not met in full")),
            (
                "one in part, and it says so",
                json!({"R-0": met, "R-1": {"outcome": "not-met"}}),
                json!({"exclusions": ["the warehouse"]}),
                None,
            ),
            ("one that does not apply", json!({"R-0": met, "R-1": {"outcome": "not-applicable"}}), json!({}), None),
            ("a summary", json!({"R-0": met, "R-1": met}), json!({"profile": "summary"}), Some("open or restricted")),
        ];
        for (why, answers, about, expected) in rows {
            let told = sheet(answers, about).ready(&questions(&["open", "open"])).err().map(|error| error.to_string());
            match (&told, expected) {
                (None, None) => {}
                (Some(told), Some(expected)) => assert!(told.contains(expected), "{why}: {told}"),
                _ => panic!("{why}: {told:?}"),
            }
        }
    }

    #[test]
    fn what_verdicts_meet_is_filled_in_and_what_they_touch_is_not() {
        let asked = questions(&["met", "covered", "touched", "open"]);
        let mut filled = sheet(json!({"R-0": {"outcome": "not-met"}}), json!({}));
        assert_eq!(filled.prefill(&asked), 1);
        assert_eq!(filled.answer(&asked[0]).unwrap().outcome, RequirementOutcome::NotMet, "what was said stays");
        assert!(filled.answer(&asked[1]).unwrap().prefilled);
        assert!(filled.answer(&asked[2]).is_none() && filled.answer(&asked[3]).is_none());
    }

    #[test]
    fn an_expert_is_awaited_where_the_scheme_or_the_supplier_wants_one() {
        let supplier: Supplier =
            serde_json::from_value(json!({"id": "local:m:1", "name": "Works", "country": "JP"})).unwrap();
        for (need, asked, awaits) in [("optional", false, false), ("optional", true, true), ("required", false, true)] {
            let terms: SelfDeclaration = serde_json::from_value(json!({"validityMonths": 12, "expert": need})).unwrap();
            let whom = Supplied { supplier: supplier.clone(), mandate: None };
            let today = "2026-11-27".parse().unwrap();
            let verdict = sheet(json!({}), json!({"awaitsExpert": asked})).verdict(whom, &terms, today);
            assert_eq!(verdict.provenance.self_declared().unwrap().awaits_expert, awaits, "{need} {asked}");
            assert_eq!(verdict.valid_until.unwrap().to_string(), "2027-11-27");
        }
    }

    #[test]
    fn answers_become_what_the_credential_keeps_back() {
        let answers = json!({"R-0": {"outcome": "met"}, "R-1": {"outcome": "not-met", "note": "no lock yet"}});
        let detail = sheet(answers, json!({"exclusions": ["x"]})).detail();
        assert_eq!(detail.assessments.len(), 2);
        for assessment in detail.assessments.values() {
            assert_eq!((assessment.results.len(), assessment.findings.len()), (2, 1));
        }
        assert!(detail.reach.is_none());
    }
}
