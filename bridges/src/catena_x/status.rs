//! The answer to a certificate: whether it is accepted, which is what this network asks of whoever gets one.
//!
//! ```text
//! go, notice  ▶ ACCEPTED                      conditional ▶ RETRIEVED (v3), RECEIVED (v2): taken in, and not decided
//! stop        ▶ REJECTED, with the explanation of each finding
//! ```
//!
//! In scope: acceptance of a certificate that was created (v3) or pushed (v2). CX-0135 lets nothing but a rejection say why, so that the
//! advice, proof and time of the first finding stand in extension attributes of the event, which CloudEvents allow and readers may
//! leave unread; a message of v2 has no place for them. Out of scope: answers to requests, which are certificates ([`super::Published`]).

use procurement::Advice;
use serde_json::{Value, json};

use super::event::{ACCEPTANCE, SOURCE};
use super::message::{CONTEXT, VERSION};
use super::publish;
use crate::{Answer, Document, Evidence, Finding, Kind, Network, Unanswerable};

pub(super) fn write(document: &Document, answer: &Answer) -> Result<Vec<u8>, Unanswerable> {
    answer.check(document, Network::CatenaX)?;
    let refuse = || Unanswerable::NotAnswered { form: document.form.clone() };
    let evidence = document.evidence.as_ref().filter(|_| document.kind == Kind::Certificate).ok_or_else(refuse)?;
    publish::number("the address of whom is answered", &document.envelope.sender.id, &["BPNL"])?;
    publish::number("the address of whoever answers", &document.envelope.receiver.id, &["BPNL"])?;
    let value = if is_push(document) {
        message(document, evidence, answer)
    } else if evidence.status.as_deref() == Some("CREATED") {
        event(document, evidence, answer)
    } else {
        return Err(refuse());
    };
    Ok(value.to_string().into_bytes())
}

/// Whether a certificate came in a message of the second generation, and is answered by one.
pub(crate) fn is_push(document: &Document) -> bool {
    document.form.ends_with(&format!("Push{VERSION}"))
}

/// What is advised of all together: the least favourable.
fn advice(document: &Document, answer: &Answer) -> Advice {
    answer.findings.iter().map(|finding| document.told(finding.stated.advice)).max().unwrap_or(Advice::Stop)
}

/// The findings that reject.
fn rejections<'a>(document: &Document, answer: &'a Answer) -> impl Iterator<Item = &'a Finding> {
    answer.findings.iter().filter(|finding| document.told(finding.stated.advice) == Advice::Stop)
}

fn event(document: &Document, evidence: &Evidence, answer: &Answer) -> Value {
    let envelope = &document.envelope;
    let advice = advice(document, answer);
    let status = match advice {
        Advice::Go | Advice::Notice => "ACCEPTED",
        Advice::Conditional => "RETRIEVED",
        Advice::Stop => "REJECTED",
    };
    let mut data = json!({ "exchangeId": envelope.reference, "certificateId": evidence.id, "status": status });
    let errors: Vec<Value> = rejections(document, answer)
        .map(|finding| json!({ "specifier": finding.party, "message": finding.stated.explanation }))
        .collect();
    if !errors.is_empty() {
        data["errors"] = errors.into();
    }
    let mut event = json!({
        "specversion": "1.0",
        "type": ACCEPTANCE,
        "source": format!("{SOURCE}{}", envelope.receiver.id),
        "subject": envelope.sender.id,
        "id": answer.uuid,
        "time": answer.made.to_string(),
        "datacontenttype": "application/json",
        "dataschema": "https://w3id.org/catenax/schemas/ccm/certificate-acceptance-status.json",
        "advice": advice,
        "data": data,
    });
    if let Some(first) = answer.findings.first() {
        event["proof"] = first.stated.proof.clone().into();
        event["asof"] = first.stated.as_of.to_string().into();
    }
    event
}

fn message(document: &Document, evidence: &Evidence, answer: &Answer) -> Value {
    let envelope = &document.envelope;
    let status = match advice(document, answer) {
        Advice::Go | Advice::Notice => "ACCEPTED",
        Advice::Conditional => "RECEIVED",
        Advice::Stop => "REJECTED",
    };
    let mut content = json!({ "documentId": evidence.id, "certificateStatus": status, "locationBpns": evidence.sites });
    let errors: Vec<Value> =
        rejections(document, answer).map(|finding| json!({ "message": finding.stated.explanation })).collect();
    if !errors.is_empty() {
        content["certificateErrors"] = errors.into();
    }
    json!({
        "header": {
            "context": format!("{CONTEXT}Status{VERSION}"),
            "messageId": answer.uuid,
            "relatedMessageId": envelope.message,
            "senderBpn": envelope.receiver.id,
            "receiverBpn": envelope.sender.id,
            "sentDateTime": answer.made.to_string(),
            "version": envelope.form,
        },
        "content": content,
    })
}
