//! Catalogues as published, and what the register is told of them.

use std::io;

use conformity::Digest;
use conformity::document::DocumentKind;
use conformity::statement::Claim;

use super::world::{World, published};
use crate::import::{DocumentError, DocumentOrder, Holdings, ImportError, document};

const OSCAL: &str = "catalogues/nist-oscal";

fn order(document: &str) -> DocumentOrder {
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
