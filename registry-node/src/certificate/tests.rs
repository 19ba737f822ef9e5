#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use conformity::recognised::RecognitionRecord;
use conformity::time::Moment;
use credential::attestation::Detail;
use credential::bundle::{LogOwner, Sealed, Shown};
use ledger::merkle::empty_root;
use serde_json::{Value, json};

use super::*;

const AT: &str = "2026-06-30T00:00:00Z";

/// A foreign verdict whose texts try to leave their places.
fn hostile(did: &str) -> Verified {
    let recognition = json!({
        "verdict": "eu:V-1",
        "supplier": {"id": "lei:5493001KJTIIGC8Y1R12", "name": "<script>alert(1)</script> & Söhne", "country": "FR"},
        "scheme": "demo@1",
        "object": {"kind": "organization", "name": "\"><img src=x>"},
        "viewpoints": ["organization", "people-and-things"],
        "level": "4",
        "state": "granted",
        "outcome": "partial",
        "arrangement": {"id": "jp-eu", "version": 2},
        "explanation": "</dl></main>",
    });
    let record = RecognitionRecord {
        recognition: Arc::new(serde_json::from_value(recognition).unwrap()),
        since: Moment { index: 7, at: AT.parse().unwrap() },
        position: 0,
        entries: vec![7],
    };
    let witnesses = vec!["us".to_owned(), "<b>".to_owned()];
    Verified {
        verdict: "eu:V-1".parse().unwrap(),
        origin: "jp.registry.example".parse().unwrap(),
        log: LogOwner { name: "日本".parse().unwrap(), did_web: did.parse().unwrap() },
        checkpoint: Sealed { size: 9, root: empty_root(), at: AT.parse().unwrap(), witnesses },
        at: AT.parse().unwrap(),
        closed: None,
        finding: Finding::Foreign(Arc::new(record)),
        steps: Vec::new(),
    }
}

#[test]
fn what_others_wrote_stays_text() {
    let page = page(&hostile("did:web:jp.registry.example%3A8443"), Language::En).unwrap();
    for own in ["<script", "<img", "<b>", "</dl></main>"] {
        assert!(!page.contains(own), "{own} in {page}");
    }
    for words in ["&lt;script&gt;alert(1)", "&amp; Söhne", "organization, people and things", "jp-eu (version 2)"] {
        assert!(page.contains(words), "{words} not in {page}");
    }
    assert!(page.contains("https://jp.registry.example:8443/v1/verdicts/eu:V-1"), "{page}");
    assert!(page.contains("default-src 'none'"), "nothing is loaded: {page}");
}

#[test]
fn what_does_not_count_does_not_look_as_if_it_did() {
    let stated = |patch: Value| {
        let mut verified = hostile("did:web:jp.registry.example");
        let Finding::Foreign(record) = &mut verified.finding else { unreachable!("it is foreign") };
        let mut recognition = serde_json::to_value(&*record.recognition).unwrap();
        recognition.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        Arc::get_mut(record).unwrap().recognition = Arc::new(serde_json::from_value(recognition).unwrap());
        page(&verified, Language::En).unwrap()
    };
    assert!(!stated(json!({"validUntil": "2026-07-01"})).contains("state off"));
    assert!(stated(json!({"outcome": "refused"})).contains("state off"));
    let over = stated(json!({"validUntil": "2026-06-01"}));
    assert!(over.contains("state off") && over.contains("not in force"), "{over}");
}

/// A verdict of the registry itself, which the log shows in summary, with a credential that discloses this reach.
fn summary(reach: Option<Value>, status: CredentialStatus) -> String {
    let terms = json!({
        "verdict": "V-1", "supplier": {"id": "lei:5493001KJTIIGC8Y1R12", "name": "Exemple SA", "country": "FR"},
        "object": {"kind": "organization", "name": "Head office"}, "scheme": "demo@1",
        "viewpoints": ["organization"], "scope": "All of it", "validFrom": "2026-04-01", "validUntil": "2029-03-31",
        "profile": "summary", "provenance": "decided",
    });
    let then = json!({
        "state": {"granted": {"since": AT}}, "issuer": "cb-1", "viewpoints": ["organization"], "scope": "All of it",
        "validUntil": "2029-03-31", "marks": {},
    });
    let shown = Shown {
        issued: Moment { index: 8, at: AT.parse().unwrap() },
        by: "cb-1".parse().unwrap(),
        status,
        disclosures: 1,
        detail: Detail { reach: reach.map(|reach| serde_json::from_value(reach).unwrap()), ..Detail::default() },
    };
    let own = Own {
        state: StateName::Granted,
        in_force: true,
        terms: Arc::new(serde_json::from_value(terms).unwrap()),
        then: serde_json::from_value(then).unwrap(),
        history: Vec::new(),
        issuer_name: None,
        answered_by: None,
        fictional: true,
        accreditation: None,
        credential: Some(shown),
    };
    let finding = Finding::Own(Box::new(own));
    page(&Verified { finding, ..hostile("did:web:jp.registry.example") }, Language::En).unwrap()
}

#[test]
fn what_a_summary_leaves_out_is_never_passed_over() {
    const HIDDEN: &str = "not shown here; there may be something";
    let hidden = |page: &str| page.matches(HIDDEN).count();
    let whole = json!({"level": "4", "sites": ["Osaka"], "exclusions": ["Plant 2"]});
    let page = summary(Some(whole.clone()), CredentialStatus::Valid);
    assert!(page.contains("Osaka") && page.contains("Plant 2") && page.contains("not a real certificate"), "{page}");
    assert_eq!(hidden(&page), 0);
    let clean = summary(Some(json!({"level": "4", "sites": ["Osaka"]})), CredentialStatus::Valid);
    assert_eq!(hidden(&clean), 1, "the exclusions may have been taken out of the bundle: {clean}");
    assert_eq!(hidden(&summary(None, CredentialStatus::Valid)), 3);
    let outdated = summary(Some(whole), CredentialStatus::Invalid);
    assert!(!outdated.contains("Osaka") && hidden(&outdated) == 3, "{outdated}");
}

#[test]
fn it_speaks_japanese() {
    let page = page(&hostile("did:web:jp.registry.example"), Language::Ja).unwrap();
    for words in ["lang=\"ja\"", "一部承認", "組織、ヒト・モノ等", "jp-eu (版 2)"] {
        assert!(page.contains(words), "{words} not in {page}");
    }
}

#[test]
fn a_registry_that_cannot_be_found_makes_none() {
    let refused = page(&hostile("did:key:z6Mk"), Language::En).unwrap_err();
    assert_eq!(refused.to_string(), "did:key:z6Mk is not a did:web: the certificate could not lead to the registry");
}

/// The QR code on a page, as dark and light points, drawn from what a browser draws it from.
fn drawn(page: &str) -> (usize, Vec<bool>) {
    let svg = &page[page.find("<svg").unwrap()..page.find("</svg>").unwrap()];
    let after = |text: &str, mark: &str| text.split_once(mark).unwrap().1.to_owned();
    let number = |text: &str| text.split(|one: char| !one.is_ascii_digit()).next().unwrap().parse::<usize>().unwrap();
    let side = number(&after(&svg[svg.find("viewBox").unwrap()..], "0 0 "));
    let mut dark = vec![false; side * side];
    // Rectangles: M<x> <y>h<width>v<height>H<x>V<y>
    let path = after(svg, " d=\"");
    for rectangle in path.split('"').next().unwrap().split('M').skip(1) {
        let (x, y) = (number(rectangle), number(&after(rectangle, " ")));
        let (width, height) = (number(&after(rectangle, "h")), number(&after(rectangle, "v")));
        for row in y..y + height {
            dark[row * side + x..row * side + x + width].fill(true);
        }
    }
    (side, dark)
}

#[test]
fn a_camera_reads_the_address_off_the_code() {
    for (verdict, language) in [("eu:V-1", Language::En), ("eu:a-verdict-with-a-longer-id.2026-04-01", Language::Ja)] {
        let mut verified = hostile("did:web:jp.registry.example%3A8443");
        verified.verdict = verdict.parse().unwrap();
        let page = page(&verified, language).unwrap();
        let (side, dark) = drawn(&page);
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| if dark[y * side + x] { 0 } else { 255 });
        let codes = image.detect_grids();
        assert_eq!(codes.len(), 1, "one code that a camera finds: {page}");
        let (_, read) = codes[0].decode().unwrap();
        assert_eq!(read, format!("https://jp.registry.example:8443/v1/verdicts/{verdict}"));
        assert!(page.contains(&read), "it is written beside the code, too");
    }
}
