//! The small set of public facts that this repository ships.

use conformity::document::DocumentKind;
use conformity::verdict::StateName;

use super::world::{World, fetched};
use crate::import::{DocumentOrder, Mapping, document};

fn shipped(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../xtask/demo/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_selection_of_products_imports_whole() {
    let mapping = Mapping::parse(std::str::from_utf8(&shipped("certified-products.toml")).unwrap()).unwrap();
    let mut world = World::new();
    let plan = world.import(&shipped("certified-products.csv"), &mapping, &fetched("2026-11-22"));
    let counts = plan.accounts.counts();
    assert_eq!((counts.rows, counts.verdicts, counts.history, counts.refused), (13, 12, 1, 0));
    let state = |id: &str| world.verdict(&format!("ccra-selection.{id}")).now.state.name();
    assert_eq!(state("ca-fortigate-5.6.7"), StateName::Historical);
    assert_eq!(state("ca-powerscale-onefs-9.5"), StateName::Granted);
    let in_force = world.register.verdicts_after(None).filter(|verdict| verdict.now.state.name().is_in_force()).count();
    assert_eq!(in_force, 7);
}

#[test]
fn it_and_the_list_of_the_portal_share_one_scheme() {
    let mapping = Mapping::parse(std::str::from_utf8(&shipped("certified-products.toml")).unwrap()).unwrap();
    let preset = crate::import::preset("common-criteria").unwrap();
    let scheme = |mapping: &Mapping| mapping.verdicts.as_ref().unwrap().scheme.clone();
    assert_eq!(scheme(&mapping), scheme(&preset));
    assert_eq!(mapping.documents, preset.documents);
}

#[test]
fn the_identifiers_of_sp_800_171_are_counted() {
    let order = DocumentOrder {
        document: "sp800-171@r3".parse().unwrap(),
        owner: "NIST".parse().unwrap(),
        kind: DocumentKind::Requirements,
        source: None,
        title: None,
    };
    let plan = document(&*shipped("sp800-171-r3-identifiers.json"), &order, &World::new().register).unwrap();
    assert_eq!((plan.catalogue.in_force(), plan.catalogue.withdrawn()), (97, 33));
}
