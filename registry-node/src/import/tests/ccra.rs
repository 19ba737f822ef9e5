//! What becomes abroad of certificates that lists publish: the CCRA as it is shipped as an example, asked about every one.

use std::collections::BTreeMap;
use std::sync::Arc;

use conformity::Digest;
use conformity::arrangement::{Act, Arrangement, ArrangementAct, ArrangementRecord, SignedTerms};
use conformity::recognition::{Foreign, recognise};
use conformity::resting::Resting;
use conformity::time::Moment;
use jiff::Timestamp;

use super::world::{World, fetched, published};
use crate::import::{Mapping, preset};

const CC: &str = "conformity-records/common-criteria/tests/data/cc/dataset/cc_products_active.csv";
const CANADA: &str = "conformity-records/common-criteria/tests/data/cc/dataset/auxiliary_datasets/scheme_dataset.json";
const TOY: &str = "conformity-records/common-criteria/tests/data/cc/dataset/toy_dataset.json";

fn repository(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The shipped terms, signed by all parties.
fn ccra(at: Timestamp) -> Arc<ArrangementRecord> {
    let example: serde_json::Value =
        serde_json::from_slice(&repository("docs/examples/arrangements/ccra.json")).unwrap();
    let terms: Arrangement = serde_json::from_value(example["terms"].clone()).unwrap();
    let digest = terms.digest().unwrap();
    let sign = |(index, registry)| ArrangementAct {
        registry,
        act: Act::Signed { digest },
        moment: Moment { index, at },
        by: "authority".parse().unwrap(),
        statement: Digest::of(&index.to_be_bytes()),
    };
    let parties = terms.parties.iter().map(|party| party.registry.clone());
    let acts = (0..).zip(parties).map(sign).collect();
    Arc::new(ArrangementRecord {
        id: terms.id.clone(),
        terms: vec![SignedTerms { digest, terms: Arc::new(terms) }],
        acts,
    })
}

/// How many certificates of `origin` come out as what in `own`.
fn outcomes(world: &World, (origin, own): (&str, &str)) -> BTreeMap<String, usize> {
    let at: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    let arrangements = [ccra(at)];
    let (origin, own) = (origin.parse().unwrap(), own.parse().unwrap());
    let mut counts = BTreeMap::new();
    for verdict in world.register.verdicts_after(None) {
        let scheme = conformity::Facts::scheme(&world.register, &verdict.terms.scheme);
        let foreign = Foreign {
            verdict,
            origin: &origin,
            own: &own,
            scheme: scheme.as_ref().map(|record| &*record.scheme),
            arrangements: &arrangements,
            disclosed: None,
            resting: Resting::default(),
            at,
        };
        let made = recognise(&foreign);
        let gaps: Vec<&str> = made.gaps.iter().map(|gap| gap.code.as_str()).collect();
        *counts.entry(format!("{} {}", made.outcome, gaps.join("+")).trim().to_owned()).or_default() += 1;
    }
    counts
}

fn words(counts: &BTreeMap<String, usize>) -> String {
    counts.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect::<Vec<_>>().join("; ")
}

/// Counts from the data, whatever they are.
#[test]
fn what_the_ccra_makes_of_certificates_that_were_published() {
    let own = Mapping::parse(std::str::from_utf8(&repository("xtask/demo/certified-products.toml")).unwrap()).unwrap();
    let preset = |name| preset(name).unwrap();
    let rows = [
        (
            Some(repository("xtask/demo/certified-products.csv")),
            own,
            "2026-11-22",
            "2 partial level-capped; 3 recognised; 2 refused level-not-listed; 1 refused verdict-historical; 3 refused verdict-historical+level-capped; 1 refused verdict-historical+level-not-listed",
        ),
        (
            published(CC),
            preset("common-criteria"),
            "2026-11-22",
            "1 refused verdict-historical; 1 refused verdict-historical+level-capped; 1 refused verdict-historical+level-not-listed",
        ),
        (
            published(CANADA),
            preset("common-criteria-canada"),
            "2024-07-19",
            "30 partial level-capped; 25 recognised; 60 refused level-not-listed",
        ),
        (
            published(TOY),
            preset("sec-certs-cc"),
            "2020-11-16",
            "1 refused verdict-historical+level-capped; 2 refused verdict-historical+level-not-listed",
        ),
    ];
    let mut wrong = Vec::new();
    for (file, mapping, retrieved, expected) in rows {
        let Some(file) = file else { continue };
        let mut world = World::new();
        let plan = world.import(&file, &mapping, &fetched(retrieved));
        let told = words(&outcomes(&world, ("us", "jp")));
        if told != expected {
            wrong.push(format!("of {} verdicts: {told}", plan.accounts.counts().verdicts));
        }
        let unrecognised = outcomes(&world, ("gb", "jp"));
        assert!(unrecognised.keys().all(|outcome| outcome.contains("does-not-issue")), "{unrecognised:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
