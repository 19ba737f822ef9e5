//! Documents that tailor others: what they may say, and how far a verdict under one counts for what it tailors.

use conformity::as_of::AsOf;
use conformity::records::Record;
use conformity::refusal::Refusal;
use conformity::standing::{About, Holding, OwnHolding, Question, Standing, Viewer, standing};
use serde_json::{Value, json};

use crate::world::{Row, World, document, row, scheme, verdict, with};

fn tailoring(document: &str, loosened: u32, left_out: &[&str]) -> Value {
    json!({"document": document, "kept": 90, "tightened": 4, "loosened": loosened, "leftOut": left_out})
}

fn profile(world: &mut World, tailors: Value) -> Result<Vec<Record>, Refusal> {
    world.say("op", "document-published", with(document(), json!({"document": "payment@1", "tailors": tailors})))
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("a profile of itself", |w| profile(w, json!([tailoring("payment@1", 0, &[])])), "tailoring-unsound"),
        row("a profile that names a document twice", |w| profile(w, json!([tailoring("sp800-171@r3", 0, &[]), tailoring("sp800-171@r3", 0, &["3.1.1"])])), "tailoring-unsound"),
        row("a profile of what is not published", |w| profile(w, json!([tailoring("sp800-171@r4", 0, &[])])), "unknown-document"),
    ]
}

/// With a verdict V-8 under a scheme over a profile of SP 800-171.
fn world(tailors: Value) -> World {
    let mut world = World::furnished();
    profile(&mut world, tailors).unwrap();
    let over = json!({"scheme": "payment@1", "documents": ["payment@1"], "levels": null, "surveillance": null});
    world.must("ministry", "scheme-published", with(scheme(), over));
    let designation = json!({"id": "D-8", "accreditationBody": "ab", "schemes": ["payment"], "from": "2026-01-01"});
    world.must("ministry", "designation-made", designation);
    let accredited = crate::world::accreditation("A-8", "cb-1", "certification-body");
    world.must("ab", "accreditation-granted", with(accredited, json!({"scheme": "payment@1"})));
    world.must("cb-1", "verdict-granted", with(verdict("V-8"), json!({"scheme": "payment@1", "level": null})));
    world
}

fn ask(world: &World, about: About) -> Standing {
    let question = Question {
        supplier: "corporate-number:7000012050002".parse().unwrap(),
        country: None,
        about,
        viewpoint: None,
        as_of: AsOf::Present(world.now),
    };
    standing(&world.register, &question, &Viewer::Public)
}

fn under_profile(standing: &Standing) -> (&Holding, &OwnHolding) {
    let mut found = standing.holdings.iter().filter_map(|holding| match holding {
        Holding::Own(own) => Some((holding, own.as_ref())),
        Holding::Foreign(_) => None,
    });
    let found = found.find(|(_, own)| own.verdict.as_str() == "V-8");
    found.expect("the verdict under the profile is told")
}

#[test]
fn a_verdict_under_a_profile_counts_for_what_it_tailors_as_far_as_it_keeps_it() {
    let many: Vec<String> = (1..=20).map(|number| format!("3.1.{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (tailors, counts, words) in [
        (tailoring("sp800-171@r3", 0, &[]), true, "leaves out nothing."),
        (tailoring("sp800-171@r3", 1, &[]), false, "loosens 1, and leaves out nothing."),
        (tailoring("sp800-171@r3", 0, &["3.1.1", "3.1.2"]), false, "leaves out 3.1.1, 3.1.2."),
        (tailoring("sp800-171@r3", 0, &many), false, "3.1.12 and 8 more."),
    ] {
        let world = world(json!([tailors]));
        for about in [
            About::Document("sp800-171@r3".parse().unwrap()),
            About::Scheme("stars".parse().unwrap()),
            About::SchemeVersion("stars@1".parse().unwrap()),
        ] {
            let answer = ask(&world, about);
            let (holding, own) = under_profile(&answer);
            assert_eq!((holding.counts(), own.in_force, own.tailors.len()), (counts, true, 1), "{words}");
            assert!(answer.explanation.as_str().contains(words), "{} lacks {words}", answer.explanation);
            assert!(answer.explanation.as_str().contains("V-8 is under payment@1, a profile of sp800-171@r3"));
        }
    }
}

#[test]
fn asked_about_itself_or_about_everything_it_counts_as_it_stands() {
    let world = world(json!([tailoring("sp800-171@r3", 0, &["3.1.1"])]));
    for about in
        [About::Everything, About::Document("payment@1".parse().unwrap()), About::Scheme("payment".parse().unwrap())]
    {
        let answer = ask(&world, about);
        let (holding, own) = under_profile(&answer);
        assert_eq!((holding.counts(), own.tailors.len()), (true, 0));
    }
}

#[test]
fn a_verdict_on_a_document_is_none_on_its_profiles() {
    let world = world(json!([tailoring("sp800-171@r3", 0, &[])]));
    let answer = ask(&world, About::Document("payment@1".parse().unwrap()));
    assert_eq!(answer.holdings.len(), 1, "V-1 was assessed without what the profile adds");
}
