//! Catalogues as published, and what the register is told of them.

use std::io;

use conformity::Digest;
use conformity::document::DocumentKind;
use conformity::ids::RequirementId;
use conformity::statement::Claim;

use super::world::{World, published};
use crate::import::{DocumentError, DocumentOrder, FrameworkError, Holdings, ImportError, document};

const OSCAL: &str = "catalogues/nist-oscal";

pub(super) fn order(document: &str) -> DocumentOrder {
    DocumentOrder {
        document: document.parse().unwrap(),
        owner: "NIST".parse().unwrap(),
        kind: DocumentKind::Requirements,
        source: Some("https://csrc.nist.gov/".parse().unwrap()),
        title: None,
    }
}

#[test]
fn every_catalogue_is_counted_as_published() {
    let rows = [
        // 97 requirements and 33 withdrawn ones; the 97 headings above the former are none.
        ("SP800-171/rev3/xml/NIST_SP800-171_rev3_catalog.xml", 97, 33, 97),
        // 22 categories and 185 subcategories speak; 12 categories of version 1.1 only head what was moved. NIST's file
        // does not mark these subcategories as withdrawn, so neither do we.
        ("CSF/v2.0/xml/NIST_CSF_v2.0_catalog.xml", 207, 0, 12),
        ("SP800-53/rev5/json/NIST_SP-800-53_rev5_LOW-baseline-resolved-profile_catalog-min.json", 149, 0, 0),
        ("examples/catalog/json/basic-catalog.json", 4, 0, 0),
    ];
    for (path, in_force, withdrawn, headings) in rows {
        let Some(file) = published(&format!("{OSCAL}/{path}")) else { continue };
        let mut world = World::new();
        let plan = document(&*file, &order("doc@1"), &world.register).unwrap();
        let counted = (plan.catalogue.in_force(), plan.catalogue.withdrawn(), plan.catalogue.headings);
        assert_eq!(counted, (in_force, withdrawn, headings), "{path}");
        let planned = plan.claim.unwrap();
        assert_eq!(planned.attachment.as_deref(), Some(&*file), "byte for byte");
        let Claim::DocumentPublished(claim) = &planned.claim else { panic!("{:?}", planned.claim) };
        assert_eq!(claim.requirements, Some(in_force as u32));
        assert_eq!(claim.attachment, Some(Digest::of(&file)));
        world.submit(std::slice::from_ref(&planned));
        let again = document(&*file, &order("doc@1"), &world.register).unwrap();
        assert!(again.claim.is_none(), "a second import changes nothing");
    }
}

#[test]
fn withdrawn_requirements_say_where_they_went() {
    let path = format!("{OSCAL}/SP800-171/rev3/xml/NIST_SP800-171_rev3_catalog.xml");
    let Some(file) = published(&path) else { return };
    let plan = document(&*file, &order("sp800-171@r3"), &World::new().register).unwrap();
    let withdrawn = plan.catalogue.requirements.withdrawn();
    let (named, unnamed): (Vec<_>, Vec<_>) = withdrawn.partition(|(_, into)| !into.is_empty());
    // NIST names no successor for 03.05.06, 03.05.08, 03.05.09, 03.07.01, 03.13.02 and 03.13.14.
    assert_eq!((named.len(), unnamed.len()), (27, 6));
    assert_eq!(
        plan.catalogue.title,
        "Protecting Controlled Unclassified Information in Nonfederal Systems and Organizations"
    );
}

#[test]
fn other_oscal_models_are_refused_by_name() {
    let rows = [
        ("SP800-53/rev5/json/NIST_SP-800-53_rev5_HIGH-baseline_profile-min.json", "profile"),
        ("SP800-53/rev5/json/NIST_SP-800-53_rev5_MODERATE-baseline_profile-min.json", "profile"),
        ("SP800-53/rev5/json/NIST_SP-800-53_rev5_LOW-baseline_profile-min.json", "profile"),
        ("examples/ap/json/ifa_assessment-plan-example.json", "assessment-plan"),
        ("examples/ar/json/ifa_assessment-results-example.json", "assessment-results"),
        ("examples/poam/json/ifa_plan-of-action-and-milestones.json", "plan-of-action-and-milestones"),
    ];
    for (path, model) in rows {
        let Some(file) = published(&format!("{OSCAL}/{path}")) else { continue };
        let error = document(&*file, &order("doc@1"), &World::new().register).unwrap_err().to_string();
        assert!(error.contains(&format!("an OSCAL {model},")), "{error}");
    }
}

#[test]
fn a_published_version_never_changes() {
    let catalogue = |title: &str| {
        format!(
            r#"{{"catalog":{{"metadata":{{"title":"{title}","last-modified":"x","version":"1","oscal-version":"1"}},
            "controls":[{{"id":"a","title":"A"}}]}}}}"#
        )
    };
    let mut world = World::new();
    let first = document(catalogue("One").as_bytes(), &order("doc@1"), &world.register).unwrap();
    world.submit(&[first.claim.unwrap()]);
    let error = document(catalogue("Two").as_bytes(), &order("doc@1"), &world.register).unwrap_err();
    assert!(matches!(error, DocumentError::Source(ImportError::HeldVersion { .. })), "{error}");
    assert!(document(catalogue("Two").as_bytes(), &order("doc@2"), &world.register).unwrap().claim.is_some());
    let untitled = document(catalogue(&"x".repeat(300)).as_bytes(), &order("doc@3"), &world.register).unwrap_err();
    assert!(matches!(untitled, DocumentError::Title(_)), "{untitled}");
    let named = DocumentOrder { title: Some("Short".parse().unwrap()), ..order("doc@3") };
    assert!(document(catalogue(&"x".repeat(300)).as_bytes(), &named, &world.register).is_ok());
    assert!(Holdings::document(&world.register, &"doc@1".parse().unwrap()).is_some());
}

#[test]
fn a_catalogue_larger_than_an_attachment_is_refused() {
    let error = document(io::repeat(b' '), &order("doc@1"), &World::new().register).unwrap_err();
    assert!(matches!(error, DocumentError::Source(ImportError::TooLarge { limit: 16_777_216 })), "{error}");
}

const CISO: &str = "catalogues/ciso-assistant";

#[test]
fn every_framework_becomes_an_outline_without_a_sentence_of_it() {
    let rows = [
        ("cmmc-2.0.yaml", 110, "AC.L1-3.1.1", "Limit information system access"),
        ("nis2-directive.yaml", 13, "21.2.d", "supply chain security"),
        ("nist-800-171-rev2.yaml", 110, "3.14.7", "Limit system access"),
        ("nist-csf-1.1.yaml", 108, "ID.AM-1", "Physical devices"),
    ];
    for (file, requirements, one, words) in rows {
        let Some(bytes) = published(&format!("{CISO}/{file}")) else { continue };
        assert!(String::from_utf8_lossy(&bytes).contains(words), "{file}: else this shows nothing");
        let mut world = World::new();
        let plan = document(&*bytes, &order("doc@1"), &world.register).unwrap();
        assert_eq!((plan.catalogue.in_force(), plan.catalogue.withdrawn()), (requirements, 0), "{file}");
        let one: RequirementId = one.parse().unwrap();
        assert_eq!(plan.catalogue.requirements.number(&one), Some(&one), "{file}");
        let planned = plan.claim.unwrap();
        let outline = String::from_utf8(planned.attachment.clone().unwrap()).unwrap();
        assert!(!outline.contains(words), "{file}: the texts are not ours to publish");
        world.submit(&[planned]);
        assert!(document(&*bytes, &order("doc@1"), &world.register).unwrap().claim.is_none(), "the same bytes again");
        assert!(document(outline.as_bytes(), &order("doc@1"), &world.register).unwrap().claim.is_none());
    }
}

/// What crosswalks of the same collection call them, the outlines have.
#[test]
fn crosswalks_find_their_requirements_in_the_outlines() {
    for (framework, walk) in [
        ("nist-800-171-rev2.yaml", "mapping-cisco-ccf-v3.0-and-nist-800-171-rev2.yaml"),
        ("nist-csf-1.1.yaml", "map-nist-csf-1.1-nist-csf-2.0.yaml"),
    ] {
        let (Some(framework), Some(walk)) =
            (published(&format!("{CISO}/{framework}")), published(&format!("{CISO}/{walk}")))
        else {
            continue;
        };
        let plan = document(&*framework, &order("doc@1"), &World::new().register).unwrap();
        let text = String::from_utf8(walk).unwrap();
        let marks = [":req_node:nist-800-171-rev2:", ":req_node:nist-csf-1.1:"];
        let names = text.lines().filter_map(|line| marks.iter().find_map(|mark| line.split_once(*mark)));
        let names: Vec<RequirementId> = names.map(|(_, name)| name.trim().parse().unwrap()).collect();
        assert!(names.len() > 100, "{}", names.len());
        // The functions and categories of CSF 1.1 only head what can be assessed, and have no digits.
        let mut lost = names.iter().filter(|name| plan.catalogue.requirements.number(name).is_none());
        let bad = lost.find(|name| name.as_str().contains(|character: char| character.is_ascii_digit()));
        assert_eq!(bad, None);
    }
}

#[test]
fn each_fault_of_a_framework_is_told() {
    let library = |nodes: &str| {
        format!(
            "name: n\nversion: 1\npublication_date: 2026-01-01\nobjects:\n  framework:\n    urn: u\n    requirement_nodes:\n{nodes}"
        )
    };
    let node = |urn: &str, rest: &str| format!("    - urn: {urn}\n      assessable: true\n{rest}");
    let fine = library(&node("a:1", "      ref_id: '1'\n"));
    assert!(document(fine.as_bytes(), &order("doc@1"), &World::new().register).is_ok());
    let rows = [
        ("no list at all".to_owned(), "neither an OSCAL catalogue"),
        ("name: n\nversion: 1\npublication_date: 2026-01-01\nobjects: {}\n".to_owned(), "holds no framework"),
        (library(&[node("a:1", ""), node("a:1", "")].concat()), "occurs twice"),
        (library(&node("a:1", "      parent_urn: a:1\n")), "does not come before it"),
        (library(&[node("a:1", "      parent_urn: a:2\n"), node("a:2", "")].concat()), "does not come before it"),
        (library(&node("a:1", "      ref_id: '1 2'\n")), "cannot be used"),
        (library(&[node("a:1", ""), node("b:1", "")].concat()), "occurs twice"),
        (library("    - urn: a:1\n      assessable: false\n"), "names no requirement"),
    ];
    for (text, expected) in rows {
        let error = document(text.as_bytes(), &order("doc@1"), &World::new().register).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} lacks {expected}");
    }
    let nodes: String = (0..=50_000).map(|number| node(&format!("a:{number}"), "")).collect();
    let error = document(library(&nodes).as_bytes(), &order("doc@1"), &World::new().register).unwrap_err();
    let bounded = matches!(error, DocumentError::Framework(FrameworkError::TooManyNodes | FrameworkError::Yaml { .. }));
    assert!(bounded, "{error}");
}
