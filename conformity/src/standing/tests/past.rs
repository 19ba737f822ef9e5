//! Standing as of a time.

use serde_json::json;

use super::{Holding, Question, Viewer, ask, from_eu, jp, on_star, own, standing, told, with};
use crate::as_of::AsOf;
use crate::recognition::fixture::{at, changed, organization, verdict};
use crate::verdict::Change;

#[test]
fn an_answer_is_as_of_a_time() {
    let granted = verdict(&organization(), &json!({}));
    let record = changed(&granted, "2026-06-01", Change::Suspended);
    let register = with(jp(), vec![own(changed(&record, "2026-06-10", Change::Restored))]);
    let rows = [
        ("2026-01-31T23:59:59Z", "not-assessed"),
        ("2026-02-01", "V-1 granted counts"),
        ("2026-06-01", "V-1 suspended"),
        ("2026-06-10", "V-1 granted counts"),
        ("2028-01-31T23:59:59Z", "V-1 granted counts"),
        ("2028-02-01", "V-1 granted"),
    ];
    for (when, expected) in rows {
        assert_eq!(ask(&register, &Question { as_of: AsOf::known_then(at(when)), ..on_star() }), expected, "{when}");
    }
    let answer =
        standing(&register, &Question { as_of: AsOf::known_then(at("2026-06-05")), ..on_star() }, &Viewer::Public);
    let Holding::Own(own) = &answer.holdings[0] else { panic!() };
    assert_eq!((own.granted.index, own.changed.index), (7, 8), "the place of the suspension, not of the restoration");
    assert!(own.fictional);
}

#[test]
fn a_recognition_derived_later_says_nothing_about_before() {
    let register = with(jp(), vec![from_eu(&json!({}))]);
    let as_known_now = Question { as_of: AsOf::KnownNow { at: at("2026-06-30") }, ..on_star() };
    let later = standing(&register, &as_known_now, &Viewer::Public);
    assert_eq!(
        (told(&later).as_str(), later.because[0].code.as_str()),
        ("unknown", "looked-at-later"),
        "known today, not then"
    );
    assert_eq!(
        ask(&register, &Question { as_of: AsOf::known_then(at("2026-07-01")), ..on_star() }),
        "eu:V-1 recognised counts"
    );
    assert_eq!(ask(&register, &Question { as_of: AsOf::known_then(at("2026-06-30")), ..on_star() }), "not-assessed");
    let expired = Question { as_of: AsOf::known_then(at("2028-02-01")), ..on_star() };
    assert_eq!(ask(&register, &expired), "eu:V-1 recognised", "shown, but past its last day");
}
