//! Requirements as numbers, their documents as numbers, maps as edges between sets of them.

use std::collections::HashMap;

use super::{Question, Requirement, Step};
use crate::catalogue::Catalogue;
use crate::crosswalk::{Map, Relation};
use crate::ids::{CrosswalkRef, DocumentRef, RequirementId};

/// A map as it can be gone.
#[derive(Debug)]
pub(super) struct Edge<'a> {
    crosswalk: Option<&'a CrosswalkRef>,
    pub(super) from: Vec<usize>,
    pub(super) relation: Relation,
    pub(super) to: Vec<usize>,
    pub(super) from_doc: usize,
    pub(super) to_doc: usize,
}

/// Everything that a question is about.
pub(super) struct Graph<'a> {
    docs: HashMap<&'a DocumentRef, usize>,
    catalogues: HashMap<&'a DocumentRef, &'a Catalogue>,
    /// By document and folded name.
    numbers: HashMap<(usize, String), usize>,
    nodes: Vec<(&'a DocumentRef, &'a RequirementId)>,
    /// Each map twice, once for each direction.
    pub(super) edges: Vec<Edge<'a>>,
    /// What is met.
    pub(super) met: Vec<usize>,
    pub(super) demanded: usize,
}

impl<'a> Graph<'a> {
    pub(super) fn of(question: &Question<'a>) -> Self {
        let mut graph = Self {
            docs: HashMap::new(),
            catalogues: question.catalogues.iter().map(|(document, catalogue)| (document, &**catalogue)).collect(),
            numbers: HashMap::new(),
            nodes: Vec::new(),
            edges: Vec::new(),
            met: Vec::new(),
            demanded: 0,
        };
        graph.demanded = graph.doc(question.document);
        for requirement in question.requirements {
            graph.node(question.document, requirement);
        }
        for Requirement { document, requirement } in question.met {
            let node = graph.node(document, requirement);
            graph.met.push(node);
        }
        for (name, crosswalk) in question.crosswalks {
            for map in crosswalk.maps() {
                graph.map(name, crosswalk.source(), crosswalk.target(), map);
            }
        }
        for (document, catalogue) in question.catalogues {
            for (gone, successors) in catalogue.withdrawn() {
                successors.into_iter().for_each(|successor| graph.succession(document, gone, successor));
            }
        }
        graph
    }

    fn doc(&mut self, document: &'a DocumentRef) -> usize {
        let next = self.docs.len();
        *self.docs.entry(document).or_insert(next)
    }

    fn node(&mut self, document: &'a DocumentRef, requirement: &'a RequirementId) -> usize {
        let doc = self.doc(document);
        let number = self.catalogues.get(document).and_then(|catalogue| catalogue.number(requirement));
        let number = number.unwrap_or(requirement);
        *self.numbers.entry((doc, number.folded())).or_insert_with(|| {
            self.nodes.push((document, number));
            self.nodes.len() - 1
        })
    }

    fn map(&mut self, name: &'a CrosswalkRef, source: &'a DocumentRef, target: &'a DocumentRef, map: &'a Map) {
        let from: Vec<_> = map.sources().iter().map(|requirement| self.node(source, requirement)).collect();
        let to: Vec<_> = map.targets().iter().map(|requirement| self.node(target, requirement)).collect();
        let (from_doc, to_doc) = (self.doc(source), self.doc(target));
        let relation = map.relation();
        self.both(Edge { crosswalk: Some(name), from, relation, to, from_doc, to_doc });
    }

    /// What took the place of a requirement asks for more than it did, or for some of it: nobody says which.
    fn succession(&mut self, document: &'a DocumentRef, gone: &'a RequirementId, successor: &'a RequirementId) {
        let (from, to) = (vec![self.node(document, gone)], vec![self.node(document, successor)]);
        let doc = self.doc(document);
        self.both(Edge { crosswalk: None, from, relation: Relation::IntersectsWith, to, from_doc: doc, to_doc: doc });
    }

    fn both(&mut self, edge: Edge<'a>) {
        let back = Edge {
            crosswalk: edge.crosswalk,
            from: edge.to.clone(),
            relation: edge.relation.reversed(),
            to: edge.from.clone(),
            from_doc: edge.to_doc,
            to_doc: edge.from_doc,
        };
        self.edges.push(edge);
        self.edges.push(back);
    }

    /// The number of a requirement of the document that is asked about.
    pub(super) fn demanded(&self, requirement: &RequirementId) -> Option<usize> {
        self.numbers.get(&(self.demanded, requirement.folded())).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn document_of(&self, node: usize) -> Option<usize> {
        self.nodes.get(node).and_then(|(document, _)| self.docs.get(document)).copied()
    }

    pub(super) fn name(&self, nodes: &[usize]) -> Vec<Requirement> {
        let named = nodes.iter().filter_map(|node| self.nodes.get(*node));
        named
            .map(|(document, requirement)| Requirement {
                document: (*document).clone(),
                requirement: (*requirement).clone(),
            })
            .collect()
    }

    pub(super) fn step(&self, edge: usize) -> Option<Step> {
        self.edges.get(edge).map(|edge| Step {
            crosswalk: edge.crosswalk.cloned(),
            from: self.name(&edge.from),
            relation: edge.relation,
            to: self.name(&edge.to),
        })
    }
}
