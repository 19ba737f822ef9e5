//! Crosswalks as the libraries of CISO Assistant hold them (YAML): official ones among them, in both directions, a row for each pair.
//!
//! Only identifiers and relations are read. The texts of requirements, which are their publishers', are never kept.

use conformity::crosswalk::{Collection, Map, Mapping, Relation};
use conformity::ids::RequirementId;
use serde::Deserialize;

use super::{CrosswalkError, RowFault};
use crate::import::yaml;

#[derive(Deserialize)]
struct Library {
    name: String,
    objects: Objects,
}

#[derive(Deserialize)]
struct Objects {
    requirement_mapping_set: Option<Set>,
    #[serde(default)]
    requirement_mapping_sets: Vec<Set>,
}

#[derive(Deserialize)]
struct Set {
    source_framework_urn: String,
    target_framework_urn: String,
    requirement_mappings: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    source_requirement_urn: String,
    target_requirement_urn: String,
    relationship: String,
}

pub(super) fn read(bytes: &[u8]) -> Result<Collection, CrosswalkError> {
    let library: Library = yaml::read(bytes).map_err(|because| CrosswalkError::Yaml { because })?;
    let sets = library.objects.requirement_mapping_set.into_iter().chain(library.objects.requirement_mapping_sets);
    let (mut mappings, mut row) = (Vec::new(), 0);
    for set in sets {
        let mut maps = Vec::with_capacity(set.requirement_mappings.len());
        for mapping in &set.requirement_mappings {
            row += 1;
            maps.push(set.map(mapping).map_err(|because| CrosswalkError::Row { row, because })?);
        }
        mappings.push(Mapping { source: set.source_framework_urn, target: set.target_framework_urn, maps });
    }
    Ok(Collection { title: library.name, mappings })
}

impl Set {
    fn map(&self, row: &Row) -> Result<Map, RowFault> {
        let source = requirement(&self.source_framework_urn, &row.source_requirement_urn)?;
        let target = requirement(&self.target_framework_urn, &row.target_requirement_urn)?;
        Ok(Map::new(vec![source], vec![target], relation(&row.relationship)?)?)
    }
}

fn relation(word: &str) -> Result<Relation, RowFault> {
    match word {
        "equal" => Ok(Relation::EqualTo),
        "subset" => Ok(Relation::SubsetOf),
        "superset" => Ok(Relation::SupersetOf),
        "intersect" => Ok(Relation::IntersectsWith),
        "not_related" => Ok(Relation::NoRelationship),
        _ => Err(RowFault::Relation(word.chars().take(80).collect())),
    }
}

/// `urn:…:framework:<name>` and `urn:…:req_node:<name>:<requirement>`.
fn requirement(framework: &str, address: &str) -> Result<RequirementId, RowFault> {
    let name = framework.rsplit(':').next().unwrap_or_default();
    let number = address.split_once(":req_node:").and_then(|(_, node)| node.strip_prefix(name)?.strip_prefix(':'));
    let number = number.ok_or_else(|| RowFault::Address(address.chars().take(120).collect()))?;
    Ok(number.parse()?)
}
