//! What became of a verdict, as news for partners in Catena-X: for whoever holds it or stands behind it, and tells its customers.
//!
//! Where the one who asks offers the verdict to its partners, what is told is what they find there. Out of scope: which certificate a verdict
//! is (`bridges::catena_x::edition`), and carrying the news to the partner, which a connector or a subscription does.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bridges::catena_x::LegalEntity;
use bridges::catena_x::edition::{Offering, turns};
use clap::Args;
use conformity::ids::VerdictRef;
use conformity::verdict::VerdictRecord;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::bridging;
use crate::cli::context::{Context, wait};
use crate::cli::standing::escape;
use crate::client::ClientError;
use crate::clock::{Clock as _, SystemClock};

/// Tell a partner in Catena-X (CX-0135) what became of a verdict of the registry that is asked
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as cb-1 bridge news jp:V-1 --sender BPNL00000003CRHK --receiver BPNL00000003AYRE
  registry-node --as cb-1 bridge news jp:V-1 --sender BPNL00000003CRHK --receiver BPNL00000003AYRE --certificate-type iso27001

What holds no longer is WITHDRAWN, for whatever reason; what is in force again is CREATED anew, under another id. Told again it has the same
id. Your connector carries it; nothing is sent from here.")]
pub(super) struct News {
    /// Registry and id, such as jp:V-1
    verdict: VerdictRef,
    /// Who tells it, by its business partner number
    #[arg(long, value_name = "BPNL")]
    sender: LegalEntity,
    /// Whom it is told
    #[arg(long, value_name = "BPNL")]
    receiver: LegalEntity,
    /// What it is a certificate of, in the network's words [default: as you offer it, else the scheme]
    #[arg(long, value_name = "TYPE")]
    certificate_type: Option<String>,
}

/// What is told of an offer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    certificate_type: Option<String>,
    offering: Offering,
}

impl News {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let answer: Value = context.ask(&format!("/v1/verdicts/{}", escape(&self.verdict.to_string())))?;
        let offer = self.offer(context)?;
        let news: Value = serde_json::from_slice(&self.told(&answer, offer, SystemClock.now())?)?;
        context.answer(&news, |news| format!("{news:#}"))
    }

    /// As what the one who asks offers it, if it does.
    fn offer(&self, context: &Context) -> anyhow::Result<Offer> {
        let path = format!("/v1/certificate-offers/{}", escape(self.verdict.id.as_str()));
        match wait(async { Ok(context.reader()?.json(&path).await) })? {
            Ok(offer) => Ok(offer),
            // Whoever is no party here, or offers nothing, has no partners who read it there.
            Err(ClientError::Problem { status: 401 | 403 | 404, .. }) => Ok(Offer::default()),
            Err(error) => Err(error.into()),
        }
    }

    fn told(&self, answer: &Value, offer: Offer, now: Timestamp) -> anyhow::Result<Vec<u8>> {
        if !answer["terms"].is_object() {
            bail!("{} is another registry's; its news are told by whoever asks there", self.verdict);
        }
        let verdict = VerdictRecord {
            terms: Arc::new(serde_json::from_value(answer["terms"].clone())?),
            now: serde_json::from_value(answer["now"].clone())?,
            history: serde_json::from_value(answer["history"].clone())?,
        };
        let turn = turns(&verdict, offer.offering, now).pop();
        let turn = turn.context("it was never in force, and there is nothing to tell")?;
        let certificate_type = self.certificate_type.clone().or(offer.certificate_type);
        let certificate_type = certificate_type.unwrap_or_else(|| verdict.terms.scheme.to_string());
        let news = bridging::News {
            verdict: verdict.id(),
            registry: &self.verdict.registry,
            sender: &self.sender,
            receiver: &self.receiver,
        };
        let told = bridging::Told { certificate_type: &certificate_type, valid_from: verdict.terms.valid_from };
        Ok(news.of(&turn, &told)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use conformity::verdict::StateName;
    use serde_json::json;

    use super::*;

    fn news(verdict: &Value, offer: Offer) -> anyhow::Result<Value> {
        let news = News {
            verdict: "jp:V-1".parse().unwrap(),
            sender: "BPNL00000003CRHK".parse().unwrap(),
            receiver: "BPNL00000003AYRE".parse().unwrap(),
            certificate_type: None,
        };
        Ok(serde_json::from_slice(&news.told(verdict, offer, "2026-06-01T00:00:00Z".parse().unwrap())?)?)
    }

    /// A verdict to which this happened since it was granted, as a registry shows it.
    fn verdict(happened: Vec<Value>) -> Value {
        let terms = json!({
            "verdict": "V-1", "scheme": "star@1",
            "supplier": {"id": "corporate-number:7000012050002", "name": "Example KK", "country": "JP"},
            "object": {"kind": "organization", "name": "Example KK"}, "viewpoints": ["organization"], "scope": "all of it",
            "validFrom": "2026-01-01", "validUntil": "2028-12-31", "profile": "open", "provenance": "decided",
        });
        let item = |index: u64, what: Value| {
            let at = "2026-01-02T03:04:05Z";
            serde_json::from_value(json!({"index": index, "at": at, "effective": at, "what": what, "by": "cb-1"}))
                .unwrap()
        };
        let granted = VerdictRecord::new(Arc::new(serde_json::from_value(terms).unwrap()), item(7, json!("granted")));
        let record = happened.into_iter().fold(granted, |record, what| {
            let index = 7 + record.history.len() as u64;
            record.after(item(index, what)).unwrap()
        });
        let state: StateName = record.now.state.name();
        json!({"verdict": "jp:V-1", "state": state, "terms": record.terms, "now": record.now, "history": record.history})
    }

    #[test]
    fn what_became_of_a_verdict_is_told_in_the_networks_words_under_one_id() {
        let overdue = || json!("surveillance-overdue");
        let lapsed = json!({"basis-changed": {"lapsed": {"cause": {"what": "accreditation-withdrawn", "entry": 3},
            "since": "2026-01-02T03:04:05Z", "consequence": "cease"}}});
        let rows = [
            (vec![], "CREATED", "V-1.1"),
            (vec![overdue()], "MODIFIED", "V-1.1"),
            (vec![overdue(), json!({"changed": "suspended"})], "WITHDRAWN", "V-1.1"),
            (vec![json!({"changed": "suspended"}), json!({"changed": "restored"})], "CREATED", "V-1.2"),
            (vec![json!("expired")], "WITHDRAWN", "V-1.1"),
            (vec![lapsed], "WITHDRAWN", "V-1.1"),
        ];
        for (happened, status, certificate) in rows {
            let verdict = verdict(happened);
            let told = news(&verdict, Offer::default()).unwrap();
            assert_eq!((&told["data"]["status"], &told["subject"]), (&json!(status), &json!("BPNL00000003AYRE")));
            assert_eq!(told["data"]["certificate"]["certificateId"], certificate);
            assert_eq!(told, news(&verdict, Offer::default()).unwrap(), "told again it is the same");
            let read = bridges::bridge(bridges::Network::CatenaX).read(told.to_string().as_bytes());
            assert!(read.is_ok(), "{status}: {read:?}");
        }
        let id = |happened| news(&verdict(happened), Offer::default()).unwrap()["id"].clone();
        assert_ne!(id(vec![]), id(vec![overdue()]), "another change, another id");
    }

    #[test]
    fn whoever_offers_it_tells_what_its_partners_find_there() {
        let offer = |again, is_taken_back: bool| Offer {
            certificate_type: Some("isoiec27001".to_owned()),
            offering: Offering { again, from: 9, until: is_taken_back.then_some(9), ..Offering::default() },
        };
        let verdict = verdict(vec![json!("surveillance-overdue")]);
        let told = |offer| news(&verdict, offer).unwrap()["data"].clone();
        let created = told(offer(1, false));
        assert_eq!(
            (&created["status"], &created["certificate"]["certificateId"], &created["certificate"]["certificateType"]),
            (&json!("CREATED"), &json!("V-1.2"), &json!("isoiec27001"))
        );
        let withdrawn = told(offer(1, true));
        assert_eq!(withdrawn, json!({"status": "WITHDRAWN", "certificate": {"certificateId": "V-1.2"}}));
    }

    #[test]
    fn news_of_another_registrys_verdict_are_not_told() {
        let foreign = json!({"verdict": "eu:V-1", "recognition": {}});
        assert!(news(&foreign, Offer::default()).unwrap_err().to_string().contains("another registry's"));
    }
}
