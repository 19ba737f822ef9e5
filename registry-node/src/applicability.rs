//! Statements of applicability (ISO/IEC 27001, 6.1.3 d): which requirements of a document apply to a supplier, why not, and which are
//! implemented; what of it becomes the exclusions of a verdict, and what the detail of its credential.
//!
//! ```text
//! requirement, applicable                     needed, in any order, as a CSV in UTF-8 with `,`, `;` or tabs between
//! justification, implemented, viewpoint       may be left out; other columns are kept by people and not read
//! ```
//!
//! Whatever is left open counts against the supplier: what does not apply, is not implemented in full, is not said to be where others
//! are, or is not mentioned at all is excluded. The exclusions are checked by the very rule that reads them later ([`Reach`]). Out of scope: who may grant what.

mod table;

use std::collections::BTreeMap;

use conformity::catalogue::{Catalogue, Standing};
use conformity::coverage::Reach;
use conformity::ids::{DocumentRef, RequirementId};
use conformity::text::Text;
use conformity::viewpoint::{Viewpoint, Viewpoints};
use credential::attestation::{Assessment, Finding, Requirement, RequirementOutcome, RequirementResult};
use serde::Serialize;

pub use table::{ApplicabilityError, BYTES_MAX, ROWS_MAX, read};

/// A statement as it was read: nothing about it is known but that each row can be understood.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    rows: Vec<Row>,
    refused: Vec<Refused>,
}

/// What a row says.
#[derive(Debug, Clone)]
struct Row {
    number: u64,
    requirement: RequirementId,
    applies: bool,
    /// Nothing where the table has no such column: then whatever applies counts as implemented.
    implemented: Option<Implemented>,
    justification: Option<Text<1024>>,
    viewpoint: Option<Viewpoint>,
}

impl Row {
    /// Whether the requirement applies and is not said, or left open, to lack anything.
    fn counts(&self) -> bool {
        self.applies && self.implemented.is_none_or(|how| how == Implemented::InFull)
    }
}

/// How far a requirement that applies is implemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Implemented {
    InFull,
    InPart,
    Not,
    /// Others are said, this one is left open.
    Unsaid,
}

/// A row that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its number behind the header, from 1; 0 of a requirement that no row mentions.
    pub row: u64,
    /// The requirement, as written, cut to 80 characters.
    pub requirement: String,
    /// Why, for machines.
    pub code: &'static str,
    /// Why, in words.
    pub why: String,
}

/// Why a row cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("{found} fields under {columns} columns")]
    Fields { found: usize, columns: usize },
    #[error("not the name of a requirement: {0}")]
    Name(String),
    #[error("applicable: {0:?} is neither yes nor no")]
    Applicable(String),
    #[error("implemented: {0:?} is none of yes, partial, no")]
    Implemented(String),
    #[error("viewpoint: {0:?} is none of organization, process, people-and-things")]
    Viewpoint(String),
    #[error("viewpoint: the verdict does not look from {0}")]
    OtherViewpoint(Viewpoint),
    #[error("justification: {0}")]
    Justification(String),
    #[error("row {0} is about the same requirement")]
    Repeated(u64),
    #[error("{0} has no such requirement")]
    Unknown(DocumentRef),
    #[error("{0} withdrew this requirement")]
    Withdrawn(DocumentRef),
    #[error("it applies, but something that it is part of is excluded; say of both the same")]
    PartOfExcluded,
    #[error("it cannot be excluded by its name")]
    NotExcluded,
}

impl Fault {
    const fn code(&self) -> &'static str {
        match self {
            Self::Fields { .. } => "fields",
            Self::Name(_) => "bad-requirement",
            Self::Applicable(_) => "bad-applicable",
            Self::Implemented(_) => "bad-implemented",
            Self::Viewpoint(_) | Self::OtherViewpoint(_) => "bad-viewpoint",
            Self::Justification(_) => "bad-justification",
            Self::Repeated(_) => "repeated",
            Self::Unknown(_) => "unknown-requirement",
            Self::Withdrawn(_) => "withdrawn-requirement",
            Self::PartOfExcluded => "part-of-excluded",
            Self::NotExcluded => "not-excludable",
        }
    }
}

fn refused(row: u64, requirement: &str, fault: &Fault) -> Refused {
    let requirement = requirement.chars().take(80).collect();
    Refused { row, requirement, code: fault.code(), why: fault.to_string() }
}

/// What a verdict on the supplier leaves out, and what its credential can tell of it.
#[derive(Debug, Clone, Default)]
pub struct Applicability {
    /// For the verdict: a few texts that name all requirements which are left out.
    pub exclusions: Vec<Text<256>>,
    /// For the credential: outcomes as results, justifications as findings, which are shown apart.
    pub assessments: BTreeMap<Viewpoint, Assessment>,
    /// How many requirements are what.
    pub counts: Counts,
}

/// How many requirements of the document are what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Apply, and are not said to lack anything.
    pub apply: usize,
    /// Do not apply.
    pub not_applicable: usize,
    /// Apply, and are implemented in part or not, or it is left open how far.
    pub not_implemented: usize,
    /// Are not mentioned.
    pub not_mentioned: usize,
}

/// Words before the requirements that an exclusion names.
const NOT_APPLICABLE: &str = "Not applicable";
const NOT_IMPLEMENTED: &str = "Not implemented in full";
const NOT_MENTIONED: &str = "Not in the statement of applicability";

impl Stated {
    /// What it comes to for a document with this catalogue, under a verdict from these viewpoints.
    ///
    /// # Errors
    /// Every row that cannot be taken; nothing of the statement counts then.
    pub fn against(
        self,
        document: &DocumentRef,
        catalogue: &Catalogue,
        viewpoints: Viewpoints,
    ) -> Result<Applicability, Vec<Refused>> {
        let Self { rows, mut refused } = self;
        let (mut known, mut counts, mut left_out) = (BTreeMap::new(), Counts::default(), LeftOut::default());
        for row in &rows {
            match known_as(row, document, catalogue, viewpoints) {
                Err(fault) => refused.push(self::refused(row.number, row.requirement.as_str(), &fault)),
                Ok(number) => {
                    if let Some(Row { number: first, .. }) = known.insert(number.folded(), row) {
                        let fault = Fault::Repeated(*first);
                        refused.push(self::refused(row.number, row.requirement.as_str(), &fault));
                    }
                }
            }
        }
        for number in catalogue.in_force() {
            left_out.take(number, known.get(&number.folded()).copied(), &mut counts);
        }
        let exclusions = left_out.exclusions().map_err(|one| vec![one])?;
        if refused.is_empty() {
            refused.extend(misread(&exclusions, document, catalogue, &known));
        }
        if !refused.is_empty() {
            refused.sort_by_key(|one| one.row);
            return Err(refused);
        }
        Ok(Applicability { exclusions, assessments: assessments(&rows, document, viewpoints), counts })
    }
}

/// The number by which the document knows the requirement of a row.
fn known_as(
    row: &Row,
    document: &DocumentRef,
    catalogue: &Catalogue,
    viewpoints: Viewpoints,
) -> Result<RequirementId, Fault> {
    let entry = catalogue.entry(&row.requirement).ok_or_else(|| Fault::Unknown(document.clone()))?;
    if entry.standing != Standing::InForce {
        return Err(Fault::Withdrawn(document.clone()));
    }
    match row.viewpoint {
        Some(viewpoint) if !viewpoints.contains(viewpoint) => Err(Fault::OtherViewpoint(viewpoint)),
        _ => Ok(entry.number.clone()),
    }
}

/// Requirements that are left out, by why.
#[derive(Default)]
struct LeftOut([Vec<RequirementId>; 3]);

impl LeftOut {
    fn take(&mut self, number: &RequirementId, row: Option<&Row>, counts: &mut Counts) {
        let Self([not_applicable, not_implemented, not_mentioned]) = self;
        let (count, list) = match row {
            None => (&mut counts.not_mentioned, Some(not_mentioned)),
            Some(Row { applies: false, .. }) => (&mut counts.not_applicable, Some(not_applicable)),
            Some(row) if !row.counts() => (&mut counts.not_implemented, Some(not_implemented)),
            Some(_) => (&mut counts.apply, None),
        };
        *count += 1;
        if let Some(list) = list {
            list.push(number.clone());
        }
    }

    fn exclusions(&self) -> Result<Vec<Text<256>>, Refused> {
        let words = [NOT_APPLICABLE, NOT_IMPLEMENTED, NOT_MENTIONED];
        let packed = words.into_iter().zip(&self.0).map(|(words, list)| packed(words, list));
        Ok(packed.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

/// As few texts as will do. One that cannot be written must not be left out: what it names would count as met.
fn packed(words: &str, requirements: &[RequirementId]) -> Result<Vec<Text<256>>, Refused> {
    const MAX: usize = 256;
    let mut lines: Vec<String> = Vec::new();
    for requirement in requirements {
        match lines.last_mut() {
            Some(line) if line.len() + requirement.as_str().len() + 2 <= MAX => {
                line.push_str(", ");
                line.push_str(requirement.as_str());
            }
            _ => lines.push(format!("{words}: {requirement}")),
        }
    }
    // A few words and the name of a requirement, of at most 64 bytes, or as many as fit.
    lines.iter().map(|line| line.parse().map_err(|_| refused(0, line, &Fault::NotExcluded))).collect()
}

/// Rows that the rule of coverage reads otherwise than they are meant, and requirements without a row that it would count as met.
fn misread(
    exclusions: &[Text<256>],
    document: &DocumentRef,
    catalogue: &Catalogue,
    known: &BTreeMap<String, &Row>,
) -> Vec<Refused> {
    let all = Viewpoints::all();
    let reach = Reach { viewpoints: all, assessed: all, exclusions, documents: None };
    let counted = reach.count(document, catalogue.in_force(), Some(catalogue));
    let row = |number: &RequirementId| known.get(&number.folded()).copied();
    let omitted = counted.omitted.iter().filter_map(|one| row(&one.requirement)).filter(|row| row.counts());
    let omitted = omitted.map(|row| refused(row.number, row.requirement.as_str(), &Fault::PartOfExcluded));
    let met = counted.met.iter().filter(|number| !row(number).is_some_and(Row::counts));
    let met = met.map(|number| match row(number) {
        Some(row) => refused(row.number, row.requirement.as_str(), &Fault::NotExcluded),
        None => refused(0, number.as_str(), &Fault::NotExcluded),
    });
    omitted.chain(met).collect()
}

fn assessments(rows: &[Row], document: &DocumentRef, viewpoints: Viewpoints) -> BTreeMap<Viewpoint, Assessment> {
    let mut assessments: BTreeMap<Viewpoint, Assessment> = BTreeMap::new();
    for row in rows {
        // A statement says nothing of viewpoints as a rule; where the verdict has several, it stands under the first.
        let Some(viewpoint) = row.viewpoint.or_else(|| viewpoints.iter().next()) else { continue };
        let Ok(requirement) = row.requirement.as_str().parse() else { continue };
        let of = Requirement { document: document.clone(), requirement };
        let assessment = assessments.entry(viewpoint).or_default();
        if let Some(text) = &row.justification {
            assessment.findings.push(Finding { of: of.clone(), text: text.clone() });
        }
        let outcome = match (row.applies, row.implemented) {
            (false, _) => RequirementOutcome::NotApplicable,
            (true, Some(Implemented::InFull)) => RequirementOutcome::Met,
            (true, Some(Implemented::InPart)) => RequirementOutcome::PartlyMet,
            (true, Some(Implemented::Not)) => RequirementOutcome::NotMet,
            (true, None | Some(Implemented::Unsaid)) => continue,
        };
        assessment.results.push(RequirementResult { of, outcome });
    }
    assessments
}

#[cfg(test)]
mod tests;
