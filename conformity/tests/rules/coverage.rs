//! What follows from crosswalks for a requirement, a row per reason.

use std::collections::BTreeSet;
use std::sync::Arc;

use conformity::catalogue::{Catalogue, Entry, NumberedTwice, Standing};
use conformity::coverage::{
    Counts, Cover, MAX_HOPS, Omission, Omitted, Question, Reach, Requirement, coverage, names_any,
};
use conformity::crosswalk::{Crosswalk, Map, Relation};
use conformity::ids::{CrosswalkRef, DocumentRef, RequirementId};
use conformity::viewpoint::{Viewpoint, Viewpoints};
use proptest::prelude::*;

use crate::crosswalks::crosswalk;

fn entry(number: &str, names: &[&str]) -> Entry {
    let names = names.iter().map(|name| name.parse().unwrap()).collect();
    Entry { number: number.parse().unwrap(), names, viewpoint: None, standing: Standing::InForce }
}

fn withdrawn(number: &str, into: &[&str]) -> Entry {
    let into = into.iter().map(|name| name.parse().unwrap()).collect();
    Entry { standing: Standing::Withdrawn { into }, ..entry(number, &[]) }
}

fn requirement(text: &str) -> Requirement {
    let (document, requirement) = text.split_once('#').expect("document#requirement");
    Requirement { document: document.parse().unwrap(), requirement: requirement.parse().unwrap() }
}

/// `("a@1", "b@1", maps)`.
type Walk<'a> = (&'a str, &'a str, &'a [&'a str]);

struct Case<'a> {
    met: &'a [&'a str],
    walks: &'a [Walk<'a>],
    withdrawn: &'a [(&'a str, &'a str)],
}

/// What is said of requirement `need@1#x`.
fn cover(case: &Case<'_>) -> Cover {
    let walks: Vec<(CrosswalkRef, Arc<Crosswalk>)> = (1..)
        .zip(case.walks)
        .map(|(number, (source, target, maps))| {
            (format!("walk@{number}").parse().unwrap(), Arc::new(crosswalk(source, target, maps).unwrap()))
        })
        .collect();
    let gone = case.withdrawn.iter().map(|(gone, to)| withdrawn(gone, &[to]));
    let entries = gone.chain([entry("x", &[])]).collect();
    let catalogue = ("need@1".parse().unwrap(), Arc::new(Catalogue::new(entries).unwrap()));
    let question = Question {
        document: &"need@1".parse().unwrap(),
        requirements: &["x".parse().unwrap()],
        met: &case.met.iter().map(|text| requirement(text)).collect(),
        crosswalks: &walks,
        catalogues: &[catalogue],
    };
    coverage(&question).remove(0).cover
}

/// In a word: `met`, `covered 2`, `touched 1`, `open`, with the number of steps.
fn word(case: &Case<'_>) -> String {
    match cover(case) {
        Cover::Met => "met".to_owned(),
        Cover::Covered { by } => format!("covered {}", by.len()),
        Cover::Touched { by, .. } => format!("touched {}", by.len()),
        Cover::Open => "open".to_owned(),
    }
}

#[test]
fn one_crosswalk_carries_as_far_as_its_relation_says() {
    for (relation, forwards, backwards) in [
        ("equal-to", "covered 1", "covered 1"),
        ("equivalent-to", "covered 1", "covered 1"),
        ("superset-of", "covered 1", "touched 1"),
        ("subset-of", "touched 1", "covered 1"),
        ("intersects-with", "touched 1", "touched 1"),
        ("no-relationship", "open", "open"),
    ] {
        let (there, back) = (format!("1 {relation} x"), format!("x {relation} 1"));
        let ask = |source, target, map: &str| {
            word(&Case { met: &["have@1#1"], walks: &[(source, target, &[map])], withdrawn: &[] })
        };
        assert_eq!(ask("have@1", "need@1", &there), forwards, "{there}");
        assert_eq!(ask("need@1", "have@1", &back), backwards, "{back}");
    }
}

#[test]
fn chains_carry_only_where_each_of_their_maps_does() {
    for (first, second, expected) in [
        ("1 equal-to m", "m superset-of x", "covered 2"),
        ("1 superset-of m", "m superset-of x", "covered 2"),
        ("1 superset-of m", "m intersects-with x", "touched 1"),
        ("1 intersects-with m", "m superset-of x", "touched 2"),
        ("1 intersects-with m", "m equal-to x", "touched 2"),
        ("1 subset-of m", "m superset-of x", "touched 2"),
        ("1 intersects-with m", "m intersects-with x", "touched 2"),
        ("1 no-relationship m", "m equal-to x", "open"),
        ("1 equal-to m", "m no-relationship x", "open"),
    ] {
        let walks: &[Walk<'_>] = &[("have@1", "mid@1", &[first]), ("mid@1", "need@1", &[second])];
        assert_eq!(word(&Case { met: &["have@1#1"], walks, withdrawn: &[] }), expected, "{first}, {second}");
    }
}

#[test]
fn several_together_cover_only_together() {
    let walks: &[Walk<'_>] = &[("have@1", "need@1", &["1 2 superset-of x"])];
    assert_eq!(word(&Case { met: &["have@1#1", "have@1#2"], walks, withdrawn: &[] }), "covered 1");
    assert_eq!(word(&Case { met: &["have@1#1"], walks, withdrawn: &[] }), "touched 1");
    // Two that cover a part each are not said to cover the whole.
    let walks: &[Walk<'_>] = &[("have@1", "need@1", &["1 subset-of x", "2 subset-of x"])];
    assert_eq!(word(&Case { met: &["have@1#1", "have@1#2"], walks, withdrawn: &[] }), "touched 1");
}

#[test]
fn what_is_met_or_withdrawn_in_the_document_itself() {
    assert_eq!(word(&Case { met: &["need@1#x"], walks: &[], withdrawn: &[] }), "met");
    let withdrawn: &[(&str, &str)] = &[("old", "x")];
    assert_eq!(word(&Case { met: &["need@1#old"], walks: &[], withdrawn }), "touched 1");
    // A crosswalk that still names the withdrawn one leads to what took its place, and no further than to touch it.
    let walks: &[Walk<'_>] = &[("have@1", "need@1", &["1 equal-to old"])];
    assert_eq!(word(&Case { met: &["have@1#1"], walks, withdrawn }), "touched 1");
    let walks: &[Walk<'_>] = &[("have@1", "need@1", &["1 intersects-with old"])];
    assert_eq!(word(&Case { met: &["have@1#1"], walks, withdrawn }), "touched 2");
}

#[test]
fn no_way_enters_a_document_twice_or_is_longer_than_told() {
    // x lies beside y, which is touched: not a reason to call x touched.
    let walks: &[Walk<'_>] =
        &[("have@1", "need@1", &["1 intersects-with y", "2 intersects-with y", "2 intersects-with x"])];
    assert_eq!(word(&Case { met: &["have@1#1"], walks, withdrawn: &[] }), "open");
    let documents: Vec<String> =
        (0..=MAX_HOPS).map(|number| format!("d{number}@1")).chain(["need@1".to_owned()]).collect();
    let walks: Vec<Walk<'_>> = documents
        .windows(2)
        .map(|pair| (pair[0].as_str(), pair[1].as_str(), &["x intersects-with x"] as &[&str]))
        .collect();
    assert_eq!(word(&Case { met: &["d0@1#x"], walks: &walks, withdrawn: &[] }), "open", "{} hops", MAX_HOPS + 1);
    assert_eq!(word(&Case { met: &["d1@1#x"], walks: &walks, withdrawn: &[] }), format!("touched {MAX_HOPS}"));
}

#[test]
fn an_answer_names_each_step_after_those_that_it_needs() {
    let walks: &[Walk<'_>] =
        &[("have@1", "mid@1", &["1 equal-to a", "2 equal-to b"]), ("mid@1", "need@1", &["a b superset-of x"])];
    let Cover::Covered { by } = cover(&Case { met: &["have@1#1", "have@1#2"], walks, withdrawn: &[] }) else {
        panic!("it is covered");
    };
    let mut known: BTreeSet<Requirement> = [requirement("have@1#1"), requirement("have@1#2")].into();
    for step in &by {
        assert!(step.from.iter().all(|from| known.contains(from)), "{step:?}");
        known.extend(step.to.iter().cloned());
    }
    assert!(known.contains(&requirement("need@1#x")) && by.len() == 3, "{by:?}");
    let walks: &[Walk<'_>] = &[("have@1", "need@1", &["1 intersects-with x", "2 subset-of x"])];
    let Cover::Touched { origins, by } = cover(&Case { met: &["have@1#1", "have@1#2"], walks, withdrawn: &[] }) else {
        panic!("it is touched");
    };
    assert_eq!(origins, [requirement("have@1#1"), requirement("have@1#2")], "all of them, to look at");
    assert_eq!((by.len(), by[0].relation), (1, Relation::IntersectsWith));
}

#[test]
fn one_requirement_has_many_names_and_folding_finds_it() {
    for (one, other) in [("AC-2(3)", "ac-2.3"), ("AC-02(03)", "ac-2.3"), ("03.01.10", "3.1.10"), ("A.5.1", "a.5.1")] {
        let (one, other): (RequirementId, RequirementId) = (one.parse().unwrap(), other.parse().unwrap());
        assert_eq!(one.folded(), other.folded());
    }
    for (one, other) in [("3.1.1", "3.1.10"), ("ac-1", "ac-10"), ("ac-0", "ac-"), ("a.5.1", "5.1"), ("x10", "x1")] {
        let (one, other): (RequirementId, RequirementId) = (one.parse().unwrap(), other.parse().unwrap());
        assert_ne!(one.folded(), other.folded());
    }
}

#[test]
fn a_catalogue_knows_its_requirements_by_any_name_that_means_one() {
    let entries = vec![entry("03.01.01", &["SR-03.01.01", "both"]), entry("03.01.02", &["both", "3.1.1"])];
    let catalogue = Catalogue::new(entries).unwrap();
    let number = |name: &str| catalogue.number(&name.parse().unwrap()).map(RequirementId::as_str);
    assert_eq!(number("sr-3.1.1"), Some("03.01.01"));
    assert_eq!(number("3.1.1"), Some("03.01.01"), "a number comes before another's name");
    assert_eq!(number("both"), None, "two go by it");
    let twice = Catalogue::new(vec![entry("AC-2(3)", &[]), entry("ac-2.3", &[])]);
    assert_eq!(twice, Err(NumberedTwice { number: "ac-2.3".parse().unwrap() }));
    let entries = vec![withdrawn("old", &["SR-1", "unknown"]), entry("1", &["sr-1"])];
    let catalogue = Catalogue::new(entries).unwrap();
    assert_eq!(catalogue.in_force().map(RequirementId::as_str).collect::<Vec<_>>(), ["1"]);
    let gone: Vec<_> = catalogue.withdrawn().collect();
    assert_eq!(gone, [(&"old".parse().unwrap(), vec![&"1".parse().unwrap()])]);
}

/// Documents 0, 1, 2 with requirements 0 to 5; the last one is needed.
fn walks() -> impl Strategy<Value = Vec<(usize, usize, Vec<Map>)>> {
    let side = || proptest::collection::vec((0..6_u8).prop_map(|number| number.to_string()), 1..3);
    let map = (side(), side(), 0..6_usize).prop_filter_map("a name twice", |(sources, targets, relation)| {
        let side = |names: Vec<String>| names.iter().map(|name| name.parse().unwrap()).collect();
        Map::new(side(sources), side(targets), Relation::ALL[relation]).ok()
    });
    let pair = prop_oneof![Just((0, 1)), Just((1, 2)), Just((0, 2)), Just((2, 1))];
    proptest::collection::vec((pair, proptest::collection::vec(map, 1..5)), 0..4)
        .prop_map(|walks| walks.into_iter().map(|((from, to), maps)| (from, to, maps)).collect())
}

proptest! {
    /// Requirements as sets of demands: where each relation holds of the sets, whoever meets every demand of what is met meets
    /// every demand of what is called covered.
    #[test]
    fn whatever_is_covered_asks_for_nothing_that_is_not_met(
        walks in walks(), demands in proptest::collection::vec(0..64_u8, 18), met in proptest::collection::vec(any::<bool>(), 6),
    ) {
        let documents: Vec<DocumentRef> = (0..3).map(|number| format!("d{number}@1").parse().unwrap()).collect();
        let of = |document: usize, name: &RequirementId| demands[document * 6 + name.as_str().parse::<usize>().unwrap()];
        let all = |document: usize, side: &[RequirementId]| side.iter().fold(0, |all, name| all | of(document, name));
        let mut sound = Vec::new();
        for (from, to, maps) in walks {
            let holds = |map: &Map| {
                let (source, target) = (all(from, map.sources()), all(to, map.targets()));
                match map.relation() {
                    Relation::EqualTo | Relation::EquivalentTo => source == target,
                    Relation::SubsetOf => source & !target == 0,
                    Relation::SupersetOf => target & !source == 0,
                    Relation::IntersectsWith => source & target != 0,
                    Relation::NoRelationship => source & target == 0,
                }
            };
            let maps = maps.into_iter().filter(holds).collect();
            if let Ok(crosswalk) = Crosswalk::new(documents[from].clone(), documents[to].clone(), maps) {
                sound.push((format!("w@{}", sound.len()).parse().unwrap(), Arc::new(crosswalk)));
            }
        }
        let names: Vec<RequirementId> = (0..6).map(|number| number.to_string().parse().unwrap()).collect();
        let held: Vec<&RequirementId> = names.iter().zip(met).filter_map(|(name, met)| met.then_some(name)).collect();
        let demanded = held.iter().fold(0, |demanded, name| demanded | of(0, name));
        let met = held.iter().map(|name| Requirement { document: documents[0].clone(), requirement: (*name).clone() }).collect();
        let question =
            Question { document: &documents[2], requirements: &names, met: &met, crosswalks: &sound, catalogues: &[] };
        let lines = coverage(&question);
        for line in &lines {
            if let Cover::Met | Cover::Covered { .. } = line.cover {
                prop_assert_eq!(of(2, &line.requirement) & !demanded, 0, "{:?}", line);
            }
        }
        let counts = Counts::of(&lines);
        prop_assert_eq!(counts.covered + counts.touched + counts.open, counts.requirements);
    }
}

/// What of a catalogue with a requirement for each of two viewpoints and one for none counts as met: `met | omitted`.
fn reached(viewpoints: &[Viewpoint], exclusions: &[&str], catalogued: bool) -> String {
    let entry = |number, viewpoint| Entry { viewpoint, ..entry(number, &[]) };
    let catalogue = Catalogue::new(vec![
        Entry { names: vec!["first".parse().unwrap()], ..entry("03.01", Some(Viewpoint::Organization)) },
        entry("03.02", Some(Viewpoint::Process)),
        entry("03.03", None),
    ]);
    let catalogue = catalogue.unwrap();
    let exclusions: Vec<_> = exclusions.iter().map(|text| text.parse().unwrap()).collect();
    let reach = Reach {
        viewpoints: viewpoints.iter().copied().collect(),
        assessed: [Viewpoint::Organization, Viewpoint::Process].into_iter().collect::<Viewpoints>(),
        exclusions: &exclusions,
        documents: None,
    };
    let (here, elsewhere): (DocumentRef, [DocumentRef; 1]) =
        ("here@1".parse().unwrap(), ["elsewhere@1".parse().unwrap()]);
    let counted = reach.count(&here, catalogue.in_force(), catalogued.then_some(&catalogue));
    let apart = Reach { documents: Some(&elsewhere), ..reach }.count(&here, catalogue.in_force(), Some(&catalogue));
    let untold = apart.omitted.iter().filter(|one| one.because == Omission::ExcludedElsewhere).count();
    assert_eq!(
        untold,
        if exclusions.is_empty() { 0 } else { 3 },
        "exclusions of another document leave nothing of this one"
    );
    let omitted = |Omitted { requirement, because }: &Omitted| match because {
        Omission::Viewpoint => format!("{requirement} viewpoint"),
        Omission::Excluded => format!("{requirement} excluded"),
        Omission::ExcludedElsewhere => format!("{requirement} elsewhere"),
    };
    let met: Vec<&str> = counted.met.iter().map(RequirementId::as_str).collect();
    let omitted: Vec<String> = counted.omitted.iter().map(omitted).collect();
    format!("{} | {}", met.join(" "), omitted.join(", "))
}

#[test]
fn an_exclusion_in_words_of_its_own_names_nothing() {
    let gone = withdrawn("A.9.9", &[]);
    let catalogue = Catalogue::new(vec![entry("A.8.1", &["first"]), entry("ORG-2", &[]), gone]).unwrap();
    for (exclusion, names) in [
        ("A.8.1", true),
        ("A.8", true),
        ("A.8.1は対象外", true),
        ("first, and cloud services", true),
        ("the foundry (org-2)", true),
        ("section 8", false),
        ("cloud services", false),
        ("A.9.9", false),
        ("A.8.10", false),
        ("ORG", false),
    ] {
        let text = exclusion.parse().unwrap();
        assert_eq!(names_any(&text, catalogue.in_force(), Some(&catalogue)), names, "{exclusion}");
    }
}

#[test]
fn a_verdict_counts_as_far_as_its_viewpoints_and_exclusions_let_it() {
    use Viewpoint::{Organization, PeopleAndThings, Process};
    let both = [Organization, Process];
    type Case<'a> = (&'a [Viewpoint], &'a [&'a str], bool, &'a str);
    let cases: &[Case<'_>] = &[
        (&both, &[], true, "03.01 03.02 03.03 | "),
        (&[Organization, Process, PeopleAndThings], &[], true, "03.01 03.02 03.03 | "),
        (&[Organization], &[], true, "03.01 | 03.02 viewpoint, 03.03 viewpoint"),
        (&[PeopleAndThings], &[], true, " | 03.01 viewpoint, 03.02 viewpoint, 03.03 viewpoint"),
        // Without a catalogue nobody says which requirement is of which viewpoint.
        (&[Organization], &[], false, " | 03.01 viewpoint, 03.02 viewpoint, 03.03 viewpoint"),
        (&both, &[], false, "03.01 03.02 03.03 | "),
        // An exclusion names a requirement by any of its names, and all that is below what it names, wherever in its words.
        (&both, &["3.2: the foundry"], true, "03.01 03.03 | 03.02 excluded"),
        (&both, &["first"], true, "03.02 03.03 | 03.01 excluded"),
        (&both, &["3.3, 3.2 and more"], true, "03.01 | 03.02 excluded, 03.03 excluded"),
        (&both, &["対象外:3.3、3.2は別"], true, "03.01 | 03.02 excluded, 03.03 excluded"),
        (&both, &["the foundry (3.2), and 3.3."], true, "03.01 | 03.02 excluded, 03.03 excluded"),
        (&both, &["building 3", "03.0", "a warehouse"], true, "03.01 03.02 03.03 | "),
        (&both, &["3.3"], false, "03.01 03.02 | 03.03 excluded"),
        (&both, &["the foundry of 3.2", "倉庫"], true, "03.01 03.03 | 03.02 excluded"),
        (&both, &["倉庫"], true, "03.01 03.02 03.03 | "),
        (&[Process], &["3.2"], true, " | 03.01 viewpoint, 03.02 excluded, 03.03 viewpoint"),
    ];
    for (viewpoints, exclusions, catalogued, expected) in cases {
        assert_eq!(
            reached(viewpoints, exclusions, *catalogued),
            *expected,
            "{viewpoints:?} {exclusions:?} {catalogued}"
        );
    }
}
