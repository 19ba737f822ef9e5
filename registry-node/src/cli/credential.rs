//! `credential`: a body documents its verdict, its supplier fetches the document.
//!
//! Out of scope: showing it, see `present`; verifying what somebody else shows.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use clap::{Args, Subcommand};
use conformity::credential::{Credential, Reach, StatusSlot};
use conformity::ids::{DocumentRef, PartyId, SchemeRef, StatementId, VerdictId, VerdictRef};
use conformity::key::{Der, Jwk};
use conformity::scheme::Evaluation;
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{Profile, Snapshot, Verdict};
use credential::attestation::{Attestation, Detail, PAD_TO, concealed, write};
use credential::sd_jwt::{Issuance, Pieces, Presentation, SystemSalts, issue};
use ledger::jws;
use ledger::key::SigningKey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::{Context, all, read_input, wait};
use super::output;
use super::present::Present;
use super::standing::escape;
use super::submission::{Receipt, Signing, Speaker, render};
use crate::client::{Connection, read_json};
use crate::clock::{Clock, SystemClock};

/// Most bytes of a file with details.
const MAX_DETAIL: u64 = 4 * 1024 * 1024;
/// Most bytes of a file with certificates.
const MAX_CHAIN: u64 = 64 * 1024;
/// Media type of a credential on its way in.
pub(super) const SD_JWT: &str = "application/dc+sd-jwt";

/// Issue, fetch and show credentials of verdicts
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as cb-1 credential issue V-1 --assessed 2026-03-20 --detail detail.json --out V-1.sd-jwt
  registry-node --as supplier-1 credential fetch jp:V-1 --out V-1.sd-jwt")]
pub(super) struct Credentials {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Issue(Issue),
    Fetch(Fetch),
    Present(Present),
}

/// Issue the credential of a verdict as it stands now
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as cb-1 credential issue V-1 --assessed 2026-03-20 --detail detail.json --out V-1.sd-jwt
  registry-node --as cb-1 credential issue V-1 --assessed 2026-03-20 --detail detail.json --holder supplier.jwk --out V-1.sd-jwt

detail.json says what was found from each viewpoint, and, unless the verdict is open, how far it reaches:
  {\"reach\": {\"level\": \"4\", \"sites\": [\"Osaka\"], \"exclusions\": []},
   \"assessments\": {\"organization\": {\"level\": \"4\", \"results\": [
     {\"document\": \"sp800-171@r3\", \"requirement\": \"03.01.01\", \"outcome\": \"met\"}]}}}
Everything in it can later be shown part by part. With --holder only whoever has that key can present the credential. With
--x5c the credential carries certificates of your signing key, which the registry makes with certs sign --signing.")]
struct Issue {
    /// Id of the verdict
    verdict: VerdictId,
    /// Day on which the assessment ended
    #[arg(long, value_name = "DAY")]
    assessed: Day,
    /// File that says what was found
    #[arg(long, value_name = "FILE")]
    detail: PathBuf,
    /// Public key of the supplier (JWK) to bind the credential to
    #[arg(long, value_name = "FILE")]
    holder: Option<PathBuf>,
    /// Certificates of your signing key (PEM), its own first, for verifiers who live by X.509
    #[arg(long, value_name = "FILE")]
    x5c: Option<PathBuf>,
    /// Where to write the credential with everything that it discloses
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

/// Fetch the newest credential of a verdict, with what you may see of it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as supplier-1 credential fetch jp:V-1 --out V-1.sd-jwt
  registry-node --as buyer-1 credential fetch jp:V-1 --out V-1.sd-jwt")]
struct Fetch {
    /// Registry and id, such as jp:V-1
    verdict: VerdictRef,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Credentials {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Issue(command) => command.run(context),
            Command::Fetch(command) => command.run(context),
            Command::Present(command) => command.run(context),
        }
    }
}

/// The verdict as the registry answers it.
#[derive(Deserialize)]
struct Answered {
    terms: Verdict,
    now: Snapshot,
}

/// What a credential says of a scheme.
#[derive(Deserialize)]
struct SchemeItem {
    scheme: SchemeRef,
    documents: Vec<DocumentRef>,
    evaluation: Evaluation,
}

/// What a credential says of its issuer.
#[derive(Deserialize)]
struct PartyItem {
    id: PartyId,
    name: Text<256>,
}

#[derive(Deserialize)]
struct HandedOut {
    slots: Vec<StatusSlotPlace>,
}

#[derive(Deserialize)]
struct StatusSlotPlace {
    list: u32,
    index: u32,
}

impl Issue {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let speaker = Speaker::open(context)?;
        let detail: Detail = serde_json::from_slice(&read_input(&self.detail, MAX_DETAIL)?)
            .with_context(|| format!("{} is not what a credential keeps back", self.detail.display()))?;
        let holder = self.holder.as_deref().map(read_jwk).transpose()?;
        let certificates = self.x5c.as_deref().map_or_else(|| Ok(Vec::new()), read_chain)?;
        let jti = self.signing.into_id()?;
        let order = Order { verdict: self.verdict, assessed: self.assessed, holder, certificates, jti, detail };
        wait(async {
            let receipt = order.issue(&speaker, &mut speaker.connect().await?, &self.out).await?;
            context.answer(&receipt, |receipt| {
                format!(
                    "{}\n\ncredential with everything that it discloses: {}",
                    render(receipt, &speaker.genesis().origin),
                    self.out.display()
                )
            })
        })
    }
}

/// A credential that is to be issued.
pub(super) struct Order {
    /// Of which verdict.
    pub(super) verdict: VerdictId,
    /// When the assessment ended.
    pub(super) assessed: Day,
    /// To whom it is bound.
    pub(super) holder: Option<Jwk>,
    /// Certificates of the signing key.
    pub(super) certificates: Vec<Der>,
    /// The id of the statement, or a new one.
    pub(super) jti: Option<StatementId>,
    /// What it keeps back.
    pub(super) detail: Detail,
}

impl Order {
    /// Signs the credential of the verdict as it stands now, keeps it in `out`, and submits it.
    pub(super) async fn issue(
        self,
        speaker: &Speaker,
        connection: &mut Connection,
        out: &Path,
    ) -> anyhow::Result<Receipt> {
        let credential = self.credential(speaker, connection).await?;
        let attestation = Attestation {
            issuer: speaker.about().party.clone(),
            jti: self.jti.map_or_else(super::submission::new_id, Ok)?,
            iat: SystemClock.now().as_second(),
            credential: Arc::new(credential),
            detail: self.detail,
        };
        let whole = signed(speaker.key(), &attestation, &self.certificates)?;
        // Kept before it is submitted: the registry's answer may be lost, the credential must not be.
        output::write_private(out, whole.as_str().as_bytes())?;
        let jwt = whole.jwt().to_owned();
        let signed = jws::Unverified::parse(jwt.into())?.verify(speaker.key().public_key())?;
        speaker.send_as(connection, &signed, SD_JWT, whole.as_str().to_owned().into()).await
    }

    /// What the credential says in the open, as the registry has it now.
    async fn credential(&self, speaker: &Speaker, connection: &mut Connection) -> anyhow::Result<Credential> {
        let about = speaker.about();
        let verdict = VerdictRef { registry: about.registry.clone(), id: self.verdict.clone() };
        let path = format!("/v1/verdicts/{}", escape(&verdict.to_string()));
        let Answered { terms, now } = read_json(&connection.get(&path).await?)?;
        let schemes: Vec<SchemeItem> = all(connection, "/v1/schemes", "schemes").await?;
        let scheme = schemes.into_iter().find(|scheme| scheme.scheme == terms.scheme);
        let scheme = scheme.with_context(|| format!("the registry does not list scheme {}", terms.scheme))?;
        let parties: Vec<PartyItem> = all(connection, "/v1/parties", "parties").await?;
        let body = parties.into_iter().find(|party| party.id == about.party);
        let body = body.with_context(|| format!("the registry does not list {}", about.party))?;
        let evaluation = now.self_evaluation(&terms).map_or(scheme.evaluation, Into::into);
        let reach = Reach { level: now.level, sites: now.sites, exclusions: now.exclusions };
        Ok(Credential {
            origin: about.origin.clone(),
            registry: about.registry.clone(),
            did_web: speaker.genesis().did_web.clone(),
            body: body.name,
            verdict: terms.verdict,
            slot: slot(connection).await?,
            holder: self.holder,
            supplier: terms.supplier,
            object: terms.object,
            scheme: terms.scheme,
            documents: scheme.documents,
            evaluation,
            viewpoints: now.viewpoints,
            assessed: self.assessed,
            scope: now.scope,
            valid_from: terms.valid_from,
            valid_until: now.valid_until,
            profile: terms.profile,
            reach: (terms.profile == Profile::Open).then_some(reach),
        })
    }
}

/// A place in a status list.
async fn slot(connection: &mut Connection) -> anyhow::Result<StatusSlot> {
    let answer = connection.post("/v1/status-slots", "application/json", Bytes::new()).await?;
    let HandedOut { slots } = read_json(&answer)?;
    let place = slots.first().context("the registry handed out no status slot")?;
    Ok(StatusSlot::new(place.list, place.index)?)
}

/// The credential with everything that it discloses.
fn signed(key: &SigningKey, attestation: &Attestation, certificates: &[Der]) -> anyhow::Result<Presentation> {
    let payload = write(attestation)?;
    let conceal = concealed(&payload, attestation.credential.reach.is_some());
    let issuance = Issuance { payload, conceal: &conceal, pad_to: PAD_TO, certificates };
    let issued = issue(key, issuance, &mut SystemSalts::default())?;
    Ok(issued.present(|_| true))
}

impl Fetch {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let path = format!("/v1/credentials/{}", escape(&self.verdict.to_string()));
        let text = wait(async { Ok(context.reader()?.connect().await?.get(&path).await?) })?;
        output::write_private(&self.out, &text)?;
        let shown = Pieces::of(std::str::from_utf8(&text)?)?.disclosures().count();
        let answer = json!({"credential": self.out, "disclosures": shown});
        context.answer(&answer, |_| format!("{} with {shown} disclosures", self.out.display()))
    }
}

fn read_chain(path: &Path) -> anyhow::Result<Vec<Der>> {
    let chain = certs::chain_from_pem(&read_input(path, MAX_CHAIN)?)
        .with_context(|| format!("{} is not certificates in PEM", path.display()))?;
    ensure!(!chain.is_empty(), "{} holds no certificate in PEM", path.display());
    Ok(chain)
}

fn read_jwk(path: &Path) -> anyhow::Result<Jwk> {
    let value: Value = serde_json::from_slice(&read_input(path, 4096)?)?;
    serde_json::from_value(value).with_context(|| format!("{} is no public key (JWK)", path.display()))
}
