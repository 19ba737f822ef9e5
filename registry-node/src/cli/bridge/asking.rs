//! Documents read here, and a decision asked for about each partner: the registry learns whom is asked about, at which step, and no more.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use bridges::{Network, Refusal};
use bytes::Bytes;
use conformity::standing::Standing;
use conformity::words::{Language, Said};
use jiff::Timestamp;
use ledger::digest::Digest;
use procurement::{Advice, Finding, Order, Ruling, Touch};
use serde::Deserialize;
use serde_json::{Value, json};

use super::By;
use crate::bridging::{Asked, Bridged, Found, Occasion, Question, Terms, Unclear};
use crate::cli::context::Context;
use crate::cli::supply_chain::read_policy;
use crate::client::{Client, ClientError, Connection, read_json};
use crate::clock::{Clock, SystemClock};

/// Somebody who has documents answered.
pub(super) struct Asker {
    client: Client,
    url: String,
    network: Network,
    language: Language,
    policy: (&'static str, Value),
    tier: u32,
    touches: BTreeSet<Touch>,
    terms: Terms,
}

/// Why an input is not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAnswered {
    /// It is broken. The blame is whoever wrote it.
    #[error("{0}")]
    Refused(String),
    /// It is not clear what is asked.
    #[error(transparent)]
    Unclear(#[from] Unclear),
    /// The registry does not answer, or refuses to.
    #[error(transparent)]
    Registry(#[from] ClientError),
}

/// What is read of a decision; there is more around it.
#[derive(Deserialize)]
struct Decision {
    advice: Advice,
    found: Advice,
    rules: Vec<Ruling>,
    because: Vec<Said>,
    standing: Standing,
    decided: Timestamp,
}

impl Asker {
    /// Who asks by this policy.
    pub(super) fn new(by: By, network: Network, context: &Context) -> anyhow::Result<Asker> {
        anyhow::ensure!(by.tier > 0, "--tier: the nearest tier is 1");
        let policy = match (&by.policy, &by.kept) {
            (Some(file), _) => ("policy", serde_json::to_value(read_policy(file)?)?),
            (None, name) => ("policyName", json!(name)),
        };
        let credentials = context.credentials()?;
        let url = credentials.about.url.clone();
        let client = Client::with_credentials(&credentials).context("the registry cannot be asked")?;
        Ok(Asker {
            client: client.in_language(context.language).on_behalf_of(by.member),
            url,
            network,
            language: context.language,
            policy,
            tier: by.tier,
            touches: by.touches.into_iter().collect(),
            terms: Terms { own: by.own, step: by.step, partner: by.partner },
        })
    }

    /// What is told of the documents in `input`, and answered to them.
    pub(super) async fn bridged(&self, input: &[u8]) -> Result<Bridged, NotAnswered> {
        let refused = |refusal: Refusal| NotAnswered::Refused(refusal.words(self.language));
        let reading = bridges::bridge(self.network).read(input).map_err(refused)?;
        let asked = Asked::new(reading, &self.terms)?;
        let mut found = BTreeMap::new();
        let questions = asked.questions();
        if !questions.is_empty() {
            let mut connection = self.client.connect().await?;
            for question in questions {
                let one = self.found(&mut connection, &question).await?;
                found.insert(question, one);
            }
        }
        let occasion = Occasion {
            network: self.network,
            input: Digest::of(input),
            made: SystemClock.now(),
            language: self.language,
            url: &self.url,
        };
        Ok(Bridged::new(&asked, &found, &occasion))
    }

    async fn found(&self, connection: &mut Connection, question: &Question) -> Result<Found, ClientError> {
        let order =
            Order { step: question.step, tier: self.tier, touches: self.touches.clone(), site: None, item: None };
        let mut body = json!({ "partner": question.partner, "order": order, "proofs": false });
        let (member, policy) = &self.policy;
        body[*member] = policy.clone();
        let body = Bytes::from(body.to_string());
        let answer: Decision = read_json(&connection.post("/v1/decisions", "application/json", body).await?)?;
        let Decision { advice, found, rules, because, standing, decided } = answer;
        Ok(Found { finding: Finding { advice, found, rules, because }, standing, as_of: decided })
    }
}

impl NotAnswered {
    /// Whether the same input may be answered later, though nobody changes anything.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Unclear(_) => false,
            Self::Registry(error) => match error {
                ClientError::Problem { status, .. } => *status >= 500 || *status == 408,
                ClientError::Unreachable { .. }
                | ClientError::Handshake { .. }
                | ClientError::Broken(_)
                | ClientError::Slow => true,
                ClientError::Address { .. } | ClientError::Tls(_) | ClientError::Unreadable(_) => false,
            },
        }
    }
}
