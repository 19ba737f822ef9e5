//! Every example of Peppol BIS 3 for orders, despatch, catalogues and message level responses.

use std::path::{Path, PathBuf};

use bridges::ubl::Ubl;
use bridges::{Bridge, Document, Kind, Role};

use crate::common::parties;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "xml") {
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> Document {
    let input = std::fs::read(path).unwrap();
    let reading = Ubl.read(&input).unwrap_or_else(|refusal| panic!("{}: {refusal}", path.display()));
    reading.documents.into_iter().next().unwrap()
}

/// By the beginning of the file's name: what the document is.
const KINDS: [(&str, Kind); 17] = [
    ("CatalogueResponse", Kind::Acknowledgement),
    ("Catalogue", Kind::Catalogue),
    ("MessageLevelResponse", Kind::Acknowledgement),
    ("DespatchAdvice", Kind::DespatchAdvice),
    ("OrderAgreement", Kind::OrderResponse),
    ("OrderCancellation", Kind::OrderCancellation),
    ("OrderChange", Kind::OrderChange),
    ("OrderResponse", Kind::OrderResponse),
    ("Order", Kind::Order),
    ("UC1_Order_response", Kind::OrderResponse),
    ("UC2_Order_response", Kind::OrderResponse),
    ("UC3_Order_response", Kind::OrderResponse),
    ("UC4_Order_response", Kind::OrderResponse),
    ("UC5_Order_response", Kind::OrderResponse),
    ("UC", Kind::Order),
    ("snippet-advanced", Kind::Order),
    ("snippet", Kind::Order),
];

#[test]
fn every_example_is_read_with_its_parties() {
    let Some(folder) = test_data::vectors("edi/peppol-bis3") else { return };
    let files = files(&folder);
    assert_eq!(files.len(), 42);
    for file in files {
        let document = read(&file);
        let name = file.file_name().unwrap().to_str().unwrap();
        let (_, kind) = KINDS.iter().find(|(beginning, _)| name.starts_with(beginning)).unwrap();
        assert_eq!(document.kind, *kind, "{name}");
        assert!(document.reference.is_some(), "{name}");
        assert!(document.parties.len() >= 2, "{name}: {:?}", document.parties);
        if *kind == Kind::Order {
            let sold = document.parties.iter().find(|party| party.role == Role::Seller).unwrap();
            assert!(!sold.identifiers.is_empty(), "{name}");
            assert!(!document.envelope.sender.id.is_empty(), "{name}");
        }
    }
}

#[test]
fn suppliers_are_found_in_an_order_and_what_it_names_beside() {
    let Some(folder) = test_data::vectors("edi/peppol-bis3/examples/Order_Example.xml") else { return };
    let order = read(&folder);
    assert_eq!(order.reference.as_deref(), Some("34"));
    let parties = parties(&order);
    assert!(parties.iter().any(|party| party.starts_with("SellerSupplierParty ")), "{parties:?}");
    assert!(parties.iter().any(|party| party.contains("[0082] 13691234")), "{parties:?}");
    assert!(parties.iter().any(|party| party.contains("gln:7300010000001")), "{parties:?}");
}
