//! Whether what is made of a verdict is less than before.
//!
//! What takes away must be told at once, whatever else has to wait; and nobody can take away without end what was not given in between.
//! So an answer is less only where nothing of it grew.

use super::covered;
use super::levels::Order;
use crate::recognised::{Recognition, RecognitionOutcome};
use crate::scheme::Scheme;

/// Whether `after` is less than `before`: refused where something counted, or otherwise of a worse outcome, for fewer viewpoints, at a
/// lower level or with more left out, in the order of `scheme`, and in nothing more than before.
pub fn is_less(after: &Recognition, before: &Recognition, scheme: Option<&Scheme>) -> bool {
    if after.outcome == RecognitionOutcome::Refused {
        return before.outcome != RecognitionOutcome::Refused;
    }
    let (seen, known) = (covered(after), covered(before));
    let (lower, same) = levels(after, before, Order::of(scheme));
    let (more, fewer) = (excludes_beyond(after, before), excludes_beyond(before, after));
    let grew = after.outcome < before.outcome || !seen.difference(known).is_empty() || !(lower || same) || fewer;
    let shrank = after.outcome > before.outcome || seen != known || lower || more;
    shrank && !grew
}

/// Whether the one leaves out what the other does not.
fn excludes_beyond(one: &Recognition, other: &Recognition) -> bool {
    let words = |of: &Recognition| of.exclusions.as_ref().map(|excluded| excluded.words.clone()).unwrap_or_default();
    let known = words(other);
    words(one).iter().any(|word| !known.contains(word))
}

/// Whether the level is lower than before, and whether it is the same.
fn levels(after: &Recognition, before: &Recognition, order: Order<'_>) -> (bool, bool) {
    match (&after.level, &before.level) {
        (None, Some(_)) => (true, false),
        (Some(_), None) => (false, false),
        (Some(after), Some(before)) if after != before => {
            (order.meets(before, after) && !order.meets(after, before), false)
        }
        _ => (false, true),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;

    fn scheme() -> Scheme {
        serde_json::from_value(json!({
            "scheme": "star@1", "title": "Stars", "owner": "Ministry", "fictional": true, "documents": ["d@1"],
            "viewpoints": ["organization", "process"], "objects": ["organization"], "evaluation": "third-party",
            "levels": [{"code": "3", "name": "three"}, {"code": "4", "name": "four", "atLeast": ["3"]}, {"code": "x", "name": "apart"}],
        }))
        .unwrap()
    }

    /// A recognition of this outcome and level, without the viewpoint `process` where a gap says so.
    fn made(outcome: &str, level: Option<&str>, process: bool) -> Recognition {
        let gaps = if process { json!([]) } else { json!([{"code": "process-not-covered", "text": "-"}]) };
        let mut value = json!({
            "verdict": "jp:V-1", "supplier": {"id": "local:list:1", "name": "Works"}, "scheme": "star@1",
            "object": {"kind": "organization", "name": "Works"}, "viewpoints": ["organization", "process"],
            "state": "granted", "outcome": outcome, "gaps": gaps, "explanation": "-",
        });
        if let Some(level) = level {
            value["level"] = Value::from(level);
        }
        serde_json::from_value(value).unwrap()
    }

    /// The same with exclusions.
    fn without(words: &[&str]) -> Recognition {
        let exclusions = serde_json::from_value(json!({"words": words, "documents": []})).unwrap();
        Recognition { exclusions: Some(exclusions), ..made("recognised", Some("4"), true) }
    }

    #[test]
    fn an_answer_is_less_where_something_shrank_and_nothing_grew() {
        let four = || made("recognised", Some("4"), true);
        let rows = [
            ("refused", four(), made("refused", Some("4"), true), true),
            (
                "refused, whatever else is said",
                made("partial", Some("3"), true),
                made("refused", Some("4"), true),
                true,
            ),
            ("refused for another reason", made("refused", None, true), made("refused", Some("4"), true), false),
            ("restored", made("refused", Some("4"), true), four(), false),
            ("in part", four(), made("partial", Some("4"), true), true),
            ("in full again", made("partial", Some("4"), true), four(), false),
            ("as evidence", made("partial", Some("4"), true), made("accepted-as-evidence", Some("4"), true), true),
            ("a viewpoint fewer", made("partial", Some("4"), true), made("partial", Some("4"), false), true),
            ("a viewpoint more", made("partial", Some("4"), false), made("partial", Some("4"), true), false),
            ("a lower level", four(), made("recognised", Some("3"), true), true),
            ("a higher level", made("recognised", Some("3"), true), four(), false),
            ("a level that cannot be compared", four(), made("recognised", Some("x"), true), false),
            ("its level taken off", four(), made("recognised", None, true), true),
            ("a level put on", made("recognised", None, true), four(), false),
            ("lower, but in full", made("partial", Some("4"), true), made("recognised", Some("3"), true), false),
            ("in part, but higher", made("recognised", Some("3"), true), made("partial", Some("4"), true), false),
            ("something left out", four(), without(&["A.8"]), true),
            ("more left out", without(&["A.8"]), without(&["A.7", "A.8"]), true),
            ("other things left out", without(&["A.8"]), without(&["A.7"]), false),
            ("nothing left out any more", without(&["A.8"]), four(), false),
            ("as before", four(), four(), false),
        ];
        for (about, before, after, less) in rows {
            assert_eq!(is_less(&after, &before, Some(&scheme())), less, "{about}");
            assert!(!(less && is_less(&before, &after, Some(&scheme()))), "{about}: not both ways");
        }
    }
}
