//! What was checked, in words, one value for each step.

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

/// Something that was checked and holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which step.
    pub step: StepName,
    /// What was found, for people.
    pub words: String,
}

/// The steps so far.
#[derive(Debug, Default)]
pub(super) struct Steps(Vec<Step>);

impl Steps {
    pub(super) fn held(&mut self, step: StepName, words: String) {
        self.0.push(Step { step, words });
    }

    pub(super) fn into_held(self) -> Vec<Step> {
        self.0
    }
}
