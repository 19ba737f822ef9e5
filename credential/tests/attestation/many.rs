//! As many results as large catalogues want: far more than a statement holds.

use credential::attestation::{Attestation, PAD_TO, concealed, write};
use credential::sd_jwt::{Issuance, MAX_DISCLOSURE, MAX_JWT, SystemSalts, issue};
use serde_json::{Value, json};

use crate::sample::open;
use crate::{issued, key, shown};

/// Results of one viewpoint whose digests still fit into the one disclosure that lists them.
const MOST: usize = 908;

fn with_results(count: usize) -> Attestation {
    let mut attestation = open();
    let requirement = |number: usize| format!("{:02}.{:02}.{:02}", number / 100, number / 10 % 10, number % 10);
    let result = |number| json!({"document": "sp800-171@r3", "requirement": requirement(number), "outcome": "met"});
    let results: Vec<Value> = (0..count).map(result).collect();
    let assessments = json!({"organization": {"results": results}, "process": {"level": "4"}});
    attestation.detail = serde_json::from_value(json!({ "assessments": assessments })).unwrap();
    attestation
}

#[test]
fn results_do_not_weigh_on_the_statement() {
    let key = key();
    let (few, many) = (issued(&key, &with_results(1)), issued(&key, &with_results(MOST)));
    let signed = |credential: &credential::sd_jwt::Disclosed| credential.present(|_| false).jwt().len();
    assert_eq!(signed(&few), signed(&many), "the statement shows nothing of how many there are");
    let whole = many.present(|_| true);
    let results: usize = whole.disclosures().map(str::len).sum();
    assert!(results > 2 * MAX_JWT && signed(&many) < MAX_JWT / 4, "{results} and {}", signed(&many));
    assert!(
        whole.disclosures().any(|one| one.len() > MAX_DISCLOSURE * 9 / 10),
        "the list of digests is near its bound"
    );

    let one =
        many.concealable().iter().rfind(|one| one.pointer().as_str().contains("/0/assessedPerformance/")).unwrap();
    let payload = Value::Object(shown(&key, &many, |place| place == one.pointer()));
    let performance = payload.pointer("/credentialSubject/conformityAssessment/0/assessedPerformance").unwrap();
    assert_eq!(performance.as_array().unwrap().len(), 1, "one of {MOST}");
}

#[test]
fn more_than_fit_into_one_list_are_refused() {
    let payload = write(&with_results(MOST + usize::from(PAD_TO))).unwrap();
    let conceal = concealed(&payload, true);
    let issuance = Issuance { payload, conceal: &conceal, pad_to: PAD_TO, certificates: &[] };
    let refused = issue(&key(), issuance, &mut SystemSalts::default()).unwrap_err();
    assert!(refused.to_string().contains(&MAX_DISCLOSURE.to_string()), "{refused}");
}
