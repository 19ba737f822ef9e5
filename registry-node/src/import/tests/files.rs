//! Every published list that is at hand, as published.

use std::collections::BTreeSet;

use conformity::identifiers::Identifier;
use conformity::statement::Claim;
use conformity::verdict::StateName;

use super::world::{World, acceptances, check_account, fetched, published, reasons, words};
use crate::import::{Counts, Mapping, Place, preset, register};

const CC: &str = "conformity-records/common-criteria/tests/data/cc/dataset/cc_products_active.csv";
const CANADA: &str = "conformity-records/common-criteria/tests/data/cc/dataset/auxiliary_datasets/scheme_dataset.json";
const TOY: &str = "conformity-records/common-criteria/tests/data/cc/dataset/toy_dataset.json";
const ARCHIVED: &str = "conformity-records/common-criteria/tests/data/cc/analysis/reference_dataset.json";
const CMVP: &str = "conformity-records/fips140/dataset";
const FEDRAMP: &str = "conformity-records/fedramp-marketplace/marketplace-subset.json";
const EUCC: &str = "conformity-records/eucc";
const GLEIF: &str = "conformity-records/gleif/lei-aerospace-defence.csv";

/// Rows, verdicts, history, evidence, suppliers.
fn sums(counts: &Counts) -> [usize; 5] {
    [counts.rows, counts.verdicts, counts.history, counts.evidence, counts.suppliers]
}

/// File, preset, day of retrieval, rows by outcome, refusals by reason.
#[test]
fn every_row_of_every_list_is_accounted_for() {
    let cc = "conformity-records/common-criteria/tests/data";
    let vulnerable = format!("{cc}/cc/analysis/vulnerable_dataset.json");
    let maintenances = format!("{cc}/cc/dataset/auxiliary_datasets/maintenances/maintenance_updates.json");
    let profiles = format!("{cc}/protection_profiles/dataset.json");
    let active = format!("{CMVP}/fips_modules_active.html");
    let historical = format!("{CMVP}/fips_modules_historical.html");
    let revoked = format!("{CMVP}/fips_modules_revoked.html");
    let scraped = format!("{EUCC}/scraped_metadata.json");
    let processed = format!("{EUCC}/processed_other_metadata.json");
    let eucc = format!("{EUCC}/dataset/toy_dataset.json");
    let rows: [(&str, &str, &str, [usize; 5], &str); 16] = [
        (CC, "common-criteria", "2020-11-16", [4, 3, 1, 0, 0], ""),
        (CC, "common-criteria", "2026-11-22", [4, 3, 1, 0, 0], ""),
        // 22 under evaluation; a name of 338 bytes; "NDCPP V2.2E" and "DBMS PP …", which name no known level.
        (
            CANADA,
            "common-criteria-canada",
            "2024-07-19",
            [140, 115, 0, 0, 0],
            "other-fact 22, unacceptable 1, unmapped 2",
        ),
        (TOY, "sec-certs-cc", "2020-11-16", [3, 3, 0, 0, 0], ""),
        (ARCHIVED, "sec-certs-cc", "2022-11-16", [3, 3, 0, 0, 0], ""),
        (&vulnerable, "sec-certs-cc", "2022-11-16", [2, 2, 0, 0, 0], ""),
        (&maintenances, "sec-certs-cc", "2022-11-16", [1, 0, 0, 0, 0], "missing 1"),
        (&profiles, "sec-certs-cc", "2025-01-25", [3, 0, 0, 0, 0], "missing 3"),
        (&active, "cmvp", "2022-10-26", [5, 5, 0, 0, 0], ""),
        (&historical, "cmvp", "2022-10-26", [17, 17, 0, 0, 0], ""),
        (&revoked, "cmvp", "2022-10-26", [0, 0, 0, 0, 0], ""),
        // 44 assessors; 29 in process and 3 ready; one mistyped UEI, and so one authorization without its verdict; four
        // days that are none; four reuses said twice.
        (
            FEDRAMP,
            "fedramp",
            "2025-01-30",
            [1050, 113, 0, 851, 0],
            "no-such-verdict 1, not-a-day 4, not-a-verdict 32, other-fact 44, repeats 4, unacceptable 1",
        ),
        (&scraped, "eucc", "2026-04-27", [1, 1, 0, 0, 0], ""),
        (&processed, "eucc", "2026-04-27", [1, 1, 0, 0, 0], ""),
        (&eucc, "sec-certs-eucc", "2026-04-27", [2, 2, 0, 0, 0], ""),
        (GLEIF, "gleif", "2026-11-22", [1444, 0, 0, 0, 1444], ""),
    ];
    for (path, name, retrieved, outcome, refusals) in rows {
        let Some(file) = published(path) else { continue };
        let plan = World::new().import(&file, &preset(name).unwrap(), &fetched(retrieved));
        let counts = plan.accounts.counts();
        assert_eq!(sums(&counts), outcome, "{path}");
        let reasons =
            reasons(&plan).iter().map(|(code, count)| format!("{code} {count}")).collect::<Vec<_>>().join(", ");
        assert_eq!(reasons, refusals, "{path}");
        assert_eq!(
            (counts.new, counts.evidence, counts.suppliers),
            (outcome[1], acceptances(&plan).len(), plan.suppliers.len())
        );
    }
}

#[test]
fn files_that_are_no_such_list_are_refused_whole() {
    let records = "conformity-records";
    let rows = [
        (
            format!("{records}/common-criteria/tests/data/cc/dataset/cc_products_active.html"),
            "common-criteria",
            "a web page",
        ),
        (format!("{records}/common-criteria/src/sec_certs/data/cert_ids/truth.csv"), "common-criteria", "no column"),
        (format!("{records}/eu-trusted-list/tsl-ee.xml"), "common-criteria", "a web page or XML"),
        (format!("{records}/fips140/dataset/product_page.html"), "cmvp", "no table with id"),
        (GLEIF.to_owned(), "common-criteria", "no column"),
        (FEDRAMP.to_owned(), "common-criteria-canada", "nothing at"),
        (CC.to_owned(), "fedramp", "not UTF-8"),
    ];
    for (path, name, words) in rows {
        let Some(file) = published(&path) else { continue };
        let error =
            register(&*file, &preset(name).unwrap(), &fetched("2026-11-22"), &World::new().register).expect_err(words);
        assert!(error.to_string().contains(words), "{path}: {error}");
    }
}

#[test]
fn a_module_list_that_only_has_numbers_is_22_refusals() {
    let path = format!("{CMVP}/toy_dataset.json");
    let Some(file) = published(&path) else { return };
    let text = crate::import::preset_text("cmvp").unwrap();
    let (before, _) = text.split_once("[verdicts]").unwrap();
    let before = before.replace("format = \"html\"\ntable = \"searchResultsTable\"", "format = \"json\"");
    let mapping = format!(
        "{before}[[section]]\nname = \"modules\"\npointer = \"/certs\"\nbecome = \"verdicts\"\n\n[verdicts]\n\
         identity = [\"/cert_id\"]\nobject = \"product\"\nname = \"/web_data/module_name\"\nscope = []\n\
         viewpoints = [\"people-and-things\"]\nvalid-from = \"/web_data/validation_history\"\n\
         supplier = {{ name = \"/web_data/vendor\" }}\n"
    );
    let mapping = Mapping::parse(&mapping).unwrap();
    let plan = register(&*file, &mapping, &fetched("2022-11-30"), &World::new().register).unwrap();
    check_account(&plan);
    assert_eq!(sums(&plan.accounts.counts()), [22, 0, 0, 0, 0]);
    assert_eq!(reasons(&plan), [("missing", 22)]);
}

#[test]
fn common_criteria_rows_keep_their_level_profile_and_maintenance() {
    let Some(file) = published(CC) else { return };
    let mut world = World::new();
    let plan = world.import(&file, &preset("common-criteria").unwrap(), &fetched("2020-11-16"));
    let verdicts: Vec<_> = world.register.verdicts_after(None).cloned().collect();
    let by_name = |name: &str| verdicts.iter().find(|verdict| verdict.terms.object.name.as_str() == name).unwrap();
    let netiq = by_name("NetIQ Identity Manager 4.7");
    assert_eq!(netiq.terms.level.as_ref().unwrap().as_str(), "EAL3+");
    assert_eq!(netiq.terms.scope.as_str(), "category: Access Control Devices and Systems; assurance: EAL3+,ALC_FLR.2");
    assert_eq!(by_name("Magic SSO V4.0").terms.level.as_ref().unwrap().as_str(), "PP");

    let fortinet = by_name("Fortinet FortiGate w/ FortiOS v5.6.7");
    assert_eq!(fortinet.terms.level.as_ref().unwrap().as_str(), "cPP");
    assert!(fortinet.terms.scope.as_str().ends_with("protection profile: CPP_FW_V2.0E"));
    let told: Vec<_> = fortinet.history.iter().map(|item| (item.what.as_str(), item.effective.to_string())).collect();
    let expected = [
        ("granted", "2019-05-22T00:00:00Z"),
        ("scope-extended", "2019-08-26T00:00:00Z"),
        ("historical", "2024-05-24T00:00:00Z"),
    ];
    assert_eq!(told, expected.map(|(what, effective)| (what, effective.to_owned())));
    assert!(
        fortinet
            .now
            .scope
            .as_str()
            .ends_with("; maintained 2019-08-26: Fortinet FortiGate w/ FortiOS v5.6.7 Build 6022")
    );
    assert!(
        verdicts.iter().all(|verdict| verdict.now.state.name() == StateName::Historical),
        "archived stays archived"
    );
    assert!(verdicts.iter().all(
        |verdict| matches!(&verdict.terms.supplier.id, Identifier::Local(local) if local.list() == "common-criteria")
    ));
    assert_eq!(words(&plan).iter().filter(|word| word.starts_with("granted")).count(), 3);
}

#[test]
fn latin_1_bytes_of_the_portal_survive() {
    let Some(mut file) = published(CC) else { return };
    assert!(std::str::from_utf8(&file).is_err(), "the portal's file is not UTF-8");
    file.extend_from_slice(
        b"\r\n\"Other Devices and Systems\",\"Oc\xe9 DAC \x96 R9\",\"Oc\xe9 N.V.\",\"DE\",\"EAL2+,ALC_FLR.1\",\"\",\"10/26/2006\",\
          \"09/01/2019\",\"\",\"\",\"\",\"\",\"\",\"\"\r\n",
    );
    let mut world = World::new();
    let plan = world.import(&file, &preset("common-criteria").unwrap(), &fetched("2026-11-22"));
    assert_eq!(reasons(&plan), []);
    let found =
        world.register.verdicts_after(None).find(|verdict| verdict.terms.supplier.name.as_str() == "Oc\u{e9} N.V.");
    assert_eq!(found.unwrap().terms.object.name.as_str(), "Oc\u{e9} DAC \u{2013} R9");
}

#[test]
fn the_same_products_in_json_have_the_same_history() {
    let (Some(toy), Some(archived)) = (published(TOY), published(ARCHIVED)) else { return };
    let mut world = World::new();
    world.import(&toy, &preset("sec-certs-cc").unwrap(), &fetched("2020-11-16"));
    world.import(&archived, &preset("sec-certs-cc").unwrap(), &fetched("2022-11-16"));
    let verdicts: Vec<_> = world.register.verdicts_after(None).collect();
    assert_eq!(verdicts.len(), 6);
    let maintained =
        verdicts.iter().filter(|verdict| verdict.now.scope.as_str().contains("; maintained 2019-08-26: ")).count();
    assert_eq!(maintained, 1);
    let oce: Vec<_> = verdicts.iter().filter(|verdict| verdict.terms.supplier.name.as_str() == "Océ N.V.").collect();
    assert_eq!(oce.len(), 3);
    for verdict in &oce {
        assert_eq!(verdict.now.state.name(), StateName::Historical);
        assert_eq!(verdict.now.state.since().to_string(), "2019-09-01T00:00:00Z");
    }
    let suppliers: BTreeSet<_> = oce.iter().map(|verdict| &verdict.terms.supplier.id).collect();
    assert_eq!(suppliers.len(), 3, "one name in three rows is not one supplier");
}

#[test]
fn a_module_moves_from_list_to_list() {
    let path = format!("{CMVP}/fips_modules_active.html");
    let Some(file) = published(&path) else { return };
    let active = String::from_utf8(file).unwrap();
    let list = |status: &str| active.replace(">Active</td>", &format!(">{status}</td>")).into_bytes();
    let mapping = preset("cmvp").unwrap();
    let mut world = World::new();
    for (retrieved, status, said) in [
        ("2022-10-26", "Active", None),
        ("2024-10-26", "Historical", Some("historical")),
        ("2025-10-26", "Revoked", Some("withdrawn")),
    ] {
        let plan = world.import(&list(status), &mapping, &fetched(retrieved));
        if let Some(said) = said {
            assert_eq!(words(&plan), vec![said; 5], "{status}");
        }
    }
    let module = world.verdict("cmvp.3651");
    let told: Vec<_> = module.history.iter().map(|item| (item.what.as_str(), item.effective.to_string())).collect();
    let expected = [
        ("granted", "2020-05-07T00:00:00Z"),
        ("scope-extended", "2022-10-05T00:00:00Z"),
        ("historical", "2024-10-26T00:00:00Z"),
        ("withdrawn", "2025-10-26T00:00:00Z"),
    ];
    assert_eq!(told, expected.map(|(what, effective)| (what, effective.to_owned())));
}

#[test]
fn the_marketplace_recognises_nothing() {
    let Some(file) = published(FEDRAMP) else { return };
    let mut world = World::new();
    let plan = world.import(&file, &preset("fedramp").unwrap(), &fetched("2025-01-30"));
    let other: BTreeSet<_> = words(&plan).into_iter().filter(|word| !word.starts_with("granted fedramp.")).collect();
    let expected = ["document-published", "evidence-accepted", "scheme-published"].map(str::to_owned);
    assert_eq!(other, expected.into(), "a reuse is evidence");
    let reused = |id: &str| world.verdict(id).acceptances().count();
    let lines = String::from_utf8(file).unwrap();
    assert!(
        lines.contains("\" FR1812058188\"") && lines.contains("\"FR1719841002 \""),
        "ids with blanks, as published"
    );
    assert!(reused("fedramp.FR1812058188") > 0 && reused("fedramp.FR1719841002") > 0);

    let cloud = world.verdict("fedramp.F1607067912");
    assert_eq!(cloud.terms.valid_from.to_string(), "2017-02-02");
    assert_eq!(cloud.terms.valid_until, None);
    assert_eq!(cloud.terms.level.as_ref().unwrap().as_str(), "Moderate");
    let adobe: Identifier = "uei:V6QLDTQZ7ZF7".parse().unwrap();
    assert_eq!(conformity::Facts::verdicts_of(&world.register, &adobe).len(), 3, "three products of one UEI");
    let mistyped = plan.accounts.report().find(|refusal| refusal.code == "unacceptable").unwrap();
    assert!(mistyped.why.contains("IDLMCTPLQMR1F5"), "{}", mistyped.why);
}

/// Every authorization and every reuse is a statement or a refusal with its row; none is both, none is lost.
#[test]
fn every_reuse_is_a_statement_or_a_refusal() {
    let Some(file) = published(FEDRAMP) else { return };
    let list: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let mut world = World::new();
    let plan = world.import(&file, &preset("fedramp").unwrap(), &fetched("2025-01-30"));
    let sections = plan.accounts.by_section();
    for (section, pointer, rows, stated) in
        [("reuse", "/data/ReuseMapping", 746, 738), ("authorizations", "/data/AtoMapping", 114, 113)]
    {
        let counts = &sections.iter().find(|one| one.section == section).unwrap().counts;
        assert_eq!((counts.rows, counts.evidence, counts.refused), (rows, stated, rows - stated), "{section}");
        let published = list.pointer(pointer).unwrap().as_array().unwrap();
        assert_eq!(published.len(), rows, "{section}");
        let of = |place: &Place| place.section.as_deref() == Some(section);
        let told: BTreeSet<u64> = plan
            .claims
            .iter()
            .filter(|planned| matches!(planned.claim, Claim::EvidenceAccepted(_)))
            .filter_map(|planned| planned.row.as_ref().filter(|place| of(place)))
            .map(|place| place.row)
            .collect();
        let refused: BTreeSet<u64> =
            plan.accounts.refusals().filter(|(place, _)| of(place)).map(|(place, _)| place.row).collect();
        assert_eq!((told.len(), refused.len()), (stated, rows - stated), "{section}");
        assert!(told.is_disjoint(&refused), "{section}");
        assert_eq!(told.union(&refused).copied().collect::<Vec<_>>(), (1..=rows as u64).collect::<Vec<_>>());
    }
    let reuse = plan.accounts.report().filter(|one| one.place.section.as_deref() == Some("reuse"));
    let why: Vec<(u64, &str)> = reuse.map(|one| (one.place.row, one.code)).collect();
    let days = [42, 252, 605, 728].map(|row| (row, "not-a-day"));
    let said_before = [227, 230, 678, 679].map(|row| (row, "repeats"));
    let expected: BTreeSet<_> = days.into_iter().chain(said_before).collect();
    assert_eq!(BTreeSet::from_iter(why), expected, "each of the eight with its reason");
    assert_eq!(list.pointer("/data/Products").unwrap().as_array().unwrap().len(), 146);

    let ids: BTreeSet<_> = acceptances(&plan).iter().map(|one| &one.acceptance).collect();
    assert_eq!(ids.len(), 851, "an id of its own for each");
    for acceptance in acceptances(&plan) {
        let row: Vec<_> = acceptance.transcribed.row.as_str().split(" row ").collect();
        let [section, number] = row[..] else { panic!("{row:?}") };
        let pointer = if section == "reuse" { "/data/ReuseMapping" } else { "/data/AtoMapping" };
        let published = &list.pointer(pointer).unwrap()[number.parse::<usize>().unwrap() - 1];
        assert_eq!(published["parent"].as_str().unwrap().trim(), acceptance.authority.as_str());
        let id = published["id"].as_str().unwrap().trim();
        assert_eq!(format!("fedramp.{id}"), acceptance.verdict.as_str());
        assert!(published["ato_date"].as_str().unwrap().starts_with(&acceptance.from.to_string()), "{published}");
        assert!(
            world.verdict(acceptance.verdict.as_str()).now.state.name().is_in_force(),
            "it grants and takes nothing"
        );
    }
}

#[test]
fn four_parties_of_a_european_certificate_stay_four() {
    let path = format!("{EUCC}/scraped_metadata.json");
    let Some(file) = published(&path) else { return };
    let mut world = World::new();
    world.import(&file, &preset("eucc").unwrap(), &fetched("2026-04-27"));
    let verdict = world.verdict("eucc.EUCC-3087-2025-12-0001");
    assert_eq!(verdict.terms.supplier.name.as_str(), "Infineon Technologies AG");
    assert_eq!(verdict.terms.valid_from.to_string(), "2025-12-19");
    assert_eq!(verdict.terms.level.as_ref().unwrap().as_str(), "high");
    let conformity::verdict::Provenance::Transcribed(transcription) = &verdict.terms.provenance else {
        panic!("decided")
    };
    assert_eq!(transcription.issued_by.as_ref().unwrap().as_str(), "3087");
    let bsi = "Federal Office for Information Security Bundesamt f\u{fc}r Sicherheit in der Informationstechnik";
    let scope = verdict.terms.scope.as_str();
    for party in [
        format!("certification body: {bsi}"),
        "ITSEF: T\u{dc}V Informationstechnik GmbH".to_owned(),
        format!("NCCA: {bsi}"),
    ] {
        assert!(scope.contains(&party), "{scope} lacks {party}");
    }
    // The same certificate as the other file describes it says nothing new.
    let Some(processed) = published(&format!("{EUCC}/processed_other_metadata.json")) else { return };
    let again = register(&*processed, &preset("eucc").unwrap(), &fetched("2026-05-01"), &world.register).unwrap();
    assert!(again.claims.is_empty());
}

#[test]
fn two_entities_of_one_name_stay_two() {
    let Some(file) = published(GLEIF) else { return };
    let plan = World::new().import(&file, &preset("gleif").unwrap(), &fetched("2026-11-22"));
    assert!(plan.claims.is_empty(), "a reference list is not copied into the log");
    let named = |name: &str| plan.suppliers.iter().filter(|(_, supplier)| supplier.name.as_str() == name).count();
    assert_eq!(named("FRAME S.R.L."), 2);
    assert_eq!(named("S & L TRAVEL PARTNERS, INC."), 1);
    let text = String::from_utf8(file).unwrap();
    let mistyped = text.replacen("04VNNFHPO6602KFJY821", "04VNNFHPO6602KFJY812", 1);
    let plan = World::new().import(mistyped.as_bytes(), &preset("gleif").unwrap(), &fetched("2026-11-22"));
    assert_eq!(reasons(&plan), [("unacceptable", 1)]);
    assert_eq!(plan.suppliers.len(), 1443);
}

#[test]
fn presets_of_one_scheme_describe_the_same_one() {
    let mut schemes = std::collections::BTreeMap::new();
    let mut documents = std::collections::BTreeMap::new();
    for name in crate::import::preset_names() {
        let mapping = preset(name).unwrap();
        if let Some(rules) = &mapping.verdicts {
            let first = schemes.entry(rules.scheme.scheme.clone()).or_insert_with(|| rules.scheme.clone());
            assert_eq!(*first, rules.scheme, "{name}");
        }
        for document in mapping.documents {
            let first = documents.entry(document.document.clone()).or_insert_with(|| document.clone());
            assert_eq!(*first, document, "{name}");
        }
    }
    assert_eq!((schemes.len(), documents.len()), (5, 6));
}
