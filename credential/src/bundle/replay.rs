//! Entries become a register: each statement is signed by a key that the log itself knows as its issuer's at that time, and the
//! rules allow it after those before it. They are the rules of intake, of every replay and of every peer; there are no others here.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use conformity::decide::{Place, decide, signing_key};
use conformity::digest::Digest;
use conformity::ids::ArrangementId;
use conformity::key::{Jwk, KeyId};
use conformity::records::{Facts, Register};
use conformity::statement::Claim;
use conformity::words::Params;
use ledger::jws::Verified;
use ledger::key::PublicKey;

use super::anchor::Anchored;
use super::ground::Extract;
use super::include::Entered;
use super::step::{StepName, Steps};
use super::{Broken, Bundle, Distrust, Fault, Misbehaved};
use crate::certificates;
use crate::statement::admit;

/// What the log says, as far as the bundle shows it.
pub(super) struct Replayed {
    pub(super) register: Register,
    /// The newest credential of the verdict, by its index: a void one only where there is no other.
    pub(super) credential: Option<(u64, Verified)>,
    /// For the sake of which arrangement recognitions were derived, by index.
    pub(super) causes: HashMap<u64, ArrangementId>,
}

pub(super) fn replay(
    extract: &Extract<'_>,
    anchored: &Anchored<'_>,
    statements: Vec<Entered>,
    steps: &mut Steps,
) -> Result<Replay, Fault> {
    let mut replay = Replay::new();
    for (entered, item) in statements.into_iter().zip(extract.statements) {
        if let Claim::Genesis(_) = &entered.statement.claim {
            begins(&entered, anchored, steps)?;
        }
        replay.take(entered, item.attachment.as_deref().map(str::as_bytes), steps)?;
    }
    if replay.log_keys() != Some(anchored.keys.changes().len()) {
        return Err(Broken::Keys.into());
    }
    Ok(replay)
}

/// What was replayed says this of the verdict of a bundle.
pub(super) fn of_verdict(
    bundle: &Bundle,
    anchored: &Anchored<'_>,
    replay: Replay,
    steps: &mut Steps,
) -> Result<Replayed, Fault> {
    let Replay { register, mut credentials, causes, .. } = replay;
    let newest = register.newest_credential(&bundle.verdict.id).map(|record| record.issued.index);
    let newest = newest.and_then(|index| credentials.remove_entry(&index));
    certified(anchored, newest.as_ref().map(|(_, credential)| &credential.roots), steps)?;
    let credential = newest.map(|(index, credential)| (index, credential.verified));
    Ok(Replayed { register, credential, causes })
}

/// The certificates of the newest credential lead where the policy wants them, if it wants them.
fn certified(anchored: &Anchored<'_>, roots: Option<&BTreeSet<Digest>>, steps: &mut Steps) -> Result<(), Distrust> {
    let Some(wanted) = &anchored.trusted.ca_roots else { return Ok(()) };
    let root = roots.into_iter().flatten().find(|root| wanted.contains(root)).ok_or(Distrust::NoTrustedCaRoot)?;
    steps.held(StepName::Credential, "root-of-policy", Params::default().with("root", root));
    Ok(())
}

/// The genesis, if it is the one that the policy means.
fn begins(entered: &Entered, anchored: &Anchored<'_>, steps: &mut Steps) -> Result<(), Fault> {
    let Claim::Genesis(genesis) = &entered.statement.claim else { return Ok(()) };
    let Anchored { trusted, keys, .. } = anchored;
    if genesis.log_key.as_str() != keys.first().to_string() {
        return Err(Misbehaved::OtherLogKey { found: genesis.log_key.to_string() }.into());
    }
    let found = Digest::from_bytes(*entered.unverified.digest().as_bytes());
    let code = match trusted.genesis {
        Some(pinned) if pinned != found => return Err(Distrust::OtherGenesis { found, pinned }.into()),
        Some(_) => "genesis-pinned",
        None if keys.first() == &trusted.log => "genesis-by-key",
        None => "genesis-of-other-key",
    };
    steps.held(StepName::Genesis, code, Params::default());
    Ok(())
}

/// Going through statements in their order.
pub(super) struct Replay {
    pub(super) register: Register,
    keys: HashMap<KeyId, PublicKey>,
    /// By index: which of them counts is known at the end, when all is said.
    credentials: HashMap<u64, Issued>,
    causes: HashMap<u64, ArrangementId>,
}

/// A credential, and the roots to which its certificates lead.
struct Issued {
    verified: Verified,
    roots: BTreeSet<Digest>,
}

impl Replay {
    /// Before the first.
    pub(super) fn new() -> Self {
        let (keys, credentials, causes) = Default::default();
        Self { register: Register::part(), keys, credentials, causes }
    }

    pub(super) fn take(
        &mut self,
        entered: Entered,
        attachment: Option<&[u8]>,
        steps: &mut Steps,
    ) -> Result<(), Misbehaved> {
        let Entered { index, at, unverified, statement } = entered;
        let refused = |refusal| Misbehaved::Refused { index, refusal };
        let kid = KeyId::from_bytes(*unverified.kid().as_bytes());
        let jwk = signing_key(&self.register, &statement, &kid, at).map_err(refused)?;
        let key = self.key(index, kid, &jwk)?;
        let verified = unverified.verify(key).map_err(|error| Misbehaved::Signature { index, error })?;
        let digest = Digest::from_bytes(*verified.digest().as_bytes());
        let place = Place { index, at, kid, digest, attachment };
        let roots =
            certificates::check(&self.register, &statement, &place, verified.certificates()).map_err(refused)?;
        let records = decide(&self.register, &statement, &place).map_err(refused)?;
        records.into_iter().for_each(|record| self.register.insert(record));
        match &statement.claim {
            Claim::CredentialIssued(_) => drop(self.credentials.insert(index, Issued { verified, roots })),
            Claim::RecognitionDerived(claim) => {
                self.causes.extend(claim.cause.arrangement().map(|id| (index, id.clone())))
            }
            _ => {}
        }
        let params = Params::default().with("index", index).with("at", at).with("kind", statement.kind());
        steps.held(StepName::Statement, "allowed", params.with("by", &statement.iss));
        Ok(())
    }

    /// The admitted key: each is admitted once.
    fn key(&mut self, index: u64, kid: KeyId, jwk: &Jwk) -> Result<&PublicKey, Misbehaved> {
        match self.keys.entry(kid) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(room) => Ok(room.insert(admit(jwk).map_err(|error| Misbehaved::Key { index, error })?)),
        }
    }
}

impl Replayed {
    /// The registry that the log is of.
    pub(super) fn is_of(&self, bundle: &Bundle) -> bool {
        self.register.genesis().is_some_and(|record| record.genesis.registry == bundle.verdict.registry)
    }
}
