//! Whether what is made of a verdict is less than before.
//!
//! What takes away must be told at once, whatever else has to wait. So an answer is less only where something of it shrank, or may have
//! where the two cannot be compared, and nothing of it grew.

use std::cmp::Ordering;

use super::covered;
use super::levels::Order;
use crate::recognised::{Counterpart, Recognition, RecognitionOutcome};
use crate::scheme::Scheme;
use crate::verdict::{Conditions, SelfEvaluation};

/// Whether `after` is less than `before`: refused where something counted, or otherwise of a worse outcome, for fewer viewpoints, at a
/// lower level in the order of `scheme`, with another gap, with more left out, for a shorter time, on conditions, looked at longer ago, with fewer behind it or as something else
/// here; and in nothing more than before.
pub fn is_less(after: &Recognition, before: &Recognition, scheme: Option<&Scheme>) -> bool {
    if after.outcome == RecognitionOutcome::Refused {
        return before.outcome != RecognitionOutcome::Refused;
    }
    let order = Order::of(scheme);
    let until = |of: &Recognition| of.window.map(|window| window.until);
    let parts = [
        before.outcome.cmp(&after.outcome),
        viewpoints(after, before),
        gaps(after, before),
        levels(after, before, order),
        exclusions(after, before),
        before.excludes.cmp(&after.excludes),
        ends(after.valid_until, before.valid_until),
        ends(until(after), until(before)),
        after.surveilled.cmp(&before.surveilled),
        conditions(after.conditions.as_ref(), before.conditions.as_ref()),
        behind(after.self_declared).cmp(&behind(before.self_declared)),
        counterparts(after, before, order),
    ];
    parts.contains(&Ordering::Less) && !parts.contains(&Ordering::Greater)
}

/// Greater where anything came, less where something went.
fn of_sets(came: bool, went: bool) -> Ordering {
    match (came, went) {
        (true, _) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => Ordering::Equal,
    }
}

fn viewpoints(after: &Recognition, before: &Recognition) -> Ordering {
    let (seen, known) = (covered(after), covered(before));
    of_sets(!seen.difference(known).is_empty(), seen != known)
}

/// Another gap may be worse than the one that it follows.
fn gaps(after: &Recognition, before: &Recognition) -> Ordering {
    let lacks = |one: &Recognition, other: &Recognition| {
        one.gaps.iter().any(|gap| !other.gaps.iter().any(|known| known.code == gap.code))
    };
    match (lacks(after, before), lacks(before, after)) {
        (true, _) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => Ordering::Equal,
    }
}

fn exclusions(after: &Recognition, before: &Recognition) -> Ordering {
    of_sets(excludes_beyond(before, after), excludes_beyond(after, before))
}

/// Whether the one leaves out what the other does not.
fn excludes_beyond(one: &Recognition, other: &Recognition) -> bool {
    let words = |of: &Recognition| of.exclusions.as_ref().map(|excluded| excluded.words.clone()).unwrap_or_default();
    let known = words(other);
    words(one).iter().any(|word| !known.contains(word))
}

/// A level that is neither the same nor lower counts as higher.
fn levels(after: &Recognition, before: &Recognition, order: Order<'_>) -> Ordering {
    match (&after.level, &before.level) {
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(after), Some(before)) if after != before => {
            if order.meets(before, after) && !order.meets(after, before) {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        _ => Ordering::Equal,
    }
}

/// What never ends ends last.
fn ends<T: Ord>(after: Option<T>, before: Option<T>) -> Ordering {
    match (after, before) {
        (Some(after), Some(before)) => after.cmp(&before),
        (after, before) => before.is_some().cmp(&after.is_some()),
    }
}

/// Words cannot be compared: other ones may ask for more.
fn conditions(after: Option<&Conditions>, before: Option<&Conditions>) -> Ordering {
    let deadline = |of: Option<&Conditions>| of.map(|conditions| conditions.deadline);
    let other = if after == before { Ordering::Equal } else { Ordering::Less };
    ends(deadline(after), deadline(before)).then(other)
}

/// How far anybody but the supplier stands behind it: a body that decided stands behind all of it.
fn behind(declared: Option<SelfEvaluation>) -> (bool, Option<SelfEvaluation>) {
    (declared.is_none(), declared)
}

/// Whatever else it counts as here may be less, unless it is a higher level of the verdict's own scheme.
fn counterparts(after: &Recognition, before: &Recognition, order: Order<'_>) -> Ordering {
    let level = |of: &Recognition| {
        let theirs = |one: &&Counterpart| one.scheme == of.scheme;
        of.counts_as.as_ref().filter(theirs).and_then(|one| one.level.clone())
    };
    match (&after.counts_as, &before.counts_as) {
        (Some(one), Some(other)) if one != other => match (level(after), level(before)) {
            (Some(after), Some(before)) if order.meets(&after, &before) => Ordering::Greater,
            _ => Ordering::Less,
        },
        (after, before) => after.is_some().cmp(&before.is_some()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;
    use crate::lapsed::CauseKind;
    use crate::recognised::Window;

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

    /// The same with members put on.
    fn with(members: Value) -> Recognition {
        let mut value = serde_json::to_value(made("recognised", Some("4"), true)).unwrap();
        value.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        serde_json::from_value(value).unwrap()
    }

    fn until(day: &str) -> Recognition {
        let until = format!("{day}T00:00:00Z").parse().unwrap();
        Recognition {
            window: Some(Window { what: CauseKind::SurveillanceOverdue, until }),
            ..made("recognised", Some("4"), true)
        }
    }

    fn lacking(code: &str) -> Recognition {
        with(json!({"gaps": [{"code": code, "text": "-"}]}))
    }

    fn conditional(text: &str, deadline: &str) -> Recognition {
        with(json!({"conditions": {"text": text, "deadline": deadline}}))
    }

    fn declared(how: &str) -> Recognition {
        with(json!({"selfDeclared": how}))
    }

    fn counting(scheme: &str, level: &str) -> Recognition {
        with(json!({"countsAs": {"scheme": scheme, "level": level}}))
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
            ("a lower counterpart", counting("star@1", "4"), counting("star@1", "3"), true),
            ("a higher counterpart", counting("star@1", "3"), counting("star@1", "4"), false),
            ("no counterpart any more", counting("ours@1", "9"), four(), true),
            ("as before", four(), four(), false),
        ];
        holds(rows);
    }

    #[test]
    fn an_answer_is_less_where_it_ends_earlier_or_less_stands_behind_it() {
        let four = || made("recognised", Some("4"), true);
        let rows = [
            ("it ends", four(), with(json!({"validUntil": "2027-01-01"})), true),
            (
                "it ends earlier",
                with(json!({"validUntil": "2027-01-01"})),
                with(json!({"validUntil": "2026-12-31"})),
                true,
            ),
            (
                "it ends earlier, but at a higher level",
                Recognition { level: Some("3".parse().unwrap()), ..with(json!({"validUntil": "2027-01-01"})) },
                with(json!({"validUntil": "2026-12-31"})),
                false,
            ),
            ("what it rests on lapsed", four(), until("2027-01-01"), true),
            ("its window closes earlier", until("2027-01-01"), until("2026-12-01"), true),
            (
                "looked at longer ago",
                with(json!({"surveilled": "2026-05-01"})),
                with(json!({"surveilled": "2026-04-01"})),
                true,
            ),
            ("looked at by nobody", with(json!({"surveilled": "2026-05-01"})), four(), true),
            ("looked at again", four(), with(json!({"surveilled": "2026-05-01"})), false),
            ("kept while its arrangement rests", four(), lacking("kept-while-suspended"), true),
            ("its arrangement holds again", lacking("kept-while-suspended"), four(), false),
            ("on conditions", four(), conditional("a", "2027-01-01"), true),
            ("on conditions by an earlier day", conditional("a", "2027-01-01"), conditional("a", "2026-12-01"), true),
            ("it keeps back that it leaves something out", four(), with(json!({"excludes": true})), true),
            ("confirmed by nobody any more", declared("expert-confirmed"), declared("self"), true),
        ];
        holds(rows);
    }

    /// Of each row, whether the second answer is less than the first; never both ways.
    fn holds<const ROWS: usize>(rows: [(&str, Recognition, Recognition, bool); ROWS]) {
        for (about, before, after, less) in rows {
            assert_eq!(is_less(&after, &before, Some(&scheme())), less, "{about}");
            assert!(!(less && is_less(&before, &after, Some(&scheme()))), "{about}: not both ways");
        }
    }

    #[test]
    fn what_cannot_be_compared_may_take_away() {
        let unlike = [
            ("another counterpart of ours", counting("ours@1", "9"), counting("ours@1", "8")),
            ("another scheme of ours", counting("ours@1", "9"), counting("ours@2", "9")),
            ("another gap", lacking("kept-while-suspended"), lacking("kept-after-end")),
            ("other conditions", conditional("a", "2027-01-01"), conditional("b", "2027-01-01")),
        ];
        for (about, one, other) in unlike {
            assert!(is_less(&one, &other, Some(&scheme())), "{about} may take away");
            assert!(is_less(&other, &one, Some(&scheme())), "{about} may take away");
        }
    }
}
