//! Submitting: from a connection's bytes to a receipt.
//!
//! ```text
//! bytes ──read, may the speaker carry it, signed by its issuer──▶ append ──▶ receipt
//!            credential: asked whether the rules allow it, disclosures durable in the vault, settled after
//!            erasure:    disclosures and bytes removed after
//! ```
//!
//! What has to be finished once it has begun runs in a task of its own: a client that hangs up leaves nothing half done, only
//! nobody who reads the receipt. What a crash interrupts, the next start finishes. Out of scope: the rules (`conformity`), and
//! which place a statement gets (the sequencer).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use certs::{Identity, Speaker};
use conformity::digest::Digest;
use conformity::ids::PartyId;
use conformity::party::Role;
use conformity::records::Facts;
use conformity::refusal::Refusal;
use conformity::statement::{Claim, Statement};

use super::disclosures::DisclosureError;
use super::intake::{self, Candidate, IntakeError, Repeated, Submission, Unopened};
use super::log_keys;
use super::registry::Registry;
use super::requirements;
use super::sequencer::{Receipt, SequenceError, instant};
use crate::vault::VaultError;

/// Why a submission was not acknowledged. Nothing changed, unless it says otherwise.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubmitError {
    /// Not a statement signed by its issuer.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// Refused by the rules, or not stored.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
    /// What a credential keeps back could not be kept.
    #[error(transparent)]
    Disclosures(#[from] Arc<DisclosureError>),
    /// The log would name a key with which this registry cannot sign.
    #[error(
        "this registry does not hold the new log key in keys/log-next.pem; make the change with `registry-node log rotate-key`"
    )]
    LogKeyNotHeld,
    /// What the log holds, against which it is checked, cannot be read.
    #[error("the log cannot be read: {0}")]
    Unreadable(String),
    /// The connection belongs to somebody else.
    #[error("this connection speaks for {caller}, the statement is signed by {issuer}; send your own statements")]
    OtherIssuer {
        /// Holder of the certificate.
        caller: String,
        /// `iss` of the statement.
        issuer: PartyId,
    },
}

impl From<DisclosureError> for SubmitError {
    fn from(error: DisclosureError) -> Self {
        Self::Disclosures(Arc::new(error))
    }
}

impl From<VaultError> for SubmitError {
    fn from(error: VaultError) -> Self {
        DisclosureError::Vault(error).into()
    }
}

/// The sweeps of the vault that were asked for, and up to which of them all are done.
#[derive(Default)]
pub struct Sweeps {
    asked: AtomicU64,
    done: tokio::sync::Mutex<u64>,
}

impl Registry {
    /// Takes a statement from a connection: verified, decided, durable, then acknowledged.
    ///
    /// The connection must speak for the issuer. The operator may also carry statements of others, such as a body's own
    /// signature collected on paper forms; the signature counts, not the carrier.
    ///
    /// What is refused before it is queued, is so at the first poll.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing changed then.
    pub async fn submit(
        self: &Arc<Self>,
        compact: Bytes,
        attachments: Vec<Bytes>,
        speaker: &Speaker,
    ) -> Result<Receipt, SubmitError> {
        let claimed = intake::read_submission(compact, attachments)?;
        let issuer = claimed.issuer();
        // Before the register is asked anything: a refusal from there would tell who takes part.
        if !may_carry(speaker, issuer) {
            return Err(SubmitError::OtherIssuer { caller: caller_name(speaker), issuer: issuer.clone() });
        }
        match claimed.verify(&self.read_model)? {
            Submission::New(candidate) => self.submit_statement(candidate).await,
            Submission::Credential(unopened) => self.submit_credential(unopened).await,
            Submission::Repeated(repeated) => self.repeat(repeated).await,
        }
    }

    async fn submit_statement(self: &Arc<Self>, candidate: Candidate) -> Result<Receipt, SubmitError> {
        self.names_requirements(&candidate).await?;
        let candidate = self.with_next_log_key(candidate).await?;
        let statement = Arc::clone(candidate.statement());
        let taken = self.sequencer.offer(candidate)?;
        let Claim::StatementErased(erased) = &statement.claim else { return Ok(taken.await?) };
        let (registry, index) = (Arc::clone(self), erased.index);
        to_the_end(async move {
            let receipt = taken.await?;
            registry.carry_out(index).await?;
            Ok(receipt)
        })
        .await
    }

    /// Refuses a crosswalk that names requirements which its documents do not have, as far as their catalogues rest here. The rules have no
    /// catalogues at hand; logs in which such a crosswalk stands stay as they are.
    async fn names_requirements(self: &Arc<Self>, candidate: &Candidate) -> Result<(), SubmitError> {
        let Some((publication, maps)) = candidate.published_crosswalk() else { return Ok(()) };
        let documents: Vec<_> = {
            let register = self.read_model.register();
            let may = |role| matches!(role, Role::Operator | Role::Authority);
            // The rules refuse it from others; nothing is read for them.
            if !register.party(&candidate.statement().iss).is_some_and(|record| may(record.party.role)) {
                return Ok(());
            }
            [&publication.source, &publication.target].into_iter().filter_map(|one| register.document(one)).collect()
        };
        let maps = maps.clone();
        let invented = self.blocking(move |registry| {
            requirements::invented(&registry.log, &documents, &maps)
                .map_err(|error| SubmitError::Unreadable(format!("{error:#}")))
        });
        match invented.await? {
            Some((document, requirement)) => {
                let because = format!("they name {requirement}, which the catalogue of {document} does not have");
                Err(SequenceError::Refused(Refusal::CrosswalkUnreadable { because }).into())
            }
            None => Ok(()),
        }
    }

    /// A change of the log's key with the key that takes over, if it rests here; anything else as it is.
    async fn with_next_log_key(self: &Arc<Self>, candidate: Candidate) -> Result<Candidate, SubmitError> {
        let Some(change) = candidate.log_key_change() else { return Ok(candidate) };
        // The rules refuse it from others; no key is opened for them.
        if candidate.statement().iss != self.genesis.operator.id
            || change.from.as_str() != self.log.keys().newest().to_string()
        {
            return Ok(candidate);
        }
        let wanted = change.to.to_string();
        let (file, origin) = (self.folder.next_log_key(), self.config.registry.origin.clone());
        let held = tokio::task::spawn_blocking(move || log_keys::signer(&file, &origin)).await;
        match held {
            Ok(Ok(key)) if key.verifier().to_string() == wanted => Ok(candidate.with_next_log_key(key)),
            _ => Err(SubmitError::LogKeyNotHeld),
        }
    }

    /// Removes what the log says is erased: the bytes from the journal, and what credentials of the verdict kept back, and
    /// who saw it, from the vault. Both homes are asked, whatever the first of them answers; doing it again does no harm.
    async fn carry_out(self: &Arc<Self>, index: u64) -> Result<(), SubmitError> {
        let detail = self.sweep().await;
        let bytes = self.sequencer.erase(index).await;
        self.feed.forget();
        // The log holds the erasure by now.
        detail.map_err(|error| SequenceError::NotErased(error.to_string()))?;
        Ok(bytes?)
    }

    /// Sweeps what belongs to nothing any more out of the vault. One sweep serves all who asked before it began: each looks at
    /// everything that is kept.
    async fn sweep(self: &Arc<Self>) -> Result<(), SubmitError> {
        let asked = self.sweeps.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut done = self.sweeps.done.lock().await;
        if *done >= asked {
            return Ok(());
        }
        let served = self.sweeps.asked.load(Ordering::SeqCst);
        self.blocking(|registry| {
            registry.disclosures.sweep_by(&registry.read_model)?;
            registry.uses.sweep()?;
            Ok(registry.vault.shred()?)
        })
        .await?;
        *done = served;
        Ok(())
    }

    async fn submit_credential(self: &Arc<Self>, unopened: Unopened) -> Result<Receipt, SubmitError> {
        let statement = unopened.candidate().statement();
        if let Claim::CredentialIssued(credential) = &statement.claim
            && !self.slots.is_reserved(credential.slot, &statement.iss, self.now())
        {
            return Err(IntakeError::Slot(credential.slot).into());
        }
        // Asked before anything of it is kept: what is refused leaves nothing in the vault.
        self.allows(unopened.candidate())?;
        let room = self.disclosures.room(&statement.iss, unopened.bytes()).ok_or(SequenceError::Busy)?;
        let registry = Arc::clone(self);
        to_the_end(async move {
            let _room = room;
            registry.take_credential(unopened).await
        })
        .await
    }

    /// Whether the rules would take it now; the sequencer decides again, at the place that it gets.
    fn allows(&self, candidate: &Candidate) -> Result<(), IntakeError> {
        let index = self.log.size();
        let last = self.log.time_of(index.saturating_sub(1)).unwrap_or_default();
        match candidate.decide(&*self.read_model.register(), index, self.now().max(instant(last))) {
            Ok(_) | Err(Refusal::Duplicate { .. }) => Ok(()),
            Err(refusal) => Err(IntakeError::Refused(refusal)),
        }
    }

    /// What it keeps back is durable before the log takes it.
    async fn take_credential(self: &Arc<Self>, unopened: Unopened) -> Result<Receipt, SubmitError> {
        // Up to a mebibyte is hashed and parsed: not on a thread that answers others.
        let (candidate, whole) = self.blocking(move |registry| Ok(unopened.open(&registry.read_model)?)).await?;
        let (digest, statement) = (candidate.digest(), Arc::clone(candidate.statement()));
        let kept = self.blocking(move |registry| Ok(registry.disclosures.keep(digest, &whole)?)).await;
        let outcome = match kept {
            Ok(()) => self.sequencer.append(candidate).await.map_err(SubmitError::from),
            Err(error) => Err(error),
        };
        // After a failed sync nobody knows what the log holds: it stays under way, and the next start knows.
        if matches!(outcome, Err(SubmitError::Sequence(SequenceError::Stopped))) {
            return outcome;
        }
        let taken = outcome.is_ok();
        if let Err(error) = self.blocking(move |registry| registry.settle(&statement, digest, taken)).await {
            tracing::warn!(%error, "what a refused credential keeps back is erased by the next sweep only");
        }
        outcome
    }

    fn settle(&self, statement: &Statement, digest: Digest, taken: bool) -> Result<(), SubmitError> {
        if let Claim::CredentialIssued(credential) = &statement.claim
            && (taken || self.holds(statement, digest))
        {
            self.slots.used(credential.slot);
        }
        Ok(self.disclosures.settle(digest, || self.holds(statement, digest))?)
    }

    /// Whether the log holds the statement, and nothing that it rests on was erased.
    fn holds(&self, statement: &Statement, digest: Digest) -> bool {
        let record = self.read_model.register().statement(&statement.iss, &statement.jti);
        record.is_some_and(|record| record.digest == digest)
    }

    /// The first answer again. What the first try may have left undone is done now.
    async fn repeat(self: &Arc<Self>, repeated: Repeated) -> Result<Receipt, SubmitError> {
        let receipt = Receipt { index: repeated.index(), at: self.now(), size: *self.size.borrow(), repeated: true };
        match &repeated.statement().claim {
            Claim::StatementErased(erased) => {
                let (registry, index) = (Arc::clone(self), erased.index);
                to_the_end(async move { registry.carry_out(index).await }).await?;
            }
            Claim::CredentialIssued(_) => {
                let body = &repeated.statement().iss;
                let room = self.disclosures.room(body, repeated.bytes()).ok_or(SequenceError::Busy)?;
                let complete = move |registry: &Registry| {
                    let _room = room;
                    registry.complete(&repeated)
                };
                self.blocking(complete).await?;
            }
            _ => {}
        }
        Ok(receipt)
    }

    /// Keeps what a credential of the log discloses if the vault lacks it, as it may after a crash or an older backup.
    fn complete(&self, repeated: &Repeated) -> Result<(), SubmitError> {
        let (statement, digest) = (repeated.statement(), repeated.digest());
        let Claim::CredentialIssued(credential) = &statement.claim else { return Ok(()) };
        let record = self.read_model.register().credential(credential.slot);
        let (Some(record), false) = (record, self.disclosures.has(&digest)?) else { return Ok(()) };
        let Some(whole) = repeated.open(&self.read_model, record.issued)? else { return Ok(()) };
        let kept = self.disclosures.keep(digest, whole);
        self.disclosures.settle(digest, || self.holds(statement, digest))?;
        Ok(kept?)
    }

    /// Runs `work` on a thread that may wait for the disk; it ends even if nobody waits for it.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Registry) -> Result<T, SubmitError> + Send + 'static,
    ) -> Result<T, SubmitError> {
        let registry = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&registry)).await.map_err(DisclosureError::Task)?
    }
}

/// Does `work` to its end, even if nobody waits for it.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, SubmitError>> + Send + 'static,
) -> Result<T, SubmitError> {
    tokio::spawn(work).await.map_err(DisclosureError::Task)?
}

fn may_carry(speaker: &Speaker, issuer: &PartyId) -> bool {
    match &speaker.identity {
        Identity::Party { role, id } => id == issuer || *role == Role::Operator,
        _ => false,
    }
}

fn caller_name(speaker: &Speaker) -> String {
    match &speaker.identity {
        Identity::Party { role, id } => format!("{role} {id}"),
        _ => "no party".to_owned(),
    }
}
