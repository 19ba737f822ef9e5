//! What follows from what is met.
//!
//! Each map that carries is a rule: all of its one side, therefore all of its other side. The rules are run forward until nothing new follows
//! (unit propagation): each requirement is added once, each rule fires once.

use std::collections::VecDeque;

use super::Cover;
use super::graph::Graph;

/// What is met or covered.
pub(super) struct Covered {
    /// By which edge it followed; the outer `None` means not at all, the inner that it was met itself.
    because: Vec<Option<Option<usize>>>,
    /// When each edge fired.
    fired: Vec<usize>,
}

pub(super) fn closure(graph: &Graph<'_>) -> Covered {
    let mut because = vec![None; graph.len()];
    let mut queue: VecDeque<usize> = VecDeque::new();
    for node in &graph.met {
        if because[*node].replace(None).is_none() {
            queue.push_back(*node);
        }
    }
    let mut missing: Vec<usize> = graph.edges.iter().map(|edge| edge.from.len()).collect();
    let (mut fired, mut rank) = (vec![0; graph.edges.len()], 0);
    let waiting = waiting(graph);
    while let Some(node) = queue.pop_front() {
        for edge in &waiting[node] {
            missing[*edge] -= 1;
            if missing[*edge] > 0 {
                continue;
            }
            rank += 1;
            fired[*edge] = rank;
            for target in &graph.edges[*edge].to {
                if because[*target].is_none() {
                    because[*target] = Some(Some(*edge));
                    queue.push_back(*target);
                }
            }
        }
    }
    Covered { because, fired }
}

/// The edges that carry, by what they wait for.
fn waiting(graph: &Graph<'_>) -> Vec<Vec<usize>> {
    let mut waiting = vec![Vec::new(); graph.len()];
    for (number, edge) in graph.edges.iter().enumerate().filter(|(_, edge)| edge.relation.carries()) {
        for node in &edge.from {
            waiting[*node].push(number);
        }
    }
    waiting
}

impl Covered {
    pub(super) fn contains(&self, node: usize) -> bool {
        self.because.get(node).is_some_and(Option::is_some)
    }

    /// The steps from what is met to a requirement, each after those that it needs.
    pub(super) fn explain(&self, graph: &Graph<'_>, node: usize) -> Option<Cover> {
        let last = (*self.because.get(node)?)?;
        let Some(last) = last else { return Some(Cover::Met) };
        let (mut edges, mut open) = (vec![last], vec![last]);
        while let Some(edge) = open.pop() {
            for from in &graph.edges.get(edge)?.from {
                if let Some(Some(Some(earlier))) = self.because.get(*from)
                    && !edges.contains(earlier)
                {
                    edges.push(*earlier);
                    open.push(*earlier);
                }
            }
        }
        edges.sort_unstable_by_key(|edge| self.fired.get(*edge));
        Some(Cover::Covered { by: edges.into_iter().filter_map(|edge| graph.step(edge)).collect() })
    }
}
