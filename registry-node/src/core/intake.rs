//! Intake: from bytes that anyone may have sent to a statement that its named issuer signed.
//!
//! One type per stage: bytes, [`Claimed`] (well formed), [`Candidate`] (signed by a key that the register holds for its
//! issuer); a credential is [`Unopened`] in between, until somebody has looked at what it discloses. Whether the statement is
//! allowed is the sequencer's to decide, at the place that it gets.
//!
//! The register is first asked for [`Claimed::verify`]: whoever may not carry the statement is turned away before, and
//! learns from the refusal neither who takes part nor what they said.

use std::sync::Arc;

use bytes::Bytes;
use conformity::bulletin::Enacted;
use conformity::credential::{Reach, StatusSlot};
use conformity::crosswalk::Publication;
use conformity::decide::{Place, decide, first_time, signing_key};
use conformity::digest::Digest;
use conformity::genesis::LogKeyChanged;
use conformity::handle::admissible;
use conformity::ids::{LevelCode, PartyId};
use conformity::key::KeyId;
use conformity::records::{Facts, Record};
use conformity::refusal::Refusal;
use conformity::scheme::Scheme;
use conformity::statement::{Claim, Kind, Statement};
use conformity::time::Moment;
use conformity::verdict::{Profile, Snapshot, VerdictRecord};
use credential::attestation::{Attestation, ReadError, read};
use credential::certificates;
use credential::jwt;
use credential::sd_jwt::{self, MAX_TEXT, REGISTRY};
use credential::statement::{StatementError, read_unverified};
use jiff::Timestamp;
use ledger::entry;
use ledger::jws::{Form, JwsError, Unverified, Verified, VerifyError};
use ledger::key::{KeyError, PublicKey};
use ledger::log::Draft;
use ledger::note::NoteSigner;

use super::read_model::ReadModel;

/// Bytes of one attachment.
pub const MAX_ATTACHMENT: usize = 16 * 1024 * 1024;

/// Why bytes did not become a candidate. Nothing changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IntakeError {
    /// Not one compact JWS as the specification has it.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The payload is not exactly one statement.
    #[error(transparent)]
    Malformed(#[from] StatementError),
    /// Nobody is known under that name and key, or not now.
    #[error(transparent)]
    Unknown(#[from] Refusal),
    /// The rules refuse it as things stand now.
    #[error(transparent)]
    Refused(Refusal),
    /// The registered key does not pass the strict rule.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature is not the issuer's.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// An attachment that the statement does not name, or that is too large: the log keeps nothing that nobody can ask for.
    #[error("a statement brings the attachment whose digest it names, of at most {MAX_ATTACHMENT} bytes, and no other")]
    Attachments,
    /// A credential without its disclosures, or disclosures without a credential.
    #[error(
        "a credential comes whole: the signed part, a tilde, and each disclosure with a tilde behind it; nothing else does"
    )]
    NotWhole,
    /// A slot that the registry did not hand out to this body, or not lately.
    #[error("status slot {0} does not wait for this body; ask for one at /v1/status-slots")]
    Slot(StatusSlot),
    /// A credential with more disclosures than are looked at.
    #[error("a credential has at most {MAX_TEXT} bytes with all its disclosures, not {0}")]
    TooLong(usize),
    /// Disclosures that do not belong to the credential, or say what it must not.
    #[error("the credential is not taken: {0}")]
    Credential(String),
}

/// What says of itself that it is a statement of its issuer. Nobody has looked at the signature.
#[derive(Debug, Clone)]
pub struct Claimed {
    statement: Statement,
    unverified: Unverified,
    digest: Digest,
    attachments: Vec<Bytes>,
    whole: Option<Bytes>,
}

/// A statement that its issuer signed, on its way to the sequencer.
#[derive(Debug, Clone)]
pub struct Candidate {
    statement: Arc<Statement>,
    verified: Verified,
    attachments: Vec<Bytes>,
    kept_back: Option<Reach>,
    next_log_key: Option<Arc<NoteSigner>>,
}

/// A credential that its issuer signed. Nobody has looked at what it discloses.
#[derive(Debug, Clone)]
pub struct Unopened {
    candidate: Candidate,
    whole: Bytes,
    key: Arc<PublicKey>,
}

/// The very bytes that are in the log already; the answer is the same for ever, whatever became of the key.
#[derive(Debug, Clone)]
pub struct Repeated {
    index: u64,
    statement: Statement,
    digest: Digest,
    kid: KeyId,
    whole: Option<Bytes>,
}

/// What a submission turned out to be.
#[derive(Debug, Clone)]
pub enum Submission {
    /// A statement that is not in the log yet.
    New(Candidate),
    /// A credential that is not in the log yet.
    Credential(Unopened),
    /// What is in the log.
    Repeated(Repeated),
}

/// Checks the form, and that nothing comes along which the statement does not name. A credential comes with its
/// disclosures; the statement is its signed part.
///
/// # Errors
/// [`IntakeError`]: the submitter's fault, always.
pub fn read_submission(bytes: Bytes, attachments: Vec<Bytes>) -> Result<Claimed, IntakeError> {
    let (compact, whole) = take_apart(bytes)?;
    let unverified = Unverified::parse(compact)?;
    let digest = Digest::from_bytes(*unverified.digest().as_bytes());
    if whole.is_some() != (unverified.form() == Form::Credential) {
        return Err(IntakeError::NotWhole);
    }
    let statement = read_unverified(&unverified)?;
    let named = statement.attachment();
    let fits = |bytes: &Bytes| bytes.len() <= MAX_ATTACHMENT && named == Some(Digest::of(bytes));
    if attachments.len() > 1 || !attachments.iter().all(fits) {
        return Err(IntakeError::Attachments);
    }
    Ok(Claimed { statement, unverified, digest, attachments, whole })
}

/// The signed part, and the whole if there is more.
fn take_apart(bytes: Bytes) -> Result<(Bytes, Option<Bytes>), IntakeError> {
    match bytes.iter().position(|byte| *byte == b'~') {
        None => Ok((bytes, None)),
        Some(_) if bytes.len() > MAX_TEXT => Err(IntakeError::TooLong(bytes.len())),
        Some(end) => Ok((bytes.slice(..end), Some(bytes))),
    }
}

impl Claimed {
    /// Who is said to have signed it.
    pub fn issuer(&self) -> &PartyId {
        &self.statement.iss
    }

    /// Checks the signature against the keys that the register holds.
    ///
    /// # Errors
    /// [`IntakeError`]: the submitter's fault, always.
    pub fn verify(self, read_model: &ReadModel) -> Result<Submission, IntakeError> {
        let Claimed { statement, unverified, digest, attachments, whole } = self;
        let kid = KeyId::from_bytes(*unverified.kid().as_bytes());
        let jwk = {
            let register = read_model.register();
            match first_time(&*register, &statement, &digest) {
                Err(Refusal::Duplicate { index }) => {
                    return Ok(Submission::Repeated(Repeated { index, statement, digest, kid, whole }));
                }
                first => first?,
            }
            // What the register holds was sequenced before whatever comes now, however the clock stands.
            signing_key(&*register, &statement, &kid, Timestamp::MAX)?
        };
        admissible(&statement.claim).map_err(IntakeError::Refused)?;
        let key = read_model.public_key(kid, &jwk)?;
        let candidate = Candidate::new(statement, unverified.verify(&key)?, attachments);
        Ok(match whole {
            None => Submission::New(candidate),
            Some(whole) => Submission::Credential(Unopened { candidate, whole, key }),
        })
    }
}

impl Unopened {
    /// The credential, as its issuer signed it.
    pub fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// How many bytes it has with all that it discloses.
    pub fn bytes(&self) -> usize {
        self.whole.len()
    }

    /// Looks at what it discloses; answers it with all of that.
    ///
    /// # Errors
    /// [`IntakeError`]: the submitter's fault, always.
    pub fn open(self, read_model: &ReadModel) -> Result<(Candidate, Bytes), IntakeError> {
        let Unopened { mut candidate, whole, key } = self;
        candidate.kept_back = Some(disclosed(&whole, &key, &candidate.statement, read_model)?);
        candidate.same_reach(&*read_model.register()).map_err(IntakeError::Refused)?;
        Ok((candidate, whole))
    }
}

impl Repeated {
    /// Where it stands in the log.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// What it says.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The digest that the entry commits to.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// How many bytes it has with all that it discloses, if it came whole.
    pub fn bytes(&self) -> usize {
        self.whole.as_ref().map_or(0, Bytes::len)
    }

    /// Looks at what a credential discloses, which was issued then; answers it with all of that, if it came whole.
    ///
    /// # Errors
    /// [`IntakeError`]: the submitter's fault, always.
    pub fn open(&self, read_model: &ReadModel, issued: Moment) -> Result<Option<&Bytes>, IntakeError> {
        let Some(whole) = &self.whole else { return Ok(None) };
        // Key and verdict of that time: whatever became of them since changes nothing about what was taken.
        let jwk = signing_key(&*read_model.register(), &self.statement, &self.kid, issued.at)?;
        let kept_back = disclosed(whole, &*read_model.public_key(self.kid, &jwk)?, &self.statement, read_model)?;
        let then = |record: &VerdictRecord| record.after_entry(issued.index);
        same_reach(&self.statement, &kept_back, then, &*read_model.register()).map_err(IntakeError::Refused)?;
        Ok(Some(whole))
    }
}

/// Checks what a credential discloses, which the log's rules never see: it belongs to the signed part, nothing of it is
/// missing that a credential needs, and levels are those of the scheme. Answers the reach that it keeps back.
fn disclosed(
    whole: &Bytes,
    key: &PublicKey,
    statement: &Statement,
    read_model: &ReadModel,
) -> Result<Reach, IntakeError> {
    let refuse = |why: &dyn std::fmt::Display| IntakeError::Credential(why.to_string());
    let text = std::str::from_utf8(whole).map_err(|error| refuse(&error))?;
    let unverified = sd_jwt::Unverified::parse(text, REGISTRY).map_err(|error| refuse(&error))?;
    let verified = unverified.verify(key).map_err(|error: jwt::VerifyError| refuse(&error))?;
    let disclosed = verified.disclose().map_err(|error| refuse(&error))?;
    let attestation = read(disclosed.payload()).map_err(|error: ReadError| refuse(&error))?;
    if disclosed.has_key_binding() || statement.claim != Claim::CredentialIssued(Arc::clone(&attestation.credential)) {
        return Err(IntakeError::NotWhole);
    }
    let scheme = read_model.register().scheme(&attestation.credential.scheme);
    let known = read_model.register().verdict(&attestation.credential.verdict);
    let declared = known.is_some_and(|record| record.terms.provenance.self_declared().is_some());
    complete(&attestation, scheme.as_ref().map(|record| &*record.scheme), declared).map_err(|why| refuse(&why))?;
    Ok(attestation.detail.reach.unwrap_or_default())
}

/// The reach that a credential of a restricted verdict keeps back is the verdict's, whole. In the log a summary verdict has none
/// to compare with, and an open one keeps none back.
fn same_reach(
    statement: &Statement,
    kept_back: &Reach,
    then: impl Fn(&VerdictRecord) -> Option<Snapshot>,
    facts: &impl Facts,
) -> Result<(), Refusal> {
    let Claim::CredentialIssued(credential) = &statement.claim else { return Ok(()) };
    let record = facts.verdict(&credential.verdict).filter(|record| record.terms.profile == Profile::Restricted);
    match record.and_then(|record| then(&record)) {
        Some(verdict) if Reach::of(&verdict) != *kept_back => {
            Err(Refusal::CredentialDiffers { verdict: credential.verdict.clone(), member: "reach" })
        }
        _ => Ok(()),
    }
}

/// `declared`: whether nobody but the supplier stands behind the levels, so that only those for declarations may be told.
fn complete(attestation: &Attestation, scheme: Option<&Scheme>, declared: bool) -> Result<(), &'static str> {
    let assessments = &attestation.detail.assessments;
    let told =
        |viewpoint| assessments.get(&viewpoint).is_some_and(|one| one.level.is_some() || !one.results.is_empty());
    if !attestation.credential.viewpoints.iter().all(told) {
        return Err("each viewpoint has a level or a result");
    }
    let reach = attestation.detail.reach.iter().filter_map(|reach| reach.level.as_ref());
    let mut levels = reach.chain(assessments.values().filter_map(|one| one.level.as_ref()));
    let known = |scheme: &Scheme, level: &LevelCode| match (&scheme.self_declaration, declared) {
        (Some(terms), true) => terms.levels.contains(level),
        (None, true) => false,
        (_, false) => scheme.levels.contains(level),
    };
    if scheme.is_some_and(|scheme| levels.any(|level| !known(scheme, level))) {
        return Err("a level is none of the scheme's, or one that it leaves to bodies");
    }
    Ok(())
}

impl Candidate {
    /// A statement with the proof that its issuer signed it.
    pub fn new(statement: Statement, verified: Verified, attachments: Vec<Bytes>) -> Candidate {
        Candidate { statement: Arc::new(statement), verified, attachments, kept_back: None, next_log_key: None }
    }

    /// The change of the log's key that it states, if it states one.
    pub fn log_key_change(&self) -> Option<&LogKeyChanged> {
        match &self.statement.claim {
            Claim::LogKeyChanged(change) => Some(change),
            _ => None,
        }
    }

    /// The crosswalk that it publishes, alone or by a bulletin, with its maps as they came along.
    pub fn published_crosswalk(&self) -> Option<(&Publication, &Bytes)> {
        let publication = match &self.statement.claim {
            Claim::CrosswalkPublished(publication) => publication,
            Claim::BulletinIssued(bulletin) => match &bulletin.enacts {
                Some(Enacted::CrosswalkPublished(publication)) => publication,
                _ => return None,
            },
            _ => return None,
        };
        Some((publication, self.attachments.first()?))
    }

    /// Whether nothing may stand behind it in its commit.
    pub fn ends_commit(&self) -> bool {
        matches!(self.statement.claim, Claim::LogKeyChanged(_) | Claim::RegistryMoved(_))
    }

    /// The same with the key that takes over, which this registry must hold.
    pub fn with_next_log_key(self, key: NoteSigner) -> Candidate {
        Candidate { next_log_key: Some(Arc::new(key)), ..self }
    }

    /// The key that takes over once it is committed.
    pub fn next_log_key(&self) -> Option<&Arc<NoteSigner>> {
        self.next_log_key.as_ref()
    }

    /// Where it would stand in the log, for the rules.
    fn place(&self, index: u64, at: Timestamp) -> Place<'_> {
        Place {
            index,
            at,
            kid: self.kid(),
            digest: self.digest(),
            attachment: self.attachments.first().map(|bytes| &**bytes),
        }
    }

    /// Decides it for a place in the log: the rules, and what only its registry sees of it.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn decide<F: Facts>(&self, facts: &F, index: u64, at: Timestamp) -> Result<Vec<Record>, Refusal> {
        // The key may have been revoked since intake, even by a statement of the same batch.
        signing_key(facts, &self.statement, &self.kid(), at)?;
        let place = self.place(index, at);
        certificates::check(facts, &self.statement, &place, self.verified.certificates())?;
        let records = decide(facts, &self.statement, &place)?;
        self.same_reach(facts)?;
        Ok(records)
    }

    /// What was disclosed of a credential fits the verdict, which may have changed since intake.
    fn same_reach(&self, facts: &impl Facts) -> Result<(), Refusal> {
        let now = |record: &VerdictRecord| Some(record.now.clone());
        self.kept_back.as_ref().map_or(Ok(()), |reach| same_reach(&self.statement, reach, now, facts))
    }

    /// The key that signed it.
    fn kid(&self) -> KeyId {
        KeyId::from_bytes(*self.verified.kid().as_bytes())
    }

    /// What the log stores. The bytes are shared, not copied.
    pub fn draft(&self) -> Draft {
        let kind = match self.statement.kind() {
            Kind::Genesis => entry::Kind::Genesis,
            Kind::RecognitionDerived => entry::Kind::Recognition,
            _ => entry::Kind::Statement,
        };
        Draft { kind, statement: self.verified.compact().clone(), attachments: self.attachments.clone() }
    }

    /// The digest that the entry commits to.
    pub fn digest(&self) -> Digest {
        Digest::from_bytes(*self.verified.digest().as_bytes())
    }

    /// The statement.
    pub fn statement(&self) -> &Arc<Statement> {
        &self.statement
    }

    /// Bytes that it adds to a batch.
    pub fn bytes(&self) -> usize {
        self.verified.compact().len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }
}
