//! What shares something with what is met.
//!
//! Ways go from document to document and enter none twice, so that nothing is called touched because something beside it is. Shorter
//! ways come first: a requirement that is touched directly is not told by a chain.

use std::collections::BTreeMap;

use super::carry::Covered;
use super::graph::Graph;
use super::{Cover, MAX_HOPS, MAX_ORIGINS, Step};

/// The most ways between documents that are gone. With a dozen documents there are some tens.
const MAX_WAYS: usize = 256;

/// What is touched in the document that is asked about.
pub(super) struct Touched(BTreeMap<usize, Trace>);

/// How something was reached.
#[derive(Debug, Clone)]
struct Trace {
    /// From where, without repetition.
    origins: Vec<usize>,
    /// One way, as edges.
    by: Vec<usize>,
}

pub(super) fn reach(graph: &Graph<'_>, covered: &Covered) -> Touched {
    let mut start: BTreeMap<usize, BTreeMap<usize, Trace>> = BTreeMap::new();
    for node in (0..graph.len()).filter(|node| covered.contains(*node)) {
        if let Some(document) = graph.document_of(node) {
            start.entry(document).or_default().insert(node, Trace { origins: vec![node], by: Vec::new() });
        }
    }
    let between = Between::of(graph);
    let mut touched = BTreeMap::new();
    for way in between.ways(start.keys().copied(), graph.demanded) {
        let Some(first) = way.first().and_then(|document| start.get(document)) else { continue };
        let begun = between.within(graph, first.clone(), way.first().copied());
        let reached = way.windows(2).fold(begun, |reached, hop| {
            let next = between.hop(graph, &reached, hop[0], hop[1]);
            between.within(graph, next, Some(hop[1]))
        });
        for (node, trace) in reached.into_iter().filter(|(_, trace)| !trace.by.is_empty()) {
            add(&mut touched, node, trace);
        }
    }
    Touched(touched)
}

/// Adds a way, unless there is a shorter one.
fn add(reached: &mut BTreeMap<usize, Trace>, node: usize, trace: Trace) {
    let known = reached.entry(node).or_insert_with(|| trace.clone());
    if known.by.len() == trace.by.len() {
        for origin in trace.origins {
            if known.origins.len() < MAX_ORIGINS && !known.origins.contains(&origin) {
                known.origins.push(origin);
            }
        }
    } else if trace.by.len() < known.by.len() {
        *known = trace;
    }
}

/// The edges that touch, by the documents between which they go.
struct Between(BTreeMap<usize, BTreeMap<usize, Vec<usize>>>);

impl Between {
    fn of(graph: &Graph<'_>) -> Self {
        let mut between: BTreeMap<usize, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
        for (number, edge) in graph.edges.iter().enumerate().filter(|(_, edge)| edge.relation.touches()) {
            between.entry(edge.from_doc).or_default().entry(edge.to_doc).or_default().push(number);
        }
        Self(between)
    }

    /// Ways from documents to one, shortest first.
    fn ways(&self, from: impl Iterator<Item = usize>, to: usize) -> Vec<Vec<usize>> {
        let mut open: Vec<Vec<usize>> = from.map(|document| vec![document]).collect();
        let mut ways = Vec::new();
        for _ in 0..=MAX_HOPS {
            let (arrived, on): (Vec<_>, Vec<_>) = open.into_iter().partition(|way| way.last() == Some(&to));
            ways.extend(arrived);
            open = on.iter().flat_map(|way| self.onward(way)).take(MAX_WAYS).collect();
        }
        ways.truncate(MAX_WAYS);
        ways
    }

    fn onward<'s>(&'s self, way: &'s [usize]) -> impl Iterator<Item = Vec<usize>> + 's {
        let next = way.last().and_then(|last| self.0.get(last)).into_iter().flat_map(BTreeMap::keys);
        next.filter(|document| !way.contains(document)).map(|document| {
            let mut longer = way.to_vec();
            longer.push(*document);
            longer
        })
    }

    fn hop(
        &self,
        graph: &Graph<'_>,
        reached: &BTreeMap<usize, Trace>,
        from: usize,
        to: usize,
    ) -> BTreeMap<usize, Trace> {
        let mut next = BTreeMap::new();
        for number in self.0.get(&from).and_then(|onward| onward.get(&to)).into_iter().flatten() {
            let Some(edge) = graph.edges.get(*number) else { continue };
            for trace in edge.from.iter().filter_map(|node| reached.get(node)) {
                let mut trace = trace.clone();
                trace.by.push(*number);
                for target in &edge.to {
                    add(&mut next, *target, trace.clone());
                }
            }
        }
        next
    }

    /// What was withdrawn in a document leads to what took its place, and back.
    fn within(
        &self,
        graph: &Graph<'_>,
        mut reached: BTreeMap<usize, Trace>,
        document: Option<usize>,
    ) -> BTreeMap<usize, Trace> {
        let Some(document) = document else { return reached };
        for (node, trace) in self.hop(graph, &reached, document, document) {
            add(&mut reached, node, trace);
        }
        reached
    }
}

impl Touched {
    pub(super) fn explain(&self, graph: &Graph<'_>, node: usize) -> Option<Cover> {
        let trace = self.0.get(&node)?;
        let by: Vec<Step> = trace.by.iter().filter_map(|edge| graph.step(*edge)).collect();
        Some(Cover::Touched { origins: graph.name(&trace.origins), by })
    }
}
