//! Coverage: what somebody meets of one document who meets requirements of others, as far as crosswalks carry it.
//!
//! Two questions that are never mixed:
//!
//! - *covered* follows from what is met by relations that carry (`equal-to`, `equivalent-to`, `superset-of` forwards, `subset-of`
//!   backwards), from map to map. A map of several requirements carries only when all of its one side are met. An intersection
//!   carries nothing, and neither does a chain of a thousand of them.
//! - *touched* shares something with what is met, or lies at the end of a short chain of what shares something: look here first, and
//!   look with your own eyes.
//!
//! In scope: the answer for given requirements and crosswalks, and how many of a whole document's requirements a verdict on it counts for
//! ([`Reach`]). Out of scope: which verdicts there are, and what credentials say of single requirements, which whoever asks finds out.

mod carry;
mod graph;
mod reach;
mod touch;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::crosswalk::{Crosswalk, Relation};
use crate::ids::{CrosswalkRef, DocumentRef, RequirementId};

use graph::Graph;

pub use reach::{Counted, Omission, Omitted, Reach, names_any};

/// The longest chain of crosswalks by which something is called touched.
pub const MAX_HOPS: usize = 3;

/// The most requirements that are named as touching one.
pub const MAX_ORIGINS: usize = 64;

/// A requirement of a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Requirement {
    /// The document.
    pub document: DocumentRef,
    /// The requirement in it.
    pub requirement: RequirementId,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The document that somebody needs.
    pub document: &'a DocumentRef,
    /// Its requirements that bind, in its order.
    pub requirements: &'a [RequirementId],
    /// What is met already.
    pub met: &'a BTreeSet<Requirement>,
    /// The crosswalks to go by.
    pub crosswalks: &'a [(CrosswalkRef, Arc<Crosswalk>)],
    /// The catalogues of documents, as far as they are at hand: by which names their requirements go, and what was withdrawn.
    pub catalogues: &'a [(DocumentRef, Arc<Catalogue>)],
}

/// The answer for one requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Which.
    pub requirement: RequirementId,
    /// How far it is covered.
    #[serde(flatten)]
    pub cover: Cover,
}

/// How far a requirement is covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "cover", rename_all = "kebab-case")]
pub enum Cover {
    /// It was assessed itself.
    Met,
    /// It follows from what is met.
    Covered {
        /// From what is met to it: each step starts from what is met or from what an earlier step led to.
        by: Vec<Step>,
    },
    /// It shares something with what is met.
    Touched {
        /// What is met and touches it, at most [`MAX_ORIGINS`].
        origins: Vec<Requirement>,
        /// One way from one of them; more than one step is a chain, at whose ends there may be nothing in common.
        by: Vec<Step>,
    },
    /// Nothing that is met leads to it.
    Open,
}

/// One step: a map of a crosswalk, as it was gone, or from a withdrawn requirement to what took its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The crosswalk; absent from a withdrawn requirement to its successor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crosswalk: Option<CrosswalkRef>,
    /// From these.
    pub from: Vec<Requirement>,
    /// How they relate to those.
    pub relation: Relation,
    /// Those.
    pub to: Vec<Requirement>,
}

/// How many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Requirements that bind.
    pub requirements: usize,
    /// Met themselves, or covered.
    pub covered: usize,
    /// Touched, by however many steps.
    pub touched: usize,
    /// Of those, touched by a chain only.
    pub by_chain: usize,
    /// Nothing leads to them.
    pub open: usize,
}

/// Answers for each requirement, in the document's order.
pub fn coverage(question: &Question<'_>) -> Vec<Line> {
    let graph = Graph::of(question);
    let covered = carry::closure(&graph);
    let touched = touch::reach(&graph, &covered);
    let line = |requirement: &RequirementId| Line {
        cover: graph
            .demanded(requirement)
            .and_then(|node| covered.explain(&graph, node).or_else(|| touched.explain(&graph, node)))
            .unwrap_or(Cover::Open),
        requirement: requirement.clone(),
    };
    question.requirements.iter().map(line).collect()
}

impl Counts {
    /// Counts an answer.
    pub fn of(lines: &[Line]) -> Self {
        let mut counts = Self { requirements: lines.len(), ..Self::default() };
        for line in lines {
            match &line.cover {
                Cover::Met | Cover::Covered { .. } => counts.covered += 1,
                Cover::Touched { by, .. } => {
                    counts.touched += 1;
                    counts.by_chain += usize::from(by.len() > 1);
                }
                Cover::Open => counts.open += 1,
            }
        }
        counts
    }
}
