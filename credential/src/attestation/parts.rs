//! Which part of a verdict each place is of that a credential keeps back: what consents name, found in the payload.

use conformity::consent::{Part, Parts};
use serde_json::{Map, Value};

use super::write::LEVEL;
use crate::sd_jwt::{Disclosed, Pointer, Presentation};

/// Shows these parts of a credential, each with what it stands in, and nothing else of what it keeps back.
pub fn present_parts(credential: &Disclosed, parts: Parts) -> Presentation {
    credential.present(|place| part_of(credential.payload(), place).is_some_and(|part| parts.contains(part)))
}

/// Of which part the place is; nothing for a list, or the reach, in which several parts may stand. Whoever shows a part shows
/// what it stands in with it.
pub fn part_of(payload: &Map<String, Value>, place: &Pointer) -> Option<Part> {
    let steps: Vec<&str> = place.as_str().split('/').skip(1).collect();
    match *steps.as_slice() {
        ["verdict", "reach", "level"] => Some(Part::Level),
        ["verdict", "reach", "sites" | "exclusions"] => Some(Part::Scope),
        ["credentialSubject", "conformityAssessment", assessment, list, item] => {
            in_assessment(payload, [assessment, list, item])
        }
        _ => None,
    }
}

fn in_assessment(payload: &Map<String, Value>, [assessment, list, item]: [&str; 3]) -> Option<Part> {
    match list {
        "assessedPerformance" => {
            let assessments = payload.get("credentialSubject")?.get("conformityAssessment")?;
            let performance = assessments.pointer(&format!("/{assessment}/{list}/{item}"))?;
            let level = performance.pointer("/metric/name").and_then(Value::as_str) == Some(LEVEL);
            Some(if level { Part::Level } else { Part::Results })
        }
        "findings" => Some(Part::Findings),
        "evidence" => Some(Part::Evidence),
        _ => None,
    }
}
