//! `credential present`: a holder shows chosen parts of a credential, to whom he likes or to the registry itself.
//!
//! In scope: choosing, binding to an occasion, and the way to the registry (`POST /v1/presentations`). Out of scope: verifying what
//! somebody else shows.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{bail, ensure};
use bytes::Bytes;
use clap::Args;
use conformity::credential::CredentialStatus;
use conformity::ids::{RegistryId, VerdictRef};
use credential::sd_jwt::{Disclosed, MAX_TEXT, Pointer, Presentation, REGISTRY, Unverified};
use ledger::key::{PublicKey, SigningKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::context::{Context, read_input, wait};
use super::credential::SD_JWT;
use super::output;
use crate::client::{Client, Connection, read_json};
use crate::clock::{Clock, SystemClock};

/// Make a presentation that shows chosen parts of a credential
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node credential present V-1.sd-jwt --issuer cb-1.jwk --list
  registry-node credential present V-1.sd-jwt --issuer cb-1.jwk --show /verdict/reach/level --out shown.sd-jwt
  registry-node credential present V-1.sd-jwt --issuer cb-1.jwk --show /verdict --key supplier.pem --audience https://buyer.example --nonce 7c1f --out shown.sd-jwt
  registry-node --as supplier-1 credential present V-1.sd-jwt --issuer cb-1.jwk --show /verdict --to jp

--show names a place (JSON Pointer) and everything in it, which leaves with what it stands in; nothing else that is kept back leaves this
machine. What can only be shown as a whole is refused in part. --key, --audience and --nonce bind the presentation to one occasion, as verifiers ask for. --to presents it to the registry that the
credential is of, which says whether it holds: the occasion is the registry's, for this once; the key is the one with which the
credentials sign, unless --key names another.")]
pub(super) struct Present {
    /// The credential
    credential: PathBuf,
    /// Public key of the body that issued it (JWK)
    #[arg(long, value_name = "FILE")]
    issuer: PathBuf,
    /// A place to show, with everything in it; may be given again
    #[arg(long, value_name = "POINTER")]
    show: Vec<Pointer>,
    /// List what can be shown, and do nothing else
    #[arg(long, conflicts_with_all = ["show", "key", "out", "to"])]
    list: bool,
    /// Present it to the registry of this id, with the credentials that you have there
    #[arg(long, value_name = "REGISTRY", conflicts_with_all = ["audience", "nonce"])]
    to: Option<RegistryId>,
    /// Key of the holder, to bind the presentation
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// For whom it is made
    #[arg(long, value_name = "TEXT", requires_all = ["key", "nonce"])]
    audience: Option<String>,
    /// The verifier's nonce
    #[arg(long, value_name = "TEXT", requires_all = ["key", "audience"])]
    nonce: Option<String>,
    /// Where to write it
    #[arg(long, value_name = "FILE", required_unless_present_any = ["list", "to"])]
    out: Option<PathBuf>,
}

/// The occasion that a registry offers.
#[derive(Deserialize)]
struct Occasion {
    nonce: String,
    audience: String,
}

/// What a registry says of a presentation that holds.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    verdict: VerdictRef,
    credential: u64,
    status: CredentialStatus,
    holder: String,
    shown: Vec<String>,
}

impl Present {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let credential = self.read()?;
        if self.list {
            let places: Vec<&str> = credential.concealable().iter().map(|one| one.pointer().as_str()).collect();
            return context.answer(&json!(places), |_| places.join("\n"));
        }
        let presentation = self.chosen(&credential)?;
        if let Some(registry) = &self.to {
            return self.present_to(registry, context, presentation);
        }
        let text = match (&self.key, &self.audience, &self.nonce) {
            (Some(key), Some(audience), Some(nonce)) => bound(presentation, &token::open_key(key)?, audience, nonce)?,
            (None, ..) => presentation.as_str().to_owned(),
            (Some(_), ..) => bail!("to bind it with --key, say for which occasion: --audience and --nonce, or --to"),
        };
        let Some(out) = &self.out else { bail!("say where to write it, with --out") };
        output::write_private(out, text.as_bytes())?;
        context.answer(&json!({ "presentation": out }), |_| out.display().to_string())
    }

    fn read(&self) -> anyhow::Result<Disclosed> {
        let text = String::from_utf8(read_input(&self.credential, MAX_TEXT as u64)?)?;
        let key = PublicKey::from_jwk(&String::from_utf8(read_input(&self.issuer, 4096)?)?)?;
        let verified = Unverified::parse(text.trim(), REGISTRY)?.verify(&key)?;
        Ok(verified.disclose()?)
    }

    fn chosen(&self, credential: &Disclosed) -> anyhow::Result<Presentation> {
        let payload = Value::Object(credential.payload().clone());
        let places: Vec<&Pointer> = credential.concealable().iter().map(|one| one.pointer()).collect();
        for wanted in &self.show {
            let there = payload.pointer(wanted.as_str()).is_some();
            ensure!(there, "nothing that is kept back stands at {wanted}; --list says what there is");
            can_be_shown(&places, wanted)?;
        }
        Ok(credential.present(|place| self.show.iter().any(|wanted| wanted.contains(place))))
    }

    /// Asks the registry for an occasion, binds the presentation to it, and says what the registry makes of it.
    fn present_to(
        &self,
        registry: &RegistryId,
        context: &Context,
        presentation: Presentation,
    ) -> anyhow::Result<ExitCode> {
        let credentials = context.credentials()?;
        let own = &credentials.about;
        ensure!(
            own.registry == *registry,
            "these are credentials at {}, not at {registry}: name others with --as",
            own.registry
        );
        let key = self.key.as_deref().map_or_else(|| Ok(credentials.signing_key()?), open)?;
        let held: Held = wait(async {
            let mut connection =
                Client::with_credentials(&credentials)?.in_language(context.language).connect().await?;
            let occasion = occasion(&mut connection, &own.url).await?;
            let text = bound(presentation, &key, &occasion.audience, &occasion.nonce)?;
            if let Some(out) = &self.out {
                output::write_private(out, text.as_bytes())?;
            }
            Ok(read_json(&connection.post("/v1/presentations", SD_JWT, text.into()).await?)?)
        })?;
        context.answer(&held, render)
    }
}

/// Refuses what cannot be shown without more that is kept back with it.
fn can_be_shown(places: &[&Pointer], wanted: &Pointer) -> anyhow::Result<()> {
    if places.iter().any(|place| wanted.contains(place)) {
        return Ok(());
    }
    // Those in which it stands are each within the next, so the longest is the innermost.
    let whole = places.iter().filter(|place| place.contains(wanted)).max_by_key(|place| place.as_str().len());
    match whole {
        Some(whole) => bail!("{wanted} is shown only with all of {whole}: show that, or leave it out"),
        None => bail!("nothing that is kept back stands at {wanted}; --list says what there is"),
    }
}

/// An occasion of the registry at `url`, and of nobody else: it could pass on what is bound to another's.
async fn occasion(connection: &mut Connection, url: &str) -> anyhow::Result<Occasion> {
    let answer = connection.post("/v1/presentations/nonces", "application/json", Bytes::new()).await?;
    let occasion: Occasion = read_json(&answer)?;
    ensure!(
        occasion.audience == url,
        "the registry at {url} calls itself {}: nothing was presented; bring the address in credentials.toml up to date if it moved",
        occasion.audience
    );
    Ok(occasion)
}

fn open(key: &Path) -> anyhow::Result<SigningKey> {
    Ok(token::open_key(key)?)
}

fn bound(presentation: Presentation, key: &SigningKey, audience: &str, nonce: &str) -> anyhow::Result<String> {
    Ok(presentation.bind(key, audience, nonce, SystemClock.now().as_second())?)
}

fn render(held: &Held) -> String {
    let mut text = format!(
        "it holds: credential {} of {}, status {}, shown by the holder of key {}",
        held.credential,
        held.verdict,
        json!(held.status).as_str().unwrap_or_default(),
        held.holder
    );
    for place in &held.shown {
        // Writing to a text cannot fail.
        let _ = write!(text, "\n  {place}");
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_kept_back_as_a_whole_is_not_shown_for_a_part_of_it() {
        let places =
            ["/verdict/reach/sites", "/verdict/reach/level", "/verdict/reach"].map(|place| place.parse().unwrap());
        let places: Vec<&Pointer> = places.iter().collect();
        let asked = |wanted: &str| can_be_shown(&places, &wanted.parse().unwrap()).map_err(|error| error.to_string());
        for whole in ["", "/verdict", "/verdict/reach", "/verdict/reach/sites"] {
            assert_eq!(asked(whole), Ok(()), "{whole}");
        }
        for (part, whole) in
            [("/verdict/reach/sites/0", "all of /verdict/reach/sites:"), ("/verdict/reach/x", "all of /verdict/reach:")]
        {
            assert!(asked(part).unwrap_err().contains(whole), "{part}: {:?}", asked(part));
        }
        assert!(asked("/verdict/registry").unwrap_err().contains("--list"), "kept back from nobody");
    }
}
