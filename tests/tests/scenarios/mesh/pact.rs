//! An arrangement of the storm: terms by chance, and what each party did about it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::Chance;
use tests::claims::{rule, terms, with};

/// Schemes of which verdicts are granted. Under the last of them a verdict ceases while its body is suspended.
pub(super) const SCHEMES: [&str; 3] = ["stars", "moons", "comets"];

pub(super) struct Pact {
    pub(super) id: String,
    mode: &'static str,
    /// Names of registries.
    pub(super) parties: Vec<&'static str>,
    version: u32,
    pub(super) signed: BTreeSet<&'static str>,
    pub(super) suspended: BTreeSet<&'static str>,
    pub(super) ended: bool,
    /// Acts of each party so far.
    pub(super) acts: BTreeMap<&'static str, usize>,
}

impl Pact {
    /// One between two, with terms under which all verdicts of either under the first scheme count with the other.
    pub(super) fn plain(number: usize, parties: [&'static str; 2]) -> (Pact, Value) {
        let mut pact = Pact::of(number, "bilateral", BTreeSet::from(parties));
        pact.version = 1;
        let [one, two] = parties;
        let rules = vec![rule("R-1", one, two, SCHEMES[0]), rule("R-2", two, one, SCHEMES[0])];
        let terms = terms(&pact.id, pact.mode, &parties, rules);
        (pact, terms)
    }

    /// One between some of three registries, of which nothing is signed.
    pub(super) fn conceive(number: usize, neighbours: [&'static str; 3], chance: &mut Chance) -> Pact {
        let (mode, count) = match chance.below(6) {
            0 => ("unilateral", 2),
            1 => ("multilateral", 3),
            _ => ("bilateral", 2),
        };
        let mut parties = BTreeSet::new();
        while parties.len() < count {
            parties.insert(*pick(&neighbours, chance));
        }
        Pact::of(number, mode, parties)
    }

    fn of(number: usize, mode: &'static str, parties: BTreeSet<&'static str>) -> Pact {
        Pact {
            id: format!("P-{number}"),
            mode,
            parties: parties.into_iter().collect(),
            version: 0,
            signed: BTreeSet::new(),
            suspended: BTreeSet::new(),
            ended: false,
            acts: BTreeMap::new(),
        }
    }

    /// A new version of its terms.
    pub(super) fn version(&mut self, chance: &mut Chance) -> Value {
        self.version += 1;
        let all = &self.parties;
        let rules = match self.mode {
            "unilateral" => vec![clause("R-1", all[0], all[1], chance)],
            "bilateral" => vec![clause("R-1", all[0], all[1], chance), clause("R-2", all[1], all[0], chance)],
            _ => vec![with(clause("R-1", all[0], all[1], chance), json!({"from": "any-issuing", "to": all}))],
        };
        let mut terms = terms(&self.id, self.mode, all, rules);
        terms["version"] = json!(self.version);
        if self.mode == "unilateral" {
            terms["parties"][0]["roles"] = json!(["issuing"]);
            terms["parties"][1]["roles"] = json!(["recognising"]);
        }
        terms
    }

    /// Whose signature its terms need.
    pub(super) fn signers(&self) -> &[&'static str] {
        if self.mode == "unilateral" { &self.parties[1..] } else { &self.parties }
    }

    /// Takes note of one more act of a party.
    pub(super) fn acted(&mut self, party: &'static str) {
        *self.acts.entry(party).or_default() += 1;
    }
}

/// A rule by which `to` recognises something of `from`.
fn clause(id: &str, from: &str, to: &str, chance: &mut Chance) -> Value {
    let scheme = pick(&SCHEMES, chance);
    let effects = [json!("cease"), json!("cease"), json!("keep"), json!({"transfer-window": {"days": 30}})];
    let levels = [Value::Null, json!({"min": "4"}), json!({"max": "4"}), json!({"only": ["3", "5"]})];
    let viewpoints = [json!(["organization", "process"]), json!(["process"]), json!(["organization"])];
    let grants = ["full", "full", "full", "simplified-procedure", "evidence-only"];
    let patch = json!({
        "levels": pick(&levels, chance), "viewpoints": pick(&viewpoints, chance), "grants": pick(&grants, chance),
        "onSuspension": pick(&effects, chance), "onEnd": pick(&effects, chance),
    });
    with(rule(id, from, to, scheme), patch)
}

/// One of them.
pub(super) fn pick<'a, T>(all: &'a [T], chance: &mut Chance) -> &'a T {
    &all[usize::try_from(chance.below(all.len() as u64)).unwrap()]
}
