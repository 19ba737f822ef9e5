//! Two persons: what one key of the operator cannot do alone.

use conformity::audience::{Audience, audience};
use conformity::basis::{of_log_keys, of_verdict};
use conformity::persons::Persons;
use conformity::records::{Facts, Register, Rests};
use conformity::refusal::Refusal;
use conformity::statement::Statement;
use conformity::{Digest, Place, Record, decide};
use serde_json::{Value, json};

use crate::hosting::{moved, other};
use crate::log_keys::handover;
use crate::world::{Row, STOLEN, World, changed, genesis, key, kid, peer, reason, row, signer, verdict, with};

/// A registry whose steps need two persons: one signs with the operator's newest key, the other with its first.
fn pair() -> World {
    let mut world = World::furnished();
    world.must("op", "key-added", json!({"party": "op", "key": key(61)}));
    world.must("op", "persons-set", json!({"persons": 2}));
    world
}

/// A step of the first person, signed and not sent.
fn step(world: &World, kind: &str, claim: Value) -> Value {
    with(world.envelope("op", kind, claim), json!({"jti": format!("step-{}", world.next)}))
}

fn expulsion(world: &World) -> Value {
    step(world, "peer-expelled", json!({"registry": "eu", "reason": reason()}))
}

fn approval(step: &Value, until: &str) -> Value {
    let digest = Digest::of(&serde_json::to_vec(step).unwrap());
    json!({"step": digest, "kind": step["kind"], "until": until})
}

/// The second person approves it.
fn approve(world: &mut World, step: &Value) {
    world.steal("op", "step-approved", approval(step, "2026-11-09")).unwrap();
}

/// Both persons erase a statement.
fn erase(world: &mut World, index: u64) -> Result<Vec<Record>, Refusal> {
    let erasing = step(world, "statement-erased", json!({"index": index, "reason": reason()}));
    world.steal("op", "step-approved", approval(&erasing, "2026-11-30")).unwrap();
    world.take(&erasing, None)
}

/// A step is tried in a world of two, without anybody's approval.
fn alone(kind: &str, claim: Value) -> Result<Vec<Record>, Refusal> {
    pair().say("op", kind, claim)
}

pub(crate) fn rows() -> Vec<Row> {
    let needed = "second-person-needed";
    let mut rows = vec![
        row("expelling a peer alone", |world| pair().take(&expulsion(world), None), needed),
        row(
            "erasing a statement alone",
            |_| alone("statement-erased", json!({"index": 3, "reason": reason()})),
            needed,
        ),
        row(
            "changing the log key alone",
            |_| {
                let mut world = pair();
                let claim = handover(&world, 210);
                world.say("op", "log-key-changed", claim)
            },
            needed,
        ),
        row("adding a root alone", |_| alone("ca-root-added", json!({"root": "MAE="})), needed),
        row("retiring a root alone", |_| alone("ca-root-retired", json!({"root": "ab".repeat(32)})), needed),
        row("going back to one person alone", |_| alone("persons-set", json!({"persons": 1})), needed),
        row("a second key of one's own", |_| alone("key-added", json!({"party": "op", "key": key(62)})), needed),
        row("a key of a body", |_| alone("key-added", json!({"party": "cb-1", "key": key(62)})), needed),
        row(
            "declaring a body's key stolen",
            |_| {
                alone(
                    "key-revoked",
                    json!({"party": "cb-1", "kid": kid(5), "compromisedSince": "2026-11-01T00:00:00Z"}),
                )
            },
            needed,
        ),
        row(
            "erasing what let somebody annul",
            |_| {
                let mut world = pair();
                let claim = changed(&world, "T-1", json!("annulled"));
                let annulling = step(&world, "verdict-changed", claim);
                approve(&mut world, &annulling);
                let approved = world.next - 1;
                world.take(&annulling, None).unwrap();
                world.at("2026-11-20T00:00:00Z");
                erase(&mut world, approved)
            },
            "not-erasable",
        ),
        row(
            "erasing what let somebody erase",
            |_| {
                let mut world = pair();
                let granted = world.verdict("V-1").history[0].index;
                let approved = world.next;
                erase(&mut world, granted).unwrap();
                world.at("2026-11-20T00:00:00Z");
                erase(&mut world, approved)
            },
            "not-erasable",
        ),
        row(
            "approvals without end",
            |_| {
                let mut world = pair();
                for number in 0..64 {
                    let step = with(expulsion(&world), json!({"iat": number}));
                    approve(&mut world, &step);
                }
                let step = expulsion(&world);
                world.steal("op", "step-approved", approval(&step, "2026-11-09"))
            },
            "too-many",
        ),
        row("moving the registry alone", |_| alone("registry-moved", moved("a.example")), needed),
        row("consenting to be hosted alone", |_| alone("hosting-consented", other("mm")), needed),
        row("hosting another alone", |_| alone("hosting-accepted", other("mm")), needed),
        row("ending it alone", |_| alone("hosting-ended", json!({"registry": "mm"})), needed),
        row("a key of the node", |_| alone("key-added", json!({"party": "node", "key": key(62)})), needed),
        row("ending the other's key", |_| alone("key-revoked", json!({"party": "op", "kid": kid(1)})), needed),
        row(
            "annulling a verdict alone",
            |_| {
                let mut world = pair();
                let claim = changed(&world, "T-1", json!("annulled"));
                world.say("op", "verdict-changed", claim)
            },
            needed,
        ),
    ];
    rows.extend(about_approvals());
    rows.extend(about_persons());
    rows
}

fn about_approvals() -> Vec<Row> {
    vec![
        row(
            "something else than what was approved",
            |_| {
                let mut world = pair();
                let step = expulsion(&world);
                approve(&mut world, &step);
                world.take(&with(step, json!({"iat": 1})), None)
            },
            "second-person-needed",
        ),
        row(
            "what was approved as something else",
            |_| {
                let mut world = pair();
                let step = expulsion(&world);
                let claim = with(approval(&step, "2026-11-09"), json!({"kind": "ca-root-added"}));
                world.steal("op", "step-approved", claim).unwrap();
                world.take(&step, None)
            },
            "second-person-needed",
        ),
        row(
            "approving one's own step",
            |_| {
                let mut world = pair();
                let step = expulsion(&world);
                world.must("op", "step-approved", approval(&step, "2026-11-09"));
                world.take(&step, None)
            },
            "approved-by-same-person",
        ),
        row(
            "a step on the day after",
            |_| {
                let mut world = pair();
                let step = expulsion(&world);
                approve(&mut world, &step);
                world.at("2026-11-10T00:00:00Z");
                world.take(&step, None)
            },
            "approval-expired",
        ),
        row(
            "approving what is done",
            |_| {
                let mut world = pair();
                let step = expulsion(&world);
                approve(&mut world, &step);
                world.take(&step, None).unwrap();
                world.steal("op", "step-approved", approval(&step, "2026-11-09"))
            },
            "approval-used",
        ),
        row(
            "approving twice",
            |_| {
                let mut world = pair();
                let step = expulsion(&world);
                approve(&mut world, &step);
                world.steal("op", "step-approved", approval(&step, "2026-11-20"))
            },
            "approval-stands",
        ),
        row(
            "approving what needs nobody",
            |_| {
                let mut world = pair();
                let step = step(&world, "party-registered", json!({}));
                world.steal("op", "step-approved", approval(&step, "2026-11-09"))
            },
            "approval-needless",
        ),
        row(
            "approving where one person is enough",
            |world| {
                let step = expulsion(world);
                world.say("op", "step-approved", approval(&step, "2026-11-09"))
            },
            "approval-needless",
        ),
        row(
            "approving for a quarter",
            |_| {
                let mut world = pair();
                let step = expulsion(&world);
                world.steal("op", "step-approved", approval(&step, "2027-02-01"))
            },
            "approval-too-long",
        ),
        row(
            "approving for yesterday",
            |_| {
                let mut world = pair();
                let step = expulsion(&world);
                world.steal("op", "step-approved", approval(&step, "2026-11-01"))
            },
            "impossible-dates",
        ),
        row(
            "an authority approves",
            |_| {
                let mut world = pair();
                let step = expulsion(&world);
                world.say("ministry", "step-approved", approval(&step, "2026-11-09"))
            },
            "role-not-entitled",
        ),
    ]
}

fn about_persons() -> Vec<Row> {
    vec![
        row("two persons with one key", |world| world.say("op", "persons-set", json!({"persons": 2})), "too-few-keys"),
        row("one as before", |world| world.say("op", "persons-set", json!({"persons": 1})), "persons-already"),
        row(
            "an authority decides it",
            |world| world.say("ministry", "persons-set", json!({"persons": 2})),
            "role-not-entitled",
        ),
        row(
            "ending one of two keys, though both agree",
            |_| {
                let mut world = pair();
                let step = step(&world, "key-revoked", json!({"party": "op", "kid": kid(1)}));
                approve(&mut world, &step);
                world.take(&step, None)
            },
            "too-few-keys",
        ),
        row(
            "a genesis of two with one key",
            |_| {
                let mut world = World::empty();
                let begun = with(genesis("jp", "jp.registry.example"), json!({"persons": 2}));
                world.say("node", "genesis", begun)
            },
            "unsound-genesis",
        ),
    ]
}

#[test]
fn two_persons_do_together_what_neither_does_alone() {
    let mut world = pair();
    let step = expulsion(&world);
    approve(&mut world, &step);
    // Anything may come between.
    world.must("cb-1", "verdict-granted", with(verdict("V-9"), json!({"validFrom": "2026-11-02"})));
    world.take(&step, None).unwrap();
    assert!(world.register.peer(&"eu".parse().unwrap()).unwrap().expelled.is_some());
    assert_eq!(world.take(&step, None).unwrap_err().code(), "duplicate");
    // What gives nothing away needs nobody, nor does what the body of a verdict does.
    world.must("op", "peer-added", peer("eu", "eu.registry.example"));
    world.must("op", "party-registered", crate::world::party("cb-7", "certification-body", 63));
    world.must_change(json!("annulled"));
}

#[test]
fn approvals_of_either_person_do_not_stand_in_each_others_way() {
    let mut world = pair();
    let step = expulsion(&world);
    world.must("op", "step-approved", approval(&step, "2026-11-09"));
    approve(&mut world, &step);
    world.take(&step, None).unwrap();
}

#[test]
fn a_revoked_key_has_approved_nothing() {
    let mut world = pair();
    let third = step(&world, "key-added", json!({"party": "op", "key": key(64)}));
    approve(&mut world, &third);
    world.take(&third, None).unwrap();
    let expulsion = expulsion(&world);
    approve(&mut world, &expulsion);
    // From now on the third key is the newest; the second approves that the first one ends.
    let end = step(&world, "key-revoked", json!({"party": "op", "kid": kid(1)}));
    let said = world.envelope("op", "step-approved", approval(&end, "2026-11-09"));
    take_with(&mut world, &said, &kid(61));
    world.take(&end, None).unwrap();
    assert_eq!(world.take(&expulsion, None).unwrap_err().code(), "second-person-needed");
}

/// Takes a payload as signed with this key of the operator.
fn take_with(world: &mut World, payload: &Value, kid: &str) {
    let bytes = serde_json::to_vec(payload).unwrap();
    let statement = Statement::parse(&bytes).unwrap();
    let (digest, kid) = (Digest::of(&bytes), kid.parse().unwrap());
    let place = Place { index: world.next, at: world.now, kid, digest, attachment: None };
    for record in decide(&world.register, &statement, &place).unwrap() {
        world.register.insert(record);
    }
    world.next += 1;
}

#[test]
fn one_person_again_after_two_said_so() {
    let mut world = pair();
    assert_eq!(world.register.genesis().unwrap().persons(), Persons::Two);
    let back = step(&world, "persons-set", json!({"persons": 1}));
    approve(&mut world, &back);
    world.take(&back, None).unwrap();
    assert_eq!(world.register.genesis().unwrap().persons(), Persons::One);
    let alone = expulsion(&world);
    world.take(&alone, None).unwrap();
}

#[test]
fn whoever_is_shown_a_step_is_shown_its_approval() {
    let mut world = pair();
    let added = step(&world, "ca-root-added", json!({"root": "MAE="}));
    approve(&mut world, &added);
    let statement = Statement::parse(
        &serde_json::to_vec(&world.envelope("op", "step-approved", approval(&added, "2026-11-09"))).unwrap(),
    )
    .unwrap();
    assert_eq!(audience(&world.register, &statement, world.next), Audience::Foundation);
    let approved = world.next - 1;
    assert!(!of_log_keys(&world.register).contains(&approved), "it waits, and nothing rests on it");
    world.take(&added, None).unwrap();
    let shown = of_log_keys(&world.register);
    assert!(
        shown.contains(&approved) && shown.contains(&(approved - 1)) && shown.contains(&(approved + 1)),
        "{shown:?}"
    );
    assert!(shown.iter().skip(1).all(|index| world.register.rests_on(*index) == Some(Rests::Foundation)));
    // Read from that part alone, it comes to the same; without the approval the step does not count.
    let (whole, without) = (read_part(&world, |_| true), read_part(&world, |index| index != approved));
    assert_eq!(whole.genesis(), world.register.genesis());
    assert_eq!(of_log_keys(&whole), shown);
    assert!(without.genesis().unwrap().ca_roots.is_empty());
}

/// A register of what is shown of the keys of the log, and of which `see` says that it is seen.
fn read_part(world: &World, see: impl Fn(u64) -> bool) -> Register {
    let mut part = Register::part();
    for index in of_log_keys(&world.register).into_iter().filter(|index| see(*index)) {
        let (bytes, at, _) = &world.taken[usize::try_from(index).unwrap()];
        let statement = Statement::parse(bytes).unwrap();
        let kid = if statement.jti.as_str().starts_with(STOLEN) {
            kid(1).parse().unwrap()
        } else {
            signer(&part, &statement)
        };
        let place = Place { index, at: *at, kid, digest: Digest::of(bytes), attachment: None };
        for record in decide(&part, &statement, &place).into_iter().flatten() {
            part.insert(record);
        }
    }
    part
}

#[test]
fn whoever_is_shown_where_a_registry_went_is_shown_that_two_persons_said_so() {
    let mut world = pair();
    for (kind, claim) in [("hosting-consented", other("mm")), ("registry-moved", moved("a.example"))] {
        let said = step(&world, kind, claim);
        approve(&mut world, &said);
        let approved = world.next - 1;
        world.take(&said, None).unwrap();
        assert!(of_log_keys(&world.register).is_superset(&[approved, approved + 1].into()), "{kind}");
    }
    let whole = read_part(&world, |_| true);
    assert_eq!(whole.genesis(), world.register.genesis());
    assert_eq!(whole.genesis().unwrap().moves.len(), 1);
}

#[test]
fn an_annulment_is_shown_with_its_approval_and_goes_with_its_verdict() {
    let mut world = pair();
    let claim = changed(&world, "T-1", json!("annulled"));
    let annulment = step(&world, "verdict-changed", claim);
    approve(&mut world, &annulment);
    let approved = world.next - 1;
    world.take(&annulment, None).unwrap();
    let verdict = world.verdict("T-1");
    assert_eq!(verdict.history.last().unwrap().approved, Some(approved));
    assert!(of_verdict(&world.register, &verdict, world.next).indexes.contains(&approved));
    assert!(!of_verdict(&world.register, &verdict, approved).indexes.contains(&approved));
    let approvals = &world.register.genesis().unwrap().approvals;
    assert!(approvals.iter().all(|one| one.used.is_none()), "a replay finds none, either");
}

#[test]
fn a_log_may_begin_with_two_persons() {
    let mut world = World::empty();
    let mut begun = with(genesis("jp", "jp.registry.example"), json!({"persons": 2}));
    begun["operator"]["keys"] = json!([key(1), key(2)]);
    world.must("node", "genesis", begun);
    let refused = world.say("op", "ca-root-added", json!({"root": "MAE="}));
    assert_eq!(refused.unwrap_err().code(), "second-person-needed");
}
