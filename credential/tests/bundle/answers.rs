//! What a good bundle proves: own verdicts at any time, credentials as far as they are disclosed, recognitions.

use conformity::credential::StatusSlot;
use conformity::key::Der;
use conformity::words::Language;
use credential::attestation::{Attestation, PAD_TO, concealed, write};
use credential::bundle::{Bundle, Finding, Own, Question, StepName, Verified, verify};
use credential::sd_jwt::{Issuance, SystemSalts, issue};
use serde_json::{Value, json};

use crate::log::{Log, ORIGIN, at_the_checkpoint, verdict};

pub(crate) fn bytes(bundle: &Bundle) -> Vec<u8> {
    serde_json::to_vec(bundle).unwrap()
}

pub(crate) fn good(log: &Log, bundle: &Bundle, question: Question) -> Verified {
    verify(&bytes(bundle), &log.policy(), question).unwrap_or_else(|failure| panic!("{:?}: {failure}", failure.step))
}

pub(crate) fn own(verified: &Verified) -> &Own {
    let Finding::Own(own) = &verified.finding else { panic!("{verified:?}") };
    own
}

pub(crate) fn is_japanese(words: &str) -> bool {
    words.chars().any(|c| ('\u{3040}'..='\u{9FFF}').contains(&c))
}

#[test]
fn a_verdict_is_proven_as_it_stood_at_any_time() {
    let mut log = Log::at_work();
    let granted = log.at(9);
    let suspended = log.change("suspended");
    log.seal();
    let bundle = log.bundle();
    let now = good(&log, &bundle, at_the_checkpoint(&log));
    assert_eq!((own(&now).state.as_str(), own(&now).in_force), ("suspended", false));
    assert_eq!(now.at, now.checkpoint.at);
    assert_eq!(
        (now.checkpoint.size, &now.checkpoint.witnesses[..]),
        (13, &["one.test".to_owned(), "two.test".to_owned()][..])
    );
    let before = Question { at: Some(granted), now: log.now() };
    let then = good(&log, &bundle, before);
    assert_eq!((own(&then).state.as_str(), own(&then).in_force, own(&then).history.len()), ("granted", true, 1));
    assert_eq!(own(&then).accreditation.as_ref().unwrap().as_str(), "C-1");
    let at = Question { at: Some(log.at(suspended)), now: log.now() };
    assert_eq!(own(&good(&log, &bundle, at)).state.as_str(), "suspended", "from the moment at which it was sequenced");
}

#[test]
fn every_step_is_told_in_words() {
    let log = Log::at_work();
    let verified = good(&log, &log.bundle(), at_the_checkpoint(&log));
    let steps: Vec<StepName> = verified.steps.iter().map(|step| step.step).collect();
    use StepName::{
        Accreditation, Checkpoint, Completeness, Form, Genesis, Inclusion, Statement, Time, Verdict, Witnesses,
    };
    let first = [Form, Checkpoint, Witnesses, Inclusion, Time, Genesis];
    let statements = [Statement; 9];
    assert_eq!(steps, [&first[..], &statements[..], &[Completeness, Accreditation, Verdict][..]].concat());
    for step in &verified.steps {
        assert!(!step.words.is_empty() && !step.words.contains('\n'), "{step:?}");
        assert_eq!(serde_json::to_value(step.step).unwrap(), step.step.as_str());
        assert!(!step.found.is_empty() && step.told(Language::English) == *step);
        let japanese = step.told(Language::Japanese);
        assert!(is_japanese(&japanese.words) && japanese.found == step.found, "{japanese:?}");
    }
}

#[test]
fn a_verdict_whose_last_day_is_past_is_not_in_force_whatever_its_state() {
    let mut log = Log::at_work();
    log.now_ms = "2029-10-05T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond() as u64;
    log.seal();
    let verified = good(&log, &log.bundle(), at_the_checkpoint(&log));
    assert_eq!((own(&verified).state.as_str(), own(&verified).in_force), ("granted", false));
}

/// The log with a credential, and the credential's disclosures.
pub(crate) fn documented() -> (Log, Vec<String>) {
    issued(Log::at_work(), verdict("V-1"), json!({"sites": ["Osaka"]}))
}

/// The log with a credential of `claim` that keeps `reach` back, and the credential's disclosures.
fn issued(log: Log, claim: Value, reach: Value) -> (Log, Vec<String>) {
    issued_at(7, log, claim, reach)
}

/// The same in this slot.
pub(crate) fn issued_at(slot: u32, log: Log, claim: Value, reach: Value) -> (Log, Vec<String>) {
    issued_with(&[], slot, log, claim, reach)
}

/// The same with certificates.
pub(crate) fn issued_with(
    certificates: &[Der],
    slot: u32,
    mut log: Log,
    claim: Value,
    reach: Value,
) -> (Log, Vec<String>) {
    let jti = format!("c-{slot}");
    let slot = StatusSlot::new(0, slot).unwrap();
    let credential = json!({
        "origin": ORIGIN, "registry": "jp", "didWeb": format!("did:web:{ORIGIN}"), "body": "The certification-body",
        "verdict": claim["verdict"], "slot": slot, "supplier": claim["supplier"], "object": claim["object"], "scheme": "stars@1",
        "documents": ["sp800-171@r3"], "evaluation": "third-party", "viewpoints": ["organization"],
        "assessed": "2026-12-01", "scope": claim["scope"], "validFrom": claim["validFrom"],
        "validUntil": claim["validUntil"], "profile": claim["profile"],
    });
    let detail = json!({"reach": reach, "assessments": {"organization": {"level": "3"}}});
    let attestation = Attestation {
        issuer: "cb-1".parse().unwrap(),
        jti: jti.parse().unwrap(),
        iat: log.now().as_second(),
        credential: serde_json::from_value(credential).unwrap(),
        detail: serde_json::from_value(detail).unwrap(),
    };
    let payload = write(&attestation).unwrap();
    let conceal = concealed(&payload, false);
    let issuance = Issuance { payload, conceal: &conceal, pad_to: PAD_TO, certificates };
    let issued = issue(log.key("cb-1"), issuance, &mut SystemSalts::default()).unwrap();
    let text = issued.present(|_| true).as_str().to_owned();
    let mut parts = text.trim_end_matches('~').split('~').map(str::to_owned);
    let signed = parts.next().unwrap();
    log.take(signed, None);
    log.seal();
    (log, parts.collect())
}

#[test]
fn a_credential_shows_what_was_disclosed_of_it_and_no_more() {
    let (log, disclosures) = documented();
    let whole = Bundle { disclosures: disclosures.clone(), ..log.bundle() };
    let verified = good(&log, &whole, at_the_checkpoint(&log));
    let shown = own(&verified).credential.as_ref().unwrap();
    assert_eq!((shown.disclosures, shown.by.as_str()), (disclosures.len(), "cb-1"));
    assert_eq!(shown.detail.reach.as_ref().unwrap().sites[0].to_string(), "Osaka");
    let bare = good(&log, &log.bundle(), at_the_checkpoint(&log));
    let shown = own(&bare).credential.as_ref().unwrap();
    assert_eq!((shown.disclosures, shown.detail.reach.as_ref()), (0, None));
    let before = Question { at: Some(log.at(9)), now: log.now() };
    assert_eq!(own(&good(&log, &whole, before)).credential, None, "it was not issued then");
}

#[test]
fn the_reach_that_a_restricted_verdict_keeps_back_is_the_verdicts() {
    let mut claim = verdict("V-1");
    claim["profile"] = json!("restricted");
    claim["sites"] = json!(["Osaka"]);
    for (reach, holds) in [
        (json!({"sites": ["Osaka"]}), true),
        (json!({}), true),
        (json!({"sites": ["Osaka", "Nagoya"]}), false),
        (json!({"sites": ["Osaka"], "exclusions": ["the annex"]}), false),
    ] {
        let (mut log, disclosures) = issued(Log::at_work_with(claim.clone()), claim.clone(), reach.clone());
        // What the verdict covers later changes nothing about what was issued.
        let wider = json!({"scope-extended": {"scope": "more", "sites": ["Osaka", "Kobe"]}});
        let change =
            json!({"verdict": "V-1", "change": wider, "reason": {"code": "as-agreed"}, "effective": log.now()});
        log.say("cb-1", "verdict-changed", change);
        log.seal();
        let bundle = Bundle { disclosures, ..log.bundle() };
        let outcome = verify(&bytes(&bundle), &log.policy(), at_the_checkpoint(&log));
        let code =
            outcome.as_ref().map_err(|failure| (failure.step.as_str(), failure.fault.blame(), failure.fault.code()));
        let refused = Err(("credential", "registry", "credential-differs"));
        assert_eq!(code.map(drop), if holds { Ok(()) } else { refused }, "{reach}");
    }
}

#[test]
fn a_recognition_is_proven_with_the_row_that_says_so() {
    let log = recognising();
    let verified = good(&log, &log.foreign_bundle(), at_the_checkpoint(&log));
    let Finding::Foreign(record) = &verified.finding else { panic!("{verified:?}") };
    assert_eq!(record.recognition.outcome.as_str(), "recognised");
    assert_eq!(record.recognition.explanation.as_str(), "recognised under rule R-1 of A-1");
}

/// A log that recognises eu:E-1 under an arrangement.
pub(crate) fn recognising() -> Log {
    let mut log = Log::at_work();
    log.say("op", "peer-added", Log::of("eu", |_| ()).pinned());
    log.recognise(json!({}));
    log.recognise(json!({}));
    log.seal();
    log
}
