//! What happens in the storm: people go on with their work while links are cut, processes are killed and mirrors are lost.
//! Everything that is decided here is decided by chance that can be repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use tests::claims::{self, accreditation, day, designation, reason, scheme, signed, verdict, with};
use tests::federation::{admit_at, peer_claim};
use tests::node::NatsServer;
use tests::{Chance, Federation, Node, Wire};
use tokio::time::sleep;

use super::desk::Desk;
use super::pact::{Pact, SCHEMES, pick};

/// One process each.
pub(super) const GROUPS: [&[&str]; 4] = [&["a", "b", "c"], &["d", "e", "f"], &["g", "h"], &["i", "j"]];
/// Of each registry.
const PEERS: usize = 4;
/// Arrangements before the storm; more come in it.
const PACTS: usize = 12;
/// Things that people do.
const ACTS: u64 = 200;
/// After so many of them something breaks.
const BREAKS: u64 = 12;
/// The longest rest between two of them, in milliseconds.
const REST: u64 = 90;

/// A verdict as its body knows it.
pub(super) struct Granted {
    pub(super) registry: &'static str,
    pub(super) id: String,
    pub(super) body: &'static str,
    pub(super) state: &'static str,
}

pub(super) struct Storm<'a> {
    pub(super) federation: &'a Federation,
    all: Vec<&'static str>,
    chance: Chance,
    wires: Vec<Wire>,
    desks: BTreeMap<&'static str, Desk>,
    pub(super) pacts: Vec<Pact>,
    pub(super) verdicts: Vec<Granted>,
    /// Where the body of the last scheme is suspended.
    unaccredited: BTreeSet<&'static str>,
}

/// What was said in the storm.
pub(super) struct Calm {
    pub(super) pacts: Vec<Pact>,
    /// By which everybody speaks to everybody from now on too.
    _wires: Vec<Wire>,
    /// Which says how to repeat it when what follows fails.
    _chance: Chance,
    /// Statements of each registry's own people.
    pub(super) said: BTreeMap<&'static str, usize>,
}

impl<'a> Storm<'a> {
    /// In a ring, each is the peer of the two nearest on either side, over a wire each way; a third scheme is published everywhere.
    pub(super) async fn gather(federation: &'a Federation) -> Storm<'a> {
        let all = GROUPS.concat();
        let mut storm = Storm {
            federation,
            desks: all.iter().map(|id| (*id, Desk::open(federation.registry(id)))).collect(),
            all,
            chance: Chance::new(),
            wires: Vec::new(),
            pacts: Vec::new(),
            verdicts: Vec::new(),
            unaccredited: BTreeSet::new(),
        };
        for registry in storm.all.clone() {
            storm.connect(registry).await;
            storm.open_for_comets(registry);
        }
        (0..PACTS).for_each(|_| storm.propose());
        storm
    }

    async fn connect(&mut self, guest: &'static str) {
        let registry = |id| self.federation.registry(id);
        for host in self.peers_of(guest) {
            let wire = Wire::to(&registry(host).config().nats.public_address).await;
            admit_at(registry(host), registry(guest), &wire.near());
            self.wires.push(wire);
            self.desks.get_mut(guest).unwrap().say("operator", "peer-added", peer_claim(registry(host)));
        }
    }

    fn peers_of(&self, registry: &str) -> [&'static str; PEERS] {
        let (place, count) = (self.all.iter().position(|one| *one == registry).unwrap(), self.all.len());
        [1, 2, count - 2, count - 1].map(|step| self.all[(place + step) % count])
    }

    fn open_for_comets(&mut self, registry: &'static str) {
        let desk = self.desks.get_mut(registry).unwrap();
        let effects = json!({"suspended": "cease"});
        desk.say("ministry", "scheme-published", with(scheme("comets"), json!({"onAccreditation": effects})));
        desk.say("ministry", "designation-made", designation("D-2", &["comets"]));
        desk.say("ab", "accreditation-granted", accreditation("L-1", "cb-2", "certification-body", "comets"));
    }

    /// All of the storm.
    pub(super) async fn rage(&mut self) {
        for act in 1..=ACTS {
            self.act();
            if act % BREAKS == 0 {
                self.something_breaks().await;
            }
            sleep(Duration::from_millis(self.chance.below(REST))).await;
        }
    }

    /// Every wire is whole, and everything that was said is acknowledged.
    pub(super) async fn pass(mut self) -> Calm {
        self.wires.iter().for_each(Wire::mend);
        self.settle().await;
        let mut said = BTreeMap::new();
        for (id, desk) in self.desks {
            said.insert(id, desk.close().await);
        }
        Calm { pacts: self.pacts, said, _wires: self.wires, _chance: self.chance }
    }

    fn act(&mut self) {
        match self.chance.below(20) {
            0 => self.propose(),
            1..=2 => self.amend(),
            3..=6 => self.suspend_or_restore(),
            7 => self.end(),
            8 => self.accredit_or_not(),
            9..=13 => self.alter(),
            _ => self.grant(),
        }
    }

    pub(super) fn say(&mut self, registry: &str, party: &str, kind: &str, claim: serde_json::Value) {
        self.desks.get_mut(registry).unwrap().say(party, kind, claim);
    }

    fn propose(&mut self) {
        let first = *pick(&self.all, &mut self.chance);
        let [second, third, ..] = self.peers_of(first);
        self.pacts.push(Pact::conceive(self.pacts.len(), [first, second, third], &mut self.chance));
        self.sign(self.pacts.len() - 1);
    }

    fn amend(&mut self) {
        if let Some(place) = self.standing() {
            self.sign(place);
        }
    }

    /// A new version, which one of the parties may never sign.
    fn sign(&mut self, place: usize) {
        let pact = &mut self.pacts[place];
        let claim = signed(&pact.version(&mut self.chance));
        let mut signers = pact.signers().to_vec();
        if self.chance.below(6) == 0 && signers.len() > 1 {
            signers.remove(0);
        }
        for party in signers {
            pact.acted(party);
            pact.signed.insert(party);
            self.desks.get_mut(party).unwrap().say("operator", "arrangement-signed", claim.clone());
        }
    }

    /// Some arrangement that nobody ended.
    fn standing(&mut self) -> Option<usize> {
        let standing: Vec<usize> = (0..self.pacts.len()).filter(|place| !self.pacts[*place].ended).collect();
        (!standing.is_empty()).then(|| *pick(&standing, &mut self.chance))
    }

    /// The same with a party that signed it, which acts now.
    fn actor(&mut self) -> Option<(usize, &'static str)> {
        let place = self.standing()?;
        let signed: Vec<&'static str> = self.pacts[place].signed.iter().copied().collect();
        let party = *pick(&signed, &mut self.chance);
        self.pacts[place].acted(party);
        Some((place, party))
    }

    fn suspend_or_restore(&mut self) {
        let Some((place, party)) = self.actor() else { return };
        let pact = &mut self.pacts[place];
        let restores = pact.suspended.remove(party);
        let kind = if restores { "arrangement-restored" } else { "arrangement-suspended" };
        if !restores {
            pact.suspended.insert(party);
        }
        let claim = json!({"id": pact.id, "reason": reason("review")});
        self.say(party, "operator", kind, claim);
    }

    fn end(&mut self) {
        let Some((place, party)) = self.actor() else { return };
        let pact = &mut self.pacts[place];
        pact.ended = true;
        let claim = json!({"id": pact.id, "effective": day(0), "reason": reason("review")});
        self.say(party, "operator", "arrangement-ended", claim);
    }

    fn accredit_or_not(&mut self) {
        let registry = *pick(&self.all, &mut self.chance);
        let restores = self.unaccredited.remove(registry);
        if !restores {
            self.unaccredited.insert(registry);
        }
        let change = if restores { "restored" } else { "suspended" };
        let claim = json!({"id": "L-1", "change": change, "reason": reason("as-found")});
        self.say(registry, "ab", "accreditation-changed", claim);
    }

    fn grant(&mut self) {
        let registry = *pick(&self.all, &mut self.chance);
        let scheme = *pick(&SCHEMES, &mut self.chance);
        let body = if scheme == "comets" { "cb-2" } else { "cb-1" };
        if body == "cb-2" && self.unaccredited.contains(registry) {
            return;
        }
        let id = format!("V-{}", self.verdicts.len());
        let viewpoints = [json!(["organization", "process"]), json!(["organization"]), json!(["process"])];
        let kind = *pick(&["organization", "product"], &mut self.chance);
        let patch = json!({
            "scheme": format!("{scheme}@1"), "level": pick(&["3", "4", "5"], &mut self.chance),
            "viewpoints": pick(&viewpoints, &mut self.chance), "object": {"kind": kind, "name": "Example Works"},
        });
        self.say(registry, body, "verdict-granted", with(verdict(&id), patch));
        self.verdicts.push(Granted { registry, id, body, state: "granted" });
    }

    fn alter(&mut self) {
        if self.verdicts.is_empty() {
            return;
        }
        let place = usize::try_from(self.chance.below(self.verdicts.len() as u64)).unwrap();
        let change = match (self.verdicts[place].state, self.chance.below(5)) {
            ("withdrawn", _) => return,
            (_, 0) => "withdrawn",
            ("suspended", _) => "restored",
            _ => "suspended",
        };
        let verdict = &mut self.verdicts[place];
        if verdict.body == "cb-2" && self.unaccredited.contains(verdict.registry) {
            return;
        }
        verdict.state = if change == "restored" { "granted" } else { change };
        let (registry, body) = (verdict.registry, verdict.body);
        let claim = claims::change(&verdict.id, json!(change));
        self.say(registry, body, "verdict-changed", claim);
    }

    async fn something_breaks(&mut self) {
        let away = Duration::from_millis(self.chance.below(1_500));
        let group = *pick(&GROUPS, &mut self.chance);
        let node = self.federation.node(group[0]);
        match self.chance.below(8) {
            0..=2 => self.wires_break(),
            3..=4 => {
                node.kill();
                sleep(away).await;
                self.back(node, group).await;
            }
            5 => {
                node.kill();
                self.forget_mirrors(group);
                self.back(node, group).await;
            }
            6 => {
                node.freeze();
                sleep(away).await;
                node.thaw();
            }
            _ => {
                let id = *pick(group, &mut self.chance);
                if let Some(server) = NatsServer::of(self.federation.registry(id).folder().path()) {
                    server.kill();
                }
            }
        }
    }

    /// Some are cut, others mended: a link is away for seconds, and comes back while others go.
    fn wires_break(&mut self) {
        for wire in &self.wires {
            match self.chance.below(4) {
                0 => wire.cut(),
                1..=2 => wire.mend(),
                _ => {}
            }
        }
    }

    async fn back(&self, node: &Node, group: &[&str]) {
        node.start();
        for id in group {
            self.federation.registry(id).ready(|| node.check()).await;
        }
    }

    /// Mirrors are copies: without them logs are pulled again.
    fn forget_mirrors(&mut self, group: &[&str]) {
        for id in group {
            for peer in self.peers_of(id) {
                let folder = self.federation.registry(id).folder().peer(&peer.parse().unwrap());
                let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
                for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "ranges")) {
                    if self.chance.below(2) == 0 {
                        std::fs::remove_file(file).unwrap();
                    }
                }
            }
        }
    }
}
