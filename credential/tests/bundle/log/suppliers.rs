//! Bundles of the log about suppliers.

use conformity::basis::of_supplier;
use credential::bundle::SupplierBundle;
use credential::bundle::supplier::{Counted, FORMAT, Listed};

use super::*;

impl Log {
    /// A supplier is registered with these identifiers; gives the place.
    pub(crate) fn register_supplier(&mut self, id: &str, identifiers: &[&str]) -> u64 {
        let party = json!({"id": id, "role": "supplier", "name": "Maker", "country": "JP", "identifiers": identifiers});
        self.say("op", "party-registered", json!({"party": party, "keys": [jwk(&self.keys["stranger"])]}))
    }

    /// The bundle that an honest node makes of a registered supplier, or of the one with these identifiers.
    pub(crate) fn supplier_bundle(&self, party: Option<&str>, identifiers: &[&str]) -> SupplierBundle {
        let party = party.map(|id| id.parse().unwrap());
        let indexes = of_supplier(&self.register, party.as_ref(), self.tree.len() - 1).indexes;
        let identifiers = identifiers.iter().map(|text| {
            let label = MapLabel::Supplier(text.parse().unwrap(), "stars@1".parse().unwrap());
            let entries = label.entries(&self.register);
            Counted { identifier: text.parse().unwrap(), entries, map_proof: self.map_proof(&label.to_string()) }
        });
        self.supplier_bundle_of(&indexes.into_iter().collect::<Vec<_>>(), identifiers.collect())
    }

    /// A bundle of these statements, which says this of the supplier, proven as whoever holds the whole log can.
    pub(crate) fn supplier_bundle_of(&self, indexes: &[u64], identifiers: Vec<Counted>) -> SupplierBundle {
        let size = self.tree.len();
        let about: BTreeSet<u64> = identifiers.iter().flat_map(|one| one.entries.clone()).collect();
        let entries = about.iter().map(|&index| Listed {
            index,
            entry: base64_encode(&self.entries[index as usize].encode()),
            statement: self.statements[index as usize].clone(),
        });
        let all: BTreeSet<u64> = indexes.iter().copied().chain(about.iter().copied()).chain([size - 1]).collect();
        let Bundle { origin, checkpoint, last, statements, .. } = self.bundle_of("jp:V-1", indexes);
        let part = self.read(indexes);
        let labels: Vec<String> = of_supplier(&part, None, u64::MAX).labels.iter().map(MapLabel::to_string).collect();
        SupplierBundle {
            format: FORMAT.to_owned(),
            scheme: "stars@1".parse().unwrap(),
            origin,
            checkpoint,
            last,
            statements,
            entries: entries.collect(),
            identifiers,
            proof: self.tree.multi_proof(&all.into_iter().collect::<Vec<_>>(), size).unwrap(),
            public_proof: self.map.public.prove_public(labels.iter().map(String::as_str)).write(),
        }
    }
}
