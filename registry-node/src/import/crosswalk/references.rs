//! The references of an OSCAL catalogue as a crosswalk: NIST's SP 800-171 r3 names for each requirement the controls of SP 800-53 r5 that it
//! was made of, by their addresses (`…/SP_800_53_5_1_1/home?element=AC-02(03)`).
//!
//! NIST says that they are its sources, and not how much of each was taken over; so each of them intersects, and no more.

use conformity::crosswalk::{Collection, Map, Mapping, Relation};
use conformity::ids::RequirementId;

use super::CrosswalkError;
use crate::import::oscal;

pub(super) fn read(bytes: &[u8], mark: &str) -> Result<Collection, CrosswalkError> {
    let catalogue = oscal::read(bytes)?;
    let pairs = catalogue.references.iter().flat_map(|(requirement, addresses)| {
        let elements = addresses.iter().filter_map(|address| element(address, mark));
        elements.map(|element| (requirement.clone(), element))
    });
    let maps = pairs.map(|(source, target)| Map::new(vec![source], vec![target], Relation::IntersectsWith));
    let maps: Vec<Map> = maps.collect::<Result<_, _>>()?;
    if maps.is_empty() {
        return Err(CrosswalkError::NoReference { mark: mark.to_owned() });
    }
    let mapping = Mapping { source: "catalogue".to_owned(), target: mark.to_owned(), maps };
    Ok(Collection { title: catalogue.title, mappings: vec![mapping] })
}

fn element(address: &str, mark: &str) -> Option<RequirementId> {
    let (_, element) = address.contains(mark).then_some(address)?.rsplit_once("element=")?;
    percent_encoding::percent_decode_str(element.split('&').next()?).decode_utf8().ok()?.parse().ok()
}
