//! Questions of the past: as the registry then knew, and as it is now known to have been.

mod replayed;

use std::sync::Arc;

use conformity::Digest;
use conformity::as_of::{AsOf, ResultLists};
use conformity::ids::VerdictRef;
use conformity::recognised::{Recognition, ResultIndex};
use conformity::records::{Facts, Overlay, Record};
use conformity::standing::{About, Holding, Question, Standing, Viewer, standing};
use conformity::time::Moment;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::recognitions::result;
use crate::world::{PEER_ORIGIN, World, changed, key, kid, peer, reason, verdict, with};

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
        let list = list.as_deref().ok_or("no list")?;
        let found =
            ResultIndex::of(list).and_then(|index| index.row(list, verdict)).map_err(|error| error.to_string())?;
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
    derived(world, row, &json!("range"), 3)
}

/// For a cause, with so much more of the peer's log.
fn derived(world: &mut World, row: &Value, cause: &Value, more: u64) -> bool {
    let list = format!("{row}\n").into_bytes();
    let Some(eu) = world.register.peer(&"eu".parse().unwrap()) else { return false };
    let claim = json!({
        "origin": eu.origin, "registry": "eu", "from": eu.followed, "to": eu.followed + more, "checkpoint": "a signed note",
        "cause": cause, "results": {"digest": Digest::of(&list).to_string(), "count": 1},
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
        for (as_of, expected) in [(AsOf::known_then(at), then), (AsOf::KnownNow { at }, now)] {
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
    assert_eq!(record.seen(&AsOf::known_then(at)), None, "the log had not begun");
    let begun = record.seen(&AsOf::KnownNow { at }).unwrap();
    assert_eq!(begun.in_force_at(at), Ok(()));
    let before = "2025-12-31T00:00:00Z".parse().unwrap();
    assert_eq!(record.seen(&AsOf::KnownNow { at: before }), None);
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
        told(&asked(world, SUPPLIER, about, AsOf::KnownThen { size, at }, &viewer))
    };
    let both = "V-1 granted counts; V-2 granted counts";
    assert_eq!([asks(&world, "cb-1"), asks(&world, "cb-2")], [both, both]);
    world.at("2026-12-20T00:00:00Z");
    found_out(&mut world, since);
    assert_eq!([asks(&world, "cb-1").as_str(), asks(&world, "cb-2").as_str()], [both, "V-1 granted counts"]);
}
