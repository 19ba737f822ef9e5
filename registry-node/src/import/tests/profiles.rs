//! Profiles: what they do to what they tailor, what follows for who meets them, and what they may not do.

use std::collections::BTreeSet;
use std::sync::Arc;

use conformity::coverage::{Counts, Cover, Question, Requirement, coverage};
use conformity::crosswalk::{Crosswalk, Relation};
use conformity::document::{DocumentKind, Tailoring};
use conformity::ids::{CrosswalkRef, DocumentRef, RequirementId};
use conformity::statement::Claim;
use serde_json::{Value, json};

use super::world::{World, published};
use crate::import::{Catalogue, DocumentOrder, Profile, ProfileError, ProfilePlan, catalogue, example, requirements};

fn order(document: &str) -> DocumentOrder {
    DocumentOrder {
        document: document.parse().unwrap(),
        owner: "Nobody".parse().unwrap(),
        kind: DocumentKind::Requirements,
        source: None,
        title: None,
    }
}

/// Four requirements, one of them withdrawn, and two parameters, one of them set.
fn base() -> Value {
    let control = |id: &str, params: Value| {
        let statement = json!([{"name": "statement", "prose": "Do it."}]);
        json!({"id": id, "title": id, "props": [{"name": "label", "value": id.to_uppercase()}], "params": params, "parts": statement})
    };
    let mut gone = control("a-4", json!([]));
    gone["props"] = json!([{"name": "status", "value": "withdrawn"}]);
    let params = json!([{"id": "often", "label": "how often"}, {"id": "long", "values": ["a year"]}]);
    let controls = json!([control("a-1", params), control("a-2", json!([])), control("a-3", json!([])), gone]);
    json!({"catalog": {
        "metadata": {"title": "Base", "last-modified": "2026-01-01T00:00:00Z", "version": "1", "oscal-version": "1.2.0"},
        "groups": [{"id": "process", "controls": controls}],
    }})
}

fn bases() -> Vec<(DocumentRef, Catalogue)> {
    let other =
        base().to_string().replace("a-", "b-").replace("A-", "B-").replace("often", "seldom").replace("long", "short");
    let read = |text: &str| catalogue(text.as_bytes()).unwrap();
    vec![("base@1".parse().unwrap(), read(&base().to_string())), ("other@1".parse().unwrap(), read(&other))]
}

/// A profile of `base@1` with these members of the import, of `modify`, and reasons.
fn profile(import: Value, modify: Value, reasons: &[&str]) -> Value {
    let mut whole = json!({"href": "/v1/documents/base@1"});
    whole.as_object_mut().unwrap().extend(import.as_object().unwrap().clone());
    let reason = |of: &&str| json!({"name": "reason", "ns": "urn:secure-trust-registry:ns:oscal", "value": of, "remarks": "so it is"});
    let props: Vec<_> = reasons.iter().map(reason).collect();
    json!({"profile": {
        "metadata": {"title": "P", "last-modified": "2026-11-01T00:00:00Z", "version": "1", "oscal-version": "1.2.0", "props": props},
        "imports": [whole], "modify": modify,
    }})
}

fn plan(profile: &Value) -> Result<ProfilePlan, ProfileError> {
    Profile::read(profile.to_string().as_bytes(), None)?.plan(&order("p@1"), &bases(), &World::new().register)
}

fn walk(plan: &ProfilePlan, position: usize) -> Crosswalk {
    let planned = plan.crosswalks[position].1.as_ref().unwrap();
    Crosswalk::read(planned.attachment.as_deref().unwrap()).unwrap()
}

fn add(name: &str) -> Value {
    json!([{"parts": [{"name": name, "prose": "Do more."}]}])
}

#[test]
fn each_thing_that_a_profile_does_has_its_relation() {
    let remove = json!([{"by-name": "statement"}]);
    let alter =
        |adds: Value, removes: Value| json!({"alters": [{"control-id": "a-1", "adds": adds, "removes": removes}]});
    let rows = [
        ("nothing", json!({}), Relation::EqualTo),
        ("a statement is added", alter(add("statement"), json!([])), Relation::SupersetOf),
        ("guidance is added", alter(add("guidance"), json!([])), Relation::EqualTo),
        ("a property is added", alter(json!([{"props": [{"name": "x", "value": "y"}]}]), json!([])), Relation::EqualTo),
        ("a parameter is added", alter(json!([{"params": [{"id": "x"}]}]), json!([])), Relation::SupersetOf),
        ("something is removed", alter(json!([]), remove.clone()), Relation::SubsetOf),
        ("one is added, another removed", alter(add("item"), remove), Relation::IntersectsWith),
        ("an open parameter is set", json!({"set-parameters": [{"param-id": "often"}]}), Relation::SupersetOf),
        ("a parameter is set otherwise", json!({"set-parameters": [{"param-id": "long"}]}), Relation::IntersectsWith),
    ];
    for (what, modify, relation) in rows {
        let plan = plan(&profile(json!({}), modify, &[])).unwrap();
        let walk = walk(&plan, 0);
        let relations: Vec<_> = walk.maps().iter().map(|map| (map.sources()[0].as_str(), map.relation())).collect();
        assert_eq!(relations, [("A-1", relation), ("A-2", Relation::EqualTo), ("A-3", Relation::EqualTo)], "{what}");
        let Tailoring { kept, tightened, loosened, .. } = &plan.tailors[0];
        let expected = match relation {
            Relation::EqualTo => (3, 0, 0),
            Relation::SupersetOf => (2, 1, 0),
            _ => (2, 0, 1),
        };
        assert_eq!((*kept, *tightened, *loosened), expected, "{what}");
    }
}

#[test]
fn what_is_left_out_and_changed_is_told_with_its_reason() {
    let modify = json!({"alters": [{"control-id": "A-2", "adds": add("statement")}]});
    let out = json!({"include-all": {}, "exclude-controls": [{"with-ids": ["a-3"]}]});
    let plan = plan(&profile(out, modify, &["A-3"])).unwrap();
    assert_eq!(plan.tailors[0].left_out, ["A-3".parse::<RequirementId>().unwrap()]);
    assert_eq!(plan.without_reason, ["A-2".parse::<RequirementId>().unwrap()], "nobody says why A-2 asks for more");
    let planned = plan.document.claim.unwrap();
    let Claim::DocumentPublished(document) = &planned.claim else { panic!("{:?}", planned.claim) };
    assert_eq!((document.requirements, &document.tailors), (Some(2), &plan.tailors));
    let written: Value = serde_json::from_slice(planned.attachment.as_deref().unwrap()).unwrap();
    let gone = &written["catalog"]["metadata"]["props"][0];
    assert_eq!(
        (&gone["name"], &gone["value"], &gone["remarks"]),
        (&json!("left-out"), &json!("A-3"), &json!("so it is"))
    );
    let changed = &written["catalog"]["groups"][0]["controls"][1];
    assert_eq!(
        (&changed["props"][1]["value"], &changed["parts"][0]["prose"]),
        (&json!("tightened"), &json!("Do more."))
    );
    assert_eq!(written["catalog"]["groups"][0]["id"], "process", "from where it is assessed");
    assert!(!written.to_string().contains("Do it."), "the texts stay with what is tailored");
}

#[test]
fn a_profile_of_two_documents_has_a_crosswalk_to_each() {
    let mut both = profile(json!({"include-controls": [{"with-ids": ["a-1"]}]}), json!({}), &[]);
    both["profile"]["imports"]
        .as_array_mut()
        .unwrap()
        .push(json!({"href": "/v1/documents/other@1", "include-all": {}}));
    let plan = plan(&both).unwrap();
    let names: Vec<_> = plan.crosswalks.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["p-1-to-base-1@1", "p-1-to-other-1@1"]);
    assert_eq!((walk(&plan, 0).maps().len(), walk(&plan, 1).maps().len()), (1, 3));
    assert_eq!((plan.tailors[0].left_out.len(), plan.tailors[1].left_out.len()), (2, 0));
    assert_eq!(plan.document.catalogue.in_force(), 4);
}

#[test]
fn what_a_profile_may_not_do_is_told() {
    let include = |ids: Value| profile(json!({"include-controls": [{"with-ids": ids}]}), json!({}), &[]);
    let exclude = |ids: Value| profile(json!({"exclude-controls": [{"with-ids": ids}]}), json!({}), &[]);
    let alter = |ids: &[&str]| {
        let alters: Vec<_> = ids.iter().map(|id| json!({"control-id": id})).collect();
        profile(json!({"include-controls": [{"with-ids": ["a-1", "a-2"]}]}), json!({"alters": alters}), &[])
    };
    let set = |ids: &[&str]| {
        let set: Vec<_> = ids.iter().map(|id| json!({"param-id": id})).collect();
        profile(json!({}), json!({"set-parameters": set}), &[])
    };
    let to = |href: &str| {
        let mut profile = profile(json!({}), json!({}), &[]);
        profile["profile"]["imports"][0]["href"] = json!(href);
        profile
    };
    let imports = |hrefs: Vec<String>| {
        let mut profile = profile(json!({}), json!({}), &[]);
        profile["profile"]["imports"] = hrefs.iter().map(|href| json!({"href": href})).collect();
        profile
    };
    let rows = [
        (include(json!(["a-9"])), "base@1 has no requirement a-9 in force"),
        (include(json!(["a-4"])), "base@1 has no requirement a-4 in force"),
        (include(json!(["a 1"])), "is no name of a requirement"),
        (include(json!([])), "keeps nothing of base@1"),
        (exclude(json!(["a-9"])), "base@1 has no requirement a-9 in force"),
        (exclude(json!(["a-1", "A-1"])), "leaves out A-1, which it does not select"),
        (exclude(json!(["a-1", "a-2", "a-3"])), "keeps nothing of base@1"),
        (alter(&["a-3"]), "alters a-3, which it does not select"),
        (alter(&["a-1", "A-1"]), "alters A-1 twice"),
        (set(&["never"]), "has the parameter \"never\""),
        (set(&["seldom"]), "has the parameter \"seldom\""),
        (set(&["often", "often"]), "sets the parameter \"often\" twice"),
        (include(json!(["a-8", "a-9"])), "base@1 has no requirement a-8, a-9 in force"),
        (profile(json!({}), json!({}), &["a-1"]), "gives a reason for a-1, which it neither leaves out nor changes"),
        (to("/v1/documents/p@1"), "imports p@1, which is to be made of it"),
        (to("/v1/documents/missing@1"), "missing@1 is not published here with a catalogue"),
        (to("https://elsewhere.example/catalog.json"), "say which document that is"),
        (imports(vec!["/v1/documents/base@1".to_owned(); 2]), "imports base@1 twice"),
        (imports(Vec::new()), "imports nothing"),
        (imports((0..17).map(|number| format!("/v1/documents/d{number}@1")).collect()), "17 imports; at most 16"),
        (include(json!(vec!["a-1"; 50_001])), "50001 names; at most 50000"),
        (json!({"catalog": {}}), "not an OSCAL profile"),
    ];
    for (profile, expected) in rows {
        let error = plan(&profile).map(|plan| plan.tailors).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error} lacks {expected}");
    }
    let mut undated = profile(json!({}), json!({}), &[]);
    undated["profile"]["metadata"]["last-modified"] = json!("yesterday");
    assert!(matches!(plan(&undated), Err(ProfileError::Day(_))));
    let same = [("base@1".parse().unwrap(), bases().remove(0).1), ("other@1".parse().unwrap(), bases().remove(0).1)];
    let both = imports(vec!["/v1/documents/base@1".to_owned(), "/v1/documents/other@1".to_owned()]);
    let read = Profile::read(both.to_string().as_bytes(), None).unwrap();
    let error = read.plan(&order("p@1"), &same, &World::new().register).map(|plan| plan.tailors).unwrap_err();
    assert!(matches!(error, ProfileError::OneNumber { .. }), "{error}");
}

/// Two controls, one of them with two parts, of which the second has one of its own.
fn nested() -> Vec<(DocumentRef, Catalogue)> {
    let control = |id: &str, controls: Value| json!({"id": id, "title": id, "parts": [{"name": "statement", "prose": "Do it."}], "controls": controls});
    let deep = control("a-1.2", json!([control("a-1.2.1", json!([]))]));
    let first = control("a-1", json!([control("a-1.1", json!([])), deep]));
    let catalog = json!({"catalog": {
        "metadata": {"title": "Base", "last-modified": "2026-01-01T00:00:00Z", "version": "1", "oscal-version": "1.2.0"},
        "controls": [first, control("b-1", json!([]))],
    }});
    vec![("base@1".parse().unwrap(), catalogue(catalog.to_string().as_bytes()).unwrap())]
}

#[test]
fn what_stands_within_a_control_comes_along_and_patterns_choose() {
    let yes = |ids: Value| json!([{"with-child-controls": "yes", "with-ids": ids}]);
    let matching = |pattern: &str| json!([{"matching": [{"pattern": pattern}]}]);
    let rows: Vec<(Value, &[&str])> = vec![
        (json!({"include-controls": [{"with-ids": ["a-1"]}]}), &["a-1"]),
        (json!({"include-controls": yes(json!(["a-1"]))}), &["a-1", "a-1.1", "a-1.2", "a-1.2.1"]),
        (json!({"include-controls": yes(json!(["a-1.2"]))}), &["a-1.2", "a-1.2.1"]),
        (json!({"include-controls": matching("a-1.?")}), &["a-1.1", "a-1.2"]),
        (json!({"include-controls": matching("*-1")}), &["a-1", "b-1"]),
        (json!({"include-all": {}, "exclude-controls": yes(json!(["a-1.2"]))}), &["a-1", "a-1.1", "b-1"]),
        (json!({"include-all": {}, "exclude-controls": matching("a*")}), &["b-1"]),
        (json!({"include-controls": matching("a-1*"), "exclude-controls": matching("*.1")}), &["a-1", "a-1.2"]),
    ];
    for (import, expected) in rows {
        let text = profile(import.clone(), json!({}), &[]).to_string();
        let read = Profile::read(text.as_bytes(), None).unwrap();
        let plan = read.plan(&order("p@1"), &nested(), &World::new().register).unwrap();
        let taken: Vec<&str> = plan.document.catalogue.requirements.in_force().map(RequirementId::as_str).collect();
        assert_eq!(taken, expected, "{import}");
    }
}

#[test]
fn a_profile_in_yaml_is_the_same_profile() {
    let yaml = "profile:\n  metadata: {title: P, last-modified: '2026-11-01T00:00:00Z', version: '1'}\n  imports:\n    \
                - href: /v1/documents/base@1\n      include-controls:\n        - with-ids: [a-1, a-2]\n  modify:\n    \
                alters:\n      - control-id: a-1\n        adds:\n          - parts: [{name: statement, prose: Do more.}]\n";
    let read = Profile::read(yaml.as_bytes(), None).unwrap();
    let yaml = read.plan(&order("p@1"), &bases(), &World::new().register).unwrap();
    let alters = json!({"alters": [{"control-id": "a-1", "adds": add("statement")}]});
    let json = plan(&profile(json!({"include-controls": [{"with-ids": ["a-1", "a-2"]}]}), alters, &[])).unwrap();
    assert_eq!(yaml.tailors, json.tailors);
    assert_eq!(yaml.document.catalogue.requirements, json.document.catalogue.requirements);
    for bytes in [&b"profile: ["[..], b"profile: 1", b"\xff", b"a: &a [*a, *a]"] {
        assert!(matches!(Profile::read(bytes, None), Err(ProfileError::Yaml { .. })), "{bytes:?}");
    }
}

#[test]
fn a_selection_that_is_not_read_or_chooses_nothing_is_told() {
    let rows = [
        (
            profile(json!({"include-controls": [{"matching": [{"pattern": "z-*"}]}]}), json!({}), &[]),
            "no requirement of base@1 in force fits the pattern \"z-*\"",
        ),
        (
            profile(json!({"include-controls": [{"matching": [{"pattern": "a".repeat(81)}]}]}), json!({}), &[]),
            "which is not read",
        ),
        (
            profile(
                json!({"include-controls": [{"with-child-controls": "some", "with-ids": ["a-1"]}]}),
                json!({}),
                &[],
            ),
            "with-child-controls: some, which is not read",
        ),
    ];
    for (profile, expected) in rows {
        let error = plan(&profile).map(|plan| plan.tailors).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error} lacks {expected}");
    }
}

/// NIST's own profiles, as far as they go without the words of SP 800-53, of which only the LOW baseline is at hand: over a
/// catalogue of the names that the HIGH one selects, each selects what NIST says that it does.
#[test]
fn the_baselines_of_nist_resolve_over_one_catalogue() {
    let folder = "catalogues/nist-oscal/SP800-53/rev5/json";
    let file = |level: &str| published(&format!("{folder}/NIST_SP-800-53_rev5_{level}-baseline_profile-min.json"));
    let (Some(low), Some(moderate), Some(high)) = (file("LOW"), file("MODERATE"), file("HIGH")) else { return };
    let selected: Value = serde_json::from_slice(&high).unwrap();
    let ids = selected["profile"]["imports"][0]["include-controls"][0]["with-ids"].as_array().unwrap().clone();
    let controls: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "title": id, "parts": [{"name": "statement", "prose": "Do it."}]}))
        .collect();
    let whole = json!({"catalog": {
        "metadata": {"title": "Names", "last-modified": "2026-01-01T00:00:00Z", "version": "5", "oscal-version": "1.1.2"},
        "controls": controls,
    }});
    let document: DocumentRef = "nist-sp-800-53@r5".parse().unwrap();
    let catalogues = [(document.clone(), catalogue(whole.to_string().as_bytes()).unwrap())];
    for (profile, kept) in [(low, 149), (moderate, 287), (high, 370)] {
        let read = Profile::read(&*profile, Some(&document)).unwrap();
        let plan = read.plan(&order("baseline@r5"), &catalogues, &World::new().register).unwrap();
        assert_eq!((plan.tailors[0].kept as usize, plan.tailors[0].left_out.len()), (kept, 370 - kept));
    }
}

/// NIST's own baseline: its profile of SP 800-53, resolved against the catalogue that NIST made of the same profile.
#[test]
fn a_baseline_resolves_to_what_its_publisher_made_of_it() {
    let folder = "catalogues/nist-oscal/SP800-53/rev5/json";
    let file = |level: &str| published(&format!("{folder}/NIST_SP-800-53_rev5_{level}-baseline_profile-min.json"));
    let low = published(&format!("{folder}/NIST_SP-800-53_rev5_LOW-baseline-resolved-profile_catalog-min.json"));
    let (Some(low), Some(profile), Some(moderate)) = (low, file("LOW"), file("MODERATE")) else { return };
    let controls: DocumentRef = "nist-sp-800-53@r5".parse().unwrap();
    let catalogues = [(controls.clone(), catalogue(&low).unwrap())];
    let resolve = |profile: &[u8]| {
        Profile::read(profile, Some(&controls))?.plan(&order("low@r5"), &catalogues, &World::new().register)
    };
    let plan = resolve(&profile).unwrap();
    assert_eq!((plan.tailors[0].kept, plan.tailors[0].left_out.len()), (149, 0));
    assert_eq!(plan.document.catalogue.in_force(), 149);
    let beyond = resolve(&moderate).map(|plan| plan.tailors).unwrap_err();
    let ProfileError::NotThere { missing, .. } = &beyond else { panic!("{beyond}") };
    assert_eq!(missing.len(), 287 - 149, "each that the catalogue of LOW has not");
    assert!(
        beyond.to_string().ends_with("import the whole catalogue, not one resolved for another baseline"),
        "{beyond}"
    );
}

/// What comes with the program: each sector keeps the common requirements but for one, and says why.
#[test]
fn the_sectors_tailor_the_common_requirements_and_say_why() {
    let common: DocumentRef = "common-requirements@1".parse().unwrap();
    let read = |name: &str| catalogue(example(name).unwrap().as_bytes()).unwrap();
    for (sector, tightened, left_out, added) in [("payment", 4, "PNT-07", 3), ("manufacturing", 3, "PRC-13", 3)] {
        let (document, additions) = (format!("{sector}-profile@1"), format!("{sector}-additions@1"));
        let catalogues = [
            (common.clone(), read("common-requirements")),
            (additions.parse().unwrap(), read(&format!("{sector}-additions"))),
        ];
        let text = example(&format!("{sector}-profile")).unwrap();
        let profile = Profile::read(text.as_bytes(), None).unwrap();
        let plan = profile.plan(&order(&document), &catalogues, &World::new().register).unwrap();
        assert_eq!(plan.without_reason, [], "{sector}");
        let Tailoring { kept, loosened, left_out: gone, .. } = &plan.tailors[0];
        assert_eq!((*kept as usize, plan.tailors[0].tightened, *loosened), (30 - tightened, tightened as u32, 0));
        assert_eq!(gone.iter().map(RequirementId::as_str).collect::<Vec<_>>(), [left_out]);
        assert_eq!((plan.tailors[1].kept, plan.document.catalogue.in_force()), (added, 33));
        let title = &plan.document.catalogue.title;
        assert!(title.contains("an example for operators") && title.contains('['), "{title}");
        verdict_counts(&document.parse().unwrap(), &common, &plan, left_out);
    }
}

/// Whoever meets the sector's document meets the common one but for what is left out; whoever meets the common one only does not meet
/// what the sector added or tightened.
fn verdict_counts(document: &DocumentRef, common: &DocumentRef, plan: &ProfilePlan, left_out: &str) {
    let all = Arc::new(requirements(example("common-requirements").unwrap().as_bytes()).unwrap());
    let sector = Arc::new(plan.document.catalogue.requirements.clone());
    let name = |position: usize| -> CrosswalkRef { plan.crosswalks[position].0.clone() };
    let crosswalks = [(name(0), Arc::new(walk(plan, 0))), (name(1), Arc::new(walk(plan, 1)))];
    let catalogues = [(common.clone(), Arc::clone(&all)), (document.clone(), Arc::clone(&sector))];
    let numbers = |of: &conformity::catalogue::Catalogue| of.in_force().cloned().collect::<Vec<_>>();
    let ask = |needed: &DocumentRef, requirements: &[RequirementId], have: &DocumentRef, met: &[RequirementId]| {
        let met = met.iter().map(|number| Requirement { document: have.clone(), requirement: number.clone() });
        let met: BTreeSet<_> = met.collect();
        coverage(&Question {
            document: needed,
            requirements,
            met: &met,
            crosswalks: &crosswalks,
            catalogues: &catalogues,
        })
    };
    let lines = ask(common, &numbers(&all), document, &numbers(&sector));
    let counts = Counts::of(&lines);
    assert_eq!((counts.requirements, counts.covered, counts.touched, counts.open), (31, 30, 0, 1));
    let open = lines.iter().find(|line| line.cover == Cover::Open).unwrap();
    assert_eq!(open.requirement.as_str(), left_out);
    let back = Counts::of(&ask(document, &numbers(&sector), common, &numbers(&all)));
    assert_eq!((back.covered, back.touched), (plan.tailors[0].kept as usize, plan.tailors[0].tightened as usize));
    assert_eq!(back.open, plan.tailors[1].kept as usize, "what the sector added");
}

#[test]
fn a_second_import_changes_nothing_and_another_under_the_name_is_refused() {
    let mut world = World::new();
    let base = json!({"document": "base@1", "title": "Base", "owner": "Nobody", "kind": "requirements"});
    let base = Claim::DocumentPublished(Arc::new(serde_json::from_value(base).unwrap()));
    world.say("op", "base", base).unwrap();
    let read = |profile: &Value| Profile::read(profile.to_string().as_bytes(), None).unwrap();
    let fine = profile(json!({}), json!({}), &[]);
    let first = read(&fine).plan(&order("p@1"), &bases(), &world.register).unwrap();
    world.submit(&[first.document.claim.unwrap()]);
    let again = read(&fine).plan(&order("p@1"), &bases(), &world.register).unwrap();
    assert!(again.document.claim.is_none());
    let other = profile(json!({"exclude-controls": [{"with-ids": ["a-1"]}]}), json!({}), &[]);
    let error = read(&other).plan(&order("p@1"), &bases(), &world.register).map(|plan| plan.tailors).unwrap_err();
    assert!(matches!(error, ProfileError::Document(_)), "{error}");
}
