//! Questions of the past: as the registry then knew, and as it is now known to have been.

use std::sync::Arc;

use conformity::Digest;
use conformity::as_of::{AsOf, ResultLists};
use conformity::genesis::PeerRecord;
use conformity::ids::VerdictRef;
use conformity::recognised::{Recognition, RecognitionRecord, find_result};
use conformity::records::{Facts, Overlay, Record, Register};
use conformity::standing::{About, Holding, Question, Standing, Viewer, standing};
use conformity::time::Moment;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::properties::{Attempt, attempts, furnished};
use crate::recognitions::result;
use crate::world::{
    PEER_ORIGIN, World, accreditation, changed, foreign, key, kid, peer, reason, scheme, signed, terms, verdict, with,
};

const SUPPLIER: &str = "corporate-number:7000012050002";
const ABROAD: &str = "lei:5493001KJTIIGC8Y1R12";

/// The log of a world, as a node reads its own.
struct Log<'a>(&'a World);

impl ResultLists for Log<'_> {
    type Error = String;

    fn moment(&mut self, index: u64) -> Result<Moment, String> {
        let (_, at, _) = self.0.taken.get(usize::try_from(index).unwrap()).ok_or("no such entry")?;
        Ok(Moment { index, at: *at })
    }

    fn row(&mut self, index: u64, verdict: &VerdictRef) -> Result<(u32, Arc<Recognition>), String> {
        let (_, _, list) = self.0.taken.get(usize::try_from(index).unwrap()).ok_or("no such entry")?;
        let found = find_result(list.as_deref().ok_or("no list")?, verdict).map_err(|error| error.to_string())?;
        let (position, row) = found.ok_or("no row")?;
        Ok((position, Arc::new(row)))
    }
}

/// Answers of a world about then, as a node answers: rows that were replaced come from the log.
fn asked(world: &World, supplier: &str, about: About, as_of: AsOf, viewer: &Viewer) -> Standing {
    let supplier = supplier.parse().unwrap();
    let mut facts = Overlay::new(&world.register);
    for record in world.register.recognitions_of(&supplier) {
        let seen = record.seen(&as_of, &mut Log(world)).unwrap();
        seen.into_iter().for_each(|record| facts.insert(Record::Recognition(record)));
    }
    standing(&facts, &Question { supplier, country: None, about, viewpoint: None, as_of }, viewer)
}

/// `V-1 granted counts`, or why there is nothing; T-1, which every world has, apart.
fn told(answer: &Standing) -> String {
    let holding = |holding: &Holding| {
        let (name, what) = match holding {
            Holding::Own(own) => (own.verdict.to_string(), own.standing.state.name().to_string()),
            Holding::Foreign(foreign) => {
                let recognition = &foreign.record.recognition;
                (recognition.verdict.to_string(), recognition.outcome.to_string())
            }
        };
        format!("{name} {what}{}", if holding.counts() { " counts" } else { "" })
    };
    match answer.absence {
        Some(_) => answer.because[0].code.to_string(),
        None => {
            let all = answer.holdings.iter().map(holding).filter(|told| !told.starts_with("T-1"));
            all.collect::<Vec<_>>().join("; ")
        }
    }
}

fn derive(world: &mut World, row: &Value) -> bool {
    let list = format!("{row}\n").into_bytes();
    let Some(eu) = world.register.peer(&"eu".parse().unwrap()) else { return false };
    let claim = json!({
        "origin": eu.origin, "registry": "eu", "from": eu.followed, "to": eu.followed + 3, "checkpoint": "a signed note",
        "cause": "range", "results": {"digest": Digest::of(&list).to_string(), "count": 1},
    });
    let payload = world.envelope("node", "recognition-derived", claim);
    world.take(&payload, Some(&list)).is_ok()
}

fn change(world: &mut World, now: &str, effective: &str, change: Value) {
    world.at(now);
    let claim = with(changed(world, "V-1", change), json!({"effective": effective}));
    world.must("cb-1", "verdict-changed", claim);
}

fn stolen(world: &mut World) -> Timestamp {
    world.must("op", "key-added", json!({"party": "cb-1", "key": key(50)}));
    world.now
}

fn found_out(world: &mut World, since: Timestamp) {
    let claim = json!({"party": "cb-1", "kid": kid(5), "compromisedSince": since.to_string(), "reason": reason()});
    world.must("op", "key-revoked", claim);
}

/// What happened, as of when is asked about whom, and the answers by what was known then and by what is known now.
struct Case {
    what: &'static str,
    happened: fn(&mut World),
    about: (&'static str, &'static str),
    then: &'static str,
    now: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |what, happened, about, then, now| Case { what, happened, about, then, now };
    vec![
        case(
            "a suspension that reaches back",
            |w| {
                change(w, "2026-12-10T00:00:00Z", "2026-12-05T00:00:00Z", json!("suspended"));
            },
            (SUPPLIER, "2026-12-07T00:00:00Z"),
            "V-1 granted counts",
            "V-1 suspended",
        ),
        case(
            "the same, before its effect",
            |w| {
                change(w, "2026-12-10T00:00:00Z", "2026-12-05T00:00:00Z", json!("suspended"));
            },
            (SUPPLIER, "2026-12-04T00:00:00Z"),
            "V-1 granted counts",
            "V-1 granted counts",
        ),
        case(
            "the same, once it was stated",
            |w| {
                change(w, "2026-12-10T00:00:00Z", "2026-12-05T00:00:00Z", json!("suspended"));
            },
            (SUPPLIER, "2026-12-10T00:00:00Z"),
            "V-1 suspended",
            "V-1 suspended",
        ),
        case(
            "a renewal",
            |w| {
                change(
                    w,
                    "2026-12-10T00:00:00Z",
                    "2026-12-10T00:00:00Z",
                    json!({"renewed": {"validUntil": "2029-11-30"}}),
                );
            },
            (SUPPLIER, "2026-12-07T00:00:00Z"),
            "V-1 granted counts",
            "V-1 granted counts",
        ),
        case(
            "an annulment",
            |w| {
                change(w, "2027-01-05T00:00:00Z", "2026-10-01T00:00:00Z", json!("annulled"));
            },
            (SUPPLIER, "2026-12-07T00:00:00Z"),
            "V-1 granted counts",
            "V-1 annulled",
        ),
        case(
            "an annulment up to which the verdict counted",
            |w| {
                change(w, "2027-01-05T00:00:00Z", "2026-12-20T00:00:00Z", json!("annulled"));
            },
            (SUPPLIER, "2026-12-07T00:00:00Z"),
            "V-1 granted counts",
            "V-1 granted counts",
        ),
        case(
            "a suspension by a thief",
            |w| {
                let since = stolen(w);
                w.at("2026-12-01T00:00:00Z");
                let claim = changed(w, "V-1", json!("suspended"));
                w.steal("cb-1", "verdict-changed", claim).unwrap();
                w.at("2026-12-20T00:00:00Z");
                found_out(w, since);
            },
            (SUPPLIER, "2026-12-07T00:00:00Z"),
            "V-1 suspended",
            "V-1 granted counts",
        ),
        case(
            "a grant by a thief",
            |w| {
                let since = stolen(w);
                w.steal("cb-1", "verdict-granted", verdict("V-2")).unwrap();
                w.at("2026-12-20T00:00:00Z");
                found_out(w, since);
            },
            (SUPPLIER, "2026-12-07T00:00:00Z"),
            "V-1 granted counts; V-2 granted counts",
            "V-1 granted counts; V-2 void",
        ),
        case(
            "what somebody said whom a thief had made the issuer",
            |w| {
                let since = stolen(w);
                w.at("2026-12-01T00:00:00Z");
                let claim = changed(w, "V-1", json!({"transferred": {"to": "cb-2"}}));
                w.steal("cb-1", "verdict-changed", claim).unwrap();
                let dated = json!({"effective": "2026-11-20T00:00:00Z"});
                let claim = with(changed(w, "V-1", json!("annulled")), dated);
                w.must("cb-2", "verdict-changed", claim);
                w.at("2026-12-20T00:00:00Z");
                found_out(w, since);
            },
            (SUPPLIER, "2026-11-25T00:00:00Z"),
            "V-1 granted counts",
            "V-1 granted counts",
        ),
        case(
            "a verdict that was stated late",
            |w| {
                w.at("2027-01-10T00:00:00Z");
                let dated = json!({"validFrom": "2026-12-01"});
                w.must("cb-1", "verdict-granted", with(verdict("V-2"), dated));
            },
            (SUPPLIER, "2026-12-07T00:00:00Z"),
            "V-1 granted counts",
            "V-1 granted counts; V-2 granted counts",
        ),
        case(
            "a verdict that was erased",
            |w| {
                let index = w.verdict("V-1").history[0].index;
                w.at("2027-01-10T00:00:00Z");
                w.must("op", "statement-erased", json!({"index": index, "reason": reason()}));
            },
            (SUPPLIER, "2026-12-07T00:00:00Z"),
            "",
            "",
        ),
        case(
            "a recognition that came late",
            |w| {
                w.at("2026-12-10T00:00:00Z");
                assert!(derive(w, &result("E-1")));
                w.at("2026-12-20T00:00:00Z");
                assert!(derive(w, &with(result("E-1"), json!({"state": "suspended", "outcome": "refused"}))));
            },
            (ABROAD, "2026-12-07T00:00:00Z"),
            "country-not-known",
            "looked-at-later",
        ),
        case(
            "a recognition that was replaced",
            |w| {
                w.at("2026-12-01T00:00:00Z");
                assert!(derive(w, &result("E-1")));
                w.at("2026-12-20T00:00:00Z");
                assert!(derive(w, &with(result("E-1"), json!({"state": "suspended", "outcome": "refused"}))));
            },
            (ABROAD, "2026-12-07T00:00:00Z"),
            "eu:E-1 recognised counts",
            "eu:E-1 recognised counts",
        ),
        case(
            "a recognition of what a thief granted abroad",
            |w| {
                w.at("2026-12-01T00:00:00Z");
                assert!(derive(w, &result("E-1")));
                w.at("2026-12-20T00:00:00Z");
                assert!(derive(w, &with(result("E-1"), json!({"state": "void", "outcome": "refused"}))));
            },
            (ABROAD, "2026-12-07T00:00:00Z"),
            "eu:E-1 recognised counts",
            "eu:E-1 refused",
        ),
        case(
            "the expulsion of a peer, afterwards",
            |w| {
                w.at("2026-12-01T00:00:00Z");
                assert!(derive(w, &result("E-1")));
                w.at("2026-12-20T00:00:00Z");
                w.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
                w.must("op", "peer-added", peer("eu", PEER_ORIGIN));
            },
            (ABROAD, "2026-12-07T00:00:00Z"),
            "eu:E-1 recognised counts",
            "eu:E-1 recognised counts",
        ),
    ]
}

#[test]
fn what_was_known_then_and_what_is_known_now() {
    for Case { what, happened, about: (supplier, at), then, now } in cases() {
        let mut world = World::furnished();
        happened(&mut world);
        world.at("2027-06-01T00:00:00Z");
        let at: Timestamp = at.parse().unwrap();
        for (as_of, expected) in [(AsOf::shown_at(at), then), (AsOf::InEffect { at }, now)] {
            let about = if supplier == ABROAD { About::Everything } else { About::Scheme("stars".parse().unwrap()) };
            let answer = asked(&world, supplier, about, as_of, &Viewer::Public);
            assert_eq!(told(&answer), expected, "{what}: {as_of:?}");
        }
    }
}

#[test]
fn an_accreditation_may_begin_before_anybody_knew() {
    let world = World::furnished();
    let record = world.register.accreditation(&"C-1".parse().unwrap()).unwrap();
    let at: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    assert_eq!(record.seen(&AsOf::shown_at(at)), None, "the log had not begun");
    let begun = record.seen(&AsOf::InEffect { at }).unwrap();
    assert_eq!(begun.in_force_at(at), Ok(()));
    let before = "2025-12-31T00:00:00Z".parse().unwrap();
    assert_eq!(record.seen(&AsOf::InEffect { at: before }), None);
}

/// Whoever once answered for a restricted verdict by a transfer that is void asks about the time at which it seemed to count.
#[test]
fn who_may_see_it_today_decides() {
    let mut world = World::furnished();
    let since = stolen(&mut world);
    world.must("cb-1", "verdict-granted", with(verdict("V-2"), json!({"profile": "restricted"})));
    let claim = changed(&world, "V-2", json!({"transferred": {"to": "cb-2"}}));
    world.steal("cb-1", "verdict-changed", claim).unwrap();
    let (size, at) = (world.next, world.now);
    let asks = |world: &World, who: &str| {
        let viewer = Viewer::Party(who.parse().unwrap());
        let about = About::Scheme("stars".parse().unwrap());
        told(&asked(world, SUPPLIER, about, AsOf::Shown { size, at }, &viewer))
    };
    let both = "V-1 granted counts; V-2 granted counts";
    assert_eq!([asks(&world, "cb-1"), asks(&world, "cb-2")], [both, both]);
    world.at("2026-12-20T00:00:00Z");
    found_out(&mut world, since);
    assert_eq!([asks(&world, "cb-1").as_str(), asks(&world, "cb-2").as_str()], [both, "V-1 granted counts"]);
}

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
            Self::Recognised(id, row) => drop(derive(world, &with(result(id), row.clone()))),
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
        }
    }
}

/// How far a peer is followed is told of no past.
fn unfollowed(record: Arc<PeerRecord>) -> PeerRecord {
    PeerRecord { followed: 0, ..PeerRecord::clone(&record) }
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
        (all_accreditations, |one: &Arc<_>| accreditation_id(one), accreditation),
        (
            all_designations,
            |one: &Arc<conformity::accreditation::DesignationRecord>| one.designation.id.clone(),
            designation
        ),
        (schemes, |one: &Arc<conformity::records::SchemeRecord>| one.scheme.scheme.clone(), scheme),
        (parties, |one: &Arc<conformity::party::PartyRecord>| one.party.id.clone(), party),
    );
    for record in today.verdicts_after(None) {
        prop_assert_eq!(record.seen(&as_of), then.verdict(record.id()), "{:?}", as_of);
    }
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

fn accreditation_id(record: &Arc<conformity::accreditation::AccreditationRecord>) -> conformity::ids::AccreditationId {
    record.accreditation.id.clone()
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
            same_records(&world, then, AsOf::Shown { size: *size, at })?;
            same_answers(&world, then, AsOf::Shown { size: *size, at })?;
        }
    }
}
