//! Credentials of this registry with what they keep back put in, out of the vault. Out of scope: who may see which part.

use anyhow::Context;
use conformity::credential::CredentialRecord;
use conformity::records::Facts;
use credential::sd_jwt::{Disclosed, REGISTRY, Unverified};
use ledger::key::PublicKey;
use std::sync::Arc;

use super::disclosures::digest_of;
use super::registry::Registry;

impl Registry {
    /// The credential with all that it keeps back; nothing where that was erased. Waits for the disk.
    ///
    /// # Errors
    /// The vault cannot be read, or does not hold what was kept. Never what it holds.
    pub fn opened(&self, record: &CredentialRecord) -> anyhow::Result<Option<Disclosed>> {
        let digest = digest_of(&*self.read_model.register(), record);
        let whole = digest.map(|digest| self.disclosures.whole(&digest)).transpose()?.flatten();
        let Some(whole) = whole else { return Ok(None) };
        let unverified = Unverified::parse(&whole, REGISTRY)?;
        let key = self.issuer_key(record, &unverified).context("its key is not in the register")?;
        Ok(Some(unverified.verify(&key)?.disclose()?))
    }

    /// The key with which a credential of the log is signed, as the register holds it, revoked since or not.
    pub fn issuer_key(&self, record: &CredentialRecord, credential: &Unverified) -> Option<Arc<PublicKey>> {
        let party = self.read_model.register().party(&record.by)?;
        let held = credential.key_of(&party)?;
        self.read_model.public_key(held.kid, &held.jwk).ok()
    }
}
