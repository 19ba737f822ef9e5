//! What became of a verdict, as news for partners in Catena-X: for whoever holds it or stands behind it, and tells its customers.
//!
//! ```text
//! verdict of the registry that is asked ──in force──▶ CREATED (nothing happened to it since) or MODIFIED
//!                                       ──not──────▶ WITHDRAWN
//! ```
//!
//! The same news has the same id and the same time, whenever it is told. Out of scope: carrying it to the partner, which a connector does.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use aws_lc_rs::digest;
use bridges::catena_x::{Attached, Exchange, Header, Lifecycle, Published, Trust};
use clap::Args;
use conformity::ids::VerdictRef;
use conformity::verdict::{HistoryItem, StateName};
use jiff::civil::Date;
use serde_json::Value;
use uuid::{Builder, Uuid};

use crate::cli::context::Context;
use crate::cli::standing::escape;

/// Tell a partner in Catena-X (CX-0135) what became of a verdict of the registry that is asked
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as cb-1 bridge news jp:V-1 --sender BPNL00000003CRHK --receiver BPNL00000003AYRE
  registry-node --as cb-1 bridge news jp:V-1 --sender BPNL00000003CRHK --receiver BPNL00000003AYRE --certificate-type iso27001

A verdict that is not in force is WITHDRAWN; one to which nothing happened since it was granted is CREATED, else MODIFIED. Told again it has
the same id. Your connector carries it; nothing is sent from here.")]
pub(super) struct News {
    /// Registry and id, such as jp:V-1
    verdict: VerdictRef,
    /// Who tells it, by its business partner number
    #[arg(long, value_name = "BPNL")]
    sender: String,
    /// Whom it is told
    #[arg(long, value_name = "BPNL")]
    receiver: String,
    /// Who holds the verdict [default: the sender]
    #[arg(long, value_name = "BPNL")]
    holder: Option<String>,
    /// What it is a certificate of, in the network's words [default: the scheme]
    #[arg(long, value_name = "TYPE")]
    certificate_type: Option<String>,
}

impl News {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let answer: Value = context.ask(&format!("/v1/verdicts/{}", escape(&self.verdict.to_string())))?;
        let news: Value = serde_json::from_slice(&self.told(&answer)?)?;
        context.answer(&news, |news| format!("{news:#}"))
    }

    fn told(self, verdict: &Value) -> anyhow::Result<Vec<u8>> {
        if !verdict["terms"].is_object() {
            bail!("{} is another registry's; its news are told by whoever asks there", self.verdict);
        }
        let history: Vec<HistoryItem> = serde_json::from_value(verdict["history"].clone())?;
        let (granted, last) = history.first().zip(history.last()).context("the registry told no history")?;
        let name = self.verdict.to_string();
        let id = |part: &str| stable(&[name.as_str(), &last.index.to_string(), &self.receiver, part].join(" "));
        let became = became(&serde_json::from_value(verdict["state"].clone())?, &history);
        let published = Published {
            holder: self.holder.clone().unwrap_or_else(|| self.sender.clone()),
            scheme: self.certificate_type.clone().unwrap_or_else(|| word(&verdict["terms"]["scheme"])),
            edition: None,
            registration: name.clone(),
            valid_from: day(&verdict["terms"]["validFrom"])?.context("it has no first day")?,
            valid_until: day(&verdict["now"]["validUntil"])?,
            issuer: granted.by.to_string(),
            issuer_number: None,
            validator: self.verdict.registry.to_string(),
            trust: Trust::High,
            sites: Vec::new(),
            document: Attached {
                id: name.clone(),
                created: last.at,
                media_type: "application/json".to_owned(),
                bytes: verdict.to_string().into_bytes(),
            },
        };
        let exchange = Exchange {
            header: Header {
                sender: self.sender.clone(),
                receiver: self.receiver.clone(),
                message: id("event"),
                sent: last.at,
            },
            exchange: (became == Lifecycle::Created).then(|| id("exchange")),
            certificate: name.clone(),
            revision: history.len() as u64,
        };
        Ok(published.notification(&exchange, became)?)
    }
}

fn became(state: &StateName, history: &[HistoryItem]) -> Lifecycle {
    match state {
        StateName::Granted | StateName::Conditional if history.len() == 1 => Lifecycle::Created,
        StateName::Granted | StateName::Conditional => Lifecycle::Modified,
        _ => Lifecycle::Withdrawn,
    }
}

/// Another one for each text, and always the same (RFC 9562, version 8).
fn stable(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, of)| *byte = *of);
    let id: Uuid = Builder::from_custom_bytes(bytes).into_uuid();
    id.to_string()
}

fn word(text: &Value) -> String {
    text.as_str().unwrap_or_default().to_owned()
}

fn day(text: &Value) -> anyhow::Result<Option<Date>> {
    text.as_str().map(|day| day.parse().with_context(|| format!("{day} is no day"))).transpose()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn news(verdict: &Value) -> anyhow::Result<Value> {
        let news = News {
            verdict: "jp:V-1".parse().unwrap(),
            sender: "BPNL00000003CRHK".to_owned(),
            receiver: "BPNL00000003AYRE".to_owned(),
            holder: None,
            certificate_type: None,
        };
        Ok(serde_json::from_slice(&news.told(verdict)?)?)
    }

    fn verdict(state: &str, happened: &[&str]) -> Value {
        let item = |(place, what): (usize, &&str)| json!({"index": place + 7, "at": "2026-01-02T03:04:05Z", "effective": "2026-01-02T03:04:05Z", "what": what, "by": "cb-1"});
        json!({
            "verdict": "jp:V-1", "state": state, "now": {"validUntil": "2028-12-31"},
            "terms": {"scheme": "star@1", "validFrom": "2026-01-01"},
            "history": happened.iter().enumerate().map(item).collect::<Vec<_>>(),
        })
    }

    #[test]
    fn what_became_of_a_verdict_is_told_in_the_networks_words_under_one_id() {
        let rows = [
            (verdict("granted", &["granted"]), "CREATED"),
            (verdict("granted", &["granted", "surveillance-overdue"]), "MODIFIED"),
            (verdict("suspended", &["granted", "surveillance-overdue"]), "WITHDRAWN"),
            (verdict("expired", &["granted", "expired"]), "WITHDRAWN"),
        ];
        for (verdict, status) in rows {
            let told = news(&verdict).unwrap();
            assert_eq!((&told["data"]["status"], &told["subject"]), (&json!(status), &json!("BPNL00000003AYRE")));
            assert_eq!(told["data"]["certificate"]["certificateId"], "jp:V-1");
            assert_eq!(told, news(&verdict).unwrap(), "told again it is the same");
            let read = bridges::bridge(bridges::Network::CatenaX).read(told.to_string().as_bytes());
            assert!(read.is_ok(), "{status}: {read:?}");
        }
        let id = |happened: &[&str]| news(&verdict("granted", happened)).unwrap()["id"].clone();
        assert_ne!(id(&["granted"]), id(&["granted", "surveillance-overdue"]), "another change, another id");
    }

    #[test]
    fn news_of_another_registrys_verdict_are_not_told() {
        let foreign = json!({"verdict": "eu:V-1", "recognition": {}});
        assert!(news(&foreign).unwrap_err().to_string().contains("another registry's"));
    }
}
