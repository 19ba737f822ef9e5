//! Crosswalks as published, what is taken of them, and what they honestly answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use conformity::catalogue::Catalogue;
use conformity::coverage::{Counts, Question, Requirement, coverage};
use conformity::crosswalk::{Crosswalk, Relation};
use conformity::ids::{CrosswalkRef, DocumentRef, RequirementId};
use conformity::statement::Claim;

use super::documents::order as named;
use super::world::{World, published};
use crate::import::{CrosswalkError, CrosswalkOrder, ImportError, Unknown, crosswalk, document, example, requirements};

const CISO: &str = "catalogues/ciso-assistant";

fn order(name: &str, source: &str, target: &str) -> CrosswalkOrder {
    CrosswalkOrder {
        crosswalk: name.parse().unwrap(),
        source: source.parse().unwrap(),
        target: target.parse().unwrap(),
        owner: "NIST".parse().unwrap(),
        issued: "2023-10-12".parse().unwrap(),
        url: None,
        title: None,
        references: None,
        unknown: Unknown::Refuse,
    }
}

#[test]
fn every_crosswalk_is_counted_as_published() {
    // Rows as the collection states them, and what is left when both directions and repetitions are one.
    let rows = [
        ("map-nist-csf-1.1-iso27001-2022.yaml", 180, 180),
        ("map-nist-csf-1.1-nist-csf-2.0.yaml", 185, 185),
        ("mapping-annex-technical-and-methodological-requirements-nis2-and-iso27001-2022.yaml", 1_908, 926),
        ("mapping-cisco-ccf-v3.0-and-iso27001-2022.yaml", 1_384, 683),
        ("mapping-cisco-ccf-v3.0-and-nist-800-171-rev2.yaml", 940, 470),
        ("mapping-iso27001-2013-to-iso27001-2022.yaml", 134, 134),
        ("mapping-nist-csf-2.0-to-iso27001-2022.yaml", 686, 341),
        ("mapping-nist-sp-800-53-rev5-to-iso27001-2022.yaml", 1_284, 642),
    ];
    for (file, total, once) in rows {
        let Some(bytes) = published(&format!("{CISO}/{file}")) else { continue };
        let world = World::new();
        let plan = crosswalk(&*bytes, &order("walk@1", "a@1", "b@1"), &[], &world.register).unwrap();
        assert_eq!((plan.rows, plan.crosswalk.maps().len()), (total, once), "{file}");
        assert_eq!(plan.rows, once + plan.repeated + plan.left_out, "{file}");
        let Claim::CrosswalkPublished(claim) = &plan.claim.as_ref().unwrap().claim else { panic!("{file}") };
        assert_eq!(claim.maps as usize, once);
        let attached = plan.claim.as_ref().unwrap().attachment.as_deref().unwrap();
        assert_eq!(Crosswalk::read(attached).unwrap(), plan.crosswalk, "{file}");
    }
}

#[test]
fn relations_are_those_of_the_file() {
    let Some(bytes) = published(&format!("{CISO}/mapping-iso27001-2013-to-iso27001-2022.yaml")) else { return };
    let plan = crosswalk(&*bytes, &order("walk@1", "a@1", "b@1"), &[], &World::new().register).unwrap();
    let count = |relation| plan.crosswalk.maps().iter().filter(|map| map.relation() == relation).count();
    let relations = [Relation::EqualTo, Relation::SubsetOf, Relation::SupersetOf, Relation::IntersectsWith];
    assert_eq!(relations.map(count), [77, 48, 6, 3]);
}

/// SP 800-171 r3 and its crosswalks to ISO/IEC 27001:2022 by way of SP 800-53 r5.
struct Official {
    catalogue: Arc<Catalogue>,
    crosswalks: Vec<(CrosswalkRef, Arc<Crosswalk>)>,
}

fn official() -> Option<Official> {
    let nist = published("catalogues/nist-oscal/SP800-171/rev3/xml/NIST_SP800-171_rev3_catalog.xml")?;
    let olir = published(&format!("{CISO}/mapping-nist-sp-800-53-rev5-to-iso27001-2022.yaml"))?;
    let register = World::new().register;
    let references = CrosswalkOrder {
        references: Some("SP_800_53_5_1_1".to_owned()),
        ..order("sources@r3", "sp800-171@r3", "sp800-53@r5")
    };
    let catalogue = Arc::new(requirements(&nist).unwrap());
    let of_171 = [(references.source.clone(), Arc::clone(&catalogue))];
    let sources = crosswalk(&*nist, &references, &of_171, &register).unwrap();
    assert_eq!((sources.rows, sources.left_out), (157, 0), "NIST names 157 sources of 97 requirements");
    let olir = crosswalk(&*olir, &order("olir@2023", "sp800-53@r5", "iso27001@2022"), &[], &register).unwrap();
    let named = |name: &str, walk| (name.parse().unwrap(), Arc::new(walk));
    Some(Official {
        catalogue,
        crosswalks: vec![named("sources@r3", sources.crosswalk), named("olir@2023", olir.crosswalk)],
    })
}

#[test]
fn iso_27001_covers_nothing_of_sp_800_171_and_says_where_to_look() {
    let Some(official) = official() else { return };
    let (iso, needed): (DocumentRef, DocumentRef) = ("iso27001@2022".parse().unwrap(), "sp800-171@r3".parse().unwrap());
    let all_of_iso = official.crosswalks[1].1.maps().iter().flat_map(|map| map.targets());
    let met: BTreeSet<_> =
        all_of_iso.map(|requirement| Requirement { document: iso.clone(), requirement: requirement.clone() }).collect();
    let requirements: Vec<_> = official.catalogue.in_force().cloned().collect();
    let lines = coverage(&Question {
        document: &needed,
        requirements: &requirements,
        met: &met,
        crosswalks: &official.crosswalks,
        catalogues: &[(needed.clone(), Arc::clone(&official.catalogue))],
    });
    let counts = Counts::of(&lines);
    assert_eq!((counts.requirements, counts.covered, counts.by_chain), (97, 0, counts.touched));
    assert_eq!((counts.touched, counts.open), (76, 21));
}

#[test]
fn names_that_no_catalogue_has_are_refused_or_left_out() {
    let Some(olir) = published(&format!("{CISO}/mapping-nist-sp-800-53-rev5-to-iso27001-2022.yaml")) else { return };
    let low = "SP800-53/rev5/json/NIST_SP-800-53_rev5_LOW-baseline-resolved-profile_catalog-min.json";
    let Some(low) = published(&format!("catalogues/nist-oscal/{low}")) else { return };
    // The low baseline has 149 of the controls that the crosswalk speaks of.
    let mut order = order("olir@2023", "sp800-53-low@r5", "iso27001@2022");
    let catalogues = [(order.source.clone(), Arc::new(requirements(&low).unwrap()))];
    let register = World::new().register;
    let refused = crosswalk(&*olir, &order, &catalogues, &register).map(|plan| plan.rows).unwrap_err();
    assert!(matches!(refused, CrosswalkError::Unknown { .. }), "{refused}");
    order.unknown = Unknown::LeaveOut;
    let plan = crosswalk(&*olir, &order, &catalogues, &register).unwrap();
    assert!(plan.left_out > 0 && !plan.unknown.is_empty(), "{} {:?}", plan.left_out, plan.unknown);
    assert_eq!(plan.rows, plan.crosswalk.maps().len() + plan.repeated + plan.left_out);
    let known =
        |map: &conformity::crosswalk::Map| map.sources().iter().all(|name| catalogues[0].1.number(name).is_some());
    assert!(plan.crosswalk.maps().iter().all(known), "by the numbers of the catalogue");
}

#[test]
fn each_fault_of_a_file_is_told() {
    let yaml = |relation: &str, target: &str| {
        format!(
            "name: n\nobjects:\n  requirement_mapping_set:\n    source_framework_urn: urn:x:framework:a\n    \
             target_framework_urn: urn:x:framework:b\n    requirement_mappings:\n    - source_requirement_urn: \
             urn:x:req_node:a:1\n      target_requirement_urn: {target}\n      relationship: {relation}\n"
        )
    };
    let fine = yaml("equal", "urn:x:req_node:b:1");
    let rows = [
        (yaml("near", "urn:x:req_node:b:1"), "\"near\" is no relation"),
        (yaml("equal", "urn:x:req_node:c:1"), "not the address of a requirement"),
        (yaml("equal", "urn:x:req_node:b:1 2"), "mapping 1"),
        (format!("{fine}    - *x\n"), "not a crosswalk of CISO Assistant"),
        ("name: n\nobjects: {}\n".to_owned(), "at least one map"),
        ("[".to_owned(), "not a crosswalk of CISO Assistant"),
        ("{\"catalog\": {}}".to_owned(), "not an OSCAL mapping-collection"),
    ];
    let read = |text: &str| crosswalk(text.as_bytes(), &order("walk@1", "a@1", "b@1"), &[], &World::new().register);
    assert!(read(&fine).is_ok());
    for (text, expected) in rows {
        let error = read(&text).map(|plan| plan.rows).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error} lacks {expected}");
    }
}

#[test]
fn a_bomb_of_aliases_is_refused_within_its_budget() {
    let mut bomb = String::from("name: n\nobjects:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("  a{level}: &a{level} [{aliases}]\n"));
    }
    let order = order("walk@1", "a@1", "b@1");
    let error = crosswalk(bomb.as_bytes(), &order, &[], &World::new().register).map(|plan| plan.rows).unwrap_err();
    assert!(matches!(error, CrosswalkError::Yaml { .. }), "{error}");
}

/// The example names no requirement that its targets do not have, and claims of few that they are covered.
#[test]
fn the_example_relates_to_what_there_is() {
    let common = Arc::new(requirements(example("common-requirements").unwrap().as_bytes()).unwrap());
    assert_eq!(common.in_force().count(), 31);
    let nist = "catalogues/nist-oscal";
    let csf = published(&format!("{nist}/CSF/v2.0/xml/NIST_CSF_v2.0_catalog.xml"));
    let of_171 = published(&format!("{nist}/SP800-171/rev3/xml/NIST_SP800-171_rev3_catalog.xml"));
    let rows = [
        ("common-to-nist-csf-2.0", "nist-csf@2.0", csf, 6),
        ("common-to-nist-sp-800-171-r3", "nist-sp-800-171@r3", of_171, 0),
        // ISO's own texts are under its copyright: there is no catalogue to look names up in.
        ("common-to-iso-iec-27001-2022", "iso-iec-27001@2022", Some(Vec::new()), 0),
        ("common-to-iso-iec-27002-2022", "iso-iec-27002@2022", Some(Vec::new()), 0),
        // Of these only a baseline is at hand, which has not all of them.
        ("common-to-nist-sp-800-53-r5", "nist-sp-800-53@r5", Some(Vec::new()), 0),
        ("common-to-nis2-directive", "nis2-directive@2022-2555", published(&format!("{CISO}/nis2-directive.yaml")), 0),
    ];
    for (name, target, file, carried) in rows {
        let Some(file) = file else { continue };
        let order = order("walk@1", "common-requirements@1", target);
        let mut catalogues = vec![(order.source.clone(), Arc::clone(&common))];
        if !file.is_empty() {
            let published = document(&*file, &named(target), &World::new().register).unwrap();
            catalogues.push((order.target.clone(), Arc::new(published.catalogue.requirements)));
        }
        let text = example(name).unwrap();
        let plan = crosswalk(text.as_bytes(), &order, &catalogues, &World::new().register).unwrap();
        assert_eq!(plan.rows, plan.crosswalk.maps().len(), "{name}: each map once");
        let carries = plan.crosswalk.maps().iter().filter(|map| map.relation().carries()).count();
        assert_eq!(carries, carried, "{name}");
    }
    assert!(example("nothing").unwrap_err().to_string().contains("common-to-nist-csf-2.0"));
}

/// Of documents without a catalogue at hand, each name that the example uses is one that others publish.
#[test]
fn the_example_names_what_others_name_too() {
    let folder = "catalogues/nist-oscal/SP800-53/rev5/json";
    let high = published(&format!("{folder}/NIST_SP-800-53_rev5_HIGH-baseline_profile-min.json"));
    let of_53 = published(&format!("{CISO}/mapping-nist-sp-800-53-rev5-to-iso27001-2022.yaml"));
    let to_iso = published(&format!("{CISO}/mapping-nist-csf-2.0-to-iso27001-2022.yaml"));
    let (Some(high), Some(of_53), Some(to_iso)) = (high, of_53, to_iso) else { return };
    let words = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        let names = text.split(|c: char| c.is_whitespace() || ['"', ','].contains(&c));
        names.map(|word| word.rsplit(':').next().unwrap_or(word).to_owned()).collect::<BTreeSet<String>>()
    };
    let controls: BTreeSet<String> = words(&high).into_iter().chain(words(&of_53)).collect();
    let iso: BTreeSet<String> = words(&of_53).into_iter().chain(words(&to_iso)).collect();
    let rows: [(&str, &BTreeSet<String>, &str); 3] = [
        ("common-to-nist-sp-800-53-r5", &controls, ""),
        ("common-to-iso-iec-27001-2022", &iso, ""),
        // Its controls have the numbers of Annex A.
        ("common-to-iso-iec-27002-2022", &iso, "a."),
    ];
    for (name, known, prefix) in rows {
        let order = order("walk@1", "common-requirements@1", "target@1");
        let plan = crosswalk(example(name).unwrap().as_bytes(), &order, &[], &World::new().register).unwrap();
        let named = plan.crosswalk.maps().iter().flat_map(|map| map.targets());
        let unknown: Vec<&str> = named
            .map(RequirementId::as_str)
            .filter(|number| !known.contains(&format!("{prefix}{}", number.to_lowercase())))
            .collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
}

/// The few relations that say more than that something is in common, each as the plain words of both sides carry it.
#[test]
fn what_the_example_says_is_covered_is_written_down() {
    let carried = |name: &str, wanted: Relation| {
        let order = order("walk@1", "common-requirements@1", "target@1");
        let plan = crosswalk(example(name).unwrap().as_bytes(), &order, &[], &World::new().register).unwrap();
        let maps = plan.crosswalk.maps().iter().filter(|map| map.relation() == wanted);
        maps.map(|map| format!("{} {}", map.sources()[0], map.targets()[0])).collect::<BTreeSet<_>>()
    };
    let csf = [
        "PRC-01 ID.AM-01",
        "PRC-01 ID.AM-02",
        "PNT-02 PR.AT-01",
        "PNT-02 PR.AT-02",
        "PRC-11 RS.MA-02",
        "PRC-11 RS.MI-01",
    ];
    assert_eq!(carried("common-to-nist-csf-2.0", Relation::SupersetOf), csf.map(str::to_owned).into());
    let narrower = ["PRC-04 03.05.03".to_owned()].into();
    assert_eq!(carried("common-to-nist-sp-800-171-r3", Relation::SubsetOf), narrower);
}

#[test]
fn a_million_rows_are_refused_before_they_are_read() {
    let row = "{\"relationship\":\"equal-to\",\"sources\":[{\"id-ref\":\"1\"}],\"targets\":[{\"id-ref\":\"2\"}]},";
    let json = format!("{{\"mapping-collection\":{{\"mappings\":[{{\"maps\":[{}]}}]}}}}", row.repeat(1_000_000));
    let yaml = format!(
        "name: n\nobjects:\n  requirement_mapping_set:\n    requirement_mappings:\n{}",
        "    - relationship: equal\n".repeat(1_000_000)
    );
    for text in [json, yaml] {
        let error = crosswalk(text.as_bytes(), &order("walk@1", "a@1", "b@1"), &[], &World::new().register);
        let error = error.map(|plan| plan.rows).unwrap_err();
        assert!(matches!(error, CrosswalkError::Source(ImportError::TooLarge { .. })), "{error}");
    }
}

/// Within the size of a file, but more maps than a crosswalk may have.
#[test]
fn more_maps_than_allowed_are_counted_before_they_are_kept() {
    let row = |number: usize| {
        format!(
            "{{\"relationship\":\"equal-to\",\"sources\":[{{\"id-ref\":\"{number}\"}}],\"targets\":[{{\"id-ref\":\"{number}\"}}]}}"
        )
    };
    let rows: Vec<String> = (0..=conformity::crosswalk::MAX_MAPS).map(row).collect();
    let resource = |name: &str| format!("{{\"type\":\"catalog\",\"href\":\"{name}\"}}");
    let text = format!(
        "{{\"mapping-collection\":{{\"metadata\":{{\"title\":\"t\"}},\"mappings\":[{{\"source-resource\":{},\"target-resource\":{},\"maps\":[{}]}}]}}}}",
        resource("a"),
        resource("b"),
        rows.join(",")
    );
    let error = crosswalk(text.as_bytes(), &order("walk@1", "a@1", "b@1"), &[], &World::new().register);
    let error = error.map(|plan| plan.rows).unwrap_err();
    assert!(error.to_string().contains("may have at most 50000"), "{error}");
}
