//! What the node, and others, may not state of what verdicts rest on and of schemes that are replaced.

use conformity::lapsed::{BasisChange, Consequence, Lapsed};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{accredits, basis_changed, begins, change_of, claim_of, due, grant, lapsing, replace};
use crate::crosswalks::version;
use crate::world::{Row, World, changed, row, scheme, verdict, with};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row(
            "a body says what its verdicts rest on",
            |_| {
                let mut w = withdrawn();
                let claim = claim_of(&w, "L-1");
                w.say("cb-1", "basis-changed", claim)
            },
            "node-only",
        ),
        row("the node begins with none", |_| say(withdrawn(), json!({"verdicts": []})), "empty"),
        row(
            "the node names none and closes nothing",
            |_| say(two_of_three_told(), json!({"verdicts": [], "total": null, "begins": null})),
            "empty",
        ),
        row(
            "the node does not say of how many it will tell",
            |_| say(withdrawn(), json!({"begins": null})),
            "batch-unsound",
        ),
        row(
            "the node begins anew before it is at the end",
            |_| say(two_of_three_told(), json!({"total": null})),
            "batch-unsound",
        ),
        row(
            "the node tells of more than it set out to",
            |_| say(withdrawn(), json!({"begins": begins(&[], 16)})),
            "batch-unsound",
        ),
        row(
            "the node says of a log that is longer what it found in it",
            |_| say(withdrawn(), json!({"begins": begins(&["L-1"], 4_000)})),
            "batch-unsound",
        ),
        row(
            "the node tells of a verdict that changed since it was found",
            |_| {
                let mut w = withdrawn();
                let as_of = w.next;
                change_of(&mut w, json!("suspended"));
                say(w, json!({"begins": begins(&["L-1"], as_of)}))
            },
            "batch-unsound",
        ),
        row(
            "the node begins a batch with a restricted verdict",
            |_| {
                let mut w = lapsing();
                grant(&mut w, "L-9", "restricted");
                accredits(&mut w, json!("withdrawn"));
                let claim = with(claim_of(&w, "L-9"), json!({"begins": begins(&["L-9"], w.next)}));
                w.say("node", "basis-changed", claim)
            },
            "batch-unsound",
        ),
        row(
            "the node names one twice",
            |_| {
                let w = withdrawn();
                let two = begins(&["L-1", "L-2"], w.next);
                say(w, json!({"verdicts": ["L-1", "L-1"], "begins": two}))
            },
            "listed-twice",
        ),
        row(
            "the node says that a verdict ceased whose window is open",
            |_| {
                let w = withdrawn();
                let Some(BasisChange::Lapsed(lapsed)) = due(&w) else { panic!("nothing lapsed") };
                say(w, json!({"change": {"lapsed": Lapsed { consequence: Consequence::Cease, ..lapsed }}}))
            },
            "basis-not-so",
        ),
        row(
            "the node gives a window one day more",
            |_| {
                let w = withdrawn();
                let Some(BasisChange::Lapsed(lapsed)) = due(&w) else { panic!("nothing lapsed") };
                let until = lapsed.window().unwrap() + SignedDuration::from_hours(24);
                say(
                    w,
                    json!({"change": {"lapsed": Lapsed { consequence: Consequence::TransferWindow { until }, ..lapsed }}}),
                )
            },
            "basis-not-so",
        ),
        row(
            "the node says the same twice",
            |_| {
                let mut w = withdrawn();
                let claim = claim_of(&w, "L-1");
                w.must("node", "basis-changed", claim.clone());
                w.say("node", "basis-changed", with(claim, json!({"before": 1, "total": 2})))
            },
            "basis-not-so",
        ),
        row(
            "the node says it of a verdict under another scheme",
            |w| {
                *w = withdrawn();
                let claim = with(claim_of(w, "L-1"), json!({"verdicts": ["V-1"]}));
                w.say("node", "basis-changed", claim)
            },
            "basis-not-so",
        ),
        row(
            "the node says that something holds again which never lapsed",
            |w| {
                let claim = basis_changed("V-1", json!({"holds": {"what": "scheme-replaced", "entry": 13}}), 0);
                w.say("node", "basis-changed", claim)
            },
            "basis-not-so",
        ),
        row(
            "the node tells of a correction that is none",
            |w| {
                let entry = version(w, 1, &["1 superset-of x"]);
                let change = json!({"recounted": {"what": "crosswalk-corrected", "entry": entry}});
                w.say("node", "basis-changed", basis_changed("V-1", change, 0))
            },
            "basis-not-so",
        ),
        row(
            "the node says that there were others before",
            |_| say(withdrawn(), json!({"before": 5, "total": 6})),
            "basis-miscounted",
        ),
        row("the node says that there are more in all", |_| say(withdrawn(), json!({"total": 2})), "basis-miscounted"),
        row(
            "the node does not count a public verdict",
            |_| say(withdrawn(), json!({"before": null, "total": null, "begins": null})),
            "basis-miscounted",
        ),
        row(
            "the node counts a restricted verdict",
            |_| {
                let mut w = lapsing();
                grant(&mut w, "L-9", "restricted");
                accredits(&mut w, json!("withdrawn"));
                let claim = with(claim_of(&w, "L-9"), json!({"before": 0, "begins": begins(&["L-9"], w.next)}));
                w.say("node", "basis-changed", claim)
            },
            "basis-miscounted",
        ),
        row(
            "a body says that a scheme is replaced",
            |w| {
                w.must("ministry", "scheme-published", with(scheme(), json!({"scheme": "stars@2"})));
                w.say("cb-1", "scheme-replaced", json!({"scheme": "stars@1", "by": "stars@2", "until": "2027-03-31"}))
            },
            "role-not-entitled",
        ),
        row(
            "an unknown scheme is replaced",
            |w| {
                w.say(
                    "ministry",
                    "scheme-replaced",
                    json!({"scheme": "moons@1", "by": "stars@1", "until": "2027-03-31"}),
                )
            },
            "unknown-scheme",
        ),
        row(
            "a scheme is replaced by one that is not published",
            |w| {
                w.say(
                    "ministry",
                    "scheme-replaced",
                    json!({"scheme": "stars@1", "by": "stars@2", "until": "2027-03-31"}),
                )
            },
            "unknown-scheme",
        ),
        row(
            "a scheme is replaced by itself",
            |w| {
                w.say(
                    "ministry",
                    "scheme-replaced",
                    json!({"scheme": "stars@1", "by": "stars@1", "until": "2027-03-31"}),
                )
            },
            "replaced-by-itself",
        ),
        row(
            "a scheme is replaced twice",
            |w| {
                *w = lapsing();
                replace(w, "2027-03-31");
                w.say(
                    "ministry",
                    "scheme-replaced",
                    json!({"scheme": "stars@2", "by": "stars@1", "until": "2027-06-30"}),
                )
            },
            "scheme-is-replaced",
        ),
        row(
            "two schemes replace each other",
            |w| {
                *w = lapsing();
                replace(w, "2027-03-31");
                w.say(
                    "ministry",
                    "scheme-replaced",
                    json!({"scheme": "stars@3", "by": "stars@2", "until": "2027-06-30"}),
                )
            },
            "scheme-is-replaced",
        ),
        row(
            "a scheme was replaced in the past",
            |w| {
                w.must("ministry", "scheme-published", with(scheme(), json!({"scheme": "stars@2"})));
                w.say(
                    "ministry",
                    "scheme-replaced",
                    json!({"scheme": "stars@1", "by": "stars@2", "until": "2026-11-01"}),
                )
            },
            "already-over",
        ),
        row(
            "a verdict is granted under a scheme whose transition is over",
            |w| {
                *w = lapsing();
                replace(w, "2027-03-31");
                w.at("2027-04-01T00:00:00Z");
                let late = json!({"scheme": "stars@2", "validFrom": "2027-04-01"});
                w.say("cb-1", "verdict-granted", with(verdict("L-2"), late))
            },
            "scheme-is-replaced",
        ),
        row(
            "a verdict is renewed under a scheme whose transition is over",
            |w| {
                *w = lapsing();
                replace(w, "2027-03-31");
                w.at("2027-04-01T00:00:00Z");
                let claim = changed(w, "L-1", json!({"renewed": {"validUntil": "2029-12-31"}}));
                w.say("cb-1", "verdict-changed", claim)
            },
            "scheme-is-replaced",
        ),
    ]
}

/// The accreditation of cb-1 is withdrawn, and nothing is stated yet.
fn withdrawn() -> World {
    let mut world = lapsing();
    accredits(&mut world, json!("withdrawn"));
    world
}

/// The same, with three verdicts, of two of which the node told.
fn two_of_three_told() -> World {
    let mut world = lapsing();
    for id in ["L-2", "L-3"] {
        grant(&mut world, id, "open");
    }
    accredits(&mut world, json!("withdrawn"));
    let all = begins(&["L-1", "L-2", "L-3"], world.next);
    let claim = with(claim_of(&world, "L-2"), json!({"verdicts": ["L-2", "L-3"], "total": null, "begins": all}));
    world.must("node", "basis-changed", claim);
    world
}

/// The node states what is due of L-1, but for a patch.
fn say(mut world: World, patch: Value) -> Result<Vec<conformity::Record>, conformity::Refusal> {
    let claim = with(claim_of(&world, "L-1"), patch);
    world.say("node", "basis-changed", claim)
}
