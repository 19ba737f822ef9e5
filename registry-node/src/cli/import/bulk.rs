//! Many statements in few requests, each answer believed only with its proof.

use bytes::Bytes;
use conformity::words::{Language, Params, label};
use ledger::jws::Verified;
use serde::{Deserialize, Serialize};

use crate::cli::context::{Context, wait};
use crate::cli::output;
use crate::cli::submission::{PATH, Receipt, Speaker, line};
use crate::client::{Connection, read_json};
use crate::import::Planned;

/// Statements in one request.
const BATCH: usize = 500;
/// Bytes in one request, unless a single statement needs more.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Refusals that are shown to people; `--json` shows them all.
const SHOWN: usize = 20;

/// What a submission of many came to.
#[derive(Debug, Default, Serialize)]
pub(in crate::cli) struct Outcome {
    /// Statements that the log did not hold.
    pub(in crate::cli) appended: usize,
    /// Statements that it held already.
    pub(in crate::cli) repeated: usize,
    /// Statements that the registry refused.
    pub(in crate::cli) refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
pub(in crate::cli) struct Refused {
    pub(in crate::cli) statement: String,
    pub(in crate::cli) code: String,
    pub(in crate::cli) why: String,
}

impl Outcome {
    /// For people.
    pub(super) fn render(&self, language: Language) -> String {
        let params = Params::default().with("appended", self.appended).with("repeated", self.repeated);
        let mut lines = vec![label("import-submitted", language, &params.with("refused", self.refused.len()))];
        lines.extend(
            self.refused.iter().take(SHOWN).map(|one| format!("  {}: {} ({})", one.statement, one.why, one.code)),
        );
        lines.join("\n")
    }
}

/// Signs and submits in order, many at a time.
pub(in crate::cli) fn submit(context: &Context, claims: &[Planned]) -> anyhow::Result<Outcome> {
    let speaker = Speaker::open(context)?;
    let progress = output::progress(claims.len() as u64, "submitting", context.json);
    let mut outcome = Outcome::default();
    wait(async {
        let mut connection = speaker.connect().await?;
        let mut batch = Batch::default();
        for planned in claims {
            let signed = speaker.sign(Some(planned.jti.clone()), planned.claim.clone())?;
            if !batch.takes(signed.compact().len()) {
                progress.inc(std::mem::take(&mut batch).send(&speaker, &mut connection, &mut outcome).await?);
            }
            batch.push(planned, signed)?;
        }
        progress.inc(batch.send(&speaker, &mut connection, &mut outcome).await?);
        Ok(())
    })?;
    progress.finish_and_clear();
    Ok(outcome)
}

/// Statements of one request.
#[derive(Default)]
struct Batch {
    body: Vec<u8>,
    signed: Vec<(String, Verified)>,
}

/// An answer to a line: a receipt or a problem.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Receipt(Receipt),
    Problem { r#type: String, detail: String },
}

impl Batch {
    fn takes(&self, bytes: usize) -> bool {
        self.signed.is_empty() || (self.signed.len() < BATCH && self.body.len() + bytes < BATCH_BYTES)
    }

    fn push(&mut self, planned: &Planned, signed: Verified) -> anyhow::Result<()> {
        self.body.extend(line(&signed, &attachments(planned))?);
        self.body.push(b'\n');
        self.signed.push((planned.jti.to_string(), signed));
        Ok(())
    }

    async fn send(self, speaker: &Speaker, connection: &mut Connection, outcome: &mut Outcome) -> anyhow::Result<u64> {
        if self.signed.is_empty() {
            return Ok(0);
        }
        let answers = connection.post(PATH, "application/x-ndjson", self.body.into()).await?;
        let lines = answers.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let answers: Vec<Answer> = lines.map(read_json).collect::<Result<_, _>>()?;
        for ((id, signed), answer) in self.signed.iter().zip(&answers) {
            match answer {
                Answer::Receipt(receipt) => {
                    speaker.check(connection, signed, receipt).await?;
                    if receipt.repeated { outcome.repeated += 1 } else { outcome.appended += 1 }
                }
                Answer::Problem { r#type, detail } => outcome.refused.push(Refused {
                    statement: id.clone(),
                    code: r#type.rsplit('#').next().unwrap_or_default().to_owned(),
                    why: detail.clone(),
                }),
            }
        }
        anyhow::ensure!(
            answers.len() == self.signed.len(),
            "the registry answered {} of {} statements; run the same import again, it goes on where it stopped",
            answers.len(),
            self.signed.len()
        );
        Ok(answers.len() as u64)
    }
}

/// What a statement brings along.
pub(super) fn attachments(planned: &Planned) -> Vec<Bytes> {
    planned.attachment.iter().cloned().map(Bytes::from).collect()
}
