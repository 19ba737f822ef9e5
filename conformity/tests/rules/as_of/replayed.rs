//! As then known, records and answers are those of a registry whose log ends there: for logs by chance.

use std::sync::Arc;

use conformity::accreditation::{AccreditationRecord, DesignationRecord};
use conformity::as_of::{AsOf, Seen};
use conformity::genesis::PeerRecord;
use conformity::party::PartyRecord;
use conformity::recognised::RecognitionRecord;
use conformity::records::{Facts, Register, SchemeRecord};
use conformity::standing::{About, Question, Viewer, standing};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ABROAD, Log, SUPPLIER, asked, derived};
use crate::bulletins::bulletin;
use crate::hosting::{moved, other};
use crate::properties::{Attempt, attempts, furnished};
use crate::recognitions::result;
use crate::world::{PEER_ORIGIN, World, accreditation, foreign, key, kid, peer, reason, scheme, signed, terms, with};

/// Something that happens to a registry.
#[derive(Debug, Clone)]
enum Step {
    Verdict(Attempt, bool),
    Theft(usize),
    Accreditation(&'static str, Value),
    Designation(Value),
    Own(&'static str, u32),
    Theirs(&'static str, u32),
    Recognised(&'static str, Value),
    Expelled,
    Added(bool),
    Replaced,
    Registered,
    Issued(usize),
    Hosted(&'static str),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let attempt = attempts().prop_map(|attempts| attempts[0].clone());
    let act = prop_oneof![Just("signed"), Just("suspended"), Just("restored"), Just("ended")];
    let theirs = act.clone();
    let row = prop_oneof![
        Just(json!({})),
        Just(json!({"state": "suspended", "outcome": "refused"})),
        Just(json!({"state": "void", "outcome": "refused"})),
        Just(json!({"outcome": "partial"})),
    ];
    let accreditation = prop_oneof![
        Just(json!("suspended")),
        Just(json!("restored")),
        Just(json!("withdrawn")),
        Just(json!({"reduced": {"viewpoints": ["organization"]}})),
        Just(json!({"renewed": {"until": "2041-01-01"}})),
    ];
    let hold = prop_oneof![Just(json!("suspended")), Just(json!("restored"))];
    let step = prop_oneof![
        8 => (attempt, any::<bool>()).prop_map(|(attempt, thief)| Step::Verdict(attempt, thief)),
        2 => (0..40_usize).prop_map(Step::Theft),
        2 => (prop_oneof![Just("C-1"), Just("C-2"), Just("C-9")], accreditation).prop_map(|(id, change)| Step::Accreditation(id, change)),
        1 => hold.prop_map(Step::Designation),
        3 => (act, 1..3_u32).prop_map(|(act, version)| Step::Own(act, version)),
        3 => (theirs, 1..3_u32).prop_map(|(act, version)| Step::Theirs(act, version)),
        4 => (prop_oneof![Just("E-1"), Just("E-2")], row).prop_map(|(id, row)| Step::Recognised(id, row)),
        1 => Just(Step::Expelled),
        2 => any::<bool>().prop_map(Step::Added),
        1 => Just(Step::Replaced),
        1 => Just(Step::Registered),
        2 => (0..3_usize).prop_map(Step::Issued),
        2 => prop_oneof![Just("hosting-consented"), Just("hosting-ended"), Just("registry-moved")].prop_map(Step::Hosted),
    ];
    prop::collection::vec(step, 4..40)
}

fn act(act: &str, version: u32) -> Value {
    match act {
        "signed" => signed(with(terms(), json!({"version": version}))),
        "ended" => json!({"id": "A-1", "effective": "2029-01-01", "reason": reason()}),
        _ => json!({"id": "A-1", "reason": reason()}),
    }
}

impl Step {
    /// Tries it; whatever is refused changes nothing.
    fn try_it(&self, world: &mut World, number: usize) {
        let say = |world: &mut World, iss: &str, kind: &str, claim: Value| drop(world.say(iss, kind, claim));
        let changed = |id: &str, change: &Value| json!({"id": id, "change": change, "reason": reason()});
        match self {
            Self::Verdict(attempt, true) => drop(attempt.steal(world, number)),
            Self::Verdict(attempt, false) => drop(attempt.make(world, number)),
            Self::Theft(entry) => {
                let since =
                    world.taken.get(world.taken.len().saturating_sub(*entry)).map_or(world.now, |taken| taken.1);
                let claim =
                    json!({"party": "cb-1", "kid": kid(5), "compromisedSince": since.to_string(), "reason": reason()});
                say(world, "op", "key-revoked", claim);
            }
            Self::Accreditation("C-9", _) => {
                say(world, "ab", "accreditation-granted", accreditation("C-9", "lab", "evaluation-laboratory"));
            }
            Self::Accreditation(id, change) => say(world, "ministry", "accreditation-changed", changed(id, change)),
            Self::Designation(change) => say(world, "ministry", "designation-changed", changed("D-1", change)),
            Self::Own(what, version) => say(world, "ministry", &format!("arrangement-{what}"), act(what, *version)),
            Self::Theirs(what, version) => {
                let statement = foreign(&format!("f-{number}"), &format!("arrangement-{what}"), act(what, *version));
                let claim = json!({"registry": "eu", "statement": statement, "proof": "c2sp.org/tlog-proof@v1"});
                say(world, "node", "arrangement-countersigned", claim);
            }
            Self::Recognised(id, row) => {
                let arrangement = json!({"arrangement": {"id": "A-1", "digest": "ab".repeat(32)}});
                let (cause, more) = if number.is_multiple_of(2) { (json!("range"), 3) } else { (arrangement, 0) };
                derived(world, &with(result(id), row.clone()), &cause, more);
            }
            Self::Expelled => say(world, "op", "peer-expelled", json!({"registry": "eu", "reason": reason()})),
            Self::Added(same) => {
                let origin = if *same { PEER_ORIGIN } else { "eu2.registry.example" };
                say(world, "op", "peer-added", peer("eu", origin));
            }
            Self::Replaced => {
                say(world, "ministry", "scheme-published", with(scheme(), json!({"scheme": "stars@2"})));
                let claim = json!({"scheme": "stars@1", "by": "stars@2", "until": "2040-01-01"});
                say(world, "ministry", "scheme-replaced", claim);
            }
            Self::Registered => {
                let seed = u8::try_from(60 + number).unwrap();
                say(world, "op", "key-added", json!({"party": "cb-2", "key": key(seed)}));
            }
            Self::Issued(replaces) => {
                let name = |number: usize| format!("N-{number}");
                let before = world.register.bulletins().nth(*replaces).map(|one| one.name.id.to_string());
                let claim = with(bulletin(&name(number)), json!({"replaces": before.unwrap_or_else(|| name(number))}));
                let mut first = claim.clone();
                first.as_object_mut().unwrap().remove("replaces");
                say(world, "op", "bulletin-issued", if number.is_multiple_of(2) { first } else { claim });
            }
            Self::Hosted("hosting-consented") => say(world, "op", "hosting-consented", other("mm")),
            Self::Hosted("registry-moved") => say(world, "op", "registry-moved", moved(&format!("a{number}.example"))),
            Self::Hosted(kind) => say(world, "op", kind, json!({"registry": "mm"})),
        }
    }
}

/// How far a peer is followed is told of no past.
fn unfollowed(record: Arc<PeerRecord>) -> PeerRecord {
    PeerRecord { followed: 0, ..PeerRecord::clone(&record) }
}

/// Whose place a party took is told of no past: its predecessors say by whom they were succeeded.
fn alone(record: Arc<PartyRecord>) -> PartyRecord {
    PartyRecord { predecessors: Vec::new(), ..PartyRecord::clone(&record) }
}

/// Each record of today, as of then, is the record of then.
fn same_records(world: &World, then: &Register, as_of: AsOf) -> Result<(), TestCaseError> {
    let today = &world.register;
    macro_rules! same {
        ($(($records:ident, $id:expr, $look:ident)),+ $(,)?) => {$(
            for record in today.$records() {
                let id = $id(record);
                prop_assert_eq!(record.seen(&as_of), then.$look(&id), "{:?}", as_of);
            }
        )+};
    }
    same!(
        (all_accreditations, |one: &Arc<AccreditationRecord>| one.accreditation.id.clone(), accreditation),
        (all_designations, |one: &Arc<DesignationRecord>| one.designation.id.clone(), designation),
        (schemes, |one: &Arc<SchemeRecord>| one.scheme.scheme.clone(), scheme),
    );
    for record in today.parties() {
        let seen = record.seen(&as_of).map(alone);
        prop_assert_eq!(seen, then.party(&record.party.id).map(alone), "{:?}", as_of);
    }
    for record in today.verdicts_after(None) {
        prop_assert_eq!(record.seen(&as_of), then.verdict(record.id()), "{:?}", as_of);
    }
    prop_assert_eq!(Seen::new(today, as_of).genesis(), then.genesis(), "{:?}", as_of);
    for record in today.bulletins() {
        let seen = Seen::new(today, as_of).bulletin(record);
        prop_assert_eq!(seen, then.bulletin(&record.name), "{:?}", as_of);
    }
    let revisions: Vec<_> = today.revisions_then(as_of).collect();
    prop_assert_eq!(revisions, then.revisions().collect::<Vec<_>>(), "{:?}", as_of);
    for record in today.arrangements() {
        prop_assert_eq!(record.seen(&as_of), then.arrangement(&record.id), "{:?}", as_of);
    }
    for record in today.peers() {
        let seen = record.seen(&as_of).map(unfollowed);
        prop_assert_eq!(seen, then.peer(&record.registry).map(unfollowed), "{:?}", as_of);
    }
    for record in today.recognitions_after(None) {
        let seen: Option<Arc<RecognitionRecord>> = record.seen(&as_of, &mut Log(world)).unwrap();
        prop_assert_eq!(seen, then.recognition(&record.recognition.verdict), "{:?}", as_of);
    }
    Ok(())
}

/// The answers of today's registry as of then are those that the registry of then gives.
fn same_answers(world: &World, then: &Register, as_of: AsOf) -> Result<(), TestCaseError> {
    let abouts = || {
        [
            About::Everything,
            About::Scheme("stars".parse().unwrap()),
            About::SchemeVersion("stars@2".parse().unwrap()),
            About::Document("sp800-171@r3".parse().unwrap()),
        ]
    };
    let viewers = [Viewer::Public, Viewer::Party("op".parse().unwrap()), Viewer::Party("cb-1".parse().unwrap())];
    for viewer in &viewers {
        for supplier in [SUPPLIER, ABROAD] {
            for about in abouts() {
                let question = Question {
                    supplier: supplier.parse().unwrap(),
                    country: None,
                    about: about.clone(),
                    viewpoint: None,
                    as_of: AsOf::Present(as_of.at()),
                };
                let expected = standing(then, &question, viewer);
                prop_assert_eq!(asked(world, supplier, about, as_of, viewer), expected, "{:?}", as_of);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_then_known_is_as_a_registry_whose_log_ends_there(steps in steps()) {
        let mut world = furnished();
        world.must("op", "key-added", json!({"party": "cb-1", "key": key(50)}));
        let mut shown: Vec<(u64, Register)> = vec![(0, Register::new()), (world.next, world.register.clone())];
        for (number, step) in steps.iter().enumerate() {
            let before = world.next;
            step.try_it(&mut world, number);
            if world.next > before + 1 {
                continue;
            }
            shown.push((world.next, world.register.clone()));
        }
        for (size, then) in &shown {
            let last = size.checked_sub(1).and_then(|last| world.taken.get(usize::try_from(last).unwrap()));
            let at = last.map_or(world.taken[0].1 - jiff::SignedDuration::from_secs(1), |taken| taken.1);
            same_records(&world, then, AsOf::KnownThen { size: *size, at })?;
            same_answers(&world, then, AsOf::KnownThen { size: *size, at })?;
        }
    }
}
