//! What was checked, one value for each step: for machines by code and parameters, for people in words (`conformity::words`).

use std::sync::Arc;

use conformity::recognised::RecognitionRecord;
use conformity::recognition;
use conformity::words::{self, Language, Params};
use serde::Serialize;

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepName {
    /// The bundle can be read.
    Form,
    /// The policy trusts the log, which signed the checkpoint.
    Checkpoint,
    /// Enough witnesses cosigned it.
    Witnesses,
    /// It is no older state than one that was seen.
    Memory,
    /// Every statement stands under it.
    Inclusion,
    /// It is new enough for the question.
    Time,
    /// The log begins as the policy says.
    Genesis,
    /// A statement was signed by whom it names, and the rules allow it.
    Statement,
    /// Nothing about the verdict, or what it rests on, is left out.
    Completeness,
    /// Whether the registry goes on.
    Registry,
    /// Who answers for the verdict was accredited.
    Accreditation,
    /// The credential documents it.
    Credential,
    /// How the verdict stood.
    Verdict,
    /// What the log holds about the supplier.
    Supplier,
}

impl StepName {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Checkpoint => "checkpoint",
            Self::Witnesses => "witnesses",
            Self::Memory => "memory",
            Self::Inclusion => "inclusion",
            Self::Time => "time",
            Self::Genesis => "genesis",
            Self::Statement => "statement",
            Self::Completeness => "completeness",
            Self::Registry => "registry",
            Self::Accreditation => "accreditation",
            Self::Credential => "credential",
            Self::Verdict => "verdict",
            Self::Supplier => "supplier",
        }
    }
}

/// One thing that a step found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// What, for machines. Stable.
    pub code: &'static str,
    /// What about.
    #[serde(skip_serializing_if = "Params::is_empty")]
    pub params: Params,
}

impl Found {
    pub(super) fn new(code: &'static str, params: Params) -> Self {
        Self { code, params }
    }
}

/// Something that was checked and holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which step.
    pub step: StepName,
    /// What was found: at least one thing.
    pub found: Vec<Found>,
    /// The same for people, in English unless it was [told](Step::told) otherwise.
    pub words: String,
    /// The recognition whose explanation belongs to the words.
    #[serde(skip)]
    explained: Option<Arc<RecognitionRecord>>,
}

impl Step {
    fn new(step: StepName, found: Vec<Found>, explained: Option<Arc<RecognitionRecord>>) -> Self {
        let mut step = Self { step, found, words: String::new(), explained };
        step.words = step.worded(Language::English);
        step
    }

    /// The step in `language`.
    #[must_use]
    pub fn told(&self, language: Language) -> Self {
        Self { words: self.worded(language), ..self.clone() }
    }

    fn worded(&self, language: Language) -> String {
        let found = self.found.iter().map(|found| words::step(found.code, language, &found.params));
        let explained = self.explained.as_ref().map(|record| match language {
            Language::English => record.recognition.explanation.to_string(),
            Language::Japanese => recognition::told(&record.recognition, language).explanation.to_string(),
        });
        let all: Vec<String> = found.chain(explained).collect();
        all.join(match language {
            Language::English => "; ",
            Language::Japanese => "。",
        })
    }
}

/// All steps in `language`.
pub fn told(steps: &[Step], language: Language) -> Vec<Step> {
    steps.iter().map(|step| step.told(language)).collect()
}

/// The steps so far.
#[derive(Debug, Default)]
pub(super) struct Steps(Vec<Step>);

impl Steps {
    /// A step that found one thing.
    pub(super) fn held(&mut self, step: StepName, code: &'static str, params: Params) {
        self.all_held(step, vec![Found::new(code, params)]);
    }

    pub(super) fn all_held(&mut self, step: StepName, found: Vec<Found>) {
        self.0.push(Step::new(step, found, None));
    }

    /// A step that found how something is recognised.
    pub(super) fn recognised(&mut self, step: StepName, found: Found, record: Arc<RecognitionRecord>) {
        self.0.push(Step::new(step, vec![found], Some(record)));
    }

    pub(super) fn into_held(self) -> Vec<Step> {
        self.0
    }
}
