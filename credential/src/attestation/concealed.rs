//! Which parts of a credential are disclosed one by one.
//!
//! Everything that [`super::Detail`] holds, each part within the part in which it stands: the list of results, and each
//! result in it. Padding hides how many there are in an object ([`PAD_TO`]); how many results a list has is hidden as
//! long as the list itself is.

use serde_json::{Map, Value};

use super::LISTS;
use crate::sd_jwt::Pointer;

/// To a multiple of this each list of concealed members is filled up.
pub const PAD_TO: u8 = 4;

/// The places in a payload that [`super::write`] made which its holder may show or not. `open`: the reach is for everyone.
pub fn concealed(payload: &Map<String, Value>, open: bool) -> Vec<Pointer> {
    let mut places = Vec::new();
    if !open {
        reach(payload, &mut places);
    }
    let assessments = payload.get("credentialSubject").and_then(|subject| subject.get("conformityAssessment"));
    for (index, assessment) in assessments.and_then(Value::as_array).into_iter().flatten().enumerate() {
        for name in LISTS {
            if let Some(items) = assessment.get(name).and_then(Value::as_array) {
                let list = format!("/credentialSubject/conformityAssessment/{index}/{name}");
                places.extend((0..items.len()).map(|item| format!("{list}/{item}")));
                places.push(list);
            }
        }
    }
    places.iter().filter_map(|place| place.parse().ok()).collect()
}

fn reach(payload: &Map<String, Value>, places: &mut Vec<String>) {
    if let Some(reach) = payload.get("verdict").and_then(|verdict| verdict.get("reach")).and_then(Value::as_object) {
        places.extend(reach.keys().map(|name| format!("/verdict/reach/{name}")));
        places.push("/verdict/reach".to_owned());
    }
}
