//! Every published list that is at hand, as published.

use super::world::{World, fetched, published, reasons};
use crate::import::{Occasion, preset, register};

const CC: &str = "conformity-records/common-criteria/tests/data/cc";

#[test]
fn every_row_of_every_list_is_accounted_for() {
    let cc = |file: &str| format!("{CC}/{file}");
    let record = |file: &str| format!("conformity-records/{file}");
    let rows = [
        (cc("dataset/cc_products_active.csv"), "common-criteria", "2020-11-16"),
        (cc("dataset/cc_products_active.csv"), "common-criteria", "2026-11-22"),
        (cc("dataset/auxiliary_datasets/scheme_dataset.json"), "common-criteria-canada", "2024-07-19"),
        (cc("dataset/toy_dataset.json"), "sec-certs-cc", "2020-11-16"),
        (cc("analysis/reference_dataset.json"), "sec-certs-cc", "2022-11-16"),
        (cc("analysis/vulnerable_dataset.json"), "sec-certs-cc", "2022-11-16"),
        (cc("dataset/auxiliary_datasets/maintenances/maintenance_updates.json"), "sec-certs-cc", "2022-11-16"),
        (record("common-criteria/tests/data/protection_profiles/dataset.json"), "sec-certs-cc", "2025-01-25"),
        (record("fips140/dataset/fips_modules_active.html"), "cmvp", "2022-10-26"),
        (record("fips140/dataset/fips_modules_historical.html"), "cmvp", "2022-10-26"),
        (record("fips140/dataset/fips_modules_revoked.html"), "cmvp", "2022-10-26"),
        (record("fedramp-marketplace/marketplace-subset.json"), "fedramp", "2025-01-30"),
        (record("eucc/scraped_metadata.json"), "eucc", "2026-04-27"),
        (record("eucc/processed_other_metadata.json"), "eucc", "2026-04-27"),
        (record("eucc/dataset/toy_dataset.json"), "sec-certs-eucc", "2026-04-27"),
        (record("gleif/lei-aerospace-defence.csv"), "gleif", "2026-11-22"),
    ];
    for (path, name, retrieved) in rows {
        let Some(file) = published(&path) else { continue };
        let mapping = preset(name).unwrap();
        let occasion = fetched(retrieved);
        let mut world = World::new();
        match register(&*file, &mapping, &occasion, &world.register) {
            Ok(plan) => println!("{path} {name} {:?} {:?}", plan.accounts.counts(), reasons(&plan)),
            Err(e) => println!("{path} {name} ERR {e}"),
        }
        let plan = world.import(&file, &mapping, &occasion);
        for r in plan.accounts.report().take(12) { println!("   {} {} {}", r.place, r.code, r.why); }
        println!("   {} claims, evidence {}, suppliers {}", plan.claims.len(), plan.evidence.len(), plan.suppliers.len());
    }
}
