//! A supply chain as a picture: SVG, products at the right, each tier in a column left of the one that it supplies.
//!
//! In scope: layout, marks, and text that a screen reader says. What is broken is red and dashed, what hangs on it orange and thick: no
//! mark is by colour alone. Out of scope: what is broken (`review`), and what hangs on it (`exposure`).
//!
//! A chain with too many places for one picture is drawn as far as it is affected; what even then has no room is counted in the
//! description.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use conformity::words::{Language, Params, label};
use quick_xml::escape::escape;

use crate::chain::{Chain, Node, Place};
use crate::exposure::Reach;
use crate::review::Review;

/// The most places that are drawn.
const MAX_PLACES: usize = 400;
/// The most lines that are drawn.
const MAX_LINES: usize = 2_000;
/// How much of a name is shown, in narrow characters; the whole of it is in the title of its box.
const SHOWN: usize = 28;

/// Pixels: a box, what lies between boxes, the margin, and the room for the heading.
const WIDTH: usize = 200;
const HEIGHT: usize = 32;
const ACROSS: usize = 110;
const DOWN: usize = 14;
const MARGIN: usize = 20;
const HEADING: usize = 64;

const STYLE: &str = "text{font:12px sans-serif;fill:#111}rect{fill:#fff;stroke:#555}.product rect{fill:#eef}\
    path{fill:none;stroke:#999}path.affected{stroke:#b35900;stroke-width:2.5}\
    path.broken{stroke:#b00020;stroke-width:3;stroke-dasharray:7 4}.affected rect{fill:#fff3e6;stroke:#b35900;stroke-width:2.5}\
    .broken rect{fill:#fde8ea;stroke:#b00020;stroke-width:3;stroke-dasharray:7 4}";

/// How something stands, from the worst on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Broken,
    Affected,
    Sound,
}

impl Mark {
    const fn class(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Affected => "affected",
            Self::Sound => "sound",
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Broken => "chain-broken",
            Self::Affected => "chain-affected",
            Self::Sound => "chain-sound",
        }
    }
}

/// A picture of the chain with what is broken in it.
pub fn drawing(review: &Review<'_>, language: Language) -> String {
    let picture = Picture::of(review, language);
    let (columns, rows) = picture.size();
    let width = 2 * MARGIN + columns * (WIDTH + ACROSS) - ACROSS.min(columns * ACROSS);
    let height = HEADING + 2 * MARGIN + rows * (HEIGHT + DOWN);
    let (title, description) = (picture.say("chain-title", &Params::default()), picture.description());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"t d\" lang=\"{language}\">\n<title id=\"t\">{}</title>\n<desc id=\"d\">{}</desc>\n\
         <style>{STYLE}</style>\n<text x=\"{MARGIN}\" y=\"24\">{}</text>\n<text x=\"{MARGIN}\" y=\"44\">{}</text>\n",
        escape(&title),
        escape(&description),
        escape(&title),
        escape(&description),
    );
    picture.lines.iter().for_each(|(ends, mark)| picture.line(&mut svg, *ends, *mark));
    picture.boxes.keys().for_each(|node| picture.place(&mut svg, *node));
    svg.push_str("</svg>\n");
    svg
}

/// What is drawn, and where.
struct Picture<'a> {
    chain: &'a Chain,
    language: Language,
    /// Per node: column from the left, and row from the top.
    boxes: BTreeMap<usize, (usize, usize)>,
    marks: BTreeMap<usize, Mark>,
    /// From node to node, the worst of the links between them.
    lines: BTreeMap<(usize, usize), Mark>,
    broken: usize,
    affected: usize,
    /// Places and lines that are left out.
    left_out: (usize, usize),
}

impl<'a> Picture<'a> {
    fn of(review: &Review<'a>, language: Language) -> Self {
        let chain = review.chain();
        let broken = review.broken();
        let reach = Reach::of(chain, &broken);
        let is_broken: BTreeSet<usize> = broken.iter().copied().collect();
        let mut lines = BTreeMap::new();
        let mut marks = BTreeMap::new();
        for (position, link) in chain.links().iter().enumerate() {
            let mark = match (is_broken.contains(&position), reach.links[position]) {
                (true, _) => Mark::Broken,
                (false, true) => Mark::Affected,
                (false, false) => Mark::Sound,
            };
            worst(&mut lines, (link.from, link.to), mark);
            worst(&mut marks, link.from, mark);
            worst(&mut marks, link.to, mark.max(Mark::Affected));
        }
        let (nodes, all) = (chosen(chain, &marks), lines.len());
        let lines = drawn(lines, &nodes);
        let left_out = (chain.nodes().len() - nodes.len(), all - lines.len());
        let affected = reach.links.iter().filter(|reached| **reached).count() - broken.len();
        let boxes = laid_out(chain, &nodes);
        Self { chain, language, boxes, marks, lines, broken: broken.len(), affected, left_out }
    }

    /// Columns and rows.
    fn size(&self) -> (usize, usize) {
        let columns = self.boxes.values().map(|(column, _)| column + 1).max().unwrap_or(0);
        (columns, self.boxes.values().map(|(_, row)| row + 1).max().unwrap_or(0))
    }

    fn say(&self, code: &str, params: &Params) -> String {
        label(code, self.language, params)
    }

    fn description(&self) -> String {
        let params = Params::default().with("places", self.chain.nodes().len()).with("links", self.chain.links().len());
        let params = params.with("broken", self.broken).with("affected", self.affected);
        let (places, lines) = self.left_out;
        let params = if places + lines == 0 {
            params
        } else {
            params.with("left-out-places", places).with("left-out-lines", lines)
        };
        self.say("chain-description", &params)
    }

    /// What a box has room for.
    fn short(&self, node: usize) -> String {
        let node = &self.chain.nodes()[node];
        match (&node.name, &node.place) {
            (Some(name), _) => name.to_string(),
            (None, Place::Product(product)) => product.to_string(),
            (None, Place::Supplier(identifier)) => identifier.to_string(),
        }
    }

    fn name(&self, node: usize) -> String {
        match &self.chain.nodes()[node] {
            Node { name: Some(name), place, .. } => format!("{name} ({place})"),
            _ => self.short(node),
        }
    }

    fn mark(&self, node: usize) -> Mark {
        self.marks.get(&node).copied().unwrap_or(Mark::Sound)
    }

    /// The left upper corner of a place.
    fn corner(&self, node: usize) -> (usize, usize) {
        let (column, row) = self.boxes[&node];
        (MARGIN + column * (WIDTH + ACROSS), HEADING + MARGIN + row * (HEIGHT + DOWN))
    }

    fn place(&self, svg: &mut String, node: usize) {
        let ((x, y), mark, name) = (self.corner(node), self.mark(node), self.name(node));
        let product = matches!(self.chain.nodes()[node].place, Place::Product(_));
        let class = if product { format!("product {}", mark.class()) } else { mark.class().to_owned() };
        let shown = cut(&self.short(node));
        let title = format!("{name}: {}", self.say(mark.code(), &Params::default()));
        let (text_x, text_y) = (x + 8, y + HEIGHT / 2 + 4);
        // Writing to a string does not fail.
        let _ = writeln!(
            svg,
            "<g class=\"{class}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"4\"/>\
             <text x=\"{text_x}\" y=\"{text_y}\">{}</text></g>",
            escape(&title),
            escape(&shown),
        );
    }

    fn line(&self, svg: &mut String, (from, to): (usize, usize), mark: Mark) {
        let ((x1, y1), (x2, y2)) = (self.corner(from), self.corner(to));
        let (x1, y1, y2) = (x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2);
        let bend = ACROSS / 2;
        let title = format!("{} → {}: {}", self.name(from), self.name(to), self.say(mark.code(), &Params::default()));
        let _ = writeln!(
            svg,
            "<path class=\"{}\" d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\"><title>{}</title></path>",
            mark.class(),
            x1 + bend,
            x2.saturating_sub(bend),
            escape(&title),
        );
    }
}

/// As much of a name as its box is wide, marked where it is cut. Characters of East Asian scripts are two narrow ones wide.
fn cut(name: &str) -> String {
    let mut width = 0;
    let wide = |character: char| if character >= '\u{1100}' { 2 } else { 1 };
    let shown: String = name
        .chars()
        .take_while(|character| {
            width += wide(*character);
            width <= SHOWN
        })
        .collect();
    if shown.len() < name.len() { format!("{shown}…") } else { shown }
}

fn worst<K: Ord>(marks: &mut BTreeMap<K, Mark>, key: K, mark: Mark) {
    let known = marks.entry(key).or_insert(mark);
    *known = mark.min(*known);
}

/// The lines that have room, the worst first.
fn drawn(lines: BTreeMap<(usize, usize), Mark>, nodes: &BTreeSet<usize>) -> BTreeMap<(usize, usize), Mark> {
    let between = lines.into_iter().filter(|((from, to), _)| nodes.contains(from) && nodes.contains(to));
    let mut between: Vec<((usize, usize), Mark)> = between.collect();
    between.sort_by_key(|(ends, mark)| (*mark, *ends));
    between.truncate(MAX_LINES);
    between.into_iter().collect()
}

/// The nodes that have room: all, else those that are affected, the worst first and of these those nearest to products.
fn chosen(chain: &Chain, marks: &BTreeMap<usize, Mark>) -> BTreeSet<usize> {
    let all = chain.nodes().len() <= MAX_PLACES;
    let mut nodes: Vec<usize> =
        marks.iter().filter(|(_, mark)| all || **mark != Mark::Sound).map(|(node, _)| *node).collect();
    nodes.sort_by_key(|node| (marks.get(node), chain.nodes()[*node].tier, *node));
    nodes.truncate(MAX_PLACES);
    nodes.into_iter().collect()
}

/// Where each node stands: its tier says the column, its place in the chain the row.
fn laid_out(chain: &Chain, nodes: &BTreeSet<usize>) -> BTreeMap<usize, (usize, usize)> {
    let tiers: BTreeSet<u32> = nodes.iter().map(|node| chain.nodes()[*node].tier).collect();
    let columns: BTreeMap<u32, usize> = tiers.into_iter().rev().zip(0..).collect();
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    let placed = nodes.iter().map(|node| {
        let column = columns[&chain.nodes()[*node].tier];
        let row = rows.entry(column).or_default();
        *row += 1;
        (*node, (column, *row - 1))
    });
    placed.collect()
}
